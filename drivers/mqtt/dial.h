/* SPDX-License-Identifier: Apache-2.0 */
/* When to connect again and in which version of MQTT: decisions only, no clock, no wire. */
#ifndef SK_MQTT_DIAL_H
#define SK_MQTT_DIAL_H

#include <stdbool.h>
#include <stdint.h>

enum sk_dial_outcome {
    SK_DIAL_OK,
    SK_DIAL_VERSION_REFUSED, /* CONNACK says: unacceptable protocol version (3.1.1 code 1, MQTT 5 reason 0x84) */
    SK_DIAL_CLOSED_EARLY,    /* TCP stood, but the broker hung up or sent what was no CONNACK of ours */
    SK_DIAL_FAILED           /* no TCP, refused credentials, anything else */
};

struct sk_dial {
    uint8_t configured; /* 0 auto, 4 only 3.1.1, 5 only 5 */
    uint8_t version;    /* what to use for the next attempt: 4 or 5 */
    bool proved;        /* this version has connected before: only an explicit refusal changes it */
    uint32_t failures;  /* in a row */
};

void sk_dial_init(struct sk_dial *dial, uint8_t configured);
/* A success leaves at most SK_DIAL_RESIDUE failures: a broker that takes us and throws us out again is not called at once. */
enum { SK_DIAL_RESIDUE = 3 };
void sk_dial_result(struct sk_dial *dial, enum sk_dial_outcome outcome);
void sk_dial_settled(struct sk_dial *dial); /* the connection held: forget all failures */
/* Pause before the next attempt: half of the step fixed, half by the random number; steps double from 0.2 s to 30 s. Without a
 * failure it is the first step, so that clients of a broker that restarted do not come back in one wave. */
int64_t sk_dial_delay_us(const struct sk_dial *dial, uint32_t random);

#endif
