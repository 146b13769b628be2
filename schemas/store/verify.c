/* SPDX-License-Identifier: Apache-2.0 */
/* The whole log recomputed from its rows: records, nodes, spans, frontier, checkpoints and the records about them. Judges the
 * size the log had at its beginning, block by block in short read transactions, so it runs beside a writer. The first thing
 * wrong is named by its seq, or by the range it must lie in. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/internal.h"

struct check {
    struct sk_store *store;
    const uint8_t *public_key; /* NULL: signatures are not checked */
    struct sk_fault *fault;
    struct sk_tree end;  /* as stored when the check began */
    struct sk_tree tree; /* recomputed so far */
    struct sk_span span;
    struct sk_subjects *subjects; /* of the run so far; NULL: one block alone shows no run */
    struct sk_checkpoint next;    /* first checkpoint not yet reached */
    bool has_next;
    uint64_t good_size; /* covered by the last checkpoint found good */
    uint64_t number;    /* its number */
    uint64_t recorded;  /* number of the last log.checkpoint record met */
    uint64_t numbers;   /* given out by records */
    uint32_t cadence;   /* 0: the log states none because it was never begun */
    bool one_block;     /* how far checkpoints lie apart is judged over the whole log only */
    char origin[SK_ORIGIN_MAX];
};

typedef unsigned long long ull;

static enum sk_err next_load(struct check *check)
{
    enum sk_err err = sk_store_checkpoint_after(check->store, check->good_size, &check->next);
    check->has_next = err == SK_OK;
    if (err == SK_ERR_NOT_FOUND)
        return SK_OK;
    return err == SK_OK
               ? err
               : sk_fault_set(check->fault, err, "checkpoint behind record %llu cannot be read", (ull)check->good_size);
}

/* The note must say what its row says, under the log's name and key. */
static enum sk_err note_check(struct check *check)
{
    const struct sk_checkpoint *row = &check->next;
    struct sk_note note;
    if (check->public_key == NULL)
        return SK_OK;
    enum sk_err err = sk_note_check(row->note, strlen(row->note), check->public_key, &note);
    if (err == SK_ERR_CRYPTO)
        return sk_fault_set(check->fault, SK_ERR_CORRUPT, "checkpoint %llu over records 0 to %llu is not signed by this key",
                            (ull)row->number, (ull)row->size - 1);
    if (err == SK_OK && (note.size != row->size || memcmp(&note.root, &row->root, sizeof note.root) != 0 ||
                         strcmp(note.origin, check->origin) != 0))
        err = SK_ERR_CORRUPT;
    return err == SK_OK ? err
                        : sk_fault_set(check->fault, SK_ERR_CORRUPT,
                                       "checkpoint %llu over records 0 to %llu: its note says something else than its row",
                                       (ull)row->number, (ull)row->size - 1);
}

/* The tree has reached the size of the next checkpoint. */
static enum sk_err checkpoint_reached(struct check *check)
{
    const struct sk_checkpoint *row = &check->next;
    struct sk_hash root;
    if (row->number != check->number + 1)
        return sk_fault_set(check->fault, SK_ERR_CORRUPT, "checkpoint %llu is missing behind record %llu (number %llu follows)",
                            (ull)check->number + 1, (ull)check->good_size, (ull)row->number);
    enum sk_err err = sk_tree_root(&check->tree, check->store->sha, &root);
    if (err == SK_OK && memcmp(root.bytes, row->root.bytes, SK_HASH_SIZE) != 0)
        return sk_fault_set(check->fault, SK_ERR_CORRUPT,
                            "record %llu or a later one up to %llu was changed: the tree is not the one checkpoint %llu signed",
                            (ull)check->good_size, (ull)row->size - 1, (ull)row->number);
    if (err == SK_OK)
        err = note_check(check);
    if (err != SK_OK)
        return err;
    check->number = row->number;
    check->good_size = row->size;
    return next_load(check);
}

static bool item_u64_is(const struct sk_row *row, enum sk_tag tag, uint64_t value)
{
    struct sk_body_item item;
    return sk_body_find(row->body, row->body_length, tag, &item) && sk_item_u64(&item) == value;
}

static void cadence_take(struct check *check, const struct sk_row *row)
{
    struct sk_body_item item;
    check->cadence = SK_CADENCE_RECORDS;
    if (sk_body_find(row->body, row->body_length, SK_TAG_CADENCE_RECORDS, &item))
        check->cadence = (uint32_t)sk_item_u64(&item);
}

/* A log.checkpoint record must be the first one behind the checkpoint of which it speaks. */
static enum sk_err checkpoint_record(struct check *check, const struct sk_row *row)
{
    struct sk_checkpoint row_of;
    struct sk_body_item root;
    enum sk_err err = sk_store_checkpoint_get(check->store, check->recorded + 1, &row_of);
    if (err == SK_OK && check->number == check->recorded + 1 && row_of.size == row->seq &&
        item_u64_is(row, SK_TAG_CHECKPOINT_NO, row_of.number) && item_u64_is(row, SK_TAG_TREE_SIZE, row_of.size) &&
        sk_body_find(row->body, row->body_length, SK_TAG_TREE_ROOT, &root) &&
        memcmp(root.bytes, row_of.root.bytes, SK_HASH_SIZE) == 0) {
        check->recorded++;
        cadence_take(check, row);
        return SK_OK;
    }
    return sk_fault_set(
        check->fault, SK_ERR_CORRUPT,
        "record %llu or a later one up to %llu was changed, or a checkpoint dropped: record %llu speaks of one that "
        "the table does not hold there",
        (ull)check->good_size, (ull)row->seq, (ull)row->seq);
}

/* The first record names the log; meta must agree with it. */
static enum sk_err origin_record(struct check *check, const struct sk_row *row)
{
    struct sk_body_item item;
    const bool named = check->origin[0] != '\0';
    const bool first = row->seq == 0 && row->header.ev == SK_EV_LOG_ORIGIN;
    if (row->seq == 0 && named && first && sk_body_find(row->body, row->body_length, SK_TAG_ORIGIN, &item) &&
        item.length == strlen(check->origin) && memcmp(item.bytes, check->origin, item.length) == 0) {
        cadence_take(check, row);
        return SK_OK;
    }
    if (row->seq == 0 && (named || first || check->public_key != NULL))
        return sk_fault_set(check->fault, SK_ERR_CORRUPT, "record 0 does not name this log's origin '%s'", check->origin);
    return SK_OK;
}

static enum sk_err record_meaning(struct check *check, const struct sk_row *row)
{
    enum sk_err err = SK_OK;
    if (row->seq == 0)
        err = origin_record(check, row);
    if (err == SK_OK && row->header.ev == SK_EV_LOG_CHECKPOINT)
        err = checkpoint_record(check, row);
    else if (err == SK_OK && check->recorded < check->number)
        err = sk_fault_set(check->fault, SK_ERR_CORRUPT, "record %llu should be the one about checkpoint %llu", (ull)row->seq,
                           (ull)check->number);
    if (err == SK_OK && row->header.ev == SK_EV_SYS_NUMBER) {
        check->numbers++;
        err = sk_verify_number(check->store, row, check->fault);
    }
    if (err == SK_OK && !check->one_block && check->cadence > 0 &&
        row->seq - check->good_size > (uint64_t)check->cadence + SK_CADENCE_SLACK)
        err = sk_fault_set(check->fault, SK_ERR_CORRUPT,
                           "record %llu and all since %llu lie behind no checkpoint; one is due every %u", (ull)row->seq,
                           (ull)check->good_size, check->cadence);
    return err;
}

/* Nodes and span that the tree completed must be stored as computed. */
static enum sk_err nodes_check(struct check *check, const struct sk_new_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        const struct sk_node *node = &nodes->at[i];
        const uint64_t first = node->index << node->level, last = ((node->index + 1) << node->level) - 1;
        sqlite3_stmt *statement;
        enum sk_err err = sk_store_statement(check->store, ST_NODE_GET, &statement);
        if (err != SK_OK)
            return sk_fault_set(check->fault, err, "tree nodes cannot be read");
        sqlite3_bind_int64(statement, 1, node->level);
        sqlite3_bind_int64(statement, 2, (int64_t)node->index);
        const int result = sqlite3_step(statement);
        const bool same = result == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == SK_HASH_SIZE &&
                          memcmp(sqlite3_column_blob(statement, 0), node->hash.bytes, SK_HASH_SIZE) == 0;
        sk_db_release(statement);
        if (result != SQLITE_ROW && result != SQLITE_DONE)
            return sk_db_fault(check->store->db, result, check->fault, "read tree nodes");
        if (!same)
            return sk_fault_set(check->fault, SK_ERR_CORRUPT,
                                "record %llu or a later one up to %llu was changed: tree node of level %u %s", (ull)first,
                                (ull)last, node->level, result == SQLITE_ROW ? "does not fit" : "is missing");
    }
    return SK_OK;
}

static enum sk_err span_check(struct check *check)
{
    const uint64_t block = check->tree.size / SK_TREE_BLOCK - 1;
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(check->store, ST_SPAN_GET, &statement);
    if (err != SK_OK)
        return sk_fault_set(check->fault, err, "spans cannot be read");
    sqlite3_bind_int64(statement, 1, (int64_t)block);
    const bool same = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) == check->span.t_min_us &&
                      sqlite3_column_int64(statement, 1) == check->span.t_max_us &&
                      sqlite3_column_int64(statement, 2) == (int64_t)check->span.classes;
    sk_db_release(statement);
    sk_span_clear(&check->span);
    return same ? SK_OK
                : sk_fault_set(check->fault, SK_ERR_CORRUPT,
                               "records %llu to %llu: their span row differs, readers would skip some",
                               (ull)block * SK_TREE_BLOCK, (ull)check->tree.size - 1);
}

static enum sk_err record_check(struct check *check, sqlite3_stmt *statement)
{
    struct sk_row row;
    struct sk_hash leaf;
    struct sk_new_nodes nodes;
    enum sk_err err = sk_row_check(check->store, statement, check->tree.size, &row, &leaf, check->fault);
    if (err == SK_OK && check->has_next && check->next.size == row.seq)
        err = checkpoint_reached(check);
    if (err == SK_OK)
        err = record_meaning(check, &row);
    if (err != SK_OK)
        return err;
    sk_span_add(&check->span, &row.header);
    err = sk_tree_append(&check->tree, check->store->sha, &leaf, &nodes);
    if (err == SK_OK && check->tree.size % SK_TREE_BLOCK == 0)
        err = nodes_check(check, &nodes);
    if (err == SK_OK && check->tree.size % SK_TREE_BLOCK == 0)
        err = span_check(check);
    if (err == SK_OK && check->subjects != NULL && sk_subjects_add(check->subjects, &row.header) != NULL)
        err = sk_store_run_check(check->store, row.seq / SK_RUN_RECORDS, check->subjects, check->fault);
    return err;
}

static enum sk_err block_check(struct check *check)
{
    sqlite3_stmt *statement;
    const uint64_t last = check->tree.size | (SK_TREE_BLOCK - 1);
    enum sk_err err = sk_store_statement(check->store, ST_RECORDS_UP, &statement);
    if (err != SK_OK)
        return sk_fault_set(check->fault, err, "records cannot be read");
    sqlite3_bind_int64(statement, 1, (int64_t)check->tree.size);
    sqlite3_bind_int64(statement, 2, (int64_t)last);
    sqlite3_bind_int64(statement, 3, SK_TREE_BLOCK);
    while (err == SK_OK && check->tree.size <= last && check->tree.size < check->end.size) {
        const int result = sqlite3_step(statement);
        if (result == SQLITE_ROW)
            err = record_check(check, statement);
        else if (result == SQLITE_DONE)
            err = sk_fault_set(check->fault, SK_ERR_CORRUPT,
                               "record %llu is missing: the log ends before the %llu records it counts", (ull)check->tree.size,
                               (ull)check->end.size);
        else
            err = sk_db_fault(check->store->db, result, check->fault, "read records");
    }
    sk_db_release(statement);
    return err;
}

/* Size, frontier and newest checkpoint of one moment; a record or a checkpoint beyond the size is wrong at once. */
static enum sk_err check_begin(struct check *check)
{
    struct sk_checkpoint newest;
    int64_t rows = 0;
    struct sk_store *store = check->store;
    const bool own = !store->in_transaction;
    enum sk_err err = own ? sk_store_do(store, ST_BEGIN_READ) : SK_OK;
    if (err != SK_OK)
        return sk_fault_set(check->fault, err, "log.db cannot be read: %s", sqlite3_errmsg(store->db));
    err = sk_store_tree_row(store, &check->end);
    if (err == SK_OK)
        err = sk_db_integer(store->db, "SELECT coalesce(max(seq) + 1, 0) FROM record", &rows);
    enum sk_err latest = sk_store_checkpoint_latest(store, &newest);
    if (own)
        sk_store_do(store, ST_COMMIT);
    if (err != SK_OK)
        return sk_fault_set(check->fault, err, "the stored frontier cannot be read or does not fit its size");
    if ((uint64_t)rows > check->end.size)
        return sk_fault_set(check->fault, SK_ERR_CORRUPT, "record %llu is not in the tree", (ull)check->end.size);
    if (latest == SK_OK && newest.size >= check->end.size)
        return sk_fault_set(check->fault, SK_ERR_CORRUPT, "record %llu is missing: checkpoint %llu covers %llu records",
                            (ull)check->end.size, (ull)newest.number, (ull)newest.size);
    err = sk_store_origin(store, check->origin, sizeof check->origin);
    return err == SK_ERR_NOT_FOUND || err == SK_OK ? next_load(check)
                                                   : sk_fault_set(check->fault, err, "the log's origin cannot be read");
}

static enum sk_err check_end(struct check *check)
{
    uint8_t computed[SK_TREE_LEVELS * SK_HASH_SIZE], stored[SK_TREE_LEVELS * SK_HASH_SIZE];
    const size_t length = sk_tree_frontier_write(&check->tree, computed);
    sk_tree_frontier_write(&check->end, stored);
    if (memcmp(computed, stored, length) == 0)
        return SK_OK;
    return sk_fault_set(check->fault, SK_ERR_CORRUPT,
                        "record %llu or a later one was changed: the stored frontier does not fit",
                        (ull)(check->tree.size - check->tree.size % SK_TREE_BLOCK));
}

enum sk_err sk_store_verify(struct sk_store *store, const uint8_t public_key[SK_PUBLIC_KEY_SIZE],
                            void (*progress)(void *context, uint64_t done, uint64_t all), void *context, struct sk_fault *fault)
{
    enum { PROGRESS_EVERY = 16 * SK_TREE_BLOCK };
    struct check check = {.store = store, .public_key = public_key, .fault = fault};
    check.subjects = sk_calloc(1, sizeof *check.subjects);
    if (check.subjects == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "out of memory");
    sk_run_clear(&check.subjects->runs[0]);
    sk_span_clear(&check.span);
    enum sk_err err = check_begin(&check);
    while (err == SK_OK && check.tree.size < check.end.size) {
        err = block_check(&check);
        if (progress != NULL && (check.tree.size % PROGRESS_EVERY == 0 || check.tree.size == check.end.size))
            progress(context, check.tree.size, check.end.size);
    }
    if (err == SK_OK)
        err = check_end(&check);
    sk_free(check.subjects);
    return err == SK_OK ? sk_verify_beside(store, check.end.size, check.numbers, fault) : err;
}

/* Where the whole check would stand before this block: tree, checkpoints behind it, and the next one. */
static enum sk_err block_begin(struct check *check, uint64_t first)
{
    struct sk_store *store = check->store;
    struct sk_checkpoint before = {.number = 0, .size = 0};
    enum sk_err err = sk_store_tree_at(store, first, &check->tree, &check->span, check->fault);
    if (err != SK_OK || first == 0)
        return err == SK_OK ? next_load(check) : err;
    err = sk_store_checkpoint_after(store, first - 1, &check->next);
    check->has_next = err == SK_OK;
    if (err == SK_ERR_NOT_FOUND)
        err = sk_store_checkpoint_latest(store, &before);
    if (err == SK_ERR_NOT_FOUND)
        return SK_OK;
    check->number = check->recorded = check->has_next ? check->next.number - 1 : before.number;
    if (err == SK_OK && check->number > 0)
        err = sk_store_checkpoint_get(store, check->number, &before);
    check->good_size = before.size;
    return err == SK_OK ? SK_OK
                        : sk_fault_set(check->fault, err == SK_ERR_NOT_FOUND ? SK_ERR_CORRUPT : err,
                                       "checkpoint %llu before record %llu is missing or cannot be read", (ull)check->number,
                                       (ull)first);
}

enum sk_err sk_store_verify_block(struct sk_store *store, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], uint64_t block,
                                  struct sk_fault *fault)
{
    struct check check = {.store = store, .public_key = public_key, .fault = fault, .one_block = true};
    const uint64_t first = block * SK_TREE_BLOCK;
    enum sk_err err = sk_store_tree_row(store, &check.end);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "the stored frontier cannot be read or does not fit its size");
    if (first >= check.end.size)
        return SK_OK;
    err = sk_store_origin(store, check.origin, sizeof check.origin);
    if (err != SK_OK && err != SK_ERR_NOT_FOUND)
        return sk_fault_set(fault, err, "the log's origin cannot be read");
    sk_span_clear(&check.span);
    err = block_begin(&check, first);
    if (err == SK_OK)
        err = block_check(&check);
    return err == SK_OK && check.tree.size == check.end.size ? check_end(&check) : err;
}
