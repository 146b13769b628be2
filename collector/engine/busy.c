/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over hours. A silence is followed back at most two days: no door that is used once a week is called busy. */
#include "collector/engine/busy.h"

#include "schemas/base/clock.h"

static const int64_t hour_us = 3600 * SK_US_PER_S;
static const int64_t shortest_us = 600 * SK_US_PER_S;
static const int64_t longest_us = INT64_C(48) * 3600 * SK_US_PER_S;

static int64_t hour_of(int64_t at_us)
{
    return at_us - at_us % hour_us;
}

static void learn(struct sk_busy *busy, uint8_t slot)
{
    const int weeks = busy->weeks[slot] + 1 < SK_BUSY_WEEKS_MEAN ? busy->weeks[slot] + 1 : SK_BUSY_WEEKS_MEAN;
    busy->mean[slot] += ((float)busy->count - busy->mean[slot]) / (float)weeks;
    if (busy->weeks[slot] < UINT8_MAX)
        busy->weeks[slot]++;
}

bool sk_busy_roll(struct sk_busy *busy, int64_t now_us, bool watched, sk_busy_slot *slot, const void *context)
{
    const int64_t hour = hour_of(now_us);
    bool learned = false;
    busy->whole = busy->whole && watched;
    if (hour == busy->hour_us)
        return false;
    if (busy->whole && hour == busy->hour_us + hour_us) {
        learn(busy, slot(context, busy->hour_us));
        learned = true;
    }
    busy->whole = watched && busy->hour_us != 0 && hour == busy->hour_us + hour_us;
    busy->hour_us = hour;
    busy->count = 0;
    return learned;
}

void sk_busy_event(struct sk_busy *busy, int64_t at_us)
{
    busy->count++;
    busy->last_us = at_us;
}

static double rate_of(const struct sk_busy *busy, uint8_t slot)
{
    return busy->weeks[slot] < SK_BUSY_WEEKS_MIN ? 0 : (double)busy->mean[slot] / (double)hour_us;
}

double sk_busy_missed(const struct sk_busy *busy, int64_t now_us, sk_busy_slot *slot, const void *context, uint8_t *ret_weeks)
{
    double missed = 0;
    *ret_weeks = 0;
    int64_t from = now_us - busy->last_us > longest_us ? now_us - longest_us : busy->last_us;
    while (busy->last_us > 0 && from < now_us) {
        const int64_t next = hour_of(from) + hour_us, until = next < now_us ? next : now_us;
        const uint8_t at = slot(context, hour_of(from));
        const double rate = rate_of(busy, at);
        missed += rate * (double)(until - from);
        if (rate > 0 && (*ret_weeks == 0 || busy->weeks[at] < *ret_weeks))
            *ret_weeks = busy->weeks[at];
        from = until;
    }
    return missed;
}

bool sk_busy_is_silent(const struct sk_busy *busy, int64_t now_us, sk_busy_slot *slot, const void *context)
{
    uint8_t weeks;
    return busy->last_us > 0 && now_us - busy->last_us >= shortest_us &&
           sk_busy_missed(busy, now_us, slot, context, &weeks) >= SK_BUSY_MISSED;
}

int64_t sk_busy_next(const struct sk_busy *busy, int64_t now_us, sk_busy_slot *slot, const void *context)
{
    const int64_t end = hour_of(now_us) + hour_us;
    uint8_t weeks;
    const double rate = rate_of(busy, slot(context, hour_of(now_us)));
    if (busy->last_us == 0 || rate <= 0)
        return end;
    const double left = SK_BUSY_MISSED - sk_busy_missed(busy, now_us, slot, context, &weeks);
    int64_t at = left <= 0 ? now_us : now_us + (int64_t)(left / rate) + 1;
    if (at < busy->last_us + shortest_us)
        at = busy->last_us + shortest_us;
    return at < end ? at : end;
}
