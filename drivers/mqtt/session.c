/* SPDX-License-Identifier: Apache-2.0 */
/* Life of a session and the talker, which drives one connection through its phases:
 *
 *   IDLE --(pause over)--> DIALING --(CONNACK)--> SUBSCRIBING --(SUBACKs)--> UP --(lost or silent)--> IDLE ...
 *
 * Reconnecting is ours, not paho's: it has no limit, its pauses are jittered, and every connection subscribes anew, for a kept
 * session does not know the topics of a newer configuration.
 *
 * End: when a callback holds an event that was never committed, paho can neither be called nor torn down. The session is then
 * abandoned: nothing of it is freed, and the process, which serves only door events, ends with the message unacknowledged. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "drivers/mqtt/envelope.h"
#include "drivers/mqtt/session.h"
#include "schemas/base/bytes.h"
#include "schemas/base/crypto.h"
#include "schemas/base/mem.h"

enum { WATCH_MS = 200, END_WAIT_MS = 3000, STEP_MAX_MS = 400, SECRET_MAX = 1025, ACK_TOPIC_MAX = 512 };

/* --- talker: time --- */

/* Waits for a change or until `until_us` (mono). Lock held. The condition runs on CLOCK_MONOTONIC, our clock on BOOTTIME: only
 * the difference is taken over. */
void sk_mqtt_wait_until(struct sk_driver_session *s, int64_t until_us)
{
    struct timespec at;
    int64_t left = until_us - sk_clock_mono_us();
    if (left <= 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + (left % SK_US_PER_S) * 1000;
    at.tv_sec += left / SK_US_PER_S + ns / 1000000000;
    at.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(&s->wake, &s->lock, &at);
}

static uint32_t next_random(struct sk_driver_session *s)
{
    s->random ^= s->random << 13; /* xorshift32 (Marsaglia): spread, not secrecy */
    s->random ^= s->random >> 17;
    s->random ^= s->random << 5;
    return s->random;
}

/* Nothing heard for too long, not counting the time in which a callback waits for its commit. */
static bool is_silent(struct sk_driver_session *s, int64_t now)
{
    pthread_mutex_lock(&s->lock);
    int64_t since = s->inbound_us > s->phase_us ? s->inbound_us : s->phase_us;
    bool silent = !s->in_callback && now - since > SK_MQTT_SILENCE_MS * SK_US_PER_MS;
    pthread_mutex_unlock(&s->lock);
    return silent;
}

/* --- talker: phases --- */

static void enter(struct sk_driver_session *s, enum sk_mqtt_phase phase, int64_t now)
{
    s->phase = phase;
    s->phase_us = now;
    s->next_health_us = 0;
}

/* Told once per change, not at each of many attempts. */
static void say(struct sk_driver_session *s, const char *text)
{
    if (s->host.said == NULL || strcmp(s->said, text) == 0)
        return;
    sk_text_copy(s->said, sizeof s->said, text);
    s->host.said(s->host.context, text);
}

static void give_up(struct sk_driver_session *s, enum sk_dial_outcome outcome, int64_t now)
{
    sk_dial_result(&s->dial, outcome);
    pthread_mutex_lock(&s->lock);
    s->live = false;
    if (s->down_us == 0)
        s->down_us = now;
    s->up_us = 0;
    char why[SK_MQTT_WHY_MAX];
    sk_text_copy(why, sizeof why, s->why[0] != '\0' ? s->why : "no answer from the broker");
    pthread_mutex_unlock(&s->lock);
    say(s, why);
    s->next_dial_us = now + sk_dial_delay_us(&s->dial, next_random(s));
    enter(s, SK_PHASE_IDLE, now);
}

static void step_idle(struct sk_driver_session *s, int64_t now)
{
    if (now < s->next_dial_us)
        return;
    if (sk_mqtt_client_dial(s) == SK_OK) {
        enter(s, SK_PHASE_DIALING, now);
        return;
    }
    sk_mqtt_client_drop(s);
    give_up(s, SK_DIAL_FAILED, now);
}

static void step_dialing(struct sk_driver_session *s, int64_t now)
{
    pthread_mutex_lock(&s->lock);
    bool ready = s->outcome_ready;
    enum sk_dial_outcome outcome = s->outcome;
    if (ready && outcome == SK_DIAL_OK)
        s->connects++;
    pthread_mutex_unlock(&s->lock);
    if (!ready && is_silent(s, now)) {
        sk_mqtt_client_drop(s);
        give_up(s, SK_DIAL_FAILED, now);
    } else if (ready && outcome != SK_DIAL_OK) {
        give_up(s, outcome, now);
    } else if (ready) {
        sk_dial_result(&s->dial, SK_DIAL_OK);
        say(s, "");
        enter(s, SK_PHASE_SUBSCRIBING, now);
        if (sk_mqtt_client_subscribe(s) != SK_OK) {
            sk_mqtt_client_drop(s);
            give_up(s, SK_DIAL_FAILED, now);
        }
    }
}

/* The number goes up before the message goes out: its echo may be here first. */
static void send_tick(struct sk_driver_session *s, int64_t now, int qos)
{
    char text[48];
    pthread_mutex_lock(&s->lock);
    sk_text_format(text, sizeof(text), "%u %llu %u", s->nonce, (unsigned long long)s->connects, ++s->tick_number);
    s->tick_sent_us = now;
    pthread_mutex_unlock(&s->lock);
    sk_mqtt_client_publish(s, s->plan.tick_topic, text, qos);
    s->next_tick_us = now + SK_MQTT_TICK_MS * SK_US_PER_MS;
}

static void step_subscribing(struct sk_driver_session *s, int64_t now)
{
    pthread_mutex_lock(&s->lock);
    bool done = s->subacks_due == 0;
    bool fenced = s->tick_granted;
    if (done) {
        s->up_us = now;
        s->down_us = 0;
        s->live = s->live || !fenced; /* no echo to be had: from here on counts as live */
    }
    pthread_mutex_unlock(&s->lock);
    if (done) {
        enter(s, SK_PHASE_UP, now);
        if (fenced)
            send_tick(s, now, 1); /* QoS 1: it must queue behind what is queued */
    } else if (is_silent(s, now)) {
        sk_mqtt_client_drop(s);
        give_up(s, SK_DIAL_FAILED, now);
    }
}

/* --- talker: what is published --- */

/* Copies the oldest run that is due. */
static bool peek_ack(struct sk_driver_session *s, uint32_t device, struct sk_envelope_ack *ret_ack)
{
    struct sk_mqtt_device *state = &s->devices[device];
    pthread_mutex_lock(&s->lock);
    bool due = state->ack_count > 0;
    if (due)
        *ret_ack = state->acks[0];
    pthread_mutex_unlock(&s->lock);
    return due;
}

/* Takes out what was sent; a run that grew meanwhile keeps its new part, one that was pushed out is gone already. */
static void drop_ack(struct sk_driver_session *s, uint32_t device, const struct sk_envelope_ack *sent)
{
    struct sk_mqtt_device *state = &s->devices[device];
    pthread_mutex_lock(&s->lock);
    struct sk_envelope_ack *oldest = &state->acks[0];
    if (state->ack_count > 0 && oldest->epoch == sent->epoch && oldest->from == sent->from) {
        if (oldest->seq > sent->seq)
            oldest->from = sent->seq + 1;
        else
            memmove(oldest, oldest + 1, --state->ack_count * sizeof(*oldest));
    }
    pthread_mutex_unlock(&s->lock);
}

/* False: nothing can be sent now. */
static bool send_list_ack(struct sk_driver_session *s, uint32_t device, const char *topic)
{
    struct sk_mqtt_device *state = &s->devices[device];
    char text[SK_ENVELOPE_ACK_MAX];
    pthread_mutex_lock(&s->lock);
    const bool due = state->list_due;
    const uint64_t list = state->list_done;
    pthread_mutex_unlock(&s->lock);
    if (!due)
        return true;
    sk_text_format(text, sizeof(text), "{\"list\":\"%llu\"}", (unsigned long long)list);
    if (!sk_mqtt_client_publish(s, topic, text, 1))
        return false;
    pthread_mutex_lock(&s->lock);
    state->list_due = state->list_due && state->list_done != list;
    pthread_mutex_unlock(&s->lock);
    return true;
}

static void send_acks(struct sk_driver_session *s)
{
    for (uint32_t i = 0; i < s->site->device_count; i++) {
        char text[SK_ENVELOPE_ACK_MAX], topic[ACK_TOPIC_MAX];
        struct sk_envelope_ack ack;
        if (!sk_text_format(topic, sizeof(topic), "%s%s", s->plan.ack_prefix, s->site->devices[i].id))
            continue;
        if (!send_list_ack(s, i, topic))
            return;
        while (peek_ack(s, i, &ack)) {
            sk_envelope_ack_write(text, &ack);
            if (!sk_mqtt_client_publish(s, topic, text, 1))
                return;
            drop_ack(s, i, &ack);
        }
    }
}

static void send_heartbeat(struct sk_driver_session *s, int64_t now)
{
    char text[256], time[SK_TIME_TEXT];
    sk_time_format(time, s->host.now(s->host.context).utc_us);
    if (sk_text_format(text, sizeof(text), "{\"t\":\"%s\",\"site\":\"%s\",\"link\":\"%s\"}", time, s->site->id, s->link->id))
        sk_mqtt_client_publish(s, s->plan.heartbeat_topic, text, 0);
    s->next_heartbeat_us = now + SK_MQTT_HEARTBEAT_MS * SK_US_PER_MS;
}

static void step_up(struct sk_driver_session *s, int64_t now)
{
    pthread_mutex_lock(&s->lock);
    bool watched = s->tick_granted;
    pthread_mutex_unlock(&s->lock);
    if (watched && is_silent(s, now)) {
        pthread_mutex_lock(&s->lock);
        s->silences++;
        pthread_mutex_unlock(&s->lock);
        sk_mqtt_client_drop(s);
        give_up(s, SK_DIAL_FAILED, now);
        return;
    }
    if (now - s->phase_us > SK_MQTT_SETTLED_MS * SK_US_PER_MS)
        sk_dial_settled(&s->dial);
    send_acks(s);
    if (now >= s->next_tick_us)
        send_tick(s, now, 0);
    if (!s->events_only && now >= s->next_heartbeat_us)
        send_heartbeat(s, now);
}

static void step(struct sk_driver_session *s)
{
    static void (*const STEPS[])(struct sk_driver_session *, int64_t) = {[SK_PHASE_IDLE] = step_idle,
                                                                         [SK_PHASE_DIALING] = step_dialing,
                                                                         [SK_PHASE_SUBSCRIBING] = step_subscribing,
                                                                         [SK_PHASE_UP] = step_up};
    int64_t now = sk_clock_mono_us();
    pthread_mutex_lock(&s->lock);
    bool lost = s->lost && s->phase > SK_PHASE_DIALING;
    if (lost)
        s->lost = false;
    pthread_mutex_unlock(&s->lock);
    if (lost)
        give_up(s, SK_DIAL_FAILED, now);
    STEPS[s->phase](s, now);
    if (now >= s->next_health_us) {
        sk_mqtt_health_run(s, s->phase == SK_PHASE_UP);
        s->next_health_us = now + SK_MQTT_HEALTH_MS * SK_US_PER_MS;
    }
}

static void *talk(void *context)
{
    struct sk_driver_session *s = context;
    s->next_dial_us = 0;
    pthread_mutex_lock(&s->lock);
    s->down_us = sk_clock_mono_us();
    while (!s->stopping) {
        pthread_mutex_unlock(&s->lock);
        step(s);
        pthread_mutex_lock(&s->lock);
        int64_t until = sk_clock_mono_us() + STEP_MAX_MS * SK_US_PER_MS;
        if (s->phase == SK_PHASE_IDLE && s->next_dial_us < until)
            until = s->next_dial_us;
        if (!s->stopping)
            sk_mqtt_wait_until(s, until);
    }
    pthread_mutex_unlock(&s->lock);
    sk_mqtt_client_hang_up(s);
    sk_mqtt_client_drop(s);
    pthread_mutex_lock(&s->lock);
    s->talker_done = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* --- open --- */

static enum sk_err plan_chunks(struct sk_driver_session *s)
{
    s->chunk_count = (s->plan.topic_count + SK_MQTT_CHUNK - 1) / SK_MQTT_CHUNK;
    s->chunks = sk_calloc(s->chunk_count, sizeof(*s->chunks));
    if (s->chunks == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < s->chunk_count; i++) {
        size_t left = s->plan.topic_count - i * SK_MQTT_CHUNK;
        s->chunks[i] = (struct sk_mqtt_chunk){
            .session = s, .first = i * SK_MQTT_CHUNK, .count = left < SK_MQTT_CHUNK ? left : SK_MQTT_CHUNK};
    }
    return SK_OK;
}

static enum sk_err make_uri(struct sk_driver_session *s, struct sk_fault *fault)
{
    char uri[512];
    bool brackets = strchr(s->link->host, ':') != NULL;
    if (!sk_text_format(uri, sizeof(uri), "%s%s%s%s:%u", s->link->tls ? "ssl://" : "tcp://", brackets ? "[" : "", s->link->host,
                        brackets ? "]" : "", (unsigned)s->link->port))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "link '%s': host is too long", s->link->id);
    s->uri = sk_strdup(uri);
    return s->uri == NULL ? SK_ERR_NOMEM : SK_OK;
}

/* The password is read again at every dial; here only so that a wrong file is told at once, with its reason. */
static enum sk_err check_password(const struct sk_link *link, struct sk_fault *fault)
{
    char secret[SECRET_MAX];
    size_t length = 0;
    if (link->password_file == NULL || link->password_file[0] == '\0')
        return SK_OK;
    enum sk_err err = sk_mqtt_password_read(link->password_file, secret, sizeof(secret), &length, fault);
    explicit_bzero(secret, sizeof(secret));
    if (err != SK_OK)
        sk_fault_prefix(fault, "link '%s'", link->id);
    return err;
}

static enum sk_err make_locks(struct sk_driver_session *s)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return SK_ERR_NOMEM;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&s->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed == 0 && pthread_mutex_init(&s->lock, NULL) == 0)
        return SK_OK;
    return SK_ERR_NOMEM;
}

static void release(struct sk_driver_session *s)
{
    for (size_t i = 0; s->devices != NULL && i < s->site->device_count; i++)
        sk_free(s->devices[i].report);
    sk_mqtt_plan_free(&s->plan);
    sk_free(s->uri);
    sk_free(s->chunks);
    sk_free(s->last);
    sk_free(s->devices);
    sk_free(s);
}

static enum sk_err session_open(const struct sk_site *site, uint32_t link, bool events_only, const struct sk_driver_host *host,
                                struct sk_driver_session **ret_session, struct sk_fault *fault)
{
    struct sk_driver_session *s = sk_calloc(1, sizeof(*s));
    if (s == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "link '%s': out of memory", site->links[link].id);
    s->site = site;
    s->link = &site->links[link];
    s->link_index = link;
    s->events_only = events_only;
    s->host = *host;
    sk_dial_init(&s->dial, s->link->mqtt_version);
    s->last = sk_calloc(site->point_count + 1, sizeof(*s->last));
    s->devices = sk_calloc(site->device_count + 1, sizeof(*s->devices));
    enum sk_err err = s->last == NULL || s->devices == NULL ? SK_ERR_NOMEM : make_locks(s);
    if (err == SK_OK)
        err = sk_random(&s->nonce, sizeof(s->nonce));
    s->random = s->nonce | 1;
    if (err == SK_OK)
        err = sk_mqtt_plan_build(site, link, events_only, &s->plan, fault);
    if (err == SK_OK)
        err = plan_chunks(s);
    if (err == SK_OK)
        err = make_uri(s, fault);
    if (err == SK_OK)
        err = check_password(s->link, fault);
    if (err == SK_OK) {
        *ret_session = s;
        return SK_OK;
    }
    if (err == SK_ERR_NOMEM || err == SK_ERR_CRYPTO)
        sk_fault_set(fault, err, "link '%s': %s", s->link->id, sk_err_text(err));
    release(s);
    return err;
}

/* --- run and close --- */

/* The talker may be unable to end: see the top of the file. */
static void end_talker(struct sk_driver_session *s, pthread_t talker)
{
    int64_t until = sk_clock_mono_us() + END_WAIT_MS * SK_US_PER_MS;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->wake);
    while (!s->talker_done && !s->held && sk_clock_mono_us() < until)
        sk_mqtt_wait_until(s, until);
    bool done = s->talker_done;
    s->abandoned = !done;
    pthread_mutex_unlock(&s->lock);
    if (done)
        pthread_join(talker, NULL);
    else
        pthread_detach(talker);
}

static enum sk_err session_run(struct sk_driver_session *s, int stop_fd)
{
    pthread_t talker;
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    if (pthread_create(&talker, NULL, talk, s) != 0)
        return SK_ERR_NOMEM;
    while (!s->host.stopping(s->host.context)) {
        int ready = poll(&stop, stop_fd >= 0 ? 1 : 0, WATCH_MS);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            break;
        if (!s->events_only)
            sk_mqtt_inbox_report(s);
    }
    end_talker(s, talker);
    return SK_OK;
}

static void session_close(struct sk_driver_session *s)
{
    if (s == NULL || s->abandoned)
        return;
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    release(s);
}

const struct sk_driver sk_driver_mqtt = {
    .api_version = SK_DRIVER_API_VERSION,
    .name = "mqtt",
    .open = session_open,
    .run = session_run,
    .close = session_close,
    .serves = sk_mqtt_serves,
};
