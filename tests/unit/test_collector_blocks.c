/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks are only a shorter way to say the same. Two engines hear the same long random life of a device: one is told every
 * sample, the other what a poller makes of it (collector/shorten.h). Records, alarms, pending rows and what each point shows
 * must be equal at every step, timers included; and what is short must really be short. */
#include "collector/engine/internal.h"
#include "collector/hold.h"
#include "collector/shorten.h"
#include "tests/unit/engine_kit.h"

enum { READ_POINTS = 7, COMM = 7, STEP_MS = 10, TOLD_MAX = 64 };

static uint64_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static const struct sk_point_kind words = {.name = "x", .kind = SK_KIND_TEXT};
static const char texts[] = "abc\0defg"; /* two values, at 0 and 4 */

/* Limits of every sort: with dwell and return times, a rate, staleness; a text; points with and without an age limit. */
static void device_of(struct kit *kit)
{
    static const uint32_t STALE[KIT_POINTS] = {1000, 1130, 650, 2070, 1510, 0, 910, 0};
    kit_site(kit);
    kit->devices[0].point_count = KIT_POINTS;
    kit->devices[0].comm_lost_ms = 1700;
    kit->devices[0].period_ms = 200;
    for (uint32_t i = 0; i < KIT_POINTS; i++)
        kit->points[i].stale_ms = STALE[i];
    kit->points[3].kind = &words;
    kit_limit(kit, 0,
              (struct sk_limit){
                  .condition = SK_COND_UPPER_CRITICAL, .reading = 60, .dwell_ms = 300, .hysteresis = 5, .hysteresis_ms = 200});
    kit_limit(kit, 0, (struct sk_limit){.condition = SK_COND_STALE});
    kit_limit(kit, 1,
              (struct sk_limit){.condition = SK_COND_RATE_OF_CHANGE, .reading = 50, .window_ms = 1000, .hysteresis = 10});
    kit_limit(kit, 2, (struct sk_limit){.condition = SK_COND_UPPER_CAUTION, .reading = 80});
    kit_limit(kit, 4, (struct sk_limit){.condition = SK_COND_STATE, .states = 1 << 2, .dwell_ms = 500});
    kit_start(kit);
}

/* --- what the device says --- */

struct said {
    double number;
    uint8_t quality;
    bool ever;
};
struct life {
    struct said said[KIT_POINTS];
    int64_t read_ms;
    uint32_t changes; /* of a hundred registers, in this part of its life */
    struct sk_sample samples[TOLD_MAX];
    struct sk_batch batch;
};
static struct life life;

static void say(uint32_t point, double number, uint8_t quality, uint8_t reason, int64_t ms)
{
    static const uint8_t KINDS[KIT_POINTS] = {0, 0, 0, SK_KIND_TEXT, SK_KIND_STATE, SK_KIND_FLAGS, 0, SK_KIND_STATE};
    struct said *said = &life.said[point];
    const struct sk_now now = kit_now(ms);
    const bool bad = sk_quality_is_bad(quality);
    const bool same = !bad && said->ever && said->number == number && said->quality == quality;
    life.samples[life.batch.count++] = (struct sk_sample){.point = point,
                                                          .kind = KINDS[point] == 0 ? SK_KIND_NUMBER : KINDS[point],
                                                          .quality = quality,
                                                          .reason = reason,
                                                          .flags = same ? SK_SAMPLE_REFRESH : 0,
                                                          .number = bad ? said->number : number,
                                                          .text = KINDS[point] == SK_KIND_TEXT && number > 50 ? 4 : 0,
                                                          .source_us = now.utc_us - 500,
                                                          .recv_us = now.utc_us,
                                                          .mono_us = now.mono_us,
                                                          .uncertainty_us = 500};
    said->quality = quality;
    said->ever = said->ever || !bad;
    if (!bad)
        said->number = number;
}

static void read_register(uint32_t point, int64_t ms)
{
    double number = life.said[point].number;
    if (roll(100) < life.changes)
        number = roll(point == 4 ? 4 : point == 5 ? 16 : 100);
    const uint32_t luck = roll(200);
    if (luck == 0)
        say(point, number, SK_Q_SENSOR_FAILURE, SK_WHY_SENTINEL, ms);
    else if (luck == 1 && point < 3)
        say(point, number, SK_Q_EU_EXCEEDED, SK_WHY_OVER_RANGE, ms);
    else
        say(point, number, luck < 4 ? SK_Q_LAST_USABLE : SK_Q_GOOD, luck < 4 ? SK_WHY_EXC_BUSY : SK_WHY_NONE, ms);
}

/* A read of the block (now and then of a part of it, as when a request was cut), a time-out, or nothing for a while. */
static bool live(int64_t ms)
{
    if (ms < life.read_ms)
        return false;
    life.read_ms = ms + 200;
    if (roll(60) == 0)
        life.read_ms = ms + roll(4000);
    if (roll(40) == 0)
        life.changes = roll(3) == 0 ? 60 : roll(10);
    life.batch = (struct sk_batch){.samples = life.samples, .text = texts, .text_length = sizeof texts};
    if (roll(50) == 0) {
        for (uint32_t i = 0; i < READ_POINTS; i++)
            say(i, 0, SK_Q_COMM_LAST_VALUE, SK_WHY_TIMEOUT, ms);
        return true;
    }
    const uint32_t first = roll(80) == 0 ? 3 : 0, end = first == 0 && roll(80) == 0 ? 3 : READ_POINTS;
    for (uint32_t i = first; i < end; i++)
        read_register(i, ms);
    life.batch.has_block = true;
    life.batch.block = (struct sk_block_read){.block = first, .told = (uint32_t)life.batch.count};
    if (roll(4) == 0)
        say(COMM, 0, SK_Q_GOOD, SK_WHY_NONE, ms);
    return true;
}

/* --- the two engines --- */

struct pair {
    struct kit each, shortened; /* told of each sample; told what a poller sends */
    struct sk_shorten *shorten;
    struct sk_hold *hold;
    uint64_t said, told, calm, records;
};
static struct pair pair;

static void give_each(const struct sk_sample *samples, size_t count, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    assert_int_equal(sk_engine_samples(pair.each.engine, samples, count, texts, sizeof texts, &now, pair.each.effects), SK_OK);
}

static void give_short(const struct sk_batch *batch, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    assert_int_equal(sk_engine_block(pair.shortened.engine, batch->has_block ? &batch->block : NULL, batch->samples,
                                     batch->count, batch->text, batch->text_length, &now, pair.shortened.effects),
                     SK_OK);
}

/* The order within one batch is free; the engine that hears all gets what is told first, as the other does. */
static void hand_over(int64_t ms)
{
    struct sk_sample samples[SK_BATCH_MAX], all[TOLD_MAX];
    struct sk_batch sent;
    size_t count = 0;
    sk_shorten_batch(pair.shorten, &life.batch, samples, &sent);
    for (size_t i = 0; i < sent.count; i++)
        sk_hold_settle(pair.hold, &samples[i]);
    for (size_t i = 0; i < sent.count; i++)
        all[count++] = samples[i];
    for (size_t i = 0; i < life.batch.count; i++) {
        bool told = false;
        for (size_t k = 0; k < sent.count; k++)
            told = told || samples[k].point == life.samples[i].point;
        if (!told)
            all[count++] = life.samples[i];
    }
    assert_int_equal(count, life.batch.count);
    pair.said += count;
    pair.told += sent.count;
    give_each(all, count, ms);
    give_short(&sent, ms);
}

/* The parent was busy: the newest of each point comes later, outside of its block. */
static void come_late(int64_t ms)
{
    struct sk_sample samples[TOLD_MAX];
    const size_t count = sk_hold_peek(pair.hold, samples, TOLD_MAX);
    const struct sk_batch batch = {.samples = samples, .count = count};
    if (count == 0)
        return;
    sk_hold_drop(pair.hold, samples, count);
    give_each(samples, count, ms);
    give_short(&batch, ms);
}

static void tick(struct kit *kit, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    for (int i = 0; i < 3 && sk_engine_deadline(kit->engine) <= now.mono_us; i++)
        assert_int_equal(sk_engine_tick(kit->engine, &now, kit->effects), SK_OK);
}

/* --- what must be equal --- */

static bool is_equal(const struct sk_effect *a, const struct sk_effect *b)
{
    if (a->kind != b->kind || a->link_record != b->link_record)
        return false;
    if (a->kind == SK_EFFECT_RECORD)
        return memcmp(&a->record->header, &b->record->header, sizeof a->record->header) == 0 &&
               a->record->body.writer.length == b->record->body.writer.length &&
               memcmp(a->record->body.bytes, b->record->body.bytes, a->record->body.writer.length) == 0;
    if (a->kind == SK_EFFECT_ALARM)
        return a->alarm->occurrence == b->alarm->occurrence && a->alarm->bits == b->alarm->bits &&
               strcmp(a->alarm->source, b->alarm->source) == 0 && strcmp(a->alarm->detail, b->alarm->detail) == 0 &&
               memcmp(&a->alarm->value, &b->alarm->value, sizeof a->alarm->value) == 0;
    return strcmp(a->pending.key, b->pending.key) == 0 && a->pending.length == b->pending.length &&
           memcmp(a->pending.bytes, b->pending.bytes, a->pending.length) == 0;
}

/* Equal as sets: what falls due in one instant has no order of its own. */
static void compare_effects(int64_t ms)
{
    const struct sk_effects *each = pair.each.effects, *shortened = pair.shortened.effects;
    bool matched[512] = {false};
    size_t wanted = 0, found = 0;
    assert_true(sk_effects_count(shortened) <= SK_COUNT(matched));
    for (size_t i = 0; i < sk_effects_count(each); i++) {
        const struct sk_effect *effect = sk_effects_at(each, i);
        size_t k = 0;
        if (effect->kind == SK_EFFECT_POINT)
            continue;
        while (k < sk_effects_count(shortened) && (matched[k] || !is_equal(effect, sk_effects_at(shortened, k))))
            k++;
        if (k == sk_effects_count(shortened))
            fail_msg("%lld ms: an effect of kind %d (%s) is missing", (long long)ms, (int)effect->kind,
                     effect->kind > SK_EFFECT_ALARM ? effect->pending.key : "");
        matched[k] = true;
        wanted++;
        pair.records += effect->kind == SK_EFFECT_RECORD;
    }
    for (size_t k = 0; k < sk_effects_count(shortened); k++)
        found += sk_effects_at(shortened, k)->kind != SK_EFFECT_POINT;
    if (found != wanted)
        fail_msg("%lld ms: %zu effects, %zu were wanted", (long long)ms, found, wanted);
}

static void compare_points(int64_t ms)
{
    for (uint32_t i = 0; i < KIT_POINTS; i++) {
        const struct sk_point_view *a = sk_engine_point(pair.each.engine, i), *b = sk_engine_point(pair.shortened.engine, i);
        const bool equal = memcmp(&a->sample.number, &b->sample.number, sizeof a->sample.number) == 0 &&
                           a->sample.quality == b->sample.quality && a->sample.reason == b->sample.reason &&
                           a->sample.source_us == b->sample.source_us && a->sample.recv_us == b->sample.recv_us &&
                           a->sample.mono_us == b->sample.mono_us && a->sample.uncertainty_us == b->sample.uncertainty_us &&
                           a->stale == b->stale && a->changed_utc_us == b->changed_utc_us && strcmp(a->text, b->text) == 0;
        if (!equal)
            fail_msg("%lld ms, point %u: %g q%d/%d mono %lld stale %d %s against %g q%d/%d mono %lld stale %d %s",
                     (long long)ms, i, a->sample.number, a->sample.quality, a->sample.reason, (long long)a->sample.mono_us,
                     a->stale, a->text, b->sample.number, b->sample.quality, b->sample.reason, (long long)b->sample.mono_us,
                     b->stale, b->text);
    }
}

static void step(int64_t ms)
{
    tick(&pair.each, ms);
    tick(&pair.shortened, ms);
    if (live(ms)) {
        const bool busy = roll(70) == 0;
        if (!busy)
            come_late(ms);
        if (busy) {
            sk_hold_put(pair.hold, &life.batch);
            sk_shorten_skipped(pair.shorten, &life.batch);
        } else {
            hand_over(ms);
        }
    }
    if (roll(300) == 0) {
        const struct sk_now now = kit_now(ms);
        assert_int_equal(sk_engine_stalled(pair.each.engine, 300000, &now, pair.each.effects), SK_OK);
        assert_int_equal(sk_engine_stalled(pair.shortened.engine, 300000, &now, pair.shortened.effects), SK_OK);
    }
    compare_effects(ms);
    if (roll(100) == 0) /* looking gives a point its times: seldom, or nothing is put off for long */
        compare_points(ms);
    pair.calm += pair.shortened.engine->block_count > 0 && pair.shortened.engine->blocks[0].calm;
    sk_effects_clear(pair.each.effects);
    sk_effects_clear(pair.shortened.effects);
}

static void blocks_are_only_a_shorter_way_to_say_the_same(void **state)
{
    enum { ROUNDS = 24 };
    uint64_t calm = 0;
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        seed = round;
        memset(&life, 0, sizeof life);
        memset(&pair, 0, sizeof pair);
        device_of(&pair.each);
        device_of(&pair.shortened);
        assert_int_equal(sk_shorten_create(&pair.shortened.site, &pair.shorten), SK_OK);
        assert_int_equal(sk_hold_create(KIT_POINTS, &pair.hold), SK_OK);
        life.read_ms = 100;
        for (int64_t ms = STEP_MS; ms < 120000; ms += STEP_MS)
            step(ms);
        assert_true(pair.records > 50);             /* much happened */
        assert_true(pair.told * 3 < pair.said * 2); /* and it was said shortly */
        calm += pair.calm;
        sk_hold_free(pair.hold);
        sk_shorten_free(pair.shorten);
        kit_stop(&pair.each);
        kit_stop(&pair.shortened);
    }
    assert_true(calm > ROUNDS * 1500); /* of 12 000 steps each */
}

/* --- what it costs, and what is refused --- */

static void read_block(struct kit *kit, struct sk_block_read read, const struct sk_sample *samples, size_t count, int64_t ms,
                       enum sk_err expected)
{
    const struct sk_now now = kit_now(ms);
    read.mono_us = now.mono_us;
    read.recv_us = read.source_us = now.utc_us;
    sk_effects_clear(kit->effects);
    assert_int_equal(sk_engine_block(kit->engine, &read, samples, count, NULL, 0, &now, kit->effects), expected);
}

static void start_block(struct kit *kit, struct sk_sample samples[3])
{
    kit_site(kit);
    kit->devices[0].point_count = KIT_POINTS;
    for (uint32_t i = 0; i < 3; i++)
        kit->points[i].stale_ms = 1000;
    kit_start(kit);
    for (uint32_t i = 0; i < 3; i++)
        samples[i] = kit_sample(kit, i, 20 + i, SK_Q_GOOD, 100);
    read_block(kit, (struct sk_block_read){.block = 0, .told = 3, .anew = true}, samples, 3, 100, SK_OK);
}

static void an_unchanged_block_costs_one_timer_and_no_effect(void **state)
{
    struct sk_sample samples[3];
    struct kit kit;
    (void)state;
    start_block(&kit, samples);
    const size_t timers = kit.engine->heap.count;
    for (int64_t ms = 200; ms < 4000; ms += 100) {
        const struct sk_now now = kit_now(ms);
        read_block(&kit, (struct sk_block_read){.block = 0, .unchanged = 3}, NULL, 0, ms, SK_OK);
        for (size_t i = 0; i < sk_effects_count(kit.effects); i++) /* but that the monitor is alive */
            assert_string_equal(sk_effects_at(kit.effects, i)->pending.key, "alive");
        assert_true(kit.engine->heap.count <= timers);
        assert_true(sk_engine_point(kit.engine, 2)->sample.mono_us == now.mono_us);
        assert_true(sk_engine_point(kit.engine, 2)->sample.number == 22);
    }
    assert_true(kit.engine->blocks[0].calm);
    unsigned stale = 0;
    for (int64_t ms = 4000; ms < 6000 && stale < 3; ms += 10) { /* and then silence: all of them, in time */
        kit_tick(&kit, ms);
        stale = 0;
        for (uint32_t i = 0; i < 3; i++)
            stale += sk_engine_point(kit.engine, i)->stale;
        assert_int_equal(stale, ms < 4900 ? 0 : 3);
    }
    kit_stop(&kit);
}

static void a_read_that_speaks_of_other_members_is_refused(void **state)
{
    static const struct {
        const char *name;
        struct sk_block_read read;
        size_t count;
    } ROWS[] = {
        {"too few", {.block = 0, .unchanged = 2}, 0},
        {"too many", {.block = 0, .unchanged = 4}, 0},
        {"a block nobody knows", {.block = 1, .unchanged = 3}, 0},
        {"a point beyond the site", {.block = KIT_POINTS, .unchanged = 3}, 0},
        {"unchanged ones of a new block", {.block = 0, .unchanged = 1, .told = 3, .anew = true}, 3},
        {"more told than there are", {.block = 0, .told = 4}, 3},
    };
    struct sk_sample samples[3];
    struct kit kit;
    (void)state;
    start_block(&kit, samples);
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        const struct sk_now now = kit_now(500);
        struct sk_block_read read = ROWS[i].read;
        read.mono_us = now.mono_us;
        sk_effects_clear(kit.effects);
        sk_check(sk_engine_block(kit.engine, &read, samples, ROWS[i].count, NULL, 0, &now, kit.effects) == SK_ERR_INVALID,
                 ROWS[i].name);
        sk_check(sk_engine_point(kit.engine, 0)->sample.mono_us == kit_now(100).mono_us, ROWS[i].name);
    }
    read_block(&kit, (struct sk_block_read){.block = 0, .unchanged = 3}, NULL, 0, 600, SK_OK);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_only_a_shorter_way_to_say_the_same),
        cmocka_unit_test(an_unchanged_block_costs_one_timer_and_no_effect),
        cmocka_unit_test(a_read_that_speaks_of_other_members_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
