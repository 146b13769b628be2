/* SPDX-License-Identifier: Apache-2.0 */
/* What subcommands that send commands share: one command to its answer, a file's import and its answer for people.
 * name: of the subcommand, for complaints. */
#ifndef SK_CLI_SEND_H
#define SK_CLI_SEND_H

#include <cjson/cJSON.h>

/* Sends the command (taken); the result as JSON on stdout, or the refusal with every fault on stderr; an exit code. */
int sk_cli_send(const char *name, const char *state, cJSON *command);
/* Sends an import (taken) with the file's descriptor and prints each bad row; an exit code. */
int sk_cli_import(const char *name, const char *state, cJSON *command, const char *path);

#endif
