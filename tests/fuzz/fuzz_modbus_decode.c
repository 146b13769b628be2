/* SPDX-License-Identifier: Apache-2.0 */
/* Any register words under any description of a point, any bytes as a frame, any entry of a ring: no crash, no number that is
 * not finite, no text without end. Input: 8 bytes that describe the point, the rest are words, frame and entry alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus/decode.h"
#include "drivers/modbus/mbap.h"
#include "drivers/modbus/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words_of_kind[] = {"a", "b", "c"};
static const struct sk_point_kind kinds[] = {
    {.name = "n", .kind = SK_KIND_NUMBER},
    {.name = "s", .kind = SK_KIND_STATE, .states = words_of_kind, .state_count = 3},
    {.name = "f", .kind = SK_KIND_FLAGS, .states = words_of_kind, .state_count = 3},
    {.name = "t", .kind = SK_KIND_TEXT},
};
static const struct sk_map_entry states[] = {{.raw = 1, .state = 1}, {.raw = -1, .state = 2}};
static const struct sk_flag_bit flags[] = {{.bit = 63, .flag = 2}, {.bit = 200, .flag = 0, .inverted = true}};
static const struct sk_sentinel sentinels[] = {{UINT64_MAX, SK_Q_NOT_CONNECTED, SK_WHY_SENTINEL}};

static void decode_point(const uint8_t *head, const uint8_t *data, size_t size)
{
    uint16_t words[SK_MODBUS_MAX_BITS] = {0};
    size_t count = size / 2 < SK_MODBUS_MAX_BITS ? size / 2 : SK_MODBUS_MAX_BITS;
    memcpy(words, data, count * 2);
    struct sk_profile_point point = {.name = "p",
                                     .kind = &kinds[head[0] % 4],
                                     .function = (uint8_t)(1 + head[1] % 4),
                                     .type = head[2],
                                     .order = head[3] & 3,
                                     .shift = head[4],
                                     .width = head[5],
                                     .count = (uint16_t)(1 + head[6] % 125),
                                     .scale = head[7] == 0 ? INFINITY : head[7],
                                     .scale_from = -1,
                                     .states = states,
                                     .state_count = 2,
                                     .flags = flags,
                                     .flag_count = 2,
                                     .sentinels = sentinels,
                                     .sentinel_count = head[7] & 1,
                                     .range_low = -1e6,
                                     .range_high = 1e6};
    struct sk_modbus_value value;
    sk_modbus_decode(&point, words, NULL, &value);
    if (!isfinite(value.number) || memchr(value.text, '\0', sizeof(value.text)) == NULL ||
        sk_quality_name(value.quality) == NULL)
        abort();
    if (value.has_value && point.kind->kind == SK_KIND_STATE && value.number > 2)
        abort();
}

static void match_frame(const uint8_t *head, const uint8_t *data, size_t size)
{
    struct sk_mbap_request request = {.transaction = (uint16_t)(head[0] << 8 | head[1]),
                                      .unit = head[2],
                                      .function = (enum sk_modbus_function)(1 + head[3] % 4),
                                      .count = (uint16_t)(1 + head[4] % 125)};
    uint8_t exception;
    uint16_t words[SK_MODBUS_MAX_BITS];
    if (sk_mbap_match(&request, data, size, &exception) == SK_MBAP_ANSWER)
        sk_mbap_words(&request, data, words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8)
        return 0;
    decode_point(data, data + 8, size - 8);
    match_frame(data, data + 8, size - 8);
    if (size - 8 >= 2 * SK_RING_ENTRY_WORDS) {
        static const struct sk_site site = {.id = "t"};
        uint16_t entry[SK_RING_ENTRY_WORDS];
        struct sk_access_event event;
        const char *expected;
        memcpy(entry, data + 8, sizeof(entry));
        if (sk_ring_entry_decode(&site, 0, 1, entry, &event, &expected) == SK_OK &&
            (sk_event_name(event.ev) == NULL || event.identifier_length > SK_RING_CREDENTIAL_MAX))
            abort();
    }
    return 0;
}
