/* SPDX-License-Identifier: Apache-2.0 */
/* The poller process. Shape: one thread per driver session; the main thread reads the parent's packets (COMMITTED, STOP). A
 * session thread that hands an event over sends it and waits until the parent says its number is committed: that wait is what
 * keeps the broker's acknowledgement behind the commit. Samples are sent without waiting; when the parent is too busy to take
 * them, the newest value of each point is kept and sent with the next batch (history is given up first, counted in the log).
 *
 * Samples that follow each other closely share a packet: the first goes at once, the others wait for the main thread, which is
 * woken for the first of them and then looks from time to time until nothing comes any more. So a lone message is not delayed,
 * and a thousand a second cost a hundred wake-ups. What is polled comes in slots: there it looks once after each. */
#include "collector/poller.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/gather.h"
#include "collector/hold.h"
#include "collector/pulse.h"
#include "collector/shorten.h"
#include "drivers/handover.h"
#include "schemas/base/bytes.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

/* The longest batch: 52 bytes a sample, its texts, and a head. */
enum { BATCH_BYTES = SK_BATCH_MAX * 52 + SK_BATCH_TEXT_MAX + 256 };

struct poller;

struct session {
    struct poller *poller;
    const struct sk_driver *driver;
    uint32_t link;
    struct sk_driver_session *session;
    pthread_t thread;
    bool started;
};

struct poller {
    const struct sk_site *site;
    size_t number;
    int stop_fd, wake_fd; /* wake: samples wait for the main thread */
    atomic_bool stopping;
    struct session *sessions;
    size_t session_count;
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t committed_changed;
    uint64_t next_number, committed;
    struct sk_packet packet;      /* what is not sent yet, numbered already */
    int64_t sent_us;              /* mono: when the last packet went */
    bool gathering;               /* the main thread looks at the packet at look_us */
    int64_t look_us, patience_us; /* patience: the least of those who added since the last look */
    struct sk_hold *hold;
    uint64_t told_given_up; /* of the samples given up, so many were told of */
    struct sk_shorten *shorten;
    struct sk_sample samples[SK_BATCH_MAX]; /* of the batch being sent; of what was held back, before it */
};

const struct sk_driver *sk_driver_of(enum sk_protocol protocol)
{
    return protocol == SK_PROTO_MQTT ? &sk_driver_mqtt : &sk_driver_modbus;
}

static bool serves(const struct sk_site *site, uint32_t link, bool events_only)
{
    return sk_driver_of(site->links[link].protocol)->serves(site, link, events_only);
}

size_t sk_poller_count(const struct sk_site *site)
{
    size_t links = 0;
    for (uint32_t link = 0; link < site->link_count; link++)
        links += serves(site, link, false);
    return 1 + (links + SK_LINKS_PER_POLLER - 1) / SK_LINKS_PER_POLLER;
}

size_t sk_poller_links(const struct sk_site *site, size_t poller, uint32_t *ret_links)
{
    size_t count = 0, rank = 0; /* rank among the links with ordinary sessions decides their poller */
    for (uint32_t link = 0; link < site->link_count; link++) {
        if (!serves(site, link, poller == 0) || (poller > 0 && rank++ / SK_LINKS_PER_POLLER + 1 != poller))
            continue;
        if (ret_links != NULL)
            ret_links[count] = link;
        count++;
    }
    return count;
}

/* --- sending (lock held) --- */

/* SK_ERR_AGAIN: the parent's queue is full and `wait` was false; the packet stays. */
static enum sk_err flush_locked(struct poller *poller, bool wait)
{
    while (poller->packet.length > 0) {
        if (send(SK_POLLER_FD, poller->packet.bytes, poller->packet.length, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)) >= 0) {
            poller->packet.length = 0;
            poller->sent_us = sk_clock_mono_us();
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return SK_ERR_AGAIN;
        } else if (errno != EINTR) {
            return SK_ERR_CLOSED;
        }
    }
    return SK_OK;
}

/* Into the packet; one that is full goes first. */
static enum sk_err add_locked(struct poller *poller, struct sk_handover *message, bool wait)
{
    message->number = poller->next_number + 1;
    enum sk_err err = sk_packet_add(&poller->packet, message);
    if (err == SK_ERR_TOO_LONG && poller->packet.length > 0) {
        err = flush_locked(poller, wait);
        if (err == SK_OK)
            err = sk_packet_add(&poller->packet, message);
    }
    if (err == SK_OK)
        poller->next_number++;
    return err;
}

/* What somebody waits for, or what is said once. */
static enum sk_err send_locked(struct poller *poller, struct sk_handover *message)
{
    enum sk_err err = add_locked(poller, message, true);
    return err == SK_OK ? flush_locked(poller, true) : err;
}

/* Samples: at once when the last packet is long past, else with those that follow. A parent that is busy is asked again by the
 * main thread. */
static void send_soon_locked(struct poller *poller, int64_t patience_us)
{
    const uint64_t one = 1;
    const int64_t now_us = sk_clock_mono_us();
    poller->patience_us = patience_us < poller->patience_us ? patience_us : poller->patience_us;
    if (poller->gathering && poller->look_us <= now_us + patience_us)
        return;
    if (!poller->gathering && now_us - poller->sent_us >= patience_us && flush_locked(poller, false) != SK_ERR_AGAIN)
        return;
    poller->gathering = true;
    poller->look_us = sk_gather_look_us(now_us, patience_us, true);
    const ssize_t written = write(poller->wake_fd, &one, sizeof one);
    (void)written;
}

/* Sends what was held back; false while the parent cannot take it all. */
static bool send_held(struct poller *poller, uint32_t link)
{
    while (sk_hold_count(poller->hold) > 0) {
        const size_t count = sk_hold_peek(poller->hold, poller->samples, SK_BATCH_MAX);
        struct sk_handover message = {.type = SK_UP_BATCH, .batch = {.link = link, .samples = poller->samples, .count = count}};
        if (add_locked(poller, &message, false) != SK_OK)
            return false;
        sk_hold_drop(poller->hold, poller->samples, count);
    }
    return true;
}

static bool tell_given_up(struct poller *poller)
{
    const uint64_t given_up = sk_hold_given_up(poller->hold) - poller->told_given_up;
    if (given_up == 0)
        return true;
    struct sk_handover message = {.type = SK_UP_GIVEN_UP, .given_up = given_up};
    if (add_locked(poller, &message, false) != SK_OK)
        return false;
    sk_log(SK_LOG_WARNING, "the collector was busy: %llu samples were given up, the newest of each point arrived late",
           (unsigned long long)given_up);
    poller->told_given_up += given_up;
    return true;
}

/* --- what drivers call --- */

static struct sk_now host_now(void *context)
{
    (void)context;
    return sk_clock_times();
}

static bool host_stopping(void *context)
{
    const struct session *session = context;
    return atomic_load(&session->poller->stopping);
}

/* Behind older values or not at all: a point's values never overtake each other. */
static bool send_batch(struct poller *poller, const struct sk_batch *batch)
{
    struct sk_handover message = {.type = SK_UP_BATCH};
    if (!send_held(poller, batch->link) || !tell_given_up(poller))
        return false;
    if (poller->packet.length + BATCH_BYTES > SK_HANDOVER_MAX && flush_locked(poller, false) == SK_ERR_AGAIN)
        return false;
    sk_shorten_batch(poller->shorten, batch, poller->samples, &message.batch);
    for (size_t i = 0; i < message.batch.count; i++)
        sk_hold_settle(poller->hold, &poller->samples[i]);
    return add_locked(poller, &message, false) != SK_ERR_AGAIN;
}

static void host_samples(void *context, const struct sk_batch *batch)
{
    const struct session *session = context;
    struct poller *poller = session->poller;
    pthread_mutex_lock(&poller->lock);
    if (!send_batch(poller, batch)) {
        sk_hold_put(poller->hold, batch);
        sk_shorten_skipped(poller->shorten, batch);
    }
    send_soon_locked(poller, session->driver == &sk_driver_mqtt ? SK_GATHER_MQTT_US : SK_GATHER_POLLED_US);
    pthread_mutex_unlock(&poller->lock);
}

/* Sends and waits until the number it got is committed. */
static enum sk_err send_and_wait(struct poller *poller, struct sk_handover *message)
{
    pthread_mutex_lock(&poller->lock);
    enum sk_err err = send_locked(poller, message);
    uint64_t mine = poller->next_number;
    while (err == SK_OK && poller->committed < mine) {
        if (atomic_load(&poller->stopping))
            err = SK_ERR_CLOSED;
        else
            pthread_cond_wait(&poller->committed_changed, &poller->lock);
    }
    pthread_mutex_unlock(&poller->lock);
    return err;
}

static enum sk_err host_event(void *context, const struct sk_access_event *event)
{
    struct sk_handover *message = sk_calloc(1, sizeof *message);
    if (message == NULL)
        return SK_ERR_CLOSED; /* no answer: the broker keeps it and sends it again */
    message->type = SK_UP_EVENT;
    message->event = *event;
    enum sk_err err = send_and_wait(((struct session *)context)->poller, message);
    sk_free_secret(message, sizeof *message);
    return err;
}

static enum sk_err host_list(void *context, const struct sk_permit_chunk *chunk)
{
    struct sk_handover message = {.type = SK_UP_LIST};
    uint8_t *bytes = sk_calloc(1, SK_PERMIT_BYTES_MAX);
    enum sk_err err =
        bytes == NULL ? SK_ERR_CLOSED : sk_permit_chunk_encode(chunk, bytes, SK_PERMIT_BYTES_MAX, &message.list_length);
    message.list = bytes;
    if (err == SK_OK)
        err = send_and_wait(((struct session *)context)->poller, &message);
    sk_free_secret(bytes, bytes != NULL ? SK_PERMIT_BYTES_MAX : 0);
    return err;
}

static enum sk_err host_malformed(void *context, const struct sk_malformed *what)
{
    struct sk_handover message = {.type = SK_UP_MALFORMED, .malformed = *what};
    return send_and_wait(((struct session *)context)->poller, &message);
}

static void host_said(void *context, const char *text)
{
    const struct session *session = context;
    const struct sk_link *link = &session->poller->site->links[session->link];
    if (text[0] == '\0')
        sk_log(SK_LOG_NOTICE, "link '%s': connected again", link->id);
    else
        sk_log(SK_LOG_WARNING, "link '%s' cannot connect to %s: %s", link->id, link->host != NULL ? link->host : "its bus",
               text);
}

/* --- sessions --- */

static void report_end(struct session *session, enum sk_err err, const char *text)
{
    struct sk_handover message = {.type = SK_UP_ENDED, .link = session->link};
    sk_text_format(message.text, sizeof message.text, "%s", text != NULL ? text : sk_err_text(err));
    pthread_mutex_lock(&session->poller->lock);
    send_locked(session->poller, &message);
    pthread_mutex_unlock(&session->poller->lock);
}

static void *session_thread(void *context)
{
    struct session *session = context;
    enum sk_err err = session->driver->run(session->session, session->poller->stop_fd);
    if (err != SK_OK && !atomic_load(&session->poller->stopping))
        report_end(session, err, NULL);
    return NULL;
}

static void start_session(struct session *session, const struct sk_driver_host *host)
{
    struct sk_fault fault = {0};
    struct poller *poller = session->poller;
    enum sk_err err = session->driver->open(poller->site, session->link, poller->number == 0, host, &session->session, &fault);
    if (err != SK_OK) {
        sk_log(SK_LOG_ERROR, "link '%s' cannot work: %s", poller->site->links[session->link].id, fault.text);
        report_end(session, err, fault.text);
        return;
    }
    session->started = pthread_create(&session->thread, NULL, session_thread, session) == 0;
    if (!session->started)
        report_end(session, SK_ERR_NOMEM, "no thread for the link");
}

static void start_sessions(struct poller *poller, const uint32_t *links, size_t link_count, struct sk_driver_host *hosts)
{
    for (size_t i = 0; i < link_count; i++) {
        const uint32_t link = links[i];
        struct session *session = &poller->sessions[poller->session_count];
        *session = (struct session){.poller = poller, .driver = sk_driver_of(poller->site->links[link].protocol), .link = link};
        hosts[poller->session_count] = (struct sk_driver_host){.context = session,
                                                               .now = host_now,
                                                               .stopping = host_stopping,
                                                               .samples = host_samples,
                                                               .event = host_event,
                                                               .list = host_list,
                                                               .malformed = host_malformed,
                                                               .said = host_said};
        start_session(session, &hosts[poller->session_count++]);
    }
}

/* --- the main thread --- */

static void say_hello(struct poller *poller)
{
    struct sk_handover message = {.type = SK_UP_HELLO, .poller = (uint32_t)poller->number};
    memcpy(message.site_digest, poller->site->digest, sizeof message.site_digest);
    pthread_mutex_lock(&poller->lock);
    send_locked(poller, &message);
    pthread_mutex_unlock(&poller->lock);
}

static bool take_message(struct poller *poller, const uint8_t *bytes, size_t length)
{
    static struct sk_sample unused[SK_BATCH_MAX];
    static struct sk_handover message;
    if (sk_handover_decode(poller->site, bytes, length, unused, &message) != SK_OK || message.type == SK_DOWN_STOP)
        return false;
    if (message.type == SK_DOWN_COMMITTED) {
        pthread_mutex_lock(&poller->lock);
        poller->committed = message.committed;
        pthread_cond_broadcast(&poller->committed_changed);
        pthread_mutex_unlock(&poller->lock);
    }
    return true;
}

/* One packet from the parent; false at the end. */
static bool take_packet(struct poller *poller)
{
    static uint8_t packet[SK_HANDOVER_MAX];
    const uint8_t *bytes;
    size_t at = 0, size;
    ssize_t length = recv(SK_POLLER_FD, packet, sizeof packet, MSG_DONTWAIT);
    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (length <= 0)
        return false;
    while (sk_packet_next(packet, (size_t)length, &at, &bytes, &size))
        if (!take_message(poller, bytes, size))
            return false;
    return at == (size_t)length;
}

/* Sends what was gathered; until when to wait for more (SK_NEVER: nothing came since the last look). */
static int64_t gather(struct poller *poller)
{
    pthread_mutex_lock(&poller->lock);
    const int64_t now_us = sk_clock_mono_us();
    if (poller->gathering && poller->look_us <= now_us) {
        poller->gathering = poller->packet.length > 0;
        flush_locked(poller, false);
        poller->look_us = sk_gather_look_us(now_us, poller->patience_us, false);
        poller->patience_us = SK_GATHER_POLLED_US;
    }
    const int64_t next_us = poller->gathering ? poller->look_us : SK_NEVER;
    pthread_mutex_unlock(&poller->lock);
    return next_us;
}

/* The main thread's life: packets from the parent, and samples that wait to be sent together. */
static void serve(struct poller *poller)
{
    struct pollfd watched[2] = {{.fd = SK_POLLER_FD, .events = POLLIN}, {.fd = poller->wake_fd, .events = POLLIN}};
    for (bool open = true; open;) {
        const int64_t next_us = gather(poller), left_us = next_us - sk_clock_mono_us();
        const struct timespec left = {.tv_sec = left_us > 0 ? left_us / SK_US_PER_S : 0,
                                      .tv_nsec = left_us > 0 ? left_us % SK_US_PER_S * 1000 : 0};
        uint64_t count;
        if (ppoll(watched, 2, next_us == SK_NEVER ? NULL : &left, NULL) <= 0)
            continue;
        if (watched[1].revents != 0 && read(poller->wake_fd, &count, sizeof count) < 0)
            continue;
        if (watched[0].revents != 0)
            open = take_packet(poller);
    }
}

static void stop_sessions(struct poller *poller)
{
    uint64_t one = 1;
    atomic_store(&poller->stopping, true);
    ssize_t written = write(poller->stop_fd, &one, sizeof one);
    (void)written;
    pthread_mutex_lock(&poller->lock);
    pthread_cond_broadcast(&poller->committed_changed);
    pthread_mutex_unlock(&poller->lock);
    for (size_t i = 0; i < poller->session_count; i++) {
        if (poller->sessions[i].started)
            pthread_join(poller->sessions[i].thread, NULL);
        if (poller->sessions[i].session != NULL)
            poller->sessions[i].driver->close(poller->sessions[i].session);
    }
}

int sk_poller_main(const struct sk_site *site, size_t number)
{
    struct poller poller = {.site = site,
                            .number = number,
                            .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                            .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                            .patience_us = SK_GATHER_POLLED_US};
    sk_pulse_start();
    pthread_mutex_init(&poller.lock, NULL);
    pthread_cond_init(&poller.committed_changed, NULL);
    poller.sessions = sk_calloc(site->link_count, sizeof *poller.sessions);
    poller.packet.bytes = sk_calloc(SK_HANDOVER_MAX, 1);
    enum sk_err err = sk_hold_create(site->point_count, &poller.hold);
    if (err == SK_OK)
        err = sk_shorten_create(site, &poller.shorten);
    struct sk_driver_host *hosts = sk_calloc(site->link_count, sizeof *hosts);
    uint32_t *links = sk_calloc(site->link_count, sizeof *links);
    bool ready = poller.sessions != NULL && poller.packet.bytes != NULL && err == SK_OK && hosts != NULL && links != NULL &&
                 poller.stop_fd >= 0 && poller.wake_fd >= 0;
    if (ready) {
        say_hello(&poller);
        start_sessions(&poller, links, sk_poller_links(site, number, links), hosts);
        serve(&poller);
        stop_sessions(&poller);
    }
    sk_free(links);
    sk_free(hosts);
    sk_shorten_free(poller.shorten);
    sk_hold_free(poller.hold);
    sk_free_secret(poller.packet.bytes, SK_HANDOVER_MAX);
    sk_free(poller.sessions);
    if (poller.wake_fd >= 0)
        close(poller.wake_fd);
    if (poller.stop_fd >= 0)
        close(poller.stop_fd);
    return ready ? 0 : 1;
}
