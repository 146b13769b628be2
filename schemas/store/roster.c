/* SPDX-License-Identifier: Apache-2.0 */
/* The roster's changes beside their records: written by append, so no transaction can hold one without the other. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/fact.h"
#include "schemas/store/internal.h"

enum sk_err sk_store_roster_put(struct sk_store *store, const struct sk_header *header, const struct sk_body *body)
{
    sqlite3_stmt *statement;
    struct sk_roster_change change;
    struct sk_body_item person;
    if (sk_is_fact(header->ev))
        return sk_store_fact_put(store, header, body);
    if (sk_roster_family(header->ev) == 0)
        return SK_OK;
    if (sk_roster_change_read(header->ev, body->bytes, body->writer.length, &change) != SK_OK || change.version > INT64_MAX)
        return SK_ERR_INVALID;
    const enum sk_err err = sk_store_statement(store, ST_ROSTER_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)change.version);
    sqlite3_bind_int64(statement, 2, (int64_t)header->seq);
    sqlite3_bind_int(statement, 3, header->ev);
    sqlite3_bind_text(statement, 4, change.entity, -1, SQLITE_STATIC);
    if (sk_roster_family(header->ev) == SK_EV_PERSON_CREATED)
        sqlite3_bind_text(statement, 5, change.entity, -1, SQLITE_STATIC);
    else if (sk_body_find(body->bytes, body->writer.length, SK_TAG_PERSON, &person))
        sqlite3_bind_text(statement, 5, (const char *)person.bytes, (int)person.length, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 6, body->bytes, (int)body->writer.length, SQLITE_STATIC);
    return sk_db_do(statement);
}

struct changes { /* up to 64 rows, copied out of a short read transaction */
    int64_t version;
    size_t count;
    struct {
        uint16_t ev;
        size_t length;
        uint8_t body[SK_BODY_MAX];
    } rows[64];
};

static enum sk_err read_piece(struct sk_store *store, struct changes *changes)
{
    sqlite3_stmt *statement;
    int result = SQLITE_DONE;
    enum sk_err err = sk_store_statement(store, ST_ROSTER_EACH, &statement);
    changes->count = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, changes->version);
    while (changes->count < 64 && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const int length = sqlite3_column_bytes(statement, 2);
        if (length < 0 || length > SK_BODY_MAX) {
            err = SK_ERR_CORRUPT;
            break;
        }
        changes->version = sqlite3_column_int64(statement, 0);
        changes->rows[changes->count].ev = (uint16_t)sqlite3_column_int(statement, 1);
        changes->rows[changes->count].length = (size_t)length;
        if (length > 0)
            memcpy(changes->rows[changes->count].body, sqlite3_column_blob(statement, 2), (size_t)length);
        changes->count++;
    }
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

enum sk_err sk_store_roster_each(struct sk_store *store,
                                 enum sk_err (*visit)(void *context, uint16_t ev, const void *body, size_t length),
                                 void *context)
{
    struct changes *changes = sk_calloc(1, sizeof *changes);
    enum sk_err err = changes == NULL ? SK_ERR_NOMEM : SK_OK;
    while (err == SK_OK && (err = read_piece(store, changes)) == SK_OK && changes->count > 0)
        for (size_t i = 0; err == SK_OK && i < changes->count; i++)
            err = visit(context, changes->rows[i].ev, changes->rows[i].body, changes->rows[i].length);
    sk_free(changes);
    return err;
}
