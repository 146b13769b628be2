/* SPDX-License-Identifier: Apache-2.0 */
/* The changes in the order of their versions, and two chains through them: by entity (newest first), and by owner (a person's
 * credentials and authorisations, an identifier's credential). Buckets double with the number of changes, so a look-up walks a
 * handful of rows; changes themselves never move out of order and are never dropped. */
#include "schemas/model/roster.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/base/mem.h"

enum { NONE = 0xFFFFFFFF, CHANGES_CEILING = 4 << 20, FIRST_BUCKETS = 64 };

struct row {
    struct sk_roster_change change;
    uint32_t entity_next, owner_next, identifier_next; /* older row of the same bucket */
};

/* Entities of a family in order of enrolment: row numbers. */
struct list {
    uint32_t *rows;
    size_t count, capacity;
};

struct sk_roster {
    const struct sk_zone *zone;
    struct row *rows;
    size_t count, capacity;
    uint64_t version;                      /* of the newest change */
    uint32_t *entity, *owner, *identifier; /* bucket heads */
    size_t buckets;
    struct list people, credentials, authorizations, schedules, zones, doors, ways, calendars;
    uint32_t last_id[3]; /* highest number given out: p, c, a */
};

static uint64_t hash_bytes(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

static uint64_t hash_text(const char *text)
{
    return hash_bytes(text, strlen(text));
}

enum sk_err sk_roster_create(struct sk_roster **ret_roster)
{
    *ret_roster = sk_calloc(1, sizeof **ret_roster);
    return *ret_roster == NULL ? SK_ERR_NOMEM : SK_OK;
}

void sk_roster_free(struct sk_roster *roster)
{
    if (roster == NULL)
        return;
    struct list *lists[] = {&roster->people, &roster->credentials, &roster->authorizations, &roster->schedules,
                            &roster->zones,  &roster->doors,       &roster->ways,           &roster->calendars};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        sk_free(lists[i]->rows);
    sk_free(roster->entity);
    sk_free(roster->owner);
    sk_free(roster->identifier);
    sk_free(roster->rows);
    sk_free(roster);
}

void sk_roster_set_zone(struct sk_roster *roster, const struct sk_zone *zone)
{
    roster->zone = zone;
}

uint64_t sk_roster_version(const struct sk_roster *roster)
{
    return roster->version;
}

static struct list *list_of(const struct sk_roster *roster, uint16_t family)
{
    const struct {
        uint16_t family;
        const struct list *list;
    } lists[] = {
        {SK_EV_PERSON_CREATED, &roster->people},
        {SK_EV_CREDENTIAL_ISSUED, &roster->credentials},
        {SK_EV_AUTH_GRANTED, &roster->authorizations},
        {SK_EV_SCHEDULE_PUT, &roster->schedules},
        {SK_EV_ZONE_RULE, &roster->zones},
        {SK_EV_DOOR_RULE, &roster->doors},
        {SK_EV_WAY_RULE, &roster->ways},
        {SK_EV_CALENDAR_PUT, &roster->calendars},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i].family == family)
            return (struct list *)(uintptr_t)lists[i].list;
    return NULL;
}

/* --- looking --- */

static bool is_later(const struct sk_roster_change *a, const struct sk_roster_change *b)
{
    return a->effective_us != b->effective_us ? a->effective_us > b->effective_us : a->version > b->version;
}

const struct sk_roster_change *sk_roster_get(const struct sk_roster_view *view, uint16_t ev, const char *entity)
{
    const struct sk_roster *roster = view->roster;
    const struct sk_roster_change *best = NULL;
    const uint16_t family = sk_roster_family(ev);
    if (roster->buckets == 0)
        return NULL;
    for (uint32_t at = roster->entity[hash_text(entity) & (roster->buckets - 1)]; at != NONE;
         at = roster->rows[at].entity_next) {
        const struct sk_roster_change *change = &roster->rows[at].change;
        if (change->version <= view->version && change->effective_us <= view->at_us && sk_roster_family(change->ev) == family &&
            strcmp(change->entity, entity) == 0 && (best == NULL || is_later(change, best)))
            best = change;
    }
    return best;
}

/* Any change of the entity, whenever it counts. */
static const struct row *find_any(const struct sk_roster *roster, uint16_t family, const char *entity)
{
    if (roster->buckets == 0)
        return NULL;
    for (uint32_t at = roster->entity[hash_text(entity) & (roster->buckets - 1)]; at != NONE;
         at = roster->rows[at].entity_next) {
        const struct sk_roster_change *change = &roster->rows[at].change;
        if (sk_roster_family(change->ev) == family && strcmp(change->entity, entity) == 0)
            return &roster->rows[at];
    }
    return NULL;
}

const struct sk_roster_change *sk_roster_history(const struct sk_roster *roster, uint16_t ev, const char *entity, size_t back)
{
    const uint16_t family = sk_roster_family(ev);
    if (roster->buckets == 0)
        return NULL;
    for (uint32_t at = roster->entity[hash_text(entity) & (roster->buckets - 1)]; at != NONE;
         at = roster->rows[at].entity_next) {
        const struct sk_roster_change *change = &roster->rows[at].change;
        if (sk_roster_family(change->ev) == family && strcmp(change->entity, entity) == 0 && back-- == 0)
            return change;
    }
    return NULL;
}

static const struct row *find_identifier(const struct sk_roster *roster, const struct sk_hash *identifier, uint64_t version)
{
    if (roster->buckets == 0)
        return NULL;
    for (uint32_t at = roster->identifier[hash_bytes(identifier->bytes, SK_HASH_SIZE) & (roster->buckets - 1)]; at != NONE;
         at = roster->rows[at].identifier_next) {
        const struct sk_roster_change *change = &roster->rows[at].change;
        if (change->version <= version && memcmp(&change->credential.identifier, identifier, sizeof *identifier) == 0)
            return &roster->rows[at];
    }
    return NULL;
}

const struct sk_roster_change *sk_roster_by_identifier(const struct sk_roster_view *view, const struct sk_hash *identifier)
{
    const struct row *row = find_identifier(view->roster, identifier, view->version);
    return row == NULL ? NULL : sk_roster_get(view, SK_EV_CREDENTIAL_ISSUED, row->change.entity);
}

size_t sk_roster_count(const struct sk_roster *roster, uint16_t ev)
{
    const struct list *list = list_of(roster, sk_roster_family(ev));
    return list == NULL ? 0 : list->count;
}

const char *sk_roster_entity_at(const struct sk_roster *roster, uint16_t ev, size_t index)
{
    const struct list *list = list_of(roster, sk_roster_family(ev));
    return list == NULL || index >= list->count ? NULL : roster->rows[list->rows[index]].change.entity;
}

int64_t sk_roster_person_index(const struct sk_roster *roster, const char *person)
{
    const uint32_t number = strncmp(person, "p-", 2) == 0 ? (uint32_t)strtoul(person + 2, NULL, 10) : 0;
    /* ids are given out in order, so the place is nearly always the number */
    for (size_t step = 0; step < roster->people.count; step++) {
        const size_t at = (number + roster->people.count - 1 + step) % roster->people.count;
        if (strcmp(roster->rows[roster->people.rows[at]].change.entity, person) == 0)
            return (int64_t)at;
    }
    return -1;
}

static const char *owner_of(const struct sk_roster_change *change)
{
    switch (change->ev) {
    case SK_EV_CREDENTIAL_ISSUED:
        return change->credential.person;
    case SK_EV_AUTH_GRANTED:
        return change->authorization.person;
    default:
        return NULL;
    }
}

/* The chain runs newest first; callers get it that way. */
const char *sk_roster_owned(const struct sk_roster *roster, uint16_t ev, const char *person, size_t *cursor)
{
    if (roster->buckets == 0 || *cursor == SIZE_MAX)
        return NULL;
    uint32_t at =
        *cursor == 0 ? roster->owner[hash_text(person) & (roster->buckets - 1)] : roster->rows[*cursor - 1].owner_next;
    for (; at != NONE; at = roster->rows[at].owner_next) {
        const struct sk_roster_change *change = &roster->rows[at].change;
        if (change->ev != sk_roster_family(ev) || strcmp(owner_of(change), person) != 0)
            continue;
        *cursor = (size_t)at + 1;
        return change->entity;
    }
    *cursor = SIZE_MAX;
    return NULL;
}

void sk_roster_next_id(const struct sk_roster *roster, char prefix, char to[SK_ENTITY_MAX])
{
    const uint32_t last = roster->last_id[prefix == 'p' ? 0 : prefix == 'c' ? 1 : 2];
    sk_text_format(to, SK_ENTITY_MAX, "%c-%lu", prefix, (unsigned long)last + 1);
}

/* --- schedules --- */

static bool covers(const struct sk_schedule *schedule, unsigned day_bit, int minute)
{
    for (size_t i = 0; i < schedule->count; i++)
        if ((schedule->ranges[i].days & day_bit) != 0 && minute >= schedule->ranges[i].from_min &&
            minute < schedule->ranges[i].to_min)
            return true;
    return false;
}

static bool is_always(const struct sk_schedule *schedule)
{
    return schedule->count == 1 && schedule->ranges[0].days == SK_DAYS_ALL && schedule->ranges[0].from_min == 0 &&
           schedule->ranges[0].to_min == 1440;
}

static const struct sk_calendar *calendar_of(const struct sk_roster_view *view, int year)
{
    char entity[SK_ENTITY_MAX];
    sk_text_format(entity, sizeof entity, "year:%d", year);
    const struct sk_roster_change *change = sk_roster_get(view, SK_EV_CALENDAR_PUT, entity);
    return change == NULL ? NULL : &change->calendar;
}

static bool is_closed_day(const struct sk_calendar *calendar, int month_day)
{
    for (size_t i = 0; i < calendar->count; i++)
        if (calendar->days[i] == month_day)
            return true;
    return false;
}

enum sk_open sk_schedule_open(const struct sk_roster_view *view, const char *schedule)
{
    const struct sk_roster_change *change = sk_roster_get(view, SK_EV_SCHEDULE_PUT, schedule);
    if (change == NULL)
        return SK_CLOSED;
    if (is_always(&change->schedule))
        return SK_OPEN;
    if (view->roster->zone == NULL)
        return SK_OPEN_UNKNOWN;
    const struct sk_local local = sk_local_at(view->roster->zone, view->at_us);
    const bool working = covers(&change->schedule, 1u << local.weekday, local.minute);
    const bool closed = covers(&change->schedule, SK_DAY_CLOSED, local.minute);
    const struct sk_calendar *calendar = working == closed ? NULL : calendar_of(view, local.year);
    if (working == closed)
        return working ? SK_OPEN : SK_CLOSED;
    if (calendar == NULL)
        return SK_OPEN_UNKNOWN;
    return (is_closed_day(calendar, local.month_day) ? closed : working) ? SK_OPEN : SK_CLOSED;
}

/* Two days differ somewhere: a range that does not treat closed days as every other day. */
static bool tells_closed_days(const struct sk_schedule *schedule)
{
    for (size_t i = 0; i < schedule->count; i++)
        if (schedule->ranges[i].days != SK_DAYS_ALL)
            return true;
    return false;
}

bool sk_roster_lacks_year(const struct sk_roster_view *view, int year)
{
    if (calendar_of(view, year) != NULL)
        return false;
    for (size_t i = 0; i < view->roster->schedules.count; i++) {
        const char *entity = view->roster->rows[view->roster->schedules.rows[i]].change.entity;
        const struct sk_roster_change *change = sk_roster_get(view, SK_EV_SCHEDULE_PUT, entity);
        if (change != NULL && tells_closed_days(&change->schedule))
            return true;
    }
    return false;
}

uint16_t sk_roster_factors(const struct sk_roster_view *view, uint16_t door, bool entry, uint16_t from_site)
{
    unsigned factors = from_site;
    for (size_t i = 0; i < view->roster->doors.count; i++) {
        const struct sk_roster_change *first = &view->roster->rows[view->roster->doors.rows[i]].change;
        if (first->door.door != door || first->door.entry != entry)
            continue;
        const struct sk_roster_change *rule = sk_roster_get(view, SK_EV_DOOR_RULE, first->entity);
        if (rule != NULL && sk_schedule_open(view, rule->door.schedule) != SK_CLOSED)
            factors |= rule->door.factors; /* in doubt the stricter */
    }
    return (uint16_t)factors;
}

size_t sk_temporary_overdue(const struct sk_roster *roster, int64_t at_us, char ret_first[SK_ENTITY_MAX])
{
    const struct sk_roster_view view = {roster, roster->version, at_us};
    size_t count = 0;
    for (size_t i = 0; i < roster->credentials.count; i++) {
        const char *id = roster->rows[roster->credentials.rows[i]].change.entity;
        const struct sk_roster_change *card = sk_roster_get(&view, SK_EV_CREDENTIAL_ISSUED, id);
        if (card != NULL && card->credential.temporary && at_us >= card->credential.until_us &&
            card->credential.state != SK_CRED_RETURNED && count++ == 0)
            sk_text_copy(ret_first, SK_ENTITY_MAX, id);
    }
    return count;
}

/* --- changing --- */

static bool is_first(const struct sk_roster_change *change)
{
    return change->ev == SK_EV_PERSON_CREATED || change->ev == SK_EV_CREDENTIAL_ISSUED || change->ev == SK_EV_AUTH_GRANTED;
}

static bool keeps_owner(const struct sk_roster_change *now, const struct sk_roster_change *before)
{
    switch (sk_roster_family(now->ev)) {
    case SK_EV_PERSON_CREATED:
        return memcmp(now->person.tag, before->person.tag, SK_SUBJECT_SIZE) == 0;
    case SK_EV_CREDENTIAL_ISSUED:
        return strcmp(now->credential.person, before->credential.person) == 0 &&
               memcmp(&now->credential.identifier, &before->credential.identifier, SK_HASH_SIZE) == 0;
    case SK_EV_AUTH_GRANTED:
        return strcmp(now->authorization.person, before->authorization.person) == 0 &&
               now->authorization.zone == before->authorization.zone;
    default:
        return true;
    }
}

enum sk_err sk_roster_check(const struct sk_roster *roster, const struct sk_roster_change *change)
{
    const uint16_t family = sk_roster_family(change->ev);
    const struct row *before = family == 0 ? NULL : find_any(roster, family, change->entity);
    const char *owner = owner_of(change);
    if (family == 0 || change->entity[0] == '\0')
        return SK_ERR_INVALID;
    if (is_first(change) && before != NULL)
        return SK_ERR_EXISTS;
    if (family != change->ev && before == NULL)
        return SK_ERR_NOT_FOUND;
    if (before != NULL && !keeps_owner(change, &before->change))
        return SK_ERR_CONFLICT;
    if (owner != NULL && find_any(roster, SK_EV_PERSON_CREATED, owner) == NULL)
        return SK_ERR_NOT_FOUND;
    if (change->ev == SK_EV_CREDENTIAL_ISSUED && find_identifier(roster, &change->credential.identifier, UINT64_MAX) != NULL)
        return SK_ERR_EXISTS;
    return SK_OK;
}

static void link_row(struct sk_roster *roster, uint32_t at)
{
    struct row *row = &roster->rows[at];
    const size_t mask = roster->buckets - 1;
    const char *owner = owner_of(&row->change);
    uint32_t *head = &roster->entity[hash_text(row->change.entity) & mask];
    row->entity_next = *head;
    *head = at;
    row->owner_next = row->identifier_next = NONE;
    if (owner != NULL) {
        head = &roster->owner[hash_text(owner) & mask];
        row->owner_next = *head;
        *head = at;
    }
    if (row->change.ev == SK_EV_CREDENTIAL_ISSUED) {
        head = &roster->identifier[hash_bytes(row->change.credential.identifier.bytes, SK_HASH_SIZE) & mask];
        row->identifier_next = *head;
        *head = at;
    }
}

static enum sk_err grow_buckets(struct sk_roster *roster)
{
    const size_t wanted = roster->buckets == 0 ? FIRST_BUCKETS : 2 * roster->buckets;
    uint32_t *entity = sk_calloc(wanted, sizeof *entity), *owner = sk_calloc(wanted, sizeof *owner),
             *identifier = sk_calloc(wanted, sizeof *identifier);
    if (entity == NULL || owner == NULL || identifier == NULL) {
        sk_free(entity);
        sk_free(owner);
        sk_free(identifier);
        return SK_ERR_NOMEM;
    }
    sk_free(roster->entity);
    sk_free(roster->owner);
    sk_free(roster->identifier);
    roster->entity = entity;
    roster->owner = owner;
    roster->identifier = identifier;
    roster->buckets = wanted;
    memset(entity, 0xFF, wanted * sizeof *entity);
    memset(owner, 0xFF, wanted * sizeof *owner);
    memset(identifier, 0xFF, wanted * sizeof *identifier);
    for (size_t i = 0; i < roster->count; i++)
        link_row(roster, (uint32_t)i);
    return SK_OK;
}

static enum sk_err make_room(struct sk_roster *roster, struct list *list)
{
    void *grown = sk_grow(roster->rows, roster->count, &roster->capacity, sizeof *roster->rows, CHANGES_CEILING);
    if (grown == NULL)
        return roster->count >= CHANGES_CEILING ? SK_ERR_FULL : SK_ERR_NOMEM;
    roster->rows = grown;
    grown = sk_grow(list->rows, list->count, &list->capacity, sizeof *list->rows, CHANGES_CEILING);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    list->rows = grown;
    return roster->count < roster->buckets ? SK_OK : grow_buckets(roster);
}

static void remember_id(struct sk_roster *roster, const char *entity)
{
    static const char prefixes[] = "pca";
    const char *prefix = entity[0] != '\0' && entity[1] == '-' ? strchr(prefixes, entity[0]) : NULL;
    const uint32_t number = prefix == NULL ? 0 : (uint32_t)strtoul(entity + 2, NULL, 10);
    if (prefix != NULL && number > roster->last_id[prefix - prefixes])
        roster->last_id[prefix - prefixes] = number;
}

enum sk_err sk_roster_apply(struct sk_roster *roster, const struct sk_roster_change *change)
{
    if (change->version <= roster->version || change->version == UINT64_MAX)
        return SK_ERR_INVALID;
    enum sk_err err = sk_roster_check(roster, change);
    if (err != SK_OK)
        return err;
    struct list *list = list_of(roster, sk_roster_family(change->ev));
    err = make_room(roster, list);
    if (err != SK_OK)
        return err;
    const uint32_t at = (uint32_t)roster->count;
    if (find_any(roster, sk_roster_family(change->ev), change->entity) == NULL)
        list->rows[list->count++] = at;
    roster->rows[at].change = *change;
    roster->count++;
    roster->version = change->version;
    link_row(roster, at);
    if (is_first(change))
        remember_id(roster, change->entity);
    return SK_OK;
}

/* The newest row is the head of each of its buckets. */
static void unlink_newest(struct sk_roster *roster)
{
    const struct row *row = &roster->rows[roster->count - 1];
    const size_t mask = roster->buckets - 1;
    const char *owner = owner_of(&row->change);
    roster->entity[hash_text(row->change.entity) & mask] = row->entity_next;
    if (owner != NULL)
        roster->owner[hash_text(owner) & mask] = row->owner_next;
    if (row->change.ev == SK_EV_CREDENTIAL_ISSUED)
        roster->identifier[hash_bytes(row->change.credential.identifier.bytes, SK_HASH_SIZE) & mask] = row->identifier_next;
}

void sk_roster_take_back(struct sk_roster *roster, uint64_t version)
{
    while (roster->count > 0 && roster->rows[roster->count - 1].change.version > version) {
        struct list *list = list_of(roster, sk_roster_family(roster->rows[roster->count - 1].change.ev));
        unlink_newest(roster);
        roster->count--;
        if (list->count > 0 && list->rows[list->count - 1] == roster->count)
            list->count--;
    }
    if (roster->version > version)
        roster->version = version;
    memset(roster->last_id, 0, sizeof roster->last_id);
    for (size_t i = 0; i < roster->count; i++)
        if (is_first(&roster->rows[i].change))
            remember_id(roster, roster->rows[i].change.entity);
}
