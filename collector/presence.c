/* SPDX-License-Identifier: Apache-2.0 */
/* People who are or may be inside, as JSON. Names come from the vault, for accounts that may see them. */
#include "collector/presence.h"

#include <string.h>

#include "collector/engine/guests.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { PAGE_BYTES = 52000, ROW_BYTES = 520, ZONES_MAX = 256 };

int32_t sk_presence_zone(const struct sk_site *site, uint16_t number)
{
    for (size_t i = 0; i < site->zone_count; i++)
        if (site->zones[i].number == number)
            return (int32_t)i;
    return -1;
}

static const char *person_id(const struct request *request, size_t person)
{
    return sk_roster_entity_at(sk_engine_roster(request->floor->engine), SK_EV_PERSON_CREATED, person);
}

static void add_name(struct sk_presence_page *page, const char *id, cJSON *item)
{
    struct sk_person_label label;
    const struct sk_roster *roster = sk_engine_roster(page->request->floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), page->request->now->utc_us};
    const struct sk_roster_change *stands = sk_roster_get(&view, SK_EV_PERSON_CREATED, id);
    const uint64_t version = stands != NULL ? stands->version : UINT64_MAX; /* planned only: as it was entered */
    if (!page->names || sk_vault_person_get(page->request->floor->vault, id, version, &label) != SK_OK)
        return;
    cJSON_AddStringToObject(item, "name", label.name);
    cJSON_AddStringToObject(item, "furigana", label.furigana);
    cJSON_AddStringToObject(item, "company", label.company);
    page->bytes += 2 * (strlen(label.name) + strlen(label.furigana) + strlen(label.company));
}

void sk_presence_add_doubts(cJSON *item, uint16_t doubts)
{
    cJSON *list = cJSON_AddArrayToObject(item, "doubts");
    for (int doubt = 0; list != NULL && doubt < 16; doubt++)
        if ((doubts >> doubt & 1) != 0 && sk_occupancy_doubt_name(doubt) != NULL)
            cJSON_AddItemToArray(list, cJSON_CreateString(sk_occupancy_doubt_name(doubt)));
}

cJSON *sk_presence_show(struct sk_presence_page *page, size_t person, int32_t zone, int64_t since_us, bool perhaps)
{
    const struct sk_command_floor *floor = page->request->floor;
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    const char *id = person_id(page->request, person);
    const struct sk_roster_change *change = sk_roster_get(&view, SK_EV_PERSON_CREATED, id);
    const struct sk_trail *trail = sk_engine_trail(floor->engine, person);
    const int64_t now_us = page->request->now->utc_us;
    const uint16_t doubts = zone < 0 ? 0 : sk_engine_doubts(floor->engine, person, (uint32_t)zone, now_us);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "person", id);
    add_name(page, id, item);
    if (change != NULL)
        cJSON_AddStringToObject(item, "kind", sk_person_kind_name(change->person.kind));
    if (zone >= 0)
        cJSON_AddStringToObject(item, "zone", floor->site->zones[zone].id);
    else
        cJSON_AddNullToObject(item, "zone");
    if (since_us > 0) {
        sk_json_add_time(item, "since", since_us);
        cJSON_AddNumberToObject(item, "age_s", (double)(now_us - since_us) / (double)SK_US_PER_S);
    }
    cJSON_AddBoolToObject(item, "perhaps", perhaps);
    cJSON_AddStringToObject(item, "how", trail->count > 0 ? sk_stay_how_word(trail->stays[0].how) : "reader");
    cJSON_AddStringToObject(item, "confidence", sk_confidence_word(doubts));
    sk_presence_add_doubts(item, doubts);
    const bool complete = zone < 0 || sk_engine_zone_complete(floor->engine, (uint32_t)zone);
    cJSON_AddStringToObject(item, "certainty", complete ? "complete" : "unknown");
    page->bytes += ROW_BYTES;
    page->left--;
    if (item == NULL || !cJSON_AddItemToArray(page->items, item)) {
        cJSON_Delete(item);
        return NULL;
    }
    return item;
}

bool sk_presence_is_full(const struct sk_presence_page *page)
{
    return page->left <= 0 || page->bytes >= PAGE_BYTES;
}

static uint32_t guests_in(const struct sk_command_floor *floor, size_t zone, int64_t now_us)
{
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), now_us};
    const struct sk_guests guests = sk_engine_guests(floor->engine, now_us);
    const struct sk_trails trails = sk_engine_trails(floor->engine);
    if (floor->site->zones[zone].class_ == 0) /* led out: gone */
        return 0;
    return sk_guests_in(&guests, &view, &trails, floor->site->zones[zone].number, SK_NEVER);
}

static void add_zone(const struct request *request, size_t zone, uint32_t inside, uint32_t perhaps, cJSON *zones)
{
    const struct sk_command_floor *floor = request->floor;
    const uint32_t guests = guests_in(floor, zone, request->now->utc_us);
    const struct sk_strangers *strangers = sk_engine_strangers(floor->engine, floor->site->zones[zone].number);
    const bool complete = sk_engine_zone_complete(floor->engine, (uint32_t)zone);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "zone", floor->site->zones[zone].id);
    cJSON_AddNumberToObject(item, "count", inside + guests);
    cJSON_AddNumberToObject(item, "guests", guests);
    cJSON_AddNumberToObject(item, "perhaps", perhaps);
    cJSON_AddStringToObject(item, "certainty", complete ? "complete" : "unknown");
    sk_json_add_u64(item, "strangers_entered", strangers != NULL ? strangers->entered : 0);
    sk_json_add_u64(item, "strangers_left", strangers != NULL ? strangers->left : 0);
    cJSON_AddItemToArray(zones, item);
}

bool sk_presence_add_zones(struct request *request, cJSON *result)
{
    const struct sk_command_floor *floor = request->floor;
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    const size_t people = sk_roster_count(roster, SK_EV_PERSON_CREATED);
    uint32_t inside[ZONES_MAX] = {0}, perhaps[ZONES_MAX] = {0};
    for (size_t i = 0; i < people; i++) {
        uint16_t number;
        int64_t since_us;
        const enum sk_whereabouts where = sk_occupancy_where(sk_engine_trail(floor->engine, i), roster, &number, &since_us);
        const int32_t zone = where == SK_WHERE_NEVER ? -1 : sk_presence_zone(floor->site, number);
        if (zone < 0 || zone >= ZONES_MAX)
            continue;
        inside[zone] += where != SK_WHERE_PERHAPS;
        perhaps[zone] += where == SK_WHERE_PERHAPS;
    }
    cJSON *zones = cJSON_AddArrayToObject(result, "zones");
    for (size_t i = 0; zones != NULL && i < floor->site->zone_count && i < ZONES_MAX; i++)
        add_zone(request, i, inside[i], perhaps[i], zones);
    return zones != NULL;
}

int64_t sk_presence_person(struct request *request)
{
    char detail[128];
    const char *id = sk_request_text(request, "person", true, SK_ENTITY_MAX - 1);
    const int64_t person = id == NULL ? -1 : sk_roster_person_index(sk_engine_roster(request->floor->engine), id);
    if (id != NULL && person < 0) {
        sk_text_format(detail, sizeof detail, "person: there is no '%.48s' on the roster", id);
        sk_request_refuse(request, SK_ERR_NOT_FOUND, detail);
    }
    return person;
}

struct sk_presence_act sk_presence_act_of(const struct request *request, const char *reason, const char *second)
{
    return (struct sk_presence_act){.actor = &request->actor, .reason = reason, .second = second};
}
