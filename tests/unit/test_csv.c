/* SPDX-License-Identifier: Apache-2.0 */
/* The CSV reader: rows as an editor shows them, quotes, and where it says that it cannot go on. */
#include "collector/csv.h"

#include <string.h>

#include "tests/unit/sk_test.h"

static void rows_and_fields(void **state)
{
    static const struct {
        const char *name, *text, *expected; /* fields parted by |, rows by /, each with its line before it; ! when bad */
    } rows[] = {{"nothing", "", ""},
                {"one", "a,b\n", "1:a|b/"},
                {"without a last line end", "a,b", "1:a|b/"},
                {"byte order mark",
                 "\xEF\xBB\xBF"
                 "a,b\n",
                 "1:a|b/"},
                {"CR LF", "a,b\r\nc,d\r\n", "1:a|b/2:c|d/"},
                {"CR alone", "a,b\rc,d\r", "1:a|b/2:c|d/"},
                {"empty lines are passed over", "a\n\n\nb\n", "1:a/4:b/"},
                {"empty fields", ",\n,x\n", "1:|/2:|x/"},
                {"quotes", "\"a,\"\"b\"\"\",c\n", "1:a,\"b\"|c/"},
                {"a line end in quotes", "\"a\nb\",c\nd,e\n", "1:a\nb|c/3:d|e/"},
                {"a quote inside a bare field", "a\"b,c\n", "1:a\"b|c/"},
                {"quotes that never end", "x\n\"a,b\n", "1:x/!3"},
                {"text behind quotes", "\"a\"b,c\n", "!1"},
                {"empty quotes are a field", "\"\",x\n", "1:|x/"},
                {"more fields than room", "a,b,c,d,e\n", "1:a|b|c|d (5)/"}};
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        char text[128], got[256] = "", *fields[4], piece[128];
        struct sk_csv csv;
        size_t count;
        unsigned line;
        strcpy(text, rows[i].text);
        sk_csv_init(&csv, text);
        while (sk_csv_row(&csv, fields, SK_COUNT(fields), &count, &line)) {
            snprintf(piece, sizeof piece, "%u:", line);
            strcat(got, piece);
            for (size_t k = 0; k < count && k < SK_COUNT(fields); k++) {
                strcat(got, k > 0 ? "|" : "");
                strcat(got, fields[k]);
            }
            if (count > SK_COUNT(fields)) {
                snprintf(piece, sizeof piece, " (%zu)", count);
                strcat(got, piece);
            }
            strcat(got, "/");
        }
        snprintf(piece, sizeof piece, "!%u", line);
        strcat(got, csv.bad ? piece : "");
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("row '%s': %s", rows[i].name, got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_and_fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
