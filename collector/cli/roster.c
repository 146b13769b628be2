/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho roster import`: passes a CSV file's descriptor to the collector, which reads and checks all of it and stores all or
 * nothing; prints each bad row with its field and reason. */
#include <stdio.h>
#include <string.h>

#include "collector/cli/cli.h"
#include "collector/cli/send.h"
#include "schemas/base/json.h"

struct options {
    const char *file, *state, *approver, *office, *reason;
    bool dry_run;
};

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.office = "", .reason = ""};
    for (int i = 2; i < argc; i++) {
        const char **value = strcmp(argv[i], "--state") == 0      ? &options->state
                             : strcmp(argv[i], "--approver") == 0 ? &options->approver
                             : strcmp(argv[i], "--office") == 0   ? &options->office
                             : strcmp(argv[i], "--reason") == 0   ? &options->reason
                                                                  : NULL;
        if (strcmp(argv[i], "--dry-run") == 0)
            options->dry_run = true;
        else if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else if (value == NULL && argv[i][0] != '-' && options->file == NULL)
            options->file = argv[i];
        else
            return false;
    }
    return options->file != NULL && options->state != NULL && options->approver != NULL;
}

/* One command of the roster with its arguments as JSON, as collector/PROTOCOL.md lists them. */
static int run_one(const char *name, const char *arguments, const char *state)
{
    struct sk_fault fault = {0};
    cJSON *args = NULL;
    if (sk_json_parse(arguments, strlen(arguments), &SK_JSON_REQUEST, &args, &fault) != SK_OK) {
        fprintf(stderr, "sekisho roster: %s\n", fault.text);
        return SK_EXIT_USAGE;
    }
    cJSON *command = cJSON_CreateObject();
    cJSON_AddStringToObject(command, "cmd", name);
    cJSON_AddItemToObject(command, "args", args);
    return sk_cli_send("roster", state, command);
}

static cJSON *command_of(const struct options *options)
{
    cJSON *command = cJSON_CreateObject(), *args = cJSON_CreateObject();
    cJSON_AddStringToObject(command, "cmd", "roster.import");
    cJSON_AddStringToObject(args, "approver", options->approver);
    cJSON_AddStringToObject(args, "office", options->office);
    cJSON_AddStringToObject(args, "reason", options->reason);
    cJSON_AddBoolToObject(args, "dry_run", options->dry_run);
    cJSON_AddItemToObject(command, "args", args);
    return command;
}

int sk_cli_roster(int argc, char **argv)
{
    struct options options;
    if (argc == 6 && strcmp(argv[1], "do") == 0 && strcmp(argv[4], "--state") == 0)
        return run_one(argv[2], argv[3], argv[5]);
    if (argc < 2 || strcmp(argv[1], "import") != 0)
        return sk_cli_usage("roster", "expected: import, or do COMMAND JSON --state DIR", argc < 2 ? "" : argv[1]);
    if (!read_options(argc, argv, &options))
        return sk_cli_usage(
            "roster", "expected: import FILE.csv --state DIR --approver ID [--office TEXT] [--reason TEXT] [--dry-run]", "");
    return sk_cli_import("roster", options.state, options.file, command_of(&options));
}
