/* SPDX-License-Identifier: Apache-2.0 */
/* A range of one point: choose the tier, gather sealed segments and what the journal still holds, merge by time. One read
 * transaction of a few milliseconds; a damaged block is counted and passed over. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"
#include "schemas/store/history_internal.h"

enum { POINT_CLOCKS = 8, PERIODS_PER_HOLD = 5 };

struct reading {
    struct sk_history *history;
    const struct sk_history_query *query;
    int64_t from_ms, to_ms; /* half-open */
    uint32_t point;
    int64_t hold_ms;
    struct {
        uint32_t clock;
        unsigned slot;
    } at[POINT_CLOCKS];
    size_t clocks;
    struct sk_values values;
    struct sk_buckets buckets;
    uint32_t damaged;
};

static enum sk_err find_point(struct reading *reading)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(reading->history, HS_POINT_FIND, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, reading->query->point, -1, SQLITE_STATIC);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW && reading->clocks < POINT_CLOCKS) {
        reading->point = (uint32_t)sqlite3_column_int64(statement, 0);
        reading->hold_ms = sqlite3_column_int64(statement, 1);
        const int64_t slot = sqlite3_column_int64(statement, 3);
        if (slot < 0 || slot >= SK_CLOCK_POINTS)
            continue;
        reading->at[reading->clocks].slot = (unsigned)slot;
        reading->at[reading->clocks++].clock = (uint32_t)sqlite3_column_int64(statement, 2);
    }
    sk_db_release(statement);
    err = sk_db_code(result);
    return err != SK_OK ? err : reading->clocks > 0 ? SK_OK : SK_ERR_NOT_FOUND;
}

/* --- the journal --- */
static enum sk_err sealed_upto(struct sk_history *history, int64_t generation, uint32_t *ret_upto)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_PROGRESS_GET, &statement);
    *ret_upto = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, generation);
    if (sqlite3_step(statement) == SQLITE_ROW)
        *ret_upto = (uint32_t)sqlite3_column_int64(statement, 0);
    sk_db_release(statement);
    return SK_OK;
}

static enum sk_err row_read(struct reading *reading, size_t which, const uint8_t *bytes, size_t length,
                            struct sk_slot_state *states)
{
    struct sk_values columns[SK_CLOCK_POINTS] = {0};
    const unsigned slot = reading->at[which].slot;
    columns[slot] = reading->values;
    enum sk_err err = sk_journal_decode(bytes, length, reading->at[which].clock, 1u << slot, states, columns);
    reading->values = columns[slot];
    if (err == SK_OK || err == SK_ERR_NOT_FOUND)
        err = sk_journal_decode_late(bytes, length, &reading->point, 1, &reading->values);
    if (err != SK_ERR_CORRUPT)
        return err;
    reading->damaged++;
    return SK_OK;
}

static enum sk_err journal_read(struct reading *reading, size_t which)
{
    struct sk_slot_state states[SK_CLOCK_POINTS];
    sqlite3_stmt *statement;
    int64_t generation = -1;
    uint32_t upto = 0;
    enum sk_err err = sk_history_statement(reading->history, HS_JOURNAL_ALL, &statement);
    int result = SQLITE_DONE;
    while (err == SK_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (sqlite3_column_int64(statement, 0) != generation) {
            generation = sqlite3_column_int64(statement, 0);
            memset(states, 0, sizeof states);
            err = sealed_upto(reading->history, generation, &upto);
        }
        if (err == SK_OK && reading->at[which].clock > upto)
            err =
                row_read(reading, which, sqlite3_column_blob(statement, 1), (size_t)sqlite3_column_bytes(statement, 1), states);
    }
    if (reading->history->statements[HS_JOURNAL_ALL] != NULL)
        sk_db_release(reading->history->statements[HS_JOURNAL_ALL]);
    return err == SK_OK ? sk_db_code(result) : err;
}

/* --- segments --- */
/* Samples of the range among those found; the newest of them. */
static size_t in_range(const struct reading *reading, size_t from, int64_t *newest)
{
    size_t count = 0;
    for (size_t i = from; i < reading->values.count; i++) {
        const int64_t ms = reading->values.items[i].ms;
        if (ms >= reading->from_ms && ms < reading->to_ms) {
            count++;
            *newest = ms > *newest ? ms : *newest;
        }
    }
    return count;
}

/* Segments come in the order of time, so a column is appended as it stands; one that reaches back is merged. */
static enum sk_err buckets_read(struct reading *reading, const void *bytes, size_t length)
{
    struct sk_buckets *all = &reading->buckets;
    const size_t before = all->count;
    enum sk_err err = sk_block_tier_decode(reading->history->work, bytes, length, reading->point, all);
    if (err != SK_OK)
        all->count = before;
    if (err != SK_OK || before == 0 || all->items[before].index > all->items[before - 1].index)
        return err;
    struct sk_buckets head = {0};
    err = sk_tier_merge(&head, all->items, before);
    if (err == SK_OK)
        err = sk_tier_merge(&head, all->items + before, all->count - before);
    sk_free(err == SK_OK ? all->items : head.items);
    if (err == SK_OK)
        *all = head;
    return err;
}

static enum sk_err segment_read(struct reading *reading, int tier, const void *bytes, size_t length)
{
    enum sk_err err = tier == SK_TIER_RAW
                          ? sk_block_raw_decode(reading->history->work, bytes, length, reading->point, &reading->values)
                          : buckets_read(reading, bytes, length);
    if (err == SK_ERR_CORRUPT)
        reading->damaged++;
    return err == SK_ERR_CORRUPT || err == SK_ERR_NOT_FOUND ? SK_OK : err;
}

static enum sk_err segments_read(struct reading *reading, size_t which, int tier)
{
    sqlite3_stmt *statement;
    size_t count = 0;
    int64_t newest = INT64_MIN;
    enum sk_err err = sk_history_statement(reading->history, HS_SEGMENTS, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, reading->at[which].clock);
    sqlite3_bind_int64(statement, 2, tier);
    sqlite3_bind_int64(statement, 3, reading->from_ms);
    sqlite3_bind_int64(statement, 4, reading->to_ms);
    int result = SQLITE_DONE;
    while (err == SK_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (tier == SK_TIER_RAW && count > reading->query->limit && sqlite3_column_int64(statement, 1) > newest) {
            result = SQLITE_DONE;
            break; /* whatever follows lies behind the last item that can be given */
        }
        const size_t before = reading->values.count;
        err = segment_read(reading, tier, sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
        if (err == SK_OK && tier == SK_TIER_RAW)
            count += in_range(reading, before, &newest);
    }
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

/* --- items --- */
static struct sk_history_item item_of_value(const struct sk_value *values, size_t count, size_t at, int64_t hold_ms)
{
    const struct sk_value *value = &values[at];
    int64_t ms = at + 1 < count ? values[at + 1].ms - value->ms : at > 0 ? value->ms - values[at - 1].ms : hold_ms;
    ms = ms > hold_ms ? hold_ms : ms;
    const bool bad = sk_quality_is_bad(value->quality), good = sk_quality_is_good(value->quality);
    return (struct sk_history_item){.time_us = value->ms * 1000,
                                    .min = value->value,
                                    .max = value->value,
                                    .mean = value->value,
                                    .last = value->value,
                                    .count = 1,
                                    .good_ms = good ? (uint32_t)ms : 0,
                                    .uncertain_ms = !good && !bad ? (uint32_t)ms : 0,
                                    .bad_ms = bad ? (uint32_t)ms : 0,
                                    .quality = value->quality,
                                    .reason = value->reason};
}

static struct sk_history_item item_of_bucket(const struct sk_bucket *bucket, int64_t bucket_ms)
{
    return (struct sk_history_item){.time_us = bucket->index * bucket_ms * 1000,
                                    .min = bucket->min,
                                    .max = bucket->max,
                                    .mean = bucket->mean,
                                    .last = bucket->last,
                                    .count = bucket->count,
                                    .good_ms = bucket->good_ms,
                                    .uncertain_ms = bucket->uncertain_ms,
                                    .bad_ms = bucket->bad_ms};
}

static void item_add(struct sk_history_answer *answer, const struct sk_history_item *item)
{
    answer->items[answer->count++] = *item;
    answer->good_ms += item->good_ms;
    answer->uncertain_ms += item->uncertain_ms;
    answer->bad_ms += item->bad_ms;
}

static enum sk_err answer_fill(struct reading *reading, int tier, struct sk_history_answer *answer)
{
    const int64_t bucket_ms = sk_tier_bucket_ms(tier);
    const size_t found = tier == SK_TIER_RAW ? reading->values.count : reading->buckets.count;
    const size_t room = found < reading->query->limit ? found : reading->query->limit;
    answer->items = sk_calloc(room > 0 ? room : 1, sizeof *answer->items);
    if (answer->items == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < found; i++) {
        const struct sk_history_item item = tier == SK_TIER_RAW
                                                ? item_of_value(reading->values.items, found, i, reading->hold_ms)
                                                : item_of_bucket(&reading->buckets.items[i], bucket_ms);
        if (item.time_us + bucket_ms * 1000 < reading->query->from_us + (bucket_ms > 0) ||
            item.time_us >= reading->query->to_us)
            continue;
        if (answer->count == room) {
            answer->next_us = item.time_us;
            break;
        }
        item_add(answer, &item);
    }
    return SK_OK;
}

static enum sk_err tier_read(struct reading *reading, int tier, struct sk_history_answer *answer)
{
    enum sk_err err = SK_OK;
    reading->values.count = reading->buckets.count = 0;
    reading->damaged = 0;
    for (size_t i = 0; i < reading->clocks && err == SK_OK; i++)
        err = segments_read(reading, i, tier);
    for (size_t i = 0; i < reading->clocks && err == SK_OK; i++)
        err = journal_read(reading, i);
    if (err == SK_OK)
        sk_values_sort(&reading->values);
    if (err == SK_OK && tier != SK_TIER_RAW) {
        struct sk_buckets fresh = {0};
        err = sk_tier_add_values(tier, reading->values.items, reading->values.count, reading->hold_ms, &fresh);
        if (err == SK_OK)
            err = sk_tier_merge(&reading->buckets, fresh.items, fresh.count);
        sk_free(fresh.items);
    }
    answer->tier = tier;
    answer->damaged = reading->damaged;
    return err == SK_OK ? answer_fill(reading, tier, answer) : err;
}

/* The finest tier whose items should fit, a point being read PERIODS_PER_HOLD times while its value stands. */
static int tier_choose(const struct reading *reading)
{
    const int64_t span_ms = reading->to_ms - reading->from_ms;
    const int64_t period_ms = reading->hold_ms / PERIODS_PER_HOLD > 1 ? reading->hold_ms / PERIODS_PER_HOLD : 1;
    int tier = SK_TIER_RAW;
    if (reading->query->tier != SK_TIER_AUTO)
        return reading->query->tier;
    while (tier < SK_TIER_DAY && span_ms / (tier == SK_TIER_RAW ? period_ms : sk_tier_bucket_ms(tier)) > reading->query->limit)
        tier++;
    return tier;
}

static enum sk_err read_all(struct reading *reading, struct sk_history_answer *answer)
{
    enum sk_err err = find_point(reading);
    if (err != SK_OK)
        return err;
    int tier = tier_choose(reading);
    err = tier_read(reading, tier, answer);
    /* what is gone from a fine tier may still stand in a coarser one */
    while (err == SK_OK && reading->query->tier == SK_TIER_AUTO && answer->count == 0 && tier < SK_TIER_DAY) {
        sk_history_answer_free(answer);
        err = tier_read(reading, ++tier, answer);
    }
    return err;
}

enum sk_err sk_history_read(struct sk_history *history, const struct sk_history_query *query,
                            struct sk_history_answer *ret_answer)
{
    struct reading reading = {.history = history,
                              .query = query,
                              .from_ms = sk_floor_div(query->from_us, 1000),
                              .to_ms = sk_floor_div(query->to_us + 999, 1000)};
    *ret_answer = (struct sk_history_answer){0};
    if (query->limit == 0 || query->to_us <= query->from_us || query->tier < SK_TIER_AUTO || query->tier >= SK_TIER_COUNT)
        return SK_ERR_INVALID;
    enum sk_err err = sk_history_do(history, HS_BEGIN_READ);
    if (err != SK_OK)
        return err;
    err = read_all(&reading, ret_answer);
    sk_history_do(history, HS_COMMIT);
    history->damaged += ret_answer->damaged;
    sk_free(reading.values.items);
    sk_free(reading.buckets.items);
    if (err != SK_OK)
        sk_history_answer_free(ret_answer);
    return err;
}

void sk_history_answer_free(struct sk_history_answer *answer)
{
    sk_free(answer->items);
    *answer = (struct sk_history_answer){0};
}
