/* SPDX-License-Identifier: Apache-2.0 */
/* Joint entries as movements of guests, and what ends them. */
#include "collector/engine/guests.h"

#include <string.h>

#include "collector/engine/occupancy.h"
#include "collector/engine/papers.h"

/* Which zone it led to; doors without a way lead nowhere. The doors of one question are few: each way is looked up once. */
enum { DOORS_KEPT = 16 };
struct ways {
    const struct sk_guests *guests;
    struct sk_roster_view all;
    size_t count;
    struct {
        const char *door;
        const struct sk_roster_change *change;
    } known[DOORS_KEPT];
};

static const struct sk_roster_change *way_of(struct ways *ways, const char *door)
{
    char way[SK_ENTITY_MAX];
    for (size_t i = 0; i < ways->count; i++)
        if (strcmp(ways->known[i].door, door) == 0)
            return ways->known[i].change;
    sk_text_format(way, sizeof way, "way:%u", ways->guests->door_number(ways->guests->context, door));
    const struct sk_roster_change *change = sk_roster_get(&ways->all, SK_EV_WAY_RULE, way);
    if (ways->count < DOORS_KEPT) {
        ways->known[ways->count].door = door;
        ways->known[ways->count++].change = change;
    }
    return change;
}

static bool stands(const struct sk_joint *joint, int64_t as_of_us)
{
    return joint->done_us <= as_of_us && joint->voided_us > as_of_us && !sk_paper_is_gone(joint->entry, as_of_us);
}

/* The visit's newest step by that moment; NULL: none. */
static const struct sk_joint *newest_step(struct ways *ways, const struct sk_joint_visit *visit, int64_t at_us,
                                          uint16_t *ret_zone)
{
    for (size_t i = visit->count; i > 0; i--) {
        const struct sk_joint *joint = &visit->items[i - 1];
        const struct sk_roster_change *change =
            joint->at_us <= at_us && stands(joint, ways->guests->as_of_us) ? way_of(ways, joint->door) : NULL;
        if (change == NULL)
            continue;
        *ret_zone = joint->in ? change->way.zone_b : change->way.zone_a;
        return joint;
    }
    return NULL;
}

/* --- what ends a step --- */

const struct sk_guest_mark *sk_guest_mark_of(const struct sk_guest_marks *marks, const char *visit)
{
    for (size_t i = 0; marks != NULL && i < marks->count; i++)
        if (strcmp(marks->items[i].visit, visit) == 0)
            return &marks->items[i];
    return NULL;
}

/* Without those who were seen at a muster point since. */
static uint32_t still_there(const struct sk_guests *guests, const char *visit, uint32_t led, int64_t since_us, int64_t at_us)
{
    const struct sk_guest_mark *mark = sk_guest_mark_of(guests->marks, visit);
    if (mark == NULL || mark->seen_us == 0 || mark->seen_us < since_us || mark->seen_us > at_us)
        return led;
    return mark->people >= led ? 0 : led - mark->people;
}

static const struct sk_entry *visit_entry(const struct sk_guests *guests, const char *visit)
{
    const struct sk_entry *entry = sk_registers_get(guests->registers, visit);
    return entry == NULL || sk_paper_is_gone(entry, guests->as_of_us) ? NULL : entry;
}

/* When the desk saw them leave; SK_NEVER: it did not. A visit that was closed without that is over when it was closed. */
static int64_t departed_us(const struct sk_guests *guests, const struct sk_entry *visit)
{
    const int64_t as_of_us = guests->as_of_us;
    struct sk_field_value out;
    if (visit->register_ != SK_REGISTER_VISIT)
        return SK_NEVER;
    const uint8_t state = sk_entry_state_at(visit, as_of_us);
    if (state != SK_RS_DEPARTED && state != SK_RS_CLOSED)
        return SK_NEVER;
    return sk_entry_field(visit, SK_F_VISIT_OUT_AT, as_of_us, &out) ? sk_value_time(&out) : sk_entry_since(visit, as_of_us);
}

/* A card of their own tells where they are: of the same zone, or later than they were led there. */
static bool has_own_trail(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                          const struct sk_entry *visit, const struct sk_guest *guest, int64_t at_us)
{
    char text[SK_ENTITY_MAX];
    if (visit->register_ != SK_REGISTER_VISIT || !sk_entry_text(visit, SK_F_VISIT_PERSON, guests->as_of_us, text, sizeof text))
        return false;
    const int64_t person = sk_roster_person_index(view->roster, text);
    const struct sk_trail *trail = person >= 0 && (size_t)person < trails->count ? &trails->items[person] : NULL;
    for (size_t i = 0; trail != NULL && i < trail->count; i++)
        if (trail->stays[i].at_us <= at_us)
            return guest->zone == 0 || trail->stays[i].zone == guest->zone || trail->stays[i].at_us > guest->since_us;
    return false;
}

static bool is_over(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                    const struct sk_guest *guest, int64_t at_us)
{
    const struct sk_entry *visit = visit_entry(guests, guest->visit);
    if (visit == NULL)
        return false;
    const int64_t out_us = departed_us(guests, visit);
    return (out_us != SK_NEVER && out_us <= at_us && out_us >= guest->since_us) ||
           has_own_trail(guests, view, trails, visit, guest, at_us);
}

/* --- led in --- */

static bool step_of(struct ways *ways, const struct sk_joint_visit *visit, int64_t at_us, struct sk_guest *ret_guest)
{
    uint16_t zone = 0;
    const struct sk_joint *joint = newest_step(ways, visit, at_us, &zone);
    if (joint == NULL)
        return false;
    *ret_guest = (struct sk_guest){visit->id,     joint,
                                   zone,          joint->at_us,
                                   joint->people, still_there(ways->guests, visit->id, joint->people, joint->at_us, at_us)};
    return true;
}

static struct ways ways_of(const struct sk_guests *guests, const struct sk_roster_view *view)
{
    return (struct ways){.guests = guests, .all = {view->roster, view->version, SK_NEVER}};
}

static const struct sk_joint_visit *joints_of(const struct sk_guests *guests, size_t *ret_count)
{
    *ret_count = 0;
    return guests->registers != NULL ? sk_registers_joints(guests->registers, ret_count) : NULL;
}

bool sk_guest_next(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                   uint16_t zone, int64_t at_us, size_t *cursor, struct sk_guest *ret_guest)
{
    struct ways ways = ways_of(guests, view);
    size_t count;
    const struct sk_joint_visit *visits = joints_of(guests, &count);
    while (*cursor < count)
        if (step_of(&ways, &visits[(*cursor)++], at_us, ret_guest) && ret_guest->zone == zone && ret_guest->people > 0 &&
            !is_over(guests, view, trails, ret_guest, at_us))
            return true;
    return false;
}

uint32_t sk_guests_in(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                      uint16_t zone, int64_t at_us)
{
    struct sk_guest guest;
    uint32_t people = 0;
    size_t cursor = 0;
    while (sk_guest_next(guests, view, trails, zone, at_us, &cursor, &guest))
        people += guest.people;
    return people;
}

uint32_t sk_joint_people(const struct sk_registers *registers, const char *door, bool in, int64_t from_us, int64_t until_us)
{
    size_t count;
    uint32_t people = 0;
    const struct sk_joint_visit *visits = sk_registers_joints(registers, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < visits[i].count; k++) {
            const struct sk_joint *joint = &visits[i].items[k];
            if (joint->voided_us == SK_NEVER && joint->in == in && joint->at_us >= from_us && joint->at_us < until_us &&
                strcmp(joint->door, door) == 0)
                people += joint->people;
        }
    return people;
}

/* --- let in by the desk --- */

bool sk_visit_has_badge(const struct sk_entry *visit, int64_t as_of_us)
{
    for (uint32_t i = visit->act_count; i > 0; i--) {
        const struct sk_entry_act *act = &visit->acts[i - 1];
        if (act->at_us > as_of_us)
            continue;
        if (act->row->ev == SK_EV_VISIT_BADGE_OUT)
            return true;
        if (act->row->ev == SK_EV_VISIT_BADGE_IN || act->row->ev == SK_EV_VISIT_BADGE_LOST)
            return false;
    }
    return false;
}

static bool desk_let_in(const struct sk_entry *visit, int64_t as_of_us, int64_t *ret_since_us)
{
    const uint8_t state = sk_entry_state_at(visit, as_of_us);
    const struct sk_entry_act *entered = sk_entry_act(visit, SK_EV_VISIT_ENTERED, as_of_us);
    *ret_since_us = entered != NULL ? sk_entry_time(visit, SK_F_VISIT_IN_AT, as_of_us) : sk_entry_since(visit, as_of_us);
    return state == SK_RS_INSIDE || state == SK_RS_NOT_OBSERVED ||
           (state == SK_RS_ARRIVED && sk_visit_has_badge(visit, as_of_us));
}

static bool desk_knows(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                       const struct sk_entry *visit, struct sk_guest *ret_guest)
{
    int64_t since_us;
    if (visit->register_ != SK_REGISTER_VISIT || sk_paper_is_gone(visit, guests->as_of_us) ||
        !desk_let_in(visit, guests->as_of_us, &since_us))
        return false;
    *ret_guest = (struct sk_guest){visit->id, NULL, 0, since_us, 1, still_there(guests, visit->id, 1, since_us, SK_NEVER)};
    return ret_guest->people > 0 && !has_own_trail(guests, view, trails, visit, ret_guest, SK_NEVER);
}

static const struct sk_joint_visit *find_joints(const struct sk_joint_visit *visits, size_t count, const char *visit)
{
    for (size_t i = count; i > 0; i--)
        if (strcmp(visits[i - 1].id, visit) == 0)
            return &visits[i - 1];
    return NULL;
}

bool sk_guest_of(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                 const char *visit, struct sk_guest *ret_guest)
{
    struct ways ways = ways_of(guests, view);
    size_t count;
    const struct sk_joint_visit *visits = joints_of(guests, &count);
    const struct sk_joint_visit *joints = find_joints(visits, count, visit);
    const struct sk_entry *entry = guests->registers != NULL ? sk_registers_get(guests->registers, visit) : NULL;
    *ret_guest = (struct sk_guest){.visit = visit};
    if (joints != NULL && step_of(&ways, joints, SK_NEVER, ret_guest))
        return sk_zone_class(view->roster, ret_guest->zone) > 0 && ret_guest->people > 0 &&
               !is_over(guests, view, trails, ret_guest, SK_NEVER);
    return entry != NULL && desk_knows(guests, view, trails, entry, ret_guest);
}

bool sk_guest_each(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails,
                   size_t *cursor, struct sk_guest *ret_guest)
{
    struct ways ways = ways_of(guests, view);
    const struct sk_entry *entry;
    size_t count, beyond;
    uint16_t zone;
    const struct sk_joint_visit *visits = joints_of(guests, &count), *joints;
    while (*cursor < count)
        if (step_of(&ways, &visits[(*cursor)++], SK_NEVER, ret_guest) && ret_guest->people > 0 &&
            sk_zone_class(view->roster, ret_guest->zone) > 0 && !is_over(guests, view, trails, ret_guest, SK_NEVER))
            return true;
    for (beyond = *cursor - count;
         guests->registers != NULL && (entry = sk_registers_next(guests->registers, SK_REGISTER_VISIT, &beyond)) != NULL;) {
        *cursor = count + beyond;
        if (!desk_knows(guests, view, trails, entry, ret_guest))
            continue;
        joints = find_joints(visits, count, entry->id);
        if (joints == NULL || newest_step(&ways, joints, SK_NEVER, &zone) == NULL)
            return true;
    }
    return false;
}

size_t sk_guests_count(const struct sk_guests *guests, const struct sk_roster_view *view, const struct sk_trails *trails)
{
    struct sk_guest guest;
    size_t cursor = 0, count = 0;
    while (sk_guest_each(guests, view, trails, &cursor, &guest))
        count++;
    return count;
}
