/* SPDX-License-Identifier: Apache-2.0 */
/* The door model at work: each event of a door moves its model, and what the model then says becomes a record and the door's
 * alarm. One cause makes one alarm: `door:<id>` stands while the controller or the model says so and ends when neither does.
 * Both words are kept; where they still differ after the reorder window a record says so, and another when they agree again. */
#include <string.h>

#include "collector/engine/internal.h"

static const int64_t settle_us = 5 * SK_US_PER_S; /* the reorder window: until then the other may still say the same */

const struct sk_ctrl *sk_door_ctrl(const struct sk_engine *engine, uint32_t index)
{
    const int32_t device = engine->site->doors[index].controller;
    const int32_t ctrl = device < 0 ? -1 : engine->ctrl_of_device[device];
    return ctrl < 0 ? NULL : &engine->ctrls[ctrl];
}

void sk_door_arm(struct sk_engine *engine, uint32_t index)
{
    const struct sk_door_watch *watch = &engine->door_watches[index];
    int64_t deadline = sk_door_model_deadline(&watch->model, &engine->site->doors[index], sk_door_ctrl(engine, index));
    if (watch->settle_mono < deadline)
        deadline = watch->settle_mono;
    if (sk_silence_deadline(engine, index) < deadline)
        deadline = sk_silence_deadline(engine, index);
    if (sk_tail_deadline(engine, index) < deadline)
        deadline = sk_tail_deadline(engine, index);
    if (deadline == SK_NEVER)
        sk_heap_cancel(&engine->heap, engine->node_door + index);
    else
        sk_heap_set(&engine->heap, engine->node_door + index, deadline);
}

static const char *model_word(uint8_t alarm)
{
    return sk_text_or(sk_door_word("model", alarm));
}

/* What the controller says of the door's alarm by now; NULL: it never said anything. */
static const char *ctrl_word(const struct sk_door_watch *watch)
{
    const struct sk_told *told = &watch->model.told[SK_DF_ALARM];
    return told->told ? sk_text_or(sk_door_word("alarm", told->state)) : NULL;
}

struct moment { /* of whatever moved the model */
    const struct sk_now *now;
    uint8_t occurrence_class;
    bool simulated;
};

static void feed(struct sk_engine *engine, uint32_t index, enum sk_verdict verdict, uint8_t alarm, const struct moment *moment,
                 struct sk_effects *effects)
{
    const uint32_t cond = sk_door_cond(engine, index, SK_CK_DOOR_ALARM);
    const struct sk_decision_input input = {.verdict = verdict,
                                            .now = moment->now,
                                            .detail = model_word(alarm),
                                            .severity = alarm == SK_DOOR_MODEL_FORCED ? SK_SEV_HIGH : SK_SEV_MEDIUM,
                                            .simulated = moment->simulated,
                                            .mono_us = moment->now->mono_us,
                                            .recv_us = moment->now->utc_us,
                                            .occurrence_class = moment->occurrence_class};
    sk_cond_feed(engine, cond, &input, effects);
}

static void record(const struct sk_engine *engine, uint32_t index, uint8_t alarm, const struct sk_door_outcome *outcome,
                   const struct moment *moment, struct sk_effects *effects)
{
    const struct sk_door_watch *watch = &engine->door_watches[index];
    const struct sk_opening *opening = outcome->closed ? &outcome->ended : &watch->model.opening;
    const struct sk_door_note note = {
        .ev = SK_EV_DOOR_MODEL,
        .occurrence_class = moment->occurrence_class,
        .derivation = alarm == SK_DOOR_MODEL_FORCED     ? "opened without grant, exit button or masking mode within ReleaseTime"
                      : alarm == SK_DOOR_MODEL_TOO_LONG ? "open longer than OpenTime"
                      : alarm == SK_DOOR_MODEL_UNKNOWN  ? "opened while events just before are missing"
                                                        : NULL,
        .model = model_word(alarm),
        .state = ctrl_word(watch),
        .basis = !opening->present       ? NULL
                 : opening->time.trusted ? "controller"
                                         : "receive",
        .since_us = watch->model.alarm_since_us,
        .open_us = outcome->closed ? outcome->open_us : 0};
    sk_door_note_record(engine, index, &note, moment->now, effects);
}

/* Unknown is worth a record when events are missing; that nothing was known before the first opening is not. */
static bool is_worth_telling(const struct sk_door_watch *watch, uint8_t alarm)
{
    if (alarm == watch->recorded)
        return false;
    return alarm != SK_DOOR_MODEL_UNKNOWN || watch->model.opening.verdict == SK_OPEN_MISSING;
}

static void tell(struct sk_engine *engine, uint32_t index, uint8_t before, const struct sk_door_outcome *outcome,
                 const struct moment *moment, struct sk_effects *effects)
{
    struct sk_door_watch *watch = &engine->door_watches[index];
    const uint8_t alarm = watch->model.alarm;
    if (is_worth_telling(watch, alarm)) {
        record(engine, index, alarm, outcome, moment, effects);
        watch->recorded = alarm;
    }
    if (alarm == before)
        return;
    watch->settle_mono = moment->now->mono_us + settle_us;
    const bool ctrl_stands =
        watch->model.told[SK_DF_ALARM].told && watch->model.told[SK_DF_ALARM].state != SK_DOOR_ALARM_NORMAL;
    if (alarm >= SK_DOOR_MODEL_TOO_LONG && engine->conds[sk_door_cond(engine, index, SK_CK_DOOR_ALARM)].state == SK_CS_IDLE)
        feed(engine, index, SK_V_ABNORMAL, alarm, moment, effects);
    else if (before >= SK_DOOR_MODEL_TOO_LONG && alarm < SK_DOOR_MODEL_TOO_LONG && !ctrl_stands)
        feed(engine, index, SK_V_NORMAL, alarm, moment, effects);
}

/* An alarm that was and is over: told, raised and returned at once. */
static void tell_past(struct sk_engine *engine, uint32_t index, uint8_t alarm, const struct sk_door_outcome *outcome,
                      const struct moment *moment, struct sk_effects *effects)
{
    const bool idle = engine->conds[sk_door_cond(engine, index, SK_CK_DOOR_ALARM)].state == SK_CS_IDLE;
    record(engine, index, alarm, outcome, moment, effects);
    if (!idle)
        return;
    feed(engine, index, SK_V_ABNORMAL, alarm, moment, effects);
    feed(engine, index, SK_V_NORMAL, alarm, moment, effects);
}

static struct sk_door_input input_of(const struct sk_engine *engine, const struct sk_passage *passage)
{
    const struct sk_access_event *event = passage->event;
    const int32_t ctrl = engine->ctrl_of_device[event->device];
    const bool good = ctrl >= 0 && engine->ctrls[ctrl].clock == SK_CLOCK_WORD_GOOD;
    const int64_t ahead_us = event->t_ctrl_us - passage->recv_us;
    const bool near = ahead_us <= SK_CLOCK_SMALL_US && (good || ahead_us >= -SK_CLOCK_SMALL_US);
    struct sk_door_input input = {
        .ev = passage->ev,
        .state = event->state,
        .seq = event->seq,
        .epoch = event->epoch,
        .numbered = event->has_identity,
        .extended = event->extended,
        .time = {.ctrl_us = event->t_ctrl_us, .recv_us = passage->recv_us, .trusted = event->t_ctrl_us > 0 && near},
        .recv_mono_us = passage->now->mono_us};
    const int64_t age_us = passage->now->utc_us - sk_door_time_of(&input.time);
    input.mono_us = passage->now->mono_us - (age_us > 0 ? age_us : 0);
    return input;
}

bool sk_doors_watch(struct sk_engine *engine, const struct sk_passage *passage, struct sk_door_outcome *ret_outcome,
                    struct sk_effects *effects)
{
    const struct sk_door_info *door = passage->door;
    *ret_outcome = (struct sk_door_outcome){.told_new = !passage->fills};
    if (door == NULL || door->controller != (int32_t)passage->event->device)
        return false;
    const uint32_t index = (uint32_t)(door - engine->site->doors);
    struct sk_door_watch *watch = &engine->door_watches[index];
    const uint8_t before = watch->model.alarm;
    const struct sk_door_input input = input_of(engine, passage);
    const struct moment moment = {passage->now, passage->occurrence_class, passage->event->simulated};
    sk_door_model_take(&watch->model, door, sk_door_ctrl(engine, index), &input, ret_outcome);
    if (ret_outcome->was_forced)
        tell_past(engine, index, SK_DOOR_MODEL_FORCED, ret_outcome, &moment, effects);
    if (ret_outcome->late_too_long)
        tell_past(engine, index, SK_DOOR_MODEL_TOO_LONG, ret_outcome, &moment, effects);
    tell(engine, index, before, ret_outcome, &moment, effects);
    sk_tail_closed(engine, passage, ret_outcome, effects);
    if (passage->ev == SK_EV_DOOR_ALARM && ret_outcome->told_new)
        watch->settle_mono = passage->now->mono_us + settle_us;
    return true;
}

void sk_door_end(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    const uint32_t index = (uint32_t)(passage->door - engine->site->doors);
    sk_silence_event(engine, index, passage->now, effects);
    sk_pending_door(engine, index, passage->now, effects);
    sk_door_arm(engine, index);
}

bool sk_door_model_holds(const struct sk_engine *engine, uint32_t index)
{
    return engine->door_watches[index].model.alarm >= SK_DOOR_MODEL_TOO_LONG;
}

/* --- what is missing came, or time went on --- */

static bool waits(const struct sk_engine *engine, uint32_t index, const struct sk_ctrl *ctrl)
{
    const struct sk_opening *opening = &engine->door_watches[index].model.opening;
    return opening->present && sk_door_ctrl(engine, index) == ctrl;
}

size_t sk_doors_waiting(const struct sk_engine *engine, const struct sk_ctrl *ctrl)
{
    size_t count = 0;
    for (uint32_t i = 0; i < engine->site->door_count; i++)
        count += waits(engine, i, ctrl);
    return count;
}

void sk_doors_again(struct sk_engine *engine, const struct sk_ctrl *ctrl, const struct sk_passage *passage,
                    struct sk_effects *effects)
{
    const struct moment moment = {passage->now, passage->occurrence_class, passage->event->simulated};
    for (uint32_t i = 0; i < engine->site->door_count; i++) {
        struct sk_door_watch *watch = &engine->door_watches[i];
        const struct sk_door_outcome outcome = {0};
        const uint8_t before = watch->model.alarm;
        if (!waits(engine, i, ctrl))
            continue;
        sk_door_model_again(&watch->model, &engine->site->doors[i], ctrl);
        tell(engine, i, before, &outcome, &moment, effects);
        sk_door_arm(engine, i);
        if (watch->model.alarm != before)
            sk_pending_door(engine, i, passage->now, effects);
    }
}

/* 0 nothing wrong, 1 too long, 2 forced, -1 cannot be compared. */
static int rank_of_model(const struct sk_door_watch *watch, const struct sk_ctrl *ctrl)
{
    static const int ranks[] = {[SK_DOOR_MODEL_UNKNOWN] = -1,
                                [SK_DOOR_MODEL_NORMAL] = 0,
                                [SK_DOOR_MODEL_PREALARM] = 0,
                                [SK_DOOR_MODEL_TOO_LONG] = 1,
                                [SK_DOOR_MODEL_FORCED] = 2};
    return ranks[sk_door_model_alarm(&watch->model, ctrl)];
}

static int rank_of_ctrl(const struct sk_door_watch *watch, const struct sk_ctrl *ctrl)
{
    const struct sk_told *told = &watch->model.told[SK_DF_ALARM];
    if (!told->told)
        return 0; /* it never tells any */
    if (!sk_told_is_known(told, ctrl))
        return -1;
    return told->state == SK_DOOR_ALARM_FORCED ? 2 : told->state == SK_DOOR_ALARM_TOO_LONG ? 1 : 0;
}

static void settle(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_door_watch *watch = &engine->door_watches[index];
    const struct sk_ctrl *ctrl = sk_door_ctrl(engine, index);
    const int ours = rank_of_model(watch, ctrl), theirs = rank_of_ctrl(watch, ctrl);
    watch->settle_mono = SK_NEVER;
    if (ours < 0 || theirs < 0 || (ours != theirs) == watch->differs)
        return;
    watch->differs = ours != theirs;
    const char *word = ctrl_word(watch);
    const struct sk_door_note note = {.ev = SK_EV_DOOR_DIFFERS,
                                      .lifecycle = watch->differs ? "New" : "Restore",
                                      .state = word != NULL ? word : "never told",
                                      .model = model_word(watch->model.alarm),
                                      .since_us = watch->model.alarm_since_us};
    sk_door_note_record(engine, index, &note, now, effects);
}

void sk_door_fire(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_door_watch *watch = &engine->door_watches[index];
    const struct sk_door_info *door = &engine->site->doors[index];
    const struct sk_ctrl *ctrl = sk_door_ctrl(engine, index);
    const struct sk_door_outcome outcome = {0};
    const uint8_t before = watch->model.alarm;
    const struct moment moment = {
        .now = now, .simulated = door->controller >= 0 && sk_device_is_simulated(engine, (uint32_t)door->controller)};
    sk_door_model_tick(&watch->model, door, ctrl, now->mono_us, now->utc_us);
    tell(engine, index, before, &outcome, &moment, effects);
    if (watch->settle_mono <= now->mono_us)
        settle(engine, index, now, effects);
    sk_silence_look(engine, index, now, effects);
    sk_tail_look(engine, index, now, effects);
    sk_pending_door(engine, index, now, effects);
    sk_door_arm(engine, index);
}
