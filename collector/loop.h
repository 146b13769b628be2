/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's one loop: file descriptors and what to do when they are ready. Nothing else waits in this process.
 *
 * A source is added with a callback; it may remove itself or any other source from inside a callback (removal takes effect at
 * once: a removed source is never called again, even when epoll had already reported it). One thread. */
#ifndef SK_COLLECTOR_LOOP_H
#define SK_COLLECTOR_LOOP_H

#include <stdint.h>

#include "schemas/base/err.h"

struct sk_loop;
struct sk_source;
typedef void sk_ready(void *context, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP ... */

enum sk_err sk_loop_create(struct sk_loop **ret_loop);
void sk_loop_free(struct sk_loop *loop);
enum sk_err sk_loop_add(struct sk_loop *loop, int fd, uint32_t events, sk_ready *ready, void *context,
                        struct sk_source **ret_source);
enum sk_err sk_loop_change(struct sk_loop *loop, struct sk_source *source, uint32_t events);
void sk_loop_remove(struct sk_loop *loop, struct sk_source *source); /* the descriptor stays the caller's; NULL is fine */
/* Waits at most timeout_ms (-1: for ever) and calls what is ready. */
enum sk_err sk_loop_turn(struct sk_loop *loop, int timeout_ms);

#endif
