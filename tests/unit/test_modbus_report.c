/* SPDX-License-Identifier: Apache-2.0 */
/* Which health points a report may leave out: none that would come near to being stale. */
#include "drivers/modbus/session.h"
#include "tests/unit/sk_test.h"

#define MS INT64_C(1000)

static const struct {
    const char *name;
    int64_t since_ms; /* it was last said */
    uint32_t stale_ms;
    bool unsaid;
} rows[] = {
    {"a link's, said a second ago", 1000, 10000, true},
    {"a link's, three seconds ago", 3000, 10000, true},
    {"a link's, four: the next report would be at half", 4000, 10000, false},
    {"a device's, a second ago", 1000, 5000, true},
    {"a device's, one and a half", 1500, 5000, false},
    {"one that is soon stale is said each time", 1000, 3000, false},
    {"stale within a report", 0, 1000, false},
    {"never stale: all the same now and then", 5000, 0, false},
    {"never stale, said just now", 1000, 0, true},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_modbus_may_stay_unsaid((50000 + rows[i].since_ms) * MS, 50000 * MS, rows[i].stale_ms) == rows[i].unsaid,
                 rows[i].name);
}

/* Whatever the limit (of a second and a half at least, or each report says it), two sayings lie within half of it. */
static void test_never_beyond_half(void **state)
{
    (void)state;
    for (uint32_t stale_ms = 2000; stale_ms <= 60000; stale_ms += 250) {
        int64_t now_us = 0, said_us = 0;
        for (int report = 0; report < 100; report++) {
            now_us += SK_MODBUS_REPORT_US;
            if (sk_modbus_may_stay_unsaid(now_us, said_us, stale_ms))
                continue;
            assert_true(now_us - said_us <= stale_ms * MS / 2);
            said_us = now_us;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_never_beyond_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
