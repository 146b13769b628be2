/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: a Unix stream socket in the state directory, checked by the peer's uid, with two kinds of connection
 * (collector/PROTOCOL.md). Commands run when their line arrives; their answers leave in sk_control_answer(), after the commit.
 * One thread. */
#ifndef SK_COLLECTOR_CONTROL_H
#define SK_COLLECTOR_CONTROL_H

#include "collector/commands.h"
#include "collector/feed.h"
#include "collector/loop.h"

struct sk_control;

struct sk_control_options {
    const char *path;
    uid_t dashboard_uid; /* who may connect, beside root and ourselves */
};

/* A stale socket of an earlier life is replaced; a live one is SK_ERR_BUSY. */
enum sk_err sk_control_create(struct sk_loop *loop, const struct sk_control_options *options, struct sk_command_floor *floor,
                              struct sk_feed *feed, struct sk_control **ret_control, struct sk_fault *fault);
void sk_control_free(struct sk_control *control);
/* Ends connections that say nothing; for now and then. */
void sk_control_tend(struct sk_control *control, int64_t mono_us);
bool sk_control_has_answers(const struct sk_control *control);
/* Sends the answers that wait; committed is what the commit gave for what they changed. */
void sk_control_answer(struct sk_control *control, enum sk_err committed);

#endif
