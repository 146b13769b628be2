/* SPDX-License-Identifier: Apache-2.0 */
/* The effects list: what a step wants done, in order. Payloads live in pools of chunks that never move and are used again after
 * each clear, so a steady engine allocates nothing. Appending never fails: the step has reserved its worst case before. */
#include <assert.h>
#include <string.h>

#include "collector/engine/internal.h"

enum { CHUNK_ITEMS = 32, EFFECTS_CEILING = 1 << 24 };

struct pool {
    void **chunks;
    size_t chunk_count, chunk_capacity, used, item_size;
};

struct pending_slot {
    char key[SK_PENDING_KEY_MAX];
    uint8_t bytes[SK_PENDING_BYTES_MAX];
};

struct sk_effects {
    struct sk_effect *items;
    size_t count, capacity;
    struct pool records, alarms, rows;
};

static enum sk_err pool_reserve(struct pool *pool, size_t more)
{
    while (pool->chunk_count * CHUNK_ITEMS < pool->used + more) {
        void *grown = sk_grow(pool->chunks, pool->chunk_count, &pool->chunk_capacity, sizeof(void *), EFFECTS_CEILING);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        pool->chunks = grown;
        void *chunk = sk_realloc(NULL, CHUNK_ITEMS, pool->item_size);
        if (chunk == NULL)
            return SK_ERR_NOMEM;
        pool->chunks[pool->chunk_count++] = chunk;
    }
    return SK_OK;
}

static void *pool_take(struct pool *pool)
{
    assert(pool->used < pool->chunk_count * CHUNK_ITEMS);
    char *chunk = pool->chunks[pool->used / CHUNK_ITEMS];
    return chunk + (pool->used++ % CHUNK_ITEMS) * pool->item_size;
}

static void pool_release(struct pool *pool)
{
    for (size_t i = 0; i < pool->chunk_count; i++)
        sk_free(pool->chunks[i]);
    sk_free(pool->chunks);
}

enum sk_err sk_effects_create(struct sk_effects **ret_effects)
{
    struct sk_effects *effects = sk_calloc(1, sizeof *effects);
    if (effects == NULL)
        return SK_ERR_NOMEM;
    effects->records.item_size = sizeof(struct sk_draft);
    effects->alarms.item_size = sizeof(struct sk_alarm);
    effects->rows.item_size = sizeof(struct pending_slot);
    *ret_effects = effects;
    return SK_OK;
}

void sk_effects_free(struct sk_effects *effects)
{
    if (effects == NULL)
        return;
    pool_release(&effects->records);
    pool_release(&effects->alarms);
    pool_release(&effects->rows);
    sk_free(effects->items);
    sk_free(effects);
}

void sk_effects_clear(struct sk_effects *effects)
{
    effects->count = 0;
    effects->records.used = effects->alarms.used = effects->rows.used = 0;
}

/* Moves a kept effect's payload to the next free place, never behind itself: the walk is in order, and so are the pools. */
static void repack(struct sk_effects *effects, struct sk_effect *effect)
{
    if (effect->kind == SK_EFFECT_RECORD) {
        struct sk_draft *to = pool_take(&effects->records);
        memmove(to, effect->record, sizeof *to);
        to->body.writer.buffer = to->body.bytes; /* a body writes into itself */
        effect->record = to;
    } else if (effect->kind == SK_EFFECT_ALARM) {
        struct sk_alarm *to = pool_take(&effects->alarms);
        memmove(to, effect->alarm, sizeof *to);
        effect->alarm = to;
    } else if (effect->kind != SK_EFFECT_POINT) {
        struct pending_slot *to = pool_take(&effects->rows);
        memmove(to, effect->pending.key, sizeof *to); /* the key is the slot's first member */
        effect->pending.key = to->key;
        effect->pending.bytes = to->bytes;
    }
}

void sk_effects_filter(struct sk_effects *effects, bool (*keep)(void *context, size_t index), void *context)
{
    const size_t count = effects->count;
    for (size_t i = 0; i < count; i++) /* all judged first: the judge may look at any of them */
        effects->items[i].dropped = !keep(context, i);
    effects->count = effects->records.used = effects->alarms.used = effects->rows.used = 0;
    for (size_t i = 0; i < count; i++) {
        struct sk_effect effect = effects->items[i];
        if (effect.dropped)
            continue;
        effect.link_record = effect.link_record && !effects->items[i - 1].dropped;
        repack(effects, &effect);
        effects->items[effects->count++] = effect;
    }
}

size_t sk_effects_count(const struct sk_effects *effects)
{
    return effects->count;
}

const struct sk_effect *sk_effects_at(const struct sk_effects *effects, size_t index)
{
    return index < effects->count ? &effects->items[index] : NULL;
}

enum sk_err sk_effects_reserve(struct sk_effects *effects, size_t records, size_t alarms, size_t rows, size_t points)
{
    const size_t wanted = effects->count + records + alarms + rows + points;
    while (effects->capacity < wanted) {
        void *grown = sk_grow(effects->items, effects->capacity, &effects->capacity, sizeof *effects->items, EFFECTS_CEILING);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        effects->items = grown;
    }
    enum sk_err err = pool_reserve(&effects->records, records);
    if (err == SK_OK)
        err = pool_reserve(&effects->alarms, alarms);
    if (err == SK_OK)
        err = pool_reserve(&effects->rows, rows);
    return err;
}

static struct sk_effect *append(struct sk_effects *effects, enum sk_effect_kind kind)
{
    assert(effects->count < effects->capacity);
    struct sk_effect *effect = &effects->items[effects->count++];
    effect->kind = kind;
    effect->link_record = false;
    return effect;
}

struct sk_draft *sk_effects_record(struct sk_effects *effects)
{
    struct sk_effect *effect = append(effects, SK_EFFECT_RECORD);
    effect->record = pool_take(&effects->records);
    memset(&effect->record->header, 0, sizeof effect->record->header);
    effect->record->header.version = SK_HEADER_VERSION;
    sk_body_init(&effect->record->body);
    return effect->record;
}

void sk_effects_alarm(struct sk_effects *effects, const struct sk_alarm *alarm)
{
    const bool linked = effects->count > 0 && effects->items[effects->count - 1].kind == SK_EFFECT_RECORD;
    struct sk_effect *effect = append(effects, SK_EFFECT_ALARM);
    effect->alarm = pool_take(&effects->alarms);
    effect->link_record = linked;
    *effect->alarm = *alarm;
}

void sk_effects_point(struct sk_effects *effects, uint32_t point)
{
    append(effects, SK_EFFECT_POINT)->point = point;
}

static struct sk_effect *append_row(struct sk_effects *effects, enum sk_effect_kind kind, const char *key)
{
    struct sk_effect *effect = append(effects, kind);
    struct pending_slot *slot = pool_take(&effects->rows);
    effect->pending.key = slot->key;
    effect->pending.bytes = slot->bytes;
    effect->pending.length = 0;
    sk_text_copy(slot->key, sizeof slot->key, key);
    return effect;
}

void sk_effects_put(struct sk_effects *effects, const char *key, struct sk_row *ret_row)
{
    ret_row->effect = append_row(effects, SK_EFFECT_PENDING_PUT, key);
    sk_writer_init(&ret_row->writer, ret_row->effect->pending.bytes, SK_PENDING_BYTES_MAX);
    sk_write_u8(&ret_row->writer, SK_ROW_VERSION);
}

void sk_row_end(struct sk_row *row)
{
    assert(!row->writer.bad);
    row->effect->pending.length = row->writer.length;
}

void sk_effects_delete(struct sk_effects *effects, const char *key)
{
    append_row(effects, SK_EFFECT_PENDING_DELETE, key);
}
