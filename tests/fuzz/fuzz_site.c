/* SPDX-License-Identifier: Apache-2.0 */
/* Site files: whatever the bytes, no crash; a refusal says why; what is accepted is whole (every reference within bounds, every
 * point found by its id). */
#include <stdlib.h>

#include "schemas/config/advice.h"
#include "schemas/config/config.h"
#include "schemas/config/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, const char *where, const char *what)
{
    if (where[0] == '\0' || what[0] == '\0')
        abort();
    (void)context;
}

static void whole(const struct sk_site *site)
{
    for (size_t i = 0; i < site->point_count; i++) {
        const struct sk_point *point = &site->points[i];
        if (sk_site_point(site, point->id) != (int32_t)i || point->device >= site->device_count || point->kind == NULL ||
            point->stale_ms == 0 || point->period_ms == 0)
            abort();
    }
    for (size_t i = 0; i < site->device_count; i++)
        if (site->devices[i].link >= (int32_t)site->link_count || site->devices[i].profile == NULL)
            abort();
    for (size_t i = 0; i < site->door_count; i++)
        if (site->doors[i].zone_from < 0 || site->doors[i].zone_from >= (int32_t)site->zone_count ||
            site->doors[i].controller >= (int32_t)site->device_count)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sk_site *site = NULL;
    struct sk_fault fault = {SK_OK, ""};
    enum sk_err err = sk_site_parse("site.json", (const char *)data, size, SK_FUZZ_PROFILES, &site, &fault);
    if (err != SK_OK && (site != NULL || fault.code != err || fault.text[0] == '\0'))
        abort();
    if (err == SK_OK) {
        whole(site);
        (void)sk_site_advise(site, ignore, NULL);
    }
    sk_site_free(site);
    return 0;
}
