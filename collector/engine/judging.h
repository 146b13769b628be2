/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of the second decision share while they judge one passage. Private to decide.c, group.c and travel.c. */
#ifndef SK_ENGINE_JUDGING_H
#define SK_ENGINE_JUDGING_H

#include "collector/engine/decide.h"

struct sk_judging {
    const struct sk_roster_view *view;
    const struct sk_decide_input *input;
    struct sk_second_decision *out;
    bool denied, unknown;
    const struct sk_stay *last;
    const struct sk_zone_rule *rule; /* of the zone entered; NULL none */
    int64_t person;                  /* place in the roster; -1 */
    int64_t moved_us, as_of_us;
    struct { /* the last answer about who else was there: several rules ask the same */
        bool known;
        uint16_t zone;
        int64_t at_us;
        struct sk_company others;
    } met;
    /* of all authorisations for the zone: */
    bool any_in_force, any_open, any_open_unknown, approved;
};

enum sk_weight { SK_DENIES, SK_IN_DOUBT, SK_TOLD };
void sk_judging_add(struct sk_judging *j, enum sk_deny_reason reason, enum sk_weight weight);

/* group.c */
void sk_rule_company(struct sk_judging *j);
void sk_rule_occupancy(struct sk_judging *j);
void sk_rule_escort(struct sk_judging *j);
/* travel.c */
void sk_rule_travel(struct sk_judging *j);

#endif
