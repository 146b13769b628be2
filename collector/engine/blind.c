/* SPDX-License-Identifier: Apache-2.0 */
/* Links that we do not watch because our own poller does not run. Their values grow old like any other and say so; but nobody's
 * silence is told as his: no CommLost, no Stale. That stands as one alarm about the poller, made by the caller. Afterwards each
 * device has the time it had left, and nothing that was due meanwhile is made up for. */
#include "collector/engine/internal.h"

static struct sk_blind *blind_of(const struct sk_engine *engine, uint32_t device)
{
    const int32_t link = engine->site->devices[device].link;
    return link >= 0 && (size_t)link < engine->site->link_count ? &engine->blinds[link] : NULL;
}

bool sk_device_is_unwatched(const struct sk_engine *engine, uint32_t device)
{
    const struct sk_blind *blind = blind_of(engine, device);
    return blind != NULL && blind->count > 0;
}

static void see_again(struct sk_engine *engine, uint32_t node, int64_t blind_us, const struct sk_now *now)
{
    struct sk_watch *watch = &engine->watches[node];
    if (node < engine->node_device) {
        sk_block_stir(engine, node);
        sk_block_sync(engine, node);
    }
    const int64_t moved = watch->expired ? now->mono_us : watch->ok_mono + blind_us;
    watch->ok_mono = moved < now->mono_us ? moved : now->mono_us;
    watch->expired = false;
    sk_watch_arm(engine, node);
}

enum sk_err sk_engine_blind(struct sk_engine *engine, uint32_t link, bool is_blind, const struct sk_now *now,
                            struct sk_effects *effects)
{
    const struct sk_site *site = engine->site;
    if (link >= site->link_count || (!is_blind && engine->blinds[link].count == 0))
        return SK_ERR_INVALID;
    size_t devices = 0;
    for (uint32_t i = 0; i < site->device_count; i++)
        devices += site->devices[i].link == (int32_t)link;
    const enum sk_err err = sk_engine_reserve(engine, effects, 2 * devices, 0); /* and nothing is fired on the way */
    if (err != SK_OK)
        return err;
    struct sk_blind *blind = &engine->blinds[link];
    if (is_blind && blind->count++ == 0)
        blind->since_mono = now->mono_us;
    const bool sees = !is_blind && --blind->count == 0;
    const int64_t blind_us = now->mono_us - blind->since_mono;
    for (uint32_t i = 0; i < site->device_count; i++) {
        if (site->devices[i].link != (int32_t)link)
            continue;
        const uint32_t first = site->devices[i].first_point;
        for (uint32_t p = first; sees && p < first + site->devices[i].point_count; p++)
            see_again(engine, p, blind_us, now);
        if (sees)
            see_again(engine, engine->node_device + i, blind_us, now);
        sk_quality_tell(engine, i, now, effects);
    }
    return SK_OK;
}
