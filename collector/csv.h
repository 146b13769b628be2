/* SPDX-License-Identifier: Apache-2.0 */
/* CSV (RFC 4180) read in place: rows of fields out of one text that is the caller's and is changed while it is read.
 *
 * Quoted fields may hold commas, doubled quotes and line ends; a byte order mark at the beginning is passed over; lines end
 * with LF, CR LF or CR. Lines count from 1 as an editor shows them. Nothing is allocated. */
#ifndef SK_COLLECTOR_CSV_H
#define SK_COLLECTOR_CSV_H

#include <stdbool.h>
#include <stddef.h>

struct sk_csv {
    char *at; /* borrowed */
    unsigned line;
    bool bad; /* quotes do not match: nothing after it is read */
};

void sk_csv_init(struct sk_csv *csv, char *text);
/* The next row that is not an empty line: fields (NUL-terminated, in the text), how many there were (also beyond capacity), and
 * the line where it began. False at the end or when bad; *ret_line then says where. */
bool sk_csv_row(struct sk_csv *csv, char **fields, size_t capacity, size_t *ret_count, unsigned *ret_line);

#endif
