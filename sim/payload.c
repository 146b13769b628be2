/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of simulated devices. Paths are built step by step ("temp.value", "sensors.2.t"): a number is an index of an array. */
#include "sim/payload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { STEP_MAX = 64, INDEX_MAX = 64 };

bool sim_topic(char *to, size_t capacity, const char *pattern, const struct sk_device *device)
{
    static const char MARK[] = "{base}";
    const char *at = strstr(pattern, MARK);
    if (at == NULL) {
        return sk_text_copy(to, capacity, pattern);
    }
    return sk_text_format(to, capacity, "%.*s%s%s", (int)(at - pattern), pattern, device->topic != NULL ? device->topic : "",
                          at + strlen(MARK));
}

/* Owned text of cJSON moved into our own allocation, so that callers free one way only. */
static char *print_and_delete(cJSON *json)
{
    char *printed = json != NULL ? cJSON_PrintUnformatted(json) : NULL;
    char *text = printed != NULL ? sk_strdup(printed) : NULL;
    cJSON_free(printed);
    cJSON_Delete(json);
    return text;
}

static double unscale(const struct sk_profile_point *point, double value)
{
    return point->scale != 0.0 ? (value - point->offset) / point->scale : value;
}

static cJSON *state_json(const struct sk_point *point, double index)
{
    const struct sk_profile_point *profile = point->profile;
    for (size_t i = 0; i < profile->state_count; i++) {
        if ((double)profile->states[i].state == index) {
            return profile->states[i].text != NULL ? cJSON_CreateString(profile->states[i].text)
                                                   : cJSON_CreateNumber((double)profile->states[i].raw);
        }
    }
    const bool listed = index >= 0 && index < (double)point->kind->state_count;
    return cJSON_CreateString(listed ? point->kind->states[(size_t)index] : "");
}

static cJSON *flags_json(const struct sk_profile_point *profile, double mask)
{
    uint64_t raw = profile->flag_count == 0 ? (uint64_t)mask : 0;
    for (size_t i = 0; i < profile->flag_count; i++) {
        const bool on = (((uint64_t)mask >> profile->flags[i].flag) & 1) != 0;
        raw |= on != profile->flags[i].inverted ? UINT64_C(1) << profile->flags[i].bit : 0;
    }
    return cJSON_CreateNumber((double)raw);
}

static cJSON *value_json(const struct sk_plant *plant, const struct sk_point *point, uint32_t index)
{
    struct sk_plant_value value;
    sk_plant_value(plant, index, &value);
    if (value.missing) {
        return cJSON_CreateNull();
    }
    switch (point->kind->kind) {
    case SK_KIND_STATE:
        return state_json(point, value.number);
    case SK_KIND_FLAGS:
        return flags_json(point->profile, value.number);
    case SK_KIND_TEXT:
        return cJSON_CreateString(value.text);
    default:
        return cJSON_CreateNumber(round(unscale(point->profile, value.number) * 1000.0) / 1000.0); /* as devices print */
    }
}

/* The child of parent at one step, made when missing. last: this is the value itself. */
static cJSON *step_into(cJSON *parent, const char *step, bool next_is_index, cJSON *value)
{
    char *end = NULL;
    const unsigned long at = strtoul(step, &end, 10);
    const bool index = cJSON_IsArray(parent) && *end == '\0' && at < INDEX_MAX;
    cJSON *child = index ? cJSON_GetArrayItem(parent, (int)at) : cJSON_GetObjectItemCaseSensitive(parent, step);
    if (child != NULL && !cJSON_IsNull(child) && value == NULL) {
        return child;
    }
    cJSON *made = value != NULL ? value : next_is_index ? cJSON_CreateArray() : cJSON_CreateObject();
    if (!index) {
        (void)(child != NULL ? cJSON_ReplaceItemInObjectCaseSensitive(parent, step, made)
                             : cJSON_AddItemToObject(parent, step, made));
        return made;
    }
    while ((unsigned long)cJSON_GetArraySize(parent) <= at) {
        (void)cJSON_AddItemToArray(parent, cJSON_CreateNull());
    }
    (void)cJSON_ReplaceItemInArray(parent, (int)at, made);
    return made;
}

/* Takes value. */
static void put_at(cJSON *root, const char *path, cJSON *value)
{
    char step[STEP_MAX];
    cJSON *at = root;
    while (*path != '\0') {
        const size_t length = strcspn(path, ".");
        const bool last = path[length] == '\0';
        if (!sk_text_format(step, sizeof step, "%.*s", (int)length, path)) {
            cJSON_Delete(value);
            return;
        }
        path += length + (last ? 0 : 1);
        at = step_into(at, step, *path >= '0' && *path <= '9', last ? value : NULL);
    }
}

static bool carries(const struct sk_profile *profile, const struct sk_profile_point *point, const char *pattern)
{
    const bool own = point->topic == NULL || point->topic[0] == '\0';
    return strcmp(own ? profile->mqtt.topic : point->topic, pattern) == 0;
}

char *sim_payload_state(const struct sk_site *site, const struct sk_plant *plant, uint32_t index, const char *pattern,
                        int64_t utc_us)
{
    const struct sk_device *device = &site->devices[index];
    cJSON *root = cJSON_CreateObject();
    bool any = false;
    for (uint32_t i = device->first_point; i < device->first_point + device->point_count && root != NULL; i++) {
        const struct sk_point *point = &site->points[i];
        if (point->profile == NULL || !carries(device->profile, point->profile, pattern)) {
            continue;
        }
        any = true;
        cJSON *value = value_json(plant, point, i);
        if (point->profile->path == NULL || point->profile->path[0] == '\0') {
            cJSON_Delete(root); /* the whole payload is the value */
            return print_and_delete(value);
        }
        put_at(root, point->profile->path, value);
        if (point->profile->time_path != NULL && point->profile->time_path[0] != '\0') {
            char time[SK_TIME_TEXT];
            sk_time_format(time, utc_us);
            put_at(root, point->profile->time_path, cJSON_CreateString(time));
        }
    }
    if (!any) {
        cJSON_Delete(root);
        return NULL;
    }
    return print_and_delete(root);
}

static const char *state_word(const struct sk_plant_event *event)
{
    static const struct {
        uint16_t ev;
        const char *family;
    } FAMILIES[] = {{SK_EV_DOOR_MODE, "mode"},  {SK_EV_DOOR_PHYS, "phys"},   {SK_EV_DOOR_LOCK, "lock"},
                    {SK_EV_DOOR_LOCK2, "lock"}, {SK_EV_DOOR_ALARM, "alarm"}, {SK_EV_DOOR_TAMPER, "tamper"},
                    {SK_EV_DOOR_FAULT, "fault"}};
    for (size_t i = 0; i < sizeof FAMILIES / sizeof FAMILIES[0]; i++) {
        if (FAMILIES[i].ev == event->ev) {
            return sk_door_word(FAMILIES[i].family, event->state);
        }
    }
    return NULL;
}

static void add_person(cJSON *data, const struct sk_plant_event *event)
{
    (void)sk_json_add_hex(data, "Card", event->card, event->card_length);
    if (event->credential[0] != '\0') {
        (void)cJSON_AddStringToObject(data, "CredentialToken", event->credential);
        (void)cJSON_AddStringToObject(data, "CredentialHolder", event->holder);
    }
}

static cJSON *event_data(const struct sk_site *site, const struct sk_plant_event *event)
{
    const struct sk_door_info *door = &site->doors[event->door];
    cJSON *data = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(data, "Door", door->token);
    if (event->reader >= 0) {
        (void)cJSON_AddStringToObject(data, "Reader", door->readers[event->reader].id);
    }
    if (event->card_length > 0) {
        add_person(data, event);
    }
    if (event->factors != 0) {
        cJSON *factors = cJSON_AddArrayToObject(data, "Factors");
        for (int bit = 0; bit < 16; bit++) {
            if ((event->factors & (1u << bit)) != 0 && sk_factor_name(bit) != NULL) {
                (void)cJSON_AddItemToArray(factors, cJSON_CreateString(sk_factor_name(bit)));
            }
        }
    }
    const char *state = state_word(event);
    if (state != NULL) {
        (void)cJSON_AddStringToObject(data, "State", state);
    }
    if (event->reason != 0) {
        (void)cJSON_AddStringToObject(data, "Reason", sk_deny_reason_name(event->reason));
    }
    return data;
}

char *sim_payload_event(const struct sk_site *site, const struct sk_plant_event *event, int64_t utc_us)
{
    cJSON *root = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(root, "v", 1);
    (void)cJSON_AddNumberToObject(root, "epoch", event->epoch);
    (void)sk_json_add_u64(root, "seq", event->seq);
    (void)sk_json_add_time(root, "t", utc_us);
    (void)cJSON_AddNumberToObject(root, "mono", (double)event->at_ms);
    (void)cJSON_AddStringToObject(root, "topic", sk_event_topic(event->ev));
    (void)cJSON_AddItemToObject(root, "data", event_data(site, event));
    return print_and_delete(root);
}

char *sim_payload_heartbeat(uint32_t epoch, uint64_t seq_head, int64_t utc_us)
{
    cJSON *root = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(root, "epoch", epoch);
    (void)sk_json_add_u64(root, "seq_head", seq_head);
    (void)sk_json_add_time(root, "t", utc_us);
    return print_and_delete(root);
}
