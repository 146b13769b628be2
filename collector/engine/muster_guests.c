/* SPDX-License-Identifier: Apache-2.0 */
/* Guests on the muster list. Their marks stand in the order in which they came onto a list; one that says no place any more is
 * forgotten when the next muster begins. */
#include <string.h>

#include "collector/engine/muster.h"
#include "schemas/base/mem.h"

enum { MARKS_CEILING = 1 << 20 };

enum sk_err sk_muster_reserve_guests(struct sk_muster *muster, size_t more)
{
    struct sk_guest_marks *marks = &muster->guests;
    while (marks->capacity < marks->count + more) {
        struct sk_guest_mark *grown = sk_grow(marks->items, marks->capacity, &marks->capacity, sizeof *grown, MARKS_CEILING);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        marks->items = grown;
    }
    return SK_OK;
}

static bool says_a_place(const struct sk_guests *guests, const struct sk_guest_mark *mark)
{
    return mark->seen_us > 0 && guests->registers != NULL && sk_registers_get(guests->registers, mark->visit) != NULL;
}

void sk_muster_drop_guests(struct sk_muster *muster, const struct sk_guests *guests,
                           void (*told)(void *context, const char *visit), void *context)
{
    struct sk_guest_marks *marks = &muster->guests;
    size_t kept = 0;
    for (size_t i = 0; i < marks->count; i++)
        if (says_a_place(guests, &marks->items[i]))
            marks->items[kept++] = marks->items[i];
        else if (told != NULL)
            told(context, marks->items[i].visit);
    marks->count = kept;
}

static struct sk_guest_mark *find_or_make(struct sk_muster *muster, const char *visit)
{
    struct sk_guest_marks *marks = &muster->guests;
    for (size_t i = 0; i < marks->count; i++)
        if (strcmp(marks->items[i].visit, visit) == 0)
            return &marks->items[i];
    struct sk_guest_mark *mark = &marks->items[marks->count++];
    *mark = (struct sk_guest_mark){.listed = 0};
    sk_text_copy(mark->visit, sizeof mark->visit, visit);
    return mark;
}

const struct sk_guest_mark *sk_muster_next_guest(struct sk_muster *muster, const struct sk_guests *guests,
                                                 const struct sk_roster_view *view, const struct sk_trails *trails,
                                                 size_t *cursor)
{
    struct sk_guest guest;
    while (muster->running && sk_guest_each(guests, view, trails, cursor, &guest)) {
        struct sk_guest_mark *mark = find_or_make(muster, guest.visit);
        if (mark->listed == muster->id)
            continue;
        mark->listed = muster->id;
        return mark;
    }
    return NULL;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

bool sk_muster_guest_at(const struct sk_muster *muster, const struct sk_guests *guests, const struct sk_roster_view *view,
                        const struct sk_trails *trails, size_t index, struct sk_muster_guest *ret_guest)
{
    const struct sk_guest_mark *mark = index < muster->guests.count ? &muster->guests.items[index] : NULL;
    if (mark == NULL || muster->id == 0 || mark->listed != muster->id)
        return false;
    *ret_guest = (struct sk_muster_guest){.mark = mark};
    const bool inside = sk_guest_of(guests, view, trails, mark->visit, &ret_guest->guest);
    const bool seen = mark->seen == muster->id && (!inside || mark->seen_us >= ret_guest->guest.since_us);
    const uint32_t seen_people = seen ? mark->people : 0;
    ret_guest->listed = ret_guest->guest.led > seen_people ? ret_guest->guest.led : seen_people;
    ret_guest->listed = ret_guest->listed > 0 ? ret_guest->listed : 1; /* the entry that led them is voided or forgotten */
    ret_guest->missing = inside ? least(ret_guest->guest.people, ret_guest->listed) : 0;
    ret_guest->seen = least(seen_people, ret_guest->listed - ret_guest->missing);
    ret_guest->left = ret_guest->listed - ret_guest->missing - ret_guest->seen;
    ret_guest->state = inside ? SK_MUSTER_MISSING : ret_guest->left > 0 ? SK_MUSTER_LEFT : SK_MUSTER_SEEN;
    return true;
}

/* What is said of them after everything known of them. */
static int64_t after(const struct sk_guest *guest, int64_t at_us)
{
    return at_us >= guest->since_us ? at_us : guest->since_us;
}

bool sk_muster_see_guest(struct sk_muster *muster, const struct sk_guests *guests, const struct sk_roster_view *view,
                         const struct sk_trails *trails, const char *visit, uint32_t people, const char *by, int64_t at_us)
{
    struct sk_guest guest;
    const bool inside = sk_guest_of(guests, view, trails, visit, &guest);
    const uint32_t led = guest.led > 0 ? guest.led : 1;
    const uint32_t seen = people == 0 ? led : people;
    const struct sk_guest_mark *before = sk_guest_mark_of(&muster->guests, visit);
    if (before != NULL && before->seen == muster->id && before->people == seen &&
        (!inside || before->seen_us >= guest.since_us))
        return false;
    struct sk_guest_mark *mark = find_or_make(muster, visit); /* who turns up belongs on the list */
    mark->listed = mark->seen = muster->id;
    mark->seen_us = after(&guest, at_us);
    mark->point = muster->point;
    mark->people = seen;
    mark->act = ++muster->acts;
    sk_text_copy(mark->by, sizeof mark->by, by);
    return true;
}

bool sk_muster_unsee_guest(struct sk_muster *muster, const char *visit, const char *by)
{
    const struct sk_guest_mark *before = sk_guest_mark_of(&muster->guests, visit);
    if (before == NULL || before->seen != muster->id)
        return false;
    struct sk_guest_mark *mark = find_or_make(muster, visit);
    mark->seen = 0;
    mark->seen_us = 0;
    mark->people = 0;
    mark->act = ++muster->acts;
    sk_text_copy(mark->by, sizeof mark->by, by);
    return true;
}

struct sk_muster_counts sk_muster_count_guests(const struct sk_muster *muster, const struct sk_guests *guests,
                                               const struct sk_roster_view *view, const struct sk_trails *trails)
{
    struct sk_muster_counts counts = {0};
    struct sk_muster_guest row;
    for (size_t i = 0; i < muster->guests.count; i++) {
        if (!sk_muster_guest_at(muster, guests, view, trails, i, &row))
            continue;
        counts.listed += row.listed;
        counts.seen += row.seen;
        counts.left += row.left;
        counts.missing += row.missing;
        counts.unrecorded += row.mark->act > muster->recorded;
    }
    return counts;
}
