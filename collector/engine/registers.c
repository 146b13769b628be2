/* SPDX-License-Identifier: Apache-2.0 */
/* The registers in the engine: acts as steps, and what is overdue.
 *
 * Due moments are UTC (people agree on clocks, not on uptimes), so they are looked at again at least once a minute while any
 * lies ahead: a stepped clock is followed within that. One alarm per name of the dues list; it counts the entries and names the
 * first ones, and returns only when none is left. */
#include <string.h>

#include "collector/engine/internal.h"
#include "collector/engine/papers.h"

enum { LOOK_AGAIN_S = 60, NAMED = 5 };
#define KEEP_US (SK_REGISTERS_KEEP_DAYS * INT64_C(86400) * SK_US_PER_S)

const struct sk_registers *sk_engine_registers(const struct sk_engine *engine)
{
    return engine->registers;
}

enum sk_err sk_engine_restore_register(struct sk_engine *engine, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    struct sk_register_act act;
    if (engine->started)
        return SK_ERR_INVALID;
    const enum sk_err err = sk_register_act_read(ev, body, length, &act);
    act.at_us = at_us;
    engine->registers_due_mono = 0; /* the first tick looks */
    return err == SK_OK ? sk_registers_apply(engine->registers, &act) : err;
}

void sk_engine_restore_register_last(struct sk_engine *engine, uint8_t register_, uint32_t number)
{
    sk_registers_mark(engine->registers, register_, number);
}

/* --- what is overdue --- */

struct overdue {
    size_t count;
    char detail[SK_ALARM_TEXT_MAX];
    int64_t newest_us, next_us; /* the last that fell due, and the first that is still ahead */
};

static void look_at_row(const struct sk_engine *engine, size_t index, int64_t now_us, struct overdue *overdue)
{
    const struct sk_due_row *row = sk_due_at(index);
    const uint32_t after_s = sk_due_after_s(engine->site, index);
    const struct sk_entry *entry;
    size_t cursor = 0;
    while ((entry = sk_registers_next(engine->registers, row->register_, &cursor)) != NULL) {
        const int64_t due_us = sk_entry_due_us(entry, row, after_s, engine->zone);
        if (due_us > now_us) {
            overdue->next_us = due_us < overdue->next_us ? due_us : overdue->next_us;
            continue;
        }
        overdue->newest_us = due_us > overdue->newest_us ? due_us : overdue->newest_us;
        const size_t length = strlen(overdue->detail);
        if (overdue->count++ < NAMED)
            sk_text_format(overdue->detail + length, sizeof overdue->detail - length, "%s%s", length > 0 ? ", " : "",
                           entry->id);
    }
}

/* Rows of one name stand together; each name once. */
static bool is_first_of_name(size_t index)
{
    return index == 0 || strcmp(sk_due_at(index)->name, sk_due_at(index - 1)->name) != 0;
}

static void tell(struct sk_engine *engine, size_t index, const struct overdue *overdue, const struct sk_now *now,
                 struct sk_effects *effects)
{
    char detail[SK_ALARM_TEXT_MAX];
    const struct sk_due_row *row = sk_due_at(index);
    sk_text_format(detail, sizeof detail, "%zu: %s%s", overdue->count, overdue->detail, overdue->count > NAMED ? " ..." : "");
    const uint64_t told = overdue->count == 0 ? 0 : sk_hash_text(detail) | 1;
    if (engine->registers_told[index] == told && engine->registers_looked)
        return;
    engine->registers_told[index] = told;
    sk_system_feed(engine, row->name, overdue->count > 0, row->severity, detail, (uint64_t)overdue->newest_us, now, effects);
}

/* One name of the list, which begins at index, counted over all its rows; when the next one falls due. */
static int64_t look_at_name(struct sk_engine *engine, size_t index, const struct sk_now *now, struct sk_effects *effects)
{
    struct overdue overdue = {.next_us = SK_NEVER};
    look_at_row(engine, index, now->utc_us, &overdue);
    for (size_t k = index + 1; sk_due_at(k) != NULL && !is_first_of_name(k); k++)
        look_at_row(engine, k, now->utc_us, &overdue);
    tell(engine, index, &overdue, now, effects);
    return overdue.next_us;
}

void sk_registers_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    int64_t next_us = SK_NEVER;
    sk_registers_forget(engine->registers, now->utc_us - KEEP_US);
    for (size_t i = 0; sk_due_at(i) != NULL && i < SK_DUE_ROWS_MAX; i++) {
        const int64_t due_us = is_first_of_name(i) ? look_at_name(engine, i, now, effects) : SK_NEVER;
        next_us = due_us < next_us ? due_us : next_us;
    }
    if (sk_openings_look(engine, now, effects) && next_us > now->utc_us + LOOK_AGAIN_S * SK_US_PER_S)
        next_us = now->utc_us + LOOK_AGAIN_S * SK_US_PER_S;
    engine->registers_looked = true;
    engine->registers_due_mono = SK_NEVER;
    if (next_us == SK_NEVER)
        return;
    const int64_t ahead_us = next_us - now->utc_us, most_us = LOOK_AGAIN_S * SK_US_PER_S;
    engine->registers_due_mono = now->mono_us + (ahead_us < most_us ? ahead_us : most_us);
}

/* --- an act --- */

static void put_place_and_person(const struct sk_engine *engine, const struct sk_register_act *act, struct sk_header *header)
{
    const struct sk_entry *entry = sk_registers_get(engine->registers, act->entry);
    const struct sk_field_row *field;
    struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), SK_NEVER};
    char text[SK_ENTITY_MAX + 256];
    for (size_t i = 0; entry != NULL && (field = sk_field_at(act->row->register_, i)) != NULL; i++) {
        const bool person = field->type == SK_FT_PERSON && (field->flags & (SK_FF_SUBJECT | SK_FF_LIST)) == SK_FF_SUBJECT;
        if ((!person && field->type != SK_FT_ZONE) || !sk_entry_text(entry, field->id, SK_NEVER, text, sizeof text))
            continue;
        if (!person && header->zone == 0)
            header->zone = sk_zone_number(engine->site, sk_site_zone(engine->site, text));
        const struct sk_roster_change *holder = person ? sk_roster_get(&view, SK_EV_PERSON_CREATED, text) : NULL;
        if (holder != NULL)
            memcpy(header->subject, holder->person.tag, SK_SUBJECT_SIZE);
    }
}

/* A body that cannot hold all of it would leave an act that stands here and in no log. */
static enum sk_err check_body(const struct sk_register_act *act, const struct sk_roster_act *by, struct sk_fault *fault)
{
    struct sk_body body;
    sk_body_init(&body);
    sk_register_act_write(act, by, &body);
    return sk_body_done(&body)
               ? SK_OK
               : sk_fault_set(fault, SK_ERR_TOO_LONG, "%s: fields and reason are too long together", act->entry);
}

enum sk_err sk_engine_register_act(struct sk_engine *engine, struct sk_register_act *act, const struct sk_roster_act *by,
                                   const struct sk_now *now, struct sk_effects *effects, struct sk_fault *fault)
{
    const struct sk_entry *entry = sk_registers_get(engine->registers, act->entry);
    act->at_us = now->utc_us;
    act->state = act->row->to != 0 ? act->row->to : entry != NULL ? entry->state : 0;
    enum sk_err err = sk_registers_check(engine->registers, act, fault);
    if (err == SK_OK)
        err = check_body(act, by, fault);
    if (err == SK_OK)
        err = sk_engine_advance(engine, now->mono_us, now, 1, 0, effects);
    if (err == SK_OK)
        err = sk_registers_apply(engine->registers, act);
    if (err != SK_OK)
        return err;
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = act->row->ev;
    draft->header.class_ = SK_CLASS_ROSTER;
    put_place_and_person(engine, act, &draft->header);
    sk_register_act_write(act, by, &draft->body);
    if (sk_papers_matter(act->row->register_))
        sk_papers_changed(engine, act->entry, now);
    engine->registers_due_mono = now->mono_us; /* many acts of one turn are looked at once */
    return SK_OK;
}

void sk_engine_registers_take_back(struct sk_engine *engine, uint8_t register_, uint32_t number, const struct sk_now *now)
{
    sk_registers_take_back(engine->registers, register_, number);
    sk_papers_changed(engine, NULL, now);
    engine->registers_due_mono = now->mono_us;
}
