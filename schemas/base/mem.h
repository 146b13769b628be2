/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: malloc with a seam, so that a test can make the n-th allocation fail.
 *
 * Everything of ours allocates through these; steady-state paths do not allocate at all. NULL means SK_ERR_NOMEM and nothing
 * else. Sizes are bounded by SK_MEM_MAX so that a length from outside cannot ask for the machine. */
#ifndef SK_BASE_MEM_H
#define SK_BASE_MEM_H

#include <stddef.h>

#define SK_MEM_MAX ((size_t)1 << 30)

void *sk_calloc(size_t count, size_t size);             /* zeroed; NULL on overflow, on more than SK_MEM_MAX, on failure */
void *sk_realloc(void *old, size_t count, size_t size); /* old stays valid on NULL; new bytes are not zeroed */
char *sk_strdup(const char *text);
char *sk_strndup(const char *text, size_t length);
void sk_free(void *memory);                       /* NULL is fine */
void sk_free_secret(void *memory, size_t length); /* wiped first */

/* Makes room for one more element in a doubling array: items, count and capacity as the caller keeps them.
 * Returns the array (moved or not), or NULL when it cannot grow; *capacity changes only on success. */
void *sk_grow(void *items, size_t count, size_t *capacity, size_t size, size_t ceiling);

/* Tests only: the n-th allocation from now (1 = next) fails, then all succeed again; 0 turns it off. Returns how many
 * allocations were made since the last call. Per thread. */
unsigned long sk_mem_fail_at(unsigned long n);

#endif
