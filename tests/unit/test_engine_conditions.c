/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions by table: each row plays samples (or ticks) on one limit and says which records each step makes. */
#include "tests/unit/engine_kit.h"

enum { TICK = 0xFF, GOOD = SK_Q_GOOD, END = -1 };

struct step {
    int64_t ms;
    double value;
    uint8_t quality; /* TICK: no sample */
    uint8_t reason;
    uint8_t flags;
    const char *story;
};

struct row {
    const char *name;
    uint32_t point;
    uint32_t stale_ms;
    struct sk_limit limit;
    struct step steps[12];
};

#define UP(r, h)  .condition = SK_COND_UPPER_CAUTION, .severity = SK_SEV_MEDIUM, .reading = (r), .hysteresis = (h)
#define LOW(r, h) .condition = SK_COND_LOWER_CRITICAL, .severity = SK_SEV_CRITICAL, .reading = (r), .hysteresis = (h)
#define LAST                                                                                                                   \
    {                                                                                                                          \
        END, 0, 0, 0, 0, NULL                                                                                                  \
    }

static const struct row rows[] = {
    {"upper: at the limit is normal, above alarms, at limit minus hysteresis is back",
     0,
     0,
     {UP(27, 2)},
     {{0, 27, GOOD, 0, 0, ""},
      {1, 27.001, GOOD, 0, 0, "R"},
      {2, 26, GOOD, 0, 0, ""},
      {3, 25.001, GOOD, 0, 0, ""},
      {4, 25, GOOD, 0, 0, "N"},
      {5, 26, GOOD, 0, 0, ""},
      {6, 28, GOOD, 0, 0, "R"},
      LAST}},
    {"lower: mirror",
     0,
     0,
     {LOW(20, 2)},
     {{0, 20, GOOD, 0, 0, ""}, {1, 19.999, GOOD, 0, 0, "R"}, {2, 21.999, GOOD, 0, 0, ""}, {3, 22, GOOD, 0, 0, "N"}, LAST}},
    {"hysteresis 0: back at the limit itself", 0, 0, {UP(27, 0)}, {{0, 28, GOOD, 0, 0, "R"}, {1, 27, GOOD, 0, 0, "N"}, LAST}},
    {"dwell: one microsecond early is too early; the tick raises",
     0,
     0,
     {UP(27, 0), .dwell_ms = 5000},
     {{0, 28, GOOD, 0, 0, ""}, {4999, 0, TICK, 0, 0, ""}, {5000, 0, TICK, 0, 0, "R"}, LAST}},
    {"dwell: a sample at the end raises too",
     0,
     0,
     {UP(27, 0), .dwell_ms = 5000},
     {{0, 28, GOOD, 0, 0, ""}, {5000, 29, GOOD, 0, 0, "R"}, LAST}},
    {"dwell: into the band cancels, and counting begins anew",
     0,
     0,
     {UP(27, 2), .dwell_ms = 5000},
     {{0, 28, GOOD, 0, 0, ""},
      {3000, 26, GOOD, 0, 0, ""},
      {6000, 0, TICK, 0, 0, ""},
      {7000, 28, GOOD, 0, 0, ""},
      {11999, 0, TICK, 0, 0, ""},
      {12000, 0, TICK, 0, 0, "R"},
      LAST}},
    {"dwell: bad quality in between does not stop the clock",
     0,
     0,
     {UP(27, 0), .dwell_ms = 5000},
     {{0, 28, GOOD, 0, 0, ""}, {2000, 0, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT, 0, ""}, {5000, 0, TICK, 0, 0, "R"}, LAST}},
    {"return duration: counts from back, ends in a tick",
     0,
     0,
     {UP(27, 1), .hysteresis_ms = 3000},
     {{0, 28, GOOD, 0, 0, "R"}, {1000, 26, GOOD, 0, 0, ""}, {3999, 0, TICK, 0, 0, ""}, {4000, 0, TICK, 0, 0, "N"}, LAST}},
    {"return duration: into the band starts over",
     0,
     0,
     {UP(27, 1), .hysteresis_ms = 3000},
     {{0, 28, GOOD, 0, 0, "R"},
      {1000, 26, GOOD, 0, 0, ""},
      {3000, 26.5, GOOD, 0, 0, ""},
      {5000, 0, TICK, 0, 0, ""},
      {5001, 25, GOOD, 0, 0, ""},
      {8001, 0, TICK, 0, 0, "N"},
      LAST}},
    {"return duration: bad quality starts over and never returns",
     0,
     0,
     {UP(27, 1), .hysteresis_ms = 3000},
     {{0, 28, GOOD, 0, 0, "R"},
      {1000, 26, GOOD, 0, 0, ""},
      {2000, 0, SK_Q_BAD, SK_WHY_TIMEOUT, 0, ""},
      {90000, 0, TICK, 0, 0, ""},
      LAST}},
    {"bad quality neither raises nor clears",
     0,
     0,
     {UP(27, 0)},
     {{0, 99, SK_Q_SENSOR_FAILURE, SK_WHY_SENTINEL, 0, ""},
      {1, 28, GOOD, 0, 0, "R"},
      {2, 0, SK_Q_SENSOR_FAILURE, SK_WHY_SENTINEL, 0, ""},
      {3, 0, SK_Q_COMM_NO_VALUE, SK_WHY_TIMEOUT, 0, ""},
      LAST}},
    {"beyond range raises, does not clear",
     0,
     0,
     {UP(27, 0)},
     {{0, 99, SK_Q_EU_EXCEEDED, SK_WHY_OVER_RANGE, 0, "R"},
      {1, 5, SK_Q_EU_EXCEEDED, SK_WHY_UNDER_RANGE, 0, ""},
      {2, 5, GOOD, 0, 0, "N"},
      LAST}},
    {"retained raises, does not clear",
     0,
     0,
     {UP(27, 0)},
     {{0, 28, SK_Q_LAST_USABLE, SK_WHY_RETAINED, SK_SAMPLE_RETAINED, "R"},
      {1, 5, SK_Q_LAST_USABLE, SK_WHY_RETAINED, SK_SAMPLE_RETAINED, ""},
      {2, 5, GOOD, 0, 0, "N"},
      LAST}},
    {"unproved zero does nothing",
     0,
     0,
     {LOW(10, 0)},
     {{0, 0, SK_Q_UNCERTAIN, SK_WHY_ZERO_UNPROVED, 0, ""}, {1, 0, GOOD, 0, 0, "R"}, LAST}},
    {"not a number does nothing",
     0,
     0,
     {UP(27, 0)},
     {{0, 28, GOOD, 0, 0, "R"}, {1, NAN, GOOD, 0, 0, ""}, {2, -INFINITY, GOOD, 0, 0, ""}, LAST}},
    {"state: by mask",
     4,
     0,
     {.condition = SK_COND_STATE, .states = 0x2, .severity = SK_SEV_HIGH},
     {{0, 0, GOOD, 0, 0, ""}, {1, 1, GOOD, 0, 0, "R"}, {2, 2, GOOD, 0, 0, "N"}, {3, 70, GOOD, 0, 0, ""}, LAST}},
    {"state: another alarming state is told",
     4,
     0,
     {.condition = SK_COND_STATE, .states = 0x6, .severity = SK_SEV_HIGH},
     {{0, 1, GOOD, 0, 0, "R"}, {1, 2, GOOD, 0, 0, "C"}, {2, 2, GOOD, 0, 0, ""}, {3, 0, GOOD, 0, 0, "N"}, LAST}},
    {"flags: any of the mask; a new one is told, one that goes is told",
     5,
     0,
     {.condition = SK_COND_STATE, .states = 0xA, .severity = SK_SEV_HIGH},
     {{0, 1, GOOD, 0, 0, ""},
      {1, 3, GOOD, 0, 0, "R"},
      {2, 0xB, GOOD, 0, 0, "C"},
      {3, 0x9, GOOD, 0, 0, "C"},
      {4, 0x5, GOOD, 0, 0, "N"},
      LAST}},
    {"flags: negative and huge numbers match nothing",
     5,
     0,
     {.condition = SK_COND_STATE, .states = ~UINT64_C(0)},
     {{0, -1, GOOD, 0, 0, ""}, {1, 1e300, GOOD, 0, 0, ""}, LAST}},
    {"stale: at the limit, not before; a value ends it",
     0,
     5000,
     {.condition = SK_COND_STALE, .severity = SK_SEV_MEDIUM},
     {{1000, 20, GOOD, 0, 0, ""}, {5999, 0, TICK, 0, 0, ""}, {6000, 0, TICK, 0, 0, "R"}, {7000, 20, GOOD, 0, 0, "N"}, LAST}},
    {"stale: a refresh is an update",
     0,
     5000,
     {.condition = SK_COND_STALE, .severity = SK_SEV_MEDIUM},
     {{1000, 20, GOOD, 0, 0, ""},
      {5000, 20, GOOD, 0, SK_SAMPLE_REFRESH, ""},
      {9999, 0, TICK, 0, 0, ""},
      {10000, 0, TICK, 0, 0, "R"},
      LAST}},
    {"stale: bad samples are no update",
     0,
     5000,
     {.condition = SK_COND_STALE, .severity = SK_SEV_MEDIUM},
     {{1000, 20, GOOD, 0, 0, ""}, {5000, 0, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT, 0, ""}, {6000, 0, TICK, 0, 0, "R"}, LAST}},
    {"stale: never heard at all",
     0,
     5000,
     {.condition = SK_COND_STALE, .severity = SK_SEV_MEDIUM},
     {{4999, 0, TICK, 0, 0, ""}, {5000, 0, TICK, 0, 0, "R"}, LAST}},
    {"stale: DwellTime comes on top",
     0,
     5000,
     {.condition = SK_COND_STALE, .severity = SK_SEV_MEDIUM, .dwell_ms = 2000},
     {{1000, 20, GOOD, 0, 0, ""}, {6000, 0, TICK, 0, 0, ""}, {7999, 0, TICK, 0, 0, ""}, {8000, 0, TICK, 0, 0, "R"}, LAST}},
    {"heartbeat: refreshes without movement are frozen",
     6,
     5000,
     {.condition = SK_COND_STALE, .severity = SK_SEV_MEDIUM},
     {{1000, 20, GOOD, 0, 0, ""},
      {3000, 20, GOOD, 0, SK_SAMPLE_REFRESH, ""},
      {5000, 20, GOOD, 0, 0, ""},
      {6000, 0, TICK, 0, 0, "R"},
      {6500, 20, GOOD, 0, SK_SAMPLE_REFRESH, ""},
      {7000, 21, GOOD, 0, 0, "N"},
      LAST}},
    {"a gap never clears: stale marks the alarm, a value unmarks it",
     0,
     5000,
     {UP(27, 0)},
     {{1000, 28, GOOD, 0, 0, "R"},
      {6000, 0, TICK, 0, 0, "C"},
      {600000, 0, TICK, 0, 0, ""},
      {600001, 28, GOOD, 0, 0, "C"},
      {600002, 20, GOOD, 0, 0, "N"},
      LAST}},
    {"rate: the window's range, either way",
     0,
     0,
     {.condition = SK_COND_RATE_OF_CHANGE, .reading = 5, .window_ms = 60000, .severity = SK_SEV_MEDIUM},
     {{0, 20, GOOD, 0, 0, ""}, {10000, 23, GOOD, 0, 0, ""}, {20000, 25, GOOD, 0, 0, ""}, {30000, 25.5, GOOD, 0, 0, "R"}, LAST}},
    {"rate: slow enough never alarms",
     0,
     0,
     {.condition = SK_COND_RATE_OF_CHANGE, .reading = 5, .window_ms = 60000, .severity = SK_SEV_MEDIUM},
     {{0, 20, GOOD, 0, 0, ""}, {30000, 22, GOOD, 0, 0, ""}, {60001, 24, GOOD, 0, 0, ""}, {90002, 26, GOOD, 0, 0, ""}, LAST}},
    {"rate: a jump after long steady refreshes is seen",
     0,
     0,
     {.condition = SK_COND_RATE_OF_CHANGE, .reading = 5, .window_ms = 60000, .severity = SK_SEV_MEDIUM},
     {{0, 20, GOOD, 0, 0, ""}, {600000, 20, GOOD, 0, SK_SAMPLE_REFRESH, ""}, {601000, 26, GOOD, 0, 0, "R"}, LAST}},
    {"rate: returns when the window has slid past, by refreshes alone",
     0,
     0,
     {.condition = SK_COND_RATE_OF_CHANGE, .reading = 5, .window_ms = 60000, .severity = SK_SEV_MEDIUM},
     {{0, 20, GOOD, 0, 0, ""},
      {1000, 26, GOOD, 0, 0, "R"},
      {30000, 26, GOOD, 0, SK_SAMPLE_REFRESH, ""},
      {61001, 26, GOOD, 0, SK_SAMPLE_REFRESH, "N"},
      LAST}},
};

static void play(const struct row *row)
{
    struct kit kit;
    kit_site(&kit);
    kit.points[row->point].stale_ms = row->stale_ms;
    kit_limit(&kit, row->point, row->limit);
    kit_start(&kit);
    for (const struct step *step = row->steps; step->ms != END; step++) {
        if (step->quality == TICK)
            kit_tick(&kit, step->ms);
        else
            kit_feed(&kit, row->point, step->value, step->quality, step->reason, step->flags, step->ms);
        if (strcmp(kit_story(&kit), step->story) != 0)
            fail_msg("row '%s' at %lld ms: '%s', expected '%s'", row->name, (long long)step->ms, kit_story(&kit), step->story);
    }
    kit_stop(&kit);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        play(&rows[i]);
}

static void test_comm_lost(void **state)
{
    (void)state;
    struct kit kit;
    kit_site(&kit);
    kit.devices[0].comm_lost_ms = 3000;
    kit.devices[0].comm_severity = SK_SEV_HIGH;
    kit_start(&kit);
    kit_feed(&kit, 0, 20, GOOD, 0, 0, 1000);
    kit_feed(&kit, 0, 20, GOOD, 0, SK_SAMPLE_REFRESH, 2000);
    kit_feed(&kit, 7, 1, GOOD, 0, 0, 4000); /* the driver says "lost": no answer of the device */
    kit_feed(&kit, 0, 20, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT, 0, 4500);
    kit_tick(&kit, 4999);
    assert_string_equal(kit_story(&kit), "");
    kit_tick(&kit, 5000);
    assert_string_equal(kit_story(&kit), "R");
    const struct sk_alarm *alarm = sk_engine_alarm(kit.engine, 0);
    assert_string_equal(alarm->source, "dev");
    assert_int_equal(alarm->condition, SK_COND_COMM_LOST);
    assert_int_equal(alarm->severity, SK_SEV_HIGH);
    assert_string_equal(alarm->place, "room 1");
    kit_feed(&kit, 0, 20, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT, 0, 9000);
    assert_string_equal(kit_story(&kit), "");
    kit_feed(&kit, 1, 20, GOOD, 0, 0, 9001);
    assert_string_equal(kit_story(&kit), "N");
    kit_stop(&kit);
}

static void test_views(void **state)
{
    (void)state;
    struct kit kit;
    kit_site(&kit);
    kit.points[0].stale_ms = 5000;
    kit_start(&kit);
    assert_int_equal(sk_engine_point(kit.engine, 0)->sample.quality, SK_Q_WAITING);
    kit_feed(&kit, 0, 21, GOOD, 0, 0, 1000);
    kit_feed(&kit, 0, 21, GOOD, 0, SK_SAMPLE_REFRESH, 2000);
    assert_int_equal(sk_effects_count(kit.effects), 0);
    const struct sk_point_view *view = sk_engine_point(kit.engine, 0);
    assert_int_equal(view->sample.recv_us, kit_now(2000).utc_us);
    assert_int_equal(view->changed_utc_us, kit_now(1000).utc_us);
    kit_tick(&kit, 7000);
    view = sk_engine_point(kit.engine, 0);
    assert_true(view->stale);
    assert_int_equal(view->sample.quality, SK_Q_LAST_USABLE);
    assert_int_equal(view->sample.reason, SK_WHY_STALE);
    assert_true(view->sample.number == 21);
    kit_feed(&kit, 0, 21, GOOD, 0, SK_SAMPLE_REFRESH, 8000);
    view = sk_engine_point(kit.engine, 0);
    assert_false(view->stale);
    assert_int_equal(view->sample.quality, SK_Q_GOOD);
    kit_feed(&kit, 0, 99, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT, 0, 9000);
    assert_true(view->sample.number == 21); /* no substitute value on error */
    assert_null(sk_engine_point(kit.engine, KIT_POINTS));
    kit_stop(&kit);
}

/* A sample that waited in the queue is judged at the time it came: the dwell that would have ended meanwhile does not. */
static void test_queued_sample(void **state)
{
    (void)state;
    struct kit kit;
    kit_site(&kit);
    kit_limit(&kit, 0, (struct sk_limit){UP(27, 0), .dwell_ms = 5000});
    kit_start(&kit);
    kit_feed(&kit, 0, 28, GOOD, 0, 0, 0);
    const struct sk_sample sample = kit_sample(&kit, 0, 20, GOOD, 4900);
    const struct sk_now late = kit_now(5200);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_samples(kit.engine, &sample, 1, NULL, 0, &late, kit.effects), SK_OK);
    assert_string_equal(kit_story(&kit), "");
    kit_tick(&kit, 6000);
    assert_string_equal(kit_story(&kit), "");
    kit_stop(&kit);
}

static void test_record_holds_what_decided(void **state)
{
    (void)state;
    struct kit kit;
    struct sk_body_item item;
    kit_site(&kit);
    kit_limit(&kit, 0, (struct sk_limit){UP(27, 2), .dwell_ms = 5000});
    kit_start(&kit);
    kit_feed(&kit, 0, 28, GOOD, 0, 0, 1000);
    kit_feed(&kit, 0, 29, SK_Q_NOT_ACCURATE, 0, SK_SAMPLE_SIMULATED, 6000);
    const struct sk_draft *draft = kit_record(&kit, SK_EV_ALARM_RAISED);
    assert_non_null(draft);
    static const struct {
        enum sk_tag tag;
        double value;
    } numbers[] = {{SK_TAG_VALUE, 28}, {SK_TAG_LIMIT, 27}, {SK_TAG_HYSTERESIS, 2}};
    for (size_t i = 0; i < SK_COUNT(numbers); i++) {
        assert_true(kit_item(draft, numbers[i].tag, &item));
        assert_true(sk_item_f64(&item) == numbers[i].value);
    }
    assert_true(kit_item(draft, SK_TAG_DWELL_MS, &item) && sk_item_u64(&item) == 5000);
    assert_true(kit_item(draft, SK_TAG_SINCE_US, &item) && sk_item_i64(&item) == kit_now(1000).utc_us);
    assert_true(kit_item(draft, SK_TAG_SOURCE_US, &item) && sk_item_i64(&item) == kit_now(1000).utc_us - 1000);
    assert_true(kit_item(draft, SK_TAG_UNCERTAINTY_US, &item) && sk_item_i64(&item) == 1000);
    assert_true(kit_item(draft, SK_TAG_QUALITY, &item) && sk_item_u64(&item) == SK_Q_GOOD);
    assert_true(kit_item(draft, SK_TAG_PLACE, &item) && item.length == 6);
    assert_true(kit_item(draft, SK_TAG_UNIT, &item) && memcmp(item.bytes, "Cel", 3) == 0);
    assert_true(kit_item(draft, SK_TAG_POINT, &item) && kit_item(draft, SK_TAG_DEVICE, &item));
    assert_int_equal(draft->header.class_, SK_CLASS_ALARM);
    kit_stop(&kit);
}

/* More falls due than one step fires: ticks go on until the deadline is ahead, and a value that comes first does not hide a
 * dwell that had ended. */
static size_t count_records(const struct kit *kit, uint16_t ev)
{
    size_t count = 0;
    for (size_t i = 0; i < sk_effects_count(kit->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(kit->effects, i);
        count += effect->kind == SK_EFFECT_RECORD && effect->record->header.ev == ev;
    }
    return count;
}

enum { MANY = 600 };

static void begin_many(struct kit *kit, struct sk_point *points, const struct sk_limit *limit)
{
    static struct sk_sample samples[MANY];
    static char ids[MANY][16];
    const struct sk_now now = kit_now(0);
    kit_site(kit);
    for (uint32_t i = 0; i < MANY; i++) {
        sk_text_format(ids[i], sizeof ids[i], "dev/t%u", i);
        points[i] = (struct sk_point){.kind = &kit->number,
                                      .id = ids[i],
                                      .name = ids[i] + 4,
                                      .profile = &kit->profile_point,
                                      .limits = limit,
                                      .limit_count = 1};
        samples[i] = (struct sk_sample){
            .point = i, .kind = SK_KIND_NUMBER, .quality = GOOD, .number = 28, .recv_us = now.utc_us, .mono_us = now.mono_us};
    }
    kit->site.points = points;
    kit->site.point_count = MANY;
    kit_start(kit);
    assert_int_equal(sk_engine_samples(kit->engine, samples, MANY, NULL, 0, &now, kit->effects), SK_OK);
}

static void test_many_due_at_once(void **state)
{
    (void)state;
    static struct sk_point points[MANY];
    static struct sk_sample samples[MANY];
    const struct sk_limit limit = {UP(27, 0), .dwell_ms = 5000};
    struct kit kit;
    begin_many(&kit, points, &limit);
    size_t raised = 0, ticks = 0;
    while (sk_engine_deadline(kit.engine) <= kit_now(6000).mono_us && ticks++ < 10) {
        kit_tick(&kit, 6000);
        raised += count_records(&kit, SK_EV_ALARM_RAISED);
    }
    assert_int_equal(raised, MANY);
    assert_in_range(ticks, 2, 9);
    kit_stop(&kit);

    begin_many(&kit, points, &limit);
    const struct sk_now now = kit_now(6000);
    for (uint32_t i = 0; i < MANY; i++)
        samples[i] = (struct sk_sample){
            .point = i, .kind = SK_KIND_NUMBER, .quality = GOOD, .number = 20, .recv_us = now.utc_us, .mono_us = now.mono_us};
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_samples(kit.engine, samples, MANY, NULL, 0, &now, kit.effects), SK_OK);
    assert_int_equal(count_records(&kit, SK_EV_ALARM_RAISED), MANY);
    assert_int_equal(count_records(&kit, SK_EV_ALARM_RETURNED), MANY);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_comm_lost),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_queued_sample),
        cmocka_unit_test(test_record_holds_what_decided),
        cmocka_unit_test(test_many_due_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
