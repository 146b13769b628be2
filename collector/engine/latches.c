/* SPDX-License-Identifier: Apache-2.0 */
/* Points that are doors of another kind: rack locks and rack doors, the key cabinet and its keys, and the health of biometric
 * readers. A change of such a point is a record, because somebody opened, took or brought back something. What it belonged to
 * (the request) is bound by the registers: the tag for it stands ready.
 *
 * The last word of each is a row, so that a restart repeats none, and a change while nobody watched is recorded as found. */
#include <string.h>

#include "collector/engine/internal.h"

static const struct kind {
    uint8_t device;
    uint16_t ev;
    const char *head, *tail; /* of the point's name, with "", "3." and the like between them */
} kinds[] = {
    {SK_DEV_RACK, SK_EV_RACK_LOCK, "rack.", "lock.state"},
    {SK_DEV_RACK, SK_EV_RACK_DOOR, "rack.", "door.position"},
    {SK_DEV_RACK, SK_EV_RACK_FORCED, "rack.", "forced"},
    {SK_DEV_KEYS, SK_EV_KEY_STATE, "keys.", "state"},
    {SK_DEV_KEYS, SK_EV_KEY_CABINET, "keys.cabinet.", "door"},
    {SK_DEV_KEYS, SK_EV_KEY_CABINET, "cabinet.", "lock.state"},
    {SK_DEV_BIOMETRIC, SK_EV_READER_DEGRADED, "bio.reader.", "comm"},
};

static bool name_fits(const char *name, const struct kind *kind)
{
    const size_t head = strlen(kind->head), tail = strlen(kind->tail), length = strlen(name);
    return length >= head + tail && strncmp(name, kind->head, head) == 0 && strcmp(name + length - tail, kind->tail) == 0 &&
           strspn(name + head, "0123456789.") == length - head - tail;
}

uint8_t sk_latch_kind(const struct sk_engine *engine, uint32_t point)
{
    const struct sk_point *at = &engine->site->points[point];
    const struct sk_profile *profile = engine->site->devices[at->device].profile;
    for (size_t i = 0; profile != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if ((uint8_t)profile->kind == kinds[i].device && name_fits(sk_text_or(at->name), &kinds[i]))
            return (uint8_t)(i + 1);
    return 0;
}

static const char *word_of(const struct sk_engine *engine, uint32_t point, int32_t state)
{
    const struct sk_point_kind *kind = engine->site->points[point].kind;
    return kind == NULL || state < 0 || (size_t)state >= kind->state_count ? "" : kind->states[state];
}

static void record(const struct sk_engine *engine, uint32_t point, uint16_t ev, bool first_look, const struct sk_now *now,
                   struct sk_effects *effects)
{
    const struct sk_point *at = &engine->site->points[point];
    const struct sk_sample *sample = &engine->views[point].sample;
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = ev;
    draft->header.class_ = SK_CLASS_ACCESS;
    if ((sample->flags & SK_SAMPLE_SIMULATED) != 0)
        draft->header.flags |= SK_FLAG_SIMULATED;
    sk_body_put_text(&draft->body, SK_TAG_DERIVATION, "polled");
    sk_body_put_text(&draft->body, SK_TAG_STATE_WORD, word_of(engine, point, engine->points[point].lock_state));
    if (first_look)
        sk_body_put_text(&draft->body, SK_TAG_DETAIL, "found so after a start: changed while not watched");
    sk_body_put_text(&draft->body, SK_TAG_POINT, sk_text_or(at->id));
    sk_body_put_text(&draft->body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[at->device].id));
    sk_body_put_i64(&draft->body, SK_TAG_SOURCE_US, sample->source_us);
    sk_body_put_i64(&draft->body, SK_TAG_UNCERTAINTY_US, sample->uncertainty_us);
    if (sk_place_line(at->place)[0] != '\0')
        sk_body_put_text(&draft->body, SK_TAG_PLACE, at->place->text);
    sk_body_put_u8(&draft->body, SK_TAG_CLOCK_QUALITY, now->clock_quality);
}

/* The doors behind a biometric reader say so themselves. */
static void tell_doors(const struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects)
{
    const int32_t device = (int32_t)engine->site->points[point].device;
    const int32_t state = engine->points[point].lock_state;
    for (uint32_t i = 0; i < engine->site->door_count; i++)
        for (size_t k = 0; k < engine->site->doors[i].reader_count; k++) {
            const struct sk_reader_info *reader = &engine->site->doors[i].readers[k];
            const struct sk_door_note note = {.ev = SK_EV_READER_DEGRADED,
                                              .lifecycle = state == 0 ? "Restore" : "New",
                                              .direction = reader->entry ? "entry" : "exit",
                                              .state = word_of(engine, point, state),
                                              .detail = sk_text_or(reader->id)};
            if (reader->biometric == device + 1)
                sk_door_note_record(engine, i, &note, now, effects);
        }
}

size_t sk_latch_records(const struct sk_engine *engine, uint32_t point)
{
    const struct sk_site *site = engine->site;
    size_t count = engine->points[point].lock_kind > 0;
    if (count == 0 || kinds[engine->points[point].lock_kind - 1].ev != SK_EV_READER_DEGRADED)
        return count;
    for (size_t i = 0; i < site->door_count; i++)
        for (size_t k = 0; k < site->doors[i].reader_count; k++)
            count += site->doors[i].readers[k].biometric == (int32_t)site->points[point].device + 1;
    return count;
}

static void put_row(struct sk_engine *engine, uint32_t point, struct sk_effects *effects)
{
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "lock/%s", sk_text_or(engine->site->points[point].id));
    sk_effects_put(effects, key, &row);
    sk_write_u32(&row.writer, (uint32_t)engine->points[point].lock_state);
    sk_row_end(&row);
}

/* The first word ever is no change; a reader that begins degraded is one. */
void sk_latch_take(struct sk_engine *engine, uint32_t point, bool first_look, const struct sk_now *now,
                   struct sk_effects *effects)
{
    struct sk_point_state *state = &engine->points[point];
    const struct sk_sample *sample = &engine->views[point].sample;
    const uint16_t ev = kinds[state->lock_kind - 1].ev;
    if (!sk_sample_may_clear(sample) || !(sample->number >= 0 && sample->number < 64))
        return;
    const int32_t before = state->lock_state, after = (int32_t)sample->number;
    if (before == after)
        return;
    state->lock_state = after;
    put_row(engine, point, effects);
    if (before < 0 && (ev != SK_EV_READER_DEGRADED || after == 0))
        return;
    record(engine, point, ev, first_look && before >= 0, now, effects);
    if (ev == SK_EV_READER_DEGRADED)
        tell_doors(engine, point, now, effects);
}

enum sk_err sk_latch_read(struct sk_engine *engine, const char *id, struct sk_reader *reader)
{
    const int64_t point = sk_find_point(engine, id);
    const uint32_t state = sk_read_u32(reader);
    if (point < 0 || engine->points[point].lock_kind == 0)
        return SK_ERR_NOT_FOUND;
    if (!sk_reader_done(reader) || state >= 64)
        return SK_ERR_PARSE;
    engine->points[point].lock_state = (int32_t)state;
    return SK_OK;
}

/* Degraded or lost, as far as is known. */
bool sk_reader_is_degraded(const struct sk_engine *engine, const struct sk_reader_info *reader)
{
    if (reader->biometric <= 0)
        return false;
    const struct sk_device *device = &engine->site->devices[reader->biometric - 1];
    for (uint32_t i = device->first_point; i < device->first_point + device->point_count; i++)
        if (engine->points[i].lock_kind > 0 && engine->points[i].lock_state > 0)
            return true;
    return false;
}
