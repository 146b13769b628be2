/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder on a real store: nothing is shown before its commit, everything once and in order, and what comes through when
 * the disk, the memory or one bad record refuses. */
#include "tests/unit/shell_kit.h"

#include <sqlite3.h>

static struct shell shell;

static int setup(void **state)
{
    if (support_setup(state) != 0)
        return -1;
    shell_setup(&shell);
    return 0;
}

static int teardown(void **state)
{
    shell_disk(true);
    sk_recorder_close(shell.recorder);
    return support_teardown(state);
}

static struct sk_store *store(void)
{
    return sk_recorder_store(shell.recorder);
}

static bool count_event(void *context, const struct sk_record *record)
{
    ((unsigned *)context)[record->header.ev]++;
    return true;
}

static unsigned stored(enum sk_event event)
{
    static unsigned counts[65536];
    const struct sk_walk walk = {.limit = 100000, .door = -1};
    memset(counts, 0, sizeof counts);
    assert_int_equal(sk_store_walk(store(), &walk, count_event, counts), SK_OK);
    return counts[event];
}

static void own_record(enum sk_event event)
{
    const struct sk_now now = kit_now(0);
    struct sk_draft draft;
    sk_draft_init(&draft, event, &now);
    sk_body_put_text(&draft.body, SK_TAG_DETAIL, "own");
    assert_int_equal(sk_recorder_add(shell.recorder, &draft), SK_OK);
}

static void order_of_effects_is_order_of_publishing(void **state)
{
    (void)state;
    const uint64_t first = sk_store_size(store());
    shell_effect_alarm(&shell, SK_EV_ALARM_RAISED, 1, SK_ALARM_BIT_ACTIVE);
    shell_effect_point(&shell, 3);
    shell_effect_record(&shell, SK_EV_SYS_POLLER);
    own_record(SK_EV_SYS_STOP);
    assert_string_equal(shell.order, ""); /* not before the commit */
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
    assert_string_equal(shell.order, "RAPRR");
    const uint16_t evs[] = {SK_EV_ALARM_RAISED, 0, 0, SK_EV_SYS_POLLER, SK_EV_SYS_STOP};
    uint64_t next = first;
    for (size_t i = 0; i < shell.seen_count; i++)
        if (shell.seen[i].kind == 'R') {
            assert_int_equal(shell.seen[i].number, next++);
            assert_int_equal(shell.seen[i].ev, evs[i]);
        }
    assert_int_equal(sk_store_size(store()), next);
    shell_forget(&shell);
    assert_int_equal(shell_commit(&shell, 2), SK_OK); /* nothing twice */
    assert_string_equal(shell.order, "");
}

/* raise, acknowledge after reopening, return: the row names the raise for ever and the last record as it goes */
static void alarm_rows_name_their_records(void **state)
{
    (void)state;
    struct sk_alarm row;
    const uint64_t raise = sk_store_size(store());
    shell_effect_alarm(&shell, SK_EV_ALARM_RAISED, 1, SK_ALARM_BIT_ACTIVE);
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
    sk_recorder_close(shell.recorder);
    shell_open(&shell);
    const struct {
        const char *name;
        enum sk_event event;
        uint16_t bits;
    } rows[] = {{"acknowledged", SK_EV_ALARM_ACK, SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_ACKED},
                {"returned", SK_EV_ALARM_RETURNED, SK_ALARM_BIT_ACKED}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        shell_effect_record(&shell, SK_EV_SYS_POLLER); /* so that last is not raise + 1 by chance */
        shell_effect_alarm(&shell, rows[i].event, 1, rows[i].bits);
        assert_int_equal(shell_commit(&shell, 10 + (int64_t)i), SK_OK);
        assert_int_equal(sk_store_alarm_get(store(), 1, &row), SK_OK);
        sk_check(row.raise_seq == raise, rows[i].name);
        sk_check(row.last_seq == sk_store_size(store()) - 1, rows[i].name);
        sk_check(shell.seen[shell.seen_count - 1].raise == raise, rows[i].name);
    }
}

static void outage_records_everything_exactly_once(void **state)
{
    (void)state;
    shell_disk(false);
    shell_effect_alarm(&shell, SK_EV_ALARM_RAISED, 1, SK_ALARM_BIT_ACTIVE);
    shell_effect_point(&shell, 2);
    assert_int_not_equal(shell_commit(&shell, 1), SK_OK);
    assert_false(sk_recorder_writable(shell.recorder));
    assert_string_equal(shell.order, "uP");
    /* before the retry: shown at once, and what was shown is not shown again */
    shell_effect_alarm(&shell, SK_EV_ALARM_RAISED, 2, SK_ALARM_BIT_ACTIVE);
    assert_int_equal(shell_commit(&shell, 2), SK_ERR_AGAIN);
    assert_string_equal(shell.order, "uPu");
    assert_int_not_equal(shell_commit(&shell, 1500), SK_OK);
    assert_string_equal(shell.order, "uPu");
    shell_disk(true);
    assert_int_equal(shell_commit(&shell, 3000), SK_OK);
    assert_true(sk_recorder_writable(shell.recorder));
    assert_string_equal(shell.order, "uPuRARAR");
    assert_int_equal(shell.seen[7].ev, SK_EV_SYS_UNRECORDED);
    assert_int_equal(stored(SK_EV_ALARM_RAISED), 2);
    assert_int_equal(stored(SK_EV_SYS_UNRECORDED), 1);
    assert_int_equal(sk_recorder_given_up(shell.recorder), 0);
}

static enum sk_err row_value(void *context, const char *key, const void *bytes, size_t length)
{
    if (strcmp(key, "k") == 0)
        *(int *)context = ((const uint8_t *)bytes)[length - 1];
    return SK_OK;
}

/* Points do not count against the bound; beyond it our own records go, counted, and the newest rows stay. */
static void bound_gives_up_records_not_rows(void **state)
{
    (void)state;
    struct sk_alarm row;
    int value = 0;
    shell_disk(false);
    for (uint32_t i = 0; i < 6000; i++)
        shell_effect_point(&shell, i % KIT_POINTS);
    shell_effect_alarm(&shell, SK_EV_ALARM_RAISED, 1, SK_ALARM_BIT_ACTIVE);
    shell_effect_row(&shell, "k", 1);
    assert_int_not_equal(shell_commit(&shell, 1), SK_OK);
    assert_int_equal(sk_recorder_given_up(shell.recorder), 0);
    shell_effect_record(&shell, SK_EV_CTRL_MALFORMED); /* acknowledged to its broker afterwards, so it must be there */
    for (int i = 0; i < 5000; i++)
        shell_effect_record(&shell, SK_EV_SYS_POLLER);
    const struct sk_effects *effects = sk_recorder_effects(shell.recorder);
    sk_effects_at(effects, sk_effects_count(effects) - 1)->record->header.ctrl = 5; /* a controller's */
    shell_effect_row(&shell, "k", 2);
    shell_effect_alarm(&shell, SK_EV_ALARM_RETURNED, 1, SK_ALARM_BIT_ACKED);
    assert_int_equal(shell_commit(&shell, 2), SK_ERR_AGAIN);
    assert_int_equal(sk_recorder_given_up(shell.recorder), 5001); /* 4999, the raise and the return */
    shell_disk(true);
    assert_int_equal(shell_commit(&shell, 3000), SK_OK);
    assert_int_equal(stored(SK_EV_SYS_POLLER), 1);
    assert_int_equal(stored(SK_EV_CTRL_MALFORMED), 1);
    assert_int_equal(stored(SK_EV_SYS_UNRECORDED), 1);
    assert_int_equal(sk_store_pending_each(store(), row_value, &value), SK_OK);
    assert_int_equal(value, 2);
    assert_int_equal(sk_store_alarm_get(store(), 1, &row), SK_OK);
    assert_false(sk_alarm_is_open(row.bits)); /* or it would be open for ever after a restart */
    assert_int_equal(row.raise_seq, 0);       /* its raise is in no record */
}

/* One entry that the store refuses for good must not hold up the others. */
static void poison_is_isolated(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        shell_forget(&shell);
        shell_effect_record(&shell, SK_EV_SYS_POLLER);
        const struct sk_effects *effects = sk_recorder_effects(shell.recorder);
        if (own == 0) {
            shell_effect_alarm(&shell, SK_EV_ALARM_RAISED, 9, SK_ALARM_BIT_ACTIVE);
            sk_effects_at(effects, 1)->record->body.writer.bad = true; /* as when it was too long */
        }
        own_record(SK_EV_SYS_STOP);
        if (own == 1) {
            struct sk_draft draft;
            const struct sk_now now = kit_now(0);
            sk_draft_init(&draft, SK_EV_SYS_START, &now);
            draft.body.writer.bad = true;
            assert_int_equal(sk_recorder_add(shell.recorder, &draft), SK_OK);
            own_record(SK_EV_SYS_STOP);
        }
        assert_int_equal(shell_commit(&shell, 1 + own), SK_OK);
        assert_true(sk_recorder_writable(shell.recorder));
        assert_string_equal(shell.order, own == 0 ? "RARR" : "RRRR"); /* the last one is the note */
        assert_int_equal(sk_recorder_given_up(shell.recorder), (uint64_t)own + 1);
        assert_int_equal(stored(SK_EV_SYS_UNRECORDED), own + 1);
    }
}

static void checkpoints_keep_their_cadence(void **state)
{
    (void)state;
    struct sk_checkpoint checkpoint = {0};
    sk_recorder_close(shell.recorder);
    shell.kit.site.checkpoint_records = 10;
    shell_open(&shell);
    sk_store_checkpoint_latest(store(), &checkpoint);
    const uint64_t before = checkpoint.number;
    uint64_t last = checkpoint.size;
    for (int i = 0; i < 60; i++) {
        shell_effect_record(&shell, SK_EV_SYS_POLLER);
        assert_int_equal(shell_commit(&shell, i), SK_OK);
        if (sk_store_checkpoint_latest(store(), &checkpoint) == SK_OK && checkpoint.size != last) {
            assert_true(checkpoint.size - last <= 11);
            last = checkpoint.size;
        }
    }
    assert_true(checkpoint.number - before >= 5);
    struct sk_fault fault = {0};
    assert_int_equal(sk_store_verify(store(), NULL, NULL, NULL, &fault), SK_OK);
}

/* Whatever allocation fails: the commit says so, nothing is shown as recorded, and the next try records everything once. */
/* The linker sends every signature through here (collector.cmake). */
static bool signing_fails;
enum sk_err __real_sk_signer_sign(struct sk_signer *signer, const void *bytes, size_t length, uint8_t to[SK_SIGNATURE_SIZE]);
enum sk_err __wrap_sk_signer_sign(struct sk_signer *signer, const void *bytes, size_t length, uint8_t to[SK_SIGNATURE_SIZE]);
enum sk_err __wrap_sk_signer_sign(struct sk_signer *signer, const void *bytes, size_t length, uint8_t to[SK_SIGNATURE_SIZE])
{
    return signing_fails ? SK_ERR_CRYPTO : __real_sk_signer_sign(signer, bytes, length, to);
}

/* Records never wait for a signature: they are kept, it is said, tried once a second, and one checkpoint covers them all. */
static void a_failing_signature_holds_up_nothing(void **state)
{
    (void)state;
    struct sk_checkpoint before = {0}, after = {0};
    sk_recorder_close(shell.recorder);
    shell.kit.site.checkpoint_records = 10;
    shell_open(&shell);
    assert_int_equal(shell_commit(&shell, 0), SK_OK);
    sk_store_checkpoint_latest(store(), &before);
    signing_fails = true;
    for (int i = 0; i < 50; i++) {
        own_record(SK_EV_SYS_POLLER);
        assert_int_equal(shell_commit(&shell, 10 + i), SK_OK);
    }
    assert_true(sk_recorder_writable(shell.recorder));
    assert_false(sk_recorder_signing(shell.recorder));
    assert_int_equal(stored(SK_EV_SYS_POLLER), 50);
    assert_int_equal(stored(SK_EV_SYS_UNRECORDED), 0);
    assert_true(sk_recorder_deadline(shell.recorder) > kit_now(60).mono_us); /* waits, and does not spin */
    signing_fails = false;
    assert_int_equal(shell_commit(&shell, 5000), SK_OK);
    assert_true(sk_recorder_signing(shell.recorder));
    assert_int_equal(sk_store_checkpoint_latest(store(), &after), SK_OK);
    assert_int_equal(after.number, before.number + 1);
    assert_true(after.size >= before.size + 50);
    assert_int_equal(sk_store_verify(store(), NULL, NULL, NULL, NULL), SK_OK);
}

/* What changes under our hands is found by reading again, and nothing is written into it afterwards. */
static void damage_is_found_by_reading_again(void **state)
{
    (void)state;
    sqlite3 *db;
    own_record(SK_EV_SYS_POLLER);
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
    for (int i = 0; i < 5; i++)
        sk_recorder_look_again(shell.recorder);
    assert_null(sk_recorder_damage(shell.recorder));
    assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE record SET leaf = zeroblob(32) WHERE seq = 1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    sk_recorder_look_again(shell.recorder);
    assert_non_null(sk_recorder_damage(shell.recorder));
    assert_non_null(strstr(sk_recorder_damage(shell.recorder), "record 1:"));
}

static void failing_allocations(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        const unsigned before = stored(SK_EV_SYS_POLLER);
        shell_forget(&shell);
        shell_effect_record(&shell, SK_EV_SYS_POLLER);
        shell_effect_alarm(&shell, SK_EV_ALARM_RETURNED, 1, SK_ALARM_BIT_ACTIVE);
        own_record(SK_EV_SYS_POLLER);
        sk_mem_fail_at(n);
        enum sk_err err = shell_commit(&shell, (int64_t)n * 3000);
        const unsigned long made = sk_mem_fail_at(0);
        if (err != SK_OK) {
            assert_null(strchr(shell.order, 'R'));
            assert_int_equal(shell_commit(&shell, (int64_t)n * 3000 + 1500), SK_OK);
        }
        assert_int_equal(stored(SK_EV_SYS_POLLER), before + 2);
        if (made < n)
            return;
    }
}

int main(void)
{
    sk_log_init("test", SK_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(order_of_effects_is_order_of_publishing, setup, teardown),
        cmocka_unit_test_setup_teardown(alarm_rows_name_their_records, setup, teardown),
        cmocka_unit_test_setup_teardown(outage_records_everything_exactly_once, setup, teardown),
        cmocka_unit_test_setup_teardown(bound_gives_up_records_not_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(poison_is_isolated, setup, teardown),
        cmocka_unit_test_setup_teardown(checkpoints_keep_their_cadence, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_signature_holds_up_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_found_by_reading_again, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
