/* SPDX-License-Identifier: Apache-2.0 */
/* The live stream: one encoding of each event, shared by all readers, each of whom holds a position.
 *
 * Frames (finished SSE texts) stand in a ring of at most SK_LIVE_BYTES; a reader whose position fell out of it is ended and
 * begins again with a snapshot. Only records carry `id:`, so only records can be resumed: from the ring, or through `replay`
 * from the store. A stream begins with `snapshot`, then the missed records in order, then what is live.
 * Roles: a reader gets the kinds that the permission table gives to his roles (read.points, read.alarms, read.entries,
 * read.records), and entries once only. Threads: all functions are thread-safe; publish from one thread at a time. */
#ifndef SK_DASHBOARD_LIVE_H
#define SK_DASHBOARD_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dashboard-api/http.h"
#include "dashboard-api/identity.h"
#include "dashboard-api/out.h"

enum sk_live_kind { SK_LIVE_STATE, SK_LIVE_POINT, SK_LIVE_ALARM, SK_LIVE_ENTRY, SK_LIVE_RECORD };
enum { SK_LIVE_BYTES = 4 << 20, SK_LIVE_FRAMES = 16384, SK_LIVE_PER_ACCOUNT = 16 };

struct sk_live;

struct sk_live_config {
    /* Appends at most some records as frames, from *next up to and including last, of the classes in the mask; moves *next
     * behind what it looked at. Not SK_OK: the store cannot be read, the reader is told of the gap. */
    enum sk_err (*replay)(void *context, uint16_t class_mask, uint64_t *next, uint64_t last, struct sk_out *out);
    void (*wake)(void *context);
    void (*describe)(void *context, struct sk_out *out); /* data of a snapshot event */
    void *context;
};

enum sk_err sk_live_create(const struct sk_live_config *config, struct sk_live **ret_live);
void sk_live_free(struct sk_live *live); /* after the last stream is gone */

/* One frame for everybody. seq only for entries and records. Wakes the readers. */
void sk_live_publish(struct sk_live *live, enum sk_live_kind kind, const char *event, uint64_t seq, const char *json);
/* Between hold(true) and hold(false) frames wake nobody; hold(false) wakes once for all of them. For one thread: the one that
 * has many frames at once. A frame costs each reader a copy, a wake costs each a suspension and a packet. */
void sk_live_hold(struct sk_live *live, bool on);
/* The log stands at `record` (its newest; has_record false: empty). Missing records are replayed from the store; where that
 * fails, or the log went back, all streams are ended so that they begin anew. */
void sk_live_sync(struct sk_live *live, bool has_record, uint64_t record);
/* Writes one record's frame: event `entry` for class access, else `record`. */
void sk_live_frame(struct sk_out *out, const char *event, bool has_seq, uint64_t seq, const char *json);

/* A new reader: after = number of the last record he has seen. SK_ERR_FULL: that account has too many. */
enum sk_err sk_live_open(struct sk_live *live, const struct sk_identity *who, bool resume, uint64_t after,
                         struct sk_http_source *ret_source);
size_t sk_live_count(struct sk_live *live);
/* Ends the streams opened with that secret. */
void sk_live_end(struct sk_live *live, const struct sk_hash *mark);
/* The identity of a stream not checked for so long (a copy with its secret: wipe it), marked as checked now; false: none. */
bool sk_live_due(struct sk_live *live, int64_t age_us, struct sk_identity *ret_who);

#endif
