/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer checks before it extends a log: rows, nodes, frontier and newest checkpoint must tell one story. */
#include <string.h>

#include "schemas/store/internal.h"

void sk_span_clear(struct sk_span *span)
{
    *span = (struct sk_span){INT64_MAX, INT64_MIN, 0};
}

void sk_span_add(struct sk_span *span, const struct sk_header *header)
{
    const int64_t t_us = (int64_t)header->t_recv_us;
    span->t_min_us = t_us < span->t_min_us ? t_us : span->t_min_us;
    span->t_max_us = t_us > span->t_max_us ? t_us : span->t_max_us;
    span->classes |= 1u << header->class_;
}

static bool blob_is(sqlite3_stmt *statement, int column, int length)
{
    return sqlite3_column_type(statement, column) == SQLITE_BLOB && sqlite3_column_bytes(statement, column) == length;
}

/* Shapes first: the CHECKs of the schema bind our writer, not whoever edited the file. */
static enum sk_err row_read(sqlite3_stmt *statement, uint64_t expected_seq, struct sk_row *row, struct sk_fault *fault)
{
    row->seq = (uint64_t)sqlite3_column_int64(statement, 0);
    if (row->seq != expected_seq)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "record %llu is missing: record %llu follows",
                            (unsigned long long)expected_seq, (unsigned long long)row->seq);
    if (!blob_is(statement, 1, SK_HEADER_SIZE) || !blob_is(statement, 2, SK_SALT_SIZE) ||
        !blob_is(statement, 4, SK_HASH_SIZE) || sqlite3_column_bytes(statement, 3) > SK_BODY_MAX)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "record %llu: a column has the wrong length", (unsigned long long)row->seq);
    row->header_bytes = sqlite3_column_blob(statement, 1);
    row->salt = sqlite3_column_blob(statement, 2);
    row->body = sqlite3_column_blob(statement, 3);
    row->body_length = (size_t)sqlite3_column_bytes(statement, 3);
    row->leaf = sqlite3_column_blob(statement, 4);
    row->door = (uint16_t)sqlite3_column_int(statement, 5);
    return SK_OK;
}

enum sk_err sk_row_check(struct sk_store *store, sqlite3_stmt *statement, uint64_t expected_seq, struct sk_row *ret_row,
                         struct sk_hash *ret_leaf, struct sk_fault *fault)
{
    const char *wrong = NULL;
    enum sk_err err = row_read(statement, expected_seq, ret_row, fault);
    if (err != SK_OK)
        return err;
    err = sk_leaf_hash(store->sha, ret_row->header_bytes, ret_row->salt, ret_row->body, ret_row->body_length, ret_leaf);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "record %llu: SHA-256 failed", (unsigned long long)expected_seq);
    if (memcmp(ret_leaf->bytes, ret_row->leaf, SK_HASH_SIZE) != 0)
        wrong = "header, salt or body was changed: its hash does not fit";
    else if (sk_header_decode(ret_row->header_bytes, &ret_row->header) != SK_OK)
        wrong = "header is none of version 1";
    else if (ret_row->header.seq != expected_seq)
        wrong = "header carries another number";
    else if (ret_row->header.door != ret_row->door)
        wrong = "column door differs from the header";
    else if (!sk_body_is_canonical(ret_row->body, ret_row->body_length))
        wrong = "body is not canonical";
    return wrong == NULL ? SK_OK
                         : sk_fault_set(fault, SK_ERR_CORRUPT, "record %llu: %s", (unsigned long long)expected_seq, wrong);
}

static enum sk_err node_get(struct sk_store *store, unsigned level, uint64_t index, struct sk_hash *ret_hash,
                            struct sk_fault *fault)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_NODE_GET, &statement);
    if (err != SK_OK)
        return sk_db_fault(store->db, sqlite3_errcode(store->db), fault, "read tree nodes");
    sqlite3_bind_int64(statement, 1, level);
    sqlite3_bind_int64(statement, 2, (int64_t)index);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW && blob_is(statement, 0, SK_HASH_SIZE))
        memcpy(ret_hash->bytes, sqlite3_column_blob(statement, 0), SK_HASH_SIZE);
    else if (result == SQLITE_ROW || result == SQLITE_DONE)
        err = sk_fault_set(fault, SK_ERR_CORRUPT, "tree node of level %u over records %llu to %llu is missing", level,
                           (unsigned long long)index << level, (((unsigned long long)index + 1) << level) - 1);
    else
        err = sk_db_fault(store->db, result, fault, "read tree nodes");
    sk_db_release(statement);
    return err;
}

/* Hashes records [from, size) onto the tree. */
static enum sk_err tail_hash(struct sk_store *store, uint64_t size, struct sk_tree *tree, struct sk_span *span,
                             struct sk_fault *fault)
{
    sqlite3_stmt *statement;
    struct sk_new_nodes nodes;
    enum sk_err err = sk_store_statement(store, ST_RECORDS_UP, &statement);
    if (err != SK_OK)
        return sk_db_fault(store->db, sqlite3_errcode(store->db), fault, "read records");
    sqlite3_bind_int64(statement, 1, (int64_t)tree->size);
    sqlite3_bind_int64(statement, 2, (int64_t)size - 1);
    sqlite3_bind_int64(statement, 3, SK_TREE_BLOCK);
    while (err == SK_OK && tree->size < size) {
        struct sk_row row = {0};
        struct sk_hash leaf;
        const int result = sqlite3_step(statement);
        if (result == SQLITE_DONE)
            err = sk_fault_set(fault, SK_ERR_CORRUPT, "record %llu is missing", (unsigned long long)tree->size);
        else if (result != SQLITE_ROW)
            err = sk_db_fault(store->db, result, fault, "read records");
        else
            err = sk_row_check(store, statement, tree->size, &row, &leaf, fault);
        if (err == SK_OK) {
            sk_span_add(span, &row.header);
            err = sk_tree_append(tree, store->sha, &leaf, &nodes);
        }
    }
    sk_db_release(statement);
    return err;
}

enum sk_err sk_store_tree_at(struct sk_store *store, uint64_t size, struct sk_tree *ret_tree, struct sk_span *ret_span,
                             struct sk_fault *fault)
{
    enum sk_err err = SK_OK;
    memset(ret_tree, 0, sizeof *ret_tree);
    sk_span_clear(ret_span);
    for (unsigned level = SK_TREE_STORED_LEVEL; err == SK_OK && level < SK_TREE_LEVELS; level++)
        if ((size >> level & 1) != 0)
            err = node_get(store, level, (size >> level) - 1, &ret_tree->level[level], fault);
    ret_tree->size = size & ~(uint64_t)(SK_TREE_BLOCK - 1);
    return err == SK_OK ? tail_hash(store, size, ret_tree, ret_span, fault) : err;
}

enum sk_err sk_store_tree_row(struct sk_store *store, struct sk_tree *ret_tree)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_TREE_GET, &statement);
    if (err != SK_OK)
        return err;
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const uint64_t size = (uint64_t)sqlite3_column_int64(statement, 0);
        const void *frontier = sqlite3_column_blob(statement, 1);
        if (!sk_tree_frontier_read(ret_tree, size, frontier, (size_t)sqlite3_column_bytes(statement, 1)))
            err = SK_ERR_CORRUPT;
    } else {
        err = result == SQLITE_DONE ? SK_ERR_CORRUPT : sk_db_code(result);
    }
    sk_db_release(statement);
    return err;
}

static enum sk_err newest_checkpoint_check(struct sk_store *store, struct sk_fault *fault)
{
    struct sk_checkpoint checkpoint;
    struct sk_tree tree;
    struct sk_span span;
    struct sk_hash root;
    enum sk_err err = sk_store_checkpoint_latest(store, &checkpoint);
    if (err == SK_ERR_NOT_FOUND)
        return SK_OK;
    if (err != SK_OK)
        return sk_fault_set(fault, err, "cannot read the newest checkpoint");
    if (checkpoint.size > store->tree.size)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "record %llu is missing: checkpoint %llu covers %llu records",
                            (unsigned long long)store->tree.size, (unsigned long long)checkpoint.number,
                            (unsigned long long)checkpoint.size);
    err = sk_store_tree_at(store, checkpoint.size, &tree, &span, fault);
    if (err == SK_OK)
        err = sk_tree_root(&tree, store->sha, &root);
    if (err == SK_OK && memcmp(root.bytes, checkpoint.root.bytes, SK_HASH_SIZE) != 0)
        err = sk_fault_set(fault, SK_ERR_CORRUPT, "the tree of %llu records is not the one checkpoint %llu signed",
                           (unsigned long long)checkpoint.size, (unsigned long long)checkpoint.number);
    return err;
}

/* Nothing may stand behind the last record that the tree counts. */
static enum sk_err last_seq_check(struct sk_store *store, uint64_t size, struct sk_fault *fault)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_SEQ_LAST, &statement);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "cannot read records: %s", sqlite3_errmsg(store->db));
    const int result = sqlite3_step(statement);
    const bool none = result == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_NULL;
    const uint64_t found = none ? 0 : (uint64_t)sqlite3_column_int64(statement, 0) + 1;
    sk_db_release(statement);
    if (result != SQLITE_ROW)
        return sk_db_fault(store->db, result, fault, "read records");
    if (found == size)
        return SK_OK;
    return sk_fault_set(fault, SK_ERR_CORRUPT, "record %llu %s: the tree counts %llu records, the table ends with %llu",
                        (unsigned long long)(found < size ? found : size), found < size ? "is missing" : "is not in the tree",
                        (unsigned long long)size, (unsigned long long)found);
}

enum sk_err sk_store_startup_check(struct sk_store *store, struct sk_fault *fault)
{
    struct sk_tree stored = {0};
    uint8_t a[SK_TREE_LEVELS * SK_HASH_SIZE], b[SK_TREE_LEVELS * SK_HASH_SIZE];
    enum sk_err err = sk_store_tree_row(store, &stored);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "log.db: the stored frontier cannot be read or does not fit its size");
    err = last_seq_check(store, stored.size, fault);
    if (err == SK_OK)
        err = sk_store_tree_at(store, stored.size, &store->tree, &store->span, fault);
    if (err == SK_OK) {
        const size_t length = sk_tree_frontier_write(&store->tree, a);
        sk_tree_frontier_write(&stored, b);
        if (memcmp(a, b, length) != 0)
            err = sk_fault_set(fault, SK_ERR_CORRUPT, "the stored frontier does not fit nodes and records");
    }
    if (err == SK_OK)
        err = newest_checkpoint_check(store, fault);
    return err == SK_OK ? SK_OK : sk_fault_prefix(fault, "log.db");
}
