/* SPDX-License-Identifier: Apache-2.0 */
/* Names to numbers, for giving back what was stored: sorted hashes made at creation and thrown away at the start. Equal hashes
 * are told apart by the text itself. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/internal.h"

/* FNV-1a, 64 bit: offset basis and prime of the published algorithm. */
uint64_t sk_hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static int compare(const void *a, const void *b)
{
    const struct sk_index_row *left = a, *right = b;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

static size_t lower_bound(const struct sk_index_row *rows, size_t count, uint64_t hash)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rows[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum sk_err sk_engine_index(struct sk_engine *engine)
{
    const size_t points = engine->site->point_count;
    engine->point_index = sk_calloc(points, sizeof *engine->point_index);
    engine->cond_index = sk_calloc(engine->cond_count, sizeof *engine->cond_index);
    if (engine->point_index == NULL || engine->cond_index == NULL)
        return SK_ERR_NOMEM;
    for (uint32_t i = 0; i < points; i++)
        engine->point_index[i] = (struct sk_index_row){sk_hash_text(sk_text_or(engine->site->points[i].id)), i};
    for (uint32_t i = 0; i < engine->cond_count; i++) {
        char source[SK_ALARM_SOURCE_MAX];
        sk_cond_source(engine, &engine->conds[i], source);
        engine->cond_index[i] = (struct sk_index_row){sk_hash_text(source), i};
    }
    if (points > 0)
        qsort(engine->point_index, points, sizeof *engine->point_index, compare);
    qsort(engine->cond_index, engine->cond_count, sizeof *engine->cond_index, compare);
    return SK_OK;
}

void sk_engine_index_free(struct sk_engine *engine)
{
    sk_free(engine->point_index);
    sk_free(engine->cond_index);
    engine->point_index = engine->cond_index = NULL;
}

int64_t sk_find_point(const struct sk_engine *engine, const char *id)
{
    const uint64_t hash = sk_hash_text(id);
    const size_t count = engine->point_index == NULL ? 0 : engine->site->point_count;
    for (size_t i = lower_bound(engine->point_index, count, hash); i < count && engine->point_index[i].hash == hash; i++)
        if (strcmp(sk_text_or(engine->site->points[engine->point_index[i].number].id), id) == 0)
            return engine->point_index[i].number;
    return -1;
}

static int64_t find_system(struct sk_engine *engine, const char *name)
{
    if (name[0] == '\0' || strlen(name) >= SK_SYSTEM_NAME_MAX)
        return -1;
    const uint32_t slot = sk_system_slot(engine, name);
    return slot == engine->slot_count ? -1 : (int64_t)(engine->system_cond + slot);
}

int64_t sk_find_cond(struct sk_engine *engine, const char *source, int condition)
{
    const uint64_t hash = sk_hash_text(source);
    const size_t count = engine->cond_index == NULL ? 0 : engine->cond_count;
    if (condition == SK_COND_SYSTEM && strncmp(source, "system:", 7) == 0)
        return find_system(engine, source + 7);
    if (condition == SK_COND_ACCESS && sk_system_is_access(source))
        return find_system(engine, source);
    for (size_t i = lower_bound(engine->cond_index, count, hash); i < count && engine->cond_index[i].hash == hash; i++) {
        char text[SK_ALARM_SOURCE_MAX];
        const struct sk_cond *cond = &engine->conds[engine->cond_index[i].number];
        sk_cond_source(engine, cond, text);
        if (cond->limit->condition == condition && strcmp(text, source) == 0)
            return engine->cond_index[i].number;
    }
    return -1;
}
