/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks of permit lists as bytes. */
#include "drivers/permit_list.h"

#include <string.h>

#include "schemas/base/bytes.h"

static void put_row(struct sk_writer *to, const struct sk_permit_row *row)
{
    sk_write_u8(to, row->identifier_length);
    sk_write_bytes(to, row->identifier, row->identifier_length);
    sk_write_text(to, row->from);
    sk_write_text(to, row->until);
    sk_write_u8(to, row->door_count);
    for (size_t i = 0; i < row->door_count; i++)
        sk_write_u32(to, row->doors[i]);
}

enum sk_err sk_permit_chunk_encode(const struct sk_permit_chunk *chunk, void *buffer, size_t capacity, size_t *ret_length)
{
    struct sk_writer to;
    sk_writer_init(&to, buffer, capacity);
    sk_write_u32(&to, chunk->device);
    sk_write_u64(&to, chunk->list);
    sk_write_i64(&to, chunk->taken_us);
    sk_write_u16(&to, chunk->chunk);
    sk_write_u16(&to, chunk->chunks);
    sk_write_u8(&to, chunk->empty);
    sk_write_u16(&to, chunk->count);
    for (size_t i = 0; i < chunk->count && i < SK_PERMIT_ROWS_MAX; i++)
        put_row(&to, &chunk->rows[i]);
    *ret_length = to.length;
    return to.bad ? SK_ERR_TOO_LONG : SK_OK;
}

static bool get_row(const struct sk_site *site, struct sk_reader *from, struct sk_permit_row *row)
{
    row->identifier_length = sk_read_u8(from);
    if (row->identifier_length == 0 || row->identifier_length > sizeof row->identifier)
        return false;
    sk_read_copy(from, row->identifier, row->identifier_length);
    sk_read_text(from, row->from, sizeof row->from);
    sk_read_text(from, row->until, sizeof row->until);
    row->door_count = sk_read_u8(from);
    for (size_t i = 0; i < row->door_count && i < SK_PERMIT_DOORS_MAX; i++) {
        row->doors[i] = sk_read_u32(from);
        if (row->doors[i] >= site->door_count)
            return false;
    }
    return !from->bad && row->door_count <= SK_PERMIT_DOORS_MAX;
}

enum sk_err sk_permit_chunk_decode(const struct sk_site *site, const void *bytes, size_t length,
                                   struct sk_permit_chunk *ret_chunk)
{
    struct sk_reader from;
    memset(ret_chunk, 0, sizeof *ret_chunk);
    sk_reader_init(&from, bytes, length);
    ret_chunk->device = sk_read_u32(&from);
    ret_chunk->list = sk_read_u64(&from);
    ret_chunk->taken_us = sk_read_i64(&from);
    ret_chunk->chunk = sk_read_u16(&from);
    ret_chunk->chunks = sk_read_u16(&from);
    ret_chunk->empty = sk_read_u8(&from) == 1;
    ret_chunk->count = sk_read_u16(&from);
    if (from.bad || ret_chunk->device >= site->device_count || ret_chunk->count > SK_PERMIT_ROWS_MAX || ret_chunk->chunk == 0 ||
        ret_chunk->chunk > ret_chunk->chunks || ret_chunk->chunks > SK_PERMIT_CHUNKS_MAX)
        return SK_ERR_PROTOCOL;
    for (size_t i = 0; i < ret_chunk->count; i++)
        if (!get_row(site, &from, &ret_chunk->rows[i]))
            return SK_ERR_PROTOCOL;
    return !from.bad && from.left == 0 ? SK_OK : SK_ERR_PROTOCOL;
}
