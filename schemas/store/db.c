/* SPDX-License-Identifier: Apache-2.0 */
/* Opening SQLite files the way this house does, and one table from its result codes to ours. */
#include "schemas/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sk_schema sk_schema_log(void)
{
    return (struct sk_schema){"log.db", 0x534B4C47, 0640, false, sk_log_migrations, sk_log_migration_count, false};
}

struct sk_schema sk_schema_vault(void)
{
    return (struct sk_schema){"vault.db", 0x534B5654, 0600, true, sk_vault_migrations, sk_vault_migration_count, false};
}

struct sk_schema sk_schema_history(void)
{
    return (struct sk_schema){"history.db", 0x534B4853, 0640, false, sk_history_migrations, sk_history_migration_count, true};
}

enum sk_err sk_db_code(int result)
{
    static const struct {
        int result;
        enum sk_err err;
    } rows[] = {
        {SQLITE_OK, SK_OK},
        {SQLITE_DONE, SK_OK},
        {SQLITE_ROW, SK_OK},
        {SQLITE_NOMEM, SK_ERR_NOMEM},
        {SQLITE_FULL, SK_ERR_FULL},
        {SQLITE_BUSY, SK_ERR_BUSY},
        {SQLITE_LOCKED, SK_ERR_BUSY},
        {SQLITE_CORRUPT, SK_ERR_CORRUPT},
        {SQLITE_NOTADB, SK_ERR_CORRUPT},
        {SQLITE_CONSTRAINT, SK_ERR_CONFLICT},
        {SQLITE_MISMATCH, SK_ERR_CONFLICT},
        {SQLITE_TOOBIG, SK_ERR_TOO_LONG},
        {SQLITE_MISUSE, SK_ERR_INVALID},
        {SQLITE_RANGE, SK_ERR_INVALID},
        {SQLITE_READONLY, SK_ERR_IO},
        {SQLITE_PERM, SK_ERR_DENIED},
        {SQLITE_AUTH, SK_ERR_DENIED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].result == (result & 0xFF))
            return rows[i].err;
    return SK_ERR_IO;
}

enum sk_err sk_db_fault(sqlite3 *db, int result, struct sk_fault *fault, const char *what)
{
    return sk_fault_set(fault, sk_db_code(result), "cannot %s: %s (sqlite %d)", what,
                        db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(result), result);
}

enum sk_err sk_db_run(sqlite3 *db, const char *sql, struct sk_fault *fault)
{
    const int result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? SK_OK : sk_db_fault(db, result, fault, sql);
}

enum sk_err sk_db_integer(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
}

enum sk_err sk_db_statement(sqlite3 *db, sqlite3_stmt **slot, const char *sql)
{
    if (*slot != NULL)
        return SK_OK;
    return sk_db_code(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL));
}

enum sk_err sk_db_do(sqlite3_stmt *statement)
{
    const int result = sqlite3_step(statement);
    sk_db_release(statement);
    return sk_db_code(result);
}

void sk_db_release(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

/* The file is made by us before SQLite sees it: its mode is exact whatever the umask, and SQLite gives -wal and -shm the same.
 */
static enum sk_err file_make(const char *directory, const char *path, mode_t mode, struct sk_fault *fault)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return errno == EEXIST ? SK_OK : sk_fault_set(fault, SK_ERR_IO, "cannot make '%s': %s", path, strerror(errno));
    const int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = fchmod(fd, mode) == 0 && folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    close(fd);
    return good ? SK_OK : sk_fault_set(fault, SK_ERR_IO, "cannot make '%s' durable: %s", path, strerror(errno));
}

static enum sk_err writer_setup(sqlite3 *db, const struct sk_schema *schema, struct sk_fault *fault)
{
    int keep = 1;
    enum sk_err err = SK_OK;
    if (schema->small_pages) /* taken by a new file only */
        err = sk_db_run(db, "PRAGMA page_size = 1024; PRAGMA auto_vacuum = INCREMENTAL", fault);
    if (err == SK_OK)
        err = sk_db_run(db, "PRAGMA journal_mode = WAL", fault);
    if (err == SK_OK)
        err = sk_db_run(db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 16384", fault);
    if (err == SK_OK && schema->secure_delete)
        err = sk_db_run(db, "PRAGMA secure_delete = ON", fault);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    return err;
}

/* Readers never migrate: another version is refused with both numbers. */
static enum sk_err version_check(sqlite3 *db, const char *path, const struct sk_schema *schema, struct sk_fault *fault)
{
    int64_t id = 0, version = 0;
    enum sk_err err = sk_db_integer(db, "PRAGMA application_id", &id);
    if (err == SK_OK)
        err = sk_db_integer(db, "PRAGMA user_version", &version);
    if (err != SK_OK &&
        (sqlite3_errcode(db) & 0xFF) == SQLITE_CANTOPEN) /* -shm is made by the writer; only then can one read */
        err = SK_ERR_NOT_FOUND;
    if (err != SK_OK)
        return sk_fault_set(fault, err, "cannot read '%s': %s", path, sqlite3_errmsg(db));
    if (version == 0 && id == 0)
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "'%s' is not set up yet; start the collector first", path);
    if ((uint32_t)id != schema->application_id)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "'%s' is no %s of this product (application id %lld)", path, schema->file,
                            (long long)id);
    if ((uint64_t)version != schema->count)
        return sk_fault_set(fault, SK_ERR_VERSION,
                            "'%s' has version %lld, this program reads version %zu; use the same release", path,
                            (long long)version, schema->count);
    return SK_OK;
}

/* A file name as SQLite's URI: what has a meaning in URIs is escaped. */
static void uri_make(const char *path, enum sk_store_mode mode, char *to, size_t capacity)
{
    struct sk_writer writer;
    sk_writer_init(&writer, to, capacity);
    sk_write_bytes(&writer, "file:", 5);
    for (const char *p = path; *p != '\0'; p++) {
        char escaped[4] = {'%'};
        const bool plain = *p != '%' && *p != '?' && *p != '#';
        sk_hex_write(escaped + 1, (const uint8_t *)p, 1);
        sk_write_bytes(&writer, plain ? p : escaped, plain ? 1 : 3);
    }
    if (mode == SK_STORE_COPY)
        sk_write_bytes(&writer, "?immutable=1", 12);
    sk_write_u8(&writer, 0);
}

static enum sk_err handle_open(const char *path, enum sk_store_mode mode, sqlite3 **ret_db, struct sk_fault *fault)
{
    char uri[SK_PATH_MAX * 3 + 32]; /* every character escaped still fits */
    uri_make(path, mode, uri, sizeof uri);
    const int flags = (mode == SK_STORE_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int result = sqlite3_open_v2(uri, ret_db, flags, NULL);
    if (result != SQLITE_OK)
        return sk_fault_set(fault, (result & 0xFF) == SQLITE_CANTOPEN ? SK_ERR_NOT_FOUND : sk_db_code(result),
                            "cannot open '%s': %s", path, sqlite3_errstr(result));
    sqlite3_busy_timeout(*ret_db, mode == SK_STORE_WRITER ? 2000 : 500);
    sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return SK_OK;
}

enum sk_err sk_db_open(const char *directory, const struct sk_schema *schema, enum sk_store_mode mode, sqlite3 **ret_db,
                       struct sk_fault *fault)
{
    char path[SK_PATH_MAX];
    sqlite3 *db = NULL;
    enum sk_err err = SK_OK;
    if (!sk_text_format(path, sizeof path, "%s/%s", directory, schema->file))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "path of directory '%.200s' is too long", directory);
    if (mode == SK_STORE_WRITER)
        err = file_make(directory, path, schema->mode, fault);
    if (err == SK_OK)
        err = handle_open(path, mode, &db, fault);
    if (err == SK_OK && mode == SK_STORE_WRITER)
        err = writer_setup(db, schema, fault);
    if (err == SK_OK && mode == SK_STORE_WRITER)
        err = sk_db_migrate(db, path, schema, fault);
    if (err == SK_OK && mode != SK_STORE_WRITER)
        err = version_check(db, path, schema, fault);
    if (err != SK_OK) {
        sk_db_close(db);
        db = NULL;
    }
    *ret_db = db;
    return err;
}

void sk_db_close(sqlite3 *db)
{
    sqlite3_close_v2(db);
}
