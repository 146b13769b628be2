/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms of a zone by who is inside now: one person where two must be, too many, too few, a guest without his escort.
 *
 * Looked at when somebody moved, a hole was filled, a rule or a paper changed. A time runs only where one is alone of necessity
 * for a moment (who came first, who leaves last): the zone's own. Where events of its doors are missing the alarm says so, and
 * what is seen then never clears anything. In an emergency nothing new is raised and nothing is cleared. */
#include <string.h>

#include "collector/engine/internal.h"
#include "collector/engine/papers.h"

static struct sk_roster_view view_now(const struct sk_engine *engine, const struct sk_now *now)
{
    return (struct sk_roster_view){engine->roster, sk_roster_version(engine->roster), now->utc_us};
}

bool sk_zone_is_simulated(const struct sk_engine *engine, uint32_t zone)
{
    for (size_t i = 0; i < engine->site->door_count; i++) {
        const struct sk_door_info *door = &engine->site->doors[i];
        if ((door->zone_from == (int32_t)zone || door->zone_to == (int32_t)zone) && door->controller >= 0 &&
            sk_device_is_simulated(engine, (uint32_t)door->controller))
            return true;
    }
    return false;
}

/* The first person inside who should have somebody with him and has not; NULL: none. */
static const char *find_astray(const struct sk_engine *engine, uint32_t zone, const struct sk_now *now, bool *ret_exempt)
{
    const struct sk_world world = sk_engine_world(engine);
    const struct sk_zone_info *info = &engine->site->zones[zone];
    struct sk_papers papers;
    struct sk_papers_question question = {
        .zone = info->id, .at_us = now->utc_us, .by_us = now->utc_us, .as_of_us = now->utc_us};
    sk_papers_find(world.registers, engine->roster, world.site_zone, &question, &papers);
    *ret_exempt = papers.exempt_by[0] != '\0';
    if (!papers.kept)
        return NULL;
    const struct sk_roster_view view = view_now(engine, now);
    for (size_t i = 0; i < engine->trails.count; i++) {
        const struct sk_trail *trail = &engine->trails.items[i];
        if (trail->count == 0 || trail->stays[0].zone != info->number)
            continue;
        question.person = sk_roster_entity_at(engine->roster, SK_EV_PERSON_CREATED, i);
        const struct sk_roster_change *holder = sk_roster_get(&view, SK_EV_PERSON_CREATED, question.person);
        question.kind = holder != NULL ? holder->person.kind : 0;
        if (!sk_papers_may_escort(world.registers, question.person, question.kind))
            continue;
        sk_papers_find(world.registers, engine->roster, world.site_zone, &question, &papers);
        if (papers.escorted && !papers.measure && !sk_escort_is_in(&papers, &engine->trails, info->number, SK_NEVER))
            return question.person;
    }
    return NULL;
}

struct sight {
    const struct sk_zone_rule *rule;
    uint32_t people;
    const char *astray;
    bool exempt, gaps;
};

static bool is_wrong(const struct sight *sight, uint8_t kind)
{
    const struct sk_zone_rule *rule = sight->rule;
    switch (kind) {
    case SK_CK_ZONE_SINGLE:
        return rule != NULL && rule->people_min > 1 && sight->people > 0 && sight->people < rule->people_min;
    case SK_CK_ZONE_MAX:
        return rule != NULL && rule->occ_max > 0 && sight->people > rule->occ_max;
    case SK_CK_ZONE_MIN:
        return rule != NULL && rule->occ_min > 0 && sight->people < rule->occ_min;
    default:
        return sight->astray != NULL && (rule == NULL || (rule->class_ > 0 && rule->papers != SK_PAPERS_NONE));
    }
}

static void tell(const struct sight *sight, uint8_t kind, char to[SK_ALARM_TEXT_MAX])
{
    const char *doubt = sight->gaps ? "; events missing" : "";
    const struct sk_zone_rule none = {0}, *rule = sight->rule != NULL ? sight->rule : &none;
    if (kind == SK_CK_ZONE_ASTRAY)
        sk_text_format(to, SK_ALARM_TEXT_MAX, "%s%s", sk_text_or(sight->astray), doubt);
    else if (kind == SK_CK_ZONE_MAX)
        sk_text_format(to, SK_ALARM_TEXT_MAX, "%lu > %u%s", (unsigned long)sight->people, rule->occ_max, doubt);
    else
        sk_text_format(to, SK_ALARM_TEXT_MAX, "%lu < %u%s", (unsigned long)sight->people,
                       kind == SK_CK_ZONE_SINGLE ? rule->people_min : rule->occ_min, doubt);
}

static struct sight look(const struct sk_engine *engine, uint32_t zone, const struct sk_now *now)
{
    const struct sk_roster_view view = view_now(engine, now);
    const uint16_t number = engine->site->zones[zone].number;
    struct sight sight = {.rule = sk_zone_rule(&view, number), .gaps = !sk_engine_zone_complete(engine, zone)};
    const struct sk_zone_rule *rule = sight.rule;
    sight.astray = find_astray(engine, zone, now, &sight.exempt);
    const struct sk_world world = sk_engine_world(engine);
    const struct sk_guests guests = sk_world_guests(&world, now->utc_us);
    if (rule != NULL && (rule->people_min > 1 || rule->occ_max > 0 || rule->occ_min > 0))
        sight.people = sk_company_in(&view, &engine->trails, &guests, number, SK_NEVER, -1).people;
    return sight;
}

static void feed(struct sk_engine *engine, uint32_t zone, uint8_t kind, const struct sight *sight, const struct sk_now *now,
                 struct sk_effects *effects)
{
    const uint32_t cond = engine->zone_cond + zone * SK_ZONE_CONDS + (uint32_t)(kind - SK_CK_ZONE_SINGLE);
    char detail[SK_ALARM_TEXT_MAX];
    const bool wrong = is_wrong(sight, kind);
    if (!wrong && engine->conds[cond].state == SK_CS_IDLE)
        return;
    if (kind != SK_CK_ZONE_MAX)
        engine->zone_limits[zone * SK_ZONE_CONDS + (kind - SK_CK_ZONE_SINGLE)].dwell_ms =
            (uint32_t)(sk_zone_together_us(sight->rule) / SK_US_PER_MS);
    tell(sight, kind, detail);
    const struct sk_decision_input input = {.verdict = sight->exempt ? SK_V_BAND
                                                       : wrong       ? SK_V_ABNORMAL
                                                       : sight->gaps ? SK_V_UNKNOWN
                                                                     : SK_V_NORMAL,
                                            .now = now,
                                            .detail = detail,
                                            .severity = engine->conds[cond].severity,
                                            .simulated = sk_zone_is_simulated(engine, zone),
                                            .has_value = kind != SK_CK_ZONE_ASTRAY,
                                            .value = sight->people,
                                            .matched = sight->people + (sight->gaps ? 1u << 31 : 0u),
                                            .mono_us = now->mono_us,
                                            .recv_us = now->utc_us};
    sk_cond_feed(engine, cond, &input, effects);
}

void sk_zone_look(struct sk_engine *engine, int32_t zone, const struct sk_now *now, struct sk_effects *effects)
{
    if (zone < 0 || (size_t)zone >= engine->site->zone_count)
        return;
    const struct sight sight = look(engine, (uint32_t)zone, now);
    for (unsigned kind = SK_CK_ZONE_SINGLE; kind <= SK_CK_ZONE_ASTRAY; kind++)
        feed(engine, (uint32_t)zone, (uint8_t)kind, &sight, now, effects);
}

void sk_zones_stir(struct sk_engine *engine, const struct sk_stir *stir, const struct sk_now *now, struct sk_effects *effects)
{
    const uint16_t *zones = stir->zones;
    for (size_t i = 0; i < sizeof stir->zones / sizeof *zones; i++)
        if (zones[i] != 0 && (i == 0 || zones[i] != zones[0]) && (i < 2 || zones[i] != zones[1]))
            sk_zone_look(engine, sk_zone_index(engine, zones[i]), now, effects);
}

void sk_zones_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    for (size_t i = 0; i < engine->site->zone_count; i++)
        sk_zone_look(engine, (int32_t)i, now, effects);
}

size_t sk_zones_worst(const struct sk_engine *engine)
{
    return 2 * (size_t)SK_ZONE_CONDS * engine->site->zone_count;
}

void sk_zone_detail(const struct sk_engine *engine, const struct sk_cond *cond, const struct sk_now *now,
                    char to[SK_ALARM_TEXT_MAX])
{
    const struct sight sight = look(engine, cond->owner, now);
    tell(&sight, cond->kind, to);
}
