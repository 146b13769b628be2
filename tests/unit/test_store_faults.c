/* SPDX-License-Identifier: Apache-2.0 */
/* The store when the machine fails it: a VFS that fails the n-th write or sync (or all from there on), a disk that is full, and
 * allocations that fail. After each, for every n: nothing half, everything that was committed is there, and work goes on. */
#include "tests/unit/fault_vfs.h"
#include "tests/unit/store_support.h"

#include "schemas/base/mem.h"

static struct sk_draft a_draft; /* made before anything is armed */

static int group_setup(void **state)
{
    uint8_t salt[SK_SALT_SIZE];
    (void)state;
    support_plain(3, &a_draft, salt);
    return front_register() ? 0 : -1;
}

/* --- what must hold --- */

enum { BATCH = 40, BATCHES = 4 };

/* One batch: records, an alarm and a pending row that tell the same number. */
static enum sk_err batch_write(struct sk_store *store, unsigned number)
{
    uint64_t seq;
    const struct sk_alarm alarm = {.occurrence = 1, .bits = SK_ALARM_BIT_ACTIVE, .raise_seq = number};
    enum sk_err err = sk_store_begin(store);
    for (unsigned i = 0; err == SK_OK && i < BATCH; i++)
        err = sk_store_append(store, &a_draft, &seq);
    if (err == SK_OK)
        err = sk_store_alarm_put(store, &alarm);
    if (err == SK_OK)
        err = sk_store_pending_put(store, "batch", &number, sizeof number);
    return err == SK_OK ? sk_store_commit(store) : err;
}

static enum sk_err pending_number(void *context, const char *key, const void *bytes, size_t length)
{
    (void)key;
    assert_int_equal(length, sizeof(unsigned));
    memcpy(context, bytes, length);
    return SK_OK;
}

/* Reopens and checks: the tree fits, whole batches only, projections of the last one, at least `committed` of them. */
static unsigned consistent(unsigned committed, const char *what, unsigned long n)
{
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_fault fault = {0};
    struct sk_alarm alarm;
    unsigned number = 0;
    if (sk_store_verify(store, NULL, NULL, NULL, &fault) != SK_OK)
        fail_msg("%s %lu: %s", what, n, fault.text);
    const uint64_t size = sk_store_size(store);
    if (size % BATCH != 0 || size / BATCH < committed || size / BATCH > committed + 1)
        fail_msg("%s %lu: %llu records after %u batches", what, n, (unsigned long long)size, committed);
    assert_int_equal(sk_store_pending_each(store, pending_number, &number), SK_OK);
    assert_int_equal(number, size / BATCH);
    if (size > 0) {
        assert_int_equal(sk_store_alarm_get(store, 1, &alarm), SK_OK);
        assert_int_equal(alarm.raise_seq, size / BATCH);
    }
    sk_store_close(store);
    return (unsigned)(size / BATCH);
}

/* Writes batches with the failure armed; returns how many commits said SK_OK. go_on: after an error the same store tries again.
 */
static unsigned batches_run(bool go_on, enum sk_err expected, const char *what, unsigned long n)
{
    struct sk_store *store = NULL;
    struct sk_fault fault = {0};
    unsigned committed = 0;
    enum sk_err err = sk_store_open(support_directory, SK_STORE_WRITER, &store, &fault);
    for (unsigned i = 0; err == SK_OK && i < BATCHES; i++) {
        err = batch_write(store, committed + 1);
        if (err == SK_OK) {
            committed++;
            sk_store_tend(store); /* checkpoints into the database: its failures must hurt nothing */
        } else if (err != expected) {
            fail_msg("%s %lu: error %d", what, n, (int)err);
        }
        if (err != SK_OK && go_on) {
            assert_int_equal(sk_store_size(store), committed * BATCH);
            err = SK_OK;
        }
    }
    plan.armed = false;
    sk_store_close(store);
    return committed;
}

static void every_n(enum call which, bool once, int result, enum sk_err expected, const char *what)
{
    for (unsigned long n = 0;; n++) {
        arm(which, n, once, result);
        const unsigned committed = batches_run(once, expected, what, n);
        const unsigned long failed = plan.failed;
        consistent(committed, what, n);
        support_teardown(NULL);
        support_setup(NULL);
        if (failed == 0)
            return;
    }
}

static void failing_writes(void **state)
{
    (void)state;
    every_n(CALL_WRITE, true, SQLITE_IOERR_WRITE, SK_ERR_IO, "one write fails, n");
}

static void dead_disk(void **state)
{
    (void)state;
    every_n(CALL_WRITE, false, SQLITE_IOERR_WRITE, SK_ERR_IO, "all writes fail from n");
}

static void full_disk(void **state)
{
    (void)state;
    every_n(CALL_WRITE, false, SQLITE_FULL, SK_ERR_FULL, "disk full from write n");
}

static void failing_syncs(void **state)
{
    (void)state;
    every_n(CALL_SYNC, true, 0, SK_ERR_IO, "one sync fails, n");
}

/* A disk that fills and is given room again: the same store goes on, nothing lost, nothing double. */
static void room_again(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    assert_int_equal(batch_write(store, 1), SK_OK);
    arm(CALL_WRITE, 1, false, SQLITE_FULL);
    for (int i = 0; i < 5; i++)
        assert_int_equal(batch_write(store, 2), SK_ERR_FULL);
    plan.armed = false;
    assert_int_equal(batch_write(store, 2), SK_OK);
    sk_store_close(store);
    assert_int_equal(consistent(2, "room again", 0), 2);
}

/* --- memory --- */

static void failing_allocations(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct sk_store *store = NULL;
        struct sk_fault fault = {0};
        unsigned committed = 0;
        sk_mem_fail_at(n);
        enum sk_err err = sk_store_open(support_directory, SK_STORE_WRITER, &store, &fault);
        if (err == SK_OK)
            err = batch_write(store, 1);
        const unsigned long made = sk_mem_fail_at(0);
        committed = err == SK_OK ? 1 : 0;
        if (err != SK_OK && err != SK_ERR_NOMEM)
            fail_msg("allocation %lu: error %d", n, (int)err);
        sk_store_close(store);
        consistent(committed, "allocation", n);
        support_teardown(NULL);
        support_setup(NULL);
        if (made < n)
            return;
    }
}

static void steady_state_allocates_nothing(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    uint64_t seq;
    assert_int_equal(batch_write(store, 1), SK_OK);
    sk_mem_fail_at(0);
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sk_store_append(store, &a_draft, &seq), SK_OK);
    assert_int_equal(sk_store_commit(store), SK_OK);
    assert_int_equal(sk_mem_fail_at(0), 0);
    sk_store_close(store);
}

#define T(name) cmocka_unit_test_setup_teardown(name, support_setup, support_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(failing_writes),
        T(dead_disk),
        T(full_disk),
        T(failing_syncs),
        T(room_again),
        T(failing_allocations),
        T(steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
