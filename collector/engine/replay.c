/* SPDX-License-Identifier: Apache-2.0 */
/* Records in, decisions out; nothing of the live path is used but the rules themselves (decide.c) and the roster's own fold. */
#include "collector/engine/replay.h"

#include <string.h>

#include "schemas/base/mem.h"

struct sk_replay {
    struct sk_roster *roster;
    struct sk_registers *registers;
    struct sk_trails trails;
    struct sk_occupancy occupancy;
    struct sk_muster muster;
};

enum sk_err sk_replay_create(const struct sk_zone *zone, struct sk_replay **ret_replay)
{
    struct sk_replay *replay = sk_calloc(1, sizeof *replay);
    if (replay == NULL || sk_roster_create(&replay->roster) != SK_OK || sk_registers_create(&replay->registers) != SK_OK) {
        sk_replay_free(replay);
        return SK_ERR_NOMEM;
    }
    sk_roster_set_zone(replay->roster, zone);
    *ret_replay = replay;
    return SK_OK;
}

void sk_replay_free(struct sk_replay *replay)
{
    if (replay == NULL)
        return;
    sk_roster_free(replay->roster);
    sk_registers_free(replay->registers);
    sk_trails_release(&replay->trails);
    sk_occupancy_release(&replay->occupancy);
    sk_muster_release(&replay->muster);
    sk_free(replay);
}

const struct sk_roster *sk_replay_roster(const struct sk_replay *replay)
{
    return replay->roster;
}

const struct sk_trails *sk_replay_trails(const struct sk_replay *replay)
{
    return &replay->trails;
}

const struct sk_occupancy *sk_replay_occupancy(const struct sk_replay *replay)
{
    return &replay->occupancy;
}

const struct sk_muster *sk_replay_muster(const struct sk_replay *replay)
{
    return &replay->muster;
}

const struct sk_registers *sk_replay_registers(const struct sk_replay *replay)
{
    return replay->registers;
}

bool sk_replay_where(const struct sk_replay *replay, size_t person_index, uint16_t *ret_zone, int64_t *ret_since_us)
{
    if (person_index >= replay->trails.count || replay->trails.items[person_index].count == 0)
        return false;
    *ret_zone = replay->trails.items[person_index].stays[0].zone;
    *ret_since_us = replay->trails.items[person_index].stays[0].at_us;
    return true;
}

static bool find(const struct sk_record *record, enum sk_tag tag, struct sk_body_item *item)
{
    return sk_body_find(record->body, record->body_length, tag, item);
}

static uint64_t number(const struct sk_record *record, enum sk_tag tag)
{
    struct sk_body_item item;
    return find(record, tag, &item) ? sk_item_u64(&item) : 0;
}

static enum sk_err take_change(struct sk_replay *replay, const struct sk_record *record)
{
    struct sk_roster_change change;
    if (sk_roster_family(record->header.ev) == 0)
        return SK_OK; /* a fact about rights: no passage is decided by it */
    enum sk_err err = sk_roster_change_read(record->header.ev, record->body, record->body_length, &change);
    if (err == SK_OK)
        err = sk_trails_reserve(&replay->trails, sk_roster_count(replay->roster, SK_EV_PERSON_CREATED) + 1);
    if (err == SK_OK)
        err = sk_muster_reserve(&replay->muster, sk_roster_count(replay->roster, SK_EV_PERSON_CREATED) + 1);
    return err == SK_OK ? sk_roster_apply(replay->roster, &change) : err;
}

static enum sk_err take_paper(struct sk_replay *replay, const struct sk_record *record)
{
    struct sk_register_act act;
    const enum sk_err err = sk_register_act_read(record->header.ev, record->body, record->body_length, &act);
    return err == SK_OK ? sk_registers_apply(replay->registers, &act) : err;
}

static void read_input(const struct sk_record *record, struct sk_decide_input *input)
{
    struct sk_body_item item;
    *input = (struct sk_decide_input){.zone_from = (uint16_t)number(record, SK_TAG_AREA_FROM),
                                      .zone_to = (uint16_t)number(record, SK_TAG_AREA_TO),
                                      .door = record->header.door,
                                      .entry = true,
                                      .factors_claimed = (uint16_t)number(record, SK_TAG_FACTORS_CLAIMED),
                                      .factors_site = (uint16_t)number(record, SK_TAG_FACTORS_REQUIRED),
                                      .ctrl_decision = (uint8_t)number(record, SK_TAG_CTRL_DECISION),
                                      .ctrl_reason = (uint16_t)number(record, SK_TAG_CTRL_REASON)};
    if (find(record, SK_TAG_IDENTIFIER_HMAC, &item)) {
        input->has_identifier = true;
        memcpy(input->identifier.bytes, item.bytes, SK_HASH_SIZE);
    }
    input->has_place = record->header.door != 0 && find(record, SK_TAG_DIRECTION, &item);
    if (input->has_place)
        input->entry = item.length == 5; /* "entry", not "exit" */
}

static bool is_same(const struct sk_record *record, const struct sk_second_decision *ours)
{
    struct sk_body_item item;
    static const uint8_t nobody[SK_SUBJECT_SIZE] = {0};
    const uint8_t *tag = ours->person != NULL ? ours->person->person.tag : nobody;
    const bool listed = find(record, SK_TAG_OUR_REASONS, &item);
    if (listed != (ours->reason_count > 0) || (listed && item.length != 2 * ours->reason_count))
        return false;
    for (size_t i = 0; listed && i < ours->reason_count; i++)
        if ((item.bytes[2 * i] << 8 | item.bytes[2 * i + 1]) != ours->reasons[i])
            return false;
    return number(record, SK_TAG_OUR_DECISION) == ours->decision && number(record, SK_TAG_AGREEMENT) == ours->agreement &&
           (record->header.flags >> SK_FLAG_OURS_SHIFT & 3u) == ours->decision &&
           number(record, SK_TAG_FACTORS_REQUIRED) == ours->factors_required &&
           memcmp(record->header.subject, tag, SK_SUBJECT_SIZE) == 0;
}

static void look(struct sk_replay *replay, size_t person)
{
    sk_muster_look(&replay->muster, &replay->trails.items[person], replay->roster, person);
}

static uint8_t mode_of(const struct sk_record *record)
{
    struct sk_body_item item;
    for (uint8_t mode = 0; find(record, SK_TAG_STATE_WORD, &item) && sk_door_word("mode", mode) != NULL; mode++)
        if (item.length == strlen(sk_door_word("mode", mode)) &&
            memcmp(item.bytes, sk_door_word("mode", mode), item.length) == 0)
            return mode;
    return SK_DOOR_MODE_UNKNOWN;
}

/* Where an event at a door puts people; person -1: nobody the roster knows. */
static void sight(struct sk_replay *replay, const struct sk_record *record, int64_t person)
{
    struct sk_body_item item;
    const uint8_t class_ = (uint8_t)number(record, SK_TAG_OCCURRENCE_CLASS);
    const int64_t t_ctrl_us = find(record, SK_TAG_T_CTRL, &item) ? sk_item_i64(&item) : 0;
    const struct sk_door_sighting sighting = {.ev = record->header.ev,
                                              .mode = mode_of(record),
                                              .occurrence = class_,
                                              .granted = number(record, SK_TAG_CTRL_DECISION) == SK_DECISION_GRANTED,
                                              .placed = record->header.door != 0 && find(record, SK_TAG_DIRECTION, &item),
                                              .at_us = sk_movement_moment(class_, t_ctrl_us, (int64_t)record->header.t_recv_us),
                                              .door = record->header.door,
                                              .from = (uint16_t)number(record, SK_TAG_AREA_FROM),
                                              .to = (uint16_t)number(record, SK_TAG_AREA_TO),
                                              .has_card = find(record, SK_TAG_IDENTIFIER_HMAC, &item)};
    struct sk_trail *trail = person >= 0 ? &replay->trails.items[person] : NULL;
    if ((sk_occupancy_take(&replay->occupancy, trail, &sighting) & SK_SIGHTED_TRAIL) != 0)
        look(replay, (size_t)person);
}

static void text_of(const struct sk_record *record, enum sk_tag tag, char *to, size_t capacity)
{
    struct sk_body_item item;
    to[0] = '\0';
    if (find(record, tag, &item) && item.length < capacity) {
        memcpy(to, item.bytes, item.length);
        to[item.length] = '\0';
    }
}

static void place(struct sk_replay *replay, const struct sk_record *record, size_t person, uint8_t how)
{
    struct sk_trail *trail = &replay->trails.items[person];
    const struct sk_stay stay = {.at_us = sk_trail_after(trail, (int64_t)record->header.t_recv_us),
                                 .zone = (uint16_t)number(record, SK_TAG_AREA_TO),
                                 .how = how,
                                 .occurrence = SK_OCC_ONLINE};
    sk_trail_put(trail, &stay);
    look(replay, person);
}

static void start_muster(struct sk_replay *replay, const struct sk_record *record, const char *by)
{
    const size_t people = sk_roster_count(replay->roster, SK_EV_PERSON_CREATED);
    sk_muster_start(&replay->muster, number(record, SK_TAG_MUSTER), record->header.zone, number(record, SK_TAG_DRILL) != 0, by,
                    (int64_t)record->header.t_recv_us);
    for (size_t i = 0; i < people; i++)
        look(replay, i);
}

/* An act of a person about who is where. */
static enum sk_err take_act(struct sk_replay *replay, const struct sk_record *record)
{
    char id[SK_ENTITY_MAX], by[SK_WHO_MAX];
    const int64_t at_us = (int64_t)record->header.t_recv_us;
    text_of(record, SK_TAG_PERSON, id, sizeof id);
    text_of(record, SK_TAG_ACTOR, by, sizeof by);
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
        break;
    }
    return SK_OK;
}

static void take_passage(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *out)
{
    struct sk_body_item item;
    struct sk_decide_input input;
    const int64_t recv_us = (int64_t)record->header.t_recv_us;
    const int64_t t_ctrl_us = find(record, SK_TAG_T_CTRL, &item) ? sk_item_i64(&item) : 0;
    const uint8_t class_ = (uint8_t)number(record, SK_TAG_OCCURRENCE_CLASS);
    const struct sk_roster_view view = {replay->roster, number(record, SK_TAG_ROSTER_VERSION),
                                        sk_decide_moment(class_, t_ctrl_us, recv_us)};
    read_input(record, &input);
    const struct sk_roster_change *credential = input.has_identifier ? sk_roster_by_identifier(&view, &input.identifier) : NULL;
    const int64_t person = credential != NULL ? sk_roster_person_index(replay->roster, credential->credential.person) : -1;
    if (person >= 0)
        input.trail = &replay->trails.items[person];
    sk_decide(&view, &input, &out->ours);
    out->judged = true;
    out->same = is_same(record, &out->ours);
    sight(replay, record, person);
}

enum sk_err sk_replay_record(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *ret_replayed)
{
    *ret_replayed = (struct sk_replayed){0};
    if (record->header.class_ == SK_CLASS_ROSTER)
        return sk_act_row(record->header.ev) != NULL ? take_paper(replay, record) : take_change(replay, record);
    if (record->header.class_ == SK_CLASS_ACCESS && record->header.ev >= SK_EV_ACC_GRANTED && record->header.ev < SK_EV_ACC_REX)
        take_passage(replay, record, ret_replayed);
    if (record->header.class_ == SK_CLASS_ACCESS &&
        (record->header.ev == SK_EV_ACC_REX || record->header.ev == SK_EV_DOOR_MODE))
        sight(replay, record, -1);
    if (record->header.ev >= SK_EV_OCC_CORRECTED && record->header.ev <= SK_EV_MUSTER_ENDED)
        return take_act(replay, record);
    return SK_OK;
}
