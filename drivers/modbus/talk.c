/* SPDX-License-Identifier: Apache-2.0 */
/* One link kept in talking order; see talk.h for what is retried and what is not. */
#include "drivers/modbus/talk.h"

#include "schemas/base/clock.h"

#define BACKOFF_FIRST_US   INT64_C(100000)
#define BACKOFF_LAST_US    INT64_C(5000000)
#define CONNECT_MIN_MS     UINT32_C(1000)
#define CONNECT_MAX_MS     UINT32_C(5000)
#define BUSY_PAUSE_US      INT64_C(50000)
#define TIMEOUT_DEFAULT_MS UINT32_C(1000)

uint32_t sk_modbus_timeout_ms(const struct sk_link *link, const struct sk_modbus_profile *profile)
{
    if (link->timeout_ms != 0)
        return link->timeout_ms;
    return profile->timeout_ms != 0 ? profile->timeout_ms : TIMEOUT_DEFAULT_MS;
}

enum sk_err sk_modbus_talk_init(struct sk_modbus_talk *talk, const struct sk_site *site, uint32_t link,
                                const struct sk_driver_host *host, struct sk_fault *fault)
{
    *talk = (struct sk_modbus_talk){.host = host, .link = &site->links[link], .stop_fd = -1};
    for (size_t i = 0; i < site->device_count; i++) {
        const struct sk_device *device = &site->devices[i];
        if (device->link == (int32_t)link && device->profile != NULL &&
            device->profile->modbus.after_connect_ms > talk->after_connect_ms)
            talk->after_connect_ms = device->profile->modbus.after_connect_ms;
    }
    return sk_wire_create(talk->link, -1, &talk->wire, fault);
}

void sk_modbus_talk_release(struct sk_modbus_talk *talk)
{
    if (talk->wire != NULL)
        talk->wire->kind->free(talk->wire);
    talk->wire = NULL;
}

bool sk_modbus_talk_sleep(struct sk_modbus_talk *talk, int64_t until_us)
{
    return sk_wire_wait(-1, talk->stop_fd, until_us) == SK_ERR_TIMEOUT && !talk->host->stopping(talk->host->context);
}

static void lost(struct sk_modbus_talk *talk)
{
    if (talk->up)
        talk->losses++;
    talk->up = false;
    talk->backoff_us = talk->backoff_us == 0 ? BACKOFF_FIRST_US : talk->backoff_us * 2;
    if (talk->backoff_us > BACKOFF_LAST_US)
        talk->backoff_us = BACKOFF_LAST_US;
    talk->retry_us = sk_clock_mono_us() + talk->backoff_us;
}

static bool reconnect(struct sk_modbus_talk *talk)
{
    uint32_t timeout_ms = talk->link->timeout_ms;
    timeout_ms = timeout_ms < CONNECT_MIN_MS ? CONNECT_MIN_MS : timeout_ms > CONNECT_MAX_MS ? CONNECT_MAX_MS : timeout_ms;
    talk->wire->stop_fd = talk->stop_fd;
    if (talk->wire->kind->connect(talk->wire, timeout_ms, NULL) != SK_OK) {
        lost(talk);
        return false;
    }
    talk->counts.reconnects += talk->ever_up;
    talk->up = talk->ever_up = true;
    talk->backoff_us = 0;
    talk->quiet_until_us = sk_clock_mono_us() + talk->after_connect_ms * SK_US_PER_MS;
    return true;
}

bool sk_modbus_talk_ready(struct sk_modbus_talk *talk)
{
    if (talk->wire->connected)
        return true;
    if (talk->host->stopping(talk->host->context) || (!talk->up && sk_clock_mono_us() < talk->retry_us))
        return false;
    return reconnect(talk);
}

static void count(struct sk_modbus_counts *counts, const struct sk_wire_reply *reply)
{
    counts->requests++;
    counts->timeouts += reply->outcome == SK_WIRE_TIMEOUT;
    counts->crc_errors += reply->outcome == SK_WIRE_CRC;
    counts->exceptions += reply->outcome == SK_WIRE_EXCEPTION;
    if (reply->outcome == SK_WIRE_ANSWER || reply->outcome == SK_WIRE_EXCEPTION)
        counts->rtt_ms = (double)(reply->after_us - reply->before_us) / 1000.0;
}

/* One question, with the pause before it. A connection found closed is renewed once; when that one is closed on our question
 * too, the link is there (talk->up) and this unit is what the gateway chokes on. */
static void ask_once(struct sk_modbus_talk *talk, const struct sk_modbus_profile *profile,
                     const struct sk_wire_request *request, struct sk_wire_reply *reply)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        reply->outcome = SK_WIRE_CLOSED;
        reply->late_reply = false;
        reply->before_us = reply->after_us = sk_clock_mono_us();
        if (!sk_modbus_talk_ready(talk))
            return;
        if (talk->quiet_until_us > reply->before_us && !sk_modbus_talk_sleep(talk, talk->quiet_until_us)) {
            reply->outcome = SK_WIRE_STOPPED;
            return;
        }
        talk->wire->kind->ask(talk->wire, request, reply);
        talk->quiet_until_us = sk_clock_mono_us() + profile->between_requests_ms * SK_US_PER_MS;
        if (reply->outcome != SK_WIRE_STOPPED)
            count(&talk->counts, reply);
        if (reply->outcome != SK_WIRE_CLOSED)
            return;
    }
}

void sk_modbus_talk_ask(struct sk_modbus_talk *talk, const struct sk_device *device, const struct sk_modbus_request *span,
                        uint8_t retries, struct sk_wire_reply *reply)
{
    const struct sk_modbus_profile *profile = &device->profile->modbus;
    struct sk_wire_request request = {.unit = device->unit,
                                      .function = span->function,
                                      .address = span->address,
                                      .count = span->count,
                                      .timeout_ms = sk_modbus_timeout_ms(talk->link, profile),
                                      .late_reply_ms = profile->late_reply_ms};
    uint8_t left = retries < profile->retries ? retries : profile->retries;
    for (;; left--) {
        ask_once(talk, profile, &request, reply);
        bool busy = reply->outcome == SK_WIRE_EXCEPTION && reply->exception == 6;
        if (left == 0 || (!busy && reply->outcome != SK_WIRE_CRC))
            return;
        if (busy && !sk_modbus_talk_sleep(talk, sk_clock_mono_us() + BUSY_PAUSE_US))
            return;
    }
}
