/* SPDX-License-Identifier: Apache-2.0 */
/* Points that stay without a usable value while their device answers: one default alarm per device, so that no lasting bad
 * quality is only a colour. Points with a Stale limit of their own have their own alarm.
 *
 * Each point stands somewhere (enum sk_standing), each device counts its points by standing; only a point that changes its
 * standing costs more than a comparison. A device that is silent altogether rings CommLost and nothing here. After a return a
 * second alarm needs the full time again, and so does the return: one that flickers is one alarm. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/internal.h"

enum { SHORTEST_MS = 10000, PERIODS = 3 };

bool sk_quality_matters(const struct sk_point *point)
{
    if (point->profile == NULL)
        return false;
    for (size_t i = 0; point->stale_ms > 0 && i < point->limit_count; i++)
        if (point->limits[i].condition == SK_COND_STALE)
            return false;
    return true;
}

/* Longer than CommLost needs, and long enough for each of its points to be read again. */
void sk_quality_limit(const struct sk_site *site, uint32_t device, struct sk_limit *ret_limit)
{
    const struct sk_device *of = &site->devices[device];
    uint64_t period_ms = of->period_ms, wait_ms = SHORTEST_MS;
    for (uint32_t i = of->first_point; i < of->first_point + of->point_count && i < site->point_count; i++)
        if (site->points[i].period_ms > period_ms)
            period_ms = site->points[i].period_ms;
    if (PERIODS * period_ms > wait_ms)
        wait_ms = PERIODS * period_ms;
    if (of->comm_lost_ms > wait_ms)
        wait_ms = of->comm_lost_ms;
    if (wait_ms > UINT32_MAX)
        wait_ms = UINT32_MAX;
    *ret_limit = (struct sk_limit){.condition = SK_COND_STALE,
                                   .severity = of->comm_severity,
                                   .dwell_ms = (uint32_t)wait_ms,
                                   .hysteresis_ms = (uint32_t)wait_ms};
}

/* "No value" said by the device itself is an answer. */
static bool is_without_value(const struct sk_point_view *view)
{
    const uint8_t quality = view->sample.quality;
    if (quality == SK_Q_WAITING || quality == SK_Q_NOT_CONNECTED || quality == SK_Q_OUT_OF_SERVICE)
        return false;
    if (quality == SK_Q_SENSOR_FAILURE || quality == SK_Q_DEVICE_FAILURE)
        return true;
    return (view->stale || sk_quality_is_bad(quality)) && view->sample.reason != SK_WHY_SENTINEL;
}

static uint8_t standing_of(const struct sk_engine *engine, uint32_t point)
{
    const struct sk_point_view *view = &engine->views[point];
    if (view->sample.quality == SK_Q_WAITING)
        return SK_ST_NONE;
    if (!is_without_value(view))
        return SK_ST_WELL;
    return engine->points[point].seen ? SK_ST_LOST : SK_ST_NEVER;
}

/* A point that never had a value is the site file's affair, unless the device has no other. */
static bool counts_never(const struct sk_device_state *state)
{
    return state->inherits || state->standing[SK_ST_NEVER] == state->points;
}

static uint64_t count(const struct sk_device_state *state)
{
    return state->standing[SK_ST_LOST] + (counts_never(state) ? (uint64_t)state->standing[SK_ST_NEVER] : 0);
}

uint64_t sk_quality_detail(const struct sk_engine *engine, uint32_t device, char to[SK_ALARM_TEXT_MAX])
{
    const struct sk_device *of = &engine->site->devices[device];
    const struct sk_device_state *state = &engine->devices[device];
    const uint64_t bad = count(state);
    sk_text_format(to, SK_ALARM_TEXT_MAX, "%llu points without a usable value", (unsigned long long)bad);
    size_t used = strlen(to), named = 0;
    for (uint32_t i = of->first_point; i < of->first_point + of->point_count && named < 3; i++) {
        const uint8_t standing = engine->points[i].standing;
        if (standing != SK_ST_LOST && !(standing == SK_ST_NEVER && counts_never(state)))
            continue;
        sk_text_format(to + used, SK_ALARM_TEXT_MAX - used, "%s%s", named++ == 0 ? ": " : ", ",
                       sk_text_or(engine->site->points[i].name));
        used = strlen(to);
    }
    return bad;
}

static bool is_comm_lost(const struct sk_engine *engine, uint32_t device)
{
    const uint32_t cond = engine->device_cond[device];
    return cond != SK_NO_COND && engine->conds[cond].state == SK_CS_ACTIVE;
}

/* Nothing that a condition in this state has not heard already. */
static bool is_known(const struct sk_cond *cond, enum sk_verdict verdict, uint64_t bad)
{
    switch ((enum sk_cond_state)cond->state) {
    case SK_CS_IDLE:
        return verdict != SK_V_ABNORMAL;
    case SK_CS_PENDING:
        return verdict == SK_V_ABNORMAL;
    case SK_CS_ACTIVE:
        return verdict == SK_V_BAND || (verdict == SK_V_ABNORMAL && (bad <= cond->told || cond->untold));
    case SK_CS_RETURNING:
        return verdict == SK_V_NORMAL;
    }
    return false;
}

void sk_quality_tell(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_device_state *state = &engine->devices[device];
    if (state->cond == SK_NO_COND)
        return;
    const struct sk_cond *cond = &engine->conds[state->cond];
    const uint64_t bad = count(state);
    const bool silent = is_comm_lost(engine, device) || sk_device_is_unwatched(engine, device);
    const enum sk_verdict verdict = silent ? SK_V_BAND : bad > 0 ? SK_V_ABNORMAL : SK_V_NORMAL;
    if (is_known(cond, verdict, bad))
        return;
    char detail[SK_ALARM_TEXT_MAX];
    sk_quality_detail(engine, device, detail);
    const struct sk_decision_input input = {.verdict = verdict,
                                            .now = now,
                                            .detail = detail,
                                            .matched = bad,
                                            .severity = cond->severity,
                                            .simulated = sk_device_is_simulated(engine, device),
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_feed(engine, state->cond, &input, effects);
}

void sk_quality_look(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_point_state *state = &engine->points[point];
    const uint8_t standing = state->matters ? standing_of(engine, point) : (uint8_t)SK_ST_NONE;
    if (standing == state->standing)
        return;
    const uint32_t device = engine->site->points[point].device;
    uint32_t *counts = engine->devices[device].standing;
    if (state->standing != SK_ST_NONE)
        counts[state->standing]--;
    if (standing != SK_ST_NONE)
        counts[standing]++;
    state->standing = standing;
    sk_quality_tell(engine, device, now, effects);
}

/* Nobody has looked at its points since the start: what was counted begins anew, and what rang goes on. */
void sk_quality_start(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_device_state *state = &engine->devices[device];
    if (state->cond == SK_NO_COND)
        return;
    struct sk_cond *cond = &engine->conds[state->cond];
    state->inherits = cond->state != SK_CS_IDLE || is_comm_lost(engine, device);
    if (cond->alarm != NULL)
        cond->told = strtoull(cond->alarm->alarm.detail, NULL, 10);
    if (cond->state != SK_CS_PENDING && cond->state != SK_CS_RETURNING)
        return;
    cond->since_mono = now->mono_us;
    if (cond->state == SK_CS_RETURNING)
        sk_cond_moves(engine, cond, SK_CS_ACTIVE);
    sk_cond_arm(engine, state->cond);
    sk_pending_cond(engine, state->cond, now, effects);
}
