/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a checkpoint note and as a public key. No note of a stranger can verify under this key. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/store/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t public_key[SK_PUBLIC_KEY_SIZE] = {9, 8, 7};
    struct sk_note note;
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    char name[SK_ORIGIN_MAX], text[SK_NOTE_MAX];
    if (sk_note_check((const char *)data, size, public_key, &note) == SK_OK)
        abort();
    if (size < sizeof text) {
        memcpy(text, data, size);
        text[size] = '\0';
        if (sk_public_key_parse(text, key, name) == SK_OK && strlen(name) >= SK_ORIGIN_MAX)
            abort();
    }
    return 0;
}
