/* SPDX-License-Identifier: Apache-2.0 */
/* Who passed: from the random tag in a record's header to the person's opaque id, and from there to the label as it was under a
 * roster version. The tags of all people ever enrolled are read once, before the rows; labels are kept for the last version
 * asked. Borrowed texts are valid until the next call. One thread. */
#ifndef SK_EXPORT_PEOPLE_H
#define SK_EXPORT_PEOPLE_H

#include "schemas/store/store.h"
#include "schemas/store/vault.h"

struct sk_people;
/* vault NULL: ids only. */
enum sk_err sk_people_load(struct sk_store *store, struct sk_vault *vault, struct sk_people **ret_people);
void sk_people_free(struct sk_people *people);
/* NULL: the tag is zero or nobody's. */
const char *sk_people_id(struct sk_people *people, const uint8_t tag[SK_SUBJECT_SIZE]);
/* Of the person last asked for; NULL without a vault, and for a person whose label was erased. */
const struct sk_person_label *sk_people_label(struct sk_people *people, uint64_t version);
/* The text that somebody typed, by its commitment; NOT_FOUND: erased; DENIED: without a vault. */
enum sk_err sk_people_words(struct sk_people *people, const uint8_t commit[SK_HASH_SIZE], struct sk_words *ret_words);

#endif
