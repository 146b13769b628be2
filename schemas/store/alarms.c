/* SPDX-License-Identifier: Apache-2.0 */
/* The alarm projection: one row per occurrence as it stands now. Columns are bound and read in the order of SK_ALARM_COLUMNS.
 */
#include <string.h>

#include "schemas/store/internal.h"

static void alarm_bind(sqlite3_stmt *statement, const struct sk_alarm *alarm)
{
    int at = 0;
    sqlite3_bind_int64(statement, ++at, (int64_t)alarm->occurrence);
    sqlite3_bind_int(statement, ++at, alarm->bits);
    sqlite3_bind_int(statement, ++at, alarm->severity);
    sqlite3_bind_int(statement, ++at, alarm->condition);
    sqlite3_bind_text(statement, ++at, alarm->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, ++at, alarm->detail, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, ++at, alarm->place, -1, SQLITE_STATIC);
    at += 2;
    if (alarm->has_value) { /* unbound is NULL, and so is a NaN */
        sqlite3_bind_double(statement, at - 1, alarm->value);
        sqlite3_bind_double(statement, at, alarm->limit);
    }
    sqlite3_bind_int(statement, ++at, alarm->quality);
    sqlite3_bind_int(statement, ++at, alarm->quality_reason);
    sqlite3_bind_int64(statement, ++at, alarm->raised_us);
    sqlite3_bind_int64(statement, ++at, alarm->since_us);
    sqlite3_bind_int64(statement, ++at, alarm->returned_us);
    sqlite3_bind_int64(statement, ++at, alarm->acked_us);
    sqlite3_bind_text(statement, ++at, alarm->acked_by, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, ++at, (int64_t)alarm->raise_seq);
    sqlite3_bind_int64(statement, ++at, (int64_t)alarm->last_seq);
    sqlite3_bind_int(statement, ++at, sk_alarm_is_open(alarm->bits) ? 1 : 0);
}

static void text_get(sqlite3_stmt *statement, int column, char *to, size_t capacity)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    sk_text_copy(to, capacity, text != NULL ? text : "");
}

static void alarm_take(sqlite3_stmt *statement, struct sk_alarm *alarm)
{
    int at = 0;
    memset(alarm, 0, sizeof *alarm);
    alarm->occurrence = (uint64_t)sqlite3_column_int64(statement, at++);
    alarm->bits = (uint16_t)sqlite3_column_int(statement, at++);
    alarm->severity = (uint8_t)sqlite3_column_int(statement, at++);
    alarm->condition = (uint16_t)sqlite3_column_int(statement, at++);
    text_get(statement, at++, alarm->source, sizeof alarm->source);
    text_get(statement, at++, alarm->detail, sizeof alarm->detail);
    text_get(statement, at++, alarm->place, sizeof alarm->place);
    alarm->has_value = sqlite3_column_type(statement, at) != SQLITE_NULL;
    alarm->value = sqlite3_column_double(statement, at++);
    alarm->limit = sqlite3_column_double(statement, at++);
    alarm->quality = (uint8_t)sqlite3_column_int(statement, at++);
    alarm->quality_reason = (uint8_t)sqlite3_column_int(statement, at++);
    alarm->raised_us = sqlite3_column_int64(statement, at++);
    alarm->since_us = sqlite3_column_int64(statement, at++);
    alarm->returned_us = sqlite3_column_int64(statement, at++);
    alarm->acked_us = sqlite3_column_int64(statement, at++);
    text_get(statement, at++, alarm->acked_by, sizeof alarm->acked_by);
    alarm->raise_seq = (uint64_t)sqlite3_column_int64(statement, at++);
    alarm->last_seq = (uint64_t)sqlite3_column_int64(statement, at++);
}

enum sk_err sk_store_alarm_put(struct sk_store *store, const struct sk_alarm *alarm)
{
    sqlite3_stmt *statement;
    enum sk_err err = store->in_transaction ? SK_OK : SK_ERR_INVALID;
    if (err == SK_OK && (alarm->occurrence == 0 || alarm->occurrence > INT64_MAX))
        err = SK_ERR_RANGE;
    if (err == SK_OK)
        err = sk_store_statement(store, ST_ALARM_PUT, &statement);
    if (err == SK_OK) {
        alarm_bind(statement, alarm);
        err = sk_db_do(statement);
    }
    return sk_store_outcome(store, err);
}

/* Rows are copied out sixteen at a time: the visitor runs outside the read transaction. */
enum { ALARM_PIECE = 16 };

static enum sk_err alarms_read(struct sk_store *store, bool open_only, uint64_t below, size_t most, struct sk_alarm *to,
                               size_t *ret_count)
{
    sqlite3_stmt *statement;
    int result = SQLITE_DONE;
    *ret_count = 0;
    enum sk_err err = sk_store_statement(store, open_only ? ST_ALARMS_OPEN : ST_ALARMS_ALL, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, below > INT64_MAX ? INT64_MAX : (int64_t)below);
    sqlite3_bind_int64(statement, 2, (int64_t)most);
    while (*ret_count < most && (result = sqlite3_step(statement)) == SQLITE_ROW)
        alarm_take(statement, &to[(*ret_count)++]);
    sk_db_release(statement);
    return sk_db_code(result);
}

enum sk_err sk_store_alarms(struct sk_store *store, bool open_only, uint64_t below, uint32_t limit,
                            bool (*visit)(void *context, const struct sk_alarm *alarm), void *context)
{
    struct sk_alarm rows[ALARM_PIECE];
    while (limit > 0) {
        size_t count;
        enum sk_err err = alarms_read(store, open_only, below, limit < ALARM_PIECE ? limit : ALARM_PIECE, rows, &count);
        if (err != SK_OK || count == 0)
            return err;
        for (size_t i = 0; i < count; i++)
            if (!visit(context, &rows[i]))
                return SK_OK;
        limit -= (uint32_t)count;
        below = rows[count - 1].occurrence;
    }
    return SK_OK;
}

enum sk_err sk_store_alarm_get(struct sk_store *store, uint64_t occurrence, struct sk_alarm *ret_alarm)
{
    sqlite3_stmt *statement;
    enum sk_err err = occurrence <= INT64_MAX ? sk_store_statement(store, ST_ALARM_GET, &statement) : SK_ERR_NOT_FOUND;
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, (int64_t)occurrence);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        alarm_take(statement, ret_alarm);
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
}

enum sk_err sk_store_alarm_last(struct sk_store *store, uint64_t *ret_occurrence)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_store_statement(store, ST_ALARM_LAST, &statement);
    if (err != SK_OK)
        return err;
    const int result = sqlite3_step(statement);
    *ret_occurrence = (uint64_t)sqlite3_column_int64(statement, 0);
    sk_db_release(statement);
    return sk_db_code(result);
}
