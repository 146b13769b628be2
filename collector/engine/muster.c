/* SPDX-License-Identifier: Apache-2.0 */
/* Marks carry the number of their muster, so a new one begins with a clean list and nothing has to be wiped. */
#include "collector/engine/muster.h"

#include <string.h>

#include "collector/engine/occupancy.h"
#include "schemas/base/mem.h"

enum sk_err sk_muster_reserve(struct sk_muster *muster, size_t people)
{
    if (people <= muster->count)
        return SK_OK;
    const size_t wanted = people + people / 2 + 16;
    struct sk_muster_mark *grown = sk_realloc(muster->marks, wanted, sizeof *grown);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    memset(grown + muster->count, 0, (wanted - muster->count) * sizeof *grown);
    muster->marks = grown;
    muster->count = wanted;
    return SK_OK;
}

void sk_muster_release(struct sk_muster *muster)
{
    sk_free(muster->marks);
    sk_free(muster->guests.items);
    *muster = (struct sk_muster){0};
}

void sk_muster_start(struct sk_muster *muster, uint64_t id, uint16_t point, bool drill, const char *by, int64_t at_us)
{
    muster->id = id;
    muster->running = true;
    muster->drill = drill;
    muster->point = point;
    muster->started_us = at_us;
    muster->ended_us = 0;
    muster->start_act = ++muster->acts;
    sk_text_copy(muster->by, sizeof muster->by, by);
}

void sk_muster_end(struct sk_muster *muster, int64_t at_us)
{
    muster->running = false;
    muster->ended_us = at_us;
    muster->acts++;
}

static void mark(struct sk_muster *muster, size_t person, uint64_t seen, const char *by, int64_t at_us)
{
    struct sk_muster_mark *to = &muster->marks[person];
    to->listed = muster->id; /* who turns up belongs on the list */
    to->seen = seen;
    to->seen_us = at_us;
    to->act = ++muster->acts;
    sk_text_copy(to->by, sizeof to->by, by);
}

void sk_muster_see(struct sk_muster *muster, struct sk_trail *trail, size_t person, const char *by, int64_t at_us)
{
    at_us = sk_trail_after(trail, at_us);
    const struct sk_stay stay = {.at_us = at_us, .zone = muster->point, .how = SK_STAY_MUSTER, .occurrence = SK_OCC_ONLINE};
    sk_trail_put(trail, &stay);
    mark(muster, person, muster->id, by, at_us);
}

/* Where he was before the muster saw him; 0 not known any more. */
static uint16_t place_before(const struct sk_trail *trail)
{
    for (size_t i = 0; i < trail->count; i++)
        if (trail->stays[i].how != SK_STAY_MUSTER)
            return trail->stays[i].zone;
    return 0;
}

bool sk_muster_unsee(struct sk_muster *muster, struct sk_trail *trail, size_t person, const char *by, int64_t at_us)
{
    if (!sk_muster_is_seen(muster, person))
        return false;
    at_us = sk_trail_after(trail, at_us);
    const struct sk_stay stay = {
        .at_us = at_us, .zone = place_before(trail), .how = SK_STAY_MUSTER, .occurrence = SK_OCC_ONLINE};
    if (stay.zone != 0)
        sk_trail_put(trail, &stay);
    mark(muster, person, 0, by, at_us);
    return true;
}

bool sk_muster_look(struct sk_muster *muster, const struct sk_trail *trail, const struct sk_roster *roster, size_t person)
{
    uint16_t zone;
    int64_t since_us;
    if (!muster->running || person >= muster->count || muster->marks[person].listed == muster->id)
        return false;
    const enum sk_whereabouts where = sk_occupancy_where(trail, roster, &zone, &since_us);
    if (where != SK_WHERE_INSIDE && where != SK_WHERE_PERHAPS)
        return false;
    muster->marks[person].listed = muster->id;
    return true;
}

bool sk_muster_is_listed(const struct sk_muster *muster, size_t person)
{
    return muster->id != 0 && person < muster->count && muster->marks[person].listed == muster->id;
}

bool sk_muster_is_seen(const struct sk_muster *muster, size_t person)
{
    return muster->id != 0 && person < muster->count && muster->marks[person].seen == muster->id;
}

enum sk_muster_state sk_muster_state_of(const struct sk_muster *muster, const struct sk_trail *trail,
                                        const struct sk_roster *roster, size_t person)
{
    uint16_t zone;
    int64_t since_us;
    const enum sk_whereabouts where = sk_occupancy_where(trail, roster, &zone, &since_us);
    const bool inside = where == SK_WHERE_INSIDE || where == SK_WHERE_PERHAPS;
    const bool seen = sk_muster_is_seen(muster, person);
    if (seen && (!inside || since_us <= muster->marks[person].seen_us))
        return SK_MUSTER_SEEN;
    return inside || where == SK_WHERE_NEVER ? SK_MUSTER_MISSING : SK_MUSTER_LEFT;
}

bool sk_muster_is_recorded(const struct sk_muster *muster, size_t person)
{
    return person >= muster->count || muster->marks[person].act <= muster->recorded;
}

const char *sk_muster_word(enum sk_muster_state state)
{
    static const char *const words[] = {"missing", "left", "seen"};
    return words[state];
}

struct sk_muster_counts sk_muster_count(const struct sk_muster *muster, const struct sk_trails *trails,
                                        const struct sk_roster *roster)
{
    struct sk_muster_counts counts = {0};
    for (size_t i = 0; i < muster->count && i < trails->count; i++) {
        if (!sk_muster_is_listed(muster, i))
            continue;
        const enum sk_muster_state state = sk_muster_state_of(muster, &trails->items[i], roster, i);
        counts.listed++;
        counts.seen += state == SK_MUSTER_SEEN;
        counts.left += state == SK_MUSTER_LEFT;
        counts.missing += state == SK_MUSTER_MISSING;
        counts.unrecorded += !sk_muster_is_recorded(muster, i);
    }
    return counts;
}
