/* SPDX-License-Identifier: Apache-2.0 */
/* One rule after the other, in the order of the table at the end; each adds its reason or none. */
#include "collector/engine/decide.h"

#include <string.h>

static const int64_t CLOCK_TRUSTED_US = 10 * SK_US_PER_S; /* IEC 60839-11-1: 10 s a week */

struct judging {
    const struct sk_roster_view *view;
    const struct sk_decide_input *input;
    struct sk_second_decision *out;
    bool denied, unknown;
    const struct sk_stay *last;
    /* of all authorisations for the zone: */
    bool any_in_force, any_open, any_open_unknown, approved;
};

enum weight { DENIES, IN_DOUBT, TOLD };

static void add(struct judging *j, enum sk_deny_reason reason, enum weight weight)
{
    if (j->out->reason_count < SK_REASONS_MAX)
        j->out->reasons[j->out->reason_count++] = (uint16_t)reason;
    j->denied |= weight == DENIES;
    j->unknown |= weight == IN_DOUBT;
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

static const struct sk_zone_rule *zone_rule(const struct sk_roster_view *view, uint16_t zone)
{
    char entity[SK_ENTITY_MAX];
    sk_text_format(entity, sizeof entity, "zone:%u", zone);
    const struct sk_roster_change *change = sk_roster_get(view, SK_EV_ZONE_RULE, entity);
    return change == NULL ? NULL : &change->zone;
}

/* A zone of class 0 (outside) is everybody's; leaving is not judged by where it leads. */
static bool needs_authorization(const struct judging *j)
{
    const struct sk_zone_rule *rule = j->input->has_place ? zone_rule(j->view, j->input->zone_to) : NULL;
    return j->input->has_place && j->input->entry && (rule == NULL || rule->class_ > 0);
}

static bool is_approved(const struct sk_authorization *auth, const char *person, int64_t at_us)
{
    return auth->approver[0] != '\0' && strcmp(auth->approver, auth->applicant) != 0 && strcmp(auth->approver, person) != 0 &&
           auth->approved_us <= at_us;
}

static void survey(struct judging *j)
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

static void rule_on_roster(struct judging *j)
{
    if (!j->input->has_identifier)
        add(j, SK_DENY_NO_IDENTIFIER, IN_DOUBT);
    else if (j->out->credential == NULL || j->out->person == NULL)
        add(j, SK_DENY_NOT_FOUND, DENIES);
    if (!j->input->has_place)
        add(j, SK_DENY_NO_PLACE, IN_DOUBT);
    if (j->out->person == NULL || !needs_authorization(j))
        return;
    survey(j);
    if (!j->any_in_force)
        add(j, SK_DENY_UNAUTHORIZED, DENIES);
}

static void rule_validity(struct judging *j)
{
    if (j->out->person == NULL || !j->input->entry)
        return;
    const struct sk_person *person = &j->out->person->person;
    const struct sk_credential *credential = &j->out->credential->credential;
    if (!within(j->view->at_us, person->from_us, person->until_us))
        add(j, SK_DENY_PERSON_NOT_VALID, DENIES);
    if (j->view->at_us < credential->from_us)
        add(j, SK_DENY_NOT_ACTIVE, DENIES);
    if (j->view->at_us >= credential->until_us)
        add(j, SK_DENY_EXPIRED, DENIES);
}

static void rule_schedule(struct judging *j)
{
    if (!j->any_in_force || j->any_open)
        return;
    if (j->any_open_unknown)
        add(j, SK_DENY_NO_CALENDAR, IN_DOUBT);
    else
        add(j, SK_DENY_TIME, DENIES);
}

static void rule_factors(struct judging *j)
{
    const uint16_t required = j->out->factors_required, claimed = j->input->factors_claimed;
    if (required == 0)
        return;
    if (claimed == 0 && is_two_factor(required))
        add(j, SK_DENY_FACTOR_UNKNOWN, IN_DOUBT); /* never read as two */
    else if (claimed != 0 && (claimed & required) != required)
        add(j, SK_DENY_FACTOR_MISSING, DENIES);
}

static void rule_credential(struct judging *j)
{
    if (j->out->credential == NULL)
        return;
    switch (j->out->credential->credential.state) {
    case SK_CRED_ENABLED:
        return;
    case SK_CRED_LOST:
    case SK_CRED_STOLEN:
        add(j, SK_DENY_CREDENTIAL_LOST, DENIES);
        return;
    case SK_CRED_RETURNED:
        add(j, SK_DENY_CREDENTIAL_RETURNED, DENIES);
        return;
    default:
        add(j, SK_DENY_NOT_ENABLED, DENIES);
    }
}

static void rule_approval(struct judging *j)
{
    const struct sk_zone_rule *rule = needs_authorization(j) ? zone_rule(j->view, j->input->zone_to) : NULL;
    if (rule != NULL && rule->class_ == 3 && j->any_in_force && !j->approved)
        add(j, SK_DENY_APPROVAL_MISSING, DENIES);
}

static void rule_passback(struct judging *j)
{
    const struct sk_zone_rule *rule = j->input->has_place ? zone_rule(j->view, j->input->zone_to) : NULL;
    if (rule == NULL || j->last == NULL || j->last->zone != j->input->zone_to || j->last->how == SK_STAY_FORGIVEN)
        return;
    if (rule->passback == SK_PASSBACK_SOFT)
        add(j, SK_DENY_ANTIPASSBACK, TOLD);
    else if (rule->passback == SK_PASSBACK_HARD)
        add(j, SK_DENY_ANTIPASSBACK_HARD, DENIES);
    else if (rule->passback == SK_PASSBACK_TIMED && j->view->at_us - j->last->at_us < (int64_t)rule->passback_s * SK_US_PER_S)
        add(j, SK_DENY_ANTIPASSBACK_TIMED, DENIES);
}

/* Last seen elsewhere than where this door begins: told where the last zone is one that cannot be left unseen. */
static void rule_place(struct judging *j)
{
    if (!j->input->has_place || j->last == NULL || j->last->zone == j->input->zone_from || j->last->zone == j->input->zone_to)
        return;
    const struct sk_zone_rule *rule = zone_rule(j->view, j->last->zone);
    if (rule != NULL && rule->passback != SK_PASSBACK_NONE)
        add(j, SK_DENY_UNEXPECTED_LOCATION, TOLD);
}

static void (*const rules[])(struct judging *) = {rule_on_roster,  rule_validity, rule_schedule, rule_factors,
                                                  rule_credential, rule_approval, rule_passback, rule_place};

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

static uint8_t compare(uint8_t ours, const struct sk_decide_input *input)
{
    if (input->ctrl_decision != SK_DECISION_GRANTED && input->ctrl_decision != SK_DECISION_DENIED)
        return SK_AGREE_NONE;
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
    struct judging j = {.view = view, .input = input, .out = ret_decision};
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
    j.last = sk_trail_before(input->trail, view->at_us);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        rules[i](&j);
    ret_decision->decision = j.denied ? SK_DECISION_DENIED : j.unknown ? SK_DECISION_UNKNOWN : SK_DECISION_GRANTED;
    ret_decision->agreement = compare(ret_decision->decision, input);
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
