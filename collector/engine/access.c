/* SPDX-License-Identifier: Apache-2.0 */
/* A controller's event as an entry record: ONVIF words, both times, where from and where to, what the controller decided.
 *
 * Indices and codes come from another process and are checked again; what this program does not know is kept verbatim as
 * native.unknown. What our own roster says of a passage is decided in decide.c and written beside the controller's word. */
#include <string.h>

#include "collector/engine/internal.h"

/* Genetec's documented occurrence periods, as schemas/vocab/occurrence.def says. */
static const struct {
    int64_t within_us;
    uint8_t class_;
} periods[] = {
    {5 * SK_US_PER_S, SK_OCC_ONLINE},
    {900 * SK_US_PER_S, SK_OCC_GRACE},
    {INT64_C(72) * 3600 * SK_US_PER_S, SK_OCC_OFFLINE_ALARM},
};

uint8_t sk_occurrence_class(int64_t t_ctrl_us, int64_t recv_us)
{
    if (t_ctrl_us <= 0)
        return SK_OCC_UNKNOWN;
    const int64_t age = t_ctrl_us > recv_us ? 0 : recv_us - t_ctrl_us;
    if (age <= periods[0].within_us)
        return SK_OCC_ONLINE;
    for (size_t i = 1; i < sizeof periods / sizeof *periods; i++)
        if (age < periods[i].within_us)
            return periods[i].class_;
    return SK_OCC_OFFLINE;
}

/* Which list of words a door event's state is from. */
static const char *state_family(uint16_t ev)
{
    switch (ev) {
    case SK_EV_DOOR_MODE:
        return "mode";
    case SK_EV_DOOR_PHYS:
        return "phys";
    case SK_EV_DOOR_LOCK:
    case SK_EV_DOOR_LOCK2:
        return "lock";
    case SK_EV_DOOR_ALARM:
        return "alarm";
    case SK_EV_DOOR_TAMPER:
        return "tamper";
    case SK_EV_DOOR_FAULT:
        return "fault";
    default:
        return NULL;
    }
}

static const char *state_word(uint16_t ev, uint8_t state)
{
    const char *family = state_family(ev);
    if (family != NULL)
        return sk_door_word(family, state);
    if (ev == SK_EV_AP_ENABLED || ev == SK_EV_CRED_ENABLED)
        return state != 0 ? "Enabled" : "Disabled";
    if (ev == SK_EV_SCHED_ACTIVE)
        return state != 0 ? "Active" : "Inactive";
    return NULL;
}

bool sk_is_passage(uint16_t ev)
{
    return ev >= SK_EV_ACC_GRANTED && ev <= SK_EV_ACC_REX;
}

static void find_place(const struct sk_site *site, struct sk_passage *passage)
{
    const struct sk_access_event *event = passage->event;
    passage->from = passage->to = -1;
    if (event->door < 0 || (size_t)event->door >= site->door_count)
        return;
    passage->door = &site->doors[event->door];
    if (event->reader >= 0 && (size_t)event->reader < passage->door->reader_count)
        passage->reader = &passage->door->readers[event->reader];
    const bool inwards = passage->reader == NULL || passage->reader->entry;
    passage->from = inwards ? passage->door->zone_from : passage->door->zone_to;
    passage->to = inwards ? passage->door->zone_to : passage->door->zone_from;
}

uint16_t sk_zone_number(const struct sk_site *site, int32_t zone)
{
    return zone >= 0 && (size_t)zone < site->zone_count ? site->zones[zone].number : 0;
}

void sk_passage_init(const struct sk_engine *engine, const struct sk_access_event *event, const struct sk_now *now,
                     struct sk_passage *ret_passage)
{
    const bool known = sk_event_class(event->ev) == SK_CLASS_ACCESS && sk_text_or(sk_event_topic(event->ev))[0] != '\0';
    struct sk_passage passage = {.event = event,
                                 .now = now,
                                 .recv_us = event->recv_us > 0 ? event->recv_us : now->utc_us,
                                 .record_class = SK_CLASS_ACCESS};
    passage.ev = known && (state_family(event->ev) == NULL || state_word(event->ev, event->state) != NULL)
                     ? event->ev
                     : (uint16_t)SK_EV_NATIVE;
    passage.record_ev = passage.ev;
    passage.reason = sk_deny_reason_name(event->reason) != NULL ? event->reason : (uint16_t)SK_DENY_OTHER;
    passage.occurrence_class = sk_occurrence_class(event->t_ctrl_us, passage.recv_us);
    passage.possible_duplicate = !event->has_identity && event->duplicate_flag;
    find_place(engine->site, &passage);
    sk_passage_decide(engine, &passage);
    *ret_passage = passage;
}

static void put_header(const struct sk_engine *engine, const struct sk_passage *passage, struct sk_header *header)
{
    const struct sk_access_event *event = passage->event;
    const uint8_t ours = sk_is_passage(passage->ev) ? passage->ours.decision : (uint8_t)SK_DECISION_NONE;
    const uint16_t entered = sk_zone_number(engine->site, passage->to);
    header->t_recv_us = passage->recv_us > 0 ? (uint64_t)passage->recv_us : 0;
    header->zone = entered != 0 ? entered : sk_zone_number(engine->site, passage->from);
    header->door = passage->door != NULL ? passage->door->number : 0;
    header->ev = passage->record_ev;
    header->class_ = passage->record_class;
    header->flags = (uint8_t)((event->decision & 3u) << SK_FLAG_CTRL_SHIFT | (unsigned)ours << SK_FLAG_OURS_SHIFT);
    if (passage->occurrence_class > SK_OCC_ONLINE)
        header->flags |= SK_FLAG_NOT_ONLINE;
    if (event->simulated)
        header->flags |= SK_FLAG_SIMULATED;
    if (passage->ours.person != NULL)
        memcpy(header->subject, passage->ours.person->person.tag, SK_SUBJECT_SIZE);
    header->ctrl = engine->site->devices[event->device].number;
    if (event->has_identity && !passage->replayed) {
        header->ctrl_epoch = event->epoch;
        header->ctrl_seq = event->seq;
    }
}

static void put_fixed_text(struct sk_body *body, enum sk_tag tag, const char *text, size_t capacity)
{
    char copy[SK_TOPIC_MAX + 1];
    const size_t length = strnlen(text, capacity < SK_TOPIC_MAX ? capacity : SK_TOPIC_MAX);
    if (length == 0)
        return;
    memcpy(copy, text, length);
    copy[length] = '\0';
    sk_body_put_text(body, tag, copy);
}

static void put_times(struct sk_body *body, const struct sk_passage *passage)
{
    const struct sk_access_event *event = passage->event;
    if (event->t_ctrl_us > 0) {
        sk_body_put_i64(body, SK_TAG_T_CTRL, event->t_ctrl_us);
        sk_body_put_i64(body, SK_TAG_SKEW_US, event->t_ctrl_us - passage->recv_us);
    }
    sk_body_put_u8(body, SK_TAG_OCCURRENCE_CLASS, passage->occurrence_class);
    if (event->topic[0] != '\0')
        put_fixed_text(body, SK_TAG_ONVIF_TOPIC, event->topic, sizeof event->topic);
    else if (passage->ev != SK_EV_NATIVE)
        sk_body_put_text(body, SK_TAG_ONVIF_TOPIC, sk_text_or(sk_event_topic(passage->ev)));
    if (event->native_length > 0)
        sk_body_put_bytes(body, SK_TAG_NATIVE, event->native,
                          event->native_length < SK_NATIVE_MAX ? event->native_length : SK_NATIVE_MAX);
}

static void put_credential(struct sk_body *body, const struct sk_engine *engine, const struct sk_passage *passage)
{
    const struct sk_access_event *event = passage->event;
    if (event->has_identifier_hmac)
        sk_body_put_hash(body, SK_TAG_IDENTIFIER_HMAC, &event->identifier_hmac);
    put_fixed_text(body, SK_TAG_CREDENTIAL_TOKEN, event->credential, sizeof event->credential);
    put_fixed_text(body, SK_TAG_HOLDER_TOKEN, event->holder, sizeof event->holder);
    if (sk_is_passage(passage->ev)) {
        sk_body_put_u16(body, SK_TAG_FACTORS_CLAIMED, event->factors);
        if (passage->reader != NULL)
            sk_body_put_u16(body, SK_TAG_FACTORS_REQUIRED, passage->ours.factors_required);
        sk_body_put_u8(body, SK_TAG_EXTERNAL, event->external);
        sk_body_put_u8(body, SK_TAG_EXEMPTED, event->exempted || passage->ours.agreement == SK_AGREE_EXEMPT);
        sk_body_put_u8(body, SK_TAG_CTRL_DECISION, event->decision & 3u);
        sk_body_put_u16(body, SK_TAG_CTRL_REASON, passage->reason);
        sk_body_put_u8(body, SK_TAG_OUR_DECISION, passage->ours.decision);
        if (passage->ours.reason_count > 0)
            sk_body_put_u16s(body, SK_TAG_OUR_REASONS, passage->ours.reasons, passage->ours.reason_count);
        if (sk_roster_version(engine->roster) > 0)
            sk_body_put_u64(body, SK_TAG_ROSTER_VERSION, sk_roster_version(engine->roster));
    }
}

static void put_door(struct sk_body *body, const struct sk_engine *engine, const struct sk_passage *passage)
{
    const char *word = state_word(passage->ev, passage->event->state);
    if (passage->door != NULL) {
        sk_body_put_u16(body, SK_TAG_AREA_FROM, sk_zone_number(engine->site, passage->from));
        sk_body_put_u16(body, SK_TAG_AREA_TO, sk_zone_number(engine->site, passage->to));
    }
    if (passage->reader != NULL) {
        sk_body_put_text(body, SK_TAG_READER, sk_text_or(passage->reader->id));
        sk_body_put_text(body, SK_TAG_DIRECTION, passage->reader->entry ? "entry" : "exit");
    }
    if (word != NULL)
        sk_body_put_text(body, SK_TAG_STATE_WORD, word);
    if (passage->door != NULL)
        sk_body_put_cameras(body, passage->door);
}

void sk_passage_record(const struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    struct sk_draft *draft = sk_effects_record(effects);
    struct sk_body *body = &draft->body;
    put_header(engine, passage, &draft->header);
    put_times(body, passage);
    put_credential(body, engine, passage);
    put_door(body, engine, passage);
    if (passage->possible_duplicate)
        sk_body_put_u8(body, SK_TAG_POSSIBLE_DUP, 1);
    if (passage->event->mono_ms != 0)
        sk_body_put_u64(body, SK_TAG_MONO_CTRL_MS, passage->event->mono_ms);
    if (passage->replayed)
        sk_body_put_u64(body, SK_TAG_SEQ_FROM, passage->event->seq);
    if (passage->detail != NULL)
        sk_body_put_text(body, SK_TAG_DETAIL, passage->detail);
    sk_body_put_text(body, SK_TAG_DEVICE, sk_text_or(engine->site->devices[passage->event->device].id));
    if (passage->door != NULL && sk_text_or(passage->door->place.text)[0] != '\0')
        sk_body_put_text(body, SK_TAG_PLACE, passage->door->place.text);
    sk_body_put_u8(body, SK_TAG_CLOCK_QUALITY, passage->now->clock_quality);
    if (sk_agreement_word(passage->ours.agreement) != NULL)
        sk_body_put_u8(body, SK_TAG_AGREEMENT, passage->ours.agreement);
    if (passage->reader != NULL && sk_is_passage(passage->ev) && sk_reader_is_degraded(engine, passage->reader))
        sk_body_put_u8(body, SK_TAG_DEGRADED, 1);
    if (passage->ours.agreement == SK_AGREE_EXEMPT)
        sk_body_put_text(body, SK_TAG_EXEMPT_BY, passage->ours.exempt_by);
    if (passage->ours.company && passage->kept.input.gaps)
        sk_body_put_u8(body, SK_TAG_GAPS, 1);
}

static void write_field(struct sk_writer *writer, const char *text, size_t capacity)
{
    const size_t length = strnlen(text, capacity);
    sk_write_u16(writer, (uint16_t)length);
    sk_write_bytes(writer, text, length);
}

/* What must be equal for two deliveries to be the same event: all the controller said, nothing of how it reached us. */
enum sk_err sk_event_digest(struct sk_engine *engine, const struct sk_access_event *event, uint64_t *ret_digest)
{
    uint8_t bytes[1024];
    struct sk_writer writer;
    struct sk_hash hash;
    sk_writer_init(&writer, bytes, sizeof bytes);
    sk_write_u16(&writer, event->ev);
    sk_write_u16(&writer, event->reason);
    sk_write_u8(&writer, event->decision);
    sk_write_u8(&writer, event->state);
    sk_write_u32(&writer, (uint32_t)event->door);
    sk_write_u32(&writer, (uint32_t)event->reader);
    sk_write_u16(&writer, event->factors);
    sk_write_u8(&writer,
                (uint8_t)(event->external | event->exempted << 1 | event->has_identifier_hmac << 2 | event->extended << 3));
    sk_write_i64(&writer, event->t_ctrl_us);
    sk_write_u64(&writer, event->mono_ms);
    if (event->has_identifier_hmac)
        sk_write_bytes(&writer, event->identifier_hmac.bytes, SK_HASH_SIZE);
    write_field(&writer, event->credential, sizeof event->credential);
    write_field(&writer, event->holder, sizeof event->holder);
    write_field(&writer, event->topic, sizeof event->topic);
    sk_write_bytes(&writer, event->native, event->native_length < SK_NATIVE_MAX ? event->native_length : SK_NATIVE_MAX);
    const struct sk_slice slice = {bytes, writer.length};
    const enum sk_err err = sk_sha256_run(engine->sha, &slice, 1, &hash);
    if (err != SK_OK)
        return err;
    struct sk_reader reader;
    sk_reader_init(&reader, hash.bytes, sizeof hash.bytes);
    const uint64_t digest = sk_read_u64(&reader);
    *ret_digest = digest != 0 ? digest : 1;
    return SK_OK;
}
