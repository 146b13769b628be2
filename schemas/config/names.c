/* SPDX-License-Identifier: Apache-2.0 */
/* Twins: the same id given to two things of one list. Sorting an array of pointers finds them in n log n. */
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
