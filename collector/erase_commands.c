/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing: a person with all that names him, one text, and looking where a name still stands. The vault first: a record that
 * says so and a name that is still there would be worse than the reverse. Ids, times and hashes stay, and the log verifies as
 * before. */
#include <string.h>

#include "collector/traces.h"

enum { FIND_MAX = 100 };

/* Printed numbers of his cards, then what he is called. His own rows last: until they are gone it can be done again. */
static enum sk_err erase_rows(struct request *request, const char *person)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    enum sk_err err = SK_OK;
    size_t cursor = 0;
    for (const char *card; err == SK_OK && (card = sk_roster_owned(roster, SK_EV_CREDENTIAL_ISSUED, person, &cursor)) != NULL;)
        err = sk_vault_card_erase(request->floor->vault, card);
    return err == SK_OK ? sk_vault_person_erase(request->floor->vault, person) : err;
}

/* Only who has left. */
enum sk_err sk_run_person_erase(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_PERSON_ERASED};
    struct sk_traces traces;
    if (sk_roster_ready(request) != SK_OK || sk_request_text(request, "reason", true, 200) == NULL)
        return request->answer->err;
    const struct sk_roster_change *person = sk_roster_entity(request, "person", SK_EV_PERSON_CREATED);
    if (person == NULL)
        return request->answer->err;
    if (request->now->utc_us < person->person.until_us)
        return sk_request_refuse(request, SK_ERR_CONFLICT, "the person has not left yet; end him first");
    sk_text_copy(fact.entity, sizeof fact.entity, person->entity);
    sk_text_copy(fact.person, sizeof fact.person, person->entity);
    enum sk_err err = sk_traces_of_person(request, fact.person, &traces);
    if (err == SK_OK)
        err = sk_traces_erase(&traces);
    if (err == SK_OK)
        err = sk_traces_find(&traces);
    if (err == SK_OK)
        err = erase_rows(request, fact.person);
    cJSON *result = err == SK_OK ? cJSON_CreateObject() : NULL;
    sk_traces_answer(&traces, result);
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the vault could not be written; erase again");
    request->answer->result = result;
    cJSON_AddStringToObject(result, "person", fact.person);
    return sk_rights_do(request, &fact);
}

/* Where a text stands in what people typed; to find again what an erasure listed, or a name that never was on the roster. */
enum sk_err sk_run_words_find(struct request *request)
{
    struct sk_traces traces;
    const char *text = sk_request_text(request, "text", true, FIND_MAX);
    if (text == NULL)
        return request->answer->err;
    enum sk_err err = sk_traces_of_text(request, text, &traces);
    if (err == SK_OK)
        err = traces.whole_count > 0 ? sk_traces_find(&traces) : SK_ERR_PARSE;
    request->answer->result = err == SK_OK ? cJSON_CreateObject() : NULL;
    sk_traces_answer(&traces, request->answer->result);
    if (err == SK_ERR_PARSE)
        return sk_request_refuse(request, err, "text: expected at least two letters that are no blanks");
    return err == SK_OK ? err : sk_request_refuse(request, err, "the vault could not be read");
}

/* --- one text --- */

/* What a reference names: words by their commitment, or all that the vault has of a register's entry. */
static enum sk_err erase(struct request *request, const char *reference)
{
    uint8_t register_;
    uint32_t number;
    struct sk_hash commit;
    if (sk_hex_read(commit.bytes, SK_HASH_SIZE, reference))
        return sk_vault_words_erase(request->floor->vault, &commit);
    if (sk_entry_id_parse(reference, &register_, &number))
        return sk_vault_register_erase(request->floor->vault, reference);
    return SK_ERR_PARSE;
}

enum sk_err sk_run_words_erase(struct request *request)
{
    const char *reference = sk_request_text(request, "words", true, 2 * (size_t)SK_HASH_SIZE);
    if (reference == NULL || sk_request_text(request, "reason", true, SK_WORDS_MAX) == NULL)
        return request->answer->err;
    const enum sk_err err = erase(request, reference);
    if (err == SK_ERR_PARSE)
        return sk_request_refuse(request, err, "words: expected a commitment (64 hex digits) or an entry like vs-12");
    if (err != SK_OK)
        return sk_request_refuse(
            request, err, err == SK_ERR_NOT_FOUND ? "there is nothing of it to erase" : "the vault could not be written");
    sk_request_record(request, SK_EV_OP_COMMAND, reference);
    request->answer->result = cJSON_CreateObject();
    cJSON_AddStringToObject(request->answer->result, "words", reference);
    return SK_OK;
}
