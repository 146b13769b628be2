/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder: every register type, order and reason for not being a value, as rows. Expected numbers were worked out by hand
 * from the bit patterns (IEEE 754, two's complement), never taken from the decoder. */
#include "drivers/modbus/decode.h"
#include "tests/unit/modbus_fixture.h"
#include "tests/unit/sk_test.h"

enum { BYTES = SK_ORDER_BYTES_SWAPPED, WORDS = SK_ORDER_WORDS_SWAPPED, BOTH = BYTES | WORDS };

static const struct sk_sentinel not_connected[] = {{0xFFFF, SK_Q_NOT_CONNECTED, SK_WHY_SENTINEL}};
static const struct sk_sentinel minimum16[] = {{UINT64_C(0xFFFFFFFFFFFF8000), SK_Q_SENSOR_FAILURE, SK_WHY_SENTINEL}};
static const struct sk_sentinel all_ones32[] = {{0xFFFFFFFF, SK_Q_NOT_CONNECTED, SK_WHY_SENTINEL}};
static const struct sk_sentinel nibble15[] = {{15, SK_Q_NOT_CONNECTED, SK_WHY_SENTINEL}};
static const struct sk_sentinel over[] = {{0x7FFF, SK_Q_EU_EXCEEDED, SK_WHY_OVER_RANGE}};

struct number_row {
    const char *name;
    uint8_t function, type, order;
    uint16_t count, words[4];
    double scale, offset; /* scale 0 means 1 */
    double expected;
    const struct sk_sentinel *sentinel;
    uint8_t quality, reason, shift, width; /* quality 0 means good */
    bool no_value;
};
static const struct number_row numbers[] = {
    {"u16", 3, SK_REG_U16, 0, 1, {0xFFFE}, .expected = 65534},
    {"u16 bytes swapped", 3, SK_REG_U16, BYTES, 1, {0x3412}, .expected = 0x1234},
    {"u16 input register", 4, SK_REG_U16, 0, 1, {7}, .expected = 7},
    {"s16", 3, SK_REG_S16, 0, 1, {0xFFFE}, .expected = -2},
    {"s16 lowest", 3, SK_REG_S16, 0, 1, {0x8000}, .expected = -32768},
    {"u32 ABCD", 3, SK_REG_U32, 0, 2, {0x1234, 0x5678}, .expected = 0x12345678},
    {"u32 CDAB", 3, SK_REG_U32, WORDS, 2, {0x5678, 0x1234}, .expected = 0x12345678},
    {"u32 BADC", 3, SK_REG_U32, BYTES, 2, {0x3412, 0x7856}, .expected = 0x12345678},
    {"u32 DCBA", 3, SK_REG_U32, BOTH, 2, {0x7856, 0x3412}, .expected = 0x12345678},
    {"s32", 3, SK_REG_S32, 0, 2, {0xFFFF, 0xFFFE}, .expected = -2},
    {"s32 CDAB", 3, SK_REG_S32, WORDS, 2, {0x0000, 0x8000}, .expected = -2147483648.0},
    {"u64 ABCDEFGH", 3, SK_REG_U64, 0, 4, {0x0001, 0x0203, 0x0405, 0x0607}, .expected = 283686952306183.0},
    {"u64 GHEFCDAB", 3, SK_REG_U64, WORDS, 4, {0x0607, 0x0405, 0x0203, 0x0001}, .expected = 283686952306183.0},
    {"u64 BADCFEHG", 3, SK_REG_U64, BYTES, 4, {0x0100, 0x0302, 0x0504, 0x0706}, .expected = 283686952306183.0},
    {"u64 HGFEDCBA", 3, SK_REG_U64, BOTH, 4, {0x0706, 0x0504, 0x0302, 0x0100}, .expected = 283686952306183.0},
    {"s64", 3, SK_REG_S64, 0, 4, {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFD}, .expected = -3},
    {"f32 230.5", 3, SK_REG_F32, 0, 2, {0x4366, 0x8000}, .expected = 230.5},
    {"f32 CDAB", 3, SK_REG_F32, WORDS, 2, {0x8000, 0x4366}, .expected = 230.5},
    {"f32 BADC", 3, SK_REG_F32, BYTES, 2, {0x6643, 0x0080}, .expected = 230.5},
    {"f32 DCBA", 3, SK_REG_F32, BOTH, 2, {0x0080, 0x6643}, .expected = 230.5},
    {"f64 -1.5", 3, SK_REG_F64, 0, 4, {0xBFF8, 0, 0, 0}, .expected = -1.5},
    {"f64 words swapped", 3, SK_REG_F64, WORDS, 4, {0, 0, 0, 0xBFF8}, .expected = -1.5},
    {"f32 not a number",
     3,
     SK_REG_F32,
     0,
     2,
     {0x7FC0, 0},
     .quality = SK_Q_SENSOR_FAILURE,
     .reason = SK_WHY_SENTINEL,
     .no_value = true},
    {"f32 infinite",
     3,
     SK_REG_F32,
     0,
     2,
     {0x7F80, 0},
     .quality = SK_Q_SENSOR_FAILURE,
     .reason = SK_WHY_SENTINEL,
     .no_value = true},
    {"hi x 10000 + lo", 3, SK_REG_HI_LO, 0, 2, {12, 3456}, .expected = 123456},
    {"lo before hi", 3, SK_REG_HI_LO, WORDS, 2, {3456, 12}, .expected = 123456},
    {"scale and offset", 3, SK_REG_S16, 0, 1, {0xFF38}, .scale = 0.1, .offset = 5, .expected = -15},
    {"2^-9", 3, SK_REG_U16, 0, 1, {51200}, .scale = 1.0 / 512, .expected = 100},
    {"field", 3, SK_REG_FIELD, 0, 1, {0x4321}, .shift = 8, .width = 4, .expected = 3},
    {"field at the top", 3, SK_REG_FIELD, 0, 1, {0xF321}, .shift = 12, .width = 4, .expected = 15},
    {"field's sentinel",
     3,
     SK_REG_FIELD,
     0,
     1,
     {0xF321},
     .shift = 12,
     .width = 4,
     .sentinel = nibble15,
     .quality = SK_Q_NOT_CONNECTED,
     .reason = SK_WHY_SENTINEL,
     .no_value = true},
    {"one bit of a word", 3, SK_REG_BITS16, 0, 1, {0x0008}, .shift = 3, .width = 1, .expected = 1},
    {"the bit beside it", 3, SK_REG_BITS16, 0, 1, {0x0008}, .shift = 2, .width = 1, .expected = 0},
    {"bit 20 of two words", 3, SK_REG_BITS32, 0, 2, {0x0010, 0}, .shift = 20, .width = 1, .expected = 1},
    {"bit 20, CDAB", 3, SK_REG_BITS32, WORDS, 2, {0, 0x0010}, .shift = 20, .width = 1, .expected = 1},
    {"coil", 1, SK_REG_BIT, 0, 1, {1}, .expected = 1},
    {"input", 2, SK_REG_BIT, 0, 1, {0}, .expected = 0},
    {"three inputs as a number", 2, SK_REG_U16, 0, 3, {1, 0, 1}, .expected = 5},
    {"sentinel u16",
     3,
     SK_REG_U16,
     0,
     1,
     {0xFFFF},
     .sentinel = not_connected,
     .quality = SK_Q_NOT_CONNECTED,
     .reason = SK_WHY_SENTINEL,
     .no_value = true},
    {"beside the sentinel", 3, SK_REG_U16, 0, 1, {0xFFFD}, .sentinel = not_connected, .expected = 65533},
    {"sentinel written as a negative number",
     3,
     SK_REG_S16,
     0,
     1,
     {0x8000},
     .sentinel = minimum16,
     .quality = SK_Q_SENSOR_FAILURE,
     .reason = SK_WHY_SENTINEL,
     .no_value = true},
    {"sentinel u32 swapped",
     3,
     SK_REG_U32,
     WORDS,
     2,
     {0xFFFF, 0xFFFF},
     .sentinel = all_ones32,
     .quality = SK_Q_NOT_CONNECTED,
     .reason = SK_WHY_SENTINEL,
     .no_value = true},
    {"half a sentinel", 3, SK_REG_U32, 0, 2, {0xFFFF, 0xFFFE}, .sentinel = all_ones32, .expected = 4294967294.0},
    {"sentinel over range",
     3,
     SK_REG_S16,
     0,
     1,
     {0x7FFF},
     .sentinel = over,
     .quality = SK_Q_EU_EXCEEDED,
     .reason = SK_WHY_OVER_RANGE,
     .no_value = true},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(numbers); i++) {
        const struct number_row *row = &numbers[i];
        struct sk_profile_point point = fixture_point("p", row->function, 0, row->count);
        struct sk_modbus_value value;
        point.type = row->type;
        point.order = row->order;
        point.scale = row->scale != 0 ? row->scale : 1;
        point.offset = row->offset;
        point.shift = row->shift;
        point.width = row->width;
        point.sentinels = row->sentinel;
        point.sentinel_count = row->sentinel != NULL;
        sk_modbus_decode(&point, row->words, NULL, &value);
        uint8_t quality = row->quality != 0 ? row->quality : SK_Q_GOOD;
        if (value.quality != quality || value.reason != row->reason || value.has_value == row->no_value ||
            fabs(value.number - row->expected) > 1e-9)
            fail_msg("row '%s': got %.17g quality %u reason %u", row->name, value.number, value.quality, value.reason);
    }
}

static void test_range(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t word;
        uint8_t quality, reason;
    } rows[] = {
        {"lowest", 10, SK_Q_GOOD, SK_WHY_NONE},
        {"highest", 100, SK_Q_GOOD, SK_WHY_NONE},
        {"under", 9, SK_Q_EU_EXCEEDED, SK_WHY_UNDER_RANGE},
        {"over", 101, SK_Q_EU_EXCEEDED, SK_WHY_OVER_RANGE},
    };
    struct sk_profile_point point = fixture_point("p", 3, 0, 1);
    point.range_low = 10;
    point.range_high = 100;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_modbus_value value;
        sk_modbus_decode(&point, &rows[i].word, NULL, &value);
        sk_check(value.quality == rows[i].quality && value.reason == rows[i].reason, rows[i].name);
        sk_check(value.has_value && value.number > rows[i].word - 0.5 && value.number < rows[i].word + 0.5, rows[i].name);
    }
}

static void test_states(void **state)
{
    (void)state;
    static const struct sk_map_entry map[] = {{.raw = 3, .state = 1}, {.raw = -1, .state = 2}};
    struct sk_profile_point point = fixture_point("p", 3, 0, 1);
    struct sk_modbus_value value;
    point.kind = &fixture_state;
    point.type = SK_REG_S16;
    point.states = map;
    point.state_count = SK_COUNT(map);
    const uint16_t on = 3, tripped = 0xFFFF, unknown = 9;
    sk_modbus_decode(&point, &on, NULL, &value);
    assert_true(value.has_value && value.number > 0.5 && value.number < 1.5 && value.quality == SK_Q_GOOD);
    sk_modbus_decode(&point, &tripped, NULL, &value);
    assert_true(value.has_value && value.number > 1.5);
    sk_modbus_decode(&point, &unknown, NULL, &value);
    assert_false(value.has_value); /* never another state in its place */
    assert_true(value.quality == SK_Q_UNCERTAIN && value.reason == SK_WHY_ENUM);
}

static void test_flags(void **state)
{
    (void)state;
    static const struct sk_flag_bit bits[] = {
        {.bit = 0, .flag = 2}, {.bit = 17, .flag = 0}, {.bit = 5, .flag = 1, .inverted = true}};
    static const struct {
        const char *name;
        uint16_t words[2];
        double mask;
    } rows[] = {
        {"none but the inverted", {0, 0}, 2},
        {"all", {0x0002, 0x0001}, 7},
        {"inverted one is set", {0, 0x0020}, 0},
        {"unmapped bits", {0xFFFD, 0xFFFE}, 0},
    };
    struct sk_profile_point point = fixture_point("p", 3, 0, 2);
    point.kind = &fixture_flags;
    point.type = SK_REG_BITS32;
    point.flags = bits;
    point.flag_count = SK_COUNT(bits);
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_modbus_value value;
        sk_modbus_decode(&point, rows[i].words, NULL, &value);
        sk_check(fabs(value.number - rows[i].mask) < 0.5 && value.quality == SK_Q_GOOD, rows[i].name);
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t type, order;
        uint16_t count, words[4];
        const char *expected;
    } rows[] = {
        {"string", SK_REG_STRING, 0, 3, {0x5550, 0x5331, 0x3000}, "UPS10"},
        {"trailing spaces", SK_REG_STRING, 0, 3, {0x4120, 0x2020, 0x2020}, "A"},
        {"bytes swapped", SK_REG_STRING, BYTES, 2, {0x5055, 0x0053}, "UPS"},
        {"control characters", SK_REG_STRING, 0, 2, {0x411B, 0xFF42}, "A??B"},
        {"full", SK_REG_STRING, 0, 2, {0x4142, 0x4344}, "ABCD"},
        {"days since 2000", SK_REG_DAYS2000, 0, 1, {0}, "2000-01-01"},
        {"leap day", SK_REG_DAYS2000, 0, 1, {59}, "2000-02-29"},
        {"2026", SK_REG_DAYS2000, 0, 1, {9820}, "2026-11-20"},
        {"number as text", SK_REG_U16, 0, 1, {0x1234}, "4660"},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_profile_point point = fixture_point("p", 3, 0, rows[i].count);
        struct sk_modbus_value value;
        point.kind = &fixture_text;
        point.type = rows[i].type;
        point.order = rows[i].order;
        sk_modbus_decode(&point, rows[i].words, NULL, &value);
        if (strcmp(value.text, rows[i].expected) != 0)
            fail_msg("row '%s': got '%s'", rows[i].name, value.text);
    }
}

static void test_long_string(void **state)
{
    (void)state;
    uint16_t words[125];
    for (size_t i = 0; i < SK_COUNT(words); i++)
        words[i] = 0x4141;
    struct sk_profile_point point = fixture_point("p", 3, 0, SK_COUNT(words));
    struct sk_modbus_value value;
    point.kind = &fixture_text;
    point.type = SK_REG_STRING;
    sk_modbus_decode(&point, words, NULL, &value);
    assert_int_equal(strlen(value.text), SK_TEXT_VALUE - 1);
}

static void test_scale_from(void **state)
{
    (void)state;
    static const struct sk_map_entry map[] = {{.raw = 0, .scale = 1}, {.raw = 1, .scale = 5.0 / 9, .offset = -160.0 / 9}};
    struct sk_profile_point helper = fixture_point("x.unit", 3, 9, 1), point = fixture_point("p", 3, 0, 1);
    const uint16_t word = 680;
    struct sk_modbus_value value;
    helper.scale_map = map;
    helper.scale_map_count = SK_COUNT(map);
    point.scale = 0.1;
    sk_modbus_decode(&point, &word, sk_modbus_scale_find(&point, &helper, 1), &value);
    assert_true(fabs(value.number - 20) < 1e-9); /* 68 degrees Fahrenheit */
    sk_modbus_decode(&point, &word, sk_modbus_scale_find(&point, &helper, 0), &value);
    assert_true(fabs(value.number - 68) < 1e-9);
    assert_null(sk_modbus_scale_find(&point, &helper, 2));
}

static void test_exceptions(void **state)
{
    (void)state;
    static const struct {
        uint8_t exception, quality, reason;
    } rows[] = {
        {1, SK_Q_CONFIG_ERROR, SK_WHY_EXC_FUNCTION},
        {2, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS},
        {3, SK_Q_CONFIG_ERROR, SK_WHY_EXC_VALUE},
        {4, SK_Q_DEVICE_FAILURE, SK_WHY_EXC_FAILURE},
        {5, SK_Q_LAST_USABLE, SK_WHY_EXC_ACK},
        {6, SK_Q_LAST_USABLE, SK_WHY_EXC_BUSY},
        {10, SK_Q_COMM_NO_VALUE, SK_WHY_EXC_PATH},
        {11, SK_Q_COMM_NO_VALUE, SK_WHY_EXC_TARGET},
        {7, SK_Q_BAD, SK_WHY_EXC_OTHER},
        {0, SK_Q_BAD, SK_WHY_EXC_OTHER},
        {255, SK_Q_BAD, SK_WHY_EXC_OTHER},
    };
    uint8_t quality, reason;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        sk_modbus_exception_quality(rows[i].exception, true, &quality, &reason);
        assert_int_equal(quality, rows[i].quality);
        assert_int_equal(reason, rows[i].reason);
    }
    sk_modbus_exception_quality(6, false, &quality, &reason);
    assert_int_equal(quality, SK_Q_WAITING); /* there is no last value to use */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),    cmocka_unit_test(test_range),
                                       cmocka_unit_test(test_states),     cmocka_unit_test(test_flags),
                                       cmocka_unit_test(test_texts),      cmocka_unit_test(test_long_string),
                                       cmocka_unit_test(test_scale_from), cmocka_unit_test(test_exceptions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
