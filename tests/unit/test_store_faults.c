/* SPDX-License-Identifier: Apache-2.0 */
/* The store when the machine fails it: a VFS that fails the n-th write or sync (or all from there on), a disk that is full, and
 * allocations that fail. After each, for every n: nothing half, everything that was committed is there, and work goes on. */
#include "tests/unit/store_support.h"

#include <sqlite3.h>

#include "schemas/base/mem.h"

/* --- a VFS in front of the system's own --- */

enum call { CALL_WRITE, CALL_SYNC, CALL_COUNT };
static struct {
    bool armed, once;
    unsigned long left; /* calls until the failure; 0 fails */
    int result;         /* SQLITE_IOERR_..., SQLITE_FULL */
    enum call which;
    unsigned long failed;
} plan;

static sqlite3_vfs front, *system_vfs;

struct front_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct front_file *)file)->real;
}

static bool fails(enum call call)
{
    if (!plan.armed || plan.which != call)
        return false;
    if (plan.left > 0) {
        plan.left--;
        return false;
    }
    plan.failed++;
    if (plan.once)
        plan.armed = false;
    return true;
}

static int front_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    return fails(CALL_WRITE) ? plan.result : real_of(file)->pMethods->xWrite(real_of(file), bytes, length, at);
}
static int front_sync(sqlite3_file *file, int flags)
{
    return fails(CALL_SYNC) ? SQLITE_IOERR_FSYNC : real_of(file)->pMethods->xSync(real_of(file), flags);
}
static int front_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}
static int front_read(sqlite3_file *file, void *to, int length, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), to, length, at);
}
static int front_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
static int front_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
static int front_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
static int front_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
static int front_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}
static int front_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}
static int front_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
static int front_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
static int front_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **to)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, to);
}
static int front_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}
static void front_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
static int front_shm_unmap(sqlite3_file *file, int delete)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static const sqlite3_io_methods front_methods = {2,
                                                 front_close,
                                                 front_read,
                                                 front_write,
                                                 front_truncate,
                                                 front_sync,
                                                 front_size,
                                                 front_lock,
                                                 front_unlock,
                                                 front_reserved,
                                                 front_control,
                                                 front_sector,
                                                 front_device,
                                                 front_shm_map,
                                                 front_shm_lock,
                                                 front_shm_barrier,
                                                 front_shm_unmap,
                                                 NULL,
                                                 NULL};

static int front_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    struct front_file *own = (struct front_file *)file;
    (void)vfs;
    own->real = (sqlite3_file *)(own + 1);
    const int result = system_vfs->xOpen(system_vfs, name, own->real, flags, ret_flags);
    file->pMethods = own->real->pMethods != NULL ? &front_methods : NULL;
    return result;
}

static struct sk_draft a_draft; /* made before anything is armed */

static int group_setup(void **state)
{
    uint8_t salt[SK_SALT_SIZE];
    (void)state;
    support_plain(3, &a_draft, salt);
    system_vfs = sqlite3_vfs_find(NULL);
    front = *system_vfs;
    front.zName = "front";
    front.szOsFile = (int)sizeof(struct front_file) + system_vfs->szOsFile;
    front.xOpen = front_open;
    return sqlite3_vfs_register(&front, 1) == SQLITE_OK ? 0 : -1;
}

static void arm(enum call which, unsigned long n, bool once, int result)
{
    memset(&plan, 0, sizeof plan);
    plan.armed = true;
    plan.which = which;
    plan.left = n;
    plan.once = once;
    plan.result = result;
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
