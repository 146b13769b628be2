/* SPDX-License-Identifier: Apache-2.0 */
/* Text under construction: grows, remembers the first failure, asked once at the end. */
#ifndef SK_DASHBOARD_OUT_H
#define SK_DASHBOARD_OUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct sk_out {
    char *text; /* NUL-terminated once anything was put; owned */
    size_t length, capacity;
    bool bad; /* no memory, or more than SK_OUT_MAX */
};
enum { SK_OUT_MAX = 16 << 20 };

void sk_out_put(struct sk_out *out, const char *text);
void sk_out_put_bytes(struct sk_out *out, const char *bytes, size_t length);
void sk_out_format(struct sk_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sk_out_json_text(struct sk_out *out, const char *text); /* quoted and escaped */
void sk_out_json(struct sk_out *out, const cJSON *json);     /* compact; NULL marks the text bad */
void sk_out_release(struct sk_out *out);

#endif
