/* SPDX-License-Identifier: Apache-2.0 */
/* Door envelopes and heartbeats from any bytes, and the blanking that what is kept passes through. */
#include <stdlib.h>

#include "drivers/mqtt/blank.h"
#include "drivers/mqtt/envelope.h"
#include "tests/unit/mqtt_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every event promises, whatever it was made of. */
static void check(const struct mqtt_fixture *fixture, const struct sk_access_event *event)
{
    bool door_ok = event->door >= -1 && event->door < (int32_t)fixture->site.door_count;
    bool reader_ok =
        event->reader == -1 || (event->door >= 0 && event->reader < (int32_t)fixture->doors[event->door].reader_count);
    bool texts_ok = memchr(event->topic, '\0', sizeof(event->topic)) &&
                    memchr(event->credential, '\0', sizeof(event->credential)) &&
                    memchr(event->holder, '\0', sizeof(event->holder));
    bool kept = event->ev != SK_EV_NATIVE || event->native_length > 0;
    if (!door_ok || !reader_ok || !texts_ok || !kept || event->identifier_length > SK_IDENTIFIER_MAX ||
        event->native_length > SK_NATIVE_MAX || sk_event_name(event->ev) == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mqtt_fixture fixture;
    struct sk_access_event event;
    struct sk_envelope_heartbeat heartbeat;
    struct sk_fault fault;
    fixture_init(&fixture);
    struct sk_envelope_context context = {.site = &fixture.site, .device = FIX_CONTROLLER};
    char *copy = malloc(size + 1); /* of exactly this size, so that a byte too far is seen */
    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (sk_envelope_decode(&context, copy, size, &event, &fault) == SK_OK)
        check(&fixture, &event);
    sk_envelope_heartbeat_decode(copy, size, &heartbeat, &fault);
    char *tight = realloc(copy, size > 0 ? size : 1);
    copy = tight != NULL ? tight : copy;
    char kept[SK_NATIVE_MAX];
    if (sk_blank_bytes(&fixture.site, copy, size, kept, sizeof(kept)) > sizeof(kept))
        abort();
    free(copy);
    return 0;
}
