/* SPDX-License-Identifier: Apache-2.0 */
/* What sanitizers and valgrind must be told when a thread goes on with another stack; nothing where there are none. Private to
 * fiber.c. */
#ifndef SK_DRIVERS_FIBER_SWITCH_H
#define SK_DRIVERS_FIBER_SWITCH_H

#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define SK_SWITCH_ASAN 1
#else
#define SK_SWITCH_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define SK_SWITCH_TSAN 1
#else
#define SK_SWITCH_TSAN 0
#endif

#ifdef SK_VALGRIND
#include <valgrind/valgrind.h>
#endif

/* One stack as the sanitizers know it. */
struct sk_switch {
    void *shadow;       /* ASan's, while the stack is left */
    const void *bottom; /* lowest address */
    size_t size;
    void *race;    /* TSan's name of it */
    unsigned name; /* valgrind's */
};

static inline void sk_switch_init(struct sk_switch *to, void *bottom, size_t size)
{
    *to = (struct sk_switch){.bottom = bottom, .size = size};
#if SK_SWITCH_TSAN
    to->race = __tsan_create_fiber(0);
#endif
#ifdef SK_VALGRIND
    to->name = VALGRIND_STACK_REGISTER(bottom, (char *)bottom + size);
#endif
}

/* The stack that the thread came with. */
static inline void sk_switch_init_own(struct sk_switch *own)
{
    *own = (struct sk_switch){0};
#if SK_SWITCH_TSAN
    own->race = __tsan_get_current_fiber();
#endif
}

/* Its memory goes back to the system. */
static inline void sk_switch_release(struct sk_switch *what)
{
#if SK_SWITCH_ASAN
    __asan_unpoison_memory_region(what->bottom, what->size);
#endif
#if SK_SWITCH_TSAN
    if (what->race != NULL)
        __tsan_destroy_fiber(what->race);
#endif
    what->race = NULL;
#ifdef SK_VALGRIND
    VALGRIND_STACK_DEREGISTER(what->name);
#endif
}

/* Just before; `last`: `from` will never be gone on with. */
static inline void sk_switch_leave(struct sk_switch *from, const struct sk_switch *to, int last)
{
    (void)from, (void)to, (void)last;
#if SK_SWITCH_ASAN
    __sanitizer_start_switch_fiber(last ? NULL : &from->shadow, to->bottom, to->size);
#endif
#if SK_SWITCH_TSAN
    __tsan_switch_to_fiber(to->race, 0);
#endif
}

/* Just after, on `here`; what is learned of the stack left is noted in `left`. */
static inline void sk_switch_enter(struct sk_switch *here, struct sk_switch *left)
{
    (void)here, (void)left;
#if SK_SWITCH_ASAN
    __sanitizer_finish_switch_fiber(here->shadow, &left->bottom, &left->size);
#endif
}

#endif
