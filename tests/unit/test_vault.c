/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and secrets: issued once, found by hash only, refused with one answer for every reason. */
#include "tests/unit/store_support.h"

#include <sqlite3.h>

#include "schemas/store/vault.h"

static struct sk_vault *vault_open(void)
{
    struct sk_vault *vault = NULL;
    struct sk_fault fault = {0};
    if (sk_vault_open(support_directory, &vault, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    return vault;
}

static void accounts(void **state)
{
    (void)state;
    struct sk_vault *vault = vault_open();
    char text[SK_SECRET_TEXT], longest[SK_ACCOUNT_ID_MAX + 1];
    assert_int_equal(sk_vault_account_create(vault, "op", 2, "", 1), SK_OK);
    assert_int_equal(sk_vault_account_create(vault, "op", 2, "", 1), SK_ERR_EXISTS);
    assert_int_equal(sk_vault_account_create(vault, "", 2, "", 1), SK_ERR_INVALID);
    assert_int_equal(sk_vault_account_create(vault, "a\nb", 2, "", 1), SK_ERR_INVALID);
    char person[SK_ACCOUNT_PERSON_MAX] = "?";
    assert_int_equal(sk_vault_account_person(vault, "op", person), SK_OK);
    assert_string_equal(person, "");
    assert_int_equal(sk_vault_account_create(vault, "op2", 2, "p-7", 1), SK_OK);
    assert_int_equal(sk_vault_account_person(vault, "op2", person), SK_OK);
    assert_string_equal(person, "p-7");
    assert_int_equal(sk_vault_account_person(vault, "nobody", person), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_vault_account_create(vault, "op3", 2, "123456789012345678901234567890123456789012345678", 1),
                     SK_ERR_INVALID);
    memset(longest, 'a', sizeof longest);
    longest[SK_ACCOUNT_ID_MAX] = '\0';
    assert_int_equal(sk_vault_account_create(vault, longest, 2, "", 1), SK_ERR_INVALID);
    assert_int_equal(sk_vault_secret_issue(vault, "nobody", "token", 1, 0, 0, text), SK_ERR_NOT_FOUND);
    assert_int_equal(text[0], '\0');
    assert_int_equal(sk_vault_secret_issue(vault, "op", "cookie", 1, 0, 0, text), SK_ERR_INVALID);
    sk_vault_close(vault);
}

static void a_token_survives_a_restart(void **state)
{
    (void)state;
    struct sk_vault *vault = vault_open();
    struct sk_account account;
    char text[SK_SECRET_TEXT], kind[16];
    struct stat status;
    assert_int_equal(sk_vault_account_create(vault, "op", 1 << SK_ROLE_OPERATOR, "", 1), SK_OK);
    assert_int_equal(sk_vault_secret_issue(vault, "op", "token", 1, 0, 0, text), SK_OK);
    assert_int_equal(strlen(text), SK_SECRET_TEXT - 1);
    assert_memory_equal(text, "skt_", 4);
    sk_vault_close(vault);
    assert_int_equal(stat(support_path("vault.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    vault = vault_open();
    assert_int_equal(sk_vault_secret_check(vault, text, INT64_MAX, true, &account, kind), SK_OK);
    assert_string_equal(account.id, "op");
    assert_int_equal(account.roles, 1 << SK_ROLE_OPERATOR);
    assert_true(account.enabled);
    assert_string_equal(kind, "token");
    assert_int_equal(sk_vault_secret_revoke(vault, text), SK_OK);
    assert_int_equal(sk_vault_secret_revoke(vault, text), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_vault_secret_check(vault, text, 2, true, &account, kind), SK_ERR_UNAUTHENTICATED);
    sk_vault_close(vault);
}

static void refusals(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "skt_",
                                        "skt_00",
                                        "xxx_",
                                        "skt_0000000000000000000000000000000000000000000000000000000000000000",
                                        "skt_00000000000000000000000000000000000000000000000000000000000000000"};
    struct sk_vault *vault = vault_open();
    struct sk_account account;
    char kind[16];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(sk_vault_secret_check(vault, texts[i], 1, true, &account, kind), SK_ERR_UNAUTHENTICATED);
    sk_vault_close(vault);
}

static void sessions_expire_and_idle_out(void **state)
{
    (void)state;
    enum { ISSUED = 1000, EXPIRES = 5000, IDLE = 100 };
    struct sk_vault *vault = vault_open();
    struct sk_account account;
    char text[SK_SECRET_TEXT], kind[16];
    assert_int_equal(sk_vault_account_create(vault, "op", 1, "", 1), SK_OK);
    assert_int_equal(sk_vault_secret_issue(vault, "op", "session", ISSUED, EXPIRES, IDLE, text), SK_OK);
    assert_int_equal(sk_vault_secret_check(vault, text, 1100, false, &account, kind), SK_ERR_UNAUTHENTICATED);
    assert_int_equal(sk_vault_secret_check(vault, text, 1099, false, &account, kind), SK_OK); /* looking does not renew */
    assert_int_equal(sk_vault_secret_check(vault, text, 1100, true, &account, kind), SK_ERR_UNAUTHENTICATED);
    for (int64_t now = 1099; now < EXPIRES; now += 99)
        assert_int_equal(sk_vault_secret_check(vault, text, now, true, &account, kind), SK_OK);
    assert_int_equal(sk_vault_secret_check(vault, text, EXPIRES, true, &account, kind), SK_ERR_UNAUTHENTICATED);
    assert_string_equal(kind, "session");
    sk_vault_close(vault);
}

static void a_disabled_account_is_nobody(void **state)
{
    (void)state;
    struct sk_vault *vault = vault_open();
    struct sk_account account;
    char text[SK_SECRET_TEXT], kind[16];
    sqlite3 *db;
    assert_int_equal(sk_vault_account_create(vault, "op", 1, "", 1), SK_OK);
    assert_int_equal(sk_vault_secret_issue(vault, "op", "token", 1, 0, 0, text), SK_OK);
    assert_int_equal(sqlite3_open(support_path("vault.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE account SET enabled = 0", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(sk_vault_secret_check(vault, text, 2, true, &account, kind), SK_ERR_UNAUTHENTICATED);
    sk_vault_close(vault);
}

/* The secret's text is in no file of the vault; after revoking, its hash is in none either. */
static bool files_hold(const void *needle, size_t length)
{
    static const char *const names[] = {"vault.db", "vault.db-wal"};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(support_path(names[i]), "rb");
        if (file == NULL)
            continue;
        char *bytes = malloc(1 << 20);
        const size_t got = fread(bytes, 1, 1 << 20, file);
        found = found || memmem(bytes, got, needle, length) != NULL;
        free(bytes);
        fclose(file);
    }
    return found;
}

static void only_the_hash_is_stored(void **state)
{
    (void)state;
    struct sk_vault *vault = vault_open();
    struct sk_sha256 *sha;
    struct sk_hash hash;
    char text[SK_SECRET_TEXT];
    uint8_t raw[32];
    assert_int_equal(sk_vault_account_create(vault, "op", 1, "", 1), SK_OK);
    assert_int_equal(sk_vault_secret_issue(vault, "op", "token", 1, 0, 0, text), SK_OK);
    assert_true(sk_hex_read(raw, sizeof raw, text + 4));
    const struct sk_slice slice = {text, strlen(text)};
    assert_int_equal(sk_sha256_create(&sha), SK_OK);
    assert_int_equal(sk_sha256_run(sha, &slice, 1, &hash), SK_OK);
    sk_sha256_free(sha);
    assert_true(files_hold(hash.bytes, sizeof hash));
    assert_false(files_hold(text + 4, 64));
    assert_false(files_hold(raw, sizeof raw));
    sk_vault_close(vault);
}

static void second_vault_is_refused(void **state)
{
    (void)state;
    struct sk_vault *vault = vault_open(), *second;
    struct sk_fault fault;
    assert_int_equal(sk_vault_open(support_directory, &second, &fault), SK_ERR_BUSY);
    sk_vault_close(vault);
}

#define T(name) cmocka_unit_test_setup_teardown(name, support_setup, support_teardown)
static void erased_words_are_gone_from_disk(void **state)
{
    (void)state;
    struct sk_vault *vault = vault_open();
    struct sk_words words = {.tag = SK_TAG_REASON_TEXT, .text = "Yamada asked for it"}, found;
    const struct sk_hash none = {{0}};
    int64_t told_us = 0;
    FILE *copy = fopen(support_path("vault.db.before-v6"), "wb"); /* as a migration leaves it */
    assert_non_null(copy);
    fputs("Yamada", copy);
    fclose(copy);
    assert_int_equal(sk_words_seal(&words), SK_OK);
    assert_int_equal(sk_vault_words_put(vault, &words, 17), SK_OK);
    assert_int_equal(sk_vault_words_get(vault, &words.commit, &found), SK_OK);
    assert_string_equal(found.text, words.text);
    assert_memory_equal(found.salt, words.salt, sizeof found.salt);
    assert_int_equal(sk_vault_words_next(vault, &none, &found, &told_us), SK_OK);
    assert_int_equal(told_us, 17);
    assert_int_equal(sk_vault_words_next(vault, &words.commit, &found, &told_us), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_vault_words_erase(vault, &words.commit), SK_OK);
    assert_int_equal(sk_vault_words_erase(vault, &words.commit), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_vault_words_get(vault, &words.commit, &found), SK_ERR_NOT_FOUND);
    assert_false(support_tree_has("Yamada"));
    sk_vault_close(vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(accounts),
        T(a_token_survives_a_restart),
        T(refusals),
        T(sessions_expire_and_idle_out),
        T(a_disabled_account_is_nobody),
        T(only_the_hash_is_stored),
        T(second_vault_is_refused),
        T(erased_words_are_gone_from_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
