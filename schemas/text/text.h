/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for people: keys with their Japanese and English, compiled in from ja.json and en.json (one flat object each).
 * The build refuses a key that only one file has. Words of the vocabulary have their texts in schemas/vocab, not here. */
#ifndef SK_TEXT_H
#define SK_TEXT_H

#include <stddef.h>

#include "schemas/model/vocab.h"

struct sk_text_row {
    const char *key;
    const char *text[2]; /* by enum sk_lang */
};

const struct sk_text_row *sk_text_at(size_t index); /* in order of key; NULL past the end */
/* The text of a key; the key itself when there is none, so that a missing text is seen and nothing crashes. */
const char *sk_text(const char *key, enum sk_lang lang);
/* The text whose English is `english`, in that language; `english` itself when there is none. For sentences that stand in the
 * code as they are read there; their figures are in the same order in both languages (unit.text checks it). */
const char *sk_text_of_english(const char *english, enum sk_lang lang);

#endif
