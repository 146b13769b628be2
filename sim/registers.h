/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one unit, made on demand from the plant by the profile: the inverse of what a driver decodes, written from
 * the profile's description and sharing no code with the drivers, so that one can find the other's mistakes. */
#ifndef SK_SIM_REGISTERS_H
#define SK_SIM_REGISTERS_H

#include "sim/sim.h"

enum { SIM_READ_REGISTERS_MAX = 125, SIM_READ_BITS_MAX = 2000 };

/* Is there a device at that unit of that link? */
bool sim_unit_exists(const struct sim *sim, uint32_t link, uint8_t unit);
/* Fills out[count] (a register or a bit, 0/1, each). Returns 0 or the exception: 1 function, 2 address. Between the first and
 * the last register of a device every hole reads zero, as many real devices do; outside, and in forbidden ranges, exception 2.
 */
uint8_t sim_registers_read(const struct sim *sim, uint32_t link, uint8_t unit, uint8_t function, uint16_t address,
                           uint16_t count, uint16_t *out);
/* One value of a profile point as raw words, most significant first before the point's order is applied. Pure; for tests.
 * Returns the number of words (bits: 1). */
unsigned sim_register_encode(const struct sk_profile *profile, const struct sk_profile_point *point,
                             const struct sk_plant_value *value, uint16_t words[32]);

#endif
