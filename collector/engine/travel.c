/* SPDX-License-Identifier: Apache-2.0 */
/* Impossible travel: one card at two readers that nobody can walk between in that time.
 *
 * The roster holds ways: one per door, by the site file, and those a person set for a pair of zones. The least time between two
 * zones is the shortest sum over ways; all zones of class 0 are one place, the outside. A place no way leads to is not judged.
 * The two moments are bounded by both clocks (the controller's and ours) so that the longest time there may have been is
 * compared with the least that is needed; what came late, or by clocks that do not agree, is never judged. */
#include "collector/engine/judging.h"

enum { WAYS_MAX = 1024, PLACES_MAX = 256, OUTSIDE = 0 };
static const int64_t AHEAD_US = 2 * SK_US_PER_S; /* as ctrl.skew: beyond, the controller's clock is said to be off */

struct sk_bounds sk_sighting_bounds(uint8_t occurrence_class, uint8_t clock_quality, int64_t t_ctrl_us, int64_t recv_us)
{
    if (clock_quality != SK_CLOCK_SYNCED || occurrence_class != SK_OCC_ONLINE || t_ctrl_us <= 0 ||
        t_ctrl_us - recv_us > AHEAD_US)
        return (struct sk_bounds){0, 0};
    return t_ctrl_us < recv_us ? (struct sk_bounds){t_ctrl_us, recv_us} : (struct sk_bounds){recv_us, t_ctrl_us};
}

void sk_trail_see(struct sk_trail *trail, const struct sk_decide_input *input, int64_t early_us)
{
    if (early_us <= 0 || !input->has_place || early_us < trail->seen.early_us)
        return;
    trail->seen = (struct sk_sighting){early_us, input->used ? input->zone_to : input->zone_from, input->zone_to};
}

struct way {
    uint16_t a, b;
    uint32_t walk_s;
};
struct reached {
    uint16_t place[PLACES_MAX];
    uint32_t s[PLACES_MAX];
    size_t count;
};

static uint16_t place_of(const struct sk_roster_view *view, uint16_t zone)
{
    const struct sk_zone_rule *rule = sk_zone_rule(view, zone);
    return rule != NULL && rule->class_ == 0 ? OUTSIDE : zone;
}

static size_t read_ways(const struct sk_roster_view *view, struct way ways[WAYS_MAX])
{
    size_t count = 0;
    const char *id;
    for (size_t i = 0; count < WAYS_MAX && (id = sk_roster_entity_at(view->roster, SK_EV_WAY_RULE, i)) != NULL; i++) {
        const struct sk_roster_change *change = sk_roster_get(view, SK_EV_WAY_RULE, id);
        if (change != NULL)
            ways[count++] =
                (struct way){place_of(view, change->way.zone_a), place_of(view, change->way.zone_b), change->way.walk_s};
    }
    return count;
}

static uint32_t *find(struct reached *reached, uint16_t place)
{
    for (size_t i = 0; i < reached->count; i++)
        if (reached->place[i] == place)
            return &reached->s[i];
    return NULL;
}

/* True: the place was not known, or is nearer than it was. */
static bool reach(struct reached *reached, uint16_t place, uint32_t s)
{
    uint32_t *known = find(reached, place);
    if (known == NULL && reached->count < PLACES_MAX) {
        reached->place[reached->count] = place;
        reached->s[reached->count++] = s;
        return true;
    }
    if (known == NULL || *known <= s)
        return false;
    *known = s;
    return true;
}

static bool any_way(const struct way *ways, size_t count, uint16_t place)
{
    for (size_t i = 0; i < count; i++)
        if (ways[i].a == place || ways[i].b == place)
            return true;
    return false;
}

uint32_t sk_walk_least_s(const struct sk_roster_view *view, uint16_t from, uint16_t to)
{
    struct way ways[WAYS_MAX];
    struct reached reached = {.count = 0};
    const uint16_t begin = place_of(view, from), end = place_of(view, to);
    const size_t count = begin == end ? 0 : read_ways(view, ways);
    if (!any_way(ways, count, begin) || !any_way(ways, count, end))
        return 0;
    reach(&reached, begin, 0);
    for (bool nearer = true; nearer;) {
        nearer = false;
        for (size_t i = 0; i < count; i++) {
            const uint32_t *a = find(&reached, ways[i].a);
            nearer |= a != NULL && reach(&reached, ways[i].b, *a + ways[i].walk_s);
            const uint32_t *b = find(&reached, ways[i].b);
            nearer |= b != NULL && reach(&reached, ways[i].a, *b + ways[i].walk_s);
        }
    }
    const uint32_t *found = find(&reached, end);
    return found != NULL ? *found : reached.count < PLACES_MAX ? SK_WALK_NEVER : 0;
}

void sk_rule_travel(struct sk_judging *j)
{
    const struct sk_decide_input *input = j->input;
    const struct sk_sighting *seen = &input->seen;
    if (seen->early_us == 0 || input->late_us == 0 || !input->has_place || input->zone_from == seen->zone_a ||
        input->zone_from == seen->zone_b || sk_roster_count(j->view->roster, SK_EV_WAY_RULE) == 0)
        return;
    const uint32_t a = sk_walk_least_s(j->view, seen->zone_a, input->zone_from);
    const uint32_t b = seen->zone_b == seen->zone_a ? a : sk_walk_least_s(j->view, seen->zone_b, input->zone_from);
    const uint32_t least_s = a < b ? a : b;
    if (least_s == SK_WALK_NEVER || input->late_us - seen->early_us < (int64_t)least_s * SK_US_PER_S)
        sk_judging_add(j, SK_DENY_IMPOSSIBLE_TRAVEL, SK_DENIES);
}
