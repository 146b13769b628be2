/* SPDX-License-Identifier: Apache-2.0 */
/* The feed: everything that became visible, to every reader that asked, encoded once. Lines: collector/PROTOCOL.md.
 * A reader gets a snapshot when it joins, in slices with bounded memory, then changes; points at most once a second each; a
 * reader too far behind, or one that leaves its snapshot lying for half a minute, is dropped and begins again. The collector
 * waits for none. One thread. */
#ifndef SK_COLLECTOR_FEED_H
#define SK_COLLECTOR_FEED_H

#include "collector/engine/engine.h"
#include "collector/line.h"
#include "schemas/store/store.h"

struct sk_feed;

enum sk_err sk_feed_create(const struct sk_site *site, const struct sk_engine *engine, struct sk_store *store,
                           struct sk_feed **ret_feed);
void sk_feed_free(struct sk_feed *feed); /* closes all readers */
/* Takes the connection over (FULL: too many readers; the caller keeps it). Its snapshot comes with the next tends. */
enum sk_err sk_feed_join(struct sk_feed *feed, struct sk_line *line, bool writable);
void sk_feed_leave(struct sk_feed *feed, const struct sk_line *line);

void sk_feed_record(struct sk_feed *feed, const struct sk_record *record);
void sk_feed_alarm(struct sk_feed *feed, const struct sk_alarm *alarm, bool recorded);
void sk_feed_point(struct sk_feed *feed, uint32_t point);
/* Sends points that are due, slices of snapshots and the heartbeat; next time something is due (mono; now: a snapshot goes on).
 */
int64_t sk_feed_tend(struct sk_feed *feed, const struct sk_now *now, bool writable);

#endif
