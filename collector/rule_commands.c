/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that set the rules of zones, of doors and of the ways between zones. What a command does not say of a zone stays as
 * it is; each number has its bounds in one table. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

static int read_word(struct request *request, const char *name, const char *const *words, int count, int otherwise)
{
    const char *word = sk_request_text(request, name, false, 16);
    if (word == NULL)
        return -1;
    if (word[0] == '\0')
        return otherwise;
    for (int i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

/* A whole number within its bounds; what is missing stays. False: refused. */
static bool read_count(struct request *request, const char *name, int64_t least, int64_t most, int64_t *value)
{
    char detail[96];
    const cJSON *item = sk_json_get(request->args, name);
    int64_t number = *value;
    if (item == NULL)
        return true;
    if (sk_json_i64(item, &number) && number >= least && number <= most) {
        *value = number;
        return true;
    }
    sk_text_format(detail, sizeof detail, "%s: a whole number from %lld to %lld", name, (long long)least, (long long)most);
    sk_request_refuse(request, SK_ERR_PARSE, detail);
    return false;
}

static struct sk_zone_rule rule_now(const struct request *request, const struct sk_zone_info *info)
{
    char entity[SK_ENTITY_MAX];
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    sk_text_format(entity, sizeof entity, "zone:%u", info->number);
    const struct sk_roster_change *there = sk_roster_get(&view, SK_EV_ZONE_RULE, entity);
    return there != NULL ? there->zone : (struct sk_zone_rule){.zone = info->number, .class_ = (uint8_t)info->class_};
}

static bool read_numbers(struct request *request, struct sk_zone_rule *rule)
{
    int64_t passback_s = rule->passback_s, people_min = rule->people_min, together_s = rule->together_s,
            occ_min = rule->occ_min, occ_max = rule->occ_max;
    if (!read_count(request, "passback_s", 0, 604800, &passback_s) || !read_count(request, "people_min", 0, 20, &people_min) ||
        !read_count(request, "together_s", 0, SK_TOGETHER_MAX_S, &together_s) ||
        !read_count(request, "occupancy_min", 0, 10000, &occ_min) || !read_count(request, "occupancy_max", 0, 10000, &occ_max))
        return false;
    rule->passback_s = (uint32_t)passback_s;
    rule->people_min = (uint8_t)people_min;
    rule->together_s = (uint32_t)together_s;
    rule->occ_min = (uint16_t)occ_min;
    rule->occ_max = (uint16_t)occ_max;
    const int64_t least = people_min > occ_min ? people_min : occ_min;
    if (occ_max > 0 && occ_max < least) {
        sk_request_refuse(request, SK_ERR_PARSE, "occupancy_max: not below occupancy_min and people_min");
        return false;
    }
    return true;
}

static bool read_rule(struct request *request, struct sk_zone_rule *rule)
{
    static const char *const passbacks[] = {"none", "soft", "hard", "timed"};
    static const char *const papers[] = {"listed", "required", "none"};
    const int passback = read_word(request, "passback", passbacks, 4, rule->passback);
    const int paper = passback >= 0 ? read_word(request, "papers", papers, 3, rule->papers) : -1;
    if (passback < 0 || paper < 0) {
        sk_request_refuse(request, SK_ERR_PARSE, "passback: none, soft, hard or timed; papers: listed, required or none");
        return false;
    }
    rule->passback = (uint8_t)passback;
    rule->papers = (uint8_t)paper;
    return read_numbers(request, rule);
}

enum sk_err sk_run_zone_rule(struct request *request)
{
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const char *zone = sk_request_text(request, "zone", true, 64);
    if (zone == NULL)
        return request->answer->err;
    struct sk_roster_change change = {.ev = SK_EV_ZONE_RULE};
    const int32_t index = sk_site_zone(request->floor->site, zone);
    if (index < 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "zone: the site has none of that id");
    const struct sk_zone_info *info = &request->floor->site->zones[index];
    change.zone = rule_now(request, info);
    sk_text_format(change.entity, sizeof change.entity, "zone:%u", info->number);
    if (!read_rule(request, &change.zone) || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "rule", change.entity) : err;
}

static bool read_way(struct request *request, struct sk_roster_change *change)
{
    const struct sk_site *site = request->floor->site;
    const char *door = sk_request_text(request, "door", false, 64), *from = sk_request_text(request, "from", false, 64),
               *to = sk_request_text(request, "to", false, 64);
    if (door == NULL || from == NULL || to == NULL)
        return false;
    const int32_t index = sk_site_door(site, door);
    const uint16_t a = sk_roster_zone(site, from), b = sk_roster_zone(site, to);
    const bool pair = door[0] == '\0' && a != 0 && b != 0 && a != b;
    if (pair) {
        change->way = (struct sk_way_rule){.zone_a = a < b ? a : b, .zone_b = a < b ? b : a};
        sk_text_format(change->entity, sizeof change->entity, "walk:%u:%u", change->way.zone_a, change->way.zone_b);
    }
    if (pair || (index >= 0 && from[0] == '\0' && to[0] == '\0' && sk_way_of_door(site, &site->doors[index], change)))
        return true;
    sk_request_refuse(request, SK_ERR_NOT_FOUND, "door: one of the site that joins two zones; or from and to: two zones of it");
    return false;
}

enum sk_err sk_run_way_rule(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_WAY_RULE};
    int64_t walk_s = -1;
    if (sk_roster_ready(request) != SK_OK || !read_way(request, &change) ||
        !read_count(request, "walk_s", 0, SK_WALK_MAX_S, &walk_s) || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    if (walk_s < 0)
        return sk_request_refuse(request, SK_ERR_PARSE, "walk_s: the least time between them in seconds");
    change.way.walk_s = (uint32_t)walk_s;
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "rule", change.entity) : err;
}

enum sk_err sk_run_door_rule(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_DOOR_RULE};
    const cJSON *item;
    unsigned factors = 0;
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const char *door = sk_request_text(request, "door", true, 64);
    const char *direction = door != NULL ? sk_request_text(request, "direction", true, 8) : NULL;
    if (direction == NULL || sk_roster_entity(request, "schedule", SK_EV_SCHEDULE_PUT) == NULL ||
        !sk_roster_read_effective(request, &change))
        return request->answer->err;
    cJSON_ArrayForEach(item, sk_json_get(request->args, "factors"))
    {
        const int factor = cJSON_IsString(item) ? sk_factor_parse(item->valuestring) : -1;
        if (factor < 0)
            return sk_request_refuse(request, SK_ERR_PARSE, "factors: expected words of schemas/vocab/factors.def");
        factors |= 1u << factor;
    }
    const int32_t index = sk_site_door(request->floor->site, door);
    const bool entry = strcmp(direction, "entry") == 0;
    if (index < 0 || (!entry && strcmp(direction, "exit") != 0))
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "door: one of the site; direction: entry or exit");
    change.door.door = request->floor->site->doors[index].number;
    change.door.entry = entry;
    change.door.factors = (uint16_t)factors;
    sk_text_copy(change.door.schedule, SK_ENTITY_MAX, sk_json_text(sk_json_get(request->args, "schedule")));
    sk_text_format(change.entity, sizeof change.entity, "door:%u:%s:%s", change.door.door, entry ? "in" : "out",
                   change.door.schedule);
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "rule", change.entity) : err;
}
