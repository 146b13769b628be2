/* SPDX-License-Identifier: Apache-2.0 */
/* What all segments share: varints, CRC-32, the head with its directory, growing memory. */
#include <pthread.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/history_block.h"

enum { MAGIC = 0x5348, HEAD_MAX = 16 + (SK_CLOCK_POINTS + 1) * 16 };

/* --- CRC-32 (IEEE 802.3, reflected), eight bytes at a time: table n is what a byte does n bytes later --- */
enum { CRC_WIDTH = 8 };
static uint32_t crc_tables[CRC_WIDTH][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void crc_make(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
        crc_tables[0][i] = crc;
    }
    for (size_t n = 1; n < CRC_WIDTH; n++)
        for (uint32_t i = 0; i < 256; i++)
            crc_tables[n][i] = crc_tables[n - 1][i] >> 8 ^ crc_tables[0][crc_tables[n - 1][i] & 0xFF];
}

static uint32_t crc_of_eight(uint32_t crc, const uint8_t *at)
{
    return crc_tables[7][(crc ^ at[0]) & 0xFF] ^ crc_tables[6][(crc >> 8 ^ at[1]) & 0xFF] ^
           crc_tables[5][(crc >> 16 ^ at[2]) & 0xFF] ^ crc_tables[4][(crc >> 24 ^ at[3]) & 0xFF] ^ crc_tables[3][at[4]] ^
           crc_tables[2][at[5]] ^ crc_tables[1][at[6]] ^ crc_tables[0][at[7]];
}

uint32_t sk_crc32(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint32_t crc = UINT32_MAX;
    pthread_once(&crc_once, crc_make);
    for (; length >= CRC_WIDTH; length -= CRC_WIDTH, at += CRC_WIDTH)
        crc = crc_of_eight(crc, at);
    for (size_t i = 0; i < length; i++)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ at[i]) & 0xFF];
    return ~crc;
}

/* --- varints: seven bits a byte, lowest first --- */
void sk_write_varint(struct sk_writer *writer, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        sk_write_u8(writer, (uint8_t)(value | 0x80));
    sk_write_u8(writer, (uint8_t)value);
}

uint64_t sk_read_varint(struct sk_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t byte = sk_read_u8(reader);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->bad = true;
    return 0;
}

/* --- memory --- */
void sk_blob_free(struct sk_blob *blob)
{
    sk_free(blob->bytes);
    *blob = (struct sk_blob){0};
}

enum sk_err sk_blob_room(struct sk_blob *blob, size_t capacity)
{
    if (capacity <= blob->capacity)
        return SK_OK;
    const size_t wanted = capacity + capacity / 2;
    uint8_t *bytes = sk_realloc(blob->bytes, wanted, 1);
    if (bytes == NULL)
        return SK_ERR_NOMEM;
    blob->bytes = bytes;
    blob->capacity = wanted;
    return SK_OK;
}

enum sk_err sk_values_add(struct sk_values *values, const struct sk_value *value)
{
    if (values->count == values->capacity) {
        void *grown = sk_grow(values->items, values->count, &values->capacity, sizeof *values->items, (size_t)1 << 24);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        values->items = grown;
    }
    values->items[values->count++] = *value;
    return SK_OK;
}

enum sk_err sk_block_work_create(struct sk_block_work **ret_work)
{
    *ret_work = sk_calloc(1, sizeof **ret_work);
    return *ret_work != NULL ? SK_OK : SK_ERR_NOMEM;
}

static void work_clear(struct sk_block_work *work)
{
    sk_free(work->ticks);
    sk_free(work->numbers);
    sk_free(work->doubles);
    sk_free(work->present);
    sk_free(work->trial);
    sk_free(work->best);
    sk_free(work->planes);
    *work = (struct sk_block_work){0};
}

void sk_block_work_free(struct sk_block_work *work)
{
    if (work != NULL)
        work_clear(work);
    sk_free(work);
}

enum sk_err sk_block_work_room(struct sk_block_work *work, size_t ticks)
{
    enum { BYTES = 12 }; /* the longest code of one number, and the planes of a double with zstd's own bound */
    if (ticks <= work->tick_room)
        return SK_OK;
    work_clear(work);
    const size_t room = ticks + ticks / 2 + 64;
    work->ticks = sk_calloc(room, sizeof *work->ticks);
    work->numbers = sk_calloc(room, sizeof *work->numbers);
    work->doubles = sk_calloc(room, sizeof *work->doubles);
    work->present = sk_calloc(room, 1);
    work->trial = sk_calloc(room, BYTES);
    work->best = sk_calloc(room, BYTES);
    work->planes = sk_calloc(room, BYTES);
    if (work->ticks == NULL || work->numbers == NULL || work->doubles == NULL || work->present == NULL || work->trial == NULL ||
        work->best == NULL || work->planes == NULL) {
        work_clear(work);
        return SK_ERR_NOMEM;
    }
    work->tick_room = room;
    return SK_OK;
}

/* --- the head --- */
enum sk_err sk_head_write(const struct sk_head *head, const uint8_t *columns, size_t length, struct sk_blob *to)
{
    enum sk_err err = sk_blob_room(to, HEAD_MAX + length);
    if (err != SK_OK)
        return err;
    struct sk_writer writer;
    sk_writer_init(&writer, to->bytes, to->capacity);
    sk_write_u16(&writer, MAGIC);
    sk_write_u8(&writer, (uint8_t)head->tier);
    sk_write_u8(&writer, (uint8_t)head->columns);
    uint32_t before = 0;
    for (size_t i = 0; i < head->columns; i++) {
        sk_write_varint(&writer, sk_zigzag((int64_t)head->at[i].point - before));
        sk_write_varint(&writer, head->at[i].length);
        sk_write_u32(&writer, sk_crc32(columns + head->at[i].offset, head->at[i].length));
        before = head->at[i].point;
    }
    sk_write_u32(&writer, sk_crc32(to->bytes, writer.length));
    sk_write_bytes(&writer, columns, length);
    to->length = writer.length;
    return writer.bad ? SK_ERR_TOO_LONG : SK_OK;
}

enum sk_err sk_head_read(const void *bytes, size_t length, struct sk_head *ret_head)
{
    struct sk_reader reader;
    size_t used = 0;
    int64_t point = 0;
    sk_reader_init(&reader, bytes, length);
    const bool ours = sk_read_u16(&reader) == MAGIC;
    *ret_head = (struct sk_head){.tier = sk_read_u8(&reader), .columns = sk_read_u8(&reader)};
    if (!ours || ret_head->columns > SK_CLOCK_POINTS + 1 || ret_head->tier >= SK_TIER_COUNT)
        return SK_ERR_CORRUPT;
    for (size_t i = 0; i < ret_head->columns && !reader.bad; i++) {
        const uint64_t step = sk_read_varint(&reader), size = sk_read_varint(&reader);
        if (step > UINT32_MAX * UINT64_C(2) || size > length)
            return SK_ERR_CORRUPT;
        point += sk_unzigzag(step);
        if (point < 0 || point > UINT32_MAX)
            return SK_ERR_CORRUPT;
        ret_head->at[i].point = (uint32_t)point;
        ret_head->at[i].length = size;
        ret_head->at[i].offset = used;
        ret_head->at[i].crc = sk_read_u32(&reader);
        used += size;
    }
    const size_t covered = length - reader.left;
    const uint32_t crc = sk_read_u32(&reader);
    if (reader.bad || crc != sk_crc32(bytes, covered) || reader.left != used)
        return SK_ERR_CORRUPT;
    for (size_t i = 0; i < ret_head->columns; i++)
        ret_head->at[i].offset += covered + 4;
    return SK_OK;
}
