/* SPDX-License-Identifier: Apache-2.0 */
/* MBAP frames: what leaves, and what is taken for an answer. Frames are written out from the specification. */
#include <string.h>

#include "drivers/modbus/mbap.h"
#include "tests/unit/sk_test.h"

static const struct sk_mbap_request asked = {
    .transaction = 0x1234, .unit = 7, .function = SK_MODBUS_HOLDING, .address = 0x0102, .count = 2};

static void test_request(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x12, 0x34, 0, 0, 0, 6, 7, 3, 0x01, 0x02, 0, 2};
    uint8_t bytes[SK_MBAP_REQUEST_SIZE];
    sk_mbap_encode(&asked, bytes);
    assert_memory_equal(bytes, expected, sizeof(expected));
}

static void test_frame_size(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t head[6];
        size_t size;
    } rows[] = {
        {"smallest", {1, 2, 0, 0, 0, 3}, 9},       {"largest", {1, 2, 0, 0, 0, 254}, 260},
        {"too small", {1, 2, 0, 0, 0, 2}, 0},      {"too large", {1, 2, 0, 0, 0, 255}, 0},
        {"much too large", {1, 2, 0, 0, 1, 3}, 0}, {"not Modbus", {1, 2, 0, 1, 0, 3}, 0},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_mbap_frame_size(rows[i].head) == rows[i].size, rows[i].name);
}

static void test_match(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;
        uint8_t frame[16];
        enum sk_mbap_fit fit;
    } rows[] = {
        {"answer", 13, {0x12, 0x34, 0, 0, 0, 7, 7, 3, 4, 0, 1, 0, 2}, SK_MBAP_ANSWER},
        {"exception", 9, {0x12, 0x34, 0, 0, 0, 3, 7, 0x83, 2}, SK_MBAP_EXCEPTION},
        {"other transaction", 13, {0x12, 0x35, 0, 0, 0, 7, 7, 3, 4, 0, 1, 0, 2}, SK_MBAP_FOREIGN},
        {"other unit", 13, {0x12, 0x34, 0, 0, 0, 7, 8, 3, 4, 0, 1, 0, 2}, SK_MBAP_FOREIGN},
        {"other function", 13, {0x12, 0x34, 0, 0, 0, 7, 7, 4, 4, 0, 1, 0, 2}, SK_MBAP_FOREIGN},
        {"fewer bytes", 11, {0x12, 0x34, 0, 0, 0, 5, 7, 3, 2, 0, 1}, SK_MBAP_FOREIGN},
        {"byte count lies", 13, {0x12, 0x34, 0, 0, 0, 7, 7, 3, 6, 0, 1, 0, 2}, SK_MBAP_FOREIGN},
        {"length lies", 13, {0x12, 0x34, 0, 0, 0, 8, 7, 3, 4, 0, 1, 0, 2}, SK_MBAP_FOREIGN},
        {"exception of another function", 9, {0x12, 0x34, 0, 0, 0, 3, 7, 0x84, 2}, SK_MBAP_FOREIGN},
        {"exception with more", 10, {0x12, 0x34, 0, 0, 0, 4, 7, 0x83, 2, 0}, SK_MBAP_FOREIGN},
        {"protocol", 13, {0x12, 0x34, 0, 1, 0, 7, 7, 3, 4, 0, 1, 0, 2}, SK_MBAP_FOREIGN},
        {"short", 8, {0x12, 0x34, 0, 0, 0, 2, 7, 3}, SK_MBAP_FOREIGN},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        uint8_t exception = 0;
        sk_check(sk_mbap_match(&asked, rows[i].frame, rows[i].size, &exception) == rows[i].fit, rows[i].name);
        sk_check(exception == (rows[i].fit == SK_MBAP_EXCEPTION ? 2 : 0), rows[i].name);
    }
}

static void test_words(void **state)
{
    (void)state;
    static const uint8_t registers[] = {0x12, 0x34, 0, 0, 0, 7, 7, 3, 4, 0xAB, 0xCD, 0, 2};
    static const uint8_t bits[] = {0x12, 0x34, 0, 0, 0, 5, 7, 1, 2, 0x05, 0x02};
    const struct sk_mbap_request coils = {.transaction = 0x1234, .unit = 7, .function = SK_MODBUS_COILS, .count = 10};
    uint8_t exception;
    uint16_t words[10];
    sk_mbap_words(&asked, registers, words);
    assert_true(words[0] == 0xABCD && words[1] == 2);
    assert_int_equal(sk_mbap_match(&coils, bits, sizeof(bits), &exception), SK_MBAP_ANSWER);
    sk_mbap_words(&coils, bits, words);
    static const uint16_t expected[] = {1, 0, 1, 0, 0, 0, 0, 0, 0, 1};
    assert_memory_equal(words, expected, sizeof(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_request), cmocka_unit_test(test_frame_size),
                                       cmocka_unit_test(test_match), cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
