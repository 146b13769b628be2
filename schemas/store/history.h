/* SPDX-License-Identifier: Apache-2.0 */
/* The history: samples over time, compressed, thinned with age. Evidence of values, never of acts; it cannot hurt the log: a
 * file of its own, and whoever writes it gives it up first.
 *
 * Writer (the collector, one): open, sk_history_point() per point, sk_history_put() per batch, sk_history_flush() when
 * sk_history_deadline() says so, sk_history_tend() when there is time (one small step per call). Durable means: the flush after
 * a put said SK_OK; a crash loses what came after it and nothing else. Reader (the dashboard): open READER, query.
 *
 * Times are UTC, kept in milliseconds. Text values are not kept. A value that is not finite is kept as bad with the last value.
 * -0 becomes 0. Samples may come late or out of order (backfill is the same call): they are merged by time; the same time
 * twice: one of them stays, the later call's as long as the first is not sealed. Samples of one call that share a time share a
 * clock: their times are stored once for all of them. Not thread-safe: one thread per struct sk_history. Layout and reasons:
 * schemas/store/HISTORY.md. */
#ifndef SK_STORE_HISTORY_H
#define SK_STORE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"
#include "schemas/store/store.h"

struct sk_history;

enum sk_history_tier { SK_TIER_RAW, SK_TIER_MINUTE, SK_TIER_QUARTER, SK_TIER_DAY, SK_TIER_COUNT };
enum { SK_TIER_AUTO = -1 };

/* Retention in days per tier (0: for ever), the room that history.db may take, and the time between flushes. */
struct sk_history_plan {
    uint32_t days[SK_TIER_COUNT];
    uint64_t budget_bytes; /* 0: no limit */
    int64_t flush_us;
    uint64_t journal_bytes; /* unsealed bytes at which sealing comes early; bounds memory. 0: 64 MiB */
};

enum sk_err sk_history_open(const char *directory, enum sk_store_mode mode, struct sk_history **ret_history,
                            struct sk_fault *fault);
/* Flushes nothing: what was put after the last flush is gone. */
void sk_history_close(struct sk_history *history);
void sk_history_set_plan(struct sk_history *history, const struct sk_history_plan *plan);

/* --- writing --- */
struct sk_history_sample {
    uint32_t point;  /* number from sk_history_point() */
    uint8_t quality; /* enum sk_quality */
    uint8_t reason;  /* enum sk_quality_reason */
    int64_t time_us;
    double value;
};
/* The number of a point, given out once. hold_ms: how long a value stands without a new one (its staleness limit). */
enum sk_err sk_history_point(struct sk_history *history, const char *id, int64_t hold_ms, uint32_t *ret_point);
/* Many at once, in one transaction. */
struct sk_history_name {
    const char *id;
    int64_t hold_ms;
    uint32_t number; /* filled in */
};
enum sk_err sk_history_points(struct sk_history *history, struct sk_history_name *names, size_t count);
/* Takes samples into memory; never touches the disk but when a pending page is full (then it flushes). FULL: these samples were
 * given up and counted, because nothing could be written for too long. */
enum sk_err sk_history_put(struct sk_history *history, const struct sk_history_sample *samples, size_t count);
/* Writes everything pending as one journal row. now_us: UTC. An error keeps it pending. */
enum sk_err sk_history_flush(struct sk_history *history, int64_t now_us);
/* One small step of what is left to do: seal one clock's columns, purge a few old segments. *ret_more: call again soon. */
enum sk_err sk_history_tend(struct sk_history *history, int64_t now_us, bool *ret_more);
/* Seals all that is flushed, now; for tests, imports and a clean end. */
enum sk_err sk_history_seal(struct sk_history *history, int64_t now_us);

struct sk_history_usage {
    uint64_t used_bytes, budget_bytes; /* pages in use, not the free ones */
    uint64_t lost;                     /* samples given up since open */
    uint64_t pending, damaged;         /* samples not flushed; damaged blocks met since open */
};
enum sk_err sk_history_usage(struct sk_history *history, struct sk_history_usage *ret_usage);

/* --- reading --- */
struct sk_history_item {
    int64_t time_us; /* of the sample, or the begin of the bucket */
    double min, max, mean, last;
    uint32_t count;                         /* samples */
    uint32_t good_ms, uncertain_ms, bad_ms; /* how long values of each class stood; none is the rest */
    uint8_t quality, reason;                /* raw only */
};
struct sk_history_query {
    const char *point;      /* id */
    int64_t from_us, to_us; /* half-open */
    int tier;               /* enum sk_history_tier, or SK_TIER_AUTO: the finest that keeps within `limit` items */
    uint32_t limit;         /* items at most; what follows begins at next_us */
};
struct sk_history_answer {
    struct sk_history_item *items; /* owned: sk_history_answer_free() */
    size_t count;
    int tier;
    int64_t next_us;                        /* 0: complete */
    uint64_t good_ms, uncertain_ms, bad_ms; /* of the items given */
    uint32_t damaged;                       /* blocks that could not be read: their times are missing from the items */
};
/* NOT_FOUND: nothing was ever kept under that id. */
enum sk_err sk_history_read(struct sk_history *history, const struct sk_history_query *query,
                            struct sk_history_answer *ret_answer);
void sk_history_answer_free(struct sk_history_answer *answer);
int64_t sk_tier_bucket_ms(int tier); /* 0 for raw */

/* --- forecast --- */
/* Bytes a day that a point read with this period needs in each tier: an estimate from a made-up facility, see HISTORY.md. */
void sk_history_forecast(uint32_t period_ms, double ret_bytes_per_day[SK_TIER_COUNT]);

#endif
