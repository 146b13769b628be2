/* SPDX-License-Identifier: Apache-2.0 */
/* Feed readers and the one encoding. Points that changed wait in a list and go out together, at most once per second each: the
 * list is walked at each tend, so its cost follows what changed, not how many points there are.
 *
 * A reader that joined is given the site in slices, one per turn, as fast as it takes them: `told` says how far it has come.
 * Until its snapshot_end it hears of changes only to points it was told of; the rest, the alarms and the newest record number
 * follow as they are then. So a join holds up nobody, and costs no more memory for a larger site. */
#include "collector/feed.h"

#include <string.h>

#include "schemas/base/json.h"
#include "schemas/base/json_write.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"
#include "schemas/model/json.h"

/* POINT_LINE: a point with the longest names and all 53 flags is shorter. SLICE: of a snapshot in one turn, and no more than
 * SLICE_QUEUE of it waits for its reader. */
enum { READERS_MAX = 16, POINT_LINE = 8192, SLICE_LINES = 1000, SLICE_QUEUE = 256 << 10 };
/* WALK: points that changed together go together; each walk of the list and each packet then serves many. Whatever wakes the
 * loop serves for a walk; only after WAKE it is woken for one. */
static const int64_t POINT_PERIOD_US = SK_US_PER_S, HEARTBEAT_US = SK_US_PER_S, WALK_US = 20000, WAKE_US = 50000,
                     PATIENCE_US = 30 * SK_US_PER_S;

struct reader {
    struct sk_line *line;
    bool complete;   /* has its snapshot_end */
    size_t told;     /* lines of the snapshot so far: directory, then points */
    int64_t took_us; /* when it last took something of its snapshot (mono); 0 not known yet */
};

struct sk_feed {
    const struct sk_site *site;
    const struct sk_engine *engine;
    struct sk_store *store;
    struct reader readers[READERS_MAX];
    size_t reader_count;
    char point_line[POINT_LINE];
    uint32_t *changed; /* points that wait */
    size_t changed_count;
    bool *is_changed;
    int64_t *sent_us; /* mono, per point */
    int64_t heartbeat_us, walked_us, flowing_us;
};

enum sk_err sk_feed_create(const struct sk_site *site, const struct sk_engine *engine, struct sk_store *store,
                           struct sk_feed **ret_feed)
{
    struct sk_feed *feed = sk_calloc(1, sizeof *feed);
    if (feed == NULL)
        return SK_ERR_NOMEM;
    *feed = (struct sk_feed){.site = site, .engine = engine, .store = store};
    feed->changed = sk_calloc(site->point_count, sizeof *feed->changed);
    feed->is_changed = sk_calloc(site->point_count, sizeof *feed->is_changed);
    feed->sent_us = sk_calloc(site->point_count, sizeof *feed->sent_us);
    if (feed->changed == NULL || feed->is_changed == NULL || feed->sent_us == NULL) {
        sk_feed_free(feed);
        return SK_ERR_NOMEM;
    }
    *ret_feed = feed;
    return SK_OK;
}

static void flush_readers(struct sk_feed *feed)
{
    for (size_t i = 0; i < feed->reader_count; i++)
        sk_line_flush(feed->readers[i].line);
}

void sk_feed_free(struct sk_feed *feed)
{
    if (feed == NULL)
        return;
    flush_readers(feed);
    while (feed->reader_count > 0)
        sk_line_free(feed->readers[--feed->reader_count].line);
    sk_free(feed->sent_us);
    sk_free(feed->is_changed);
    sk_free(feed->changed);
    sk_free(feed);
}

/* Takes the JSON, adds its type, queues it as one line to one reader or (NULL) to all that have their snapshot; sk_feed_tend()
 * ends every turn and sends what the turn has queued. */
static void send_json(struct sk_feed *feed, struct sk_line *only, const char *type, cJSON *json)
{
    char *text = NULL;
    if (json != NULL && cJSON_AddStringToObject(json, "type", type) != NULL)
        text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    if (text == NULL) {
        sk_log(SK_LOG_ERROR, "out of memory for a feed line of type '%s'; readers miss it until they join again", type);
        return;
    }
    size_t length = strlen(text);
    text[length] = '\n'; /* the NUL is not needed any more */
    if (only != NULL)
        sk_line_put(only, text, length + 1);
    for (size_t i = 0; only == NULL && i < feed->reader_count; i++)
        if (feed->readers[i].complete)
            sk_line_put(feed->readers[i].line, text, length + 1);
    cJSON_free(text);
}

/* The line of a point as it is now; 0: it could not be written. */
static size_t write_point(struct sk_feed *feed, uint32_t index)
{
    const struct sk_point *point = &feed->site->points[index];
    const struct sk_point_view *view = sk_engine_point(feed->engine, index);
    struct sk_json_writer to;
    sk_json_writer_init(&to, feed->point_line, sizeof feed->point_line);
    sk_json_write_open(&to, NULL, '{');
    sk_point_write(&to, point, &feed->site->devices[point->device], &view->sample, view->text, view->changed_utc_us,
                   view->stale);
    sk_json_write_text(&to, "type", "point");
    sk_json_write_close(&to, '}');
    sk_json_write_newline(&to);
    if (to.bad)
        sk_log(SK_LOG_ERROR, "the line of point '%s' is too long for the feed; readers miss it", point->id);
    return to.bad ? 0 : to.length;
}

static size_t directory_count(const struct sk_site *site)
{
    return site->zone_count + site->door_count + site->device_count;
}

/* To everybody who was told of this point before; the others are still to be. */
static void send_point(struct sk_feed *feed, uint32_t index)
{
    const size_t length = write_point(feed, index);
    for (size_t i = 0; length > 0 && i < feed->reader_count; i++) {
        const struct reader *reader = &feed->readers[i];
        if (reader->complete || reader->told > directory_count(feed->site) + index)
            sk_line_put(reader->line, feed->point_line, length);
    }
}

static void send_alarm(struct sk_feed *feed, struct sk_line *only, const struct sk_alarm *alarm, bool recorded)
{
    cJSON *json = NULL;
    if (sk_alarm_to_json(alarm, recorded, &json) == SK_OK)
        send_json(feed, only, "alarm", json);
}

static cJSON *site_json(const struct sk_site *site)
{
    static const char *const classes[] = {"production", "demo", "test"};
    cJSON *json = cJSON_CreateObject(), *title = cJSON_CreateObject();
    bool good = json != NULL && title != NULL && cJSON_AddStringToObject(json, "id", site->id) != NULL &&
                cJSON_AddStringToObject(json, "class", classes[site->class_]) != NULL &&
                cJSON_AddStringToObject(json, "zone", site->zone_name) != NULL &&
                cJSON_AddStringToObject(title, "ja", site->title_ja) != NULL &&
                cJSON_AddStringToObject(title, "en", site->title_en) != NULL;
    if (!good || !cJSON_AddItemToObject(json, "title", title)) {
        cJSON_Delete(title);
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

static void newest_record(const struct sk_feed *feed, char to[24])
{
    const uint64_t size = sk_store_size(feed->store);
    to[0] = '\0';
    if (size > 0)
        sk_text_format(to, 24, "%llu", (unsigned long long)(size - 1));
}

static void send_begin(struct sk_feed *feed, struct sk_line *line, bool writable)
{
    char newest[24];
    cJSON *json = cJSON_CreateObject(), *site = site_json(feed->site);
    newest_record(feed, newest);
    if (json == NULL || site == NULL || !cJSON_AddItemToObject(json, "site", site)) {
        cJSON_Delete(site);
        cJSON_Delete(json);
        return;
    }
    cJSON_AddStringToObject(json, "record", newest);
    cJSON_AddBoolToObject(json, "writable", writable);
    send_json(feed, line, "snapshot_begin", json);
}

/* Line `at` of the directory: what things are called and where they are; once, ahead of their points. */
static void send_entry(struct sk_feed *feed, struct sk_line *line, size_t at)
{
    const struct sk_site *site = feed->site;
    const size_t doors = site->zone_count, devices = doors + site->door_count;
    cJSON *json = NULL;
    if (at < doors && sk_zone_to_json(&site->zones[at], &json) == SK_OK)
        send_json(feed, line, "zone", json);
    else if (at >= doors && at < devices && sk_door_to_json(site, &site->doors[at - doors], &json) == SK_OK)
        send_json(feed, line, "door", json);
    else if (at >= devices && sk_device_to_json(&site->devices[at - devices], &json) == SK_OK)
        send_json(feed, line, "device", json);
}

/* Alarms as they are now and the number of the newest record: from here on the reader hears of every change. */
static void send_end(struct sk_feed *feed, struct sk_line *line)
{
    char newest[24];
    cJSON *json = cJSON_CreateObject();
    sk_line_lift_ceiling(line, true);
    for (size_t i = 0; i < sk_engine_alarm_count(feed->engine); i++) {
        struct sk_alarm stored; /* the row knows its records; the engine's copy does not */
        const struct sk_alarm *alarm = sk_engine_alarm(feed->engine, i);
        bool recorded = sk_store_alarm_get(feed->store, alarm->occurrence, &stored) == SK_OK && stored.bits == alarm->bits;
        send_alarm(feed, line, recorded ? &stored : alarm, recorded);
    }
    newest_record(feed, newest);
    if (json != NULL)
        cJSON_AddStringToObject(json, "record", newest);
    send_json(feed, line, "snapshot_end", json);
    sk_line_lift_ceiling(line, false);
}

/* The next lines of a reader's snapshot, as many as it has room for. True while there is more and room for it. */
static bool send_slice(struct sk_feed *feed, struct reader *reader, int64_t mono_us)
{
    const size_t entries = directory_count(feed->site), total = entries + feed->site->point_count;
    size_t lines = 0;
    if (reader->complete)
        return false;
    for (; lines < SLICE_LINES && reader->told < total && sk_line_queued(reader->line) < SLICE_QUEUE; lines++, reader->told++) {
        const size_t length = reader->told < entries ? 0 : write_point(feed, (uint32_t)(reader->told - entries));
        if (reader->told < entries)
            send_entry(feed, reader->line, reader->told);
        else if (length > 0)
            sk_line_put(reader->line, feed->point_line, length);
    }
    if (lines > 0 || reader->took_us == 0)
        reader->took_us = mono_us;
    if (reader->told == total && sk_line_queued(reader->line) < SLICE_QUEUE) {
        send_end(feed, reader->line);
        reader->complete = true;
    } else if (mono_us - reader->took_us > PATIENCE_US) {
        sk_line_break(reader->line, "it does not take its snapshot");
    }
    sk_line_flush(reader->line);
    return !reader->complete && sk_line_queued(reader->line) < SLICE_QUEUE;
}

enum sk_err sk_feed_join(struct sk_feed *feed, struct sk_line *line, bool writable)
{
    if (feed->reader_count == READERS_MAX)
        return SK_ERR_FULL;
    feed->readers[feed->reader_count++] = (struct reader){.line = line};
    send_begin(feed, line, writable);
    return SK_OK;
}

void sk_feed_leave(struct sk_feed *feed, const struct sk_line *line)
{
    for (size_t i = 0; i < feed->reader_count; i++)
        if (feed->readers[i].line == line) {
            feed->readers[i] = feed->readers[--feed->reader_count];
            return;
        }
}

void sk_feed_record(struct sk_feed *feed, const struct sk_record *record)
{
    cJSON *inner = NULL, *json;
    if (feed->reader_count == 0)
        return;
    if (sk_record_to_json(feed->store, record, &inner) != SK_OK)
        return;
    json = cJSON_CreateObject();
    if (json == NULL || !cJSON_AddItemToObject(json, "record", inner)) {
        cJSON_Delete(inner);
        cJSON_Delete(json);
        return;
    }
    send_json(feed, NULL, "record", json);
}

void sk_feed_alarm(struct sk_feed *feed, const struct sk_alarm *alarm, bool recorded)
{
    if (feed->reader_count > 0)
        send_alarm(feed, NULL, alarm, recorded);
}

void sk_feed_point(struct sk_feed *feed, uint32_t point)
{
    if (feed->is_changed[point] || feed->reader_count == 0) /* who joins later is told everything */
        return;
    feed->is_changed[point] = true;
    feed->changed[feed->changed_count++] = point;
}

static void send_heartbeat(struct sk_feed *feed, const struct sk_now *now, bool writable)
{
    cJSON *json = cJSON_CreateObject();
    if (json != NULL && sk_json_add_time(json, "time", now->utc_us) &&
        cJSON_AddBoolToObject(json, "writable", writable) != NULL)
        send_json(feed, NULL, "heartbeat", json);
    else
        cJSON_Delete(json);
}

/* Points are state: while a reader digests (a snapshot, say), they wait and are told as they are then, newest value only.
 * Records and alarms do not wait. A reader that takes nothing for long holds up nobody: it meets its ceiling and is dropped. */
static bool must_wait(struct sk_feed *feed, int64_t mono_us)
{
    size_t most = 0;
    for (size_t i = 0; i < feed->reader_count; i++)
        most = sk_line_queued(feed->readers[i].line) > most ? sk_line_queued(feed->readers[i].line) : most;
    if (most <= SK_LINE_OUT_MAX / 4)
        feed->flowing_us = mono_us;
    return mono_us - feed->flowing_us > 0 && mono_us - feed->flowing_us < PATIENCE_US;
}

/* Sends the points that are due; returns when the next walk is. */
static int64_t walk_changed(struct sk_feed *feed, int64_t mono_us)
{
    size_t kept = 0;
    int64_t next = SK_NEVER;
    if (mono_us < feed->walked_us + WALK_US)
        return feed->changed_count > 0 ? feed->walked_us + WAKE_US : SK_NEVER;
    feed->walked_us = mono_us;
    if (must_wait(feed, mono_us))
        return mono_us + WAKE_US;
    for (size_t i = 0; i < feed->changed_count; i++) {
        uint32_t point = feed->changed[i];
        int64_t due = feed->sent_us[point] + POINT_PERIOD_US;
        if (due > mono_us && feed->sent_us[point] != 0) {
            feed->changed[kept++] = point;
            next = due < next ? due : next;
            continue;
        }
        feed->is_changed[point] = false;
        feed->sent_us[point] = mono_us;
        if (feed->reader_count > 0)
            send_point(feed, point);
    }
    feed->changed_count = kept;
    return next < mono_us + WAKE_US ? mono_us + WAKE_US : next;
}

int64_t sk_feed_tend(struct sk_feed *feed, const struct sk_now *now, bool writable)
{
    const int64_t walk = walk_changed(feed, now->mono_us);
    if (now->mono_us >= feed->heartbeat_us + HEARTBEAT_US) {
        feed->heartbeat_us = now->mono_us;
        if (feed->reader_count > 0)
            send_heartbeat(feed, now, writable);
    }
    flush_readers(feed);
    bool more = false;
    for (size_t i = 0; i < feed->reader_count; i++)
        more = send_slice(feed, &feed->readers[i], now->mono_us) || more;
    if (more)
        return now->mono_us;
    const int64_t heartbeat = feed->heartbeat_us + HEARTBEAT_US;
    return walk < heartbeat ? walk : heartbeat;
}
