/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the history share: statements, points and clocks in memory, the journal's rows. Private to this folder. */
#ifndef SK_STORE_HISTORY_INTERNAL_H
#define SK_STORE_HISTORY_INTERNAL_H

#include <sqlite3.h>

#include "schemas/store/db.h"
#include "schemas/store/history_block.h"
#include "schemas/store/history_tier.h"

/* One flush holds at most so many ticks of a clock (bits of a mask), changed values and late samples; what needs more flushes.
 */
enum { SK_PAGE_TICKS = 64, SK_PAGE_EVENTS = 1 << 16, SK_PAGE_LATE = 1 << 14, SK_LATE_CLOCK = 0 };
#define SK_GENERATION_MS INT64_C(7200000) /* two hours: shorter blocks cost 5 % more, longer ones a longer journal */
#define SK_JOURNAL_BYTES ((uint64_t)64 << 20)

#define SK_HISTORY_STATEMENTS(X)                                                                                               \
    X(HS_BEGIN_WRITE, "BEGIN IMMEDIATE")                                                                                       \
    X(HS_BEGIN_READ, "BEGIN")                                                                                                  \
    X(HS_COMMIT, "COMMIT")                                                                                                     \
    X(HS_ROLLBACK, "ROLLBACK")                                                                                                 \
    X(HS_POINT_PUT, "INSERT INTO point (name, hold_ms) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET hold_ms = ?2 "         \
                    "RETURNING id")                                                                                            \
    X(HS_POINTS, "SELECT p.id, p.hold_ms, m.clock, m.slot FROM point p LEFT JOIN member m ON m.point = p.id")                  \
    X(HS_POINT_FIND, "SELECT p.id, p.hold_ms, m.clock, m.slot FROM point p JOIN member m ON m.point = p.id WHERE p.name = ?1") \
    X(HS_MEMBER_PUT, "INSERT INTO member (point, clock, slot) VALUES (?1, ?2, ?3)")                                            \
    X(HS_JOURNAL_PUT, "INSERT INTO journal (generation, bytes) VALUES (?1, ?2)")                                               \
    X(HS_JOURNAL_ALL, "SELECT generation, bytes FROM journal ORDER BY id")                                                     \
    X(HS_JOURNAL_DELETE, "DELETE FROM journal WHERE generation = ?1")                                                          \
    X(HS_PROGRESS_PUT, "INSERT INTO progress (generation, upto) VALUES (?1, ?2) ON CONFLICT (generation) DO UPDATE "           \
                       "SET upto = ?2")                                                                                        \
    X(HS_PROGRESS_GET, "SELECT upto FROM progress WHERE generation = ?1")                                                      \
    X(HS_PROGRESS_DELETE, "DELETE FROM progress WHERE generation = ?1")                                                        \
    X(HS_SEGMENT_PUT, "INSERT INTO segment (clock, tier, start_ms, end_ms, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")                \
    X(HS_SEGMENT_CHANGE, "UPDATE segment SET bytes = ?2 WHERE id = ?1")                                                        \
    X(HS_SEGMENT_NEWEST, "SELECT id, bytes FROM segment WHERE clock = ?1 AND tier = ?2 AND start_ms = ?3 ORDER BY id DESC "    \
                         "LIMIT 1")                                                                                            \
    X(HS_SEGMENTS, "SELECT bytes, start_ms FROM segment WHERE clock = ?1 AND tier = ?2 AND start_ms < ?4 AND end_ms > ?3 "     \
                   "ORDER BY start_ms, id")                                                                                    \
    X(HS_PURGE_AGE, "DELETE FROM segment WHERE id IN (SELECT id FROM segment WHERE tier = ?1 AND end_ms < ?2 "                 \
                    "ORDER BY end_ms LIMIT ?3)")                                                                               \
    X(HS_PAGES, "SELECT (p.page_count - f.freelist_count) * s.page_size, f.freelist_count FROM pragma_page_count p, "          \
                "pragma_freelist_count f, pragma_page_size s")

enum sk_history_statement {
#define X(symbol, sql) symbol,
    SK_HISTORY_STATEMENTS(X)
#undef X
        HS_COUNT
};

/* A changed value of this page. */
struct sk_event_value {
    double value;
    int32_t next; /* of the same point; -1 last */
    uint8_t tick, quality, reason;
};
struct sk_late_value {
    uint32_t point;
    struct sk_value value;
};

/* Index: the point's number. */
struct sk_history_point_state {
    int64_t hold_ms;
    double value;        /* as of the newest sample */
    uint64_t generation; /* in which `value` was last written out; 0 never */
    uint64_t seen;       /* bit per tick of this page */
    int32_t first, last; /* events of this page; -1 none */
    uint32_t clock;      /* index + 1; 0 none yet */
    uint8_t slot, quality, reason;
    bool unsaved; /* its member row is still to be written */
};

struct sk_history_clock {
    int64_t ticks[SK_PAGE_TICKS];
    int64_t last_ms;
    uint32_t points[SK_CLOCK_POINTS];
    uint32_t id;
    uint8_t tick_count, count;
};

/* A flushed row that is not sealed yet. */
struct sk_journal_row {
    uint64_t generation;
    size_t length;
    uint8_t *bytes; /* owned */
};

struct sk_history {
    enum sk_store_mode mode;
    sqlite3 *db;
    int lock_fd;
    sqlite3_stmt *statements[HS_COUNT];
    struct sk_block_work *work;
    struct sk_history_plan plan;
    uint64_t damaged, lost;
    /* writer */
    struct sk_history_point_state *points; /* [0] unused */
    size_t point_count, point_capacity;
    struct sk_history_clock *clocks; /* by id, upwards */
    size_t clock_count, clock_capacity;
    struct sk_event_value *events;
    size_t event_count;
    struct sk_late_value *late;
    size_t late_count;
    uint64_t pending, unsaved;
    uint64_t generation;       /* being written; from 1 */
    int64_t generation_end_ms; /* 0: no tick yet */
    uint64_t generation_bytes;
    struct sk_journal_row *rows; /* oldest first */
    size_t row_count, row_capacity;
    struct sk_blob row, segment;
    struct sk_values columns[SK_CLOCK_POINTS];
    size_t seal_at; /* next clock of the oldest generation */
    uint64_t seal_generation;
    int64_t purge_at_us;
};

enum sk_err sk_history_statement(struct sk_history *history, enum sk_history_statement which, sqlite3_stmt **ret_statement);
enum sk_err sk_history_do(struct sk_history *history, enum sk_history_statement which);
/* Ends a write transaction: commits when err is SK_OK, else rolls back. */
enum sk_err sk_history_outcome(struct sk_history *history, enum sk_err err);

/* --- the journal's rows --- */
/* Encodes everything pending into history->row. */
enum sk_err sk_journal_encode(struct sk_history *history);
enum sk_err sk_journal_keep(struct sk_history *history, uint64_t generation, const uint8_t *bytes, size_t length);
/* What a slot's value was at the end of the rows decoded so far; zeroed at the begin of a generation. */
struct sk_slot_state {
    double value;
    uint8_t quality, reason;
    bool known;
};
/* Appends what a row holds of a clock: of the slots in the mask, each to its array. NOT_FOUND: nothing. */
enum sk_err sk_journal_decode(const uint8_t *bytes, size_t length, uint32_t clock, uint32_t slots, struct sk_slot_state *states,
                              struct sk_values *to);
/* Appends the late samples of the points that have an array: arrays[i] for points[i]. */
enum sk_err sk_journal_decode_late(const uint8_t *bytes, size_t length, const uint32_t *points, size_t count,
                                   struct sk_values *to);

enum sk_err sk_history_load(struct sk_history *history);
/* Seals the next clock of the oldest complete generation, or ends that generation. *ret_did false: nothing was left. */
enum sk_err sk_history_seal_step(struct sk_history *history, bool *ret_did);
enum sk_err sk_history_purge_step(struct sk_history *history, int64_t now_us, bool *ret_did);

#endif
