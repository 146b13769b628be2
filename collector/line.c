/* SPDX-License-Identifier: Apache-2.0 */
/* Line connections: one input buffer, one output queue. Shape: read until the socket is dry, cut lines, hand them over; write
 * what fits, keep the rest and ask the loop for EPOLLOUT. A broken connection shuts its socket down, so that the end always
 * arrives through the loop and owners free it in one place only. */
#include "collector/line.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "schemas/base/mem.h"

/* READS_PER_TURN: a writer faster than we are shares the loop; epoll reports the rest again. */
enum { PUT_FLUSH = 64 << 10, OUT_KEPT = 1 << 20, READS_PER_TURN = 16 };

struct sk_line {
    struct sk_loop *loop;
    struct sk_source *source;
    int fd;
    struct sk_line_events events;
    void *context;
    char *in;
    size_t in_length;
    char *out;
    size_t out_at, out_length, out_capacity, ceiling;
    bool broken, waiting_to_write;
    const char *why;
    int passed_fd;    /* -1 none */
    size_t passed_at; /* the last byte that came with it: the kernel ends a read behind a descriptor's bytes */
    bool may_take;    /* the line that is handed over holds that byte */
    bool *freed;      /* set by sk_line_free() while a callback is running */
};

static void line_ready(void *context, uint32_t events);

enum sk_err sk_line_create(struct sk_loop *loop, int fd, const struct sk_line_events *events, void *context,
                           struct sk_line **ret_line)
{
    struct sk_line *line = sk_calloc(1, sizeof *line);
    char *in = sk_calloc(SK_LINE_IN_MAX + 1, 1);
    if (line == NULL || in == NULL) {
        sk_free(line);
        sk_free(in);
        return SK_ERR_NOMEM;
    }
    *line = (struct sk_line){
        .loop = loop, .fd = fd, .events = *events, .context = context, .in = in, .ceiling = SK_LINE_OUT_MAX, .passed_fd = -1};
    enum sk_err err = sk_loop_add(loop, fd, EPOLLIN, line_ready, line, &line->source);
    if (err != SK_OK) {
        sk_free(in);
        sk_free(line);
        return err;
    }
    *ret_line = line;
    return SK_OK;
}

static void drop_fd(struct sk_line *line)
{
    if (line->passed_fd >= 0)
        close(line->passed_fd);
    line->passed_fd = -1;
}

int sk_line_take_fd(struct sk_line *line)
{
    const int fd = line->may_take ? line->passed_fd : -1;
    line->passed_fd = line->may_take ? -1 : line->passed_fd;
    return fd;
}

void sk_line_free(struct sk_line *line)
{
    if (line == NULL)
        return;
    if (line->freed != NULL)
        *line->freed = true;
    sk_loop_remove(line->loop, line->source);
    close(line->fd);
    drop_fd(line);
    sk_free_secret(line->in, SK_LINE_IN_MAX); /* command lines carry tokens */
    sk_free(line->out);
    sk_free(line);
}

void sk_line_break(struct sk_line *line, const char *why)
{
    if (line->broken)
        return;
    line->broken = true;
    line->why = why;
    shutdown(line->fd, SHUT_RDWR);
}

/* What a snapshot needed is given back. */
static void emptied(struct sk_line *line)
{
    line->out_at = line->out_length = 0;
    if (line->ceiling != SIZE_MAX)
        line->ceiling = SK_LINE_OUT_MAX;
    if (line->out_capacity > OUT_KEPT) {
        sk_free(line->out);
        line->out = NULL;
        line->out_capacity = 0;
    }
}

/* Sends what the socket takes now; keeps the rest. */
static void flush_out(struct sk_line *line)
{
    while (line->out_at < line->out_length && !line->broken) {
        ssize_t sent = send(line->fd, line->out + line->out_at, line->out_length - line->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN)
            sk_line_break(line, "the other side left");
        if (sent < 0)
            break;
        line->out_at += (size_t)sent;
    }
    if (line->out_at == line->out_length)
        emptied(line);
    bool must_wait = line->out_length > 0 && !line->broken;
    if (must_wait != line->waiting_to_write) {
        line->waiting_to_write = must_wait;
        sk_loop_change(line->loop, line->source, must_wait ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static bool make_room(struct sk_line *line, size_t length)
{
    if (line->out_at > 0 && line->out_length + length > line->out_capacity) {
        memmove(line->out, line->out + line->out_at, line->out_length - line->out_at);
        line->out_length -= line->out_at;
        line->out_at = 0;
    }
    if (length > line->ceiling || line->out_length - line->out_at > line->ceiling - length)
        return false;
    while (line->out_length + length > line->out_capacity) {
        size_t larger = line->out_capacity == 0 ? 4096 : line->out_capacity * 2;
        char *moved = sk_realloc(line->out, larger, 1);
        if (moved == NULL)
            return false;
        line->out = moved;
        line->out_capacity = larger;
    }
    return true;
}

static bool queue(struct sk_line *line, const char *bytes, size_t length)
{
    if (line->broken)
        return false;
    if (!make_room(line, length)) {
        sk_line_break(line, "too far behind");
        return false;
    }
    memcpy(line->out + line->out_length, bytes, length);
    line->out_length += length;
    return true;
}

void sk_line_send(struct sk_line *line, const char *bytes, size_t length)
{
    if (queue(line, bytes, length))
        flush_out(line);
}

/* One byte carries it; the rest goes the usual way. False: the socket took nothing. */
static bool send_with_fd(struct sk_line *line, const char *byte, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    ssize_t sent;
    do
        sent = sendmsg(line->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == 1;
}

void sk_line_send_fd(struct sk_line *line, const char *bytes, size_t length, int fd)
{
    if (fd < 0 || length == 0) {
        sk_line_send(line, bytes, length);
        return;
    }
    if (line->broken || sk_line_queued(line) > 0 || !send_with_fd(line, bytes, fd))
        sk_line_break(line, "it does not take its answers");
    else
        sk_line_send(line, bytes + 1, length - 1);
}

void sk_line_put(struct sk_line *line, const char *bytes, size_t length)
{
    /* a queue that waits for its socket is left to the loop */
    if (queue(line, bytes, length) && line->out_length - line->out_at >= PUT_FLUSH && !line->waiting_to_write)
        flush_out(line);
}

void sk_line_flush(struct sk_line *line)
{
    if (!line->broken && line->out_length > 0 && !line->waiting_to_write)
        flush_out(line);
}

size_t sk_line_queued(const struct sk_line *line)
{
    return line->broken ? 0 : line->out_length - line->out_at;
}

void sk_line_lift_ceiling(struct sk_line *line, bool on)
{
    line->ceiling = on ? SIZE_MAX : line->out_length - line->out_at + SK_LINE_OUT_MAX;
}

/* Hands over every complete line; false when the connection was freed meanwhile. */
static bool cut_lines(struct sk_line *line)
{
    size_t start = 0;
    bool freed = false;
    line->freed = &freed; /* cppcheck-suppress autoVariables ; taken back below */
    for (;;) {
        char *end = memchr(line->in + start, '\n', line->in_length - start);
        if (end == NULL)
            break;
        *end = '\0';
        line->may_take = line->passed_fd >= 0 && line->passed_at <= (size_t)(end - line->in);
        line->events.on_line(line->context, line->in + start, (size_t)(end - line->in) - start);
        if (freed)
            return false;
        if (line->may_take)
            drop_fd(line);
        line->may_take = false;
        start = (size_t)(end - line->in) + 1;
    }
    line->freed = NULL;
    memmove(line->in, line->in + start, line->in_length - start);
    line->in_length -= start;
    line->passed_at -= line->passed_fd >= 0 ? start : 0;
    return true;
}

/* Bytes, and at most one descriptor that came with them; the kernel closes what has no room (so the room is exact: CMSG_SPACE
 * would hold two). */
static ssize_t receive(struct sk_line *line)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {line->in + line->in_length, SK_LINE_IN_MAX - line->in_length};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
    const ssize_t got = recvmsg(line->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof(int))) {
        drop_fd(line);
        line->passed_at = line->in_length + (size_t)got - 1;
        memcpy(&line->passed_fd, CMSG_DATA(head), sizeof(int));
    }
    return got;
}

/* Reads until dry or its share is used. Sets broken at the end of the stream or when a line is too long; false when freed. */
static bool read_in(struct sk_line *line)
{
    for (int reads = 0; !line->broken && reads < READS_PER_TURN; reads++) {
        const ssize_t got = receive(line);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0) {
            sk_line_break(line, "the other side left");
            return true;
        }
        line->in_length += (size_t)got;
        if (!cut_lines(line))
            return false;
        if (line->in_length == SK_LINE_IN_MAX)
            sk_line_break(line, "a line is longer than 64 KiB");
    }
    return true;
}

static void line_ready(void *context, uint32_t events)
{
    struct sk_line *line = context;
    if ((events & EPOLLOUT) != 0)
        flush_out(line);
    if (!read_in(line))
        return;
    if (line->broken)
        line->events.on_close(line->context, line->why);
}
