/* SPDX-License-Identifier: Apache-2.0 */
/* GET /entries and /records: the log, newest first, from the store; and the replay of missed records for a stream.
 *
 * The store filters by class, door and time; zone, agreement and finding are looked at here, so a page is read in pieces and a
 * read that found little stops after LOOKED_MAX records with a cursor rather than holding its worker. */
#include <string.h>

#include "dashboard-api/handlers.h"
#include "dashboard-api/reply.h"
#include "dashboard-api/subjects.h"
#include "dashboard-api/words.h"
#include "schemas/base/bytes.h"
#include "schemas/model/roster.h"
#include "schemas/model/vocab.h"

enum { PIECE = 1000, LOOKED_MAX = 50000, REPLAY_PIECE = 200, NUMBER_TEXT = 128 };

struct record_list {
    struct sk_store *store;
    cJSON *items; /* the page */
    uint32_t left;
    int zone;      /* number; -1 any */
    int agreement; /* enum sk_agreement; -1 any */
    int finding;   /* enum sk_deny_reason that our decision lists; -1 any */
    uint32_t seen;
    uint64_t lowest; /* last record looked at */
    bool full, bad;
    struct sk_subjects_asked asked;
};

static bool has_finding(const struct sk_record *record, int finding)
{
    struct sk_body_item item;
    bool found = false;
    if (sk_body_find(record->body, record->body_length, SK_TAG_OUR_REASONS, &item))
        for (size_t i = 0; !found && i + 1 < item.length; i += 2)
            found = (item.bytes[i] << 8 | item.bytes[i + 1]) == finding;
    return found;
}

static bool is_wanted(const struct record_list *list, const struct sk_record *record)
{
    struct sk_body_item item;
    if (list->zone >= 0 && record->header.zone != list->zone)
        return false;
    if (list->finding >= 0 && !has_finding(record, list->finding))
        return false;
    return list->agreement < 0 || (sk_body_find(record->body, record->body_length, SK_TAG_AGREEMENT, &item) &&
                                   sk_item_u64(&item) == (uint64_t)list->agreement);
}

static bool add_record(void *context, const struct sk_record *record)
{
    struct record_list *list = context;
    if (list->left == 0) {
        list->full = true;
        return false;
    }
    list->seen++;
    list->lowest = record->header.seq;
    if (!is_wanted(list, record))
        return true;
    cJSON *item = NULL;
    list->bad = sk_record_to_json(list->store, record, &item) != SK_OK || !cJSON_AddItemToArray(list->items, item);
    if (list->bad)
        cJSON_Delete(item);
    list->left--;
    return !list->bad;
}

/* Numbers are given out one after the other, so the first unknown one ends the search. */
static enum sk_err find_number(struct sk_store *store, const char *kind, const char *id, int *ret_number)
{
    char name[NUMBER_TEXT];
    for (int number = 1; number <= UINT16_MAX; number++) {
        enum sk_err err = sk_store_number_id(store, kind, (uint16_t)number, name, sizeof name);
        if (err != SK_OK)
            return err;
        if (strcmp(name, id) == 0) {
            *ret_number = number;
            return SK_OK;
        }
    }
    return SK_ERR_NOT_FOUND;
}

/* A filter by a name the log does not know is a mistake, and must not read as "nothing happened there". */
static bool read_number(struct sk_call *call, struct sk_store *store, const char *kind, int *ret_number)
{
    const char *id = sk_target_param(call->target, kind);
    *ret_number = -1;
    if (!id)
        return true;
    enum sk_err err = find_number(store, kind, id, ret_number);
    if (err == SK_OK)
        return true;
    char detail[160];
    sk_text_format(detail, sizeof detail, "%s: the log knows no '%.64s'", kind, id);
    if (err == SK_ERR_NOT_FOUND)
        sk_reply_problem(call, 400, "not_found", detail);
    else
        sk_reply_fault(call, &(struct sk_fault){.code = err});
    return false;
}

static bool read_class(struct sk_call *call, uint16_t *mask)
{
    const char *word = sk_target_param(call->target, "class");
    int class_ = word ? sk_record_class_parse(word) : 0;
    if (class_ < 0) {
        sk_reply_problem(call, 400, "parse", "class: expected a word of the record classes");
        return false;
    }
    if (class_ > 0)
        *mask = (uint16_t)(1u << class_);
    return true;
}

static bool read_agreement(struct sk_call *call, int *agreement)
{
    const char *word = sk_target_param(call->target, "agreement");
    *agreement = word ? sk_agreement_parse(word) : -1;
    if (!word || *agreement >= 0)
        return true;
    sk_reply_problem(call, 400, "parse",
                     "agreement: agree, granted_but_unauthorised, denied_but_authorised, unknown or exempt");
    return false;
}

static bool read_finding(struct sk_call *call, int *finding)
{
    const char *word = sk_target_param(call->target, "finding");
    *finding = word ? sk_deny_reason_parse(word) : -1;
    if (!word || *finding > 0)
        return true;
    sk_reply_problem(call, 400, "parse", "finding: a word of our_reasons, like x:PermitMissing");
    return false;
}

/* One piece of the walk: of everybody, or of those asked for through their index. */
static enum sk_err walk_piece(struct record_list *list, const struct sk_walk *walk)
{
    if (!list->asked.given)
        return sk_store_walk(list->store, walk, add_record, list);
    const struct sk_search search = {
        .walk = *walk, .zone = list->zone, .windows = list->asked.windows, .window_count = list->asked.count};
    return sk_store_search(list->store, &search, add_record, list);
}

static enum sk_err collect(struct record_list *list, struct sk_walk *walk, bool *ret_more)
{
    uint32_t looked = 0;
    enum sk_err err;
    do {
        list->seen = 0;
        err = walk_piece(list, walk);
        looked += list->seen;
        if (err != SK_OK || list->bad)
            return err != SK_OK ? err : SK_ERR_NOMEM;
        *ret_more = list->full || list->seen == walk->limit;
        if (list->seen > 0 && list->lowest == 0)
            *ret_more = false;
        walk->from = list->lowest > 0 ? list->lowest - 1 : 0;
    } while (*ret_more && !list->full && list->left > 0 && looked < LOOKED_MAX);
    return SK_OK;
}

static void put_page(struct sk_call *call, const cJSON *items, bool more, uint64_t next)
{
    char cursor[24];
    struct sk_out out = {0};
    const cJSON *item;
    sk_out_put(&out, "{\"items\":[");
    cJSON_ArrayForEach(item, items)
    {
        sk_out_put(&out, item == items->child ? "" : ",");
        sk_out_json(&out, item);
    }
    sk_cursor_format(cursor, 'r', next);
    sk_out_format(&out, more ? "],\"next\":\"%s\"}" : "],\"next\":null}", cursor);
    sk_reply_out(call, &out);
}

static void answer_found(struct sk_call *call, struct record_list *list, struct sk_walk *walk)
{
    struct sk_fault fault = {0};
    bool more = false;
    const enum sk_err err = list->items == NULL ? SK_ERR_NOMEM : collect(list, walk, &more);
    if (err != SK_OK) {
        sk_app_store_drop(call->app);
        sk_fault_set(&fault, err, "the store cannot be read: %s", sk_err_text(err));
        return sk_reply_fault(call, &fault);
    }
    sk_words_join(call, list->items);
    put_page(call, list->items, more, walk->from);
}

static void answer_list(struct sk_call *call, uint16_t class_mask)
{
    struct record_list list = {0};
    struct sk_walk walk = {.from = UINT64_MAX, .downwards = true, .class_mask = class_mask, .limit = PIECE};
    struct sk_fault fault = {0};
    bool given;
    int door;
    if (!sk_param_limit(call, &list.left) || !sk_param_cursor(call, 'r', &given, &walk.from) ||
        !read_class(call, &walk.class_mask) || !read_agreement(call, &list.agreement) || !read_finding(call, &list.finding) ||
        !sk_param_time(call, "since", &walk.since_us) || !sk_param_time(call, "until", &walk.until_us))
        return;
    if (sk_app_store(call->app, &list.store, &fault) != SK_OK)
        return sk_reply_fault(call, &fault);
    if (!read_number(call, list.store, "door", &door) || !read_number(call, list.store, "zone", &list.zone))
        return;
    walk.door = door;
    list.items = cJSON_CreateArray();
    if (sk_subjects_ask(call, &list.asked))
        answer_found(call, &list, &walk);
    cJSON_Delete(list.items);
    sk_subjects_release(&list.asked);
}

void sk_handle_get_entries(struct sk_call *call)
{
    answer_list(call, (uint16_t)(1u << SK_CLASS_ACCESS));
}

void sk_handle_get_records(struct sk_call *call)
{
    answer_list(call, 0);
}

struct replay {
    struct sk_store *store;
    struct sk_out *out;
    uint64_t last, next;
    uint32_t seen;
    bool bad;
};

static bool add_frame(void *context, const struct sk_record *record)
{
    struct replay *replay = context;
    uint64_t seq = record->header.seq;
    if (seq > replay->last)
        return false;
    cJSON *item = NULL;
    char *text = sk_record_to_json(replay->store, record, &item) == SK_OK ? cJSON_PrintUnformatted(item) : NULL;
    cJSON_Delete(item);
    if (text)
        sk_live_frame(replay->out, record->header.class_ == SK_CLASS_ACCESS ? "entry" : "record", true, seq, text);
    replay->bad = !text || replay->out->bad;
    cJSON_free(text);
    replay->seen++;
    replay->next = seq + 1;
    return !replay->bad;
}

enum sk_err sk_events_replay(void *context, uint16_t class_mask, uint64_t *next, uint64_t last, struct sk_out *out)
{
    struct sk_app *app = context;
    struct replay replay = {.out = out, .last = last, .next = *next};
    enum sk_err err = sk_app_store(app, &replay.store, NULL);
    if (err != SK_OK)
        return err;
    struct sk_walk walk = {
        .from = *next, .class_mask = class_mask == UINT16_MAX ? 0 : class_mask, .limit = REPLAY_PIECE, .door = -1};
    err = sk_store_walk(replay.store, &walk, add_frame, &replay);
    if (err != SK_OK || replay.bad) {
        sk_app_store_drop(app);
        return err != SK_OK ? err : SK_ERR_NOMEM;
    }
    /* Fewer than asked for: there are no more of these classes up to the end. */
    *next = replay.seen == REPLAY_PIECE ? replay.next : last + 1;
    return SK_OK;
}
