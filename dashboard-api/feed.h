/* SPDX-License-Identifier: Apache-2.0 */
/* The feed: one thread that reads the collector's feed connection for ever and brings it to mirror and live stream.
 * It reconnects with back-off (0.2 s to 2 s); a feed silent for SK_FEED_SILENT_MS counts as gone. */
#ifndef SK_DASHBOARD_FEED_H
#define SK_DASHBOARD_FEED_H

#include "dashboard-api/live.h"
#include "dashboard-api/mirror.h"
#include "schemas/base/err.h"

enum { SK_FEED_SILENT_MS = 5000 };

struct sk_feed;
/* All borrowed until sk_feed_stop(). */
enum sk_err sk_feed_start(const char *socket_path, struct sk_mirror *mirror, struct sk_live *live, struct sk_feed **ret_feed);
void sk_feed_stop(struct sk_feed *feed);

#endif
