/* SPDX-License-Identifier: Apache-2.0 */
/* An alarm: a condition that needs a person. One occurrence = one life from raise to "returned and acknowledged".
 *
 * The state is kept as separate bits (OPC UA Part 9: they do not exclude each other); the one ISA-18.2 word is derived.
 * An occurrence is numbered once and for ever; an acknowledge names the occurrence, so an old page cannot acknowledge a new
 * one. Flat, with fixed texts: it is stored as a projection row in the transaction of its record. */
#ifndef SK_MODEL_ALARM_H
#define SK_MODEL_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/model/vocab.h"

enum {
    SK_ALARM_BIT_ACTIVE = 0x0001,
    SK_ALARM_BIT_ACKED = 0x0002,
    SK_ALARM_BIT_SHELVED = 0x0004,
    SK_ALARM_BIT_SUPPRESSED = 0x0008,
    SK_ALARM_BIT_OUT_OF_SERVICE = 0x0010,
    SK_ALARM_BIT_STALE = 0x0020, /* active, but its point no longer speaks: a gap never clears an alarm */
    SK_ALARM_BIT_SIMULATED = 0x0040
};

enum { SK_ALARM_SOURCE_MAX = 128, SK_ALARM_TEXT_MAX = 256, SK_ACTOR_MAX = 64 };

struct sk_alarm {
    uint64_t occurrence;              /* 1, 2, 3 ... never again */
    uint16_t bits;                    /* SK_ALARM_BIT_* */
    uint8_t severity;                 /* enum sk_severity */
    uint16_t condition;               /* enum sk_condition */
    char source[SK_ALARM_SOURCE_MAX]; /* "ups1/battery.charge", "crac2", "door:d1" */
    char detail[SK_ALARM_TEXT_MAX];   /* state word or short text key with figures, language-neutral */
    char place[SK_ALARM_TEXT_MAX];    /* as it was when raised */
    bool has_value;
    double value, limit; /* as decided; unit is the point kind's */
    uint8_t quality, quality_reason;
    int64_t raised_us;   /* receive time of what decided it (UTC) */
    int64_t since_us;    /* when the condition began */
    int64_t returned_us; /* 0: still active */
    int64_t acked_us;    /* 0: not yet */
    char acked_by[SK_ACTOR_MAX];
    uint64_t raise_seq, last_seq; /* records; filled by the recorder */
};

enum sk_alarm_state sk_alarm_state_of(uint16_t bits);
/* Open: anything but Normal (inactive and acknowledged). */
bool sk_alarm_is_open(uint16_t bits);

#endif
