/* SPDX-License-Identifier: Apache-2.0 */
/* Water, smoke, fire and gas. A leak wets the cable at one metre; smoke rises towards its source's density in some ten seconds;
 * the fire panel believes smoke only after a while above the fire level; gas counts down before it is released. */
#include "sim/plant/state.h"

static const double SMOKE_RISE_S = 10.0, CLEAR_AIR = 0.01, FIRE_LEVEL = 1.0, FIRE_AFTER_S = 10.0, COUNTDOWN_S = 30.0;

void sk_plant_safety_init(struct sk_plant *plant)
{
    for (size_t i = 0; i < plant->site->device_count; i++) {
        struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_LEAK) {
            device->leak.metre = NAN;
        } else if (device->kind == SK_DEV_SMOKE) {
            device->smoke = (struct smoke){.obscuration = CLEAR_AIR, .target = CLEAR_AIR};
        } else if (device->kind == SK_DEV_GAS_PANEL) {
            device->gas.countdown_s = -1.0;
        }
    }
}

static bool thick_smoke(const struct sk_plant *plant)
{
    for (size_t i = 0; i < plant->site->device_count; i++) {
        const struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_SMOKE && device->smoke.obscuration >= FIRE_LEVEL) {
            return true;
        }
    }
    return false;
}

static void step_gas(struct plant_device *device)
{
    struct gas *gas = &device->gas;
    gas->trouble = device->fault == FAULT_TROUBLE;
    if (device->fault == FAULT_DISCHARGE) {
        gas->released = true;
    } else if (device->fault != FAULT_COUNTDOWN) {
        gas->countdown_s = -1.0;
    } else if (!gas->released) {
        gas->countdown_s = gas->countdown_s < 0.0 ? COUNTDOWN_S : fmax(0.0, gas->countdown_s - QUANTUM_S);
        gas->released = gas->countdown_s <= 0.0;
    }
}

static void step_one(struct plant_device *device, bool smoke)
{
    switch ((int)device->kind) {
    case SK_DEV_LEAK:
        device->leak.metre = device->fault == FAULT_LEAK ? device->amount : NAN;
        device->leak.broken = device->fault == FAULT_BREAK;
        break;
    case SK_DEV_SMOKE:
        device->smoke.target = device->fault == FAULT_SMOKE ? device->amount : CLEAR_AIR;
        device->smoke.airflow_fault = device->fault == FAULT_AIRFLOW;
        device->smoke.obscuration += (device->smoke.target - device->smoke.obscuration) * QUANTUM_S / SMOKE_RISE_S;
        break;
    case SK_DEV_FIRE_PANEL:
        device->fire.seen_s = smoke ? device->fire.seen_s + QUANTUM_S : 0.0;
        /* a panel keeps its alarm until somebody resets it: the fault "none" does */
        device->fire.fire = device->fire.fire || device->fault == FAULT_FIRE || device->fire.seen_s >= FIRE_AFTER_S;
        device->fire.trouble = device->fault == FAULT_TROUBLE;
        break;
    case SK_DEV_GAS_PANEL:
        step_gas(device);
        break;
    default:
        break;
    }
}

void sk_plant_safety_step(struct sk_plant *plant)
{
    const bool smoke = thick_smoke(plant);
    for (size_t i = 0; i < plant->site->device_count; i++) {
        step_one(&plant->devices[i], smoke);
    }
}
