/* SPDX-License-Identifier: Apache-2.0 */
/* The vault: accounts, hashes of tokens and sessions, and (later) names and personal keys. Collector only, vault.db 0600,
 * secure_delete on. A token is 32 random bytes, shown once as "skt_" + 64 hex; only its SHA-256 is stored. */
#ifndef SK_STORE_VAULT_H
#define SK_STORE_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/crypto.h"
#include "schemas/base/err.h"

enum { SK_ACCOUNT_ID_MAX = 64, SK_SECRET_TEXT = 4 + 64 + 1 };

struct sk_account {
    char id[SK_ACCOUNT_ID_MAX];
    uint16_t roles; /* 1 << enum sk_role */
    bool enabled;
};

struct sk_vault;
enum sk_err sk_vault_open(const char *directory, struct sk_vault **ret_vault, struct sk_fault *fault);
void sk_vault_close(struct sk_vault *vault);

enum sk_err sk_vault_account_create(struct sk_vault *vault, const char *id, uint16_t roles, int64_t now_us); /* EXISTS */
/* Issues a secret for an account: kind "token" (bearer) or "session" (cookie). The text is shown once and never stored.
 * expires_us 0: never. idle_us 0: no idle limit. */
enum sk_err sk_vault_secret_issue(struct sk_vault *vault, const char *account, const char *kind, int64_t now_us,
                                  int64_t expires_us, int64_t idle_us, char ret_text[SK_SECRET_TEXT]);
/* Who is this? UNAUTHENTICATED for unknown, expired, idle too long or disabled: one answer for all four. touch renews idle. */
enum sk_err sk_vault_secret_check(struct sk_vault *vault, const char *text, int64_t now_us, bool touch,
                                  struct sk_account *ret_account, char ret_kind[16]);
enum sk_err sk_vault_secret_revoke(struct sk_vault *vault, const char *text);

#endif
