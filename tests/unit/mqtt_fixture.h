/* SPDX-License-Identifier: Apache-2.0 */
/* A site small enough to read at a glance, built by hand: one broker, one probe with every kind of point, one door controller
 * with two doors, one foreign door. Shared by the unit tests and the fuzz targets of drivers/mqtt. */
#ifndef SK_TEST_MQTT_FIXTURE_H
#define SK_TEST_MQTT_FIXTURE_H

#include <math.h>
#include <string.h>

#include "schemas/model/site.h"

enum { FIX_PROBE, FIX_CONTROLLER, FIX_OTHER, FIX_LINK_DEVICE, FIX_DEVICES };
enum {
    FIX_TEMPERATURE, /* number x 0.1 - 1, range -40..90, sentinel 32767, time_path ts */
    FIX_PLAIN,       /* number, no time */
    FIX_STATE,       /* states by text, number and true */
    FIX_WORDS,       /* states as the vocabulary has them */
    FIX_FLAGS,
    FIX_TEXT,
    FIX_COMM,     /* the loader's own: no profile */
    FIX_HUMIDITY, /* own topic, whole payload */
    FIX_CONTROLLER_COMM,
    FIX_LINK_STATE,
    FIX_LINK_RECONNECTS,
    FIX_POINTS
};

struct mqtt_fixture {
    struct sk_profile_point profile_points[8];
    struct sk_map_entry states[4];
    struct sk_flag_bit flags[2];
    struct sk_sentinel sentinels[1];
    struct sk_profile profiles[2];
    struct sk_reader_info readers[3];
    struct sk_door_info doors[3];
    struct sk_link links[1];
    struct sk_device devices[FIX_DEVICES];
    struct sk_point points[FIX_POINTS];
    struct sk_site site;
};

static inline void fixture_point(struct mqtt_fixture *f, uint32_t index, uint32_t device, const char *name, const char *id,
                                 int profile, const char *path)
{
    struct sk_point *point = &f->points[index];
    *point = (struct sk_point){.device = device, .name = name, .id = id, .kind = sk_point_kind_find(name), .stale_ms = 5000};
    if (profile < 0)
        return;
    f->profile_points[profile] = (struct sk_profile_point){.name = name,
                                                           .kind = point->kind,
                                                           .topic = "",
                                                           .path = path,
                                                           .time_path = "",
                                                           .scale = 1,
                                                           .scale_from = -1,
                                                           .range_low = -INFINITY,
                                                           .range_high = INFINITY};
    point->profile = &f->profile_points[profile];
}

static inline void fixture_points(struct mqtt_fixture *f)
{
    fixture_point(f, FIX_TEMPERATURE, FIX_PROBE, "env.room.temperature", "th1/env.room.temperature", 0, "t.value");
    fixture_point(f, FIX_PLAIN, FIX_PROBE, "battery.charge", "th1/battery.charge", 1, "batt");
    fixture_point(f, FIX_STATE, FIX_PROBE, "device.fault", "th1/device.fault", 2, "fault");
    fixture_point(f, FIX_WORDS, FIX_PROBE, "device.mode", "th1/device.mode", 3, "mode");
    fixture_point(f, FIX_FLAGS, FIX_PROBE, "ups.status", "th1/ups.status", 4, "status");
    fixture_point(f, FIX_TEXT, FIX_PROBE, "device.model", "th1/device.model", 5, "list.1");
    fixture_point(f, FIX_COMM, FIX_PROBE, "device.comm", "th1/device.comm", -1, "");
    fixture_point(f, FIX_HUMIDITY, FIX_PROBE, "env.room.humidity", "th1/env.room.humidity", 6, "");
    fixture_point(f, FIX_CONTROLLER_COMM, FIX_CONTROLLER, "device.comm", "dc1/device.comm", -1, "");
    fixture_point(f, FIX_LINK_STATE, FIX_LINK_DEVICE, "link.state", "link.broker/link.state", -1, "");
    fixture_point(f, FIX_LINK_RECONNECTS, FIX_LINK_DEVICE, "link.reconnects", "link.broker/link.reconnects", -1, "");
    f->sentinels[0] = (struct sk_sentinel){.raw = 32767, .quality = SK_Q_SENSOR_FAILURE, .reason = SK_WHY_SENTINEL};
    f->profile_points[0].scale = 0.1;
    f->profile_points[0].offset = -1;
    f->profile_points[0].range_low = -40;
    f->profile_points[0].range_high = 90;
    f->profile_points[0].time_path = "ts";
    f->profile_points[0].sentinels = f->sentinels;
    f->profile_points[0].sentinel_count = 1;
    f->states[0] = (struct sk_map_entry){.text = "ok", .state = 0};
    f->states[1] = (struct sk_map_entry){.text = "bad", .state = 1};
    f->states[2] = (struct sk_map_entry){.raw = 7, .state = 1};
    f->states[3] = (struct sk_map_entry){.raw = 1, .state = 1};
    f->profile_points[2].states = f->states;
    f->profile_points[2].state_count = 4;
    f->flags[0] = (struct sk_flag_bit){.bit = 1, .flag = 0};
    f->flags[1] = (struct sk_flag_bit){.bit = 2, .flag = 1, .inverted = true};
    f->profile_points[4].flags = f->flags;
    f->profile_points[4].flag_count = 2;
    f->profile_points[6].topic = "{base}/humidity";
}

static inline void fixture_doors(struct mqtt_fixture *f)
{
    f->readers[0] = (struct sk_reader_info){.id = "r1", .entry = true, .address = 1};
    f->readers[1] = (struct sk_reader_info){.id = "r2", .address = 2};
    f->readers[2] = (struct sk_reader_info){.id = "r1", .entry = true, .address = 1};
    f->doors[0] = (struct sk_door_info){
        .id = "d1", .token = "T-1", .controller = FIX_CONTROLLER, .readers = f->readers, .reader_count = 2, .address = 1};
    f->doors[1] = (struct sk_door_info){.id = "T-1",
                                        .token = "d2tok",
                                        .controller = FIX_CONTROLLER,
                                        .readers = f->readers + 2,
                                        .reader_count = 1,
                                        .address = 2};
    f->doors[2] = (struct sk_door_info){.id = "foreign", .token = "foreign", .controller = FIX_OTHER};
}

static inline void fixture_init(struct mqtt_fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->profiles[0] = (struct sk_profile){.id = "th", .kind = SK_DEV_ENVIRONMENT, .protocol = SK_PROTO_MQTT};
    f->profiles[0].mqtt = (struct sk_mqtt_profile){.topic = "{base}/state",
                                                   .birth_topic = "{base}/status",
                                                   .birth_online = "online",
                                                   .birth_offline = "offline",
                                                   .event_topic = "",
                                                   .qos = 1};
    f->profiles[1] = (struct sk_profile){.id = "dc", .kind = SK_DEV_DOOR, .protocol = SK_PROTO_MQTT};
    f->profiles[1].mqtt = (struct sk_mqtt_profile){.topic = "", .birth_topic = "", .event_topic = "{base}/ev", .qos = 1};
    f->links[0] =
        (struct sk_link){.id = "broker", .protocol = SK_PROTO_MQTT, .host = "127.0.0.1", .client_id = "", .simulated = true};
    fixture_points(f);
    fixture_doors(f);
    f->devices[FIX_PROBE] = (struct sk_device){
        .id = "th1", .profile = &f->profiles[0], .topic = "demo/th1", .stale_ms = 5000, .first_point = 0, .point_count = 8};
    f->devices[FIX_CONTROLLER] = (struct sk_device){.id = "dc1",
                                                    .profile = &f->profiles[1],
                                                    .topic = "demo/ctrl/dc1",
                                                    .first_point = FIX_CONTROLLER_COMM,
                                                    .point_count = 1};
    f->devices[FIX_OTHER] =
        (struct sk_device){.id = "dc2", .profile = &f->profiles[1], .topic = "demo/ctrl/dc2", .first_point = FIX_LINK_STATE};
    f->devices[FIX_LINK_DEVICE] =
        (struct sk_device){.id = "link.broker", .link = -1, .first_point = FIX_LINK_STATE, .point_count = 2};
    f->site = (struct sk_site){.id = "demo",
                               .links = f->links,
                               .link_count = 1,
                               .devices = f->devices,
                               .device_count = FIX_DEVICES,
                               .points = f->points,
                               .point_count = FIX_POINTS,
                               .doors = f->doors,
                               .door_count = 3,
                               .profiles = f->profiles,
                               .profile_count = 2};
}

#endif
