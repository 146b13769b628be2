/* SPDX-License-Identifier: Apache-2.0 */
/* What the site file and the calendar say enters the roster as changes of its own, so that a decision can be judged from the
 * log alone: classes of zones, ways through doors, the schedule "always", each year's holidays. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/log.h"

static enum sk_err sync_one(struct sk_command_floor *floor, const struct sk_now *now, struct sk_roster_change *change)
{
    static const struct sk_roster_act act = {.actor = "site", .command = "site.sync", .address = "", .reason = ""};
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    const struct sk_roster_change *there = sk_roster_get(&view, change->ev, change->entity);
    if (there != NULL && change->ev == SK_EV_SCHEDULE_PUT)
        return SK_OK;
    if (there != NULL && change->ev == SK_EV_CALENDAR_PUT && there->calendar.year == change->calendar.year &&
        there->calendar.count == change->calendar.count &&
        memcmp(there->calendar.days, change->calendar.days, sizeof change->calendar.days) == 0)
        return SK_OK;
    if (there != NULL && change->ev == SK_EV_ZONE_RULE) {
        if (there->zone.class_ == change->zone.class_)
            return SK_OK;
        const uint8_t class_ = change->zone.class_;
        change->zone = there->zone; /* the site file knows the class alone */
        change->zone.class_ = class_;
    }
    if (there != NULL && change->ev == SK_EV_WAY_RULE) {
        if (there->way.zone_a == change->way.zone_a && there->way.zone_b == change->way.zone_b)
            return SK_OK;
        change->way.walk_s = there->way.walk_s; /* the door stands elsewhere now; how long it takes a person said */
    }
    change->effective_us = there != NULL ? now->utc_us : 0;
    return sk_engine_roster_change(floor->engine, change, &act, now, sk_recorder_effects(floor->recorder));
}

bool sk_way_of_door(const struct sk_site *site, const struct sk_door_info *door, struct sk_roster_change *ret_change)
{
    enum { WALK_S = 3 }; /* ours: to be let in, open, pass and let it fall shut; low, so that nobody is accused who ran */
    if (door->zone_from < 0 || door->zone_to < 0 || door->zone_from == door->zone_to)
        return false;
    ret_change->way = (struct sk_way_rule){.zone_a = site->zones[door->zone_from].number,
                                           .zone_b = site->zones[door->zone_to].number,
                                           .door = door->number,
                                           .walk_s = WALK_S};
    sk_text_format(ret_change->entity, sizeof ret_change->entity, "way:%u", door->number);
    return ret_change->way.zone_a != 0 && ret_change->way.zone_b != 0;
}

enum sk_err sk_commands_sync_site(struct sk_command_floor *floor, const struct sk_now *now, bool force)
{
    const struct sk_site *site = floor->site;
    enum sk_err err = SK_OK;
    if (floor->site_synced || (!force && sk_roster_version(sk_engine_roster(floor->engine)) == 0))
        return SK_OK;
    for (size_t i = 0; err == SK_OK && i < site->zone_count; i++) {
        struct sk_roster_change change = {.ev = SK_EV_ZONE_RULE};
        change.zone = (struct sk_zone_rule){.zone = site->zones[i].number, .class_ = (uint8_t)site->zones[i].class_};
        sk_text_format(change.entity, sizeof change.entity, "zone:%u", site->zones[i].number);
        err = sync_one(floor, now, &change);
    }
    for (size_t i = 0; err == SK_OK && i < site->door_count; i++) {
        struct sk_roster_change change = {.ev = SK_EV_WAY_RULE};
        if (!sk_way_of_door(site, &site->doors[i], &change))
            continue;
        err = sync_one(floor, now, &change);
    }
    struct sk_roster_change always = {.ev = SK_EV_SCHEDULE_PUT, .entity = "always"};
    always.schedule = (struct sk_schedule){.count = 1, .ranges = {{SK_DAYS_ALL, 0, 1440}}};
    if (err == SK_OK)
        err = sync_one(floor, now, &always);
    for (int year = 2025; err == SK_OK && year < 2100; year++) {
        struct sk_roster_change change = {.ev = SK_EV_CALENDAR_PUT};
        if (!sk_calendar_jp(year, &change.calendar))
            break;
        sk_text_format(change.entity, sizeof change.entity, "year:%d", year);
        err = sync_one(floor, now, &change);
    }
    if (err != SK_OK)
        sk_log(SK_LOG_ERROR, "zones and calendars could not be put into the roster: %s", sk_err_text(err));
    floor->site_synced = err == SK_OK;
    return err;
}
