/* SPDX-License-Identifier: Apache-2.0 */
/* The report of `sekisho check`: counts, the request plan of each Modbus device, the load of each link, warnings. */
#include "collector/cli/check_report.h"

#include <stdio.h>
#include <unistd.h>

#include "drivers/modbus/plan.h"
#include "schemas/base/bytes.h"
#include "schemas/config/advice.h"
#include "schemas/model/signal.h"
#include "schemas/store/history.h"

enum { BUSY_WARN_PERCENT = 70, RING_HEAD_REGISTERS = 6 };

static const char *const CLASS[] = {"production", "demo", "test"};          /* enum sk_site_class */
static const char *const PROTOCOL[] = {"modbus-tcp", "modbus-rtu", "mqtt"}; /* enum sk_protocol */

/* What is being built; `bad` sticks when memory runs out, so that each line need not ask. */
struct report {
    const struct sk_site *site;
    cJSON *warnings;
    bool bad;
};

/* Per link, summed over its devices. */
struct load {
    double requests_per_s, busy; /* busy: share of the time, 1 = all of it */
};

static cJSON *object_in(struct report *report, cJSON *list)
{
    cJSON *item = cJSON_CreateObject();
    if (item == NULL || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        report->bad = true;
        return NULL;
    }
    return item;
}

static void put_text(struct report *report, cJSON *object, const char *name, const char *text)
{
    report->bad = cJSON_AddStringToObject(object, name, text) == NULL || report->bad;
}

static void put_number(struct report *report, cJSON *object, const char *name, double number)
{
    report->bad = cJSON_AddNumberToObject(object, name, number) == NULL || report->bad;
}

static cJSON *put_list(struct report *report, cJSON *object, const char *name)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    report->bad = list == NULL || report->bad;
    return list;
}

static void warn(void *context, const char *where, const char *what)
{
    struct report *report = context;
    cJSON *one = object_in(report, report->warnings);
    put_text(report, one, "where", where);
    put_text(report, one, "what", what);
}

/* --- one device --- */
static void load_add(struct load *load, const struct sk_modbus_request *request, const struct sk_link *link,
                     const struct sk_modbus_profile *manners)
{
    double per_s = 1000.0 / (request->period_ms > 0 ? request->period_ms : 1000);
    uint32_t line_us = sk_modbus_request_line_us(request, link);
    load->requests_per_s += per_s;
    load->busy += per_s * (line_us + manners->between_requests_ms * 1000.0) / 1e6;
}

static void request_put(struct report *report, cJSON *list, const struct sk_modbus_request *request,
                        const struct sk_device *device, const struct sk_link *link, uint32_t *asked_sum, uint32_t *used_sum)
{
    char text[160];
    uint32_t asked = 0, used = 0;
    cJSON *one = object_in(report, list);
    sk_modbus_request_text(request, device->unit, text, sizeof(text));
    sk_modbus_request_bytes(request, &asked, &used);
    *asked_sum += asked;
    *used_sum += used;
    put_text(report, one, "text", text);
    put_number(report, one, "function", request->function);
    put_number(report, one, "address", request->address);
    put_number(report, one, "count", request->count);
    put_number(report, one, "period_ms", request->period_ms);
    put_number(report, one, "asked", asked);
    put_number(report, one, "used", used);
    if (link->protocol == SK_PROTO_MODBUS_RTU)
        put_number(report, one, "line_us", sk_modbus_request_line_us(request, link));
}

/* The head of an event ring is read each period too, by the session that carries door events. */
static void ring_put(struct report *report, cJSON *list, const struct sk_device *device, const struct sk_link *link,
                     struct load *load, uint32_t *asked, uint32_t *used)
{
    const struct sk_ring_profile *ring = &device->profile->ring;
    if (!ring->present)
        return;
    const struct sk_modbus_request head = {.function = (enum sk_modbus_function)ring->function,
                                           .address = ring->epoch,
                                           .count = RING_HEAD_REGISTERS,
                                           .period_ms = device->period_ms,
                                           .used = RING_HEAD_REGISTERS};
    request_put(report, list, &head, device, link, asked, used);
    load_add(load, &head, link, &device->profile->modbus);
}

static enum sk_err plan_put(struct report *report, cJSON *to, uint32_t index, const struct sk_link *link, struct load *load,
                            struct sk_fault *fault)
{
    const struct sk_device *device = &report->site->devices[index];
    struct sk_modbus_plan *plan = NULL;
    uint32_t asked = 0, used = 0;
    enum sk_err err = sk_modbus_plan_make(report->site, index, &plan, fault);
    if (err != SK_OK)
        return sk_fault_prefix(fault, "%s: device %s", report->site->file, device->id);
    cJSON *list = put_list(report, to, "requests");
    for (size_t i = 0; i < plan->request_count; i++) {
        request_put(report, list, &plan->requests[i], device, link, &asked, &used);
        load_add(load, &plan->requests[i], link, &device->profile->modbus);
    }
    ring_put(report, list, device, link, load, &asked, &used);
    put_number(report, to, "asked", asked);
    put_number(report, to, "used", used);
    sk_modbus_plan_free(plan);
    return SK_OK;
}

static enum sk_err device_put(struct report *report, cJSON *list, uint32_t index, struct load *load, struct sk_fault *fault)
{
    const struct sk_device *device = &report->site->devices[index];
    const struct sk_link *link = &report->site->links[device->link];
    cJSON *one = object_in(report, list);
    put_text(report, one, "id", device->id);
    put_text(report, one, "profile", device->profile->id);
    put_number(report, one, "points", device->point_count);
    if (link->protocol == SK_PROTO_MQTT) {
        put_text(report, one, "topic", device->topic);
        return SK_OK;
    }
    put_number(report, one, "unit", device->unit);
    return plan_put(report, one, index, link, load, fault);
}

/* --- one link --- */
static void address_put(struct report *report, cJSON *to, const struct sk_link *link)
{
    char text[320];
    if (link->protocol == SK_PROTO_MODBUS_RTU)
        (void)sk_text_format(text, sizeof(text), "%s %u %u%c%u", link->serial_device, link->baud, link->data_bits, link->parity,
                             link->stop_bits);
    else
        (void)sk_text_format(text, sizeof(text), "%s port %u%s", link->host, link->port, link->tls ? " TLS" : "");
    put_text(report, to, "address", text);
}

static void file_check(struct report *report, const struct sk_link *link, const char *path, const char *what)
{
    char text[256];
    if (path == NULL || path[0] == '\0' || access(path, R_OK) == 0)
        return;
    (void)sk_text_format(text, sizeof(text), "%s '%s' cannot be read from here", what, path);
    warn(report, link->id, text);
}

static void load_put(struct report *report, cJSON *to, const struct sk_link *link, const struct load *load)
{
    char text[160];
    if (link->protocol == SK_PROTO_MQTT)
        return;
    put_number(report, to, "requests_per_s", load->requests_per_s);
    if (link->protocol != SK_PROTO_MODBUS_RTU)
        return;
    put_number(report, to, "busy_percent", load->busy * 100);
    if (load->busy * 100 <= BUSY_WARN_PERCENT)
        return;
    (void)sk_text_format(text, sizeof(text), "the line is busy %.0f %% of the time before any device thinks: %s",
                         load->busy * 100,
                         load->busy > 1 ? "the periods cannot be kept; lengthen them or raise the baud rate"
                                        : "one dead device will break the periods; lengthen them or raise the baud rate");
    warn(report, link->id, text);
}

static enum sk_err link_put(struct report *report, cJSON *list, size_t index, struct sk_fault *fault)
{
    const struct sk_link *link = &report->site->links[index];
    struct load load = {0, 0};
    cJSON *one = object_in(report, list);
    put_text(report, one, "id", link->id);
    put_text(report, one, "protocol", PROTOCOL[link->protocol]);
    report->bad = cJSON_AddBoolToObject(one, "simulated", link->simulated) == NULL || report->bad;
    address_put(report, one, link);
    cJSON *devices = put_list(report, one, "devices");
    enum sk_err err = SK_OK;
    for (size_t i = 0; i < report->site->device_count && err == SK_OK; i++)
        if (report->site->devices[i].link == (int32_t)index)
            err = device_put(report, devices, (uint32_t)i, &load, fault);
    load_put(report, one, link, &load);
    file_check(report, link, link->ca_file, "CA certificate");
    file_check(report, link, link->cert_file, "certificate");
    file_check(report, link, link->key_file, "key");
    file_check(report, link, link->password_file, "password file");
    return err;
}

/* --- the whole --- */
static void head_put(struct report *report, cJSON *to)
{
    const struct sk_site *site = report->site;
    char digest[2 * sizeof(site->digest) + 1];
    sk_hex_write(digest, site->digest, sizeof(site->digest));
    put_text(report, to, "site", site->id);
    put_text(report, to, "class", CLASS[site->class_]);
    put_text(report, to, "zone", site->zone_name);
    put_text(report, to, "file", site->file);
    put_text(report, to, "digest", digest);
    cJSON *counts = cJSON_AddObjectToObject(to, "counts");
    put_number(report, counts, "links", (double)site->link_count);
    put_number(report, counts, "devices", (double)(site->device_count - site->link_count - 1)); /* without our own */
    put_number(report, counts, "points", (double)site->point_count);
    put_number(report, counts, "zones", (double)site->zone_count);
    put_number(report, counts, "doors", (double)site->door_count);
    put_number(report, counts, "profiles", (double)(site->profile_count - 1));
}

/* How much the history will take: bytes a day, and once every tier is as old as it gets (a tier kept for ever: ten years). */
static void history_put(struct report *report, cJSON *to)
{
    enum { FOR_EVER_DAYS = 3650 };
    const struct sk_site *site = report->site;
    double per_day[SK_TIER_COUNT] = {0}, day = 0, full = 0;
    char text[200];
    for (size_t i = 0; i < site->point_count; i++) {
        double one[SK_TIER_COUNT];
        if (site->points[i].kind->kind == SK_KIND_TEXT)
            continue;
        sk_history_forecast(site->points[i].period_ms, one);
        for (int tier = 0; tier < SK_TIER_COUNT; tier++)
            per_day[tier] += one[tier];
    }
    for (int tier = 0; tier < SK_TIER_COUNT; tier++) {
        day += per_day[tier];
        full += per_day[tier] * (site->history_days[tier] > 0 ? site->history_days[tier] : FOR_EVER_DAYS);
    }
    cJSON *history = cJSON_AddObjectToObject(to, "history");
    put_number(report, history, "mib_per_day", day / (1 << 20));
    put_number(report, history, "mib_full", full / (1 << 20));
    put_number(report, history, "budget_mib", (double)(site->history_budget_bytes >> 20));
    put_text(report, history, "assumption",
             "0.25 bytes a sample, 1.8 a bucket; a facility with noisier sensors needs up to twice that");
    if (site->history_budget_bytes == 0 || full < (double)site->history_budget_bytes * 0.8)
        return;
    (void)sk_text_format(text, sizeof(text), "will need about %.0f MiB of %llu MiB: raise disk_budget_mb or keep fewer days",
                         full / (1 << 20), (unsigned long long)(site->history_budget_bytes >> 20));
    warn(report, "history", text);
}

/* How many signals have which source, and by name those that the site file stands in for or that have none. */
static void signals_put(struct report *report, const struct sk_zone *zone, cJSON *to)
{
    static struct sk_signal_has has[SK_SIGNAL_COUNT];
    size_t counts[SK_SOURCE_EXPIRED + 1] = {0};
    sk_signals_of_site(report->site, zone, sk_clock_read().utc_us, has);
    cJSON *signals = cJSON_AddObjectToObject(to, "signals"), *list = put_list(report, signals, "list");
    for (size_t i = 0; i < SK_SIGNAL_COUNT; i++) {
        counts[has[i].source]++;
        if (has[i].source == SK_SOURCE_POINTS || has[i].source == SK_SOURCE_KEPT)
            continue;
        cJSON *one = object_in(report, list);
        put_text(report, one, "signal", sk_signal_at(i)->name);
        put_text(report, one, "source", sk_signal_source_name(has[i].source));
        report->bad = cJSON_AddBoolToObject(one, "there", sk_signal_is_there(&has[i])) == NULL || report->bad;
        if (has[i].keeper[0] != '\0')
            put_text(report, one, "register", has[i].keeper);
        if (has[i].stand_in != NULL && has[i].keeper[0] == '\0')
            put_text(report, one, "document", has[i].stand_in->document);
    }
    for (int source = 1; sk_signal_source_name(source) != NULL; source++)
        put_number(report, signals, sk_signal_source_name(source), (double)counts[source]);
}

static void signals_of_zone_put(struct report *report, cJSON *to)
{
    struct sk_zone *zone = NULL;
    struct sk_fault ignored = {.text = ""};
    if (sk_zone_load(report->site->zone_name, &zone, &ignored) == SK_OK) /* it was good when the file was read */
        signals_put(report, zone, to);
    sk_zone_free(zone);
}

enum sk_err sk_check_report(const struct sk_site *site, cJSON **ret_report, struct sk_fault *fault)
{
    struct report report = {.site = site, .warnings = cJSON_CreateArray()};
    cJSON *whole = cJSON_CreateObject();
    enum sk_err err = whole != NULL && report.warnings != NULL ? SK_OK : SK_ERR_NOMEM;
    if (err == SK_OK) {
        head_put(&report, whole);
        cJSON *links = put_list(&report, whole, "links");
        for (size_t i = 0; i < site->link_count && err == SK_OK; i++)
            err = link_put(&report, links, i, fault);
        history_put(&report, whole);
        signals_of_zone_put(&report, whole);
        (void)sk_site_advise(site, warn, &report);
    }
    if (err == SK_OK && report.bad)
        err = SK_ERR_NOMEM;
    if (err == SK_OK && cJSON_AddItemToObject(whole, "warnings", report.warnings)) {
        *ret_report = whole;
        return SK_OK;
    }
    cJSON_Delete(report.warnings);
    cJSON_Delete(whole);
    return err == SK_OK || err == SK_ERR_NOMEM ? sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for the report") : err;
}
