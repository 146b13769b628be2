/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that speaks lines: bounded input, queued output with a ceiling, no blocking. Used by commands and feeds.
 *
 * Life: sk_line_create() takes the descriptor; sk_line_free() closes it. on_line gets each line without its newline,
 * NUL-terminated, valid only during the call; on_close is called once when the peer left, broke a bound, or the output passed
 * its ceiling: the owner then frees the connection (from inside is fine). One thread: the loop's. */
#ifndef SK_COLLECTOR_LINE_H
#define SK_COLLECTOR_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/loop.h"

enum { SK_LINE_IN_MAX = 65536 };
#define SK_LINE_OUT_MAX ((size_t)4 << 20) /* DESIGN: a reader 4 MiB behind is dropped */

struct sk_line;
struct sk_line_events {
    void (*on_line)(void *context, char *text, size_t length);
    void (*on_close)(void *context, const char *why);
};

enum sk_err sk_line_create(struct sk_loop *loop, int fd, const struct sk_line_events *events, void *context,
                           struct sk_line **ret_line);
void sk_line_free(struct sk_line *line);
/* The descriptor that was passed with the line on_line is about, now the caller's; -1: none. What nobody takes is closed after
 * the call; of several with one line all but the newest are closed. */
int sk_line_take_fd(struct sk_line *line);
/* Queues bytes and sends what the socket takes. On an overfull queue the connection is marked broken and on_close follows at
 * the next turn of the loop, never from inside this call. */
void sk_line_send(struct sk_line *line, const char *bytes, size_t length);
/* The same with a descriptor beside the first byte (SCM_RIGHTS); it stays the caller's. -1: none. A connection that has not
 * even taken its earlier answers is broken instead. */
void sk_line_send_fd(struct sk_line *line, const char *bytes, size_t length, int fd);
/* Queues only: for many lines at once; sk_line_flush() sends. A queue of 64 KiB is sent by itself. */
void sk_line_put(struct sk_line *line, const char *bytes, size_t length);
void sk_line_flush(struct sk_line *line);
/* Ends the connection; on_close follows at the next turn of the loop. */
void sk_line_break(struct sk_line *line, const char *why);
size_t sk_line_queued(const struct sk_line *line); /* bytes the other side has not taken */
/* While on, the queue has no ceiling (a snapshot is as large as the site). Off: the ceiling is SK_LINE_OUT_MAX above what is
 * queued now, and SK_LINE_OUT_MAX again once the queue was empty. */
void sk_line_lift_ceiling(struct sk_line *line, bool on);

#endif
