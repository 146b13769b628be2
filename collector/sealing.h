/* SPDX-License-Identifier: Apache-2.0 */
/* Words out of records: before records are appended, each text that a person typed goes into the vault, and a commitment to it
 * takes its place (schemas/model/words.h). All texts of one attempt are one transaction of the vault, done before the log's
 * begins: a crash in between leaves a text that nothing refers to, never a record whose text was not kept. One thread.
 *
 * Two walks over the same drafts in the same order: sk_sealing_keep() for each, sk_sealing_done(), then sk_sealing_apply() for
 * each. A draft that was sealed in an earlier attempt has no such text any more. */
#ifndef SK_COLLECTOR_SEALING_H
#define SK_COLLECTOR_SEALING_H

#include "schemas/store/vault.h"

struct sk_sealing {
    struct sk_vault *vault;  /* NULL: no text is kept, so it is as if it were erased at once */
    struct sk_hash *commits; /* of this attempt, in order */
    size_t count, capacity, applied;
    struct sk_words words; /* the last ones: the same text again (the rows of an import) is the same commitment */
    bool begun;
};

void sk_sealing_begin(struct sk_sealing *sealing);
/* On an error nothing was kept, and nothing may be applied. */
enum sk_err sk_sealing_keep(struct sk_sealing *sealing, const struct sk_draft *draft);
enum sk_err sk_sealing_done(struct sk_sealing *sealing);
void sk_sealing_apply(struct sk_sealing *sealing, struct sk_draft *draft);
/* The records of this attempt are given up for good: their texts go. */
void sk_sealing_take_back(struct sk_sealing *sealing);
void sk_sealing_release(struct sk_sealing *sealing);

#endif
