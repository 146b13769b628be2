/* SPDX-License-Identifier: Apache-2.0 */
/* The plant's people and their cards, as the simulated door controllers know them. Invented; no names, only tokens.
 * The last rows are those whom a controller turns away, one for each reason worth playing. */
#include <string.h>
#include <strings.h>

#include "sim/plant/state.h"

static const struct person PEOPLE[] = {
    {"p1", "04a1b2c3d4e501", "c-p1", "p1", SK_DENY_NONE},
    {"p2", "04a1b2c3d4e502", "c-p2", "p2", SK_DENY_NONE},
    {"p3", "04a1b2c3d4e503", "c-p3", "p3", SK_DENY_NONE},
    {"p4", "04a1b2c3d4e504", "c-p4", "p4", SK_DENY_NONE},
    {"p5", "04a1b2c3d4e505", "c-p5", "p5", SK_DENY_NONE},
    {"lost", "04a1b2c3d4e506", "c-p6", "p6", SK_DENY_NONE},    /* the controller has not been told */
    {"leaver", "04a1b2c3d4e507", "c-p7", "p7", SK_DENY_NONE},  /* nor of this one */
    {"guest", "04a1b2c3d4e508", "c-p8", "p8", SK_DENY_NONE},   /* the card lent to visitors */
    {"courier", "04a1b2c3d4e509", "c-p9", "p9", SK_DENY_NONE}, /* and that of delivery persons */
    {"expired", "04a1b2c3d4e5e1", "c-p11", "p11", SK_DENY_EXPIRED},
    {"disabled", "04a1b2c3d4e5e2", "c-p12", "p12", SK_DENY_NOT_ENABLED},
    {"visitor", "04a1b2c3d4e5e3", "c-p13", "p13", SK_DENY_UNAUTHORIZED},
    {"night", "04a1b2c3d4e5e4", "c-p14", "p14", SK_DENY_TIME},
    {"wrong_finger", "04a1b2c3d4e5e5", "c-p15", "p15", SK_DENY_INVALID_IDENTIFIER},
};
enum { PEOPLE_COUNT = sizeof PEOPLE / sizeof PEOPLE[0] };

const struct person *sk_plant_person_find(const char *id)
{
    for (size_t i = 0; i < PEOPLE_COUNT; i++) {
        if (strcmp(PEOPLE[i].id, id) == 0) {
            return &PEOPLE[i];
        }
    }
    return NULL;
}

const struct person *sk_plant_card_find(const char *card)
{
    for (size_t i = 0; i < PEOPLE_COUNT; i++) {
        if (strcasecmp(PEOPLE[i].card, card) == 0) {
            return &PEOPLE[i];
        }
    }
    return NULL;
}

const char *sk_plant_person(size_t index, const char **ret_card)
{
    if (index >= PEOPLE_COUNT) {
        return NULL;
    }
    *ret_card = PEOPLE[index].card;
    return PEOPLE[index].id;
}
