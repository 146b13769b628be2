/* SPDX-License-Identifier: Apache-2.0 */
/* The registers: permits, visits, goods and the rest by one set of handlers. The first word of the path says which registers
 * are meant; the collector checks the act, the roles and the document, and its faults travel on as they are. */
#include <string.h>

#include "dashboard-api/ask.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"

enum { WORD_SEGMENT = 2 }; /* api, v1, WORD */

/* Asks with the arguments and the path's word; takes the arguments in any case. good: they are complete. */
static void ask(struct sk_call *call, const char *name, cJSON *args, bool good, bool repeatable)
{
    if (good && args && cJSON_AddStringToObject(args, "path", call->target->segments[WORD_SEGMENT]))
        sk_ask(call, name, args, repeatable);
    else
        sk_reply_problem(call, 500, "nomem", "out of memory");
    cJSON_Delete(args);
}

/* Takes the named members of the body along; others are refused. */
static bool take(struct sk_call *call, cJSON *args, const char *const *names, size_t count)
{
    char detail[160];
    for (size_t i = 0; i < count; i++) {
        cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(call->body, names[i]);
        if (item)
            cJSON_AddItemToObject(args, names[i], item);
    }
    const cJSON *rest = call->body->child;
    if (!rest)
        return true;
    sk_text_format(detail, sizeof detail, "unknown member '%.64s'", rest->string);
    sk_reply_problem(call, 400, "parse", detail);
    return false;
}

static void post(struct sk_call *call, const char *name, const char *const *names, size_t count, bool on_entry)
{
    cJSON *args = cJSON_CreateObject();
    if (args && !take(call, args, names, count)) {
        cJSON_Delete(args);
        return;
    }
    bool good = args != NULL;
    if (good && on_entry)
        good = cJSON_AddStringToObject(args, "entry", call->args[0]) && cJSON_AddStringToObject(args, "act", call->args[1]);
    ask(call, name, args, good, false);
}

void sk_handle_post_register(struct sk_call *call)
{
    static const char *const names[] = {"register", "act", "fields", "reason"};
    post(call, "register.act", names, sizeof names / sizeof *names, false);
}

void sk_handle_post_register_act(struct sk_call *call)
{
    static const char *const names[] = {"fields", "reason"};
    post(call, "register.act", names, sizeof names / sizeof *names, true);
}

void sk_handle_post_register_import(struct sk_call *call)
{
    static const char *const names[] = {"register", "csv", "dry_run", "reason"};
    post(call, "register.import", names, sizeof names / sizeof *names, false);
}

void sk_handle_post_register_erase(struct sk_call *call)
{
    static const char *const names[] = {"reason"};
    cJSON *args = cJSON_CreateObject();
    if (args && !take(call, args, names, sizeof names / sizeof *names)) {
        cJSON_Delete(args);
        return;
    }
    ask(call, "register.erase", args, args && cJSON_AddStringToObject(args, "entry", call->args[0]), false);
}

void sk_handle_get_register(struct sk_call *call)
{
    cJSON *args = cJSON_CreateObject();
    ask(call, "register.get", args, args && cJSON_AddStringToObject(args, "entry", call->args[0]), true);
}

void sk_handle_get_registers(struct sk_call *call)
{
    static const char *const names[] = {"register", "state", "cursor"};
    uint32_t limit;
    if (!sk_param_limit(call, &limit))
        return;
    cJSON *args = cJSON_CreateObject();
    bool good = args && cJSON_AddNumberToObject(args, "limit", limit);
    for (size_t i = 0; good && i < sizeof names / sizeof *names; i++) {
        const char *value = sk_target_param(call->target, names[i]);
        good = !value || cJSON_AddStringToObject(args, names[i], value);
    }
    const char *open = sk_target_param(call->target, "open");
    if (open && strcmp(open, "true") != 0 && strcmp(open, "false") != 0) {
        cJSON_Delete(args);
        return sk_reply_problem(call, 400, "parse", "open: expected true or false");
    }
    good = good && cJSON_AddBoolToObject(args, "open", open && open[0] == 't');
    ask(call, "register.list", args, good, true);
}
