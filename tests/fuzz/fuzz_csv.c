/* SPDX-License-Identifier: Apache-2.0 */
/* CSV of anybody: every field stays inside the text, rows end, and reading it again after writing it quoted gives the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 8, TEXT_MAX = 4096 };

static void require(bool good)
{
    if (!good)
        abort();
}

/* The row quoted, its length. */
static size_t quote(char *const *fields, size_t count, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        to[length++] = '"';
        for (const char *at = fields[i]; *at != '\0'; at++) {
            if (*at == '"')
                to[length++] = '"';
            to[length++] = *at;
        }
        to[length++] = '"';
        to[length++] = i + 1 < count ? ',' : '\n';
    }
    to[length] = '\0';
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX + 1], again[2 * TEXT_MAX + 4 * FIELDS + 1];
    char *fields[FIELDS], *twins[FIELDS];
    struct sk_csv csv, twin;
    size_t count, twin_count;
    unsigned line, last = 0;
    if (size > TEXT_MAX)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    sk_csv_init(&csv, text);
    while (sk_csv_row(&csv, fields, FIELDS, &count, &line)) {
        require(count > 0 && line > last && csv.at <= text + size);
        last = line;
        for (size_t i = 0; i < count && i < FIELDS; i++)
            require(fields[i] >= text && fields[i] + strlen(fields[i]) <= text + size);
        if (count > FIELDS)
            continue;
        quote(fields, count, again);
        sk_csv_init(&twin, again);
        require(sk_csv_row(&twin, twins, FIELDS, &twin_count, &line) && twin_count == count);
        for (size_t i = 0; i < count; i++)
            require(strcmp(twins[i], fields[i]) == 0);
    }
    return 0;
}
