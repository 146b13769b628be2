/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions by name: the caller decides, the engine gives them an alarm's life. Most are the monitor's own ("system:log");
 * names that begin with a word of a pool are about rights, and are their own source ("list:dc1/stale").
 *
 * Slots are made with the engine, so each kind has as many as a pool says, and a flood of lost cards takes no place from the
 * monitor's own alarms. A slot whose condition is over may be given to another name of its pool. A name that finds none is
 * refused, and that rings by itself: system:alarms.full, which names the first one left out and returns a quarter of an hour
 * after the last. */
#include <string.h>

#include "collector/engine/internal.h"

#define FULL_NAME "alarms.full"

static const struct sk_limit access_limit = {.condition = SK_COND_ACCESS, .severity = SK_SEV_HIGH};
static const struct sk_limit full_limit = {.condition = SK_COND_SYSTEM, .severity = SK_SEV_HIGH, .hysteresis_ms = 900000};

/* The last pool is the monitor's own: every name that begins with none of the words. */
static const struct pool {
    const char *words[2];
    uint32_t at_once, per_ctrl;
} pools[] = {
    {{"list:", NULL}, 0, 3}, /* stale, permitted, unknown of each controller */
    {{"card:", NULL}, 1024, 0}, {{"review:", NULL}, 256, 0}, {{"rack:", "key:"}, SK_OPENING_ALARMS, 0}, {{NULL, NULL}, 256, 0},
};
enum { POOLS = sizeof pools / sizeof *pools };

static size_t pool_of(const char *name)
{
    for (size_t i = 0; i + 1 < POOLS; i++)
        for (size_t k = 0; k < 2; k++)
            if (pools[i].words[k] != NULL && strncmp(name, pools[i].words[k], strlen(pools[i].words[k])) == 0)
                return i;
    return POOLS - 1;
}

bool sk_system_is_access(const char *name)
{
    return pool_of(name) + 1 < POOLS;
}

static uint32_t size_of(size_t pool, size_t ctrl_count)
{
    return pools[pool].at_once + pools[pool].per_ctrl * (uint32_t)ctrl_count;
}

static uint32_t first_of(size_t pool, size_t ctrl_count)
{
    uint32_t first = 0;
    for (size_t i = 0; i < pool; i++)
        first += size_of(i, ctrl_count);
    return first;
}

uint32_t sk_system_slot_count(size_t ctrl_count)
{
    return first_of(POOLS, ctrl_count) + 1; /* and one that says that there are no more */
}

static void name_slot(struct sk_engine *engine, uint32_t slot, const char *name, const struct sk_limit *limit)
{
    sk_text_copy(engine->slots[slot].name, SK_SYSTEM_NAME_MAX, name);
    engine->slots[slot].hash = sk_hash_text(name);
    engine->conds[engine->system_cond + slot].limit = limit;
}

enum sk_err sk_system_create(struct sk_engine *engine)
{
    engine->slots = sk_calloc(engine->slot_count, sizeof *engine->slots);
    return engine->slots == NULL ? SK_ERR_NOMEM : SK_OK;
}

static uint32_t find_slot(const struct sk_engine *engine, const char *name)
{
    const size_t pool = pool_of(name);
    const uint32_t first = first_of(pool, engine->ctrl_count), last = first + size_of(pool, engine->ctrl_count);
    const uint64_t hash = sk_hash_text(name);
    if (strcmp(name, FULL_NAME) == 0)
        return engine->slot_count - 1;
    for (uint32_t i = first; i < last; i++)
        if (engine->slots[i].hash == hash && strcmp(engine->slots[i].name, name) == 0)
            return i;
    return engine->slot_count;
}

uint32_t sk_system_slot(struct sk_engine *engine, const char *name)
{
    const size_t pool = pool_of(name);
    const uint32_t first = first_of(pool, engine->ctrl_count), last = first + size_of(pool, engine->ctrl_count);
    uint32_t slot = find_slot(engine, name);
    if (slot == engine->slot_count - 1)
        name_slot(engine, slot, name, &full_limit);
    for (uint32_t i = first; slot == engine->slot_count && i < last; i++)
        if (engine->conds[engine->system_cond + i].state == SK_CS_IDLE) {
            name_slot(engine, i, name, pool + 1 < POOLS ? &access_limit : sk_kind_limit(SK_CK_SYSTEM));
            slot = i;
        }
    return slot;
}

void sk_system_refuse(struct sk_engine *engine, const char *name, const struct sk_now *now, struct sk_effects *effects)
{
    char detail[SK_ALARM_TEXT_MAX];
    const size_t pool = pool_of(name);
    const char *word = pools[pool].words[0] != NULL ? pools[pool].words[0] : "system:";
    sk_text_format(detail, sizeof detail, "%s no room beside %lu alarms at once, first %s", word,
                   (unsigned long)size_of(pool, engine->ctrl_count), name);
    const struct sk_decision_input input = {.verdict = SK_V_ABNORMAL,
                                            .now = now,
                                            .detail = detail,
                                            .severity = SK_SEV_HIGH,
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_pulse(engine, engine->system_cond + sk_system_slot(engine, FULL_NAME), &input, effects);
}

enum sk_err sk_system_feed(struct sk_engine *engine, const char *name, bool active, uint8_t severity, const char *detail,
                           uint64_t newest, const struct sk_now *now, struct sk_effects *effects)
{
    if (!active && find_slot(engine, name) == engine->slot_count)
        return SK_OK;
    const uint32_t slot = sk_system_slot(engine, name);
    if (slot == engine->slot_count) {
        sk_system_refuse(engine, name, now, effects);
        return SK_ERR_FULL;
    }
    const struct sk_decision_input input = {.verdict = active ? SK_V_ABNORMAL : SK_V_NORMAL,
                                            .now = now,
                                            .detail = sk_text_or(detail),
                                            .severity = severity,
                                            .matched = newest,
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_feed(engine, engine->system_cond + slot, &input, effects);
    return SK_OK;
}

enum sk_err sk_engine_system(struct sk_engine *engine, const char *name, bool active, enum sk_severity severity,
                             const char *detail, const struct sk_now *now, struct sk_effects *effects)
{
    if (name == NULL || name[0] == '\0' || strlen(name) >= SK_SYSTEM_NAME_MAX)
        return SK_ERR_INVALID;
    if (!active && find_slot(engine, name) == engine->slot_count)
        return SK_OK;
    const enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 2, 0, effects);
    return err == SK_OK ? sk_system_feed(engine, name, active, (uint8_t)severity, detail, 0, now, effects) : err;
}
