/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a scenario file's JSON; every complaint names the place in it. */
#include "sim/plant/scenario.h"

#include <string.h>

#include "schemas/base/clock.h"
#include "schemas/base/mem.h"
#include "schemas/model/roster.h"

enum { DURATION_MAX_S = 7 * 86400 };

static const char *const STEP_KEYS[] = {[SK_STEP_SET] = "set",
                                        [SK_STEP_FAULT] = "fault",
                                        [SK_STEP_PASSAGE] = "passage",
                                        [SK_STEP_MUSTER] = "muster",
                                        [SK_STEP_DESK] = "desk"};
static const char *const EXPECT_KEYS[] = {
    [SK_EXPECT_ALARM] = "alarm",   [SK_EXPECT_NO_ALARM] = "no_alarm",   [SK_EXPECT_RETURNED] = "returned",
    [SK_EXPECT_RECORD] = "record", [SK_EXPECT_NO_RECORD] = "no_record", [SK_EXPECT_PERSON] = "person"};

static bool known(const cJSON *object, const char *const *keys, size_t count, const char **ret_stranger)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        bool found = false;
        for (size_t i = 0; i < count && item->string != NULL; i++) {
            found = found || strcmp(item->string, keys[i]) == 0;
        }
        if (!found) {
            *ret_stranger = item->string != NULL ? item->string : "";
            return false;
        }
    }
    return true;
}

static bool seconds(const cJSON *object, const char *name, double otherwise, double *ret_value)
{
    const cJSON *item = sk_json_get(object, name);
    *ret_value = item == NULL ? otherwise : item->valuedouble;
    return item == NULL ? otherwise >= 0.0 : cJSON_IsNumber(item) && *ret_value >= 0.0 && *ret_value <= DURATION_MAX_S;
}

static enum sk_err read_step(const cJSON *json, struct sk_step *step, struct sk_fault *fault)
{
    static const char *const KEYS[] = {"at_s", "set", "fault", "passage", "muster", "desk", "comment"};
    const char *stranger = NULL;
    if (!cJSON_IsObject(json) || !known(json, KEYS, sizeof KEYS / sizeof KEYS[0], &stranger)) {
        return sk_fault_set(fault, SK_ERR_PARSE,
                            "unknown key '%s'; a step has at_s and one of set, fault, passage, muster, desk",
                            stranger != NULL ? stranger : "");
    }
    if (!seconds(json, "at_s", -1.0, &step->at_s)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "at_s must be seconds from the start, 0 to %d", DURATION_MAX_S);
    }
    step->body = NULL;
    for (int kind = SK_STEP_SET; kind <= SK_STEP_DESK; kind++) {
        const cJSON *body = sk_json_get(json, STEP_KEYS[kind]);
        if (body != NULL && (step->body != NULL || !cJSON_IsObject(body))) {
            return sk_fault_set(fault, SK_ERR_PARSE, "exactly one object of set, fault, passage, muster, desk is expected");
        }
        if (body != NULL) {
            step->body = body;
            step->kind = (enum sk_step_kind)kind;
        }
    }
    if (step->body != NULL) {
        return step->kind == SK_STEP_DESK ? sk_desk_check(step->body, fault) : SK_OK;
    }
    return sk_fault_set(fault, SK_ERR_PARSE, "one of set, fault, passage, muster, desk is missing");
}

static enum sk_err check_words(const struct sk_expect *expect, struct sk_fault *fault)
{
    const bool record = expect->kind == SK_EXPECT_RECORD || expect->kind == SK_EXPECT_NO_RECORD;
    const char *const stranger = record && sk_event_parse(expect->event) < 0                              ? expect->event
                                 : expect->condition != NULL && sk_condition_parse(expect->condition) < 0 ? expect->condition
                                 : expect->our_reason != NULL && sk_deny_reason_parse(expect->our_reason) < 0
                                     ? expect->our_reason
                                 : expect->agreement != NULL && sk_agreement_parse(expect->agreement) < 0 ? expect->agreement
                                                                                                          : NULL;
    return stranger == NULL ? SK_OK : sk_fault_set(fault, SK_ERR_PARSE, "'%s' is no word of the vocabulary", stranger);
}

static enum sk_err read_expect(const cJSON *json, double duration_s, struct sk_expect *expect, struct sk_fault *fault)
{
    static const char *const KEYS[] = {"alarm",  "no_alarm", "returned", "record", "no_record",
                                       "person", "after_s",  "within_s", "comment"};
    const char *stranger = NULL;
    const cJSON *body = NULL;
    if (!cJSON_IsObject(json) || !known(json, KEYS, sizeof KEYS / sizeof KEYS[0], &stranger)) {
        return sk_fault_set(fault, SK_ERR_PARSE,
                            "unknown key '%s'; an expectation is one of alarm, no_alarm, returned, record, no_record, person",
                            stranger != NULL ? stranger : "");
    }
    for (int kind = SK_EXPECT_ALARM; kind <= SK_EXPECT_PERSON && body == NULL; kind++) {
        body = sk_json_get(json, EXPECT_KEYS[kind]);
        expect->kind = (enum sk_expect_kind)kind;
    }
    if (!seconds(json, "after_s", 0.0, &expect->after_s) ||
        !seconds(json, "within_s", duration_s - expect->after_s, &expect->within_s)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "after_s and within_s must be seconds inside the scenario's duration");
    }
    expect->source = sk_json_text(sk_json_get(body, "source"));
    expect->condition = sk_json_text(sk_json_get(body, "condition"));
    expect->event = sk_json_text(sk_json_get(body, "event"));
    expect->door = sk_json_text(sk_json_get(body, "door"));
    expect->reason = sk_json_text(sk_json_get(body, "reason"));
    expect->entry = sk_json_text(sk_json_get(body, "entry"));
    expect->our_reason = sk_json_text(sk_json_get(body, "our_reason"));
    expect->agreement = sk_json_text(sk_json_get(body, "agreement"));
    expect->person = sk_json_text(sk_json_get(body, "id"));
    expect->muster = sk_json_text(sk_json_get(body, "muster"));
    expect->confidence = sk_json_text(sk_json_get(body, "confidence"));
    const bool record = expect->kind == SK_EXPECT_RECORD || expect->kind == SK_EXPECT_NO_RECORD;
    const char *subject = record ? expect->event : expect->kind == SK_EXPECT_PERSON ? expect->person : expect->source;
    if (body == NULL || subject == NULL) {
        return sk_fault_set(fault, SK_ERR_PARSE,
                            "expected {\"alarm\": {\"source\", \"condition\"}} or {\"record\": {\"event\"}}");
    }
    return check_words(expect, fault);
}

static enum sk_err read_lists(struct sk_scenario *scenario, const cJSON *steps, const cJSON *expects, struct sk_fault *fault)
{
    const cJSON *item = NULL;
    enum sk_err err = SK_OK;
    cJSON_ArrayForEach(item, steps)
    {
        struct sk_step *step = &scenario->steps[scenario->step_count];
        err = read_step(item, step, fault);
        if (err == SK_OK && scenario->step_count > 0 && step->at_s < step[-1].at_s) {
            err = sk_fault_set(fault, SK_ERR_PARSE, "at_s goes back; steps stand in order of time");
        }
        if (err != SK_OK) {
            sk_fault_prefix(fault, "steps[%zu]", scenario->step_count);
            return err;
        }
        scenario->step_count++;
    }
    cJSON_ArrayForEach(item, expects)
    {
        err = read_expect(item, scenario->duration_s, &scenario->expects[scenario->expect_count], fault);
        if (err != SK_OK) {
            sk_fault_prefix(fault, "expect[%zu]", scenario->expect_count);
            return err;
        }
        scenario->expect_count++;
    }
    return SK_OK;
}

static enum sk_err read_head(struct sk_scenario *scenario, const cJSON *json, struct sk_fault *fault)
{
    static const char *const KEYS[] = {"scenario", "title", "duration_s", "steps", "expect", "comment", "start", "learned"};
    const char *stranger = NULL;
    if (!cJSON_IsObject(json) || !known(json, KEYS, sizeof KEYS / sizeof KEYS[0], &stranger)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "unknown key '%s'; a scenario has scenario, title, duration_s, steps, expect",
                            stranger != NULL ? stranger : "");
    }
    scenario->id = sk_json_text(sk_json_get(json, "scenario"));
    scenario->title_ja = sk_json_text(sk_json_get(sk_json_get(json, "title"), "ja"));
    scenario->title_en = sk_json_text(sk_json_get(sk_json_get(json, "title"), "en"));
    if (scenario->id == NULL || scenario->title_ja == NULL || scenario->title_en == NULL) {
        return sk_fault_set(fault, SK_ERR_PARSE, "scenario and title {ja, en} must be texts");
    }
    if (!seconds(json, "duration_s", -1.0, &scenario->duration_s)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "duration_s must be 0 to %d", DURATION_MAX_S);
    }
    const char *start = sk_json_text(sk_json_get(json, "start"));
    scenario->learned = sk_json_get(json, "learned");
    if (start != NULL && !sk_time_parse(start, &scenario->start_us)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "start must be a time such as 2026-10-07T22:00:00+09:00");
    }
    if (scenario->learned != NULL && !cJSON_IsArray(scenario->learned)) {
        return sk_fault_set(fault, SK_ERR_PARSE, "learned must be a list of {door, weeks, from_hour, to_hour, per_hour}");
    }
    if (!cJSON_IsArray(sk_json_get(json, "steps")) || !cJSON_IsArray(sk_json_get(json, "expect"))) {
        return sk_fault_set(fault, SK_ERR_PARSE, "steps and expect must be lists");
    }
    return SK_OK;
}

enum sk_err sk_scenario_read(cJSON *json, struct sk_scenario **ret_scenario, struct sk_fault *fault)
{
    struct sk_scenario *scenario = sk_calloc(1, sizeof *scenario);
    if (scenario == NULL) {
        return sk_fault_set(fault, SK_ERR_NOMEM, "no memory for a scenario");
    }
    enum sk_err err = read_head(scenario, json, fault);
    if (err == SK_OK) {
        const cJSON *steps = sk_json_get(json, "steps"), *expects = sk_json_get(json, "expect");
        scenario->steps = sk_calloc((size_t)cJSON_GetArraySize(steps) + 1, sizeof *scenario->steps);
        scenario->expects = sk_calloc((size_t)cJSON_GetArraySize(expects) + 1, sizeof *scenario->expects);
        err = scenario->steps != NULL && scenario->expects != NULL
                  ? read_lists(scenario, steps, expects, fault)
                  : sk_fault_set(fault, SK_ERR_NOMEM, "no memory for a scenario");
    }
    if (err != SK_OK) {
        sk_scenario_free(scenario);
        return err;
    }
    scenario->json = json;
    *ret_scenario = scenario;
    return SK_OK;
}

void sk_scenario_free(struct sk_scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    sk_free(scenario->steps);
    sk_free(scenario->expects);
    cJSON_Delete(scenario->json);
    sk_free(scenario);
}
