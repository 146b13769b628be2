/* SPDX-License-Identifier: Apache-2.0 */
/* The door model: rows of what a door did and what the model must say, then the promise itself: whatever is reordered, twice,
 * late or lost, nothing is called Closed or Normal that the controller's own stream calls otherwise. */
#include "collector/engine/internal.h"
#include "tests/unit/engine_kit.h"

enum step { END, GRANT, EXT, REX, OPEN, CLOSED, FAULT, UNLOCK, ACCESSED, LOCK, FORCED_WORD, NORMAL_WORD, WAIT, SKIP };

struct move {
    enum step step;
    int64_t ms;        /* when, and the controller's own time */
    const char *model; /* the model's alarm after it; NULL not asked */
    const char *phys;
    bool alarm; /* door:d1 stands */
};

static const struct {
    uint16_t ev;
    uint8_t state;
} said[] = {[GRANT] = {SK_EV_ACC_GRANTED, 0},
            [EXT] = {SK_EV_ACC_GRANTED, 0},
            [REX] = {SK_EV_ACC_REX, 0},
            [OPEN] = {SK_EV_DOOR_PHYS, SK_DOOR_PHYS_OPEN},
            [CLOSED] = {SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED},
            [FAULT] = {SK_EV_DOOR_PHYS, SK_DOOR_PHYS_FAULT},
            [UNLOCK] = {SK_EV_DOOR_MODE, SK_DOOR_MODE_UNLOCKED},
            [ACCESSED] = {SK_EV_DOOR_MODE, SK_DOOR_MODE_ACCESSED},
            [LOCK] = {SK_EV_DOOR_MODE, SK_DOOR_MODE_LOCKED},
            [FORCED_WORD] = {SK_EV_DOOR_ALARM, SK_DOOR_ALARM_FORCED},
            [NORMAL_WORD] = {SK_EV_DOOR_ALARM, SK_DOOR_ALARM_NORMAL}};

static const struct {
    const char *name;
    bool rex;
    struct move moves[12];
} rows[] = {
    {"granted, opened, closed: nothing to say",
     false,
     {{CLOSED, 0, "Normal", "Closed", false},
      {GRANT, 1000, "Normal", "Closed", false},
      {OPEN, 2000, "Normal", "Open", false},
      {CLOSED, 4000, "Normal", "Closed", false}}},
    {"opened without a grant is forced, and over when closed",
     false,
     {{CLOSED, 0, "Normal", "Closed", false},
      {OPEN, 1000, "DoorForcedOpen", "Open", true},
      {CLOSED, 2000, "Normal", "Closed", false}}},
    {"a grant that is older than ReleaseTime excuses nothing",
     false,
     {{CLOSED, 0, "Normal", "Closed", false}, {GRANT, 1000, NULL, NULL, false}, {OPEN, 6600, "DoorForcedOpen", "Open", true}}},
    {"at ReleaseTime it still does",
     false,
     {{CLOSED, 0, NULL, NULL, false}, {GRANT, 1000, NULL, NULL, false}, {OPEN, 6000, "Normal", "Open", false}}},
    {"an exit button excuses where the door has one",
     true,
     {{CLOSED, 0, NULL, NULL, false}, {REX, 1000, NULL, NULL, false}, {OPEN, 1500, "Normal", "Open", false}}},
    {"and nowhere else",
     false,
     {{CLOSED, 0, NULL, NULL, false}, {REX, 1000, NULL, NULL, false}, {OPEN, 1500, "DoorForcedOpen", "Open", true}}},
    {"Unlocked masks forced and too long",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {UNLOCK, 1000, NULL, NULL, false},
      {OPEN, 20000, "Normal", "Open", false},
      {WAIT, 90000, "Normal", "Open", false}}},
    {"locked again while it stands open: its time begins then",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {UNLOCK, 1000, NULL, NULL, false},
      {OPEN, 20000, "Normal", "Open", false},
      {LOCK, 60000, "Normal", "Open", false},
      {WAIT, 84999, "Normal", "Open", false},
      {WAIT, 90000, "DoorOpenTooLong", "Open", true},
      {CLOSED, 95000, "Normal", "Closed", false}}},
    {"Accessed masks forced, not too long",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {ACCESSED, 1000, NULL, NULL, false},
      {OPEN, 20000, "Normal", "Open", false},
      {WAIT, 50000, "DoorOpenTooLong", "Open", true}}},
    {"a mode that let go within ReleaseTime still excuses",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {ACCESSED, 1000, NULL, NULL, false},
      {LOCK, 20000, NULL, NULL, false},
      {OPEN, 24000, "Normal", "Open", false}}},
    {"and later not",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {ACCESSED, 1000, NULL, NULL, false},
      {LOCK, 20000, NULL, NULL, false},
      {OPEN, 26000, "DoorForcedOpen", "Open", true}}},
    {"pre-alarm, then too long, ended by closing",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {GRANT, 1000, NULL, NULL, false},
      {OPEN, 2000, "Normal", "Open", false},
      {WAIT, 26999, "Normal", "Open", false},
      {WAIT, 27000, "DoorPreAlarm", "Open", false},
      {WAIT, 32000, "DoorOpenTooLong", "Open", true},
      {CLOSED, 33000, "Normal", "Closed", false}}},
    {"extended for who needs longer",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {EXT, 1000, NULL, NULL, false},
      {OPEN, 2000, "Normal", "Open", false},
      {WAIT, 40000, "Normal", "Open", false},
      {WAIT, 62000, "DoorOpenTooLong", "Open", true}}},
    {"nothing known before: never forced, never normal",
     false,
     {{WAIT, 0, "Unknown", "Unknown", false},
      {OPEN, 1000, "Unknown", "Open", false},
      {CLOSED, 2000, "Normal", "Closed", false},
      {OPEN, 3000, "DoorForcedOpen", "Open", true}}},
    {"numbers missing before an opening: not judged until they come, and then it was forced",
     false,
     {{CLOSED, 0, "Normal", "Closed", false}, {SKIP, 0, NULL, NULL, false}, {OPEN, 1000, "Unknown", "Open", false}}},
    {"numbers missing behind a word: unknown, not closed",
     false,
     {{CLOSED, 0, "Normal", "Closed", false},
      {SKIP, 0, NULL, NULL, false},
      {NORMAL_WORD, 1000, "Unknown", "Unknown", false},
      {CLOSED, 2000, "Normal", "Closed", false}}},
    {"a mode that may have let go in a gap excuses nothing",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {ACCESSED, 1000, NULL, NULL, false},
      {SKIP, 0, NULL, NULL, false},
      {OPEN, 20000, "Unknown", "Open", false}}},
    {"a gap does not end an alarm",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {OPEN, 1000, "DoorForcedOpen", "Open", true},
      {SKIP, 0, NULL, NULL, false},
      {GRANT, 2000, "DoorForcedOpen", "Unknown", true},
      {CLOSED, 3000, "Normal", "Closed", false}}},
    {"both say forced: one alarm, until both say it is over",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {OPEN, 1000, "DoorForcedOpen", "Open", true},
      {FORCED_WORD, 1001, NULL, "Open", true},
      {CLOSED, 2000, "Normal", "Closed", true},
      {NORMAL_WORD, 2001, "Normal", "Closed", false}}},
    {"the controller says normal of a door that stands forced: the alarm stays",
     false,
     {{CLOSED, 0, NULL, NULL, false},
      {OPEN, 1000, "DoorForcedOpen", "Open", true},
      {NORMAL_WORD, 1001, "DoorForcedOpen", "Open", true},
      {CLOSED, 2000, "Normal", "Closed", false}}},
    {"a contact at fault is neither",
     false,
     {{CLOSED, 0, "Normal", "Closed", false},
      {FAULT, 1000, "Unknown", "Fault", false},
      {OPEN, 2000, "Unknown", "Open", false},
      {CLOSED, 3000, "Normal", "Closed", false}}},
};

static void begin(struct kit *kit, bool rex)
{
    kit_site(kit);
    kit->doors[0].rex = rex;
    kit->doors[0].release_ms = 5000;
    kit->doors[0].open_ms = 30000;
    kit->doors[0].extended_open_ms = 60000;
    kit->doors[0].prealarm_ms = 5000;
    kit_start(kit);
}

static bool stands(const struct kit *kit)
{
    for (size_t i = 0; i < sk_engine_alarm_count(kit->engine); i++) {
        const struct sk_alarm *alarm = sk_engine_alarm(kit->engine, i);
        if (strcmp(alarm->source, "door:d1") == 0 && (alarm->bits & SK_ALARM_BIT_ACTIVE) != 0)
            return true;
    }
    return false;
}

static void check_row(size_t at)
{
    struct kit kit;
    uint64_t seq = 9;
    begin(&kit, rows[at].rex);
    for (const struct move *move = rows[at].moves; move->step != END; move++) {
        if (move->step == SKIP) {
            seq += 3;
            continue;
        }
        if (move->step == WAIT) {
            kit_tick(&kit, move->ms);
        } else {
            struct sk_access_event event = kit_event(said[move->step].ev, 1, ++seq, move->ms);
            event.state = said[move->step].state;
            event.extended = move->step == EXT;
            event.t_ctrl_us = event.recv_us;
            kit_event_feed(&kit, &event, move->ms);
        }
        struct sk_door_view view;
        sk_engine_door(kit.engine, 0, &view);
        const char *model = sk_door_word("model", view.model), *phys = sk_door_word("phys", view.states[SK_DF_PHYS].state);
        if ((move->model != NULL && strcmp(model, move->model) != 0) || (move->phys != NULL && strcmp(phys, move->phys) != 0) ||
            stands(&kit) != move->alarm)
            fail_msg("row '%s' at %lld ms: model %s, contact %s, alarm %d", rows[at].name, (long long)move->ms, model, phys,
                     stands(&kit));
    }
    kit_stop(&kit);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        check_row(i);
}

static void feed(struct kit *kit, uint16_t ev, uint8_t state, uint64_t seq, int64_t ctrl_ms, int64_t ms)
{
    struct sk_access_event event = kit_event(ev, 1, seq, ms);
    event.state = state;
    event.t_ctrl_us = kit_now(ctrl_ms).utc_us;
    kit_event_feed(kit, &event, ms);
}

static uint8_t model_of(const struct kit *kit)
{
    struct sk_door_view view;
    sk_engine_door(kit->engine, 0, &view);
    return view.model;
}

/* The hole is filled within the reorder window: once with the grant, once with something else. */
static void test_judged_when_the_missing_comes(void **state)
{
    (void)state;
    for (int granted = 0; granted < 2; granted++) {
        struct kit kit;
        begin(&kit, false);
        feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED, 10, 0, 0);
        feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_OPEN, 12, 2000, 2000);
        assert_int_equal(model_of(&kit), SK_DOOR_MODEL_UNKNOWN);
        const struct sk_draft *draft = kit_record(&kit, SK_EV_DOOR_MODEL);
        struct sk_body_item item;
        assert_non_null(draft); /* that it could not be judged is said */
        assert_true(kit_item(draft, SK_TAG_MODEL_STATE, &item) && memcmp(item.bytes, "Unknown", 7) == 0);
        feed(&kit, granted ? SK_EV_ACC_GRANTED : SK_EV_ACC_DENIED, 0, 11, 1000, 2500);
        assert_int_equal(model_of(&kit), granted ? SK_DOOR_MODEL_NORMAL : SK_DOOR_MODEL_FORCED);
        assert_int_equal(stands(&kit), !granted);
        kit_stop(&kit);
    }
}

static void test_forced_and_over_before_it_was_told(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit, false);
    feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED, 10, 0, 0);
    feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED, 12, 3000, 3000);
    feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_OPEN, 11, 2000, 3100);
    assert_non_null(kit_record(&kit, SK_EV_ALARM_RAISED));
    assert_non_null(kit_record(&kit, SK_EV_ALARM_RETURNED));
    assert_int_equal(model_of(&kit), SK_DOOR_MODEL_NORMAL);
    kit_stop(&kit);
}

static void test_time_basis_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t ahead_ms;
        const char *basis;
    } cases[] = {{"controller's clock near ours", -300, "controller"},
                 {"an hour behind, never seen right", -3600000, "receive"},
                 {"ahead", 30000, "receive"}};
    for (size_t i = 0; i < SK_COUNT(cases); i++) {
        struct kit kit;
        struct sk_body_item item;
        begin(&kit, false);
        feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED, 10, cases[i].ahead_ms, 0);
        feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_OPEN, 11, 9000 + cases[i].ahead_ms, 9000);
        const struct sk_draft *draft = kit_record(&kit, SK_EV_DOOR_MODEL);
        sk_check(draft != NULL && kit_item(draft, SK_TAG_TIME_BASIS, &item) && item.length == strlen(cases[i].basis) &&
                     memcmp(item.bytes, cases[i].basis, item.length) == 0,
                 cases[i].name);
        assert_true(kit_item(draft, SK_TAG_CAMERAS, &item));
        kit_stop(&kit);
    }
}

/* A controller that does not tell its alarm, and one that cries without cause: the difference is recorded once, and its end. */
static void test_difference_is_recorded(void **state)
{
    (void)state;
    struct kit kit;
    struct sk_body_item item;
    begin(&kit, false);
    feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED, 10, 0, 0);
    feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_OPEN, 11, 1000, 1000);
    kit_tick(&kit, 5999);
    assert_null(kit_record(&kit, SK_EV_DOOR_DIFFERS));
    kit_tick(&kit, 6000);
    const struct sk_draft *draft = kit_record(&kit, SK_EV_DOOR_DIFFERS);
    assert_non_null(draft);
    assert_true(kit_item(draft, SK_TAG_STATE_WORD, &item) && memcmp(item.bytes, "never told", item.length) == 0);
    feed(&kit, SK_EV_DOOR_ALARM, SK_DOOR_ALARM_FORCED, 12, 8000, 8000);
    kit_tick(&kit, 13000);
    draft = kit_record(&kit, SK_EV_DOOR_DIFFERS);
    assert_non_null(draft);
    assert_true(kit_item(draft, SK_TAG_LIFECYCLE, &item) && memcmp(item.bytes, "Restore", item.length) == 0);
    feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED, 13, 14000, 14000);
    kit_tick(&kit, 19000);
    assert_non_null(kit_record(&kit, SK_EV_DOOR_DIFFERS)); /* the controller has not said Normal */
    kit_stop(&kit);
}

static void test_lost_contact_is_unknown(void **state)
{
    (void)state;
    struct kit kit;
    struct sk_door_view view;
    kit_site(&kit);
    kit.devices[1].comm_lost_ms = 60000;
    kit.doors[0].open_ms = 600000;
    kit_start(&kit);
    feed(&kit, SK_EV_DOOR_PHYS, SK_DOOR_PHYS_CLOSED, 10, 0, 0);
    kit_tick(&kit, 60001);
    sk_engine_door(kit.engine, 0, &view);
    assert_int_equal(view.states[SK_DF_PHYS].state, SK_DOOR_PHYS_UNKNOWN);
    assert_int_equal(view.model, SK_DOOR_MODEL_UNKNOWN);
    assert_int_equal(view.doubt, SK_DOUBT_CONTACT);
    feed(&kit, SK_EV_ACC_DENIED, 0, 11, 70000, 70000); /* the next number: nothing was missed */
    sk_engine_door(kit.engine, 0, &view);
    assert_int_equal(view.states[SK_DF_PHYS].state, SK_DOOR_PHYS_CLOSED);
    kit_tick(&kit, 130001);
    feed(&kit, SK_EV_ACC_DENIED, 0, 14, 140000, 140000); /* something was */
    sk_engine_door(kit.engine, 0, &view);
    assert_int_equal(view.states[SK_DF_PHYS].state, SK_DOOR_PHYS_UNKNOWN);
    assert_int_equal(view.doubt, SK_DOUBT_MISSING);
    kit_stop(&kit);
}

/* --- the promise --- */

enum { EVENTS = 60 };
struct truth {
    uint16_t ev[EVENTS];
    uint8_t state[EVENTS];
    int64_t ms[EVENTS];
    uint8_t phys[EVENTS]; /* after it */
    bool normal[EVENTS];  /* neither forced nor ever so since it closed */
};
static uint64_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

/* What a controller would say of a door, and beside it what is so, decided by the definition alone. */
static void draw_truth(struct truth *truth)
{
    uint8_t phys = SK_DOOR_PHYS_CLOSED, mode = SK_DOOR_MODE_LOCKED;
    int64_t ms = 0, granted = -1000000, masked = -1000000;
    bool normal = true;
    for (int i = 0; i < EVENTS; i++) {
        const uint32_t what = i == 0 ? 5 : roll(8);
        ms += 500 + roll(4000);
        truth->state[i] = 0;
        truth->ev[i] = SK_EV_ACC_DENIED;
        if (what < 2) {
            truth->ev[i] = SK_EV_ACC_GRANTED;
            granted = ms;
        } else if (what == 2) {
            truth->ev[i] = SK_EV_DOOR_MODE;
            if (mode != SK_DOOR_MODE_LOCKED)
                masked = ms;
            mode = mode == SK_DOOR_MODE_LOCKED ? SK_DOOR_MODE_ACCESSED : SK_DOOR_MODE_LOCKED;
            truth->state[i] = mode;
        } else if (what > 4) {
            truth->ev[i] = SK_EV_DOOR_PHYS;
            phys = i == 0 || phys == SK_DOOR_PHYS_OPEN ? SK_DOOR_PHYS_CLOSED : SK_DOOR_PHYS_OPEN;
            truth->state[i] = phys;
            const bool excused = mode != SK_DOOR_MODE_LOCKED || ms - granted <= 5500 || ms - masked <= 5500;
            normal = phys == SK_DOOR_PHYS_CLOSED || excused;
        }
        truth->ms[i] = ms;
        truth->phys[i] = phys;
        truth->normal[i] = normal;
    }
}

static int draw_order(int order[3 * EVENTS], uint32_t reach, uint32_t loss)
{
    int count = 0;
    for (int i = 0; i < EVENTS; i++) {
        if (i > 0 && roll(100) < loss)
            continue;
        order[count++] = i;
        if (roll(6) == 0)
            order[count++] = i;
    }
    for (int i = 1; i + 1 < count; i++) {
        const int other = i + (int)roll(reach);
        if (other < count) {
            const int kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
    }
    return count;
}

/* Counted, so that a model which always says Unknown is found out. */
static size_t told_closed, told_normal, told_forced, asked;

static void play(uint32_t reach, uint32_t loss, int64_t delay_ms)
{
    struct truth truth;
    int order[3 * EVENTS], newest = 0;
    struct kit kit;
    draw_truth(&truth);
    const int count = draw_order(order, reach, loss);
    begin(&kit, false);
    kit.doors[0].open_ms = 0; /* OpenTime has rows of its own */
    int64_t ms = 0;
    for (int i = 0; i < count; i++) {
        const int at = order[i];
        struct sk_door_view view;
        ms = (truth.ms[at] > ms ? truth.ms[at] : ms) + (int64_t)roll((uint32_t)delay_ms);
        newest = at > newest ? at : newest;
        feed(&kit, truth.ev[at], truth.state[at], 100 + (uint64_t)at, truth.ms[at], ms);
        sk_engine_door(kit.engine, 0, &view);
        asked++;
        told_closed += view.states[SK_DF_PHYS].state == SK_DOOR_PHYS_CLOSED;
        told_normal += view.model == SK_DOOR_MODEL_NORMAL;
        told_forced += view.model == SK_DOOR_MODEL_FORCED;
        if (view.states[SK_DF_PHYS].state != SK_DOOR_PHYS_UNKNOWN && view.states[SK_DF_PHYS].state != truth.phys[newest])
            fail_msg("reach %u loss %u: contact %u where the controller's stream says %u", reach, loss,
                     view.states[SK_DF_PHYS].state, truth.phys[newest]);
        if (view.model == SK_DOOR_MODEL_NORMAL && !truth.normal[newest])
            fail_msg("reach %u loss %u, event %d: normal where it was forced", reach, loss, newest);
    }
    kit_stop(&kit);
}

static void test_never_wrongly_closed_or_normal(void **state)
{
    (void)state;
    static const struct {
        uint32_t reach, loss;
        int64_t delay_ms;
    } ways[] = {{1, 0, 1}, {4, 0, 300}, {10, 0, 300}, {1, 10, 300}, {3, 10, 2500}, {10, 30, 20000}, {60, 20, 20000}};
    for (size_t i = 0; i < SK_COUNT(ways); i++) {
        told_closed = told_normal = told_forced = asked = 0;
        for (uint64_t run = 1; asked < 12000; run++) {
            seed = run;
            play(ways[i].reach, ways[i].loss, ways[i].delay_ms);
        }
        if (i == 0)
            assert_true(told_closed > asked / 4 && told_normal > asked / 3 && told_forced > asked / 20);
        if (i == 0) /* whole and in order there is nothing that is not known */
            assert_true(told_normal + told_forced == asked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_judged_when_the_missing_comes),
        cmocka_unit_test(test_forced_and_over_before_it_was_told),
        cmocka_unit_test(test_time_basis_is_said),
        cmocka_unit_test(test_difference_is_recorded),
        cmocka_unit_test(test_lost_contact_is_unknown),
        cmocka_unit_test(test_never_wrongly_closed_or_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
