/* SPDX-License-Identifier: Apache-2.0 */
/* The second decision: what the roster says of a passage, apart from what the controller said. Pure.
 *
 * All failing rules are listed in one fixed order, whether or not an earlier one failed already. Three outcomes: GRANTED
 * (nothing fails), DENIED (something does), UNKNOWN (nothing fails for certain, but something needed is not known). Then
 * compared with the controller's: agree, disagree, unknown.
 *
 * Leaving is judged less: who goes out by a reader is checked for identity, card, factors and passback, never for
 * authorisation, schedule or validity of the room he enters, because nobody may be held inside by his own end date. A soft
 * passback and an unexpected place are listed and do not deny. */
#ifndef SK_ENGINE_DECIDE_H
#define SK_ENGINE_DECIDE_H

#include "schemas/model/access_event.h"
#include "schemas/model/roster.h"

enum { SK_TRAIL_STAYS = 8, SK_REASONS_MAX = 24 };

/* Where a person was, newest first by time: the last places entered. Kept sorted, so the order of arrival does not matter. */
enum sk_stay_how {
    SK_STAY_READER,    /* a door was used */
    SK_STAY_CORRECTED, /* a person said so (occ.corrected) */
    SK_STAY_FORGIVEN,  /* the place stands, the next passage is not judged by it (apb.forgiven) */
    SK_STAY_MUSTER     /* seen at the muster point, or that was taken back */
};
struct sk_stay {
    int64_t at_us;
    uint16_t zone;
    uint16_t from;      /* zone that the door left; 0 not known */
    uint8_t how;        /* enum sk_stay_how */
    uint8_t occurrence; /* enum sk_occurrence_class of the event */
};
/* The newest card reading that was no passage: he stood there, and perhaps went on. */
struct sk_reading {
    int64_t at_us;     /* 0: none */
    uint16_t zone, to; /* where the reader stands; where a grant led, 0: none was given */
};
struct sk_trail {
    uint8_t count;
    bool cut; /* older stays were dropped */
    struct sk_stay stays[SK_TRAIL_STAYS];
    struct sk_reading reading;
};
void sk_trail_add(struct sk_trail *trail, int64_t at_us, uint16_t zone); /* by a reader, nothing else known */
void sk_trail_put(struct sk_trail *trail, const struct sk_stay *stay);
void sk_trail_read_at(struct sk_trail *trail, const struct sk_reading *reading);
/* That moment, or just after the newest thing known of him: an act of a person is later than what he acts upon, whatever the
 * controllers' clocks say. */
int64_t sk_trail_after(const struct sk_trail *trail, int64_t at_us);
/* Trails of all people, by their place in the roster. */
struct sk_trails {
    struct sk_trail *items;
    size_t count;
};
enum sk_err sk_trails_reserve(struct sk_trails *trails, size_t people); /* NOMEM: as it was */
void sk_trails_release(struct sk_trails *trails);
/* The newest stay before that moment; NULL: not known. */
const struct sk_stay *sk_trail_before(const struct sk_trail *trail, int64_t at_us);

struct sk_decide_input {
    bool has_identifier, has_place, entry;
    struct sk_hash identifier;
    uint16_t zone_from, zone_to, door;      /* numbers */
    uint16_t factors_claimed, factors_site; /* masks; 0 unknown, not set */
    uint8_t ctrl_decision;
    uint16_t ctrl_reason;
    const struct sk_trail *trail; /* of the card's person; NULL none */
};

struct sk_second_decision {
    uint8_t decision; /* enum sk_decision */
    uint8_t agreement;
    uint16_t factors_required;
    uint16_t reasons[SK_REASONS_MAX]; /* enum sk_deny_reason */
    size_t reason_count;
    const struct sk_roster_change *credential, *person; /* NULL: not on the roster */
};

/* An empty roster (version 0, or no person) decides nothing: UNKNOWN without reasons. */
void sk_decide(const struct sk_roster_view *view, const struct sk_decide_input *input, struct sk_second_decision *ret_decision);

/* Which moment a passage is judged at: its own when it came late, else when it was received (the controller's clock may be
 * off). */
int64_t sk_decide_moment(uint8_t occurrence_class, int64_t t_ctrl_us, int64_t recv_us);
/* Which moment a passage moves somebody at: the controller's when its clock is within 10 s of ours or the event is late. */
int64_t sk_movement_moment(uint8_t occurrence_class, int64_t t_ctrl_us, int64_t recv_us);

#endif
