/* SPDX-License-Identifier: Apache-2.0 */
/* What changes an earlier decision, from the records: movements and papers make a supplement owed, and each supplement is held
 * against what the case says now. */
#include <string.h>

#include "collector/engine/papers.h"
#include "collector/engine/reach.h"
#include "collector/engine/replay_internal.h"

static void look(const struct sk_world *world, struct sk_case *kept, int64_t papers_by_us, int64_t as_of_us)
{
    struct sk_second_decision again;
    struct sk_case asked = *kept;
    asked.papers_by_us = papers_by_us;
    kept->owed = sk_case_changes(world, &asked, as_of_us, &again);
    if (!kept->owed)
        sk_case_refresh(kept, &again);
}

void sk_replay_stir(struct sk_replay *replay, const struct sk_stir *what, int64_t as_of_us)
{
    const struct sk_world world = sk_replay_world(replay);
    for (size_t i = 0; i < SK_CASES; i++)
        if (sk_case_is_touched(&replay->cases.items[i], what))
            look(&world, &replay->cases.items[i], replay->cases.items[i].papers_by_us, as_of_us);
}

/* And what a paper changes of them. */
enum sk_err sk_replay_paper(struct sk_replay *replay, const struct sk_record *record)
{
    const struct sk_world world = sk_replay_world(replay);
    struct sk_register_act act;
    struct sk_reach reach;
    enum sk_err err = sk_register_act_read(record->header.ev, record->body, record->body_length, &act);
    const int64_t now_us = (int64_t)record->header.t_recv_us;
    if (err == SK_OK)
        err = sk_registers_apply(replay->registers, &act);
    if (err != SK_OK || !sk_papers_matter(act.row->register_))
        return err;
    sk_reach_of(&world, act.entry, &reach);
    for (size_t i = 0; i < SK_CASES; i++)
        if (sk_reach_concerns(&world, &reach, &replay->cases.items[i]))
            look(&world, &replay->cases.items[i], now_us, now_us);
    return SK_OK;
}

/* The passage it names was decided as it says, and decided again as of its time comes out as it says. */
void sk_replay_supplement(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *out)
{
    const struct sk_world world = sk_replay_world(replay);
    struct sk_body_item item;
    char name[SK_CASE_NAME_MAX] = "";
    out->judged = out->supplement = true;
    if (sk_replay_find(record, SK_TAG_SUPPLEMENTS, &item) && item.length < sizeof name)
        memcpy(name, item.bytes, item.length);
    struct sk_case *kept = sk_cases_find(&replay->cases, record->header.ctrl, name);
    if (kept == NULL || !sk_replay_says(record, SK_TAG_OLD_DECISION, SK_TAG_OLD_REASONS, SK_TAG_OLD_AGREEMENT, kept))
        return;
    kept->owed = false;
    kept->input.gaps = sk_replay_number(record, SK_TAG_GAPS) != 0;
    const int64_t as_of_us = sk_replay_find(record, SK_TAG_AS_OF_US, &item) ? sk_item_i64(&item) : 0;
    if (sk_replay_find(record, SK_TAG_CAUSE, &item) && item.length == 10 && memcmp(item.bytes, "late_paper", 10) == 0)
        kept->papers_by_us = as_of_us;
    const bool changes = sk_case_changes(&world, kept, as_of_us, &out->ours);
    sk_case_settle(kept, &out->ours);
    out->same = changes && sk_replay_says(record, SK_TAG_OUR_DECISION, SK_TAG_OUR_REASONS, SK_TAG_AGREEMENT, kept) &&
                memcmp(record->header.subject, kept->subject, SK_SUBJECT_SIZE) == 0;
}

size_t sk_replay_owed(const struct sk_replay *replay)
{
    size_t count = 0;
    for (size_t i = 0; i < SK_CASES; i++)
        count += replay->cases.items[i].in_use && replay->cases.items[i].owed;
    return count;
}
