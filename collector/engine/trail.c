/* SPDX-License-Identifier: Apache-2.0 */
/* Trails: the last places of each person, sorted by time whatever order they came in. The eight newest of a set of stays are
 * the same for every order, and so is the newest reading: that is why occupancy does not depend on the order of delivery. */
#include <string.h>

#include "collector/engine/decide.h"
#include "schemas/base/mem.h"

/* Newest first; a total order, so that twins in time have one place. Above 0: a comes first. */
static int compare(const struct sk_stay *a, const struct sk_stay *b)
{
    if (a->at_us != b->at_us)
        return a->at_us > b->at_us ? 1 : -1;
    if (a->zone != b->zone)
        return a->zone > b->zone ? 1 : -1;
    if (a->from != b->from)
        return a->from > b->from ? 1 : -1;
    return (a->how > b->how) - (a->how < b->how);
}

void sk_trail_put(struct sk_trail *trail, const struct sk_stay *stay)
{
    size_t at = 0;
    while (at < trail->count && compare(&trail->stays[at], stay) > 0)
        at++;
    if (at < trail->count && compare(&trail->stays[at], stay) == 0) {
        if (stay->occurrence < trail->stays[at].occurrence) /* the same event again: the first delivery counts */
            trail->stays[at].occurrence = stay->occurrence;
        return;
    }
    if (at == SK_TRAIL_STAYS) {
        trail->cut = true;
        return;
    }
    if (trail->count == SK_TRAIL_STAYS)
        trail->cut = true;
    else
        trail->count++;
    memmove(trail->stays + at + 1, trail->stays + at, (size_t)(trail->count - 1 - at) * sizeof trail->stays[0]);
    trail->stays[at] = *stay;
}

void sk_trail_add(struct sk_trail *trail, int64_t at_us, uint16_t zone)
{
    const struct sk_stay stay = {.at_us = at_us, .zone = zone, .how = SK_STAY_READER, .occurrence = SK_OCC_ONLINE};
    sk_trail_put(trail, &stay);
}

void sk_trail_read_at(struct sk_trail *trail, const struct sk_reading *reading)
{
    const struct sk_reading *known = &trail->reading;
    if (reading->at_us > known->at_us ||
        (reading->at_us == known->at_us &&
         (reading->zone > known->zone || (reading->zone == known->zone && reading->to > known->to))))
        trail->reading = *reading;
}

int64_t sk_trail_after(const struct sk_trail *trail, int64_t at_us)
{
    const int64_t stay_us = trail->count > 0 ? trail->stays[0].at_us : INT64_MIN;
    const int64_t last_us = stay_us > trail->reading.at_us ? stay_us : trail->reading.at_us;
    return at_us > last_us ? at_us : last_us + 1;
}

enum sk_err sk_trails_reserve(struct sk_trails *trails, size_t people)
{
    if (people <= trails->count)
        return SK_OK;
    const size_t wanted = people + people / 2 + 16;
    struct sk_trail *grown = sk_realloc(trails->items, wanted, sizeof *grown);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    memset(grown + trails->count, 0, (wanted - trails->count) * sizeof *grown);
    trails->items = grown;
    trails->count = wanted;
    return SK_OK;
}

void sk_trails_release(struct sk_trails *trails)
{
    sk_free(trails->items);
    *trails = (struct sk_trails){0};
}

const struct sk_stay *sk_trail_before(const struct sk_trail *trail, int64_t at_us)
{
    for (size_t i = 0; trail != NULL && i < trail->count; i++)
        if (trail->stays[i].at_us < at_us)
            return &trail->stays[i];
    return NULL;
}

uint16_t sk_trail_newest_zone(const struct sk_trail *trail)
{
    return trail->count > 0 ? trail->stays[0].zone : 0;
}
