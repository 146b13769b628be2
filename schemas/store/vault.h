/* SPDX-License-Identifier: Apache-2.0 */
/* The vault: accounts, hashes of tokens and sessions, names of people. Collector only, vault.db 0600,
 * secure_delete on. A token is 32 random bytes, shown once as "skt_" + 64 hex; only its SHA-256 is stored. */
#ifndef SK_STORE_VAULT_H
#define SK_STORE_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/crypto.h"
#include "schemas/base/err.h"

enum { SK_ACCOUNT_ID_MAX = 64, SK_ACCOUNT_PERSON_MAX = 48, SK_SECRET_TEXT = 4 + 64 + 1 };

struct sk_account {
    char id[SK_ACCOUNT_ID_MAX];
    uint16_t roles; /* 1 << enum sk_role */
    bool enabled;
};

struct sk_vault;
enum sk_err sk_vault_open(const char *directory, struct sk_vault **ret_vault, struct sk_fault *fault);
/* Beside the one writer, for reading names only; a process of the collector's user. Every put fails. */
enum sk_err sk_vault_open_reader(const char *directory, struct sk_vault **ret_vault, struct sk_fault *fault);
void sk_vault_close(struct sk_vault *vault);

/* person: id on the roster of whose account it is, "" nobody's in particular; the caller knows that he exists. EXISTS. */
enum sk_err sk_vault_account_create(struct sk_vault *vault, const char *id, uint16_t roles, const char *person, int64_t now_us);
/* "" when it is tied to nobody; NOT_FOUND: no such account. */
enum sk_err sk_vault_account_person(struct sk_vault *vault, const char *id, char ret_person[SK_ACCOUNT_PERSON_MAX]);
/* Issues a secret for an account: kind "token" (bearer) or "session" (cookie). The text is shown once and never stored.
 * expires_us 0: never. idle_us 0: no idle limit. */
enum sk_err sk_vault_secret_issue(struct sk_vault *vault, const char *account, const char *kind, int64_t now_us,
                                  int64_t expires_us, int64_t idle_us, char ret_text[SK_SECRET_TEXT]);
/* Who is this? UNAUTHENTICATED for unknown, expired, idle too long or disabled: one answer for all four. touch renews idle. */
enum sk_err sk_vault_secret_check(struct sk_vault *vault, const char *text, int64_t now_us, bool touch,
                                  struct sk_account *ret_account, char ret_kind[16]);
enum sk_err sk_vault_secret_revoke(struct sk_vault *vault, const char *text);

/* --- people: all that names them; log.db holds a salted commitment to it (schemas/model/roster.h) --- */
enum { SK_LABEL_MAX = 128, SK_CHAIN_MAX = 512, SK_LABEL_SALT = 32 };
struct sk_person_label {
    char id[48];
    uint64_t version; /* of the roster: label as it was from then on */
    char ref[SK_LABEL_MAX], name[SK_LABEL_MAX], furigana[SK_LABEL_MAX], company[SK_LABEL_MAX];
    char chain[SK_CHAIN_MAX]; /* companies above his own, from the one under contract down, parted by " > "; "" none */
    uint8_t salt[SK_LABEL_SALT];
};
/* HMAC-SHA-256 under the salt over the four texts, each with its length before it, and the chain if there
 * is one. */
enum sk_err sk_person_label_commit(const struct sk_person_label *label, struct sk_hash *ret_commit);
/* Written before the record that commits to it: a crash in between leaves a row that nothing refers to; it is replaced when its
 * id and version come again. */
enum sk_err sk_vault_person_put(struct sk_vault *vault, const struct sk_person_label *label);
enum sk_err sk_vault_person_get(struct sk_vault *vault, const char *id, uint64_t version, struct sk_person_label *ret_label);
/* The id of the person with this ref under that version or older; NOT_FOUND. */
enum sk_err sk_vault_person_by_ref(struct sk_vault *vault, const char *ref, uint64_t version, char ret_id[48]);
/* People who ever were of this company, in order of their ids: the first after `after` ("" begins); NOT_FOUND ends. */
enum sk_err sk_vault_person_by_company(struct sk_vault *vault, const char *company, const char *after, char ret_id[48]);
enum sk_err sk_vault_card_put(struct sk_vault *vault, const char *id, const char *printed);
enum sk_err sk_vault_card_get(struct sk_vault *vault, const char *id, char ret_printed[SK_LABEL_MAX]);
/* Every label of the person, with its salts; a card's printed number. Overwritten on disk when this returns (the journal of the
 * database too); copies in backups follow their own expiry. SK_OK also when there is nothing. */
enum sk_err sk_vault_person_erase(struct sk_vault *vault, const char *id);
enum sk_err sk_vault_card_erase(struct sk_vault *vault, const char *id);
/* --- registers: the personal fields of an entry, by the step that said them; the log holds a salted commitment --- */
enum { SK_PERSONAL_MAX = 4000 };
struct sk_register_personal {
    uint8_t salt[SK_LABEL_SALT];
    uint8_t fields[SK_PERSONAL_MAX]; /* a field list (schemas/model/register.h) */
    size_t length;
};
enum sk_err sk_register_personal_commit(const struct sk_register_personal *personal, struct sk_hash *ret_commit);
/* Before the record that commits to it, as with people; put again it replaces. */
enum sk_err sk_vault_register_put(struct sk_vault *vault, const char *entry, uint32_t step,
                                  const struct sk_register_personal *personal);
enum sk_err sk_vault_register_get(struct sk_vault *vault, const char *entry, uint32_t step,
                                  struct sk_register_personal *ret_personal);
enum sk_err sk_vault_register_erase(struct sk_vault *vault, const char *entry); /* all steps; NOT_FOUND: there was nothing */
bool sk_vault_account_exists(struct sk_vault *vault, const char *id);
/* Many puts or erasures at once, all or none; the journal is overwritten when they end. */
enum sk_err sk_vault_begin(struct sk_vault *vault);
enum sk_err sk_vault_end(struct sk_vault *vault, bool keep);

#endif
