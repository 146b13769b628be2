/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite file of the house: opened with our pragmas and permissions, migrated or version-checked. Private to this folder.
 *
 * Writer: WAL, synchronous=FULL, foreign keys, WAL and shm kept at close (a reader of another user could not make them).
 * Every call maps SQLite's result codes to enum sk_err in one place, sk_db_code(). */
#ifndef SK_STORE_DB_H
#define SK_STORE_DB_H

#include <sqlite3.h>
#include <stdint.h>
#include <sys/types.h>

#include "schemas/base/err.h"
#include "schemas/store/store.h"

enum { SK_PATH_MAX = 4096, SK_WAL_LIMIT = 64 << 20 };

struct sk_migration {
    uint32_t number; /* 1, 2, 3 ...; the file sets user_version to it */
    const char *name;
    const char *sql;
};
extern const struct sk_migration sk_log_migrations[], sk_vault_migrations[], sk_history_migrations[];
extern const size_t sk_log_migration_count, sk_vault_migration_count, sk_history_migration_count;

struct sk_schema {
    const char *file;        /* "log.db" */
    uint32_t application_id; /* set by its first migration */
    mode_t mode;             /* of the file */
    bool secure_delete;
    const struct sk_migration *migrations;
    size_t count;
    bool small_pages; /* many columns of a kilobyte or so, and room given back as it ages */
};
/* The three databases of the house. */
struct sk_schema sk_schema_log(void);
struct sk_schema sk_schema_vault(void);
struct sk_schema sk_schema_history(void);

/* Creates the state directory (2750) unless it is there. */
enum sk_err sk_directory_make(const char *directory, struct sk_fault *fault);
/* Takes `directory`/name as a lock for the life of the descriptor. BUSY names the holder's pid. */
enum sk_err sk_lock_take(const char *directory, const char *name, int *ret_fd, struct sk_fault *fault);

enum sk_err sk_db_open(const char *directory, const struct sk_schema *schema, enum sk_store_mode mode, sqlite3 **ret_db,
                       struct sk_fault *fault);
void sk_db_close(sqlite3 *db);
/* Runs the migrations that are missing, all in one transaction, after copying an existing file to <path>.before-v<newest>. */
enum sk_err sk_db_migrate(sqlite3 *db, const char *path, const struct sk_schema *schema, struct sk_fault *fault);

enum sk_err sk_db_code(int result);
enum sk_err sk_db_fault(sqlite3 *db, int result, struct sk_fault *fault, const char *what);
enum sk_err sk_db_run(sqlite3 *db, const char *sql, struct sk_fault *fault); /* constant SQL without results */
enum sk_err sk_db_integer(sqlite3 *db, const char *sql, int64_t *ret_value); /* constant SQL with one integer */

/* A kept statement: prepared at first use from a constant, reused, finalised with its owner. */
enum sk_err sk_db_statement(sqlite3 *db, sqlite3_stmt **slot, const char *sql);
/* Steps a statement that gives no row, then resets it and its bindings. */
enum sk_err sk_db_do(sqlite3_stmt *statement);
/* Resets a statement after reading and forgets its bindings. */
void sk_db_release(sqlite3_stmt *statement);

#endif
