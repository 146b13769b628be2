/* SPDX-License-Identifier: Apache-2.0 */
/* How long samples wait in a poller for others to share their packet: pure.
 *
 * Far below the latency goals (MQTT 20 ms, Modbus a period and 50 ms). What is polled comes in slots (SK_POLL_SLOT_US), and the
 * poller looks once shortly after each: one packet, one wake-up of the collector for all links of a slot. Times are mono. */
#ifndef SK_COLLECTOR_GATHER_H
#define SK_COLLECTOR_GATHER_H

#include <stdbool.h>
#include <stdint.h>

#define SK_GATHER_MQTT_US   INT64_C(4000)
#define SK_GATHER_POLLED_US INT64_C(20000)
#define SK_AFTER_SLOT_US    INT64_C(10000) /* by then the answers of a slot are there */

/* When to look at what was gathered, after now_us: patience_us is the least that those who added have. While others come in
 * slots, that is shortly after a slot; `waits`: something lies there already and must not wait longer than its patience. */
int64_t sk_gather_look_us(int64_t now_us, int64_t patience_us, bool waits);

#endif
