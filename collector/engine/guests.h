/* SPDX-License-Identifier: Apache-2.0 */
/* Guests: people without a card of their own, as far as papers and people say where they are. Pure; read from the fold of the
 * registers and, of those who were ticked off at a muster point, from the marks.
 *
 * A visit's guests are where its newest joint entry (同伴入室) led them, until the desk saw them leave, a card of their own
 * says something newer, or a muster saw them outside. Whom no joint entry led anywhere, but the desk let in (entered, arrived
 * with a badge that is out, exit not observed), is inside somewhere: zone 0. Times: microseconds UTC. Zones: numbers of the
 * log. */
#ifndef SK_ENGINE_GUESTS_H
#define SK_ENGINE_GUESTS_H

#include "collector/engine/decide.h"
#include "schemas/model/register.h"

/* People joint entries lead through this door this way in [from, until): what a tailgating rule takes off its count. */
uint32_t sk_joint_people(const struct sk_registers *registers, const char *door, bool in, int64_t from_us, int64_t until_us);

struct sk_guest {
    const char *visit;            /* the entry's id; borrowed from the registers */
    const struct sk_joint *joint; /* that led them there; NULL: the desk alone says that they are in */
    uint16_t zone;                /* 0: not known where */
    int64_t since_us;
    uint32_t led, people; /* how many came, how many of them are there (not seen at a muster point since) */
};
/* In this zone by that moment, visit by visit. *cursor begins at 0; false ends. view->version: of the ways. */
bool sk_guest_next(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                   uint16_t zone, int64_t at_us, size_t *cursor, struct sk_guest *ret_guest);
/* Inside anywhere, by all that is known: those led in, then those whom only the desk let in. */
bool sk_guest_each(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                   size_t *cursor, struct sk_guest *ret_guest);
/* One visit's: true when they are inside. Else ret_guest says what was last known (led 0: nothing). */
bool sk_guest_of(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                 const char *visit, struct sk_guest *ret_guest);
/* How many visits those are. */
size_t sk_guests_count(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails);
/* A badge was given out, and neither given back nor reported lost since. */
bool sk_visit_has_badge(const struct sk_entry *visit, int64_t as_of_us);

/* What a muster keeps of one visit. */
struct sk_guest_mark {
    char visit[SK_ENTRY_ID_MAX];
    uint64_t listed, seen; /* the muster that listed, that saw them; 0 none */
    int64_t seen_us;       /* 0: not seen, or taken back */
    uint16_t point;        /* zone of the muster point */
    uint32_t people;       /* how many of them were seen */
    uint64_t act;          /* the last one */
    char by[SK_WHO_MAX];
};
struct sk_guest_marks {
    struct sk_guest_mark *items;
    size_t count, capacity;
};
const struct sk_guest_mark *sk_guest_mark_of(const struct sk_guest_marks *marks, const char *visit); /* NULL: none */

#endif
