/* SPDX-License-Identifier: Apache-2.0 */
/* MQTT clients of the simulated devices.
 *
 * A connection that ends is thrown away with its libmosquitto client: the library would otherwise send its own copies of
 * unacknowledged messages again, and the backlog here must be the only one. */
#include "sim/mqtt_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "sim/payload.h"

enum { RETRY_US = 500000, HEARTBEAT_US = 10000000 };

static const char HEARTBEAT_TOPIC[] = "{base}/hb";

static bool is_dead(const struct sim_client *client)
{
    const struct sim *sim = client->face->sim;
    return sim_client_fault(client)->kind == SIM_WIRE_DEAD ||
           sim->link_faults[sim_client_device(client)->link].kind == SIM_WIRE_DEAD;
}

void sim_client_publish(struct sim_client *client, const char *pattern, const char *text, int qos, bool retain, int *ret_mid)
{
    char topic[SIM_TOPIC_MAX];
    if (client->connected && text != NULL && sim_topic(topic, sizeof topic, pattern, sim_client_device(client))) {
        (void)mosquitto_publish(client->mosquitto, ret_mid, topic, (int)strlen(text), text, qos, retain);
    }
}

static void on_connect(struct mosquitto *mosquitto, void *context, int code)
{
    (void)mosquitto;
    struct sim_client *client = context;
    const struct sk_mqtt_profile *profile = &sim_client_device(client)->profile->mqtt;
    client->connected = code == 0;
    client->ended = code != 0;
    if (profile->birth_topic != NULL && profile->birth_topic[0] != '\0') {
        sim_client_publish(client, profile->birth_topic, profile->birth_online, 1, true, NULL);
    }
    client->publish_us = 0;
    client->heartbeat_us = 0;
    sim_envelopes_subscribe(client);
    sim_envelopes_send(client);
}

static void on_disconnect(struct mosquitto *mosquitto, void *context, int code)
{
    (void)mosquitto, (void)code;
    struct sim_client *client = context;
    client->connected = false;
    client->ended = true;
}

/* farewell: a clean DISCONNECT; without it the broker speaks the last will. */
static void hang_up(struct sim_client *client, bool farewell)
{
    if (client->mosquitto == NULL) {
        return;
    }
    if (farewell && client->connected) {
        (void)mosquitto_disconnect(client->mosquitto);
        (void)mosquitto_loop_write(client->mosquitto, 1);
    }
    if (client->fd >= 0) {
        (void)epoll_ctl(client->face->sim->epoll, EPOLL_CTL_DEL, client->fd, NULL);
    }
    mosquitto_destroy(client->mosquitto);
    client->mosquitto = NULL;
    client->fd = -1;
    client->connected = false;
    client->ended = false;
    for (size_t i = 0; i < client->backlog_count; i++) {
        client->backlog[i].mid = 0;
        client->backlog[i].sent = 0;
    }
}

/* First line of a password file; the site's own rule for secrets. */
static bool read_password(const char *path, char *to, size_t capacity)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const bool got = fgets(to, (int)capacity, file) != NULL;
    to[got ? strcspn(to, "\r\n") : 0] = '\0';
    (void)fclose(file);
    return got;
}

static void prepare(struct sim_client *client, const struct sk_link *link)
{
    const struct sk_device *device = sim_client_device(client);
    const struct sk_mqtt_profile *profile = &device->profile->mqtt;
    char topic[SIM_TOPIC_MAX], password[128];
    mosquitto_connect_callback_set(client->mosquitto, on_connect);
    mosquitto_disconnect_callback_set(client->mosquitto, on_disconnect);
    mosquitto_publish_callback_set(client->mosquitto, sim_envelopes_published);
    mosquitto_message_callback_set(client->mosquitto, sim_envelopes_acknowledged);
    (void)mosquitto_max_inflight_messages_set(client->mosquitto, SIM_IN_FLIGHT);
    if (profile->birth_topic != NULL && profile->birth_topic[0] != '\0' &&
        sim_topic(topic, sizeof topic, profile->birth_topic, device)) {
        (void)mosquitto_will_set(client->mosquitto, topic, (int)strlen(profile->birth_offline), profile->birth_offline, 1,
                                 true);
    }
    if (link->user != NULL && link->user[0] != '\0' && link->password_file != NULL &&
        read_password(link->password_file, password, sizeof password)) {
        (void)mosquitto_username_pw_set(client->mosquitto, link->user, password);
    }
    if (link->tls && link->ca_file != NULL) {
        (void)mosquitto_tls_set(client->mosquitto, link->ca_file, NULL, link->cert_file, link->key_file, NULL);
    }
}

static void dial(struct sim_client *client, int64_t now_us)
{
    const struct sim *sim = client->face->sim;
    const struct sk_link *link = &sim->site->links[sim_client_device(client)->link];
    const uint16_t port = client->face->port != 0 ? client->face->port : link->port;
    char id[64];
    client->retry_us = now_us + RETRY_US;
    (void)sk_text_format(id, sizeof id, "sim-%ld-%s", (long)getpid(), sim_client_device(client)->id);
    client->mosquitto = mosquitto_new(id, true, client);
    if (client->mosquitto == NULL) {
        return;
    }
    prepare(client, link);
    const int keepalive_s = link->keepalive_s >= 5 ? (int)link->keepalive_s : 30;
    if (mosquitto_connect(client->mosquitto, link->host, port, keepalive_s) != MOSQ_ERR_SUCCESS) {
        hang_up(client, false);
        return;
    }
    client->fd = mosquitto_socket(client->mosquitto);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (client->fd < 0 || epoll_ctl(sim->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0) {
        hang_up(client, false);
    }
}

enum sk_err sim_mqtt_create(struct sim *sim, uint16_t port_override, struct sim_mqtt **ret_face)
{
    struct sim_mqtt *face = sk_calloc(1, sizeof *face);
    struct sim_client *clients = sk_calloc(sim->site->device_count + 1, sizeof *clients);
    if (face == NULL || clients == NULL) {
        sk_free(face);
        sk_free(clients);
        return SK_ERR_NOMEM;
    }
    (void)mosquitto_lib_init();
    *face = (struct sim_mqtt){.sim = sim, .port = port_override, .clients = clients};
    for (uint32_t i = 0; i < sim->site->device_count; i++) {
        const struct sk_device *device = &sim->site->devices[i];
        const bool ours =
            device->profile != NULL && device->link >= 0 && sim->site->links[device->link].protocol == SK_PROTO_MQTT;
        clients[i] = (struct sim_client){.face = ours ? face : NULL, .device = i, .fd = -1};
    }
    *ret_face = face;
    return SK_OK;
}

static void free_client(struct sim_client *client)
{
    hang_up(client, true);
    for (size_t i = 0; i < client->backlog_count; i++) {
        sk_free(client->backlog[i].text);
    }
    for (size_t i = 0; i < SIM_SENT_KEPT; i++) {
        sk_free(client->sent[i]);
    }
    sk_free(client->backlog);
}

void sim_mqtt_free(struct sim_mqtt *face)
{
    if (face == NULL) {
        return;
    }
    for (size_t i = 0; i < face->sim->site->device_count; i++) {
        if (face->clients[i].face != NULL) {
            free_client(&face->clients[i]);
        }
    }
    (void)mosquitto_lib_cleanup();
    sk_free(face->clients);
    sk_free(face);
}

/* States, flags and overrides as one number (FNV-1a): when it moves, the device speaks at once. Measured numbers wait. */
static uint64_t look_at(const struct sim *sim, const struct sk_device *device)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (uint32_t i = device->first_point; i < device->first_point + device->point_count; i++) {
        const struct sk_point *point = &sim->site->points[i];
        if (point->profile == NULL) {
            continue;
        }
        struct sk_plant_value value;
        sk_plant_value(sim->plant, i, &value);
        uint64_t bits = value.overridden ? 3u + value.missing : 1u;
        if (value.overridden || point->kind->kind == SK_KIND_STATE || point->kind->kind == SK_KIND_FLAGS) {
            uint64_t number = 0;
            memcpy(&number, &value.number, sizeof number);
            bits ^= number;
        }
        hash = (hash ^ bits) * UINT64_C(1099511628211);
    }
    return hash;
}

/* Each distinct topic pattern of the profile once. */
static void publish_state(struct sim_client *client, int64_t utc_us, bool retain)
{
    const struct sk_device *device = sim_client_device(client);
    const struct sk_profile *profile = device->profile;
    const struct sim *sim = client->face->sim;
    const bool malformed = sim_client_fault(client)->kind == SIM_WIRE_MALFORMED;
    for (size_t i = 0; i < profile->point_count; i++) {
        const char *own = profile->points[i].topic;
        const char *pattern = own != NULL && own[0] != '\0' ? own : profile->mqtt.topic;
        bool earlier = false;
        for (size_t k = 0; k < i && !earlier; k++) {
            const char *other = profile->points[k].topic;
            earlier = strcmp(other != NULL && other[0] != '\0' ? other : profile->mqtt.topic, pattern) == 0;
        }
        if (earlier || pattern == NULL || pattern[0] == '\0') {
            continue;
        }
        char *text = malformed ? sk_strdup("{\"t\": 21.5, \"broken")
                               : sim_payload_state(sim->site, sim->plant, client->device, pattern, utc_us);
        sim_client_publish(client, pattern, text, profile->mqtt.qos, retain, NULL);
        sk_free(text);
    }
}

/* Profiles that map the heartbeat's members to points have it published with the state. */
static bool profile_has_heartbeat(const struct sk_profile *profile)
{
    for (size_t i = 0; i < profile->point_count; i++) {
        if (profile->points[i].topic != NULL && strcmp(profile->points[i].topic, HEARTBEAT_TOPIC) == 0) {
            return true;
        }
    }
    return false;
}

static void speak(struct sim_client *client, int64_t now_us)
{
    const struct sk_device *device = sim_client_device(client);
    const enum sim_wire fault = sim_client_fault(client)->kind;
    if (fault == SIM_WIRE_SILENCE || (fault == SIM_WIRE_RETAINED && client->said_retained)) {
        return;
    }
    const int64_t utc_us = sk_clock_read().utc_us;
    const uint64_t look = look_at(client->face->sim, device);
    if (now_us >= client->publish_us || look != client->look) {
        client->look = look;
        client->publish_us = now_us + (int64_t)(device->period_ms > 0 ? device->period_ms : 1000) * 1000;
        publish_state(client, utc_us, fault == SIM_WIRE_RETAINED);
        client->said_retained = fault == SIM_WIRE_RETAINED;
    }
    const char *events = device->profile->mqtt.event_topic;
    if (events != NULL && events[0] != '\0') {
        if (now_us >= client->heartbeat_us && !profile_has_heartbeat(device->profile)) {
            client->heartbeat_us = now_us + HEARTBEAT_US;
            char *text = sim_payload_heartbeat(client->face->sim->epoch,
                                               sk_plant_next_seq(client->face->sim->plant, client->device), utc_us);
            sim_client_publish(client, HEARTBEAT_TOPIC, text, 0, false, NULL);
            sk_free(text);
        }
        sim_envelopes_send(client);
    }
}

static void turn_client(struct sim_client *client, int64_t now_us)
{
    if (client->mosquitto != NULL && (client->ended || is_dead(client))) {
        hang_up(client, false);
    }
    if (client->mosquitto == NULL) {
        if (!is_dead(client) && now_us >= client->retry_us) {
            dial(client, now_us);
        }
        return;
    }
    if (client->connected) {
        speak(client, now_us);
    }
    if (mosquitto_want_write(client->mosquitto)) {
        (void)mosquitto_loop_write(client->mosquitto, 100);
    }
    if (mosquitto_loop_misc(client->mosquitto) != MOSQ_ERR_SUCCESS) {
        client->ended = true;
    }
}

void sim_mqtt_turn(struct sim_mqtt *face, int64_t now_us)
{
    for (size_t i = 0; i < face->sim->site->device_count; i++) {
        if (face->clients[i].face != NULL) {
            turn_client(&face->clients[i], now_us);
        }
    }
}

bool sim_mqtt_ready(struct sim_mqtt *face, void *tag, uint32_t events)
{
    (void)events;
    for (size_t i = 0; i < face->sim->site->device_count; i++) {
        struct sim_client *client = &face->clients[i];
        if (client != tag || client->face == NULL) {
            continue;
        }
        if (client->mosquitto != NULL && mosquitto_loop_read(client->mosquitto, 100) != MOSQ_ERR_SUCCESS) {
            client->ended = true;
        }
        if (client->ended) {
            hang_up(client, false);
        }
        return true;
    }
    return false;
}

void sim_mqtt_fault_changed(struct sim_mqtt *face, uint32_t device)
{
    struct sim_client *client = &face->clients[device];
    if (client->face == NULL) {
        return;
    }
    client->said_retained = false;
    client->publish_us = 0;
    client->retry_us = 0;
    struct sim_wire_fault *fault = &face->sim->device_faults[device];
    if (fault->kind == SIM_WIRE_REPLAY) {
        sim_envelopes_replay(client, fault->count);
        *fault = (struct sim_wire_fault){0};
    } else if (fault->kind == SIM_WIRE_FORGE) {
        sim_envelopes_forge(client);
        *fault = (struct sim_wire_fault){0};
    }
}

bool sim_mqtt_connected(const struct sim_mqtt *face, uint32_t device)
{
    return face->clients[device].connected;
}
size_t sim_mqtt_backlog(const struct sim_mqtt *face, uint32_t device)
{
    return face->clients[device].backlog_count;
}
