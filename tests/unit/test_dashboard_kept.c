/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept is given again under its key and generation only, the one asked for longest ago goes, and holds count. */
#include "tests/unit/sk_test.h"

#include <stdio.h>
#include <string.h>

#include "dashboard-api/kept.h"

static int released;

static void note_release(void *bytes)
{
    (void)bytes;
    released++;
}

static struct sk_http_ready *make(void)
{
    static char bytes[] = "{}";
    struct sk_http_ready *ready = sk_http_ready_make(&(struct sk_http_answer){.status = 200,
                                                                              .type = "application/json",
                                                                              .bytes = bytes,
                                                                              .length = 2,
                                                                              .release = note_release,
                                                                              .fields = {{"ETag", "x"}}});
    assert_non_null(ready);
    return ready;
}

static void keep(struct sk_kept *kept, const char *key, uint64_t generation)
{
    struct sk_http_ready *ready = make();
    sk_kept_put(kept, key, generation, ready);
    sk_http_ready_drop(ready);
}

static bool is_kept(struct sk_kept *kept, const char *key, uint64_t generation)
{
    struct sk_http_ready *ready = sk_kept_find(kept, key, generation);
    sk_http_ready_drop(ready);
    return ready != NULL;
}

static void key_and_generation_decide(void **state)
{
    (void)state;
    struct sk_kept *kept;
    assert_int_equal(sk_kept_create(&kept), SK_OK);
    released = 0;
    keep(kept, "-alarms", 7);
    assert_true(is_kept(kept, "-alarms", 7));
    assert_false(is_kept(kept, "-alarms", 6));
    assert_false(is_kept(kept, "-alarms", 8));
    assert_false(is_kept(kept, "zalarms", 7));
    assert_int_equal(released, 0);
    keep(kept, "-alarms", 8);
    assert_int_equal(released, 1); /* the one before gave way */
    assert_false(is_kept(kept, "-alarms", 7));
    assert_true(is_kept(kept, "-alarms", 8));
    sk_kept_free(kept);
    assert_int_equal(released, 2);
}

static void whoever_holds_one_keeps_it(void **state)
{
    (void)state;
    struct sk_kept *kept;
    assert_int_equal(sk_kept_create(&kept), SK_OK);
    released = 0;
    keep(kept, "-site", 1);
    struct sk_http_ready *held = sk_kept_find(kept, "-site", 1);
    assert_non_null(held);
    sk_kept_free(kept);
    assert_int_equal(released, 0);
    sk_http_ready_drop(held);
    assert_int_equal(released, 1);
}

static void the_longest_unasked_goes(void **state)
{
    (void)state;
    struct sk_kept *kept;
    char key[SK_KEPT_KEY];
    assert_int_equal(sk_kept_create(&kept), SK_OK);
    released = 0;
    for (int i = 0; i < SK_KEPT_SLOTS; i++) {
        snprintf(key, sizeof key, "-points %d", i);
        keep(kept, key, 1);
    }
    assert_int_equal(released, 0);
    assert_true(is_kept(kept, "-points 0", 1)); /* asked for: now 1 is the oldest */
    keep(kept, "-more", 1);
    assert_int_equal(released, 1);
    assert_true(is_kept(kept, "-points 0", 1));
    assert_false(is_kept(kept, "-points 1", 1));
    assert_true(is_kept(kept, "-points 2", 1));
    sk_kept_free(kept);
    assert_int_equal(released, SK_KEPT_SLOTS + 1);
}

static void too_long_a_key_is_not_kept(void **state)
{
    (void)state;
    struct sk_kept *kept;
    char key[SK_KEPT_KEY + 1];
    assert_int_equal(sk_kept_create(&kept), SK_OK);
    released = 0;
    memset(key, 'k', SK_KEPT_KEY);
    key[SK_KEPT_KEY] = '\0';
    keep(kept, key, 1);
    assert_int_equal(released, 1);
    assert_false(is_kept(kept, key, 1));
    key[SK_KEPT_KEY - 1] = '\0'; /* the longest that fits */
    keep(kept, key, 1);
    assert_true(is_kept(kept, key, 1));
    sk_kept_free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(key_and_generation_decide),
                                       cmocka_unit_test(whoever_holds_one_keeps_it), cmocka_unit_test(the_longest_unasked_goes),
                                       cmocka_unit_test(too_long_a_key_is_not_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
