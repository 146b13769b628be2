/* SPDX-License-Identifier: Apache-2.0 */
/* The reaper: every connection has an absolute deadline, and who misses it is shut down.
 *
 * The library's own time-out counts inactivity, so one byte every few seconds keeps a connection for ever. Here a thread walks
 * the list of connections every quarter of a second and calls shutdown() on those past their deadline; the library then finds
 * the socket dead and cleans up. An entry is on the list from the opening of its socket until just before its closing, so a
 * descriptor on the list is never somebody else's. */
#ifndef SK_DASHBOARD_HTTP_WATCH_H
#define SK_DASHBOARD_HTTP_WATCH_H

#include <stdint.h>

#include "schemas/base/err.h"

struct sk_watch;
struct sk_watched;

enum sk_err sk_watch_create(struct sk_watch **ret_watch);
void sk_watch_free(struct sk_watch *watch); /* after the last sk_watch_remove */

/* NULL on no memory. ms: from now. */
struct sk_watched *sk_watch_add(struct sk_watch *watch, int socket, int64_t ms);
void sk_watch_remove(struct sk_watch *watch, struct sk_watched *watched);
void sk_watch_within(struct sk_watch *watch, struct sk_watched *watched, int64_t ms); /* new deadline: ms from now; < 0 none */

#endif
