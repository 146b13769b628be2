/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar, schedules, and the roster as a fold of changes: what holds when, what is refused, and bodies that come back. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/roster.h"
#include "tests/unit/sk_test.h"

static struct sk_zone *tokyo;

static int64_t at(const char *text)
{
    int64_t us = 0;
    assert_true(sk_time_parse(text, &us));
    return us;
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        const char *date, *begin, *end; /* UTC; NULL: no such date */
    } rows[] = {
        {"2026-11-20", "2026-11-19T15:00:00Z", "2026-11-20T15:00:00Z"},
        {"2027-03-31", "2027-03-30T15:00:00Z", "2027-03-31T15:00:00Z"},
        {"2028-02-29", "2028-02-28T15:00:00Z", "2028-02-29T15:00:00Z"},
        {"2026-12-31", "2026-12-30T15:00:00Z", "2026-12-31T15:00:00Z"},
        {"2026-02-29", NULL, NULL},
        {"2026-13-01", NULL, NULL},
        {"2026-1-01", NULL, NULL},
        {"2026-11-20x", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        int64_t begin = 0, end = 0;
        char text[16];
        const bool good = sk_day_begin_us(tokyo, rows[i].date, &begin) && sk_day_end_us(tokyo, rows[i].date, &end);
        sk_check(good == (rows[i].begin != NULL), rows[i].date);
        if (!good)
            continue;
        sk_check(begin == at(rows[i].begin) && end == at(rows[i].end), rows[i].date);
        sk_day_until_text(tokyo, end, text); /* entered まで, stored exclusive, printed まで */
        sk_check(strcmp(text, rows[i].date) == 0, rows[i].date);
        sk_day_from_text(tokyo, begin, text);
        sk_check(strcmp(text, rows[i].date) == 0, rows[i].date);
    }
}

/* The shipped days obey the law's arithmetic: Mondays are Mondays, a holiday on Sunday is followed by a substitute. */
static void test_holidays(void **state)
{
    (void)state;
    struct sk_calendar calendar;
    for (int year = 2025; year <= 2027; year++) {
        assert_true(sk_calendar_jp(year, &calendar));
        static const uint16_t always[] = {101, 102, 103, 211, 223, 429, 503, 504, 505, 811, 1103, 1123, 1229, 1230, 1231};
        for (size_t i = 0; i < SK_COUNT(always); i++) {
            bool found = false;
            for (size_t k = 0; k < calendar.count; k++)
                found |= calendar.days[k] == always[i];
            assert_true(found);
        }
        for (size_t i = 1; i < calendar.count; i++)
            assert_true(calendar.days[i - 1] < calendar.days[i]);
        for (size_t i = 0; i < calendar.count; i++) {
            char date[16];
            int64_t noon;
            const int month = calendar.days[i] / 100, day = calendar.days[i] % 100;
            if (month == 12 || (month == 1 && day < 4 && day > 1))
                continue; /* year's end: no holidays by law */
            sk_text_format(date, sizeof date, "%04d-%02d-%02d", year, month, day);
            assert_true(sk_day_begin_us(tokyo, date, &noon));
            if (sk_local_at(tokyo, noon).weekday != 6)
                continue;
            bool substitute = false; /* the next day that is no holiday itself is one then: it stands in the list too */
            for (size_t k = 0; k < calendar.count; k++)
                substitute |= calendar.days[k] > calendar.days[i] && calendar.days[k] <= calendar.days[i] + 3;
            sk_check(substitute, date);
        }
    }
    assert_false(sk_calendar_jp(2028, &calendar));
}

static struct sk_roster_change person(const char *id)
{
    struct sk_roster_change change = {.ev = SK_EV_PERSON_CREATED};
    change.person = (struct sk_person){.kind = SK_PERSON_STAFF, .until_us = SK_NEVER};
    sk_text_copy(change.entity, sizeof change.entity, id);
    memcpy(change.person.tag, id, strlen(id));
    return change;
}

static enum sk_err put(struct sk_roster *roster, struct sk_roster_change change, int64_t effective_us)
{
    change.version = sk_roster_version(roster) + 1;
    change.effective_us = effective_us;
    return sk_roster_apply(roster, &change);
}

static struct sk_roster_change schedule(const char *id, uint16_t days, uint16_t from, uint16_t to)
{
    struct sk_roster_change change = {.ev = SK_EV_SCHEDULE_PUT};
    change.schedule = (struct sk_schedule){.count = 1, .ranges = {{days, from, to}}};
    sk_text_copy(change.entity, sizeof change.entity, id);
    return change;
}

static struct sk_roster_change calendar(int year)
{
    struct sk_roster_change change = {.ev = SK_EV_CALENDAR_PUT};
    assert_true(sk_calendar_jp(year, &change.calendar));
    sk_text_format(change.entity, sizeof change.entity, "year:%d", year);
    return change;
}

static void test_schedules(void **state)
{
    (void)state;
    struct sk_roster *roster;
    assert_int_equal(sk_roster_create(&roster), SK_OK);
    sk_roster_set_zone(roster, tokyo);
    assert_int_equal(put(roster, schedule("office", 0x1F, 480, 1080), 0), SK_OK); /* Mon-Fri 8:00-18:00 */
    assert_int_equal(put(roster, schedule("night", SK_DAYS_ALL, 1320, 1440), 0), SK_OK);
    assert_int_equal(put(roster, schedule("closed", SK_DAY_CLOSED, 0, 1440), 0), SK_OK);
    assert_int_equal(put(roster, schedule("always", SK_DAYS_ALL, 0, 1440), 0), SK_OK);
    for (int year = 2025; year <= 2027; year++)
        assert_int_equal(put(roster, calendar(year), 0), SK_OK);
    static const struct {
        const char *schedule, *at;
        enum sk_open open;
    } rows[] = {
        {"office", "2026-11-20T07:59:59+09:00", SK_CLOSED},
        {"office", "2026-11-20T08:00:00+09:00", SK_OPEN},
        {"office", "2026-11-20T17:59:59+09:00", SK_OPEN},
        {"office", "2026-11-20T18:00:00+09:00", SK_CLOSED},
        {"office", "2026-11-21T09:00:00+09:00", SK_CLOSED}, /* Saturday */
        {"office", "2026-11-23T09:00:00+09:00", SK_CLOSED}, /* 勤労感謝の日, a Monday */
        {"office", "2026-09-22T09:00:00+09:00", SK_CLOSED}, /* 国民の休日, a Tuesday between two holidays */
        {"office", "2026-05-06T09:00:00+09:00", SK_CLOSED}, /* substitute */
        {"office", "2026-05-07T09:00:00+09:00", SK_OPEN},
        {"office", "2026-12-28T09:00:00+09:00", SK_OPEN},
        {"office", "2026-12-29T09:00:00+09:00", SK_CLOSED},
        {"office", "2028-01-04T09:00:00+09:00", SK_OPEN_UNKNOWN}, /* no data */
        {"office", "2028-01-04T03:00:00+09:00", SK_CLOSED},       /* closed whatever the day is */
        {"closed", "2026-11-23T00:00:00+09:00", SK_OPEN},
        {"closed", "2026-11-24T00:00:00+09:00", SK_CLOSED},
        {"night", "2028-06-01T23:00:00+09:00", SK_OPEN}, /* needs no calendar */
        {"always", "2099-06-01T23:00:00+09:00", SK_OPEN},
        {"none", "2026-06-01T23:00:00+09:00", SK_CLOSED},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        const struct sk_roster_view view = {roster, UINT64_MAX, at(rows[i].at)};
        sk_check(sk_schedule_open(&view, rows[i].schedule) == rows[i].open, rows[i].at);
    }
    const struct sk_roster_view view = {roster, UINT64_MAX, at("2026-11-20T00:00:00Z")};
    assert_false(sk_roster_lacks_year(&view, 2027));
    assert_true(sk_roster_lacks_year(&view, 2028));
    sk_roster_free(roster);
}

static struct sk_roster_change card(const char *id, const char *owner, uint8_t number, uint8_t state)
{
    struct sk_roster_change change = {.ev = SK_EV_CREDENTIAL_ISSUED};
    change.credential = (struct sk_credential){.state = state, .until_us = SK_NEVER};
    change.credential.identifier.bytes[0] = number;
    sk_text_copy(change.entity, sizeof change.entity, id);
    sk_text_copy(change.credential.person, SK_ENTITY_MAX, owner);
    return change;
}

/* What holds under a version at a moment: effective dates count, later versions do not reach back into older answers. */
static void test_versions(void **state)
{
    (void)state;
    struct sk_roster *roster;
    struct sk_hash number = {{7}};
    assert_int_equal(sk_roster_create(&roster), SK_OK);
    assert_int_equal(put(roster, person("p-1"), 100), SK_OK);            /* 1 */
    assert_int_equal(put(roster, card("c-1", "p-1", 7, 0), 100), SK_OK); /* 2 */
    struct sk_roster_change lost = card("c-1", "p-1", 7, SK_CRED_LOST);
    lost.ev = SK_EV_CREDENTIAL_STATE;
    assert_int_equal(put(roster, lost, 500), SK_OK); /* 3: from 500 on */
    lost.credential.state = SK_CRED_BLOCKED;
    assert_int_equal(put(roster, lost, 300), SK_OK); /* 4: entered later, counts from 300 to 500 */
    static const struct {
        uint64_t version;
        int64_t at_us;
        int state; /* -1 unknown */
    } rows[] = {{4, 99, -1}, {4, 100, 0}, {4, 299, 0},  {4, 300, SK_CRED_BLOCKED}, {4, 500, SK_CRED_LOST},
                {3, 300, 0}, {2, 900, 0}, {1, 900, -1}, {3, 500, SK_CRED_LOST},    {UINT64_MAX, 9999, SK_CRED_LOST}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        const struct sk_roster_view view = {roster, rows[i].version, rows[i].at_us};
        const struct sk_roster_change *change = sk_roster_by_identifier(&view, &number);
        assert_int_equal(change == NULL ? -1 : change->credential.state, rows[i].state);
    }
    sk_roster_free(roster);
}

static void test_refusals(void **state)
{
    (void)state;
    struct sk_roster *roster;
    char id[SK_ENTITY_MAX];
    assert_int_equal(sk_roster_create(&roster), SK_OK);
    assert_int_equal(put(roster, person("p-1"), 0), SK_OK);
    assert_int_equal(put(roster, person("p-2"), 0), SK_OK);
    assert_int_equal(put(roster, person("p-1"), 0), SK_ERR_EXISTS);
    assert_int_equal(put(roster, card("c-1", "p-1", 1, 0), 0), SK_OK);
    assert_int_equal(put(roster, card("c-2", "p-9", 2, 0), 0), SK_ERR_NOT_FOUND);
    struct sk_roster_change returned = card("c-1", "p-1", 1, SK_CRED_RETURNED);
    returned.ev = SK_EV_CREDENTIAL_STATE;
    assert_int_equal(put(roster, returned, 0), SK_OK);
    assert_int_equal(put(roster, card("c-2", "p-2", 1, 0), 0), SK_ERR_EXISTS); /* an identifier is never issued twice */
    sk_text_copy(returned.credential.person, SK_ENTITY_MAX, "p-2");
    assert_int_equal(put(roster, returned, 0), SK_ERR_CONFLICT); /* a card does not change hands */
    struct sk_roster_change skipped = person("p-3");
    skipped.version = sk_roster_version(roster);
    assert_int_equal(sk_roster_apply(roster, &skipped), SK_ERR_INVALID);
    skipped.version += 2; /* the record between was given up */
    assert_int_equal(sk_roster_apply(roster, &skipped), SK_OK);
    assert_int_equal(sk_roster_version(roster), skipped.version);
    sk_roster_next_id(roster, 'p', id);
    assert_string_equal(id, "p-4");
    sk_roster_next_id(roster, 'c', id);
    assert_string_equal(id, "c-2");
    sk_roster_free(roster);
}

/* Change -> body -> change is the same, for each family; a cut body is none. */
static void test_bodies(void **state)
{
    (void)state;
    struct sk_roster_change changes[] = {person("p-1"),
                                         card("c-1", "p-1", 9, SK_CRED_STOLEN),
                                         {.ev = SK_EV_AUTH_GRANTED, .entity = "a-1"},
                                         schedule("s", 0x9F, 1, 2),
                                         {.ev = SK_EV_ZONE_RULE, .entity = "zone:3"},
                                         {.ev = SK_EV_DOOR_RULE, .entity = "door:1:in:s"},
                                         calendar(2026),
                                         person("p-2"),
                                         {.ev = SK_EV_WAY_RULE, .entity = "way:4", .way = {11, 12, 4, 3}},
                                         {.ev = SK_EV_ZONE_RULE, .entity = "zone:4"}};
    const struct sk_roster_act act = {"console:0", "192.0.2.1", "reason", "person.create", 64};
    sk_text_copy(changes[2].authorization.person, SK_ENTITY_MAX, "p-1");
    sk_text_copy(changes[2].authorization.schedule, SK_ENTITY_MAX, "always");
    sk_text_copy(changes[2].authorization.approver, SK_WHO_MAX, "boss");
    sk_text_copy(changes[2].authorization.applicant_person, SK_ENTITY_MAX, "p-7");
    sk_text_copy(changes[2].authorization.approver_person, SK_ENTITY_MAX, "p-8");
    changes[2].authorization.zone = 3;
    changes[4].zone = (struct sk_zone_rule){.zone = 3, .class_ = 3, .passback = SK_PASSBACK_TIMED, .passback_s = 60};
    changes[9].zone = changes[4].zone;
    changes[9].zone.people_min = 2;
    changes[9].zone.together_s = 45;
    changes[9].zone.occ_min = 1;
    changes[9].zone.occ_max = 6;
    changes[9].zone.papers = SK_PAPERS_REQUIRED;
    changes[5].door.door = 1;
    changes[5].door.factors = 33;
    sk_text_copy(changes[5].door.schedule, SK_ENTITY_MAX, "s");
    for (size_t i = 0; i < SK_COUNT(changes); i++) {
        struct sk_body body;
        struct sk_roster_change back;
        changes[i].version = i + 1;
        changes[i].effective_us = 77;
        sk_body_init(&body);
        sk_roster_change_write(&changes[i], &act, &body);
        assert_true(sk_body_done(&body));
        assert_int_equal(sk_roster_change_read(changes[i].ev, body.bytes, body.writer.length, &back), SK_OK);
        assert_int_equal(back.version, i + 1);
        assert_int_equal(back.effective_us, 77);
        assert_string_equal(back.entity, changes[i].entity);
        if (changes[i].ev == SK_EV_AUTH_GRANTED) {
            assert_string_equal(back.authorization.applicant_person, "p-7");
            assert_string_equal(back.authorization.approver_person, "p-8");
        }
        if (changes[i].ev == SK_EV_ZONE_RULE)
            assert_memory_equal(&back.zone, &changes[i].zone, sizeof back.zone);
        if (changes[i].ev == SK_EV_WAY_RULE)
            assert_memory_equal(&back.way, &changes[i].way, sizeof back.way);
        struct sk_body again;
        sk_body_init(&again);
        sk_roster_change_write(&back, &act, &again);
        assert_int_equal(again.writer.length, body.writer.length);
        assert_memory_equal(again.bytes, body.bytes, body.writer.length);
        for (size_t cut = 0; cut < body.writer.length; cut++)
            if (sk_roster_change_read(changes[i].ev, body.bytes, cut, &back) == SK_OK && i != 0)
                assert_true(sk_body_is_canonical(body.bytes, cut)); /* only where nothing needed was cut away */
        assert_int_equal(sk_roster_change_read(SK_EV_ACC_TAKEN, body.bytes, body.writer.length, &back), SK_ERR_PARSE);
    }
}

static void test_memory(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 60; n++) {
        struct sk_roster *roster;
        assert_int_equal(sk_roster_create(&roster), SK_OK);
        sk_mem_fail_at(n);
        for (int i = 1; i <= 70; i++) {
            char id[SK_ENTITY_MAX];
            sk_text_format(id, sizeof id, "p-%d", i);
            enum sk_err err = put(roster, person(id), 0);
            if (err == SK_ERR_NOMEM)
                err = put(roster, person(id), 0); /* as it was: the same change fits again */
            assert_int_equal(err, SK_OK);
        }
        sk_mem_fail_at(0);
        assert_int_equal(sk_roster_count(roster, SK_EV_PERSON_CREATED), 70);
        for (int i = 1; i <= 70; i++) {
            char id[SK_ENTITY_MAX];
            sk_text_format(id, sizeof id, "p-%d", i);
            assert_int_equal(sk_roster_person_index(roster, id), i - 1);
        }
        sk_roster_free(roster);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),    cmocka_unit_test(test_holidays), cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_versions), cmocka_unit_test(test_refusals), cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_memory),
    };
    if (sk_zone_load("Asia/Tokyo", &tokyo, NULL) != SK_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sk_zone_free(tokyo);
    return failed;
}
