/* SPDX-License-Identifier: Apache-2.0 */
/* Entries and cursors of the event ring; the reading itself is in ring_session.c. */
#include "drivers/modbus/ring.h"

#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"

enum entry_word {
    AT_SEQ = 0,
    AT_SECONDS = 4,
    AT_MILLIS = 6,
    AT_EVENT = 7,
    AT_REASON = 8,
    AT_DOOR = 9,
    AT_READER = 10,
    AT_DECISION = 11,
    AT_FACTORS = 12,
    AT_LENGTH = 13,
    AT_CREDENTIAL = 14
};

void sk_ring_follow(struct sk_ring_cursor *cursor, const struct sk_ring_state *state)
{
    bool same = cursor->known && cursor->epoch == state->epoch;
    bool within = same && cursor->next >= state->tail && cursor->next <= state->head;
    *cursor = (struct sk_ring_cursor){.known = true, .epoch = state->epoch, .next = within ? cursor->next : state->tail};
}

bool sk_ring_state_is_sane(const struct sk_ring_profile *ring, const struct sk_ring_state *state)
{
    return state->head >= state->tail && state->head - state->tail <= ring->entries;
}

uint64_t sk_ring_entry_seq(const uint16_t *words)
{
    return (uint64_t)words[0] << 48 | (uint64_t)words[1] << 32 | (uint64_t)words[2] << 16 | words[3];
}

uint32_t sk_ring_run(const struct sk_ring_profile *ring, uint16_t max_registers, uint32_t next, uint32_t head)
{
    uint32_t limit = max_registers == 0 || max_registers > SK_MODBUS_MAX_REGISTERS ? SK_MODBUS_MAX_REGISTERS : max_registers;
    uint32_t per_read = limit / ring->entry_words;
    uint32_t to_end = ring->entries - next % ring->entries;
    uint32_t run = head - next < to_end ? head - next : to_end;
    return run < per_read ? run : per_read;
}

static void find_door(const struct sk_site *site, uint32_t device, const uint16_t *words, struct sk_access_event *event)
{
    event->door = event->reader = -1;
    for (size_t i = 0; i < site->door_count && words[AT_DOOR] != SK_RING_NONE; i++) {
        const struct sk_door_info *door = &site->doors[i];
        if (door->controller != (int32_t)device || door->address != words[AT_DOOR])
            continue;
        event->door = (int32_t)i;
        for (size_t k = 0; k < door->reader_count && words[AT_READER] != SK_RING_NONE; k++)
            if (door->readers[k].address == words[AT_READER])
                event->reader = (int32_t)k;
        return;
    }
}

/* Only what a controller may say: the classes of access and of door and controller state. */
static uint16_t event_code(uint16_t code)
{
    return code >= 0x0101 && code < SK_EV_NATIVE && sk_event_name(code) != NULL ? code : SK_EV_NATIVE;
}

void sk_ring_blank(uint16_t words[SK_RING_ENTRY_WORDS])
{
    memset(&words[AT_CREDENTIAL], 0, (SK_RING_ENTRY_WORDS - AT_CREDENTIAL) * sizeof(*words));
}

static void keep_native(const uint16_t *words, struct sk_access_event *event)
{
    struct sk_writer writer;
    uint16_t kept[SK_RING_ENTRY_WORDS];
    memcpy(kept, words, sizeof(kept));
    sk_ring_blank(kept);
    sk_writer_init(&writer, event->native, sizeof(event->native));
    for (int i = 0; i < SK_RING_ENTRY_WORDS; i++)
        sk_write_u16(&writer, kept[i]);
    event->native_length = (uint16_t)writer.length;
}

static const char *check(const uint16_t *words)
{
    if (words[AT_LENGTH] > SK_RING_CREDENTIAL_MAX)
        return "a credential of at most 16 bytes (word 13)";
    if (words[AT_MILLIS] > 999)
        return "milliseconds of 0 to 999 (word 6)";
    if (words[AT_DECISION] >> 8 > SK_DECISION_UNKNOWN)
        return "a decision of 0 to 3 (upper byte of word 11)";
    return NULL;
}

enum sk_err sk_ring_entry_decode(const struct sk_site *site, uint32_t device, uint32_t epoch, const uint16_t *words,
                                 struct sk_access_event *ret_event, const char **ret_expected)
{
    *ret_expected = check(words);
    if (*ret_expected != NULL)
        return SK_ERR_PARSE;
    struct sk_access_event *event = ret_event;
    memset(event, 0, sizeof(*event));
    event->device = device;
    find_door(site, device, words, event);
    event->ev = event_code(words[AT_EVENT]);
    event->reason = sk_deny_reason_name(words[AT_REASON]) != NULL ? words[AT_REASON] : 0;
    event->decision = (uint8_t)(words[AT_DECISION] >> 8);
    event->state = (uint8_t)(words[AT_DECISION] & 0xFF);
    event->factors = words[AT_FACTORS];
    event->has_identity = true;
    event->epoch = epoch;
    event->seq = sk_ring_entry_seq(words);
    int64_t seconds = (int64_t)words[AT_SECONDS] << 16 | words[AT_SECONDS + 1];
    event->t_ctrl_us = seconds == 0 ? 0 : seconds * SK_US_PER_S + words[AT_MILLIS] * SK_US_PER_MS;
    event->identifier_length = (uint8_t)words[AT_LENGTH];
    for (unsigned i = 0; i < event->identifier_length; i++)
        event->identifier[i] = (uint8_t)(i % 2 == 0 ? words[AT_CREDENTIAL + i / 2] >> 8 : words[AT_CREDENTIAL + i / 2] & 0xFF);
    keep_native(words, event);
    return SK_OK;
}
