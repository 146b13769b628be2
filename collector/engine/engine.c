/* SPDX-License-Identifier: Apache-2.0 */
/* Steps: every input is reserved for, what is due is fired, then the input is taken. Memory can run out only in the
 * reservation, before anything has moved. Samples that waited in a queue are judged at the time they came, so that a dwell does
 * not run out while the value that ends it is already here. */
#include "collector/engine/internal.h"

enum sk_err sk_engine_reserve(struct sk_engine *engine, struct sk_effects *effects, size_t transitions, size_t points)
{
    const enum sk_err err = sk_effects_reserve(effects, transitions, transitions, 2 * transitions + 2 * points + 8, points);
    return err == SK_OK ? sk_alarms_reserve(engine, transitions) : err;
}

/* A whole site can fall silent at once; one step fires so many, and the deadline stays in the past for the next. */
enum { DUE_PER_STEP = 256, DOOR_TRANSITIONS = 10 };

struct due {
    const struct sk_engine *engine;
    size_t left;
    size_t doors;
    size_t widest; /* conditions of the widest point that is due */
    size_t more;   /* passages that are decided again */
};

/* A point that goes stale moves each of its conditions, perhaps ends a dwell first, and marks each of their alarms. Which of
 * many fall into this step is not known here, so all count as the widest. */
static void count_due(void *context, uint32_t node)
{
    struct due *due = context;
    const size_t conds = node < due->engine->node_device ? due->engine->points[node].cond_count : 0;
    if (conds > due->widest)
        due->widest = conds;
    if (node == due->engine->node_case)
        due->more += sk_cases_due(due->engine);
    due->doors += node >= due->engine->node_door && node < due->engine->node_alive;
    due->left++;
}

static void fire_alive(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    sk_pending_alive(engine, now, effects);
    sk_heap_set(&engine->heap, engine->node_alive, now->mono_us + engine->alive_interval_us);
}

static void fire(struct sk_engine *engine, uint32_t node, const struct sk_now *now, struct sk_effects *effects)
{
    if (node < engine->node_device)
        sk_point_fire(engine, node, now, effects);
    else if (node < engine->node_cond)
        sk_device_fire(engine, node - engine->node_device, now, effects);
    else if (node < engine->node_tally)
        sk_cond_fire(engine, node - engine->node_cond, now, effects);
    else if (node < engine->node_door)
        sk_tally_fire(engine, node - engine->node_tally, now, effects);
    else if (node < engine->node_alive)
        sk_door_fire(engine, node - engine->node_door, now, effects);
    else if (node == engine->node_alive)
        fire_alive(engine, now, effects);
    else
        sk_cases_fire(engine, now, effects);
}

enum sk_err sk_engine_advance(struct sk_engine *engine, int64_t until_mono, const struct sk_now *now, size_t transitions,
                              size_t points, struct sk_effects *effects)
{
    struct due due = {.engine = engine};
    if (engine->held)
        until_mono = INT64_MIN;
    sk_blocks_wake(engine, until_mono);
    sk_heap_due(&engine->heap, until_mono, count_due, &due);
    const size_t most = due.left < DUE_PER_STEP ? due.left : DUE_PER_STEP;
    const enum sk_err err = sk_engine_reserve(engine, effects,
                                              transitions + most * (3 * due.widest + 4) +
                                                  DOOR_TRANSITIONS * (due.doors < most ? due.doors : most) + 3 * due.more,
                                              points + most);
    if (err != SK_OK)
        return err;
    for (size_t i = 0; i < most && engine->heap.count > 0; i++) { /* each once: what they set anew waits for the next step */
        const uint32_t node = engine->heap.nodes[0];
        if (engine->heap.deadline[node] > until_mono)
            break;
        fire(engine, node, now, effects);
    }
    return SK_OK;
}

static int64_t earliest(const struct sk_sample *samples, size_t count, const struct sk_now *now)
{
    int64_t mono_us = now->mono_us;
    for (size_t i = 0; i < count; i++)
        if (samples[i].mono_us > 0 && samples[i].mono_us < mono_us)
            mono_us = samples[i].mono_us;
    return mono_us;
}

static void take(struct sk_engine *engine, uint32_t block, const struct sk_sample *sample, const char *text, size_t text_length,
                 const struct sk_now *now, struct sk_effects *effects)
{
    sk_block_take(engine, block, sample);
    sk_points_take(engine, sample, text, text_length, now, effects);
}

enum sk_err sk_engine_block(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_sample *samples,
                            size_t count, const char *text, size_t text_length, const struct sk_now *now,
                            struct sk_effects *effects)
{
    struct sk_block_step step = {0};
    enum sk_err err = SK_OK;
    for (size_t i = 0; i < count; i++)
        if (samples[i].point >= engine->site->point_count)
            return SK_ERR_INVALID;
    if (!engine->held)
        sk_blocks_wake(engine, earliest(samples, count, now));
    if (read != NULL)
        err = sk_block_begin(engine, read, samples, count, now, &step);
    for (size_t i = 0; i < count; i++)
        step.transitions += 3u * engine->points[samples[i].point].cond_count + 4u + sk_latch_records(engine, samples[i].point);
    if (err == SK_OK)
        err = sk_engine_advance(engine, earliest(samples, count, now), now, step.transitions, step.points + count, effects);
    if (err != SK_OK)
        return err;
    if (read != NULL)
        sk_block_open(engine, read, &step);
    for (int cable = engine->has_leaders ? 1 : 0; cable >= 0; cable--) /* positions along a cable before its states */
        for (size_t i = 0; i < count; i++)
            if (engine->points[samples[i].point].leads_cable == (cable == 1))
                take(engine, read != NULL && i < read->told ? step.number : 0, &samples[i], text, text_length, now, effects);
    if (read != NULL)
        sk_block_end(engine, read, &step, now, effects);
    return SK_OK;
}

enum sk_err sk_engine_samples(struct sk_engine *engine, const struct sk_sample *samples, size_t count, const char *text,
                              size_t text_length, const struct sk_now *now, struct sk_effects *effects)
{
    return sk_engine_block(engine, NULL, samples, count, text, text_length, now, effects);
}

void sk_engine_hold(struct sk_engine *engine, bool held)
{
    engine->held = held;
}

enum sk_err sk_engine_stalled(struct sk_engine *engine, int64_t stall_us, const struct sk_now *now, struct sk_effects *effects)
{
    const enum sk_err err = sk_effects_reserve(effects, 1, 0, 0, 0);
    if (err != SK_OK)
        return err;
    sk_blocks_stir_all(engine);
    for (uint32_t i = 0; i < engine->node_cond; i++) {
        struct sk_watch *watch = &engine->watches[i];
        if (watch->expired)
            continue;
        const int64_t moved = watch->ok_mono + stall_us;
        watch->ok_mono = moved < now->mono_us ? moved : now->mono_us;
        sk_watch_arm(engine, i);
    }
    sk_silence_start(engine, true, now);
    for (uint32_t i = 0; i < engine->site->door_count; i++)
        sk_door_arm(engine, i);
    sk_interruption_record(engine, now->utc_us - stall_us, now, effects);
    return SK_OK;
}

enum sk_err sk_engine_tick(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const bool look = !engine->held && engine->registers_due_mono <= now->mono_us;
    if (look)
        sk_patrol_write(engine, now, effects);
    const enum sk_err err = sk_engine_advance(engine, now->mono_us, now, look ? SK_REGISTERS_TRANSITIONS : 0, 0, effects);
    if (err == SK_OK && look)
        sk_registers_look(engine, now, effects);
    if (err != SK_OK || engine->held || engine->rights.due_mono > now->mono_us)
        return err;
    return sk_rights_tend(engine, now, effects);
}

/* A timer that somebody's voice has put off since it was set is put where it belongs here, and nobody is woken for it. */
int64_t sk_engine_deadline(struct sk_engine *engine)
{
    while (engine->heap.count > 0 && sk_watch_put_off(engine, engine->heap.nodes[0])) {
    }
    const int64_t timer = engine->heap.count == 0 ? SK_NEVER : engine->heap.deadline[engine->heap.nodes[0]];
    const int64_t looks =
        engine->registers_due_mono < engine->rights.due_mono ? engine->registers_due_mono : engine->rights.due_mono;
    return timer < looks ? timer : looks;
}
