/* SPDX-License-Identifier: Apache-2.0 */
/* When in its period a link is read: pure.
 *
 * All moments lie on one grid of the mono clock, so that the links of a slot are asked one behind the other on warm caches and
 * their answers are handed over together, while the slots of a period are filled evenly: of any links that follow each other in
 * rank, no slot gets more than one above another. */
#ifndef SK_MODBUS_PHASE_H
#define SK_MODBUS_PHASE_H

#include <stdint.h>

#include "drivers/driver.h"

#define SK_MODBUS_SLOT_US   SK_POLL_SLOT_US
#define SK_MODBUS_WINDOW_US INT64_C(1000000) /* a longer period begins within its first second all the same */

/* The first moment, not before now_us, at which the link of this rank (its place among the Modbus links of the site) is read
 * every period_us (> 0). It lies less than min(period, window) ahead. */
int64_t sk_modbus_phase_us(uint32_t rank, int64_t period_us, int64_t now_us);

#endif
