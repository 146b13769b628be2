/* SPDX-License-Identifier: Apache-2.0 */
/* Whose entries are asked for: a person, or everybody of a company, as subject tags with the times at which each counts. The
 * log knows tags only; a company is a name, so the vault finds its people and the roster says when they belonged to it.
 * Answer: {"items": ["tag from until", ...], "next": last person or null}; times in microseconds, until exclusive. */
#include <stdlib.h>
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

enum { PEOPLE_PER_ANSWER = 300, CHANGES_MAX = 64, ROW = 96 };

static bool add_window(cJSON *items, const struct sk_person *person, int64_t from_us, int64_t until_us)
{
    char row[ROW], hex[2 * SK_SUBJECT_SIZE + 1];
    sk_hex_write(hex, person->tag, SK_SUBJECT_SIZE);
    sk_text_format(row, sizeof row, "%s %lld %lld", hex, (long long)from_us, (long long)until_us);
    return cJSON_AddItemToArray(items, cJSON_CreateString(row));
}

static int by_effect(const void *a, const void *b)
{
    const struct sk_roster_change *const *x = a, *const *y = b;
    if ((*x)->effective_us != (*y)->effective_us)
        return (*x)->effective_us < (*y)->effective_us ? -1 : 1;
    return ((*x)->version > (*y)->version) - ((*x)->version < (*y)->version);
}

/* The windows of one person in which his company was this one. Each change holds until the next that counts takes over. */
static bool add_person(struct request *request, const char *id, const char *company, cJSON *items)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const struct sk_roster_change *changes[CHANGES_MAX];
    size_t count = 0;
    bool good = true, open = false;
    int64_t from_us = 0;
    while (count < CHANGES_MAX && (changes[count] = sk_roster_history(roster, SK_EV_PERSON_CREATED, id, count)) != NULL)
        count++;
    qsort(changes, count, sizeof changes[0], by_effect);
    for (size_t i = 0; good && i < count; i++) {
        struct sk_person_label label;
        const bool is_his = sk_vault_person_get(request->floor->vault, id, changes[i]->version, &label) == SK_OK &&
                            strcmp(label.company, company) == 0;
        if (is_his && !open)
            from_us = i == 0 ? 0 : changes[i]->effective_us; /* before the first label nothing else is known of him */
        if (!is_his && open)
            good = add_window(items, &changes[i]->person, from_us, changes[i]->effective_us);
        open = is_his;
    }
    return good && (!open || add_window(items, &changes[count - 1]->person, from_us, INT64_MAX));
}

static enum sk_err finish(struct request *request, cJSON *items, const char *next, bool good)
{
    cJSON *result = cJSON_CreateObject();
    if (!good || result == NULL || !cJSON_AddItemToObject(result, "items", items)) {
        cJSON_Delete(items);
        cJSON_Delete(result);
        return sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
    }
    if (next[0] != '\0')
        cJSON_AddStringToObject(result, "next", next);
    else
        cJSON_AddNullToObject(result, "next");
    request->answer->result = result;
    return SK_OK;
}

static enum sk_err of_person(struct request *request, const char *person)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const struct sk_roster_change *change = sk_roster_history(roster, SK_EV_PERSON_CREATED, person, 0);
    if (change == NULL)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "person: there is nobody of that id on the roster");
    cJSON *items = cJSON_CreateArray();
    return finish(request, items, "", items != NULL && add_window(items, &change->person, 0, INT64_MAX));
}

static enum sk_err of_company(struct request *request, const char *company, const char *after)
{
    char id[48];
    cJSON *items = cJSON_CreateArray();
    bool good = items != NULL;
    size_t people = 0;
    enum sk_err err = SK_OK;
    sk_text_copy(id, sizeof id, after);
    while (good && people < PEOPLE_PER_ANSWER &&
           (err = sk_vault_person_by_company(request->floor->vault, company, id, id)) == SK_OK) {
        good = add_person(request, id, company, items);
        people++;
    }
    if (err != SK_OK && err != SK_ERR_NOT_FOUND) {
        cJSON_Delete(items);
        return sk_request_refuse(request, err, "the vault cannot be read");
    }
    if (people == 0 && after[0] == '\0') {
        cJSON_Delete(items);
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "company: nobody on the roster is or was of that company");
    }
    return finish(request, items, people == PEOPLE_PER_ANSWER ? id : "", good);
}

enum sk_err sk_run_entries_subjects(struct request *request)
{
    const char *person = sk_request_text(request, "person", false, SK_ENTITY_MAX - 1);
    const char *company = person != NULL ? sk_request_text(request, "company", false, SK_LABEL_MAX - 1) : NULL;
    const char *after = company != NULL ? sk_request_text(request, "cursor", false, SK_ENTITY_MAX - 1) : NULL;
    if (after == NULL)
        return request->answer->err;
    if ((person[0] == '\0') == (company[0] == '\0'))
        return sk_request_refuse(request, SK_ERR_PARSE, "expected either 'person' or 'company'");
    if (person[0] != '\0')
        return of_person(request, person);
    /* Who belongs to a company is in the vault: for roles that may read people. */
    if (!sk_permission("read.people", request->actor.roles))
        return sk_request_refuse(request, SK_ERR_DENIED, "company: none of the account's roles may read people");
    return of_company(request, company, after);
}
