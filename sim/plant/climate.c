/* SPDX-License-Identifier: Apache-2.0 */
/* Air: a room is one lump of thermal mass, heated by its IT load and by the weather through the walls, cooled by its air
 * conditioners as far as the essential bus carries them. Moisture is kept as g of water per kg of air, so that warming a room
 * lowers its relative humidity and leaves its dew point, as it is in reality. Magnus formula with the WMO's coefficients. */
#include <string.h>

#include "sim/plant/state.h"

static const double MASS_KJ_PER_K = 600.0, WALL_KW_PER_K = 0.3, COOLER_KW = 70.0, BAND_K = 4.0, SETPOINT_C = 24.0;
static const double MOISTURE_SET = 8.6, RESTART_S = 20.0;
static const double MAGNUS_A = 17.62, MAGNUS_B = 243.12, PRESSURE_HPA = 1013.25;

static double vapour_hpa(double temperature_c)
{
    return 6.112 * exp(MAGNUS_A * temperature_c / (MAGNUS_B + temperature_c));
}

double sk_plant_humidity(const struct room *room)
{
    const double ratio = room->moisture_g_kg / 1000.0;
    const double pressure = ratio * PRESSURE_HPA / (0.62198 + ratio);
    return fmin(100.0, 100.0 * pressure / vapour_hpa(room->temperature_c));
}

double sk_plant_dew_point(double temperature_c, double humidity)
{
    const double gamma = log(fmax(humidity, 0.1) / 100.0) + MAGNUS_A * temperature_c / (MAGNUS_B + temperature_c);
    return MAGNUS_B * gamma / (MAGNUS_A - gamma);
}

static int find_room(struct sk_plant *plant, const char *name)
{
    for (int i = 0; i < plant->room_count; i++) {
        if (strcmp(plant->rooms[i].name, name) == 0) {
            return i;
        }
    }
    if (plant->room_count == ROOM_MAX) {
        return ROOM_NONE;
    }
    plant->rooms[plant->room_count] =
        (struct room){.name = name, .temperature_c = SETPOINT_C + 0.5, .moisture_g_kg = MOISTURE_SET};
    return plant->room_count++;
}

void sk_plant_climate_init(struct sk_plant *plant)
{
    plant->outside_c = 28.0;
    plant->outside_rh = 60.0;
    for (size_t i = 0; i < plant->site->device_count; i++) {
        struct plant_device *device = &plant->devices[i];
        if (device->kind != SK_DEV_HVAC && device->kind != SK_DEV_ENVIRONMENT) {
            continue;
        }
        const char *name = device->site->place.room;
        device->room = find_room(plant, name != NULL ? name : "");
        if (device->kind == SK_DEV_HVAC) {
            device->hvac = (struct hvac){.setpoint_c = SETPOINT_C,
                                         .duty = 0.6,
                                         .fan = 0.8,
                                         .running = true,
                                         .powered = true,
                                         .supply_c = 16.0,
                                         .hours = 10412.0};
            if (device->room != ROOM_NONE) {
                plant->rooms[device->room].coolers++;
            }
        }
    }
}

/* The restart after a power cut takes a while: that is why rooms warm even when the generator comes at once. */
static bool cooler_powered(const struct sk_plant *plant, struct hvac *hvac)
{
    const bool live = sk_plant_essential(plant);
    hvac->fan = live ? fmin(0.8, hvac->fan + 0.8 * QUANTUM_S / RESTART_S) : 0.0;
    return live && hvac->fan >= 0.8 - 1e-9;
}

/* Returns the heat it takes away, kW. */
static double step_cooler(const struct sk_plant *plant, struct plant_device *device, double room_c)
{
    struct hvac *hvac = &device->hvac;
    hvac->powered = cooler_powered(plant, hvac);
    hvac->running = hvac->powered && device->fault != FAULT_STOP;
    const double wanted = (room_c - (hvac->setpoint_c - BAND_K / 2)) / BAND_K;
    const double duty = hvac->running ? fmin(1.0, fmax(0.0, wanted)) : 0.0;
    hvac->duty += (duty - hvac->duty) * fmin(1.0, QUANTUM_S / 5.0);
    const double heat_kw = hvac->duty * COOLER_KW * (device->fault == FAULT_COOLING ? 0.0 : 1.0);
    const double supply = hvac->running ? room_c - 13.0 * heat_kw / COOLER_KW : room_c;
    hvac->supply_c += (supply - hvac->supply_c) * QUANTUM_S / 30.0;
    hvac->hours += hvac->running ? QUANTUM_S / 3600.0 : 0.0;
    return heat_kw;
}

static double cool_room(struct sk_plant *plant, int index)
{
    double heat_kw = 0.0;
    for (size_t i = 0; i < plant->site->device_count; i++) {
        struct plant_device *device = &plant->devices[i];
        if (device->kind == SK_DEV_HVAC && device->room == index) {
            heat_kw += step_cooler(plant, device, plant->rooms[index].temperature_c);
        }
    }
    return heat_kw;
}

void sk_plant_climate_step(struct sk_plant *plant)
{
    int cooled = 0;
    for (int i = 0; i < plant->room_count; i++) {
        cooled += plant->rooms[i].coolers > 0 ? 1 : 0;
    }
    const double it_kw = sk_plant_it_kw(plant) / (cooled > 0 ? cooled : 1);
    for (int i = 0; i < plant->room_count; i++) {
        struct room *room = &plant->rooms[i];
        if (room->coolers == 0) { /* nobody heats or cools it: it follows the weather, far away */
            room->temperature_c += (fmin(plant->outside_c, 26.0) - room->temperature_c) * QUANTUM_S / 7200.0;
            continue;
        }
        room->it_kw = it_kw * 0.5 * room->coolers; /* half of the load per cooler: N+1 fails gently, not at once */
        room->it_kw = fmin(room->it_kw, it_kw);
        const double wall_kw = WALL_KW_PER_K * (plant->outside_c - room->temperature_c);
        const double heat_kw = room->it_kw + wall_kw - cool_room(plant, i);
        room->temperature_c += heat_kw * QUANTUM_S / MASS_KJ_PER_K;
        room->moisture_g_kg += (MOISTURE_SET - room->moisture_g_kg) * QUANTUM_S / 3600.0;
    }
}
