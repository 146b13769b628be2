/* SPDX-License-Identifier: Apache-2.0 */
/* From a log that was set aside into its successor: what doors, monitoring and the register of rights need to go on. Private to
 * this folder.
 *
 * Nothing is copied unseen. Numbers, roster changes, acts of registers, facts about rights, newest uses of zones and open
 * alarms become records of the new log that name the old one (old_origin, and old_seq and old_time where known), with their
 * projection rows; pending rows are no part of any tree and are copied. What a record of the old log claims to be is taken when
 * its hash proves it, or when row and record agree; else it is lost, and counted. Which table of the log goes which way is a
 * table in README.md, held against the migrations by lint.carried_tables. */
#ifndef SK_STORE_CARRY_H
#define SK_STORE_CARRY_H

#include "schemas/store/internal.h"
#include "schemas/store/succeed.h"

struct sk_roster;
struct sk_registers;

struct sk_carry {
    struct sk_store *to, *from;
    const struct sk_old_log *old;
    const struct sk_now *now;
    struct sk_carried *carried;
    struct sk_registers *registers; /* acts carried so far: one that does not follow from the ones before is lost */
    struct sk_roster *roster;       /* the same of the roster's changes */
    enum sk_err err;                /* of writing; everything ends with it */
};

/* In an open transaction of `to`. Fails only when `to` cannot be written. */
enum sk_err sk_carry_over(struct sk_store *to, struct sk_store *from, const struct sk_old_log *old, const struct sk_now *now,
                          struct sk_carried *carried);

/* --- carry.c: what every carried record is made with --- */
struct sk_carry_source {
    bool has_seq;
    uint64_t seq;
    int64_t t_us; /* when the old record was received; 0 not known */
};
void sk_carry_draft(struct sk_draft *draft, enum sk_event event, const struct sk_now *now);
/* Its tags stand side by side: put them where they belong among the ascending ones. */
void sk_carry_source_put(struct sk_body *body, const struct sk_carry *carry, const struct sk_carry_source *source);
/* False when it was not written: lost (not sayable, counted) or a failed write (carry->err). */
bool sk_carry_put(struct sk_carry *carry, const struct sk_draft *draft, uint64_t *ret_seq);

/* --- carry_proved.c: tables whose rows claim to be records of the old log --- */
void sk_carry_changes(struct sk_carry *carry); /* the roster's */
void sk_carry_acts(struct sk_carry *carry);    /* the registers' */
void sk_carry_facts(struct sk_carry *carry);   /* about rights */
void sk_carry_uses(struct sk_carry *carry);    /* newest use of a zone by a person */

#endif
