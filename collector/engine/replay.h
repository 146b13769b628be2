/* SPDX-License-Identifier: Apache-2.0 */
/* The second decisions, the whereabouts and the muster computed again from the records alone: roster changes rebuild the
 * roster, acts of the registers the papers, passages are decided again, used doors and acts of people move them. What comes out
 * must equal what stands in the records, and every change of an earlier decision must have its supplement. Pure; feed in order
 * of seq, from the first record on. */
#ifndef SK_ENGINE_REPLAY_H
#define SK_ENGINE_REPLAY_H

#include "collector/engine/muster.h"
#include "collector/engine/occupancy.h"
#include "schemas/model/register.h"

struct sk_replay;
/* zone: the site's, borrowed. */
enum sk_err sk_replay_create(const struct sk_zone *zone, struct sk_replay **ret_replay);
void sk_replay_free(struct sk_replay *replay);

struct sk_replayed {
    bool judged; /* the record is a passage with a decision of ours, or a supplement to one */
    bool same;   /* decision, reasons, factors, agreement and subject are what the record says */
    bool supplement;
    struct sk_second_decision ours;
};
/* PARSE or others: a roster record that cannot follow from those before it. */
enum sk_err sk_replay_record(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *ret_replayed);
const struct sk_roster *sk_replay_roster(const struct sk_replay *replay);
const struct sk_trails *sk_replay_trails(const struct sk_replay *replay);
const struct sk_occupancy *sk_replay_occupancy(const struct sk_replay *replay);
const struct sk_muster *sk_replay_muster(const struct sk_replay *replay);
const struct sk_registers *sk_replay_registers(const struct sk_replay *replay); /* every entry, as far as the records went */
bool sk_replay_where(const struct sk_replay *replay, size_t person_index, uint16_t *ret_zone, int64_t *ret_since_us);
/* Decisions that events or papers read so far have changed and no supplement has said so yet. */
size_t sk_replay_owed(const struct sk_replay *replay);

#endif
