/* SPDX-License-Identifier: Apache-2.0 */
/* Entry records, the honesty table of controllers row by row, door alarms, and events in any order taken exactly once. */
#include "tests/unit/engine_kit.h"

static void begin(struct kit *kit)
{
    kit_site(kit);
    kit_start(kit);
}

static void test_entry_record(void **state)
{
    (void)state;
    struct kit kit;
    struct sk_body_item item;
    begin(&kit);
    struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, 7, 99, 1000);
    event.has_identifier_hmac = event.simulated = true;
    strcpy(event.credential, "c-1");
    kit_event_feed(&kit, &event, 1000);
    assert_string_equal(kit_story(&kit), "E");
    const struct sk_draft *draft = kit_record(&kit, SK_EV_ACC_GRANTED);
    const struct sk_header *header = &draft->header;
    assert_int_equal(header->zone, 12);
    assert_int_equal(header->door, 21);
    assert_int_equal(header->ctrl, 5);
    assert_int_equal(header->ctrl_epoch, 7);
    assert_int_equal(header->ctrl_seq, 99);
    assert_int_equal(header->t_recv_us, kit_now(1000).utc_us);
    assert_int_equal(header->flags, SK_DECISION_GRANTED | SK_DECISION_UNKNOWN << SK_FLAG_OURS_SHIFT | SK_FLAG_SIMULATED);
    assert_true(kit_item(draft, SK_TAG_T_CTRL, &item) && sk_item_i64(&item) == event.t_ctrl_us);
    assert_true(kit_item(draft, SK_TAG_OCCURRENCE_CLASS, &item) && sk_item_u64(&item) == SK_OCC_ONLINE);
    assert_true(kit_item(draft, SK_TAG_AREA_FROM, &item) && sk_item_u64(&item) == 11);
    assert_true(kit_item(draft, SK_TAG_AREA_TO, &item) && sk_item_u64(&item) == 12);
    assert_true(kit_item(draft, SK_TAG_CAMERAS, &item) && memcmp(item.bytes, "cam1,cam2", 9) == 0);
    assert_true(kit_item(draft, SK_TAG_READER, &item) && memcmp(item.bytes, "r1", 2) == 0);
    assert_true(kit_item(draft, SK_TAG_IDENTIFIER_HMAC, &item));
    assert_true(kit_item(draft, SK_TAG_FACTORS_REQUIRED, &item) && sk_item_u64(&item) == 1);
    assert_true(kit_item(draft, SK_TAG_OUR_DECISION, &item) && sk_item_u64(&item) == SK_DECISION_UNKNOWN);
    assert_true(kit_item(draft, SK_TAG_ONVIF_TOPIC, &item) && item.length > 10);
    event.seq++;
    event.reader = 1; /* going out */
    kit_event_feed(&kit, &event, 1001);
    assert_int_equal(kit_record(&kit, SK_EV_ACC_GRANTED)->header.zone, 11);
    kit_stop(&kit);
}

static void test_occurrence_classes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t age_us;
        uint8_t class_;
        bool not_online;
    } rows[] = {
        {"from the future", -1000000, SK_OCC_ONLINE, false},
        {"now", 0, SK_OCC_ONLINE, false},
        {"5 s", 5000000, SK_OCC_ONLINE, false},
        {"just over 5 s", 5000001, SK_OCC_GRACE, true},
        {"just below 15 min", 899999999, SK_OCC_GRACE, true},
        {"15 min", 900000000, SK_OCC_OFFLINE_ALARM, true},
        {"just below 72 h", INT64_C(72) * 3600 * 1000000 - 1, SK_OCC_OFFLINE_ALARM, true},
        {"72 h", INT64_C(72) * 3600 * 1000000, SK_OCC_OFFLINE, true},
    };
    struct kit kit;
    struct sk_body_item item;
    begin(&kit);
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_access_event event = kit_event(SK_EV_ACC_TAKEN, 1, i, 0);
        event.t_ctrl_us = event.recv_us - rows[i].age_us;
        kit_event_feed(&kit, &event, 0);
        const struct sk_draft *draft = kit_record(&kit, SK_EV_ACC_TAKEN);
        sk_check(kit_item(draft, SK_TAG_OCCURRENCE_CLASS, &item) && sk_item_u64(&item) == rows[i].class_, rows[i].name);
        sk_check(((draft->header.flags & SK_FLAG_NOT_ONLINE) != 0) == rows[i].not_online, rows[i].name);
    }
    kit_stop(&kit);
}

/* One step of a honesty row: epoch, seq, what differs (content), when, and which records. TICK: no event. */
struct move {
    int64_t ms;
    uint32_t epoch;
    uint64_t seq;
    char content;
    const char *story;
    bool duplicate;
};
enum { END = -1, TICK = 0 };
#define LAST                                                                                                                   \
    {                                                                                                                          \
        END, 0, 0, 0, NULL, false                                                                                              \
    }

static const struct {
    const char *name;
    struct move moves[14];
} honesty[] = {
    {"next", {{0, 1, 10, 'a', "E", false}, {1, 1, 11, 'b', "E", false}, {2, 1, 12, 'c', "E", false}, LAST}},
    {"gap: record at once, alarm after the reorder window, ends when filled",
     {{0, 1, 10, 'a', "E", false},
      {1, 1, 13, 'b', "gE", false},
      {5000, TICK, 0, 0, "", false},
      {5001, TICK, 0, 0, "R", false},
      {9000, 1, 11, 'c', "E", false},
      {9001, 1, 12, 'd', "EN", false},
      LAST}},
    {"gap: two holes, one alarm",
     {{0, 1, 10, 'a', "E", false},
      {1, 1, 12, 'b', "gE", false},
      {2, 1, 14, 'c', "gE", false},
      {5001, TICK, 0, 0, "R", false},
      {6000, 1, 11, 'd', "E", false},
      {9999, TICK, 0, 0, "", false},
      {10000, TICK, 0, 0, "C", false}, /* less is missing */
      {600000, 1, 13, 'e', "EN", false},
      LAST}},
    {"duplicate: counted, one record a minute",
     {{0, 1, 10, 'a', "E", false},
      {1, 1, 10, 'a', "d", true},
      {2, 1, 10, 'a', "", true},
      {3, 1, 10, 'a', "", true},
      {60000, TICK, 0, 0, "", false},
      {60001, TICK, 0, 0, "d", false},
      {120001, TICK, 0, 0, "", false},
      {120002, 1, 10, 'a', "d", true},
      LAST}},
    {"conflict: same number, other bytes", {{0, 1, 10, 'a', "E", false}, {1, 1, 10, 'b', "rR", true}, LAST}},
    {"replay alarm returns by itself after a quarter of an hour",
     {{0, 1, 10, 'a', "E", false},
      {1, 1, 10, 'b', "rR", true},
      {2, 1, 10, 'c', "r", true},
      {900001, TICK, 0, 0, "", false},
      {900002, TICK, 0, 0, "N", false},
      LAST}},
    {"rollback: below what is known and no hole",
     {{0, 1, 10, 'a', "E", false},
      {1, 1, 5000, 'b', "gE", false},
      {2, 1, 9000, 'c', "gE", false},
      {3, 1, 20, 'x', "oE", false},
      {4, 1, 9000, 'd', "rR", true},
      LAST}},
    {"reorder: fills within 5 s",
     {{0, 1, 10, 'a', "E", false},
      {1, 1, 12, 'b', "gE", false},
      {4000, 1, 11, 'c', "oE", false},
      {9000, TICK, 0, 0, "", false},
      LAST}},
    {"late: fills after 5 s",
     {{0, 1, 10, 'a', "E", false}, {1, 1, 12, 'b', "gE", false}, {5002, 1, 11, 'c', "REN", false}, LAST}},
    {"before the first one heard: not missing, taken once",
     {{0, 1, 10, 'a', "E", false}, {1, 1, 9, 'b', "E", false}, {2, 1, 0, 'c', "E", false}, {3, 1, 9, 'b', "d", true}, LAST}},
    {"epoch change, and a straggler of the old one",
     {{0, 1, 10, 'a', "E", false},
      {1, 2, 1, 'b', "eE", false},
      {2, 1, 11, 'c', "E", false},
      {3, 1, 10, 'a', "d", true},
      {4, 2, 2, 'd', "E", false},
      LAST}},
    {"the largest number is no end of the world",
     {{0, 1, UINT64_MAX - 1, 'a', "E", false},
      {1, 1, UINT64_MAX, 'b', "E", false},
      {2, 1, UINT64_MAX, 'b', "d", true},
      {3, 1, 0, 'c', "E", false},
      LAST}},
};

static struct sk_access_event move_event(const struct move *move)
{
    struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, move->epoch, move->seq, move->ms);
    event.t_ctrl_us = 0; /* content is what the test says, whenever it is sent */
    event.native[0] = (uint8_t)move->content;
    event.native_length = 1;
    return event;
}

static void test_honesty(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(honesty); i++) {
        struct kit kit;
        begin(&kit);
        for (const struct move *move = honesty[i].moves; move->ms != END; move++) {
            bool duplicate = false;
            const struct sk_access_event event = move_event(move);
            if (move->epoch == TICK)
                kit_tick(&kit, move->ms);
            else
                duplicate = kit_event_feed(&kit, &event, move->ms);
            if (strcmp(kit_story(&kit), move->story) != 0 || duplicate != move->duplicate)
                fail_msg("row '%s' at %lld ms: '%s' dup %d, expected '%s' dup %d", honesty[i].name, (long long)move->ms,
                         kit_story(&kit), duplicate, move->story, move->duplicate);
        }
        kit_stop(&kit);
    }
}

static void test_duplicates_are_counted(void **state)
{
    (void)state;
    struct kit kit;
    struct sk_body_item item;
    const struct move move = {0, 1, 10, 'a', NULL, false};
    const struct sk_access_event event = move_event(&move);
    begin(&kit);
    kit_event_feed(&kit, &event, 0);
    for (int64_t i = 1; i <= 4; i++) {
        kit_event_feed(&kit, &event, i);
        assert_true((kit_record(&kit, SK_EV_CTRL_DUP) != NULL) == (i == 1));
    }
    kit_tick(&kit, 60001);
    assert_true(kit_item(kit_record(&kit, SK_EV_CTRL_DUP), SK_TAG_COUNT, &item));
    assert_int_equal(sk_item_u64(&item), 3);
    kit_stop(&kit);
}

static void test_skew(void **state)
{
    (void)state;
    static const struct {
        int64_t ahead_ms;
        const char *story;
    } rows[] = {{2000, "E"}, {2001, "Es"}, {2500, "E"}, {10000, "E"}, {10001, "ER"}, {9000, "E"}, {2000, "EN"}, {2001, "Es"}};
    struct kit kit;
    begin(&kit);
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, 1, i, (int64_t)i);
        event.t_ctrl_us = event.recv_us + rows[i].ahead_ms * 1000;
        kit_event_feed(&kit, &event, (int64_t)i);
        if (strcmp(kit_story(&kit), rows[i].story) != 0)
            fail_msg("step %zu: '%s', expected '%s'", i, kit_story(&kit), rows[i].story);
    }
    kit_stop(&kit);
}

static void test_without_identity(void **state)
{
    (void)state;
    struct kit kit;
    struct sk_body_item item;
    begin(&kit);
    struct sk_access_event event = kit_event(SK_EV_ACC_DENIED, 0, 0, 0);
    event.has_identity = false;
    event.reason = 999;
    assert_false(kit_event_feed(&kit, &event, 0));
    assert_string_equal(kit_story(&kit), "E");
    assert_false(kit_item(kit_record(&kit, SK_EV_ACC_DENIED), SK_TAG_POSSIBLE_DUP, &item));
    assert_true(kit_item(kit_record(&kit, SK_EV_ACC_DENIED), SK_TAG_CTRL_REASON, &item) && sk_item_u64(&item) == SK_DENY_OTHER);
    event.duplicate_flag = true;
    assert_false(kit_event_feed(&kit, &event, 1));
    assert_true(kit_item(kit_record(&kit, SK_EV_ACC_DENIED), SK_TAG_POSSIBLE_DUP, &item));
    kit_stop(&kit);
}

static void test_doors(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t ev;
        uint8_t state;
        uint64_t seq;
        const char *story;
    } rows[] = {
        {"forced", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_FORCED, 10, "ER"},
        {"the same again", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_FORCED, 11, "E"},
        {"now held", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_TOO_LONG, 12, "EC"},
        {"normal", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_NORMAL, 13, "EN"},
        {"tamper", SK_EV_DOOR_TAMPER, SK_DOOR_TAMPER_DETECTED, 14, "ER"},
        {"tamper unknown does not clear", SK_EV_DOOR_TAMPER, SK_DOOR_TAMPER_UNKNOWN, 15, "E"},
        {"tamper over", SK_EV_DOOR_TAMPER, SK_DOOR_TAMPER_NONE, 16, "EN"},
        {"fault", SK_EV_DOOR_FAULT, SK_DOOR_FAULT_DETECTED, 17, "ER"},
        {"fault over", SK_EV_DOOR_FAULT, SK_DOOR_FAULT_NONE, 18, "EN"},
        {"only a state", SK_EV_DOOR_PHYS, SK_DOOR_PHYS_OPEN, 19, "E"},
        {"duress", SK_EV_ACC_DURESS, 0, 20, "ER"},
        {"duress again, not yet acknowledged", SK_EV_ACC_DURESS, 0, 21, "E"},
        {"a kind nobody knows", 0x0777, 0, 22, "ER"},
        {"a state nobody knows", SK_EV_DOOR_ALARM, 77, 23, "E"},
        {"an older forced door fills a hole: told as over", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_FORCED, 3, "ERN"},
        {"forced anew", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_FORCED, 24, "ER"},
        {"an older normal does not clear it", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_NORMAL, 4, "E"},
        {"an older held door does not rename it", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_TOO_LONG, 5, "E"},
        {"a newer normal does", SK_EV_DOOR_ALARM, SK_DOOR_ALARM_NORMAL, 25, "EN"},
    };
    struct kit kit;
    begin(&kit);
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_access_event event = kit_event(rows[i].ev, 1, rows[i].seq, (int64_t)i);
        event.state = rows[i].state;
        kit_event_feed(&kit, &event, (int64_t)i);
        if (strcmp(kit_story(&kit), rows[i].story) != 0)
            fail_msg("row '%s': '%s', expected '%s'", rows[i].name, kit_story(&kit), rows[i].story);
        if (i == 0) {
            assert_string_equal(sk_engine_alarm(kit.engine, 0)->source, "door:d1");
            assert_string_equal(sk_engine_alarm(kit.engine, 0)->detail, "DoorForcedOpen");
            assert_int_equal(kit_record(&kit, SK_EV_ALARM_RAISED)->header.door, 21);
        }
        if (rows[i].ev == SK_EV_ACC_DURESS && i == 10)
            assert_int_equal(sk_engine_alarm(kit.engine, sk_engine_alarm_count(kit.engine) - 1)->severity, SK_SEV_CRITICAL);
        if (rows[i].ev == 0x0777)
            assert_non_null(kit_record(&kit, SK_EV_NATIVE));
    }
    kit_stop(&kit);
}

static void test_malformed(void **state)
{
    (void)state;
    struct kit kit;
    const struct sk_now now = kit_now(0);
    const uint8_t junk[1000] = {0xFF};
    begin(&kit);
    static const struct {
        int32_t device;
        const char *story;
    } rows[] = {{1, "xR"}, {1, "x"}, {0, "x"}, {0, ""}, {-1, "x"}, {-1, ""}, {77, ""}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        sk_effects_clear(kit.effects);
        assert_int_equal(
            sk_engine_malformed(kit.engine, rows[i].device, "a/b", "an object", junk, sizeof junk, &now, kit.effects), SK_OK);
        sk_check(strcmp(kit_story(&kit), rows[i].story) == 0, rows[i].story);
        struct sk_body_item item; /* what was wrong with a sensor's payload is told too */
        const struct sk_draft *draft = rows[i].story[0] != '\0' && i < 3 ? kit_record(&kit, SK_EV_CTRL_MALFORMED) : NULL;
        assert_true(draft == NULL || (sk_body_find(draft->body.bytes, draft->body.writer.length, SK_TAG_DETAIL, &item) &&
                                      item.length == strlen("a/b: an object")));
    }
    kit_stop(&kit);
}

static uint32_t random_u32(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* Many events, shuffled within a reach, some sent more than once, over three epochs: each is in the log exactly once. */
static void run_shuffled(uint64_t seed, uint32_t reach)
{
    enum { EVENTS = 900 };
    static uint32_t order[2 * EVENTS];
    uint8_t taken[EVENTS] = {0};
    size_t sends = 0;
    struct kit kit;
    begin(&kit);
    for (uint32_t i = 0; i < EVENTS; i++) {
        order[sends++] = i;
        if (random_u32(&seed) % 4 == 0)
            order[sends++] = i;
    }
    for (size_t i = 0; i + 1 < sends; i++) {
        const size_t other = i + random_u32(&seed) % reach;
        if (other < sends) {
            const uint32_t kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
    }
    for (size_t i = 0; i < sends; i++) {
        struct sk_access_event event = kit_event(SK_EV_ACC_TAKEN, 1 + order[i] / 300, 100 + order[i] % 300, 0);
        event.duplicate_flag = taken[order[i]] > 0 && random_u32(&seed) % 2 == 0;
        event.native_length = 4;
        memcpy(event.native, &order[i], 4);
        const bool duplicate = kit_event_feed(&kit, &event, (int64_t)i * 10);
        const struct sk_draft *draft = kit_record(&kit, SK_EV_ACC_TAKEN);
        if (draft != NULL)
            taken[order[i]]++;
        assert_true(duplicate == (draft == NULL));
        assert_null(kit_record(&kit, SK_EV_CTRL_REPLAY));
    }
    for (uint32_t i = 0; i < EVENTS; i++)
        if (taken[i] != 1)
            fail_msg("seed %llu reach %u: event %u taken %u times", (unsigned long long)seed, reach, i, taken[i]);
    kit_stop(&kit);
}

static void test_exactly_once_in_any_order(void **state)
{
    (void)state;
    static const uint32_t reaches[] = {1, 2, 8, 40, 300};
    for (size_t i = 0; i < SK_COUNT(reaches); i++)
        for (uint64_t seed = 1; seed <= 20; seed++)
            run_shuffled(seed, reaches[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_record),
        cmocka_unit_test(test_occurrence_classes),
        cmocka_unit_test(test_honesty),
        cmocka_unit_test(test_skew),
        cmocka_unit_test(test_duplicates_are_counted),
        cmocka_unit_test(test_without_identity),
        cmocka_unit_test(test_doors),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_exactly_once_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
