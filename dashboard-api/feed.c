/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the feed, one function per type in a table. A line that is none ends the connection: the next snapshot mends it. */
#include "dashboard-api/feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "dashboard-api/wire.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"

enum { POLL_MS = 200, BACKOFF_MIN_MS = 200, BACKOFF_MAX_MS = 2000 };

struct sk_feed {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop_signal;
    atomic_bool stopping;
    const char *path;
    struct sk_mirror *mirror;
    struct sk_live *live;
    bool connected, snapshot, writable, has_record;
    uint64_t record;
};

/* The object without its "type", as the one text that everybody is sent. Owned by the caller (cJSON_free). */
static char *print_item(cJSON *line)
{
    cJSON_DeleteItemFromObjectCaseSensitive(line, "type");
    return cJSON_PrintUnformatted(line);
}

static enum sk_err on_begin(struct sk_feed *feed, cJSON *line)
{
    const cJSON *site = sk_json_get(line, "site");
    const char *class_ = sk_json_text(sk_json_get(site, "class"));
    const char *record = sk_json_text(sk_json_get(line, "record"));
    feed->has_record = record && record[0] != '\0';
    if (!class_ || !record || (feed->has_record && !sk_json_u64(sk_json_get(line, "record"), &feed->record)))
        return SK_ERR_PROTOCOL;
    char *text = cJSON_PrintUnformatted(site);
    enum sk_err err = text ? sk_mirror_begin(feed->mirror, text, class_) : SK_ERR_NOMEM;
    cJSON_free(text);
    feed->writable = cJSON_IsTrue(sk_json_get(line, "writable")); /* known at once, not with the first heartbeat */
    feed->snapshot = true;
    return err;
}

static enum sk_err put_entry(struct sk_feed *feed, enum sk_mirror_kind kind, cJSON *line)
{
    char *text = sk_json_text(sk_json_get(line, "id")) ? print_item(line) : NULL;
    enum sk_err err = text ? sk_mirror_put_entry(feed->mirror, kind, text) : SK_ERR_PROTOCOL;
    cJSON_free(text);
    return err;
}

static enum sk_err on_zone(struct sk_feed *feed, cJSON *line)
{
    return put_entry(feed, SK_MIRROR_ZONE, line);
}
static enum sk_err on_door(struct sk_feed *feed, cJSON *line)
{
    return put_entry(feed, SK_MIRROR_DOOR, line);
}
static enum sk_err on_device(struct sk_feed *feed, cJSON *line)
{
    return put_entry(feed, SK_MIRROR_DEVICE, line);
}

static void publish_state(struct sk_feed *feed)
{
    char json[96];
    sk_text_format(json, sizeof json, "{\"record\":\"%s\",\"connected\":true}", "");
    if (feed->has_record)
        sk_text_format(json, sizeof json, "{\"record\":\"%llu\",\"connected\":true}", (unsigned long long)feed->record);
    sk_live_publish(feed->live, SK_LIVE_STATE, "snapshot", 0, json);
}

/* Records that were committed while the snapshot was on its way are in its end's number, not in lines of their own. */
static enum sk_err on_end(struct sk_feed *feed, cJSON *line)
{
    const char *record = sk_json_text(sk_json_get(line, "record"));
    if (!feed->snapshot)
        return SK_ERR_PROTOCOL;
    if (record != NULL && record[0] != '\0') {
        feed->has_record = true;
        if (!sk_json_u64(sk_json_get(line, "record"), &feed->record))
            return SK_ERR_PROTOCOL;
    }
    feed->snapshot = false;
    sk_mirror_end(feed->mirror);
    sk_mirror_set_writable(feed->mirror, feed->writable);
    if (feed->has_record)
        sk_mirror_set_record(feed->mirror, feed->record);
    sk_live_sync(feed->live, feed->has_record, feed->record);
    publish_state(feed);
    feed->connected = true;
    sk_log(SK_LOG_NOTICE, "collector's feed is up");
    return SK_OK;
}

static enum sk_err on_point(struct sk_feed *feed, cJSON *line)
{
    const char *quality = sk_json_text(sk_json_get(line, "quality"));
    struct sk_mirror_point point = {.quality = quality ? sk_quality_parse(quality) : -1};
    const char *id = sk_json_text(sk_json_get(line, "id"));
    if (!id || id[0] == '\0' || point.quality < 0)
        return SK_ERR_PROTOCOL;
    char *text = print_item(line);
    point.id = (char *)(uintptr_t)id;
    point.text = text;
    enum sk_err err = text ? sk_mirror_put_point(feed->mirror, &point) : SK_ERR_NOMEM;
    if (err == SK_OK && !feed->snapshot)
        sk_live_publish(feed->live, SK_LIVE_POINT, "point", 0, text);
    cJSON_free(text);
    return err;
}

/* Every item of the API has an id; the feed's alarm has only its occurrence. */
static bool add_alarm_id(cJSON *line, uint64_t occurrence)
{
    return sk_json_get(line, "id") != NULL || sk_json_add_u64(line, "id", occurrence);
}

static enum sk_err on_alarm(struct sk_feed *feed, cJSON *line)
{
    const char *state = sk_json_text(sk_json_get(line, "state"));
    const char *severity = sk_json_text(sk_json_get(line, "severity"));
    struct sk_mirror_alarm alarm = {.severity = severity ? sk_severity_parse(severity) : -1};
    if (!state || alarm.severity < 0 || !sk_json_u64(sk_json_get(line, "occurrence"), &alarm.occurrence) ||
        !add_alarm_id(line, alarm.occurrence))
        return SK_ERR_PROTOCOL;
    alarm.open = sk_alarm_state_parse(state) != SK_ALARM_NORMAL;
    alarm.acknowledged = cJSON_IsTrue(sk_json_get(line, "acknowledged"));
    alarm.text = print_item(line);
    enum sk_err err = alarm.text ? sk_mirror_put_alarm(feed->mirror, &alarm) : SK_ERR_NOMEM;
    if (err == SK_OK && !feed->snapshot)
        sk_live_publish(feed->live, SK_LIVE_ALARM, "alarm", 0, alarm.text);
    cJSON_free(alarm.text);
    return err;
}

static enum sk_err on_record(struct sk_feed *feed, cJSON *line)
{
    const cJSON *record = sk_json_get(line, "record");
    const char *class_ = sk_json_text(sk_json_get(record, "class"));
    uint64_t seq;
    if (!class_ || !sk_json_u64(sk_json_get(record, "seq"), &seq))
        return SK_ERR_PROTOCOL;
    if (feed->has_record && seq <= feed->record)
        return SK_OK; /* already in the snapshot's count */
    if (feed->has_record ? seq != feed->record + 1 : seq != 0)
        return SK_ERR_PROTOCOL; /* a hole: connect again and fetch it from the store */
    char *text = cJSON_PrintUnformatted(record);
    if (!text)
        return SK_ERR_NOMEM;
    feed->has_record = true;
    feed->record = seq;
    sk_mirror_set_record(feed->mirror, seq);
    bool entry = sk_record_class_parse(class_) == SK_CLASS_ACCESS;
    sk_live_publish(feed->live, entry ? SK_LIVE_ENTRY : SK_LIVE_RECORD, entry ? "entry" : "record", seq, text);
    cJSON_free(text);
    return SK_OK;
}

static enum sk_err on_heartbeat(struct sk_feed *feed, cJSON *line)
{
    const cJSON *writable = sk_json_get(line, "writable");
    sk_mirror_set_writable(feed->mirror, cJSON_IsTrue(writable));
    return cJSON_IsBool(writable) ? SK_OK : SK_ERR_PROTOCOL;
}

static const struct {
    const char *type;
    enum sk_err (*take)(struct sk_feed *feed, cJSON *line);
} types[] = {
    {"point", on_point},          {"record", on_record},    {"alarm", on_alarm}, {"heartbeat", on_heartbeat},
    {"snapshot_begin", on_begin}, {"snapshot_end", on_end}, {"zone", on_zone},   {"door", on_door},
    {"device", on_device},
};

static enum sk_err take_line(struct sk_feed *feed, const char *text, size_t length, struct sk_fault *fault)
{
    cJSON *line;
    if (sk_json_parse(text, length, &SK_JSON_PAYLOAD, &line, fault) != SK_OK)
        return SK_ERR_PROTOCOL;
    const char *type = sk_json_text(sk_json_get(line, "type"));
    enum sk_err err = type ? SK_OK : sk_fault_set(fault, SK_ERR_PROTOCOL, "a line without type");
    for (size_t i = 0; type && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].type, type) != 0)
            continue;
        err = types[i].take(feed, line);
        if (err != SK_OK)
            sk_fault_set(fault, err, "line '%s': %s", types[i].type, sk_err_text(err));
        break; /* a type of a later version is passed over */
    }
    cJSON_Delete(line);
    return err;
}

static enum sk_err read_feed(struct sk_feed *feed, struct sk_wire *wire, struct sk_fault *fault)
{
    int64_t heard_us = sk_clock_mono_us();
    while (!atomic_load(&feed->stopping)) {
        char *line;
        size_t length;
        int64_t now_us = sk_clock_mono_us();
        enum sk_err err = sk_wire_line(wire, now_us + POLL_MS * SK_US_PER_MS, &line, &length);
        if (err == SK_ERR_TIMEOUT) {
            if (sk_clock_mono_us() - heard_us > SK_FEED_SILENT_MS * SK_US_PER_MS)
                return sk_fault_set(fault, err, "the feed is silent");
            continue;
        }
        if (err == SK_OK) {
            sk_live_hold(feed->live, true);
            err = take_line(feed, line, length, fault);
            if (err != SK_OK || !sk_wire_more(wire)) /* what came together is shown together */
                sk_live_hold(feed->live, false);
        } else {
            sk_fault_set(fault, err, "the feed ended: %s", sk_err_text(err));
        }
        if (err != SK_OK)
            return err;
        heard_us = sk_clock_mono_us();
    }
    return SK_OK;
}

static enum sk_err connect_once(struct sk_feed *feed, struct sk_fault *fault)
{
    static const char hello[] = "{\"hello\":\"feed\",\"version\":1}\n";
    struct sk_wire *wire;
    enum sk_err err = sk_wire_open(feed->path, &wire, fault);
    if (err != SK_OK)
        return err;
    feed->snapshot = feed->connected = false;
    err = sk_wire_send(wire, hello, sizeof hello - 1, sk_clock_mono_us() + SK_US_PER_S);
    if (err == SK_OK)
        err = read_feed(feed, wire, fault);
    sk_wire_close(wire);
    sk_mirror_disconnect(feed->mirror);
    if (feed->connected)
        sk_live_publish(feed->live, SK_LIVE_STATE, "collector", 0, "{\"connected\":false}");
    return err;
}

static void rest(struct sk_feed *feed, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + ms * 1000000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_mutex_lock(&feed->lock);
    if (!atomic_load(&feed->stopping))
        pthread_cond_timedwait(&feed->stop_signal, &feed->lock, &until);
    pthread_mutex_unlock(&feed->lock);
}

static void *run(void *context)
{
    struct sk_feed *feed = context;
    int64_t backoff_ms = BACKOFF_MIN_MS;
    bool told = false;
    while (!atomic_load(&feed->stopping)) {
        struct sk_fault fault = {0};
        feed->connected = false;
        enum sk_err err = connect_once(feed, &fault);
        if (feed->connected) {
            backoff_ms = BACKOFF_MIN_MS;
            told = false;
        }
        if (err != SK_OK && !told)
            sk_log(SK_LOG_WARNING, "%s; trying again", fault.text[0] ? fault.text : sk_err_text(err));
        told = told || err != SK_OK;
        rest(feed, backoff_ms);
        backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
    }
    return NULL;
}

enum sk_err sk_feed_start(const char *socket_path, struct sk_mirror *mirror, struct sk_live *live, struct sk_feed **ret_feed)
{
    struct sk_feed *feed = sk_calloc(1, sizeof *feed);
    if (!feed)
        return SK_ERR_NOMEM;
    feed->path = socket_path;
    feed->mirror = mirror;
    feed->live = live;
    pthread_mutex_init(&feed->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->stop_signal, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&feed->thread, NULL, run, feed) != 0) {
        sk_free(feed);
        return SK_ERR_IO;
    }
    *ret_feed = feed;
    return SK_OK;
}

void sk_feed_stop(struct sk_feed *feed)
{
    if (!feed)
        return;
    pthread_mutex_lock(&feed->lock);
    atomic_store(&feed->stopping, true);
    pthread_cond_signal(&feed->stop_signal);
    pthread_mutex_unlock(&feed->lock);
    pthread_join(feed->thread, NULL);
    pthread_cond_destroy(&feed->stop_signal);
    pthread_mutex_destroy(&feed->lock);
    sk_free(feed);
}
