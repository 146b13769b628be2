/* SPDX-License-Identifier: Apache-2.0 */
/* A poller process: the collector's own binary started again, with nothing of the stores, speaking to its parent over one
 * SOCK_SEQPACKET socket (descriptor SK_POLLER_FD). It runs driver sessions on threads and ends with its parent.
 *
 * Poller 0 carries all door-event sessions; pollers 1.. carry the other sessions of at most SK_LINKS_PER_POLLER links each
 * (libmodbus aborts its process at descriptor 1024). Both sides compute the same plan from the same site. */
#ifndef SK_COLLECTOR_POLLER_H
#define SK_COLLECTOR_POLLER_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/driver.h"

enum { SK_POLLER_FD = 3, SK_LINKS_PER_POLLER = 900, SK_POLLERS_MAX = 64 };

/* How many pollers the site needs (poller 0 always exists when any link has door events). */
size_t sk_poller_count(const struct sk_site *site);
/* How many links poller k runs a session of, in one pass over the site; which, into ret_links (room for all links; or NULL). */
size_t sk_poller_links(const struct sk_site *site, size_t poller, uint32_t *ret_links);
const struct sk_driver *sk_driver_of(enum sk_protocol protocol);

/* The whole life of a poller process; returns its exit status. */
int sk_poller_main(const struct sk_site *site, size_t poller);

#endif
