/* SPDX-License-Identifier: Apache-2.0 */
/* How often one source may do something: a bucket per source that holds `count` and fills again evenly within `period_s`.
 *
 * Three are kept: failed sign-ins by address (only failures are counted, so people behind one address do not shut each other
 * out by signing in), requests by address, requests by account. A source is a short text; sources beyond the table push out
 * those that have been well longest. Threads: any; one lock. */
#ifndef SK_DASHBOARD_RATE_H
#define SK_DASHBOARD_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/err.h"

struct sk_rate;

/* count 0: no limit. period_s is at least 1. */
enum sk_err sk_rate_create(uint32_t count, uint32_t period_s, struct sk_rate **ret_rate);
void sk_rate_free(struct sk_rate *rate); /* NULL is fine */
/* May this source do it once more? Takes nothing. False: *ret_wait_s says in how many seconds it may. */
bool sk_rate_may(struct sk_rate *rate, const char *source, int64_t mono_us, uint32_t *ret_wait_s);
/* It has done it, whether it might or not. */
void sk_rate_count(struct sk_rate *rate, const char *source, int64_t mono_us);
/* May it, and if so it has: one step, so that many threads together take no more than there is. */
bool sk_rate_take(struct sk_rate *rate, const char *source, int64_t mono_us, uint32_t *ret_wait_s);

#endif
