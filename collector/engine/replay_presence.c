/* SPDX-License-Identifier: Apache-2.0 */
/* Whereabouts, occupancy and muster again, from doors and from acts of people. */
#include <string.h>

#include "collector/engine/replay_internal.h"

static void look(struct sk_replay *replay, size_t person)
{
    sk_muster_look(&replay->muster, &replay->trails.items[person], replay->roster, person);
}

static uint8_t mode_of(const struct sk_record *record)
{
    struct sk_body_item item;
    for (uint8_t mode = 0; sk_replay_find(record, SK_TAG_STATE_WORD, &item) && sk_door_word("mode", mode) != NULL; mode++)
        if (item.length == strlen(sk_door_word("mode", mode)) &&
            memcmp(item.bytes, sk_door_word("mode", mode), item.length) == 0)
            return mode;
    return SK_DOOR_MODE_UNKNOWN;
}

/* Where an event at a door puts people; person -1: nobody the roster knows. */
void sk_replay_sight(struct sk_replay *replay, const struct sk_record *record, int64_t person)
{
    struct sk_body_item item;
    const uint8_t class_ = (uint8_t)sk_replay_number(record, SK_TAG_OCCURRENCE_CLASS);
    const int64_t t_ctrl_us = sk_replay_find(record, SK_TAG_T_CTRL, &item) ? sk_item_i64(&item) : 0;
    const struct sk_door_sighting sighting = {.ev = record->header.ev,
                                              .mode = mode_of(record),
                                              .occurrence = class_,
                                              .granted = sk_replay_number(record, SK_TAG_CTRL_DECISION) == SK_DECISION_GRANTED,
                                              .placed =
                                                  record->header.door != 0 && sk_replay_find(record, SK_TAG_DIRECTION, &item),
                                              .at_us = sk_movement_moment(class_, t_ctrl_us, (int64_t)record->header.t_recv_us),
                                              .door = record->header.door,
                                              .from = (uint16_t)sk_replay_number(record, SK_TAG_AREA_FROM),
                                              .to = (uint16_t)sk_replay_number(record, SK_TAG_AREA_TO),
                                              .has_card = sk_replay_find(record, SK_TAG_IDENTIFIER_HMAC, &item)};
    struct sk_trail *trail = person >= 0 ? &replay->trails.items[person] : NULL;
    if ((sk_occupancy_take(&replay->occupancy, trail, &sighting) & SK_SIGHTED_TRAIL) != 0)
        look(replay, (size_t)person);
}

static void place(struct sk_replay *replay, const struct sk_record *record, size_t person, uint8_t how)
{
    struct sk_trail *trail = &replay->trails.items[person];
    const struct sk_stay stay = {.at_us = sk_trail_after(trail, (int64_t)record->header.t_recv_us),
                                 .zone = (uint16_t)sk_replay_number(record, SK_TAG_AREA_TO),
                                 .how = how,
                                 .occurrence = SK_OCC_ONLINE};
    sk_trail_put(trail, &stay);
    look(replay, person);
}

static void start_muster(struct sk_replay *replay, const struct sk_record *record, const char *by)
{
    const size_t people = sk_roster_count(replay->roster, SK_EV_PERSON_CREATED);
    sk_muster_start(&replay->muster, sk_replay_number(record, SK_TAG_MUSTER), record->header.zone,
                    sk_replay_number(record, SK_TAG_DRILL) != 0, by, (int64_t)record->header.t_recv_us);
    for (size_t i = 0; i < people; i++)
        look(replay, i);
}

/* An act of a person about who is where. */
enum sk_err sk_replay_presence(struct sk_replay *replay, const struct sk_record *record)
{
    char id[SK_ENTITY_MAX], by[SK_WHO_MAX];
    const int64_t at_us = (int64_t)record->header.t_recv_us;
    sk_replay_text(record, SK_TAG_PERSON, id, sizeof id);
    sk_replay_text(record, SK_TAG_ACTOR, by, sizeof by);
    const int64_t person = id[0] == '\0' ? -1 : sk_roster_person_index(replay->roster, id);
    if (record->header.ev == SK_EV_MUSTER_STARTED) {
        start_muster(replay, record, by);
        return SK_OK;
    }
    if (record->header.ev == SK_EV_MUSTER_ENDED) {
        sk_muster_end(&replay->muster, at_us);
        return SK_OK;
    }
    if (person < 0)
        return SK_ERR_NOT_FOUND;
    struct sk_trail *trail = &replay->trails.items[person];
    const uint16_t from = sk_trail_newest_zone(trail);
    switch (record->header.ev) {
    case SK_EV_OCC_CORRECTED:
        place(replay, record, (size_t)person, SK_STAY_CORRECTED);
        break;
    case SK_EV_APB_FORGIVEN:
        place(replay, record, (size_t)person, SK_STAY_FORGIVEN);
        break;
    case SK_EV_MUSTER_SEEN:
        sk_muster_see(&replay->muster, trail, (size_t)person, by, at_us);
        break;
    case SK_EV_MUSTER_UNSEEN:
        sk_muster_unsee(&replay->muster, trail, (size_t)person, by, at_us);
        break;
    default:
        return SK_OK;
    }
    const struct sk_stir what = sk_stir_of_act(trail, (int32_t)person, from);
    sk_replay_stir(replay, &what, at_us);
    return SK_OK;
}
