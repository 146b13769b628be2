/* SPDX-License-Identifier: Apache-2.0 */
/* The `sekisho` command: one subcommand per file, one row per subcommand in main.c.
 *
 * A subcommand gets its own arguments (argv[0] is its name), writes results to stdout and complaints to stderr, and returns an
 * exit code. Texts are Japanese or English, as the locale (LC_ALL, LC_MESSAGES, LANG) says; words of the vocabulary, keys and
 * faults stay as they are written in files. */
#ifndef SK_CLI_H
#define SK_CLI_H

#include <stdbool.h>

#include "schemas/model/vocab.h"

enum sk_exit {
    SK_EXIT_OK = 0,
    SK_EXIT_REFUSED = 1, /* the answer is no: a bad file, a broken proof */
    SK_EXIT_USAGE = 2,   /* the command line was not understood */
    SK_EXIT_FAILED = 3   /* we could not find out: no memory, no file */
};

int sk_cli_account(int argc, char **argv);
int sk_cli_check(int argc, char **argv);
int sk_cli_register(int argc, char **argv);
int sk_cli_list(int argc, char **argv);
int sk_cli_review(int argc, char **argv);
int sk_cli_roster(int argc, char **argv);
int sk_cli_verify(int argc, char **argv);

/* The language of everything printed: as the locale wants, or as sk_cli_speak() said ("ja", "en"; false: another word). */
enum sk_lang sk_cli_language(void);
bool sk_cli_speak(const char *word);
/* ja or en, in that language. */
const char *sk_cli_text(const char *ja, const char *en);
/* Prints "sekisho <name>: <problem>" and how to get help; returns SK_EXIT_USAGE. */
int sk_cli_usage(const char *name, const char *problem, const char *argument);

#endif
