/* SPDX-License-Identifier: Apache-2.0 */
/* Register entries and their acts beside their records: written by append, so no transaction can hold one without the other.
 * Reading goes in pieces of rows copied out, so that a visitor may take its time and use the store. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/register.h"
#include "schemas/store/internal.h"

/* --- writing --- */

static enum sk_err put_entry(struct sk_store *store, const struct sk_register_act *act, uint32_t number, int64_t seq)
{
    sqlite3_stmt *statement;
    const enum sk_err err = sk_store_statement(store, act->step == 1 ? ST_ENTRY_PUT : ST_ENTRY_CHANGE, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int(statement, 1, act->row->register_);
    sqlite3_bind_int64(statement, 2, number);
    sqlite3_bind_int(statement, 3, act->state);
    sqlite3_bind_int(statement, 4, sk_register_state_is_final(act->state) ? 1 : 0);
    sqlite3_bind_int64(statement, 5, act->at_us);
    sqlite3_bind_int64(statement, 6, act->step);
    if (act->step == 1)
        sqlite3_bind_int64(statement, 7, seq);
    const enum sk_err done = sk_db_do(statement);
    return done == SK_OK && sqlite3_changes(store->db) != 1 ? SK_ERR_INVALID : done;
}

enum sk_err sk_store_register_put(struct sk_store *store, const struct sk_header *header, const struct sk_body *body)
{
    sqlite3_stmt *statement;
    struct sk_register_act act;
    uint8_t register_;
    uint32_t number;
    if (sk_act_row(header->ev) == NULL)
        return SK_OK;
    if (sk_register_act_read(header->ev, body->bytes, body->writer.length, &act) != SK_OK ||
        !sk_entry_id_parse(act.entry, &register_, &number))
        return SK_ERR_INVALID;
    enum sk_err err = put_entry(store, &act, number, (int64_t)header->seq);
    if (err == SK_OK)
        err = sk_store_statement(store, ST_ACT_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int(statement, 1, register_);
    sqlite3_bind_int64(statement, 2, number);
    sqlite3_bind_int64(statement, 3, act.step);
    sqlite3_bind_int64(statement, 4, (int64_t)header->seq);
    sqlite3_bind_int(statement, 5, header->ev);
    sqlite3_bind_int64(statement, 6, act.at_us);
    sqlite3_bind_blob(statement, 7, body->bytes, (int)body->writer.length, SQLITE_STATIC);
    return sk_db_do(statement);
}

/* --- reading --- */

enum { PIECE = 32 };
struct piece {
    int64_t register_, number, step; /* of the last row */
    size_t count;
    struct {
        uint16_t ev;
        int64_t at_us;
        size_t length;
        uint8_t body[SK_BODY_MAX];
    } rows[PIECE];
};

static enum sk_err copy_row(sqlite3_stmt *statement, struct piece *piece)
{
    const int length = sqlite3_column_bytes(statement, 5);
    if (length <= 0 || length > SK_BODY_MAX)
        return SK_ERR_CORRUPT;
    piece->register_ = sqlite3_column_int64(statement, 0);
    piece->number = sqlite3_column_int64(statement, 1);
    piece->step = sqlite3_column_int64(statement, 2);
    piece->rows[piece->count].ev = (uint16_t)sqlite3_column_int(statement, 3);
    piece->rows[piece->count].at_us = sqlite3_column_int64(statement, 4);
    piece->rows[piece->count].length = (size_t)length;
    memcpy(piece->rows[piece->count].body, sqlite3_column_blob(statement, 5), (size_t)length);
    piece->count++;
    return SK_OK;
}

static enum sk_err read_piece(struct sk_store *store, enum sk_statement which, int64_t since_us, struct piece *piece)
{
    sqlite3_stmt *statement;
    int result = SQLITE_DONE;
    enum sk_err err = sk_store_statement(store, which, &statement);
    piece->count = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, piece->register_);
    sqlite3_bind_int64(statement, 2, piece->number);
    sqlite3_bind_int64(statement, 3, piece->step);
    if (which == ST_ACTS_KEPT)
        sqlite3_bind_int64(statement, 4, since_us);
    while (err == SK_OK && piece->count < PIECE && (result = sqlite3_step(statement)) == SQLITE_ROW)
        err = copy_row(statement, piece);
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

static enum sk_err walk(struct sk_store *store, enum sk_statement which, struct piece *piece, int64_t since_us,
                        sk_register_visit *visit, void *context)
{
    enum sk_err err = SK_OK;
    while (err == SK_OK && (err = read_piece(store, which, since_us, piece)) == SK_OK && piece->count > 0)
        for (size_t i = 0; err == SK_OK && i < piece->count; i++)
            err = visit(context, piece->rows[i].ev, piece->rows[i].at_us, piece->rows[i].body, piece->rows[i].length);
    return err;
}

enum sk_err sk_store_registers_each(struct sk_store *store, int64_t since_us, sk_register_visit *visit, void *context)
{
    struct piece *piece = sk_calloc(1, sizeof *piece);
    const enum sk_err err = piece == NULL ? SK_ERR_NOMEM : walk(store, ST_ACTS_KEPT, piece, since_us, visit, context);
    sk_free(piece);
    return err;
}

enum sk_err sk_store_entry_acts(struct sk_store *store, uint8_t register_, uint32_t number, sk_register_visit *visit,
                                void *context)
{
    struct piece *piece = sk_calloc(1, sizeof *piece);
    if (piece == NULL)
        return SK_ERR_NOMEM;
    piece->register_ = register_;
    piece->number = number;
    const enum sk_err err = walk(store, ST_ACTS_OF, piece, 0, visit, context);
    sk_free(piece);
    return err;
}

enum sk_err sk_store_entries_holding(struct sk_store *store, const char *text, const struct sk_entry_number *after,
                                     struct sk_entry_number *ret_entries, size_t most, size_t *ret_count)
{
    sqlite3_stmt *rows;
    int result = SQLITE_DONE;
    const enum sk_err err = sk_store_statement(store, ST_ENTRIES_HOLDING, &rows);
    *ret_count = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int(rows, 1, after->register_);
    sqlite3_bind_int64(rows, 2, after->number);
    sqlite3_bind_blob(rows, 3, text, (int)strlen(text), SQLITE_TRANSIENT);
    sqlite3_bind_int64(rows, 4, (int64_t)most);
    while (*ret_count < most && (result = sqlite3_step(rows)) == SQLITE_ROW)
        ret_entries[(*ret_count)++] = (struct sk_entry_number){.register_ = (uint8_t)sqlite3_column_int(rows, 0),
                                                               .number = (uint32_t)sqlite3_column_int64(rows, 1)};
    sk_db_release(rows);
    return result == SQLITE_ROW || result == SQLITE_DONE ? SK_OK : sk_db_code(result);
}

enum sk_err sk_store_register_last(struct sk_store *store, uint8_t register_, uint32_t *ret_number)
{
    sqlite3_stmt *statement;
    const enum sk_err err = sk_store_statement(store, ST_ENTRY_LAST, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int(statement, 1, register_);
    const int result = sqlite3_step(statement);
    *ret_number = result == SQLITE_ROW ? (uint32_t)sqlite3_column_int64(statement, 0) : 0;
    sk_db_release(statement);
    return result == SQLITE_ROW ? SK_OK : sk_db_code(result);
}

enum sk_err sk_store_register_entries(struct sk_store *store, const struct sk_register_filter *filter,
                                      struct sk_register_found *ret_rows, size_t *ret_count)
{
    sqlite3_stmt *statement;
    int result = SQLITE_DONE;
    size_t count = 0;
    const enum sk_err err = sk_store_statement(store, ST_ENTRIES, &statement);
    *ret_count = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)filter->registers);
    sqlite3_bind_int64(statement, 2, filter->below > INT64_MAX ? INT64_MAX : (int64_t)filter->below);
    sqlite3_bind_int(statement, 3, filter->state);
    sqlite3_bind_int(statement, 4, filter->open_only ? 1 : 0);
    sqlite3_bind_int64(statement, 5, filter->limit);
    while (count < filter->limit && (result = sqlite3_step(statement)) == SQLITE_ROW)
        ret_rows[count++] = (struct sk_register_found){.register_ = (uint8_t)sqlite3_column_int(statement, 0),
                                                       .number = (uint32_t)sqlite3_column_int64(statement, 1),
                                                       .seq = (uint64_t)sqlite3_column_int64(statement, 2)};
    sk_db_release(statement);
    *ret_count = count;
    return count == filter->limit ? SK_OK : sk_db_code(result);
}
