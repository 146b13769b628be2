/* SPDX-License-Identifier: Apache-2.0 */
/* One group of reads: ask each job, cut what the device refuses, decode what it answers, and say of every point what is known.
 *
 * No point of a group that is due goes without a sample: an answer, or the reason why there is none. */
#include <string.h>

#include "drivers/modbus/decode.h"
#include "drivers/modbus/session.h"
#include "schemas/base/bytes.h"

#define PROOF_US INT64_C(3600000000) /* a proved zero holds an hour */
enum { PROOFS_PER_CYCLE = 4 };       /* reads of their own for zeros, so that a cycle stays a cycle */

/* Adds to what is not handed over yet: samples carry their own times. */
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

static const struct sk_profile_point *profile_of(const struct sk_modbus_unit_device *device, const struct sk_modbus_item *item)
{
    return &device->info->profile->points[item->profile_point];
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
        sk_modbus_decode(profile_of(device, item), &device->words[memory->words], NULL, &kept);
    sk_modbus_batch_add(session, &sample, sample.kind == SK_KIND_TEXT ? kept.text : NULL);
}

static void silent_items(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
                         const struct sk_modbus_request *span, uint8_t reason)
{
    for (uint32_t i = span->first_item; i < span->first_item + span->item_count; i++) {
        bool held = device->memories[i].has_value;
        bool damaged = reason == SK_WHY_CRC || reason == SK_WHY_FRAME;
        uint8_t quality = held && !damaged ? SK_Q_COMM_LAST_VALUE : SK_Q_COMM_NO_VALUE;
        add_bad(session, device, i, reason == SK_WHY_NEVER ? SK_Q_WAITING : quality, reason);
    }
}

static void exception_items(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
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
        *ret_scale = sk_modbus_scale_find(point, profile_of(device, &device->plan->items[i]), helper->raw);
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
           profile_of(device, item)->scale_from < 0 &&
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
    const struct sk_profile_point *point = profile_of(device, item);
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
           sk_modbus_all_zero(profile_of(device, item), words);
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
    if (find_scale(device, profile_of(device, &device->plan->items[index]), &scale, &decoded))
        sk_modbus_decode(profile_of(device, &device->plan->items[index]), words, scale, &decoded);
    value.number = decoded.number;
    if (decoded.has_value)
        add_value(session, device, index, words, &value);
    else
        add_bad(session, device, index, decoded.quality, decoded.reason);
}

static void answer_items(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
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

/* Samples of one answer, all in this batch, are a block; the lowest of their points leads it. */
static void mark_block(struct sk_modbus_session *session, const struct sk_modbus_unit_device *device,
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

/* Replaces jobs[at] by its two parts. False when it cannot be cut. */
static bool split(struct sk_modbus_group *group, size_t at)
{
    struct sk_modbus_job *job = &group->jobs[at];
    const struct sk_modbus_item *items = &group->device->plan->items[job->span.first_item];
    size_t cut = job->span.atomic ? 0 : sk_modbus_plan_cut(items, job->span.item_count);
    if (cut == 0 || group->job_count == group->job_capacity)
        return false;
    memmove(job + 2, job + 1, (group->job_count - at - 1) * sizeof(*job));
    group->job_count++;
    group->merged = false;
    job[1] = job[0];
    job[1].span.first_item += (uint32_t)cut;
    job[1].span.item_count -= (uint32_t)cut;
    job[0].span.item_count = (uint32_t)cut;
    for (size_t part = 0; part < 2; part++) {
        struct sk_modbus_request *span = &job[part].span;
        uint32_t end = 0;
        const struct sk_modbus_item *first = &group->device->plan->items[span->first_item];
        for (uint32_t i = 0; i < span->item_count; i++)
            if ((uint32_t)first[i].address + first[i].count > end)
                end = (uint32_t)first[i].address + first[i].count;
        span->address = first->address;
        span->count = (uint16_t)(end - first->address);
    }
    return true;
}

static bool is_gateway_exception(uint8_t exception)
{
    return exception == 0x0A || exception == 0x0B;
}

/* Was it a sign of life of the unit? A late reply is one: slow, not dead. */
static bool is_life(const struct sk_wire_reply *reply)
{
    return reply->outcome == SK_WIRE_ANSWER || reply->late_reply ||
           (reply->outcome == SK_WIRE_EXCEPTION && !is_gateway_exception(reply->exception));
}

static void note_health(struct sk_modbus_session *session, struct sk_modbus_unit_device *device)
{
    struct sk_health *health = &session->health[device->info->unit];
    bool was_live = health->state == SK_HEALTH_LIVE;
    device->timeouts += session->reply.outcome == SK_WIRE_TIMEOUT;
    if (is_life(&session->reply))
        sk_health_answered(health);
    else if (session->talk.up || health->state == SK_HEALTH_PROBING) /* a link that is down says nothing of its units */
        sk_health_missed(health, session->reply.after_us);
    if (was_live != (health->state == SK_HEALTH_LIVE))
        session->report_us = 0;
}

static uint8_t reason_of(enum sk_wire_outcome outcome)
{
    switch (outcome) {
    case SK_WIRE_TIMEOUT:
        return SK_WHY_TIMEOUT;
    case SK_WIRE_CRC:
        return SK_WHY_CRC;
    case SK_WIRE_FOREIGN:
        return SK_WHY_FRAME;
    default:
        return SK_WHY_LINK_DOWN;
    }
}

/* All of it was read before and is refused for the first times: the device may just be starting. */
static bool may_pass(const struct sk_modbus_unit_device *device, const struct sk_modbus_request *span)
{
    bool all = true;
    for (uint32_t i = span->first_item; i < span->first_item + span->item_count; i++)
        all = all && sk_refusal_may_pass(&device->memories[i].refusal);
    return all;
}

static void note_refusal(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, struct sk_modbus_job *job)
{
    job->refused = true;
    job->recheck_us = INT64_MAX;
    for (uint32_t i = job->span.first_item; i < job->span.first_item + job->span.item_count; i++) {
        struct sk_refusal *refusal = &device->memories[i].refusal;
        sk_refusal_refused(refusal, session->reply.after_us, device->answer_us);
        job->recheck_us = refusal->recheck_us < job->recheck_us ? refusal->recheck_us : job->recheck_us;
    }
}

/* What the reply means for the job's points. False: the job was cut and its first part must be asked. */
static bool digest(struct sk_modbus_session *session, struct sk_modbus_group *group, size_t at)
{
    struct sk_modbus_job *job = &group->jobs[at];
    const struct sk_wire_reply *reply = &session->reply;
    bool refused = reply->outcome == SK_WIRE_EXCEPTION && reply->exception == 2;
    if (refused && !may_pass(group->device, &job->span) && split(group, at))
        return false;
    group->mend = group->mend || (job->refused && reply->outcome == SK_WIRE_ANSWER);
    job->refused = false;
    if (refused)
        note_refusal(session, group->device, job);
    else if (reply->outcome == SK_WIRE_ANSWER)
        group->device->answer_us = reply->after_us;
    sk_modbus_batch_begin(session, reply->before_us, reply->after_us);
    if (reply->outcome == SK_WIRE_ANSWER)
        answer_items(session, group->device, &job->span);
    if (reply->outcome == SK_WIRE_ANSWER)
        mark_block(session, group->device, &job->span);
    else if (reply->outcome == SK_WIRE_EXCEPTION)
        exception_items(session, group->device, &job->span, reply->exception);
    else
        silent_items(session, group->device, &job->span, reason_of(reply->outcome));
    return true;
}

/* Asks; what is known by now does not wait for the answer. */
static void ask(struct sk_modbus_session *session, const struct sk_modbus_unit_device *device,
                const struct sk_modbus_request *span, uint8_t retries)
{
    sk_modbus_batch_flush(session);
    sk_modbus_talk_ask(&session->talk, device->info, span, retries, &session->reply);
}

/* A zero in doubt gets a read of its own. */
static void prove(struct sk_modbus_session *session, struct sk_modbus_group *group, uint32_t index)
{
    struct sk_modbus_unit_device *device = group->device;
    struct sk_modbus_memory *memory = &device->memories[index];
    const struct sk_modbus_item *item = &device->plan->items[index];
    struct sk_modbus_request own = {.function = (enum sk_modbus_function)profile_of(device, item)->function,
                                    .address = item->address,
                                    .count = item->count,
                                    .first_item = index,
                                    .item_count = 1};
    ask(session, device, &own, UINT8_MAX);
    note_health(session, device);
    bool undefined = session->reply.outcome == SK_WIRE_EXCEPTION && session->reply.exception == 2;
    if (session->reply.outcome != SK_WIRE_ANSWER && !undefined)
        return;
    memory->proof = undefined ? SK_ZERO_UNDEFINED : SK_ZERO_PROVED;
    memory->proof_us = session->reply.after_us + PROOF_US;
    if (undefined) {
        sk_refusal_refused(&memory->refusal, session->reply.after_us, device->answer_us);
        memory->proof_us = memory->refusal.recheck_us;
    }
    sk_modbus_batch_begin(session, session->reply.before_us, session->reply.after_us);
    if (undefined)
        exception_items(session, device, &own, 2);
    else
        answer_items(session, device, &own);
}

static bool wants_proof(const struct sk_modbus_memory *memory, int64_t now_us)
{
    bool asked_again = memory->proof == SK_ZERO_UNDEFINED && memory->reason == SK_WHY_EXC_ADDRESS && now_us >= memory->proof_us;
    return memory->reason == SK_WHY_ZERO_UNPROVED || asked_again;
}

static void prove_zeros(struct sk_modbus_session *session, struct sk_modbus_group *group)
{
    int left = PROOFS_PER_CYCLE;
    for (size_t j = 0; j < group->job_count; j++) {
        const struct sk_modbus_request *span = &group->jobs[j].span;
        for (uint32_t i = span->first_item; i < span->first_item + span->item_count && left > 0; i++) {
            if (!wants_proof(&group->device->memories[i], session->reply.after_us))
                continue;
            prove(session, group, i);
            left--;
            if (!is_life(&session->reply))
                return;
        }
    }
}

static bool goes_on(const struct sk_modbus_session *session, const struct sk_modbus_group *group)
{
    return session->talk.up && session->health[group->device->info->unit].state == SK_HEALTH_LIVE &&
           session->reply.outcome != SK_WIRE_CLOSED && session->reply.outcome != SK_WIRE_STOPPED;
}

static void silent_jobs(struct sk_modbus_session *session, struct sk_modbus_group *group, size_t from, uint8_t reason)
{
    int64_t now_us = session->host->now(session->host->context).mono_us;
    sk_modbus_batch_begin(session, now_us, now_us);
    for (size_t j = from; j < group->job_count; j++)
        silent_items(session, group->device, &group->jobs[j].span, reason);
}

void sk_modbus_group_silent(struct sk_modbus_session *session, struct sk_modbus_group *group, uint8_t reason)
{
    silent_jobs(session, group, 0, reason);
}

/* Points of a register that the device refuses: said again each cycle, asked again as refusal.h says. */
static bool skip_refused(struct sk_modbus_session *session, struct sk_modbus_group *group, const struct sk_modbus_job *job)
{
    int64_t now_us = session->host->now(session->host->context).mono_us;
    if (!job->refused || now_us >= job->recheck_us)
        return false;
    sk_modbus_batch_begin(session, now_us, now_us);
    exception_items(session, group->device, &job->span, 2);
    return true;
}

/* The jobs are the plan's requests again; what is still refused will be cut out anew. */
static void merge(struct sk_modbus_group *group)
{
    const struct sk_modbus_plan *plan = group->device->plan;
    group->job_count = 0;
    group->merged = true;
    group->mend = false;
    for (size_t i = 0; i < plan->request_count; i++)
        if (plan->requests[i].period_ms * SK_US_PER_MS == group->period_us)
            group->jobs[group->job_count++] = (struct sk_modbus_job){.span = plan->requests[i]};
}

void sk_modbus_group_poll(struct sk_modbus_session *session, struct sk_modbus_group *group)
{
    session->reply.outcome = SK_WIRE_ANSWER;
    for (size_t j = 0; j < group->job_count; j++) {
        if (skip_refused(session, group, &group->jobs[j]))
            continue;
        ask(session, group->device, &group->jobs[j].span, UINT8_MAX);
        if (session->reply.outcome == SK_WIRE_STOPPED)
            return;
        note_health(session, group->device);
        if (!digest(session, group, j)) {
            j--; /* ask the first part of the cut job */
            continue;
        }
        if (!goes_on(session, group)) {
            silent_jobs(session, group, j + 1, reason_of(session->reply.outcome));
            return;
        }
    }
    prove_zeros(session, group);
    if (group->mend)
        merge(group);
}

void sk_modbus_group_probe(struct sk_modbus_session *session, struct sk_modbus_group *group)
{
    sk_health_probe_begin(&session->health[group->device->info->unit]);
    ask(session, group->device, &group->jobs[0].span, 0);
    if (session->reply.outcome == SK_WIRE_STOPPED)
        return;
    note_health(session, group->device);
    if (session->health[group->device->info->unit].state == SK_HEALTH_LIVE && session->reply.outcome == SK_WIRE_ANSWER)
        digest(session, group, 0);
}

void sk_modbus_group_reset(struct sk_modbus_group *group)
{
    merge(group);
    for (size_t j = 0; j < group->job_count; j++) {
        const struct sk_modbus_request *span = &group->jobs[j].span;
        for (uint32_t i = span->first_item; i < span->first_item + span->item_count; i++) {
            group->device->memories[i].proof = SK_ZERO_UNKNOWN;
            sk_refusal_forget(&group->device->memories[i].refusal);
        }
    }
}
