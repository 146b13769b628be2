/* SPDX-License-Identifier: Apache-2.0 */
/* What a scenario lets people at the monitor do (the roll), and what it expects of the muster list at its end. */
#ifndef SK_TESTS_AT_MONITOR_H
#define SK_TESTS_AT_MONITOR_H

#include "collector/engine/engine.h"
#include "sim/plant/scenario.h"

enum sk_err at_monitor_do(struct sk_engine *engine, const struct sk_site *site, const cJSON *step, const struct sk_now *now,
                          struct sk_effects *effects, struct sk_fault *fault);
/* Prints one line per expectation of a person; returns how many failed. */
int at_monitor_check(const struct sk_engine *engine, const struct sk_site *site, const struct sk_scenario *scenario,
                     const struct sk_now *now);

#endif
