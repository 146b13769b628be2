/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes of a simulated door controller: kept until the application has acknowledged their numbers, sent again, replayed,
 * forged. */
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "sim/mqtt_client.h"
#include "sim/payload.h"

enum { BACKLOG_MAX = 10000, RESEND_US = 10000000, RESEND_DOUBLINGS = 4 };

/* The broker's word is not the application's: the broker may die, or know no subscriber. So an envelope goes out again until
 * the application has acknowledged its number, and ever more rarely while it does not. */
void sim_envelopes_send(struct sim_client *client)
{
    const char *topic = sim_client_device(client)->profile->mqtt.event_topic;
    const int64_t now_us = sk_clock_mono_us();
    if (sim_client_fault(client)->kind == SIM_WIRE_SILENCE) {
        return;
    }
    for (size_t i = 0; i < client->backlog_count && i < SIM_IN_FLIGHT && client->connected; i++) {
        struct sim_envelope *envelope = &client->backlog[i];
        if (envelope->mid != 0 || (envelope->sent > 0 && now_us < envelope->resend_us)) {
            continue;
        }
        sim_client_publish(client, topic, envelope->text, 1, false, &envelope->mid);
        envelope->resend_us =
            now_us + ((int64_t)RESEND_US << (envelope->sent < RESEND_DOUBLINGS ? envelope->sent : RESEND_DOUBLINGS));
        envelope->sent++;
    }
}

void sim_envelopes_subscribe(struct sim_client *client)
{
    char topic[SIM_TOPIC_MAX];
    const char *events = sim_client_device(client)->profile->mqtt.event_topic;
    if (events != NULL && events[0] != '\0' &&
        sk_text_format(topic, sizeof topic, "sekisho/%s/ack/%s", client->face->sim->site->id, sim_client_device(client)->id)) {
        (void)mosquitto_subscribe(client->mosquitto, NULL, topic, 1);
    }
}

static void keep_for_replay(struct sim_client *client, char *text)
{
    sk_free(client->sent[client->sent_next]);
    client->sent[client->sent_next] = text;
    client->sent_next = (client->sent_next + 1) % SIM_SENT_KEPT;
}

static void remove_envelope(struct sim_client *client, size_t at)
{
    keep_for_replay(client, client->backlog[at].text);
    client->backlog_count--;
    memmove(client->backlog + at, client->backlog + at + 1, (client->backlog_count - at) * sizeof *client->backlog);
}

void sim_envelopes_published(struct mosquitto *mosquitto, void *context, int mid)
{
    (void)mosquitto;
    struct sim_client *client = context;
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
void sim_envelopes_acknowledged(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message)
{
    (void)mosquitto;
    struct sim_client *client = context;
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
        const struct sim_envelope *envelope = &client->backlog[i];
        if (envelope->epoch == epoch && envelope->seq >= from && envelope->seq <= seq) {
            remove_envelope(client, i);
        } else {
            i++;
        }
    }
}

void sim_mqtt_event(struct sim_mqtt *face, const struct sk_plant_event *event, int64_t utc_us)
{
    struct sim_client *client = &face->clients[event->device];
    if (client->face == NULL) {
        return;
    }
    struct sim_envelope *grown =
        sk_grow(client->backlog, client->backlog_count, &client->backlog_capacity, sizeof *grown, BACKLOG_MAX);
    char *text = sim_payload_event(face->sim->site, event, utc_us);
    if (grown != NULL) {
        client->backlog = grown;
    }
    if (grown == NULL || text == NULL) {
        sk_free(text); /* a full controller loses events; the gap in its numbers says so */
        return;
    }
    const bool broken = sim_client_fault(client)->kind == SIM_WIRE_MALFORMED;
    if (broken) {
        text[strlen(text) / 2] = '\0';
    }
    client->backlog[client->backlog_count++] =
        (struct sim_envelope){.text = text, .epoch = event->epoch, .seq = event->seq, .broken = broken};
    if (client->connected) {
        sim_envelopes_send(client);
        if (client->mosquitto != NULL && mosquitto_want_write(client->mosquitto)) {
            (void)mosquitto_loop_write(client->mosquitto, 100);
        }
    }
}

/* The same number with another content: a digit of its card, or of its time when it has none. */
void sim_envelopes_forge(struct sim_client *client)
{
    const char *text = client->sent[(client->sent_next + SIM_SENT_KEPT - 1) % SIM_SENT_KEPT];
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
        sim_client_publish(client, sim_client_device(client)->profile->mqtt.event_topic, copy, 1, false, NULL);
    }
}

void sim_envelopes_replay(struct sim_client *client, uint32_t count)
{
    const uint32_t wanted = count == 0 ? 1 : count < SIM_SENT_KEPT ? count : SIM_SENT_KEPT;
    for (uint32_t i = wanted; i > 0; i--) {
        const char *text = client->sent[(client->sent_next + SIM_SENT_KEPT - i) % SIM_SENT_KEPT];
        sim_client_publish(client, sim_client_device(client)->profile->mqtt.event_topic, text, 1, false, NULL);
    }
}
