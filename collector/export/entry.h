/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of an export, and one record of class access as a row of them. The table of columns is the contract with whoever
 * reads the files: names are for ever, new ones are added before `detail`'s end only. */
#ifndef SK_EXPORT_ENTRY_H
#define SK_EXPORT_ENTRY_H

#include "collector/export/cells.h"
#include "collector/export/people.h"
#include "schemas/base/clock.h"
#include "schemas/model/record.h"

/* Ids of the numbers in record headers, read from the store when first met. */
struct sk_names {
    struct sk_store *store;
    char **doors, **zones, **controllers; /* by number */
};
enum sk_err sk_names_open(struct sk_store *store, struct sk_names *names);
void sk_names_close(struct sk_names *names);
const char *sk_names_controller(struct sk_names *names, uint16_t number);

extern const char *const sk_export_columns[];
extern const size_t sk_export_column_count;
/* Indices that the rows behind the entries use. */
enum sk_export_column { SK_COLUMN_ROW, SK_COLUMN_SEQ, SK_COLUMN_CONTROLLER = 9, SK_COLUMN_EPOCH, SK_COLUMN_CTRL_SEQ };

struct sk_entry_writer {
    struct sk_cells *cells;
    struct sk_names *names;
    struct sk_people *people;
    const struct sk_zone *zone; /* of the site: local time */
};
/* Does the record carry a number of its controller? Without identity both parts are zero. */
static inline bool sk_entry_is_numbered(const struct sk_header *header)
{
    return header->ctrl != 0 && (header->ctrl_epoch != 0 || header->ctrl_seq != 0);
}
void sk_entry_write(const struct sk_entry_writer *writer, const struct sk_record *record);

#endif
