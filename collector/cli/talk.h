/* SPDX-License-Identifier: Apache-2.0 */
/* One command connection to a collector, for subcommands that act on a running one. */
#ifndef SK_CLI_TALK_H
#define SK_CLI_TALK_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "schemas/base/err.h"

/* fd -1 (or in NULL): it cannot be reached. Ended by fclose(in). */
struct sk_talk {
    int fd;
    FILE *in;
};
struct sk_talk sk_talk_open(const char *state);
/* Sends one command (taken) and reads its answer, the caller's; NULL: the fault says why. */
cJSON *sk_talk_ask(const struct sk_talk *talk, cJSON *command, struct sk_fault *fault);
/* The same with a file that travels as its descriptor (-1: none). */
cJSON *sk_talk_ask_with(const struct sk_talk *talk, cJSON *command, int file, struct sk_fault *fault);

#endif
