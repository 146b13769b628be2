/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing, and what a writer finds again: points, clocks, and the journal that is not sealed yet. */
#include "schemas/store/history.h"

#include <unistd.h>

#include "schemas/base/mem.h"
#include "schemas/store/history_internal.h"

enum { POINTS_MAX = 1 << 20 };

static const char *const statement_sql[HS_COUNT] = {
#define X(symbol, sql) [symbol] = (sql),
    SK_HISTORY_STATEMENTS(X)
#undef X
};

enum sk_err sk_history_statement(struct sk_history *history, enum sk_history_statement which, sqlite3_stmt **ret_statement)
{
    enum sk_err err = sk_db_statement(history->db, &history->statements[which], statement_sql[which]);
    *ret_statement = history->statements[which];
    return err;
}

enum sk_err sk_history_do(struct sk_history *history, enum sk_history_statement which)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, which, &statement);
    return err == SK_OK ? sk_db_do(statement) : err;
}

enum sk_err sk_history_outcome(struct sk_history *history, enum sk_err err)
{
    if (err == SK_OK)
        err = sk_history_do(history, HS_COMMIT);
    if (err != SK_OK && sqlite3_get_autocommit(history->db) == 0)
        sk_history_do(history, HS_ROLLBACK);
    return err;
}

/* --- what is there already --- */
static enum sk_err point_room(struct sk_history *history, int64_t number)
{
    if (number <= 0 || number >= POINTS_MAX)
        return SK_ERR_CORRUPT;
    while ((size_t)number >= history->point_capacity) {
        const size_t capacity = history->point_capacity == 0 ? 64 : history->point_capacity * 2;
        void *grown = sk_realloc(history->points, capacity, sizeof *history->points);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        history->points = grown;
        history->point_capacity = capacity;
    }
    for (; history->point_count <= (size_t)number; history->point_count++)
        history->points[history->point_count] = (struct sk_history_point_state){.hold_ms = 1000, .first = -1, .last = -1};
    return SK_OK;
}

static enum sk_err clock_room(struct sk_history *history, int64_t id)
{
    enum sk_err err = id > 0 && id < POINTS_MAX ? SK_OK : SK_ERR_CORRUPT;
    while (err == SK_OK && history->clock_count < (size_t)id) {
        if (history->clock_count == history->clock_capacity) {
            void *grown = sk_grow(history->clocks, history->clock_count, &history->clock_capacity, sizeof *history->clocks,
                                  (size_t)POINTS_MAX);
            if (grown == NULL)
                return SK_ERR_NOMEM;
            history->clocks = grown;
        }
        history->clocks[history->clock_count] =
            (struct sk_history_clock){.id = (uint32_t)history->clock_count + 1, .last_ms = INT64_MIN};
        history->clock_count++;
    }
    return err;
}

static enum sk_err member_take(struct sk_history *history, int64_t point, int64_t clock_id, int64_t slot)
{
    enum sk_err err = slot >= 0 && slot < SK_CLOCK_POINTS ? clock_room(history, clock_id) : SK_ERR_CORRUPT;
    if (err != SK_OK)
        return err;
    struct sk_history_clock *clock = &history->clocks[clock_id - 1];
    clock->points[slot] = (uint32_t)point;
    if (slot >= clock->count)
        clock->count = (uint8_t)(slot + 1);
    history->points[point].clock = (uint32_t)clock_id;
    history->points[point].slot = (uint8_t)slot;
    return SK_OK;
}

static enum sk_err load_points(struct sk_history *history)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_POINTS, &statement);
    if (err != SK_OK)
        return err;
    int result;
    while (err == SK_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const int64_t number = sqlite3_column_int64(statement, 0);
        err = point_room(history, number);
        if (err == SK_OK) {
            history->points[number].hold_ms = sqlite3_column_int64(statement, 1);
            if (sqlite3_column_type(statement, 2) != SQLITE_NULL)
                err = member_take(history, number, sqlite3_column_int64(statement, 2), sqlite3_column_int64(statement, 3));
        }
    }
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

/* The generation that an earlier life was writing is complete now: this one begins the next. */
static enum sk_err load_journal(struct sk_history *history)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_JOURNAL_ALL, &statement);
    int result = SQLITE_DONE;
    while (err == SK_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const uint64_t generation = (uint64_t)sqlite3_column_int64(statement, 0);
        const void *bytes = sqlite3_column_blob(statement, 1);
        err = sk_journal_keep(history, generation, bytes, (size_t)sqlite3_column_bytes(statement, 1));
        if (generation >= history->generation)
            history->generation = generation + 1;
    }
    if (err == SK_OK)
        err = sk_db_code(result);
    if (history->statements[HS_JOURNAL_ALL] != NULL)
        sk_db_release(history->statements[HS_JOURNAL_ALL]);
    return err;
}

enum sk_err sk_history_load(struct sk_history *history)
{
    history->generation = 1;
    history->events = sk_calloc(SK_PAGE_EVENTS, sizeof *history->events);
    history->late = sk_calloc(SK_PAGE_LATE, sizeof *history->late);
    if (history->events == NULL || history->late == NULL)
        return SK_ERR_NOMEM;
    enum sk_err err = load_points(history);
    return err == SK_OK ? load_journal(history) : err;
}

/* --- open, close --- */
static enum sk_err open_parts(struct sk_history *history, const char *directory, struct sk_fault *fault)
{
    const struct sk_schema schema = sk_schema_history();
    enum sk_err err = sk_block_work_create(&history->work);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "cannot open the history in '%s': out of memory", directory);
    if (history->mode == SK_STORE_WRITER) {
        err = sk_directory_make(directory, fault);
        if (err == SK_OK)
            err = sk_lock_take(directory, "history.lock", &history->lock_fd, fault);
    }
    if (err == SK_OK)
        err = sk_db_open(directory, &schema, history->mode, &history->db, fault);
    if (err == SK_OK && history->mode == SK_STORE_WRITER && (err = sk_history_load(history)) != SK_OK)
        sk_fault_set(fault, err, "cannot read history.db in '%s': %s; move it away to begin a new one", directory,
                     sk_err_text(err));
    return err;
}

enum sk_err sk_history_open(const char *directory, enum sk_store_mode mode, struct sk_history **ret_history,
                            struct sk_fault *fault)
{
    struct sk_history *history = sk_calloc(1, sizeof *history);
    *ret_history = NULL;
    if (history == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "cannot open the history in '%s': out of memory", directory);
    history->mode = mode;
    history->lock_fd = -1;
    history->plan = (struct sk_history_plan){.journal_bytes = SK_JOURNAL_BYTES};
    enum sk_err err = open_parts(history, directory, fault);
    if (err == SK_OK)
        *ret_history = history;
    else
        sk_history_close(history);
    return err;
}

void sk_history_close(struct sk_history *history)
{
    if (history == NULL)
        return;
    for (size_t i = 0; i < HS_COUNT; i++)
        sqlite3_finalize(history->statements[i]);
    sk_db_close(history->db);
    sk_block_work_free(history->work);
    for (size_t i = 0; i < history->row_count; i++)
        sk_free(history->rows[i].bytes);
    for (size_t i = 0; i < SK_CLOCK_POINTS; i++)
        sk_free(history->columns[i].items);
    sk_free(history->rows);
    sk_free(history->points);
    sk_free(history->clocks);
    sk_free(history->events);
    sk_free(history->late);
    sk_blob_free(&history->row);
    sk_blob_free(&history->segment);
    if (history->lock_fd >= 0)
        close(history->lock_fd);
    sk_free(history);
}

void sk_history_set_plan(struct sk_history *history, const struct sk_history_plan *plan)
{
    history->plan = *plan;
    if (history->plan.journal_bytes == 0)
        history->plan.journal_bytes = SK_JOURNAL_BYTES;
}

enum sk_err sk_history_point(struct sk_history *history, const char *id, int64_t hold_ms, uint32_t *ret_point)
{
    sqlite3_stmt *statement;
    enum sk_err err =
        history->mode == SK_STORE_WRITER ? sk_history_statement(history, HS_POINT_PUT, &statement) : SK_ERR_INVALID;
    if (err != SK_OK)
        return err;
    hold_ms = hold_ms < 1 ? 1 : hold_ms;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, hold_ms);
    int result = sqlite3_step(statement);
    const int64_t number = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    if (result == SQLITE_ROW)
        result = sqlite3_step(statement); /* to its end, which commits */
    sk_db_release(statement);
    err = sk_db_code(result);
    if (err == SK_OK)
        err = point_room(history, number);
    if (err == SK_OK) {
        history->points[number].hold_ms = hold_ms;
        *ret_point = (uint32_t)number;
    }
    return err;
}

enum sk_err sk_history_points(struct sk_history *history, struct sk_history_name *names, size_t count)
{
    enum sk_err err = history->mode == SK_STORE_WRITER ? sk_history_do(history, HS_BEGIN_WRITE) : SK_ERR_INVALID;
    if (err != SK_OK)
        return err;
    for (size_t i = 0; i < count && err == SK_OK; i++)
        err = sk_history_point(history, names[i].id, names[i].hold_ms, &names[i].number);
    return sk_history_outcome(history, err);
}

enum sk_err sk_history_usage(struct sk_history *history, struct sk_history_usage *ret_usage)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_PAGES, &statement);
    *ret_usage = (struct sk_history_usage){.budget_bytes = history->plan.budget_bytes,
                                           .lost = history->lost,
                                           .pending = history->pending,
                                           .damaged = history->damaged};
    if (err != SK_OK)
        return err;
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        ret_usage->used_bytes = (uint64_t)sqlite3_column_int64(statement, 0);
    sk_db_release(statement);
    return sk_db_code(result);
}

/* Bytes per sample and per bucket: what the facility of tests/bench/bench_history.c costs in the file, rounded up. */
void sk_history_forecast(uint32_t period_ms, double ret_bytes_per_day[SK_TIER_COUNT])
{
    static const double raw_bytes = 0.25, bucket_bytes = 1.8;
    const double samples = 86400000.0 / (period_ms > 0 ? period_ms : 1000);
    ret_bytes_per_day[SK_TIER_RAW] = samples * raw_bytes;
    for (int tier = SK_TIER_MINUTE; tier < SK_TIER_COUNT; tier++) {
        const double buckets = 86400000.0 / (double)sk_tier_bucket_ms(tier);
        ret_bytes_per_day[tier] = (samples < buckets ? samples : buckets) * bucket_bytes;
    }
}
