/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: what a good site means, and for each way to be wrong the sentence that a person reads.
 *
 * Bad rows change one place of a good file (tests/vectors/config), so that a row shows exactly what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "schemas/base/mem.h"
#include "schemas/config/advice.h"
#include "schemas/config/config.h"
#include "schemas/config/keys.h"
#include "schemas/config/parse.h"
#include "schemas/model/register.h"
#include "schemas/model/signal.h"

#define VECTORS  "tests/vectors/config"
#define SITE     VECTORS "/site.json"
#define PROFILES VECTORS "/profiles"

struct bad {
    const char *name, *find, *replace; /* "" finds the end: replace is appended */
    const char *path, *fragment;       /* both must stand in the fault */
    enum sk_err code;
};

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, 65536);
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

/* The text with the first `find` replaced; fails the test when it is not there, so that no row goes stale. */
static char *changed(const char *text, const struct bad *row)
{
    const char *at = row->find[0] != '\0' ? strstr(text, row->find) : text + strlen(text);
    size_t size = strlen(text) + strlen(row->replace) + 1;
    char *result = calloc(1, size);
    if (at == NULL)
        fail_msg("row '%s': '%s' is not in the file", row->name, row->find);
    assert_non_null(result);
    snprintf(result, size, "%.*s%s%s", (int)(at - text), text, row->replace, at + strlen(row->find));
    return result;
}

/* All rows are tried before the test fails: how many did not say what they should. */
static int fault_differs(const struct bad *row, enum sk_err err, const struct sk_fault *fault)
{
    if (err == row->code && strstr(fault->text, row->path) != NULL && strstr(fault->text, row->fragment) != NULL &&
        strstr(fault->text, ".json: ") != NULL)
        return 0;
    print_error("row '%s': expected %s with '%s' and '%s', got %s: %s\n", row->name, sk_err_word(row->code), row->path,
                row->fragment, sk_err_word(err), err != SK_OK ? fault->text : "");
    return 1;
}

/* --- a good site --- */
static struct sk_site *site_load(void)
{
    struct sk_site *site = NULL;
    struct sk_fault fault;
    if (sk_site_load(SITE, NULL, &site, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    return site;
}

static const struct sk_point *point_of(const struct sk_site *site, const char *id)
{
    int32_t index = sk_site_point(site, id);
    if (index < 0)
        fail_msg("no point '%s'", id);
    return &site->points[index];
}

static void good_site_is_read(void **state)
{
    (void)state;
    struct sk_site *site = site_load();
    assert_string_equal(site->id, "small");
    assert_string_equal(site->title_ja, "小型センター");
    assert_int_equal(site->class_, SK_SITE_TEST);
    assert_int_equal(site->checkpoint_s, 10);
    assert_int_equal(site->checkpoint_records, 1000);
    assert_string_equal(site->zones[1].title_ja, "server");
    assert_string_equal(site->zones[0].title_en, "屋外");
    assert_int_equal(site->device_count, 6 + 3 + 1);
    assert_int_equal(site->profile_count, 5 + 1);
    sk_site_free(site);
}

static void good_links_are_read(void **state)
{
    (void)state;
    struct sk_site *site = site_load();
    const struct sk_link *gw = &site->links[0], *bus = &site->links[1], *broker = &site->links[2];
    assert_true(gw->simulated && gw->timeout_ms == 300 && gw->port == 1502);
    assert_string_equal(gw->host, "::1");
    assert_true(bus->baud == 19200 && bus->parity == 'N' && bus->stop_bits == 2 && bus->data_bits == 8);
    assert_int_equal(broker->port, 8883);
    assert_string_equal(broker->ca_file, VECTORS "/ca.pem");
    assert_string_equal(broker->password_file, "/etc/sekisho/mqtt.password");
    assert_string_equal(broker->key_file, "");
    assert_int_equal(broker->mqtt_version, 4);
    sk_site_free(site);
}

static void good_points_are_read(void **state)
{
    (void)state;
    struct sk_site *site = site_load();
    const struct sk_point *charge = point_of(site, "ups1/battery.charge"), *status = point_of(site, "ups1/ups.status");
    assert_string_equal(charge->name, "battery.charge");
    assert_string_equal(charge->tag, "BAT-1");
    assert_string_equal(charge->place->text, "本館 2F 02 +0.5 m");
    assert_string_equal(status->place->text, "本館 2F 01 +0.5 m");
    assert_int_equal(charge->period_ms, 2000);
    assert_int_equal(charge->stale_ms, 10000); /* five of its own periods */
    assert_int_equal(status->stale_ms, 5000);
    assert_int_equal(charge->limit_count, 2);
    assert_int_equal(charge->limits[0].condition, SK_COND_LOWER_CRITICAL);
    assert_true(charge->limits[0].reading == 10 && charge->limits[0].severity == SK_SEV_HIGH);
    assert_int_equal(charge->limits[1].window_ms, 900000);
    assert_int_equal(status->limits[0].states, 1u << sk_point_state_parse(status->kind, "OB"));
    assert_true(charge->profile->scale == 1.0 / 512);
    assert_int_equal(point_of(site, "ups2/battery.charge")->stale_ms, 12000);
    assert_int_equal(point_of(site, "ups2/battery.charge")->limit_count, 2);
    assert_int_equal(point_of(site, "th1/env.room.temperature")->stale_ms, 30000);
    assert_int_equal(sk_site_point(site, "ups1/x.unit"), -1);
    assert_int_equal(sk_site_point(site, "ups1/nothing"), -1);
    sk_site_free(site);
}

static void good_devices_are_read(void **state)
{
    (void)state;
    struct sk_site *site = site_load();
    const struct sk_device *ups2 = &site->devices[sk_site_device(site, "ups2")],
                           *th1 = &site->devices[sk_site_device(site, "th1")];
    assert_true(ups2->comm_lost_ms == 20000 && ups2->comm_severity == SK_SEV_CRITICAL);
    assert_int_equal(site->devices[0].comm_lost_ms, 3000);
    assert_int_equal(site->devices[0].comm_severity, SK_SEV_HIGH);
    assert_int_equal(th1->comm_lost_ms, 30000);
    assert_int_equal(site->devices[5].comm_lost_ms, 6000); /* three periods of 2 s */
    assert_int_equal(site->devices[5].stale_ms, 10000);
    assert_string_equal(site->devices[5].spots[0].name, "CRAC1");
    for (size_t i = 0; i < site->device_count; i++) {
        const struct sk_device *device = &site->devices[i];
        assert_non_null(device->profile);
        for (uint32_t j = 0; j < device->point_count; j++) {
            assert_int_equal(site->points[device->first_point + j].device, i);
            assert_int_equal(sk_site_point(site, site->points[device->first_point + j].id), device->first_point + j);
        }
    }
    sk_site_free(site);
}

static void monitor_devices_are_added(void **state)
{
    (void)state;
    static const char *const IDS[] = {"link.gw1/link.state",  "link.bus1/link.crc_errors", "link.broker/mqtt.malformed",
                                      "link.gw1/link.period", "ups1/device.comm",          "ups1/device.timeouts",
                                      "ups1/device.overruns", "monitor/time.synced",       "monitor/queue.depth",
                                      "monitor/queue.dropped"};
    /* no driver would ever give these a value */
    static const char *const NEVER[] = {"dc1/device.period",        "dc1/device.overruns",        "dc1/device.timeouts",
                                        "link.gw1/link.crc_errors", "link.gw1/mqtt.malformed",    "link.bus1/mqtt.malformed",
                                        "link.broker/link.period",  "link.broker/link.crc_errors"};
    struct sk_site *site = site_load();
    for (size_t i = 0; i < sizeof(IDS) / sizeof(IDS[0]); i++) {
        const struct sk_point *point = point_of(site, IDS[i]);
        assert_null(point->profile);
        assert_non_null(point->kind);
        assert_int_equal(sk_site_device_point(site, point->device, point->name), sk_site_point(site, IDS[i]));
    }
    for (size_t i = 0; i < sizeof(NEVER) / sizeof(NEVER[0]); i++)
        assert_int_equal(sk_site_point(site, NEVER[i]), -1);
    const struct sk_device *link = &site->devices[sk_site_device(site, "link.gw1")];
    assert_int_equal(link->profile->kind, SK_DEV_MONITOR);
    assert_int_equal(link->link, -1);
    assert_int_equal(sk_site_device_point(site, (uint32_t)site->device_count, "x"), -1);
    sk_site_free(site);
}

/* A site made by hand has no table: the same answers by scanning. */
static void points_are_found_without_a_table(void **state)
{
    (void)state;
    struct sk_site *site = site_load();
    struct sk_site bare = *site;
    bare.point_hash = NULL;
    bare.point_hash_size = 0;
    for (size_t i = 0; i < site->point_count; i++)
        assert_int_equal(sk_site_point(&bare, site->points[i].id), i);
    assert_int_equal(sk_site_point(&bare, "ups1/nothing"), -1);
    assert_int_equal(sk_site_hash_size(0), 8);
    assert_true(sk_site_hash_size(5000) >= 10000);
    sk_site_free(site);
}

static void doors_are_read(void **state)
{
    (void)state;
    struct sk_site *site = site_load();
    const struct sk_door_info *door = &site->doors[sk_site_door(site, "d1")];
    assert_true(door->zone_from == 0 && door->zone_to == 1 && door->rex && door->address == 1);
    assert_string_equal(door->token, "d1");
    assert_int_equal(door->controller, sk_site_device(site, "dc1"));
    assert_int_equal(door->readers[0].factors_required, 1u << SK_FACTOR_CARD | 1u << SK_FACTOR_VEIN);
    assert_true(door->readers[0].entry && !door->readers[1].entry && door->readers[1].address == -1);
    assert_true(door->release_ms == 3000 && door->open_ms == 30000 && door->extended_open_ms == 60000);
    assert_string_equal(door->cameras[0], "cam1");
    assert_int_equal(sk_site_zone(site, "nowhere"), -1);
    assert_int_equal(sk_site_link(site, "broker"), 2);
    sk_site_free(site);
}

static void digest_follows_every_byte(void **state)
{
    (void)state;
    struct sk_site *first = site_load(), *again = site_load(), *other = NULL;
    struct sk_fault fault;
    const struct bad comment = {"comment", "// A small", "// Another small", "", "", SK_OK};
    char *text = file_text(SITE), *text2 = changed(text, &comment);
    assert_int_equal(sk_site_parse(SITE, text2, strlen(text2), NULL, &other, &fault), SK_OK);
    assert_memory_equal(first->digest, again->digest, 32);
    assert_memory_not_equal(first->digest, other->digest, 32);
    sk_site_free(other);
    assert_int_equal(sk_site_parse(SITE, text, strlen(text), NULL, &other, &fault), SK_OK);
    assert_memory_equal(first->digest, other->digest, 32);
    sk_site_free(other);
    sk_site_free(again);
    sk_site_free(first);
    free(text);
    free(text2);
}

/* --- profiles --- */
static void good_profile_is_read(void **state)
{
    (void)state;
    const struct sk_profile *profile = NULL;
    void *arena = NULL;
    struct sk_fault fault;
    if (sk_profile_load(PROFILES "/small-ups.json", &profile, &arena, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    const struct sk_profile_point *p = profile->points;
    assert_string_equal(profile->status, "G");
    assert_true(profile->modbus.timeout_ms == 500 && profile->modbus.retries == 2 && profile->modbus.unit_stride == 1000);
    assert_true(profile->modbus.atomic[0].from == 100 && profile->modbus.atomic[0].count == 10 &&
                profile->modbus.atomic[0].function == 3);
    assert_true(profile->modbus.confirm_zero[0].function == 4 && profile->modbus.confirm_zero[0].from == 0);
    assert_true(p[0].address == 130 && p[0].count == 1 && p[0].function == 3 && p[0].order == 0 && p[0].range_high == 100);
    assert_true(p[1].count == 2 && p[1].sentinels[0].raw == 0xFFFFFFFF && p[1].sentinels[0].quality == SK_Q_NOT_CONNECTED);
    assert_true(p[2].order == SK_ORDER_BYTES_SWAPPED && p[2].sentinel_count > 2 && p[2].scale_from == 3 && p[2].scale == 0.1);
    assert_true(p[3].hidden && p[3].kind == NULL && p[3].scale_map_count == 2 && p[3].scale_map[1].raw == 1);
    assert_true(p[3].scale_map[0].scale == 1 && p[3].scale_map[0].offset == 0);
    assert_true(p[4].flag_count == 3 && p[4].flags[2].bit == 21);
    assert_true(p[5].function == 4 && p[5].order == SK_ORDER_WORDS_SWAPPED && isinf(p[5].range_low));
    assert_true(p[6].shift == 12 && p[6].width == 4 && p[6].states[1].raw == 15);
    assert_true(p[7].function == 2 && p[7].type == SK_REG_BIT);
    assert_true(p[8].count == 8 && p[8].period_ms == 60000 && !p[8].strided && p[0].strided);
    sk_profile_arena_free(arena);
}

static void payload_states_are_read(void **state)
{
    (void)state;
    const struct sk_profile *profile = NULL;
    void *arena = NULL;
    struct sk_fault fault;
    if (sk_profile_load(PROFILES "/small-th.json", &profile, &arena, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    const struct sk_map_entry *entry = profile->points[1].states;
    assert_true(entry[0].text == NULL && entry[0].raw == 0 && entry[0].state == 0);
    assert_true(entry[1].text == NULL && entry[1].raw == 1 && entry[1].state == 1);
    assert_true(entry[2].text == NULL && entry[2].raw == 2);
    assert_string_equal(entry[3].text, "bad");
    assert_string_equal(entry[4].text, "good");
    assert_true((int64_t)profile->points[0].sentinels[0].raw == -999);
    assert_int_equal(profile->points[2].state_count, profile->points[2].kind->state_count); /* the words themselves */
    assert_string_equal(profile->points[2].states[1].text, "alarm");
    assert_string_equal(profile->mqtt.birth_online, "online");
    sk_profile_arena_free(arena);
}

/* --- bad sites --- */
static const struct bad BAD_SITES[] = {
    {"unknown key", "\"tag\": \"52U1\"", "\"tga\": \"52U1\"", "devices[0]", "unknown key 'tga'; expected 'tag'", SK_ERR_PARSE},
    {"unknown key far from all", "\"tag\": \"52U1\"", "\"nonsense\": 1", "devices[0]", "expected one of id, profile",
     SK_ERR_PARSE},
    {"wrong type: text", "\"asset\": \"A-1\"", "\"asset\": 1", "devices[0].asset", "found 1; expected a text", SK_ERR_PARSE},
    {"wrong type: integer", "\"unit\": 7", "\"unit\": \"7\"", "devices[1].unit", "found '7'; expected an integer from 0 to 255",
     SK_ERR_PARSE},
    {"fraction", "\"unit\": 7", "\"unit\": 7.5", "devices[1].unit", "expected an integer", SK_ERR_PARSE},
    {"out of range", "\"unit\": 7", "\"unit\": 256", "devices[1].unit", "from 0 to 255", SK_ERR_RANGE},
    {"wrong type: boolean", "\"simulated\": true", "\"simulated\": \"yes\"", "links[0].simulated", "true or false",
     SK_ERR_PARSE},
    {"wrong type: object", "\"title\": {\"en\": \"UPS 1\"}", "\"title\": \"UPS\"", "devices[0].title", "an object",
     SK_ERR_PARSE},
    {"wrong type: list", "[\"profiles\"]", "\"profiles\"", "profile_path", "a list", SK_ERR_PARSE},
    {"element is no object", "{\"id\": \"server\", \"class\": 3}", "3", "zones[1]", "an object", SK_ERR_PARSE},
    {"null", "\"asset\": \"A-1\"", "\"asset\": null", "devices[0].asset", "found null", SK_ERR_PARSE},
    {"wrong word", "\"protocol\": \"mqtt\"", "\"protocol\": \"mqqt\"", "links[2].protocol", "one of modbus-tcp|modbus-rtu|mqtt",
     SK_ERR_PARSE},
    {"missing key", "\"zone\": \"Asia/Tokyo\", ", "", "site", "no key 'zone'", SK_ERR_PARSE},
    {"unknown time zone", "Asia/Tokyo", "Asia/Tokio", "site.zone", "IANA", SK_ERR_NOT_FOUND},
    {"empty identifier", "\"id\": \"small\"", "\"id\": \"\"", "site.id", "1 to 63 bytes", SK_ERR_RANGE},
    {"identifier with a slash", "\"id\": \"ups1\"", "\"id\": \"ups/1\"", "devices[0].id", "letters, digits", SK_ERR_PARSE},
    {"twin device", "\"id\": \"ups2\"", "\"id\": \"ups1\"", "devices[1]", "found 'ups1' again", SK_ERR_EXISTS},
    {"twin zone", "\"id\": \"server\"", "\"id\": \"outside\"", "zones[1]", "found 'outside' again", SK_ERR_EXISTS},
    {"twin link", "\"id\": \"bus1\"", "\"id\": \"gw1\"", "links[1]", "found 'gw1' again", SK_ERR_EXISTS},
    {"twin reader", "\"id\": \"r2\"", "\"id\": \"r1\"", "doors[0].readers[1]", "found 'r1' again", SK_ERR_EXISTS},
    {"twin key", "\"asset\": \"A-1\"", "\"asset\": \"A-1\", \"asset\": \"A-2\"", "site.json: line 14", "stands twice",
     SK_ERR_PARSE},
    {"our own device", "\"id\": \"ups1\"", "\"id\": \"monitor\"", "devices[0].id", "our own", SK_ERR_EXISTS},
    {"unknown link", "\"link\": \"bus1\"", "\"link\": \"bus9\"", "devices[1].link", "found 'bus9'", SK_ERR_NOT_FOUND},
    {"unknown profile", "\"profile\": \"small-cam\"", "\"profile\": \"big-cam\"", "devices[5].profile",
     "big-cam.json in " PROFILES, SK_ERR_NOT_FOUND},
    {"unknown point", "\"battery.charge\": {", "\"battery.chrage\": {", "devices[0].points[\"battery.chrage\"]",
     "profile 'small-ups'", SK_ERR_NOT_FOUND},
    {"hidden point", "\"battery.charge\": {", "\"x.unit\": {", "devices[0].points[\"x.unit\"]", "offers", SK_ERR_NOT_FOUND},
    {"simulated in production", "\"class\": \"test\"", "\"class\": \"production\"", "links[0].simulated", "class production",
     SK_ERR_CONFLICT},
    {"serial without device", "\"serial\": \"/dev/ttyUSB0\", ", "", "links[1]", "no key 'serial'", SK_ERR_PARSE},
    {"baud nobody knows", "\"baud\": 19200", "\"baud\": 19201", "links[1].baud", "19200, 38400", SK_ERR_RANGE},
    {"RTU with 7 data bits", "\"stop_bits\": 2", "\"data_bits\": 7", "links[1].data_bits", "expected 8", SK_ERR_RANGE},
    {"RTU with a port", "\"stop_bits\": 2", "\"port\": 502", "links[1]", "'port', which this protocol does not know",
     SK_ERR_PARSE},
    {"RTU unit 0", "\"unit\": 7", "\"unit\": 0", "devices[1].unit", "1 to 247", SK_ERR_RANGE},
    {"two links on one line", "{\"id\": \"broker\"",
     "{\"id\": \"bus2\", \"protocol\": \"modbus-rtu\", \"serial\": \"/dev/ttyUSB0\"}, {\"id\": \"broker\"", "links[2].serial",
     "one link per serial line", SK_ERR_EXISTS},
    {"certificate without key", "{\"ca\": \"ca.pem\"}", "{\"ca\": \"ca.pem\", \"cert\": \"c.pem\"}", "links[2].tls",
     "cert and key together", SK_ERR_PARSE},
    {"MQTT without topic", "\"topic\": \"small/th1\",", "", "devices[2]", "no key 'topic'", SK_ERR_PARSE},
    {"MQTT with wildcard", "small/th1", "small/+", "devices[2].topic", "wildcards", SK_ERR_PARSE},
    {"MQTT with unit", "\"topic\": \"small/th1\"", "\"topic\": \"small/th1\", \"unit\": 1", "devices[2]", "no unit",
     SK_ERR_PARSE},
    {"Modbus with topic", "\"unit\": 7", "\"unit\": 7, \"topic\": \"x\"", "devices[1].topic", "no topic", SK_ERR_PARSE},
    {"profile of the other wire", "\"link\": \"broker\", \"topic\": \"small/th1\"", "\"link\": \"gw1\"", "devices[2].link",
     "speaks MQTT", SK_ERR_CONFLICT},
    {"same machine twice", "\"link\": \"bus1\", \"unit\": 7", "\"link\": \"gw1\", \"unit_index\": 2", "devices[1]",
     "same machine as 'ups1'", SK_ERR_EXISTS},
    {"stride beyond the end", "\"unit_index\": 2", "\"unit_index\": 66", "devices[0].unit_index", "expected at most 65535",
     SK_ERR_RANGE},
    {"spot backwards", "\"from_m\": 0", "\"from_m\": 20", "devices[5].spots[0]", "from_m 20 beyond to_m 12.5", SK_ERR_RANGE},
    {"unknown condition", "\"Stale\": {}", "\"Stail\": {}", "limits.Stail", "condition 'Stail'", SK_ERR_PARSE},
    {"condition of a device", "\"Stale\": {}", "\"CommLost\": {}", "limits.CommLost", "expected LowerFatal", SK_ERR_PARSE},
    {"threshold without reading", "{\"Reading\": 30}", "{}", "limits.UpperCaution", "no key 'Reading'", SK_ERR_PARSE},
    {"state of a number", "\"UpperCaution\": {\"Reading\": 30}", "\"State\": {\"states\": [\"OB\"]}", "limits.State",
     "has no states", SK_ERR_PARSE},
    {"window without use", "{\"Reading\": 30}", "{\"Reading\": 30, \"window\": \"PT5S\"}", "UpperCaution", "only RateOfChange",
     SK_ERR_PARSE},
    {"rate without window", ", \"window\": \"PT15M\"", "", "RateOfChange", "a window such as", SK_ERR_PARSE},
    {"thresholds out of order", "\"UpperCaution\": {\"Reading\": 30}",
     "\"UpperCaution\": {\"Reading\": 30}, \"UpperCritical\": {\"Reading\": 29}", "limits",
     "UpperCaution 30 lies above UpperCritical 29", SK_ERR_RANGE},
    {"no duration", "\"ReleaseTime\": \"PT3S\"", "\"ReleaseTime\": \"3s\"", "doors[0].ReleaseTime", "ISO 8601", SK_ERR_PARSE},
    {"duration out of range", "\"ReleaseTime\": \"PT3S\"", "\"ReleaseTime\": \"PT3H\"", "doors[0].ReleaseTime",
     "0.1 to 3600 seconds", SK_ERR_RANGE},
    {"open times out of order", "\"ReleaseTime\": \"PT3S\"", "\"OpenTime\": \"PT90S\"", "doors[0].ExtendedOpenTime",
     "at least as much", SK_ERR_RANGE},
    {"a warning later than its alarm", "\"ReleaseTime\": \"PT3S\"", "\"PreAlarmTime\": \"PT30S\"", "doors[0].PreAlarmTime",
     "expected less", SK_ERR_RANGE},
    {"door's counter of another kind", "\"ReleaseTime\": \"PT3S\"", "\"counter\": \"cam1\"", "doors[0].counter",
     "expected kind people_counter", SK_ERR_CONFLICT},
    {"reader's biometric of another kind", "\"direction\": \"entry\"", "\"biometric\": \"cam1\"",
     "doors[0].readers[0].biometric", "expected kind biometric_reader", SK_ERR_CONFLICT},
    {"door's zone", "\"from\": \"outside\"", "\"from\": \"inside\"", "doors[0].from", "id of a zone", SK_ERR_NOT_FOUND},
    {"door to itself", "\"from\": \"outside\"", "\"from\": \"server\"", "doors[0].to", "both sides", SK_ERR_CONFLICT},
    {"door's controller", "\"controller\": \"dc1\"", "\"controller\": \"dc9\"", "doors[0].controller", "id of a device",
     SK_ERR_NOT_FOUND},
    {"controller of another kind", "\"controller\": \"dc1\"", "\"controller\": \"ups1\"", "doors[0].controller",
     "kind ups; expected kind door_controller", SK_ERR_CONFLICT},
    {"door's camera", "[\"cam1\"]", "[\"cam2\"]", "doors[0].cameras[0]", "found 'cam2'", SK_ERR_NOT_FOUND},
    {"reader address twice", "\"direction\": \"exit\"", "\"direction\": \"exit\", \"address\": 1", "doors[0].readers",
     "reader address 1 again", SK_ERR_EXISTS},
    {"reader address of another door", "\"doors\": [",
     "\"doors\": [{\"id\": \"d0\", \"from\": \"outside\", \"to\": \"server\", \"controller\": \"dc1\", "
     "\"readers\": [{\"id\": \"r9\", \"address\": 1}]},",
     "doors[1].readers", "reader address 1 again, as at door 'd0'", SK_ERR_EXISTS},
    {"door address twice", "\"doors\": [",
     "\"doors\": [{\"id\": \"d0\", \"from\": \"outside\", \"to\": \"server\", \"controller\": \"dc1\", \"address\": 1},",
     "doors[1].address", "found 1 again", SK_ERR_EXISTS},
    {"door token twice", "\"doors\": [",
     "\"doors\": [{\"id\": \"d0\", \"from\": \"outside\", \"to\": \"server\", \"controller\": \"dc1\", \"token\": \"d1\"},",
     "doors[1].token", "found 'd1' again", SK_ERR_EXISTS},
    {"unknown factor", "\"Vein\"", "\"Blood\"", "doors[0].readers[0].factors[1]", "a factor such as", SK_ERR_PARSE},
    {"control characters", "\"asset\": \"A-1\"", "\"asset\": \"A\\u001b1\"", "devices[0].asset", "control characters",
     SK_ERR_PARSE},
    {"unknown signal", "\"links\": [", "\"signals\": {\"visitor.nmae\": {\"register\": \"visit\"}}, \"links\": [",
     "signals[\"visitor.nmae\"]", "perhaps 'visitor.name' is meant", SK_ERR_NOT_FOUND},
    {"signal far from all", "\"links\": [", "\"signals\": {\"weather\": {\"register\": \"visit\"}}, \"links\": [",
     "signals.weather", "expected a signal of schemas/vocab/signals.def; correct", SK_ERR_NOT_FOUND},
    {"unknown register", "\"links\": [", "\"signals\": {\"visitor.name\": {\"register\": \"vist\"}}, \"links\": [",
     "signals[\"visitor.name\"].register", "perhaps 'visit' is meant", SK_ERR_NOT_FOUND},
    {"neither register nor attestation", "\"links\": [", "\"signals\": {\"visitor.name\": {}}, \"links\": [",
     "signals[\"visitor.name\"]", "one of the two", SK_ERR_PARSE},
    {"both register and attestation", "\"links\": [",
     "\"signals\": {\"visitor.name\": {\"register\": \"visit\", \"attestation\": {\"who\": \"a\", \"until\": \"2027-03-31\", "
     "\"document\": \"d\"}}}, \"links\": [",
     "signals[\"visitor.name\"]", "one of the two", SK_ERR_PARSE},
    {"attestation without its document", "\"links\": [",
     "\"signals\": {\"visitor.name\": {\"attestation\": {\"who\": \"a\", \"until\": \"2027-03-31\"}}}, \"links\": [",
     "signals[\"visitor.name\"].attestation", "no key 'document'", SK_ERR_PARSE},
    {"attested until no day", "\"links\": [",
     "\"signals\": {\"visitor.name\": {\"attestation\": {\"who\": \"a\", \"until\": \"2027-02-30\", \"document\": \"d\"}}}, "
     "\"links\": [",
     "attestation.until", "a day like 2027-03-31", SK_ERR_PARSE},
    {"unknown due time", "\"links\": [", "\"dues\": {\"visit.overdeu\": \"PT5M\"}, \"links\": [", "dues",
     "unknown key 'visit.overdeu'; expected 'visit.overdue'", SK_ERR_PARSE},
    {"due time that is no duration", "\"links\": [", "\"dues\": {\"visit.overdue\": 5}, \"links\": [",
     "dues[\"visit.overdue\"]", "ISO 8601", SK_ERR_PARSE},
    {"bytes after the end", "", "x", "site.json", "", SK_ERR_PARSE},
    {"syntax", "\"links\": [", "\"links\": [[", "site.json", "line", SK_ERR_PARSE},
};

static void bad_sites_are_refused(void **state)
{
    (void)state;
    char *good = file_text(SITE);
    int differing = 0;
    for (size_t i = 0; i < sizeof(BAD_SITES) / sizeof(BAD_SITES[0]); i++) {
        struct sk_site *site = NULL;
        struct sk_fault fault = {SK_OK, ""};
        char *text = changed(good, &BAD_SITES[i]);
        enum sk_err err = sk_site_parse(SITE, text, strlen(text), NULL, &site, &fault);
        differing += fault_differs(&BAD_SITES[i], err, &fault);
        sk_site_free(site);
        free(text);
    }
    free(good);
    assert_int_equal(differing, 0);
}

/* --- bad profiles --- */
static const struct bad BAD_MODBUS[] = {
    {"unknown key", "\"retries\"", "\"retrys\"", "modbus", "unknown key 'retrys'", SK_ERR_PARSE},
    {"unknown kind", "\"kind\": \"ups\"", "\"kind\": \"usp\"", "kind", "one of ups|generator", SK_ERR_PARSE},
    {"our own kind", "\"kind\": \"ups\"", "\"kind\": \"monitor\"", "kind", "which is ours", SK_ERR_PARSE},
    {"no provenance", "\"status\": \"G\", ", "", "provenance", "no key 'status'", SK_ERR_PARSE},
    {"unknown name", "\"battery.charge\"", "\"battery.chargd\"", "points[0].name", "points.def", SK_ERR_NOT_FOUND},
    {"twin point", "\"battery.runtime\"", "\"battery.charge\"", "points[1]", "found 'battery.charge' again", SK_ERR_EXISTS},
    {"helper without x.", "\"hidden\": true", "\"hidden\": false", "points[3].name", "begin with x.", SK_ERR_PARSE},
    {"hidden without x.", "\"type\": \"u16\", \"pow2\": 9", "\"hidden\": true", "points[0].name", "begin with x.",
     SK_ERR_PARSE},
    {"no address", "\"address\": 131, ", "", "points[0]", "no key 'address'", SK_ERR_PARSE},
    {"address below the base", "\"address\": 131", "\"address\": 0", "points[0].address", "address_base 1", SK_ERR_RANGE},
    {"address beyond the end", "\"address\": 129", "\"address\": 65536", "points[1].address",
     "65535 to 65536; expected 0 to 65535", SK_ERR_RANGE},
    {"two scales", "\"pow2\": 9", "\"pow2\": 9, \"scale\": 2", "points[0]", "more than one of scale", SK_ERR_CONFLICT},
    {"scale 0", "\"pow2\": 9", "\"scale\": 0", "points[0].scale", "other than 0", SK_ERR_RANGE},
    {"range backwards", "[0, 100]", "[100, 0]", "points[0].range", "low below high", SK_ERR_PARSE},
    {"bit of a register", "\"type\": \"bit\"", "\"type\": \"u16\"", "points[7]", "expected 3 or 4", SK_ERR_PARSE},
    {"bit by function 3", "\"function\": 2, ", "", "points[7]", "expected 1 or 2", SK_ERR_PARSE},
    {"bit key on u16", "\"pow2\": 9", "\"bit\": 3", "points[0].bit", "bits16 or bits32", SK_ERR_PARSE},
    {"field without width", ", \"width\": 4", "", "points[6]", "needs shift and width", SK_ERR_PARSE},
    {"field too wide", "\"width\": 4", "\"width\": 5", "points[6]", "together at most 16", SK_ERR_PARSE},
    {"state beyond the field", "\"0xF\"", "\"0x10\"", "points[6].states.0x10", "from 0 to 15", SK_ERR_RANGE},
    {"state twice", "\"0xF\": \"fault\"", "\"0x0\": \"fault\"", "points[6].states.0x0", "same raw value twice", SK_ERR_EXISTS},
    {"unknown state", "\"0xF\": \"fault\"", "\"0xF\": \"broken\"", "points[6].states.0xF",
     "found 'broken'; expected a word of 'device.fault'", SK_ERR_PARSE},
    {"no states", ", \"states\": {\"0\": \"normal\", \"0xF\": \"fault\"}", "", "points[6].states", "found nothing",
     SK_ERR_PARSE},
    {"unknown flag", "\"OVER\"", "\"OVR\"", "points[4].flags.21", "found 'OVR'", SK_ERR_PARSE},
    {"flag beyond the word", "\"21\": \"OVER\"", "\"32\": \"OVER\"", "points[4].flags.32", "from 0 to 31", SK_ERR_RANGE},
    {"states of a number", "\"pow2\": 9", "\"states\": {\"1\": \"a\"}", "points[0].states", "is no state", SK_ERR_PARSE},
    {"unknown set", "gencomm-s16", "gencomm-s17", "points[2].sentinels", "sentinels.def", SK_ERR_NOT_FOUND},
    {"set too wide", "gencomm-s16", "gencomm-u32", "points[2].sentinels", "a set for 16 bits", SK_ERR_RANGE},
    {"sentinel too wide", "\"0xFFFFFFFF\"", "\"0x1FFFFFFFF\"", "points[1].sentinels[0].raw", "fit 32 bits", SK_ERR_RANGE},
    {"sentinel of good quality", "{\"raw\": \"0xFFFFFFFF\"}", "{\"raw\": 1, \"quality\": \"good\"}",
     "points[1].sentinels[0].quality", "bad or uncertain", SK_ERR_PARSE},
    {"scale from nobody", "\"scale_from\": \"x.unit\"", "\"scale_from\": \"x.unti\"", "points[2].scale_from", "has a scale_map",
     SK_ERR_NOT_FOUND},
    {"scale from one without map", "\"scale_from\": \"x.unit\"", "\"scale_from\": \"battery.charge\"", "points[2].scale_from",
     "has a scale_map", SK_ERR_NOT_FOUND},
    {"text as a number", "\"type\": \"string\", \"count\": 8", "\"type\": \"u16\"", "points[8].type", "string or days2000",
     SK_ERR_PARSE},
    {"number as a text", "\"type\": \"u16\", \"pow2\": 9", "\"type\": \"days2000\"", "points[0].type", "other than string",
     SK_ERR_PARSE},
    {"string without count", ", \"count\": 8", "", "points[8]", "add it", SK_ERR_PARSE},
    {"count of a u16", "\"pow2\": 9", "\"count\": 2", "points[0]", "remove it", SK_ERR_PARSE},
    {"words of a float", "\"type\": \"field\", \"shift\": 12, \"width\": 4", "\"type\": \"f32\"", "points[6].type",
     "integers, not of floats", SK_ERR_PARSE},
    {"key of the other wire", "\"pow2\": 9", "\"path\": \"a\"", "points[0]", "'path', which a Modbus profile does not know",
     SK_ERR_PARSE},
    {"object of the other wire", "\"points\": [", "\"mqtt\": {}, \"points\": [", "json", "other protocol", SK_ERR_PARSE},
    {"ring without doors", "\"points\": [",
     "\"ring\": {\"epoch\": 1, \"head\": 3, \"tail\": 5, \"ring\": 7, \"entries\": 2, \"entry_words\": 24}, \"points\": [",
     "json", "kind door_controller", SK_ERR_PARSE},
    {"forbidden point", "{\"from\": 201, \"count\": 5}", "{\"from\": 131, \"count\": 1}", "points[",
     "lies in modbus.forbidden[0]", SK_ERR_CONFLICT},
    {"atomic and forbidden", "{\"from\": 201, \"count\": 5}", "{\"from\": 110, \"count\": 5}", "modbus.atomic[0]",
     "holds forbidden[0]", SK_ERR_CONFLICT},
    {"atomic too long", "\"count\": 10", "\"count\": 61", "modbus.atomic[0]", "at most 60", SK_ERR_RANGE},
    {"atomic twice", "{\"from\": 101, \"count\": 10}", "{\"from\": 101, \"count\": 10}, {\"from\": 110, \"count\": 2}",
     "modbus.atomic[1]", "overlaps atomic[0]", SK_ERR_CONFLICT},
    {"half in an atomic", "\"address\": 101, \"type\": \"string\"", "\"address\": 105, \"type\": \"string\"", "points[8]",
     "half in modbus.atomic[0]", SK_ERR_CONFLICT},
    {"alarming helper", "\"hidden\": true,", "\"hidden\": true, \"limits\": {\"Stale\": {}},", "points[3].limits",
     "cannot alarm", SK_ERR_PARSE},
    {"removing nothing known", "\"LowerCaution\": {\"Reading\": 50, \"DwellTime\": \"PT5S\", \"HysteresisReading\": 2}",
     "\"LowerCation\": null", "limits.LowerCation", "condition 'LowerCation'", SK_ERR_PARSE},
};
static const struct bad BAD_MQTT[] = {
    {"address", "\"path\": \"t\"", "\"address\": 1", "points[0]", "'address', which an MQTT profile does not know",
     SK_ERR_PARSE},
    {"wildcard", "{base}/state", "{base}/#", "mqtt.topic", "wildcards", SK_ERR_PARSE},
    {"empty step", "{base}/state", "{base}//state", "mqtt.topic", "empty steps", SK_ERR_PARSE},
    {"one birth word", "{\"topic\": \"{base}/status\"}", "{\"topic\": \"a\", \"online\": \"x\", \"offline\": \"x\"}",
     "mqtt.birth", "same payload", SK_ERR_CONFLICT},
    {"events without doors", "\"qos\": 1", "\"event_topic\": \"e\"", "json", "kind door_controller", SK_ERR_PARSE},
    {"half a quotation", "\"\\\"bad\\\"\"", "\"\\\"bad\"", "points[1].states", "quotation mark", SK_ERR_PARSE},
    {"state twice", "\"good\": \"normal\"", "\"bad\": \"normal\"", "points[1].states.bad", "twice", SK_ERR_EXISTS},
    {"no list", "[{\"raw\": -999, \"quality\": \"sensor_failure\"}]", "5", "points[0].sentinels", "name of a set",
     SK_ERR_PARSE},
    {"nothing offered", "\"points\": [", "\"points\": []} /* ", "json", "", SK_ERR_PARSE},
};

static void bad_profiles_refused(const char *path, const struct bad *rows, size_t count)
{
    char *good = file_text(path);
    int differing = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sk_profile *profile = NULL;
        void *arena = NULL;
        struct sk_fault fault = {SK_OK, ""};
        char *text = changed(good, &rows[i]);
        enum sk_err err = sk_profile_parse(path, text, strlen(text), &profile, &arena, &fault);
        differing += fault_differs(&rows[i], err, &fault);
        sk_profile_arena_free(arena);
        free(text);
    }
    free(good);
    assert_int_equal(differing, 0);
}

static void bad_profiles_are_refused(void **state)
{
    (void)state;
    bad_profiles_refused(PROFILES "/small-ups.json", BAD_MODBUS, sizeof(BAD_MODBUS) / sizeof(BAD_MODBUS[0]));
    bad_profiles_refused(PROFILES "/small-th.json", BAD_MQTT, sizeof(BAD_MQTT) / sizeof(BAD_MQTT[0]));
}

static void missing_file_is_named(void **state)
{
    (void)state;
    struct sk_site *site = NULL;
    struct sk_fault fault;
    assert_int_equal(sk_site_load(VECTORS "/none.json", NULL, &site, &fault), SK_ERR_NOT_FOUND);
    assert_non_null(strstr(fault.text, VECTORS "/none.json: cannot be opened"));
    assert_int_equal(sk_site_load(VECTORS, NULL, &site, &fault), SK_ERR_IO);
    assert_int_equal(sk_site_load(VECTORS "/none.json", NULL, &site, NULL), SK_ERR_NOT_FOUND);
    sk_site_free(NULL);
    sk_profile_arena_free(NULL);
}

/* --- durations --- */
static void durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } ROWS[] = {{"PT5S", 5000},
                {"PT0.5S", 500},
                {"PT0.125S", 125},
                {"PT15M", 900000},
                {"PT1H30M", 5400000},
                {"P1D", 86400000},
                {"P1DT1S", 86401000},
                {"PT0S", 0},
                {"P", -1},
                {"PT", -1},
                {"P1DT", -1},
                {"5S", -1},
                {"PT5", -1},
                {"PTS", -1},
                {"PT5M4H", -1},
                {"PT5S5S", -1},
                {"PT0.5M", -1},
                {"PT.5S", -1},
                {"PT5.S", -1},
                {"P1M", -1},
                {"P1Y", -1},
                {"P1W", -1},
                {"PT-5S", -1},
                {"pt5s", -1},
                {"PT1.2345S", -1},
                {"PT99999999999S", -1},
                {"", -1},
                {"PTT5S", -1},
                {"PT5S ", -1}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        int64_t ms = -1;
        if (!cfg_duration_parse(ROWS[i].text, &ms))
            ms = -1;
        if (ms != ROWS[i].ms)
            fail_msg("'%s': expected %lld, got %lld", ROWS[i].text, (long long)ROWS[i].ms, (long long)ms);
    }
}

/* --- no memory --- */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    unsigned long n = 0;
    enum sk_err err;
    sk_mem_fail_at(0);
    do {
        struct sk_site *site = NULL;
        struct sk_fault fault = {SK_OK, ""};
        sk_mem_fail_at(++n);
        err = sk_site_load(SITE, NULL, &site, &fault);
        unsigned long made = sk_mem_fail_at(0);
        if (err == SK_OK && made >= n)
            fail_msg("allocation %lu of %lu failed and nobody noticed", n, made);
        if (err != SK_OK && err != SK_ERR_NOMEM)
            fail_msg("allocation %lu: %s", n, fault.text);
        if (err != SK_OK)
            assert_null(site);
        sk_site_free(site);
    } while (err != SK_OK && n < 10000);
    assert_int_equal(err, SK_OK);
    assert_true(n > 10);
}

static void every_allocation_of_a_profile_may_fail(void **state)
{
    (void)state;
    unsigned long n = 0;
    enum sk_err err;
    do {
        const struct sk_profile *profile = NULL;
        void *arena = NULL;
        struct sk_fault fault = {SK_OK, ""};
        sk_mem_fail_at(++n);
        err = sk_profile_load(PROFILES "/small-ups.json", &profile, &arena, &fault);
        sk_mem_fail_at(0);
        assert_true(err == SK_OK || err == SK_ERR_NOMEM);
        assert_true((err == SK_OK) == (arena != NULL));
        sk_profile_arena_free(arena);
    } while (err != SK_OK && n < 10000);
    assert_int_equal(err, SK_OK);
}

/* --- advice --- */
struct heard {
    char text[8192];
};

static void hear(void *context, const char *where, const char *what)
{
    struct heard *heard = context;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof(heard->text) - used, "%s: %s\n", where, what);
}

static uint32_t due_of(const struct sk_site *site, const char *name)
{
    for (size_t i = 0; sk_due_at(i) != NULL; i++)
        if (strcmp(sk_due_at(i)->name, name) == 0)
            return sk_due_after_s(site, i);
    fail_msg("no due time of %s", name);
    return 0;
}

static void due_times_and_stand_ins_are_read(void **state)
{
    (void)state;
    static const struct bad added = {
        "added",
        "\"links\": [",
        "\"dues\": {\"visit.overdue\": \"PT5M\", \"item.not_erased\": \"P7D\"},"
        "\"signals\": {\"backup.result\": {\"register\": \"watch\"}, \"ups.status\": {\"attestation\": "
        "{\"who\": \"chief\", \"until\": \"2027-03-31\", \"document\": \"D-1\"}}}, \"links\": [",
        "",
        "",
        SK_OK};
    char *good = file_text(SITE), *text = changed(good, &added);
    struct sk_site *plain = site_load(), *site = NULL;
    struct sk_fault fault = {SK_OK, ""};
    assert_int_equal(sk_site_parse(SITE, text, strlen(text), NULL, &site, &fault), SK_OK);
    for (size_t i = 0; sk_due_at(i) != NULL; i++) /* without the section the rows' own times */
        assert_int_equal(sk_due_after_s(plain, i), sk_due_at(i)->after_s);
    assert_int_equal(due_of(site, "visit.overdue"), 300);
    assert_int_equal(due_of(site, "item.not_erased"), 7 * 86400);
    assert_int_equal(due_of(site, "emergency.not_ratified"), 259200);
    assert_int_equal(plain->stand_in_count, 0);
    assert_int_equal(site->stand_in_count, 2);
    assert_string_equal(sk_signal_at(site->stand_ins[0].signal)->name, "backup.result");
    assert_string_equal(site->stand_ins[0].keeper, "watch");
    assert_string_equal(site->stand_ins[1].keeper, "");
    assert_string_equal(site->stand_ins[1].document, "D-1");
    struct heard heard = {""};
    (void)sk_site_advise(site, hear, &heard); /* the site has a UPS of its own */
    assert_non_null(strstr(heard.text, "ups.status: point ups1/ups.status tells it"));
    sk_site_free(plain);
    sk_site_free(site);
    free(text);
    free(good);
}

static void unwise_sites_are_told(void **state)
{
    (void)state;
    static const char *const EXPECTED[] = {
        "th1/env.room.temperature: UpperCaution has no hysteresis",
        "dc1: no door names this door controller",
        "ups1/input.voltage",
    };
    struct sk_site *site = site_load();
    struct heard heard = {""};
    size_t count = sk_site_advise(site, hear, &heard);
    assert_true(count >= 2);
    assert_non_null(strstr(heard.text, EXPECTED[0]));
    assert_null(strstr(heard.text, EXPECTED[1]));
    assert_non_null(strstr(heard.text, "dc2: no door names this door controller"));
    assert_null(strstr(heard.text, EXPECTED[2]));
    sk_site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_site_is_read),
        cmocka_unit_test(good_links_are_read),
        cmocka_unit_test(good_points_are_read),
        cmocka_unit_test(good_devices_are_read),
        cmocka_unit_test(monitor_devices_are_added),
        cmocka_unit_test(points_are_found_without_a_table),
        cmocka_unit_test(doors_are_read),
        cmocka_unit_test(digest_follows_every_byte),
        cmocka_unit_test(good_profile_is_read),
        cmocka_unit_test(payload_states_are_read),
        cmocka_unit_test(bad_sites_are_refused),
        cmocka_unit_test(bad_profiles_are_refused),
        cmocka_unit_test(missing_file_is_named),
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_a_profile_may_fail),
        cmocka_unit_test(unwise_sites_are_told),
        cmocka_unit_test(due_times_and_stand_ins_are_read),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
