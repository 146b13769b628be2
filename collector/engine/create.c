/* SPDX-License-Identifier: Apache-2.0 */
/* Making an engine from a site: everything is counted, allocated once and wired by index. Half-built engines can be freed. */
#include <string.h>

#include "collector/engine/internal.h"

static bool is_controller(const struct sk_site *site, uint32_t index)
{
    const struct sk_profile *profile = site->devices[index].profile;
    for (size_t i = 0; i < site->door_count; i++)
        if (site->doors[i].controller == (int32_t)index)
            return true;
    return profile != NULL && (profile->kind == SK_DEV_DOOR || profile->ring.present ||
                               (profile->mqtt.event_topic != NULL && profile->mqtt.event_topic[0] != '\0'));
}

static bool has_comm(const struct sk_device *device)
{
    return device->comm_lost_ms > 0 && (device->profile == NULL || device->profile->kind != SK_DEV_MONITOR);
}

static enum sk_err count_devices(struct sk_engine *engine)
{
    const struct sk_site *site = engine->site;
    engine->devices = sk_calloc(site->device_count, sizeof *engine->devices);
    engine->quality_limits = sk_calloc(site->device_count, sizeof *engine->quality_limits);
    if (engine->devices == NULL || engine->quality_limits == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < site->point_count; i++)
        engine->devices[site->points[i].device].points += sk_quality_matters(&site->points[i]);
    return SK_OK;
}

static void count_all(struct sk_engine *engine)
{
    const struct sk_site *site = engine->site;
    for (size_t i = 0; i < site->point_count; i++) {
        engine->cond_count += site->points[i].limit_count;
        for (size_t k = 0; k < site->points[i].limit_count; k++)
            engine->rate_count += site->points[i].limits[k].condition == SK_COND_RATE_OF_CHANGE;
    }
    for (uint32_t i = 0; i < site->device_count; i++) {
        if (has_comm(&site->devices[i]))
            engine->cond_count += engine->devices[i].points > 0 ? 2 : 1;
        engine->ctrl_count += is_controller(site, i);
    }
    engine->slot_count = sk_system_slot_count(engine->ctrl_count);
    engine->cond_count += site->zone_count * SK_ZONE_CONDS + site->door_count * SK_DOOR_CONDS +
                          engine->ctrl_count * SK_CTRL_CONDS + engine->slot_count;
    engine->tally_count = SK_CTRL_TALLIES * engine->ctrl_count + site->device_count + 1;
}

static enum sk_err allocate(struct sk_engine *engine)
{
    const struct sk_site *site = engine->site;
    engine->node_device = (uint32_t)site->point_count;
    engine->node_cond = engine->node_device + (uint32_t)site->device_count;
    engine->node_tally = engine->node_cond + (uint32_t)engine->cond_count;
    engine->node_door = engine->node_tally + (uint32_t)engine->tally_count;
    engine->node_alive = engine->node_door + (uint32_t)site->door_count;
    engine->node_case = engine->node_alive + 1;
    engine->node_count = engine->node_case + 1;
    engine->views = sk_calloc(site->point_count, sizeof *engine->views);
    engine->points = sk_calloc(site->point_count, sizeof *engine->points);
    engine->watches = sk_calloc(site->point_count + site->device_count, sizeof *engine->watches);
    engine->blinds = sk_calloc(site->link_count, sizeof *engine->blinds);
    engine->conds = sk_calloc(engine->cond_count, sizeof *engine->conds);
    engine->device_cond = sk_calloc(site->device_count, sizeof *engine->device_cond);
    engine->ctrl_of_device = sk_calloc(site->device_count, sizeof *engine->ctrl_of_device);
    engine->zone_limits = sk_calloc(site->zone_count * SK_ZONE_CONDS, sizeof *engine->zone_limits);
    engine->rates = sk_calloc(engine->rate_count, sizeof *engine->rates);
    engine->ctrls = sk_calloc(engine->ctrl_count, sizeof *engine->ctrls);
    engine->door_watches = sk_calloc(site->door_count, sizeof *engine->door_watches);
    engine->tails = sk_calloc(site->door_count, sizeof *engine->tails);
    engine->count_limits = sk_calloc(site->door_count, sizeof *engine->count_limits);
    engine->busy = sk_calloc(site->door_count, sizeof *engine->busy);
    engine->tallies = sk_calloc(engine->tally_count, sizeof *engine->tallies);
    if (engine->views == NULL || engine->points == NULL || engine->watches == NULL || engine->blinds == NULL ||
        engine->conds == NULL || engine->device_cond == NULL || engine->ctrl_of_device == NULL || engine->rates == NULL ||
        engine->ctrls == NULL || engine->tallies == NULL || engine->door_watches == NULL || engine->busy == NULL ||
        engine->tails == NULL || engine->zone_limits == NULL || engine->count_limits == NULL)
        return SK_ERR_NOMEM;
    const enum sk_err err = sk_system_create(engine);
    return err == SK_OK ? sk_heap_init(&engine->heap, engine->node_count) : err;
}

static uint32_t add_cond(struct sk_engine *engine, uint32_t *at, uint8_t kind, uint32_t owner, const struct sk_limit *limit,
                         uint8_t severity)
{
    engine->conds[*at] =
        (struct sk_cond){.limit = limit, .owner = owner, .rate = SK_NO_COND, .kind = kind, .severity = severity};
    return (*at)++;
}

static void wire_points(struct sk_engine *engine, uint32_t *at)
{
    uint32_t rate = 0;
    for (uint32_t i = 0; i < engine->site->point_count; i++) {
        const struct sk_point *point = &engine->site->points[i];
        struct sk_point_state *state = &engine->points[i];
        state->first_cond = *at;
        state->cond_count = (uint16_t)point->limit_count;
        state->lock_kind = sk_latch_kind(engine, i);
        engine->has_latches |= state->lock_kind > 0;
        state->patrol_tag = sk_patrol_is_tag(point, &engine->site->devices[point->device]);
        state->lock_state = -1;
        state->heartbeat = point->profile != NULL && point->profile->heartbeat;
        state->matters = sk_quality_matters(point);
        state->answers = point->profile != NULL || strcmp(sk_text_or(point->name), "device.comm") == 0;
        engine->watches[i].limit_us = (int64_t)point->stale_ms * SK_US_PER_MS;
        engine->watches[i].keep = point->limit_count > 0;
        engine->views[i].sample = (struct sk_sample){.point = i,
                                                     .kind = point->kind != NULL ? (uint8_t)point->kind->kind : 0,
                                                     .quality = SK_Q_WAITING,
                                                     .reason = SK_WHY_NEVER};
        for (size_t k = 0; k < point->limit_count; k++) {
            const uint32_t cond = add_cond(engine, at, SK_CK_LIMIT, i, &point->limits[k], point->limits[k].severity);
            if (point->limits[k].condition == SK_COND_RATE_OF_CHANGE)
                engine->conds[cond].rate = rate++;
        }
    }
}

static void wire_devices(struct sk_engine *engine, uint32_t *at)
{
    const struct sk_site *site = engine->site;
    for (uint32_t i = 0; i < site->device_count; i++) {
        struct sk_device_state *state = &engine->devices[i];
        sk_quality_limit(site, i, &engine->quality_limits[i]);
        engine->device_cond[i] = state->cond = SK_NO_COND;
        if (!has_comm(&site->devices[i]))
            continue;
        if (state->points > 0)
            state->cond = add_cond(engine, at, SK_CK_QUALITY, i, &engine->quality_limits[i], site->devices[i].comm_severity);
        struct sk_watch *watch = &engine->watches[engine->node_device + i];
        watch->limit_us = (int64_t)site->devices[i].comm_lost_ms * SK_US_PER_MS;
        watch->keep = true;
        engine->device_cond[i] = add_cond(engine, at, SK_CK_COMM, i, sk_kind_limit(SK_CK_COMM), site->devices[i].comm_severity);
    }
}

static void wire_kinds(struct sk_engine *engine, uint32_t *at, uint8_t first, uint8_t last, uint32_t owner)
{
    for (uint8_t kind = first; kind <= last; kind++)
        add_cond(engine, at, kind, owner, sk_kind_limit(kind), sk_kind_limit(kind)->severity);
}

static void wire_zones(struct sk_engine *engine, uint32_t *at)
{
    engine->zone_cond = *at;
    for (uint32_t i = 0; i < engine->site->zone_count; i++)
        for (unsigned kind = SK_CK_ZONE_SINGLE; kind <= SK_CK_ZONE_ASTRAY; kind++) {
            struct sk_limit *limit = &engine->zone_limits[i * SK_ZONE_CONDS + (kind - SK_CK_ZONE_SINGLE)];
            *limit = *sk_kind_limit((uint8_t)kind);
            if (kind != SK_CK_ZONE_MAX)
                limit->dwell_ms = (uint32_t)(sk_zone_together_us(NULL) / SK_US_PER_MS);
            add_cond(engine, at, (uint8_t)kind, i, limit, limit->severity);
        }
}

static void wire_counter(struct sk_engine *engine, uint32_t door)
{
    static const char *const names[] = {[SK_TAIL_IN] = "people.count.in", [SK_TAIL_OUT] = "people.count.out"};
    const struct sk_door_info *info = &engine->site->doors[door];
    engine->tails[door].quiet_mono = SK_NEVER;
    engine->count_limits[door] = *sk_kind_limit(SK_CK_DOOR_COUNT);
    if (info->resolve_ms > 0)
        engine->count_limits[door].dwell_ms = info->resolve_ms;
    engine->conds[sk_door_cond(engine, door, SK_CK_DOOR_COUNT)].limit = &engine->count_limits[door];
    for (uint32_t way = 0; way < SK_TAIL_WAYS && info->counter > 0; way++) {
        const int32_t point = sk_site_device_point(engine->site, (uint32_t)info->counter - 1, names[way]);
        if (point >= 0)
            engine->points[point].counts = 2 * (1 + door) + way;
    }
}

static void wire_heartbeat(struct sk_engine *engine, uint32_t index)
{
    struct sk_ctrl *ctrl = &engine->ctrls[index];
    ctrl->head_point = sk_site_device_point(engine->site, ctrl->device, "door.controller.seq");
    ctrl->epoch_point = sk_site_device_point(engine->site, ctrl->device, "door.controller.epoch");
    if (ctrl->head_point >= 0 && ctrl->epoch_point >= 0)
        engine->points[ctrl->head_point].head_of = index + 1;
}

static void wire_doors_and_controllers(struct sk_engine *engine, uint32_t *at)
{
    const struct sk_site *site = engine->site;
    uint32_t ctrl = 0;
    engine->door_cond = *at;
    for (uint32_t i = 0; i < site->door_count; i++) {
        wire_kinds(engine, at, SK_CK_DOOR_ALARM, SK_CK_DOOR_LAST_, i);
        wire_counter(engine, i);
        sk_door_model_init(&engine->door_watches[i].model);
        engine->door_watches[i].recorded = SK_DOOR_MODEL_NORMAL;
        engine->door_watches[i].settle_mono = engine->door_watches[i].busy_look_mono = SK_NEVER;
    }
    for (uint32_t i = 0; i < site->device_count; i++) {
        engine->ctrl_of_device[i] = -1;
        if (!is_controller(site, i))
            continue;
        engine->ctrl_of_device[i] = (int32_t)ctrl;
        engine->ctrls[ctrl].device = i;
        engine->ctrls[ctrl].first_cond = *at;
        wire_kinds(engine, at, SK_CK_GAP, SK_CK_CTRL_LAST_, i);
        for (unsigned kind = SK_TALLY_DUP; kind <= SK_TALLY_LATE; kind++)
            engine->tallies[SK_CTRL_TALLIES * (size_t)ctrl + kind] = (struct sk_tally){.device = i, .kind = (uint8_t)kind};
        wire_heartbeat(engine, ctrl);
        ctrl++;
    }
    wire_zones(engine, at);
    engine->system_cond = *at;
    for (uint32_t i = 0; i < engine->slot_count; i++)
        wire_kinds(engine, at, SK_CK_SYSTEM, SK_CK_SYSTEM, i);
    for (uint32_t i = 0; i <= site->device_count; i++)
        engine->tallies[SK_CTRL_TALLIES * engine->ctrl_count + i] = (struct sk_tally){.device = i, .kind = SK_TALLY_MALFORMED};
}

static void choose_intervals(struct sk_engine *engine)
{
    int64_t shortest = 0;
    for (size_t i = 0; i < engine->site->point_count; i++) {
        const int64_t stale = (int64_t)engine->site->points[i].stale_ms * SK_US_PER_MS;
        if (stale > 0 && (shortest == 0 || stale < shortest))
            shortest = stale;
    }
    engine->shortest_stale_us = shortest == 0 ? 5 * SK_US_PER_S : shortest;
    int64_t interval = engine->shortest_stale_us / 2;
    if (interval < SK_US_PER_S)
        interval = SK_US_PER_S;
    engine->alive_interval_us = interval > 5 * SK_US_PER_S ? 5 * SK_US_PER_S : interval;
}

_Static_assert(SK_CK_DOOR_LAST_ - SK_CK_DOOR_ALARM + 1 == SK_DOOR_CONDS, "conditions per door");
_Static_assert(SK_CK_CTRL_LAST_ - SK_CK_GAP + 1 == SK_CTRL_CONDS, "conditions per controller");
_Static_assert(SK_CK_ZONE_ASTRAY - SK_CK_ZONE_SINGLE + 1 == SK_ZONE_CONDS, "conditions per zone");

enum sk_err sk_engine_create(const struct sk_site *site, const char *boot_id, struct sk_engine **ret_engine)
{
    uint32_t at = 0;
    struct sk_engine *engine = sk_calloc(1, sizeof *engine);
    if (engine == NULL)
        return SK_ERR_NOMEM;
    engine->site = site;
    engine->registers_due_mono = SK_NEVER;
    sk_text_copy(engine->boot_id, sizeof engine->boot_id, sk_text_or(boot_id));
    engine->boot = sk_hash_text(engine->boot_id);
    enum sk_err err = count_devices(engine);
    if (err == SK_OK) {
        count_all(engine);
        err = allocate(engine);
    }
    if (err == SK_OK)
        err = sk_sha256_create(&engine->sha);
    if (err == SK_OK)
        err = sk_roster_create(&engine->roster);
    if (err == SK_OK)
        err = sk_presence_reserve(engine, 0);
    if (err == SK_OK)
        err = sk_cases_create(&engine->cases);
    if (err == SK_OK)
        err = sk_registers_create(&engine->registers);
    if (err != SK_OK) {
        sk_engine_free(engine);
        return err;
    }
    wire_points(engine, &at);
    wire_devices(engine, &at);
    wire_doors_and_controllers(engine, &at);
    sk_spots_find_leaders(engine);
    choose_intervals(engine);
    err = sk_engine_index(engine);
    if (err == SK_OK)
        err = sk_rights_create(engine);
    if (err != SK_OK) {
        sk_engine_free(engine);
        return err;
    }
    *ret_engine = engine;
    return SK_OK;
}

void sk_engine_free(struct sk_engine *engine)
{
    if (engine == NULL)
        return;
    for (size_t i = 0; i < engine->chunk_count; i++)
        sk_free(engine->chunks[i]);
    sk_free(engine->chunks);
    sk_free(engine->spare);
    sk_free(engine->open);
    sk_engine_index_free(engine);
    sk_heap_release(&engine->heap);
    sk_sha256_free(engine->sha);
    sk_roster_free(engine->roster);
    sk_presence_release(engine);
    sk_registers_free(engine->registers);
    sk_rights_release(&engine->rights);
    sk_cases_release(&engine->cases);
    sk_free(engine->tallies);
    sk_free(engine->slots);
    sk_free(engine->door_watches);
    sk_free(engine->busy);
    sk_free(engine->tails);
    sk_free(engine->count_limits);
    sk_free(engine->ctrls);
    sk_free(engine->rates);
    sk_free(engine->ctrl_of_device);
    sk_free(engine->device_cond);
    sk_free(engine->quality_limits);
    sk_free(engine->zone_limits);
    sk_free(engine->devices);
    sk_free(engine->conds);
    sk_free(engine->watches);
    sk_free(engine->blinds);
    sk_free(engine->points);
    sk_free(engine->blocks);
    sk_free(engine->views);
    sk_free(engine);
}
