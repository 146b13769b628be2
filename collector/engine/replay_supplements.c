/* SPDX-License-Identifier: Apache-2.0 */
/* What changes an earlier decision, from the records: movements and papers make a supplement owed, and each supplement is held
 * against what the case says now. */
#include <string.h>

#include "collector/engine/papers.h"
#include "collector/engine/replay_internal.h"

/* What somebody's movement changes of earlier decisions must be said by supplements that follow. */
void sk_replay_stir(struct sk_replay *replay, const struct sk_stir *what, int64_t as_of_us)
{
    const struct sk_world world = sk_replay_world(replay);
    struct sk_second_decision again;
    for (size_t i = 0; i < SK_CASES; i++)
        if (sk_case_is_touched(&replay->cases.items[i], what))
            replay->cases.items[i].owed = sk_case_changes(&world, &replay->cases.items[i], as_of_us, &again);
}

/* And what a paper changes of them. */
enum sk_err sk_replay_paper(struct sk_replay *replay, const struct sk_record *record)
{
    const struct sk_world world = sk_replay_world(replay);
    struct sk_register_act act;
    struct sk_second_decision again;
    enum sk_err err = sk_register_act_read(record->header.ev, record->body, record->body_length, &act);
    const int64_t now_us = (int64_t)record->header.t_recv_us;
    if (err == SK_OK)
        err = sk_registers_apply(replay->registers, &act);
    for (size_t i = 0; err == SK_OK && sk_papers_matter(act.row->register_) && i < SK_CASES; i++) {
        struct sk_case asked = replay->cases.items[i];
        asked.papers_by_us = now_us;
        if (asked.in_use && asked.person >= 0)
            replay->cases.items[i].owed = sk_case_changes(&world, &asked, now_us, &again);
    }
    return err;
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
