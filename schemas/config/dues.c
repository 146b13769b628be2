/* SPDX-License-Identifier: Apache-2.0 */
/* Due times of the registers: a key for each alarm of register_dues.def, one time for all rows of its name. */
#include <stddef.h>
#include <string.h>

#include "schemas/config/load.h"
#include "schemas/model/register.h"

static const struct {
    const char *name;
    size_t offset;
} KEYS[] = {
    {"permit.overdue", offsetof(struct cfg_dues, permit_overdue)},
    {"permit.overrun", offsetof(struct cfg_dues, permit_overrun)},
    {"emergency.not_ratified", offsetof(struct cfg_dues, emergency_not_ratified)},
    {"visit.overdue", offsetof(struct cfg_dues, visit_overdue)},
    {"visit.badge_missing", offsetof(struct cfg_dues, visit_badge_missing)},
    {"visit.not_observed", offsetof(struct cfg_dues, visit_not_observed)},
    {"goods.overdue", offsetof(struct cfg_dues, goods_overdue)},
    {"goods.not_received", offsetof(struct cfg_dues, goods_not_received)},
    {"goods.unpermitted", offsetof(struct cfg_dues, goods_unpermitted)},
    {"declaration.expired", offsetof(struct cfg_dues, declaration_expired)},
    {"stocktake.overdue", offsetof(struct cfg_dues, stocktake_overdue)},
    {"item.not_erased", offsetof(struct cfg_dues, item_not_erased)},
    {"erasure.not_witnessed", offsetof(struct cfg_dues, erasure_not_witnessed)},
    {"media.overdue", offsetof(struct cfg_dues, media_overdue)},
    {"media.lost", offsetof(struct cfg_dues, media_lost)},
    {"key.overdue", offsetof(struct cfg_dues, key_overdue)},
    {"key.lost", offsetof(struct cfg_dues, key_lost)},
    {"patrol.overdue", offsetof(struct cfg_dues, patrol_overdue)},
    {"watch.not_begun", offsetof(struct cfg_dues, watch_not_begun)},
    {"watch.not_handed_over", offsetof(struct cfg_dues, watch_not_handed_over)},
    {"handover.not_taken", offsetof(struct cfg_dues, handover_not_taken)},
    {"mode.active", offsetof(struct cfg_dues, mode_active)},
    {"mode.overdue", offsetof(struct cfg_dues, mode_overdue)},
    {"rack_request.overdue", offsetof(struct cfg_dues, rack_request_overdue)},
    {"personnel.not_applied", offsetof(struct cfg_dues, personnel_not_applied)},
    {"list_request.overdue", offsetof(struct cfg_dues, list_request_overdue)},
    {"attestation.expired", offsetof(struct cfg_dues, attestation_expired)},
};
enum { KEY_COUNT = sizeof(KEYS) / sizeof(KEYS[0]) };
_Static_assert(KEY_COUNT * sizeof(int64_t) == sizeof(struct cfg_dues), "a key of section dues without a row here");

static uint32_t seconds_of(const struct cfg_dues *raw, const struct sk_due_row *row)
{
    int64_t ms;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(KEYS[i].name, row->name) == 0) {
            memcpy(&ms, (const char *)raw + KEYS[i].offset, sizeof(ms));
            return (uint32_t)(ms / 1000);
        }
    return row->after_s;
}

enum sk_err cfg_dues_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json)
{
    struct cfg_dues raw;
    size_t count = 0;
    while (sk_due_at(count) != NULL)
        count++;
    uint32_t *after_s = cfg_arena_take(load->c.arena, count, sizeof(*after_s));
    if (after_s == NULL)
        return cfg_nomem(&load->c);
    const enum sk_err err = cfg_read(&load->c, at, CFG_SECTION_dues, json, &raw);
    for (size_t i = 0; err == SK_OK && i < count; i++)
        after_s[i] = seconds_of(&raw, sk_due_at(i));
    load->site->due_after_s = after_s;
    return err;
}
