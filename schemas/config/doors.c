/* SPDX-License-Identifier: Apache-2.0 */
/* Doors and their readers: every reference resolved, every number of a controller given to one thing only. */
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

static int64_t address_of(int64_t raw)
{
    return raw != CFG_UNSET ? raw : -1;
}

static enum sk_err zone_resolve(struct cfg_load *load, const struct cfg_at *at, const char *id, int32_t *ret_zone)
{
    *ret_zone = sk_site_zone(load->site, id);
    if (*ret_zone < 0)
        return cfg_fail(&load->c, at, SK_ERR_NOT_FOUND, "found '%s'; expected the id of a zone of this file; correct it", id);
    return SK_OK;
}

static enum sk_err device_resolve(struct cfg_load *load, const struct cfg_at *at, const char *id, enum sk_device_kind kind,
                                  int32_t *ret_device)
{
    int32_t device = sk_site_device(load->site, id);
    if (device < 0)
        return cfg_fail(&load->c, at, SK_ERR_NOT_FOUND, "found '%s'; expected the id of a device of this file; correct it", id);
    if (load->site->devices[device].profile->kind != kind)
        return cfg_fail(&load->c, at, SK_ERR_CONFLICT, "found '%s', a device of kind %s; expected kind %s; correct it", id,
                        sk_device_kind_name((int)load->site->devices[device].profile->kind), sk_device_kind_name((int)kind));
    *ret_device = device;
    return SK_OK;
}

/* As an index plus one, so that a site made by hand has none by default. */
static enum sk_err optional_device(struct cfg_load *load, const struct cfg_at *at, const char *id, enum sk_device_kind kind,
                                   int32_t *ret_device)
{
    int32_t device = -1;
    enum sk_err err = device_resolve(load, at, id, kind, &device);
    *ret_device = device + 1;
    return err;
}

static enum sk_err readers_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json, struct sk_door_info *to)
{
    struct cfg *c = &load->c;
    size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, i = 0;
    struct sk_reader_info *readers = cfg_arena_take(c->arena, count, sizeof(*readers));
    if (readers == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++) {
        const struct cfg_at *here = CFG_AT_INDEX(at, i);
        struct cfg_reader raw;
        enum sk_err err = cfg_read(c, here, CFG_SECTION_reader, item, &raw);
        if (err == SK_OK)
            err = cfg_factors_read(c, CFG_AT(here, "factors"), raw.factors, &readers[i].factors_required);
        if (err == SK_OK && raw.biometric[0] != '\0')
            err = optional_device(load, CFG_AT(here, "biometric"), raw.biometric, SK_DEV_BIOMETRIC, &readers[i].biometric);
        if (err != SK_OK)
            return err;
        readers[i].id = raw.id;
        readers[i].entry = raw.direction == 0;
        readers[i].address = address_of(raw.address);
    }
    to->readers = readers;
    to->reader_count = count;
    return cfg_twins(c, at, readers, count, sizeof(*readers));
}

static enum sk_err cameras_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json, struct sk_door_info *to)
{
    int32_t device;
    enum sk_err err = cfg_read_texts(&load->c, at, json, &to->cameras, &to->camera_count);
    for (size_t i = 0; i < to->camera_count && err == SK_OK; i++)
        err = device_resolve(load, CFG_AT_INDEX(at, i), to->cameras[i], SK_DEV_CAMERA, &device);
    return err;
}

static enum sk_err references(struct cfg_load *load, const struct cfg_at *at, const struct cfg_door *raw,
                              struct sk_door_info *to)
{
    enum sk_err err = zone_resolve(load, CFG_AT(at, "from"), raw->from, &to->zone_from);
    if (err == SK_OK)
        err = zone_resolve(load, CFG_AT(at, "to"), raw->to, &to->zone_to);
    if (err == SK_OK && to->zone_from == to->zone_to)
        err = cfg_fail(&load->c, CFG_AT(at, "to"), SK_ERR_CONFLICT, "found '%s' on both sides; expected two zones; correct one",
                       raw->to);
    to->controller = -1;
    if (err == SK_OK && raw->controller[0] != '\0')
        err = device_resolve(load, CFG_AT(at, "controller"), raw->controller, SK_DEV_DOOR, &to->controller);
    if (err == SK_OK && raw->counter[0] != '\0')
        err = optional_device(load, CFG_AT(at, "counter"), raw->counter, SK_DEV_COUNTER, &to->counter);
    return err == SK_OK ? cameras_read(load, CFG_AT(at, "cameras"), raw->cameras, to) : err;
}

static enum sk_err door_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json, struct sk_door_info *to)
{
    struct cfg *c = &load->c;
    struct cfg_door raw;
    enum sk_err err = cfg_read(c, at, CFG_SECTION_door, json, &raw);
    if (err == SK_OK)
        err = references(load, at, &raw, to);
    if (err == SK_OK)
        err = cfg_title_read(c, at, raw.title, raw.id, &to->title_ja, &to->title_en);
    if (err == SK_OK)
        err = cfg_place_read(c, at, raw.place, NULL, &to->place);
    if (err == SK_OK)
        err = readers_read(load, CFG_AT(at, "readers"), raw.readers, to);
    if (err != SK_OK)
        return err;
    if (raw.extended_open_time < raw.open_time)
        return cfg_fail(c, CFG_AT(at, "ExtendedOpenTime"), SK_ERR_RANGE,
                        "found less than OpenTime; expected at least as much; correct one");
    if (raw.prealarm_time >= raw.open_time)
        return cfg_fail(c, CFG_AT(at, "PreAlarmTime"), SK_ERR_RANGE, "found at least OpenTime; expected less; correct one");
    to->id = raw.id;
    to->address = address_of(raw.address);
    to->token = raw.token[0] != '\0' ? raw.token : raw.id;
    to->rex = raw.rex;
    to->release_ms = (uint32_t)raw.release_time;
    to->open_ms = (uint32_t)raw.open_time;
    to->extended_open_ms = (uint32_t)raw.extended_open_time;
    to->prealarm_ms = (uint32_t)raw.prealarm_time;
    to->passage_ms = (uint32_t)raw.passage_time;
    to->resolve_ms = (uint32_t)raw.resolve_time;
    to->busy_alarm = raw.busy_alarm;
    return SK_OK;
}

/* A reader number of a controller that two readers of these doors share; -1 none. A door may be the same as the other. */
static int64_t shared_reader(const struct sk_door_info *a, const struct sk_door_info *b)
{
    for (size_t i = 0; i < a->reader_count; i++)
        for (size_t j = a == b ? i + 1 : 0; j < b->reader_count; j++)
            if (a->readers[i].address >= 0 && a->readers[i].address == b->readers[j].address)
                return a->readers[i].address;
    return -1;
}

static enum sk_err pair_check(struct cfg *c, const struct cfg_at *at, const struct sk_door_info *door,
                              const struct sk_door_info *other)
{
    int64_t reader = shared_reader(door, other);
    if (reader >= 0)
        return cfg_fail(
            c, CFG_AT(at, "readers"), SK_ERR_EXISTS,
            "found reader address %lld again, as at door '%s' of the same controller; expected it once; correct one",
            (long long)reader, other->id);
    if (door == other)
        return SK_OK;
    if (door->address >= 0 && door->address == other->address)
        return cfg_fail(c, CFG_AT(at, "address"), SK_ERR_EXISTS,
                        "found %lld again, as at door '%s' of the same controller; expected it once; correct one",
                        (long long)door->address, other->id);
    if (strcmp(door->token, other->token) == 0)
        return cfg_fail(c, CFG_AT(at, "token"), SK_ERR_EXISTS,
                        "found '%s' again, as at door '%s' of the same controller; expected it once; correct one", door->token,
                        other->id);
    return SK_OK;
}

static enum sk_err controllers_check(struct cfg *c, const struct cfg_at *at, const struct sk_door_info *doors, size_t count)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j <= i && err == SK_OK; j++)
            if (doors[i].controller >= 0 && doors[i].controller == doors[j].controller)
                err = pair_check(c, CFG_AT_INDEX(at, i), &doors[i], &doors[j]);
    return err;
}

/* A counter that two doors shared could not say which of them let somebody through. */
static enum sk_err counters_check(struct cfg *c, const struct cfg_at *at, const struct sk_door_info *doors, size_t count)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i && err == SK_OK; j++)
            if (doors[i].counter > 0 && doors[i].counter == doors[j].counter)
                err = cfg_fail(c, CFG_AT(CFG_AT_INDEX(at, i), "counter"), SK_ERR_EXISTS,
                               "found the counter of door '%s' again; expected a counter of its own; correct one", doors[j].id);
    return err;
}

enum sk_err cfg_doors_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json)
{
    size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, i = 0;
    struct sk_door_info *doors = cfg_arena_take(load->c.arena, count, sizeof(*doors));
    if (doors == NULL)
        return cfg_nomem(&load->c);
    enum sk_err err = SK_OK;
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++)
        if (!cfg_goes_on(&err, door_read(load, CFG_AT_INDEX(at, i), item, &doors[i])))
            break;
    if (err != SK_OK)
        return err;
    load->site->doors = doors;
    load->site->door_count = count;
    err = cfg_twins(&load->c, at, doors, count, sizeof(*doors));
    if (err == SK_OK)
        err = counters_check(&load->c, at, doors, count);
    return err == SK_OK ? controllers_check(&load->c, at, doors, count) : err;
}
