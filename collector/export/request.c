/* SPDX-License-Identifier: Apache-2.0 */
/* The request as JSON: written by the collector, read by its child. */
#include <string.h>

#include "collector/export/export.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"

static const struct {
    const char *name;
    size_t offset, capacity;
} texts[] = {
    {"door", offsetof(struct sk_export_request, door), SK_EXPORT_ID_MAX},
    {"zone", offsetof(struct sk_export_request, zone), SK_EXPORT_ID_MAX},
    {"person", offsetof(struct sk_export_request, person), SK_EXPORT_ID_MAX},
    {"company", offsetof(struct sk_export_request, company), SK_EXPORT_ID_MAX},
    {"site", offsetof(struct sk_export_request, site), SK_EXPORT_ID_MAX},
    {"site_class", offsetof(struct sk_export_request, site_class), 16},
    {"time_zone", offsetof(struct sk_export_request, time_zone), 64},
};
enum { TEXTS = sizeof texts / sizeof *texts };

enum sk_err sk_export_request_write(const struct sk_export_request *request, char to[SK_EXPORT_REQUEST_MAX], size_t *ret_length)
{
    cJSON *json = cJSON_CreateObject();
    bool good =
        json != NULL && cJSON_AddStringToObject(json, "format", request->format == SK_EXPORT_CSV ? "csv" : "jsonl") != NULL &&
        cJSON_AddBoolToObject(json, "bom", request->bom) != NULL &&
        cJSON_AddBoolToObject(json, "names", request->names) != NULL && sk_json_add_i64(json, "since_us", request->since_us) &&
        sk_json_add_i64(json, "until_us", request->until_us) && sk_json_add_u64(json, "size", request->size);
    for (size_t i = 0; good && i < TEXTS; i++)
        good = cJSON_AddStringToObject(json, texts[i].name, (const char *)request + texts[i].offset) != NULL;
    const bool fits = good && cJSON_PrintPreallocated(json, to, SK_EXPORT_REQUEST_MAX, false) != 0;
    cJSON_Delete(json);
    if (fits)
        *ret_length = strlen(to);
    return fits ? SK_OK : good ? SK_ERR_TOO_LONG : SK_ERR_NOMEM;
}

static const char *read_members(const cJSON *json, struct sk_export_request *request)
{
    const char *format = sk_json_text(sk_json_get(json, "format"));
    if (format == NULL || (strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0))
        return "format";
    request->format = strcmp(format, "csv") == 0 ? SK_EXPORT_CSV : SK_EXPORT_JSONL;
    request->bom = cJSON_IsTrue(sk_json_get(json, "bom"));
    request->names = cJSON_IsTrue(sk_json_get(json, "names"));
    if (!sk_json_i64(sk_json_get(json, "since_us"), &request->since_us))
        return "since_us";
    if (!sk_json_i64(sk_json_get(json, "until_us"), &request->until_us))
        return "until_us";
    if (!sk_json_u64(sk_json_get(json, "size"), &request->size))
        return "size";
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = sk_json_text(sk_json_get(json, texts[i].name));
        if (text == NULL || !sk_text_copy((char *)request + texts[i].offset, texts[i].capacity, text))
            return texts[i].name;
    }
    return NULL;
}

enum sk_err sk_export_request_read(const char *text, size_t length, struct sk_export_request *ret_request,
                                   struct sk_fault *fault)
{
    cJSON *json = NULL;
    *ret_request = (struct sk_export_request){0};
    enum sk_err err = sk_json_parse(text, length, &SK_JSON_REQUEST, &json, fault);
    if (err != SK_OK)
        return err;
    const char *wrong = read_members(json, ret_request);
    if (wrong != NULL)
        err = sk_fault_set(fault, SK_ERR_PARSE, "export request: '%s' is missing or unknown", wrong);
    cJSON_Delete(json);
    return err;
}

static void add_part(char *to, size_t capacity, const char *name, const char *value)
{
    const size_t used = strlen(to);
    if (*value != '\0')
        sk_text_format(to + used, capacity - used, "%s%s=%s", used > 0 ? " " : "", name, value);
}

static void add_time(char *to, size_t capacity, const char *name, int64_t utc_us)
{
    char text[SK_TIME_TEXT];
    sk_time_format(text, utc_us);
    add_part(to, capacity, name, utc_us > 0 ? text : "");
}

void sk_export_filter_text(const struct sk_export_request *request, bool for_log, char *to, size_t capacity)
{
    to[0] = '\0';
    add_part(to, capacity, "person", request->person);
    add_part(to, capacity, "company", for_log && request->company[0] != '\0' ? "(given)" : request->company);
    add_part(to, capacity, "door", request->door);
    add_part(to, capacity, "zone", request->zone);
    add_time(to, capacity, "since", request->since_us);
    add_time(to, capacity, "until", request->until_us);
    if (to[0] == '\0')
        sk_text_copy(to, capacity, "none");
}
