/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: the shipped ones are read, wrong ones are refused with the place named. */
#include "tests/unit/sk_test.h"

#include <string.h>

#include "sim/plant/scenario.h"

#define HEAD "{\"scenario\":\"x\",\"title\":{\"ja\":\"a\",\"en\":\"b\"},\"duration_s\":10,"

#define DESK(body)   HEAD "\"steps\":[{\"at_s\":1,\"desk\":{" body "}}],\"expect\":[]}"
#define MOMENT(text) DESK("\"by\":\"reception\",\"act\":\"visit.requested\",\"fields\":{\"from\":\"" text "\"}")

static void test_shipped(void **state)
{
    static const char *const NAMES[] = {"quiet",       "utility-outage", "crac-failure", "leak",
                                        "forced-door", "dead-ups",       "visitor-day"};
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
        {"desk: unknown key", DESK("\"by\":\"reception\",\"act\":\"visit.requested\",\"who\":\"x\""), "who"},
        {"desk: nobody", DESK("\"act\":\"visit.requested\""), "steps[0]: by must be a role"},
        {"desk: no such role", DESK("\"by\":\"janitor\",\"act\":\"visit.requested\""), "by must be a role"},
        {"desk: no act", DESK("\"by\":\"reception\""), "act must be a text"},
        {"desk: unknown act", DESK("\"by\":\"reception\",\"act\":\"visit.adored\",\"entry\":\"vs-1\""), "visit.adored"},
        {"desk: an event, but no act", DESK("\"by\":\"reception\",\"act\":\"acc.taken\""), "acc.taken"},
        {"desk: no entry", DESK("\"by\":\"approver\",\"act\":\"visit.approved\""), "vs-1"},
        {"desk: entry of another register", DESK("\"by\":\"approver\",\"act\":\"visit.approved\",\"entry\":\"pm-1\""), "vs-1"},
        {"desk: entry is no id", DESK("\"by\":\"approver\",\"act\":\"visit.approved\",\"entry\":\"first\""), "vs-1"},
        {"desk: entry is a number", DESK("\"by\":\"approver\",\"act\":\"visit.approved\",\"entry\":1"), "vs-1"},
        {"desk: opens and names an entry", DESK("\"by\":\"reception\",\"act\":\"visit.requested\",\"entry\":\"vs-1\""),
         "takes no entry"},
        {"desk: zone.rule names an entry", DESK("\"by\":\"administrator\",\"act\":\"zone.rule\",\"entry\":\"vs-1\""),
         "takes no entry"},
        {"desk: fields are a list", DESK("\"by\":\"reception\",\"act\":\"visit.requested\",\"fields\":[]"), "an object"},
        {"desk: refused for nothing known", DESK("\"by\":\"reception\",\"act\":\"visit.requested\",\"refused\":\"io\""),
         "refused must be"},
        {"desk: refused is a flag", DESK("\"by\":\"reception\",\"act\":\"visit.requested\",\"refused\":true"),
         "refused must be"},
        {"desk: moment without a sign", MOMENT("@60"), "'@60'"},
        {"desk: moment without a number", MOMENT("@+"), "'@+'"},
        {"desk: moment with a fraction", MOMENT("@+1.5"), "'@+1.5'"},
        {"desk: moment in hours", MOMENT("@+1h"), "'@+1h'"},
        {"desk: moment beyond a year", MOMENT("@-99999999"), "'@-99999999'"},
        {"desk: another day", MOMENT("@tomorrow"), "'@tomorrow'"},
        {"unknown reason of ours",
         HEAD "\"steps\":[],\"expect\":[{\"record\":{\"event\":\"acc.taken\",\"our_reason\":\"x:Mood\"}}]}", "x:Mood"},
        {"unknown agreement", HEAD "\"steps\":[],\"expect\":[{\"record\":{\"event\":\"acc.taken\",\"agreement\":\"nod\"}}]}",
         "nod"},
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

static void test_moments(void **state)
{
    static const struct {
        const char *text;
        bool good, today;
        double seconds;
    } ROWS[] = {{"@+60", true, false, 60},
                {"@-60", true, false, -60},
                {"@+0", true, false, 0},
                {"@today", true, true, 0},
                {"@+31622400", true, false, 31622400},
                {"@+31622401", false, false, 0},
                {"@", false, false, 0},
                {"", false, false, 0},
                {"60", false, false, 0},
                {"@++1", false, false, 0},
                {"@+ 1", false, false, 0},
                {"@+0x10", false, false, 0}};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        bool today;
        double seconds;
        sk_check(sk_desk_moment(ROWS[i].text, &today, &seconds) == ROWS[i].good, ROWS[i].text);
        sk_check(!ROWS[i].good || (today == ROWS[i].today && seconds == ROWS[i].seconds), ROWS[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shipped), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_moments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
