/* SPDX-License-Identifier: Apache-2.0 */
/* The roster in the engine: changes as steps, and the second decision of a passage. */
#include <string.h>

#include "collector/engine/internal.h"

void sk_engine_set_zone(struct sk_engine *engine, const struct sk_zone *zone)
{
    engine->zone = zone;
    sk_roster_set_zone(engine->roster, zone);
}

const struct sk_roster *sk_engine_roster(const struct sk_engine *engine)
{
    return engine->roster;
}

static enum sk_err apply(struct sk_engine *engine, const struct sk_roster_change *change)
{
    const size_t people = sk_roster_count(engine->roster, SK_EV_PERSON_CREATED);
    const enum sk_err err = sk_presence_reserve(engine, people + 1);
    const enum sk_err applied = err == SK_OK ? sk_roster_apply(engine->roster, change) : err;
    if (applied == SK_OK)
        sk_rights_changed(engine, change);
    return applied;
}

enum sk_err sk_engine_restore_roster(struct sk_engine *engine, uint16_t ev, const void *body, size_t length)
{
    struct sk_roster_change change;
    if (engine->started)
        return SK_ERR_INVALID;
    const enum sk_err err = sk_roster_change_read(ev, body, length, &change);
    return err == SK_OK ? apply(engine, &change) : err;
}

/* Whose change is this? NULL: nobody's. */
static const char *person_of(const struct sk_roster_change *change)
{
    switch (sk_roster_family(change->ev)) {
    case SK_EV_PERSON_CREATED:
        return change->entity;
    case SK_EV_CREDENTIAL_ISSUED:
        return change->credential.person;
    case SK_EV_AUTH_GRANTED:
        return change->authorization.person;
    default:
        return NULL;
    }
}

enum sk_err sk_engine_roster_change(struct sk_engine *engine, struct sk_roster_change *change, const struct sk_roster_act *act,
                                    const struct sk_now *now, struct sk_effects *effects)
{
    enum sk_err err = sk_roster_check(engine->roster, change);
    if (err == SK_OK)
        err = sk_engine_advance(engine, now->mono_us, now, 1 + sk_zones_worst(engine), 0, effects);
    change->version = sk_roster_version(engine->roster) + 1;
    if (err == SK_OK)
        err = apply(engine, change);
    if (err != SK_OK)
        return err;
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = change->ev;
    draft->header.class_ = SK_CLASS_ROSTER;
    if (sk_roster_family(change->ev) == SK_EV_AUTH_GRANTED)
        draft->header.zone = change->authorization.zone;
    const struct sk_roster_view view = {engine->roster, change->version, SK_NEVER};
    const char *person = person_of(change);
    const struct sk_roster_change *holder = person != NULL ? sk_roster_get(&view, SK_EV_PERSON_CREATED, person) : NULL;
    if (holder != NULL)
        memcpy(draft->header.subject, holder->person.tag, SK_SUBJECT_SIZE);
    sk_roster_change_write(change, act, &draft->body);
    if (change->ev == SK_EV_ZONE_RULE)
        sk_zone_look(engine, sk_zone_index(engine, change->zone.zone), now, effects);
    return SK_OK;
}

void sk_engine_roster_take_back(struct sk_engine *engine, uint64_t version, const struct sk_now *now)
{
    sk_roster_take_back(engine->roster, version);
    engine->rights.dirty = true;
    sk_papers_changed(engine, NULL, now);
}

/* --- the second decision --- */

static void fill_case(const struct sk_engine *engine, struct sk_passage *passage)
{
    const struct sk_access_event *event = passage->event;
    const struct sk_bounds seen =
        sk_sighting_bounds(passage->occurrence_class, passage->now->clock_quality, event->t_ctrl_us, passage->recv_us);
    struct sk_case *kept = &passage->kept;
    const uint16_t to = sk_zone_number(engine->site, passage->to);
    *kept = (struct sk_case){.ev = passage->ev,
                             .ctrl = engine->site->devices[event->device].number,
                             .has_identity = event->has_identity && (event->epoch != 0 || event->seq != 0),
                             .epoch = event->epoch,
                             .seq = event->seq,
                             .recv_us = passage->recv_us,
                             .roster_version = sk_roster_version(engine->roster),
                             .moment_us = passage->moment_us,
                             .early_us = seen.early_us,
                             .person = -1};
    kept->papers_by_us = kept->moment_us;
    kept->header_zone = to != 0 ? to : sk_zone_number(engine->site, passage->from);
    kept->input =
        (struct sk_decide_input){.has_identifier = event->has_identifier_hmac,
                                 .identifier = event->identifier_hmac,
                                 .has_place = passage->door != NULL && passage->reader != NULL,
                                 .entry = passage->reader == NULL || passage->reader->entry,
                                 .used = passage->ev == SK_EV_ACC_TAKEN,
                                 .zone_from = sk_zone_number(engine->site, passage->from),
                                 .zone_to = to,
                                 .door = passage->door != NULL ? passage->door->number : 0,
                                 .factors_claimed = event->factors,
                                 .factors_site = passage->ours.factors_required,
                                 .ctrl_decision = event->decision & 3u,
                                 .ctrl_reason = passage->reason,
                                 .gaps = passage->to >= 0 && !sk_engine_zone_complete(engine, (uint32_t)passage->to),
                                 .moved_us = sk_movement_moment(passage->occurrence_class, event->t_ctrl_us, passage->recv_us),
                                 .late_us = seen.late_us};
}

void sk_passage_decide(const struct sk_engine *engine, struct sk_passage *passage)
{
    passage->person_index = -1;
    passage->moment_us = sk_decide_moment(passage->occurrence_class, passage->event->t_ctrl_us, passage->recv_us);
    passage->ours = (struct sk_second_decision){.decision = SK_DECISION_UNKNOWN};
    if (passage->reader != NULL)
        passage->ours.factors_required = passage->reader->factors_required;
    if (!sk_is_passage(passage->ev) || passage->ev == SK_EV_ACC_REX)
        return;
    const struct sk_world world = sk_engine_world(engine);
    fill_case(engine, passage);
    sk_case_decide(&world, &passage->kept, passage->recv_us, true, &passage->ours);
    passage->person_index = passage->kept.person;
}
