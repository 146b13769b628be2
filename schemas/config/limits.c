/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of a point: read, checked against the point's kind, laid over those that the profile gives. */
#include <math.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

enum { NEEDS_READING = 1, NEEDS_STATES = 2, NEEDS_WINDOW = 4 };

/* What may stand on a point: needs, and the severity when none is given. Everything else belongs to doors, devices or us. */
static const struct rule {
    enum sk_condition condition;
    unsigned needs;
    enum sk_severity severity;
} RULES[] = {
    {SK_COND_LOWER_FATAL, NEEDS_READING, SK_SEV_CRITICAL},
    {SK_COND_LOWER_CRITICAL, NEEDS_READING, SK_SEV_HIGH},
    {SK_COND_LOWER_CAUTION, NEEDS_READING, SK_SEV_MEDIUM},
    {SK_COND_UPPER_CAUTION, NEEDS_READING, SK_SEV_MEDIUM},
    {SK_COND_UPPER_CRITICAL, NEEDS_READING, SK_SEV_HIGH},
    {SK_COND_UPPER_FATAL, NEEDS_READING, SK_SEV_CRITICAL},
    {SK_COND_STATE, NEEDS_STATES, SK_SEV_HIGH},
    {SK_COND_STALE, 0, SK_SEV_MEDIUM},
    {SK_COND_RATE_OF_CHANGE, NEEDS_READING | NEEDS_WINDOW, SK_SEV_MEDIUM},
};

static const struct rule *rule_find(const char *name)
{
    int condition = sk_condition_parse(name);
    for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++)
        if ((int)RULES[i].condition == condition)
            return &RULES[i];
    return NULL;
}

static enum sk_err states_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_point_kind *kind,
                               uint64_t *ret_mask)
{
    size_t i = 0;
    uint64_t mask = 0;
    for (const cJSON *item = json->child; item != NULL; item = item->next, i++) {
        const char *word = sk_json_text(item);
        int state = word != NULL ? sk_point_state_parse(kind, word) : -1;
        if (state < 0 || state > 63)
            return cfg_wrong(c, CFG_AT_INDEX(at, i), item, SK_ERR_PARSE, "a word of '%s' (schemas/vocab/points.def)",
                             kind->name);
        mask |= UINT64_C(1) << state;
    }
    if (mask == 0)
        return cfg_fail(c, at, SK_ERR_PARSE,
                        "found no words; expected the states that alarm; name one, or remove the condition");
    *ret_mask = mask;
    return SK_OK;
}

/* The condition fits the kind of value, and has what it needs and nothing that it would ignore. */
static enum sk_err fit(struct cfg *c, const struct cfg_at *at, const struct rule *rule, const struct cfg_limit *raw,
                       const struct sk_point_kind *kind)
{
    bool worded = kind->kind == SK_KIND_STATE || kind->kind == SK_KIND_FLAGS;
    if ((rule->needs & NEEDS_STATES) != 0 && !worded)
        return cfg_fail(c, at, SK_ERR_PARSE, "'%s' has no states; expected a threshold such as UpperCaution", kind->name);
    if ((rule->needs & NEEDS_READING) != 0 && kind->kind != SK_KIND_NUMBER)
        return cfg_fail(c, at, SK_ERR_PARSE, "'%s' is no number; expected State%s", kind->name,
                        worded ? "" : " on another point");
    if ((rule->needs & NEEDS_READING) != 0 && isnan(raw->reading))
        return cfg_fail(c, at, SK_ERR_PARSE, "found no key 'Reading'; expected a threshold; add it");
    if ((rule->needs & NEEDS_STATES) != 0 && raw->states == NULL)
        return cfg_fail(c, at, SK_ERR_PARSE, "found no key 'states'; expected the words that alarm; add it");
    if ((rule->needs & NEEDS_WINDOW) != 0 && (raw->window == CFG_UNSET || !(raw->reading > 0)))
        return cfg_fail(c, at, SK_ERR_PARSE, "RateOfChange needs a Reading above 0 and a window such as \"PT15M\"; add them");
    if ((rule->needs & NEEDS_READING) == 0 && !isnan(raw->reading))
        return cfg_fail(c, at, SK_ERR_PARSE, "found 'Reading', which this condition does not use; remove it");
    if ((rule->needs & NEEDS_STATES) == 0 && raw->states != NULL)
        return cfg_fail(c, at, SK_ERR_PARSE, "found 'states', which this condition does not use; remove it");
    if ((rule->needs & NEEDS_WINDOW) == 0 && raw->window != CFG_UNSET)
        return cfg_fail(c, at, SK_ERR_PARSE, "found 'window', which only RateOfChange uses; remove it");
    return SK_OK;
}

static enum sk_err limit_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_point_kind *kind,
                              struct sk_limit *to)
{
    struct cfg_limit raw;
    const struct rule *rule = rule_find(json->string);
    if (rule == NULL)
        return cfg_fail(
            c, at, SK_ERR_PARSE,
            "found condition '%.40s'; expected LowerFatal, LowerCritical, LowerCaution, UpperCaution, UpperCritical, "
            "UpperFatal, State, Stale or RateOfChange",
            json->string);
    enum sk_err err = cfg_read(c, at, CFG_SECTION_limit, json, &raw);
    if (err == SK_OK)
        err = fit(c, at, rule, &raw, kind);
    if (err == SK_OK && raw.states != NULL)
        err = states_read(c, CFG_AT(at, "states"), raw.states, kind, &to->states);
    if (err != SK_OK)
        return err;
    to->condition = (uint16_t)rule->condition;
    to->severity = (uint8_t)(raw.severity != CFG_UNSET ? raw.severity : (int64_t)rule->severity);
    to->reading = isnan(raw.reading) ? 0 : raw.reading;
    to->dwell_ms = (uint32_t)raw.dwell;
    to->hysteresis = raw.hysteresis;
    to->hysteresis_ms = (uint32_t)raw.hysteresis_time;
    to->window_ms = raw.window != CFG_UNSET ? (uint32_t)raw.window : 0;
    return SK_OK;
}

/* LowerFatal <= LowerCritical <= ... <= UpperFatal, as far as they are given: the enum is in that order. */
static enum sk_err order_check(struct cfg *c, const struct cfg_at *at, const struct sk_limit *limits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (limits[i].condition < limits[j].condition && limits[j].condition <= SK_COND_UPPER_FATAL &&
                limits[i].reading > limits[j].reading)
                return cfg_fail(c, at, SK_ERR_RANGE, "%s %g lies above %s %g; expected rising thresholds; correct one",
                                sk_condition_name(limits[i].condition), limits[i].reading,
                                sk_condition_name(limits[j].condition), limits[j].reading);
    return SK_OK;
}

static bool replaced(const cJSON *json, const struct sk_limit *limit)
{
    return json != NULL && sk_json_get(json, sk_condition_name(limit->condition)) != NULL;
}

enum sk_err cfg_limits_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_point_kind *kind,
                            const struct sk_limit *inherited, size_t inherited_count, const struct sk_limit **ret_limits,
                            size_t *ret_count)
{
    size_t count = 0;
    if (json == NULL) {
        *ret_limits = inherited;
        *ret_count = inherited_count;
        return SK_OK;
    }
    struct sk_limit *limits = cfg_arena_take(c->arena, inherited_count + (size_t)cJSON_GetArraySize(json), sizeof(*limits));
    if (limits == NULL)
        return cfg_nomem(c);
    for (size_t i = 0; i < inherited_count; i++)
        if (!replaced(json, &inherited[i]))
            limits[count++] = inherited[i];
    for (const cJSON *item = json->child; item != NULL; item = item->next) {
        if (cJSON_IsNull(item) && rule_find(item->string) != NULL)
            continue;
        enum sk_err err = limit_read(c, CFG_AT(at, item->string), item, kind, &limits[count]);
        if (err != SK_OK)
            return err;
        count++;
    }
    *ret_limits = limits;
    *ret_count = count;
    return order_check(c, at, limits, count);
}
