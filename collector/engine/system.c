/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions by name: the caller decides, the engine gives them an alarm's life. Most are the monitor's own ("system:log");
 * names that begin with a word of access_words are about rights, and are their own source ("list:dc1/stale"). At most
 * SK_SYSTEM_SLOTS names at once; a slot whose condition is over may be given to another name. */
#include <string.h>

#include "collector/engine/internal.h"

static const struct sk_limit access_limit = {.condition = SK_COND_ACCESS, .severity = SK_SEV_HIGH};

bool sk_system_is_access(const char *name)
{
    static const char *const access_words[] = {"list:", "card:", "review:", "rack:", "key:"};
    for (size_t i = 0; i < sizeof access_words / sizeof *access_words; i++)
        if (strncmp(name, access_words[i], strlen(access_words[i])) == 0)
            return true;
    return false;
}

static uint32_t find_slot(const struct sk_engine *engine, const char *name)
{
    for (uint32_t i = 0; i < SK_SYSTEM_SLOTS; i++)
        if (strcmp(engine->system_names[i], name) == 0)
            return i;
    return SK_SYSTEM_SLOTS;
}

uint32_t sk_system_slot(struct sk_engine *engine, const char *name)
{
    uint32_t slot = find_slot(engine, name);
    for (uint32_t i = 0; slot == SK_SYSTEM_SLOTS && i < SK_SYSTEM_SLOTS; i++)
        if (engine->conds[engine->system_cond + i].state == SK_CS_IDLE) {
            sk_text_copy(engine->system_names[i], SK_SYSTEM_NAME_MAX, name);
            engine->conds[engine->system_cond + i].limit =
                sk_system_is_access(name) ? &access_limit : sk_kind_limit(SK_CK_SYSTEM);
            slot = i;
        }
    return slot;
}

enum sk_err sk_system_feed(struct sk_engine *engine, const char *name, bool active, uint8_t severity, const char *detail,
                           uint64_t newest, const struct sk_now *now, struct sk_effects *effects)
{
    if (!active && find_slot(engine, name) == SK_SYSTEM_SLOTS)
        return SK_OK;
    const uint32_t slot = sk_system_slot(engine, name);
    if (slot == SK_SYSTEM_SLOTS)
        return SK_ERR_FULL;
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
    if (!active && find_slot(engine, name) == SK_SYSTEM_SLOTS)
        return SK_OK;
    const enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 2, 0, effects);
    return err == SK_OK ? sk_system_feed(engine, name, active, (uint8_t)severity, detail, 0, now, effects) : err;
}
