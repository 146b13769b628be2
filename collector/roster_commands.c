/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change the roster. Each reads its arguments into one change and hands it to the engine, which numbers, records
 * and applies it. Names and printed numbers go into the vault first, under the version the change will have; a card number is
 * turned into its HMAC here and wiped. Dates are the site's: 'until' is the last day (まで), kept as the midnight that ends it.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/rights.h"
#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/base/log.h"

/* --- shared --- */

bool sk_roster_identifier(const struct sk_command_floor *floor, const char *card, struct sk_hash *ret_identifier)
{
    uint8_t bytes[SK_IDENTIFIER_MAX];
    const size_t digits = strlen(card);
    if (digits == 0 || digits % 2 != 0 || digits > 2 * sizeof bytes || !sk_hex_read(bytes, digits / 2, card))
        return false;
    const enum sk_err err = sk_hmac_sha256(floor->site_key, 32, bytes, digits / 2, ret_identifier);
    explicit_bzero(bytes, sizeof bytes);
    return err == SK_OK;
}

uint16_t sk_roster_zone(const struct sk_site *site, const char *id)
{
    const int32_t zone = sk_site_zone(site, id);
    return zone < 0 ? 0 : site->zones[zone].number;
}

bool sk_roster_is_somebody(struct request *request, const char *id)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    return sk_roster_person_index(roster, id) >= 0 || sk_vault_account_exists(request->floor->vault, id) ||
           strcmp(id, request->actor.id) == 0;
}

static struct sk_roster_view view_now(const struct request *request)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    return (struct sk_roster_view){roster, sk_roster_version(roster), SK_NEVER};
}

static enum sk_err explain(struct request *request, enum sk_err err, const struct sk_roster_change *change)
{
    static const struct {
        enum sk_err err;
        const char *text;
    } texts[] = {{SK_ERR_EXISTS, "was issued before; an identifier is never issued twice"},
                 {SK_ERR_NOT_FOUND, "refers to what is not on the roster"},
                 {SK_ERR_CONFLICT, "belongs to somebody else"}};
    char detail[160];
    const char *text = sk_err_text(err);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        text = texts[i].err == err ? texts[i].text : text;
    sk_text_format(detail, sizeof detail, "%s: %s", change->entity, text);
    return sk_request_refuse(request, err, detail);
}

struct sk_roster_act sk_roster_act_of(const struct request *request)
{
    const char *why = sk_json_text(sk_json_get(request->args, "reason"));
    return (struct sk_roster_act){.actor = request->actor.id,
                                  .address = request->actor.address,
                                  .reason = why != NULL ? why : request->reason,
                                  .command = request->command,
                                  .roles = request->actor.roles};
}

enum sk_err sk_roster_do(struct request *request, struct sk_roster_change *change)
{
    struct sk_command_floor *floor = request->floor;
    const struct sk_roster_act act = sk_roster_act_of(request);
    const enum sk_err err =
        sk_engine_roster_change(floor->engine, change, &act, request->now, sk_recorder_effects(floor->recorder));
    if (err != SK_OK)
        return explain(request, err, change);
    request->answer->durable = true;
    return SK_OK;
}

static enum sk_err sync_one(struct sk_command_floor *floor, const struct sk_now *now, struct sk_roster_change *change)
{
    static const struct sk_roster_act act = {.actor = "site", .command = "site.sync", .address = "", .reason = ""};
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    const struct sk_roster_change *there = sk_roster_get(&view, change->ev, change->entity);
    if (there != NULL && change->ev == SK_EV_SCHEDULE_PUT)
        return SK_OK;
    if (there != NULL && change->ev == SK_EV_CALENDAR_PUT && there->calendar.year == change->calendar.year &&
        there->calendar.count == change->calendar.count &&
        memcmp(there->calendar.days, change->calendar.days, sizeof change->calendar.days) == 0)
        return SK_OK;
    if (there != NULL && change->ev == SK_EV_ZONE_RULE) {
        if (there->zone.class_ == change->zone.class_)
            return SK_OK;
        const uint8_t class_ = change->zone.class_;
        change->zone = there->zone; /* the site file knows the class alone */
        change->zone.class_ = class_;
    }
    if (there != NULL && change->ev == SK_EV_WAY_RULE) {
        if (there->way.zone_a == change->way.zone_a && there->way.zone_b == change->way.zone_b)
            return SK_OK;
        change->way.walk_s = there->way.walk_s; /* the door stands elsewhere now; how long it takes a person said */
    }
    change->effective_us = there != NULL ? now->utc_us : 0;
    return sk_engine_roster_change(floor->engine, change, &act, now, sk_recorder_effects(floor->recorder));
}

bool sk_way_of_door(const struct sk_site *site, const struct sk_door_info *door, struct sk_roster_change *ret_change)
{
    enum { WALK_S = 3 }; /* ours: to be let in, open, pass and let it fall shut; low, so that nobody is accused who ran */
    if (door->zone_from < 0 || door->zone_to < 0 || door->zone_from == door->zone_to)
        return false;
    ret_change->way = (struct sk_way_rule){.zone_a = site->zones[door->zone_from].number,
                                           .zone_b = site->zones[door->zone_to].number,
                                           .door = door->number,
                                           .walk_s = WALK_S};
    sk_text_format(ret_change->entity, sizeof ret_change->entity, "way:%u", door->number);
    return ret_change->way.zone_a != 0 && ret_change->way.zone_b != 0;
}

enum sk_err sk_commands_sync_site(struct sk_command_floor *floor, const struct sk_now *now, bool force)
{
    const struct sk_site *site = floor->site;
    enum sk_err err = SK_OK;
    if (floor->site_synced || (!force && sk_roster_version(sk_engine_roster(floor->engine)) == 0))
        return SK_OK;
    for (size_t i = 0; err == SK_OK && i < site->zone_count; i++) {
        struct sk_roster_change change = {.ev = SK_EV_ZONE_RULE};
        change.zone = (struct sk_zone_rule){.zone = site->zones[i].number, .class_ = (uint8_t)site->zones[i].class_};
        sk_text_format(change.entity, sizeof change.entity, "zone:%u", site->zones[i].number);
        err = sync_one(floor, now, &change);
    }
    for (size_t i = 0; err == SK_OK && i < site->door_count; i++) {
        struct sk_roster_change change = {.ev = SK_EV_WAY_RULE};
        if (!sk_way_of_door(site, &site->doors[i], &change))
            continue;
        err = sync_one(floor, now, &change);
    }
    struct sk_roster_change always = {.ev = SK_EV_SCHEDULE_PUT, .entity = "always"};
    always.schedule = (struct sk_schedule){.count = 1, .ranges = {{SK_DAYS_ALL, 0, 1440}}};
    if (err == SK_OK)
        err = sync_one(floor, now, &always);
    for (int year = 2025; err == SK_OK && year < 2100; year++) {
        struct sk_roster_change change = {.ev = SK_EV_CALENDAR_PUT};
        if (!sk_calendar_jp(year, &change.calendar))
            break;
        sk_text_format(change.entity, sizeof change.entity, "year:%d", year);
        err = sync_one(floor, now, &change);
    }
    if (err != SK_OK)
        sk_log(SK_LOG_ERROR, "zones and calendars could not be put into the roster: %s", sk_err_text(err));
    floor->site_synced = err == SK_OK;
    return err;
}

enum sk_err sk_roster_ready(struct request *request)
{
    if (!sk_recorder_writable(request->floor->recorder))
        return sk_request_refuse(request, SK_ERR_FULL, "the log cannot be written now, so the roster cannot change");
    const enum sk_err err = sk_commands_sync_site(request->floor, request->now, true);
    return err == SK_OK ? err : sk_request_refuse(request, err, "zones and calendars could not be put into the roster");
}

/* --- arguments --- */

/* Dates 'from' and 'until'; missing ones leave what is there. False: refused. */
static bool read_validity(struct request *request, int64_t *from_us, int64_t *until_us)
{
    const char *from = sk_request_text(request, "from", false, 10);
    const char *until = from != NULL ? sk_request_text(request, "until", false, 10) : NULL;
    if (until == NULL)
        return false;
    if ((from[0] != '\0' && !sk_day_begin_us(request->floor->zone, from, from_us)) ||
        (until[0] != '\0' && !sk_day_end_us(request->floor->zone, until, until_us))) {
        sk_request_refuse(request, SK_ERR_PARSE, "'from' and 'until' are dates like 2026-11-20; until is the last day");
        return false;
    }
    if (*until_us > *from_us)
        return true;
    sk_request_refuse(request, SK_ERR_RANGE, "'until' lies before 'from'");
    return false;
}

/* From when the change counts: 'effective' (a date) or now. */
bool sk_roster_read_effective(struct request *request, struct sk_roster_change *change)
{
    const char *date = sk_request_text(request, "effective", false, 10);
    change->effective_us = request->now->utc_us;
    if (date == NULL)
        return false;
    if (date[0] == '\0' || sk_day_begin_us(request->floor->zone, date, &change->effective_us))
        return true;
    sk_request_refuse(request, SK_ERR_PARSE, "'effective' is a date like 2026-11-20");
    return false;
}

/* What stands now of the entity the argument names; NULL: refused. */
static const struct sk_roster_change *read_entity(struct request *request, const char *argument, uint16_t family)
{
    char detail[128];
    const struct sk_roster_view view = view_now(request);
    const char *id = sk_request_text(request, argument, true, SK_ENTITY_MAX - 1);
    const struct sk_roster_change *change = id != NULL ? sk_roster_get(&view, family, id) : NULL;
    if (id != NULL && change == NULL) {
        sk_text_format(detail, sizeof detail, "%s: there is no '%.48s' on the roster", argument, id);
        sk_request_refuse(request, SK_ERR_NOT_FOUND, detail);
    }
    return change;
}

/* What stands of it when a change begins to count: not what somebody else planned for later, which would begin too early by
 * being copied along. What begins only later is taken as it was entered. */
static const struct sk_roster_change *read_standing(struct request *request, const char *argument, uint16_t family,
                                                    int64_t effective_us)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const struct sk_roster_view then = {roster, sk_roster_version(roster), effective_us};
    const struct sk_roster_change *entered = read_entity(request, argument, family);
    const struct sk_roster_change *stands = entered != NULL ? sk_roster_get(&then, family, entered->entity) : NULL;
    return stands != NULL ? stands : entered;
}

const struct sk_roster_change *sk_roster_entity(struct request *request, const char *argument, uint16_t family)
{
    return read_entity(request, argument, family);
}

static bool read_label_text(struct request *request, const char *argument, bool required, char to[SK_LABEL_MAX])
{
    const char *text = sk_json_get(request->args, argument) == NULL && !required
                           ? to
                           : sk_request_text(request, argument, required, SK_LABEL_MAX - 1);
    if (text == NULL)
        return false;
    if (!sk_text_is_clean(text, strlen(text), false)) {
        sk_request_refuse(request, SK_ERR_PARSE, "names are one line of text without control characters");
        return false;
    }
    if (text != to)
        sk_text_copy(to, SK_LABEL_MAX, text);
    return true;
}

enum sk_err sk_roster_answer(struct request *request, const char *name, const char *id)
{
    sk_request_answer_id(request, name, id);
    sk_json_add_u64(request->answer->result, "roster_version", sk_roster_version(sk_engine_roster(request->floor->engine)));
    return SK_OK;
}

/* --- people --- */

/* 'chain': companies from the one under contract down to the one above his own; missing leaves what is there, [] clears. */
static bool read_chain(struct request *request, char to[SK_CHAIN_MAX])
{
    const cJSON *item, *list = sk_json_get(request->args, "chain");
    size_t used = 0;
    bool good = list == NULL || (cJSON_IsArray(list) && cJSON_GetArraySize(list) <= 8);
    if (good && list != NULL)
        to[0] = '\0';
    list = good ? list : NULL;
    cJSON_ArrayForEach(item, list)
    {
        const char *company = sk_json_text(item);
        good = good && company != NULL && company[0] != '\0' && strlen(company) < SK_LABEL_MAX &&
               sk_text_is_clean(company, strlen(company), false) && strchr(company, '>') == NULL &&
               sk_text_format(to + used, SK_CHAIN_MAX - used, "%s%s", used > 0 ? " > " : "", company);
        used = strlen(to);
    }
    if (!good)
        sk_request_refuse(request, SK_ERR_PARSE, "chain: expected at most 8 names of companies, without '>'");
    return good;
}

static bool read_label(struct request *request, struct sk_person_label *label, bool is_new)
{
    if (!read_label_text(request, "name", is_new, label->name) ||
        !read_label_text(request, "furigana", false, label->furigana) ||
        !read_label_text(request, "company", false, label->company) || !read_label_text(request, "ref", false, label->ref) ||
        !read_chain(request, label->chain))
        return false;
    char other[SK_ENTITY_MAX];
    if (label->ref[0] == '\0' ||
        sk_vault_person_by_ref(request->floor->vault, label->ref, sk_roster_version(sk_engine_roster(request->floor->engine)),
                               other) != SK_OK ||
        strcmp(other, label->id) == 0)
        return true;
    sk_request_refuse(request, SK_ERR_EXISTS, "ref: another person has this number");
    return false;
}

/* The label into the vault under the version to come, its commitment into the change, then the change. */
static enum sk_err put_person(struct request *request, struct sk_roster_change *change, struct sk_person_label *label)
{
    label->version = sk_roster_version(sk_engine_roster(request->floor->engine)) + 1;
    sk_text_copy(label->id, sizeof label->id, change->entity);
    enum sk_err err = sk_random(label->salt, sizeof label->salt);
    if (err == SK_OK)
        err = sk_person_label_commit(label, &change->person.label);
    if (err == SK_OK)
        err = sk_vault_person_put(request->floor->vault, label);
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the person's name could not be stored");
    err = sk_roster_do(request, change);
    return err == SK_OK ? sk_roster_answer(request, "person", change->entity) : err;
}

static bool read_kind(struct request *request, uint8_t *kind)
{
    const char *word = sk_request_text(request, "kind", *kind == 0, 32);
    if (word == NULL)
        return false;
    const int value = word[0] == '\0' ? *kind : sk_person_kind_parse(word);
    if (value <= 0) {
        sk_request_refuse(request, SK_ERR_PARSE, "kind: expected a word of schemas/vocab/person_kinds.def");
        return false;
    }
    *kind = (uint8_t)value;
    return true;
}

enum sk_err sk_run_person_create(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_PERSON_CREATED};
    struct sk_person_label label = {.version = 0};
    change.person.until_us = SK_NEVER;
    if (sk_roster_ready(request) != SK_OK || !read_kind(request, &change.person.kind) || !read_label(request, &label, true) ||
        !sk_roster_read_effective(request, &change) || !read_validity(request, &change.person.from_us, &change.person.until_us))
        return request->answer->err;
    if (sk_random(change.person.tag, sizeof change.person.tag) != SK_OK)
        return sk_request_refuse(request, SK_ERR_CRYPTO, "no random numbers");
    sk_roster_next_id(sk_engine_roster(request->floor->engine), 'p', change.entity);
    return put_person(request, &change, &label);
}

static enum sk_err change_person(struct request *request, uint16_t ev)
{
    struct sk_person_label label = {.version = 0};
    struct sk_roster_change change = {.ev = ev};
    if (sk_roster_ready(request) != SK_OK || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    const struct sk_roster_change *now = read_standing(request, "person", SK_EV_PERSON_CREATED, change.effective_us);
    if (now == NULL)
        return request->answer->err;
    change.person = now->person;
    sk_text_copy(change.entity, sizeof change.entity, now->entity);
    const enum sk_err known = sk_vault_person_get(request->floor->vault, change.entity, now->version, &label);
    if (known != SK_OK)
        return sk_request_refuse(request, known, "the person's name is no longer there");
    if (!read_kind(request, &change.person.kind) || !read_label(request, &label, false) ||
        !read_validity(request, &change.person.from_us, &change.person.until_us))
        return request->answer->err;
    return put_person(request, &change, &label);
}

enum sk_err sk_run_person_update(struct request *request)
{
    return change_person(request, SK_EV_PERSON_UPDATED);
}

enum sk_err sk_run_person_end(struct request *request)
{
    if (sk_request_text(request, "until", true, 10) == NULL)
        return request->answer->err;
    return change_person(request, SK_EV_PERSON_ENDED);
}

/* --- credentials --- */

/* A temporary card is lent for some days and no longer. */
static bool read_lending(struct request *request, struct sk_roster_change *change)
{
    const cJSON *temporary = sk_json_get(request->args, "temporary");
    change->credential.temporary = cJSON_IsTrue(temporary);
    if ((temporary == NULL || cJSON_IsBool(temporary)) &&
        (!change->credential.temporary || change->credential.until_us != SK_NEVER))
        return true;
    sk_request_refuse(request, SK_ERR_PARSE, "temporary: true or false; a temporary card wants 'until', its last day");
    return false;
}

/* 'replaces': the lost card of the same person that this one stands for. */
static bool read_replaced(struct request *request, const struct sk_roster_change *change, char replaced[SK_ENTITY_MAX])
{
    replaced[0] = '\0';
    if (sk_json_get(request->args, "replaces") == NULL)
        return true;
    const struct sk_roster_change *old = read_entity(request, "replaces", SK_EV_CREDENTIAL_ISSUED);
    if (old == NULL)
        return false;
    if (strcmp(old->credential.person, change->credential.person) == 0 &&
        (old->credential.state == SK_CRED_LOST || old->credential.state == SK_CRED_STOLEN)) {
        sk_text_copy(replaced, SK_ENTITY_MAX, old->entity);
        return true;
    }
    sk_request_refuse(request, SK_ERR_CONFLICT, "replaces: expected a lost credential of the same person");
    return false;
}

static enum sk_err note_replaced(struct request *request, const struct sk_roster_change *change, const char *replaced)
{
    struct sk_fact fact = {.ev = SK_EV_CARD_REPLACED};
    sk_text_copy(fact.entity, sizeof fact.entity, replaced);
    sk_text_copy(fact.object, sizeof fact.object, change->entity);
    sk_text_copy(fact.person, sizeof fact.person, change->credential.person);
    return sk_rights_do(request, &fact);
}

/* Nothing new for somebody who has left: first he is taken up again (person.update with another 'until'). */
static enum sk_err check_here(struct request *request, const struct sk_roster_change *person)
{
    char detail[128];
    if (request->now->utc_us < person->person.until_us)
        return SK_OK;
    sk_text_format(detail, sizeof detail, "person: '%s' has left; give him another 'until' first", person->entity);
    return sk_request_refuse(request, SK_ERR_CONFLICT, detail);
}

enum sk_err sk_run_credential_issue(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_CREDENTIAL_ISSUED};
    char printed[SK_LABEL_MAX] = "", replaced[SK_ENTITY_MAX];
    change.credential.until_us = SK_NEVER;
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const struct sk_roster_change *person = read_entity(request, "person", SK_EV_PERSON_CREATED);
    if (person != NULL && check_here(request, person) != SK_OK)
        return request->answer->err;
    const char *card = person != NULL ? sk_request_text(request, "card", true, (size_t)2 * SK_IDENTIFIER_MAX) : NULL;
    if (card == NULL || !read_label_text(request, "printed", false, printed) || !sk_roster_read_effective(request, &change) ||
        !read_validity(request, &change.credential.from_us, &change.credential.until_us))
        return request->answer->err;
    const bool good = sk_roster_identifier(request->floor, card, &change.credential.identifier);
    explicit_bzero(sk_json_get(request->args, "card")->valuestring, strlen(card));
    if (!good)
        return sk_request_refuse(request, SK_ERR_PARSE, "card: expected 1 to 64 bytes in hex");
    sk_text_copy(change.credential.person, SK_ENTITY_MAX, person->entity);
    sk_roster_next_id(sk_engine_roster(request->floor->engine), 'c', change.entity);
    enum sk_err err = sk_roster_check(sk_engine_roster(request->floor->engine), &change);
    if (err != SK_OK)
        return explain(request, err, &change);
    if (!read_lending(request, &change) || !read_replaced(request, &change, replaced))
        return request->answer->err;
    err = printed[0] != '\0' ? sk_vault_card_put(request->floor->vault, change.entity, printed) : SK_OK;
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the printed number could not be stored");
    err = sk_roster_do(request, &change);
    if (err == SK_OK && replaced[0] != '\0')
        err = note_replaced(request, &change, replaced);
    return err == SK_OK ? sk_roster_answer(request, "credential", change.entity) : err;
}

static bool is_still_lost(const struct request *request, const struct sk_roster_change *card)
{
    const struct sk_loss *loss = sk_loss_of(sk_engine_rights(request->floor->engine), card->entity);
    return (card->credential.state == SK_CRED_LOST || card->credential.state == SK_CRED_STOLEN) && loss != NULL &&
           loss->found_us == 0;
}

static enum sk_err change_credential(struct request *request, int state)
{
    struct sk_roster_change change = {.ev = SK_EV_CREDENTIAL_STATE};
    if (sk_roster_ready(request) != SK_OK || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    const struct sk_roster_change *now = read_standing(request, "credential", SK_EV_CREDENTIAL_ISSUED, change.effective_us);
    if (now == NULL)
        return request->answer->err;
    change.credential = now->credential;
    sk_text_copy(change.entity, sizeof change.entity, now->entity);
    if (now->credential.state == SK_CRED_RETURNED && state != SK_CRED_RETURNED)
        return sk_request_refuse(request, SK_ERR_CONFLICT, "a returned credential is over; issue another one");
    if (state == SK_CRED_ENABLED && is_still_lost(request, now))
        return sk_request_refuse(request, SK_ERR_CONFLICT, "this credential is lost; say credential.find when it was found");
    change.credential.state = (uint8_t)state;
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "credential", change.entity) : err;
}

/* What was said of the loss is a fact beside the change; it is checked before anything happens. */
enum sk_err sk_run_credential_lose(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_CARD_LOST};
    if (!sk_request_past(request, "noticed", &fact.noticed_us) || !sk_request_past(request, "told", &fact.told_us))
        return request->answer->err;
    fact.told_us = fact.told_us != 0 ? fact.told_us : request->now->utc_us;
    if (fact.noticed_us > fact.told_us)
        return sk_request_refuse(request, SK_ERR_RANGE, "noticed: lies after 'told'");
    const enum sk_err err =
        change_credential(request, cJSON_IsTrue(sk_json_get(request->args, "stolen")) ? SK_CRED_STOLEN : SK_CRED_LOST);
    if (err != SK_OK)
        return err;
    sk_text_copy(fact.entity, sizeof fact.entity, sk_json_text(sk_json_get(request->args, "credential")));
    return sk_rights_do(request, &fact);
}

/* Found again: it stays disabled until somebody enables it. */
enum sk_err sk_run_credential_find(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_CARD_FOUND};
    if (sk_roster_ready(request) != SK_OK || !sk_request_past(request, "found", &fact.found_us))
        return request->answer->err;
    const struct sk_roster_change *card = read_entity(request, "credential", SK_EV_CREDENTIAL_ISSUED);
    if (card == NULL)
        return request->answer->err;
    if (card->credential.state != SK_CRED_LOST && card->credential.state != SK_CRED_STOLEN)
        return sk_request_refuse(request, SK_ERR_CONFLICT, "this credential is not lost");
    fact.found_us = fact.found_us != 0 ? fact.found_us : request->now->utc_us;
    sk_text_copy(fact.entity, sizeof fact.entity, card->entity);
    sk_text_copy(fact.person, sizeof fact.person, card->credential.person);
    const enum sk_err err = sk_rights_do(request, &fact);
    return err == SK_OK ? sk_roster_answer(request, "credential", fact.entity) : err;
}

enum sk_err sk_run_credential_return(struct request *request)
{
    return change_credential(request, SK_CRED_RETURNED);
}

/* because: one of ONVIF's reasons, or "" to enable it again. */
enum sk_err sk_run_credential_disable(struct request *request)
{
    const char *word = sk_request_text(request, "because", false, 64);
    if (word == NULL)
        return request->answer->err;
    const int state = sk_disable_reason_parse(word);
    if (state < 0 || state == SK_CRED_RETURNED)
        return sk_request_refuse(request, SK_ERR_PARSE,
                                 "because: expected a word of schemas/vocab/disable_reasons.def, or \"\"");
    return change_credential(request, state);
}

/* --- authorisations --- */

static bool read_approval(struct request *request, struct sk_authorization *auth)
{
    const char *applicant = sk_request_text(request, "applicant", false, SK_WHO_MAX - 1);
    const char *approver = applicant != NULL ? sk_request_text(request, "approver", false, SK_WHO_MAX - 1) : NULL;
    const char *office = approver != NULL ? sk_request_text(request, "office", false, SK_WHO_MAX - 1) : NULL;
    if (office == NULL)
        return false;
    sk_text_copy(auth->applicant, sizeof auth->applicant, applicant[0] != '\0' ? applicant : request->actor.id);
    sk_text_copy(auth->approver, sizeof auth->approver, approver[0] != '\0' ? approver : request->actor.id);
    sk_text_copy(auth->office, sizeof auth->office, office);
    auth->approved_us = request->now->utc_us;
    if (!sk_roster_is_somebody(request, auth->applicant) || !sk_roster_is_somebody(request, auth->approver)) {
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "applicant and approver are accounts or persons of the roster");
        return false;
    }
    if (sk_request_same_person(request, auth->applicant, auth->approver) ||
        sk_request_same_person(request, auth->approver, auth->person)) {
        sk_request_refuse(request, SK_ERR_CONFLICT, "the approver must be another person than applicant and holder");
        return false;
    }
    return true;
}

const char *sk_roster_class_3_lacks(const struct request *request, uint16_t zone, int64_t until_us)
{
    const struct sk_site *site = request->floor->site;
    const char *office = sk_json_text(sk_json_get(request->args, "office"));
    bool guarded = false;
    for (size_t i = 0; i < site->zone_count; i++)
        guarded |= site->zones[i].number == zone && site->zones[i].class_ >= 3;
    if (!guarded)
        return NULL;
    return until_us == SK_NEVER                          ? "until"
           : office == NULL || office[0] == '\0'         ? "office"
           : sk_roster_act_of(request).reason[0] == '\0' ? "reason"
                                                         : NULL;
}

/* The register of class 3 holds a period, the office of who approved, and why. */
static enum sk_err check_class_3(struct request *request, const struct sk_authorization *auth)
{
    char detail[96];
    const char *missing = sk_roster_class_3_lacks(request, auth->zone, auth->until_us);
    if (missing == NULL)
        return SK_OK;
    sk_text_format(detail, sizeof detail, "%s: must be given for a zone of class 3", missing);
    return sk_request_refuse(request, SK_ERR_PARSE, detail);
}

enum sk_err sk_run_authorization_grant(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_AUTH_GRANTED};
    struct sk_authorization *auth = &change.authorization;
    auth->until_us = SK_NEVER;
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const struct sk_roster_change *person = read_entity(request, "person", SK_EV_PERSON_CREATED);
    if (person != NULL && check_here(request, person) != SK_OK)
        return request->answer->err;
    const char *zone = person != NULL ? sk_request_text(request, "zone", true, 64) : NULL;
    if (zone == NULL || read_entity(request, "schedule", SK_EV_SCHEDULE_PUT) == NULL ||
        !sk_roster_read_effective(request, &change) || !read_validity(request, &auth->from_us, &auth->until_us))
        return request->answer->err;
    auth->zone = sk_roster_zone(request->floor->site, zone);
    if (auth->zone == 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "zone: the site has none of that id");
    sk_text_copy(auth->person, sizeof auth->person, person->entity);
    sk_text_copy(auth->schedule, sizeof auth->schedule, sk_json_text(sk_json_get(request->args, "schedule")));
    if (!read_approval(request, auth) || check_class_3(request, auth) != SK_OK)
        return request->answer->err;
    sk_roster_next_id(sk_engine_roster(request->floor->engine), 'a', change.entity);
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "authorization", change.entity) : err;
}

enum sk_err sk_run_authorization_revoke(struct request *request)
{
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const struct sk_roster_change *now = read_entity(request, "authorization", SK_EV_AUTH_GRANTED);
    if (now == NULL)
        return request->answer->err;
    struct sk_roster_change change = *now;
    change.ev = SK_EV_AUTH_REVOKED;
    if (!sk_roster_read_effective(request, &change))
        return request->answer->err;
    if (change.authorization.until_us > change.effective_us)
        change.authorization.until_us = change.effective_us;
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "authorization", change.entity) : err;
}

/* --- schedules and rules --- */

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"};

static bool read_days(const cJSON *list, uint16_t *ret_days)
{
    const cJSON *item;
    unsigned days = 0;
    cJSON_ArrayForEach(item, list)
    {
        unsigned bit = 0;
        for (unsigned i = 0; i < sizeof day_words / sizeof *day_words; i++)
            if (cJSON_IsString(item) && strcmp(item->valuestring, day_words[i]) == 0)
                bit = 1u << i;
        if (bit == 0)
            return false;
        days |= bit;
    }
    *ret_days = (uint16_t)days;
    return cJSON_IsArray(list) && days != 0;
}

static bool read_minute(const cJSON *item, uint16_t *ret_minute)
{
    const char *text = sk_json_text(item);
    if (text == NULL || strlen(text) != 5 || text[2] != ':')
        return false;
    for (size_t i = 0; i < 5; i++)
        if (i != 2 && (text[i] < '0' || text[i] > '9'))
            return false;
    const int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    *ret_minute = (uint16_t)(hour * 60 + minute);
    return minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
}

static bool read_ranges(const cJSON *list, struct sk_schedule *schedule)
{
    const cJSON *item;
    schedule->count = 0;
    cJSON_ArrayForEach(item, list)
    {
        uint16_t days, from, to;
        if (schedule->count == SK_RANGES_MAX || !read_days(sk_json_get(item, "days"), &days) ||
            !read_minute(sk_json_get(item, "from"), &from) || !read_minute(sk_json_get(item, "to"), &to) || from >= to)
            return false;
        schedule->ranges[schedule->count].days = days;
        schedule->ranges[schedule->count].from_min = from;
        schedule->ranges[schedule->count++].to_min = to;
    }
    return cJSON_IsArray(list) && schedule->count > 0;
}

static bool is_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

enum sk_err sk_run_schedule_put(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_SCHEDULE_PUT};
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const char *id = sk_request_text(request, "schedule", true, 32);
    if (id == NULL || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    if (!is_word(id) || strcmp(id, "always") == 0)
        return sk_request_refuse(request, SK_ERR_PARSE, "schedule: small letters, digits, - and _; 'always' is fixed");
    if (!read_ranges(sk_json_get(request->args, "ranges"), &change.schedule))
        return sk_request_refuse(
            request, SK_ERR_PARSE,
            "ranges: expected 1 to 32 of {\"days\":[\"mon\",..,\"holiday\"],\"from\":\"08:00\",\"to\":\"24:00\"}");
    sk_text_copy(change.entity, sizeof change.entity, id);
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "schedule", change.entity) : err;
}

enum sk_err sk_run_door_rule(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_DOOR_RULE};
    const cJSON *item;
    unsigned factors = 0;
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const char *door = sk_request_text(request, "door", true, 64);
    const char *direction = door != NULL ? sk_request_text(request, "direction", true, 8) : NULL;
    if (direction == NULL || read_entity(request, "schedule", SK_EV_SCHEDULE_PUT) == NULL ||
        !sk_roster_read_effective(request, &change))
        return request->answer->err;
    cJSON_ArrayForEach(item, sk_json_get(request->args, "factors"))
    {
        const int factor = cJSON_IsString(item) ? sk_factor_parse(item->valuestring) : -1;
        if (factor < 0)
            return sk_request_refuse(request, SK_ERR_PARSE, "factors: expected words of schemas/vocab/factors.def");
        factors |= 1u << factor;
    }
    const int32_t index = sk_site_door(request->floor->site, door);
    const bool entry = strcmp(direction, "entry") == 0;
    if (index < 0 || (!entry && strcmp(direction, "exit") != 0))
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "door: one of the site; direction: entry or exit");
    change.door.door = request->floor->site->doors[index].number;
    change.door.entry = entry;
    change.door.factors = (uint16_t)factors;
    sk_text_copy(change.door.schedule, SK_ENTITY_MAX, sk_json_text(sk_json_get(request->args, "schedule")));
    sk_text_format(change.entity, sizeof change.entity, "door:%u:%s:%s", change.door.door, entry ? "in" : "out",
                   change.door.schedule);
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "rule", change.entity) : err;
}
