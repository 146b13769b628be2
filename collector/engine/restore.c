/* SPDX-License-Identifier: Apache-2.0 */
/* Giving back what was stored, and the start. Rows are read with a bounded reader and believed only when they are whole.
 *
 * Same boot: mono goes on. Another boot: what was n seconds ago by utc when the row is read is n seconds ago by mono; a clock
 * that went backwards in between counts as no time at all.
 * A stop longer than a point's staleness limit changes this and nothing else: its dwell and its return begin anew, because
 * nobody watched them. No alarm ends, and the log names the interval. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/internal.h"

struct moment {
    int64_t shift; /* add to a mono of the row to have it in this boot's mono */
    int64_t mono;  /* of writing, shifted */
    int64_t utc;
};

/* Saturating, because rows are not trusted to be small. */
int64_t sk_time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN / 4 : INT64_MAX / 4;
    return sum > INT64_MAX / 4 ? INT64_MAX / 4 : sum < INT64_MIN / 4 ? INT64_MIN / 4 : sum;
}

static struct moment read_moment(struct sk_reader *reader, const struct sk_engine *engine, const struct sk_now *now)
{
    struct moment moment = {0};
    const uint64_t boot = sk_read_u64(reader);
    const int64_t mono = sk_time_add(sk_read_i64(reader), 0);
    moment.utc = sk_time_add(sk_read_i64(reader), 0);
    if (boot != engine->boot) {
        int64_t elapsed = sk_time_add(now->utc_us, -moment.utc);
        if (elapsed < 0)
            elapsed = 0;
        moment.shift = sk_time_add(sk_time_add(now->mono_us, -elapsed), -mono);
    }
    moment.mono = sk_time_add(mono, moment.shift);
    return moment;
}

static int64_t read_mono(struct sk_reader *reader, const struct moment *moment)
{
    return sk_time_add(sk_time_add(sk_read_i64(reader), 0), moment->shift);
}

static struct sk_sample read_sample(struct sk_reader *reader, const struct moment *moment)
{
    struct sk_sample sample = {0};
    sample.kind = sk_read_u8(reader);
    sample.quality = sk_read_u8(reader);
    sample.reason = sk_read_u8(reader);
    sample.flags = sk_read_u8(reader);
    sample.number = sk_read_f64(reader);
    sample.source_us = sk_read_i64(reader);
    sample.recv_us = sk_read_i64(reader);
    sample.mono_us = read_mono(reader, moment);
    sample.uncertainty_us = sk_read_u32(reader);
    return sample;
}

/* "source/Condition": the last slash parts them. */
static int64_t find_by_key(struct sk_engine *engine, const char *rest)
{
    char source[SK_PENDING_KEY_MAX];
    const char *slash = strrchr(rest, '/');
    const int condition = slash == NULL ? -1 : sk_condition_parse(slash + 1);
    if (condition < 0 || (size_t)(slash - rest) >= sizeof source)
        return -1;
    memcpy(source, rest, (size_t)(slash - rest));
    source[slash - rest] = '\0';
    return sk_find_cond(engine, source, condition);
}

static enum sk_err read_cond(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    const int64_t index = find_by_key(engine, rest);
    if (index < 0)
        return SK_ERR_NOT_FOUND;
    struct sk_cond *cond = &engine->conds[index];
    const struct moment moment = read_moment(reader, engine, now);
    const uint8_t state = sk_read_u8(reader);
    const uint8_t severity = sk_read_u8(reader);
    const int64_t since_mono = read_mono(reader, &moment);
    const int64_t since_utc = sk_read_i64(reader);
    const uint64_t matched = sk_read_u64(reader);
    const bool has_sample = sk_read_u8(reader) == 1;
    const bool wanted = cond->kind == SK_CK_LIMIT;
    struct sk_sample sample = {0};
    if (has_sample)
        sample = read_sample(reader, &moment);
    if (!sk_reader_done(reader) || has_sample != wanted || (state != SK_CS_PENDING && state != SK_CS_RETURNING) ||
        severity > SK_SEV_CRITICAL)
        return SK_ERR_PARSE;
    sk_cond_moves(engine, cond, state);
    cond->since_mono = since_mono;
    cond->since_utc = since_utc;
    cond->matched = matched;
    if (cond->kind == SK_CK_SYSTEM)
        cond->severity = severity;
    if (wanted && sample.kind == engine->views[cond->owner].sample.kind && isfinite(sample.number)) {
        sample.point = cond->owner;
        engine->views[cond->owner].sample = sample;
        if (!sk_quality_is_bad(sample.quality)) {
            engine->points[cond->owner].seen = true;
            engine->views[cond->owner].changed_utc_us = sample.recv_us; /* no later than that */
        }
    }
    return SK_OK;
}

static struct sk_cond *rate_cond(struct sk_engine *engine, int64_t point)
{
    const struct sk_point_state *state = &engine->points[point];
    for (uint32_t i = state->first_cond; i < state->first_cond + state->cond_count; i++)
        if (engine->conds[i].rate != SK_NO_COND)
            return &engine->conds[i];
    return NULL;
}

static enum sk_err read_rate(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    const int64_t point = sk_find_point(engine, rest);
    const struct sk_cond *cond = point < 0 ? NULL : rate_cond(engine, point);
    struct sk_rate rate = {0};
    if (cond == NULL)
        return SK_ERR_NOT_FOUND;
    const struct moment moment = read_moment(reader, engine, now);
    rate.begun_mono = read_mono(reader, &moment);
    rate.last = sk_read_f64(reader);
    rate.count = sk_read_u8(reader);
    if (rate.count > SK_RATE_BUCKETS || !isfinite(rate.last))
        return SK_ERR_PARSE;
    for (uint8_t i = 0; i < rate.count; i++) {
        rate.first_mono[i] = read_mono(reader, &moment);
        rate.low[i] = sk_read_f64(reader);
        rate.high[i] = sk_read_f64(reader);
        if (!isfinite(rate.low[i]) || !isfinite(rate.high[i]) || (i > 0 && rate.first_mono[i] < rate.first_mono[i - 1]))
            return SK_ERR_PARSE;
    }
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    rate.holds = true;
    engine->rates[cond->rate] = rate;
    return SK_OK;
}

static enum sk_err read_watch(struct sk_engine *engine, int64_t node, struct sk_reader *reader, const struct sk_now *now)
{
    if (node < 0)
        return SK_ERR_NOT_FOUND;
    const struct moment moment = read_moment(reader, engine, now);
    const int64_t ok_mono = read_mono(reader, &moment);
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    engine->watches[node].ok_mono = ok_mono;
    engine->watches[node].row = true;
    return SK_OK;
}

static enum sk_err read_late(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    return read_watch(engine, sk_find_point(engine, rest), reader, now);
}

static enum sk_err read_silent(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    const int32_t device = sk_site_device(engine->site, rest);
    return read_watch(engine, device < 0 ? -1 : (int64_t)engine->node_device + device, reader, now);
}

/* "device/number": the controller, and a number below limit; NULL when there is none such. */
static struct sk_ctrl *find_ctrl(struct sk_engine *engine, const char *rest, int64_t limit, int64_t *ret_number)
{
    char id[SK_PENDING_KEY_MAX];
    sk_text_copy(id, sizeof id, rest);
    char *slash = strrchr(id, '/');
    if (limit > 0 && (slash == NULL || !sk_int_read(slash + 1, 0, limit - 1, ret_number)))
        return NULL;
    if (limit > 0)
        *slash = '\0';
    const int32_t device = sk_site_device(engine->site, id);
    if (device < 0 || engine->ctrl_of_device[device] < 0)
        return NULL;
    return &engine->ctrls[engine->ctrl_of_device[device]];
}

/* Holes ascend, do not touch, and end below what is known. */
static bool holes_fit(const struct sk_cursor *cursor)
{
    for (uint32_t i = 0; i < cursor->hole_count; i++) {
        const struct sk_hole *hole = &cursor->holes[i];
        if (hole->from > hole->to || hole->to >= cursor->last || (i > 0 && hole->from <= hole[-1].to))
            return false;
    }
    return true;
}

static enum sk_err read_cursor(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    int64_t slot;
    struct sk_cursor cursor = {.used = true};
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, SK_EPOCHS, &slot);
    if (ctrl == NULL)
        return SK_ERR_NOT_FOUND;
    const struct moment moment = read_moment(reader, engine, now);
    cursor.epoch = sk_read_u32(reader);
    cursor.last = sk_read_u64(reader);
    cursor.order = sk_read_u64(reader);
    cursor.hole_count = sk_read_u8(reader);
    if (cursor.hole_count > SK_HOLES || cursor.order == UINT64_MAX)
        return SK_ERR_PARSE;
    for (uint32_t i = 0; i < cursor.hole_count; i++) {
        cursor.holes[i].from = sk_read_u64(reader);
        cursor.holes[i].to = sk_read_u64(reader);
        cursor.holes[i].since_mono = read_mono(reader, &moment);
        cursor.holes[i].flags = sk_read_u8(reader);
    }
    if (!sk_reader_done(reader) || !holes_fit(&cursor))
        return SK_ERR_PARSE;
    ctrl->cursors[slot] = cursor;
    return SK_OK;
}

static enum sk_err read_page(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    int64_t index;
    struct sk_digest_page page = {.used = true};
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, (int64_t)SK_EPOCHS * SK_DIGEST_PAGES, &index);
    (void)now;
    if (ctrl == NULL)
        return SK_ERR_NOT_FOUND;
    page.epoch = sk_read_u32(reader);
    page.number = sk_read_u64(reader);
    const uint64_t mask = sk_read_u64(reader);
    for (uint32_t i = 0; i < SK_PAGE_EVENTS; i++)
        if ((mask >> i & 1) != 0)
            page.digests[i] = sk_read_u64(reader);
    if (!sk_reader_done(reader) || page.number % SK_DIGEST_PAGES != (uint64_t)index % SK_DIGEST_PAGES)
        return SK_ERR_PARSE;
    ctrl->pages[index / SK_DIGEST_PAGES][index % SK_DIGEST_PAGES] = page;
    return SK_OK;
}

static enum sk_err read_skew(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, 0, NULL);
    (void)now;
    if (ctrl == NULL)
        return SK_ERR_NOT_FOUND;
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    ctrl->skewed = true;
    return SK_OK;
}

static struct sk_tally *find_tally(struct sk_engine *engine, const char *rest)
{
    for (size_t i = 0; i < engine->tally_count; i++) {
        struct sk_tally *tally = &engine->tallies[i];
        const char *word = sk_text_or(sk_event_name(sk_tally_event(tally->kind)));
        const size_t length = strlen(word);
        const bool known = tally->device < engine->site->device_count;
        const char *id = known ? sk_text_or(engine->site->devices[tally->device].id) : "";
        if (strncmp(rest, word, length) == 0 && rest[length] == '/' && strcmp(rest + length + 1, id) == 0)
            return tally;
    }
    return NULL;
}

static enum sk_err read_tally(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    struct sk_tally *tally = find_tally(engine, rest);
    if (tally == NULL)
        return SK_ERR_NOT_FOUND;
    const struct moment moment = read_moment(reader, engine, now);
    const int64_t since = read_mono(reader, &moment);
    const uint64_t count = sk_read_u64(reader);
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    tally->open = true;
    tally->since_mono = since;
    tally->count = count;
    return SK_OK;
}

static enum sk_err read_alive(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    const struct moment moment = read_moment(reader, engine, now);
    if (rest[0] != '\0')
        return SK_ERR_NOT_FOUND;
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    engine->has_alive = true;
    engine->alive_mono = moment.mono;
    engine->alive_utc = moment.utc;
    return SK_OK;
}

#define READ_PRESENCE(kind)                                                                                                    \
    static enum sk_err read_##kind(struct sk_engine *engine, const char *rest, struct sk_reader *reader,                       \
                                   const struct sk_now *now)                                                                   \
    {                                                                                                                          \
        (void)now;                                                                                                             \
        return sk_presence_read(engine, #kind, rest, reader);                                                                  \
    }
READ_PRESENCE(trail)
READ_PRESENCE(doorway)
READ_PRESENCE(strangers)
READ_PRESENCE(muster)
READ_PRESENCE(listed)
READ_PRESENCE(mark)
#undef READ_PRESENCE

static enum sk_err read_case(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    (void)now;
    return sk_case_restore(engine, rest, reader);
}

static enum sk_err read_door(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    const struct moment moment = read_moment(reader, engine, now);
    return sk_door_read(engine, rest, reader, moment.shift);
}

static enum sk_err read_tail(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    const struct moment moment = read_moment(reader, engine, now);
    return sk_tail_read(engine, rest, reader, moment.shift);
}

static enum sk_err read_lock(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    (void)now;
    return sk_latch_read(engine, rest, reader);
}

static enum sk_err read_busy(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    (void)now;
    return sk_busy_read(engine, rest, reader);
}

static enum sk_err read_ctrl(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, 0, NULL);
    (void)now;
    return ctrl == NULL ? SK_ERR_NOT_FOUND : sk_ctrl_read(ctrl, reader);
}

static const struct {
    const char *prefix;
    enum sk_err (*read)(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now);
} row_kinds[] = {
    {"cond/", read_cond},           {"rate/", read_rate},    {"late/", read_late},     {"silent/", read_silent},
    {"cursor/", read_cursor},       {"page/", read_page},    {"skew/", read_skew},     {"tally/", read_tally},
    {"alive", read_alive},          {"trail/", read_trail},  {"door/", read_door},     {"ctrl/", read_ctrl},
    {"busy/", read_busy},           {"tail/", read_tail},    {"lock/", read_lock},     {"doorway/", read_doorway},
    {"strangers/", read_strangers}, {"muster", read_muster}, {"listed/", read_listed}, {"mark/", read_mark},
    {"case/", read_case},
};

enum sk_err sk_engine_restore_pending(struct sk_engine *engine, const char *key, const void *bytes, size_t length,
                                      const struct sk_now *now)
{
    struct sk_reader reader;
    if (engine->started)
        return SK_ERR_INVALID;
    sk_reader_init(&reader, bytes, length);
    if (sk_read_u8(&reader) != SK_ROW_VERSION)
        return SK_ERR_VERSION;
    for (size_t i = 0; i < sizeof row_kinds / sizeof *row_kinds; i++) {
        const size_t prefix = strlen(row_kinds[i].prefix);
        if (strncmp(key, row_kinds[i].prefix, prefix) == 0)
            return row_kinds[i].read(engine, key + prefix, &reader, now);
    }
    return SK_ERR_NOT_FOUND;
}

enum sk_err sk_engine_restore_alarm(struct sk_engine *engine, const struct sk_alarm *alarm)
{
    if (engine->started)
        return SK_ERR_INVALID;
    if (alarm->occurrence == 0 || sk_alarm_find(engine, alarm->occurrence) != NULL)
        return SK_ERR_EXISTS;
    const enum sk_err err = sk_alarms_reserve(engine, 1);
    if (err != SK_OK)
        return err;
    struct sk_open_alarm *open = sk_alarm_adopt(engine, alarm);
    if ((alarm->bits & SK_ALARM_BIT_ACTIVE) == 0)
        return SK_OK;
    const int64_t index = sk_find_cond(engine, alarm->source, alarm->condition);
    if (index < 0 || engine->conds[index].alarm != NULL)
        return SK_OK; /* left the site: a person will have to end it */
    struct sk_cond *cond = &engine->conds[index];
    cond->alarm = open;
    open->cond = (uint32_t)index;
    if (cond->state != SK_CS_RETURNING) {
        sk_cond_moves(engine, cond, SK_CS_ACTIVE);
        cond->since_utc = alarm->since_us;
        if (cond->limit->condition == SK_COND_STATE && alarm->has_value) {
            const struct sk_sample sample = {.kind = engine->views[cond->owner].sample.kind, .number = alarm->value};
            cond->matched = sk_limit_matched(cond->limit, &sample);
        }
    }
    return SK_OK;
}

void sk_engine_restore_last_occurrence(struct sk_engine *engine, uint64_t last)
{
    if (last > engine->last_occurrence)
        engine->last_occurrence = last;
}

/* --- the start --- */

void sk_interruption_record(const struct sk_engine *engine, int64_t from_utc, const struct sk_now *now,
                            struct sk_effects *effects)
{
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = SK_EV_SYS_INTERRUPTED;
    draft->header.class_ = SK_CLASS_SYSTEM;
    sk_body_put_i64(&draft->body, SK_TAG_INTERVAL_FROM_US, from_utc);
    sk_body_put_i64(&draft->body, SK_TAG_INTERVAL_TO_US, now->utc_us);
    sk_body_put_text(&draft->body, SK_TAG_BOOT_ID, engine->boot_id);
    sk_body_put_u8(&draft->body, SK_TAG_CLOCK_QUALITY, now->clock_quality);
}

static bool was_interrupted(const struct sk_engine *engine, uint32_t node, int64_t gap_us)
{
    return engine->has_alive && engine->watches[node].limit_us > 0 && gap_us > engine->watches[node].limit_us;
}

/* Nobody watched this point for longer than it may be silent. */
static void begin_anew(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_point_state *state = &engine->points[point];
    if (state->seen)
        sk_point_mark_stale(engine, point);
    for (uint32_t i = state->first_cond; i < state->first_cond + state->cond_count; i++) {
        struct sk_cond *cond = &engine->conds[i];
        if (cond->rate != SK_NO_COND && engine->rates[cond->rate].holds) {
            sk_rate_clear(&engine->rates[cond->rate]);
            sk_pending_rate(engine, i, now, effects);
        }
        if (cond->state != SK_CS_PENDING && cond->state != SK_CS_RETURNING)
            continue;
        cond->since_mono = now->mono_us;
        if (cond->state == SK_CS_RETURNING)
            sk_cond_moves(engine, cond, SK_CS_ACTIVE);
        sk_pending_cond(engine, i, now, effects);
    }
}

static void start_watch(struct sk_engine *engine, uint32_t node, int64_t gap_us, const struct sk_now *now,
                        struct sk_effects *effects)
{
    struct sk_watch *watch = &engine->watches[node];
    const bool interrupted = was_interrupted(engine, node, gap_us);
    if (watch->row && interrupted) {
        watch->row = false;
        sk_pending_watch(engine, node, now, effects);
    }
    if (!watch->row)
        watch->ok_mono = now->mono_us;
    sk_watch_arm(engine, node);
    if (interrupted && node < engine->node_device)
        begin_anew(engine, node, now, effects);
}

static void start_cond(struct sk_engine *engine, uint32_t index, const struct sk_now *now)
{
    struct sk_cond *cond = &engine->conds[index];
    if (cond->state == SK_CS_RETURNING && cond->alarm == NULL)
        sk_cond_moves(engine, cond, SK_CS_IDLE);
    if (cond->kind == SK_CK_GAP && cond->alarm != NULL) {
        char detail[SK_ALARM_TEXT_MAX];
        const char *comma = strrchr(cond->alarm->alarm.detail, ','); /* "... holes, n missing" */
        sk_gap_detail(engine, cond, detail);
        cond->told = comma == NULL ? 0 : strtoull(comma + 1, NULL, 10);
        if (strcmp(detail, cond->alarm->alarm.detail) != 0)
            sk_alarm_tell_later(engine, index, now);
    }
    sk_cond_arm(engine, index);
}

enum sk_err sk_engine_start(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    if (engine->started)
        return SK_ERR_INVALID;
    /* at most one row per point or device that was late, and per condition and window that was counting */
    size_t rows = 0;
    for (uint32_t i = 0; i < engine->node_cond; i++)
        rows += engine->watches[i].row;
    for (size_t i = 0; i < engine->cond_count; i++)
        rows += engine->conds[i].state == SK_CS_PENDING || engine->conds[i].state == SK_CS_RETURNING;
    for (size_t i = 0; i < engine->rate_count; i++)
        rows += engine->rates[i].holds;
    enum sk_err err = sk_effects_reserve(effects, 1, 0, rows + 1, 0);
    if (err != SK_OK)
        return err;
    const int64_t gap_us = engine->has_alive ? now->mono_us - engine->alive_mono : 0;
    if (engine->has_alive && gap_us > engine->shortest_stale_us)
        sk_interruption_record(engine, engine->alive_utc, now, effects);
    for (uint32_t i = 0; i < engine->node_cond; i++)
        start_watch(engine, i, gap_us, now, effects);
    sk_rights_start(engine);
    for (uint32_t i = 0; i < engine->cond_count; i++)
        start_cond(engine, i, now);
    for (uint32_t i = 0; i < engine->site->device_count; i++)
        sk_quality_start(engine, i, now, effects);
    for (uint32_t i = 0; i < engine->tally_count; i++)
        if (engine->tallies[i].open)
            sk_heap_set(&engine->heap, engine->node_tally + i, engine->tallies[i].since_mono + 60 * SK_US_PER_S);
    sk_silence_start(engine, engine->has_alive && gap_us > SK_BUSY_STOP_US, now);
    for (uint32_t i = 0; i < engine->site->door_count; i++)
        sk_door_arm(engine, i);
    sk_pending_alive(engine, now, effects);
    sk_heap_set(&engine->heap, engine->node_alive, now->mono_us + engine->alive_interval_us);
    sk_papers_changed(engine, NULL, now); /* what the last act before the stop changed may not be said yet */
    sk_engine_index_free(engine);
    engine->started = true;
    return SK_OK;
}
