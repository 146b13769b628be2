/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an occurrence: acknowledge in either order, idempotent, by occurrence; comments; conditions of the monitor. */
#include "tests/unit/engine_kit.h"

static const struct sk_actor operator_1 = {.id = "op1", .roles = 1 << SK_ROLE_OPERATOR, .address = "192.0.2.7"};

static void begin(struct kit *kit)
{
    kit_site(kit);
    kit_limit(kit, 0, (struct sk_limit){.condition = SK_COND_UPPER_CAUTION, .reading = 27, .severity = SK_SEV_MEDIUM});
    kit_start(kit);
}

static enum sk_err acknowledge(struct kit *kit, uint64_t occurrence, const char *comment, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    sk_effects_clear(kit->effects);
    return sk_engine_acknowledge(kit->engine, occurrence, comment, &operator_1, &now, kit->effects);
}

/* H high, L low, a acknowledge: what is open after each step, whichever way round. */
static void test_orders(void **state)
{
    (void)state;
    static const struct {
        const char *name, *steps;
        enum sk_alarm_state last;
        size_t open;
    } rows[] = {
        {"active", "H", SK_ALARM_UNACK, 1},
        {"acknowledged", "Ha", SK_ALARM_ACKED, 1},
        {"returned", "HL", SK_ALARM_RTN_UNACK, 1},
        {"acknowledged, returned", "HaL", SK_ALARM_NORMAL, 0},
        {"returned, acknowledged", "HLa", SK_ALARM_NORMAL, 0},
        {"twice acknowledged", "HaaL", SK_ALARM_NORMAL, 0},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct kit kit;
        struct sk_alarm last = {0};
        begin(&kit);
        for (const char *step = rows[i].steps; *step != '\0'; step++) {
            const int64_t ms = step - rows[i].steps;
            if (*step == 'a')
                assert_int_equal(acknowledge(&kit, 1, "", ms), SK_OK);
            else
                kit_feed(&kit, 0, *step == 'H' ? 30 : 20, SK_Q_GOOD, 0, 0, ms);
            for (size_t k = 0; k < sk_effects_count(kit.effects); k++)
                if (sk_effects_at(kit.effects, k)->kind == SK_EFFECT_ALARM)
                    last = *sk_effects_at(kit.effects, k)->alarm;
        }
        sk_check(sk_alarm_state_of(last.bits) == rows[i].last, rows[i].name);
        sk_check(sk_engine_alarm_count(kit.engine) == rows[i].open, rows[i].name);
        kit_stop(&kit);
    }
}

static void test_acknowledge_is_idempotent_and_by_occurrence(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit_feed(&kit, 0, 30, SK_Q_GOOD, 0, 0, 0);
    assert_int_equal(acknowledge(&kit, 1, "on my way", 10), SK_OK);
    assert_string_equal(kit_story(&kit), "A");
    const struct sk_draft *draft = kit_record(&kit, SK_EV_ALARM_ACK);
    struct sk_body_item item;
    assert_true(kit_item(draft, SK_TAG_ACTOR, &item) && item.length == 3 && memcmp(item.bytes, "op1", 3) == 0);
    assert_true(kit_item(draft, SK_TAG_COMMENT, &item) && memcmp(item.bytes, "on my way", 9) == 0);
    assert_true(kit_item(draft, SK_TAG_ACTOR_ADDRESS, &item));
    assert_int_equal(acknowledge(&kit, 1, "", 11), SK_OK);
    assert_int_equal(sk_effects_count(kit.effects), 0);
    assert_int_equal(sk_engine_alarm(kit.engine, 0)->acked_us, kit_now(10).utc_us);
    assert_int_equal(acknowledge(&kit, 2, "", 12), SK_ERR_NOT_FOUND);
    kit_feed(&kit, 0, 20, SK_Q_GOOD, 0, 0, 13);
    assert_int_equal(acknowledge(&kit, 1, "", 14), SK_ERR_NOT_FOUND);
    kit_feed(&kit, 0, 30, SK_Q_GOOD, 0, 0, 15); /* a new occurrence: the old page cannot acknowledge it */
    assert_int_equal(sk_engine_alarm(kit.engine, 0)->occurrence, 2);
    assert_int_equal(acknowledge(&kit, 1, "", 16), SK_ERR_NOT_FOUND);
    kit_stop(&kit);
}

static void test_returned_ones_stay_open_beside_the_new(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    for (int i = 0; i < 200; i++)
        kit_feed(&kit, 0, i % 2 == 0 ? 30 : 20, SK_Q_GOOD, 0, 0, i);
    assert_int_equal(sk_engine_alarm_count(kit.engine), 100);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(sk_engine_alarm(kit.engine, i)->occurrence, i + 1);
    assert_int_equal(acknowledge(&kit, 50, "", 300), SK_OK);
    assert_int_equal(sk_engine_alarm_count(kit.engine), 99);
    assert_null(sk_engine_alarm(kit.engine, 99));
    kit_stop(&kit);
}

static void test_comment(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit_feed(&kit, 0, 30, SK_Q_GOOD, 0, 0, 0);
    const struct sk_now now = kit_now(5);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_comment(kit.engine, 1, "fan \xff looks slow", &operator_1, &now, kit.effects), SK_OK);
    assert_string_equal(kit_story(&kit), "m");
    assert_int_equal(sk_engine_comment(kit.engine, 9, "", &operator_1, &now, kit.effects), SK_ERR_NOT_FOUND);
    kit_stop(&kit);
}

static void test_news_take_the_acknowledgement_back(void **state)
{
    (void)state;
    struct kit kit;
    kit_site(&kit);
    kit_limit(&kit, 5, (struct sk_limit){.condition = SK_COND_STATE, .states = 0xE, .severity = SK_SEV_HIGH});
    kit_start(&kit);
    kit_feed(&kit, 5, 2, SK_Q_GOOD, 0, 0, 0);
    assert_string_equal(sk_engine_alarm(kit.engine, 0)->detail, "OB");
    assert_int_equal(acknowledge(&kit, 1, "", 1), SK_OK);
    kit_feed(&kit, 5, 2 | 8, SK_Q_GOOD, 0, 0, 2);
    assert_string_equal(sk_engine_alarm(kit.engine, 0)->detail, "OB,OVER");
    assert_int_equal(sk_alarm_state_of(sk_engine_alarm(kit.engine, 0)->bits), SK_ALARM_UNACK);
    assert_int_equal(acknowledge(&kit, 1, "", 3), SK_OK);
    kit_feed(&kit, 5, 8, SK_Q_GOOD, 0, 0, 4); /* less than was acknowledged: told, not asked again */
    assert_int_equal(sk_alarm_state_of(sk_engine_alarm(kit.engine, 0)->bits), SK_ALARM_ACKED);
    kit_stop(&kit);
}

/* The controller tells "wet" and "at 7.5 m" in one read, the state first: the alarm must know the spot all the same. */
static void test_a_leak_names_its_spot(void **state)
{
    (void)state;
    static const struct sk_spot spots[] = {{0, 6, "under CRAC1"}, {6, 12, "between rows A and B"}};
    struct kit kit;
    kit_site(&kit);
    kit.points[4].name = "leak.zone.state";
    kit.points[0].name = "leak.position_m";
    kit.devices[0].point_count = KIT_POINTS;
    kit.devices[0].spots = spots;
    kit.devices[0].spot_count = 2;
    kit_limit(&kit, 4, (struct sk_limit){.condition = SK_COND_STATE, .states = 2, .severity = SK_SEV_CRITICAL});
    kit_start(&kit);
    const struct {
        double metre;
        uint8_t quality;
        const char *place;
    } rows[] = {
        {7.5, SK_Q_GOOD, "room 1 7.5 m between rows A and B"},
        {40, SK_Q_GOOD, "room 1 40.0 m"},
        {3, SK_Q_NOT_CONNECTED, "room 1"},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        const int64_t ms = 1000 * (int64_t)i;
        const struct sk_sample wet[] = {kit_sample(&kit, 4, 1, SK_Q_GOOD, ms),
                                        kit_sample(&kit, 0, rows[i].metre, rows[i].quality, ms)};
        const struct sk_sample dry = kit_sample(&kit, 4, 0, SK_Q_GOOD, ms + 500);
        const struct sk_now now = kit_now(ms), later = kit_now(ms + 500);
        sk_effects_clear(kit.effects);
        assert_int_equal(sk_engine_samples(kit.engine, wet, 2, NULL, 0, &now, kit.effects), SK_OK);
        assert_string_equal(sk_engine_alarm(kit.engine, i)->place, rows[i].place);
        assert_int_equal(sk_engine_samples(kit.engine, &dry, 1, NULL, 0, &later, kit.effects), SK_OK);
    }
    kit_stop(&kit);
}

static void test_system_conditions(void **state)
{
    (void)state;
    struct kit kit;
    char name[32];
    begin(&kit);
    const struct sk_now now = kit_now(1);
    const struct {
        const char *name;
        bool active;
        enum sk_severity severity;
        const char *story;
        size_t open;
    } rows[] = {
        {"log.writable", false, SK_SEV_CRITICAL, "", 0}, {"log.writable", true, SK_SEV_HIGH, "R", 1},
        {"log.writable", true, SK_SEV_HIGH, "", 1},      {"log.writable", true, SK_SEV_CRITICAL, "C", 1},
        {"time.synced", true, SK_SEV_LOW, "R", 2},       {"log.writable", false, SK_SEV_CRITICAL, "N", 2},
        {"log.writable", true, SK_SEV_HIGH, "R", 3},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        sk_effects_clear(kit.effects);
        assert_int_equal(sk_engine_system(kit.engine, rows[i].name, rows[i].active, rows[i].severity, "why", &now, kit.effects),
                         SK_OK);
        sk_check(strcmp(kit_story(&kit), rows[i].story) == 0, rows[i].story);
        assert_int_equal(sk_engine_alarm_count(kit.engine), rows[i].open);
    }
    assert_string_equal(sk_engine_alarm(kit.engine, 0)->source, "system:log.writable");
    for (int i = 0; i < 254; i++) { /* of the 256 in the monitor's own pool, less the two above */
        sk_text_format(name, sizeof name, "n%d", i);
        assert_int_equal(sk_engine_system(kit.engine, name, true, SK_SEV_LOW, "", &now, kit.effects), SK_OK);
    }
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_system(kit.engine, "one too many", true, SK_SEV_LOW, "", &now, kit.effects), SK_ERR_FULL);
    assert_string_equal(kit_story(&kit), "R");
    const struct sk_alarm *full = sk_engine_alarm(kit.engine, sk_engine_alarm_count(kit.engine) - 1);
    assert_string_equal(full->source, "system:alarms.full");
    assert_string_equal(full->detail, "system: no room beside 256 alarms at once, first one too many");
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_system(kit.engine, "another", true, SK_SEV_LOW, "", &now, kit.effects), SK_ERR_FULL);
    assert_int_equal(sk_engine_system(kit.engine, "card:c-1/late", true, SK_SEV_LOW, "", &now, kit.effects),
                     SK_OK); /* its own pool */
    kit_tick(&kit, 900000 + 2);
    assert_string_equal(kit_story(&kit), "N"); /* a quarter of an hour after the last one refused */
    assert_int_equal(sk_engine_system(kit.engine, "", true, SK_SEV_LOW, "", &now, kit.effects), SK_ERR_INVALID);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_acknowledge_is_idempotent_and_by_occurrence),
        cmocka_unit_test(test_returned_ones_stay_open_beside_the_new),
        cmocka_unit_test(test_comment),
        cmocka_unit_test(test_news_take_the_acknowledgement_back),
        cmocka_unit_test(test_a_leak_names_its_spot),
        cmocka_unit_test(test_system_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
