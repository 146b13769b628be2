/* SPDX-License-Identifier: Apache-2.0 */
/* One owner for everything a loaded site consists of: memory that is only ever freed as a whole.
 *
 * A site is thousands of small texts and arrays with the same life; a bump allocator makes freeing one call and leaves no
 * half-built object to take apart on an error path. All memory is zeroed. Not for anything that grows while the site lives.
 * Threads: one while building; read-only afterwards. */
#ifndef SK_CONFIG_ARENA_H
#define SK_CONFIG_ARENA_H

#include <stddef.h>

struct cfg_arena;
struct cfg_arena *cfg_arena_create(void);                                 /* NULL: no memory */
void cfg_arena_free(struct cfg_arena *arena);                             /* NULL is fine */
void *cfg_arena_take(struct cfg_arena *arena, size_t count, size_t size); /* NULL: no memory, or too much; never for 0 bytes */
char *cfg_arena_text(struct cfg_arena *arena, const char *text);

#endif
