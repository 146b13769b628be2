/* SPDX-License-Identifier: Apache-2.0 */
/* One rule after the other, in the order of the table at the end; each adds its reason or none. */
#include "collector/engine/decide.h"

#include <string.h>

#include "collector/engine/judging.h"

static const int64_t CLOCK_TRUSTED_US = 10 * SK_US_PER_S; /* IEC 60839-11-1: 10 s a week */

void sk_judging_add(struct sk_judging *j, enum sk_deny_reason reason, enum sk_weight weight)
{
    if (j->out->reason_count < SK_REASONS_MAX)
        j->out->reasons[j->out->reason_count++] = (uint16_t)reason;
    j->denied |= weight == SK_DENIES;
    j->unknown |= weight == SK_IN_DOUBT;
}

static bool within(int64_t at_us, int64_t from_us, int64_t until_us)
{
    return at_us >= from_us && at_us < until_us;
}

/* --- the rules --- */

static bool is_two_factor(unsigned factors)
{
    return (factors & (factors - 1)) != 0;
}

/* A zone of class 0 (outside) is everybody's; leaving is not judged by where it leads. */
static bool needs_authorization(const struct sk_judging *j)
{
    return j->input->has_place && j->input->entry && (j->rule == NULL || j->rule->class_ > 0);
}

/* Another human being than applicant and holder: the person behind an account where the record says him, else the account. */
static bool is_approved(const struct sk_authorization *auth, const char *person, int64_t at_us)
{
    const char *approver = auth->approver_person[0] != '\0' ? auth->approver_person : auth->approver;
    const char *applicant = auth->applicant_person[0] != '\0' ? auth->applicant_person : auth->applicant;
    return approver[0] != '\0' && strcmp(auth->approver, auth->applicant) != 0 && strcmp(approver, applicant) != 0 &&
           strcmp(approver, person) != 0 && auth->approved_us <= at_us;
}

static void survey(struct sk_judging *j)
{
    size_t cursor = 0;
    const char *id, *person = j->out->person->entity;
    while ((id = sk_roster_owned(j->view->roster, SK_EV_AUTH_GRANTED, person, &cursor)) != NULL) {
        const struct sk_roster_change *change = sk_roster_get(j->view, SK_EV_AUTH_GRANTED, id);
        if (change == NULL || change->authorization.zone != j->input->zone_to)
            continue;
        const struct sk_authorization *auth = &change->authorization;
        if (!within(j->view->at_us, auth->from_us, auth->until_us))
            continue;
        const enum sk_open open = sk_schedule_open(j->view, auth->schedule);
        j->any_in_force = true;
        j->any_open |= open == SK_OPEN;
        j->any_open_unknown |= open == SK_OPEN_UNKNOWN;
        j->approved |= is_approved(auth, person, j->view->at_us);
    }
}

static void rule_on_roster(struct sk_judging *j)
{
    if (!j->input->has_identifier)
        sk_judging_add(j, SK_DENY_NO_IDENTIFIER, SK_IN_DOUBT);
    else if (j->out->credential == NULL || j->out->person == NULL)
        sk_judging_add(j, SK_DENY_NOT_FOUND, SK_DENIES);
    if (!j->input->has_place)
        sk_judging_add(j, SK_DENY_NO_PLACE, SK_IN_DOUBT);
    if (j->out->person == NULL || !needs_authorization(j))
        return;
    survey(j);
    if (!j->any_in_force)
        sk_judging_add(j, SK_DENY_UNAUTHORIZED, SK_DENIES);
}

static void rule_validity(struct sk_judging *j)
{
    if (j->out->person == NULL || !j->input->entry)
        return;
    const struct sk_person *person = &j->out->person->person;
    const struct sk_credential *credential = &j->out->credential->credential;
    if (!within(j->view->at_us, person->from_us, person->until_us))
        sk_judging_add(j, SK_DENY_PERSON_NOT_VALID, SK_DENIES);
    if (j->view->at_us < credential->from_us)
        sk_judging_add(j, SK_DENY_NOT_ACTIVE, SK_DENIES);
    if (j->view->at_us >= credential->until_us)
        sk_judging_add(j, SK_DENY_EXPIRED, SK_DENIES);
}

static void rule_schedule(struct sk_judging *j)
{
    if (!j->any_in_force || j->any_open)
        return;
    if (j->any_open_unknown)
        sk_judging_add(j, SK_DENY_NO_CALENDAR, SK_IN_DOUBT);
    else
        sk_judging_add(j, SK_DENY_TIME, SK_DENIES);
}

static void rule_factors(struct sk_judging *j)
{
    const uint16_t required = j->out->factors_required, claimed = j->input->factors_claimed;
    if (required == 0)
        return;
    if (claimed == 0 && is_two_factor(required))
        sk_judging_add(j, SK_DENY_FACTOR_UNKNOWN, SK_IN_DOUBT); /* never read as two */
    else if (claimed != 0 && (claimed & required) != required)
        sk_judging_add(j, SK_DENY_FACTOR_MISSING, SK_DENIES);
}

static void rule_credential(struct sk_judging *j)
{
    if (j->out->credential == NULL)
        return;
    switch (j->out->credential->credential.state) {
    case SK_CRED_ENABLED:
        return;
    case SK_CRED_LOST:
    case SK_CRED_STOLEN:
        sk_judging_add(j, SK_DENY_CREDENTIAL_LOST, SK_DENIES);
        return;
    case SK_CRED_RETURNED:
        sk_judging_add(j, SK_DENY_CREDENTIAL_RETURNED, SK_DENIES);
        return;
    default:
        sk_judging_add(j, SK_DENY_NOT_ENABLED, SK_DENIES);
    }
}

static void rule_approval(struct sk_judging *j)
{
    const struct sk_zone_rule *rule = needs_authorization(j) ? j->rule : NULL;
    if (rule != NULL && rule->class_ == 3 && j->any_in_force && !j->approved)
        sk_judging_add(j, SK_DENY_APPROVAL_MISSING, SK_DENIES);
}

static void rule_passback(struct sk_judging *j)
{
    const struct sk_zone_rule *rule = j->rule;
    if (rule == NULL || j->last == NULL || j->last->zone != j->input->zone_to || j->last->how == SK_STAY_FORGIVEN)
        return;
    if (rule->passback == SK_PASSBACK_SOFT)
        sk_judging_add(j, SK_DENY_ANTIPASSBACK, SK_TOLD);
    else if (rule->passback == SK_PASSBACK_HARD)
        sk_judging_add(j, SK_DENY_ANTIPASSBACK_HARD, SK_DENIES);
    else if (rule->passback == SK_PASSBACK_TIMED && j->view->at_us - j->last->at_us < (int64_t)rule->passback_s * SK_US_PER_S)
        sk_judging_add(j, SK_DENY_ANTIPASSBACK_TIMED, SK_DENIES);
}

/* Last seen elsewhere than where this door begins: told where the last zone is one that cannot be left unseen. */
static void rule_place(struct sk_judging *j)
{
    if (!j->input->has_place || j->last == NULL || j->last->zone == j->input->zone_from || j->last->zone == j->input->zone_to)
        return;
    const struct sk_zone_rule *rule = sk_zone_rule(j->view, j->last->zone);
    if (rule != NULL && rule->passback != SK_PASSBACK_NONE)
        sk_judging_add(j, SK_DENY_UNEXPECTED_LOCATION, SK_TOLD);
}

/* People who come to work for a day or a task, by the clauses on advance registration; staff and their like stand on the
 * register. */
static bool needs_permit(const struct sk_judging *j)
{
    static const uint8_t kinds[] = {SK_PERSON_CONTRACTOR, SK_PERSON_SUBCONTRACTOR, SK_PERSON_CLIENT,
                                    SK_PERSON_INSPECTOR,  SK_PERSON_DELIVERY,      SK_PERSON_VISITOR};
    for (size_t i = 0; i < sizeof kinds; i++)
        if (j->out->person->person.kind == kinds[i])
            return true;
    return false;
}

static void rule_permit(struct sk_judging *j)
{
    const struct sk_papers *papers = j->input->papers;
    if (j->out->person == NULL || papers == NULL || !papers->kept || !needs_authorization(j) || !needs_permit(j) ||
        papers->permit || (j->rule != NULL && j->rule->papers == SK_PAPERS_NONE))
        return;
    const bool required = j->rule != NULL && j->rule->papers == SK_PAPERS_REQUIRED;
    if (papers->unratified)
        sk_judging_add(j, SK_DENY_EMERGENCY_ENTRY, SK_TOLD);
    else
        sk_judging_add(j, SK_DENY_PERMIT_MISSING, required ? SK_DENIES : SK_TOLD);
}

static void rule_goods(struct sk_judging *j)
{
    const struct sk_papers *papers = j->input->papers;
    if (j->out->person == NULL || papers == NULL || !papers->kept || !papers->goods_held || !needs_authorization(j) ||
        (!papers->goods_here && (j->rule == NULL || j->rule->class_ < 2)) || /* where nothing is named: the rooms that matter */
        (j->rule != NULL && j->rule->papers == SK_PAPERS_NONE))
        return;
    const bool required = j->rule != NULL && j->rule->papers == SK_PAPERS_REQUIRED;
    sk_judging_add(j, SK_DENY_GOODS, required ? SK_DENIES : SK_TOLD);
}

static void (*const rules[])(struct sk_judging *) = {
    rule_on_roster, rule_validity,   rule_schedule,     rule_factors,   rule_credential, rule_approval, rule_passback,
    rule_place,     sk_rule_company, sk_rule_occupancy, sk_rule_escort, rule_permit,     rule_goods,    sk_rule_travel};

/* --- agreement --- */

/* A finger not recognised or a wrong PIN is no quarrel about the roster. */
static bool is_factor_failure(uint16_t reason)
{
    static const uint16_t reasons[] = {SK_DENY_INVALID_PIN, SK_DENY_INVALID_IDENTIFIER, SK_DENY_FACTOR_TIMEOUT,
                                       SK_DENY_FACTOR_MISSING, SK_DENY_MAX_ATTEMPTS};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i] == reason)
            return true;
    return false;
}

/* A rule looked at what late events and papers can still tell. */
static bool depends(const struct sk_judging *j)
{
    const struct sk_zone_rule *last = j->last != NULL ? sk_zone_rule(j->view, j->last->zone) : NULL;
    return j->out->company || (j->rule != NULL && j->rule->passback != SK_PASSBACK_NONE) ||
           (last != NULL && last->passback != SK_PASSBACK_NONE) ||
           (j->input->papers != NULL && j->input->papers->kept &&
            (needs_permit(j) || j->input->papers->goods_held || j->input->papers->escorted));
}

static bool is_exempt(const struct sk_second_decision *out, const struct sk_decide_input *input)
{
    return (input->papers != NULL && input->papers->exempt_by[0] != '\0') ||
           (out->person != NULL && out->person->person.kind == SK_PERSON_EMERGENCY);
}

static uint8_t compare(const struct sk_second_decision *out, const struct sk_decide_input *input)
{
    const uint8_t ours = out->decision;
    if (input->ctrl_decision != SK_DECISION_GRANTED && input->ctrl_decision != SK_DECISION_DENIED)
        return SK_AGREE_NONE;
    if (is_exempt(out, input))
        return SK_AGREE_EXEMPT;
    if (input->ctrl_decision == SK_DECISION_DENIED && is_factor_failure(input->ctrl_reason))
        return SK_AGREE;
    if (ours == SK_DECISION_UNKNOWN)
        return SK_AGREE_UNKNOWN;
    if (ours == input->ctrl_decision)
        return SK_AGREE;
    return ours == SK_DECISION_DENIED ? SK_DISAGREE_GRANTED : SK_DISAGREE_DENIED;
}

void sk_decide(const struct sk_roster_view *view, const struct sk_decide_input *input, struct sk_second_decision *ret_decision)
{
    struct sk_judging j = {.view = view,
                           .input = input,
                           .out = ret_decision,
                           .person = -1,
                           .moved_us = input->moved_us != 0 ? input->moved_us : view->at_us,
                           .as_of_us = input->as_of_us != 0 ? input->as_of_us : view->at_us};
    *ret_decision = (struct sk_second_decision){.decision = SK_DECISION_UNKNOWN, .factors_required = input->factors_site};
    if (sk_roster_count(view->roster, SK_EV_PERSON_CREATED) == 0) {
        ret_decision->agreement = input->ctrl_decision != SK_DECISION_NONE ? SK_AGREE_UNKNOWN : SK_AGREE_NONE;
        return;
    }
    if (input->has_identifier)
        ret_decision->credential = sk_roster_by_identifier(view, &input->identifier);
    if (ret_decision->credential != NULL)
        ret_decision->person = sk_roster_get(view, SK_EV_PERSON_CREATED, ret_decision->credential->credential.person);
    if (input->has_place)
        ret_decision->factors_required = sk_roster_factors(view, input->door, input->entry, input->factors_site);
    if (input->has_place)
        j.rule = sk_zone_rule(view, input->zone_to);
    if (ret_decision->person != NULL)
        j.person = sk_roster_person_index(view->roster, ret_decision->person->entity);
    j.last = sk_trail_before(input->trail, j.moved_us);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        rules[i](&j);
    ret_decision->decision = j.denied ? SK_DECISION_DENIED : j.unknown ? SK_DECISION_UNKNOWN : SK_DECISION_GRANTED;
    ret_decision->agreement = compare(ret_decision, input);
    ret_decision->until_us = j.moved_us + (ret_decision->company ? sk_zone_together_us(j.rule) : 0);
    ret_decision->depends = ret_decision->person != NULL && depends(&j);
}

int64_t sk_decide_moment(uint8_t occurrence_class, int64_t t_ctrl_us, int64_t recv_us)
{
    return occurrence_class > SK_OCC_ONLINE && t_ctrl_us > 0 ? t_ctrl_us : recv_us;
}

int64_t sk_movement_moment(uint8_t occurrence_class, int64_t t_ctrl_us, int64_t recv_us)
{
    if (t_ctrl_us > 0 && (occurrence_class > SK_OCC_ONLINE || t_ctrl_us - recv_us <= CLOCK_TRUSTED_US))
        return t_ctrl_us;
    return recv_us;
}
