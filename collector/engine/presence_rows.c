/* SPDX-License-Identifier: Apache-2.0 */
/* Pending rows of presence: trails, doorways, strangers, the muster. Both sides of each layout stand together here; README.md
 * has the table. Keys are names, because numbers and places change with site file and roster. */
#include <string.h>

#include "collector/engine/internal.h"

/* --- writing --- */

void sk_presence_put_trail(const struct sk_engine *engine, size_t person, struct sk_effects *effects)
{
    const struct sk_trail *trail = &engine->trails.items[person];
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    sk_text_format(key, sizeof key, "trail/%s", sk_roster_entity_at(engine->roster, SK_EV_PERSON_CREATED, person));
    sk_effects_put(effects, key, &row);
    sk_write_u8(&row.writer, trail->cut);
    sk_write_u8(&row.writer, trail->count);
    for (size_t i = 0; i < trail->count; i++) {
        sk_write_i64(&row.writer, trail->stays[i].at_us);
        sk_write_u16(&row.writer, trail->stays[i].zone);
    }
    for (size_t i = 0; i < trail->count; i++) {
        sk_write_u16(&row.writer, trail->stays[i].from);
        sk_write_u8(&row.writer, trail->stays[i].how);
        sk_write_u8(&row.writer, trail->stays[i].occurrence);
    }
    sk_write_i64(&row.writer, trail->reading.at_us);
    sk_write_u16(&row.writer, trail->reading.zone);
    sk_write_u16(&row.writer, trail->reading.to);
    sk_write_i64(&row.writer, trail->seen.early_us);
    sk_write_u16(&row.writer, trail->seen.zone_a);
    sk_write_u16(&row.writer, trail->seen.zone_b);
    sk_row_end(&row);
}

static void begin_row(struct sk_effects *effects, const char *kind, const char *id, struct sk_row *row)
{
    char key[SK_PENDING_KEY_MAX];
    sk_text_format(key, sizeof key, "%s/%s", kind, sk_text_or(id));
    sk_effects_put(effects, key, row);
}

void sk_presence_put_doorway(const struct sk_engine *engine, const struct sk_door_info *door, struct sk_effects *effects)
{
    struct sk_row row;
    for (size_t i = 0; i < engine->occupancy.doorway_count; i++) {
        const struct sk_doorway *doorway = &engine->occupancy.doorways[i];
        if (doorway->door != door->number)
            continue;
        begin_row(effects, "doorway", door->id, &row);
        sk_write_i64(&row.writer, doorway->button_us);
        sk_write_i64(&row.writer, doorway->freed_us);
        sk_write_i64(&row.writer, doorway->locked_us);
        sk_row_end(&row);
        return;
    }
}

void sk_presence_put_strangers(const struct sk_engine *engine, int32_t zone, struct sk_effects *effects)
{
    struct sk_row row;
    const uint16_t number = sk_zone_number(engine->site, zone);
    const struct sk_strangers *strangers = number == 0 ? NULL : sk_engine_strangers(engine, number);
    if (strangers == NULL)
        return;
    begin_row(effects, "strangers", engine->site->zones[zone].id, &row);
    sk_write_u64(&row.writer, strangers->entered);
    sk_write_u64(&row.writer, strangers->left);
    sk_row_end(&row);
}

void sk_presence_put_muster(const struct sk_engine *engine, struct sk_effects *effects)
{
    const struct sk_muster *muster = &engine->muster;
    struct sk_row row;
    sk_effects_put(effects, "muster", &row);
    sk_write_u64(&row.writer, muster->id);
    sk_write_u8(&row.writer, (uint8_t)(muster->running | muster->drill << 1));
    sk_write_u16(&row.writer, muster->point);
    sk_write_i64(&row.writer, muster->started_us);
    sk_write_i64(&row.writer, muster->ended_us);
    sk_write_text(&row.writer, muster->by);
    sk_row_end(&row);
}

/* One bit a person, in order of enrolment (an order that never changes). */
void sk_presence_put_listed(const struct sk_engine *engine, size_t page, struct sk_effects *effects)
{
    char key[SK_PENDING_KEY_MAX];
    struct sk_row row;
    const size_t first = page * SK_LISTED_PER_PAGE;
    sk_text_format(key, sizeof key, "listed/%zu", page);
    sk_effects_put(effects, key, &row);
    sk_write_u64(&row.writer, engine->muster.id);
    for (size_t i = first; i < first + SK_LISTED_PER_PAGE && i < engine->muster.count; i += 8) {
        unsigned bits = 0;
        for (size_t k = 0; k < 8; k++)
            bits |= (unsigned)sk_muster_is_listed(&engine->muster, i + k) << k;
        sk_write_u8(&row.writer, (uint8_t)bits);
    }
    sk_row_end(&row);
}

void sk_presence_put_mark(const struct sk_engine *engine, size_t person, struct sk_effects *effects)
{
    const struct sk_muster_mark *mark = &engine->muster.marks[person];
    struct sk_row row;
    begin_row(effects, "mark", sk_roster_entity_at(engine->roster, SK_EV_PERSON_CREATED, person), &row);
    sk_write_u64(&row.writer, mark->listed);
    sk_write_u64(&row.writer, mark->seen);
    sk_write_i64(&row.writer, mark->seen_us);
    sk_write_text(&row.writer, mark->by);
    sk_row_end(&row);
}

void sk_presence_put_guest(const struct sk_guest_mark *mark, struct sk_effects *effects)
{
    struct sk_row row;
    begin_row(effects, "guest", mark->visit, &row);
    sk_write_u64(&row.writer, mark->listed);
    sk_write_u64(&row.writer, mark->seen);
    sk_write_i64(&row.writer, mark->seen_us);
    sk_write_u16(&row.writer, mark->point);
    sk_write_u32(&row.writer, mark->people);
    sk_write_text(&row.writer, mark->by);
    sk_row_end(&row);
}

/* --- reading --- */

static bool fits(const struct sk_trail *trail)
{
    for (size_t i = 0; i < trail->count; i++)
        if ((i > 0 && trail->stays[i].at_us > trail->stays[i - 1].at_us) || trail->stays[i].how > SK_STAY_MUSTER ||
            sk_occurrence_class_name(trail->stays[i].occurrence) == NULL)
            return false;
    return true;
}

static bool ends_here(struct sk_reader reader)
{
    return sk_reader_done(&reader);
}

/* Rows of versions before are shorter: the first ended after the places (by a reader, nothing else known), the next before
 * `seen`. Refusing one would put its person outside. */
static void read_how(struct sk_reader *reader, struct sk_trail *trail)
{
    const bool short_row = ends_here(*reader);
    for (size_t i = 0; i < trail->count; i++) {
        trail->stays[i].occurrence = SK_OCC_ONLINE;
        if (short_row)
            continue;
        trail->stays[i].from = sk_read_u16(reader);
        trail->stays[i].how = sk_read_u8(reader);
        trail->stays[i].occurrence = sk_read_u8(reader);
    }
    if (short_row)
        return;
    trail->reading.at_us = sk_read_i64(reader);
    trail->reading.zone = sk_read_u16(reader);
    trail->reading.to = sk_read_u16(reader);
    if (ends_here(*reader))
        return;
    trail->seen.early_us = sk_read_i64(reader);
    trail->seen.zone_a = sk_read_u16(reader);
    trail->seen.zone_b = sk_read_u16(reader);
}

static enum sk_err read_trail(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    const int64_t index = sk_roster_person_index(engine->roster, rest);
    struct sk_trail trail = {0};
    trail.cut = sk_read_u8(reader) != 0;
    trail.count = sk_read_u8(reader);
    if (index < 0)
        return SK_ERR_NOT_FOUND;
    if (trail.count > SK_TRAIL_STAYS)
        return SK_ERR_PARSE;
    for (size_t i = 0; i < trail.count; i++) {
        trail.stays[i].at_us = sk_read_i64(reader);
        trail.stays[i].zone = sk_read_u16(reader);
    }
    read_how(reader, &trail);
    if (!sk_reader_done(reader) || !fits(&trail))
        return SK_ERR_PARSE;
    engine->trails.items[index] = trail;
    return SK_OK;
}

static enum sk_err read_doorway(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    const int32_t door = sk_site_door(engine->site, rest);
    if (door < 0)
        return SK_ERR_NOT_FOUND;
    const struct sk_door_info *info = &engine->site->doors[door];
    struct sk_doorway read = {
        .door = info->number,
        .zones = {sk_zone_number(engine->site, info->zone_from), sk_zone_number(engine->site, info->zone_to)},
        .button_us = sk_read_i64(reader)};
    read.freed_us = sk_read_i64(reader);
    read.locked_us = sk_read_i64(reader);
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    struct sk_doorway *to = sk_occupancy_doorway(&engine->occupancy, read.door, read.zones[0], read.zones[1]);
    if (to == NULL)
        return SK_ERR_NOMEM;
    *to = read;
    return SK_OK;
}

static enum sk_err read_strangers(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    const int32_t zone = sk_site_zone(engine->site, rest);
    if (zone < 0)
        return SK_ERR_NOT_FOUND;
    struct sk_strangers read = {.zone = sk_zone_number(engine->site, zone), .entered = sk_read_u64(reader)};
    read.left = sk_read_u64(reader);
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    struct sk_strangers *to = sk_occupancy_strangers(&engine->occupancy, read.zone);
    if (to == NULL)
        return SK_ERR_NOMEM;
    *to = read;
    return SK_OK;
}

static enum sk_err read_muster(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    struct sk_muster *muster = &engine->muster;
    struct sk_muster read = {.id = sk_read_u64(reader)};
    const uint8_t flags = sk_read_u8(reader);
    read.point = sk_read_u16(reader);
    read.started_us = sk_read_i64(reader);
    read.ended_us = sk_read_i64(reader);
    sk_read_text(reader, read.by, sizeof read.by);
    if (rest[0] != '\0')
        return SK_ERR_NOT_FOUND;
    if (!sk_reader_done(reader) || read.id == 0 || read.id == UINT64_MAX || flags > 3)
        return SK_ERR_PARSE;
    read.running = (flags & 1) != 0;
    read.drill = (flags & 2) != 0;
    read.marks = muster->marks;
    read.count = muster->count;
    read.guests = muster->guests;
    *muster = read;
    return SK_OK;
}

static enum sk_err read_listed(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    int64_t page;
    const uint64_t id = sk_read_u64(reader);
    if (!sk_int_read(rest, 0, 1 << 16, &page))
        return SK_ERR_NOT_FOUND;
    for (size_t i = (size_t)page * SK_LISTED_PER_PAGE; !sk_reader_done(reader); i += 8) {
        const unsigned bits = sk_read_u8(reader);
        if (reader->bad)
            return SK_ERR_PARSE;
        for (size_t k = 0; k < 8; k++)
            if ((bits >> k & 1) != 0 && i + k < engine->muster.count && engine->muster.marks[i + k].listed < id)
                engine->muster.marks[i + k].listed = id;
    }
    return SK_OK;
}

static enum sk_err read_mark(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    const int64_t person = sk_roster_person_index(engine->roster, rest);
    struct sk_muster_mark mark = {.listed = sk_read_u64(reader)};
    mark.seen = sk_read_u64(reader);
    mark.seen_us = sk_read_i64(reader);
    sk_read_text(reader, mark.by, sizeof mark.by);
    if (person < 0)
        return SK_ERR_NOT_FOUND;
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    if (engine->muster.marks[person].listed > mark.listed) /* the list's row is the newer one */
        mark.listed = engine->muster.marks[person].listed;
    engine->muster.marks[person] = mark;
    return SK_OK;
}

static enum sk_err read_guest(struct sk_engine *engine, const char *rest, struct sk_reader *reader)
{
    struct sk_guest_marks *marks = &engine->muster.guests;
    struct sk_guest_mark mark = {.listed = sk_read_u64(reader)};
    mark.seen = sk_read_u64(reader);
    mark.seen_us = sk_read_i64(reader);
    mark.point = sk_read_u16(reader);
    mark.people = sk_read_u32(reader);
    sk_read_text(reader, mark.by, sizeof mark.by);
    if (!sk_text_copy(mark.visit, sizeof mark.visit, rest) || rest[0] == '\0')
        return SK_ERR_NOT_FOUND;
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    if (sk_muster_reserve_guests(&engine->muster, 1) != SK_OK)
        return SK_ERR_NOMEM;
    marks->items[marks->count++] = mark;
    return SK_OK;
}

enum sk_err sk_presence_read(struct sk_engine *engine, const char *kind, const char *rest, struct sk_reader *reader)
{
    static const struct {
        const char *kind;
        enum sk_err (*read)(struct sk_engine *engine, const char *rest, struct sk_reader *reader);
    } kinds[] = {{"trail", read_trail},   {"doorway", read_doorway}, {"strangers", read_strangers}, {"muster", read_muster},
                 {"listed", read_listed}, {"mark", read_mark},       {"guest", read_guest}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].read(engine, rest, reader);
    return SK_ERR_NOT_FOUND;
}
