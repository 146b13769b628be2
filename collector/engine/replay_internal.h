/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the replay know of each other: decisions again (replay_decisions.c), what papers and movements change of
 * them (replay_supplements.c), whereabouts and muster (replay_presence.c). Private to them. */
#ifndef SK_ENGINE_REPLAY_INTERNAL_H
#define SK_ENGINE_REPLAY_INTERNAL_H

#include "collector/engine/cases.h"
#include "collector/engine/replay.h"

/* Zones and doors as the log numbered them. */
struct sk_replay_name {
    uint16_t number;
    char id[SK_ENTITY_MAX * 2];
};
struct sk_replay_names {
    struct sk_replay_name *items;
    size_t count, capacity;
};

struct sk_replay {
    struct sk_roster *roster;
    struct sk_registers *registers;
    struct sk_trails trails;
    struct sk_occupancy occupancy;
    struct sk_muster muster;
    struct sk_cases cases;
    const struct sk_zone *zone;
    struct sk_replay_names zones, doors;
};
struct sk_world sk_replay_world(const struct sk_replay *replay);

/* One item of a record's body; a number that is not there is 0, a text "". */
bool sk_replay_find(const struct sk_record *record, enum sk_tag tag, struct sk_body_item *ret_item);
uint64_t sk_replay_number(const struct sk_record *record, enum sk_tag tag);
void sk_replay_text(const struct sk_record *record, enum sk_tag tag, char *to, size_t capacity);

/* --- replay_decisions.c --- */
void sk_replay_passage(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *out);
/* Decision, reasons and agreement as they stand under these tags. */
bool sk_replay_says(const struct sk_record *record, enum sk_tag decision, enum sk_tag reasons, enum sk_tag agreement,
                    const struct sk_case *kept);

/* --- replay_supplements.c --- */
/* What somebody's movement changes of earlier decisions must be said by supplements that follow. */
void sk_replay_stir(struct sk_replay *replay, const struct sk_stir *what, int64_t as_of_us);
enum sk_err sk_replay_paper(struct sk_replay *replay, const struct sk_record *record); /* and what a paper changes of them */
void sk_replay_supplement(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *out);

/* --- replay_presence.c --- */
/* Where an event at a door puts people; person -1: nobody the roster knows. */
void sk_replay_sight(struct sk_replay *replay, const struct sk_record *record, int64_t person);
enum sk_err sk_replay_presence(struct sk_replay *replay, const struct sk_record *record); /* an act about who is where */

#endif
