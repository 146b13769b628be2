/* SPDX-License-Identifier: Apache-2.0 */
/* The permit list of a door controller on MQTT, {base}/list, QoS 1, not retained: bytes -> chunk. Pure; any thread.
 *
 *   {"v":1,"list":"42","taken":"2026-11-20T03:00:00Z","chunk":1,"chunks":3,
 *    "rows":[{"card":"04A1B2","from":"2026-04-01","until":"2027-03-31","doors":["d1"]}]}
 *
 * list: the controller's number of this list; chunk: 1..chunks, sent in order; at most 100 rows each. from, until (last day)
 * and doors (DoorToken or the site's id) only where the controller knows them. A list without any row says "empty": true. Once
 * what became of the whole list is recorded (it counts, or was refused and ctrl.malformed says why), {"list":"42"} is published
 * to sekisho/<site>/ack/<device>; a controller that does not hear it sends the list again from chunk 1.
 *
 * Refused whole when anything in it cannot be read: half a row would look like a right that is not there. */
#ifndef SK_MQTT_PERMITS_H
#define SK_MQTT_PERMITS_H

#include "drivers/permit_list.h"

/* PARSE, RANGE, UNSUPPORTED: fault->text says what was expected. NOMEM. The chunk is the caller's to wipe. */
enum sk_err sk_permits_decode(const struct sk_site *site, uint32_t device, const char *bytes, size_t length,
                              struct sk_permit_chunk *ret_chunk, struct sk_fault *fault);

/* Which chunk may come next: true when this one is it, or the one before it again. *ret_whole: with it the list is whole. */
struct sk_permits_order {
    uint64_t list;
    uint16_t next; /* 0: nothing yet */
};
bool sk_permits_follow(struct sk_permits_order *order, const struct sk_permit_chunk *chunk, bool *ret_whole);

#endif
