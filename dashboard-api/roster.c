/* SPDX-License-Identifier: Apache-2.0 */
/* People, credentials, authorisations: each route is one command of the collector, which checks the role
 * again, reads the names from the vault and answers. Nothing of it is kept here. */
#include <string.h>

#include "dashboard-api/handlers.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"

/* Query parameters as text arguments; the collector says what is wrong with them. */
static bool add_parameters(struct sk_call *call, cJSON *args)
{
    static const char *const names[] = {"person", "zone", "at", "cursor"};
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

static void ask(struct sk_call *call, const char *name, const cJSON *args, bool repeatable)
{
    struct sk_fault fault = {0};
    struct sk_out out = {0};
    cJSON *result = NULL, *copy = cJSON_Duplicate(args, true);
    const struct sk_command command = {
        .name = name, .secret = call->who.secret, .address = sk_http_peer(call->http), .args = copy, .repeatable = repeatable};
    const enum sk_err err = copy ? sk_control_call(call->app->control, &command, &result, &fault)
                                 : sk_fault_set(&fault, SK_ERR_NOMEM, "out of memory");
    cJSON_Delete(copy);
    if (err != SK_OK)
        return sk_reply_fault(call, &fault);
    sk_out_json(&out, result);
    cJSON_Delete(result);
    sk_reply_out(call, &out);
}

static void list(struct sk_call *call, const char *name)
{
    cJSON *args = cJSON_CreateObject();
    if (args && add_parameters(call, args))
        ask(call, name, args, true);
    else
        sk_reply_problem(call, 500, "nomem", "out of memory");
    cJSON_Delete(args);
}

static void get(struct sk_call *call, const char *name, const char *argument)
{
    cJSON *args = cJSON_CreateObject();
    if (args && cJSON_AddStringToObject(args, argument, call->args[0]))
        ask(call, name, args, true);
    else
        sk_reply_problem(call, 500, "nomem", "out of memory");
    cJSON_Delete(args);
}

void sk_handle_get_people(struct sk_call *call)
{
    list(call, "person.list");
}
void sk_handle_get_person(struct sk_call *call)
{
    get(call, "person.get", "person");
}
void sk_handle_post_person(struct sk_call *call)
{
    ask(call, "person.create", call->body, false);
}
void sk_handle_get_credentials(struct sk_call *call)
{
    list(call, "credential.list");
}
void sk_handle_get_credential(struct sk_call *call)
{
    get(call, "credential.get", "credential");
}
void sk_handle_post_credential(struct sk_call *call)
{
    ask(call, "credential.issue", call->body, false);
}
void sk_handle_get_authorizations(struct sk_call *call)
{
    list(call, "authorization.list");
}
void sk_handle_get_authorization(struct sk_call *call)
{
    get(call, "authorization.get", "authorization");
}
void sk_handle_post_authorization(struct sk_call *call)
{
    ask(call, "authorization.grant", call->body, false);
}
