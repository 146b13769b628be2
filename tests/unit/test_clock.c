/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 both ways at its borders, and zones against moments known from the tz database's own documentation. */
#include "tests/unit/sk_test.h"

#include <stdbool.h>
#include <string.h>

#include "schemas/base/clock.h"

static void formats_and_parses(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {INT64_C(951782400000001), "2000-02-29T00:00:00.000001Z"},
        {INT64_C(4107542399999999), "2100-02-28T23:59:59.999999Z"},
        {INT64_C(1795177860123456), "2026-11-20T12:31:00.123456Z"},
        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        char text[SK_TIME_TEXT];
        int64_t back = -1;
        sk_time_format(text, rows[i].us);
        assert_string_equal(text, rows[i].text);
        sk_check(sk_time_parse(text, &back) && back == rows[i].us, rows[i].text);
    }
}

static void parses_offsets_and_refuses_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t us;
    } rows[] = {
        {"2026-01-01T09:00:00+09:00", true, INT64_C(1767225600000000)},
        {"2026-01-01T00:00:00.5Z", true, INT64_C(1767225600500000)},
        {"2026-02-29T00:00:00Z", false, 0},
        {"2026-13-01T00:00:00Z", false, 0},
        {"2026-01-01T24:00:00Z", false, 0},
        {"2026-01-01T00:00:60Z", false, 0},
        {"2026-01-01 00:00:00Z", false, 0},
        {"2026-01-01T00:00:00", false, 0},
        {"2026-01-01T00:00:00.1234567Z", false, 0},
        {"2026-01-01T00:00:00.Z", false, 0},
        {"2026-01-01T00:00:00+9:00", false, 0},
        {"2026-01-01T00:00:00Zx", false, 0},
        {"1969-12-31T23:59:59Z", false, 0},
        {"1970-01-01T00:00:00+09:00", false, 0},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        int64_t us = 0;
        sk_check(sk_time_parse(rows[i].text, &us) == rows[i].good, rows[i].text);
        sk_check(us == rows[i].us, rows[i].text);
    }
}

static void zones_know_their_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *moment;
        int32_t offset_s;
    } rows[] = {
        {"Asia/Tokyo", "2026-07-01T00:00:00Z", 32400},
        {"Asia/Tokyo", "2090-07-01T00:00:00Z", 32400},
        {"Etc/UTC", "2026-07-01T00:00:00Z", 0},
        {"Europe/Berlin", "2026-03-29T00:59:59Z", 3600},
        {"Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
        {"Europe/Berlin", "2060-07-01T00:00:00Z", 7200},
        {"America/New_York", "2026-11-01T05:59:59Z", -14400},
        {"America/New_York", "2026-11-01T06:00:00Z", -18000},
        {"Australia/Sydney", "2070-01-15T00:00:00Z", 39600},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_zone *zone = NULL;
        struct sk_fault fault = {0};
        int64_t us = 0;
        assert_true(sk_time_parse(rows[i].moment, &us));
        if (sk_zone_load(rows[i].zone, &zone, &fault) != SK_OK)
            fail_msg("%s", fault.text);
        int32_t offset = sk_zone_offset_s(zone, us);
        if (offset != rows[i].offset_s)
            fail_msg("%s at %s: expected %d, got %d", rows[i].zone, rows[i].moment, rows[i].offset_s, offset);
        sk_zone_free(zone);
    }
}

static void refuses_strange_zone_names(void **state)
{
    (void)state;
    static const char *const names[] = {"", "/etc/passwd", "../../etc/passwd", "Asia/Tokyo x", "No/Such"};
    for (size_t i = 0; i < SK_COUNT(names); i++) {
        struct sk_zone *zone = NULL;
        struct sk_fault fault;
        sk_check(sk_zone_load(names[i], &zone, &fault) != SK_OK && zone == NULL, names[i]);
    }
}

static void steps_are_told_from_time_that_passes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t utc_moved_us, mono_moved_us, step_us;
    } rows[] = {
        {"time passes", 60000000, 60000000, 0},        {"slewed", 60030000, 60000000, 0},
        {"half a second is none", 500000, 0, 0},       {"an hour ahead", 3600000000, 20000, 3599980000},
        {"a day back", -86400000000, 0, -86400000000}, {"suspend counts in both", 7200000000, 7200000000, 0},
    };
    const struct sk_now before = {.utc_us = INT64_C(1795177860000000), .mono_us = 5000000};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        const struct sk_now now = {.utc_us = before.utc_us + rows[i].utc_moved_us,
                                   .mono_us = before.mono_us + rows[i].mono_moved_us};
        sk_check(sk_clock_step(&before, &now) == rows[i].step_us, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_and_parses),
        cmocka_unit_test(parses_offsets_and_refuses_the_rest),
        cmocka_unit_test(zones_know_their_offsets),
        cmocka_unit_test(refuses_strange_zone_names),
        cmocka_unit_test(steps_are_told_from_time_that_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
