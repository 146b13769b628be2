/* SPDX-License-Identifier: Apache-2.0 */
/* What the session says of itself and of its devices' liveness: link points, device.comm, and the bad samples of devices that
 * announced themselves offline or whose broker is gone. Only the samples session says these; it hears the ticks of the event
 * session of the same link, so that a link is "up" only when both are. Values: positions in the kinds' word lists. */
#include <string.h>

#include "drivers/mqtt/session.h"

enum { LINK_DOWN = 0, LINK_UP = 1, COMM_NORMAL = 0, COMM_LOST = 1 };

struct sk_payload_context sk_mqtt_context(const struct sk_driver_session *s)
{
    return (struct sk_payload_context){
        .site = s->site, .last = s->last, .simulated = s->link->simulated, .now = s->host.now(s->host.context)};
}

void sk_mqtt_hand_over(struct sk_driver_session *s, struct sk_mqtt_batch *batch)
{
    if (batch->count > 0) {
        struct sk_batch handed = {.link = s->link_index,
                                  .before_us = batch->samples[0].mono_us,
                                  .after_us = batch->samples[0].mono_us,
                                  .samples = batch->samples,
                                  .count = batch->count,
                                  .text = batch->text,
                                  .text_length = batch->text_length};
        s->host.samples(s->host.context, &handed);
    }
    batch->count = 0;
    batch->text_length = 0;
}

/* --- devices --- */

/* How long the device may be silent: what the site says (by default no less than its profile's expire_after_ms). */
static int64_t silence_us(const struct sk_device *device)
{
    return (device->comm_lost_ms > 0 ? (int64_t)device->comm_lost_ms : SK_MQTT_SILENCE_DEFAULT_MS) * SK_US_PER_MS;
}

/* "normal" is said again and again for whoever looks; only when a live message came in between is it a sign of life. */
static bool say_comm(struct sk_driver_session *s, uint32_t device, struct sk_mqtt_batch *batch)
{
    struct sk_mqtt_device *state = &s->devices[device];
    struct sk_payload_context context = sk_mqtt_context(s);
    int32_t point = sk_site_device_point(s->site, device, "device.comm");
    const bool heard = state->comm_heard;
    if (state->comm == SK_COMM_UNKNOWN)
        return true;
    if (state->comm == SK_COMM_NORMAL && state->comm_retained)
        return sk_payload_own(&context, point, COMM_NORMAL, SK_Q_LAST_USABLE, SK_WHY_RETAINED, batch);
    if (heard && state->live_us > 0)
        context.now.mono_us = state->live_us;
    const bool put =
        sk_payload_own(&context, point, state->comm == SK_COMM_NORMAL ? COMM_NORMAL : COMM_LOST, SK_Q_GOOD, SK_WHY_NONE, batch);
    if (put && point >= 0 && !heard && state->comm == SK_COMM_NORMAL)
        batch->samples[batch->count - 1].flags |= SK_SAMPLE_REFRESH;
    state->comm_heard = heard && !put;
    return put;
}

void sk_mqtt_health_alive(struct sk_driver_session *s, uint32_t device, bool retained, struct sk_mqtt_batch *batch)
{
    struct sk_mqtt_device *state = &s->devices[device];
    bool changed = state->comm != SK_COMM_NORMAL || (state->comm_retained && !retained);
    if (retained && state->comm == SK_COMM_NORMAL)
        return;
    state->comm = SK_COMM_NORMAL;
    state->comm_retained = retained;
    state->live_us = sk_clock_mono_us();
    state->comm_heard = !retained;
    if (changed)
        say_comm(s, device, batch);
}

/* All points of the device, in as many batches as they need. */
static void say_lost(struct sk_driver_session *s, uint32_t index, uint8_t reason, struct sk_mqtt_batch *batch)
{
    const struct sk_device *device = &s->site->devices[index];
    struct sk_payload_context context = sk_mqtt_context(s);
    for (uint32_t p = device->first_point; p < device->first_point + device->point_count; p++) {
        if (s->site->points[p].profile == NULL || sk_payload_lost(&context, p, reason, batch))
            continue;
        pthread_mutex_unlock(&s->lock);
        sk_mqtt_hand_over(s, batch);
        pthread_mutex_lock(&s->lock);
        sk_payload_lost(&context, p, reason, batch);
    }
}

void sk_mqtt_health_lost(struct sk_driver_session *s, uint32_t device, uint8_t reason, struct sk_mqtt_batch *batch)
{
    struct sk_mqtt_device *state = &s->devices[device];
    state->comm = SK_COMM_LOST;
    state->comm_retained = false;
    state->live_us = 0;
    if (!say_comm(s, device, batch)) {
        pthread_mutex_unlock(&s->lock);
        sk_mqtt_hand_over(s, batch);
        pthread_mutex_lock(&s->lock);
        say_comm(s, device, batch);
    }
    say_lost(s, device, reason, batch);
}

/* A device that spoke and fell silent, or that never spoke since the link is up. */
static void judge_silence(struct sk_driver_session *s, uint32_t device, int64_t now, bool up)
{
    struct sk_mqtt_device *state = &s->devices[device];
    int64_t since = state->live_us > 0 ? state->live_us : s->up_us;
    if (!up || state->comm == SK_COMM_LOST || since == 0 || now - since <= silence_us(&s->site->devices[device]))
        return;
    state->comm = SK_COMM_LOST;
    state->comm_retained = false;
    state->live_us = 0;
}

static bool on_link(const struct sk_driver_session *s, uint32_t device)
{
    const struct sk_device *d = &s->site->devices[device];
    return d->link == (int32_t)s->link_index && d->profile != NULL;
}

static void say_devices(struct sk_driver_session *s, int64_t now, bool up)
{
    bool lost_now = !up && s->down_us > 0 && !s->link_lost_said && now - s->down_us > SK_MQTT_LINK_GRACE_MS * SK_US_PER_MS;
    for (uint32_t i = 0; i < s->site->device_count; i++) {
        if (!on_link(s, i))
            continue;
        if (s->health.count + 1 >= SK_BATCH_MAX)
            sk_mqtt_hand_over(s, &s->health);
        pthread_mutex_lock(&s->lock);
        judge_silence(s, i, now, up);
        if (lost_now)
            sk_mqtt_health_lost(s, i, SK_WHY_LINK_DOWN, &s->health);
        else
            say_comm(s, i, &s->health);
        pthread_mutex_unlock(&s->lock);
    }
    if (lost_now)
        s->link_lost_said = true;
}

/* --- the link --- */

static bool peer_is_well(const struct sk_driver_session *s, int64_t now)
{
    int64_t since = s->peer_us > s->up_us ? s->peer_us : s->up_us;
    return s->plan.peer_topic == NULL || now - since <= SK_MQTT_SILENCE_MS * SK_US_PER_MS;
}

static uint64_t all_malformed(const struct sk_driver_session *s)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->site->device_count; i++)
        sum += s->devices[i].malformed;
    return sum;
}

static void say_link(struct sk_driver_session *s, int64_t now, bool up)
{
    char id[256] = "link.";
    struct sk_payload_context context = sk_mqtt_context(s);
    strncat(id, s->link->id, sizeof(id) - strlen(id) - 1);
    int32_t device = sk_site_device(s->site, id);
    if (device < 0)
        return;
    pthread_mutex_lock(&s->lock);
    const struct {
        const char *name;
        double value;
    } rows[] = {
        {"link.state", up && peer_is_well(s, now) ? LINK_UP : LINK_DOWN},
        {"link.reconnects", s->connects > 0 ? (double)(s->connects - 1) : 0},
        {"link.requests", (double)s->messages},
        {"link.timeouts", (double)s->silences},
        {"link.exceptions", (double)s->refused_topics},
        {"mqtt.received", (double)s->messages},
        {"mqtt.malformed", (double)all_malformed(s)},
        {"link.rtt", (double)s->rtt_us / (double)SK_US_PER_MS},
    };
    bool has_rtt = s->rtt_us > 0 && up;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) - (has_rtt ? 0 : 1); i++)
        sk_payload_own(&context, sk_site_device_point(s->site, (uint32_t)device, rows[i].name), rows[i].value, SK_Q_GOOD,
                       SK_WHY_NONE, &s->health);
}

static void say_malformed(struct sk_driver_session *s)
{
    struct sk_payload_context context = sk_mqtt_context(s);
    for (uint32_t i = 0; i < s->site->device_count; i++) {
        int32_t point = on_link(s, i) ? sk_site_device_point(s->site, i, "mqtt.malformed") : -1;
        if (point < 0 || s->site->points[point].profile != NULL)
            continue;
        pthread_mutex_lock(&s->lock);
        double count = (double)s->devices[i].malformed;
        pthread_mutex_unlock(&s->lock);
        if (!sk_payload_own(&context, point, count, SK_Q_GOOD, SK_WHY_NONE, &s->health)) {
            sk_mqtt_hand_over(s, &s->health);
            sk_payload_own(&context, point, count, SK_Q_GOOD, SK_WHY_NONE, &s->health);
        }
    }
}

void sk_mqtt_health_run(struct sk_driver_session *s, bool up)
{
    int64_t now = sk_clock_mono_us();
    if (s->events_only)
        return;
    if (up)
        s->link_lost_said = false;
    say_link(s, now, up);
    say_devices(s, now, up);
    say_malformed(s);
    sk_mqtt_hand_over(s, &s->health);
}
