/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and the feed on a real floor: requests to answers, every role against every command, the flood of refusals, secrets
 * that must not leave, and what a feed reader gets. */
#include <sys/socket.h>

#include "collector/feed.h"
#include "tests/unit/floor_kit.h"

enum { CONSOLE = 1000, STRANGER = 1001 };

static int setup(void **state)
{
    return floor_setup(state, CONSOLE);
}

/* Runs, commits, answers; the text is valid until the next call. */
static const char *ask_at(const char *line, uid_t uid, int64_t ms)
{
    static char kept[4096];
    const struct sk_now now = kit_now(ms);
    struct sk_answer answer;
    char *text = NULL;
    size_t length = 0;
    sk_command_run(&floor_, line, strlen(line), uid, &now, &answer);
    const enum sk_err committed = sk_recorder_commit(shell.recorder, &now);
    assert_int_equal(sk_answer_to_line(&floor_, &answer, committed, &text, &length), SK_OK);
    assert_true(length < sizeof kept);
    assert_int_equal(text[length - 1], '\n');
    memcpy(kept, text, length);
    kept[length - 1] = '\0';
    cJSON_free(text);
    return kept;
}

static const char *ask(const char *line)
{
    return ask_at(line, CONSOLE, 1);
}

static void make_account(const char *name, const char *role, char token[SK_SECRET_TEXT])
{
    char line[256];
    snprintf(line, sizeof line, "{\"cmd\":\"account.create\",\"args\":{\"account\":\"%s\",\"roles\":[\"%s\"]}}", name, role);
    assert_non_null(strstr(ask(line), "\"ok\":true"));
    snprintf(line, sizeof line, "{\"cmd\":\"token.create\",\"args\":{\"account\":\"%s\"}}", name);
    const char *found = strstr(ask(line), "skt_");
    assert_non_null(found);
    memcpy(token, found, SK_SECRET_TEXT - 1);
    token[SK_SECRET_TEXT - 1] = '\0';
}

static void requests_and_answers(void **state)
{
    static const struct {
        const char *name, *line, *expected;
        uid_t uid;
    } rows[] = {
        {"status", "{\"id\":7,\"cmd\":\"status\"}", "{\"id\":7,\"ok\":true,\"result\":{\"site\":\"kit\"", CONSOLE},
        {"root is console", "{\"cmd\":\"status\"}", "\"ok\":true", 0},
        {"no JSON", "status", "\"error\":\"parse\"", CONSOLE},
        {"no object", "[1]", "\"ok\":false", CONSOLE},
        {"no command", "{\"id\":1}", "{\"id\":1,\"ok\":false,\"error\":\"unsupported\"", CONSOLE},
        {"unknown command", "{\"cmd\":\"door.open\"}", "\"error\":\"unsupported\"", CONSOLE},
        {"command is a number", "{\"cmd\":4}", "\"error\":\"unsupported\"", CONSOLE},
        {"id that is a text", "{\"id\":\"\\\"x\",\"cmd\":\"status\"}", "{\"ok\":true", CONSOLE},
        {"stranger", "{\"cmd\":\"status\"}", "\"error\":\"unauthenticated\"", STRANGER},
        {"wrong token", "{\"cmd\":\"status\",\"token\":\"skt_0\"}", "\"error\":\"unauthenticated\"", CONSOLE},
        {"account without args", "{\"cmd\":\"account.create\"}", "\"error\":\"parse\"", CONSOLE},
        {"account without roles", "{\"cmd\":\"account.create\",\"args\":{\"account\":\"x\",\"roles\":[]}}",
         "\"error\":\"parse\"", CONSOLE},
        {"unknown role", "{\"cmd\":\"account.create\",\"args\":{\"account\":\"x\",\"roles\":[\"king\"]}}",
         "\"error\":\"parse\"", CONSOLE},
        {"token of nobody", "{\"cmd\":\"token.create\",\"args\":{\"account\":\"x\"}}", "\"error\":\"not_found\"", CONSOLE},
        {"occurrence 0", "{\"cmd\":\"alarm.acknowledge\",\"args\":{\"occurrence\":\"0\"}}", "\"error\":\"parse\"", CONSOLE},
        {"no such alarm", "{\"cmd\":\"alarm.acknowledge\",\"args\":{\"occurrence\":\"12\"}}",
         "\"error\":\"not_found\",\"detail\":\"no open alarm with occurrence 12\"", CONSOLE},
        {"comment missing", "{\"cmd\":\"alarm.comment\",\"args\":{\"occurrence\":\"12\"}}", "\"error\":\"parse\"", CONSOLE},
        {"console opens no session", "{\"cmd\":\"session.open\"}", "\"error\":\"invalid\"", CONSOLE},
        {"account", "{\"cmd\":\"account.create\",\"args\":{\"account\":\"ann\",\"roles\":[\"viewer\"]}}",
         "\"result\":{\"account\":\"ann\",\"person\":\"\"}", CONSOLE},
        {"account of nobody known",
         "{\"cmd\":\"account.create\",\"args\":{\"account\":\"bo\",\"person\":\"p-1\",\"roles\":[\"viewer\"]}}",
         "\"error\":\"not_found\",\"detail\":\"person: no such person on the roster\"", CONSOLE},
        {"account again", "{\"cmd\":\"account.create\",\"args\":{\"account\":\"ann\",\"roles\":[\"viewer\"]}}",
         "\"error\":\"exists\"", CONSOLE},
    };
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        if (strstr(ask_at(rows[i].line, rows[i].uid, 1), rows[i].expected) == NULL)
            fail_msg("row '%s': %s", rows[i].name, ask_at(rows[i].line, rows[i].uid, 1));
}

/* Every role against every command: refused exactly when the one table says so. */
static void roles_against_commands(void **state)
{
    static const struct {
        const char *name, *act;
    } commands[] = {
        {"session.check", "session.check"},         {"account.create", "account.create"}, {"token.create", "token.create"},
        {"alarm.acknowledge", "alarm.acknowledge"}, {"alarm.comment", "alarm.comment"},   {"session.open", "session.open"},
        {"register.act", "register.act"},           {"register.import", "register.act"},  {"register.erase", "register.erase"},
        {"register.list", "read.registers"},        {"register.get", "read.registers"}};
    char token[SK_SECRET_TEXT], line[256], name[32];
    unsigned checked = 0;
    (void)state;
    for (int role = 0; role < 16 && sk_role_name(role) != NULL; role++) {
        snprintf(name, sizeof name, "acct%d", role);
        make_account(name, sk_role_name(role), token);
        for (size_t i = 0; i < SK_COUNT(commands); i++, checked++) {
            snprintf(line, sizeof line, "{\"cmd\":\"%s\",\"token\":\"%s\"}", commands[i].name, token);
            const bool denied = strstr(ask(line), "\"error\":\"denied\"") != NULL;
            if (denied == sk_permission(commands[i].act, (uint16_t)(1u << role)))
                fail_msg("%s as %s: %s", commands[i].name, sk_role_name(role), denied ? "refused" : "allowed");
        }
    }
    assert_true(checked >= 40);
}

struct scan {
    const char *needle;
    unsigned denied, counted;
    bool found;
};

static bool scan_record(void *context, const struct sk_record *record)
{
    struct scan *scan = context;
    const size_t length = scan->needle != NULL ? strlen(scan->needle) : 0;
    scan->denied += record->header.ev == SK_EV_OP_DENIED;
    scan->found = scan->found || (length > 0 && memmem(record->body, record->body_length, scan->needle, length) != NULL);
    return true;
}

static struct scan scan_log(const char *needle)
{
    const struct sk_walk walk = {.limit = 100000, .door = -1};
    struct scan scan = {.needle = needle};
    assert_int_equal(sk_store_walk(sk_recorder_store(shell.recorder), &walk, scan_record, &scan), SK_OK);
    return scan;
}

static void refusals_are_records_but_no_flood(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++)
        ask_at("{\"cmd\":\"status\",\"token\":\"skt_wrong\"}", CONSOLE, 100000 + i);
    assert_int_equal(scan_log(NULL).denied, 60);
    assert_int_equal(floor_.denials_unrecorded, 440);
    ask_at("{\"cmd\":\"status\",\"token\":\"skt_wrong\"}", CONSOLE, 300000);
    assert_int_equal(scan_log(NULL).denied, 61);
    assert_int_equal(floor_.denials_unrecorded, 0);
}

static void secrets_are_in_no_record(void **state)
{
    char token[SK_SECRET_TEXT], line[512];
    (void)state;
    make_account("ann", "operator", token);
    static const char *const commands[] = {"session.open", "session.check", "account.create", "session.close"};
    for (size_t i = 0; i < SK_COUNT(commands); i++) {
        snprintf(line, sizeof line, "{\"cmd\":\"%s\",\"token\":\"%s\",\"reason\":\"because\"}", commands[i], token);
        ask(line);
    }
    assert_false(scan_log(token).found);
    assert_false(scan_log("skt_").found);
    assert_true(scan_log("ann").found); /* the search itself works */
}

/* No room for the record: the act is not done. */
static void no_act_without_room_for_its_record(void **state)
{
    const struct sk_now now = kit_now(0);
    struct sk_draft draft;
    (void)state;
    shell_disk(false);
    sk_draft_init(&draft, SK_EV_SYS_POLLER, &now);
    while (sk_recorder_add(shell.recorder, &draft) == SK_OK) {
    }
    shell_disk(true); /* the vault could write */
    struct sk_answer answer;
    const char *line = "{\"cmd\":\"account.create\",\"args\":{\"account\":\"bob\",\"roles\":[\"viewer\"]}}";
    sk_command_run(&floor_, line, strlen(line), CONSOLE, &now, &answer);
    assert_int_equal(answer.err, SK_ERR_FULL);
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
    assert_non_null(strstr(ask(line), "\"ok\":true")); /* it was not made before */
}

/* Any allocation fails: an answer is an answer or NOMEM, and an account exists exactly when its record does. */
static void failing_allocations(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        const struct sk_now now = kit_now((int64_t)n * 3000);
        char line[160], name[32];
        struct sk_answer answer;
        snprintf(name, sizeof name, "acct-n%lu.", n);
        snprintf(line, sizeof line, "{\"cmd\":\"account.create\",\"args\":{\"account\":\"%s\",\"roles\":[\"viewer\"]}}", name);
        sk_mem_fail_at(n);
        sk_command_run(&floor_, line, strlen(line), CONSOLE, &now, &answer);
        const unsigned long made = sk_mem_fail_at(0);
        const enum sk_err done = answer.err;
        cJSON_Delete(answer.result);
        assert_int_equal(shell_commit(&shell, (int64_t)n * 3000), SK_OK);
        sk_check(scan_log(name).found == (done == SK_OK), name);
        if (done != SK_OK)
            sk_check(strstr(ask_at(line, CONSOLE, (int64_t)n * 3000 + 1), "\"ok\":true") != NULL, name);
        if (made < n)
            return;
    }
}

/* --- the feed --- */

static void nothing_heard(void *context, char *text, size_t length)
{
    (void)context;
    (void)text;
    (void)length;
}

static void nothing_closed(void *context, const char *why)
{
    (void)context;
    fail_msg("the feed closed: %s", why);
}

static unsigned count_lines(int fd, const char *needle)
{
    static char text[1 << 18];
    unsigned count = 0;
    ssize_t got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    text[got > 0 ? got : 0] = '\0';
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at += strlen(needle))
        count++;
    return count;
}

static void feed_readers(void **state)
{
    static const struct sk_line_events events = {.on_line = nothing_heard, .on_close = nothing_closed};
    enum { READERS = 17 };
    struct sk_loop *loop = NULL;
    struct sk_feed *feed = NULL;
    struct sk_line *lines[READERS];
    int pairs[READERS][2];
    (void)state;
    assert_int_equal(sk_loop_create(&loop), SK_OK);
    assert_int_equal(sk_feed_create(&shell.kit.site, shell.kit.engine, sk_recorder_store(shell.recorder), &feed), SK_OK);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        assert_int_equal(sk_line_create(loop, pairs[i][0], &events, NULL, &lines[i]), SK_OK);
        assert_int_equal(sk_feed_join(feed, lines[i], true), i < 16 ? SK_OK : SK_ERR_FULL);
    }
    const struct sk_now joined = kit_now(9000);
    sk_feed_tend(feed, &joined, true);
    assert_int_equal(count_lines(pairs[0][1], "\"type\":\"point\""), KIT_POINTS); /* the whole site */
    assert_int_equal(count_lines(pairs[1][1], "\"type\":\"snapshot_end\""), 1);
    /* one point changes at every 10 ms for 3 s: at most one line per second, and the last change arrives */
    unsigned points = 0;
    for (int64_t ms = 10000; ms < 13000; ms += 10) {
        const struct sk_now now = kit_now(ms);
        sk_feed_point(feed, 1);
        const int64_t next = sk_feed_tend(feed, &now, true);
        assert_true(next > now.mono_us); /* never a deadline in the past: it would spin */
        points += count_lines(pairs[0][1], "\"type\":\"point\"");
    }
    assert_int_equal(points, 3);
    const struct sk_now later = kit_now(20000);
    sk_feed_tend(feed, &later, true);
    assert_int_equal(count_lines(pairs[0][1], "\"type\":\"point\""), 1);
    sk_feed_leave(feed, lines[3]);
    sk_line_free(lines[3]);
    assert_int_equal(sk_feed_join(feed, lines[16], true), SK_OK);
    sk_feed_free(feed);
    sk_loop_free(loop);
    for (int i = 0; i < READERS; i++)
        close(pairs[i][1]);
}

/* An act whose record the log refused for good is not answered as done. */
static void a_lost_record_is_no_success(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum sk_err committed;
        bool durable, ok;
        const char *says;
    } rows[] = {{"committed", SK_OK, true, true, "\"ok\":true"},
                {"disk full", SK_ERR_FULL, true, false, "will be recorded once it can"},
                {"record refused", SK_ANSWERS_LOST, true, false, "refused a record"},
                {"a list is no act", SK_ANSWERS_LOST, false, true, "\"ok\":true"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sk_answer answer = {.durable = rows[i].durable, .fd = -1};
        char *text = NULL;
        size_t length = 0;
        assert_int_equal(sk_answer_to_line(&floor_, &answer, rows[i].committed, &text, &length), SK_OK);
        text[length - 1] = '\0';
        sk_check(strstr(text, rows[i].says) != NULL && (answer.err == SK_OK) == rows[i].ok, rows[i].name);
        cJSON_free(text);
    }
}

int main(void)
{
    sk_log_init("test", SK_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lost_record_is_no_success, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(requests_and_answers, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(roles_against_commands, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(refusals_are_records_but_no_flood, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(secrets_are_in_no_record, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(no_act_without_room_for_its_record, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(failing_allocations, setup, floor_teardown),
        cmocka_unit_test_setup_teardown(feed_readers, setup, floor_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
