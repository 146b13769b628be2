/* SPDX-License-Identifier: Apache-2.0 */
/* What subcommands that send commands share: a file as text, one command to its answer, an import's answer for people.
 * name: of the subcommand, for complaints. */
#ifndef SK_CLI_SEND_H
#define SK_CLI_SEND_H

#include <cjson/cJSON.h>

enum { SK_CLI_FILE_MAX = 60000 }; /* bytes: an import travels in one line */

/* The file's text in SK_CLI_FILE_MAX + 2 bytes (sk_free_secret); NULL after complaining. */
char *sk_cli_read_file(const char *name, const char *path);
/* Sends the command (taken); the answer is the caller's, NULL after complaining. */
cJSON *sk_cli_ask(const char *name, const char *state, cJSON *command);
/* The same, and the result as JSON on stdout, or the refusal with every fault on stderr; an exit code. */
int sk_cli_send(const char *name, const char *state, cJSON *command);
/* Sends an import (taken) and prints each bad row; an exit code. */
int sk_cli_import(const char *name, const char *state, cJSON *command);

#endif
