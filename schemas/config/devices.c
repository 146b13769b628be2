/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: read raw first, because profiles are counted before they are loaded; then resolved against links and profiles. */
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

static uint32_t at_least(uint64_t value, uint32_t least)
{
    return value < least ? least : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

enum { CONTROLLER_SILENCE_MS = 60000 };

/* Nobody asks a device that speaks by itself: it is lost no sooner than its values are stale, and a door controller that only
 * speaks when somebody passes not within a minute. */
static uint32_t shortest_loss(const struct sk_device *device)
{
    const struct sk_mqtt_profile *mqtt = &device->profile->mqtt;
    if (device->profile->protocol != SK_PROTO_MQTT)
        return 3000;
    const bool events = mqtt->event_topic != NULL && mqtt->event_topic[0] != '\0';
    if (events && mqtt->expire_after_ms == 0)
        return at_least(device->stale_ms, CONTROLLER_SILENCE_MS);
    return at_least(mqtt->expire_after_ms > 0 ? mqtt->expire_after_ms : device->stale_ms, 3000);
}

/* Defaults of FORMAT.md: stale 5 periods (at least 5 s), comm_lost 3 periods (at least 3 s). A device that speaks by itself has
 * no poll period: there its profile's expire_after_ms counts. */
static void times_set(struct sk_device *to, const struct cfg_device *raw, const struct cfg_comm_lost *lost)
{
    uint32_t expire = to->profile->mqtt.expire_after_ms;
    to->period_ms = (uint32_t)raw->period_ms;
    to->stale_ms = raw->stale_ms != CFG_UNSET ? (uint32_t)raw->stale_ms
                   : expire != 0              ? expire
                                              : at_least((uint64_t)to->period_ms * 5, 5000);
    to->comm_lost_ms =
        lost->after_ms != CFG_UNSET ? (uint32_t)lost->after_ms : at_least((uint64_t)to->period_ms * 3, shortest_loss(to));
    to->comm_severity = (uint8_t)lost->severity;
}

static enum sk_err spots_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct sk_device *to)
{
    size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, i = 0;
    struct sk_spot *spots = cfg_arena_take(c->arena, count, sizeof(*spots));
    if (spots == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++) {
        const struct cfg_at *here = CFG_AT_INDEX(at, i);
        struct cfg_spot raw;
        enum sk_err err = cfg_read(c, here, CFG_SECTION_spot, item, &raw);
        if (err == SK_OK && raw.from_m > raw.to_m)
            err = cfg_fail(c, here, SK_ERR_RANGE, "found from_m %g beyond to_m %g; expected them in order; swap them",
                           raw.from_m, raw.to_m);
        if (err != SK_OK)
            return err;
        spots[i] = (struct sk_spot){.from_m = raw.from_m, .to_m = raw.to_m, .name = raw.name};
    }
    to->spots = spots;
    to->spot_count = count;
    return SK_OK;
}

/* Every register of the device, moved by its stride, still has an address. */
static enum sk_err stride_check(struct cfg *c, const struct cfg_at *at, const struct sk_device *device)
{
    uint64_t shift = (uint64_t)device->profile->modbus.unit_stride * device->unit_index;
    for (size_t i = 0; i < device->profile->point_count; i++) {
        const struct sk_profile_point *point = &device->profile->points[i];
        if (point->strided && point->address + shift + point->count > 65536)
            return cfg_fail(
                c, CFG_AT(at, "unit_index"), SK_ERR_RANGE,
                "found %u, which moves '%s' to address %llu; expected at most 65535; correct unit_index or unit_stride",
                device->unit_index, point->name, (unsigned long long)point->address + shift);
    }
    return SK_OK;
}

static enum sk_err wire_check(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_link *link,
                              const struct sk_device *device)
{
    bool link_mqtt = link->protocol == SK_PROTO_MQTT, profile_mqtt = device->profile->protocol == SK_PROTO_MQTT;
    if (link_mqtt != profile_mqtt)
        return cfg_fail(c, CFG_AT(at, "link"), SK_ERR_CONFLICT,
                        "profile '%s' speaks %s, link '%s' %s; expected the same; change one", device->profile->id,
                        profile_mqtt ? "MQTT" : "Modbus", link->id, link_mqtt ? "MQTT" : "Modbus");
    if (link_mqtt && device->topic[0] == '\0')
        return cfg_fail(c, at, SK_ERR_PARSE,
                        "found no key 'topic'; expected one for an MQTT device: it stands for {base}; add it");
    if (!link_mqtt && device->topic[0] != '\0')
        return cfg_fail(c, CFG_AT(at, "topic"), SK_ERR_PARSE, "a Modbus device has no topic; remove it");
    if (link_mqtt && (sk_json_get(json, "unit") != NULL || sk_json_get(json, "unit_index") != NULL))
        return cfg_fail(c, at, SK_ERR_PARSE, "an MQTT device has no unit; remove unit and unit_index");
    if (link->protocol == SK_PROTO_MODBUS_RTU && sk_json_get(json, "unit") == NULL)
        return cfg_fail(c, at, SK_ERR_PARSE, "found no key 'unit'; expected the device's number on the serial line; add it");
    if (link->protocol == SK_PROTO_MODBUS_RTU && (device->unit < 1 || device->unit > 247))
        return cfg_fail(c, CFG_AT(at, "unit"), SK_ERR_RANGE, "found %u; expected 1 to 247 on a serial line", device->unit);
    return link_mqtt ? cfg_topic_check(c, CFG_AT(at, "topic"), device->topic) : stride_check(c, at, device);
}

static const struct sk_profile *profile_find(const struct sk_site *site, const char *id)
{
    for (size_t i = 0; i < site->profile_count; i++)
        if (strcmp(site->profiles[i].id, id) == 0)
            return &site->profiles[i];
    return NULL;
}

static enum sk_err parts_read(struct cfg *c, const struct cfg_at *at, const struct cfg_device *raw, struct sk_device *to)
{
    struct cfg_comm_lost lost;
    struct cfg_service service;
    enum sk_err err = cfg_read(c, CFG_AT(at, "comm_lost"), CFG_SECTION_comm_lost, raw->comm_lost, &lost);
    if (err == SK_OK)
        err = cfg_read(c, CFG_AT(at, "service"), CFG_SECTION_service, raw->service, &service);
    if (err == SK_OK)
        err = cfg_title_read(c, at, raw->title, raw->id, &to->title_ja, &to->title_en);
    if (err == SK_OK)
        err = cfg_place_read(c, at, raw->place, NULL, &to->place);
    if (err == SK_OK)
        err = spots_read(c, CFG_AT(at, "spots"), raw->spots, to);
    if (err != SK_OK)
        return err;
    to->service = (struct sk_service){.company = service.company, .phone = service.phone, .contract = service.contract};
    times_set(to, raw, &lost);
    return SK_OK;
}

static enum sk_err device_resolve(struct cfg_load *load, const struct cfg_at *at, const cJSON *json,
                                  const struct cfg_device *raw, struct sk_device *to)
{
    struct cfg *c = &load->c;
    to->id = raw->id;
    to->profile = profile_find(load->site, raw->profile);
    to->link = sk_site_link(load->site, raw->link);
    to->unit = (uint8_t)raw->unit;
    to->unit_index = (uint16_t)raw->unit_index;
    to->topic = raw->topic;
    to->asset = raw->asset;
    to->tag = raw->tag;
    if (to->link < 0)
        return cfg_fail(c, CFG_AT(at, "link"), SK_ERR_NOT_FOUND,
                        "found '%s'; expected the id of a link of this file; correct it", raw->link);
    if (to->profile == NULL || to->profile->kind == SK_DEV_MONITOR)
        return cfg_fail(c, CFG_AT(at, "profile"), SK_ERR_NOT_FOUND, "found '%s'; expected another profile: this one is ours",
                        raw->profile);
    if (strcmp(raw->id, "monitor") == 0)
        return cfg_fail(c, CFG_AT(at, "id"), SK_ERR_EXISTS,
                        "found 'monitor', which is our own device; expected another id; rename it");
    enum sk_err err = wire_check(c, at, json, &load->site->links[to->link], to);
    return err == SK_OK ? parts_read(c, at, raw, to) : err;
}

/* The same machine twice would be asked twice and alarm twice. */
static bool same_machine(const struct sk_device *a, const struct sk_device *b)
{
    return a->link == b->link && a->profile == b->profile && a->unit == b->unit && a->unit_index == b->unit_index &&
           strcmp(a->topic, b->topic) == 0;
}

static enum sk_err machines_check(struct cfg *c, const struct cfg_at *at, const struct sk_device *devices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (same_machine(&devices[i], &devices[j]))
                return cfg_fail(c, CFG_AT_INDEX(at, i), SK_ERR_EXISTS,
                                "device '%s' is the same machine as '%s' (link, unit or topic, profile); expected one; correct "
                                "or remove it",
                                devices[i].id, devices[j].id);
    return SK_OK;
}

static enum sk_err raws_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json)
{
    size_t i = 0;
    load->raw_device_count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0;
    load->raw_devices = cfg_arena_take(load->c.scratch, load->raw_device_count, sizeof(*load->raw_devices));
    if (load->raw_devices == NULL)
        return cfg_nomem(&load->c);
    enum sk_err first = SK_OK;
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++)
        if (!cfg_goes_on(&first, cfg_read(&load->c, CFG_AT_INDEX(at, i), CFG_SECTION_device, item, &load->raw_devices[i])))
            break;
    return first;
}

enum sk_err cfg_devices_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json)
{
    size_t i = 0, own = load->site->link_count + 1; /* one per link, and the monitor itself */
    enum sk_err err = raws_read(load, at, json);
    if (err != SK_ERR_NOMEM)
        cfg_goes_on(&err, cfg_profiles_load(load, at));
    if (err != SK_OK || !load->refers)
        return err;
    struct sk_device *devices = cfg_arena_take(load->c.arena, load->raw_device_count + own, sizeof(*devices));
    if (devices == NULL)
        return cfg_nomem(&load->c);
    load->site->devices = devices;
    load->site->device_count = load->raw_device_count;
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++)
        if (!cfg_goes_on(&err, device_resolve(load, CFG_AT_INDEX(at, i), item, &load->raw_devices[i], &devices[i])))
            break;
    if (err == SK_OK)
        err = cfg_twins(&load->c, at, devices, load->raw_device_count, sizeof(*devices));
    return err == SK_OK ? machines_check(&load->c, at, devices, load->raw_device_count) : err;
}
