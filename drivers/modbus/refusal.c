/* SPDX-License-Identifier: Apache-2.0 */
/* The rule of refusal.h. */
#include "drivers/modbus/refusal.h"

void sk_refusal_answered(struct sk_refusal *refusal)
{
    *refusal = (struct sk_refusal){.answered = true};
}

void sk_refusal_refused(struct sk_refusal *refusal, int64_t mono_us, int64_t neighbour_us)
{
    if (refusal->count == 0)
        refusal->since_us = mono_us;
    bool absent = !refusal->answered && neighbour_us > refusal->since_us;
    int64_t ceiling_us = absent ? SK_REFUSAL_ABSENT_US : SK_REFUSAL_LAST_US;
    int64_t wait_us = SK_REFUSAL_FIRST_US << (refusal->count < 12 ? refusal->count : 12);
    refusal->recheck_us = mono_us + (wait_us < ceiling_us ? wait_us : ceiling_us);
    refusal->count = refusal->count < UINT8_MAX ? (uint8_t)(refusal->count + 1) : UINT8_MAX;
}

void sk_refusal_forget(struct sk_refusal *refusal)
{
    *refusal = (struct sk_refusal){.answered = refusal->answered};
}

bool sk_refusal_may_pass(const struct sk_refusal *refusal)
{
    return refusal->answered && refusal->count < SK_REFUSAL_PASSING;
}
