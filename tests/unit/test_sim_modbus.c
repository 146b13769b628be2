/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's Modbus bytes against the specification's own examples, and values against hand-made register words. */
#include "tests/unit/sk_test.h"

#include <math.h>
#include <string.h>

#include "sim/modbus_codec.h"
#include "sim/registers.h"

static void test_tcp_requests(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[16];
        size_t length;
        enum sim_parse wanted;
        uint8_t function, exception;
    } ROWS[] = {
        {"read holding", {0, 7, 0, 0, 0, 6, 1, 3, 0, 0x6B, 0, 3}, 12, SIM_PARSE_OK, 3, 0},
        {"one byte short", {0, 7, 0, 0, 0, 6, 1, 3, 0, 0x6B, 0, 3}, 11, SIM_PARSE_NEED_MORE, 0, 0},
        {"header only", {0, 7, 0, 0, 0, 6, 1}, 7, SIM_PARSE_NEED_MORE, 0, 0},
        {"other protocol", {0, 7, 0, 1, 0, 6, 1, 3, 0, 0, 0, 1}, 12, SIM_PARSE_BROKEN, 0, 0},
        {"length too small", {0, 7, 0, 0, 0, 1, 1}, 7, SIM_PARSE_BROKEN, 0, 0},
        {"length too large", {0, 7, 0, 0, 1, 0, 1, 3}, 8, SIM_PARSE_BROKEN, 0, 0},
        {"write refused", {0, 7, 0, 0, 0, 6, 1, 6, 0, 0, 0, 1}, 12, SIM_PARSE_OK, 6, 1},
        {"count zero", {0, 7, 0, 0, 0, 6, 1, 3, 0, 0, 0, 0}, 12, SIM_PARSE_OK, 3, 3},
        {"126 registers", {0, 7, 0, 0, 0, 6, 1, 4, 0, 0, 0, 126}, 12, SIM_PARSE_OK, 4, 3},
        {"2000 bits", {0, 7, 0, 0, 0, 6, 1, 1, 0, 0, 7, 0xD0}, 12, SIM_PARSE_OK, 1, 0},
        {"2001 bits", {0, 7, 0, 0, 0, 6, 1, 2, 0, 0, 7, 0xD1}, 12, SIM_PARSE_OK, 2, 3},
        {"beyond the last address", {0, 7, 0, 0, 0, 6, 1, 3, 0xFF, 0xFF, 0, 2}, 12, SIM_PARSE_OK, 3, 2},
        {"bytes too many", {0, 7, 0, 0, 0, 7, 1, 3, 0, 0, 0, 1, 9}, 13, SIM_PARSE_OK, 3, 3},
    };
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        struct sim_request request = {0};
        size_t used = 0;
        sk_check(sim_tcp_parse(ROWS[i].bytes, ROWS[i].length, &request, &used) == ROWS[i].wanted, ROWS[i].name);
        if (ROWS[i].wanted == SIM_PARSE_OK) {
            sk_check(used == ROWS[i].length && request.transaction == 7 && request.unit == 1, ROWS[i].name);
            sk_check(request.function == ROWS[i].function && request.exception == ROWS[i].exception, ROWS[i].name);
        }
    }
}

static void test_rtu(void **state)
{
    (void)state;
    /* 02 07 -> 41 12 is the checksum example of the serial line guide, appendix B */
    const uint8_t example[] = {0x02, 0x07};
    assert_int_equal(sim_crc16(example, sizeof example), 0x1241);
    uint8_t bytes[8] = {0x11, 3, 0, 0x6B, 0, 3, 0x76, 0x87};
    struct sim_request request = {0};
    size_t used = 0;
    assert_int_equal(sim_rtu_parse(bytes, 7, &request, &used), SIM_PARSE_NEED_MORE);
    assert_int_equal(sim_rtu_parse(bytes, 8, &request, &used), SIM_PARSE_OK);
    assert_int_equal(request.unit, 0x11);
    assert_int_equal(request.address, 0x6B);
    bytes[7] ^= 1;
    assert_int_equal(sim_rtu_parse(bytes, 8, &request, &used), SIM_PARSE_BROKEN);
}

static void test_answers(void **state)
{
    (void)state;
    uint8_t pdu[SIM_PDU_MAX], frame[SIM_FRAME_MAX];
    const struct sim_request words = {.transaction = 7, .unit = 1, .function = 3, .count = 3};
    const uint16_t values[] = {0x022B, 0, 0x64};
    const uint8_t wanted[] = {3, 6, 2, 0x2B, 0, 0, 0, 0x64}; /* the specification's example of function 3 */
    assert_int_equal(sim_pdu_answer(&words, values, pdu), sizeof wanted);
    assert_memory_equal(pdu, wanted, sizeof wanted);
    const struct sim_request bits = {.function = 1, .count = 10};
    const uint16_t coils[] = {1, 0, 1, 1, 0, 0, 1, 1, 1, 0};
    const uint8_t packed[] = {1, 2, 0xCD, 0x01};
    assert_int_equal(sim_pdu_answer(&bits, coils, pdu), sizeof packed);
    assert_memory_equal(pdu, packed, sizeof packed);
    assert_int_equal(sim_pdu_exception(&words, 2, pdu), 2);
    const uint8_t refused[] = {0, 7, 0, 0, 0, 3, 1, 0x83, 2};
    assert_int_equal(sim_tcp_frame(7, 1, pdu, 2, frame), sizeof refused);
    assert_memory_equal(frame, refused, sizeof refused);
}

static void test_encoding(void **state)
{
    static const struct sk_point_kind NUMBER = {.kind = SK_KIND_NUMBER}, STATE = {.kind = SK_KIND_STATE},
                                      FLAGS = {.kind = SK_KIND_FLAGS}, TEXT = {.kind = SK_KIND_TEXT};
    static const struct sk_map_entry STATES[] = {{.raw = 7, .state = 0}, {.raw = 9, .state = 1}};
    static const struct sk_flag_bit BITS[] = {{.bit = 1, .flag = 0}, {.bit = 3, .flag = 1, .inverted = true}};
    static const struct sk_sentinel NONE[] = {{.raw = 0xFFFF}};
#define POINT(...)                                                                                                             \
    {                                                                                                                          \
        .scale_from = -1, __VA_ARGS__                                                                                          \
    } /* scale 0: none */
    static const struct {
        const char *name;
        struct sk_profile_point point;
        struct sk_plant_value value;
        unsigned count;
        uint16_t words[4];
    } ROWS[] = {
        {"u16 scaled", POINT(.kind = &NUMBER, .type = SK_REG_U16, .scale = 0.1), {.number = 23.4}, 1, {234}},
        {"u16 below zero stays zero", POINT(.kind = &NUMBER, .type = SK_REG_U16), {.number = -5}, 1, {0}},
        {"u16 above stays at the end", POINT(.kind = &NUMBER, .type = SK_REG_U16), {.number = 1e9}, 1, {0xFFFF}},
        {"s16 negative", POINT(.kind = &NUMBER, .type = SK_REG_S16, .scale = 0.1), {.number = -12.5}, 1, {0xFF83}},
        {"u16 offset", POINT(.kind = &NUMBER, .type = SK_REG_U16, .scale = 1, .offset = -40), {.number = 10}, 1, {50}},
        {"u32", POINT(.kind = &NUMBER, .type = SK_REG_U32), {.number = 0x12345678}, 2, {0x1234, 0x5678}},
        {"u32 words swapped",
         POINT(.kind = &NUMBER, .type = SK_REG_U32, .order = SK_ORDER_WORDS_SWAPPED),
         {.number = 0x12345678},
         2,
         {0x5678, 0x1234}},
        {"u32 bytes swapped",
         POINT(.kind = &NUMBER, .type = SK_REG_U32, .order = SK_ORDER_BYTES_SWAPPED),
         {.number = 0x12345678},
         2,
         {0x3412, 0x7856}},
        {"s32 negative", POINT(.kind = &NUMBER, .type = SK_REG_S32), {.number = -2}, 2, {0xFFFF, 0xFFFE}},
        {"f32", POINT(.kind = &NUMBER, .type = SK_REG_F32), {.number = 1.5}, 2, {0x3FC0, 0}},
        {"f64", POINT(.kind = &NUMBER, .type = SK_REG_F64), {.number = 1.5}, 4, {0x3FF8, 0, 0, 0}},
        {"hi_lo", POINT(.kind = &NUMBER, .type = SK_REG_HI_LO), {.number = 123456}, 2, {12, 3456}},
        {"field", POINT(.kind = &NUMBER, .type = SK_REG_FIELD, .shift = 4, .width = 4), {.number = 5}, 1, {0x50}},
        {"state", POINT(.kind = &STATE, .type = SK_REG_U16, .states = STATES, .state_count = 2), {.number = 1}, 1, {9}},
        {"state in a field",
         POINT(.kind = &STATE, .type = SK_REG_FIELD, .shift = 12, .width = 4, .states = STATES, .state_count = 2),
         {.number = 0},
         1,
         {0x7000}},
        {"flags, one inverted",
         POINT(.kind = &FLAGS, .type = SK_REG_BITS16, .flags = BITS, .flag_count = 2),
         {.number = 1},
         1,
         {0x000A}},
        {"flags, inverted off",
         POINT(.kind = &FLAGS, .type = SK_REG_BITS16, .flags = BITS, .flag_count = 2),
         {.number = 2},
         1,
         {0x0000}},
        {"text", POINT(.kind = &TEXT, .type = SK_REG_STRING, .count = 3), {.text = "SIM-1"}, 3, {0x5349, 0x4D2D, 0x3100}},
        {"days", POINT(.kind = &TEXT, .type = SK_REG_DAYS2000), {.text = "2000-03-01"}, 1, {60}},
        {"no value",
         POINT(.kind = &NUMBER, .type = SK_REG_U16, .sentinels = NONE, .sentinel_count = 1),
         {.missing = true},
         1,
         {0xFFFF}},
    };
    (void)state;
    const struct sk_profile profile = {0};
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        uint16_t words[32] = {0};
        sk_check(sim_register_encode(&profile, &ROWS[i].point, &ROWS[i].value, words) == ROWS[i].count, ROWS[i].name);
        sk_check(memcmp(words, ROWS[i].words, ROWS[i].count * sizeof words[0]) == 0, ROWS[i].name);
    }
}

static void test_ring(void **state)
{
    (void)state;
    const struct sk_ring_profile profile = {
        .present = true, .function = 3, .epoch = 0, .head = 2, .tail = 4, .ring = 100, .entries = 4, .entry_words = 24};
    const struct sk_reader_info readers[] = {{.id = "r", .address = 6}};
    struct sk_door_info doors[] = {{.id = "d", .address = 5, .readers = readers, .reader_count = 1}};
    const struct sk_site site = {.doors = doors, .door_count = 1};
    struct sim_ring *ring = NULL;
    assert_int_equal(sim_ring_create(&profile, 0x10002, &ring), SK_OK);
    for (uint64_t seq = 1; seq <= 6; seq++) {
        const struct sk_plant_event event = {.ev = SK_EV_ACC_DENIED,
                                             .reason = SK_DENY_EXPIRED,
                                             .decision = 2,
                                             .factors = 1,
                                             .seq = seq,
                                             .card = {0xAB, 0xCD, 0xEF},
                                             .card_length = 3};
        sim_ring_put(ring, &site, &event, INT64_C(1700000000123000));
    }
    static const struct {
        const char *name;
        uint16_t address, wanted;
    } ROWS[] = {{"epoch high", 0, 1},
                {"epoch low", 1, 2},
                {"head", 3, 7},
                {"tail", 5, 3},
                {"seq of entry 6 mod 4", 151, 6},
                {"ms", 154, 123},
                {"event", 155, 0x0104},
                {"reason", 156, 3},
                {"door", 157, 5},
                {"reader", 158, 6},
                {"decision", 159, 0x0200},
                {"factors", 160, 1},
                {"length", 161, 3},
                {"card", 162, 0xABCD},
                {"card end", 163, 0xEF00}};
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        sk_check(sim_ring_owns(ring, 3, ROWS[i].address), ROWS[i].name);
        sk_check(sim_ring_word(ring, ROWS[i].address) == ROWS[i].wanted, ROWS[i].name);
    }
    assert_false(sim_ring_owns(ring, 4, 0));
    assert_false(sim_ring_owns(ring, 3, 196));
    sim_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tcp_requests), cmocka_unit_test(test_rtu),
                                       cmocka_unit_test(test_answers), cmocka_unit_test(test_encoding),
                                       cmocka_unit_test(test_ring)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
