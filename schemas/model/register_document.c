/* SPDX-License-Identifier: Apache-2.0 */
/* A document against the tables: every fault named, and what is good as two field lists, public and personal.
 *
 * Order: names nobody knows or this act does not take; then each field of the register by its number (which makes the lists
 * canonical); then what concerns several fields at once. */
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/model/patrol.h"
#include "schemas/model/register_internal.h"

enum { FOUND_MAX = 96, EXPECTED_MAX = 256 };

struct reading {
    const struct sk_register_context *context;
    const struct sk_act_row *row;
    const struct sk_entry *entry;
    sk_field_fault *fault;
    void *fault_context;
    struct sk_register_document *document;
    const cJSON *fields;
    struct sk_writer public_, personal;
    bool bad;
};

static void complain(struct reading *reading, const char *field, const char *expected, const char *found)
{
    reading->bad = true;
    reading->fault(reading->fault_context, field, expected, found);
}

/* --- what an act takes --- */

/* Walks the words of an act's fields: *at moves on; the word is [*ret_word, length). */
static bool next_word(const char **at, const char **ret_word, size_t *ret_length)
{
    *at += strspn(*at, " ");
    *ret_word = *at;
    *ret_length = strcspn(*at, " ");
    *at += *ret_length;
    return *ret_length > 0;
}

static bool named(const struct sk_act_row *row, const char *name, bool *ret_required)
{
    const char *word, *at = row->fields;
    for (size_t length; next_word(&at, &word, &length);) {
        const size_t mark = word[0] == '!';
        *ret_required = mark != 0;
        if (word[0] != '?' && strlen(name) == length - mark && memcmp(name, word + mark, length - mark) == 0)
            return true;
    }
    *ret_required = false;
    return false;
}

static bool is_taken(const struct sk_act_row *row, const struct sk_field_row *field, bool *ret_required)
{
    if (named(row, field->name, ret_required))
        return true;
    if ((row->rules & (SK_AR_OPENS | SK_AR_AMENDS)) == 0 || (field->flags & SK_FF_LATER) != 0)
        return false;
    *ret_required = (row->rules & SK_AR_OPENS) != 0 && (field->flags & SK_FF_REQUIRED) != 0;
    return true;
}

/* --- one value --- */

static const char *found_text(const struct sk_field_row *field, const cJSON *item, char to[FOUND_MAX])
{
    const char *text = sk_json_text(item);
    if (text != NULL && strlen(text) > sk_field_text_max(field)) {
        sk_text_format(to, FOUND_MAX, "%zu bytes", strlen(text));
        return to;
    }
    if ((field->flags & SK_FF_PERSONAL) != 0)
        return "what is not shown here";
    if (cJSON_IsString(item))
        sk_text_format(to, FOUND_MAX, "'%.60s'", item->valuestring);
    else
        sk_text_copy(to, FOUND_MAX,
                     cJSON_IsNumber(item)   ? "a number"
                     : cJSON_IsBool(item)   ? "true or false"
                     : cJSON_IsArray(item)  ? "a list"
                     : cJSON_IsObject(item) ? "an object"
                                            : "something else");
    return to;
}

static void expected_text(const struct sk_field_row *field, char to[EXPECTED_MAX])
{
    static const char *const kinds[] = {[SK_FT_TEXT] = "one line of text",
                                        [SK_FT_NOTE] = "a text",
                                        [SK_FT_DATE] = "a date like 2026-11-20",
                                        [SK_FT_TIME] = "a time like 2026-11-20T09:00:00Z",
                                        [SK_FT_NUMBER] = "a number",
                                        [SK_FT_FLAG] = "true or false",
                                        [SK_FT_WORD] = "one of",
                                        [SK_FT_PERSON] = "a person on the roster",
                                        [SK_FT_WHO] = "an account or a person on the roster",
                                        [SK_FT_ZONE] = "a zone of the site",
                                        [SK_FT_DOOR] = "a door of the site",
                                        [SK_FT_DEVICE] = "a device of the site",
                                        [SK_FT_POINT] = "a point of the site, device/point",
                                        [SK_FT_CLOCK] = "a time of day like 08:30",
                                        [SK_FT_REF] = "an entry that exists, of"};
    const bool list = (field->flags & SK_FF_LIST) != 0;
    char bound[64] = "";
    if (field->type == SK_FT_NUMBER && field->max > 0)
        sk_text_format(bound, sizeof bound, (field->flags & SK_FF_SIGNED) != 0 ? " of at most %u" : " of 0 to %u", field->max);
    else if (field->type == SK_FT_TEXT || field->type == SK_FT_NOTE)
        sk_text_format(bound, sizeof bound, " of 1 to %zu bytes", sk_field_text_max(field));
    if (list)
        sk_text_format(to, EXPECTED_MAX, "a list of 1 to %u, each %s%s", field->max, kinds[field->type], bound);
    else
        sk_text_format(to, EXPECTED_MAX, "%s%s", kinds[field->type], bound);
    if ((field->flags & SK_FF_PAST) != 0)
        sk_text_format(to + strlen(to), EXPECTED_MAX - strlen(to), " that is not in the future");
    if (field->words[0] != '\0') {
        const size_t length = strlen(to);
        sk_text_format(to + length, EXPECTED_MAX - length, " %s", field->words);
    }
}

static bool ref_exists(const struct sk_register_context *context, const struct sk_field_row *field, const char *text)
{
    uint8_t register_;
    uint32_t number;
    if (!sk_entry_id_parse(text, &register_, &number) || !sk_field_word_is(field, text, 2))
        return false;
    return sk_registers_get(context->registers, text) != NULL ||
           (context->entry_exists != NULL && context->entry_exists(context->context, text));
}

/* What has happened cannot lie ahead, but for what clocks differ by. */
static bool may_be(const struct sk_register_context *context, const struct sk_field_row *field, int64_t at_us)
{
    return (field->flags & SK_FF_PAST) == 0 || at_us <= context->now_us + SK_TYPED_AHEAD_US;
}

/* What the site, the roster or the registers know of a text. */
static bool is_known(const struct sk_register_context *context, const struct sk_field_row *field, const char *text)
{
    int64_t begin_us;
    switch (field->type) {
    case SK_FT_DATE:
        return sk_day_begin_us(context->zone, text, &begin_us) && may_be(context, field, begin_us);
    case SK_FT_PERSON:
        return sk_roster_person_index(context->roster, text) >= 0;
    case SK_FT_WHO:
        return strlen(text) < SK_WHO_MAX && (context->is_somebody == NULL || context->is_somebody(context->context, text));
    case SK_FT_ZONE:
        return sk_site_zone(context->site, text) >= 0;
    case SK_FT_DOOR:
        return sk_site_door(context->site, text) >= 0;
    case SK_FT_DEVICE:
        return sk_site_device(context->site, text) >= 0;
    case SK_FT_POINT:
        return sk_site_point(context->site, text) >= 0;
    case SK_FT_CLOCK:
        return sk_patrol_minute(text, strlen(text)) >= 0;
    case SK_FT_REF:
        return ref_exists(context, field, text);
    default:
        return true;
    }
}

static bool put_text(const struct reading *reading, const struct sk_field_row *field, const cJSON *item, struct sk_writer *to)
{
    const char *text = sk_json_text(item);
    const size_t length = text != NULL ? strlen(text) : 0;
    if (length == 0 || length > sk_field_text_max(field) || !sk_text_is_clean(text, length, field->type == SK_FT_NOTE) ||
        (field->type == SK_FT_WORD && !sk_field_word_is(field, text, length)) || !is_known(reading->context, field, text))
        return false;
    if ((field->flags & SK_FF_LIST) != 0)
        sk_write_text(to, text);
    else
        sk_write_bytes(to, text, length);
    return true;
}

static bool put_list(const struct reading *reading, const struct sk_field_row *field, const cJSON *list, struct sk_writer *to)
{
    const cJSON *item;
    uint32_t count = 0;
    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (++count > field->max || !put_text(reading, field, item, to))
            return false;
    }
    return count > 0;
}

static bool put_number(const struct sk_field_row *field, const cJSON *item, struct sk_writer *to)
{
    if (!cJSON_IsNumber(item) || !sk_field_number_is(field, item->valuedouble) ||
        (item->valuedouble < 0 && (field->flags & SK_FF_SIGNED) == 0))
        return false;
    sk_write_f64(to, item->valuedouble == 0 ? 0.0 : item->valuedouble);
    return true;
}

static bool put_time(const struct reading *reading, const struct sk_field_row *field, const cJSON *item, struct sk_writer *to)
{
    int64_t at_us;
    const char *text = sk_json_text(item);
    if (text == NULL || !sk_time_parse(text, &at_us) || at_us <= 0 || !may_be(reading->context, field, at_us))
        return false;
    sk_write_i64(to, at_us);
    return true;
}

static bool put_value(const struct reading *reading, const struct sk_field_row *field, const cJSON *item, struct sk_writer *to)
{
    switch (field->type) {
    case SK_FT_TIME:
        return put_time(reading, field, item, to);
    case SK_FT_NUMBER:
        return put_number(field, item, to);
    case SK_FT_FLAG:
        if (cJSON_IsBool(item))
            sk_write_u8(to, cJSON_IsTrue(item) ? 1 : 0);
        return cJSON_IsBool(item);
    default:
        return (field->flags & SK_FF_LIST) != 0 ? put_list(reading, field, item, to) : put_text(reading, field, item, to);
    }
}

/* --- one field --- */

/* Which item of a list is not good: "item 2, 'nix'". */
static const char *found_item(const struct reading *reading, const struct sk_field_row *field, const cJSON *list,
                              char to[FOUND_MAX])
{
    uint8_t scratch[SK_FIELD_ITEM_MAX + 2];
    char found[FOUND_MAX];
    const cJSON *item;
    unsigned place = 0;
    cJSON_ArrayForEach(item, list)
    {
        struct sk_writer writer;
        sk_writer_init(&writer, scratch, sizeof scratch);
        place++;
        if (put_text(reading, field, item, &writer))
            continue;
        sk_text_format(to, FOUND_MAX, "item %u, %.70s", place, found_text(field, item, found));
        return to;
    }
    return place == 0 ? "an empty list" : "a list of more";
}

/* Its number, the length of its value and the value; what is wrong with it is told and leaves the list as it was. */
static void put_field(struct reading *reading, const struct sk_field_row *field, const cJSON *item)
{
    struct sk_writer *to = (field->flags & SK_FF_VAULT) != 0 ? &reading->personal : &reading->public_;
    char expected[EXPECTED_MAX], found[FOUND_MAX];
    const size_t begin = to->length;
    sk_write_u8(to, (uint8_t)field->id);
    sk_write_u16(to, 0);
    if (!put_value(reading, field, item, to)) {
        expected_text(field, expected);
        complain(reading, field->name, expected,
                 (field->flags & SK_FF_LIST) != 0 && cJSON_IsArray(item) ? found_item(reading, field, item, found)
                                                                         : found_text(field, item, found));
    } else if (!to->bad) {
        const size_t length = to->length - begin - 3;
        to->buffer[begin + 1] = (uint8_t)(length >> 8);
        to->buffer[begin + 2] = (uint8_t)length;
        return;
    }
    to->length = begin;
}

static void put_now(struct reading *reading, const struct sk_field_row *field)
{
    sk_write_u8(&reading->public_, (uint8_t)field->id);
    sk_write_u16(&reading->public_, 8);
    sk_write_i64(&reading->public_, reading->context->now_us);
}

/* A field emptied by an amendment: its number, and a value of no bytes; public, for that much is told of any field. */
static void put_empty(struct reading *reading, const struct sk_field_row *field)
{
    sk_write_u8(&reading->public_, (uint8_t)field->id);
    sk_write_u16(&reading->public_, 0);
}

/* Does an amendment say null where something stands? Where nothing does, null says nothing. */
static bool is_emptied(const struct reading *reading, const struct sk_field_row *field)
{
    return (reading->row->rules & SK_AR_AMENDS) != 0 && reading->entry != NULL &&
           cJSON_IsNull(sk_json_get(reading->fields, field->name)) && sk_entry_says(reading->entry, field, SK_NEVER);
}

/* What the document says of a field; null says nothing. */
static const cJSON *said(const struct reading *reading, const struct sk_field_row *field)
{
    const cJSON *item = sk_json_get(reading->fields, field->name);
    return item != NULL && !cJSON_IsNull(item) ? item : NULL;
}

static void read_field(struct reading *reading, const struct sk_field_row *field)
{
    bool required;
    char expected[EXPECTED_MAX];
    const cJSON *item = said(reading, field);
    if (!is_taken(reading->row, field, &required)) {
        if (item != NULL)
            complain(reading, field->name, "nothing, for this act does not take it", "a value");
        return;
    }
    if (item != NULL)
        put_field(reading, field, item);
    else if (is_emptied(reading, field) && (field->flags & SK_FF_REQUIRED) != 0) {
        expected_text(field, expected);
        complain(reading, field->name, expected, "null, and this field cannot be emptied");
    } else if (is_emptied(reading, field))
        put_empty(reading, field);
    else if ((field->flags & SK_FF_NOW) != 0 && (reading->row->rules & SK_AR_AMENDS) == 0)
        put_now(reading, field);
    else if (required) {
        expected_text(field, expected);
        complain(reading, field->name, expected, "nothing");
    }
}

static void read_names(struct reading *reading)
{
    const cJSON *item;
    char name[FOUND_MAX];
    cJSON_ArrayForEach(item, reading->fields)
    {
        if (sk_field_by_name(reading->row->register_, item->string) != NULL)
            continue;
        sk_text_format(name, sizeof name, "%.64s", item->string);
        complain(reading, name, "a field of this register", "a name it does not have");
    }
}

/* --- several fields at once --- */

/* By name; NULL: none of this register. */
static const struct sk_field_row *field_of(uint8_t register_, const char *name, size_t length)
{
    char text[64];
    if (length >= sizeof text)
        return NULL;
    memcpy(text, name, length);
    text[length] = '\0';
    return sk_field_by_name(register_, text);
}

static bool document_says(const struct sk_register_document *document, const struct sk_field_row *field,
                          struct sk_field_value *value)
{
    return document != NULL &&
           (sk_field_find(document->register_, document->fields, document->fields_length, field->id, value) ||
            sk_field_find(document->register_, document->personal, document->personal_length, field->id, value));
}

/* The last act that said it, counted from 1; the document is the next one. 0: nobody did. */
static uint32_t last_said(const struct sk_entry *entry, const struct sk_register_document *document,
                          const struct sk_field_row *field)
{
    struct sk_field_value value;
    if (document_says(document, field, &value))
        return value.length == 0 ? 0 : entry != NULL ? entry->act_count + 1 : 1;
    return entry != NULL ? sk_entry_last_act(entry, field) : 0;
}

/* "c", "c=word" or "c>d" stands: said now, or by an earlier act. */
bool sk_field_stands(const struct sk_entry *entry, const struct sk_register_document *document, const char *condition,
                     size_t length)
{
    struct sk_field_value value;
    const char *word = memchr(condition, '=', length), *than = memchr(condition, '>', length);
    const char *end = word != NULL ? word : than != NULL ? than : condition + length;
    uint8_t register_ = 0;
    if (entry != NULL)
        register_ = entry->register_;
    else if (document != NULL)
        register_ = document->register_;
    const struct sk_field_row *field = register_ != 0 ? field_of(register_, condition, (size_t)(end - condition)) : NULL;
    if (field == NULL)
        return false;
    if (than != NULL) {
        const struct sk_field_row *other = field_of(register_, than + 1, (size_t)(condition + length - than) - 1);
        return other != NULL && last_said(entry, document, field) > last_said(entry, document, other);
    }
    if (!document_says(document, field, &value)) {
        if (entry != NULL && (field->flags & SK_FF_VAULT) != 0)
            return sk_entry_says(entry, field, SK_NEVER);
        if (entry == NULL || !sk_entry_field(entry, field->id, SK_NEVER, &value))
            return false;
    }
    if (value.length == 0)
        return false;
    if (field->type == SK_FT_FLAG)
        return sk_value_flag(&value);
    if (word == NULL)
        return true;
    const size_t rest = (size_t)(condition + length - word) - 1;
    return value.length == rest && memcmp(value.bytes, word + 1, rest) == 0;
}

/* "x<3": the first of its zones that is of no lower class; NULL: all are. */
static const char *zone_above(const struct reading *reading, const char *name, size_t length, char to[FOUND_MAX])
{
    const char *below = memchr(name, '<', length), *item;
    const struct sk_field_row *field = field_of(reading->row->register_, name, (size_t)(below - name));
    const struct sk_site *site = reading->context->site;
    struct sk_field_value value;
    size_t cursor = 0, size;
    if (field == NULL || (!document_says(reading->document, field, &value) &&
                          (reading->entry == NULL || !sk_entry_field(reading->entry, field->id, SK_NEVER, &value))))
        return NULL;
    while (sk_value_item(&value, &cursor, &item, &size)) {
        sk_text_format(to, FOUND_MAX, "%.*s", (int)size, item);
        const int32_t zone = sk_site_zone(site, to);
        if (zone >= 0 && site->zones[zone].class_ >= below[1] - '0')
            return to;
    }
    return NULL;
}

/* True: a condition about classes of zones, and it is dealt with. */
static bool check_zones(struct reading *reading, const char *word, const char *colon, size_t when)
{
    char found[FOUND_MAX], expected[EXPECTED_MAX], name[FOUND_MAX];
    const char *below = memchr(word, '<', (size_t)(colon - word));
    if (below == NULL)
        return false;
    if (zone_above(reading, word + 1, (size_t)(colon - word) - 1, found) != NULL) {
        sk_text_format(expected, sizeof expected, "zones of a class below %c, since %.*s", below[1], (int)when, colon + 1);
        sk_text_format(name, sizeof name, "%.*s", (int)(below - word - 1), word + 1);
        complain(reading, name, expected, found);
    }
    return true;
}

/* "?x,y:c": x or y must stand when c does. */
static void check_condition(struct reading *reading, const char *word, size_t length)
{
    char expected[EXPECTED_MAX];
    const char *colon = memchr(word, ':', length);
    const size_t when = (size_t)(word + length - colon) - 1;
    if (!sk_field_stands(reading->entry, reading->document, colon + 1, when) || check_zones(reading, word, colon, when))
        return;
    for (const char *name = word + 1; name < colon;) {
        const size_t size = strcspn(name, ",:");
        if (sk_field_stands(reading->entry, reading->document, name, size))
            return;
        name += size + 1;
    }
    sk_text_format(expected, sizeof expected, "to be given, since %.*s", (int)when, colon + 1);
    char name[FOUND_MAX];
    sk_text_format(name, sizeof name, "%.*s", (int)(colon - word - 1), word + 1);
    for (char *than; (than = strchr(name, '>')) != NULL;) /* whose name it is, not when it was said */
        memmove(than, than + strcspn(than, ","), strlen(than + strcspn(than, ",")) + 1);
    complain(reading, name, expected, "nothing");
}

static int64_t moment_of(const struct reading *reading, const struct sk_field_row *field)
{
    char date[16] = "";
    int64_t at_us = 0;
    struct sk_field_value value;
    const struct sk_register_document *document = reading->document;
    if (!sk_field_find(reading->row->register_, document->fields, document->fields_length, field->id, &value) &&
        (reading->entry == NULL || !sk_entry_field(reading->entry, field->id, SK_NEVER, &value)))
        return 0;
    if (value.length == 0)
        return 0;
    if (field->type == SK_FT_TIME)
        return sk_value_time(&value);
    if (value.length < sizeof date)
        memcpy(date, value.bytes, value.length);
    return sk_day_begin_us(reading->context->zone, date, &at_us) ? at_us : 0;
}

static void check_order(struct reading *reading, const struct sk_field_row *field)
{
    char expected[EXPECTED_MAX];
    const struct sk_field_row *before = field - 1;
    const int64_t from_us = moment_of(reading, before), until_us = moment_of(reading, field);
    const bool may_be_equal = field->type == SK_FT_DATE || (field->flags & SK_FF_NOW) != 0;
    if (from_us == 0 || until_us == 0 || until_us > from_us || (may_be_equal && until_us == from_us))
        return;
    sk_text_format(expected, sizeof expected, "a time after '%s'", before->name);
    complain(reading, field->name, expected, "one before it");
}

static void check_one_of(struct reading *reading)
{
    char names[FOUND_MAX] = "";
    const struct sk_field_row *field;
    for (size_t i = 0; (field = sk_field_at(reading->row->register_, i)) != NULL; i++) {
        if ((field->flags & SK_FF_ONE_OF) == 0)
            continue;
        if (said(reading, field) != NULL) /* a bad one is told of already */
            return;
        if (reading->entry != NULL && !is_emptied(reading, field) && sk_entry_says(reading->entry, field, SK_NEVER))
            return;
        const size_t length = strlen(names);
        sk_text_format(names + length, sizeof names - length, "%s%s", length > 0 ? "," : "", field->name);
    }
    if (names[0] != '\0')
        complain(reading, names, "one of these to be given", "nothing");
}

static void check_conditions(struct reading *reading, const struct sk_act_row *row)
{
    const char *word, *at = row->fields;
    for (size_t length; next_word(&at, &word, &length);)
        if (word[0] == '?')
            check_condition(reading, word, length);
}

static void check_together(struct reading *reading)
{
    const struct sk_field_row *field;
    const bool amends = (reading->row->rules & SK_AR_AMENDS) != 0 && reading->entry != NULL;
    check_conditions(reading, reading->row);
    if (amends) /* what had to stand when it was opened has to stand still */
        check_conditions(reading, reading->entry->acts[0].row);
    for (size_t i = 0; (field = sk_field_at(reading->row->register_, i)) != NULL; i++)
        if ((field->flags & SK_FF_AFTER) != 0)
            check_order(reading, field);
    if ((reading->row->rules & (SK_AR_OPENS | SK_AR_AMENDS)) != 0)
        check_one_of(reading);
}

enum sk_err sk_register_document_read(const struct sk_register_context *context, const struct sk_act_row *row,
                                      const struct sk_entry *entry, const cJSON *fields, sk_field_fault *fault,
                                      void *fault_context, struct sk_register_document *ret_document)
{
    const struct sk_field_row *field;
    struct reading reading = {context, row, entry, fault, fault_context, ret_document, fields, {0}, {0}, false};
    sk_writer_init(&reading.public_, ret_document->fields, SK_FIELDS_SAID_MAX);
    sk_writer_init(&reading.personal, ret_document->personal, sizeof ret_document->personal);
    ret_document->register_ = row->register_;
    if (fields != NULL && !cJSON_IsObject(fields))
        complain(&reading, "fields", "an object", "something else");
    read_names(&reading);
    for (size_t i = 0; (field = sk_field_at(row->register_, i)) != NULL; i++)
        read_field(&reading, field);
    if (reading.public_.bad || reading.personal.bad)
        complain(&reading, "fields", "at most 2600 bytes in all (4000 of names and free text)", "more");
    ret_document->fields_length = reading.public_.length;
    ret_document->personal_length = reading.personal.length;
    if (!reading.bad || fields == NULL || cJSON_IsObject(fields))
        check_together(&reading);
    return reading.bad ? SK_ERR_PARSE : SK_OK;
}

/* --- separation of duties, by act --- */

struct doer {
    const char *name;
    sk_same_person *same;
    void *context;
};

static bool is_he(const struct doer *doer, const char *name)
{
    return doer->same != NULL ? doer->same(doer->context, doer->name, name) : strcmp(doer->name, name) == 0;
}

/* One value of a WHO or PERSON field, or a list of them. */
static bool value_names_him(const struct sk_field_value *value, const struct doer *doer)
{
    size_t length, cursor = 0;
    const char *item;
    char name[SK_WHO_MAX];
    while (sk_value_item(value, &cursor, &item, &length)) {
        if (length >= sizeof name)
            continue; /* no name of anybody is that long */
        memcpy(name, item, length);
        name[length] = '\0';
        if (is_he(doer, name))
            return true;
    }
    return false;
}

/* By any act: who applied once has applied, whoever stands there now. */
static bool ever_names_him(const struct sk_entry *entry, const struct sk_field_row *field, const struct doer *doer)
{
    struct sk_field_value value;
    for (size_t i = 0; i < entry->act_count; i++)
        if (sk_field_find(entry->register_, entry->acts[i].fields, entry->acts[i].fields_length, field->id, &value) &&
            value_names_him(&value, doer))
            return true;
    return false;
}

static bool field_names_him(const struct sk_entry *entry, const struct sk_field_row *field, const struct doer *doer)
{
    struct sk_field_value value;
    return sk_entry_field(entry, field->id, SK_NEVER, &value) && value_names_him(&value, doer);
}

static bool is_opener(const struct sk_entry *entry, const struct doer *doer)
{
    const struct sk_field_row *field = sk_field_by_name(entry->register_, "applicant");
    for (size_t i = 0; i < entry->act_count; i++)
        if ((entry->acts[i].row->rules & (SK_AR_OPENS | SK_AR_AMENDS)) != 0 && is_he(doer, entry->acts[i].actor))
            return true;
    return field != NULL && ever_names_him(entry, field, doer);
}

static bool is_subject(const struct sk_entry *entry, const struct doer *doer)
{
    const struct sk_field_row *field;
    for (size_t i = 0; (field = sk_field_at(entry->register_, i)) != NULL; i++)
        if ((field->flags & SK_FF_SUBJECT) != 0 && field_names_him(entry, field, doer))
            return true;
    return false;
}

enum sk_err sk_register_act_allowed(const struct sk_act_row *row, const struct sk_entry *entry, const char *actor,
                                    sk_same_person *same, void *context, struct sk_fault *fault)
{
    const struct doer doer = {actor, same, context};
    if (entry == NULL)
        return SK_OK;
    if ((row->rules & SK_AR_NOT_OPENER) != 0 && is_opener(entry, &doer))
        return sk_fault_set(fault, SK_ERR_CONFLICT, "%s: %s must be done by another person than who asked for it", entry->id,
                            row->name);
    if ((row->rules & SK_AR_NOT_SUBJECT) != 0 && is_subject(entry, &doer))
        return sk_fault_set(fault, SK_ERR_CONFLICT, "%s: %s may not be done by whom it is about", entry->id, row->name);
    return SK_OK;
}
