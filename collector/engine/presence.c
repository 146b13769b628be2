/* SPDX-License-Identifier: Apache-2.0 */
/* Who is inside, as steps of the engine: events at doors, and corrections by people (the muster: muster_acts.c). What follows
 * from them is pure and stands in occupancy.c; here they get their records, and presence_rows.c their pending rows. */
#include <string.h>

#include "collector/engine/internal.h"

enum sk_err sk_presence_reserve(struct sk_engine *engine, size_t people)
{
    const struct sk_site *site = engine->site;
    enum sk_err err = sk_trails_reserve(&engine->trails, people);
    if (err == SK_OK)
        err = sk_muster_reserve(&engine->muster, people);
    for (size_t i = 0; err == SK_OK && i < site->door_count; i++) {
        const struct sk_door_info *door = &site->doors[i];
        if (sk_occupancy_doorway(&engine->occupancy, door->number, sk_zone_number(site, door->zone_from),
                                 sk_zone_number(site, door->zone_to)) == NULL)
            err = SK_ERR_NOMEM;
    }
    for (size_t i = 0; err == SK_OK && i < site->zone_count; i++)
        if (sk_occupancy_strangers(&engine->occupancy, site->zones[i].number) == NULL)
            err = SK_ERR_NOMEM;
    return err;
}

void sk_presence_release(struct sk_engine *engine)
{
    sk_trails_release(&engine->trails);
    sk_occupancy_release(&engine->occupancy);
    sk_muster_release(&engine->muster);
}

/* --- events --- */

/* After every change of a trail: who turns out to be inside while a muster runs comes onto its list. */
static void look(struct sk_engine *engine, size_t person, struct sk_effects *effects)
{
    if (sk_muster_look(&engine->muster, &engine->trails.items[person], engine->roster, person))
        sk_presence_put_mark(engine, person, effects);
}

/* The reader met the card, whatever came of it: for the way to the next one. */
static bool meet(const struct sk_engine *engine, const struct sk_passage *passage, struct sk_trail *trail)
{
    if (sk_roster_count(engine->roster, SK_EV_WAY_RULE) == 0 || passage->kept.early_us <= 0)
        return false;
    sk_trail_see(trail, &passage->kept.input, passage->kept.early_us);
    return true;
}

bool sk_presence_take(struct sk_engine *engine, const struct sk_passage *passage, struct sk_stir *ret_stir,
                      struct sk_effects *effects)
{
    const struct sk_access_event *event = passage->event;
    const int64_t person = passage->person_index;
    const struct sk_door_sighting sighting = {
        .ev = passage->ev,
        .mode = event->state,
        .occurrence = passage->occurrence_class,
        .granted = (event->decision & 3u) == SK_DECISION_GRANTED,
        .placed = passage->door != NULL && passage->reader != NULL,
        .at_us = sk_movement_moment(passage->occurrence_class, event->t_ctrl_us, passage->recv_us),
        .door = passage->door != NULL ? passage->door->number : 0,
        .from = sk_zone_number(engine->site, passage->from),
        .to = sk_zone_number(engine->site, passage->to),
        .has_card = event->has_identifier_hmac};
    struct sk_trail *trail = person >= 0 ? &engine->trails.items[person] : NULL;
    const bool placed = trail != NULL && passage->reader != NULL;
    *ret_stir = (struct sk_stir){.at_us = sighting.at_us,
                                 .person = (int32_t)person,
                                 .zones = {sighting.from, sighting.to, placed ? sk_trail_zone_at(trail, sighting.at_us) : 0}};
    const bool met = placed && meet(engine, passage, trail);
    const unsigned changed = sk_occupancy_take(&engine->occupancy, trail, &sighting);
    if ((changed & SK_SIGHTED_TRAIL) != 0 || met)
        sk_presence_put_trail(engine, (size_t)person, effects);
    if ((changed & SK_SIGHTED_TRAIL) != 0)
        look(engine, (size_t)person, effects);
    if ((changed & SK_SIGHTED_DOORWAY) != 0 && passage->door != NULL)
        sk_presence_put_doorway(engine, passage->door, effects);
    if ((changed & SK_SIGHTED_STRANGER) != 0) {
        sk_presence_put_strangers(engine, passage->from, effects);
        sk_presence_put_strangers(engine, passage->to, effects);
    }
    return placed && passage->ev == SK_EV_ACC_TAKEN && sighting.to != 0;
}

/* --- looking --- */

bool sk_engine_where(const struct sk_engine *engine, size_t person_index, uint16_t *ret_zone, int64_t *ret_since_us)
{
    if (person_index >= engine->trails.count || engine->trails.items[person_index].count == 0)
        return false;
    *ret_zone = engine->trails.items[person_index].stays[0].zone;
    *ret_since_us = engine->trails.items[person_index].stays[0].at_us;
    return true;
}

static bool is_silent(const struct sk_engine *engine, int32_t device)
{
    const uint32_t cond = engine->device_cond[device];
    return cond != SK_NO_COND && engine->conds[cond].state >= SK_CS_ACTIVE;
}

static bool lacks_reader(const struct sk_door_info *door, int32_t zone)
{
    const bool leaves_by_exit = door->zone_to == zone; /* readers of direction exit let out of zone_to */
    for (size_t i = 0; i < door->reader_count; i++)
        if (door->readers[i].entry != leaves_by_exit)
            return false;
    return true;
}

static struct sk_zone_state zone_state(const struct sk_engine *engine, uint32_t zone)
{
    struct sk_zone_state state = {0};
    for (size_t i = 0; i < engine->site->door_count; i++) {
        const struct sk_door_info *door = &engine->site->doors[i];
        uint64_t missing;
        const struct sk_hole *first;
        if (door->zone_from != (int32_t)zone && door->zone_to != (int32_t)zone)
            continue;
        state.no_reader |= lacks_reader(door, (int32_t)zone);
        const int32_t ctrl = door->controller < 0 ? -1 : engine->ctrl_of_device[door->controller];
        if (ctrl < 0)
            continue;
        state.silent |= is_silent(engine, door->controller);
        state.gap |= sk_ctrl_holes(&engine->ctrls[ctrl], &missing, &first) > 0;
    }
    return state;
}

bool sk_engine_zone_complete(const struct sk_engine *engine, uint32_t zone)
{
    const struct sk_zone_state state = zone_state(engine, zone);
    return !state.gap && !state.silent;
}

uint16_t sk_engine_doubts(const struct sk_engine *engine, size_t person_index, uint32_t zone, int64_t now_us)
{
    const struct sk_zone_state state = zone_state(engine, zone);
    return sk_occupancy_doubts(&engine->occupancy, &engine->trails.items[person_index],
                               sk_zone_number(engine->site, (int32_t)zone), &state, now_us);
}

/* His escort went elsewhere: perhaps with him. */
static bool escort_is_elsewhere(const struct sk_engine *engine, const struct sk_guest *guest)
{
    char text[SK_ENTITY_MAX];
    if (!sk_entry_text(guest->joint->entry, SK_F_JOINT_ESCORT, SK_NEVER, text, sizeof text))
        return true;
    const int64_t escort = sk_roster_person_index(engine->roster, text);
    return escort < 0 || (size_t)escort >= engine->trails.count ||
           sk_trail_newest_zone(&engine->trails.items[escort]) != guest->zone;
}

uint16_t sk_engine_guest_doubts(const struct sk_engine *engine, const struct sk_guest *guest, int64_t now_us)
{
    if (guest->joint == NULL)
        return 1u << SK_DOUBT_DESK_ONLY;
    const struct sk_trail led = {
        .count = 1,
        .stays = {{.at_us = guest->since_us, .zone = guest->zone, .how = SK_STAY_CORRECTED, .occurrence = SK_OCC_ONLINE}}};
    const int32_t zone = sk_zone_index(engine, guest->zone);
    const struct sk_zone_state state = zone >= 0 ? zone_state(engine, (uint32_t)zone) : (struct sk_zone_state){.gap = true};
    unsigned doubts = sk_occupancy_doubts(&engine->occupancy, &led, guest->zone, &state, now_us);
    if (escort_is_elsewhere(engine, guest))
        doubts |= 1u << SK_DOUBT_ESCORT;
    if (sk_entry_flag(guest->joint->entry, SK_F_JOINT_MANUAL, SK_NEVER))
        doubts |= 1u << SK_DOUBT_BY_HAND;
    return (uint16_t)doubts;
}

struct sk_trails sk_engine_trails(const struct sk_engine *engine)
{
    return engine->trails;
}

struct sk_guests sk_engine_guests(const struct sk_engine *engine, int64_t as_of_us)
{
    const struct sk_world world = sk_engine_world(engine);
    return sk_world_guests(&world, as_of_us);
}

const struct sk_trail *sk_engine_trail(const struct sk_engine *engine, size_t person_index)
{
    return person_index < engine->trails.count ? &engine->trails.items[person_index] : NULL;
}

const struct sk_strangers *sk_engine_strangers(const struct sk_engine *engine, uint16_t zone_number)
{
    for (size_t i = 0; i < engine->occupancy.stranger_count; i++)
        if (engine->occupancy.strangers[i].zone == zone_number)
            return &engine->occupancy.strangers[i];
    return NULL;
}

const struct sk_muster *sk_engine_muster(const struct sk_engine *engine)
{
    return &engine->muster;
}

/* --- acts --- */

const char *sk_presence_person_id(const struct sk_engine *engine, size_t person)
{
    return sk_roster_entity_at(engine->roster, SK_EV_PERSON_CREATED, person);
}

struct sk_draft *sk_presence_begin(struct sk_engine *engine, uint16_t ev, uint16_t zone, int64_t person,
                                   const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = ev;
    draft->header.class_ = SK_CLASS_ACCESS;
    draft->header.zone = zone;
    if (person >= 0) {
        const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), SK_NEVER};
        const struct sk_roster_change *change =
            sk_roster_get(&view, SK_EV_PERSON_CREATED, sk_presence_person_id(engine, (size_t)person));
        if (change != NULL)
            memcpy(draft->header.subject, change->person.tag, SK_SUBJECT_SIZE);
    }
    return draft;
}

void sk_presence_put_place(struct sk_body *body, uint16_t from, uint16_t to)
{
    sk_body_put_u16(body, SK_TAG_AREA_FROM, from);
    sk_body_put_u16(body, SK_TAG_AREA_TO, to);
}

void sk_presence_put_act(struct sk_body *body, const struct sk_presence_act *act, const struct sk_now *now, const char *person)
{
    sk_body_put_text(body, SK_TAG_ACTOR, act->actor->id);
    sk_body_put_u16(body, SK_TAG_ACTOR_ROLES, act->actor->roles);
    if (act->actor->address[0] != '\0')
        sk_body_put_text(body, SK_TAG_ACTOR_ADDRESS, act->actor->address);
    if (act->reason[0] != '\0')
        sk_body_put_text(body, SK_TAG_REASON_TEXT, act->reason);
    sk_body_put_u8(body, SK_TAG_CLOCK_QUALITY, now->clock_quality);
    if (person != NULL)
        sk_body_put_text(body, SK_TAG_PERSON, person);
}

bool sk_presence_is_person(const struct sk_engine *engine, size_t person)
{
    return person < engine->trails.count && sk_presence_person_id(engine, person) != NULL;
}

static void record_place(struct sk_engine *engine, uint16_t ev, size_t person, uint16_t zone, const struct sk_presence_act *act,
                         const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_draft *draft = sk_presence_begin(engine, ev, zone, (int64_t)person, now, effects);
    sk_presence_put_place(&draft->body, sk_trail_newest_zone(&engine->trails.items[person]), zone);
    sk_presence_put_act(&draft->body, act, now, sk_presence_person_id(engine, person));
    if (act->second[0] != '\0')
        sk_body_put_text(&draft->body, SK_TAG_SECOND_PERSON, act->second);
}

/* Earlier decisions and the zones are looked at again with him where he is now. */
void sk_presence_stirred(struct sk_engine *engine, size_t person, uint16_t from, const struct sk_now *now,
                         struct sk_effects *effects)
{
    const struct sk_stir stir = sk_stir_of_act(&engine->trails.items[person], (int32_t)person, from);
    sk_supplements_stir(engine, &stir, now->utc_us, now, effects);
    sk_zones_stir(engine, &stir, now, effects);
}

/* Room for an act: its own records, passages decided again (a record, and an alarm that rings and ends), zones looked at. */
enum sk_err sk_presence_room(struct sk_engine *engine, size_t records, const struct sk_now *now, struct sk_effects *effects)
{
    const size_t worst = 3 * sk_cases_since(engine, now->utc_us) + sk_zones_worst(engine);
    return sk_engine_advance(engine, now->mono_us, now, records + worst, 0, effects);
}

static void stay_put(struct sk_engine *engine, size_t person, uint16_t zone, uint8_t how, const struct sk_now *now,
                     struct sk_effects *effects)
{
    struct sk_trail *trail = &engine->trails.items[person];
    const uint16_t from = sk_trail_newest_zone(trail);
    const struct sk_stay stay = {
        .at_us = sk_trail_after(trail, now->utc_us), .zone = zone, .how = how, .occurrence = SK_OCC_ONLINE};
    sk_trail_put(trail, &stay);
    sk_presence_put_trail(engine, person, effects);
    look(engine, person, effects);
    sk_presence_stirred(engine, person, from, now, effects);
}

enum sk_err sk_engine_place(struct sk_engine *engine, size_t person_index, uint16_t zone, const struct sk_presence_act *act,
                            const struct sk_now *now, struct sk_effects *effects)
{
    if (!sk_presence_is_person(engine, person_index) || zone == 0)
        return SK_ERR_INVALID;
    const enum sk_err err = sk_presence_room(engine, 2, now, effects);
    if (err != SK_OK)
        return err;
    record_place(engine, SK_EV_OCC_CORRECTED, person_index, zone, act, now, effects);
    stay_put(engine, person_index, zone, SK_STAY_CORRECTED, now, effects);
    return SK_OK;
}

enum sk_err sk_engine_forgive(struct sk_engine *engine, size_t person_index, const struct sk_presence_act *act,
                              const struct sk_now *now, struct sk_effects *effects)
{
    if (!sk_presence_is_person(engine, person_index))
        return SK_ERR_INVALID;
    const uint16_t zone = sk_trail_newest_zone(&engine->trails.items[person_index]);
    if (zone == 0)
        return SK_ERR_NOT_FOUND;
    const enum sk_err err = sk_presence_room(engine, 2, now, effects);
    if (err != SK_OK)
        return err;
    record_place(engine, SK_EV_APB_FORGIVEN, person_index, zone, act, now, effects);
    stay_put(engine, person_index, zone, SK_STAY_FORGIVEN, now, effects);
    return SK_OK;
}

enum sk_err sk_engine_place_asked(struct sk_engine *engine, size_t person_index, uint16_t zone,
                                  const struct sk_presence_act *act, const struct sk_now *now, struct sk_effects *effects)
{
    if (!sk_presence_is_person(engine, person_index))
        return SK_ERR_INVALID;
    const enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 1, 0, effects);
    if (err == SK_OK)
        record_place(engine, SK_EV_OCC_ASKED, person_index, zone, act, now, effects);
    return err;
}
