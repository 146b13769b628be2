/* SPDX-License-Identifier: Apache-2.0 */
/* Time: read once at the edge, handed inwards as a value.
 *
 * utc_us is microseconds since 1970-01-01T00:00:00Z; mono_us is CLOCK_BOOTTIME, which goes on during suspend and never steps.
 * Durations count mono; records carry utc. Nothing below the daemons reads a clock; nothing anywhere calls localtime(). */
#ifndef SK_BASE_CLOCK_H
#define SK_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

#define SK_US_PER_MS INT64_C(1000)
#define SK_US_PER_S  INT64_C(1000000)
#define SK_NEVER     INT64_MAX
/* A typed time of what has happened may lie this far ahead: clocks of browsers and desks differ, and nobody types faster. (The
 * bound of IEC 60839-11-1 for a controller's clock.) */
#define SK_TYPED_AHEAD_US (10 * SK_US_PER_S)

struct sk_now {
    int64_t utc_us;
    int64_t mono_us;
    uint8_t clock_quality; /* enum sk_clock_quality, schemas/vocab/clock_quality.def */
};

/* The machine's clocks. Quality comes from adjtimex(): synchronised unless STA_UNSYNC. */
struct sk_now sk_clock_read(void);
struct sk_now sk_clock_times(void); /* without a system call for the quality: it is SK_CLOCK_UNKNOWN */
int64_t sk_clock_mono_us(void);
/* How far utc was stepped between two readings: what it moved beyond mono, when that is more than SK_CLOCK_STEP_US; else 0 (a
 * clock that is slewed moves at most 500 ppm, and readings lie seconds apart). */
#define SK_CLOCK_STEP_US (SK_US_PER_S / 2)
int64_t sk_clock_step(const struct sk_now *before, const struct sk_now *now);
/* /proc boot id, 36 characters and a NUL; "unknown" where there is none. */
void sk_clock_boot_id(char to[40]);

/* "2026-11-20T12:31:00.000000Z": exactly 27 characters and a NUL. Years 1970..9999; outside it writes the nearest border. */
#define SK_TIME_TEXT 28
void sk_time_format(char to[SK_TIME_TEXT], int64_t utc_us);
/* RFC 3339 with Z or an offset, 0 to 6 digits of fraction (more are refused). */
bool sk_time_parse(const char *text, int64_t *ret_utc_us);

/* A zone read once from the system's tz database (TZif v2+, with its footer rule for the far future) into a table. */
struct sk_zone;
enum sk_err sk_zone_load(const char *iana_name, struct sk_zone **ret_zone, struct sk_fault *fault);
void sk_zone_free(struct sk_zone *zone);
int32_t sk_zone_offset_s(const struct sk_zone *zone, int64_t utc_us); /* seconds east of UTC at that moment */

#endif
