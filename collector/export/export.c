/* SPDX-License-Identifier: Apache-2.0 */
/* The run of an export: open what it reads, walk the log upwards to the fixed size, then say what is whole. Door and zone are
 * looked at here and not by the walk, for completeness is judged over all that a controller sent in the period. */
#include "collector/export/export.h"

#include <string.h>

#include "collector/export/entry.h"
#include "collector/export/ledger.h"
#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"

enum { HOLES_SHOWN = 100, DETAIL_MAX = 8192 };

struct run {
    const struct sk_export_request *request;
    struct sk_store *store;
    struct sk_vault *vault;
    struct sk_people *people;
    struct sk_ledger *ledger;
    struct sk_zone *zone;
    struct sk_names names;
    struct sk_cells cells;
    struct sk_entry_writer writer;
    uint16_t door, zone_no; /* 0: any */
    uint64_t rows;
    enum sk_err err;
};

static void close_run(struct run *run)
{
    sk_names_close(&run->names);
    sk_ledger_free(run->ledger);
    sk_people_free(run->people);
    sk_vault_close(run->vault);
    sk_zone_free(run->zone);
    sk_store_close(run->store);
    sk_free(run);
}

static enum sk_err find_filter(struct run *run, const char *kind, const char *id, uint16_t *ret_number, struct sk_fault *fault)
{
    if (*id == '\0')
        return SK_OK;
    enum sk_err err = sk_store_number_find(run->store, kind, id, ret_number);
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "%s: the log knows no '%.64s'", kind, id);
}

static enum sk_err open_run(struct run *run, const char *directory, struct sk_fault *fault)
{
    enum sk_err err = sk_store_open(directory, SK_STORE_READER, &run->store, fault);
    if (err == SK_OK)
        err = find_filter(run, "door", run->request->door, &run->door, fault);
    if (err == SK_OK)
        err = find_filter(run, "zone", run->request->zone, &run->zone_no, fault);
    if (err == SK_OK)
        err = sk_zone_load(run->request->time_zone, &run->zone, fault);
    if (err == SK_OK && run->request->names)
        err = sk_vault_open_reader(directory, &run->vault, fault);
    if (err != SK_OK)
        return err;
    err = sk_names_open(run->store, &run->names);
    if (err == SK_OK)
        err = sk_ledger_create(&run->ledger);
    if (err == SK_OK)
        err = sk_people_load(run->store, run->vault, &run->people);
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "the roster cannot be read: %s", sk_err_text(err));
}

/* Person and company as the columns would show them. */
static bool is_wanted(struct run *run, const struct sk_record *record)
{
    const struct sk_export_request *request = run->request;
    const struct sk_header *header = &record->header;
    struct sk_body_item version;
    if ((run->door != 0 && header->door != run->door) || (run->zone_no != 0 && header->zone != run->zone_no))
        return false;
    if (request->person[0] == '\0' && request->company[0] == '\0')
        return true;
    const char *id = sk_people_id(run->people, header->subject);
    if (id == NULL || (request->person[0] != '\0' && strcmp(id, request->person) != 0))
        return false;
    if (request->company[0] == '\0')
        return true;
    const bool versioned = sk_body_find(record->body, record->body_length, SK_TAG_ROSTER_VERSION, &version);
    const struct sk_person_label *label = sk_people_label(run->people, versioned ? sk_item_u64(&version) : 0);
    return label != NULL && strcmp(label->company, request->company) == 0;
}

static bool take_record(void *context, const struct sk_record *record)
{
    struct run *run = context;
    const struct sk_header *header = &record->header;
    if (header->seq >= run->request->size)
        return false;
    if (sk_entry_is_numbered(header))
        run->err = sk_ledger_add(run->ledger, header->ctrl, header->ctrl_epoch, header->ctrl_seq);
    if (run->err != SK_OK)
        return false;
    if (!is_wanted(run, record))
        return true;
    sk_entry_write(&run->writer, record);
    run->rows++;
    return !run->cells.closed;
}

static enum sk_err write_entries(struct run *run)
{
    const struct sk_walk walk = {.class_mask = 1u << SK_CLASS_ACCESS,
                                 .limit = UINT32_MAX,
                                 .door = -1,
                                 .since_us = run->request->since_us,
                                 .until_us = run->request->until_us};
    enum sk_err err = sk_store_walk(run->store, &walk, take_record, run);
    return run->cells.closed ? SK_ERR_CLOSED : run->err != SK_OK ? run->err : err;
}

static void add_hole(char *detail, const struct sk_ledger_hole *hole)
{
    const size_t used = strlen(detail);
    if (hole->from == hole->to)
        sk_text_format(detail + used, DETAIL_MAX - used, " %llu", (unsigned long long)hole->from);
    else
        sk_text_format(detail + used, DETAIL_MAX - used, " %llu-%llu", (unsigned long long)hole->from,
                       (unsigned long long)hole->to);
}

static void describe(const struct sk_ledger_row *row, char detail[DETAIL_MAX])
{
    if (row->missing == 0) {
        sk_text_format(detail, DETAIL_MAX, "complete seq %llu-%llu", (unsigned long long)row->low,
                       (unsigned long long)row->high);
        return;
    }
    sk_text_format(detail, DETAIL_MAX, "seq %llu-%llu, %llu missing, holes:", (unsigned long long)row->low,
                   (unsigned long long)row->high, (unsigned long long)row->missing);
    const size_t shown = row->hole_count < HOLES_SHOWN ? row->hole_count : HOLES_SHOWN;
    for (size_t i = 0; i < shown; i++)
        add_hole(detail, &row->holes[i]);
    if (row->cut || shown < row->hole_count)
        sk_text_copy(detail + strlen(detail), DETAIL_MAX - strlen(detail), " and more");
}

static void write_controller(struct run *run, const struct sk_ledger_row *row)
{
    char detail[DETAIL_MAX];
    struct sk_cells *cells = &run->cells;
    const char *id = sk_names_controller(&run->names, row->controller);
    describe(row, detail);
    sk_cells_begin(cells);
    sk_cells_put_word(cells, "controller");
    sk_cells_skip(cells, SK_COLUMN_CONTROLLER - SK_COLUMN_SEQ);
    sk_cells_put_text(cells, id, strlen(id));
    sk_cells_put_number(cells, row->epoch);
    sk_cells_skip(cells, sk_export_column_count - SK_COLUMN_EPOCH - 2);
    sk_cells_put_text(cells, detail, strlen(detail));
    sk_cells_end(cells);
}

/* A site for demonstration says so on every export. */
static void write_end(struct run *run)
{
    char filter[512], detail[DETAIL_MAX];
    const struct sk_export_request *request = run->request;
    struct sk_cells *cells = &run->cells;
    sk_export_filter_text(request, false, filter, sizeof filter);
    sk_text_format(detail, sizeof detail, "%llu entries of site %s (class %s); log below record %llu; filter: %s",
                   (unsigned long long)run->rows, request->site, request->site_class, (unsigned long long)request->size,
                   filter);
    sk_cells_begin(cells);
    sk_cells_put_word(cells, "end");
    sk_cells_skip(cells, sk_export_column_count - 2);
    sk_cells_put_text(cells, detail, strlen(detail));
    sk_cells_end(cells);
}

static enum sk_err write_all(struct run *run, sk_export_sink *sink, void *context)
{
    sk_cells_init(&run->cells, run->request->format, sk_export_columns, sink, context);
    run->writer =
        (struct sk_entry_writer){.cells = &run->cells, .names = &run->names, .people = run->people, .zone = run->zone};
    sk_cells_head(&run->cells, run->request->bom, sk_export_column_count);
    enum sk_err err = write_entries(run);
    if (err != SK_OK)
        return err;
    for (size_t i = 0; i < sk_ledger_count(run->ledger); i++)
        write_controller(run, sk_ledger_row(run->ledger, i));
    write_end(run);
    return sk_cells_flush(&run->cells) ? SK_OK : SK_ERR_CLOSED;
}

enum sk_err sk_export_run(const char *directory, const struct sk_export_request *request, sk_export_sink *sink, void *context,
                          uint64_t *ret_rows, struct sk_fault *fault)
{
    *ret_rows = 0;
    struct run *run = sk_calloc(1, sizeof *run);
    if (run == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "out of memory");
    run->request = request;
    enum sk_err err = open_run(run, directory, fault);
    if (err == SK_OK) {
        err = write_all(run, sink, context);
        if (err != SK_OK)
            sk_fault_set(fault, err, err == SK_ERR_CLOSED ? "the reader left" : "the log cannot be read: %s", sk_err_text(err));
    }
    *ret_rows = run->rows;
    close_run(run);
    return err;
}
