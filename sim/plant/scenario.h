/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario: what happens to the plant and when, and what a monitor must make of it. Data: sim/scenarios/NAME.json, schema
 * schemas/json/scenario.schema.json. The same file is played on real wires (sekisho-sim) and in virtual time (tests/direct);
 * expectations are for whoever watches, the plant never reads them.
 * Also the orders of a step, which the control interface shares: {id, value} and {person, ...}.
 * Texts are borrowed from the scenario's JSON, which it owns. */
#ifndef SK_SIM_SCENARIO_H
#define SK_SIM_SCENARIO_H

#include "schemas/base/json.h"
#include "sim/plant/plant.h"

/* MUSTER and DESK are acts of people at the monitor, not in the plant: whoever plays both sides carries them out, the plant
 * passes them by. */
enum sk_step_kind { SK_STEP_SET, SK_STEP_FAULT, SK_STEP_PASSAGE, SK_STEP_MUSTER, SK_STEP_DESK };
struct sk_step {
    double at_s;
    enum sk_step_kind kind;
    const cJSON *body;
};

enum sk_expect_kind {
    SK_EXPECT_ALARM,
    SK_EXPECT_NO_ALARM,
    SK_EXPECT_RETURNED,
    SK_EXPECT_RECORD,
    SK_EXPECT_NO_RECORD,
    SK_EXPECT_PERSON
};
struct sk_expect {
    enum sk_expect_kind kind;
    double after_s, within_s;                 /* the window [after, after + within], from the scenario's start */
    const char *source, *condition;           /* alarms; condition NULL: any */
    const char *event, *door, *reason;        /* records; door and reason NULL: any */
    const char *entry;                        /* records: of this register entry; NULL: any */
    const char *our_reason, *agreement;       /* records: the second decision has this reason, this agreement; NULL: any */
    const char *person, *muster, *confidence; /* at the end: his row of the muster list, "absent" when he has none; NULL: any */
};

struct sk_scenario {
    const char *id, *title_ja, *title_en;
    double duration_s;
    int64_t start_us; /* utc; 0: any moment will do. Virtual time only */
    const cJSON
        *learned; /* what doors are used to, [{door, weeks, from_hour, to_hour, per_hour}]; NULL none. Virtual time only */
    struct sk_step *steps; /* ascending */
    size_t step_count;
    struct sk_expect *expects;
    size_t expect_count;
    cJSON *json;
};

/* Takes json on success. PARSE with the place and what was expected. */
enum sk_err sk_scenario_read(cJSON *json, struct sk_scenario **ret_scenario, struct sk_fault *fault);
void sk_scenario_free(struct sk_scenario *scenario);

/* What can be known wrong of a desk step: {"by": role, "act": "visit.approved", "entry", "fields", "reason", "refused"}; act:
 * one of register_acts.def, or zone.rule. refused: the act must be refused, with this word (parse, not_found, denied,
 * conflict). */
enum sk_err sk_desk_check(const cJSON *body, struct sk_fault *fault);
/* A text of a desk step's fields: "@+60", "@-60" (whole seconds from the scenario's start), "@today" (the site's day then).
 * False: none of these. */
bool sk_desk_moment(const char *text, bool *ret_today, double *ret_s);

/* {"id": "...", "value": number | word | null} or {"id": "...", "release": true} */
enum sk_err sk_order_set(struct sk_plant *plant, const cJSON *json, struct sk_fault *fault);
/* {"person" or "card", "factors": [...], "direction": "entry" | "exit", "act", "hold_ms"}; also "door", read by the caller */
enum sk_err sk_order_pass(struct sk_plant *plant, uint32_t door, const cJSON *json, struct sk_fault *fault);

#endif
