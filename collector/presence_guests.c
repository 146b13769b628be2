/* SPDX-License-Identifier: Apache-2.0 */
/* Guests as JSON: people without a card of their own, by visit. What stands in the register stands here; the names lie in the
 * vault with the visit, for accounts that may see them. */
#include <string.h>

#include "collector/presence.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { GUEST_BYTES = 620, GUESTS_SHOWN = 60 };

static void add_text(const struct sk_entry *entry, uint16_t field, const char *name, cJSON *item)
{
    char text[512];
    if (entry != NULL && sk_entry_text(entry, field, SK_NEVER, text, sizeof text))
        cJSON_AddStringToObject(item, name, text);
}

/* What was said last counts; an emergency entry names several. */
static void add_names(struct sk_presence_page *page, const struct sk_entry *entry, cJSON *item)
{
    static const char *const names[] = {"name", "furigana", "host_name", "worker_names"};
    struct sk_register_personal *stored = sk_calloc(1, sizeof *stored);
    cJSON *personal = cJSON_CreateObject();
    for (uint32_t i = 0; stored != NULL && i < entry->act_count; i++)
        if (entry->acts[i].has_personal &&
            sk_vault_register_get(page->request->floor->vault, entry->id, i + 1, stored) == SK_OK)
            sk_field_list_to_json(entry->register_, stored->fields, stored->length, personal);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cJSON *value = cJSON_DetachItemFromObjectCaseSensitive(personal, names[i]);
        if (value == NULL)
            continue;
        page->bytes += cJSON_IsString(value) ? 2 * strlen(value->valuestring) : 400 * (size_t)cJSON_GetArraySize(value);
        cJSON_AddItemToObject(item, names[i], value);
    }
    cJSON_Delete(personal);
    sk_free_secret(stored, stored != NULL ? sizeof *stored : 0);
}

static void add_visit(struct sk_presence_page *page, const struct sk_entry *entry, cJSON *item)
{
    const bool visit = entry->register_ == SK_REGISTER_VISIT;
    if (page->names)
        add_names(page, entry, item);
    add_text(entry, visit ? SK_F_VISIT_COMPANY : SK_F_EMERGENCY_COMPANY, "company", item);
    add_text(entry, visit ? SK_F_VISIT_HOST : SK_F_EMERGENCY_APPLICANT, "host", item);
    if (visit) {
        add_text(entry, SK_F_VISIT_KIND, "kind", item);
        add_text(entry, SK_F_VISIT_PERSON, "person", item);
        if (sk_visit_has_badge(entry, SK_NEVER))
            add_text(entry, SK_F_VISIT_BADGE, "badge", item);
    }
}

static void add_place(const struct sk_command_floor *floor, const struct sk_guest *guest, int64_t now_us, cJSON *item)
{
    const int32_t zone = sk_presence_zone(floor->site, guest->zone);
    const uint16_t doubts = sk_engine_guest_doubts(floor->engine, guest, now_us);
    if (zone >= 0)
        cJSON_AddStringToObject(item, "zone", floor->site->zones[zone].id);
    else
        cJSON_AddNullToObject(item, "zone");
    if (guest->joint != NULL) {
        cJSON_AddStringToObject(item, "joint", guest->joint->entry->id);
        cJSON_AddStringToObject(item, "door", guest->joint->door);
        add_text(guest->joint->entry, SK_F_JOINT_ESCORT, "escort", item);
    }
    sk_json_add_time(item, "since", guest->since_us);
    cJSON_AddNumberToObject(item, "age_s", (double)(now_us > guest->since_us ? (now_us - guest->since_us) / SK_US_PER_S : 0));
    cJSON_AddStringToObject(item, "how", guest->joint != NULL ? "joint" : "desk");
    cJSON_AddStringToObject(item, "confidence", sk_confidence_word(doubts));
    sk_presence_add_doubts(item, doubts);
}

cJSON *sk_presence_show_guest(struct sk_presence_page *page, const struct sk_guest *guest, cJSON *list)
{
    const struct sk_command_floor *floor = page->request->floor;
    const struct sk_entry *entry = sk_registers_get(sk_engine_registers(floor->engine), guest->visit);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "visit", guest->visit);
    if (entry != NULL)
        add_visit(page, entry, item);
    add_place(floor, guest, page->request->now->utc_us, item);
    cJSON_AddNumberToObject(item, "people", guest->people);
    page->bytes += GUEST_BYTES;
    page->left--;
    if (item == NULL || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return NULL;
    }
    return item;
}

bool sk_presence_is_of_zone(const struct sk_command_floor *floor, const struct sk_guest *guest, const char *zone)
{
    const int32_t place = sk_presence_zone(floor->site, guest->zone);
    return zone[0] == '\0' || (place >= 0 && strcmp(floor->site->zones[place].id, zone) == 0);
}

bool sk_presence_add_guests(struct sk_presence_page *page, const char *zone, cJSON *result)
{
    const struct sk_command_floor *floor = page->request->floor;
    const int64_t now_us = page->request->now->utc_us, left = page->left;
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), now_us};
    const struct sk_guests guests = sk_engine_guests(floor->engine, now_us);
    const struct sk_trails trails = sk_engine_trails(floor->engine);
    cJSON *list = cJSON_AddArrayToObject(result, "guests");
    struct sk_guest guest;
    size_t shown = 0, more = 0, cursor = 0;
    while (list != NULL && sk_guest_each(&guests, &view, &trails, &cursor, &guest)) {
        if (!sk_presence_is_of_zone(floor, &guest, zone))
            continue;
        if (shown < GUESTS_SHOWN && !sk_presence_is_full(page))
            sk_presence_show_guest(page, &guest, list);
        else
            more++;
        shown++;
        page->left = left; /* they stand beside the rows, not among them */
    }
    return list != NULL && cJSON_AddNumberToObject(result, "guests_more", (double)more) != NULL;
}
