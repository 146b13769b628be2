/* SPDX-License-Identifier: Apache-2.0 */
/* Two arrays by point: the block it belongs to, and (of a point that leads one) how many belong to its block. Whenever a read
 * does not speak of exactly those members, all are told anew. */
#include "collector/shorten.h"

#include <string.h>

#include "schemas/base/mem.h"

struct sk_shorten {
    const struct sk_site *site;
    uint32_t *block;   /* by point: leader + 1; 0 none */
    uint32_t *members; /* by leader */
    bool *known;       /* by leader: the parent has it as it is here */
};

enum sk_err sk_shorten_create(const struct sk_site *site, struct sk_shorten **ret_shorten)
{
    struct sk_shorten *shorten = sk_calloc(1, sizeof *shorten);
    if (shorten == NULL)
        return SK_ERR_NOMEM;
    shorten->site = site;
    shorten->block = sk_calloc(site->point_count + 1, sizeof *shorten->block);
    shorten->members = sk_calloc(site->point_count + 1, sizeof *shorten->members);
    shorten->known = sk_calloc(site->point_count + 1, sizeof *shorten->known);
    if (shorten->block == NULL || shorten->members == NULL || shorten->known == NULL) {
        sk_shorten_free(shorten);
        return SK_ERR_NOMEM;
    }
    *ret_shorten = shorten;
    return SK_OK;
}

void sk_shorten_free(struct sk_shorten *shorten)
{
    if (shorten == NULL)
        return;
    sk_free(shorten->known);
    sk_free(shorten->members);
    sk_free(shorten->block);
    sk_free(shorten);
}

static void leave(struct sk_shorten *shorten, uint32_t point)
{
    if (shorten->block[point] == 0)
        return;
    shorten->members[shorten->block[point] - 1]--;
    shorten->block[point] = 0;
}

static void join(struct sk_shorten *shorten, uint32_t point, uint32_t leader)
{
    leave(shorten, point);
    shorten->block[point] = leader + 1;
    shorten->members[leader]++;
}

static void empty(struct sk_shorten *shorten, uint32_t leader)
{
    const struct sk_device *device = &shorten->site->devices[shorten->site->points[leader].device];
    for (uint32_t i = device->first_point; i < device->first_point + device->point_count; i++)
        if (shorten->block[i] == leader + 1)
            leave(shorten, i);
}

static bool says_the_same(const struct sk_shorten *shorten, const struct sk_sample *sample, uint32_t leader)
{
    return (sample->flags & SK_SAMPLE_REFRESH) != 0 && shorten->block[sample->point] == leader + 1;
}

/* Does the read speak of every member, and of no member only outside of its block? */
static bool is_whole(const struct sk_shorten *shorten, const struct sk_batch *batch)
{
    const uint32_t leader = batch->block.block;
    uint32_t members = 0;
    for (size_t i = 0; i < batch->block.told; i++)
        members += shorten->block[batch->samples[i].point] == leader + 1;
    for (size_t i = batch->block.told; i < batch->count; i++)
        if (shorten->block[batch->samples[i].point] == leader + 1)
            return false;
    return shorten->known[leader] && members == shorten->members[leader];
}

static void set_times(struct sk_block_read *read, const struct sk_sample *sample)
{
    read->source_us = sample->source_us;
    read->recv_us = sample->recv_us;
    read->mono_us = sample->mono_us;
    read->uncertainty_us = sample->uncertainty_us;
}

/* The block's part; returns how many samples are told. */
static size_t shorten_block(struct sk_shorten *shorten, const struct sk_batch *batch, struct sk_sample *to,
                            struct sk_block_read *read)
{
    const uint32_t leader = read->block;
    size_t told = 0;
    read->anew = !is_whole(shorten, batch);
    read->unchanged = 0;
    set_times(read, &batch->samples[0]);
    if (read->anew)
        empty(shorten, leader);
    for (size_t i = 0; i < batch->block.told; i++) {
        const struct sk_sample *sample = &batch->samples[i];
        if (says_the_same(shorten, sample, leader)) {
            if (read->unchanged++ == 0)
                set_times(read, sample);
            continue;
        }
        to[told++] = *sample;
    }
    for (size_t i = 0; i < told; i++)
        if (sk_block_joins(&shorten->site->points[to[i].point], &to[i]))
            join(shorten, to[i].point, leader);
        else
            leave(shorten, to[i].point);
    shorten->known[leader] = true;
    return told;
}

void sk_shorten_batch(struct sk_shorten *shorten, const struct sk_batch *batch, struct sk_sample *samples,
                      struct sk_batch *ret_batch)
{
    size_t count = 0;
    const size_t in_block = batch->has_block ? batch->block.told : 0;
    *ret_batch = *batch;
    if (batch->has_block)
        count = shorten_block(shorten, batch, samples, &ret_batch->block);
    ret_batch->block.told = (uint32_t)count;
    for (size_t i = in_block; i < batch->count; i++) {
        leave(shorten, batch->samples[i].point);
        samples[count++] = batch->samples[i];
    }
    ret_batch->samples = samples;
    ret_batch->count = count;
}

void sk_shorten_skipped(struct sk_shorten *shorten, const struct sk_batch *batch)
{
    if (batch->has_block)
        shorten->known[batch->block.block] = false;
    for (size_t i = 0; i < batch->count; i++) /* told late and alone, each ends its membership there */
        if (shorten->block[batch->samples[i].point] != 0)
            shorten->known[shorten->block[batch->samples[i].point] - 1] = false;
}
