/* SPDX-License-Identifier: Apache-2.0 */
/* Any packet through the hand-over decoder; what it takes must be encoded to the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "drivers/handover.h"
#include "tests/unit/modbus_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct modbus_fixture fixture;
    static struct sk_sample samples[SK_BATCH_MAX];
    static struct sk_handover message;
    static uint8_t again[SK_HANDOVER_MAX];
    size_t length = 0;
    if (fixture.site.points == NULL) {
        static const struct sk_point_kind *const kinds[] = {&fixture_number, &fixture_state, &fixture_flags, &fixture_text};
        fixture_init(&fixture);
        for (size_t i = 0; i < 4; i++) {
            struct sk_profile_point point = fixture_point(kinds[i]->name, 3, (uint16_t)i, 1);
            point.kind = kinds[i];
            fixture_add(&fixture, point, 0);
        }
    }
    if (sk_handover_decode(&fixture.site, data, size, samples, &message) != SK_OK)
        return 0;
    if (sk_handover_encode(&message, again, sizeof(again), &length) != SK_OK || length != size ||
        memcmp(again, data, size) != 0)
        abort();
    return 0;
}
