/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: the shipped ones are read, wrong ones are refused with the place named. */
#include "tests/unit/sk_test.h"

#include <string.h>

#include "sim/plant/scenario.h"

#define HEAD "{\"scenario\":\"x\",\"title\":{\"ja\":\"a\",\"en\":\"b\"},\"duration_s\":10,"

static void test_shipped(void **state)
{
    static const char *const NAMES[] = {"quiet", "utility-outage", "crac-failure", "leak", "forced-door", "dead-ups"};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(NAMES); i++) {
        char path[128];
        cJSON *json = NULL;
        struct sk_scenario *scenario = NULL;
        struct sk_fault fault = {0};
        (void)snprintf(path, sizeof path, "sim/scenarios/%s.json", NAMES[i]);
        sk_check(sk_json_parse_file(path, &SK_JSON_FILE, &json, &fault) == SK_OK, NAMES[i]);
        sk_check(sk_scenario_read(json, &scenario, &fault) == SK_OK, NAMES[i]);
        sk_check(strcmp(scenario->id, NAMES[i]) == 0 && scenario->expect_count > 0, NAMES[i]);
        sk_scenario_free(scenario);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *text, *told;
    } ROWS[] = {
        {"no lists", "{\"scenario\":\"x\",\"title\":{\"ja\":\"a\",\"en\":\"b\"},\"duration_s\":10}", "steps and expect"},
        {"unknown key", HEAD "\"stepz\":[],\"steps\":[],\"expect\":[]}", "stepz"},
        {"no title", "{\"scenario\":\"x\",\"duration_s\":1,\"steps\":[],\"expect\":[]}", "title"},
        {"negative duration",
         "{\"scenario\":\"x\",\"title\":{\"ja\":\"a\",\"en\":\"b\"},\"duration_s\":-1,\"steps\":[],\"expect\":[]}",
         "duration_s"},
        {"step without an act", HEAD "\"steps\":[{\"at_s\":1}],\"expect\":[]}", "steps[0]"},
        {"step with two acts", HEAD "\"steps\":[{\"at_s\":1,\"set\":{},\"fault\":{}}],\"expect\":[]}", "exactly one"},
        {"time goes back", HEAD "\"steps\":[{\"at_s\":2,\"set\":{}},{\"at_s\":1,\"set\":{}}],\"expect\":[]}", "steps[1]"},
        {"empty expectation", HEAD "\"steps\":[],\"expect\":[{}]}", "expect[0]"},
        {"unknown event", HEAD "\"steps\":[],\"expect\":[{\"record\":{\"event\":\"acc.maybe\"}}]}", "acc.maybe"},
        {"unknown condition", HEAD "\"steps\":[],\"expect\":[{\"alarm\":{\"source\":\"a/b\",\"condition\":\"Hot\"}}]}", "Hot"},
        {"step is a number", HEAD "\"steps\":[1],\"expect\":[]}", "steps[0]"},
    };
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        cJSON *json = NULL;
        struct sk_scenario *scenario = NULL;
        struct sk_fault fault = {0};
        sk_check(sk_json_parse(ROWS[i].text, strlen(ROWS[i].text), &SK_JSON_FILE, &json, &fault) == SK_OK, ROWS[i].name);
        sk_check(sk_scenario_read(json, &scenario, &fault) == SK_ERR_PARSE, ROWS[i].name);
        if (strstr(fault.text, ROWS[i].told) == NULL) {
            fail_msg("row '%s': '%s' does not tell '%s'", ROWS[i].name, fault.text, ROWS[i].told);
        }
        cJSON_Delete(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shipped), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
