/* SPDX-License-Identifier: Apache-2.0 */
/* Talking on one link: a wire kept connected, the pauses a profile asks for, retries, and what is counted on the way.
 *
 * Retried within the same cycle, at most profile.retries times: a damaged frame (CRC) and exception 6 (busy). A closed
 * connection is renewed once and the question asked again, for devices that close idle ones. A time-out is never asked again at
 * once: the next cycle does. */
#ifndef SK_MODBUS_TALK_H
#define SK_MODBUS_TALK_H

#include "drivers/driver.h"
#include "drivers/modbus/wire.h"

struct sk_modbus_counts {
    uint64_t requests, timeouts, crc_errors, exceptions, reconnects;
    double rtt_ms; /* of the last answer */
};

struct sk_modbus_talk {
    const struct sk_driver_host *host;
    const struct sk_link *link;
    struct sk_wire *wire;
    int stop_fd;
    uint32_t after_connect_ms; /* longest of the link's devices */
    bool up;                   /* the last attempt to connect worked, or none was needed since */
    bool ever_up;
    uint32_t losses; /* how often the link was found gone; renewals of our own do not count */
    int64_t retry_us, backoff_us;
    int64_t quiet_until_us; /* between_requests_ms */
    struct sk_modbus_counts counts;
};

enum sk_err sk_modbus_talk_init(struct sk_modbus_talk *talk, const struct sk_site *site, uint32_t link,
                                const struct sk_driver_host *host, struct sk_fault *fault);
void sk_modbus_talk_release(struct sk_modbus_talk *talk);
/* False when the link is down (and not yet due for another attempt) or the session is to stop. */
bool sk_modbus_talk_ready(struct sk_modbus_talk *talk);
/* Asks and counts. Outcome CLOSED: the link is down, or (still up) it was closed on this very question, twice; STOPPED: end.
 * `retries` bounds the profile's. */
void sk_modbus_talk_ask(struct sk_modbus_talk *talk, const struct sk_device *device, const struct sk_modbus_request *span,
                        uint8_t retries, struct sk_wire_reply *reply);
uint32_t sk_modbus_timeout_ms(const struct sk_link *link, const struct sk_modbus_profile *profile);
/* Waits until mono_us or the end; false at the end. */
bool sk_modbus_talk_sleep(struct sk_modbus_talk *talk, int64_t until_us);

#endif
