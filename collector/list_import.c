/* SPDX-License-Identifier: Apache-2.0 */
/* Import of the list that a door controller or its server really holds: CSV or JSON, whole, every bad row named with its field,
 * all or nothing.
 *
 * CSV columns (first line, any order): card (hex) or credential (an id like c-12), one of the two in each row; from, until
 * (days of the site, until the last day) and doors (ids parted by ';') where the controller says them. JSON:
 * {"rows":[{"card":"04a1", "credential":"c-12","from":"2026-04-01","until":"2027-03-31","doors":["d1"]}]}. A card number
 * becomes its HMAC here and is wiped; a name has no column and is refused. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/rights.h"
#include "collector/import_report.h"
#include "collector/listing.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { ROWS_MAX = 50000 };
enum column { C_CARD, C_CREDENTIAL, C_FROM, C_UNTIL, C_DOORS, COLUMNS };
static const char *const column_names[COLUMNS] = {"card", "credential", "from", "until", "doors"};

struct place { /* where a card stands */
    struct sk_hash identifier;
    bool known;
    unsigned number;
};

struct import {
    struct request *request;
    uint32_t device;
    struct sk_list_row *rows;
    struct place *places;
    size_t count, capacity, place_capacity;
    struct sk_import_report report;
};

/* --- one row --- */

static void read_card(struct import *import, unsigned number, char *fields[COLUMNS], struct sk_list_row *row)
{
    const struct sk_roster *roster = sk_engine_roster(import->request->floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    char *card = fields[C_CARD];
    if ((card[0] != '\0') == (fields[C_CREDENTIAL][0] != '\0')) {
        sk_import_complain(&import->report, number, "card", "each row names a card or a credential, one of the two");
        return;
    }
    if (card[0] == '\0') {
        const struct sk_roster_change *change = sk_roster_get(&view, SK_EV_CREDENTIAL_ISSUED, fields[C_CREDENTIAL]);
        if (change == NULL)
            sk_import_complain(&import->report, number, "credential", "there is none of that id on the roster");
        else
            row->identifier = change->credential.identifier;
        return;
    }
    if (!sk_roster_identifier(import->request->floor, card, &row->identifier))
        sk_import_complain(&import->report, number, "card", "expected 1 to 64 bytes in hex");
    explicit_bzero(card, strlen(card));
}

static void read_dates(struct import *import, unsigned number, char *fields[COLUMNS], struct sk_list_row *row)
{
    const struct sk_zone *zone = import->request->floor->zone;
    row->until_us = SK_NEVER;
    if (fields[C_FROM][0] != '\0' && !sk_day_begin_us(zone, fields[C_FROM], &row->from_us))
        sk_import_complain(&import->report, number, "from", "expected a date like 2026-11-20");
    if (fields[C_UNTIL][0] != '\0' && !sk_day_end_us(zone, fields[C_UNTIL], &row->until_us))
        sk_import_complain(&import->report, number, "until", "expected a date like 2026-11-20");
}

static void read_doors(struct import *import, unsigned number, char *list, struct sk_list_row *row)
{
    const struct sk_site *site = import->request->floor->site;
    for (char *word; list != NULL && *list != '\0' && (word = strsep(&list, ";")) != NULL;) {
        const int32_t door = sk_site_door(site, word);
        if (door < 0 || site->doors[door].controller != (int32_t)import->device)
            sk_import_complain(&import->report, number, "doors", "no door of this controller");
        else if (row->door_count == SK_LIST_DOORS_MAX)
            sk_import_complain(&import->report, number, "doors", "at most 16 doors in a row");
        else
            row->doors[row->door_count++] = site->doors[door].number;
    }
}

static bool take_row(struct import *import, unsigned number, char *fields[COLUMNS])
{
    if (import->count == ROWS_MAX) {
        sk_import_complain(&import->report, number, "", "more than 50000 rows");
        return false;
    }
    struct sk_list_row *grown = sk_grow(import->rows, import->count, &import->capacity, sizeof *grown, ROWS_MAX);
    import->rows = grown != NULL ? grown : import->rows;
    struct place *places =
        grown != NULL ? sk_grow(import->places, import->count, &import->place_capacity, sizeof *places, ROWS_MAX) : NULL;
    import->places = places != NULL ? places : import->places;
    if (places == NULL) {
        sk_import_complain(&import->report, number, "", "out of memory");
        return false;
    }
    struct sk_list_row *row = &grown[import->count];
    memset(row, 0, sizeof *row);
    const size_t bad = import->report.bad_count;
    read_card(import, number, fields, row);
    places[import->count++] = (struct place){row->identifier, bad == import->report.bad_count, number};
    read_dates(import, number, fields, row);
    read_doors(import, number, fields[C_DOORS], row);
    return true;
}

/* --- CSV --- */

static bool read_head(struct import *import, struct sk_csv *csv, int columns[COLUMNS], size_t *ret_count)
{
    char *fields[COLUMNS];
    if (!sk_import_first_line(&import->report, csv, fields, COLUMNS, ret_count,
                              "the first line names the columns: card credential from until doors"))
        return false;
    for (size_t at = 0; at < *ret_count; at++) {
        columns[at] = sk_import_column(column_names, COLUMNS, fields[at]);
        if (columns[at] < 0)
            sk_import_complain(&import->report, 1, "", "unknown column; expected card credential from until doors");
    }
    return import->report.bad_count == 0;
}

static void read_csv(struct import *import, char *text)
{
    static char nothing[] = "";
    struct sk_csv csv;
    int columns[COLUMNS];
    char *given[COLUMNS], *fields[COLUMNS];
    size_t column_count, count;
    unsigned line = 1;
    sk_csv_init(&csv, text);
    if (!read_head(import, &csv, columns, &column_count))
        return;
    for (bool more = true; more && sk_csv_row(&csv, given, COLUMNS, &count, &line);) {
        for (int i = 0; i < COLUMNS; i++)
            fields[i] = nothing;
        for (size_t i = 0; i < count && i < column_count; i++)
            fields[columns[i]] = given[i];
        if (count != column_count)
            sk_import_complain(&import->report, line, "", "has another number of fields than the first line");
        more = take_row(import, line, fields);
    }
    if (csv.bad)
        sk_import_complain(&import->report, line, "", "quotes do not match");
}

/* --- JSON --- */

/* Doors as one text, which is how the rows are read; too many of them stay too many. */
static bool join_doors(const cJSON *list, char *to, size_t capacity)
{
    const cJSON *item;
    size_t used = 0;
    to[0] = '\0';
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || strchr(item->valuestring, ';') != NULL ||
            !sk_text_format(to + used, capacity - used, "%s%s", used > 0 ? ";" : "", item->valuestring))
            return false;
        used = strlen(to);
    }
    return list == NULL || cJSON_IsArray(list);
}

static bool take_object(struct import *import, unsigned number, const cJSON *object)
{
    static char nothing[] = "";
    char *fields[COLUMNS] = {nothing, nothing, nothing, nothing, nothing}, doors[1200] = "";
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        const int found = sk_import_column(column_names, COLUMNS, item->string);
        if (found < 0 || (found != C_DOORS && !cJSON_IsString(item)))
            sk_import_complain(&import->report, number, "",
                               "expected card, credential, from, until (texts) and doors (a list of ids)");
        else if (found != C_DOORS)
            fields[found] = item->valuestring;
        else if (!join_doors(item, doors, sizeof doors))
            sk_import_complain(&import->report, number, "doors", "expected a list of ids");
    }
    fields[C_DOORS] = doors;
    return take_row(import, number, fields);
}

static void read_json(struct import *import, const struct sk_request_text *text)
{
    struct sk_fault fault = {0};
    cJSON *json = NULL;
    const cJSON *item;
    unsigned number = 0;
    if (sk_json_parse(text->text, text->length, &SK_JSON_FILE, &json, &fault) != SK_OK) {
        sk_import_complain(&import->report, 0, "", fault.text);
        return;
    }
    const cJSON *rows = sk_json_get(json, "rows");
    if (!cJSON_IsArray(rows))
        sk_import_complain(&import->report, 0, "rows", "expected a list of rows");
    cJSON_ArrayForEach(item, rows)
    {
        number++;
        if (!cJSON_IsObject(item))
            sk_import_complain(&import->report, number, "", "expected an object");
        else if (!take_object(import, number, item))
            break;
    }
    cJSON_Delete(json);
}

/* --- the whole --- */

static int order_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    const int by_card = memcmp(&left->identifier, &right->identifier, sizeof left->identifier);
    return by_card != 0 ? by_card : (left->number > right->number) - (left->number < right->number);
}

static void check_twins(struct import *import)
{
    if (import->count < 2)
        return;
    qsort(import->places, import->count, sizeof *import->places, order_places);
    for (size_t i = 1; i < import->count; i++)
        if (import->places[i].known &&
            memcmp(&import->places[i - 1].identifier, &import->places[i].identifier, sizeof(struct sk_hash)) == 0)
            sk_import_complain(&import->report, import->places[i].number, "card", "stands in an earlier row too");
}

/* --- the command --- */

static bool find_controller(struct import *import)
{
    struct request *request = import->request;
    const struct sk_site *site = request->floor->site;
    const struct sk_rights *rights = sk_engine_rights(request->floor->engine);
    const char *id = sk_request_text(request, "controller", true, SK_FACT_DEVICE_MAX - 1);
    for (size_t i = 0; id != NULL && i < rights->list_count; i++)
        if (strcmp(site->devices[rights->lists[i].device].id, id) == 0) {
            import->device = rights->lists[i].device;
            return true;
        }
    if (id != NULL)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "controller: the site has no door controller of that id");
    return false;
}

/* When the controller drew it up: not in the future, beyond what clocks may differ. */
static bool read_taken(struct request *request, int64_t *ret_us)
{
    const char *taken = sk_request_text(request, "taken", false, 40);
    *ret_us = request->now->utc_us;
    if (taken == NULL)
        return false;
    if (taken[0] == '\0' || (sk_time_parse(taken, ret_us) && *ret_us > 0 && *ret_us <= request->now->utc_us + 10 * SK_US_PER_S))
        return true;
    sk_request_refuse(request, SK_ERR_PARSE, "taken: expected when the list was drawn up (RFC 3339), not in the future");
    return false;
}

static enum sk_err store(struct import *import, int64_t taken_us)
{
    static const struct {
        enum sk_err err;
        const char *text;
    } texts[] = {{SK_ERR_CONFLICT, "taken: a list drawn up at that time or later is there already"},
                 {SK_ERR_EXISTS, "the same card stands in two rows"}};
    struct request *request = import->request;
    const struct sk_roster_act act = sk_roster_act_of(request);
    if (sk_recorder_commit(request->floor->recorder, request->now) !=
        SK_OK) /* so that a list that fails can be dropped alone */
        return sk_request_refuse(request, SK_ERR_FULL, "the log cannot be written now; nothing was imported");
    const enum sk_err err = sk_engine_list(request->floor->engine, import->device, import->rows, import->count, taken_us, &act,
                                           request->now, sk_recorder_effects(request->floor->recorder));
    if (err != SK_OK)
        sk_recorder_drop(request->floor->recorder);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].err == err)
            return sk_request_refuse(request, err, texts[i].text);
    request->answer->durable = err == SK_OK;
    return err == SK_OK ? err : sk_request_refuse(request, err, sk_err_text(err));
}

enum sk_err sk_run_list_import(struct request *request)
{
    struct import import = {.request = request};
    struct sk_request_text text = {0};
    int64_t taken_us = 0;
    const bool dry_run = cJSON_IsTrue(sk_json_get(request->args, "dry_run"));
    if (sk_roster_ready(request) != SK_OK || !find_controller(&import) || !read_taken(request, &taken_us) ||
        !sk_request_file(request, "list", &text))
        return request->answer->err;
    enum sk_err err = sk_import_report_init(&import.report) ? SK_OK : sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
    if (err == SK_OK && text.text[strspn(text.text, " \t\r\n")] == '{')
        read_json(&import, &text);
    else if (err == SK_OK)
        read_csv(&import, text.text);
    check_twins(&import);
    if (err == SK_OK && import.count == 0 && import.report.bad_count == 0 && !cJSON_IsTrue(sk_json_get(request->args, "empty")))
        sk_import_complain(&import.report, 1, "",
                           "holds no row; a file that was cut off looks so: say empty true when the controller's list is");
    const bool stored = err == SK_OK && !dry_run && import.report.bad_count == 0;
    if (stored)
        err = store(&import, taken_us);
    if (err == SK_OK)
        sk_import_answer(&import.report, request, import.count, dry_run, stored);
    sk_import_report_free(&import.report);
    sk_free(import.rows);
    sk_free(import.places);
    sk_request_file_free(&text);
    return err;
}
