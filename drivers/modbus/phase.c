/* SPDX-License-Identifier: Apache-2.0 */
/* Ranks walk the slots in steps of about their golden section, prime to their number: neighbours in rank lie far apart, and as
 * many ranks as there are slots visit each of them once. */
#include "drivers/modbus/phase.h"

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int64_t step_of(int64_t slots)
{
    int64_t step = slots * 618 / 1000;
    while (step > 1 && common_divisor(step, slots) != 1)
        step--;
    return step > 0 ? step : 1;
}

int64_t sk_modbus_phase_us(uint32_t rank, int64_t period_us, int64_t now_us)
{
    const int64_t window_us = period_us < SK_MODBUS_WINDOW_US ? period_us : SK_MODBUS_WINDOW_US;
    const int64_t slots = window_us < SK_MODBUS_SLOT_US ? 1 : window_us / SK_MODBUS_SLOT_US;
    const int64_t slot = (int64_t)(rank % (uint64_t)slots) * step_of(slots) % slots;
    const int64_t first_us = now_us - now_us % window_us + slot * SK_MODBUS_SLOT_US;
    return first_us < now_us ? first_us + window_us : first_us;
}
