/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-over packets: every type there and back, and what must be refused. */
#include "drivers/handover.h"
#include "tests/unit/modbus_fixture.h"
#include "tests/unit/sk_test.h"

static struct modbus_fixture fixture;
static struct sk_door_info door;
static const struct sk_reader_info reader = {.id = "r1", .address = 1};
static uint8_t packet[SK_HANDOVER_MAX];
static struct sk_sample decoded[SK_BATCH_MAX];
static struct sk_handover back;

enum { NUMBER_POINT, STATE_POINT, FLAGS_POINT, TEXT_POINT };

static int setup(void **state)
{
    (void)state;
    static const struct sk_point_kind *const kinds[] = {&fixture_number, &fixture_state, &fixture_flags, &fixture_text};
    fixture_init(&fixture);
    for (size_t i = 0; i < SK_COUNT(kinds); i++) {
        struct sk_profile_point point = fixture_point(kinds[i]->name, 3, (uint16_t)i, 1);
        point.kind = kinds[i];
        fixture_add(&fixture, point, 0);
    }
    door = (struct sk_door_info){.id = "d1", .readers = &reader, .reader_count = 1};
    fixture.site.doors = &door;
    fixture.site.door_count = 1;
    return 0;
}

static size_t encode(const struct sk_handover *message)
{
    size_t length = 0;
    assert_int_equal(sk_handover_encode(message, packet, sizeof(packet), &length), SK_OK);
    return length;
}

static enum sk_err decode(size_t length)
{
    return sk_handover_decode(&fixture.site, packet, length, decoded, &back);
}

static const struct sk_sample good_samples[] = {
    {.point = NUMBER_POINT,
     .kind = SK_KIND_NUMBER,
     .quality = SK_Q_GOOD,
     .number = -2.5,
     .source_us = 1,
     .recv_us = 2,
     .mono_us = 3,
     .uncertainty_us = 4,
     .flags = SK_SAMPLE_REFRESH | SK_SAMPLE_SIMULATED},
    {.point = STATE_POINT, .kind = SK_KIND_STATE, .quality = SK_Q_GOOD, .number = 2},
    {.point = FLAGS_POINT, .kind = SK_KIND_FLAGS, .quality = SK_Q_UNCERTAIN, .reason = SK_WHY_ENUM, .number = 7},
    {.point = TEXT_POINT, .kind = SK_KIND_TEXT, .quality = SK_Q_GOOD, .text = 3},
};

static struct sk_handover good_batch(void)
{
    return (struct sk_handover){.type = SK_UP_BATCH,
                                .number = 5,
                                .batch = {.link = 0,
                                          .before_us = 10,
                                          .after_us = 20,
                                          .samples = good_samples,
                                          .count = 4,
                                          .text = "ab\0UPS",
                                          .text_length = 7}};
}

static struct sk_handover good_event(void)
{
    struct sk_handover message = {.type = SK_UP_EVENT, .number = 6};
    message.event = (struct sk_access_event){.device = 0,
                                             .door = 0,
                                             .reader = 0,
                                             .ev = SK_EV_ACC_DENIED,
                                             .reason = 1,
                                             .decision = SK_DECISION_DENIED,
                                             .state = 9,
                                             .has_identity = true,
                                             .simulated = true,
                                             .factors = 3,
                                             .epoch = 0xFFFFFFFF,
                                             .seq = UINT64_MAX,
                                             .t_ctrl_us = -1,
                                             .mono_ms = 8,
                                             .recv_us = INT64_MAX,
                                             .mono_us = 7,
                                             .identifier = {1, 2, 3},
                                             .identifier_length = 3,
                                             .credential = "tok",
                                             .holder = "h",
                                             .topic = "tns1:x",
                                             .native_length = 2,
                                             .native = {0, 0xFF}};
    return message;
}

static void test_batch(void **state)
{
    (void)state;
    struct sk_handover message = good_batch();
    assert_int_equal(decode(encode(&message)), SK_OK);
    assert_true(back.number == 5 && back.batch.before_us == 10 && back.batch.after_us == 20 && back.batch.count == 4);
    assert_ptr_equal(back.batch.samples, decoded);
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(&decoded[i], &good_samples[i], sizeof(decoded[i]));
    assert_string_equal(back.batch.text + decoded[3].text, "UPS");
}

static const struct sk_block_read good_block = {.block = STATE_POINT,
                                                .told = 3,
                                                .unchanged = 2,
                                                .anew = true,
                                                .source_us = -1,
                                                .recv_us = 2,
                                                .mono_us = INT64_MAX,
                                                .uncertainty_us = UINT32_MAX};

static void test_block(void **state)
{
    (void)state;
    struct sk_handover message = good_batch();
    message.batch.has_block = true;
    message.batch.block = good_block;
    assert_int_equal(decode(encode(&message)), SK_OK);
    const struct sk_block_read *block = &back.batch.block;
    assert_true(back.batch.has_block && block->block == STATE_POINT && block->told == 3 && block->unchanged == 2 &&
                block->anew);
    assert_true(block->source_us == -1 && block->recv_us == 2 && block->mono_us == INT64_MAX);
    assert_int_equal(block->uncertainty_us, UINT32_MAX);
    static const struct {
        const char *name;
        struct sk_block_read block;
    } ROWS[] = {{"a point beyond the site", {.block = 1000000}},
                {"more told than there are", {.told = 5}},
                {"more unchanged than points", {.unchanged = 1000000}}};
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        message.batch.block = ROWS[i].block;
        sk_check(decode(encode(&message)) == SK_ERR_PROTOCOL, ROWS[i].name);
    }
}

static void test_given_up(void **state)
{
    (void)state;
    const struct sk_handover message = {.type = SK_UP_GIVEN_UP, .number = 3, .given_up = UINT64_MAX - 1};
    const size_t length = encode(&message);
    assert_int_equal(decode(length), SK_OK);
    assert_true(back.type == SK_UP_GIVEN_UP && back.given_up == UINT64_MAX - 1);
    assert_int_equal(decode(length - 1), SK_ERR_PROTOCOL);
}

static void test_packets(void **state)
{
    (void)state;
    static uint8_t bytes[SK_HANDOVER_MAX];
    struct sk_packet packet_ = {.bytes = bytes};
    struct sk_handover message = good_batch();
    const uint8_t *at_message;
    size_t at = 0, size = 0, count = 0;
    while (sk_packet_add(&packet_, &message) == SK_OK) { /* until it is full */
        message.number++;
        count++;
    }
    assert_true(count > 100 && packet_.length <= SK_HANDOVER_MAX);
    for (uint64_t number = 5; sk_packet_next(bytes, packet_.length, &at, &at_message, &size); number++) {
        assert_int_equal(sk_handover_decode(&fixture.site, at_message, size, decoded, &back), SK_OK);
        assert_int_equal(back.number, number);
        count--;
    }
    assert_int_equal(count, 0);
    assert_int_equal(at, packet_.length);
    for (size_t cut = 1; cut < 200; cut++) { /* cut anywhere: no byte beyond is read, and the end is not reached */
        at = 0;
        while (sk_packet_next(bytes, cut, &at, &at_message, &size))
            assert_true(at <= cut);
        assert_true(at < cut || at == size + 4);
    }
    static const uint8_t nothing[4] = {0};
    at = 0;
    assert_false(sk_packet_next(nothing, sizeof nothing, &at, &at_message, &size));
}

static void test_full_batch_fits(void **state)
{
    (void)state;
    static struct sk_sample many[SK_BATCH_MAX];
    static char text[SK_BATCH_TEXT_MAX];
    struct sk_handover message = good_batch();
    for (size_t i = 0; i < SK_BATCH_MAX; i++)
        many[i] = good_samples[0];
    message.batch.samples = many;
    message.batch.count = SK_BATCH_MAX;
    message.batch.text = text;
    message.batch.text_length = sizeof(text);
    assert_int_equal(decode(encode(&message)), SK_OK);
    assert_int_equal(back.batch.count, SK_BATCH_MAX);
    size_t length;
    message.batch.count = SK_BATCH_MAX + 1;
    assert_int_equal(sk_handover_encode(&message, packet, sizeof(packet), &length), SK_ERR_TOO_LONG);
    message = good_batch();
    assert_int_equal(sk_handover_encode(&message, packet, 40, &length), SK_ERR_TOO_LONG);
}

static void test_event(void **state)
{
    (void)state;
    struct sk_handover message = good_event();
    assert_int_equal(decode(encode(&message)), SK_OK);
    const struct sk_access_event *a = &message.event, *b = &back.event;
    assert_true(a->device == b->device && a->door == b->door && a->reader == b->reader && a->ev == b->ev &&
                a->reason == b->reason);
    assert_true(a->decision == b->decision && a->state == b->state && b->has_identity && b->simulated && !b->duplicate_flag);
    assert_true(a->factors == b->factors && a->epoch == b->epoch && a->seq == b->seq && a->t_ctrl_us == b->t_ctrl_us);
    assert_true(a->mono_ms == b->mono_ms && a->recv_us == b->recv_us && a->mono_us == b->mono_us);
    assert_true(b->identifier_length == 3 && memcmp(a->identifier, b->identifier, 3) == 0);
    assert_string_equal(b->credential, "tok");
    assert_string_equal(b->holder, "h");
    assert_string_equal(b->topic, "tns1:x");
    assert_true(b->native_length == 2 && b->native[1] == 0xFF);
}

static void test_others(void **state)
{
    (void)state;
    static const uint8_t bytes[SK_NATIVE_MAX + 100] = {9, 8};
    struct sk_handover message = {.type = SK_UP_MALFORMED, .number = 1};
    message.malformed = (struct sk_malformed){
        .device = -1, .link = 0, .where = "here", .expected = "x", .bytes = bytes, .length = sizeof(bytes)};
    assert_int_equal(decode(encode(&message)), SK_OK);
    assert_true(back.malformed.device == -1 && back.malformed.length == SK_NATIVE_MAX);
    assert_string_equal(back.malformed.where, "here");
    assert_int_equal(((const uint8_t *)back.malformed.bytes)[1], 8);
    message = (struct sk_handover){.type = SK_UP_HELLO, .number = 1, .poller = 3, .site_digest = {1, [31] = 2}};
    assert_int_equal(decode(encode(&message)), SK_OK);
    assert_true(back.poller == 3 && back.site_digest[31] == 2);
    message = (struct sk_handover){.type = SK_UP_ENDED, .number = 2, .link = 0, .text = "gone"};
    assert_int_equal(decode(encode(&message)), SK_OK);
    assert_string_equal(back.text, "gone");
    message = (struct sk_handover){.type = SK_DOWN_COMMITTED, .number = 2, .committed = UINT64_MAX};
    assert_int_equal(decode(encode(&message)), SK_OK);
    assert_true(back.committed == UINT64_MAX);
    static const uint8_t bare[] = {SK_DOWN_PAUSE, SK_DOWN_RESUME, SK_DOWN_STOP};
    for (size_t i = 0; i < SK_COUNT(bare); i++) {
        message = (struct sk_handover){.type = bare[i], .number = 4};
        assert_int_equal(encode(&message), 9);
        assert_int_equal(decode(9), SK_OK);
        assert_int_equal(back.type, bare[i]);
    }
}

/* One field changed in a good batch; each row must be refused. */
static void test_hostile_samples(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct sk_sample sample;
    } rows[] = {
        {"point outside the site", {.point = 4, .kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD}},
        {"point far outside", {.point = UINT32_MAX, .kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD}},
        {"another kind", {.point = NUMBER_POINT, .kind = SK_KIND_STATE, .quality = SK_Q_GOOD}},
        {"unknown kind", {.point = NUMBER_POINT, .kind = 9, .quality = SK_Q_GOOD}},
        {"unknown quality", {.point = NUMBER_POINT, .kind = SK_KIND_NUMBER, .quality = 0x41}},
        {"unknown reason", {.point = NUMBER_POINT, .kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD, .reason = 99}},
        {"unknown flag", {.point = NUMBER_POINT, .kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD, .flags = 0x10}},
        {"not a number", {.point = NUMBER_POINT, .kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD, .number = NAN}},
        {"infinite", {.point = NUMBER_POINT, .kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD, .number = INFINITY}},
        {"state beyond its list", {.point = STATE_POINT, .kind = SK_KIND_STATE, .quality = SK_Q_GOOD, .number = 3}},
        {"negative state", {.point = STATE_POINT, .kind = SK_KIND_STATE, .quality = SK_Q_GOOD, .number = -1}},
        {"half a state", {.point = STATE_POINT, .kind = SK_KIND_STATE, .quality = SK_Q_GOOD, .number = 0.5}},
        {"flag beyond its list", {.point = FLAGS_POINT, .kind = SK_KIND_FLAGS, .quality = SK_Q_GOOD, .number = 8}},
        {"text outside the area", {.point = TEXT_POINT, .kind = SK_KIND_TEXT, .quality = SK_Q_GOOD, .text = 7}},
        {"text far outside", {.point = TEXT_POINT, .kind = SK_KIND_TEXT, .quality = SK_Q_GOOD, .text = UINT32_MAX}},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_handover message = good_batch();
        message.batch.samples = &rows[i].sample;
        message.batch.count = 1;
        sk_check(decode(encode(&message)) == SK_ERR_PROTOCOL, rows[i].name);
    }
}

static void test_hostile_texts(void **state)
{
    (void)state;
    static const char endless[80] = "0123456789012345678901234567890123456789012345678901234567890123456789";
    struct sk_handover message = good_batch();
    message.batch.text = "ab\0UPSx"; /* no NUL before the end of the area */
    message.batch.text_length = 7;
    assert_int_equal(decode(encode(&message)), SK_ERR_PROTOCOL);
    message.batch.text = endless; /* longer than a text value may be */
    message.batch.text_length = sizeof(endless);
    assert_int_equal(decode(encode(&message)), SK_ERR_PROTOCOL);
    message.batch.text = "ab\0U\x1bS";
    message.batch.text_length = 7;
    assert_int_equal(decode(encode(&message)), SK_ERR_PROTOCOL);
}

static void test_hostile_events(void **state)
{
    (void)state;
    struct sk_handover rows[] = {good_event(), good_event(), good_event(), good_event(),
                                 good_event(), good_event(), good_event()};
    rows[0].event.device = 1;
    rows[1].event.door = 1;
    rows[2].event.door = -2;
    rows[3].event.reader = 1;
    rows[4].event.door = -1;                /* a reader without a door */
    rows[5].event.ev = SK_EV_TAIL_INFERRED; /* ours to say, not a controller's */
    rows[6].event.decision = 4;
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        if (decode(encode(&rows[i])) != SK_ERR_PROTOCOL)
            fail_msg("event row %zu was taken", i);
    struct sk_handover message = good_event();
    size_t length = encode(&message);
    packet[9 + 18] = 2; /* has_identity is neither 0 nor 1 */
    assert_int_equal(decode(length), SK_ERR_PROTOCOL);
    message.event.identifier_length = SK_IDENTIFIER_MAX + 1;
    assert_int_equal(sk_handover_encode(&message, packet, sizeof(packet), &length), SK_ERR_TOO_LONG);
}

/* Every cut of a good packet, and every good packet with a byte more, is refused. */
static void test_cuts(void **state)
{
    (void)state;
    struct sk_handover messages[] = {good_batch(),
                                     good_event(),
                                     {.type = SK_UP_HELLO, .number = 1},
                                     {.type = SK_DOWN_COMMITTED, .number = 1},
                                     {.type = SK_UP_ENDED, .number = 1, .text = "x"},
                                     {.type = SK_DOWN_STOP, .number = 1}};
    for (size_t i = 0; i < SK_COUNT(messages); i++) {
        size_t length = encode(&messages[i]);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_equal(decode(cut), SK_ERR_PROTOCOL);
        packet[length] = 0;
        assert_int_equal(decode(length + 1), SK_ERR_PROTOCOL);
        assert_int_equal(decode(length), SK_OK);
        packet[0] = 99;
        assert_int_equal(decode(length), SK_ERR_PROTOCOL);
    }
    struct sk_handover unnumbered = {.type = SK_DOWN_STOP};
    assert_int_equal(decode(encode(&unnumbered)), SK_ERR_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_batch),
                                       cmocka_unit_test(test_block),
                                       cmocka_unit_test(test_given_up),
                                       cmocka_unit_test(test_packets),
                                       cmocka_unit_test(test_full_batch_fits),
                                       cmocka_unit_test(test_event),
                                       cmocka_unit_test(test_others),
                                       cmocka_unit_test(test_hostile_samples),
                                       cmocka_unit_test(test_hostile_texts),
                                       cmocka_unit_test(test_hostile_events),
                                       cmocka_unit_test(test_cuts)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
