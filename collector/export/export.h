/* SPDX-License-Identifier: Apache-2.0 */
/* An export of the entry log: every record of class access that a filter lets through, as CSV (RFC 4180) or JSON Lines, in
 * order of record numbers below a fixed tree size, and behind them what is whole and what is missing.
 *
 * Rows say what they are in their first column: `entry`; then one `controller` per controller and epoch, with the numbers that
 * the period holds and its holes, judged over all doors whatever the filter; then one `end`. A file without its `end` was cut.
 * Names come from the vault, as they were under the roster version of each record, when the request says so; else the columns
 * are empty. Text cells that a spreadsheet would take for a formula get an apostrophe in front (CSV only).
 *
 * Read-only, memory bounded whatever the length of the log; each read transaction copies at most 64 rows (schemas/store).
 * One thread. Depends on schemas/ only: the collector runs it in a child process, tests and benches in their own. */
#ifndef SK_COLLECTOR_EXPORT_H
#define SK_COLLECTOR_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

enum { SK_EXPORT_ID_MAX = 128, SK_EXPORT_REQUEST_MAX = 4096 };
enum sk_export_format { SK_EXPORT_CSV, SK_EXPORT_JSONL };

struct sk_export_request {
    enum sk_export_format format;
    bool bom;                                                 /* CSV: begin with a byte order mark */
    bool names;                                               /* the role permits them */
    char door[SK_EXPORT_ID_MAX], zone[SK_EXPORT_ID_MAX];      /* ids as the log knows them; "" any */
    char person[SK_EXPORT_ID_MAX], company[SK_EXPORT_ID_MAX]; /* "" any; company as it was then, and only with names */
    int64_t since_us, until_us;                               /* receive time, half-open; 0 unbounded */
    uint64_t size;                                            /* records of the log that count: those with a smaller number */
    char site[SK_EXPORT_ID_MAX], site_class[16], time_zone[64];
};

/* As one JSON object, and back: how the collector tells its child. write: TOO_LONG. read: PARSE and which member. */
enum sk_err sk_export_request_write(const struct sk_export_request *request, char to[SK_EXPORT_REQUEST_MAX],
                                    size_t *ret_length);
enum sk_err sk_export_request_read(const char *text, size_t length, struct sk_export_request *ret_request,
                                   struct sk_fault *fault);

/* What the filter says: "door=d1 since=2026-11-01T..Z". for_log: a company is a name, and no record holds one. */
void sk_export_filter_text(const struct sk_export_request *request, bool for_log, char *to, size_t capacity);

/* Takes a piece of the export; false: nobody reads any more, stop. */
typedef bool sk_export_sink(void *context, const char *bytes, size_t length);

/* Runs it on the state directory. *ret_rows counts the entries that were handed over, also when it ends early. CLOSED: the sink
 * said stop. NOT_FOUND: the log knows no such door or zone. */
enum sk_err sk_export_run(const char *directory, const struct sk_export_request *request, sk_export_sink *sink, void *context,
                          uint64_t *ret_rows, struct sk_fault *fault);

#endif
