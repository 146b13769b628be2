/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of Modbus TCP: the request we write, and whether the frame at the head of the stream is its answer. Pure.
 *
 * Request: 12 bytes, function 1 to 4 by type. Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3; Modbus
 * Application Protocol V1.1b3, 4.1 and 6.1-6.4. All fields big-endian. */
#ifndef SK_MODBUS_MBAP_H
#define SK_MODBUS_MBAP_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/modbus/plan.h"

enum {
    SK_MBAP_REQUEST_SIZE = 12,
    SK_MBAP_HEAD_SIZE = 6,  /* transaction, protocol, length: enough to know where the frame ends */
    SK_MBAP_LENGTH_MIN = 3, /* unit, function, one byte */
    SK_MBAP_LENGTH_MAX = 254,
    SK_MBAP_FRAME_MAX = SK_MBAP_HEAD_SIZE + SK_MBAP_LENGTH_MAX
};

struct sk_mbap_request {
    uint16_t transaction;
    uint8_t unit;
    enum sk_modbus_function function;
    uint16_t address, count;
};

void sk_mbap_encode(const struct sk_mbap_request *request, uint8_t to[SK_MBAP_REQUEST_SIZE]);

/* Whole frame's size from its first six bytes; 0 when no Modbus frame begins so (the stream is lost). */
size_t sk_mbap_frame_size(const uint8_t head[SK_MBAP_HEAD_SIZE]);

enum sk_mbap_fit {
    SK_MBAP_ANSWER,    /* registers or bits, exactly as many as asked */
    SK_MBAP_EXCEPTION, /* *ret_exception */
    SK_MBAP_FOREIGN    /* transaction, unit, function or length are not those of the request */
};
enum sk_mbap_fit sk_mbap_match(const struct sk_mbap_request *request, const uint8_t *frame, size_t size,
                               uint8_t *ret_exception);

/* Words out of a frame that is an ANSWER: request->count of them, one per register or per bit. */
void sk_mbap_words(const struct sk_mbap_request *request, const uint8_t *frame, uint16_t *words);

#endif
