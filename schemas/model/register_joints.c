/* SPDX-License-Identifier: Apache-2.0 */
/* A visit's joint entries stand in order of their moments (of one moment: of their numbers), so the newest by any moment is the
 * first one from the end. */
#include "schemas/model/register_joints.h"

#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/register_internal.h"

enum { VISITS_MAX = 1 << 20, JOINTS_MAX = 1 << 20 };

void sk_joints_release(struct sk_joints *joints)
{
    for (size_t i = 0; i < joints->count; i++)
        sk_free(joints->visits[i].items);
    sk_free(joints->visits);
    *joints = (struct sk_joints){0};
}

static bool read_text(const struct sk_register_act *act, uint16_t field, char *to, size_t capacity)
{
    struct sk_field_value value;
    if (!sk_field_find(SK_REGISTER_JOINT, act->fields, act->fields_length, field, &value) || value.length >= capacity)
        return false;
    memcpy(to, value.bytes, value.length);
    to[value.length] = '\0';
    return true;
}

static bool read_joint(const struct sk_entry *entry, const struct sk_register_act *act, char visit[SK_ENTRY_ID_MAX],
                       struct sk_joint *ret_joint)
{
    char direction[8];
    struct sk_field_value value;
    *ret_joint = (struct sk_joint){.entry = entry, .done_us = act->at_us, .voided_us = SK_NEVER, .people = 1};
    if (!read_text(act, SK_F_JOINT_VISIT, visit, SK_ENTRY_ID_MAX) ||
        !read_text(act, SK_F_JOINT_DOOR, ret_joint->door, sizeof ret_joint->door) ||
        !read_text(act, SK_F_JOINT_DIRECTION, direction, sizeof direction))
        return false;
    ret_joint->in = strcmp(direction, "in") == 0;
    if (sk_field_find(SK_REGISTER_JOINT, act->fields, act->fields_length, SK_F_JOINT_AT, &value))
        ret_joint->at_us = sk_value_time(&value);
    if (sk_field_find(SK_REGISTER_JOINT, act->fields, act->fields_length, SK_F_JOINT_COUNT, &value) &&
        sk_value_number(&value) > 0)
        ret_joint->people = (uint32_t)sk_value_number(&value);
    return true;
}

/* From the end: the visit of a joint entry is one of the last. */
static struct sk_joint_visit *find_or_make(struct sk_joints *joints, const char *id)
{
    for (size_t i = joints->count; i > 0; i--)
        if (strcmp(joints->visits[i - 1].id, id) == 0)
            return &joints->visits[i - 1];
    struct sk_joint_visit *visits = sk_grow(joints->visits, joints->count, &joints->capacity, sizeof *visits, VISITS_MAX);
    if (visits == NULL)
        return NULL;
    joints->visits = visits;
    struct sk_joint_visit *visit = &visits[joints->count++];
    *visit = (struct sk_joint_visit){.count = 0};
    sk_text_copy(visit->id, sizeof visit->id, id);
    return visit;
}

static enum sk_err put(struct sk_joint_visit *visit, const struct sk_joint *joint)
{
    size_t place = visit->count;
    struct sk_joint *items = sk_grow(visit->items, visit->count, &visit->capacity, sizeof *items, JOINTS_MAX);
    if (items == NULL)
        return SK_ERR_NOMEM;
    visit->items = items;
    while (place > 0 && items[place - 1].at_us > joint->at_us) /* numbers ascend as they are opened */
        place--;
    memmove(&items[place + 1], &items[place], (visit->count - place) * sizeof *items);
    items[place] = *joint;
    visit->count++;
    return SK_OK;
}

static void set_voided(struct sk_joints *joints, const struct sk_entry *entry, int64_t at_us)
{
    for (size_t i = 0; i < joints->count; i++)
        for (size_t k = 0; k < joints->visits[i].count; k++)
            if (joints->visits[i].items[k].entry == entry)
                joints->visits[i].items[k].voided_us = at_us;
}

enum sk_err sk_joints_add(struct sk_joints *joints, const struct sk_entry *entry, const struct sk_register_act *act)
{
    char id[SK_ENTRY_ID_MAX];
    struct sk_joint joint;
    if (act->row->ev == SK_EV_JOINT_VOIDED)
        set_voided(joints, entry, act->at_us);
    if (act->row->ev != SK_EV_JOINT_RECORDED || !read_joint(entry, act, id, &joint))
        return SK_OK;
    struct sk_joint_visit *visit = find_or_make(joints, id);
    return visit == NULL ? SK_ERR_NOMEM : put(visit, &joint);
}

void sk_joints_drop(struct sk_joints *joints, bool (*goes)(const void *context, const struct sk_entry *entry),
                    const void *context)
{
    size_t visits = 0;
    for (size_t i = 0; i < joints->count; i++) {
        struct sk_joint_visit visit = joints->visits[i];
        size_t kept = 0;
        for (size_t k = 0; k < visit.count; k++)
            if (!goes(context, visit.items[k].entry))
                visit.items[kept++] = visit.items[k];
        visit.count = kept;
        if (kept > 0)
            joints->visits[visits++] = visit;
        else
            sk_free(visit.items);
    }
    joints->count = visits;
}
