/* SPDX-License-Identifier: Apache-2.0 */
/* One journal row: everything of one flush. A directory by clock (upwards; 0 holds late samples), then a section per clock: its
 * ticks, which points stood still, and the changes of the others. Written by one process, read by another: checked like a
 * stranger's. */
#include <math.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/history_internal.h"

enum { VERSION = 1, ENTRY_MAX = 15, SECTION_SPARE = 64, RAW_SCALE = 255, SINGLE_SCALE = 16 };
enum { EVENT_SCALE = 1, EVENT_QUALITY = 2, EVENT_BITS = 2 };

/* --- writing --- */
static uint8_t scale_of(double value, int64_t *ret_number)
{
    for (unsigned decimals = 0; decimals <= SK_DECIMALS_MAX; decimals++)
        if (sk_decimal_exact(value, decimals, false, ret_number))
            return (uint8_t)decimals;
    for (unsigned decimals = 0; decimals <= SK_DECIMALS_MAX; decimals++)
        if (sk_decimal_exact(value, decimals, true, ret_number))
            return (uint8_t)(SINGLE_SCALE + decimals);
    return RAW_SCALE;
}

/* A value in the scale of the one before it when that holds it exactly. */
static uint8_t scale_choose(double value, uint8_t before, int64_t *ret_number)
{
    if (before != RAW_SCALE && sk_decimal_exact(value, before % SINGLE_SCALE, before >= SINGLE_SCALE, ret_number))
        return before;
    return scale_of(value, ret_number);
}

static void point_write(const struct sk_history *history, const struct sk_history_point_state *point, struct sk_writer *writer)
{
    unsigned count = 0;
    uint8_t scale = RAW_SCALE;
    int64_t before = 0;
    const struct sk_event_value *last = NULL;
    for (int32_t at = point->first; at >= 0; at = history->events[at].next)
        count++;
    sk_write_varint(writer, point->seen);
    sk_write_varint(writer, count);
    for (int32_t at = point->first; at >= 0; at = history->events[at].next) {
        const struct sk_event_value *event = &history->events[at];
        int64_t number = 0;
        const uint8_t now = scale_choose(event->value, scale, &number);
        const bool quality = last == NULL || last->quality != event->quality || last->reason != event->reason;
        const bool rescaled = last == NULL || now != scale;
        sk_write_varint(writer,
                        (uint64_t)event->tick << EVENT_BITS | (quality ? EVENT_QUALITY : 0) | (rescaled ? EVENT_SCALE : 0));
        if (rescaled)
            sk_write_u8(writer, now);
        if (quality) {
            sk_write_u8(writer, event->quality);
            sk_write_u8(writer, event->reason);
        }
        if (now == RAW_SCALE)
            sk_write_f64(writer, event->value);
        else
            sk_write_varint(writer, sk_zigzag(number - (rescaled ? 0 : before)));
        before = number;
        scale = now;
        last = event;
    }
}

static void clock_write(const struct sk_history *history, const struct sk_history_clock *clock, struct sk_writer *writer)
{
    const uint64_t all = clock->tick_count == 64 ? UINT64_MAX : ((uint64_t)1 << clock->tick_count) - 1;
    uint32_t quiet = 0, told = 0;
    sk_write_varint(writer, clock->tick_count);
    for (unsigned i = 0; i < clock->tick_count; i++)
        sk_write_varint(writer, sk_zigzag(clock->ticks[i] - (i > 0 ? clock->ticks[i - 1] : 0)));
    for (unsigned slot = 0; slot < clock->count; slot++) {
        const struct sk_history_point_state *point = &history->points[clock->points[slot]];
        if (point->first < 0 && point->seen == all)
            quiet |= 1u << slot;
        else if (point->seen != 0)
            told |= 1u << slot;
    }
    sk_write_varint(writer, quiet);
    sk_write_varint(writer, told);
    for (unsigned slot = 0; slot < clock->count; slot++)
        if ((told >> slot & 1) != 0)
            point_write(history, &history->points[clock->points[slot]], writer);
}

static void late_write(const struct sk_history *history, struct sk_writer *writer)
{
    sk_write_varint(writer, history->late_count);
    for (size_t i = 0; i < history->late_count; i++) {
        const struct sk_late_value *late = &history->late[i];
        sk_write_varint(writer, late->point);
        sk_write_varint(writer, sk_zigzag(late->value.ms));
        sk_write_u8(writer, late->value.quality);
        sk_write_u8(writer, late->value.reason);
        sk_write_f64(writer, late->value.value);
    }
}

static size_t row_bound(const struct sk_history *history, size_t *ret_sections)
{
    size_t bytes = 64 + history->late_count * 32 + history->event_count * ENTRY_MAX;
    *ret_sections = history->late_count > 0;
    for (size_t i = 0; i < history->clock_count; i++)
        if (history->clocks[i].tick_count > 0) {
            bytes += SECTION_SPARE + 10u * history->clocks[i].tick_count + 16u * history->clocks[i].count;
            ++*ret_sections;
        }
    return bytes;
}

/* version, how many, {clock, length, crc} of each, crc of all that; then the sections. */
enum sk_err sk_journal_encode(struct sk_history *history)
{
    enum { DIRECTORY_ENTRY = 12 };
    size_t sections = 0, done = 0;
    struct sk_writer writer;
    const size_t bound = row_bound(history, &sections);
    const size_t base = 5 + sections * DIRECTORY_ENTRY + 4;
    enum sk_err err = sk_blob_room(&history->row, base + bound);
    if (err != SK_OK)
        return err;
    struct sk_writer directory;
    sk_writer_init(&directory, history->row.bytes, base);
    sk_writer_init(&writer, history->row.bytes, history->row.capacity);
    writer.length = base;
    sk_write_u8(&directory, VERSION);
    sk_write_u32(&directory, (uint32_t)sections);
    for (size_t i = 0; i <= history->clock_count && done < sections; i++) {
        const size_t from = writer.length;
        const struct sk_history_clock *clock = i == 0 ? NULL : &history->clocks[i - 1];
        if (clock == NULL ? history->late_count == 0 : clock->tick_count == 0)
            continue;
        if (clock == NULL)
            late_write(history, &writer);
        else
            clock_write(history, clock, &writer);
        if (writer.bad)
            return SK_ERR_TOO_LONG;
        sk_write_u32(&directory, clock == NULL ? SK_LATE_CLOCK : clock->id);
        sk_write_u32(&directory, (uint32_t)(writer.length - from));
        sk_write_u32(&directory, sk_crc32(history->row.bytes + from, writer.length - from));
        done++;
    }
    sk_write_u32(&directory, sk_crc32(history->row.bytes, directory.length));
    history->row.length = writer.length;
    return directory.bad ? SK_ERR_TOO_LONG : SK_OK;
}

enum sk_err sk_journal_keep(struct sk_history *history, uint64_t generation, const uint8_t *bytes, size_t length)
{
    if (history->row_count == history->row_capacity) {
        void *grown =
            sk_grow(history->rows, history->row_count, &history->row_capacity, sizeof *history->rows, (size_t)1 << 22);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        history->rows = grown;
    }
    uint8_t *copy = sk_calloc(length > 0 ? length : 1, 1);
    if (copy == NULL)
        return SK_ERR_NOMEM;
    memcpy(copy, bytes, length);
    history->rows[history->row_count++] = (struct sk_journal_row){generation, length, copy};
    return SK_OK;
}

/* --- reading --- */
/* The section of a clock; NOT_FOUND when the row has none. */
static enum sk_err section_find(const uint8_t *bytes, size_t length, uint32_t clock, struct sk_reader *ret_section)
{
    struct sk_reader reader;
    size_t offset = 0, found = SIZE_MAX, size = 0;
    uint32_t crc = 0;
    sk_reader_init(&reader, bytes, length);
    const uint8_t version = sk_read_u8(&reader);
    const uint32_t count = sk_read_u32(&reader);
    if (version != VERSION || (uint64_t)count * 12 + 4 > reader.left)
        return SK_ERR_CORRUPT;
    const size_t covered = 5 + (size_t)count * 12;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t id = sk_read_u32(&reader), section = sk_read_u32(&reader), sum = sk_read_u32(&reader);
        if (id == clock) {
            found = offset;
            size = section;
            crc = sum;
        }
        offset += section;
    }
    if (sk_read_u32(&reader) != sk_crc32(bytes, covered) || reader.left != offset)
        return SK_ERR_CORRUPT;
    if (found == SIZE_MAX)
        return SK_ERR_NOT_FOUND;
    sk_reader_init(ret_section, bytes + covered + 4 + found, size);
    return sk_crc32(ret_section->at, size) == crc ? SK_OK : SK_ERR_CORRUPT;
}

struct event_reader {
    uint8_t scale, quality, reason;
    int64_t number;
};

static enum sk_err event_read(struct sk_reader *reader, struct event_reader *event, unsigned *ret_tick, double *ret_value)
{
    const uint64_t head = sk_read_varint(reader);
    if ((head & EVENT_SCALE) != 0) {
        event->scale = sk_read_u8(reader);
        event->number = 0;
    }
    if ((head & EVENT_QUALITY) != 0) {
        event->quality = sk_read_u8(reader);
        event->reason = sk_read_u8(reader);
    }
    if (event->scale != RAW_SCALE && (event->scale % SINGLE_SCALE > SK_DECIMALS_MAX || event->scale >= 2 * SINGLE_SCALE))
        return SK_ERR_CORRUPT;
    if (event->scale == RAW_SCALE) {
        *ret_value = sk_read_f64(reader);
    } else {
        event->number = (int64_t)((uint64_t)event->number + (uint64_t)sk_unzigzag(sk_read_varint(reader)));
        *ret_value = sk_decimal_value(event->number, event->scale % SINGLE_SCALE, event->scale >= SINGLE_SCALE);
    }
    *ret_tick = (unsigned)(head >> EVENT_BITS);
    return reader->bad || head >> EVENT_BITS >= SK_PAGE_TICKS || !isfinite(*ret_value) ? SK_ERR_CORRUPT : SK_OK;
}

static enum sk_err tick_emit(const int64_t *ticks, unsigned tick, const struct sk_slot_state *state, struct sk_values *to)
{
    if (to == NULL || !state->known)
        return SK_OK;
    return sk_values_add(to, &(struct sk_value){ticks[tick], state->value, state->quality, state->reason, 0});
}

static enum sk_err quiet_emit(const int64_t *ticks, unsigned count, const struct sk_slot_state *state, struct sk_values *to)
{
    enum sk_err err = SK_OK;
    for (unsigned tick = 0; tick < count && err == SK_OK; tick++)
        err = tick_emit(ticks, tick, state, to);
    return err;
}

/* The events of a told slot, applied tick by tick; to NULL: only read past. */
static enum sk_err told_read(struct sk_reader *reader, const int64_t *ticks, unsigned count, struct sk_slot_state *state,
                             struct sk_values *to)
{
    struct event_reader event = {.scale = RAW_SCALE};
    const uint64_t seen = sk_read_varint(reader), events = sk_read_varint(reader);
    unsigned tick = 0, next = 0;
    enum sk_err err = reader->bad || events > UINT16_MAX ? SK_ERR_CORRUPT : SK_OK;
    for (uint64_t i = 0; i <= events && err == SK_OK; i++) {
        double value = 0;
        next = count;
        if (i < events)
            err = event_read(reader, &event, &next, &value);
        if (err == SK_OK && (next > count || next < tick || (i < events && next == count)))
            err = SK_ERR_CORRUPT;
        for (; tick < next && err == SK_OK; tick++)
            if ((seen >> tick & 1) != 0)
                err = tick_emit(ticks, tick, state, to);
        if (i < events)
            *state = (struct sk_slot_state){value, event.quality, event.reason, true};
    }
    return err;
}

static enum sk_err ticks_read(struct sk_reader *reader, int64_t *ticks, unsigned *ret_count)
{
    const uint64_t count = sk_read_varint(reader);
    int64_t at = 0;
    if (count == 0 || count > SK_PAGE_TICKS)
        return SK_ERR_CORRUPT;
    for (uint64_t i = 0; i < count; i++) {
        at = (int64_t)((uint64_t)at + (uint64_t)sk_unzigzag(sk_read_varint(reader)));
        if (i > 0 && at <= ticks[i - 1])
            return SK_ERR_CORRUPT;
        ticks[i] = at;
    }
    *ret_count = (unsigned)count;
    return reader->bad ? SK_ERR_CORRUPT : SK_OK;
}

enum sk_err sk_journal_decode(const uint8_t *bytes, size_t length, uint32_t clock, uint32_t slots, struct sk_slot_state *states,
                              struct sk_values *to)
{
    struct sk_reader reader;
    int64_t ticks[SK_PAGE_TICKS];
    unsigned count = 0;
    enum sk_err err = section_find(bytes, length, clock, &reader);
    if (err == SK_OK)
        err = ticks_read(&reader, ticks, &count);
    if (err != SK_OK)
        return err;
    const uint64_t quiet = sk_read_varint(&reader), told = sk_read_varint(&reader);
    if (reader.bad || (quiet & told) != 0 || (quiet | told) > UINT32_MAX)
        return SK_ERR_CORRUPT;
    for (unsigned slot = 0; slot < SK_CLOCK_POINTS && err == SK_OK; slot++) {
        const bool wanted = (slots >> slot & 1) != 0;
        if ((quiet >> slot & 1) != 0 && wanted)
            err = quiet_emit(ticks, count, &states[slot], &to[slot]);
        else if ((told >> slot & 1) != 0)
            err = told_read(&reader, ticks, count, &states[slot], wanted ? &to[slot] : NULL);
    }
    return err == SK_OK && !sk_reader_done(&reader) ? SK_ERR_CORRUPT : err;
}

enum sk_err sk_journal_decode_late(const uint8_t *bytes, size_t length, const uint32_t *points, size_t count,
                                   struct sk_values *to)
{
    struct sk_reader reader;
    enum sk_err err = section_find(bytes, length, SK_LATE_CLOCK, &reader);
    if (err != SK_OK)
        return err == SK_ERR_NOT_FOUND ? SK_OK : err;
    const uint64_t entries = sk_read_varint(&reader);
    for (uint64_t i = 0; i < entries && err == SK_OK; i++) {
        const uint64_t point = sk_read_varint(&reader);
        struct sk_value value = {.ms = sk_unzigzag(sk_read_varint(&reader))};
        value.quality = sk_read_u8(&reader);
        value.reason = sk_read_u8(&reader);
        value.value = sk_read_f64(&reader);
        if (reader.bad || !isfinite(value.value))
            return SK_ERR_CORRUPT;
        for (size_t j = 0; j < count && err == SK_OK; j++)
            if (points[j] == point)
                err = sk_values_add(&to[j], &value);
    }
    return err;
}
