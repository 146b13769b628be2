/* SPDX-License-Identifier: Apache-2.0 */
/* The history as a store: what was flushed is there after any failure, nothing twice; tiers, late samples, purge, damage. */
#include "tests/unit/fault_vfs.h"
#include "tests/unit/store_support.h"

#include <math.h>

#include "schemas/model/vocab.h"
#include "schemas/store/history.h"

enum { POINTS = 3, STEPS = 300, FLUSH_STEPS = 10 };
#define BEGIN_US INT64_C(1763596800000000)
#define HOUR_US  INT64_C(3600000000)

static struct sk_history *history_open(enum sk_store_mode mode)
{
    struct sk_history *history = NULL;
    struct sk_fault fault = {0};
    if (sk_history_open(support_directory, mode, &history, &fault) != SK_OK)
        fail_msg("open: %s", fault.text);
    return history;
}

static uint32_t point_of(struct sk_history *history, const char *id)
{
    uint32_t number = 0;
    assert_int_equal(sk_history_point(history, id, 5000, &number), SK_OK);
    return number;
}

static double value_of(int64_t step)
{
    return (double)(step * step % 97) / 10;
}

static enum sk_err put_one(struct sk_history *history, uint32_t point, int64_t time_us, double value)
{
    const struct sk_history_sample sample = {point, SK_Q_GOOD, 0, time_us, value};
    return sk_history_put(history, &sample, 1);
}

static struct sk_history_answer read_all(struct sk_history *history, const char *id, int tier)
{
    const struct sk_history_query query = {id, BEGIN_US - 24 * HOUR_US, BEGIN_US + 1000 * HOUR_US, tier, UINT32_MAX};
    struct sk_history_answer answer;
    const enum sk_err err = sk_history_read(history, &query, &answer);
    if (err != SK_OK && err != SK_ERR_NOT_FOUND)
        fail_msg("read: %s", sk_err_text(err));
    return answer;
}

/* Every step's value, once, in order, up to some step. */
static size_t check_steps(struct sk_history *history, const char *id, const char *what)
{
    struct sk_history_answer answer = read_all(history, id, SK_TIER_RAW);
    for (size_t i = 0; i < answer.count; i++)
        if (answer.items[i].time_us != BEGIN_US + (int64_t)i * 1000000 || answer.items[i].last != value_of((int64_t)i))
            fail_msg("%s: item %zu is %g at %lld", what, i, answer.items[i].last, (long long)answer.items[i].time_us);
    const size_t count = answer.count;
    assert_int_equal(answer.damaged, 0);
    sk_history_answer_free(&answer);
    return count;
}

/* Puts steps [from, to), flushing now and then; returns how many steps were durable when it ended. */
static int64_t run(struct sk_history *history, int64_t from, int64_t to, bool seal, enum sk_err *ret_err)
{
    const uint32_t point = point_of(history, "a/b");
    int64_t durable = from;
    *ret_err = SK_OK;
    for (int64_t step = from; step < to && *ret_err == SK_OK; step++) {
        put_one(history, point, BEGIN_US + step * 1000000, value_of(step));
        if ((step + 1) % FLUSH_STEPS == 0) {
            *ret_err = sk_history_flush(history, 0);
            durable = *ret_err == SK_OK ? step + 1 : durable;
        }
    }
    if (*ret_err == SK_OK && seal)
        *ret_err = sk_history_seal(history, 0);
    return durable;
}

static void flushed_is_there(void **state)
{
    enum sk_err err;
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    assert_int_equal(run(history, 0, STEPS, false, &err), STEPS);
    put_one(history, 1, BEGIN_US + STEPS * INT64_C(1000000), 5); /* never flushed */
    struct sk_history *reader = history_open(SK_STORE_READER);
    assert_int_equal(check_steps(reader, "a/b", "beside the writer"), STEPS);
    sk_history_close(history); /* as a kill does: nothing is written at the end */
    assert_int_equal(check_steps(reader, "a/b", "after the writer"), STEPS);
    history = history_open(SK_STORE_WRITER);
    assert_int_equal(run(history, STEPS, 2 * STEPS, true, &err), 2 * STEPS);
    assert_int_equal(check_steps(reader, "a/b", "sealed"), 2 * STEPS);
    sk_history_close(reader);
    sk_history_close(history);
}

static int64_t journal_rows(void)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(support_path("history.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM journal", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t rows = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return rows;
}

/* However many points there are, each a clock of its own, and however often each spoke. */
static void a_flush_is_one_row(void **state)
{
    enum { MANY = 70, TICKS = 9 };
    char id[16];
    uint32_t points[MANY];
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "d%d/x", i);
        points[i] = point_of(history, id);
    }
    for (int64_t flush = 1; flush <= 3; flush++) {
        for (int64_t tick = 0; tick < TICKS; tick++)
            for (int i = 0; i < MANY; i++)
                put_one(history, points[i], BEGIN_US + (flush * TICKS + tick) * 1000000 + i * 1000, i);
        assert_int_equal(journal_rows(), flush - 1);
        assert_int_equal(sk_history_flush(history, BEGIN_US + flush * 10000000), SK_OK);
        assert_int_equal(journal_rows(), flush);
    }
    assert_int_equal(sk_history_flush(history, BEGIN_US + 40000000), SK_OK);
    assert_int_equal(journal_rows(), 3); /* nothing came: nothing is written */
    struct sk_history_answer answer = read_all(history, "d69/x", SK_TIER_RAW);
    assert_int_equal(answer.count, 3 * TICKS);
    sk_history_answer_free(&answer);
    sk_history_close(history);
}

static void two_writers_are_refused(void **state)
{
    struct sk_history *second = NULL;
    struct sk_fault fault = {0};
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    assert_int_equal(sk_history_open(support_directory, SK_STORE_WRITER, &second, &fault), SK_ERR_BUSY);
    sk_history_close(history);
}

/* Sealing in steps with a failing write at every place: whatever was durable stays, nothing comes twice, in no tier. */
static void every_write_fails_once(void **state)
{
    (void)state;
    for (enum call which = CALL_WRITE; which < CALL_COUNT; which++)
        for (unsigned long n = 0;; n++) {
            enum sk_err err = SK_OK;
            int64_t durable = 0;
            struct sk_history *history = history_open(SK_STORE_WRITER);
            arm(which, n, n % 2 == 0, SQLITE_IOERR_WRITE);
            uint32_t number;
            if (sk_history_point(history, "a/b", 5000, &number) == SK_OK)
                durable = run(history, 0, STEPS, true, &err);
            const unsigned long failed = plan.failed;
            plan.armed = false;
            sk_history_close(history);
            history = history_open(SK_STORE_WRITER);
            const size_t kept = check_steps(history, "a/b", "after a failed write");
            if (kept < (size_t)durable || kept > (size_t)durable + FLUSH_STEPS)
                fail_msg("write %lu: %zu of %lld", n, kept, (long long)durable);
            assert_int_equal(sk_history_seal(history, 0), SK_OK);
            assert_int_equal(check_steps(history, "a/b", "sealed again"), kept);
            struct sk_history_answer answer = read_all(history, "a/b", SK_TIER_DAY);
            if (answer.count > 0)
                assert_int_equal(answer.items[0].count, kept); /* not counted twice */
            sk_history_answer_free(&answer);
            sk_history_close(history);
            support_teardown(NULL);
            support_setup(NULL);
            if (failed == 0)
                break;
        }
}

/* --- late samples --- */
static void late_samples_are_merged(void **state)
{
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    const uint32_t point = point_of(history, "a/b");
    for (int64_t step = 0; step < STEPS; step += 2)
        put_one(history, point, BEGIN_US + step * 1000000, value_of(step));
    for (int64_t step = STEPS - 1; step > 0; step -= 4) /* backwards, some before and some after sealing */
        put_one(history, point, BEGIN_US + step * 1000000, value_of(step));
    assert_int_equal(sk_history_seal(history, 0), SK_OK);
    for (int64_t step = 1; step < STEPS; step += 2)
        put_one(history, point, BEGIN_US + step * 1000000, value_of(step));
    assert_int_equal(sk_history_flush(history, 0), SK_OK);
    assert_int_equal(check_steps(history, "a/b", "from the journal"), STEPS);
    assert_int_equal(sk_history_seal(history, 0), SK_OK);
    assert_int_equal(check_steps(history, "a/b", "sealed"), STEPS);
    sk_history_close(history);
}

/* --- tiers --- */
static void tiers_through_the_store(void **state)
{
    enum { LONG = 4 * 3600 };
    enum sk_err err;
    static const struct {
        int tier;
        int64_t bucket_s;
    } rows[] = {{SK_TIER_MINUTE, 60}, {SK_TIER_QUARTER, 900}, {SK_TIER_DAY, 86400}};
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    run(history, 0, LONG, false, &err);
    bool more = true;
    while (more) /* one generation is complete, the other stays in the journal */
        assert_int_equal(sk_history_tend(history, BEGIN_US, &more), SK_OK);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct sk_history_answer answer = read_all(history, "a/b", rows[row].tier);
        assert_int_equal(answer.tier, rows[row].tier);
        for (size_t i = 0; i < answer.count; i++) {
            const struct sk_history_item *item = &answer.items[i];
            const int64_t first = (int64_t)i * rows[row].bucket_s, end = first + rows[row].bucket_s;
            double min = INFINITY, max = -INFINITY, sum = 0;
            unsigned count = 0;
            for (int64_t step = first; step < end && step < LONG; step++, count++) {
                min = fmin(min, value_of(step));
                max = fmax(max, value_of(step));
                sum += value_of(step);
            }
            assert_true(item->time_us == BEGIN_US + first * 1000000);
            assert_int_equal(item->count, count);
            assert_true(item->min == min && item->max == max && fabs(item->mean - sum / count) < 0.0006);
            assert_true(item->last == value_of((end < LONG ? end : LONG) - 1));
            assert_int_equal(item->good_ms, count * 1000);
        }
        assert_int_equal(answer.count, (LONG + rows[row].bucket_s - 1) / rows[row].bucket_s);
        sk_history_answer_free(&answer);
    }
    sk_history_close(history);
}

static void query_chooses_its_tier(void **state)
{
    static const struct {
        const char *name;
        int64_t span_us;
        uint32_t limit;
        int tier;
    } rows[] = {{"a minute", HOUR_US / 60, 100, SK_TIER_RAW},
                {"an hour, 100 items", HOUR_US, 100, SK_TIER_MINUTE},
                {"an hour, 5000 items", HOUR_US, 5000, SK_TIER_RAW},
                {"a day, 100 items", 24 * HOUR_US, 100, SK_TIER_QUARTER},
                {"ten days, 100 items", 240 * HOUR_US, 100, SK_TIER_DAY}};
    enum sk_err err;
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    run(history, 0, STEPS, true, &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sk_history_query query = {"a/b", BEGIN_US, BEGIN_US + rows[i].span_us, SK_TIER_AUTO, rows[i].limit};
        struct sk_history_answer answer;
        assert_int_equal(sk_history_read(history, &query, &answer), SK_OK);
        if (answer.tier != rows[i].tier || answer.count == 0)
            fail_msg("%s: tier %d, %zu items", rows[i].name, answer.tier, answer.count);
        sk_history_answer_free(&answer);
    }
    struct sk_history_answer answer;
    const struct sk_history_query page = {"a/b", BEGIN_US, BEGIN_US + HOUR_US, SK_TIER_RAW, 7};
    assert_int_equal(sk_history_read(history, &page, &answer), SK_OK);
    assert_int_equal(answer.count, 7);
    assert_true(answer.next_us == BEGIN_US + 7 * 1000000);
    sk_history_answer_free(&answer);
    const struct sk_history_query unknown = {"a/c", BEGIN_US, BEGIN_US + HOUR_US, SK_TIER_RAW, 7};
    assert_int_equal(sk_history_read(history, &unknown, &answer), SK_ERR_NOT_FOUND);
    sk_history_close(history);
}

/* --- age, room, damage --- */
static void purge_by_age_and_room(void **state)
{
    enum { DAYS = 6 };
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    const uint32_t point = point_of(history, "a/b");
    for (int64_t step = 0; step < DAYS * 1440; step++) {
        put_one(history, point, BEGIN_US + step * 60000000, value_of(step));
        if (step % 120 == 119)
            assert_int_equal(sk_history_seal(history, 0), SK_OK);
    }
    const struct sk_history_plan age = {.days = {2, 0, 0, 0}};
    sk_history_set_plan(history, &age);
    bool more = true;
    while (more)
        assert_int_equal(sk_history_tend(history, BEGIN_US + DAYS * 24 * HOUR_US, &more), SK_OK);
    struct sk_history_answer answer = read_all(history, "a/b", SK_TIER_RAW);
    assert_in_range(answer.count, 2 * 1440, 2 * 1440 + 121);
    sk_history_answer_free(&answer);
    answer = read_all(history, "a/b", SK_TIER_MINUTE);
    assert_int_equal(answer.count, DAYS * 1440);
    sk_history_answer_free(&answer);
    struct sk_history_usage usage;
    assert_int_equal(sk_history_usage(history, &usage), SK_OK);
    assert_true(usage.used_bytes > 1024);
    const struct sk_history_plan room = {.budget_bytes = 1};
    sk_history_set_plan(history, &room);
    for (more = true; more;)
        assert_int_equal(sk_history_tend(history, BEGIN_US + (DAYS * 24 + 1) * HOUR_US, &more), SK_OK);
    answer = read_all(history, "a/b", SK_TIER_MINUTE);
    assert_int_equal(answer.count, 0);
    sk_history_answer_free(&answer);
    answer = read_all(history, "a/b", SK_TIER_DAY); /* days stay */
    assert_int_equal(answer.count, DAYS);
    sk_history_answer_free(&answer);
    sk_history_close(history);
}

static void damage_is_reported(void **state)
{
    enum sk_err err;
    sqlite3 *db;
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    run(history, 0, STEPS, true, &err);
    run(history, STEPS, 2 * STEPS, true, &err);
    sk_history_close(history);
    assert_int_equal(sqlite3_open(support_path("history.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE segment SET bytes = CAST(substr(bytes, 1, 40) || x'00' || substr(bytes, 42) AS BLOB) "
                                  "WHERE id = (SELECT min(id) FROM segment WHERE tier = 0)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    history = history_open(SK_STORE_READER);
    struct sk_history_answer answer = read_all(history, "a/b", SK_TIER_RAW);
    assert_int_equal(answer.damaged, 1);
    assert_int_equal(answer.count, STEPS);
    sk_history_answer_free(&answer);
    sk_history_close(history);
}

/* Points of one call share a clock; later calls may hold any of them. */
static void clocks_are_shared(void **state)
{
    (void)state;
    struct sk_history *history = history_open(SK_STORE_WRITER);
    struct sk_history_sample samples[POINTS];
    uint32_t points[POINTS];
    char id[16];
    for (int i = 0; i < POINTS; i++) {
        snprintf(id, sizeof id, "d/p%d", i);
        points[i] = point_of(history, id);
    }
    for (int64_t step = 0; step < STEPS; step++) {
        size_t count = 0;
        for (int i = 0; i < POINTS; i++)
            if (step % (i + 1) == 0)
                samples[count++] =
                    (struct sk_history_sample){points[i], SK_Q_GOOD, 0, BEGIN_US + step * 1000000, value_of(step)};
        assert_int_equal(sk_history_put(history, samples, count), SK_OK);
    }
    assert_int_equal(sk_history_seal(history, 0), SK_OK);
    for (int i = 0; i < POINTS; i++) {
        snprintf(id, sizeof id, "d/p%d", i);
        struct sk_history_answer answer = read_all(history, id, SK_TIER_RAW);
        assert_int_equal(answer.count, (STEPS + i) / (i + 1));
        for (size_t j = 0; j < answer.count; j++)
            assert_true(answer.items[j].last == value_of((int64_t)j * (i + 1)));
        sk_history_answer_free(&answer);
    }
    sk_history_close(history);
}

static int group_setup(void **state)
{
    (void)state;
    return front_register() ? 0 : -1;
}

#define T(name) cmocka_unit_test_setup_teardown(name, support_setup, support_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(flushed_is_there),        T(a_flush_is_one_row),      T(two_writers_are_refused), T(every_write_fails_once),
        T(late_samples_are_merged), T(tiers_through_the_store), T(query_chooses_its_tier),  T(purge_by_age_and_room),
        T(damage_is_reported),      T(clocks_are_shared),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
