/* SPDX-License-Identifier: Apache-2.0 */
/* Back-off: the transitions drawn in health.h, and how rarely a dead unit may be asked. */
#include "drivers/modbus/health.h"
#include "tests/unit/sk_test.h"

#define S INT64_C(1000000)

static void test_dies_after_two_misses(void **state)
{
    (void)state;
    struct sk_health health = {.known = true};
    sk_health_missed(&health, 10 * S);
    assert_int_equal(health.state, SK_HEALTH_LIVE);
    sk_health_answered(&health);
    sk_health_missed(&health, 11 * S);
    assert_int_equal(health.state, SK_HEALTH_LIVE); /* misses in a row, not in all */
    sk_health_missed(&health, 12 * S);
    assert_int_equal(health.state, SK_HEALTH_DEAD);
    assert_false(sk_health_probe_due(&health, 12 * S + SK_HEALTH_FIRST_US - 1));
    assert_true(sk_health_probe_due(&health, 12 * S + SK_HEALTH_FIRST_US));
}

static void test_interval_doubles_to_its_ceiling(void **state)
{
    (void)state;
    struct sk_health health = {.known = true};
    int64_t now_us = 0, expected_us = SK_HEALTH_FIRST_US;
    sk_health_missed(&health, now_us);
    sk_health_missed(&health, now_us);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(health.probe_us - now_us, expected_us);
        now_us = health.probe_us;
        assert_true(sk_health_probe_due(&health, now_us));
        sk_health_probe_begin(&health);
        assert_int_equal(health.state, SK_HEALTH_PROBING);
        assert_false(sk_health_probe_due(&health, now_us)); /* half open: one question at a time */
        sk_health_missed(&health, now_us);
        expected_us = expected_us * 2 > SK_HEALTH_LAST_US ? SK_HEALTH_LAST_US : expected_us * 2;
    }
}

static void test_an_answer_forgets_everything(void **state)
{
    (void)state;
    struct sk_health health = {0};
    for (int i = 0; i < 6; i++)
        sk_health_missed(&health, 0);
    sk_health_probe_begin(&health);
    sk_health_answered(&health);
    assert_int_equal(health.state, SK_HEALTH_LIVE);
    sk_health_missed(&health, S);
    assert_int_equal(health.state, SK_HEALTH_LIVE);
    sk_health_missed(&health, S);
    assert_int_equal(health.probe_us, S + SK_HEALTH_FIRST_US);
}

static void test_overdue_after_patience_or_an_interval(void **state)
{
    (void)state;
    struct sk_health health = {.known = true};
    sk_health_missed(&health, 0);
    assert_false(sk_health_probe_overdue(&health, 100 * S)); /* live units are never probed */
    sk_health_missed(&health, 0);
    assert_false(sk_health_probe_overdue(&health, health.probe_us + SK_HEALTH_PATIENCE_US - 1));
    assert_true(sk_health_probe_overdue(&health, health.probe_us + SK_HEALTH_PATIENCE_US));
    for (int i = 0; i < 10; i++)
        sk_health_missed(&health, 0);
    assert_false(sk_health_probe_overdue(&health, 2 * SK_HEALTH_LAST_US - 1));
    assert_true(sk_health_probe_overdue(&health, 2 * SK_HEALTH_LAST_US));
}

static void test_doubt(void **state)
{
    (void)state;
    struct sk_health health = {0};
    assert_false(sk_health_is_steady(&health)); /* never answered */
    sk_health_answered(&health);
    assert_true(sk_health_is_steady(&health));
    sk_health_missed(&health, 0);
    assert_true(health.state == SK_HEALTH_LIVE && !sk_health_is_steady(&health));
    sk_health_answered(&health);
    assert_true(sk_health_is_steady(&health));
    struct sk_health unknown = {0};
    sk_health_missed(&unknown, 0);
    assert_int_equal(unknown.state, SK_HEALTH_DEAD); /* no second chance for what never answered */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dies_after_two_misses), cmocka_unit_test(test_interval_doubles_to_its_ceiling),
        cmocka_unit_test(test_an_answer_forgets_everything), cmocka_unit_test(test_overdue_after_patience_or_an_interval),
        cmocka_unit_test(test_doubt)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
