/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets as moments: a bucket is known by when it will be full again, which needs no ticking. A failure moves that moment by
 * the time in which one attempt comes back; a source may not try while it lies further away than the whole bucket less one. */
#include "dashboard-api/rate.h"

#include <pthread.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

enum { SOURCES = 512, SOURCE_MAX = 48 };

struct source {
    char name[SOURCE_MAX];
    int64_t full_us;
};

struct sk_rate {
    pthread_mutex_t lock;
    uint32_t per_minute;
    struct source sources[SOURCES];
};

enum sk_err sk_rate_create(uint32_t per_minute, struct sk_rate **ret_rate)
{
    struct sk_rate *rate = sk_calloc(1, sizeof *rate);
    if (!rate)
        return SK_ERR_NOMEM;
    rate->per_minute = per_minute;
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

static int64_t one_us(const struct sk_rate *rate)
{
    return 60 * SK_US_PER_S / rate->per_minute;
}

bool sk_rate_may(struct sk_rate *rate, const char *source, int64_t mono_us, uint32_t *ret_wait_s)
{
    if (rate->per_minute == 0)
        return true;
    pthread_mutex_lock(&rate->lock);
    const struct source *found = find(rate, source, false);
    const int64_t full_us = found ? found->full_us : 0;
    pthread_mutex_unlock(&rate->lock);
    const int64_t wait_us = full_us - mono_us - one_us(rate) * (rate->per_minute - 1);
    if (wait_us <= 0)
        return true;
    *ret_wait_s = (uint32_t)((wait_us + SK_US_PER_S - 1) / SK_US_PER_S);
    return false;
}

void sk_rate_failed(struct sk_rate *rate, const char *source, int64_t mono_us)
{
    if (rate->per_minute == 0)
        return;
    pthread_mutex_lock(&rate->lock);
    struct source *found = find(rate, source, true);
    found->full_us = (found->full_us > mono_us ? found->full_us : mono_us) + one_us(rate);
    pthread_mutex_unlock(&rate->lock);
}
