/* SPDX-License-Identifier: Apache-2.0 */
/* GET, POST, DELETE /session: who am I, sign in with a token, sign out. The cookie holds the session's secret and nothing else.
 */
#include <string.h>

#include "dashboard-api/auth.h"
#include "dashboard-api/handlers.h"
#include "dashboard-api/rate.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"

#define COOKIE_RULES "; Secure; HttpOnly; SameSite=Strict; Path=/"

void sk_handle_get_session(struct sk_call *call)
{
    struct sk_out out = {0};
    char csrf[SK_CSRF_TEXT];
    sk_auth_csrf(call->app->auth, &call->who, csrf);
    sk_out_put(&out, "{\"account\":");
    sk_out_json_text(&out, call->who.account);
    sk_out_put(&out, ",\"roles\":[");
    const char *comma = "";
    for (int role = 0; role < 16; role++) {
        if (!(call->who.roles & (1u << role)))
            continue;
        sk_out_put(&out, comma);
        sk_out_json_text(&out, sk_role_name(role));
        comma = ",";
    }
    sk_out_put(&out, "],\"kind\":");
    sk_out_json_text(&out, call->who.cookie ? "session" : "token");
    sk_out_put(&out, ",\"csrf\":");
    sk_out_json_text(&out, csrf);
    sk_out_put(&out, "}");
    sk_reply_out(call, &out);
}

static const char *read_token(struct sk_call *call)
{
    const char *token = sk_json_text(sk_json_get(call->body, "token"));
    if (token && cJSON_GetArraySize(call->body) == 1 && strlen(token) < SK_IDENTITY_SECRET)
        return token;
    sk_reply_problem(call, 400, "parse", "expected {\"token\": \"skt_…\"}");
    return NULL;
}

/* The collector's answer goes on without the secret, which goes into the cookie, and with the CSRF token beside it. */
static void answer_opened(struct sk_call *call, cJSON *result)
{
    const char *secret = sk_json_text(sk_json_get(result, "secret"));
    struct sk_identity who = {.cookie = true};
    char cookie[SK_IDENTITY_SECRET + 80], csrf[SK_CSRF_TEXT];
    if (!secret || !sk_text_copy(who.secret, sizeof who.secret, secret) ||
        !sk_text_format(cookie, sizeof cookie, "__Host-sid=%s" COOKIE_RULES, secret))
        return sk_reply_problem(call, 503, "protocol", "the collector opened no session");
    sk_auth_csrf(call->app->auth, &who, csrf);
    cJSON_DeleteItemFromObjectCaseSensitive(result, "secret");
    cJSON_AddStringToObject(result, "csrf", csrf);
    struct sk_out out = {0};
    sk_out_json(&out, result);
    struct sk_http_answer answer = {.status = 200,
                                    .type = "application/json",
                                    .bytes = out.bad ? "{}" : out.text,
                                    .length = out.bad ? 2 : out.length,
                                    .fields = {{"Set-Cookie", cookie}}};
    sk_reply(call, &answer);
    sk_out_release(&out);
    explicit_bzero(cookie, sizeof cookie);
    explicit_bzero(&who, sizeof who);
}

void sk_handle_post_session(struct sk_call *call)
{
    const char *token = read_token(call);
    if (!token)
        return;
    struct sk_fault fault = {0};
    struct sk_command command = {
        .name = "session.open", .secret = token, .address = sk_http_peer(call->http), .repeatable = true};
    cJSON *result = NULL;
    const int64_t now_us = sk_clock_mono_us();
    uint32_t wait_s = 0;
    if (!sk_rate_may(call->app->sign_ins, sk_http_peer(call->http), now_us, &wait_s))
        return sk_reply_too_many(call, "too many failed sign-ins from this address; wait", wait_s);
    const enum sk_err err = sk_control_call(call->app->control, &command, &result, &fault);
    if (err == SK_ERR_UNAUTHENTICATED)
        sk_rate_count(call->app->sign_ins, sk_http_peer(call->http), now_us);
    if (err != SK_OK)
        return sk_reply_fault(call, &fault);
    answer_opened(call, result);
    cJSON_Delete(result);
}

void sk_handle_delete_session(struct sk_call *call)
{
    struct sk_fault fault = {0};
    if (!call->who.cookie)
        return sk_reply_problem(call, 400, "invalid", "a bearer token has no session to close");
    struct sk_command command = {
        .name = "session.close", .secret = call->who.secret, .address = sk_http_peer(call->http), .repeatable = true};
    if (sk_control_call(call->app->control, &command, NULL, &fault) != SK_OK)
        return sk_reply_fault(call, &fault);
    sk_auth_forget(call->app->auth, &call->who.mark);
    sk_live_end(call->app->live, &call->who.mark);
    sk_reply(call, &(struct sk_http_answer){.status = 200,
                                            .type = "application/json",
                                            .bytes = "{}",
                                            .length = 2,
                                            .fixed = true,
                                            .fields = {{"Set-Cookie", "__Host-sid=; Max-Age=0" COOKIE_RULES}}});
}
