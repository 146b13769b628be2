/* SPDX-License-Identifier: Apache-2.0 */
/* Carried over is what a record proves: roster changes, acts of registers, facts about rights, newest uses. Each row names a
 * record of the old log; it is taken when that record's hash fits, or when row and record agree although a hash is damaged. */
#include <string.h>

#include "schemas/model/fact.h"
#include "schemas/model/register.h"
#include "schemas/store/carry.h"

struct proof {  /* the record that a row claims to be */
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

/* When the record was first received: a log may follow one that itself followed another. */
static int64_t first_received(const struct sk_header *header, const uint8_t *body, size_t length)
{
    struct sk_body_item item;
    return sk_body_find(body, length, SK_TAG_OLD_TIME_US, &item) ? sk_item_i64(&item) : (int64_t)header->t_recv_us;
}

/* The body again, with where it comes from put in among its ascending tags. */
static void body_copy(struct sk_body *to, const struct sk_carry *carry, const uint8_t *body, size_t length,
                      const struct sk_carry_source *source)
{
    struct sk_reader reader;
    struct sk_body_item item;
    int last = -1;
    bool bad = false, put_source = false;
    sk_reader_init(&reader, body, length);
    while (sk_body_next(&reader, &last, &item, &bad)) {
        if (item.tag == SK_TAG_OLD_ORIGIN || item.tag == SK_TAG_OLD_SEQ || item.tag == SK_TAG_SET_ASIDE ||
            item.tag == SK_TAG_OLD_TIME_US)
            continue; /* it was carried before: the newest source is the one that can be looked up from here */
        if (!put_source && item.tag > SK_TAG_OLD_ORIGIN) {
            sk_carry_source_put(to, carry, source);
            put_source = true;
        }
        if (to->last_tag >= item.tag)
            to->bad = true;
        to->last_tag = item.tag;
        sk_write_u16(&to->writer, (uint16_t)item.tag);
        sk_write_u16(&to->writer, (uint16_t)item.length);
        sk_write_bytes(&to->writer, item.bytes, item.length);
    }
    if (!put_source)
        sk_carry_source_put(to, carry, source);
    to->bad = to->bad || bad;
}

/* What is on the roster or in a register already leads to this change. Facts are folded by the collector alone, which tells at
 * its start of those that do not follow. */
static bool follows(const struct sk_carry *carry, uint16_t ev, const uint8_t *body, size_t length)
{
    struct sk_roster_change change;
    struct sk_register_act act;
    struct sk_fact fact;
    if (sk_is_fact(ev))
        return sk_fact_read(ev, body, length, &fact) == SK_OK;
    if (sk_act_row(ev) != NULL)
        return sk_register_act_read(ev, body, length, &act) == SK_OK && sk_registers_apply(carry->registers, &act) == SK_OK;
    return sk_roster_change_read(ev, body, length, &change) == SK_OK && sk_roster_apply(carry->roster, &change) == SK_OK;
}

/* One row of seq, ev and body; `count` is told of it. */
static void change_carry(struct sk_carry *carry, int64_t seq, uint16_t ev, const uint8_t *body, size_t length, uint64_t *count)
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
    const struct sk_carry_source source = {true, (uint64_t)seq, first_received(&proof.header, body, length)};
    sk_carry_draft(&draft, ev, carry->now);
    draft.header.zone = proof.header.zone;
    draft.header.ctrl = proof.header.ctrl;
    memcpy(draft.header.subject, proof.header.subject, sizeof draft.header.subject);
    body_copy(&draft.body, carry, body, length, &source);
    *count += sk_carry_put(carry, &draft, &new_seq);
}

static bool is_act(uint16_t ev)
{
    return sk_act_row(ev) != NULL;
}

static bool is_change(uint16_t ev)
{
    return sk_roster_family(ev) != 0;
}

static void rows_carry(struct sk_carry *carry, enum sk_statement which, bool (*belongs)(uint16_t ev), uint64_t *count)
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
        if (length < 0 || length > SK_BODY_MAX || !belongs(ev))
            carry->carried->lost++;
        else
            change_carry(carry, sqlite3_column_int64(rows, 0), ev, sqlite3_column_blob(rows, 2), (size_t)length, count);
    }
    sk_db_release(rows);
    carry->carried->lost += result != SQLITE_DONE && result != SQLITE_ROW;
}

void sk_carry_changes(struct sk_carry *carry)
{
    rows_carry(carry, ST_ROSTER_CARRY, is_change, &carry->carried->roster);
}

void sk_carry_acts(struct sk_carry *carry)
{
    rows_carry(carry, ST_ACTS_CARRY, is_act, &carry->carried->roster);
}

void sk_carry_facts(struct sk_carry *carry)
{
    rows_carry(carry, ST_FACTS_CARRY, sk_is_fact, &carry->carried->facts);
}

/* --- newest uses --- */

/* A use is no repetition of its passage, which stays in the old log: a record that says when it was, and where it stands. */
static void use_carry(struct sk_carry *carry, sqlite3_stmt *row)
{
    struct proof proof;
    struct sk_draft draft;
    uint64_t new_seq;
    const int64_t seq = sqlite3_column_int64(row, 2);
    const uint8_t *zone = sqlite3_column_blob(row, 1);
    proof_read(carry->from, seq, "", 0, &proof);
    if (!proof.found || !proof.own_fits || !sk_store_is_use(&proof.header) || sqlite3_column_bytes(row, 0) != SK_SUBJECT_SIZE ||
        sqlite3_column_bytes(row, 1) != 2 || memcmp(sqlite3_column_blob(row, 0), proof.header.subject, SK_SUBJECT_SIZE) != 0 ||
        (zone[0] << 8 | zone[1]) != proof.header.zone) {
        carry->carried->lost++;
        return;
    }
    const struct sk_carry_source source = {true, (uint64_t)seq, first_received(&proof.header, proof.body, proof.length)};
    sk_carry_draft(&draft, SK_EV_USE_CARRIED, carry->now);
    draft.header.zone = proof.header.zone;
    memcpy(draft.header.subject, proof.header.subject, SK_SUBJECT_SIZE);
    sk_carry_source_put(&draft.body, carry, &source);
    carry->carried->uses += sk_carry_put(carry, &draft, &new_seq);
}

void sk_carry_uses(struct sk_carry *carry)
{
    sqlite3_stmt *rows;
    int result = SQLITE_DONE;
    if (sk_store_statement(carry->from, ST_USES_CARRY, &rows) != SK_OK) {
        carry->carried->lost++;
        return;
    }
    while (carry->err == SK_OK && (result = sqlite3_step(rows)) == SQLITE_ROW)
        use_carry(carry, rows);
    sk_db_release(rows);
    carry->carried->lost += result != SQLITE_DONE && result != SQLITE_ROW;
}
