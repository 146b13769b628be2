/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the Modbus driver on one link of a site file and prints what it hands over, one JSON line each, so that black-box tests
 * see exactly what the collector would. Ends when its standard input is closed.
 * Usage: run_modbus SITE LINK [--events]; `plan` instead of a link prints the request plan of every Modbus device, `all` runs
 * all links (Modbus TCP) on one thread. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/driver.h"
#include "drivers/modbus/plan.h"
#include "schemas/base/bytes.h"
#include "schemas/config/config.h"

enum { LINKS_MOST = 16 };

struct run {
    const struct sk_site *site;
    int stop[2];
    bool stopping;
};

static struct sk_now now(void *context)
{
    (void)context;
    return sk_clock_read();
}

static bool stopping(void *context)
{
    return __atomic_load_n(&((struct run *)context)->stopping, __ATOMIC_ACQUIRE);
}

static void print_value(const struct sk_batch *batch, const struct sk_sample *sample)
{
    if (sample->kind == SK_KIND_TEXT)
        printf("\"%s\"", batch->text != NULL && sample->text < batch->text_length ? batch->text + sample->text : "");
    else
        printf("%.17g", sample->number);
}

static void samples(void *context, const struct sk_batch *batch)
{
    const struct run *run = context;
    flockfile(stdout); /* links are threads; their lines do not mix */
    for (size_t i = 0; i < batch->count; i++) {
        const struct sk_sample *sample = &batch->samples[i];
        printf("{\"point\":\"%s\",\"quality\":\"%s\",\"reason\":\"%s\",\"flags\":%u,\"uncertainty_us\":%" PRIu32
               ",\"mono_us\":%" PRId64 ",\"before_us\":%" PRId64 ",\"value\":",
               run->site->points[sample->point].id, sk_quality_name(sample->quality), sk_quality_reason_name(sample->reason),
               sample->flags, sample->uncertainty_us, sample->mono_us, batch->before_us);
        print_value(batch, sample);
        printf("}\n");
    }
    fflush(stdout);
    funlockfile(stdout);
}

static enum sk_err event(void *context, const struct sk_access_event *event)
{
    const struct run *run = context;
    char credential[2 * SK_IDENTIFIER_MAX + 1];
    sk_hex_write(credential, event->identifier, event->identifier_length);
    printf("{\"event\":\"%s\",\"device\":\"%s\",\"door\":\"%s\",\"reader\":%" PRId32 ",\"epoch\":%" PRIu32 ",\"seq\":\"%" PRIu64
           "\",\"reason\":\"%s\",\"decision\":%u,\"state\":%u,\"factors\":%u,\"duplicate\":%s,\"t_ctrl_us\":%" PRId64
           ",\"credential\":\"%s\"}\n",
           sk_event_name(event->ev), run->site->devices[event->device].id,
           event->door < 0 ? "" : run->site->doors[event->door].id, event->reader, event->epoch, event->seq,
           sk_deny_reason_name(event->reason), event->decision, event->state, event->factors,
           event->duplicate_flag ? "true" : "false", event->t_ctrl_us, credential);
    fflush(stdout);
    return SK_OK;
}

static enum sk_err malformed(void *context, const struct sk_malformed *what)
{
    (void)context;
    printf("{\"malformed\":\"%s\",\"expected\":\"%s\"}\n", what->where, what->expected);
    fflush(stdout);
    return SK_OK;
}

static void *wait_for_end(void *context)
{
    struct run *run = context;
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    __atomic_store_n(&run->stopping, true, __ATOMIC_RELEASE);
    close(run->stop[1]); /* the other end becomes readable */
    return NULL;
}

static int print_plans(const struct sk_site *site)
{
    for (uint32_t i = 0; i < site->device_count; i++) {
        struct sk_modbus_plan *plan;
        struct sk_fault fault;
        const struct sk_device *device = &site->devices[i];
        if (device->profile == NULL || device->profile->protocol == SK_PROTO_MQTT)
            continue;
        if (sk_modbus_plan_make(site, i, &plan, &fault) != SK_OK) {
            fprintf(stderr, "%s\n", fault.text);
            return 1;
        }
        for (size_t k = 0; k < plan->request_count; k++) {
            char text[256];
            sk_modbus_request_text(&plan->requests[k], device->unit, text, sizeof(text));
            printf("%s: %s\n", device->id, text);
        }
        sk_modbus_plan_free(plan);
    }
    return 0;
}

struct link_run {
    struct sk_driver_session *session;
    int stop_fd;
    enum sk_err err;
    pthread_t thread;
};

static void *run_link(void *context)
{
    struct link_run *run = context;
    run->err = sk_driver_modbus.run(run->session, run->stop_fd);
    return NULL;
}

/* As a poller does: a thread for each. */
static enum sk_err run_sessions(struct link_run *runs, size_t count)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&runs[i].thread, NULL, run_link, &runs[i]) != 0)
            exit(1);
    for (size_t i = 0; i < count; i++) {
        pthread_join(runs[i].thread, NULL);
        err = runs[i].err != SK_OK ? runs[i].err : err;
    }
    return err;
}

/* `count` links of the site from `first` on. */
static int run_links(struct run *run, uint32_t first, size_t count, bool events_only)
{
    struct sk_driver_host host = {run, now, stopping, samples, event, malformed, NULL, NULL};
    struct link_run runs[LINKS_MOST] = {0};
    struct sk_fault fault = {0};
    pthread_t watcher;
    bool ready = pipe(run->stop) == 0 && pthread_create(&watcher, NULL, wait_for_end, run) == 0;
    for (size_t i = 0; i < count && ready; i++) {
        runs[i].stop_fd = run->stop[0];
        ready = sk_driver_modbus.open(run->site, first + (uint32_t)i, events_only, &host, &runs[i].session, &fault) == SK_OK;
    }
    if (!ready) {
        fprintf(stderr, "%s\n", fault.text);
        return 1;
    }
    enum sk_err err = run_sessions(runs, count);
    pthread_join(watcher, NULL);
    for (size_t i = 0; i < count; i++)
        sk_driver_modbus.close(runs[i].session);
    close(run->stop[0]);
    return err == SK_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct sk_site *site;
    struct sk_fault fault;
    if (argc < 3 || sk_site_load(argv[1], NULL, &site, &fault) != SK_OK) {
        fprintf(stderr, "%s\n", argc < 3 ? "usage: run_modbus SITE LINK|all|plan [--events]" : fault.text);
        return 1;
    }
    struct run run = {.site = site};
    int32_t link = sk_site_link(site, argv[2]);
    int status = 1;
    if (strcmp(argv[2], "plan") == 0)
        status = print_plans(site);
    else if (strcmp(argv[2], "all") == 0 && site->link_count <= LINKS_MOST)
        status = run_links(&run, 0, site->link_count, false);
    else if (link >= 0)
        status = run_links(&run, (uint32_t)link, 1, argc > 3 && strcmp(argv[3], "--events") == 0);
    sk_site_free(site);
    return status;
}
