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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
