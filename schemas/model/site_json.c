/* SPDX-License-Identifier: Apache-2.0 */
/* The site's directory as JSON: what a zone, a door, a device is called, where it is and whom to call. Personal data is none in
 * it: service contacts are companies and their numbers, as the site file names them. */
#include <string.h>

#include "schemas/model/json.h"

struct builder {
    cJSON *object;
    bool bad;
};

static void put_text(struct builder *b, const char *name, const char *value)
{
    b->bad |= b->object == NULL || cJSON_AddStringToObject(b->object, name, value != NULL ? value : "") == NULL;
}

static void put_title(struct builder *b, const char *ja, const char *en)
{
    struct builder title = {.object = b->object != NULL ? cJSON_AddObjectToObject(b->object, "title") : NULL};
    put_text(&title, "ja", ja);
    put_text(&title, "en", en);
    b->bad |= title.bad;
}

static void put_texts(struct builder *b, const char *name, const char *const *values, size_t count)
{
    cJSON *list = b->object != NULL ? cJSON_AddArrayToObject(b->object, name) : NULL;
    b->bad |= list == NULL;
    for (size_t i = 0; list != NULL && i < count; i++)
        b->bad |= !cJSON_AddItemToArray(list, cJSON_CreateString(values[i]));
}

static enum sk_err finish(struct builder *b, cJSON **ret_json)
{
    if (b->bad) {
        cJSON_Delete(b->object);
        return SK_ERR_NOMEM;
    }
    *ret_json = b->object;
    return SK_OK;
}

enum sk_err sk_zone_to_json(const struct sk_zone_info *zone, cJSON **ret_json)
{
    struct builder b = {.object = cJSON_CreateObject()};
    put_text(&b, "id", zone->id);
    put_title(&b, zone->title_ja, zone->title_en);
    b.bad |= b.object == NULL || cJSON_AddNumberToObject(b.object, "class", zone->class_) == NULL;
    return finish(&b, ret_json);
}

enum sk_err sk_door_to_json(const struct sk_site *site, const struct sk_door_info *door, cJSON **ret_json)
{
    struct builder b = {.object = cJSON_CreateObject()};
    put_text(&b, "id", door->id);
    put_title(&b, door->title_ja, door->title_en);
    put_text(&b, "from", site->zones[door->zone_from].id);
    put_text(&b, "to", site->zones[door->zone_to].id);
    put_text(&b, "place", door->place.text);
    put_texts(&b, "cameras", door->cameras, door->camera_count);
    return finish(&b, ret_json);
}

enum sk_err sk_device_to_json(const struct sk_device *device, cJSON **ret_json)
{
    struct builder b = {.object = cJSON_CreateObject()};
    put_text(&b, "id", device->id);
    put_title(&b, device->title_ja, device->title_en);
    put_text(&b, "kind", device->profile != NULL ? sk_device_kind_name((int)device->profile->kind) : "");
    put_text(&b, "place", device->place.text);
    put_text(&b, "asset", device->asset);
    put_text(&b, "tag", device->tag);
    struct builder service = {.object = b.object != NULL ? cJSON_AddObjectToObject(b.object, "service") : NULL};
    put_text(&service, "company", device->service.company);
    put_text(&service, "phone", device->service.phone);
    put_text(&service, "contract", device->service.contract);
    b.bad |= service.bad;
    return finish(&b, ret_json);
}
