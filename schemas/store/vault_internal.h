/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the vault know of each other. Private to this folder. */
#ifndef SK_STORE_VAULT_INTERNAL_H
#define SK_STORE_VAULT_INTERNAL_H

#include "schemas/store/db.h"
#include "schemas/store/vault.h"

enum sk_vault_statement {
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
    ST_REGISTER_NEXT,
    ST_REGISTER_DROP,
    ST_ACCOUNT_OF,
    ST_WORDS_PUT,
    ST_WORDS_GET,
    ST_WORDS_NEXT,
    ST_WORDS_ERASE,
    ST_BEGIN_ALL,
    ST_COMMIT_ALL,
    ST_ROLLBACK_ALL,
    ST_VAULT_COUNT
};

struct sk_vault {
    sqlite3 *db;
    char path[SK_PATH_MAX]; /* of the database */
    int lock_fd;
    bool erased; /* since the journal was overwritten */
    struct sk_sha256 *sha;
    sqlite3_stmt *statements[ST_VAULT_COUNT];
};

enum sk_err sk_vault_statement(struct sk_vault *vault, enum sk_vault_statement which, sqlite3_stmt **ret_statement);
/* Runs a statement that deletes by one text, and makes it true on disk: the journal is folded in and cut off. */
enum sk_err sk_vault_erase_by(struct sk_vault *vault, enum sk_vault_statement which, const char *key);
/* The same after any deletion; many at once: when they end. Copies that a migration left beside the vault go too: they hold
 * what was erased. */
enum sk_err sk_vault_erased(struct sk_vault *vault);
enum sk_err sk_vault_settle(struct sk_vault *vault); /* what sk_vault_end() does about it */

#endif
