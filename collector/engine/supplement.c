/* SPDX-License-Identifier: Apache-2.0 */
/* What changes an earlier decision becomes a record of its own: acc.supplement names the passage, says both decisions and why.
 *
 * Three causes: an event that came late (late_event), a paper that came late (late_paper), a time that ran out while the second
 * person or the escort was awaited (time_over). A grant that turns out unauthorised rings the highest alarm then, and its
 * detail says that it is late. Alarms that turn out wrong stay: a person acknowledges them, the supplement says what is known
 * now. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/internal.h"
#include "collector/engine/reach.h"

static const char *zone_id(const void *context, uint16_t zone)
{
    const struct sk_engine *engine = context;
    for (size_t i = 0; i < engine->site->zone_count; i++)
        if (engine->site->zones[i].number == zone)
            return engine->site->zones[i].id;
    return NULL;
}

static uint16_t door_number(const void *context, const char *door)
{
    const struct sk_engine *engine = context;
    const int32_t index = sk_site_door(engine->site, door);
    return index < 0 ? 0 : engine->site->doors[index].number;
}

struct sk_world sk_engine_world(const struct sk_engine *engine)
{
    return (struct sk_world){.roster = engine->roster,
                             .trails = &engine->trails,
                             .registers = engine->registers,
                             .site_zone = engine->zone,
                             .zone_id = zone_id,
                             .door_number = door_number,
                             .context = engine};
}

int32_t sk_zone_index(const struct sk_engine *engine, uint16_t number)
{
    for (size_t i = 0; i < engine->site->zone_count; i++)
        if (engine->site->zones[i].number == number)
            return (int32_t)i;
    return -1;
}

static bool zone_has_gaps(const struct sk_engine *engine, uint16_t number)
{
    const int32_t index = sk_zone_index(engine, number);
    return index >= 0 && !sk_engine_zone_complete(engine, (uint32_t)index);
}

/* --- the ring and its timer --- */

static void put_case(struct sk_engine *engine, uint32_t place, struct sk_effects *effects)
{
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "case/%lu", (unsigned long)place);
    sk_effects_put(effects, key, &row);
    sk_case_write(&engine->cases.items[place], &row.writer);
    sk_row_end(&row);
}

enum sk_err sk_case_restore(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    char *end;
    const unsigned long place = strtoul(rest, &end, 10);
    struct sk_case kept;
    if (end == rest || *end != '\0' || place >= SK_CASES)
        return SK_ERR_NOT_FOUND;
    const enum sk_err err = sk_case_read(reader, &kept);
    if (err != SK_OK || kept.order % SK_CASES != place)
        return SK_ERR_PARSE;
    engine->cases.items[place] = kept;
    if (kept.order >= engine->cases.next)
        engine->cases.next = kept.order + 1;
    return SK_OK;
}

static int64_t first_awaited(const struct sk_engine *engine)
{
    int64_t first_us = SK_NEVER;
    for (size_t i = 0; i < SK_CASES; i++) {
        const struct sk_case *kept = &engine->cases.items[i];
        if (kept->in_use && kept->awaits_until_us != 0 && kept->awaits_until_us < first_us)
            first_us = kept->awaits_until_us;
    }
    return first_us;
}

void sk_cases_arm(struct sk_engine *engine, const struct sk_now *now)
{
    const int64_t first_us = first_awaited(engine);
    engine->awaited_mono =
        first_us == SK_NEVER ? SK_NEVER : now->mono_us + (first_us > now->utc_us ? first_us - now->utc_us : 0);
    if (engine->papers_due)
        sk_heap_set(&engine->heap, engine->node_case, now->mono_us);
    else if (first_us == SK_NEVER)
        sk_heap_cancel(&engine->heap, engine->node_case);
    else
        sk_heap_set(&engine->heap, engine->node_case, engine->awaited_mono);
}

void sk_passage_keep(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    if (!passage->ours.depends)
        return;
    struct sk_case kept = passage->kept;
    kept.flags = (uint8_t)(passage->event->simulated ? SK_FLAG_SIMULATED : 0);
    kept.flags |= (uint8_t)((passage->event->decision & 3u) << SK_FLAG_CTRL_SHIFT);
    sk_case_settle(&kept, &passage->ours);
    put_case(engine, sk_cases_keep(&engine->cases, &kept), effects);
    if (kept.awaits_until_us != 0)
        sk_cases_arm(engine, passage->now);
}

/* --- the record --- */

struct cause {
    const char *word;
    const struct sk_now *now;
    int64_t as_of_us;
    bool papers; /* those there are by now count */
};

static void put_record(const struct sk_case *kept, const struct sk_second_decision *again, const struct cause *cause,
                       struct sk_effects *effects)
{
    char name[SK_CASE_NAME_MAX];
    struct sk_draft *draft = sk_effects_record(effects);
    struct sk_body *body = &draft->body;
    draft->header.t_recv_us = cause->now->utc_us > 0 ? (uint64_t)cause->now->utc_us : 0;
    draft->header.zone = kept->header_zone;
    draft->header.door = kept->input.door;
    draft->header.ev = SK_EV_ACC_SUPPLEMENT;
    draft->header.class_ = SK_CLASS_ACCESS;
    draft->header.flags = (uint8_t)(kept->flags | (unsigned)again->decision << SK_FLAG_OURS_SHIFT);
    draft->header.ctrl = kept->ctrl;
    memcpy(draft->header.subject, kept->subject, SK_SUBJECT_SIZE);
    sk_body_put_u8(body, SK_TAG_OUR_DECISION, again->decision);
    if (again->reason_count > 0)
        sk_body_put_u16s(body, SK_TAG_OUR_REASONS, again->reasons, again->reason_count);
    sk_body_put_u64(body, SK_TAG_ROSTER_VERSION, kept->roster_version);
    sk_body_put_u16(body, SK_TAG_AREA_FROM, kept->input.zone_from);
    sk_body_put_u16(body, SK_TAG_AREA_TO, kept->input.zone_to);
    sk_body_put_u8(body, SK_TAG_AGREEMENT, again->agreement);
    sk_case_name(kept, name);
    sk_body_put_text(body, SK_TAG_SUPPLEMENTS, name);
    sk_body_put_u8(body, SK_TAG_OLD_DECISION, kept->decision);
    if (kept->reason_count > 0)
        sk_body_put_u16s(body, SK_TAG_OLD_REASONS, kept->reasons, kept->reason_count);
    sk_body_put_u8(body, SK_TAG_OLD_AGREEMENT, kept->agreement);
    sk_body_put_text(body, SK_TAG_CAUSE, cause->word);
    sk_body_put_i64(body, SK_TAG_AS_OF_US, cause->as_of_us);
    if (again->agreement == SK_AGREE_EXEMPT)
        sk_body_put_text(body, SK_TAG_EXEMPT_BY, again->exempt_by);
    sk_body_put_u8(body, SK_TAG_GAPS, kept->input.gaps);
}

/* Once per passage that turns out unauthorised; the used door of a grant that was told already adds nothing. */
static void ring(struct sk_engine *engine, const struct sk_case *kept, const struct sk_second_decision *again,
                 const struct cause *cause, struct sk_effects *effects)
{
    char reasons[SK_ALARM_TEXT_MAX - 32], detail[SK_ALARM_TEXT_MAX];
    if (again->agreement != SK_DISAGREE_GRANTED || kept->agreement == SK_DISAGREE_GRANTED)
        return;
    for (uint32_t i = 0; i < engine->site->door_count; i++) {
        if (engine->site->doors[i].number != kept->input.door)
            continue;
        const uint32_t cond = sk_door_cond(engine, i, SK_CK_DOOR_POLICY);
        sk_reasons_text(again, reasons, sizeof reasons);
        sk_text_format(detail, sizeof detail, "%s (late: %s)", reasons, cause->word);
        const struct sk_decision_input input = {.verdict = SK_V_ABNORMAL,
                                                .now = cause->now,
                                                .detail = detail,
                                                .severity = engine->conds[cond].severity,
                                                .simulated = (kept->flags & SK_FLAG_SIMULATED) != 0,
                                                .mono_us = cause->now->mono_us,
                                                .recv_us = cause->now->utc_us};
        sk_cond_pulse(engine, cond, &input, effects);
        return;
    }
}

static void look(struct sk_engine *engine, uint32_t place, const struct cause *cause, struct sk_effects *effects)
{
    struct sk_case *kept = &engine->cases.items[place];
    struct sk_second_decision again;
    const struct sk_world world = sk_engine_world(engine);
    struct sk_case asked = *kept;
    asked.input.gaps = zone_has_gaps(engine, kept->input.zone_to);
    if (cause->papers)
        asked.papers_by_us = cause->as_of_us;
    if (sk_case_changes(&world, &asked, cause->as_of_us, &again)) {
        kept->input.gaps = asked.input.gaps;
        kept->papers_by_us = asked.papers_by_us;
        put_record(kept, &again, cause, effects);
        ring(engine, kept, &again, cause, effects);
        sk_case_settle(kept, &again);
        put_case(engine, place, effects);
    } else if (sk_case_refresh(kept, &again)) {
        put_case(engine, place, effects);
    }
}

/* --- the causes --- */

size_t sk_cases_since(const struct sk_engine *engine, int64_t at_us)
{
    size_t count = 0;
    for (size_t i = 0; i < SK_CASES; i++)
        count += engine->cases.items[i].in_use && engine->cases.items[i].until_us >= at_us;
    return count;
}

void sk_supplements_stir(struct sk_engine *engine, const struct sk_stir *stir, int64_t as_of_us, const struct sk_now *now,
                         struct sk_effects *effects)
{
    const struct cause cause = {"late_event", now, as_of_us, false};
    for (uint32_t i = 0; i < SK_CASES; i++)
        if (sk_case_is_touched(&engine->cases.items[i], stir))
            look(engine, i, &cause, effects);
    sk_cases_arm(engine, now);
}

void sk_papers_changed(struct sk_engine *engine, const char *entry, const struct sk_now *now)
{
    engine->papers_due = true;
    if (entry == NULL || engine->papers_named >= SK_PAPERS_NAMED)
        engine->papers_all = true;
    else
        sk_text_copy(engine->papers_names[engine->papers_named++], SK_ENTRY_ID_MAX, entry);
    sk_cases_arm(engine, now);
}

/* Which places of the ring the changed papers may speak of. */
static void mark_concerned(const struct sk_engine *engine, bool concerned[SK_CASES])
{
    const struct sk_world world = sk_engine_world(engine);
    struct sk_reach reach;
    for (uint32_t i = 0; i < SK_CASES; i++)
        concerned[i] = engine->papers_all && engine->cases.items[i].in_use && engine->cases.items[i].person >= 0;
    for (size_t k = 0; !engine->papers_all && k < engine->papers_named; k++) {
        sk_reach_of(&world, engine->papers_names[k], &reach);
        for (uint32_t i = 0; i < SK_CASES; i++)
            concerned[i] = concerned[i] || sk_reach_concerns(&world, &reach, &engine->cases.items[i]);
    }
}

/* Once for many acts of one turn. */
static void look_at_papers(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const struct cause cause = {"late_paper", now, now->utc_us, true};
    bool concerned[SK_CASES];
    mark_concerned(engine, concerned);
    engine->papers_due = engine->papers_all = false;
    engine->papers_named = 0;
    for (uint32_t i = 0; i < SK_CASES; i++)
        if (concerned[i])
            look(engine, i, &cause, effects);
    sk_zones_look(engine, now, effects);
}

size_t sk_cases_due(const struct sk_engine *engine)
{
    size_t count = engine->papers_due ? sk_zones_worst(engine) : 0;
    for (size_t i = 0; i < SK_CASES; i++)
        count += engine->cases.items[i].in_use && (engine->papers_due || engine->cases.items[i].awaits_until_us != 0);
    return count;
}

/* The timer runs on the monotonic clock: what it was set for is over, whatever UTC says. */
static void look_at_awaited(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const int64_t first_us = first_awaited(engine);
    const struct cause cause = {"time_over", now, now->utc_us > first_us ? now->utc_us : first_us, false};
    for (uint32_t i = 0; first_us != SK_NEVER && i < SK_CASES; i++)
        if (engine->cases.items[i].in_use && engine->cases.items[i].awaits_until_us != 0 &&
            engine->cases.items[i].awaits_until_us <= cause.as_of_us)
            look(engine, i, &cause, effects);
}

void sk_cases_fire(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const bool over = engine->awaited_mono <= now->mono_us;
    if (engine->papers_due)
        look_at_papers(engine, now, effects);
    if (over)
        look_at_awaited(engine, now, effects);
    sk_cases_arm(engine, now);
}
