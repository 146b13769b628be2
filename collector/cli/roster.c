/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho roster import`: passes a CSV file's descriptor to the collector, which reads and checks all of it and stores all or
 * nothing; prints each bad row with its field and reason. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/cli.h"
#include "collector/cli/talk.h"
#include "schemas/base/json.h"

struct options {
    const char *file, *state, *approver, *office;
    bool dry_run;
};

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.office = ""};
    for (int i = 2; i < argc; i++) {
        const char **value = strcmp(argv[i], "--state") == 0      ? &options->state
                             : strcmp(argv[i], "--approver") == 0 ? &options->approver
                             : strcmp(argv[i], "--office") == 0   ? &options->office
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

static int show(const cJSON *answer)
{
    const cJSON *item, *result = sk_json_get(answer, "result");
    if (!cJSON_IsTrue(sk_json_get(answer, "ok"))) {
        const char *detail = sk_json_text(sk_json_get(answer, "detail"));
        fprintf(stderr, "sekisho roster: %s\n", detail != NULL ? detail : "refused");
        return SK_EXIT_REFUSED;
    }
    cJSON_ArrayForEach(item, sk_json_get(result, "bad"))
    {
        int64_t row = 0;
        sk_json_i64(sk_json_get(item, "row"), &row);
        printf(sk_cli_text("%lld行目 %s: %s\n", "row %lld, %s: %s\n"), (long long)row, sk_json_text(sk_json_get(item, "field")),
               sk_json_text(sk_json_get(item, "reason")));
    }
    int64_t rows = 0, bad = 0;
    sk_json_i64(sk_json_get(result, "rows"), &rows);
    sk_json_i64(sk_json_get(result, "bad_count"), &bad);
    const bool stored = cJSON_IsTrue(sk_json_get(result, "stored"));
    printf(sk_cli_text("%lld行、誤り%lld件: %s\n", "%lld rows, %lld mistakes: %s\n"), (long long)rows, (long long)bad,
           stored ? sk_cli_text("取り込みました", "imported") : sk_cli_text("取り込んでいません", "nothing was imported"));
    return bad == 0 ? SK_EXIT_OK : SK_EXIT_REFUSED;
}

/* One command of the roster with its arguments as JSON, as collector/PROTOCOL.md lists them. */
static int run_one(const char *name, const char *arguments, const char *state)
{
    struct sk_fault fault = {0};
    cJSON *args = NULL, *command = cJSON_CreateObject();
    struct sk_talk talk = {.fd = -1};
    if (sk_json_parse(arguments, strlen(arguments), &SK_JSON_REQUEST, &args, &fault) != SK_OK) {
        fprintf(stderr, "sekisho roster: %s\n", fault.text);
        cJSON_Delete(command);
        return SK_EXIT_USAGE;
    }
    cJSON_AddStringToObject(command, "cmd", name);
    cJSON_AddItemToObject(command, "args", args);
    talk = sk_talk_open(state);
    cJSON *answer = talk.in != NULL ? sk_talk_ask(&talk, command, &fault) : NULL;
    const bool good = cJSON_IsTrue(sk_json_get(answer, "ok"));
    const char *detail = sk_json_text(sk_json_get(answer, "detail"));
    char *text = good ? cJSON_PrintUnformatted(sk_json_get(answer, "result")) : NULL;
    if (good && text != NULL)
        puts(text);
    else if (talk.in == NULL)
        fprintf(stderr, "sekisho roster: cannot reach the collector; is it running with this --state?\n");
    else
        fprintf(stderr, "sekisho roster: %s\n", detail != NULL ? detail : fault.text);
    if (talk.in == NULL)
        cJSON_Delete(command);
    else
        fclose(talk.in);
    cJSON_free(text);
    cJSON_Delete(answer);
    return good ? SK_EXIT_OK : SK_EXIT_REFUSED;
}

static cJSON *command_of(const struct options *options)
{
    cJSON *command = cJSON_CreateObject(), *args = cJSON_CreateObject();
    cJSON_AddStringToObject(command, "cmd", "roster.import");
    cJSON_AddStringToObject(args, "approver", options->approver);
    cJSON_AddStringToObject(args, "office", options->office);
    cJSON_AddBoolToObject(args, "dry_run", options->dry_run);
    cJSON_AddItemToObject(command, "args", args);
    return command;
}

static int import_file(const struct options *options)
{
    struct sk_fault fault = {0};
    const int file = open(options->file, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        fprintf(stderr, "sekisho roster: %s: %s\n", options->file, sk_cli_text("読めません", "cannot be read"));
        return SK_EXIT_FAILED;
    }
    struct sk_talk talk = sk_talk_open(options->state);
    int code = SK_EXIT_FAILED;
    if (talk.fd < 0 || talk.in == NULL) {
        fprintf(stderr, "sekisho roster: cannot reach the collector; is it running with this --state?\n");
    } else {
        cJSON *answer = sk_talk_ask_with(&talk, command_of(options), file, &fault);
        code = answer != NULL ? show(answer) : SK_EXIT_FAILED;
        if (answer == NULL)
            fprintf(stderr, "sekisho roster: %s\n", fault.text);
        cJSON_Delete(answer);
        fclose(talk.in);
    }
    close(file);
    return code;
}

int sk_cli_roster(int argc, char **argv)
{
    struct options options;
    if (argc == 6 && strcmp(argv[1], "do") == 0 && strcmp(argv[4], "--state") == 0)
        return run_one(argv[2], argv[3], argv[5]);
    if (argc < 2 || strcmp(argv[1], "import") != 0)
        return sk_cli_usage("roster", "expected: import, or do COMMAND JSON --state DIR", argc < 2 ? "" : argv[1]);
    if (!read_options(argc, argv, &options))
        return sk_cli_usage("roster", "expected: import FILE.csv --state DIR --approver ID [--office TEXT] [--dry-run]", "");
    return import_file(&options);
}
