/* SPDX-License-Identifier: Apache-2.0 */
/* One record into the log: number, salt, hash, row, tree nodes. The hot path: kept statements, no allocation of ours. */
#include <string.h>

#include "schemas/store/internal.h"

/* Salts come from the system's generator in batches; each is used once, also when its transaction fails. */
static enum sk_err salt_take(struct sk_store *store, uint8_t to[SK_SALT_SIZE])
{
    if (store->salts_left == 0) {
        enum sk_err err = sk_random(store->salts, sizeof store->salts);
        if (err != SK_OK)
            return err;
        store->salts_left = SK_SALT_POOL;
    }
    memcpy(to, store->salts[--store->salts_left], SK_SALT_SIZE);
    return SK_OK;
}

static enum sk_err record_put(struct sk_store *store, const struct sk_header *header, const uint8_t *header_bytes,
                              const uint8_t *salt, const struct sk_body *body, const struct sk_hash *leaf)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_RECORD_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)header->seq);
    sqlite3_bind_int(statement, 2, header->door);
    sqlite3_bind_blob(statement, 3, header_bytes, SK_HEADER_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, salt, SK_SALT_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 5, body->bytes, (int)body->writer.length, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 6, leaf->bytes, SK_HASH_SIZE, SQLITE_STATIC);
    return sk_db_do(statement);
}

static enum sk_err nodes_put(struct sk_store *store, const struct sk_new_nodes *nodes)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; err == SK_OK && i < nodes->count; i++) {
        sqlite3_stmt *statement;
        err = sk_store_statement(store, ST_NODE_PUT, &statement);
        if (err != SK_OK)
            break;
        sqlite3_bind_int64(statement, 1, nodes->at[i].level);
        sqlite3_bind_int64(statement, 2, (int64_t)nodes->at[i].index);
        sqlite3_bind_blob(statement, 3, nodes->at[i].hash.bytes, SK_HASH_SIZE, SQLITE_STATIC);
        err = sk_db_do(statement);
    }
    return err;
}

/* Adds the record to the span of its block; a block that is now complete gets its row. */
static enum sk_err span_put(struct sk_store *store, const struct sk_header *header)
{
    sqlite3_stmt *statement;
    sk_span_add(&store->span, header);
    if ((header->seq + 1) % SK_TREE_BLOCK != 0)
        return SK_OK;
    enum sk_err err = sk_store_statement(store, ST_SPAN_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)(header->seq / SK_TREE_BLOCK));
    sqlite3_bind_int64(statement, 2, store->span.t_min_us);
    sqlite3_bind_int64(statement, 3, store->span.t_max_us);
    sqlite3_bind_int64(statement, 4, store->span.classes);
    err = sk_db_do(statement);
    sk_span_clear(&store->span);
    return err;
}

static enum sk_err subject_put(struct sk_store *store, const struct sk_header *header)
{
    const struct sk_run *run = sk_subjects_add(&store->subjects, header);
    if (run == NULL)
        return SK_OK;
    const enum sk_err err = sk_store_run_put(store, header->seq / SK_RUN_RECORDS, run);
    sk_subjects_turn(&store->subjects);
    return err;
}

static enum sk_err append(struct sk_store *store, const struct sk_draft *draft, uint64_t *ret_seq)
{
    struct sk_header header = draft->header, checked;
    uint8_t header_bytes[SK_HEADER_SIZE], salt[SK_SALT_SIZE];
    struct sk_hash leaf;
    struct sk_new_nodes nodes;
    header.version = SK_HEADER_VERSION;
    header.seq = store->tree.size;
    sk_header_encode(&header, header_bytes);
    if (!sk_body_done(&draft->body) || sk_header_decode(header_bytes, &checked) != SK_OK)
        return SK_ERR_INVALID;
    enum sk_err err = salt_take(store, salt);
    if (err == SK_OK)
        err = sk_leaf_hash(store->sha, header_bytes, salt, draft->body.bytes, draft->body.writer.length, &leaf);
    if (err == SK_OK)
        err = record_put(store, &header, header_bytes, salt, &draft->body, &leaf);
    if (err == SK_OK)
        err = sk_tree_append(&store->tree, store->sha, &leaf, &nodes);
    if (err == SK_OK)
        err = nodes_put(store, &nodes);
    if (err == SK_OK)
        err = span_put(store, &header);
    if (err == SK_OK)
        err = subject_put(store, &header);
    if (err == SK_OK && header.class_ == SK_CLASS_ROSTER)
        err = sk_store_roster_put(store, &header, &draft->body);
    if (err == SK_OK)
        err = sk_store_use_put(store, &header, header_bytes);
    if (err == SK_OK && header.class_ == SK_CLASS_ROSTER)
        err = sk_store_register_put(store, &header, &draft->body);
    if (err == SK_OK)
        *ret_seq = header.seq;
    return err;
}

enum sk_err sk_store_append(struct sk_store *store, const struct sk_draft *draft, uint64_t *ret_seq)
{
    if (!store->in_transaction)
        return SK_ERR_INVALID;
    return sk_store_outcome(store, append(store, draft, ret_seq));
}

uint64_t sk_store_size(const struct sk_store *store)
{
    if (store->mode == SK_STORE_WRITER)
        return store->tree.size;
    sqlite3_stmt *statement =
        store->statements[ST_TREE_GET]; /* prepared at open; a reader's size is the newest committed one */
    const uint64_t size = sqlite3_step(statement) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sk_db_release(statement);
    return size;
}

enum sk_err sk_store_root(struct sk_store *store, struct sk_hash *ret_root)
{
    struct sk_tree tree;
    if (store->mode == SK_STORE_WRITER)
        return sk_tree_root(&store->tree, store->sha, ret_root);
    enum sk_err err = sk_store_tree_row(store, &tree);
    return err == SK_OK ? sk_tree_root(&tree, store->sha, ret_root) : err;
}
