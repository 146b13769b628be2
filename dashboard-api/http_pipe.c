/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that come out of a descriptor: read as the client takes them, asleep while there is nothing.
 *
 * Only here does a single connection sleep: one thread waits for all their descriptors (epoll, one shot) and resumes the one
 * that may go on. An answer leaves the list in its free callback under the same lock, hence a listed connection is alive; epoll
 * carries a number and not a pointer, so that what it reports late finds nobody. The client that stalls is the watch's: its
 * deadline is moved with each piece that is asked for. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dashboard-api/http_private.h"
#include "schemas/base/mem.h"

enum { BLOCK = 256, EVENTS = 16 };

struct piped {
    struct piped *previous, *next; /* on pipes->first */
    struct sk_http *http;
    struct MHD_Connection *connection;
    struct sk_watched *watched;
    uint64_t number;
    int fd;
    bool asleep, whole;
};

struct pipes {
    pthread_mutex_t lock;
    pthread_t thread;
    struct piped *first;
    uint64_t last_number;
    int epoll, stop;
    bool stopping, running;
};

static void resume(struct piped *piped)
{
    if (!piped->asleep)
        return;
    piped->asleep = false;
    MHD_resume_connection(piped->connection);
}

static void wake_number(struct pipes *pipes, uint64_t number)
{
    pthread_mutex_lock(&pipes->lock);
    for (struct piped *piped = pipes->first; piped; piped = piped->next)
        if (piped->number == number)
            resume(piped);
    pthread_mutex_unlock(&pipes->lock);
}

static void *wait_for_pipes(void *context)
{
    struct pipes *pipes = context;
    struct epoll_event events[EVENTS];
    for (;;) {
        const int count = epoll_wait(pipes->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == 0)
                return NULL; /* the stop */
            wake_number(pipes, events[i].data.u64);
        }
        if (count < 0 && errno != EINTR)
            return NULL;
    }
}

enum sk_err sk_pipes_create(struct pipes **ret_pipes)
{
    struct pipes *pipes = sk_calloc(1, sizeof *pipes);
    if (!pipes)
        return SK_ERR_NOMEM;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0};
    pthread_mutex_init(&pipes->lock, NULL);
    pipes->epoll = epoll_create1(EPOLL_CLOEXEC);
    pipes->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pipes->running = pipes->epoll >= 0 && pipes->stop >= 0 &&
                     epoll_ctl(pipes->epoll, EPOLL_CTL_ADD, pipes->stop, &event) == 0 &&
                     pthread_create(&pipes->thread, NULL, wait_for_pipes, pipes) == 0;
    if (!pipes->running) {
        sk_pipes_free(pipes);
        return SK_ERR_IO;
    }
    *ret_pipes = pipes;
    return SK_OK;
}

void sk_pipes_stop(struct pipes *pipes)
{
    const uint64_t one = 1;
    pthread_mutex_lock(&pipes->lock);
    pipes->stopping = true;
    for (struct piped *piped = pipes->first; piped; piped = piped->next)
        resume(piped);
    pthread_mutex_unlock(&pipes->lock);
    if (pipes->running && write(pipes->stop, &one, sizeof one) == (ssize_t)sizeof one)
        pthread_join(pipes->thread, NULL);
    pipes->running = false;
}

void sk_pipes_free(struct pipes *pipes)
{
    if (!pipes)
        return;
    if (pipes->running)
        sk_pipes_stop(pipes);
    if (pipes->epoll >= 0)
        close(pipes->epoll);
    if (pipes->stop >= 0)
        close(pipes->stop);
    pthread_mutex_destroy(&pipes->lock);
    sk_free(pipes);
}

/* False: the server stops. */
static bool fall_asleep(struct piped *piped)
{
    struct pipes *pipes = piped->http->pipes;
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = piped->number};
    pthread_mutex_lock(&pipes->lock);
    /* Suspended before it is watched: what is reported in between waits for the lock. */
    bool may = !pipes->stopping;
    if (may) {
        piped->asleep = true;
        MHD_suspend_connection(piped->connection);
        if (epoll_ctl(pipes->epoll, EPOLL_CTL_MOD, piped->fd, &event) != 0)
            resume(piped);
    }
    pthread_mutex_unlock(&pipes->lock);
    return may;
}

/* What was read, without the zero byte that says it is whole. */
static ssize_t take_mark(struct piped *piped, const char *bytes, ssize_t length)
{
    if (length > 0 && bytes[length - 1] == '\0') {
        piped->whole = true;
        length--;
    }
    return length;
}

static ssize_t read_pipe(void *context, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct piped *piped = context;
    for (;;) {
        const ssize_t got = read(piped->fd, to, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN) {
            sk_watch_within(piped->http->watch, piped->watched, SOURCE_MS);
            return fall_asleep(piped) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
        }
        sk_watch_within(piped->http->watch, piped->watched, STALL_MS);
        const ssize_t text = take_mark(piped, to, got);
        if (text > 0)
            return text;
        if (got <= 0)
            return piped->whole ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    }
}

static void free_piped(void *context)
{
    struct piped *piped = context;
    struct pipes *pipes = piped->http->pipes;
    pthread_mutex_lock(&pipes->lock);
    if (piped->previous)
        piped->previous->next = piped->next;
    else
        pipes->first = piped->next;
    if (piped->next)
        piped->next->previous = piped->previous;
    epoll_ctl(pipes->epoll, EPOLL_CTL_DEL, piped->fd, NULL);
    pthread_mutex_unlock(&pipes->lock);
    close(piped->fd); /* and the writer learns that nobody reads */
    sk_free(piped);
}

static bool enlist(struct piped *piped)
{
    struct pipes *pipes = piped->http->pipes;
    struct epoll_event event = {.events = EPOLLONESHOT}; /* armed when it sleeps; a hang-up is told once */
    pthread_mutex_lock(&pipes->lock);
    event.data.u64 = piped->number = ++pipes->last_number;
    const bool good = epoll_ctl(pipes->epoll, EPOLL_CTL_ADD, piped->fd, &event) == 0;
    if (good) {
        piped->next = pipes->first;
        if (pipes->first)
            pipes->first->previous = piped;
        pipes->first = piped;
    }
    pthread_mutex_unlock(&pipes->lock);
    return good;
}

bool sk_http_pipe(struct sk_http_request *request, int fd, const char *type, const struct sk_http_field *fields)
{
    struct piped *piped = sk_calloc(1, sizeof *piped);
    if (piped)
        *piped =
            (struct piped){.http = request->http, .connection = request->connection, .watched = request->watched, .fd = fd};
    if (!piped || !enlist(piped)) {
        sk_free(piped);
        close(fd);
        return false;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_pipe, piped, free_piped);
    if (!response) {
        free_piped(piped);
        return false;
    }
    sk_watch_within(request->http->watch, request->watched, STALL_MS);
    sk_http_queue(request, MHD_HTTP_OK, response, type, fields);
    return true;
}
