/* SPDX-License-Identifier: Apache-2.0 */
/* Power: utility -> transfer switch <- generator; behind the switch the essential bus with the UPSs and the cooling.
 *
 * Every figure a planner would choose stands in the enum or the constants below. They describe a small site (80 kW of IT on two
 * UPSs), not any product: transfer after 3 s, cranking 4 s with 5 s of rest and three attempts, 6 s of warm-up, return to the
 * utility after it has been good for 30 s, and a minute of cooling down. */
#include "sim/plant/state.h"

static const double LOST_S = 3.0, RETURN_S = 30.0, MOVING_S = 0.5;
static const double CRANK_S = 4.0, REST_S = 5.0, WARM_S = 6.0, COOL_S = 60.0;
enum { CRANK_ATTEMPTS = 3 };
static const double RATED_RPM = 1500.0, GENERATOR_KW = 250.0;
static const double BURN_IDLE_LPH = 12.0, BURN_LPH_PER_KW = 0.25;
static const double UPS_KWH = 20.0, CHARGE_KW = 8.0, UPS_EFFICIENCY = 0.95;
static const double HVAC_FULL_KW = 25.0, HOUSE_KW = 6.0;

static void init_device(struct plant_device *device)
{
    switch ((int)device->kind) {
    case SK_DEV_UPS:
        device->ups = (struct ups){.charge = 1.0, .capacity_kwh = UPS_KWH, .temperature = 25.0, .input = true, .output = true};
        break;
    case SK_DEV_GENERATOR:
        device->generator = (struct generator){
            .coolant_c = 38.0, .fuel_l = 1710.0, .fuel_capacity_l = 1900.0, .hours = 212.4, .battery_v = 27.2};
        break;
    case SK_DEV_ATS:
        device->ats = (struct ats){.source = 1, .target = 1, .output = true, .good_s = RETURN_S};
        break;
    default:
        break;
    }
}

void sk_plant_power_init(struct sk_plant *plant)
{
    plant->utility = 1.0;
    plant->utility_v = 202.0;
    plant->it_kw = 80.0;
    for (size_t i = 0; i < plant->site->device_count; i++) {
        init_device(&plant->devices[i]);
    }
}

bool sk_plant_generator_runs(const struct generator *generator)
{
    return generator->phase == GEN_RUNNING || generator->phase == GEN_COOLING;
}

static bool any_generator_closed(const struct sk_plant *plant)
{
    for (size_t i = 0; i < plant->site->device_count; i++) {
        const struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_GENERATOR && device->generator.breaker_closed) {
            return true;
        }
    }
    return false;
}

static bool utility_good(const struct sk_plant *plant)
{
    return plant->utility > 0.5 && plant->utility_v > 170.0;
}

bool sk_plant_essential(const struct sk_plant *plant)
{
    bool any = false;
    for (size_t i = 0; i < plant->site->device_count; i++) {
        const struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_ATS) {
            any = true;
            if (device->ats.output) {
                return true;
            }
        }
    }
    return !any && utility_good(plant);
}

double sk_plant_it_kw(const struct sk_plant *plant)
{
    bool any = false;
    for (size_t i = 0; i < plant->site->device_count; i++) {
        const struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_UPS) {
            any = true;
            if (device->ups.output) {
                return plant->it_kw;
            }
        }
    }
    return !any && sk_plant_essential(plant) ? plant->it_kw : 0.0;
}

double sk_plant_total_kw(const struct sk_plant *plant)
{
    double total = 0.0;
    if (!sk_plant_essential(plant)) {
        return total;
    }
    total = HOUSE_KW + (sk_plant_count(plant, SK_DEV_UPS) == 0 ? sk_plant_it_kw(plant) : 0.0);
    for (size_t i = 0; i < plant->site->device_count; i++) {
        const struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_HVAC && device->hvac.running) {
            total += HVAC_FULL_KW * (0.2 + 0.8 * device->hvac.duty);
        } else if (device->kind == SK_DEV_UPS && device->ups.input) {
            total += device->ups.load_kw / UPS_EFFICIENCY + (device->ups.charging ? CHARGE_KW : 0.0);
        }
    }
    return total;
}

static void step_ats(struct sk_plant *plant, struct plant_device *device)
{
    struct ats *ats = &device->ats;
    const bool good = utility_good(plant);
    ats->lost_s = good ? 0.0 : ats->lost_s + QUANTUM_S;
    ats->good_s = good ? ats->good_s + QUANTUM_S : 0.0;
    const bool stuck = device->fault == FAULT_STUCK;
    const bool generator = any_generator_closed(plant);
    int wanted = ats->target;
    if (ats->lost_s >= LOST_S && generator) {
        wanted = 2;
    } else if (good && (ats->good_s >= RETURN_S || !generator)) {
        wanted = 1;
    }
    if (!stuck && wanted != ats->target) {
        ats->target = wanted;
        ats->moving_s = MOVING_S;
        ats->source = 0;
        ats->transfers++;
    }
    if (ats->source == 0) {
        ats->moving_s -= QUANTUM_S;
        ats->source = ats->moving_s <= 0.0 ? ats->target : 0;
    }
    ats->output = (ats->source == 1 && good) || (ats->source == 2 && generator);
}

/* Is a running generator wanted? By a transfer switch that has lost its utility for long enough, or does not yet trust it. */
static bool generator_called(const struct sk_plant *plant)
{
    for (size_t i = 0; i < plant->site->device_count; i++) {
        const struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_ATS && (device->ats.lost_s >= LOST_S || device->ats.target == 2)) {
            return true;
        }
    }
    return sk_plant_count(plant, SK_DEV_ATS) == 0 && !utility_good(plant);
}

static void enter(struct generator *generator, enum gen_phase phase)
{
    generator->phase = phase;
    generator->phase_s = 0.0;
}

static void finish_crank(struct sk_plant *plant, struct plant_device *device)
{
    struct generator *generator = &device->generator;
    const bool unlucky = sk_plant_noise(plant) < -0.96; /* 2 % of cranks do not catch */
    bool fails = unlucky || device->fault == FAULT_NO_START || generator->fuel_l <= 0.0;
    if (generator->fail_cranks > 0) {
        generator->fail_cranks--;
        fails = true;
    }
    if (!fails) {
        enter(generator, GEN_WARMING);
    } else {
        enter(generator, generator->attempts >= CRANK_ATTEMPTS ? GEN_FAILED : GEN_RESTING);
    }
}

static void move_phase(struct sk_plant *plant, struct plant_device *device)
{
    struct generator *generator = &device->generator;
    const bool called = generator->called;
    switch (generator->phase) {
    case GEN_STOPPED:
        if (called) {
            generator->attempts = 1;
            enter(generator, GEN_CRANKING);
        }
        break;
    case GEN_CRANKING:
        if (generator->phase_s >= CRANK_S) {
            finish_crank(plant, device);
        }
        break;
    case GEN_RESTING:
        if (generator->phase_s >= REST_S) {
            generator->attempts++;
            enter(generator, GEN_CRANKING);
        }
        break;
    case GEN_WARMING:
        if (generator->phase_s >= WARM_S) {
            enter(generator, GEN_RUNNING);
        }
        break;
    case GEN_RUNNING:
        if (!called) {
            enter(generator, GEN_COOLING);
        }
        break;
    case GEN_COOLING:
        if (called) {
            enter(generator, GEN_RUNNING);
        } else if (generator->phase_s >= COOL_S) {
            enter(generator, GEN_STOPPED);
        }
        break;
    case GEN_FAILED: /* stays so until somebody repairs it */
        break;
    }
}

static bool turns(const struct generator *generator)
{
    return generator->phase == GEN_WARMING || sk_plant_generator_runs(generator);
}

static void step_generator(struct sk_plant *plant, struct plant_device *device)
{
    struct generator *generator = &device->generator;
    generator->called = generator_called(plant);
    generator->phase_s += QUANTUM_S;
    move_phase(plant, device);
    if (turns(generator) && (generator->fuel_l <= 0.0 || device->fault == FAULT_TRIP)) {
        enter(generator, GEN_FAILED);
    }
    generator->breaker_closed = generator->phase == GEN_RUNNING && device->fault != FAULT_BREAKER;
    const double wanted_rpm = turns(generator) ? RATED_RPM : generator->phase == GEN_CRANKING ? 180.0 : 0.0;
    generator->speed_rpm += (wanted_rpm - generator->speed_rpm) * fmin(1.0, QUANTUM_S / 0.8);
    generator->load_kw = generator->breaker_closed && !utility_good(plant) ? fmin(sk_plant_total_kw(plant), GENERATOR_KW) : 0.0;
    generator->coolant_c += ((turns(generator) ? 84.0 : 38.0) - generator->coolant_c) * QUANTUM_S / 180.0;
    generator->battery_v = generator->phase == GEN_CRANKING ? 21.5 : turns(generator) ? 28.1 : 27.2;
    if (turns(generator)) {
        const double litres = (BURN_IDLE_LPH + BURN_LPH_PER_KW * generator->load_kw) * QUANTUM_S / 3600.0;
        generator->fuel_l = fmax(0.0, generator->fuel_l - litres);
        generator->hours += QUANTUM_S / 3600.0;
    }
}

double sk_plant_ups_runtime_s(const struct ups *ups)
{
    return ups->load_kw < 0.1 ? 36000.0 : ups->charge * ups->capacity_kwh / ups->load_kw * 3600.0;
}

static void step_ups(const struct sk_plant *plant, struct plant_device *device, double share_kw)
{
    struct ups *ups = &device->ups;
    ups->capacity_kwh = device->fault == FAULT_BATTERY ? UPS_KWH * 0.05 : UPS_KWH;
    ups->input = sk_plant_essential(plant);
    const bool off = device->fault == FAULT_OFF;
    ups->on_battery = !off && !ups->input && ups->charge > 0.0;
    ups->output = !off && (ups->input || ups->on_battery);
    ups->load_kw = ups->output ? share_kw : 0.0;
    if (device->fault == FAULT_OVERLOAD) {
        ups->load_kw *= device->amount / 100.0;
    }
    ups->charging = !off && ups->input && ups->charge < 1.0;
    double kwh = 0.0;
    if (ups->on_battery) {
        kwh = -ups->load_kw / UPS_EFFICIENCY * QUANTUM_S / 3600.0;
    } else if (ups->charging) {
        kwh = CHARGE_KW * QUANTUM_S / 3600.0;
    }
    ups->charge = fmin(1.0, fmax(0.0, ups->charge + kwh / ups->capacity_kwh));
    const double warm = 25.0 + (ups->on_battery ? 12.0 : ups->charging ? 5.0 : 0.0);
    ups->temperature += (warm - ups->temperature) * QUANTUM_S / 600.0;
}

static void step_upses(struct sk_plant *plant)
{
    size_t live = 0;
    for (size_t i = 0; i < plant->site->device_count; i++) {
        live += plant->devices[i].kind == SK_DEV_UPS && plant->devices[i].ups.output ? 1 : 0;
    }
    const double share_kw = plant->it_kw / (double)(live > 0 ? live : 1);
    for (size_t i = 0; i < plant->site->device_count; i++) {
        if (plant->devices[i].kind == SK_DEV_UPS) {
            step_ups(plant, &plant->devices[i], share_kw);
        }
    }
}

void sk_plant_power_step(struct sk_plant *plant)
{
    for (size_t i = 0; i < plant->site->device_count; i++) {
        if (plant->devices[i].kind == SK_DEV_GENERATOR) {
            step_generator(plant, &plant->devices[i]);
        }
    }
    for (size_t i = 0; i < plant->site->device_count; i++) {
        if (plant->devices[i].kind == SK_DEV_ATS) {
            step_ats(plant, &plant->devices[i]);
        }
    }
    step_upses(plant);
    plant->energy_kwh += sk_plant_total_kw(plant) * QUANTUM_S / 3600.0;
}
