/* SPDX-License-Identifier: Apache-2.0 */
/* The child of one export: low priority, no sockets, ends with its parent. What it was asked is on descriptor 0. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/exports.h"
#include "schemas/base/log.h"

enum { NICE = 10, IO_WHO_PROCESS = 1, IO_BEST_EFFORT_LOWEST = 2 << 13 | 7 };

/* Collection comes first: of the processor and of the disk. */
static void step_back(void)
{
    setpriority(PRIO_PROCESS, 0, NICE);
    syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, IO_BEST_EFFORT_LOWEST);
}

/* Asked after PDEATHSIG was set: a parent that died before is noticed here, one that dies later by the signal. */
static bool parent_is_gone(void)
{
    struct pollfd item = {.fd = SK_EXPORT_STATUS_FD, .events = POLLOUT};
    return poll(&item, 1, 0) > 0 && (item.revents & (POLLERR | POLLNVAL)) != 0;
}

static size_t read_request(char to[SK_EXPORT_REQUEST_MAX])
{
    size_t length = 0;
    while (length < SK_EXPORT_REQUEST_MAX) {
        const ssize_t got = read(STDIN_FILENO, to + length, SK_EXPORT_REQUEST_MAX - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    return length;
}

/* Blocks while the pipe is full: the reader's pace is ours. */
static bool write_out(void *context, const char *bytes, size_t length)
{
    (void)context;
    while (length > 0) {
        const ssize_t sent = write(STDOUT_FILENO, bytes, length);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

int sk_export_child_main(const char *state)
{
    static char text[SK_EXPORT_REQUEST_MAX];
    struct sk_export_request request;
    struct sk_export_status status = {0};
    struct sk_fault fault = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (parent_is_gone())
        return 1;
    signal(SIGPIPE, SIG_IGN);
    step_back();
    enum sk_err err = sk_export_request_read(text, read_request(text), &request, &fault);
    if (err == SK_OK)
        err = sk_export_run(state, &request, write_out, NULL, &status.rows, &fault);
    if (err == SK_OK && !write_out(NULL, "", 1)) /* the zero byte: it is whole */
        err = SK_ERR_CLOSED;
    if (err != SK_OK && err != SK_ERR_CLOSED)
        sk_log(SK_LOG_ERROR, "export: %s", fault.text);
    status.err = err;
    const bool told = write(SK_EXPORT_STATUS_FD, &status, sizeof status) == (ssize_t)sizeof status;
    return err == SK_OK && told ? 0 : 1;
}
