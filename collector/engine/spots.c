/* SPDX-License-Identifier: Apache-2.0 */
/* Where along a leak cable: an alarm of a device that has named spots says metre and spot, as they were when it was raised.
 *
 * A leak controller tells "wet" and "at 12.3 m" in one read; the position must be known before the state is judged, so points
 * of position lead their batch. The position that belongs to a point is its neighbour by name ("leak.zone.2.state" and
 * "leak.zone.2.position_m"), else the device's one "leak.position_m". */
#include <math.h>
#include <string.h>

#include "collector/engine/internal.h"

static const char position_step[] = "position_m", device_position[] = "leak.position_m";

static bool is_position(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && strcmp(dot + 1, position_step) == 0;
}

void sk_spots_find_leaders(struct sk_engine *engine)
{
    const struct sk_site *site = engine->site;
    for (size_t i = 0; i < site->point_count; i++) {
        const struct sk_point *point = &site->points[i];
        engine->points[i].leads_cable = site->devices[point->device].spot_count > 0 && is_position(point->name);
        engine->has_leaders |= engine->points[i].leads_cable;
    }
}

/* The point that tells the position for this one; -1 none. */
static int32_t position_of(const struct sk_site *site, const struct sk_point *point)
{
    char name[SK_ALARM_SOURCE_MAX];
    const char *dot = strrchr(point->name, '.');
    int32_t found = -1;
    if (dot != NULL && sk_text_format(name, sizeof name, "%.*s.%s", (int)(dot - point->name), point->name, position_step))
        found = sk_site_device_point(site, point->device, name);
    return found >= 0 ? found : sk_site_device_point(site, point->device, device_position);
}

static const char *spot_at(const struct sk_device *device, double metre)
{
    for (size_t i = 0; i < device->spot_count; i++)
        if (metre >= device->spots[i].from_m && metre <= device->spots[i].to_m)
            return sk_text_or(device->spots[i].name);
    return "";
}

void sk_spots_add(const struct sk_engine *engine, uint32_t point, char *place, size_t capacity)
{
    const struct sk_point *about = &engine->site->points[point];
    const struct sk_device *device = &engine->site->devices[about->device];
    const int32_t position = device->spot_count > 0 ? position_of(engine->site, about) : -1;
    if (position < 0)
        return;
    const struct sk_sample *sample = &engine->views[position].sample;
    if (!sk_quality_is_good(sample->quality) || sample->recv_us == 0 || !isfinite(sample->number))
        return;
    const char *spot = spot_at(device, sample->number);
    const size_t length = strlen(place);
    sk_text_format(place + length, capacity - length, "%s%.1f m%s%s", length > 0 ? " " : "", sample->number,
                   spot[0] != '\0' ? " " : "", spot);
}
