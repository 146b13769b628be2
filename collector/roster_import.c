/* SPDX-License-Identifier: Apache-2.0 */
/* Import of people from CSV: everything is checked before anything is stored, and every bad row is named with its field;
 * what fails while it is stored is taken back, so that a file is on the roster whole or not at all.
 *
 * Columns (first line, any order, ref name kind required): ref name furigana kind company from until card printed zones
 * schedule. zones is a list parted by ';'; each becomes an authorisation under the approver and office of the command. RFC 4180
 * quoting. */
#include <stdlib.h>
#include <string.h>

#include "collector/import_report.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { ROWS_MAX = 5000, ZONES_MAX = 16 };

enum column { C_REF, C_NAME, C_FURIGANA, C_KIND, C_COMPANY, C_FROM, C_UNTIL, C_CARD, C_PRINTED, C_ZONES, C_SCHEDULE, COLUMNS };
static const char *const column_names[COLUMNS] = {"ref",   "name", "furigana", "kind",  "company", "from",
                                                  "until", "card", "printed",  "zones", "schedule"};

struct entry {
    unsigned line;
    char *fields[COLUMNS]; /* into the text; "" when missing */
    uint8_t kind;
    int64_t from_us, until_us;
    bool has_card;
    struct sk_hash identifier;
    uint16_t zones[ZONES_MAX];
    size_t zone_count;
};

struct import {
    struct request *request;
    struct entry *entries;
    size_t count;
    struct sk_import_report report;
};

/* --- rows --- */

enum { FIELDS_MAX = COLUMNS + 8 };

static bool read_head(struct import *import, struct sk_csv *csv, int columns[FIELDS_MAX], size_t *ret_count)
{
    char *fields[FIELDS_MAX];
    if (!sk_import_first_line(&import->report, csv, fields, FIELDS_MAX, ret_count, "the first line must name the columns"))
        return false;
    for (size_t column = 0; column < *ret_count; column++) {
        columns[column] = sk_import_column(column_names, COLUMNS, fields[column]);
        if (columns[column] < 0)
            sk_import_complain(&import->report, 1, fields[column], "unknown column");
    }
    return true;
}

static void read_rows(struct import *import, char *text)
{
    static char nothing[] = "";
    struct sk_csv csv;
    int columns[FIELDS_MAX];
    char *fields[FIELDS_MAX];
    size_t column_count, count;
    unsigned line;
    sk_csv_init(&csv, text);
    if (!read_head(import, &csv, columns, &column_count))
        return;
    while (sk_csv_row(&csv, fields, FIELDS_MAX, &count, &line)) {
        if (import->count == ROWS_MAX) {
            sk_import_complain(&import->report, line, "", "more than 5000 rows; import in parts");
            return;
        }
        struct entry *entry = &import->entries[import->count++];
        *entry = (struct entry){.line = line};
        for (int i = 0; i < COLUMNS; i++)
            entry->fields[i] = nothing;
        for (size_t column = 0; column < count && column < column_count; column++)
            if (columns[column] >= 0)
                entry->fields[columns[column]] = fields[column];
        if (count != column_count)
            sk_import_complain(&import->report, line, "", "has another number of fields than the first line");
    }
    if (csv.bad)
        sk_import_complain(&import->report, line, "", "quotes do not match");
}

/* --- checks --- */

static void check_texts(struct import *import, const struct entry *entry)
{
    static const enum column texts[] = {C_REF, C_NAME, C_FURIGANA, C_COMPANY, C_PRINTED};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = entry->fields[texts[i]];
        if (strlen(text) >= SK_LABEL_MAX || !sk_text_is_clean(text, strlen(text), false))
            sk_import_complain(&import->report, entry->line, column_names[texts[i]], "at most 127 bytes of text on one line");
    }
    if (entry->fields[C_NAME][0] == '\0')
        sk_import_complain(&import->report, entry->line, "name", "missing");
    if (entry->fields[C_REF][0] == '\0')
        sk_import_complain(&import->report, entry->line, "ref", "missing");
}

static void check_dates(struct import *import, struct entry *entry)
{
    const struct sk_zone *zone = import->request->floor->zone;
    entry->until_us = SK_NEVER;
    if (entry->fields[C_FROM][0] != '\0' && !sk_day_begin_us(zone, entry->fields[C_FROM], &entry->from_us))
        sk_import_complain(&import->report, entry->line, "from", "expected a date like 2026-11-20");
    if (entry->fields[C_UNTIL][0] != '\0' && !sk_day_end_us(zone, entry->fields[C_UNTIL], &entry->until_us))
        sk_import_complain(&import->report, entry->line, "until", "expected a date like 2026-11-20");
    else if (entry->until_us <= entry->from_us)
        sk_import_complain(&import->report, entry->line, "until", "lies before 'from'");
}

static void check_card(struct import *import, struct entry *entry)
{
    const struct sk_roster *roster = sk_engine_roster(import->request->floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    if (entry->fields[C_CARD][0] == '\0')
        return;
    entry->has_card = sk_roster_identifier(import->request->floor, entry->fields[C_CARD], &entry->identifier);
    explicit_bzero(entry->fields[C_CARD], strlen(entry->fields[C_CARD]));
    if (!entry->has_card)
        sk_import_complain(&import->report, entry->line, "card", "expected 1 to 64 bytes in hex");
    else if (sk_roster_by_identifier(&view, &entry->identifier) != NULL)
        sk_import_complain(&import->report, entry->line, "card", "was issued before; an identifier is never issued twice");
    for (struct entry *other = import->entries; entry->has_card && other < entry; other++)
        if (other->has_card && memcmp(&other->identifier, &entry->identifier, sizeof entry->identifier) == 0)
            sk_import_complain(&import->report, entry->line, "card", "stands in an earlier row too");
}

static char always[] = "always";

static void check_rights(struct import *import, struct entry *entry)
{
    const struct sk_roster *roster = sk_engine_roster(import->request->floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    char *list = entry->fields[C_ZONES];
    for (char *word; list != NULL && *list != '\0' && (word = strsep(&list, ";")) != NULL;) {
        const uint16_t zone = sk_roster_zone(import->request->floor->site, word);
        if (zone == 0 || entry->zone_count == ZONES_MAX)
            sk_import_complain(&import->report, entry->line, "zones",
                               zone == 0 ? "the site has no such zone" : "at most 16 zones");
        else
            entry->zones[entry->zone_count++] = zone;
        const char *lacks = sk_roster_class_3_lacks(import->request, zone, entry->until_us);
        if (lacks != NULL)
            sk_import_complain(&import->report, entry->line, lacks, "must be given for a zone of class 3");
    }
    if (entry->fields[C_SCHEDULE][0] == '\0')
        entry->fields[C_SCHEDULE] = always;
    else if (sk_roster_get(&view, SK_EV_SCHEDULE_PUT, entry->fields[C_SCHEDULE]) == NULL)
        sk_import_complain(&import->report, entry->line, "schedule", "there is no such schedule");
}

static void check_entry(struct import *import, struct entry *entry)
{
    char other[SK_ENTITY_MAX];
    const uint64_t version = sk_roster_version(sk_engine_roster(import->request->floor->engine));
    const int kind = sk_person_kind_parse(entry->fields[C_KIND]);
    check_texts(import, entry);
    check_dates(import, entry);
    check_card(import, entry);
    check_rights(import, entry);
    if (kind <= 0)
        sk_import_complain(&import->report, entry->line, "kind", "expected a word of schemas/vocab/person_kinds.def");
    entry->kind = (uint8_t)(kind > 0 ? kind : 0);
    if (entry->fields[C_REF][0] == '\0')
        return; /* told as missing */
    if (sk_vault_person_by_ref(import->request->floor->vault, entry->fields[C_REF], version, other) == SK_OK)
        sk_import_complain(&import->report, entry->line, "ref", "is on the roster already");
    for (const struct entry *earlier = import->entries; earlier < entry; earlier++)
        if (strcmp(earlier->fields[C_REF], entry->fields[C_REF]) == 0)
            sk_import_complain(&import->report, entry->line, "ref", "stands in an earlier row too");
}

/* --- storing --- */

/* Changes of one entry: the person, his card, one authorisation per zone. */
static size_t changes_of(const struct entry *entry)
{
    return 1u + entry->has_card + entry->zone_count;
}

static void person_id(const struct import *import, size_t index, char to[SK_ENTITY_MAX])
{
    char first[SK_ENTITY_MAX];
    sk_roster_next_id(sk_engine_roster(import->request->floor->engine), 'p', first);
    sk_text_format(to, SK_ENTITY_MAX, "p-%lu", strtoul(first + 2, NULL, 10) + index);
}

static enum sk_err store_label(struct import *import, size_t index, uint64_t version, struct sk_hash *commit)
{
    const struct entry *entry = &import->entries[index];
    struct sk_person_label label = {.version = version};
    person_id(import, index, label.id);
    sk_text_copy(label.ref, sizeof label.ref, entry->fields[C_REF]);
    sk_text_copy(label.name, sizeof label.name, entry->fields[C_NAME]);
    sk_text_copy(label.furigana, sizeof label.furigana, entry->fields[C_FURIGANA]);
    sk_text_copy(label.company, sizeof label.company, entry->fields[C_COMPANY]);
    enum sk_err err = sk_random(label.salt, sizeof label.salt);
    if (err == SK_OK)
        err = sk_person_label_commit(&label, commit);
    return err == SK_OK ? sk_vault_person_put(import->request->floor->vault, &label) : err;
}

/* All labels, under the versions and ids the changes are about to get. */
static enum sk_err store_labels(struct import *import, struct sk_hash *commits)
{
    uint64_t version = sk_roster_version(sk_engine_roster(import->request->floor->engine)) + 1;
    enum sk_err err = SK_OK;
    for (size_t i = 0; err == SK_OK && i < import->count; i++) {
        err = store_label(import, i, version, &commits[i]);
        version += changes_of(&import->entries[i]);
    }
    return err == SK_OK ? err : sk_request_refuse(import->request, err, "the names could not be stored; nothing was imported");
}

static enum sk_err store_card(struct import *import, const struct entry *entry, const char *person)
{
    struct sk_roster_change change = {.ev = SK_EV_CREDENTIAL_ISSUED, .effective_us = import->request->now->utc_us};
    sk_roster_next_id(sk_engine_roster(import->request->floor->engine), 'c', change.entity);
    sk_text_copy(change.credential.person, SK_ENTITY_MAX, person);
    change.credential.identifier = entry->identifier;
    change.credential.from_us = entry->from_us;
    change.credential.until_us = entry->until_us;
    const enum sk_err err = entry->fields[C_PRINTED][0] != '\0'
                                ? sk_vault_card_put(import->request->floor->vault, change.entity, entry->fields[C_PRINTED])
                                : SK_OK;
    return err == SK_OK ? sk_roster_do(import->request, &change)
                        : sk_request_refuse(import->request, err, "a printed number could not be stored; nothing was imported");
}

static enum sk_err store_right(struct import *import, const struct entry *entry, const char *person, uint16_t zone)
{
    struct request *request = import->request;
    struct sk_roster_change change = {.ev = SK_EV_AUTH_GRANTED, .effective_us = request->now->utc_us};
    struct sk_authorization *auth = &change.authorization;
    sk_roster_next_id(sk_engine_roster(request->floor->engine), 'a', change.entity);
    sk_text_copy(auth->person, sizeof auth->person, person);
    sk_text_copy(auth->schedule, sizeof auth->schedule, entry->fields[C_SCHEDULE]);
    sk_text_copy(auth->applicant, sizeof auth->applicant, request->actor.id);
    sk_text_copy(auth->approver, sizeof auth->approver, sk_json_text(sk_json_get(request->args, "approver")));
    const char *office = sk_json_text(sk_json_get(request->args, "office"));
    sk_text_copy(auth->office, sizeof auth->office, office != NULL ? office : "");
    sk_request_person_of(request, auth->applicant, auth->applicant_person);
    sk_request_person_of(request, auth->approver, auth->approver_person);
    auth->zone = zone;
    auth->from_us = entry->from_us;
    auth->until_us = entry->until_us;
    auth->approved_us = request->now->utc_us;
    return sk_roster_do(request, &change);
}

static enum sk_err store_entry(struct import *import, const struct entry *entry, const struct sk_hash *commit)
{
    struct sk_roster_change change = {.ev = SK_EV_PERSON_CREATED, .effective_us = import->request->now->utc_us};
    sk_roster_next_id(sk_engine_roster(import->request->floor->engine), 'p', change.entity);
    change.person.kind = entry->kind;
    change.person.from_us = entry->from_us;
    change.person.until_us = entry->until_us;
    change.person.label = *commit;
    enum sk_err err = sk_random(change.person.tag, sizeof change.person.tag);
    if (err == SK_OK)
        err = sk_roster_do(import->request, &change);
    if (err == SK_OK && entry->has_card)
        err = store_card(import, entry, change.entity);
    for (size_t i = 0; err == SK_OK && i < entry->zone_count; i++)
        err = store_right(import, entry, change.entity, entry->zones[i]);
    return err;
}

static enum sk_err store_each(struct import *import, struct sk_hash *commits)
{
    enum sk_err err = store_labels(import, commits);
    for (size_t i = 0; err == SK_OK && i < import->count; i++)
        err = store_entry(import, &import->entries[i], &commits[i]);
    return err;
}

/* Ids of one kind from the first that was given out here on: erased from the vault. */
static void erase_from(struct import *import, char prefix, const char *first, size_t count,
                       enum sk_err (*erase)(struct sk_vault *vault, const char *id))
{
    char id[SK_ENTITY_MAX];
    const unsigned long number = strtoul(first + 2, NULL, 10);
    for (size_t i = 0; i < count; i++) {
        sk_text_format(id, sizeof id, "%c-%lu", prefix, number + i);
        (void)erase(import->request->floor->vault, id);
    }
}

/* Nothing of it may stay: a label left behind would name somebody once the roster's version has passed it. */
static void take_back(struct import *import, uint64_t version)
{
    const struct sk_command_floor *floor = import->request->floor;
    char person[SK_ENTITY_MAX], card[SK_ENTITY_MAX];
    sk_engine_roster_take_back(floor->engine, version, import->request->now);
    sk_roster_next_id(sk_engine_roster(floor->engine), 'p', person);
    sk_roster_next_id(sk_engine_roster(floor->engine), 'c', card);
    if (sk_vault_begin(floor->vault) != SK_OK)
        return;
    erase_from(import, 'p', person, import->count, sk_vault_person_erase);
    erase_from(import, 'c', card, import->count, sk_vault_card_erase);
    sk_vault_end(floor->vault, true);
}

static enum sk_err store_all(struct import *import)
{
    const uint64_t version = sk_roster_version(sk_engine_roster(import->request->floor->engine));
    struct sk_hash *commits = sk_calloc(import->count + 1, sizeof *commits);
    enum sk_err err = commits == NULL ? sk_request_refuse(import->request, SK_ERR_NOMEM, "out of memory; nothing was imported")
                                      : sk_import_begin(import->request);
    if (err == SK_OK) {
        err = sk_import_end(import->request, store_each(import, commits));
        if (err != SK_OK)
            take_back(import, version);
    }
    sk_free(commits);
    return err;
}

/* --- the command --- */

static bool approver_is_good(struct request *request)
{
    const char *approver = sk_request_text(request, "approver", true, SK_WHO_MAX - 1);
    if (approver == NULL || sk_request_text(request, "office", false, SK_WHO_MAX - 1) == NULL)
        return false;
    if (!sk_roster_is_somebody(request, approver)) {
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "approver: no such account or person");
        return false;
    }
    if (!sk_request_same_person(request, approver, request->actor.id))
        return true;
    sk_request_refuse(request, SK_ERR_CONFLICT, "the approver must be another person than who imports");
    return false;
}

enum sk_err sk_run_roster_import(struct request *request)
{
    struct import import = {.request = request};
    if (sk_roster_ready(request) != SK_OK || !approver_is_good(request))
        return request->answer->err;
    struct sk_request_text csv;
    const bool dry_run = cJSON_IsTrue(sk_json_get(request->args, "dry_run"));
    if (!sk_request_file(request, "csv", &csv))
        return request->answer->err;
    import.entries = sk_calloc(ROWS_MAX, sizeof *import.entries);
    enum sk_err err = import.entries != NULL && sk_import_report_init(&import.report) ? SK_OK : SK_ERR_NOMEM;
    if (err == SK_OK) {
        read_rows(&import, csv.text);
        for (size_t i = 0; i < import.count; i++)
            check_entry(&import, &import.entries[i]);
    }
    const bool store = err == SK_OK && !dry_run && import.report.bad_count == 0 && import.count > 0;
    if (store)
        err = store_all(&import);
    if (err == SK_OK) {
        cJSON *result = sk_import_answer(&import.report, request, import.count, dry_run, store);
        sk_json_add_u64(result, "roster_version", sk_roster_version(sk_engine_roster(request->floor->engine)));
    }
    sk_free_secret(import.entries, ROWS_MAX * sizeof *import.entries);
    sk_request_file_free(&csv);
    sk_import_report_free(&import.report);
    return err;
}
