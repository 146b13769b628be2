/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the controllers' own lists: which there are and how old, their rows, their differences from the roster, and who
 * could enter a zone at a moment by both. A lost card's run is shown from here too, because the lists prove its end. */
#include <string.h>

#include "collector/engine/rights.h"
#include "collector/listing.h"
#include "schemas/base/json.h"

static const struct sk_rights *rights_of(const struct listing *listing)
{
    return sk_engine_rights(listing->request->floor->engine);
}

static const char *controller_of(const struct listing *listing, const struct sk_list *list)
{
    return listing->request->floor->site->devices[list->device].id;
}

/* Argument 'controller': one of them, or "" for all. False: refused. */
static bool read_controller(struct listing *listing, const char **ret_id)
{
    struct request *request = listing->request;
    *ret_id = sk_request_text(request, "controller", false, SK_FACT_DEVICE_MAX - 1);
    const struct sk_rights *rights = rights_of(listing);
    for (size_t i = 0; *ret_id != NULL && i < rights->list_count; i++)
        if ((*ret_id)[0] == '\0' || strcmp(controller_of(listing, &rights->lists[i]), *ret_id) == 0)
            return true;
    cJSON_Delete(listing->items);
    if (*ret_id != NULL)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "controller: the site has no door controller of that id");
    return false;
}

static bool is_of(const struct listing *listing, const struct sk_list *list, const char *controller)
{
    return controller[0] == '\0' || strcmp(controller_of(listing, list), controller) == 0;
}

/* --- which lists there are --- */

static cJSON *show_list(const struct listing *listing, const struct sk_list *list)
{
    uint32_t counts[5] = {0};
    const int64_t now_us = listing->request->now->utc_us;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "controller", controller_of(listing, list));
    sk_json_add_u64(item, "received_lists", list->number);
    cJSON_AddNumberToObject(item, "rows", (double)list->live);
    sk_listing_time(item, "taken", list->taken_us);
    sk_listing_time(item, "received", list->received_us);
    sk_listing_time(item, "compared", list->compared_us);
    cJSON_AddBoolToObject(item, "stale",
                          list->number == 0 ||
                              now_us - list->taken_us > sk_rights_limits(listing->request->floor->site).list_stale_us);
    if (list->number > 0)
        sk_json_add_hex(item, "digest", list->digest.bytes, SK_HASH_SIZE);
    for (size_t i = 0; i < list->difference_count; i++)
        counts[list->differences[i].kind]++;
    cJSON *differences = cJSON_AddObjectToObject(item, "differences");
    for (uint8_t kind = 1; kind < 5; kind++)
        cJSON_AddNumberToObject(differences, sk_list_difference_word(kind), counts[kind]);
    return item;
}

enum sk_err sk_run_list_list(struct request *request)
{
    struct listing listing;
    if (!sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    const struct sk_rights *rights = rights_of(&listing);
    size_t at = (size_t)listing.cursor;
    for (; at < rights->list_count && listing.limit-- > 0; at++)
        cJSON_AddItemToArray(listing.items, show_list(&listing, &rights->lists[at]));
    return sk_listing_finish(&listing, at < rights->list_count ? at : 0);
}

/* --- rows --- */

static void add_card(const struct listing *listing, cJSON *item, const struct sk_hash *identifier)
{
    const struct sk_roster_view latest = {listing->view.roster, listing->view.version, SK_NEVER};
    const struct sk_roster_change *card = sk_roster_by_identifier(&latest, identifier);
    sk_json_add_hex(item, "identifier_hmac", identifier->bytes, SK_HASH_SIZE);
    if (card == NULL)
        return;
    cJSON_AddStringToObject(item, "credential", card->entity);
    cJSON_AddStringToObject(item, "person", card->credential.person);
    sk_listing_name(listing, item, card->credential.person);
}

static void add_row(const struct listing *listing, cJSON *item, const struct sk_spell *spell)
{
    const struct sk_site *site = listing->request->floor->site;
    sk_listing_dates(listing, item, spell->row.from_us, spell->row.until_us);
    cJSON *doors = cJSON_AddArrayToObject(item, "doors");
    for (size_t i = 0; i < spell->row.door_count; i++)
        cJSON_AddItemToArray(doors, cJSON_CreateString(sk_listing_door(site, spell->row.doors[i])));
    sk_listing_time(item, "since", spell->since_us);
    sk_listing_time(item, "gone", spell->gone_us);
}

/* One controller's list as it stood at a moment. */
enum sk_err sk_run_list_rows(struct request *request)
{
    struct listing listing;
    const char *controller;
    uint64_t next = 0;
    if (sk_request_text(request, "controller", true, SK_FACT_DEVICE_MAX - 1) == NULL || !sk_listing_begin(request, &listing) ||
        !read_controller(&listing, &controller))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    const int64_t at_us = listing.view.at_us == SK_NEVER ? SK_NEVER - 1 : listing.view.at_us;
    const struct sk_rights *rights = rights_of(&listing);
    const struct sk_list *list = rights->lists;
    while (!is_of(&listing, list, controller))
        list++;
    for (size_t i = (size_t)listing.cursor; i < list->spell_count && next == 0; i++) {
        const struct sk_spell *spell = &list->spells[i];
        if (at_us < spell->since_us || at_us >= spell->gone_us)
            continue;
        if (listing.limit-- == 0) {
            next = i;
            break;
        }
        cJSON *item = cJSON_CreateObject();
        add_card(&listing, item, &spell->row.identifier);
        add_row(&listing, item, spell);
        cJSON_AddItemToArray(listing.items, item);
    }
    return sk_listing_finish(&listing, next);
}

/* --- differences --- */

static cJSON *show_difference(const struct listing *listing, const struct sk_list *list, const struct sk_difference *difference)
{
    const struct sk_site *site = listing->request->floor->site;
    const int64_t now_us = listing->request->now->utc_us;
    const struct sk_roster_view view = {listing->view.roster, listing->view.version, now_us};
    const struct sk_roster_change *card = sk_roster_by_identifier(&view, &difference->identifier);
    const struct sk_spell *spell = sk_list_at(list, &difference->identifier, SK_NEVER - 1);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "controller", controller_of(listing, list));
    cJSON_AddStringToObject(item, "difference", sk_list_difference_word(difference->kind));
    add_card(listing, item, &difference->identifier);
    sk_listing_time(item, "since", difference->since_us);
    if (spell != NULL) {
        cJSON *row = cJSON_AddObjectToObject(item, "controller_row");
        add_row(listing, row, spell);
    }
    if (card == NULL)
        return item;
    struct sk_expected expected;
    sk_list_expect(&view, site, list->device, card, &expected);
    cJSON *wanted = cJSON_AddObjectToObject(item, "roster");
    cJSON_AddBoolToObject(wanted, "permitted", expected.permitted);
    sk_listing_time(wanted, "ended", expected.permitted ? 0 : expected.ended_us);
    sk_listing_dates(listing, wanted, card->credential.from_us, expected.until_us);
    cJSON *doors = cJSON_AddArrayToObject(wanted, "doors");
    for (size_t i = 0; i < expected.door_count; i++)
        cJSON_AddItemToArray(doors, cJSON_CreateString(sk_listing_door(site, expected.doors[i])));
    return item;
}

/* The cursor counts through the differences of all controllers. */
enum sk_err sk_run_list_differences(struct request *request)
{
    struct listing listing;
    const char *controller;
    uint64_t next = 0, place = 0;
    if (!sk_listing_begin(request, &listing) || !read_controller(&listing, &controller))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    const struct sk_rights *rights = rights_of(&listing);
    for (size_t k = 0; k < rights->list_count && next == 0; k++) {
        const struct sk_list *list = &rights->lists[k];
        for (size_t i = 0; is_of(&listing, list, controller) && i < list->difference_count && next == 0; i++, place++) {
            if (place < listing.cursor)
                continue;
            if (listing.limit-- == 0)
                next = place;
            else
                cJSON_AddItemToArray(listing.items, show_difference(&listing, list, &list->differences[i]));
        }
    }
    return sk_listing_finish(&listing, next);
}

/* --- who could enter a zone at a moment, by both lists --- */

static bool leads_into(const struct sk_site *site, uint32_t device, uint16_t zone)
{
    for (size_t i = 0; i < site->door_count; i++)
        if (site->doors[i].controller == (int32_t)device && site->doors[i].zone_to >= 0 &&
            site->zones[site->doors[i].zone_to].number == zone)
            return true;
    return false;
}

/* A row that names doors permits the zone when one of them leads there; one that names none permits all of its controller. */
static bool permits(const struct sk_site *site, const struct sk_spell *spell, uint16_t zone)
{
    bool leads = spell->row.door_count == 0;
    for (size_t i = 0; i < spell->row.door_count && !leads; i++)
        for (size_t k = 0; k < site->door_count; k++)
            leads |= site->doors[k].number == spell->row.doors[i] && site->doors[k].zone_to >= 0 &&
                     site->zones[site->doors[k].zone_to].number == zone;
    return leads;
}

static bool is_valid_row(const struct sk_spell *spell, int64_t at_us)
{
    return spell != NULL && at_us >= spell->row.from_us && at_us < spell->row.until_us;
}

/* Had this controller given any list by then? What came first was an empty one only if the newest is empty too. */
static bool list_was_known(const struct sk_list *list, int64_t at_us)
{
    for (size_t i = 0; i < list->spell_count; i++)
        if (list->spells[i].since_us <= at_us)
            return true;
    return list->number > 0 && list->taken_us <= at_us;
}

/* Members by controller; true when one of them let the card into the zone at that moment. *ret_known: one had given a list. */
static bool add_controllers(const struct listing *listing, cJSON *item, const struct sk_hash *identifier, uint16_t zone,
                            bool *ret_known)
{
    const struct sk_site *site = listing->request->floor->site;
    const struct sk_rights *rights = rights_of(listing);
    bool any = false;
    *ret_known = false;
    cJSON *controllers = cJSON_AddArrayToObject(item, "controllers");
    for (size_t i = 0; i < rights->list_count; i++) {
        const struct sk_list *list = &rights->lists[i];
        if (!leads_into(site, list->device, zone))
            continue;
        const struct sk_spell *spell = sk_list_at(list, identifier, listing->view.at_us);
        const bool listed = is_valid_row(spell, listing->view.at_us) && permits(site, spell, zone);
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "controller", controller_of(listing, list));
        cJSON_AddBoolToObject(row, "listed", listed);
        cJSON_AddBoolToObject(row, "has_list", list_was_known(list, listing->view.at_us));
        sk_listing_time(row, "since", spell != NULL ? spell->since_us : 0);
        sk_listing_time(row, "gone", spell != NULL ? spell->gone_us : 0);
        cJSON_AddItemToArray(controllers, row);
        any |= listed;
        *ret_known |= list_was_known(list, listing->view.at_us);
    }
    return any;
}

/* The right that lets a person into the zone at the view, of several the one whose hours let him in; NULL: none. */
static const struct sk_roster_change *right_of(const struct listing *listing, const char *person, uint16_t zone)
{
    size_t cursor = 0;
    const char *id;
    const struct sk_roster_view *view = &listing->view;
    const struct sk_roster_change *best = NULL;
    enum sk_open best_open = SK_CLOSED;
    while ((id = sk_roster_owned(view->roster, SK_EV_AUTH_GRANTED, person, &cursor)) != NULL) {
        const struct sk_roster_change *right = sk_roster_get(view, SK_EV_AUTH_GRANTED, id);
        if (right == NULL || right->authorization.zone != zone || view->at_us < right->authorization.from_us ||
            view->at_us >= right->authorization.until_us)
            continue;
        const enum sk_open open = sk_schedule_open(view, right->authorization.schedule);
        if (best == NULL || (open != best_open && (open == SK_OPEN || best_open == SK_CLOSED))) {
            best = right;
            best_open = open;
        }
    }
    return best;
}

static bool card_is_good(const struct listing *listing, const struct sk_roster_change *card)
{
    const int64_t at_us = listing->view.at_us;
    const struct sk_roster_change *holder = sk_roster_get(&listing->view, SK_EV_PERSON_CREATED, card->credential.person);
    return card->credential.state == SK_CRED_ENABLED && at_us >= card->credential.from_us &&
           at_us < card->credential.until_us && holder != NULL && at_us >= holder->person.from_us &&
           at_us < holder->person.until_us;
}

static const char *compare_word(bool roster, bool controllers, bool known)
{
    if (roster == controllers)
        return roster ? "same" : "";
    if (controllers)
        return "controller_only";
    return known ? "roster_only" : "no_list";
}

/* A card of the roster; NULL: neither side permits it (or the difference is not asked for). */
static cJSON *show_access(const struct listing *listing, const struct sk_roster_change *card, uint16_t zone)
{
    const struct sk_roster_change *right = right_of(listing, card->credential.person, zone);
    const bool roster = right != NULL && card_is_good(listing, card);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "credential", card->entity);
    cJSON_AddStringToObject(item, "person", card->credential.person);
    sk_listing_name(listing, item, card->credential.person);
    cJSON_AddBoolToObject(item, "roster", roster);
    cJSON_AddStringToObject(item, "authorization", right != NULL ? right->entity : "");
    cJSON_AddStringToObject(item, "schedule", right != NULL ? right->authorization.schedule : "");
    /* Controllers' lists are compared with rights, not with hours, which they keep in words of their own. */
    sk_listing_hours(listing, item, roster && right != NULL ? right->authorization.schedule : "");
    cJSON_AddStringToObject(item, "approver", right != NULL ? right->authorization.approver : "");
    cJSON_AddStringToObject(item, "office", right != NULL ? right->authorization.office : "");
    sk_listing_time(item, "approved", right != NULL ? right->authorization.approved_us : 0);
    bool known;
    const bool controllers = add_controllers(listing, item, &card->credential.identifier, zone, &known);
    cJSON_AddStringToObject(item, "compared", compare_word(roster, controllers, known));
    sk_listing_use(listing, item, card->credential.person, zone);
    if (roster || controllers)
        return item;
    cJSON_Delete(item);
    return NULL;
}

/* Cards that a controller let in and that nobody knows: told apart by their HMAC. */
static void add_strangers(const struct listing *listing, uint16_t zone, cJSON *result)
{
    const struct sk_site *site = listing->request->floor->site;
    const struct sk_rights *rights = rights_of(listing);
    const struct sk_roster_view latest = {listing->view.roster, listing->view.version, SK_NEVER};
    cJSON *strangers = cJSON_AddArrayToObject(result, "unknown_cards");
    for (size_t i = 0; i < rights->list_count; i++)
        for (size_t k = 0; leads_into(site, rights->lists[i].device, zone) && k < rights->lists[i].spell_count; k++) {
            const struct sk_spell *spell = &rights->lists[i].spells[k];
            if (listing->view.at_us < spell->since_us || listing->view.at_us >= spell->gone_us ||
                !is_valid_row(spell, listing->view.at_us) || !permits(site, spell, zone) ||
                sk_roster_by_identifier(&latest, &spell->row.identifier) != NULL ||
                cJSON_GetArraySize(strangers) == SK_PAGE_MAX)
                continue;
            cJSON *item = cJSON_CreateObject();
            cJSON_AddStringToObject(item, "controller", controller_of(listing, &rights->lists[i]));
            sk_json_add_hex(item, "identifier_hmac", spell->row.identifier.bytes, SK_HASH_SIZE);
            sk_listing_time(item, "since", spell->since_us);
            cJSON_AddItemToArray(strangers, item);
        }
}

/* zone required, at defaults to now. A row says whose right was in force (roster) and whether its hours let him in just then
 * (hours). */
enum sk_err sk_run_access_report(struct request *request)
{
    struct listing listing;
    const char *id;
    uint64_t next = 0;
    if (sk_request_text(request, "zone", true, 64) == NULL || !sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    const uint16_t zone = sk_roster_zone(request->floor->site, listing.zone);
    if (zone == 0) {
        cJSON_Delete(listing.items);
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "zone: the site has none of that id");
    }
    if (listing.view.at_us == SK_NEVER)
        listing.view.at_us = request->now->utc_us;
    for (size_t i = (size_t)listing.cursor;
         next == 0 && (id = sk_roster_entity_at(listing.view.roster, SK_EV_CREDENTIAL_ISSUED, i)) != NULL; i++) {
        const struct sk_roster_change *card = sk_roster_get(&listing.view, SK_EV_CREDENTIAL_ISSUED, id);
        cJSON *item = card != NULL ? show_access(&listing, card, zone) : NULL;
        if (item == NULL)
            continue;
        if (listing.limit-- > 0) {
            cJSON_AddItemToArray(listing.items, item);
            continue;
        }
        cJSON_Delete(item);
        next = i;
    }
    const enum sk_err err = sk_listing_finish(&listing, next);
    sk_json_add_time(request->answer->result, "at", listing.view.at_us);
    add_strangers(&listing, zone, request->answer->result);
    return err;
}

/* --- a lost card --- */

static void add_gone(const struct listing *listing, cJSON *run, const struct sk_loss *loss)
{
    const struct sk_rights *rights = rights_of(listing);
    cJSON *gone = cJSON_AddArrayToObject(run, "controllers");
    for (size_t i = 0; i < rights->list_count; i++) {
        const struct sk_list *list = &rights->lists[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "controller", controller_of(listing, list));
        cJSON_AddStringToObject(item, "state",
                                loss->gone_us[i] != 0                 ? "gone"
                                : list->number == 0                   ? "no_list"
                                : list->taken_us < loss->suspended_us ? "no_newer_list"
                                                                      : "listed");
        sk_listing_time(item, "gone", loss->gone_us[i]);
        sk_listing_time(item, "list_taken", list->taken_us);
        cJSON_AddItemToArray(gone, item);
    }
}

void sk_listing_run(const struct listing *listing, cJSON *item, const char *credential)
{
    const struct sk_engine *engine = listing->request->floor->engine;
    const struct sk_loss *loss = sk_loss_of(rights_of(listing), credential);
    if (loss == NULL)
        return;
    cJSON *run = cJSON_AddObjectToObject(item, "run");
    sk_listing_time(run, "noticed", loss->noticed_us);
    sk_listing_time(run, "told", loss->told_us);
    sk_listing_time(run, "suspended", loss->suspended_us);
    add_gone(listing, run, loss);
    sk_json_add_u64(run, "used_after", loss->used);
    sk_listing_time(run, "first_used_after", loss->used_first_us);
    sk_listing_time(run, "last_used_after", loss->used_last_us);
    cJSON_AddStringToObject(run, "replaced_by", loss->replaced_by);
    sk_listing_time(run, "found", loss->found_us);
    sk_listing_time(run, "over", loss->over_us);
    cJSON_AddStringToObject(run, "late", sk_loss_late(engine, loss, listing->request->now->utc_us));
}
