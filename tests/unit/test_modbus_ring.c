/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's cursor and entries: overtaken cursors, epochs, runs round the end, and entries that break the layout. */
#include "drivers/modbus/ring.h"
#include "tests/unit/modbus_fixture.h"
#include "tests/unit/sk_test.h"

static void test_cursor(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct sk_ring_cursor cursor;
        struct sk_ring_state ring;
        uint32_t next;
    } rows[] = {
        {"start", {false, 0, 0}, {7, 50, 42}, 42},
        {"goes on", {true, 7, 45}, {7, 50, 42}, 45},
        {"nothing new", {true, 7, 50}, {7, 50, 42}, 50},
        {"overtaken", {true, 7, 40}, {7, 50, 42}, 42},
        {"new epoch", {true, 7, 45}, {8, 3, 0}, 0},
        {"new epoch, same numbers", {true, 7, 45}, {8, 50, 42}, 42},
        {"controller went back", {true, 7, 45}, {7, 5, 0}, 0},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_ring_cursor cursor = rows[i].cursor;
        sk_ring_follow(&cursor, &rows[i].ring);
        sk_check(cursor.known && cursor.next == rows[i].next && cursor.epoch == rows[i].ring.epoch, rows[i].name);
    }
}

static void test_run(void **state)
{
    (void)state;
    const struct sk_ring_profile ring = {.present = true, .entries = 64, .entry_words = 24};
    static const struct {
        const char *name;
        uint16_t max;
        uint32_t next, head, run;
    } rows[] = {
        {"nothing", 125, 5, 5, 0},          {"one", 125, 5, 6, 1},
        {"as many as fit", 125, 5, 50, 5},  {"to the end", 125, 62, 90, 2},
        {"from the start", 125, 64, 90, 5}, {"small device", 26, 5, 50, 1},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_ring_run(&ring, rows[i].max, rows[i].next, rows[i].head) == rows[i].run, rows[i].name);
    assert_true(sk_ring_state_is_sane(&ring, &(struct sk_ring_state){1, 64, 0}));
    assert_false(sk_ring_state_is_sane(&ring, &(struct sk_ring_state){1, 65, 0}));
    assert_false(sk_ring_state_is_sane(&ring, &(struct sk_ring_state){1, 5, 6}));
}

static const uint16_t granted[SK_RING_ENTRY_WORDS] = {0, 0, 0, 9,      0x6553, 0xF100, 250,    0x0101,
                                                      0, 1, 2, 0x0100, 0x0009, 3,      0x0102, 0x03FF};

static void test_entry(void **state)
{
    (void)state;
    struct modbus_fixture f;
    const struct sk_reader_info readers[] = {{.id = "r1", .address = 1}, {.id = "r2", .address = 2}};
    struct sk_door_info doors[] = {{.id = "other", .controller = 5, .address = 1},
                                   {.id = "d1", .controller = 0, .address = 1, .readers = readers, .reader_count = 2}};
    struct sk_access_event event;
    const char *expected;
    fixture_init(&f);
    f.site.doors = doors;
    f.site.door_count = 2;
    assert_int_equal(sk_ring_entry_decode(&f.site, 0, 77, granted, &event, &expected), SK_OK);
    assert_true(event.ev == SK_EV_ACC_GRANTED && event.door == 1 && event.reader == 1 && event.decision == SK_DECISION_GRANTED);
    assert_true(event.has_identity && event.epoch == 77 && event.seq == 9 && event.factors == 9);
    assert_int_equal(event.t_ctrl_us, INT64_C(1700000000250000));
    assert_int_equal(event.identifier_length, 3);
    assert_memory_equal(event.identifier, "\1\2\3", 3);
    assert_int_equal(event.native_length, 48);
    for (int i = 28; i < 44; i++)
        assert_int_equal(event.native[i], 0); /* the card number does not stay in the verbatim copy */
}

static void test_hostile_entries(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int word;
        uint16_t value;
        enum sk_err err;
        uint16_t ev;
    } rows[] = {
        {"credential too long", 13, 17, SK_ERR_PARSE, 0},
        {"credential far too long", 13, 0xFFFF, SK_ERR_PARSE, 0},
        {"milliseconds", 6, 1000, SK_ERR_PARSE, 0},
        {"decision", 11, 0x0400, SK_ERR_PARSE, 0},
        {"unknown event", 7, 0x0199, SK_OK, SK_EV_NATIVE},
        {"an alarm of ours", 7, 0x0401, SK_OK, SK_EV_NATIVE},
        {"an operator's act", 7, 0x0501, SK_OK, SK_EV_NATIVE},
        {"event 0", 7, 0, SK_OK, SK_EV_NATIVE},
    };
    struct modbus_fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        uint16_t words[SK_RING_ENTRY_WORDS];
        struct sk_access_event event;
        const char *expected;
        memcpy(words, granted, sizeof(words));
        words[rows[i].word] = rows[i].value;
        sk_check(sk_ring_entry_decode(&f.site, 0, 1, words, &event, &expected) == rows[i].err, rows[i].name);
        sk_check((expected != NULL) == (rows[i].err != SK_OK), rows[i].name);
        sk_check(rows[i].err != SK_OK || (event.ev == rows[i].ev && event.door == -1), rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cursor), cmocka_unit_test(test_run), cmocka_unit_test(test_entry),
                                       cmocka_unit_test(test_hostile_entries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
