/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the log for writing when it may be damaged: set aside, and the next one begun (schemas/store/succeed.h says how);
 * what every log begins with. */
#ifndef SK_COLLECTOR_SUCCESSION_H
#define SK_COLLECTOR_SUCCESSION_H

#include "schemas/model/site.h"
#include "schemas/store/succeed.h"

struct sk_opened_log {
    struct sk_store *store;   /* owned by the caller from here */
    struct sk_signer *signer; /* likewise */
    struct sk_old_log old;    /* any: the log is empty and has to begin as its successor */
};

/* damage: what an earlier run found wrong while it ran; NULL: look. On error nothing is left open. */
enum sk_err sk_succession_open(const char *directory, const char *damage, struct sk_opened_log *ret_opened,
                               struct sk_fault *fault);
/* What a log begins with, all or nothing: its origin (or what it follows and carries over), then the numbers of zones, doors
 * and controllers, filled into site. A log that has begun gets numbers for what is new. */
enum sk_err sk_succession_begin(const struct sk_opened_log *opened, const char *directory, const struct sk_cadence *cadence,
                                struct sk_site *site, struct sk_fault *fault);

#endif
