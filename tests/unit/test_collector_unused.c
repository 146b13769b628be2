/* SPDX-License-Identifier: Apache-2.0 */
/* Rights that nobody uses, in a register so large that the list reads all newest uses at once: page by page it names the same
 * rights as a look at each of them. */
#include "tests/unit/floor_kit.h"
#include "tests/unit/roster_kit.h"

enum { PEOPLE = 700, CONSOLE = 4711, DAY_MS = 86400000 };

static int setup(void **state)
{
    return floor_setup(state, CONSOLE);
}

static void change(struct sk_roster_change made)
{
    static const struct sk_roster_act act = {"tester", "", "because", "test", 0};
    const struct sk_now now = kit_now(0);
    made.effective_us = 1;
    assert_int_equal(sk_engine_roster_change(shell.kit.engine, &made, &act, &now, sk_recorder_effects(shell.recorder)), SK_OK);
}

static void use(unsigned person, uint16_t zone, int64_t ms)
{
    struct sk_effects *effects = sk_recorder_effects(shell.recorder);
    assert_int_equal(sk_effects_reserve(effects, 1, 0, 0, 0), SK_OK);
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.ev = SK_EV_ACC_TAKEN;
    draft->header.class_ = SK_CLASS_ACCESS;
    draft->header.zone = zone;
    draft->header.t_recv_us = (uint64_t)kit_now(ms).utc_us;
    memcpy(draft->header.subject, rk_person(person).person.tag, SK_SUBJECT_SIZE);
}

/* Every seventh never came, every eleventh not for long, every thirteenth only elsewhere. */
static bool is_unused(unsigned person, bool long_ago)
{
    return person % 7 == 0 || person % 13 == 0 || (long_ago && person % 11 == 0);
}

static void fill(void)
{
    for (size_t i = 0; i < RK_BASE; i++)
        change(rk_base(i));
    for (unsigned i = 1; i <= PEOPLE; i++) {
        change(rk_person(i));
        change(rk_right(i, i, 12, "always"));
        if (i % 2 == 0) /* two zones of one person, so that a piece of rows ends between them */
            use(i, 13, 0);
        if (i % 7 != 0)
            use(i, i % 13 == 0 ? 11 : 12, i % 11 == 0 ? 0 : 50 * (int64_t)DAY_MS);
    }
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
}

static cJSON *page(const char *days, const char *cursor)
{
    struct sk_answer answer;
    char line[256], *text = NULL;
    size_t length;
    const struct sk_now now = kit_now(120 * (int64_t)DAY_MS);
    snprintf(line, sizeof line, "{\"cmd\":\"authorization.unused\",\"args\":{\"days\":\"%s\"%s%s%s}}", days,
             cursor[0] != '\0' ? ",\"cursor\":\"" : "", cursor, cursor[0] != '\0' ? "\"" : "");
    sk_command_run(&floor_, line, strlen(line), CONSOLE, &now, &answer);
    assert_int_equal(sk_answer_to_line(&floor_, &answer, SK_OK, &text, &length), SK_OK);
    cJSON *found = cJSON_ParseWithLength(text, length);
    if (!cJSON_IsTrue(cJSON_GetObjectItem(found, "ok")))
        fail_msg("%s: %s", line, text);
    cJSON_free(text);
    return found;
}

static void check_list(const char *days, bool long_ago)
{
    char cursor[32] = "";
    unsigned person = 0;
    size_t listed = 0;
    do {
        cJSON *answer = page(days, cursor);
        const cJSON *result = cJSON_GetObjectItem(answer, "result"), *item, *next = cJSON_GetObjectItem(result, "next");
        cJSON_ArrayForEach(item, cJSON_GetObjectItem(result, "items"))
        {
            char expected[32];
            do
                person++;
            while (!is_unused(person, long_ago));
            snprintf(expected, sizeof expected, "a-%u", person);
            assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(item, "authorization")), expected);
            listed++;
        }
        snprintf(cursor, sizeof cursor, "%s", cJSON_IsString(next) ? next->valuestring : "");
        cJSON_Delete(answer);
    } while (cursor[0] != '\0');
    while (++person <= PEOPLE)
        assert_false(is_unused(person, long_ago));
    assert_true(listed > 50);
}

static void lists_of_a_large_register(void **state)
{
    (void)state;
    fill();
    check_list("0", false);
    check_list("90", true);
}

static size_t seen;
static enum sk_err check_use(void *context, const struct sk_use *one)
{
    struct sk_use *last = context;
    int64_t at_us;
    uint16_t zone;
    const int order = memcmp(last->subject, one->subject, SK_SUBJECT_SIZE);
    assert_true(order < 0 || (order == 0 && last->zone < one->zone));
    assert_int_equal(sk_store_last_use(sk_recorder_store(shell.recorder), one->subject, one->zone, &at_us, &zone), SK_OK);
    assert_int_equal(at_us, one->t_us);
    *last = *one;
    seen++;
    return SK_OK;
}

static enum sk_err count_use(void *context, const struct sk_use *one)
{
    (void)one;
    return ++*(size_t *)context < 300 ? SK_OK : SK_ERR_FULL;
}

static void all_uses_at_once(void **state)
{
    struct sk_use last = {.zone = 0};
    size_t count = 0;
    (void)state;
    fill();
    assert_int_equal(sk_store_uses_each(sk_recorder_store(shell.recorder), check_use, &last), SK_OK);
    assert_int_equal(seen, PEOPLE / 2 + PEOPLE - PEOPLE / 7);
    assert_int_equal(sk_store_uses_each(sk_recorder_store(shell.recorder), count_use, &count), SK_ERR_FULL);
    assert_int_equal(count, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_of_a_large_register, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(all_uses_at_once, setup, floor_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
