/* SPDX-License-Identifier: Apache-2.0 */
/* Fibers on ucontext and one epoll. A wait arms its descriptor once (EPOLLONESHOT) and is level-triggered, so nothing that came
 * before is missed; an event carries fiber and descriptor, so what a fiber no longer waits for does not wake it. Deadlines are
 * an array that is walked: there are at most some hundred, and a turn serves many of them. */
#include "drivers/fiber.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "drivers/fiber_switch.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

/* Only pages that are touched take memory. Below the stack lies a page that nobody may touch. */
enum { STACK_SIZE = 256 << 10, GUARD_SIZE = 64 << 10, EVENTS_PER_TURN = 256 };
static const uint64_t STOP = UINT64_MAX;

struct fiber {
    ucontext_t context;
    struct sk_switch stack;
    struct sk_fibers *fibers;
    void (*work)(void *);
    void *argument;
    uint8_t *memory; /* guard and stack; NULL once it has returned */
    int fd;          /* waited for; -1 none */
    bool waits, heeds_stop;
    enum sk_err outcome;
};

struct sk_fibers {
    struct sk_fibers_rest rest;
    size_t most, count, left; /* left: not returned yet */
    struct fiber *all;
    int64_t *due_us; /* by fiber: deadline of its wait */
    int epoll;
    bool stopped;
    size_t awaiting;
    struct fiber *current; /* NULL: the thread itself */
    ucontext_t home;
    struct sk_switch home_stack;
};

static _Thread_local struct sk_fibers *running; /* by this thread */

enum sk_err sk_fibers_create(size_t most, const struct sk_fibers_rest *rest, struct sk_fibers **ret_fibers)
{
    struct sk_fibers *fibers = sk_calloc(1, sizeof *fibers);
    if (fibers == NULL)
        return SK_ERR_NOMEM;
    fibers->most = most;
    fibers->rest = rest != NULL ? *rest : (struct sk_fibers_rest){0};
    fibers->all = sk_calloc(most + 1, sizeof *fibers->all);
    fibers->due_us = sk_calloc(most + 1, sizeof *fibers->due_us);
    fibers->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (fibers->all == NULL || fibers->due_us == NULL || fibers->epoll < 0) {
        const enum sk_err err = fibers->epoll < 0 ? SK_ERR_IO : SK_ERR_NOMEM;
        sk_fibers_free(fibers);
        return err;
    }
    *ret_fibers = fibers;
    return SK_OK;
}

static void release(struct fiber *fiber)
{
    if (fiber->memory == NULL)
        return;
    sk_switch_release(&fiber->stack);
    munmap(fiber->memory, GUARD_SIZE + STACK_SIZE);
    fiber->memory = NULL;
}

void sk_fibers_free(struct sk_fibers *fibers)
{
    if (fibers == NULL)
        return;
    for (size_t i = 0; i < fibers->count; i++)
        release(&fibers->all[i]);
    if (fibers->epoll >= 0)
        close(fibers->epoll);
    sk_free(fibers->due_us);
    sk_free(fibers->all);
    sk_free(fibers);
}

/* From the fiber to the thread that runs all of them. */
static void leave(struct fiber *fiber, bool last)
{
    struct sk_fibers *fibers = fiber->fibers;
    sk_switch_leave(&fiber->stack, &fibers->home_stack, last);
    swapcontext(&fiber->context, &fibers->home);
    sk_switch_enter(&fiber->stack, &fibers->home_stack);
}

static void begin(void)
{
    struct fiber *fiber = running->current;
    sk_switch_enter(&fiber->stack, &running->home_stack);
    fiber->work(fiber->argument);
    fiber->work = NULL;
    leave(fiber, true); /* never to return */
}

enum sk_err sk_fibers_add(struct sk_fibers *fibers, void (*work)(void *argument), void *argument)
{
    if (fibers->count == fibers->most)
        return SK_ERR_FULL;
    struct fiber *fiber = &fibers->all[fibers->count];
    void *memory =
        mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return SK_ERR_NOMEM;
    *fiber = (struct fiber){.fibers = fibers, .work = work, .argument = argument, .memory = memory, .fd = -1};
    uint8_t *stack = fiber->memory + GUARD_SIZE;
    if (mprotect(stack, STACK_SIZE, PROT_READ | PROT_WRITE) != 0 || getcontext(&fiber->context) != 0) {
        munmap(memory, GUARD_SIZE + STACK_SIZE);
        return SK_ERR_NOMEM;
    }
    fiber->context.uc_stack.ss_sp = stack;
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    sk_switch_init(&fiber->stack, stack, STACK_SIZE);
    makecontext(&fiber->context, begin, 0);
    fibers->due_us[fibers->count++] = SK_NEVER;
    fibers->left++;
    return SK_OK;
}

/* Lets the fiber go on until it waits again or has returned. */
static void resume(struct sk_fibers *fibers, size_t at, enum sk_err outcome)
{
    struct fiber *fiber = &fibers->all[at];
    fibers->awaiting -= fiber->waits && fiber->fd >= 0 && fibers->due_us[at] != SK_NEVER;
    fibers->due_us[at] = SK_NEVER;
    fiber->waits = false;
    fiber->fd = -1;
    fiber->outcome = outcome;
    fibers->current = fiber;
    sk_switch_leave(&fibers->home_stack, &fiber->stack, false);
    swapcontext(&fibers->home, &fiber->context);
    struct sk_switch unused; /* of the fiber's stack all is known */
    sk_switch_enter(&fibers->home_stack, &unused);
    fibers->current = NULL;
    if (fiber->work != NULL)
        return;
    release(fiber);
    fibers->left--;
}

static bool watch(const struct sk_fibers *fibers, uint64_t what, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.u64 = what};
    return epoll_ctl(fibers->epoll, EPOLL_CTL_MOD, fd, &event) == 0 ||
           (errno == ENOENT && epoll_ctl(fibers->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static int64_t soonest_us(const struct sk_fibers *fibers)
{
    int64_t soonest = SK_NEVER;
    for (size_t i = 0; i < fibers->count; i++)
        soonest = fibers->due_us[i] < soonest ? fibers->due_us[i] : soonest;
    return soonest;
}

/* How many events came by until_us; negative: errno says why. */
static int wait_events(const struct sk_fibers *fibers, struct epoll_event *events, int64_t until_us)
{
    const int64_t left_us = until_us == SK_NEVER ? -1 : until_us - sk_clock_mono_us();
    const int64_t bounded_us = until_us != SK_NEVER && left_us < 0 ? 0 : left_us;
    const struct timespec left = {.tv_sec = bounded_us / SK_US_PER_S, .tv_nsec = bounded_us % SK_US_PER_S * 1000};
    const int count = epoll_pwait2(fibers->epoll, events, EVENTS_PER_TURN, until_us == SK_NEVER ? NULL : &left, NULL);
    if (count >= 0 || errno != ENOSYS) /* a kernel before 5.11, valgrind: whole milliseconds */
        return count;
    const int64_t left_ms = bounded_us < 0 ? -1 : (bounded_us + SK_US_PER_MS - 1) / SK_US_PER_MS;
    return epoll_wait(fibers->epoll, events, EVENTS_PER_TURN, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
}

static void take_stop(struct sk_fibers *fibers)
{
    fibers->stopped = true;
    for (size_t i = 0; i < fibers->count; i++)
        if (fibers->all[i].waits && fibers->all[i].heeds_stop)
            resume(fibers, i, SK_ERR_CLOSED);
}

static void take_events(struct sk_fibers *fibers, const struct epoll_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t at = (size_t)(events[i].data.u64 >> 32);
        if (events[i].data.u64 == STOP)
            take_stop(fibers);
        else if (fibers->all[at].waits && fibers->all[at].fd == (int)(uint32_t)events[i].data.u64)
            resume(fibers, at, SK_OK);
    }
}

static void take_deadlines(struct sk_fibers *fibers)
{
    const int64_t now_us = sk_clock_mono_us();
    for (size_t i = 0; i < fibers->count; i++)
        if (fibers->due_us[i] <= now_us)
            resume(fibers, i, SK_ERR_TIMEOUT);
}

/* What is readable goes before what is over, so that an answer in time counts although others were served before it; there may
 * be more of it than one turn takes. */
static enum sk_err turn(struct sk_fibers *fibers)
{
    struct epoll_event events[EVENTS_PER_TURN];
    const int64_t soonest = soonest_us(fibers);
    const int64_t again = fibers->rest.rest != NULL ? fibers->rest.rest(fibers->rest.context, fibers->awaiting) : SK_NEVER;
    const int count = wait_events(fibers, events, soonest < again ? soonest : again);
    if (count < 0)
        return errno == EINTR ? SK_OK : SK_ERR_IO;
    take_events(fibers, events, (size_t)count);
    if (count < EVENTS_PER_TURN)
        take_deadlines(fibers);
    return SK_OK;
}

enum sk_err sk_fibers_run(struct sk_fibers *fibers, int stop_fd)
{
    enum sk_err err = stop_fd < 0 || watch(fibers, STOP, stop_fd) ? SK_OK : SK_ERR_IO;
    running = fibers;
    sk_switch_init_own(&fibers->home_stack);
    for (size_t i = 0; i < fibers->count && err == SK_OK; i++)
        resume(fibers, i, SK_OK);
    while (err == SK_OK && fibers->left > 0)
        err = turn(fibers);
    running = NULL;
    return err;
}

static enum sk_err wait_on_thread(int fd, int stop_fd, int64_t deadline_us)
{
    struct pollfd watched[2] = {{.fd = stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    for (;;) {
        int64_t left_us = deadline_us - sk_clock_mono_us();
        if (left_us < 0)
            left_us = 0;
        struct timespec left = {.tv_sec = left_us / SK_US_PER_S, .tv_nsec = left_us % SK_US_PER_S * 1000};
        int ready = ppoll(watched, 2, &left, NULL);
        if (ready < 0 && errno != EINTR)
            return SK_ERR_IO;
        if (watched[0].revents != 0 && ready > 0)
            return SK_ERR_CLOSED;
        if (watched[1].revents != 0 && ready > 0)
            return SK_OK;
        if (ready == 0)
            return SK_ERR_TIMEOUT;
    }
}

enum sk_err sk_fiber_wait(int fd, int stop_fd, int64_t deadline_us)
{
    struct sk_fibers *fibers = running;
    struct fiber *fiber = fibers != NULL ? fibers->current : NULL;
    if (fiber == NULL)
        return wait_on_thread(fd, stop_fd, deadline_us);
    const size_t at = (size_t)(fiber - fibers->all);
    fiber->heeds_stop = stop_fd >= 0;
    if (fiber->heeds_stop && fibers->stopped)
        return SK_ERR_CLOSED;
    if (fd >= 0 && !watch(fibers, (uint64_t)at << 32 | (uint32_t)fd, fd))
        return SK_ERR_IO;
    fiber->fd = fd;
    fiber->waits = true;
    fibers->due_us[at] = deadline_us;
    fibers->awaiting += fd >= 0 && deadline_us != SK_NEVER;
    leave(fiber, false);
    return fiber->outcome;
}

struct aside {
    void (*work)(void *);
    void *argument;
    int done_fd;
};

static void *do_aside(void *context)
{
    const struct aside *aside = context;
    const uint64_t one = 1;
    aside->work(aside->argument);
    const ssize_t written = write(aside->done_fd, &one, sizeof one);
    (void)written;
    return NULL;
}

void sk_fiber_aside(void (*work)(void *argument), void *argument)
{
    struct aside aside = {.work = work, .argument = argument, .done_fd = -1};
    pthread_attr_t attributes;
    pthread_t thread;
    const bool is_fiber = running != NULL && running->current != NULL;
    if (is_fiber)
        aside.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool started = false;
    if (aside.done_fd >= 0 && pthread_attr_init(&attributes) == 0) {
        pthread_attr_setstacksize(&attributes, STACK_SIZE);
        started = pthread_create(&thread, &attributes, do_aside, &aside) == 0;
        pthread_attr_destroy(&attributes);
    }
    if (!started)
        work(argument);
    if (started) {
        sk_fiber_wait(aside.done_fd, -1, SK_NEVER); /* where that is not to be had, the next line waits */
        pthread_join(thread, NULL);
    }
    if (aside.done_fd >= 0)
        close(aside.done_fd);
}
