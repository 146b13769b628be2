/* SPDX-License-Identifier: Apache-2.0 */
/* GET /points/{device}/{point}/history: straight from history.db, read-only; the answer says its resolution and its coverage.
 */
#include <math.h>
#include <string.h>

#include "dashboard-api/handlers.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/model/vocab.h"

enum { POINT_ID_MAX = 256 };
#define HOUR_US (INT64_C(3600) * 1000000)

static const char *const RESOLUTION[SK_TIER_COUNT] = {"raw", "1m", "15m", "1d"};

static bool read_resolution(struct sk_call *call, int *ret_tier)
{
    const char *word = sk_target_param(call->target, "resolution");
    *ret_tier = SK_TIER_AUTO;
    if (!word || strcmp(word, "auto") == 0)
        return true;
    for (int tier = 0; tier < SK_TIER_COUNT; tier++)
        if (strcmp(word, RESOLUTION[tier]) == 0) {
            *ret_tier = tier;
            return true;
        }
    sk_reply_problem(call, 400, "parse", "resolution: expected auto, raw, 1m, 15m or 1d");
    return false;
}

static bool read_range(struct sk_call *call, struct sk_history_query *query)
{
    if (!sk_param_time(call, "from", &query->from_us) || !sk_param_time(call, "to", &query->to_us))
        return false;
    if (query->to_us == 0)
        query->to_us = sk_clock_read().utc_us + 1;
    if (query->from_us == 0)
        query->from_us = query->to_us > HOUR_US ? query->to_us - HOUR_US : 0;
    if (query->from_us < query->to_us)
        return true;
    sk_reply_problem(call, 400, "range", "from: expected a time before to");
    return false;
}

static void put_number(struct sk_out *out, const char *name, double value, bool known)
{
    if (known && isfinite(value))
        sk_out_format(out, ",\"%s\":%.15g", name, value);
    else
        sk_out_format(out, ",\"%s\":null", name);
}

static void put_item(struct sk_out *out, const struct sk_history_item *item, int tier, bool first)
{
    char time[SK_TIME_TEXT];
    const bool raw = tier == SK_TIER_RAW;
    const bool known = raw || item->good_ms + item->uncertain_ms > 0;
    sk_time_format(time, item->time_us);
    sk_out_format(out, "%s{\"time\":\"%s\"", first ? "" : ",", time);
    put_number(out, "min", item->min, known);
    put_number(out, "max", item->max, known);
    put_number(out, "mean", item->mean, known);
    put_number(out, "last", item->last, known);
    if (raw)
        sk_out_format(out, ",\"quality\":\"%s\"}", sk_quality_name(item->quality));
    else
        sk_out_format(out, ",\"count\":%u}", item->count);
}

/* Values that overlap at the edges never make more than the whole. */
static void put_coverage(struct sk_out *out, const struct sk_history_query *query, const struct sk_history_answer *answer)
{
    const int64_t end_us = answer->next_us != 0 ? answer->next_us : query->to_us;
    const double sum = (double)answer->good_ms + (double)answer->uncertain_ms + (double)answer->bad_ms;
    const double span = fmax((double)(end_us - query->from_us) / 1000, fmax(sum, 1));
    sk_out_format(out, "\"coverage\":{\"good\":%.6g,\"uncertain\":%.6g,\"bad\":%.6g,\"none\":%.6g}",
                  (double)answer->good_ms / span, (double)answer->uncertain_ms / span, (double)answer->bad_ms / span,
                  fmax(0, 1 - sum / span));
}

static void reply_answer(struct sk_call *call, const struct sk_history_query *query, const struct sk_history_answer *answer)
{
    struct sk_out out = {0};
    char time[SK_TIME_TEXT];
    sk_out_put(&out, "{\"items\":[");
    for (size_t i = 0; i < answer->count && !out.bad; i++)
        put_item(&out, &answer->items[i], answer->tier, i == 0);
    sk_out_format(&out, "],\"resolution\":\"%s\",", RESOLUTION[answer->tier]);
    put_coverage(&out, query, answer);
    sk_time_format(time, answer->next_us);
    sk_out_format(&out, ",\"damaged\":%u", answer->damaged);
    sk_out_format(&out, answer->next_us != 0 ? ",\"next\":\"%s\"}" : ",\"next\":null}", time);
    sk_reply_open(call, &out, NULL, 0);
}

void sk_handle_get_history(struct sk_call *call)
{
    char id[POINT_ID_MAX];
    struct sk_history_query query = {.point = id};
    struct sk_history_answer answer;
    struct sk_history *history;
    struct sk_fault fault = {0};
    if (!read_resolution(call, &query.tier) || !read_range(call, &query) || !sk_param_limit(call, &query.limit))
        return;
    if (!sk_text_format(id, sizeof id, "%s/%s", call->args[0], call->args[1]))
        return sk_reply_problem(call, 404, "not_found", "there is no such point");
    enum sk_err err = sk_app_history(call->app, &history, &fault);
    if (err != SK_OK) {
        fault.code =
            err == SK_ERR_NOT_FOUND ? SK_ERR_BUSY : err; /* a point may be missing; the history itself is only not there yet */
        return sk_reply_fault(call, &fault);
    }
    err = sk_history_read(history, &query, &answer);
    if (err == SK_ERR_NOT_FOUND)
        return sk_reply_problem(call, 404, "not_found", "nothing was kept of such a point");
    if (err != SK_OK) {
        sk_app_history_drop(call->app);
        sk_fault_set(&fault, err, "the history cannot be read");
        return sk_reply_fault(call, &fault);
    }
    reply_answer(call, &query, &answer);
    sk_history_answer_free(&answer);
}
