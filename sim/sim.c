/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's middle: plant time, events to the controller's own kind of wire, faults by name. */
#include "sim/sim.h"

#include <math.h>
#include <string.h>

#include "schemas/base/clock.h"
#include "schemas/base/mem.h"
#include "sim/mqtt_face.h"
#include "sim/play.h"

static enum sk_err make_rings(struct sim *sim)
{
    for (size_t i = 0; i < sim->site->device_count; i++) {
        const struct sk_profile *profile = sim->site->devices[i].profile;
        if (profile != NULL && profile->ring.present && profile->protocol != SK_PROTO_MQTT) {
            const enum sk_err err = sim_ring_create(&profile->ring, sim->epoch, &sim->rings[i]);
            if (err != SK_OK) {
                return err;
            }
        }
    }
    return SK_OK;
}

enum sk_err sim_create(const struct sk_site *site, uint64_t seed, uint32_t epoch, struct sim *ret_sim)
{
    const struct sk_plant_config config = {.site = site, .seed = seed, .epoch = epoch};
    *ret_sim = (struct sim){.site = site, .speed = 1.0, .epoch = epoch, .epoll = -1};
    ret_sim->device_faults = sk_calloc(site->device_count + 1, sizeof *ret_sim->device_faults);
    ret_sim->link_faults = sk_calloc(site->link_count + 1, sizeof *ret_sim->link_faults);
    ret_sim->rings = sk_calloc(site->device_count + 1, sizeof *ret_sim->rings);
    enum sk_err err = SK_ERR_NOMEM;
    if (ret_sim->device_faults != NULL && ret_sim->link_faults != NULL && ret_sim->rings != NULL) {
        err = sk_plant_create(&config, &ret_sim->plant);
    }
    if (err == SK_OK) {
        err = make_rings(ret_sim);
    }
    if (err != SK_OK) {
        sim_free(ret_sim);
    }
    return err;
}

void sim_free(struct sim *sim)
{
    sim_play_free(sim);
    for (size_t i = 0; sim->rings != NULL && i < sim->site->device_count; i++) {
        sim_ring_free(sim->rings[i]);
    }
    sk_free(sim->rings);
    sk_free(sim->device_faults);
    sk_free(sim->link_faults);
    sk_plant_free(sim->plant);
}

static void hand_out_events(struct sim *sim)
{
    struct sk_plant_event event;
    const int64_t utc_us = sk_clock_read().utc_us;
    while (sk_plant_next_event(sim->plant, &event)) {
        const double age_ms = (double)(sk_plant_time_ms(sim->plant) - event.at_ms) / sim->speed;
        const int64_t at_us = utc_us - (int64_t)(age_ms * 1000.0);
        if (sim->rings[event.device] != NULL) {
            sim_ring_put(sim->rings[event.device], sim->site, &event, at_us);
        } else if (sim->mqtt != NULL) {
            sim_mqtt_event(sim->mqtt, &event, at_us);
        }
    }
}

void sim_turn(struct sim *sim, int64_t elapsed_us)
{
    sim->owed_ms += (double)elapsed_us * sim->speed / 1000.0; /* fractions of a millisecond must not get lost */
    const uint32_t whole_ms = (uint32_t)fmin(sim->owed_ms, 60000.0);
    sim->owed_ms -= whole_ms;
    sk_plant_step(sim->plant, whole_ms);
    sim_play_turn(sim);
    hand_out_events(sim);
}

enum sk_err sim_fail(struct sim *sim, uint32_t device, const struct sim_fault_request *request, struct sk_fault *fault)
{
    const enum sk_device_kind kind =
        sim->site->devices[device].profile != NULL ? sim->site->devices[device].profile->kind : SK_DEV_MONITOR;
    const int wire = sim_wire_parse(request->name);
    const bool thing = sk_plant_fault_is_known(kind, request->name);
    if (wire < 0 && !thing) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND,
                            "no fault '%s'; of the wire: dead delay drop wrong_tid wrong_unit torn bad_crc exception close "
                            "garbage slow malformed retained silence replay forge gap; of things: sim/plant/faults.c",
                            request->name);
    }
    if (thing) {
        const enum sk_err err = sk_plant_fail(sim->plant, device, request->name, request->amount, fault);
        if (err != SK_OK || wire < 0) {
            return err;
        }
    }
    if (wire == SIM_WIRE_GAP) {
        sk_plant_skip_seq(sim->plant, device);
        return SK_OK;
    }
    sim->device_faults[device] = sim_wire_fault_make((enum sim_wire)wire, request);
    if (sim->mqtt != NULL) {
        sim_mqtt_fault_changed(sim->mqtt, device);
    }
    return SK_OK;
}
