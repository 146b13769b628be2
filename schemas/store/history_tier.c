/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets: made of samples, merged, and written as columns of whole numbers, each predicted from what stands before it. */
#include "schemas/store/history_tier.h"

#include <math.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"
#include "schemas/store/history_coder.h"

enum { PARTS = 64, MEAN_DECIMALS = 2, BUCKETS_MAX = 1 << 23 };
#define LARGEST 9e15 /* values beyond saturate in the tiers: whole numbers of a double end there */

static const struct {
    int64_t bucket_ms, buckets;
} tiers[SK_TIER_COUNT] = {
    [SK_TIER_RAW] = {0, 0},
    [SK_TIER_MINUTE] = {60000, 1440},
    [SK_TIER_QUARTER] = {900000, 1536},
    [SK_TIER_DAY] = {86400000, 1024},
};

int64_t sk_tier_bucket_ms(int tier)
{
    return tiers[tier].bucket_ms;
}

int64_t sk_tier_segment_ms(int tier)
{
    return tiers[tier].bucket_ms * tiers[tier].buckets;
}

int64_t sk_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* --- from samples --- */
static int64_t stands_for(const struct sk_value *values, size_t count, size_t at, int64_t hold_ms)
{
    int64_t ms = hold_ms;
    if (at + 1 < count)
        ms = values[at + 1].ms - values[at].ms;
    else if (at > 0)
        ms = values[at].ms - values[at - 1].ms;
    return ms < hold_ms ? (ms < 1 ? 1 : ms) : hold_ms;
}

static uint32_t sum_ms(uint32_t a, uint64_t b)
{
    return a + b > UINT32_MAX ? UINT32_MAX : (uint32_t)(a + b);
}

/* fmin() and fmax() without a call for each sample: a value that is none gives way. */
static inline double lesser(double a, double b)
{
    return b < a || isnan(a) ? b : a;
}

static inline double greater(double a, double b)
{
    return b > a || isnan(a) ? b : a;
}

static inline void take(struct sk_bucket *bucket, const struct sk_value *value, int64_t ms, int64_t *last_ms)
{
    const double before = (double)bucket->good_ms + bucket->uncertain_ms;
    bucket->count++;
    if (sk_quality_is_bad(value->quality)) {
        bucket->bad_ms = sum_ms(bucket->bad_ms, (uint64_t)ms);
        return;
    }
    uint32_t *covered = sk_quality_is_good(value->quality) ? &bucket->good_ms : &bucket->uncertain_ms;
    *covered = sum_ms(*covered, (uint64_t)ms);
    bucket->min = before > 0 ? lesser(bucket->min, value->value) : value->value;
    bucket->max = before > 0 ? greater(bucket->max, value->value) : value->value;
    bucket->mean =
        before > 0 ? bucket->mean + (value->value - bucket->mean) * ((double)ms / (before + (double)ms)) : value->value;
    bucket->last = value->value;
    *last_ms = value->ms;
}

/* Where in its bucket the last usable value stood. */
static void close_bucket(struct sk_bucket *bucket, int tier, int64_t last_ms)
{
    if (last_ms != INT64_MIN)
        bucket->last_part = (uint8_t)((last_ms - bucket->index * tiers[tier].bucket_ms) * PARTS / tiers[tier].bucket_ms);
}

static enum sk_err bucket_add(struct sk_buckets *to, const struct sk_bucket *bucket)
{
    if (to->count == to->capacity) {
        void *grown = sk_grow(to->items, to->count, &to->capacity, sizeof *to->items, BUCKETS_MAX);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        to->items = grown;
    }
    to->items[to->count++] = *bucket;
    return SK_OK;
}

/* Room for so many more at once: a year is tens of thousands, and growing step by step copies them again and again. */
static enum sk_err buckets_reserve(struct sk_buckets *to, size_t more)
{
    const size_t wanted = to->count + more, doubled = to->capacity * 2;
    if (wanted <= to->capacity)
        return SK_OK;
    if (wanted > BUCKETS_MAX)
        return SK_ERR_NOMEM;
    const size_t capacity = wanted > doubled || doubled > BUCKETS_MAX ? wanted : doubled;
    struct sk_bucket *items = sk_realloc(to->items, capacity, sizeof *items);
    if (items == NULL)
        return SK_ERR_NOMEM;
    to->items = items;
    to->capacity = capacity;
    return SK_OK;
}

/* Divides once per bucket, not once per sample. */
enum sk_err sk_tier_add_values(int tier, const struct sk_value *values, size_t count, int64_t hold_ms, struct sk_buckets *to)
{
    const int64_t bucket_ms = tiers[tier].bucket_ms;
    int64_t begin_ms = 0, end_ms = 0, last_ms = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        if (values[i].ms < begin_ms || values[i].ms >= end_ms) {
            const int64_t index = sk_floor_div(values[i].ms, bucket_ms);
            if (begin_ms < end_ms)
                close_bucket(&to->items[to->count - 1], tier, last_ms);
            const bool goes_on = to->count > 0 && to->items[to->count - 1].index == index;
            enum sk_err err = goes_on ? SK_OK : bucket_add(to, &(struct sk_bucket){.index = index});
            if (err != SK_OK)
                return err;
            begin_ms = index * bucket_ms;
            end_ms = begin_ms + bucket_ms;
            last_ms = INT64_MIN;
        }
        take(&to->items[to->count - 1], &values[i], stands_for(values, count, i, hold_ms), &last_ms);
    }
    if (begin_ms < end_ms)
        close_bucket(&to->items[to->count - 1], tier, last_ms);
    return SK_OK;
}

static void unite(struct sk_bucket *to, const struct sk_bucket *from)
{
    const double a = (double)to->good_ms + to->uncertain_ms, b = (double)from->good_ms + from->uncertain_ms;
    if (b > 0) {
        to->min = a > 0 ? fmin(to->min, from->min) : from->min;
        to->max = a > 0 ? fmax(to->max, from->max) : from->max;
        to->mean = a > 0 ? to->mean + (from->mean - to->mean) * (b / (a + b)) : from->mean;
        if (a <= 0 || from->last_part >= to->last_part) {
            to->last = from->last;
            to->last_part = from->last_part;
        }
    }
    to->count += from->count;
    to->good_ms = sum_ms(to->good_ms, from->good_ms);
    to->uncertain_ms = sum_ms(to->uncertain_ms, from->uncertain_ms);
    to->bad_ms = sum_ms(to->bad_ms, from->bad_ms);
}

enum sk_err sk_tier_merge(struct sk_buckets *to, const struct sk_bucket *from, size_t count)
{
    struct sk_buckets all = {0};
    size_t i = 0, j = 0;
    if (count == 0)
        return SK_OK;
    enum sk_err err = buckets_reserve(&all, to->count + count);
    while (err == SK_OK && (i < to->count || j < count)) {
        const bool left = j == count || (i < to->count && to->items[i].index <= from[j].index);
        const bool right = i == to->count || (j < count && from[j].index <= to->items[i].index);
        err = bucket_add(&all, left ? &to->items[i] : &from[j]);
        if (err == SK_OK && left && right)
            unite(&all.items[all.count - 1], &from[j]);
        i += left;
        j += right;
    }
    sk_free(err == SK_OK ? to->items : all.items);
    if (err == SK_OK)
        *to = all;
    return err;
}

/* --- as bytes --- */
enum field { F_INDEX, F_LAST, F_MIN, F_MAX, F_MEAN, F_COUNT, F_GOOD, F_UNCERTAIN, F_BAD, F_PART, F_FIELDS };

struct tier_coder {
    struct sk_series series[F_FIELDS];
    int64_t before[F_FIELDS];
};

static int64_t round_to(double value, double power)
{
    const double limited = value > LARGEST / power ? LARGEST / power : value < -LARGEST / power ? -LARGEST / power : value;
    return (int64_t)llround(limited * power);
}

/* The fewest decimals that hold min, max and last of all buckets; for values that are none, as many as fit. */
static unsigned decimals_of(const struct sk_bucket *buckets, size_t count)
{
    unsigned decimals = 0;
    double largest = 0;
    int64_t number;
    for (size_t i = 0; i < count; i++) {
        const double values[3] = {buckets[i].min, buckets[i].max, buckets[i].last};
        for (int j = 0; j < 3; j++) {
            largest = fmax(largest, fabs(values[j]));
            while (decimals < SK_DECIMALS_MAX && !sk_decimal_exact(values[j], decimals, false, &number))
                decimals++;
        }
    }
    while (decimals > 0 && largest * sk_powers_of_ten[decimals + MEAN_DECIMALS] > LARGEST)
        decimals--;
    return decimals;
}

/* A field's number less what is expected of it. */
static int64_t expected(const int64_t now[F_FIELDS], const int64_t before[F_FIELDS], enum field field)
{
    switch (field) {
    case F_INDEX:
        return before[F_INDEX] + 1;
    case F_MIN:
    case F_MAX:
        return now[F_LAST];
    case F_MEAN: /* finer by MEAN_DECIMALS */
        return (int64_t)(((uint64_t)now[F_MIN] + (uint64_t)now[F_MAX]) * 50);
    default:
        return before[field];
    }
}

static void numbers_of(const struct sk_bucket *bucket, unsigned decimals, int64_t to[F_FIELDS])
{
    const double power = sk_powers_of_ten[decimals];
    to[F_INDEX] = bucket->index;
    to[F_LAST] = round_to(bucket->last, power);
    to[F_MIN] = round_to(bucket->min, power);
    to[F_MAX] = round_to(bucket->max, power);
    to[F_MEAN] = round_to(bucket->mean, sk_powers_of_ten[decimals + MEAN_DECIMALS]);
    to[F_COUNT] = bucket->count;
    to[F_GOOD] = bucket->good_ms;
    to[F_UNCERTAIN] = bucket->uncertain_ms;
    to[F_BAD] = bucket->bad_ms;
    to[F_PART] = bucket->last_part;
}

static void coder_init(struct tier_coder *coder)
{
    for (int i = 0; i < F_FIELDS; i++)
        sk_series_init(&coder->series[i]);
    memset(coder->before, 0, sizeof coder->before);
}

static enum sk_err column_encode(const struct sk_column *column, struct sk_writer *writer)
{
    struct tier_coder coder;
    struct sk_encoder encoder;
    const unsigned decimals = decimals_of(column->buckets, column->count);
    coder_init(&coder);
    sk_write_u8(writer, (uint8_t)decimals);
    sk_write_varint(writer, column->count);
    if (writer->bad)
        return SK_ERR_TOO_LONG;
    sk_encoder_init(&encoder, writer->buffer + writer->length, writer->capacity - writer->length);
    for (size_t i = 0; i < column->count; i++) {
        int64_t now[F_FIELDS];
        numbers_of(&column->buckets[i], decimals, now);
        for (int field = 0; field < F_FIELDS; field++)
            sk_series_encode(&coder.series[field], &encoder,
                             (int64_t)((uint64_t)now[field] - (uint64_t)expected(now, coder.before, (enum field)field)));
        memcpy(coder.before, now, sizeof now);
    }
    sk_encoder_end(&encoder);
    writer->length += encoder.length;
    return encoder.bad ? SK_ERR_TOO_LONG : SK_OK;
}

enum sk_err sk_block_tier_encode(struct sk_block_work *work, int tier, const struct sk_column *columns, size_t count,
                                 struct sk_blob *to)
{
    enum { BUCKET_ROOM = 160, COLUMN_ROOM = 64 };
    struct sk_head head = {.tier = tier};
    struct sk_blob body = {0};
    struct sk_writer writer;
    size_t room = 0;
    (void)work;
    for (size_t i = 0; i < count; i++)
        room += columns[i].count * BUCKET_ROOM + COLUMN_ROOM;
    enum sk_err err = count <= SK_CLOCK_POINTS ? sk_blob_room(&body, room) : SK_ERR_INVALID;
    if (err == SK_OK)
        sk_writer_init(&writer, body.bytes, body.capacity);
    for (size_t i = 0; i < count && err == SK_OK; i++) {
        if (columns[i].count == 0)
            continue;
        head.at[head.columns].point = columns[i].point;
        head.at[head.columns].offset = writer.length;
        err = columns[i].count <= SK_SEGMENT_BUCKETS ? column_encode(&columns[i], &writer) : SK_ERR_TOO_LONG;
        head.at[head.columns].length = writer.length - head.at[head.columns].offset;
        head.columns++;
    }
    if (err == SK_OK)
        err = sk_head_write(&head, body.bytes, writer.length, to);
    sk_blob_free(&body);
    return err;
}

static bool bucket_of(const int64_t now[F_FIELDS], unsigned decimals, struct sk_bucket *ret_bucket)
{
    for (int field = F_COUNT; field < F_FIELDS; field++)
        if (now[field] < 0 || now[field] > UINT32_MAX)
            return false;
    if (now[F_PART] >= PARTS)
        return false;
    *ret_bucket = (struct sk_bucket){.index = now[F_INDEX],
                                     .min = sk_decimal_value(now[F_MIN], decimals, false),
                                     .max = sk_decimal_value(now[F_MAX], decimals, false),
                                     .mean = sk_decimal_value(now[F_MEAN], decimals + MEAN_DECIMALS, false),
                                     .last = sk_decimal_value(now[F_LAST], decimals, false),
                                     .count = (uint32_t)now[F_COUNT],
                                     .good_ms = (uint32_t)now[F_GOOD],
                                     .uncertain_ms = (uint32_t)now[F_UNCERTAIN],
                                     .bad_ms = (uint32_t)now[F_BAD],
                                     .last_part = (uint8_t)now[F_PART]};
    return true;
}

static enum sk_err column_decode(const uint8_t *bytes, size_t length, struct sk_buckets *to)
{
    struct tier_coder coder;
    struct sk_decoder decoder;
    struct sk_reader reader;
    sk_reader_init(&reader, bytes, length);
    const uint8_t decimals = sk_read_u8(&reader);
    const uint64_t count = sk_read_varint(&reader);
    if (reader.bad || decimals > SK_DECIMALS_MAX || count == 0 || count > SK_SEGMENT_BUCKETS)
        return SK_ERR_CORRUPT;
    enum sk_err err = buckets_reserve(to, (size_t)count);
    if (err != SK_OK)
        return err;
    coder_init(&coder);
    sk_decoder_init(&decoder, reader.at, reader.left);
    for (uint64_t i = 0; i < count; i++) {
        int64_t now[F_FIELDS] = {0}, residuals[F_FIELDS];
        struct sk_bucket bucket;
        sk_series_decode_each(coder.series, F_FIELDS, &decoder, residuals);
        for (int field = 0; field < F_FIELDS; field++)
            now[field] = (int64_t)((uint64_t)expected(now, coder.before, (enum field)field) + (uint64_t)residuals[field]);
        if ((i > 0 && now[F_INDEX] <= coder.before[F_INDEX]) || now[F_INDEX] == INT64_MAX || !bucket_of(now, decimals, &bucket))
            return SK_ERR_CORRUPT;
        memcpy(coder.before, now, sizeof now);
        to->items[to->count++] = bucket;
    }
    return SK_OK;
}

enum sk_err sk_block_tier_decode(struct sk_block_work *work, const void *bytes, size_t length, uint32_t point,
                                 struct sk_buckets *to)
{
    struct sk_head head;
    const uint8_t *base = bytes;
    size_t at = 0;
    (void)work;
    enum sk_err err = sk_head_read(bytes, length, &head);
    if (err != SK_OK || head.tier == SK_TIER_RAW)
        return SK_ERR_CORRUPT;
    while (at < head.columns && head.at[at].point != point)
        at++;
    if (at == head.columns)
        return SK_ERR_NOT_FOUND;
    if (sk_crc32(base + head.at[at].offset, head.at[at].length) != head.at[at].crc)
        return SK_ERR_CORRUPT;
    return column_decode(base + head.at[at].offset, head.at[at].length, to);
}
