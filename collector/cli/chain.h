/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of logs that each follow a damaged one, printed and checked. */
#ifndef SK_CLI_CHAIN_H
#define SK_CLI_CHAIN_H

#include "schemas/store/succeed.h"

/* store: the log in `directory`; NULL when it cannot be read (then only what lies around it is said). CORRUPT with a sentence:
 * a successor quotes something else than the log before it holds. */
enum sk_err sk_cli_chain(const char *directory, struct sk_store *store, struct sk_fault *fault);

#endif
