/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's life. Shape: open_all() in the order things need each other, turn() as the only thing that repeats,
 * close_all() in reverse. All handlers below are thin: they give the engine its input with `now` beside it, and leave the rest
 * to the commit. */
#include "collector/collector.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "collector/archive.h"
#include "collector/control.h"
#include "collector/engine/rights.h"
#include "collector/exports.h"
#include "collector/muster_file.h"
#include "collector/poller.h"
#include "collector/pollers.h"
#include "collector/recorder.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"
#include "schemas/store/succeed.h"

enum { MESSAGES_PER_COMMIT = 1000, SITE_KEY_SIZE = 32, OWN_POINTS_PERIOD_S = 5, STORE_TEND_PERIOD_S = 1, CATCH_UP_TURNS = 20 };
static const int64_t LATE_US = 100 * SK_US_PER_MS, STALLED_US = 2 * SK_US_PER_S;

struct collector {
    const struct sk_options *options;
    struct sk_site *site;
    struct sk_loop *loop;
    struct sk_recorder *recorder;
    struct sk_archive *archive;
    struct sk_engine *engine;
    struct sk_vault *vault;
    struct sk_feed *feed;
    struct sk_control *control;
    struct sk_exports *exports;
    struct sk_pollers *pollers;
    struct sk_command_floor floor;
    struct sk_zone *zone;
    struct sk_muster_file muster_file;
    int64_t calendar_us; /* when to look for years without holidays */
    struct sk_source *signal_source;
    int signal_fd;
    bool stopping, child_ended;
    uint8_t site_key[SITE_KEY_SIZE];
    struct sk_now now; /* of this turn's inputs */
    int64_t own_points_us, store_tend_us;
    int64_t due_us;                                  /* when the next turn should begin at the latest; 0: not known */
    unsigned catch_up;                               /* turns that may still only take what waited */
    int32_t synced_point, offset_point, queue_point; /* of the device "monitor"; -1 none */
    size_t taken;
    int32_t dropped_point;
    uint64_t dropped;     /* samples that pollers gave up since the start */
    bool told_unwritable; /* the alarm "log" is active */
    bool told_unsigned;
    uint32_t unfit_rows;
    char unfit_row[SK_PENDING_KEY_MAX]; /* the first of them */
    bool unfit_roster;
    char succession[SK_ALARM_TEXT_MAX]; /* this log follows a damaged one, and nobody was told yet */
    uint64_t told_given_up;
    uint32_t unusable_facts; /* stored ones that could not be folded at the start */
};

static struct sk_effects *effects_of(struct collector *c)
{
    return sk_recorder_effects(c->recorder);
}

/* --- what the pollers hand over --- */

/* The members of a block that did not change go into the history as what they are: read again, the same value. */
static void keep_block(struct collector *c, const struct sk_block_read *read)
{
    uint32_t members[SK_BATCH_MAX];
    struct sk_sample samples[SK_BATCH_MAX];
    const size_t count = sk_engine_block_members(c->engine, read->block, members, SK_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        samples[i] = sk_engine_point(c->engine, members[i])->sample;
        samples[i].source_us = read->source_us;
        samples[i].recv_us = read->recv_us;
    }
    sk_archive_put(c->archive, samples, count);
}

static bool on_batch(void *context, const struct sk_batch *batch)
{
    struct collector *c = context;
    enum sk_err err = sk_engine_block(c->engine, batch->has_block ? &batch->block : NULL, batch->samples, batch->count,
                                      batch->text, batch->text_length, &c->now, effects_of(c));
    if (err == SK_ERR_INVALID)
        return false;
    if (err != SK_OK)
        sk_log(SK_LOG_ERROR, "%zu samples of link '%s' were lost: %s", batch->count, c->site->links[batch->link].id,
               sk_err_text(err));
    sk_archive_put(c->archive, batch->samples, batch->count);
    if (err == SK_OK && batch->has_block && batch->block.unchanged > 0)
        keep_block(c, &batch->block);
    return true;
}

static void on_given_up(void *context, uint64_t samples)
{
    struct collector *c = context;
    c->dropped += samples;
    c->own_points_us = 0; /* to be seen at once */
}

/* The raw card number lives until here: everything after sees only its HMAC under the site key. */
static enum sk_err hide_identifier(struct collector *c, struct sk_access_event *event)
{
    enum sk_err err = SK_OK;
    if (event->identifier_length > 0) {
        err = sk_hmac_sha256(c->site_key, sizeof c->site_key, event->identifier, event->identifier_length,
                             &event->identifier_hmac);
        event->has_identifier_hmac = err == SK_OK;
    }
    explicit_bzero(event->identifier, sizeof event->identifier);
    event->identifier_length = 0;
    return err;
}

static void on_event(void *context, struct sk_access_event *event)
{
    struct collector *c = context;
    bool duplicate = false;
    enum sk_err err = hide_identifier(c, event);
    if (err == SK_OK)
        err = sk_engine_event(c->engine, event, &c->now, effects_of(c), &duplicate);
    sk_log(SK_LOG_DEBUG, "%s event 0x%04x of '%s': epoch %u, seq %llu, door %d", duplicate ? "known" : "new", event->ev,
           c->site->devices[event->device].id, event->epoch, (unsigned long long)event->seq, event->door);
    if (err == SK_OK)
        return;
    /* Not recorded, so it must not be acknowledged: ending is the one answer that makes the broker send it again. */
    sk_log(SK_LOG_ERROR, "a door event of '%s' could not be taken: %s; ending so that it is delivered again",
           c->site->devices[event->device].id, sk_err_text(err));
    _exit(1);
}

static void on_malformed(void *context, const struct sk_malformed *what)
{
    struct collector *c = context;
    enum sk_err err = sk_engine_malformed(c->engine, what->device, what->where, what->expected, what->bytes, what->length,
                                          &c->now, effects_of(c));
    if (err != SK_OK) {
        sk_log(SK_LOG_ERROR, "a malformed message could not be recorded: %s; ending so that it is delivered again",
               sk_err_text(err));
        _exit(1);
    }
}

static void raise_system(struct collector *c, const char *name, bool active, enum sk_severity severity, const char *detail)
{
    if (sk_engine_system(c->engine, name, active, severity, detail, &c->now, effects_of(c)) != SK_OK)
        sk_log(SK_LOG_ERROR, "the alarm '%s' (%s) could not be made", name, detail);
}

static void on_link_ended(void *context, uint32_t link, const char *text)
{
    struct collector *c = context;
    char name[128];
    sk_log(SK_LOG_ERROR, "link '%s' ended: %s", c->site->links[link].id, text);
    sk_text_format(name, sizeof name, "link:%s", c->site->links[link].id);
    raise_system(c, name, true, SK_SEV_HIGH, text);
}

static void on_poller_changed(void *context, size_t poller, bool running)
{
    struct collector *c = context;
    struct sk_draft draft;
    char name[32];
    sk_text_format(name, sizeof name, "poller:%zu", poller);
    sk_draft_init(&draft, SK_EV_SYS_POLLER, &c->now);
    sk_body_put_text(&draft.body, SK_TAG_RESULT, running ? "started" : "ended");
    sk_body_put_text(&draft.body, SK_TAG_OBJECT, name);
    sk_recorder_add(c->recorder, &draft);
    raise_system(c, name, !running, SK_SEV_HIGH, running ? "" : "the poller process ended");
}

/* Its links are nobody's while it does not run: their devices' silence would be ours. */
static void set_blind(struct collector *c, size_t poller, bool is_blind)
{
    uint32_t *links = sk_calloc(c->site->link_count, sizeof *links);
    const size_t count = links != NULL ? sk_poller_links(c->site, poller, links) : 0;
    for (size_t i = 0; i < count; i++)
        if (sk_engine_blind(c->engine, links[i], is_blind, &c->now, effects_of(c)) != SK_OK)
            sk_log(SK_LOG_ERROR, "link '%s' could not be marked as %s", c->site->links[links[i]].id,
                   is_blind ? "unwatched" : "watched again");
    if (links == NULL)
        sk_log(SK_LOG_ERROR, "out of memory for the links of poller %zu", poller);
    sk_free(links);
}

static void on_poller_watches(void *context, size_t poller, bool watches)
{
    set_blind(context, poller, !watches);
}

static void on_poller_stalled(void *context, size_t poller, bool stalled)
{
    struct collector *c = context;
    struct sk_draft draft;
    char name[32];
    sk_text_format(name, sizeof name, "poller.stalled:%zu", poller);
    if (stalled)
        sk_log(SK_LOG_ERROR, "poller %zu does not run: stopped or starved; its links are not watched", poller);
    sk_draft_init(&draft, SK_EV_SYS_POLLER, &c->now);
    sk_body_put_text(&draft.body, SK_TAG_RESULT, stalled ? "stalled" : "runs again or ended");
    sk_body_put_text(&draft.body, SK_TAG_OBJECT, name);
    sk_recorder_add(c->recorder, &draft);
    raise_system(c, name, stalled, SK_SEV_HIGH, stalled ? "the poller process does not run; its devices are not watched" : "");
}

/* --- what becomes visible --- */

static void show_record(void *context, const struct sk_record *record)
{
    sk_feed_record(((struct collector *)context)->feed, record);
}

static void show_alarm(void *context, const struct sk_alarm *alarm, bool recorded)
{
    sk_feed_alarm(((struct collector *)context)->feed, alarm, recorded);
}

static void show_point(void *context, uint32_t point)
{
    sk_feed_point(((struct collector *)context)->feed, point);
}

static void raise_archive(void *context, const char *name, bool active, enum sk_severity severity, const char *detail)
{
    raise_system(context, name, active, severity, detail);
}

/* --- the monitor's own points --- */

static struct sk_sample own_sample(const struct collector *c, int32_t point, enum sk_value_kind kind, double value)
{
    return (struct sk_sample){.point = (uint32_t)point,
                              .kind = (uint8_t)kind,
                              .quality = SK_Q_GOOD,
                              .number = value,
                              .source_us = c->now.utc_us,
                              .recv_us = c->now.utc_us,
                              .mono_us = c->now.mono_us};
}

static void tend_own_points(struct collector *c)
{
    struct sk_sample samples[4];
    size_t count = 0;
    struct timex state = {0};
    if (c->now.mono_us < c->own_points_us)
        return;
    c->own_points_us = c->now.mono_us + OWN_POINTS_PERIOD_S * SK_US_PER_S;
    int status = adjtimex(&state);
    double offset_s = (double)state.offset / ((state.status & STA_NANO) != 0 ? 1e9 : 1e6);
    if (c->synced_point >= 0)
        samples[count++] = own_sample(c, c->synced_point, SK_KIND_STATE, status >= 0 && status != TIME_ERROR);
    if (c->offset_point >= 0)
        samples[count++] = own_sample(c, c->offset_point, SK_KIND_NUMBER, offset_s);
    if (c->queue_point >= 0)
        samples[count++] = own_sample(c, c->queue_point, SK_KIND_NUMBER, (double)c->taken);
    c->taken = 0;
    if (c->dropped_point >= 0)
        samples[count++] = own_sample(c, c->dropped_point, SK_KIND_NUMBER, (double)(c->dropped + sk_archive_lost(c->archive)));
    if (count == 0)
        return;
    sk_engine_samples(c->engine, samples, count, NULL, 0, &c->now, effects_of(c));
    sk_archive_put(c->archive, samples, count);
}

/* A schedule that tells holidays from working days needs each year's list before the year begins. */
static void tend_calendar(struct collector *c)
{
    static const int64_t ahead_us = INT64_C(60) * 86400 * SK_US_PER_S, period_us = 3600 * SK_US_PER_S;
    const struct sk_roster *roster = sk_engine_roster(c->engine);
    if (c->now.mono_us < c->calendar_us || sk_roster_version(roster) == 0)
        return;
    c->calendar_us = c->now.mono_us + period_us;
    const int now = sk_local_at(c->zone, c->now.utc_us).year, soon = sk_local_at(c->zone, c->now.utc_us + ahead_us).year;
    for (int year = now; year <= soon; year++) {
        char name[32], detail[96];
        const struct sk_roster_view view = {roster, sk_roster_version(roster), c->now.utc_us};
        sk_text_format(name, sizeof name, "calendar:%d", year);
        sk_text_format(detail, sizeof detail, "no holidays are known for %d, and a schedule needs them", year);
        raise_system(c, name, sk_roster_lacks_year(&view, year), SK_SEV_MEDIUM, detail);
    }
}

/* --- opening --- */

static enum sk_err restore_pending(void *context, const char *key, const void *bytes, size_t length)
{
    struct collector *c = context;
    if (strcmp(key, SK_SUCCESSION_KEY) == 0) {
        memcpy(c->succession, bytes, length < sizeof c->succession ? length : sizeof c->succession - 1);
        return SK_OK;
    }
    enum sk_err err = sk_engine_restore_pending(c->engine, key, bytes, length, &c->now);
    if (err == SK_ERR_NOT_FOUND) {
        sk_log(SK_LOG_NOTICE, "pending row '%s' belongs to nothing in this site file; it is left alone", key);
        return SK_OK;
    }
    if (err == SK_OK || err == SK_ERR_NOMEM)
        return err;
    sk_log(SK_LOG_ERROR, "pending row '%s' cannot be used: %s", key, sk_err_text(err));
    if (c->unfit_rows++ == 0)
        sk_text_copy(c->unfit_row, sizeof c->unfit_row, key);
    return SK_OK; /* one row that is none must not keep everything from being watched; it rings */
}

static bool restore_alarm(void *context, const struct sk_alarm *alarm)
{
    struct collector *c = context;
    if (sk_engine_restore_alarm(c->engine, alarm) == SK_OK)
        return true;
    sk_log(SK_LOG_ERROR, "open alarm %llu (%s) cannot be restored", (unsigned long long)alarm->occurrence, alarm->source);
    return true;
}

static enum sk_err restore_roster(void *context, uint16_t ev, const void *body, size_t length)
{
    struct collector *c = context;
    const enum sk_err err = sk_engine_restore_roster(c->engine, ev, body, length);
    c->unfit_roster = err != SK_OK && err != SK_ERR_NOMEM;
    return err;
}

/* A fact that does not follow from what came before is left out and told: it must not keep the monitor from starting. */
static enum sk_err restore_fact(void *context, int64_t t_us, uint16_t ev, const void *body, size_t length)
{
    struct collector *c = context;
    const enum sk_err err = sk_engine_restore_fact(c->engine, t_us, ev, body, length);
    if (err == SK_OK || err == SK_ERR_NOMEM)
        return err;
    sk_log(SK_LOG_ERROR, "a stored '%s' cannot be used: %s", sk_event_name(ev), sk_err_text(err));
    c->unusable_facts++;
    return SK_OK;
}

/* An act that does not follow from those before it (one whose record was given up) is told and passed over: its entry stays
 * where it was, and the collector starts. */
static enum sk_err restore_register(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    const enum sk_err err = sk_engine_restore_register(((struct collector *)context)->engine, ev, at_us, body, length);
    if (err == SK_OK || err == SK_ERR_NOMEM)
        return err;
    sk_log(SK_LOG_ERROR, "a stored act of a register (%s) does not follow: %s", sk_event_name(ev), sk_err_text(err));
    return SK_OK;
}

static enum sk_err restore_registers(struct collector *c, struct sk_store *store)
{
    const struct sk_register_row *row;
    const int64_t kept_us = SK_REGISTERS_KEEP_DAYS * INT64_C(86400) * SK_US_PER_S;
    enum sk_err err = sk_store_registers_each(store, c->now.utc_us - kept_us, restore_register, c);
    for (size_t i = 0; err == SK_OK && (row = sk_register_at(i)) != NULL; i++) {
        uint32_t last;
        err = sk_store_register_last(store, row->number, &last);
        if (err == SK_OK)
            sk_engine_restore_register_last(c->engine, row->number, last);
    }
    return err;
}

static enum sk_err restore_engine(struct collector *c)
{
    uint64_t last = 0;
    struct sk_store *store = sk_recorder_store(c->recorder);
    enum sk_err err = sk_store_alarm_last(store, &last);
    if (err != SK_OK)
        return err;
    sk_engine_restore_last_occurrence(c->engine, last);
    err = sk_store_roster_each(store, restore_roster, c);
    if (err == SK_OK)
        err = sk_store_facts_each(store, restore_fact, c);
    if (err == SK_OK)
        err = restore_registers(c, store);
    if (err == SK_OK)
        err = sk_store_alarms(store, true, UINT64_MAX, UINT32_MAX, restore_alarm, c);
    if (err == SK_OK)
        err = sk_store_pending_each(store, restore_pending, c);
    return err;
}

static void record_start(struct collector *c, const char *boot_id)
{
    struct sk_draft draft;
    struct sk_hash digest;
    sk_draft_init(&draft, SK_EV_SYS_START, &c->now);
    memcpy(digest.bytes, c->site->digest, sizeof digest.bytes);
    sk_body_put_hash(&draft.body, SK_TAG_DIGEST, &digest);
    sk_body_put_text(&draft.body, SK_TAG_VERSION, SK_VERSION);
    sk_body_put_text(&draft.body, SK_TAG_BOOT_ID, boot_id);
    sk_body_put_u8(&draft.body, SK_TAG_CLOCK_QUALITY, c->now.clock_quality);
    sk_recorder_add(c->recorder, &draft);
}

/* Open until a person has seen it: over at once, because nothing of it can be mended here. */
static void tell_unfit_rows(struct collector *c)
{
    char detail[SK_ALARM_TEXT_MAX];
    if (c->unfit_rows == 0)
        return;
    sk_text_format(detail, sizeof detail, "%u stored rows cannot be used; the first is '%s'", c->unfit_rows, c->unfit_row);
    raise_system(c, "log.rows", true, SK_SEV_HIGH, detail);
    raise_system(c, "log.rows", false, SK_SEV_HIGH, detail);
}

/* Rings highest, and stays until a person has seen it; the row that remembers it goes in the same transaction. */
static void tell_succession(struct collector *c)
{
    if (c->succession[0] == '\0')
        return;
    raise_system(c, "log.damaged", true, SK_SEV_CRITICAL, c->succession);
    raise_system(c, "log.damaged", false, SK_SEV_CRITICAL, c->succession);
    sk_recorder_forget(c->recorder, SK_SUCCESSION_KEY);
}

static enum sk_err open_engine(struct collector *c, struct sk_fault *fault)
{
    char boot_id[40];
    sk_clock_boot_id(boot_id);
    c->now = sk_clock_read();
    enum sk_err err = sk_zone_load(c->site->zone_name, &c->zone, fault);
    if (err != SK_OK)
        return err;
    err = sk_engine_create(c->site, boot_id, &c->engine);
    if (err == SK_OK) {
        sk_engine_set_zone(c->engine, c->zone);
        err = restore_engine(c);
    }
    if (err == SK_OK) {
        record_start(c, boot_id);
        err = sk_engine_start(c->engine, &c->now, effects_of(c));
    }
    if (err == SK_OK) {
        tell_succession(c);
        tell_unfit_rows(c);
    }
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "the engine cannot start from what is stored: %s", sk_err_text(err));
}

static void on_signal(void *context, uint32_t events)
{
    struct collector *c = context;
    struct signalfd_siginfo info;
    (void)events;
    while (read(c->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        *(info.ssi_signo == SIGCHLD ? &c->child_ended : &c->stopping) = true;
}

static enum sk_err open_signals(struct collector *c, struct sk_fault *fault)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of the write, not our end */
    c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    enum sk_err err =
        c->signal_fd >= 0 ? sk_loop_add(c->loop, c->signal_fd, EPOLLIN, on_signal, c, &c->signal_source) : SK_ERR_IO;
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "cannot watch for signals: %s", strerror(errno));
}

static enum sk_err open_exports(struct collector *c, const char *binary, struct sk_fault *fault)
{
    const struct sk_exports_options options = {.binary = binary, .state = c->options->state};
    const enum sk_err err = sk_exports_create(c->loop, c->recorder, &options, &c->exports);
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "out of memory for exports");
}

static enum sk_err open_control(struct collector *c, struct sk_fault *fault)
{
    char path[4096];
    struct sk_control_options options = {.path = path, .dashboard_uid = c->options->dashboard_uid};
    c->floor = (struct sk_command_floor){.site = c->site,
                                         .engine = c->engine,
                                         .recorder = c->recorder,
                                         .vault = c->vault,
                                         .exports = c->exports,
                                         .zone = c->zone,
                                         .site_key = c->site_key,
                                         .console_uid = geteuid()};
    sk_muster_file_init(&c->muster_file, c->options->state);
    sk_commands_sync_site(&c->floor, &c->now, false);
    raise_system(c, "rights", c->unusable_facts > 0, SK_SEV_HIGH,
                 "stored facts about rights cannot be used; see the program's log");
    if (!sk_text_format(path, sizeof path, "%s/control.sock", c->options->state))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "the state directory's name is too long");
    return sk_control_create(c->loop, &options, &c->floor, c->feed, &c->control, fault);
}

static enum sk_err open_pollers(struct collector *c, const char *binary, struct sk_fault *fault)
{
    struct sk_poller_options options = {.binary = binary, .site_file = c->options->site, .profiles = c->options->profiles};
    struct sk_poller_events events = {.context = c,
                                      .batch = on_batch,
                                      .given_up = on_given_up,
                                      .event = on_event,
                                      .malformed = on_malformed,
                                      .link_ended = on_link_ended,
                                      .poller_changed = on_poller_changed,
                                      .poller_watches = on_poller_watches,
                                      .poller_stalled = on_poller_stalled};
    enum sk_err err = sk_pollers_create(c->loop, c->site, &options, &events, &c->pollers);
    for (size_t i = 0; err == SK_OK && i < sk_pollers_count(c->pollers); i++)
        set_blind(c, i, true); /* until it beats */
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "cannot plan the poller processes: %s", sk_err_text(err));
}

static enum sk_err open_secrets(struct collector *c, struct sk_fault *fault)
{
    char path[4096];
    if (!sk_text_format(path, sizeof path, "%s/site.key", c->options->state))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "the state directory's name is too long");
    enum sk_err err = sk_secret_open(path, true, c->site_key, sizeof c->site_key, fault);
    return err == SK_OK ? sk_vault_open(c->options->state, &c->vault, fault) : err;
}

static void find_own_points(struct collector *c)
{
    c->synced_point = sk_site_point(c->site, "monitor/time.synced");
    c->offset_point = sk_site_point(c->site, "monitor/time.offset_s");
    c->queue_point = sk_site_point(c->site, "monitor/queue.depth");
    c->dropped_point = sk_site_point(c->site, "monitor/queue.dropped");
}

static enum sk_err open_all(struct collector *c, const char *binary, struct sk_fault *fault)
{
    struct sk_recorder_sink sink = {.context = c, .record = show_record, .alarm = show_alarm, .point = show_point};
    enum sk_err err = sk_loop_create(&c->loop);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "cannot make the loop: %s", sk_err_text(err));
    err = open_signals(c, fault);
    if (err == SK_OK)
        err = sk_recorder_open(c->options->state, c->options->log_damage, c->site, &sink, &c->recorder, fault);
    if (err == SK_OK)
        err = open_secrets(c, fault);
    if (err == SK_OK)
        sk_recorder_keep_words(c->recorder, c->vault);
    if (err == SK_OK)
        err = open_engine(c, fault);
    if (err == SK_OK && sk_feed_create(c->site, c->engine, sk_recorder_store(c->recorder), &c->feed) != SK_OK)
        err = sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for the feed");
    if (err == SK_OK)
        err = open_exports(c, binary, fault);
    if (err == SK_OK)
        err = open_control(c, fault);
    if (err == SK_OK)
        err = open_pollers(c, binary, fault);
    find_own_points(c);
    const struct sk_archive_sink archive = {.context = c, .alarm = raise_archive};
    if (err == SK_OK && sk_archive_create(c->options->state, c->site, &archive, &c->archive) != SK_OK)
        err = sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for the history");
    return err;
}

static void close_all(struct collector *c)
{
    sk_pollers_free(c->pollers);
    sk_archive_free(c->archive);
    sk_control_free(c->control);
    sk_exports_free(c->exports);
    sk_feed_free(c->feed);
    sk_engine_free(c->engine);
    sk_vault_close(c->vault);
    sk_recorder_close(c->recorder);
    if (c->loop != NULL)
        sk_loop_remove(c->loop, c->signal_source);
    if (c->signal_fd >= 0)
        close(c->signal_fd);
    sk_loop_free(c->loop);
    sk_zone_free(c->zone);
    explicit_bzero(c->site_key, sizeof c->site_key);
}

/* --- the loop --- */

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

/* A log that cannot be written rings highest, and so does every record that was given up: that alarm returns at once and stays
 * until a person has seen it. True when something was raised. */
static bool tell_log_state(struct collector *c)
{
    const bool unwritable = !sk_recorder_writable(c->recorder);
    const uint64_t given_up = sk_recorder_given_up(c->recorder);
    char detail[96];
    bool changed = unwritable != c->told_unwritable || (!unwritable && given_up != c->told_given_up);
    if (unwritable != c->told_unwritable)
        raise_system(c, "log", unwritable, SK_SEV_CRITICAL, unwritable ? "the log cannot be written" : "");
    c->told_unwritable = unwritable;
    if (sk_recorder_signing(c->recorder) == c->told_unsigned) {
        c->told_unsigned = !c->told_unsigned;
        raise_system(c, "log.unsigned", c->told_unsigned, SK_SEV_CRITICAL,
                     c->told_unsigned ? "checkpoints cannot be signed: new records are not anchored" : "");
        changed = true;
    }
    if (!unwritable && given_up != c->told_given_up) {
        sk_text_format(detail, sizeof detail, "%llu records were given up", (unsigned long long)(given_up - c->told_given_up));
        raise_system(c, "log.given_up", true, SK_SEV_CRITICAL, detail);
        raise_system(c, "log.given_up", false, SK_SEV_CRITICAL, "");
        c->told_given_up = given_up;
    }
    return changed;
}

/* A step of the clock is ours, not the controllers': it is a record and an alarm (over at once, open until acknowledged), so
 * that times before and after can be told apart. */
static void notice_clock_step(struct collector *c, const struct sk_now *before)
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
    raise_system(c, "clock", true, SK_SEV_HIGH, detail);
    raise_system(c, "clock", false, SK_SEV_HIGH, detail);
}

/* A turn that comes late finds in the sockets what came in the meantime: that is taken first, and only then may anything fall
 * due, or a stop of ours would look like the silence of others. Bounded, for under constant overload it never ends. */
static void notice_lateness(struct collector *c)
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
    if (sk_engine_stalled(c->engine, late_us, &c->now, effects_of(c)) != SK_OK)
        sk_log(SK_LOG_ERROR, "out of memory: the interruption could not be recorded");
}

/* True while there may be more. */
static bool take_inputs(struct collector *c, bool held)
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
static int64_t turn(struct collector *c)
{
    const struct sk_now before = c->now;
    c->now = sk_clock_read();
    notice_clock_step(c, &before);
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
    tend_own_points(c);
    tend_calendar(c);
    if (c->catch_up == 0 && sk_engine_deadline(c->engine) <= c->now.mono_us)
        sk_engine_tick(c->engine, &c->now, effects_of(c));
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
    const bool told = tell_log_state(c);
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
    next = sooner(next, c->own_points_us);
    return sooner(next, sk_pollers_deadline(c->pollers));
}

static void record_stop(struct collector *c)
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
static void run_anew(struct collector *c, const char *binary, const char *damage)
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
    struct collector *c = sk_calloc(1, sizeof *c);
    struct sk_fault fault = {0};
    if (c == NULL)
        return 1;
    *c = (struct collector){.options = options,
                            .site = site,
                            .signal_fd = -1,
                            .told_unwritable = true, /* alarms left by an earlier life return */
                            .told_unsigned = true};
    umask(027);
    enum sk_err err = open_all(c, binary, &fault);
    if (err != SK_OK) {
        sk_log(SK_LOG_ERROR, "cannot start: %s", fault.text);
        if (c->unfit_roster && options->log_damage == NULL)
            run_anew(c, binary, "log.db: a roster change does not follow from the ones before");
        close_all(c);
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
    close_all(c);
    sk_free(c);
    return err == SK_OK ? 0 : 1;
}
