/* SPDX-License-Identifier: Apache-2.0 */
/* The picture of points: in order, each once, the newest word of each, also of those that spoke while their snapshot was told.
 */
#include "tests/unit/sk_test.h"

#include <stdio.h>
#include <string.h>

#include "dashboard-api/mirror.h"

static void put(struct sk_mirror *mirror, const char *id, const char *text)
{
    char own_id[32], own_text[32];
    snprintf(own_id, sizeof own_id, "%s", id);
    snprintf(own_text, sizeof own_text, "%s", text);
    assert_int_equal(sk_mirror_put_point(mirror, &(struct sk_mirror_point){.id = own_id, .text = own_text}), SK_OK);
}

static bool list(void *context, const struct sk_mirror_point *point)
{
    char *all = context;
    strcat(strcat(strcat(strcat(all, point->id), "="), point->text), " ");
    return true;
}

static void shows(struct sk_mirror *mirror, const char *wanted)
{
    char all[512] = "";
    struct sk_mirror_state state;
    size_t count = 0;
    sk_mirror_points(mirror, "", list, all);
    assert_string_equal(all, wanted);
    for (const char *at = wanted; *at; at++)
        count += *at == '=';
    sk_mirror_state(mirror, &state);
    assert_int_equal(state.points, count);
}

static void a_snapshot_overtaken_by_changes(void **state)
{
    (void)state;
    struct sk_mirror *mirror;
    assert_int_equal(sk_mirror_create(&mirror), SK_OK);
    shows(mirror, "");
    assert_int_equal(sk_mirror_begin(mirror, "{}", "test"), SK_OK);
    put(mirror, "c/x", "1");
    put(mirror, "a/x", "1");
    put(mirror, "c/x", "2");
    put(mirror, "b/x", "1");
    for (int i = 2; i < 30; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        put(mirror, "a/x", text);
    }
    put(mirror, "c/x", "3");
    shows(mirror, "");
    sk_mirror_end(mirror);
    shows(mirror, "a/x=29 b/x=1 c/x=3 ");
    put(mirror, "c/x", "4");
    put(mirror, "b/y", "1");
    shows(mirror, "a/x=29 b/x=1 b/y=1 c/x=4 ");
    sk_mirror_free(mirror);
}

static void snapshots_follow_each_other(void **state)
{
    (void)state;
    struct sk_mirror *mirror;
    assert_int_equal(sk_mirror_create(&mirror), SK_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(sk_mirror_begin(mirror, "{}", "test"), SK_OK);
        if (round == 0)
            put(mirror, "gone/x", "1");
        put(mirror, "a/x", round == 0 ? "1" : "2");
        sk_mirror_end(mirror);
    }
    shows(mirror, "a/x=2 ");
    assert_int_equal(sk_mirror_begin(mirror, "{}", "test"), SK_OK);
    sk_mirror_end(mirror); /* a site without points */
    shows(mirror, "");
    sk_mirror_free(mirror);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_snapshot_overtaken_by_changes),
                                       cmocka_unit_test(snapshots_follow_each_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
