/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a door and of its controller's clock and contact, as rows that survive a restart: written and read.
 * The layouts stand in README.md. A row that contradicts itself is refused whole. */
#include <string.h>

#include "collector/engine/internal.h"

enum { TOLD = 1, NUMBERED = 2, TRUSTED = 4, EXTENDED = 8, AFTER_CLOSED = 16, DIFFERS = 32, SETTLES = 64 };

static void put_moment(struct sk_writer *writer, const struct sk_engine *engine, const struct sk_now *now)
{
    sk_write_u64(writer, engine->boot);
    sk_write_i64(writer, now->mono_us);
    sk_write_i64(writer, now->utc_us);
}

static void put_time(struct sk_writer *writer, const struct sk_door_time *time)
{
    sk_write_i64(writer, time->ctrl_us);
    sk_write_i64(writer, time->recv_us);
}

static void put_told(struct sk_writer *writer, const struct sk_told *told)
{
    sk_write_u8(writer, (uint8_t)((told->told ? TOLD : 0) | (told->numbered ? NUMBERED : 0)));
    if (!told->told)
        return;
    sk_write_u8(writer, told->state);
    sk_write_u32(writer, told->epoch);
    sk_write_u64(writer, told->seq);
    sk_write_i64(writer, told->at_us);
}

static void put_excuse(struct sk_writer *writer, const struct sk_excuse *excuse)
{
    sk_write_u8(writer, (uint8_t)((excuse->used ? TOLD : 0) | (excuse->numbered ? NUMBERED : 0) |
                                  (excuse->time.trusted ? TRUSTED : 0) | (excuse->extended ? EXTENDED : 0)));
    if (!excuse->used)
        return;
    sk_write_u8(writer, excuse->kind);
    sk_write_u32(writer, excuse->epoch);
    sk_write_u64(writer, excuse->seq);
    sk_write_u64(writer, excuse->from_seq);
    put_time(writer, &excuse->time);
}

static void put_opening(struct sk_writer *writer, const struct sk_opening *opening)
{
    sk_write_u8(writer, (uint8_t)((opening->present ? TOLD : 0) | (opening->numbered ? NUMBERED : 0) |
                                  (opening->time.trusted ? TRUSTED : 0) | (opening->extended ? EXTENDED : 0) |
                                  (opening->after_closed ? AFTER_CLOSED : 0)));
    sk_write_u8(writer, opening->verdict);
    if (!opening->present)
        return;
    sk_write_u8(writer, opening->grants);
    sk_write_u32(writer, opening->epoch);
    sk_write_u64(writer, opening->seq);
    sk_write_u64(writer, opening->closed_seq);
    sk_write_i64(writer, opening->mono_us);
    put_time(writer, &opening->time);
}

/* Silence of the running hour; a look of 0: not watched. */
static void put_hour(struct sk_writer *writer, const struct sk_door_watch *watch, const struct sk_busy *busy)
{
    sk_write_i64(writer, watch->busy_look_mono == SK_NEVER ? 0 : watch->busy_look_mono);
    sk_write_i64(writer, busy->hour_us);
    sk_write_i64(writer, busy->last_us);
    sk_write_u32(writer, busy->count);
    sk_write_u8(writer, busy->whole);
}

void sk_pending_door(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_door_watch *watch = &engine->door_watches[index];
    const struct sk_door_model *model = &watch->model;
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "door/%s", sk_text_or(engine->site->doors[index].id));
    sk_effects_put(effects, key, &row);
    put_moment(&row.writer, engine, now);
    for (int i = 0; i < SK_DF_COUNT; i++)
        put_told(&row.writer, &model->told[i]);
    for (int i = 0; i < SK_EXCUSES; i++)
        put_excuse(&row.writer, &model->excuses[i]);
    put_opening(&row.writer, &model->opening);
    sk_write_u8(&row.writer, model->alarm);
    sk_write_i64(&row.writer, model->alarm_since_us);
    sk_write_u32(&row.writer, model->disabled);
    sk_write_u8(&row.writer, watch->recorded);
    sk_write_u8(&row.writer, (uint8_t)((watch->differs ? DIFFERS : 0) | (watch->settle_mono != SK_NEVER ? SETTLES : 0)));
    sk_write_i64(&row.writer, watch->settle_mono == SK_NEVER ? 0 : watch->settle_mono);
    put_hour(&row.writer, watch, &engine->busy[index]);
    sk_row_end(&row);
}

static void get_time(struct sk_reader *reader, uint8_t flags, struct sk_door_time *time)
{
    time->ctrl_us = sk_read_i64(reader);
    time->recv_us = sk_read_i64(reader);
    time->trusted = (flags & TRUSTED) != 0;
}

static bool get_told(struct sk_reader *reader, enum sk_door_family family, struct sk_told *told)
{
    const uint8_t flags = sk_read_u8(reader);
    *told = (struct sk_told){.told = (flags & TOLD) != 0, .numbered = (flags & NUMBERED) != 0};
    if (!told->told)
        return true;
    told->state = sk_read_u8(reader);
    told->epoch = sk_read_u32(reader);
    told->seq = sk_read_u64(reader);
    told->at_us = sk_read_i64(reader);
    return sk_door_word(sk_door_family_name(family), told->state) != NULL;
}

static bool get_excuse(struct sk_reader *reader, struct sk_excuse *excuse)
{
    const uint8_t flags = sk_read_u8(reader);
    *excuse = (struct sk_excuse){
        .used = (flags & TOLD) != 0, .numbered = (flags & NUMBERED) != 0, .extended = (flags & EXTENDED) != 0};
    if (!excuse->used)
        return true;
    excuse->kind = sk_read_u8(reader);
    excuse->epoch = sk_read_u32(reader);
    excuse->seq = sk_read_u64(reader);
    excuse->from_seq = sk_read_u64(reader);
    get_time(reader, flags, &excuse->time);
    return excuse->kind <= SK_EX_MODE;
}

static bool get_opening(struct sk_reader *reader, int64_t mono_shift_us, struct sk_opening *opening)
{
    const uint8_t flags = sk_read_u8(reader);
    *opening = (struct sk_opening){.present = (flags & TOLD) != 0,
                                   .numbered = (flags & NUMBERED) != 0,
                                   .extended = (flags & EXTENDED) != 0,
                                   .after_closed = (flags & AFTER_CLOSED) != 0};
    opening->verdict = sk_read_u8(reader);
    if (!opening->present)
        return opening->verdict <= SK_OPEN_FORCED;
    opening->grants = sk_read_u8(reader);
    opening->epoch = sk_read_u32(reader);
    opening->seq = sk_read_u64(reader);
    opening->closed_seq = sk_read_u64(reader);
    opening->mono_us = sk_time_add(sk_time_add(sk_read_i64(reader), 0), mono_shift_us);
    get_time(reader, flags, &opening->time);
    return opening->verdict <= SK_OPEN_FORCED;
}

static void take_hour(struct sk_busy *busy, const struct sk_busy *hour)
{
    busy->hour_us = hour->hour_us;
    busy->last_us = hour->last_us;
    busy->count = hour->count;
    busy->whole = hour->whole;
}

enum sk_err sk_door_read(struct sk_engine *engine, const char *id, struct sk_reader *reader, int64_t mono_shift_us)
{
    const int32_t index = sk_site_door(engine->site, id);
    struct sk_door_watch watch = {0};
    struct sk_door_model *model = &watch.model;
    bool fits = true;
    if (index < 0)
        return SK_ERR_NOT_FOUND;
    for (int i = 0; i < SK_DF_COUNT; i++)
        fits &= get_told(reader, (enum sk_door_family)i, &model->told[i]);
    for (int i = 0; i < SK_EXCUSES; i++)
        fits &= get_excuse(reader, &model->excuses[i]);
    fits &= get_opening(reader, mono_shift_us, &model->opening);
    model->alarm = sk_read_u8(reader);
    model->alarm_since_us = sk_read_i64(reader);
    model->disabled = sk_read_u32(reader);
    watch.recorded = sk_read_u8(reader);
    const uint8_t flags = sk_read_u8(reader);
    const int64_t settle_mono = sk_time_add(sk_time_add(sk_read_i64(reader), 0), mono_shift_us);
    struct sk_busy hour = {0};
    const int64_t look_mono = sk_read_i64(reader);
    hour.hour_us = sk_read_i64(reader);
    hour.last_us = sk_read_i64(reader);
    hour.count = sk_read_u32(reader);
    hour.whole = sk_read_u8(reader) == 1;
    watch.busy_look_mono = look_mono == 0 ? SK_NEVER : sk_time_add(sk_time_add(look_mono, 0), mono_shift_us);
    watch.differs = (flags & DIFFERS) != 0;
    watch.settle_mono = (flags & SETTLES) != 0 ? settle_mono : SK_NEVER;
    if (!sk_reader_done(reader) || !fits || model->alarm > SK_DOOR_MODEL_FORCED || watch.recorded > SK_DOOR_MODEL_FORCED)
        return SK_ERR_PARSE;
    engine->door_watches[index] = watch;
    take_hour(&engine->busy[index], &hour);
    return SK_OK;
}

/* A week of a door, written when an hour was learned. */
void sk_pending_busy(struct sk_engine *engine, uint32_t index, struct sk_effects *effects)
{
    const struct sk_busy *busy = &engine->busy[index];
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "busy/%s", sk_text_or(engine->site->doors[index].id));
    sk_effects_put(effects, key, &row);
    for (int i = 0; i < SK_BUSY_SLOTS; i++) {
        sk_write_f64(&row.writer, (double)busy->mean[i]);
        sk_write_u8(&row.writer, busy->weeks[i]);
    }
    sk_row_end(&row);
}

enum sk_err sk_busy_read(struct sk_engine *engine, const char *id, struct sk_reader *reader)
{
    const int32_t index = sk_site_door(engine->site, id);
    float mean[SK_BUSY_SLOTS];
    uint8_t weeks[SK_BUSY_SLOTS];
    bool fits = true;
    if (index < 0)
        return SK_ERR_NOT_FOUND;
    for (int i = 0; i < SK_BUSY_SLOTS; i++) {
        const double value = sk_read_f64(reader);
        fits &= value >= 0 && value < 1e9; /* false for what is no number, too */
        mean[i] = value >= 0 && value < 1e9 ? (float)value : 0;
        weeks[i] = sk_read_u8(reader);
    }
    if (!sk_reader_done(reader) || !fits)
        return SK_ERR_PARSE;
    memcpy(engine->busy[index].mean, mean, sizeof mean);
    memcpy(engine->busy[index].weeks, weeks, sizeof weeks);
    return SK_OK;
}

void sk_pending_ctrl(struct sk_engine *engine, uint32_t index, struct sk_effects *effects)
{
    const struct sk_ctrl *ctrl = &engine->ctrls[index];
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "ctrl/%s", sk_text_or(engine->site->devices[ctrl->device].id));
    sk_effects_put(effects, key, &row);
    sk_write_u8(&row.writer, ctrl->clock);
    sk_write_u8(&row.writer, (uint8_t)(ctrl->lost | ctrl->away << 1));
    sk_row_end(&row);
}

enum sk_err sk_ctrl_read(struct sk_ctrl *ctrl, struct sk_reader *reader)
{
    const uint8_t clock = sk_read_u8(reader), lost = sk_read_u8(reader);
    if (!sk_reader_done(reader) || clock > SK_CLOCK_WORD_BAD || lost > 3)
        return SK_ERR_PARSE;
    ctrl->clock = clock;
    ctrl->lost = (lost & 1) != 0;
    ctrl->away = (lost & 2) != 0;
    return SK_OK;
}
