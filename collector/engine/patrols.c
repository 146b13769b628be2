/* SPDX-License-Identifier: Apache-2.0 */
/* Patrol rounds: what a reader read becomes acts of the register, and plans whose newest round is missing or faulty ring.
 *
 * A read is kept until the next tick and then written into the register as a person at the desk would: the first checkpoint of
 * a planned moment opens the round, each read checks one, the last finishes it. A read that stands there already is passed
 * over, so that a message delivered twice, or retained over a restart, changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/internal.h"
#include "schemas/model/patrol.h"

enum { NAMED = 5, BACK_DAYS = SK_REGISTERS_KEEP_DAYS - 1 };
#define DAY_US (INT64_C(86400) * SK_US_PER_S)

static struct sk_patrol_world world_of(const struct sk_engine *engine, int64_t now_us)
{
    return (struct sk_patrol_world){engine->registers, engine->roster, engine->zone, now_us};
}

/* --- what a reader reads --- */

bool sk_patrol_is_tag(const struct sk_point *point, const struct sk_device *device)
{
    return device->profile != NULL && device->profile->kind == SK_DEV_PATROL && point->name != NULL &&
           strcmp(point->name, "patrol.last.tag") == 0;
}

void sk_patrol_take(struct sk_engine *engine, uint32_t point, const struct sk_now *now)
{
    const struct sk_point_view *view = &engine->views[point];
    struct sk_patrol_reads *reads = &engine->patrol_reads;
    if (view->text[0] == '\0' || sk_quality_is_bad(view->sample.quality))
        return;
    if (reads->count == SK_PATROL_READS) { /* the oldest goes; its round will show the checkpoint as not reached */
        memmove(reads->at, reads->at + 1, sizeof reads->at - sizeof *reads->at);
        reads->count--;
    }
    struct sk_patrol_read *read = &reads->at[reads->count++];
    *read = (struct sk_patrol_read){.device = engine->site->points[point].device,
                                    .at_us = view->sample.source_us > 0 ? view->sample.source_us : now->utc_us};
    sk_text_copy(read->tag, sizeof read->tag, view->text);
    engine->registers_due_mono = now->mono_us;
}

/* --- reads as acts --- */

struct fields {
    uint8_t bytes[512];
    struct sk_writer writer;
};

static void put_text(struct fields *fields, uint16_t field, const char *text)
{
    sk_write_u8(&fields->writer, (uint8_t)field);
    sk_write_text(&fields->writer, text);
}

static void put_time(struct fields *fields, uint16_t field, int64_t at_us)
{
    sk_write_u8(&fields->writer, (uint8_t)field);
    sk_write_u16(&fields->writer, sizeof at_us);
    sk_write_i64(&fields->writer, at_us);
}

static enum sk_err do_act(struct sk_engine *engine, uint16_t ev, const char *entry, uint32_t device,
                          const struct fields *fields, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_entry *there = sk_registers_get(engine->registers, entry);
    struct sk_fault ignored = {.text = ""};
    struct sk_register_act act = {.row = sk_act_row(ev),
                                  .step = there != NULL ? there->act_count + 1 : 1,
                                  .fields = fields->bytes,
                                  .fields_length = fields->writer.length};
    sk_text_copy(act.entry, sizeof act.entry, entry);
    sk_text_format(act.actor, sizeof act.actor, "device:%.40s", engine->site->devices[device].id);
    const struct sk_roster_act by = {.actor = act.actor, .command = "patrol.read", .address = "", .reason = ""};
    return sk_engine_register_act(engine, &act, &by, now, effects, &ignored);
}

/* Whether the round holds this checkpoint, and at that very time. */
static bool was_checked(const struct sk_entry *entry, const char *tag, int64_t at_us)
{
    struct sk_field_value value;
    for (uint32_t step = 0; step < entry->act_count; step++) {
        const int64_t done_us = entry->acts[step].at_us;
        if (entry->acts[step].row->ev == SK_EV_PATROL_CHECKED && sk_entry_has(entry, SK_F_PATROL_CHECKPOINT, done_us, tag) &&
            sk_entry_field(entry, SK_F_PATROL_CHECKED_AT, done_us, &value) && sk_value_time(&value) == at_us)
            return true;
    }
    return false;
}

/* The moment a read is for: that of the round under way, else the nearest one whose round is not made yet. */
struct wanted {
    int64_t read_us, off_us;
    struct sk_round round;
    bool found;
};

static bool choose(void *context, const struct sk_round *round)
{
    struct wanted *wanted = context;
    const int64_t off_us = llabs(wanted->read_us - round->due_us);
    const bool running = round->state == SK_ROUND_RUNNING, open = running || round->entry == NULL;
    const bool better = !wanted->found || (running && wanted->round.state != SK_ROUND_RUNNING) || off_us < wanted->off_us;
    if (!open || !better || (wanted->found && wanted->round.state == SK_ROUND_RUNNING && !running) ||
        wanted->read_us < round->due_us - round->tolerance_us)
        return true;
    *wanted = (struct wanted){wanted->read_us, off_us, *round, true};
    return true;
}

static enum sk_err open_round(struct sk_engine *engine, const struct sk_round *round, uint32_t device,
                              char entry[SK_ENTRY_ID_MAX], const struct sk_now *now, struct sk_effects *effects)
{
    struct fields fields;
    sk_writer_init(&fields.writer, fields.bytes, sizeof fields.bytes);
    put_text(&fields, SK_F_PATROL_PLAN & 0xFF, round->plan->id);
    put_time(&fields, SK_F_PATROL_DUE & 0xFF, round->due_us);
    sk_registers_next_id(engine->registers, SK_REGISTER_PATROL, entry);
    return do_act(engine, SK_EV_PATROL_STARTED, entry, device, &fields, now, effects);
}

static enum sk_err check_point(struct sk_engine *engine, const struct sk_patrol_read *read, const char *entry,
                               const struct sk_now *now, struct sk_effects *effects)
{
    struct fields fields;
    sk_writer_init(&fields.writer, fields.bytes, sizeof fields.bytes);
    put_text(&fields, SK_F_PATROL_CHECKPOINT & 0xFF, read->tag);
    put_time(&fields, SK_F_PATROL_CHECKED_AT & 0xFF, read->at_us);
    put_text(&fields, SK_F_PATROL_RESULT & 0xFF, "good");
    return do_act(engine, SK_EV_PATROL_CHECKED, entry, read->device, &fields, now, effects);
}

static bool keep_round(void *context, const struct sk_round *round)
{
    *(struct sk_round *)context = *round;
    return false;
}

static void finish_when_whole(struct sk_engine *engine, const struct sk_entry *plan, int64_t due_us, uint32_t device,
                              const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_patrol_world world = world_of(engine, now->utc_us);
    struct sk_round round = {.missing = UINT64_MAX};
    struct fields none;
    sk_writer_init(&none.writer, none.bytes, sizeof none.bytes);
    sk_patrol_walk(&world, plan, due_us, due_us + 1, keep_round, &round);
    if (round.entry != NULL && round.missing == 0 && round.state == SK_ROUND_RUNNING)
        (void)do_act(engine, SK_EV_PATROL_FINISHED, round.entry->id, device, &none, now, effects);
}

static void take_read(struct sk_engine *engine, const struct sk_entry *plan, const struct sk_patrol_read *read,
                      const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_patrol_world world = world_of(engine, now->utc_us);
    struct wanted wanted = {.read_us = read->at_us};
    char entry[SK_ENTRY_ID_MAX];
    size_t cursor = 0;
    const struct sk_entry *other;
    while ((other = sk_registers_next(engine->registers, SK_REGISTER_PATROL, &cursor)) != NULL)
        if (sk_entry_has(other, SK_F_PATROL_PLAN, SK_NEVER, plan->id) && was_checked(other, read->tag, read->at_us))
            return;
    sk_patrol_walk(&world, plan, read->at_us - DAY_US, read->at_us + DAY_US, choose, &wanted);
    if (!wanted.found)
        return;
    sk_text_copy(entry, sizeof entry, wanted.round.entry != NULL ? wanted.round.entry->id : "");
    if (entry[0] == '\0' && open_round(engine, &wanted.round, read->device, entry, now, effects) != SK_OK)
        return;
    if (check_point(engine, read, entry, now, effects) == SK_OK)
        finish_when_whole(engine, plan, wanted.round.due_us, read->device, now, effects);
}

void sk_patrol_write(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_entry *plan;
    for (size_t i = 0; i < engine->patrol_reads.count; i++) {
        const struct sk_patrol_read *read = &engine->patrol_reads.at[i];
        const char *reader = engine->site->devices[read->device].id;
        size_t cursor = 0;
        while ((plan = sk_registers_next(engine->registers, SK_REGISTER_PATROL_PLAN, &cursor)) != NULL)
            if (plan->state == SK_RS_ACTIVE && sk_entry_has(plan, SK_F_PATROL_PLAN_READER, SK_NEVER, reader) &&
                sk_patrol_place(plan, read->tag) >= 0)
                take_read(engine, plan, read, now, effects);
    }
    engine->patrol_reads.count = 0;
}

/* --- what rings --- */

static const char *const alarm_names[SK_PATROL_ALARMS] = {"patrol.missed", "patrol.faulty"};

struct heard {
    size_t count;
    int64_t newest_us;
    char detail[SK_ALARM_TEXT_MAX];
};

/* The newest planned moment whose tolerance is over. */
static bool keep_past(void *context, const struct sk_round *round)
{
    if (round->state != SK_ROUND_AHEAD && round->state != SK_ROUND_DUE && round->state != SK_ROUND_RUNNING)
        *(struct sk_round *)context = *round;
    return true;
}

static void add(const struct sk_round *round, struct heard *heard)
{
    char when[SK_TIME_TEXT];
    const size_t length = strlen(heard->detail);
    heard->newest_us = round->due_us > heard->newest_us ? round->due_us : heard->newest_us;
    if (heard->count++ >= NAMED)
        return;
    sk_time_format(when, round->due_us);
    sk_text_format(heard->detail + length, sizeof heard->detail - length, "%s%s of %.16sZ%s%s", length > 0 ? ", " : "",
                   round->plan->id, when, round->state == SK_ROUND_MISSED ? "" : " ",
                   round->state == SK_ROUND_MISSED ? "" : sk_round_state_name(round->state));
}

static void tell(struct sk_engine *engine, size_t which, const struct heard *heard, const struct sk_now *now,
                 struct sk_effects *effects)
{
    char detail[SK_ALARM_TEXT_MAX];
    sk_text_format(detail, sizeof detail, "%zu: %s%s", heard->count, heard->detail, heard->count > NAMED ? " ..." : "");
    const uint64_t told = heard->count == 0 ? 0 : sk_hash_text(detail) | 1;
    if (engine->patrols_told[which] != told || !engine->registers_looked)
        sk_system_feed(engine, alarm_names[which], heard->count > 0, SK_SEV_MEDIUM, detail, (uint64_t)heard->newest_us, now,
                       effects);
    engine->patrols_told[which] = told;
}

bool sk_patrols_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    const struct sk_patrol_world world = world_of(engine, now->utc_us);
    struct heard heard[SK_PATROL_ALARMS];
    const struct sk_entry *plan;
    size_t cursor = 0;
    bool any = false;
    memset(heard, 0, sizeof heard);
    while (engine->zone != NULL && (plan = sk_registers_next(engine->registers, SK_REGISTER_PATROL_PLAN, &cursor)) != NULL) {
        struct sk_round newest = {0};
        any = any || plan->state == SK_RS_ACTIVE;
        sk_patrol_walk(&world, plan, now->utc_us - BACK_DAYS * DAY_US, now->utc_us, keep_past, &newest);
        if (newest.state == SK_ROUND_MISSED)
            add(&newest, &heard[0]);
        else if (newest.state == SK_ROUND_INCOMPLETE || newest.state == SK_ROUND_WRONG_ORDER)
            add(&newest, &heard[1]);
    }
    for (size_t i = 0; i < SK_PATROL_ALARMS; i++)
        tell(engine, i, &heard[i], now, effects);
    return any;
}
