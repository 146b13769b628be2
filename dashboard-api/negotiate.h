/* SPDX-License-Identifier: Apache-2.0 */
/* Two header fields that ask for less: Accept-Encoding and If-None-Match (RFC 9110). Pure. What is malformed asks for nothing.
 */
#ifndef SK_DASHBOARD_NEGOTIATE_H
#define SK_DASHBOARD_NEGOTIATE_H

#include <stdbool.h>

/* Is the coding named with a weight above 0? A bare `*` is not taken: who wants zstd says so. field NULL: no. */
bool sk_accepts_coding(const char *field, const char *coding);
/* Does the list hold the tag (with its quotes, without W/), or is it `*`? Weak comparison. field NULL: no. */
bool sk_matches_tag(const char *field, const char *tag);

#endif
