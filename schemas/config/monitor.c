/* SPDX-License-Identifier: Apache-2.0 */
/* Points: those of the profiles, those of communication that every device has, and the devices of the monitor itself.
 *
 * A device "link.<id>" stands for each link, "monitor" for us; both have the profile "monitor" and no link. All points of a
 * device are one run in site->points: the profile's first (helpers left out), then its communication. */
#include <stdio.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

/* Whose point it is: of the protocols whose driver ever gives it a value. */
enum {
    TCP = 1u << SK_PROTO_MODBUS_TCP,
    RTU = 1u << SK_PROTO_MODBUS_RTU,
    MODBUS = TCP | RTU,
    MQTT = 1u << SK_PROTO_MQTT,
    ANY = ~0u
};
struct own_row {
    const char *name;
    unsigned protocols;
};
static const struct own_row DEVICE_POINTS[] = {
    {"device.comm", ANY}, {"device.period", MODBUS}, {"device.overruns", MODBUS}, {"device.timeouts", MODBUS}};
static const struct own_row LINK_POINTS[] = {{"link.state", ANY},      {"link.rtt", ANY},        {"link.timeouts", ANY},
                                             {"link.crc_errors", RTU}, {"link.exceptions", ANY}, {"link.reconnects", ANY},
                                             {"link.requests", ANY},   {"link.period", MODBUS},  {"mqtt.malformed", MQTT}};
static const struct own_row OWN_POINTS[] = {
    {"time.synced", ANY}, {"time.offset_s", ANY}, {"queue.depth", ANY}, {"queue.dropped", ANY}};
enum {
    DEVICE_POINT_COUNT = sizeof(DEVICE_POINTS) / sizeof(DEVICE_POINTS[0]),
    LINK_POINT_COUNT = sizeof(LINK_POINTS) / sizeof(LINK_POINTS[0]),
    OWN_POINT_COUNT = sizeof(OWN_POINTS) / sizeof(OWN_POINTS[0]),
    OWN_PERIOD_MS = 1000,
    OWN_STALE_MS = 10000
};

/* --- one point --- */
static enum sk_err point_identify(struct cfg *c, const struct sk_device *device, const char *name, struct sk_point *to)
{
    size_t head = strlen(device->id), tail = strlen(name) + 1;
    char *id = cfg_arena_take(c->arena, head + 1 + tail, 1);
    if (id == NULL)
        return cfg_nomem(c);
    memcpy(id, device->id, head);
    id[head] = '/';
    memcpy(id + head + 1, name, tail);
    to->id = id;
    to->name = id + head + 1;
    to->tag = "";
    to->asset = "";
    to->place = &device->place;
    to->period_ms = device->period_ms;
    to->stale_ms = device->stale_ms;
    return SK_OK;
}

static enum sk_err own_point(struct cfg *c, uint32_t device, const struct sk_device *owner, const char *name,
                             struct sk_point *to)
{
    to->device = device;
    to->kind = sk_point_kind_find(name);
    if (to->kind == NULL)
        return sk_fault_set(c->fault, SK_ERR_INVALID,
                            "schemas/vocab/points.def: found no '%s'; expected this point of the monitor", name);
    return point_identify(c, owner, name, to);
}

/* Those of the rows that this protocol has, as the next of the site's points. */
static enum sk_err own_run(struct cfg_load *load, uint32_t device, const struct own_row *rows, size_t count, unsigned protocols,
                           size_t *next)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; i < count && err == SK_OK; i++)
        if ((rows[i].protocols & protocols) != 0)
            err = own_point(&load->c, device, &load->site->devices[device], rows[i].name, &load->site->points[(*next)++]);
    return err;
}

static size_t own_count(const struct own_row *rows, size_t count, unsigned protocols)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (rows[i].protocols & protocols) != 0;
    return sum;
}

static unsigned protocol_of(const struct sk_site *site, int32_t link)
{
    return 1u << site->links[link].protocol;
}

/* A point that is read more slowly than its device is stale later too. */
static uint32_t stale_of(const struct sk_point *point, const struct sk_profile_point *profile, const struct cfg_point *raw,
                         const struct sk_device *device)
{
    if (raw->stale_ms != CFG_UNSET)
        return (uint32_t)raw->stale_ms;
    if (profile->stale_ms != 0)
        return profile->stale_ms;
    uint64_t slow = point->period_ms > device->period_ms ? (uint64_t)point->period_ms * 5 : 0;
    return slow > device->stale_ms ? (slow > UINT32_MAX ? UINT32_MAX : (uint32_t)slow) : device->stale_ms;
}

/* Most points stand where their device stands, and share its place. */
static enum sk_err point_place(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_place *outer,
                               struct sk_point *to)
{
    if (json == NULL)
        return SK_OK;
    struct sk_place *place = cfg_arena_take(c->arena, 1, sizeof(*place));
    to->place = place;
    return place == NULL ? cfg_nomem(c) : cfg_place_read(c, at, json, outer, place);
}

static enum sk_err profile_point(struct cfg *c, const struct cfg_at *at, uint32_t device, const struct sk_device *owner,
                                 const struct sk_profile_point *profile, const cJSON *json, struct sk_point *to)
{
    struct cfg_point raw;
    size_t limit_count = 0;
    enum sk_err err = cfg_read(c, at, CFG_SECTION_point, json, &raw);
    if (err == SK_OK)
        err = point_identify(c, owner, profile->name, to);
    if (err == SK_OK)
        err = point_place(c, at, raw.place, &owner->place, to);
    if (err == SK_OK)
        err = cfg_limits_read(c, CFG_AT(at, "limits"), raw.limits, profile->kind, profile->limits, profile->limit_count,
                              &to->limits, &limit_count);
    if (err != SK_OK)
        return err;
    to->limit_count = (uint32_t)limit_count;
    to->device = device;
    to->profile = profile;
    to->kind = profile->kind;
    to->tag = raw.tag;
    to->asset = raw.asset;
    if (raw.period_ms != CFG_UNSET || profile->period_ms != 0)
        to->period_ms = raw.period_ms != CFG_UNSET ? (uint32_t)raw.period_ms : profile->period_ms;
    to->stale_ms = stale_of(to, profile, &raw, owner);
    return SK_OK;
}

/* --- a device's run --- */
static const struct sk_profile_point *shown_point(const struct sk_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->point_count; i++)
        if (!profile->points[i].hidden && strcmp(profile->points[i].name, name) == 0)
            return &profile->points[i];
    return NULL;
}

static enum sk_err overrides_known(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_profile *profile)
{
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next)
        if (shown_point(profile, item->string) == NULL)
            return cfg_fail(c, CFG_AT(at, item->string), SK_ERR_NOT_FOUND,
                            "found '%.60s'; expected a point that profile '%s' offers; correct or remove it", item->string,
                            profile->id);
    return SK_OK;
}

static enum sk_err comm_twins(struct cfg *c, const struct cfg_at *at, const struct sk_profile *profile)
{
    for (size_t i = 0; i < DEVICE_POINT_COUNT; i++)
        if (shown_point(profile, DEVICE_POINTS[i].name) != NULL)
            return cfg_fail(c, CFG_AT(at, "profile"), SK_ERR_EXISTS,
                            "profile '%s' offers '%s', which is our own; expected another name; rename it there", profile->id,
                            DEVICE_POINTS[i].name);
    return SK_OK;
}

static enum sk_err device_points(struct cfg_load *load, const struct cfg_at *at, uint32_t device, size_t *next)
{
    struct cfg *c = &load->c;
    struct sk_device *owner = &load->site->devices[device];
    const cJSON *overrides = load->raw_devices[device].points;
    const struct cfg_at *points_at = CFG_AT(at, "points");
    owner->first_point = (uint32_t)*next;
    enum sk_err err = overrides_known(c, points_at, overrides, owner->profile);
    if (err == SK_OK)
        err = comm_twins(c, at, owner->profile);
    for (size_t i = 0; i < owner->profile->point_count && err == SK_OK; i++) {
        const struct sk_profile_point *profile = &owner->profile->points[i];
        if (!profile->hidden)
            err = profile_point(c, CFG_AT(points_at, profile->name), device, owner, profile,
                                sk_json_get(overrides, profile->name), &load->site->points[(*next)++]);
    }
    if (err == SK_OK)
        err = own_run(load, device, DEVICE_POINTS, DEVICE_POINT_COUNT, protocol_of(load->site, owner->link), next);
    owner->point_count = (uint32_t)*next - owner->first_point;
    return err;
}

/* --- the monitor's own devices --- */
static enum sk_err own_device(struct cfg_load *load, const char *id, const char *title_ja, const char *title_en,
                              const struct own_row *rows, size_t count, unsigned protocols, size_t *next)
{
    struct sk_site *site = load->site;
    struct sk_device *device = &site->devices[site->device_count];
    enum sk_err err = cfg_place_read(&load->c, NULL, NULL, NULL, &device->place);
    device->id = id;
    device->title_ja = title_ja;
    device->title_en = title_en;
    device->profile = &site->profiles[site->profile_count - 1];
    device->link = -1;
    device->topic = device->asset = device->tag = "";
    device->service = (struct sk_service){"", "", ""};
    device->period_ms = OWN_PERIOD_MS;
    device->stale_ms = OWN_STALE_MS;
    device->first_point = (uint32_t)*next;
    if (err == SK_OK)
        err = own_run(load, (uint32_t)site->device_count, rows, count, protocols, next);
    device->point_count = (uint32_t)*next - device->first_point;
    site->device_count++;
    return err;
}

static const char *prefixed(struct cfg *c, const char *prefix, const char *id)
{
    char text[160];
    (void)snprintf(text, sizeof(text), "%s%s", prefix, id);
    return cfg_arena_text(c->arena, text);
}

static enum sk_err link_device(struct cfg_load *load, size_t index, size_t *next)
{
    const struct sk_link *link = &load->site->links[index];
    const char *id = prefixed(&load->c, "link.", link->id), *ja = prefixed(&load->c, "回線 ", link->id);
    const char *en = prefixed(&load->c, "Link ", link->id);
    if (id == NULL || ja == NULL || en == NULL)
        return cfg_nomem(&load->c);
    return own_device(load, id, ja, en, LINK_POINTS, LINK_POINT_COUNT, protocol_of(load->site, (int32_t)index), next);
}

/* --- all of them --- */
static size_t points_count(const struct sk_site *site)
{
    size_t count = OWN_POINT_COUNT;
    for (size_t i = 0; i < site->link_count; i++)
        count += own_count(LINK_POINTS, LINK_POINT_COUNT, protocol_of(site, (int32_t)i));
    for (size_t i = 0; i < site->device_count; i++) {
        count += own_count(DEVICE_POINTS, DEVICE_POINT_COUNT, protocol_of(site, site->devices[i].link));
        for (size_t j = 0; j < site->devices[i].profile->point_count; j++)
            count += !site->devices[i].profile->points[j].hidden;
    }
    return count;
}

enum sk_err cfg_points_build(struct cfg_load *load, const struct cfg_at *at)
{
    struct sk_site *site = load->site;
    size_t count = points_count(site), size = sk_site_hash_size(count), next = 0;
    uint32_t *table = cfg_arena_take(load->c.arena, size, sizeof(*table));
    site->points = cfg_arena_take(load->c.arena, count, sizeof(*site->points));
    if (table == NULL || site->points == NULL)
        return cfg_nomem(&load->c);
    enum sk_err err = SK_OK;
    for (size_t i = 0; i < load->raw_device_count; i++)
        if (!cfg_goes_on(&err, device_points(load, CFG_AT_INDEX(at, i), (uint32_t)i, &next)))
            break;
    for (size_t i = 0; i < site->link_count && err == SK_OK; i++)
        err = link_device(load, i, &next);
    if (err == SK_OK)
        err = own_device(load, "monitor", "監視装置", "Monitor", OWN_POINTS, OWN_POINT_COUNT, ANY, &next);
    if (err != SK_OK)
        return err;
    site->point_count = next;
    sk_site_hash_build(site, table, size);
    return SK_OK;
}
