/* SPDX-License-Identifier: Apache-2.0 */
/* Plays scenarios on the running simulator: reads sim/scenarios/NAME.json, does each step when its plant time has come. */
#ifndef SK_SIM_PLAY_H
#define SK_SIM_PLAY_H

#include "sim/sim.h"

/* Starts a scenario. NOT_FOUND, PARSE; BUSY while another one plays. Names hold letters, digits and '-' only. */
enum sk_err sim_play_start(struct sim *sim, const char *name, struct sk_fault *fault);
void sim_play_turn(struct sim *sim); /* does what is due; a step that fails is reported on stderr and skipped */
void sim_play_free(struct sim *sim);
const char *sim_play_name(const struct sim *sim, double *ret_at_s, double *ret_duration_s); /* NULL: none plays */

#endif
