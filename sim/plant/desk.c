/* SPDX-License-Identifier: Apache-2.0 */
/* A desk step held against the tables of the registers: what can be known wrong of it before it is played. Whether the fields
 * are in order is the collector's to say when the act is done; a scenario may want it refused. */
#include <stdlib.h>
#include <string.h>

#include "schemas/model/register.h"
#include "sim/plant/scenario.h"

enum { MOMENT_MAX_S = 366 * 86400 };

bool sk_desk_moment(const char *text, bool *ret_today, double *ret_s)
{
    char *end = NULL;
    *ret_today = strcmp(text, "@today") == 0;
    *ret_s = 0;
    if (*ret_today) {
        return true;
    }
    if (text[0] != '@' || (text[1] != '+' && text[1] != '-') || strspn(text + 2, "0123456789") != strlen(text + 2)) {
        return false;
    }
    *ret_s = strtod(text + 1, &end);
    return end != text + 2 && *end == '\0' && *ret_s >= -MOMENT_MAX_S && *ret_s <= MOMENT_MAX_S;
}

static enum sk_err check_moments(const cJSON *fields, struct sk_fault *fault)
{
    const cJSON *item = NULL;
    bool today;
    double seconds;
    cJSON_ArrayForEach(item, fields)
    {
        const char *text = sk_json_text(item);
        if (text != NULL && text[0] == '@' && !sk_desk_moment(text, &today, &seconds)) {
            return sk_fault_set(fault, SK_ERR_PARSE, "'%s' is no moment; one is @+60, @-60 (seconds from the start) or @today",
                                text);
        }
    }
    return SK_OK;
}

static const struct sk_act_row *act_named(const char *name)
{
    const struct sk_act_row *row = NULL;
    for (size_t i = 0; (row = sk_act_at(i)) != NULL && strcmp(row->name, name) != 0; i++) {
    }
    return row;
}

static enum sk_err check_act(const cJSON *body, const char *act, struct sk_fault *fault)
{
    const cJSON *entry = sk_json_get(body, "entry");
    const struct sk_act_row *row = act_named(act);
    const bool opens = row == NULL || (row->rules & SK_AR_OPENS) != 0;
    uint8_t register_ = 0;
    uint32_t number;
    if (row == NULL && strcmp(act, "zone.rule") != 0) {
        return sk_fault_set(fault, SK_ERR_PARSE, "'%s' is no act of a register, nor zone.rule", act);
    }
    if (opens) {
        return entry == NULL ? SK_OK : sk_fault_set(fault, SK_ERR_PARSE, "%s takes no entry", act);
    }
    const char *id = sk_json_text(entry);
    if (id == NULL || !sk_entry_id_parse(id, &register_, &number) || register_ != row->register_) {
        return sk_fault_set(fault, SK_ERR_PARSE, "%s needs an entry of its register, such as %s-1", act,
                            sk_register_row(row->register_)->prefix);
    }
    return SK_OK;
}

static bool is_refusal(const char *word)
{
    static const enum sk_err REFUSALS[] = {SK_ERR_PARSE, SK_ERR_NOT_FOUND, SK_ERR_DENIED, SK_ERR_CONFLICT};
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        if (strcmp(word, sk_err_word(REFUSALS[i])) == 0) {
            return true;
        }
    }
    return false;
}

enum sk_err sk_desk_check(const cJSON *body, struct sk_fault *fault)
{
    static const char *const KEYS[] = {"by", "act", "entry", "fields", "reason", "refused"};
    const cJSON *fields = sk_json_get(body, "fields"), *refused = sk_json_get(body, "refused"), *item = NULL;
    const char *by = sk_json_text(sk_json_get(body, "by")), *act = sk_json_text(sk_json_get(body, "act"));
    cJSON_ArrayForEach(item, body)
    {
        size_t i = 0;
        while (i < sizeof KEYS / sizeof KEYS[0] && strcmp(KEYS[i], item->string) != 0) {
            i++;
        }
        if (i == sizeof KEYS / sizeof KEYS[0]) {
            return sk_fault_set(fault, SK_ERR_PARSE,
                                "unknown key '%s'; a desk step has by, act, entry, fields, reason, refused", item->string);
        }
    }
    if (by == NULL || sk_role_parse(by) < 0) {
        return sk_fault_set(fault, SK_ERR_PARSE, "by must be a role, such as reception");
    }
    if (act == NULL || (fields != NULL && !cJSON_IsObject(fields))) {
        return sk_fault_set(fault, SK_ERR_PARSE, "act must be a text such as visit.approved, fields an object");
    }
    if (refused != NULL && (!cJSON_IsString(refused) || !is_refusal(refused->valuestring))) {
        return sk_fault_set(fault, SK_ERR_PARSE, "refused must be parse, not_found, denied or conflict");
    }
    const enum sk_err err = check_act(body, act, fault);
    return err == SK_OK ? check_moments(fields, fault) : err;
}
