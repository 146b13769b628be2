/* SPDX-License-Identifier: Apache-2.0 */
/* What a controller's numbering and clock say about its honesty, as records and alarms. The judging itself is cursor.c.
 *
 * Order within one event: records about the numbering, the entry record, then rows and alarms. Cursor, holes and the digest
 * page leave as rows of the same step, so the log and the memory of what is in it are one transaction. */
#include <string.h>

#include "collector/engine/internal.h"

static const int64_t reorder_window_us = 5 * SK_US_PER_S; /* later fills are late, not reordered */
static const int64_t skew_record_us = 2 * SK_US_PER_S;
static const int64_t skew_alarm_us = 10 * SK_US_PER_S;

enum { C_GAP, C_REPLAY, C_SKEW, C_UNKNOWN, C_MALFORMED, C_DURESS };

struct sk_draft *sk_device_record(const struct sk_engine *engine, uint32_t device, uint16_t ev, const struct sk_now *now,
                                  struct sk_effects *effects)
{
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = ev;
    draft->header.class_ = SK_CLASS_SYSTEM;
    draft->header.ctrl = engine->site->devices[device].number;
    if (sk_device_is_simulated(engine, device))
        draft->header.flags |= SK_FLAG_SIMULATED;
    return draft;
}

struct sk_decision_input sk_passage_input(const struct sk_passage *passage, enum sk_verdict verdict, uint8_t severity,
                                          const char *detail)
{
    return (struct sk_decision_input){.verdict = verdict,
                                      .now = passage->now,
                                      .detail = detail,
                                      .severity = severity,
                                      .simulated = passage->event->simulated,
                                      .mono_us = passage->now->mono_us,
                                      .recv_us = passage->recv_us,
                                      .occurrence_class = passage->occurrence_class};
}

uint64_t sk_gap_detail(const struct sk_engine *engine, const struct sk_cond *cond, char to[SK_ALARM_TEXT_MAX])
{
    uint64_t missing;
    const struct sk_hole *first;
    const size_t holes = sk_ctrl_holes(&engine->ctrls[engine->ctrl_of_device[cond->owner]], &missing, &first);
    to[0] = '\0';
    if (first != NULL)
        sk_text_format(to, SK_ALARM_TEXT_MAX, "%llu-%llu; %zu holes, %llu missing", (unsigned long long)first->from,
                       (unsigned long long)first->to, holes, (unsigned long long)missing);
    return missing;
}

static void record_gap(struct sk_engine *engine, const struct sk_passage *passage, uint32_t epoch, uint64_t from, uint64_t to,
                       const char *detail, struct sk_effects *effects)
{
    struct sk_draft *draft = sk_device_record(engine, passage->event->device, SK_EV_CTRL_GAP, passage->now, effects);
    draft->header.ctrl_epoch = epoch;
    if (passage->event->simulated)
        draft->header.flags |= SK_FLAG_SIMULATED;
    sk_body_put_u64(&draft->body, SK_TAG_SEQ_FROM, from);
    sk_body_put_u64(&draft->body, SK_TAG_SEQ_TO, to);
    sk_body_put_u64(&draft->body, SK_TAG_COUNT, to - from + 1);
    if (detail != NULL)
        sk_body_put_text(&draft->body, SK_TAG_DETAIL, detail);
    sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[passage->event->device].id));
}

static void record_epoch(struct sk_engine *engine, const struct sk_passage *passage, uint32_t before,
                         struct sk_effects *effects)
{
    char detail[96];
    struct sk_draft *draft = sk_device_record(engine, passage->event->device, SK_EV_CTRL_EPOCH, passage->now, effects);
    draft->header.ctrl_epoch = passage->event->epoch;
    if (passage->event->simulated)
        draft->header.flags |= SK_FLAG_SIMULATED;
    const bool announced = engine->ctrls[engine->ctrl_of_device[passage->event->device]].lost;
    sk_text_format(detail, sizeof detail, "epoch %lu -> %lu%s", (unsigned long)before, (unsigned long)passage->event->epoch,
                   announced ? "" : ", and it was never offline");
    sk_body_put_u64(&draft->body, SK_TAG_SEQ_FROM, passage->event->seq);
    sk_body_put_text(&draft->body, SK_TAG_DETAIL, detail);
    sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[passage->event->device].id));
}

/* The first hole of an epoch that must make room: it can never be filled any more, and the log says so. */
static void record_given_up(struct sk_engine *engine, const struct sk_passage *passage, const struct sk_cursor *old,
                            struct sk_effects *effects)
{
    uint64_t from = 0, to = 0;
    bool any = false;
    for (uint32_t i = 0; old->used && i < old->hole_count; i++) {
        if ((old->holes[i].flags & SK_HOLE_SILENT) != 0)
            continue;
        from = any ? from : old->holes[i].from;
        to = old->holes[i].to;
        any = true;
    }
    if (any)
        record_gap(engine, passage, old->epoch, from, to, "epoch forgotten; holes between these numbers stay", effects);
}

static void tell_gap(struct sk_engine *engine, const struct sk_ctrl *ctrl, const struct sk_passage *passage,
                     struct sk_effects *effects)
{
    char detail[SK_ALARM_TEXT_MAX];
    uint64_t missing;
    const struct sk_hole *first;
    struct sk_cond *cond = &engine->conds[ctrl->first_cond + C_GAP];
    const enum sk_verdict verdict = sk_ctrl_holes(ctrl, &missing, &first) > 0 ? SK_V_ABNORMAL : SK_V_NORMAL;
    if (verdict == SK_V_NORMAL && cond->state == SK_CS_IDLE)
        return;
    struct sk_decision_input input = sk_passage_input(passage, verdict, cond->severity, detail);
    input.matched = sk_gap_detail(engine, cond, detail);
    sk_cond_feed(engine, ctrl->first_cond + C_GAP, &input, effects);
}

static void set_clock(struct sk_engine *engine, uint32_t index, uint8_t clock, struct sk_effects *effects)
{
    if (engine->ctrls[index].clock == clock)
        return;
    engine->ctrls[index].clock = clock;
    sk_pending_ctrl(engine, index, effects);
}

static void tell_skew(struct sk_engine *engine, uint32_t index, const struct sk_passage *passage, struct sk_effects *effects)
{
    struct sk_ctrl *ctrl = &engine->ctrls[index];
    if (passage->event->t_ctrl_us <= 0 || passage->fills)
        return;
    const int64_t skew = passage->event->t_ctrl_us - passage->recv_us;
    const bool skewed = skew > skew_record_us;
    set_clock(engine, index,
              skewed                       ? SK_CLOCK_WORD_BAD
              : skew >= -SK_CLOCK_SMALL_US ? SK_CLOCK_WORD_GOOD
                                           : ctrl->clock,
              effects);
    char detail[64];
    sk_text_format(detail, sizeof detail, "%.1f s", (double)skew / (double)SK_US_PER_S);
    if (skewed && !ctrl->skewed) {
        struct sk_draft *draft = sk_device_record(engine, ctrl->device, SK_EV_CTRL_SKEW, passage->now, effects);
        sk_body_put_i64(&draft->body, SK_TAG_T_CTRL, passage->event->t_ctrl_us);
        sk_body_put_i64(&draft->body, SK_TAG_SKEW_US, skew);
        sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[ctrl->device].id));
    }
    if (skewed != ctrl->skewed) {
        ctrl->skewed = skewed;
        sk_pending_skew(engine, index, effects);
    }
    const enum sk_verdict verdict = skew > skew_alarm_us ? SK_V_ABNORMAL : skewed ? SK_V_BAND : SK_V_NORMAL;
    const struct sk_decision_input input =
        sk_passage_input(passage, verdict, engine->conds[ctrl->first_cond + C_SKEW].severity, detail);
    sk_cond_feed(engine, ctrl->first_cond + C_SKEW, &input, effects);
}

static void take_replay(struct sk_engine *engine, const struct sk_ctrl *ctrl, struct sk_passage *passage,
                        enum sk_seq_verdict verdict, struct sk_effects *effects)
{
    char detail[96];
    const char *word = verdict == SK_SEQ_CONFLICT ? "conflict" : "rollback";
    sk_text_format(detail, sizeof detail, "%s epoch %lu seq %llu", word, (unsigned long)passage->event->epoch,
                   (unsigned long long)passage->event->seq);
    passage->record_ev = SK_EV_CTRL_REPLAY;
    passage->record_class = SK_CLASS_SYSTEM;
    passage->replayed = true;
    passage->detail = detail;
    sk_passage_record(engine, passage, effects);
    passage->detail = NULL;
    const struct sk_decision_input input =
        sk_passage_input(passage, SK_V_ABNORMAL, engine->conds[ctrl->first_cond + C_REPLAY].severity, detail);
    sk_cond_pulse(engine, ctrl->first_cond + C_REPLAY, &input, effects);
}

/* Records about the numbering that come before the event's own. */
static void tell_numbering(struct sk_engine *engine, uint32_t index, struct sk_passage *passage,
                           const struct sk_judgement *judgement, struct sk_effects *effects)
{
    const struct sk_ctrl *ctrl = &engine->ctrls[index];
    const struct sk_cursor *cursor = &ctrl->cursors[judgement->slot];
    if (judgement->verdict == SK_SEQ_GAP)
        record_gap(engine, passage, passage->event->epoch, cursor->last + 1, passage->event->seq - 1, NULL, effects);
    if (judgement->verdict == SK_SEQ_EPOCH) {
        record_epoch(engine, passage, sk_ctrl_current(ctrl)->epoch, effects);
        record_given_up(engine, passage, cursor, effects);
    }
    if (judgement->verdict != SK_SEQ_FILL)
        return;
    const struct sk_hole *hole = &cursor->holes[judgement->hole];
    passage->fills = true;
    passage->possible_duplicate = judgement->possible_duplicate;
    if ((hole->flags & SK_HOLE_SILENT) == 0 && passage->now->mono_us - hole->since_mono <= reorder_window_us)
        sk_tally_add(engine, SK_CTRL_TALLIES * index + SK_TALLY_REORDER, passage->now, effects);
}

unsigned sk_ctrl_seq_bits(const struct sk_engine *engine, uint32_t device)
{
    const struct sk_profile *profile = engine->site->devices[device].profile;
    return profile == NULL || profile->mqtt.seq_bits == 0 ? 64 : profile->mqtt.seq_bits;
}

static void record_wrap(struct sk_engine *engine, const struct sk_passage *passage, unsigned bits, struct sk_effects *effects)
{
    struct sk_draft *draft = sk_device_record(engine, passage->event->device, SK_EV_CTRL_WRAP, passage->now, effects);
    char detail[64];
    draft->header.ctrl_epoch = passage->event->epoch;
    sk_text_format(detail, sizeof detail, "counter of %u bits, turn %llu", bits,
                   (unsigned long long)(passage->event->seq >> bits));
    sk_body_put_u64(&draft->body, SK_TAG_SEQ_FROM, passage->event->seq);
    sk_body_put_text(&draft->body, SK_TAG_DETAIL, detail);
    sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[passage->event->device].id));
}

/* What waited somewhere on its way: counted, and the occurrence class stands in each entry. */
static void tell_late(struct sk_engine *engine, uint32_t index, const struct sk_passage *passage, struct sk_effects *effects)
{
    if (passage->occurrence_class > SK_OCC_ONLINE)
        sk_tally_add(engine, SK_CTRL_TALLIES * index + SK_TALLY_LATE, passage->now, effects);
}

bool sk_ctrl_take(struct sk_engine *engine, uint32_t index, struct sk_passage *passage, uint64_t digest,
                  struct sk_effects *effects)
{
    struct sk_ctrl *ctrl = &engine->ctrls[index];
    const struct sk_access_event *event = passage->event;
    const struct sk_judgement judgement = sk_ctrl_judge(ctrl, event->epoch, event->seq, digest, event->duplicate_flag);
    if (judgement.verdict == SK_SEQ_DUPLICATE) {
        sk_tally_add(engine, SK_CTRL_TALLIES * index + SK_TALLY_DUP, passage->now, effects);
        return false;
    }
    if (judgement.verdict == SK_SEQ_CONFLICT || judgement.verdict == SK_SEQ_ROLLBACK) {
        take_replay(engine, ctrl, passage, judgement.verdict, effects);
        return false;
    }
    tell_numbering(engine, index, passage, &judgement, effects);
    const struct sk_cursor *cursor = &ctrl->cursors[judgement.slot];
    const unsigned bits = sk_ctrl_seq_bits(engine, ctrl->device);
    if (bits < 64 && (judgement.verdict == SK_SEQ_NEXT || judgement.verdict == SK_SEQ_GAP) &&
        event->seq >> bits > cursor->last >> bits)
        record_wrap(engine, passage, bits, effects);
    sk_ctrl_apply(ctrl, &judgement, event->epoch, event->seq, digest, passage->now->mono_us);
    sk_passage_record(engine, passage, effects);
    sk_pending_cursor(engine, index, judgement.slot, passage->now, effects);
    sk_pending_page(engine, index, judgement.slot, (uint32_t)(event->seq / SK_PAGE_EVENTS % SK_DIGEST_PAGES), effects);
    if (ctrl->lost) {
        ctrl->lost = false;
        passage->regained = true;
        sk_pending_ctrl(engine, index, effects);
    }
    tell_late(engine, index, passage, effects);
    tell_gap(engine, ctrl, passage, effects);
    tell_skew(engine, index, passage, effects);
    return true;
}

/* Worst case of one event: gap, epoch, given up, skew, entry, and transitions of gap, skew, replay, comm-lost, a door that is
 * raised and returned at once, duress or unknown. */
enum { EVENT_TRANSITIONS = 42, DOOR_TRANSITIONS = 4 };

/* What a filled hole may settle beside the event's own door. */
static size_t most_transitions(const struct sk_engine *engine, int32_t ctrl)
{
    uint64_t missing;
    const struct sk_hole *first;
    const bool any = ctrl >= 0 && (engine->ctrls[ctrl].lost || sk_ctrl_holes(&engine->ctrls[ctrl], &missing, &first) > 0);
    return EVENT_TRANSITIONS + (any ? DOOR_TRANSITIONS * sk_doors_waiting(engine, &engine->ctrls[ctrl]) : 0);
}

/* Passages decided again (a record and an alarm that rings and ends), and the zones looked at. */
static size_t worst_of_moving(const struct sk_engine *engine, const struct sk_access_event *event, const struct sk_now *now)
{
    const int64_t recv_us = event->recv_us > 0 ? event->recv_us : now->utc_us;
    const uint8_t class_ = sk_occurrence_class(event->t_ctrl_us, recv_us);
    return 3 * sk_cases_since(engine, sk_movement_moment(class_, event->t_ctrl_us, recv_us)) + sk_zones_worst(engine);
}

static void take_movement(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    struct sk_stir stir;
    const uint64_t own = engine->cases.next;
    sk_passage_keep(engine, passage, effects);
    if (sk_presence_take(engine, passage, &stir, effects)) {
        stir.own = own;
        sk_supplements_stir(engine, &stir, passage->recv_us, passage->now, effects);
        sk_zones_stir(engine, &stir, passage->now, effects);
    }
    if (passage->fills) /* what was uncertain may be certain now */
        sk_zones_look(engine, passage->now, effects);
}

enum sk_err sk_engine_event(struct sk_engine *engine, const struct sk_access_event *event, const struct sk_now *now,
                            struct sk_effects *effects, bool *ret_duplicate)
{
    uint64_t digest = 0;
    struct sk_passage passage;
    if (event->device >= engine->site->device_count)
        return SK_ERR_INVALID;
    const int32_t ctrl = engine->ctrl_of_device[event->device];
    const bool numbered = ctrl >= 0 && event->has_identity;
    enum sk_err err = numbered ? sk_event_digest(engine, event, &digest) : SK_OK;
    if (err == SK_OK)
        err = sk_engine_advance(engine, now->mono_us, now, most_transitions(engine, ctrl) + worst_of_moving(engine, event, now),
                                0, effects);
    if (err != SK_OK)
        return err;
    struct sk_access_event wide;
    if (numbered && sk_ctrl_seq_bits(engine, event->device) < 64) {
        wide = *event;
        wide.seq = sk_ctrl_extend(&engine->ctrls[ctrl], event->epoch, event->seq, sk_ctrl_seq_bits(engine, event->device));
        event = &wide;
    }
    sk_passage_init(engine, event, now, &passage);
    sk_device_heard(engine, event->device, now->mono_us, event->simulated, now, effects);
    *ret_duplicate = false;
    if (numbered) {
        *ret_duplicate = !sk_ctrl_take(engine, (uint32_t)ctrl, &passage, digest, effects);
        if (*ret_duplicate)
            return SK_OK;
        sk_silence_caught_up(engine, (uint32_t)ctrl, now, effects);
    } else {
        sk_passage_record(engine, &passage, effects);
        if (ctrl >= 0) {
            tell_late(engine, (uint32_t)ctrl, &passage, effects);
            tell_skew(engine, (uint32_t)ctrl, &passage, effects);
        }
    }
    sk_doors_take(engine, &passage, effects);
    if (numbered && (passage.fills || passage.regained))
        sk_doors_again(engine, &engine->ctrls[ctrl], &passage, effects);
    sk_tail_passage(engine, &passage, effects);
    take_movement(engine, &passage, effects);
    sk_rights_passage(engine, &passage, effects);
    return SK_OK;
}

static void record_malformed(struct sk_engine *engine, uint32_t device, const char *where, const char *expected,
                             const void *bytes, size_t length, const struct sk_now *now, struct sk_effects *effects)
{
    char detail[512];
    struct sk_draft *draft = sk_device_record(engine, device, SK_EV_CTRL_MALFORMED, now, effects);
    if (length > 0 && bytes != NULL)
        sk_body_put_bytes(&draft->body, SK_TAG_NATIVE, bytes, length < SK_NATIVE_MAX ? length : SK_NATIVE_MAX);
    sk_text_format(detail, sizeof detail, "%.200s: %.250s", sk_text_or(where), sk_text_or(expected));
    sk_body_put_u64(&draft->body, SK_TAG_COUNT, 1);
    sk_body_put_text(&draft->body, SK_TAG_DETAIL, detail);
    sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[device].id));
}

/* A door message that nobody understands may have been a passage: each is recorded. Of others the first is, then they are
 * counted. */
enum sk_err sk_engine_malformed(struct sk_engine *engine, int32_t device, const char *where, const char *expected,
                                const void *bytes, size_t length, const struct sk_now *now, struct sk_effects *effects)
{
    const bool known = device >= 0 && (size_t)device < engine->site->device_count;
    const int32_t ctrl = known ? engine->ctrl_of_device[device] : -1;
    const enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 4, 0, effects);
    if (err != SK_OK)
        return err;
    const uint32_t tally = sk_tally_of_device(engine, device);
    if (!known) {
        sk_tally_add(engine, tally, now, effects);
        return SK_OK;
    }
    if (ctrl < 0) {
        if (sk_tally_begins(engine, tally, now, effects))
            record_malformed(engine, (uint32_t)device, where, expected, bytes, length, now, effects);
        return SK_OK;
    }
    const uint32_t cond = engine->ctrls[ctrl].first_cond + C_MALFORMED;
    record_malformed(engine, (uint32_t)device, where, expected, bytes, length, now, effects);
    const struct sk_decision_input input = {.verdict = SK_V_ABNORMAL,
                                            .now = now,
                                            .detail = sk_text_or(where),
                                            .severity = engine->conds[cond].severity,
                                            .simulated = sk_device_is_simulated(engine, (uint32_t)device),
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_pulse(engine, cond, &input, effects);
    return SK_OK;
}
