/* SPDX-License-Identifier: Apache-2.0 */
/* Tailgating row by row: what the counter, the controller and the contact say, and what may be concluded from it. Then the
 * surplus that a person must resolve in time, what a restart makes of it, and racks, keys and readers as records. */
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

enum { IN = 0, OUT = 1, RESOLVE_MS = 60000 };

static struct kit kit;
static struct sk_profile counter, rack, keys, bio;
static uint64_t seq;
static double counts[2];

/* dev is the people counter of door d1: points 0 and 1 are in and out. */
static void begin(void)
{
    kit_site(&kit);
    counter = (struct sk_profile){.id = "pc", .kind = SK_DEV_COUNTER};
    kit.devices[0].profile = &counter;
    kit.devices[0].point_count = 2;
    kit.points[0].name = "people.count.in";
    kit.points[1].name = "people.count.out";
    kit.doors[0].counter = 1;
    kit.doors[0].resolve_ms = RESOLVE_MS;
    kit.doors[0].passage_ms = 15000;
    kit.doors[0].release_ms = 5000;
    seq = 0;
    counts[IN] = counts[OUT] = 100;
    kit_start(&kit);
    kit_feed(&kit, IN, counts[IN], SK_Q_GOOD, 0, 0, 0);
    kit_feed(&kit, OUT, counts[OUT], SK_Q_GOOD, 0, 0, 0);
}

static size_t inferred;
static char derivation[128];
static double confidence;
static uint64_t count;

static void look(void)
{
    struct sk_body_item item;
    for (size_t i = 0; i < sk_effects_count(kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(kit.effects, i);
        if (effect->kind != SK_EFFECT_RECORD || effect->record->header.ev != SK_EV_TAIL_INFERRED)
            continue;
        const struct sk_draft *draft = effect->record;
        inferred++;
        assert_true(kit_item(draft, SK_TAG_LIFECYCLE, &item) && memcmp(item.bytes, "Inferred", 8) == 0);
        assert_true(kit_item(draft, SK_TAG_CAMERAS, &item));
        assert_true(kit_item(draft, SK_TAG_CONFIDENCE, &item));
        confidence = sk_item_f64(&item);
        assert_true(kit_item(draft, SK_TAG_DERIVATION, &item));
        memcpy(derivation, item.bytes, item.length);
        derivation[item.length] = '\0';
        count = kit_item(draft, SK_TAG_COUNT, &item) ? sk_item_u64(&item) : 0;
    }
}

static void say(uint16_t ev, bool out, int64_t ms)
{
    struct sk_access_event event = kit_event(ev, 1, ++seq, ms);
    event.t_ctrl_us = event.recv_us;
    event.reader = out;
    kit_event_feed(&kit, &event, ms);
    look();
}

static void phys(uint8_t state, int64_t ms)
{
    struct sk_access_event event = kit_event(SK_EV_DOOR_PHYS, 1, ++seq, ms);
    event.t_ctrl_us = event.recv_us;
    event.state = state;
    kit_event_feed(&kit, &event, ms);
    look();
}

static void walk(int way, double people, int64_t ms)
{
    counts[way] += people;
    kit_feed(&kit, (uint32_t)way, counts[way], SK_Q_GOOD, 0, 0, ms);
    look();
}

static void tick(int64_t ms)
{
    kit_tick(&kit, ms);
    look();
}

static bool stands(void)
{
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++)
        if (strcmp(sk_engine_alarm(kit.engine, i)->source, "door:d1/counter") == 0 &&
            (sk_engine_alarm(kit.engine, i)->bits & SK_ALARM_BIT_ACTIVE) != 0)
            return true;
    return false;
}

static const struct {
    const char *name;
    unsigned granted, taken, not_taken, rex;
    double in, out;
    bool hole;
    size_t inferred;
    uint64_t count;
    double confidence;
} rows[] = {
    {"one badge, one person", 1, 1, 0, 0, 1, 0, false, 0, 0, 0},
    {"one badge, two people", 1, 1, 0, 0, 2, 0, false, 1, 1, 0.8},
    {"one badge, four people", 1, 1, 0, 0, 4, 0, false, 1, 3, 0.8},
    {"two badges before one opening", 2, 1, 0, 0, 2, 0, false, 0, 0, 0},
    {"two badges, one let lapse, two people", 2, 1, 1, 0, 2, 0, false, 1, 1, 0.8},
    {"people without any badge", 0, 0, 0, 0, 1, 0, false, 1, 1, 0.8},
    {"the counter missed one", 1, 1, 0, 0, 0, 0, false, 0, 0, 0},
    {"out without a badge", 0, 0, 0, 0, 0, 1, false, 1, 1, 0.8},
    {"out by the exit button", 0, 0, 0, 1, 0, 2, false, 0, 0, 0},
    {"in beside somebody's exit button", 0, 0, 0, 1, 1, 1, false, 1, 1, 0.8},
    {"events are missing: less sure", 1, 1, 0, 0, 2, 0, true, 1, 1, 0.3},
};

static void test_counter_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        begin();
        inferred = 0;
        for (unsigned k = 0; k < rows[i].granted; k++)
            say(SK_EV_ACC_GRANTED, false, 1000);
        for (unsigned k = 0; k < rows[i].rex; k++)
            say(SK_EV_ACC_REX, false, 1000);
        seq += rows[i].hole ? 2 : 0;
        for (unsigned k = 0; k < rows[i].taken; k++)
            say(SK_EV_ACC_TAKEN, false, 2000);
        for (unsigned k = 0; k < rows[i].not_taken; k++)
            say(SK_EV_ACC_NOT_TAKEN, false, 2500);
        if (rows[i].hole)
            say(SK_EV_ACC_DENIED, false, 2600);
        walk(IN, rows[i].in, 3000);
        walk(OUT, rows[i].out, 3000);
        tick(12999);
        assert_int_equal(inferred, 0); /* not before it is quiet */
        tick(13000);
        if (inferred != rows[i].inferred ||
            (inferred > 0 && (count != rows[i].count || fabs(confidence - rows[i].confidence) > 1e-9)))
            fail_msg("row '%s': %zu inferred, %llu people, %.2f sure", rows[i].name, inferred, (unsigned long long)count,
                     confidence);
        if (inferred > 0)
            assert_string_equal(derivation, "people counter surplus");
        kit_stop(&kit);
    }
}

/* A desk enters that people were led through d1, at that moment. */
static void lead(const char *direction, double people, int64_t at_ms, int64_t ms)
{
    static const struct sk_roster_act by = {"desk", "", "why", "test", 64};
    uint8_t fields[128], at[8], led[8];
    struct sk_writer writer = {fields, sizeof fields, 0, false}, time = {at, 8, 0, false}, number = {led, 8, 0, false};
    const struct sk_now now = kit_now(ms);
    sk_write_i64(&time, kit_now(at_ms).utc_us);
    sk_write_f64(&number, people);
    const struct {
        uint16_t field;
        const void *bytes;
        size_t length;
    } said[] = {{SK_F_JOINT_VISIT, "vs-1", 4}, {SK_F_JOINT_ESCORT, "p-1", 3},
                {SK_F_JOINT_DOOR, "d1", 2},    {SK_F_JOINT_DIRECTION, direction, strlen(direction)},
                {SK_F_JOINT_AT, at, 8},        {SK_F_JOINT_COUNT, led, 8}};
    for (size_t i = 0; i < SK_COUNT(said); i++) {
        sk_write_u8(&writer, (uint8_t)said[i].field);
        sk_write_u16(&writer, (uint16_t)said[i].length);
        sk_write_bytes(&writer, said[i].bytes, said[i].length);
    }
    struct sk_register_act act = {
        .row = sk_act_row(SK_EV_JOINT_RECORDED), .step = 1, .actor = "desk", .fields = fields, .fields_length = writer.length};
    sk_registers_next_id(sk_engine_registers(kit.engine), SK_REGISTER_JOINT, act.entry);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_register_act(kit.engine, &act, &by, &now, kit.effects, NULL), SK_OK);
    look();
}

/* One badge of the escort at 1 s, so many people counted at 3 s, and what a joint entry says. */
static const struct {
    const char *name, *direction;
    double counted, led;
    int64_t at_ms, said_ms;
    uint64_t surplus;
} led_rows[] = {
    {"one guest, said at once", "in", 2, 1, 2000, 4000, 0},
    {"two guests, said before the door", "in", 3, 2, -20000, 500, 0},
    {"two came with one guest", "in", 3, 1, 2000, 4000, 1},
    {"the other way", "out", 2, 1, 2000, 4000, 1},
    {"long before", "in", 2, 1, -40000, 500, 1},
    {"a guest whom the counter missed", "in", 1, 1, 2000, 4000, 0},
    {"said after it was judged", "in", 2, 1, 2000, 14000, 1},
};

static void test_guests_led_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(led_rows); i++) {
        begin();
        inferred = count = 0;
        if (led_rows[i].said_ms < 1000)
            lead(led_rows[i].direction, led_rows[i].led, led_rows[i].at_ms, led_rows[i].said_ms);
        say(SK_EV_ACC_GRANTED, false, 1000);
        say(SK_EV_ACC_TAKEN, false, 2000);
        walk(IN, led_rows[i].counted, 3000);
        if (led_rows[i].said_ms >= 1000 && led_rows[i].said_ms < 13000)
            lead(led_rows[i].direction, led_rows[i].led, led_rows[i].at_ms, led_rows[i].said_ms);
        tick(13000);
        if (led_rows[i].said_ms > 13000)
            lead(led_rows[i].direction, led_rows[i].led, led_rows[i].at_ms, led_rows[i].said_ms);
        if (inferred != (led_rows[i].surplus > 0) || (inferred > 0 && count != led_rows[i].surplus))
            fail_msg("row '%s': %zu inferred, %llu people", led_rows[i].name, inferred, (unsigned long long)count);
        kit_stop(&kit);
    }
    /* one joint entry explains one episode, not the next as well */
    begin();
    lead("in", 1, 500, 900);
    walk(IN, 1, 1000);
    inferred = 0;
    tick(11000);
    assert_int_equal(inferred, 0);
    walk(IN, 1, 12000);
    tick(22000);
    assert_int_equal(inferred, 1);
    kit_stop(&kit);
}

static void test_one_miscount_hides_no_other(void **state)
{
    (void)state;
    begin();
    inferred = 0;
    say(SK_EV_ACC_GRANTED, false, 1000);
    say(SK_EV_ACC_TAKEN, false, 2000); /* the counter does not see this one */
    tick(30000);
    say(SK_EV_ACC_GRANTED, false, 60000);
    say(SK_EV_ACC_TAKEN, false, 61000);
    walk(IN, 2, 61000);
    tick(72000);
    assert_int_equal(inferred, 1);
    kit_stop(&kit);
}

static void test_counter_begins_anew_or_wraps(void **state)
{
    (void)state;
    begin();
    inferred = 0;
    kit_feed(&kit, IN, 0, SK_Q_GOOD, 0, 0, 1000); /* the device was restarted */
    tick(20000);
    kit_feed(&kit, IN, 4294967295.0, SK_Q_GOOD, 0, 0, 20000);
    tick(40000);
    inferred = 0;
    kit_feed(&kit, IN, 1, SK_Q_GOOD, 0, 0, 50000); /* two more, over the end of 32 bits */
    tick(70000);
    assert_int_equal(inferred, 1);
    assert_int_equal(count, 2);
    kit_stop(&kit);
}

static void test_surplus_must_be_resolved(void **state)
{
    (void)state;
    static const struct sk_actor actor = {.id = "guard", .roles = 2};
    int64_t since;
    struct sk_body_item item;
    for (int resolved = 0; resolved < 2; resolved++) {
        begin();
        walk(IN, 2, 1000);
        tick(11000);
        assert_int_equal(sk_engine_door_surplus(kit.engine, 0, &since), 2);
        assert_false(stands());
        const struct sk_now now = kit_now(30000);
        if (resolved) {
            sk_effects_clear(kit.effects);
            assert_int_equal(sk_engine_door_resolve(kit.engine, 0, "joint_entry", "seen on cam1", &actor, &now, kit.effects),
                             SK_OK);
            const struct sk_draft *draft = kit_record(&kit, SK_EV_TAIL_RESOLVED);
            assert_true(kit_item(draft, SK_TAG_ACTOR, &item) && memcmp(item.bytes, "guard", 5) == 0);
            assert_true(kit_item(draft, SK_TAG_COUNT, &item) && sk_item_u64(&item) == 2);
            assert_int_equal(sk_engine_door_resolve(kit.engine, 0, "other", "", &actor, &now, kit.effects), SK_ERR_NOT_FOUND);
        }
        tick(11000 + RESOLVE_MS - 1);
        assert_false(stands());
        tick(11000 + RESOLVE_MS);
        assert_int_equal(stands(), !resolved);
        sk_effects_clear(kit.effects);
        const struct sk_now late = kit_now(90000);
        if (!resolved) /* late is better than never: the alarm ends, and stays to be acknowledged */
            assert_int_equal(sk_engine_door_resolve(kit.engine, 0, "tailgating", "film", &actor, &late, kit.effects), SK_OK);
        assert_false(stands());
        kit_stop(&kit);
    }
}

static void test_open_too_long_for_one(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned grants;
        int64_t open_ms;
        size_t inferred;
    } cases[] = {{"quick", 1, 15000, 0}, {"slow", 1, 15001, 1}, {"slow, but two were granted", 2, 29000, 0}};
    for (size_t i = 0; i < SK_COUNT(cases); i++) {
        begin();
        phys(SK_DOOR_PHYS_CLOSED, 0);
        inferred = 0;
        for (unsigned k = 0; k < cases[i].grants; k++)
            say(SK_EV_ACC_GRANTED, false, 1000);
        phys(SK_DOOR_PHYS_OPEN, 2000);
        phys(SK_DOOR_PHYS_CLOSED, 2000 + cases[i].open_ms);
        sk_check(inferred == cases[i].inferred, cases[i].name);
        if (inferred > 0)
            assert_string_equal(derivation, "door open longer than its passages need");
        kit_stop(&kit);
    }
}

/* --- by the roster --- */

static void enrol(uint8_t passback)
{
    const struct sk_now now = kit_now(0);
    static const struct sk_roster_act act = {.actor = "a", .command = "c", .address = "", .reason = ""};
    struct sk_roster_change changes[] = {rk_person(1),
                                         rk_credential(1, 1, 1, SK_CRED_ENABLED),
                                         rk_right(1, 1, 12, "always"),
                                         {.ev = SK_EV_ZONE_RULE, .zone = {.zone = 12, .class_ = 3, .passback = passback}}};
    strcpy(changes[3].entity, "zone:12");
    for (size_t i = 0; i < RK_BASE; i++) {
        struct sk_roster_change base = rk_base(i);
        if (base.ev == SK_EV_ZONE_RULE && strcmp(base.entity, "zone:12") == 0)
            continue;
        sk_effects_clear(kit.effects);
        assert_int_equal(sk_engine_roster_change(kit.engine, &base, &act, &now, kit.effects), SK_OK);
    }
    for (size_t i = 0; i < SK_COUNT(changes); i++) {
        sk_effects_clear(kit.effects);
        assert_int_equal(sk_engine_roster_change(kit.engine, &changes[i], &act, &now, kit.effects), SK_OK);
    }
}

static void pass(bool out, int64_t ms)
{
    struct sk_access_event event = kit_event(SK_EV_ACC_TAKEN, 1, ++seq, ms);
    event.t_ctrl_us = event.recv_us;
    event.reader = out;
    event.has_identifier_hmac = true;
    event.identifier_hmac = rk_card(1);
    kit_event_feed(&kit, &event, ms);
    look();
}

static void test_trails_that_do_not_join(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t passback;
        const char *ways; /* i and o in turn */
        size_t inferred;
        const char *derivation;
    } cases[] = {{"in and out", SK_PASSBACK_SOFT, "ioio", 0, NULL},
                 {"in twice: he left behind somebody", SK_PASSBACK_SOFT, "ii", 1, "entry without exit"},
                 {"out twice: he came in behind somebody", SK_PASSBACK_SOFT, "ioo", 1, "exit without entry"},
                 {"out, never seen before: nothing is known", SK_PASSBACK_SOFT, "o", 0, NULL},
                 {"a room that may be left unseen proves nothing", SK_PASSBACK_NONE, "iioo", 0, NULL}};
    for (size_t i = 0; i < SK_COUNT(cases); i++) {
        begin();
        enrol(cases[i].passback);
        inferred = 0;
        for (size_t k = 0; cases[i].ways[k] != '\0'; k++)
            pass(cases[i].ways[k] == 'o', 1000 + (int64_t)k * 60000);
        if (inferred != cases[i].inferred || (inferred > 0 && strcmp(derivation, cases[i].derivation) != 0))
            fail_msg("case '%s': %zu, %s", cases[i].name, inferred, derivation);
        kit_stop(&kit);
    }
}

static void test_empty_by_cards_not_by_counters(void **state)
{
    (void)state;
    begin();
    enrol(SK_PASSBACK_NONE);
    pass(false, 1000);
    walk(IN, 2, 1000);
    tick(20000); /* a surplus of one */
    inferred = 0;
    pass(true, 60000);
    walk(OUT, 1, 60000);
    tick(80000);
    assert_int_equal(inferred, 1);
    assert_string_equal(derivation, "occupancy reconciliation: empty by cards, not by counters");
    assert_int_equal(count, 1);
    inferred = 0;
    pass(false, 100000);
    walk(IN, 1, 100000);
    tick(120000);
    pass(true, 160000);
    walk(OUT, 1, 160000);
    tick(180000);
    assert_int_equal(inferred, 0); /* it began anew from there */
    kit_stop(&kit);
}

/* His escort goes and leaves him there: by cards nobody is inside, and all the same nobody slipped in. */
static void test_a_guest_is_not_nobody(void **state)
{
    static const struct sk_roster_act by = {"admin", "", "", "test", 64};
    const struct sk_now now = kit_now(500);
    (void)state;
    begin();
    enrol(SK_PASSBACK_NONE);
    struct sk_roster_change way = rk_way(kit.site.doors[0].number, kit.site.zones[0].number, kit.site.zones[1].number, 3);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_roster_change(kit.engine, &way, &by, &now, kit.effects), SK_OK);
    lead("in", 1, 900, 950);
    pass(false, 1000);
    walk(IN, 2, 1000);
    tick(20000);
    inferred = 0;
    pass(true, 60000);
    walk(OUT, 1, 60000);
    tick(80000);
    assert_int_equal(inferred, 0);
    kit_stop(&kit);
}

/* --- racks, keys, readers --- */

static void test_latches(void **state)
{
    (void)state;
    static const char *const words[] = {"locked", "unlocked"}, *const comm[] = {"ok", "degraded", "lost"};
    static struct sk_point_kind lock, health;
    struct sk_body_item item;
    kit_site(&kit);
    rack = (struct sk_profile){.id = "rack", .kind = SK_DEV_RACK};
    bio = (struct sk_profile){.id = "bio", .kind = SK_DEV_BIOMETRIC};
    (void)keys;
    lock = (struct sk_point_kind){.name = "l", .kind = SK_KIND_STATE, .states = words, .state_count = 2};
    health = (struct sk_point_kind){.name = "h", .kind = SK_KIND_STATE, .states = comm, .state_count = 3};
    kit.devices[0].profile = &rack;
    kit.devices[0].point_count = 1;
    kit.points[0].kind = &lock;
    kit.points[0].name = "rack.3.lock.state";
    kit.devices[2].profile = &bio;
    kit.devices[2].first_point = 1;
    kit.devices[2].point_count = 1;
    kit.points[1].device = 2;
    kit.points[1].kind = &health;
    kit.points[1].name = "bio.reader.comm";
    kit.readers[0].biometric = 3;
    kit.readers[0].factors_required = 1u << SK_FACTOR_CARD | 1u << SK_FACTOR_VEIN;
    kit_start(&kit);
    static const struct {
        const char *name;
        double value;
        uint8_t quality;
        bool record;
    } steps[] = {{"the first word is no change", 0, SK_Q_GOOD, false},
                 {"unlocked", 1, SK_Q_GOOD, true},
                 {"still", 1, SK_Q_GOOD, false},
                 {"silence says nothing", 0, SK_Q_COMM_LAST_VALUE, false},
                 {"locked", 0, SK_Q_GOOD, true}};
    for (size_t i = 0; i < SK_COUNT(steps); i++) {
        kit_feed(&kit, 0, steps[i].value, steps[i].quality, 0, 0, (int64_t)i * 1000);
        sk_check((kit_record(&kit, SK_EV_RACK_LOCK) != NULL) == steps[i].record, steps[i].name);
    }
    assert_true(kit_item(kit_record(&kit, SK_EV_RACK_LOCK), SK_TAG_STATE_WORD, &item) && memcmp(item.bytes, "locked", 6) == 0);
    kit_feed(&kit, 1, 0, SK_Q_GOOD, 0, 0, 10000);
    assert_string_equal(kit_story(&kit), "");
    kit_feed(&kit, 1, 1, SK_Q_GOOD, 0, 0, 11000);
    assert_string_equal(kit_story(&kit), "bb"); /* of the device, and of the door behind it */
    struct sk_door_view view;
    sk_engine_door(kit.engine, 0, &view);
    assert_int_equal(view.degraded_readers, 1);
    struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, 1, 1, 12000);
    event.factors = 1u << SK_FACTOR_CARD;
    kit_event_feed(&kit, &event, 12000);
    assert_true(kit_item(kit_record(&kit, SK_EV_ACC_GRANTED), SK_TAG_DEGRADED, &item) && sk_item_u64(&item) == 1);
    assert_true(kit_item(kit_record(&kit, SK_EV_FACTOR_SINGLE), SK_TAG_DETAIL, &item));
    kit_feed(&kit, 1, 0, SK_Q_GOOD, 0, 0, 13000);
    event = kit_event(SK_EV_ACC_GRANTED, 1, 2, 14000);
    event.factors = kit.readers[0].factors_required;
    kit_event_feed(&kit, &event, 14000);
    assert_false(kit_item(kit_record(&kit, SK_EV_ACC_GRANTED), SK_TAG_DEGRADED, &item));
    assert_null(kit_record(&kit, SK_EV_FACTOR_SINGLE));
    kit_stop(&kit);
}

static void test_access_point_and_lock(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t ev;
        uint8_t state;
        int reader;
        const char *story, *source;
    } steps[] = {{"disabled on a protected zone", SK_EV_AP_ENABLED, 0, 0, "ER", "door:d1/reader"},
                 {"the other one too", SK_EV_AP_ENABLED, 0, 1, "EC", "door:d1/reader"},
                 {"one is back", SK_EV_AP_ENABLED, 1, 0, "EC", "door:d1/reader"},
                 {"both are", SK_EV_AP_ENABLED, 1, 1, "EN", NULL},
                 {"lock at fault", SK_EV_DOOR_LOCK, SK_DOOR_LOCK_FAULT, 0, "ER", "door:d1/lock"},
                 {"unknown ends nothing", SK_EV_DOOR_LOCK, SK_DOOR_LOCK_UNKNOWN, 0, "E", "door:d1/lock"},
                 {"locked does", SK_EV_DOOR_LOCK, SK_DOOR_LOCK_LOCKED, 0, "EN", NULL},
                 {"double lock at fault", SK_EV_DOOR_LOCK2, SK_DOOR_LOCK_FAULT, 0, "ER", "door:d1/lock"}};
    begin();
    for (size_t i = 0; i < SK_COUNT(steps); i++) {
        struct sk_access_event event = kit_event(steps[i].ev, 1, ++seq, (int64_t)i * 1000);
        event.state = steps[i].state;
        event.reader = steps[i].reader;
        kit_event_feed(&kit, &event, (int64_t)i * 1000);
        if (strcmp(kit_story(&kit), steps[i].story) != 0)
            fail_msg("step '%s': '%s'", steps[i].name, kit_story(&kit));
        if (steps[i].source != NULL)
            assert_string_equal(sk_engine_alarm(kit.engine, sk_engine_alarm_count(kit.engine) - 1)->source, steps[i].source);
    }
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter_rows),
        cmocka_unit_test(test_guests_led_in),
        cmocka_unit_test(test_one_miscount_hides_no_other),
        cmocka_unit_test(test_counter_begins_anew_or_wraps),
        cmocka_unit_test(test_surplus_must_be_resolved),
        cmocka_unit_test(test_open_too_long_for_one),
        cmocka_unit_test(test_trails_that_do_not_join),
        cmocka_unit_test(test_empty_by_cards_not_by_counters),
        cmocka_unit_test(test_a_guest_is_not_nobody),
        cmocka_unit_test(test_latches),
        cmocka_unit_test(test_access_point_and_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
