/* SPDX-License-Identifier: Apache-2.0 */
/* Poller processes from the parent's side. Shape: an array of slots, each a socket, a pid and two counters: the number of the
 * last message that waits for a commit, and the last one that was told. The sockets are in the loop only to wake it; reading
 * happens in sk_pollers_take(), door events first. */
#include "collector/pollers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/poller.h"
#include "collector/pulse.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

enum { SOCKET_BUFFER = 4 << 20, BACK_OFF_FIRST_S = 1, BACK_OFF_MOST_S = 30, END_WAIT_MS = 5000 };

struct slot {
    int fd;    /* -1: not running */
    pid_t pid; /* 0: not running */
    struct sk_source *source;
    bool ready, greeted;
    bool muted;        /* held: not watched, or its unread messages would wake the loop without end */
    bool has_links;    /* asked of the site once: the answer costs links x devices */
    uint64_t received; /* number of the last message */
    uint64_t waiting;  /* last EVENT or MALFORMED taken */
    uint64_t told;     /* COMMITTED sent up to here */
    uint64_t sent;     /* number of our last message */
    int64_t start_at_us, started_at_us;
    int pulse_fd;           /* -1: none */
    int64_t still_since_us; /* the last beat, or the start */
    bool beats;             /* has beaten since its start */
    bool watches, stalled;  /* as told */
    uint32_t back_off_s;
    struct sk_pollers *owner;
};

struct sk_pollers {
    struct sk_loop *loop;
    const struct sk_site *site;
    struct sk_poller_options options;
    struct sk_poller_events events;
    size_t count;
    size_t first; /* which of the others begins */
    int64_t judge_at_us;
    struct slot slots[SK_POLLERS_MAX];
    uint8_t packet[SK_HANDOVER_MAX];
    struct sk_sample samples[SK_BATCH_MAX];
    struct sk_handover message;
};

enum sk_err sk_pollers_create(struct sk_loop *loop, const struct sk_site *site, const struct sk_poller_options *options,
                              const struct sk_poller_events *events, struct sk_pollers **ret_pollers)
{
    size_t count = sk_poller_count(site);
    if (count > SK_POLLERS_MAX)
        return SK_ERR_TOO_LONG;
    struct sk_pollers *pollers = sk_calloc(1, sizeof *pollers);
    if (pollers == NULL)
        return SK_ERR_NOMEM;
    pollers->loop = loop;
    pollers->site = site;
    pollers->options = *options;
    pollers->events = *events;
    pollers->count = count;
    for (size_t i = 0; i < count; i++)
        pollers->slots[i] = (struct slot){.fd = -1,
                                          .pulse_fd = -1,
                                          .owner = pollers,
                                          .back_off_s = BACK_OFF_FIRST_S,
                                          .has_links = sk_poller_links(site, i, NULL) > 0};
    *ret_pollers = pollers;
    return SK_OK;
}

/* In the child: becomes the poller. The parent has one thread, so the allocator is sound here. */
static _Noreturn void become_poller(const struct sk_pollers *pollers, char *number, int fd, int pulse, pid_t parent)
{
    char *arguments[8];
    size_t count = 0;
    char profiles_key[] = "--profiles", site_key[] = "--site", poller_key[] = "--poller";
    arguments[count++] = strdup(pollers->options.binary);
    arguments[count++] = poller_key;
    arguments[count++] = number;
    arguments[count++] = site_key;
    arguments[count++] = strdup(pollers->options.site_file);
    if (pollers->options.profiles != NULL) {
        arguments[count++] = profiles_key;
        arguments[count++] = strdup(pollers->options.profiles);
    }
    arguments[count] = NULL;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* above both numbers first, so that neither is overwritten by the other, and dup2 clears close-on-exec */
    fd = fcntl(fd, F_DUPFD_CLOEXEC, SK_PULSE_FD + 1);
    pulse = pulse >= 0 ? fcntl(pulse, F_DUPFD_CLOEXEC, SK_PULSE_FD + 1) : -1;
    if (getppid() != parent || dup2(fd, SK_POLLER_FD) < 0 || (pulse >= 0 && dup2(pulse, SK_PULSE_FD) < 0))
        _exit(1);
    execv(pollers->options.binary, arguments);
    _exit(127);
}

static void slot_ready(void *context, uint32_t events)
{
    (void)events;
    ((struct slot *)context)->ready = true;
}

static void start_slot(struct sk_pollers *pollers, size_t poller, int64_t mono_us)
{
    struct slot *slot = &pollers->slots[poller];
    int pair[2], pulse[2] = {-1, -1}, size = SOCKET_BUFFER;
    char number[24];
    snprintf(number, sizeof number, "%zu", poller);
    slot->start_at_us = mono_us + (int64_t)slot->back_off_s * SK_US_PER_S;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        sk_log(SK_LOG_ERROR, "cannot make a socket for poller %zu: %s; retry in %u s", poller, strerror(errno),
               slot->back_off_s);
        return;
    }
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (!sk_pulse_open(pulse))
        sk_log(SK_LOG_WARNING, "no pipe for the pulse of poller %zu: %s", poller, strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become_poller(pollers, number, pair[1], pulse[1], parent);
    close(pair[1]);
    if (pulse[1] >= 0)
        close(pulse[1]);
    if (pid < 0 || sk_loop_add(pollers->loop, pair[0], EPOLLIN, slot_ready, slot, &slot->source) != SK_OK) {
        sk_log(SK_LOG_ERROR, "cannot start poller %zu: %s; retry in %u s", poller, strerror(errno), slot->back_off_s);
        close(pair[0]);
        if (pulse[0] >= 0)
            close(pulse[0]);
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return;
    }
    slot->fd = pair[0];
    slot->pulse_fd = pulse[0];
    slot->beats = false;
    slot->still_since_us = mono_us;
    slot->pid = pid;
    slot->greeted = slot->muted = false;
    slot->received = slot->waiting = slot->told = slot->sent = 0;
    slot->started_at_us = mono_us;
    pollers->events.poller_changed(pollers->events.context, poller, true);
}

void sk_pollers_tend(struct sk_pollers *pollers, int64_t mono_us)
{
    for (size_t i = 0; i < pollers->count; i++)
        if (pollers->slots[i].pid == 0 && mono_us >= pollers->slots[i].start_at_us && pollers->slots[i].has_links)
            start_slot(pollers, i, mono_us);
}

int64_t sk_pollers_deadline(const struct sk_pollers *pollers)
{
    int64_t soonest = SK_NEVER;
    for (size_t i = 0; i < pollers->count; i++)
        if (pollers->slots[i].pid == 0 && pollers->slots[i].has_links && pollers->slots[i].start_at_us < soonest)
            soonest = pollers->slots[i].start_at_us;
    return sk_pollers_running(pollers) > 0 && pollers->judge_at_us < soonest ? pollers->judge_at_us : soonest;
}

/* A poller that breaks the protocol is not repaired but ended; it will be started again. */
static void end_slot(struct slot *slot, const char *why)
{
    sk_log(SK_LOG_ERROR, "poller %td ended: %s", slot - slot->owner->slots, why);
    kill(slot->pid, SIGKILL);
    slot->ready = false;
}

static void tell_pulse(struct sk_pollers *pollers, size_t poller, bool watches, bool stalled)
{
    struct slot *slot = &pollers->slots[poller];
    const bool watches_before = slot->watches, stalled_before = slot->stalled;
    slot->watches = watches;
    slot->stalled = stalled;
    if (watches != watches_before)
        pollers->events.poller_watches(pollers->events.context, poller, watches);
    if (stalled != stalled_before)
        pollers->events.poller_stalled(pollers->events.context, poller, stalled);
}

static void judge_slot(struct sk_pollers *pollers, size_t poller, int64_t mono_us, int64_t ours_us)
{
    struct slot *slot = &pollers->slots[poller];
    slot->still_since_us += ours_us;
    if (slot->pulse_fd < 0 || sk_pulse_take(slot->pulse_fd)) { /* without a pipe it is believed to run, as it always was */
        slot->beats = true;
        slot->still_since_us = mono_us;
    }
    const int64_t still_ms = (mono_us - slot->still_since_us) / SK_US_PER_MS;
    tell_pulse(pollers, poller, slot->beats && still_ms <= SK_PULSE_LATE_MS, slot->beats && still_ms > SK_PULSE_LOST_MS);
    if (still_ms > SK_PULSE_FOR_GOOD_MS)
        end_slot(slot, "it did not run for half a minute");
}

void sk_pollers_judge(struct sk_pollers *pollers, int64_t mono_us, bool forced)
{
    if (mono_us < pollers->judge_at_us && !forced)
        return;
    const int64_t late_us = pollers->judge_at_us != 0 ? mono_us - pollers->judge_at_us : 0;
    pollers->judge_at_us = mono_us + SK_PULSE_MS * SK_US_PER_MS;
    for (size_t i = 0; i < pollers->count; i++)
        if (pollers->slots[i].pid != 0)
            judge_slot(pollers, i, mono_us, late_us > 0 ? late_us : 0);
}

static void dispatch(struct sk_pollers *pollers, struct slot *slot, struct sk_handover *message)
{
    const struct sk_poller_events *events = &pollers->events;
    switch (message->type) {
    case SK_UP_HELLO:
        slot->greeted = memcmp(message->site_digest, pollers->site->digest, sizeof message->site_digest) == 0;
        if (!slot->greeted)
            end_slot(slot, "it read another site file than the collector did; restart the collector");
        break;
    case SK_UP_BATCH:
        if (!events->batch(events->context, &message->batch))
            end_slot(slot, "it and the collector disagree about who belongs to a block");
        break;
    case SK_UP_EVENT:
        slot->waiting = message->number;
        events->event(events->context, &message->event);
        break;
    case SK_UP_LIST:
        slot->waiting = message->number;
        if (!events->list(events->context, message->list, message->list_length))
            end_slot(slot, "it sent a permit list that is none");
        break;
    case SK_UP_MALFORMED:
        slot->waiting = message->number;
        events->malformed(events->context, &message->malformed);
        break;
    case SK_UP_GIVEN_UP:
        events->given_up(events->context, message->given_up);
        break;
    case SK_UP_ENDED:
        events->link_ended(events->context, message->link, message->text);
        break;
    default:
        end_slot(slot, "it sent a message that only the collector sends");
    }
}

/* One message of a packet; false: the poller breaks the protocol and was ended. */
static bool take_message(struct sk_pollers *pollers, struct slot *slot, const uint8_t *bytes, size_t length)
{
    const enum sk_err err = sk_handover_decode(pollers->site, bytes, length, pollers->samples, &pollers->message);
    const bool in_order = err == SK_OK && pollers->message.number == slot->received + 1;
    if (!in_order || (!slot->greeted && pollers->message.type != SK_UP_HELLO)) {
        end_slot(slot, err != SK_OK ? "it sent a malformed message" : "it sent messages out of order");
        return false;
    }
    slot->received++;
    dispatch(pollers, slot, &pollers->message);
    explicit_bzero(pollers->message.event.identifier, sizeof pollers->message.event.identifier);
    return slot->ready;
}

/* One packet, whole; how many messages it held. 0: there is none. */
static size_t take_packet(struct sk_pollers *pollers, struct slot *slot)
{
    ssize_t length = recv(slot->fd, pollers->packet, sizeof pollers->packet, MSG_DONTWAIT);
    if (length <= 0) {
        if (length == 0 || (errno != EAGAIN && errno != EINTR)) {
            sk_loop_remove(pollers->loop, slot->source); /* SIGCHLD tells the rest */
            slot->source = NULL;
        }
        slot->ready = false;
        return 0;
    }
    const uint8_t *bytes;
    size_t at = 0, size, count = 0;
    while (sk_packet_next(pollers->packet, (size_t)length, &at, &bytes, &size)) {
        count++;
        if (!take_message(pollers, slot, bytes, size))
            return count;
    }
    if (at < (size_t)length || count == 0)
        end_slot(slot, "it sent a malformed packet");
    return count;
}

static void mute(struct sk_pollers *pollers, struct slot *slot, bool muted)
{
    if (slot->source == NULL || slot->muted == muted)
        return;
    if (sk_loop_change(pollers->loop, slot->source, muted ? 0 : EPOLLIN) == SK_OK)
        slot->muted = muted;
}

static size_t take_slot(struct sk_pollers *pollers, struct slot *slot, size_t most)
{
    size_t taken = 0;
    for (size_t got = 1; got > 0 && slot->ready && slot->fd >= 0 && taken < most; taken += got)
        got = take_packet(pollers, slot);
    return taken;
}

/* Door events first; the others begin with another one each time, so that a busy one cannot starve those behind it. */
size_t sk_pollers_take(struct sk_pollers *pollers, size_t most, bool hold_events)
{
    const size_t others = pollers->count - 1;
    mute(pollers, &pollers->slots[0], hold_events);
    size_t taken = hold_events ? 0 : take_slot(pollers, &pollers->slots[0], most);
    for (size_t i = 0; i < others && taken < most; i++)
        taken += take_slot(pollers, &pollers->slots[1 + (pollers->first + i) % others], most - taken);
    pollers->first++;
    return taken;
}

void sk_pollers_committed(struct sk_pollers *pollers)
{
    for (size_t i = 0; i < pollers->count; i++) {
        struct slot *slot = &pollers->slots[i];
        if (slot->fd < 0 || slot->told == slot->waiting)
            continue;
        uint8_t bytes[SK_HANDOVER_MAX];
        struct sk_packet packet = {.bytes = bytes};
        static struct sk_handover message;
        message.type = SK_DOWN_COMMITTED;
        message.number = slot->sent + 1;
        message.committed = slot->waiting;
        if (sk_packet_add(&packet, &message) != SK_OK ||
            send(slot->fd, packet.bytes, packet.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            continue; /* told with the next commit, or the poller is gone and its broker sends again */
        slot->sent++;
        slot->told = slot->waiting;
    }
}

size_t sk_pollers_count(const struct sk_pollers *pollers)
{
    return pollers->count;
}
int sk_pollers_pid(const struct sk_pollers *pollers, size_t poller)
{
    return pollers->slots[poller].pid;
}

size_t sk_pollers_running(const struct sk_pollers *pollers)
{
    size_t running = 0;
    for (size_t i = 0; i < pollers->count; i++)
        running += pollers->slots[i].pid != 0;
    return running;
}

static void bury_slot(struct sk_pollers *pollers, size_t poller, int status, int64_t mono_us)
{
    struct slot *slot = &pollers->slots[poller];
    sk_loop_remove(pollers->loop, slot->source);
    close(slot->fd);
    if (slot->pulse_fd >= 0)
        close(slot->pulse_fd);
    slot->pulse_fd = -1;
    bool lived_long = mono_us - slot->started_at_us > (int64_t)BACK_OFF_MOST_S * SK_US_PER_S;
    uint32_t doubled = slot->back_off_s * 2 < BACK_OFF_MOST_S ? slot->back_off_s * 2 : BACK_OFF_MOST_S;
    slot->back_off_s = lived_long ? BACK_OFF_FIRST_S : doubled;
    slot->start_at_us = mono_us + (int64_t)slot->back_off_s * SK_US_PER_S;
    sk_log(SK_LOG_ERROR, "poller %zu (pid %d) ended with %s %d; started again in %u s", poller, (int)slot->pid,
           WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
           slot->back_off_s);
    slot->pid = 0;
    slot->fd = -1;
    slot->source = NULL;
    slot->ready = false;
    tell_pulse(pollers, poller, false, false);
    pollers->events.poller_changed(pollers->events.context, poller, false);
}

void sk_pollers_reap(struct sk_pollers *pollers, int64_t mono_us)
{
    for (size_t i = 0; i < pollers->count; i++) {
        int status = 0;
        if (pollers->slots[i].pid != 0 && waitpid(pollers->slots[i].pid, &status, WNOHANG) == pollers->slots[i].pid)
            bury_slot(pollers, i, status, mono_us);
    }
}

/* The socket's end is the poller's sign to stop; waits for it to close its own end. */
static void await_end(const struct slot *slot)
{
    struct pollfd wait = {.fd = slot->fd, .events = POLLRDHUP | POLLHUP};
    while (poll(&wait, 1, END_WAIT_MS) < 0 && errno == EINTR) {
    }
    if ((wait.revents & POLLHUP) == 0)
        kill(slot->pid, SIGKILL);
    waitpid(slot->pid, NULL, 0);
}

void sk_pollers_free(struct sk_pollers *pollers)
{
    if (pollers == NULL)
        return;
    for (size_t i = 0; i < pollers->count; i++)
        if (pollers->slots[i].pid != 0)
            shutdown(pollers->slots[i].fd, SHUT_WR);
    for (size_t i = 0; i < pollers->count; i++) {
        struct slot *slot = &pollers->slots[i];
        if (slot->pid == 0)
            continue;
        await_end(slot);
        sk_loop_remove(pollers->loop, slot->source);
        close(slot->fd);
        if (slot->pulse_fd >= 0)
            close(slot->pulse_fd);
    }
    explicit_bzero(pollers->packet, sizeof pollers->packet);
    sk_free(pollers);
}
