/* SPDX-License-Identifier: Apache-2.0 */
/* Passages decided again. A case carries all that the record carries and the decision needs, in the same units. */
#include "collector/engine/cases.h"

#include <string.h>

#include "collector/engine/papers.h"
#include "schemas/base/mem.h"

enum sk_err sk_cases_create(struct sk_cases *ret_cases)
{
    *ret_cases = (struct sk_cases){.items = sk_calloc(SK_CASES, sizeof *ret_cases->items)};
    return ret_cases->items == NULL ? SK_ERR_NOMEM : SK_OK;
}

void sk_cases_release(struct sk_cases *cases)
{
    sk_free(cases->items);
    *cases = (struct sk_cases){0};
}

uint32_t sk_cases_keep(struct sk_cases *cases, const struct sk_case *kept)
{
    const uint32_t at = (uint32_t)(cases->next % SK_CASES);
    cases->items[at] = *kept;
    cases->items[at].in_use = true;
    cases->items[at].order = cases->next++;
    return at;
}

void sk_case_name(const struct sk_case *kept, char to[SK_CASE_NAME_MAX])
{
    if (kept->has_identity)
        sk_text_format(to, SK_CASE_NAME_MAX, "%lu/%llu", (unsigned long)kept->epoch, (unsigned long long)kept->seq);
    else
        sk_text_format(to, SK_CASE_NAME_MAX, "@%lld", (long long)kept->recv_us);
}

struct sk_case *sk_cases_find(struct sk_cases *cases, uint16_t ctrl, const char *name)
{
    for (size_t i = 0; i < SK_CASES; i++) {
        char own[SK_CASE_NAME_MAX];
        struct sk_case *kept = &cases->items[i];
        if (!kept->in_use || kept->ctrl != ctrl)
            continue;
        sk_case_name(kept, own);
        if (strcmp(own, name) == 0)
            return kept;
    }
    return NULL;
}

/* Where guests are follows, as with everybody, from all that is known when it is asked. */
struct sk_guests sk_world_guests(const struct sk_world *world, int64_t as_of_us)
{
    return (struct sk_guests){
        .registers = world->registers, .door_number = world->door_number, .context = world->context, .as_of_us = as_of_us};
}

void sk_case_decide(const struct sk_world *world, struct sk_case *kept, int64_t as_of_us, bool first,
                    struct sk_second_decision *ret_decision)
{
    const struct sk_roster_view view = {world->roster, kept->roster_version, kept->moment_us};
    struct sk_decide_input input = kept->input;
    struct sk_papers papers;
    const struct sk_roster_change *credential = input.has_identifier ? sk_roster_by_identifier(&view, &input.identifier) : NULL;
    const char *person = credential != NULL ? credential->credential.person : NULL;
    kept->person = person != NULL ? (int32_t)sk_roster_person_index(world->roster, person) : -1;
    if (kept->person >= 0 && (size_t)kept->person < world->trails->count)
        input.trail = &world->trails->items[kept->person];
    if (first && input.trail != NULL)
        kept->input.seen = input.seen = input.trail->seen;
    const struct sk_roster_change *holder = person != NULL ? sk_roster_get(&view, SK_EV_PERSON_CREATED, person) : NULL;
    const struct sk_guests guests = sk_world_guests(world, as_of_us);
    const struct sk_papers_question question = {.person = person,
                                                .kind = holder != NULL ? holder->person.kind : 0,
                                                .zone = input.has_place ? world->zone_id(world->context, input.zone_to) : NULL,
                                                .at_us = kept->moment_us,
                                                .by_us = kept->papers_by_us,
                                                .as_of_us = as_of_us};
    sk_papers_find(world->registers, world->roster, world->site_zone, &question, &papers);
    if (first)
        kept->papers_kept = papers.kept;
    papers.kept &= kept->papers_kept;
    input.guests = &guests;
    input.trails = world->trails;
    input.papers = &papers;
    input.as_of_us = as_of_us;
    sk_decide(&view, &input, ret_decision);
    sk_text_copy(ret_decision->exempt_by, sizeof ret_decision->exempt_by,
                 papers.exempt_by[0] != '\0' ? papers.exempt_by : "emergency_service");
}

void sk_case_settle(struct sk_case *kept, const struct sk_second_decision *decision)
{
    kept->decision = decision->decision;
    kept->agreement = decision->agreement;
    kept->reason_count = (uint8_t)decision->reason_count;
    memcpy(kept->reasons, decision->reasons, sizeof kept->reasons);
    sk_case_refresh(kept, decision);
    if (decision->person != NULL)
        memcpy(kept->subject, decision->person->person.tag, SK_SUBJECT_SIZE);
}

bool sk_case_refresh(struct sk_case *kept, const struct sk_second_decision *decision)
{
    const bool same = kept->awaits_until_us == decision->awaits_until_us && kept->until_us == decision->until_us &&
                      kept->alone == !decision->company;
    kept->awaits_until_us = decision->awaits_until_us;
    kept->until_us = decision->until_us;
    kept->alone = !decision->company;
    return !same;
}

static bool is_awaited(uint16_t reason)
{
    return reason == SK_DENY_SECOND_AWAITED || reason == SK_DENY_ESCORT_AWAITED;
}

static size_t told(const uint16_t *reasons, size_t count, uint16_t to[SK_REASONS_MAX])
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_awaited(reasons[i]))
            to[used++] = reasons[i];
    return used;
}

bool sk_case_changes(const struct sk_world *world, const struct sk_case *kept, int64_t as_of_us,
                     struct sk_second_decision *ret_decision)
{
    uint16_t before[SK_REASONS_MAX], after[SK_REASONS_MAX];
    struct sk_case again = *kept;
    sk_case_decide(world, &again, as_of_us, false, ret_decision);
    const size_t old = told(kept->reasons, kept->reason_count, before);
    const size_t new = told(ret_decision->reasons, ret_decision->reason_count, after);
    return kept->decision != ret_decision->decision || kept->agreement != ret_decision->agreement || old != new ||
           memcmp(before, after, old * sizeof before[0]) != 0;
}

static bool touches_zone(const struct sk_stir *stir, uint16_t zone)
{
    for (size_t i = 0; zone != 0 && i < sizeof stir->zones / sizeof *stir->zones; i++)
        if (stir->zones[i] == zone)
            return true;
    return false;
}

struct sk_stir sk_stir_of_act(const struct sk_trail *trail, int32_t person, uint16_t from)
{
    return (struct sk_stir){.at_us = trail->count > 0 ? trail->stays[0].at_us : SK_NEVER,
                            .person = person,
                            .own = UINT64_MAX,
                            .zones = {from, sk_trail_newest_zone(trail), 0}};
}

bool sk_case_is_touched(const struct sk_case *kept, const struct sk_stir *stir)
{
    return kept->in_use && kept->person >= 0 && kept->order != stir->own && stir->at_us <= kept->until_us &&
           (kept->person == stir->person ||
            (!kept->alone && (touches_zone(stir, kept->input.zone_to) || touches_zone(stir, kept->input.zone_from))));
}

/* --- the row --- */

void sk_case_write(const struct sk_case *kept, struct sk_writer *writer)
{
    const struct sk_decide_input *input = &kept->input;
    sk_write_u64(writer, kept->order);
    sk_write_u16(writer, kept->ev);
    sk_write_u16(writer, kept->ctrl);
    sk_write_u8(writer, (uint8_t)(kept->has_identity | input->has_identifier << 1 | input->has_place << 2 | input->entry << 3 |
                                  input->used << 4 | input->gaps << 5 | kept->papers_kept << 6 | kept->alone << 7));
    sk_write_u32(writer, kept->epoch);
    sk_write_u64(writer, kept->seq);
    sk_write_i64(writer, kept->recv_us);
    sk_write_bytes(writer, input->identifier.bytes, SK_HASH_SIZE);
    sk_write_u16(writer, input->zone_from);
    sk_write_u16(writer, input->zone_to);
    sk_write_u16(writer, input->door);
    sk_write_u16(writer, input->factors_claimed);
    sk_write_u16(writer, input->factors_site);
    sk_write_u8(writer, input->ctrl_decision);
    sk_write_u16(writer, input->ctrl_reason);
    sk_write_i64(writer, input->moved_us);
    sk_write_i64(writer, input->late_us);
    sk_write_i64(writer, input->seen.early_us);
    sk_write_u16(writer, input->seen.zone_a);
    sk_write_u16(writer, input->seen.zone_b);
    sk_write_u64(writer, kept->roster_version);
    sk_write_i64(writer, kept->moment_us);
    sk_write_i64(writer, kept->papers_by_us);
    sk_write_u8(writer, kept->decision);
    sk_write_u8(writer, kept->agreement);
    sk_write_u8(writer, kept->flags);
    sk_write_u16(writer, kept->header_zone);
    sk_write_i64(writer, kept->awaits_until_us);
    sk_write_i64(writer, kept->until_us);
    sk_write_u32(writer, (uint32_t)kept->person);
    sk_write_bytes(writer, kept->subject, SK_SUBJECT_SIZE);
    sk_write_u8(writer, kept->reason_count);
    for (size_t i = 0; i < kept->reason_count; i++)
        sk_write_u16(writer, kept->reasons[i]);
}

enum sk_err sk_case_read(struct sk_reader *reader, struct sk_case *ret_case)
{
    struct sk_case kept = {.in_use = true};
    struct sk_decide_input *input = &kept.input;
    kept.order = sk_read_u64(reader);
    kept.ev = sk_read_u16(reader);
    kept.ctrl = sk_read_u16(reader);
    const uint8_t bits = sk_read_u8(reader);
    kept.has_identity = bits & 1;
    input->has_identifier = bits >> 1 & 1;
    input->has_place = bits >> 2 & 1;
    input->entry = bits >> 3 & 1;
    input->used = bits >> 4 & 1;
    input->gaps = bits >> 5 & 1;
    kept.papers_kept = bits >> 6 & 1;
    kept.alone = bits >> 7 & 1;
    kept.epoch = sk_read_u32(reader);
    kept.seq = sk_read_u64(reader);
    kept.recv_us = sk_read_i64(reader);
    sk_read_copy(reader, input->identifier.bytes, SK_HASH_SIZE);
    input->zone_from = sk_read_u16(reader);
    input->zone_to = sk_read_u16(reader);
    input->door = sk_read_u16(reader);
    input->factors_claimed = sk_read_u16(reader);
    input->factors_site = sk_read_u16(reader);
    input->ctrl_decision = sk_read_u8(reader);
    input->ctrl_reason = sk_read_u16(reader);
    input->moved_us = sk_read_i64(reader);
    input->late_us = sk_read_i64(reader);
    input->seen.early_us = sk_read_i64(reader);
    input->seen.zone_a = sk_read_u16(reader);
    input->seen.zone_b = sk_read_u16(reader);
    kept.roster_version = sk_read_u64(reader);
    kept.moment_us = sk_read_i64(reader);
    kept.papers_by_us = sk_read_i64(reader);
    kept.decision = sk_read_u8(reader);
    kept.agreement = sk_read_u8(reader);
    kept.flags = sk_read_u8(reader);
    kept.header_zone = sk_read_u16(reader);
    kept.awaits_until_us = sk_read_i64(reader);
    kept.until_us = sk_read_i64(reader);
    kept.person = (int32_t)sk_read_u32(reader);
    sk_read_copy(reader, kept.subject, SK_SUBJECT_SIZE);
    kept.reason_count = sk_read_u8(reader);
    if (kept.reason_count > SK_REASONS_MAX)
        return SK_ERR_PARSE;
    for (size_t i = 0; i < kept.reason_count; i++)
        kept.reasons[i] = sk_read_u16(reader);
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    *ret_case = kept;
    return SK_OK;
}
