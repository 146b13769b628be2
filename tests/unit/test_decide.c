/* SPDX-License-Identifier: Apache-2.0 */
/* The second decision by rows: every ONVIF reason of denial and every rule of ours, then 100 000 random passages (scaled: 5
 * 000) through a whole engine, computed again from its records alone. */
#include "collector/engine/decide.h"

#include <stdlib.h>

#include "collector/engine/replay.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

static struct sk_zone *tokyo;
static struct sk_roster *roster;

static int make_roster(void **state)
{
    (void)state;
    assert_int_equal(sk_roster_create(&roster), SK_OK);
    sk_roster_set_zone(roster, tokyo);
    rk_world(roster, tokyo);
    return 0;
}

static int drop_roster(void **state)
{
    (void)state;
    sk_roster_free(roster);
    return 0;
}

enum {
    G = SK_DECISION_GRANTED,
    D = SK_DECISION_DENIED,
    U = SK_DECISION_UNKNOWN,
    CARD = 1 << SK_FACTOR_CARD,
    VEIN = 1 << SK_FACTOR_VEIN,
    PIN = 1 << SK_FACTOR_PIN,
    IN = 0,
    OUT = 1,
    NO_CARD = 0,
    UNKNOWN_CARD = 999
};
#define DAY "2026-11-20T10:00:00+09:00" /* a Friday */

static const struct {
    const char *name;
    unsigned card;
    const char *at;
    uint16_t to;
    uint8_t out;
    uint16_t claimed, site;
    uint8_t ctrl;
    uint16_t ctrl_reason;
    uint8_t ours, agreement;
    uint16_t reasons[4];
} rows[] = {
    {"all is well", 1, DAY, 12, IN, CARD | VEIN, CARD | VEIN, G, 0, G, SK_AGREE, {0}},
    /* the controller's ONVIF reasons, one by one, where our roster says the same, and where it does not */
    {"CredentialNotEnabled, blocked here too",
     22,
     DAY,
     12,
     IN,
     CARD,
     CARD,
     D,
     SK_DENY_NOT_ENABLED,
     D,
     SK_AGREE,
     {SK_DENY_NOT_ENABLED}},
    {"CredentialNotEnabled, but enabled here", 1, DAY, 12, IN, CARD, CARD, D, SK_DENY_NOT_ENABLED, G, SK_DISAGREE_DENIED, {0}},
    {"CredentialNotActive, before its day",
     7,
     "2026-03-31T23:59:59.999999+09:00",
     12,
     IN,
     CARD,
     CARD,
     D,
     SK_DENY_NOT_ACTIVE,
     D,
     SK_AGREE,
     {SK_DENY_NOT_ACTIVE}},
    {"CredentialNotActive on its first day",
     7,
     "2026-04-01T00:00:00+09:00",
     12,
     IN,
     CARD,
     CARD,
     D,
     SK_DENY_NOT_ACTIVE,
     G,
     SK_DISAGREE_DENIED,
     {0}},
    {"last moment of the last day", 7, "2026-06-30T23:59:59.999999+09:00", 12, IN, CARD, CARD, G, 0, G, SK_AGREE, {0}},
    {"CredentialExpired: the midnight after its last day",
     7,
     "2026-07-01T00:00:00+09:00",
     12,
     IN,
     CARD,
     CARD,
     D,
     SK_DENY_EXPIRED,
     D,
     SK_AGREE,
     {SK_DENY_EXPIRED}},
    {"InvalidPIN is no quarrel",
     1,
     DAY,
     12,
     IN,
     CARD,
     CARD | PIN,
     D,
     SK_DENY_INVALID_PIN,
     D,
     SK_AGREE,
     {SK_DENY_FACTOR_MISSING}},
    {"InvalidPIN of a full set neither", 1, DAY, 12, IN, CARD | PIN, CARD | PIN, D, SK_DENY_INVALID_PIN, G, SK_AGREE, {0}},
    {"NotPermittedAtThisTime: evening",
     4,
     "2026-11-20T18:00:00+09:00",
     12,
     IN,
     CARD,
     CARD,
     D,
     SK_DENY_TIME,
     D,
     SK_AGREE,
     {SK_DENY_TIME}},
    {"NotPermittedAtThisTime: a holiday",
     4,
     "2026-11-23T10:00:00+09:00",
     12,
     IN,
     CARD,
     CARD,
     D,
     SK_DENY_TIME,
     D,
     SK_AGREE,
     {SK_DENY_TIME}},
    {"within the schedule", 4, DAY, 12, IN, CARD, CARD, G, 0, G, SK_AGREE, {0}},
    {"Unauthorized", 5, DAY, 12, IN, CARD, CARD, D, SK_DENY_UNAUTHORIZED, D, SK_AGREE, {SK_DENY_UNAUTHORIZED}},
    {"pt:InvalidIdentifierValue is no quarrel",
     1,
     DAY,
     12,
     IN,
     CARD | VEIN,
     CARD | VEIN,
     D,
     SK_DENY_INVALID_IDENTIFIER,
     G,
     SK_AGREE,
     {0}},
    {"CredentialNotFound", UNKNOWN_CARD, DAY, 12, IN, CARD, CARD, D, SK_DENY_NOT_FOUND, D, SK_AGREE, {SK_DENY_NOT_FOUND}},
    {"Other, of a good card", 1, DAY, 12, IN, CARD, CARD, D, SK_DENY_OTHER, G, SK_DISAGREE_DENIED, {0}},
    {"x:Antipassback of the controller alone", 1, DAY, 12, IN, CARD, CARD, D, SK_DENY_ANTIPASSBACK, G, SK_DISAGREE_DENIED, {0}},
    {"x:FactorTimeout", 1, DAY, 12, IN, CARD, CARD | VEIN, D, SK_DENY_FACTOR_TIMEOUT, D, SK_AGREE, {SK_DENY_FACTOR_MISSING}},
    {"x:MaxAttempts", 1, DAY, 12, IN, CARD | PIN, CARD | PIN, D, SK_DENY_MAX_ATTEMPTS, G, SK_AGREE, {0}},
    /* granted, and our roster says no */
    {"granted to nobody", UNKNOWN_CARD, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_NOT_FOUND}},
    {"granted to a leaver", 2, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_PERSON_NOT_VALID}},
    {"a leaver on his last evening", 2, "2026-03-31T23:59:59+09:00", 12, IN, CARD, CARD, G, 0, G, SK_AGREE, {0}},
    {"a right that ran out", 8, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_UNAUTHORIZED}},
    {"one factor where two are wanted",
     1,
     DAY,
     12,
     IN,
     CARD,
     CARD | VEIN,
     G,
     0,
     D,
     SK_DISAGREE_GRANTED,
     {SK_DENY_FACTOR_MISSING}},
    {"factors not known where two are wanted",
     1,
     DAY,
     12,
     IN,
     0,
     CARD | VEIN,
     G,
     0,
     U,
     SK_AGREE_UNKNOWN,
     {SK_DENY_FACTOR_UNKNOWN}},
    {"factors not known where one is", 1, DAY, 12, IN, 0, CARD, G, 0, G, SK_AGREE, {0}},
    {"locked out", 21, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_NOT_ENABLED}},
    {"lost", 23, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_CREDENTIAL_LOST}},
    {"stolen", 24, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_CREDENTIAL_LOST}},
    {"damaged", 25, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_NOT_ENABLED}},
    {"destroyed", 26, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_NOT_ENABLED}},
    {"long unused", 27, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_NOT_ENABLED}},
    {"expired by order", 28, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_NOT_ENABLED}},
    {"due for renewal", 29, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_NOT_ENABLED}},
    {"returned", 84, DAY, 12, IN, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_CREDENTIAL_RETURNED}},
    {"class 3 without another's approval",
     6,
     DAY,
     12,
     IN,
     CARD,
     CARD,
     G,
     0,
     D,
     SK_DISAGREE_GRANTED,
     {SK_DENY_APPROVAL_MISSING}},
    {"class 1 needs none", 6, DAY, 13, IN, CARD, CARD, G, 0, G, SK_AGREE, {0}},
    {"all failing rules, in order",
     5,
     DAY,
     12,
     IN,
     CARD,
     CARD | VEIN,
     G,
     0,
     D,
     SK_DISAGREE_GRANTED,
     {SK_DENY_UNAUTHORIZED, SK_DENY_FACTOR_MISSING}},
    {"a year without holidays",
     4,
     "2029-11-20T10:00:00+09:00",
     12,
     IN,
     CARD,
     CARD,
     G,
     0,
     U,
     SK_AGREE_UNKNOWN,
     {SK_DENY_NO_CALENDAR}},
    {"no credential in the event", NO_CARD, DAY, 12, IN, CARD, CARD, G, 0, U, SK_AGREE_UNKNOWN, {SK_DENY_NO_IDENTIFIER}},
    /* leaving and the outside */
    {"a leaver goes out", 2, DAY, 13, OUT, CARD, CARD, G, 0, G, SK_AGREE, {0}},
    {"a lost card goes out", 23, DAY, 13, OUT, CARD, CARD, G, 0, D, SK_DISAGREE_GRANTED, {SK_DENY_CREDENTIAL_LOST}},
    {"outside is everybody's", 5, DAY, 11, IN, CARD, CARD, G, 0, G, SK_AGREE, {0}},
    {"no decision of a controller", 1, DAY, 12, IN, CARD, CARD, 0, 0, G, SK_AGREE_NONE, {0}},
};

static struct sk_decide_input input_of(size_t i)
{
    return (struct sk_decide_input){.has_identifier = rows[i].card != NO_CARD,
                                    .identifier = rk_card(rows[i].card),
                                    .has_place = true,
                                    .entry = rows[i].out == IN,
                                    .zone_from = 11,
                                    .zone_to = rows[i].to,
                                    .door = 1,
                                    .factors_claimed = rows[i].claimed,
                                    .factors_site = rows[i].site,
                                    .ctrl_decision = rows[i].ctrl,
                                    .ctrl_reason = rows[i].ctrl_reason};
}

static void check_reasons(const struct sk_second_decision *out, const uint16_t *reasons, size_t most, const char *name)
{
    size_t count = 0;
    while (count < most && reasons[count] != 0)
        count++;
    sk_check(out->reason_count == count, name);
    for (size_t k = 0; k < count; k++)
        sk_check(out->reasons[k] == reasons[k], name);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_second_decision out;
        const struct sk_decide_input input = input_of(i);
        const struct sk_roster_view view = {roster, UINT64_MAX, rk_at(rows[i].at)};
        sk_decide(&view, &input, &out);
        sk_check(out.decision == rows[i].ours, rows[i].name);
        sk_check(out.agreement == rows[i].agreement, rows[i].name);
        check_reasons(&out, rows[i].reasons, SK_COUNT(rows[i].reasons), rows[i].name);
    }
}

static void test_door_rule(void **state)
{
    (void)state;
    struct sk_second_decision out;
    struct sk_decide_input input = input_of(0);
    input.door = 9;
    input.factors_site = input.factors_claimed = CARD;
    const struct sk_roster_view day = {roster, UINT64_MAX, rk_at(DAY)},
                                night = {roster, UINT64_MAX, rk_at("2026-11-20T20:00:00+09:00")};
    sk_decide(&day, &input, &out);
    assert_int_equal(out.factors_required, CARD | PIN);
    assert_int_equal(out.decision, SK_DECISION_DENIED);
    sk_decide(&night, &input, &out);
    assert_int_equal(out.factors_required, CARD);
    assert_int_equal(out.decision, SK_DECISION_GRANTED);
}

static const struct {
    const char *name;
    uint16_t last;
    int64_t age_s;
    uint16_t from, to;
    uint8_t ours;
    uint16_t reasons[2];
} passback[] = {
    {"soft: told, not denied", 13, 60, 11, 13, G, {SK_DENY_ANTIPASSBACK}},
    {"hard: should have been denied", 14, 60, 11, 14, D, {SK_DENY_ANTIPASSBACK_HARD}},
    {"hard, however long ago", 14, 864000, 11, 14, D, {SK_DENY_ANTIPASSBACK_HARD}},
    {"timed, within", 15, 599, 11, 15, D, {SK_DENY_ANTIPASSBACK_TIMED}},
    {"timed, over", 15, 600, 11, 15, G, {0}},
    {"came out in between", 11, 60, 11, 14, G, {0}},
    {"seen elsewhere", 14, 60, 11, 13, G, {SK_DENY_UNEXPECTED_LOCATION}},
    {"a room that is left unseen", 12, 60, 11, 13, G, {0}},
};

static void test_passback(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(passback); i++) {
        struct sk_second_decision out;
        struct sk_trail trail = {0};
        struct sk_decide_input input = input_of(0);
        const struct sk_roster_view view = {roster, UINT64_MAX, rk_at(DAY)};
        sk_trail_add(&trail, view.at_us - passback[i].age_s * SK_US_PER_S, passback[i].last);
        input.trail = &trail;
        input.zone_from = passback[i].from;
        input.zone_to = passback[i].to;
        sk_decide(&view, &input, &out);
        sk_check(out.decision == passback[i].ours, passback[i].name);
        check_reasons(&out, passback[i].reasons, SK_COUNT(passback[i].reasons), passback[i].name);
    }
}

/* Another's approval is another human being's: accounts are looked behind where the grant says whose they were. */
static void test_approver_behind_account(void **state)
{
    static const struct {
        const char *name, *applicant, *approver, *applicant_person, *approver_person;
        bool approved;
    } grants[] = {{"two accounts of nobody", "day", "boss", "", "", true},
                  {"one account of nobody", "boss", "boss", "", "", false},
                  {"two accounts of two people", "day", "boss", "p-8", "p-9", true},
                  {"two accounts of one person", "day", "night", "p-9", "p-9", false},
                  {"his account, and he himself", "p-9", "night", "", "p-9", false},
                  {"he himself, and his account", "day", "p-9", "p-9", "", false},
                  {"the holder's account", "day", "night", "p-8", "p-1", false},
                  {"the holder himself", "day", "p-1", "p-8", "", false},
                  {"the holder applied", "day", "boss", "p-1", "p-9", true}};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(grants); i++) {
        struct sk_roster *own;
        struct sk_second_decision out;
        assert_int_equal(sk_roster_create(&own), SK_OK);
        for (size_t k = 0; k < RK_BASE; k++)
            rk_put(own, rk_base(k));
        rk_rules(own);
        rk_put(own, rk_person(1));
        rk_put(own, rk_credential(1, 1, 1, SK_CRED_ENABLED));
        struct sk_roster_change grant = rk_right(1, 1, 12, "always");
        sk_text_copy(grant.authorization.applicant, SK_WHO_MAX, grants[i].applicant);
        sk_text_copy(grant.authorization.approver, SK_WHO_MAX, grants[i].approver);
        rk_behind(&grant, grants[i].applicant_person, grants[i].approver_person);
        rk_put(own, grant);
        const struct sk_decide_input input = input_of(0); /* his card at a door of class 3 */
        const struct sk_roster_view view = {own, UINT64_MAX, rk_at(DAY)};
        sk_decide(&view, &input, &out);
        sk_check(out.person != NULL, grants[i].name);
        bool missing = false;
        for (size_t k = 0; k < out.reason_count; k++)
            missing |= out.reasons[k] == SK_DENY_APPROVAL_MISSING;
        sk_check(missing == !grants[i].approved, grants[i].name);
        sk_roster_free(own);
    }
}

static void test_empty_roster(void **state)
{
    (void)state;
    struct sk_roster *empty;
    struct sk_second_decision out;
    const struct sk_decide_input input = input_of(0);
    assert_int_equal(sk_roster_create(&empty), SK_OK);
    const struct sk_roster_view view = {empty, 0, rk_at(DAY)};
    sk_decide(&view, &input, &out);
    assert_int_equal(out.decision, SK_DECISION_UNKNOWN);
    assert_int_equal(out.agreement, SK_AGREE_UNKNOWN);
    assert_int_equal(out.reason_count, 0);
    sk_roster_free(empty);
}

/* --- an engine on random passages and roster changes; its records alone say the same --- */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

enum { PEOPLE = 40 };

struct run {
    struct kit kit;
    struct sk_replay *replay;
    uint64_t seed;
    unsigned credential, right;
    size_t judged, disagreed, supplements;
};

/* Every record of the step through the replay, as a reader of the log would get it. */
static void replay_step(struct run *run)
{
    for (size_t i = 0; i < sk_effects_count(run->kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(run->kit.effects, i);
        struct sk_replayed out;
        if (effect->kind != SK_EFFECT_RECORD)
            continue;
        const struct sk_record record = {effect->record->header, effect->record->body.bytes,
                                         effect->record->body.writer.length};
        assert_true(sk_body_done(&effect->record->body));
        assert_int_equal(sk_replay_record(run->replay, &record, &out), SK_OK);
        run->judged += out.judged && !out.supplement;
        run->supplements += out.supplement;
        run->disagreed += out.judged && out.ours.agreement == SK_DISAGREE_GRANTED;
        if (out.judged && !out.same)
            fail_msg("record of 0x%04x is decided otherwise: seed %llu", record.header.ev, (unsigned long long)run->seed);
    }
    assert_int_equal(sk_replay_owed(run->replay), 0); /* nothing was changed without a word */
}

static void change(struct run *run, struct sk_roster_change what, int64_t ms)
{
    static const struct sk_roster_act act = {"admin", "", "why", "test", 64};
    const struct sk_now now = kit_now(ms);
    sk_effects_clear(run->kit.effects);
    assert_int_equal(sk_engine_roster_change(run->kit.engine, &what, &act, &now, run->kit.effects), SK_OK);
    replay_step(run);
}

static void random_change(struct run *run, int64_t ms)
{
    const unsigned person = 1 + next_random(&run->seed) % PEOPLE, which = next_random(&run->seed) % 4;
    struct sk_roster_change what;
    if (which == 0) {
        what = rk_credential(run->credential, person, 1000 + run->credential, SK_CRED_ENABLED);
        run->credential++;
    } else if (which == 1) {
        what = rk_credential(person, person, person, (uint8_t)(next_random(&run->seed) % 10));
        what.ev = SK_EV_CREDENTIAL_STATE;
    } else if (which == 2) {
        what = rk_right(run->right++, person, (uint16_t)(12 + next_random(&run->seed) % 2), "office");
    } else {
        what = rk_zone(12, 3, (uint8_t)(next_random(&run->seed) % 4), 300);
        what.zone.people_min = (uint8_t)(next_random(&run->seed) % 4);
        what.zone.together_s = 1 + next_random(&run->seed) % 40;
        what.zone.occ_max = (uint16_t)(next_random(&run->seed) % 30);
        what.zone.occ_min = what.zone.occ_max > 2 ? (uint16_t)(next_random(&run->seed) % 3) : 0;
    }
    /* effective at once, in the past or in the future */
    what.effective_us = kit_now(ms).utc_us + ((int64_t)(next_random(&run->seed) % 3) - 1) * 3600 * SK_US_PER_S;
    change(run, what, ms);
}

static void random_passage(struct run *run, uint64_t seq, int64_t ms)
{
    static const uint16_t events[] = {SK_EV_ACC_GRANTED, SK_EV_ACC_TAKEN, SK_EV_ACC_TAKEN, SK_EV_ACC_NOT_TAKEN,
                                      SK_EV_ACC_DENIED};
    static const uint16_t reasons[] = {SK_DENY_OTHER, SK_DENY_INVALID_PIN, SK_DENY_EXPIRED, SK_DENY_UNAUTHORIZED};
    struct sk_access_event event = kit_event(events[next_random(&run->seed) % SK_COUNT(events)], 1, seq, ms);
    event.reader = (int32_t)(next_random(&run->seed) % 2);
    event.has_identifier_hmac = next_random(&run->seed) % 20 != 0;
    event.identifier_hmac = rk_card(1 + next_random(&run->seed) % (PEOPLE + 3));
    event.factors = (uint16_t)(next_random(&run->seed) % 4);
    if (next_random(&run->seed) % 4 == 0) /* late, up to three hours */
        event.t_ctrl_us -= (int64_t)(next_random(&run->seed) % 10800) * SK_US_PER_S;
    if (event.ev == SK_EV_ACC_DENIED) {
        event.decision = SK_DECISION_DENIED;
        event.reason = reasons[next_random(&run->seed) % SK_COUNT(reasons)];
    }
    kit_event_feed(&run->kit, &event, ms);
    replay_step(run);
}

static void test_recomputed(void **state)
{
    (void)state;
    const char *full = getenv("SK_TEST_FULL");
    const uint64_t passages = full != NULL && strcmp(full, "1") == 0 ? 100000 : 5000;
    static struct run run; /* the kit is large */
    run = (struct run){.seed = 20261120, .credential = PEOPLE + 1, .right = 2 * PEOPLE + 1};
    kit_site(&run.kit);
    kit_start(&run.kit);
    sk_engine_set_zone(run.kit.engine, tokyo);
    assert_int_equal(sk_replay_create(tokyo, &run.replay), SK_OK);
    for (size_t i = 0; i < RK_BASE; i++)
        change(&run, rk_base(i), 0);
    for (unsigned i = 1; i <= PEOPLE; i++) {
        change(&run, rk_person(i), 0);
        change(&run, rk_credential(i, i, i, SK_CRED_ENABLED), 0);
        change(&run, rk_right(2 * i - 1, i, 12, i % 3 == 0 ? "office" : "always"), 0);
        change(&run, rk_right(2 * i, i, 13, "always"), 0);
    }
    struct sk_roster_change way = {.ev = SK_EV_WAY_RULE, .entity = "way:21", .way = {11, 12, 21, 5}};
    change(&run, way, 0);
    for (uint64_t i = 0; i < passages; i++) {
        kit_tick(&run.kit, (int64_t)i * 7000); /* times run out between passages */
        replay_step(&run);
        random_passage(&run, i + 1, (int64_t)i * 7000);
        if (next_random(&run.seed) % 50 == 0)
            random_change(&run, (int64_t)i * 7000 + 1);
    }
    assert_int_equal(run.judged, passages);
    assert_true(run.disagreed > passages / 50 && run.disagreed < passages);
    assert_true(run.supplements > passages / 100);
    assert_int_equal(sk_roster_version(sk_replay_roster(run.replay)), sk_roster_version(sk_engine_roster(run.kit.engine)));
    for (size_t i = 0; i < PEOPLE; i++) { /* where they are follows from the records too */
        uint16_t zone = 0, again = 0;
        int64_t since = 0, since_again = 0;
        assert_int_equal(sk_engine_where(run.kit.engine, i, &zone, &since),
                         sk_replay_where(run.replay, i, &again, &since_again));
        assert_int_equal(zone, again);
        assert_int_equal(since, since_again);
    }
    sk_replay_free(run.replay);
    kit_stop(&run.kit);
}

/* The highest alarm, once per grant, with the reasons in it; denied-but-authorised raises none. */
static void test_alarms(void **state)
{
    (void)state;
    static struct run run;
    struct sk_body_item item;
    run = (struct run){.seed = 1};
    kit_site(&run.kit);
    run.kit.readers[0].factors_required = CARD | VEIN;
    kit_start(&run.kit);
    sk_engine_set_zone(run.kit.engine, tokyo);
    assert_int_equal(sk_replay_create(tokyo, &run.replay), SK_OK);
    for (size_t i = 0; i < RK_BASE; i++)
        change(&run, rk_base(i), 0);
    change(&run, rk_person(1), 0);
    change(&run, rk_credential(1, 1, 1, SK_CRED_ENABLED), 0);
    change(&run, rk_right(1, 1, 12, "always"), 0);
    static const struct {
        const char *name;
        uint16_t ev;
        unsigned card;
        uint16_t factors;
        uint8_t decision;
        const char *story, *source;
    } steps[] = {
        {"good", SK_EV_ACC_GRANTED, 1, CARD | VEIN, G, "E", NULL},
        {"good, used", SK_EV_ACC_TAKEN, 1, CARD | VEIN, G, "E", NULL},
        {"denied though authorised", SK_EV_ACC_DENIED, 1, CARD | VEIN, D, "E", NULL},
        {"nobody's card", SK_EV_ACC_GRANTED, 7, CARD | VEIN, G, "ER", "door:d1/policy"},
        {"and it was used: one alarm", SK_EV_ACC_TAKEN, 7, CARD | VEIN, G, "E", NULL},
        {"factors not told", SK_EV_ACC_GRANTED, 1, 0, G, "EfR", "door:d1/factor"},
    };
    for (size_t i = 0; i < SK_COUNT(steps); i++) {
        struct sk_access_event event = kit_event(steps[i].ev, 1, i + 1, (int64_t)i * 1000);
        event.decision = steps[i].decision;
        event.reason = steps[i].decision == D ? SK_DENY_OTHER : 0;
        event.factors = steps[i].factors;
        event.has_identifier_hmac = true;
        event.identifier_hmac = rk_card(steps[i].card);
        kit_event_feed(&run.kit, &event, (int64_t)i * 1000);
        sk_check(strcmp(kit_story(&run.kit), steps[i].story) == 0, steps[i].name);
        const struct sk_draft *raised = kit_record(&run.kit, SK_EV_ALARM_RAISED), *entry = kit_record(&run.kit, steps[i].ev);
        if (steps[i].source != NULL)
            sk_check(kit_item(raised, SK_TAG_OBJECT, &item) || raised != NULL, steps[i].name);
        sk_check((entry->header.subject[0] == 1) == (steps[i].card == 1), steps[i].name); /* the person's tag */
    }
    const struct sk_alarm *first = sk_engine_alarm(run.kit.engine, 0);
    assert_string_equal(first->source, "door:d1/policy");
    assert_string_equal(first->detail, "CredentialNotFound");
    assert_int_equal(first->severity, SK_SEV_CRITICAL);
    assert_int_equal(first->condition, SK_COND_ACCESS);
    assert_string_equal(sk_engine_alarm(run.kit.engine, 1)->source, "door:d1/factor");
    sk_replay_free(run.replay);
    kit_stop(&run.kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_door_rule),
        cmocka_unit_test(test_passback),     cmocka_unit_test(test_approver_behind_account),
        cmocka_unit_test(test_empty_roster), cmocka_unit_test(test_recomputed),
        cmocka_unit_test(test_alarms),
    };
    if (sk_zone_load("Asia/Tokyo", &tokyo, NULL) != SK_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, make_roster, drop_roster);
    sk_zone_free(tokyo);
    return failed;
}
