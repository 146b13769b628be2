/* SPDX-License-Identifier: Apache-2.0 */
/* The transitions drawn in health.h, one function per event. */
#include "drivers/modbus/health.h"

void sk_health_answered(struct sk_health *health)
{
    *health = (struct sk_health){.state = SK_HEALTH_LIVE, .known = true};
}

void sk_health_missed(struct sk_health *health, int64_t mono_us)
{
    health->misses++;
    if (health->state == SK_HEALTH_LIVE && health->known && health->misses < SK_HEALTH_MISSES_TO_DEAD)
        return;
    int64_t next_us = health->interval_us == 0 ? SK_HEALTH_FIRST_US : health->interval_us * 2;
    health->interval_us = next_us > SK_HEALTH_LAST_US ? SK_HEALTH_LAST_US : next_us;
    health->probe_us = mono_us + health->interval_us;
    health->state = SK_HEALTH_DEAD;
}

bool sk_health_is_steady(const struct sk_health *health)
{
    return health->state == SK_HEALTH_LIVE && health->known && health->misses == 0;
}

bool sk_health_probe_due(const struct sk_health *health, int64_t mono_us)
{
    return health->state == SK_HEALTH_DEAD && mono_us >= health->probe_us;
}

bool sk_health_probe_overdue(const struct sk_health *health, int64_t mono_us)
{
    int64_t patience_us = health->interval_us > SK_HEALTH_PATIENCE_US ? health->interval_us : SK_HEALTH_PATIENCE_US;
    return health->state == SK_HEALTH_DEAD && mono_us - health->probe_us >= patience_us;
}

void sk_health_probe_begin(struct sk_health *health)
{
    health->state = SK_HEALTH_PROBING;
}
