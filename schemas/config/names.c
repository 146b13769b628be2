/* SPDX-License-Identifier: Apache-2.0 */
/* Twins: the same id given to two things of one list, found by sorting an array of pointers in n log n. And names that were
 * perhaps meant. */
#include <stdlib.h>
#include <string.h>

#include "schemas/config/load.h"

struct entry {
    const char *id;
    size_t index;
};

static int entry_compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = strcmp(a->id, b->id);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

enum sk_err cfg_twins(struct cfg *c, const struct cfg_at *at, const void *items, size_t count, size_t size)
{
    struct entry *entries = cfg_arena_take(c->scratch, count, sizeof(*entries));
    const char *item = items;
    if (entries == NULL)
        return cfg_nomem(c);
    for (size_t i = 0; i < count; i++, item += size) {
        memcpy(&entries[i].id, item, sizeof(entries[i].id));
        entries[i].index = i;
    }
    qsort(entries, count, sizeof(*entries), entry_compare);
    for (size_t i = 1; i < count; i++)
        if (strcmp(entries[i - 1].id, entries[i].id) == 0)
            return cfg_fail(c, CFG_AT_INDEX(at, entries[i].index), SK_ERR_EXISTS,
                            "found '%s' again, as in element %zu; expected a name of its own; rename one", entries[i].id,
                            entries[i - 1].index);
    return SK_OK;
}

/* Edits between two words (Levenshtein), for "did you mean"; words longer than a row count as far apart. */
int cfg_distance(const char *a, const char *b)
{
    int row[40];
    size_t n = strlen(b);
    if (n >= sizeof(row) / sizeof(row[0]) || strlen(a) >= sizeof(row) / sizeof(row[0]))
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = (int)j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        int diagonal = row[0];
        row[0] = (int)i + 1;
        for (size_t j = 0; j < n; j++) {
            int best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (row[j + 1] + 1 < best)
                best = row[j + 1] + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[n];
}

const char *cfg_nearest(const char *word, const char *(*name_at)(size_t index))
{
    const char *nearest = NULL;
    int least = 3;
    for (size_t i = 0; name_at(i) != NULL; i++) {
        const int d = cfg_distance(word, name_at(i));
        if (d < least) {
            least = d;
            nearest = name_at(i);
        }
    }
    return nearest;
}
