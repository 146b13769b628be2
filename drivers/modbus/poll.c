/* SPDX-License-Identifier: Apache-2.0 */
/* One group of reads: ask each job, cut what the device refuses, and say of every point what is known (samples.c).
 *
 * No point of a group that is due goes without a sample: an answer, or the reason why there is none. */
#include <string.h>

#include "drivers/modbus/session.h"

#define PROOF_US INT64_C(3600000000) /* a proved zero holds an hour */
enum { PROOFS_PER_CYCLE = 4 };       /* reads of their own for zeros, so that a cycle stays a cycle */

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
        sk_modbus_span_answered(session, group->device, &job->span);
    if (reply->outcome == SK_WIRE_ANSWER)
        sk_modbus_span_block(session, group->device, &job->span);
    else if (reply->outcome == SK_WIRE_EXCEPTION)
        sk_modbus_span_refused(session, group->device, &job->span, reply->exception);
    else
        sk_modbus_span_silent(session, group->device, &job->span, reason_of(reply->outcome));
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
    struct sk_modbus_request own = {.function = (enum sk_modbus_function)sk_modbus_profile_of(device, item)->function,
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
        sk_modbus_span_refused(session, device, &own, 2);
    else
        sk_modbus_span_answered(session, device, &own);
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
        sk_modbus_span_silent(session, group->device, &group->jobs[j].span, reason);
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
    sk_modbus_span_refused(session, group->device, &job->span, 2);
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
