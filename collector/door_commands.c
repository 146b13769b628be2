/* SPDX-License-Identifier: Apache-2.0 */
/* The doors as they stand now, and the act that resolves a counter surplus. Shown are: what each controller says as far as it
 * is known, what our own model says, since when and from where. Pages go by the order of the site file. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

enum { PAGE_MAX = 50 };

static void add_time_or_null(cJSON *to, const char *name, int64_t at_us)
{
    if (at_us > 0)
        sk_json_add_time(to, name, at_us);
    else
        cJSON_AddNullToObject(to, name);
}

static void add_word(cJSON *item, const char *name, const char *family, const struct sk_door_state_view *view)
{
    static const char *const sources[] = {"none", "events", "polling"};
    const char *word = view->known ? sk_door_word(family, view->state) : NULL;
    cJSON *to = cJSON_AddObjectToObject(item, name);
    cJSON_AddStringToObject(to, "state", word != NULL ? word : "Unknown");
    cJSON_AddStringToObject(to, "source", sources[view->source]);
    add_time_or_null(to, "since", view->since_us);
}

static void add_words(cJSON *item, const struct sk_door_view *view)
{
    static const struct {
        const char *name, *family;
    } words[SK_DOOR_FAMILIES] = {{"mode", "mode"},   {"physical", "phys"}, {"lock", "lock"},  {"double_lock", "lock"},
                                 {"alarm", "alarm"}, {"tamper", "tamper"}, {"fault", "fault"}};
    static const char *const doubts[] = {"none", "never", "missing", "contact"};
    for (size_t i = 0; i < SK_DOOR_FAMILIES; i++)
        add_word(item, words[i].name, words[i].family, &view->states[i]);
    cJSON *model = cJSON_AddObjectToObject(item, "model");
    cJSON_AddStringToObject(model, "state", sk_door_word("model", view->model));
    add_time_or_null(model, "since", view->model_since_us);
    cJSON_AddBoolToObject(model, "differs", view->differs);
    cJSON_AddStringToObject(item, "doubt", doubts[view->doubt]);
}

static void add_readers(cJSON *item, const struct sk_door_info *door, const struct sk_door_view *view)
{
    cJSON *readers = cJSON_AddArrayToObject(item, "readers");
    for (size_t i = 0; readers != NULL && i < door->reader_count; i++) {
        cJSON *reader = cJSON_CreateObject();
        cJSON_AddStringToObject(reader, "id", door->readers[i].id);
        cJSON_AddStringToObject(reader, "direction", door->readers[i].entry ? "entry" : "exit");
        cJSON_AddBoolToObject(reader, "enabled", (view->disabled_readers >> i & 1u) == 0);
        cJSON_AddBoolToObject(reader, "degraded", (view->degraded_readers >> i & 1u) != 0);
        cJSON_AddItemToArray(readers, reader);
    }
}

static void add_device(cJSON *item, const char *name, const struct sk_site *site, int32_t device)
{
    if (device >= 0)
        cJSON_AddStringToObject(item, name, site->devices[device].id);
    else
        cJSON_AddNullToObject(item, name);
}

static cJSON *show(const struct sk_command_floor *floor, uint32_t index)
{
    const struct sk_site *site = floor->site;
    const struct sk_door_info *door = &site->doors[index];
    struct sk_door_view view;
    cJSON *item = cJSON_CreateObject();
    sk_engine_door(floor->engine, index, &view);
    cJSON_AddStringToObject(item, "door", door->id);
    cJSON *title = cJSON_AddObjectToObject(item, "title");
    cJSON_AddStringToObject(title, "ja", door->title_ja);
    cJSON_AddStringToObject(title, "en", door->title_en);
    cJSON_AddStringToObject(item, "zone_from", site->zones[door->zone_from].id);
    cJSON_AddStringToObject(item, "zone_to", site->zones[door->zone_to].id);
    add_device(item, "controller", site, door->controller);
    cJSON_AddStringToObject(item, "place", door->place.text != NULL ? door->place.text : "");
    add_words(item, &view);
    cJSON_AddBoolToObject(item, "rex", door->rex);
    add_readers(item, door, &view);
    cJSON *cameras = cJSON_AddArrayToObject(item, "cameras");
    for (size_t i = 0; cameras != NULL && i < door->camera_count; i++)
        cJSON_AddItemToArray(cameras, cJSON_CreateString(door->cameras[i]));
    add_device(item, "counter", site, door->counter - 1);
    int64_t since_us;
    cJSON *surplus = cJSON_AddObjectToObject(item, "surplus");
    cJSON_AddNumberToObject(surplus, "count", (double)sk_engine_door_surplus(floor->engine, index, &since_us));
    add_time_or_null(surplus, "since", since_us);
    return item;
}

enum sk_err sk_run_door_list(struct request *request)
{
    const struct sk_site *site = request->floor->site;
    const cJSON *cursor = sk_json_get(request->args, "cursor"), *limit = sk_json_get(request->args, "limit");
    uint64_t from = 0;
    int64_t most = PAGE_MAX;
    if ((cursor != NULL && !sk_json_u64(cursor, &from)) || (limit != NULL && (!sk_json_i64(limit, &most) || most < 1)))
        return sk_request_refuse(request, SK_ERR_PARSE, "cursor and limit are numbers");
    most = most > PAGE_MAX ? PAGE_MAX : most;
    cJSON *result = cJSON_CreateObject();
    cJSON *items = cJSON_AddArrayToObject(result, "items");
    uint64_t i = from;
    for (; items != NULL && i < site->door_count && i - from < (uint64_t)most; i++)
        cJSON_AddItemToArray(items, show(request->floor, (uint32_t)i));
    if (i < site->door_count)
        sk_json_add_u64(result, "next", i);
    else
        cJSON_AddNullToObject(result, "next");
    request->answer->result = result;
    return items != NULL ? SK_OK : SK_ERR_NOMEM;
}

enum sk_err sk_run_door_get(struct request *request)
{
    const char *id = sk_request_text(request, "door", true, 63);
    const int32_t index = id == NULL ? -1 : sk_site_door(request->floor->site, id);
    if (id == NULL)
        return request->answer->err;
    if (index < 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "there is no door of that id in the site");
    request->answer->result = show(request->floor, (uint32_t)index);
    return request->answer->result != NULL ? SK_OK : SK_ERR_NOMEM;
}

/* cause: what it turned out to be; reason: how that is known. Who says it is the account. */
enum sk_err sk_run_door_resolve(struct request *request)
{
    static const char *const causes[] = {"tailgating", "joint_entry", "goods", "counter_error", "other"};
    struct sk_command_floor *floor = request->floor;
    const char *id = sk_request_text(request, "door", true, 63);
    const char *cause = id != NULL ? sk_request_text(request, "cause", true, 32) : NULL;
    const char *reason = cause != NULL ? sk_request_text(request, "reason", true, 500) : NULL;
    bool known = false;
    if (reason == NULL)
        return request->answer->err;
    if (!sk_recorder_writable(floor->recorder))
        return sk_request_refuse(request, SK_ERR_FULL, "the log cannot be written now, so nothing can be resolved");
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        known |= strcmp(cause, causes[i]) == 0;
    const int32_t door = sk_site_door(floor->site, id);
    if (!known)
        return sk_request_refuse(request, SK_ERR_PARSE,
                                 "cause: expected tailgating, joint_entry, goods, counter_error or other");
    if (door < 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "there is no door of that id in the site");
    int64_t since_us;
    const uint32_t count = sk_engine_door_surplus(floor->engine, (uint32_t)door, &since_us);
    const enum sk_err err = sk_engine_door_resolve(floor->engine, (uint32_t)door, cause, reason, &request->actor, request->now,
                                                   sk_recorder_effects(floor->recorder));
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the counter of that door has no surplus to resolve");
    cJSON *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "door", id);
    sk_json_add_u64(result, "count", count);
    request->answer->result = result;
    request->answer->durable = true;
    return SK_OK;
}
