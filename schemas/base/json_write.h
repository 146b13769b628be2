/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written straight into a bounded buffer: for what is said thousands of times a second, where a tree per line costs more
 * than all the rest. Everything else is built with cJSON.
 *
 * A sticky error: what does not fit marks the writer bad and nothing more is written; ask once, at the end. Members come in the
 * order of the calls; `name` is one of our own words (no escapes) and NULL for an element of an array or the outermost value.
 * Texts must be valid UTF-8: control characters, quotes and backslashes are escaped. Numbers read back as the same double; what
 * is not finite is null. Pure, no memory. */
#ifndef SK_BASE_JSON_WRITE_H
#define SK_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_json_writer {
    char *buffer; /* borrowed; not NUL-terminated */
    size_t capacity, length;
    bool bad;
    bool follows; /* a value stands before: a comma first */
};

void sk_json_writer_init(struct sk_json_writer *writer, char *buffer, size_t capacity);
void sk_json_write_open(struct sk_json_writer *writer, const char *name, char bracket);     /* '{' or '[' */
void sk_json_write_close(struct sk_json_writer *writer, char bracket);                      /* '}' or ']' */
void sk_json_write_text(struct sk_json_writer *writer, const char *name, const char *text); /* NULL as "" */
void sk_json_write_number(struct sk_json_writer *writer, const char *name, double number);
void sk_json_write_bool(struct sk_json_writer *writer, const char *name, bool value);
void sk_json_write_null(struct sk_json_writer *writer, const char *name);
/* RFC 3339 UTC with microseconds; null for 0. */
void sk_json_write_time(struct sk_json_writer *writer, const char *name, int64_t utc_us);
void sk_json_write_newline(struct sk_json_writer *writer); /* ends a line of a stream; the next value begins a new one */

#endif
