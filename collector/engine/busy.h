/* SPDX-License-Identifier: Apache-2.0 */
/* The busy-door model: how many events a door normally has in each hour of the week, learned from its own past, and how long it
 * may be silent before that is not chance. Simple enough to be explained to who is called at night; pure.
 *
 * For each of the 168 hours of the local week: the mean count of events of that hour over the last eight or so weeks in which
 * the hour was watched whole. A closed day of the calendar counts as a Sunday. What is missed in a silence is the sum of the
 * means over the hours it lasts; an hour known from fewer than three weeks adds nothing. Silence is told when ten events are
 * missed and ten minutes have passed: were events independent, that happened by chance once in 22 000 silences (e^-10). */
#ifndef SK_ENGINE_BUSY_H
#define SK_ENGINE_BUSY_H

#include <stdbool.h>
#include <stdint.h>

enum { SK_BUSY_SLOTS = 168, SK_BUSY_WEEKS_MIN = 3, SK_BUSY_WEEKS_MEAN = 8, SK_BUSY_MISSED = 10 };

struct sk_busy {
    float mean[SK_BUSY_SLOTS];    /* events in the hour */
    uint8_t weeks[SK_BUSY_SLOTS]; /* it was watched in, at most 255 */
    /* the hour that runs */
    int64_t hour_us; /* utc of its beginning; 0: none yet */
    uint32_t count;
    bool whole;      /* watched since its beginning */
    int64_t last_us; /* utc of the last event, or since when silence is counted; 0: not counted */
};

/* Which slot an hour belongs to; the caller knows zone and calendar. */
typedef uint8_t sk_busy_slot(const void *context, int64_t hour_us);

/* Hours that have ended by now are learned, and the running one begins. watched: nothing was missed since the last call. True
 * when a slot changed. */
bool sk_busy_roll(struct sk_busy *busy, int64_t now_us, bool watched, sk_busy_slot *slot, const void *context);
void sk_busy_event(struct sk_busy *busy, int64_t at_us);
/* Events missed in the silence so far; weeks: the fewest of the slots that count. */
double sk_busy_missed(const struct sk_busy *busy, int64_t now_us, sk_busy_slot *slot, const void *context, uint8_t *ret_weeks);
/* When to look next: the end of the hour, or earlier when enough will be missed by then. utc; SK_NEVER: not watched. */
int64_t sk_busy_next(const struct sk_busy *busy, int64_t now_us, sk_busy_slot *slot, const void *context);
bool sk_busy_is_silent(const struct sk_busy *busy, int64_t now_us, sk_busy_slot *slot, const void *context);

#endif
