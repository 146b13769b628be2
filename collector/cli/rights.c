/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho list` and `sekisho review`: one row per verb, its words and options become the arguments of one command
 * (collector/PROTOCOL.md); the result is printed as JSON, an import as its bad rows. */
#include <stdio.h>
#include <string.h>

#include "collector/cli/cli.h"
#include "collector/cli/send.h"

enum { WORDS_MAX = 3 };

static const struct verb {
    const char *group, *verb, *command;
    const char *words[WORDS_MAX + 1]; /* names of the arguments they are */
} verbs[] = {
    {"list", "show", "list.list", {NULL}},
    {"list", "rows", "list.rows", {"controller", NULL}},
    {"list", "differences", "list.differences", {NULL}},
    {"list", "access", "access.report", {"zone", NULL}},
    {"list", "import", "list.import", {"controller", NULL}},
    {"list", "signals", "signal.list", {NULL}},
    {"review", "list", "review.list", {NULL}},
    {"review", "open", "review.open", {"due", NULL}},
    {"review", "show", "review.get", {"review", NULL}},
    {"review", "rows", "review.rows", {"review", NULL}},
    {"review", "decide", "review.decide", {"review", "authorization", "decision", NULL}},
    {"review", "verify", "review.verify", {"review", "authorization", "decision", NULL}},
    {"review", "close", "review.close", {"review", NULL}},
};

/* Options with a value, by the argument they are. */
static const char *const options[] = {"at", "taken", "zone", "controller", "source", "reason", "cursor", "limit"};

static const char *option_of(const char *word)
{
    for (size_t i = 0; strncmp(word, "--", 2) == 0 && i < sizeof options / sizeof *options; i++)
        if (strcmp(word + 2, options[i]) == 0)
            return options[i];
    return NULL;
}

struct line {
    const char *state, *file;
    cJSON *args;
    bool good;
};

static void add(struct line *line, const char *name, const char *value)
{
    line->good &= cJSON_GetObjectItemCaseSensitive(line->args, name) == NULL &&
                  (strcmp(name, "limit") == 0 ? cJSON_AddRawToObject(line->args, name, value)
                                              : cJSON_AddStringToObject(line->args, name, value)) != NULL;
}

static void read_line(int argc, char **argv, const struct verb *verb, struct line *line)
{
    size_t words = 0;
    const bool import = strcmp(verb->verb, "import") == 0;
    for (int i = 2; i < argc && line->good; i++) {
        const char *option = option_of(argv[i]);
        if (strcmp(argv[i], "--dry-run") == 0)
            cJSON_AddBoolToObject(line->args, "dry_run", true);
        else if (strcmp(argv[i], "--open") == 0)
            add(line, "open", "1");
        else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            line->state = argv[++i];
        else if (option != NULL && i + 1 < argc && strspn(argv[i + 1], "0123456789") != strlen(argv[i + 1]) &&
                 strcmp(option, "limit") == 0)
            line->good = false;
        else if (option != NULL && i + 1 < argc)
            add(line, option, argv[++i]);
        else if (argv[i][0] != '-' && verb->words[words] != NULL)
            add(line, verb->words[words++], argv[i]);
        else if (argv[i][0] != '-' && import && line->file == NULL)
            line->file = argv[i];
        else
            line->good = false;
    }
    line->good &= verb->words[words] == NULL && line->state != NULL && import == (line->file != NULL);
}

static int run(const char *group, int argc, char **argv)
{
    const struct verb *verb = NULL;
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].group, group) == 0 && strcmp(verbs[i].verb, argv[1]) == 0)
            verb = &verbs[i];
    if (verb == NULL)
        return sk_cli_usage(group, sk_cli_text("知らない動詞", "unknown verb"), argc > 1 ? argv[1] : "");
    struct line line = {.args = cJSON_CreateObject(), .good = true};
    read_line(argc, argv, verb, &line);
    if (!line.good) {
        cJSON_Delete(line.args);
        return sk_cli_usage(group, sk_cli_text("引数が合いません", "the arguments do not fit"), argv[1]);
    }
    cJSON *command = cJSON_CreateObject();
    cJSON_AddStringToObject(command, "cmd", verb->command);
    cJSON_AddItemToObject(command, "args", line.args);
    return line.file != NULL ? sk_cli_import(group, line.state, line.file, command) : sk_cli_send(group, line.state, command);
}

int sk_cli_list(int argc, char **argv)
{
    return run("list", argc, argv);
}

int sk_cli_review(int argc, char **argv)
{
    return run("review", argc, argv);
}
