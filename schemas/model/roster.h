/* SPDX-License-Identifier: Apache-2.0 */
/* The roster: people, credentials, authorisations, schedules, and the rules of zones and doors, as a list of changes.
 *
 * Every change is a record of class ROSTER; the roster is what follows from them and from nothing else. Changes are numbered 1,
 * 2, 3 ... (the roster's version) and never altered. Each says from when it counts (effective date, 発令日). What holds at a
 * moment t under a version v is, for each entity, the change with version <= v and effective <= t that is latest by (effective,
 * version): a decision computed again with the version and the time written in its record gives the same answer, whatever came
 * later.
 *
 * No names in here: opaque ids, a random tag per person, commitments. Validity is half-open [from, until) in UTC; end dates of
 * people (まで) are made exclusive by sk_day_end_us() before they come here. 0 and SK_NEVER: unbounded.
 * Pure, no I/O; memory only in sk_roster_apply(). Lifetime: what the sk_roster_* getters return is borrowed until the next
 * apply. Threads: one. */
#ifndef SK_MODEL_ROSTER_H
#define SK_MODEL_ROSTER_H

#include "schemas/base/clock.h"
#include "schemas/model/record.h"

enum { SK_ENTITY_MAX = 48, SK_WHO_MAX = 64, SK_RANGES_MAX = 32, SK_CLOSED_DAYS_MAX = 48 };
/* Ours: an hour is no longer "together", six hours no walk. */
enum { SK_TOGETHER_MAX_S = 3600, SK_WALK_MAX_S = 21600 };

/* Days of a range: bits 0-6 Monday to Sunday, bit 7 a closed day (holiday), which replaces its day of the week. */
enum { SK_DAYS_ALL = 0xFF, SK_DAY_CLOSED = 0x80 };
enum sk_passback { SK_PASSBACK_NONE, SK_PASSBACK_SOFT, SK_PASSBACK_HARD, SK_PASSBACK_TIMED };

struct sk_person {
    uint8_t kind; /* enum sk_person_kind */
    uint8_t tag[SK_SUBJECT_SIZE];
    int64_t from_us, until_us;
    struct sk_hash label; /* salted commitment to name, furigana and company as they were */
};
struct sk_credential {
    char person[SK_ENTITY_MAX];
    struct sk_hash identifier; /* HMAC-SHA-256 of the card number under the site key */
    uint8_t state;             /* enum sk_disable_reason; SK_CRED_ENABLED */
    int64_t from_us, until_us;
    bool temporary; /* lent for some days; to be returned when they are over */
};
struct sk_authorization {
    char person[SK_ENTITY_MAX], schedule[SK_ENTITY_MAX];
    uint16_t zone; /* number */
    int64_t from_us, until_us;
    char applicant[SK_WHO_MAX], approver[SK_WHO_MAX], office[SK_WHO_MAX]; /* account or person id, never a name */
    int64_t approved_us;
};
struct sk_schedule {
    uint8_t count;
    struct {
        uint16_t days, from_min, to_min; /* local minutes of the day, half-open; 1440 is midnight */
    } ranges[SK_RANGES_MAX];
};
/* Permit, escort and goods at the door of a zone: told in the list, or denied. */
enum sk_papers_rule { SK_PAPERS_LISTED, SK_PAPERS_REQUIRED, SK_PAPERS_NONE };
struct sk_zone_rule {
    uint16_t zone;
    uint8_t class_, passback;  /* enum sk_passback */
    uint32_t passback_s;       /* TIMED: no second entry within so many seconds */
    uint8_t people_min;        /* nobody is inside with fewer than these; 0 and 1: no such rule */
    uint8_t papers;            /* enum sk_papers_rule */
    uint32_t together_s;       /* who comes first waits so long for the others or his escort; who is left may stay so long */
    uint16_t occ_min, occ_max; /* people inside; 0 no limit */
};
struct sk_way_rule { /* no two places on the two sides of it are reached in less */
    uint16_t zone_a, zone_b;
    uint16_t door; /* 0: a pair of zones */
    uint32_t walk_s;
};
struct sk_door_rule { /* factors that a direction of a door wants while the schedule is active */
    uint16_t door, factors;
    bool entry;
    char schedule[SK_ENTITY_MAX];
};
struct sk_calendar {
    uint16_t year;
    uint8_t count;
    uint16_t days[SK_CLOSED_DAYS_MAX]; /* month * 100 + day, ascending */
};

struct sk_roster_change {
    uint16_t ev; /* of class ROSTER; says which member is meant */
    uint64_t version;
    int64_t effective_us;
    char entity[SK_ENTITY_MAX]; /* p-1, c-1, a-1; schedule ids; zone:3, door:4:in:weekday, way:4, year:2026 */
    union {
        struct sk_person person;
        struct sk_credential credential;
        struct sk_authorization authorization;
        struct sk_schedule schedule;
        struct sk_zone_rule zone;
        struct sk_door_rule door;
        struct sk_way_rule way;
        struct sk_calendar calendar;
    };
};

/* Who changed it and why: goes into the record, not into the roster. Texts borrowed; "" none. */
struct sk_roster_act {
    const char *actor, *address, *reason, *command;
    uint16_t roles;
};

/* Its tags, ascending, ACTOR to COMMAND; what is not known is left out. */
void sk_roster_act_write(const struct sk_roster_act *act, struct sk_body *body);

/* A change as record body, and back. read: PARSE when the body is no such change. */
void sk_roster_change_write(const struct sk_roster_change *change, const struct sk_roster_act *act, struct sk_body *body);
enum sk_err sk_roster_change_read(uint16_t ev, const uint8_t *body, size_t length, struct sk_roster_change *ret_change);
/* The first event of its family (person.created, credential.issued ...), by which entities are told apart; 0: no roster event.
 */
uint16_t sk_roster_family(uint16_t ev);

/* The controller's decision and ours, compared: what a record of a passage carries. */
enum sk_agreement { SK_AGREE_NONE, SK_AGREE, SK_DISAGREE_GRANTED, SK_DISAGREE_DENIED, SK_AGREE_UNKNOWN, SK_AGREE_EXEMPT };
/* "agree", "granted_but_unauthorised", "denied_but_authorised", "unknown", "exempt" (an emergency mode was in force); NULL for
 * none. */
const char *sk_agreement_word(uint8_t agreement);
int sk_agreement_parse(const char *word); /* -1: none of them */

struct sk_roster;
enum sk_err sk_roster_create(struct sk_roster **ret_roster);
void sk_roster_free(struct sk_roster *roster);
/* The site's zone, for schedules; borrowed. Without one every schedule that is not always open is unknown. */
void sk_roster_set_zone(struct sk_roster *roster, const struct sk_zone *zone);
/* Adds the next change. Its version must be above sk_roster_version(), else INVALID: the next number, but for one whose record
 * was given up while the log could not be written; that one then never was. EXISTS: a second enrolment of an id, or an
 * identifier that was ever issued. NOT_FOUND: a later change of what does not exist, or a person who does not exist. NOMEM and
 * all others leave the roster as it was. */
/* Lets go of all changes above this version and of the ids they gave out: for an act of many changes that was not recorded.
 * Needs no memory. */
void sk_roster_take_back(struct sk_roster *roster, uint64_t version);
enum sk_err sk_roster_apply(struct sk_roster *roster, const struct sk_roster_change *change);
/* The same without doing it: may this change be applied, given its version is right? */
enum sk_err sk_roster_check(const struct sk_roster *roster, const struct sk_roster_change *change);
uint64_t sk_roster_version(const struct sk_roster *roster);
/* The next unused id of a family: prefix 'p', 'c' or 'a' -> "p-17". Never one that was used. */
void sk_roster_next_id(const struct sk_roster *roster, char prefix, char to[SK_ENTITY_MAX]);

/* When and under which version one looks. */
struct sk_roster_view {
    const struct sk_roster *roster;
    uint64_t version;
    int64_t at_us;
};
/* What holds of an entity; NULL: nothing yet. ev: any of its family. */
const struct sk_roster_change *sk_roster_get(const struct sk_roster_view *view, uint16_t ev, const char *entity);
/* The credential with this identifier as it holds at the view. */
const struct sk_roster_change *sk_roster_by_identifier(const struct sk_roster_view *view, const struct sk_hash *identifier);
/* Every change of an entity, newest version first: the one `back` steps back, NULL past the oldest. */
const struct sk_roster_change *sk_roster_history(const struct sk_roster *roster, uint16_t ev, const char *entity, size_t back);
/* Walks what was first enrolled of a family, by number 0 .. count - 1 in order of enrolment: the id, or NULL past the end. */
const char *sk_roster_entity_at(const struct sk_roster *roster, uint16_t ev, size_t index);
size_t sk_roster_count(const struct sk_roster *roster, uint16_t ev);
/* Place of a person in that order; -1 unknown. */
int64_t sk_roster_person_index(const struct sk_roster *roster, const char *person);
/* Every authorisation, credential of a person (ids, in order of enrolment): NULL ends. *cursor begins at 0. */
const char *sk_roster_owned(const struct sk_roster *roster, uint16_t ev, const char *person, size_t *cursor);

enum sk_open { SK_CLOSED, SK_OPEN, SK_OPEN_UNKNOWN };
/* Is the schedule active at the view's moment? Unknown when a holiday would decide and the year has no calendar. */
enum sk_open sk_schedule_open(const struct sk_roster_view *view, const char *schedule);
/* Factors wanted in this direction of a door by the rules active now, with those the site file says; 0: none said. */
uint16_t sk_roster_factors(const struct sk_roster_view *view, uint16_t door, bool entry, uint16_t from_site);
/* Temporary cards that are over and were not returned at a moment; the first of them. */
size_t sk_temporary_overdue(const struct sk_roster *roster, int64_t at_us, char ret_first[SK_ENTITY_MAX]);
/* A schedule that tells closed days from others exists, and this year has no calendar. */
bool sk_roster_lacks_year(const struct sk_roster_view *view, int year);

/* --- calendar.c --- */
/* Local date at a moment: year, month * 100 + day, day of week (0 Monday), minute of the day. */
struct sk_local {
    int year, month_day, weekday, minute;
};
struct sk_local sk_local_at(const struct sk_zone *zone, int64_t utc_us);
/* "2026-11-20" -> the local midnight that begins it, or (まで) the one that ends it. False: no such date. */
bool sk_day_begin_us(const struct sk_zone *zone, const char *date, int64_t *ret_us);
bool sk_day_end_us(const struct sk_zone *zone, const char *date, int64_t *ret_us);
bool sk_day_is_day(const char *date);
/* The date (inclusive) of an exclusive end, for printing: "2026-11-20"; "" for SK_NEVER. */
void sk_day_until_text(const struct sk_zone *zone, int64_t until_us, char to[16]);
void sk_day_from_text(const struct sk_zone *zone, int64_t from_us, char to[16]);
/* Japan's closed days as shipped (schemas/data/holidays_jp.def); false: no data for that year. */
bool sk_calendar_jp(int year, struct sk_calendar *ret_calendar);

#endif
