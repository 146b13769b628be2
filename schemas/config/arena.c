/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation over a chain of blocks; a request larger than a block gets one of its own. */
#include "schemas/config/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "schemas/base/mem.h"

enum { BLOCK = 64 * 1024 };

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

struct cfg_arena {
    struct block *newest;
};

struct cfg_arena *cfg_arena_create(void)
{
    return sk_calloc(1, sizeof(struct cfg_arena));
}

void cfg_arena_free(struct cfg_arena *arena)
{
    if (arena == NULL)
        return;
    for (struct block *block = arena->newest, *next; block != NULL; block = next) {
        next = block->next;
        sk_free(block);
    }
    sk_free(arena);
}

static struct block *block_add(struct cfg_arena *arena, size_t need)
{
    size_t size = need > BLOCK ? need : BLOCK;
    struct block *block = sk_calloc(1, sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->next = arena->newest;
    arena->newest = block;
    return block;
}

void *cfg_arena_take(struct cfg_arena *arena, size_t count, size_t size)
{
    const size_t step = alignof(max_align_t);
    if (size != 0 && count > (SK_MEM_MAX - BLOCK) / size)
        return NULL;
    size_t need = (count * size + step) / step * step; /* at least one step: an empty array still has an address */
    struct block *block = arena->newest;
    if (block == NULL || block->size - block->used < need)
        block = block_add(arena, need);
    if (block == NULL)
        return NULL;
    void *taken = block->bytes + block->used;
    block->used += need;
    return taken;
}

char *cfg_arena_text(struct cfg_arena *arena, const char *text)
{
    size_t length = strlen(text) + 1;
    char *copy = cfg_arena_take(arena, length, 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}
