/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about presence share: how a person who is or may be inside is shown, and how much fits one answer. */
#ifndef SK_COLLECTOR_PRESENCE_H
#define SK_COLLECTOR_PRESENCE_H

#include "collector/engine/muster.h"
#include "collector/engine/occupancy.h"
#include "collector/request.h"

enum { SK_PRESENCE_PAGE = 100 };

/* A page being filled: by count and by bytes, because an answer is one line of 64 KiB. */
struct sk_presence_page {
    struct request *request;
    bool names; /* this account may see them here */
    int64_t left;
    size_t bytes;
    cJSON *items;
};
/* Place in the site by number; -1. */
int32_t sk_presence_zone(const struct sk_site *site, uint16_t number);
/* A row with person, kind, zone, since, age, confidence and doubts, appended to the page; NULL: no memory. zone: index. */
cJSON *sk_presence_show(struct sk_presence_page *page, size_t person, int32_t zone, int64_t since_us, bool perhaps);
void sk_presence_add_doubts(cJSON *item, uint16_t doubts);
/* presence_guests.c: guests, who have no card of their own, as rows by visit: who, where, with whom, how certain. zone "": all.
 * Names like those of people (page->names). */
cJSON *sk_presence_show_guest(struct sk_presence_page *page, const struct sk_guest *guest, cJSON *list); /* NULL: no memory */
bool sk_presence_is_of_zone(const struct sk_command_floor *floor, const struct sk_guest *guest, const char *zone);
/* A bounded number of them; guests_more counts the rest. */
bool sk_presence_add_guests(struct sk_presence_page *page, const char *zone, cJSON *result);
bool sk_presence_is_full(const struct sk_presence_page *page);
/* Zones with how many are inside (guests led in among them), how many perhaps, strangers, and whether the log is complete for
 * it. */
bool sk_presence_add_zones(struct request *request, cJSON *result);
/* The person the argument 'person' names; -1: refused already. */
int64_t sk_presence_person(struct request *request);
struct sk_presence_act sk_presence_act_of(const struct request *request, const char *reason, const char *second);

#endif
