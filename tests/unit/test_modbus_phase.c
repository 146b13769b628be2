/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of phases: on the grid, never late, the same again whenever it is asked, and no slot fuller than it must be. */
#include "drivers/modbus/phase.h"
#include "tests/unit/sk_test.h"

#define MS INT64_C(1000)

enum { SLOTS_MOST = 20 };

static const struct {
    const char *name;
    int64_t period_us;
    int64_t slots;
} rows[] = {
    {"a second", 1000 * MS, 20},
    {"half a second", 500 * MS, 10},
    {"a tenth", 100 * MS, 2},
    {"no multiple of a slot", 330 * MS, 6},
    {"a slot", 50 * MS, 1},
    {"less than a slot", 10 * MS, 1},
    {"five seconds: begins within the first", 5000 * MS, 20},
    {"ten minutes: begins within the first second", 600000 * MS, 20},
};

static const int64_t moments[] = {0, 1, 49999, 50000, 999999, 1000000, INT64_C(123456789012), INT64_C(86400000000)};

static int64_t window_of(int64_t period_us)
{
    return period_us < SK_MODBUS_WINDOW_US ? period_us : SK_MODBUS_WINDOW_US;
}

static void test_lies_ahead_on_the_grid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof moments / sizeof *moments; k++)
            for (uint32_t rank = 0; rank < 2000; rank += 37) {
                const int64_t window_us = window_of(rows[i].period_us);
                const int64_t at_us = sk_modbus_phase_us(rank, rows[i].period_us, moments[k]);
                if (at_us < moments[k] || at_us >= moments[k] + window_us || at_us % window_us % SK_MODBUS_SLOT_US != 0)
                    fail_msg("%s: rank %u asked at %lld gets %lld", rows[i].name, rank, (long long)moments[k],
                             (long long)at_us);
            }
}

/* Links that are opened one after the other stay in the slots of their ranks. */
static void test_is_the_same_whenever_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint32_t rank = 0; rank < 900; rank += 11) {
            const int64_t window_us = window_of(rows[i].period_us);
            const int64_t first = sk_modbus_phase_us(rank, rows[i].period_us, 0) % window_us;
            for (size_t k = 0; k < sizeof moments / sizeof *moments; k++)
                assert_int_equal(sk_modbus_phase_us(rank, rows[i].period_us, moments[k]) % window_us, first);
        }
}

/* Any ranks in a row, as a poller has them. */
static void test_fills_slots_evenly(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 7, 19, 20, 21, 200, 500, 900, 2000}, firsts[] = {0, 1, 17, 900, 1800, 4000000000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++) {
                uint32_t in_slot[SLOTS_MOST] = {0};
                for (uint32_t rank = firsts[f]; rank < firsts[f] + counts[c]; rank++) {
                    const int64_t slot = sk_modbus_phase_us(rank, rows[i].period_us, 0) / SK_MODBUS_SLOT_US;
                    assert_in_range(slot, 0, rows[i].slots - 1);
                    in_slot[slot]++;
                }
                for (int64_t s = 0; s < rows[i].slots; s++)
                    if (in_slot[s] < counts[c] / rows[i].slots || in_slot[s] > (counts[c] + rows[i].slots - 1) / rows[i].slots)
                        fail_msg("%s: of %u links from %u on, slot %lld gets %u", rows[i].name, counts[c], firsts[f],
                                 (long long)s, in_slot[s]);
            }
}

/* Two links that follow each other are not asked one right behind the other where there is room. */
static void test_neighbours_lie_apart(void **state)
{
    (void)state;
    for (uint32_t rank = 0; rank < 200; rank++) {
        const int64_t a = sk_modbus_phase_us(rank, 1000 * MS, 0), b = sk_modbus_phase_us(rank + 1, 1000 * MS, 0);
        const int64_t apart = a < b ? b - a : a - b;
        assert_true(apart >= 300 * MS && apart <= 700 * MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lies_ahead_on_the_grid),
        cmocka_unit_test(test_is_the_same_whenever_asked),
        cmocka_unit_test(test_fills_slots_evenly),
        cmocka_unit_test(test_neighbours_lie_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
