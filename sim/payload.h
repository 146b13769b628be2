/* SPDX-License-Identifier: Apache-2.0 */
/* What simulated MQTT devices say, as text: state payloads by profile paths, door envelopes of version 1, heartbeats. Pure.
 * All texts are owned by the caller (sk_free); NULL means no memory. */
#ifndef SK_SIM_PAYLOAD_H
#define SK_SIM_PAYLOAD_H

#include "sim/plant/plant.h"

/* The topic of a pattern: {base} replaced by the device's topic. False when it does not fit. */
bool sim_topic(char *to, size_t capacity, const char *pattern, const struct sk_device *device);
/* The payload of one topic pattern ("" and the profile's own pattern are the same) with every point that the profile puts
 * there. NULL also when the pattern carries no point. */
char *sim_payload_state(const struct sk_site *site, const struct sk_plant *plant, uint32_t device, const char *pattern,
                        int64_t utc_us);
char *sim_payload_event(const struct sk_site *site, const struct sk_plant_event *event, int64_t utc_us);
char *sim_payload_heartbeat(uint32_t epoch, uint64_t seq_head, int64_t utc_us);

#endif
