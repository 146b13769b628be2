/* SPDX-License-Identifier: Apache-2.0 */
/* The loop. Shape: turn() is the only thing that ever repeats; sk_collector_run() opens (opening.c), turns, and ends in one of
 * two ways: a stop that is recorded, or, when the log under its hands is damaged, itself anew. */
#include "collector/collector.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/internal.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

enum { MESSAGES_PER_COMMIT = 1000, STORE_TEND_PERIOD_S = 1, CATCH_UP_TURNS = 20 };
static const int64_t LATE_US = 100 * SK_US_PER_MS, STALLED_US = 2 * SK_US_PER_S;

static int milliseconds_until(int64_t deadline_us, int64_t now_us)
{
    if (deadline_us == SK_NEVER)
        return -1;
    if (deadline_us <= now_us)
        return 0;
    int64_t ms = (deadline_us - now_us + SK_US_PER_MS - 1) / SK_US_PER_MS;
    return ms > 60000 ? 60000 : (int)ms;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A turn that comes late finds in the sockets what came in the meantime: that is taken first, and only then may anything fall
 * due, or a stop of ours would look like the silence of others. Bounded, for under constant overload it never ends. */
static void notice_lateness(struct sk_collector *c)
{
    const int64_t late_us = c->due_us == 0 ? 0 : c->now.mono_us - c->due_us;
    if (late_us < LATE_US)
        return;
    if (c->catch_up == 0)
        c->catch_up = CATCH_UP_TURNS;
    sk_loop_turn(c->loop, 0); /* what woke us may have been a signal or the clock: which sockets are ready is not known yet */
    if (late_us < STALLED_US)
        return;
    sk_log(SK_LOG_ERROR, "did not run for %lld ms", (long long)(late_us / SK_US_PER_MS));
    if (sk_engine_stalled(c->engine, late_us, &c->now, sk_collector_effects(c)) != SK_OK)
        sk_log(SK_LOG_ERROR, "out of memory: the interruption could not be recorded");
}

/* True while there may be more. */
static bool take_inputs(struct sk_collector *c, bool held)
{
    sk_engine_hold(c->engine, c->catch_up > 0);
    const size_t taken = sk_pollers_take(c->pollers, MESSAGES_PER_COMMIT, held);
    c->taken += taken;
    const bool more = taken >= MESSAGES_PER_COMMIT;
    if (c->catch_up > 0)
        c->catch_up = more ? c->catch_up - 1 : 0;
    sk_engine_hold(c->engine, c->catch_up > 0);
    return more;
}

/* One turn: everything that has arrived, one commit, then whatever may be shown. Returns when to wake at the latest. */
static int64_t turn(struct sk_collector *c)
{
    const struct sk_now before = c->now;
    c->now = sk_clock_read();
    sk_collector_notice_clock_step(c, &before);
    notice_lateness(c);
    if (c->child_ended)
        sk_pollers_reap(c->pollers, c->now.mono_us);
    c->child_ended = false;
    sk_pollers_tend(c->pollers, c->now.mono_us);
    sk_pollers_judge(c->pollers, c->now.mono_us, sk_engine_deadline(c->engine) <= c->now.mono_us);
    bool held = !sk_recorder_writable(c->recorder);
    const size_t taken_before = c->taken;
    const bool more = take_inputs(c, held);
    const bool idle = c->taken == taken_before;
    sk_collector_tend_own_points(c);
    sk_collector_tend_calendar(c);
    if (c->catch_up == 0 && sk_engine_deadline(c->engine) <= c->now.mono_us)
        sk_engine_tick(c->engine, &c->now, sk_collector_effects(c));
    const uint64_t lost = sk_recorder_given_up(c->recorder);
    enum sk_err err = sk_recorder_commit(c->recorder, &c->now);
    if (err == SK_OK) {
        sk_pollers_committed(c->pollers);
        sk_engine_committed(c->engine);
    }
    sk_control_answer(c->control, err == SK_OK && sk_recorder_given_up(c->recorder) != lost ? SK_ANSWERS_LOST : err);
    sk_control_tend(c->control, c->now.mono_us);
    int64_t next = sk_feed_tend(c->feed, &c->now, sk_recorder_writable(c->recorder));
    sk_muster_file_tend(&c->muster_file, &c->floor, &c->now);
    const bool told = sk_collector_tell_log_state(c);
    if (idle && c->now.mono_us >= c->store_tend_us) {
        c->store_tend_us = c->now.mono_us + STORE_TEND_PERIOD_S * SK_US_PER_S;
        sk_store_tend(sk_recorder_store(c->recorder));
        sk_recorder_look_again(c->recorder);
    }
    const bool busy = told || more || (held && err == SK_OK);
    next = sooner(next, sk_archive_tend(c->archive, &c->now, busy)); /* after everything that counts */
    if (busy)
        return 0; /* more is waiting */
    next = sooner(next, sk_engine_deadline(c->engine));
    next = sooner(next, sk_recorder_deadline(c->recorder));
    next = sooner(next, c->own.due_us);
    return sooner(next, sk_pollers_deadline(c->pollers));
}

static void record_stop(struct sk_collector *c)
{
    struct sk_draft draft;
    c->now = sk_clock_read();
    sk_draft_init(&draft, SK_EV_SYS_STOP, &c->now);
    sk_recorder_add(c->recorder, &draft);
    if (!sk_recorder_writable(c->recorder)) /* the last chance does not wait for its turn */
        c->now.mono_us = sk_recorder_deadline(c->recorder);
    enum sk_err err = sk_recorder_commit(c->recorder, &c->now);
    sk_control_answer(c->control, err);
    if (err != SK_OK)
        sk_log(SK_LOG_ERROR, "the end of this run could not be recorded");
}

/* The log under our hands is damaged: nothing more may be written into it, not even by closing it. This process becomes a new
 * run, which sets it aside and goes on. What was not committed was shown to nobody as recorded; brokers send it again. */
static void run_anew(struct sk_collector *c, const char *binary, const char *damage)
{
    char uid[16];
    const char *argv[14] = {binary,         "--site", c->options->site, "--state", c->options->state, "--dashboard-uid", uid,
                            "--log-damage", damage};
    size_t count = 9;
    sk_text_format(uid, sizeof uid, "%u", (unsigned)c->options->dashboard_uid);
    if (c->options->profiles != NULL) {
        argv[count++] = "--profiles";
        argv[count++] = c->options->profiles;
    }
    if (c->options->debug)
        argv[count++] = "--debug";
    sk_log(SK_LOG_ERROR, "%s; starting again with a new log", damage);
    sk_pollers_free(c->pollers);
    c->pollers = NULL;
    execv(binary, (char *const *)(uintptr_t)argv);
    sk_log(SK_LOG_ERROR, "cannot start again: %s", strerror(errno));
}

int sk_collector_run(const struct sk_options *options, struct sk_site *site, const char *binary)
{
    struct sk_collector *c = sk_calloc(1, sizeof *c);
    struct sk_fault fault = {0};
    if (c == NULL)
        return 1;
    *c = (struct sk_collector){.options = options,
                               .site = site,
                               .signal_fd = -1,
                               .told = {.unwritable = true, .is_unsigned = true}}; /* alarms left by an earlier life return */
    umask(027);
    enum sk_err err = sk_collector_open(c, binary, &fault);
    if (err != SK_OK) {
        sk_log(SK_LOG_ERROR, "cannot start: %s", fault.text);
        if (c->found.unfit_roster && options->log_damage == NULL)
            run_anew(c, binary, "log.db: a roster change does not follow from the ones before");
        sk_collector_close(c);
        sk_free(c);
        return 1;
    }
    sk_log(SK_LOG_NOTICE, "site '%s': %zu devices, %zu points, %zu doors, %zu pollers; log of %llu records", site->id,
           site->device_count, site->point_count, site->door_count, sk_pollers_count(c->pollers),
           (unsigned long long)sk_store_size(sk_recorder_store(c->recorder)));
    while (!c->stopping && sk_recorder_damage(c->recorder) == NULL) {
        int64_t wake = turn(c);
        c->due_us = wake > c->now.mono_us ? wake : c->now.mono_us;
        err = sk_loop_turn(c->loop, milliseconds_until(wake, sk_clock_mono_us()));
        if (err != SK_OK) {
            sk_log(SK_LOG_ERROR, "the loop failed: %s", strerror(errno));
            break;
        }
    }
    if (!c->stopping && sk_recorder_damage(c->recorder) != NULL) {
        run_anew(c, binary, sk_recorder_damage(c->recorder));
        err = SK_ERR_CORRUPT;
    } else {
        record_stop(c);
    }
    sk_log(SK_LOG_NOTICE, "stopped");
    sk_collector_close(c);
    sk_free(c);
    return err == SK_OK ? 0 : 1;
}
