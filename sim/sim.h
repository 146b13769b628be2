/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's shared state: one site, one plant, the faults of the wire, and the faces that speak.
 *
 * One thread runs everything from one epoll loop (main.c): plant, Modbus server, MQTT clients, control HTTP. So nothing here
 * is locked, and a control request is answered between two steps of the plant, never in the middle of one. */
#ifndef SK_SIM_H
#define SK_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/err.h"
#include "schemas/model/site.h"
#include "sim/plant/plant.h"
#include "sim/ring.h"
#include "sim/wire_fault.h"

struct sim_modbus;
struct sim_mqtt;
struct sim_control;
struct sim_play;

struct sim {
    const struct sk_site *site;
    struct sk_plant *plant;
    struct sim_wire_fault *device_faults; /* per device */
    struct sim_wire_fault *link_faults;   /* per link */
    struct sim_ring **rings;              /* per device; NULL without */
    struct sim_modbus *modbus;
    struct sim_mqtt *mqtt;
    struct sim_control *control;
    struct sim_play *play; /* the running scenario; NULL */
    const char *scenario_directory;
    double speed, owed_ms;
    uint32_t epoch;
    int epoll;
};

enum sk_err sim_create(const struct sk_site *site, uint64_t seed, uint32_t epoch, struct sim *ret_sim);
void sim_free(struct sim *sim);
/* One turn: plant time goes on by elapsed_us times speed, events go to rings and envelopes, due scenario steps are done. */
void sim_turn(struct sim *sim, int64_t elapsed_us);

/* A fault by name, of the wire or of the thing; NOT_FOUND names both lists. "none" clears both. */
enum sk_err sim_fail(struct sim *sim, uint32_t device, const struct sim_fault_request *request, struct sk_fault *fault);

#endif
