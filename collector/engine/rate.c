/* SPDX-License-Identifier: Apache-2.0 */
/* RateOfChange: highest minus lowest value within a sliding window, in bounded memory. Pure.
 *
 * The window is cut into buckets of a 22nd of its length; samples further apart than that are kept exactly, closer ones share
 * their bucket's minimum and maximum. So the window that is judged is at most 1/22 shorter than asked and never longer: a
 * change is missed only when it is slower than the limit by less than 5 %, and none is invented. */
#include "collector/engine/internal.h"

static int64_t window_us(const struct sk_limit *limit)
{
    return (int64_t)(limit->window_ms == 0 ? 1 : limit->window_ms) * SK_US_PER_MS;
}

void sk_rate_clear(struct sk_rate *rate)
{
    rate->count = 0;
    rate->holds = false;
}

static void drop_oldest(struct sk_rate *rate, uint8_t n)
{
    for (uint8_t i = n; i < rate->count; i++) {
        rate->first_mono[i - n] = rate->first_mono[i];
        rate->low[i - n] = rate->low[i];
        rate->high[i - n] = rate->high[i];
    }
    rate->count = (uint8_t)(rate->count - n);
}

static void evict(struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us)
{
    uint8_t old = 0;
    while (old < rate->count && rate->first_mono[old] < mono_us - window_us(limit))
        old++;
    if (old > 0)
        drop_oldest(rate, old);
}

static void add(struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us, double value)
{
    const int64_t width = window_us(limit) / (SK_RATE_BUCKETS - 2);
    if (rate->count > 0 && mono_us - rate->first_mono[rate->count - 1] < width) {
        const uint8_t at = (uint8_t)(rate->count - 1);
        if (value < rate->low[at])
            rate->low[at] = value;
        if (value > rate->high[at])
            rate->high[at] = value;
        return;
    }
    if (rate->count == SK_RATE_BUCKETS)
        drop_oldest(rate, 1);
    rate->first_mono[rate->count] = mono_us;
    rate->low[rate->count] = rate->high[rate->count] = value;
    rate->count++;
}

bool sk_rate_push(struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us, double value)
{
    const bool begins = !rate->holds;
    if (begins)
        rate->begun_mono = mono_us;
    evict(rate, limit, mono_us);
    if (!begins)
        add(rate, limit, mono_us, rate->last); /* what was held until now */
    add(rate, limit, mono_us, value);
    const bool changed = begins || value != rate->last;
    rate->last = value;
    rate->holds = true;
    return changed;
}

double sk_rate_range(struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us)
{
    evict(rate, limit, mono_us);
    if (rate->count == 0)
        return 0;
    double low = rate->low[0], high = rate->high[0];
    for (uint8_t i = 1; i < rate->count; i++) {
        low = rate->low[i] < low ? rate->low[i] : low;
        high = rate->high[i] > high ? rate->high[i] : high;
    }
    return high - low;
}

bool sk_rate_is_full(const struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us)
{
    return rate->holds && mono_us - rate->begun_mono >= window_us(limit);
}
