/* SPDX-License-Identifier: Apache-2.0 */
/* A small roster made by hand, and changes to it: what the tests of the second decision share. Zones 11 outside (class 0), 12
 * server (class 3), 13 soft, 14 hard, 15 timed passback (classes 1, 2, 2). */
#ifndef ROSTER_KIT_H
#define ROSTER_KIT_H

#include <string.h>

#include "schemas/model/roster.h"
#include "tests/unit/sk_test.h"

static inline int64_t rk_at(const char *text)
{
    int64_t us = 0;
    assert_true(sk_time_parse(text, &us));
    return us;
}

static inline struct sk_hash rk_card(unsigned number)
{
    struct sk_hash hash = {{(uint8_t)(number >> 8), (uint8_t)number, 0xCA}};
    return hash;
}

static inline struct sk_roster_change rk_person(unsigned number)
{
    struct sk_roster_change change = {.ev = SK_EV_PERSON_CREATED};
    change.person = (struct sk_person){.kind = SK_PERSON_STAFF, .until_us = SK_NEVER};
    change.person.tag[0] = 1;
    change.person.tag[1] = (uint8_t)(number >> 8);
    change.person.tag[2] = (uint8_t)number;
    sk_text_format(change.entity, sizeof change.entity, "p-%u", number);
    return change;
}

static inline struct sk_roster_change rk_credential(unsigned number, unsigned person, unsigned card, uint8_t state)
{
    struct sk_roster_change change = {.ev = SK_EV_CREDENTIAL_ISSUED};
    change.credential = (struct sk_credential){.state = state, .until_us = SK_NEVER, .identifier = rk_card(card)};
    sk_text_format(change.entity, sizeof change.entity, "c-%u", number);
    sk_text_format(change.credential.person, SK_ENTITY_MAX, "p-%u", person);
    return change;
}

static inline struct sk_roster_change rk_right(unsigned number, unsigned person, uint16_t zone, const char *schedule)
{
    struct sk_roster_change change = {.ev = SK_EV_AUTH_GRANTED};
    change.authorization =
        (struct sk_authorization){.zone = zone, .until_us = SK_NEVER, .applicant = "applicant", .approver = "boss"};
    sk_text_format(change.entity, sizeof change.entity, "a-%u", number);
    sk_text_format(change.authorization.person, SK_ENTITY_MAX, "p-%u", person);
    sk_text_copy(change.authorization.schedule, SK_ENTITY_MAX, schedule);
    return change;
}

static inline struct sk_roster_change rk_schedule(const char *id, uint16_t days, uint16_t from, uint16_t to)
{
    struct sk_roster_change change = {.ev = SK_EV_SCHEDULE_PUT};
    change.schedule = (struct sk_schedule){.count = 1, .ranges = {{days, from, to}}};
    sk_text_copy(change.entity, sizeof change.entity, id);
    return change;
}

static inline struct sk_roster_change rk_zone(uint16_t zone, uint8_t class_, uint8_t passback, uint32_t seconds)
{
    struct sk_roster_change change = {.ev = SK_EV_ZONE_RULE};
    change.zone = (struct sk_zone_rule){.zone = zone, .class_ = class_, .passback = passback, .passback_s = seconds};
    sk_text_format(change.entity, sizeof change.entity, "zone:%u", zone);
    return change;
}

static inline struct sk_roster_change rk_calendar(int year)
{
    struct sk_roster_change change = {.ev = SK_EV_CALENDAR_PUT};
    assert_true(sk_calendar_jp(year, &change.calendar));
    sk_text_format(change.entity, sizeof change.entity, "year:%d", year);
    return change;
}

/* What every roster of the tests begins with. */
enum { RK_BASE = 9 };
static inline struct sk_roster_change rk_base(size_t index)
{
    const struct sk_roster_change base[RK_BASE] = {rk_zone(11, 0, 0, 0),
                                                   rk_zone(12, 3, 0, 0),
                                                   rk_zone(13, 1, SK_PASSBACK_SOFT, 0),
                                                   rk_zone(14, 2, SK_PASSBACK_HARD, 0),
                                                   rk_zone(15, 2, SK_PASSBACK_TIMED, 600),
                                                   rk_schedule("always", SK_DAYS_ALL, 0, 1440),
                                                   rk_schedule("office", 0x1F, 480, 1080),
                                                   rk_calendar(2025),
                                                   rk_calendar(2026)};
    return base[index];
}

#endif
