/* SPDX-License-Identifier: Apache-2.0 */
/* Sightings into trails, doorways and counters; doubts out of them. One table says what a doubt is worth. */
#include "collector/engine/occupancy.h"

#include <string.h>

#include "schemas/base/mem.h"

enum { DOORS_CEILING = 65536 };
static const int64_t OLD_US = INT64_C(24) * 3600 * SK_US_PER_S; /* longer than any shift */

void sk_occupancy_release(struct sk_occupancy *occupancy)
{
    sk_free(occupancy->doorways);
    sk_free(occupancy->strangers);
    *occupancy = (struct sk_occupancy){0};
}

struct sk_doorway *sk_occupancy_doorway(struct sk_occupancy *occupancy, uint16_t door, uint16_t from, uint16_t to)
{
    for (size_t i = 0; i < occupancy->doorway_count; i++)
        if (occupancy->doorways[i].door == door)
            return &occupancy->doorways[i];
    struct sk_doorway *grown =
        sk_grow(occupancy->doorways, occupancy->doorway_count, &occupancy->doorway_capacity, sizeof *grown, DOORS_CEILING);
    if (grown == NULL)
        return NULL;
    occupancy->doorways = grown;
    grown[occupancy->doorway_count] = (struct sk_doorway){.door = door, .zones = {from, to}};
    return &grown[occupancy->doorway_count++];
}

struct sk_strangers *sk_occupancy_strangers(struct sk_occupancy *occupancy, uint16_t zone)
{
    for (size_t i = 0; i < occupancy->stranger_count; i++)
        if (occupancy->strangers[i].zone == zone)
            return &occupancy->strangers[i];
    struct sk_strangers *grown =
        sk_grow(occupancy->strangers, occupancy->stranger_count, &occupancy->stranger_capacity, sizeof *grown, DOORS_CEILING);
    if (grown == NULL)
        return NULL;
    occupancy->strangers = grown;
    grown[occupancy->stranger_count] = (struct sk_strangers){.zone = zone};
    return &grown[occupancy->stranger_count++];
}

/* --- taking --- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_open_to_all(uint8_t mode)
{
    return mode == SK_DOOR_MODE_UNLOCKED || mode == SK_DOOR_MODE_LOCKED_OPEN;
}

static unsigned take_doorway(struct sk_occupancy *occupancy, const struct sk_door_sighting *sighting)
{
    struct sk_doorway *doorway =
        sighting->door == 0 ? NULL : sk_occupancy_doorway(occupancy, sighting->door, sighting->from, sighting->to);
    if (doorway == NULL)
        return 0;
    int64_t *at_us = sighting->ev == SK_EV_ACC_REX    ? &doorway->button_us
                     : is_open_to_all(sighting->mode) ? &doorway->freed_us
                                                      : &doorway->locked_us;
    *at_us = later(*at_us, sighting->at_us);
    return SK_SIGHTED_DOORWAY;
}

static unsigned take_stranger(struct sk_occupancy *occupancy, const struct sk_door_sighting *sighting)
{
    struct sk_strangers *to = sk_occupancy_strangers(occupancy, sighting->to);
    if (to != NULL)
        to->entered++;
    struct sk_strangers *from = sk_occupancy_strangers(occupancy, sighting->from); /* may move the list */
    if (from != NULL)
        from->left++;
    return SK_SIGHTED_STRANGER;
}

/* Only a door that was used moves anybody; any other reading says where the card was. */
static unsigned take_card(struct sk_trail *trail, const struct sk_door_sighting *sighting)
{
    if (sighting->ev == SK_EV_ACC_TAKEN) {
        const struct sk_stay stay = {.at_us = sighting->at_us,
                                     .zone = sighting->to,
                                     .from = sighting->from,
                                     .how = SK_STAY_READER,
                                     .occurrence = sighting->occurrence};
        sk_trail_put(trail, &stay);
        return SK_SIGHTED_TRAIL;
    }
    const bool may_pass = sighting->granted && sighting->ev == SK_EV_ACC_GRANTED;
    const struct sk_reading reading = {sighting->at_us, sighting->from, may_pass ? sighting->to : 0};
    sk_trail_read_at(trail, &reading);
    return SK_SIGHTED_TRAIL;
}

unsigned sk_occupancy_take(struct sk_occupancy *occupancy, struct sk_trail *trail, const struct sk_door_sighting *sighting)
{
    if (sighting->ev == SK_EV_DOOR_MODE || sighting->ev == SK_EV_ACC_REX)
        return take_doorway(occupancy, sighting);
    if (sighting->ev < SK_EV_ACC_GRANTED || sighting->ev > SK_EV_ACC_REX || !sighting->placed || sighting->to == 0)
        return 0;
    if (trail != NULL)
        return take_card(trail, sighting);
    return sighting->ev == SK_EV_ACC_TAKEN && sighting->has_card ? take_stranger(occupancy, sighting) : 0;
}

/* --- asking --- */

/* "zone:12", by hand: this is asked for every person of every list, and a format costs ten times the look-up. */
static void zone_entity(uint16_t zone, char to[16])
{
    char digits[8];
    size_t count = 0;
    memcpy(to, "zone:", 5);
    do
        digits[count++] = (char)('0' + zone % 10);
    while ((zone /= 10) > 0);
    for (size_t i = 0; i < count; i++)
        to[5 + i] = digits[count - 1 - i];
    to[5 + count] = '\0';
}

uint8_t sk_zone_class(const struct sk_roster *roster, uint16_t zone)
{
    char entity[16];
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    zone_entity(zone, entity);
    const struct sk_roster_change *change = sk_roster_get(&view, SK_EV_ZONE_RULE, entity);
    return change == NULL ? 1 : change->zone.class_;
}

enum sk_whereabouts sk_occupancy_where(const struct sk_trail *trail, const struct sk_roster *roster, uint16_t *ret_zone,
                                       int64_t *ret_since_us)
{
    const struct sk_reading *reading = &trail->reading;
    const bool known = trail->count > 0;
    *ret_zone = known ? trail->stays[0].zone : 0;
    *ret_since_us = known ? trail->stays[0].at_us : 0;
    if (known && sk_zone_class(roster, *ret_zone) > 0)
        return SK_WHERE_INSIDE;
    const bool newer = reading->at_us > 0 && (!known || reading->at_us > *ret_since_us);
    const uint16_t perhaps = !newer                                                           ? 0
                             : reading->to != 0 && sk_zone_class(roster, reading->to) > 0     ? reading->to
                             : reading->zone != 0 && sk_zone_class(roster, reading->zone) > 0 ? reading->zone
                                                                                              : 0;
    if (perhaps == 0)
        return known ? SK_WHERE_OUTSIDE : SK_WHERE_NEVER;
    *ret_zone = perhaps;
    *ret_since_us = reading->at_us;
    return SK_WHERE_PERHAPS;
}

static unsigned bit(enum sk_occupancy_doubt doubt)
{
    return 1u << doubt;
}

/* What the doors of the zone let through since that moment. */
static unsigned doubts_of_doors(const struct sk_occupancy *occupancy, uint16_t zone, int64_t since_us)
{
    unsigned doubts = 0;
    for (size_t i = 0; i < occupancy->doorway_count; i++) {
        const struct sk_doorway *doorway = &occupancy->doorways[i];
        if (doorway->zones[0] != zone && doorway->zones[1] != zone)
            continue;
        const bool free_now = doorway->freed_us > 0 && doorway->freed_us >= doorway->locked_us;
        if (free_now || doorway->freed_us > since_us)
            doubts |= bit(SK_DOUBT_RELEASED);
        if (doorway->button_us > since_us)
            doubts |= bit(SK_DOUBT_BUTTON);
    }
    return doubts;
}

static unsigned doubts_of_trail(const struct sk_trail *trail, uint16_t zone)
{
    unsigned doubts = 0;
    const struct sk_stay *last = trail->count > 0 ? &trail->stays[0] : NULL;
    const struct sk_reading *reading = &trail->reading;
    if (reading->at_us > 0 && (last == NULL || reading->at_us > last->at_us)) {
        if (last == NULL || last->zone != zone || reading->zone != last->zone)
            doubts |= bit(SK_DOUBT_CONTRADICTED);
        else if (reading->to != 0)
            doubts |= bit(SK_DOUBT_ON_THE_WAY);
    }
    if (last == NULL)
        return doubts;
    if (last->how == SK_STAY_READER && last->from != 0 && trail->count > 1 && trail->stays[1].zone != last->from)
        doubts |= bit(SK_DOUBT_UNSEEN);
    if (last->occurrence != SK_OCC_ONLINE)
        doubts |= bit(SK_DOUBT_LATE);
    return doubts;
}

uint16_t sk_occupancy_doubts(const struct sk_occupancy *occupancy, const struct sk_trail *trail, uint16_t zone,
                             const struct sk_zone_state *state, int64_t now_us)
{
    const int64_t seen_us = trail->count > 0 ? trail->stays[0].at_us : trail->reading.at_us;
    unsigned doubts = doubts_of_trail(trail, zone) | doubts_of_doors(occupancy, zone, seen_us);
    if (state->gap)
        doubts |= bit(SK_DOUBT_GAP);
    if (state->silent)
        doubts |= bit(SK_DOUBT_SILENT);
    if (state->no_reader)
        doubts |= bit(SK_DOUBT_NO_READER);
    if (now_us - later(seen_us, trail->reading.at_us) > OLD_US)
        doubts |= bit(SK_DOUBT_OLD);
    return (uint16_t)doubts;
}

const char *sk_confidence_word(uint16_t doubts)
{
    static const struct {
        const char *word;
        unsigned doubts;
    } levels[] = {
        {"unknown", 1u << SK_DOUBT_GAP | 1u << SK_DOUBT_SILENT},
        {"low", 1u << SK_DOUBT_CONTRADICTED | 1u << SK_DOUBT_ON_THE_WAY | 1u << SK_DOUBT_RELEASED | 1u << SK_DOUBT_ESCORT |
                    1u << SK_DOUBT_DESK_ONLY},
        {"medium", 1u << SK_DOUBT_BUTTON | 1u << SK_DOUBT_NO_READER | 1u << SK_DOUBT_UNSEEN | 1u << SK_DOUBT_LATE |
                       1u << SK_DOUBT_OLD | 1u << SK_DOUBT_BY_HAND},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if ((doubts & levels[i].doubts) != 0)
            return levels[i].word;
    return "high";
}

const char *sk_stay_how_word(uint8_t how)
{
    static const char *const words[] = {"reader", "corrected", "forgiven", "muster"};
    return how < sizeof words / sizeof *words ? words[how] : "reader";
}
