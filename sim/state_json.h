/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's state as JSON, for GET /state and GET /scenarios. Owned by the caller; NULL when there was no memory. */
#ifndef SK_SIM_STATE_JSON_H
#define SK_SIM_STATE_JSON_H

#include <cjson/cJSON.h>

#include "sim/sim.h"

cJSON *sim_state_json(const struct sim *sim);
cJSON *sim_scenarios_json(const struct sim *sim);

#endif
