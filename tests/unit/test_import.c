/* SPDX-License-Identifier: Apache-2.0 */
/* Imports when the machine fails them: for every n the n-th write, sync or allocation fails, or the log refuses one row. After
 * each the file is stored whole and said to be, or nothing of it is anywhere: log, vault, memory; and the same file imported
 * again is taken. */
#include "tests/unit/fault_vfs.h"
#include "tests/unit/shell_kit.h"

#include "collector/commands.h"
#include "schemas/base/mem.h"

enum { CONSOLE = 1000, ROWS = 6 };
static struct shell shell;
static struct sk_command_floor floor_;
static const uint8_t site_key[32] = {1};
static struct sk_zone *zone;

static int group_setup(void **state)
{
    (void)state;
    return front_register() ? 0 : -1;
}

static int setup(void **state)
{
    struct sk_fault fault = {0};
    if (support_setup(state) != 0)
        return -1;
    shell_setup(&shell);
    kit_start(&shell.kit);
    assert_int_equal(sk_zone_load("Asia/Tokyo", &zone, &fault), SK_OK);
    sk_engine_set_zone(shell.kit.engine, zone);
    floor_ = (struct sk_command_floor){.site = &shell.kit.site,
                                       .engine = shell.kit.engine,
                                       .recorder = shell.recorder,
                                       .zone = zone,
                                       .site_key = site_key,
                                       .console_uid = CONSOLE};
    return sk_vault_open(support_directory, &floor_.vault, &fault) == SK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    plan.armed = false;
    sk_vault_close(floor_.vault);
    kit_stop(&shell.kit);
    sk_recorder_close(shell.recorder);
    sk_zone_free(zone);
    return support_teardown(state);
}

/* --- asking --- */

static enum sk_err run(const char *line, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    struct sk_answer answer;
    sk_command_run(&floor_, line, strlen(line), CONSOLE, &now, &answer);
    const enum sk_err err = answer.err;
    sk_answer_release(&answer);
    return err;
}

/* What the turn's end does; a log that cannot be written is tried again after a second. */
static void settle(int64_t ms)
{
    for (int i = 0; i < 4; i++)
        (void)shell_commit(&shell, ms + 2000 * i);
    assert_true(sk_recorder_writable(shell.recorder));
}

static bool count_class(void *context, const struct sk_record *record)
{
    if (record->header.class_ == SK_CLASS_ROSTER)
        ++*(unsigned *)context;
    return true;
}

static unsigned recorded(void)
{
    unsigned count = 0;
    const struct sk_walk walk = {.limit = 1000000, .door = -1};
    assert_int_equal(sk_store_walk(sk_recorder_store(shell.recorder), &walk, count_class, &count), SK_OK);
    return count;
}

/* --- the two imports --- */

static size_t entries(void)
{
    size_t count = 0, cursor = 0;
    while (sk_registers_next(sk_engine_registers(shell.kit.engine), SK_REGISTER_KEY, &cursor) != NULL)
        count++;
    return count;
}

static size_t kept_names(void)
{
    size_t count = 0;
    char id[SK_ENTRY_ID_MAX];
    struct sk_register_personal personal;
    for (unsigned i = 1; i <= 4000; i++) {
        snprintf(id, sizeof id, "ky-%u", i);
        count += sk_vault_register_get(floor_.vault, id, 1, &personal) == SK_OK;
    }
    return count;
}

static size_t people(void)
{
    return sk_roster_count(sk_engine_roster(shell.kit.engine), SK_EV_PERSON_CREATED);
}

static size_t kept_labels(void)
{
    size_t count = 0;
    char id[SK_ENTITY_MAX], printed[SK_LABEL_MAX];
    struct sk_person_label label;
    for (unsigned i = 1; i <= 400; i++) {
        snprintf(id, sizeof id, "p-%u", i);
        count += sk_vault_person_get(floor_.vault, id, UINT64_MAX, &label) == SK_OK;
        snprintf(id, sizeof id, "c-%u", i);
        count += sk_vault_card_get(floor_.vault, id, printed) == SK_OK;
    }
    return count;
}

static const char *key_file(unsigned number)
{
    static char line[4096];
    size_t used = (size_t)snprintf(line, sizeof line,
                                   "{\"cmd\":\"register.import\",\"args\":{\"register\":\"key\",\"csv\":\"key,holder_name,"
                                   "purpose,until\\n");
    for (int i = 0; i < ROWS; i++)
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "K-%u-%d,Name %d,rounds,2026-12-01T00:00:00Z\\n", number, i, i);
    snprintf(line + used, sizeof line - used, "\"}}");
    return line;
}

static const char *people_file(unsigned number)
{
    static char line[4096];
    size_t used = (size_t)snprintf(
        line, sizeof line,
        "{\"cmd\":\"roster.import\",\"args\":{\"approver\":\"boss\",\"office\":\"chief\",\"reason\":\"joins\",\"csv\":"
        "\"ref,name,kind,until,card,printed,zones\\n");
    for (int i = 0; i < ROWS; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "E%u-%d,Name %d,staff,2099-12-31,%08x,N%d,server\\n", number,
                                 i, i, number * 16 + (unsigned)i, i);
    snprintf(line + used, sizeof line - used, "\"}}");
    return line;
}

static const struct import_case {
    const char *name;
    const char *(*file)(unsigned number);
    size_t (*held)(void), (*kept)(void);
    size_t kept_per_row;
    unsigned records_per_row;
} imports[] = {{"register", key_file, entries, kept_names, 1, 1}, {"roster", people_file, people, kept_labels, 2, 3}};

struct standing {
    size_t held, kept;
    unsigned recorded;
    char entry[SK_ENTRY_ID_MAX], person[SK_ENTITY_MAX], card[SK_ENTITY_MAX]; /* ids that come next */
};

static struct standing stand(const struct import_case *import)
{
    struct standing standing = {.held = import->held(), .kept = import->kept(), .recorded = recorded()};
    sk_registers_next_id(sk_engine_registers(shell.kit.engine), SK_REGISTER_KEY, standing.entry);
    sk_roster_next_id(sk_engine_roster(shell.kit.engine), 'p', standing.person);
    sk_roster_next_id(sk_engine_roster(shell.kit.engine), 'c', standing.card);
    return standing;
}

static void whole_or_nothing(const struct import_case *import, enum sk_err err, const struct standing *before, const char *what,
                             unsigned long n)
{
    const struct standing after = stand(import);
    const size_t rows = err == SK_OK ? ROWS : 0;
    if (after.held != before->held + rows || after.kept != before->kept + rows * import->kept_per_row ||
        after.recorded != before->recorded + rows * import->records_per_row)
        fail_msg("%s, %s %lu: error %d, held %zu to %zu, vault %zu to %zu, log %u to %u", import->name, what, n, (int)err,
                 before->held, after.held, before->kept, after.kept, before->recorded, after.recorded);
    if (err == SK_OK)
        return;
    assert_string_equal(after.entry, before->entry);
    assert_string_equal(after.person, before->person);
    assert_string_equal(after.card, before->card);
}

/* The first import puts zones and calendars of the site into the roster; it is no part of what fails. */
static void begin(const struct import_case *import)
{
    assert_int_equal(run("{\"cmd\":\"account.create\",\"args\":{\"account\":\"boss\",\"roles\":[\"approver\"]}}", 1), SK_OK);
    assert_int_equal(run(import->file(0), 1), SK_OK);
    settle(2);
}

typedef void arm_fault(unsigned long n);
typedef bool ended(void); /* did nothing fail any more? */

static void arm_write(unsigned long n)
{
    arm(CALL_WRITE, n, true, SQLITE_IOERR_WRITE);
}
static void arm_full(unsigned long n)
{
    arm(CALL_WRITE, n, true, SQLITE_FULL);
}
static void arm_sync(unsigned long n)
{
    arm(CALL_SYNC, n, true, 0);
}
static bool disk_ended(void)
{
    const bool none = plan.failed == 0;
    plan.armed = false;
    return none;
}
static void arm_memory(unsigned long n)
{
    sk_mem_fail_at(n + 1);
}
static unsigned long memory_armed;
static bool memory_ended(void)
{
    return sk_mem_fail_at(0) <= memory_armed;
}

static void every_n(const struct import_case *import, const char *what, arm_fault *arm_it, ended *is_over, unsigned long step)
{
    unsigned refused = 0;
    begin(import);
    for (unsigned long n = 0;; n += step) {
        const int64_t ms = (int64_t)(n + 1) * 100000;
        const struct standing before = stand(import);
        const char *line = import->file((unsigned)(n + 1));
        memory_armed = n;
        arm_it(n);
        const enum sk_err err = run(line, ms);
        const bool over = is_over();
        settle(ms + 1);
        whole_or_nothing(import, err, &before, what, n);
        refused += err != SK_OK;
        if (over)
            break;
        if (err != SK_OK && run(line, ms + 50000) != SK_OK)
            fail_msg("%s, %s %lu: the same file is not taken afterwards", import->name, what, n);
        settle(ms + 60000);
    }
    assert_true(refused > 1); /* vault and log at least */
}

static void failing_machine(void **state)
{
    static const struct {
        const char *name;
        arm_fault *arm_it;
        ended *is_over;
        unsigned long step;
    } faults[] = {{"write", arm_write, disk_ended, 1},
                  {"disk full at write", arm_full, disk_ended, 1},
                  {"sync", arm_sync, disk_ended, 1},
                  {"allocation", arm_memory, memory_ended, 5}};
    for (size_t i = 0; i < SK_COUNT(imports); i++)
        for (size_t k = 0; k < SK_COUNT(faults); k++) {
            every_n(&imports[i], faults[k].name, faults[k].arm_it, faults[k].is_over, faults[k].step);
            teardown(state);
            setup(state);
        }
}

/* A row that the log refuses for good: something stands where it would stand. */
static void a_refused_row_refuses_the_file(void **state)
{
    static const char *const in_the_way[] = {
        "INSERT INTO register_entry (register, number, state, final, opened_us, changed_us, steps, seq) "
        "SELECT 12, MAX(number) + 4, 27, 0, 1, 1, 1, 1 FROM register_entry WHERE register = 12",
        "INSERT INTO roster_change (version, seq, ev, entity, person, body) "
        "SELECT MAX(version) + 8, MIN(seq) + 100000, ev, 'x', NULL, x'00' FROM roster_change"};
    for (size_t i = 0; i < SK_COUNT(imports); i++) {
        sqlite3 *db = NULL;
        begin(&imports[i]);
        assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
        char *error = NULL;
        if (sqlite3_exec(db, in_the_way[i], NULL, NULL, &error) != SQLITE_OK)
            fail_msg("%s", error);
        sqlite3_close(db);
        const struct standing before = stand(&imports[i]);
        const enum sk_err err = run(imports[i].file(7), 1000);
        settle(1001);
        assert_int_not_equal(err, SK_OK);
        whole_or_nothing(&imports[i], err, &before, "row refused", 0);
        assert_int_equal(sk_recorder_given_up(shell.recorder), 0);
        teardown(state);
        setup(state);
    }
}

/* Acts of which somebody was told that they stand outlive a flood of records while the log cannot be written. */
static void an_act_that_waits_is_not_given_up(void **state)
{
    (void)state;
    begin(&imports[0]);
    const unsigned before = recorded();
    assert_int_equal(run("{\"cmd\":\"register.act\",\"args\":{\"register\":\"key\",\"fields\":{\"key\":\"K\",\"holder_name\":"
                         "\"N\",\"purpose\":\"p\",\"until\":\"2026-12-01T00:00:00Z\"}}}",
                         1000),
                     SK_OK);
    shell_disk(false);
    assert_int_not_equal(shell_commit(&shell, 1001), SK_OK);
    for (int i = 0; i < 6000; i++)
        shell_effect_record(&shell, SK_EV_SYS_POLLER);
    assert_int_not_equal(shell_commit(&shell, 1500), SK_OK);
    shell_disk(true);
    settle(10000);
    assert_int_equal(recorded(), before + 1);
}

int main(void)
{
    sk_log_init("test", (enum sk_log_level)0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(failing_machine, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_row_refuses_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(an_act_that_waits_is_not_given_up, setup, teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
