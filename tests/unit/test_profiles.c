/* SPDX-License-Identifier: Apache-2.0 */
/* Every shipped profile loads and keeps the rules: known names, a stated source, registers that do not contradict each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/config/config.h"

#define FOLDER "schemas/profiles"

/* What the product promises to know out of the box. */
static const char *const PROMISED[] = {
    "generic-ups",
    "generic-generator",
    "generic-ats",
    "generic-tank",
    "generic-crac",
    "generic-th",
    "generic-th-mqtt",
    "generic-leak",
    "generic-vesda",
    "generic-fire-panel",
    "generic-gas-panel",
    "generic-contact-io",
    "generic-meter",
    "generic-pdu",
    "generic-sump",
    "generic-spd",
    "generic-seismic",
    "generic-interlock",
    "generic-rack-lock",
    "generic-intrusion-panel",
    "door-controller-mqtt",
    "door-controller-modbus",
    "generic-people-counter",
    "generic-people-counter-modbus",
    "generic-camera-mqtt",
    "generic-key-cabinet-mqtt",
    "generic-biometric-mqtt",
    "generic-patrol-mqtt",
    "apc-smart-ups",
    "dse-gencomm",
    "liebert-ups",
    "liebert-ups-aps",
    "rle-ld1500",
    "eastron-sdm630",
    "notifier-modbus-gw",
    "system-sensor-faast",
    "huawei-ups2000",
    "huawei-ups2000-alarms",
    "socomec-jbus",
};

static void with_profile(const char *id, void (*check)(const struct sk_profile *profile))
{
    char path[256];
    const struct sk_profile *profile = NULL;
    void *arena = NULL;
    struct sk_fault fault = {SK_OK, ""};

    assert_true(sk_text_format(path, sizeof(path), FOLDER "/%s.json", id));
    if (sk_profile_load(path, &profile, &arena, &fault) != SK_OK)
        fail_msg("%s: %s", path, fault.text);
    assert_string_equal(profile->id, id);
    check(profile);
    sk_profile_arena_free(arena);
}

/* Calls check with every file of the folder; returns how many. */
static size_t with_every_profile(void (*check)(const struct sk_profile *profile))
{
    DIR *folder = opendir(FOLDER);
    size_t count = 0;

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char id[256];
        size_t length = strlen(entry->d_name);

        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        assert_true(sk_text_format(id, sizeof(id), "%.*s", (int)(length - 5), entry->d_name));
        with_profile(id, check);
        count++;
    }
    closedir(folder);
    return count;
}

static void check_names(const struct sk_profile *profile)
{
    assert_true(profile->point_count > 0);
    assert_true(profile->title_ja[0] && profile->title_en[0]);
    for (size_t i = 0; i < profile->point_count; i++) {
        const struct sk_profile_point *point = &profile->points[i];

        if (point->hidden)
            continue;
        if (!point->kind || point->kind != sk_point_kind_find(point->name))
            fail_msg("%s: %s is not in the vocabulary", profile->id, point->name);
        for (size_t k = i + 1; k < profile->point_count; k++) {
            if (!strcmp(point->name, profile->points[k].name))
                fail_msg("%s: %s stands twice", profile->id, point->name);
        }
    }
}

static void names_are_known(void **state)
{
    (void)state;
    assert_true(with_every_profile(check_names) >= sizeof(PROMISED) / sizeof(PROMISED[0]));
}

static void check_provenance(const struct sk_profile *profile)
{
    if (!profile->document || !profile->document[0])
        fail_msg("%s: no document", profile->id);
    if (!profile->status || strlen(profile->status) != 1 || !strchr("VSUG", profile->status[0]))
        fail_msg("%s: status is not V, S, U or G", profile->id);
    if (strchr("VS", profile->status[0]) && !profile->pages[0])
        fail_msg("%s: read in a document, but not where", profile->id);
    if ((profile->status[0] == 'G') != (!strncmp(profile->id, "generic-", 8) || !strncmp(profile->id, "door-controller-", 16)))
        fail_msg("%s: only our own maps are of status G", profile->id);
}

static void provenance_is_stated(void **state)
{
    (void)state;
    with_every_profile(check_provenance);
}

static bool is_part(const struct sk_profile_point *point)
{
    return point->type == SK_REG_BITS16 || point->type == SK_REG_BITS32 || point->type == SK_REG_FIELD;
}

/* Two points may look at the same registers, whole, and then as different things or as different parts; never half over. */
static bool contradict(const struct sk_profile_point *a, const struct sk_profile_point *b)
{
    uint32_t a_end = (uint32_t)a->address + a->count, b_end = (uint32_t)b->address + b->count;

    if (a->function != b->function || a->address >= b_end || b->address >= a_end)
        return false;
    if (a->address != b->address || a->count != b->count || a->order != b->order || a->strided != b->strided)
        return true;
    return a->type == b->type && !is_part(a);
}

static void check_addresses(const struct sk_profile *profile)
{
    if (profile->protocol == SK_PROTO_MQTT)
        return;
    for (size_t i = 0; i < profile->point_count; i++) {
        const struct sk_profile_point *point = &profile->points[i];

        assert_in_range(point->function, 1, 4);
        assert_true(point->count > 0);
        if (point->count > (point->function <= 2 ? profile->modbus.max_bits : profile->modbus.max_registers))
            fail_msg("%s: %s cannot be read in one request", profile->id, point->name);
        for (size_t k = i + 1; k < profile->point_count; k++) {
            if (contradict(point, &profile->points[k]))
                fail_msg("%s: %s and %s contradict each other", profile->id, point->name, profile->points[k].name);
        }
    }
}

static void addresses_do_not_contradict(void **state)
{
    (void)state;
    with_every_profile(check_addresses);
}

/* A device without any alarm would be watched by nobody; thresholds rise; a state limit alarms on something it can say. */
static void check_limits(const struct sk_profile *profile)
{
    static const uint16_t RISING[] = {SK_COND_LOWER_FATAL,   SK_COND_LOWER_CRITICAL, SK_COND_LOWER_CAUTION,
                                      SK_COND_UPPER_CAUTION, SK_COND_UPPER_CRITICAL, SK_COND_UPPER_FATAL};
    size_t limits = 0;

    for (size_t i = 0; i < profile->point_count; i++) {
        const struct sk_profile_point *point = &profile->points[i];
        double last = -1e300;

        for (size_t r = 0; r < sizeof(RISING) / sizeof(RISING[0]); r++) {
            for (size_t k = 0; k < point->limit_count; k++) {
                if (point->limits[k].condition != RISING[r])
                    continue;
                if (point->limits[k].reading <= last)
                    fail_msg("%s: thresholds of %s do not rise", profile->id, point->name);
                if (point->limits[k].hysteresis <= 0)
                    fail_msg("%s: %s has a threshold without hysteresis", profile->id, point->name);
                last = point->limits[k].reading;
            }
        }
        for (size_t k = 0; k < point->limit_count; k++) {
            if (point->limits[k].condition == SK_COND_STATE && point->limits[k].states == 0)
                fail_msg("%s: the state limit of %s never alarms", profile->id, point->name);
        }
        limits += point->limit_count;
    }
    if (limits == 0)
        fail_msg("%s: no default alarm at all", profile->id);
}

static void every_device_can_alarm(void **state)
{
    (void)state;
    with_every_profile(check_limits);
}

static void nothing(const struct sk_profile *profile)
{
    (void)profile;
}

static void promised_profiles_ship(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(PROMISED) / sizeof(PROMISED[0]); i++)
        with_profile(PROMISED[i], nothing);
}

static void door_controllers_carry_events(void **state)
{
    const struct sk_profile *profile;
    void *arena;
    struct sk_fault fault;

    (void)state;
    assert_int_equal(sk_profile_load(FOLDER "/door-controller-modbus.json", &profile, &arena, &fault), SK_OK);
    assert_true(profile->ring.present);
    assert_int_equal(profile->ring.entry_words, 24);
    assert_int_equal(profile->ring.entries, 64);
    sk_profile_arena_free(arena);
    assert_int_equal(sk_profile_load(FOLDER "/door-controller-mqtt.json", &profile, &arena, &fault), SK_OK);
    assert_string_equal(profile->mqtt.event_topic, "{base}/ev");
    sk_profile_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known),
        cmocka_unit_test(provenance_is_stated),
        cmocka_unit_test(addresses_do_not_contradict),
        cmocka_unit_test(every_device_can_alarm),
        cmocka_unit_test(promised_profiles_ship),
        cmocka_unit_test(door_controllers_carry_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
