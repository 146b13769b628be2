/* SPDX-License-Identifier: Apache-2.0 */
/* Two sorted arrays in a picture; one picture shown, one under construction. */
#include "dashboard-api/mirror.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum { POINTS_MAX = 1000000, ALARMS_MAX = 100000 };
#define DIRECTORY_MAX ((size_t)64 << 20)

struct picture {
    struct sk_mirror_point *points; /* by id; unsorted while under construction */
    size_t point_count, point_capacity;
    struct sk_mirror_alarm *alarms; /* by occurrence, oldest first */
    size_t alarm_count, alarm_capacity;
    char *site; /* the whole text of GET /site once the snapshot is complete */
    char site_class[16];
    struct {
        char *text; /* objects with commas between them */
        size_t length, capacity;
    } directory[SK_MIRROR_KINDS]; /* while under construction */
};

struct sk_mirror {
    pthread_rwlock_t lock;
    struct picture shown, next;
    bool building, connected, writable, has_record;
    uint64_t record;
    pthread_mutex_t await_lock;
    pthread_cond_t await_signal;
    uint64_t alarm_changes;
    uint64_t generations[SK_MIRROR_LISTS];
};

enum sk_err sk_mirror_create(struct sk_mirror **ret_mirror)
{
    struct sk_mirror *mirror = sk_calloc(1, sizeof *mirror);
    if (!mirror)
        return SK_ERR_NOMEM;
    pthread_rwlock_init(&mirror->lock, NULL);
    pthread_mutex_init(&mirror->await_lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&mirror->await_signal, &attributes);
    pthread_condattr_destroy(&attributes);
    *ret_mirror = mirror;
    return SK_OK;
}

static void free_point(struct sk_mirror_point *point)
{
    sk_free(point->id);
    sk_free(point->text);
}

static void release_picture(struct picture *picture)
{
    for (size_t i = 0; i < picture->point_count; i++)
        free_point(&picture->points[i]);
    for (size_t i = 0; i < picture->alarm_count; i++)
        sk_free(picture->alarms[i].text);
    sk_free(picture->points);
    sk_free(picture->alarms);
    sk_free(picture->site);
    for (size_t i = 0; i < SK_MIRROR_KINDS; i++)
        sk_free(picture->directory[i].text);
    *picture = (struct picture){0};
}

void sk_mirror_free(struct sk_mirror *mirror)
{
    if (!mirror)
        return;
    release_picture(&mirror->shown);
    release_picture(&mirror->next);
    pthread_cond_destroy(&mirror->await_signal);
    pthread_mutex_destroy(&mirror->await_lock);
    pthread_rwlock_destroy(&mirror->lock);
    sk_free(mirror);
}

/* First index whose id is not below id. */
static size_t find_point(const struct picture *picture, const char *id)
{
    size_t low = 0, high = picture->point_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(picture->points[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t find_alarm(const struct picture *picture, uint64_t occurrence)
{
    size_t low = 0, high = picture->alarm_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (picture->alarms[middle].occurrence < occurrence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int compare_points(const void *a, const void *b)
{
    const struct sk_mirror_point *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order != 0 ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* A point that changes while the snapshot is told comes again behind its first line: the newest stays. */
static void settle_points(struct picture *picture)
{
    size_t kept = 0;
    if (picture->point_count == 0)
        return;
    qsort(picture->points, picture->point_count, sizeof *picture->points, compare_points);
    for (size_t i = 1; i < picture->point_count; i++) {
        if (strcmp(picture->points[kept].id, picture->points[i].id) == 0)
            free_point(&picture->points[kept]);
        else
            kept++;
        picture->points[kept] = picture->points[i];
    }
    picture->point_count = kept + 1;
}

enum sk_err sk_mirror_begin(struct sk_mirror *mirror, const char *site_text, const char *site_class)
{
    release_picture(&mirror->next);
    mirror->building = true;
    mirror->next.site = sk_strdup(site_text);
    sk_text_copy(mirror->next.site_class, sizeof mirror->next.site_class, site_class);
    return mirror->next.site ? SK_OK : SK_ERR_NOMEM;
}

static void tell_alarm_change(struct sk_mirror *mirror)
{
    pthread_mutex_lock(&mirror->await_lock);
    mirror->alarm_changes++;
    pthread_cond_broadcast(&mirror->await_signal);
    pthread_mutex_unlock(&mirror->await_lock);
}

enum sk_err sk_mirror_put_entry(struct sk_mirror *mirror, enum sk_mirror_kind kind, const char *text)
{
    char **list = &mirror->next.directory[kind].text;
    size_t *length = &mirror->next.directory[kind].length, *capacity = &mirror->next.directory[kind].capacity;
    const size_t needed = *length + strlen(text) + 2;
    if (!mirror->building)
        return SK_ERR_PROTOCOL;
    while (*capacity < needed) {
        char *grown = sk_grow(*list, *capacity, capacity, 1, DIRECTORY_MAX);
        if (!grown)
            return SK_ERR_NOMEM;
        *list = grown;
    }
    sk_text_format(*list + *length, *capacity - *length, "%s%s", *length > 0 ? "," : "", text);
    *length += strlen(*list + *length);
    return SK_OK;
}

/* {"id":...} and the lists become {"id":...,"zones":[...],"doors":[...],"devices":[...]}; without memory the site stays bare.
 */
static void join_directory(struct picture *picture)
{
    static const char *const names[] = {"zones", "doors", "devices"};
    size_t length = strlen(picture->site), capacity = length + 64;
    for (size_t i = 0; i < SK_MIRROR_KINDS; i++)
        capacity += picture->directory[i].length + 16;
    char *whole = sk_calloc(capacity, 1);
    if (!whole || length < 2)
        return sk_free(whole);
    sk_text_copy(whole, length, picture->site); /* without its last brace */
    for (size_t i = 0; i < SK_MIRROR_KINDS; i++) {
        const char *list = picture->directory[i].text;
        const size_t at = strlen(whole);
        sk_text_format(whole + at, capacity - at, ",\"%s\":[%s]", names[i], list ? list : "");
    }
    sk_text_format(whole + strlen(whole), capacity - strlen(whole), "}");
    sk_free(picture->site);
    picture->site = whole;
}

void sk_mirror_end(struct sk_mirror *mirror)
{
    if (mirror->next.site)
        join_directory(&mirror->next);
    settle_points(&mirror->next);
    pthread_rwlock_wrlock(&mirror->lock);
    struct picture old = mirror->shown;
    mirror->shown = mirror->next;
    mirror->next = (struct picture){0};
    mirror->building = false;
    mirror->connected = true;
    for (size_t i = 0; i < SK_MIRROR_LISTS; i++)
        mirror->generations[i]++;
    pthread_rwlock_unlock(&mirror->lock);
    tell_alarm_change(mirror);
    release_picture(&old);
}

/* Inserts at `at`; under construction points are appended (at = count) and sorted once. */
static enum sk_err insert_point(struct picture *picture, size_t at, const struct sk_mirror_point *point)
{
    struct sk_mirror_point *points =
        sk_grow(picture->points, picture->point_count, &picture->point_capacity, sizeof *points, POINTS_MAX);
    if (!points)
        return SK_ERR_NOMEM;
    picture->points = points;
    struct sk_mirror_point own = {.id = sk_strdup(point->id),
                                  .text = sk_strdup(point->text),
                                  .quality = point->quality,
                                  .order = (uint32_t)picture->point_count};
    if (!own.id || !own.text) {
        free_point(&own);
        return SK_ERR_NOMEM;
    }
    memmove(points + at + 1, points + at, (picture->point_count - at) * sizeof *points);
    points[at] = own;
    picture->point_count++;
    return SK_OK;
}

static enum sk_err put_shown_point(struct picture *picture, const struct sk_mirror_point *point)
{
    size_t at = find_point(picture, point->id);
    if (at == picture->point_count || strcmp(picture->points[at].id, point->id) != 0)
        return insert_point(picture, at, point);
    char *text = sk_strdup(point->text);
    if (!text)
        return SK_ERR_NOMEM;
    sk_free(picture->points[at].text);
    picture->points[at].text = text;
    picture->points[at].quality = point->quality;
    return SK_OK;
}

enum sk_err sk_mirror_put_point(struct sk_mirror *mirror, const struct sk_mirror_point *point)
{
    if (mirror->building)
        return insert_point(&mirror->next, mirror->next.point_count, point);
    pthread_rwlock_wrlock(&mirror->lock);
    enum sk_err err = put_shown_point(&mirror->shown, point);
    mirror->generations[SK_MIRROR_POINTS]++;
    pthread_rwlock_unlock(&mirror->lock);
    return err;
}

static void remove_alarm(struct picture *picture, size_t at)
{
    sk_free(picture->alarms[at].text);
    picture->alarm_count--;
    memmove(picture->alarms + at, picture->alarms + at + 1, (picture->alarm_count - at) * sizeof *picture->alarms);
}

static enum sk_err put_alarm(struct picture *picture, const struct sk_mirror_alarm *alarm)
{
    size_t at = find_alarm(picture, alarm->occurrence);
    bool known = at < picture->alarm_count && picture->alarms[at].occurrence == alarm->occurrence;
    if (!alarm->open) {
        if (known)
            remove_alarm(picture, at);
        return SK_OK;
    }
    struct sk_mirror_alarm own = *alarm;
    own.text = sk_strdup(alarm->text);
    if (!own.text)
        return SK_ERR_NOMEM;
    if (known) {
        sk_free(picture->alarms[at].text);
        picture->alarms[at] = own;
        return SK_OK;
    }
    struct sk_mirror_alarm *alarms =
        sk_grow(picture->alarms, picture->alarm_count, &picture->alarm_capacity, sizeof *alarms, ALARMS_MAX);
    if (!alarms) {
        sk_free(own.text);
        return SK_ERR_NOMEM;
    }
    picture->alarms = alarms;
    memmove(alarms + at + 1, alarms + at, (picture->alarm_count - at) * sizeof *alarms);
    alarms[at] = own;
    picture->alarm_count++;
    return SK_OK;
}

enum sk_err sk_mirror_put_alarm(struct sk_mirror *mirror, const struct sk_mirror_alarm *alarm)
{
    if (mirror->building)
        return put_alarm(&mirror->next, alarm);
    pthread_rwlock_wrlock(&mirror->lock);
    enum sk_err err = put_alarm(&mirror->shown, alarm);
    mirror->generations[SK_MIRROR_ALARMS]++;
    pthread_rwlock_unlock(&mirror->lock);
    tell_alarm_change(mirror);
    return err;
}

uint64_t sk_mirror_generation(struct sk_mirror *mirror, enum sk_mirror_list list)
{
    pthread_rwlock_rdlock(&mirror->lock);
    const uint64_t generation = mirror->generations[list];
    pthread_rwlock_unlock(&mirror->lock);
    return generation;
}

void sk_mirror_set_record(struct sk_mirror *mirror, uint64_t seq)
{
    pthread_rwlock_wrlock(&mirror->lock);
    mirror->has_record = true;
    mirror->record = seq;
    pthread_rwlock_unlock(&mirror->lock);
}

void sk_mirror_set_writable(struct sk_mirror *mirror, bool writable)
{
    pthread_rwlock_wrlock(&mirror->lock);
    mirror->writable = writable;
    pthread_rwlock_unlock(&mirror->lock);
}

void sk_mirror_disconnect(struct sk_mirror *mirror)
{
    pthread_rwlock_wrlock(&mirror->lock);
    mirror->connected = false;
    mirror->building = false;
    pthread_rwlock_unlock(&mirror->lock);
}

void sk_mirror_state(struct sk_mirror *mirror, struct sk_mirror_state *ret_state)
{
    pthread_rwlock_rdlock(&mirror->lock);
    *ret_state = (struct sk_mirror_state){.connected = mirror->connected,
                                          .writable = mirror->connected && mirror->writable,
                                          .has_record = mirror->has_record,
                                          .record = mirror->record,
                                          .points = mirror->shown.point_count,
                                          .alarms = mirror->shown.alarm_count};
    sk_text_copy(ret_state->site_class, sizeof ret_state->site_class, mirror->shown.site_class);
    pthread_rwlock_unlock(&mirror->lock);
}

void sk_mirror_points(struct sk_mirror *mirror, const char *after,
                      bool (*visit)(void *context, const struct sk_mirror_point *point), void *context)
{
    pthread_rwlock_rdlock(&mirror->lock);
    size_t at = find_point(&mirror->shown, after);
    if (at < mirror->shown.point_count && strcmp(mirror->shown.points[at].id, after) == 0)
        at++;
    while (at < mirror->shown.point_count && visit(context, &mirror->shown.points[at]))
        at++;
    pthread_rwlock_unlock(&mirror->lock);
}

bool sk_mirror_point(struct sk_mirror *mirror, const char *id,
                     bool (*visit)(void *context, const struct sk_mirror_point *point), void *context)
{
    pthread_rwlock_rdlock(&mirror->lock);
    size_t at = find_point(&mirror->shown, id);
    bool found = at < mirror->shown.point_count && strcmp(mirror->shown.points[at].id, id) == 0;
    if (found)
        visit(context, &mirror->shown.points[at]);
    pthread_rwlock_unlock(&mirror->lock);
    return found;
}

void sk_mirror_alarms(struct sk_mirror *mirror, uint64_t below,
                      bool (*visit)(void *context, const struct sk_mirror_alarm *alarm), void *context)
{
    pthread_rwlock_rdlock(&mirror->lock);
    size_t at = find_alarm(&mirror->shown, below);
    while (at > 0 && visit(context, &mirror->shown.alarms[at - 1]))
        at--;
    pthread_rwlock_unlock(&mirror->lock);
}

bool sk_mirror_site(struct sk_mirror *mirror, void (*visit)(void *context, const char *text), void *context)
{
    pthread_rwlock_rdlock(&mirror->lock);
    bool found = mirror->shown.site != NULL;
    if (found)
        visit(context, mirror->shown.site);
    pthread_rwlock_unlock(&mirror->lock);
    return found;
}

static bool is_settled(struct sk_mirror *mirror, uint64_t occurrence)
{
    pthread_rwlock_rdlock(&mirror->lock);
    size_t at = find_alarm(&mirror->shown, occurrence);
    bool open = at < mirror->shown.alarm_count && mirror->shown.alarms[at].occurrence == occurrence;
    bool settled = !open || mirror->shown.alarms[at].acknowledged;
    pthread_rwlock_unlock(&mirror->lock);
    return settled;
}

static struct timespec deadline_in(int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    return until;
}

void sk_mirror_await_acknowledged(struct sk_mirror *mirror, uint64_t occurrence, int64_t wait_ms)
{
    struct timespec until = deadline_in(wait_ms);
    int rc = 0;
    pthread_mutex_lock(&mirror->await_lock);
    while (rc == 0) {
        uint64_t seen = mirror->alarm_changes;
        pthread_mutex_unlock(&mirror->await_lock);
        bool settled = is_settled(mirror, occurrence);
        pthread_mutex_lock(&mirror->await_lock);
        if (settled)
            break;
        while (mirror->alarm_changes == seen && rc == 0)
            rc = pthread_cond_timedwait(&mirror->await_signal, &mirror->await_lock, &until);
    }
    pthread_mutex_unlock(&mirror->await_lock);
}
