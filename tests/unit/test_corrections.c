/* SPDX-License-Identifier: Apache-2.0 */
/* A person's act moves somebody: zones are looked at again, and so are passages decided before. On a whole engine with the
 * replay beside it, which must owe nothing. */
#include "tests/unit/papers_kit.h"

enum { FIRST = 1, SECOND, OUTSIDE = 11, SERVER = 12, MIN = 60000 };
#define SINGLE "zone:server/occ.single_in_two_person"

static struct sk_zone *tokyo;
static struct papers run;

static void begin(void)
{
    pk_begin(&run, tokyo);
    pk_person(&run, FIRST, SK_PERSON_STAFF, true);
    pk_person(&run, SECOND, SK_PERSON_STAFF, true);
    struct sk_roster_change rule = rk_zone(SERVER, 3, 0, 0);
    rule.zone.people_min = 2;
    rule.zone.together_s = 30;
    pk_change(&run, rule, 200);
}

/* Two inside; one is said to be outside, then to be inside again. */
static void test_zone_of_two(void **state)
{
    (void)state;
    begin();
    pk_pass(&run, SK_EV_ACC_TAKEN, FIRST, true, MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, SECOND, true, MIN + 5000);
    pk_tick(&run, 3 * MIN);
    assert_false(pk_is_active(&run, SINGLE));
    pk_correct(&run, SECOND - 1, OUTSIDE, 4 * MIN);
    assert_false(pk_is_active(&run, SINGLE)); /* his time to leave runs */
    pk_tick(&run, 4 * MIN + 31000);
    assert_true(pk_is_active(&run, SINGLE));
    pk_correct(&run, SECOND - 1, SERVER, 5 * MIN);
    assert_false(pk_is_active(&run, SINGLE));
    pk_correct(&run, FIRST - 1, OUTSIDE, 6 * MIN);
    pk_correct(&run, SECOND - 1, OUTSIDE, 6 * MIN + 1000); /* nobody is nobody alone */
    pk_tick(&run, 8 * MIN);
    assert_false(pk_is_active(&run, SINGLE));
    pk_end(&run);
}

/* The second person's card was not read: a warden places him there in time, too late, or not at all. */
static const struct {
    const char *name;
    int64_t placed_ms; /* after the entry; 0: never */
    bool denied;
} awaited[] = {
    {"in time", 20000, false},
    {"too late", 40000, true},
    {"never", 0, true},
};

static void test_awaited(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(awaited); i++) {
        begin();
        pk_pass(&run, SK_EV_ACC_TAKEN, FIRST, true, MIN);
        sk_check(pk_lists(kit_record(&run.kit, SK_EV_ACC_TAKEN), SK_TAG_OUR_REASONS, SK_DENY_SECOND_AWAITED), awaited[i].name);
        if (awaited[i].placed_ms > 0 && awaited[i].placed_ms < 30000)
            pk_correct(&run, SECOND - 1, SERVER, MIN + awaited[i].placed_ms);
        pk_tick(&run, MIN + 30001);
        const struct sk_draft *supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
        sk_check((supplement != NULL) == awaited[i].denied, awaited[i].name);
        if (supplement != NULL)
            sk_check(pk_lists(supplement, SK_TAG_OUR_REASONS, SK_DENY_NO_ACCOMPANIMENT), awaited[i].name);
        if (awaited[i].placed_ms > 30000) {
            pk_correct(&run, SECOND - 1, SERVER, MIN + awaited[i].placed_ms);
            sk_check(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT) == NULL, awaited[i].name); /* it was so then */
        }
        pk_tick(&run, 5 * MIN);
        sk_check(pk_is_active(&run, SINGLE) == (awaited[i].placed_ms == 0), awaited[i].name);
        pk_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_zone_of_two), cmocka_unit_test(test_awaited)};
    if (sk_zone_load("Asia/Tokyo", &tokyo, NULL) != SK_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sk_zone_free(tokyo);
    return failed;
}
