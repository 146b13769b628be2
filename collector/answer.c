/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a command, made after the commit that holds its record: nothing that is not in the log may look as if it were.
 */
#include <string.h>
#include <unistd.h>

#include "collector/commands.h"
#include "schemas/base/json.h"
#include "schemas/model/json.h"

/* After the commit: the alarm as its row says now. */
static cJSON *alarm_result(struct sk_command_floor *floor, uint64_t occurrence)
{
    struct sk_alarm alarm;
    cJSON *json = NULL, *result = cJSON_CreateObject();
    if (result != NULL && sk_store_alarm_get(sk_recorder_store(floor->recorder), occurrence, &alarm) == SK_OK &&
        sk_alarm_to_json(&alarm, true, &json) == SK_OK && !cJSON_AddItemToObject(result, "alarm", json))
        cJSON_Delete(json);
    return result;
}

/* Only what was recorded leaves. */
static void start_export(struct sk_answer *answer)
{
    struct sk_fault fault = {0};
    if (answer->export == NULL)
        return;
    if (answer->err != SK_OK) {
        sk_export_cancel(answer->export, true);
    } else {
        answer->err = sk_export_start(answer->export, &answer->fd, &fault);
        sk_text_copy(answer->detail, sizeof answer->detail, fault.text);
    }
    answer->export = NULL;
}

void sk_answer_release(struct sk_answer *answer)
{
    cJSON_Delete(answer->result);
    cJSON_Delete(answer->faults);
    if (answer->export != NULL)
        sk_export_cancel(answer->export, true);
    if (answer->fd >= 0)
        close(answer->fd);
    *answer = (struct sk_answer){.fd = -1};
}

/* Nothing that is not in the log may look as if it were. LOST: the log refused a record of this turn for good; perhaps this
 * one's. */
static void refuse_unrecorded(struct sk_answer *answer, enum sk_err committed)
{
    const char *text = "the log cannot be written now; the act stands and will be recorded once it can";
    if (answer->export != NULL)
        text = "the log cannot be written now; nothing was exported";
    if (committed == SK_ANSWERS_LOST)
        text = "the log refused a record of this moment for good; read what stands before doing it again";
    answer->err = committed == SK_ANSWERS_LOST ? SK_ERR_TOO_LONG : SK_ERR_FULL;
    sk_text_copy(answer->detail, sizeof answer->detail, text);
}

enum sk_err sk_answer_to_line(struct sk_command_floor *floor, struct sk_answer *answer, enum sk_err committed, char **ret_text,
                              size_t *ret_length)
{
    cJSON *json = cJSON_CreateObject();
    if (answer->may_wait && answer->err == SK_OK)
        cJSON_AddBoolToObject(answer->result, "recorded", committed == SK_OK);
    else if (answer->durable && answer->err == SK_OK && committed != SK_OK)
        refuse_unrecorded(answer, committed);
    start_export(answer);
    if (answer->err == SK_OK && answer->alarm != 0)
        answer->result = alarm_result(floor, answer->alarm);
    if (answer->result == NULL)
        answer->result = cJSON_CreateObject();
    bool good = json != NULL && (answer->id[0] == '\0' || cJSON_AddRawToObject(json, "id", answer->id) != NULL) &&
                cJSON_AddBoolToObject(json, "ok", answer->err == SK_OK) != NULL;
    if (good && answer->err == SK_OK) {
        good = cJSON_AddItemToObject(json, "result", answer->result) != 0;
        answer->result = good ? NULL : answer->result;
    } else if (good) {
        good = cJSON_AddStringToObject(json, "error", sk_err_word(answer->err)) != NULL &&
               cJSON_AddStringToObject(json, "detail", answer->detail) != NULL;
        if (good && answer->faults != NULL) {
            good = cJSON_AddItemToObject(json, "faults", answer->faults) != 0;
            answer->faults = good ? NULL : answer->faults;
        }
    }
    char *text = good ? cJSON_PrintUnformatted(json) : NULL;
    cJSON_Delete(json);
    cJSON_Delete(answer->result);
    cJSON_Delete(answer->faults);
    answer->result = answer->faults = NULL;
    if (text == NULL)
        return SK_ERR_NOMEM;
    *ret_length = strlen(text) + 1;
    text[*ret_length - 1] = '\n';
    *ret_text = text;
    return SK_OK;
}
