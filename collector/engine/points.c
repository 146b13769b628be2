/* SPDX-License-Identifier: Apache-2.0 */
/* Points: the newest sample of each, how much it may be believed, and the watch over its age.
 *
 * A watch is kept lazily: a refresh only moves ok_mono, and the timer, when it fires early, looks again. That makes an
 * unchanged sample nearly free. Half-way to its limit the age is written down, so that a restart goes on counting where it
 * mattered; a point that speaks in time costs no row. Bad samples do not feed the watch: a device that answers only errors goes
 * stale. */
#include <math.h>
#include <string.h>

#include "collector/engine/internal.h"

/* A value that stays the same is shown again so often, for its age. */
#define SHOW_AGE_US (10 * SK_US_PER_S)

static int64_t seen(const struct sk_sample *sample, const struct sk_now *now)
{
    return sample->mono_us > 0 && sample->mono_us <= now->mono_us ? sample->mono_us : now->mono_us;
}

static int64_t next_look(const struct sk_watch *watch)
{
    return watch->ok_mono + (watch->keep && !watch->row ? watch->limit_us / 2 : watch->limit_us);
}

bool sk_watch_put_off(struct sk_engine *engine, uint32_t node)
{
    int64_t deadline = 0;
    if (node >= engine->node_cond)
        return false;
    if (!sk_block_hosts(engine, node, &deadline)) {
        if (node < engine->node_device)
            sk_block_sync(engine, node);
        deadline = next_look(&engine->watches[node]);
    }
    if (deadline <= engine->heap.deadline[node])
        return false;
    sk_heap_set(&engine->heap, node, deadline);
    return true;
}

void sk_watch_arm(struct sk_engine *engine, uint32_t node)
{
    const struct sk_watch *watch = &engine->watches[node];
    if (watch->limit_us == 0 || watch->expired) {
        sk_heap_cancel(&engine->heap, node);
        return;
    }
    sk_heap_set(&engine->heap, node, next_look(watch));
}

/* It spoke. Only what had gone late costs more than a store. */
static void watch_fed(struct sk_engine *engine, uint32_t node, int64_t mono_us, const struct sk_now *now,
                      struct sk_effects *effects)
{
    struct sk_watch *watch = &engine->watches[node];
    if (mono_us > watch->ok_mono)
        watch->ok_mono = mono_us;
    if (!watch->row && !watch->expired)
        return;
    const bool row = watch->row;
    watch->row = watch->expired = false;
    if (row)
        sk_pending_watch(engine, node, now, effects);
    sk_watch_arm(engine, node);
}

/* True when its limit is reached now; else sees to the row and the next look. */
static bool watch_due(struct sk_engine *engine, uint32_t node, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_watch *watch = &engine->watches[node];
    if (node < engine->node_device)
        sk_block_sync(engine, node);
    const int64_t age = now->mono_us - watch->ok_mono;
    if (watch->keep && !watch->row && age >= watch->limit_us / 2) {
        watch->row = true;
        sk_pending_watch(engine, node, now, effects);
    }
    watch->expired = age >= watch->limit_us;
    sk_watch_arm(engine, node);
    return watch->expired;
}

/* --- devices --- */

static void feed_comm(struct sk_engine *engine, uint32_t device, enum sk_verdict verdict, bool simulated,
                      const struct sk_now *now, struct sk_effects *effects)
{
    const uint32_t cond = engine->device_cond[device];
    if (cond == SK_NO_COND)
        return;
    const struct sk_decision_input input = {.verdict = verdict,
                                            .now = now,
                                            .detail = "",
                                            .simulated = simulated,
                                            .severity = engine->conds[cond].severity,
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_feed(engine, cond, &input, effects);
}

/* Does this device come from a link that only plays? Its points say so in every sample. */
bool sk_device_is_simulated(const struct sk_engine *engine, uint32_t device)
{
    const int32_t link = engine->site->devices[device].link;
    return link >= 0 && (size_t)link < engine->site->link_count && engine->site->links[link].simulated;
}

void sk_device_heard(struct sk_engine *engine, uint32_t device, int64_t mono_us, bool simulated, const struct sk_now *now,
                     struct sk_effects *effects)
{
    const uint32_t node = engine->node_device + device;
    watch_fed(engine, node, mono_us, now, effects);
    sk_ctrl_contact_back(engine, device, now, effects);
    const uint32_t cond = engine->device_cond[device];
    if (cond != SK_NO_COND && engine->conds[cond].state != SK_CS_IDLE) {
        feed_comm(engine, device, SK_V_NORMAL, simulated, now, effects);
        sk_quality_tell(engine, device, now, effects);
    }
}

void sk_device_fire(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects)
{
    if (watch_due(engine, engine->node_device + device, now, effects) && !sk_device_is_unwatched(engine, device)) {
        sk_ctrl_contact_lost(engine, device, true, now, effects);
        feed_comm(engine, device, SK_V_ABNORMAL, sk_device_is_simulated(engine, device), now, effects);
    }
    sk_quality_tell(engine, device, now, effects);
}

/* --- points --- */

void sk_point_mark_stale(struct sk_engine *engine, uint32_t point)
{
    struct sk_point_view *view = &engine->views[point];
    view->stale = true;
    if (sk_quality_is_bad(view->sample.quality))
        return; /* worse already, and it says why */
    view->sample.quality = SK_Q_LAST_USABLE;
    view->sample.reason = engine->points[point].heartbeat ? SK_WHY_FROZEN : SK_WHY_STALE;
}

static void tell_stale(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_point_state *state = &engine->points[point];
    const struct sk_sample *sample = &engine->views[point].sample;
    const bool unwatched = sk_device_is_unwatched(engine, engine->site->points[point].device);
    char detail[SK_ALARM_TEXT_MAX];
    for (uint32_t i = state->first_cond; i < state->first_cond + state->cond_count; i++) {
        struct sk_cond *cond = &engine->conds[i];
        struct sk_decision_input input = {.verdict = SK_V_UNKNOWN,
                                          .now = now,
                                          .sample = sample,
                                          .detail = detail,
                                          .severity = cond->severity,
                                          .matched = cond->matched,
                                          .limit = cond->limit->reading,
                                          .simulated = (sample->flags & SK_SAMPLE_SIMULATED) != 0,
                                          .mono_us = now->mono_us,
                                          .recv_us = now->utc_us};
        sk_limit_detail(&engine->site->points[point], cond->limit, sample, cond->matched, detail);
        if (cond->rate != SK_NO_COND) {
            sk_rate_clear(&engine->rates[cond->rate]);
            sk_pending_rate(engine, i, now, effects);
        }
        if (cond->limit->condition == SK_COND_STALE && !unwatched)
            input.verdict = SK_V_ABNORMAL;
        sk_cond_feed(engine, i, &input, effects);
        if (cond->limit->condition != SK_COND_STALE)
            sk_alarm_set_stale(engine, i, true, now, effects);
    }
}

static void show(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    engine->points[point].shown_mono = now->mono_us;
    sk_effects_point(effects, point);
}

void sk_point_fire(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    if (!watch_due(engine, point, now, effects))
        return;
    sk_point_mark_stale(engine, point);
    show(engine, point, now, effects);
    tell_stale(engine, point, now, effects);
    sk_quality_look(engine, point, now, effects);
}

static void no_longer_stale(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_point_state *state = &engine->points[point];
    for (uint32_t i = state->first_cond; i < state->first_cond + state->cond_count; i++)
        sk_alarm_set_stale(engine, i, false, now, effects);
}

/* What came in, made safe: a number that is none, a text beyond its area, the wrong kind become bad samples. */
static struct sk_sample sane(const struct sk_engine *engine, const struct sk_sample *sample, const char *text,
                             size_t text_length, const char **ret_text)
{
    struct sk_sample safe = *sample;
    const struct sk_point_kind *kind = engine->site->points[sample->point].kind;
    bool bad = kind != NULL && (enum sk_value_kind)sample->kind != kind->kind;
    *ret_text = "";
    if (sample->kind == SK_KIND_TEXT && !sk_quality_is_bad(sample->quality)) {
        if (text == NULL || sample->text >= text_length ||
            memchr(text + sample->text, '\0', text_length - sample->text) == NULL)
            bad = true;
        else
            *ret_text = text + sample->text;
    }
    if (sample->kind != SK_KIND_TEXT && !isfinite(sample->number)) {
        bad = true;
        safe.number = engine->views[sample->point].sample.number;
    }
    if (bad && !sk_quality_is_bad(safe.quality)) {
        safe.quality = SK_Q_BAD;
        safe.reason = SK_WHY_PAYLOAD;
    }
    return safe;
}

static bool differs(const struct sk_point_view *view, const struct sk_sample *sample, const char *text)
{
    if (sample->kind == SK_KIND_TEXT)
        return strncmp(view->text, text, sizeof view->text - 1) != 0;
    return view->sample.number != sample->number;
}

/* Does it carry a value of the device? "Busy" and the like only repeat the last one. */
static bool speaks(const struct sk_sample *sample)
{
    if (sample->quality == SK_Q_LAST_USABLE)
        return sample->reason == SK_WHY_RETAINED;
    return !sk_quality_is_bad(sample->quality);
}

/* device.comm "lost" is an answer of the driver, not of the device; so is a "normal" that only repeats what was said. */
static bool is_answer(const struct sk_engine *engine, const struct sk_sample *sample)
{
    const struct sk_point *point = &engine->site->points[sample->point];
    if (!engine->points[sample->point].answers || sk_quality_is_bad(sample->quality))
        return false;
    return point->profile != NULL || (sample->number == 0 && (sample->flags & SK_SAMPLE_REFRESH) == 0);
}

static void heard(struct sk_engine *engine, const struct sk_sample *sample, const struct sk_now *now,
                  struct sk_effects *effects)
{
    const struct sk_point *point = &engine->site->points[sample->point];
    if (point->profile == NULL && engine->points[sample->point].answers && !sk_quality_is_bad(sample->quality) &&
        sample->number != 0)
        sk_ctrl_contact_lost(engine, point->device, false, now, effects);
    if (is_answer(engine, sample))
        sk_device_heard(engine, engine->site->points[sample->point].device, seen(sample, now),
                        (sample->flags & SK_SAMPLE_SIMULATED) != 0, now, effects);
}

static void take_times(struct sk_point_view *view, const struct sk_sample *sample)
{
    view->sample.source_us = sample->source_us;
    view->sample.recv_us = sample->recv_us;
    view->sample.mono_us = sample->mono_us;
    view->sample.uncertainty_us = sample->uncertainty_us;
}

static void take_value(struct sk_point_view *view, const struct sk_sample *sample, const char *text, bool changed)
{
    const double held = view->sample.number;
    view->sample = *sample;
    view->sample.text = 0;
    if (sk_quality_is_bad(sample->quality)) {
        view->sample.number = held;
        return;
    }
    if (sample->kind == SK_KIND_TEXT)
        sk_text_copy(view->text, sizeof view->text, text);
    if (changed)
        view->changed_utc_us = sample->recv_us;
}

/* Nothing new but the time: the path of nine samples in ten. */
static bool is_plain_refresh(const struct sk_engine *engine, const struct sk_sample *sample)
{
    const struct sk_point_view *view = &engine->views[sample->point];
    const struct sk_point_state *state = &engine->points[sample->point];
    return (sample->flags & SK_SAMPLE_REFRESH) != 0 && state->seen && !view->stale && state->moving == 0 &&
           view->sample.quality == sample->quality && view->sample.reason == sample->reason;
}

void sk_points_take(struct sk_engine *engine, const struct sk_sample *sample, const char *text, size_t text_length,
                    const struct sk_now *now, struct sk_effects *effects)
{
    const uint32_t point = sample->point;
    struct sk_point_view *view = &engine->views[point];
    struct sk_point_state *state = &engine->points[point];
    const bool usable = speaks(sample);
    if (is_plain_refresh(engine, sample)) {
        take_times(view, sample);
        if (usable && !state->heartbeat)
            watch_fed(engine, point, seen(sample, now), now, effects);
        heard(engine, sample, now, effects);
        if (now->mono_us - state->shown_mono >= SHOW_AGE_US)
            show(engine, point, now, effects);
        return;
    }
    const char *words;
    const struct sk_sample safe = sane(engine, sample, text, text_length, &words);
    const bool good = speaks(&safe), first = !state->seen;
    const bool changed = good && (!state->seen || differs(view, &safe, words));
    take_value(view, &safe, words, changed);
    if (good && (changed || !state->heartbeat)) {
        const bool was_stale = view->stale;
        state->seen = true;
        view->stale = false;
        watch_fed(engine, point, seen(&safe, now), now, effects);
        if (was_stale || engine->points[point].cond_count > 0)
            no_longer_stale(engine, point, now, effects);
    } else if (view->stale) {
        sk_point_mark_stale(engine, point); /* still frozen, or still without a usable value */
    }
    heard(engine, &safe, now, effects);
    show(engine, point, now, effects);
    if (state->counts > 0)
        sk_tail_count(engine, point, now, effects);
    if (state->lock_kind > 0)
        sk_latch_take(engine, point, first, now, effects);
    if (state->patrol_tag && good)
        sk_patrol_take(engine, point, now);
    if (state->head_of > 0)
        sk_silence_head(engine, state->head_of - 1, now, effects);
    sk_conds_of_point(engine, point, changed, now, effects);
    sk_quality_look(engine, point, now, effects);
}

const struct sk_point_view *sk_engine_point(const struct sk_engine *engine, uint32_t point)
{
    if (point >= engine->site->point_count)
        return NULL;
    sk_block_sync(engine, point);
    return &engine->views[point];
}
