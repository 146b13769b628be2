/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered migrations: all that are missing in one transaction, an existing file copied first. A file from the future is
 * refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/store/db.h"

/* Copies the live database into a file of its own: to a temporary name, synced by SQLite, then renamed over an older try. */
static enum sk_err backup_make(sqlite3 *db, const char *path, size_t newest, mode_t mode, struct sk_fault *fault)
{
    char copy[SK_PATH_MAX + 32], temporary[SK_PATH_MAX + 40];
    sqlite3 *to = NULL;
    sk_text_format(copy, sizeof copy, "%s.before-v%zu", path, newest);
    sk_text_format(temporary, sizeof temporary, "%s.tmp", copy);
    unlink(temporary);
    int result = sqlite3_open_v2(temporary, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (result == SQLITE_OK && chmod(temporary, mode) != 0)
        result = SQLITE_IOERR;
    if (result == SQLITE_OK) {
        sqlite3_backup *backup = sqlite3_backup_init(to, "main", db, "main");
        if (backup != NULL)
            sqlite3_backup_step(backup, -1);
        result = backup != NULL ? sqlite3_backup_finish(backup) : sqlite3_errcode(to);
    }
    sqlite3_close_v2(to);
    if (result == SQLITE_OK && rename(temporary, copy) != 0)
        result = SQLITE_IOERR;
    if (result != SQLITE_OK) {
        unlink(temporary);
        return sk_fault_set(fault, sk_db_code(result), "cannot copy '%s' to '%s' before migrating: %s; nothing was changed",
                            path, copy, sqlite3_errstr(result));
    }
    return SK_OK;
}

static enum sk_err migrations_run(sqlite3 *db, const struct sk_schema *schema, int64_t version, struct sk_fault *fault)
{
    enum sk_err err = sk_db_run(db, "BEGIN IMMEDIATE", fault);
    if (err != SK_OK)
        return err;
    for (size_t i = (size_t)version; err == SK_OK && i < schema->count; i++) {
        int64_t reached = 0;
        err = sk_db_run(db, schema->migrations[i].sql, fault);
        if (err != SK_OK)
            sk_fault_set(fault, err, "migration %s failed: %s", schema->migrations[i].name, sqlite3_errmsg(db));
        else
            err = sk_db_integer(db, "PRAGMA user_version", &reached);
        if (err == SK_OK && reached != (int64_t)schema->migrations[i].number)
            err = sk_fault_set(fault, SK_ERR_INVALID, "migration %s does not set its version", schema->migrations[i].name);
    }
    if (err == SK_OK)
        err = sk_db_run(db, "COMMIT", fault);
    if (err != SK_OK)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum sk_err sk_db_migrate(sqlite3 *db, const char *path, const struct sk_schema *schema, struct sk_fault *fault)
{
    int64_t version = 0, id = 0;
    enum sk_err err = sk_db_integer(db, "PRAGMA user_version", &version);
    if (err == SK_OK)
        err = sk_db_integer(db, "PRAGMA application_id", &id);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "cannot read '%s': %s", path, sqlite3_errmsg(db));
    if ((version != 0 || id != 0) && (uint32_t)id != schema->application_id)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "'%s' is no %s of this product", path, schema->file);
    if (version < 0 || (uint64_t)version > schema->count)
        return sk_fault_set(fault, SK_ERR_VERSION, "'%s' has version %lld, this program knows up to %zu; use the newer release",
                            path, (long long)version, schema->count);
    if ((uint64_t)version == schema->count)
        return SK_OK;
    if (version > 0)
        err = backup_make(db, path, schema->count, schema->mode, fault);
    return err == SK_OK ? migrations_run(db, schema, version, fault) : err;
}
