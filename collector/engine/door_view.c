/* SPDX-License-Identifier: Apache-2.0 */
/* A door as it may be shown. What events told wins while it is known; where it is not, what the controller's registers say by
 * polling stands in, marked so: it proves no more than the moment of its reading. */
#include <string.h>

#include "collector/engine/internal.h"

_Static_assert((int)SK_DOOR_FAMILIES == (int)SK_DF_COUNT, "families");

/* Points of a controller that say a state, by the door's address, and what their words mean. */
static const struct polled {
    uint8_t family;
    const char *point; /* after "door.<address>." */
    struct {
        const char *word;
        uint8_t state;
    } words[3];
} polled[] = {
    {SK_DF_PHYS, "position", {{"open", SK_DOOR_PHYS_OPEN}, {"closed", SK_DOOR_PHYS_CLOSED}, {"fault", SK_DOOR_PHYS_FAULT}}},
    {SK_DF_LOCK,
     "lock.state",
     {{"locked", SK_DOOR_LOCK_LOCKED}, {"unlocked", SK_DOOR_LOCK_UNLOCKED}, {"fault", SK_DOOR_LOCK_FAULT}}},
    {SK_DF_MODE,
     "mode",
     {{"secured", SK_DOOR_MODE_LOCKED}, {"free", SK_DOOR_MODE_UNLOCKED}, {"locked_down", SK_DOOR_MODE_LOCKED_DOWN}}},
    {SK_DF_TAMPER,
     "tamper",
     {{"normal", SK_DOOR_TAMPER_NONE}, {"tamper", SK_DOOR_TAMPER_DETECTED}, {"cut", SK_DOOR_TAMPER_DETECTED}}},
};

static void poll_state(const struct sk_engine *engine, const struct sk_door_info *door, const struct polled *row,
                       struct sk_door_state_view *to)
{
    char name[64];
    sk_text_format(name, sizeof name, "door.%lld.%s", (long long)door->address, row->point);
    const int32_t index = sk_site_device_point(engine->site, (uint32_t)door->controller, name);
    if (index < 0)
        return;
    const struct sk_point_view *view = &engine->views[index];
    const struct sk_point_kind *kind = engine->site->points[index].kind;
    const double number = view->sample.number;
    if (view->stale || !sk_sample_may_clear(&view->sample) || kind == NULL ||
        !(number >= 0 && number < (double)kind->state_count))
        return;
    for (size_t i = 0; i < sizeof row->words / sizeof *row->words; i++)
        if (strcmp(kind->states[(size_t)number], row->words[i].word) == 0)
            *to = (struct sk_door_state_view){
                .state = row->words[i].state, .source = SK_DOOR_FROM_POLLING, .known = true, .since_us = view->changed_utc_us};
}

static uint8_t doubt_of(const struct sk_told *told, const struct sk_ctrl *ctrl)
{
    if (ctrl != NULL && ctrl->lost)
        return SK_DOUBT_CONTACT;
    if (!told->told)
        return SK_DOUBT_NEVER;
    return sk_told_is_known(told, ctrl) ? SK_DOUBT_NONE : SK_DOUBT_MISSING;
}

void sk_engine_door(const struct sk_engine *engine, uint32_t index, struct sk_door_view *ret_view)
{
    const struct sk_door_info *door = &engine->site->doors[index];
    const struct sk_door_watch *watch = &engine->door_watches[index];
    const struct sk_ctrl *ctrl = sk_door_ctrl(engine, index);
    *ret_view = (struct sk_door_view){.model = sk_door_model_alarm(&watch->model, ctrl),
                                      .model_since_us = watch->model.alarm_since_us,
                                      .doubt = doubt_of(&watch->model.told[SK_DF_PHYS], ctrl),
                                      .differs = watch->differs,
                                      .disabled_readers = watch->model.disabled};
    for (size_t i = 0; i < door->reader_count && i < 32; i++)
        ret_view->degraded_readers |= (uint32_t)sk_reader_is_degraded(engine, &door->readers[i]) << i;
    for (int i = 0; i < SK_DF_COUNT; i++) {
        const struct sk_told *told = &watch->model.told[i];
        struct sk_door_state_view *to = &ret_view->states[i];
        to->known = sk_told_is_known(told, ctrl);
        to->state = to->known ? told->state : 0;
        to->source = told->told ? SK_DOOR_FROM_EVENTS : SK_DOOR_FROM_NOWHERE;
        to->since_us = told->at_us;
    }
    for (size_t i = 0; i < sizeof polled / sizeof *polled; i++)
        if (!ret_view->states[polled[i].family].known && door->controller >= 0 && door->address >= 0)
            poll_state(engine, door, &polled[i], &ret_view->states[polled[i].family]);
}
