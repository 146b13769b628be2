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

/* The persons behind applicant and approver. */
static inline void rk_behind(struct sk_roster_change *grant, const char *applicant, const char *approver)
{
    sk_text_copy(grant->authorization.applicant_person, SK_ENTITY_MAX, applicant);
    sk_text_copy(grant->authorization.approver_person, SK_ENTITY_MAX, approver);
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

static inline void rk_put(struct sk_roster *roster, struct sk_roster_change change)
{
    change.version = sk_roster_version(roster) + 1;
    assert_int_equal(sk_roster_apply(roster, &change), SK_OK);
}

static inline struct sk_roster_change rk_way(uint16_t door, uint16_t a, uint16_t b, uint32_t walk_s)
{
    struct sk_roster_change change = {.ev = SK_EV_WAY_RULE};
    change.way = (struct sk_way_rule){.zone_a = a, .zone_b = b, .door = door, .walk_s = walk_s};
    sk_text_format(change.entity, sizeof change.entity, "way:%u", door);
    return change;
}

/* Beside the base: zone 16 two people, 45 s; 17 at least one, at most two; 18 wants papers; 20 is joined to nothing but 22, 21
 * to nothing known. From 14 to the outside it is 6 s. */
static inline void rk_rules(struct sk_roster *roster)
{
    struct sk_roster_change two = rk_zone(16, 2, 0, 0), few = rk_zone(17, 1, 0, 0), papers = rk_zone(18, 2, 0, 0);
    two.zone.people_min = 2;
    two.zone.together_s = 45;
    few.zone.occ_min = 1;
    few.zone.occ_max = 2;
    papers.zone.papers = SK_PAPERS_REQUIRED;
    rk_put(roster, two);
    rk_put(roster, few);
    rk_put(roster, papers);
    rk_put(roster, rk_way(1, 11, 12, 3));
    rk_put(roster, rk_way(2, 12, 14, 3));
    rk_put(roster, rk_way(3, 20, 22, 3));
    rk_put(roster, rk_zone(10, 0, 0, 0));
    rk_put(roster, rk_way(4, 10, 19, 3));
    struct sk_roster_change rule = {.ev = SK_EV_DOOR_RULE, .entity = "door:9:in:office"};
    rule.door = (struct sk_door_rule){
        .door = 9, .factors = 1 << SK_FACTOR_CARD | 1 << SK_FACTOR_PIN, .entry = true, .schedule = "office"};
    rk_put(roster, rule);
}

/* Cards: 1 good everywhere; 2 person ended 2026-03-31; 4 office hours; 5 no rights; 6 nobody else approved; 7 card valid
 * 2026-04-01 to 2026-06-30; 8 right valid until 2026-06-30; 9 a contractor; 20+n disabled for reason n; 84 returned. */
static inline void rk_world(struct sk_roster *roster, const struct sk_zone *tokyo)
{
    unsigned right = 1, credential = 1;
    for (size_t i = 0; i < RK_BASE; i++)
        rk_put(roster, rk_base(i));
    rk_rules(roster);
    for (unsigned i = 1; i <= 9; i++) {
        struct sk_roster_change person = rk_person(i), card = rk_credential(credential++, i, i, SK_CRED_ENABLED);
        if (i == 2)
            assert_true(sk_day_end_us(tokyo, "2026-03-31", &person.person.until_us));
        if (i == 7)
            assert_true(sk_day_begin_us(tokyo, "2026-04-01", &card.credential.from_us) &&
                        sk_day_end_us(tokyo, "2026-06-30", &card.credential.until_us));
        if (i == 9)
            person.person.kind = SK_PERSON_CONTRACTOR;
        rk_put(roster, person);
        rk_put(roster, card);
        for (uint16_t zone = 12; zone <= 18 && i != 5; zone++) {
            struct sk_roster_change grant = rk_right(right++, i, zone, i == 4 ? "office" : "always");
            if (i == 6)
                sk_text_copy(grant.authorization.approver, SK_WHO_MAX, "applicant");
            if (i == 3) /* two accounts, two people */
                rk_behind(&grant, "p-8", "p-9");
            if (i == 8)
                assert_true(sk_day_end_us(tokyo, "2026-06-30", &grant.authorization.until_us));
            rk_put(roster, grant);
        }
    }
    for (uint8_t reason = SK_CRED_LOCKED_OUT; reason <= SK_CRED_RENEWAL; reason++)
        rk_put(roster, rk_credential(credential++, 1, 20u + reason, reason));
    rk_put(roster, rk_credential(credential++, 1, 84, SK_CRED_RETURNED));
}

#endif
