/* SPDX-License-Identifier: Apache-2.0 */
/* The muster: start, tick off, end, list. These acts go on while the log cannot be written: the engine and the recorder's queue
 * hold them, each is shown as not recorded, and they are recorded once that is possible again. While a muster runs, whoever may
 * tick off sees the names: a roll is called by name. */
#include <stdlib.h>
#include <string.h>

#include "collector/presence.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { REASON_MAX = 500, ZONE_NOWHERE = 0xFFFF, GUESTS_MAX = 50 };

/* An act's answer says whether it is in the log yet. */
static enum sk_err done(struct request *request, enum sk_err err, const char *conflict)
{
    if (err != SK_OK)
        return sk_request_refuse(request, err, err == SK_ERR_CONFLICT ? conflict : sk_err_text(err));
    request->answer->durable = request->answer->may_wait = true;
    request->answer->result = cJSON_CreateObject();
    return request->answer->result != NULL ? SK_OK : SK_ERR_NOMEM;
}

/* The muster point's zone: the one named, or the first outside. 0: refused. */
static uint16_t point_of(struct request *request)
{
    const struct sk_site *site = request->floor->site;
    const char *id = sk_request_text(request, "zone", false, 64);
    if (id == NULL)
        return 0;
    for (size_t i = 0; i < site->zone_count; i++)
        if (site->zones[i].class_ == 0 && (id[0] == '\0' || strcmp(id, site->zones[i].id) == 0))
            return site->zones[i].number;
    sk_request_refuse(request, SK_ERR_NOT_FOUND, "zone: the muster point must lie in a zone of class 0 of the site");
    return 0;
}

enum sk_err sk_run_muster_start(struct request *request)
{
    const char *reason = sk_request_text(request, "reason", false, REASON_MAX);
    const uint16_t point = reason != NULL ? point_of(request) : 0;
    if (point == 0)
        return request->answer->err;
    const struct sk_presence_act act = sk_presence_act_of(request, reason, "");
    const bool drill = cJSON_IsTrue(sk_json_get(request->args, "drill"));
    const enum sk_err err = sk_engine_muster_start(request->floor->engine, point, drill, &act, request->now,
                                                   sk_recorder_effects(request->floor->recorder));
    const enum sk_err answered = done(request, err, "a muster is running already");
    if (answered == SK_OK)
        sk_json_add_u64(request->answer->result, "muster", sk_engine_muster(request->floor->engine)->id);
    return answered;
}

/* Of a visit's guests all, or as many as 'people' says. */
static enum sk_err tick_guests(struct request *request, const char *visit, bool seen)
{
    int64_t people = 0;
    const cJSON *count = sk_json_get(request->args, "people");
    const char *reason = sk_request_text(request, "reason", false, REASON_MAX);
    if (reason == NULL)
        return request->answer->err;
    if (sk_json_get(request->args, "person") != NULL)
        return sk_request_refuse(request, SK_ERR_PARSE, "person or visit: one of them");
    if (count != NULL && (!seen || !sk_json_i64(count, &people) || people < 1 || people > GUESTS_MAX))
        return sk_request_refuse(request, SK_ERR_PARSE, "people: how many of the visit's guests were seen, 1 to 50");
    const struct sk_presence_act act = sk_presence_act_of(request, reason, "");
    const enum sk_err err = sk_engine_muster_guest(request->floor->engine, visit, (uint32_t)people, seen, &act, request->now,
                                                   sk_recorder_effects(request->floor->recorder));
    if (err == SK_ERR_NOT_FOUND)
        return sk_request_refuse(request, err, "visit: there is no such visit or emergency entry");
    return done(request, err, "no muster is running");
}

static enum sk_err tick(struct request *request, bool seen)
{
    const char *visit = sk_request_text(request, "visit", false, SK_ENTRY_ID_MAX - 1);
    if (visit == NULL)
        return request->answer->err;
    if (visit[0] != '\0')
        return tick_guests(request, visit, seen);
    const int64_t person = sk_presence_person(request);
    const char *reason = person < 0 ? NULL : sk_request_text(request, "reason", false, REASON_MAX);
    if (reason == NULL)
        return request->answer->err;
    const struct sk_presence_act act = sk_presence_act_of(request, reason, "");
    const enum sk_err err = sk_engine_muster_seen(request->floor->engine, (size_t)person, seen, &act, request->now,
                                                  sk_recorder_effects(request->floor->recorder));
    return done(request, err, "no muster is running");
}

enum sk_err sk_run_muster_seen(struct request *request)
{
    return tick(request, true);
}

enum sk_err sk_run_muster_unseen(struct request *request)
{
    return tick(request, false);
}

static struct sk_muster_counts count(const struct sk_command_floor *floor)
{
    const struct sk_trails trails = sk_engine_trails(floor->engine);
    return sk_muster_count(sk_engine_muster(floor->engine), &trails, sk_engine_roster(floor->engine));
}

/* What is asked about guests, as of now. */
struct asked {
    struct sk_guests guests;
    struct sk_roster_view view;
    struct sk_trails trails;
};

static struct asked ask_guests(const struct request *request)
{
    const struct sk_command_floor *floor = request->floor;
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    return (struct asked){sk_engine_guests(floor->engine, request->now->utc_us),
                          {roster, sk_roster_version(roster), request->now->utc_us},
                          sk_engine_trails(floor->engine)};
}

static struct sk_muster_counts count_guests(const struct request *request)
{
    const struct asked asked = ask_guests(request);
    return sk_muster_count_guests(sk_engine_muster(request->floor->engine), &asked.guests, &asked.view, &asked.trails);
}

enum sk_err sk_run_muster_end(struct request *request)
{
    struct sk_command_floor *floor = request->floor;
    const char *reason = sk_request_text(request, "reason", false, REASON_MAX);
    if (reason == NULL)
        return request->answer->err;
    const unsigned people = count(floor).missing, guests = count_guests(request).missing;
    if (sk_engine_muster(floor->engine)->running && people + guests > 0 && reason[0] == '\0') {
        char detail[160];
        sk_text_format(detail, sizeof detail,
                       "%u people and %u guests are missing: to end the muster all the same, say why in 'reason'", people,
                       guests);
        return sk_request_refuse(request, SK_ERR_CONFLICT, detail);
    }
    const struct sk_presence_act act = sk_presence_act_of(request, reason, "");
    return done(request, sk_engine_muster_end(floor->engine, &act, request->now, sk_recorder_effects(floor->recorder)),
                "no muster is running");
}

/* --- the list --- */

static void add_counts(const struct sk_muster_counts *counts, cJSON *item)
{
    cJSON_AddNumberToObject(item, "listed", counts->listed);
    cJSON_AddNumberToObject(item, "seen", counts->seen);
    cJSON_AddNumberToObject(item, "left", counts->left);
    cJSON_AddNumberToObject(item, "missing", counts->missing);
    cJSON_AddNumberToObject(item, "unrecorded", counts->unrecorded);
}

static cJSON *show_muster(const struct request *request)
{
    const struct sk_command_floor *floor = request->floor;
    const struct sk_muster_counts guests = count_guests(request);
    const struct sk_muster *muster = sk_engine_muster(floor->engine);
    const struct sk_muster_counts counts = count(floor);
    const int32_t point = sk_presence_zone(floor->site, muster->point);
    if (muster->id == 0)
        return cJSON_CreateNull();
    cJSON *item = cJSON_CreateObject();
    sk_json_add_u64(item, "id", muster->id);
    cJSON_AddBoolToObject(item, "running", muster->running);
    cJSON_AddBoolToObject(item, "drill", muster->drill);
    sk_json_add_time(item, "started", muster->started_us);
    cJSON_AddStringToObject(item, "by", muster->by);
    if (muster->ended_us > 0)
        sk_json_add_time(item, "ended", muster->ended_us);
    else
        cJSON_AddNullToObject(item, "ended");
    cJSON_AddStringToObject(item, "point", point >= 0 ? floor->site->zones[point].id : "");
    cJSON_AddBoolToObject(item, "recorded", muster->start_act <= muster->recorded);
    add_counts(&counts, item);
    add_counts(&guests, cJSON_AddObjectToObject(item, "guests"));
    return item;
}

/* Order of the list: who is not accounted for first, then by zone, then by enrolment. Also the cursor. */
static uint64_t key_of(enum sk_muster_state state, int32_t zone, size_t person)
{
    const uint64_t place = zone < 0 ? ZONE_NOWHERE : (uint64_t)zone;
    return (uint64_t)state << 56 | place << 40 | (person + 1);
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Who belongs on the list: of a running muster its people; else everybody who is or may be inside, as it would begin. */
static bool find(const struct sk_command_floor *floor, size_t person, enum sk_muster_state *state, int32_t *zone,
                 int64_t *since_us, bool *perhaps)
{
    const struct sk_muster *muster = sk_engine_muster(floor->engine);
    const struct sk_trail *trail = sk_engine_trail(floor->engine, person);
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    uint16_t number;
    const enum sk_whereabouts where = sk_occupancy_where(trail, roster, &number, since_us);
    *zone = sk_presence_zone(floor->site, number);
    *perhaps = where == SK_WHERE_PERHAPS;
    *state = muster->running ? sk_muster_state_of(muster, trail, roster, person) : SK_MUSTER_MISSING;
    return muster->running ? sk_muster_is_listed(muster, person) : where >= SK_WHERE_INSIDE;
}

/* Keys of all rows, sorted; NULL: no memory. */
static uint64_t *sorted_keys(const struct sk_command_floor *floor, const char *wanted, size_t *ret_count)
{
    const size_t people = sk_roster_count(sk_engine_roster(floor->engine), SK_EV_PERSON_CREATED);
    uint64_t *keys = sk_calloc(people + 1, sizeof *keys);
    *ret_count = 0;
    for (size_t i = 0; keys != NULL && i < people; i++) {
        enum sk_muster_state state;
        int32_t zone;
        int64_t since_us;
        bool perhaps;
        if (!find(floor, i, &state, &zone, &since_us, &perhaps))
            continue;
        if (wanted[0] == '\0' || (zone >= 0 && strcmp(floor->site->zones[zone].id, wanted) == 0))
            keys[(*ret_count)++] = key_of(state, zone, i);
    }
    if (keys != NULL)
        qsort(keys, *ret_count, sizeof *keys, by_key);
    return keys;
}

static void show_row(struct sk_presence_page *page, size_t person)
{
    const struct sk_muster *muster = sk_engine_muster(page->request->floor->engine);
    enum sk_muster_state state;
    int32_t zone;
    int64_t since_us;
    bool perhaps;
    find(page->request->floor, person, &state, &zone, &since_us, &perhaps);
    cJSON *item = sk_presence_show(page, person, zone, since_us, perhaps);
    if (!muster->running) {
        cJSON_AddNullToObject(item, "state");
        return;
    }
    cJSON_AddStringToObject(item, "state", sk_muster_word(state));
    cJSON_AddBoolToObject(item, "recorded", sk_muster_is_recorded(muster, person));
    if (sk_muster_is_seen(muster, person)) {
        sk_json_add_time(item, "seen", muster->marks[person].seen_us);
        cJSON_AddStringToObject(item, "seen_by", muster->marks[person].by);
    }
}

static bool may_see_names(const struct request *request)
{
    return sk_permission("read.people", request->actor.roles) ||
           (sk_engine_muster(request->floor->engine)->running && sk_permission("muster.seen", request->actor.roles));
}

/* --- guests: before the people, on as many pages as they need --- */

/* Who is not accounted for first, then as they came onto the list. Of no running muster: who is inside. NULL: no memory. */
static uint64_t *sorted_guests(const struct request *request, const struct asked *asked, const char *wanted, size_t *ret_count)
{
    const struct sk_muster *muster = sk_engine_muster(request->floor->engine);
    struct sk_muster_guest row;
    const size_t most = muster->guests.count;
    uint64_t *keys = sk_calloc(most + 1, sizeof *keys);
    *ret_count = 0;
    for (size_t i = 0; keys != NULL && i < most; i++)
        if (sk_muster_guest_at(muster, &asked->guests, &asked->view, &asked->trails, i, &row) &&
            sk_presence_is_of_zone(request->floor, &row.guest, wanted))
            keys[(*ret_count)++] = (uint64_t)row.state << 56 | (i + 1);
    if (keys != NULL)
        qsort(keys, *ret_count, sizeof *keys, by_key);
    return keys;
}

static void show_guest_row(struct sk_presence_page *page, const struct asked *asked, size_t index, cJSON *list)
{
    const struct sk_muster *muster = sk_engine_muster(page->request->floor->engine);
    struct sk_muster_guest row;
    sk_muster_guest_at(muster, &asked->guests, &asked->view, &asked->trails, index, &row);
    cJSON *item = sk_presence_show_guest(page, &row.guest, list);
    cJSON_ReplaceItemInObjectCaseSensitive(item, "people", cJSON_CreateNumber(row.listed));
    cJSON_AddNumberToObject(item, "missing", row.missing);
    cJSON_AddStringToObject(item, "state", sk_muster_word(row.state));
    cJSON_AddBoolToObject(item, "recorded", row.mark->act <= muster->recorded);
    if (row.mark->seen != muster->id)
        return;
    cJSON_AddNumberToObject(item, "seen_people", row.seen);
    sk_json_add_time(item, "seen", row.mark->seen_us);
    cJSON_AddStringToObject(item, "seen_by", row.mark->by);
}

/* Fills "guests" from a key on; 0: all are shown, else the key to go on from. */
static uint64_t list_guests(struct sk_presence_page *page, const char *wanted, uint64_t from, cJSON *result)
{
    const struct asked asked = ask_guests(page->request);
    size_t all = 0;
    uint64_t next = 0;
    uint64_t *keys = sorted_guests(page->request, &asked, wanted, &all);
    cJSON *list = cJSON_AddArrayToObject(result, "guests");
    for (size_t i = 0; keys != NULL && list != NULL && next == 0 && i < all; i++) {
        if (keys[i] < from)
            continue;
        if (sk_presence_is_full(page))
            next = keys[i];
        else
            show_guest_row(page, &asked, (size_t)(keys[i] & UINT64_C(0xFFFFFFFFFF)) - 1, list);
    }
    sk_free(keys);
    return next;
}

/* The first pages are the guests'; people follow where those end. */
static enum sk_err list_people(struct sk_presence_page *page, const char *wanted, uint64_t from, cJSON *result,
                               uint64_t *ret_next)
{
    size_t all = 0;
    uint64_t *keys = sorted_keys(page->request->floor, wanted, &all);
    for (size_t i = 0; keys != NULL && *ret_next == 0 && i < all; i++) {
        if (keys[i] < from)
            continue;
        if (sk_presence_is_full(page))
            *ret_next = keys[i];
        else
            show_row(page, (size_t)(keys[i] & UINT64_C(0xFFFFFFFFFF)) - 1);
    }
    const bool good = keys != NULL && result != NULL;
    sk_free(keys);
    return good ? SK_OK : SK_ERR_NOMEM;
}

enum sk_err sk_run_muster_list(struct request *request)
{
    static const uint64_t OF_GUESTS = UINT64_C(1) << 63;
    struct sk_presence_page page = {.request = request, .names = may_see_names(request), .left = SK_PRESENCE_PAGE};
    const cJSON *cursor = sk_json_get(request->args, "cursor"), *limit = sk_json_get(request->args, "limit");
    const char *wanted = sk_request_text(request, "zone", false, 64);
    uint64_t from = 0, next = 0;
    if (wanted == NULL)
        return request->answer->err;
    if ((cursor != NULL && !sk_json_u64(cursor, &from)) ||
        (limit != NULL && (!sk_json_i64(limit, &page.left) || page.left < 1)))
        return sk_request_refuse(request, SK_ERR_PARSE, "cursor and limit are numbers");
    page.left = page.left > SK_PRESENCE_PAGE ? SK_PRESENCE_PAGE : page.left;
    cJSON *result = cJSON_CreateObject();
    const bool running = sk_engine_muster(request->floor->engine)->running,
               guests = running && (from == 0 || (from & OF_GUESTS) != 0);
    if (guests)
        next = list_guests(&page, wanted, from & ~OF_GUESTS, result);
    else if (from == 0)
        sk_presence_add_guests(&page, wanted, result);
    page.items = cJSON_AddArrayToObject(result, "items");
    next = next != 0 ? next | OF_GUESTS : 0;
    const enum sk_err err = next != 0 ? SK_OK : list_people(&page, wanted, guests ? 0 : from, result, &next);
    if (next != 0)
        sk_json_add_u64(result, "next", next);
    else
        cJSON_AddNullToObject(result, "next");
    if (from == 0) { /* on the first page alone: to count everybody is most of the work */
        cJSON_AddItemToObject(result, "muster", show_muster(request));
        sk_presence_add_zones(request, result);
    }
    request->answer->result = result;
    return err == SK_OK && result != NULL ? SK_OK : sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
}
