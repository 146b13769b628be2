/* SPDX-License-Identifier: Apache-2.0 */
/* The rounds that patrol plans ask for, held against the rounds that were made (registers patrol_plan and patrol).
 *
 * A plan in force asks for a round at each of its times, on each day of the site from its first to its last on which its
 * schedule (of the roster) is open then; without a schedule, or with one that the roster does not know, every day: in doubt the
 * stricter. Only moments since the plan was approved count. A round belongs to a moment when it names the plan and a `due`
 * within the tolerance of it; it begins with its first checkpoint (without any: with the entry), so that a round written up
 * from paper stands at its own time. A checkpoint counts when its result is not "not_reached".
 *
 * Pure. Entries that ended more than SK_REGISTERS_KEEP_DAYS ago are not at hand: do not ask further back. */
#ifndef SK_MODEL_PATROL_H
#define SK_MODEL_PATROL_H

#include "schemas/model/register.h"

#define X(symbol, value, name, ja, en) symbol = (value),
enum sk_round_state {
#include "schemas/vocab/round_states.def"
};
#undef X
const char *sk_round_state_name(int state); /* NULL: none */
const char *sk_round_state_text(int state, enum sk_lang lang);

enum { SK_PATROL_POINTS_MAX = 64 }; /* checkpoints of a plan (register_fields.def) */
struct sk_round {
    const struct sk_entry *plan, *entry; /* entry NULL: nobody made one */
    int64_t due_us, tolerance_us;
    int64_t begun_us; /* 0: not begun */
    uint8_t state;    /* enum sk_round_state */
    uint64_t missing; /* bit i: the plan's checkpoint i was not reached */
};
struct sk_patrol_world {
    const struct sk_registers *registers;
    const struct sk_roster *roster; /* schedules and closed days */
    const struct sk_zone *zone;
    int64_t now_us;
};
/* Visits every planned moment of the plan in [from_us, until_us), in order; false ends the walk. */
typedef bool sk_round_visit(void *context, const struct sk_round *round);
void sk_patrol_walk(const struct sk_patrol_world *world, const struct sk_entry *plan, int64_t from_us, int64_t until_us,
                    sk_round_visit *visit, void *context);
/* "08:30" -> minutes of the day; -1: no time of day. */
int sk_patrol_minute(const char *text, size_t length);
/* Place of a checkpoint in the plan; -1: not one of its. */
int sk_patrol_place(const struct sk_entry *plan, const char *checkpoint);

#endif
