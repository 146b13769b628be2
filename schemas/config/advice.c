/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings, one function each, in a table; each walks the site and tells. */
#include "schemas/config/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schemas/model/signal.h"

struct teller {
    void (*tell)(void *context, const char *where, const char *what);
    void *context;
    size_t count;
};

__attribute__((format(printf, 3, 4))) static void tell(struct teller *teller, const char *where, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    teller->tell(teller->context, where, what);
    teller->count++;
}

static void hysteresis_missing(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->point_count; i++)
        for (size_t j = 0; j < site->points[i].limit_count; j++) {
            const struct sk_limit *limit = &site->points[i].limits[j];
            if (limit->condition <= SK_COND_UPPER_FATAL && limit->hysteresis <= 0)
                tell(teller, site->points[i].id,
                     "%s has no hysteresis: a value near %g will ring again and again; set HysteresisReading",
                     sk_condition_name(limit->condition), limit->reading);
        }
}

static bool polled(const struct sk_site *site, const struct sk_point *point)
{
    int32_t link = site->devices[point->device].link;
    return point->profile != NULL && link >= 0 && site->links[link].protocol != SK_PROTO_MQTT;
}

static void stale_before_read(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->point_count; i++) {
        const struct sk_point *point = &site->points[i];
        if (polled(site, point) && point->stale_ms < 2 * point->period_ms)
            tell(teller, point->id, "stale after %u ms but read every %u ms: one lost reply makes it stale; raise stale_ms",
                 point->stale_ms, point->period_ms);
    }
}

static void threshold_outside_range(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->point_count; i++) {
        const struct sk_point *point = &site->points[i];
        for (size_t j = 0; j < point->limit_count && point->profile != NULL; j++) {
            const struct sk_limit *limit = &point->limits[j];
            if (limit->condition <= SK_COND_UPPER_FATAL &&
                (limit->reading < point->profile->range_low || limit->reading > point->profile->range_high))
                tell(teller, point->id, "%s %g lies outside the measured range %g to %g: it can never be passed",
                     sk_condition_name(limit->condition), limit->reading, point->profile->range_low,
                     point->profile->range_high);
        }
    }
}

/* Kinds whose words name trouble and yet nobody is told. */
static void trouble_without_condition(const struct sk_site *site, struct teller *teller)
{
    static const char *const WORDS[] = {"alarm", "fault", "fire", "leak", "tamper", "failed", "OB"};
    for (size_t i = 0; i < site->point_count; i++) {
        const struct sk_point *point = &site->points[i];
        if (point->limit_count > 0 || point->profile == NULL || point->kind->states == NULL)
            continue;
        for (size_t j = 0; j < sizeof(WORDS) / sizeof(WORDS[0]); j++)
            if (sk_point_state_parse(point->kind, WORDS[j]) >= 0) {
                tell(teller, point->id, "can say '%s' but has no State condition: nobody will be told", WORDS[j]);
                break;
            }
    }
}

static void unit_shared(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->device_count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct sk_device *a = &site->devices[i], *b = &site->devices[j];
            if (a->link >= 0 && a->link == b->link && site->links[a->link].protocol != SK_PROTO_MQTT && a->unit == b->unit &&
                a->unit_index == b->unit_index)
                tell(teller, a->id, "answers as unit %u of link '%s', as '%s' does with profile '%s': is that one machine?",
                     a->unit, site->links[a->link].id, b->id, b->profile->id);
        }
}

static void controller_without_doors(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->device_count; i++) {
        bool named = site->devices[i].profile->kind != SK_DEV_DOOR;
        for (size_t j = 0; j < site->door_count; j++)
            named = named || site->doors[j].controller == (int32_t)i;
        if (!named)
            tell(teller, site->devices[i].id, "no door names this door controller: its events will have no door");
    }
}

static void door_without_controller(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->door_count; i++)
        if (site->doors[i].controller < 0)
            tell(teller, site->doors[i].id, "no controller: nothing will ever be heard of this door");
}

static void link_without_devices(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->link_count; i++) {
        bool used = false;
        for (size_t j = 0; j < site->device_count; j++)
            used = used || site->devices[j].link == (int32_t)i;
        if (!used)
            tell(teller, site->links[i].id, "no device uses this link");
    }
}

static void broker_in_the_clear(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->link_count; i++)
        if (site->class_ == SK_SITE_PRODUCTION && site->links[i].protocol == SK_PROTO_MQTT && !site->links[i].tls)
            tell(teller, site->links[i].id,
                 "a production site speaks to this broker without TLS: anyone on the wire can forge a door event");
}

static void profile_unverified(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->profile_count; i++)
        if (strcmp(site->profiles[i].status, "U") == 0)
            tell(teller, site->profiles[i].id,
                 "this profile is not verified (provenance U): compare its values with the device's display");
}

/* The site's own points win, so what stands in for them is never asked. */
static void stand_in_without_need(const struct sk_site *site, struct teller *teller)
{
    for (size_t i = 0; i < site->stand_in_count; i++) {
        const struct sk_signal *signal = sk_signal_at(site->stand_ins[i].signal);
        for (size_t j = 0; j < site->point_count; j++)
            if (strcmp(site->points[j].kind->name, signal->name) == 0) {
                tell(teller, signal->name, "point %s tells it: what 'signals' names for it will not be asked",
                     site->points[j].id);
                break;
            }
    }
}

size_t sk_site_advise(const struct sk_site *site, void (*tell_one)(void *context, const char *where, const char *what),
                      void *context)
{
    static void (*const CHECKS[])(const struct sk_site *, struct teller *) = {
        hysteresis_missing,  stale_before_read,        threshold_outside_range, trouble_without_condition,
        unit_shared,         controller_without_doors, door_without_controller, link_without_devices,
        broker_in_the_clear, profile_unverified,       stand_in_without_need,
    };
    struct teller teller = {.tell = tell_one, .context = context};
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++)
        CHECKS[i](site, &teller);
    return teller.count;
}
