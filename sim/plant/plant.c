/* SPDX-License-Identifier: Apache-2.0 */
/* Creation, time and chance. Each quantum runs the rooms in one fixed order: power first, because the others live on it. */
#include "schemas/base/mem.h"
#include "sim/plant/state.h"

static uint64_t mix(uint64_t value)
{
    /* splitmix64's finaliser (Steele, Lea, Flood 2014) */
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static double to_signed_unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-52 - 1.0;
}

double sk_plant_noise(struct sk_plant *plant)
{
    plant->random += UINT64_C(0x9E3779B97F4A7C15);
    return to_signed_unit(mix(plant->random));
}

double sk_plant_wobble(const struct sk_plant *plant, const struct plant_device *device, unsigned salt)
{
    const double t = (double)plant->time_ms / 1000.0;
    const double phase = (device != NULL ? device->jitter * 40.0 : 0.0) + (double)salt;
    return 0.6 * sin(t / 37.0 + phase) + 0.4 * sin(t / 5.3 + 2.0 * phase);
}

size_t sk_plant_count(const struct sk_plant *plant, enum sk_device_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < plant->site->device_count; i++) {
        count += plant->devices[i].kind == kind ? 1 : 0;
    }
    return count;
}

static enum sk_err reserve(struct sk_plant *plant)
{
    const struct sk_site *site = plant->site;
    plant->devices = sk_calloc(site->device_count + 1, sizeof *plant->devices);
    plant->points = sk_calloc(site->point_count + 1, sizeof *plant->points);
    plant->doors = sk_calloc(site->door_count + 1, sizeof *plant->doors);
    plant->occupancy = sk_calloc(site->zone_count + 1, sizeof *plant->occupancy);
    const bool all = plant->devices != NULL && plant->points != NULL && plant->doors != NULL && plant->occupancy != NULL;
    return all ? SK_OK : SK_ERR_NOMEM;
}

static void name_devices(struct sk_plant *plant)
{
    for (size_t i = 0; i < plant->site->device_count; i++) {
        const struct sk_device *site = &plant->site->devices[i];
        plant->devices[i].site = site;
        plant->devices[i].kind = site->profile != NULL ? site->profile->kind : SK_DEV_MONITOR;
        plant->devices[i].room = ROOM_NONE;
        plant->devices[i].jitter = sk_plant_noise(plant);
    }
}

enum sk_err sk_plant_create(const struct sk_plant_config *config, struct sk_plant **ret_plant)
{
    struct sk_plant *plant = sk_calloc(1, sizeof *plant);
    if (plant == NULL) {
        return SK_ERR_NOMEM;
    }
    plant->site = config->site;
    plant->random = mix(config->seed + 1);
    plant->epoch = config->epoch;
    if (reserve(plant) != SK_OK) {
        sk_plant_free(plant);
        return SK_ERR_NOMEM;
    }
    name_devices(plant);
    sk_plant_power_init(plant);
    sk_plant_climate_init(plant);
    sk_plant_safety_init(plant);
    sk_plant_doors_init(plant);
    sk_plant_observe_init(plant);
    *ret_plant = plant;
    return SK_OK;
}

void sk_plant_free(struct sk_plant *plant)
{
    if (plant == NULL) {
        return;
    }
    sk_free(plant->devices);
    sk_free(plant->points);
    sk_free(plant->doors);
    sk_free(plant->occupancy);
    sk_free(plant->events);
    sk_free(plant);
}

static void step_quantum(struct sk_plant *plant)
{
    plant->time_ms += SK_PLANT_QUANTUM_MS;
    sk_plant_power_step(plant);
    sk_plant_climate_step(plant);
    sk_plant_safety_step(plant);
    sk_plant_doors_step(plant);
}

void sk_plant_step(struct sk_plant *plant, uint32_t dt_ms)
{
    uint64_t due = (uint64_t)plant->left_ms + dt_ms;
    for (; due >= SK_PLANT_QUANTUM_MS; due -= SK_PLANT_QUANTUM_MS) {
        step_quantum(plant);
    }
    plant->left_ms = (uint32_t)due;
}

int64_t sk_plant_time_ms(const struct sk_plant *plant)
{
    return plant->time_ms;
}
