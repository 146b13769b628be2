/* SPDX-License-Identifier: Apache-2.0 */
/* Names of wire faults and their defaults, one row each. */
#include "sim/wire_fault.h"

#include <math.h>
#include <string.h>

#include "schemas/base/json.h"

static const struct row {
    const char *name;
    uint32_t ms; /* default */
    uint8_t code;
} ROWS[] = {
    [SIM_WIRE_NONE] = {"none", 0, 0},           [SIM_WIRE_DEAD] = {"dead", 0, 0},
    [SIM_WIRE_DELAY] = {"delay", 450, 0},       [SIM_WIRE_DROP] = {"drop", 0, 0},
    [SIM_WIRE_TID] = {"wrong_tid", 0, 0},       [SIM_WIRE_UNIT] = {"wrong_unit", 0, 0},
    [SIM_WIRE_TORN] = {"torn", 150, 0},         [SIM_WIRE_CRC] = {"bad_crc", 0, 0},
    [SIM_WIRE_EXCEPTION] = {"exception", 0, 4}, [SIM_WIRE_CLOSE] = {"close", 0, 0},
    [SIM_WIRE_GARBAGE] = {"garbage", 0, 0},     [SIM_WIRE_SLOW] = {"slow", 20, 0},
    [SIM_WIRE_MALFORMED] = {"malformed", 0, 0}, [SIM_WIRE_RETAINED] = {"retained", 0, 0},
    [SIM_WIRE_SILENCE] = {"silence", 0, 0},     [SIM_WIRE_REPLAY] = {"replay", 0, 0},
    [SIM_WIRE_FORGE] = {"forge", 0, 0},         [SIM_WIRE_GAP] = {"gap", 0, 0},
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0], MS_MAX = 600000, COUNT_MAX = 1000000 };

int sim_wire_parse(const char *name)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        if (strcmp(ROWS[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *sim_wire_name(enum sim_wire kind)
{
    return ROWS[kind].name;
}

static bool read_u32(const cJSON *json, const char *name, uint32_t highest, uint32_t *to)
{
    const cJSON *item = sk_json_get(json, name);
    uint64_t value = 0;
    if (item != NULL && (!sk_json_u64(item, &value) || value > highest)) {
        return false;
    }
    *to = (uint32_t)value;
    return true;
}

static bool known_key(const char *key)
{
    static const char *const KEYS[] = {"fault", "amount", "ms", "count", "code", "device", "link"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        if (strcmp(KEYS[i], key) == 0) {
            return true;
        }
    }
    return false;
}

enum sk_err sim_fault_read(const cJSON *json, struct sim_fault_request *ret_request, struct sk_fault *fault)
{
    *ret_request = (struct sim_fault_request){.amount = NAN};
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, json)
    {
        if (item->string == NULL || !known_key(item->string)) {
            return sk_fault_set(fault, SK_ERR_PARSE, "unknown key '%s'; known are fault, amount, ms, count, code",
                                item->string != NULL ? item->string : "");
        }
    }
    ret_request->name = sk_json_text(sk_json_get(json, "fault"));
    if (ret_request->name == NULL) {
        return sk_fault_set(fault, SK_ERR_PARSE, "expected {\"fault\": \"name\"}; \"none\" clears");
    }
    const cJSON *amount = sk_json_get(json, "amount");
    if (amount != NULL && !cJSON_IsNumber(amount)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "amount must be a number");
    }
    ret_request->amount = amount != NULL ? amount->valuedouble : (double)NAN;
    uint32_t code = 0;
    if (!read_u32(json, "ms", MS_MAX, &ret_request->ms) || !read_u32(json, "count", COUNT_MAX, &ret_request->count) ||
        !read_u32(json, "code", 255, &code)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "ms (to %d), count (to %d) and code (to 255) must be whole numbers", MS_MAX,
                            COUNT_MAX);
    }
    ret_request->code = (uint8_t)code;
    return SK_OK;
}

struct sim_wire_fault sim_wire_fault_make(enum sim_wire kind, const struct sim_fault_request *request)
{
    return (struct sim_wire_fault){.kind = kind,
                                   .ms = request->ms != 0 ? request->ms : ROWS[kind].ms,
                                   .count = request->count,
                                   .code = request->code != 0 ? request->code : ROWS[kind].code};
}

struct sim_wire_fault sim_wire_fault_take(struct sim_wire_fault *fault)
{
    const struct sim_wire_fault now = *fault;
    if (fault->count > 0 && --fault->count == 0) {
        fault->kind = SIM_WIRE_NONE;
    }
    return now;
}
