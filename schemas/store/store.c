/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, transactions, closing. What opening checks is in startup.c. */
#include <string.h>
#include <unistd.h>

#include "schemas/base/mem.h"
#include "schemas/store/internal.h"

static const char *const statement_sql[ST_COUNT] = {
#define X(symbol, sql) [symbol] = sql, /* NOLINT(bugprone-macro-parentheses): rows of a list */
    SK_STATEMENTS(X)
#undef X
};

enum sk_err sk_store_statement(struct sk_store *store, enum sk_statement which, sqlite3_stmt **ret_statement)
{
    enum sk_err err = sk_db_statement(store->db, &store->statements[which], statement_sql[which]);
    *ret_statement = store->statements[which];
    return err;
}

enum sk_err sk_store_do(struct sk_store *store, enum sk_statement which)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, which, &statement);
    return err == SK_OK ? sk_db_do(statement) : err;
}

/* The file of the history is made and versioned with the log, so that the directory is whole from the first start. */
static enum sk_err history_make(const char *directory, struct sk_fault *fault)
{
    const struct sk_schema schema = sk_schema_history();
    sqlite3 *db = NULL;
    enum sk_err err = sk_db_open(directory, &schema, SK_STORE_WRITER, &db, fault);
    sk_db_close(db);
    return err;
}

static enum sk_err writer_open(struct sk_store *store, const char *directory, struct sk_fault *fault)
{
    const struct sk_schema schema = sk_schema_log();
    enum sk_err err = sk_directory_make(directory, fault);
    if (err == SK_OK)
        err = sk_lock_take(directory, "store.lock", &store->lock_fd, fault);
    if (err == SK_OK)
        err = sk_db_open(directory, &schema, SK_STORE_WRITER, &store->db, fault);
    const bool made = err == SK_OK;
    if (made)
        err = history_make(directory, fault);
    if (err == SK_ERR_CORRUPT && made) /* the history's affair: it is given up first, and whoever opens it says so */
        err = SK_OK;
    if (err == SK_OK)
        err = sk_store_startup_check(store, fault);
    return err == SK_OK ? sk_store_runs_load(store, fault) : err;
}

static enum sk_err reader_open(struct sk_store *store, const char *directory, struct sk_fault *fault)
{
    const struct sk_schema schema = sk_schema_log();
    sqlite3_stmt *statement;
    enum sk_err err = sk_db_open(directory, &schema, store->mode, &store->db, fault);
    if (err == SK_OK && (err = sk_store_statement(store, ST_TREE_GET, &statement)) != SK_OK)
        sk_fault_set(fault, err, "cannot read log.db in '%s': %s", directory, sqlite3_errmsg(store->db));
    return err;
}

enum sk_err sk_store_open(const char *directory, enum sk_store_mode mode, struct sk_store **ret_store, struct sk_fault *fault)
{
    struct sk_store *store = sk_calloc(1, sizeof *store);
    if (store == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "cannot open the store in '%s': out of memory", directory);
    store->mode = mode;
    store->lock_fd = -1;
    enum sk_err err = sk_sha256_create(&store->sha);
    if (err != SK_OK)
        sk_fault_set(fault, err, "cannot open the store in '%s': no SHA-256", directory);
    else
        err = (mode == SK_STORE_WRITER ? writer_open : reader_open)(store, directory, fault);
    if (err != SK_OK) {
        sk_store_close(store);
        store = NULL;
    }
    *ret_store = store;
    return err;
}

void sk_store_close(struct sk_store *store)
{
    if (store == NULL)
        return;
    sk_store_rollback(store);
    for (size_t i = 0; i < ST_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sk_db_close(store->db);
    sk_sha256_free(store->sha);
    sk_piece_free(store->piece);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    sk_free_secret(store, sizeof *store); /* unused salts */
}

enum sk_err sk_store_begin(struct sk_store *store)
{
    if (store->mode != SK_STORE_WRITER || store->in_transaction)
        return SK_ERR_INVALID;
    enum sk_err err = sk_store_do(store, ST_BEGIN);
    if (err != SK_OK)
        return err;
    store->in_transaction = true;
    store->saved_tree = store->tree;
    store->saved_span = store->span;
    sk_subjects_begin(&store->subjects);
    return SK_OK;
}

void sk_store_rollback(struct sk_store *store)
{
    if (!store->in_transaction)
        return;
    if (sqlite3_get_autocommit(store->db) == 0) /* a full disk or an I/O error may have rolled back already */
        sk_store_do(store, ST_ROLLBACK);
    store->in_transaction = false;
    store->tree = store->saved_tree;
    store->span = store->saved_span;
    sk_subjects_rollback(&store->subjects);
}

enum sk_err sk_store_outcome(struct sk_store *store, enum sk_err err)
{
    if (err != SK_OK)
        sk_store_rollback(store);
    return err;
}

static enum sk_err tree_row_put(struct sk_store *store)
{
    uint8_t frontier[SK_TREE_LEVELS * SK_HASH_SIZE];
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_TREE_PUT, &statement);
    if (err != SK_OK)
        return err;
    const size_t length = sk_tree_frontier_write(&store->tree, frontier);
    sqlite3_bind_int64(statement, 1, (int64_t)store->tree.size);
    sqlite3_bind_blob(statement, 2, frontier, (int)length, SQLITE_STATIC);
    return sk_db_do(statement);
}

enum sk_err sk_store_commit(struct sk_store *store)
{
    if (!store->in_transaction)
        return SK_ERR_INVALID;
    enum sk_err err = SK_OK;
    if (store->tree.size != store->saved_tree.size)
        err = tree_row_put(store);
    if (err == SK_OK)
        err = sk_store_do(store, ST_COMMIT);
    if (err != SK_OK)
        return sk_store_outcome(store, err);
    store->in_transaction = false;
    return SK_OK;
}

void sk_store_tend(struct sk_store *store)
{
    enum { PAGE = 4096 };
    int in_wal = 0;
    if (store->mode != SK_STORE_WRITER || store->in_transaction)
        return;
    sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, &in_wal, NULL);
    if (in_wal > SK_WAL_LIMIT / PAGE)
        sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL);
}
