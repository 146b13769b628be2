/* SPDX-License-Identifier: Apache-2.0 */
/* What we ourselves say of a door, as records: one shape for the model, inferences and silences. Every one names its door, its
 * zone, its cameras, and what it rests on. */
#include <string.h>

#include "collector/engine/internal.h"

void sk_body_put_cameras(struct sk_body *body, const struct sk_door_info *door)
{
    char list[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < door->camera_count && used + 1 < sizeof list; i++) {
        sk_text_format(list + used, sizeof list - used, "%s%s", used > 0 ? "," : "", sk_text_or(door->cameras[i]));
        used = strlen(list);
    }
    if (used > 0)
        sk_body_put_text(body, SK_TAG_CAMERAS, list);
}

static void put_text(struct sk_body *body, enum sk_tag tag, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sk_body_put_text(body, tag, text);
}

static void put_header(const struct sk_engine *engine, uint32_t index, const struct sk_door_note *note,
                       const struct sk_now *now, struct sk_header *header)
{
    const struct sk_door_info *door = &engine->site->doors[index];
    header->t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    header->ev = note->ev;
    header->class_ = (uint8_t)sk_event_class(note->ev);
    header->door = door->number;
    header->zone = sk_zone_number(engine->site, door->zone_to);
    if (note->subject != NULL)
        memcpy(header->subject, note->subject, SK_SUBJECT_SIZE);
    if (door->controller < 0)
        return;
    header->ctrl = engine->site->devices[door->controller].number;
    if (sk_device_is_simulated(engine, (uint32_t)door->controller))
        header->flags |= SK_FLAG_SIMULATED;
}

static void put_inference(struct sk_body *body, const struct sk_door_note *note)
{
    if (note->occurrence_class != 0)
        sk_body_put_u8(body, SK_TAG_OCCURRENCE_CLASS, note->occurrence_class);
    put_text(body, SK_TAG_LIFECYCLE, note->lifecycle);
    put_text(body, SK_TAG_DERIVATION, note->derivation);
    if (note->confidence > 0)
        sk_body_put_f64(body, SK_TAG_CONFIDENCE, note->confidence);
}

static void put_figures(struct sk_body *body, const struct sk_door_note *note)
{
    put_text(body, SK_TAG_MODEL_STATE, note->model);
    put_text(body, SK_TAG_TIME_BASIS, note->basis);
    if (note->expected > 0)
        sk_body_put_f64(body, SK_TAG_EXPECTED, note->expected);
    if (note->weeks > 0)
        sk_body_put_u16(body, SK_TAG_WEEKS, note->weeks);
    if (note->open_us > 0)
        sk_body_put_u64(body, SK_TAG_OPEN_MS, (uint64_t)(note->open_us / SK_US_PER_MS));
    if (note->has_counts) {
        sk_body_put_u64(body, SK_TAG_COUNTED, note->counted);
        sk_body_put_u64(body, SK_TAG_PASSED, note->passed);
    }
}

static void put_actor(struct sk_body *body, const struct sk_door_note *note)
{
    if (note->actor == NULL)
        return;
    sk_body_put_text(body, SK_TAG_ACTOR, note->actor->id);
    sk_body_put_u16(body, SK_TAG_ACTOR_ROLES, note->actor->roles);
    put_text(body, SK_TAG_ACTOR_ADDRESS, note->actor->address);
    put_text(body, SK_TAG_REASON_TEXT, note->reason);
}

void sk_door_note_record(const struct sk_engine *engine, uint32_t index, const struct sk_door_note *note,
                         const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_door_info *door = &engine->site->doors[index];
    struct sk_draft *draft = sk_effects_record(effects);
    struct sk_body *body = &draft->body;
    put_header(engine, index, note, now, &draft->header);
    put_inference(body, note);
    put_text(body, SK_TAG_DIRECTION, note->direction);
    put_text(body, SK_TAG_STATE_WORD, note->state);
    sk_body_put_cameras(body, door);
    if (note->count > 0)
        sk_body_put_u64(body, SK_TAG_COUNT, note->count);
    put_text(body, SK_TAG_DETAIL, note->detail);
    if (door->controller >= 0)
        sk_body_put_text(body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[door->controller].id));
    if (note->since_us > 0)
        sk_body_put_i64(body, SK_TAG_SINCE_US, note->since_us);
    put_text(body, SK_TAG_PLACE, door->place.text);
    put_actor(body, note);
    sk_body_put_u8(body, SK_TAG_CLOCK_QUALITY, now->clock_quality);
    put_figures(body, note);
}
