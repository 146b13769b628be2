/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of a door controller on MQTT, version 1, and its heartbeat: bytes -> access event. Pure; any thread.
 *
 *   {"v":1,"epoch":7,"seq":"123","t":"2026-11-20T12:00:00.000001Z","mono":12345,"topic":"tns1:AccessControl/Denied/Credential",
 *    "data":{"Door":"d1","Reader":"r1","Reason":"CredentialExpired","Card":"04A2","CredentialToken":"..","CredentialHolder":"..",
 *            "Factors":["pt:Card","Vein"],"State":"Open","External":false,"ExemptedAccess":false}}
 *
 * Schema: schemas/json/door-envelope.schema.json. The words are ONVIF's (DoorControl, AccessControl, Credential services).
 *
 * What is lost and what is kept: a message is refused only when it is no JSON object, is of another version, or its identity
 * (epoch and seq) cannot be read. Everything else becomes an event, because a hole in the sequence is worse than a word that
 * nobody knows: an unknown topic, or a state word outside its family, becomes SK_EV_NATIVE; an unknown reason becomes "Other";
 * a member that cannot be read is left out, and so is a CredentialToken or CredentialHolder that could be a name or a card
 * number. In each of these cases `native` holds what blank.h lets pass of the payload. */
#ifndef SK_MQTT_ENVELOPE_H
#define SK_MQTT_ENVELOPE_H

#include "schemas/base/clock.h"
#include "schemas/base/err.h"
#include "schemas/model/access_event.h"
#include "schemas/model/site.h"

struct sk_envelope_context {
    const struct sk_site *site;
    uint32_t device; /* the controller: index into site->devices; its link says whether the event is simulated */
    bool repeated;   /* MQTT DUP or retained: may have been seen before */
    struct sk_now now;
};

/* PARSE, RANGE or UNSUPPORTED: fault->text says in one sentence what was expected. NOMEM otherwise. */
enum sk_err sk_envelope_decode(const struct sk_envelope_context *context, const char *bytes, size_t length,
                               struct sk_access_event *ret_event, struct sk_fault *fault);

/* {"epoch":7,"seq_head":"124","t":"..."}: the controller lives; seq_head is the next number it will give out. */
struct sk_envelope_heartbeat {
    uint32_t epoch;
    uint64_t seq_head;
    int64_t t_us; /* 0: not given */
};
enum sk_err sk_envelope_heartbeat_decode(const char *bytes, size_t length, struct sk_envelope_heartbeat *ret_heartbeat,
                                         struct sk_fault *fault);

/* The application's acknowledge after commit: {"epoch":7,"seq":"123"}, or {"epoch":7,"from":"120","seq":"123"} for a run
 * without holes. It says nothing of numbers before the run. SK_ENVELOPE_ACK_MAX always suffices. */
struct sk_envelope_ack {
    uint32_t epoch;
    uint64_t from, seq;
};
enum { SK_ENVELOPE_ACK_MAX = 96 };
void sk_envelope_ack_write(char to[SK_ENVELOPE_ACK_MAX], const struct sk_envelope_ack *ack);
/* Makes the run longer by the event behind it; false when the event is not the next one. */
bool sk_envelope_ack_extend(struct sk_envelope_ack *ack, uint32_t epoch, uint64_t seq);

#endif
