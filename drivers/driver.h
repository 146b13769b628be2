/* SPDX-License-Identifier: Apache-2.0 */
/* A driver makes samples and access events out of one kind of wire. This page is all a driver and its host know of each other.
 *
 * Shape: one const struct sk_driver per protocol. The host (a poller process) opens one session per link and runs it on a
 * thread of its own; the driver blocks in there as its library does, and speaks to the host only through struct sk_driver_host.
 * Life: open -> run (once, until host->stopping() turns true or a fatal error) -> close. open does no I/O: it plans.
 * Threads: run() of different sessions run side by side; a session is used by one thread; stop_fd becomes readable at the end,
 * so that a wait can include it. Host callbacks may be called from any thread of the session.
 * Errors: a dead device is not an error of the session: it becomes samples of bad quality. run() returns SK_OK at the end and
 * an error only when the session can never work (configuration, memory); the host then logs it once and marks the link down.
 * Drivers never write to a device: Modbus function codes 1-4 only; MQTT publishes only below sekisho/<site>/. */
#ifndef SK_DRIVER_H
#define SK_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/permit_list.h"
#include "schemas/base/clock.h"
#include "schemas/base/err.h"
#include "schemas/model/access_event.h"
#include "schemas/model/block.h"
#include "schemas/model/sample.h"
#include "schemas/model/site.h"

#define SK_DRIVER_API_VERSION 1

/* A batch: samples that share one read. Borrowed for the call. */
struct sk_batch {
    uint32_t link;
    int64_t before_us, after_us; /* mono, around the read */
    const struct sk_sample *samples;
    size_t count;     /* at most SK_BATCH_MAX */
    const char *text; /* area for text values; may be NULL */
    size_t text_length;
    /* The first block.told samples were read as one block; a driver tells them all, the host leaves the unchanged ones out. */
    bool has_block;
    struct sk_block_read block;
};
/* Sessions that poll do so on this grid of the mono clock, so that what many links read in a slot can be handed over together.
 */
#define SK_POLL_SLOT_US INT64_C(50000) /* twenty bursts a second, none of them long */
enum { SK_BATCH_MAX = 512, SK_BATCH_TEXT_MAX = 8192 };

/* A payload that could not be understood: counted and recorded, never fatal. */
struct sk_malformed {
    int32_t device; /* -1 unknown */
    uint32_t link;
    const char *where;    /* topic or "ring entry 17" */
    const char *expected; /* one sentence */
    const void *bytes;
    size_t length; /* may be longer than what is kept (SK_NATIVE_MAX) */
};

struct sk_driver_host {
    void *context;
    struct sk_now (*now)(void *context); /* times only: the clock's quality is not asked for here */
    bool (*stopping)(void *context);
    /* Hands a batch over. Never blocks long: when the host cannot take it, history is given up, not the newest value. */
    void (*samples)(void *context, const struct sk_batch *batch);
    /* Hands one access event over and returns only when its record is committed (SK_OK), or when the session must end without
     * an answer (SK_ERR_CLOSED): then the caller acknowledges nothing. A known duplicate is SK_OK too. */
    enum sk_err (*event)(void *context, const struct sk_access_event *event);
    /* Same promise as event() for a door message that nobody understands. */
    enum sk_err (*malformed)(void *context, const struct sk_malformed *what);
    /* Same promise as event() for a chunk of the permit list that a controller holds. NULL: this host takes none. */
    enum sk_err (*list)(void *context, const struct sk_permit_chunk *chunk);
    /* Why the link does not come up, for an administrator; "" when it is up again. Once per change. NULL: nobody wants it. */
    void (*said)(void *context, const char *text);
};

struct sk_driver_session;

struct sk_driver {
    uint32_t api_version;
    const char *name;
    /* `events_only`: the session that carries door events; `samples_only` semantics otherwise. A driver without a split
     * (Modbus) serves rings only in events_only sessions and registers only in the other. */
    enum sk_err (*open)(const struct sk_site *site, uint32_t link, bool events_only, const struct sk_driver_host *host,
                        struct sk_driver_session **ret_session, struct sk_fault *fault);
    enum sk_err (*run)(struct sk_driver_session *session, int stop_fd);
    void (*close)(struct sk_driver_session *session);
    /* Has this link anything for a session of that kind? */
    bool (*serves)(const struct sk_site *site, uint32_t link, bool events_only);
};

extern const struct sk_driver sk_driver_modbus;
extern const struct sk_driver sk_driver_mqtt;

#endif
