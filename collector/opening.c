/* SPDX-License-Identifier: Apache-2.0 */
/* Opening in the order things need each other, and closing in reverse: the one list of what the process holds. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "collector/internal.h"
#include "schemas/base/log.h"

static void show_record(void *context, const struct sk_record *record)
{
    sk_feed_record(((struct sk_collector *)context)->feed, record);
}

static void show_alarm(void *context, const struct sk_alarm *alarm, bool recorded)
{
    sk_feed_alarm(((struct sk_collector *)context)->feed, alarm, recorded);
}

static void show_point(void *context, uint32_t point)
{
    sk_feed_point(((struct sk_collector *)context)->feed, point);
}

static void raise_archive(void *context, const char *name, bool active, enum sk_severity severity, const char *detail)
{
    sk_collector_raise(context, name, active, severity, detail);
}

static void on_signal(void *context, uint32_t events)
{
    struct sk_collector *c = context;
    struct signalfd_siginfo info;
    (void)events;
    while (read(c->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        *(info.ssi_signo == SIGCHLD ? &c->child_ended : &c->stopping) = true;
}

static enum sk_err open_signals(struct sk_collector *c, struct sk_fault *fault)
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

static enum sk_err open_exports(struct sk_collector *c, const char *binary, struct sk_fault *fault)
{
    const struct sk_exports_options options = {.binary = binary, .state = c->options->state};
    const enum sk_err err = sk_exports_create(c->loop, c->recorder, &options, &c->exports);
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "out of memory for exports");
}

static enum sk_err open_control(struct sk_collector *c, struct sk_fault *fault)
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
    sk_collector_raise(c, "rights", c->found.unusable_facts > 0, SK_SEV_HIGH,
                       "stored facts about rights cannot be used; see the program's log");
    if (!sk_text_format(path, sizeof path, "%s/control.sock", c->options->state))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "the state directory's name is too long");
    return sk_control_create(c->loop, &options, &c->floor, c->feed, &c->control, fault);
}

static bool is_missing(const char *path)
{
    return access(path, F_OK) != 0 && errno == ENOENT;
}

static enum sk_err open_secrets(struct sk_collector *c, struct sk_fault *fault)
{
    char key[4096], vault[4096];
    if (!sk_text_format(key, sizeof key, "%s/site.key", c->options->state) ||
        !sk_text_format(vault, sizeof vault, "%s/vault.db", c->options->state))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "the state directory's name is too long");
    c->new_site_key = is_missing(key);
    c->new_vault = is_missing(vault);
    enum sk_err err = sk_secret_open(key, true, c->site_key, sizeof c->site_key, fault);
    return err == SK_OK ? sk_vault_open(c->options->state, &c->vault, fault) : err;
}

/* Made anew beside a roster they belong to, they are not what they were: no card is recognised, no name is known. Rings until a
 * person has seen it. */
static void tell_lost_secrets(struct sk_collector *c)
{
    static const char *const details[] = {"site.key was missing and was made anew: cards issued before are not recognised",
                                          "vault.db was missing and was made anew: names and accounts are gone"};
    const struct {
        const char *name;
        bool lost;
        uint16_t family;
    } rows[] = {{"site.key", c->new_site_key, SK_EV_CREDENTIAL_ISSUED}, {"vault", c->new_vault, SK_EV_PERSON_CREATED}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].lost || sk_roster_count(sk_engine_roster(c->engine), rows[i].family) == 0)
            continue;
        sk_log(SK_LOG_ERROR, "%s; restore it from its backup", details[i]);
        sk_collector_raise(c, rows[i].name, true, SK_SEV_CRITICAL, details[i]);
        sk_collector_raise(c, rows[i].name, false, SK_SEV_CRITICAL, details[i]);
    }
}

enum sk_err sk_collector_open(struct sk_collector *c, const char *binary, struct sk_fault *fault)
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
        err = sk_collector_wake(c, fault);
    if (err == SK_OK)
        tell_lost_secrets(c);
    if (err == SK_OK && sk_feed_create(c->site, c->engine, sk_recorder_store(c->recorder), &c->feed) != SK_OK)
        err = sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for the feed");
    if (err == SK_OK)
        err = open_exports(c, binary, fault);
    if (err == SK_OK)
        err = open_control(c, fault);
    if (err == SK_OK)
        err = sk_collector_listen(c, binary, fault);
    sk_collector_find_own_points(c);
    const struct sk_archive_sink archive = {.context = c, .alarm = raise_archive};
    if (err == SK_OK && sk_archive_create(c->options->state, c->site, &archive, &c->archive) != SK_OK)
        err = sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for the history");
    return err;
}

void sk_collector_close(struct sk_collector *c)
{
    sk_pollers_free(c->pollers);
    sk_collector_lists_free(c);
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
