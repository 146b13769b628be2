/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reading and writing, clean text, integers and hex: boundary tables. */
#include "tests/unit/sk_test.h"

#include <stdbool.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/err.h"
#include "schemas/base/mem.h"

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    uint8_t buffer[64];
    struct sk_writer writer;
    sk_writer_init(&writer, buffer, sizeof buffer);
    sk_write_u8(&writer, 0xA5);
    sk_write_u16(&writer, 0x1234);
    sk_write_u32(&writer, 0xDEADBEEF);
    sk_write_u64(&writer, UINT64_MAX - 1);
    sk_write_i64(&writer, INT64_MIN);
    sk_write_f64(&writer, -2.5);
    sk_write_text(&writer, "扉");
    assert_false(writer.bad);
    assert_int_equal(buffer[1], 0x12); /* big-endian */
    struct sk_reader reader;
    char text[8];
    sk_reader_init(&reader, buffer, writer.length);
    assert_int_equal(sk_read_u8(&reader), 0xA5);
    assert_int_equal(sk_read_u16(&reader), 0x1234);
    assert_int_equal(sk_read_u32(&reader), 0xDEADBEEF);
    assert_true(sk_read_u64(&reader) == UINT64_MAX - 1);
    assert_true(sk_read_i64(&reader) == INT64_MIN);
    assert_true(sk_read_f64(&reader) == -2.5);
    sk_read_text(&reader, text, sizeof text);
    assert_string_equal(text, "扉");
    assert_true(sk_reader_done(&reader));
}

static void a_short_read_sticks(void **state)
{
    (void)state;
    struct sk_reader reader;
    sk_reader_init(&reader, "\1\2\3", 3);
    assert_int_equal(sk_read_u32(&reader), 0);
    assert_int_equal(sk_read_u8(&reader), 0); /* not 1: nothing is read after a failure */
    assert_false(sk_reader_done(&reader));
    sk_reader_init(&reader, "\1\2", 2);
    sk_read_u8(&reader);
    assert_false(sk_reader_done(&reader)); /* one byte is left over */
}

static void a_full_writer_sticks(void **state)
{
    (void)state;
    uint8_t buffer[3];
    struct sk_writer writer;
    sk_writer_init(&writer, buffer, sizeof buffer);
    sk_write_u32(&writer, 1);
    sk_write_u8(&writer, 1);
    assert_true(writer.bad);
    assert_int_equal(writer.length, 0);
}

static void integers_at_their_borders(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t low, high;
        bool good;
        int64_t value;
    } rows[] = {
        {"0", 0, 0, true, 0},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
        {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
        {"9223372036854775808", INT64_MIN, INT64_MAX, false, 0},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, false, 0},
        {"99999999999999999999", INT64_MIN, INT64_MAX, false, 0},
        {"10", 0, 9, false, 0},
        {"+1", 0, 9, false, 0},
        {" 1", 0, 9, false, 0},
        {"1 ", 0, 9, false, 0},
        {"", 0, 9, false, 0},
        {"-", -9, 9, false, 0},
        {"0x1", 0, 9, false, 0},
        {"007", 0, 9, true, 7},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        int64_t value = 0;
        sk_check(sk_int_read(rows[i].text, rows[i].low, rows[i].high, &value) == rows[i].good, rows[i].text);
        sk_check(value == rows[i].value, rows[i].text);
    }
}

static void text_is_clean_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        bool clean;
    } rows[] = {
        {"ascii", "abc", true},
        {"kanji", "漏水", true},
        {"tab", "a\tb", true},
        {"newline", "a\nb", false},
        {"escape", "\x1b[0m", false},
        {"delete", "\x7f", false},
        {"overlong", "\xc0\xaf", false},
        {"surrogate", "\xed\xa0\x80", false},
        {"c1", "\xc2\x85", false},
        {"cut", "\xe6\xbc", false},
        {"beyond", "\xf4\x90\x80\x80", false},
        {"last", "\xf4\x8f\xbf\xbf", true},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_text_is_clean(rows[i].bytes, strlen(rows[i].bytes), false) == rows[i].clean, rows[i].name);
}

static void copies_cut_at_a_character(void **state)
{
    (void)state;
    char to[6];
    assert_false(sk_text_copy(to, sizeof to, "漏水検知"));
    assert_string_equal(to, "漏");
    assert_true(sk_text_copy(to, sizeof to, "abcde"));
    struct sk_fault fault;
    char wide[SK_FAULT_TEXT + 8];
    for (size_t i = 0; i + 3 < sizeof wide; i += 3)
        memcpy(wide + i, "扉", 4);
    sk_fault_set(&fault, SK_ERR_PARSE, "x%s", wide);
    assert_true(sk_text_is_clean(fault.text, strlen(fault.text), false));
}

static void hex_both_ways(void **state)
{
    (void)state;
    uint8_t bytes[3];
    char text[7];
    assert_true(sk_hex_read(bytes, 3, "00fFa5"));
    sk_hex_write(text, bytes, 3);
    assert_string_equal(text, "00ffa5");
    assert_false(sk_hex_read(bytes, 3, "00ffa"));
    assert_false(sk_hex_read(bytes, 3, "00ffa50"));
    assert_false(sk_hex_read(bytes, 3, "00ffag"));
}

static void growth_has_a_ceiling(void **state)
{
    (void)state;
    size_t capacity = 0;
    int *items = NULL;
    for (size_t count = 0; count < 20; count++) {
        int *grown = sk_grow(items, count, &capacity, sizeof *items, 20);
        assert_non_null(grown);
        items = grown;
        items[count] = (int)count;
    }
    assert_null(sk_grow(items, 20, &capacity, sizeof *items, 20));
    sk_mem_fail_at(1);
    assert_null(sk_calloc(1, 1));
    sk_mem_fail_at(0);
    assert_null(sk_calloc(SIZE_MAX, 2));
    sk_free(items);
}

static void every_error_has_words(void **state)
{
    (void)state;
    for (int code = -22; code <= 0; code++) {
        assert_string_not_equal(sk_err_text((enum sk_err)code), "unknown error");
        assert_string_not_equal(sk_err_word((enum sk_err)code), "unknown");
    }
    assert_string_equal(sk_err_word(SK_ERR_NOT_FOUND), "not_found");
    assert_string_equal(sk_err_text((enum sk_err)1), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(a_short_read_sticks),
        cmocka_unit_test(a_full_writer_sticks),
        cmocka_unit_test(integers_at_their_borders),
        cmocka_unit_test(text_is_clean_or_not),
        cmocka_unit_test(copies_cut_at_a_character),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(growth_has_a_ceiling),
        cmocka_unit_test(every_error_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
