/* SPDX-License-Identifier: Apache-2.0 */
/* People of the roster: made, changed, ended. A name goes into the vault first, under the version its change will have; the
 * change carries its commitment. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

/* 'chain': companies from the one under contract down to the one above his own; missing leaves what is there, [] and null
 * clear. */
static bool read_chain(struct request *request, char to[SK_CHAIN_MAX])
{
    const cJSON *item, *list = sk_json_get(request->args, "chain");
    size_t used = 0;
    bool good = list == NULL || cJSON_IsNull(list) || (cJSON_IsArray(list) && cJSON_GetArraySize(list) <= 8);
    if (good && list != NULL)
        to[0] = '\0';
    list = good && cJSON_IsArray(list) ? list : NULL;
    cJSON_ArrayForEach(item, list)
    {
        const char *company = sk_json_text(item);
        good = good && company != NULL && company[0] != '\0' && strlen(company) < SK_LABEL_MAX &&
               sk_text_is_clean(company, strlen(company), false) && strchr(company, '>') == NULL &&
               sk_text_format(to + used, SK_CHAIN_MAX - used, "%s%s", used > 0 ? " > " : "", company);
        used = strlen(to);
    }
    if (!good)
        sk_request_refuse(request, SK_ERR_PARSE, "chain: expected at most 8 names of companies, without '>'");
    return good;
}

static bool read_label(struct request *request, struct sk_person_label *label, bool is_new)
{
    const bool named = is_new || sk_json_get(request->args, "name") != NULL; /* nobody is without a name */
    if (!sk_roster_read_label(request, "name", named, label->name) ||
        !sk_roster_read_label(request, "furigana", false, label->furigana) ||
        !sk_roster_read_label(request, "company", false, label->company) ||
        !sk_roster_read_label(request, "ref", false, label->ref) || !read_chain(request, label->chain))
        return false;
    char other[SK_ENTITY_MAX];
    if (label->ref[0] == '\0' ||
        sk_vault_person_by_ref(request->floor->vault, label->ref, sk_roster_version(sk_engine_roster(request->floor->engine)),
                               other) != SK_OK ||
        strcmp(other, label->id) == 0)
        return true;
    sk_request_refuse(request, SK_ERR_EXISTS, "ref: another person has this number");
    return false;
}

/* The label into the vault under the version to come, its commitment into the change, then the change. */
static enum sk_err put_person(struct request *request, struct sk_roster_change *change, struct sk_person_label *label)
{
    label->version = sk_roster_version(sk_engine_roster(request->floor->engine)) + 1;
    sk_text_copy(label->id, sizeof label->id, change->entity);
    enum sk_err err = sk_random(label->salt, sizeof label->salt);
    if (err == SK_OK)
        err = sk_person_label_commit(label, &change->person.label);
    if (err == SK_OK)
        err = sk_vault_person_put(request->floor->vault, label);
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the person's name could not be stored");
    err = sk_roster_do(request, change);
    return err == SK_OK ? sk_roster_answer(request, "person", change->entity) : err;
}

static bool read_kind(struct request *request, uint8_t *kind)
{
    const char *word = sk_request_text(request, "kind", *kind == 0, 32);
    if (word == NULL)
        return false;
    const int value = word[0] == '\0' ? *kind : sk_person_kind_parse(word);
    if (value <= 0) {
        sk_request_refuse(request, SK_ERR_PARSE, "kind: expected a word of schemas/vocab/person_kinds.def");
        return false;
    }
    *kind = (uint8_t)value;
    return true;
}

enum sk_err sk_run_person_create(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_PERSON_CREATED};
    struct sk_person_label label = {.version = 0};
    change.person.until_us = SK_NEVER;
    if (sk_roster_ready(request) != SK_OK || !read_kind(request, &change.person.kind) || !read_label(request, &label, true) ||
        !sk_roster_read_effective(request, &change) ||
        !sk_roster_read_validity(request, &change.person.from_us, &change.person.until_us))
        return request->answer->err;
    if (sk_random(change.person.tag, sizeof change.person.tag) != SK_OK)
        return sk_request_refuse(request, SK_ERR_CRYPTO, "no random numbers");
    sk_roster_next_id(sk_engine_roster(request->floor->engine), 'p', change.entity);
    return put_person(request, &change, &label);
}

static enum sk_err change_person(struct request *request, uint16_t ev)
{
    struct sk_person_label label = {.version = 0};
    struct sk_roster_change change = {.ev = ev};
    if (sk_roster_ready(request) != SK_OK || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    const struct sk_roster_change *now = sk_roster_standing(request, "person", SK_EV_PERSON_CREATED, change.effective_us);
    if (now == NULL)
        return request->answer->err;
    change.person = now->person;
    sk_text_copy(change.entity, sizeof change.entity, now->entity);
    const enum sk_err known = sk_vault_person_get(request->floor->vault, change.entity, now->version, &label);
    if (known != SK_OK)
        return sk_request_refuse(request, known, "the person's name is no longer there");
    if (!read_kind(request, &change.person.kind) || !read_label(request, &label, false) ||
        !sk_roster_read_validity(request, &change.person.from_us, &change.person.until_us))
        return request->answer->err;
    return put_person(request, &change, &label);
}

enum sk_err sk_run_person_update(struct request *request)
{
    return change_person(request, SK_EV_PERSON_UPDATED);
}

enum sk_err sk_run_person_end(struct request *request)
{
    if (sk_request_text(request, "until", true, 10) == NULL)
        return request->answer->err;
    return change_person(request, SK_EV_PERSON_ENDED);
}
