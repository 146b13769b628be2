/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that survive a restart, written. restore.c reads them; both sides of one layout stand in README.md.
 *
 * Times in a row are this boot's mono; beside them stands the moment of writing in boot, mono and utc, from which another boot
 * computes how long ago they were. Keys are names, never numbers, because numbers change with the site file. */
#include "collector/engine/internal.h"

static void put_moment(struct sk_writer *writer, const struct sk_engine *engine, const struct sk_now *now)
{
    sk_write_u64(writer, engine->boot);
    sk_write_i64(writer, now->mono_us);
    sk_write_i64(writer, now->utc_us);
}

static void put_sample(struct sk_writer *writer, const struct sk_sample *sample)
{
    sk_write_u8(writer, sample->kind);
    sk_write_u8(writer, sample->quality);
    sk_write_u8(writer, sample->reason);
    sk_write_u8(writer, sample->flags);
    sk_write_f64(writer, sample->number);
    sk_write_i64(writer, sample->source_us);
    sk_write_i64(writer, sample->recv_us);
    sk_write_i64(writer, sample->mono_us);
    sk_write_u32(writer, sample->uncertainty_us);
}

void sk_pending_cond(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_cond *cond = &engine->conds[index];
    char source[SK_ALARM_SOURCE_MAX], key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_cond_source(engine, cond, source);
    sk_text_format(key, sizeof key, "cond/%s/%s", source, sk_text_or(sk_condition_name(cond->limit->condition)));
    if (cond->state != SK_CS_PENDING && cond->state != SK_CS_RETURNING) {
        sk_effects_delete(effects, key);
        return;
    }
    sk_effects_put(effects, key, &row);
    put_moment(&row.writer, engine, now);
    sk_write_u8(&row.writer, cond->state);
    sk_write_u8(&row.writer, cond->severity);
    sk_write_i64(&row.writer, cond->since_mono);
    sk_write_i64(&row.writer, cond->since_utc);
    sk_write_u64(&row.writer, cond->matched);
    sk_write_u8(&row.writer, cond->kind == SK_CK_LIMIT);
    if (cond->kind == SK_CK_LIMIT)
        put_sample(&row.writer, &engine->views[cond->owner].sample);
    sk_row_end(&row);
}

void sk_pending_rate(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_cond *cond = &engine->conds[index];
    const struct sk_rate *rate = &engine->rates[cond->rate];
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "rate/%s", sk_text_or(engine->site->points[cond->owner].id));
    if (!rate->holds) {
        sk_effects_delete(effects, key);
        return;
    }
    sk_effects_put(effects, key, &row);
    put_moment(&row.writer, engine, now);
    sk_write_i64(&row.writer, rate->begun_mono);
    sk_write_f64(&row.writer, rate->last);
    sk_write_u8(&row.writer, rate->count);
    for (uint8_t i = 0; i < rate->count; i++) {
        sk_write_i64(&row.writer, rate->first_mono[i]);
        sk_write_f64(&row.writer, rate->low[i]);
        sk_write_f64(&row.writer, rate->high[i]);
    }
    sk_row_end(&row);
}

void sk_pending_watch(struct sk_engine *engine, uint32_t node, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_watch *watch = &engine->watches[node];
    const bool point = node < engine->node_device;
    const char *id = point ? engine->site->points[node].id : engine->site->devices[node - engine->node_device].id;
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "%s/%s", point ? "late" : "silent", sk_text_or(id));
    if (!watch->row) {
        sk_effects_delete(effects, key);
        return;
    }
    sk_effects_put(effects, key, &row);
    put_moment(&row.writer, engine, now);
    sk_write_i64(&row.writer, watch->ok_mono);
    sk_row_end(&row);
}

static const char *ctrl_id(const struct sk_engine *engine, uint32_t ctrl)
{
    return sk_text_or(engine->site->devices[engine->ctrls[ctrl].device].id);
}

void sk_pending_cursor(struct sk_engine *engine, uint32_t ctrl, uint32_t slot, const struct sk_now *now,
                       struct sk_effects *effects)
{
    const struct sk_cursor *cursor = &engine->ctrls[ctrl].cursors[slot];
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "cursor/%s/%u", ctrl_id(engine, ctrl), slot);
    sk_effects_put(effects, key, &row);
    put_moment(&row.writer, engine, now);
    sk_write_u32(&row.writer, cursor->epoch);
    sk_write_u64(&row.writer, cursor->last);
    sk_write_u64(&row.writer, cursor->order);
    sk_write_u8(&row.writer, (uint8_t)cursor->hole_count);
    for (uint32_t i = 0; i < cursor->hole_count; i++) {
        sk_write_u64(&row.writer, cursor->holes[i].from);
        sk_write_u64(&row.writer, cursor->holes[i].to);
        sk_write_i64(&row.writer, cursor->holes[i].since_mono);
        sk_write_u8(&row.writer, cursor->holes[i].flags);
    }
    sk_row_end(&row);
}

void sk_pending_page(struct sk_engine *engine, uint32_t ctrl, uint32_t slot, uint32_t index, struct sk_effects *effects)
{
    const struct sk_digest_page *page = &engine->ctrls[ctrl].pages[slot][index];
    uint64_t mask = 0;
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    for (uint32_t i = 0; i < SK_PAGE_EVENTS; i++)
        mask |= (uint64_t)(page->digests[i] != 0) << i;
    sk_text_format(key, sizeof key, "page/%s/%u", ctrl_id(engine, ctrl), slot * SK_DIGEST_PAGES + index);
    sk_effects_put(effects, key, &row);
    sk_write_u32(&row.writer, page->epoch);
    sk_write_u64(&row.writer, page->number);
    sk_write_u64(&row.writer, mask);
    for (uint32_t i = 0; i < SK_PAGE_EVENTS; i++)
        if (page->digests[i] != 0)
            sk_write_u64(&row.writer, page->digests[i]);
    sk_row_end(&row);
}

void sk_pending_skew(struct sk_engine *engine, uint32_t ctrl, struct sk_effects *effects)
{
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "skew/%s", ctrl_id(engine, ctrl));
    if (!engine->ctrls[ctrl].skewed) {
        sk_effects_delete(effects, key);
        return;
    }
    sk_effects_put(effects, key, &row);
    sk_row_end(&row);
}

void sk_pending_tally(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_tally *tally = &engine->tallies[index];
    const bool known = tally->device < engine->site->device_count;
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "tally/%s/%s", sk_text_or(sk_event_name(sk_tally_event(tally->kind))),
                   known ? sk_text_or(engine->site->devices[tally->device].id) : "");
    if (!tally->open) {
        sk_effects_delete(effects, key);
        return;
    }
    sk_effects_put(effects, key, &row);
    put_moment(&row.writer, engine, now);
    sk_write_i64(&row.writer, tally->since_mono);
    sk_write_u64(&row.writer, tally->count);
    sk_row_end(&row);
}

void sk_pending_alive(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_row row;
    sk_effects_put(effects, "alive", &row);
    put_moment(&row.writer, engine, now);
    sk_row_end(&row);
}
