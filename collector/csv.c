/* SPDX-License-Identifier: Apache-2.0 */
/* The CSV reader: one field at a time, unquoted over itself (what is written never overtakes what is read). */
#include "collector/csv.h"

#include <string.h>

void sk_csv_init(struct sk_csv *csv, char *text)
{
    *csv = (struct sk_csv){.at = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text, .line = 1};
}

/* Copies what is inside a field to *out; the place behind it. */
static char *take_inside(struct sk_csv *csv, char *in, char **out, bool quoted)
{
    while (*in != '\0' && (quoted || (*in != ',' && *in != '\n' && *in != '\r'))) {
        if (quoted && *in == '"') {
            if (in[1] != '"')
                break;
            in++;
        }
        csv->line += *in == '\n';
        *(*out)++ = *in++;
    }
    return in;
}

/* Takes one field; csv->at moves behind its comma or line end. False: quotes that never end, or text behind them. */
static bool take_field(struct sk_csv *csv, char **ret_field, bool *ret_last)
{
    char *out = csv->at;
    const bool quoted = *csv->at == '"';
    *ret_field = out;
    char *in = take_inside(csv, csv->at + quoted, &out, quoted);
    if (quoted && *in++ != '"')
        return false;
    if (*in == '\r' && in[1] == '\n')
        in++;
    *ret_last = *in == '\n' || *in == '\r' || *in == '\0';
    if (!*ret_last && *in != ',')
        return false;
    csv->line += *in == '\n' || *in == '\r';
    in += *in != '\0';
    *out = '\0';
    csv->at = in;
    return true;
}

bool sk_csv_row(struct sk_csv *csv, char **fields, size_t capacity, size_t *ret_count, unsigned *ret_line)
{
    while (!csv->bad && *csv->at != '\0') {
        bool last = false;
        *ret_line = csv->line;
        *ret_count = 0;
        for (char *field; !last && !csv->bad; ++*ret_count) {
            csv->bad = !take_field(csv, &field, &last);
            if (!csv->bad && *ret_count < capacity)
                fields[*ret_count] = field;
        }
        if (!csv->bad && (*ret_count > 1 || capacity == 0 || fields[0][0] != '\0'))
            return true;
    }
    *ret_line = csv->line;
    return false;
}
