/* SPDX-License-Identifier: Apache-2.0 */
/* A roster change as the body of its record, and back. One order of tags for all families (ascending, as bodies demand); what a
 * family does not have is left out. Reading wants exactly what writing gives, so a body that was tampered with is no change. */
#include <string.h>

#include "schemas/model/roster.h"

uint16_t sk_roster_family(uint16_t ev)
{
    switch (ev) {
    case SK_EV_PERSON_CREATED:
    case SK_EV_PERSON_UPDATED:
    case SK_EV_PERSON_ENDED:
        return SK_EV_PERSON_CREATED;
    case SK_EV_CREDENTIAL_ISSUED:
    case SK_EV_CREDENTIAL_STATE:
        return SK_EV_CREDENTIAL_ISSUED;
    case SK_EV_AUTH_GRANTED:
    case SK_EV_AUTH_REVOKED:
        return SK_EV_AUTH_GRANTED;
    case SK_EV_SCHEDULE_PUT:
    case SK_EV_ZONE_RULE:
    case SK_EV_DOOR_RULE:
    case SK_EV_WAY_RULE:
    case SK_EV_CALENDAR_PUT:
        return ev;
    default:
        return 0;
    }
}

static const char *const agreements[] = {[SK_AGREE] = "agree",
                                         [SK_DISAGREE_GRANTED] = "granted_but_unauthorised",
                                         [SK_DISAGREE_DENIED] = "denied_but_authorised",
                                         [SK_AGREE_UNKNOWN] = "unknown",
                                         [SK_AGREE_EXEMPT] = "exempt"};

const char *sk_agreement_word(uint8_t agreement)
{
    return agreement < sizeof agreements / sizeof *agreements ? agreements[agreement] : NULL;
}

int sk_agreement_parse(const char *word)
{
    for (size_t i = SK_AGREE; i < sizeof agreements / sizeof *agreements; i++)
        if (strcmp(agreements[i], word) == 0)
            return (int)i;
    return -1;
}

static void put_text(struct sk_body *body, enum sk_tag tag, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sk_body_put_text(body, tag, text);
}

static void put_ranges(struct sk_body *body, const struct sk_schedule *schedule)
{
    uint16_t values[3 * SK_RANGES_MAX];
    for (size_t i = 0; i < schedule->count; i++) {
        values[3 * i] = schedule->ranges[i].days;
        values[3 * i + 1] = schedule->ranges[i].from_min;
        values[3 * i + 2] = schedule->ranges[i].to_min;
    }
    sk_body_put_u16s(body, SK_TAG_RANGES, values, (size_t)3 * schedule->count);
}

static void put_validity(struct sk_body *body, int64_t from_us, int64_t until_us, int64_t effective_us)
{
    sk_body_put_i64(body, SK_TAG_VALID_FROM_US, from_us);
    sk_body_put_i64(body, SK_TAG_VALID_UNTIL_US, until_us);
    sk_body_put_i64(body, SK_TAG_EFFECTIVE_US, effective_us);
}

static void put_family(struct sk_body *body, const struct sk_roster_change *change)
{
    const struct sk_authorization *auth = &change->authorization;
    switch (sk_roster_family(change->ev)) {
    case SK_EV_PERSON_CREATED:
        sk_body_put_u8(body, SK_TAG_PERSON_KIND, change->person.kind);
        sk_body_put_bytes(body, SK_TAG_SUBJECT_TAG, change->person.tag, SK_SUBJECT_SIZE);
        put_validity(body, change->person.from_us, change->person.until_us, change->effective_us);
        sk_body_put_hash(body, SK_TAG_LABEL_COMMIT, &change->person.label);
        return;
    case SK_EV_CREDENTIAL_ISSUED:
        put_text(body, SK_TAG_PERSON, change->credential.person);
        put_validity(body, change->credential.from_us, change->credential.until_us, change->effective_us);
        sk_body_put_u8(body, SK_TAG_CRED_STATE, change->credential.state);
        if (change->credential.temporary)
            sk_body_put_u8(body, SK_TAG_TEMPORARY, 1);
        return;
    case SK_EV_AUTH_GRANTED:
        put_text(body, SK_TAG_PERSON, auth->person);
        put_validity(body, auth->from_us, auth->until_us, change->effective_us);
        sk_body_put_u16(body, SK_TAG_ZONE_NO, auth->zone);
        put_text(body, SK_TAG_SCHEDULE, auth->schedule);
        put_text(body, SK_TAG_APPLICANT, auth->applicant);
        put_text(body, SK_TAG_APPROVER, auth->approver);
        put_text(body, SK_TAG_APPROVER_OFFICE, auth->office);
        sk_body_put_i64(body, SK_TAG_APPROVED_US, auth->approved_us);
        return;
    default:
        sk_body_put_i64(body, SK_TAG_EFFECTIVE_US, change->effective_us);
    }
}

/* What a rule does not say is left out, so that rules from before there was more to say keep their bytes. */
static void put_group(struct sk_body *body, const struct sk_zone_rule *zone)
{
    if (zone->people_min > 0)
        sk_body_put_u8(body, SK_TAG_PEOPLE_MIN, zone->people_min);
    if (zone->together_s > 0)
        sk_body_put_u32(body, SK_TAG_TOGETHER_S, zone->together_s);
    if (zone->occ_min > 0)
        sk_body_put_u16(body, SK_TAG_OCC_MIN, zone->occ_min);
    if (zone->occ_max > 0)
        sk_body_put_u16(body, SK_TAG_OCC_MAX, zone->occ_max);
    if (zone->papers != SK_PAPERS_LISTED)
        sk_body_put_u8(body, SK_TAG_PAPERS_RULE, zone->papers);
}

static void put_rule(struct sk_body *body, const struct sk_roster_change *change)
{
    switch (change->ev) {
    case SK_EV_SCHEDULE_PUT:
        put_ranges(body, &change->schedule);
        return;
    case SK_EV_ZONE_RULE:
        sk_body_put_u16(body, SK_TAG_ZONE_NO, change->zone.zone);
        sk_body_put_u8(body, SK_TAG_ZONE_CLASS, change->zone.class_);
        sk_body_put_u8(body, SK_TAG_PASSBACK, change->zone.passback);
        sk_body_put_u32(body, SK_TAG_PASSBACK_S, change->zone.passback_s);
        put_group(body, &change->zone);
        return;
    case SK_EV_WAY_RULE:
        sk_body_put_u16(body, SK_TAG_DOOR_NO, change->way.door);
        sk_body_put_u32(body, SK_TAG_WALK_S, change->way.walk_s);
        return;
    case SK_EV_DOOR_RULE:
        put_text(body, SK_TAG_SCHEDULE, change->door.schedule);
        sk_body_put_u16(body, SK_TAG_DOOR_NO, change->door.door);
        sk_body_put_u8(body, SK_TAG_ENTRY, change->door.entry);
        sk_body_put_u16(body, SK_TAG_FACTORS, change->door.factors);
        return;
    case SK_EV_CALENDAR_PUT:
        sk_body_put_u16(body, SK_TAG_YEAR, change->calendar.year);
        sk_body_put_u16s(body, SK_TAG_DAYS, change->calendar.days, change->calendar.count);
        return;
    default:
        return;
    }
}

void sk_roster_act_write(const struct sk_roster_act *act, struct sk_body *body)
{
    put_text(body, SK_TAG_ACTOR, act->actor);
    if (act->roles != 0)
        sk_body_put_u16(body, SK_TAG_ACTOR_ROLES, act->roles);
    put_text(body, SK_TAG_ACTOR_ADDRESS, act->address);
    put_text(body, SK_TAG_REASON_TEXT, act->reason);
    put_text(body, SK_TAG_COMMAND, act->command);
}

void sk_roster_change_write(const struct sk_roster_change *change, const struct sk_roster_act *act, struct sk_body *body)
{
    if (sk_roster_family(change->ev) == SK_EV_CREDENTIAL_ISSUED)
        sk_body_put_hash(body, SK_TAG_IDENTIFIER_HMAC, &change->credential.identifier);
    sk_body_put_u64(body, SK_TAG_ROSTER_VERSION, change->version);
    if (change->ev == SK_EV_WAY_RULE) {
        sk_body_put_u16(body, SK_TAG_AREA_FROM, change->way.zone_a);
        sk_body_put_u16(body, SK_TAG_AREA_TO, change->way.zone_b);
    }
    sk_roster_act_write(act, body);
    sk_body_put_text(body, SK_TAG_ENTITY_ID, change->entity);
    put_family(body, change);
    put_rule(body, change);
}

/* --- reading --- */

/* A body being read: any item that is missing or does not fit makes the whole unfit. */
struct source {
    const uint8_t *body;
    size_t length;
    bool bad;
};

static bool take(struct source *source, enum sk_tag tag, struct sk_body_item *item)
{
    if (sk_body_find(source->body, source->length, tag, item))
        return true;
    source->bad = true;
    *item = (struct sk_body_item){0};
    return false;
}

static uint64_t take_u(struct source *source, enum sk_tag tag)
{
    struct sk_body_item item;
    return take(source, tag, &item) ? sk_item_u64(&item) : 0;
}

static uint64_t take_or_zero(const struct source *source, enum sk_tag tag)
{
    struct sk_body_item item;
    return sk_body_find(source->body, source->length, tag, &item) ? sk_item_u64(&item) : 0;
}

static int64_t take_i(struct source *source, enum sk_tag tag)
{
    struct sk_body_item item;
    return take(source, tag, &item) ? sk_item_i64(&item) : 0;
}

static void take_text(struct source *source, enum sk_tag tag, char *to, size_t capacity, bool required)
{
    struct sk_body_item item;
    to[0] = '\0';
    if (!sk_body_find(source->body, source->length, tag, &item)) {
        source->bad |= required;
        return;
    }
    if (item.length >= capacity) {
        source->bad = true;
        return;
    }
    memcpy(to, item.bytes, item.length);
    to[item.length] = '\0';
}

static void take_bytes(struct source *source, enum sk_tag tag, uint8_t *to, size_t length)
{
    struct sk_body_item item;
    if (take(source, tag, &item) && item.length == length)
        memcpy(to, item.bytes, length);
    else
        source->bad = true;
}

static size_t take_list(struct source *source, enum sk_tag tag, uint16_t *to, size_t most)
{
    struct sk_body_item item;
    if (!take(source, tag, &item) || item.length / 2 > most) {
        source->bad = true;
        return 0;
    }
    for (size_t i = 0; i < item.length / 2; i++)
        to[i] = (uint16_t)(item.bytes[2 * i] << 8 | item.bytes[2 * i + 1]);
    return item.length / 2;
}

static void read_person(struct source *source, struct sk_person *person)
{
    person->kind = (uint8_t)take_u(source, SK_TAG_PERSON_KIND);
    take_bytes(source, SK_TAG_SUBJECT_TAG, person->tag, SK_SUBJECT_SIZE);
    person->from_us = take_i(source, SK_TAG_VALID_FROM_US);
    person->until_us = take_i(source, SK_TAG_VALID_UNTIL_US);
    take_bytes(source, SK_TAG_LABEL_COMMIT, person->label.bytes, SK_HASH_SIZE);
    source->bad |= sk_person_kind_name(person->kind) == NULL;
}

static void read_credential(struct source *source, struct sk_credential *credential)
{
    take_bytes(source, SK_TAG_IDENTIFIER_HMAC, credential->identifier.bytes, SK_HASH_SIZE);
    take_text(source, SK_TAG_PERSON, credential->person, SK_ENTITY_MAX, true);
    credential->from_us = take_i(source, SK_TAG_VALID_FROM_US);
    credential->until_us = take_i(source, SK_TAG_VALID_UNTIL_US);
    credential->state = (uint8_t)take_u(source, SK_TAG_CRED_STATE);
    source->bad |= sk_disable_reason_name(credential->state) == NULL;
    struct sk_body_item item;
    credential->temporary = sk_body_find(source->body, source->length, SK_TAG_TEMPORARY, &item) && sk_item_u64(&item) != 0;
}

static void read_authorization(struct source *source, struct sk_authorization *auth)
{
    take_text(source, SK_TAG_PERSON, auth->person, SK_ENTITY_MAX, true);
    auth->from_us = take_i(source, SK_TAG_VALID_FROM_US);
    auth->until_us = take_i(source, SK_TAG_VALID_UNTIL_US);
    auth->zone = (uint16_t)take_u(source, SK_TAG_ZONE_NO);
    take_text(source, SK_TAG_SCHEDULE, auth->schedule, SK_ENTITY_MAX, true);
    take_text(source, SK_TAG_APPLICANT, auth->applicant, SK_WHO_MAX, false);
    take_text(source, SK_TAG_APPROVER, auth->approver, SK_WHO_MAX, false);
    take_text(source, SK_TAG_APPROVER_OFFICE, auth->office, SK_WHO_MAX, false);
    auth->approved_us = take_i(source, SK_TAG_APPROVED_US);
}

static void read_schedule(struct source *source, struct sk_schedule *schedule)
{
    uint16_t values[3 * SK_RANGES_MAX];
    const size_t count = take_list(source, SK_TAG_RANGES, values, (size_t)3 * SK_RANGES_MAX);
    source->bad |= count == 0 || count % 3 != 0;
    schedule->count = (uint8_t)(count / 3);
    for (size_t i = 0; i < schedule->count; i++) {
        schedule->ranges[i].days = values[3 * i];
        schedule->ranges[i].from_min = values[3 * i + 1];
        schedule->ranges[i].to_min = values[3 * i + 2];
        source->bad |= values[3 * i] == 0 || values[3 * i] > SK_DAYS_ALL || values[3 * i + 1] >= values[3 * i + 2] ||
                       values[3 * i + 2] > 1440;
    }
}

static void read_zone(struct source *source, struct sk_zone_rule *zone)
{
    zone->zone = (uint16_t)take_u(source, SK_TAG_ZONE_NO);
    zone->class_ = (uint8_t)take_u(source, SK_TAG_ZONE_CLASS);
    zone->passback = (uint8_t)take_u(source, SK_TAG_PASSBACK);
    zone->passback_s = (uint32_t)take_u(source, SK_TAG_PASSBACK_S);
    zone->people_min = (uint8_t)take_or_zero(source, SK_TAG_PEOPLE_MIN);
    zone->together_s = (uint32_t)take_or_zero(source, SK_TAG_TOGETHER_S);
    zone->occ_min = (uint16_t)take_or_zero(source, SK_TAG_OCC_MIN);
    zone->occ_max = (uint16_t)take_or_zero(source, SK_TAG_OCC_MAX);
    zone->papers = (uint8_t)take_or_zero(source, SK_TAG_PAPERS_RULE);
    source->bad |= zone->class_ > 3 || zone->passback > SK_PASSBACK_TIMED || zone->papers > SK_PAPERS_NONE ||
                   zone->together_s > SK_TOGETHER_MAX_S || (zone->occ_max > 0 && zone->occ_min > zone->occ_max);
}

static void read_way(struct source *source, struct sk_way_rule *way)
{
    way->zone_a = (uint16_t)take_u(source, SK_TAG_AREA_FROM);
    way->zone_b = (uint16_t)take_u(source, SK_TAG_AREA_TO);
    way->door = (uint16_t)take_u(source, SK_TAG_DOOR_NO);
    way->walk_s = (uint32_t)take_u(source, SK_TAG_WALK_S);
    source->bad |= way->zone_a == 0 || way->zone_b == 0 || way->walk_s > SK_WALK_MAX_S;
}

static void read_rule(struct source *source, struct sk_roster_change *change)
{
    switch (change->ev) {
    case SK_EV_ZONE_RULE:
        read_zone(source, &change->zone);
        return;
    case SK_EV_WAY_RULE:
        read_way(source, &change->way);
        return;
    case SK_EV_DOOR_RULE:
        take_text(source, SK_TAG_SCHEDULE, change->door.schedule, SK_ENTITY_MAX, true);
        change->door.door = (uint16_t)take_u(source, SK_TAG_DOOR_NO);
        change->door.entry = take_u(source, SK_TAG_ENTRY) != 0;
        change->door.factors = (uint16_t)take_u(source, SK_TAG_FACTORS);
        return;
    default:
        change->calendar.year = (uint16_t)take_u(source, SK_TAG_YEAR);
        change->calendar.count = (uint8_t)take_list(source, SK_TAG_DAYS, change->calendar.days, SK_CLOSED_DAYS_MAX);
    }
}

enum sk_err sk_roster_change_read(uint16_t ev, const uint8_t *body, size_t length, struct sk_roster_change *ret_change)
{
    struct source source = {body, length, !sk_body_is_canonical(body, length)};
    struct sk_roster_change change;
    memset(&change, 0, sizeof change); /* comparable as bytes */
    change.ev = ev;
    if (source.bad || sk_roster_family(ev) == 0)
        return SK_ERR_PARSE;
    change.version = take_u(&source, SK_TAG_ROSTER_VERSION);
    take_text(&source, SK_TAG_ENTITY_ID, change.entity, SK_ENTITY_MAX, true);
    change.effective_us = take_i(&source, SK_TAG_EFFECTIVE_US);
    switch (sk_roster_family(ev)) {
    case SK_EV_PERSON_CREATED:
        read_person(&source, &change.person);
        break;
    case SK_EV_CREDENTIAL_ISSUED:
        read_credential(&source, &change.credential);
        break;
    case SK_EV_AUTH_GRANTED:
        read_authorization(&source, &change.authorization);
        break;
    case SK_EV_SCHEDULE_PUT:
        read_schedule(&source, &change.schedule);
        break;
    default:
        read_rule(&source, &change);
    }
    if (source.bad)
        return SK_ERR_PARSE;
    *ret_change = change;
    return SK_OK;
}
