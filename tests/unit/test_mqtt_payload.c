/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads into samples, the plan of topics, and the decisions about dialling. */
#include "drivers/mqtt/dial.h"
#include "drivers/mqtt/payload.h"
#include "drivers/mqtt/plan.h"
#include "schemas/base/bytes.h"
#include "tests/unit/mqtt_fixture.h"
#include "tests/unit/sk_test.h"

static struct mqtt_fixture fixture;
static struct sk_mqtt_last last[FIX_POINTS];
static struct sk_mqtt_batch batch;

static struct sk_payload_context context_for(const uint32_t *points, size_t count)
{
    return (struct sk_payload_context){
        .site = &fixture.site, .last = last, .points = points, .point_count = count, .now = {.utc_us = 9000000, .mono_us = 70}};
}

static int setup(void **state)
{
    (void)state;
    fixture_init(&fixture);
    memset(last, 0, sizeof(last));
    batch.count = batch.text_length = 0;
    return 0;
}

/* One point, one payload; NULL when the payload gave no sample. */
static const struct sk_sample *one(struct sk_payload_context *context, const char *json, size_t *refused,
                                   struct sk_fault *fault)
{
    cJSON *root = NULL;
    size_t cursor = 0;
    batch.count = batch.text_length = 0;
    *refused = 0;
    if (sk_payload_parse(json, strlen(json), &root, fault) != SK_OK)
        fail_msg("%s: %s", json, fault->text);
    assert_true(sk_payload_samples(context, root, &cursor, &batch, refused, fault));
    cJSON_Delete(root);
    return batch.count == 0 ? NULL : &batch.samples[0];
}

static void test_values(void **state)
{
    static const struct {
        const char *name;
        uint32_t point;
        const char *json;
        double number;
        int quality, reason;
        const char *expected; /* NULL: not refused */
    } rows[] = {
        {"scaled", FIX_TEMPERATURE, "{\"t\":{\"value\":250}}", 24, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"quoted number", FIX_TEMPERATURE, "{\"t\":{\"value\":\"250\"}}", 24, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"over range", FIX_TEMPERATURE, "{\"t\":{\"value\":1000}}", 99, SK_Q_EU_EXCEEDED, SK_WHY_OVER_RANGE, NULL},
        {"under range", FIX_TEMPERATURE, "{\"t\":{\"value\":-1000}}", -101, SK_Q_EU_EXCEEDED, SK_WHY_UNDER_RANGE, NULL},
        {"sentinel", FIX_TEMPERATURE, "{\"t\":{\"value\":32767}}", 0, SK_Q_SENSOR_FAILURE, SK_WHY_SENTINEL, NULL},
        {"null", FIX_TEMPERATURE, "{\"t\":{\"value\":null}}", 0, SK_Q_NOT_CONNECTED, SK_WHY_SENTINEL, NULL},
        {"text for a number", FIX_TEMPERATURE, "{\"t\":{\"value\":\"warm\"}}", 0, SK_Q_BAD, SK_WHY_PAYLOAD,
         "expected a number at path 't.value'"},
        {"true for a number", FIX_TEMPERATURE, "{\"t\":{\"value\":true}}", 0, SK_Q_BAD, SK_WHY_PAYLOAD, "expected a number"},
        {"object for a number", FIX_PLAIN, "{\"batt\":{}}", 0, SK_Q_BAD, SK_WHY_PAYLOAD,
         "th1/battery.charge: expected a number"},
        {"bare number", FIX_HUMIDITY, "41.5", 41.5, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"state by text", FIX_STATE, "{\"fault\":\"bad\"}", 1, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"state by number", FIX_STATE, "{\"fault\":7}", 1, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"state by true", FIX_STATE, "{\"fault\":true}", 1, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"state unlisted", FIX_STATE, "{\"fault\":\"normal\"}", 0, SK_Q_BAD, SK_WHY_ENUM,
         "expected a state that the profile lists"},
        {"state of no kind", FIX_STATE, "{\"fault\":[]}", 0, SK_Q_BAD, SK_WHY_PAYLOAD, "expected a state as text"},
        {"vocabulary word", FIX_WORDS, "{\"mode\":\"manual\"}", 2, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"vocabulary unknown", FIX_WORDS, "{\"mode\":\"asleep\"}", 0, SK_Q_BAD, SK_WHY_ENUM, "expected a state"},
        {"flags as words", FIX_FLAGS, "{\"status\":[\"OL\",\"CHRG\"]}", 33, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"flags as number", FIX_FLAGS, "{\"status\":2}", 3, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"flag unknown", FIX_FLAGS, "{\"status\":[\"XX\"]}", 0, SK_Q_BAD, SK_WHY_ENUM, "expected a list of flag words"},
        {"text", FIX_TEXT, "{\"list\":[0,\"model 7\"]}", 0, SK_Q_GOOD, SK_WHY_NONE, NULL},
        {"text with control", FIX_TEXT, "{\"list\":[0,\"a\\u0007\"]}", 0, SK_Q_BAD, SK_WHY_PAYLOAD, "expected a text"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_fault fault = {.text = ""};
        size_t refused = 0;
        setup(state);
        struct sk_payload_context context = context_for(&rows[i].point, 1);
        const struct sk_sample *s = one(&context, rows[i].json, &refused, &fault);
        if (s == NULL || fabs(s->number - rows[i].number) > 1e-9 || s->quality != rows[i].quality ||
            s->reason != rows[i].reason)
            fail_msg("%s: %f quality %02x reason %d", rows[i].name, s ? s->number : NAN, s ? s->quality : 0, s ? s->reason : 0);
        if ((refused != 0) != (rows[i].expected != NULL) || (refused != 0 && strstr(fault.text, rows[i].expected) == NULL))
            fail_msg("%s: refused %zu '%s'", rows[i].name, refused, fault.text);
    }
}

static void test_missing_path_is_no_sample(void **state)
{
    (void)state;
    uint32_t point = FIX_TEMPERATURE;
    struct sk_payload_context context = context_for(&point, 1);
    size_t refused;
    struct sk_fault fault;
    assert_null(one(&context, "{\"batt\":1}", &refused, &fault));
    assert_int_equal(refused, 0);
}

static void test_age(void **state)
{
    static const struct {
        const char *name;
        bool retained, queued;
        const char *json;
        int quality, flags;
        int64_t source_us;
        uint32_t uncertainty_us;
    } rows[] = {
        {"live", false, false, "{\"t\":{\"value\":0}}", SK_Q_GOOD, 0, 9000000, 0},
        {"live with time", false, false, "{\"t\":{\"value\":0},\"ts\":5}", SK_Q_GOOD, SK_SAMPLE_HAS_SOURCE, 5000000, 0},
        {"retained", true, false, "{\"t\":{\"value\":0}}", SK_Q_LAST_USABLE, SK_SAMPLE_RETAINED, 9000000, UINT32_MAX},
        {"retained with time", true, false, "{\"t\":{\"value\":0},\"ts\":\"1970-01-01T00:00:05Z\"}", SK_Q_LAST_USABLE,
         SK_SAMPLE_RETAINED | SK_SAMPLE_HAS_SOURCE, 5000000, 0},
        {"queued", false, true, "{\"t\":{\"value\":0}}", SK_Q_LAST_USABLE, SK_SAMPLE_RETAINED, 9000000, UINT32_MAX},
        {"queued with time", false, true, "{\"t\":{\"value\":0},\"ts\":5}", SK_Q_GOOD, SK_SAMPLE_HAS_SOURCE, 5000000, 0},
        {"retained and bad stays bad", true, false, "{\"t\":{\"value\":32767}}", SK_Q_SENSOR_FAILURE, SK_SAMPLE_RETAINED,
         9000000, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t point = FIX_TEMPERATURE;
        size_t refused;
        struct sk_fault fault = {.text = ""};
        setup(state);
        struct sk_payload_context context = context_for(&point, 1);
        context.retained = rows[i].retained;
        context.queued = rows[i].queued;
        const struct sk_sample *s = one(&context, rows[i].json, &refused, &fault);
        if (s == NULL || s->quality != rows[i].quality || s->flags != rows[i].flags || s->source_us != rows[i].source_us ||
            s->uncertainty_us != rows[i].uncertainty_us || refused != 0)
            fail_msg("%s: quality %02x flags %d source %lld", rows[i].name, s ? s->quality : 0, s ? s->flags : 0,
                     s ? (long long)s->source_us : 0);
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool ok;
        int64_t us;
    } rows[] = {
        {"1700000000", true, INT64_C(1700000000000000)},
        {"1700000000123", true, INT64_C(1700000000123000)},
        {"1700000000123456", true, INT64_C(1700000000123456)},
        {"1700000000.5", true, INT64_C(1700000000500000)},
        {"\"2023-11-14T22:13:20Z\"", true, INT64_C(1700000000000000)},
        {"-1", false, 0},
        {"\"noon\"", false, 0},
        {"true", false, 0},
        {"1e300", false, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON *item = cJSON_Parse(rows[i].json);
        int64_t us = 0;
        if (sk_payload_time(item, &us) != rows[i].ok || us != rows[i].us)
            fail_msg("%s: %lld", rows[i].json, (long long)us);
        cJSON_Delete(item);
    }
}

static void test_bad_time_is_counted_and_value_kept(void **state)
{
    (void)state;
    uint32_t point = FIX_TEMPERATURE;
    struct sk_payload_context context = context_for(&point, 1);
    size_t refused;
    struct sk_fault fault;
    const struct sk_sample *s = one(&context, "{\"t\":{\"value\":250},\"ts\":\"noon\"}", &refused, &fault);
    assert_int_equal(s->quality, SK_Q_GOOD);
    assert_int_equal(s->flags, 0);
    assert_int_equal(refused, 1);
    assert_non_null(strstr(fault.text, "expected a time"));
}

static void test_last_value_is_kept(void **state)
{
    (void)state;
    uint32_t points[] = {FIX_PLAIN, FIX_TEXT};
    struct sk_payload_context context = context_for(points, 2);
    size_t refused;
    struct sk_fault fault;
    assert_true(sk_payload_lost(&context, FIX_PLAIN, SK_WHY_OFFLINE, &batch));
    assert_int_equal(batch.samples[0].quality, SK_Q_COMM_NO_VALUE);
    one(&context, "{\"batt\":55,\"list\":[0,\"abc\"]}", &refused, &fault);
    batch.count = batch.text_length = 0;
    assert_true(sk_payload_lost(&context, FIX_PLAIN, SK_WHY_OFFLINE, &batch));
    assert_true(sk_payload_lost(&context, FIX_TEXT, SK_WHY_LINK_DOWN, &batch));
    assert_int_equal(batch.samples[0].quality, SK_Q_COMM_LAST_VALUE);
    assert_int_equal(batch.samples[0].reason, SK_WHY_OFFLINE);
    assert_true(batch.samples[0].number == 55.0);
    assert_string_equal(batch.text + batch.samples[1].text, "abc");
    const struct sk_sample *s = one(&context, "{\"batt\":\"x\"}", &refused, &fault);
    assert_true(s->number == 55.0); /* no substitute value on error */
}

static void test_full_batch_goes_on(void **state)
{
    (void)state;
    enum { MANY = 700 };
    static uint32_t points[MANY];
    for (size_t i = 0; i < MANY; i++)
        points[i] = FIX_TEXT;
    struct sk_payload_context context = context_for(points, MANY);
    cJSON *root = cJSON_Parse("{\"list\":[0,\"0123456789012345678901234567890\"]}");
    size_t cursor = 0, refused = 0, rounds = 0, samples = 0;
    struct sk_fault fault;
    bool done = false;
    while (!done) {
        batch.count = batch.text_length = 0;
        done = sk_payload_samples(&context, root, &cursor, &batch, &refused, &fault);
        assert_true(batch.count > 0 && batch.text_length <= SK_BATCH_TEXT_MAX);
        samples += batch.count;
        rounds++;
    }
    cJSON_Delete(root);
    assert_int_equal(samples, MANY);
    assert_int_equal(rounds, 3); /* 32 bytes a text: 256 fit */
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        bool ok;
    } rows[] = {
        {"bare word", "ON", true},
        {"empty", "", false},
        {"cut object", "{\"a\":", false},
        {"cut string", "\"a", false},
        {"control", "a\x01", false},
        {"long word", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"twin keys", "{\"a\":1,\"a\":2}", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON *root = NULL;
        struct sk_fault fault = {.text = ""};
        bool ok = sk_payload_parse(rows[i].text, strlen(rows[i].text), &root, &fault) == SK_OK;
        if (ok != rows[i].ok || (!ok && strstr(fault.text, "expected JSON") == NULL))
            fail_msg("%s: '%s'", rows[i].name, fault.text);
        cJSON_Delete(root);
    }
}

static void test_birth(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sk_birth birth;
    } rows[] = {
        {"online", SK_BIRTH_ONLINE},
        {"offline", SK_BIRTH_OFFLINE},
        {"\"offline\"", SK_BIRTH_OFFLINE},
        {"{\"state\":\"online\"}", SK_BIRTH_ONLINE},
        {"{\"status\":\"offline\"}", SK_BIRTH_OFFLINE},
        {"dozing", SK_BIRTH_UNKNOWN},
        {"", SK_BIRTH_UNKNOWN},
        {"{\"state\":1}", SK_BIRTH_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(sk_payload_birth(&fixture.profiles[0].mqtt, rows[i].text, strlen(rows[i].text)), rows[i].birth);
}

static void test_plan(void **state)
{
    (void)state;
    struct sk_mqtt_plan plan;
    struct sk_fault fault;
    size_t count = 0;
    assert_int_equal(sk_mqtt_plan_build(&fixture.site, 0, false, &plan, &fault), SK_OK);
    assert_string_equal(plan.client_id, "sekisho-demo-broker-s");
    assert_string_equal(plan.topics[0], "sekisho/demo/tick/sekisho-demo-broker-s");
    assert_string_equal(plan.ack_prefix, "sekisho/demo/ack/");
    assert_int_equal(plan.topic_count, 7); /* tick, the event session's tick, th1: state humidity status, dc1 dc2: hb */
    const struct sk_mqtt_route *route = sk_mqtt_plan_find(&plan, "demo/th1/state", &count);
    assert_int_equal(count, 1);
    assert_int_equal(route->point_count, 6);
    route = sk_mqtt_plan_find(&plan, "demo/th1/humidity", &count);
    assert_int_equal(route->point_count, 1);
    assert_int_equal(plan.points[route->first_point], FIX_HUMIDITY);
    assert_int_equal(sk_mqtt_plan_find(&plan, "demo/ctrl/dc1/hb", &count)->role, SK_ROUTE_HEARTBEAT);
    assert_null(sk_mqtt_plan_find(&plan, "demo/ctrl/dc1/ev", &count));
    sk_mqtt_plan_free(&plan);

    assert_int_equal(sk_mqtt_plan_build(&fixture.site, 0, true, &plan, &fault), SK_OK);
    assert_string_equal(plan.client_id, "sekisho-demo-broker-ev");
    assert_int_equal(plan.topic_count, 5); /* tick, dc1 dc2: events and permit list each */
    assert_int_equal(sk_mqtt_plan_find(&plan, "demo/ctrl/dc1/ev", &count)->device, FIX_CONTROLLER);
    assert_int_equal(sk_mqtt_plan_find(&plan, "demo/ctrl/dc1/list", &count)->role, SK_ROUTE_LIST);
    sk_mqtt_plan_free(&plan);
}

static void test_plan_shared_topic(void **state)
{
    (void)state;
    struct sk_mqtt_plan plan;
    struct sk_fault fault;
    size_t count = 0;
    fixture.devices[FIX_OTHER].topic = "demo/ctrl/dc1";
    assert_int_equal(sk_mqtt_plan_build(&fixture.site, 0, true, &plan, &fault), SK_OK);
    assert_non_null(sk_mqtt_plan_find(&plan, "demo/ctrl/dc1/ev", &count));
    assert_int_equal(count, 2);
    assert_int_equal(plan.topic_count, 3); /* tick, events, list */
    sk_mqtt_plan_free(&plan);
}

static void test_plan_refuses_filters(void **state)
{
    (void)state;
    static const char *const topics[] = {"demo/#", "demo/+/x", "", "{base}"};
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        struct sk_mqtt_plan plan;
        struct sk_fault fault = {.text = ""};
        fixture_init(&fixture);
        fixture.devices[FIX_PROBE].topic = topics[i];
        assert_int_equal(sk_mqtt_plan_build(&fixture.site, 0, false, &plan, &fault), SK_ERR_INVALID);
        assert_non_null(strstr(fault.text, "device 'th1'"));
        sk_mqtt_plan_free(&plan);
    }
}

static void test_serves(void **state)
{
    (void)state;
    assert_true(sk_mqtt_serves(&fixture.site, 0, true));
    assert_true(sk_mqtt_serves(&fixture.site, 0, false));
    fixture.profiles[1].mqtt.event_topic = "";
    assert_false(sk_mqtt_serves(&fixture.site, 0, true));
    fixture.links[0].protocol = SK_PROTO_MODBUS_TCP;
    assert_false(sk_mqtt_serves(&fixture.site, 0, false));
}

static void test_dial_versions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t configured;
        enum sk_dial_outcome outcomes[4];
        uint8_t versions[4];
    } rows[] = {
        {"auto, refused", 0, {SK_DIAL_VERSION_REFUSED, SK_DIAL_OK, SK_DIAL_CLOSED_EARLY, SK_DIAL_FAILED}, {4, 4, 4, 4}},
        {"auto, hung up in turns",
         0,
         {SK_DIAL_CLOSED_EARLY, SK_DIAL_CLOSED_EARLY, SK_DIAL_OK, SK_DIAL_CLOSED_EARLY},
         {4, 5, 5, 5}},
        {"auto, no TCP changes nothing", 0, {SK_DIAL_FAILED, SK_DIAL_FAILED, SK_DIAL_FAILED, SK_DIAL_OK}, {5, 5, 5, 5}},
        {"auto, proved then refused", 0, {SK_DIAL_OK, SK_DIAL_CLOSED_EARLY, SK_DIAL_VERSION_REFUSED, SK_DIAL_OK}, {5, 5, 4, 4}},
        {"only 5", 5, {SK_DIAL_VERSION_REFUSED, SK_DIAL_CLOSED_EARLY, SK_DIAL_FAILED, SK_DIAL_OK}, {5, 5, 5, 5}},
        {"only 3.1.1", 4, {SK_DIAL_VERSION_REFUSED, SK_DIAL_CLOSED_EARLY, SK_DIAL_FAILED, SK_DIAL_OK}, {4, 4, 4, 4}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_dial dial;
        sk_dial_init(&dial, rows[i].configured);
        for (size_t k = 0; k < 4; k++) {
            sk_dial_result(&dial, rows[i].outcomes[k]);
            if (dial.version != rows[i].versions[k])
                fail_msg("%s: step %zu is %d", rows[i].name, k, dial.version);
        }
    }
}

static void test_dial_pauses(void **state)
{
    (void)state;
    struct sk_dial dial;
    sk_dial_init(&dial, 0);
    assert_int_equal(sk_dial_delay_us(&dial, 0), 100000);
    assert_int_equal(sk_dial_delay_us(&dial, UINT32_MAX), 200000);
    for (int i = 0; i < 1000; i++)
        sk_dial_result(&dial, SK_DIAL_FAILED);
    assert_int_equal(sk_dial_delay_us(&dial, 0), 15000000);
    assert_int_equal(sk_dial_delay_us(&dial, UINT32_MAX), 30000000);
    sk_dial_result(&dial, SK_DIAL_OK);
    assert_int_equal(sk_dial_delay_us(&dial, UINT32_MAX), 800000); /* taken, but not yet settled */
    sk_dial_settled(&dial);
    sk_dial_result(&dial, SK_DIAL_FAILED);
    sk_dial_result(&dial, SK_DIAL_FAILED);
    assert_int_equal(sk_dial_delay_us(&dial, UINT32_MAX), 400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values, setup),
        cmocka_unit_test_setup(test_missing_path_is_no_sample, setup),
        cmocka_unit_test_setup(test_age, setup),
        cmocka_unit_test_setup(test_times, setup),
        cmocka_unit_test_setup(test_bad_time_is_counted_and_value_kept, setup),
        cmocka_unit_test_setup(test_last_value_is_kept, setup),
        cmocka_unit_test_setup(test_full_batch_goes_on, setup),
        cmocka_unit_test_setup(test_parse, setup),
        cmocka_unit_test_setup(test_birth, setup),
        cmocka_unit_test_setup(test_plan, setup),
        cmocka_unit_test_setup(test_plan_shared_topic, setup),
        cmocka_unit_test_setup(test_plan_refuses_filters, setup),
        cmocka_unit_test_setup(test_serves, setup),
        cmocka_unit_test_setup(test_dial_versions, setup),
        cmocka_unit_test_setup(test_dial_pauses, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
