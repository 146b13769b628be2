/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about rights: records of class ROSTER that are no change of the roster itself (list.*, card.*, review.*, biometric.*,
 * person.erased). One plain struct for all of them; which members an event uses, collector/engine/README.md says. What follows
 * from facts (the controllers' lists, lost cards, reviews) is a fold over them in the order of their records.
 *
 * Opaque ids, hashes and times only; 0, "" and zeroes are "not there". Pure. */
#ifndef SK_MODEL_FACT_H
#define SK_MODEL_FACT_H

#include "schemas/model/roster.h"

enum { SK_FACT_ROWS_MAX = 3072, SK_FACT_DEVICE_MAX = 64, SK_FACT_WORD_MAX = 32 };

struct sk_fact {
    uint16_t ev;
    int64_t t_us; /* of the record; not in the body */
    char entity[SK_ENTITY_MAX], person[SK_ENTITY_MAX], object[SK_ENTITY_MAX];
    char device[SK_FACT_DEVICE_MAX];
    char decision[SK_FACT_WORD_MAX], detail[SK_WHO_MAX];
    char actor[SK_WHO_MAX]; /* read from the record; written from the act */
    struct sk_hash identifier, digest;
    uint64_t count, version, median_ms;
    uint16_t zone, factors;
    int64_t taken_us, noticed_us, told_us, due_us, consent_us, found_us;
    uint16_t rows_length;
    uint8_t rows[SK_FACT_ROWS_MAX]; /* packed; collector/engine/lists.h */
};

bool sk_is_fact(uint16_t ev);
void sk_fact_write(const struct sk_fact *fact, const struct sk_roster_act *act, struct sk_body *body);
/* PARSE: no such fact, or a member that does not fit. t_us is the caller's. */
enum sk_err sk_fact_read(uint16_t ev, const uint8_t *body, size_t length, struct sk_fact *ret_fact);

#endif
