/* SPDX-License-Identifier: Apache-2.0 */
/* See dial.h. In `auto` a broker that hangs up on a version it does not know looks like any broken broker, so the two versions
 * take turns until one has worked. */
#include "drivers/mqtt/dial.h"

#include "schemas/base/clock.h"

enum { VERSION_311 = 4, VERSION_5 = 5 };

void sk_dial_init(struct sk_dial *dial, uint8_t configured)
{
    *dial = (struct sk_dial){.configured = configured, .version = configured == VERSION_311 ? VERSION_311 : VERSION_5};
}

static void other_version(struct sk_dial *dial)
{
    if (dial->configured == 0)
        dial->version = dial->version == VERSION_5 ? VERSION_311 : VERSION_5;
    dial->proved = false;
}

void sk_dial_result(struct sk_dial *dial, enum sk_dial_outcome outcome)
{
    if (outcome == SK_DIAL_OK) {
        dial->proved = true;
        if (dial->failures > SK_DIAL_RESIDUE)
            dial->failures = SK_DIAL_RESIDUE;
        return;
    }
    if (dial->failures < UINT32_MAX)
        dial->failures++;
    if (outcome == SK_DIAL_VERSION_REFUSED || (outcome == SK_DIAL_CLOSED_EARLY && !dial->proved))
        other_version(dial);
}

void sk_dial_settled(struct sk_dial *dial)
{
    dial->failures = 0;
}

int64_t sk_dial_delay_us(const struct sk_dial *dial, uint32_t random)
{
    static const int64_t first_us = 200 * SK_US_PER_MS, last_us = 30 * SK_US_PER_S;
    int64_t step = first_us;
    for (uint32_t i = 1; i < dial->failures && step < last_us; i++)
        step *= 2;
    if (step > last_us)
        step = last_us;
    return step / 2 + (int64_t)((uint64_t)(step / 2) * random / UINT32_MAX);
}
