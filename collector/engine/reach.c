/* SPDX-License-Identifier: Apache-2.0 */
/* A permit, an emergency form and a visit speak of the people they ever named; a joint entry of everybody in the zones its
 * visit's guests were ever led to, for they are company; a visit whose guests were led in of both. */
#include "collector/engine/reach.h"

#include <string.h>

#include "schemas/model/register.h"

/* By which field of which register an entry names whom it is for; indexed (schemas/model/register_index.c). */
static const struct {
    uint8_t register_;
    uint16_t field;
} named_by[] = {{SK_REGISTER_PERMIT, SK_F_PERMIT_WORKERS},
                {SK_REGISTER_EMERGENCY, SK_F_EMERGENCY_WORKERS},
                {SK_REGISTER_VISIT, SK_F_VISIT_PERSON}};

static void zone_add(struct sk_reach *reach, uint16_t zone)
{
    for (size_t i = 0; i < reach->zone_count; i++)
        if (reach->zones[i] == zone)
            return;
    if (zone == 0)
        return;
    if (reach->zone_count == SK_REACH_ZONES)
        reach->everybody = true;
    else
        reach->zones[reach->zone_count++] = zone;
}

/* Both sides of each door its guests were led through: where they were before is where another joint entry led them. */
static void visit_add(const struct sk_world *world, const struct sk_joint_visit *visit, struct sk_reach *reach)
{
    const struct sk_roster_view all = {world->roster, sk_roster_version(world->roster), SK_NEVER};
    const char *known = NULL;
    for (size_t i = 0; i < visit->count; i++) {
        char way[SK_ENTITY_MAX];
        if (known != NULL && strcmp(known, visit->items[i].door) == 0)
            continue;
        known = visit->items[i].door;
        sk_text_format(way, sizeof way, "way:%u", world->door_number(world->context, known));
        const struct sk_roster_change *change = sk_roster_get(&all, SK_EV_WAY_RULE, way);
        zone_add(reach, change != NULL ? change->way.zone_a : 0);
        zone_add(reach, change != NULL ? change->way.zone_b : 0);
    }
}

static const struct sk_joint_visit *visit_find(const struct sk_world *world, const char *id)
{
    size_t count = 0;
    const struct sk_joint_visit *visits = sk_registers_joints(world->registers, &count);
    for (size_t i = count; i > 0; i--)
        if (strcmp(visits[i - 1].id, id) == 0)
            return &visits[i - 1];
    return NULL;
}

static void guests_reach(const struct sk_world *world, const struct sk_entry *entry, struct sk_reach *reach)
{
    char id[SK_ENTRY_ID_MAX];
    const bool joint = entry->register_ == SK_REGISTER_JOINT;
    if (!joint)
        sk_text_copy(id, sizeof id, entry->id);
    else if (!sk_entry_text(entry, SK_F_JOINT_VISIT, SK_NEVER, id, sizeof id))
        return;
    const struct sk_joint_visit *visit = visit_find(world, id);
    reach->since_us = joint ? sk_entry_time(entry, SK_F_JOINT_AT, SK_NEVER) : INT64_MIN;
    if (visit != NULL)
        visit_add(world, visit, reach);
}

void sk_reach_of(const struct sk_world *world, const char *entry, struct sk_reach *ret_reach)
{
    *ret_reach = (struct sk_reach){.entry = world->registers != NULL ? sk_registers_get(world->registers, entry) : NULL};
    if (ret_reach->entry == NULL)
        return;
    const uint8_t register_ = ret_reach->entry->register_;
    ret_reach->everybody = register_ == SK_REGISTER_MODE || register_ == SK_REGISTER_ATTESTATION;
    if (register_ == SK_REGISTER_JOINT || register_ == SK_REGISTER_VISIT)
        guests_reach(world, ret_reach->entry, ret_reach);
}

static bool names(const struct sk_world *world, const struct sk_entry *entry, int32_t person)
{
    const char *id = sk_roster_entity_at(world->roster, SK_EV_PERSON_CREATED, (size_t)person);
    for (size_t i = 0; id != NULL && i < sizeof named_by / sizeof *named_by; i++) {
        if (named_by[i].register_ != entry->register_)
            continue;
        const struct sk_entries entries = sk_registers_with(world->registers, named_by[i].field, id);
        for (size_t k = entries.count; k > 0; k--) /* ascending by number, and what changes is mostly new */
            if (entries.items[k - 1]->number <= entry->number)
                return entries.items[k - 1] == entry;
    }
    return false;
}

static bool is_there(const struct sk_reach *reach, const struct sk_case *kept)
{
    for (size_t i = 0; i < reach->zone_count; i++)
        if (reach->zones[i] == kept->input.zone_to || reach->zones[i] == kept->input.zone_from)
            return kept->until_us >= reach->since_us;
    return false;
}

bool sk_reach_concerns(const struct sk_world *world, const struct sk_reach *reach, const struct sk_case *kept)
{
    return kept->in_use && kept->person >= 0 && reach->entry != NULL &&
           (reach->everybody || (!kept->alone && is_there(reach, kept)) || names(world, reach->entry, kept->person));
}
