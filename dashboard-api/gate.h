/* SPDX-License-Identifier: Apache-2.0 */
/* The strict gate: is this header block one that every HTTP implementation reads the same way?
 *
 * What two parsers read differently is how requests are smuggled, so whatever is not plain is refused with a status and the
 * connection is closed. Pure: fed with the fields one by one, asked once. Rules (RFC 9112; access checklist S25, S26):
 * HTTP/1.1 only, exactly one Host, at most one Content-Length of digits only, at most one Transfer-Encoding which is "chunked",
 * never both, token characters in names, no control character in values, single-valued fields once. */
#ifndef SK_DASHBOARD_GATE_H
#define SK_DASHBOARD_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SK_GATE_FIELDS_MAX = 64, SK_GATE_BYTES_MAX = 8192, SK_GATE_BODY_MAX = 65536 };

struct sk_gate {
    unsigned seen; /* one bit per single-valued field */
    size_t fields, bytes;
    uint64_t body_length;
    int status;      /* first refusal: 400, 413, 431; 0 so far so good */
    const char *why; /* static text */
};

void sk_gate_field(struct sk_gate *gate, const char *name, size_t name_length, const char *value, size_t value_length);
/* After the last field: 0, or the status to refuse with (gate->why says why). version as in the request line. */
int sk_gate_done(struct sk_gate *gate, const char *version);

#endif
