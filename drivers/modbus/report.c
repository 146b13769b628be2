/* SPDX-License-Identifier: Apache-2.0 */
/* Health of the link and of its devices as ordinary samples: what the loader named link.* and device.*. */
#include "drivers/modbus/session.h"
#include "schemas/base/bytes.h"

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

static void add(struct sk_modbus_session *session, int32_t point, enum sk_value_kind kind, double number)
{
    if (point < 0)
        return;
    struct sk_sample sample = {
        .point = (uint32_t)point, .kind = (uint8_t)kind, .quality = SK_Q_GOOD, .reason = SK_WHY_NONE, .number = number};
    sk_modbus_batch_add(session, &sample, NULL);
}

/* A unit that was not asked yet is neither normal nor lost. */
static void add_comm(struct sk_modbus_session *session, int32_t point, const struct sk_health *health, double state)
{
    struct sk_sample sample = {.point = (uint32_t)point, .kind = SK_KIND_STATE, .quality = SK_Q_GOOD, .number = state};
    if (health->state == SK_HEALTH_LIVE && !health->known) {
        sample.quality = SK_Q_WAITING;
        sample.reason = SK_WHY_NEVER;
    }
    if (point >= 0)
        sk_modbus_batch_add(session, &sample, NULL);
}

void sk_modbus_report(struct sk_modbus_session *session)
{
    enum { DOWN_OR_NORMAL = 0, UP_OR_LOST = 1 }; /* words of link.state "down|up" and device.comm "normal|lost" */
    const struct sk_modbus_talk *talk = &session->talk;
    const double numbers[SK_LINK_POINT_COUNT] = {
        [SK_LINK_RTT] = talk->counts.rtt_ms,
        [SK_LINK_TIMEOUTS] = (double)talk->counts.timeouts,
        [SK_LINK_CRC_ERRORS] = (double)talk->counts.crc_errors,
        [SK_LINK_EXCEPTIONS] = (double)talk->counts.exceptions,
        [SK_LINK_RECONNECTS] = (double)talk->counts.reconnects,
        [SK_LINK_REQUESTS] = (double)talk->counts.requests,
        [SK_LINK_PERIOD] = session->cycle_ms,
    };
    int64_t now_us = session->host->now(session->host->context).mono_us;
    sk_modbus_batch_begin(session, now_us, now_us);
    add(session, session->link_points[SK_LINK_STATE], SK_KIND_STATE, talk->up ? UP_OR_LOST : DOWN_OR_NORMAL);
    for (int i = SK_LINK_STATE + 1; i < SK_LINK_POINT_COUNT; i++)
        add(session, session->link_points[i], SK_KIND_NUMBER, numbers[i]);
    for (size_t i = 0; i < session->device_count; i++) {
        const struct sk_modbus_unit_device *device = &session->devices[i];
        const struct sk_health *health = &session->health[device->info->unit];
        bool live = talk->up && health->state == SK_HEALTH_LIVE;
        add_comm(session, device->comm_point, health, live ? DOWN_OR_NORMAL : UP_OR_LOST);
        add(session, device->period_point, SK_KIND_NUMBER, device->period_ms);
        add(session, device->overruns_point, SK_KIND_NUMBER, (double)device->overruns);
        add(session, device->timeouts_point, SK_KIND_NUMBER, (double)device->timeouts);
    }
}
