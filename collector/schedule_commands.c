/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules: days and hours in words, as ranges of minutes. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"};

static bool read_days(const cJSON *list, uint16_t *ret_days)
{
    const cJSON *item;
    unsigned days = 0;
    cJSON_ArrayForEach(item, list)
    {
        unsigned bit = 0;
        for (unsigned i = 0; i < sizeof day_words / sizeof *day_words; i++)
            if (cJSON_IsString(item) && strcmp(item->valuestring, day_words[i]) == 0)
                bit = 1u << i;
        if (bit == 0)
            return false;
        days |= bit;
    }
    *ret_days = (uint16_t)days;
    return cJSON_IsArray(list) && days != 0;
}

static bool read_minute(const cJSON *item, uint16_t *ret_minute)
{
    const char *text = sk_json_text(item);
    if (text == NULL || strlen(text) != 5 || text[2] != ':')
        return false;
    for (size_t i = 0; i < 5; i++)
        if (i != 2 && (text[i] < '0' || text[i] > '9'))
            return false;
    const int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    *ret_minute = (uint16_t)(hour * 60 + minute);
    return minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
}

static bool read_ranges(const cJSON *list, struct sk_schedule *schedule)
{
    const cJSON *item;
    schedule->count = 0;
    cJSON_ArrayForEach(item, list)
    {
        uint16_t days, from, to;
        if (schedule->count == SK_RANGES_MAX || !read_days(sk_json_get(item, "days"), &days) ||
            !read_minute(sk_json_get(item, "from"), &from) || !read_minute(sk_json_get(item, "to"), &to) || from >= to)
            return false;
        schedule->ranges[schedule->count].days = days;
        schedule->ranges[schedule->count].from_min = from;
        schedule->ranges[schedule->count++].to_min = to;
    }
    return cJSON_IsArray(list) && schedule->count > 0;
}

static bool is_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

enum sk_err sk_run_schedule_put(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_SCHEDULE_PUT};
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const char *id = sk_request_text(request, "schedule", true, 32);
    if (id == NULL || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    if (!is_word(id) || strcmp(id, "always") == 0)
        return sk_request_refuse(request, SK_ERR_PARSE, "schedule: small letters, digits, - and _; 'always' is fixed");
    if (!read_ranges(sk_json_get(request->args, "ranges"), &change.schedule))
        return sk_request_refuse(
            request, SK_ERR_PARSE,
            "ranges: expected 1 to 32 of {\"days\":[\"mon\",..,\"holiday\"],\"from\":\"08:00\",\"to\":\"24:00\"}");
    sk_text_copy(change.entity, sizeof change.entity, id);
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "schedule", change.entity) : err;
}
