/* SPDX-License-Identifier: Apache-2.0 */
/* Racks opened and keys taken, against the registers: a request that names the rack or key and covers the moment is what the
 * record carries; what stands open without one, or past it, rings until it is shut or a request covers it.
 *
 * A rack is named by the rack of its point's place, by its lock (a device), or by the point; a key by its point's id or tag, or
 * by its slot in the cabinet. Four alarms in all, each counts and names the first ones: a hall unlocked at once must not crowd
 * out other alarms. Whether something rings follows from states, registers and the clock alone, so a restart changes nothing.
 */
#include <string.h>

#include "collector/engine/internal.h"

enum { NAMED = 5 };

/* --- which request --- */

#define IN(name) (UINT64_C(1) << SK_RS_##name)
static const struct paper {
    uint64_t live; /* states in which it lets somebody open */
    uint16_t from, until, racks, devices, points;
    uint8_t register_;
} papers[] = {
    {IN(APPROVED) | IN(OPEN), SK_F_RACK_REQUEST_FROM, SK_F_RACK_REQUEST_UNTIL, SK_F_RACK_REQUEST_RACKS, SK_F_RACK_REQUEST_LOCKS,
     0, SK_REGISTER_RACK_REQUEST},
    {IN(APPROVED) | IN(OPEN), SK_F_PERMIT_FROM, SK_F_PERMIT_UNTIL, SK_F_PERMIT_RACKS, SK_F_PERMIT_DEVICES, SK_F_PERMIT_POINTS,
     SK_REGISTER_PERMIT},
    {IN(OPEN) | IN(RATIFIED), SK_F_EMERGENCY_FROM, SK_F_EMERGENCY_UNTIL, SK_F_EMERGENCY_RACKS, 0, 0, SK_REGISTER_EMERGENCY},
    {IN(LENT), SK_F_KEY_TAKEN_AT, SK_F_KEY_UNTIL, SK_F_KEY_RACKS, 0, 0, SK_REGISTER_KEY},
};

struct thing {
    const char *rack, *device, *point, *tag; /* "" none */
    char slot[12];                           /* of a key: "3"; "" no key */
};

static const char *rack_of(const struct sk_point *point)
{
    return point->place != NULL ? sk_text_or(point->place->rack) : "";
}

/* "keys.12.present" -> "12"; "" when it is no key's point. */
static void slot_of(const char *name, char *to, size_t capacity)
{
    const size_t digits = strncmp(name, "keys.", 5) == 0 ? strspn(name + 5, "0123456789") : 0;
    to[0] = '\0';
    if (digits > 0 && digits < capacity && name[5 + digits] == '.')
        sk_text_format(to, capacity, "%.*s", (int)digits, name + 5);
}

static struct thing thing_of(const struct sk_engine *engine, uint32_t point, bool key)
{
    const struct sk_point *at = &engine->site->points[point];
    struct thing thing = {.rack = rack_of(at),
                          .device = sk_text_or(engine->site->devices[at->device].id),
                          .point = sk_text_or(at->id),
                          .tag = sk_text_or(at->tag)};
    if (key)
        slot_of(sk_text_or(at->name), thing.slot, sizeof thing.slot);
    return thing;
}

static bool names(const struct sk_entry *entry, uint16_t field, int64_t at_us, const char *text)
{
    return field != 0 && text[0] != '\0' && sk_entry_has(entry, field, at_us, text);
}

/* A loan names the key itself; it opens racks only for a request. */
static bool loan_names(const struct sk_entry *entry, const struct thing *thing, int64_t at_us)
{
    char request[SK_ENTRY_ID_MAX];
    if (thing->slot[0] == '\0')
        return sk_entry_text(entry, SK_F_KEY_REQUEST, at_us, request, sizeof request) &&
               names(entry, SK_F_KEY_RACKS, at_us, thing->rack);
    return names(entry, SK_F_KEY_KEY, at_us, thing->point) || names(entry, SK_F_KEY_KEY, at_us, thing->tag) ||
           (names(entry, SK_F_KEY_CABINET, at_us, thing->device) && names(entry, SK_F_KEY_KEY, at_us, thing->slot));
}

static bool covers(const struct paper *paper, const struct sk_entry *entry, const struct thing *thing, int64_t at_us)
{
    const uint8_t state = sk_entry_state_at(entry, at_us);
    if (state == 0 || (paper->live >> state & 1) == 0 || at_us < sk_entry_time(entry, paper->from, at_us) ||
        at_us >= sk_entry_time(entry, paper->until, at_us))
        return false;
    if (paper->register_ == SK_REGISTER_KEY)
        return loan_names(entry, thing, at_us);
    return names(entry, paper->racks, at_us, thing->rack) || names(entry, paper->devices, at_us, thing->device) ||
           names(entry, paper->points, at_us, thing->point);
}

bool sk_opening_request(const struct sk_engine *engine, uint32_t point, bool key, int64_t at_us, char to[SK_ENTRY_ID_MAX])
{
    const struct thing thing = thing_of(engine, point, key);
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++) {
        const struct sk_entry *entry;
        size_t cursor = 0;
        while ((entry = sk_registers_next(engine->registers, papers[i].register_, &cursor)) != NULL) {
            if (!covers(&papers[i], entry, &thing, at_us))
                continue;
            if (papers[i].register_ != SK_REGISTER_KEY || !sk_entry_text(entry, SK_F_KEY_REQUEST, at_us, to, SK_ENTRY_ID_MAX))
                sk_text_copy(to, SK_ENTRY_ID_MAX, entry->id);
            return true;
        }
    }
    return false;
}

/* --- what rings --- */

static const struct alarm_row {
    const char *name;
    bool key, past; /* past: there was a request when it was opened */
    uint8_t severity;
} alarm_rows[SK_OPENING_ALARMS] = {
    {"rack:no_request", false, false, SK_SEV_HIGH},
    {"rack:past_request", false, true, SK_SEV_MEDIUM},
    {"key:no_request", true, false, SK_SEV_HIGH},
    {"key:past_request", true, true, SK_SEV_MEDIUM},
};

struct heard {
    size_t count;
    int64_t newest_us; /* the last one opened */
    char detail[SK_ALARM_TEXT_MAX];
};

static void add(const struct sk_engine *engine, uint32_t point, const char *request, struct heard *heard)
{
    const struct sk_point *at = &engine->site->points[point];
    const char *rack = rack_of(at);
    const size_t length = strlen(heard->detail);
    if (engine->points[point].opened_us > heard->newest_us)
        heard->newest_us = engine->points[point].opened_us;
    if (heard->count++ >= NAMED)
        return;
    sk_text_format(heard->detail + length, sizeof heard->detail - length, "%s%s%s%s%s%s", length > 0 ? ", " : "",
                   sk_text_or(at->id), rack[0] != '\0' ? " " : "", rack, request[0] != '\0' ? " after " : "", request);
}

static void look_at_point(const struct sk_engine *engine, uint32_t point, int64_t now_us, struct heard heard[SK_OPENING_ALARMS])
{
    char request[SK_ENTRY_ID_MAX] = "";
    const bool key = sk_latch_is_key(engine, point);
    if (sk_opening_request(engine, point, key, now_us, request))
        return;
    const bool past = sk_opening_request(engine, point, key, engine->points[point].opened_us, request);
    add(engine, point, past ? request : "", &heard[2 * key + past]);
}

bool sk_openings_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    struct heard heard[SK_OPENING_ALARMS];
    bool any = false;
    memset(heard, 0, sizeof heard);
    for (uint32_t i = 0; engine->has_latches && i < engine->site->point_count; i++)
        if (sk_latch_stands_open(engine, i)) {
            any = true;
            look_at_point(engine, i, now->utc_us, heard);
        }
    for (size_t i = 0; i < SK_OPENING_ALARMS; i++) {
        char detail[SK_ALARM_TEXT_MAX];
        sk_text_format(detail, sizeof detail, "%zu: %s%s", heard[i].count, heard[i].detail,
                       heard[i].count > NAMED ? " ..." : "");
        const uint64_t told = heard[i].count == 0 ? 0 : sk_hash_text(detail) | 1;
        if (engine->openings_told[i] != told || !engine->registers_looked)
            sk_system_feed(engine, alarm_rows[i].name, heard[i].count > 0, alarm_rows[i].severity, detail,
                           (uint64_t)heard[i].newest_us, now, effects);
        engine->openings_told[i] = told;
    }
    return any;
}
