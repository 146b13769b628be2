/* SPDX-License-Identifier: Apache-2.0 */
/* sekisho-dashboard: options, then the parts in order, then wait for a signal, then the parts in reverse.
 *
 * Threads: the workers of the server, the feed, the reaper, and here the pulse: every second it looks after the streams, every
 * two it sends a heartbeat event. The heartbeat is an event and not an SSE comment because a browser's EventSource hides
 * comments, and the page must see within seconds that a stream is dead though its connection still stands. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "dashboard-api/app.h"
#include "dashboard-api/auth.h"
#include "dashboard-api/feed.h"
#include "dashboard-api/handlers.h"
#include "dashboard-api/kept.h"
#include "dashboard-api/rate.h"
#include "dashboard-api/routes.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/log.h"

enum { PULSE_S = 1, BEAT_EVERY = 2, RECHECK_US = 15 * 1000000, RECHECKS_PER_PULSE = 32, BURST_S = 10, MINUTE_S = 60 };

struct settings {
    const char *state, *listen, *cert, *key;
    int64_t connections, per_address, threads, sign_in_failures, per_address_s, per_account_s;
    bool check, routes, help;
};

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG };
static const struct option_row {
    const char *name;
    enum option_kind kind;
    size_t offset;
    int64_t low, high;
    const char *argument, *text;
} option_rows[] = {
    {"state", OPTION_TEXT, offsetof(struct settings, state), 0, 0, "DIR",
     "state directory of the collector (control.sock, log.db)"},
    {"listen", OPTION_TEXT, offsetof(struct settings, listen), 0, 0, "ADDR:PORT",
     "127.0.0.1:8443 unless given; [::1]:8443; port 0: a free one"},
    {"cert", OPTION_TEXT, offsetof(struct settings, cert), 0, 0, "FILE",
     "certificate chain, PEM; SIGHUP reads it and the key again"},
    {"key", OPTION_TEXT, offsetof(struct settings, key), 0, 0, "FILE", "its private key, PEM, mode 0600 or 0400"},
    {"connections", OPTION_NUMBER, offsetof(struct settings, connections), 8, 60000, "N", "connections in all (512)"},
    {"connections-per-address", OPTION_NUMBER, offsetof(struct settings, per_address), 1, 60000, "N",
     "of these, from one address (20)"},
    {"threads", OPTION_NUMBER, offsetof(struct settings, threads), 0, 64, "N",
     "worker threads (0: one per core, two at least)"},
    {"sign-in-failures", OPTION_NUMBER, offsetof(struct settings, sign_in_failures), 0, 60000, "N",
     "failed sign-ins a minute from one address (5; 0: no limit)"},
    {"requests-per-address", OPTION_NUMBER, offsetof(struct settings, per_address_s), 0, 1000000, "N",
     "requests a second from one address, ten seconds' worth at once (200; 0: no limit)"},
    {"requests-per-account", OPTION_NUMBER, offsetof(struct settings, per_account_s), 0, 1000000, "N",
     "requests a second of one account, ten seconds' worth at once (50; 0: no limit)"},
    {"check", OPTION_FLAG, offsetof(struct settings, check), 0, 0, NULL,
     "check options, certificate, key and TLS settings, then end"},
    {"print-routes", OPTION_FLAG, offsetof(struct settings, routes), 0, 0, NULL,
     "print method, path and act of every route, then end"},
    {"help", OPTION_FLAG, offsetof(struct settings, help), 0, 0, NULL, "print this"},
};
enum { OPTION_ROWS = sizeof option_rows / sizeof option_rows[0] };

static void print_help(FILE *to)
{
    fputs("sekisho-dashboard --state DIR --cert FILE --key FILE [options]\n", to);
    for (size_t i = 0; i < OPTION_ROWS; i++)
        fprintf(to, "  --%s %s\n      %s\n", option_rows[i].name, option_rows[i].argument ? option_rows[i].argument : "",
                option_rows[i].text);
}

static bool take_option(const struct option_row *row, const char *argument, struct settings *settings)
{
    char *field = (char *)settings + row->offset;
    if (row->kind == OPTION_FLAG)
        *(bool *)(void *)field = true;
    else if (row->kind == OPTION_TEXT)
        *(const char **)(void *)field = argument;
    else if (!sk_int_read(argument, row->low, row->high, (int64_t *)(void *)field)) {
        fprintf(stderr, "sekisho-dashboard: --%s '%s': expected a number from %lld to %lld\n", row->name, argument,
                (long long)row->low, (long long)row->high);
        return false;
    }
    return true;
}

static bool read_options(int argc, char **argv, struct settings *settings)
{
    struct option table[OPTION_ROWS + 1] = {0};
    for (size_t i = 0; i < OPTION_ROWS; i++)
        table[i] = (struct option){option_rows[i].name, option_rows[i].kind == OPTION_FLAG ? no_argument : required_argument,
                                   NULL, (int)i + 256};
    for (int found; (found = getopt_long(argc, argv, "", table, NULL)) != -1;)
        if (found < 256 || !take_option(&option_rows[found - 256], optarg, settings))
            return false;
    if (optind < argc)
        fprintf(stderr, "sekisho-dashboard: '%s': no such argument\n", argv[optind]);
    else if (!settings->help && !settings->routes && (!settings->state || !settings->cert || !settings->key))
        fputs("sekisho-dashboard: --state, --cert and --key are needed; see --help\n", stderr);
    else
        return true;
    return false;
}

/* Tokens pass through this memory: no core files, no ptrace by others (which the leak checker of a sanitizer build needs). */
static void hide_memory(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef SK_KEEP_DUMPABLE
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void handle(void *context, struct sk_http_request *request)
{
    sk_routes_handle(context, request);
}

static void wake(void *context)
{
    struct sk_app *app = context;
    if (app->http)
        sk_http_wake(app->http);
}

static void beat(struct sk_app *app)
{
    char time[SK_TIME_TEXT], json[128];
    struct sk_mirror_state state;
    sk_mirror_state(app->mirror, &state);
    sk_time_format(time, sk_clock_read().utc_us);
    sk_text_format(json, sizeof json, "{\"time\":\"%s\",\"connected\":%s,\"writable\":%s}", time,
                   state.connected ? "true" : "false", state.writable ? "true" : "false");
    sk_live_publish(app->live, SK_LIVE_STATE, "heartbeat", 0, json);
}

/* A stream whose owner is no longer who he was is ended; a collector that cannot be asked ends nothing. */
static void recheck(struct sk_app *app)
{
    struct sk_identity who;
    for (int i = 0; i < RECHECKS_PER_PULSE && sk_live_due(app->live, RECHECK_US, &who); i++) {
        enum sk_err err = sk_auth_recheck(app->auth, &who);
        if (err == SK_ERR_UNAUTHENTICATED || err == SK_ERR_DENIED)
            sk_live_end(app->live, &who.mark);
    }
    explicit_bzero(&who, sizeof who);
}

/* Said once per signal, whichever way it went. */
static void reload(const struct sk_http_config *http)
{
    struct sk_fault fault = {0};
    if (sk_http_reload(http, &fault) == SK_OK)
        sk_log(SK_LOG_NOTICE, "new connections get the certificate '%s' as it is now", http->cert_path);
    else
        sk_log(SK_LOG_ERROR, "the certificate is not renewed, the one before stays: %s", fault.text);
}

static void serve_until(struct sk_app *app, const struct sk_http_config *http, const sigset_t *signals)
{
    for (unsigned turn = 0;; turn++) {
        struct timespec second = {.tv_sec = PULSE_S};
        int signal = sigtimedwait(signals, NULL, &second);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP)
            reload(http);
        if (turn % BEAT_EVERY == 0)
            beat(app);
        recheck(app);
    }
}

static enum sk_err build_rates(struct sk_app *app, const struct settings *settings)
{
    enum sk_err err = sk_rate_create((uint32_t)settings->sign_in_failures, MINUTE_S, &app->sign_ins);
    if (err == SK_OK)
        err = sk_rate_create((uint32_t)settings->per_address_s * BURST_S, BURST_S, &app->by_address);
    return err == SK_OK ? sk_rate_create((uint32_t)settings->per_account_s * BURST_S, BURST_S, &app->by_account) : err;
}

static enum sk_err build(struct sk_app *app, const char *socket_path, const struct settings *settings)
{
    struct sk_live_config live = {.replay = sk_events_replay, .wake = wake, .describe = sk_events_describe, .context = app};
    enum sk_err err = sk_random((uint8_t *)&app->epoch, sizeof app->epoch);
    if (err == SK_OK)
        err = sk_texts_build(app);
    if (err == SK_OK)
        err = sk_control_create(socket_path, &app->control);
    if (err == SK_OK)
        err = sk_auth_create(app->control, &app->auth);
    if (err == SK_OK)
        err = build_rates(app, settings);
    if (err == SK_OK)
        err = sk_kept_create(&app->kept);
    if (err == SK_OK)
        err = sk_mirror_create(&app->mirror);
    return err == SK_OK ? sk_live_create(&live, &app->live) : err;
}

static void tear_down(struct sk_app *app)
{
    sk_live_free(app->live);
    sk_mirror_free(app->mirror);
    sk_kept_free(app->kept);
    sk_rate_free(app->by_account);
    sk_rate_free(app->by_address);
    sk_rate_free(app->sign_ins);
    sk_auth_free(app->auth);
    sk_control_free(app->control);
    sk_out_release(&app->texts[0]);
    sk_out_release(&app->texts[1]);
}

static enum sk_err run(const struct settings *settings, struct sk_fault *fault)
{
    static struct sk_app app;
    char socket_path[512];
    app.state_directory = settings->state;
    struct sk_http_config http = {.listen = settings->listen,
                                  .cert_path = settings->cert,
                                  .key_path = settings->key,
                                  .threads = (unsigned)settings->threads,
                                  .connections = (unsigned)settings->connections,
                                  .connections_per_address = (unsigned)settings->per_address,
                                  .handle = handle,
                                  .context = &app};
    if (!sk_text_format(socket_path, sizeof socket_path, "%s/control.sock", settings->state))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "--state is too long");
    if (settings->check)
        return sk_http_check(&http, fault);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct sk_feed *feed = NULL;
    enum sk_err err = build(&app, socket_path, settings);
    if (err == SK_OK)
        err = sk_http_start(&http, &app.http, fault);
    if (err == SK_OK)
        err = sk_feed_start(socket_path, app.mirror, app.live, &feed);
    if (err == SK_OK) {
        sk_log(SK_LOG_NOTICE, "serving https on port %u", (unsigned)sk_http_port(app.http));
        serve_until(&app, &http, &signals);
        sk_log(SK_LOG_NOTICE, "stopping");
    }
    sk_feed_stop(feed);
    sk_http_stop(app.http);
    tear_down(&app);
    return err;
}

int main(int argc, char **argv)
{
    struct settings settings = {.listen = "127.0.0.1:8443",
                                .connections = 512,
                                .per_address = 20,
                                .sign_in_failures = 5,
                                .per_address_s = 200,
                                .per_account_s = 50};
    if (!read_options(argc, argv, &settings))
        return 2;
    if (settings.help) {
        print_help(stdout);
        return 0;
    }
    if (settings.routes) {
        sk_routes_print(stdout);
        return 0;
    }
    hide_memory();
    sk_log_init("dashboard", SK_LOG_INFO);
    struct sk_fault fault = {0};
    enum sk_err err = run(&settings, &fault);
    if (err != SK_OK)
        sk_log(SK_LOG_ERROR, "%s", fault.text[0] ? fault.text : sk_err_text(err));
    return err == SK_OK ? 0 : 1;
}
