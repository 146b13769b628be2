/* SPDX-License-Identifier: Apache-2.0 */
/* Raw segments: one column of times, then a column per point.
 *
 * A column of values: u8 flags, [presence], [quality runs], then either decimals, first number and range-coded residuals of the
 * best of three predictors, or (values that are no decimals) the XOR of neighbours, byte plane by byte plane, through zstd. */
#include "schemas/store/history_block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "schemas/base/mem.h"
#include "schemas/store/history_coder.h"

enum { FLAG_PREDICTOR = 3, FLAG_DOUBLES = 4, FLAG_GAPS = 8, FLAG_QUALITY = 16, FLAG_SINGLE = 32 };
enum { PREDICT_LAST, PREDICT_LINE, PREDICT_MEAN, PREDICTORS };
enum { ZSTD_LEVEL = 5, COLUMN_SPARE = 64, TIMES_POINT = 0, PREDICTOR_TRIAL = 1024 };

const double sk_powers_of_ten[SK_DECIMALS_MAX + 9] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,
                                                      1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17};

double sk_decimal_value(int64_t number, unsigned decimals, bool single)
{
    const double value = (double)number / sk_powers_of_ten[decimals];
    return single ? (double)(float)value : value;
}

bool sk_decimal_exact(double value, unsigned decimals, bool single, int64_t *ret_number)
{
    const double scaled = value * sk_powers_of_ten[decimals];
    if (!(fabs(scaled) < 9007199254740992.0))
        return false;
    *ret_number = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    return sk_decimal_value(*ret_number, decimals, single) == value;
}

/* --- residuals; unsigned arithmetic, since a hostile block may make anything overflow --- */
static int64_t predict(unsigned predictor, const int64_t *numbers, size_t at)
{
    if (predictor == PREDICT_LINE && at >= 2)
        return (int64_t)(2 * (uint64_t)numbers[at - 1] - (uint64_t)numbers[at - 2]);
    if (predictor == PREDICT_MEAN && at >= 4)
        return (int64_t)((uint64_t)numbers[at - 1] + (uint64_t)numbers[at - 2] + (uint64_t)numbers[at - 3] +
                         (uint64_t)numbers[at - 4] + 2) >>
               2;
    return numbers[at - 1];
}

static size_t residuals_encode(unsigned predictor, const int64_t *numbers, size_t count, uint8_t *to, size_t capacity)
{
    struct sk_encoder encoder;
    struct sk_series series;
    sk_encoder_init(&encoder, to, capacity);
    sk_series_init(&series);
    for (size_t i = 1; i < count && !encoder.bad; i++)
        sk_series_encode(&series, &encoder, (int64_t)((uint64_t)numbers[i] - (uint64_t)predict(predictor, numbers, i)));
    sk_encoder_end(&encoder);
    return encoder.bad ? SIZE_MAX : encoder.length;
}

static void residuals_decode(unsigned predictor, int64_t *numbers, size_t count, const uint8_t *from, size_t length)
{
    struct sk_decoder decoder;
    struct sk_series series;
    sk_decoder_init(&decoder, from, length);
    sk_series_init(&series);
    for (size_t i = 1; i < count; i++)
        numbers[i] = (int64_t)((uint64_t)predict(predictor, numbers, i) + (uint64_t)sk_series_decode(&series, &decoder));
}

/* Which points were seen at a tick: bits by the last three. */
static size_t presence_encode(const uint8_t *present, size_t count, uint8_t *to, size_t capacity)
{
    struct sk_encoder encoder;
    struct sk_bit bits[8];
    unsigned past = 0;
    sk_encoder_init(&encoder, to, capacity);
    sk_bits_init(bits, 8);
    for (size_t i = 0; i < count; i++) {
        sk_encode_bit(&encoder, &bits[past], present[i]);
        past = (past << 1 | present[i]) & 7;
    }
    sk_encoder_end(&encoder);
    return encoder.bad ? SIZE_MAX : encoder.length;
}

static size_t presence_decode(const uint8_t *from, size_t length, uint8_t *present, size_t count)
{
    struct sk_decoder decoder;
    struct sk_bit bits[8];
    unsigned past = 0;
    size_t seen = 0;
    sk_decoder_init(&decoder, from, length);
    sk_bits_init(bits, 8);
    for (size_t i = 0; i < count; i++) {
        present[i] = (uint8_t)sk_decode_bit(&decoder, &bits[past]);
        past = (past << 1 | present[i]) & 7;
        seen += present[i];
    }
    return seen;
}

/* --- values that are no decimals --- */
static enum sk_err doubles_encode(struct sk_block_work *work, const struct sk_value *values, size_t count,
                                  struct sk_writer *writer)
{
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i].value, sizeof bits);
        const uint64_t changed = bits ^ before;
        before = bits;
        for (size_t plane = 0; plane < 8; plane++)
            work->planes[plane * count + i] = (uint8_t)(changed >> (8 * plane));
    }
    const size_t room = writer->capacity - writer->length;
    const size_t made = ZSTD_compress(writer->buffer + writer->length, room, work->planes, count * 8, ZSTD_LEVEL);
    if (ZSTD_isError(made))
        return SK_ERR_TOO_LONG;
    writer->length += made;
    return SK_OK;
}

static enum sk_err doubles_decode(struct sk_block_work *work, const uint8_t *from, size_t length, size_t count)
{
    uint64_t bits = 0;
    const size_t got = ZSTD_decompress(work->planes, count * 8, from, length);
    if (ZSTD_isError(got) || got != count * 8)
        return SK_ERR_CORRUPT;
    for (size_t i = 0; i < count; i++) {
        uint64_t changed = 0;
        for (size_t plane = 0; plane < 8; plane++)
            changed |= (uint64_t)work->planes[plane * count + i] << (8 * plane);
        bits ^= changed;
        memcpy(&work->doubles[i], &bits, sizeof bits);
        if (!isfinite(work->doubles[i]))
            return SK_ERR_CORRUPT;
    }
    return SK_OK;
}

/* --- values that are --- */
/* The fewest decimals that hold every value; false when none does. Only changes are looked at. */
static bool decimals_find(struct sk_block_work *work, const struct sk_value *values, size_t count, bool single,
                          unsigned *ret_decimals)
{
    unsigned decimals = 0;
    int64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && values[i].value == values[i - 1].value) {
            work->numbers[i] = number;
            continue;
        }
        const unsigned before = decimals;
        while (!sk_decimal_exact(values[i].value, decimals, single, &number))
            if (++decimals > SK_DECIMALS_MAX)
                return false;
        work->numbers[i] = number;
        if (decimals != before)
            for (size_t j = 0; j < i; j++) {
                if (fabs((double)work->numbers[j]) * sk_powers_of_ten[decimals - before] >= 9007199254740992.0)
                    return false;
                work->numbers[j] *= (int64_t)sk_powers_of_ten[decimals - before];
            }
    }
    *ret_decimals = decimals;
    return true;
}

static enum sk_err numbers_encode(struct sk_block_work *work, size_t count, unsigned decimals, uint8_t *flags,
                                  struct sk_writer *writer)
{
    /* the begin of the column chooses: trying all of it three times would cost twice as much for half a percent */
    const size_t tried = count < PREDICTOR_TRIAL ? count : PREDICTOR_TRIAL;
    size_t least = SIZE_MAX;
    unsigned predictor = PREDICT_LAST;
    for (unsigned i = 0; i < PREDICTORS; i++) {
        const size_t made = residuals_encode(i, work->numbers, tried, work->trial, tried * 10 + COLUMN_SPARE);
        if (made < least) {
            least = made;
            predictor = i;
        }
    }
    const size_t made = residuals_encode(predictor, work->numbers, count, work->best, count * 10 + COLUMN_SPARE);
    if (made == SIZE_MAX)
        return SK_ERR_TOO_LONG;
    *flags |= (uint8_t)predictor;
    sk_write_u8(writer, (uint8_t)decimals);
    sk_write_varint(writer, sk_zigzag(work->numbers[0]));
    sk_write_bytes(writer, work->best, made);
    return writer->bad ? SK_ERR_TOO_LONG : SK_OK;
}

static void quality_encode(const struct sk_value *values, size_t count, struct sk_writer *writer)
{
    for (size_t i = 0, run; i < count; i += run) {
        for (run = 1; i + run < count; run++)
            if (values[i + run].quality != values[i].quality || values[i + run].reason != values[i].reason)
                break;
        sk_write_varint(writer, run);
        sk_write_u8(writer, values[i].quality);
        sk_write_u8(writer, values[i].reason);
    }
}

static bool all_good(const struct sk_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i].quality != SK_Q_GOOD || values[i].reason != 0)
            return false;
    return true;
}

static bool presence_mark(struct sk_block_work *work, size_t ticks, const struct sk_column *column)
{
    size_t at = 0;
    for (size_t i = 0; i < ticks; i++) {
        work->present[i] = at < column->count && column->values[at].ms == work->ticks[i];
        at += work->present[i];
    }
    return column->count < ticks;
}

static enum sk_err column_encode(struct sk_block_work *work, size_t ticks, const struct sk_column *column,
                                 struct sk_writer *writer)
{
    const size_t flags_at = writer->length;
    uint8_t flags = 0;
    unsigned decimals = 0;
    sk_write_u8(writer, 0);
    if (presence_mark(work, ticks, column)) {
        const size_t made = presence_encode(work->present, ticks, work->trial, ticks + COLUMN_SPARE);
        if (made == SIZE_MAX)
            return SK_ERR_TOO_LONG;
        flags |= FLAG_GAPS;
        sk_write_varint(writer, made);
        sk_write_bytes(writer, work->trial, made);
    }
    if (!all_good(column->values, column->count)) {
        flags |= FLAG_QUALITY;
        quality_encode(column->values, column->count, writer);
    }
    const struct sk_writer before = *writer;
    bool single = false, exact = decimals_find(work, column->values, column->count, false, &decimals);
    if (!exact)
        single = exact = decimals_find(work, column->values, column->count, true, &decimals);
    enum sk_err err = exact ? numbers_encode(work, column->count, decimals, &flags, writer) : SK_ERR_TOO_LONG;
    flags |= single ? FLAG_SINGLE : 0;
    if (err != SK_OK) { /* no decimals, or so wild that the model makes them longer than they are */
        *writer = before;
        flags = (uint8_t)((flags & (FLAG_GAPS | FLAG_QUALITY)) | FLAG_DOUBLES);
        err = writer->bad ? SK_ERR_TOO_LONG : doubles_encode(work, column->values, column->count, writer);
    }
    if (!writer->bad)
        writer->buffer[flags_at] = flags;
    return err != SK_OK ? err : writer->bad ? SK_ERR_TOO_LONG : SK_OK;
}

/* The union of all columns' times into work->ticks; SIZE_MAX: too many, 0 with err NOMEM in work. */
static enum sk_err ticks_unite(struct sk_block_work *work, const struct sk_column *columns, size_t count, size_t *ret_ticks)
{
    size_t at[SK_CLOCK_POINTS] = {0}, ticks = 0, longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = columns[i].count > longest ? columns[i].count : longest;
    enum sk_err err = sk_block_work_room(work, longest + 1);
    while (err == SK_OK) {
        int64_t next = INT64_MAX;
        for (size_t i = 0; i < count; i++)
            if (at[i] < columns[i].count && columns[i].values[at[i]].ms < next)
                next = columns[i].values[at[i]].ms;
        if (next == INT64_MAX)
            break;
        if (ticks == SK_SEGMENT_TICKS)
            return SK_ERR_TOO_LONG;
        if (ticks == work->tick_room) { /* columns of different times: begin again with the most there can be */
            err = sk_block_work_room(work, SK_SEGMENT_TICKS);
            memset(at, 0, sizeof at);
            ticks = 0;
            continue;
        }
        work->ticks[ticks++] = next;
        for (size_t i = 0; i < count; i++)
            at[i] += at[i] < columns[i].count && columns[i].values[at[i]].ms == next;
    }
    *ret_ticks = ticks;
    return err;
}

static enum sk_err times_encode(struct sk_block_work *work, size_t ticks, struct sk_writer *writer)
{
    const size_t made = residuals_encode(PREDICT_LINE, work->ticks, ticks, work->trial, ticks * 10 + COLUMN_SPARE);
    if (made == SIZE_MAX)
        return SK_ERR_TOO_LONG;
    sk_write_varint(writer, ticks);
    sk_write_varint(writer, sk_zigzag(work->ticks[0]));
    sk_write_bytes(writer, work->trial, made);
    return SK_OK;
}

enum sk_err sk_block_raw_encode(struct sk_block_work *work, const struct sk_column *columns, size_t count, struct sk_blob *to)
{
    struct sk_head head = {.tier = SK_TIER_RAW, .columns = 1};
    struct sk_blob body = {0};
    struct sk_writer writer;
    size_t ticks = 0;
    if (count == 0 || count > SK_CLOCK_POINTS)
        return SK_ERR_INVALID;
    enum sk_err err = ticks_unite(work, columns, count, &ticks);
    if (err == SK_OK && ticks == 0)
        err = SK_ERR_INVALID;
    size_t room = ticks * 10 + COLUMN_SPARE;
    for (size_t i = 0; i < count; i++)
        room += columns[i].count * 14 + ticks + (size_t)2 * COLUMN_SPARE;
    if (err == SK_OK)
        err = sk_blob_room(&body, room);
    if (err == SK_OK) {
        sk_writer_init(&writer, body.bytes, body.capacity);
        err = times_encode(work, ticks, &writer);
        head.at[0].length = writer.length;
    }
    for (size_t i = 0; i < count && err == SK_OK; i++) {
        if (columns[i].count == 0)
            continue;
        head.at[head.columns].point = columns[i].point;
        head.at[head.columns].offset = writer.length;
        err = column_encode(work, ticks, &columns[i], &writer);
        head.at[head.columns].length = writer.length - head.at[head.columns].offset;
        head.columns++;
    }
    if (err == SK_OK)
        err = sk_head_write(&head, body.bytes, writer.length, to);
    sk_blob_free(&body);
    return err;
}

/* --- decoding --- */
static enum sk_err times_decode(struct sk_block_work *work, const uint8_t *bytes, size_t length, size_t *ret_ticks)
{
    struct sk_reader reader;
    sk_reader_init(&reader, bytes, length);
    const uint64_t ticks = sk_read_varint(&reader);
    const int64_t first = sk_unzigzag(sk_read_varint(&reader));
    if (reader.bad || ticks == 0 || ticks > SK_SEGMENT_TICKS)
        return SK_ERR_CORRUPT;
    enum sk_err err = sk_block_work_room(work, ticks);
    if (err != SK_OK)
        return err;
    work->ticks[0] = first;
    residuals_decode(PREDICT_LINE, work->ticks, ticks, reader.at, reader.left);
    for (size_t i = 1; i < ticks; i++)
        if (work->ticks[i] <= work->ticks[i - 1])
            return SK_ERR_CORRUPT;
    *ret_ticks = ticks;
    return SK_OK;
}

static enum sk_err quality_decode(struct sk_reader *reader, struct sk_value *values, size_t count)
{
    for (size_t done = 0; done < count;) {
        const uint64_t run = sk_read_varint(reader);
        const uint8_t quality = sk_read_u8(reader), reason = sk_read_u8(reader);
        if (reader->bad || run == 0 || run > count - done)
            return SK_ERR_CORRUPT;
        for (size_t i = 0; i < run; i++, done++) {
            values[done].quality = quality;
            values[done].reason = reason;
        }
    }
    return SK_OK;
}

static enum sk_err numbers_decode(struct sk_block_work *work, struct sk_reader *reader, uint8_t flags, size_t count)
{
    const uint8_t decimals = sk_read_u8(reader);
    work->numbers[0] = sk_unzigzag(sk_read_varint(reader));
    if (reader->bad || decimals > SK_DECIMALS_MAX || (flags & FLAG_PREDICTOR) >= PREDICTORS)
        return SK_ERR_CORRUPT;
    residuals_decode(flags & FLAG_PREDICTOR, work->numbers, count, reader->at, reader->left);
    for (size_t i = 0; i < count; i++)
        work->doubles[i] = sk_decimal_value(work->numbers[i], decimals, (flags & FLAG_SINGLE) != 0);
    return SK_OK;
}

static enum sk_err values_room(struct sk_values *to, size_t more)
{
    const size_t wanted = to->count + more;
    if (wanted <= to->capacity)
        return SK_OK;
    void *grown = sk_realloc(to->items, wanted + wanted / 4, sizeof *to->items);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    to->items = grown;
    to->capacity = wanted + wanted / 4;
    return SK_OK;
}

static enum sk_err column_decode(struct sk_block_work *work, size_t ticks, const uint8_t *bytes, size_t length,
                                 struct sk_values *to)
{
    struct sk_reader reader;
    size_t count = ticks;
    sk_reader_init(&reader, bytes, length);
    const uint8_t flags = sk_read_u8(&reader);
    memset(work->present, 1, ticks);
    if ((flags & FLAG_GAPS) != 0) {
        const uint64_t size = sk_read_varint(&reader);
        const uint8_t *gaps = size <= reader.left ? sk_read_bytes(&reader, size) : NULL;
        count = gaps != NULL ? presence_decode(gaps, size, work->present, ticks) : 0;
    }
    if (reader.bad || count == 0)
        return SK_ERR_CORRUPT;
    enum sk_err err = values_room(to, count);
    if (err != SK_OK)
        return err;
    struct sk_value *values = to->items + to->count;
    for (size_t i = 0; i < count; i++)
        values[i] = (struct sk_value){.quality = SK_Q_GOOD};
    if ((flags & FLAG_QUALITY) != 0)
        err = quality_decode(&reader, values, count);
    if (err == SK_OK)
        err = (flags & FLAG_DOUBLES) != 0 ? doubles_decode(work, reader.at, reader.left, count)
                                          : numbers_decode(work, &reader, flags, count);
    if (err != SK_OK)
        return err;
    for (size_t i = 0, at = 0; i < ticks; i++)
        if (work->present[i] != 0) {
            values[at].ms = work->ticks[i];
            values[at].value = work->doubles[at];
            at++;
        }
    to->count += count;
    return SK_OK;
}

enum sk_err sk_block_raw_decode(struct sk_block_work *work, const void *bytes, size_t length, uint32_t point,
                                struct sk_values *to)
{
    struct sk_head head;
    const uint8_t *base = bytes;
    size_t ticks = 0, at = 1;
    enum sk_err err = sk_head_read(bytes, length, &head);
    if (err == SK_OK && (head.tier != SK_TIER_RAW || head.columns == 0 || head.at[0].point != TIMES_POINT))
        err = SK_ERR_CORRUPT;
    if (err != SK_OK)
        return err;
    while (at < head.columns && head.at[at].point != point)
        at++;
    if (at == head.columns)
        return SK_ERR_NOT_FOUND;
    if (sk_crc32(base + head.at[0].offset, head.at[0].length) != head.at[0].crc ||
        sk_crc32(base + head.at[at].offset, head.at[at].length) != head.at[at].crc)
        return SK_ERR_CORRUPT;
    err = times_decode(work, base + head.at[0].offset, head.at[0].length, &ticks);
    return err == SK_OK ? column_decode(work, ticks, base + head.at[at].offset, head.at[at].length, to) : err;
}

/* --- order --- */
static int by_time(const void *a, const void *b)
{
    const struct sk_value *x = a, *y = b;
    if (x->ms != y->ms)
        return x->ms < y->ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static bool is_sorted(const struct sk_values *values)
{
    for (size_t i = 1; i < values->count; i++)
        if (values->items[i].ms <= values->items[i - 1].ms)
            return false;
    return true;
}

void sk_values_sort(struct sk_values *values)
{
    size_t kept = 0;
    if (is_sorted(values))
        return;
    for (size_t i = 0; i < values->count; i++)
        values->items[i].order = (uint32_t)i;
    qsort(values->items, values->count, sizeof *values->items, by_time);
    for (size_t i = 0; i < values->count; i++) {
        kept -= kept > 0 && values->items[kept - 1].ms == values->items[i].ms;
        values->items[kept++] = values->items[i];
    }
    values->count = kept;
}
