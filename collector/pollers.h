/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of the poller processes: starts them, reads what they hand over, tells them what is committed, starts them
 * again when they die (back-off 1 s to 30 s). Each message is decoded and given to the handlers inside sk_loop_turn(); event
 * pollers are read before the others in sk_pollers_take(), so that door events come before samples. One thread. */
#ifndef SK_COLLECTOR_POLLERS_H
#define SK_COLLECTOR_POLLERS_H

#include "collector/loop.h"
#include "drivers/handover.h"

struct sk_pollers;

struct sk_poller_events {
    void *context;
    bool (*batch)(void *context,
                  const struct sk_batch *batch);       /* false: it contradicts what was said before; the poller is ended */
    void (*given_up)(void *context, uint64_t samples); /* so many more found no room */
    void (*event)(void *context, struct sk_access_event *event);
    bool (*list)(void *context, const void *bytes, size_t length); /* of sk_permit_chunk_encode(); false: not such bytes */
    void (*malformed)(void *context, const struct sk_malformed *what);
    void (*link_ended)(void *context, uint32_t link, const char *text);
    void (*poller_changed)(void *context, size_t poller, bool running);
    /* It beats, or not (each starts as not): its links are watched, or nobody's. */
    void (*poller_watches)(void *context, size_t poller, bool watches);
    void (*poller_stalled)(void *context, size_t poller, bool stalled); /* it is there and has not run for long */
};

struct sk_poller_options {
    const char *binary;    /* what to execute: this program */
    const char *site_file; /* as named by the user */
    const char *profiles;  /* NULL: default */
};

enum sk_err sk_pollers_create(struct sk_loop *loop, const struct sk_site *site, const struct sk_poller_options *options,
                              const struct sk_poller_events *events, struct sk_pollers **ret_pollers);
/* Starts what is not running and whose back-off is over. */
void sk_pollers_tend(struct sk_pollers *pollers, int64_t mono_us);
int64_t sk_pollers_deadline(const struct sk_pollers *pollers);
/* Reads what has arrived, bounded: packets until `most` messages (the last packet is taken whole). Returns how many were read;
 * hold_events leaves the event poller's messages where they are (its broker then keeps them). */
size_t sk_pollers_take(struct sk_pollers *pollers, size_t most, bool hold_events);
/* After a commit: everything taken so far is durable. */
void sk_pollers_committed(struct sk_pollers *pollers);
/* Who beats? Before inputs are taken, and before anything of the engine's falls due (forced); time in which we did not run
 * ourselves does not count. One that has stood still for half a minute is ended and started anew. */
void sk_pollers_judge(struct sk_pollers *pollers, int64_t mono_us, bool forced);
size_t sk_pollers_running(const struct sk_pollers *pollers);
size_t sk_pollers_count(const struct sk_pollers *pollers);
int sk_pollers_pid(const struct sk_pollers *pollers, size_t poller); /* 0: not running */
/* Children ended (SIGCHLD): collects those that are ours. */
void sk_pollers_reap(struct sk_pollers *pollers, int64_t mono_us);
/* Asks all to end, waits for them, kills what does not end within five seconds. */
void sk_pollers_free(struct sk_pollers *pollers);

#endif
