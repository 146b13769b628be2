/* SPDX-License-Identifier: Apache-2.0 */
/* Files in, commands out, answers to people. */
#include "collector/cli/send.h"

#include <stdio.h>
#include <string.h>

#include "collector/cli/cli.h"
#include "collector/cli/talk.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

char *sk_cli_read_file(const char *name, const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = file != NULL ? sk_calloc(SK_CLI_FILE_MAX + 2, 1) : NULL;
    const size_t length = text != NULL ? fread(text, 1, SK_CLI_FILE_MAX + 1, file) : 0;
    const bool bad = text == NULL || ferror(file) != 0;
    if (file != NULL)
        fclose(file);
    if (!bad && length <= SK_CLI_FILE_MAX)
        return text;
    fprintf(
        stderr, "sekisho %s: %s: %s\n", name, path,
        bad ? sk_cli_text("読めません", "cannot be read")
            : sk_cli_text("60 000バイトを超えます。分けて取り込んでください", "more than 60 000 bytes; import it in parts"));
    sk_free(text);
    return NULL;
}

cJSON *sk_cli_ask(const char *name, const char *state, cJSON *command)
{
    struct sk_fault fault = {0};
    struct sk_talk talk = sk_talk_open(state);
    if (talk.fd < 0 || talk.in == NULL) {
        fprintf(stderr, "sekisho %s: cannot reach the collector; is it running with this --state?\n", name);
        cJSON_Delete(command);
        return NULL;
    }
    cJSON *answer = sk_talk_ask(&talk, command, &fault);
    if (answer == NULL)
        fprintf(stderr, "sekisho %s: %s\n", name, fault.text);
    fclose(talk.in);
    return answer;
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

int sk_cli_import(const char *name, const char *state, cJSON *command)
{
    cJSON *answer = sk_cli_ask(name, state, command);
    const int code = answer != NULL ? show_import(name, answer) : SK_EXIT_FAILED;
    cJSON_Delete(answer);
    return code;
}
