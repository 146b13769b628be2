/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: creation gives up cleanly, and a step that runs out of memory has not happened at
 * all: given again, it makes what it would have made. In steady state nothing is allocated. */
#include "tests/unit/engine_kit.h"

static void limits(struct kit *kit)
{
    kit_site(kit);
    for (uint32_t i = 0; i < 4; i++) {
        kit->points[i].stale_ms = 5000;
        kit_limit(kit, i, (struct sk_limit){.condition = SK_COND_UPPER_CAUTION, .reading = 27, .dwell_ms = i * 1000});
        kit_limit(kit, i, (struct sk_limit){.condition = SK_COND_RATE_OF_CHANGE, .reading = 5, .window_ms = 60000});
        kit_limit(kit, i, (struct sk_limit){.condition = SK_COND_STALE});
    }
    kit->devices[0].comm_lost_ms = 3000;
}

static void test_create(void **state)
{
    (void)state;
    struct kit kit;
    limits(&kit);
    unsigned long n = 1;
    for (enum sk_err err = SK_ERR_NOMEM; err != SK_OK; n++) {
        struct sk_engine *engine = NULL;
        sk_mem_fail_at(n);
        err = sk_engine_create(&kit.site, "b", &engine);
        sk_mem_fail_at(0);
        assert_true(err == SK_OK || (err == SK_ERR_NOMEM && engine == NULL));
        sk_engine_free(engine);
    }
    assert_true(n > 10);
}

/* Runs the step with ever later failures until it succeeds; counts the failures. */
struct attempt {
    struct kit *kit;
    int64_t ms;
    enum sk_err (*step)(struct kit *kit, const struct sk_now *now);
};

static size_t until_it_works(const struct attempt *attempt, const char *story)
{
    const struct sk_now now = kit_now(attempt->ms);
    for (unsigned long n = 1;; n++) {
        sk_effects_clear(attempt->kit->effects);
        sk_mem_fail_at(n);
        const enum sk_err err = attempt->step(attempt->kit, &now);
        sk_mem_fail_at(0);
        if (err == SK_OK) {
            sk_check(strcmp(kit_story(attempt->kit), story) == 0, story);
            return n - 1;
        }
        assert_int_equal(err, SK_ERR_NOMEM);
        assert_int_equal(sk_effects_count(attempt->kit->effects), 0);
    }
}

static enum sk_err step_samples(struct kit *kit, const struct sk_now *now)
{
    struct sk_sample samples[4];
    for (uint32_t i = 0; i < 4; i++)
        samples[i] = kit_sample(kit, i, 30, SK_Q_GOOD, (now->mono_us - KIT_MONO0) / 1000);
    return sk_engine_samples(kit->engine, samples, 4, NULL, 0, now, kit->effects);
}

static enum sk_err step_tick(struct kit *kit, const struct sk_now *now)
{
    return sk_engine_tick(kit->engine, now, kit->effects);
}

static enum sk_err step_event(struct kit *kit, const struct sk_now *now)
{
    bool duplicate;
    const struct sk_access_event event = kit_event(SK_EV_ACC_DURESS, 1, 10, (now->mono_us - KIT_MONO0) / 1000);
    return sk_engine_event(kit->engine, &event, now, kit->effects, &duplicate);
}

static enum sk_err step_malformed(struct kit *kit, const struct sk_now *now)
{
    return sk_engine_malformed(kit->engine, 1, "t", "x", "abc", 3, now, kit->effects);
}

static enum sk_err step_system(struct kit *kit, const struct sk_now *now)
{
    return sk_engine_system(kit->engine, "x", true, SK_SEV_LOW, "", now, kit->effects);
}

static enum sk_err step_acknowledge(struct kit *kit, const struct sk_now *now)
{
    static const struct sk_actor actor = {.id = "a"};
    return sk_engine_acknowledge(kit->engine, sk_engine_alarm(kit->engine, 0)->occurrence, "", &actor, now, kit->effects);
}

static void test_steps(void **state)
{
    (void)state;
    static const struct {
        const char *story;
        enum sk_err (*step)(struct kit *kit, const struct sk_now *now);
        int64_t ms;
    } rows[] = {
        {"R", step_samples, 100},     {"RRRR", step_tick, 3100}, {"CRCRCRCR", step_tick, 5100}, {"ER", step_event, 5200},
        {"xR", step_malformed, 5300}, {"R", step_system, 5400},  {"A", step_acknowledge, 5500},
    };
    struct kit kit;
    size_t failures = 0;
    for (size_t only = 0; only < SK_COUNT(rows); only++) {
        limits(&kit);
        kit_start(&kit);
        for (size_t i = 0; i <= only; i++) {
            const struct sk_now now = kit_now(rows[i].ms);
            sk_effects_clear(kit.effects);
            if (i < only) {
                assert_int_equal(rows[i].step(&kit, &now), SK_OK);
                continue;
            }
            /* a fresh list, so that it must grow */
            sk_effects_free(kit.effects);
            assert_int_equal(sk_effects_create(&kit.effects), SK_OK);
            failures += until_it_works(&(struct attempt){&kit, rows[i].ms, rows[i].step}, rows[i].story);
        }
        kit_stop(&kit);
    }
    assert_true(failures > 20);
}

static void test_steady_state_allocates_nothing(void **state)
{
    (void)state;
    struct kit kit;
    limits(&kit);
    kit_start(&kit);
    for (int64_t i = 0; i < 3000; i++) {
        if (i == 100)
            sk_mem_fail_at(0);
        const struct sk_now now = kit_now(100 + i * 500);
        sk_effects_clear(kit.effects);
        assert_int_equal(step_tick(&kit, &now), SK_OK);
        struct sk_sample samples[4];
        for (uint32_t k = 0; k < 4; k++)
            samples[k] = kit_sample(&kit, k, 20 + (double)((i + k) % 3), SK_Q_GOOD, 100 + i * 500);
        assert_int_equal(sk_engine_samples(kit.engine, samples, 4, NULL, 0, &now, kit.effects), SK_OK);
        struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, 1, (uint64_t)i + 1, 100 + i * 500);
        kit_event_feed(&kit, &event, 100 + i * 500);
    }
    assert_int_equal(sk_mem_fail_at(0), 0);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
