/* SPDX-License-Identifier: Apache-2.0 */
/* The player: a scenario, the plant time it began at, and the next step. */
#include "sim/play.h"

#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"
#include "sim/plant/scenario.h"

struct sim_play {
    struct sk_scenario *scenario;
    int64_t begin_ms;
    size_t next;
};

static bool is_name(const char *name)
{
    const size_t length = strlen(name);
    return length > 0 && length <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

enum sk_err sim_play_start(struct sim *sim, const char *name, struct sk_fault *fault)
{
    char path[1024];
    cJSON *json = NULL;
    if (sim->play != NULL) {
        return sk_fault_set(fault, SK_ERR_BUSY, "scenario '%s' still plays", sim->play->scenario->id);
    }
    if (!is_name(name) || !sk_text_format(path, sizeof path, "%s/%s.json", sim->scenario_directory, name)) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no scenario of that name; GET /scenarios lists them");
    }
    enum sk_err err = sk_json_parse_file(path, &SK_JSON_FILE, &json, fault);
    if (err != SK_OK) {
        return err == SK_ERR_IO ? sk_fault_set(fault, SK_ERR_NOT_FOUND, "no scenario '%s'; GET /scenarios lists them", name)
                                : err;
    }
    struct sim_play *play = sk_calloc(1, sizeof *play);
    err = play != NULL ? sk_scenario_read(json, &play->scenario, fault) : SK_ERR_NOMEM;
    if (err != SK_OK) {
        sk_free(play);
        cJSON_Delete(json);
        return err;
    }
    play->begin_ms = sk_plant_time_ms(sim->plant);
    sim->play = play;
    return SK_OK;
}

static enum sk_err do_fault(struct sim *sim, const cJSON *body, struct sk_fault *fault)
{
    struct sim_fault_request request;
    const char *id = sk_json_text(sk_json_get(body, "device"));
    const int32_t device = id != NULL ? sk_site_device(sim->site, id) : -1;
    const enum sk_err err = sim_fault_read(body, &request, fault);
    if (err != SK_OK || device < 0) {
        return err != SK_OK ? err : sk_fault_set(fault, SK_ERR_NOT_FOUND, "no device '%s'", id != NULL ? id : "");
    }
    return sim_fail(sim, (uint32_t)device, &request, fault);
}

static enum sk_err do_step(struct sim *sim, const struct sk_step *step, struct sk_fault *fault)
{
    if (step->kind == SK_STEP_SET) {
        return sk_order_set(sim->plant, step->body, fault);
    }
    if (step->kind == SK_STEP_FAULT) {
        return do_fault(sim, step->body, fault);
    }
    if (step->kind == SK_STEP_MUSTER || step->kind == SK_STEP_DESK) {
        return SK_OK; /* people at the monitor, not in the plant */
    }
    const char *id = sk_json_text(sk_json_get(step->body, "door"));
    const int32_t door = id != NULL ? sk_site_door(sim->site, id) : -1;
    return door >= 0 ? sk_order_pass(sim->plant, (uint32_t)door, step->body, fault)
                     : sk_fault_set(fault, SK_ERR_NOT_FOUND, "no door '%s'", id != NULL ? id : "");
}

void sim_play_turn(struct sim *sim)
{
    struct sim_play *play = sim->play;
    if (play == NULL) {
        return;
    }
    const double at_s = (double)(sk_plant_time_ms(sim->plant) - play->begin_ms) / 1000.0;
    while (play->next < play->scenario->step_count && play->scenario->steps[play->next].at_s <= at_s) {
        struct sk_fault fault = {0};
        if (do_step(sim, &play->scenario->steps[play->next], &fault) != SK_OK) {
            sk_log(SK_LOG_WARNING, "scenario %s, step %zu: %s", play->scenario->id, play->next, fault.text);
        }
        play->next++;
    }
    if (play->next == play->scenario->step_count && at_s >= play->scenario->duration_s) {
        sim_play_free(sim);
    }
}

void sim_play_free(struct sim *sim)
{
    if (sim->play != NULL) {
        sk_scenario_free(sim->play->scenario);
        sk_free(sim->play);
        sim->play = NULL;
    }
}

const char *sim_play_name(const struct sim *sim, double *ret_at_s, double *ret_duration_s)
{
    if (sim->play == NULL) {
        return NULL;
    }
    *ret_at_s = (double)(sk_plant_time_ms(sim->plant) - sim->play->begin_ms) / 1000.0;
    *ret_duration_s = sim->play->scenario->duration_s;
    return sim->play->scenario->id;
}
