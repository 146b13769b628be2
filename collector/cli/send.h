/* SPDX-License-Identifier: Apache-2.0 */
/* What subcommands that send commands share: a file passed on, one command to its answer, an import's answer for people.
 * name: of the subcommand, for complaints. */
#ifndef SK_CLI_SEND_H
#define SK_CLI_SEND_H

#include <cjson/cJSON.h>

/* Sends the command (taken); the answer is the caller's, NULL after complaining. */
cJSON *sk_cli_ask(const char *name, const char *state, cJSON *command);
/* The same, and the result as JSON on stdout, or the refusal with every fault on stderr; an exit code. */
int sk_cli_send(const char *name, const char *state, cJSON *command);
/* Sends an import (taken) with the file's descriptor, which the collector reads, and prints each bad row; an exit code. */
int sk_cli_import(const char *name, const char *state, const char *path, cJSON *command);

#endif
