/* SPDX-License-Identifier: Apache-2.0 */
/* Exception 2: how long a register that is refused is left alone. */
#include "drivers/modbus/refusal.h"
#include "tests/unit/sk_test.h"

#define S INT64_C(1000000)

/* Refused again and again, asked as soon as it is due; the wait after the last of `times` refusals, in seconds. */
static int64_t last_wait_s(struct sk_refusal *refusal, int times, bool neighbours)
{
    int64_t now_us = 100 * S;
    for (int i = 0; i < times; i++) {
        now_us = i == 0 ? now_us : refusal->recheck_us;
        sk_refusal_refused(refusal, now_us, neighbours ? now_us : 0);
    }
    return (refusal->recheck_us - now_us) / S;
}

static void test_waits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool answered, neighbours;
        int times;
        int64_t wait_s;
    } rows[] = {
        {"first", true, true, 1, 1},
        {"second", true, true, 2, 2},
        {"third", true, true, 3, 4},
        {"a minute at most, once it answered", true, true, 20, 60},
        {"a minute at most, while all is refused", false, false, 20, 60},
        {"never answered begins as gently", false, true, 1, 1},
        {"never answered among neighbours: doubles on", false, true, 8, 128},
        {"to an hour", false, true, 13, 3600},
        {"and stays there", false, true, 400, 3600},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_refusal refusal = {0};
        if (rows[i].answered)
            sk_refusal_answered(&refusal);
        int64_t wait_s = last_wait_s(&refusal, rows[i].times, rows[i].neighbours);
        if (wait_s != rows[i].wait_s)
            fail_msg("%s: %lld s, expected %lld", rows[i].name, (long long)wait_s, (long long)rows[i].wait_s);
    }
}

static void test_an_old_answer_of_a_neighbour_proves_nothing(void **state)
{
    (void)state;
    struct sk_refusal refusal = {0};
    for (int64_t i = 0; i < 20; i++)
        sk_refusal_refused(&refusal, (100 + i) * S, 99 * S); /* the device answered before, and nothing since */
    assert_int_equal(refusal.recheck_us, 119 * S + SK_REFUSAL_LAST_US);
}

static void test_passing_and_forgetting(void **state)
{
    (void)state;
    struct sk_refusal refusal = {0};
    assert_false(sk_refusal_may_pass(&refusal)); /* never answered: cut at once */
    sk_refusal_answered(&refusal);
    for (int i = 0; i < SK_REFUSAL_PASSING; i++) {
        assert_true(sk_refusal_may_pass(&refusal));
        sk_refusal_refused(&refusal, S, S);
    }
    assert_false(sk_refusal_may_pass(&refusal));
    sk_refusal_forget(&refusal);
    assert_true(sk_refusal_may_pass(&refusal));
    assert_int_equal(last_wait_s(&refusal, 1, true), 1);
    sk_refusal_answered(&refusal);
    assert_int_equal(refusal.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_an_old_answer_of_a_neighbour_proves_nothing),
        cmocka_unit_test(test_passing_and_forgetting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
