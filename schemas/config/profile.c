/* SPDX-License-Identifier: Apache-2.0 */
/* A profile: what a kind of device offers. This file reads the whole; wires and points have files of their own. */
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/config.h"
#include "schemas/config/load.h"
#include "schemas/config/parse.h"

static const char *const STATUS[] = {"V", "S", "U", "G"}; /* in the order of W(status) */

static enum sk_err provenance_read(struct cfg *c, const cJSON *json, struct sk_profile *to)
{
    struct cfg_provenance raw;
    enum sk_err err = cfg_read(c, CFG_AT(NULL, "provenance"), CFG_SECTION_provenance, json, &raw);
    if (err != SK_OK)
        return err;
    to->document = raw.document;
    to->pages = raw.pages;
    to->note = raw.note;
    to->status = STATUS[raw.status];
    return SK_OK;
}

/* The other wire's object would be ignored: refuse it. Doors' parts belong to door controllers. */
static enum sk_err parts_fit(struct cfg *c, const struct cfg_profile_file *raw, const struct sk_profile *profile)
{
    const struct cfg_at top = {NULL, NULL, 0};
    bool mqtt = profile->protocol == SK_PROTO_MQTT, door = profile->kind == SK_DEV_DOOR;
    if (mqtt ? raw->modbus != NULL || raw->ring != NULL : raw->mqtt != NULL)
        return cfg_fail(c, &top, SK_ERR_PARSE, "found keys of the other protocol in %s profile; remove them",
                        mqtt ? "an MQTT" : "a Modbus");
    if (!door && (raw->ring != NULL || profile->mqtt.event_topic[0] != '\0'))
        return cfg_fail(c, &top, SK_ERR_PARSE, "found %s; expected it only with kind door_controller; remove it",
                        raw->ring != NULL ? "a ring" : "an event_topic");
    if (profile->kind == SK_DEV_MONITOR)
        return cfg_fail(c, CFG_AT(NULL, "kind"), SK_ERR_PARSE, "found kind monitor, which is ours; expected a kind of device");
    if (profile->point_count == 0 && raw->ring == NULL && profile->mqtt.event_topic[0] == '\0')
        return cfg_fail(c, CFG_AT(NULL, "points"), SK_ERR_PARSE, "found no points and no events; expected some; add them");
    return SK_OK;
}

enum sk_err cfg_profile_read(struct cfg *c, const cJSON *json, struct sk_profile *to)
{
    const struct cfg_at top = {NULL, NULL, 0};
    struct cfg_profile_file raw;
    struct cfg_modbus modbus = {0};
    enum sk_err err = cfg_read(c, &top, CFG_SECTION_profile_file, json, &raw);
    if (err != SK_OK)
        return err;
    to->id = raw.id;
    to->kind = (enum sk_device_kind)raw.kind;
    to->protocol = raw.protocol == 1 ? SK_PROTO_MQTT : SK_PROTO_MODBUS_TCP;
    to->mqtt =
        (struct sk_mqtt_profile){.topic = "", .birth_topic = "", .birth_online = "", .birth_offline = "", .event_topic = ""};
    err = cfg_title_read(c, &top, raw.title, to->id, &to->title_ja, &to->title_en);
    if (err == SK_OK)
        err = provenance_read(c, raw.provenance, to);
    if (err == SK_OK && to->protocol == SK_PROTO_MQTT)
        err = cfg_profile_mqtt(c, CFG_AT(NULL, "mqtt"), raw.mqtt, &to->mqtt);
    if (err == SK_OK && to->protocol != SK_PROTO_MQTT)
        err = cfg_profile_modbus(c, CFG_AT(NULL, "modbus"), raw.modbus, &modbus, &to->modbus);
    if (err == SK_OK && to->protocol != SK_PROTO_MQTT)
        err = cfg_profile_ring(c, CFG_AT(NULL, "ring"), raw.ring, &modbus, &to->ring);
    if (err == SK_OK)
        err = cfg_profile_points(c, CFG_AT(NULL, "points"), raw.points, &modbus, to);
    return err == SK_OK ? parts_fit(c, &raw, to) : err;
}

/* --- one profile alone --- */
static enum sk_err alone(struct cfg *c, const cJSON *json, const struct sk_profile **ret_profile)
{
    struct sk_profile *profile = cfg_arena_take(c->arena, 1, sizeof(*profile));
    if (profile == NULL)
        return cfg_nomem(c);
    enum sk_err err = cfg_profile_read(c, json, profile);
    if (err == SK_OK)
        *ret_profile = profile;
    return err;
}

/* text NULL: from the file of that name. */
static enum sk_err take(const char *name, const char *text, size_t length, const struct sk_profile **ret_profile,
                        void **ret_arena, struct sk_fault *fault)
{
    struct cfg c = {.arena = cfg_arena_create(), .scratch = cfg_arena_create(), .file = name, .fault = cfg_fresh(fault)};
    cJSON *json = NULL;
    enum sk_err err = c.arena != NULL && c.scratch != NULL ? SK_OK : cfg_nomem(&c);
    if (err == SK_OK)
        err = text != NULL ? cfg_text_parse(&c, text, length, &json) : cfg_file_parse(&c, name, NULL, &json);
    if (err == SK_OK)
        err = alone(&c, json, ret_profile);
    cJSON_Delete(json);
    cfg_arena_free(c.scratch);
    if (err == SK_OK)
        *ret_arena = c.arena;
    else
        cfg_arena_free(c.arena);
    return err;
}

enum sk_err sk_profile_parse(const char *name, const char *text, size_t length, const struct sk_profile **ret_profile,
                             void **ret_arena, struct sk_fault *fault)
{
    return take(name, text != NULL ? text : "", length, ret_profile, ret_arena, fault);
}

enum sk_err sk_profile_load(const char *path, const struct sk_profile **ret_profile, void **ret_arena, struct sk_fault *fault)
{
    return take(path, NULL, 0, ret_profile, ret_arena, fault);
}

void sk_profile_arena_free(void *arena)
{
    cfg_arena_free(arena);
}
