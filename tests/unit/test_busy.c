/* SPDX-License-Identifier: Apache-2.0 */
/* The busy-door model on an engine that lived through weeks: by day 30 events an hour, by night none, Sundays and a closed day
 * none. Then each way of falling silent, and a restart in the middle of it. */
#include "tests/unit/engine_kit.h"

enum { HOUR_MS = 3600000, WEEKS = 5 };

static struct kit kit;
static uint64_t seq;
static size_t silent_records;

/* KIT_UTC0 is 2025-11-20 12:00 UTC, a Thursday; without a zone hours are UTC's. */
static int weekday(int64_t ms)
{
    return (int)(((KIT_UTC0 / 1000 + ms) / 86400000 + 3) % 7); /* 0 Monday */
}

static int hour(int64_t ms)
{
    return (int)((KIT_UTC0 / 1000 + ms) / HOUR_MS % 24);
}

static bool is_busy(int64_t ms)
{
    return weekday(ms) < 6 && hour(ms) >= 8 && hour(ms) < 18;
}

static void count_records(void)
{
    silent_records += kit_record(&kit, SK_EV_CTRL_SILENT) != NULL;
}

static void pass(int64_t ms)
{
    struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, 1, ++seq, ms);
    event.t_ctrl_us = event.recv_us;
    kit_event_feed(&kit, &event, ms);
    count_records();
}

static void tick(int64_t ms)
{
    kit_tick(&kit, ms);
    count_records();
}

static bool stands(void)
{
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++)
        if (strcmp(sk_engine_alarm(kit.engine, i)->source, "door:d1/ctrl.silent") == 0 &&
            (sk_engine_alarm(kit.engine, i)->bits & SK_ALARM_BIT_ACTIVE) != 0)
            return true;
    return false;
}

static int64_t live(int64_t from_ms, int64_t until_ms)
{
    for (int64_t ms = from_ms; ms < until_ms; ms += HOUR_MS / 30) {
        if (is_busy(ms))
            pass(ms);
        else
            tick(ms);
        if (stands())
            fail_msg("alarm on weekday %d at %d:00 of an ordinary life", weekday(ms), hour(ms));
    }
    return until_ms;
}

static void begin(bool watched)
{
    kit_site(&kit);
    kit.doors[0].busy_alarm = watched;
    seq = silent_records = 0;
    kit_start(&kit);
}

/* To the next Thursday, 12:00, after the weeks of learning. */
static int64_t learn(void)
{
    return live(0, (int64_t)WEEKS * 7 * 24 * HOUR_MS);
}

static void test_a_busy_door_falls_silent(void **state)
{
    (void)state;
    begin(true);
    const int64_t noon = learn();
    struct sk_body_item item;
    int64_t ms = noon;
    while (!stands() && ms < noon + 2 * HOUR_MS)
        tick(ms += 10000);
    assert_in_range(ms - noon, 10 * 60000, 22 * 60000); /* ten of thirty an hour are missed in 20 min */
    assert_int_equal(silent_records, 1);
    const struct sk_draft *draft = kit_record(&kit, SK_EV_CTRL_SILENT);
    assert_true(kit_item(draft, SK_TAG_EXPECTED, &item) && sk_item_f64(&item) >= 10 && sk_item_f64(&item) < 11);
    assert_true(kit_item(draft, SK_TAG_WEEKS, &item) && sk_item_u64(&item) >= 3);
    assert_true(kit_item(draft, SK_TAG_DERIVATION, &item));
    assert_int_equal(draft->header.door, 21);
    pass(ms + 1000);
    assert_false(stands());
    kit_stop(&kit);
}

static void test_a_silent_night_is_no_alarm(void **state)
{
    (void)state;
    begin(true);
    int64_t ms = learn();
    while (hour(ms) != 18)
        ms = live(ms, ms + HOUR_MS);
    for (int64_t end = ms + 13 * HOUR_MS; ms < end; ms += 60000)
        tick(ms);
    assert_false(stands());
    assert_int_equal(silent_records, 0);
    for (int64_t end = ms + 2 * HOUR_MS; ms < end && !stands(); ms += 60000)
        tick(ms); /* and in the morning nobody comes */
    assert_true(stands());
    kit_stop(&kit);
}

static void test_not_learned_is_not_judged(void **state)
{
    (void)state;
    begin(true);
    int64_t ms = live(0, 7 * 24 * (int64_t)HOUR_MS);
    for (int64_t end = ms + 5 * HOUR_MS; ms < end; ms += 60000)
        tick(ms);
    assert_false(stands());
    kit_stop(&kit);
    begin(false); /* nor is a door that the site file leaves out */
    ms = learn();
    for (int64_t end = ms + 5 * HOUR_MS; ms < end; ms += 60000)
        tick(ms);
    assert_false(stands());
    kit_stop(&kit);
}

/* Three rows of the pending table carry all of it: the engine built anew alarms at the same moment. */
static void test_a_restart_changes_nothing(void **state)
{
    (void)state;
    static struct {
        char key[SK_PENDING_KEY_MAX];
        uint8_t bytes[SK_PENDING_BYTES_MAX];
        size_t length;
    } rows[8];
    size_t count = 0;
    int64_t alone = 0;
    for (int restarted = 0; restarted < 2; restarted++) {
        begin(true);
        int64_t ms = learn(), noon = ms;
        for (int i = 0; i < 20 && restarted; i++) { /* every row of these steps, the newest of each key */
            for (size_t k = 0; k < sk_effects_count(kit.effects); k++) {
                const struct sk_effect *effect = sk_effects_at(kit.effects, k);
                size_t at = 0;
                if (effect->kind != SK_EFFECT_PENDING_PUT)
                    continue;
                while (at < count && strcmp(rows[at].key, effect->pending.key) != 0)
                    at++;
                assert_true(at < SK_COUNT(rows));
                count = at == count ? count + 1 : count;
                strcpy(rows[at].key, effect->pending.key);
                memcpy(rows[at].bytes, effect->pending.bytes, effect->pending.length);
                rows[at].length = effect->pending.length;
            }
            if (i == 0)
                pass(ms);
            else
                tick(ms += 1000);
        }
        if (!restarted)
            pass(ms);
        if (restarted) {
            bool busy = false;
            sk_engine_free(kit.engine);
            const struct sk_now now = kit_now(ms);
            assert_int_equal(sk_engine_create(&kit.site, "boot-a", &kit.engine), SK_OK);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(sk_engine_restore_pending(kit.engine, rows[i].key, rows[i].bytes, rows[i].length, &now),
                                 SK_OK);
                busy |= strcmp(rows[i].key, "busy/d1") == 0;
            }
            assert_true(busy); /* noon is the end of an hour: the week was written just then */
            sk_effects_clear(kit.effects);
            assert_int_equal(sk_engine_start(kit.engine, &now, kit.effects), SK_OK);
        }
        while (!stands() && ms < noon + 2 * HOUR_MS)
            tick(ms += 1000);
        assert_true(stands());
        if (!restarted)
            alone = ms;
        assert_int_equal(ms, alone);
        kit_stop(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_busy_door_falls_silent),
        cmocka_unit_test(test_a_silent_night_is_no_alarm),
        cmocka_unit_test(test_not_learned_is_not_judged),
        cmocka_unit_test(test_a_restart_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
