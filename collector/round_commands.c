/* SPDX-License-Identifier: Apache-2.0 */
/* The rounds that patrol plans in force ask for, a day back and a day ahead or as asked, with what became of each. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/model/patrol.h"

enum { PAGE_MAX = 100, BACK_DAYS = SK_REGISTERS_KEEP_DAYS - 1, AHEAD_DAYS = 31 };
#define DAY_US (INT64_C(86400) * SK_US_PER_S)

struct page {
    cJSON *items;
    uint64_t from, seen; /* rounds in the order of plans, then of time */
    int64_t most;
};

static void add_missing(cJSON *item, const struct sk_round *round)
{
    struct sk_field_value value;
    const char *text;
    size_t length, cursor = 0;
    cJSON *missing = cJSON_AddArrayToObject(item, "missing");
    if (!sk_entry_field(round->plan, SK_F_PATROL_PLAN_CHECKPOINTS, SK_NEVER, &value))
        return;
    for (int place = 0; place < SK_PATROL_POINTS_MAX && sk_value_item(&value, &cursor, &text, &length); place++) {
        char name[SK_FIELD_ITEM_MAX + 1];
        sk_text_format(name, sizeof name, "%.*s", (int)length, text);
        if ((round->missing >> place & 1) != 0)
            cJSON_AddItemToArray(missing, cJSON_CreateString(name));
    }
}

static cJSON *show(const struct sk_round *round)
{
    char title[128] = "";
    cJSON *item = cJSON_CreateObject();
    (void)sk_entry_text(round->plan, SK_F_PATROL_PLAN_TITLE, SK_NEVER, title, sizeof title);
    cJSON_AddStringToObject(item, "plan", round->plan->id);
    cJSON_AddStringToObject(item, "title", title);
    sk_json_add_time(item, "due", round->due_us);
    sk_json_add_time(item, "latest", round->due_us + round->tolerance_us);
    cJSON_AddStringToObject(item, "state", sk_round_state_name(round->state));
    cJSON *text = cJSON_AddObjectToObject(item, "text");
    cJSON_AddStringToObject(text, "ja", sk_round_state_text(round->state, SK_LANG_JA));
    cJSON_AddStringToObject(text, "en", sk_round_state_text(round->state, SK_LANG_EN));
    if (round->entry != NULL)
        cJSON_AddStringToObject(item, "round", round->entry->id);
    else
        cJSON_AddNullToObject(item, "round");
    if (round->begun_us != 0)
        sk_json_add_time(item, "begun", round->begun_us);
    add_missing(item, round);
    return item;
}

static bool add(void *context, const struct sk_round *round)
{
    struct page *page = context;
    if (page->seen >= page->from && cJSON_GetArraySize(page->items) >= page->most)
        return false;
    if (page->seen++ >= page->from)
        cJSON_AddItemToArray(page->items, show(round));
    return true;
}

/* A time argument, or the default; false: refused already. */
static bool read_border(struct request *request, const char *name, int64_t *border_us)
{
    const int64_t now_us = request->now->utc_us;
    const char *text = sk_request_text(request, name, false, 40);
    if (text == NULL)
        return false;
    if ((text[0] == '\0' || sk_time_parse(text, border_us)) && *border_us >= now_us - BACK_DAYS * DAY_US &&
        *border_us <= now_us + AHEAD_DAYS * DAY_US)
        return true;
    sk_request_refuse(request, SK_ERR_PARSE,
                      "since, until: times (RFC 3339), at most 6 days back and 31 ahead; older rounds stand in the register");
    return false;
}

enum sk_err sk_run_round_list(struct request *request)
{
    const struct sk_command_floor *floor = request->floor;
    const cJSON *cursor = sk_json_get(request->args, "cursor"), *limit = sk_json_get(request->args, "limit");
    int64_t since_us = request->now->utc_us - DAY_US, until_us = request->now->utc_us + DAY_US;
    struct page page = {.most = PAGE_MAX};
    if ((cursor != NULL && !sk_json_u64(cursor, &page.from)) ||
        (limit != NULL && (!sk_json_i64(limit, &page.most) || page.most < 1)))
        return sk_request_refuse(request, SK_ERR_PARSE, "cursor and limit are numbers");
    if (!read_border(request, "since", &since_us) || !read_border(request, "until", &until_us))
        return request->answer->err;
    page.most = page.most > PAGE_MAX ? PAGE_MAX : page.most;
    cJSON *result = request->answer->result = cJSON_CreateObject();
    page.items = cJSON_AddArrayToObject(result, "items");
    const struct sk_patrol_world world = {sk_engine_registers(floor->engine), sk_engine_roster(floor->engine), floor->zone,
                                          request->now->utc_us};
    const struct sk_entry *plan;
    size_t at = 0;
    while (page.items != NULL && (plan = sk_registers_next(world.registers, SK_REGISTER_PATROL_PLAN, &at)) != NULL)
        sk_patrol_walk(&world, plan, since_us, until_us, add, &page);
    if (cJSON_GetArraySize(page.items) >= page.most)
        sk_json_add_u64(result, "next", page.seen);
    else
        cJSON_AddNullToObject(result, "next");
    return SK_OK;
}
