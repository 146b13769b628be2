/* SPDX-License-Identifier: Apache-2.0 */
/* The collector process: opens everything in order, turns the loop, closes everything in reverse.
 *
 * One turn: wait -> take door events, then samples -> engine -> one commit -> only then feed, COMMITTED to the pollers,
 * answers. Threads: one. */
#ifndef SK_COLLECTOR_H
#define SK_COLLECTOR_H

#include "collector/options.h"
#include "schemas/base/err.h"
#include "schemas/model/site.h"

/* Runs until a signal; the exit status of the process. site stays the caller's (its numbers are filled in). */
int sk_collector_run(const struct sk_options *options, struct sk_site *site, const char *binary);

#endif
