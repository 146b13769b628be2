/* SPDX-License-Identifier: Apache-2.0 */
/* What crosses between a poller process and the collector: flat bytes over one SOCK_SEQPACKET socketpair, never a pointer.
 *
 * A packet is one or more messages, each behind its length as u32: what comes together costs one system call and wakes the
 * other side once. A message: u8 type, u64 number (per direction, from 1, no gaps), then the body, big-endian. Both ends run
 * the same binary and the same loaded site (the digest is compared in HELLO), still every packet is read with a bounded reader.
 * Up (poller -> collector): HELLO, BATCH, EVENT, LIST, MALFORMED, ENDED, GIVEN_UP. Down: COMMITTED n (all EVENT, LIST and
 * MALFORMED up to and with n are durable), PAUSE, RESUME, STOP. */
#ifndef SK_HANDOVER_H
#define SK_HANDOVER_H

#include "drivers/driver.h"

enum sk_handover_type {
    SK_UP_HELLO = 1,
    SK_UP_BATCH = 2,
    SK_UP_EVENT = 3,
    SK_UP_MALFORMED = 4,
    SK_UP_ENDED = 5,    /* a session ended for good: link and text */
    SK_UP_LIST = 7,     /* a chunk of a controller's permit list */
    SK_UP_GIVEN_UP = 6, /* samples that found no room: how many since it was last said */
    SK_DOWN_COMMITTED = 16,
    SK_DOWN_PAUSE = 17,
    SK_DOWN_RESUME = 18,
    SK_DOWN_STOP = 19
};
enum { SK_HANDOVER_MAX = 65536 };

struct sk_handover {
    uint8_t type;
    uint64_t number;
    /* HELLO */
    uint32_t poller;
    uint8_t site_digest[32];
    /* BATCH: samples point into the caller's scratch array */
    struct sk_batch batch;
    /* EVENT */
    struct sk_access_event event;
    /* MALFORMED: texts and bytes point into the packet */
    struct sk_malformed malformed;
    char where[256], expected[256];
    /* LIST: bytes of sk_permit_chunk_encode(), borrowed; decoded they point into the packet */
    const void *list;
    size_t list_length;
    /* ENDED */
    uint32_t link;
    char text[SK_FAULT_TEXT];
    /* GIVEN_UP */
    uint64_t given_up;
    /* COMMITTED */
    uint64_t committed;
};

/* A packet being filled: bytes of SK_HANDOVER_MAX, borrowed. */
struct sk_packet {
    uint8_t *bytes;
    size_t length;
};
/* Adds a message behind its length. TOO_LONG: it does not fit beside what is there, and nothing has changed. */
enum sk_err sk_packet_add(struct sk_packet *packet, const struct sk_handover *message);
/* The next message of a packet that was received: its bytes (inside the packet), and *at moved behind it. False: no more, or
 * (*at stays short of length) something that is no message. */
bool sk_packet_next(const void *packet, size_t length, size_t *at, const uint8_t **ret_bytes, size_t *ret_length);

/* Encodes into buffer (SK_HANDOVER_MAX bytes). TOO_LONG when it does not fit. */
enum sk_err sk_handover_encode(const struct sk_handover *message, void *buffer, size_t capacity, size_t *ret_length);
/* Decodes one whole message; samples (SK_BATCH_MAX) receives those of a BATCH. PROTOCOL on anything unexpected, bytes left over
 * included. Indices (point, device, door, link) are checked against site. */
enum sk_err sk_handover_decode(const struct sk_site *site, const void *packet, size_t length, struct sk_sample *samples,
                               struct sk_handover *ret_message);

#endif
