/* SPDX-License-Identifier: Apache-2.0 */
/* MQTT clients of the simulated devices.
 *
 * A connection that ends is thrown away with its libmosquitto client: the library would otherwise send its own copies of
 * unacknowledged messages again, and the backlog here must be the only one. */
#include "sim/mqtt_face.h"

#include <mosquitto.h>
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

enum {
    BACKLOG_MAX = 10000,
    SENT_KEPT = 32,
    TOPIC_MAX = 256,
    RETRY_US = 500000,
    HEARTBEAT_US = 10000000,
    IN_FLIGHT = 100,
    RESEND_US = 10000000,
    RESEND_DOUBLINGS = 4
};

static const char HEARTBEAT_TOPIC[] = "{base}/hb";

struct envelope {
    char *text;
    uint32_t epoch;
    uint64_t seq;
    bool broken;   /* has no number that the application could acknowledge: done at the broker's word */
    int mid;       /* 0: the broker has it, or it was not sent in this connection */
    unsigned sent; /* times in this connection */
    int64_t resend_us;
};
struct client {
    struct sim_mqtt *face;
    uint32_t device;
    struct mosquitto *mosquitto; /* NULL: no connection, none being made */
    int fd;                      /* as registered with epoll; -1 */
    bool connected, ended;
    int64_t retry_us, publish_us, heartbeat_us;
    uint64_t look; /* of states and flags at the last publication */
    bool said_retained;
    struct envelope *backlog;
    size_t backlog_count, backlog_capacity;
    char *sent[SENT_KEPT]; /* the newest acknowledged ones, for "replay" */
    size_t sent_next;
};
struct sim_mqtt {
    struct sim *sim;
    uint16_t port;
    struct client *clients; /* per device; device == own index, face NULL when it is no MQTT device */
};

static const struct sk_device *device_of(const struct client *client)
{
    return &client->face->sim->site->devices[client->device];
}
static const struct sim_wire_fault *fault_of(const struct client *client)
{
    return &client->face->sim->device_faults[client->device];
}
static bool is_dead(const struct client *client)
{
    const struct sim *sim = client->face->sim;
    return fault_of(client)->kind == SIM_WIRE_DEAD || sim->link_faults[device_of(client)->link].kind == SIM_WIRE_DEAD;
}

static void publish(struct client *client, const char *pattern, const char *text, int qos, bool retain, int *ret_mid)
{
    char topic[TOPIC_MAX];
    if (client->connected && text != NULL && sim_topic(topic, sizeof topic, pattern, device_of(client))) {
        (void)mosquitto_publish(client->mosquitto, ret_mid, topic, (int)strlen(text), text, qos, retain);
    }
}

/* The broker's word is not the application's: the broker may die, or know no subscriber. So an envelope goes out again until
 * the application has acknowledged its number, and ever more rarely while it does not. */
static void send_backlog(struct client *client)
{
    const char *topic = device_of(client)->profile->mqtt.event_topic;
    const int64_t now_us = sk_clock_mono_us();
    if (fault_of(client)->kind == SIM_WIRE_SILENCE) {
        return;
    }
    for (size_t i = 0; i < client->backlog_count && i < IN_FLIGHT && client->connected; i++) {
        struct envelope *envelope = &client->backlog[i];
        if (envelope->mid != 0 || (envelope->sent > 0 && now_us < envelope->resend_us)) {
            continue;
        }
        publish(client, topic, envelope->text, 1, false, &envelope->mid);
        envelope->resend_us =
            now_us + ((int64_t)RESEND_US << (envelope->sent < RESEND_DOUBLINGS ? envelope->sent : RESEND_DOUBLINGS));
        envelope->sent++;
    }
}

static void subscribe_acks(struct client *client)
{
    char topic[TOPIC_MAX];
    const char *events = device_of(client)->profile->mqtt.event_topic;
    if (events != NULL && events[0] != '\0' &&
        sk_text_format(topic, sizeof topic, "sekisho/%s/ack/%s", client->face->sim->site->id, device_of(client)->id)) {
        (void)mosquitto_subscribe(client->mosquitto, NULL, topic, 1);
    }
}

static void on_connect(struct mosquitto *mosquitto, void *context, int code)
{
    (void)mosquitto;
    struct client *client = context;
    const struct sk_mqtt_profile *profile = &device_of(client)->profile->mqtt;
    client->connected = code == 0;
    client->ended = code != 0;
    if (profile->birth_topic != NULL && profile->birth_topic[0] != '\0') {
        publish(client, profile->birth_topic, profile->birth_online, 1, true, NULL);
    }
    client->publish_us = 0;
    client->heartbeat_us = 0;
    subscribe_acks(client);
    send_backlog(client);
}

static void on_disconnect(struct mosquitto *mosquitto, void *context, int code)
{
    (void)mosquitto, (void)code;
    struct client *client = context;
    client->connected = false;
    client->ended = true;
}

static void keep_for_replay(struct client *client, char *text)
{
    sk_free(client->sent[client->sent_next]);
    client->sent[client->sent_next] = text;
    client->sent_next = (client->sent_next + 1) % SENT_KEPT;
}

static void remove_envelope(struct client *client, size_t at)
{
    keep_for_replay(client, client->backlog[at].text);
    client->backlog_count--;
    memmove(client->backlog + at, client->backlog + at + 1, (client->backlog_count - at) * sizeof *client->backlog);
}

static void on_publish(struct mosquitto *mosquitto, void *context, int mid)
{
    (void)mosquitto;
    struct client *client = context;
    for (size_t i = 0; i < client->backlog_count; i++) {
        if (client->backlog[i].mid == mid) {
            client->backlog[i].mid = 0;
            if (client->backlog[i].broken) {
                remove_envelope(client, i);
            }
            return;
        }
    }
}

/* {"epoch", "seq"}, with "from" a run of them. */
static void on_ack(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message)
{
    (void)mosquitto;
    struct client *client = context;
    struct sk_fault fault;
    cJSON *root = NULL;
    uint64_t epoch = 0, from = 0, seq = 0;
    if (sk_json_parse(message->payload, (size_t)message->payloadlen, &SK_JSON_PAYLOAD, &root, &fault) != SK_OK) {
        return;
    }
    const bool known = sk_json_u64(sk_json_get(root, "epoch"), &epoch) && sk_json_u64(sk_json_get(root, "seq"), &seq);
    if (!sk_json_u64(sk_json_get(root, "from"), &from)) {
        from = seq;
    }
    cJSON_Delete(root);
    for (size_t i = 0; known && i < client->backlog_count;) {
        const struct envelope *envelope = &client->backlog[i];
        if (envelope->epoch == epoch && envelope->seq >= from && envelope->seq <= seq) {
            remove_envelope(client, i);
        } else {
            i++;
        }
    }
}

/* farewell: a clean DISCONNECT; without it the broker speaks the last will. */
static void hang_up(struct client *client, bool farewell)
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

static void prepare(struct client *client, const struct sk_link *link)
{
    const struct sk_device *device = device_of(client);
    const struct sk_mqtt_profile *profile = &device->profile->mqtt;
    char topic[TOPIC_MAX], password[128];
    mosquitto_connect_callback_set(client->mosquitto, on_connect);
    mosquitto_disconnect_callback_set(client->mosquitto, on_disconnect);
    mosquitto_publish_callback_set(client->mosquitto, on_publish);
    mosquitto_message_callback_set(client->mosquitto, on_ack);
    (void)mosquitto_max_inflight_messages_set(client->mosquitto, IN_FLIGHT);
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

static void dial(struct client *client, int64_t now_us)
{
    const struct sim *sim = client->face->sim;
    const struct sk_link *link = &sim->site->links[device_of(client)->link];
    const uint16_t port = client->face->port != 0 ? client->face->port : link->port;
    char id[64];
    client->retry_us = now_us + RETRY_US;
    (void)sk_text_format(id, sizeof id, "sim-%ld-%s", (long)getpid(), device_of(client)->id);
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
    struct client *clients = sk_calloc(sim->site->device_count + 1, sizeof *clients);
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
        clients[i] = (struct client){.face = ours ? face : NULL, .device = i, .fd = -1};
    }
    *ret_face = face;
    return SK_OK;
}

static void free_client(struct client *client)
{
    hang_up(client, true);
    for (size_t i = 0; i < client->backlog_count; i++) {
        sk_free(client->backlog[i].text);
    }
    for (size_t i = 0; i < SENT_KEPT; i++) {
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
static void publish_state(struct client *client, int64_t utc_us, bool retain)
{
    const struct sk_device *device = device_of(client);
    const struct sk_profile *profile = device->profile;
    const struct sim *sim = client->face->sim;
    const bool malformed = fault_of(client)->kind == SIM_WIRE_MALFORMED;
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
        publish(client, pattern, text, profile->mqtt.qos, retain, NULL);
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

static void speak(struct client *client, int64_t now_us)
{
    const struct sk_device *device = device_of(client);
    const enum sim_wire fault = fault_of(client)->kind;
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
            publish(client, HEARTBEAT_TOPIC, text, 0, false, NULL);
            sk_free(text);
        }
        send_backlog(client);
    }
}

static void turn_client(struct client *client, int64_t now_us)
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
        struct client *client = &face->clients[i];
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

void sim_mqtt_event(struct sim_mqtt *face, const struct sk_plant_event *event, int64_t utc_us)
{
    struct client *client = &face->clients[event->device];
    if (client->face == NULL) {
        return;
    }
    struct envelope *grown =
        sk_grow(client->backlog, client->backlog_count, &client->backlog_capacity, sizeof *grown, BACKLOG_MAX);
    char *text = sim_payload_event(face->sim->site, event, utc_us);
    if (grown != NULL) {
        client->backlog = grown;
    }
    if (grown == NULL || text == NULL) {
        sk_free(text); /* a full controller loses events; the gap in its numbers says so */
        return;
    }
    const bool broken = fault_of(client)->kind == SIM_WIRE_MALFORMED;
    if (broken) {
        text[strlen(text) / 2] = '\0';
    }
    client->backlog[client->backlog_count++] =
        (struct envelope){.text = text, .epoch = event->epoch, .seq = event->seq, .broken = broken};
    if (client->connected) {
        send_backlog(client);
        if (client->mosquitto != NULL && mosquitto_want_write(client->mosquitto)) {
            (void)mosquitto_loop_write(client->mosquitto, 100);
        }
    }
}

/* The same number with another content: a digit of its card, or of its time when it has none. */
static void forge(struct client *client)
{
    const char *text = client->sent[(client->sent_next + SENT_KEPT - 1) % SENT_KEPT];
    char copy[2048];
    if (text == NULL || !sk_text_copy(copy, sizeof copy, text)) {
        return;
    }
    char *digit = strstr(copy, "\"Card\":\"");
    digit = digit != NULL ? digit + strlen("\"Card\":\"") : strstr(copy, "\"t\":\"20");
    if (digit != NULL && digit[0] == '"') {
        digit += strlen("\"t\":\"20") + 1;
    }
    if (digit != NULL) {
        digit[0] = digit[0] == '1' ? '2' : '1';
        publish(client, device_of(client)->profile->mqtt.event_topic, copy, 1, false, NULL);
    }
}

static void replay(struct client *client, uint32_t count)
{
    const uint32_t wanted = count == 0 ? 1 : count < SENT_KEPT ? count : SENT_KEPT;
    for (uint32_t i = wanted; i > 0; i--) {
        const char *text = client->sent[(client->sent_next + SENT_KEPT - i) % SENT_KEPT];
        publish(client, device_of(client)->profile->mqtt.event_topic, text, 1, false, NULL);
    }
}

void sim_mqtt_fault_changed(struct sim_mqtt *face, uint32_t device)
{
    struct client *client = &face->clients[device];
    if (client->face == NULL) {
        return;
    }
    client->said_retained = false;
    client->publish_us = 0;
    client->retry_us = 0;
    struct sim_wire_fault *fault = &face->sim->device_faults[device];
    if (fault->kind == SIM_WIRE_REPLAY) {
        replay(client, fault->count);
        *fault = (struct sim_wire_fault){0};
    } else if (fault->kind == SIM_WIRE_FORGE) {
        forge(client);
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
