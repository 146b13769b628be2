/* SPDX-License-Identifier: Apache-2.0 */
/* Segments of the history: whatever goes in comes out, for series of every kind; a changed byte is noticed; buckets do their
 * sums. */
#include "tests/unit/sk_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"
#include "schemas/store/history_block.h"
#include "schemas/store/history_coder.h"
#include "schemas/store/history_tier.h"

enum { TICKS = 3000, ROUNDS = 12 };
static uint64_t seed;
static uint64_t draw(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 16;
}

/* --- series --- */
static double counter(double before, int i)
{
    (void)i;
    return before + (double)(draw() % 4);
}
static double noisy(double before, int i)
{
    (void)before;
    return round((24 + 2 * sin(i / 300.0) + (double)(draw() % 100) / 300) * 10) / 10;
}
static double state(double before, int i)
{
    (void)i;
    return draw() % 500 == 0 ? (double)(draw() % 5) : before;
}
static double irrational(double before, int i)
{
    return before * 0.99 + sin(i * 0.7) / 3;
}
static double single(double before, int i)
{
    (void)before;
    return (double)(float)(round((230 + sin(i / 9.0)) * 10) / 10);
}
static double wild(double before, int i)
{
    static const double values[] = {
        0,    1e300, -1e300,      5e-324, 9007199254740991.0, -9007199254740991.0, 0.1234567891, -1, 123456789012345.0,
        1e-9, 3.5,   4294967295.0};
    (void)before;
    (void)i;
    return values[draw() % SK_COUNT(values)];
}
static double constant(double before, int i)
{
    (void)before;
    (void)i;
    return 21.5;
}
static double large(double before, int i)
{
    (void)before;
    (void)i;
    return (double)(int64_t)(draw() % UINT64_C(9007199254740991)) * (draw() % 2 == 0 ? 1 : -1);
}
static const struct {
    const char *name;
    double (*next)(double before, int i);
} series[] = {{"counter", counter}, {"noisy", noisy}, {"state", state},       {"irrational", irrational},
              {"single", single},   {"wild", wild},   {"constant", constant}, {"large", large}};

enum gaps { NO_GAPS, SOME, MOST };
static size_t column_make(size_t kind, enum gaps gaps, bool flips, struct sk_value *to, int64_t begin_ms, int64_t jitter)
{
    double value = 0;
    size_t count = 0;
    uint8_t quality = SK_Q_GOOD, reason = 0;
    for (int i = 0; i < TICKS; i++) {
        value = series[kind].next(value, i);
        if (flips && draw() % 100 == 0) {
            quality = draw() % 2 == 0 ? SK_Q_GOOD : draw() % 2 == 0 ? SK_Q_UNCERTAIN : SK_Q_COMM_LAST_VALUE;
            reason = (uint8_t)(draw() % 3);
        }
        const bool seen = gaps == NO_GAPS || (gaps == SOME ? draw() % 20 != 0 : draw() % 20 == 0) || i == 0;
        const int64_t ms = begin_ms + i * 1000 + (jitter > 0 ? (int64_t)((uint64_t)i * 2654435761u % (uint64_t)jitter) : 0);
        if (seen)
            to[count++] = (struct sk_value){ms, value, quality, reason, 0};
    }
    return count;
}

static struct sk_value store[8][TICKS];

static void values_equal(const struct sk_value *a, const struct sk_values *b, size_t count, const char *name)
{
    if (b->count != count)
        fail_msg("%s: %zu samples came back of %zu", name, b->count, count);
    for (size_t i = 0; i < count; i++)
        if (a[i].ms != b->items[i].ms || a[i].value != b->items[i].value || a[i].quality != b->items[i].quality ||
            a[i].reason != b->items[i].reason)
            fail_msg("%s: sample %zu: %.17g at %lld became %.17g at %lld", name, i, a[i].value, (long long)a[i].ms,
                     b->items[i].value, (long long)b->items[i].ms);
}

static void raw_comes_back(void **unused)
{
    struct sk_block_work *work;
    struct sk_blob blob = {0};
    (void)unused;
    assert_int_equal(sk_block_work_create(&work), SK_OK);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sk_column columns[8];
        seed = round;
        for (size_t i = 0; i < 8; i++) {
            const size_t count =
                column_make(i, (enum gaps)(round % 3), round % 2 == 1, store[i], INT64_C(1763596800000), round * 70);
            columns[i] = (struct sk_column){.point = (uint32_t)(i * 7 + 1), .values = store[i], .count = count};
        }
        assert_int_equal(sk_block_raw_encode(work, columns, 8, &blob), SK_OK);
        for (size_t i = 0; i < 8; i++) {
            struct sk_values back = {0};
            assert_int_equal(sk_block_raw_decode(work, blob.bytes, blob.length, columns[i].point, &back), SK_OK);
            values_equal(store[i], &back, columns[i].count, series[i].name);
            sk_free(back.items);
        }
        struct sk_values none = {0};
        assert_int_equal(sk_block_raw_decode(work, blob.bytes, blob.length, 3, &none), SK_ERR_NOT_FOUND);
    }
    sk_blob_free(&blob);
    sk_block_work_free(work);
}

static void every_changed_byte_is_noticed(void **unused)
{
    struct sk_block_work *work;
    struct sk_blob blob = {0};
    (void)unused;
    assert_int_equal(sk_block_work_create(&work), SK_OK);
    seed = 3;
    const struct sk_column column = {.point = 9, .values = store[0], .count = column_make(1, SOME, true, store[0], 0, 5)};
    assert_int_equal(sk_block_raw_encode(work, &column, 1, &blob), SK_OK);
    for (size_t i = 0; i < blob.length; i++) {
        struct sk_values back = {0};
        blob.bytes[i] ^= 0x10;
        const enum sk_err err = sk_block_raw_decode(work, blob.bytes, blob.length, 9, &back);
        if (err != SK_ERR_CORRUPT)
            fail_msg("byte %zu changed: %d", i, (int)err);
        blob.bytes[i] ^= 0x10;
        sk_free(back.items);
    }
    sk_blob_free(&blob);
    sk_block_work_free(work);
}

static void coder_keeps_extremes(void **unused)
{
    static const int64_t numbers[] = {0, 1, -1, 0, 0, INT64_MAX, INT64_MIN, INT64_MIN + 1, 255, -256, 0, 0, 0, 7};
    uint8_t buffer[512];
    struct sk_series series_state;
    struct sk_encoder encoder;
    struct sk_decoder decoder;
    (void)unused;
    sk_encoder_init(&encoder, buffer, sizeof buffer);
    sk_series_init(&series_state);
    for (size_t i = 0; i < SK_COUNT(numbers); i++)
        sk_series_encode(&series_state, &encoder, numbers[i]);
    sk_encoder_end(&encoder);
    assert_false(encoder.bad);
    sk_decoder_init(&decoder, buffer, encoder.length);
    sk_series_init(&series_state);
    for (size_t i = 0; i < SK_COUNT(numbers); i++)
        assert_true(sk_series_decode(&series_state, &decoder) == numbers[i]);
}

/* --- tiers against sums done plainly --- */
static void tiers_are_sums(void **unused)
{
    struct sk_buckets buckets = {0}, split = {0}, more = {0};
    enum { HOLD = 5000 };
    (void)unused;
    seed = 11;
    const size_t count = column_make(1, SOME, true, store[0], 1234567, 30);
    assert_int_equal(sk_tier_add_values(SK_TIER_MINUTE, store[0], count, HOLD, &buckets), SK_OK);
    for (size_t b = 0; b < buckets.count; b++) {
        const struct sk_bucket *bucket = &buckets.items[b];
        double sum = 0, weight = 0, min = INFINITY, max = -INFINITY, last = 0;
        unsigned seen = 0;
        int64_t good = 0, bad = 0, uncertain = 0;
        for (size_t i = 0; i < count; i++) {
            if (store[0][i].ms / 60000 != bucket->index)
                continue;
            int64_t ms = i + 1 < count ? store[0][i + 1].ms - store[0][i].ms : store[0][i].ms - store[0][i - 1].ms;
            ms = ms > HOLD ? HOLD : ms;
            seen++;
            *(store[0][i].quality >= 0xC0 ? &good : store[0][i].quality >= 0x40 ? &uncertain : &bad) += ms;
            if (store[0][i].quality < 0x40)
                continue;
            sum += store[0][i].value * (double)ms;
            weight += (double)ms;
            min = fmin(min, store[0][i].value);
            max = fmax(max, store[0][i].value);
            last = store[0][i].value;
        }
        assert_int_equal(bucket->count, seen);
        assert_int_equal(bucket->good_ms, good);
        assert_int_equal(bucket->uncertain_ms, uncertain);
        assert_int_equal(bucket->bad_ms, bad);
        if (weight > 0)
            assert_true(bucket->min == min && bucket->max == max && bucket->last == last &&
                        fabs(bucket->mean - sum / weight) < 1e-9);
    }
    /* in two parts that meet inside a bucket: the same, but for the one value whose successor the first part does not know */
    assert_int_equal(sk_tier_add_values(SK_TIER_MINUTE, store[0], 1001, HOLD, &split), SK_OK);
    assert_int_equal(sk_tier_add_values(SK_TIER_MINUTE, store[0] + 1001, count - 1001, HOLD, &more), SK_OK);
    assert_int_equal(sk_tier_merge(&split, more.items, more.count), SK_OK);
    assert_int_equal(split.count, buckets.count);
    for (size_t i = 0; i < split.count; i++) {
        assert_int_equal(split.items[i].count, buckets.items[i].count);
        assert_true(split.items[i].min == buckets.items[i].min && split.items[i].last == buckets.items[i].last);
        assert_true(fabs(split.items[i].mean - buckets.items[i].mean) < 0.01);
    }
    sk_free(buckets.items);
    sk_free(split.items);
    sk_free(more.items);
}

static void tiers_come_back(void **unused)
{
    struct sk_block_work *work;
    struct sk_blob blob = {0};
    (void)unused;
    assert_int_equal(sk_block_work_create(&work), SK_OK);
    for (size_t kind = 0; kind < 8; kind++) {
        struct sk_buckets in = {0}, out = {0};
        seed = kind;
        const size_t count = column_make(kind, SOME, true, store[0], INT64_C(1763596800000), 30);
        assert_int_equal(sk_tier_add_values(SK_TIER_MINUTE, store[0], count, 5000, &in), SK_OK);
        const struct sk_column column = {.point = 5, .buckets = in.items, .count = in.count};
        assert_int_equal(sk_block_tier_encode(work, SK_TIER_MINUTE, &column, 1, &blob), SK_OK);
        assert_int_equal(sk_block_tier_decode(work, blob.bytes, blob.length, 5, &out), SK_OK);
        sk_check(out.count == in.count, series[kind].name);
        for (size_t i = 0; i < in.count; i++) {
            const double near = fmax(1e-9, fabs(in.items[i].max) * 1e-6) + 0.0051;
            sk_check(in.items[i].index == out.items[i].index && in.items[i].count == out.items[i].count, series[kind].name);
            sk_check(in.items[i].good_ms == out.items[i].good_ms && in.items[i].bad_ms == out.items[i].bad_ms,
                     series[kind].name);
            if (fabs(in.items[i].max) < 1e12 && fabs(in.items[i].min) < 1e12)
                sk_check(fabs(in.items[i].mean - out.items[i].mean) < near && fabs(in.items[i].min - out.items[i].min) < near &&
                             fabs(in.items[i].max - out.items[i].max) < near &&
                             fabs(in.items[i].last - out.items[i].last) < near,
                         series[kind].name);
        }
        sk_free(in.items);
        sk_free(out.items);
    }
    sk_blob_free(&blob);
    sk_block_work_free(work);
}

/* What was a formula and a loop, and is a table for speed, still says the same. */
static void tables_are_what_they_stand_for(void **state)
{
    uint8_t bytes[300];
    (void)state;
    for (unsigned seen = 0; seen < 400; seen++)
        assert_int_equal(sk_coder_step(seen), 131072 / (2 * (seen < 160 ? seen : 160) + 3));
    assert_int_equal(sk_crc32("123456789", 9), 0xCBF43926u); /* the check value of the polynomial */
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t length = 0; length < sizeof bytes; length++) {
        uint32_t crc = UINT32_MAX;
        for (size_t i = 0; i < length; i++) {
            crc ^= bytes[i];
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
        }
        assert_int_equal(sk_crc32(bytes, length), ~crc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_what_they_stand_for),
        cmocka_unit_test(coder_keeps_extremes),
        cmocka_unit_test(raw_comes_back),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(tiers_are_sums),
        cmocka_unit_test(tiers_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
