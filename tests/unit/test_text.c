/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled texts: sorted, found, and a missing key is itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schemas/text/text.h"

static void test_all_are_found(void **state)
{
    (void)state;
    const struct sk_text_row *row, *before = NULL;
    size_t count = 0;
    for (; (row = sk_text_at(count)); count++, before = row) {
        assert_true(!before || strcmp(before->key, row->key) < 0);
        assert_ptr_equal(sk_text(row->key, SK_LANG_JA), row->text[SK_LANG_JA]);
        assert_ptr_equal(sk_text(row->key, SK_LANG_EN), row->text[SK_LANG_EN]);
    }
    assert_true(count > 20);
    assert_string_equal(sk_text("page.title", SK_LANG_JA), "関所");
    assert_string_equal(sk_text("no.such.key", SK_LANG_EN), "no.such.key");
}

/* The conversions of a text that is a format: "%.40s", "%zu" ... one after the other. */
static void conversions(const char *text, char *to, size_t capacity)
{
    size_t used = 0;
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at, '%')) {
        const size_t length = strspn(at + 1, "-+ #.0123456789hljzt") + 2;
        assert_true(used + length < capacity);
        memcpy(to + used, at, length);
        used += length;
        at += length;
    }
    to[used] = '\0';
}

/* Sentences of the configuration are formats in both languages: the same figures in the same order. */
static void test_formats_agree(void **state)
{
    (void)state;
    const struct sk_text_row *row;
    size_t formats = 0;
    for (size_t i = 0; (row = sk_text_at(i)) != NULL; i++) {
        char ja[256], en[256];
        if (strncmp(row->key, "config.", 7) != 0)
            continue;
        conversions(row->text[SK_LANG_JA], ja, sizeof ja);
        conversions(row->text[SK_LANG_EN], en, sizeof en);
        if (strcmp(ja, en) != 0)
            fail_msg("%s: '%s' and '%s'", row->key, ja, en);
        formats += en[0] != '\0';
    }
    assert_true(formats > 50);
    assert_string_equal(sk_text_of_english("a number; write it without quotation marks", SK_LANG_JA),
                        "数値。引用符を付けずに書いてください");
    assert_string_equal(sk_text_of_english("no such sentence", SK_LANG_JA), "no such sentence");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_are_found), cmocka_unit_test(test_formats_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
