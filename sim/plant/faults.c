/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of the things themselves, one row each: which kind of device, its name on the control interface, what `amount` means
 * and its default. Faults of the wire (silence, late replies, bad checksums) are the simulator's, not the plant's. */
#include <string.h>

#include "sim/plant/state.h"

static const struct fault_row {
    enum sk_device_kind kind;
    const char *name;
    enum plant_fault fault;
    double amount, low, high;
} ROWS[] = {
    {SK_DEV_UPS, "off", FAULT_OFF, 0, 0, 0},
    {SK_DEV_UPS, "battery", FAULT_BATTERY, 0, 0, 0},        /* a twentieth of its capacity is left */
    {SK_DEV_UPS, "overload", FAULT_OVERLOAD, 300, 1, 1000}, /* % of its share */
    {SK_DEV_GENERATOR, "no_start", FAULT_NO_START, 0, 0, 0},
    {SK_DEV_GENERATOR, "fail_crank", FAULT_FAIL_CRANK, 1, 1, 9}, /* so many cranks fail, then it starts */
    {SK_DEV_GENERATOR, "trip", FAULT_TRIP, 0, 0, 0},
    {SK_DEV_GENERATOR, "breaker", FAULT_BREAKER, 0, 0, 0}, /* runs, but its breaker stays open */
    {SK_DEV_ATS, "stuck", FAULT_STUCK, 0, 0, 0},
    {SK_DEV_HVAC, "stop", FAULT_STOP, 0, 0, 0},
    {SK_DEV_HVAC, "cooling", FAULT_COOLING, 0, 0, 0}, /* blows, but does not cool */
    {SK_DEV_LEAK, "leak", FAULT_LEAK, 8.5, 0, 10000}, /* metre along the cable */
    {SK_DEV_LEAK, "break", FAULT_BREAK, 0, 0, 0},
    {SK_DEV_SMOKE, "smoke", FAULT_SMOKE, 2.5, 0, 30}, /* %/m at the source */
    {SK_DEV_SMOKE, "airflow", FAULT_AIRFLOW, 0, 0, 0},
    {SK_DEV_FIRE_PANEL, "fire", FAULT_FIRE, 0, 0, 0},
    {SK_DEV_FIRE_PANEL, "trouble", FAULT_TROUBLE, 0, 0, 0},
    {SK_DEV_GAS_PANEL, "countdown", FAULT_COUNTDOWN, 0, 0, 0},
    {SK_DEV_GAS_PANEL, "discharge", FAULT_DISCHARGE, 0, 0, 0},
    {SK_DEV_GAS_PANEL, "trouble", FAULT_TROUBLE, 0, 0, 0},
    {SK_DEV_DOOR, "tamper", FAULT_TAMPER, 0, 0, 0},
    {SK_DEV_BIOMETRIC, "degraded", FAULT_DEGRADED, 0, 0, 0}, /* its doors let in by card alone */
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

static const struct fault_row *find(enum sk_device_kind kind, const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (ROWS[i].kind == kind && strcmp(ROWS[i].name, name) == 0) {
            return &ROWS[i];
        }
    }
    return NULL;
}

bool sk_plant_fault_is_known(enum sk_device_kind kind, const char *name)
{
    return strcmp(name, "none") == 0 || find(kind, name) != NULL;
}

const char *sk_plant_fault(const struct sk_plant *plant, uint32_t index)
{
    const struct plant_device *device = &plant->devices[index];
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (ROWS[i].kind == device->kind && ROWS[i].fault == device->fault) {
            return ROWS[i].name;
        }
    }
    return "none";
}

static void repair(struct plant_device *device)
{
    device->fault = FAULT_NONE;
    if (device->kind == SK_DEV_GENERATOR) {
        device->generator.fail_cranks = 0;
        if (device->generator.phase == GEN_FAILED) {
            device->generator.phase = GEN_STOPPED;
        }
    } else if (device->kind == SK_DEV_FIRE_PANEL) {
        device->fire.fire = false;
        device->fire.seen_s = 0.0;
    } else if (device->kind == SK_DEV_GAS_PANEL) {
        device->gas.released = false;
    }
}

enum sk_err sk_plant_fail(struct sk_plant *plant, uint32_t index, const char *name, double amount, struct sk_fault *fault)
{
    if (index >= plant->site->device_count) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no such device in the plant");
    }
    struct plant_device *device = &plant->devices[index];
    if (strcmp(name, "none") == 0) {
        repair(device);
        return SK_OK;
    }
    const struct fault_row *row = find(device->kind, name);
    if (row == NULL) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "a device of kind %s has no fault '%s'",
                            sk_device_kind_name((int)device->kind), name);
    }
    const double chosen = isnan(amount) ? row->amount : amount;
    if (!(chosen >= row->low && chosen <= row->high)) {
        return sk_fault_set(fault, SK_ERR_RANGE, "amount of '%s' must lie within %g and %g", name, row->low, row->high);
    }
    device->fault = row->fault;
    device->amount = chosen;
    if (row->fault == FAULT_FAIL_CRANK) {
        device->generator.fail_cranks = (unsigned)chosen;
    }
    return SK_OK;
}
