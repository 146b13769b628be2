/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from outside, made strict before cJSON sees it.
 *
 * cJSON takes twin keys, trailing bytes, 1e999 and turns integers beyond 2^53 into neighbours (field notes in DECISIONS.md).
 * sk_json_parse() therefore walks the text first: valid UTF-8, depth, number of members, no twin keys, no trailing bytes,
 * numbers that a double holds (integers beyond 2^53 are refused: they travel as decimal strings), no NUL escape, no lone
 * surrogate. Comments (slash-slash and slash-star) are taken out only where the caller says so: site files and profiles.
 *
 * Table-driven reading: a struct is described by rows of struct sk_key; unknown keys are errors that name their path. */
#ifndef SK_BASE_JSON_H
#define SK_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

struct sk_json_limits {
    size_t bytes;   /* whole text */
    int depth;      /* nested arrays and objects */
    size_t members; /* members and elements altogether */
    bool comments;  /* // and slash-star comments allowed */
};

extern const struct sk_json_limits SK_JSON_REQUEST; /* 64 KiB, depth 16, 1 000 members, no comments */
extern const struct sk_json_limits SK_JSON_PAYLOAD; /* 64 KiB, depth 16, 4 000 members, no comments: device payloads */
extern const struct sk_json_limits SK_JSON_FILE;    /* 16 MiB, depth 32, 1 000 000 members, comments: site files, profiles */

/* Parses text of length bytes. On success the caller owns *ret_json (cJSON_Delete). Faults name line and column. */
enum sk_err sk_json_parse(const char *text, size_t length, const struct sk_json_limits *limits, cJSON **ret_json,
                          struct sk_fault *fault);
/* Reads a whole file with the same rules; faults begin with the file's name. */
enum sk_err sk_json_parse_file(const char *path, const struct sk_json_limits *limits, cJSON **ret_json, struct sk_fault *fault);

/* Member by name, or NULL. Never walks into arrays. */
const cJSON *sk_json_get(const cJSON *object, const char *name);
/* Value at a dotted path ("temp.value", "sensors.2.t"); NULL when any step is missing. Path of at most 256 bytes. */
const cJSON *sk_json_path(const cJSON *root, const char *path);
/* Integers: from a JSON number without fraction within +-2^53, or from a decimal string (64-bit numbers travel so). */
bool sk_json_i64(const cJSON *item, int64_t *ret_value);
bool sk_json_u64(const cJSON *item, uint64_t *ret_value);
const char *sk_json_text(const cJSON *item); /* NULL unless a string */

/* Building: every 64-bit number as decimal string; times as RFC 3339 UTC with microseconds. All return false on no memory. */
bool sk_json_add_u64(cJSON *object, const char *name, uint64_t value);
bool sk_json_add_i64(cJSON *object, const char *name, int64_t value);
bool sk_json_add_time(cJSON *object, const char *name, int64_t utc_us);
bool sk_json_add_hex(cJSON *object, const char *name, const uint8_t *bytes, size_t length);

#endif
