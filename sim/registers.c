/* SPDX-License-Identifier: Apache-2.0 */
/* Value -> raw -> words, by the profile point's type; then the window of one request over all points of the unit.
 * Points may share a register (single bits, packed fields): what each says is laid over the other with OR. */
#include "sim/registers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static unsigned bits_of(const struct sk_profile_point *point)
{
    switch (point->type) {
    case SK_REG_BIT:
        return 1;
    case SK_REG_U32:
    case SK_REG_S32:
    case SK_REG_F32:
    case SK_REG_BITS32:
    case SK_REG_HI_LO:
        return 32;
    case SK_REG_U64:
    case SK_REG_S64:
    case SK_REG_F64:
        return 64;
    case SK_REG_DAYS2000:
        return point->count >= 2 ? 32 : 16;
    default:
        return point->count >= 2 && point->type == SK_REG_FIELD ? 32 : 16;
    }
}

/* What a register says of a scaled value, with the map of the helper register applied the other way round. */
static double unscale(const struct sk_profile *profile, const struct sk_profile_point *point, double value)
{
    if (point->scale_from >= 0 && (size_t)point->scale_from < profile->point_count) {
        const struct sk_profile_point *helper = &profile->points[point->scale_from];
        if (helper->scale_map_count > 0 && helper->scale_map[0].scale != 0.0) {
            value = (value - helper->scale_map[0].offset) / helper->scale_map[0].scale;
        }
    }
    return point->scale != 0.0 ? (value - point->offset) / point->scale : value;
}

static uint64_t whole(double raw, double low, double high)
{
    const double bounded = isnan(raw) ? 0.0 : fmin(fmax(round(raw), low), high);
    return bounded < 0.0 ? (uint64_t)(int64_t)bounded : bounded >= 0x1p63 ? UINT64_MAX : (uint64_t)bounded;
}

static uint64_t raw_number(const struct sk_profile_point *point, double raw)
{
    const double bits = (double)bits_of(point);
    float single = (float)raw;
    uint32_t single_bits = 0;
    uint64_t double_bits = 0;
    switch (point->type) {
    case SK_REG_S16:
    case SK_REG_S32:
    case SK_REG_S64:
        return whole(raw, -ldexp(1.0, (int)bits - 1), ldexp(1.0, (int)bits - 1) - (bits < 64 ? 1.0 : 1024.0));
    case SK_REG_F32:
        memcpy(&single_bits, &single, sizeof single_bits);
        return single_bits;
    case SK_REG_F64:
        memcpy(&double_bits, &raw, sizeof double_bits);
        return double_bits;
    case SK_REG_HI_LO: {
        const uint64_t number = whole(raw, 0.0, 655359999.0);
        return (number / 10000) << 16 | number % 10000;
    }
    case SK_REG_FIELD:
        return whole(raw, 0.0, ldexp(1.0, point->width) - 1.0) << point->shift;
    default:
        return whole(raw, 0.0, ldexp(1.0, (int)bits) - 1.0);
    }
}

static uint64_t raw_state(const struct sk_profile_point *point, double index)
{
    uint64_t code = (uint64_t)index;
    for (size_t i = 0; i < point->state_count; i++) {
        if ((double)point->states[i].state == index) {
            code = (uint64_t)point->states[i].raw;
            break;
        }
    }
    if (point->type == SK_REG_FIELD) {
        return code << point->shift;
    }
    if ((point->type == SK_REG_BITS16 || point->type == SK_REG_BITS32) && point->width == 1) {
        return (code & 1) << point->shift;
    }
    return code;
}

static uint64_t raw_flags(const struct sk_profile_point *point, double mask)
{
    uint64_t raw = 0;
    for (size_t i = 0; i < point->flag_count; i++) {
        const bool on = (((uint64_t)mask >> point->flags[i].flag) & 1) != 0;
        raw |= on != point->flags[i].inverted ? UINT64_C(1) << point->flags[i].bit : 0;
    }
    return raw;
}

/* Days since 2000-01-01 of "YYYY-MM-DD"; civil-day arithmetic with March as the first month. */
static uint64_t raw_days(const char *text)
{
    int year = 2000, month = 1, day = 1;
    /* NOLINTNEXTLINE(cert-err34-c): four digits overflow nothing */
    if (sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3 || year < 2000) {
        return 0;
    }
    const int shifted = month <= 2 ? year - 1 : year;
    const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year;
    return (uint64_t)(days - 730425); /* 2000-01-01 on this scale */
}

static unsigned put_text(const struct sk_profile_point *point, const char *text, uint16_t words[32])
{
    const unsigned count = point->count < 32 ? point->count : 32;
    const size_t length = strlen(text);
    for (size_t i = 0; i < count; i++) {
        const uint8_t high = 2 * i < length ? (uint8_t)text[2 * i] : 0;
        const uint8_t low = 2 * i + 1 < length ? (uint8_t)text[2 * i + 1] : 0;
        words[i] = (uint16_t)(high << 8 | low);
    }
    return count;
}

static uint64_t raw_of(const struct sk_profile *profile, const struct sk_profile_point *point,
                       const struct sk_plant_value *value)
{
    if (value->missing) {
        return point->sentinel_count > 0 ? point->sentinels[0].raw : 0;
    }
    if (point->hidden) {
        return point->scale_map_count > 0 ? (uint64_t)point->scale_map[0].raw : 0;
    }
    if (point->type == SK_REG_DAYS2000) {
        return raw_days(value->text);
    }
    if (point->kind != NULL && point->kind->kind == SK_KIND_STATE) {
        return raw_state(point, value->number);
    }
    if (point->flag_count > 0) {
        return raw_flags(point, value->number);
    }
    return raw_number(point, unscale(profile, point, value->number));
}

static void apply_order(uint8_t order, uint16_t *words, unsigned count)
{
    for (unsigned i = 0; (order & SK_ORDER_WORDS_SWAPPED) != 0 && i < count / 2; i++) {
        const uint16_t other = words[count - 1 - i];
        words[count - 1 - i] = words[i];
        words[i] = other;
    }
    for (unsigned i = 0; (order & SK_ORDER_BYTES_SWAPPED) != 0 && i < count; i++) {
        words[i] = (uint16_t)(words[i] << 8 | words[i] >> 8);
    }
}

unsigned sim_register_encode(const struct sk_profile *profile, const struct sk_profile_point *point,
                             const struct sk_plant_value *value, uint16_t words[32])
{
    unsigned count = 0;
    if (point->type == SK_REG_STRING) {
        count = put_text(point, value->missing ? "" : value->text, words);
    } else {
        const uint64_t raw = raw_of(profile, point, value);
        if (point->type == SK_REG_BIT) {
            words[0] = (uint16_t)(raw & 1);
            return 1;
        }
        count = bits_of(point) / 16;
        for (unsigned i = 0; i < count; i++) {
            words[i] = (uint16_t)(raw >> (16 * (count - 1 - i)));
        }
    }
    apply_order(point->order, words, count);
    return count;
}

static uint32_t wire_address(const struct sk_device *device, const struct sk_profile_point *point)
{
    return point->address + (point->strided ? device->profile->modbus.unit_stride * device->unit_index : 0);
}

struct window {
    uint8_t function;
    uint32_t from, count;
    uint16_t *out;
    uint32_t low, high; /* what the unit has of this function */
};

static void lay(struct window *window, uint32_t address, const uint16_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const uint32_t at = address + i;
        if (at >= window->from && at < window->from + window->count) {
            window->out[at - window->from] |= words[i];
        }
    }
}

static void lay_point(struct window *window, const struct sk_device *device, const struct sk_profile_point *point,
                      const struct sk_plant_value *value)
{
    uint16_t words[32] = {0};
    if (point->function != window->function) {
        return;
    }
    const uint32_t address = wire_address(device, point);
    const unsigned count = sim_register_encode(device->profile, point, value, words);
    window->low = address < window->low ? address : window->low;
    window->high = address + count > window->high ? address + count : window->high;
    lay(window, address, words, count);
}

static void lay_device(const struct sim *sim, uint32_t index, struct window *window)
{
    const struct sk_device *device = &sim->site->devices[index];
    struct sk_plant_value value = {0};
    for (uint32_t i = 0; i < device->point_count; i++) {
        const struct sk_point *point = &sim->site->points[device->first_point + i];
        if (point->profile != NULL) {
            sk_plant_value(sim->plant, device->first_point + i, &value);
            lay_point(window, device, point->profile, &value);
        }
    }
    value = (struct sk_plant_value){0};
    for (size_t i = 0; i < device->profile->point_count; i++) {
        if (device->profile->points[i].hidden) {
            lay_point(window, device, &device->profile->points[i], &value);
        }
    }
    for (uint32_t i = 0; sim->rings[index] != NULL && i < window->count; i++) {
        const uint32_t at = window->from + i;
        if (at <= UINT16_MAX && sim_ring_owns(sim->rings[index], window->function, (uint16_t)at)) {
            window->out[i] = sim_ring_word(sim->rings[index], (uint16_t)at);
            window->low = at < window->low ? at : window->low;
            window->high = at + 1 > window->high ? at + 1 : window->high;
        }
    }
}

static bool forbidden(const struct sk_device *device, const struct window *window)
{
    for (size_t i = 0; i < device->profile->modbus.forbidden_count; i++) {
        const struct sk_register_range *range = &device->profile->modbus.forbidden[i];
        if (range->function == window->function && window->from < (uint32_t)range->from + range->count &&
            range->from < window->from + window->count) {
            return true;
        }
    }
    return false;
}

static bool is_here(const struct sk_device *device, uint32_t link, uint8_t unit)
{
    return device->link == (int32_t)link && device->unit == unit && device->profile != NULL;
}

bool sim_unit_exists(const struct sim *sim, uint32_t link, uint8_t unit)
{
    for (size_t i = 0; i < sim->site->device_count; i++) {
        if (is_here(&sim->site->devices[i], link, unit)) {
            return true;
        }
    }
    return false;
}

uint8_t sim_registers_read(const struct sim *sim, uint32_t link, uint8_t unit, uint8_t function, uint16_t address,
                           uint16_t count, uint16_t *out)
{
    struct window window = {.function = function, .from = address, .count = count, .out = out, .low = UINT32_MAX};
    memset(out, 0, (size_t)count * sizeof *out);
    for (uint32_t i = 0; i < sim->site->device_count; i++) {
        const struct sk_device *device = &sim->site->devices[i];
        if (!is_here(device, link, unit)) {
            continue;
        }
        if (forbidden(device, &window)) {
            return 2;
        }
        lay_device(sim, i, &window);
    }
    if (window.high == 0) {
        return 1; /* nothing of this kind in the unit */
    }
    return window.from < window.low || window.from + window.count > window.high ? 2 : 0;
}
