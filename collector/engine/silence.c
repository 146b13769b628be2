/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers that fall silent: contact lost and back (ctrl.silent, ctrl.offline, ctrl.online), numbers that the heartbeat says
 * were given out and that never came, and doors without events at an hour at which they are busy (busy.h).
 *
 * Lost contact has its alarm already (CommLost of the device): here it becomes a record and the doubt about the doors. The
 * other two have alarms of their own: `<device>/ctrl.silent` after a minute, `door:<id>/ctrl.silent` at once. */
#include <string.h>

#include "collector/engine/internal.h"

static struct sk_draft *record(const struct sk_engine *engine, uint32_t device, uint16_t ev, const char *detail,
                               int64_t since_us, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_draft *draft = sk_device_record(engine, device, ev, now, effects);
    if (detail[0] != '\0')
        sk_body_put_text(&draft->body, SK_TAG_DETAIL, detail);
    sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[device].id));
    if (since_us > 0)
        sk_body_put_i64(&draft->body, SK_TAG_SINCE_US, since_us);
    sk_body_put_u8(&draft->body, SK_TAG_CLOCK_QUALITY, now->clock_quality);
    return draft;
}

/* --- contact --- */

void sk_ctrl_contact_lost(struct sk_engine *engine, uint32_t device, bool by_silence, const struct sk_now *now,
                          struct sk_effects *effects)
{
    const int32_t index = engine->ctrl_of_device[device];
    char detail[64] = "the link or the broker says that it is gone";
    if (index < 0 || engine->ctrls[index].away)
        return;
    const int64_t limit_us = engine->watches[engine->node_device + device].limit_us;
    if (by_silence)
        sk_text_format(detail, sizeof detail, "no sign of life for %lld s", (long long)(limit_us / SK_US_PER_S));
    engine->ctrls[index].lost = engine->ctrls[index].away = true;
    record(engine, device, by_silence ? SK_EV_CTRL_SILENT : SK_EV_CTRL_OFFLINE, detail, by_silence ? now->utc_us - limit_us : 0,
           now, effects);
    sk_pending_ctrl(engine, (uint32_t)index, effects);
}

/* Its doors are still in doubt: that comes to an end with the next number. Their silence is counted from now. */
void sk_ctrl_contact_back(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects)
{
    const int32_t index = engine->ctrl_of_device[device];
    if (index < 0 || !engine->ctrls[index].away)
        return;
    engine->ctrls[index].away = false;
    record(engine, device, SK_EV_CTRL_ONLINE, "", 0, now, effects);
    sk_pending_ctrl(engine, (uint32_t)index, effects);
}

/* --- numbers that never came --- */

static uint64_t width_mask(const struct sk_engine *engine, uint32_t device)
{
    const unsigned bits = sk_ctrl_seq_bits(engine, device);
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* How many numbers the heartbeat knows beyond the newest that came; -1: it says nothing about these. */
static int64_t behind(const struct sk_engine *engine, const struct sk_ctrl *ctrl)
{
    const struct sk_cursor *current = sk_ctrl_current(ctrl);
    if (current == NULL || ctrl->head_point < 0 || ctrl->epoch_point < 0)
        return -1;
    const struct sk_sample *head = &engine->views[ctrl->head_point].sample, *epoch = &engine->views[ctrl->epoch_point].sample;
    if (!sk_sample_may_clear(head) || !sk_sample_may_clear(epoch) || epoch->number != (double)current->epoch ||
        head->number < 0 || head->number > 9e15)
        return -1;
    const uint64_t next = (current->last + 1) & width_mask(engine, ctrl->device), said = (uint64_t)head->number;
    return said <= next ? 0 : (int64_t)(said - next);
}

void sk_silence_head(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_ctrl *ctrl = &engine->ctrls[index];
    const uint32_t cond = ctrl->first_cond + (SK_CK_SILENT - SK_CK_GAP);
    const int64_t missing = behind(engine, ctrl);
    char detail[96];
    if (missing < 0)
        return;
    if (missing == 0 && ctrl->lost && !ctrl->away) {
        ctrl->lost = false; /* it gave out no number that is not here */
        sk_pending_ctrl(engine, index, effects);
    }
    if (missing == 0 && engine->conds[cond].state == SK_CS_IDLE)
        return;
    sk_text_format(detail, sizeof detail, "%lld numbers given out, never received", (long long)missing);
    const struct sk_decision_input input = {.verdict = missing > 0 ? SK_V_ABNORMAL : SK_V_NORMAL,
                                            .now = now,
                                            .detail = detail,
                                            .severity = engine->conds[cond].severity,
                                            .simulated = sk_device_is_simulated(engine, ctrl->device),
                                            .matched = (uint64_t)missing,
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_feed(engine, cond, &input, effects);
}

/* A head that does not move is not told again, so the numbers it spoke of settle it when they come. */
void sk_silence_caught_up(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_ctrl *ctrl = &engine->ctrls[index];
    if (!ctrl->lost && engine->conds[ctrl->first_cond + (SK_CK_SILENT - SK_CK_GAP)].state != SK_CS_IDLE)
        sk_silence_head(engine, index, now, effects);
}

void sk_silence_due(struct sk_engine *engine, const struct sk_cond *cond, char detail[SK_ALARM_TEXT_MAX],
                    const struct sk_now *now, struct sk_effects *effects)
{
    sk_text_format(detail, SK_ALARM_TEXT_MAX, "%llu numbers given out, never received", (unsigned long long)cond->matched);
    record(engine, cond->owner, SK_EV_CTRL_SILENT, detail, cond->since_utc, now, effects);
}

/* --- busy doors --- */

static bool is_closed_day(const struct sk_engine *engine, const struct sk_local *local, int64_t at_us)
{
    char entity[SK_ENTITY_MAX];
    const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), at_us};
    sk_text_format(entity, sizeof entity, "year:%d", local->year);
    const struct sk_roster_change *change = sk_roster_get(&view, SK_EV_CALENDAR_PUT, entity);
    for (size_t i = 0; change != NULL && i < change->calendar.count; i++)
        if (change->calendar.days[i] == local->month_day)
            return true;
    return false;
}

static uint8_t slot_of(const void *context, int64_t hour_us)
{
    const struct sk_engine *engine = context;
    if (engine->zone == NULL)
        return (uint8_t)((hour_us / (3600 * SK_US_PER_S) + 72) % SK_BUSY_SLOTS); /* 1970 began on a Thursday */
    const struct sk_local local = sk_local_at(engine->zone, hour_us);
    const int day = is_closed_day(engine, &local, hour_us) ? 6 : local.weekday;
    return (uint8_t)(day * 24 + local.minute / 60);
}

static bool is_watched(const struct sk_engine *engine, uint32_t door)
{
    return engine->site->doors[door].busy_alarm && sk_door_ctrl(engine, door) != NULL;
}

int64_t sk_silence_deadline(const struct sk_engine *engine, uint32_t door)
{
    return is_watched(engine, door) ? engine->door_watches[door].busy_look_mono : SK_NEVER;
}

static void look_next(struct sk_engine *engine, uint32_t door, const struct sk_now *now)
{
    struct sk_door_watch *watch = &engine->door_watches[door];
    const struct sk_busy *busy = &engine->busy[door];
    const int64_t hour = 3600 * SK_US_PER_S;
    const bool told = engine->conds[sk_door_cond(engine, door, SK_CK_DOOR_BUSY)].state != SK_CS_IDLE;
    const int64_t at = told ? now->utc_us - now->utc_us % hour + hour : sk_busy_next(busy, now->utc_us, slot_of, engine);
    watch->busy_look_mono = now->mono_us + (at - now->utc_us);
}

static void roll(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_busy *busy = &engine->busy[door];
    if (sk_busy_roll(busy, now->utc_us, !sk_door_ctrl(engine, door)->lost, slot_of, engine))
        sk_pending_busy(engine, door, effects);
}

static void feed(struct sk_engine *engine, uint32_t door, enum sk_verdict verdict, const char *detail, const struct sk_now *now,
                 struct sk_effects *effects)
{
    const uint32_t cond = sk_door_cond(engine, door, SK_CK_DOOR_BUSY);
    const struct sk_decision_input input = {.verdict = verdict,
                                            .now = now,
                                            .detail = detail,
                                            .severity = engine->conds[cond].severity,
                                            .simulated =
                                                sk_device_is_simulated(engine, (uint32_t)engine->site->doors[door].controller),
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_feed(engine, cond, &input, effects);
}

void sk_silence_event(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    if (!is_watched(engine, door))
        return;
    roll(engine, door, now, effects);
    sk_busy_event(&engine->busy[door], now->utc_us);
    if (engine->conds[sk_door_cond(engine, door, SK_CK_DOOR_BUSY)].state != SK_CS_IDLE)
        feed(engine, door, SK_V_NORMAL, "", now, effects);
    look_next(engine, door, now);
}

static void tell(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_busy *busy = &engine->busy[door];
    char detail[SK_ALARM_TEXT_MAX];
    uint8_t weeks;
    const double missed = sk_busy_missed(busy, now->utc_us, slot_of, engine, &weeks);
    const double hourly = (double)busy->mean[slot_of(engine, now->utc_us - now->utc_us % (3600 * SK_US_PER_S))];
    sk_text_format(detail, sizeof detail, "normally %.0f events in this hour (%u weeks); none for %lld min", hourly, weeks,
                   (long long)((now->utc_us - busy->last_us) / (60 * SK_US_PER_S)));
    const struct sk_door_note note = {.ev = SK_EV_CTRL_SILENT,
                                      .derivation = "busy-door model",
                                      .detail = detail,
                                      .expected = missed,
                                      .weeks = weeks,
                                      .since_us = busy->last_us};
    sk_door_note_record(engine, door, &note, now, effects);
    feed(engine, door, SK_V_ABNORMAL, detail, now, effects);
}

/* While contact is lost another alarm stands; what was not seen then is no silence. */
void sk_silence_look(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_busy *busy = &engine->busy[door];
    if (!is_watched(engine, door) || engine->door_watches[door].busy_look_mono > now->mono_us)
        return;
    const bool away = sk_door_ctrl(engine, door)->away;
    roll(engine, door, now, effects);
    if (away)
        busy->last_us = now->utc_us;
    if (!away && engine->conds[sk_door_cond(engine, door, SK_CK_DOOR_BUSY)].state == SK_CS_IDLE &&
        sk_busy_is_silent(busy, now->utc_us, slot_of, engine))
        tell(engine, door, now, effects);
    look_next(engine, door, now);
}

/* After a stop of ours that somebody could have noticed nothing of the running hour is learned. */
void sk_silence_start(struct sk_engine *engine, bool interrupted, const struct sk_now *now)
{
    for (uint32_t i = 0; i < engine->site->door_count; i++) {
        if (!is_watched(engine, i))
            continue;
        if (interrupted) {
            engine->busy[i].whole = false;
            engine->busy[i].last_us = engine->busy[i].last_us > 0 ? now->utc_us : 0;
        }
        if (interrupted || engine->door_watches[i].busy_look_mono == SK_NEVER)
            look_next(engine, i, now);
    }
}
