/* SPDX-License-Identifier: Apache-2.0 */
/* Five tables of a log that was set aside, each read for itself: what one page of the old file lost, the others may still have.
 * Errors of reading end a table and are counted; errors of writing end everything. */
#include "schemas/store/carry.h"

#include <string.h>

#include "schemas/model/register.h"
#include "schemas/store/internal.h"

struct carry {
    struct sk_store *to, *from;
    const struct sk_old_log *old;
    const struct sk_now *now;
    struct sk_carried *carried;
    struct sk_registers *registers; /* the same of acts of registers */
    struct sk_roster *roster;       /* as carried so far: a change that does not follow from the ones before is lost */
    uint64_t last_alarm;
    enum sk_err err; /* of writing */
};

/* Origin and number in the old log; at its place among the tags, which ascend. */
static void source_put(struct sk_body *body, const struct carry *carry, bool has_seq, uint64_t seq)
{
    if (carry->old->origin[0] != '\0')
        sk_body_put_text(body, SK_TAG_OLD_ORIGIN, carry->old->origin);
    if (has_seq)
        sk_body_put_u64(body, SK_TAG_OLD_SEQ, seq);
    sk_body_put_text(body, SK_TAG_SET_ASIDE, carry->old->name);
}

static void draft_begin(struct sk_draft *draft, enum sk_event event, const struct sk_now *now)
{
    memset(&draft->header, 0, sizeof draft->header);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = (uint16_t)event;
    draft->header.class_ = (uint8_t)sk_event_class((int)event);
    sk_body_init(&draft->body);
}

/* False when it was not written: lost (not sayable) or a failed write (carry->err). */
static bool put(struct carry *carry, const struct sk_draft *draft, uint64_t *ret_seq)
{
    if (!sk_body_done(&draft->body)) {
        carry->carried->lost++;
        return false;
    }
    carry->err = sk_store_append(carry->to, draft, ret_seq);
    return carry->err == SK_OK;
}

/* --- numbers --- */

static bool number_row_put(struct carry *carry, const char *kind, int number, const char *id)
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

static void number_carry(struct carry *carry, const char *kind, int number, const char *id)
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
    draft_begin(&draft, SK_EV_SYS_NUMBER, carry->now);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, kind);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, id);
    sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, (uint32_t)number);
    source_put(&draft.body, carry, false, 0);
    carry->carried->numbers += put(carry, &draft, &seq);
}

static void numbers_carry(struct carry *carry)
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

/* --- roster --- */

struct proof {  /* the record that a roster row claims to be */
    bool found; /* a row of the right shape */
    bool row_fits, own_fits;
    struct sk_header header;
    uint8_t body[SK_BODY_MAX]; /* the record's own */
    size_t length;
};

static bool leaf_fits(struct sk_store *store, sqlite3_stmt *row, const void *body, size_t length)
{
    struct sk_hash leaf;
    return sk_leaf_hash(store->sha, sqlite3_column_blob(row, 1), sqlite3_column_blob(row, 2), body, length, &leaf) == SK_OK &&
           memcmp(&leaf, sqlite3_column_blob(row, 4), sizeof leaf) == 0;
}

static void proof_read(struct sk_store *store, int64_t seq, const void *body, size_t length, struct proof *proof)
{
    sqlite3_stmt *row;
    *proof = (struct proof){.found = false};
    if (sk_store_statement(store, ST_RECORDS_UP, &row) != SK_OK)
        return;
    sqlite3_bind_int64(row, 1, seq);
    sqlite3_bind_int64(row, 2, seq);
    sqlite3_bind_int64(row, 3, 1);
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_bytes(row, 1) == SK_HEADER_SIZE &&
        sqlite3_column_bytes(row, 2) == SK_SALT_SIZE && sqlite3_column_bytes(row, 4) == SK_HASH_SIZE &&
        sqlite3_column_bytes(row, 3) <= SK_BODY_MAX && sk_header_decode(sqlite3_column_blob(row, 1), &proof->header) == SK_OK) {
        proof->found = true;
        proof->length = (size_t)sqlite3_column_bytes(row, 3);
        if (proof->length > 0)
            memcpy(proof->body, sqlite3_column_blob(row, 3), proof->length);
        proof->row_fits = leaf_fits(store, row, body, length);
        proof->own_fits = leaf_fits(store, row, proof->body, proof->length);
    }
    sk_db_release(row);
}

/* The body again, with where it comes from put in among its ascending tags. */
static void body_copy(struct sk_body *to, const struct carry *carry, const uint8_t *body, size_t length, uint64_t seq)
{
    struct sk_reader reader;
    struct sk_body_item item;
    int last = -1;
    bool bad = false, put_source = false;
    sk_reader_init(&reader, body, length);
    while (sk_body_next(&reader, &last, &item, &bad)) {
        if (item.tag == SK_TAG_OLD_ORIGIN || item.tag == SK_TAG_OLD_SEQ || item.tag == SK_TAG_SET_ASIDE)
            continue; /* it was carried before: the newest source is the one that can be looked up from here */
        if (!put_source && item.tag > SK_TAG_OLD_ORIGIN) {
            source_put(to, carry, true, seq);
            put_source = true;
        }
        sk_body_put_item(to, &item);
    }
    if (!put_source)
        source_put(to, carry, true, seq);
    to->bad = to->bad || bad;
}

/* What is on the roster or in a register already leads to this change. */
static bool follows(const struct carry *carry, uint16_t ev, const uint8_t *body, size_t length)
{
    struct sk_roster_change change;
    struct sk_register_act act;
    if (sk_act_row(ev) != NULL)
        return sk_register_act_read(ev, body, length, &act) == SK_OK && sk_registers_apply(carry->registers, &act) == SK_OK;
    return sk_roster_change_read(ev, body, length, &change) == SK_OK && sk_roster_apply(carry->roster, &change) == SK_OK;
}

static void change_carry(struct carry *carry, int64_t seq, uint16_t ev, const uint8_t *body, size_t length)
{
    struct proof proof;
    struct sk_draft draft;
    uint64_t new_seq;
    proof_read(carry->from, seq, body, length, &proof);
    const bool same = proof.found && proof.length == length && (length == 0 || memcmp(proof.body, body, length) == 0);
    if (!proof.row_fits && proof.own_fits) { /* the row was changed, the record was not */
        body = proof.body;
        length = proof.length;
    }
    const bool believed = proof.found && proof.header.ev == ev && (proof.row_fits || proof.own_fits || same);
    if (!believed || !follows(carry, ev, body, length)) {
        carry->carried->lost++;
        return;
    }
    draft_begin(&draft, ev, carry->now);
    draft.header.zone = proof.header.zone;
    memcpy(draft.header.subject, proof.header.subject, sizeof draft.header.subject);
    body_copy(&draft.body, carry, body, length, (uint64_t)seq);
    carry->carried->roster += put(carry, &draft, &new_seq);
}

/* Rows of seq, ev and body: the roster's changes, then the registers' acts. */
static void changes_carry(struct carry *carry, enum sk_statement which)
{
    sqlite3_stmt *rows;
    int result = SQLITE_DONE;
    if (sk_store_statement(carry->from, which, &rows) != SK_OK) {
        carry->carried->lost++;
        return;
    }
    while (carry->err == SK_OK && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        const int length = sqlite3_column_bytes(rows, 2);
        const uint16_t ev = (uint16_t)sqlite3_column_int(rows, 1);
        if (length < 0 || length > SK_BODY_MAX || (which == ST_ACTS_CARRY ? sk_act_row(ev) == NULL : sk_roster_family(ev) == 0))
            carry->carried->lost++;
        else
            change_carry(carry, sqlite3_column_int64(rows, 0), ev, sqlite3_column_blob(rows, 2), (size_t)length);
    }
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
    struct carry *carry = context;
    struct sk_alarm copy = *alarm;
    struct sk_draft draft;
    uint64_t seq;
    if (alarm->occurrence == 0 || alarm->occurrence > INT64_MAX || sk_condition_name(alarm->condition) == NULL ||
        alarm->severity > SK_SEV_CRITICAL || !is_clean(alarm->source) || !is_clean(alarm->detail) || !is_clean(alarm->place) ||
        !is_clean(alarm->acked_by)) {
        carry->carried->lost++;
        return true;
    }
    draft_begin(&draft, SK_EV_ALARM_CARRIED, carry->now);
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
    source_put(&draft.body, carry, true, alarm->raise_seq);
    if (!put(carry, &draft, &seq))
        return carry->err == SK_OK;
    copy.raise_seq = copy.last_seq = seq;
    carry->err = sk_store_alarm_put(carry->to, &copy);
    carry->carried->alarms += carry->err == SK_OK && sk_alarm_is_open(copy.bits);
    return carry->err == SK_OK;
}

/* Open ones, and the newest of all, so that occurrences are numbered on. */
static void alarms_carry(struct carry *carry)
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
    struct carry *carry = context;
    if (strcmp(key, SK_SUCCESSION_KEY) == 0)
        return SK_OK;
    carry->err = sk_store_pending_put(carry->to, key, bytes, length);
    carry->carried->pending += carry->err == SK_OK;
    return carry->err;
}

enum sk_err sk_carry_over(struct sk_store *to, struct sk_store *from, const struct sk_old_log *old, const struct sk_now *now,
                          struct sk_carried *carried)
{
    struct carry carry = {.to = to, .from = from, .old = old, .now = now, .carried = carried};
    enum sk_err err = sk_roster_create(&carry.roster);
    if (err == SK_OK && (err = sk_registers_create(&carry.registers)) != SK_OK)
        sk_roster_free(carry.roster);
    if (err != SK_OK)
        return err;
    numbers_carry(&carry);
    if (carry.err == SK_OK)
        changes_carry(&carry, ST_ROSTER_CARRY);
    if (carry.err == SK_OK)
        changes_carry(&carry, ST_ACTS_CARRY);
    if (carry.err == SK_OK)
        alarms_carry(&carry);
    if (carry.err == SK_OK && sk_store_pending_each(from, pending_carry, &carry) != SK_OK && carry.err == SK_OK)
        carried->lost++;
    sk_registers_free(carry.registers);
    sk_roster_free(carry.roster);
    return carry.err;
}
