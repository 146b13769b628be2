/* SPDX-License-Identifier: Apache-2.0 */
/* The site that the engine's fuzz targets play on: one controller with one door and two readers, one point with four limits. */
#ifndef ENGINE_SITE_H
#define ENGINE_SITE_H

#include "schemas/model/site.h"

static inline const struct sk_site *fuzz_site(void)
{
    static const struct sk_limit limits[] = {
        {.condition = SK_COND_UPPER_CAUTION, .reading = 50, .hysteresis = 5, .dwell_ms = 2000, .hysteresis_ms = 2000},
        {.condition = SK_COND_RATE_OF_CHANGE, .reading = 15, .window_ms = 10000},
        {.condition = SK_COND_STALE}};
    static const struct sk_point_kind kind = {.name = "t", .kind = SK_KIND_NUMBER};
    static const struct sk_profile_point profile_point;
    static const struct sk_profile profile = {.kind = SK_DEV_DOOR};
    static struct sk_device devices[] = {{.id = "dc1", .profile = &profile, .link = -1, .comm_lost_ms = 3000, .number = 1}};
    static struct sk_point points[] = {{.device = 0,
                                        .profile = &profile_point,
                                        .kind = &kind,
                                        .id = "dc1/t",
                                        .name = "t",
                                        .stale_ms = 4000,
                                        .limits = limits,
                                        .limit_count = 3}};
    static struct sk_zone_info zones[] = {{.id = "a", .number = 1}, {.id = "b", .number = 2}};
    static const struct sk_reader_info readers[] = {{.id = "r1", .entry = true}, {.id = "r2"}};
    static struct sk_door_info doors[] = {{.id = "d1",
                                           .zone_from = 0,
                                           .zone_to = 1,
                                           .readers = readers,
                                           .reader_count = 2,
                                           .rex = true,
                                           .open_ms = 2000,
                                           .prealarm_ms = 500,
                                           .passage_ms = 1000,
                                           .resolve_ms = 4000,
                                           .counter = 1,
                                           .busy_alarm = true}};
    static const struct sk_site site = {.id = "fuzz",
                                        .zones = zones,
                                        .zone_count = 2,
                                        .doors = doors,
                                        .door_count = 1,
                                        .devices = devices,
                                        .device_count = 1,
                                        .points = points,
                                        .point_count = 1};
    return &site;
}

#endif
