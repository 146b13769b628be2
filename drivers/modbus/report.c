/* SPDX-License-Identifier: Apache-2.0 */
/* Health of the link and of its devices as ordinary samples: what the loader named link.* and device.*. */
#include "drivers/modbus/session.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"

static const char *const link_names[SK_LINK_POINT_COUNT] = {
    [SK_LINK_STATE] = "link.state",           [SK_LINK_RTT] = "link.rtt",
    [SK_LINK_TIMEOUTS] = "link.timeouts",     [SK_LINK_CRC_ERRORS] = "link.crc_errors",
    [SK_LINK_EXCEPTIONS] = "link.exceptions", [SK_LINK_RECONNECTS] = "link.reconnects",
    [SK_LINK_REQUESTS] = "link.requests",     [SK_LINK_PERIOD] = "link.period",
};

void sk_modbus_report_init(struct sk_modbus_session *session)
{
    char id[160];
    sk_text_format(id, sizeof(id), "link.%s", session->talk.link->id);
    int32_t monitor = sk_site_device(session->site, id);
    for (int i = 0; i < SK_LINK_POINT_COUNT; i++)
        session->link_points[i] = monitor < 0 ? -1 : sk_site_device_point(session->site, (uint32_t)monitor, link_names[i]);
    for (size_t i = 0; i < session->device_count; i++) {
        struct sk_modbus_unit_device *device = &session->devices[i];
        device->comm_point = sk_site_device_point(session->site, device->device, "device.comm");
        device->period_point = sk_site_device_point(session->site, device->device, "device.period");
        device->overruns_point = sk_site_device_point(session->site, device->device, "device.overruns");
        device->timeouts_point = sk_site_device_point(session->site, device->device, "device.timeouts");
    }
}

/* A figure that differs each time (a round trip, a count of requests) is told anew so often and no more; a count of failures, a
 * state, a quality at once. */
#define FIGURE_US (5 * SK_US_PER_S)

bool sk_modbus_may_stay_unsaid(int64_t now_us, int64_t said_us, uint32_t stale_ms)
{
    const int64_t half_us = stale_ms > 0 ? stale_ms * SK_US_PER_MS / 2 : FIGURE_US;
    return now_us + SK_MODBUS_REPORT_US - said_us < half_us;
}

static void add(struct sk_modbus_session *session, int32_t point, struct sk_modbus_told *told, const struct sk_sample *newest,
                int64_t patience_us)
{
    const int64_t now_us = session->now.mono_us;
    const bool same = told->at_us != 0 && told->quality == newest->quality;
    const bool moved = told->number < newest->number || told->number > newest->number;
    struct sk_sample sample = *newest;
    if (point < 0)
        return;
    sample.point = (uint32_t)point;
    if (same && (!moved || now_us - told->at_us < patience_us)) {
        if (sk_modbus_may_stay_unsaid(now_us, told->said_us, session->site->points[sample.point].stale_ms))
            return;
        sample.number = told->number;
        sample.flags = SK_SAMPLE_REFRESH;
    } else {
        *told = (struct sk_modbus_told){.number = newest->number, .at_us = now_us, .quality = newest->quality};
    }
    told->said_us = now_us;
    sk_modbus_batch_add(session, &sample, NULL);
}

static void add_number(struct sk_modbus_session *session, int32_t point, struct sk_modbus_told *told, double number,
                       int64_t patience_us)
{
    const struct sk_sample sample = {.kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD, .number = number};
    add(session, point, told, &sample, patience_us);
}

/* A unit that was not asked yet is neither normal nor lost. */
static void add_comm(struct sk_modbus_session *session, struct sk_modbus_unit_device *device, const struct sk_health *health,
                     double state)
{
    struct sk_sample sample = {.kind = SK_KIND_STATE, .quality = SK_Q_GOOD, .number = state};
    if (health->state == SK_HEALTH_LIVE && !health->known) {
        sample.quality = SK_Q_WAITING;
        sample.reason = SK_WHY_NEVER;
    }
    add(session, device->comm_point, &device->comm_told, &sample, 0);
}

static void report_link(struct sk_modbus_session *session)
{
    const struct sk_modbus_counts *counts = &session->talk.counts;
    const struct {
        double number;
        int64_t patience_us;
    } figures[SK_LINK_POINT_COUNT] = {
        [SK_LINK_RTT] = {counts->rtt_ms, FIGURE_US},
        [SK_LINK_TIMEOUTS] = {(double)counts->timeouts, 0},
        [SK_LINK_CRC_ERRORS] = {(double)counts->crc_errors, 0},
        [SK_LINK_EXCEPTIONS] = {(double)counts->exceptions, 0},
        [SK_LINK_RECONNECTS] = {(double)counts->reconnects, 0},
        [SK_LINK_REQUESTS] = {(double)counts->requests, FIGURE_US},
        [SK_LINK_PERIOD] = {session->cycle_ms, FIGURE_US},
    };
    const struct sk_sample state = {
        .kind = SK_KIND_STATE, .quality = SK_Q_GOOD, .number = session->talk.up /* words of link.state: "down|up" */};
    add(session, session->link_points[SK_LINK_STATE], &session->link_told[SK_LINK_STATE], &state, 0);
    for (int i = SK_LINK_STATE + 1; i < SK_LINK_POINT_COUNT; i++)
        add_number(session, session->link_points[i], &session->link_told[i], figures[i].number, figures[i].patience_us);
}

void sk_modbus_report(struct sk_modbus_session *session)
{
    enum { NORMAL = 0, LOST = 1 }; /* words of device.comm: "normal|lost" */
    int64_t now_us = session->host->now(session->host->context).mono_us;
    sk_modbus_batch_begin(session, now_us, now_us);
    report_link(session);
    for (size_t i = 0; i < session->device_count; i++) {
        struct sk_modbus_unit_device *device = &session->devices[i];
        const struct sk_health *health = &session->health[device->info->unit];
        const bool live = session->talk.up && health->state == SK_HEALTH_LIVE;
        add_comm(session, device, health, live ? NORMAL : LOST);
        add_number(session, device->period_point, &device->period_told, device->period_ms, FIGURE_US);
        add_number(session, device->overruns_point, &device->overruns_told, (double)device->overruns, 0);
        add_number(session, device->timeouts_point, &device->timeouts_told, (double)device->timeouts, 0);
    }
}
