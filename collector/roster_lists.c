/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the roster: lists in pages, one by id, at a moment. Names come from the vault, for roles that may
 * read people (the table has checked). 'at' is a time; without it people and cards are as they stand now, rights, schedules and
 * rules as they were entered, also what begins or ends later. */
#include <string.h>

#include "collector/listing.h"
#include "schemas/base/json.h"

/* --- one row --- */

static void add_chain(cJSON *item, const char *chain)
{
    cJSON *list = cJSON_AddArrayToObject(item, "chain");
    for (const char *at = chain, *end; *at != '\0'; at = *end != '\0' ? end + 3 : end) {
        char company[SK_LABEL_MAX];
        end = strstr(at, " > ");
        end = end != NULL ? end : at + strlen(at);
        sk_text_format(company, sizeof company, "%.*s", (int)(end - at), at);
        cJSON_AddItemToArray(list, cJSON_CreateString(company));
    }
}

static cJSON *show_person(const struct listing *listing, const struct sk_roster_change *change)
{
    struct sk_person_label label;
    const struct sk_person *person = &change->person;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "person", change->entity);
    if (sk_vault_person_get(listing->request->floor->vault, change->entity, change->version, &label) == SK_OK) {
        cJSON_AddStringToObject(item, "name", label.name);
        cJSON_AddStringToObject(item, "furigana", label.furigana);
        cJSON_AddStringToObject(item, "company", label.company);
        cJSON_AddStringToObject(item, "ref", label.ref);
        add_chain(item, label.chain);
    }
    cJSON_AddStringToObject(item, "kind", sk_person_kind_name(person->kind));
    sk_json_add_hex(item, "tag", person->tag, sizeof person->tag);
    sk_listing_dates(listing, item, person->from_us, person->until_us);
    sk_listing_biometrics(listing, item, change->entity);
    return item;
}

static cJSON *show_credential(const struct listing *listing, const struct sk_roster_change *change)
{
    char printed[SK_LABEL_MAX];
    const struct sk_credential *credential = &change->credential;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "credential", change->entity);
    cJSON_AddStringToObject(item, "person", credential->person);
    if (sk_vault_card_get(listing->request->floor->vault, change->entity, printed) == SK_OK)
        cJSON_AddStringToObject(item, "printed", printed);
    cJSON_AddBoolToObject(item, "enabled", credential->state == SK_CRED_ENABLED);
    cJSON_AddStringToObject(item, "because", sk_disable_reason_name(credential->state));
    cJSON_AddBoolToObject(item, "temporary", credential->temporary);
    sk_listing_run(listing, item, change->entity);
    sk_listing_dates(listing, item, credential->from_us, credential->until_us);
    return item;
}

static cJSON *show_authorization(const struct listing *listing, const struct sk_roster_change *change)
{
    const struct sk_authorization *auth = &change->authorization;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "authorization", change->entity);
    cJSON_AddStringToObject(item, "person", auth->person);
    cJSON_AddStringToObject(item, "zone", sk_listing_zone(listing->request->floor->site, auth->zone));
    cJSON_AddStringToObject(item, "schedule", auth->schedule);
    sk_listing_hours(listing, item, auth->schedule);
    cJSON_AddStringToObject(item, "applicant", auth->applicant);
    cJSON_AddStringToObject(item, "approver", auth->approver);
    cJSON_AddStringToObject(item, "office", auth->office);
    sk_json_add_time(item, "approved", auth->approved_us);
    sk_listing_dates(listing, item, auth->from_us, auth->until_us);
    sk_listing_time(item, "ends", auth->until_us); /* a revoked right ends within its last day */
    return item;
}

/* --- lists --- */

/* Right and holder in force at the moment asked for; whether its hours let him in stands in the row, cards are the passage's
 * matter. */
static bool could_enter(const struct sk_roster_view *view, const struct sk_authorization *auth)
{
    const struct sk_roster_change *holder = sk_roster_get(view, SK_EV_PERSON_CREATED, auth->person);
    return view->at_us >= auth->from_us && view->at_us < auth->until_us && holder != NULL &&
           view->at_us >= holder->person.from_us && view->at_us < holder->person.until_us;
}

/* 'because': a reason why cards are disabled; without it all are wanted. */
static bool is_disabled_so(const struct listing *listing, const struct sk_credential *credential)
{
    const char *because = sk_json_text(sk_json_get(listing->request->args, "because"));
    return because == NULL ||
           (credential->state != SK_CRED_ENABLED && strcmp(sk_disable_reason_name(credential->state), because) == 0);
}

static bool is_wanted(const struct listing *listing, const struct sk_roster_change *change)
{
    const struct sk_site *site = listing->request->floor->site;
    if (sk_roster_family(change->ev) == SK_EV_CREDENTIAL_ISSUED)
        return (listing->person[0] == '\0' || strcmp(change->credential.person, listing->person) == 0) &&
               is_disabled_so(listing, &change->credential);
    if (sk_roster_family(change->ev) != SK_EV_AUTH_GRANTED)
        return true;
    const struct sk_authorization *auth = &change->authorization;
    if (listing->view.at_us != SK_NEVER && !could_enter(&listing->view, auth))
        return false;
    return (listing->person[0] == '\0' || strcmp(auth->person, listing->person) == 0) &&
           (listing->zone[0] == '\0' || strcmp(sk_listing_zone(site, auth->zone), listing->zone) == 0);
}

static const struct sk_roster_change *standing(const struct listing *listing, uint16_t family, const char *id)
{
    return family == SK_EV_PERSON_CREATED || family == SK_EV_CREDENTIAL_ISSUED ? sk_listing_standing(listing, family, id)
                                                                               : sk_roster_get(&listing->view, family, id);
}

typedef cJSON *show_row(const struct listing *listing, const struct sk_roster_change *change);

static enum sk_err list(struct request *request, uint16_t family, show_row *show)
{
    struct listing listing;
    const char *id;
    uint64_t next = 0;
    if (!sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    for (size_t i = (size_t)listing.cursor; (id = sk_roster_entity_at(listing.view.roster, family, i)) != NULL; i++) {
        const struct sk_roster_change *change = standing(&listing, family, id);
        if (change == NULL || !is_wanted(&listing, change))
            continue;
        if (listing.limit-- == 0) {
            next = i;
            break;
        }
        cJSON_AddItemToArray(listing.items, show(&listing, change));
    }
    return sk_listing_finish(&listing, next);
}

static enum sk_err get(struct request *request, const char *argument, uint16_t family, show_row *show)
{
    struct listing listing;
    const char *id = sk_request_text(request, argument, true, SK_ENTITY_MAX - 1);
    if (id == NULL || !sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    cJSON_Delete(listing.items);
    const struct sk_roster_change *change = standing(&listing, family, id);
    if (change == NULL)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "there is nothing of that id on the roster");
    request->answer->result = show(&listing, change);
    return request->answer->result != NULL ? SK_OK : SK_ERR_NOMEM;
}

enum sk_err sk_run_person_list(struct request *request)
{
    return list(request, SK_EV_PERSON_CREATED, show_person);
}
enum sk_err sk_run_person_get(struct request *request)
{
    return get(request, "person", SK_EV_PERSON_CREATED, show_person);
}
enum sk_err sk_run_credential_list(struct request *request)
{
    const char *because = sk_request_text(request, "because", false, 64);
    if (because == NULL)
        return request->answer->err;
    if (because[0] != '\0' && sk_disable_reason_parse(because) < 0)
        return sk_request_refuse(request, SK_ERR_PARSE, "because: a word of disable_reasons.def, like pt:CredentialLost");
    return list(request, SK_EV_CREDENTIAL_ISSUED, show_credential);
}
enum sk_err sk_run_credential_get(struct request *request)
{
    return get(request, "credential", SK_EV_CREDENTIAL_ISSUED, show_credential);
}
enum sk_err sk_run_authorization_list(struct request *request)
{
    return list(request, SK_EV_AUTH_GRANTED, show_authorization);
}
enum sk_err sk_run_authorization_get(struct request *request)
{
    return get(request, "authorization", SK_EV_AUTH_GRANTED, show_authorization);
}

/* --- schedules and rules --- */

static void add_minute(cJSON *object, const char *name, unsigned minute)
{
    char text[16];
    sk_text_format(text, sizeof text, "%02u:%02u", minute / 60, minute % 60);
    cJSON_AddStringToObject(object, name, text);
}

static cJSON *show_schedule(const struct listing *listing, const struct sk_roster_change *change)
{
    static const char *const words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"};
    cJSON *item = cJSON_CreateObject();
    (void)listing;
    cJSON_AddStringToObject(item, "schedule", change->entity);
    cJSON *ranges = cJSON_AddArrayToObject(item, "ranges");
    for (size_t i = 0; ranges != NULL && i < change->schedule.count; i++) {
        cJSON *range = cJSON_CreateObject(), *days = cJSON_AddArrayToObject(range, "days");
        for (unsigned day = 0; day < sizeof words / sizeof *words; day++)
            if ((change->schedule.ranges[i].days >> day & 1u) != 0)
                cJSON_AddItemToArray(days, cJSON_CreateString(words[day]));
        add_minute(range, "from", change->schedule.ranges[i].from_min);
        add_minute(range, "to", change->schedule.ranges[i].to_min);
        cJSON_AddItemToArray(ranges, range);
    }
    sk_json_add_time(item, "effective", change->effective_us);
    return item;
}

static void show_factors(cJSON *item, unsigned factors)
{
    cJSON *list = cJSON_AddArrayToObject(item, "factors");
    for (int i = 0; list != NULL && i < 16; i++)
        if ((factors >> i & 1u) != 0 && sk_factor_name(i) != NULL)
            cJSON_AddItemToArray(list, cJSON_CreateString(sk_factor_name(i)));
}

/* As the command takes it. */
static void show_zone_rule(const struct sk_site *site, const struct sk_zone_rule *rule, cJSON *item)
{
    static const char *const words[] = {"none", "soft", "hard", "timed"}, *const papers[] = {"listed", "required", "none"};
    cJSON_AddStringToObject(item, "zone", sk_listing_zone(site, rule->zone));
    cJSON_AddNumberToObject(item, "class", rule->class_);
    cJSON_AddStringToObject(item, "passback", rule->passback < 4 ? words[rule->passback] : "");
    cJSON_AddNumberToObject(item, "passback_s", rule->passback_s);
    cJSON_AddNumberToObject(item, "people_min", rule->people_min);
    cJSON_AddNumberToObject(item, "together_s", rule->together_s);
    cJSON_AddNumberToObject(item, "occupancy_min", rule->occ_min);
    cJSON_AddNumberToObject(item, "occupancy_max", rule->occ_max);
    cJSON_AddStringToObject(item, "papers", rule->papers < 3 ? papers[rule->papers] : "");
}

static void show_way(const struct sk_site *site, const struct sk_way_rule *way, cJSON *item)
{
    if (way->door != 0)
        cJSON_AddStringToObject(item, "door", sk_listing_door(site, way->door));
    cJSON_AddStringToObject(item, "from", sk_listing_zone(site, way->zone_a));
    cJSON_AddStringToObject(item, "to", sk_listing_zone(site, way->zone_b));
    cJSON_AddNumberToObject(item, "walk_s", way->walk_s);
}

static cJSON *show_rule(const struct listing *listing, const struct sk_roster_change *change)
{
    const struct sk_site *site = listing->request->floor->site;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "rule", change->entity);
    if (change->ev == SK_EV_ZONE_RULE) {
        show_zone_rule(site, &change->zone, item);
    } else if (change->ev == SK_EV_WAY_RULE) {
        show_way(site, &change->way, item);
    } else {
        cJSON_AddStringToObject(item, "door", sk_listing_door(site, change->door.door));
        cJSON_AddStringToObject(item, "direction", change->door.entry ? "entry" : "exit");
        cJSON_AddStringToObject(item, "schedule", change->door.schedule);
        show_factors(item, change->door.factors);
    }
    sk_json_add_time(item, "effective", change->effective_us);
    return item;
}

enum sk_err sk_run_schedule_list(struct request *request)
{
    return list(request, SK_EV_SCHEDULE_PUT, show_schedule);
}

/* Zones first, then doors, then ways: the cursor counts through all. NULL: beyond the last. */
static const struct sk_roster_change *rule_at(const struct sk_roster_view *view, size_t index, bool *ret_end)
{
    static const uint16_t families[] = {SK_EV_ZONE_RULE, SK_EV_DOOR_RULE, SK_EV_WAY_RULE};
    *ret_end = false;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const size_t count = sk_roster_count(view->roster, families[i]);
        if (index < count)
            return sk_roster_get(view, families[i], sk_roster_entity_at(view->roster, families[i], index));
        index -= count;
    }
    *ret_end = true;
    return NULL;
}

enum sk_err sk_run_rule_list(struct request *request)
{
    struct listing listing;
    bool end = false;
    uint64_t next = 0;
    if (!sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    for (size_t i = (size_t)listing.cursor; !end && next == 0; i++) {
        const struct sk_roster_change *change = rule_at(&listing.view, i, &end); /* NULL also: none stood at that moment */
        if (change != NULL && listing.limit-- == 0)
            next = i;
        else if (change != NULL)
            cJSON_AddItemToArray(listing.items, show_rule(&listing, change));
    }
    return sk_listing_finish(&listing, next);
}
