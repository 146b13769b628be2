/* SPDX-License-Identifier: Apache-2.0 */
/* What follows the flush, in small steps: a clock's part of a complete generation becomes raw and tier segments; old segments
 * go.
 *
 * One step is one transaction: the segments and how far the generation is sealed change together, so a crash between two steps
 * repeats nothing and loses nothing. These commits need no sync of their own: until they reach the disk, the journal rows are
 * there. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/history_internal.h"

enum { PURGE_SEGMENTS = 8, SPLIT_DEPTH = 10, VACUUM_ABOVE_PAGES = 256 };
#define PURGE_EVERY_US (INT64_C(60) * 1000000)
#define DAY_MS         INT64_C(86400000)

/* --- one clock's samples out of the rows --- */
static enum sk_err gather(struct sk_history *history, const struct sk_history_clock *clock, uint64_t generation)
{
    struct sk_slot_state states[SK_CLOCK_POINTS] = {0};
    for (unsigned slot = 0; slot < SK_CLOCK_POINTS; slot++)
        history->columns[slot].count = 0;
    for (size_t i = 0; i < history->row_count; i++) {
        const struct sk_journal_row *row = &history->rows[i];
        if (row->generation != generation)
            continue;
        enum sk_err err = sk_journal_decode(row->bytes, row->length, clock->id, UINT32_MAX, states, history->columns);
        if (err == SK_OK || err == SK_ERR_NOT_FOUND)
            err = sk_journal_decode_late(row->bytes, row->length, clock->points, clock->count, history->columns);
        if (err == SK_ERR_NOMEM)
            return err;
        history->damaged += err != SK_OK; /* a row that cannot be read loses its ten seconds, not the rest */
    }
    for (unsigned slot = 0; slot < clock->count; slot++)
        sk_values_sort(&history->columns[slot]);
    return SK_OK;
}

static size_t columns_of(const struct sk_history *history, const struct sk_history_clock *clock, int64_t from_ms, int64_t to_ms,
                         struct sk_column *columns, int64_t *ret_first, int64_t *ret_last)
{
    size_t count = 0;
    *ret_first = INT64_MAX;
    *ret_last = INT64_MIN;
    for (unsigned slot = 0; slot < clock->count; slot++) {
        const struct sk_values *values = &history->columns[slot];
        size_t from = 0, to = values->count;
        while (from < to && values->items[from].ms < from_ms)
            from++;
        while (to > from && values->items[to - 1].ms >= to_ms)
            to--;
        if (from == to)
            continue;
        columns[count] = (struct sk_column){.point = clock->points[slot], .values = values->items + from, .count = to - from};
        count++;
        *ret_first = values->items[from].ms < *ret_first ? values->items[from].ms : *ret_first;
        *ret_last = values->items[to - 1].ms > *ret_last ? values->items[to - 1].ms : *ret_last;
    }
    return count;
}

/* --- segments --- */
static enum sk_err segment_put(struct sk_history *history, uint32_t clock, int tier, int64_t start_ms, int64_t end_ms)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_SEGMENT_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, clock);
    sqlite3_bind_int64(statement, 2, tier);
    sqlite3_bind_int64(statement, 3, start_ms);
    sqlite3_bind_int64(statement, 4, end_ms);
    sqlite3_bind_blob64(statement, 5, history->segment.bytes, history->segment.length, SQLITE_STATIC);
    return sk_db_do(statement);
}

/* Too many different times for one segment: halves of the time. */
static enum sk_err raw_put(struct sk_history *history, const struct sk_history_clock *clock, int64_t from_ms, int64_t to_ms,
                           unsigned depth)
{
    struct sk_column columns[SK_CLOCK_POINTS];
    int64_t first, last;
    const size_t count = columns_of(history, clock, from_ms, to_ms, columns, &first, &last);
    if (count == 0)
        return SK_OK;
    enum sk_err err = sk_block_raw_encode(history->work, columns, count, &history->segment);
    if (err == SK_OK)
        return segment_put(history, clock->id, SK_TIER_RAW, first, last + 1);
    if (err != SK_ERR_TOO_LONG || depth == 0 || last <= first)
        return err;
    const int64_t middle = first + (last - first) / 2 + 1;
    err = raw_put(history, clock, first, middle, depth - 1);
    return err == SK_OK ? raw_put(history, clock, middle, to_ms, depth - 1) : err;
}

/* The segment that holds these buckets already; id 0: none, or one that cannot be read (it stays as it is, a new one beside
 * it). */
static enum sk_err tier_load(struct sk_history *history, const struct sk_history_clock *clock, int tier, int64_t start_ms,
                             struct sk_buckets *old, int64_t *ret_id)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_SEGMENT_NEWEST, &statement);
    *ret_id = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, clock->id);
    sqlite3_bind_int64(statement, 2, tier);
    sqlite3_bind_int64(statement, 3, start_ms);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(statement, 1);
        const size_t length = (size_t)sqlite3_column_bytes(statement, 1);
        *ret_id = sqlite3_column_int64(statement, 0);
        for (unsigned slot = 0; slot < clock->count && err == SK_OK; slot++) {
            err = sk_block_tier_decode(history->work, bytes, length, clock->points[slot], &old[slot]);
            err = err == SK_ERR_NOT_FOUND ? SK_OK : err;
        }
        if (err == SK_ERR_CORRUPT) {
            history->damaged++;
            *ret_id = 0;
            for (unsigned slot = 0; slot < clock->count; slot++)
                old[slot].count = 0;
            err = SK_OK;
        }
    }
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

static enum sk_err tier_store(struct sk_history *history, uint32_t clock, int tier, int64_t start_ms, int64_t id)
{
    sqlite3_stmt *statement;
    if (id == 0)
        return segment_put(history, clock, tier, start_ms, start_ms + sk_tier_segment_ms(tier));
    enum sk_err err = sk_history_statement(history, HS_SEGMENT_CHANGE, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_blob64(statement, 2, history->segment.bytes, history->segment.length, SQLITE_STATIC);
    return sk_db_do(statement);
}

/* The part of each point's new buckets that belongs to one segment: from at[slot] on. */
static size_t run_of(const struct sk_buckets *fresh, size_t at, int64_t end_index)
{
    size_t count = 0;
    while (at + count < fresh->count && fresh->items[at + count].index < end_index)
        count++;
    return count;
}

static enum sk_err tier_segment(struct sk_history *history, const struct sk_history_clock *clock, int tier, int64_t start_ms,
                                const struct sk_buckets *fresh, size_t *at)
{
    struct sk_buckets merged[SK_CLOCK_POINTS] = {0};
    struct sk_column columns[SK_CLOCK_POINTS];
    const int64_t end_index = (start_ms + sk_tier_segment_ms(tier)) / sk_tier_bucket_ms(tier);
    int64_t id = 0;
    size_t count = 0;
    enum sk_err err = tier_load(history, clock, tier, start_ms, merged, &id);
    for (unsigned slot = 0; slot < clock->count && err == SK_OK; slot++) {
        const size_t run = run_of(&fresh[slot], at[slot], end_index);
        if (run > 0)
            err = sk_tier_merge(&merged[slot], fresh[slot].items + at[slot], run);
        at[slot] += run;
        if (merged[slot].count == 0)
            continue;
        columns[count] =
            (struct sk_column){.point = clock->points[slot], .buckets = merged[slot].items, .count = merged[slot].count};
        count++;
    }
    if (err == SK_OK)
        err = sk_block_tier_encode(history->work, tier, columns, count, &history->segment);
    if (err == SK_OK)
        err = tier_store(history, clock->id, tier, start_ms, id);
    for (unsigned slot = 0; slot < clock->count; slot++)
        sk_free(merged[slot].items);
    return err;
}

static enum sk_err tier_put(struct sk_history *history, const struct sk_history_clock *clock, int tier)
{
    struct sk_buckets fresh[SK_CLOCK_POINTS] = {0};
    size_t at[SK_CLOCK_POINTS] = {0};
    enum sk_err err = SK_OK;
    for (unsigned slot = 0; slot < clock->count && err == SK_OK; slot++)
        err = sk_tier_add_values(tier, history->columns[slot].items, history->columns[slot].count,
                                 history->points[clock->points[slot]].hold_ms, &fresh[slot]);
    while (err == SK_OK) {
        int64_t next = INT64_MAX;
        for (unsigned slot = 0; slot < clock->count; slot++)
            if (at[slot] < fresh[slot].count && fresh[slot].items[at[slot]].index < next)
                next = fresh[slot].items[at[slot]].index;
        if (next == INT64_MAX)
            break;
        const int64_t span = sk_tier_segment_ms(tier);
        err = tier_segment(history, clock, tier, sk_floor_div(next * sk_tier_bucket_ms(tier), span) * span, fresh, at);
    }
    for (unsigned slot = 0; slot < clock->count; slot++)
        sk_free(fresh[slot].items);
    return err;
}

/* --- steps --- */
static enum sk_err progress_put(struct sk_history *history, uint64_t generation, uint32_t upto)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_PROGRESS_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)generation);
    sqlite3_bind_int64(statement, 2, upto);
    return sk_db_do(statement);
}

static enum sk_err progress_get(struct sk_history *history, uint64_t generation, size_t *ret_upto)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_PROGRESS_GET, &statement);
    *ret_upto = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)generation);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_upto = (size_t)sqlite3_column_int64(statement, 0);
    sk_db_release(statement);
    return sk_db_code(result);
}

static enum sk_err generation_delete(struct sk_history *history, enum sk_history_statement which, uint64_t generation)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, which, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)generation);
    return sk_db_do(statement);
}

static enum sk_err generation_end(struct sk_history *history, uint64_t generation)
{
    size_t kept = 0;
    enum sk_err err = sk_history_do(history, HS_BEGIN_WRITE);
    if (err != SK_OK)
        return err;
    err = generation_delete(history, HS_JOURNAL_DELETE, generation);
    if (err == SK_OK)
        err = generation_delete(history, HS_PROGRESS_DELETE, generation);
    err = sk_history_outcome(history, err);
    for (size_t i = 0; i < history->row_count && err == SK_OK; i++) {
        if (history->rows[i].generation == generation)
            sk_free(history->rows[i].bytes);
        else
            history->rows[kept++] = history->rows[i];
    }
    if (err == SK_OK)
        history->row_count = kept;
    return err;
}

static enum sk_err clock_seal(struct sk_history *history, const struct sk_history_clock *clock, uint64_t generation)
{
    enum sk_err err = gather(history, clock, generation);
    if (err == SK_OK)
        err = sk_history_do(history, HS_BEGIN_WRITE);
    if (err != SK_OK)
        return err;
    err = raw_put(history, clock, INT64_MIN, INT64_MAX, SPLIT_DEPTH);
    for (int tier = SK_TIER_MINUTE; tier < SK_TIER_COUNT && err == SK_OK; tier++)
        err = tier_put(history, clock, tier);
    if (err == SK_OK)
        err = progress_put(history, generation, clock->id);
    return sk_history_outcome(history, err);
}

enum sk_err sk_history_seal_step(struct sk_history *history, bool *ret_did)
{
    enum sk_err err = SK_OK;
    *ret_did = false;
    if (history->row_count == 0 || history->rows[0].generation >= history->generation)
        return SK_OK;
    const uint64_t generation = history->rows[0].generation;
    if (history->seal_generation != generation) {
        err = progress_get(history, generation, &history->seal_at);
        history->seal_generation = err == SK_OK ? generation : 0;
    }
    if (err == SK_OK)
        err = sk_db_run(history->db, "PRAGMA synchronous = NORMAL", NULL);
    if (err == SK_OK && history->seal_at < history->clock_count) {
        err = clock_seal(history, &history->clocks[history->seal_at], generation);
        history->seal_at += err == SK_OK;
    } else if (err == SK_OK) {
        err = generation_end(history, generation);
    }
    sk_db_run(history->db, "PRAGMA synchronous = FULL", NULL);
    *ret_did = err == SK_OK;
    return err;
}

/* --- purge --- */
static enum sk_err purge_older(struct sk_history *history, int tier, int64_t before_ms, bool *ret_did)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_PURGE_AGE, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, tier);
    sqlite3_bind_int64(statement, 2, before_ms);
    sqlite3_bind_int64(statement, 3, PURGE_SEGMENTS);
    err = sk_db_do(statement);
    *ret_did = err == SK_OK && sqlite3_changes(history->db) > 0;
    return err;
}

/* By age, tier by tier; then, above the budget, the oldest of the finest tier that has any. Days are kept: they cost nothing.
 */
enum sk_err sk_history_purge_step(struct sk_history *history, int64_t now_us, bool *ret_did)
{
    struct sk_history_usage usage = {.used_bytes = 0};
    enum sk_err err = SK_OK;
    *ret_did = false;
    for (int tier = SK_TIER_RAW; tier < SK_TIER_COUNT && err == SK_OK && !*ret_did; tier++)
        if (history->plan.days[tier] > 0)
            err = purge_older(history, tier, now_us / 1000 - history->plan.days[tier] * DAY_MS, ret_did);
    if (err == SK_OK && !*ret_did && history->plan.budget_bytes > 0)
        err = sk_history_usage(history, &usage);
    for (int tier = SK_TIER_RAW; tier < SK_TIER_DAY && err == SK_OK && !*ret_did && history->plan.budget_bytes > 0; tier++)
        if (usage.used_bytes > history->plan.budget_bytes)
            err = purge_older(history, tier, INT64_MAX, ret_did);
    return err;
}

static void give_back(struct sk_history *history)
{
    int64_t free_pages = 0;
    if (sk_db_integer(history->db, "PRAGMA freelist_count", &free_pages) == SK_OK && free_pages > VACUUM_ABOVE_PAGES)
        sk_db_run(history->db, "PRAGMA incremental_vacuum(256)", NULL);
    sqlite3_wal_checkpoint_v2(history->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

enum sk_err sk_history_tend(struct sk_history *history, int64_t now_us, bool *ret_more)
{
    enum sk_err err = history->mode == SK_STORE_WRITER ? sk_history_seal_step(history, ret_more) : SK_ERR_INVALID;
    if (err != SK_OK || *ret_more || now_us < history->purge_at_us)
        return err;
    err = sk_history_purge_step(history, now_us, ret_more);
    if (err == SK_OK && !*ret_more) {
        history->purge_at_us = now_us + PURGE_EVERY_US;
        give_back(history);
    }
    return err;
}

enum sk_err sk_history_seal(struct sk_history *history, int64_t now_us)
{
    bool did = true;
    enum sk_err err = sk_history_flush(history, now_us);
    if (err != SK_OK)
        return err;
    history->generation++;
    history->generation_bytes = 0;
    history->generation_end_ms = 0;
    while (err == SK_OK && did)
        err = sk_history_seal_step(history, &did);
    return err;
}
