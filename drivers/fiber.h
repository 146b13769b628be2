/* SPDX-License-Identifier: Apache-2.0 */
/* Many sessions on one thread: a fiber is a function with a stack of its own that gives the thread away only where it waits.
 *
 * Why: hundreds of links are asked once a second each. With a thread per link every question costs two switches between tasks;
 * on one thread the questions of a moment leave one behind the other and their answers are taken as they come. A driver is
 * written as for a thread of its own: it blocks, but only through sk_fiber_wait() and sk_fiber_aside(), which do the same on an
 * ordinary thread. Whatever else blocks in a fiber stops all of them.
 *
 * Order: create, add, run, free. Threads: all but create and free happen on the one thread that calls run; works set aside run
 * on threads of their own. Times are CLOCK_BOOTTIME microseconds. A fiber holds no lock while it waits. */
#ifndef SK_DRIVERS_FIBER_H
#define SK_DRIVERS_FIBER_H

#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

struct sk_fibers;

/* Asked whenever all fibers wait: `awaiting` of them for something with a deadline (an answer), the others sleep or are set
 * aside. Returns when it wants to be asked again at the latest; SK_NEVER: not before a fiber has run. */
struct sk_fibers_rest {
    int64_t (*rest)(void *context, size_t awaiting);
    void *context;
};

/* Room for `most` fibers; rest may be NULL. NOMEM, IO (no descriptor). */
enum sk_err sk_fibers_create(size_t most, const struct sk_fibers_rest *rest, struct sk_fibers **ret_fibers);
/* One more, started by run. NOMEM: no stack, FULL. */
enum sk_err sk_fibers_add(struct sk_fibers *fibers, void (*work)(void *argument), void *argument);
/* Returns when every fiber has returned. Once stop_fd is readable, no wait that heeds the stop lasts. IO: the system does not
 * let it wait; fibers may be left half done. */
enum sk_err sk_fibers_run(struct sk_fibers *fibers, int stop_fd);
void sk_fibers_free(struct sk_fibers *fibers); /* NULL is fine; not before run has returned */

/* Until fd (-1: none) is readable or closed by the other side (OK), deadline_us is reached (TIMEOUT), or the stop (CLOSED).
 * stop_fd -1: the stop is not heeded; on a fiber any other number means the stop of run. IO: the descriptor cannot be watched.
 */
enum sk_err sk_fiber_wait(int fd, int stop_fd, int64_t deadline_us);

/* Does what blocks otherwise (a library that connects): on a thread of its own while the other fibers go on, and returns when
 * it is done. On an ordinary thread, or where there is none to be had, it is simply done. */
void sk_fiber_aside(void (*work)(void *argument), void *argument);

#endif
