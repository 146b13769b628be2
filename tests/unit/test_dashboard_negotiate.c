/* SPDX-License-Identifier: Apache-2.0 */
/* Accept-Encoding and If-None-Match, row by row. */
#include "dashboard-api/negotiate.h"
#include "tests/unit/sk_test.h"

static void test_coding(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool taken;
    } rows[] = {
        {NULL, false},          {"", false},
        {"zstd", true},         {"gzip, deflate, br, zstd", true},
        {"ZSTD", true},         {"gzip,zstd;q=0.5", true},
        {"zstd;q=0", false},    {"zstd; q=0.000", false},
        {"zstd;q=0.001", true}, {"gzip", false},
        {"zstdx", false},       {"xzstd", false},
        {"*", false},           {"identity;q=1, *;q=0", false},
        {"gzip;zstd", false},   {" \tzstd ", true},
        {"zstd;q=0 ,x", false}, {",,zstd", true},
        {"zstd;level=1", true},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_accepts_coding(rows[i].field, "zstd") == rows[i].taken, rows[i].field ? rows[i].field : "none");
}

static void test_tag(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool matches;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"\"a-1\"", true},
        {"W/\"a-1\"", true},
        {"\"b\", W/\"a-1\"", true},
        {"\"b,\", \"a-1\"", true},
        {"*", true},
        {"\"a-11\"", false},
        {"\"a-\"", false},
        {"a-1", false},
        {"\"b\"", false},
        {"\"x \"a-1\"", false},
        {"\"b\" \"a-1\"", false},
        {"\"unended", false},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_matches_tag(rows[i].field, "\"a-1\"") == rows[i].matches, rows[i].field ? rows[i].field : "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_coding), cmocka_unit_test(test_tag)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
