/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho register`: the registers from the command line. One row per verb; each makes one command of its words. `words` needs
 * no collector: it prints what a register has, which is also the first line of its CSV. */
#include <stdio.h>
#include <string.h>

#include "collector/cli/cli.h"
#include "collector/cli/send.h"
#include "schemas/base/json.h"
#include "schemas/model/register.h"

enum { WORDS_MAX = 3 };
struct options {
    const char *words[WORDS_MAX], *state, *reason;
    int count;
    bool dry_run, open;
};

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.reason = ""};
    for (int i = 2; i < argc; i++) {
        const char **value = strcmp(argv[i], "--state") == 0    ? &options->state
                             : strcmp(argv[i], "--reason") == 0 ? &options->reason
                                                                : NULL;
        if (strcmp(argv[i], "--dry-run") == 0)
            options->dry_run = true;
        else if (strcmp(argv[i], "--open") == 0)
            options->open = true;
        else if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else if (value == NULL && argv[i][0] != '-' && options->count < WORDS_MAX)
            options->words[options->count++] = argv[i];
        else
            return false;
    }
    return true;
}

/* --- words --- */

static void show_fields(uint8_t register_)
{
    const struct sk_field_row *field;
    for (size_t i = 0; (field = sk_field_at(register_, i)) != NULL; i++)
        printf("  %-24s %s%s%s%s%s%s\n", field->name, sk_cli_text(field->ja, field->en),
               (field->flags & SK_FF_REQUIRED) != 0 ? " !" : "", (field->flags & SK_FF_LIST) != 0 ? " [;]" : "",
               (field->flags & SK_FF_PERSONAL) != 0 ? sk_cli_text(" (個人情報)", " (personal)")
               : (field->flags & SK_FF_WORDS) != 0  ? sk_cli_text(" (自由記述)", " (free text)")
                                                    : "",
               field->words[0] != '\0' ? ": " : "", field->words);
}

static void show_acts(uint8_t register_)
{
    const struct sk_act_row *act;
    for (size_t i = 0; (act = sk_act_at(i)) != NULL; i++)
        if (act->register_ == register_)
            printf("  %-24s %s -> %s  %s\n", sk_act_word(act), act->permission,
                   act->to != 0 ? sk_register_state_name(act->to) : "(same)", act->fields);
}

static int run_words(const struct options *options, cJSON *args)
{
    const struct sk_register_row *row;
    bool found = false;
    cJSON_Delete(args);
    for (size_t i = 0; (row = sk_register_at(i)) != NULL; i++) {
        if (options->count > 0 && strcmp(row->name, options->words[0]) != 0)
            continue;
        found = true;
        printf("%s (%s-, /api/v1/%s) %s\n", row->name, row->prefix, row->path, sk_cli_text(row->ja, row->en));
        if (options->count == 0)
            continue;
        show_fields(row->number);
        show_acts(row->number);
    }
    return found ? SK_EXIT_OK : sk_cli_usage("register", "no such register", options->words[0]);
}

/* --- commands --- */

static cJSON *command_of(const char *name, const struct options *options, cJSON *args)
{
    cJSON *command = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "reason", options->reason);
    cJSON_AddStringToObject(command, "cmd", name);
    cJSON_AddItemToObject(command, "args", args);
    return command;
}

static int send(const char *name, const struct options *options, cJSON *args)
{
    return sk_cli_send("register", options->state, command_of(name, options, args));
}

static int run_list(const struct options *options, cJSON *args)
{
    cJSON_AddStringToObject(args, "register", options->words[0]);
    cJSON_AddBoolToObject(args, "open", options->open);
    return send("register.list", options, args);
}

static int run_get(const struct options *options, cJSON *args)
{
    cJSON_AddStringToObject(args, "entry", options->words[0]);
    return send("register.get", options, args);
}

/* Takes args; the fields are the last word. */
static int send_fields(const struct options *options, cJSON *args, const char *text)
{
    struct sk_fault fault = {0};
    cJSON *fields = NULL;
    if (sk_json_parse(text, strlen(text), &SK_JSON_REQUEST, &fields, &fault) != SK_OK) {
        fprintf(stderr, "sekisho register: %s\n", fault.text);
        cJSON_Delete(args);
        return SK_EXIT_USAGE;
    }
    cJSON_AddItemToObject(args, "fields", fields);
    return send("register.act", options, args);
}

static int run_open(const struct options *options, cJSON *args)
{
    cJSON_AddStringToObject(args, "register", options->words[0]);
    return send_fields(options, args, options->words[1]);
}

static int run_act(const struct options *options, cJSON *args)
{
    cJSON_AddStringToObject(args, "entry", options->words[0]);
    cJSON_AddStringToObject(args, "act", options->words[1]);
    return send_fields(options, args, options->words[2]);
}

static int run_import(const struct options *options, cJSON *args)
{
    cJSON_AddStringToObject(args, "register", options->words[0]);
    cJSON_AddBoolToObject(args, "dry_run", options->dry_run);
    return sk_cli_import("register", options->state, options->words[1], command_of("register.import", options, args));
}

static const struct {
    const char *verb;
    int least, most; /* words behind it */
    int (*run)(const struct options *options, cJSON *args);
} verbs[] = {{"words", 0, 1, run_words}, {"list", 1, 1, run_list}, {"get", 1, 1, run_get},
             {"open", 2, 2, run_open},   {"act", 3, 3, run_act},   {"import", 2, 2, run_import}};

int sk_cli_register(int argc, char **argv)
{
    struct options options;
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].verb) != 0)
            continue;
        if (!read_options(argc, argv, &options) || options.count < verbs[i].least || options.count > verbs[i].most ||
            (options.state == NULL && verbs[i].run != run_words))
            break;
        return verbs[i].run(&options, cJSON_CreateObject());
    }
    return sk_cli_usage("register", "expected: words, list, get, open, act or import, and --state DIR",
                        argc < 2 ? "" : argv[1]);
}
