/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about rights beside their records, and when a person last used a zone: written by append, in the record's transaction.
 */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/fact.h"
#include "schemas/store/internal.h"

enum { ZONE_AT = 17, ZONE_SIZE = 2 }; /* in a header: schemas/log-format.md section 1 */

/* The record's own time; of one carried over from a log that was set aside, the time it had there. */
static int64_t when(const struct sk_header *header, const uint8_t *body, size_t length)
{
    struct sk_body_item item;
    return sk_body_find(body, length, SK_TAG_OLD_TIME_US, &item) ? sk_item_i64(&item) : (int64_t)header->t_recv_us;
}

enum sk_err sk_store_fact_put(struct sk_store *store, const struct sk_header *header, const struct sk_body *body)
{
    sqlite3_stmt *statement;
    const enum sk_err err = sk_store_statement(store, ST_FACT_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)header->seq);
    sqlite3_bind_int64(statement, 2, when(header, body->bytes, body->writer.length));
    sqlite3_bind_int(statement, 3, header->ev);
    sqlite3_bind_blob(statement, 4, body->bytes, (int)body->writer.length, SQLITE_STATIC);
    return sk_db_do(statement);
}

bool sk_store_is_use(const struct sk_header *header)
{
    static const uint8_t nobody[SK_SUBJECT_SIZE];
    return (header->ev == SK_EV_ACC_GRANTED || header->ev == SK_EV_ACC_TAKEN || header->ev == SK_EV_USE_CARRIED) &&
           memcmp(header->subject, nobody, SK_SUBJECT_SIZE) != 0;
}

enum sk_err sk_store_use_put(struct sk_store *store, const struct sk_header *header, const uint8_t *header_bytes)
{
    sqlite3_stmt *statement;
    if (!sk_store_is_use(header))
        return SK_OK;
    const enum sk_err err = sk_store_statement(store, ST_USE_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, header->subject, SK_SUBJECT_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, header_bytes + ZONE_AT, ZONE_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)header->seq);
    return sk_db_do(statement);
}

/* A row of header and body. */
static enum sk_err read_use(sqlite3_stmt *row, struct sk_header *ret_header, int64_t *ret_us)
{
    if (sqlite3_column_bytes(row, 0) != SK_HEADER_SIZE)
        return SK_ERR_CORRUPT;
    const enum sk_err err = sk_header_decode(sqlite3_column_blob(row, 0), ret_header);
    if (err == SK_OK)
        *ret_us = when(ret_header, sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1));
    return err;
}

enum sk_err sk_store_last_use(struct sk_store *store, const uint8_t subject[SK_SUBJECT_SIZE], uint16_t zone, int64_t *ret_us,
                              uint16_t *ret_zone)
{
    sqlite3_stmt *statement;
    struct sk_header header = {0};
    const uint8_t zone_bytes[ZONE_SIZE] = {(uint8_t)(zone >> 8), (uint8_t)zone};
    enum sk_err err = sk_store_statement(store, zone != 0 ? ST_USE_GET : ST_USE_LAST, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, subject, SK_SUBJECT_SIZE, SQLITE_STATIC);
    if (zone != 0)
        sqlite3_bind_blob(statement, 2, zone_bytes, ZONE_SIZE, SQLITE_STATIC);
    const int result = sqlite3_step(statement);
    err = result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
    if (result == SQLITE_ROW)
        err = read_use(statement, &header, ret_us);
    sk_db_release(statement);
    if (err == SK_OK)
        *ret_zone = header.zone;
    return err;
}

struct facts { /* up to 64 rows, copied out of a short read transaction */
    int64_t seq;
    size_t count;
    struct {
        int64_t t_us;
        uint16_t ev;
        size_t length;
        uint8_t body[SK_BODY_MAX];
    } rows[64];
};

static enum sk_err read_piece(struct sk_store *store, struct facts *facts)
{
    sqlite3_stmt *statement;
    int result = SQLITE_DONE;
    enum sk_err err = sk_store_statement(store, ST_FACT_EACH, &statement);
    facts->count = 0;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, facts->seq);
    while (facts->count < 64 && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const int length = sqlite3_column_bytes(statement, 3);
        if (length < 0 || length > SK_BODY_MAX) {
            err = SK_ERR_CORRUPT;
            break;
        }
        facts->seq = sqlite3_column_int64(statement, 0);
        facts->rows[facts->count].t_us = sqlite3_column_int64(statement, 1);
        facts->rows[facts->count].ev = (uint16_t)sqlite3_column_int(statement, 2);
        facts->rows[facts->count].length = (size_t)length;
        if (length > 0)
            memcpy(facts->rows[facts->count].body, sqlite3_column_blob(statement, 3), (size_t)length);
        facts->count++;
    }
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

enum sk_err sk_store_facts_each(struct sk_store *store,
                                enum sk_err (*visit)(void *context, int64_t t_us, uint16_t ev, const void *body, size_t length),
                                void *context)
{
    struct facts *facts = sk_calloc(1, sizeof *facts);
    enum sk_err err = facts == NULL ? SK_ERR_NOMEM : SK_OK;
    if (err == SK_OK)
        facts->seq = -1;
    while (err == SK_OK && (err = read_piece(store, facts)) == SK_OK && facts->count > 0)
        for (size_t i = 0; err == SK_OK && i < facts->count; i++)
            err = visit(context, facts->rows[i].t_us, facts->rows[i].ev, facts->rows[i].body, facts->rows[i].length);
    sk_free(facts);
    return err;
}
