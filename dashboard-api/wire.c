/* SPDX-License-Identifier: Apache-2.0 */
/* Non-blocking socket, poll() up to the deadline, one buffer. */
#include "dashboard-api/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

enum sk_err sk_wire_open(const char *path, struct sk_wire **ret_wire, struct sk_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!sk_text_copy(address.sun_path, sizeof address.sun_path, path))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "socket path '%s' is too long", path);
    struct sk_wire *wire = sk_calloc(1, sizeof *wire);
    if (!wire)
        return sk_fault_set(fault, SK_ERR_NOMEM, "no memory for a connection to the collector");
    wire->passed = -1;
    wire->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wire->fd < 0 || connect(wire->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        enum sk_err err = sk_fault_set(fault, SK_ERR_IO, "cannot reach the collector at '%s': %s", path, strerror(errno));
        sk_wire_close(wire);
        return err;
    }
    *ret_wire = wire;
    return SK_OK;
}

void sk_wire_close(struct sk_wire *wire)
{
    if (!wire)
        return;
    if (wire->fd >= 0)
        close(wire->fd);
    if (wire->passed >= 0)
        close(wire->passed);
    sk_free_secret(wire, sizeof *wire); /* answers may hold a session's secret */
}

static enum sk_err await(int fd, short events, int64_t deadline_us)
{
    for (;;) {
        int64_t left_us = deadline_us - sk_clock_mono_us();
        if (left_us <= 0)
            return SK_ERR_TIMEOUT;
        struct pollfd item = {.fd = fd, .events = events};
        int rc = poll(&item, 1, (int)(left_us / SK_US_PER_MS) + 1);
        if (rc > 0)
            return SK_OK;
        if (rc < 0 && errno != EINTR)
            return SK_ERR_IO;
    }
}

enum sk_err sk_wire_send(struct sk_wire *wire, const char *bytes, size_t length, int64_t deadline_us)
{
    while (length > 0) {
        ssize_t sent = send(wire->fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return SK_ERR_CLOSED;
        if (sent < 0) {
            enum sk_err err = await(wire->fd, POLLOUT, deadline_us);
            if (err != SK_OK)
                return err;
            continue;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return SK_OK;
}

/* Keeps the one descriptor that may come; a second one before the first was taken replaces it. */
static void keep_passed(struct sk_wire *wire, struct msghdr *message)
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (head == NULL || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
        head->cmsg_len != CMSG_LEN(sizeof wire->passed))
        return;
    if (wire->passed >= 0)
        close(wire->passed);
    memcpy(&wire->passed, CMSG_DATA(head), sizeof wire->passed);
}

static ssize_t receive(struct sk_wire *wire)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = wire->buffer + wire->end, .iov_len = sizeof wire->buffer - wire->end};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    const ssize_t got = recvmsg(wire->fd, &message, MSG_CMSG_CLOEXEC);
    if (got >= 0)
        keep_passed(wire, &message);
    return got;
}

int sk_wire_take_fd(struct sk_wire *wire)
{
    const int fd = wire->passed;
    wire->passed = -1;
    return fd;
}

static enum sk_err fill(struct sk_wire *wire, int64_t deadline_us)
{
    if (wire->begin > 0) {
        memmove(wire->buffer, wire->buffer + wire->begin, wire->end - wire->begin);
        wire->end -= wire->begin;
        wire->begin = 0;
    }
    if (wire->end == sizeof wire->buffer)
        return SK_ERR_TOO_LONG;
    for (;;) {
        ssize_t got = receive(wire);
        if (got > 0) {
            wire->end += (size_t)got;
            return SK_OK;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return SK_ERR_CLOSED;
        enum sk_err err = await(wire->fd, POLLIN, deadline_us);
        if (err != SK_OK)
            return err;
    }
}

enum sk_err sk_wire_line(struct sk_wire *wire, int64_t deadline_us, char **ret_line, size_t *ret_length)
{
    size_t scanned = 0;
    for (;;) {
        char *line = wire->buffer + wire->begin;
        size_t have = wire->end - wire->begin;
        char *newline = memchr(line + scanned, '\n', have - scanned);
        if (newline) {
            *newline = '\0';
            *ret_line = line;
            *ret_length = (size_t)(newline - line);
            wire->begin += *ret_length + 1;
            return SK_OK;
        }
        scanned = have;
        enum sk_err err = fill(wire, deadline_us);
        if (err != SK_OK)
            return err;
    }
}

bool sk_wire_more(const struct sk_wire *wire)
{
    return memchr(wire->buffer + wire->begin, '\n', wire->end - wire->begin) != NULL;
}
