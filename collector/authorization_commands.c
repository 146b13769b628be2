/* SPDX-License-Identifier: Apache-2.0 */
/* Authorisations: who may enter which zone, when, on whose word; granted by somebody else than who asked and who gets it. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

static bool read_approval(struct request *request, struct sk_authorization *auth)
{
    const char *applicant = sk_request_text(request, "applicant", false, SK_WHO_MAX - 1);
    const char *approver = applicant != NULL ? sk_request_text(request, "approver", false, SK_WHO_MAX - 1) : NULL;
    const char *office = approver != NULL ? sk_request_text(request, "office", false, SK_WHO_MAX - 1) : NULL;
    if (office == NULL)
        return false;
    sk_text_copy(auth->applicant, sizeof auth->applicant, applicant[0] != '\0' ? applicant : request->actor.id);
    sk_text_copy(auth->approver, sizeof auth->approver, approver[0] != '\0' ? approver : request->actor.id);
    sk_text_copy(auth->office, sizeof auth->office, office);
    auth->approved_us = request->now->utc_us;
    sk_request_person_of(request, auth->applicant, auth->applicant_person);
    sk_request_person_of(request, auth->approver, auth->approver_person);
    if (!sk_roster_is_somebody(request, auth->applicant) || !sk_roster_is_somebody(request, auth->approver)) {
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "applicant and approver are accounts or persons of the roster");
        return false;
    }
    if (sk_request_same_person(request, auth->applicant, auth->approver) ||
        sk_request_same_person(request, auth->approver, auth->person)) {
        sk_request_refuse(request, SK_ERR_CONFLICT, "the approver must be another person than applicant and holder");
        return false;
    }
    return true;
}

const char *sk_roster_class_3_lacks(const struct request *request, uint16_t zone, int64_t until_us)
{
    const struct sk_site *site = request->floor->site;
    const char *office = sk_json_text(sk_json_get(request->args, "office"));
    bool guarded = false;
    for (size_t i = 0; i < site->zone_count; i++)
        guarded |= site->zones[i].number == zone && site->zones[i].class_ >= 3;
    if (!guarded)
        return NULL;
    if (until_us == SK_NEVER)
        return "until";
    if (office == NULL || office[0] == '\0')
        return "office";
    return sk_roster_act_of(request).reason[0] == '\0' ? "reason" : NULL;
}

/* The register of class 3 holds a period, the office of who approved, and why. */
static enum sk_err check_class_3(struct request *request, const struct sk_authorization *auth)
{
    char detail[96];
    const char *missing = sk_roster_class_3_lacks(request, auth->zone, auth->until_us);
    if (missing == NULL)
        return SK_OK;
    sk_text_format(detail, sizeof detail, "%s: must be given for a zone of class 3", missing);
    return sk_request_refuse(request, SK_ERR_PARSE, detail);
}

enum sk_err sk_run_authorization_grant(struct request *request)
{
    struct sk_roster_change change = {.ev = SK_EV_AUTH_GRANTED};
    struct sk_authorization *auth = &change.authorization;
    auth->until_us = SK_NEVER;
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const struct sk_roster_change *person = sk_roster_entity(request, "person", SK_EV_PERSON_CREATED);
    if (person != NULL && sk_roster_check_here(request, person) != SK_OK)
        return request->answer->err;
    const char *zone = person != NULL ? sk_request_text(request, "zone", true, 64) : NULL;
    if (zone == NULL || sk_roster_entity(request, "schedule", SK_EV_SCHEDULE_PUT) == NULL ||
        !sk_roster_read_effective(request, &change) || !sk_roster_read_validity(request, &auth->from_us, &auth->until_us))
        return request->answer->err;
    auth->zone = sk_roster_zone(request->floor->site, zone);
    if (auth->zone == 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "zone: the site has none of that id");
    sk_text_copy(auth->person, sizeof auth->person, person->entity);
    sk_text_copy(auth->schedule, sizeof auth->schedule, sk_json_text(sk_json_get(request->args, "schedule")));
    if (!read_approval(request, auth) || check_class_3(request, auth) != SK_OK)
        return request->answer->err;
    sk_roster_next_id(sk_engine_roster(request->floor->engine), 'a', change.entity);
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "authorization", change.entity) : err;
}

enum sk_err sk_run_authorization_revoke(struct request *request)
{
    if (sk_roster_ready(request) != SK_OK)
        return request->answer->err;
    const struct sk_roster_change *now = sk_roster_entity(request, "authorization", SK_EV_AUTH_GRANTED);
    if (now == NULL)
        return request->answer->err;
    struct sk_roster_change change = *now;
    change.ev = SK_EV_AUTH_REVOKED;
    if (!sk_roster_read_effective(request, &change))
        return request->answer->err;
    if (change.authorization.until_us > change.effective_us)
        change.authorization.until_us = change.effective_us;
    const enum sk_err err = sk_roster_do(request, &change);
    return err == SK_OK ? sk_roster_answer(request, "authorization", change.entity) : err;
}
