/* SPDX-License-Identifier: Apache-2.0 */
/* The muster as steps of the engine: acts of people, each with its record and its pending rows, and guests who come onto the
 * list while it runs. What a list says is pure and stands in muster.c and muster_guests.c. */
#include <string.h>

#include "collector/engine/internal.h"

static struct sk_roster_view view_of(const struct sk_engine *engine, const struct sk_now *now)
{
    return (struct sk_roster_view){engine->roster, sk_roster_version(engine->roster), now->utc_us};
}

/* People by card, then guests apart. */
static void put_counts(const struct sk_engine *engine, const struct sk_now *now, struct sk_body *body)
{
    const struct sk_guests guests = sk_engine_guests(engine, now->utc_us);
    const struct sk_roster_view view = view_of(engine, now);
    const struct sk_muster_counts people = sk_muster_count(&engine->muster, &engine->trails, engine->roster);
    const struct sk_muster_counts led = sk_muster_count_guests(&engine->muster, &guests, &view, &engine->trails);
    sk_body_put_u32(body, SK_TAG_LISTED, people.listed);
    sk_body_put_u32(body, SK_TAG_SEEN, people.seen);
    sk_body_put_u32(body, SK_TAG_LEFT, people.left);
    sk_body_put_u32(body, SK_TAG_MISSING, people.missing);
    sk_body_put_u32(body, SK_TAG_GUESTS_LISTED, led.listed);
    sk_body_put_u32(body, SK_TAG_GUESTS_SEEN, led.seen);
    sk_body_put_u32(body, SK_TAG_GUESTS_LEFT, led.left);
    sk_body_put_u32(body, SK_TAG_GUESTS_MISSING, led.missing);
}

/* --- guests --- */

enum sk_err sk_muster_guest_room(struct sk_engine *engine, const struct sk_now *now, size_t transitions,
                                 struct sk_effects *effects)
{
    const struct sk_guests guests = sk_engine_guests(engine, now->utc_us);
    const struct sk_roster_view view = view_of(engine, now);
    const size_t most = sk_guests_count(&guests, &view, &engine->trails) + 1, rows = engine->muster.guests.count + most;
    const enum sk_err err = sk_muster_reserve_guests(&engine->muster, most);
    return err == SK_OK ? sk_effects_reserve(effects, transitions, transitions, 2 * transitions + 8 + rows, 0) : err;
}

void sk_muster_guests_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_guests guests = sk_engine_guests(engine, now->utc_us);
    const struct sk_roster_view view = view_of(engine, now);
    const struct sk_guest_mark *mark;
    size_t cursor = 0;
    while ((mark = sk_muster_next_guest(&engine->muster, &guests, &view, &engine->trails, &cursor)) != NULL)
        sk_presence_put_guest(mark, effects);
}

static void forget_guest(void *effects, const char *visit)
{
    char key[SK_PENDING_KEY_MAX];
    sk_text_format(key, sizeof key, "guest/%s", visit);
    sk_effects_delete(effects, key);
}

/* --- acts --- */

static void list_everybody(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_guests guests = sk_engine_guests(engine, now->utc_us);
    const size_t people = sk_roster_count(engine->roster, SK_EV_PERSON_CREATED);
    for (size_t i = 0; i < people; i++)
        sk_muster_look(&engine->muster, &engine->trails.items[i], engine->roster, i);
    for (size_t page = 0; page * SK_LISTED_PER_PAGE < people; page++)
        sk_presence_put_listed(engine, page, effects);
    sk_muster_drop_guests(&engine->muster, &guests, forget_guest, effects);
    sk_muster_guests_look(engine, now, effects);
}

enum sk_err sk_engine_muster_start(struct sk_engine *engine, uint16_t point, bool drill, const struct sk_presence_act *act,
                                   const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_muster *muster = &engine->muster;
    const size_t pages = sk_roster_count(engine->roster, SK_EV_PERSON_CREATED) / SK_LISTED_PER_PAGE + 1;
    if (muster->running)
        return SK_ERR_CONFLICT;
    enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 1 + pages, 0, effects);
    if (err == SK_OK)
        err = sk_muster_guest_room(engine, now, 1 + pages, effects);
    if (err != SK_OK)
        return err;
    sk_muster_start(muster, muster->id + 1, point, drill, act->actor->id, now->utc_us);
    list_everybody(engine, now, effects);
    sk_presence_put_muster(engine, effects);
    struct sk_draft *draft = sk_presence_begin(engine, SK_EV_MUSTER_STARTED, point, -1, now, effects);
    sk_presence_put_act(&draft->body, act, now, NULL);
    sk_body_put_u64(&draft->body, SK_TAG_MUSTER, muster->id);
    sk_body_put_u8(&draft->body, SK_TAG_DRILL, drill);
    put_counts(engine, now, &draft->body);
    return SK_OK;
}

enum sk_err sk_engine_muster_seen(struct sk_engine *engine, size_t person_index, bool seen, const struct sk_presence_act *act,
                                  const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_muster *muster = &engine->muster;
    if (!muster->running)
        return SK_ERR_CONFLICT;
    if (!sk_presence_is_person(engine, person_index))
        return SK_ERR_INVALID;
    struct sk_trail *trail = &engine->trails.items[person_index];
    const bool is = sk_muster_state_of(muster, trail, engine->roster, person_index) == SK_MUSTER_SEEN;
    if (is == seen)
        return SK_OK;
    if (!seen && !sk_muster_is_seen(muster, person_index))
        return SK_OK;
    const enum sk_err err = sk_presence_room(engine, 3, now, effects);
    if (err != SK_OK)
        return err;
    const uint16_t from = sk_trail_newest_zone(trail);
    if (seen)
        sk_muster_see(muster, trail, person_index, act->actor->id, now->utc_us);
    else
        sk_muster_unsee(muster, trail, person_index, act->actor->id, now->utc_us);
    struct sk_draft *draft = sk_presence_begin(engine, seen ? SK_EV_MUSTER_SEEN : SK_EV_MUSTER_UNSEEN, muster->point,
                                               (int64_t)person_index, now, effects);
    sk_presence_put_place(&draft->body, from, sk_trail_newest_zone(trail));
    sk_presence_put_act(&draft->body, act, now, sk_presence_person_id(engine, person_index));
    sk_body_put_u64(&draft->body, SK_TAG_MUSTER, muster->id);
    sk_presence_put_trail(engine, person_index, effects);
    sk_presence_put_mark(engine, person_index, effects);
    sk_presence_stirred(engine, person_index, from, now, effects);
    return SK_OK;
}

/* A visit, or an emergency entry, that is known: strangers are on no list. */
static const struct sk_entry *visit_of(const struct sk_engine *engine, const char *visit)
{
    const struct sk_entry *entry = sk_registers_get(engine->registers, visit);
    return entry != NULL && (entry->register_ == SK_REGISTER_VISIT || entry->register_ == SK_REGISTER_EMERGENCY) ? entry : NULL;
}

static void record_guest(struct sk_engine *engine, const char *visit, uint32_t people, bool seen, uint16_t from,
                         const struct sk_presence_act *act, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_muster *muster = &engine->muster;
    struct sk_draft *draft =
        sk_presence_begin(engine, seen ? SK_EV_MUSTER_SEEN : SK_EV_MUSTER_UNSEEN, muster->point, -1, now, effects);
    sk_presence_put_place(&draft->body, seen ? from : muster->point, seen ? muster->point : from);
    sk_presence_put_act(&draft->body, act, now, NULL);
    sk_body_put_u64(&draft->body, SK_TAG_MUSTER, muster->id);
    sk_body_put_text(&draft->body, SK_TAG_VISIT, visit);
    sk_body_put_u32(&draft->body, SK_TAG_GUESTS, people);
}

enum sk_err sk_engine_muster_guest(struct sk_engine *engine, const char *visit, uint32_t people, bool seen,
                                   const struct sk_presence_act *act, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_muster *muster = &engine->muster;
    struct sk_guest guest;
    if (!muster->running)
        return SK_ERR_CONFLICT;
    const struct sk_entry *entry = visit_of(engine, visit);
    if (entry == NULL)
        return SK_ERR_NOT_FOUND;
    enum sk_err err = sk_presence_room(engine, 3, now, effects);
    if (err == SK_OK)
        err = sk_muster_reserve_guests(muster, 1);
    if (err != SK_OK)
        return err;
    const struct sk_guests guests = sk_engine_guests(engine, now->utc_us);
    const struct sk_roster_view view = view_of(engine, now);
    sk_guest_of(&guests, &view, &engine->trails, entry->id, &guest);
    const struct sk_guest_mark *before = sk_guest_mark_of(&muster->guests, entry->id);
    struct sk_stir stir = {.at_us = before != NULL && !seen ? before->seen_us : now->utc_us,
                           .person = -1,
                           .own = UINT64_MAX,
                           .zones = {guest.zone, muster->point, 0}};
    if (seen ? !sk_muster_see_guest(muster, &guests, &view, &engine->trails, entry->id, people, act->actor->id, now->utc_us)
             : !sk_muster_unsee_guest(muster, entry->id, act->actor->id))
        return SK_OK;
    const struct sk_guest_mark *mark = sk_guest_mark_of(&muster->guests, entry->id);
    record_guest(engine, entry->id, mark->people, seen, guest.zone, act, now, effects);
    sk_presence_put_guest(mark, effects);
    sk_supplements_stir(engine, &stir, now->utc_us, now, effects);
    sk_zones_stir(engine, &stir, now, effects);
    return SK_OK;
}

enum sk_err sk_engine_muster_end(struct sk_engine *engine, const struct sk_presence_act *act, const struct sk_now *now,
                                 struct sk_effects *effects)
{
    struct sk_muster *muster = &engine->muster;
    if (!muster->running)
        return SK_ERR_CONFLICT;
    const enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 1, 0, effects);
    if (err != SK_OK)
        return err;
    struct sk_draft *draft = sk_presence_begin(engine, SK_EV_MUSTER_ENDED, muster->point, -1, now, effects);
    sk_presence_put_act(&draft->body, act, now, NULL);
    sk_body_put_u64(&draft->body, SK_TAG_MUSTER, muster->id);
    sk_body_put_u8(&draft->body, SK_TAG_DRILL, muster->drill);
    put_counts(engine, now, &draft->body);
    sk_muster_end(muster, now->utc_us);
    sk_presence_put_muster(engine, effects);
    return SK_OK;
}

void sk_engine_committed(struct sk_engine *engine)
{
    engine->muster.recorded = engine->muster.acts;
}
