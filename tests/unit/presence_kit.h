/* SPDX-License-Identifier: Apache-2.0 */
/* A small house and people who walk through it: outside - d1 - hall - d2 - server, and d3 from the hall to the outside with no
 * reader on the way out. d1 and d3 belong to controller dc1, d2 to dc2. Streams are physically possible: who enters a zone was
 * before its door, except who left by d3's button, which nobody sees. */
#ifndef PRESENCE_KIT_H
#define PRESENCE_KIT_H

#include "collector/engine/internal.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

enum {
    PK_PEOPLE = 10,
    PK_STRANGERS = 2,
    PK_EVENTS = 200,
    PK_OUTSIDE = 0,
    PK_HALL = 1,
    PK_SERVER = 2,
    PK_ZONES = 3,
    PK_DOORS = 3
};

struct house {
    struct kit kit;
    struct sk_zone_info zones[PK_ZONES];
    struct sk_door_info doors[PK_DOORS];
    struct sk_reader_info readers[PK_DOORS][2];
};

static inline uint32_t pk_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static inline void pk_site(struct house *house)
{
    static const struct {
        int32_t from, to, controller;
        size_t readers;
    } doors[PK_DOORS] = {{PK_OUTSIDE, PK_HALL, 1, 2}, {PK_HALL, PK_SERVER, 2, 2}, {PK_OUTSIDE, PK_HALL, 1, 1}};
    static const char *const ids[PK_DOORS] = {"d1", "d2", "d3"};
    kit_site(&house->kit);
    house->zones[PK_OUTSIDE] = (struct sk_zone_info){.id = "outside", .number = 11};
    house->zones[PK_HALL] = (struct sk_zone_info){.id = "hall", .number = 13, .class_ = 1};
    house->zones[PK_SERVER] = (struct sk_zone_info){.id = "server", .number = 12, .class_ = 3};
    for (size_t i = 0; i < PK_DOORS; i++) {
        house->readers[i][0] = (struct sk_reader_info){.id = "in", .entry = true, .factors_required = 1};
        house->readers[i][1] = (struct sk_reader_info){.id = "out", .entry = false};
        house->doors[i] = (struct sk_door_info){.id = ids[i],
                                                .zone_from = doors[i].from,
                                                .zone_to = doors[i].to,
                                                .controller = doors[i].controller,
                                                .readers = house->readers[i],
                                                .reader_count = doors[i].readers,
                                                .number = (uint16_t)(21 + i)};
    }
    house->kit.site.zones = house->zones;
    house->kit.site.zone_count = PK_ZONES;
    house->kit.site.doors = house->doors;
    house->kit.site.door_count = PK_DOORS;
}

/* Padding apart. The order of arrival says when each event came, and that alone may differ between two orders. */
static inline bool pk_same_trail(const struct sk_trail *a, const struct sk_trail *b, bool with_lateness)
{
    bool same = a->count == b->count && a->cut == b->cut && a->reading.at_us == b->reading.at_us &&
                a->reading.zone == b->reading.zone && a->reading.to == b->reading.to;
    for (size_t i = 0; same && i < a->count; i++) {
        const struct sk_stay *x = &a->stays[i], *y = &b->stays[i];
        same = x->at_us == y->at_us && x->zone == y->zone && x->from == y->from && x->how == y->how &&
               (!with_lateness || x->occurrence == y->occurrence);
    }
    return same;
}

static inline void pk_same_trails(const struct sk_trails *a, const struct sk_trails *b, bool with_lateness, const char *what,
                                  uint64_t seed)
{
    for (size_t i = 0; i < PK_PEOPLE; i++)
        if (!pk_same_trail(&a->items[i], &b->items[i], with_lateness))
            fail_msg("%s, seed %llu: the trails of person %zu differ", what, (unsigned long long)seed, i + 1);
}

/* --- the stream --- */

struct stream {
    struct sk_access_event events[PK_EVENTS];
    size_t count;
    uint64_t seq[2];
    int64_t t_us;
    int at[PK_PEOPLE + PK_STRANGERS]; /* zone of each */
};

static inline void pk_emit(struct stream *stream, uint16_t ev, int door, int reader, int card, uint8_t state)
{
    const int ctrl = door == 1 ? 1 : 0;
    struct sk_access_event event = kit_event(ev, 1, ++stream->seq[ctrl], 0);
    if (stream->count == PK_EVENTS)
        return;
    event.device = (uint32_t)(1 + ctrl);
    event.door = door;
    event.reader = reader;
    event.state = state;
    event.decision = ev == SK_EV_ACC_DENIED ? SK_DECISION_DENIED : SK_DECISION_GRANTED;
    event.has_identifier_hmac = card >= 0;
    if (card >= 0)
        event.identifier_hmac = rk_card((unsigned)card + 1); /* PK_PEOPLE and above are on no roster */
    stream->t_us += SK_US_PER_S / 3;
    event.t_ctrl_us = KIT_UTC0 + stream->t_us;
    stream->events[stream->count++] = event;
}

/* One person does one thing. */
static inline void pk_step(struct stream *stream, uint64_t *seed)
{
    static const struct {
        int door, reader, to;
    } ways[PK_ZONES][3] = {{{0, 0, PK_HALL}, {2, 0, PK_HALL}, {0, 0, PK_HALL}},
                           {{0, 1, PK_OUTSIDE}, {1, 0, PK_SERVER}, {2, -1, PK_OUTSIDE}},
                           {{1, 1, PK_HALL}, {1, 1, PK_HALL}, {1, 1, PK_HALL}}};
    const int who = (int)(pk_random(seed) % (PK_PEOPLE + PK_STRANGERS)), from = stream->at[who];
    const uint32_t way = pk_random(seed) % 3, what = pk_random(seed) % 12;
    const int door = ways[from][way].door, reader = ways[from][way].reader;
    if (what == 0) {
        pk_emit(stream, SK_EV_DOOR_MODE, (int)(pk_random(seed) % PK_DOORS), -1, -1,
                pk_random(seed) % 2 == 0 ? SK_DOOR_MODE_UNLOCKED : SK_DOOR_MODE_LOCKED);
        return;
    }
    if (reader < 0) {
        pk_emit(stream, SK_EV_ACC_REX, door, -1, -1, 0);
        stream->at[who] = PK_OUTSIDE;
        return;
    }
    if (what == 1) {
        pk_emit(stream, SK_EV_ACC_DENIED, door, reader, who, 0);
        return;
    }
    pk_emit(stream, SK_EV_ACC_GRANTED, door, reader, who, 0);
    pk_emit(stream, what == 2 ? SK_EV_ACC_NOT_TAKEN : SK_EV_ACC_TAKEN, door, reader, who, 0);
    if (what != 2)
        stream->at[who] = ways[from][way].to;
}

static inline void pk_stream(struct stream *stream, uint64_t seed)
{
    memset(stream, 0, sizeof *stream);
    while (stream->count + 2 <= PK_EVENTS)
        pk_step(stream, &seed);
}

/* --- the house in use --- */

static inline void pk_change(struct house *house, struct sk_roster_change what)
{
    static const struct sk_roster_act act = {"admin", "", "", "test", 64};
    const struct sk_now now = kit_now(0);
    assert_int_equal(sk_engine_roster_change(house->kit.engine, &what, &act, &now, house->kit.effects), SK_OK);
}

/* The roster: everybody has a card and may go anywhere. Its records stay in the effects. */
static inline void pk_roster(struct house *house)
{
    for (size_t i = 0; i < RK_BASE; i++)
        pk_change(house, rk_base(i));
    for (unsigned i = 1; i <= PK_PEOPLE; i++) {
        pk_change(house, rk_person(i));
        pk_change(house, rk_credential(i, i, i, SK_CRED_ENABLED));
        pk_change(house, rk_right(2 * i, i, 12, "always"));
        pk_change(house, rk_right(2 * i + 1, i, 13, "always"));
    }
}

static inline void pk_open(struct house *house)
{
    pk_site(house);
    kit_start(&house->kit);
    pk_roster(house);
}

static const struct sk_actor pk_actor = {"warden", 2, "192.0.2.7"};
static inline struct sk_presence_act pk_act(const char *reason)
{
    return (struct sk_presence_act){&pk_actor, reason, ""};
}

#endif
