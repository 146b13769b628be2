/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: JSON, and errors as RFC 9457 problem documents. One answer per call. Nothing of the inside leaks into a 5xx. */
#ifndef SK_DASHBOARD_REPLY_H
#define SK_DASHBOARD_REPLY_H

#include "dashboard-api/app.h"

/* Sends out as application/json and releases it; when it is bad, 503. */
void sk_reply_out(struct sk_call *call, struct sk_out *out);
/* Answers that hold no secret of anybody's and no words of who asks: they may be compressed (zstd, when asked for and worth it)
 * without telling by their length what stands in them (BREACH). generation: of what they are made of; 0: none, not tagged.
 * what: names the answer, route and parameters as they were read, so that it can be given again (kept.h); NULL: not kept. */
void sk_reply_open(struct sk_call *call, struct sk_out *out, const char *what, uint64_t generation);
void sk_reply_open_fixed(struct sk_call *call, const char *type, const void *bytes, size_t length);
/* True, and it was answered: the client has this generation already (304), or the answer stands ready. To be asked before the
 * work. Generation 0: false. */
bool sk_reply_known(struct sk_call *call, const char *what, uint64_t generation);
void sk_reply(struct sk_call *call, const struct sk_http_answer *answer);
/* word: a word of schemas/vocab/errors.def, or of our own for refusals of HTTP ("csrf"). */
void sk_reply_problem(struct sk_call *call, int status, const char *word, const char *detail);
void sk_reply_problem_with(struct sk_call *call, int status, const char *word, const char *detail, const char *field,
                           const char *value);
/* 429 with Retry-After. */
void sk_reply_too_many(struct sk_call *call, const char *detail, uint32_t wait_s);
/* An error of the collector or the store, by its code: 400, 401, 403, 404, 409, 503. */
void sk_reply_fault(struct sk_call *call, const struct sk_fault *fault);
/* The same with what is wrong with each field as `faults`; NULL: none. */
void sk_reply_faults(struct sk_call *call, const struct sk_fault *fault, const cJSON *faults);

/* Parameters. False: a 400 was answered. */
bool sk_param_limit(struct sk_call *call, uint32_t *ret_limit);                  /* 1..1000, 100 when not given */
bool sk_param_time(struct sk_call *call, const char *name, int64_t *ret_utc_us); /* 0 when not given */
/* An opaque cursor of one kind (a letter) over a number; *ret_given false when there is none. */
bool sk_param_cursor(struct sk_call *call, char kind, bool *ret_given, uint64_t *ret_number);
void sk_cursor_format(char to[24], char kind, uint64_t number);

#endif
