/* SPDX-License-Identifier: Apache-2.0 */
/* Door states: small families of ONVIF words under one roof, told apart by the family's name. */
#include <string.h>

#include "schemas/model/vocab.h"

struct door_row {
    const char *family, *word, *ja;
    int value;
};
#define D(family, symbol, value, word, ja) {#family, word, ja, symbol},
static const struct door_row ROWS[] = {
#include "schemas/vocab/door_states.def"
};
#undef D

static const struct door_row *row_of(const char *family, int value)
{
    for (size_t i = 0; family && i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (ROWS[i].value == value && !strcmp(ROWS[i].family, family))
            return &ROWS[i];
    }
    return NULL;
}

const char *sk_door_word(const char *family, int value)
{
    const struct door_row *row = row_of(family, value);
    return row ? row->word : NULL;
}

int sk_door_parse(const char *family, const char *word)
{
    for (size_t i = 0; family && word && i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (!strcmp(ROWS[i].family, family) && !strcmp(ROWS[i].word, word))
            return ROWS[i].value;
    }
    return -1;
}

/* ONVIF's words are English already. */
const char *sk_door_text(const char *family, int value, enum sk_lang lang)
{
    const struct door_row *row = row_of(family, value);

    if (!row)
        return NULL;
    return lang == SK_LANG_JA ? row->ja : row->word;
}
