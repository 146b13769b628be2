/* SPDX-License-Identifier: Apache-2.0 */
/* From counters, passages and contacts to inferences. */
#include "collector/engine/tailgate.h"

#include <string.h>

#include "collector/engine/guests.h"
#include "collector/engine/internal.h"

static const int64_t quiet_us = 10 * SK_US_PER_S, led_before_us = 30 * SK_US_PER_S;
static const double counter_turn = 4294967296.0, counter_near = 1000; /* our generic map: counters wrap at 2^32 */
static const double SURE_COUNTER = 0.8, SURE_PASSBACK = 0.6, SURE_EMPTY = 0.5, SURE_OPEN = 0.3, SURE_MISSING = 0.3;

static bool has_counter(const struct sk_engine *engine, uint32_t door)
{
    return engine->site->doors[door].counter > 0;
}

static bool is_complete(const struct sk_engine *engine, uint32_t door)
{
    const struct sk_ctrl *ctrl = sk_door_ctrl(engine, door);
    uint64_t missing;
    const struct sk_hole *first;
    return ctrl != NULL && !ctrl->lost && sk_ctrl_holes(ctrl, &missing, &first) == 0;
}

int64_t sk_tail_deadline(const struct sk_engine *engine, uint32_t door)
{
    return engine->tails[door].quiet_mono;
}

static void moved(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    if (engine->tails[door].quiet_mono == SK_NEVER)
        engine->tails[door].begun_us = now->utc_us;
    engine->tails[door].quiet_mono = now->mono_us + quiet_us;
    sk_pending_tail(engine, door, now, effects);
    sk_door_arm(engine, door);
}

/* --- what comes in --- */

void sk_tail_count(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    const uint32_t door = engine->points[point].counts / 2 - 1, way = engine->points[point].counts % 2;
    const struct sk_sample *sample = &engine->views[point].sample;
    struct sk_tail *tail = &engine->tails[door];
    if (!sk_sample_may_clear(sample) || !(sample->number >= 0 && sample->number < 1e15))
        return;
    double more = sample->number - tail->base[way];
    if (more < 0 && tail->base[way] > counter_turn - counter_near && sample->number < counter_near)
        more += counter_turn;
    const bool known = tail->has_base[way];
    if (known && more == 0)
        return;
    tail->has_base[way] = true;
    tail->base[way] = sample->number;
    if (!known || more < 0 || more > UINT32_MAX / 2) { /* the first figure, or a counter that began anew */
        sk_pending_tail(engine, door, now, effects);
        return;
    }
    tail->counted[way] += (uint32_t)more;
    moved(engine, door, now, effects);
}

static uint32_t way_of(const struct sk_passage *passage)
{
    return passage->reader == NULL || passage->reader->entry ? SK_TAIL_IN : SK_TAIL_OUT;
}

static void infer(const struct sk_engine *engine, uint32_t door, const struct sk_door_note *about, const struct sk_now *now,
                  struct sk_effects *effects)
{
    static const char *const ways[] = {"entry", "exit"};
    struct sk_door_note note = *about;
    note.ev = SK_EV_TAIL_INFERRED;
    note.lifecycle = "Inferred";
    if (note.direction == NULL && note.has_counts)
        note.direction = ways[SK_TAIL_IN];
    sk_door_note_record(engine, door, &note, now, effects);
}

static uint8_t passback_of(const struct sk_engine *engine, uint16_t zone, int64_t at_us)
{
    char entity[SK_ENTITY_MAX];
    const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), at_us};
    sk_text_format(entity, sizeof entity, "zone:%u", zone);
    const struct sk_roster_change *rule = sk_roster_get(&view, SK_EV_ZONE_RULE, entity);
    return rule == NULL ? (uint8_t)SK_PASSBACK_NONE : rule->zone.passback;
}

/* A used door against where its person was last. Only rooms that cannot be left unseen prove anything. */
static void compare_trail(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    const uint16_t from = sk_zone_number(engine->site, passage->from), to = sk_zone_number(engine->site, passage->to);
    const uint32_t door = (uint32_t)(passage->door - engine->site->doors);
    if (passage->person_index < 0 || passage->reader == NULL || !is_complete(engine, door))
        return;
    const struct sk_stay *last = sk_trail_before(&engine->trails.items[passage->person_index], passage->moment_us);
    if (last == NULL)
        return;
    const bool left_unseen = passage->reader->entry && last->zone == to && passback_of(engine, to, passage->moment_us) != 0;
    const bool came_unseen =
        !passage->reader->entry && last->zone != from && passback_of(engine, from, passage->moment_us) != 0;
    if (!left_unseen && !came_unseen)
        return;
    const struct sk_door_note note = {.occurrence_class = passage->occurrence_class,
                                      .derivation = came_unseen ? "exit without entry" : "entry without exit",
                                      .confidence = SURE_PASSBACK,
                                      .direction = came_unseen ? "entry" : "exit", /* the way that was not seen */
                                      .subject = passage->ours.person != NULL ? passage->ours.person->person.tag : NULL,
                                      .since_us = last->at_us};
    infer(engine, door, &note, passage->now, effects);
}

void sk_tail_passage(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    if (passage->door == NULL)
        return;
    const uint32_t door = (uint32_t)(passage->door - engine->site->doors), way = way_of(passage);
    struct sk_tail *tail = &engine->tails[door];
    if (passage->ev == SK_EV_ACC_TAKEN)
        compare_trail(engine, passage, effects);
    if (!has_counter(engine, door))
        return;
    tail->blurred |= passage->ev == SK_EV_ACC_REX || (passage->ev == SK_EV_ACC_TAKEN && passage->person_index < 0);
    if (passage->ev == SK_EV_ACC_GRANTED)
        tail->granted[way]++;
    else if (passage->ev == SK_EV_ACC_TAKEN)
        tail->taken[way]++;
    else if (passage->ev == SK_EV_ACC_NOT_TAKEN && tail->granted[way] > 0)
        tail->granted[way]--;
    else if (passage->ev == SK_EV_ACC_REX)
        tail->rex = true;
    else
        return;
    moved(engine, door, passage->now, effects);
}

void sk_tail_closed(struct sk_engine *engine, const struct sk_passage *passage, const struct sk_door_outcome *outcome,
                    struct sk_effects *effects)
{
    const struct sk_opening *opening = &outcome->ended;
    const int64_t allowed_us = (int64_t)passage->door->passage_ms * SK_US_PER_MS * opening->grants;
    const uint32_t door = (uint32_t)(passage->door - engine->site->doors);
    if (!outcome->closed || opening->verdict != SK_OPEN_EXCUSED || allowed_us == 0 || outcome->open_us <= allowed_us ||
        !is_complete(engine, door))
        return;
    const struct sk_door_note note = {.occurrence_class = passage->occurrence_class,
                                      .derivation = "door open longer than its passages need",
                                      .confidence = SURE_OPEN,
                                      .basis = outcome->time_trusted ? "controller" : "receive",
                                      .count = opening->grants,
                                      .open_us = outcome->open_us};
    infer(engine, door, &note, passage->now, effects);
}

/* --- the end of an episode --- */

static void feed(struct sk_engine *engine, uint32_t door, enum sk_verdict verdict, const struct sk_now *now,
                 struct sk_effects *effects)
{
    const uint32_t cond = sk_door_cond(engine, door, SK_CK_DOOR_COUNT);
    const int32_t controller = engine->site->doors[door].controller;
    char detail[SK_ALARM_TEXT_MAX];
    sk_tail_detail(engine, door, detail);
    const struct sk_decision_input input = {.verdict = verdict,
                                            .now = now,
                                            .detail = detail,
                                            .severity = engine->conds[cond].severity,
                                            .matched = engine->tails[door].surplus,
                                            .simulated =
                                                controller >= 0 && sk_device_is_simulated(engine, (uint32_t)controller),
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_feed(engine, cond, &input, effects);
}

void sk_tail_detail(const struct sk_engine *engine, uint32_t door, char detail[SK_ALARM_TEXT_MAX])
{
    sk_text_format(detail, SK_ALARM_TEXT_MAX, "%u more than passages, not resolved", (unsigned)engine->tails[door].surplus);
}

/* Guests of a joint entry: counted by the counter, and known to no reader. */
static uint32_t led_through(const struct sk_engine *engine, uint32_t door, uint32_t way, const struct sk_now *now)
{
    const struct sk_tail *tail = &engine->tails[door];
    const int64_t before_us = tail->begun_us - led_before_us;
    const int64_t from_us = before_us > tail->judged_us ? before_us : tail->judged_us;
    return sk_joint_people(engine->registers, engine->site->doors[door].id, way == SK_TAIL_IN, from_us, now->utc_us);
}

static void judge_way(struct sk_engine *engine, uint32_t door, uint32_t way, const struct sk_now *now,
                      struct sk_effects *effects)
{
    struct sk_tail *tail = &engine->tails[door];
    const uint32_t carded = tail->granted[way] > tail->taken[way] ? tail->granted[way] : tail->taken[way];
    const uint32_t passed = carded + (tail->counted[way] > carded ? led_through(engine, door, way, now) : 0);
    if (tail->counted[way] <= passed || (way == SK_TAIL_OUT && tail->rex))
        return;
    const struct sk_door_note note = {.derivation = "people counter surplus",
                                      .confidence = is_complete(engine, door) ? SURE_COUNTER : SURE_MISSING,
                                      .direction = way == SK_TAIL_IN ? "entry" : "exit",
                                      .count = tail->counted[way] - passed,
                                      .has_counts = true,
                                      .counted = tail->counted[way],
                                      .passed = passed};
    infer(engine, door, &note, now, effects);
    if (tail->surplus == 0)
        tail->surplus_since_us = now->utc_us;
    tail->surplus += tail->counted[way] - passed;
    feed(engine, door, SK_V_ABNORMAL, now, effects);
}

/* Net of all doors of a zone; false: one of them is not counted, or not known. */
static bool zone_net(const struct sk_engine *engine, int32_t zone, int64_t *ret_net, bool *ret_blurred)
{
    *ret_net = 0;
    *ret_blurred = sk_roster_count(engine->roster, SK_EV_PERSON_CREATED) == 0;
    for (uint32_t i = 0; i < engine->site->door_count; i++) {
        const struct sk_door_info *door = &engine->site->doors[i];
        if (door->zone_to != zone && door->zone_from != zone)
            continue;
        if (!has_counter(engine, i) || !is_complete(engine, i) || engine->tails[i].quiet_mono != SK_NEVER)
            return false;
        *ret_blurred |= engine->tails[i].blurred;
        *ret_net += door->zone_to == zone ? engine->tails[i].net : -engine->tails[i].net;
    }
    return true;
}

static bool is_empty_by_cards(const struct sk_engine *engine, int32_t zone, const struct sk_now *now)
{
    const uint16_t number = sk_zone_number(engine->site, zone);
    for (size_t i = 0; i < engine->trails.count; i++)
        if (engine->trails.items[i].count > 0 && engine->trails.items[i].stays[0].zone == number)
            return false;
    const struct sk_world world = sk_engine_world(engine);
    const struct sk_guests guests = sk_world_guests(&world, now->utc_us);
    const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), SK_NEVER};
    return sk_guests_in(&guests, &view, &engine->trails, number, SK_NEVER) == 0;
}

/* By cards nobody is inside: the counters must agree, and begin anew from here. */
static void reconcile(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    const int32_t zone = engine->site->doors[door].zone_to;
    int64_t net;
    bool blurred;
    if (!zone_net(engine, zone, &net, &blurred) || (blurred && net != 0) || !is_empty_by_cards(engine, zone, now))
        return;
    for (uint32_t i = 0; i < engine->site->door_count; i++)
        if (engine->site->doors[i].zone_to == zone || engine->site->doors[i].zone_from == zone) {
            engine->tails[i].net = 0;
            engine->tails[i].blurred = false;
            sk_pending_tail(engine, i, now, effects);
        }
    if (net <= 0)
        return;
    const struct sk_door_note note = {.derivation = "occupancy reconciliation: empty by cards, not by counters",
                                      .confidence = SURE_EMPTY,
                                      .direction = "entry",
                                      .count = (uint64_t)net};
    infer(engine, door, &note, now, effects);
}

void sk_tail_look(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_tail *tail = &engine->tails[door];
    if (tail->quiet_mono > now->mono_us)
        return;
    for (uint32_t way = 0; way < SK_TAIL_WAYS; way++)
        judge_way(engine, door, way, now, effects);
    tail->net += (int64_t)tail->counted[SK_TAIL_IN] - (int64_t)tail->counted[SK_TAIL_OUT];
    memset(tail->counted, 0, sizeof tail->counted);
    memset(tail->granted, 0, sizeof tail->granted);
    memset(tail->taken, 0, sizeof tail->taken);
    tail->rex = false;
    tail->judged_us = now->utc_us;
    tail->quiet_mono = SK_NEVER;
    reconcile(engine, door, now, effects);
    sk_pending_tail(engine, door, now, effects);
}

/* --- a person says what it was --- */

uint32_t sk_engine_door_surplus(const struct sk_engine *engine, uint32_t door, int64_t *ret_since_us)
{
    *ret_since_us = engine->tails[door].surplus > 0 ? engine->tails[door].surplus_since_us : 0;
    return engine->tails[door].surplus;
}

enum sk_err sk_engine_door_resolve(struct sk_engine *engine, uint32_t door, const char *cause, const char *reason,
                                   const struct sk_actor *actor, const struct sk_now *now, struct sk_effects *effects)
{
    if (engine->tails[door].surplus == 0)
        return SK_ERR_NOT_FOUND;
    const enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 3, 0, effects);
    if (err != SK_OK)
        return err;
    const struct sk_door_note note = {.ev = SK_EV_TAIL_RESOLVED,
                                      .state = cause,
                                      .reason = reason,
                                      .actor = actor,
                                      .count = engine->tails[door].surplus,
                                      .since_us = engine->tails[door].surplus_since_us};
    sk_door_note_record(engine, door, &note, now, effects);
    engine->tails[door].surplus = 0;
    feed(engine, door, SK_V_NORMAL, now, effects);
    sk_pending_tail(engine, door, now, effects);
    return SK_OK;
}

/* --- rows --- */

void sk_pending_tail(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_tail *tail = &engine->tails[door];
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "tail/%s", sk_text_or(engine->site->doors[door].id));
    sk_effects_put(effects, key, &row);
    sk_write_u64(&row.writer, engine->boot);
    sk_write_i64(&row.writer, now->mono_us);
    sk_write_i64(&row.writer, now->utc_us);
    for (int way = 0; way < SK_TAIL_WAYS; way++) {
        sk_write_u8(&row.writer, tail->has_base[way]);
        sk_write_f64(&row.writer, tail->base[way]);
        sk_write_u32(&row.writer, tail->counted[way]);
        sk_write_u32(&row.writer, tail->granted[way]);
        sk_write_u32(&row.writer, tail->taken[way]);
    }
    sk_write_u8(&row.writer, (uint8_t)(tail->rex | tail->blurred << 1));
    sk_write_i64(&row.writer, tail->quiet_mono == SK_NEVER ? 0 : tail->quiet_mono);
    sk_write_i64(&row.writer, tail->net);
    sk_write_u32(&row.writer, tail->surplus);
    sk_write_i64(&row.writer, tail->surplus_since_us);
    sk_write_i64(&row.writer, tail->begun_us);
    sk_write_i64(&row.writer, tail->judged_us);
    sk_row_end(&row);
}

enum sk_err sk_tail_read(struct sk_engine *engine, const char *id, struct sk_reader *reader, int64_t mono_shift_us)
{
    const int32_t door = sk_site_door(engine->site, id);
    struct sk_tail tail = {0};
    bool fits = true;
    if (door < 0)
        return SK_ERR_NOT_FOUND;
    for (int way = 0; way < SK_TAIL_WAYS; way++) {
        tail.has_base[way] = sk_read_u8(reader) == 1;
        tail.base[way] = sk_read_f64(reader);
        tail.counted[way] = sk_read_u32(reader);
        tail.granted[way] = sk_read_u32(reader);
        tail.taken[way] = sk_read_u32(reader);
        fits &= tail.base[way] >= 0 && tail.base[way] < 1e15;
    }
    const uint8_t flags = sk_read_u8(reader);
    tail.rex = (flags & 1) != 0;
    tail.blurred = (flags & 2) != 0;
    const int64_t quiet = sk_read_i64(reader);
    tail.quiet_mono = quiet == 0 ? SK_NEVER : sk_time_add(sk_time_add(quiet, 0), mono_shift_us);
    tail.net = sk_read_i64(reader);
    tail.surplus = sk_read_u32(reader);
    tail.surplus_since_us = sk_read_i64(reader);
    tail.begun_us = sk_read_i64(reader);
    tail.judged_us = sk_read_i64(reader);
    if (!sk_reader_done(reader) || !fits || tail.net > INT32_MAX || tail.net < -(int64_t)INT32_MAX)
        return SK_ERR_PARSE;
    engine->tails[door] = tail;
    return SK_OK;
}
