/* SPDX-License-Identifier: Apache-2.0 */
/* One small builder per part of the state. */
#include "sim/state_json.h"

#include <dirent.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "sim/modbus_server.h"
#include "sim/mqtt_face.h"
#include "sim/plant/scenario.h"
#include "sim/play.h"

static void add_knobs(cJSON *root, const struct sim *sim)
{
    cJSON *knobs = cJSON_AddObjectToObject(root, "knobs");
    double value = 0.0;
    const char *name = NULL;
    for (size_t i = 0; (name = sk_plant_knob(sim->plant, i, &value)) != NULL; i++) {
        (void)cJSON_AddNumberToObject(knobs, name, value);
    }
}

static void add_links(cJSON *root, const struct sim *sim)
{
    cJSON *links = cJSON_AddArrayToObject(root, "links");
    for (uint32_t i = 0; i < sim->site->link_count; i++) {
        cJSON *link = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(link, "id", sim->site->links[i].id);
        (void)cJSON_AddStringToObject(link, "wire_fault", sim_wire_name(sim->link_faults[i].kind));
        if (sim->modbus != NULL && sim->site->links[i].protocol == SK_PROTO_MODBUS_TCP) {
            (void)cJSON_AddNumberToObject(link, "port", sim_modbus_port(sim->modbus, i));
        }
        (void)cJSON_AddItemToArray(links, link);
    }
}

static void add_devices(cJSON *root, const struct sim *sim)
{
    cJSON *devices = cJSON_AddArrayToObject(root, "devices");
    for (uint32_t i = 0; i < sim->site->device_count; i++) {
        const struct sk_device *site = &sim->site->devices[i];
        if (site->profile == NULL || site->link < 0) {
            continue;
        }
        cJSON *device = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(device, "id", site->id);
        (void)cJSON_AddStringToObject(device, "kind", sk_device_kind_name((int)site->profile->kind));
        (void)cJSON_AddStringToObject(device, "link", sim->site->links[site->link].id);
        (void)cJSON_AddStringToObject(device, "fault", sk_plant_fault(sim->plant, i));
        (void)cJSON_AddStringToObject(device, "wire_fault", sim_wire_name(sim->device_faults[i].kind));
        if (sim->mqtt != NULL && sim->site->links[site->link].protocol == SK_PROTO_MQTT) {
            (void)cJSON_AddBoolToObject(device, "connected", sim_mqtt_connected(sim->mqtt, i));
            (void)cJSON_AddNumberToObject(device, "backlog", (double)sim_mqtt_backlog(sim->mqtt, i));
        }
        if (site->profile->kind == SK_DEV_DOOR) {
            (void)cJSON_AddNumberToObject(device, "epoch", (double)sim->epoch);
            (void)sk_json_add_u64(device, "next_seq", sk_plant_next_seq(sim->plant, i));
        }
        (void)cJSON_AddItemToArray(devices, device);
    }
}

static void add_flag_words(cJSON *json, const struct sk_point *point, double mask)
{
    cJSON *words = cJSON_AddArrayToObject(json, "value");
    for (size_t bit = 0; bit < point->kind->state_count; bit++) {
        if ((((uint64_t)mask >> bit) & 1) != 0) {
            (void)cJSON_AddItemToArray(words, cJSON_CreateString(point->kind->states[bit]));
        }
    }
}

static void add_value(cJSON *json, const struct sk_point *point, const struct sk_plant_value *value)
{
    if (value->missing) {
        (void)cJSON_AddNullToObject(json, "value");
        return;
    }
    switch (point->kind->kind) {
    case SK_KIND_STATE:
        (void)cJSON_AddStringToObject(
            json, "value", value->number < (double)point->kind->state_count ? point->kind->states[(size_t)value->number] : "");
        break;
    case SK_KIND_FLAGS:
        add_flag_words(json, point, value->number);
        break;
    case SK_KIND_TEXT:
        (void)cJSON_AddStringToObject(json, "value", value->text);
        break;
    default:
        (void)cJSON_AddNumberToObject(json, "value", value->number);
        break;
    }
}

static void add_points(cJSON *root, const struct sim *sim)
{
    cJSON *points = cJSON_AddObjectToObject(root, "points");
    for (uint32_t i = 0; i < sim->site->point_count; i++) {
        const struct sk_point *point = &sim->site->points[i];
        if (point->profile == NULL || point->kind == NULL) {
            continue;
        }
        struct sk_plant_value value;
        sk_plant_value(sim->plant, i, &value);
        cJSON *json = cJSON_AddObjectToObject(points, point->id);
        add_value(json, point, &value);
        (void)cJSON_AddBoolToObject(json, "overridden", value.overridden);
        (void)cJSON_AddBoolToObject(json, "simulated", sk_plant_knows(sim->plant, i));
    }
}

static void add_doors(cJSON *root, const struct sim *sim)
{
    cJSON *doors = cJSON_AddArrayToObject(root, "doors");
    for (uint32_t i = 0; i < sim->site->door_count; i++) {
        struct sk_plant_door_view view;
        sk_plant_door(sim->plant, i, &view);
        cJSON *door = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(door, "id", sim->site->doors[i].id);
        (void)cJSON_AddBoolToObject(door, "open", view.open);
        (void)cJSON_AddBoolToObject(door, "locked", view.locked);
        (void)cJSON_AddBoolToObject(door, "forced", view.forced);
        (void)cJSON_AddBoolToObject(door, "too_long", view.too_long);
        (void)cJSON_AddNumberToObject(door, "waiting", view.waiting);
        (void)cJSON_AddItemToArray(doors, door);
    }
}

static void add_people(cJSON *root, const struct sim *sim)
{
    cJSON *people = cJSON_AddArrayToObject(root, "people");
    const char *card = NULL, *id = NULL;
    for (size_t i = 0; (id = sk_plant_person(i, &card)) != NULL; i++) {
        cJSON *person = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(person, "id", id);
        (void)cJSON_AddStringToObject(person, "card", card);
        (void)cJSON_AddItemToArray(people, person);
    }
    cJSON *occupancy = cJSON_AddObjectToObject(root, "occupancy");
    for (uint32_t i = 0; i < sim->site->zone_count; i++) {
        (void)cJSON_AddNumberToObject(occupancy, sim->site->zones[i].id, sk_plant_occupancy(sim->plant, i));
    }
}

cJSON *sim_state_json(const struct sim *sim)
{
    cJSON *root = cJSON_CreateObject();
    double at_s = 0.0, duration_s = 0.0;
    const char *playing = sim_play_name(sim, &at_s, &duration_s);
    (void)cJSON_AddStringToObject(root, "site", sim->site->id);
    (void)cJSON_AddNumberToObject(root, "time_ms", (double)sk_plant_time_ms(sim->plant));
    (void)cJSON_AddNumberToObject(root, "speed", sim->speed);
    (void)cJSON_AddNumberToObject(root, "epoch", sim->epoch);
    if (playing == NULL) {
        (void)cJSON_AddNullToObject(root, "scenario");
    } else {
        cJSON *scenario = cJSON_AddObjectToObject(root, "scenario");
        (void)cJSON_AddStringToObject(scenario, "name", playing);
        (void)cJSON_AddNumberToObject(scenario, "at_s", at_s);
        (void)cJSON_AddNumberToObject(scenario, "duration_s", duration_s);
    }
    add_knobs(root, sim);
    add_links(root, sim);
    add_devices(root, sim);
    add_points(root, sim);
    add_doors(root, sim);
    add_people(root, sim);
    return root;
}

static void add_scenario(cJSON *list, const char *directory, const char *file)
{
    char path[1024];
    cJSON *json = NULL;
    struct sk_scenario *scenario = NULL;
    if (!sk_text_format(path, sizeof path, "%s/%s", directory, file) ||
        sk_json_parse_file(path, &SK_JSON_FILE, &json, NULL) != SK_OK) {
        return;
    }
    if (sk_scenario_read(json, &scenario, NULL) != SK_OK) {
        cJSON_Delete(json);
        return;
    }
    cJSON *item = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(item, "name", scenario->id);
    cJSON *title = cJSON_AddObjectToObject(item, "title");
    (void)cJSON_AddStringToObject(title, "ja", scenario->title_ja);
    (void)cJSON_AddStringToObject(title, "en", scenario->title_en);
    (void)cJSON_AddNumberToObject(item, "duration_s", scenario->duration_s);
    (void)cJSON_AddItemToArray(list, item);
    sk_scenario_free(scenario);
}

cJSON *sim_scenarios_json(const struct sim *sim)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *items = cJSON_AddArrayToObject(root, "items");
    DIR *directory = opendir(sim->scenario_directory);
    for (const struct dirent *entry = NULL; directory != NULL && (entry = readdir(directory)) != NULL;) {
        const size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0) {
            add_scenario(items, sim->scenario_directory, entry->d_name);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return root;
}
