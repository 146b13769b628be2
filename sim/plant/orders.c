/* SPDX-License-Identifier: Apache-2.0 */
/* Orders to the plant as JSON: the same words in a scenario's step and in a request of the control interface. */
#include <string.h>

#include "sim/plant/scenario.h"

static bool only(const cJSON *json, const char *const *keys, size_t count, struct sk_fault *fault)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, json)
    {
        bool found = false;
        for (size_t i = 0; i < count && item->string != NULL; i++) {
            found = found || strcmp(item->string, keys[i]) == 0;
        }
        if (!found) {
            (void)sk_fault_set(fault, SK_ERR_PARSE, "unknown key '%s'; the first known is '%s'",
                               item->string != NULL ? item->string : "", keys[0]);
            return false;
        }
    }
    return true;
}

enum sk_err sk_order_set(struct sk_plant *plant, const cJSON *json, struct sk_fault *fault)
{
    static const char *const KEYS[] = {"id", "value", "release"};
    if (!only(json, KEYS, sizeof KEYS / sizeof KEYS[0], fault)) {
        return SK_ERR_PARSE;
    }
    const char *id = sk_json_text(sk_json_get(json, "id"));
    const cJSON *value = sk_json_get(json, "value");
    struct sk_plant_input input = {.form = SK_PLANT_NUMBER};
    if (id == NULL) {
        return sk_fault_set(fault, SK_ERR_PARSE, "expected {\"id\": \"device/point\", \"value\": ...}");
    }
    if (cJSON_IsTrue(sk_json_get(json, "release"))) {
        input.form = SK_PLANT_RELEASE;
    } else if (cJSON_IsNumber(value)) {
        input.number = value->valuedouble;
    } else if (cJSON_IsString(value)) {
        input = (struct sk_plant_input){.form = SK_PLANT_WORD, .word = value->valuestring};
    } else if (cJSON_IsBool(value)) {
        input.number = cJSON_IsTrue(value) ? 1.0 : 0.0;
    } else if (cJSON_IsNull(value)) {
        input.form = SK_PLANT_MISSING;
    } else {
        return sk_fault_set(fault, SK_ERR_PARSE,
                            "value must be a number, a word, true, false or null; \"release\": true lets go");
    }
    return sk_plant_set(plant, id, &input, fault);
}

static enum sk_err read_factors(const cJSON *list, uint16_t *ret_mask, struct sk_fault *fault)
{
    const cJSON *item = NULL;
    *ret_mask = 0;
    if (list != NULL && !cJSON_IsArray(list)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "factors must be a list such as [\"pt:Card\", \"Vein\"]");
    }
    cJSON_ArrayForEach(item, list)
    {
        const int bit = cJSON_IsString(item) ? sk_factor_parse(item->valuestring) : -1;
        if (bit < 0 || bit > 15) {
            return sk_fault_set(fault, SK_ERR_PARSE, "unknown factor '%s'; one is pt:Card",
                                cJSON_IsString(item) ? item->valuestring : "");
        }
        *ret_mask = (uint16_t)(*ret_mask | 1u << bit);
    }
    return SK_OK;
}

enum sk_err sk_order_pass(struct sk_plant *plant, uint32_t door, const cJSON *json, struct sk_fault *fault)
{
    static const char *const KEYS[] = {"person", "card", "factors", "direction", "act", "hold_ms", "followers", "door"};
    if (!only(json, KEYS, sizeof KEYS / sizeof KEYS[0], fault)) {
        return SK_ERR_PARSE;
    }
    struct sk_plant_passage passage = {.person = sk_json_text(sk_json_get(json, "person")),
                                       .card = sk_json_text(sk_json_get(json, "card")),
                                       .act = sk_json_text(sk_json_get(json, "act"))};
    const cJSON *direction = sk_json_get(json, "direction");
    const char *word = direction != NULL ? sk_json_text(direction) : "entry";
    if (word == NULL || (strcmp(word, "entry") != 0 && strcmp(word, "exit") != 0)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "direction must be entry or exit");
    }
    passage.exit = strcmp(word, "exit") == 0;
    const cJSON *hold = sk_json_get(json, "hold_ms");
    uint64_t hold_ms = 0;
    if (hold != NULL && (!sk_json_u64(hold, &hold_ms) || hold_ms > 86400000)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "hold_ms must be a whole number of at most a day");
    }
    passage.hold_ms = (uint32_t)hold_ms;
    const cJSON *followers = sk_json_get(json, "followers");
    uint64_t count = 0;
    if (followers != NULL && (!sk_json_u64(followers, &count) || count > 100)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "followers must be a whole number of at most 100");
    }
    passage.followers = (uint32_t)count;
    const enum sk_err err = read_factors(sk_json_get(json, "factors"), &passage.factors, fault);
    return err != SK_OK ? err : sk_plant_pass(plant, door, &passage, fault);
}
