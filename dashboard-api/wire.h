/* SPDX-License-Identifier: Apache-2.0 */
/* Lines over the collector's control socket: connect, send one, read one, each with a deadline.
 * A wire belongs to one thread at a time. Deadlines are mono microseconds. Shape of the lines: collector/PROTOCOL.md. */
#ifndef SK_DASHBOARD_WIRE_H
#define SK_DASHBOARD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

enum { SK_WIRE_LINE_MAX = 65536 };

struct sk_wire {
    int fd;
    int passed;        /* a descriptor that came beside the bytes, not yet taken; -1 none */
    size_t begin, end; /* unread bytes of buffer */
    char buffer[SK_WIRE_LINE_MAX + 1];
};

enum sk_err sk_wire_open(const char *path, struct sk_wire **ret_wire, struct sk_fault *fault); /* IO when nobody listens */
void sk_wire_close(struct sk_wire *wire);
enum sk_err sk_wire_send(struct sk_wire *wire, const char *bytes, size_t length, int64_t deadline_us);
/* One line without its newline, borrowed until the next call. TIMEOUT (call again), CLOSED, TOO_LONG. */
enum sk_err sk_wire_line(struct sk_wire *wire, int64_t deadline_us, char **ret_line, size_t *ret_length);
/* The descriptor that came with what was read; the caller's to close. -1: none. */
int sk_wire_take_fd(struct sk_wire *wire);
/* Is a whole line here already? */
bool sk_wire_more(const struct sk_wire *wire);

#endif
