/* SPDX-License-Identifier: Apache-2.0 */
/* One way to name bad rows, so that people, registers and controllers' lists are refused alike. */
#include "collector/import_report.h"

#include <string.h>

bool sk_import_report_init(struct sk_import_report *report)
{
    *report = (struct sk_import_report){.bad = cJSON_CreateArray()};
    return report->bad != NULL;
}

void sk_import_report_free(struct sk_import_report *report)
{
    cJSON_Delete(report->bad);
    report->bad = NULL;
}

void sk_import_complain(struct sk_import_report *report, unsigned row, const char *field, const char *reason)
{
    if (++report->bad_count > SK_IMPORT_BAD_MAX)
        return;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddNumberToObject(item, "row", row);
    cJSON_AddStringToObject(item, "field", field);
    cJSON_AddStringToObject(item, "reason", reason);
    cJSON_AddItemToArray(report->bad, item);
}

bool sk_import_first_line(struct sk_import_report *report, struct sk_csv *csv, char **fields, size_t capacity,
                          size_t *ret_count, const char *expected)
{
    unsigned line;
    if (sk_csv_row(csv, fields, capacity, ret_count, &line) && *ret_count <= capacity)
        return true;
    sk_import_complain(report, 1, "", expected);
    return false;
}

int sk_import_column(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

cJSON *sk_import_answer(struct sk_import_report *report, struct request *request, size_t rows, bool dry_run, bool stored)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddNumberToObject(result, "rows", (double)rows);
    cJSON_AddBoolToObject(result, "dry_run", dry_run);
    cJSON_AddBoolToObject(result, "stored", stored);
    cJSON_AddNumberToObject(result, "bad_count", (double)report->bad_count);
    cJSON_AddItemToObject(result, "bad", report->bad);
    report->bad = NULL;
    request->answer->result = result;
    return result;
}
