/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of lists that have not changed since they were last asked for, ready to be sent again by any thread.
 *
 * A key names the answer to the byte: route, parameters as they were read, coding. It may be given while the list still has the
 * generation under which it was kept. Bounded: SK_KEPT_SLOTS answers of at most SK_KEPT_BYTES; the one asked for longest ago
 * goes. Nothing in here belongs to somebody: who may see a list is decided before. */
#ifndef SK_DASHBOARD_KEPT_H
#define SK_DASHBOARD_KEPT_H

#include "dashboard-api/http.h"

enum { SK_KEPT_SLOTS = 24, SK_KEPT_KEY = 160, SK_KEPT_BYTES = 256 << 10 };

struct sk_kept;

enum sk_err sk_kept_create(struct sk_kept **ret_kept);
void sk_kept_free(struct sk_kept *kept);
/* With a hold for the caller; NULL when there is none of that generation. */
struct sk_http_ready *sk_kept_find(struct sk_kept *kept, const char *key, uint64_t generation);
/* Takes a hold of its own. A key that is too long is not kept. */
void sk_kept_put(struct sk_kept *kept, const char *key, uint64_t generation, struct sk_http_ready *ready);

#endif
