/* SPDX-License-Identifier: Apache-2.0 */
/* Who is inside, and the muster. The collector answers in lines of 64 KiB; a page of up to 1 000 rows is put together here from
 * as many of its pages as that takes, so that a browser has a whole building in a few requests. */
#include <string.h>

#include "dashboard-api/ask_rows.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"

static enum sk_err ask(struct sk_call *call, const char *name, cJSON *args, bool repeatable, cJSON **ret_result,
                       struct sk_fault *fault)
{
    const struct sk_command command = {
        .name = name, .secret = call->who.secret, .address = sk_http_peer(call->http), .args = args, .repeatable = repeatable};
    *ret_result = NULL;
    return sk_control_call(call->app->control, &command, ret_result, fault);
}

static void answer(struct sk_call *call, enum sk_err err, cJSON *result, const struct sk_fault *fault)
{
    struct sk_out out = {0};
    if (err != SK_OK)
        sk_reply_fault(call, fault);
    else {
        sk_out_json(&out, result);
        sk_reply_out(call, &out);
    }
    cJSON_Delete(result);
}

/* --- lists --- */

static bool replace(cJSON *object, const char *name, cJSON *item)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    return item && cJSON_AddItemToObject(object, name, item);
}

/* Moves the rows of one page behind those there are, and its `next`. */
static enum sk_err join(cJSON *whole, cJSON *page)
{
    cJSON *to = cJSON_GetObjectItemCaseSensitive(whole, "items"), *from = cJSON_GetObjectItemCaseSensitive(page, "items"),
          *item;
    while (to && from && (item = cJSON_DetachItemFromArray(from, 0)))
        cJSON_AddItemToArray(to, item);
    cJSON *next = cJSON_DetachItemFromObjectCaseSensitive(page, "next");
    return to && from && replace(whole, "next", next) ? SK_OK : SK_ERR_PROTOCOL;
}

static bool set_arguments(cJSON *args, const char *cursor, uint32_t left)
{
    return (!cursor || replace(args, "cursor", cJSON_CreateString(cursor))) && replace(args, "limit", cJSON_CreateNumber(left));
}

static enum sk_err collect(struct sk_call *call, const char *name, cJSON *args, uint32_t limit, cJSON **ret_whole,
                           struct sk_fault *fault)
{
    cJSON *page = NULL;
    const char *cursor = sk_target_param(call->target, "cursor");
    uint32_t left = limit;
    enum sk_err err = SK_OK;
    do {
        err = set_arguments(args, cursor, left) ? ask(call, name, args, true, &page, fault)
                                                : sk_fault_set(fault, SK_ERR_NOMEM, "out of memory");
        if (err == SK_OK && *ret_whole) {
            err = join(*ret_whole, page);
            cJSON_Delete(page);
        } else if (err == SK_OK) {
            *ret_whole = page;
        }
        page = NULL;
        const cJSON *items = sk_json_get(*ret_whole, "items");
        const uint32_t got = items ? (uint32_t)cJSON_GetArraySize(items) : limit;
        left = got < limit ? limit - got : 0;
        cursor = sk_json_text(sk_json_get(*ret_whole, "next"));
    } while (err == SK_OK && left > 0 && cursor);
    return err == SK_ERR_PROTOCOL ? sk_fault_set(fault, err, "the collector's answer cannot be used") : err;
}

static void list(struct sk_call *call, const char *name)
{
    struct sk_fault fault = {0};
    cJSON *whole = NULL, *args = cJSON_CreateObject();
    const char *zone = sk_target_param(call->target, "zone");
    uint32_t limit;
    if (sk_param_limit(call, &limit)) {
        enum sk_err err = args && (!zone || cJSON_AddStringToObject(args, "zone", zone))
                              ? collect(call, name, args, limit, &whole, &fault)
                              : sk_fault_set(&fault, SK_ERR_NOMEM, "out of memory");
        answer(call, err, whole, &fault);
    }
    cJSON_Delete(args);
}

void sk_handle_get_occupancy(struct sk_call *call)
{
    list(call, "occupancy.list");
}
void sk_handle_get_muster(struct sk_call *call)
{
    list(call, "muster.list");
}

/* --- acts --- */

A(post_correct, "occupancy.correct", "person")
A(post_forgive, "occupancy.forgive", "person")
P(post_muster, "muster.start")
P(post_muster_seen, "muster.seen")
P(post_muster_unseen, "muster.unseen")
P(post_muster_end, "muster.end")
