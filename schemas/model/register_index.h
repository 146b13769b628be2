/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries ever named this person, visit or kind: an index beside the shelves of the fold, so that a question about one
 * person does not walk everybody's papers. Private to this folder.
 *
 * One list per (field, text), for the fields of its table only; a list holds an entry when any act of it said the text, in
 * order of numbers. So a list is never too short; who asks looks what stands at his moment. Entries are borrowed from the fold,
 * which drops them here before it frees them. Memory in sk_register_index_add() only. Threads: one. */
#ifndef SK_MODEL_REGISTER_INDEX_H
#define SK_MODEL_REGISTER_INDEX_H

#include "schemas/model/register.h"

struct sk_register_list;
struct sk_register_index {
    struct sk_register_list **buckets; /* a power of two */
    size_t bucket_count, list_count;
};
void sk_register_index_release(struct sk_register_index *index);
/* Enters the entry under what this act says. NOMEM: under some of it perhaps. */
enum sk_err sk_register_index_add(struct sk_register_index *index, const struct sk_entry *entry,
                                  const struct sk_register_act *act);
/* Takes out every entry that is to go, and lists nobody is on. */
void sk_register_index_drop(struct sk_register_index *index, bool (*goes)(const void *context, const struct sk_entry *entry),
                            const void *context);
struct sk_entries sk_register_index_get(const struct sk_register_index *index, uint16_t field, const char *text);

#endif
