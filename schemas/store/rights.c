/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about rights beside their records, and when a person last used a zone: rows of complete blocks, before them the open
 * block in memory (subjects.h). */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/fact.h"
#include "schemas/store/internal.h"

enum { ZONE_SIZE = 2 };

enum sk_err sk_store_fact_put(struct sk_store *store, const struct sk_header *header, const struct sk_body *body)
{
    sqlite3_stmt *statement;
    const enum sk_err err = sk_store_statement(store, ST_FACT_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)header->seq);
    sqlite3_bind_int64(statement, 2, (int64_t)header->t_recv_us);
    sqlite3_bind_int(statement, 3, header->ev);
    sqlite3_bind_blob(statement, 4, body->bytes, (int)body->writer.length, SQLITE_STATIC);
    return sk_db_do(statement);
}

enum sk_err sk_store_uses_put(struct sk_store *store, uint64_t idx, const struct sk_run *run)
{
    enum sk_err err = SK_OK;
    const size_t count = sk_run_latest(&store->subjects, run);
    for (size_t i = 0; err == SK_OK && i < count; i++) {
        const struct sk_use *use = &run->uses[store->subjects.latest[i]];
        const uint8_t zone[ZONE_SIZE] = {(uint8_t)(use->zone >> 8), (uint8_t)use->zone};
        sqlite3_stmt *statement;
        err = sk_store_statement(store, ST_USE_PUT, &statement);
        if (err != SK_OK)
            break;
        sqlite3_bind_blob(statement, 1, use->subject, SK_SUBJECT_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 2, zone, ZONE_SIZE, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, (int64_t)(idx * SK_RUN_RECORDS + use->place));
        err = sk_db_do(statement);
    }
    return err;
}

/* Of the complete blocks. */
static enum sk_err stored_use(struct sk_store *store, const uint8_t subject[SK_SUBJECT_SIZE], uint16_t zone, int64_t *ret_us,
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
        err = sqlite3_column_bytes(statement, 0) == SK_HEADER_SIZE
                  ? sk_header_decode(sqlite3_column_blob(statement, 0), &header)
                  : SK_ERR_CORRUPT;
    sk_db_release(statement);
    if (err != SK_OK)
        return err;
    *ret_us = (int64_t)header.t_recv_us;
    *ret_zone = header.zone;
    return SK_OK;
}

enum sk_err sk_store_last_use(struct sk_store *store, const uint8_t subject[SK_SUBJECT_SIZE], uint16_t zone, int64_t *ret_us,
                              uint16_t *ret_zone)
{
    const struct sk_run *run;
    const enum sk_err err = sk_store_run_open(store, &run);
    if (err != SK_OK)
        return err;
    const struct sk_use *use = sk_run_use(run, subject, zone);
    if (use == NULL)
        return stored_use(store, subject, zone, ret_us, ret_zone);
    *ret_us = use->t_us;
    *ret_zone = use->zone;
    return SK_OK;
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
