/* SPDX-License-Identifier: Apache-2.0 */
/* A record as JSON: the one shape of /entries, /records and the feed (collector/PROTOCOL.md, RECORD). Numbers become ids
 * through the store, codes become words of the vocabularies, 64-bit numbers decimal strings, times RFC 3339. How a tag is shown
 * is a row. */
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "schemas/model/access_event.h"
#include "schemas/model/register.h"
#include "schemas/store/internal.h"

/* NULL: no memory. */
typedef cJSON *show(struct sk_store *store, const struct sk_body_item *item);
typedef const char *name_of(int value);

static cJSON *word_or_number(const char *word, uint64_t value)
{
    return word != NULL ? cJSON_CreateString(word) : cJSON_CreateNumber((double)value);
}

static cJSON *show_number(struct sk_store *store, const struct sk_body_item *item)
{
    (void)store;
    return cJSON_CreateNumber((double)sk_item_u64(item)); /* u8 to u32 */
}

static cJSON *show_decimal(struct sk_store *store, const struct sk_body_item *item)
{
    char text[24];
    (void)store;
    if (item->type == SK_TAG_i64)
        sk_text_format(text, sizeof text, "%lld", (long long)sk_item_i64(item));
    else
        sk_text_format(text, sizeof text, "%llu", (unsigned long long)sk_item_u64(item));
    return cJSON_CreateString(text);
}

static cJSON *show_time(struct sk_store *store, const struct sk_body_item *item)
{
    char text[SK_TIME_TEXT];
    (void)store;
    sk_time_format(text, sk_item_i64(item));
    return cJSON_CreateString(text);
}

static cJSON *show_f64(struct sk_store *store, const struct sk_body_item *item)
{
    (void)store;
    return cJSON_CreateNumber(sk_item_f64(item));
}

static cJSON *show_text(struct sk_store *store, const struct sk_body_item *item)
{
    char text[SK_BODY_MAX + 1];
    (void)store;
    memcpy(text, item->bytes, item->length);
    text[item->length] = '\0';
    return cJSON_CreateString(text);
}

static cJSON *show_hex(struct sk_store *store, const struct sk_body_item *item)
{
    char text[2 * SK_BODY_MAX + 1];
    (void)store;
    sk_hex_write(text, item->bytes, item->length);
    return cJSON_CreateString(text);
}

static cJSON *show_bool(struct sk_store *store, const struct sk_body_item *item)
{
    (void)store;
    return cJSON_CreateBool(sk_item_u64(item) != 0);
}

static const char *decision_word(unsigned decision)
{
    static const char *const words[] = {
        [SK_DECISION_GRANTED] = "granted", [SK_DECISION_DENIED] = "denied", [SK_DECISION_UNKNOWN] = "unknown"};
    return decision < sizeof words / sizeof *words ? words[decision] : NULL;
}

static cJSON *show_decision(struct sk_store *store, const struct sk_body_item *item)
{
    (void)store;
    const char *word = decision_word((unsigned)sk_item_u64(item));
    return word != NULL ? cJSON_CreateString(word) : cJSON_CreateNull();
}

static cJSON *show_mask(const struct sk_body_item *item, name_of *name)
{
    cJSON *list = cJSON_CreateArray();
    const uint64_t mask = sk_item_u64(item);
    for (int bit = 0; list != NULL && bit < 16; bit++) {
        if ((mask >> bit & 1) == 0)
            continue;
        if (!cJSON_AddItemToArray(list, word_or_number(name(bit), (uint64_t)bit))) {
            cJSON_Delete(list);
            list = NULL;
        }
    }
    return list;
}

static cJSON *show_factors(struct sk_store *store, const struct sk_body_item *item)
{
    (void)store;
    return show_mask(item, sk_factor_name);
}

static cJSON *show_roles(struct sk_store *store, const struct sk_body_item *item)
{
    (void)store;
    return show_mask(item, sk_role_name);
}

/* Lists of u16: reasons of denial. */
static cJSON *show_reasons(struct sk_store *store, const struct sk_body_item *item)
{
    cJSON *list = cJSON_CreateArray();
    (void)store;
    for (size_t i = 0; list != NULL && i + 1 < item->length; i += 2) {
        const int value = item->bytes[i] << 8 | item->bytes[i + 1];
        if (!cJSON_AddItemToArray(list, word_or_number(sk_deny_reason_name(value), (uint64_t)value))) {
            cJSON_Delete(list);
            list = NULL;
        }
    }
    return list;
}

static cJSON *number_id(struct sk_store *store, const char *kind, uint16_t number)
{
    char id[256];
    if (number == 0)
        return cJSON_CreateNull();
    if (sk_store_number_id(store, kind, number, id, sizeof id) == SK_OK)
        return cJSON_CreateString(id);
    sk_text_format(id, sizeof id, "#%u", number); /* a number without its row is shown, never hidden */
    return cJSON_CreateString(id);
}

static cJSON *show_zone(struct sk_store *store, const struct sk_body_item *item)
{
    return number_id(store, "zone", (uint16_t)sk_item_u64(item));
}

#define WORDS(family)                                                                                                          \
    static cJSON *show_##family(struct sk_store *store, const struct sk_body_item *item)                                       \
    {                                                                                                                          \
        (void)store;                                                                                                           \
        const uint64_t value = sk_item_u64(item);                                                                              \
        return word_or_number(sk_##family##_name((int)value), value);                                                          \
    }
WORDS(occurrence_class)
WORDS(deny_reason)
WORDS(condition)
WORDS(severity)
WORDS(alarm_state)
WORDS(quality)
WORDS(quality_reason)
WORDS(clock_quality)
WORDS(person_kind)
WORDS(disable_reason)
#undef WORDS

/* Agreement of the two decisions: words of schemas/model/roster.h. */
static cJSON *show_agreement(struct sk_store *store, const struct sk_body_item *item)
{
    (void)store;
    return word_or_number(sk_agreement_word((uint8_t)sk_item_u64(item)), sk_item_u64(item));
}

/* Validity: null where it has no bound. */
static cJSON *show_bound(struct sk_store *store, const struct sk_body_item *item)
{
    const int64_t at_us = sk_item_i64(item);
    return at_us == 0 || at_us == SK_NEVER ? cJSON_CreateNull() : show_time(store, item);
}

static cJSON *show_u16s(struct sk_store *store, const struct sk_body_item *item)
{
    cJSON *list = cJSON_CreateArray();
    (void)store;
    for (size_t i = 0; list != NULL && i + 1 < item->length; i += 2) {
        cJSON *value = cJSON_CreateNumber(item->bytes[i] << 8 | item->bytes[i + 1]);
        if (value == NULL || !cJSON_AddItemToArray(list, value)) {
            cJSON_Delete(value);
            cJSON_Delete(list);
            list = NULL;
        }
    }
    return list;
}

static cJSON *show_door(struct sk_store *store, const struct sk_body_item *item)
{
    return number_id(store, "door", (uint16_t)sk_item_u64(item));
}

/* Tags whose value is more than its type says. */
static const struct {
    int tag;
    show *show;
} tag_rows[] = {
    {SK_TAG_T_CTRL, show_time},
    {SK_TAG_INTERVAL_FROM_US, show_time},
    {SK_TAG_INTERVAL_TO_US, show_time},
    {SK_TAG_SINCE_US, show_time},
    {SK_TAG_SOURCE_US, show_time},
    {SK_TAG_OCCURRENCE_CLASS, show_occurrence_class},
    {SK_TAG_FACTORS_CLAIMED, show_factors},
    {SK_TAG_FACTORS_REQUIRED, show_factors},
    {SK_TAG_EXTERNAL, show_bool},
    {SK_TAG_EXEMPTED, show_bool},
    {SK_TAG_POSSIBLE_DUP, show_bool},
    {SK_TAG_CTRL_DECISION, show_decision},
    {SK_TAG_OUR_DECISION, show_decision},
    {SK_TAG_CTRL_REASON, show_deny_reason},
    {SK_TAG_OUR_REASONS, show_reasons},
    {SK_TAG_AREA_FROM, show_zone},
    {SK_TAG_AREA_TO, show_zone},
    {SK_TAG_CONDITION, show_condition},
    {SK_TAG_SEVERITY, show_severity},
    {SK_TAG_ALARM_STATE, show_alarm_state},
    {SK_TAG_QUALITY, show_quality},
    {SK_TAG_QUALITY_REASON, show_quality_reason},
    {SK_TAG_CLOCK_QUALITY, show_clock_quality},
    {SK_TAG_ACTOR_ROLES, show_roles},
    {SK_TAG_PERSON_KIND, show_person_kind},
    {SK_TAG_VALID_FROM_US, show_bound},
    {SK_TAG_VALID_UNTIL_US, show_bound},
    {SK_TAG_EFFECTIVE_US, show_bound},
    {SK_TAG_APPROVED_US, show_bound},
    {SK_TAG_CRED_STATE, show_disable_reason},
    {SK_TAG_ZONE_NO, show_zone},
    {SK_TAG_DOOR_NO, show_door},
    {SK_TAG_ENTRY, show_bool},
    {SK_TAG_FACTORS, show_factors},
    {SK_TAG_AGREEMENT, show_agreement},
    {SK_TAG_ACT_US, show_time},
    {SK_TAG_RANGES, show_u16s},
    {SK_TAG_DAYS, show_u16s},
    {SK_TAG_OLD_DECISION, show_decision},
    {SK_TAG_OLD_AGREEMENT, show_agreement},
    {SK_TAG_AS_OF_US, show_time},
    {SK_TAG_GAPS, show_bool},
};

static show *const type_rows[] = {
    [SK_TAG_u8] = show_number,   [SK_TAG_u16] = show_number,   [SK_TAG_u32] = show_number, [SK_TAG_u64] = show_decimal,
    [SK_TAG_i64] = show_decimal, [SK_TAG_f64] = show_f64,      [SK_TAG_text] = show_text,  [SK_TAG_bytes] = show_hex,
    [SK_TAG_hash32] = show_hex,  [SK_TAG_u16s] = show_reasons,
};

static show *show_of(const struct sk_body_item *item)
{
    for (size_t i = 0; i < sizeof tag_rows / sizeof *tag_rows; i++)
        if (tag_rows[i].tag == item->tag)
            return tag_rows[i].show;
    return type_rows[item->type];
}

/* Takes the item in any case; false when there was no memory for one or the other. */
static bool add(cJSON *object, const char *name, cJSON *item)
{
    if (item != NULL && cJSON_AddItemToObject(object, name, item))
        return true;
    cJSON_Delete(item);
    return false;
}

/* The values of a register's act, by the names of its fields; what is no such list is shown as it lies there. */
static cJSON *show_fields(uint16_t ev, const struct sk_body_item *item)
{
    const struct sk_act_row *row = sk_act_row(ev);
    cJSON *object = row != NULL ? cJSON_CreateObject() : NULL;
    if (object != NULL && sk_field_list_to_json(row->register_, item->bytes, item->length, object) == SK_OK)
        return object;
    cJSON_Delete(object);
    return NULL;
}

/* Names of the fields whose values lie in the vault. */
static cJSON *show_field_names(uint16_t ev, const struct sk_body_item *item)
{
    const struct sk_act_row *row = sk_act_row(ev);
    cJSON *list = row != NULL ? cJSON_CreateArray() : NULL;
    for (size_t i = 0; list != NULL && i + 1 < item->length; i += 2) {
        const int number = item->bytes[i] << 8 | item->bytes[i + 1];
        const struct sk_field_row *field = number < 256 ? sk_field_row((uint16_t)(row->register_ << 8 | number)) : NULL;
        if (!cJSON_AddItemToArray(list, word_or_number(field != NULL ? field->name : NULL, (uint64_t)number))) {
            cJSON_Delete(list);
            list = NULL;
        }
    }
    return list;
}

static cJSON *show_item(struct sk_store *store, const struct sk_record *record, const struct sk_body_item *item)
{
    cJSON *fields = item->tag == SK_TAG_FIELDS         ? show_fields(record->header.ev, item)
                    : item->tag == SK_TAG_VAULT_FIELDS ? show_field_names(record->header.ev, item)
                                                       : NULL;
    return fields != NULL ? fields : show_of(item)(store, item);
}

static enum sk_err body_add(struct sk_store *store, const struct sk_record *record, cJSON *object)
{
    struct sk_reader reader;
    struct sk_body_item item;
    int last_tag = 0;
    bool bad;
    cJSON *body = cJSON_CreateObject();
    if (!add(object, "body", body))
        return SK_ERR_NOMEM;
    sk_reader_init(&reader, record->body, record->body_length);
    while (sk_body_next(&reader, &last_tag, &item, &bad))
        if (!add(body, sk_tag_name(item.tag), show_item(store, record, &item)))
            return SK_ERR_NOMEM;
    return bad ? SK_ERR_CORRUPT : SK_OK;
}

static bool event_add(const struct sk_header *header, cJSON *object)
{
    char text[16];
    const char *word = sk_event_name(header->ev), *class_ = sk_record_class_name(header->class_);
    sk_text_format(text, sizeof text, "0x%04X", header->ev);
    return add(object, "class", word_or_number(class_, header->class_)) &&
           add(object, "event", cJSON_CreateString(word != NULL ? word : text));
}

/* Epoch and sequence belong to a controller; without one they are null. */
static bool controller_add(struct sk_store *store, const struct sk_header *header, cJSON *object)
{
    if (!add(object, "controller", number_id(store, "ctrl", header->ctrl)))
        return false;
    if (header->ctrl == 0)
        return add(object, "epoch", cJSON_CreateNull()) && add(object, "ctrl_seq", cJSON_CreateNull());
    return sk_json_add_u64(object, "epoch", header->ctrl_epoch) && sk_json_add_u64(object, "ctrl_seq", header->ctrl_seq);
}

static bool decision_add(cJSON *object, const char *name, unsigned decision)
{
    const char *word = decision_word(decision);
    return add(object, name, word != NULL ? cJSON_CreateString(word) : cJSON_CreateNull());
}

static bool header_add(struct sk_store *store, const struct sk_header *header, cJSON *object)
{
    return sk_json_add_u64(object, "id", header->seq) && sk_json_add_u64(object, "seq", header->seq) &&
           sk_json_add_time(object, "time", (int64_t)header->t_recv_us) && event_add(header, object) &&
           add(object, "zone", number_id(store, "zone", header->zone)) &&
           add(object, "door", number_id(store, "door", header->door)) && controller_add(store, header, object) &&
           decision_add(object, "controller_decision", header->flags >> SK_FLAG_CTRL_SHIFT & 3u) &&
           decision_add(object, "our_decision", header->flags >> SK_FLAG_OURS_SHIFT & 3u) &&
           add(object, "online", cJSON_CreateBool((header->flags & SK_FLAG_NOT_ONLINE) == 0)) &&
           add(object, "simulated", cJSON_CreateBool((header->flags & SK_FLAG_SIMULATED) != 0));
}

enum sk_err sk_record_to_json(struct sk_store *store, const struct sk_record *record, cJSON **ret_json)
{
    cJSON *object = cJSON_CreateObject();
    enum sk_err err = object != NULL && header_add(store, &record->header, object) ? SK_OK : SK_ERR_NOMEM;
    if (err == SK_OK)
        err = body_add(store, record, object);
    if (err != SK_OK) {
        cJSON_Delete(object);
        object = NULL;
    }
    *ret_json = object;
    return err;
}
