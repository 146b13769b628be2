/* SPDX-License-Identifier: Apache-2.0 */
/* A farm of Modbus TCP devices on one epoll thread, so that the reader and not the farm is what is measured.
 *
 * modbus_farm PORT DEAD_PERCENT: listens on every loopback address; 127.1.a.b is device a*250 + b-1. Function 3 and 4 are
 * answered from 256 registers; at each read a tenth of them (a different tenth each time) has changed. Devices whose number
 * modulo 100 is below DEAD_PERCENT take the connection and never answer. The time between two reads of one device is its cycle.
 * Lines on stdin: "mark" forgets all cycles so far, "report" prints them; each is answered with one JSON line. Ends at EOF. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES = 8192, REGISTERS = 256, EVENTS = 256, FRAME = 12, CYCLES = 1 << 20, MBAP = 7 };

struct connection {
    int fd;
    unsigned device;
    uint8_t bytes[FRAME];
    size_t have;
};

static struct {
    int64_t last_us;
    uint32_t reads, turns; /* since the mark; ever */
} devices[DEVICES];
static uint32_t cycles_us[CYCLES];
static size_t cycle_count;
static uint64_t reads, registers_sent;
static unsigned dead_percent;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "modbus_farm: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(void)
{
    unsigned live = 0;
    for (unsigned i = 0; i < DEVICES; i++)
        live += devices[i].reads > 0;
    qsort(cycles_us, cycle_count, sizeof *cycles_us, by_value);
    const double p50 = cycle_count ? cycles_us[cycle_count / 2] / 1e3 : 0;
    const double p99 = cycle_count ? cycles_us[cycle_count * 99 / 100] / 1e3 : 0;
    const double most = cycle_count ? cycles_us[cycle_count - 1] / 1e3 : 0;
    printf(
        "{\"devices\":%u,\"reads\":%llu,\"registers\":%llu,\"cycles\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
        live, (unsigned long long)reads, (unsigned long long)registers_sent, cycle_count, p50, p99, most);
}

/* The last read of each device is kept: a cycle that spans the mark is a cycle of the window. */
static void mark(void)
{
    for (unsigned i = 0; i < DEVICES; i++)
        devices[i].reads = 0;
    cycle_count = 0;
    reads = registers_sent = 0;
    puts("{\"marked\":true}");
}

/* False at the end of stdin. */
static bool obey(void)
{
    char line[64];
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    if (strncmp(line, "report", 6) == 0)
        report();
    else
        mark();
    fflush(stdout);
    return true;
}

static void count_read(unsigned device, int64_t now, unsigned count)
{
    if (devices[device].last_us != 0 && cycle_count < CYCLES)
        cycles_us[cycle_count++] = (uint32_t)(now - devices[device].last_us);
    devices[device].last_us = now;
    devices[device].reads++;
    devices[device].turns++;
    reads++;
    registers_sent += count;
}

/* Register r of a device changes at every tenth of its reads. */
static uint16_t value_of(unsigned device, unsigned r)
{
    return (uint16_t)(500 + r + (devices[device].turns + 10 - r % 10) / 10 % 50);
}

static void answer(struct connection *c)
{
    const unsigned address = (unsigned)c->bytes[8] << 8 | c->bytes[9], count = (unsigned)c->bytes[10] << 8 | c->bytes[11];
    uint8_t out[MBAP + 2 + 250];
    if ((c->bytes[7] != 3 && c->bytes[7] != 4) || count == 0 || count > 125)
        return;
    count_read(c->device, now_us(), count);
    memcpy(out, c->bytes, 8);
    out[4] = 0;
    out[5] = (uint8_t)(3 + 2 * count);
    out[8] = (uint8_t)(2 * count);
    for (unsigned i = 0; i < count; i++) {
        const uint16_t value = value_of(c->device, (address + i) % REGISTERS);
        out[9 + 2 * i] = (uint8_t)(value >> 8);
        out[10 + 2 * i] = (uint8_t)value;
    }
    if (send(c->fd, out, 9 + 2 * count, MSG_NOSIGNAL) < 0)
        return; /* the reader hung up; read() will say so */
}

static void serve(struct connection *c)
{
    const ssize_t got = read(c->fd, c->bytes + c->have, FRAME - c->have);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        close(c->fd);
        free(c);
        return;
    }
    c->have += (size_t)got;
    if (c->have < FRAME)
        return;
    c->have = 0;
    if (c->device % 100 >= dead_percent)
        answer(c);
}

static void greet(int epoll, int listener)
{
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (fd < 0)
        return;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL || getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        die("accept");
    const uint32_t host = ntohl(own.sin_addr.s_addr);
    *c = (struct connection){.fd = fd, .device = ((host >> 8 & 255) * 250 + (host & 255) - 1) % DEVICES};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static int listen_on(uint16_t port)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 4096) != 0)
        die("listen");
    return fd;
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    if (argc != 3)
        die("usage: modbus_farm PORT DEAD_PERCENT");
    dead_percent = (unsigned)atoi(argv[2]);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){20000, 20000});
    setvbuf(stdin, NULL, _IONBF, 0);
    const int listener = listen_on((uint16_t)atoi(argv[1])), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.ptr = &event;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    puts("{\"ready\":true}");
    fflush(stdout);
    for (;;) {
        const int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                greet(epoll, listener);
            else if (events[i].data.ptr != &event)
                serve(events[i].data.ptr);
            else if (!obey())
                return 0;
        }
    }
}
