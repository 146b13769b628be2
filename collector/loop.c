/* SPDX-License-Identifier: Apache-2.0 */
/* epoll with safe removal: removed sources are kept on a list until the turn is over, so that a late report finds them dead. */
#include "collector/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "schemas/base/mem.h"

enum { EVENTS_PER_TURN = 64 };

struct sk_source {
    int fd;
    bool dead;
    sk_ready *ready;
    void *context;
    struct sk_source *next_dead;
};

struct sk_loop {
    int epoll;
    struct sk_source *dead;
};

enum sk_err sk_loop_create(struct sk_loop **ret_loop)
{
    struct sk_loop *loop = sk_calloc(1, sizeof *loop);
    if (loop == NULL)
        return SK_ERR_NOMEM;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        sk_free(loop);
        return SK_ERR_IO;
    }
    *ret_loop = loop;
    return SK_OK;
}

static void bury(struct sk_loop *loop)
{
    while (loop->dead != NULL) {
        struct sk_source *next = loop->dead->next_dead;
        sk_free(loop->dead);
        loop->dead = next;
    }
}

void sk_loop_free(struct sk_loop *loop)
{
    if (loop == NULL)
        return;
    bury(loop);
    close(loop->epoll);
    sk_free(loop);
}

enum sk_err sk_loop_add(struct sk_loop *loop, int fd, uint32_t events, sk_ready *ready, void *context,
                        struct sk_source **ret_source)
{
    struct sk_source *source = sk_calloc(1, sizeof *source);
    if (source == NULL)
        return SK_ERR_NOMEM;
    *source = (struct sk_source){.fd = fd, .ready = ready, .context = context};
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        sk_free(source);
        return SK_ERR_IO;
    }
    *ret_source = source;
    return SK_OK;
}

enum sk_err sk_loop_change(struct sk_loop *loop, struct sk_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event) == 0 ? SK_OK : SK_ERR_IO;
}

void sk_loop_remove(struct sk_loop *loop, struct sk_source *source)
{
    if (source == NULL || source->dead)
        return;
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
    source->dead = true;
    source->next_dead = loop->dead;
    loop->dead = source;
}

enum sk_err sk_loop_turn(struct sk_loop *loop, int timeout_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, timeout_ms);
    if (count < 0)
        return errno == EINTR ? SK_OK : SK_ERR_IO;
    for (int i = 0; i < count; i++) {
        struct sk_source *source = events[i].data.ptr;
        if (!source->dead)
            source->ready(source->context, events[i].events);
    }
    bury(loop);
    return SK_OK;
}
