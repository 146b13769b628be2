/* SPDX-License-Identifier: Apache-2.0 */
/* Access events as raw bytes of the struct: the poller is another process, and what it hands over is not trusted. Every event
 * that is taken makes canonical records, and is taken once. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/engine.h"
#include "tests/fuzz/engine_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t check(const struct sk_effects *effects, uint64_t seq)
{
    size_t entries = 0;
    for (size_t i = 0; i < sk_effects_count(effects); i++) {
        const struct sk_effect *effect = sk_effects_at(effects, i);
        if (effect->kind != SK_EFFECT_RECORD)
            continue;
        const struct sk_body *body = &effect->record->body;
        if (!sk_body_done(body) || !sk_body_is_canonical(body->bytes, body->writer.length))
            abort();
        entries += effect->record->header.class_ == SK_CLASS_ACCESS && effect->record->header.ctrl_seq == seq;
    }
    return entries;
}

static void load(struct sk_access_event *event, const uint8_t *bytes)
{
    bool *const flags[] = {&event->has_identity, &event->duplicate_flag,      &event->simulated, &event->external,
                           &event->exempted,     &event->has_identifier_hmac, &event->extended};
    memcpy(event, bytes, sizeof *event);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        uint8_t raw;
        memcpy(&raw, flags[i], 1);
        *flags[i] = (raw & 1) != 0; /* any other pattern is no bool */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sk_engine *engine = NULL;
    struct sk_effects *effects = NULL;
    uint8_t bytes[sizeof(struct sk_access_event)] = {0};
    if (sk_engine_create(fuzz_site(), "boot", &engine) != SK_OK || sk_effects_create(&effects) != SK_OK)
        abort();
    const struct sk_now now = {.utc_us = INT64_C(1763640000000000), .mono_us = 1000000000};
    if (sk_engine_start(engine, &now, effects) != SK_OK)
        abort();
    for (size_t at = 0; at < size; at += 64) {
        struct sk_access_event event;
        bool duplicate = false;
        memcpy(bytes + at % sizeof bytes / 64 * 64, data + at, size - at < 64 ? size - at : 64);
        load(&event, bytes);
        for (int turn = 0; turn < 2; turn++) {
            sk_effects_clear(effects);
            if (sk_engine_event(engine, &event, &now, effects, &duplicate) != SK_OK)
                break;
            const size_t entries = check(effects, event.seq);
            if (event.has_identity && turn == 1 && (entries != 0 || !duplicate))
                abort();
        }
    }
    sk_engine_free(engine);
    sk_effects_free(effects);
    return 0;
}
