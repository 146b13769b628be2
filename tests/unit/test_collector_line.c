/* SPDX-License-Identifier: Apache-2.0 */
/* Loop and line connections over socket pairs: what arrives cut in any way, ceilings, and everything that may be freed from
 * inside a callback (the sanitizer is the judge there). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/hold.h"
#include "collector/line.h"
#include "tests/unit/sk_test.h"

struct end {
    struct sk_loop *loop;
    struct sk_line *line;
    int peer;
    char text[200000]; /* lines, each followed by '|' */
    size_t length, lines, longest;
    const char *why;
    size_t free_at; /* frees itself at this line; 0 never */
};

static struct end end;

static void on_line(void *context, char *text, size_t length)
{
    struct end *e = context;
    assert_int_equal(strlen(text), length);
    e->lines++;
    e->longest = length > e->longest ? length : e->longest;
    if (e->length + length + 1 < sizeof e->text) {
        memcpy(e->text + e->length, text, length);
        e->length += length;
        e->text[e->length++] = '|';
    }
    if (e->lines == e->free_at) {
        sk_line_free(e->line);
        e->line = NULL;
    }
}

static void on_close(void *context, const char *why)
{
    struct end *e = context;
    assert_null(e->why); /* once */
    e->why = why;
    sk_line_free(e->line);
    e->line = NULL;
}

static int setup(void **state)
{
    static const struct sk_line_events events = {.on_line = on_line, .on_close = on_close};
    int pair[2];
    (void)state;
    memset(&end, 0, sizeof end);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(sk_loop_create(&end.loop), SK_OK);
    assert_int_equal(sk_line_create(end.loop, pair[0], &events, &end, &end.line), SK_OK);
    end.peer = pair[1];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sk_line_free(end.line);
    close(end.peer);
    sk_loop_free(end.loop);
    return 0;
}

static void turn(void)
{
    assert_int_equal(sk_loop_turn(end.loop, 0), SK_OK);
}

static void say(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(end.peer, bytes, length, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* full or closed: the caller looks at what arrived */
        bytes += sent;
        length -= (size_t)sent;
        turn();
    }
}

static void lines_however_they_arrive(void **state)
{
    static const struct {
        const char *name, *pieces[4], *expected;
    } rows[] = {{"one", {"a\n"}, "a|"},
                {"many in one read", {"a\nb\n\nc\n"}, "a|b||c|"},
                {"in pieces", {"ab", "c", "d\n"}, "abcd|"},
                {"the rest waits", {"a\nb", "c\nd"}, "a|bc|"}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        if (i > 0) {
            teardown(state);
            setup(state);
        }
        for (size_t k = 0; k < 4 && rows[i].pieces[k] != NULL; k++)
            say(rows[i].pieces[k], strlen(rows[i].pieces[k]));
        end.text[end.length] = '\0';
        sk_check(strcmp(end.text, rows[i].expected) == 0, rows[i].name);
    }
}

static void longest_line(void **state)
{
    static char text[SK_LINE_IN_MAX + 1];
    (void)state;
    memset(text, 'x', sizeof text);
    text[SK_LINE_IN_MAX - 1] = '\n';
    say(text, SK_LINE_IN_MAX);
    assert_int_equal(end.lines, 1);
    assert_int_equal(end.longest, SK_LINE_IN_MAX - 1);
    text[SK_LINE_IN_MAX - 1] = 'x';
    say(text, sizeof text);
    turn();
    assert_int_equal(end.lines, 1);
    assert_string_equal(end.why, "a line is longer than 64 KiB");
}

static void freed_inside_its_own_line(void **state)
{
    (void)state;
    end.free_at = 2;
    say("a\nb\nc\nd\n", 8);
    turn();
    assert_int_equal(end.lines, 2);
    assert_null(end.why);
}

/* Never inside the call that found it full, and once. */
static void reader_too_far_behind(void **state)
{
    static char block[1 << 20];
    (void)state;
    memset(block, 'y', sizeof block);
    for (int i = 0; i < 8; i++) {
        sk_line_send(end.line, block, sizeof block);
        assert_non_null(end.line);
    }
    assert_null(end.why);
    turn();
    assert_string_equal(end.why, "too far behind");
}

static size_t drain(void)
{
    static char block[1 << 16];
    size_t total = 0;
    for (;;) {
        ssize_t got = recv(end.peer, block, sizeof block, 0);
        if (got > 0)
            total += (size_t)got;
        else if (got < 0 && errno == EAGAIN && end.line != NULL) {
            turn();
            got = recv(end.peer, block, sizeof block, 0);
            if (got <= 0)
                return total;
            total += (size_t)got;
        } else
            return total;
    }
}

static void lifted_ceiling_takes_a_snapshot(void **state)
{
    static char block[1 << 20];
    (void)state;
    memset(block, 'z', sizeof block);
    sk_line_lift_ceiling(end.line, true);
    for (int i = 0; i < 9; i++)
        sk_line_put(end.line, block, sizeof block);
    sk_line_lift_ceiling(end.line, false);
    turn();
    assert_null(end.why);
    assert_int_equal(drain(), 9u << 20);
    for (int i = 0; i < 6; i++) /* and then it is back */
        sk_line_put(end.line, block, sizeof block);
    turn();
    assert_string_equal(end.why, "too far behind");
}

/* A writer that never stops does not keep the loop: one turn ends although more is there. */
static void endless_writer_shares_the_loop(void **state)
{
    static char text[4096];
    int size = 4 << 20;
    size_t sent = 0;
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 63; i < sizeof text; i += 64)
        text[i] = '\n';
    setsockopt(end.peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    for (ssize_t got = 1; got > 0; sent += got > 0 ? (size_t)got : 0)
        got = send(end.peer, text, sizeof text, MSG_NOSIGNAL);
    turn();
    const size_t first = end.lines;
    for (int i = 0; i < 10000 && end.lines < sent / 64; i++)
        turn();
    assert_int_equal(end.lines, sent / 64);
    if (sent > (size_t)20 * SK_LINE_IN_MAX) /* when the system gave such a buffer */
        assert_true(first < sent / 64);
}

/* --- the loop alone --- */

struct pair_of_sources {
    struct sk_loop *loop;
    struct sk_source *sources[2];
    int calls;
};

static void remove_both(void *context, uint32_t events)
{
    struct pair_of_sources *both = context;
    (void)events;
    both->calls++;
    sk_loop_remove(both->loop, both->sources[0]);
    sk_loop_remove(both->loop, both->sources[1]);
    both->sources[0] = both->sources[1] = NULL;
}

static void removed_sources_are_never_called(void **state)
{
    struct pair_of_sources both = {.loop = end.loop};
    int pairs[2][2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        assert_int_equal(sk_loop_add(end.loop, pairs[i][0], EPOLLIN, remove_both, &both, &both.sources[i]), SK_OK);
        assert_int_equal(send(pairs[i][1], "x", 1, 0), 1);
    }
    turn();
    turn();
    assert_int_equal(both.calls, 1);
    for (int i = 0; i < 4; i++)
        close(pairs[i / 2][i % 2]);
}

/* --- what a poller keeps while its parent is busy --- */

static void hold_keeps_the_newest(void **state)
{
    struct sk_sample samples[] = {{.point = 1, .kind = SK_KIND_NUMBER, .number = 1},
                                  {.point = 2, .kind = SK_KIND_NUMBER, .number = 2},
                                  {.point = 3, .kind = SK_KIND_TEXT},
                                  {.point = 1, .kind = SK_KIND_NUMBER, .number = 3}};
    const struct sk_batch batch = {.samples = samples, .count = SK_COUNT(samples)};
    struct sk_hold *hold = NULL;
    struct sk_sample out[4];
    (void)state;
    assert_int_equal(sk_hold_create(4, &hold), SK_OK);
    sk_hold_put(hold, &batch);
    assert_int_equal(sk_hold_count(hold), 2);
    assert_int_equal(sk_hold_peek(hold, out, 1), 1);
    assert_true(out[0].number == 3);
    sk_hold_drop(hold, out, 1);
    assert_int_equal(sk_hold_peek(hold, out, 4), 1);
    assert_int_equal(out[0].point, 2);
    sk_hold_drop(hold, out, 1);
    assert_int_equal(sk_hold_count(hold), 0); /* a text does not stay for ever */
    assert_int_equal(sk_hold_given_up(hold), 2);
    sk_hold_free(hold);
}

/* What is only a refresh to the driver is news to the parent when what came before it was given up. */
static void hold_keeps_what_is_new_new(void **state)
{
    struct sk_sample value = {.point = 1, .kind = SK_KIND_NUMBER, .number = 1},
                     same = {.point = 1, .kind = SK_KIND_NUMBER, .number = 1, .flags = SK_SAMPLE_REFRESH},
                     text = {.point = 2, .kind = SK_KIND_TEXT};
    const struct sk_batch batches[] = {
        {.samples = &value, .count = 1}, {.samples = &same, .count = 1}, {.samples = &text, .count = 1}};
    struct sk_hold *hold = NULL;
    struct sk_sample out;
    (void)state;
    assert_int_equal(sk_hold_create(3, &hold), SK_OK);
    for (size_t i = 0; i < SK_COUNT(batches); i++)
        sk_hold_put(hold, &batches[i]);
    assert_int_equal(sk_hold_peek(hold, &out, 1), 1);
    assert_int_equal(out.flags, 0);
    sk_hold_drop(hold, &out, 1);
    sk_hold_put(hold, &batches[1]); /* nothing was given up since: a refresh is one */
    assert_int_equal(sk_hold_peek(hold, &out, 1), 1);
    assert_int_equal(out.flags, SK_SAMPLE_REFRESH);
    for (int i = 0; i < 2; i++) {
        struct sk_sample again = {.point = 2, .kind = SK_KIND_TEXT, .flags = SK_SAMPLE_REFRESH};
        sk_hold_settle(hold, &again);
        assert_int_equal(again.flags, i == 0 ? 0 : SK_SAMPLE_REFRESH);
    }
    sk_hold_free(hold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_however_they_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(longest_line, setup, teardown),
        cmocka_unit_test_setup_teardown(freed_inside_its_own_line, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_too_far_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(lifted_ceiling_takes_a_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(endless_writer_shares_the_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_sources_are_never_called, setup, teardown),
        cmocka_unit_test(hold_keeps_the_newest),
        cmocka_unit_test(hold_keeps_what_is_new_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
