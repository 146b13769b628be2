/* SPDX-License-Identifier: Apache-2.0 */
/* Records in, decisions out; nothing of the live path is used but the rules themselves (decide.c) and the roster's own fold.
 * Here: what is kept, and which record goes where. */
#include <string.h>

#include "collector/engine/replay_internal.h"
#include "schemas/base/mem.h"

enum { NAMES_CEILING = 2 * UINT16_MAX };

static const char *zone_id(const void *context, uint16_t zone)
{
    const struct sk_replay *replay = context;
    for (size_t i = 0; i < replay->zones.count; i++)
        if (replay->zones.items[i].number == zone)
            return replay->zones.items[i].id;
    return NULL;
}

static uint16_t door_number(const void *context, const char *door)
{
    const struct sk_replay *replay = context;
    for (size_t i = 0; i < replay->doors.count; i++)
        if (strcmp(replay->doors.items[i].id, door) == 0)
            return replay->doors.items[i].number;
    return 0;
}

struct sk_world sk_replay_world(const struct sk_replay *replay)
{
    return (struct sk_world){.roster = replay->roster,
                             .trails = &replay->trails,
                             .registers = replay->registers,
                             .site_zone = replay->zone,
                             .zone_id = zone_id,
                             .door_number = door_number,
                             .context = replay};
}

enum sk_err sk_replay_create(const struct sk_zone *zone, struct sk_replay **ret_replay)
{
    struct sk_replay *replay = sk_calloc(1, sizeof *replay);
    if (replay == NULL || sk_roster_create(&replay->roster) != SK_OK || sk_registers_create(&replay->registers) != SK_OK ||
        sk_cases_create(&replay->cases) != SK_OK) {
        sk_replay_free(replay);
        return SK_ERR_NOMEM;
    }
    sk_roster_set_zone(replay->roster, zone);
    replay->zone = zone;
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
    sk_cases_release(&replay->cases);
    sk_free(replay->zones.items);
    sk_free(replay->doors.items);
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

bool sk_replay_find(const struct sk_record *record, enum sk_tag tag, struct sk_body_item *item)
{
    return sk_body_find(record->body, record->body_length, tag, item);
}

uint64_t sk_replay_number(const struct sk_record *record, enum sk_tag tag)
{
    struct sk_body_item item;
    return sk_replay_find(record, tag, &item) ? sk_item_u64(&item) : 0;
}

void sk_replay_text(const struct sk_record *record, enum sk_tag tag, char *to, size_t capacity)
{
    struct sk_body_item item;
    to[0] = '\0';
    if (sk_replay_find(record, tag, &item) && item.length < capacity) {
        memcpy(to, item.bytes, item.length);
        to[item.length] = '\0';
    }
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

static enum sk_err take_number(struct sk_replay *replay, const struct sk_record *record)
{
    struct sk_body_item kind, id;
    if (!sk_replay_find(record, SK_TAG_ENTITY_KIND, &kind) || !sk_replay_find(record, SK_TAG_ENTITY_ID, &id) ||
        id.length >= sizeof replay->zones.items->id || kind.length != 4)
        return SK_OK;
    struct sk_replay_names *names = memcmp(kind.bytes, "zone", 4) == 0 ? &replay->zones : &replay->doors;
    if (names == &replay->doors && memcmp(kind.bytes, "door", 4) != 0)
        return SK_OK;
    struct sk_replay_name *grown = sk_grow(names->items, names->count, &names->capacity, sizeof *grown, NAMES_CEILING);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    names->items = grown;
    struct sk_replay_name *name = &grown[names->count++];
    *name = (struct sk_replay_name){.number = (uint16_t)sk_replay_number(record, SK_TAG_ENTITY_NUMBER)};
    memcpy(name->id, id.bytes, id.length);
    return SK_OK;
}

enum sk_err sk_replay_record(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *ret_replayed)
{
    *ret_replayed = (struct sk_replayed){0};
    if (record->header.class_ == SK_CLASS_ROSTER)
        return sk_act_row(record->header.ev) != NULL ? sk_replay_paper(replay, record) : take_change(replay, record);
    if (record->header.ev == SK_EV_SYS_NUMBER)
        return take_number(replay, record);
    if (record->header.class_ != SK_CLASS_ACCESS)
        return SK_OK;
    if (record->header.ev == SK_EV_ACC_SUPPLEMENT)
        sk_replay_supplement(replay, record, ret_replayed);
    else if (record->header.ev >= SK_EV_ACC_GRANTED && record->header.ev < SK_EV_ACC_REX)
        sk_replay_passage(replay, record, ret_replayed);
    if (record->header.class_ == SK_CLASS_ACCESS &&
        (record->header.ev == SK_EV_ACC_REX || record->header.ev == SK_EV_DOOR_MODE))
        sk_replay_sight(replay, record, -1);
    if (record->header.ev >= SK_EV_OCC_CORRECTED && record->header.ev <= SK_EV_MUSTER_ENDED)
        return sk_replay_presence(replay, record);
    return SK_OK;
}
