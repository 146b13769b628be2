/* SPDX-License-Identifier: Apache-2.0 */
/* Import into a register from CSV: one row opens one entry, by the register's own opening act and the same checks as one at a
 * time. Everything is checked before anything is stored, and every bad row is named with its field and reason; all or nothing:
 * the rows are one commit of their own, and what fails on the way is taken back from vault and memory.
 *
 * The first line names fields of the register. A list is parted by ';'; a flag is true or false; an empty cell says nothing. */
#include <stdlib.h>
#include <string.h>

#include "collector/import_report.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { ROWS_MAX = 1000, COLUMNS_MAX = 64 };

struct import {
    struct request *request;
    const struct sk_act_row *row;
    const struct sk_field_row *columns[COLUMNS_MAX];
    size_t column_count, count;
    cJSON *rows; /* array of documents */
    struct sk_register_document *document;
    unsigned lines[ROWS_MAX], line; /* of each row; of the one being checked */
    struct sk_import_report report;
};

static void add_fault(void *context, const char *field, const char *expected, const char *found)
{
    char reason[SK_FAULT_TEXT];
    struct import *import = context;
    sk_text_format(reason, sizeof reason, "expected %s, found %s", expected, found);
    sk_import_complain(&import->report, import->line, field, reason);
}

/* --- cells to documents --- */

static cJSON *list_of(char *cell)
{
    cJSON *list = cJSON_CreateArray();
    for (char *word; (word = strsep(&cell, ";")) != NULL;)
        cJSON_AddItemToArray(list, cJSON_CreateString(word + strspn(word, " ")));
    return list;
}

/* What the cell means by its field's type; what it cannot mean stays text, so that the check names it. */
static cJSON *value_of(const struct sk_field_row *field, char *cell)
{
    char *end;
    if ((field->flags & SK_FF_LIST) != 0)
        return list_of(cell);
    if (field->type == SK_FT_FLAG && (strcmp(cell, "true") == 0 || strcmp(cell, "false") == 0))
        return cJSON_CreateBool(cell[0] == 't');
    if (field->type == SK_FT_NUMBER && strspn(cell, "-0123456789.") == strlen(cell)) {
        const double number = strtod(cell, &end);
        if (end != cell && *end == '\0')
            return cJSON_CreateNumber(number);
    }
    return cJSON_CreateString(cell);
}

static bool read_head(struct import *import, struct sk_csv *csv)
{
    char *fields[COLUMNS_MAX];
    if (!sk_import_first_line(&import->report, csv, fields, COLUMNS_MAX, &import->column_count,
                              "the first line must name the fields"))
        return false;
    for (size_t i = 0; i < import->column_count; i++) {
        import->columns[i] = sk_field_by_name(import->row->register_, fields[i]);
        if (import->columns[i] == NULL)
            sk_import_complain(&import->report, 1, fields[i], "the register has no such field");
        for (size_t k = 0; k < i; k++)
            if (import->columns[k] != NULL && import->columns[k] == import->columns[i])
                sk_import_complain(&import->report, 1, fields[i], "stands twice");
    }
    return import->report.bad_count == 0;
}

static void read_rows(struct import *import, char *text)
{
    struct sk_csv csv;
    char *fields[COLUMNS_MAX];
    size_t count;
    unsigned line;
    sk_csv_init(&csv, text);
    if (!read_head(import, &csv))
        return;
    while (sk_csv_row(&csv, fields, COLUMNS_MAX, &count, &line)) {
        if (import->count == ROWS_MAX) {
            sk_import_complain(&import->report, line, "", "more than 1000 rows; import in parts");
            return;
        }
        cJSON *document = cJSON_CreateObject();
        for (size_t i = 0; i < count && i < import->column_count; i++)
            if (fields[i][0] != '\0')
                cJSON_AddItemToObject(document, import->columns[i]->name, value_of(import->columns[i], fields[i]));
        import->lines[import->count++] = line;
        cJSON_AddItemToArray(import->rows, document);
        if (count != import->column_count)
            sk_import_complain(&import->report, line, "", "has another number of fields than the first line");
    }
    if (csv.bad)
        sk_import_complain(&import->report, line, "", "quotes do not match");
}

/* --- checking and storing --- */

static enum sk_err read_document(struct import *import, const cJSON *fields)
{
    const struct sk_register_context context = sk_register_context_of(import->request);
    const enum sk_err err = sk_register_document_read(&context, import->row, NULL, fields, add_fault, import, import->document);
    return err == SK_OK ? sk_register_judge(&context, import->row, NULL, import->document, add_fault, import) : err;
}

static void check_rows(struct import *import)
{
    const cJSON *fields;
    size_t i = 0;
    cJSON_ArrayForEach(fields, import->rows)
    {
        import->line = import->lines[i++];
        read_document(import, fields);
    }
}

/* Rows of one file about to be stored, between the vault's begin and its end. */
static enum sk_err store_each(struct import *import)
{
    char id[SK_ENTRY_ID_MAX];
    const cJSON *fields;
    enum sk_err err = SK_OK;
    cJSON_ArrayForEach(fields, import->rows)
    {
        if (err == SK_OK)
            err = read_document(import, fields);
        if (err != SK_OK)
            break;
        sk_registers_next_id(sk_engine_registers(import->request->floor->engine), import->row->register_, id);
        err = sk_register_do(import->request, import->row, id, import->document);
    }
    return err;
}

/* Nothing of it may stay: not in memory, not in the vault (what was there before has a lower number). */
static void take_back(struct import *import, uint32_t last)
{
    const struct sk_command_floor *floor = import->request->floor;
    char id[SK_ENTRY_ID_MAX];
    sk_engine_registers_take_back(floor->engine, import->row->register_, last, import->request->now);
    if (sk_vault_begin(floor->vault) != SK_OK)
        return;
    for (uint32_t i = 1; i <= import->count; i++) {
        sk_text_format(id, sizeof id, "%s-%u", sk_register_row(import->row->register_)->prefix, last + i);
        (void)sk_vault_register_erase(floor->vault, id);
    }
    sk_vault_end(floor->vault, true);
}

static enum sk_err store_rows(struct import *import)
{
    const struct sk_command_floor *floor = import->request->floor;
    char id[SK_ENTRY_ID_MAX];
    uint8_t register_;
    uint32_t next = 1;
    sk_registers_next_id(sk_engine_registers(floor->engine), import->row->register_, id);
    sk_entry_id_parse(id, &register_, &next);
    enum sk_err err = sk_import_begin(import->request);
    if (err != SK_OK)
        return err;
    err = store_each(import);
    err = sk_import_end(import->request, err);
    if (err != SK_OK)
        take_back(import, next - 1);
    return err;
}

/* The register's first opening act, which the actor's roles must allow. NULL: refused already. */
static const struct sk_act_row *read_register(struct request *request)
{
    const struct sk_act_row *row = NULL;
    const char *name = sk_request_text(request, "register", false, 40);
    const char *path = name != NULL ? sk_request_text(request, "path", false, 40) : NULL;
    const struct sk_register_row *register_ = path != NULL ? sk_register_named(name, path) : NULL;
    for (size_t i = 0; register_ != NULL && (row = sk_act_at(i)) != NULL; i++)
        if (row->register_ == register_->number && (row->rules & SK_AR_OPENS) != 0)
            break;
    if (path != NULL && row == NULL)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "register: there is no such register");
    return row != NULL && sk_request_deny(request, row->permission) == SK_OK ? row : NULL;
}

static enum sk_err run(struct import *import, char *text)
{
    const bool dry_run = cJSON_IsTrue(sk_json_get(import->request->args, "dry_run"));
    read_rows(import, text);
    check_rows(import);
    const bool store = !dry_run && import->report.bad_count == 0 && import->count > 0;
    const enum sk_err err = store ? store_rows(import) : SK_OK;
    if (err == SK_OK)
        sk_import_answer(&import->report, import->request, import->count, dry_run, store);
    return err;
}

enum sk_err sk_run_register_import(struct request *request)
{
    const struct sk_act_row *row = read_register(request);
    if (row == NULL)
        return request->answer->err;
    struct sk_request_text csv;
    if (!sk_recorder_writable(request->floor->recorder))
        return sk_request_refuse(request, SK_ERR_FULL, "the log cannot be written now, so no register can change");
    if (!sk_request_file(request, "csv", &csv))
        return request->answer->err;
    struct import *import = sk_calloc(1, sizeof *import);
    if (import == NULL) {
        sk_request_file_free(&csv);
        return sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
    }
    import->request = request;
    import->row = row;
    import->rows = cJSON_CreateArray();
    import->document = sk_calloc(1, sizeof *import->document);
    enum sk_err err = import->rows == NULL || !sk_import_report_init(&import->report) || import->document == NULL
                          ? sk_request_refuse(request, SK_ERR_NOMEM, "out of memory")
                          : run(import, csv.text);
    sk_free_secret(import->document, import->document != NULL ? sizeof *import->document : 0);
    cJSON_Delete(import->rows);
    sk_import_report_free(&import->report);
    sk_free(import);
    sk_request_file_free(&csv);
    return err;
}
