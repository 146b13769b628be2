/* SPDX-License-Identifier: Apache-2.0 */
/* What both kinds of wire need: choosing the kind, and waiting for bytes without ever missing the end. */
#include "drivers/modbus/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "schemas/base/clock.h"

enum sk_err sk_wire_create(const struct sk_link *link, int stop_fd, struct sk_wire **ret_wire, struct sk_fault *fault)
{
    struct sk_wire *wire = NULL;
    enum sk_err err = SK_ERR_UNSUPPORTED;
    if (link->protocol == SK_PROTO_MODBUS_TCP)
        err = sk_wire_tcp_create(link, &wire, fault);
    else if (link->protocol == SK_PROTO_MODBUS_RTU)
        err = sk_wire_rtu_create(link, &wire, fault);
    else
        sk_fault_set(fault, err, "link '%s' is not a Modbus link", link->id);
    if (err != SK_OK)
        return err;
    wire->stop_fd = stop_fd;
    *ret_wire = wire;
    return SK_OK;
}

enum sk_err sk_wire_wait(int fd, int stop_fd, int64_t deadline_us)
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

bool sk_wire_descriptor_left(void)
{
    enum { MARGIN = 24, SELECT_LIMIT = 1024 };
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    close(fd);
    return fd < SELECT_LIMIT - MARGIN;
}
