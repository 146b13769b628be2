/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of cells as CSV or JSON Lines, through a buffer of fixed size into a sink.
 *
 * A row is begin, cells in the order of the columns, end. CSV writes every cell; JSON names it and writes null for an empty
 * one. put_word takes what we made ourselves (numbers, words of the vocabulary, times): free of commas, quotes and signs that
 * begin a formula. put_text takes anything. The first failure of the sink sticks: later calls do nothing. */
#ifndef SK_EXPORT_CELLS_H
#define SK_EXPORT_CELLS_H

#include "collector/export/export.h"

enum { SK_CELLS_BUFFER = 65536 };

struct sk_cells {
    enum sk_export_format format;
    sk_export_sink *sink;
    void *context;
    const char *const *columns;
    size_t column; /* of the next cell */
    size_t length;
    bool closed;
    char buffer[SK_CELLS_BUFFER];
};

void sk_cells_init(struct sk_cells *cells, enum sk_export_format format, const char *const *columns, sk_export_sink *sink,
                   void *context);
/* CSV only: the mark, and the row of names. */
void sk_cells_head(struct sk_cells *cells, bool bom, size_t column_count);
void sk_cells_begin(struct sk_cells *cells);
void sk_cells_put_word(struct sk_cells *cells, const char *word); /* NULL and "": empty */
void sk_cells_put_text(struct sk_cells *cells, const char *bytes, size_t length);
void sk_cells_put_number(struct sk_cells *cells, uint64_t number);
void sk_cells_put_bool(struct sk_cells *cells, bool value);
void sk_cells_skip(struct sk_cells *cells, size_t count); /* empty ones */
void sk_cells_end(struct sk_cells *cells);
/* Hands over what is buffered; false when the sink ever refused. */
bool sk_cells_flush(struct sk_cells *cells);

#endif
