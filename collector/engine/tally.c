/* SPDX-License-Identifier: Apache-2.0 */
/* Things that may come by the thousand are counted: the first at once, the rest in one record a minute with their number. */
#include "collector/engine/internal.h"

enum { TALLY_WINDOW_S = 60 };

static const uint16_t events[] = {[SK_TALLY_DUP] = SK_EV_CTRL_DUP,
                                  [SK_TALLY_REORDER] = SK_EV_CTRL_REORDER,
                                  [SK_TALLY_LATE] = SK_EV_CTRL_LATE,
                                  [SK_TALLY_MALFORMED] = SK_EV_CTRL_MALFORMED};

uint16_t sk_tally_event(uint8_t kind)
{
    return events[kind];
}

uint32_t sk_tally_of_device(const struct sk_engine *engine, int32_t device)
{
    const size_t at = device >= 0 && (size_t)device < engine->site->device_count ? (size_t)device : engine->site->device_count;
    return (uint32_t)(SK_CTRL_TALLIES * engine->ctrl_count + at);
}

static void record(struct sk_engine *engine, const struct sk_tally *tally, uint64_t count, const struct sk_now *now,
                   struct sk_effects *effects)
{
    struct sk_draft *draft = sk_effects_record(effects);
    const bool known = tally->device < engine->site->device_count;
    const struct sk_device *device = known ? &engine->site->devices[tally->device] : NULL;
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = events[tally->kind];
    draft->header.class_ = SK_CLASS_SYSTEM;
    draft->header.ctrl = known ? device->number : 0;
    if (known && sk_device_is_simulated(engine, tally->device))
        draft->header.flags |= SK_FLAG_SIMULATED;
    sk_body_put_u64(&draft->body, SK_TAG_COUNT, count);
    if (known)
        sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(device->id));
}

static void begin(struct sk_engine *engine, uint32_t index, const struct sk_now *now)
{
    struct sk_tally *tally = &engine->tallies[index];
    tally->count = 0;
    tally->open = true;
    tally->since_mono = now->mono_us;
    sk_heap_set(&engine->heap, engine->node_tally + index, now->mono_us + TALLY_WINDOW_S * SK_US_PER_S);
}

bool sk_tally_begins(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    const bool begins = !engine->tallies[index].open;
    if (begins)
        begin(engine, index, now);
    else
        engine->tallies[index].count++;
    sk_pending_tally(engine, index, now, effects);
    return begins;
}

void sk_tally_add(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    if (sk_tally_begins(engine, index, now, effects))
        record(engine, &engine->tallies[index], 1, now, effects);
}

void sk_tally_fire(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_tally *tally = &engine->tallies[index];
    tally->open = tally->count > 0;
    if (tally->open) {
        record(engine, tally, tally->count, now, effects);
        begin(engine, index, now);
    } else {
        sk_heap_cancel(&engine->heap, engine->node_tally + index);
    }
    sk_pending_tally(engine, index, now, effects);
}
