/* SPDX-License-Identifier: Apache-2.0 */
/* Records of some people: runs of subjects written, checked and looked into (subjects.h says what a run is). A block without
 * its run, and the open block, are read record by record: what the index does not know is never skipped. */
#include <stdlib.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/internal.h"

/* --- writing --- */

enum sk_err sk_store_run_put(struct sk_store *store, uint64_t idx, const struct sk_run *run)
{
    sqlite3_stmt *statement;
    const size_t length = sk_run_write(&store->subjects, run);
    const enum sk_err err = sk_store_statement(store, ST_RUN_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)idx);
    sqlite3_bind_int64(statement, 2, run->t_min_us);
    sqlite3_bind_int64(statement, 3, run->t_max_us);
    sqlite3_bind_blob(statement, 4, store->subjects.bytes, (int)length, SQLITE_STATIC);
    return sk_db_do(statement);
}

/* The records of one block into the open run. */
static enum sk_err block_load(struct sk_store *store, uint64_t idx, uint64_t size)
{
    sqlite3_stmt *statement;
    struct sk_header header;
    struct sk_run *run = &store->subjects.runs[store->subjects.open];
    int result = SQLITE_DONE;
    enum sk_err err = sk_store_statement(store, ST_HEADERS, &statement);
    sk_run_clear(run);
    if (err != SK_OK || idx * SK_RUN_RECORDS >= size)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)(idx * SK_RUN_RECORDS));
    sqlite3_bind_int64(statement, 2, (int64_t)((idx + 1) * SK_RUN_RECORDS - 1));
    while (err == SK_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const bool whole = sqlite3_column_bytes(statement, 1) == SK_HEADER_SIZE;
        err = whole ? sk_header_decode(sqlite3_column_blob(statement, 1), &header) : SK_ERR_CORRUPT;
        if (err == SK_OK)
            sk_run_add(run, &header);
    }
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

static enum sk_err run_make(struct sk_store *store, uint64_t idx)
{
    enum sk_err err = block_load(store, idx, store->tree.size);
    if (err == SK_OK)
        err = sk_store_begin(store);
    if (err == SK_OK)
        err = sk_store_outcome(store, sk_store_run_put(store, idx, &store->subjects.runs[store->subjects.open]));
    return err == SK_OK ? sk_store_commit(store) : err;
}

enum sk_err sk_store_runs_load(struct sk_store *store, struct sk_fault *fault)
{
    sqlite3_stmt *statement;
    const uint64_t complete = store->tree.size / SK_RUN_RECORDS;
    uint64_t next = 0;
    enum sk_err err = sk_store_statement(store, ST_RUN_NEXT, &statement);
    if (err == SK_OK) {
        const int result = sqlite3_step(statement);
        next = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
        err = result == SQLITE_ROW ? SK_OK : sk_db_code(result);
        sk_db_release(statement);
    }
    while (err == SK_OK && next < complete)
        err = run_make(store, next++);
    if (err == SK_OK)
        err = block_load(store, complete, store->tree.size);
    return err == SK_OK ? err : sk_fault_set(fault, err, "log.db: the index of subjects cannot be made: %s", sk_err_text(err));
}

/* --- checking --- */

enum sk_err sk_store_run_check(struct sk_store *store, uint64_t idx, struct sk_subjects *of_records, struct sk_fault *fault)
{
    sqlite3_stmt *statement;
    struct sk_run *run = &of_records->runs[of_records->open];
    const size_t length = sk_run_write(of_records, run);
    const enum sk_err err = sk_store_statement(store, ST_RUN_GET, &statement);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "the index of subjects cannot be read");
    sqlite3_bind_int64(statement, 1, (int64_t)idx);
    const bool same = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) == run->t_min_us &&
                      sqlite3_column_int64(statement, 1) == run->t_max_us &&
                      (size_t)sqlite3_column_bytes(statement, 2) == length &&
                      (length == 0 || memcmp(sqlite3_column_blob(statement, 2), of_records->bytes, length) == 0);
    sk_db_release(statement);
    sk_run_clear(run);
    return same ? SK_OK
                : sk_fault_set(fault, SK_ERR_CORRUPT,
                               "records %llu to %llu: their row in the index of subjects differs, a search would skip some",
                               (unsigned long long)idx * SK_RUN_RECORDS, (unsigned long long)(idx + 1) * SK_RUN_RECORDS - 1);
}

/* --- searching --- */

int sk_subject_order(const void *a, const void *b)
{
    const struct sk_subject_window *x = a, *y = b;
    const uint32_t hash_x = sk_subject_hash(x->tag), hash_y = sk_subject_hash(y->tag);
    return hash_x != hash_y ? (hash_x > hash_y) - (hash_x < hash_y) : memcmp(x->tag, y->tag, SK_SUBJECT_SIZE);
}

struct seeker {
    const struct sk_search *search;
    struct sk_store *store;
    bool (*visit)(void *, const struct sk_record *);
    void *context;
    uint32_t left;
    bool stopped;
    size_t count;
    uint16_t places[SK_RUN_RECORDS]; /* candidates of the block */
};

/* First window of this tag or one of the same hash. */
static const struct sk_subject_window *window_of(const struct sk_search *search, uint32_t hash)
{
    size_t low = 0, high = search->window_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sk_subject_hash(search->windows[middle].tag) < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return search->windows + low;
}

static bool is_subject(const struct sk_search *search, const struct sk_header *header)
{
    const uint32_t hash = sk_subject_hash(header->subject);
    const int64_t t_us = (int64_t)header->t_recv_us;
    const struct sk_subject_window *end = search->windows + search->window_count;
    for (const struct sk_subject_window *at = window_of(search, hash); at < end && sk_subject_hash(at->tag) == hash; at++)
        if (memcmp(at->tag, header->subject, SK_SUBJECT_SIZE) == 0 && t_us >= at->from_us && t_us < at->until_us)
            return true;
    return false;
}

static bool is_wanted(const struct sk_search *search, const struct sk_header *header)
{
    const struct sk_walk *walk = &search->walk;
    const int64_t t_us = (int64_t)header->t_recv_us;
    return (walk->class_mask == 0 || (walk->class_mask >> header->class_ & 1) != 0) &&
           (walk->door < 0 || header->door == walk->door) && (search->zone < 0 || header->zone == search->zone) &&
           t_us >= walk->since_us && (walk->until_us == 0 || t_us < walk->until_us) && is_subject(search, header);
}

static bool sift(void *context, const struct sk_record *record)
{
    struct seeker *seeker = context;
    if (!is_wanted(seeker->search, &record->header))
        return true;
    seeker->stopped = !seeker->visit(seeker->context, record) || --seeker->left == 0;
    return !seeker->stopped;
}

/* Exactly these records: the inner walk has no filter of its own, or it would go on past the range to find what fits. */
static enum sk_err read_range(struct seeker *seeker, uint64_t low, uint64_t high)
{
    const bool down = seeker->search->walk.downwards;
    const struct sk_walk walk = {.from = down ? high : low, .downwards = down, .limit = (uint32_t)(high - low + 1), .door = -1};
    return sk_store_walk(seeker->store, &walk, sift, seeker);
}

static int by_place(const void *a, const void *b)
{
    const uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return (x > y) - (x < y);
}

static void take_candidates(struct seeker *seeker, const uint8_t *items, size_t count)
{
    const struct sk_search *search = seeker->search;
    uint32_t before = 0;
    size_t at = 0;
    for (size_t i = 0; i < search->window_count && at < count; i++) {
        const uint32_t hash = sk_subject_hash(search->windows[i].tag);
        size_t found = 0;
        if (i > 0 && hash == before)
            continue; /* the same person in another window */
        before = hash;
        at = sk_run_find(items, count, at, hash, &found);
        for (size_t end = at + found; at < end && seeker->count < SK_RUN_RECORDS; at++)
            seeker->places[seeker->count++] = sk_run_place(items, at);
    }
    qsort(seeker->places, seeker->count, sizeof seeker->places[0], by_place);
}

/* Candidates of a block; false: it has no run, so all of it must be read. */
static enum sk_err run_look(struct seeker *seeker, uint64_t idx, bool *ret_known)
{
    sqlite3_stmt *statement;
    const struct sk_walk *walk = &seeker->search->walk;
    const enum sk_err err = sk_store_statement(seeker->store, ST_RUN_GET, &statement);
    seeker->count = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)idx);
    const int result = sqlite3_step(statement);
    *ret_known = result == SQLITE_ROW;
    if (*ret_known && sqlite3_column_int64(statement, 1) >= walk->since_us &&
        (walk->until_us == 0 || sqlite3_column_int64(statement, 0) < walk->until_us))
        take_candidates(seeker, sqlite3_column_blob(statement, 2), (size_t)sqlite3_column_bytes(statement, 2) / SK_RUN_ITEM);
    sk_db_release(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE ? SK_OK : sk_db_code(result);
}

/* The part [low, high] of a block. */
static enum sk_err block_search(struct seeker *seeker, uint64_t low, uint64_t high)
{
    const uint64_t idx = low / SK_RUN_RECORDS;
    bool known = false;
    enum sk_err err = run_look(seeker, idx, &known);
    if (err != SK_OK || !known)
        return err != SK_OK ? err : read_range(seeker, low, high);
    for (size_t i = 0; err == SK_OK && !seeker->stopped && i < seeker->count; i++) {
        const size_t at = seeker->search->walk.downwards ? seeker->count - 1 - i : i;
        const uint64_t seq = idx * SK_RUN_RECORDS + seeker->places[at];
        if (seq >= low && seq <= high)
            err = read_range(seeker, seq, seq);
    }
    return err;
}

enum sk_err sk_store_search(struct sk_store *store, const struct sk_search *search,
                            bool (*visit)(void *context, const struct sk_record *record), void *context)
{
    const uint64_t size = sk_store_size(store);
    const bool down = search->walk.downwards;
    uint64_t low = 0, high = size == 0 ? 0 : size - 1;
    if (size == 0 || search->walk.limit == 0 || search->window_count == 0 || (!down && search->walk.from >= size))
        return SK_OK;
    struct seeker *seeker = sk_calloc(1, sizeof *seeker);
    if (seeker == NULL)
        return SK_ERR_NOMEM;
    *seeker = (struct seeker){.search = search, .store = store, .visit = visit, .context = context, .left = search->walk.limit};
    if (down && search->walk.from < size)
        high = search->walk.from;
    else if (!down)
        low = search->walk.from;
    enum sk_err err = SK_OK;
    for (bool more = true; more && err == SK_OK && !seeker->stopped;) {
        const uint64_t first = (down ? high : low) / SK_RUN_RECORDS * SK_RUN_RECORDS, last = first + SK_RUN_RECORDS - 1;
        err = block_search(seeker, first > low ? first : low, last < high ? last : high);
        more = down ? first > low : last < high;
        if (down && more)
            high = first - 1;
        else
            low = last + 1;
    }
    sk_free(seeker);
    return err;
}
