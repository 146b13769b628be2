/* SPDX-License-Identifier: Apache-2.0 */
/* Packets between poller and collector: one encoder and one decoder per type, in a table, so that neither can be forgotten.
 *
 * The layout of a body is its writer below, field by field, big-endian. The reader takes nothing on trust: indices, words of
 * the vocabularies, finite numbers, terminated texts, and nothing left over. */
#include "drivers/handover.h"

#include <math.h>
#include <string.h>

#include "schemas/base/bytes.h"

enum { SAMPLE_FLAGS = SK_SAMPLE_SIMULATED | SK_SAMPLE_RETAINED | SK_SAMPLE_REFRESH | SK_SAMPLE_HAS_SOURCE };

/* A message being read; every check that fails marks the reader bad. */
struct reading {
    struct sk_reader in;
    const struct sk_site *site;
    struct sk_sample *samples;
};

static void require(struct reading *r, bool holds)
{
    if (!holds)
        r->in.bad = true;
}

static bool read_bool(struct reading *r)
{
    uint8_t value = sk_read_u8(&r->in);
    require(r, value <= 1);
    return value == 1;
}

/* An index below count, or -1 where that is allowed. */
static int32_t read_index(struct reading *r, int32_t lowest, size_t count)
{
    int32_t value = (int32_t)sk_read_u32(&r->in);
    require(r, value >= lowest && (value < 0 || (size_t)value < count));
    return r->in.bad ? lowest : value;
}

/* --- HELLO --- */
static void put_hello(struct sk_writer *out, const struct sk_handover *m)
{
    sk_write_u32(out, m->poller);
    sk_write_bytes(out, m->site_digest, sizeof(m->site_digest));
}

static void get_hello(struct reading *r, struct sk_handover *m)
{
    m->poller = sk_read_u32(&r->in);
    sk_read_copy(&r->in, m->site_digest, sizeof(m->site_digest));
}

/* --- BATCH --- */
static void put_sample(struct sk_writer *out, const struct sk_sample *sample)
{
    sk_write_u32(out, sample->point);
    sk_write_u8(out, sample->kind);
    sk_write_u8(out, sample->quality);
    sk_write_u8(out, sample->reason);
    sk_write_u8(out, sample->flags);
    sk_write_f64(out, sample->number);
    sk_write_i64(out, sample->source_us);
    sk_write_i64(out, sample->recv_us);
    sk_write_i64(out, sample->mono_us);
    sk_write_u32(out, sample->uncertainty_us);
    sk_write_u32(out, sample->text);
}

static void put_block(struct sk_writer *out, const struct sk_batch *batch)
{
    const struct sk_block_read *block = &batch->block;
    sk_write_u8(out, batch->has_block);
    if (!batch->has_block)
        return;
    sk_write_u32(out, block->block);
    sk_write_u32(out, block->told);
    sk_write_u32(out, block->unchanged);
    sk_write_u8(out, block->anew);
    sk_write_i64(out, block->source_us);
    sk_write_i64(out, block->recv_us);
    sk_write_i64(out, block->mono_us);
    sk_write_u32(out, block->uncertainty_us);
}

static void put_batch(struct sk_writer *out, const struct sk_handover *m)
{
    const struct sk_batch *batch = &m->batch;
    if (batch->count > SK_BATCH_MAX || batch->text_length > SK_BATCH_TEXT_MAX) {
        out->bad = true;
        return;
    }
    sk_write_u32(out, batch->link);
    sk_write_i64(out, batch->before_us);
    sk_write_i64(out, batch->after_us);
    put_block(out, batch);
    sk_write_u16(out, (uint16_t)batch->count);
    for (size_t i = 0; i < batch->count; i++)
        put_sample(out, &batch->samples[i]);
    sk_write_u16(out, (uint16_t)batch->text_length);
    if (batch->text_length > 0)
        sk_write_bytes(out, batch->text, batch->text_length);
}

static bool number_fits(const struct sk_point_kind *kind, double number)
{
    if (!isfinite(number))
        return false;
    if (kind->kind == SK_KIND_STATE)
        return number >= 0 && number < (double)kind->state_count && floor(number) == number;
    if (kind->kind == SK_KIND_FLAGS)
        return number >= 0 && kind->state_count <= 53 && number < ldexp(1.0, (int)kind->state_count) && floor(number) == number;
    return true;
}

static void get_sample(struct reading *r, struct sk_sample *sample)
{
    sample->point = (uint32_t)read_index(r, 0, r->site->point_count);
    sample->kind = sk_read_u8(&r->in);
    sample->quality = sk_read_u8(&r->in);
    sample->reason = sk_read_u8(&r->in);
    sample->flags = sk_read_u8(&r->in);
    sample->number = sk_read_f64(&r->in);
    sample->source_us = sk_read_i64(&r->in);
    sample->recv_us = sk_read_i64(&r->in);
    sample->mono_us = sk_read_i64(&r->in);
    sample->uncertainty_us = sk_read_u32(&r->in);
    sample->text = sk_read_u32(&r->in);
    if (r->in.bad)
        return;
    const struct sk_point_kind *kind = r->site->points[sample->point].kind;
    require(r, kind != NULL && sample->kind == (uint8_t)kind->kind && number_fits(kind, sample->number));
    require(r, sk_quality_name(sample->quality) != NULL && sk_quality_reason_name(sample->reason) != NULL);
    require(r, (sample->flags & ~SAMPLE_FLAGS) == 0);
}

static bool text_fits(const struct sk_sample *sample, const char *area, size_t length)
{
    if (sample->kind != SK_KIND_TEXT)
        return true;
    if (sample->text >= length)
        return false;
    size_t left = length - sample->text;
    const char *text = area + sample->text;
    size_t used = strnlen(text, left < SK_TEXT_VALUE ? left : SK_TEXT_VALUE);
    return used < left && used < SK_TEXT_VALUE && sk_text_is_clean(text, used, false);
}

static void get_block(struct reading *r, struct sk_batch *batch)
{
    struct sk_block_read *block = &batch->block;
    batch->has_block = read_bool(r);
    if (!batch->has_block)
        return;
    block->block = (uint32_t)read_index(r, 0, r->site->point_count);
    block->told = sk_read_u32(&r->in);
    block->unchanged = sk_read_u32(&r->in);
    block->anew = read_bool(r);
    block->source_us = sk_read_i64(&r->in);
    block->recv_us = sk_read_i64(&r->in);
    block->mono_us = sk_read_i64(&r->in);
    block->uncertainty_us = sk_read_u32(&r->in);
    require(r, block->unchanged <= r->site->point_count);
}

static void get_batch(struct reading *r, struct sk_handover *m)
{
    struct sk_batch *batch = &m->batch;
    batch->link = (uint32_t)read_index(r, 0, r->site->link_count);
    batch->before_us = sk_read_i64(&r->in);
    batch->after_us = sk_read_i64(&r->in);
    get_block(r, batch);
    batch->count = sk_read_u16(&r->in);
    require(r, batch->count <= SK_BATCH_MAX);
    require(r, !batch->has_block || batch->block.told <= batch->count);
    for (size_t i = 0; i < batch->count && !r->in.bad; i++)
        get_sample(r, &r->samples[i]);
    batch->samples = r->samples;
    batch->text_length = sk_read_u16(&r->in);
    require(r, batch->text_length <= SK_BATCH_TEXT_MAX);
    batch->text = batch->text_length == 0 || r->in.bad ? NULL : (const char *)sk_read_bytes(&r->in, batch->text_length);
    for (size_t i = 0; i < batch->count && !r->in.bad; i++)
        require(r, text_fits(&r->samples[i], batch->text, batch->text_length));
}

/* --- EVENT --- */
static void put_event(struct sk_writer *out, const struct sk_handover *m)
{
    const struct sk_access_event *event = &m->event;
    const bool flags[] = {event->has_identity, event->duplicate_flag,      event->simulated, event->external,
                          event->exempted,     event->has_identifier_hmac, event->extended};
    if (event->identifier_length > SK_IDENTIFIER_MAX || event->native_length > SK_NATIVE_MAX) {
        out->bad = true;
        return;
    }
    sk_write_u32(out, event->device);
    sk_write_u32(out, (uint32_t)event->door);
    sk_write_u32(out, (uint32_t)event->reader);
    sk_write_u16(out, event->ev);
    sk_write_u16(out, event->reason);
    sk_write_u8(out, event->decision);
    sk_write_u8(out, event->state);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        sk_write_u8(out, flags[i]);
    sk_write_u16(out, event->factors);
    sk_write_u32(out, event->epoch);
    sk_write_u64(out, event->seq);
    sk_write_i64(out, event->t_ctrl_us);
    sk_write_u64(out, event->mono_ms);
    sk_write_i64(out, event->recv_us);
    sk_write_i64(out, event->mono_us);
    sk_write_u8(out, event->identifier_length);
    sk_write_bytes(out, event->identifier, event->identifier_length);
    sk_write_bytes(out, event->identifier_hmac.bytes, SK_HASH_SIZE);
    sk_write_text(out, event->credential);
    sk_write_text(out, event->holder);
    sk_write_text(out, event->topic);
    sk_write_u16(out, event->native_length);
    sk_write_bytes(out, event->native, event->native_length);
}

/* What only we ourselves say, an alarm or an inference, no poller may hand up. */
static bool is_controllers(uint16_t ev)
{
    const char *topic = sk_event_topic(ev);
    return ev == SK_EV_NATIVE || (topic != NULL && topic[0] != '\0');
}

static void get_event_place(struct reading *r, struct sk_access_event *event)
{
    event->device = (uint32_t)read_index(r, 0, r->site->device_count);
    event->door = read_index(r, -1, r->site->door_count);
    size_t readers = event->door >= 0 && !r->in.bad ? r->site->doors[event->door].reader_count : 0;
    event->reader = read_index(r, -1, readers);
}

static void get_event(struct reading *r, struct sk_handover *m)
{
    struct sk_access_event *event = &m->event;
    bool *const flags[] = {&event->has_identity, &event->duplicate_flag,      &event->simulated, &event->external,
                           &event->exempted,     &event->has_identifier_hmac, &event->extended};
    get_event_place(r, event);
    event->ev = sk_read_u16(&r->in);
    event->reason = sk_read_u16(&r->in);
    event->decision = sk_read_u8(&r->in);
    event->state = sk_read_u8(&r->in);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        *flags[i] = read_bool(r);
    event->factors = sk_read_u16(&r->in);
    event->epoch = sk_read_u32(&r->in);
    event->seq = sk_read_u64(&r->in);
    event->t_ctrl_us = sk_read_i64(&r->in);
    event->mono_ms = sk_read_u64(&r->in);
    event->recv_us = sk_read_i64(&r->in);
    event->mono_us = sk_read_i64(&r->in);
    event->identifier_length = sk_read_u8(&r->in);
    require(r, event->identifier_length <= SK_IDENTIFIER_MAX);
    if (!r->in.bad)
        sk_read_copy(&r->in, event->identifier, event->identifier_length);
    sk_read_copy(&r->in, event->identifier_hmac.bytes, SK_HASH_SIZE);
    sk_read_text(&r->in, event->credential, sizeof(event->credential));
    sk_read_text(&r->in, event->holder, sizeof(event->holder));
    sk_read_text(&r->in, event->topic, sizeof(event->topic));
    event->native_length = sk_read_u16(&r->in);
    require(r, event->native_length <= SK_NATIVE_MAX);
    if (!r->in.bad)
        sk_read_copy(&r->in, event->native, event->native_length);
    require(r, is_controllers(event->ev) && sk_deny_reason_name(event->reason) != NULL);
    require(r, event->decision <= SK_DECISION_UNKNOWN);
}

/* --- MALFORMED: bytes beyond SK_NATIVE_MAX stay behind --- */
static void put_malformed(struct sk_writer *out, const struct sk_handover *m)
{
    const struct sk_malformed *what = &m->malformed;
    char text[sizeof(m->where)];
    size_t kept = what->length < SK_NATIVE_MAX ? what->length : SK_NATIVE_MAX;
    sk_write_u32(out, (uint32_t)what->device);
    sk_write_u32(out, what->link);
    sk_text_copy(text, sizeof(text), what->where != NULL ? what->where : "");
    sk_write_text(out, text);
    sk_text_copy(text, sizeof(text), what->expected != NULL ? what->expected : "");
    sk_write_text(out, text);
    sk_write_u16(out, (uint16_t)kept);
    sk_write_bytes(out, what->bytes, kept);
}

static void get_malformed(struct reading *r, struct sk_handover *m)
{
    struct sk_malformed *what = &m->malformed;
    what->device = read_index(r, -1, r->site->device_count);
    what->link = (uint32_t)read_index(r, 0, r->site->link_count);
    sk_read_text(&r->in, m->where, sizeof(m->where));
    sk_read_text(&r->in, m->expected, sizeof(m->expected));
    what->length = sk_read_u16(&r->in);
    require(r, what->length <= SK_NATIVE_MAX);
    what->bytes = r->in.bad ? NULL : sk_read_bytes(&r->in, what->length);
    what->where = m->where;
    what->expected = m->expected;
}

/* --- ENDED, COMMITTED, and those without a body --- */
static void put_ended(struct sk_writer *out, const struct sk_handover *m)
{
    sk_write_u32(out, m->link);
    sk_write_text(out, m->text);
}

static void get_ended(struct reading *r, struct sk_handover *m)
{
    m->link = (uint32_t)read_index(r, 0, r->site->link_count);
    sk_read_text(&r->in, m->text, sizeof(m->text));
}

static void put_given_up(struct sk_writer *out, const struct sk_handover *m)
{
    sk_write_u64(out, m->given_up);
}

static void get_given_up(struct reading *r, struct sk_handover *m)
{
    m->given_up = sk_read_u64(&r->in);
}

static void put_committed(struct sk_writer *out, const struct sk_handover *m)
{
    sk_write_u64(out, m->committed);
}

static void get_committed(struct reading *r, struct sk_handover *m)
{
    m->committed = sk_read_u64(&r->in);
}

static void put_nothing(struct sk_writer *out, const struct sk_handover *m)
{
    (void)out;
    (void)m;
}

static void get_nothing(struct reading *r, struct sk_handover *m)
{
    (void)r;
    (void)m;
}

/* --- LIST --- */
static void put_list(struct sk_writer *out, const struct sk_handover *m)
{
    sk_write_u32(out, (uint32_t)m->list_length);
    sk_write_bytes(out, m->list, m->list_length);
}

static void get_list(struct reading *r, struct sk_handover *m)
{
    m->list_length = sk_read_u32(&r->in);
    m->list = sk_read_bytes(&r->in, m->list_length);
}

static const struct type {
    uint8_t type;
    void (*put)(struct sk_writer *out, const struct sk_handover *m);
    void (*get)(struct reading *r, struct sk_handover *m);
} types[] = {
    {SK_UP_HELLO, put_hello, get_hello},          {SK_UP_BATCH, put_batch, get_batch},
    {SK_UP_EVENT, put_event, get_event},          {SK_UP_MALFORMED, put_malformed, get_malformed},
    {SK_UP_ENDED, put_ended, get_ended},          {SK_UP_LIST, put_list, get_list},
    {SK_UP_GIVEN_UP, put_given_up, get_given_up}, {SK_DOWN_COMMITTED, put_committed, get_committed},
    {SK_DOWN_PAUSE, put_nothing, get_nothing},    {SK_DOWN_RESUME, put_nothing, get_nothing},
    {SK_DOWN_STOP, put_nothing, get_nothing},
};

static const struct type *find_type(uint8_t type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].type == type)
            return &types[i];
    return NULL;
}

enum sk_err sk_handover_encode(const struct sk_handover *message, void *buffer, size_t capacity, size_t *ret_length)
{
    const struct type *type = find_type(message->type);
    struct sk_writer out;
    if (type == NULL)
        return SK_ERR_INVALID;
    sk_writer_init(&out, buffer, capacity < SK_HANDOVER_MAX ? capacity : SK_HANDOVER_MAX);
    sk_write_u8(&out, message->type);
    sk_write_u64(&out, message->number);
    type->put(&out, message);
    if (out.bad)
        return SK_ERR_TOO_LONG;
    *ret_length = out.length;
    return SK_OK;
}

enum sk_err sk_handover_decode(const struct sk_site *site, const void *packet, size_t length, struct sk_sample *samples,
                               struct sk_handover *ret_message)
{
    struct reading r = {.site = site, .samples = samples};
    sk_reader_init(&r.in, packet, length);
    memset(ret_message, 0, sizeof(*ret_message));
    ret_message->type = sk_read_u8(&r.in);
    ret_message->number = sk_read_u64(&r.in);
    const struct type *type = find_type(ret_message->type);
    if (type == NULL || ret_message->number == 0)
        return SK_ERR_PROTOCOL;
    type->get(&r, ret_message);
    return sk_reader_done(&r.in) ? SK_OK : SK_ERR_PROTOCOL;
}

/* --- packets --- */
enum { LENGTH_SIZE = 4 };

enum sk_err sk_packet_add(struct sk_packet *packet, const struct sk_handover *message)
{
    size_t length = 0;
    struct sk_writer head;
    const size_t body = packet->length + LENGTH_SIZE;
    if (body > SK_HANDOVER_MAX)
        return SK_ERR_TOO_LONG;
    const enum sk_err err = sk_handover_encode(message, packet->bytes + body, SK_HANDOVER_MAX - body, &length);
    if (err != SK_OK)
        return err;
    sk_writer_init(&head, packet->bytes + packet->length, LENGTH_SIZE);
    sk_write_u32(&head, (uint32_t)length);
    packet->length = body + length;
    return SK_OK;
}

bool sk_packet_next(const void *packet, size_t length, size_t *at, const uint8_t **ret_bytes, size_t *ret_length)
{
    struct sk_reader reader;
    sk_reader_init(&reader, (const uint8_t *)packet + *at, length - *at);
    const uint32_t size = sk_read_u32(&reader);
    *ret_bytes = sk_read_bytes(&reader, size);
    if (reader.bad || size == 0)
        return false;
    *ret_length = size;
    *at = length - reader.left;
    return true;
}
