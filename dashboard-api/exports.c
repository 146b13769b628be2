/* SPDX-License-Identifier: Apache-2.0 */
/* GET /entries/export: one command of the collector, which checks, records and starts it; the descriptor that comes back is
 * handed to the client at the client's pace. Nothing of it is held here. */
#include <string.h>

#include "dashboard-api/handlers.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"

static const struct {
    const char *format, *type, *suffix;
} formats[] = {{"csv", "text/csv; charset=utf-8; header=present", "csv"}, {"jsonl", "application/x-ndjson", "jsonl"}};
enum { FORMATS = sizeof formats / sizeof *formats };

static int find_format(struct sk_call *call)
{
    const char *format = sk_target_param(call->target, "format");
    for (int i = 0; i < FORMATS; i++)
        if (!format || strcmp(format, formats[i].format) == 0)
            return i;
    sk_reply_problem(call, 400, "parse", "format: expected csv or jsonl (bundles are not there yet)");
    return -1;
}

static cJSON *make_arguments(struct sk_call *call, int format)
{
    static const char *const names[] = {"person", "company", "door", "zone", "since", "until"};
    const char *bom = sk_target_param(call->target, "bom");
    cJSON *args = cJSON_CreateObject();
    bool good = args && cJSON_AddStringToObject(args, "format", formats[format].format) &&
                cJSON_AddBoolToObject(args, "bom", bom && strcmp(bom, "true") == 0);
    for (size_t i = 0; good && i < sizeof names / sizeof *names; i++) {
        const char *value = sk_target_param(call->target, names[i]);
        good = !value || cJSON_AddStringToObject(args, names[i], value);
    }
    if (good)
        return args;
    cJSON_Delete(args);
    return NULL;
}

/* "entries-kanda-20261120T123100Z.csv": of the site's id only what a file name bears. */
static void name_file(const cJSON *result, int format, char *to, size_t capacity)
{
    char time[SK_TIME_TEXT], site[64] = "site";
    const char *id = sk_json_text(sk_json_get(result, "site"));
    sk_time_format(time, sk_clock_read().utc_us);
    if (id && id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0')
        sk_text_copy(site, sizeof site, id);
    sk_text_format(to, capacity, "attachment; filename=\"entries-%s-%.4s%.2s%.2sT%.2s%.2s%.2sZ.%s\"", site, time, time + 5,
                   time + 8, time + 11, time + 14, time + 17, formats[format].suffix);
}

static void hand_over(struct sk_call *call, const cJSON *result, int fd, int format)
{
    char disposition[192];
    const char *id = sk_json_text(sk_json_get(result, "export"));
    name_file(result, format, disposition, sizeof disposition);
    const struct sk_http_field fields[] = {
        {"Content-Disposition", disposition}, {"X-Sekisho-Export", id ? id : ""}, {"X-Accel-Buffering", "no"}, {NULL, NULL}};
    atomic_fetch_add(&call->app->answers[2], 1);
    if (!sk_http_pipe(call->http, fd, formats[format].type, fields))
        sk_reply_problem(call, 503, "nomem", "out of memory");
}

void sk_handle_get_export(struct sk_call *call)
{
    struct sk_fault fault = {0};
    cJSON *result = NULL;
    int fd = -1;
    const int format = find_format(call);
    if (format < 0)
        return;
    cJSON *args = make_arguments(call, format);
    /* repeatable: an export whose answer was lost has lost its reader with it */
    const struct sk_command command = {.name = "entries.export",
                                       .secret = call->who.secret,
                                       .address = sk_http_peer(call->http),
                                       .args = args,
                                       .repeatable = true};
    const enum sk_err err = args ? sk_control_call_fd(call->app->control, &command, &result, &fd, &fault)
                                 : sk_fault_set(&fault, SK_ERR_NOMEM, "out of memory");
    cJSON_Delete(args);
    if (err == SK_ERR_BUSY)
        return sk_reply_problem(call, 503, "busy", fault.text);
    if (err != SK_OK)
        return sk_reply_fault(call, &fault);
    hand_over(call, result, fd, format);
    cJSON_Delete(result);
}
