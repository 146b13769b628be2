/* SPDX-License-Identifier: Apache-2.0 */
/* Plain lines without quotes, columns as roster.csv has them; of roster.json the three commands that it uses. What the
 * collector checks of an import is not checked here: another test holds those files against the collector. */
#include "tests/direct/demo_roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/json.h"

enum { LINE_MAX_BYTES = 1024, COLUMNS = 11 };

struct load {
    const struct sk_site *site;
    const struct sk_zone *zone;
    struct sk_engine *engine;
    const struct sk_now *now;
    struct sk_effects *effects;
};

bool demo_card_hmac(const uint8_t *card, size_t length, struct sk_hash *ret_hash)
{
    static const uint8_t key[32] = {0};
    return sk_hmac_sha256(key, sizeof key, card, length, ret_hash) == SK_OK;
}

static enum sk_err put(const struct load *load, struct sk_roster_change *change)
{
    static const struct sk_roster_act act = {"site", "", "", "roster.import", 0};
    return sk_engine_roster_change(load->engine, change, &act, load->now, load->effects);
}

static enum sk_err put_rules(const struct load *load)
{
    enum sk_err err = SK_OK;
    struct sk_roster_change always = {.ev = SK_EV_SCHEDULE_PUT, .entity = "always"};
    always.schedule = (struct sk_schedule){.count = 1, .ranges = {{SK_DAYS_ALL, 0, 1440}}};
    for (size_t i = 0; err == SK_OK && i < load->site->zone_count; i++) {
        const struct sk_zone_info *zone = &load->site->zones[i];
        struct sk_roster_change change = {.ev = SK_EV_ZONE_RULE};
        change.zone = (struct sk_zone_rule){.zone = zone->number, .class_ = (uint8_t)zone->class_};
        sk_text_format(change.entity, sizeof change.entity, "zone:%u", zone->number);
        err = put(load, &change);
    }
    return err == SK_OK ? put(load, &always) : err;
}

static enum sk_err put_rights(const struct load *load, const struct sk_roster_change *person, char *zones)
{
    enum sk_err err = SK_OK;
    for (char *word; err == SK_OK && (word = strsep(&zones, ";")) != NULL;) {
        const int32_t zone = sk_site_zone(load->site, word);
        struct sk_roster_change change = {.ev = SK_EV_AUTH_GRANTED};
        if (zone < 0) {
            return SK_ERR_NOT_FOUND;
        }
        change.authorization = (struct sk_authorization){.zone = load->site->zones[zone].number,
                                                         .schedule = "always",
                                                         .from_us = person->person.from_us,
                                                         .until_us = person->person.until_us,
                                                         .applicant = "demo",
                                                         .approver = "approver"};
        sk_text_copy(change.authorization.person, SK_ENTITY_MAX, person->entity);
        sk_roster_next_id(sk_engine_roster(load->engine), 'a', change.entity);
        err = put(load, &change);
    }
    return err;
}

static enum sk_err put_line(const struct load *load, char *line)
{
    char *fields[COLUMNS] = {0};
    uint8_t card[SK_IDENTIFIER_MAX];
    for (size_t i = 0; i < COLUMNS; i++) {
        fields[i] = strsep(&line, ",\n");
        if (fields[i] == NULL) {
            return SK_ERR_PARSE;
        }
    }
    struct sk_roster_change person = {.ev = SK_EV_PERSON_CREATED}, credential = {.ev = SK_EV_CREDENTIAL_ISSUED};
    const int kind = sk_person_kind_parse(fields[3]);
    const size_t length = strlen(fields[7]) / 2;
    sk_roster_next_id(sk_engine_roster(load->engine), 'p', person.entity);
    sk_roster_next_id(sk_engine_roster(load->engine), 'c', credential.entity);
    person.person.kind = (uint8_t)kind;
    memcpy(person.person.tag, person.entity, sizeof person.person.tag);
    if (kind <= 0 || !sk_day_begin_us(load->zone, fields[5], &person.person.from_us) ||
        !sk_day_end_us(load->zone, fields[6], &person.person.until_us) || length > sizeof card ||
        !sk_hex_read(card, length, fields[7]) || !demo_card_hmac(card, length, &credential.credential.identifier)) {
        return SK_ERR_PARSE;
    }
    sk_text_copy(credential.credential.person, SK_ENTITY_MAX, person.entity);
    credential.credential.from_us = person.person.from_us;
    credential.credential.until_us = person.person.until_us;
    enum sk_err err = put(load, &person);
    if (err == SK_OK) {
        err = put(load, &credential);
    }
    return err == SK_OK ? put_rights(load, &person, fields[9]) : err;
}

static enum sk_err put_command(const struct load *load, const cJSON *row)
{
    const cJSON *args = sk_json_get(row, "args"), *item;
    const char *name = sk_json_text(sk_json_get(row, "cmd")), *id;
    struct sk_roster_change change = {0};
    const struct sk_roster *roster = sk_engine_roster(load->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    if (strcmp(name, "credential.lose") == 0) {
        id = sk_json_text(sk_json_get(args, "credential"));
        change = *sk_roster_get(&view, SK_EV_CREDENTIAL_ISSUED, id);
        change.ev = SK_EV_CREDENTIAL_STATE;
        change.credential.state = SK_CRED_LOST;
    } else if (strcmp(name, "zone.rule") == 0) {
        const struct sk_zone_info *zone = &load->site->zones[sk_site_zone(load->site, sk_json_text(sk_json_get(args, "zone")))];
        change.ev = SK_EV_ZONE_RULE;
        change.zone =
            (struct sk_zone_rule){.zone = zone->number, .class_ = (uint8_t)zone->class_, .passback = SK_PASSBACK_HARD};
        sk_text_format(change.entity, sizeof change.entity, "zone:%u", zone->number);
    } else {
        const struct sk_door_info *door = &load->site->doors[sk_site_door(load->site, sk_json_text(sk_json_get(args, "door")))];
        change.ev = SK_EV_DOOR_RULE;
        change.door = (struct sk_door_rule){.door = door->number, .entry = true, .schedule = "always"};
        cJSON_ArrayForEach(item, sk_json_get(args, "factors"))
        {
            change.door.factors = (uint16_t)(change.door.factors | 1u << sk_factor_parse(item->valuestring));
        }
        sk_text_format(change.entity, sizeof change.entity, "door:%u:in:always", door->number);
    }
    return put(load, &change);
}

static enum sk_err put_people(const struct load *load, const char *path, struct sk_fault *fault)
{
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "re");
    enum sk_err err = file != NULL && fgets(line, sizeof line, file) != NULL ? SK_OK : SK_ERR_IO;
    while (err == SK_OK && fgets(line, sizeof line, file) != NULL) {
        err = put_line(load, line);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return err == SK_OK ? err : sk_fault_set(fault, err, "%s: %s", path, sk_err_text(err));
}

enum sk_err demo_roster_load(const char *template_path, const struct sk_site *site, const struct sk_zone *zone,
                             struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects,
                             struct sk_fault *fault)
{
    const struct load load = {site, zone, engine, now, effects};
    const char *slash = strrchr(template_path, '/');
    const int length = slash != NULL ? (int)(slash - template_path) : 0;
    char path[4096];
    cJSON *rows = NULL;
    const cJSON *row;
    enum sk_err err = put_rules(&load);
    sk_text_format(path, sizeof path, "%.*s/roster.csv", length, template_path);
    if (err == SK_OK) {
        err = put_people(&load, path, fault);
    }
    sk_text_format(path, sizeof path, "%.*s/roster.json", length, template_path);
    if (err == SK_OK) {
        err = sk_json_parse_file(path, &SK_JSON_FILE, &rows, fault);
    }
    cJSON_ArrayForEach(row, rows)
    {
        err = err == SK_OK ? put_command(&load, row) : err;
    }
    cJSON_Delete(rows);
    return err;
}
