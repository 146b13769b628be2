/* SPDX-License-Identifier: Apache-2.0 */
/* A small site made by hand, and an engine to play on: what all engine tests share. Times are milliseconds after the start. */
#ifndef ENGINE_KIT_H
#define ENGINE_KIT_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/engine.h"
#include "schemas/base/mem.h"
#include "tests/unit/sk_test.h"

#define KIT_UTC0  INT64_C(1763640000000000)
#define KIT_MONO0 INT64_C(1000000000)
enum { KIT_POINTS = 8, KIT_LIMITS = 4 };

struct kit {
    struct sk_site site;
    struct sk_profile profiles[2];
    struct sk_profile_point profile_point, heart;
    struct sk_point_kind number, state, flags;
    struct sk_device devices[3];
    struct sk_point points[KIT_POINTS];
    struct sk_limit limits[KIT_POINTS][KIT_LIMITS];
    struct sk_zone_info zones[2];
    struct sk_reader_info readers[2];
    const char *cameras[2];
    struct sk_door_info doors[1];
    struct sk_engine *engine;
    struct sk_effects *effects;
};

static const char *const kit_words[] = {"OL", "OB", "BYPASS", "OVER"};

/* Points 0-3 numbers, 4 state, 5 flags, 6 number with a heartbeat, 7 device.comm. None has limits yet. */
static inline void kit_site(struct kit *kit)
{
    static const char *const ids[KIT_POINTS] = {"dev/t",     "dev/t2",    "dev/t3",    "dev/t4",
                                                "dev/state", "dev/flags", "dev/heart", "dev/device.comm"};
    memset(kit, 0, sizeof *kit);
    kit->number = (struct sk_point_kind){.name = "t", .kind = SK_KIND_NUMBER, .unit = SK_UNIT_CELSIUS};
    kit->state = (struct sk_point_kind){.name = "s", .kind = SK_KIND_STATE, .states = kit_words, .state_count = 4};
    kit->flags = (struct sk_point_kind){.name = "f", .kind = SK_KIND_FLAGS, .states = kit_words, .state_count = 4};
    kit->profiles[0] = (struct sk_profile){.id = "env", .kind = SK_DEV_ENVIRONMENT};
    kit->profiles[1] = (struct sk_profile){.id = "door", .kind = SK_DEV_DOOR};
    kit->heart.heartbeat = true;
    kit->devices[0] = (struct sk_device){.id = "dev", .profile = &kit->profiles[0], .link = -1, .place = {.text = "room 1"}};
    kit->devices[1] = (struct sk_device){.id = "dc1", .profile = &kit->profiles[1], .link = -1, .number = 5};
    kit->devices[2] = (struct sk_device){.id = "dc2", .profile = &kit->profiles[1], .link = -1, .number = 6};
    for (uint32_t i = 0; i < KIT_POINTS; i++) {
        const struct sk_point_kind *kind = i == 4 || i == 7 ? &kit->state : i == 5 ? &kit->flags : &kit->number;
        kit->points[i] = (struct sk_point){.device = 0,
                                           .kind = kind,
                                           .id = ids[i],
                                           .name = ids[i] + 4,
                                           .profile = i == 7   ? NULL
                                                      : i == 6 ? &kit->heart
                                                               : &kit->profile_point,
                                           .place = &kit->devices[0].place,
                                           .limits = kit->limits[i]};
    }
    kit->zones[0] = (struct sk_zone_info){.id = "outside", .number = 11};
    kit->zones[1] = (struct sk_zone_info){.id = "server", .number = 12, .class_ = 3};
    kit->readers[0] = (struct sk_reader_info){.id = "r1", .entry = true, .factors_required = 1};
    kit->readers[1] = (struct sk_reader_info){.id = "r2", .entry = false};
    kit->cameras[0] = "cam1";
    kit->cameras[1] = "cam2";
    kit->doors[0] = (struct sk_door_info){.id = "d1",
                                          .zone_from = 0,
                                          .zone_to = 1,
                                          .controller = 1,
                                          .readers = kit->readers,
                                          .reader_count = 2,
                                          .cameras = kit->cameras,
                                          .camera_count = 2,
                                          .number = 21,
                                          .place = {.text = "2F"}};
    kit->site = (struct sk_site){.id = "kit",
                                 .zones = kit->zones,
                                 .zone_count = 2,
                                 .doors = kit->doors,
                                 .door_count = 1,
                                 .devices = kit->devices,
                                 .device_count = 3,
                                 .points = kit->points,
                                 .point_count = KIT_POINTS};
}

static inline void kit_limit(struct kit *kit, uint32_t point, struct sk_limit limit)
{
    kit->limits[point][kit->points[point].limit_count++] = limit;
}

static inline struct sk_now kit_now(int64_t ms)
{
    return (struct sk_now){.utc_us = KIT_UTC0 + ms * 1000, .mono_us = KIT_MONO0 + ms * 1000, .clock_quality = SK_CLOCK_SYNCED};
}

static inline void kit_start(struct kit *kit)
{
    const struct sk_now now = kit_now(0);
    assert_int_equal(sk_effects_create(&kit->effects), SK_OK);
    assert_int_equal(sk_engine_create(&kit->site, "boot-a", &kit->engine), SK_OK);
    assert_int_equal(sk_engine_start(kit->engine, &now, kit->effects), SK_OK);
}

static inline void kit_stop(struct kit *kit)
{
    sk_engine_free(kit->engine);
    sk_effects_free(kit->effects);
}

static inline struct sk_sample kit_sample(const struct kit *kit, uint32_t point, double number, uint8_t quality, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    return (struct sk_sample){.point = point,
                              .kind = (uint8_t)kit->points[point].kind->kind,
                              .quality = quality,
                              .number = number,
                              .source_us = now.utc_us - 1000,
                              .recv_us = now.utc_us,
                              .mono_us = now.mono_us,
                              .uncertainty_us = 1000};
}

static inline void kit_feed(struct kit *kit, uint32_t point, double number, uint8_t quality, uint8_t reason, uint8_t flags,
                            int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    struct sk_sample sample = kit_sample(kit, point, number, quality, ms);
    sample.reason = reason;
    sample.flags = flags;
    sk_effects_clear(kit->effects);
    assert_int_equal(sk_engine_samples(kit->engine, &sample, 1, NULL, 0, &now, kit->effects), SK_OK);
}

static inline void kit_tick(struct kit *kit, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    sk_effects_clear(kit->effects);
    assert_int_equal(sk_engine_tick(kit->engine, &now, kit->effects), SK_OK);
}

/* Records of the last step as letters: R raised, N returned, A acknowledged, C changed, m comment, E entry, other events by
 * their last letter of name. Every body is checked to be canonical, every alarm effect to follow a record. */
static inline const char *kit_story(const struct kit *kit)
{
    static char story[256];
    size_t used = 0;
    story[0] = '\0';
    for (size_t i = 0; i < sk_effects_count(kit->effects) && used + 2 < sizeof story; i++) {
        const struct sk_effect *effect = sk_effects_at(kit->effects, i);
        if (effect->kind == SK_EFFECT_ALARM)
            assert_true(effect->link_record && sk_effects_at(kit->effects, i - 1)->kind == SK_EFFECT_RECORD);
        if (effect->kind != SK_EFFECT_RECORD)
            continue;
        const struct sk_body *body = &effect->record->body;
        assert_true(sk_body_done(body));
        assert_true(sk_body_is_canonical(body->bytes, body->writer.length));
        static const struct {
            uint16_t ev;
            char letter;
        } letters[] = {{SK_EV_ALARM_RAISED, 'R'},    {SK_EV_ALARM_RETURNED, 'N'}, {SK_EV_ALARM_ACK, 'A'},
                       {SK_EV_ALARM_CHANGED, 'C'},   {SK_EV_ALARM_COMMENT, 'm'},  {SK_EV_CTRL_GAP, 'g'},
                       {SK_EV_CTRL_DUP, 'd'},        {SK_EV_CTRL_REPLAY, 'r'},    {SK_EV_CTRL_REORDER, 'o'},
                       {SK_EV_CTRL_EPOCH, 'e'},      {SK_EV_CTRL_SKEW, 's'},      {SK_EV_CTRL_MALFORMED, 'x'},
                       {SK_EV_SYS_INTERRUPTED, 'I'}, {SK_EV_CTRL_SILENT, 'i'},    {SK_EV_CTRL_LATE, 'l'},
                       {SK_EV_FACTOR_UNKNOWN, 'f'},  {SK_EV_FACTOR_SINGLE, 'f'},  {SK_EV_TAIL_INFERRED, 't'},
                       {SK_EV_TAIL_RESOLVED, 'v'},   {SK_EV_READER_DEGRADED, 'b'}};
        char letter = effect->record->header.class_ == SK_CLASS_ACCESS ? 'E' : '?';
        for (size_t k = 0; k < SK_COUNT(letters); k++)
            if (letters[k].ev == effect->record->header.ev)
                letter = letters[k].letter;
        story[used++] = letter;
        story[used] = '\0';
    }
    return story;
}

static inline const struct sk_draft *kit_record(const struct kit *kit, uint16_t ev)
{
    for (size_t i = 0; i < sk_effects_count(kit->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(kit->effects, i);
        if (effect->kind == SK_EFFECT_RECORD && effect->record->header.ev == ev)
            return effect->record;
    }
    return NULL;
}

static inline bool kit_item(const struct sk_draft *draft, enum sk_tag tag, struct sk_body_item *item)
{
    return sk_body_find(draft->body.bytes, draft->body.writer.length, tag, item);
}

static inline struct sk_access_event kit_event(uint16_t ev, uint32_t epoch, uint64_t seq, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    return (struct sk_access_event){.device = 1,
                                    .door = 0,
                                    .reader = 0,
                                    .ev = ev,
                                    .decision = SK_DECISION_GRANTED,
                                    .has_identity = true,
                                    .epoch = epoch,
                                    .seq = seq,
                                    .t_ctrl_us = now.utc_us - 100000,
                                    .recv_us = now.utc_us,
                                    .mono_us = now.mono_us,
                                    .factors = 1};
}

static inline bool kit_event_feed(struct kit *kit, const struct sk_access_event *event, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    bool duplicate = false;
    sk_effects_clear(kit->effects);
    assert_int_equal(sk_engine_event(kit->engine, event, &now, kit->effects, &duplicate), SK_OK);
    return duplicate;
}

#endif
