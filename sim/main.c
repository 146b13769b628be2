/* SPDX-License-Identifier: Apache-2.0 */
/* sekisho-sim: options, one epoll loop, one line "ready {json}" on stdout, SIGTERM and SIGINT end it.
 *
 *   sekisho-sim --site FILE [--profiles DIR] [--scenarios DIR] [--seed N] [--epoch N] [--control PORT] [--mqtt-port PORT]
 *               [--speed X] [--play NAME] [--ports-file FILE]
 * A Modbus link of port 0 listens on a free port; the ready line and the ports file tell which. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/log.h"
#include "schemas/config/config.h"
#include "sim/control_http.h"
#include "sim/modbus_server.h"
#include "sim/mqtt_face.h"
#include "sim/play.h"

enum { TURN_US = 20000, EVENTS = 64 };

struct options {
    const char *site, *profiles, *scenarios, *play, *ports_file;
    int64_t seed, epoch, control, mqtt_port;
    double speed;
};

static const struct option_row {
    const char *name;
    size_t offset;
    bool text;
    int64_t low, high;
} OPTIONS[] = {
    {"site", offsetof(struct options, site), true, 0, 0},
    {"profiles", offsetof(struct options, profiles), true, 0, 0},
    {"scenarios", offsetof(struct options, scenarios), true, 0, 0},
    {"play", offsetof(struct options, play), true, 0, 0},
    {"ports-file", offsetof(struct options, ports_file), true, 0, 0},
    {"seed", offsetof(struct options, seed), false, 0, INT64_MAX},
    {"epoch", offsetof(struct options, epoch), false, 1, UINT32_MAX},
    {"control", offsetof(struct options, control), false, 0, 65535},
    {"mqtt-port", offsetof(struct options, mqtt_port), false, 1, 65535},
};
enum { OPTION_COUNT = sizeof OPTIONS / sizeof OPTIONS[0] };

static bool read_speed(const char *text, double *ret_speed)
{
    char *end = NULL;
    *ret_speed = strtod(text, &end);
    return end != text && *end == '\0' && *ret_speed > 0.0 && *ret_speed <= 1000.0;
}

static bool read_option(const struct option_row *row, const char *text, struct options *to)
{
    char *field = (char *)to + row->offset;
    if (row->text) {
        memcpy(field, &text, sizeof text);
        return true;
    }
    int64_t value = 0;
    const bool good = sk_int_read(text, row->low, row->high, &value);
    memcpy(field, &value, sizeof value);
    return good;
}

static bool read_options(int argc, char **argv, struct options *to)
{
    for (int i = 1; i < argc; i += 2) {
        const struct option_row *found = NULL;
        for (size_t k = 0; k < OPTION_COUNT && strncmp(argv[i], "--", 2) == 0; k++) {
            found = strcmp(argv[i] + 2, OPTIONS[k].name) == 0 ? &OPTIONS[k] : found;
        }
        const bool speed = strcmp(argv[i], "--speed") == 0;
        if (i + 1 == argc || (found == NULL && !speed)) {
            return false;
        }
        if (speed ? !read_speed(argv[i + 1], &to->speed) : !read_option(found, argv[i + 1], to)) {
            return false;
        }
    }
    return to->site != NULL;
}

static cJSON *ready_json(const struct sim *sim)
{
    cJSON *root = cJSON_CreateObject();
    char url[64];
    (void)sk_text_format(url, sizeof url, "http://127.0.0.1:%u", (unsigned)sim_control_port(sim->control));
    (void)cJSON_AddStringToObject(root, "control", url);
    cJSON *ports = cJSON_AddObjectToObject(root, "ports");
    for (uint32_t i = 0; i < sim->site->link_count; i++) {
        if (sim->site->links[i].protocol == SK_PROTO_MODBUS_TCP) {
            (void)cJSON_AddNumberToObject(ports, sim->site->links[i].id, sim_modbus_port(sim->modbus, i));
        }
    }
    (void)cJSON_AddNumberToObject(root, "pid", (double)getpid());
    return root;
}

static bool announce(const struct sim *sim, const char *ports_file)
{
    cJSON *json = ready_json(sim);
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    bool good = text != NULL;
    if (good && ports_file != NULL) {
        FILE *file = fopen(ports_file, "we");
        good = file != NULL && fprintf(file, "%s\n", text) > 0;
        good = (file == NULL || fclose(file) == 0) && good;
    }
    if (good) {
        good = printf("ready %s\n", text) > 0 && fflush(stdout) == 0;
    }
    cJSON_free(text);
    return good;
}

static int signals_fd(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int wait_ms(const struct sim *sim, int64_t next_turn_us)
{
    const int64_t deadline = sim_modbus_deadline(sim->modbus);
    const int64_t until = (deadline < next_turn_us ? deadline : next_turn_us) - sk_clock_mono_us();
    return until <= 0 ? 0 : (int)((until + 999) / 1000);
}

/* False: a signal asked for the end. */
static bool serve(struct sim *sim, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        void *tag = events[i].data.ptr;
        if (tag == NULL) {
            return false;
        }
        (void)(sim_control_ready(sim->control, tag) || sim_modbus_ready(sim->modbus, tag, events[i].events) ||
               sim_mqtt_ready(sim->mqtt, tag, events[i].events));
    }
    return true;
}

static void loop(struct sim *sim)
{
    struct epoll_event events[EVENTS];
    int64_t last_us = sk_clock_mono_us(), next_turn_us = last_us;
    for (;;) {
        const int count = epoll_wait(sim->epoll, events, EVENTS, wait_ms(sim, next_turn_us));
        if (count < 0 && errno != EINTR) {
            return;
        }
        if (!serve(sim, events, count)) {
            return;
        }
        const int64_t now_us = sk_clock_mono_us();
        if (now_us >= next_turn_us || count > 0) { /* an order on the control interface shows at once */
            sim_turn(sim, now_us - last_us);
            sim_mqtt_turn(sim->mqtt, now_us);
            (void)sim_control_ready(sim->control, sim->control); /* its time-outs, and what an edge left behind */
            last_us = now_us;
            next_turn_us = now_us + TURN_US;
        }
        sim_modbus_due(sim->modbus, now_us);
    }
}

static enum sk_err start(struct sim *sim, const struct options *options, struct sk_fault *fault)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    const int signals = signals_fd();
    sim->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (signals < 0 || sim->epoll < 0 || epoll_ctl(sim->epoll, EPOLL_CTL_ADD, signals, &event) != 0) {
        return sk_fault_set(fault, SK_ERR_IO, "cannot prepare the event loop");
    }
    enum sk_err err = sim_modbus_create(sim, &sim->modbus, fault);
    if (err == SK_OK) {
        err = sim_mqtt_create(sim, (uint16_t)options->mqtt_port, &sim->mqtt);
    }
    if (err == SK_OK) {
        err = sim_control_create(sim, (uint16_t)options->control, &sim->control, fault);
    }
    if (err == SK_OK && options->play != NULL) {
        err = sim_play_start(sim, options->play, fault);
    }
    return err;
}

static int run(const struct options *options, const struct sk_site *site)
{
    struct sim sim;
    struct sk_fault fault = {0};
    if (sim_create(site, (uint64_t)options->seed, (uint32_t)options->epoch, &sim) != SK_OK) {
        sk_log(SK_LOG_ERROR, "cannot build the plant: no memory, or a door ring whose entries are not 24 words");
        return 1;
    }
    sim.scenario_directory = options->scenarios;
    sim.speed = options->speed;
    const enum sk_err err = start(&sim, options, &fault);
    bool good = err == SK_OK;
    if (!good) {
        sk_log(SK_LOG_ERROR, "%s", fault.text);
    } else if ((good = announce(&sim, options->ports_file))) {
        loop(&sim);
    }
    sim_control_free(sim.control);
    sim_mqtt_free(sim.mqtt);
    sim_modbus_free(sim.modbus);
    sim_free(&sim);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    /* a panel that starts again counts from one again under another epoch: seconds since 2020 do for that */
    struct options options = {
        .seed = 1, .speed = 1.0, .scenarios = SK_SCENARIO_DIR, .epoch = sk_clock_read().utc_us / SK_US_PER_S - 1577836800};
    struct sk_site *site = NULL;
    struct sk_fault fault = {0};
    sk_log_init("sekisho-sim", SK_LOG_INFO);
    (void)prctl(PR_SET_NAME, "sekisho-sim");
    if (!read_options(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: sekisho-sim --site FILE [--profiles DIR] [--scenarios DIR] [--seed N] [--epoch N]\n"
                              "                   [--control PORT] [--mqtt-port PORT] [--speed X] [--play NAME]\n"
                              "                   [--ports-file FILE]\n");
        return 2;
    }
    if (sk_site_load(options.site, options.profiles, &site, &fault) != SK_OK) {
        sk_log(SK_LOG_ERROR, "%s", fault.text);
        return 1;
    }
    const int code = run(&options, site);
    sk_site_free(site);
    return code;
}
