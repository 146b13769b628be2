/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a segment or a journal row. The first byte chooses; checksums are made right, so that what lies behind them is
 * reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/history_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One section behind a directory that fits it, as a journal row. */
static void try_journal(const uint8_t *data, size_t size, uint32_t clock)
{
    enum { DIRECTORY = 5 + 12 + 4 };
    struct sk_slot_state states[SK_CLOCK_POINTS] = {0};
    struct sk_values values[SK_CLOCK_POINTS] = {0};
    const uint32_t points[1] = {1};
    uint8_t *row = sk_calloc(DIRECTORY + size, 1);
    struct sk_writer writer;
    if (row == NULL)
        return;
    sk_writer_init(&writer, row, DIRECTORY + size);
    sk_write_u8(&writer, 1);
    sk_write_u32(&writer, 1);
    sk_write_u32(&writer, clock);
    sk_write_u32(&writer, (uint32_t)size);
    sk_write_u32(&writer, sk_crc32(data, size));
    sk_write_u32(&writer, sk_crc32(row, writer.length));
    sk_write_bytes(&writer, data, size);
    sk_journal_decode(row, DIRECTORY + size, clock, UINT32_MAX, states, values);
    sk_journal_decode_late(row, DIRECTORY + size, points, 1, values);
    for (size_t i = 0; i < SK_CLOCK_POINTS; i++)
        sk_free(values[i].items);
    sk_free(row);
}

static void try_segment(struct sk_block_work *work, const uint8_t *data, size_t size, int tier)
{
    struct sk_values values = {0};
    struct sk_buckets buckets = {0};
    struct sk_blob blob = {0};
    const size_t half = tier == SK_TIER_RAW && size > 16 ? 16 : 0;
    struct sk_head head = {.tier = tier, .columns = half > 0 ? 2 : 1};
    head.at[0].length = half > 0 ? half : size;
    head.at[0].point = half > 0 ? 0 : 1;
    head.at[1].point = 1;
    head.at[1].offset = half;
    head.at[1].length = size - half;
    if (sk_head_write(&head, data, size, &blob) == SK_OK) {
        if (tier == SK_TIER_RAW)
            sk_block_raw_decode(work, blob.bytes, blob.length, 1, &values);
        else
            sk_block_tier_decode(work, blob.bytes, blob.length, 1, &buckets);
    }
    sk_blob_free(&blob);
    sk_free(values.items);
    sk_free(buckets.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sk_block_work *work;
    struct sk_values values = {0};
    struct sk_buckets buckets = {0};
    if (size < 2 || sk_block_work_create(&work) != SK_OK)
        return 0;
    const int which = data[0] % 6;
    data++;
    size--;
    if (which < 2)
        try_segment(work, data, size, which);
    else if (which < 4)
        try_journal(data, size, which == 2 ? 7 : SK_LATE_CLOCK);
    else if (which == 4)
        sk_block_raw_decode(work, data, size, 1, &values);
    else
        sk_block_tier_decode(work, data, size, 1, &buckets);
    sk_free(values.items);
    sk_free(buckets.items);
    sk_block_work_free(work);
    return 0;
}
