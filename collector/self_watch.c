/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor says about itself: the points of the device "monitor", years without holidays, a log that cannot be written
 * or signed, a clock that was stepped. Shape: turn() calls each once; each knows by itself whether it has anything to say. */
#include <sys/timex.h>

#include "collector/internal.h"
#include "schemas/base/log.h"

enum { OWN_POINTS_PERIOD_S = 5 };

void sk_collector_raise(struct sk_collector *c, const char *name, bool active, enum sk_severity severity, const char *detail)
{
    if (sk_engine_system(c->engine, name, active, severity, detail, &c->now, sk_collector_effects(c)) != SK_OK)
        sk_log(SK_LOG_ERROR, "the alarm '%s' (%s) could not be made", name, detail);
}

static struct sk_sample own_sample(const struct sk_collector *c, int32_t point, enum sk_value_kind kind, double value)
{
    return (struct sk_sample){.point = (uint32_t)point,
                              .kind = (uint8_t)kind,
                              .quality = SK_Q_GOOD,
                              .number = value,
                              .source_us = c->now.utc_us,
                              .recv_us = c->now.utc_us,
                              .mono_us = c->now.mono_us};
}

void sk_collector_find_own_points(struct sk_collector *c)
{
    c->own.synced = sk_site_point(c->site, "monitor/time.synced");
    c->own.offset = sk_site_point(c->site, "monitor/time.offset_s");
    c->own.queue = sk_site_point(c->site, "monitor/queue.depth");
    c->own.dropped = sk_site_point(c->site, "monitor/queue.dropped");
}

void sk_collector_tend_own_points(struct sk_collector *c)
{
    struct sk_sample samples[4];
    size_t count = 0;
    struct timex state = {0};
    if (c->now.mono_us < c->own.due_us)
        return;
    c->own.due_us = c->now.mono_us + OWN_POINTS_PERIOD_S * SK_US_PER_S;
    int status = adjtimex(&state);
    double offset_s = (double)state.offset / ((state.status & STA_NANO) != 0 ? 1e9 : 1e6);
    if (c->own.synced >= 0)
        samples[count++] = own_sample(c, c->own.synced, SK_KIND_STATE, status >= 0 && status != TIME_ERROR);
    if (c->own.offset >= 0)
        samples[count++] = own_sample(c, c->own.offset, SK_KIND_NUMBER, offset_s);
    if (c->own.queue >= 0)
        samples[count++] = own_sample(c, c->own.queue, SK_KIND_NUMBER, (double)c->taken);
    c->taken = 0;
    if (c->own.dropped >= 0)
        samples[count++] = own_sample(c, c->own.dropped, SK_KIND_NUMBER, (double)(c->dropped + sk_archive_lost(c->archive)));
    if (count == 0)
        return;
    sk_engine_samples(c->engine, samples, count, NULL, 0, &c->now, sk_collector_effects(c));
    sk_archive_put(c->archive, samples, count);
}

/* A schedule that tells holidays from working days needs each year's list before the year begins. */
void sk_collector_tend_calendar(struct sk_collector *c)
{
    static const int64_t ahead_us = INT64_C(60) * 86400 * SK_US_PER_S, period_us = 3600 * SK_US_PER_S;
    const struct sk_roster *roster = sk_engine_roster(c->engine);
    if (c->now.mono_us < c->own.calendar_us || sk_roster_version(roster) == 0)
        return;
    c->own.calendar_us = c->now.mono_us + period_us;
    const int now = sk_local_at(c->zone, c->now.utc_us).year, soon = sk_local_at(c->zone, c->now.utc_us + ahead_us).year;
    for (int year = now; year <= soon; year++) {
        char name[32], detail[96];
        const struct sk_roster_view view = {roster, sk_roster_version(roster), c->now.utc_us};
        sk_text_format(name, sizeof name, "calendar:%d", year);
        sk_text_format(detail, sizeof detail, "no holidays are known for %d, and a schedule needs them", year);
        sk_collector_raise(c, name, sk_roster_lacks_year(&view, year), SK_SEV_MEDIUM, detail);
    }
}

/* A log that cannot be written rings highest, and so does every record that was given up: that alarm returns at once and stays
 * until a person has seen it. True when something was raised. */
bool sk_collector_tell_log_state(struct sk_collector *c)
{
    const bool unwritable = !sk_recorder_writable(c->recorder);
    const uint64_t given_up = sk_recorder_given_up(c->recorder);
    char detail[96];
    bool changed = unwritable != c->told.unwritable || (!unwritable && given_up != c->told.given_up);
    if (unwritable != c->told.unwritable)
        sk_collector_raise(c, "log", unwritable, SK_SEV_CRITICAL, unwritable ? "the log cannot be written" : "");
    c->told.unwritable = unwritable;
    if (sk_recorder_signing(c->recorder) == c->told.is_unsigned) {
        c->told.is_unsigned = !c->told.is_unsigned;
        sk_collector_raise(c, "log.unsigned", c->told.is_unsigned, SK_SEV_CRITICAL,
                           c->told.is_unsigned ? "checkpoints cannot be signed: new records are not anchored" : "");
        changed = true;
    }
    if (!unwritable && given_up != c->told.given_up) {
        sk_text_format(detail, sizeof detail, "%llu records were given up", (unsigned long long)(given_up - c->told.given_up));
        sk_collector_raise(c, "log.given_up", true, SK_SEV_CRITICAL, detail);
        sk_collector_raise(c, "log.given_up", false, SK_SEV_CRITICAL, "");
        c->told.given_up = given_up;
    }
    return changed;
}

/* A step of the clock is ours, not the controllers': it is a record and an alarm (over at once, open until acknowledged), so
 * that times before and after can be told apart. */
void sk_collector_notice_clock_step(struct sk_collector *c, const struct sk_now *before)
{
    char detail[64], when[SK_TIME_TEXT];
    struct sk_draft draft;
    const int64_t step_us = before->mono_us != 0 ? sk_clock_step(before, &c->now) : 0;
    if (step_us == 0)
        return;
    sk_time_format(when, before->utc_us);
    sk_text_format(detail, sizeof detail, "%+.3f s at %s", (double)step_us / (double)SK_US_PER_S, when);
    sk_log(SK_LOG_WARNING, "the clock was stepped: %s", detail);
    sk_draft_init(&draft, SK_EV_SYS_CLOCK, &c->now);
    sk_body_put_i64(&draft.body, SK_TAG_INTERVAL_FROM_US, before->utc_us);
    sk_body_put_i64(&draft.body, SK_TAG_INTERVAL_TO_US, c->now.utc_us);
    sk_body_put_u8(&draft.body, SK_TAG_CLOCK_QUALITY, c->now.clock_quality);
    sk_body_put_i64(&draft.body, SK_TAG_CLOCK_OFFSET_US, step_us);
    if (sk_recorder_add(c->recorder, &draft) != SK_OK)
        sk_log(SK_LOG_ERROR, "the step of the clock could not be recorded");
    sk_collector_raise(c, "clock", true, SK_SEV_HIGH, detail);
    sk_collector_raise(c, "clock", false, SK_SEV_HIGH, detail);
}
