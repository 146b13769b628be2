/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations: all or none, a copy first, nothing from the future, nothing foreign; readers name both versions. */
#include "tests/unit/store_support.h"

#include <sqlite3.h>

#include "schemas/store/db.h"

static const struct sk_migration steps[] = {
    {1, "0001-a.sql",
     "PRAGMA application_id = 7; CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (42); PRAGMA user_version = 1;"},
    {2, "0002-b.sql", "ALTER TABLE a ADD COLUMN y TEXT; PRAGMA user_version = 2;"},
    {3, "0003-bad.sql", "CREATE TABLE c (x INTEGER) STRICT; SELECT nonsense; PRAGMA user_version = 3;"},
    {4, "0004-forgetful.sql", "CREATE TABLE d (x INTEGER) STRICT;"},
};

static struct sk_schema schema_of(size_t count)
{
    return (struct sk_schema){"x.db", 7, 0600, false, steps, count, false};
}

static enum sk_err open_close(const struct sk_schema *schema, enum sk_store_mode mode, struct sk_fault *fault)
{
    sqlite3 *db;
    enum sk_err err = sk_db_open(support_directory, schema, mode, &db, fault);
    sk_db_close(db);
    return err;
}

static int64_t ask(const char *file, const char *sql)
{
    sqlite3 *db;
    int64_t value = -1;
    assert_int_equal(sqlite3_open_v2(support_path(file), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    const enum sk_err err = sk_db_integer(db, sql, &value);
    sqlite3_close(db);
    return err == SK_OK ? value : -1;
}

static void steps_and_copy(void **state)
{
    (void)state;
    struct sk_fault fault = {0};
    struct sk_schema one = schema_of(1), two = schema_of(2);
    struct stat status;
    assert_int_equal(sk_directory_make(support_directory, &fault), SK_OK);
    assert_int_equal(open_close(&one, SK_STORE_WRITER, &fault), SK_OK);
    assert_int_not_equal(stat(support_path("x.db.before-v1"), &status), 0); /* nothing to copy of a new file */
    assert_int_equal(open_close(&two, SK_STORE_READER, &fault), SK_ERR_VERSION);
    assert_non_null(strstr(fault.text, "version 1"));
    assert_non_null(strstr(fault.text, "reads version 2"));
    assert_int_equal(open_close(&two, SK_STORE_WRITER, &fault), SK_OK);
    assert_int_equal(ask("x.db", "PRAGMA user_version"), 2);
    assert_int_equal(ask("x.db", "SELECT x FROM a WHERE y IS NULL"), 42);
    assert_int_equal(ask("x.db.before-v2", "PRAGMA user_version"), 1);
    assert_int_equal(ask("x.db.before-v2", "SELECT x FROM a"), 42);
    assert_int_equal(stat(support_path("x.db.before-v2"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(open_close(&two, SK_STORE_READER, &fault), SK_OK);
    assert_int_equal(open_close(&one, SK_STORE_WRITER, &fault), SK_ERR_VERSION); /* from the future */
    assert_int_equal(open_close(&one, SK_STORE_READER, &fault), SK_ERR_VERSION);
}

static void a_failed_step_changes_nothing(void **state)
{
    (void)state;
    struct sk_fault fault = {0};
    struct sk_schema one = schema_of(1), three = schema_of(3);
    assert_int_equal(sk_directory_make(support_directory, &fault), SK_OK);
    assert_int_equal(open_close(&one, SK_STORE_WRITER, &fault), SK_OK);
    assert_int_not_equal(open_close(&three, SK_STORE_WRITER, &fault), SK_OK);
    assert_non_null(strstr(fault.text, "0003-bad.sql"));
    assert_int_equal(ask("x.db", "PRAGMA user_version"), 1);
    assert_int_equal(ask("x.db", "SELECT count(*) FROM sqlite_schema WHERE name = 'c'"), 0);
    assert_int_equal(ask("x.db", "SELECT count(*) FROM pragma_table_info('a')"), 1);
}

static void a_step_must_set_its_version(void **state)
{
    (void)state;
    struct sk_fault fault = {0};
    const struct sk_schema forgetful = {"x.db", 7, 0600, false, steps + 3, 1, false};
    assert_int_equal(sk_directory_make(support_directory, &fault), SK_OK);
    assert_int_equal(open_close(&forgetful, SK_STORE_WRITER, &fault), SK_ERR_INVALID);
}

static void foreign_files(void **state)
{
    (void)state;
    struct sk_fault fault = {0};
    struct sk_schema one = schema_of(1), other = schema_of(1);
    other.application_id = 8;
    assert_int_equal(sk_directory_make(support_directory, &fault), SK_OK);
    assert_int_equal(open_close(&one, SK_STORE_WRITER, &fault), SK_OK);
    assert_int_equal(open_close(&other, SK_STORE_WRITER, &fault), SK_ERR_CORRUPT);
    assert_int_equal(open_close(&other, SK_STORE_READER, &fault), SK_ERR_CORRUPT);
    unlink(support_path("x.db-wal")); /* kept at close, and would repair the file */
    unlink(support_path("x.db-shm"));
    FILE *file = fopen(support_path("x.db"), "wb");
    for (int i = 0; i < 5000; i++)
        fputs("no database ", file);
    fclose(file);
    assert_int_equal(open_close(&one, SK_STORE_WRITER, &fault), SK_ERR_CORRUPT);
}

static void names_with_odd_characters(void **state)
{
    (void)state;
    struct sk_fault fault = {0};
    struct sk_schema one = schema_of(1);
    sqlite3 *db;
    char directory[128];
    snprintf(directory, sizeof directory, "%s 50%%?x#関", support_directory);
    assert_int_equal(sk_directory_make(directory, &fault), SK_OK);
    assert_int_equal(sk_db_open(directory, &one, SK_STORE_WRITER, &db, &fault), SK_OK);
    sk_db_close(db);
    strcat(directory, "/x.db");
    assert_int_equal(access(directory, F_OK), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, support_setup, support_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(steps_and_copy), T(a_failed_step_changes_nothing), T(a_step_must_set_its_version),
        T(foreign_files),  T(names_with_odd_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
