/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault beside a log proves of the texts that people typed: each one that is there is what was typed, or it is said
 * which is not. Only for whoever may read the vault; the log's own proofs need none of it. */
#ifndef SK_CLI_WORDS_H
#define SK_CLI_WORDS_H

#include "schemas/store/store.h"

/* Prints one line. CORRUPT with a fault: a text is another than the one that was typed. SK_OK when there is no vault to read.
 */
enum sk_err sk_cli_words(const char *directory, struct sk_store *store, struct sk_fault *fault);

#endif
