/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's hand in the history: which samples go there, when they are written, and what is said when they cannot be.
 *
 * History is given up first: nothing here stops a record, an alarm or the loop. A failure is logged when it begins and when it
 * ends, and raises the system alarm `history`; above 80 % of the disk budget stands `history:room`. Work per call is bounded: a
 * put is memory (a full page is flushed), a tend is at most one flush and one small step. One thread. */
#ifndef SK_COLLECTOR_ARCHIVE_H
#define SK_COLLECTOR_ARCHIVE_H

#include <stdbool.h>

#include "schemas/base/clock.h"
#include "schemas/model/sample.h"
#include "schemas/model/site.h"

struct sk_archive;

/* Raises or returns an alarm of the monitor itself. */
struct sk_archive_sink {
    void *context;
    void (*alarm)(void *context, const char *name, bool active, enum sk_severity severity, const char *detail);
};

/* A history that cannot be opened is no error: the archive then takes nothing and tries again every minute. NOMEM only. */
enum sk_err sk_archive_create(const char *directory, const struct sk_site *site, const struct sk_archive_sink *sink,
                              struct sk_archive **ret_archive);
/* Writes what is pending, then closes. NULL is fine. */
void sk_archive_free(struct sk_archive *archive);
uint64_t sk_archive_lost(const struct sk_archive *archive); /* samples given up since the start */
void sk_archive_put(struct sk_archive *archive, const struct sk_sample *samples, size_t count);
/* Flushes when due, else does one small step unless busy (more is waiting that counts); returns when to call again (mono). */
int64_t sk_archive_tend(struct sk_archive *archive, const struct sk_now *now, bool busy);

#endif
