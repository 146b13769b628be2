/* SPDX-License-Identifier: Apache-2.0 */
/* Fibers: what a wait may end with, in which order, and that nothing wakes a fiber but what it waits for. */
#include "drivers/fiber.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "schemas/base/clock.h"
#include "schemas/base/mem.h"
#include "tests/unit/sk_test.h"

#define SOON_US (20 * SK_US_PER_MS)
#define LATE_US (60 * SK_US_PER_S) /* a test that comes to it has hung */

enum { MANY = 300 }; /* more than one turn takes */

struct world {
    int a, b, stop; /* eventfds */
    char order[64];
    enum sk_err got[8];
    size_t got_count;
    size_t awaiting_most;
    int rests;
    int64_t again_us, end_us;
    pthread_t aside_thread;
};

static struct world world;

static void note(const char *what)
{
    assert_true(strlen(world.order) + strlen(what) < sizeof world.order);
    memcpy(world.order + strlen(world.order), what, strlen(what) + 1);
}

static void got(enum sk_err err)
{
    assert_true(world.got_count < sizeof world.got / sizeof *world.got);
    world.got[world.got_count++] = err;
}

static void make_ready(int fd)
{
    const uint64_t one = 1;
    assert_int_equal(write(fd, &one, sizeof one), sizeof one);
}

static int64_t in_us(int64_t us)
{
    return sk_clock_mono_us() + us;
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.a = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    world.b = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    world.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return world.a < 0 || world.b < 0 || world.stop < 0;
}

static int teardown(void **state)
{
    (void)state;
    close(world.a);
    close(world.b);
    close(world.stop);
    return 0;
}

/* Runs one or two fibers to their end. */
static void run(const struct sk_fibers_rest *rest, void (*first)(void *), void (*second)(void *))
{
    struct sk_fibers *fibers;
    assert_int_equal(sk_fibers_create(2, rest, &fibers), SK_OK);
    assert_int_equal(sk_fibers_add(fibers, first, NULL), SK_OK);
    if (second != NULL)
        assert_int_equal(sk_fibers_add(fibers, second, NULL), SK_OK);
    assert_int_equal(sk_fibers_run(fibers, world.stop), SK_OK);
    sk_fibers_free(fibers);
}

static void sleep_long(void *unused)
{
    (void)unused;
    note("a");
    got(sk_fiber_wait(-1, world.stop, in_us(3 * SOON_US)));
    note("A");
}

static void sleep_short(void *unused)
{
    (void)unused;
    note("b");
    got(sk_fiber_wait(-1, world.stop, in_us(SOON_US)));
    note("B");
}

static void test_sleepers_wake_by_deadline(void **state)
{
    (void)state;
    run(NULL, sleep_long, sleep_short);
    assert_string_equal(world.order, "abBA");
    assert_int_equal(world.got[0], SK_ERR_TIMEOUT);
    assert_int_equal(world.got[1], SK_ERR_TIMEOUT);
}

static void wait_for_a(void *unused)
{
    (void)unused;
    got(sk_fiber_wait(world.a, world.stop, in_us(LATE_US)));
    note("a");
}

static void give_a(void *unused)
{
    (void)unused;
    note("b");
    make_ready(world.a);
}

static void test_readable_ends_a_wait(void **state)
{
    (void)state;
    run(NULL, wait_for_a, give_a);
    assert_string_equal(world.order, "ba");
    assert_int_equal(world.got[0], SK_OK);
}

static void wait_for_a_twice(void *unused)
{
    wait_for_a(unused);
    wait_for_a(unused); /* nobody took it: still readable */
}

static void test_readable_before_the_wait(void **state)
{
    (void)state;
    make_ready(world.a);
    run(NULL, wait_for_a_twice, NULL);
    assert_string_equal(world.order, "aa");
    assert_int_equal(world.got[1], SK_OK);
}

static void wait_for_the_end(void *unused)
{
    (void)unused;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    got(sk_fiber_wait(ends[0], world.stop, in_us(LATE_US)));
    close(ends[0]);
}

static void test_closed_by_the_other_side(void **state)
{
    (void)state;
    run(NULL, wait_for_the_end, NULL);
    assert_int_equal(world.got[0], SK_OK);
}

static void wait_for_a_then_b(void *unused)
{
    (void)unused;
    got(sk_fiber_wait(world.a, world.stop, in_us(SOON_US)));
    make_ready(world.a); /* too late: what is waited for now is b */
    got(sk_fiber_wait(world.b, world.stop, in_us(2 * SOON_US)));
    got(sk_fiber_wait(-1, world.stop, in_us(SOON_US)));
}

static void test_what_is_no_longer_waited_for_wakes_nobody(void **state)
{
    (void)state;
    run(NULL, wait_for_a_then_b, NULL);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(world.got[i], SK_ERR_TIMEOUT);
}

static void wait_for_a_a_moment(void *unused)
{
    (void)unused;
    got(sk_fiber_wait(world.a, world.stop, in_us(SOON_US)));
}

/* Holds the thread until the other's deadline is over; its answer came before. */
static void be_busy(void *unused)
{
    (void)unused;
    make_ready(world.a);
    while (sk_clock_mono_us() < world.end_us)
        continue;
}

static void test_an_answer_in_time_counts_though_taken_late(void **state)
{
    (void)state;
    world.end_us = in_us(3 * SOON_US);
    run(NULL, wait_for_a_a_moment, be_busy);
    assert_int_equal(world.got[0], SK_OK);
}

static int many[MANY];
static unsigned answers;

static void wait_for_one_of_many(void *argument)
{
    answers += sk_fiber_wait(*(const int *)argument, world.stop, world.end_us) == SK_OK;
}

static void make_all_ready(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < MANY; i++)
        make_ready(many[i]);
    while (sk_clock_mono_us() < world.end_us)
        continue;
}

static void test_more_answers_than_a_turn_takes(void **state)
{
    (void)state;
    struct sk_fibers *fibers;
    answers = 0;
    assert_int_equal(sk_fibers_create(MANY + 1, NULL, &fibers), SK_OK);
    for (size_t i = 0; i < MANY; i++) {
        many[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(many[i] >= 0);
        assert_int_equal(sk_fibers_add(fibers, wait_for_one_of_many, &many[i]), SK_OK);
    }
    assert_int_equal(sk_fibers_add(fibers, make_all_ready, NULL), SK_OK);
    assert_int_equal(sk_fibers_add(fibers, make_all_ready, NULL), SK_ERR_FULL);
    world.end_us = in_us(3 * SOON_US);
    assert_int_equal(sk_fibers_run(fibers, -1), SK_OK);
    assert_int_equal(answers, MANY);
    sk_fibers_free(fibers);
    for (size_t i = 0; i < MANY; i++)
        close(many[i]);
}

static void heed_no_stop(void *unused)
{
    (void)unused;
    got(sk_fiber_wait(-1, -1, in_us(2 * SOON_US)));
    note("n");
    got(sk_fiber_wait(world.b, world.stop, in_us(LATE_US))); /* begun after the stop */
}

static void stop_then_wait(void *unused)
{
    (void)unused;
    make_ready(world.stop);
    got(sk_fiber_wait(world.a, world.stop, in_us(LATE_US)));
    note("s");
}

static void test_the_stop_ends_waits_that_heed_it(void **state)
{
    (void)state;
    run(NULL, heed_no_stop, stop_then_wait);
    assert_string_equal(world.order, "sn");
    assert_int_equal(world.got[0], SK_ERR_CLOSED);
    assert_int_equal(world.got[1], SK_ERR_TIMEOUT);
    assert_int_equal(world.got[2], SK_ERR_CLOSED);
}

static void block_on_a(void *unused)
{
    (void)unused;
    world.aside_thread = pthread_self();
    assert_int_equal(sk_fiber_wait(world.a, -1, in_us(LATE_US)), SK_OK); /* of a thread: blocks */
}

static void do_aside(void *unused)
{
    (void)unused;
    sk_fiber_aside(block_on_a, NULL);
    note("d");
}

static void test_others_go_on_beside_what_blocks(void **state)
{
    (void)state;
    run(NULL, do_aside, give_a);
    assert_string_equal(world.order, "bd");
    assert_false(pthread_equal(world.aside_thread, pthread_self()));
}

static void test_a_thread_does_it_itself(void **state)
{
    (void)state;
    make_ready(world.a);
    do_aside(NULL);
    assert_string_equal(world.order, "d");
    assert_true(pthread_equal(world.aside_thread, pthread_self()));
    assert_int_equal(sk_fiber_wait(world.b, world.stop, in_us(SOON_US)), SK_ERR_TIMEOUT);
    make_ready(world.stop);
    assert_int_equal(sk_fiber_wait(world.b, world.stop, in_us(LATE_US)), SK_ERR_CLOSED);
}

/* Asks again once; then gives `a` so that it all comes to an end. */
static int64_t rest(void *context, size_t awaiting)
{
    (void)context;
    world.awaiting_most = awaiting > world.awaiting_most ? awaiting : world.awaiting_most;
    if (world.rests++ == 0)
        return in_us(SOON_US);
    make_ready(world.a);
    return SK_NEVER;
}

static void test_rest_is_asked_when_all_wait(void **state)
{
    (void)state;
    const struct sk_fibers_rest rests = {.rest = rest};
    run(&rests, wait_for_a, sleep_long);
    assert_true(world.rests >= 2);
    assert_int_equal(world.awaiting_most, 1); /* who sleeps awaits nothing */
    assert_int_equal(world.got[0], SK_OK);
}

static void count_on_the_stack(void *argument)
{
    uint32_t numbers[512], sum = 0; /* its own, whatever the others do meanwhile */
    const uint32_t own = *(const uint32_t *)argument;
    for (uint32_t i = 0; i < 512; i++) {
        numbers[i] = own + i;
        if (i % 64 == 0)
            sk_fiber_wait(-1, world.stop, 0);
    }
    for (uint32_t i = 0; i < 512; i++)
        sum += numbers[i] - own;
    assert_int_equal(sum, 511 * 512 / 2);
    answers++;
}

static void test_each_has_a_stack_of_its_own(void **state)
{
    (void)state;
    struct sk_fibers *fibers;
    uint32_t owns[32];
    answers = 0;
    assert_int_equal(sk_fibers_create(32, NULL, &fibers), SK_OK);
    for (uint32_t i = 0; i < 32; i++) {
        owns[i] = i * 1000;
        assert_int_equal(sk_fibers_add(fibers, count_on_the_stack, &owns[i]), SK_OK);
    }
    assert_int_equal(sk_fibers_run(fibers, world.stop), SK_OK);
    assert_int_equal(answers, 32);
    sk_fibers_free(fibers);
}

static void test_memory_may_fail(void **state)
{
    (void)state;
    struct sk_fibers *fibers;
    for (unsigned long n = 1; n <= 3; n++) {
        sk_mem_fail_at(n);
        assert_int_equal(sk_fibers_create(4, NULL, &fibers), SK_ERR_NOMEM);
    }
    sk_mem_fail_at(0);
    assert_int_equal(sk_fibers_create(4, NULL, &fibers), SK_OK);
    assert_int_equal(sk_fibers_add(fibers, wait_for_a, NULL), SK_OK); /* never run */
    sk_fibers_free(fibers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sleepers_wake_by_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable_ends_a_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable_before_the_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_by_the_other_side, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_longer_waited_for_wakes_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_in_time_counts_though_taken_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_answers_than_a_turn_takes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_stop_ends_waits_that_heed_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_others_go_on_beside_what_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_thread_does_it_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rest_is_asked_when_all_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_has_a_stack_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_may_fail, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
