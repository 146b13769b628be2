/* SPDX-License-Identifier: Apache-2.0 */
/* What an import says of what it was given: every bad row by its line, field and reason (the first SK_IMPORT_BAD_MAX of them,
 * and how many there were), and the answer that all imports give. One report per import; its owner initialises and frees it. */
#ifndef SK_COLLECTOR_IMPORT_REPORT_H
#define SK_COLLECTOR_IMPORT_REPORT_H

#include "collector/csv.h"
#include "collector/request.h"

enum { SK_IMPORT_BAD_MAX = 100 };

struct sk_import_report {
    cJSON *bad;       /* array of {row, field, reason} */
    size_t bad_count; /* also of those that are not in the array: 0 is what "all is well" means */
};

/* False: out of memory. */
bool sk_import_report_init(struct sk_import_report *report);
void sk_import_report_free(struct sk_import_report *report);

/* field: "" when the whole row is meant. */
void sk_import_complain(struct sk_import_report *report, unsigned row, const char *field, const char *reason);

/* The line that names the columns, into fields; how many there are. False: there is none or it is too long, which was
 * complained of as `expected`. */
bool sk_import_first_line(struct sk_import_report *report, struct sk_csv *csv, char **fields, size_t capacity,
                          size_t *ret_count, const char *expected);

/* Index of a name among count; -1: not there. */
int sk_import_column(const char *const *names, int count, const char *name);

/* {rows, dry_run, stored, bad_count, bad} becomes the request's result, and the report's array with it. Borrowed: more may be
 * added. */
cJSON *sk_import_answer(struct sk_import_report *report, struct request *request, size_t rows, bool dry_run, bool stored);

#endif
