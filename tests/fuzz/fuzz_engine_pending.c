/* SPDX-License-Identifier: Apache-2.0 */
/* Pending rows from a damaged or foreign store: key up to the first zero byte, the rest is the row. Whatever was believed, the
 * engine must start and go on. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/engine.h"
#include "tests/fuzz/engine_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char key[SK_PENDING_KEY_MAX];
    struct sk_engine *engine = NULL;
    struct sk_effects *effects = NULL;
    const struct sk_now now = {.utc_us = INT64_C(1763640000000000), .mono_us = 1000000000};
    const size_t length = strnlen((const char *)data, size < sizeof key ? size : sizeof key - 1);
    memcpy(key, data, length);
    key[length] = '\0';
    const size_t skip = length < size ? length + 1 : length;
    if (sk_engine_create(fuzz_site(), "boot", &engine) != SK_OK || sk_effects_create(&effects) != SK_OK)
        abort();
    (void)sk_engine_restore_pending(engine, key, data + skip, size - skip, &now);
    if (sk_engine_start(engine, &now, effects) != SK_OK)
        abort();
    for (int i = 1; i < 6; i++) {
        const struct sk_now later = {.utc_us = now.utc_us + i * 3000000, .mono_us = now.mono_us + i * 3000000};
        struct sk_access_event event = {.device = 0,
                                        .door = 0,
                                        .reader = 0,
                                        .ev = i % 2 == 0 ? SK_EV_ACC_GRANTED : SK_EV_DOOR_PHYS,
                                        .state = (uint8_t)(i % 4 == 1 ? SK_DOOR_PHYS_OPEN : SK_DOOR_PHYS_CLOSED),
                                        .has_identity = true,
                                        .epoch = 1,
                                        .seq = (uint64_t)i * 3};
        const struct sk_sample sample = {.point = 0, .kind = SK_KIND_NUMBER, .quality = SK_Q_GOOD, .number = 20.0 * i};
        bool duplicate;
        sk_effects_clear(effects);
        if (sk_engine_tick(engine, &later, effects) != SK_OK ||
            sk_engine_samples(engine, &sample, 1, NULL, 0, &later, effects) != SK_OK ||
            sk_engine_event(engine, &event, &later, effects, &duplicate) != SK_OK)
            abort();
    }
    sk_engine_free(engine);
    sk_effects_free(effects);
    return 0;
}
