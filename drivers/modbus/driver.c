/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's one exported symbol: registers in one session of a link, event rings in the other. */
#include "drivers/driver.h"
#include "drivers/modbus/ring.h"
#include "drivers/modbus/session.h"
#include "schemas/base/mem.h"

struct sk_driver_session {
    struct sk_modbus_session *samples; /* one of the two */
    struct sk_modbus_ring_session *ring;
};

static bool is_modbus(const struct sk_link *link)
{
    return link->protocol == SK_PROTO_MODBUS_TCP || link->protocol == SK_PROTO_MODBUS_RTU;
}

static bool has_readable_points(const struct sk_site *site, const struct sk_device *device)
{
    for (uint32_t i = 0; i < device->point_count; i++)
        if (site->points[device->first_point + i].profile != NULL)
            return true;
    return false;
}

static bool modbus_serves(const struct sk_site *site, uint32_t link, bool events_only)
{
    if (link >= site->link_count || !is_modbus(&site->links[link]))
        return false;
    for (size_t i = 0; i < site->device_count; i++) {
        const struct sk_device *device = &site->devices[i];
        if (device->link != (int32_t)link || device->profile == NULL)
            continue;
        if (events_only ? device->profile->ring.present : has_readable_points(site, device))
            return true;
    }
    return false;
}

static enum sk_err modbus_open(const struct sk_site *site, uint32_t link, bool events_only, const struct sk_driver_host *host,
                               struct sk_driver_session **ret_session, struct sk_fault *fault)
{
    if (link >= site->link_count || !is_modbus(&site->links[link]))
        return sk_fault_set(fault, SK_ERR_INVALID, "link %u is not a Modbus link", link);
    if (events_only && site->links[link].protocol == SK_PROTO_MODBUS_RTU && modbus_serves(site, link, false))
        return sk_fault_set(fault, SK_ERR_UNSUPPORTED,
                            "link '%s': an event ring on a serial line cannot share it with registers that are polled "
                            "by another process; give the controller a line of its own or Modbus TCP",
                            site->links[link].id);
    struct sk_driver_session *session = sk_calloc(1, sizeof(*session));
    if (session == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "link '%s': out of memory", site->links[link].id);
    enum sk_err err = events_only ? sk_modbus_ring_create(site, link, host, &session->ring, fault)
                                  : sk_modbus_session_create(site, link, host, &session->samples, fault);
    if (err != SK_OK) {
        sk_free(session);
        return err;
    }
    *ret_session = session;
    return SK_OK;
}

static enum sk_err modbus_run(struct sk_driver_session *session, int stop_fd)
{
    return session->ring != NULL ? sk_modbus_ring_run(session->ring, stop_fd)
                                 : sk_modbus_session_run(session->samples, stop_fd);
}

static void modbus_close_session(struct sk_driver_session *session)
{
    if (session == NULL)
        return;
    sk_modbus_ring_free(session->ring);
    sk_modbus_session_free(session->samples);
    sk_free(session);
}

const struct sk_driver sk_driver_modbus = {
    .api_version = SK_DRIVER_API_VERSION,
    .name = "modbus",
    .open = modbus_open,
    .run = modbus_run,
    .close = modbus_close_session,
    .serves = modbus_serves,
};
