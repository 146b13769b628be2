/* SPDX-License-Identifier: Apache-2.0 */
/* The way of one request, step by step; the first step that says no has answered. */
#include "dashboard-api/routes.h"

#include <string.h>
#include <strings.h>

#include "dashboard-api/auth.h"
#include "dashboard-api/handlers.h"
#include "dashboard-api/rate.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/model/vocab.h"

#define PUBLIC ""

static const struct route {
    const char *method, *pattern, *act;
    void (*handle)(struct sk_call *call);
    const char *parameters;
} routes[] = {
#define R(method, pattern, act, handler, parameters) {method, pattern, act, sk_handle_##handler, parameters},
#include "dashboard-api/routes.def"
#undef R
};
enum { ROUTES = sizeof routes / sizeof routes[0] };

/* Does the target lie on the pattern? Fills the {…} arguments. */
static bool match(const char *pattern, const struct sk_target *target, const char *args[SK_CALL_ARGS])
{
    size_t arg = 0, segment = 0;
    for (const char *at = pattern + 1; *at; segment++) {
        size_t length = strcspn(at, "/");
        if (segment == target->segment_count)
            return false;
        const char *given = target->segments[segment];
        if (at[0] == '{')
            args[arg++] = given;
        else if (strlen(given) != length || memcmp(given, at, length) != 0)
            return false;
        at += length + (at[length] == '/');
    }
    return segment == target->segment_count;
}

static bool is_method(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 || (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void answer_no_route(struct sk_call *call)
{
    struct sk_out allow = {0};
    const char *args[SK_CALL_ARGS];
    for (size_t i = 0; i < ROUTES; i++) {
        if (!match(routes[i].pattern, call->target, args))
            continue;
        sk_out_put(&allow, allow.length > 0 ? ", " : "");
        sk_out_put(&allow, strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method);
    }
    if (allow.length > 0 && !allow.bad)
        sk_reply_problem_with(call, 405, "method", "see Allow for what this path takes", "Allow", allow.text);
    else
        sk_reply_problem(call, 404, "not_found", "there is nothing under this path");
    sk_out_release(&allow);
}

/* Before anything is asked of anybody: what comes too fast from one address costs a look into a table. */
static bool check_address_rate(struct sk_call *call)
{
    uint32_t wait_s = 0;
    if (sk_rate_take(call->app->by_address, sk_http_peer(call->http), sk_clock_mono_us(), &wait_s))
        return true;
    sk_reply_too_many(call, "too many requests from this address; wait", wait_s);
    return false;
}

/* By account and not by session: whoever may open a session may open many. */
static bool check_account_rate(struct sk_call *call)
{
    uint32_t wait_s = 0;
    if (call->who.account[0] == '\0' || sk_rate_take(call->app->by_account, call->who.account, sk_clock_mono_us(), &wait_s))
        return true;
    sk_reply_too_many(call, "too many requests of this account; wait", wait_s);
    return false;
}

static bool check_identity(struct sk_call *call, const struct route *route)
{
    bool public = route->act[0] == '\0';
    bool unsafe = strcmp(route->method, "GET") != 0;
    struct sk_fault fault = {0};
    if (!public && sk_auth_identify(call->app->auth, call->http, &call->who, &fault) != SK_OK) {
        sk_reply_fault(call, &fault);
        return false;
    }
    const char *why = unsafe ? sk_auth_unsafe(call->app->auth, call->http, public ? NULL : &call->who) : NULL;
    if (why) {
        sk_reply_problem(call, 403, "csrf", why);
        return false;
    }
    if (!public && !sk_permission(route->act, call->who.roles)) {
        char detail[96];
        sk_text_format(detail, sizeof detail, "no role of yours may do '%s'", route->act);
        sk_reply_problem(call, 403, "denied", detail);
        return false;
    }
    return true;
}

static bool check_parameters(struct sk_call *call, const struct route *route)
{
    const char *unknown = sk_target_unknown(call->target, route->parameters);
    if (!unknown)
        return true;
    char detail[256];
    sk_text_format(detail, sizeof detail, "unknown parameter '%.64s'; expected %s", unknown,
                   route->parameters[0] ? route->parameters : "none");
    sk_reply_problem(call, 400, "parse", detail);
    return false;
}

static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";
    if (!type || strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    const char *rest = type + sizeof json - 1;
    rest += strspn(rest, " \t");
    return *rest == '\0' || (*rest == ';' && strcasecmp(rest + 1 + strspn(rest + 1, " \t"), "charset=utf-8") == 0);
}

static bool take_body(struct sk_call *call, const struct route *route)
{
    if (strcmp(route->method, "POST") != 0)
        return true;
    if (!is_json_type(sk_http_field(call->http, "Content-Type"))) {
        sk_reply_problem(call, 415, "media_type", "Content-Type must be application/json");
        return false;
    }
    size_t length;
    const char *text = sk_http_body(call->http, &length);
    struct sk_fault fault = {0};
    enum sk_err err = sk_json_parse(text ? text : "", length, &SK_JSON_REQUEST, &call->body, &fault);
    if (err == SK_OK && !cJSON_IsObject(call->body))
        err = sk_fault_set(&fault, SK_ERR_PARSE, "expected a JSON object");
    if (err != SK_OK)
        sk_reply_fault(call, &fault);
    return err == SK_OK;
}

static void serve(struct sk_call *call, const struct route *route)
{
    if (check_identity(call, route) && check_account_rate(call) && check_parameters(call, route) && take_body(call, route))
        route->handle(call);
}

void sk_routes_handle(struct sk_app *app, struct sk_http_request *request)
{
    struct sk_call call = {.app = app, .http = request, .target = sk_http_target(request)};
    const struct route *found = NULL;
    if (!check_address_rate(&call))
        return;
    for (size_t i = 0; i < ROUTES && !found; i++)
        if (is_method(&routes[i], sk_http_method(request)) && match(routes[i].pattern, call.target, call.args))
            found = &routes[i];
    if (found)
        serve(&call, found);
    else
        answer_no_route(&call);
    cJSON_Delete(call.body);
    explicit_bzero(&call.who, sizeof call.who);
}

void sk_routes_print(FILE *to)
{
    for (size_t i = 0; i < ROUTES; i++)
        fprintf(to, "%s %s %s\n", routes[i].method, routes[i].pattern, routes[i].act[0] ? routes[i].act : "public");
}
