/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the vault to which records of the log commit: personal values of register entries, and words (reasons, comments);
 * and what erasing means on disk. */
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "schemas/store/vault_internal.h"

/* --- erasing --- */

static void copies_drop(const struct sk_vault *vault)
{
    char pattern[SK_PATH_MAX + 16];
    glob_t found;
    sk_text_format(pattern, sizeof pattern, "%s.before-v*", vault->path);
    if (vault->path[0] == '\0' || glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        (void)unlink(found.gl_pathv[i]);
    globfree(&found);
}

enum sk_err sk_vault_erased(struct sk_vault *vault)
{
    vault->erased = true;
    return sk_vault_settle(vault);
}

enum sk_err sk_vault_settle(struct sk_vault *vault)
{
    if (!vault->erased || sqlite3_get_autocommit(vault->db) == 0)
        return SK_OK;
    vault->erased = false;
    copies_drop(vault);
    return sk_db_code(sqlite3_wal_checkpoint_v2(vault->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

enum sk_err sk_vault_erase_by(struct sk_vault *vault, enum sk_vault_statement which, const char *key)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_vault_statement(vault, which, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    err = sk_db_do(statement);
    return err == SK_OK ? sk_vault_erased(vault) : err;
}

/* --- registers --- */

enum sk_err sk_register_personal_commit(const struct sk_register_personal *personal, struct sk_hash *ret_commit)
{
    return sk_hmac_sha256(personal->salt, sizeof personal->salt, personal->fields, personal->length, ret_commit);
}

enum sk_err sk_vault_register_put(struct sk_vault *vault, const char *entry, uint32_t step,
                                  const struct sk_register_personal *personal)
{
    sqlite3_stmt *statement;
    const enum sk_err err = sk_vault_statement(vault, ST_REGISTER_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, step);
    sqlite3_bind_blob(statement, 3, personal->salt, sizeof personal->salt, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, personal->fields, (int)personal->length, SQLITE_STATIC);
    return sk_db_do(statement);
}

/* Salt and fields from two columns. */
static enum sk_err take_personal(sqlite3_stmt *statement, int column, struct sk_register_personal *personal)
{
    const int length = sqlite3_column_bytes(statement, column + 1);
    if (sqlite3_column_bytes(statement, column) != SK_LABEL_SALT || length <= 0 || length > SK_PERSONAL_MAX)
        return SK_ERR_CORRUPT;
    memcpy(personal->salt, sqlite3_column_blob(statement, column), SK_LABEL_SALT);
    memcpy(personal->fields, sqlite3_column_blob(statement, column + 1), (size_t)length);
    personal->length = (size_t)length;
    return SK_OK;
}

enum sk_err sk_vault_register_get(struct sk_vault *vault, const char *entry, uint32_t step,
                                  struct sk_register_personal *ret_personal)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_vault_statement(vault, ST_REGISTER_GET, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, step);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        err = take_personal(statement, 0, ret_personal);
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : result == SQLITE_ROW ? err : sk_db_code(result);
}

enum sk_err sk_vault_register_next(struct sk_vault *vault, char entry[SK_REGISTER_ENTRY_MAX], uint32_t *step,
                                   struct sk_register_personal *ret_personal)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_vault_statement(vault, ST_REGISTER_NEXT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, *step);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        sk_text_copy(entry, SK_REGISTER_ENTRY_MAX, (const char *)sqlite3_column_text(statement, 0));
        *step = (uint32_t)sqlite3_column_int64(statement, 1);
        err = take_personal(statement, 2, ret_personal);
    }
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : result == SQLITE_ROW ? err : sk_db_code(result);
}

enum sk_err sk_vault_register_cut(struct sk_vault *vault, const char *entry, uint32_t step, struct sk_register_personal *rest)
{
    sqlite3_stmt *statement;
    explicit_bzero(rest->salt, sizeof rest->salt);
    vault->erased = true;
    if (rest->length > 0)
        return sk_vault_register_put(vault, entry, step, rest);
    const enum sk_err err = sk_vault_statement(vault, ST_REGISTER_DROP, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, step);
    return sk_db_do(statement);
}

enum sk_err sk_vault_register_erase(struct sk_vault *vault, const char *entry)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_vault_statement(vault, ST_REGISTER_ERASE, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_STATIC);
    err = sk_db_do(statement);
    if (err == SK_OK && sqlite3_changes(vault->db) == 0)
        return SK_ERR_NOT_FOUND;
    return err == SK_OK ? sk_vault_erased(vault) : err;
}

/* --- words --- */

enum sk_err sk_vault_words_put(struct sk_vault *vault, const struct sk_words *words, int64_t told_us)
{
    sqlite3_stmt *statement;
    const enum sk_err err = sk_vault_statement(vault, ST_WORDS_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, words->commit.bytes, SK_HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, words->salt, sizeof words->salt, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, words->tag);
    sqlite3_bind_text(statement, 4, words->text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, told_us);
    return sk_db_do(statement);
}

static enum sk_err take_words(sqlite3_stmt *statement, struct sk_words *words, int64_t *ret_told_us)
{
    const char *text = (const char *)sqlite3_column_text(statement, 3);
    if (text == NULL || sqlite3_column_bytes(statement, 0) != SK_HASH_SIZE ||
        sqlite3_column_bytes(statement, 1) != SK_WORDS_SALT || !sk_text_copy(words->text, sizeof words->text, text))
        return SK_ERR_CORRUPT;
    memcpy(words->commit.bytes, sqlite3_column_blob(statement, 0), SK_HASH_SIZE);
    memcpy(words->salt, sqlite3_column_blob(statement, 1), SK_WORDS_SALT);
    words->tag = (uint16_t)sqlite3_column_int(statement, 2);
    *ret_told_us = sqlite3_column_int64(statement, 4);
    return SK_OK;
}

static enum sk_err one_of_words(struct sk_vault *vault, enum sk_vault_statement which, const struct sk_hash *id,
                                struct sk_words *ret_words, int64_t *ret_told_us)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_vault_statement(vault, which, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, id->bytes, SK_HASH_SIZE, SQLITE_TRANSIENT);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        err = take_words(statement, ret_words, ret_told_us);
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : result == SQLITE_ROW ? err : sk_db_code(result);
}

enum sk_err sk_vault_words_get(struct sk_vault *vault, const struct sk_hash *commit, struct sk_words *ret_words)
{
    int64_t told_us;
    return one_of_words(vault, ST_WORDS_GET, commit, ret_words, &told_us);
}

enum sk_err sk_vault_words_next(struct sk_vault *vault, const struct sk_hash *after, struct sk_words *ret_words,
                                int64_t *ret_told_us)
{
    return one_of_words(vault, ST_WORDS_NEXT, after, ret_words, ret_told_us);
}

enum sk_err sk_vault_words_erase(struct sk_vault *vault, const struct sk_hash *commit)
{
    sqlite3_stmt *statement;
    enum sk_err err = sk_vault_statement(vault, ST_WORDS_ERASE, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, commit->bytes, SK_HASH_SIZE, SQLITE_STATIC);
    err = sk_db_do(statement);
    if (err == SK_OK && sqlite3_changes(vault->db) == 0)
        return SK_ERR_NOT_FOUND;
    return err == SK_OK ? sk_vault_erased(vault) : err;
}
