/* SPDX-License-Identifier: Apache-2.0 */
/* The plant on the demo site: physics goes the right way, the same seed gives the same trace, doors report in order. */
#include "tests/unit/sk_test.h"

#include <math.h>
#include <string.h>

#include "schemas/model/access_event.h"
#include "sim/plant/plant.h"
#include "tests/direct/demo_site.h"

static struct sk_site *site;

static int load_site(void **state)
{
    (void)state;
    struct sk_fault fault = {0};
    if (demo_site_load("sim/demo/site.json", "schemas/profiles", &site, &fault) != SK_OK) {
        print_error("%s\n", fault.text);
        return 1;
    }
    return 0;
}

static int free_site(void **state)
{
    (void)state;
    sk_site_free(site);
    return 0;
}

static struct sk_plant *make(uint64_t seed)
{
    const struct sk_plant_config config = {.site = site, .seed = seed, .epoch = 9};
    struct sk_plant *plant = NULL;
    assert_int_equal(sk_plant_create(&config, &plant), SK_OK);
    return plant;
}

static double number(const struct sk_plant *plant, const char *id)
{
    struct sk_plant_value value;
    const int32_t point = sk_site_point(site, id);
    if (point < 0) {
        fail_msg("no point %s", id);
    }
    sk_plant_value(plant, (uint32_t)point, &value);
    return value.number;
}

static bool is(const struct sk_plant *plant, const char *id, const char *word)
{
    const struct sk_point *point = &site->points[sk_site_point(site, id)];
    const int index = sk_point_state_parse(point->kind, word);
    const uint64_t value = (uint64_t)number(plant, id);
    return index >= 0 && (point->kind->kind == SK_KIND_FLAGS ? (value >> index & 1) != 0 : value == (uint64_t)index);
}

static void set(struct sk_plant *plant, const char *id, double value)
{
    const struct sk_plant_input input = {.form = SK_PLANT_NUMBER, .number = value};
    struct sk_fault fault = {0};
    if (sk_plant_set(plant, id, &input, &fault) != SK_OK) {
        fail_msg("%s", fault.text);
    }
}

static void break_it(struct sk_plant *plant, const char *device, const char *name, double amount)
{
    struct sk_fault fault = {0};
    if (sk_plant_fail(plant, (uint32_t)sk_site_device(site, device), name, amount, &fault) != SK_OK) {
        fail_msg("%s", fault.text);
    }
}

static uint64_t trace(uint64_t seed, uint32_t slice_ms)
{
    struct sk_plant *plant = make(seed);
    uint64_t hash = 1;
    set(plant, "plant/utility", 0.0);
    for (uint32_t at = 0; at < 60000; at += slice_ms) {
        sk_plant_step(plant, slice_ms);
    }
    for (uint32_t i = 0; i < site->point_count; i++) {
        struct sk_plant_value value;
        uint64_t bits = 0;
        sk_plant_value(plant, i, &value);
        memcpy(&bits, &value.number, sizeof bits);
        hash = (hash ^ bits) * UINT64_C(1099511628211);
    }
    sk_plant_free(plant);
    return hash;
}

static void test_same_seed_same_trace(void **state)
{
    (void)state;
    assert_true(trace(5, 100) == trace(5, 100));
    assert_true(trace(5, 100) == trace(5, 250)); /* however the caller slices time */
    assert_true(trace(5, 100) != trace(6, 100));
}

static void test_utility_outage(void **state)
{
    (void)state;
    struct sk_plant *plant = make(1);
    sk_plant_step(plant, 5000);
    const double fuel = number(plant, "gen1/gen.fuel.level_l"), charge = number(plant, "ups1/battery.charge");
    assert_true(is(plant, "ups1/ups.status", "OL"));
    set(plant, "plant/utility", 0.0);
    sk_plant_step(plant, 2000);
    assert_true(is(plant, "ups1/ups.status", "OB"));
    assert_true(number(plant, "ups1/battery.charge") < charge);
    assert_true(number(plant, "meter1/meter.realpower") == 0.0);
    assert_true(number(plant, "pdu1/pdu.feed.a.voltage") > 0.0); /* the UPS carries it */
    sk_plant_step(plant, 40000);
    assert_true(is(plant, "gen1/gen.supplying", "true"));
    assert_true(is(plant, "ats1/ats.position", "emergency"));
    assert_true(is(plant, "ups1/ups.status", "OL"));
    assert_true(number(plant, "gen1/gen.fuel.level_l") < fuel);
    set(plant, "plant/utility", 1.0);
    sk_plant_step(plant, 20000);
    assert_true(is(plant, "ats1/ats.position", "emergency")); /* not yet trusted */
    sk_plant_step(plant, 100000);
    assert_true(is(plant, "ats1/ats.position", "normal"));
    assert_true(is(plant, "gen1/gen.state", "stopped"));
    sk_plant_free(plant);
}

static void test_generator_faults(void **state)
{
    static const struct {
        const char *name, *fault;
        double amount;
        const char *wanted; /* gen.state after a minute */
    } ROWS[] = {{"well", "none", NAN, "running"},
                {"two cranks fail", "fail_crank", 2, "running"},
                {"never starts", "no_start", NAN, "fault"},
                {"trips", "trip", NAN, "fault"}};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        struct sk_plant *plant = make(1);
        break_it(plant, "gen1", ROWS[i].fault, ROWS[i].amount);
        set(plant, "plant/utility", 0.0);
        sk_plant_step(plant, 60000);
        sk_check(is(plant, "gen1/gen.state", ROWS[i].wanted), ROWS[i].name);
        sk_plant_free(plant);
    }
}

static void test_battery_runs_flat(void **state)
{
    (void)state;
    struct sk_plant *plant = make(1);
    break_it(plant, "gen1", "no_start", NAN);
    set(plant, "plant/utility", 0.0);
    sk_plant_step(plant, 10 * 60000);
    assert_true(is(plant, "ups1/ups.status", "OB"));
    assert_true(number(plant, "ups1/battery.charge") < 80.0);
    sk_plant_step(plant, 40 * 60000);
    assert_true(is(plant, "ups1/ups.status", "OFF"));
    assert_true(number(plant, "pdu1/pdu.feed.a.voltage") == 0.0);
    sk_plant_free(plant);
}

static void test_rooms_warm_without_cooling(void **state)
{
    (void)state;
    struct sk_plant *plant = make(1);
    sk_plant_step(plant, 60000);
    const double before = number(plant, "th1/env.room.temperature"), humid = number(plant, "th1/env.room.humidity");
    const double dew = number(plant, "th1/env.dewpoint");
    sk_plant_step(plant, 10 * 60000);
    assert_true(fabs(number(plant, "th1/env.room.temperature") - before) < 1.0); /* steady */
    break_it(plant, "crac1", "stop", NAN);
    break_it(plant, "crac2", "cooling", NAN);
    sk_plant_step(plant, 2 * 60000);
    assert_true(number(plant, "th1/env.room.temperature") > before + 5.0);
    assert_true(number(plant, "th1/env.room.humidity") < humid);
    assert_true(fabs(number(plant, "th1/env.dewpoint") - dew) < 2.0); /* same water in the air */
    break_it(plant, "crac1", "none", NAN);
    break_it(plant, "crac2", "none", NAN);
    sk_plant_step(plant, 20 * 60000);
    assert_true(fabs(number(plant, "th1/env.room.temperature") - before) < 1.0);
    sk_plant_free(plant);
}

static void test_smoke_makes_fire(void **state)
{
    (void)state;
    struct sk_plant *plant = make(1);
    break_it(plant, "vesda1", "smoke", 3.0);
    sk_plant_step(plant, 2000);
    assert_true(is(plant, "fire1/fire.panel.state", "normal"));
    sk_plant_step(plant, 60000);
    assert_true(is(plant, "vesda1/fire.vesda.level", "fire"));
    assert_true(is(plant, "fire1/fire.panel.state", "alarm"));
    break_it(plant, "vesda1", "none", NAN);
    sk_plant_step(plant, 120000);
    assert_true(is(plant, "vesda1/fire.vesda.level", "normal"));
    assert_true(is(plant, "fire1/fire.panel.state", "alarm")); /* until somebody resets it */
    break_it(plant, "fire1", "none", NAN);
    sk_plant_step(plant, 1000);
    assert_true(is(plant, "fire1/fire.panel.state", "normal"));
    sk_plant_free(plant);
}

static void test_override_and_release(void **state)
{
    (void)state;
    struct sk_plant *plant = make(1);
    struct sk_fault fault = {0};
    const struct sk_plant_input word = {.form = SK_PLANT_WORD, .word = "OB LB"}, wrong = {.form = SK_PLANT_WORD, .word = "XX"};
    const struct sk_plant_input release = {.form = SK_PLANT_RELEASE};
    assert_int_equal(sk_plant_set(plant, "ups1/ups.status", &word, &fault), SK_OK);
    assert_true(is(plant, "ups1/ups.status", "OB") && is(plant, "ups1/ups.status", "LB"));
    assert_int_equal(sk_plant_set(plant, "ups1/ups.status", &wrong, &fault), SK_ERR_INVALID);
    assert_true(is(plant, "ups1/ups.status", "OB"));
    assert_int_equal(sk_plant_set(plant, "ups1/ups.status", &release, &fault), SK_OK);
    assert_true(is(plant, "ups1/ups.status", "OL"));
    assert_int_equal(sk_plant_set(plant, "ups9/ups.status", &word, &fault), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_plant_set(plant, "plant/utility", &word, &fault), SK_ERR_INVALID);
    sk_plant_free(plant);
}

static void test_passages(void **state)
{
    static const struct {
        const char *name, *door;
        struct sk_plant_passage passage;
        uint16_t wanted[10]; /* events, 0 ends */
        uint16_t reason;
    } ROWS[] = {
        {"granted and taken",
         "d2",
         {.person = "p1"},
         {SK_EV_ACC_GRANTED, SK_EV_DOOR_LOCK, SK_EV_DOOR_PHYS, SK_EV_ACC_TAKEN, SK_EV_DOOR_PHYS, SK_EV_DOOR_LOCK},
         0},
        {"not taken",
         "d2",
         {.person = "p1", .act = "not_taken"},
         {SK_EV_ACC_GRANTED, SK_EV_DOOR_LOCK, SK_EV_ACC_NOT_TAKEN, SK_EV_DOOR_LOCK},
         0},
        {"expired", "d2", {.person = "expired"}, {SK_EV_ACC_DENIED}, SK_DENY_EXPIRED},
        {"unknown card", "d2", {.card = "DEADBEEF"}, {SK_EV_ACC_DENIED}, SK_DENY_NOT_FOUND},
        {"one factor at a two-factor door",
         "d3",
         {.person = "p1", .factors = 1u << SK_FACTOR_CARD},
         {SK_EV_ACC_DENIED},
         SK_DENY_FACTOR_MISSING},
        {"forced", "d3", {.act = "forced"}, {SK_EV_DOOR_PHYS, SK_EV_DOOR_ALARM, SK_EV_DOOR_PHYS, SK_EV_DOOR_ALARM}, 0},
        {"held",
         "d3",
         {.person = "p1", .act = "held"},
         {SK_EV_ACC_GRANTED, SK_EV_DOOR_LOCK, SK_EV_DOOR_PHYS, SK_EV_ACC_TAKEN, SK_EV_DOOR_ALARM, SK_EV_DOOR_PHYS,
          SK_EV_DOOR_LOCK, SK_EV_DOOR_ALARM},
         0},
        {"exit button",
         "d1",
         {.act = "rex"},
         {SK_EV_ACC_REX, SK_EV_DOOR_LOCK, SK_EV_DOOR_PHYS, SK_EV_DOOR_PHYS, SK_EV_DOOR_LOCK},
         0},
    };
    (void)state;
    for (size_t i = 0; i < SK_COUNT(ROWS); i++) {
        struct sk_plant *plant = make(1);
        struct sk_plant_event event;
        struct sk_fault fault = {0};
        const uint32_t door = (uint32_t)sk_site_door(site, ROWS[i].door);
        sk_check(sk_plant_pass(plant, door, &ROWS[i].passage, &fault) == SK_OK, ROWS[i].name);
        sk_plant_step(plant, 120000);
        size_t count = 0;
        while (sk_plant_next_event(plant, &event)) {
            sk_check(count < SK_COUNT(ROWS[i].wanted) && event.ev == ROWS[i].wanted[count], ROWS[i].name);
            sk_check(event.seq == count + 1 && event.epoch == 9 && event.door == door, ROWS[i].name);
            sk_check(ROWS[i].reason == 0 || event.reason == ROWS[i].reason, ROWS[i].name);
            count++;
        }
        sk_check(count > 0 && ROWS[i].wanted[count] == 0, ROWS[i].name);
        sk_plant_free(plant);
    }
}

static void test_people_move(void **state)
{
    (void)state;
    struct sk_plant *plant = make(1);
    struct sk_fault fault = {0};
    const struct sk_plant_passage in = {.person = "p1"}, out = {.person = "p1", .exit = true};
    const uint32_t door = (uint32_t)sk_site_door(site, "d3"), zone = (uint32_t)sk_site_zone(site, "server");
    assert_int_equal(sk_plant_pass(plant, door, &in, &fault), SK_OK);
    sk_plant_step(plant, 10000);
    assert_int_equal(sk_plant_occupancy(plant, zone), 1);
    assert_int_equal(sk_plant_pass(plant, door, &out, &fault), SK_OK);
    sk_plant_step(plant, 10000);
    assert_int_equal(sk_plant_occupancy(plant, zone), 0);
    sk_plant_free(plant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_trace),
        cmocka_unit_test(test_utility_outage),
        cmocka_unit_test(test_generator_faults),
        cmocka_unit_test(test_battery_runs_flat),
        cmocka_unit_test(test_rooms_warm_without_cooling),
        cmocka_unit_test(test_smoke_makes_fire),
        cmocka_unit_test(test_override_and_release),
        cmocka_unit_test(test_passages),
        cmocka_unit_test(test_people_move),
    };
    return cmocka_run_group_tests(tests, load_site, free_site);
}
