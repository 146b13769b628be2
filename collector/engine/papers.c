/* SPDX-License-Identifier: Apache-2.0 */
/* Papers found: one function per register, each adding what it has to the view. What "covers" means is in papers.h. */
#include "collector/engine/papers.h"

#include <string.h>

#include "schemas/model/register.h"

#define KEEP_US (SK_REGISTERS_KEEP_DAYS * INT64_C(86400) * SK_US_PER_S)

struct search {
    const struct sk_registers *registers;
    const struct sk_roster *roster;
    const struct sk_zone *site_zone;
    const struct sk_papers_question *ask;
    struct sk_papers *out;
};

bool sk_paper_is_gone(const struct sk_entry *entry, int64_t as_of_us)
{
    return sk_register_state_is_final(entry->state) && sk_entry_since(entry, SK_NEVER) < as_of_us - KEEP_US;
}

static bool is_at_hand(const struct search *search, const struct sk_entry *entry)
{
    return !sk_paper_is_gone(entry, search->ask->as_of_us) && entry->acts[0].at_us <= search->ask->by_us;
}

/* Walks the entries that ever named the text in that field. */
static const struct sk_entry *next(const struct search *search, uint16_t field, const char *text, size_t *cursor)
{
    const struct sk_entries named = sk_registers_with(search->registers, field, text);
    while (*cursor < named.count) {
        const struct sk_entry *entry = named.items[(*cursor)++];
        if (is_at_hand(search, entry))
            return entry;
    }
    return NULL;
}

static const struct sk_entry *next_mode(const struct search *search, size_t *cursor)
{
    const struct sk_entry *entry;
    while ((entry = sk_registers_next(search->registers, SK_REGISTER_MODE, cursor)) != NULL)
        if (is_at_hand(search, entry))
            return entry;
    return NULL;
}

static bool is_one_of(uint8_t state, uint64_t states)
{
    return state != 0 && (states >> state & 1) != 0;
}
#define IN(name) (UINT64_C(1) << SK_RS_##name)

/* From when on its fields are asked: its own time, or that of the late approval. 0: it does not count. */
static int64_t stands_since(const struct search *search, const struct sk_entry *entry, uint16_t approved, uint64_t live,
                            uint64_t late)
{
    const int64_t at_us = search->ask->at_us, by_us = search->ask->by_us;
    const struct sk_entry_act *act = sk_entry_act(entry, approved, by_us);
    if (is_one_of(sk_entry_state_at(entry, at_us), live))
        return at_us;
    return act != NULL && act->at_us > at_us && is_one_of(sk_entry_state_at(entry, by_us), live | late) ? by_us : 0;
}

static bool covers(const struct search *search, const struct sk_entry *entry, uint16_t from, uint16_t until, uint16_t zones,
                   int64_t said_us)
{
    const int64_t at_us = search->ask->at_us;
    return at_us >= sk_entry_time(entry, from, said_us) && at_us < sk_entry_time(entry, until, said_us) &&
           search->ask->zone != NULL && sk_entry_has(entry, zones, said_us, search->ask->zone);
}

static void add_escort(const struct search *search, const struct sk_entry *entry, uint16_t field)
{
    char person[SK_ENTITY_MAX];
    const int64_t by_us = search->ask->by_us > search->ask->at_us ? search->ask->by_us : search->ask->at_us;
    if (!sk_entry_text(entry, field, by_us, person, sizeof person))
        return;
    const int64_t index = sk_roster_person_index(search->roster, person);
    search->out->escorted = true;
    if (index >= 0 && search->out->escort_count < SK_ESCORTS_MAX)
        search->out->escorts[search->out->escort_count++] = (uint32_t)index;
}

static void find_permits(const struct search *search)
{
    const struct sk_entry *entry;
    size_t cursor = 0;
    while ((entry = next(search, SK_F_PERMIT_WORKERS, search->ask->person, &cursor)) != NULL) {
        const int64_t said = stands_since(search, entry, SK_EV_PERMIT_APPROVED, IN(APPROVED) | IN(OPEN), IN(CLOSED));
        if (said == 0 || !sk_entry_has(entry, SK_F_PERMIT_WORKERS, said, search->ask->person) ||
            !covers(search, entry, SK_F_PERMIT_FROM, SK_F_PERMIT_UNTIL, SK_F_PERMIT_ZONES, said))
            continue;
        search->out->permit = true;
        add_escort(search, entry, SK_F_PERMIT_ESCORT);
    }
}

/* Ratified later it is a permit; until then it lets in and is told. */
static void find_emergencies(const struct search *search)
{
    const struct sk_entry *entry;
    size_t cursor = 0;
    while ((entry = next(search, SK_F_EMERGENCY_WORKERS, search->ask->person, &cursor)) != NULL) {
        const int64_t at_us = search->ask->at_us;
        const uint8_t state = sk_entry_state_at(entry, at_us);
        const bool ratified = stands_since(search, entry, SK_EV_EMERGENCY_RATIFIED, IN(RATIFIED), 0) != 0;
        if ((!ratified && (state != SK_RS_OPEN || sk_entry_act(entry, SK_EV_EMERGENCY_REFUSED, search->ask->by_us) != NULL)) ||
            !sk_entry_has(entry, SK_F_EMERGENCY_WORKERS, at_us, search->ask->person) ||
            !covers(search, entry, SK_F_EMERGENCY_FROM, SK_F_EMERGENCY_UNTIL, SK_F_EMERGENCY_ZONES, at_us))
            continue;
        search->out->permit |= ratified;
        search->out->unratified |= !ratified;
        add_escort(search, entry, SK_F_EMERGENCY_ESCORT);
    }
}

static void find_visits(const struct search *search)
{
    const struct sk_entry *entry;
    size_t cursor = 0;
    char person[SK_ENTITY_MAX];
    while ((entry = next(search, SK_F_VISIT_PERSON, search->ask->person, &cursor)) != NULL) {
        const int64_t said = stands_since(search, entry, SK_EV_VISIT_APPROVED, IN(APPROVED) | IN(ARRIVED) | IN(INSIDE),
                                          IN(DEPARTED) | IN(NOT_OBSERVED) | IN(CLOSED));
        const int64_t at_us = search->ask->at_us, by_us = search->ask->by_us;
        if (said == 0 || !sk_entry_text(entry, SK_F_VISIT_PERSON, said, person, sizeof person) ||
            strcmp(person, search->ask->person) != 0 ||
            !covers(search, entry, SK_F_VISIT_FROM, SK_F_VISIT_UNTIL, SK_F_VISIT_ZONES, said))
            continue;
        search->out->permit = true;
        add_escort(search, entry, SK_F_VISIT_ESCORT);
        search->out->measure |= at_us >= sk_entry_time(entry, SK_F_VISIT_WATCH_FROM, by_us) &&
                                at_us < sk_entry_time(entry, SK_F_VISIT_WATCH_UNTIL, by_us);
    }
}

/* Approved and inspected goods are carried in by their act; before, whoever carries them is held. */
static void find_goods(const struct search *search)
{
    const struct sk_entry *entry;
    size_t cursor = 0;
    char text[SK_ENTITY_MAX];
    const int64_t at_us = search->ask->at_us;
    while ((entry = next(search, SK_F_GOODS_PERSON, search->ask->person, &cursor)) != NULL) {
        struct sk_field_value zones;
        if (!is_one_of(sk_entry_state_at(entry, at_us), IN(REQUESTED) | IN(APPROVED) | IN(UNPERMITTED)) ||
            !sk_entry_text(entry, SK_F_GOODS_PERSON, at_us, text, sizeof text) || strcmp(text, search->ask->person) != 0 ||
            at_us < sk_entry_time(entry, SK_F_GOODS_FROM, at_us) || at_us >= sk_entry_time(entry, SK_F_GOODS_UNTIL, at_us) ||
            !sk_entry_text(entry, SK_F_GOODS_DIRECTION, at_us, text, sizeof text) || strcmp(text, "in") != 0)
            continue;
        const bool named = sk_entry_field(entry, SK_F_GOODS_ZONES, at_us, &zones);
        const bool here = named && search->ask->zone != NULL && sk_value_has(&zones, search->ask->zone);
        search->out->goods_held |= here || !named;
        search->out->goods_here |= here;
    }
}

/* An approved attestation of an equal measure for this zone ("server" or "zone:server"), good, in its days. */
static void find_measures(const struct search *search)
{
    const struct sk_entry *entry;
    size_t cursor = 0;
    char kind[32], subject[256], result[16], issued[16], expires[16];
    const int64_t by_us = search->ask->by_us;
    while ((entry = next(search, SK_F_ATTESTATION_KIND, "equal_measure", &cursor)) != NULL) {
        int64_t from_us, until_us;
        const int64_t said = stands_since(search, entry, SK_EV_ATTESTATION_APPROVED, IN(VALID), 0);
        if (said == 0 || search->ask->zone == NULL || search->site_zone == NULL ||
            !sk_entry_text(entry, SK_F_ATTESTATION_KIND, by_us, kind, sizeof kind) || strcmp(kind, "equal_measure") != 0 ||
            !sk_entry_text(entry, SK_F_ATTESTATION_RESULT, by_us, result, sizeof result) || strcmp(result, "good") != 0 ||
            !sk_entry_text(entry, SK_F_ATTESTATION_SUBJECT_, by_us, subject, sizeof subject) ||
            !sk_entry_text(entry, SK_F_ATTESTATION_ISSUED, by_us, issued, sizeof issued) ||
            !sk_entry_text(entry, SK_F_ATTESTATION_EXPIRES, by_us, expires, sizeof expires))
            continue;
        const char *zone = strncmp(subject, "zone:", 5) == 0 ? subject + 5 : subject;
        search->out->measure |= strcmp(zone, search->ask->zone) == 0 && sk_day_begin_us(search->site_zone, issued, &from_us) &&
                                sk_day_end_us(search->site_zone, expires, &until_us) && search->ask->at_us >= from_us &&
                                search->ask->at_us < until_us;
    }
}

static void find_modes(const struct search *search)
{
    const struct sk_entry *entry;
    size_t cursor = 0;
    const int64_t at_us = search->ask->at_us, by_us = search->ask->by_us;
    while ((entry = next_mode(search, &cursor)) != NULL) {
        struct sk_field_value zones;
        char kind[32];
        const int64_t ended_us = sk_entry_time(entry, SK_F_MODE_ENDED_AT, by_us);
        const bool over = sk_entry_state_at(entry, by_us) == SK_RS_ENDED && at_us >= ended_us;
        if (over || at_us < sk_entry_time(entry, SK_F_MODE_FROM, by_us) ||
            at_us >= sk_entry_time(entry, SK_F_MODE_UNTIL, by_us) ||
            (sk_entry_field(entry, SK_F_MODE_ZONES, by_us, &zones) &&
             (search->ask->zone == NULL || !sk_value_has(&zones, search->ask->zone))) ||
            !sk_entry_text(entry, SK_F_MODE_KIND, by_us, kind, sizeof kind))
            continue;
        sk_text_format(search->out->exempt_by, sizeof search->out->exempt_by, "%s %s", entry->id, kind);
        return;
    }
}

/* Numbers that were given out are known even when the entries are no longer at hand. */
static bool were_kept(const struct sk_registers *registers)
{
    static const uint8_t kinds[] = {SK_REGISTER_PERMIT, SK_REGISTER_EMERGENCY, SK_REGISTER_VISIT, SK_REGISTER_GOODS};
    char id[SK_ENTRY_ID_MAX];
    for (size_t i = 0; i < sizeof kinds; i++) {
        sk_registers_next_id(registers, kinds[i], id);
        if (strcmp(strchr(id, '-'), "-1") != 0)
            return true;
    }
    return false;
}

void sk_papers_find(const struct sk_registers *registers, const struct sk_roster *roster, const struct sk_zone *site_zone,
                    const struct sk_papers_question *question, struct sk_papers *ret_papers)
{
    const struct search search = {registers, roster, site_zone, question, ret_papers};
    *ret_papers = (struct sk_papers){.kept = false};
    if (registers == NULL)
        return;
    find_modes(&search);
    ret_papers->kept = were_kept(registers) && question->at_us >= question->as_of_us - KEEP_US;
    if (!ret_papers->kept || question->person == NULL)
        return;
    ret_papers->escorted = question->kind == SK_PERSON_VISITOR;
    find_permits(&search);
    find_emergencies(&search);
    find_visits(&search);
    find_goods(&search);
    find_measures(&search);
}

bool sk_papers_may_escort(const struct sk_registers *registers, const char *person, uint8_t kind)
{
    return registers != NULL && person != NULL &&
           (kind == SK_PERSON_VISITOR || sk_registers_with(registers, SK_F_PERMIT_WORKERS, person).count > 0 ||
            sk_registers_with(registers, SK_F_EMERGENCY_WORKERS, person).count > 0 ||
            sk_registers_with(registers, SK_F_VISIT_PERSON, person).count > 0);
}

bool sk_papers_matter(uint8_t register_)
{
    return register_ == SK_REGISTER_PERMIT || register_ == SK_REGISTER_EMERGENCY || register_ == SK_REGISTER_VISIT ||
           register_ == SK_REGISTER_JOINT || register_ == SK_REGISTER_MODE || register_ == SK_REGISTER_ATTESTATION;
}
