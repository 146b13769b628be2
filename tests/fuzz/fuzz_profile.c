/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: whatever the bytes, no crash; a refusal says why; what is accepted keeps within the wire and within its vocabulary.
 */
#include <stdlib.h>

#include "schemas/config/config.h"
#include "schemas/config/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sound(const struct sk_profile *profile, const struct sk_profile_point *point)
{
    if (point->hidden != (point->kind == NULL) || point->scale_from >= (int32_t)profile->point_count)
        abort();
    if (profile->protocol != SK_PROTO_MQTT &&
        (point->address + point->count > 65536 || point->function < 1 || point->function > 4 || point->count == 0))
        abort();
    for (size_t i = 0; i < point->state_count; i++)
        if (point->states[i].state >= point->kind->state_count)
            abort();
    for (size_t i = 0; i < point->flag_count; i++)
        if (point->flags[i].flag >= point->kind->state_count || point->flags[i].bit > 63)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sk_profile *profile = NULL;
    void *arena = NULL;
    struct sk_fault fault = {SK_OK, ""};
    enum sk_err err = sk_profile_parse("profile.json", (const char *)data, size, &profile, &arena, &fault);
    if (err != SK_OK && (arena != NULL || fault.code != err || fault.text[0] == '\0'))
        abort();
    for (size_t i = 0; err == SK_OK && i < profile->point_count; i++)
        sound(profile, &profile->points[i]);
    sk_profile_arena_free(arena);
    return 0;
}
