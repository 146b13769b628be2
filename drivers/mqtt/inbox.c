/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives: topic -> routes -> the role's taker. An event is given to the host and waits for its commit; a sample goes at
 * once. A taker answers false only when the message must stay unacknowledged for ever. */
#include <string.h>

#include "drivers/mqtt/blank.h"
#include "drivers/mqtt/envelope.h"
#include "drivers/mqtt/session.h"
#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

static bool stopping(struct sk_driver_session *s)
{
    pthread_mutex_lock(&s->lock);
    bool value = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return value || s->host.stopping(s->host.context);
}

/* --- malformed --- */

/* A topic is named only when it is one of ours: a stranger's may hold anything. */
static void fill_report(const struct sk_driver_session *s, struct sk_mqtt_report *report, const struct sk_mqtt_message *message,
                        const char *expected)
{
    size_t count = 0;
    if (sk_mqtt_plan_find(&s->plan, message->topic, &count) != NULL)
        sk_text_copy(report->where, sizeof(report->where), message->topic);
    else
        sk_text_format(report->where, sizeof(report->where), "…%zu", strlen(message->topic));
    sk_text_copy(report->expected, sizeof(report->expected), expected);
    report->length = sk_blank_bytes(s->site, message->bytes, message->length, (char *)report->bytes, sizeof(report->bytes));
}

/* Events: the record of the malformed message takes the place of the event's. */
static bool malformed_event(struct sk_driver_session *s, int32_t device, const struct sk_mqtt_message *message,
                            const char *expected)
{
    struct sk_mqtt_report report;
    fill_report(s, &report, message, expected);
    struct sk_malformed what = {.device = device,
                                .link = s->link_index,
                                .where = report.where,
                                .expected = report.expected,
                                .bytes = report.bytes,
                                .length = report.length};
    return s->host.malformed(s->host.context, &what) == SK_OK;
}

/* Samples: counted, and kept for run(), which hands one over per device and minute. Lock held. */
static void malformed_sample(struct sk_driver_session *s, uint32_t device, const struct sk_mqtt_message *message,
                             const char *expected)
{
    struct sk_mqtt_device *state = &s->devices[device];
    state->malformed++;
    state->unreported++;
    if (state->report == NULL)
        state->report = sk_calloc(1, sizeof(*state->report));
    if (state->report != NULL)
        fill_report(s, state->report, message, expected);
}

static bool take_report(struct sk_driver_session *s, uint32_t device, struct sk_mqtt_report *ret_report, uint64_t *ret_count)
{
    struct sk_mqtt_device *state = &s->devices[device];
    int64_t now = sk_clock_mono_us();
    if (state->unreported == 0 || state->report == NULL)
        return false;
    if (state->reported_us != 0 && now - state->reported_us < SK_MQTT_REPORT_MS * SK_US_PER_MS)
        return false;
    *ret_report = *state->report;
    *ret_count = state->unreported;
    state->unreported = 0;
    state->reported_us = now;
    return true;
}

void sk_mqtt_inbox_report(struct sk_driver_session *s)
{
    for (uint32_t i = 0; i < s->site->device_count; i++) {
        struct sk_mqtt_report report;
        uint64_t count = 0;
        char expected[256]; /* what a packet to the collector takes */
        pthread_mutex_lock(&s->lock);
        bool due = take_report(s, i, &report, &count);
        pthread_mutex_unlock(&s->lock);
        if (!due)
            continue;
        sk_text_format(expected, sizeof(expected), "%s (%llu since the last report)", report.expected,
                       (unsigned long long)count);
        struct sk_malformed what = {.device = (int32_t)i,
                                    .link = s->link_index,
                                    .where = report.where,
                                    .expected = expected,
                                    .bytes = report.bytes,
                                    .length = report.length};
        if (s->host.malformed(s->host.context, &what) != SK_OK)
            return;
    }
}

/* --- events --- */

static void queue_ack(struct sk_driver_session *s, const struct sk_access_event *event)
{
    struct sk_mqtt_device *state = &s->devices[event->device];
    if (!event->has_identity)
        return;
    pthread_mutex_lock(&s->lock);
    struct sk_envelope_ack *newest = state->ack_count > 0 ? &state->acks[state->ack_count - 1] : NULL;
    if (newest == NULL || !sk_envelope_ack_extend(newest, event->epoch, event->seq)) {
        if (state->ack_count == SK_MQTT_ACKS) /* the controller sends it again and is answered then */
            memmove(state->acks, state->acks + 1, --state->ack_count * sizeof(*state->acks));
        state->acks[state->ack_count++] =
            (struct sk_envelope_ack){.epoch = event->epoch, .from = event->seq, .seq = event->seq};
    }
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

static bool take_event(struct sk_driver_session *s, const struct sk_mqtt_route *route, const struct sk_mqtt_message *message)
{
    struct sk_access_event event;
    struct sk_fault fault;
    struct sk_envelope_context context = {
        .site = s->site, .device = route->device, .repeated = message->repeated, .now = s->host.now(s->host.context)};
    enum sk_err err = sk_envelope_decode(&context, message->bytes, message->length, &event, &fault);
    while (err == SK_ERR_NOMEM && !stopping(s)) { /* an event cannot be given up: it waits until there is memory again */
        pthread_mutex_lock(&s->lock);
        sk_mqtt_wait_until(s, sk_clock_mono_us() + 100 * SK_US_PER_MS);
        pthread_mutex_unlock(&s->lock);
        err = sk_envelope_decode(&context, message->bytes, message->length, &event, &fault);
    }
    if (err == SK_ERR_NOMEM || stopping(s))
        return false;
    if (err != SK_OK)
        return malformed_event(s, (int32_t)route->device, message, fault.text);
    bool committed = s->host.event(s->host.context, &event) == SK_OK;
    explicit_bzero(event.identifier, sizeof(event.identifier));
    if (committed)
        queue_ack(s, &event);
    return committed;
}

/* --- permit lists --- */

static void settle_list(struct sk_driver_session *s, const struct sk_permit_chunk *chunk, bool whole)
{
    struct sk_mqtt_device *state = &s->devices[chunk->device];
    if (!whole)
        return;
    pthread_mutex_lock(&s->lock);
    state->list_done = chunk->list;
    state->list_due = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

static bool hand_chunk(struct sk_driver_session *s, const struct sk_mqtt_route *route, const struct sk_mqtt_message *message,
                       struct sk_permit_chunk *chunk)
{
    struct sk_fault fault = {.text = ""};
    bool whole = false;
    const enum sk_err err = sk_permits_decode(s->site, route->device, message->bytes, message->length, chunk, &fault);
    if (err == SK_ERR_NOMEM || stopping(s))
        return false;
    if (err != SK_OK)
        return malformed_event(s, (int32_t)route->device, message, fault.text);
    if (!sk_permits_follow(&s->devices[route->device].list_order, chunk, &whole)) /* this thread alone uses the order */
        return malformed_event(s, (int32_t)route->device, message,
                               "expected the list's next chunk; send it again from chunk 1");
    if (s->host.list(s->host.context, chunk) != SK_OK)
        return false;
    settle_list(s, chunk, whole);
    return true;
}

static bool take_list(struct sk_driver_session *s, const struct sk_mqtt_route *route, const struct sk_mqtt_message *message)
{
    struct sk_permit_chunk *chunk = s->host.list != NULL ? sk_calloc(1, sizeof(*chunk)) : NULL;
    if (chunk == NULL)
        return s->host.list == NULL; /* without memory the broker keeps it */
    const bool done = hand_chunk(s, route, message, chunk);
    sk_free_secret(chunk, sizeof(*chunk));
    return done;
}

/* --- samples --- */

/* One round: as many samples as the batch takes. Lock held. True when all points of the route are done. */
static bool state_round(struct sk_driver_session *s, const struct sk_mqtt_route *route, const struct sk_mqtt_message *message,
                        const cJSON *root, size_t *cursor)
{
    struct sk_payload_context context = sk_mqtt_context(s);
    struct sk_fault fault = {.text = ""};
    size_t refused = 0;
    context.points = s->plan.points + route->first_point;
    context.point_count = route->point_count;
    context.retained = message->retained;
    context.queued = !s->live;
    bool done = sk_payload_samples(&context, root, cursor, &s->inbox, &refused, &fault);
    if (refused > 0)
        malformed_sample(s, route->device, message, fault.text);
    return done;
}

static bool take_state(struct sk_driver_session *s, const struct sk_mqtt_route *route, const struct sk_mqtt_message *message)
{
    cJSON *root = NULL;
    struct sk_fault fault = {.text = ""};
    size_t cursor = 0;
    bool done = false;
    enum sk_err err = sk_payload_parse(message->bytes, message->length, &root, &fault);
    if (err != SK_OK) {
        pthread_mutex_lock(&s->lock);
        malformed_sample(s, route->device, message, fault.text);
        pthread_mutex_unlock(&s->lock);
        return true;
    }
    while (!done) {
        pthread_mutex_lock(&s->lock);
        if (cursor == 0 && s->live && !message->retained)
            sk_mqtt_health_alive(s, route->device, false, &s->inbox);
        done = state_round(s, route, message, root, &cursor);
        pthread_mutex_unlock(&s->lock);
        sk_mqtt_hand_over(s, &s->inbox);
    }
    cJSON_Delete(root);
    return true;
}

static bool take_birth(struct sk_driver_session *s, const struct sk_mqtt_route *route, const struct sk_mqtt_message *message)
{
    const struct sk_mqtt_profile *profile = &s->site->devices[route->device].profile->mqtt;
    enum sk_birth birth = sk_payload_birth(profile, message->bytes, message->length);
    pthread_mutex_lock(&s->lock);
    if (birth == SK_BIRTH_ONLINE) {
        sk_mqtt_health_alive(s, route->device, message->retained || !s->live, &s->inbox);
    } else if (birth == SK_BIRTH_OFFLINE) {
        sk_mqtt_health_lost(s, route->device, SK_WHY_OFFLINE, &s->inbox);
    } else {
        char expected[160];
        sk_text_format(expected, sizeof(expected), "expected '%.60s' or '%.60s'", profile->birth_online,
                       profile->birth_offline);
        malformed_sample(s, route->device, message, expected);
    }
    pthread_mutex_unlock(&s->lock);
    sk_mqtt_hand_over(s, &s->inbox);
    return true;
}

static bool take_heartbeat(struct sk_driver_session *s, const struct sk_mqtt_route *route,
                           const struct sk_mqtt_message *message)
{
    struct sk_envelope_heartbeat heartbeat;
    struct sk_fault fault;
    enum sk_err err = sk_envelope_heartbeat_decode(message->bytes, message->length, &heartbeat, &fault);
    pthread_mutex_lock(&s->lock);
    if (err != SK_OK)
        malformed_sample(s, route->device, message, fault.text);
    else if (!message->retained && s->live)
        sk_mqtt_health_alive(s, route->device, false, &s->inbox);
    pthread_mutex_unlock(&s->lock);
    sk_mqtt_hand_over(s, &s->inbox);
    return true;
}

/* Our echo: what the broker had queued for us before lies in front of it, so from the first one of this connection on all is
 * live. */
static bool take_tick(struct sk_driver_session *s, const struct sk_mqtt_message *message)
{
    char text[48], want[48];
    size_t length = message->length < sizeof(text) - 1 ? message->length : sizeof(text) - 1;
    memcpy(text, message->bytes, length);
    text[length] = '\0';
    pthread_mutex_lock(&s->lock);
    sk_text_format(want, sizeof(want), "%u %llu %u", s->nonce, (unsigned long long)s->connects, s->tick_number);
    if (strcmp(text, want) == 0)
        s->rtt_us = sk_clock_mono_us() - s->tick_sent_us;
    sk_text_format(want, sizeof(want), "%u %llu ", s->nonce, (unsigned long long)s->connects);
    if (strncmp(text, want, strlen(want)) == 0)
        s->live = true;
    pthread_mutex_unlock(&s->lock);
    return true;
}

static bool take_peer(struct sk_driver_session *s)
{
    pthread_mutex_lock(&s->lock);
    s->peer_us = sk_clock_mono_us();
    pthread_mutex_unlock(&s->lock);
    return true;
}

bool sk_mqtt_inbox_take(struct sk_driver_session *s, const struct sk_mqtt_message *message)
{
    size_t count = 0;
    const struct sk_mqtt_route *routes = sk_mqtt_plan_find(&s->plan, message->topic, &count);
    bool done = true;
    if (routes == NULL) /* a kept session of an older configuration: a door's message all the same */
        return !s->events_only || malformed_event(s, -1, message, "expected a topic of the present configuration");
    for (size_t i = 0; i < count && done; i++) {
        switch (routes[i].role) {
        case SK_ROUTE_STATE:
            done = take_state(s, &routes[i], message);
            break;
        case SK_ROUTE_BIRTH:
            done = take_birth(s, &routes[i], message);
            break;
        case SK_ROUTE_HEARTBEAT:
            done = take_heartbeat(s, &routes[i], message);
            break;
        case SK_ROUTE_EVENT:
            done = take_event(s, &routes[i], message);
            break;
        case SK_ROUTE_LIST:
            done = take_list(s, &routes[i], message);
            break;
        case SK_ROUTE_TICK:
            done = take_tick(s, message);
            break;
        case SK_ROUTE_PEER:
            done = take_peer(s);
            break;
        }
    }
    return done;
}
