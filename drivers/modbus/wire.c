/* SPDX-License-Identifier: Apache-2.0 */
/* What both kinds of wire need: choosing the kind, and knowing that a descriptor is left for it. */
#include "drivers/modbus/wire.h"

#include <fcntl.h>
#include <unistd.h>

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

bool sk_wire_descriptor_left(void)
{
    enum { MARGIN = 24, SELECT_LIMIT = 1024 };
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    close(fd);
    return fd < SELECT_LIMIT - MARGIN;
}
