/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of subjects: filled record by record, sorted once, found in by bisection. No database here. */
#include "schemas/store/subjects.h"

#include <string.h>

uint32_t sk_subject_hash(const uint8_t tag[SK_SUBJECT_SIZE])
{
    struct sk_reader reader;
    sk_reader_init(&reader, tag, SK_SUBJECT_SIZE);
    uint32_t hash = 0;
    for (int i = 0; i < SK_SUBJECT_SIZE / 4; i++)
        hash ^= sk_read_u32(&reader);
    return hash;
}

bool sk_subject_is_none(const uint8_t tag[SK_SUBJECT_SIZE])
{
    static const uint8_t none[SK_SUBJECT_SIZE];
    return memcmp(tag, none, sizeof none) == 0;
}

void sk_run_clear(struct sk_run *run)
{
    run->count = 0;
    run->t_min_us = INT64_MAX;
    run->t_max_us = INT64_MIN;
}

void sk_run_add(struct sk_run *run, const struct sk_header *header)
{
    const int64_t t_us = (int64_t)header->t_recv_us;
    run->t_min_us = t_us < run->t_min_us ? t_us : run->t_min_us;
    run->t_max_us = t_us > run->t_max_us ? t_us : run->t_max_us;
    if (!sk_subject_is_none(header->subject) && run->count < SK_RUN_RECORDS)
        run->items[run->count++] = (uint64_t)sk_subject_hash(header->subject) << 16 | header->seq % SK_RUN_RECORDS;
}

/* By one byte of the hash; what is equal keeps its order, so the places stay ascending. */
static void sort_by_byte(const uint64_t *from, uint64_t *to, uint32_t count, unsigned shift)
{
    uint32_t starts[257] = {0};
    for (uint32_t i = 0; i < count; i++)
        starts[(from[i] >> shift & 0xFF) + 1]++;
    for (size_t i = 1; i < 257; i++)
        starts[i] += starts[i - 1];
    for (uint32_t i = 0; i < count; i++)
        to[starts[from[i] >> shift & 0xFF]++] = from[i];
}

/* qsort() took ten times as long: it stands in the way of a group commit. */
static const uint64_t *sort(struct sk_subjects *subjects, const struct sk_run *run)
{
    const uint64_t *from = run->items;
    for (unsigned pass = 0; pass < 4; pass++) {
        uint64_t *to = subjects->sorted[pass & 1];
        sort_by_byte(from, to, run->count, 16 + 8 * pass);
        from = to;
    }
    return from;
}

size_t sk_run_write(struct sk_subjects *subjects, const struct sk_run *run)
{
    struct sk_writer writer;
    const uint64_t *sorted = sort(subjects, run);
    sk_writer_init(&writer, subjects->bytes, SK_RUN_BYTES);
    for (uint32_t i = 0; i < run->count; i++) {
        sk_write_u32(&writer, (uint32_t)(sorted[i] >> 16));
        sk_write_u16(&writer, (uint16_t)sorted[i]);
    }
    return writer.length;
}

void sk_subjects_begin(struct sk_subjects *subjects)
{
    const struct sk_run *run = &subjects->runs[subjects->open];
    subjects->saved_open = subjects->open;
    subjects->saved = (struct sk_run_mark){run->count, run->t_min_us, run->t_max_us};
    subjects->turned = false;
}

void sk_subjects_rollback(struct sk_subjects *subjects)
{
    struct sk_run *run = &subjects->runs[subjects->saved_open];
    subjects->open = subjects->saved_open;
    run->count = subjects->saved.count;
    run->t_min_us = subjects->saved.t_min_us;
    run->t_max_us = subjects->saved.t_max_us;
}

const struct sk_run *sk_subjects_add(struct sk_subjects *subjects, const struct sk_header *header)
{
    struct sk_run *run = &subjects->runs[subjects->open];
    sk_run_add(run, header);
    return (header->seq + 1) % SK_RUN_RECORDS == 0 ? run : NULL;
}

/* The run that the transaction began with stays for a rollback; any later one has served. */
void sk_subjects_turn(struct sk_subjects *subjects)
{
    if (!subjects->turned)
        subjects->open ^= 1;
    subjects->turned = true;
    sk_run_clear(&subjects->runs[subjects->open]);
}

/* Place of the first item not below the key, between low and high. */
static size_t bisect(const uint8_t *items, size_t low, size_t high, const uint8_t key[4])
{
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memcmp(items + middle * SK_RUN_ITEM, key, 4) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t sk_run_find(const uint8_t *items, size_t count, size_t from, uint32_t hash, size_t *ret_count)
{
    struct sk_writer writer;
    uint8_t key[4];
    sk_writer_init(&writer, key, sizeof key);
    sk_write_u32(&writer, hash);
    const size_t first = bisect(items, from, count, key);
    size_t end = first;
    while (end < count && memcmp(items + end * SK_RUN_ITEM, key, 4) == 0)
        end++;
    *ret_count = end - first;
    return first;
}

uint16_t sk_run_place(const uint8_t *items, size_t at)
{
    const uint8_t *place = items + at * SK_RUN_ITEM + 4;
    return (uint16_t)(place[0] << 8 | place[1]);
}
