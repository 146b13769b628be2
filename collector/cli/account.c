/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho account`: makes an account with roles and prints a new token for it, through the control socket as the console. The
 * token is printed once, to standard output, and stored nowhere but as its hash in the vault. */
#include "collector/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "collector/cli/talk.h"
#include "schemas/base/json.h"

static int complain(const char *text)
{
    fprintf(stderr, "sekisho account: %s\n", text);
    return 1;
}

static cJSON *ask(const struct sk_talk *talk, cJSON *command)
{
    struct sk_fault fault = {0};
    cJSON *answer = sk_talk_ask(talk, command, &fault);
    if (answer == NULL)
        complain(fault.text);
    return answer;
}

static cJSON *account_command(const char *command, const char *account, const char *person, cJSON *roles)
{
    cJSON *json = cJSON_CreateObject(), *args = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "cmd", command);
    cJSON_AddStringToObject(args, "account", account);
    if (person != NULL)
        cJSON_AddStringToObject(args, "person", person);
    if (roles != NULL)
        cJSON_AddItemToObject(args, "roles", roles);
    cJSON_AddItemToObject(json, "args", args);
    return json;
}

static cJSON *split_roles(char *text)
{
    cJSON *list = cJSON_CreateArray();
    for (char *word; (word = strsep(&text, ",")) != NULL;)
        cJSON_AddItemToArray(list, cJSON_CreateString(word));
    return list;
}

static bool is_ok(const cJSON *answer, bool exists_is_fine)
{
    const char *error = sk_json_text(sk_json_get(answer, "error")), *detail = sk_json_text(sk_json_get(answer, "detail"));
    if (cJSON_IsTrue(sk_json_get(answer, "ok")) || (exists_is_fine && error != NULL && strcmp(error, "exists") == 0))
        return true;
    if (answer != NULL)
        complain(detail != NULL ? detail : "refused");
    return false;
}

int sk_cli_account(int argc, char **argv)
{
    const char *state = NULL, *account = NULL, *person = NULL;
    char *roles = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--state") == 0)
            state = argv[i + 1];
        else if (strcmp(argv[i], "--account") == 0)
            account = argv[i + 1];
        else if (strcmp(argv[i], "--roles") == 0)
            roles = argv[i + 1];
        else if (strcmp(argv[i], "--person") == 0)
            person = argv[i + 1];
        else
            return complain("unknown option; see sekisho help");
    }
    if (state == NULL || account == NULL || roles == NULL || argc % 2 == 0) {
        fputs("usage: sekisho account --state DIR --account NAME --roles ROLE[,ROLE] [--person ID]\n", stderr);
        return 2;
    }
    struct sk_talk control = sk_talk_open(state);
    if (control.fd < 0 || control.in == NULL)
        return complain("cannot reach the collector; is it running with this --state, and are you root or its user?");
    cJSON *made = ask(&control, account_command("account.create", account, person, split_roles(roles)));
    cJSON *issued = is_ok(made, person == NULL) ? ask(&control, account_command("token.create", account, NULL, NULL)) : NULL;
    bool good = is_ok(issued, false);
    if (good)
        puts(sk_json_text(sk_json_path(issued, "result.token")));
    cJSON_Delete(made);
    cJSON_Delete(issued);
    fclose(control.in);
    return good ? 0 : 1;
}
