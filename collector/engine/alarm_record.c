/* SPDX-License-Identifier: Apache-2.0 */
/* The record of an alarm's transition, with everything that decided it copied in: value, quality, times, limit, dwell,
 * hysteresis, unit, place. Who reads it years later needs neither the configuration of the day nor the history. */
#include <string.h>

#include "collector/engine/internal.h"

static void put_subject(struct sk_body *body, const struct sk_engine *engine, const struct sk_alarm *alarm)
{
    const char *slash = strchr(alarm->source, '/');
    const bool point = (alarm->condition <= SK_COND_STALE || alarm->condition == SK_COND_RATE_OF_CHANGE) && slash != NULL;
    char device[SK_ALARM_SOURCE_MAX];
    sk_text_copy(device, sizeof device, alarm->source);
    if (slash != NULL)
        device[slash - alarm->source] = '\0';
    if (point)
        sk_body_put_text(body, SK_TAG_POINT, alarm->source);
    if (point || (strchr(device, ':') == NULL && sk_site_device(engine->site, device) >= 0))
        sk_body_put_text(body, SK_TAG_DEVICE, device);
}

/* The value that decided this transition; without one, what the alarm was raised with. */
static void put_value(struct sk_body *body, const struct sk_point *point, const struct sk_alarm *alarm,
                      const struct sk_decision_input *input)
{
    const bool fresh = input != NULL && input->sample != NULL;
    const bool has = fresh ? input->has_value : alarm->has_value;
    if (has)
        sk_body_put_f64(body, SK_TAG_VALUE, fresh ? input->value : alarm->value);
    if (has && point != NULL && point->kind != NULL && point->kind->unit != SK_UNIT_NONE)
        sk_body_put_text(body, SK_TAG_UNIT, sk_text_or(sk_unit_code(point->kind->unit)));
    sk_body_put_u8(body, SK_TAG_QUALITY, fresh ? input->sample->quality : alarm->quality);
    sk_body_put_u8(body, SK_TAG_QUALITY_REASON, fresh ? input->sample->reason : alarm->quality_reason);
}

static void put_limit(struct sk_body *body, const struct sk_limit *limit)
{
    if (limit == NULL)
        return;
    if (limit->condition != SK_COND_STATE && limit->condition != SK_COND_STALE)
        sk_body_put_f64(body, SK_TAG_LIMIT, limit->reading);
    sk_body_put_u64(body, SK_TAG_DWELL_MS, limit->dwell_ms);
    if (limit->condition != SK_COND_STATE && limit->condition != SK_COND_STALE)
        sk_body_put_f64(body, SK_TAG_HYSTERESIS, limit->hysteresis);
}

static void put_actor(struct sk_body *body, const struct sk_alarm_note *note)
{
    if (note->actor != NULL) {
        sk_body_put_text(body, SK_TAG_ACTOR, note->actor->id);
        sk_body_put_u16(body, SK_TAG_ACTOR_ROLES, note->actor->roles);
        if (note->actor->address[0] != '\0')
            sk_body_put_text(body, SK_TAG_ACTOR_ADDRESS, note->actor->address);
    }
    if (note->comment != NULL && note->comment[0] != '\0')
        sk_body_put_text(body, SK_TAG_COMMENT, note->comment);
}

static int32_t door_of(const struct sk_engine *engine, const struct sk_alarm *alarm)
{
    char id[SK_ALARM_SOURCE_MAX];
    if (strncmp(alarm->source, "door:", 5) != 0)
        return -1;
    sk_text_copy(id, sizeof id, alarm->source + 5);
    id[strcspn(id, "/")] = '\0';
    return sk_site_door(engine->site, id);
}

/* The alarm's own source names its door; header numbers let a reader filter by it. */
static void put_header(const struct sk_engine *engine, const struct sk_alarm *alarm, const struct sk_alarm_note *note,
                       struct sk_header *header)
{
    header->t_recv_us = note->now->utc_us > 0 ? (uint64_t)note->now->utc_us : 0;
    header->ev = note->ev;
    header->class_ = SK_CLASS_ALARM;
    if ((alarm->bits & SK_ALARM_BIT_SIMULATED) != 0)
        header->flags |= SK_FLAG_SIMULATED;
    const int32_t door = door_of(engine, alarm);
    if (door < 0)
        return;
    header->door = engine->site->doors[door].number;
    const int32_t zone = engine->site->doors[door].zone_to;
    if (zone >= 0 && (size_t)zone < engine->site->zone_count)
        header->zone = engine->site->zones[zone].number;
}

/* Which cameras saw it. */
static void put_cameras(struct sk_body *body, const struct sk_engine *engine, const struct sk_alarm *alarm)
{
    const int32_t door = door_of(engine, alarm);
    if (door >= 0)
        sk_body_put_cameras(body, &engine->site->doors[door]);
}

void sk_alarm_record(const struct sk_engine *engine, const struct sk_open_alarm *open, const struct sk_alarm_note *note,
                     struct sk_effects *effects)
{
    const struct sk_alarm *alarm = &open->alarm;
    const struct sk_cond *cond = open->cond == SK_NO_COND ? NULL : &engine->conds[open->cond];
    const bool limit = cond != NULL && cond->kind == SK_CK_LIMIT;
    const struct sk_sample *sample = note->input != NULL ? note->input->sample : NULL;
    struct sk_draft *draft = sk_effects_record(effects);
    struct sk_body *body = &draft->body;
    put_header(engine, alarm, note, &draft->header);
    if (note->input != NULL && note->input->occurrence_class != 0)
        sk_body_put_u8(body, SK_TAG_OCCURRENCE_CLASS, note->input->occurrence_class);
    put_cameras(body, engine, alarm);
    if (alarm->detail[0] != '\0')
        sk_body_put_text(body, SK_TAG_DETAIL, alarm->detail);
    sk_body_put_u64(body, SK_TAG_OCCURRENCE, alarm->occurrence);
    put_subject(body, engine, alarm);
    sk_body_put_u16(body, SK_TAG_CONDITION, alarm->condition);
    sk_body_put_u8(body, SK_TAG_SEVERITY, alarm->severity);
    sk_body_put_u8(body, SK_TAG_ALARM_STATE, (uint8_t)sk_alarm_state_of(alarm->bits));
    sk_body_put_u16(body, SK_TAG_ALARM_BITS, alarm->bits);
    put_value(body, limit ? &engine->site->points[cond->owner] : NULL, alarm, note->input);
    put_limit(body, limit ? cond->limit : NULL);
    sk_body_put_i64(body, SK_TAG_SINCE_US, alarm->since_us);
    if (sample != NULL) {
        sk_body_put_i64(body, SK_TAG_SOURCE_US, sample->source_us);
        sk_body_put_i64(body, SK_TAG_UNCERTAINTY_US, sample->uncertainty_us);
    }
    if (alarm->place[0] != '\0')
        sk_body_put_text(body, SK_TAG_PLACE, alarm->place);
    put_actor(body, note);
    sk_body_put_text(body, SK_TAG_OBJECT, alarm->source);
    sk_body_put_u8(body, SK_TAG_CLOCK_QUALITY, note->now->clock_quality);
    sk_effects_alarm(effects, alarm);
}
