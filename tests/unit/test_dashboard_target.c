/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets: what is taken and how it comes apart, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dashboard-api/target.h"

static const struct {
    const char *name, *raw;
    enum sk_err err;
    const char *segments; /* joined by '|' */
    const char *params;   /* "name=value" joined by '|' */
} rows[] = {
    {"root", "/", SK_OK, "", ""},
    {"root with query", "/?a=b", SK_OK, "", "a=b"},
    {"path", "/api/v1/points", SK_OK, "api|v1|points", ""},
    {"point name", "/api/v1/points/ups1/battery.charge", SK_OK, "api|v1|points|ups1|battery.charge", ""},
    {"escapes", "/%61%20b", SK_OK, "a b", ""},
    {"utf-8 in escapes", "/%E9%96%A2", SK_OK, "\xE9\x96\xA2", ""},
    {"parameters", "/e?door=d1&limit=50", SK_OK, "e", "door=d1|limit=50"},
    {"plus stands for itself", "/e?since=2026-11-20T12:00:00+09:00", SK_OK, "e", "since=2026-11-20T12:00:00+09:00"},
    {"value with =", "/e?a=b=c", SK_OK, "e", "a=b=c"},
    {"parameter without =", "/e?a", SK_OK, "e", "a="},
    {"encoded & stays in the value", "/e?a=b%26c=d", SK_OK, "e", "a=b&c=d"},
    {"eight segments", "/1/2/3/4/5/6/7/8", SK_OK, "1|2|3|4|5|6|7|8", ""},
    {"nine segments", "/1/2/3/4/5/6/7/8/9", SK_ERR_TOO_LONG, NULL, NULL},
    {"17 parameters", "/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", SK_ERR_TOO_LONG, NULL, NULL},
    {"empty", "", SK_ERR_PARSE, NULL, NULL},
    {"no slash", "api", SK_ERR_PARSE, NULL, NULL},
    {"absolute form", "https://x/", SK_ERR_PARSE, NULL, NULL},
    {"empty segment", "/a//b", SK_ERR_PARSE, NULL, NULL},
    {"trailing slash", "/a/", SK_ERR_PARSE, NULL, NULL},
    {"dot", "/a/./b", SK_ERR_PARSE, NULL, NULL},
    {"dots", "/../a", SK_ERR_PARSE, NULL, NULL},
    {"encoded dots", "/%2e%2E/a", SK_ERR_PARSE, NULL, NULL},
    {"encoded slash", "/a%2fb", SK_ERR_PARSE, NULL, NULL},
    {"encoded backslash", "/a%5Cb", SK_ERR_PARSE, NULL, NULL},
    {"backslash", "/a\\b", SK_ERR_PARSE, NULL, NULL},
    {"encoded NUL", "/a%00b", SK_ERR_PARSE, NULL, NULL},
    {"encoded NUL in value", "/a?b=%00", SK_ERR_PARSE, NULL, NULL},
    {"encoded newline", "/a?b=%0a", SK_ERR_PARSE, NULL, NULL},
    {"encoded tab", "/a?b=%09", SK_ERR_PARSE, NULL, NULL},
    {"broken escape", "/%4", SK_ERR_PARSE, NULL, NULL},
    {"no hex", "/%zz", SK_ERR_PARSE, NULL, NULL},
    {"broken utf-8", "/%ff", SK_ERR_PARSE, NULL, NULL},
    {"raw utf-8", "/\xE9\x96\xA2", SK_ERR_PARSE, NULL, NULL},
    {"space", "/a b", SK_ERR_PARSE, NULL, NULL},
    {"fragment", "/a#b", SK_ERR_PARSE, NULL, NULL},
    {"twice", "/?a=1&a=2", SK_ERR_PARSE, NULL, NULL},
    {"twice by escape", "/?a=1&%61=2", SK_ERR_PARSE, NULL, NULL},
    {"without name", "/?=1", SK_ERR_PARSE, NULL, NULL},
    {"empty pair", "/?a=1&&b=2", SK_ERR_PARSE, NULL, NULL},
    {"lone question mark", "/?", SK_ERR_PARSE, NULL, NULL},
};

static void join(char *to, const struct sk_target *target, bool params)
{
    to[0] = '\0';
    for (size_t i = 0; i < (params ? target->param_count : target->segment_count); i++) {
        if (i > 0)
            strcat(to, "|");
        strcat(to, params ? target->params[i].name : target->segments[i]);
        if (params)
            strcat(strcat(to, "="), target->params[i].value);
    }
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sk_target target;
        struct sk_fault fault = {0};
        char joined[SK_TARGET_MAX * 2];
        /* an exact copy on the heap, so that a read behind the end is found */
        size_t length = strlen(rows[i].raw);
        char *raw = malloc(length + (length == 0));
        memcpy(raw, rows[i].raw, length);
        enum sk_err err = sk_target_parse(raw, length, &target, &fault);
        free(raw);
        if (err != rows[i].err)
            fail_msg("%s: got %d, expected %d (%s)", rows[i].name, err, rows[i].err, fault.text);
        if (err != SK_OK) {
            assert_true(fault.text[0] != '\0');
            continue;
        }
        join(joined, &target, false);
        assert_string_equal(joined, rows[i].segments);
        join(joined, &target, true);
        assert_string_equal(joined, rows[i].params);
    }
}

static void test_longest(void **state)
{
    (void)state;
    static char raw[SK_TARGET_MAX + 2];
    struct sk_target target;
    memset(raw, 'a', sizeof raw);
    raw[0] = '/';
    assert_int_equal(sk_target_parse(raw, SK_TARGET_MAX, &target, NULL), SK_OK);
    assert_int_equal(strlen(target.segments[0]), SK_TARGET_MAX - 1);
    assert_int_equal(sk_target_parse(raw, SK_TARGET_MAX + 1, &target, NULL), SK_ERR_TOO_LONG);
}

static void test_parameters(void **state)
{
    (void)state;
    struct sk_target target;
    assert_int_equal(sk_target_parse("/e?door=d1&limit=5", 18, &target, NULL), SK_OK);
    assert_string_equal(sk_target_param(&target, "door"), "d1");
    assert_null(sk_target_param(&target, "doo"));
    assert_null(sk_target_unknown(&target, "limit cursor door"));
    assert_string_equal(sk_target_unknown(&target, "limit doors"), "door");
    assert_string_equal(sk_target_unknown(&target, ""), "door");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_longest),
                                       cmocka_unit_test(test_parameters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
