/* SPDX-License-Identifier: Apache-2.0 */
/* There is no vault here: personal fields are read and checked, and go nowhere. The actor is named as the harness on real wires
 * names its accounts: test-<role>. */
#include "tests/direct/at_desk.h"

#include <string.h>

#include "schemas/base/bytes.h"

/* --- moments --- */

static void local_day(const struct sk_zone *zone, int64_t utc_us, char to[SK_TIME_TEXT])
{
    sk_time_format(to, utc_us + (int64_t)sk_zone_offset_s(zone, utc_us) * SK_US_PER_S);
    to[10] = '\0';
}

/* A copy of the fields in which every moment is a time or a day. */
static cJSON *fields_of(const struct at_desk *desk, const cJSON *step)
{
    const cJSON *given = sk_json_get(step, "fields");
    cJSON *fields = given != NULL ? cJSON_Duplicate(given, true) : cJSON_CreateObject(), *item = NULL;
    char text[SK_TIME_TEXT];
    bool today;
    double seconds;
    cJSON_ArrayForEach(item, fields)
    {
        if (!cJSON_IsString(item) || !sk_desk_moment(item->valuestring, &today, &seconds)) {
            continue;
        }
        if (today) {
            local_day(desk->zone, desk->start_us, text);
        } else {
            sk_time_format(text, desk->start_us + (int64_t)seconds * SK_US_PER_S);
        }
        (void)cJSON_SetValuestring(item, text);
    }
    return fields;
}

/* --- the rule of a zone --- */

static bool put_number(const cJSON *fields, const char *name, uint32_t *number)
{
    int64_t value;
    const cJSON *item = sk_json_get(fields, name);
    if (item != NULL && (!sk_json_i64(item, &value) || value < 0 || value > 604800)) {
        return false;
    }
    *number = item != NULL ? (uint32_t)value : *number;
    return true;
}

static enum sk_err put_zone_rule(const struct at_desk *desk, const cJSON *fields, const struct sk_roster_act *by,
                                 const struct sk_now *now, struct sk_fault *fault)
{
    const struct sk_roster *roster = sk_engine_roster(desk->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    const char *zone = sk_json_text(sk_json_get(fields, "zone")), *papers = sk_json_text(sk_json_get(fields, "papers"));
    const int32_t index = zone != NULL ? sk_site_zone(desk->site, zone) : -1;
    struct sk_roster_change change = {.ev = SK_EV_ZONE_RULE};
    if (index < 0) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "zone: the site has none of that id");
    }
    sk_text_format(change.entity, sizeof change.entity, "zone:%u", desk->site->zones[index].number);
    const struct sk_roster_change *there = sk_roster_get(&view, SK_EV_ZONE_RULE, change.entity);
    if (there != NULL) {
        change.zone = there->zone;
    }
    uint32_t people_min = change.zone.people_min, occ_max = change.zone.occ_max;
    if (!put_number(fields, "people_min", &people_min) || !put_number(fields, "together_s", &change.zone.together_s) ||
        !put_number(fields, "occupancy_max", &occ_max) || people_min > 20 || occ_max > 10000) {
        return sk_fault_set(fault, SK_ERR_PARSE, "people_min, together_s, occupancy_max: whole numbers");
    }
    change.zone.people_min = (uint8_t)people_min;
    change.zone.occ_max = (uint16_t)occ_max;
    if (papers != NULL) {
        change.zone.papers = strcmp(papers, "required") == 0 ? SK_PAPERS_REQUIRED
                             : strcmp(papers, "none") == 0   ? SK_PAPERS_NONE
                                                             : SK_PAPERS_LISTED;
    }
    return sk_engine_roster_change(desk->engine, &change, by, now, desk->effects);
}

/* --- an act of a register --- */

static void tell_field(void *context, const char *field, const char *expected, const char *found)
{
    (void)sk_fault_set(context, SK_ERR_PARSE, "%s: expected %s, found %s", field, expected, found);
}

static enum sk_err may_act(const struct sk_act_row *row, const struct sk_entry *entry, const struct sk_roster_act *by,
                           struct sk_fault *fault)
{
    if (!sk_permission(row->permission, by->roles)) {
        return sk_fault_set(fault, SK_ERR_DENIED, "none of the account's roles may do this");
    }
    if ((row->rules & SK_AR_OPENS) == 0 && entry == NULL) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "there is no such entry");
    }
    if (entry != NULL && (row->from >> entry->state & 1) == 0) {
        return sk_fault_set(fault, SK_ERR_CONFLICT, "%s is %s", entry->id, sk_register_state_name(entry->state));
    }
    if ((row->rules & SK_AR_REASON) != 0 && by->reason[0] == '\0') {
        return sk_fault_set(fault, SK_ERR_PARSE, "reason: expected why, found nothing");
    }
    return sk_register_act_allowed(row, entry, by->actor, NULL, NULL, fault);
}

static enum sk_err do_act(const struct at_desk *desk, const struct sk_act_row *row, const cJSON *step, const cJSON *fields,
                          const struct sk_roster_act *by, const struct sk_now *now, struct sk_fault *fault)
{
    static struct sk_register_document document;
    const struct sk_registers *registers = sk_engine_registers(desk->engine);
    const char *id = sk_json_text(sk_json_get(step, "entry"));
    const struct sk_entry *entry = id != NULL ? sk_registers_get(registers, id) : NULL;
    const struct sk_register_context context = {.site = desk->site,
                                                .roster = sk_engine_roster(desk->engine),
                                                .registers = registers,
                                                .zone = desk->zone,
                                                .now_us = now->utc_us,
                                                .actor = by->actor};
    struct sk_register_act act = {.row = row, .step = entry != NULL ? entry->act_count + 1 : 1};
    enum sk_err err = may_act(row, entry, by, fault);
    if (err == SK_OK) {
        err = sk_register_document_read(&context, row, entry, fields, tell_field, fault, &document);
    }
    if (err == SK_OK) {
        err = sk_register_judge(&context, row, entry, &document, tell_field, fault);
    }
    if (err != SK_OK) {
        return err;
    }
    act.fields = document.fields;
    act.fields_length = document.fields_length;
    sk_text_copy(act.actor, sizeof act.actor, by->actor);
    if (id != NULL) {
        sk_text_copy(act.entry, sizeof act.entry, id);
    } else {
        sk_registers_next_id(registers, row->register_, act.entry);
    }
    return sk_engine_register_act(desk->engine, &act, by, now, desk->effects, fault);
}

/* --- a step --- */

static const struct sk_act_row *act_named(const char *name)
{
    const struct sk_act_row *row = NULL;
    for (size_t i = 0; (row = sk_act_at(i)) != NULL && strcmp(row->name, name) != 0; i++) {
    }
    return row;
}

enum sk_err at_desk_do(const struct at_desk *desk, const cJSON *step, const struct sk_now *now, struct sk_fault *fault)
{
    char actor[SK_WHO_MAX];
    const char *role = sk_json_text(sk_json_get(step, "by")), *name = sk_json_text(sk_json_get(step, "act"));
    const char *reason = sk_json_text(sk_json_get(step, "reason")), *refused = sk_json_text(sk_json_get(step, "refused"));
    sk_text_format(actor, sizeof actor, "test-%s", role);
    const struct sk_roster_act by = {.actor = actor,
                                     .address = "",
                                     .reason = reason != NULL ? reason : "",
                                     .command = name,
                                     .roles = (uint16_t)(1u << sk_role_parse(role))};
    const struct sk_act_row *row = act_named(name);
    cJSON *fields = fields_of(desk, step);
    enum sk_err err = row != NULL ? do_act(desk, row, step, fields, &by, now, fault)
                      : !sk_permission(name, by.roles)
                          ? sk_fault_set(fault, SK_ERR_DENIED, "none of the account's roles may do this")
                          : put_zone_rule(desk, fields, &by, now, fault);
    cJSON_Delete(fields);
    if (refused != NULL && err == SK_OK) {
        return sk_fault_set(fault, SK_ERR_CONFLICT, "'%s' by %s was done; it should be refused (%s)", name, role, refused);
    }
    if (refused != NULL && strcmp(sk_err_word(err), refused) == 0) {
        return SK_OK;
    }
    if (err != SK_OK) {
        sk_fault_prefix(fault, "'%s' by %s", name, role);
    }
    return err;
}
