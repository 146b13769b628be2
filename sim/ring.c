/* SPDX-License-Identifier: Apache-2.0 */
/* Ring registers: three u32 heads and an array of entries, all big-endian words. */
#include "sim/ring.h"

#include <string.h>

#include "schemas/base/mem.h"

struct sim_ring {
    const struct sk_ring_profile *profile;
    uint32_t epoch;
    uint64_t head; /* next number */
    uint64_t tail; /* oldest kept */
    uint16_t *words;
};

enum sk_err sim_ring_create(const struct sk_ring_profile *profile, uint32_t epoch, struct sim_ring **ret_ring)
{
    if (profile->entry_words != SIM_RING_ENTRY_WORDS || profile->entries == 0) {
        return SK_ERR_UNSUPPORTED;
    }
    struct sim_ring *ring = sk_calloc(1, sizeof *ring);
    uint16_t *words = sk_calloc((size_t)profile->entries * SIM_RING_ENTRY_WORDS, sizeof *words);
    if (ring == NULL || words == NULL) {
        sk_free(ring);
        sk_free(words);
        return SK_ERR_NOMEM;
    }
    *ring = (struct sim_ring){.profile = profile, .epoch = epoch, .head = 1, .tail = 1, .words = words};
    *ret_ring = ring;
    return SK_OK;
}

void sim_ring_free(struct sim_ring *ring)
{
    if (ring != NULL) {
        sk_free(ring->words);
        sk_free(ring);
    }
}

static void put_u64(uint16_t *to, uint64_t value)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (uint16_t)(value >> (48 - 16 * i));
    }
}

static uint16_t address_or_none(int64_t address)
{
    return address >= 0 && address <= 0xFFFE ? (uint16_t)address : 0xFFFF;
}

void sim_ring_put(struct sim_ring *ring, const struct sk_site *site, const struct sk_plant_event *event, int64_t utc_us)
{
    const struct sk_door_info *door = &site->doors[event->door];
    uint16_t *entry = ring->words + (event->seq % ring->profile->entries) * SIM_RING_ENTRY_WORDS;
    memset(entry, 0, SIM_RING_ENTRY_WORDS * sizeof *entry);
    put_u64(entry, event->seq);
    const uint32_t seconds = (uint32_t)(utc_us / 1000000);
    entry[4] = (uint16_t)(seconds >> 16);
    entry[5] = (uint16_t)seconds;
    entry[6] = (uint16_t)(utc_us / 1000 % 1000);
    entry[7] = event->ev;
    entry[8] = event->reason;
    entry[9] = address_or_none(door->address);
    entry[10] = event->reader >= 0 ? address_or_none(door->readers[event->reader].address) : 0xFFFF;
    entry[11] = (uint16_t)((event->decision << 8) | event->state);
    entry[12] = event->factors;
    entry[13] = event->card_length;
    for (unsigned i = 0; i < event->card_length && i < 16; i++) {
        entry[14 + i / 2] = (uint16_t)(entry[14 + i / 2] | (event->card[i] << (i % 2 == 0 ? 8 : 0)));
    }
    ring->head = event->seq + 1;
    if (ring->head - ring->tail > ring->profile->entries) {
        ring->tail = ring->head - ring->profile->entries;
    }
}

static bool within(uint16_t address, uint16_t from, uint32_t count)
{
    return address >= from && address < (uint32_t)from + count;
}

bool sim_ring_owns(const struct sim_ring *ring, uint8_t function, uint16_t address)
{
    const struct sk_ring_profile *p = ring->profile;
    return function == p->function &&
           (within(address, p->epoch, 2) || within(address, p->head, 2) || within(address, p->tail, 2) ||
            within(address, p->ring, (uint32_t)p->entries * SIM_RING_ENTRY_WORDS));
}

static uint16_t half(uint32_t value, unsigned index)
{
    return (uint16_t)(index == 0 ? value >> 16 : value);
}

uint16_t sim_ring_word(const struct sim_ring *ring, uint16_t address)
{
    const struct sk_ring_profile *p = ring->profile;
    if (within(address, p->epoch, 2)) {
        return half(ring->epoch, (unsigned)(address - p->epoch));
    }
    if (within(address, p->head, 2)) {
        return half((uint32_t)ring->head, (unsigned)(address - p->head));
    }
    if (within(address, p->tail, 2)) {
        return half((uint32_t)ring->tail, (unsigned)(address - p->tail));
    }
    return ring->words[address - p->ring];
}
