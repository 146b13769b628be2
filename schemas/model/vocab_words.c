/* SPDX-License-Identifier: Apache-2.0 */
/* State and flag words for people, from schemas/vocab/state_words.def. */
#include <string.h>

#include "schemas/model/vocab.h"

static const struct sk_state_word words[] = {
#define W(word, ja, en) {word, ja, en},
#include "schemas/vocab/state_words.def"
#undef W
};

const struct sk_state_word *sk_state_word_at(size_t index)
{
    return index < sizeof words / sizeof words[0] ? &words[index] : NULL;
}

const char *sk_state_word_text(const char *word, enum sk_lang lang)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, word) == 0)
            return lang == SK_LANG_JA ? words[i].ja : words[i].en;
    return NULL;
}
