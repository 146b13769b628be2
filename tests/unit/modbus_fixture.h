/* SPDX-License-Identifier: Apache-2.0 */
/* A site of one Modbus device whose points a test writes as rows; built by hand so that the drivers' tests need no files. */
#ifndef MODBUS_FIXTURE_H
#define MODBUS_FIXTURE_H

#include <math.h>
#include <string.h>

#include "schemas/model/site.h"

enum { FIX_MAX = 64 };

struct modbus_fixture {
    struct sk_site site;
    struct sk_link link;
    struct sk_device device;
    struct sk_profile profile;
    struct sk_profile_point profile_points[FIX_MAX];
    struct sk_point points[FIX_MAX];
};

static const struct sk_point_kind fixture_number = {.name = "test.number", .kind = SK_KIND_NUMBER};
static const char *const fixture_words[] = {"off", "on", "tripped"};
static const struct sk_point_kind fixture_state = {
    .name = "test.state", .kind = SK_KIND_STATE, .states = fixture_words, .state_count = 3};
static const struct sk_point_kind fixture_flags = {
    .name = "test.flags", .kind = SK_KIND_FLAGS, .states = fixture_words, .state_count = 3};
static const struct sk_point_kind fixture_text = {.name = "test.text", .kind = SK_KIND_TEXT};

static inline void fixture_init(struct modbus_fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->link = (struct sk_link){.id = "l1", .protocol = SK_PROTO_MODBUS_TCP, .host = "127.0.0.1", .port = 502};
    f->profile = (struct sk_profile){.id = "p", .protocol = SK_PROTO_MODBUS_TCP, .points = f->profile_points};
    f->profile.modbus = (struct sk_modbus_profile){.max_registers = 125, .max_bits = 2000, .max_gap = 4, .timeout_ms = 200};
    f->device = (struct sk_device){.id = "d1", .profile = &f->profile, .link = 0, .unit = 1, .period_ms = 1000};
    f->site = (struct sk_site){.id = "t",
                               .links = &f->link,
                               .link_count = 1,
                               .devices = &f->device,
                               .device_count = 1,
                               .points = f->points,
                               .profiles = &f->profile,
                               .profile_count = 1};
}

static inline struct sk_profile_point fixture_point(const char *name, uint8_t function, uint16_t address, uint16_t count)
{
    return (struct sk_profile_point){.name = name,
                                     .kind = &fixture_number,
                                     .function = function,
                                     .address = address,
                                     .count = count,
                                     .type = SK_REG_U16,
                                     .scale = 1,
                                     .scale_from = -1,
                                     .range_low = -INFINITY,
                                     .range_high = INFINITY};
}

/* Adds a point of the profile; visible ones become a point of the site too. Returns its index in the profile. */
static inline size_t fixture_add(struct modbus_fixture *f, struct sk_profile_point point, uint32_t period_ms)
{
    size_t index = f->profile.point_count++;
    f->profile_points[index] = point;
    if (!point.hidden) {
        f->points[f->site.point_count++] = (struct sk_point){.profile = &f->profile_points[index],
                                                             .kind = point.kind,
                                                             .name = point.name,
                                                             .id = point.name,
                                                             .period_ms = period_ms};
        f->device.point_count = (uint32_t)f->site.point_count;
    }
    return index;
}

#endif
