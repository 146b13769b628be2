/* SPDX-License-Identifier: Apache-2.0 */
/* Guests led in by joint entries: what the kept lists answer against a plain walk of the register that reads every entry anew.
 * At random: some doors have no way, times lie in any order, entries are voided and forgotten, some guests have a card, the
 * desk sees some leave, a muster sees some outside. And which visits count as inside although no door saw them. */
#include <stdlib.h>

#include "collector/engine/guests.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

enum { VISITS = 9, HOUR = 3600 };

static uint64_t seed;
static struct sk_registers *registers;
static struct sk_roster *roster;
static struct sk_trails trails;
static uint64_t version;
static struct sk_guest_mark marked[2 * VISITS];
static const struct sk_guest_marks marks = {marked, 2 * VISITS, 2 * VISITS};

static uint32_t any(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static uint16_t door_number(const void *context, const char *door)
{
    (void)context;
    return (uint16_t)(20 + door[1] - '0'); /* d1: 21 */
}

static void put(struct sk_writer *writer, uint16_t field, const void *bytes, size_t length)
{
    sk_write_u8(writer, (uint8_t)field);
    sk_write_u16(writer, (uint16_t)length);
    sk_write_bytes(writer, bytes, length);
}

static void open_joint(int64_t now_us)
{
    uint8_t fields[256], at[8], people[8];
    struct sk_writer writer = {fields, sizeof fields, 0, false}, time = {at, 8, 0, false}, count = {people, 8, 0, false};
    char visit[SK_ENTRY_ID_MAX], door[4];
    sk_text_format(visit, sizeof visit, "%s-%u", any(6) == 0 ? "em" : "vs", 1 + any(VISITS));
    sk_text_format(door, sizeof door, "d%u", 1 + any(3));
    sk_write_i64(&time, now_us - (int64_t)any(9 * HOUR) * SK_US_PER_S / (1 + 60 * any(2)));
    sk_write_f64(&count, any(4));
    put(&writer, SK_F_JOINT_VISIT, visit, strlen(visit));
    put(&writer, SK_F_JOINT_ESCORT, "p-1", 3);
    put(&writer, SK_F_JOINT_DOOR, door, strlen(door));
    const char *direction = any(3) == 0 ? "out" : "in";
    put(&writer, SK_F_JOINT_DIRECTION, direction, strlen(direction));
    put(&writer, SK_F_JOINT_AT, at, 8);
    if (any(2) == 0)
        put(&writer, SK_F_JOINT_COUNT, people, 8);
    struct sk_register_act act = {.row = sk_act_row(SK_EV_JOINT_RECORDED),
                                  .at_us = now_us,
                                  .step = 1,
                                  .state = SK_RS_DONE,
                                  .fields = fields,
                                  .fields_length = writer.length};
    sk_registers_next_id(registers, SK_REGISTER_JOINT, act.entry);
    assert_int_equal(sk_registers_apply(registers, &act), SK_OK);
}

static void void_one(int64_t now_us)
{
    const struct sk_entry *entry, *found = NULL;
    size_t cursor = 0;
    uint32_t seen = 0;
    while ((entry = sk_registers_next(registers, SK_REGISTER_JOINT, &cursor)) != NULL)
        if (any(++seen) == 0)
            found = entry;
    if (found == NULL || found->state != SK_RS_DONE)
        return;
    struct sk_register_act act = {.row = sk_act_row(SK_EV_JOINT_VOIDED), .at_us = now_us, .step = 2, .state = SK_RS_CANCELLED};
    sk_text_copy(act.entry, sizeof act.entry, found->id);
    assert_int_equal(sk_registers_apply(registers, &act), SK_OK);
}

/* The next act of a visit, with the state that it brings. */
static void visit_act(const char *visit, uint16_t ev, int64_t now_us, const struct sk_writer *fields)
{
    const struct sk_entry *entry = sk_registers_get(registers, visit);
    const struct sk_act_row *row = sk_act_row(ev);
    struct sk_register_act act = {.row = row,
                                  .at_us = now_us,
                                  .step = entry != NULL ? entry->act_count + 1 : 1,
                                  .state = row->to != 0 ? row->to : entry->state,
                                  .fields = fields != NULL ? fields->buffer : NULL,
                                  .fields_length = fields != NULL ? fields->length : 0};
    sk_text_copy(act.entry, sizeof act.entry, visit);
    assert_int_equal(sk_registers_apply(registers, &act), SK_OK);
}

/* The desk sees vs-2 leave, at some moment of the last hours; once. */
static int64_t left_us, left_said_us;
static void leave(int64_t now_us)
{
    uint8_t fields[16], at[8];
    struct sk_writer writer = {fields, sizeof fields, 0, false}, time = {at, 8, 0, false};
    left_us = now_us - (int64_t)any(3 * HOUR) * SK_US_PER_S;
    left_said_us = now_us;
    sk_write_i64(&time, left_us);
    put(&writer, SK_F_VISIT_OUT_AT, at, 8);
    visit_act("vs-2", SK_EV_VISIT_DEPARTED, now_us, &writer);
}

static void see(int64_t now_us)
{
    struct sk_guest_mark *mark = &marked[any(2 * VISITS)];
    mark->seen_us = any(4) == 0 ? 0 : now_us - (int64_t)any(HOUR) * SK_US_PER_S;
    mark->people = 1 + any(3);
}

/* --- the plain walk --- */

struct walked {
    const struct sk_entry *entry;
    int64_t at_us;
    uint16_t zone;
    uint32_t people;
};

static bool read_walked(const struct sk_entry *entry, int64_t as_of_us, struct walked *ret)
{
    char door[64], direction[8], way[32];
    struct sk_field_value count;
    const struct sk_roster_view all = {roster, sk_roster_version(roster), SK_NEVER};
    const bool gone = sk_register_state_is_final(entry->state) &&
                      sk_entry_since(entry, SK_NEVER) < as_of_us - SK_REGISTERS_KEEP_DAYS * INT64_C(86400000000);
    if (gone || sk_entry_state_at(entry, as_of_us) != SK_RS_DONE ||
        !sk_entry_text(entry, SK_F_JOINT_DOOR, as_of_us, door, sizeof door) ||
        !sk_entry_text(entry, SK_F_JOINT_DIRECTION, as_of_us, direction, sizeof direction))
        return false;
    sk_text_format(way, sizeof way, "way:%u", door_number(NULL, door));
    const struct sk_roster_change *change = sk_roster_get(&all, SK_EV_WAY_RULE, way);
    if (change == NULL)
        return false;
    const double people = sk_entry_field(entry, SK_F_JOINT_COUNT, as_of_us, &count) ? sk_value_number(&count) : 1;
    *ret = (struct walked){entry, sk_entry_time(entry, SK_F_JOINT_AT, as_of_us),
                           strcmp(direction, "in") == 0 ? change->way.zone_b : change->way.zone_a,
                           people > 0 ? (uint32_t)people : 1};
    return true;
}

static uint32_t walk_visit(const char *visit, uint16_t zone, int64_t at_us, int64_t as_of_us)
{
    const struct sk_entry *entry;
    struct walked newest = {NULL, 0, 0, 0}, one;
    char text[SK_ENTRY_ID_MAX];
    size_t cursor = 0;
    while ((entry = sk_registers_next(registers, SK_REGISTER_JOINT, &cursor)) != NULL)
        if (sk_entry_text(entry, SK_F_JOINT_VISIT, as_of_us, text, sizeof text) && strcmp(text, visit) == 0 &&
            read_walked(entry, as_of_us, &one) && one.at_us <= at_us &&
            (newest.entry == NULL || one.at_us >= newest.at_us)) /* later numbers come later */
            newest = one;
    if (newest.entry == NULL || newest.zone != zone)
        return 0;
    const struct sk_stay *stay = NULL;
    for (size_t i = trails.items[0].count; strcmp(visit, "vs-1") == 0 && i > 0; i--)
        if (trails.items[0].stays[i - 1].at_us <= at_us)
            stay = &trails.items[0].stays[i - 1]; /* the last of them is the newest by then */
    if (stay != NULL && (stay->zone == zone || stay->at_us > newest.at_us))
        return 0;
    if (strcmp(visit, "vs-2") == 0 && left_us > 0 && left_said_us <= as_of_us && left_us <= at_us && left_us >= newest.at_us)
        return 0;
    const struct sk_guest_mark *mark = &marked[0];
    while (strcmp(mark->visit, visit) != 0)
        mark++;
    const bool seen = mark->seen_us > 0 && mark->seen_us <= at_us && mark->seen_us >= newest.at_us;
    return !seen ? newest.people : newest.people > mark->people ? newest.people - mark->people : 0;
}

static uint32_t walk(uint16_t zone, int64_t at_us, int64_t as_of_us)
{
    uint32_t people = 0;
    for (unsigned i = 1; i <= VISITS; i++) {
        char visit[SK_ENTRY_ID_MAX];
        sk_text_format(visit, sizeof visit, "vs-%u", i);
        people += walk_visit(visit, zone, at_us, as_of_us);
        sk_text_format(visit, sizeof visit, "em-%u", i);
        people += walk_visit(visit, zone, at_us, as_of_us);
    }
    return people;
}

static uint32_t compare(int64_t now_us)
{
    static const uint16_t zones[] = {11, 12, 13};
    const struct sk_roster_view view = {roster, sk_roster_version(roster), now_us};
    uint32_t people = 0;
    for (size_t i = 0; i < SK_COUNT(zones); i++) {
        const int64_t as_of_us = now_us - (int64_t)any(3) * HOUR * SK_US_PER_S / 2;
        const int64_t at_us = any(3) == 0 ? SK_NEVER : now_us - (int64_t)any(HOUR) * SK_US_PER_S;
        const struct sk_guests guests = {registers, door_number, NULL, as_of_us, &marks};
        const uint32_t walked = walk(zones[i], at_us, as_of_us);
        assert_int_equal(sk_guests_in(&guests, &view, &trails, zones[i], at_us), walked);
        people += walked;
    }
    return people;
}

static void change(struct sk_roster_change what)
{
    what.version = ++version;
    assert_int_equal(sk_roster_apply(roster, &what), SK_OK);
}

static void begin(void)
{
    version = 0;
    assert_int_equal(sk_registers_create(&registers), SK_OK);
    assert_int_equal(sk_roster_create(&roster), SK_OK);
    change(rk_person(1));
    change(rk_way(21, 11, 12, 3)); /* d3 has no way */
    change(rk_way(22, 12, 13, 3));
    assert_int_equal(sk_trails_reserve(&trails, 1), SK_OK);
    uint8_t person[6];
    struct sk_writer writer = {person, sizeof person, 0, false};
    put(&writer, SK_F_VISIT_PERSON, "p-1", 3);
    visit_act("vs-1", SK_EV_VISIT_REQUESTED, 0, &writer);
    visit_act("vs-2", SK_EV_VISIT_REQUESTED, 0, NULL);
    visit_act("vs-2", SK_EV_VISIT_APPROVED, 0, NULL);
    visit_act("vs-2", SK_EV_VISIT_ARRIVED, 0, NULL);
    left_us = 0;
    for (unsigned i = 0; i < 2 * VISITS; i++) {
        marked[i] = (struct sk_guest_mark){.listed = 0};
        sk_text_format(marked[i].visit, sizeof marked[i].visit, "%s-%u", i % 2 == 0 ? "vs" : "em", 1 + i / 2);
    }
}

static void test_kept_equals_walked(void **state)
{
    const unsigned folds = getenv("SK_TEST_FULL") != NULL ? 200 : 20;
    (void)state;
    for (unsigned fold = 0; fold < folds; fold++) {
        uint32_t people = 0;
        seed = 7 + fold;
        begin();
        for (unsigned i = 1; i <= 300; i++) {
            const int64_t now_us = KIT_UTC0 + (int64_t)i * HOUR * SK_US_PER_S;
            if (any(4) == 0)
                void_one(now_us);
            else
                open_joint(now_us);
            const struct sk_stay stay = {.at_us = now_us, .zone = (uint16_t)(11 + any(3)), .how = SK_STAY_CORRECTED};
            if (any(10) == 0)
                sk_trail_put(&trails.items[0], &stay);
            if (left_us == 0 && any(100) == 0)
                leave(now_us);
            if (any(3) == 0)
                see(now_us);
            if (any(50) == 0)
                sk_registers_forget(registers, now_us - SK_REGISTERS_KEEP_DAYS * INT64_C(86400000000));
            people += compare(now_us);
        }
        assert_true(people > 300);
        sk_trails_release(&trails);
        sk_roster_free(roster);
        sk_registers_free(registers);
    }
}

/* A visit that arrived, and what was done then; who is inside by that although no joint entry led him anywhere. */
static void test_let_in_by_the_desk(void **state)
{
    static const struct {
        const char *name;
        uint16_t acts[4];
        bool has_badge, inside;
    } rows[] = {
        {"at the desk", {0}, false, false},
        {"with a badge", {SK_EV_VISIT_BADGE_OUT}, true, true},
        {"gave it back at once", {SK_EV_VISIT_BADGE_OUT, SK_EV_VISIT_BADGE_IN}, false, false},
        {"and got another one", {SK_EV_VISIT_BADGE_OUT, SK_EV_VISIT_BADGE_IN, SK_EV_VISIT_BADGE_OUT}, true, true},
        {"let in", {SK_EV_VISIT_ENTERED}, false, true},
        {"lost it inside", {SK_EV_VISIT_ENTERED, SK_EV_VISIT_BADGE_OUT, SK_EV_VISIT_BADGE_LOST}, false, true},
        {"left, badge still out", {SK_EV_VISIT_BADGE_OUT, SK_EV_VISIT_ENTERED, SK_EV_VISIT_DEPARTED}, true, false},
        {"nobody saw him leave", {SK_EV_VISIT_ENTERED, SK_EV_VISIT_NOT_OBSERVED}, false, true},
        {"closed", {SK_EV_VISIT_ENTERED, SK_EV_VISIT_NOT_OBSERVED, SK_EV_VISIT_CLOSED}, false, false},
    };
    static const uint16_t before[] = {SK_EV_VISIT_REQUESTED, SK_EV_VISIT_APPROVED, SK_EV_VISIT_ARRIVED};
    const struct sk_trails nobody = {0};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        size_t cursor = 0;
        struct sk_guest guest;
        assert_int_equal(sk_registers_create(&registers), SK_OK);
        assert_int_equal(sk_roster_create(&roster), SK_OK);
        for (size_t k = 0; k < SK_COUNT(before); k++)
            visit_act("vs-1", before[k], KIT_UTC0, NULL);
        for (size_t k = 0; k < SK_COUNT(rows[i].acts) && rows[i].acts[k] != 0; k++)
            visit_act("vs-1", rows[i].acts[k], KIT_UTC0, NULL); /* all within one microsecond: their order counts */
        const struct sk_guests guests = {registers, door_number, NULL, KIT_UTC0 + HOUR, NULL};
        const struct sk_roster_view view = {roster, 0, KIT_UTC0};
        const bool inside = sk_guest_each(&guests, &view, &nobody, &cursor, &guest);
        if (inside != rows[i].inside || inside != sk_guest_of(&guests, &view, &nobody, "vs-1", &guest))
            fail_msg("%s: %s", rows[i].name, inside ? "inside" : "not inside");
        if (sk_visit_has_badge(sk_registers_get(registers, "vs-1"), SK_NEVER) != rows[i].has_badge)
            fail_msg("%s: badge", rows[i].name);
        sk_roster_free(roster);
        sk_registers_free(registers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept_equals_walked), cmocka_unit_test(test_let_in_by_the_desk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
