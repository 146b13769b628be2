/* SPDX-License-Identifier: Apache-2.0 */
/* Cards: issued, lost, found, returned, disabled. A card number is turned into its HMAC here and wiped; a printed number goes
 * into the vault. */
#include <string.h>

#include "collector/engine/rights.h"
#include "collector/request.h"
#include "schemas/base/json.h"

/* A temporary card is lent for some days and no longer. */
static bool read_lending(struct request *request, struct sk_roster_change *change)
{
    const cJSON *temporary = sk_json_get(request->args, "temporary");
    change->credential.temporary = cJSON_IsTrue(temporary);
    if ((temporary == NULL || cJSON_IsBool(temporary)) &&
        (!change->credential.temporary || change->credential.until_us != SK_NEVER))
        return true;
    sk_request_refuse(request, SK_ERR_PARSE, "temporary: true or false; a temporary card wants 'until', its last day");
    return false;
}

/* 'replaces': the lost card of the same person that this one stands for. */
static bool read_replaced(struct request *request, const struct sk_roster_change *change, char replaced[SK_ENTITY_MAX])
{
    replaced[0] = '\0';
    if (sk_json_get(request->args, "replaces") == NULL)
        return true;
    const struct sk_roster_change *old = sk_roster_entity(request, "replaces", SK_EV_CREDENTIAL_ISSUED);
    if (old == NULL)
        return false;
    if (strcmp(old->credential.person, change->credential.person) == 0 &&
        (old->credential.state == SK_CRED_LOST || old->credential.state == SK_CRED_STOLEN)) {
        sk_text_copy(replaced, SK_ENTITY_MAX, old->entity);
        return true;
    }
    sk_request_refuse(request, SK_ERR_CONFLICT, "replaces: expected a lost credential of the same person");
    return false;
}

static enum sk_err note_replaced(struct request *request, const struct sk_roster_change *change, const char *replaced)
{
    struct sk_fact fact = {.ev = SK_EV_CARD_REPLACED};
    sk_text_copy(fact.entity, sizeof fact.entity, replaced);
    sk_text_copy(fact.object, sizeof fact.object, change->entity);
    sk_text_copy(fact.person, sizeof fact.person, change->credential.person);
    return sk_rights_do(request, &fact);
}

enum sk_err sk_run_credential_issue(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_CREDENTIAL_ISSUED};
    char printed[SK_LABEL_MAX] = "", replaced[SK_ENTITY_MAX];
    change.credential.until_us = SK_NEVER;
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const struct sk_roster_change *person = sk_roster_entity(request, "person", SK_EV_PERSON_CREATED);
    if (person != NULL && sk_roster_check_here(request, person) != SK_OK)
        return request->answer->err;
    const char *card = person != NULL ? sk_request_text(request, "card", true, (size_t)2 * SK_IDENTIFIER_MAX) : NULL;
    if (card == NULL || !sk_roster_read_label(request, "printed", false, printed) ||
        !sk_roster_read_effective(request, &change) ||
        !sk_roster_read_validity(request, &change.credential.from_us, &change.credential.until_us))
        return request->answer->err;
    const bool good = sk_roster_identifier(request->floor, card, &change.credential.identifier);
    explicit_bzero(sk_json_get(request->args, "card")->valuestring, strlen(card));
    if (!good)
        return sk_request_refuse(request, SK_ERR_PARSE, "card: expected 1 to 64 bytes in hex");
    sk_text_copy(change.credential.person, SK_ENTITY_MAX, person->entity);
    sk_roster_next_id(sk_engine_roster(request->floor->engine), 'c', change.entity);
    enum sk_err err = sk_roster_could(request, &change);
    if (err != SK_OK)
        return err;
    if (!read_lending(request, &change) || !read_replaced(request, &change, replaced))
        return request->answer->err;
    err = printed[0] != '\0' ? sk_vault_card_put(request->floor->vault, change.entity, printed) : SK_OK;
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the printed number could not be stored");
    err = sk_roster_do(request, &change);
    if (err == SK_OK && replaced[0] != '\0')
        err = note_replaced(request, &change, replaced);
    return err == SK_OK ? sk_roster_answer(request, "credential", change.entity) : err;
}

static bool is_still_lost(const struct request *request, const struct sk_roster_change *card)
{
    const struct sk_loss *loss = sk_loss_of(sk_engine_rights(request->floor->engine), card->entity);
    return (card->credential.state == SK_CRED_LOST || card->credential.state == SK_CRED_STOLEN) && loss != NULL &&
           loss->found_us == 0;
}

static enum sk_err change_credential(struct request *request, int state)
{
    struct sk_roster_change change = {.ev = SK_EV_CREDENTIAL_STATE};
    if (sk_roster_ready(request) != SK_OK || !sk_roster_read_effective(request, &change))
        return request->answer->err;
    const struct sk_roster_change *now =
        sk_roster_standing(request, "credential", SK_EV_CREDENTIAL_ISSUED, change.effective_us);
    if (now == NULL)
        return request->answer->err;
    change.credential = now->credential;
    sk_text_copy(change.entity, sizeof change.entity, now->entity);
    if (now->credential.state == SK_CRED_RETURNED && state != SK_CRED_RETURNED)
        return sk_request_refuse(request, SK_ERR_CONFLICT, "a returned credential is over; issue another one");
    if (state == SK_CRED_ENABLED && is_still_lost(request, now))
        return sk_request_refuse(request, SK_ERR_CONFLICT, "this credential is lost; say credential.find when it was found");
    change.credential.state = (uint8_t)state;
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "credential", change.entity) : err;
}

/* What was said of the loss is a fact beside the change; it is checked before anything happens. */
enum sk_err sk_run_credential_lose(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_CARD_LOST};
    if (!sk_request_past(request, "noticed", &fact.noticed_us) || !sk_request_past(request, "told", &fact.told_us))
        return request->answer->err;
    fact.told_us = fact.told_us != 0 ? fact.told_us : request->now->utc_us;
    if (fact.noticed_us > fact.told_us)
        return sk_request_refuse(request, SK_ERR_RANGE, "noticed: lies after 'told'");
    const enum sk_err err =
        change_credential(request, cJSON_IsTrue(sk_json_get(request->args, "stolen")) ? SK_CRED_STOLEN : SK_CRED_LOST);
    if (err != SK_OK)
        return err;
    sk_text_copy(fact.entity, sizeof fact.entity, sk_json_text(sk_json_get(request->args, "credential")));
    return sk_rights_do(request, &fact);
}

/* Found again: it stays disabled until somebody enables it. */
enum sk_err sk_run_credential_find(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_CARD_FOUND};
    if (sk_roster_ready(request) != SK_OK || !sk_request_past(request, "found", &fact.found_us))
        return request->answer->err;
    const struct sk_roster_change *card = sk_roster_entity(request, "credential", SK_EV_CREDENTIAL_ISSUED);
    if (card == NULL)
        return request->answer->err;
    if (card->credential.state != SK_CRED_LOST && card->credential.state != SK_CRED_STOLEN)
        return sk_request_refuse(request, SK_ERR_CONFLICT, "this credential is not lost");
    fact.found_us = fact.found_us != 0 ? fact.found_us : request->now->utc_us;
    sk_text_copy(fact.entity, sizeof fact.entity, card->entity);
    sk_text_copy(fact.person, sizeof fact.person, card->credential.person);
    const enum sk_err err = sk_rights_do(request, &fact);
    return err == SK_OK ? sk_roster_answer(request, "credential", fact.entity) : err;
}

enum sk_err sk_run_credential_return(struct request *request)
{
    return change_credential(request, SK_CRED_RETURNED);
}

/* because: one of ONVIF's reasons, or "" to enable it again. */
enum sk_err sk_run_credential_disable(struct request *request)
{
    const char *word = sk_request_text(request, "because", false, 64);
    if (word == NULL)
        return request->answer->err;
    const int state = sk_disable_reason_parse(word);
    if (state < 0 || state == SK_CRED_RETURNED)
        return sk_request_refuse(request, SK_ERR_PARSE,
                                 "because: expected a word of schemas/vocab/disable_reasons.def, or \"\"");
    return change_credential(request, state);
}
