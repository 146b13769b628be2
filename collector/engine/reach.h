/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the passages that are kept a changed paper may speak of, so that only those are decided again. Pure; rather one too
 * many than one too few: a test holds it against deciding all of them again. */
#ifndef SK_ENGINE_REACH_H
#define SK_ENGINE_REACH_H

#include "collector/engine/cases.h"

enum { SK_REACH_ZONES = 16 };

struct sk_reach {
    bool everybody;                 /* modes, measures, and what cannot be told */
    const struct sk_entry *entry;   /* whom it ever named; borrowed */
    uint16_t zones[SK_REACH_ZONES]; /* where guests it led came or went */
    size_t zone_count;
    int64_t since_us; /* of those zones: from when on */
};
/* registers as they are after the act. An entry that is not there reaches nobody. */
void sk_reach_of(const struct sk_world *world, const char *entry, struct sk_reach *ret_reach);
bool sk_reach_concerns(const struct sk_world *world, const struct sk_reach *reach, const struct sk_case *kept);

#endif
