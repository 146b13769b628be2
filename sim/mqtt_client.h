/* SPDX-License-Identifier: Apache-2.0 */
/* One simulated device's MQTT client, as the two files of the MQTT face share it: mqtt_face.c lives its connection,
 * mqtt_envelopes.c keeps what a door controller has to deliver. Private to them. */
#ifndef SK_SIM_MQTT_CLIENT_H
#define SK_SIM_MQTT_CLIENT_H

#include <mosquitto.h>

#include "sim/mqtt_face.h"

enum { SIM_SENT_KEPT = 32, SIM_IN_FLIGHT = 100, SIM_TOPIC_MAX = 256 };

struct sim_envelope {
    char *text;
    uint32_t epoch;
    uint64_t seq;
    bool broken;   /* has no number that the application could acknowledge: done at the broker's word */
    int mid;       /* 0: the broker has it, or it was not sent in this connection */
    unsigned sent; /* times in this connection */
    int64_t resend_us;
};
struct sim_client {
    struct sim_mqtt *face;
    uint32_t device;
    struct mosquitto *mosquitto; /* NULL: no connection, none being made */
    int fd;                      /* as registered with epoll; -1 */
    bool connected, ended;
    int64_t retry_us, publish_us, heartbeat_us;
    uint64_t look; /* of states and flags at the last publication */
    bool said_retained;
    struct sim_envelope *backlog;
    size_t backlog_count, backlog_capacity;
    char *sent[SIM_SENT_KEPT]; /* the newest acknowledged ones, for "replay" */
    size_t sent_next;
};
struct sim_mqtt {
    struct sim *sim;
    uint16_t port;
    struct sim_client *clients; /* per device; device == own index, face NULL when it is no MQTT device */
};

static inline const struct sk_device *sim_client_device(const struct sim_client *client)
{
    return &client->face->sim->site->devices[client->device];
}

static inline const struct sim_wire_fault *sim_client_fault(const struct sim_client *client)
{
    return &client->face->sim->device_faults[client->device];
}

/* Nothing when the client is not connected or the pattern has no name. ret_mid NULL: nobody asks. */
void sim_client_publish(struct sim_client *client, const char *pattern, const char *text, int qos, bool retain, int *ret_mid);

/* mqtt_envelopes.c */
void sim_envelopes_subscribe(struct sim_client *client); /* to the application's acknowledgements */
void sim_envelopes_send(struct sim_client *client);      /* what is due to go out (again) */
void sim_envelopes_replay(struct sim_client *client, uint32_t count);
void sim_envelopes_forge(struct sim_client *client);
/* libmosquitto's callbacks: the broker has it; the application has it. */
void sim_envelopes_published(struct mosquitto *mosquitto, void *context, int mid);
void sim_envelopes_acknowledged(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message);

#endif
