/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets as moments: a bucket is known by when it will be full again, which needs no ticking. Each time counted moves that
 * moment by the time in which one comes back; a source may not go on while it lies further away than the whole bucket less one.
 */
#include "dashboard-api/rate.h"

#include <pthread.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

enum { SOURCES = 512, SOURCE_MAX = 64 };

struct source {
    char name[SOURCE_MAX];
    int64_t full_us;
};

struct sk_rate {
    pthread_mutex_t lock;
    int64_t one_us, most_us; /* in which one comes back; how far away the moment may lie for one more */
    struct source sources[SOURCES];
};

enum sk_err sk_rate_create(uint32_t count, uint32_t period_s, struct sk_rate **ret_rate)
{
    struct sk_rate *rate = sk_calloc(1, sizeof *rate);
    if (!rate)
        return SK_ERR_NOMEM;
    if (count > 0) {
        rate->one_us = period_s * SK_US_PER_S / count;
        rate->most_us = rate->one_us * (count - 1);
    }
    pthread_mutex_init(&rate->lock, NULL);
    *ret_rate = rate;
    return SK_OK;
}

void sk_rate_free(struct sk_rate *rate)
{
    if (!rate)
        return;
    pthread_mutex_destroy(&rate->lock);
    sk_free(rate);
}

/* Its place, or (make) the one of whoever has been well longest; NULL: not there. */
static struct source *find(struct sk_rate *rate, const char *name, bool make)
{
    struct source *well = &rate->sources[0];
    for (size_t i = 0; i < SOURCES; i++) {
        if (strncmp(rate->sources[i].name, name, SOURCE_MAX - 1) == 0)
            return &rate->sources[i];
        if (rate->sources[i].full_us < well->full_us)
            well = &rate->sources[i];
    }
    if (!make)
        return NULL;
    sk_text_copy(well->name, sizeof well->name, name);
    well->full_us = 0;
    return well;
}

static bool has_one(const struct sk_rate *rate, const struct source *source, int64_t mono_us, uint32_t *ret_wait_s)
{
    const int64_t wait_us = (source ? source->full_us : 0) - mono_us - rate->most_us;
    if (wait_us <= 0)
        return true;
    *ret_wait_s = (uint32_t)((wait_us + SK_US_PER_S - 1) / SK_US_PER_S);
    return false;
}

static void count_one(const struct sk_rate *rate, struct source *source, int64_t mono_us)
{
    source->full_us = (source->full_us > mono_us ? source->full_us : mono_us) + rate->one_us;
}

bool sk_rate_may(struct sk_rate *rate, const char *source, int64_t mono_us, uint32_t *ret_wait_s)
{
    if (rate->one_us == 0)
        return true;
    pthread_mutex_lock(&rate->lock);
    const bool may = has_one(rate, find(rate, source, false), mono_us, ret_wait_s);
    pthread_mutex_unlock(&rate->lock);
    return may;
}

void sk_rate_count(struct sk_rate *rate, const char *source, int64_t mono_us)
{
    if (rate->one_us == 0)
        return;
    pthread_mutex_lock(&rate->lock);
    count_one(rate, find(rate, source, true), mono_us);
    pthread_mutex_unlock(&rate->lock);
}

bool sk_rate_take(struct sk_rate *rate, const char *source, int64_t mono_us, uint32_t *ret_wait_s)
{
    if (rate->one_us == 0)
        return true;
    pthread_mutex_lock(&rate->lock);
    struct source *found = find(rate, source, true);
    const bool may = has_one(rate, found, mono_us, ret_wait_s);
    if (may)
        count_one(rate, found, mono_us);
    pthread_mutex_unlock(&rate->lock);
    return may;
}
