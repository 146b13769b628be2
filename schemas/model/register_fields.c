/* SPDX-License-Identifier: Apache-2.0 */
/* Field lists: the values of an act as bytes. Walking, canonical form, values out of them, and as JSON.
 *
 * One value: u8 number, u16 length, bytes. Canonical: ascending numbers of the register, public or of the vault as asked, each
 * value as its type is written; so one document has one list. Without bytes, in a public list: the field was emptied, whichever
 * it is. */
#include <math.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/model/register_internal.h"

bool sk_field_next(struct sk_reader *reader, uint8_t register_, struct sk_field_value *ret_value)
{
    if (reader->left == 0 || reader->bad)
        return false;
    const uint8_t number = sk_read_u8(reader);
    ret_value->length = sk_read_u16(reader);
    ret_value->bytes = sk_read_bytes(reader, ret_value->length);
    ret_value->row = sk_field_row((uint16_t)(register_ << 8 | number));
    if (ret_value->row == NULL)
        reader->bad = true;
    return !reader->bad;
}

bool sk_field_find(uint8_t register_, const uint8_t *bytes, size_t length, uint16_t field, struct sk_field_value *ret_value)
{
    struct sk_reader reader;
    sk_reader_init(&reader, bytes, length);
    while (sk_field_next(&reader, register_, ret_value))
        if (ret_value->row->id == field)
            return true;
    return false;
}

static bool is_text(uint8_t type)
{
    return type != SK_FT_TIME && type != SK_FT_NUMBER && type != SK_FT_FLAG;
}

/* --- values --- */

static uint64_t eight(const struct sk_field_value *value)
{
    struct sk_reader reader;
    sk_reader_init(&reader, value->bytes, value->length);
    return sk_read_u64(&reader);
}

int64_t sk_value_time(const struct sk_field_value *value)
{
    return value->row->type == SK_FT_TIME && value->length == 8 ? (int64_t)eight(value) : 0;
}

double sk_value_number(const struct sk_field_value *value)
{
    struct sk_reader reader;
    sk_reader_init(&reader, value->bytes, value->length);
    return value->row->type == SK_FT_NUMBER ? sk_read_f64(&reader) : 0;
}

bool sk_value_flag(const struct sk_field_value *value)
{
    return value->row->type == SK_FT_FLAG && value->length == 1 && value->bytes[0] == 1;
}

bool sk_value_item(const struct sk_field_value *value, size_t *cursor, const char **ret_text, size_t *ret_length)
{
    struct sk_reader reader;
    if (!is_text(value->row->type) || *cursor >= value->length)
        return false;
    sk_reader_init(&reader, value->bytes + *cursor, value->length - *cursor);
    *ret_length = (value->row->flags & SK_FF_LIST) != 0 ? sk_read_u16(&reader) : value->length;
    *ret_text = (const char *)sk_read_bytes(&reader, *ret_length);
    *cursor = value->length - reader.left;
    return !reader.bad;
}

bool sk_value_has(const struct sk_field_value *value, const char *text)
{
    const char *item;
    size_t length, cursor = 0;
    const size_t wanted = strlen(text);
    while (sk_value_item(value, &cursor, &item, &length))
        if (length == wanted && memcmp(item, text, length) == 0)
            return true;
    return false;
}

/* --- canonical form --- */

bool sk_field_word_is(const struct sk_field_row *row, const char *text, size_t length)
{
    for (const char *word = row->words; *word != '\0';) {
        const size_t size = strcspn(word, "|");
        if (size == length && memcmp(word, text, length) == 0)
            return true;
        word += size + (word[size] == '|');
    }
    return false;
}

static bool date_is_good(const char *text, size_t length)
{
    static const char shape[] = "dddd-dd-dd";
    for (size_t i = 0; i < length && i < sizeof shape - 1; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != '-')
            return false;
    return length == sizeof shape - 1;
}

size_t sk_field_text_max(const struct sk_field_row *row)
{
    if ((row->flags & SK_FF_LIST) != 0)
        return SK_FIELD_ITEM_MAX;
    return row->max != 0 && (row->type == SK_FT_TEXT || row->type == SK_FT_NOTE) ? row->max : SK_FIELD_ITEM_MAX;
}

static bool text_is_good(const struct sk_field_row *row, const char *text, size_t length)
{
    if (length == 0 || length > sk_field_text_max(row) || !sk_text_is_clean(text, length, row->type == SK_FT_NOTE))
        return false;
    if (row->type == SK_FT_WORD)
        return sk_field_word_is(row, text, length);
    return row->type != SK_FT_DATE || date_is_good(text, length);
}

bool sk_field_number_is(const struct sk_field_row *row, double number)
{
    return isfinite(number) && (number >= 0 || (row->flags & SK_FF_SIGNED) != 0) && (row->max == 0 || fabs(number) <= row->max);
}

static bool number_is_good(const struct sk_field_value *value)
{
    const double number = sk_value_number(value);
    return value->length == 8 && sk_field_number_is(value->row, number) && !(number == 0 && signbit(number));
}

static bool value_is_good(const struct sk_field_value *value)
{
    const char *text;
    size_t length, cursor = 0, count = 0;
    switch (value->row->type) {
    case SK_FT_TIME:
        return value->length == 8 && sk_value_time(value) > 0;
    case SK_FT_NUMBER:
        return number_is_good(value);
    case SK_FT_FLAG:
        return value->length == 1 && value->bytes[0] <= 1;
    default:
        while (sk_value_item(value, &cursor, &text, &length) && text_is_good(value->row, text, length))
            count++;
        return cursor == value->length && count > 0 && (count == 1 || count <= value->row->max) &&
               text_is_good(value->row, text, length);
    }
}

/* Free text stood in public lists once, and is read there. */
static bool may_stand(const struct sk_field_value *value, bool vault)
{
    if (value->length == 0)
        return !vault;
    if (vault)
        return (value->row->flags & SK_FF_VAULT) != 0;
    return (value->row->flags & SK_FF_PERSONAL) == 0;
}

uint64_t sk_field_list_mask(uint8_t register_, const uint8_t *bytes, size_t length)
{
    struct sk_reader reader;
    struct sk_field_value value;
    uint64_t mask = 0;
    sk_reader_init(&reader, bytes, length);
    while (sk_field_next(&reader, register_, &value))
        mask |= UINT64_C(1) << (value.row->id & 63);
    return mask;
}

bool sk_field_list_is_canonical(uint8_t register_, bool personal, const uint8_t *bytes, size_t length)
{
    struct sk_reader reader;
    struct sk_field_value value;
    uint16_t last = 0;
    sk_reader_init(&reader, bytes, length);
    while (sk_field_next(&reader, register_, &value)) {
        if (value.row->id <= last || !may_stand(&value, personal) || (value.length > 0 && !value_is_good(&value)))
            return false;
        last = value.row->id;
    }
    return sk_reader_done(&reader);
}

/* --- as JSON --- */

static cJSON *text_json(const char *text, size_t length)
{
    char copy[SK_FIELDS_BYTES_MAX + 1];
    if (length > SK_FIELDS_BYTES_MAX)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return cJSON_CreateString(copy);
}

static cJSON *list_json(const struct sk_field_value *value)
{
    const char *text;
    size_t length, cursor = 0;
    cJSON *list = cJSON_CreateArray();
    bool good = list != NULL;
    while (good && sk_value_item(value, &cursor, &text, &length)) {
        cJSON *item = text_json(text, length);
        good = item != NULL && cJSON_AddItemToArray(list, item);
    }
    if (good)
        return list;
    cJSON_Delete(list);
    return NULL;
}

static bool add_value(cJSON *object, const struct sk_field_value *value)
{
    const char *name = value->row->name;
    cJSON *item = NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    if (value->length == 0)
        return cJSON_AddNullToObject(object, name) != NULL;
    switch (value->row->type) {
    case SK_FT_TIME:
        return sk_json_add_time(object, name, sk_value_time(value));
    case SK_FT_NUMBER:
        return cJSON_AddNumberToObject(object, name, sk_value_number(value)) != NULL;
    case SK_FT_FLAG:
        return cJSON_AddBoolToObject(object, name, sk_value_flag(value)) != NULL;
    default:
        item = (value->row->flags & SK_FF_LIST) != 0 ? list_json(value) : text_json((const char *)value->bytes, value->length);
    }
    if (item != NULL && cJSON_AddItemToObject(object, name, item))
        return true;
    cJSON_Delete(item);
    return false;
}

enum sk_err sk_field_list_to_json(uint8_t register_, const uint8_t *bytes, size_t length, cJSON *object)
{
    struct sk_reader reader;
    struct sk_field_value value;
    sk_reader_init(&reader, bytes, length);
    while (sk_field_next(&reader, register_, &value))
        if (!add_value(object, &value))
            return SK_ERR_NOMEM;
    return sk_reader_done(&reader) ? SK_OK : SK_ERR_PARSE;
}
