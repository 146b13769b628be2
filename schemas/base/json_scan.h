/* SPDX-License-Identifier: Apache-2.0 */
/* The strict walk over JSON text that comes before cJSON; private to schemas/base. */
#ifndef SK_BASE_JSON_SCAN_H
#define SK_BASE_JSON_SCAN_H

#include "schemas/base/json.h"

/* Blanks comments out in place (same length, newlines kept, so that places in errors stay true). PARSE: one is never closed. */
enum sk_err sk_json_blank_comments(char *text, size_t length, struct sk_fault *fault);
/* Accepts text exactly when it is one JSON value within the limits and every rule of json.h. */
enum sk_err sk_json_scan(const char *text, size_t length, const struct sk_json_limits *limits, struct sk_fault *fault);

#endif
