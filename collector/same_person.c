/* SPDX-License-Identifier: Apache-2.0 */
/* Separation of duties is by human being: two names are one when they are the same account or person, or accounts tied to the
 * same person of the roster, or such an account and that person himself. An account that is tied to nobody is of the person
 * whose `ref` it is, where there is one, and else only itself. */
#include <string.h>

#include "collector/request.h"

/* The person behind a name, or the name itself. */
static void person_of(const struct request *request, const char *who, char to[SK_WHO_MAX])
{
    struct sk_vault *vault = request->floor->vault;
    char person[SK_ACCOUNT_PERSON_MAX] = "";
    (void)sk_vault_account_person(vault, who, person);
    if (person[0] == '\0' && sk_vault_person_by_ref(vault, who, UINT64_MAX, person) != SK_OK)
        person[0] = '\0';
    sk_text_copy(to, SK_WHO_MAX, person[0] != '\0' ? person : who);
}

void sk_request_person_of(const struct request *request, const char *who, char ret_person[SK_ENTITY_MAX])
{
    char person[SK_WHO_MAX];
    person_of(request, who, person);
    if (strcmp(person, who) == 0 || !sk_text_copy(ret_person, SK_ENTITY_MAX, person))
        ret_person[0] = '\0';
}

bool sk_request_same_person(const struct request *request, const char *one, const char *other)
{
    char first[SK_WHO_MAX], second[SK_WHO_MAX];
    if (strcmp(one, other) == 0)
        return true;
    person_of(request, one, first);
    person_of(request, other, second);
    return strcmp(first, second) == 0;
}
