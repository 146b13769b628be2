/* SPDX-License-Identifier: Apache-2.0 */
/* Restart is no event. Two engines get the same long random input; one of them is thrown away and built again from its rows and
 * open alarms, after every step or now and then, in the same boot or another. Every record must be the same, byte for byte.
 * The age of points that spoke in time is not stored, so staleness has a test of its own with its stated tolerance. */
#include "tests/unit/engine_kit.h"

enum { ROWS_MAX = 512, ALARMS_MAX = 4096 };

struct stored_row {
    char key[SK_PENDING_KEY_MAX];
    uint8_t bytes[SK_PENDING_BYTES_MAX];
    size_t length;
};

/* What a store would hold. */
struct disk {
    struct stored_row rows[ROWS_MAX];
    size_t row_count;
    struct sk_alarm alarms[ALARMS_MAX];
    size_t alarm_count;
    size_t largest_row;
};

struct side {
    struct kit kit;
    struct disk disk;
    int64_t mono_shift_us; /* this boot's mono against the test's */
    unsigned boot;
};

static uint64_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static void disk_put(struct disk *disk, const char *key, const uint8_t *bytes, size_t length)
{
    size_t at = 0;
    while (at < disk->row_count && strcmp(disk->rows[at].key, key) != 0)
        at++;
    assert_true(at < ROWS_MAX && length <= SK_PENDING_BYTES_MAX);
    if (at == disk->row_count)
        disk->row_count++;
    strcpy(disk->rows[at].key, key);
    memcpy(disk->rows[at].bytes, bytes, length);
    disk->rows[at].length = length;
    if (length > disk->largest_row)
        disk->largest_row = length;
}

static void disk_delete(struct disk *disk, const char *key)
{
    for (size_t i = 0; i < disk->row_count; i++)
        if (strcmp(disk->rows[i].key, key) == 0) {
            disk->rows[i] = disk->rows[--disk->row_count];
            return;
        }
}

static void disk_alarm(struct disk *disk, const struct sk_alarm *alarm)
{
    size_t at = 0;
    while (at < disk->alarm_count && disk->alarms[at].occurrence != alarm->occurrence)
        at++;
    assert_true(at < ALARMS_MAX);
    if (at == disk->alarm_count)
        disk->alarm_count++;
    disk->alarms[at] = *alarm;
}

static void carry_out(struct side *side)
{
    for (size_t i = 0; i < sk_effects_count(side->kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(side->kit.effects, i);
        if (effect->kind == SK_EFFECT_PENDING_PUT)
            disk_put(&side->disk, effect->pending.key, effect->pending.bytes, effect->pending.length);
        else if (effect->kind == SK_EFFECT_PENDING_DELETE)
            disk_delete(&side->disk, effect->pending.key);
        else if (effect->kind == SK_EFFECT_ALARM)
            disk_alarm(&side->disk, effect->alarm);
    }
}

static struct sk_now now_of(const struct side *side, int64_t ms)
{
    struct sk_now now = kit_now(ms);
    now.mono_us += side->mono_shift_us;
    return now;
}

static void restart(struct side *side, int64_t ms, bool other_boot)
{
    char boot[16];
    uint64_t last = 0;
    sk_engine_free(side->kit.engine);
    if (other_boot) {
        side->boot++;
        side->mono_shift_us = -KIT_MONO0 - ms * 1000 + 5000000; /* this boot is five seconds old */
    }
    sk_text_format(boot, sizeof boot, "boot-%u", side->boot);
    const struct sk_now now = now_of(side, ms);
    assert_int_equal(sk_engine_create(&side->kit.site, boot, &side->kit.engine), SK_OK);
    for (size_t i = side->disk.row_count; i > 0; i--) {
        const struct stored_row *row = &side->disk.rows[i - 1];
        const enum sk_err err = sk_engine_restore_pending(side->kit.engine, row->key, row->bytes, row->length, &now);
        if (err != SK_OK)
            fail_msg("row '%s': %d", row->key, (int)err);
    }
    for (size_t i = 0; i < side->disk.alarm_count; i++) {
        const struct sk_alarm *alarm = &side->disk.alarms[i];
        last = alarm->occurrence > last ? alarm->occurrence : last;
        if (sk_alarm_is_open(alarm->bits))
            assert_int_equal(sk_engine_restore_alarm(side->kit.engine, alarm), SK_OK);
    }
    sk_engine_restore_last_occurrence(side->kit.engine, last);
    sk_effects_clear(side->kit.effects);
    assert_int_equal(sk_engine_start(side->kit.engine, &now, side->kit.effects), SK_OK);
    carry_out(side);
}

static void side_init(struct side *side, uint32_t stale_ms)
{
    memset(side, 0, sizeof *side);
    struct kit *kit = &side->kit;
    kit_site(kit);
    kit_limit(kit, 0,
              (struct sk_limit){.condition = SK_COND_UPPER_CAUTION,
                                .reading = 50,
                                .hysteresis = 10,
                                .dwell_ms = 3000,
                                .hysteresis_ms = 4000,
                                .severity = SK_SEV_MEDIUM});
    kit_limit(kit, 0, (struct sk_limit){.condition = SK_COND_UPPER_CRITICAL, .reading = 80, .severity = SK_SEV_CRITICAL});
    kit_limit(
        kit, 1,
        (struct sk_limit){
            .condition = SK_COND_RATE_OF_CHANGE, .reading = 40, .window_ms = 10000, .hysteresis = 5, .severity = SK_SEV_LOW});
    kit_limit(kit, 2, (struct sk_limit){.condition = SK_COND_LOWER_FATAL, .reading = 20, .hysteresis_ms = 2500});
    kit_limit(kit, 4, (struct sk_limit){.condition = SK_COND_STATE, .states = 0x6, .dwell_ms = 1500, .hysteresis_ms = 700});
    kit_limit(kit, 5, (struct sk_limit){.condition = SK_COND_STATE, .states = 0xE, .severity = SK_SEV_HIGH});
    kit->doors[0].rex = true;
    kit->doors[0].release_ms = 3000;
    kit->doors[0].open_ms = 8000;
    kit->doors[0].extended_open_ms = 12000;
    kit->doors[0].prealarm_ms = 2000;
    kit->doors[0].busy_alarm = true;
    kit->doors[0].passage_ms = 1000;
    kit->doors[0].resolve_ms = 20000;
    kit->doors[0].counter = 1;
    kit->devices[0].point_count = KIT_POINTS;
    kit->points[3].name = "people.count.in";
    if (stale_ms > 0) {
        for (uint32_t i = 0; i < 6; i++)
            kit->points[i].stale_ms = stale_ms;
        kit_limit(kit, 3, (struct sk_limit){.condition = SK_COND_STALE, .severity = SK_SEV_LOW});
        kit->devices[0].comm_lost_ms = stale_ms;
    }
    assert_int_equal(sk_effects_create(&kit->effects), SK_OK);
    const struct sk_now now = now_of(side, 0);
    assert_int_equal(sk_engine_create(&kit->site, "boot-0", &kit->engine), SK_OK);
    assert_int_equal(sk_engine_start(kit->engine, &now, kit->effects), SK_OK);
    carry_out(side);
}

static void side_free(struct side *side)
{
    kit_stop(&side->kit);
}

/* One random input, drawn once and given to both. */
struct input {
    enum { IN_SAMPLES, IN_EVENT, IN_TICK, IN_ACK, IN_SYSTEM, IN_MALFORMED } kind;
    struct sk_sample samples[4];
    size_t count;
    struct sk_access_event event;
    uint64_t occurrence;
    bool active;
    uint32_t name;
};

static void draw_samples(const struct kit *kit, int64_t ms, struct input *input)
{
    input->count = 1 + roll(3);
    for (size_t i = 0; i < input->count; i++) {
        const uint32_t point = roll(6);
        const double value = point >= 4 ? (double)roll(point == 4 ? 4 : 16) : (double)roll(100);
        input->samples[i] = kit_sample(kit, point, value, SK_Q_GOOD, ms);
        const uint32_t kind = roll(12);
        if (kind == 0) {
            input->samples[i].quality = SK_Q_COMM_LAST_VALUE;
            input->samples[i].reason = SK_WHY_TIMEOUT;
        } else if (kind == 1) {
            input->samples[i].quality = SK_Q_LAST_USABLE;
            input->samples[i].reason = SK_WHY_RETAINED;
        }
    }
}

static void draw_event(int64_t ms, struct input *input)
{
    static uint64_t next[2];
    static const uint16_t evs[] = {SK_EV_ACC_GRANTED, SK_EV_ACC_TAKEN, SK_EV_DOOR_ALARM, SK_EV_DOOR_TAMPER,
                                   SK_EV_ACC_DURESS,  0x777,           SK_EV_DOOR_PHYS,  SK_EV_DOOR_PHYS,
                                   SK_EV_DOOR_MODE,   SK_EV_ACC_REX,   SK_EV_AP_ENABLED};
    const uint32_t which = roll(2);
    uint64_t seq = next[which] + 1;
    if (roll(4) == 0)
        seq += roll(4);
    if (roll(4) == 0 && seq > 8)
        seq -= roll(8);
    if (seq > next[which])
        next[which] = seq;
    input->event = kit_event(evs[roll(sizeof evs / sizeof *evs)], 1 + (uint32_t)(ms / 400000), seq, ms);
    input->event.device = 1 + which;
    input->event.state = (uint8_t)roll(3);
    input->event.has_identity = roll(20) != 0;
    input->event.t_ctrl_us += roll(10) == 0 ? (int64_t)roll(20000000) : 0;
    input->event.native_length = roll(3) == 0 ? 1 : 0;
}

static void draw(const struct kit *kit, int64_t ms, struct input *input)
{
    const uint32_t kind = roll(20);
    memset(input, 0, sizeof *input);
    input->kind = kind < 10    ? IN_SAMPLES
                  : kind < 16  ? IN_EVENT
                  : kind == 16 ? IN_TICK
                  : kind == 17 ? IN_ACK
                  : kind == 18 ? IN_SYSTEM
                               : IN_MALFORMED;
    draw_samples(kit, ms, input);
    draw_event(ms, input);
    input->occurrence = sk_engine_alarm_count(kit->engine) == 0
                            ? 0
                            : sk_engine_alarm(kit->engine, roll((uint32_t)sk_engine_alarm_count(kit->engine)))->occurrence;
    input->active = roll(2) == 0;
    input->name = roll(3);
}

static void give(struct side *side, const struct input *input, int64_t ms)
{
    static const struct sk_actor actor = {.id = "op1", .roles = 2};
    static const char *const names[] = {"a", "b", "c"};
    struct sk_engine *engine = side->kit.engine;
    struct sk_effects *effects = side->kit.effects;
    const struct sk_now now = now_of(side, ms);
    struct sk_sample samples[4];
    bool duplicate;
    enum sk_err err = SK_OK;
    memcpy(samples, input->samples, sizeof samples);
    for (size_t i = 0; i < input->count; i++)
        samples[i].mono_us += side->mono_shift_us;
    sk_effects_clear(effects);
    switch (input->kind) {
    case IN_SAMPLES:
        err = sk_engine_samples(engine, samples, input->count, NULL, 0, &now, effects);
        break;
    case IN_EVENT:
        err = sk_engine_event(engine, &input->event, &now, effects, &duplicate);
        break;
    case IN_TICK:
        err = sk_engine_tick(engine, &now, effects);
        break;
    case IN_ACK:
        err = sk_engine_acknowledge(engine, input->occurrence, "", &actor, &now, effects);
        err = err == SK_ERR_NOT_FOUND ? SK_OK : err;
        break;
    case IN_SYSTEM:
        err = sk_engine_system(engine, names[input->name], input->active, SK_SEV_HIGH, "", &now, effects);
        break;
    case IN_MALFORMED:
        err = sk_engine_malformed(engine, (int32_t)input->name, "t", "x", "abc", 3, &now, effects);
        break;
    }
    assert_int_equal(err, SK_OK);
    carry_out(side);
}

static const struct sk_draft *next_record(const struct side *side, size_t *at)
{
    while (*at < sk_effects_count(side->kit.effects)) {
        const struct sk_effect *effect = sk_effects_at(side->kit.effects, (*at)++);
        if (effect->kind == SK_EFFECT_RECORD)
            return effect->record;
    }
    return NULL;
}

static void fail_differing(const struct sk_draft *x, const struct sk_draft *y, size_t step)
{
    struct sk_body_item left, right;
    for (int tag = 0; tag < 0x80; tag++) {
        const bool has_left = kit_item(x, (enum sk_tag)tag, &left), has_right = kit_item(y, (enum sk_tag)tag, &right);
        if (has_left != has_right ||
            (has_left && (left.length != right.length || memcmp(left.bytes, right.bytes, left.length) != 0)))
            print_error("differs: %s\n", sk_tag_name(tag));
    }
    fail_msg("step %zu: records differ (events 0x%04x, 0x%04x)", step, x->header.ev, y->header.ev);
}

static void compare(const struct side *a, const struct side *b, size_t step)
{
    size_t i = 0, k = 0;
    for (;;) {
        uint8_t left[SK_HEADER_SIZE], right[SK_HEADER_SIZE];
        const struct sk_draft *x = next_record(a, &i), *y = next_record(b, &k);
        if (x == NULL && y == NULL)
            return;
        if (x == NULL || y == NULL)
            fail_msg("step %zu: %s has a record more (event 0x%04x)", step, x == NULL ? "the restarted" : "the other",
                     (x == NULL ? y : x)->header.ev);
        sk_header_encode(&x->header, left);
        sk_header_encode(&y->header, right);
        if (memcmp(left, right, sizeof left) != 0 || x->body.writer.length != y->body.writer.length ||
            memcmp(x->body.bytes, y->body.bytes, x->body.writer.length) != 0)
            fail_differing(x, y, step);
    }
}

static struct side one, two;

static size_t play(uint64_t with_seed, size_t steps, uint32_t every, bool other_boot)
{
    struct input input = {0};
    int64_t ms = 0;
    size_t records = 0, at;
    seed = with_seed;
    side_init(&one, 0);
    side_init(&two, 0);
    for (size_t step = 0; step < steps; step++) {
        ms += roll(4) == 0 ? (int64_t)roll(2400) : (int64_t)roll(200);
        input.kind = IN_TICK;
        give(&one, &input, ms);
        give(&two, &input, ms);
        compare(&one, &two, step);
        draw(&one.kit, ms, &input);
        give(&one, &input, ms);
        give(&two, &input, ms);
        compare(&one, &two, step);
        for (at = 0; next_record(&one, &at) != NULL;)
            records++;
        const uint64_t kept = seed;
        if (every == 1 || roll(every) == 0)
            restart(&two, ms, other_boot);
        seed = kept;
    }
    side_free(&one);
    side_free(&two);
    return records;
}

static void test_restart_after_every_step(void **state)
{
    (void)state;
    size_t records = 0;
    for (uint64_t i = 1; i <= 6; i++)
        records += play(i, 600, 1, false);
    assert_true(records > 1000); /* the test plays something */
}

static void test_other_boot_after_every_step(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 6; i++)
        play(i, 600, 1, true);
}

static void test_restart_now_and_then(void **state)
{
    (void)state;
    for (uint64_t i = 10; i < 20; i++)
        play(i, 600, 37, i % 2 == 0);
    assert_true(two.disk.largest_row <= SK_PENDING_BYTES_MAX);
}

/* --- staleness: same alarms, each at most half a limit later --- */

struct seen {
    int64_t ms[64];
    uint16_t ev[64];
    char source[64][SK_ALARM_SOURCE_MAX];
    size_t count;
};

static void watch(const struct side *side, int64_t ms, struct seen *seen)
{
    size_t at = 0;
    for (const struct sk_draft *draft = next_record(side, &at); draft != NULL; draft = next_record(side, &at)) {
        struct sk_body_item item;
        assert_true(seen->count < 64 && kit_item(draft, SK_TAG_OBJECT, &item));
        seen->ms[seen->count] = ms;
        seen->ev[seen->count] = draft->header.ev;
        memcpy(seen->source[seen->count], item.bytes, item.length);
        seen->source[seen->count++][item.length] = '\0';
    }
}

/* Polled each second; point 3 dies at 20 s, all the device at 40 s, all is back at 60 s. */
static void play_silence(struct side *side, int64_t restart_ms, struct seen *seen)
{
    struct input input = {.kind = IN_TICK};
    memset(seen, 0, sizeof *seen);
    side_init(side, 5000);
    for (int64_t ms = 250; ms < 70000; ms += 250) {
        input.kind = IN_TICK;
        give(side, &input, ms);
        watch(side, ms, seen);
        input.kind = IN_SAMPLES;
        input.count = 0;
        for (uint32_t point = 0; point < 4 && ms % 1000 == 0; point++)
            if (!((point == 3 && ms >= 20000 && ms < 60000) || (ms >= 40000 && ms < 60000)))
                input.samples[input.count++] = kit_sample(&side->kit, point, point == 2 ? 10 : 30, SK_Q_GOOD, ms);
        give(side, &input, ms);
        watch(side, ms, seen);
        if (ms == restart_ms)
            restart(side, ms, ms % 500 == 0);
    }
    side_free(side);
}

static void test_staleness_across_a_restart(void **state)
{
    (void)state;
    static struct seen plain, again;
    play_silence(&one, -1, &plain);
    assert_int_equal(plain.count, 7); /* low: raised, marked, unmarked; stale and comm-lost: raised and returned */
    for (int64_t ms = 250; ms < 70000; ms += 250) {
        play_silence(&two, ms, &again);
        bool used[64] = {false};
        assert_int_equal(again.count, plain.count);
        for (size_t i = 0; i < plain.count; i++) {
            size_t k = 0;
            while (k < again.count && (used[k] || again.ev[k] != plain.ev[i] || strcmp(again.source[k], plain.source[i]) != 0))
                k++;
            if (k == again.count || again.ms[k] < plain.ms[i] || again.ms[k] > plain.ms[i] + 2750)
                fail_msg("restart at %lld: event 0x%04x of %s at %lld has no twin within half a limit", (long long)ms,
                         plain.ev[i], plain.source[i], (long long)plain.ms[i]);
            used[k] = true;
        }
    }
}

/* --- a long stop --- */

static void test_interruption_is_named_and_clears_nothing(void **state)
{
    (void)state;
    struct input input = {.kind = IN_SAMPLES, .count = 3};
    side_init(&one, 5000);
    input.samples[0] = kit_sample(&one.kit, 0, 60, SK_Q_GOOD, 1000); /* pending, DwellTime 3 s */
    input.samples[1] = kit_sample(&one.kit, 2, 10, SK_Q_GOOD, 1000); /* active */
    input.samples[2] = kit_sample(&one.kit, 5, 2, SK_Q_GOOD, 1000);  /* active */
    give(&one, &input, 1000);
    input.count = 1;
    input.samples[0] = kit_sample(&one.kit, 2, 30, SK_Q_GOOD, 1100); /* returning, 2.5 s */
    give(&one, &input, 1100);
    assert_int_equal(sk_engine_alarm_count(one.kit.engine), 2);
    restart(&one, 600000, true);
    assert_string_equal(kit_story(&one.kit), "I");
    struct sk_body_item item;
    const struct sk_draft *draft = kit_record(&one.kit, SK_EV_SYS_INTERRUPTED);
    assert_true(kit_item(draft, SK_TAG_INTERVAL_FROM_US, &item) && sk_item_i64(&item) <= kit_now(1100).utc_us);
    assert_true(kit_item(draft, SK_TAG_INTERVAL_TO_US, &item) && sk_item_i64(&item) == kit_now(600000).utc_us);
    input.kind = IN_TICK;
    give(&one, &input, 602999);
    assert_string_equal(kit_story(&one.kit), ""); /* no timer ran out while nobody looked */
    assert_int_equal(sk_engine_alarm_count(one.kit.engine), 2);
    assert_true((sk_engine_alarm(one.kit.engine, 0)->bits & SK_ALARM_BIT_ACTIVE) != 0);
    side_free(&one);
}

static void test_short_stop_is_not_named(void **state)
{
    (void)state;
    side_init(&one, 5000);
    restart(&one, 4900, false);
    assert_string_equal(kit_story(&one.kit), "");
    restart(&one, 4950, true);
    assert_string_equal(kit_story(&one.kit), "");
    side_free(&one);
}

/* A value that is being timed comes back with the moment it is known from: without one it would show as "never had a value". */
static void test_a_restored_value_is_one(void **state)
{
    (void)state;
    struct input input = {.kind = IN_SAMPLES, .count = 1};
    side_init(&one, 5000);
    input.samples[0] = kit_sample(&one.kit, 0, 60, SK_Q_GOOD, 1000); /* pending, DwellTime 3 s */
    give(&one, &input, 1000);
    restart(&one, 1100, false);
    const struct sk_point_view *view = sk_engine_point(one.kit.engine, 0);
    assert_true(view->sample.number > 59.9 && view->changed_utc_us == kit_now(1000).utc_us);
    assert_int_equal(sk_engine_point(one.kit.engine, 1)->changed_utc_us, 0);
    side_free(&one);
}

static void test_what_left_the_site(void **state)
{
    (void)state;
    struct input input = {.kind = IN_SAMPLES, .count = 1};
    static const struct sk_actor actor = {.id = "op1"};
    side_init(&one, 0);
    input.samples[0] = kit_sample(&one.kit, 5, 2, SK_Q_GOOD, 1000);
    give(&one, &input, 1000);
    one.kit.points[5].limit_count = 0; /* the limit was removed from the site file */
    restart(&one, 1001, false);
    assert_int_equal(sk_engine_alarm_count(one.kit.engine), 1);
    const struct sk_now now = now_of(&one, 1002);
    sk_effects_clear(one.kit.effects);
    assert_int_equal(sk_engine_acknowledge(one.kit.engine, 1, "", &actor, &now, one.kit.effects), SK_OK);
    assert_string_equal(kit_story(&one.kit), "AN");
    assert_int_equal(sk_engine_alarm_count(one.kit.engine), 0);
    side_free(&one);
}

static void test_bad_rows(void **state)
{
    (void)state;
    static const struct {
        const char *name, *key;
        uint8_t bytes[64];
        size_t length;
        enum sk_err err;
    } rows[] = {
        {"unknown key", "nobody/knows", {1}, 1, SK_ERR_NOT_FOUND},
        {"unknown point", "late/dev/none", {1}, 25, SK_ERR_NOT_FOUND},
        {"unknown condition", "cond/dev/t/Blue", {1}, 25, SK_ERR_NOT_FOUND},
        {"no condition", "cond/dev", {1}, 25, SK_ERR_NOT_FOUND},
        {"no controller", "cursor/dev/0", {1}, 40, SK_ERR_NOT_FOUND},
        {"slot beyond", "cursor/dc1/4", {1}, 40, SK_ERR_NOT_FOUND},
        {"slot no number", "cursor/dc1/x", {1}, 40, SK_ERR_NOT_FOUND},
        {"version", "alive", {9}, 25, SK_ERR_VERSION},
        {"empty", "alive", {0}, 0, SK_ERR_VERSION},
        {"short", "alive", {1}, 24, SK_ERR_PARSE},
        {"long", "alive", {1}, 26, SK_ERR_PARSE},
        {"whole", "alive", {1}, 25, SK_OK},
        {"idle state stored", "cond/dev/t/UpperCaution", {1}, 60, SK_ERR_PARSE},
    };
    side_init(&one, 0);
    sk_engine_free(one.kit.engine);
    assert_int_equal(sk_engine_create(&one.kit.site, "b", &one.kit.engine), SK_OK);
    const struct sk_now now = kit_now(0);
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_engine_restore_pending(one.kit.engine, rows[i].key, rows[i].bytes, rows[i].length, &now) == rows[i].err,
                 rows[i].name);
    side_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart_after_every_step),
        cmocka_unit_test(test_other_boot_after_every_step),
        cmocka_unit_test(test_restart_now_and_then),
        cmocka_unit_test(test_staleness_across_a_restart),
        cmocka_unit_test(test_interruption_is_named_and_clears_nothing),
        cmocka_unit_test(test_short_stop_is_not_named),
        cmocka_unit_test(test_a_restored_value_is_one),
        cmocka_unit_test(test_what_left_the_site),
        cmocka_unit_test(test_bad_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
