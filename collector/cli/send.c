/* SPDX-License-Identifier: Apache-2.0 */
/* Files as descriptors, commands out, answers to people. */
#include "collector/cli/send.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "collector/cli/cli.h"
#include "collector/cli/talk.h"
#include "schemas/base/json.h"

static cJSON *ask(const char *name, const char *state, cJSON *command, int file)
{
    struct sk_fault fault = {0};
    struct sk_talk talk = sk_talk_open(state);
    if (talk.fd < 0 || talk.in == NULL) {
        fprintf(stderr, "sekisho %s: cannot reach the collector; is it running with this --state?\n", name);
        cJSON_Delete(command);
        return NULL;
    }
    cJSON *answer = sk_talk_ask_with(&talk, command, file, &fault);
    if (answer == NULL)
        fprintf(stderr, "sekisho %s: %s\n", name, fault.text);
    fclose(talk.in);
    return answer;
}

cJSON *sk_cli_ask(const char *name, const char *state, cJSON *command)
{
    return ask(name, state, command, -1);
}

/* One fault a line; a refusal without faults has its sentence alone. */
static int complain(const char *name, const cJSON *answer)
{
    const cJSON *item, *faults = sk_json_get(answer, "faults");
    const char *detail = sk_json_text(sk_json_get(answer, "detail"));
    if (!cJSON_IsArray(faults))
        fprintf(stderr, "sekisho %s: %s\n", name, detail != NULL ? detail : "refused");
    else
        cJSON_ArrayForEach(item, faults)
        {
            fprintf(stderr, sk_cli_text("%s: %s が必要、実際は %s\n", "%s: expected %s, found %s\n"),
                    sk_json_text(sk_json_get(item, "field")), sk_json_text(sk_json_get(item, "expected")),
                    sk_json_text(sk_json_get(item, "found")));
        }
    return SK_EXIT_REFUSED;
}

int sk_cli_send(const char *name, const char *state, cJSON *command)
{
    cJSON *answer = sk_cli_ask(name, state, command);
    if (answer == NULL)
        return SK_EXIT_FAILED;
    int code = SK_EXIT_OK;
    char *text = cJSON_IsTrue(sk_json_get(answer, "ok")) ? cJSON_PrintUnformatted(sk_json_get(answer, "result")) : NULL;
    if (text != NULL)
        puts(text);
    else
        code = complain(name, answer);
    cJSON_free(text);
    cJSON_Delete(answer);
    return code;
}

static int show_import(const char *name, const cJSON *answer)
{
    const cJSON *item, *result = sk_json_get(answer, "result");
    if (!cJSON_IsTrue(sk_json_get(answer, "ok")))
        return complain(name, answer);
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

int sk_cli_import(const char *name, const char *state, const char *path, cJSON *command)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        fprintf(stderr, "sekisho %s: %s: %s\n", name, path, sk_cli_text("読めません", "cannot be read"));
        cJSON_Delete(command);
        return SK_EXIT_FAILED;
    }
    cJSON *answer = ask(name, state, command, file);
    const int code = answer != NULL ? show_import(name, answer) : SK_EXIT_FAILED;
    cJSON_Delete(answer);
    close(file);
    return code;
}
