/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of missing numbers, kept sorted: a number above the highest opens a hole, one below fills or splits one. */
#include "collector/export/ledger.h"

#include <string.h>

#include "schemas/base/mem.h"

enum { CONTROLLERS = 65536, FIRST_ROWS = 16, FIRST_HOLES = 8 };

struct sk_ledger {
    struct sk_ledger_row *rows;
    size_t count, capacity;
    int32_t newest[CONTROLLERS]; /* row of each controller; -1 none */
};

enum sk_err sk_ledger_create(struct sk_ledger **ret_tally)
{
    struct sk_ledger *ledger = sk_calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < CONTROLLERS; i++)
        ledger->newest[i] = -1;
    *ret_tally = ledger;
    return SK_OK;
}

void sk_ledger_free(struct sk_ledger *ledger)
{
    for (size_t i = 0; ledger != NULL && i < ledger->count; i++)
        sk_free(ledger->rows[i].holes);
    if (ledger != NULL)
        sk_free(ledger->rows);
    sk_free(ledger);
}

size_t sk_ledger_count(const struct sk_ledger *ledger)
{
    return ledger->count;
}

const struct sk_ledger_row *sk_ledger_row(const struct sk_ledger *ledger, size_t index)
{
    return &ledger->rows[index];
}

static struct sk_ledger_row *find_row(struct sk_ledger *ledger, uint16_t controller, uint32_t epoch)
{
    int32_t at = ledger->newest[controller];
    while (at >= 0 && ledger->rows[at].epoch != epoch)
        at = ledger->rows[at].older;
    return at >= 0 ? &ledger->rows[at] : NULL;
}

static enum sk_err add_row(struct sk_ledger *ledger, uint16_t controller, uint32_t epoch, uint64_t seq)
{
    if (ledger->count == SK_LEDGER_ROWS)
        return SK_ERR_FULL;
    if (ledger->count == ledger->capacity) {
        const size_t larger = ledger->capacity == 0 ? FIRST_ROWS : ledger->capacity * 2;
        struct sk_ledger_row *rows = sk_realloc(ledger->rows, larger, sizeof *rows);
        if (rows == NULL)
            return SK_ERR_NOMEM;
        ledger->rows = rows;
        ledger->capacity = larger;
    }
    ledger->rows[ledger->count] = (struct sk_ledger_row){
        .controller = controller, .epoch = epoch, .low = seq, .high = seq, .older = ledger->newest[controller]};
    ledger->newest[controller] = (int32_t)ledger->count++;
    return SK_OK;
}

/* Makes room for one more hole at `at`; false when the list is cut or there is no memory for it. */
static bool open_hole(struct sk_ledger_row *row, size_t at, uint64_t from, uint64_t to)
{
    if (row->hole_count == row->hole_capacity && row->hole_capacity < SK_LEDGER_HOLES) {
        size_t larger = row->hole_capacity == 0 ? FIRST_HOLES : row->hole_capacity * 2;
        larger = larger < SK_LEDGER_HOLES ? larger : SK_LEDGER_HOLES;
        struct sk_ledger_hole *holes = sk_realloc(row->holes, larger, sizeof *holes);
        if (holes != NULL) {
            row->holes = holes;
            row->hole_capacity = larger;
        }
    }
    if (row->hole_count == row->hole_capacity) {
        row->cut = true;
        return false;
    }
    memmove(row->holes + at + 1, row->holes + at, (row->hole_count - at) * sizeof *row->holes);
    row->holes[at] = (struct sk_ledger_hole){from, to};
    row->hole_count++;
    return true;
}

/* A number between the lowest and the highest: it fills its hole, or it came before. */
static void fill(struct sk_ledger_row *row, uint64_t seq)
{
    size_t at = row->hole_count;
    while (at > 0 && row->holes[at - 1].from > seq)
        at--;
    struct sk_ledger_hole *hole = at > 0 ? &row->holes[at - 1] : NULL;
    if (hole == NULL || seq > hole->to) {
        row->twins += !row->cut;
        row->missing -= row->cut && row->missing > 0; /* of a hole that is not listed */
        return;
    }
    row->missing--;
    if (hole->from == hole->to) {
        memmove(hole, hole + 1, (row->hole_count - at) * sizeof *hole);
        row->hole_count--;
    } else if (seq == hole->from) {
        hole->from++;
    } else if (seq == hole->to) {
        hole->to--;
    } else {
        const uint64_t to = hole->to;
        hole->to = seq - 1;
        open_hole(row, at, seq + 1, to);
    }
}

enum sk_err sk_ledger_add(struct sk_ledger *ledger, uint16_t controller, uint32_t epoch, uint64_t seq)
{
    struct sk_ledger_row *row = find_row(ledger, controller, epoch);
    if (row == NULL)
        return add_row(ledger, controller, epoch, seq);
    if (seq > row->high) {
        if (seq - row->high > 1) {
            row->missing += seq - row->high - 1;
            open_hole(row, row->hole_count, row->high + 1, seq - 1);
        }
        row->high = seq;
    } else if (seq < row->low) {
        if (row->low - seq > 1) {
            row->missing += row->low - seq - 1;
            open_hole(row, 0, seq + 1, row->low - 1);
        }
        row->low = seq;
    } else {
        fill(row, seq);
    }
    return SK_OK;
}
