/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets per source: so many in a period, others untouched, and time gives them back one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dashboard-api/rate.h"
#include "schemas/base/clock.h"

static const int64_t start = INT64_C(1000) * SK_US_PER_S;

static void failures_use_the_bucket_up(void **state)
{
    (void)state;
    struct sk_rate *rate;
    uint32_t wait_s = 0;
    assert_int_equal(sk_rate_create(5, 60, &rate), SK_OK);
    for (int i = 0; i < 5; i++) {
        assert_true(sk_rate_may(rate, "192.0.2.1", start, &wait_s));
        sk_rate_count(rate, "192.0.2.1", start);
    }
    assert_false(sk_rate_may(rate, "192.0.2.1", start, &wait_s));
    assert_int_equal(wait_s, 12);
    assert_true(sk_rate_may(rate, "192.0.2.2", start, &wait_s));
    assert_false(sk_rate_may(rate, "192.0.2.1", start + 11 * SK_US_PER_S, &wait_s));
    assert_true(sk_rate_may(rate, "192.0.2.1", start + 12 * SK_US_PER_S, &wait_s));
    sk_rate_count(rate, "192.0.2.1", start + 12 * SK_US_PER_S);
    assert_false(sk_rate_may(rate, "192.0.2.1", start + 12 * SK_US_PER_S, &wait_s));
    assert_true(sk_rate_may(rate, "192.0.2.1", start + 200 * SK_US_PER_S, &wait_s));
    sk_rate_free(rate);
}

static void many_sources_push_out_the_well(void **state)
{
    (void)state;
    struct sk_rate *rate;
    uint32_t wait_s;
    char name[32];
    assert_int_equal(sk_rate_create(5, 60, &rate), SK_OK);
    for (int i = 0; i < 5; i++)
        sk_rate_count(rate, "192.0.2.1", start);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "2001:db8::%x", (unsigned)i);
        sk_rate_count(rate, name, start);
    }
    assert_false(sk_rate_may(rate, "192.0.2.1", start, &wait_s));
    sk_rate_free(rate);
}

static void taking_is_asking_and_counting(void **state)
{
    (void)state;
    struct sk_rate *rate;
    uint32_t wait_s = 0;
    assert_int_equal(sk_rate_create(500, 10, &rate), SK_OK);
    for (int i = 0; i < 500; i++)
        assert_true(sk_rate_take(rate, "acc-operator", start, &wait_s));
    for (int i = 0; i < 1000; i++) /* what was refused is not counted */
        assert_false(sk_rate_take(rate, "acc-operator", start, &wait_s));
    assert_int_equal(wait_s, 1);
    assert_true(sk_rate_take(rate, "acc-viewer", start, &wait_s));
    int taken = 0;
    for (int ms = 0; ms < 2000; ms++)
        taken += sk_rate_take(rate, "acc-operator", start + ms * SK_US_PER_MS, &wait_s);
    assert_in_range(taken, 98, 100); /* 50 a second from there on */
    sk_rate_free(rate);
}

static void nought_is_no_limit(void **state)
{
    (void)state;
    struct sk_rate *rate;
    uint32_t wait_s;
    assert_int_equal(sk_rate_create(0, 60, &rate), SK_OK);
    for (int i = 0; i < 100; i++)
        sk_rate_count(rate, "::1", start);
    assert_true(sk_rate_may(rate, "::1", start, &wait_s));
    assert_true(sk_rate_take(rate, "::1", start, &wait_s));
    sk_rate_free(rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(failures_use_the_bucket_up),
                                       cmocka_unit_test(many_sources_push_out_the_well),
                                       cmocka_unit_test(taking_is_asking_and_counting), cmocka_unit_test(nought_is_no_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
