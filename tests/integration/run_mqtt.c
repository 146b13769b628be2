/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one MQTT session of a site file and says on stdout, one JSON line each, what the driver hands to its host; whoever tests
 * says on stdin when an event counts as committed.
 *
 *   run_mqtt SITE LINK events|samples
 *   stdin: commit  one event or malformed message is committed
 *          auto    from now on all are, at once
 *          stop    end (as does the end of stdin); what waits is answered with CLOSED */
#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/driver.h"
#include "schemas/base/json.h"
#include "schemas/config/config.h"

struct host {
    const struct sk_site *site;
    pthread_mutex_t lock;
    pthread_cond_t change;
    unsigned permits;
    bool commits_at_once, stopping;
    int stop_pipe[2];
};

static void print_line(cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    if (text != NULL)
        printf("%s\n", text);
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(json);
}

static struct sk_now host_now(void *context)
{
    (void)context;
    return sk_clock_read();
}

static bool host_stopping(void *context)
{
    struct host *host = context;
    pthread_mutex_lock(&host->lock);
    bool stopping = host->stopping;
    pthread_mutex_unlock(&host->lock);
    return stopping;
}

static void add_value(cJSON *json, const struct sk_point_kind *kind, const struct sk_sample *sample, const char *text)
{
    if (sample->kind == SK_KIND_TEXT)
        cJSON_AddStringToObject(json, "value", text + sample->text);
    else if (sample->kind == SK_KIND_STATE && sample->number < (double)kind->state_count)
        cJSON_AddStringToObject(json, "value", kind->states[(size_t)sample->number]);
    else
        cJSON_AddNumberToObject(json, "value", sample->number);
}

static void host_samples(void *context, const struct sk_batch *batch)
{
    struct host *host = context;
    for (size_t i = 0; i < batch->count; i++) {
        const struct sk_sample *sample = &batch->samples[i];
        cJSON *json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "sample", host->site->points[sample->point].id);
        add_value(json, host->site->points[sample->point].kind, sample, batch->text);
        cJSON_AddStringToObject(json, "quality", sk_quality_name(sample->quality));
        cJSON_AddStringToObject(json, "reason", sk_quality_reason_name(sample->reason));
        cJSON_AddNumberToObject(json, "flags", sample->flags);
        sk_json_add_i64(json, "source_us", sample->source_us);
        sk_json_add_i64(json, "mono_us", sample->mono_us);
        print_line(json);
    }
}

static enum sk_err wait_for_commit(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    while (!host->commits_at_once && host->permits == 0 && !host->stopping)
        pthread_cond_wait(&host->change, &host->lock);
    enum sk_err err = SK_OK;
    if (!host->commits_at_once && host->permits == 0)
        err = SK_ERR_CLOSED;
    else if (!host->commits_at_once)
        host->permits--;
    pthread_mutex_unlock(&host->lock);
    return err;
}

static enum sk_err answered(const char *what, enum sk_err err)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "answered", err == SK_OK ? "committed" : "closed");
    cJSON_AddStringToObject(json, "of", what);
    print_line(json);
    return err;
}

static enum sk_err host_event(void *context, const struct sk_access_event *event)
{
    struct host *host = context;
    char seq[24];
    cJSON *json = cJSON_CreateObject();
    snprintf(seq, sizeof(seq), "%llu", (unsigned long long)event->seq);
    cJSON_AddStringToObject(json, "event", sk_event_name(event->ev));
    cJSON_AddNumberToObject(json, "epoch", event->epoch);
    cJSON_AddStringToObject(json, "seq", seq);
    cJSON_AddBoolToObject(json, "identity", event->has_identity);
    cJSON_AddBoolToObject(json, "repeated", event->duplicate_flag);
    cJSON_AddStringToObject(json, "device", host->site->devices[event->device].id);
    cJSON_AddStringToObject(json, "door", event->door < 0 ? "" : host->site->doors[event->door].id);
    cJSON_AddStringToObject(json, "reason", sk_deny_reason_name(event->reason));
    cJSON_AddNumberToObject(json, "identifier_length", event->identifier_length);
    print_line(json);
    return answered(seq, wait_for_commit(host));
}

static enum sk_err host_malformed(void *context, const struct sk_malformed *what)
{
    struct host *host = context;
    char bytes[SK_NATIVE_MAX + 1];
    cJSON *json = cJSON_CreateObject();
    size_t length = what->length < SK_NATIVE_MAX ? what->length : SK_NATIVE_MAX;
    memcpy(bytes, what->bytes, length);
    bytes[length] = '\0';
    cJSON_AddStringToObject(json, "malformed", what->where);
    cJSON_AddStringToObject(json, "expected", what->expected);
    cJSON_AddStringToObject(json, "bytes", bytes);
    cJSON_AddStringToObject(json, "device", what->device < 0 ? "" : host->site->devices[what->device].id);
    print_line(json);
    return answered("malformed", wait_for_commit(host));
}

static void take_order(struct host *host, const char *line)
{
    pthread_mutex_lock(&host->lock);
    if (strcmp(line, "commit\n") == 0)
        host->permits++;
    else if (strcmp(line, "auto\n") == 0)
        host->commits_at_once = true;
    else
        host->stopping = true;
    bool stopping = host->stopping;
    pthread_cond_broadcast(&host->change);
    pthread_mutex_unlock(&host->lock);
    if (stopping && write(host->stop_pipe[1], "x", 1) != 1)
        perror("stop");
}

static void *read_orders(void *context)
{
    char line[64];
    while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "stop\n") != 0)
        take_order(context, line);
    take_order(context, "stop\n");
    return NULL;
}

static int fail(const struct sk_fault *fault)
{
    fprintf(stderr, "run_mqtt: %s\n", fault->text);
    return 2;
}

int main(int argc, char **argv)
{
    struct host host = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
    struct sk_site *site = NULL;
    struct sk_driver_session *session = NULL;
    struct sk_fault fault = {.text = ""};
    pthread_t reader;
    if (argc != 4) {
        fprintf(stderr, "usage: run_mqtt SITE LINK events|samples\n");
        return 2;
    }
    if (sk_site_load(argv[1], NULL, &site, &fault) != SK_OK)
        return fail(&fault);
    host.site = site;
    struct sk_driver_host interface = {.context = &host,
                                       .now = host_now,
                                       .stopping = host_stopping,
                                       .samples = host_samples,
                                       .event = host_event,
                                       .malformed = host_malformed};
    int32_t link = sk_site_link(site, argv[2]);
    bool events = strcmp(argv[3], "events") == 0;
    int status = 2;
    if (link < 0 || !sk_driver_mqtt.serves(site, (uint32_t)link, events)) {
        fprintf(stderr, "run_mqtt: link '%s' has nothing for %s\n", argv[2], argv[3]);
    } else if (sk_driver_mqtt.open(site, (uint32_t)link, events, &interface, &session, &fault) != SK_OK) {
        status = fail(&fault);
    } else if (pipe(host.stop_pipe) == 0 && pthread_create(&reader, NULL, read_orders, &host) == 0) {
        pthread_detach(reader); /* waits in fgets() until the process ends */
        status = sk_driver_mqtt.run(session, host.stop_pipe[0]) == SK_OK ? 0 : 1;
        sk_driver_mqtt.close(session);
        print_line(cJSON_CreateString("ended"));
        fflush(stdout);
        _exit(status); /* the reader may still wait for stdin; an abandoned session may still hold its message */
    }
    sk_site_free(site);
    return status;
}
