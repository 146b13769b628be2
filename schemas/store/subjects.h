/* SPDX-License-Identifier: Apache-2.0 */
/* Which records of a block are whose: the index behind "all entries of this person". Private to this folder.
 *
 * An ordinary index on the subject would dirty a page per record (people come in no order), which costs a group commit most of
 * its speed. So the open block of 4 096 records is kept in memory and written as one sorted run when it is full: a reader
 * looks into each run by bisection and reads the open block itself. The hash only finds; the header's tag decides.
 *
 * Two buffers: a transaction that completes a block goes on in the other one, so a rollback needs no reading. */
#ifndef SK_STORE_SUBJECTS_H
#define SK_STORE_SUBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/model/record.h"

enum { SK_RUN_RECORDS = 4096, SK_RUN_ITEM = 6, SK_RUN_BYTES = SK_RUN_RECORDS * SK_RUN_ITEM };

struct sk_run {
    uint32_t count;
    int64_t t_min_us, t_max_us;
    uint64_t items[SK_RUN_RECORDS]; /* hash << 16 | place in the block */
};

struct sk_subjects {
    struct sk_run runs[2];
    uint8_t open;        /* which run the next record goes into */
    uint8_t saved_open;  /* as at the begin of the transaction */
    struct sk_run_mark { /* what of the saved run counts */
        uint32_t count;
        int64_t t_min_us, t_max_us;
    } saved;
    bool turned; /* this transaction has completed a block */
    uint64_t sorted[2][SK_RUN_RECORDS];
    uint8_t bytes[SK_RUN_BYTES];
};

/* XOR of the tag's four big-endian words. */
uint32_t sk_subject_hash(const uint8_t tag[SK_SUBJECT_SIZE]);
bool sk_subject_is_none(const uint8_t tag[SK_SUBJECT_SIZE]);

void sk_run_clear(struct sk_run *run);
void sk_run_add(struct sk_run *run, const struct sk_header *header);
/* The run as it is stored, in subjects->bytes; returns its length. The run stays as it was. */
size_t sk_run_write(struct sk_subjects *subjects, const struct sk_run *run);

void sk_subjects_begin(struct sk_subjects *subjects);
void sk_subjects_rollback(struct sk_subjects *subjects);
/* Adds; a block that is now complete is returned to be written, then turned; else NULL. */
const struct sk_run *sk_subjects_add(struct sk_subjects *subjects, const struct sk_header *header);
void sk_subjects_turn(struct sk_subjects *subjects);

/* Places in a written run of one hash: the first at or after item `from`; count of all in *ret_count. */
size_t sk_run_find(const uint8_t *items, size_t count, size_t from, uint32_t hash, size_t *ret_count);
uint16_t sk_run_place(const uint8_t *items, size_t at);

#endif
