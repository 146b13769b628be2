/* SPDX-License-Identifier: Apache-2.0 */
/* The members that each command of a person takes. One that is not known is refused and not overlooked: an end date under a
 * misspelt name would be a right without an end. One row per command that changes something; fields of registers have their own
 * tables (schemas/vocab/register_fields.def). */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

static const struct {
    const char *command, *names; /* parted by blanks; `reason` is every command's */
} rows[] = {
    {"person.create", "name furigana kind company chain ref from until effective"},
    {"person.update", "person name furigana kind company chain ref from until effective"},
    {"person.end", "person name furigana kind company chain ref from until effective"},
    {"person.erase", "person"},
    {"credential.issue", "person card printed from until effective temporary replaces"},
    {"credential.lose", "credential noticed told stolen effective"},
    {"credential.find", "credential found"},
    {"credential.return", "credential effective"},
    {"credential.disable", "credential because effective"},
    {"authorization.grant", "person zone schedule from until effective applicant approver office"},
    {"authorization.revoke", "authorization effective"},
    {"schedule.put", "schedule ranges effective"},
    {"zone.rule", "zone passback passback_s people_min together_s occupancy_min occupancy_max papers effective"},
    {"door.rule", "door direction schedule factors effective"},
    {"way.rule", "door from to walk_s effective"},
    {"roster.import", "csv approver office dry_run"},
    {"list.import", "controller list taken empty dry_run"},
    {"review.open", "due zone"},
    {"review.decide", "review authorization decision"},
    {"review.verify", "review authorization decision"},
    {"review.close", "review"},
    {"biometric.enrol", "person factor reference consent"},
    {"biometric.withdraw", "biometric"},
    {"door.resolve", "door cause"},
    {"occupancy.correct", "person zone"},
    {"occupancy.forgive", "person"},
    {"register.act", "register path entry act fields"},
    {"register.import", "register path csv dry_run"},
    {"register.erase", "entry path"},
    {"muster.start", "zone drill"},
    {"muster.seen", "person visit people"},
    {"muster.unseen", "person visit people"},
    {"muster.end", ""},
    {"words.erase", "words"},
};

static bool is_among(const char *names, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = names; *at != '\0';) {
        const size_t size = strcspn(at, " ");
        if (size == length && memcmp(at, name, length) == 0)
            return true;
        at += size + strspn(at + size, " ");
    }
    return false;
}

enum sk_err sk_arguments_check(struct request *request)
{
    char detail[320];
    const cJSON *item, *args = request->args;
    const char *names = NULL;
    for (size_t i = 0; names == NULL && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].command, request->command) == 0)
            names = rows[i].names;
    if (names == NULL || !cJSON_IsObject(args))
        return SK_OK;
    cJSON_ArrayForEach(item, args)
    {
        if (strcmp(item->string, "reason") == 0 || is_among(names, item->string))
            continue;
        sk_text_format(detail, sizeof detail, "unknown member '%.40s'; expected reason %s", item->string, names);
        return sk_request_refuse(request, SK_ERR_PARSE, detail);
    }
    return SK_OK;
}
