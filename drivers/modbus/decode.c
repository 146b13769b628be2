/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder: assemble -> sentinel -> value of the kind -> engineering range. One row per register type says how wide it is
 * and how its bits read as a number. */
#include "drivers/modbus/decode.h"

#include <math.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"

enum reading { READ_UNSIGNED, READ_SIGNED, READ_FLOAT, READ_HI_LO };

struct shape {
    uint8_t words; /* 0: as the profile's count says */
    enum reading reading;
};
static const struct shape shapes[] = {
    [SK_REG_BIT] = {1, READ_UNSIGNED},    [SK_REG_U16] = {1, READ_UNSIGNED},    [SK_REG_S16] = {1, READ_SIGNED},
    [SK_REG_U32] = {2, READ_UNSIGNED},    [SK_REG_S32] = {2, READ_SIGNED},      [SK_REG_U64] = {4, READ_UNSIGNED},
    [SK_REG_S64] = {4, READ_SIGNED},      [SK_REG_F32] = {2, READ_FLOAT},       [SK_REG_F64] = {4, READ_FLOAT},
    [SK_REG_BITS16] = {1, READ_UNSIGNED}, [SK_REG_BITS32] = {2, READ_UNSIGNED}, [SK_REG_FIELD] = {1, READ_UNSIGNED},
    [SK_REG_STRING] = {0, READ_UNSIGNED}, [SK_REG_HI_LO] = {2, READ_HI_LO},     [SK_REG_DAYS2000] = {1, READ_UNSIGNED},
};

static struct shape shape_of(const struct sk_profile_point *point)
{
    return point->type < sizeof(shapes) / sizeof(shapes[0]) ? shapes[point->type] : shapes[SK_REG_U16];
}

/* Words the type takes; a field or a date may be wider than one register when the profile counts so. */
static unsigned width_words(const struct sk_profile_point *point)
{
    unsigned count = point->count == 0 ? 1 : point->count;
    unsigned words = shape_of(point).words;
    if (point->type == SK_REG_FIELD || point->type == SK_REG_DAYS2000)
        words = count > 4 ? 4 : count;
    return words > count ? count : words;
}

static uint16_t swap_bytes(uint16_t word)
{
    return (uint16_t)(word << 8 | word >> 8);
}

static uint64_t assemble_bits(const struct sk_profile_point *point, const uint16_t *bits)
{
    uint64_t raw = 0;
    for (unsigned i = 0; i < point->count && i < 64; i++)
        raw |= (uint64_t)(bits[i] & 1) << i;
    return raw;
}

static uint64_t assemble(const struct sk_profile_point *point, const uint16_t *words)
{
    if (point->function <= 2)
        return assemble_bits(point, words);
    uint64_t raw = 0;
    unsigned count = width_words(point);
    for (unsigned i = 0; i < count; i++) {
        uint16_t word = words[(point->order & SK_ORDER_WORDS_SWAPPED) ? count - 1 - i : i];
        raw = raw << 16 | ((point->order & SK_ORDER_BYTES_SWAPPED) ? swap_bytes(word) : word);
    }
    return raw;
}

static uint64_t mask_of(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static bool takes_part(const struct sk_profile_point *point)
{
    return point->width > 0 && (point->type == SK_REG_FIELD || point->type == SK_REG_BITS16 || point->type == SK_REG_BITS32);
}

static uint64_t part_of(const struct sk_profile_point *point, uint64_t raw)
{
    return takes_part(point) && point->shift < 64 ? raw >> point->shift & mask_of(point->width) : raw;
}

static unsigned width_bits(const struct sk_profile_point *point)
{
    return point->function <= 2 ? point->count : 16 * width_words(point);
}

static int64_t as_signed(uint64_t raw, unsigned bits)
{
    if (bits == 0 || bits >= 64)
        return (int64_t)raw;
    uint64_t sign = UINT64_C(1) << (bits - 1);
    return (int64_t)((raw ^ sign) - sign);
}

int64_t sk_modbus_raw(const struct sk_profile_point *point, const uint16_t *words)
{
    uint64_t raw = assemble(point, words);
    if (shape_of(point).reading == READ_SIGNED)
        return as_signed(raw, width_bits(point));
    return (int64_t)part_of(point, raw);
}

bool sk_modbus_all_zero(const struct sk_profile_point *point, const uint16_t *words)
{
    for (unsigned i = 0; i < point->count || i == 0; i++)
        if (words[i] != 0)
            return false;
    return true;
}

/* A field's sentinel is a value of the field; every other type's is the whole raw pattern. */
static const struct sk_sentinel *find_sentinel(const struct sk_profile_point *point, uint64_t raw)
{
    bool field = point->type == SK_REG_FIELD;
    uint64_t mask = field ? mask_of(point->width) : mask_of(width_bits(point));
    uint64_t compared = field ? part_of(point, raw) : raw;
    for (size_t i = 0; i < point->sentinel_count; i++)
        if ((point->sentinels[i].raw & mask) == compared)
            return &point->sentinels[i];
    return NULL;
}

static double as_number(const struct sk_profile_point *point, uint64_t raw)
{
    switch (shape_of(point).reading) {
    case READ_SIGNED:
        return (double)as_signed(raw, width_bits(point));
    case READ_HI_LO:
        return (double)(raw >> 16 & 0xFFFF) * 10000.0 + (double)(raw & 0xFFFF);
    case READ_FLOAT:
        if (width_words(point) == 2) {
            uint32_t bits = (uint32_t)raw;
            float value;
            memcpy(&value, &bits, sizeof(value));
            return (double)value;
        } else {
            double value;
            memcpy(&value, &raw, sizeof(value));
            return value;
        }
    case READ_UNSIGNED:
        break;
    }
    return (double)part_of(point, raw);
}

static void put_bad(struct sk_modbus_value *value, uint8_t quality, uint8_t reason)
{
    *value = (struct sk_modbus_value){.quality = quality, .reason = reason};
}

static void put_number(const struct sk_profile_point *point, uint64_t raw, const struct sk_map_entry *scale,
                       struct sk_modbus_value *value)
{
    double number = as_number(point, raw) * point->scale + point->offset;
    if (scale != NULL)
        number = number * scale->scale + scale->offset;
    if (!isfinite(number)) { /* what float devices send for "no value" */
        put_bad(value, SK_Q_SENSOR_FAILURE, SK_WHY_SENTINEL);
        return;
    }
    value->number = number;
    if (number >= point->range_low && number <= point->range_high)
        return;
    value->quality = SK_Q_EU_EXCEEDED;
    value->reason = number > point->range_high ? SK_WHY_OVER_RANGE : SK_WHY_UNDER_RANGE;
}

static void put_state(const struct sk_profile_point *point, int64_t raw, struct sk_modbus_value *value)
{
    for (size_t i = 0; i < point->state_count; i++) {
        if (point->states[i].raw == raw) {
            value->number = point->states[i].state;
            return;
        }
    }
    put_bad(value, SK_Q_UNCERTAIN, SK_WHY_ENUM);
}

static void put_flags(const struct sk_profile_point *point, uint64_t raw, struct sk_modbus_value *value)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < point->flag_count; i++) {
        const struct sk_flag_bit *flag = &point->flags[i];
        bool set = flag->bit < 64 && (raw >> flag->bit & 1) != 0;
        if (set != flag->inverted && flag->flag < 53)
            mask |= UINT64_C(1) << flag->flag;
    }
    value->number = (double)mask;
}

static void put_string(const struct sk_profile_point *point, const uint16_t *words, char *to)
{
    size_t length = 0;
    for (unsigned i = 0; i < 2u * point->count && length < SK_TEXT_VALUE - 1; i++) {
        uint16_t word = words[i / 2];
        bool low = (i % 2 == 1) != ((point->order & SK_ORDER_BYTES_SWAPPED) != 0);
        uint8_t byte = (uint8_t)(low ? word & 0xFF : word >> 8);
        if (byte == 0)
            break;
        to[length++] = byte >= 0x20 && byte < 0x7F ? (char)byte : '?';
    }
    while (length > 0 && to[length - 1] == ' ')
        length--;
    to[length] = '\0';
}

static void put_date(uint64_t days, char *to)
{
    char stamp[SK_TIME_TEXT];
    const int64_t epoch_2000_s = INT64_C(946684800), day_s = INT64_C(86400);
    int64_t bounded = days > 2000000 ? 2000000 : (int64_t)days;
    sk_time_format(stamp, (epoch_2000_s + bounded * day_s) * SK_US_PER_S);
    stamp[10] = '\0';
    sk_text_copy(to, SK_TEXT_VALUE, stamp);
}

static void put_text(const struct sk_profile_point *point, const uint16_t *words, uint64_t raw, struct sk_modbus_value *value)
{
    if (point->type == SK_REG_STRING)
        put_string(point, words, value->text);
    else if (point->type == SK_REG_DAYS2000)
        put_date(raw, value->text);
    else
        sk_text_format(value->text, sizeof(value->text), "%.15g", as_number(point, raw) * point->scale + point->offset);
}

void sk_modbus_decode(const struct sk_profile_point *point, const uint16_t *words, const struct sk_map_entry *scale,
                      struct sk_modbus_value *ret_value)
{
    *ret_value = (struct sk_modbus_value){.has_value = true, .quality = SK_Q_GOOD, .reason = SK_WHY_NONE};
    enum sk_value_kind kind = point->kind != NULL ? point->kind->kind : SK_KIND_NUMBER;
    uint64_t raw = point->type == SK_REG_STRING ? 0 : assemble(point, words);
    const struct sk_sentinel *sentinel = point->type == SK_REG_STRING ? NULL : find_sentinel(point, raw);
    if (sentinel != NULL)
        put_bad(ret_value, sentinel->quality, sentinel->reason);
    else if (kind == SK_KIND_TEXT)
        put_text(point, words, raw, ret_value);
    else if (kind == SK_KIND_STATE)
        put_state(point, sk_modbus_raw(point, words), ret_value);
    else if (kind == SK_KIND_FLAGS)
        put_flags(point, raw, ret_value);
    else
        put_number(point, raw, scale, ret_value);
}

const struct sk_map_entry *sk_modbus_scale_find(const struct sk_profile_point *point, const struct sk_profile_point *helper,
                                                int64_t raw)
{
    const struct sk_profile_point *holder = point->scale_map_count > 0 ? point : helper;
    for (size_t i = 0; i < holder->scale_map_count; i++)
        if (holder->scale_map[i].raw == raw)
            return &holder->scale_map[i];
    return NULL;
}

void sk_modbus_exception_quality(uint8_t exception, bool held, uint8_t *ret_quality, uint8_t *ret_reason)
{
    static const struct {
        uint8_t exception, quality, reason;
    } rows[] = {
        {1, SK_Q_CONFIG_ERROR, SK_WHY_EXC_FUNCTION}, {2, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS},
        {3, SK_Q_CONFIG_ERROR, SK_WHY_EXC_VALUE},    {4, SK_Q_DEVICE_FAILURE, SK_WHY_EXC_FAILURE},
        {5, SK_Q_LAST_USABLE, SK_WHY_EXC_ACK},       {6, SK_Q_LAST_USABLE, SK_WHY_EXC_BUSY},
        {0x0A, SK_Q_COMM_NO_VALUE, SK_WHY_EXC_PATH}, {0x0B, SK_Q_COMM_NO_VALUE, SK_WHY_EXC_TARGET},
    };
    *ret_quality = SK_Q_BAD;
    *ret_reason = SK_WHY_EXC_OTHER;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].exception != exception)
            continue;
        *ret_quality = rows[i].quality;
        *ret_reason = rows[i].reason;
    }
    if (!held && *ret_quality == SK_Q_LAST_USABLE) /* "busy" from the first moment: there is no last value to use */
        *ret_quality = SK_Q_WAITING;
}
