/* SPDX-License-Identifier: Apache-2.0 */
/* Control of the simulator: HTTP on loopback, JSON in and out, driven from the caller's epoll loop. For testers and scripts;
 * it has no accounts, so it listens on 127.0.0.1 only and refuses requests that a web page sent (Origin).
 *
 *   GET /state                     everything: knobs, devices with faults, points, doors, people, the running scenario
 *   GET /scenarios                 names and titles
 *   POST /points {id, value}       override a point (release: true lets go) or turn a knob "plant/..."
 *   POST /devices/{id} {fault}     fault of the thing or of its wire; also ms, count, code, amount
 *   POST /links/{id} {fault}       fault of a whole link's wire
 *   POST /doors/{id}/passages      {person or card, factors, direction, act, hold_ms}
 *   POST /scenarios {name}
 * Errors: {"error": word of schemas/vocab/errors.def, "detail": sentence}. */
#ifndef SK_SIM_CONTROL_HTTP_H
#define SK_SIM_CONTROL_HTTP_H

#include "sim/sim.h"

/* port 0 chooses a free one. IO when it cannot listen. */
enum sk_err sim_control_create(struct sim *sim, uint16_t port, struct sim_control **ret_control, struct sk_fault *fault);
void sim_control_free(struct sim_control *control);
bool sim_control_ready(struct sim_control *control, const void *tag);
uint16_t sim_control_port(const struct sim_control *control);

#endif
