/* SPDX-License-Identifier: Apache-2.0 */
/* Binary search in the generated table. */
#include "schemas/text/text.h"

#include <string.h>

static const struct sk_text_row rows[] = {
#include "sk_text_rows.inc"
};
enum { ROWS = sizeof rows / sizeof rows[0] };

const struct sk_text_row *sk_text_at(size_t index)
{
    return index < ROWS ? &rows[index] : NULL;
}

const char *sk_text(const char *key, enum sk_lang lang)
{
    size_t low = 0, high = ROWS;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(rows[middle].key, key);
        if (order == 0)
            return rows[middle].text[lang];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return key;
}

const char *sk_text_of_english(const char *english, enum sk_lang lang)
{
    for (size_t i = 0; lang != SK_LANG_EN && i < ROWS; i++)
        if (strcmp(rows[i].text[SK_LANG_EN], english) == 0)
            return rows[i].text[lang];
    return english;
}
