/* SPDX-License-Identifier: Apache-2.0 */
/* The small tables written beside the records: numbers, pending rows, checkpoints, the log's name. Alarms are in alarms.c. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/internal.h"

/* The statement for a put, when there is a transaction to put into. */
static enum sk_err put_statement(struct sk_store *store, enum sk_statement which, sqlite3_stmt **ret_statement)
{
    return store->in_transaction ? sk_store_statement(store, which, ret_statement) : SK_ERR_INVALID;
}

enum sk_err sk_store_pending_put(struct sk_store *store, const char *key, const void *bytes, size_t length)
{
    sqlite3_stmt *statement;
    enum sk_err err = length <= INT32_MAX ? put_statement(store, ST_PENDING_PUT, &statement) : SK_ERR_TOO_LONG;
    if (err == SK_OK) {
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 2, length > 0 ? bytes : "", (int)length, SQLITE_STATIC);
        err = sk_db_do(statement);
    }
    return sk_store_outcome(store, err);
}

enum sk_err sk_store_pending_delete(struct sk_store *store, const char *key)
{
    sqlite3_stmt *statement;
    enum sk_err err = put_statement(store, ST_PENDING_DELETE, &statement);
    if (err == SK_OK) {
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
        err = sk_db_do(statement);
    }
    return sk_store_outcome(store, err);
}

/* Copies of up to 64 rows, so that the visitor runs outside the read transaction and may use the store. */
struct pending_rows {
    char *keys[64];
    uint8_t *values[64];
    size_t lengths[64];
    size_t count;
};

static void pending_rows_clear(struct pending_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        sk_free(rows->keys[i]);
        sk_free(rows->values[i]);
    }
    rows->count = 0;
}

static enum sk_err pending_rows_read(struct sk_store *store, const char *after, struct pending_rows *rows)
{
    sqlite3_stmt *statement;
    int result = SQLITE_DONE;
    enum sk_err err = sk_store_statement(store, ST_PENDING_EACH, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, after, -1, SQLITE_STATIC);
    while (err == SK_OK && rows->count < 64 && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const size_t at = rows->count++, length = (size_t)sqlite3_column_bytes(statement, 1);
        rows->lengths[at] = length;
        rows->keys[at] = sk_strdup((const char *)sqlite3_column_text(statement, 0));
        rows->values[at] = sk_calloc(length + 1, 1);
        if (rows->keys[at] == NULL || rows->values[at] == NULL)
            err = SK_ERR_NOMEM;
        else if (length > 0)
            memcpy(rows->values[at], sqlite3_column_blob(statement, 1), length);
    }
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

enum sk_err sk_store_pending_each(struct sk_store *store,
                                  enum sk_err (*visit)(void *context, const char *key, const void *bytes, size_t length),
                                  void *context)
{
    struct pending_rows rows = {.count = 0};
    char *after = sk_strdup("");
    enum sk_err err = after == NULL ? SK_ERR_NOMEM : SK_OK;
    while (err == SK_OK) {
        pending_rows_clear(&rows);
        err = pending_rows_read(store, after, &rows);
        if (err != SK_OK || rows.count == 0)
            break;
        for (size_t i = 0; err == SK_OK && i < rows.count; i++)
            err = visit(context, rows.keys[i], rows.values[i], rows.lengths[i]);
        sk_free(after);
        after = rows.keys[rows.count - 1];
        rows.keys[rows.count - 1] = NULL;
    }
    pending_rows_clear(&rows);
    sk_free(after);
    return err;
}

/* One integer by (kind [, id]); NOT_FOUND without a row. */
static enum sk_err number_query(struct sk_store *store, enum sk_statement which, const char *kind, const char *id,
                                int *ret_number)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, which, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, kind, -1, SQLITE_STATIC);
    if (id != NULL)
        sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC);
    const int result = sqlite3_step(statement);
    *ret_number = sqlite3_column_int(statement, 0);
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
}

static enum sk_err number_give(struct sk_store *store, const char *kind, const char *id, int *ret_number)
{
    sqlite3_stmt *statement;
    enum sk_err err = number_query(store, ST_NUMBER_LAST, kind, NULL, ret_number);
    if (err == SK_OK && *ret_number >= UINT16_MAX)
        err = SK_ERR_FULL;
    if (err == SK_OK)
        err = put_statement(store, ST_NUMBER_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, ++*ret_number);
    sqlite3_bind_text(statement, 3, id, -1, SQLITE_STATIC);
    return sk_db_do(statement);
}

enum sk_err sk_store_number(struct sk_store *store, const char *kind, const char *id, uint16_t *ret_number, bool *ret_new)
{
    int number = 0;
    enum sk_err err = number_query(store, ST_NUMBER_GET, kind, id, &number);
    *ret_new = err == SK_ERR_NOT_FOUND;
    if (err == SK_ERR_NOT_FOUND)
        err = number_give(store, kind, id, &number);
    if (err == SK_OK)
        *ret_number = (uint16_t)number;
    return sk_store_outcome(store, err);
}

enum sk_err sk_store_number_find(struct sk_store *store, const char *kind, const char *id, uint16_t *ret_number)
{
    int number = 0;
    const enum sk_err err = number_query(store, ST_NUMBER_GET, kind, id, &number);
    if (err == SK_OK)
        *ret_number = (uint16_t)number;
    return err;
}

/* One text of the first column into a fixed field. */
static enum sk_err text_take(sqlite3_stmt *statement, char *to, size_t capacity)
{
    const int result = sqlite3_step(statement);
    enum sk_err err = result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
    if (err == SK_OK && !sk_text_copy(to, capacity, (const char *)sqlite3_column_text(statement, 0)))
        err = SK_ERR_TOO_LONG;
    sk_db_release(statement);
    return err;
}

enum sk_err sk_store_number_id(struct sk_store *store, const char *kind, uint16_t number, char *to, size_t capacity)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_NUMBER_ID, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, number);
    return text_take(statement, to, capacity);
}

enum sk_err sk_store_origin(struct sk_store *store, char *to, size_t capacity)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_META_GET, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, "origin", -1, SQLITE_STATIC);
    return text_take(statement, to, capacity);
}

enum sk_err sk_store_origin_set(struct sk_store *store, const char *origin)
{
    sqlite3_stmt *statement;
    enum sk_err err = put_statement(store, ST_META_PUT, &statement);
    if (err == SK_OK) {
        sqlite3_bind_text(statement, 1, "origin", -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, origin, -1, SQLITE_STATIC);
        err = sk_db_do(statement);
    }
    return sk_store_outcome(store, err);
}

enum sk_err sk_store_checkpoint_put(struct sk_store *store, uint64_t number, uint64_t size, const struct sk_hash *root,
                                    const char *note)
{
    sqlite3_stmt *statement;
    enum sk_err err =
        number <= INT64_MAX && size <= INT64_MAX ? put_statement(store, ST_CHECKPOINT_PUT, &statement) : SK_ERR_RANGE;
    if (err == SK_OK) {
        sqlite3_bind_int64(statement, 1, (int64_t)number);
        sqlite3_bind_int64(statement, 2, (int64_t)size);
        sqlite3_bind_blob(statement, 3, root->bytes, SK_HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, note, -1, SQLITE_STATIC);
        err = sk_db_do(statement);
    }
    return sk_store_outcome(store, err);
}

static enum sk_err checkpoint_take(sqlite3_stmt *statement, struct sk_checkpoint *ret_checkpoint)
{
    const int result = sqlite3_step(statement);
    enum sk_err err = result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
    if (err == SK_OK) {
        const char *note = (const char *)sqlite3_column_text(statement, 3);
        ret_checkpoint->number = (uint64_t)sqlite3_column_int64(statement, 0);
        ret_checkpoint->size = (uint64_t)sqlite3_column_int64(statement, 1);
        if (sqlite3_column_bytes(statement, 2) != SK_HASH_SIZE || note == NULL ||
            !sk_text_copy(ret_checkpoint->note, sizeof ret_checkpoint->note, note))
            err = SK_ERR_CORRUPT;
        else
            memcpy(ret_checkpoint->root.bytes, sqlite3_column_blob(statement, 2), SK_HASH_SIZE);
    }
    sk_db_release(statement);
    return err;
}

enum sk_err sk_store_checkpoint_latest(struct sk_store *store, struct sk_checkpoint *ret_checkpoint)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_CHECKPOINT_LAST, &statement);
    return err == SK_OK ? checkpoint_take(statement, ret_checkpoint) : err;
}

static enum sk_err checkpoint_by(struct sk_store *store, enum sk_statement which, uint64_t key,
                                 struct sk_checkpoint *ret_checkpoint)
{
    sqlite3_stmt *statement;
    enum sk_err err = key <= INT64_MAX ? sk_store_statement(store, which, &statement) : SK_ERR_NOT_FOUND;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)key);
    return checkpoint_take(statement, ret_checkpoint);
}

enum sk_err sk_store_checkpoint_get(struct sk_store *store, uint64_t number, struct sk_checkpoint *ret_checkpoint)
{
    return checkpoint_by(store, ST_CHECKPOINT_GET, number, ret_checkpoint);
}

enum sk_err sk_store_checkpoint_after(struct sk_store *store, uint64_t size, struct sk_checkpoint *ret_checkpoint)
{
    return checkpoint_by(store, ST_CHECKPOINT_FROM, size, ret_checkpoint);
}
