/* SPDX-License-Identifier: Apache-2.0 */
/* GET /events: Server-Sent Events, resumed by Last-Event-ID or ?after=. */
#include <string.h>

#include "dashboard-api/handlers.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"

void sk_events_describe(void *context, struct sk_out *out)
{
    struct sk_app *app = context;
    struct sk_mirror_state state;
    sk_mirror_state(app->mirror, &state);
    sk_out_put(out, "{\"record\":\"");
    if (state.has_record)
        sk_out_format(out, "%llu", (unsigned long long)state.record);
    sk_out_put(out, state.connected ? "\",\"connected\":true}" : "\",\"connected\":false}");
}

/* A reconnecting browser sends the field by itself and keeps the first URL, so the field is the newer of the two. */
static bool read_after(struct sk_call *call, bool *ret_resume, uint64_t *ret_after)
{
    const char *text = sk_http_field(call->http, "Last-Event-ID");
    int64_t value = 0;
    if (!text)
        text = sk_target_param(call->target, "after");
    *ret_resume = text && text[0] != '\0';
    if (*ret_resume && !sk_int_read(text, 0, INT64_MAX - 1, &value)) {
        sk_reply_problem(call, 400, "parse", "after, Last-Event-ID: expected the number of a record");
        return false;
    }
    *ret_after = (uint64_t)value;
    return true;
}

void sk_handle_get_events(struct sk_call *call)
{
    bool resume;
    uint64_t after;
    struct sk_http_source source;
    if (strcmp(sk_http_method(call->http), "HEAD") == 0)
        return sk_reply_problem_with(call, 405, "method", "a stream has no HEAD", "Allow", "GET");
    if (!read_after(call, &resume, &after))
        return;
    enum sk_err err = sk_live_open(call->app->live, &call->who, resume, after, &source);
    if (err == SK_ERR_FULL)
        return sk_reply_problem(call, 429, "full", "this account has 16 streams open");
    if (err != SK_OK || !sk_http_stream(call->http, &source))
        return sk_reply_problem(call, 503, "nomem", "out of memory");
    atomic_fetch_add(&call->app->answers[2], 1);
}
