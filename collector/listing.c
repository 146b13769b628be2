/* SPDX-License-Identifier: Apache-2.0 */
/* Pages, and the members that rows share. */
#include "collector/listing.h"

#include "schemas/base/json.h"

bool sk_listing_begin(struct request *request, struct listing *ret_listing)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    struct listing listing = {.request = request, .view = {roster, sk_roster_version(roster), SK_NEVER}, .limit = SK_PAGE_MAX};
    const cJSON *cursor = sk_json_get(request->args, "cursor"), *limit = sk_json_get(request->args, "limit");
    const char *at = sk_request_text(request, "at", false, 40);
    listing.person = at != NULL ? sk_request_text(request, "person", false, SK_ENTITY_MAX) : NULL;
    listing.zone = listing.person != NULL ? sk_request_text(request, "zone", false, 64) : NULL;
    if (listing.zone == NULL)
        return false;
    if ((at[0] != '\0' && !sk_time_parse(at, &listing.view.at_us)) ||
        (cursor != NULL && !sk_json_u64(cursor, &listing.cursor)) ||
        (limit != NULL && (!sk_json_i64(limit, &listing.limit) || listing.limit < 1))) {
        sk_request_refuse(request, SK_ERR_PARSE, "at is a time (RFC 3339), cursor and limit are numbers");
        return false;
    }
    listing.limit = listing.limit > SK_PAGE_MAX ? SK_PAGE_MAX : listing.limit;
    listing.names = sk_permission("read.people", request->actor.roles);
    listing.items = cJSON_CreateArray();
    *ret_listing = listing;
    return listing.items != NULL;
}

enum sk_err sk_listing_finish(struct listing *listing, uint64_t next)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddItemToObject(result, "items", listing->items);
    if (next != 0)
        sk_json_add_u64(result, "next", next);
    else
        cJSON_AddNullToObject(result, "next");
    sk_json_add_u64(result, "roster_version", listing->view.version);
    listing->request->answer->result = result;
    return SK_OK;
}

void sk_listing_dates(const struct listing *listing, cJSON *item, int64_t from_us, int64_t until_us)
{
    char text[16];
    sk_day_from_text(listing->request->floor->zone, from_us, text);
    cJSON_AddStringToObject(item, "from", text);
    sk_day_until_text(listing->request->floor->zone, until_us, text);
    cJSON_AddStringToObject(item, "until", text);
}

void sk_listing_time(cJSON *item, const char *name, int64_t at_us)
{
    if (at_us == 0 || at_us == SK_NEVER)
        cJSON_AddNullToObject(item, name);
    else
        sk_json_add_time(item, name, at_us);
}

void sk_listing_hours(const struct listing *listing, cJSON *item, const char *schedule)
{
    static const char *const words[] = {[SK_CLOSED] = "closed", [SK_OPEN] = "open", [SK_OPEN_UNKNOWN] = "unknown"};
    if (schedule[0] == '\0' || listing->view.at_us == SK_NEVER)
        cJSON_AddNullToObject(item, "hours");
    else
        cJSON_AddStringToObject(item, "hours", words[sk_schedule_open(&listing->view, schedule)]);
}

const struct sk_roster_change *sk_listing_standing(const struct listing *listing, uint16_t family, const char *id)
{
    struct sk_roster_view now = listing->view;
    now.at_us = listing->request->now->utc_us;
    const struct sk_roster_change *stands = listing->view.at_us == SK_NEVER ? sk_roster_get(&now, family, id) : NULL;
    return stands != NULL ? stands : sk_roster_get(&listing->view, family, id);
}

void sk_listing_name(const struct listing *listing, cJSON *item, const char *person)
{
    struct sk_person_label label;
    const struct sk_roster_change *change = sk_listing_standing(listing, SK_EV_PERSON_CREATED, person);
    if (!listing->names || change == NULL ||
        sk_vault_person_get(listing->request->floor->vault, person, change->version, &label) != SK_OK)
        return;
    cJSON_AddStringToObject(item, "name", label.name);
    cJSON_AddStringToObject(item, "company", label.company);
}

const char *sk_listing_zone(const struct sk_site *site, uint16_t number)
{
    for (size_t i = 0; i < site->zone_count; i++)
        if (site->zones[i].number == number)
            return site->zones[i].id;
    return "";
}

const char *sk_listing_door(const struct sk_site *site, uint16_t number)
{
    for (size_t i = 0; i < site->door_count; i++)
        if (site->doors[i].number == number)
            return site->doors[i].id;
    return "";
}
