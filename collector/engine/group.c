/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about company: nobody alone in a zone that wants two, no more people than it holds, an escort for who needs one.
 *
 * Who is in a zone at a moment follows from all trails, so the order in which events came does not matter. Who enters first is
 * alone of necessity: until the zone's time is over the second person is awaited, afterwards it is decided by who was inside
 * then. Missing events make a denial a doubt, never a certainty. */
#include <string.h>

#include "collector/engine/judging.h"

enum { TOGETHER_S = 30 }; /* ours, where a rule says nothing: badge, open, pass, twice */

uint16_t sk_trail_zone_at(const struct sk_trail *trail, int64_t at_us)
{
    for (size_t i = 0; i < trail->count; i++)
        if (trail->stays[i].at_us <= at_us)
            return trail->stays[i].zone;
    return 0;
}

const struct sk_zone_rule *sk_zone_rule(const struct sk_roster_view *view, uint16_t zone)
{
    char entity[SK_ENTITY_MAX];
    sk_text_format(entity, sizeof entity, "zone:%u", zone);
    const struct sk_roster_change *change = zone == 0 ? NULL : sk_roster_get(view, SK_EV_ZONE_RULE, entity);
    return change == NULL ? NULL : &change->zone;
}

int64_t sk_zone_together_us(const struct sk_zone_rule *rule)
{
    return (rule != NULL && rule->together_s > 0 ? rule->together_s : TOGETHER_S) * SK_US_PER_S;
}

bool sk_is_authorised(const struct sk_roster_view *view, const char *person, uint16_t zone)
{
    size_t cursor = 0;
    const char *id;
    while ((id = sk_roster_owned(view->roster, SK_EV_AUTH_GRANTED, person, &cursor)) != NULL) {
        const struct sk_roster_change *change = sk_roster_get(view, SK_EV_AUTH_GRANTED, id);
        if (change != NULL && change->authorization.zone == zone && view->at_us >= change->authorization.from_us &&
            view->at_us < change->authorization.until_us)
            return true;
    }
    return false;
}

struct sk_company sk_company_in(const struct sk_roster_view *view, const struct sk_trails *trails,
                                const struct sk_guests *guests, uint16_t zone, int64_t at_us, int64_t but)
{
    struct sk_company company = {.people = guests != NULL ? sk_guests_in(guests, view, trails, zone, at_us) : 0};
    const struct sk_roster_view then = {view->roster, view->version, at_us};
    for (size_t i = 0; i < trails->count; i++) {
        if ((int64_t)i == but || trails->items[i].count == 0 || sk_trail_zone_at(&trails->items[i], at_us) != zone)
            continue;
        const char *person = sk_roster_entity_at(view->roster, SK_EV_PERSON_CREATED, i);
        company.people++;
        company.authorised += person != NULL && sk_is_authorised(&then, person, zone);
    }
    return company;
}

bool sk_escort_is_in(const struct sk_papers *papers, const struct sk_trails *trails, uint16_t zone, int64_t at_us)
{
    for (size_t i = 0; i < papers->escort_count; i++)
        if (papers->escorts[i] < trails->count && sk_trail_zone_at(&trails->items[papers->escorts[i]], at_us) == zone)
            return true;
    return false;
}

static enum sk_weight certain(const struct sk_judging *j)
{
    return j->input->gaps ? SK_IN_DOUBT : SK_DENIES;
}

/* He came in, and by then he is still there or was: where he was when the time was over. */
static bool is_still_in(const struct sk_judging *j, int64_t at_us)
{
    const struct sk_trail *trail = &j->input->trails->items[j->person];
    return sk_trail_zone_at(trail, at_us) == j->input->zone_to;
}

static bool judges_company(const struct sk_judging *j)
{
    return j->input->trails != NULL && j->input->has_place && j->person >= 0 && (size_t)j->person < j->input->trails->count;
}

/* Until when what is missing may still come; true while it may. */
static bool awaits(struct sk_judging *j, enum sk_deny_reason reason)
{
    const int64_t until_us = j->moved_us + sk_zone_together_us(j->rule);
    if (j->input->used && j->as_of_us >= until_us)
        return false;
    sk_judging_add(j, reason, SK_TOLD);
    if (j->input->used)
        j->out->awaits_until_us = until_us;
    return true;
}

static struct sk_company others_in(struct sk_judging *j, uint16_t zone, int64_t at_us)
{
    if (!j->met.known || j->met.zone != zone || j->met.at_us != at_us) {
        j->met.known = true;
        j->met.zone = zone;
        j->met.at_us = at_us;
        j->met.others = sk_company_in(j->view, j->input->trails, j->input->guests, zone, at_us, j->person);
    }
    return j->met.others;
}

static void judge_group(struct sk_judging *j, const struct sk_company *others)
{
    if (others->people + 1 < j->rule->people_min)
        sk_judging_add(j, SK_DENY_NO_ACCOMPANIMENT, certain(j));
    else if (others->authorised + 1 < j->rule->people_min)
        sk_judging_add(j, SK_DENY_WRONG_ACCOMPANIMENT, certain(j));
}

void sk_rule_company(struct sk_judging *j)
{
    if (!judges_company(j) || !j->input->entry || j->rule == NULL || j->rule->people_min < 2)
        return;
    j->out->company = true;
    struct sk_company others = others_in(j, j->input->zone_to, j->moved_us);
    if (others.authorised + 1 >= j->rule->people_min || awaits(j, SK_DENY_SECOND_AWAITED))
        return;
    const int64_t then_us = j->moved_us + sk_zone_together_us(j->rule);
    if (!is_still_in(j, then_us))
        return;
    others = others_in(j, j->input->zone_to, then_us);
    judge_group(j, &others);
}

/* Nobody is held inside for the sake of a number: leaving below the lower limit is told. */
void sk_rule_occupancy(struct sk_judging *j)
{
    const struct sk_zone_rule *left = judges_company(j) ? sk_zone_rule(j->view, j->input->zone_from) : NULL;
    if (judges_company(j) && j->input->entry && j->rule != NULL && j->rule->occ_max > 0) {
        j->out->company = true;
        if (others_in(j, j->input->zone_to, j->moved_us).people + 1 > j->rule->occ_max)
            sk_judging_add(j, SK_DENY_OCC_UPPER, certain(j));
    }
    if (left != NULL && left->occ_min > 0) {
        j->out->company = true;
        if (others_in(j, j->input->zone_from, j->moved_us).people < left->occ_min)
            sk_judging_add(j, SK_DENY_OCC_LOWER, SK_TOLD);
    }
}

void sk_rule_escort(struct sk_judging *j)
{
    const struct sk_papers *papers = j->input->papers;
    const bool class_0 = j->rule != NULL && j->rule->class_ == 0;
    if (!judges_company(j) || !j->input->entry || papers == NULL || !papers->kept || !papers->escorted || class_0 ||
        (j->rule != NULL && j->rule->papers == SK_PAPERS_NONE))
        return;
    j->out->company = true;
    if (papers->measure)
        sk_judging_add(j, SK_DENY_ESCORT_BY_MEASURE, SK_TOLD);
    else if (!sk_escort_is_in(papers, j->input->trails, j->input->zone_to, j->moved_us) && !awaits(j, SK_DENY_ESCORT_AWAITED)) {
        const int64_t then_us = j->moved_us + sk_zone_together_us(j->rule);
        const bool required = j->rule != NULL && j->rule->papers == SK_PAPERS_REQUIRED;
        if (is_still_in(j, then_us) && !sk_escort_is_in(papers, j->input->trails, j->input->zone_to, then_us))
            sk_judging_add(j, SK_DENY_ESCORT_MISSING, required ? certain(j) : SK_TOLD);
    }
}
