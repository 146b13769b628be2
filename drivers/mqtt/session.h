/* SPDX-License-Identifier: Apache-2.0 */
/* What the four files of a running session share: session.c (life, the talker), client.c (paho), inbox.c (what arrives),
 * health.c (what we say of ourselves). Private to drivers/mqtt.
 *
 * Threads. run() watches for the stop and hands over reports that may wait. The talker makes every MQTTAsync_* call, because
 * each of them waits while a callback waits for a commit. paho's receive thread (one per process) runs the callbacks, with
 * paho's own lock held. Therefore: `lock` is never held during a call of MQTTAsync_* or of the host (but now()); and nothing
 * that a callback waits for may need the talker. Fields below `lock` belong to it; those above are set by open() and then only
 * read.
 */
#ifndef SK_MQTT_SESSION_H
#define SK_MQTT_SESSION_H

#include <MQTTAsync.h>
#include <pthread.h>

#include "drivers/mqtt/dial.h"
#include "drivers/mqtt/envelope.h"
#include "drivers/mqtt/payload.h"
#include "drivers/mqtt/permits.h"
#include "drivers/mqtt/plan.h"

enum {
    SK_MQTT_CHUNK = 32,         /* topics in one SUBSCRIBE */
    SK_MQTT_TICK_MS = 400,      /* paho pauses 100 ms after a second without traffic */
    SK_MQTT_SILENCE_MS = 15000, /* not even our own echo for so long: the connection is dead whatever TCP says */
    SK_MQTT_HEARTBEAT_MS = 10000,
    SK_MQTT_SETTLED_MS = 5000, /* a connection that held so long makes earlier failures forgotten */
    SK_MQTT_HEALTH_MS = 1000,
    SK_MQTT_LINK_GRACE_MS = 3000,      /* a broker may restart for so long before its devices count as lost */
    SK_MQTT_REPORT_MS = 60000,         /* malformed samples: at most one report per device and minute */
    SK_MQTT_SILENCE_DEFAULT_MS = 60000 /* a device whose site file sets no comm_lost */
};

enum sk_mqtt_comm { SK_COMM_UNKNOWN, SK_COMM_NORMAL, SK_COMM_LOST };

/* A malformed payload on its way to the host; copied, with identifiers blanked. */
struct sk_mqtt_report {
    char where[256], expected[208];
    uint8_t bytes[SK_NATIVE_MAX];
    size_t length;
};

enum { SK_MQTT_ACKS = 8 };
struct sk_mqtt_device {
    int64_t live_us; /* mono of the newest live message; 0 none since the link came up */
    enum sk_mqtt_comm comm;
    bool comm_retained; /* comm is known from a retained birth message only */
    bool comm_heard;    /* a live message came since device.comm was last said */
    uint64_t malformed, unreported;
    int64_t reported_us;                       /* 0 never */
    struct sk_mqtt_report *report;             /* newest unreported; made at the first malformed message */
    struct sk_envelope_ack acks[SK_MQTT_ACKS]; /* runs to acknowledge, the oldest first; one too many pushes out the oldest */
    size_t ack_count;
    struct sk_permits_order list_order; /* of the permit list that is coming in */
    uint64_t list_done;                 /* to be acknowledged, when list_due */
    bool list_due;
};

struct sk_driver_session;
struct sk_mqtt_chunk { /* topics of one SUBSCRIBE */
    struct sk_driver_session *session;
    size_t first, count;
};

enum { SK_MQTT_WHY_MAX = 200 };
enum sk_mqtt_phase { SK_PHASE_IDLE, SK_PHASE_DIALING, SK_PHASE_SUBSCRIBING, SK_PHASE_UP };

struct sk_driver_session {
    const struct sk_site *site;
    const struct sk_link *link;
    uint32_t link_index;
    bool events_only;
    struct sk_driver_host host;
    struct sk_mqtt_plan plan;
    char *uri;
    struct sk_mqtt_chunk *chunks;
    size_t chunk_count;
    uint32_t nonce; /* of this life of the session: an echo of an earlier one proves nothing */

    /* talker only */
    MQTTAsync client;
    uint8_t client_version;
    struct sk_dial dial;
    enum sk_mqtt_phase phase;
    int64_t next_dial_us, phase_us, next_tick_us, next_heartbeat_us, next_health_us;
    uint32_t random;
    struct sk_mqtt_batch health;
    bool link_lost_said;
    char said[SK_MQTT_WHY_MAX]; /* what the host was told last of why it does not come up */
    /* receive thread only */
    struct sk_mqtt_batch inbox;

    pthread_mutex_t lock;
    pthread_cond_t wake; /* CLOCK_MONOTONIC; signalled at any change below */
    bool stopping, talker_done, held, abandoned;
    bool outcome_ready, lost, tick_granted, live;
    enum sk_dial_outcome outcome;
    char why[SK_MQTT_WHY_MAX]; /* the last attempt failed; "" not known */
    size_t subacks_due;
    bool in_callback;
    int64_t inbound_us, peer_us, up_us, down_us; /* mono */
    uint32_t tick_number;
    int64_t tick_sent_us, rtt_us;
    uint64_t connects, messages, silences, refused_topics;
    struct sk_mqtt_last *last;      /* per point of the site */
    struct sk_mqtt_device *devices; /* per device of the site */
};

/* session.c: waits for a change, or until that mono time. Lock held. */
void sk_mqtt_wait_until(struct sk_driver_session *session, int64_t until_us);

/* client.c: all called by the talker, without the lock */
enum sk_err sk_mqtt_client_dial(struct sk_driver_session *session);
enum sk_err sk_mqtt_client_subscribe(struct sk_driver_session *session);
/* False: not connected, try later. */
bool sk_mqtt_client_publish(struct sk_driver_session *session, const char *topic, const char *text, int qos);
void sk_mqtt_client_hang_up(struct sk_driver_session *session); /* DISCONNECT in order */
void sk_mqtt_client_drop(struct sk_driver_session *session);    /* the object is gone afterwards, and so are its callbacks */
/* A file of one secret, mode 0600, at most 1 KiB, one line end at its end is not part of it. DENIED when others can read it. */
enum sk_err sk_mqtt_password_read(const char *path, char *to, size_t capacity, size_t *ret_length, struct sk_fault *fault);

/* inbox.c: receive thread. False: the message must never be acknowledged. */
struct sk_mqtt_message {
    const char *topic;
    const char *bytes;
    size_t length;
    bool retained, repeated;
};
bool sk_mqtt_inbox_take(struct sk_driver_session *session, const struct sk_mqtt_message *message);
/* Hands due reports over; may wait for the host. run()'s thread. */
void sk_mqtt_inbox_report(struct sk_driver_session *session);

/* health.c */
void sk_mqtt_health_run(struct sk_driver_session *session, bool up); /* talker */
void sk_mqtt_health_lost(struct sk_driver_session *session, uint32_t device, uint8_t reason, struct sk_mqtt_batch *batch);
/* Notes a sign of life; adds device.comm to batch when it changed. Lock held. */
void sk_mqtt_health_alive(struct sk_driver_session *session, uint32_t device, bool retained, struct sk_mqtt_batch *batch);
void sk_mqtt_hand_over(struct sk_driver_session *session, struct sk_mqtt_batch *batch); /* without the lock; empties batch */
struct sk_payload_context sk_mqtt_context(const struct sk_driver_session *session);

#endif
