/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a log that was set aside, each read for itself: what one page of the old file lost, the others may still have.
 * Errors of reading end a table and are counted; errors of writing end everything. Numbers, alarms and pending rows are carried
 * here; what claims to be a record of the old log, in carry_proved.c. */
#include "schemas/store/carry.h"

#include <string.h>

#include "schemas/model/register.h"

/* --- what every carried record is made with --- */

void sk_carry_source_put(struct sk_body *body, const struct sk_carry *carry, const struct sk_carry_source *source)
{
    if (carry->old->origin[0] != '\0')
        sk_body_put_text(body, SK_TAG_OLD_ORIGIN, carry->old->origin);
    if (source->has_seq)
        sk_body_put_u64(body, SK_TAG_OLD_SEQ, source->seq);
    sk_body_put_text(body, SK_TAG_SET_ASIDE, carry->old->name);
    if (source->t_us != 0)
        sk_body_put_i64(body, SK_TAG_OLD_TIME_US, source->t_us);
}

void sk_carry_draft(struct sk_draft *draft, enum sk_event event, const struct sk_now *now)
{
    memset(&draft->header, 0, sizeof draft->header);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = (uint16_t)event;
    draft->header.class_ = (uint8_t)sk_event_class((int)event);
    sk_body_init(&draft->body);
}

bool sk_carry_put(struct sk_carry *carry, const struct sk_draft *draft, uint64_t *ret_seq)
{
    if (!sk_body_done(&draft->body)) {
        carry->carried->lost++;
        return false;
    }
    carry->err = sk_store_append(carry->to, draft, ret_seq);
    return carry->err == SK_OK;
}

/* --- numbers --- */

static bool number_row_put(struct sk_carry *carry, const char *kind, int number, const char *id)
{
    sqlite3_stmt *statement;
    carry->err = sk_store_statement(carry->to, ST_NUMBER_PUT, &statement);
    if (carry->err != SK_OK)
        return false;
    sqlite3_bind_text(statement, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, number);
    sqlite3_bind_text(statement, 3, id, -1, SQLITE_STATIC);
    const enum sk_err err = sk_db_do(statement);
    if (err == SK_ERR_CONFLICT) { /* twice the same: damaged, and the first one stands */
        carry->carried->lost++;
        return false;
    }
    carry->err = err;
    return err == SK_OK;
}

static void number_carry(struct sk_carry *carry, const char *kind, int number, const char *id)
{
    static const char *const kinds[] = {"zone", "door", "ctrl"};
    struct sk_draft draft;
    uint64_t seq;
    bool good =
        id != NULL && id[0] != '\0' && strlen(id) < (size_t)SK_ENTITY_MAX * 4 && sk_text_is_clean(id, strlen(id), false);
    bool known = false;
    for (size_t i = 0; kind != NULL && i < sizeof kinds / sizeof *kinds; i++)
        known = known || strcmp(kind, kinds[i]) == 0;
    good = good && known && number >= 1 && number <= UINT16_MAX;
    if (!good) {
        carry->carried->lost++;
        return;
    }
    if (!number_row_put(carry, kind, number, id))
        return;
    sk_carry_draft(&draft, SK_EV_SYS_NUMBER, carry->now);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, kind);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, id);
    sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, (uint32_t)number);
    sk_carry_source_put(&draft.body, carry, &(struct sk_carry_source){.has_seq = false});
    carry->carried->numbers += sk_carry_put(carry, &draft, &seq);
}

static void numbers_carry(struct sk_carry *carry)
{
    sqlite3_stmt *rows;
    int result = SQLITE_DONE;
    if (sk_store_statement(carry->from, ST_NUMBER_EACH, &rows) != SK_OK) {
        carry->carried->lost++;
        return;
    }
    while (carry->err == SK_OK && (result = sqlite3_step(rows)) == SQLITE_ROW)
        number_carry(carry, (const char *)sqlite3_column_text(rows, 0), sqlite3_column_int(rows, 1),
                     (const char *)sqlite3_column_text(rows, 2));
    sk_db_release(rows);
    carry->carried->lost += result != SQLITE_DONE && result != SQLITE_ROW;
}

/* --- alarms --- */

static bool header_take(void *context, const struct sk_record *record)
{
    struct sk_header *to = context;
    to->zone = record->header.zone;
    to->door = record->header.door;
    to->flags = record->header.flags;
    return false;
}

static bool is_clean(const char *text)
{
    return sk_text_is_clean(text, strlen(text), false);
}

static bool alarm_carry(void *context, const struct sk_alarm *alarm)
{
    struct sk_carry *carry = context;
    struct sk_alarm copy = *alarm;
    struct sk_draft draft;
    uint64_t seq;
    if (alarm->occurrence == 0 || alarm->occurrence > INT64_MAX || sk_condition_name(alarm->condition) == NULL ||
        alarm->severity > SK_SEV_CRITICAL || !is_clean(alarm->source) || !is_clean(alarm->detail) || !is_clean(alarm->place) ||
        !is_clean(alarm->acked_by)) {
        carry->carried->lost++;
        return true;
    }
    sk_carry_draft(&draft, SK_EV_ALARM_CARRIED, carry->now);
    sk_store_record(carry->from, alarm->raise_seq, header_take, &draft.header);
    if (alarm->detail[0] != '\0')
        sk_body_put_text(&draft.body, SK_TAG_DETAIL, alarm->detail);
    sk_body_put_u64(&draft.body, SK_TAG_OCCURRENCE, alarm->occurrence);
    sk_body_put_u16(&draft.body, SK_TAG_CONDITION, alarm->condition);
    sk_body_put_u8(&draft.body, SK_TAG_SEVERITY, alarm->severity);
    sk_body_put_u8(&draft.body, SK_TAG_ALARM_STATE, (uint8_t)sk_alarm_state_of(alarm->bits));
    sk_body_put_u16(&draft.body, SK_TAG_ALARM_BITS, alarm->bits);
    if (alarm->has_value)
        sk_body_put_f64(&draft.body, SK_TAG_VALUE, alarm->value);
    sk_body_put_i64(&draft.body, SK_TAG_SINCE_US, alarm->since_us);
    if (alarm->place[0] != '\0')
        sk_body_put_text(&draft.body, SK_TAG_PLACE, alarm->place);
    sk_body_put_text(&draft.body, SK_TAG_OBJECT, alarm->source);
    sk_carry_source_put(&draft.body, carry, &(struct sk_carry_source){.has_seq = true, .seq = alarm->raise_seq});
    if (!sk_carry_put(carry, &draft, &seq))
        return carry->err == SK_OK;
    copy.raise_seq = copy.last_seq = seq;
    carry->err = sk_store_alarm_put(carry->to, &copy);
    carry->carried->alarms += carry->err == SK_OK && sk_alarm_is_open(copy.bits);
    return carry->err == SK_OK;
}

/* Open ones, and the newest of all, so that occurrences are numbered on. */
static void alarms_carry(struct sk_carry *carry)
{
    struct sk_alarm newest;
    uint64_t last = 0;
    enum sk_err err = sk_store_alarm_last(carry->from, &last);
    if (err == SK_OK && last > 0 && (err = sk_store_alarm_get(carry->from, last, &newest)) == SK_OK &&
        !sk_alarm_is_open(newest.bits))
        alarm_carry(carry, &newest);
    if (carry->err == SK_OK && err == SK_OK)
        err = sk_store_alarms(carry->from, true, UINT64_MAX, UINT32_MAX, alarm_carry, carry);
    carry->carried->lost += carry->err == SK_OK && err != SK_OK;
}

/* --- pending --- */

static enum sk_err pending_carry(void *context, const char *key, const void *bytes, size_t length)
{
    struct sk_carry *carry = context;
    if (strcmp(key, SK_SUCCESSION_KEY) == 0)
        return SK_OK;
    carry->err = sk_store_pending_put(carry->to, key, bytes, length);
    carry->carried->pending += carry->err == SK_OK;
    return carry->err;
}

enum sk_err sk_carry_over(struct sk_store *to, struct sk_store *from, const struct sk_old_log *old, const struct sk_now *now,
                          struct sk_carried *carried)
{
    static void (*const tables[])(struct sk_carry * carry) = {numbers_carry,  sk_carry_changes, sk_carry_acts,
                                                              sk_carry_facts, sk_carry_uses,    alarms_carry};
    struct sk_carry carry = {.to = to, .from = from, .old = old, .now = now, .carried = carried};
    enum sk_err err = sk_roster_create(&carry.roster);
    if (err == SK_OK && (err = sk_registers_create(&carry.registers)) != SK_OK)
        sk_roster_free(carry.roster);
    if (err != SK_OK)
        return err;
    for (size_t i = 0; carry.err == SK_OK && i < sizeof tables / sizeof *tables; i++)
        tables[i](&carry);
    if (carry.err == SK_OK && sk_store_pending_each(from, pending_carry, &carry) != SK_OK && carry.err == SK_OK)
        carried->lost++;
    sk_registers_free(carry.registers);
    sk_roster_free(carry.roster);
    return carry.err;
}
