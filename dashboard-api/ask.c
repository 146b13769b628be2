/* SPDX-License-Identifier: Apache-2.0 */
/* One command per request, its arguments from path, query and body. */
#include "dashboard-api/ask.h"

#include <string.h>

#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"

void sk_ask(struct sk_call *call, const char *command, const cJSON *args, bool repeatable)
{
    struct sk_fault fault = {0};
    struct sk_out out = {0};
    cJSON *result = NULL, *faults = NULL, *copy = cJSON_Duplicate(args, true);
    const struct sk_command sent = {.name = command,
                                    .secret = call->who.secret,
                                    .address = sk_http_peer(call->http),
                                    .args = copy,
                                    .repeatable = repeatable,
                                    .ret_faults = &faults};
    const enum sk_err err = copy ? sk_control_call(call->app->control, &sent, &result, &fault)
                                 : sk_fault_set(&fault, SK_ERR_NOMEM, "out of memory");
    cJSON_Delete(copy);
    if (err != SK_OK) {
        sk_reply_faults(call, &fault, faults);
        cJSON_Delete(faults);
        return;
    }
    sk_out_json(&out, result);
    cJSON_Delete(result);
    sk_reply_out(call, &out);
}

/* Every parameter that lists take; which of them a route knows its row in routes.def says. */
static bool add_parameters(struct sk_call *call, cJSON *args)
{
    static const char *const names[] = {"person", "zone", "at", "cursor", "controller", "open", "days", "source"};
    int64_t limit = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = sk_target_param(call->target, names[i]);
        if (value && !cJSON_AddStringToObject(args, names[i], value))
            return false;
    }
    const char *text = sk_target_param(call->target, "limit");
    if (!text)
        return true;
    return cJSON_AddNumberToObject(args, "limit", sk_int_read(text, 1, 1000, &limit) ? (double)limit : 0) != NULL;
}

void sk_ask_list(struct sk_call *call, const char *command, const char *argument)
{
    cJSON *args = cJSON_CreateObject();
    if (args && add_parameters(call, args) && (!argument || cJSON_AddStringToObject(args, argument, call->args[0])))
        sk_ask(call, command, args, true);
    else
        sk_reply_problem(call, 500, "nomem", "out of memory");
    cJSON_Delete(args);
}

void sk_ask_get(struct sk_call *call, const char *command, const char *argument)
{
    cJSON *args = cJSON_CreateObject();
    if (args && cJSON_AddStringToObject(args, argument, call->args[0]))
        sk_ask(call, command, args, true);
    else
        sk_reply_problem(call, 500, "nomem", "out of memory");
    cJSON_Delete(args);
}

/* 1: added or the same already; 0: the body says another; -1: no memory. */
static int add_id(cJSON *args, const char *name, const char *id)
{
    const cJSON *there = sk_json_get(args, name);
    if (there)
        return sk_json_text(there) && strcmp(sk_json_text(there), id) == 0;
    return cJSON_AddStringToObject(args, name, id) ? 1 : -1;
}

void sk_ask_act(struct sk_call *call, const char *command, const char *first, const char *second)
{
    int good = add_id(call->body, first, call->args[0]);
    if (good == 1 && second)
        good = add_id(call->body, second, call->args[1]);
    if (good == 1)
        sk_ask(call, command, call->body, false);
    else if (good == 0)
        sk_reply_problem(call, 400, "parse", "the body names another id than the path");
    else
        sk_reply_problem(call, 500, "nomem", "out of memory");
}
