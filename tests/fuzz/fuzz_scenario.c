/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: whatever JSON, it is read or refused; what is read lies within its own bounds. Its orders are then given to
 * a plant of an empty site, which must refuse every one. */
#include <stdlib.h>

#include "sim/plant/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give_orders(const struct sk_scenario *scenario)
{
    static const struct sk_site EMPTY = {.id = "fuzz"};
    const struct sk_plant_config config = {.site = &EMPTY, .seed = 1, .epoch = 1};
    struct sk_plant *plant = NULL;
    if (sk_plant_create(&config, &plant) != SK_OK) {
        return;
    }
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct sk_step *step = &scenario->steps[i];
        if (step->kind == SK_STEP_SET) {
            (void)sk_order_set(plant, step->body, NULL);
        } else if (step->kind == SK_STEP_PASSAGE && sk_order_pass(plant, 0, step->body, NULL) == SK_OK) {
            abort(); /* there is no door */
        }
    }
    sk_plant_step(plant, 1000);
    sk_plant_free(plant);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *json = NULL;
    struct sk_scenario *scenario = NULL;
    struct sk_fault fault;
    if (sk_json_parse((const char *)data, size, &SK_JSON_FILE, &json, &fault) != SK_OK) {
        return 0;
    }
    if (sk_scenario_read(json, &scenario, &fault) != SK_OK) {
        cJSON_Delete(json);
        return 0;
    }
    for (size_t i = 1; i < scenario->step_count; i++) {
        if (scenario->steps[i].at_s < scenario->steps[i - 1].at_s) {
            abort();
        }
    }
    give_orders(scenario);
    sk_scenario_free(scenario);
    return 0;
}
