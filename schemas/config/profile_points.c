/* SPDX-License-Identifier: Apache-2.0 */
/* Points of a profile: where a value stands on the wire and what it means.
 *
 * Two passes: each point by itself, then what points say of each other (twins, scale_from, atomic and forbidden ranges). */
#include <math.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

/* By enum sk_register_type, in its order. count 0: given by the point. low > high: no integer states. */
static const struct type_info {
    uint16_t count;
    struct cfg_raw_range raw;
    bool text;
} TYPES[] = {
    [SK_REG_BIT] = {1, {0, 1, 1}, false},
    [SK_REG_U16] = {1, {0, UINT16_MAX, 16}, false},
    [SK_REG_S16] = {1, {INT16_MIN, INT16_MAX, 16}, false},
    [SK_REG_U32] = {2, {0, UINT32_MAX, 32}, false},
    [SK_REG_S32] = {2, {INT32_MIN, INT32_MAX, 32}, false},
    [SK_REG_U64] = {4, {0, INT64_MAX, 64}, false},
    [SK_REG_S64] = {4, {INT64_MIN, INT64_MAX, 64}, false},
    [SK_REG_F32] = {2, {1, 0, 32}, false},
    [SK_REG_F64] = {4, {1, 0, 64}, false},
    [SK_REG_BITS16] = {1, {0, UINT16_MAX, 16}, false},
    [SK_REG_BITS32] = {2, {0, UINT32_MAX, 32}, false},
    [SK_REG_FIELD] = {1, {0, UINT16_MAX, 16}, false},
    [SK_REG_STRING] = {0, {1, 0, 0}, true},
    [SK_REG_HI_LO] = {2, {0, INT64_C(65535) * 10000 + 65535, 32}, false},
    [SK_REG_DAYS2000] = {1, {1, 0, 16}, true},
};
static const struct cfg_raw_range PAYLOAD_RAW = {-(INT64_C(1) << 53), INT64_C(1) << 53, 64};

/* Keys that only one of the two wires knows. */
static const struct {
    const char *key;
    bool modbus;
} ONE_WIRE[] = {{"address", true},   {"function", true}, {"type", true},  {"count", true},     {"order", true},
                {"bit", true},       {"shift", true},    {"width", true}, {"strided", true},   {"scale_from", true},
                {"scale_map", true}, {"topic", false},   {"path", false}, {"time_path", false}};

static enum sk_err wire_keys(struct cfg *c, const struct cfg_at *at, const cJSON *json, bool modbus)
{
    for (size_t i = 0; i < sizeof(ONE_WIRE) / sizeof(ONE_WIRE[0]); i++)
        if (ONE_WIRE[i].modbus != modbus && sk_json_get(json, ONE_WIRE[i].key) != NULL)
            return cfg_fail(c, at, SK_ERR_PARSE, "found key '%s', which %s does not know; remove it", ONE_WIRE[i].key,
                            modbus ? "a Modbus profile" : "an MQTT profile");
    return SK_OK;
}

/* --- which part of the registers --- */
static enum sk_err part_bits(struct cfg *c, const struct cfg_at *at, const struct cfg_profile_point *raw,
                             struct sk_profile_point *to, struct cfg_raw_range *range)
{
    if (raw->shift != CFG_UNSET || raw->width != CFG_UNSET)
        return cfg_fail(c, at, SK_ERR_PARSE, "found shift or width, which only type field uses; remove it");
    if (raw->bit == CFG_UNSET)
        return SK_OK;
    if (raw->bit >= range->bits)
        return cfg_fail(c, CFG_AT(at, "bit"), SK_ERR_RANGE, "found bit %d; expected 0 to %d", (int)raw->bit, range->bits - 1);
    to->shift = (uint8_t)raw->bit;
    to->width = 1;
    *range = (struct cfg_raw_range){0, 1, 1};
    return SK_OK;
}

static enum sk_err part_field(struct cfg *c, const struct cfg_at *at, const struct cfg_profile_point *raw,
                              struct sk_profile_point *to, struct cfg_raw_range *range)
{
    if (raw->shift == CFG_UNSET || raw->width == CFG_UNSET || raw->shift + raw->width > 16)
        return cfg_fail(c, at, SK_ERR_PARSE, "type field needs shift and width, together at most 16; add or correct them");
    to->shift = (uint8_t)raw->shift;
    to->width = (uint8_t)raw->width;
    *range = (struct cfg_raw_range){0, (INT64_C(1) << raw->width) - 1, (int)raw->width};
    return SK_OK;
}

static enum sk_err part_read(struct cfg *c, const struct cfg_at *at, const struct cfg_profile_point *raw,
                             struct sk_profile_point *to, struct cfg_raw_range *range)
{
    if (to->type == SK_REG_BITS16 || to->type == SK_REG_BITS32)
        return part_bits(c, at, raw, to, range);
    if (raw->bit != CFG_UNSET)
        return cfg_fail(c, CFG_AT(at, "bit"), SK_ERR_PARSE,
                        "found bit; expected it only with type bits16 or bits32; change the type");
    if (to->type == SK_REG_FIELD)
        return part_field(c, at, raw, to, range);
    if (raw->shift != CFG_UNSET || raw->width != CFG_UNSET)
        return cfg_fail(c, at, SK_ERR_PARSE, "found shift or width, which only type field uses; remove it");
    return SK_OK;
}

/* --- one point --- */
static enum sk_err registers_read(struct cfg *c, const struct cfg_at *at, const struct cfg_modbus *modbus,
                                  const struct cfg_profile_point *raw, struct sk_profile_point *to, struct cfg_raw_range *range)
{
    const struct type_info *type = &TYPES[raw->type];
    to->type = (uint8_t)raw->type;
    to->count = type->count;
    to->function = (uint8_t)(raw->function != CFG_UNSET ? raw->function : modbus->function);
    to->order = (uint8_t)(raw->order != CFG_UNSET
                              ? raw->order
                              : modbus->word_order * SK_ORDER_WORDS_SWAPPED + modbus->byte_order * SK_ORDER_BYTES_SWAPPED);
    to->strided = raw->strided;
    *range = type->raw;
    if (raw->address == CFG_UNSET)
        return cfg_fail(c, at, SK_ERR_PARSE, "found no key 'address'; expected one; add it");
    if ((to->type == SK_REG_STRING) != (raw->count != CFG_UNSET) && raw->count != type->count)
        return cfg_fail(c, at, SK_ERR_PARSE, "type string needs 'count' in registers, and no other type takes it; %s",
                        to->type == SK_REG_STRING ? "add it" : "remove it");
    if (to->type == SK_REG_STRING)
        to->count = (uint16_t)raw->count;
    if ((to->type == SK_REG_BIT) != (to->function <= 2))
        return cfg_fail(c, at, SK_ERR_PARSE, "type %s with function %u; expected %s; set \"function\" or the type",
                        to->type == SK_REG_BIT ? "bit" : "of registers", to->function,
                        to->type == SK_REG_BIT ? "1 or 2" : "3 or 4");
    enum sk_err err = cfg_wire_address(c, CFG_AT(at, "address"), modbus, raw->address, to->count, &to->address);
    return err == SK_OK ? part_read(c, at, raw, to, range) : err;
}

static enum sk_err scale_read(struct cfg *c, const struct cfg_at *at, const struct cfg_profile_point *raw,
                              struct sk_profile_point *to)
{
    int given = !isnan(raw->scale) + (raw->pow2 != CFG_UNSET) + (raw->pow10 != CFG_UNSET);
    if (given > 1)
        return cfg_fail(c, at, SK_ERR_CONFLICT,
                        "found more than one of scale, pow2 and pow10; expected one; remove the others");
    if (raw->scale == 0.0)
        return cfg_fail(c, CFG_AT(at, "scale"), SK_ERR_RANGE, "found 0; expected a factor other than 0");
    to->scale = !isnan(raw->scale) ? raw->scale : 1;
    if (raw->pow2 != CFG_UNSET)
        to->scale = ldexp(1, -(int)raw->pow2);
    if (raw->pow10 != CFG_UNSET)
        to->scale = 1 / pow(10, (double)raw->pow10);
    to->offset = raw->offset;
    if (to->kind != NULL && to->kind->kind != SK_KIND_NUMBER && (given > 0 || raw->offset != 0))
        return cfg_fail(c, at, SK_ERR_PARSE, "'%s' is no number; expected no scale and no offset; remove them", to->name);
    return SK_OK;
}

static enum sk_err range_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct sk_profile_point *to)
{
    to->range_low = -INFINITY;
    to->range_high = INFINITY;
    if (json == NULL)
        return SK_OK;
    const cJSON *low = cJSON_GetArrayItem(json, 0), *high = cJSON_GetArrayItem(json, 1);
    if (!cJSON_IsArray(json) || cJSON_GetArraySize(json) != 2 || !cJSON_IsNumber(low) || !cJSON_IsNumber(high) ||
        !(low->valuedouble < high->valuedouble))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "[low, high], two numbers, low below high");
    if (to->kind != NULL && to->kind->kind != SK_KIND_NUMBER)
        return cfg_fail(c, at, SK_ERR_PARSE, "'%s' is no number; expected no range; remove it", to->name);
    to->range_low = low->valuedouble;
    to->range_high = high->valuedouble;
    return SK_OK;
}

static enum sk_err name_read(struct cfg *c, const struct cfg_at *at, const struct cfg_profile_point *raw,
                             struct sk_profile_point *to)
{
    bool helper = strncmp(raw->name, "x.", 2) == 0;
    to->name = raw->name;
    to->hidden = raw->hidden;
    if (helper != raw->hidden)
        return cfg_fail(c, CFG_AT(at, "name"), SK_ERR_PARSE,
                        "found '%s' %s hidden; expected names that begin with x. to be hidden, "
                        "and no others; correct one",
                        raw->name, raw->hidden ? "that is" : "that is not");
    to->kind = helper ? NULL : sk_point_kind_find(raw->name);
    if (!helper && to->kind == NULL)
        return cfg_fail(c, CFG_AT(at, "name"), SK_ERR_NOT_FOUND,
                        "found '%s'; expected a name of schemas/vocab/points.def; correct it, or add it there", raw->name);
    return SK_OK;
}

/* A text needs a text on the wire and the other way round; states and flags need integers. */
static enum sk_err type_fits(struct cfg *c, const struct cfg_at *at, const struct sk_profile_point *point,
                             const struct cfg_raw_range *range)
{
    bool text = TYPES[point->type].text, wants_text = point->kind != NULL && point->kind->kind == SK_KIND_TEXT;
    bool worded = point->kind != NULL && (point->kind->kind == SK_KIND_STATE || point->kind->kind == SK_KIND_FLAGS);
    if (text != wants_text)
        return cfg_fail(c, CFG_AT(at, "type"), SK_ERR_PARSE, "'%s' is %s; expected type %s", point->name,
                        wants_text ? "a text" : "no text",
                        wants_text ? "string or days2000" : "other than string and days2000");
    if (worded && range->low > range->high)
        return cfg_fail(c, CFG_AT(at, "type"), SK_ERR_PARSE, "'%s' has words; expected a type of integers, not of floats",
                        point->name);
    return SK_OK;
}

static enum sk_err meaning_read(struct cfg *c, const struct cfg_at *at, const struct cfg_profile_point *raw,
                                const struct cfg_raw_range *range, bool payload, struct sk_profile_point *to)
{
    enum sk_err err = scale_read(c, at, raw, to);
    if (err == SK_OK)
        err = range_read(c, CFG_AT(at, "range"), raw->range, to);
    if (err == SK_OK)
        err = cfg_states_read(c, CFG_AT(at, "states"), raw->states, range, payload, to);
    if (err == SK_OK)
        err = cfg_flags_read(c, CFG_AT(at, "flags"), raw->flags, range, to);
    if (err == SK_OK)
        err = cfg_sentinels_read(c, CFG_AT(at, "sentinels"), raw->sentinels, range, to);
    if (err == SK_OK)
        err = cfg_scale_map_read(c, CFG_AT(at, "scale_map"), raw->scale_map, range, to);
    if (err == SK_OK && raw->limits != NULL && to->hidden)
        err = cfg_fail(c, CFG_AT(at, "limits"), SK_ERR_PARSE, "a hidden point cannot alarm; remove the conditions");
    if (err == SK_OK && !to->hidden)
        err = cfg_limits_read(c, CFG_AT(at, "limits"), raw->limits, to->kind, NULL, 0, &to->limits, &to->limit_count);
    return err;
}

static enum sk_err point_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_modbus *modbus,
                              const struct sk_profile *profile, struct cfg_profile_point *raw, struct sk_profile_point *to)
{
    bool payload = profile->protocol == SK_PROTO_MQTT;
    struct cfg_raw_range range = PAYLOAD_RAW;
    enum sk_err err = cfg_read(c, at, CFG_SECTION_profile_point, json, raw);
    if (err == SK_OK)
        err = wire_keys(c, at, json, !payload);
    if (err == SK_OK)
        err = name_read(c, at, raw, to);
    if (err == SK_OK && payload)
        err = cfg_topic_check(c, CFG_AT(at, "topic"), raw->topic);
    if (err == SK_OK && !payload)
        err = registers_read(c, at, modbus, raw, to, &range);
    if (err == SK_OK && !payload)
        err = type_fits(c, at, to, &range);
    if (err == SK_OK)
        err = meaning_read(c, at, raw, &range, payload, to);
    to->topic = raw->topic;
    to->path = raw->path;
    to->time_path = raw->time_path;
    to->scale_from = -1;
    to->heartbeat = raw->heartbeat;
    to->period_ms = raw->period_ms != CFG_UNSET ? (uint32_t)raw->period_ms : 0;
    to->stale_ms = raw->stale_ms != CFG_UNSET ? (uint32_t)raw->stale_ms : 0;
    return err;
}

/* --- what points say of each other --- */
static enum sk_err scale_from_resolve(struct cfg *c, const struct cfg_at *at, const char *name, size_t self,
                                      const struct sk_profile *profile, struct sk_profile_point *points)
{
    if (name[0] == '\0')
        return SK_OK;
    for (size_t i = 0; i < profile->point_count; i++)
        if (strcmp(points[i].name, name) == 0 && points[i].scale_map_count > 0 && i != self) {
            points[self].scale_from = (int32_t)i;
            return SK_OK;
        }
    return cfg_fail(c, CFG_AT(at, "scale_from"), SK_ERR_NOT_FOUND,
                    "found '%s'; expected another point of this profile that has a scale_map; correct the name", name);
}

/* A value that straddles the edge of an atomic range cannot be read in one request; a forbidden register not at all. */
static enum sk_err ranges_respected(struct cfg *c, const struct cfg_at *at, const struct sk_modbus_profile *modbus,
                                    const struct sk_profile_point *point)
{
    uint32_t from = point->address, to = from + point->count;
    for (size_t i = 0; i < modbus->forbidden_count; i++) {
        const struct sk_register_range *range = &modbus->forbidden[i];
        if (range->function == point->function && from < (uint32_t)range->from + range->count && range->from < to)
            return cfg_fail(c, at, SK_ERR_CONFLICT, "'%s' lies in modbus.forbidden[%zu]; expected it outside; correct one",
                            point->name, i);
    }
    for (size_t i = 0; i < modbus->atomic_count; i++) {
        const struct sk_register_range *range = &modbus->atomic[i];
        uint32_t end = (uint32_t)range->from + range->count;
        if (range->function == point->function && from < end && range->from < to && (from < range->from || to > end))
            return cfg_fail(c, at, SK_ERR_CONFLICT,
                            "'%s' lies half in modbus.atomic[%zu]; expected it inside or outside; correct one", point->name, i);
    }
    if (point->function >= 3 && point->count > modbus->max_registers)
        return cfg_fail(c, at, SK_ERR_RANGE, "'%s' has %u registers; expected at most max_registers, %u; correct one",
                        point->name, point->count, modbus->max_registers);
    return SK_OK;
}

enum sk_err cfg_profile_points(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_modbus *modbus,
                               struct sk_profile *profile)
{
    size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, i = 0;
    struct sk_profile_point *points = cfg_arena_take(c->arena, count, sizeof(*points));
    struct cfg_profile_point *raws = cfg_arena_take(c->scratch, count, sizeof(*raws));
    if (points == NULL || raws == NULL)
        return cfg_nomem(c);
    enum sk_err err = SK_OK;
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++)
        if (!cfg_goes_on(&err, point_read(c, CFG_AT_INDEX(at, i), item, modbus, profile, &raws[i], &points[i])))
            break;
    if (err != SK_OK)
        return err;
    profile->points = points;
    profile->point_count = count;
    err = cfg_twins(c, at, points, count, sizeof(*points));
    for (i = 0; i < count && err == SK_OK && profile->protocol != SK_PROTO_MQTT; i++) {
        err = scale_from_resolve(c, CFG_AT_INDEX(at, i), raws[i].scale_from, i, profile, points);
        if (err == SK_OK)
            err = ranges_respected(c, CFG_AT_INDEX(at, i), &profile->modbus, &points[i]);
    }
    return err;
}
