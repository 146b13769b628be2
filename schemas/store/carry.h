/* SPDX-License-Identifier: Apache-2.0 */
/* From a log that was set aside into its successor: what doors and monitoring need to go on. Private to this folder.
 *
 * Nothing is copied unseen. Numbers, roster changes and open alarms become records of the new log that name the old one
 * (old_origin, and old_seq where known), with their projection rows; pending rows are no part of any tree and are copied. A
 * roster change is taken when its record's hash proves it, or when row and record agree; else it is lost, and counted. */
#ifndef SK_STORE_CARRY_H
#define SK_STORE_CARRY_H

#include "schemas/store/succeed.h"

/* In an open transaction of `to`. Fails only when `to` cannot be written. */
enum sk_err sk_carry_over(struct sk_store *to, struct sk_store *from, const struct sk_old_log *old, const struct sk_now *now,
                          struct sk_carried *carried);

#endif
