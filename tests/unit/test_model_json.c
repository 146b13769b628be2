/* SPDX-License-Identifier: Apache-2.0 */
/* The one JSON shape of points and alarms: when there is a value and when null, and words for codes. */
#include "schemas/model/json.h"

#include <math.h>
#include <string.h>

#include "schemas/base/json.h"
#include "tests/unit/sk_test.h"

static cJSON *point_json(const char *name, uint8_t quality, double number, const char *text, int64_t changed_us)
{
    const struct sk_point_kind *kind = sk_point_kind_find(name);
    const struct sk_device device = {.id = "d"};
    const struct sk_point point = {.id = "d/x", .name = name, .kind = kind};
    const struct sk_sample sample = {
        .kind = (uint8_t)kind->kind, .quality = quality, .number = number, .recv_us = INT64_C(1790000000000000)};
    char line[2048];
    struct sk_json_writer to;
    cJSON *json = NULL;
    sk_json_writer_init(&to, line, sizeof line);
    sk_json_write_open(&to, NULL, '{');
    sk_point_write(&to, &point, &device, &sample, text, changed_us, false);
    sk_json_write_close(&to, '}');
    assert_false(to.bad);
    assert_int_equal(sk_json_parse(line, to.length, &SK_JSON_PAYLOAD, &json, NULL), SK_OK);
    return json;
}

static void a_value_is_shown_only_where_there_was_one(void **state)
{
    (void)state;
    static const struct {
        const char *name, *point, *text;
        double number;
        int64_t changed_us;
        uint8_t quality;
        const char *shown;
    } ROWS[] = {
        {"good", "input.voltage", "", 230.5, 1, SK_Q_GOOD, "230.5"},
        {"a real zero", "input.voltage", "", 0, 1, SK_Q_GOOD, "0"},
        {"the last value beside a bad quality", "input.voltage", "", 7, 1, SK_Q_COMM_LAST_VALUE, "7"},
        {"never read", "input.voltage", "", 0, 0, SK_Q_WAITING, "null"},
        {"a sentinel from the start", "input.voltage", "", 0, 0, SK_Q_NOT_CONNECTED, "null"},
        {"a register nobody has", "input.voltage", "", 0, 0, SK_Q_CONFIG_ERROR, "null"},
        {"the first state of a list is not the unknown one", "device.power", "", 0, 0, SK_Q_NOT_CONNECTED, "null"},
        {"a state", "device.power", "", 1, 1, SK_Q_GOOD, "\"fault\""},
        {"a state beyond the list", "device.power", "", 99, 1, SK_Q_GOOD, "\"unknown\""},
        {"no number", "input.voltage", "", NAN, 1, SK_Q_GOOD, "null"},
        {"flags", "ups.status", "", 5, 1, SK_Q_GOOD, "[\"OL\",\"LB\"]"},
        {"text", "device.model", "A-1", 0, 1, SK_Q_GOOD, "\"A-1\""},
        {"text that never came", "device.model", "", 0, 0, SK_Q_NOT_CONNECTED, "null"},
    };
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        cJSON *json = point_json(ROWS[i].point, ROWS[i].quality, ROWS[i].number, ROWS[i].text, ROWS[i].changed_us);
        char *shown = cJSON_PrintUnformatted(sk_json_get(json, "value"));
        sk_check(shown != NULL && strcmp(shown, ROWS[i].shown) == 0, ROWS[i].name);
        sk_check(cJSON_IsNull(sk_json_get(json, "changed")) == (ROWS[i].changed_us == 0), ROWS[i].name);
        cJSON_free(shown);
        cJSON_Delete(json);
    }
}

static void an_alarm_says_null_for_what_did_not_happen(void **state)
{
    (void)state;
    static const char *const NULL_AT_FIRST[] = {"returned", "acked", "acked_by", "value", "limit"};
    struct sk_alarm alarm = {.occurrence = 12,
                             .bits = SK_ALARM_BIT_ACTIVE,
                             .severity = SK_SEV_HIGH,
                             .condition = SK_COND_STATE,
                             .source = "ups1/battery.charge",
                             .raised_us = 1,
                             .since_us = 1,
                             .raise_seq = 7};
    cJSON *json = NULL;
    assert_int_equal(sk_alarm_to_json(&alarm, false, &json), SK_OK);
    for (size_t i = 0; i < SK_COUNT(NULL_AT_FIRST); i++)
        sk_check(cJSON_IsNull(sk_json_get(json, NULL_AT_FIRST[i])), NULL_AT_FIRST[i]);
    assert_true(cJSON_IsNull(sk_json_get(json, "record")));
    assert_string_equal(sk_json_text(sk_json_get(json, "unit")), "%");
    cJSON_Delete(json);

    alarm.bits |= SK_ALARM_BIT_ACKED;
    alarm.acked_us = 2;
    strcpy(alarm.acked_by, "operator-1");
    assert_int_equal(sk_alarm_to_json(&alarm, true, &json), SK_OK);
    assert_string_equal(sk_json_text(sk_json_get(json, "acked_by")), "operator-1");
    assert_string_equal(sk_json_text(sk_json_get(json, "record")), "7");
    assert_string_equal(sk_json_text(sk_json_get(json, "state")), "acknowledged");
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_value_is_shown_only_where_there_was_one),
                                       cmocka_unit_test(an_alarm_says_null_for_what_did_not_happen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
