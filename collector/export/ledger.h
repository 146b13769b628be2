/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers of each controller an export has seen, and which are missing between the first and the last: what the auditor
 * reads as "complete seq 1-500" or "holes: 17-19".
 *
 * Numbers come in any order; a late one fills its hole. Memory is bounded: at most SK_LEDGER_HOLES ranges per controller and
 * epoch are listed; beyond it the count stays right as long as no number comes twice, and the row says that the list is cut. */
#ifndef SK_EXPORT_LEDGER_H
#define SK_EXPORT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

enum { SK_LEDGER_HOLES = 1000, SK_LEDGER_ROWS = 65536 };

struct sk_ledger_row {
    uint16_t controller;
    uint32_t epoch;
    uint64_t low, high, missing, twins;
    struct sk_ledger_hole {
        uint64_t from, to; /* inclusive */
    } * holes;             /* ascending, disjoint */
    size_t hole_count, hole_capacity;
    bool cut;      /* more holes than are listed */
    int32_t older; /* another epoch of the same controller; -1 none */
};

struct sk_ledger;
enum sk_err sk_ledger_create(struct sk_ledger **ret_tally);
void sk_ledger_free(struct sk_ledger *ledger);
/* NOMEM, or FULL beyond SK_LEDGER_ROWS rows. */
enum sk_err sk_ledger_add(struct sk_ledger *ledger, uint16_t controller, uint32_t epoch, uint64_t seq);
size_t sk_ledger_count(const struct sk_ledger *ledger);
const struct sk_ledger_row *sk_ledger_row(const struct sk_ledger *ledger, size_t index); /* in order of appearance */

#endif
