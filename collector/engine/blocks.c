/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: points that are read together share one clock, so that a register that did not change costs no step of its own.
 *
 * A block is calm while nothing waits for any of its members: each was read lately, none is stale, no condition counts. Then a
 * read moves the block's clock and nothing else; members take its times when somebody looks at them, and one timer, that of one
 * member (the host), stands for all: it is due when the first of theirs would be. Whatever ends the calm (a condition that
 * begins to count, a member that joins or leaves, the timer) gives each member its time and its own timer back, and the next
 * read goes through all of them as if each had been told; after it the block may be calm again. So every timer fires when it
 * would have fired without blocks. Members are shown again for their age every SHOW_US. */
#include <string.h>

#include "collector/engine/internal.h"

#define SHOW_US (5 * SK_US_PER_S)

static struct sk_block *block_of(const struct sk_engine *engine, uint32_t point)
{
    const uint32_t number = engine->points[point].block;
    return number == 0 ? NULL : &engine->blocks[number - 1];
}

/* First and last + 1 of the points that may be members. */
static uint32_t first_of(const struct sk_engine *engine, const struct sk_block *block)
{
    return engine->site->devices[block->device].first_point;
}
static uint32_t end_of(const struct sk_engine *engine, const struct sk_block *block)
{
    const struct sk_device *device = &engine->site->devices[block->device];
    const size_t end = (size_t)device->first_point + device->point_count;
    return (uint32_t)(end < engine->site->point_count ? end : engine->site->point_count);
}

void sk_block_sync(const struct sk_engine *engine, uint32_t point)
{
    const struct sk_block *block = block_of(engine, point);
    if (block == NULL)
        return;
    struct sk_sample *sample = &engine->views[point].sample;
    if (block->mono_us > sample->mono_us) {
        sample->source_us = block->source_us;
        sample->recv_us = block->recv_us;
        sample->mono_us = block->mono_us;
        sample->uncertainty_us = block->uncertainty_us;
    }
    if (block->mono_us > engine->watches[point].ok_mono)
        engine->watches[point].ok_mono = block->mono_us;
}

void sk_block_stir(struct sk_engine *engine, uint32_t point)
{
    struct sk_block *block = block_of(engine, point);
    if (block == NULL || !block->calm)
        return;
    block->calm = false;
    for (uint32_t i = first_of(engine, block); i < end_of(engine, block); i++) {
        if (engine->points[i].block != engine->points[point].block)
            continue;
        sk_block_sync(engine, i);
        sk_watch_arm(engine, i);
    }
}

static int64_t patience_of(const struct sk_watch *watch)
{
    if (watch->limit_us == 0)
        return SK_NEVER;
    return watch->keep ? watch->limit_us / 2 : watch->limit_us;
}

static bool is_at_rest(const struct sk_engine *engine, uint32_t point)
{
    const struct sk_point_state *state = &engine->points[point];
    const struct sk_watch *watch = &engine->watches[point];
    return state->seen && state->moving == 0 && !watch->row && !watch->expired && !engine->views[point].stale;
}

static void arm_host(struct sk_engine *engine, const struct sk_block *block)
{
    if (block->patience_us != SK_NEVER)
        sk_heap_set(&engine->heap, block->host, block->mono_us + block->patience_us);
}

/* Calm when all its members are at rest: one timer for all. */
static void settle(struct sk_engine *engine, struct sk_block *block, uint32_t number)
{
    block->patience_us = SK_NEVER;
    for (uint32_t i = first_of(engine, block); i < end_of(engine, block); i++) {
        if (engine->points[i].block != number)
            continue;
        if (!is_at_rest(engine, i))
            return;
        if (patience_of(&engine->watches[i]) < block->patience_us) {
            block->patience_us = patience_of(&engine->watches[i]);
            block->host = i;
        }
    }
    for (uint32_t i = first_of(engine, block); i < end_of(engine, block); i++)
        if (engine->points[i].block == number)
            sk_heap_cancel(&engine->heap, i);
    block->calm = true;
    arm_host(engine, block);
}

/* --- members --- */

void sk_block_leave(struct sk_engine *engine, uint32_t point)
{
    struct sk_block *block = block_of(engine, point);
    if (block == NULL)
        return;
    sk_block_stir(engine, point);
    sk_block_sync(engine, point); /* a block that was not calm has moved on too */
    block->members--;
    engine->points[point].block = 0;
}

static void enter(struct sk_engine *engine, uint32_t point, uint32_t number)
{
    struct sk_block *block = &engine->blocks[number - 1];
    if (engine->points[point].block == number)
        return;
    sk_block_leave(engine, point);
    for (uint32_t i = first_of(engine, block); block->calm && i < end_of(engine, block); i++)
        if (engine->points[i].block == number)
            sk_block_stir(engine, i);
    block->calm = false;
    engine->points[point].block = number;
    block->members++;
}

static void empty(struct sk_engine *engine, struct sk_block *block, uint32_t number)
{
    for (uint32_t i = first_of(engine, block); i < end_of(engine, block); i++)
        if (engine->points[i].block == number)
            sk_block_leave(engine, i);
}

void sk_block_take(struct sk_engine *engine, uint32_t number, const struct sk_sample *sample)
{
    struct sk_point_state *state = &engine->points[sample->point];
    if (number == 0 || !sk_block_joins(&engine->site->points[sample->point], sample)) {
        sk_block_leave(engine, sample->point);
        return;
    }
    enter(engine, sample->point, number);
    state->told_quality = sample->quality;
    state->told_reason = sample->reason;
}

size_t sk_engine_block_members(const struct sk_engine *engine, uint32_t leader, uint32_t *to, size_t most)
{
    const uint32_t number = leader < engine->site->point_count ? engine->points[leader].leads : 0;
    size_t count = 0;
    if (number == 0)
        return 0;
    const struct sk_block *block = &engine->blocks[number - 1];
    for (uint32_t i = first_of(engine, block); i < end_of(engine, block) && count < most; i++)
        if (engine->points[i].block == number)
            to[count++] = i;
    return count;
}

/* --- a read --- */

/* Sender and receiver must mean the same members, or points that nobody read would look fresh. */
static bool agrees(const struct sk_engine *engine, const struct sk_block_read *read, const struct sk_sample *samples,
                   uint32_t number)
{
    const uint32_t device = engine->site->points[read->block].device;
    uint64_t spoken_of = read->unchanged;
    for (uint32_t i = 0; i < read->told; i++) {
        if (samples[i].point >= engine->site->point_count || engine->site->points[samples[i].point].device != device)
            return false;
        spoken_of += engine->points[samples[i].point].block == number;
    }
    return read->anew ? read->unchanged == 0 : number != 0 && spoken_of == engine->blocks[number - 1].members;
}

enum sk_err sk_block_begin(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_sample *samples,
                           size_t count, const struct sk_now *now, struct sk_block_step *ret_step)
{
    *ret_step =
        (struct sk_block_step){.number = read->block < engine->site->point_count ? engine->points[read->block].leads : 0};
    if (read->block >= engine->site->point_count || read->told > count || !agrees(engine, read, samples, ret_step->number))
        return SK_ERR_INVALID;
    if (ret_step->number == 0) {
        void *grown = sk_grow(engine->blocks, engine->block_count, &engine->block_capacity, sizeof *engine->blocks,
                              engine->site->point_count);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        engine->blocks = grown;
        engine->blocks[engine->block_count] = (struct sk_block){.device = engine->site->points[read->block].device};
        ret_step->number = engine->points[read->block].leads = (uint32_t)++engine->block_count;
    }
    const struct sk_block *block = &engine->blocks[ret_step->number - 1];
    ret_step->walks = !block->calm || now->mono_us - block->walked_us >= SHOW_US;
    for (uint32_t i = first_of(engine, block); ret_step->walks && i < end_of(engine, block); i++)
        if (engine->points[i].block == ret_step->number) {
            ret_step->transitions += 3u * engine->points[i].cond_count + 4u + sk_latch_records(engine, i);
            ret_step->points++;
        }
    return SK_OK;
}

void sk_block_open(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_block_step *step)
{
    if (read->anew)
        empty(engine, &engine->blocks[step->number - 1], step->number);
}

/* Each unchanged member as if it had been told. */
static void walk(struct sk_engine *engine, const struct sk_block_read *read, uint32_t number, const struct sk_now *now,
                 struct sk_effects *effects)
{
    const struct sk_block *block = &engine->blocks[number - 1];
    for (uint32_t i = first_of(engine, block); i < end_of(engine, block); i++) {
        if (engine->points[i].block != number)
            continue;
        sk_block_sync(engine, i); /* to the read before; those of this one are newer already */
        struct sk_sample same = engine->views[i].sample;
        char text[SK_TEXT_VALUE];
        if (same.mono_us == read->mono_us)
            continue;
        memcpy(text, engine->views[i].text, sizeof text);
        same.quality = engine->points[i].told_quality;
        same.reason = engine->points[i].told_reason;
        same.flags |= SK_SAMPLE_REFRESH;
        same.source_us = read->source_us;
        same.recv_us = read->recv_us;
        same.mono_us = read->mono_us;
        same.uncertainty_us = read->uncertainty_us;
        sk_points_take(engine, &same, text, sizeof text, now, effects);
    }
}

void sk_block_end(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_block_step *step,
                  const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_block *block = &engine->blocks[step->number - 1];
    /* Calm that ended with this read's own samples does not concern the unchanged: they were at rest before it. */
    if (step->walks && read->unchanged > 0)
        walk(engine, read, step->number, now, effects);
    else if (read->unchanged > 0)
        sk_device_heard(engine, block->device, read->mono_us <= now->mono_us ? read->mono_us : now->mono_us,
                        sk_device_is_simulated(engine, block->device), now, effects);
    if (step->walks)
        block->walked_us = now->mono_us;
    if (read->mono_us > block->mono_us) {
        block->source_us = read->source_us;
        block->recv_us = read->recv_us;
        block->mono_us = read->mono_us <= now->mono_us ? read->mono_us : now->mono_us;
        block->uncertainty_us = read->uncertainty_us;
    }
    if (step->walks && !block->calm)
        settle(engine, block, step->number);
}

/* --- timers --- */

enum { WAKE_AT_ONCE = 64 };
struct waking {
    const struct sk_engine *engine;
    uint32_t hosts[WAKE_AT_ONCE];
    size_t count;
};

static bool is_host(const struct sk_engine *engine, uint32_t node)
{
    const struct sk_block *block = node < engine->node_device ? block_of(engine, node) : NULL;
    return block != NULL && block->calm && block->host == node;
}

bool sk_block_hosts(const struct sk_engine *engine, uint32_t node, int64_t *ret_deadline)
{
    if (!is_host(engine, node))
        return false;
    const struct sk_block *block = block_of(engine, node);
    *ret_deadline = block->mono_us + block->patience_us;
    return true;
}

static void find_host(void *context, uint32_t node)
{
    struct waking *waking = context;
    if (waking->count < WAKE_AT_ONCE && is_host(waking->engine, node))
        waking->hosts[waking->count++] = node;
}

void sk_blocks_wake(struct sk_engine *engine, int64_t until_mono)
{
    struct waking waking = {.engine = engine, .count = 1};
    while (engine->block_count > 0 && waking.count > 0) {
        waking.count = 0;
        sk_heap_due(&engine->heap, until_mono, find_host, &waking);
        for (size_t i = 0; i < waking.count; i++) {
            const struct sk_block *block = block_of(engine, waking.hosts[i]);
            if (block->mono_us + block->patience_us > until_mono)
                arm_host(engine, block); /* it was read meanwhile */
            else
                sk_block_stir(engine, waking.hosts[i]);
        }
    }
}

void sk_blocks_stir_all(struct sk_engine *engine)
{
    for (uint32_t i = 0; engine->block_count > 0 && i < engine->site->point_count; i++) {
        sk_block_stir(engine, i);
        sk_block_sync(engine, i);
    }
}
