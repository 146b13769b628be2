/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots in slices: a reader that joins a large site while its points change ends up with the last value of each, whatever
 * it reads and when; memory stays bounded; nobody else waits; who does not read is dropped. */
#include <sys/socket.h>
#include <unistd.h>

#include "collector/feed.h"
#include "schemas/base/json.h"
#include "tests/unit/shell_kit.h"

enum { POINTS = 12000, READ_MAX = 300000, QUEUE_MAX = 400 << 10 };

static struct shell shell;
static struct sk_point *points;
static struct sk_loop *loop;
static struct sk_feed *feed;

struct client {
    struct sk_line *line;
    int fd;
    char text[READ_MAX + 1];
    size_t length;
    double value[POINTS];
    unsigned begins, ends, records, heartbeats, point_lines;
    char record[24];
    bool closed;
};
static struct client clients[2];

static void on_line(void *context, char *text, size_t length)
{
    (void)context;
    (void)text;
    (void)length;
}

static void on_close(void *context, const char *why)
{
    struct client *client = context;
    (void)why;
    client->closed = true;
    sk_feed_leave(feed, client->line);
    sk_line_free(client->line);
}

static int setup(void **state)
{
    static char ids[POINTS][24];
    support_setup(state);
    shell_setup(&shell);
    points = calloc(POINTS, sizeof *points);
    for (uint32_t i = 0; i < POINTS; i++) {
        snprintf(ids[i], sizeof ids[i], "dev/p%u", i);
        points[i] = shell.kit.points[0];
        points[i].id = ids[i];
        points[i].name = ids[i] + 4;
    }
    shell.kit.site.title_ja = shell.kit.site.title_en = "kit";
    shell.kit.site.zone_name = "UTC";
    shell.kit.site.points = points;
    shell.kit.site.point_count = POINTS;
    kit_start(&shell.kit);
    memset(clients, 0, sizeof clients);
    assert_int_equal(sk_loop_create(&loop), SK_OK);
    assert_int_equal(sk_feed_create(&shell.kit.site, shell.kit.engine, sk_recorder_store(shell.recorder), &feed), SK_OK);
    return 0;
}

static int teardown(void **state)
{
    sk_feed_free(feed);
    sk_loop_free(loop);
    for (size_t i = 0; i < SK_COUNT(clients); i++)
        if (clients[i].line != NULL)
            close(clients[i].fd);
    kit_stop(&shell.kit);
    sk_recorder_close(shell.recorder);
    free(points);
    return support_teardown(state);
}

static void join(struct client *client)
{
    static const struct sk_line_events events = {.on_line = on_line, .on_close = on_close};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(sk_line_create(loop, pair[0], &events, client, &client->line), SK_OK);
    client->fd = pair[1];
    assert_int_equal(sk_feed_join(feed, client->line, true), SK_OK);
}

static void take_line(struct client *client, const char *text)
{
    cJSON *line = cJSON_Parse(text);
    const char *type = sk_json_text(sk_json_get(line, "type")), *id = sk_json_text(sk_json_get(line, "id"));
    assert_non_null(type);
    if (strcmp(type, "point") == 0) {
        client->point_lines++;
        client->value[atoi(id + 5)] = cJSON_IsNumber(sk_json_get(line, "value")) ? sk_json_get(line, "value")->valuedouble : 0;
    }
    client->begins += strcmp(type, "snapshot_begin") == 0;
    client->heartbeats += strcmp(type, "heartbeat") == 0;
    if (strcmp(type, "record") == 0) {
        assert_int_equal(client->ends, 1); /* none before the end: its number counts them */
        client->records++;
    }
    if (strcmp(type, "snapshot_end") == 0) {
        client->ends++;
        sk_text_copy(client->record, sizeof client->record, sk_json_text(sk_json_get(line, "record")));
    }
    cJSON_Delete(line);
}

/* Reads at most `most` bytes and takes the whole lines. */
static void take(struct client *client, size_t most)
{
    const size_t room = READ_MAX - client->length;
    const ssize_t got = recv(client->fd, client->text + client->length, most < room ? most : room, MSG_DONTWAIT);
    client->length += got > 0 ? (size_t)got : 0;
    char *start = client->text, *end;
    while ((end = memchr(start, '\n', client->length - (size_t)(start - client->text))) != NULL) {
        *end = '\0';
        take_line(client, start);
        start = end + 1;
    }
    client->length -= (size_t)(start - client->text);
    memmove(client->text, start, client->length);
}

static void change(uint32_t point, double value, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    struct sk_sample sample = kit_sample(&shell.kit, 0, value, SK_Q_GOOD, ms);
    sample.point = point;
    sk_effects_clear(shell.kit.effects);
    assert_int_equal(sk_engine_samples(shell.kit.engine, &sample, 1, NULL, 0, &now, shell.kit.effects), SK_OK);
    sk_feed_point(feed, point);
}

static int64_t tend(int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    const int64_t next = sk_feed_tend(feed, &now, true);
    sk_loop_turn(loop, 0);
    return next;
}

static uint32_t random_of(uint32_t most)
{
    static uint32_t state = 12345;
    state = state * 1664525 + 1013904223;
    return (state >> 8) % most;
}

/* Points change everywhere, those told and those not, while the reader takes now little, now much. */
static void a_reader_that_joins_in_mid_change_sees_the_last_value_of_each(void **state)
{
    struct client *client = &clients[0];
    int64_t ms = 10000;
    unsigned turns = 0;
    (void)state;
    join(client);
    for (; client->ends == 0 && turns < 20000; turns++, ms += 3) {
        for (unsigned i = 0; i < 20; i++)
            change(random_of(POINTS), random_of(1000000), ms);
        tend(ms);
        take(client, random_of(60000));
        assert_true(sk_line_queued(client->line) < QUEUE_MAX);
    }
    assert_int_equal(client->ends, 1);
    assert_true(turns > POINTS / 1000); /* it came in slices */
    for (int i = 0; i < 200; i++, ms += 100) {
        tend(ms);
        take(client, READ_MAX);
    }
    for (uint32_t i = 0; i < POINTS; i++)
        if (client->value[i] != sk_engine_point(shell.kit.engine, i)->sample.number)
            fail_msg("point %u: %g is shown, %g is true", i, client->value[i],
                     sk_engine_point(shell.kit.engine, i)->sample.number);
    assert_int_equal(client->begins, 1);
    assert_int_equal(client->ends, 1);
}

static void nobody_else_waits_for_a_snapshot(void **state)
{
    int64_t ms = 10000;
    (void)state;
    join(&clients[0]);
    for (int i = 0; i < 200 && clients[0].ends == 0; i++, ms += 20) {
        tend(ms);
        take(&clients[0], READ_MAX);
    }
    assert_int_equal(clients[0].ends, 1);
    join(&clients[1]);
    clients[0].point_lines = 0;
    change(7, 4711, ms);
    assert_true(tend(ms) <= kit_now(ms).mono_us); /* there is more: the loop comes back at once, after its other work */
    take(&clients[0], READ_MAX);
    take(&clients[1], READ_MAX);
    assert_int_equal(clients[0].point_lines, 1);
    assert_true(clients[0].value[7] == 4711);
    assert_true(clients[1].point_lines <= 1001 && clients[1].point_lines > 0); /* one slice in one turn */
}

static void a_reader_that_takes_nothing_is_dropped(void **state)
{
    int64_t ms = 10000;
    (void)state;
    join(&clients[0]);
    for (; ms < 39000; ms += 500) {
        tend(ms);
        assert_true(sk_line_queued(clients[0].line) < QUEUE_MAX);
        assert_false(clients[0].closed);
    }
    for (; ms < 43000; ms += 500)
        tend(ms);
    tend(ms);
    assert_true(clients[0].closed);
}

static bool show(void *context, const struct sk_record *record)
{
    sk_feed_record(context, record);
    return true;
}

static void show_record(uint64_t seq)
{
    assert_int_equal(sk_store_record(sk_recorder_store(shell.recorder), seq, show, feed), SK_OK);
}

static void records_of_the_meantime_are_in_the_number_at_the_end(void **state)
{
    char newest[24];
    int64_t ms = 10000;
    (void)state;
    join(&clients[0]);
    tend(ms);
    take(&clients[0], READ_MAX);
    assert_int_equal(clients[0].ends, 0);
    const uint64_t before = sk_store_size(sk_recorder_store(shell.recorder));
    shell_effect_record(&shell, SK_EV_SYS_START);
    assert_int_equal(shell_commit(&shell, ms), SK_OK);
    show_record(before);
    for (int i = 0; i < 200 && clients[0].ends == 0; i++, ms += 20) {
        tend(ms);
        take(&clients[0], READ_MAX);
    }
    sk_text_format(newest, sizeof newest, "%llu", (unsigned long long)before);
    assert_string_equal(clients[0].record, newest);
    assert_int_equal(clients[0].records, 0);
    show_record(before);
    tend(ms);
    take(&clients[0], READ_MAX);
    assert_int_equal(clients[0].records, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_that_joins_in_mid_change_sees_the_last_value_of_each, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_waits_for_a_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_that_takes_nothing_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(records_of_the_meantime_are_in_the_number_at_the_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
