/* SPDX-License-Identifier: Apache-2.0 */
/* Who is inside, and how certain that is. Pure: trails (decide.h) say where a person's last event put him; here stands what
 * else is known of doors and zones, and what both together are worth. Used by the engine and by the replay alike.
 *
 * Nothing here depends on the order in which events came: times only grow (the greatest counts), counters only add. Nothing is
 * reset, not at midnight and not by age: a place is left by an event or by a recorded act, and old ones are marked.
 * Units: microseconds UTC, of the controllers' events as sk_movement_moment() says. Numbers: of zones and doors in the log. */
#ifndef SK_ENGINE_OCCUPANCY_H
#define SK_ENGINE_OCCUPANCY_H

#include "collector/engine/decide.h"

/* What a door let through unread. 0: never. */
struct sk_doorway {
    uint16_t door, zones[2];
    int64_t button_us; /* somebody left by the button (REX) */
    int64_t freed_us;  /* last told to stand open to all: mode Unlocked or LockedOpen */
    int64_t locked_us; /* last told any other mode */
};
/* Passages of cards that the roster does not know: somebody is there who is on no list. */
struct sk_strangers {
    uint16_t zone;
    uint64_t entered, left;
};
struct sk_occupancy {
    struct sk_doorway *doorways;
    struct sk_strangers *strangers;
    size_t doorway_count, doorway_capacity, stranger_count, stranger_capacity;
};
void sk_occupancy_release(struct sk_occupancy *occupancy);
/* The entry of a door or zone, made when it is not there; NULL: no memory (never for what was reserved so before). */
struct sk_doorway *sk_occupancy_doorway(struct sk_occupancy *occupancy, uint16_t door, uint16_t from, uint16_t to);
struct sk_strangers *sk_occupancy_strangers(struct sk_occupancy *occupancy, uint16_t zone);

/* One event at a door, as it bears on who is where. */
struct sk_door_sighting {
    uint16_t ev;
    uint8_t mode; /* door.mode: enum sk_door_state of family mode */
    uint8_t occurrence;
    bool granted; /* by the controller */
    bool placed;  /* door, reader and both zones are known */
    int64_t at_us;
    uint16_t door, from, to; /* numbers */
    bool has_card;
};
enum { SK_SIGHTED_TRAIL = 1, SK_SIGHTED_DOORWAY = 2, SK_SIGHTED_STRANGER = 4 };
/* Takes it; trail NULL: nobody that the roster knows. Which of the three may have changed (mask). */
unsigned sk_occupancy_take(struct sk_occupancy *occupancy, struct sk_trail *trail, const struct sk_door_sighting *sighting);

enum sk_whereabouts {
    SK_WHERE_NEVER,   /* no event ever put him anywhere */
    SK_WHERE_OUTSIDE, /* a zone of class 0 */
    SK_WHERE_INSIDE,
    SK_WHERE_PERHAPS /* a card reading since says he may be inside */
};
/* Where a person is: zone is a number. Class 0 (outside) by the newest zone rules of the roster; a zone without rule is inside.
 */
enum sk_whereabouts sk_occupancy_where(const struct sk_trail *trail, const struct sk_roster *roster, uint16_t *ret_zone,
                                       int64_t *ret_since_us);
uint8_t sk_zone_class(const struct sk_roster *roster, uint16_t zone);

/* What the caller knows of the zone, which trails do not say. */
struct sk_zone_state {
    bool gap, silent, no_reader;
};
/* Doubts (mask of 1 << enum sk_occupancy_doubt) about a person who is or may be in this zone. */
uint16_t sk_occupancy_doubts(const struct sk_occupancy *occupancy, const struct sk_trail *trail, uint16_t zone,
                             const struct sk_zone_state *state, int64_t now_us);
/* "high", "medium", "low" or "unknown": the worst doubt decides. */
const char *sk_confidence_word(uint16_t doubts);
const char *sk_stay_how_word(uint8_t how);

#endif
