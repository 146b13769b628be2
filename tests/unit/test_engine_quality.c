/* SPDX-License-Identifier: Apache-2.0 */
/* What is not a value is told too: points that stay without one, ages of values that do not change, silence that was ours, and
 * what a person said or may believe about an alarm that goes on. */
#include "tests/unit/engine_kit.h"

static const struct sk_actor operator_1 = {.id = "op1", .roles = 1 << SK_ROLE_OPERATOR};

/* Two seconds to CommLost, so the device's default is the shortest there is: 10 s. */
static void begin(struct kit *kit)
{
    kit_site(kit);
    kit->devices[0].point_count = KIT_POINTS;
    kit->devices[0].comm_lost_ms = 2000;
    kit->devices[0].comm_severity = SK_SEV_HIGH;
    kit->devices[0].period_ms = 1000;
}

/* One second of the device's life: all points answer, those of `bad` with that quality. */
static const char *second(struct kit *kit, int64_t s, unsigned bad, uint8_t quality, uint8_t reason)
{
    struct sk_sample samples[KIT_POINTS];
    const struct sk_now now = kit_now(s * 1000);
    for (uint32_t i = 0; i < KIT_POINTS; i++) {
        const bool is_bad = (bad >> i & 1) != 0;
        samples[i] = kit_sample(kit, i, i == 7 ? 0 : i == 6 ? (double)s : 1, is_bad ? quality : SK_Q_GOOD, s * 1000);
        samples[i].reason = is_bad ? reason : SK_WHY_NONE;
    }
    sk_effects_clear(kit->effects);
    assert_int_equal(sk_engine_tick(kit->engine, &now, kit->effects), SK_OK);
    assert_int_equal(sk_engine_samples(kit->engine, samples, KIT_POINTS, NULL, 0, &now, kit->effects), SK_OK);
    return kit_story(kit);
}

static void quiet(struct kit *kit, int64_t from_s, int64_t to_s, unsigned bad, uint8_t quality, uint8_t reason)
{
    for (int64_t s = from_s; s <= to_s; s++)
        assert_string_equal(second(kit, s, bad, quality, reason), "");
}

static const struct sk_alarm *alarm_of(const struct kit *kit, int condition)
{
    for (size_t i = 0; i < sk_engine_alarm_count(kit->engine); i++)
        if (sk_engine_alarm(kit->engine, i)->condition == condition)
            return sk_engine_alarm(kit->engine, i);
    return NULL;
}

static void test_points_that_stay_without_a_value(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit_start(&kit);
    quiet(&kit, 1, 2, 0, 0, 0);
    quiet(&kit, 3, 12, 2, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
    assert_string_equal(second(&kit, 13, 2, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS), "R");
    const struct sk_alarm *alarm = alarm_of(&kit, SK_COND_STALE);
    assert_string_equal(alarm->source, "dev");
    assert_string_equal(alarm->detail, "1 points without a usable value: t2");
    assert_int_equal(alarm->severity, SK_SEV_HIGH);
    const struct sk_now now = kit_now(13500);
    assert_int_equal(sk_engine_acknowledge(kit.engine, 1, "", &operator_1, &now, kit.effects), SK_OK);
    quiet(&kit, 14, 17, 2, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
    quiet(&kit, 18, 19, 7, SK_Q_SENSOR_FAILURE, SK_WHY_NONE);
    assert_string_equal(second(&kit, 20, 7, SK_Q_SENSOR_FAILURE, SK_WHY_NONE), "C");
    assert_int_equal(sk_alarm_state_of(alarm_of(&kit, SK_COND_STALE)->bits), SK_ALARM_UNACK);
    quiet(&kit, 21, 25, 7, SK_Q_SENSOR_FAILURE, SK_WHY_NONE);
    assert_string_equal(alarm_of(&kit, SK_COND_STALE)->detail, "3 points without a usable value: t, t2, t3");
    quiet(&kit, 26, 35, 0, 0, 0);
    assert_string_equal(second(&kit, 36, 0, 0, 0), "N");
    kit_stop(&kit);
}

static void test_what_is_no_lasting_bad_quality(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned before, bad;
        uint8_t quality, reason;
        bool own_limit, rings;
    } rows[] = {
        {"the device says: no value", 0, 1, SK_Q_NOT_CONNECTED, SK_WHY_SENTINEL, false, false},
        {"sentinel of another quality", 0, 1, SK_Q_BAD, SK_WHY_SENTINEL, false, false},
        {"sensor failure", 0, 1, SK_Q_SENSOR_FAILURE, SK_WHY_SENTINEL, false, true},
        {"never had one: the profile's point is not there", 1, 1, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS, false, false},
        {"none ever had one", 0x7F, 0x7F, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS, false, true},
        {"its own Stale limit tells", 0, 1, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS, true, false},
        {"had one", 0, 1, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS, false, true},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct kit kit;
        begin(&kit);
        kit.points[0].stale_ms = 3600000;
        if (rows[i].own_limit)
            kit_limit(&kit, 0, (struct sk_limit){.condition = SK_COND_STALE});
        kit_start(&kit);
        second(&kit, 1, rows[i].before, rows[i].quality, rows[i].reason);
        for (int64_t s = 2; s < 40; s++)
            second(&kit, s, rows[i].bad, rows[i].quality, rows[i].reason);
        sk_check((alarm_of(&kit, SK_COND_STALE) != NULL) == rows[i].rings, rows[i].name);
        assert_null(alarm_of(&kit, SK_COND_COMM_LOST));
        kit_stop(&kit);
    }
}

static void test_a_stale_point_of_a_device_that_answers(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.points[0].stale_ms = 3000;
    kit.points[1].stale_ms = 3000; /* never polled: says nothing */
    kit_start(&kit);
    kit_feed(&kit, 0, 1, SK_Q_GOOD, 0, 0, 1000);
    for (int64_t ms = 2000; ms < 13900; ms += 500) {
        kit_tick(&kit, ms);
        kit_feed(&kit, 2, 1, SK_Q_GOOD, 0, 0, ms);
    }
    assert_int_equal(sk_engine_alarm_count(kit.engine), 0);
    kit_tick(&kit, 14000);
    assert_string_equal(kit_story(&kit), "R");
    assert_string_equal(alarm_of(&kit, SK_COND_STALE)->detail, "1 points without a usable value: t");
    kit_stop(&kit);
}

/* A silent device rings once. */
static void test_comm_lost_is_not_doubled(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit_start(&kit);
    second(&kit, 1, 0, 0, 0);
    for (int64_t s = 2; s < 60; s++)
        second(&kit, s, 0x7F, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT); /* 7 is device.comm: told to be well, so */
    assert_non_null(alarm_of(&kit, SK_COND_STALE));
    kit_stop(&kit);
    begin(&kit);
    kit_start(&kit);
    second(&kit, 1, 0, 0, 0);
    for (int64_t s = 2; s < 60; s++)
        second(&kit, s, 0xFF, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT);
    assert_non_null(alarm_of(&kit, SK_COND_COMM_LOST));
    assert_int_equal(sk_engine_alarm_count(kit.engine), 1);
    assert_string_equal(second(&kit, 60, 2, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT), "N");
    quiet(&kit, 61, 69, 2, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
    assert_string_equal(second(&kit, 70, 2, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS), "R");
    kit_stop(&kit);
}

/* The driver says "normal" every second for whoever looks; nothing came from the device. One that is no repetition is a sign of
 * life. */
static void test_repeated_normal_is_no_sign_of_life(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t flags;
        bool rings;
    } rows[] = {{"repeated", SK_SAMPLE_REFRESH, true}, {"a live message came", 0, false}};
    for (size_t i = 0; i < 2; i++) {
        struct kit kit;
        begin(&kit);
        kit_start(&kit);
        second(&kit, 1, 0, 0, 0);
        for (int64_t s = 2; s < 9; s++) {
            kit_feed(&kit, 7, 0, SK_Q_GOOD, SK_WHY_NONE, rows[i].flags, s * 1000);
            kit_tick(&kit, s * 1000);
        }
        if ((alarm_of(&kit, SK_COND_COMM_LOST) != NULL) != rows[i].rings)
            fail_msg("%s", rows[i].name);
        kit_stop(&kit);
    }
}

/* Our own poller does not run: values grow old, and nobody is blamed. Seeing again, each has its time once more. */
static void test_an_unwatched_link_blames_nobody(void **state)
{
    (void)state;
    static struct sk_link links[1];
    struct kit kit;
    struct sk_now now;
    begin(&kit);
    links[0] = (struct sk_link){.id = "l"};
    kit.site.links = links;
    kit.site.link_count = 1;
    kit.devices[0].link = 0;
    for (uint32_t i = 0; i < KIT_POINTS; i++)
        kit.points[i].stale_ms = 5000;
    kit_limit(&kit, 0, (struct sk_limit){.condition = SK_COND_STALE, .severity = SK_SEV_HIGH});
    kit_start(&kit);
    second(&kit, 1, 0, 0, 0);
    now = kit_now(2000);
    assert_int_equal(sk_engine_blind(kit.engine, 0, true, &now, kit.effects), SK_OK);
    assert_int_equal(sk_engine_blind(kit.engine, 0, true, &now, kit.effects), SK_OK); /* two pollers serve it */
    assert_int_equal(sk_engine_blind(kit.engine, 0, false, &now, kit.effects), SK_OK);
    for (int64_t s = 3; s < 60; s++)
        kit_tick(&kit, s * 1000);
    assert_int_equal(sk_engine_alarm_count(kit.engine), 0);
    assert_int_not_equal(sk_engine_point(kit.engine, 0)->sample.quality, SK_Q_GOOD);
    now = kit_now(60000);
    assert_int_equal(sk_engine_blind(kit.engine, 0, false, &now, kit.effects), SK_OK);
    assert_int_equal(sk_engine_blind(kit.engine, 0, false, &now, kit.effects), SK_ERR_INVALID);
    kit_tick(&kit, 61900);
    assert_int_equal(sk_engine_alarm_count(kit.engine), 0);
    kit_tick(&kit, 62100);
    assert_non_null(alarm_of(&kit, SK_COND_COMM_LOST));
    kit_tick(&kit, 65100);
    assert_non_null(alarm_of(&kit, SK_COND_STALE)); /* the point's own: it never spoke again */
    kit_stop(&kit);
}

struct carried {
    char key[SK_PENDING_KEY_MAX];
    uint8_t bytes[SK_PENDING_BYTES_MAX];
    size_t length;
};

/* The newest row of that key in the effects; length 0: none. */
static struct carried row_of(const struct kit *kit, const char *key)
{
    struct carried row = {0};
    for (size_t i = 0; i < sk_effects_count(kit->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(kit->effects, i);
        if (effect->kind != SK_EFFECT_PENDING_PUT || strcmp(effect->pending.key, key) != 0)
            continue;
        sk_text_copy(row.key, sizeof row.key, key);
        memcpy(row.bytes, effect->pending.bytes, effect->pending.length);
        row.length = effect->pending.length;
    }
    return row;
}

static void restart(struct kit *kit, const struct carried *row, const struct sk_alarm *alarm, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    sk_engine_free(kit->engine);
    sk_effects_clear(kit->effects);
    assert_int_equal(sk_engine_create(&kit->site, "boot-a", &kit->engine), SK_OK);
    if (alarm != NULL)
        assert_int_equal(sk_engine_restore_alarm(kit->engine, alarm), SK_OK);
    if (row != NULL)
        assert_int_equal(sk_engine_restore_pending(kit->engine, row->key, row->bytes, row->length, &now), SK_OK);
    assert_int_equal(sk_engine_start(kit->engine, &now, kit->effects), SK_OK);
}

static void test_bad_quality_over_a_restart(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit_start(&kit);
    second(&kit, 1, 0, 0, 0);
    second(&kit, 2, 3, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
    const struct carried row = row_of(&kit, "cond/dev/Stale");
    assert_true(row.length > 0);
    restart(&kit, &row, NULL, 30000); /* while it counted: nobody has seen a value since, so it must be shown anew */
    quiet(&kit, 31, 39, 3, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
    for (int64_t s = 40; s < 44; s++)
        second(&kit, s, 3, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
    assert_non_null(alarm_of(&kit, SK_COND_STALE));
    struct sk_alarm alarm = *alarm_of(&kit, SK_COND_STALE);
    alarm.bits |= SK_ALARM_BIT_ACKED;
    restart(&kit, NULL, &alarm, 45000); /* while it rang: neither returned nor asked again */
    quiet(&kit, 46, 70, 3, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
    assert_int_equal(sk_alarm_state_of(alarm_of(&kit, SK_COND_STALE)->bits), SK_ALARM_ACKED);
    quiet(&kit, 71, 80, 0, 0, 0);
    assert_string_equal(second(&kit, 81, 0, 0, 0), "N");
    kit_stop(&kit);
}

/* --- our own stops --- */

static void test_a_stop_of_ours_is_nobodys_silence(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.points[0].stale_ms = 3000;
    kit_limit(&kit, 0, (struct sk_limit){.condition = SK_COND_STALE});
    kit_start(&kit);
    quiet(&kit, 1, 3, 0, 0, 0);
    const struct sk_now woken = kit_now(11000);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_stalled(kit.engine, 7 * SK_US_PER_S, &woken, kit.effects), SK_OK);
    assert_string_equal(kit_story(&kit), "I");
    struct sk_body_item item;
    assert_true(kit_item(kit_record(&kit, SK_EV_SYS_INTERRUPTED), SK_TAG_INTERVAL_FROM_US, &item));
    kit_tick(&kit, 11000);
    assert_string_equal(kit_story(&kit), "");
    kit_tick(&kit, 11900); /* it had spoken a second before we stopped */
    assert_string_equal(kit_story(&kit), "");
    kit_tick(&kit, 14000);
    assert_string_equal(kit_story(&kit), "RR"); /* and is silent now */
    kit_stop(&kit);
}

/* What waited in two sockets is taken one after the other: the first one's newest sample is no proof of the other's silence. */
static void test_what_waited_is_taken_before_anything_falls_due(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit_limit(&kit, 1, (struct sk_limit){.condition = SK_COND_UPPER_CAUTION, .reading = 27, .dwell_ms = 3000});
    kit.points[1].device = 1;
    kit.devices[1].comm_lost_ms = 2000;
    kit_start(&kit);
    kit_feed(&kit, 0, 1, SK_Q_GOOD, 0, 0, 1000);
    kit_feed(&kit, 1, 30, SK_Q_GOOD, 0, 0, 1000);
    const struct sk_now now = kit_now(8000);
    sk_effects_clear(kit.effects);
    sk_engine_hold(kit.engine, true);
    for (uint32_t point = 0; point < 2; point++)
        for (int64_t ms = 2000; ms < 8000; ms += 1000) {
            const struct sk_sample sample = kit_sample(&kit, point, 20, SK_Q_GOOD, ms);
            assert_int_equal(sk_engine_samples(kit.engine, &sample, 1, NULL, 0, &now, kit.effects), SK_OK);
        }
    assert_int_equal(sk_engine_tick(kit.engine, &now, kit.effects), SK_OK);
    sk_engine_hold(kit.engine, false);
    assert_int_equal(sk_engine_tick(kit.engine, &now, kit.effects), SK_OK);
    assert_string_equal(kit_story(&kit), "");
    kit_tick(&kit, 9100);
    assert_string_equal(kit_story(&kit), "RiR"); /* silent since 7 s, both; the second is a controller */
    kit_stop(&kit);
}

/* --- what is told of an alarm that goes on --- */

static const char *event_at(struct kit *kit, uint64_t seq, int64_t ms)
{
    const struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, 1, seq, ms);
    kit_event_feed(kit, &event, ms);
    return sk_engine_alarm_count(kit->engine) == 0 ? "" : sk_engine_alarm(kit->engine, 0)->detail;
}

static void test_a_gap_says_how_much_is_missing_now(void **state)
{
    (void)state;
    struct kit kit;
    kit_site(&kit);
    kit_start(&kit);
    event_at(&kit, 1, 0);
    event_at(&kit, 11, 100);
    kit_tick(&kit, 5200);
    assert_string_equal(kit_story(&kit), "R");
    assert_string_equal(event_at(&kit, 22, 5300), "2-10; 1 holes, 9 missing"); /* not each at once */
    event_at(&kit, 33, 5400);
    kit_tick(&kit, 10200);
    assert_string_equal(kit_story(&kit), "C");
    assert_string_equal(sk_engine_alarm(kit.engine, 0)->detail, "2-10; 3 holes, 29 missing");
    const struct sk_now now = kit_now(10300);
    assert_int_equal(sk_engine_acknowledge(kit.engine, 1, "", &operator_1, &now, kit.effects), SK_OK);
    event_at(&kit, 34, 12000);
    kit_tick(&kit, 20000); /* nothing more is missing: still believed to be dealt with */
    assert_int_equal(sk_alarm_state_of(sk_engine_alarm(kit.engine, 0)->bits), SK_ALARM_ACKED);
    event_at(&kit, 5, 21000);
    kit_tick(&kit, 25000); /* less is */
    assert_string_equal(sk_engine_alarm(kit.engine, 0)->detail, "2-4; 4 holes, 28 missing");
    assert_int_equal(sk_alarm_state_of(sk_engine_alarm(kit.engine, 0)->bits), SK_ALARM_ACKED);
    event_at(&kit, 50, 29000);
    kit_tick(&kit, 30000);
    assert_int_equal(sk_alarm_state_of(sk_engine_alarm(kit.engine, 0)->bits), SK_ALARM_UNACK);
    kit_stop(&kit);
}

static void test_what_the_second_person_says_is_kept(void **state)
{
    (void)state;
    static const struct sk_actor operator_2 = {.id = "op2", .roles = 1 << SK_ROLE_OPERATOR};
    struct kit kit;
    struct sk_body_item item;
    kit_site(&kit);
    kit_limit(&kit, 0, (struct sk_limit){.condition = SK_COND_UPPER_CAUTION, .reading = 27});
    kit_start(&kit);
    kit_feed(&kit, 0, 30, SK_Q_GOOD, 0, 0, 0);
    const struct sk_now now = kit_now(10);
    assert_int_equal(sk_engine_acknowledge(kit.engine, 1, "on my way", &operator_1, &now, kit.effects), SK_OK);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_acknowledge(kit.engine, 1, "", &operator_2, &now, kit.effects), SK_OK);
    assert_int_equal(sk_effects_count(kit.effects), 0);
    assert_int_equal(sk_engine_acknowledge(kit.engine, 1, "it is the fan", &operator_2, &now, kit.effects), SK_OK);
    assert_string_equal(kit_story(&kit), "m");
    assert_true(kit_item(kit_record(&kit, SK_EV_ALARM_COMMENT), SK_TAG_ACTOR, &item) && memcmp(item.bytes, "op2", 3) == 0);
    assert_string_equal(sk_engine_alarm(kit.engine, 0)->acked_by, "op1");
    kit_stop(&kit);
}

static void test_rate_knows_only_measured_values(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t quality, reason;
    } rows[] = {{"beyond the range", SK_Q_EU_EXCEEDED, SK_WHY_OVER_RANGE}, {"retained", SK_Q_UNCERTAIN, SK_WHY_RETAINED}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct kit kit;
        kit_site(&kit);
        kit_limit(&kit, 0, (struct sk_limit){.condition = SK_COND_RATE_OF_CHANGE, .reading = 5, .window_ms = 60000});
        kit_start(&kit);
        kit_feed(&kit, 0, 20, SK_Q_GOOD, 0, 0, 1000);
        kit_feed(&kit, 0, 400, rows[i].quality, rows[i].reason, 0, 2000);
        kit_feed(&kit, 0, 21, SK_Q_GOOD, 0, 0, 3000);
        sk_check(sk_engine_alarm_count(kit.engine) == 0, rows[i].name);
        kit_feed(&kit, 0, 30, rows[i].quality, rows[i].reason, 0, 4000);
        kit_feed(&kit, 0, 30, SK_Q_GOOD, 0, 0, 5000); /* measured now, though the number is the same */
        sk_check(sk_engine_alarm_count(kit.engine) == 1, rows[i].name);
        kit_stop(&kit);
    }
}

static size_t points_shown(const struct kit *kit)
{
    size_t shown = 0;
    for (size_t i = 0; i < sk_effects_count(kit->effects); i++)
        shown += sk_effects_at(kit->effects, i)->kind == SK_EFFECT_POINT;
    return shown;
}

static void test_a_value_that_stays_shows_its_age(void **state)
{
    (void)state;
    struct kit kit;
    size_t shown = 0;
    kit_site(&kit);
    kit_start(&kit);
    kit_feed(&kit, 0, 20, SK_Q_GOOD, 0, 0, 0);
    for (int64_t ms = 500; ms <= 60000; ms += 500) {
        kit_feed(&kit, 0, 20, SK_Q_GOOD, 0, SK_SAMPLE_REFRESH, ms);
        shown += points_shown(&kit);
    }
    assert_int_equal(shown, 6);
    kit_stop(&kit);
}

/* --- what only plays says so --- */

static void test_controllers_of_a_simulated_link(void **state)
{
    (void)state;
    struct sk_link link = {.id = "sim", .simulated = true};
    struct kit kit;
    kit_site(&kit);
    kit.devices[1].link = kit.devices[0].link = 0;
    kit.site.links = &link;
    kit.site.link_count = 1;
    kit_start(&kit);
    const struct sk_now now = kit_now(100);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_malformed(kit.engine, 1, "t", "x", "abc", 3, &now, kit.effects), SK_OK);
    assert_int_equal(sk_engine_malformed(kit.engine, 0, "t", "x", "abc", 3, &now, kit.effects), SK_OK); /* counted */
    assert_string_equal(kit_story(&kit), "xRx");
    for (size_t i = 0; i < sk_effects_count(kit.effects); i++)
        if (sk_effects_at(kit.effects, i)->kind == SK_EFFECT_RECORD)
            assert_int_equal(sk_effects_at(kit.effects, i)->record->header.flags & SK_FLAG_SIMULATED, SK_FLAG_SIMULATED);
    struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, 1, 1, 200);
    event.simulated = true;
    kit_event_feed(&kit, &event, 200);
    event.seq = 5;
    event.t_ctrl_us += 60 * SK_US_PER_S;
    kit_event_feed(&kit, &event, 300);
    assert_int_equal(kit_record(&kit, SK_EV_CTRL_SKEW)->header.flags & SK_FLAG_SIMULATED, SK_FLAG_SIMULATED);
    kit_tick(&kit, 6000);
    assert_string_equal(kit_story(&kit), "R");
    assert_int_equal(kit_record(&kit, SK_EV_ALARM_RAISED)->header.flags & SK_FLAG_SIMULATED, SK_FLAG_SIMULATED);
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++)
        assert_true((sk_engine_alarm(kit.engine, i)->bits & SK_ALARM_BIT_SIMULATED) != 0);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_that_stay_without_a_value),
        cmocka_unit_test(test_what_is_no_lasting_bad_quality),
        cmocka_unit_test(test_a_stale_point_of_a_device_that_answers),
        cmocka_unit_test(test_comm_lost_is_not_doubled),
        cmocka_unit_test(test_an_unwatched_link_blames_nobody),
        cmocka_unit_test(test_repeated_normal_is_no_sign_of_life),
        cmocka_unit_test(test_bad_quality_over_a_restart),
        cmocka_unit_test(test_a_stop_of_ours_is_nobodys_silence),
        cmocka_unit_test(test_what_waited_is_taken_before_anything_falls_due),
        cmocka_unit_test(test_a_gap_says_how_much_is_missing_now),
        cmocka_unit_test(test_what_the_second_person_says_is_kept),
        cmocka_unit_test(test_rate_knows_only_measured_values),
        cmocka_unit_test(test_a_value_that_stays_shows_its_age),
        cmocka_unit_test(test_controllers_of_a_simulated_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
