/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON: what is refused and with which words, what is accepted, and that an allocation failing anywhere is survived. */
#include "tests/unit/sk_test.h"

#include <stdbool.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/base/mem.h"

static void refuses_what_cjson_would_take(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"{\"a\":1,\"a\":2}", "twice"},
        {"{\"a\":1,\"\\u0061\":2}", "twice"},
        {"[{\"a\":1},{\"a\":1}] x", "follows"},
        {"1e999", "double"},
        {"[9007199254740993]", "2^53"},
        {"\"\\u0000\"", "u0000"},
        {"\"\\ud800\"", "surrogate"},
        {"\"\\udc00\"", "surrogate"},
        {"\"a\nb\"", "control"},
        {"[1,]", "expected a value"},
        {"{\"a\" 1}", "':'"},
        {"{a:1}", "double quotes"},
        {"", "expected a value"},
        {"// c\n1", "expected a value"},
        {"\xff", "UTF-8"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "deeply"},
        {"01", "follows"},
        {"-", "expected a value"},
        {"1.", "decimal"},
        {"1e", "exponent"},
        {"\"abc", "never closed"},
        {"[1\n,\n  }", "line 3, column 3"},
        {"tru", "expected a value"},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        cJSON *json = NULL;
        struct sk_fault fault = {0};
        sk_check(sk_json_parse(rows[i].text, strlen(rows[i].text), &SK_JSON_REQUEST, &json, &fault) != SK_OK, rows[i].text);
        if (strstr(fault.text, rows[i].words) == NULL)
            fail_msg("row '%s': expected '%s' in '%s'", rows[i].text, rows[i].words, fault.text);
    }
}

static void accepts_and_reads(void **state)
{
    (void)state;
    static const char text[] = "/* c */ {\"a\":{\"b\":[1,{\"c\":\"x\"}]}, // d\n \"big\":\"18446744073709551615\", \"n\":-7}";
    cJSON *json = NULL;
    struct sk_fault fault;
    assert_int_equal(sk_json_parse(text, strlen(text), &SK_JSON_FILE, &json, &fault), SK_OK);
    assert_string_equal(sk_json_text(sk_json_path(json, "a.b.1.c")), "x");
    assert_null(sk_json_path(json, "a.b.2.c"));
    assert_null(sk_json_path(json, "a.b.x"));
    uint64_t big = 0;
    int64_t n = 0;
    assert_true(sk_json_u64(sk_json_get(json, "big"), &big));
    assert_true(big == UINT64_MAX);
    assert_false(sk_json_i64(sk_json_get(json, "big"), &n));
    assert_true(sk_json_i64(sk_json_get(json, "n"), &n));
    assert_int_equal(n, -7);
    assert_false(sk_json_u64(sk_json_get(json, "n"), &big));
    cJSON_Delete(json);
}

static void comment_marks_in_strings_stay(void **state)
{
    (void)state;
    static const char text[] = "{\"url\":\"https://x/*y*/\\\"//\"}";
    cJSON *json = NULL;
    struct sk_fault fault;
    assert_int_equal(sk_json_parse(text, strlen(text), &SK_JSON_FILE, &json, &fault), SK_OK);
    assert_string_equal(sk_json_text(sk_json_get(json, "url")), "https://x/*y*/\"//");
    cJSON_Delete(json);
    assert_int_equal(sk_json_parse("1 /* x", 6, &SK_JSON_FILE, &json, &fault), SK_ERR_PARSE);
}

static void counts_members(void **state)
{
    (void)state;
    static const struct sk_json_limits three = {.bytes = 100, .depth = 3, .members = 3};
    cJSON *json = NULL;
    struct sk_fault fault;
    assert_int_equal(sk_json_parse("[1,2,3]", 7, &three, &json, &fault), SK_OK);
    cJSON_Delete(json);
    assert_int_equal(sk_json_parse("[1,2,3,4]", 9, &three, &json, &fault), SK_ERR_TOO_LONG);
    assert_int_equal(sk_json_parse("[1,2,3,4]", 101, &three, &json, &fault), SK_ERR_TOO_LONG);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"b\":[{\"c\":2},{\"d\":{\"e\":3}}]}";
    struct sk_fault fault;
    for (unsigned long n = 1; n < 20; n++) {
        cJSON *json = NULL;
        sk_mem_fail_at(n);
        enum sk_err err = sk_json_parse(text, strlen(text), &SK_JSON_FILE, &json, &fault);
        sk_mem_fail_at(0);
        assert_true(err == SK_OK || err == SK_ERR_NOMEM);
        assert_true((err == SK_OK) == (json != NULL));
        cJSON_Delete(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_cjson_would_take),    cmocka_unit_test(accepts_and_reads),
        cmocka_unit_test(comment_marks_in_strings_stay),    cmocka_unit_test(counts_members),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
