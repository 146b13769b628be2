/* SPDX-License-Identifier: Apache-2.0 */
/* Is a unit alive? One small state machine per (link, unit): back-off with a half-open probe. Pure: time comes in.
 *
 *   live --(MISSES_TO_DEAD in a row)--> dead --(probe is due)--> probing --answer--> live
 *                                        ^------------------no answer, twice the interval---'
 *
 * An answer is any reply of the unit itself, exceptions included; a time-out, a damaged frame and the gateway's own exceptions
 * 0x0A and 0x0B are none. The interval doubles from FIRST to LAST; any answer forgets it. A unit that never answered is dead
 * after its first miss. Live but doubtful is a unit that never answered yet or has just missed: it is asked after the others.
 */
#ifndef SK_MODBUS_HEALTH_H
#define SK_MODBUS_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum { SK_HEALTH_MISSES_TO_DEAD = 2 };
#define SK_HEALTH_FIRST_US INT64_C(1000000)
#define SK_HEALTH_LAST_US  INT64_C(16000000)
/* A probe waits so long for slack at least, or a whole interval where that is longer: after a start, when several units are
 * found dead one by one, slack comes within a few rounds. */
#define SK_HEALTH_PATIENCE_US INT64_C(5000000)

enum sk_health_state { SK_HEALTH_LIVE, SK_HEALTH_DEAD, SK_HEALTH_PROBING };

struct sk_health { /* all zeroes: live, never asked */
    enum sk_health_state state;
    bool known;          /* has answered */
    uint32_t misses;     /* in a row */
    int64_t interval_us; /* between probes; 0 while live */
    int64_t probe_us;    /* mono: not before */
};

void sk_health_answered(struct sk_health *health);
void sk_health_missed(struct sk_health *health, int64_t mono_us);
bool sk_health_is_steady(const struct sk_health *health); /* live and not doubtful */
bool sk_health_probe_due(const struct sk_health *health, int64_t mono_us);
/* Due for so long that it no longer waits for slack. */
bool sk_health_probe_overdue(const struct sk_health *health, int64_t mono_us);
void sk_health_probe_begin(struct sk_health *health);

#endif
