/* SPDX-License-Identifier: Apache-2.0 */
/* Samples into memory, and from there into one journal row. A sample that says what its point said before sets one bit; a
 * changed one takes an event of a fixed pool; nothing is allocated per sample. */
#include <math.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/history_internal.h"

#define MS_MAX INT64_C(253402300799999) /* the end of year 9999: no sum of times overflows */

/* --- clocks --- */
/* Points of one call with one time share a clock. */
struct joining {
    size_t clock; /* index + 1; 0 none */
    int64_t ms;
};

static enum sk_err clock_join(struct sk_history *history, uint32_t number, int64_t ms, struct joining *joining)
{
    if (joining->clock == 0 || joining->ms != ms || history->clocks[joining->clock - 1].count == SK_CLOCK_POINTS) {
        if (history->clock_count == history->clock_capacity) {
            void *grown = sk_grow(history->clocks, history->clock_count, &history->clock_capacity, sizeof *history->clocks,
                                  (size_t)1 << 20);
            if (grown == NULL)
                return SK_ERR_NOMEM;
            history->clocks = grown;
        }
        history->clocks[history->clock_count] =
            (struct sk_history_clock){.id = (uint32_t)history->clock_count + 1, .last_ms = INT64_MIN};
        *joining = (struct joining){++history->clock_count, ms};
    }
    struct sk_history_clock *clock = &history->clocks[joining->clock - 1];
    struct sk_history_point_state *point = &history->points[number];
    clock->points[clock->count] = number;
    point->clock = (uint32_t)joining->clock;
    point->slot = clock->count++;
    point->unsaved = true;
    history->unsaved++;
    return SK_OK;
}

/* --- the page --- */
static void page_clear(struct sk_history *history)
{
    for (size_t i = 0; i < history->clock_count; i++) {
        struct sk_history_clock *clock = &history->clocks[i];
        for (unsigned slot = 0; clock->tick_count > 0 && slot < clock->count; slot++) {
            struct sk_history_point_state *point = &history->points[clock->points[slot]];
            point->seen = 0;
            point->first = point->last = -1;
        }
        clock->tick_count = 0;
    }
    history->event_count = history->late_count = 0;
    history->pending = 0;
}

/* What could not be written for too long is given up; every point says its value anew afterwards. */
static void page_drop(struct sk_history *history)
{
    history->lost += history->pending;
    page_clear(history);
    for (size_t i = 0; i < history->point_count; i++)
        history->points[i].generation = 0;
}

static bool is_full(const struct sk_history *history, const struct sk_history_clock *clock)
{
    return clock->tick_count == SK_PAGE_TICKS || history->event_count == SK_PAGE_EVENTS || history->late_count == SK_PAGE_LATE;
}

static enum sk_err make_room(struct sk_history *history, int64_t now_us)
{
    enum sk_err err = sk_history_flush(history, now_us);
    if (err == SK_OK)
        return SK_OK;
    page_drop(history);
    return SK_ERR_FULL;
}

static int64_t generation_end(int64_t ms)
{
    return (sk_floor_div(ms, SK_GENERATION_MS) + 1) * SK_GENERATION_MS;
}

static void generation_next(struct sk_history *history)
{
    history->generation++;
    history->generation_bytes = 0;
    history->generation_end_ms = 0;
}

static void late_take(struct sk_history *history, const struct sk_history_sample *sample, int64_t ms)
{
    history->late[history->late_count++] =
        (struct sk_late_value){sample->point, {ms, sample->value, sample->quality, sample->reason, 0}};
}

static void event_take(struct sk_history *history, struct sk_history_point_state *point, const struct sk_history_sample *sample,
                       unsigned tick)
{
    const int32_t at = (int32_t)history->event_count++;
    history->events[at] = (struct sk_event_value){sample->value, -1, (uint8_t)tick, sample->quality, sample->reason};
    if (point->first < 0)
        point->first = at;
    else
        history->events[point->last].next = at;
    point->last = at;
    point->value = sample->value;
    point->quality = sample->quality;
    point->reason = sample->reason;
    point->generation = history->generation;
}

static void tick_take(struct sk_history *history, struct sk_history_clock *clock, struct sk_history_point_state *point,
                      const struct sk_history_sample *sample, int64_t ms)
{
    if (clock->tick_count == 0 || ms > clock->last_ms) {
        clock->ticks[clock->tick_count++] = ms;
        clock->last_ms = ms;
    }
    const unsigned tick = clock->tick_count - 1u;
    point->seen |= (uint64_t)1 << (tick & 63u); /* a clock flushes before its 65th tick */
    if (point->generation != history->generation || sample->value != point->value || sample->quality != point->quality ||
        sample->reason != point->reason)
        event_take(history, point, sample, tick);
}

static enum sk_err sample_take(struct sk_history *history, const struct sk_history_sample *given, struct joining *joining)
{
    struct sk_history_sample sample = *given;
    const int64_t ms = sk_floor_div(sample.time_us, 1000);
    if (sample.point == 0 || sample.point >= history->point_count || ms < 0 || ms > MS_MAX)
        return SK_ERR_RANGE;
    struct sk_history_point_state *point = &history->points[sample.point];
    enum sk_err err = point->clock == 0 ? clock_join(history, sample.point, ms, joining) : SK_OK;
    if (err != SK_OK)
        return err;
    if (!isfinite(sample.value)) {
        sample.value = point->value;
        sample.quality = SK_Q_BAD;
    }
    struct sk_history_clock *clock = &history->clocks[point->clock - 1];
    const bool crosses = history->generation_end_ms != 0 && ms >= history->generation_end_ms && ms > clock->last_ms;
    if (crosses || is_full(history, clock)) {
        err = make_room(history, sample.time_us);
        if (crosses && err == SK_OK && history->row_count > 0 &&
            history->rows[history->row_count - 1].generation == history->generation)
            generation_next(history);
    }
    if (history->generation_end_ms == 0 || crosses)
        history->generation_end_ms = generation_end(ms);
    history->pending++;
    if (ms < clock->last_ms || (ms == clock->last_ms && clock->tick_count == 0))
        late_take(history, &sample, ms);
    else
        tick_take(history, clock, point, &sample, ms);
    return err;
}

enum sk_err sk_history_put(struct sk_history *history, const struct sk_history_sample *samples, size_t count)
{
    struct joining joining = {0, 0};
    enum sk_err worst = SK_OK;
    if (history->mode != SK_STORE_WRITER)
        return SK_ERR_INVALID;
    for (size_t i = 0; i < count; i++) {
        const enum sk_err err = sample_take(history, &samples[i], &joining);
        worst = err != SK_OK ? err : worst;
    }
    return worst;
}

/* --- the flush --- */
static enum sk_err members_put(struct sk_history *history)
{
    sqlite3_stmt *statement;
    enum sk_err err = history->unsaved > 0 ? sk_history_statement(history, HS_MEMBER_PUT, &statement) : SK_OK;
    for (size_t i = 1; i < history->point_count && history->unsaved > 0 && err == SK_OK; i++) {
        const struct sk_history_point_state *point = &history->points[i];
        if (!point->unsaved)
            continue;
        sqlite3_bind_int64(statement, 1, (int64_t)i);
        sqlite3_bind_int64(statement, 2, point->clock);
        sqlite3_bind_int64(statement, 3, point->slot);
        err = sk_db_do(statement);
    }
    return err;
}

static enum sk_err row_put(struct sk_history *history)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_history_statement(history, HS_JOURNAL_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)history->generation);
    sqlite3_bind_blob64(statement, 2, history->row.bytes, history->row.length, SQLITE_STATIC);
    return sk_db_do(statement);
}

enum sk_err sk_history_flush(struct sk_history *history, int64_t now_us)
{
    (void)now_us;
    if (history->pending == 0)
        return SK_OK;
    enum sk_err err = sk_journal_encode(history);
    if (err == SK_OK) /* kept in memory first: a row on the disk that sealing does not know of would be forgotten */
        err = sk_journal_keep(history, history->generation, history->row.bytes, history->row.length);
    if (err != SK_OK)
        return err;
    err = sk_history_do(history, HS_BEGIN_WRITE);
    if (err == SK_OK) {
        err = members_put(history);
        if (err == SK_OK)
            err = row_put(history);
        err = sk_history_outcome(history, err);
    }
    if (err != SK_OK) {
        sk_free(history->rows[--history->row_count].bytes);
        return err;
    }
    for (size_t i = 1; i < history->point_count && history->unsaved > 0; i++)
        history->points[i].unsaved = false;
    history->unsaved = 0;
    history->generation_bytes += history->row.length;
    page_clear(history);
    if (history->generation_bytes > history->plan.journal_bytes)
        generation_next(history);
    return SK_OK;
}
