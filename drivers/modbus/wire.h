/* SPDX-License-Identifier: Apache-2.0 */
/* One Modbus wire: connect, ask one question at a time, close. Two kinds share this face: wire_tcp.c and wire_rtu.c.
 *
 * The promise of both: words are handed back only when the reply belongs to the request, as far as the protocol lets one know.
 * What a wire must do to keep it (drain, renew, stay quiet) happens inside ask(), so that the caller sees outcomes only.
 * Threads: a wire belongs to one thread. stop_fd ends every wait (outcome STOPPED). Times are CLOCK_BOOTTIME microseconds. */
#ifndef SK_MODBUS_WIRE_H
#define SK_MODBUS_WIRE_H

#include "drivers/modbus/plan.h"

enum sk_wire_outcome {
    SK_WIRE_ANSWER,
    SK_WIRE_EXCEPTION, /* reply.exception */
    SK_WIRE_TIMEOUT,
    SK_WIRE_CRC,     /* RTU: checksum of the reply is wrong */
    SK_WIRE_FOREIGN, /* a reply that is not to this request, or no frame at all */
    SK_WIRE_CLOSED,  /* the connection is gone */
    SK_WIRE_STOPPED
};

struct sk_wire_request {
    uint8_t unit;
    enum sk_modbus_function function;
    uint16_t address, count;
    uint32_t timeout_ms;
    uint32_t late_reply_ms; /* RTU: how long the bus stays quiet after a time-out */
};

struct sk_wire_reply {
    enum sk_wire_outcome outcome;
    uint8_t exception;
    bool late_reply;             /* after a time-out the reply did come and was thrown away: the unit is slow, not dead */
    int64_t before_us, after_us; /* around question and answer, without drain */
    uint16_t words[SK_MODBUS_MAX_BITS];
};

struct sk_wire {
    const struct sk_wire_kind *kind;
    int stop_fd; /* -1: none */
    bool connected;
};

struct sk_wire_kind {
    enum sk_err (*connect)(struct sk_wire *wire, uint32_t timeout_ms, struct sk_fault *fault);
    void (*ask)(struct sk_wire *wire, const struct sk_wire_request *request, struct sk_wire_reply *reply);
    void (*disconnect)(struct sk_wire *wire);
    void (*free)(struct sk_wire *wire); /* NULL is fine */
};

/* The wire of a link; nothing is opened yet. The link is borrowed for the wire's life. */
enum sk_err sk_wire_create(const struct sk_link *link, int stop_fd, struct sk_wire **ret_wire, struct sk_fault *fault);
enum sk_err sk_wire_tcp_create(const struct sk_link *link, struct sk_wire **ret_wire, struct sk_fault *fault);
enum sk_err sk_wire_rtu_create(const struct sk_link *link, struct sk_wire **ret_wire, struct sk_fault *fault);

/* Waits for fd (-1: none) to be readable until deadline_us. OK, TIMEOUT, or CLOSED when stop_fd became readable. */
enum sk_err sk_wire_wait(int fd, int stop_fd, int64_t deadline_us);

/* libmodbus waits with select(): a descriptor of FD_SETSIZE (1024) or more ends the process. True while there is room. */
bool sk_wire_descriptor_left(void);

#endif
