/* SPDX-License-Identifier: Apache-2.0 */
/* The numbering of a controller's events, judged: next, gap, fill, duplicate, conflict, rollback, new epoch. Pure.
 *
 * Promise: an event with epoch and sequence is taken exactly once. Everything at or below `last` of its epoch is in the log,
 * except what lies in a hole. What came before the first event ever heard of an epoch is a hole too, a silent one: unknown but
 * not missing. Four epochs are remembered, so that stragglers of the one before a reboot are recognised. Holes are at most 64;
 * beyond that two neighbours are merged into one, and what fills a merged hole without a digest to prove it new is taken and
 * marked as a possible duplicate: better twice than lost. Digests of the last 1 024 numbers of each epoch, in pages of 64,
 * tell a duplicate from a conflict. */
#include <string.h>

#include "collector/engine/internal.h"

static int find_slot(const struct sk_ctrl *ctrl, uint32_t epoch)
{
    for (int i = 0; i < SK_EPOCHS; i++)
        if (ctrl->cursors[i].used && ctrl->cursors[i].epoch == epoch)
            return i;
    return -1;
}

const struct sk_cursor *sk_ctrl_current(const struct sk_ctrl *ctrl)
{
    const struct sk_cursor *newest = NULL;
    for (int i = 0; i < SK_EPOCHS; i++)
        if (ctrl->cursors[i].used && (newest == NULL || ctrl->cursors[i].order > newest->order))
            newest = &ctrl->cursors[i];
    return newest;
}

static bool misses_any(const struct sk_cursor *cursor)
{
    for (uint32_t i = 0; i < cursor->hole_count; i++)
        if ((cursor->holes[i].flags & SK_HOLE_SILENT) == 0)
            return true;
    return false;
}

/* A free slot, else the oldest epoch that misses nothing, else the oldest. */
static uint32_t slot_to_take(const struct sk_ctrl *ctrl)
{
    uint32_t best = 0;
    bool best_misses = true;
    uint64_t best_order = UINT64_MAX;
    for (uint32_t i = 0; i < SK_EPOCHS; i++) {
        const struct sk_cursor *cursor = &ctrl->cursors[i];
        if (!cursor->used)
            return i;
        if (cursor == sk_ctrl_current(ctrl))
            continue;
        const bool misses = misses_any(cursor);
        if ((best_misses && !misses) || (best_misses == misses && cursor->order < best_order)) {
            best = i;
            best_misses = misses;
            best_order = cursor->order;
        }
    }
    return best;
}

static const uint64_t *digest_at(const struct sk_ctrl *ctrl, uint32_t slot, uint64_t seq)
{
    const struct sk_digest_page *page = &ctrl->pages[slot][seq / SK_PAGE_EVENTS % SK_DIGEST_PAGES];
    if (!page->used || page->epoch != ctrl->cursors[slot].epoch || page->number != seq / SK_PAGE_EVENTS)
        return NULL;
    const uint64_t *digest = &page->digests[seq % SK_PAGE_EVENTS];
    return *digest != 0 ? digest : NULL;
}

static int find_hole(const struct sk_cursor *cursor, uint64_t seq)
{
    for (uint32_t i = 0; i < cursor->hole_count; i++)
        if (seq >= cursor->holes[i].from && seq <= cursor->holes[i].to)
            return (int)i;
    return -1;
}

/* At or below the newest: known, missing, or impossible. */
static void judge_old(const struct sk_ctrl *ctrl, const struct sk_cursor *cursor, uint64_t seq, uint64_t digest,
                      bool duplicate_flag, struct sk_judgement *judgement)
{
    const uint64_t *known = digest_at(ctrl, judgement->slot, seq);
    const int hole = find_hole(cursor, seq);
    if (known != NULL) {
        judgement->verdict = *known == digest ? SK_SEQ_DUPLICATE : SK_SEQ_CONFLICT;
    } else if (hole >= 0) {
        judgement->verdict = SK_SEQ_FILL;
        judgement->hole = (uint32_t)hole;
        judgement->possible_duplicate = (cursor->holes[hole].flags & SK_HOLE_MERGED) != 0;
    } else {
        judgement->verdict = duplicate_flag ? SK_SEQ_DUPLICATE : SK_SEQ_ROLLBACK;
    }
}

struct sk_judgement sk_ctrl_judge(const struct sk_ctrl *ctrl, uint32_t epoch, uint64_t seq, uint64_t digest,
                                  bool duplicate_flag)
{
    struct sk_judgement judgement = {.verdict = SK_SEQ_NEXT};
    const int slot = find_slot(ctrl, epoch);
    if (slot < 0) {
        judgement.verdict = sk_ctrl_current(ctrl) == NULL ? SK_SEQ_FIRST : SK_SEQ_EPOCH;
        judgement.slot = slot_to_take(ctrl);
        return judgement;
    }
    judgement.slot = (uint32_t)slot;
    const struct sk_cursor *cursor = &ctrl->cursors[slot];
    if (seq <= cursor->last)
        judge_old(ctrl, cursor, seq, digest, duplicate_flag, &judgement);
    else if (seq - 1 > cursor->last)
        judgement.verdict = SK_SEQ_GAP;
    return judgement;
}

static void keep_digest(struct sk_ctrl *ctrl, uint32_t slot, uint64_t seq, uint64_t digest)
{
    struct sk_digest_page *page = &ctrl->pages[slot][seq / SK_PAGE_EVENTS % SK_DIGEST_PAGES];
    const uint64_t number = seq / SK_PAGE_EVENTS;
    const uint32_t epoch = ctrl->cursors[slot].epoch;
    /* A straggler must not push out what is recent; what is impossibly far ahead (4 million events) is not recent but wrong. */
    if (!page->used || page->epoch != epoch || page->number < number || page->number - number > 65536)
        *page = (struct sk_digest_page){.used = true, .epoch = epoch, .number = number};
    if (page->number == number)
        page->digests[seq % SK_PAGE_EVENTS] = digest;
}

/* Joins the two neighbours that have the fewest known numbers between them. */
static void merge_nearest(struct sk_cursor *cursor)
{
    uint32_t best = 0;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i + 1 < cursor->hole_count; i++) {
        const uint64_t between = cursor->holes[i + 1].from - cursor->holes[i].to;
        if (between < least) {
            least = between;
            best = i;
        }
    }
    struct sk_hole *hole = &cursor->holes[best];
    const struct sk_hole next = hole[1];
    hole->to = next.to;
    hole->flags = (uint8_t)(SK_HOLE_MERGED | (hole->flags & next.flags & SK_HOLE_SILENT));
    memmove(hole + 1, hole + 2, (cursor->hole_count - best - 2) * sizeof *hole);
    cursor->hole_count--;
}

static void insert_hole(struct sk_cursor *cursor, uint32_t at, struct sk_hole hole)
{
    memmove(&cursor->holes[at + 1], &cursor->holes[at], (cursor->hole_count - at) * sizeof hole);
    cursor->holes[at] = hole;
    cursor->hole_count++;
}

static void fill(struct sk_cursor *cursor, uint32_t at, uint64_t seq)
{
    struct sk_hole *hole = &cursor->holes[at];
    if (hole->from == hole->to) {
        cursor->hole_count--;
        memmove(hole, hole + 1, (cursor->hole_count - at) * sizeof *hole);
    } else if (seq == hole->from) {
        hole->from++;
    } else if (seq == hole->to) {
        hole->to--;
    } else {
        struct sk_hole rest = *hole;
        rest.from = seq + 1;
        hole->to = seq - 1;
        if (cursor->hole_count < SK_HOLES) {
            insert_hole(cursor, at + 1, rest);
            return;
        }
        hole->to = rest.to; /* no room to split: the number stays inside */
        hole->flags |= SK_HOLE_MERGED;
    }
}

static void begin_epoch(struct sk_ctrl *ctrl, uint32_t slot, uint32_t epoch, uint64_t seq, int64_t mono_us)
{
    const struct sk_cursor *current = sk_ctrl_current(ctrl);
    const uint64_t order = current == NULL ? 1 : current->order + 1;
    struct sk_cursor *cursor = &ctrl->cursors[slot];
    memset(cursor, 0, sizeof *cursor);
    cursor->used = true;
    cursor->epoch = epoch;
    cursor->last = seq;
    cursor->order = order;
    if (seq > 0)
        insert_hole(cursor, 0, (struct sk_hole){0, seq - 1, mono_us, SK_HOLE_SILENT});
}

void sk_ctrl_apply(struct sk_ctrl *ctrl, const struct sk_judgement *judgement, uint32_t epoch, uint64_t seq, uint64_t digest,
                   int64_t mono_us)
{
    struct sk_cursor *cursor = &ctrl->cursors[judgement->slot];
    switch (judgement->verdict) {
    case SK_SEQ_FIRST:
    case SK_SEQ_EPOCH:
        begin_epoch(ctrl, judgement->slot, epoch, seq, mono_us);
        break;
    case SK_SEQ_GAP:
        if (cursor->hole_count == SK_HOLES)
            merge_nearest(cursor);
        insert_hole(cursor, cursor->hole_count, (struct sk_hole){cursor->last + 1, seq - 1, mono_us, 0});
        cursor->last = seq;
        break;
    case SK_SEQ_NEXT:
        cursor->last = seq;
        break;
    case SK_SEQ_FILL:
        fill(cursor, judgement->hole, seq);
        break;
    case SK_SEQ_DUPLICATE:
    case SK_SEQ_CONFLICT:
    case SK_SEQ_ROLLBACK:
        return;
    }
    keep_digest(ctrl, judgement->slot, seq, digest);
}

uint64_t sk_ctrl_extend(const struct sk_ctrl *ctrl, uint32_t epoch, uint64_t seq, unsigned bits)
{
    const int slot = find_slot(ctrl, epoch);
    if (bits >= 64 || slot < 0)
        return seq;
    const uint64_t turn = UINT64_C(1) << bits, last = ctrl->cursors[slot].last;
    const uint64_t near = (last & ~(turn - 1)) | (seq & (turn - 1));
    if (near > last && near - last > turn / 2 && near >= turn)
        return near - turn;
    return near < last && last - near > turn / 2 ? near + turn : near;
}

size_t sk_ctrl_holes(const struct sk_ctrl *ctrl, uint64_t *ret_missing, const struct sk_hole **ret_first)
{
    size_t count = 0;
    *ret_missing = 0;
    *ret_first = NULL;
    for (uint32_t c = 0; c < SK_EPOCHS; c++)
        for (uint32_t i = 0; ctrl->cursors[c].used && i < ctrl->cursors[c].hole_count; i++) {
            const struct sk_hole *hole = &ctrl->cursors[c].holes[i];
            if ((hole->flags & SK_HOLE_SILENT) != 0)
                continue;
            count++;
            *ret_missing += hole->to - hole->from + 1;
            if (*ret_first == NULL)
                *ret_first = hole;
        }
    return count;
}
