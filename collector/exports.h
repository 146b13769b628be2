/* SPDX-License-Identifier: Apache-2.0 */
/* Exports from the collector's side: how many at once, the child that does one, and the records of its begin and its end.
 *
 * An export's life: reserve (before anything is recorded), the record read.export queued, then after its commit start, or
 * cancel when it could not be recorded: nothing leaves without its record. The child is our own binary (--export), at low
 * priority, without sockets: it reads the databases and writes into a pipe whose other end goes to who asked. When it ends, for
 * whatever reason, a record read.export_ended says how many rows were handed over and whether that was all. The stream is text
 * that holds no zero byte; one zero byte behind it says that it is whole. One thread: the loop's. */
#ifndef SK_COLLECTOR_EXPORTS_H
#define SK_COLLECTOR_EXPORTS_H

#include "collector/engine/engine.h"
#include "collector/export/export.h"
#include "collector/loop.h"
#include "collector/recorder.h"

/* All at once, and of one account: a slow client holds its place, and a place is a process. */
enum { SK_EXPORTS_MAX = 4, SK_EXPORTS_PER_ACCOUNT = 2 };

struct sk_exports;
struct sk_export;

struct sk_exports_options {
    const char *binary, *state; /* borrowed for life */
};

enum sk_err sk_exports_create(struct sk_loop *loop, struct sk_recorder *recorder, const struct sk_exports_options *options,
                              struct sk_exports **ret_exports);
/* Ends the children; their ends are not recorded (the log says that the collector stopped). */
void sk_exports_free(struct sk_exports *exports);

/* BUSY: no place is left. The request is copied. */
enum sk_err sk_exports_reserve(struct sk_exports *exports, const struct sk_export_request *request,
                               const struct sk_actor *actor, struct sk_export **ret_export);
const char *sk_export_id(const struct sk_export *export); /* links the two records; valid while reserved or running */
/* After the commit. *ret_fd: the reading end, the caller's to close. On an error the place is free again. */
enum sk_err sk_export_start(struct sk_export *export, int *ret_fd, struct sk_fault *fault);
/* Reserved, recorded perhaps, but not to be started. recorded: leave a record that nothing was handed over. */
void sk_export_cancel(struct sk_export *export, bool recorded);

/* The child: reads the request from descriptor 0, writes the stream to 1 and how it ended to SK_EXPORT_STATUS_FD. */
enum { SK_EXPORT_STATUS_FD = 3 };
int sk_export_child_main(const char *state);
struct sk_export_status {
    uint64_t rows;
    int32_t err; /* enum sk_err; SK_OK: all of it */
};

#endif
