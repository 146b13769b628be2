/* SPDX-License-Identifier: Apache-2.0 */
/* A doubly linked list under one mutex, and the thread that walks it. */
#include "dashboard-api/http_watch.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

enum { WALK_MS = 250 };

struct sk_watched {
    struct sk_watched *previous, *next;
    int64_t deadline_us;
    int socket;
};

struct sk_watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop_signal;
    struct sk_watched *first;
    bool stopping;
};

static int64_t deadline_in(int64_t ms)
{
    return ms < 0 ? SK_NEVER : sk_clock_mono_us() + ms * SK_US_PER_MS;
}

static void reap(struct sk_watch *watch)
{
    int64_t now_us = sk_clock_mono_us();
    for (struct sk_watched *at = watch->first; at; at = at->next) {
        if (at->deadline_us > now_us)
            continue;
        shutdown(at->socket, SHUT_RDWR);
        at->deadline_us = SK_NEVER;
    }
}

static void *walk(void *context)
{
    struct sk_watch *watch = context;
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping) {
        reap(watch);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += WALK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&watch->stop_signal, &watch->lock, &until);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

enum sk_err sk_watch_create(struct sk_watch **ret_watch)
{
    struct sk_watch *watch = sk_calloc(1, sizeof *watch);
    if (!watch)
        return SK_ERR_NOMEM;
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->stop_signal, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&watch->thread, NULL, walk, watch) != 0) {
        pthread_cond_destroy(&watch->stop_signal);
        pthread_mutex_destroy(&watch->lock);
        sk_free(watch);
        return SK_ERR_IO;
    }
    *ret_watch = watch;
    return SK_OK;
}

void sk_watch_free(struct sk_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->stop_signal);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->stop_signal);
    pthread_mutex_destroy(&watch->lock);
    sk_free(watch);
}

struct sk_watched *sk_watch_add(struct sk_watch *watch, int socket, int64_t ms)
{
    struct sk_watched *watched = sk_calloc(1, sizeof *watched);
    if (!watched)
        return NULL;
    watched->socket = socket;
    watched->deadline_us = deadline_in(ms);
    pthread_mutex_lock(&watch->lock);
    watched->next = watch->first;
    if (watch->first)
        watch->first->previous = watched;
    watch->first = watched;
    pthread_mutex_unlock(&watch->lock);
    return watched;
}

void sk_watch_remove(struct sk_watch *watch, struct sk_watched *watched)
{
    if (!watched)
        return;
    pthread_mutex_lock(&watch->lock);
    if (watched->previous)
        watched->previous->next = watched->next;
    else
        watch->first = watched->next;
    if (watched->next)
        watched->next->previous = watched->previous;
    pthread_mutex_unlock(&watch->lock);
    sk_free(watched);
}

void sk_watch_within(struct sk_watch *watch, struct sk_watched *watched, int64_t ms)
{
    if (!watched)
        return;
    pthread_mutex_lock(&watch->lock);
    watched->deadline_us = deadline_in(ms);
    pthread_mutex_unlock(&watch->lock);
}
