/* SPDX-License-Identifier: Apache-2.0 */
/* The store: log, roster, history and vault behind one small interface; all SQL of the house lives under this folder.
 *
 * Three files in the state directory: log.db (readable by the dashboard's group), vault.db (collector only), history.db.
 * One writer (a lock file sees to it); readers open read-only and check the version at every connection.
 *
 * Life: open the writer, append in transactions, close. A transaction is begin, any number of puts, commit; after an error the
 * transaction is rolled back and nothing of it exists. Durable means: sk_store_commit() returned SK_OK (WAL, synchronous=FULL).
 * Threads: a struct sk_store belongs to one thread at a time.
 * Bytes, tables and invariants: schemas/log-format.md; reasons for each pragma: schemas/store/README.md. */
#ifndef SK_STORE_H
#define SK_STORE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/clock.h"
#include "schemas/base/crypto.h"
#include "schemas/base/err.h"
#include "schemas/model/alarm.h"
#include "schemas/model/record.h"

struct sk_store;

/* COPY: a reader of files at rest that nobody writes (a backup on read-only media); never for a live directory. */
enum sk_store_mode { SK_STORE_WRITER, SK_STORE_READER, SK_STORE_COPY };

/* Writer: creates the directory's files when missing, migrates (after a backup copy) before anything else, recomputes the
 * frontier and compares it with nodes and the newest checkpoint (SK_ERR_CORRUPT: never extended silently).
 * A second writer gets SK_ERR_BUSY.
 * Reader: SK_ERR_VERSION with both versions in the fault when the schema is not ours; SK_ERR_NOT_FOUND before the first writer.
 */
enum sk_err sk_store_open(const char *directory, enum sk_store_mode mode, struct sk_store **ret_store, struct sk_fault *fault);
void sk_store_close(struct sk_store *store);

/* --- writing (writer only) --- */
enum sk_err sk_store_begin(struct sk_store *store);
/* Appends one record: numbers it, salts and hashes the body, updates frontier and nodes. *ret_seq is final after commit. */
enum sk_err sk_store_append(struct sk_store *store, const struct sk_draft *draft, uint64_t *ret_seq);
enum sk_err sk_store_alarm_put(struct sk_store *store, const struct sk_alarm *alarm); /* insert or replace by occurrence */
enum sk_err sk_store_pending_put(struct sk_store *store, const char *key, const void *bytes, size_t length);
enum sk_err sk_store_pending_delete(struct sk_store *store, const char *key);
/* Number of an entity ("zone", "door", "ctrl") given out once: *ret_new says whether a sys.number record must be appended. */
enum sk_err sk_store_number(struct sk_store *store, const char *kind, const char *id, uint16_t *ret_number, bool *ret_new);
enum sk_err sk_store_checkpoint_put(struct sk_store *store, uint64_t number, uint64_t size, const struct sk_hash *root,
                                    const char *note);
/* The log's name in checkpoints, given once (schemas/store/checkpoint.h: sk_log_begin does it). CONFLICT: has another already.
 */
enum sk_err sk_store_origin_set(struct sk_store *store, const char *origin);
/* Any failed put or append has rolled the transaction back: commit is then SK_ERR_INVALID and nothing of it exists. */
enum sk_err sk_store_commit(struct sk_store *store);
void sk_store_rollback(struct sk_store *store); /* fine without a transaction; forgets numbers given out since begin */
/* Passive WAL checkpoint, RESTART above 64 MiB; called by the recorder when it is idle. */
void sk_store_tend(struct sk_store *store);

/* --- the tree --- */
uint64_t sk_store_size(const struct sk_store *store);                        /* records in the log, this transaction included */
enum sk_err sk_store_root(struct sk_store *store, struct sk_hash *ret_root); /* of that size */
struct sk_checkpoint {
    uint64_t number, size;
    struct sk_hash root;
    char note[1024];
};
enum sk_err sk_store_checkpoint_latest(struct sk_store *store, struct sk_checkpoint *ret_checkpoint); /* NOT_FOUND: none yet */
enum sk_err sk_store_checkpoint_get(struct sk_store *store, uint64_t number, struct sk_checkpoint *ret_checkpoint);
enum sk_err sk_store_origin(struct sk_store *store, char *to, size_t capacity); /* NOT_FOUND: log not begun */
/* Recomputes every leaf, node and checkpoint from the rows. On SK_ERR_CORRUPT the fault names the first bad seq.
 * progress (may be NULL) is called now and then with records done and in all. Runs beside a writer: it judges the size the log
 * had when it began. public_key NULL: signatures are not checked (tree and numbering are). */
enum sk_err sk_store_verify(struct sk_store *store, const uint8_t public_key[SK_PUBLIC_KEY_SIZE],
                            void (*progress)(void *context, uint64_t done, uint64_t all), void *context,
                            struct sk_fault *fault);

/* The same for the 256 records from block * 256 on, and the checkpoints and nodes that end among them: small enough for the
 * writer to do between two commits. Blocks beyond the end are fine. */
enum sk_err sk_store_verify_block(struct sk_store *store, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], uint64_t block,
                                  struct sk_fault *fault);

/* --- reading --- */
/* Walks records by seq: from (inclusive) upwards or downwards, of the classes in the mask (1 << class; 0 = all), at most
 * limit. The callback borrows the record; returning false ends the walk. One read transaction of at most 50 ms each. */
struct sk_walk {
    uint64_t from;
    bool downwards;
    uint16_t class_mask;
    uint32_t limit;
    int32_t door;               /* number; -1 any */
    int64_t since_us, until_us; /* t_recv half-open; 0 = unbounded */
};
enum sk_err sk_store_walk(struct sk_store *store, const struct sk_walk *walk,
                          bool (*visit)(void *context, const struct sk_record *record), void *context);
/* The same walk over the records of some people alone (header's subject): through their index (log-format.md 4), so one
 * person's rows of a year are found among millions in milliseconds. zone: number; -1 any. windows: ascending by
 * sk_subject_order(), each with the receive times at which this person counts (company as it was at the time). */
struct sk_subject_window {
    uint8_t tag[SK_SUBJECT_SIZE];
    int64_t from_us, until_us; /* half-open */
};
int sk_subject_order(const void *a, const void *b); /* for qsort() */
struct sk_search {
    struct sk_walk walk;
    int32_t zone;
    const struct sk_subject_window *windows;
    size_t window_count;
};
enum sk_err sk_store_search(struct sk_store *store, const struct sk_search *search,
                            bool (*visit)(void *context, const struct sk_record *record), void *context);
enum sk_err sk_store_record(struct sk_store *store, uint64_t seq, bool (*visit)(void *context, const struct sk_record *record),
                            void *context);
/* Alarms by occurrence downwards from `below` (UINT64_MAX: newest); open_only: not Normal. */
enum sk_err sk_store_alarms(struct sk_store *store, bool open_only, uint64_t below, uint32_t limit,
                            bool (*visit)(void *context, const struct sk_alarm *alarm), void *context);
enum sk_err sk_store_alarm_get(struct sk_store *store, uint64_t occurrence, struct sk_alarm *ret_alarm);
enum sk_err sk_store_alarm_last(struct sk_store *store, uint64_t *ret_occurrence); /* highest ever given out; 0 none */
enum sk_err sk_store_pending_each(struct sk_store *store,
                                  enum sk_err (*visit)(void *context, const char *key, const void *bytes, size_t length),
                                  void *context);
/* The roster's changes in order of their versions (appending a record of class roster writes its row): what the collector loads
 * at its start. The visitor may use the store; an error of its ends the walk. */
enum sk_err sk_store_roster_each(struct sk_store *store,
                                 enum sk_err (*visit)(void *context, uint16_t ev, const void *body, size_t length),
                                 void *context);
/* Facts about rights (schemas/model/fact.h) in the order of their records, as the roster's changes. */
enum sk_err sk_store_facts_each(struct sk_store *store,
                                enum sk_err (*visit)(void *context, int64_t t_us, uint16_t ev, const void *body, size_t length),
                                void *context);
/* When a person (by tag) was last let into a zone (number; 0: into any, which ret_zone names). NOT_FOUND: never. */
enum sk_err sk_store_last_use(struct sk_store *store, const uint8_t subject[SK_SUBJECT_SIZE], uint16_t zone, int64_t *ret_us,
                              uint16_t *ret_zone);
/* All of these at once, by person's tag and zone ascending: for lists over many rights. An error of the visitor ends the walk.
 */
struct sk_use {
    uint8_t subject[SK_SUBJECT_SIZE];
    uint16_t zone;
    int64_t t_us;
};
enum sk_err sk_store_uses_each(struct sk_store *store, enum sk_err (*visit)(void *context, const struct sk_use *use),
                               void *context);
/* Register entries (appending a record of their acts writes the rows). The visitor may use the store; an error of its ends the
 * walk. */
typedef enum sk_err sk_register_visit(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length);
/* Acts of all entries that are not final, or became so at or after since_us: by register, number and step. */
enum sk_err sk_store_registers_each(struct sk_store *store, int64_t since_us, sk_register_visit *visit, void *context);
enum sk_err sk_store_entry_acts(struct sk_store *store, uint8_t register_, uint32_t number, sk_register_visit *visit,
                                void *context);
/* Entries of whose acts some body holds these bytes, by register and number, behind the one given (zeroes begin): a first sieve
 * for who is named where. Reads every act, so for rare work only. */
struct sk_entry_number {
    uint8_t register_;
    uint32_t number;
};
enum sk_err sk_store_entries_holding(struct sk_store *store, const char *text, const struct sk_entry_number *after,
                                     struct sk_entry_number *ret_entries, size_t most, size_t *ret_count);
enum sk_err sk_store_register_last(struct sk_store *store, uint8_t register_, uint32_t *ret_number); /* 0: none yet */
/* Entries, newest first by the record that opened them. */
struct sk_register_filter {
    uint64_t registers; /* mask of 1 << number */
    uint64_t below;     /* record number; UINT64_MAX: from the newest */
    uint8_t state;      /* 0: any */
    bool open_only;     /* not final */
    uint32_t limit;
};
struct sk_register_found {
    uint8_t register_;
    uint32_t number;
    uint64_t seq;
};
enum sk_err sk_store_register_entries(struct sk_store *store, const struct sk_register_filter *filter,
                                      struct sk_register_found *ret_rows, size_t *ret_count);
/* The number of an id; NOT_FOUND when none was ever given out. */
enum sk_err sk_store_number_find(struct sk_store *store, const char *kind, const char *id, uint16_t *ret_number);
/* Id of a number ("door", 3 -> "d1"); NOT_FOUND for 0 and unknown ones. */
enum sk_err sk_store_number_id(struct sk_store *store, const char *kind, uint16_t number, char *to, size_t capacity);

/* A record as JSON (the one shape used by /entries, /records and the feed): numbers turned to ids through the store. */
enum sk_err sk_record_to_json(struct sk_store *store, const struct sk_record *record, cJSON **ret_json);

#endif
