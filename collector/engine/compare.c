/* SPDX-License-Identifier: Apache-2.0 */
/* One card, one controller: what the roster wants of it there, and whether its list says the same.
 *
 * A controller should permit a card at those of its doors that lead into a zone (of class 1 and above) for which the holder has
 * a right in force, while card and holder are valid. Schedules are not compared: controllers keep them in words of their own.
 * Dates differ when they are a day or more apart, because controllers keep the last day inclusive or exclusive. */
#include <string.h>

#include "collector/engine/lists.h"

static const int64_t DAY_US = INT64_C(86400) * SK_US_PER_S;

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void add_door(struct sk_expected *expected, uint16_t door)
{
    for (size_t i = 0; i < expected->door_count; i++)
        if (expected->doors[i] == door)
            return;
    if (expected->door_count < SK_LIST_DOORS_MAX)
        expected->doors[expected->door_count++] = door;
}

static void add_right(const struct sk_site *site, uint32_t device, uint16_t zone, struct sk_expected *expected)
{
    for (size_t i = 0; i < site->door_count; i++) {
        const struct sk_door_info *door = &site->doors[i];
        if (door->controller == (int32_t)device && door->zone_to >= 0 && site->zones[door->zone_to].number == zone &&
            site->zones[door->zone_to].class_ > 0)
            add_door(expected, door->number);
    }
}

/* Doors by the rights in force; until: the last of them; ended: when the last of those that are over was over. */
static void take_rights(const struct sk_roster_view *view, const struct sk_site *site, uint32_t device, const char *person,
                        int64_t *until_us, int64_t *ended_us, struct sk_expected *expected)
{
    size_t cursor = 0;
    const char *id;
    while ((id = sk_roster_owned(view->roster, SK_EV_AUTH_GRANTED, person, &cursor)) != NULL) {
        const struct sk_roster_change *right = sk_roster_get(view, SK_EV_AUTH_GRANTED, id);
        if (right == NULL || view->at_us < right->authorization.from_us)
            continue;
        if (view->at_us >= right->authorization.until_us) {
            *ended_us = right->authorization.until_us > *ended_us ? right->authorization.until_us : *ended_us;
            continue;
        }
        const uint8_t before = expected->door_count;
        add_right(site, device, right->authorization.zone, expected);
        if (expected->door_count > before && right->authorization.until_us > *until_us)
            *until_us = right->authorization.until_us;
    }
}

void sk_list_expect(const struct sk_roster_view *view, const struct sk_site *site, uint32_t device,
                    const struct sk_roster_change *credential, struct sk_expected *ret_expected)
{
    const struct sk_credential *card = &credential->credential;
    const struct sk_roster_change *holder = sk_roster_get(view, SK_EV_PERSON_CREATED, card->person);
    struct sk_expected expected;
    int64_t rights_until = 0, rights_ended = 0;
    memset(&expected, 0, sizeof expected);
    expected.identifier = card->identifier;
    expected.lost = card->state == SK_CRED_LOST || card->state == SK_CRED_STOLEN;
    take_rights(view, site, device, card->person, &rights_until, &rights_ended, &expected);
    const int64_t holder_until = holder != NULL ? holder->person.until_us : 0;
    expected.until_us = sooner(sooner(rights_until, card->until_us), holder_until);
    expected.ended_us = SK_NEVER; /* the first thing that ended it */
    if (card->state != SK_CRED_ENABLED)
        expected.ended_us = credential->effective_us;
    if (view->at_us >= card->until_us)
        expected.ended_us = sooner(expected.ended_us, card->until_us);
    if (view->at_us >= holder_until)
        expected.ended_us = sooner(expected.ended_us, holder_until);
    if (expected.door_count == 0)
        expected.ended_us = sooner(expected.ended_us, rights_ended);
    expected.permitted = expected.ended_us == SK_NEVER && view->at_us >= card->from_us && holder != NULL &&
                         view->at_us >= holder->person.from_us;
    *ret_expected = expected;
}

static bool leads_outside(const struct sk_site *site, uint16_t number)
{
    for (size_t i = 0; i < site->door_count; i++)
        if (site->doors[i].number == number)
            return site->doors[i].zone_to < 0 || site->zones[site->doors[i].zone_to].class_ == 0;
    return false;
}

static bool has_door(const uint16_t *doors, size_t count, uint16_t door)
{
    for (size_t i = 0; i < count; i++)
        if (doors[i] == door)
            return true;
    return false;
}

static bool same_doors(const struct sk_site *site, const struct sk_list_row *row, const struct sk_expected *expected)
{
    for (size_t i = 0; i < row->door_count; i++)
        if (!has_door(expected->doors, expected->door_count, row->doors[i]) && !leads_outside(site, row->doors[i]))
            return false;
    for (size_t i = 0; i < expected->door_count; i++)
        if (!has_door(row->doors, row->door_count, expected->doors[i]))
            return false;
    return true;
}

static bool same_end(int64_t said_us, int64_t wanted_us)
{
    if (said_us == SK_NEVER || said_us == wanted_us)
        return true; /* the controller did not say, or says the same */
    return wanted_us != SK_NEVER && said_us - wanted_us < DAY_US && wanted_us - said_us < DAY_US;
}

uint8_t sk_list_judge(const struct sk_site *site, const struct sk_spell *spell, const struct sk_expected *expected)
{
    if (expected == NULL)
        return spell == NULL ? 0 : SK_DIFF_UNKNOWN;
    if (!expected->permitted)
        return spell == NULL ? 0 : SK_DIFF_PERMITTED;
    if (spell == NULL)
        return SK_DIFF_MISSING;
    const bool same = (spell->row.door_count == 0 || same_doors(site, &spell->row, expected)) &&
                      same_end(spell->row.until_us, expected->until_us);
    return same ? 0 : SK_DIFF_DIFFERS;
}
