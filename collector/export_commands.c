/* SPDX-License-Identifier: Apache-2.0 */
/* entries.export: what is asked for is checked here, against the log as it stands, and recorded; the child is started by the
 * answer, after the commit. */
#include <string.h>

#include "collector/exports.h"
#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/model/vocab.h"

enum { FILTER_TEXT = 512 };

static bool read_format(struct request *request, struct sk_export_request *export)
{
    const char *format = sk_request_text(request, "format", false, 16);
    if (format == NULL)
        return false;
    export->format = strcmp(format, "jsonl") == 0 ? SK_EXPORT_JSONL : SK_EXPORT_CSV;
    if (*format == '\0' || strcmp(format, "csv") == 0 || export->format == SK_EXPORT_JSONL)
        return true;
    sk_request_refuse(request, SK_ERR_PARSE, "format: expected csv or jsonl (bundles are not there yet)");
    return false;
}

/* A filter by a name the log does not know is a mistake, and must not read as "nothing happened there". */
static bool read_id(struct request *request, const char *kind, char to[SK_EXPORT_ID_MAX])
{
    char detail[160];
    uint16_t number = 0;
    const char *id = sk_request_text(request, kind, false, SK_EXPORT_ID_MAX - 1);
    if (id == NULL)
        return false;
    sk_text_copy(to, SK_EXPORT_ID_MAX, id);
    if (*id == '\0')
        return true;
    const enum sk_err err = sk_store_number_find(sk_recorder_store(request->floor->recorder), kind, id, &number);
    if (err == SK_OK)
        return true;
    sk_text_format(detail, sizeof detail, "%s: the log knows no '%.64s'", kind, id);
    sk_request_refuse(request, err == SK_ERR_NOT_FOUND ? SK_ERR_INVALID : err, detail);
    return false;
}

/* As GET /entries: one person who exists, or a company for those who may read people. */
static bool read_whom(struct request *request, struct sk_export_request *export)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const char *person = sk_request_text(request, "person", false, SK_ENTITY_MAX - 1);
    const char *company = person != NULL ? sk_request_text(request, "company", false, SK_LABEL_MAX - 1) : NULL;
    if (company == NULL)
        return false;
    sk_text_copy(export->person, sizeof export->person, person);
    sk_text_copy(export->company, sizeof export->company, company);
    char somebody[SK_ENTITY_MAX] = "";
    if (*person != '\0' && *company != '\0')
        sk_request_refuse(request, SK_ERR_PARSE, "expected either 'person' or 'company'");
    else if (*person != '\0' && sk_roster_history(roster, SK_EV_PERSON_CREATED, person, 0) == NULL)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "person: there is nobody of that id on the roster");
    else if (*company != '\0' && !export->names)
        sk_request_refuse(request, SK_ERR_DENIED, "company: none of the account's roles may read people");
    else if (*company != '\0' && sk_vault_person_by_company(request->floor->vault, company, "", somebody) != SK_OK)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "company: nobody on the roster is or was of that company");
    else
        return true;
    return false;
}

static bool read_time(struct request *request, const char *name, int64_t *ret_us)
{
    char detail[96];
    const char *text = sk_request_text(request, name, false, 40);
    if (text == NULL)
        return false;
    if (*text == '\0' || sk_time_parse(text, ret_us))
        return true;
    sk_text_format(detail, sizeof detail, "%s: expected a time as 2026-11-20T12:31:00Z", name);
    sk_request_refuse(request, SK_ERR_PARSE, detail);
    return false;
}

static bool read_all(struct request *request, struct sk_export_request *ret_export)
{
    static const char *const classes[] = {
        [SK_SITE_PRODUCTION] = "production", [SK_SITE_DEMO] = "demo", [SK_SITE_TEST] = "test"};
    const struct sk_site *site = request->floor->site;
    struct sk_export_request export = {.bom = cJSON_IsTrue(sk_json_get(request->args, "bom")),
                                       .names = sk_permission("read.people", request->actor.roles),
                                       .size = sk_store_size(sk_recorder_store(request->floor->recorder))};
    if (!read_format(request, &export) || !read_whom(request, &export) || !read_id(request, "door", export.door) ||
        !read_id(request, "zone", export.zone) || !read_time(request, "since", &export.since_us) ||
        !read_time(request, "until", &export.until_us))
        return false;
    sk_text_copy(export.site, sizeof export.site, site->id);
    sk_text_copy(export.site_class, sizeof export.site_class, classes[site->class_]);
    sk_text_copy(export.time_zone, sizeof export.time_zone, site->zone_name);
    *ret_export = export;
    return true;
}

static enum sk_err record_begin(struct request *request, const struct sk_export_request *export, const char *id)
{
    struct sk_draft draft;
    char filter[FILTER_TEXT], object[64];
    sk_export_filter_text(export, true, filter, sizeof filter);
    sk_text_format(object, sizeof object, "entries %s%s", export->format == SK_EXPORT_CSV ? "csv" : "jsonl",
                   export->names ? " with names" : "");
    sk_draft_init(&draft, SK_EV_READ_EXPORT, request->now);
    sk_body_put_text(&draft.body, SK_TAG_DETAIL, filter);
    sk_body_put_text(&draft.body, SK_TAG_ACTOR, request->actor.id);
    sk_body_put_u16(&draft.body, SK_TAG_ACTOR_ROLES, request->actor.roles);
    if (request->actor.address[0] != '\0')
        sk_body_put_text(&draft.body, SK_TAG_ACTOR_ADDRESS, request->actor.address);
    if (sk_request_reason(request)[0] != '\0')
        sk_body_put_text(&draft.body, SK_TAG_REASON_TEXT, sk_request_reason(request));
    sk_body_put_text(&draft.body, SK_TAG_COMMAND, request->command);
    sk_body_put_text(&draft.body, SK_TAG_OBJECT, object);
    sk_body_put_u64(&draft.body, SK_TAG_TREE_SIZE, export->size);
    sk_body_put_text(&draft.body, SK_TAG_EXPORT, id);
    return sk_body_done(&draft.body) ? sk_recorder_add(request->floor->recorder, &draft) : SK_ERR_INVALID;
}

enum sk_err sk_run_entries_export(struct request *request)
{
    struct sk_export_request wanted;
    struct sk_export *export = NULL;
    if (request->floor->exports == NULL || !sk_recorder_writable(request->floor->recorder))
        return sk_request_refuse(request, SK_ERR_FULL, "an export is recorded, and the log cannot be written now");
    if (!read_all(request, &wanted))
        return request->answer->err;
    enum sk_err err = sk_exports_reserve(request->floor->exports, &wanted, &request->actor, &export);
    if (err != SK_OK)
        return sk_request_refuse(request, err,
                                 err == SK_ERR_BUSY ? "too many exports are running; try again later" : sk_err_text(err));
    cJSON *result = cJSON_CreateObject();
    err = result != NULL && cJSON_AddStringToObject(result, "export", sk_export_id(export)) != NULL &&
                  cJSON_AddStringToObject(result, "site", wanted.site) != NULL
              ? record_begin(request, &wanted, sk_export_id(export))
              : SK_ERR_NOMEM;
    if (err != SK_OK) {
        cJSON_Delete(result);
        sk_export_cancel(export, false);
        return sk_request_refuse(request, err, "the export could not be recorded");
    }
    request->answer->result = result;
    request->answer->export = export;
    request->answer->durable = true;
    return SK_OK;
}
