/* SPDX-License-Identifier: Apache-2.0 */
/* Zones by who is inside, on a whole engine: nobody alone where two must be, at the door and inside; too many, too few; what is
 * said when events are missing; what a time that ran out or a late event changes, as a record of its own. */
#include "tests/unit/papers_kit.h"

enum { PEOPLE = 5, SERVER = 12 };

/* Person 5 has no right to the zone. */
static void begin(struct papers *run, struct sk_zone_rule rule)
{
    pk_begin(run, NULL);
    for (unsigned i = 1; i <= PEOPLE; i++)
        pk_person(run, i, SK_PERSON_STAFF, i < PEOPLE);
    struct sk_roster_change zone = rk_zone(SERVER, 3, 0, 0);
    rule.zone = SERVER;
    rule.class_ = 3;
    zone.zone = rule;
    pk_change(run, zone, 0);
}

#define SINGLE "zone:server/occ.single_in_two_person"
static const struct sk_zone_rule two = {.people_min = 2, .together_s = 30};

/* Two who badge before one opening, then both go in: several grants are normal, nothing rings. */
static void test_together(void **state)
{
    (void)state;
    static struct papers run;
    begin(&run, two);
    assert_string_equal(pk_pass(&run, SK_EV_ACC_GRANTED, 1, true, 1000), "E");
    assert_string_equal(pk_pass(&run, SK_EV_ACC_GRANTED, 2, true, 2000), "E");
    assert_string_equal(pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 4000), "E");
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_OUR_REASONS, SK_DENY_SECOND_AWAITED));
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_AGREEMENT), SK_AGREE);
    assert_string_equal(pk_pass(&run, SK_EV_ACC_TAKEN, 2, true, 5000), "E");
    assert_false(pk_lists(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_OUR_REASONS, SK_DENY_SECOND_AWAITED));
    assert_string_equal(pk_tick(&run, 600000), "");
    assert_int_equal(sk_engine_alarm_count(run.kit.engine), 0);
    /* and out again, one after the other */
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, false, 700000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 2, false, 729000);
    assert_string_equal(pk_tick(&run, 900000), "");
    assert_int_equal(sk_engine_alarm_count(run.kit.engine), 0);
    pk_end(&run);
}

/* Nobody follows: the entry is decided again when the time is over, and both alarms say so. */
static void test_alone(void **state)
{
    (void)state;
    static struct papers run;
    begin(&run, two);
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 1000);
    assert_string_equal(pk_tick(&run, 30800), "");
    pk_tick(&run, 31100);
    const struct sk_draft *supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    struct sk_body_item found;
    assert_int_equal(pk_item(supplement, SK_TAG_OLD_DECISION), SK_DECISION_GRANTED);
    assert_int_equal(pk_item(supplement, SK_TAG_OUR_DECISION), SK_DECISION_DENIED);
    assert_int_equal(pk_item(supplement, SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_true(pk_lists(supplement, SK_TAG_OUR_REASONS, SK_DENY_NO_ACCOMPANIMENT));
    assert_true(kit_item(supplement, SK_TAG_CAUSE, &found) && memcmp(found.bytes, "time_over", 9) == 0);
    assert_true(kit_item(supplement, SK_TAG_SUPPLEMENTS, &found) && memcmp(found.bytes, "1/1", found.length) == 0);
    assert_int_equal(supplement->header.ctrl_seq, 0); /* the passage keeps its number for itself */
    const struct sk_alarm *policy = pk_alarm(&run, "door:d1/policy");
    assert_non_null(policy);
    assert_int_equal(policy->severity, SK_SEV_CRITICAL);
    assert_string_equal(policy->detail, "x:NoAccompaniment (late: time_over)");
    pk_tick(&run, 32000);
    const struct sk_alarm *single = pk_alarm(&run, SINGLE);
    assert_non_null(single);
    assert_string_equal(single->detail, "1 < 2");
    assert_string_equal(pk_tick(&run, 600000), "");
    pk_end(&run);
}

static void test_unauthorised_second(void **state)
{
    (void)state;
    static struct papers run;
    begin(&run, two);
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 1000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 5, true, 5000);
    pk_tick(&run, 31100);
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_REASONS, SK_DENY_WRONG_ACCOMPANIMENT));
    pk_end(&run);
}

/* One leaves: the one who stays has the zone's time; coming back in time ends it, gone for good rings. */
static void test_left_alone(void **state)
{
    (void)state;
    static struct papers run;
    begin(&run, two);
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 1000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 2, true, 2000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 2, false, 100000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 2, true, 129000);
    assert_string_equal(pk_tick(&run, 500000), "");
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, false, 600000);
    assert_string_equal(pk_tick(&run, 629000), "");
    assert_string_equal(pk_tick(&run, 630500), "R");
    assert_non_null(pk_alarm(&run, SINGLE));
    assert_string_equal(pk_pass(&run, SK_EV_ACC_TAKEN, 3, true, 640000), "EN");
    pk_end(&run);
}

/* Events of the door are missing: it rings and says so, and what is seen meanwhile clears nothing. */
static void test_gaps(void **state)
{
    (void)state;
    static struct papers run;
    begin(&run, two);
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 1000);
    run.seq++; /* lost */
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, false, 4000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 5000);
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_GAPS), 1);
    pk_tick(&run, 36000);
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_REASONS, SK_DENY_NO_ACCOMPANIMENT));
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_DECISION), SK_DECISION_UNKNOWN);
    assert_null(pk_alarm(&run, "door:d1/policy")); /* not certain */
    assert_non_null(pk_alarm(&run, SINGLE));
    assert_string_equal(pk_alarm(&run, SINGLE)->detail, "1 < 2; events missing");
    pk_pass(&run, SK_EV_ACC_TAKEN, 2, true, 40000);
    assert_true((pk_alarm(&run, SINGLE)->bits & SK_ALARM_BIT_ACTIVE) != 0);
    /* it comes: the second was there all the time */
    struct sk_access_event late = pk_event(SK_EV_ACC_TAKEN, 3, true, 2, 45000);
    late.t_ctrl_us = kit_now(6000).utc_us;
    kit_event_feed(&run.kit, &late, 45000);
    pk_step(&run);
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_DECISION), SK_DECISION_GRANTED);
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OLD_DECISION), SK_DECISION_UNKNOWN);
    assert_true((pk_alarm(&run, SINGLE)->bits & SK_ALARM_BIT_ACTIVE) == 0);
    pk_end(&run);
}

/* A late event that shows an earlier grant to have been wrong: a supplement and a late alarm; and one that clears a denial. */
static void test_late(void **state)
{
    (void)state;
    static struct papers run;
    struct sk_body_item found;
    begin(&run, (struct sk_zone_rule){.passback = SK_PASSBACK_HARD});
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 1000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, false, 5000);
    run.seq++; /* 3: in again, late */
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 20000);
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_AGREEMENT), SK_AGREE);
    struct sk_access_event late = pk_event(SK_EV_ACC_TAKEN, 1, true, 3, 21000);
    late.t_ctrl_us = kit_now(10000).utc_us;
    kit_event_feed(&run.kit, &late, 21000);
    pk_step(&run);
    const struct sk_draft *supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_true(pk_lists(supplement, SK_TAG_OUR_REASONS, SK_DENY_ANTIPASSBACK_HARD));
    assert_true(kit_item(supplement, SK_TAG_SUPPLEMENTS, &found) && found.length == 3 && memcmp(found.bytes, "1/4", 3) == 0);
    assert_true(kit_item(supplement, SK_TAG_CAUSE, &found) && memcmp(found.bytes, "late_event", 10) == 0);
    assert_string_equal(pk_alarm(&run, "door:d1/policy")->detail, "x:AntipassbackHard (late: late_event)");
    /* out between the two, later still: the denial does not stand */
    late = pk_event(SK_EV_ACC_TAKEN, 1, false, 5, 30000);
    late.t_ctrl_us = kit_now(15000).utc_us;
    kit_event_feed(&run.kit, &late, 30000);
    pk_step(&run);
    supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_int_equal(pk_item(supplement, SK_TAG_OLD_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_int_equal(pk_item(supplement, SK_TAG_AGREEMENT), SK_AGREE);
    assert_non_null(pk_alarm(&run, "door:d1/policy")); /* a person ends it */
    pk_end(&run);
}

static void test_limits(void **state)
{
    (void)state;
    static struct papers run;
    begin(&run, (struct sk_zone_rule){.occ_max = 2, .occ_min = 1, .together_s = 10});
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 1000);
    pk_pass(&run, SK_EV_ACC_TAKEN, 2, true, 2000);
    assert_string_equal(pk_pass(&run, SK_EV_ACC_TAKEN, 3, true, 3000), "ERR"); /* unauthorised, and too many inside */
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_OUR_REASONS, SK_DENY_OCC_UPPER));
    assert_string_equal(pk_alarm(&run, "zone:server/occ.max")->detail, "3 > 2");
    assert_string_equal(pk_pass(&run, SK_EV_ACC_TAKEN, 3, false, 4000), "EN");
    pk_pass(&run, SK_EV_ACC_TAKEN, 2, false, 5000);
    assert_false(pk_lists(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_OUR_REASONS, SK_DENY_OCC_LOWER));
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, false, 6000);
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_OUR_REASONS, SK_DENY_OCC_LOWER));
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_OUR_DECISION), SK_DECISION_GRANTED);
    assert_string_equal(pk_tick(&run, 15000), "");
    assert_string_equal(pk_tick(&run, 16500), "R");
    assert_string_equal(pk_alarm(&run, "zone:server/occ.min")->detail, "0 < 1");
    struct sk_roster_change none = rk_zone(SERVER, 3, 0, 0);
    pk_change(&run, none, 20000); /* the rule goes, and its alarm with it */
    assert_true((pk_alarm(&run, "zone:server/occ.min")->bits & SK_ALARM_BIT_ACTIVE) == 0);
    pk_end(&run);
}

/* A restart while the second person is awaited changes nothing: the same supplement comes at the same time. */
static void test_restart(void **state)
{
    (void)state;
    static struct papers run, again;
    static struct {
        char key[SK_PENDING_KEY_MAX];
        uint8_t bytes[SK_PENDING_BYTES_MAX];
        size_t length;
    } rows[64];
    size_t count = 0;
    begin(&run, two);
    pk_pass(&run, SK_EV_ACC_TAKEN, 1, true, 1000);
    for (size_t i = 0; i < sk_effects_count(run.kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(run.kit.effects, i);
        if (effect->kind != SK_EFFECT_PENDING_PUT)
            continue;
        sk_text_copy(rows[count].key, SK_PENDING_KEY_MAX, effect->pending.key);
        memcpy(rows[count].bytes, effect->pending.bytes, effect->pending.length);
        rows[count++].length = effect->pending.length;
    }
    memset(&again, 0, sizeof again);
    kit_site(&again.kit);
    assert_int_equal(sk_effects_create(&again.kit.effects), SK_OK);
    assert_int_equal(sk_engine_create(&again.kit.site, "boot-a", &again.kit.engine), SK_OK);
    const struct sk_roster *roster = sk_engine_roster(run.kit.engine);
    const struct sk_roster_view view = {roster, UINT64_MAX, SK_NEVER};
    static const struct sk_roster_act act = {"", "", "", "", 0};
    static const uint16_t families[] = {SK_EV_PERSON_CREATED, SK_EV_CREDENTIAL_ISSUED, SK_EV_AUTH_GRANTED, SK_EV_ZONE_RULE,
                                        SK_EV_SCHEDULE_PUT};
    uint64_t version = 0;
    for (size_t f = 0; f < SK_COUNT(families); f++)
        for (size_t i = 0; i < sk_roster_count(roster, families[f]); i++) {
            struct sk_body body;
            struct sk_roster_change what = *sk_roster_get(&view, families[f], sk_roster_entity_at(roster, families[f], i));
            what.version = ++version;
            sk_body_init(&body);
            sk_roster_change_write(&what, &act, &body);
            assert_int_equal(sk_engine_restore_roster(again.kit.engine, what.ev, body.bytes, body.writer.length), SK_OK);
        }
    const struct sk_now now = kit_now(10000);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sk_engine_restore_pending(again.kit.engine, rows[i].key, rows[i].bytes, rows[i].length, &now), SK_OK);
    assert_int_equal(sk_engine_start(again.kit.engine, &now, again.kit.effects), SK_OK);
    kit_tick(&again.kit, 30800);
    assert_null(kit_record(&again.kit, SK_EV_ACC_SUPPLEMENT));
    kit_tick(&again.kit, 31100);
    kit_tick(&run.kit, 31100);
    const struct sk_draft *a = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), *b = kit_record(&again.kit, SK_EV_ACC_SUPPLEMENT);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(pk_item(a, SK_TAG_OUR_DECISION), pk_item(b, SK_TAG_OUR_DECISION));
    assert_int_equal(pk_item(a, SK_TAG_AS_OF_US), pk_item(b, SK_TAG_AS_OF_US));
    assert_memory_equal(a->header.subject, b->header.subject, SK_SUBJECT_SIZE);
    const struct sk_access_event next = pk_event(SK_EV_ACC_TAKEN, 2, true, 2, 40000); /* the ring goes on where it stood */
    kit_event_feed(&again.kit, &next, 40000);
    bool kept = false;
    for (size_t i = 0; i < sk_effects_count(again.kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(again.kit.effects, i);
        kept |= effect->kind == SK_EFFECT_PENDING_PUT && strcmp(effect->pending.key, "case/1") == 0;
    }
    assert_true(kept);
    kit_stop(&again.kit);
    pk_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together),   cmocka_unit_test(test_alone),   cmocka_unit_test(test_unauthorised_second),
        cmocka_unit_test(test_left_alone), cmocka_unit_test(test_gaps),    cmocka_unit_test(test_late),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
