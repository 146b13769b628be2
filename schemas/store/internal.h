/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a struct sk_store, shared by the files of this folder only.
 *
 * Statements are rows: X(symbol, sql). Each is prepared at its first use and kept. In memory beside the database stand the tree
 * and the span of the open block; both are saved at begin and put back by a rollback. */
#ifndef SK_STORE_INTERNAL_H
#define SK_STORE_INTERNAL_H

#include "schemas/store/checkpoint.h"
#include "schemas/store/db.h"
#include "schemas/store/store.h"
#include "schemas/store/subjects.h"
#include "schemas/store/tree.h"

#define SK_RECORD_COLUMNS "seq, header, salt, body, leaf, door"

#define SK_STATEMENTS(X)                                                                                                       \
    X(ST_BEGIN, "BEGIN IMMEDIATE")                                                                                             \
    X(ST_BEGIN_READ, "BEGIN")                                                                                                  \
    X(ST_COMMIT, "COMMIT")                                                                                                     \
    X(ST_ROLLBACK, "ROLLBACK")                                                                                                 \
    X(ST_RECORD_PUT, "INSERT INTO record (seq, door, header, salt, body, leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")               \
    X(ST_NODE_PUT, "INSERT INTO node (level, idx, hash) VALUES (?1, ?2, ?3)")                                                  \
    X(ST_NODE_GET, "SELECT hash FROM node WHERE level = ?1 AND idx = ?2")                                                      \
    X(ST_SPAN_PUT, "INSERT INTO span (idx, t_min_us, t_max_us, classes) VALUES (?1, ?2, ?3, ?4)")                              \
    X(ST_SPAN_GET, "SELECT t_min_us, t_max_us, classes FROM span WHERE idx = ?1")                                              \
    X(ST_SPAN_UP, "SELECT idx FROM span WHERE idx >= ?1 AND t_max_us >= ?2 AND t_min_us < ?3 AND (classes & ?4) <> 0 "         \
                  "ORDER BY idx LIMIT 1")                                                                                      \
    X(ST_SPAN_DOWN, "SELECT idx FROM span WHERE idx <= ?1 AND t_max_us >= ?2 AND t_min_us < ?3 AND (classes & ?4) <> 0 "       \
                    "ORDER BY idx DESC LIMIT 1")                                                                               \
    X(ST_RUN_PUT, "INSERT INTO subject_run (idx, t_min_us, t_max_us, items) VALUES (?1, ?2, ?3, ?4)")                          \
    X(ST_RUN_GET, "SELECT t_min_us, t_max_us, items FROM subject_run WHERE idx = ?1")                                          \
    X(ST_RUN_NEXT, "SELECT coalesce(max(idx) + 1, 0) FROM subject_run")                                                        \
    X(ST_HEADERS, "SELECT seq, header FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq")                                   \
    X(ST_TREE_PUT, "UPDATE tree SET size = ?1, frontier = ?2 WHERE id = 1")                                                    \
    X(ST_TREE_GET, "SELECT size, frontier FROM tree WHERE id = 1")                                                             \
    X(ST_SEQ_LAST, "SELECT max(seq) FROM record")                                                                              \
    X(ST_RECORDS_UP, "SELECT " SK_RECORD_COLUMNS " FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq LIMIT ?3")             \
    X(ST_RECORDS_DOWN, "SELECT " SK_RECORD_COLUMNS " FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT ?3")      \
    X(ST_DOOR_UP, "SELECT " SK_RECORD_COLUMNS " FROM record WHERE door = ?4 AND door <> 0 AND seq BETWEEN ?1 AND ?2 "          \
                  "ORDER BY seq LIMIT ?3")                                                                                     \
    X(ST_DOOR_DOWN, "SELECT " SK_RECORD_COLUMNS " FROM record WHERE door = ?4 AND door <> 0 AND seq BETWEEN ?1 AND ?2 "        \
                    "ORDER BY seq DESC LIMIT ?3")                                                                              \
    X(ST_CHECKPOINT_PUT, "INSERT INTO checkpoint (number, size, root, note) VALUES (?1, ?2, ?3, ?4)")                          \
    X(ST_CHECKPOINT_LAST, "SELECT number, size, root, note FROM checkpoint ORDER BY number DESC LIMIT 1")                      \
    X(ST_CHECKPOINT_GET, "SELECT number, size, root, note FROM checkpoint WHERE number = ?1")                                  \
    X(ST_CHECKPOINT_FROM, "SELECT number, size, root, note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT 1")             \
    X(ST_META_PUT, "INSERT INTO meta (key, value) VALUES (?1, ?2)")                                                            \
    X(ST_META_GET, "SELECT value FROM meta WHERE key = ?1")                                                                    \
    X(ST_NUMBER_PUT, "INSERT INTO number (kind, number, id) VALUES (?1, ?2, ?3)")                                              \
    X(ST_NUMBER_GET, "SELECT number FROM number WHERE kind = ?1 AND id = ?2")                                                  \
    X(ST_NUMBER_LAST, "SELECT coalesce(max(number), 0) FROM number WHERE kind = ?1")                                           \
    X(ST_NUMBER_ID, "SELECT id FROM number WHERE kind = ?1 AND number = ?2")                                                   \
    X(ST_NUMBER_EACH, "SELECT kind, number, id FROM number ORDER BY kind, number")                                             \
    X(ST_ROSTER_CARRY, "SELECT seq, ev, body FROM roster_change ORDER BY version")                                             \
    X(ST_ACTS_CARRY, "SELECT seq, ev, body FROM register_act ORDER BY seq")                                                    \
    X(ST_FACTS_CARRY, "SELECT seq, ev, body FROM rights_fact ORDER BY seq")                                                    \
    X(ST_USES_CARRY, "SELECT subject, zone, seq FROM last_use ORDER BY seq")                                                   \
    X(ST_PENDING_PUT, "INSERT INTO pending (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")           \
    X(ST_PENDING_DELETE, "DELETE FROM pending WHERE key = ?1")                                                                 \
    X(ST_PENDING_EACH, "SELECT key, value FROM pending WHERE key > ?1 ORDER BY key LIMIT 64")                                  \
    X(ST_ROSTER_PUT, "INSERT INTO roster_change (version, seq, ev, entity, person, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")     \
    X(ST_ENTRY_PUT, "INSERT INTO register_entry (register, number, state, final, opened_us, changed_us, steps, seq) "          \
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)")                                                                 \
    X(ST_ENTRY_CHANGE, "UPDATE register_entry SET state = ?3, final = ?4, changed_us = ?5, steps = ?6 "                        \
                       "WHERE register = ?1 AND number = ?2 AND steps < ?6")                                                   \
    X(ST_ENTRY_LAST, "SELECT coalesce(max(number), 0) FROM register_entry WHERE register = ?1")                                \
    X(ST_ENTRIES, "SELECT register, number, seq FROM register_entry WHERE (?1 >> register & 1) = 1 AND seq < ?2 "              \
                  "AND (?3 = 0 OR state = ?3) AND (?4 = 0 OR final = 0) ORDER BY seq DESC LIMIT ?5")                           \
    X(ST_ACT_PUT, "INSERT INTO register_act (register, number, step, seq, ev, at_us, body) "                                   \
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                                       \
    X(ST_ACTS_KEPT, "SELECT a.register, a.number, a.step, a.ev, a.at_us, a.body FROM register_act AS a "                       \
                    "JOIN register_entry AS e ON e.register = a.register AND e.number = a.number "                             \
                    "WHERE (a.register, a.number, a.step) > (?1, ?2, ?3) AND (e.final = 0 OR e.changed_us >= ?4) "             \
                    "ORDER BY a.register, a.number, a.step LIMIT 32")                                                          \
    X(ST_ACTS_OF, "SELECT register, number, step, ev, at_us, body FROM register_act "                                          \
                  "WHERE register = ?1 AND number = ?2 AND step > ?3 ORDER BY step LIMIT 32")                                  \
    X(ST_ROSTER_EACH, "SELECT version, ev, body FROM roster_change WHERE version > ?1 ORDER BY version LIMIT 64")              \
    X(ST_FACT_PUT, "INSERT INTO rights_fact (seq, t_us, ev, body) VALUES (?1, ?2, ?3, ?4)")                                    \
    X(ST_FACT_EACH, "SELECT seq, t_us, ev, body FROM rights_fact WHERE seq > ?1 ORDER BY seq LIMIT 64")                        \
    X(ST_USE_PUT, "INSERT INTO last_use (subject, zone, seq) VALUES (?1, ?2, ?3) "                                             \
                  "ON CONFLICT (subject, zone) DO UPDATE SET seq = ?3")                                                        \
    X(ST_USE_GET, "SELECT r.header, r.body FROM last_use AS u JOIN record AS r ON r.seq = u.seq "                              \
                  "WHERE u.subject = ?1 AND u.zone = ?2")                                                                      \
    X(ST_USE_LAST, "SELECT r.header, r.body FROM last_use AS u JOIN record AS r ON r.seq = u.seq "                             \
                   "WHERE u.subject = ?1 ORDER BY u.seq DESC LIMIT 1")                                                         \
    X(ST_ALARM_PUT, "INSERT OR REPLACE INTO alarm (" SK_ALARM_COLUMNS ", open) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "   \
                    "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)")                                                       \
    X(ST_ALARM_GET, "SELECT " SK_ALARM_COLUMNS " FROM alarm WHERE occurrence = ?1")                                            \
    X(ST_ALARM_LAST, "SELECT coalesce(max(occurrence), 0) FROM alarm")                                                         \
    X(ST_ALARMS_ALL, "SELECT " SK_ALARM_COLUMNS " FROM alarm WHERE occurrence < ?1 ORDER BY occurrence DESC LIMIT ?2")         \
    X(ST_ALARMS_OPEN, "SELECT " SK_ALARM_COLUMNS " FROM alarm WHERE open = 1 AND occurrence < ?1 "                             \
                      "ORDER BY occurrence DESC LIMIT ?2")

#define SK_ALARM_COLUMNS                                                                                                       \
    "occurrence, bits, severity, condition, source, detail, place, value, limit_value, quality, quality_reason, raised_us, "   \
    "since_us, returned_us, acked_us, acked_by, raise_seq, last_seq"

enum sk_statement {
#define X(symbol, sql) symbol,
    SK_STATEMENTS(X)
#undef X
        ST_COUNT
};

/* Earliest and latest receive time and classes of the block that is still open. */
struct sk_span {
    int64_t t_min_us, t_max_us;
    uint32_t classes;
};

/* roster.c: the projection of a record of class roster; nothing for others. */
enum sk_err sk_store_roster_put(struct sk_store *store, const struct sk_header *header, const struct sk_body *body);
enum sk_err sk_store_register_put(struct sk_store *store, const struct sk_header *header, const struct sk_body *body);

/* rights.c: a fact beside its record; the newest use of a zone by a person. */
enum sk_err sk_store_fact_put(struct sk_store *store, const struct sk_header *header, const struct sk_body *body);
bool sk_store_is_use(const struct sk_header *header);
enum sk_err sk_store_use_put(struct sk_store *store, const struct sk_header *header, const uint8_t *header_bytes);

struct sk_piece; /* rows copied out of one short read transaction (read.c) */
enum { SK_SALT_POOL = 128 };

struct sk_store {
    enum sk_store_mode mode;
    sqlite3 *db;
    int lock_fd;
    bool in_transaction;
    struct sk_sha256 *sha;
    sqlite3_stmt *statements[ST_COUNT];
    struct sk_tree tree, saved_tree;
    struct sk_span span, saved_span;
    struct sk_subjects subjects;
    uint8_t salts[SK_SALT_POOL][SK_SALT_SIZE];
    unsigned salts_left;
    struct sk_piece *piece; /* kept between walks */
};

/* The kept statement, ready to bind. */
enum sk_err sk_store_statement(struct sk_store *store, enum sk_statement which, sqlite3_stmt **ret_statement);
enum sk_err sk_store_do(struct sk_store *store, enum sk_statement which); /* one without parameters */
/* Rolls back when err is an error; returns err: the end of every put. */
enum sk_err sk_store_outcome(struct sk_store *store, enum sk_err err);

/* Before a log is extended: rows, nodes, frontier and newest checkpoint must tell one story. Fills tree and span. */
enum sk_err sk_store_startup_check(struct sk_store *store, struct sk_fault *fault);
void sk_piece_free(struct sk_piece *piece);

void sk_span_clear(struct sk_span *span);
void sk_span_add(struct sk_span *span, const struct sk_header *header);

/* Tree of the first `size` records: complete nodes from their table, the rest hashed from the records. CORRUPT names the seq.
 */
enum sk_err sk_store_tree_at(struct sk_store *store, uint64_t size, struct sk_tree *ret_tree, struct sk_span *ret_span,
                             struct sk_fault *fault);
enum sk_err sk_store_tree_row(struct sk_store *store, struct sk_tree *ret_tree); /* as stored */
/* First checkpoint of more than `size` records. */
enum sk_err sk_store_checkpoint_after(struct sk_store *store, uint64_t size, struct sk_checkpoint *ret_checkpoint);

/* search.c: the run of a block that is now complete; and, before a log is extended, the runs that are missing (a log of an
 * older version) and the open block. */
enum sk_err sk_store_run_put(struct sk_store *store, uint64_t idx, const struct sk_run *run);
enum sk_err sk_store_runs_load(struct sk_store *store, struct sk_fault *fault);
/* The stored run must be what the records say. */
enum sk_err sk_store_run_check(struct sk_store *store, uint64_t idx, struct sk_subjects *of_records, struct sk_fault *fault);

/* One stored row, borrowed from a statement. */
struct sk_row {
    struct sk_header header;
    const uint8_t *header_bytes, *salt, *body, *leaf;
    size_t body_length;
    uint64_t seq;
    uint16_t door;
};
/* Everything about a row that can be judged without its neighbours; a sentence in the fault, the leaf's hash on success. */
enum sk_err sk_row_check(struct sk_store *store, sqlite3_stmt *statement, uint64_t expected_seq, struct sk_row *ret_row,
                         struct sk_hash *ret_leaf, struct sk_fault *fault);

/* verify_beside.c: what lies beside the tree and still decides what a reader sees. */
enum sk_err sk_verify_number(struct sk_store *store, const struct sk_row *row,
                             struct sk_fault *fault); /* a sys.number record */
enum sk_err sk_verify_beside(struct sk_store *store, uint64_t size, uint64_t numbers, struct sk_fault *fault);

#endif
