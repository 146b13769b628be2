/* SPDX-License-Identifier: Apache-2.0 */
/* The schedule of one link: a round reads every steady unit that is due, then those in doubt, then, in the slack before the
 * next round, probes at most one dead unit. Deadlines are absolute (due += period), so that nothing drifts; a cycle that was
 * missed is counted, not made up for. All units of a link share one phase, which keeps the slack of a cycle in one piece; links
 * differ in phase. */
#include <string.h>

#include "drivers/modbus/phase.h"
#include "drivers/modbus/session.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

#define REPORT_SHIFT_US INT64_C(500000) /* by so much a report moves to go with a round, in one batch and one wake-up */
#define PROBE_MARGIN_US INT64_C(50000)  /* connecting and sending, on top of the time-outs of a probe */
enum { DEVICE_FIGURES = 4 };            /* what a report says of each device */

static enum sk_err size_device(struct sk_modbus_unit_device *device)
{
    size_t words = 0, items = device->plan->item_count;
    device->memories = sk_calloc(items + 1, sizeof(*device->memories));
    if (device->memories == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < items; i++) {
        device->memories[i].words = (uint32_t)words;
        words += device->plan->items[i].count;
    }
    device->words = sk_calloc(words + 1, sizeof(*device->words));
    return device->words == NULL ? SK_ERR_NOMEM : SK_OK;
}

static bool is_ours(const struct sk_modbus_session *session, const struct sk_device *info)
{
    return info->link == (int32_t)session->link && info->profile != NULL;
}

static enum sk_err add_devices(struct sk_modbus_session *session, struct sk_fault *fault)
{
    size_t count = 0; /* a session pays for its own devices: there may be as many sessions as devices */
    for (uint32_t i = 0; i < session->site->device_count; i++)
        count += is_ours(session, &session->site->devices[i]);
    session->devices = sk_calloc(count + 1, sizeof(*session->devices));
    enum sk_err err = session->devices == NULL ? SK_ERR_NOMEM : SK_OK;
    for (uint32_t i = 0; i < session->site->device_count && err == SK_OK; i++) {
        const struct sk_device *info = &session->site->devices[i];
        if (!is_ours(session, info))
            continue;
        struct sk_modbus_unit_device *device = &session->devices[session->device_count++];
        device->device = i;
        device->info = info;
        err = sk_modbus_plan_make(session->site, i, &device->plan, fault);
        if (err == SK_OK)
            err = size_device(device);
    }
    return err;
}

/* The first request with a period not seen before in this plan begins a group. */
static bool is_first_of_period(const struct sk_modbus_plan *plan, size_t request)
{
    for (size_t i = 0; i < request; i++)
        if (plan->requests[i].period_ms == plan->requests[request].period_ms)
            return false;
    return true;
}

static enum sk_err add_group(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, uint32_t period_ms)
{
    struct sk_modbus_group *group = &session->groups[session->group_count++];
    *group = (struct sk_modbus_group){.device = device, .period_us = period_ms * SK_US_PER_MS, .fastest = true};
    for (size_t i = 0; i < device->plan->request_count; i++) {
        group->fastest = group->fastest && device->plan->requests[i].period_ms >= period_ms;
        if (device->plan->requests[i].period_ms == period_ms)
            group->job_capacity += device->plan->requests[i].item_count;
    }
    group->jobs = sk_calloc(group->job_capacity, sizeof(*group->jobs));
    if (group->jobs == NULL)
        return SK_ERR_NOMEM;
    sk_modbus_group_reset(group);
    return SK_OK;
}

static enum sk_err add_groups(struct sk_modbus_session *session)
{
    size_t most = 1;
    for (size_t i = 0; i < session->device_count; i++)
        most += session->devices[i].plan->request_count;
    session->groups = sk_calloc(most, sizeof(*session->groups));
    if (session->groups == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < session->device_count; i++) {
        const struct sk_modbus_plan *plan = session->devices[i].plan;
        for (size_t k = 0; k < plan->request_count; k++) {
            if (!is_first_of_period(plan, k))
                continue;
            enum sk_err err = add_group(session, &session->devices[i], plan->requests[k].period_ms);
            if (err != SK_OK)
                return err;
        }
    }
    return SK_OK;
}

static size_t texts_of(const struct sk_modbus_session *session, const struct sk_modbus_plan *plan)
{
    size_t texts = 0;
    for (size_t i = 0; i < plan->item_count; i++) {
        const uint32_t point = plan->items[i].point;
        texts += point != SK_MODBUS_HELPER && session->site->points[point].kind->kind == SK_KIND_TEXT;
    }
    return texts;
}

/* There may be as many sessions as devices: none holds room for more than its own points can say at once. */
static enum sk_err size_batch(struct sk_modbus_session *session)
{
    size_t samples = SK_LINK_POINT_COUNT, text = 0, units = 1;
    for (size_t i = 0; i < session->device_count; i++) {
        const struct sk_modbus_unit_device *device = &session->devices[i];
        samples += device->plan->item_count + DEVICE_FIGURES;
        text += texts_of(session, device->plan) * SK_TEXT_VALUE;
        units = device->info->unit >= units ? (size_t)device->info->unit + 1 : units;
    }
    session->sample_capacity = samples < SK_BATCH_MAX ? samples : SK_BATCH_MAX;
    session->text_capacity = text < SK_BATCH_TEXT_MAX ? text : SK_BATCH_TEXT_MAX;
    session->samples = sk_calloc(session->sample_capacity, sizeof(*session->samples));
    session->text = sk_calloc(session->text_capacity, 1);
    session->health = sk_calloc(units, sizeof(*session->health));
    return session->samples == NULL || session->text == NULL || session->health == NULL ? SK_ERR_NOMEM : SK_OK;
}

enum sk_err sk_modbus_session_create(const struct sk_site *site, uint32_t link, const struct sk_driver_host *host,
                                     struct sk_modbus_session **ret_session, struct sk_fault *fault)
{
    struct sk_modbus_session *session = sk_calloc(1, sizeof(*session));
    if (session == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "link '%s': out of memory", site->links[link].id);
    session->site = site;
    session->link = link;
    session->host = host;
    enum sk_err err = sk_modbus_talk_init(&session->talk, site, link, host, fault);
    if (err == SK_OK)
        err = add_devices(session, fault);
    if (err == SK_OK)
        err = add_groups(session);
    if (err == SK_OK)
        err = size_batch(session);
    if (err != SK_OK) {
        sk_modbus_session_free(session);
        return err == SK_ERR_NOMEM ? sk_fault_set(fault, err, "link '%s': out of memory", site->links[link].id) : err;
    }
    sk_modbus_report_init(session);
    *ret_session = session;
    return SK_OK;
}

void sk_modbus_session_free(struct sk_modbus_session *session)
{
    if (session == NULL)
        return;
    for (size_t i = 0; i < session->group_count; i++)
        sk_free(session->groups[i].jobs);
    for (size_t i = 0; i < session->device_count; i++) {
        sk_modbus_plan_free(session->devices[i].plan);
        sk_free(session->devices[i].memories);
        sk_free(session->devices[i].words);
    }
    sk_free(session->groups);
    sk_free(session->devices);
    sk_free(session->samples);
    sk_free(session->text);
    sk_free(session->health);
    sk_modbus_talk_release(&session->talk);
    sk_free(session);
}

static struct sk_health *health_of(struct sk_modbus_session *session, const struct sk_modbus_group *group)
{
    return &session->health[group->device->info->unit];
}

static bool is_live(struct sk_modbus_session *session, const struct sk_modbus_group *group)
{
    return health_of(session, group)->state == SK_HEALTH_LIVE;
}

static int64_t mono_of(const struct sk_modbus_session *session)
{
    return session->host->now(session->host->context).mono_us;
}

/* Moves the deadline on. A deadline that has passed meanwhile is an overrun each. */
static void advance(struct sk_modbus_group *group, int64_t now_us)
{
    group->due_us += group->period_us;
    if (group->due_us > now_us)
        return;
    int64_t missed = (now_us - group->due_us) / group->period_us + 1;
    group->device->overruns += (uint64_t)missed;
    group->due_us += missed * group->period_us;
}

static void note_period(struct sk_modbus_group *group, int64_t now_us)
{
    if (group->fastest && group->started_us != 0)
        group->device->period_ms = (double)(now_us - group->started_us) / 1000.0;
    group->started_us = now_us;
}

static void poll_live(struct sk_modbus_session *session, struct sk_modbus_group *group)
{
    note_period(group, mono_of(session));
    if (sk_modbus_talk_ready(&session->talk)) {
        sk_modbus_group_poll(session, group);
        return;
    }
    sk_modbus_group_silent(session, group, SK_WHY_LINK_DOWN);
}

static void say_dead(struct sk_modbus_session *session, struct sk_modbus_group *group)
{
    group->started_us = 0;
    sk_modbus_group_silent(session, group, session->talk.up ? SK_WHY_BACKED_OFF : SK_WHY_LINK_DOWN);
}

static bool stopping(const struct sk_modbus_session *session)
{
    return session->host->stopping(session->host->context);
}

static int64_t next_steady_us(struct sk_modbus_session *session)
{
    int64_t next_us = SK_NEVER;
    for (size_t i = 0; i < session->group_count; i++)
        if (sk_health_is_steady(health_of(session, &session->groups[i])) && session->groups[i].due_us < next_us)
            next_us = session->groups[i].due_us;
    return next_us;
}

/* The longest that asking a silent unit may take: time-out, then drain or quiet. */
static int64_t silence_cost_us(const struct sk_modbus_session *session, const struct sk_modbus_group *group)
{
    const struct sk_modbus_profile *profile = &group->device->info->profile->modbus;
    uint32_t timeout_ms = sk_modbus_timeout_ms(session->talk.link, profile);
    uint32_t after_ms = session->talk.link->protocol == SK_PROTO_MODBUS_RTU ? profile->late_reply_ms : timeout_ms;
    return (timeout_ms + after_ms + session->talk.after_connect_ms) * SK_US_PER_MS + PROBE_MARGIN_US;
}

static bool has_slack(struct sk_modbus_session *session, const struct sk_modbus_group *group)
{
    return next_steady_us(session) - mono_of(session) >= silence_cost_us(session, group);
}

static void read_steady(struct sk_modbus_session *session, int64_t begin_us)
{
    bool asked = false;
    for (size_t i = 0; i < session->group_count && !stopping(session); i++) {
        struct sk_modbus_group *group = &session->groups[i];
        if (group->due_us > begin_us || !sk_health_is_steady(health_of(session, group)))
            continue;
        poll_live(session, group);
        advance(group, mono_of(session));
        asked = true;
    }
    if (asked)
        session->cycle_ms = (double)(mono_of(session) - begin_us) / 1000.0;
}

/* Units in doubt come after the steady ones; once one of them was silent in this round, the next is asked only in slack and
 * otherwise waits for the next round, where it comes first. */
static void read_doubtful(struct sk_modbus_session *session, int64_t begin_us)
{
    bool missed = false;
    size_t first = session->next_doubtful;
    for (size_t k = 0; k < session->group_count && !stopping(session); k++) {
        size_t i = (first + k) % session->group_count;
        struct sk_modbus_group *group = &session->groups[i];
        const struct sk_health *health = health_of(session, group);
        if (group->due_us > begin_us || health->state != SK_HEALTH_LIVE || sk_health_is_steady(health))
            continue;
        if (missed && !has_slack(session, group)) {
            sk_modbus_group_silent(session, group, health->known ? SK_WHY_TIMEOUT : SK_WHY_NEVER);
            group->due_us += group->period_us;
            continue;
        }
        poll_live(session, group);
        advance(group, mono_of(session));
        session->next_doubtful = (i + 1) % session->group_count;
        missed = missed || health->misses > 0;
    }
}

static void name_dead(struct sk_modbus_session *session, int64_t begin_us)
{
    for (size_t i = 0; i < session->group_count && !stopping(session); i++) {
        struct sk_modbus_group *group = &session->groups[i];
        if (group->due_us > begin_us || is_live(session, group))
            continue;
        say_dead(session, group);
        group->due_us += group->period_us * ((mono_of(session) - group->due_us) / group->period_us + 1);
    }
}

/* Everything that is due: steady units, then doubtful ones, and a word on the dead. */
static void round_of_reads(struct sk_modbus_session *session)
{
    int64_t begin_us = mono_of(session);
    read_steady(session, begin_us);
    read_doubtful(session, begin_us);
    name_dead(session, begin_us);
}

static struct sk_modbus_group *next_probe(struct sk_modbus_session *session, int64_t now_us)
{
    struct sk_modbus_group *chosen = NULL;
    for (size_t i = 0; i < session->group_count; i++) {
        struct sk_modbus_group *group = &session->groups[i];
        if (sk_health_probe_due(health_of(session, group), now_us) &&
            (chosen == NULL || health_of(session, group)->probe_us < health_of(session, chosen)->probe_us))
            chosen = group;
    }
    return chosen;
}

/* A unit that is back is read as configured: what it refused before may exist now. */
static void welcome(struct sk_modbus_session *session, uint8_t unit)
{
    for (size_t i = 0; i < session->group_count; i++)
        if (session->groups[i].device->info->unit == unit)
            sk_modbus_group_reset(&session->groups[i]);
}

static void probe_one(struct sk_modbus_session *session)
{
    int64_t now_us = mono_of(session);
    struct sk_modbus_group *group = next_probe(session, now_us);
    if (group == NULL || stopping(session))
        return;
    if (!has_slack(session, group) && !sk_health_probe_overdue(health_of(session, group), now_us))
        return;
    welcome(session, group->device->info->unit);
    sk_modbus_group_probe(session, group);
}

/* The link was gone: devices behind it may have been changed. Not after renewals of our own. */
static void note_losses(struct sk_modbus_session *session)
{
    if (session->losses_seen == session->talk.losses)
        return;
    session->losses_seen = session->talk.losses;
    for (size_t i = 0; i < session->group_count; i++)
        sk_modbus_group_reset(&session->groups[i]);
}

static int64_t next_round_us(const struct sk_modbus_session *session)
{
    int64_t next_us = SK_NEVER;
    for (size_t i = 0; i < session->group_count; i++)
        if (session->groups[i].due_us < next_us)
            next_us = session->groups[i].due_us;
    return next_us;
}

/* When a report of its own is worth waking for: not when a round comes soon after. */
static int64_t lone_report_us(const struct sk_modbus_session *session)
{
    const int64_t round_us = next_round_us(session);
    return round_us - session->report_us < REPORT_SHIFT_US ? round_us : session->report_us;
}

/* With a round that has just ended, in its batch, when it is time or nearly; else alone. At once when the link went or came. */
static void report_when_due(struct sk_modbus_session *session, bool with_round)
{
    int64_t now_us = mono_of(session);
    const int64_t due_us = with_round ? session->report_us - REPORT_SHIFT_US : lone_report_us(session);
    if (session->link_was_up == session->talk.up && now_us < due_us)
        return;
    session->link_was_up = session->talk.up;
    session->report_us = now_us + SK_MODBUS_REPORT_US;
    sk_modbus_report(session);
}

static int64_t next_wake_us(struct sk_modbus_session *session)
{
    int64_t now_us = mono_of(session), next_us = lone_report_us(session);
    for (size_t i = 0; i < session->group_count; i++) {
        const struct sk_modbus_group *group = &session->groups[i];
        const struct sk_health *health = health_of(session, group);
        if (group->due_us < next_us)
            next_us = group->due_us;
        if (health->state == SK_HEALTH_DEAD && health->probe_us > now_us && health->probe_us < next_us)
            next_us = health->probe_us;
    }
    return next_us;
}

/* Its place among the Modbus links of the site. */
static uint32_t rank_of(const struct sk_modbus_session *session)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < session->link; i++)
        rank += session->site->links[i].protocol != SK_PROTO_MQTT;
    return rank;
}

static void set_phases(struct sk_modbus_session *session)
{
    const int64_t now_us = mono_of(session);
    for (size_t i = 0; i < session->group_count; i++)
        session->groups[i].due_us = sk_modbus_phase_us(rank_of(session), session->groups[i].period_us, now_us);
}

enum sk_err sk_modbus_session_run(struct sk_modbus_session *session, int stop_fd)
{
    session->talk.stop_fd = stop_fd;
    sk_modbus_talk_ready(&session->talk);
    set_phases(session);
    while (!stopping(session)) {
        const bool read = next_round_us(session) <= mono_of(session);
        round_of_reads(session);
        note_losses(session);
        report_when_due(session, read);
        probe_one(session);
        report_when_due(session, false);
        sk_modbus_batch_flush(session);
        sk_modbus_talk_sleep(&session->talk, next_wake_us(session));
    }
    return SK_OK;
}
