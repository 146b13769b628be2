/* SPDX-License-Identifier: Apache-2.0 */
/* From an answer, or its absence, to samples: one for each item of the span that was asked, into the batch that is being
 * gathered. What was known before stays beside (memory): a refresh, a scale, a zero that was proved. */
#include <string.h>

#include "drivers/modbus/decode.h"
#include "drivers/modbus/session.h"

void sk_modbus_batch_begin(struct sk_modbus_session *session, int64_t before_us, int64_t after_us)
{
    session->before_us = before_us;
    session->after_us = after_us;
    session->now = session->host->now(session->host->context);
}

void sk_modbus_batch_flush(struct sk_modbus_session *session)
{
    if (session->sample_count == 0)
        return;
    struct sk_batch batch = {.link = session->link,
                             .before_us = session->before_us,
                             .after_us = session->after_us,
                             .samples = session->samples,
                             .count = session->sample_count,
                             .text = session->text,
                             .text_length = session->text_length,
                             .has_block = session->block.told > 0,
                             .block = session->block};
    session->host->samples(session->host->context, &batch);
    session->sample_count = session->text_length = 0;
    session->block = (struct sk_block_read){0};
}

void sk_modbus_batch_add(struct sk_modbus_session *session, const struct sk_sample *sample, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text) + 1;
    if (session->sample_count == session->sample_capacity || session->text_length + length > session->text_capacity)
        sk_modbus_batch_flush(session);
    struct sk_sample *to = &session->samples[session->sample_count++];
    *to = *sample;
    int64_t rtt_us = session->after_us - session->before_us;
    to->recv_us = session->now.utc_us;
    to->mono_us = session->now.mono_us;
    to->source_us = session->now.utc_us - rtt_us / 2;
    if (session->talk.link->simulated)
        to->flags |= SK_SAMPLE_SIMULATED;
    if (length > 0) {
        to->text = (uint32_t)session->text_length;
        memcpy(session->text + session->text_length, text, length);
        session->text_length += length;
    }
}

static uint8_t kind_of(const struct sk_modbus_session *session, const struct sk_modbus_item *item)
{
    return (uint8_t)session->site->points[item->point].kind->kind;
}

/* An item without a value from this read: the number from before, a quality that says why. */
static void add_bad(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, uint32_t index, uint8_t quality,
                    uint8_t reason)
{
    struct sk_modbus_memory *memory = &device->memories[index];
    const struct sk_modbus_item *item = &device->plan->items[index];
    if (!memory->has_value && quality == SK_Q_UNCERTAIN) /* nothing usable was ever seen: index 0 must not look like a state */
        quality = SK_Q_BAD;
    memory->quality = quality;
    memory->reason = reason;
    memory->plain = false;
    if (item->point == SK_MODBUS_HELPER)
        return;
    struct sk_sample sample = {
        .point = item->point, .kind = kind_of(session, item), .quality = quality, .reason = reason, .number = memory->number};
    struct sk_modbus_value kept = {.text = ""};
    if (sample.kind == SK_KIND_TEXT && memory->has_value)
        sk_modbus_decode(sk_modbus_profile_of(device, item), &device->words[memory->words], NULL, &kept);
    sk_modbus_batch_add(session, &sample, sample.kind == SK_KIND_TEXT ? kept.text : NULL);
}

void sk_modbus_span_silent(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
                           const struct sk_modbus_request *span, uint8_t reason)
{
    for (uint32_t i = span->first_item; i < span->first_item + span->item_count; i++) {
        bool held = device->memories[i].has_value;
        bool damaged = reason == SK_WHY_CRC || reason == SK_WHY_FRAME;
        uint8_t quality = held && !damaged ? SK_Q_COMM_LAST_VALUE : SK_Q_COMM_NO_VALUE;
        add_bad(session, device, i, reason == SK_WHY_NEVER ? SK_Q_WAITING : quality, reason);
    }
}

void sk_modbus_span_refused(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
                            const struct sk_modbus_request *span, uint8_t exception)
{
    for (uint32_t i = span->first_item; i < span->first_item + span->item_count; i++) {
        uint8_t quality, reason;
        sk_modbus_exception_quality(exception, device->memories[i].has_value, &quality, &reason);
        add_bad(session, device, i, quality, reason);
    }
}

/* Which scale applies, from the helper's last read. False: not known, and then the value is not known either. */
static bool find_scale(struct sk_modbus_unit_device *device, const struct sk_profile_point *point,
                       const struct sk_map_entry **ret_scale, struct sk_modbus_value *ret_why)
{
    *ret_scale = NULL;
    if (point->scale_from < 0)
        return true;
    *ret_why = (struct sk_modbus_value){.quality = SK_Q_WAITING, .reason = SK_WHY_NEVER};
    for (size_t i = 0; i < device->plan->item_count; i++) {
        if (device->plan->items[i].profile_point != (uint32_t)point->scale_from)
            continue;
        const struct sk_modbus_memory *helper = &device->memories[i];
        if (helper->good_us == 0)
            return false;
        *ret_scale = sk_modbus_scale_find(point, sk_modbus_profile_of(device, &device->plan->items[i]), helper->raw);
        *ret_why = (struct sk_modbus_value){.quality = SK_Q_CONFIG_ERROR, .reason = SK_WHY_ENUM};
        return *ret_scale != NULL;
    }
    return false;
}

static uint32_t uncertainty_us(const struct sk_modbus_session *session, const struct sk_modbus_memory *memory, bool changed)
{
    int64_t half_us = (session->after_us - session->before_us) / 2;
    int64_t us = changed && memory->good_us != 0 ? session->after_us - memory->good_us : half_us;
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void add_value(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, uint32_t index,
                      const uint16_t *words, const struct sk_modbus_value *value)
{
    struct sk_modbus_memory *memory = &device->memories[index];
    const struct sk_modbus_item *item = &device->plan->items[index];
    size_t bytes = item->count * sizeof(*words);
    bool same_words = memory->good_us != 0 && memcmp(&device->words[memory->words], words, bytes) == 0;
    bool same = same_words && memory->quality == value->quality && memory->reason == value->reason &&
                !(memory->number < value->number) && !(memory->number > value->number);
    struct sk_sample sample = {.point = item->point,
                               .quality = value->quality,
                               .reason = value->reason,
                               .flags = same ? SK_SAMPLE_REFRESH : 0,
                               .number = value->number,
                               .uncertainty_us = uncertainty_us(session, memory, !same_words)};
    memcpy(&device->words[memory->words], words, bytes);
    memory->good_us = session->after_us;
    memory->has_value = true;
    memory->number = value->number;
    memory->quality = value->quality;
    memory->reason = value->reason;
    memory->plain = value->reason != SK_WHY_ZERO_UNPROVED;
    if (item->point == SK_MODBUS_HELPER)
        return;
    sample.kind = kind_of(session, item);
    sk_modbus_batch_add(session, &sample, sample.kind == SK_KIND_TEXT ? value->text : NULL);
}

/* The same words as at the last good read mean the same value, unless another register chooses the scale. */
static bool is_same(const struct sk_modbus_session *session, const struct sk_modbus_unit_device *device, uint32_t index,
                    const uint16_t *words)
{
    const struct sk_modbus_memory *memory = &device->memories[index];
    const struct sk_modbus_item *item = &device->plan->items[index];
    return memory->plain && item->point != SK_MODBUS_HELPER && kind_of(session, item) != SK_KIND_TEXT &&
           sk_modbus_profile_of(device, item)->scale_from < 0 &&
           memcmp(&device->words[memory->words], words, item->count * sizeof(*words)) == 0;
}

static void add_same(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, uint32_t index)
{
    struct sk_modbus_memory *memory = &device->memories[index];
    const struct sk_modbus_item *item = &device->plan->items[index];
    memory->good_us = session->after_us;
    const struct sk_sample sample = {.point = item->point,
                                     .kind = kind_of(session, item),
                                     .quality = memory->quality,
                                     .reason = memory->reason,
                                     .flags = SK_SAMPLE_REFRESH,
                                     .number = memory->number,
                                     .uncertainty_us = uncertainty_us(session, memory, false)};
    sk_modbus_batch_add(session, &sample, NULL);
}

/* Words of an item whose quality says that they are no value are remembered all the same, for the refresh mark and helpers. */
static void decode_item(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, uint32_t index,
                        const uint16_t *words)
{
    const struct sk_modbus_item *item = &device->plan->items[index];
    const struct sk_profile_point *point = sk_modbus_profile_of(device, item);
    struct sk_modbus_memory *memory = &device->memories[index];
    const struct sk_map_entry *scale;
    struct sk_modbus_value value;
    if (is_same(session, device, index, words)) {
        add_same(session, device, index);
        return;
    }
    memory->raw = sk_modbus_raw(point, words);
    if (find_scale(device, point, &scale, &value))
        sk_modbus_decode(point, words, scale, &value);
    if (value.has_value) {
        add_value(session, device, index, words, &value);
        return;
    }
    if (item->point == SK_MODBUS_HELPER)
        memory->good_us = session->after_us;
    add_bad(session, device, index, value.quality, value.reason);
}

/* A zero out of a larger block, in a range where undefined registers read as zero, that no read of its own has proved. */
static bool zero_in_doubt(const struct sk_modbus_session *session, const struct sk_modbus_unit_device *device, uint32_t index,
                          const struct sk_modbus_request *span, const uint16_t *words)
{
    const struct sk_modbus_item *item = &device->plan->items[index];
    const struct sk_modbus_memory *memory = &device->memories[index];
    bool proved = memory->proof == SK_ZERO_PROVED && session->after_us < memory->proof_us;
    return item->confirm_zero && !span->atomic && span->count > item->count && !proved &&
           sk_modbus_all_zero(sk_modbus_profile_of(device, item), words);
}

static void doubt_item(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, uint32_t index,
                       const uint16_t *words)
{
    const struct sk_modbus_memory *memory = &device->memories[index];
    if (memory->proof == SK_ZERO_UNDEFINED) {
        add_bad(session, device, index, SK_Q_CONFIG_ERROR, SK_WHY_EXC_ADDRESS);
        return;
    }
    struct sk_modbus_value value = {.quality = SK_Q_UNCERTAIN, .reason = SK_WHY_ZERO_UNPROVED};
    const struct sk_map_entry *scale;
    struct sk_modbus_value decoded;
    if (find_scale(device, sk_modbus_profile_of(device, &device->plan->items[index]), &scale, &decoded))
        sk_modbus_decode(sk_modbus_profile_of(device, &device->plan->items[index]), words, scale, &decoded);
    value.number = decoded.number;
    if (decoded.has_value)
        add_value(session, device, index, words, &value);
    else
        add_bad(session, device, index, decoded.quality, decoded.reason);
}

void sk_modbus_span_answered(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
                             const struct sk_modbus_request *span)
{
    for (uint32_t i = span->first_item; i < span->first_item + span->item_count; i++) {
        const uint16_t *words = &session->reply.words[device->plan->items[i].address - span->address];
        if (zero_in_doubt(session, device, i, span, words)) {
            doubt_item(session, device, i, words);
            continue;
        }
        sk_refusal_answered(&device->memories[i].refusal);
        if (device->memories[i].proof == SK_ZERO_UNDEFINED)
            device->memories[i].proof = SK_ZERO_UNKNOWN;
        decode_item(session, device, i, words);
    }
}

void sk_modbus_span_block(struct sk_modbus_session *session, const struct sk_modbus_unit_device *device,
                          const struct sk_modbus_request *span)
{
    uint32_t leader = UINT32_MAX, points = 0;
    for (uint32_t i = span->first_item; i < span->first_item + span->item_count; i++) {
        const uint32_t point = device->plan->items[i].point;
        points += point != SK_MODBUS_HELPER;
        leader = point < leader ? point : leader;
    }
    if (points > 0 && points == session->sample_count)
        session->block = (struct sk_block_read){.block = leader, .told = points};
}
