/* SPDX-License-Identifier: Apache-2.0 */
/* When a poller looks at what was gathered: once after each slot, and never later than those who wait have patience for. */
#include "collector/gather.h"
#include "drivers/driver.h"
#include "tests/unit/sk_test.h"

#define MS INT64_C(1000)

static const struct {
    const char *name;
    int64_t now_us, patience_us;
    bool waits;
    int64_t look_us;
} rows[] = {
    {"a slot begins", 1000 * MS, SK_GATHER_POLLED_US, true, 1010 * MS},
    {"answers of a slot come", 1003 * MS, SK_GATHER_POLLED_US, true, 1010 * MS},
    {"one that is late: no longer than its patience", 1011 * MS, SK_GATHER_POLLED_US, true, 1031 * MS},
    {"one off the grid: no longer than its patience", 1028 * MS, SK_GATHER_POLLED_US, true, 1048 * MS},
    {"just before the next slot", 1049 * MS, SK_GATHER_POLLED_US, true, 1060 * MS},
    {"after a look, nothing lies there: the next slot", 1010 * MS, SK_GATHER_POLLED_US, false, 1060 * MS},
    {"a look that came late", 1013 * MS, SK_GATHER_POLLED_US, false, 1060 * MS},
    {"MQTT does not wait for slots", 1000 * MS, SK_GATHER_MQTT_US, true, 1004 * MS},
    {"nor after a look", 1010 * MS, SK_GATHER_MQTT_US, false, 1014 * MS},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_gather_look_us(rows[i].now_us, rows[i].patience_us, rows[i].waits) == rows[i].look_us, rows[i].name);
}

/* At whatever moment of a slot. */
static void test_nobody_waits_beyond_his_patience(void **state)
{
    (void)state;
    static const int64_t patiences[] = {SK_GATHER_MQTT_US, SK_GATHER_POLLED_US};
    for (size_t p = 0; p < SK_COUNT(patiences); p++)
        for (int64_t now_us = 0; now_us < 2 * SK_POLL_SLOT_US; now_us += 97) {
            const int64_t look_us = sk_gather_look_us(now_us, patiences[p], true);
            assert_true(look_us > now_us && look_us <= now_us + patiences[p]);
            const int64_t idle_us = sk_gather_look_us(now_us, patiences[p], false);
            assert_true(idle_us > now_us && idle_us <= now_us + SK_POLL_SLOT_US);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_nobody_waits_beyond_his_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
