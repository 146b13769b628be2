/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in a loaded site by the names that people and wires use.
 *
 * Devices, doors, zones and links are few and are scanned; points are many and asked for by every page and every driver at its
 * start, so they have a hash table that the loader builds once (FNV-1a, open addressing, at most half full). */
#include "schemas/model/site.h"

#include <stddef.h>
#include <string.h>

/* Position of the first of count elements whose leading member is the text id. Every id is the first member of its struct. */
static int32_t scan(const void *items, size_t count, size_t size, const char *id)
{
    const char *at = items;
    for (size_t i = 0; i < count; i++, at += size) {
        const char *const *name = (const void *)at;
        if (strcmp(*name, id) == 0)
            return (int32_t)i;
    }
    return -1;
}

int32_t sk_site_device(const struct sk_site *site, const char *id)
{
    return scan(site->devices, site->device_count, sizeof(*site->devices), id);
}

int32_t sk_site_door(const struct sk_site *site, const char *id)
{
    return scan(site->doors, site->door_count, sizeof(*site->doors), id);
}

int32_t sk_site_zone(const struct sk_site *site, const char *id)
{
    return scan(site->zones, site->zone_count, sizeof(*site->zones), id);
}

int32_t sk_site_link(const struct sk_site *site, const char *id)
{
    return scan(site->links, site->link_count, sizeof(*site->links), id);
}

_Static_assert(offsetof(struct sk_device, id) == 0 && offsetof(struct sk_door_info, id) == 0 &&
                   offsetof(struct sk_zone_info, id) == 0 && offsetof(struct sk_link, id) == 0,
               "scan() takes the id for the first member");

/* FNV-1a, 64 bit: http://www.isthe.com/chongo/tech/comp/fnv/ (offset basis and prime). */
static uint64_t hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return h;
}

size_t sk_site_hash_size(size_t point_count)
{
    size_t size = 8;
    while (size < 2 * point_count)
        size *= 2;
    return size;
}

void sk_site_hash_build(struct sk_site *site, uint32_t *table, size_t size)
{
    for (size_t i = 0; i < site->point_count; i++) {
        size_t slot = hash(site->points[i].id) & (size - 1);
        while (table[slot] != 0)
            slot = (slot + 1) & (size - 1);
        table[slot] = (uint32_t)i + 1;
    }
    site->point_hash = table;
    site->point_hash_size = size;
}

static int32_t scan_points(const struct sk_site *site, const char *id)
{
    for (size_t i = 0; i < site->point_count; i++)
        if (strcmp(site->points[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

int32_t sk_site_point(const struct sk_site *site, const char *device_slash_point)
{
    if (site->point_hash == NULL)
        return scan_points(site, device_slash_point);
    size_t mask = site->point_hash_size - 1;
    for (size_t slot = hash(device_slash_point) & mask; site->point_hash[slot] != 0; slot = (slot + 1) & mask) {
        uint32_t index = site->point_hash[slot] - 1;
        if (strcmp(site->points[index].id, device_slash_point) == 0)
            return (int32_t)index;
    }
    return -1;
}

int32_t sk_site_device_point(const struct sk_site *site, uint32_t device, const char *name)
{
    if (device >= site->device_count)
        return -1;
    const struct sk_device *owner = &site->devices[device];
    for (uint32_t i = 0; i < owner->point_count; i++)
        if (strcmp(site->points[owner->first_point + i].name, name) == 0)
            return (int32_t)(owner->first_point + i);
    return -1;
}
