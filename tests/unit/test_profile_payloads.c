/* SPDX-License-Identifier: Apache-2.0 */
/* One payload of every MQTT profile as a device would send it, against the values a person reads in it. Each profile stands in
 * a site of one device, so that topics and points go the way they go in the product. */
#include "tests/unit/vector_support.h"

#include <stdlib.h>

#include "drivers/mqtt/payload.h"
#include "schemas/config/parse.h"

enum { POINTS_MAX = 256 };

static const char SITE[] =
    "{\"site\": {\"id\": \"t\", \"class\": \"test\", \"zone\": \"UTC\"}, \"zones\": [{\"id\": \"a\", \"class\": 1}],"
    "\"links\": [{\"id\": \"broker\", \"protocol\": \"mqtt\", \"host\": \"127.0.0.1\"}],"
    "\"devices\": [{\"id\": \"d\", \"profile\": \"%s\", \"link\": \"broker\", \"topic\": \"b\"}]}";

struct fixture {
    struct sk_site *site;
    uint32_t points[POINTS_MAX];
    size_t point_count;
    struct sk_mqtt_last last[POINTS_MAX];
    struct sk_mqtt_batch batch;
};

static struct fixture fixture;

static void open_site(const char *id)
{
    char text[sizeof(SITE) + 64];
    struct sk_fault fault = {SK_OK, ""};

    memset(&fixture, 0, sizeof(fixture));
    assert_true(sk_text_format(text, sizeof(text), SITE, id));
    if (sk_site_parse("t.json", text, strlen(text), PROFILES, &fixture.site, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    assert_true(fixture.site->point_count < POINTS_MAX);
}

/* The points of the device that this topic may carry. */
static void choose_points(const char *topic)
{
    fixture.point_count = 0;
    for (uint32_t i = 0; i < fixture.site->point_count; i++) {
        const struct sk_point *point = &fixture.site->points[i];
        if (!point->profile)
            continue;
        const char *own = point->profile->topic;
        if (!strcmp(own && own[0] ? own : fixture.site->devices[point->device].profile->mqtt.topic, topic))
            fixture.points[fixture.point_count++] = i;
    }
}

static void run_payload(const cJSON *json)
{
    char *payload = cJSON_PrintUnformatted(sk_json_get(json, "payload"));
    cJSON *root = NULL;
    struct sk_fault fault = {SK_OK, ""};
    size_t cursor = 0, refused = 0;
    const struct sk_payload_context context = {.site = fixture.site,
                                               .last = fixture.last,
                                               .points = fixture.points,
                                               .point_count = fixture.point_count,
                                               .now = {.utc_us = INT64_C(1795176000000000), .mono_us = 1}};

    fixture.batch.count = 0;
    fixture.batch.text_length = 0;
    assert_int_equal(sk_payload_parse(payload, strlen(payload), &root, &fault), SK_OK);
    assert_true(sk_payload_samples(&context, root, &cursor, &fixture.batch, &refused, &fault));
    cJSON_Delete(root);
    cJSON_free(payload);
}

static const struct sk_sample *sample_of(const char *name)
{
    for (size_t i = 0; i < fixture.batch.count; i++) {
        if (!strcmp(fixture.site->points[fixture.batch.samples[i].point].name, name))
            return &fixture.batch.samples[i];
    }
    return NULL;
}

static void check_expectation(const char *id, const char *name, const cJSON *expected)
{
    const struct sk_sample *sample = sample_of(expected->string);

    if (!sample)
        fail_msg("%s, %s: no sample of %s", id, name, expected->string);
    struct decoded decoded = {true, sample->quality, sample->reason, sample->number, fixture.batch.text + sample->text};
    if (!expectation_holds(fixture.site->points[sample->point].kind, expected, &decoded))
        fail_msg("%s, %s: %s is %.12g, quality %s, reason %s", id, name, expected->string, sample->number,
                 sk_quality_name(sample->quality), sk_quality_reason_name(sample->reason));
}

static void check_profile(const struct sk_profile *profile, const cJSON *vectors)
{
    const cJSON *json, *expected;

    open_site(profile->id);
    cJSON_ArrayForEach(json, vectors)
    {
        const char *name = sk_json_text(sk_json_get(json, "name"));
        size_t wanted = (size_t)cJSON_GetArraySize(sk_json_get(json, "expect"));

        choose_points(sk_json_text(sk_json_get(json, "topic")));
        run_payload(json);
        if (wanted == 0 || fixture.batch.count != wanted)
            fail_msg("%s, %s: %zu samples for %zu expectations", profile->id, name, fixture.batch.count, wanted);
        cJSON_ArrayForEach(expected, sk_json_get(json, "expect")) check_expectation(profile->id, name, expected);
    }
    sk_site_free(fixture.site);
}

static void payloads_read_as_people_read_them(void **state)
{
    (void)state;
    assert_true(with_vectors(true, check_profile) >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(payloads_read_as_people_read_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
