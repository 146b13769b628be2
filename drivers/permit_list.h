/* SPDX-License-Identifier: Apache-2.0 */
/* A piece of the permit list that a door controller holds, as a driver heard it and as it crosses to the collector. A list is
 * chunks 1..chunks under one number of the controller's, drawn up at one moment; only whole it counts. Card numbers stand here
 * in the clear: whoever holds a chunk wipes it. Days are texts because only the collector knows the site's clock. */
#ifndef SK_PERMIT_LIST_H
#define SK_PERMIT_LIST_H

#include "schemas/base/err.h"
#include "schemas/model/access_event.h"
#include "schemas/model/site.h"

enum {
    SK_PERMIT_ROWS_MAX = 100, /* of one chunk: with all its doors below one message of the broker's */
    SK_PERMIT_CHUNKS_MAX = 500,
    SK_PERMIT_DOORS_MAX = 16,
    SK_PERMIT_BYTES_MAX = 32 + SK_PERMIT_ROWS_MAX * (2 + SK_IDENTIFIER_MAX + 24 + 4 * SK_PERMIT_DOORS_MAX)
};
struct sk_permit_row {
    uint8_t identifier[SK_IDENTIFIER_MAX], identifier_length;
    char from[11], until[11]; /* days, until inclusive; "" unbounded */
    uint8_t door_count;       /* 0: the controller does not say */
    uint32_t doors[SK_PERMIT_DOORS_MAX];
};
struct sk_permit_chunk {
    uint32_t device; /* the controller */
    uint64_t list;
    int64_t taken_us; /* when the controller drew it up */
    uint16_t chunk, chunks, count;
    bool empty; /* said so: a list without rows is no list that was cut off */
    struct sk_permit_row rows[SK_PERMIT_ROWS_MAX];
};

/* As flat bytes and back. TOO_LONG; PROTOCOL: not such bytes, or a device or door that the site does not have. */
enum sk_err sk_permit_chunk_encode(const struct sk_permit_chunk *chunk, void *buffer, size_t capacity, size_t *ret_length);
enum sk_err sk_permit_chunk_decode(const struct sk_site *site, const void *bytes, size_t length,
                                   struct sk_permit_chunk *ret_chunk);

#endif
