/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in pages: what every list command has in common. Arguments at, person, zone, limit, cursor; answer {items, next,
 * roster_version}. The cursor is a place in an order that never changes (of enrolment, of records). */
#ifndef SK_COLLECTOR_LISTING_H
#define SK_COLLECTOR_LISTING_H

#include "collector/request.h"

enum { SK_PAGE_MAX = 50 };

struct listing {
    struct request *request;
    struct sk_roster_view view;
    uint64_t cursor;
    int64_t limit;
    const char *person, *zone; /* filters; "" any */
    bool names;
    cJSON *items;
};

/* False: refused already, or no memory. Without 'at' the view holds all that was entered, also what begins later. */
bool sk_listing_begin(struct request *request, struct listing *ret_listing);
/* next: where the next page begins; 0 none. Takes the items. */
enum sk_err sk_listing_finish(struct listing *listing, uint64_t next);
/* Members from and until as days of the site, until inclusive. */
void sk_listing_dates(const struct listing *listing, cJSON *item, int64_t from_us, int64_t until_us);
/* The time, or null for 0 and SK_NEVER. */
void sk_listing_time(cJSON *item, const char *name, int64_t at_us);
/* A person or card as it stands at the listing's moment; without one as it stands now, and what begins only later as it was
 * entered. NULL: nothing yet. */
const struct sk_roster_change *sk_listing_standing(const struct listing *listing, uint16_t family, const char *id);
/* Member 'hours': does the schedule let somebody in at the listing's moment? open, closed, or unknown when no holidays are
 * known for that year; null without a moment or with "". */
void sk_listing_hours(const struct listing *listing, cJSON *item, const char *schedule);
/* Name and company of a person as they were at the view, when the actor may read names and they are still there. */
void sk_listing_name(const struct listing *listing, cJSON *item, const char *person);
/* Member last_used: when the person was last let into the zone (0: any); rights_commands.c. */
void sk_listing_use(const struct listing *listing, cJSON *item, const char *person, uint16_t zone);
/* Member biometrics: references and consents of a person, never data; rights_commands.c. */
void sk_listing_biometrics(const struct listing *listing, cJSON *item, const char *person);
/* Member run: a lost card from the loss to its end; list_commands.c. Nothing for a card that was never lost. */
void sk_listing_run(const struct listing *listing, cJSON *item, const char *credential);
const char *sk_listing_zone(const struct sk_site *site, uint16_t number); /* "" unknown */
const char *sk_listing_door(const struct sk_site *site, uint16_t number);

#endif
