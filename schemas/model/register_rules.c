/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of the registers cannot say, because it looks beyond the entry: at other entries, at the site, at the roster,
 * at who acts. One function per act, listed in one table; each tells its fault like any other fault of a document. */
#include <string.h>

#include "schemas/model/register_internal.h"

enum { NAME_MAX_ = 256 };
static const int64_t MODE_MOST_US = INT64_C(24) * 3600 * SK_US_PER_S;

struct judging {
    const struct sk_register_context *context;
    const struct sk_entry *entry; /* NULL: opened now */
    const struct sk_register_document *document;
    sk_field_fault *fault;
    void *fault_context;
    bool bad;
};

static void complain(struct judging *judging, const char *field, const char *expected, const char *found)
{
    judging->bad = true;
    judging->fault(judging->fault_context, field, expected, found);
}

/* What is said now, else what an earlier act said. */
static bool stands(const struct judging *judging, uint16_t field, struct sk_field_value *ret_value)
{
    const struct sk_register_document *document = judging->document;
    return sk_field_find(document->register_, document->fields, document->fields_length, field, ret_value) ||
           (judging->entry != NULL && sk_entry_field(judging->entry, field, SK_NEVER, ret_value));
}

static bool is_said(const struct judging *judging, const char *condition)
{
    return sk_field_stands(judging->entry, judging->document, condition, strlen(condition));
}

static bool text_of(const struct judging *judging, uint16_t field, char to[NAME_MAX_])
{
    struct sk_field_value value;
    const char *text;
    size_t length, cursor = 0;
    if (!stands(judging, field, &value) || !sk_value_item(&value, &cursor, &text, &length) || length >= NAME_MAX_)
        return false;
    memcpy(to, text, length);
    to[length] = '\0';
    return true;
}

static bool is_one_person(const struct sk_register_context *context, const char *one, const char *other)
{
    return context->is_same != NULL ? context->is_same(context->context, one, other) : strcmp(one, other) == 0;
}

/* --- visits --- */

static int class_of_zone(const struct sk_register_context *context, const char *zone)
{
    const int32_t index = sk_site_zone(context->site, zone);
    return index >= 0 ? context->site->zones[index].class_ : 0;
}

/* A zone of class 3 is entered after the host's screening; delivery persons have patterns of their own instead. */
static void visit_entered(struct judging *judging)
{
    struct sk_field_value zones;
    const char *text;
    char zone[NAME_MAX_];
    size_t length, cursor = 0;
    if (is_said(judging, "screening=ok") || is_said(judging, "kind=delivery") || !stands(judging, SK_F_VISIT_ZONES, &zones))
        return;
    while (sk_value_item(&zones, &cursor, &text, &length)) {
        sk_text_format(zone, sizeof zone, "%.*s", (int)length, text);
        if (class_of_zone(judging->context, zone) < 3)
            continue;
        complain(judging, "screening", "ok, said by visit.screened, since a zone of class 3 is entered", "nothing, or refused");
        return;
    }
}

/* Its badge was given out and neither came back nor was said to be lost. */
static bool badge_is_out(const struct sk_entry *entry)
{
    bool out = false;
    for (size_t i = 0; i < entry->act_count; i++) {
        const uint16_t ev = entry->acts[i].row->ev;
        out = ev == SK_EV_VISIT_BADGE_OUT || (out && ev != SK_EV_VISIT_BADGE_IN && ev != SK_EV_VISIT_BADGE_LOST);
    }
    return out;
}

static void visit_badge_out(struct judging *judging)
{
    char badge[NAME_MAX_], found[NAME_MAX_];
    const struct sk_entry *other;
    size_t cursor = 0;
    if (!text_of(judging, SK_F_VISIT_BADGE, badge))
        return;
    while ((other = sk_registers_next(judging->context->registers, SK_REGISTER_VISIT, &cursor)) != NULL) {
        const bool his = judging->entry != NULL && strcmp(other->id, judging->entry->id) == 0;
        if (!badge_is_out(other) || (!his && !sk_entry_has(other, SK_F_VISIT_BADGE, SK_NEVER, badge)))
            continue;
        sk_text_format(found, sizeof found, "%s", his ? "another badge of his that is still out" : other->id);
        complain(judging, "badge", "a badge that nobody has, given back or said to be lost before", found);
        return;
    }
}

/* --- joint entries --- */

static bool stands_open(const struct sk_entry *visit, int64_t at_us)
{
    static const uint64_t open = UINT64_C(1) << SK_RS_APPROVED | UINT64_C(1) << SK_RS_ARRIVED | UINT64_C(1) << SK_RS_INSIDE |
                                 UINT64_C(1) << SK_RS_OPEN | UINT64_C(1) << SK_RS_RATIFIED;
    return (open >> sk_entry_state_at(visit, at_us) & 1) != 0;
}

/* The zone of class 3 that a way in through this door leads to; NULL: none. */
static const char *guarded_behind(const struct sk_register_context *context, const char *door)
{
    const int32_t index = sk_site_door(context->site, door);
    const int32_t zone = index >= 0 ? context->site->doors[index].zone_to : -1;
    return zone >= 0 && context->site->zones[zone].class_ >= 3 ? context->site->zones[zone].id : NULL;
}

static void judge_guarded(struct judging *judging, const struct sk_entry *visit, const char *zone)
{
    const bool is_visit = visit->register_ == SK_REGISTER_VISIT;
    const uint16_t zones = is_visit ? SK_F_VISIT_ZONES : SK_F_EMERGENCY_ZONES;
    if (!sk_entry_has(visit, zones, SK_NEVER, zone))
        complain(judging, "door", "one that leads into a zone of the visit", zone);
    else if (is_visit && !sk_entry_has(visit, SK_F_VISIT_SCREENING, SK_NEVER, "ok") &&
             !sk_entry_has(visit, SK_F_VISIT_KIND, SK_NEVER, "delivery"))
        complain(judging, "visit", "one whose visitor the host has screened (ok), since class 3 is entered", visit->id);
}

static void judge_escort(struct judging *judging, int64_t at_us)
{
    char escort[NAME_MAX_];
    const struct sk_roster *roster = judging->context->roster;
    const struct sk_roster_view view = {roster, sk_roster_version(roster), at_us};
    if (!text_of(judging, SK_F_JOINT_ESCORT, escort))
        return;
    const struct sk_roster_change *person = sk_roster_get(&view, SK_EV_PERSON_CREATED, escort);
    if (person == NULL || at_us < person->person.from_us || at_us >= person->person.until_us)
        complain(judging, "escort", "somebody who is valid on the roster at that time", escort);
}

/* Who is led out may be led out whatever his papers say. */
static void joint_recorded(struct judging *judging)
{
    char id[NAME_MAX_], door[NAME_MAX_];
    struct sk_field_value at;
    if (!is_said(judging, "direction=in") || !text_of(judging, SK_F_JOINT_VISIT, id) ||
        !text_of(judging, SK_F_JOINT_DOOR, door) || !stands(judging, SK_F_JOINT_AT, &at))
        return;
    const int64_t at_us = sk_value_time(&at);
    const struct sk_entry *visit = sk_registers_get(judging->context->registers, id);
    judge_escort(judging, at_us);
    if (visit == NULL || (!stands_open(visit, at_us) && !stands_open(visit, SK_NEVER))) {
        complain(judging, "visit", "one that is approved and not over",
                 visit != NULL ? sk_register_state_name(visit->state) : "one that ended long ago");
        return;
    }
    const char *guarded = guarded_behind(judging->context, door);
    if (guarded != NULL)
        judge_guarded(judging, visit, guarded);
}

/* --- keys, watches, rounds, modes --- */

static void key_taken(struct judging *judging)
{
    char key[NAME_MAX_];
    const struct sk_entry *other;
    size_t cursor = 0;
    if (!text_of(judging, SK_F_KEY_KEY, key))
        return;
    while ((other = sk_registers_next(judging->context->registers, SK_REGISTER_KEY, &cursor)) != NULL)
        if ((other->state == SK_RS_LENT || other->state == SK_RS_LOST) && sk_entry_has(other, SK_F_KEY_KEY, SK_NEVER, key)) {
            complain(judging, "key", "a key that is neither out nor lost", other->id);
            return;
        }
}

static void handover_given(struct judging *judging)
{
    char from[NAME_MAX_], to[NAME_MAX_];
    if (text_of(judging, SK_F_HANDOVER_FROM, from) && text_of(judging, SK_F_HANDOVER_TO, to) &&
        is_one_person(judging->context, from, to))
        complain(judging, "to", "another person than 'from'", to);
}

static bool is_checkpoint(const struct judging *judging, const char *name)
{
    char plan[NAME_MAX_];
    const struct sk_entry *entry =
        text_of(judging, SK_F_PATROL_PLAN, plan) ? sk_registers_get(judging->context->registers, plan) : NULL;
    return entry == NULL || sk_entry_has(entry, SK_F_PATROL_PLAN_CHECKPOINTS, SK_NEVER, name);
}

static void patrol_checked(struct judging *judging)
{
    char name[NAME_MAX_];
    if (text_of(judging, SK_F_PATROL_CHECKPOINT, name) && !is_checkpoint(judging, name))
        complain(judging, "checkpoint", "one of the plan", name);
}

static bool was_checked(const struct sk_entry *round, const char *name)
{
    struct sk_field_value value;
    for (size_t i = 0; i < round->act_count; i++)
        if (sk_field_find(round->register_, round->acts[i].fields, round->acts[i].fields_length, SK_F_PATROL_CHECKPOINT,
                          &value) &&
            sk_value_has(&value, name))
            return true;
    return false;
}

/* Each checkpoint of the plan was checked, or is named as missed. */
static void patrol_finished(struct judging *judging)
{
    char id[NAME_MAX_], name[NAME_MAX_];
    struct sk_field_value checkpoints, missed;
    const char *text;
    size_t length, cursor = 0;
    const struct sk_entry *plan =
        text_of(judging, SK_F_PATROL_PLAN, id) ? sk_registers_get(judging->context->registers, id) : NULL;
    if (plan == NULL || judging->entry == NULL || !sk_entry_field(plan, SK_F_PATROL_PLAN_CHECKPOINTS, SK_NEVER, &checkpoints))
        return;
    const bool any_missed = stands(judging, SK_F_PATROL_MISSED, &missed);
    while (sk_value_item(&checkpoints, &cursor, &text, &length)) {
        sk_text_format(name, sizeof name, "%.*s", (int)length, text);
        if (!was_checked(judging->entry, name) && !(any_missed && sk_value_has(&missed, name)))
            complain(judging, "missed", "each checkpoint of the plan that was not checked", name);
    }
}

/* While a mode is in force passages are told apart and ring nothing, so nobody declares one alone, nor for ever. */
static void judge_end(struct judging *judging)
{
    struct sk_field_value until;
    if (stands(judging, SK_F_MODE_UNTIL, &until) && sk_value_time(&until) > judging->context->now_us + MODE_MOST_US)
        complain(judging, "until", "at most 24 h ahead; mode.extended goes on", "a later time");
}

static void mode_declared(struct judging *judging)
{
    char approver[NAME_MAX_];
    judge_end(judging);
    if (judging->context->actor != NULL && text_of(judging, SK_F_MODE_APPROVER, approver) &&
        is_one_person(judging->context, judging->context->actor, approver))
        complain(judging, "approver", "another person than who declares it", approver);
}

/* --- goods --- */

static bool has_same_items(const struct sk_field_value *one, const struct sk_field_value *other)
{
    const char *text;
    char name[NAME_MAX_];
    size_t length, cursor = 0;
    while (sk_value_item(one, &cursor, &text, &length)) {
        sk_text_format(name, sizeof name, "%.*s", (int)length, text);
        if (!sk_value_has(other, name))
            return false;
    }
    return true;
}

/* Was the newest list of what was found told as a mismatch, with its reason? */
static bool was_told(const struct sk_entry *entry)
{
    struct sk_field_value value;
    for (size_t i = entry != NULL ? entry->act_count : 0; i-- > 0;)
        if (sk_field_find(entry->register_, entry->acts[i].fields, entry->acts[i].fields_length, SK_F_GOODS_FOUND, &value))
            return entry->acts[i].row->ev == SK_EV_GOODS_MISMATCH;
    return false;
}

static void goods_moved(struct judging *judging)
{
    struct sk_field_value found, declared;
    const struct sk_register_document *document = judging->document;
    const bool now = sk_field_find(document->register_, document->fields, document->fields_length, SK_F_GOODS_FOUND, &found);
    if (judging->entry == NULL || !stands(judging, SK_F_GOODS_FOUND, &found) ||
        !stands(judging, SK_F_GOODS_SERIALS, &declared) ||
        (has_same_items(&found, &declared) && has_same_items(&declared, &found)) || (!now && was_told(judging->entry)))
        return;
    complain(judging, "found_serials", "those of the permit; what differs is told by goods.mismatch, with its reason",
             "others");
}

static void goods_in(struct judging *judging)
{
    goods_moved(judging);
    if (is_said(judging, "direction=out"))
        complain(judging, "direction", "in, for goods that come in", "out");
}

/* --- the table --- */

static const struct {
    uint16_t ev;
    void (*judge)(struct judging *judging);
} rules[] = {{SK_EV_VISIT_ENTERED, visit_entered},     {SK_EV_VISIT_BADGE_OUT, visit_badge_out},
             {SK_EV_JOINT_RECORDED, joint_recorded},   {SK_EV_KEY_TAKEN, key_taken},
             {SK_EV_HANDOVER_GIVEN, handover_given},   {SK_EV_PATROL_CHECKED, patrol_checked},
             {SK_EV_PATROL_FINISHED, patrol_finished}, {SK_EV_MODE_DECLARED, mode_declared},
             {SK_EV_MODE_EXTENDED, judge_end},         {SK_EV_GOODS_IN, goods_in},
             {SK_EV_GOODS_OUT, goods_moved},           {SK_EV_GOODS_DISPATCHED, goods_moved}};

enum sk_err sk_register_judge(const struct sk_register_context *context, const struct sk_act_row *row,
                              const struct sk_entry *entry, const struct sk_register_document *document, sk_field_fault *fault,
                              void *fault_context)
{
    struct judging judging = {context, entry, document, fault, fault_context, false};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].ev == row->ev)
            rules[i].judge(&judging);
    return judging.bad ? SK_ERR_PARSE : SK_OK;
}
