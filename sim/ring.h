/* SPDX-License-Identifier: Apache-2.0 */
/* The event ring of a door controller on Modbus, as registers: what drivers/modbus/README.md describes, written from that page.
 * An entry is 24 words; the ring keeps the newest `entries`; head is the next number, tail the oldest kept. */
#ifndef SK_SIM_RING_H
#define SK_SIM_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/err.h"
#include "schemas/model/site.h"
#include "sim/plant/plant.h"

struct sim_ring;

enum { SIM_RING_ENTRY_WORDS = 24 };

/* UNSUPPORTED when the profile's entries are not 24 words. The profile is borrowed. */
enum sk_err sim_ring_create(const struct sk_ring_profile *profile, uint32_t epoch, struct sim_ring **ret_ring);
void sim_ring_free(struct sim_ring *ring);
void sim_ring_put(struct sim_ring *ring, const struct sk_site *site, const struct sk_plant_event *event, int64_t utc_us);
/* Does the ring own this register? */
bool sim_ring_owns(const struct sim_ring *ring, uint8_t function, uint16_t address);
uint16_t sim_ring_word(const struct sim_ring *ring, uint16_t address);

#endif
