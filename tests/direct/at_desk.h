/* SPDX-License-Identifier: Apache-2.0 */
/* What a scenario lets people at the desk do: acts of the registers and rules of zones, in the order in which the collector's
 * command asks (role, state, reason, separation, fields). */
#ifndef SK_TESTS_AT_DESK_H
#define SK_TESTS_AT_DESK_H

#include "collector/engine/engine.h"
#include "sim/plant/scenario.h"

struct at_desk {
    struct sk_engine *engine;
    const struct sk_site *site;
    const struct sk_zone *zone;
    struct sk_effects *effects;
    int64_t start_us; /* utc: what "@+60" and "@today" count from */
};
/* CONFLICT, DENIED, PARSE, NOT_FOUND: refused though the step did not say so, or not refused as it said. */
enum sk_err at_desk_do(const struct at_desk *desk, const cJSON *step, const struct sk_now *now, struct sk_fault *fault);

#endif
