/* SPDX-License-Identifier: Apache-2.0 */
/* A sample: one value of one point with everything one must know to believe it. There is no bare number.
 *
 * Flat (no pointers): it crosses from a poller process as bytes. Text values travel beside it (struct sk_text_sample).
 * Times: source_us is the device's own time when it sent one, else the middle of the read; recv_us and mono_us are ours, at
 * reception. uncertainty_us bounds how far the true moment may lie before source_us (half the round trip, or the poll period
 * when the change was found by polling). */
#ifndef SK_MODEL_SAMPLE_H
#define SK_MODEL_SAMPLE_H

#include <stdint.h>

#define SK_TEXT_VALUE 64

enum {
    SK_SAMPLE_SIMULATED = 1, /* from a link marked simulated: carries to the last export */
    SK_SAMPLE_RETAINED = 2,  /* MQTT retained: age unknown until a live one comes */
    SK_SAMPLE_REFRESH = 4,   /* raw words did not change: only the times are new */
    SK_SAMPLE_HAS_SOURCE = 8 /* source_us was given by the device */
};

struct sk_sample {
    uint32_t point;  /* index into struct sk_site.points */
    uint8_t kind;    /* enum sk_value_kind */
    uint8_t quality; /* enum sk_quality */
    uint8_t reason;  /* enum sk_quality_reason */
    uint8_t flags;   /* SK_SAMPLE_* */
    double number;   /* NUMBER: value; STATE: index; FLAGS: mask (exact below 2^53); TEXT: unused. Kept from before when bad */
    int64_t source_us;
    int64_t recv_us;
    int64_t mono_us;
    uint32_t uncertainty_us;
    uint32_t text; /* TEXT: offset into the batch's text area (NUL-terminated); else 0 */
};

#endif
