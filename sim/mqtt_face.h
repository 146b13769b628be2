/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's MQTT devices: one client each on libmosquitto (another library than the product's, so that it can referee),
 * driven from the caller's epoll loop without threads. A device publishes its state each period and at once when a state or
 * flag changes; a door controller keeps every envelope until the application has acknowledged its number
 * (`sekisho/<site>/ack/<device>`), at most 10 000, and sends it again after a reconnect and after 10 s (then 20, 40 ... 160 s)
 * without that word, with the same number. */
#ifndef SK_SIM_MQTT_FACE_H
#define SK_SIM_MQTT_FACE_H

#include "sim/sim.h"

/* port_override: 0 takes the site file's. Connecting is tried from sim_mqtt_turn on, for ever. NOMEM only. */
enum sk_err sim_mqtt_create(struct sim *sim, uint16_t port_override, struct sim_mqtt **ret_face);
void sim_mqtt_free(struct sim_mqtt *face);
bool sim_mqtt_ready(struct sim_mqtt *face, void *tag, uint32_t events); /* false: not one of ours */
/* Connects, publishes what is due, keeps alive. */
void sim_mqtt_turn(struct sim_mqtt *face, int64_t now_us);
void sim_mqtt_event(struct sim_mqtt *face, const struct sk_plant_event *event, int64_t utc_us);
/* Makes the device's present wire fault take hold (dead, replay, gap) or end. */
void sim_mqtt_fault_changed(struct sim_mqtt *face, uint32_t device);
bool sim_mqtt_connected(const struct sim_mqtt *face, uint32_t device);
size_t sim_mqtt_backlog(const struct sim_mqtt *face, uint32_t device); /* envelopes not yet acknowledged */

#endif
