/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: one small state machine for every limit, device, door, controller and system fault.
 *
 *            ABNORMAL                    DwellTime over
 *   IDLE ----------------> PENDING -------------------------> ACTIVE -----> (NORMAL) RETURNING
 *     ^   NORMAL or BAND      |                                  ^   BAND, ABNORMAL, UNKNOWN |
 *     +-----------------------+                                  +---------------------------+
 *     ^                                                      HysteresisDuration over         |
 *     +--------------------------------------------------------------------------------------+
 *
 * UNKNOWN (bad quality, silence) never ends anything: PENDING goes on counting, ACTIVE stays, RETURNING starts over. With a
 * duration of zero the middle state is passed at once. The table is the machine; effects are in act(). */
#include <math.h>

#include "collector/engine/internal.h"

enum action { STAY, BEGIN, CANCEL, RAISE, UPDATE, BACK, AGAIN, RETURN };

static const uint8_t machine[4][4] = {
    /*                 ABNORMAL BAND    NORMAL  UNKNOWN */
    [SK_CS_IDLE] = {BEGIN, STAY, STAY, STAY},
    [SK_CS_PENDING] = {UPDATE, CANCEL, CANCEL, STAY},
    [SK_CS_ACTIVE] = {UPDATE, STAY, BACK, STAY},
    [SK_CS_RETURNING] = {AGAIN, AGAIN, STAY, AGAIN},
};

/* What kinds without a configured limit use. A pulse counts as over after 15 min without another. */
static const struct sk_limit kind_limits[SK_CK_COUNT_] = {
    [SK_CK_COMM] = {.condition = SK_COND_COMM_LOST},
    [SK_CK_QUALITY] = {.condition = SK_COND_STALE}, /* each device has its own */
    [SK_CK_DOOR_ALARM] = {.condition = SK_COND_DOOR, .severity = SK_SEV_HIGH},
    [SK_CK_DOOR_TAMPER] = {.condition = SK_COND_DOOR, .severity = SK_SEV_HIGH},
    [SK_CK_DOOR_FAULT] = {.condition = SK_COND_DOOR, .severity = SK_SEV_MEDIUM},
    [SK_CK_DOOR_DURESS] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_CRITICAL, .hysteresis_ms = 900000},
    [SK_CK_DOOR_POLICY] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_CRITICAL, .hysteresis_ms = 900000},
    [SK_CK_DOOR_FACTOR] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_HIGH, .hysteresis_ms = 900000},
    [SK_CK_DOOR_LOCK] = {.condition = SK_COND_DOOR, .severity = SK_SEV_MEDIUM},
    [SK_CK_DOOR_READER] = {.condition = SK_COND_DOOR, .severity = SK_SEV_MEDIUM},
    [SK_CK_DOOR_COUNT] = {.condition = SK_COND_ACCESS,
                          .severity = SK_SEV_HIGH,
                          .dwell_ms = 1800000}, /* each door has its own */
    [SK_CK_DOOR_BUSY] = {.condition = SK_COND_CONTROLLER, .severity = SK_SEV_HIGH},
    [SK_CK_GAP] = {.condition = SK_COND_CONTROLLER, .severity = SK_SEV_HIGH, .dwell_ms = 5000}, /* 5 s: reorder window */
    [SK_CK_REPLAY] = {.condition = SK_COND_CONTROLLER, .severity = SK_SEV_HIGH, .hysteresis_ms = 900000},
    [SK_CK_SKEW] = {.condition = SK_COND_CONTROLLER, .severity = SK_SEV_MEDIUM},
    [SK_CK_UNKNOWN] = {.condition = SK_COND_CONTROLLER, .severity = SK_SEV_LOW, .hysteresis_ms = 900000},
    [SK_CK_MALFORMED] = {.condition = SK_COND_CONTROLLER, .severity = SK_SEV_LOW, .hysteresis_ms = 900000},
    [SK_CK_DURESS] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_CRITICAL, .hysteresis_ms = 900000},
    [SK_CK_ZONE_SINGLE] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_HIGH}, /* the zones' own times: zones.c */
    [SK_CK_ZONE_MAX] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_HIGH},
    [SK_CK_ZONE_MIN] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_MEDIUM},
    [SK_CK_ZONE_ASTRAY] = {.condition = SK_COND_ACCESS, .severity = SK_SEV_HIGH},
    [SK_CK_SILENT] = {.condition = SK_COND_CONTROLLER, .severity = SK_SEV_HIGH, .dwell_ms = 60000},
    [SK_CK_SYSTEM] = {.condition = SK_COND_SYSTEM, .severity = SK_SEV_HIGH},
};

const struct sk_limit *sk_kind_limit(uint8_t kind)
{
    return &kind_limits[kind];
}

static int64_t dwell_us(const struct sk_cond *cond)
{
    return (int64_t)cond->limit->dwell_ms * SK_US_PER_MS;
}

static int64_t return_us(const struct sk_cond *cond)
{
    return (int64_t)cond->limit->hysteresis_ms * SK_US_PER_MS;
}

static bool is_moving(uint8_t state)
{
    return state == SK_CS_PENDING || state == SK_CS_RETURNING;
}

/* RateOfChange needs the steady value too while it is anything but idle: its window slides. */
static bool wants_refresh(const struct sk_cond *cond, uint8_t state)
{
    return is_moving(state) || (cond->rate != SK_NO_COND && state != SK_CS_IDLE);
}

void sk_cond_moves(struct sk_engine *engine, struct sk_cond *cond, uint8_t state)
{
    if (cond->kind == SK_CK_LIMIT) {
        struct sk_point_state *point = &engine->points[cond->owner];
        sk_block_stir(engine, cond->owner);
        point->moving = (uint16_t)(point->moving + wants_refresh(cond, state) - wants_refresh(cond, cond->state));
    }
    cond->state = state;
}

void sk_cond_arm(struct sk_engine *engine, uint32_t index)
{
    const struct sk_cond *cond = &engine->conds[index];
    const uint32_t node = engine->node_cond + index;
    if (cond->state == SK_CS_PENDING)
        sk_heap_set(&engine->heap, node, cond->since_mono + dwell_us(cond));
    else if (cond->state == SK_CS_RETURNING)
        sk_heap_set(&engine->heap, node, cond->since_mono + return_us(cond));
    else if (cond->state == SK_CS_ACTIVE && cond->untold)
        sk_heap_set(&engine->heap, node, cond->tell_mono);
    else
        sk_heap_cancel(&engine->heap, node);
}

/* Sets a state together with its timer and its row on disk. */
static void enter(struct sk_engine *engine, uint32_t index, uint8_t state, const struct sk_decision_input *input,
                  struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    const bool had_row = is_moving(cond->state);
    if (is_moving(state))
        cond->since_mono = input->mono_us;
    sk_cond_moves(engine, cond, state);
    cond->untold = false;
    sk_cond_arm(engine, index);
    if (had_row || is_moving(state))
        sk_pending_cond(engine, index, input->now, effects);
}

static void begin(struct sk_engine *engine, uint32_t index, const struct sk_decision_input *input, struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    cond->since_utc = input->recv_us;
    cond->matched = input->matched;
    if (dwell_us(cond) > 0) {
        enter(engine, index, SK_CS_PENDING, input, effects);
        return;
    }
    enter(engine, index, SK_CS_ACTIVE, input, effects);
    sk_alarm_raise(engine, index, input, effects);
}

static void give_back(struct sk_engine *engine, uint32_t index, const struct sk_decision_input *input,
                      struct sk_effects *effects)
{
    if (return_us(&engine->conds[index]) > 0) {
        enter(engine, index, SK_CS_RETURNING, input, effects);
        return;
    }
    enter(engine, index, SK_CS_IDLE, input, effects);
    sk_alarm_return(engine, index, input, effects);
}

/* Abnormal still: PENDING keeps the newest value on disk, ACTIVE tells what is new about it. */
static void still(struct sk_engine *engine, uint32_t index, const struct sk_decision_input *input, struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    if (cond->state == SK_CS_ACTIVE)
        sk_alarm_update(engine, index, input, effects);
    cond->matched = input->matched;
    if (cond->state == SK_CS_PENDING)
        sk_pending_cond(engine, index, input->now, effects);
}

static bool is_overdue(const struct sk_cond *cond, int64_t mono_us)
{
    if (cond->state == SK_CS_PENDING)
        return cond->since_mono + dwell_us(cond) <= mono_us;
    return cond->state == SK_CS_RETURNING && cond->since_mono + return_us(cond) <= mono_us;
}

void sk_cond_feed(struct sk_engine *engine, uint32_t index, const struct sk_decision_input *input, struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    if (is_overdue(cond, input->mono_us)) /* more fell due than a step fires: what was first stays first */
        sk_cond_fire(engine, index, input->now, effects);
    switch ((enum action)machine[cond->state][input->verdict]) {
    case STAY:
        if (is_moving(cond->state)) /* the newest value goes with it */
            sk_pending_cond(engine, index, input->now, effects);
        break;
    case BEGIN:
        begin(engine, index, input, effects);
        break;
    case CANCEL:
        enter(engine, index, SK_CS_IDLE, input, effects);
        break;
    case UPDATE:
        still(engine, index, input, effects);
        break;
    case AGAIN:
        enter(engine, index, SK_CS_ACTIVE, input, effects);
        if (input->verdict == SK_V_ABNORMAL)
            still(engine, index, input, effects);
        break;
    case BACK:
        give_back(engine, index, input, effects);
        break;
    case RAISE:
    case RETURN:
        break; /* by timer only */
    }
}

void sk_cond_pulse(struct sk_engine *engine, uint32_t cond, const struct sk_decision_input *input, struct sk_effects *effects)
{
    struct sk_decision_input over = *input;
    sk_cond_feed(engine, cond, input, effects);
    over.verdict = SK_V_NORMAL;
    sk_cond_feed(engine, cond, &over, effects);
}

static double rate_of(struct sk_engine *engine, const struct sk_cond *cond, int64_t mono_us)
{
    return sk_rate_range(&engine->rates[cond->rate], cond->limit, mono_us);
}

static enum sk_verdict judge_rate(struct sk_engine *engine, const struct sk_cond *cond, const struct sk_sample *sample,
                                  int64_t mono_us, double range)
{
    if (!sk_sample_may_raise(sample) || !isfinite(sample->number))
        return SK_V_UNKNOWN;
    if (range > cond->limit->reading)
        return SK_V_ABNORMAL;
    const bool proved = sk_sample_may_clear(sample) && sk_rate_is_full(&engine->rates[cond->rate], cond->limit, mono_us);
    if (range > cond->limit->reading - cond->limit->hysteresis)
        return SK_V_BAND;
    return proved ? SK_V_NORMAL : SK_V_UNKNOWN; /* a window with a gap in it proves nothing */
}

/* When the sample reached us; never later than now. */
static int64_t seen_mono(const struct sk_sample *sample, const struct sk_now *now)
{
    return sample->mono_us > 0 && sample->mono_us <= now->mono_us ? sample->mono_us : now->mono_us;
}

/* The usual cases, kept cheap: normal and idle, abnormal and known. */
static bool says_nothing_new(const struct sk_cond *cond, const struct sk_decision_input *input)
{
    if (cond->state == SK_CS_IDLE)
        return input->verdict != SK_V_ABNORMAL;
    if (cond->state != SK_CS_ACTIVE)
        return false;
    return input->verdict == SK_V_ABNORMAL ? input->matched == cond->matched : input->verdict != SK_V_NORMAL;
}

static void feed_limit(struct sk_engine *engine, uint32_t index, bool changed, const struct sk_now *now,
                       struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    const struct sk_sample *sample = &engine->views[cond->owner].sample;
    struct sk_decision_input input = {
        .now = now, .sample = sample, .severity = cond->severity, .mono_us = seen_mono(sample, now)};
    double range = 0;
    if (cond->rate != SK_NO_COND) {
        /* beyond the range or of unknown age: no measurement to take a difference from */
        const bool measured = sk_sample_may_clear(sample) && isfinite(sample->number);
        const struct sk_rate *rate = &engine->rates[cond->rate];
        const bool new = changed || !rate->holds || rate->last != sample->number;
        if (new &&measured && sk_rate_push(&engine->rates[cond->rate], cond->limit, input.mono_us, sample->number))
            sk_pending_rate(engine, index, now, effects);
        range = rate_of(engine, cond, input.mono_us);
        input.verdict = judge_rate(engine, cond, sample, input.mono_us, range);
    } else {
        input.verdict = sk_limit_judge(cond->limit, sample);
    }
    input.matched = cond->limit->condition == SK_COND_STATE ? sk_limit_matched(cond->limit, sample) : 0;
    if (says_nothing_new(cond, &input))
        return;
    char detail[SK_ALARM_TEXT_MAX];
    sk_limit_detail(&engine->site->points[cond->owner], cond->limit, sample, input.matched, detail);
    if (cond->rate != SK_NO_COND)
        sk_text_format(detail, sizeof detail, "%.6g / %lu s", range, (unsigned long)(cond->limit->window_ms / 1000));
    input.detail = detail;
    input.simulated = (sample->flags & SK_SAMPLE_SIMULATED) != 0;
    input.has_value = sample->kind != SK_KIND_TEXT && isfinite(sample->number);
    input.value = cond->rate != SK_NO_COND ? range : sample->number;
    input.limit = cond->limit->reading;
    input.recv_us = sample->recv_us != 0 ? sample->recv_us : now->utc_us;
    sk_cond_feed(engine, index, &input, effects);
}

void sk_conds_of_point(struct sk_engine *engine, uint32_t point, bool changed, const struct sk_now *now,
                       struct sk_effects *effects)
{
    const struct sk_point_state *state = &engine->points[point];
    for (uint32_t i = state->first_cond; i < state->first_cond + state->cond_count; i++)
        feed_limit(engine, i, changed, now, effects);
}

static bool is_zone(const struct sk_cond *cond)
{
    return cond->kind >= SK_CK_ZONE_SINGLE && cond->kind <= SK_CK_ZONE_ASTRAY;
}

/* What a timer knows: the point's last value, or nothing. */
static void timer_input(const struct sk_engine *engine, const struct sk_cond *cond, const struct sk_now *now,
                        char detail[SK_ALARM_TEXT_MAX], struct sk_decision_input *ret_input)
{
    *ret_input = (struct sk_decision_input){.now = now,
                                            .severity = cond->severity,
                                            .detail = detail,
                                            .matched = cond->matched,
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    detail[0] = '\0';
    if (cond->kind == SK_CK_COMM || cond->kind == SK_CK_QUALITY || (cond->kind >= SK_CK_GAP && cond->kind <= SK_CK_CTRL_LAST_))
        ret_input->simulated = sk_device_is_simulated(engine, cond->owner);
    if (is_zone(cond))
        ret_input->simulated = sk_zone_is_simulated(engine, cond->owner);
    if (cond->kind >= SK_CK_DOOR_ALARM && cond->kind <= SK_CK_DOOR_LAST_ && engine->site->doors[cond->owner].controller >= 0)
        ret_input->simulated = sk_device_is_simulated(engine, (uint32_t)engine->site->doors[cond->owner].controller);
    if (cond->alarm != NULL) {
        const struct sk_alarm *alarm = &cond->alarm->alarm;
        ret_input->has_value = alarm->has_value;
        ret_input->value = alarm->value;
        ret_input->limit = alarm->limit;
        ret_input->simulated = (alarm->bits & SK_ALARM_BIT_SIMULATED) != 0;
    }
    if (cond->kind != SK_CK_LIMIT)
        return;
    sk_block_sync(engine, cond->owner);
    const struct sk_sample *sample = &engine->views[cond->owner].sample;
    ret_input->sample = sample;
    ret_input->simulated = (sample->flags & SK_SAMPLE_SIMULATED) != 0;
    ret_input->has_value = sample->kind != SK_KIND_TEXT && isfinite(sample->number);
    ret_input->value = sample->number;
    ret_input->limit = cond->limit->reading;
    sk_limit_detail(&engine->site->points[cond->owner], cond->limit, sample, cond->matched, detail);
}

void sk_cond_fire(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    char detail[SK_ALARM_TEXT_MAX];
    struct sk_decision_input input;
    timer_input(engine, cond, now, detail, &input);
    if (cond->kind == SK_CK_LIMIT && cond->rate != SK_NO_COND)
        input.value = rate_of(engine, cond, now->mono_us);
    if (cond->kind == SK_CK_GAP)
        input.matched = sk_gap_detail(engine, cond, detail);
    if (is_zone(cond))
        sk_zone_detail(engine, cond, now, detail);
    if (cond->kind == SK_CK_DOOR_COUNT)
        sk_tail_detail(engine, cond->owner, detail);
    if (cond->kind == SK_CK_QUALITY)
        input.matched = sk_quality_detail(engine, cond->owner, detail);
    if (cond->kind == SK_CK_SILENT && cond->state == SK_CS_PENDING)
        sk_silence_due(engine, cond, detail, now, effects);
    if (cond->state == SK_CS_ACTIVE) {
        input.due = true;
        sk_alarm_update(engine, index, &input, effects);
    } else if (cond->state == SK_CS_PENDING && cond->kind == SK_CK_QUALITY && input.matched == 0) {
        enter(engine, index, SK_CS_IDLE, &input, effects); /* it counted before a restart, and nothing bad came since */
    } else if (cond->state == SK_CS_PENDING) {
        enter(engine, index, SK_CS_ACTIVE, &input, effects);
        sk_alarm_raise(engine, index, &input, effects);
    } else if (cond->state == SK_CS_RETURNING) {
        enter(engine, index, SK_CS_IDLE, &input, effects);
        sk_alarm_return(engine, index, &input, effects);
    }
}

/* Source texts: a point's or device's id as it is; others with a prefix or a suffix that no id of those can have. */
void sk_cond_source(const struct sk_engine *engine, const struct sk_cond *cond, char to[SK_ALARM_SOURCE_MAX])
{
    static const char *const suffixes[SK_CK_COUNT_] = {[SK_CK_DOOR_TAMPER] = "/tamper",
                                                       [SK_CK_DOOR_FAULT] = "/fault",
                                                       [SK_CK_DOOR_DURESS] = "/duress",
                                                       [SK_CK_DOOR_POLICY] = "/policy",
                                                       [SK_CK_DOOR_FACTOR] = "/factor",
                                                       [SK_CK_GAP] = "/ctrl.gap",
                                                       [SK_CK_REPLAY] = "/ctrl.replay",
                                                       [SK_CK_SKEW] = "/ctrl.skew",
                                                       [SK_CK_UNKNOWN] = "/native.unknown",
                                                       [SK_CK_MALFORMED] = "/ctrl.malformed",
                                                       [SK_CK_DURESS] = "/duress",
                                                       [SK_CK_DOOR_LOCK] = "/lock",
                                                       [SK_CK_DOOR_READER] = "/reader",
                                                       [SK_CK_DOOR_COUNT] = "/counter",
                                                       [SK_CK_DOOR_BUSY] = "/ctrl.silent",
                                                       [SK_CK_SILENT] = "/ctrl.silent",
                                                       [SK_CK_ZONE_SINGLE] = "/occ.single_in_two_person",
                                                       [SK_CK_ZONE_MAX] = "/occ.max",
                                                       [SK_CK_ZONE_MIN] = "/occ.min",
                                                       [SK_CK_ZONE_ASTRAY] = "/escort.astray"};
    const struct sk_site *site = engine->site;
    const char *suffix = sk_text_or(suffixes[cond->kind]);
    if (cond->kind == SK_CK_LIMIT)
        sk_text_copy(to, SK_ALARM_SOURCE_MAX, sk_text_or(site->points[cond->owner].id));
    else if (cond->kind >= SK_CK_DOOR_ALARM && cond->kind <= SK_CK_DOOR_LAST_)
        sk_text_format(to, SK_ALARM_SOURCE_MAX, "door:%s%s", sk_text_or(site->doors[cond->owner].id), suffix);
    else if (cond->kind == SK_CK_SYSTEM && sk_system_is_access(engine->slots[cond->owner].name))
        sk_text_copy(to, SK_ALARM_SOURCE_MAX, engine->slots[cond->owner].name);
    else if (is_zone(cond))
        sk_text_format(to, SK_ALARM_SOURCE_MAX, "zone:%s%s", sk_text_or(site->zones[cond->owner].id), suffix);
    else if (cond->kind == SK_CK_SYSTEM)
        sk_text_format(to, SK_ALARM_SOURCE_MAX, "system:%s", engine->slots[cond->owner].name);
    else
        sk_text_format(to, SK_ALARM_SOURCE_MAX, "%s%s", sk_text_or(site->devices[cond->owner].id), suffix);
}
