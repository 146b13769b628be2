/* SPDX-License-Identifier: Apache-2.0 */
/* A request target, taken apart strictly: "/api/v1/entries?door=d1&limit=50" -> segments and parameters.
 *
 * Pure, so that it can be fuzzed: the server below has already decoded and cut what it hands over ("%00" ends a C string), so
 * the raw bytes of the request line are read here and nowhere else. Refused with SK_ERR_PARSE: anything that does not begin
 * with '/', a byte outside RFC 3986's path and query characters, a broken percent escape, a control character or invalid UTF-8
 * after decoding, an encoded slash or backslash, "." and ".." and empty segments, a parameter without a name, one given twice.
 * SK_ERR_TOO_LONG: more than SK_TARGET_MAX bytes, SK_TARGET_SEGMENTS segments or SK_TARGET_PARAMS parameters.
 * '+' stands for itself (RFC 3986, not the form encoding), so that "+09:00" in a time needs no escape. */
#ifndef SK_DASHBOARD_TARGET_H
#define SK_DASHBOARD_TARGET_H

#include <stddef.h>

#include "schemas/base/err.h"

enum { SK_TARGET_MAX = 4096, SK_TARGET_SEGMENTS = 8, SK_TARGET_PARAMS = 16 };

struct sk_target {
    char text[SK_TARGET_MAX + 2]; /* decoded pieces, each with its NUL; all pointers below point in here */
    const char *segments[SK_TARGET_SEGMENTS];
    size_t segment_count; /* 0: the target is "/" */
    struct sk_target_param {
        const char *name, *value; /* value "" when there was no '=' */
    } params[SK_TARGET_PARAMS];
    size_t param_count;
};

enum sk_err sk_target_parse(const char *raw, size_t length, struct sk_target *ret_target, struct sk_fault *fault);
/* Value of a parameter, or NULL when it was not given. */
const char *sk_target_param(const struct sk_target *target, const char *name);
/* First parameter whose name is not a word of the space-separated list, or NULL. */
const char *sk_target_unknown(const struct sk_target *target, const char *allowed);

#endif
