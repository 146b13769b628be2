/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded JSON writer, judged by cJSON's reading of it: numbers come back as the same double, texts as the same bytes, and
 * what does not fit marks the writer bad without a byte beyond the buffer. */
#include "schemas/base/json_write.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/json.h"
#include "tests/unit/sk_test.h"

static char buffer[4096];

static cJSON *read_back(const struct sk_json_writer *writer)
{
    cJSON *json = NULL;
    struct sk_fault fault = {0};
    if (writer->bad || sk_json_parse(writer->buffer, writer->length, &SK_JSON_PAYLOAD, &json, &fault) != SK_OK)
        fail_msg("not readable: %.*s (%s)", (int)writer->length, writer->buffer, fault.text);
    return json;
}

static double number_back(double number)
{
    struct sk_json_writer writer;
    sk_json_writer_init(&writer, buffer, sizeof buffer);
    sk_json_write_open(&writer, NULL, '[');
    sk_json_write_number(&writer, NULL, number);
    sk_json_write_close(&writer, ']');
    buffer[writer.length] = '\0';
    cJSON *json = cJSON_Parse(buffer); /* without our own scan: it refuses whole numbers beyond 2^53 */
    assert_non_null(json);
    const double back = cJSON_GetArrayItem(json, 0)->valuedouble;
    cJSON_Delete(json);
    return back;
}

static void numbers_read_back_as_the_same_double(void **state)
{
    static const double ROWS[] = {0,
                                  1,
                                  -1,
                                  0.1,
                                  -0.1,
                                  230.5,
                                  21.35,
                                  1e-6,
                                  1.5e-6,
                                  1e-7,
                                  1.0 / 3,
                                  DBL_MAX,
                                  -DBL_MAX,
                                  DBL_MIN,
                                  4.9e-324,
                                  1e15,
                                  1e16,
                                  1e21,
                                  1e22,
                                  123456789012345.6,
                                  9007199254740991.0,
                                  9007199254740992.0,
                                  9007199254740993.0,
                                  0.30000000000000004,
                                  65535,
                                  1e-5,
                                  99.999999,
                                  99.9999999};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++)
        if (number_back(ROWS[i]) != ROWS[i])
            fail_msg("%.17g came back as %.17g", ROWS[i], number_back(ROWS[i]));
}

/* Every double there is: bit patterns of a fixed sequence, and measured values of one to nine decimals. */
static void any_number_reads_back(void **state)
{
    uint64_t bits = UINT64_C(0x9E3779B97F4A7C15);
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double number;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&number, &bits, sizeof number);
        const double power = pow(10, (double)(bits % 9));
        const double measured = (double)((int64_t)(bits >> 20) % 100000000) / power;
        if (isfinite(number) && number_back(number) != number)
            fail_msg("%.17g came back as %.17g", number, number_back(number));
        if (number_back(measured) != measured)
            fail_msg("%.17g came back as %.17g", measured, number_back(measured));
    }
}

static void a_short_fraction_is_written_short(void **state)
{
    static const struct {
        double number;
        const char *text;
    } ROWS[] = {{230.5, "[230.5]"}, {-0.25, "[-0.25]"}, {0.000001, "[0.000001]"}, {-17, "[-17]"},  {0, "[0]"},
                {-0.0, "[0]"},      {100, "[100]"},     {0.05, "[0.05]"},         {NAN, "[null]"}, {INFINITY, "[null]"}};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        number_back(ROWS[i].number);
        sk_check(strcmp(buffer, ROWS[i].text) == 0, ROWS[i].text);
    }
}

static void texts_read_back_as_the_same_bytes(void **state)
{
    static const char *const ROWS[] = {"",         "plain",   "\"quoted\"",       "back\\slash", "line\nend\ttab\r\b\f",
                                       "\x01\x1f", "温度 °C", "\xF0\x9F\x94\x91", "/",           "\x7f"};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        struct sk_json_writer writer;
        sk_json_writer_init(&writer, buffer, sizeof buffer);
        sk_json_write_open(&writer, NULL, '{');
        sk_json_write_text(&writer, "a", ROWS[i]);
        sk_json_write_close(&writer, '}');
        cJSON *json = read_back(&writer);
        sk_check(strcmp(sk_json_text(sk_json_get(json, "a")), ROWS[i]) == 0, ROWS[i]);
        cJSON_Delete(json);
    }
}

static void nested_members(struct sk_json_writer *writer)
{
    sk_json_write_open(writer, NULL, '{');
    sk_json_write_null(writer, "a");
    sk_json_write_open(writer, "list", '[');
    sk_json_write_text(writer, NULL, "x");
    sk_json_write_bool(writer, NULL, true);
    sk_json_write_open(writer, NULL, '{');
    sk_json_write_close(writer, '}');
    sk_json_write_close(writer, ']');
    sk_json_write_time(writer, "t", INT64_C(1790000000000001));
    sk_json_write_time(writer, "never", 0);
    sk_json_write_text(writer, "nothing", NULL);
    sk_json_write_close(writer, '}');
}

static void commas_and_brackets(void **state)
{
    static const char expected[] = "{\"a\":null,\"list\":[\"x\",true,{}],\"t\":\"2026-09-21T14:13:20.000001Z\",\"never\":null,"
                                   "\"nothing\":\"\"}\n{";
    struct sk_json_writer writer;
    (void)state;
    sk_json_writer_init(&writer, buffer, sizeof buffer);
    nested_members(&writer);
    sk_json_write_newline(&writer);
    sk_json_write_open(&writer, NULL, '{'); /* a new line begins without a comma */
    assert_int_equal(writer.length, sizeof expected - 1);
    assert_memory_equal(buffer, expected, writer.length);
}

static void what_does_not_fit_is_bad_and_nothing_is_written_beyond(void **state)
{
    struct sk_json_writer writer;
    (void)state;
    sk_json_writer_init(&writer, buffer, sizeof buffer);
    nested_members(&writer);
    const size_t whole = writer.length;
    for (size_t capacity = 0; capacity <= whole; capacity++) {
        char *tight = malloc(capacity == 0 ? 1 : capacity); /* the sanitizer watches its end */
        sk_json_writer_init(&writer, tight, capacity);
        nested_members(&writer);
        assert_int_equal(writer.bad, capacity < whole);
        assert_true(writer.length <= capacity);
        free(tight);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_read_back_as_the_same_double),
        cmocka_unit_test(any_number_reads_back),
        cmocka_unit_test(a_short_fraction_is_written_short),
        cmocka_unit_test(texts_read_back_as_the_same_bytes),
        cmocka_unit_test(commas_and_brackets),
        cmocka_unit_test(what_does_not_fit_is_bad_and_nothing_is_written_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
