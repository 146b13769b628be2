/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and their secrets; people's labels and printed card numbers. A secret's text exists only while it is shown; looked
 * up by its SHA-256, which needs no salt because the secret is 32 random bytes. */
#include "schemas/store/vault.h"

#include <string.h>
#include <unistd.h>

#include "schemas/base/mem.h"
#include "schemas/store/db.h"

enum { RANDOM_SIZE = 32, PREFIX_LENGTH = 4 };
static const char prefix[] = "skt_";

enum statement {
    ST_ACCOUNT_PUT,
    ST_SECRET_PUT,
    ST_SECRET_FIND,
    ST_SECRET_TOUCH,
    ST_SECRET_DELETE,
    ST_PERSON_PUT,
    ST_PERSON_GET,
    ST_PERSON_REF,
    ST_PERSON_COMPANY,
    ST_CARD_PUT,
    ST_CARD_GET,
    ST_PERSON_DELETE,
    ST_CARD_DELETE,
    ST_ACCOUNT_GET,
    ST_ACCOUNT_PERSON,
    ST_REGISTER_PUT,
    ST_REGISTER_GET,
    ST_REGISTER_ERASE,
    ST_BEGIN_ALL,
    ST_COMMIT_ALL,
    ST_ROLLBACK_ALL,
    ST_COUNT
};
static const char *const statement_sql[ST_COUNT] = {
    [ST_ACCOUNT_PUT] = "INSERT INTO account (id, roles, enabled, created_us, person) VALUES (?1, ?2, 1, ?3, ?4)",
    /* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one statement over two lines */
    [ST_SECRET_PUT] = "INSERT INTO secret (hash, account, kind, issued_us, expires_us, idle_us, used_us) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?4)",
    [ST_SECRET_FIND] = "SELECT a.id, a.roles, s.kind FROM secret AS s JOIN account AS a ON a.id = s.account "
                       "WHERE s.hash = ?1 AND a.enabled = 1 AND (s.expires_us = 0 OR ?2 < s.expires_us) "
                       "AND (s.idle_us = 0 OR ?2 - s.used_us < s.idle_us)",
    [ST_SECRET_TOUCH] = "UPDATE secret SET used_us = ?2 WHERE hash = ?1",
    [ST_SECRET_DELETE] = "DELETE FROM secret WHERE hash = ?1",
    [ST_PERSON_PUT] = "INSERT OR REPLACE INTO person (id, version, ref, name, furigana, company, salt, chain) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ST_PERSON_GET] = "SELECT id, version, ref, name, furigana, company, salt, chain FROM person "
                      "WHERE id = ?1 AND version <= ?2 ORDER BY version DESC LIMIT 1",
    [ST_PERSON_REF] = "SELECT id FROM person WHERE ref = ?1 AND version <= ?2 ORDER BY version DESC LIMIT 1",
    [ST_PERSON_COMPANY] = "SELECT id FROM person WHERE company = ?1 AND company <> '' AND id > ?2 ORDER BY id LIMIT 1",
    [ST_CARD_PUT] = "INSERT OR REPLACE INTO card (id, printed) VALUES (?1, ?2)",
    [ST_CARD_GET] = "SELECT printed FROM card WHERE id = ?1",
    [ST_PERSON_DELETE] = "DELETE FROM person WHERE id = ?1",
    [ST_CARD_DELETE] = "DELETE FROM card WHERE id = ?1",
    [ST_ACCOUNT_GET] = "SELECT id FROM account WHERE id = ?1",
    [ST_ACCOUNT_PERSON] = "SELECT person FROM account WHERE id = ?1",
    [ST_REGISTER_PUT] = "INSERT OR REPLACE INTO register_personal (entry, step, salt, fields) VALUES (?1, ?2, ?3, ?4)",
    [ST_REGISTER_GET] = "SELECT salt, fields FROM register_personal WHERE entry = ?1 AND step = ?2",
    [ST_REGISTER_ERASE] = "DELETE FROM register_personal WHERE entry = ?1",
    [ST_BEGIN_ALL] = "BEGIN IMMEDIATE",
    [ST_COMMIT_ALL] = "COMMIT",
    [ST_ROLLBACK_ALL] = "ROLLBACK",
};

struct sk_vault {
    sqlite3 *db;
    int lock_fd;
    bool erased; /* since the journal was overwritten */
    struct sk_sha256 *sha;
    sqlite3_stmt *statements[ST_COUNT];
};

static enum sk_err statement_get(struct sk_vault *vault, enum statement which, sqlite3_stmt **ret_statement)
{
    enum sk_err err = sk_db_statement(vault->db, &vault->statements[which], statement_sql[which]);
    *ret_statement = vault->statements[which];
    return err;
}

enum sk_err sk_vault_open(const char *directory, struct sk_vault **ret_vault, struct sk_fault *fault)
{
    const struct sk_schema schema = sk_schema_vault();
    struct sk_vault *vault = sk_calloc(1, sizeof *vault);
    *ret_vault = NULL;
    if (vault == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "cannot open the vault in '%s': out of memory", directory);
    vault->lock_fd = -1;
    enum sk_err err = sk_sha256_create(&vault->sha);
    if (err != SK_OK)
        sk_fault_set(fault, err, "cannot open the vault in '%s': no SHA-256", directory);
    if (err == SK_OK)
        err = sk_directory_make(directory, fault);
    if (err == SK_OK)
        err = sk_lock_take(directory, "vault.lock", &vault->lock_fd, fault);
    if (err == SK_OK)
        err = sk_db_open(directory, &schema, SK_STORE_WRITER, &vault->db, fault);
    if (err != SK_OK) {
        sk_vault_close(vault);
        return err;
    }
    *ret_vault = vault;
    return SK_OK;
}

enum sk_err sk_vault_open_reader(const char *directory, struct sk_vault **ret_vault, struct sk_fault *fault)
{
    const struct sk_schema schema = sk_schema_vault();
    struct sk_vault *vault = sk_calloc(1, sizeof *vault);
    *ret_vault = NULL;
    if (vault == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "cannot open the vault in '%s': out of memory", directory);
    vault->lock_fd = -1;
    enum sk_err err = sk_db_open(directory, &schema, SK_STORE_READER, &vault->db, fault);
    if (err != SK_OK) {
        sk_vault_close(vault);
        return err;
    }
    *ret_vault = vault;
    return SK_OK;
}

void sk_vault_close(struct sk_vault *vault)
{
    if (vault == NULL)
        return;
    for (size_t i = 0; i < ST_COUNT; i++)
        sqlite3_finalize(vault->statements[i]);
    sk_db_close(vault->db);
    sk_sha256_free(vault->sha);
    if (vault->lock_fd >= 0)
        close(vault->lock_fd);
    sk_free(vault);
}

static bool account_id_is_good(const char *id)
{
    const size_t length = strnlen(id, SK_ACCOUNT_ID_MAX);
    return length > 0 && length < SK_ACCOUNT_ID_MAX && sk_text_is_clean(id, length, false);
}

enum sk_err sk_vault_account_create(struct sk_vault *vault, const char *id, uint16_t roles, const char *person, int64_t now_us)
{
    sqlite3_stmt *statement;
    if (!account_id_is_good(id) || strnlen(person, SK_ACCOUNT_PERSON_MAX) == SK_ACCOUNT_PERSON_MAX)
        return SK_ERR_INVALID;
    enum sk_err err = statement_get(vault, ST_ACCOUNT_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, roles);
    sqlite3_bind_int64(statement, 3, now_us);
    sqlite3_bind_text(statement, 4, person, -1, SQLITE_STATIC);
    err = sk_db_do(statement);
    return err == SK_ERR_CONFLICT ? SK_ERR_EXISTS : err;
}

static enum sk_err text_hash(struct sk_vault *vault, const char *text, struct sk_hash *ret_hash)
{
    const struct sk_slice slice = {text, strlen(text)};
    return sk_sha256_run(vault->sha, &slice, 1, ret_hash);
}

static enum sk_err secret_make(struct sk_vault *vault, char text[SK_SECRET_TEXT], struct sk_hash *ret_hash)
{
    uint8_t bytes[RANDOM_SIZE];
    enum sk_err err = sk_random(bytes, sizeof bytes);
    if (err != SK_OK)
        return err;
    memcpy(text, prefix, PREFIX_LENGTH);
    sk_hex_write(text + PREFIX_LENGTH, bytes, sizeof bytes);
    explicit_bzero(bytes, sizeof bytes);
    return text_hash(vault, text, ret_hash);
}

enum sk_err sk_vault_secret_issue(struct sk_vault *vault, const char *account, const char *kind, int64_t now_us,
                                  int64_t expires_us, int64_t idle_us, char ret_text[SK_SECRET_TEXT])
{
    struct sk_hash hash;
    sqlite3_stmt *statement;
    if (strcmp(kind, "token") != 0 && strcmp(kind, "session") != 0)
        return SK_ERR_INVALID;
    enum sk_err err = secret_make(vault, ret_text, &hash);
    if (err == SK_OK)
        err = statement_get(vault, ST_SECRET_PUT, &statement);
    if (err == SK_OK) {
        sqlite3_bind_blob(statement, 1, hash.bytes, SK_HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, account, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, kind, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, now_us);
        sqlite3_bind_int64(statement, 5, expires_us);
        sqlite3_bind_int64(statement, 6, idle_us);
        err = sk_db_do(statement);
        err = err == SK_ERR_CONFLICT ? SK_ERR_NOT_FOUND : err; /* the foreign key: no such account */
    }
    if (err != SK_OK)
        explicit_bzero(ret_text, SK_SECRET_TEXT);
    return err;
}

static enum sk_err secret_find(struct sk_vault *vault, const struct sk_hash *hash, int64_t now_us, struct sk_account *account,
                               char kind[16])
{
    sqlite3_stmt *statement;
    enum sk_err err = statement_get(vault, ST_SECRET_FIND, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, hash->bytes, SK_HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, now_us);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        sk_text_copy(account->id, sizeof account->id, (const char *)sqlite3_column_text(statement, 0));
        account->roles = (uint16_t)sqlite3_column_int(statement, 1);
        account->enabled = true;
        sk_text_copy(kind, 16, (const char *)sqlite3_column_text(statement, 2));
    }
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_UNAUTHENTICATED : sk_db_code(result);
}

static enum sk_err secret_touch(struct sk_vault *vault, const struct sk_hash *hash, int64_t now_us)
{
    sqlite3_stmt *statement;
    enum sk_err err = statement_get(vault, ST_SECRET_TOUCH, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, hash->bytes, SK_HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, now_us);
    return sk_db_do(statement);
}

enum sk_err sk_vault_secret_check(struct sk_vault *vault, const char *text, int64_t now_us, bool touch,
                                  struct sk_account *ret_account, char ret_kind[16])
{
    struct sk_hash hash;
    struct sk_account account;
    char kind[16];
    if (strnlen(text, SK_SECRET_TEXT) != SK_SECRET_TEXT - 1 || memcmp(text, prefix, PREFIX_LENGTH) != 0)
        return SK_ERR_UNAUTHENTICATED;
    enum sk_err err = text_hash(vault, text, &hash);
    if (err == SK_OK)
        err = secret_find(vault, &hash, now_us, &account, kind);
    /* Only sessions idle out; a token costs no write a request. On a full disk the idle time goes on as it was stored: whoever
     * calls the roll must not be signed out because nothing can be written. */
    if (err == SK_OK && touch && strcmp(kind, "session") == 0)
        (void)secret_touch(vault, &hash, now_us);
    if (err != SK_OK)
        return err;
    *ret_account = account;
    memcpy(ret_kind, kind, sizeof kind);
    return SK_OK;
}

enum sk_err sk_vault_secret_revoke(struct sk_vault *vault, const char *text)
{
    struct sk_hash hash;
    sqlite3_stmt *statement;
    enum sk_err err = text_hash(vault, text, &hash);
    if (err == SK_OK)
        err = statement_get(vault, ST_SECRET_DELETE, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_blob(statement, 1, hash.bytes, SK_HASH_SIZE, SQLITE_STATIC);
    err = sk_db_do(statement);
    return err == SK_OK && sqlite3_changes(vault->db) == 0 ? SK_ERR_NOT_FOUND : err;
}

/* --- people --- */

enum sk_err sk_person_label_commit(const struct sk_person_label *label, struct sk_hash *ret_commit)
{
    uint8_t bytes[4 * (SK_LABEL_MAX + 2) + SK_CHAIN_MAX + 2];
    struct sk_writer writer;
    sk_writer_init(&writer, bytes, sizeof bytes);
    sk_write_text(&writer, label->ref);
    sk_write_text(&writer, label->name);
    sk_write_text(&writer, label->furigana);
    sk_write_text(&writer, label->company);
    if (label->chain[0] != '\0')
        sk_write_text(&writer, label->chain);
    const enum sk_err err =
        writer.bad ? SK_ERR_TOO_LONG : sk_hmac_sha256(label->salt, sizeof label->salt, bytes, writer.length, ret_commit);
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

enum sk_err sk_vault_person_put(struct sk_vault *vault, const struct sk_person_label *label)
{
    sqlite3_stmt *statement;
    const enum sk_err err = statement_get(vault, ST_PERSON_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, label->id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (int64_t)label->version);
    sqlite3_bind_text(statement, 3, label->ref, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, label->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 5, label->furigana, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 6, label->company, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 7, label->salt, sizeof label->salt, SQLITE_STATIC);
    sqlite3_bind_text(statement, 8, label->chain, -1, SQLITE_STATIC);
    return sk_db_do(statement);
}

static void column_copy(sqlite3_stmt *statement, int column, char *to, size_t capacity)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    sk_text_copy(to, capacity, text != NULL ? text : "");
}

enum sk_err sk_vault_person_get(struct sk_vault *vault, const char *id, uint64_t version, struct sk_person_label *ret_label)
{
    sqlite3_stmt *statement;
    const enum sk_err err = statement_get(vault, ST_PERSON_GET, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, version > INT64_MAX ? INT64_MAX : (int64_t)version);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        *ret_label = (struct sk_person_label){.version = (uint64_t)sqlite3_column_int64(statement, 1)};
        column_copy(statement, 0, ret_label->id, sizeof ret_label->id);
        column_copy(statement, 2, ret_label->ref, sizeof ret_label->ref);
        column_copy(statement, 3, ret_label->name, sizeof ret_label->name);
        column_copy(statement, 4, ret_label->furigana, sizeof ret_label->furigana);
        column_copy(statement, 5, ret_label->company, sizeof ret_label->company);
        column_copy(statement, 7, ret_label->chain, sizeof ret_label->chain);
        if (sqlite3_column_bytes(statement, 6) == SK_LABEL_SALT)
            memcpy(ret_label->salt, sqlite3_column_blob(statement, 6), SK_LABEL_SALT);
    }
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
}

/* One text by a text (and a version, where the statement has one). */
static enum sk_err one_text(struct sk_vault *vault, enum statement which, const char *key, int64_t version, char *to,
                            size_t capacity)
{
    sqlite3_stmt *statement;
    const enum sk_err err = statement_get(vault, which, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (version >= 0)
        sqlite3_bind_int64(statement, 2, version);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        column_copy(statement, 0, to, capacity);
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
}

enum sk_err sk_vault_person_by_ref(struct sk_vault *vault, const char *ref, uint64_t version, char ret_id[48])
{
    return one_text(vault, ST_PERSON_REF, ref, version > INT64_MAX ? INT64_MAX : (int64_t)version, ret_id, 48);
}

enum sk_err sk_vault_person_by_company(struct sk_vault *vault, const char *company, const char *after, char ret_id[48])
{
    sqlite3_stmt *statement;
    const enum sk_err err = statement_get(vault, ST_PERSON_COMPANY, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, company, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, after, -1, SQLITE_STATIC);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        column_copy(statement, 0, ret_id, 48);
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : sk_db_code(result);
}

enum sk_err sk_vault_card_put(struct sk_vault *vault, const char *id, const char *printed)
{
    sqlite3_stmt *statement;
    const enum sk_err err = statement_get(vault, ST_CARD_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, printed, -1, SQLITE_STATIC);
    return sk_db_do(statement);
}

enum sk_err sk_vault_card_get(struct sk_vault *vault, const char *id, char ret_printed[SK_LABEL_MAX])
{
    return one_text(vault, ST_CARD_GET, id, -1, ret_printed, SK_LABEL_MAX);
}

/* What was erased may still stand in the journal. Many erasures at once: when they end. */
static enum sk_err overwrite_journal(struct sk_vault *vault)
{
    if (!vault->erased || sqlite3_get_autocommit(vault->db) == 0)
        return SK_OK;
    vault->erased = false;
    return sk_db_code(sqlite3_wal_checkpoint_v2(vault->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

static enum sk_err erase(struct sk_vault *vault, enum statement which, const char *id)
{
    sqlite3_stmt *statement;
    enum sk_err err = statement_get(vault, which, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    err = sk_db_do(statement);
    vault->erased = true;
    return err == SK_OK ? overwrite_journal(vault) : err;
}

enum sk_err sk_vault_person_erase(struct sk_vault *vault, const char *id)
{
    return erase(vault, ST_PERSON_DELETE, id);
}

enum sk_err sk_vault_card_erase(struct sk_vault *vault, const char *id)
{
    return erase(vault, ST_CARD_DELETE, id);
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
    const enum sk_err err = statement_get(vault, ST_REGISTER_PUT, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, step);
    sqlite3_bind_blob(statement, 3, personal->salt, sizeof personal->salt, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, personal->fields, (int)personal->length, SQLITE_STATIC);
    return sk_db_do(statement);
}

enum sk_err sk_vault_register_get(struct sk_vault *vault, const char *entry, uint32_t step,
                                  struct sk_register_personal *ret_personal)
{
    sqlite3_stmt *statement;
    enum sk_err err = statement_get(vault, ST_REGISTER_GET, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, step);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const int length = sqlite3_column_bytes(statement, 1);
        err = sqlite3_column_bytes(statement, 0) == SK_LABEL_SALT && length > 0 && length <= SK_PERSONAL_MAX ? SK_OK
                                                                                                             : SK_ERR_CORRUPT;
        if (err == SK_OK) {
            memcpy(ret_personal->salt, sqlite3_column_blob(statement, 0), SK_LABEL_SALT);
            memcpy(ret_personal->fields, sqlite3_column_blob(statement, 1), (size_t)length);
            ret_personal->length = (size_t)length;
        }
    }
    sk_db_release(statement);
    return result == SQLITE_DONE ? SK_ERR_NOT_FOUND : result == SQLITE_ROW ? err : sk_db_code(result);
}

enum sk_err sk_vault_register_erase(struct sk_vault *vault, const char *entry)
{
    sqlite3_stmt *statement;
    enum sk_err err = statement_get(vault, ST_REGISTER_ERASE, &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_text(statement, 1, entry, -1, SQLITE_STATIC);
    err = sk_db_do(statement);
    return err == SK_OK && sqlite3_changes(vault->db) == 0 ? SK_ERR_NOT_FOUND : err;
}

bool sk_vault_account_exists(struct sk_vault *vault, const char *id)
{
    char found[SK_ACCOUNT_ID_MAX];
    return one_text(vault, ST_ACCOUNT_GET, id, -1, found, sizeof found) == SK_OK;
}

enum sk_err sk_vault_account_person(struct sk_vault *vault, const char *id, char ret_person[SK_ACCOUNT_PERSON_MAX])
{
    return one_text(vault, ST_ACCOUNT_PERSON, id, -1, ret_person, SK_ACCOUNT_PERSON_MAX);
}

static enum sk_err run(struct sk_vault *vault, enum statement which)
{
    sqlite3_stmt *statement;
    const enum sk_err err = statement_get(vault, which, &statement);
    return err == SK_OK ? sk_db_do(statement) : err;
}

enum sk_err sk_vault_begin(struct sk_vault *vault)
{
    return run(vault, ST_BEGIN_ALL);
}

enum sk_err sk_vault_end(struct sk_vault *vault, bool keep)
{
    const enum sk_err err = run(vault, keep ? ST_COMMIT_ALL : ST_ROLLBACK_ALL);
    if (keep && err != SK_OK)
        run(vault, ST_ROLLBACK_ALL);
    return err == SK_OK ? overwrite_journal(vault) : err;
}
