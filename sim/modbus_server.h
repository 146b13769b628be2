/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's Modbus server: one TCP listener per link (every unit of the link behind it, as behind a gateway) and one RTU
 * slave per serial link. Runs inside the caller's epoll loop: it registers its descriptors with tagged pointers and is called
 * for each; answers may wait (delayed, torn, slow) until sim_modbus_deadline(). */
#ifndef SK_SIM_MODBUS_SERVER_H
#define SK_SIM_MODBUS_SERVER_H

#include <stdint.h>
#include <stdio.h>

#include "sim/sim.h"

/* Binds and listens for every Modbus link of the site. IO with the link's name when one cannot be opened. */
enum sk_err sim_modbus_create(struct sim *sim, struct sim_modbus **ret_server, struct sk_fault *fault);
void sim_modbus_free(struct sim_modbus *server);
/* tag is what epoll gave back (data.ptr). False: not one of ours. */
bool sim_modbus_ready(struct sim_modbus *server, void *tag, uint32_t events);
/* Sends what is due; closes what is finished. */
void sim_modbus_due(struct sim_modbus *server, int64_t now_us);
int64_t sim_modbus_deadline(const struct sim_modbus *server); /* SK_NEVER: nothing waits */
/* The port a link listens on (a link of port 0 got a free one); 0 when it is no Modbus TCP link. */
uint16_t sim_modbus_port(const struct sim_modbus *server, uint32_t link);

#endif
