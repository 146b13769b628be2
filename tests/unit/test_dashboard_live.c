/* SPDX-License-Identifier: Apache-2.0 */
/* The live ring without a server: resumption from the ring and from the store, holes, gaps, laggards, roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dashboard-api/live.h"
#include "schemas/model/vocab.h"

static enum sk_err store_says;
static int wakes;

/* A store that holds every record; gives at most three at a time. */
static enum sk_err replay(void *context, uint16_t mask, uint64_t *next, uint64_t last, struct sk_out *out)
{
    (void)context;
    (void)mask;
    for (int i = 0; i < 3 && *next <= last && store_says == SK_OK; i++)
        sk_live_frame(out, "entry", true, (*next)++, "{}");
    return store_says;
}

static void wake(void *context)
{
    (void)context;
    wakes++;
}

static void describe(void *context, struct sk_out *out)
{
    (void)context;
    sk_out_put(out, "{}");
}

static struct sk_live *make(void)
{
    struct sk_live_config config = {.replay = replay, .wake = wake, .describe = describe};
    struct sk_live *live;
    store_says = SK_OK;
    assert_int_equal(sk_live_create(&config, &live), SK_OK);
    return live;
}

static struct sk_http_source open_as(struct sk_live *live, enum sk_role role, bool resume, uint64_t after)
{
    struct sk_identity who = {.roles = (uint16_t)(1u << role), .account = "a"};
    who.mark.bytes[0] = (uint8_t)role;
    struct sk_http_source source;
    assert_int_equal(sk_live_open(live, &who, resume, after, &source), SK_OK);
    return source;
}

static void entries(struct sk_live *live, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        sk_live_publish(live, SK_LIVE_ENTRY, "entry", seq, "{}");
}

/* Everything that can be read now, seven bytes at a time, shortened to ids and names: "snapshot 3 4 gap .". '.': ended. */
static void drain(struct sk_http_source *source, char *to)
{
    static char text[1 << 16];
    size_t length = 0;
    ssize_t got;
    while ((got = source->pull(source->context, text + length, 7)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    to[0] = '\0';
    for (char *at = text, *end; *at; at = end + 2) {
        char id[32] = "", event[32] = "";
        end = strstr(at, "\n\n");
        assert_non_null(end);
        for (char *line = at; line < end; line += strcspn(line, "\n") + 1) {
            sscanf(line, "id: %31s", id);
            sscanf(line, "event: %31s", event);
        }
        sprintf(to + strlen(to), "%s ", id[0] ? id : event);
    }
    if (got < 0)
        strcat(to, ".");
}

#define EXPECT(source, wanted)                                                                                                 \
    do {                                                                                                                       \
        char got[4096];                                                                                                        \
        drain(&(source), got);                                                                                                 \
        assert_string_equal(got, wanted);                                                                                      \
    } while (0)

static void test_live_and_resume(void **state)
{
    (void)state;
    struct sk_live *live = make();
    sk_live_sync(live, false, 0);
    entries(live, 0, 4);
    struct sk_http_source fresh = open_as(live, SK_ROLE_OPERATOR, false, 0);
    EXPECT(fresh, "snapshot ");
    struct sk_http_source resumed = open_as(live, SK_ROLE_OPERATOR, true, 2);
    EXPECT(resumed, "snapshot 3 4 ");
    struct sk_http_source ahead = open_as(live, SK_ROLE_OPERATOR, true, 99);
    EXPECT(ahead, "snapshot ");
    sk_live_publish(live, SK_LIVE_POINT, "point", 0, "{}");
    entries(live, 5, 5);
    EXPECT(fresh, "point 5 ");
    EXPECT(resumed, "point 5 ");
    EXPECT(ahead, "point 5 ");
    fresh.gone(fresh.context);
    resumed.gone(resumed.context);
    ahead.gone(ahead.context);
    assert_int_equal(sk_live_count(live), 0);
    sk_live_free(live);
}

static void test_old_states_are_not_replayed(void **state)
{
    (void)state;
    struct sk_live *live = make();
    sk_live_sync(live, false, 0);
    entries(live, 0, 0);
    sk_live_publish(live, SK_LIVE_POINT, "point", 0, "{}");
    sk_live_publish(live, SK_LIVE_ALARM, "alarm", 0, "{}");
    entries(live, 1, 1);
    struct sk_http_source source = open_as(live, SK_ROLE_OPERATOR, true, 0);
    EXPECT(source, "snapshot 1 ");
    source.gone(source.context);
    sk_live_free(live);
}

/* Frames that came together wake once and leave in one piece; held frames wake nobody. */
static void test_together(void **state)
{
    (void)state;
    char piece[512];
    struct sk_live *live = make();
    sk_live_sync(live, false, 0);
    struct sk_http_source source = open_as(live, SK_ROLE_OPERATOR, false, 0);
    while (source.pull(source.context, piece, sizeof piece) > 0) {
    }
    wakes = 0;
    sk_live_hold(live, true);
    entries(live, 0, 0);
    sk_live_publish(live, SK_LIVE_ALARM, "alarm", 0, "{}");
    assert_int_equal(wakes, 0);
    sk_live_hold(live, false);
    assert_int_equal(wakes, 1);
    const ssize_t length = source.pull(source.context, piece, sizeof piece - 1);
    assert_true(length > 0);
    piece[length] = '\0';
    assert_non_null(strstr(piece, "event: entry"));
    assert_non_null(strstr(piece, "event: alarm"));
    assert_int_equal(source.pull(source.context, piece, sizeof piece), 0);
    sk_live_hold(live, true);
    sk_live_hold(live, false);
    assert_int_equal(wakes, 1);
    source.gone(source.context);
    sk_live_free(live);
}

static void test_from_the_store(void **state)
{
    (void)state;
    struct sk_live *live = make();
    sk_live_sync(live, true, 9); /* 0..9 were before us */
    entries(live, 10, 11);
    struct sk_http_source source = open_as(live, SK_ROLE_OPERATOR, true, 4);
    EXPECT(source, "snapshot 5 6 7 8 9 10 11 ");
    store_says = SK_ERR_VERSION;
    struct sk_http_source blind = open_as(live, SK_ROLE_OPERATOR, true, 4);
    EXPECT(blind, "snapshot gap 10 11 ");
    source.gone(source.context);
    blind.gone(blind.context);
    sk_live_free(live);
}

static void test_hole_of_the_feed(void **state)
{
    (void)state;
    struct sk_live *live = make();
    sk_live_sync(live, true, 1);
    struct sk_http_source source = open_as(live, SK_ROLE_OPERATOR, false, 0);
    entries(live, 2, 2);
    sk_live_sync(live, true, 6); /* 3..6 were committed while the feed was gone */
    entries(live, 7, 7);
    EXPECT(source, "snapshot 2 3 4 5 6 7 ");
    struct sk_http_source inside = open_as(live, SK_ROLE_OPERATOR, true, 4);
    EXPECT(inside, "snapshot 5 6 7 ");
    sk_live_sync(live, true, 3); /* another log: everybody begins anew */
    EXPECT(source, ".");
    source.gone(source.context);
    inside.gone(inside.context);
    sk_live_free(live);
}

static void test_laggard_is_ended(void **state)
{
    (void)state;
    struct sk_live *live = make();
    sk_live_sync(live, false, 0);
    struct sk_http_source slow = open_as(live, SK_ROLE_OPERATOR, false, 0);
    entries(live, 0, SK_LIVE_FRAMES + 5);
    EXPECT(slow, "snapshot .");
    struct sk_http_source again = open_as(live, SK_ROLE_OPERATOR, true, 2);
    char got[8];
    assert_true(again.pull(again.context, got, sizeof got) > 0);
    slow.gone(slow.context);
    again.gone(again.context);
    sk_live_free(live);
}

static void test_roles_and_end(void **state)
{
    (void)state;
    struct sk_live *live = make();
    sk_live_sync(live, false, 0);
    struct sk_http_source viewer = open_as(live, SK_ROLE_VIEWER, false, 0);
    struct sk_http_source approver = open_as(live, SK_ROLE_APPROVER, false, 0);
    struct sk_http_source auditor = open_as(live, SK_ROLE_AUDITOR, false, 0);
    entries(live, 0, 0);
    sk_live_publish(live, SK_LIVE_RECORD, "record", 1, "{}");
    sk_live_publish(live, SK_LIVE_POINT, "point", 0, "{}");
    sk_live_publish(live, SK_LIVE_ALARM, "alarm", 0, "{}");
    EXPECT(viewer, "snapshot point alarm ");
    EXPECT(approver, "snapshot 0 ");
    EXPECT(auditor, "snapshot 0 1 point alarm ");
    struct sk_hash mark = {{SK_ROLE_APPROVER}};
    int before = wakes;
    sk_live_end(live, &mark);
    assert_true(wakes > before);
    EXPECT(approver, ".");
    EXPECT(auditor, "");
    viewer.gone(viewer.context);
    approver.gone(approver.context);
    auditor.gone(auditor.context);
    sk_live_free(live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live_and_resume),  cmocka_unit_test(test_old_states_are_not_replayed),
        cmocka_unit_test(test_together),         cmocka_unit_test(test_from_the_store),
        cmocka_unit_test(test_hole_of_the_feed), cmocka_unit_test(test_laggard_is_ended),
        cmocka_unit_test(test_roles_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
