/* SPDX-License-Identifier: Apache-2.0 */
/* What a door controller says happened, before anyone has judged it. Flat, so that it crosses from the event poller as bytes.
 *
 * identifier holds the raw card number for the moment between wire and collector: the collector replaces it by its HMAC under
 * the site key before anything is stored, shown or handed to the engine, and wipes it. */
#ifndef SK_MODEL_ACCESS_EVENT_H
#define SK_MODEL_ACCESS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/crypto.h"

enum { SK_IDENTIFIER_MAX = 64, SK_NATIVE_MAX = 512, SK_TOKEN_MAX = 64, SK_TOPIC_MAX = 128 };

/* Decisions: header flag bits 0-1 (controller's) and 2-3 (ours). */
enum sk_decision { SK_DECISION_NONE = 0, SK_DECISION_GRANTED = 1, SK_DECISION_DENIED = 2, SK_DECISION_UNKNOWN = 3 };

struct sk_access_event {
    uint32_t device;     /* index into struct sk_site.devices: the controller */
    int32_t door;        /* index into struct sk_site.doors; -1 when the event names none or an unknown one */
    int32_t reader;      /* index into that door's readers; -1 none */
    uint16_t ev;         /* enum sk_event; SK_EV_NATIVE when unknown */
    uint16_t reason;     /* enum sk_deny_reason */
    uint8_t decision;    /* enum sk_decision: the controller's */
    uint8_t state;       /* door state value for door.* events (family by ev), 1/0 for *.enabled */
    bool has_identity;   /* epoch and seq are the controller's own */
    bool duplicate_flag; /* MQTT DUP or an overlapping ring read: may have been seen before */
    bool simulated;
    bool external, exempted;
    bool extended;    /* granted with extended times (ONVIF UseExtendedTime) */
    uint16_t factors; /* mask of 1 << enum sk_factor actually used; 0 unknown */
    uint32_t epoch;
    uint64_t seq;
    int64_t t_ctrl_us; /* controller's own time; 0 unknown */
    uint64_t mono_ms;  /* controller's monotonic clock; 0 unknown */
    int64_t recv_us, mono_us;
    uint8_t identifier[SK_IDENTIFIER_MAX]; /* raw; wiped by the collector */
    uint8_t identifier_length;             /* 0: no credential in the event */
    bool has_identifier_hmac;
    struct sk_hash identifier_hmac;
    char credential[SK_TOKEN_MAX]; /* controller's CredentialToken, "" none */
    char holder[SK_TOKEN_MAX];     /* controller's CredentialHolder token (not a name), "" none */
    char topic[SK_TOPIC_MAX];      /* ONVIF topic as it came, "" none */
    uint16_t native_length;
    uint8_t native[SK_NATIVE_MAX]; /* what may be kept of the message, cut at 512 bytes: never an identifier */
};

#endif
