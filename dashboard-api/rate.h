/* SPDX-License-Identifier: Apache-2.0 */
/* How many failed sign-ins one source may have: a bucket per address that holds `per_minute` and fills again evenly. Only
 * failures are counted, so people behind one address do not shut each other out by signing in; sources beyond the table push
 * out those that have been well longest. Threads: any; one lock. */
#ifndef SK_DASHBOARD_RATE_H
#define SK_DASHBOARD_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/err.h"

struct sk_rate;

/* per_minute 0: no limit. */
enum sk_err sk_rate_create(uint32_t per_minute, struct sk_rate **ret_rate);
void sk_rate_free(struct sk_rate *rate); /* NULL is fine */
/* May this source try once more? Else *ret_wait_s says in how many seconds. */
bool sk_rate_may(struct sk_rate *rate, const char *source, int64_t mono_us, uint32_t *ret_wait_s);
void sk_rate_failed(struct sk_rate *rate, const char *source, int64_t mono_us);

#endif
