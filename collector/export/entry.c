/* SPDX-License-Identifier: Apache-2.0 */
/* One row per record: the header's fields, then the body's tags, each column a function in the table. The body is walked once;
 * what no column shows (raw bytes, hashes of cards) stays in the log. */
#include "collector/export/entry.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/access_event.h"
#include "schemas/model/roster.h"

enum { NUMBERS = 65536, ID_TEXT = 256 };

enum sk_err sk_names_open(struct sk_store *store, struct sk_names *names)
{
    names->store = store;
    names->doors = sk_calloc(NUMBERS, sizeof *names->doors);
    names->zones = sk_calloc(NUMBERS, sizeof *names->zones);
    names->controllers = sk_calloc(NUMBERS, sizeof *names->controllers);
    return names->doors != NULL && names->zones != NULL && names->controllers != NULL ? SK_OK : SK_ERR_NOMEM;
}

void sk_names_close(struct sk_names *names)
{
    char **const lists[] = {names->doors, names->zones, names->controllers};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (size_t n = 0; lists[i] != NULL && n < NUMBERS; n++)
            sk_free(lists[i][n]);
        sk_free(lists[i]);
    }
}

/* A number without its row is shown, never hidden. */
static const char *id_of(struct sk_store *store, char **list, const char *kind, uint16_t number)
{
    char id[ID_TEXT];
    if (number == 0)
        return "";
    if (list[number] == NULL) {
        if (sk_store_number_id(store, kind, number, id, sizeof id) != SK_OK)
            sk_text_format(id, sizeof id, "#%u", number);
        list[number] = sk_calloc(strlen(id) + 1, 1);
        if (list[number] == NULL)
            return "?";
        memcpy(list[number], id, strlen(id));
    }
    return list[number];
}

const char *sk_names_controller(struct sk_names *names, uint16_t number)
{
    return id_of(names->store, names->controllers, "ctrl", number);
}

/* --- the cells of one row --- */

struct row {
    const struct sk_entry_writer *writer;
    const struct sk_header *header;
    const struct sk_body_item *items; /* by column, tag 0: not in the body */
    size_t column;
};
typedef void cell(struct row *row);

static const struct sk_body_item *item_of(const struct row *row)
{
    const struct sk_body_item *item = &row->items[row->column];
    return item->tag != 0 ? item : NULL;
}

static void put_text(struct row *row, const char *text)
{
    sk_cells_put_text(row->writer->cells, text, strlen(text));
}

static void show_kind(struct row *row)
{
    sk_cells_put_word(row->writer->cells, "entry");
}

static void show_seq(struct row *row)
{
    sk_cells_put_number(row->writer->cells, row->header->seq);
}

static void put_time(struct row *row, int64_t utc_us)
{
    char text[SK_TIME_TEXT];
    sk_time_format(text, utc_us);
    sk_cells_put_word(row->writer->cells, text);
}

static void show_time(struct row *row)
{
    put_time(row, (int64_t)row->header->t_recv_us);
}

static int32_t offset_of(const struct row *row)
{
    return sk_zone_offset_s(row->writer->zone, (int64_t)row->header->t_recv_us);
}

static void show_local(struct row *row)
{
    char text[SK_TIME_TEXT];
    sk_time_format(text, (int64_t)row->header->t_recv_us + offset_of(row) * SK_US_PER_S);
    text[strlen(text) - 1] = '\0'; /* not Z: the offset stands beside it */
    sk_cells_put_word(row->writer->cells, text);
}

/* "UTC+09:00": a bare "+09:00" is a formula to a spreadsheet. */
static void show_offset(struct row *row)
{
    char text[16];
    const int32_t offset_s = offset_of(row), minutes = abs(offset_s) / 60;
    sk_text_format(text, sizeof text, "UTC%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
    sk_cells_put_word(row->writer->cells, text);
}

static void show_event(struct row *row)
{
    char text[16];
    const char *word = sk_event_name(row->header->ev);
    sk_text_format(text, sizeof text, "0x%04X", row->header->ev);
    put_text(row, word != NULL ? word : text);
}

static void show_door(struct row *row)
{
    struct sk_names *names = row->writer->names;
    put_text(row, id_of(names->store, names->doors, "door", row->header->door));
}

static void show_zone(struct row *row)
{
    struct sk_names *names = row->writer->names;
    put_text(row, id_of(names->store, names->zones, "zone", row->header->zone));
}

static void show_controller(struct row *row)
{
    put_text(row, sk_names_controller(row->writer->names, row->header->ctrl));
}

static void show_epoch(struct row *row)
{
    if (sk_entry_is_numbered(row->header))
        sk_cells_put_number(row->writer->cells, row->header->ctrl_epoch);
    else
        sk_cells_skip(row->writer->cells, 1);
}

static void show_ctrl_seq(struct row *row)
{
    if (sk_entry_is_numbered(row->header))
        sk_cells_put_number(row->writer->cells, row->header->ctrl_seq);
    else
        sk_cells_skip(row->writer->cells, 1);
}

static void show_text(struct row *row)
{
    const struct sk_body_item *item = item_of(row);
    sk_cells_put_text(row->writer->cells, item != NULL ? (const char *)item->bytes : "", item != NULL ? item->length : 0);
}

static void show_when(struct row *row)
{
    const struct sk_body_item *item = item_of(row);
    if (item == NULL)
        sk_cells_skip(row->writer->cells, 1);
    else
        put_time(row, sk_item_i64(item));
}

static void show_occurrence(struct row *row)
{
    const struct sk_body_item *item = item_of(row);
    sk_cells_put_word(row->writer->cells, item != NULL ? sk_occurrence_class_name((int)sk_item_u64(item)) : NULL);
}

static void put_decision(struct row *row, unsigned shift)
{
    static const char *const words[] = {
        [SK_DECISION_GRANTED] = "granted", [SK_DECISION_DENIED] = "denied", [SK_DECISION_UNKNOWN] = "unknown"};
    const unsigned decision = row->header->flags >> shift & 3u;
    sk_cells_put_word(row->writer->cells, decision < sizeof words / sizeof *words ? words[decision] : NULL);
}

static void show_their_decision(struct row *row)
{
    put_decision(row, SK_FLAG_CTRL_SHIFT);
}

static void show_our_decision(struct row *row)
{
    put_decision(row, SK_FLAG_OURS_SHIFT);
}

static void show_reason(struct row *row)
{
    const struct sk_body_item *item = item_of(row);
    sk_cells_put_word(row->writer->cells, item != NULL ? sk_deny_reason_name((int)sk_item_u64(item)) : NULL);
}

/* Adds a word, or its number when it has none, with a semicolon between. */
static void add_word(char *to, size_t capacity, const char *word, int number)
{
    const size_t used = strlen(to);
    if (word != NULL)
        sk_text_format(to + used, capacity - used, "%s%s", used > 0 ? ";" : "", word);
    else
        sk_text_format(to + used, capacity - used, "%s%d", used > 0 ? ";" : "", number);
}

static void show_reasons(struct row *row)
{
    char text[1024] = "";
    const struct sk_body_item *item = item_of(row);
    for (size_t i = 0; item != NULL && i + 1 < item->length; i += 2) {
        const int reason = item->bytes[i] << 8 | item->bytes[i + 1];
        add_word(text, sizeof text, sk_deny_reason_name(reason), reason);
    }
    sk_cells_put_word(row->writer->cells, text);
}

static void show_factors(struct row *row)
{
    char text[256] = "";
    const struct sk_body_item *item = item_of(row);
    const uint64_t mask = item != NULL ? sk_item_u64(item) : 0;
    for (int bit = 0; bit < 16; bit++)
        if ((mask >> bit & 1) != 0)
            add_word(text, sizeof text, sk_factor_name(bit), bit);
    sk_cells_put_word(row->writer->cells, text);
}

static void show_agreement(struct row *row)
{
    const struct sk_body_item *item = item_of(row);
    sk_cells_put_word(row->writer->cells, item != NULL ? sk_agreement_word((uint8_t)sk_item_u64(item)) : NULL);
}

static void show_person(struct row *row)
{
    const char *id = sk_people_id(row->writer->people, row->header->subject);
    put_text(row, id != NULL ? id : "");
}

/* Behind show_person; the item is the roster version. */
static const struct sk_person_label *label_of(const struct row *row)
{
    const struct sk_body_item *item = item_of(row);
    return sk_people_label(row->writer->people, item != NULL ? sk_item_u64(item) : 0);
}

static void show_name(struct row *row)
{
    const struct sk_person_label *label = label_of(row);
    put_text(row, label != NULL ? label->name : "");
}

static void show_company(struct row *row)
{
    const struct sk_person_label *label = label_of(row);
    put_text(row, label != NULL ? label->company : "");
}

/* A commitment's text; a record of before holds the text itself and has no commitment. */
static void show_words(struct row *row)
{
    struct sk_words words;
    const struct sk_body_item *item = item_of(row);
    if (item == NULL || item->type == SK_TAG_text) {
        show_text(row);
        return;
    }
    const enum sk_err err = sk_people_words(row->writer->people, item->bytes, &words);
    put_text(row, err == SK_OK ? words.text : err == SK_ERR_NOT_FOUND ? "[erased]" : "[withheld]");
    explicit_bzero(&words, sizeof words);
}

static void show_flag(struct row *row)
{
    const struct sk_body_item *item = item_of(row);
    sk_cells_put_bool(row->writer->cells, item != NULL && sk_item_u64(item) != 0);
}

static void show_online(struct row *row)
{
    sk_cells_put_bool(row->writer->cells, (row->header->flags & SK_FLAG_NOT_ONLINE) == 0);
}

static void show_simulated(struct row *row)
{
    sk_cells_put_bool(row->writer->cells, (row->header->flags & SK_FLAG_SIMULATED) != 0);
}

/* X(name, tag in the body or 0, function) */
#define COLUMNS(X)                                                                                                             \
    X("row", 0, show_kind)                                                                                                     \
    X("seq", 0, show_seq)                                                                                                      \
    X("time_utc", 0, show_time)                                                                                                \
    X("time_local", 0, show_local)                                                                                             \
    X("utc_offset", 0, show_offset)                                                                                            \
    X("event", 0, show_event)                                                                                                  \
    X("door", 0, show_door)                                                                                                    \
    X("zone", 0, show_zone)                                                                                                    \
    X("direction", SK_TAG_DIRECTION, show_text)                                                                                \
    X("controller", 0, show_controller)                                                                                        \
    X("epoch", 0, show_epoch)                                                                                                  \
    X("ctrl_seq", 0, show_ctrl_seq)                                                                                            \
    X("controller_time_utc", SK_TAG_T_CTRL, show_when)                                                                         \
    X("occurrence", SK_TAG_OCCURRENCE_CLASS, show_occurrence)                                                                  \
    X("controller_decision", 0, show_their_decision)                                                                           \
    X("controller_reason", SK_TAG_CTRL_REASON, show_reason)                                                                    \
    X("our_decision", 0, show_our_decision)                                                                                    \
    X("our_reasons", SK_TAG_OUR_REASONS, show_reasons)                                                                         \
    X("agreement", SK_TAG_AGREEMENT, show_agreement)                                                                           \
    X("person", 0, show_person)                                                                                                \
    X("name", SK_TAG_ROSTER_VERSION, show_name)                                                                                \
    X("company", SK_TAG_ROSTER_VERSION, show_company)                                                                          \
    X("credential", SK_TAG_CREDENTIAL_TOKEN, show_text)                                                                        \
    X("holder", SK_TAG_HOLDER_TOKEN, show_text)                                                                                \
    X("factors", SK_TAG_FACTORS_CLAIMED, show_factors)                                                                         \
    X("reader", SK_TAG_READER, show_text)                                                                                      \
    X("state", SK_TAG_STATE_WORD, show_text)                                                                                   \
    X("place", SK_TAG_PLACE, show_text)                                                                                        \
    X("online", 0, show_online)                                                                                                \
    X("simulated", 0, show_simulated)                                                                                          \
    X("possible_duplicate", SK_TAG_POSSIBLE_DUP, show_flag)                                                                    \
    X("reason", SK_TAG_REASON_COMMIT, show_words)                                                                              \
    X("detail", SK_TAG_DETAIL, show_text)

const char *const sk_export_columns[] = {
#define X(name, tag, show) name,
    COLUMNS(X)
#undef X
};
const size_t sk_export_column_count = sizeof sk_export_columns / sizeof *sk_export_columns;
enum { COLUMN_COUNT = sizeof sk_export_columns / sizeof *sk_export_columns };

static cell *const shows[COLUMN_COUNT] = {
#define X(name, tag, show) show,
    COLUMNS(X)
#undef X
};
static const uint16_t tags[COLUMN_COUNT] = {
#define X(name, tag, show) tag,
    COLUMNS(X)
#undef X
};

/* Each item goes to every column that shows its tag. */
static void spread(const struct sk_record *record, struct sk_body_item items[COLUMN_COUNT])
{
    struct sk_reader reader;
    struct sk_body_item item;
    int last_tag = 0;
    bool bad;
    sk_reader_init(&reader, record->body, record->body_length);
    while (sk_body_next(&reader, &last_tag, &item, &bad))
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            if (tags[i] == item.tag || (item.type == SK_TAG_text && tags[i] == sk_words_commit_tag(item.tag) && tags[i] != 0))
                items[i] = item;
}

void sk_entry_write(const struct sk_entry_writer *writer, const struct sk_record *record)
{
    struct sk_body_item items[COLUMN_COUNT] = {0};
    struct row row = {.writer = writer, .header = &record->header, .items = items};
    spread(record, items);
    sk_cells_begin(writer->cells);
    for (row.column = 0; row.column < COLUMN_COUNT; row.column++)
        shows[row.column](&row);
    sk_cells_end(writer->cells);
}
