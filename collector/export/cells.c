/* SPDX-License-Identifier: Apache-2.0 */
/* Quoting, once for each format. */
#include "collector/export/cells.h"

#include <string.h>

static void put(struct sk_cells *cells, const char *bytes, size_t length)
{
    while (length > 0 && !cells->closed) {
        if (cells->length == sizeof cells->buffer && !sk_cells_flush(cells))
            return;
        const size_t room = sizeof cells->buffer - cells->length, part = length < room ? length : room;
        memcpy(cells->buffer + cells->length, bytes, part);
        cells->length += part;
        bytes += part;
        length -= part;
    }
}

static void put_char(struct sk_cells *cells, char c)
{
    put(cells, &c, 1);
}

void sk_cells_init(struct sk_cells *cells, enum sk_export_format format, const char *const *columns, sk_export_sink *sink,
                   void *context)
{
    cells->format = format;
    cells->columns = columns;
    cells->sink = sink;
    cells->context = context;
    cells->column = cells->length = 0;
    cells->closed = false;
}

bool sk_cells_flush(struct sk_cells *cells)
{
    if (!cells->closed && cells->length > 0)
        cells->closed = !cells->sink(cells->context, cells->buffer, cells->length);
    cells->length = 0;
    return !cells->closed;
}

void sk_cells_head(struct sk_cells *cells, bool bom, size_t column_count)
{
    if (cells->format != SK_EXPORT_CSV)
        return;
    if (bom)
        put(cells, "\xEF\xBB\xBF", 3);
    sk_cells_begin(cells);
    for (size_t i = 0; i < column_count; i++)
        sk_cells_put_word(cells, cells->columns[i]);
    sk_cells_end(cells);
}

void sk_cells_begin(struct sk_cells *cells)
{
    cells->column = 0;
    if (cells->format == SK_EXPORT_JSONL)
        put_char(cells, '{');
}

void sk_cells_end(struct sk_cells *cells)
{
    if (cells->format == SK_EXPORT_JSONL)
        put(cells, "}\n", 2);
    else
        put(cells, "\r\n", 2);
}

static void next_cell(struct sk_cells *cells)
{
    if (cells->column > 0)
        put_char(cells, ',');
    if (cells->format == SK_EXPORT_JSONL) {
        const char *name = cells->columns[cells->column];
        put_char(cells, '"');
        put(cells, name, strlen(name));
        put(cells, "\":", 2);
    }
    cells->column++;
}

static void put_empty(struct sk_cells *cells)
{
    if (cells->format == SK_EXPORT_JSONL)
        put(cells, "null", 4);
}

void sk_cells_skip(struct sk_cells *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        next_cell(cells);
        put_empty(cells);
    }
}

void sk_cells_put_word(struct sk_cells *cells, const char *word)
{
    const bool quoted = cells->format == SK_EXPORT_JSONL;
    next_cell(cells);
    if (word == NULL || *word == '\0') {
        put_empty(cells);
        return;
    }
    if (quoted)
        put_char(cells, '"');
    put(cells, word, strlen(word));
    if (quoted)
        put_char(cells, '"');
}

void sk_cells_put_number(struct sk_cells *cells, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    sk_cells_put_word(cells, digits + at); /* in JSON too a text: 64 bits do not fit a double */
}

void sk_cells_put_bool(struct sk_cells *cells, bool value)
{
    next_cell(cells);
    const char *word = value ? "true" : "false";
    put(cells, word, strlen(word));
}

/* What a spreadsheet takes for the beginning of a formula; the wide forms too, which Japanese ones normalise. */
static bool begins_formula(const char *bytes, size_t length)
{
    static const char *const wide[] = {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"};
    if (length == 0)
        return false;
    if (strchr("=+-@\t\r\n", bytes[0]) != NULL && bytes[0] != '\0')
        return true;
    for (size_t i = 0; length >= 3 && i < sizeof wide / sizeof *wide; i++)
        if (memcmp(bytes, wide[i], 3) == 0)
            return true;
    return false;
}

static bool needs_quotes(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == ',' || bytes[i] == '"' || bytes[i] == '\r' || bytes[i] == '\n')
            return true;
    return false;
}

static void put_csv(struct sk_cells *cells, const char *bytes, size_t length)
{
    const bool formula = begins_formula(bytes, length);
    if (!formula && !needs_quotes(bytes, length)) {
        put(cells, bytes, length);
        return;
    }
    put_char(cells, '"');
    if (formula)
        put_char(cells, '\'');
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '"')
            put_char(cells, '"');
        put_char(cells, bytes[i]);
    }
    put_char(cells, '"');
}

static void put_json(struct sk_cells *cells, const char *bytes, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    put_char(cells, '"');
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20) {
            const char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            put(cells, escaped, sizeof escaped);
            continue;
        }
        if (c == '"' || c == '\\')
            put_char(cells, '\\');
        put_char(cells, (char)c);
    }
    put_char(cells, '"');
}

void sk_cells_put_text(struct sk_cells *cells, const char *bytes, size_t length)
{
    next_cell(cells);
    if (length == 0)
        put_empty(cells);
    else if (cells->format == SK_EXPORT_JSONL)
        put_json(cells, bytes, length);
    else
        put_csv(cells, bytes, length);
}
