/* SPDX-License-Identifier: Apache-2.0 */
/* Patrol rounds against their plan: a table of rounds and what is said of each, the days of a schedule with its closed days,
 * what rings and when it returns, and a reader whose tags become the round's acts. Moments are minutes after 21:00 (JST) of
 * Thursday 2025-11-20; the plan asks for 22:00, so minute 60, with 15 minutes' tolerance. */
#include "schemas/model/patrol.h"

#include "tests/unit/register_kit.h"

enum { MINUTE_MS = 60000, DUE = 60, DAY = 1440 };
static struct kit kit;
static struct sk_zone *tokyo;
static struct sk_point_kind text_kind = {.name = "patrol.last.tag", .kind = SK_KIND_TEXT};

static int setup(void **state)
{
    struct sk_fault fault = {0};
    (void)state;
    kit_site(&kit);
    kit.profiles[0].kind = SK_DEV_PATROL;
    kit.points[0].kind = &text_kind;
    kit.points[0].name = "patrol.last.tag";
    kit_start(&kit);
    if (sk_zone_load("Asia/Tokyo", &tokyo, &fault) != SK_OK)
        return -1;
    sk_engine_set_zone(kit.engine, tokyo);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_stop(&kit);
    sk_zone_free(tokyo);
    return 0;
}

static void act(uint16_t ev, const char *entry, int minute, const char *text)
{
    static struct sk_register_document document;
    static const struct sk_roster_act by = {"", "", "", "test", 2};
    struct sk_fault fault = {0};
    const struct sk_now now = kit_now((int64_t)minute * MINUTE_MS);
    const struct sk_registers *registers = sk_engine_registers(kit.engine);
    const struct sk_register_context context = {
        .site = &kit.site, .roster = sk_engine_roster(kit.engine), .registers = registers, .zone = tokyo, .now_us = now.utc_us};
    rg_read(&context, ev, sk_registers_get(registers, entry), text, NULL, &document);
    struct sk_register_act made = rg_act(registers, ev, entry, "ann", now.utc_us, &document);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_register_act(kit.engine, &made, &by, &now, kit.effects, &fault), SK_OK);
}

static void plan(const char *more)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"title\":\"night\",\"checkpoints\":[\"A\",\"B\",\"C\"],\"times\":[\"22:00\"],\"tolerance_min\":15,\"from\":"
             "\"2025-11-01\",\"until\":\"2025-11-30\"%s}",
             more);
    act(SK_EV_PATROL_PLAN_PLANNED, "", 0, text);
    act(SK_EV_PATROL_PLAN_APPROVED, "pp-1", 0, "{\"office\":\"head\"}");
}

static const char *stamp(int minute)
{
    static char text[SK_TIME_TEXT];
    sk_time_format(text, KIT_UTC0 + (int64_t)minute * 60 * SK_US_PER_S);
    return text;
}

/* "s60" a round started for minute 60; "A61" checkpoint A at minute 61, "-B70" not reached; "f75" finished; "x80" cancelled. */
static void play(const char *story)
{
    char text[256], word[16];
    int minute;
    for (int used = 0; sscanf(story, " %15[^ 0-9]%d%n", word, &minute, &used) == 2; story += used) {
        const char *kind = word;
        if (kind[0] == 's') {
            snprintf(text, sizeof text, "{\"plan\":\"pp-1\",\"due\":\"%s\",\"by\":\"ann\"}", stamp(minute / DAY * DAY + DUE));
            act(SK_EV_PATROL_STARTED, "", minute, text);
        } else if (kind[0] == 'f') {
            act(SK_EV_PATROL_FINISHED, "pr-1", minute, "{}");
        } else if (kind[0] == 'x') {
            act(SK_EV_PATROL_CANCELLED, "pr-1", minute, "{\"substitute\":\"cameras\"}");
        } else {
            snprintf(text, sizeof text, "{\"checkpoint\":\"%s\",\"result\":\"%s\",\"checked_at\":\"%s\"}",
                     kind + (kind[0] == '-'), kind[0] == '-' ? "not_reached" : "good", stamp(minute));
            act(SK_EV_PATROL_CHECKED, "pr-1", minute, text);
        }
    }
}

static bool keep(void *context, const struct sk_round *round)
{
    *(struct sk_round *)context = *round;
    return true;
}

static struct sk_round first_round(int now_minute)
{
    struct sk_round round = {0};
    const int64_t now_us = KIT_UTC0 + (int64_t)now_minute * 60 * SK_US_PER_S;
    const struct sk_patrol_world world = {sk_engine_registers(kit.engine), sk_engine_roster(kit.engine), tokyo, now_us};
    sk_patrol_walk(&world, sk_registers_get(world.registers, "pp-1"), KIT_UTC0, KIT_UTC0 + 12 * 3600 * SK_US_PER_S, keep,
                   &round);
    return round;
}

static void rounds_by_case(void **state)
{
    static const struct {
        const char *name, *plan, *story;
        int now;
        uint8_t state;
        uint64_t missing;
    } rows[] = {
        {"before its time", "", "", DUE - 16, SK_ROUND_AHEAD, 7},
        {"may begin", "", "", DUE - 15, SK_ROUND_DUE, 7},
        {"may still begin", "", "", DUE + 15, SK_ROUND_DUE, 7},
        {"nobody came", "", "", DUE + 16, SK_ROUND_MISSED, 7},
        {"in time", "", "s60 A60 B65 C70 f71", 100, SK_ROUND_DONE, 0},
        {"at the earliest", "", "s45 A45 B46 C47 f48", 100, SK_ROUND_DONE, 0},
        {"at the latest", "", "s75 A75 B80 C85 f86", 100, SK_ROUND_DONE, 0},
        {"too late", "", "s76 A76 B80 C85 f86", 100, SK_ROUND_LATE, 0},
        {"too early", "", "s40 A44 B46 C47 f48", 100, SK_ROUND_EARLY, 0},
        {"written up from paper afterwards", "", "s300 A60 B65 C70 f300", 400, SK_ROUND_DONE, 0},
        {"under way", "", "s60 A60", 70, SK_ROUND_RUNNING, 6},
        {"under way after its time", "", "s60 A60", 100, SK_ROUND_RUNNING, 6},
        {"one left out", "", "s60 A60 C70 f71", 100, SK_ROUND_INCOMPLETE, 2},
        {"one not reached", "", "s60 A60 -B65 C70 f71", 100, SK_ROUND_INCOMPLETE, 2},
        {"not reached, then reached", "", "s60 A60 -B65 B66 C70 f71", 100, SK_ROUND_DONE, 0},
        {"any order will do", "", "s60 C60 B65 A70 f71", 100, SK_ROUND_DONE, 0},
        {"the order is demanded", ",\"ordered\":true", "s60 C60 B65 A70 f71", 100, SK_ROUND_WRONG_ORDER, 0},
        {"the order is kept", ",\"ordered\":true", "s60 A60 B65 C70 f71", 100, SK_ROUND_DONE, 0},
        {"a substitute", "", "s60 x61", 100, SK_ROUND_SUBSTITUTED, 7},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        plan(rows[i].plan);
        play(rows[i].story);
        const struct sk_round round = first_round(rows[i].now);
        if (round.state != rows[i].state || round.missing != rows[i].missing || round.due_us != KIT_UTC0 + 3600 * SK_US_PER_S)
            fail_msg("row '%s': %s, missing %llu", rows[i].name, sk_round_state_name(round.state),
                     (unsigned long long)round.missing);
        teardown(state);
        setup(state);
    }
}

/* --- days --- */

static void put(struct sk_roster_change change)
{
    static const struct sk_roster_act by = {"ann", "", "", "test", 2};
    const struct sk_now now = kit_now(0);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_roster_change(kit.engine, &change, &by, &now, kit.effects), SK_OK);
}

static bool note_day(void *context, const struct sk_round *round)
{
    char *days = context;
    const struct sk_local local = sk_local_at(tokyo, round->due_us);
    sk_text_format(days + strlen(days), 200 - strlen(days), "%d ", local.month_day % 100);
    return true;
}

/* Saturday 22; Sunday 23 is a holiday, so that Monday 24 is its substitute; the plan ends with the 30th. */
static void days_of_a_schedule(void **state)
{
    static const struct {
        const char *name, *more;
        const char *days;
    } rows[] = {
        {"every day", "", "20 21 22 23 24 25 26 27 28 29 30 "},
        {"working days", ",\"schedule\":\"working\"", "20 21 25 26 27 28 "},
        {"closed days and the rest", ",\"schedule\":\"resting\"", "22 23 24 29 30 "},
        {"a schedule nobody knows: every day", ",\"schedule\":\"nobody\"", "20 21 22 23 24 25 26 27 28 29 30 "},
        {"a schedule closed at that hour", ",\"schedule\":\"mornings\"", ""},
    };
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        char days[200] = "";
        put(rk_calendar(2025));
        put(rk_schedule("working", 0x1F, 0, 1440));
        put(rk_schedule("resting", 0xE0, 0, 1440));
        put(rk_schedule("mornings", SK_DAYS_ALL, 0, 720));
        plan(rows[i].more);
        const struct sk_patrol_world world = {sk_engine_registers(kit.engine), sk_engine_roster(kit.engine), tokyo, KIT_UTC0};
        sk_patrol_walk(&world, sk_registers_get(world.registers, "pp-1"), KIT_UTC0 - 20 * INT64_C(86400) * SK_US_PER_S,
                       KIT_UTC0 + 40 * INT64_C(86400) * SK_US_PER_S, note_day, days);
        if (strcmp(days, rows[i].days) != 0)
            fail_msg("row '%s': %s", rows[i].name, days);
        teardown(state);
        setup(state);
    }
}

static void times_of_day(void **state)
{
    static const struct {
        const char *text;
        int minute;
    } rows[] = {{"00:00", 0},  {"08:30", 510}, {"23:59", 1439}, {"24:00", -1},
                {"12:60", -1}, {"8:30", -1},   {"08.30", -1},   {"", -1}};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_patrol_minute(rows[i].text, strlen(rows[i].text)) == rows[i].minute, rows[i].text);
}

/* --- what rings --- */

static const struct sk_alarm *ringing(const char *name)
{
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++) {
        const struct sk_alarm *alarm = sk_engine_alarm(kit.engine, i);
        if (strstr(alarm->source, name) != NULL && (alarm->bits & SK_ALARM_BIT_ACTIVE) != 0)
            return alarm;
    }
    return NULL;
}

static void a_missed_round_rings_until_it_is_made_up(void **state)
{
    (void)state;
    plan("");
    kit_tick(&kit, (DUE + 15) * MINUTE_MS);
    assert_null(ringing("patrol."));
    kit_tick(&kit, (DUE + 17) * MINUTE_MS);
    assert_non_null(ringing("patrol.missed"));
    assert_string_equal(ringing("patrol.missed")->detail, "1: pp-1 of 2025-11-20T13:00Z");
    play("s80 A80 B85 f86");
    kit_tick(&kit, 87 * MINUTE_MS);
    assert_null(ringing("patrol.missed")); /* made up late, but not whole */
    assert_string_equal(ringing("patrol.faulty")->detail, "1: pp-1 of 2025-11-20T13:00Z incomplete");
    play("s1500");
    act(SK_EV_PATROL_CANCELLED, "pr-2", DAY + DUE + 1, "{\"substitute\":\"cameras\"}");
    kit_tick(&kit, (DAY + DUE + 20) * MINUTE_MS);
    assert_null(ringing("patrol."));
    kit_tick(&kit, (2 * DAY + DUE + 20) * MINUTE_MS);
    assert_non_null(ringing("patrol.missed"));
}

/* --- a reader --- */

static void read_tag(const char *tag, int minute)
{
    const struct sk_now now = kit_now((int64_t)minute * MINUTE_MS);
    struct sk_sample sample = kit_sample(&kit, 0, 0, SK_Q_GOOD, (int64_t)minute * MINUTE_MS);
    sample.text = 0;
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_samples(kit.engine, &sample, 1, tag, strlen(tag) + 1, &now, kit.effects), SK_OK);
    assert_int_equal(sk_engine_tick(kit.engine, &now, kit.effects), SK_OK);
}

static size_t rounds(void)
{
    size_t count = 0, cursor = 0;
    while (sk_registers_next(sk_engine_registers(kit.engine), SK_REGISTER_PATROL, &cursor) != NULL)
        count++;
    return count;
}

static void a_reader_writes_the_round(void **state)
{
    (void)state;
    plan(",\"reader\":\"dev\"");
    read_tag("A", 20); /* before its time */
    read_tag("Z", 61); /* not one of the plan's */
    assert_int_equal(rounds(), 0);
    read_tag("A", 62);
    assert_non_null(kit_record(&kit, SK_EV_PATROL_STARTED));
    read_tag("A", 62); /* delivered again */
    read_tag("B", 64);
    assert_int_equal(first_round(65).state, SK_ROUND_RUNNING);
    const struct sk_entry *entry = sk_registers_get(sk_engine_registers(kit.engine), "pr-1");
    assert_int_equal(entry->act_count, 3);
    assert_string_equal(entry->acts[0].actor, "device:dev");
    read_tag("C", 66);
    assert_non_null(kit_record(&kit, SK_EV_PATROL_FINISHED));
    assert_int_equal(first_round(67).state, SK_ROUND_DONE);
    read_tag("A", 67); /* nothing is open, the next moment is tomorrow's */
    assert_int_equal(rounds(), 1);
    read_tag("B", DAY + DUE + 30); /* too late for its moment, and yet its round */
    assert_int_equal(rounds(), 2);
    kit_tick(&kit, (DAY + DUE + 31) * MINUTE_MS);
    assert_null(ringing("patrol.missed"));
}

static void a_reader_of_no_plan_writes_nothing(void **state)
{
    (void)state;
    plan(""); /* names no reader */
    read_tag("A", 62);
    assert_int_equal(rounds(), 0);
    for (int i = 0; i < 200; i++) { /* more than are kept, all before a tick */
        const struct sk_now now = kit_now((int64_t)63 * MINUTE_MS + i);
        struct sk_sample sample = kit_sample(&kit, 0, 0, SK_Q_GOOD, (int64_t)63 * MINUTE_MS + i);
        sk_effects_clear(kit.effects);
        assert_int_equal(sk_engine_samples(kit.engine, &sample, 1, "A", 2, &now, kit.effects), SK_OK);
    }
    kit_tick(&kit, 64 * MINUTE_MS);
    assert_int_equal(rounds(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(rounds_by_case),
                                       T(days_of_a_schedule),
                                       T(times_of_day),
                                       T(a_missed_round_rings_until_it_is_made_up),
                                       T(a_reader_writes_the_round),
                                       T(a_reader_of_no_plan_writes_nothing)};
    return cmocka_run_group_tests_name("patrol", tests, NULL, NULL);
}
