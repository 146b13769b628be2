/* SPDX-License-Identifier: Apache-2.0 */
/* The allocation seam: thin over malloc, with a per-thread countdown that lets a test fail the n-th call. */
#include "schemas/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local unsigned long countdown, made;

static int must_fail(void)
{
    made++;
    if (countdown == 0)
        return 0;
    return --countdown == 0;
}

static int too_much(size_t count, size_t size)
{
    return size != 0 && count > SK_MEM_MAX / size;
}

void *sk_calloc(size_t count, size_t size)
{
    if (must_fail() || too_much(count, size))
        return NULL;
    return calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
}

void *sk_realloc(void *old, size_t count, size_t size)
{
    if (must_fail() || too_much(count, size))
        return NULL;
    return realloc(old, count * size == 0 ? 1 : count * size);
}

char *sk_strndup(const char *text, size_t length)
{
    length = strnlen(text, length);
    char *copy = sk_calloc(length + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

char *sk_strdup(const char *text)
{
    return sk_strndup(text, strlen(text));
}

void sk_free(void *memory)
{
    free(memory);
}

void sk_free_secret(void *memory, size_t length)
{
    if (memory != NULL)
        explicit_bzero(memory, length);
    free(memory);
}

void *sk_grow(void *items, size_t count, size_t *capacity, size_t size, size_t ceiling)
{
    if (count < *capacity)
        return items;
    if (count >= ceiling)
        return NULL;
    size_t larger = *capacity == 0 ? 8 : *capacity * 2;
    if (larger > ceiling)
        larger = ceiling;
    void *moved = sk_realloc(items, larger, size);
    if (moved != NULL)
        *capacity = larger;
    return moved;
}

unsigned long sk_mem_fail_at(unsigned long n)
{
    unsigned long before = made;
    made = 0;
    countdown = n;
    return before;
}
