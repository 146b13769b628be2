/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms: the life of an occurrence after ISA-18.2. Raised, returned and acknowledged are independent bits; an occurrence is
 * open until it is both returned and acknowledged, in whichever order. A condition that becomes abnormal again makes a new
 * occurrence.
 *
 * What is news to a person takes the acknowledgement back (a new flag, another door state, one more duress); what is not leaves
 * it. Every transition is a record followed by the alarm's row. */
#include <string.h>

#include "collector/engine/internal.h"

enum { CHUNK_ALARMS = 32, OPEN_CEILING = 1 << 20 };

static enum sk_err grow_spare(struct sk_engine *engine)
{
    void *chunks = sk_grow(engine->chunks, engine->chunk_count, &engine->chunk_capacity, sizeof(void *), OPEN_CEILING);
    if (chunks == NULL)
        return SK_ERR_NOMEM;
    engine->chunks = chunks;
    while (engine->spare_capacity < (engine->chunk_count + 1) * CHUNK_ALARMS) {
        void *spare = sk_grow(engine->spare, engine->spare_capacity, &engine->spare_capacity, sizeof(void *), OPEN_CEILING);
        if (spare == NULL)
            return SK_ERR_NOMEM;
        engine->spare = spare;
    }
    struct sk_open_alarm *chunk = sk_calloc(CHUNK_ALARMS, sizeof *chunk);
    if (chunk == NULL)
        return SK_ERR_NOMEM;
    engine->chunks[engine->chunk_count++] = chunk;
    for (size_t i = CHUNK_ALARMS; i > 0; i--)
        engine->spare[engine->spare_count++] = &chunk[i - 1];
    return SK_OK;
}

enum sk_err sk_alarms_reserve(struct sk_engine *engine, size_t count)
{
    while (engine->spare_count < count)
        if (grow_spare(engine) != SK_OK)
            return SK_ERR_NOMEM;
    while (engine->open_capacity < engine->open_count + count) {
        void *open = sk_grow(engine->open, engine->open_capacity, &engine->open_capacity, sizeof(void *), OPEN_CEILING);
        if (open == NULL)
            return SK_ERR_NOMEM;
        engine->open = open;
    }
    return SK_OK;
}

/* Index of the first open alarm whose occurrence is not below the one asked. */
static size_t lower_bound(const struct sk_engine *engine, uint64_t occurrence)
{
    size_t low = 0, high = engine->open_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (engine->open[middle]->alarm.occurrence < occurrence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct sk_open_alarm *sk_alarm_find(const struct sk_engine *engine, uint64_t occurrence)
{
    const size_t at = lower_bound(engine, occurrence);
    return at < engine->open_count && engine->open[at]->alarm.occurrence == occurrence ? engine->open[at] : NULL;
}

struct sk_open_alarm *sk_alarm_adopt(struct sk_engine *engine, const struct sk_alarm *alarm)
{
    struct sk_open_alarm *open = engine->spare[--engine->spare_count];
    const size_t at = lower_bound(engine, alarm->occurrence);
    memmove(engine->open + at + 1, engine->open + at, (engine->open_count - at) * sizeof *engine->open);
    engine->open[at] = open;
    engine->open_count++;
    open->alarm = *alarm;
    open->cond = SK_NO_COND;
    if (alarm->occurrence > engine->last_occurrence)
        engine->last_occurrence = alarm->occurrence;
    return open;
}

static void close_if_done(struct sk_engine *engine, struct sk_open_alarm *open)
{
    if (sk_alarm_is_open(open->alarm.bits))
        return;
    const size_t at = lower_bound(engine, open->alarm.occurrence);
    engine->open_count--;
    memmove(engine->open + at, engine->open + at + 1, (engine->open_count - at) * sizeof *engine->open);
    engine->spare[engine->spare_count++] = open;
}

static const char *place_of(const struct sk_engine *engine, const struct sk_cond *cond)
{
    const struct sk_site *site = engine->site;
    if (cond->kind == SK_CK_LIMIT)
        return sk_place_line(site->points[cond->owner].place);
    if (cond->kind >= SK_CK_DOOR_ALARM && cond->kind <= SK_CK_DOOR_LAST_)
        return sk_text_or(site->doors[cond->owner].place.text);
    return cond->kind == SK_CK_SYSTEM ? "" : sk_text_or(site->devices[cond->owner].place.text);
}

static void take_sample(struct sk_alarm *alarm, const struct sk_decision_input *input)
{
    alarm->has_value = input->has_value;
    alarm->value = input->has_value ? input->value : 0;
    alarm->limit = input->limit;
    alarm->quality = input->sample != NULL ? input->sample->quality : (uint8_t)SK_Q_GOOD;
    alarm->quality_reason = input->sample != NULL ? input->sample->reason : (uint8_t)SK_WHY_NONE;
}

void sk_alarm_raise(struct sk_engine *engine, uint32_t index, const struct sk_decision_input *input, struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    struct sk_alarm alarm = {.occurrence = engine->last_occurrence + 1,
                             .bits = SK_ALARM_BIT_ACTIVE,
                             .severity = input->severity,
                             .condition = cond->limit->condition,
                             .raised_us = input->recv_us,
                             .since_us = cond->since_utc};
    if (input->simulated)
        alarm.bits |= SK_ALARM_BIT_SIMULATED;
    if (cond->kind == SK_CK_LIMIT && cond->limit->condition != SK_COND_STALE && engine->watches[cond->owner].expired)
        alarm.bits |= SK_ALARM_BIT_STALE;
    sk_cond_source(engine, cond, alarm.source);
    sk_text_copy(alarm.detail, sizeof alarm.detail, sk_text_or(input->detail));
    sk_text_copy(alarm.place, sizeof alarm.place, place_of(engine, cond));
    if (cond->kind == SK_CK_LIMIT)
        sk_spots_add(engine, cond->owner, alarm.place, sizeof alarm.place);
    take_sample(&alarm, input);
    cond->alarm = sk_alarm_adopt(engine, &alarm);
    cond->alarm->cond = index;
    cond->told = input->matched;
    const struct sk_alarm_note note = {.ev = SK_EV_ALARM_RAISED, .now = input->now, .input = input};
    sk_alarm_record(engine, cond->alarm, &note, effects);
}

void sk_alarm_return(struct sk_engine *engine, uint32_t index, const struct sk_decision_input *input,
                     struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    struct sk_open_alarm *open = cond->alarm;
    cond->alarm = NULL;
    if (open == NULL)
        return;
    open->alarm.bits &= (uint16_t) ~(SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_STALE);
    open->alarm.returned_us = input->recv_us;
    const struct sk_alarm_note note = {.ev = SK_EV_ALARM_RETURNED, .now = input->now, .input = input};
    sk_alarm_record(engine, open, &note, effects);
    open->cond = SK_NO_COND;
    close_if_done(engine, open);
}

/* What a further abnormal input means to people who know the alarm already. */
struct news {
    bool changed, renew;
};

static struct news news_of(const struct sk_cond *cond, const struct sk_decision_input *input)
{
    const struct sk_alarm *alarm = &cond->alarm->alarm;
    const bool acked = (alarm->bits & SK_ALARM_BIT_ACKED) != 0;
    switch (cond->kind) {
    case SK_CK_LIMIT:
        return (struct news){input->matched != cond->matched, (input->matched & ~cond->matched) != 0};
    case SK_CK_DOOR_COUNT:
    case SK_CK_QUALITY: /* fewer are no news: the return tells */
        return (struct news){input->matched > cond->told, input->matched > cond->told};
    case SK_CK_GAP: {
        const bool differs = strncmp(alarm->detail, sk_text_or(input->detail), sizeof alarm->detail - 1) != 0;
        return (struct news){differs, differs && input->matched > cond->told};
    }
    case SK_CK_COMM:
    case SK_CK_SKEW:
    case SK_CK_SILENT:
        return (struct news){false, false};
    case SK_CK_DOOR_ALARM:
    case SK_CK_DOOR_TAMPER:
    case SK_CK_DOOR_FAULT:
    case SK_CK_DOOR_LOCK:
    case SK_CK_DOOR_READER: {
        const bool differs = strncmp(alarm->detail, sk_text_or(input->detail), sizeof alarm->detail - 1) != 0;
        return (struct news){differs, differs};
    }
    case SK_CK_SYSTEM: { /* about rights, or with a mark of what is newest in it: the detail is told too; only something newer
                            is news */
        const bool marked = input->matched != 0;
        const bool differs = (marked || alarm->condition == SK_COND_ACCESS) &&
                             strncmp(alarm->detail, sk_text_or(input->detail), sizeof alarm->detail - 1) != 0;
        const bool newer = differs && (!marked || input->matched > cond->told);
        return (struct news){differs || input->severity != alarm->severity, newer || input->severity > alarm->severity};
    }
    default: /* one more of the same: new only to who believed it was dealt with */
        return (struct news){acked, acked};
    }
}

/* Figures that may move with every input are told together, at full five seconds by the clock: a restart need not know when the
 * last was told. */
void sk_alarm_tell_later(struct sk_engine *engine, uint32_t index, const struct sk_now *now)
{
    struct sk_cond *cond = &engine->conds[index];
    if (cond->untold)
        return;
    cond->untold = true;
    cond->tell_mono = now->mono_us + SK_TELL_EVERY_US - now->utc_us % SK_TELL_EVERY_US;
    sk_cond_arm(engine, index);
}

void sk_alarm_update(struct sk_engine *engine, uint32_t index, const struct sk_decision_input *input,
                     struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    if (cond->alarm == NULL)
        return;
    const struct news news = news_of(cond, input);
    if (input->due) {
        cond->untold = false;
        sk_cond_arm(engine, index);
    }
    if (!news.changed) {
        cond->told = cond->kind == SK_CK_SYSTEM ? input->matched : cond->told; /* a restart forgets it */
        return;
    }
    if (!input->due && (cond->kind == SK_CK_QUALITY || cond->kind == SK_CK_GAP)) {
        sk_alarm_tell_later(engine, index, input->now);
        return;
    }
    cond->told = input->matched;
    struct sk_alarm *alarm = &cond->alarm->alarm;
    sk_text_copy(alarm->detail, sizeof alarm->detail, sk_text_or(input->detail));
    take_sample(alarm, input);
    alarm->severity = input->severity;
    if (news.renew) {
        alarm->bits &= (uint16_t)~SK_ALARM_BIT_ACKED;
        alarm->acked_us = 0;
        alarm->acked_by[0] = '\0';
    }
    const struct sk_alarm_note note = {.ev = SK_EV_ALARM_CHANGED, .now = input->now, .input = input};
    sk_alarm_record(engine, cond->alarm, &note, effects);
}

void sk_alarm_set_stale(struct sk_engine *engine, uint32_t index, bool stale, const struct sk_now *now,
                        struct sk_effects *effects)
{
    struct sk_cond *cond = &engine->conds[index];
    if (cond->alarm == NULL || ((cond->alarm->alarm.bits & SK_ALARM_BIT_STALE) != 0) == stale)
        return;
    cond->alarm->alarm.bits ^= SK_ALARM_BIT_STALE;
    const struct sk_alarm_note note = {.ev = SK_EV_ALARM_CHANGED, .now = now};
    sk_alarm_record(engine, cond->alarm, &note, effects);
}

/* What it watched is no longer in the site: nothing can ever return it, so the person who acknowledges it ends it. */
static void end_orphan(struct sk_engine *engine, struct sk_open_alarm *open, const struct sk_now *now,
                       struct sk_effects *effects)
{
    if (open->cond != SK_NO_COND || (open->alarm.bits & SK_ALARM_BIT_ACTIVE) == 0)
        return;
    open->alarm.bits &= (uint16_t) ~(SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_STALE);
    open->alarm.returned_us = now->utc_us;
    const struct sk_alarm_note note = {.ev = SK_EV_ALARM_RETURNED, .now = now, .comment = "no longer configured"};
    sk_alarm_record(engine, open, &note, effects);
}

enum sk_err sk_engine_acknowledge(struct sk_engine *engine, uint64_t occurrence, const char *comment,
                                  const struct sk_actor *actor, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_open_alarm *open = sk_alarm_find(engine, occurrence);
    if (open == NULL)
        return SK_ERR_NOT_FOUND;
    if ((open->alarm.bits & SK_ALARM_BIT_ACKED) != 0) /* nothing to acknowledge, but what was said is kept */
        return sk_text_or(comment)[0] == '\0' ? SK_OK : sk_engine_comment(engine, occurrence, comment, actor, now, effects);
    const enum sk_err err = sk_engine_reserve(engine, effects, 2, 0);
    if (err != SK_OK)
        return err;
    open->alarm.bits |= SK_ALARM_BIT_ACKED;
    open->alarm.acked_us = now->utc_us;
    sk_text_copy(open->alarm.acked_by, sizeof open->alarm.acked_by, actor->id);
    const struct sk_alarm_note note = {.ev = SK_EV_ALARM_ACK, .now = now, .actor = actor, .comment = comment};
    sk_alarm_record(engine, open, &note, effects);
    end_orphan(engine, open, now, effects);
    close_if_done(engine, open);
    return SK_OK;
}

enum sk_err sk_engine_comment(struct sk_engine *engine, uint64_t occurrence, const char *comment, const struct sk_actor *actor,
                              const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_open_alarm *open = sk_alarm_find(engine, occurrence);
    if (open == NULL)
        return SK_ERR_NOT_FOUND;
    const enum sk_err err = sk_engine_reserve(engine, effects, 1, 0);
    if (err != SK_OK)
        return err;
    const struct sk_alarm_note note = {.ev = SK_EV_ALARM_COMMENT, .now = now, .actor = actor, .comment = comment};
    sk_alarm_record(engine, open, &note, effects);
    return SK_OK;
}

size_t sk_engine_alarm_count(const struct sk_engine *engine)
{
    return engine->open_count;
}

const struct sk_alarm *sk_engine_alarm(const struct sk_engine *engine, size_t index)
{
    return index < engine->open_count ? &engine->open[index]->alarm : NULL;
}
