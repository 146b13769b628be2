/* SPDX-License-Identifier: Apache-2.0 */
/* The second decision: what the roster says of a passage, apart from what the controller said. Pure.
 *
 * All failing rules are listed in one fixed order, whether or not an earlier one failed already. Three outcomes: GRANTED
 * (nothing fails), DENIED (something does), UNKNOWN (nothing fails for certain, but something needed is not known). Then
 * compared with the controller's: agree, disagree, unknown.
 *
 * Leaving is judged less: who goes out by a reader is checked for identity, card, factors and passback, never for
 * authorisation, schedule or validity of the room he enters, because nobody may be held inside by his own end date. A soft
 * passback and an unexpected place are listed and do not deny.
 *
 * Some rules look beyond the passage: at who else is in the zone (group.c), at the way between two places (travel.c), at papers
 * (papers.h). Where what must follow may still come (the second person, the escort) it is listed as awaited and decided again
 * when the time is over; as_of_us says what time it is for the one who judges. While an emergency mode is in force the rules
 * are listed as ever and the comparison is `exempt`. */
#ifndef SK_ENGINE_DECIDE_H
#define SK_ENGINE_DECIDE_H

#include "schemas/model/access_event.h"
#include "schemas/model/roster.h"

enum { SK_TRAIL_STAYS = 8, SK_REASONS_MAX = 24, SK_ESCORTS_MAX = 8, SK_PAPER_ID_MAX = 48 };

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
/* The last reader that met the card, by clocks that can be trusted: not before early_us, in one of two zones. */
struct sk_sighting {
    int64_t early_us; /* 0: none */
    uint16_t zone_a, zone_b;
};
struct sk_trail {
    uint8_t count;
    bool cut; /* older stays were dropped */
    struct sk_stay stays[SK_TRAIL_STAYS];
    struct sk_reading reading;
    struct sk_sighting seen;
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
uint16_t sk_trail_newest_zone(const struct sk_trail *trail); /* 0: none */
/* The newest stay before that moment; NULL: not known. */
const struct sk_stay *sk_trail_before(const struct sk_trail *trail, int64_t at_us);

/* The zone a person was in at that moment (who entered just then is inside); 0: not known, or outside what is kept. */
uint16_t sk_trail_zone_at(const struct sk_trail *trail, int64_t at_us);

/* What papers hold for a person, a zone and a moment; filled by papers.c. */
struct sk_papers {
    bool kept;                       /* the site keeps registers: something was ever entered */
    bool permit;                     /* an open approved permit or visit names him, the zone and the moment */
    bool unratified;                 /* none, but an emergency form not yet ratified does */
    bool escorted;                   /* a permit or visit wants somebody with him */
    bool measure;                    /* an attested measure stands in for the escort */
    bool goods_held;                 /* goods of his are waiting for their clearance */
    bool goods_here;                 /* and their paper names this zone */
    char exempt_by[SK_PAPER_ID_MAX]; /* emergency mode in force, "md-3 drill"; "" none */
    uint8_t escort_count;
    uint32_t escorts[SK_ESCORTS_MAX]; /* places in the roster */
};

struct sk_decide_input {
    bool has_identifier, has_place, entry;
    struct sk_hash identifier;
    uint16_t zone_from, zone_to, door;      /* numbers */
    uint16_t factors_claimed, factors_site; /* masks; 0 unknown, not set */
    uint8_t ctrl_decision;
    uint16_t ctrl_reason;
    const struct sk_trail *trail;   /* of the card's person; NULL none */
    bool used;                      /* the door was used, not only opened for him */
    bool gaps;                      /* events of this zone's doors are missing: who is inside is not certain */
    int64_t moved_us;               /* when it counts among movements (sk_movement_moment); 0: the view's moment */
    int64_t as_of_us;               /* what time it is for the one who judges; 0: the view's moment */
    int64_t late_us;                /* when he was at the reader at the latest; 0: clocks cannot be trusted */
    struct sk_sighting seen;        /* the card's last one before this */
    const struct sk_trails *trails; /* everybody's; NULL: rules about company are not judged */
    const struct sk_guests *guests; /* led in; NULL: none */
    const struct sk_papers *papers; /* NULL: rules about papers are not judged */
};

struct sk_second_decision {
    uint8_t decision; /* enum sk_decision */
    uint8_t agreement;
    uint16_t factors_required;
    uint16_t reasons[SK_REASONS_MAX]; /* enum sk_deny_reason */
    size_t reason_count;
    const struct sk_roster_change *credential, *person; /* NULL: not on the roster */
    int64_t awaits_until_us;                            /* decide again then; 0: nothing is awaited */
    int64_t until_us;                                   /* what happened later than this changes nothing here */
    bool company;                                       /* who else was where counted */
    bool depends;                                       /* what comes late may change it */
    char exempt_by[SK_PAPER_ID_MAX];
};

/* An empty roster (version 0, or no person) decides nothing: UNKNOWN without reasons. */
void sk_decide(const struct sk_roster_view *view, const struct sk_decide_input *input, struct sk_second_decision *ret_decision);

/* Which moment a passage is judged at: its own when it came late, else when it was received (the controller's clock may be
 * off). */
int64_t sk_decide_moment(uint8_t occurrence_class, int64_t t_ctrl_us, int64_t recv_us);
/* Between which moments the card was at the reader: by both clocks, when ours is synchronised, the event is online and the
 * controller's is no more than 2 s ahead; else zeroes. */
struct sk_bounds {
    int64_t early_us, late_us;
};
struct sk_bounds sk_sighting_bounds(uint8_t occurrence_class, uint8_t clock_quality, int64_t t_ctrl_us, int64_t recv_us);
/* Remembers the card at this door. */
void sk_trail_see(struct sk_trail *trail, const struct sk_decide_input *input, int64_t early_us);

/* Which moment a passage moves somebody at: the controller's when its clock is within 10 s of ours or the event is late. */
int64_t sk_movement_moment(uint8_t occurrence_class, int64_t t_ctrl_us, int64_t recv_us);

/* The time from one zone to another by the ways of the roster, in seconds; 0: not known or none; SK_WALK_NEVER: not joined. */
#define SK_WALK_NEVER UINT32_MAX
uint32_t sk_walk_least_s(const struct sk_roster_view *view, uint16_t from, uint16_t to);

/* Who is in a zone at a moment, but for one place in the roster (-1: nobody). Guests led in by a joint entry are people, and
 * authorised for nothing. */
struct sk_company {
    uint32_t people, authorised; /* authorised for this zone then */
};
/* People without a card of their own (guests.h). */
struct sk_guest_marks;
struct sk_guests {
    const struct sk_registers *registers;
    uint16_t (*door_number)(const void *context, const char *door); /* 0 none */
    const void *context;
    int64_t as_of_us;                   /* what had been entered by then */
    const struct sk_guest_marks *marks; /* those seen at a muster point; NULL: none were */
};
uint32_t sk_guests_in(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                      uint16_t zone, int64_t at_us);
struct sk_company sk_company_in(const struct sk_roster_view *view, const struct sk_trails *trails,
                                const struct sk_guests *guests, uint16_t zone, int64_t at_us, int64_t but);
bool sk_is_authorised(const struct sk_roster_view *view, const char *person, uint16_t zone);
const struct sk_zone_rule *sk_zone_rule(const struct sk_roster_view *view, uint16_t zone); /* NULL: none */
/* How long one waits for company in this zone; the rule's own, else 30 s. */
int64_t sk_zone_together_us(const struct sk_zone_rule *rule);
/* One of these people is in the zone at that moment. */
bool sk_escort_is_in(const struct sk_papers *papers, const struct sk_trails *trails, uint16_t zone, int64_t at_us);

#endif
