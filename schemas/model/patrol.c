/* SPDX-License-Identifier: Apache-2.0 */
/* Moments of a plan, day by day, and what became of each. */
#include "schemas/model/patrol.h"

#include <string.h>

#include "schemas/model/register_internal.h"

enum { TIMES_MAX = 24, MINUTES = 1440 };
#define MINUTE_US (60 * SK_US_PER_S)
#define DAY_US    (INT64_C(86400) * SK_US_PER_S)

static const struct {
    const char *name, *ja, *en;
} words[] = {
    {NULL, NULL, NULL},
#define X(symbol, value, name, ja, en) {name, ja, en},
#include "schemas/vocab/round_states.def"
#undef X
};

const char *sk_round_state_name(int state)
{
    const size_t at = state > 0 ? (size_t)state : 0;
    return at < sizeof words / sizeof *words ? words[at].name : NULL;
}

const char *sk_round_state_text(int state, enum sk_lang lang)
{
    if (sk_round_state_name(state) == NULL)
        return NULL;
    return lang == SK_LANG_JA ? words[state].ja : words[state].en;
}

int sk_patrol_minute(const char *text, size_t length)
{
    static const char shape[] = "dd:dd";
    for (size_t i = 0; i < sizeof shape - 1 && i < length; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != ':')
            return -1;
    if (length != sizeof shape - 1)
        return -1;
    const int hour = 10 * (text[0] - '0') + text[1] - '0', minute = 10 * (text[3] - '0') + text[4] - '0';
    return hour < 24 && minute < 60 ? 60 * hour + minute : -1;
}

/* --- what the plan says --- */

/* Times of the day, ascending; how many. */
static size_t times_of(const struct sk_entry *plan, int minutes[TIMES_MAX])
{
    struct sk_field_value value;
    const char *text;
    size_t length, cursor = 0, count = 0;
    if (!sk_entry_field(plan, SK_F_PATROL_PLAN_TIMES, SK_NEVER, &value))
        return 0;
    while (count < TIMES_MAX && sk_value_item(&value, &cursor, &text, &length)) {
        const int minute = sk_patrol_minute(text, length);
        size_t at = count;
        if (minute < 0)
            continue;
        for (; at > 0 && minutes[at - 1] > minute; at--)
            minutes[at] = minutes[at - 1];
        minutes[at] = minute;
        count++;
    }
    return count;
}

static int64_t tolerance_of(const struct sk_entry *plan)
{
    struct sk_field_value value;
    const bool said = sk_entry_field(plan, SK_F_PATROL_PLAN_TOLERANCE, SK_NEVER, &value);
    return said ? (int64_t)(sk_value_number(&value) * 60) * SK_US_PER_S : 0;
}

/* Whether the plan asks for a round at that moment of its days and times. */
static bool is_asked(const struct sk_patrol_world *world, const struct sk_entry *plan, int64_t due_us)
{
    char schedule[SK_ENTITY_MAX], date[16];
    int64_t border_us;
    if (due_us < sk_entry_since(plan, SK_NEVER) || !sk_entry_text(plan, SK_F_PATROL_PLAN_FROM, SK_NEVER, date, sizeof date) ||
        !sk_day_begin_us(world->zone, date, &border_us) || due_us < border_us ||
        !sk_entry_text(plan, SK_F_PATROL_PLAN_UNTIL, SK_NEVER, date, sizeof date) ||
        !sk_day_end_us(world->zone, date, &border_us) || due_us >= border_us)
        return false;
    const struct sk_roster_view view = {world->roster, sk_roster_version(world->roster), due_us};
    return !sk_entry_text(plan, SK_F_PATROL_PLAN_SCHEDULE, SK_NEVER, schedule, sizeof schedule) ||
           sk_roster_get(&view, SK_EV_SCHEDULE_PUT, schedule) == NULL || sk_schedule_open(&view, schedule) != SK_CLOSED;
}

int sk_patrol_place(const struct sk_entry *plan, const char *checkpoint)
{
    struct sk_field_value value;
    const char *text;
    size_t length, cursor = 0;
    if (!sk_entry_field(plan, SK_F_PATROL_PLAN_CHECKPOINTS, SK_NEVER, &value))
        return -1;
    for (int place = 0; place < SK_PATROL_POINTS_MAX && sk_value_item(&value, &cursor, &text, &length); place++)
        if (strlen(checkpoint) == length && memcmp(checkpoint, text, length) == 0)
            return place;
    return -1;
}

static size_t points_of(const struct sk_entry *plan)
{
    struct sk_field_value value;
    const char *text;
    size_t length, cursor = 0, count = 0;
    if (!sk_entry_field(plan, SK_F_PATROL_PLAN_CHECKPOINTS, SK_NEVER, &value))
        return 0;
    while (count < SK_PATROL_POINTS_MAX && sk_value_item(&value, &cursor, &text, &length))
        count++;
    return count;
}

/* --- what was done --- */

struct reached {
    int64_t first_us;                    /* of any checkpoint; SK_NEVER: none */
    int64_t at_us[SK_PATROL_POINTS_MAX]; /* by place; 0: not reached */
};

static void take_check(const struct sk_entry *plan, const struct sk_entry_act *act, struct reached *reached)
{
    char checkpoint[SK_FIELD_ITEM_MAX + 1];
    struct sk_field_value name, result, at;
    if (!sk_field_find(SK_REGISTER_PATROL, act->fields, act->fields_length, SK_F_PATROL_CHECKPOINT, &name) ||
        !sk_field_find(SK_REGISTER_PATROL, act->fields, act->fields_length, SK_F_PATROL_RESULT, &result) ||
        sk_value_has(&result, "not_reached"))
        return;
    const bool said = sk_field_find(SK_REGISTER_PATROL, act->fields, act->fields_length, SK_F_PATROL_CHECKED_AT, &at);
    const int64_t at_us = said ? sk_value_time(&at) : act->at_us;
    sk_text_format(checkpoint, sizeof checkpoint, "%.*s", (int)name.length, (const char *)name.bytes);
    const int place = sk_patrol_place(plan, checkpoint);
    if (place < 0)
        return;
    if (at_us < reached->first_us)
        reached->first_us = at_us;
    if (reached->at_us[place] == 0 || at_us < reached->at_us[place])
        reached->at_us[place] = at_us;
}

static void read_checks(const struct sk_entry *plan, const struct sk_entry *entry, struct reached *ret_reached)
{
    memset(ret_reached, 0, sizeof *ret_reached);
    ret_reached->first_us = SK_NEVER;
    for (size_t i = 0; i < entry->act_count; i++)
        if (entry->acts[i].row->ev == SK_EV_PATROL_CHECKED)
            take_check(plan, &entry->acts[i], ret_reached);
}

static bool in_order(const struct reached *reached, size_t points)
{
    int64_t before_us = 0;
    for (size_t i = 0; i < points; i++) {
        if (reached->at_us[i] < before_us)
            return false;
        before_us = reached->at_us[i];
    }
    return true;
}

/* The round of a moment: one that was made before one that was cancelled. */
static const struct sk_entry *round_of(const struct sk_registers *registers, const struct sk_entry *plan, int64_t due_us,
                                       int64_t tolerance_us)
{
    const struct sk_entry *entry, *found = NULL;
    size_t cursor = 0;
    while ((entry = sk_registers_next(registers, SK_REGISTER_PATROL, &cursor)) != NULL) {
        const int64_t off_us = sk_entry_time(entry, SK_F_PATROL_DUE, SK_NEVER) - due_us;
        if (off_us < -tolerance_us || off_us > tolerance_us || !sk_entry_has(entry, SK_F_PATROL_PLAN, SK_NEVER, plan->id))
            continue;
        if (found == NULL || found->state == SK_RS_CANCELLED)
            found = entry;
    }
    return found;
}

static uint8_t judge_done(const struct sk_round *round, const struct reached *reached, size_t points)
{
    if (round->missing != 0)
        return SK_ROUND_INCOMPLETE;
    if (sk_entry_flag(round->plan, SK_F_PATROL_PLAN_ORDERED, SK_NEVER) && !in_order(reached, points))
        return SK_ROUND_WRONG_ORDER;
    if (round->begun_us > round->due_us + round->tolerance_us)
        return SK_ROUND_LATE;
    return round->begun_us < round->due_us - round->tolerance_us ? SK_ROUND_EARLY : SK_ROUND_DONE;
}

static void judge(const struct sk_patrol_world *world, struct sk_round *round)
{
    const size_t points = points_of(round->plan);
    struct reached reached;
    round->missing = points == 64 ? UINT64_MAX : (UINT64_C(1) << points) - 1;
    if (round->entry == NULL) {
        const int64_t off_us = world->now_us - round->due_us;
        round->state = off_us < -round->tolerance_us   ? SK_ROUND_AHEAD
                       : off_us <= round->tolerance_us ? SK_ROUND_DUE
                                                       : SK_ROUND_MISSED;
        return;
    }
    read_checks(round->plan, round->entry, &reached);
    for (size_t i = 0; i < points; i++)
        if (reached.at_us[i] != 0)
            round->missing &= ~(UINT64_C(1) << i);
    round->begun_us = reached.first_us != SK_NEVER ? reached.first_us : round->entry->acts[0].at_us;
    round->state = round->entry->state == SK_RS_CANCELLED ? SK_ROUND_SUBSTITUTED
                   : round->entry->state != SK_RS_DONE    ? SK_ROUND_RUNNING
                                                          : judge_done(round, &reached, points);
}

/* --- the walk --- */

/* The moment at which the site's clocks show that minute of the day; a day on which they are set has an hour more or less. */
static int64_t moment_of(const struct sk_zone *zone, int64_t midnight_us, int minute)
{
    const int64_t plain_us = midnight_us + minute * MINUTE_US;
    return plain_us - (int64_t)(sk_zone_offset_s(zone, plain_us) - sk_zone_offset_s(zone, midnight_us)) * SK_US_PER_S;
}

static int64_t midnight_of(const struct sk_zone *zone, int64_t at_us)
{
    char date[16];
    int64_t midnight_us = at_us;
    sk_day_from_text(zone, at_us, date);
    (void)sk_day_begin_us(zone, date, &midnight_us);
    return midnight_us;
}

void sk_patrol_walk(const struct sk_patrol_world *world, const struct sk_entry *plan, int64_t from_us, int64_t until_us,
                    sk_round_visit *visit, void *context)
{
    int minutes[TIMES_MAX];
    const size_t times = times_of(plan, minutes);
    const int64_t tolerance_us = tolerance_of(plan);
    if (plan->state != SK_RS_ACTIVE || times == 0)
        return;
    for (int64_t day_us = midnight_of(world->zone, from_us); day_us < until_us;
         day_us = midnight_of(world->zone, day_us + DAY_US + DAY_US / 2))
        for (size_t i = 0; i < times; i++) {
            struct sk_round round = {
                .plan = plan, .due_us = moment_of(world->zone, day_us, minutes[i]), .tolerance_us = tolerance_us};
            if (round.due_us < from_us || round.due_us >= until_us || !is_asked(world, plan, round.due_us))
                continue;
            round.entry = round_of(world->registers, plan, round.due_us, tolerance_us);
            judge(world, &round);
            if (!visit(context, &round))
                return;
        }
}
