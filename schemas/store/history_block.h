/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed segments: the columns of one clock as bytes, and back. Pure: no database.
 *
 * A segment is a head (magic, tier, columns, each with point, length and CRC-32, and a CRC of the head itself) and the columns
 * one after the other; so one point is read without the others, and damage is confined to one column. Raw segments begin with a
 * column of times (point 0) that all points share; a point that was not seen at some tick carries a bitmap. Bytes:
 * schemas/store/HISTORY.md.
 *
 * Everything read is hostile: counts are bounded, sums are checked, a wrong byte is SK_ERR_CORRUPT. */
#ifndef SK_STORE_HISTORY_BLOCK_H
#define SK_STORE_HISTORY_BLOCK_H

#include "schemas/base/bytes.h"
#include "schemas/base/err.h"
#include "schemas/store/history.h"

enum { SK_CLOCK_POINTS = 32, SK_SEGMENT_TICKS = 65536, SK_SEGMENT_BUCKETS = 65536, SK_DECIMALS_MAX = 9 };

/* A sample as the blocks know it; arrays of them are sorted by time, each time once. */
struct sk_value {
    int64_t ms;
    double value;
    uint8_t quality, reason;
    uint32_t order; /* while sorting */
};
struct sk_values {
    struct sk_value *items; /* owned: sk_free() */
    size_t count, capacity;
};
enum sk_err sk_values_add(struct sk_values *values, const struct sk_value *value);
/* Sorts by time; of equal times the one added last stays. */
void sk_values_sort(struct sk_values *values);

/* One bucket of a tier. Without a usable value (good_ms + uncertain_ms == 0) the four numbers are 0. */
struct sk_bucket {
    int64_t index; /* begin / length of a bucket */
    double min, max, mean, last;
    uint32_t count, good_ms, uncertain_ms, bad_ms;
    uint8_t last_part; /* when `last` was seen, in 64ths of the bucket */
};
struct sk_buckets {
    struct sk_bucket *items; /* owned */
    size_t count, capacity;
};

/* Bytes that grow; owned. */
struct sk_blob {
    uint8_t *bytes;
    size_t length, capacity;
};
void sk_blob_free(struct sk_blob *blob);
/* Makes room for that many bytes in all. */
enum sk_err sk_blob_room(struct sk_blob *blob, size_t capacity);

struct sk_block_work; /* memory that encoding uses again and again */
enum sk_err sk_block_work_create(struct sk_block_work **ret_work);
void sk_block_work_free(struct sk_block_work *work);

struct sk_column {
    uint32_t point; /* above 0 */
    const struct sk_value *values;
    size_t count;
    const struct sk_bucket *buckets; /* tiers */
};
/* At most SK_CLOCK_POINTS columns; raw: at most SK_SEGMENT_TICKS different times in all (TOO_LONG). */
enum sk_err sk_block_raw_encode(struct sk_block_work *work, const struct sk_column *columns, size_t count, struct sk_blob *to);
/* Appends the samples of one point. NOT_FOUND: the segment has no such column. */
enum sk_err sk_block_raw_decode(struct sk_block_work *work, const void *bytes, size_t length, uint32_t point,
                                struct sk_values *to);
enum sk_err sk_block_tier_encode(struct sk_block_work *work, int tier, const struct sk_column *columns, size_t count,
                                 struct sk_blob *to);
enum sk_err sk_block_tier_decode(struct sk_block_work *work, const void *bytes, size_t length, uint32_t point,
                                 struct sk_buckets *to);

/* --- private to the block files --- */
struct sk_block_work {
    int64_t *ticks, *numbers;
    double *doubles;
    uint8_t *present, *trial, *best, *planes;
    size_t tick_room;
};
enum sk_err sk_block_work_room(struct sk_block_work *work, size_t ticks);
uint32_t sk_crc32(const void *bytes, size_t length);
void sk_write_varint(struct sk_writer *writer, uint64_t value);
uint64_t sk_read_varint(struct sk_reader *reader);
static inline uint64_t sk_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}
static inline int64_t sk_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}
extern const double sk_powers_of_ten[SK_DECIMALS_MAX + 9];
/* The number m with value == m / 10^decimals exactly (`single`: as a float); false when there is none below 2^53. */
bool sk_decimal_exact(double value, unsigned decimals, bool single, int64_t *ret_number);
double sk_decimal_value(int64_t number, unsigned decimals, bool single);

struct sk_head {
    int tier;
    size_t columns;
    struct {
        uint32_t point, crc;
        size_t offset, length;
    } at[SK_CLOCK_POINTS + 1];
};
enum sk_err sk_head_read(const void *bytes, size_t length, struct sk_head *ret_head);
/* Puts the head before what `columns` (lengths and points filled in, one after the other) holds. */
enum sk_err sk_head_write(const struct sk_head *head, const uint8_t *columns, size_t length, struct sk_blob *to);

#endif
