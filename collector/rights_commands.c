/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about rights that are facts and no changes of the roster, and what lists of them show: consents to biometric
 * references, leavers, rights that nobody uses. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/rights.h"
#include "collector/listing.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

bool sk_request_past(struct request *request, const char *name, int64_t *ret_us)
{
    char detail[96];
    const char *text = sk_request_text(request, name, false, 40);
    *ret_us = 0;
    if (text == NULL || text[0] == '\0')
        return text != NULL;
    if (sk_time_parse(text, ret_us) && *ret_us > 0 && *ret_us <= request->now->utc_us + SK_TYPED_AHEAD_US)
        return true;
    sk_text_format(detail, sizeof detail, "%s: expected a time (RFC 3339) that is not in the future", name);
    sk_request_refuse(request, SK_ERR_PARSE, detail);
    return false;
}

enum sk_err sk_rights_do(struct request *request, struct sk_fact *fact)
{
    const struct sk_roster_act act = sk_roster_act_of(request);
    const enum sk_err err =
        sk_engine_fact(request->floor->engine, fact, &act, request->now, sk_recorder_effects(request->floor->recorder));
    if (err != SK_OK)
        return sk_request_refuse(request, err, sk_err_text(err));
    request->answer->durable = true;
    return SK_OK;
}

/* --- biometrics: a reference and a consent, never data --- */

/* Letters, digits and . _ : - only: what a reader calls its entry. */
static bool is_token(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

enum sk_err sk_run_biometric_enrol(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_BIOMETRIC_PUT};
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const struct sk_roster_change *person = sk_roster_entity(request, "person", SK_EV_PERSON_CREATED);
    const char *word = person != NULL ? sk_request_text(request, "factor", true, 32) : NULL;
    const char *reference = word != NULL ? sk_request_text(request, "reference", true, 32) : NULL;
    const char *consent = reference != NULL ? sk_request_text(request, "consent", true, 10) : NULL;
    if (consent == NULL)
        return request->answer->err;
    const int factor = sk_factor_parse(word);
    if (factor < SK_FACTOR_FINGERPRINT || factor > SK_FACTOR_RETINA)
        return sk_request_refuse(request, SK_ERR_PARSE, "factor: expected a biometric word of schemas/vocab/factors.def");
    if (!is_token(reference))
        return sk_request_refuse(request, SK_ERR_PARSE, "reference: at most 32 letters, digits and . _ : -");
    if (!sk_day_begin_us(request->floor->zone, consent, &fact.consent_us) || fact.consent_us > request->now->utc_us)
        return sk_request_refuse(request, SK_ERR_PARSE, "consent: expected the day of the consent, not in the future");
    fact.factors = (uint16_t)(1u << factor);
    sk_text_copy(fact.person, sizeof fact.person, person->entity);
    sk_text_copy(fact.object, sizeof fact.object, reference);
    sk_text_format(fact.entity, sizeof fact.entity, "b-%zu", sk_engine_rights(request->floor->engine)->biometric_count + 1);
    const enum sk_err err = sk_rights_do(request, &fact);
    return err == SK_OK ? sk_request_answer_id(request, "biometric", fact.entity) : err;
}

enum sk_err sk_run_biometric_withdraw(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_BIOMETRIC_ENDED};
    const struct sk_rights *rights = sk_engine_rights(request->floor->engine);
    const char *id = sk_roster_ready(request) == SK_OK ? sk_request_text(request, "biometric", true, SK_ENTITY_MAX - 1) : NULL;
    const struct sk_biometric *there = NULL;
    if (id == NULL)
        return request->answer->err;
    for (size_t i = 0; i < rights->biometric_count; i++)
        there = strcmp(rights->biometrics[i].id, id) == 0 ? &rights->biometrics[i] : there;
    if (there == NULL)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "biometric: there is none of that id");
    if (there->ended_us != 0)
        return sk_request_refuse(request, SK_ERR_CONFLICT, "biometric: was withdrawn before");
    sk_text_copy(fact.entity, sizeof fact.entity, id);
    sk_text_copy(fact.person, sizeof fact.person, there->person);
    const enum sk_err err = sk_rights_do(request, &fact);
    return err == SK_OK ? sk_request_answer_id(request, "biometric", fact.entity) : err;
}

void sk_listing_biometrics(const struct listing *listing, cJSON *item, const char *person)
{
    char day[16];
    const struct sk_rights *rights = sk_engine_rights(listing->request->floor->engine);
    cJSON *list = cJSON_AddArrayToObject(item, "biometrics");
    for (size_t i = 0; i < rights->biometric_count; i++) {
        const struct sk_biometric *biometric = &rights->biometrics[i];
        if (strcmp(biometric->person, person) != 0)
            continue;
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "biometric", biometric->id);
        cJSON_AddStringToObject(row, "factor", sk_factor_name(__builtin_ctz(biometric->factors | 0x8000u)));
        cJSON_AddStringToObject(row, "reference", biometric->reference);
        sk_day_from_text(listing->request->floor->zone, biometric->consent_us, day);
        cJSON_AddStringToObject(row, "consent", day);
        sk_listing_time(row, "withdrawn", biometric->ended_us);
        cJSON_AddItemToArray(list, row);
    }
}

/* --- leavers, and rights that nobody uses --- */

static bool last_use(const struct listing *listing, const char *person, uint16_t zone, int64_t *ret_us, uint16_t *ret_zone)
{
    const struct sk_roster_change *change = sk_roster_get(&listing->view, SK_EV_PERSON_CREATED, person);
    *ret_us = 0;
    *ret_zone = 0;
    return change != NULL && sk_store_last_use(sk_recorder_store(listing->request->floor->recorder), change->person.tag, zone,
                                               ret_us, ret_zone) == SK_OK;
}

void sk_listing_use(const struct listing *listing, cJSON *item, const char *person, uint16_t zone)
{
    int64_t at_us;
    uint16_t in;
    last_use(listing, person, zone, &at_us, &in);
    sk_listing_time(item, "last_used", at_us);
}

static void add_open(const struct listing *listing, cJSON *item, const char *person, uint16_t family, const char *name)
{
    size_t cursor = 0;
    cJSON *ids = cJSON_AddArrayToObject(item, name);
    for (const char *id; (id = sk_roster_owned(listing->view.roster, family, person, &cursor)) != NULL;) {
        const struct sk_roster_change *change = sk_roster_get(&listing->view, family, id);
        if (change == NULL || (family == SK_EV_CREDENTIAL_ISSUED && change->credential.state == SK_CRED_RETURNED) ||
            (family == SK_EV_AUTH_GRANTED && change->authorization.until_us <= listing->view.at_us))
            continue;
        cJSON_AddItemToArray(ids, cJSON_CreateString(id));
    }
}

static cJSON *show_leaver(const struct listing *listing, const struct sk_roster_change *change)
{
    int64_t used_us;
    uint16_t zone;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "person", change->entity);
    sk_listing_name(listing, item, change->entity);
    sk_listing_dates(listing, item, change->person.from_us, change->person.until_us);
    last_use(listing, change->entity, 0, &used_us, &zone);
    sk_listing_time(item, "last_used", used_us);
    cJSON_AddStringToObject(item, "last_zone", sk_listing_zone(listing->request->floor->site, zone));
    cJSON_AddBoolToObject(item, "used_after", used_us >= change->person.until_us);
    add_open(listing, item, change->entity, SK_EV_CREDENTIAL_ISSUED, "not_returned");
    add_open(listing, item, change->entity, SK_EV_AUTH_GRANTED, "open_authorizations");
    return item;
}

/* 'at' defaults to now: who has left by then. */
enum sk_err sk_run_leaver_list(struct request *request)
{
    struct listing listing;
    const char *id;
    uint64_t next = 0;
    if (!sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    if (listing.view.at_us == SK_NEVER)
        listing.view.at_us = request->now->utc_us;
    for (size_t i = (size_t)listing.cursor;
         next == 0 && (id = sk_roster_entity_at(listing.view.roster, SK_EV_PERSON_CREATED, i)) != NULL; i++) {
        const struct sk_roster_change *change = sk_roster_get(&listing.view, SK_EV_PERSON_CREATED, id);
        if (change == NULL || change->person.until_us > listing.view.at_us)
            continue;
        if (listing.limit-- == 0)
            next = i;
        else
            cJSON_AddItemToArray(listing.items, show_leaver(&listing, change));
    }
    return sk_listing_finish(&listing, next);
}

static cJSON *show_unused(const struct listing *listing, const struct sk_roster_change *change, int64_t used_us)
{
    const struct sk_authorization *auth = &change->authorization;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "authorization", change->entity);
    cJSON_AddStringToObject(item, "person", auth->person);
    sk_listing_name(listing, item, auth->person);
    cJSON_AddStringToObject(item, "zone", sk_listing_zone(listing->request->floor->site, auth->zone));
    sk_listing_dates(listing, item, auth->from_us, auth->until_us);
    cJSON_AddStringToObject(item, "approver", auth->approver);
    sk_listing_time(item, "last_used", used_us);
    return item;
}

/* Newest uses for one page of the list: asked one by one while the page fills quickly, all read at once when it does not (a
 * register where nearly every right is used). */
enum { ASKED_SINGLY = 100, USES_CEILING = 16 << 20 };
struct uses {
    size_t asked;
    bool read;
    struct sk_use *rows; /* by person's tag and zone */
    size_t count, capacity;
};

static enum sk_err take_use(void *context, const struct sk_use *use)
{
    struct uses *uses = context;
    struct sk_use *grown = sk_grow(uses->rows, uses->count, &uses->capacity, sizeof *grown, USES_CEILING);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    uses->rows = grown;
    grown[uses->count++] = *use;
    return SK_OK;
}

static int order_uses(const void *a, const void *b)
{
    const struct sk_use *left = a, *right = b;
    const int by_person = memcmp(left->subject, right->subject, SK_SUBJECT_SIZE);
    return by_person != 0 ? by_person : left->zone - right->zone;
}

/* When this right was last used; 0 never. */
static enum sk_err use_of(struct uses *uses, const struct listing *listing, const struct sk_authorization *right,
                          int64_t *ret_us)
{
    uint16_t zone;
    struct sk_use key = {.zone = right->zone};
    *ret_us = 0;
    const struct sk_roster_change *person = sk_roster_get(&listing->view, SK_EV_PERSON_CREATED, right->person);
    if (person == NULL || uses->asked++ < ASKED_SINGLY) {
        last_use(listing, right->person, right->zone, ret_us, &zone);
        return SK_OK;
    }
    if (!uses->read) {
        const enum sk_err err = sk_store_uses_each(sk_recorder_store(listing->request->floor->recorder), take_use, uses);
        if (err != SK_OK)
            return err;
        uses->read = true;
    }
    memcpy(key.subject, person->person.tag, SK_SUBJECT_SIZE);
    const struct sk_use *found = uses->count == 0 ? NULL : bsearch(&key, uses->rows, uses->count, sizeof key, order_uses);
    *ret_us = found != NULL ? found->t_us : 0;
    return SK_OK;
}

static bool is_unused_candidate(const struct listing *listing, const struct sk_authorization *right, int64_t limit_us)
{
    return right->from_us <= listing->view.at_us && right->until_us > listing->view.at_us && right->approved_us <= limit_us &&
           (listing->zone[0] == '\0' ||
            strcmp(listing->zone, sk_listing_zone(listing->request->floor->site, right->zone)) == 0);
}

/* Rights in force that were not used for so many days (0: never used). A right younger than that is not listed. */
enum sk_err sk_run_authorization_unused(struct request *request)
{
    static const int64_t day_us = INT64_C(86400) * SK_US_PER_S;
    struct listing listing;
    const char *id, *days = sk_request_text(request, "days", false, 8);
    int64_t count = 90, used_us;
    uint64_t next = 0;
    struct uses uses = {.asked = 0};
    enum sk_err err = SK_OK;
    if (days == NULL || !sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    if (days[0] != '\0' && !sk_int_read(days, 0, 36500, &count)) {
        cJSON_Delete(listing.items);
        return sk_request_refuse(request, SK_ERR_PARSE, "days: 0 to 36500; 0: never used at all");
    }
    listing.view.at_us = request->now->utc_us;
    const int64_t limit_us = listing.view.at_us - count * day_us;
    for (size_t i = (size_t)listing.cursor;
         err == SK_OK && next == 0 && (id = sk_roster_entity_at(listing.view.roster, SK_EV_AUTH_GRANTED, i)) != NULL; i++) {
        const struct sk_roster_change *right = sk_roster_get(&listing.view, SK_EV_AUTH_GRANTED, id);
        if (right == NULL || !is_unused_candidate(&listing, &right->authorization, limit_us))
            continue;
        err = use_of(&uses, &listing, &right->authorization, &used_us);
        if (err != SK_OK || (used_us != 0 && (count == 0 || used_us > limit_us)))
            continue;
        if (listing.limit-- == 0)
            next = i;
        else
            cJSON_AddItemToArray(listing.items, show_unused(&listing, right, used_us));
    }
    sk_free(uses.rows);
    if (err != SK_OK) {
        cJSON_Delete(listing.items);
        return sk_request_refuse(request, err, "the log could not be read");
    }
    return sk_listing_finish(&listing, next);
}
