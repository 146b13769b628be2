/* SPDX-License-Identifier: Apache-2.0 */
/* A passage kept as the few facts it was decided on, so that it can be decided again. Pure; the live engine, the replay of a
 * log and the supplements all decide through sk_case_decide() and nothing else.
 *
 * The last SK_CASES passages whose decision may still change are kept in a ring. What changes one (an event that came late, a
 * paper, a time that ran out) makes a supplement: a record of its own that names the passage, both decisions and the cause. The
 * first record stays as it is. Lifetime: nothing here points outside. Threads: one. */
#ifndef SK_ENGINE_CASES_H
#define SK_ENGINE_CASES_H

#include "collector/engine/decide.h"

enum { SK_CASES = 512, SK_CASE_NAME_MAX = 96 };

struct sk_case {
    bool in_use;
    uint64_t order; /* 0, 1, 2 ...; its place is the remainder by SK_CASES */
    uint16_t ev;
    /* its name in the log: the controller's numbers, or without them the moment of receipt */
    uint16_t ctrl;
    bool has_identity;
    uint32_t epoch;
    uint64_t seq;
    int64_t recv_us;
    /* what it was decided on; input holds no pointers */
    struct sk_decide_input input;
    uint64_t roster_version;
    int64_t moment_us, early_us;
    int64_t papers_by_us; /* papers count that were there by then */
    bool papers_kept;     /* the site kept registers when it was first decided */
    /* what was decided */
    uint8_t decision, agreement, flags, reason_count;
    uint16_t reasons[SK_REASONS_MAX], header_zone;
    int64_t awaits_until_us; /* 0: nothing */
    int64_t until_us;        /* what happened up to then may change it */
    int32_t person;          /* place in the roster; -1 */
    uint8_t subject[SK_SUBJECT_SIZE];
    bool alone; /* who else was where did not count; in a row of an older version it is taken as if it did */
    bool owed;  /* the replay's: a supplement should follow */
};

struct sk_cases {
    struct sk_case *items; /* SK_CASES */
    uint64_t next;         /* order of the next */
};
enum sk_err sk_cases_create(struct sk_cases *ret_cases);
void sk_cases_release(struct sk_cases *cases);
/* Keeps a copy in the oldest place; gives the place. Its order is set here. */
uint32_t sk_cases_keep(struct sk_cases *cases, const struct sk_case *kept);
/* By name; NULL: no longer kept. */
struct sk_case *sk_cases_find(struct sk_cases *cases, uint16_t ctrl, const char *name);
/* "3/117" (epoch and sequence) or "@1763640000000000" (receipt), to go with the controller's number. */
void sk_case_name(const struct sk_case *kept, char to[SK_CASE_NAME_MAX]);

/* Everything a decision may look at beside the passage itself. All borrowed. */
struct sk_registers;
struct sk_world {
    const struct sk_roster *roster;
    const struct sk_trails *trails;
    const struct sk_registers *registers;                           /* NULL: none are kept */
    const struct sk_zone *site_zone;                                /* NULL: not known */
    const char *(*zone_id)(const void *context, uint16_t zone);     /* NULL: no id */
    uint16_t (*door_number)(const void *context, const char *door); /* 0: none */
    const void *context;
};
struct sk_guests sk_world_guests(const struct sk_world *world, int64_t as_of_us);

/* input.identifier, place, factors and controller's word, times and version are set: finds person, trail and papers and decides
 * as of that moment. first: takes the person's last sighting into the input. */
void sk_case_decide(const struct sk_world *world, struct sk_case *kept, int64_t as_of_us, bool first,
                    struct sk_second_decision *ret_decision);
/* Writes what was decided into the case. */
void sk_case_settle(struct sk_case *kept, const struct sk_second_decision *decision);
/* Takes over what a new look says of what it rests on, where the decision itself stays. False: nothing of that is new. */
bool sk_case_refresh(struct sk_case *kept, const struct sk_second_decision *decision);
/* Decided again: does it come out otherwise? What was awaited and came is no change. */
bool sk_case_changes(const struct sk_world *world, const struct sk_case *kept, int64_t as_of_us,
                     struct sk_second_decision *ret_decision);

/* Somebody (-1: nobody in particular) moved at that moment between these zones. */
struct sk_stir {
    int64_t at_us;
    int32_t person;
    uint64_t own; /* order of the case that tells of it: it is no news to itself */
    uint16_t zones[3];
};
/* A person's act (a correction, the muster) moved him: his trail as it is now, the zone he was in before. */
struct sk_stir sk_stir_of_act(const struct sk_trail *trail, int32_t person, uint16_t from);
/* May that have changed it? */
bool sk_case_is_touched(const struct sk_case *kept, const struct sk_stir *stir);

/* The row of a case, and back; PARSE. */
void sk_case_write(const struct sk_case *kept, struct sk_writer *writer);
enum sk_err sk_case_read(struct sk_reader *reader, struct sk_case *ret_case);

#endif
