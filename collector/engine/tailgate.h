/* SPDX-License-Identifier: Apache-2.0 */
/* Tailgating (共連れ), inferred: never seen, always concluded from something else, and every record says from what and how
 * sure.
 *
 *   people counter surplus    more people than passages, counted over one episode (until ten quiet seconds)      0.8
 *   exit-without-entry        a used door leads out of a room where the person was not, or into one he is in     0.6
 *   occupancy reconciliation  by cards a zone is empty, by the counters of all its doors somebody is inside      0.5
 *   open too long             a door stood open longer than its one grant needs (passage_time)                   0.3
 *
 * The first falls to 0.3 while events of the controller are missing, the others are then not concluded at all. These figures
 * are ours: how much of the evidence one other ordinary cause (a box, a returned colleague, a miscount) could explain as well.
 * Two people who both were granted before one opening are normal. Guests led in by a joint entry (同伴入室) are nobody's
 * surplus: those recorded by the time the episode is judged, with a time from half a minute before it on and after the one
 * before, so that none counts twice. A joint entry recorded later resolves nothing by itself: a person says so. What leaves by
 * an exit button is nobody's surplus. A surplus of the counter is an anomaly that a person must resolve within the door's
 * resolve_time, else it alarms. */
#ifndef SK_ENGINE_TAILGATE_H
#define SK_ENGINE_TAILGATE_H

#include <stdbool.h>
#include <stdint.h>

enum { SK_TAIL_IN, SK_TAIL_OUT, SK_TAIL_WAYS };

struct sk_tail { /* by door */
    bool has_base[SK_TAIL_WAYS];
    double base[SK_TAIL_WAYS]; /* what the counter said last */
    /* the running episode */
    uint32_t counted[SK_TAIL_WAYS], granted[SK_TAIL_WAYS], taken[SK_TAIL_WAYS];
    bool rex;
    int64_t begun_us, judged_us; /* its first count or passage, and when the one before was judged; 0: none */
    int64_t quiet_mono;          /* when it is judged; SK_NEVER: none runs */
    int64_t net;                 /* in less out since the zone was last known to be empty */
    bool blurred;                /* somebody without a known card passed since: who is inside by cards is not known */
    uint32_t surplus;            /* not resolved */
    int64_t surplus_since_us;
};

#endif
