/* SPDX-License-Identifier: Apache-2.0 */
/* Plays one scenario in virtual time: plant and engine in one process, no sockets, no sleeping; then checks what it expects.
 *
 *   direct_run SCENARIO.json SITE_TEMPLATE [PROFILES [SEED]]
 * The plant moves by its quantum; devices are "read" each of their periods, straight into samples; a device whose wire is dead
 * gives samples of bad quality, as a driver would. Alarms and records are taken from the engine's effects. Exit 0: all held. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/engine.h"
#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"
#include "sim/plant/scenario.h"
#include "tests/direct/at_desk.h"
#include "tests/direct/at_monitor.h"
#include "tests/direct/demo_roster.h"
#include "tests/direct/demo_site.h"
#include "tests/direct/observed.h"

enum { BATCH = 512, TEXT_AREA = 8192 };

struct run {
    struct sk_site *site;
    struct sk_plant *plant;
    struct sk_engine *engine;
    struct sk_effects *effects;
    struct sk_zone *zone;
    struct sk_scenario *scenario;
    bool *dead;      /* per device */
    int64_t *due_us; /* per device: next reading */
    struct sk_now now;
    size_t next_step;
    struct sk_access_event last; /* the newest event, for "replay" and "forge" */
    struct observed seen;
};

static const int64_t UTC_START_US = INT64_C(1790000000000000), MONO_START_US = INT64_C(1000000);

static double scenario_s(const struct run *run)
{
    return (double)(run->now.mono_us - MONO_START_US) / (double)SK_US_PER_S;
}

static void take_effects(struct run *run)
{
    for (size_t i = 0; i < sk_effects_count(run->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(run->effects, i);
        if (effect->kind == SK_EFFECT_ALARM) {
            observed_alarm(&run->seen, effect->alarm, scenario_s(run));
        } else if (effect->kind == SK_EFFECT_RECORD) {
            observed_record(&run->seen, run->site, effect->record, scenario_s(run));
        }
    }
    sk_effects_clear(run->effects);
}

static struct sk_sample sample_of(const struct run *run, uint32_t index, char *text, size_t *text_length)
{
    const struct sk_point *point = &run->site->points[index];
    struct sk_plant_value value;
    sk_plant_value(run->plant, index, &value);
    struct sk_sample sample = {.point = index,
                               .kind = (uint8_t)point->kind->kind,
                               .quality = SK_Q_GOOD,
                               .flags = SK_SAMPLE_SIMULATED,
                               .number = value.number,
                               .source_us = run->now.utc_us,
                               .recv_us = run->now.utc_us,
                               .mono_us = run->now.mono_us};
    if (run->dead[point->device]) {
        sample.quality = SK_Q_COMM_LAST_VALUE;
        sample.reason = SK_WHY_TIMEOUT;
    } else if (value.missing) {
        sample.quality = SK_Q_NOT_CONNECTED;
        sample.reason = SK_WHY_SENTINEL;
    }
    if (point->kind->kind == SK_KIND_TEXT) {
        const size_t length = strlen(value.text) + 1;
        sample.text = (uint32_t)*text_length;
        memcpy(text + *text_length, value.text, length);
        *text_length += length;
    }
    return sample;
}

static enum sk_err read_device(struct run *run, uint32_t index)
{
    static struct sk_sample samples[BATCH];
    static char text[TEXT_AREA];
    const struct sk_device *device = &run->site->devices[index];
    size_t count = 0, text_length = 0;
    enum sk_err err = SK_OK;
    for (uint32_t i = 0; i < device->point_count && err == SK_OK; i++) {
        if (run->site->points[device->first_point + i].profile == NULL) {
            continue;
        }
        samples[count++] = sample_of(run, device->first_point + i, text, &text_length);
        if (count == BATCH || text_length > TEXT_AREA - SK_TEXT_VALUE) {
            err = sk_engine_samples(run->engine, samples, count, text, text_length, &run->now, run->effects);
            count = text_length = 0;
        }
    }
    if (err == SK_OK && count > 0) {
        err = sk_engine_samples(run->engine, samples, count, text, text_length, &run->now, run->effects);
    }
    take_effects(run);
    return err;
}

static struct sk_access_event event_of(const struct run *run, const struct sk_plant_event *plant)
{
    struct sk_access_event event = {.device = plant->device,
                                    .door = (int32_t)plant->door,
                                    .reader = plant->reader,
                                    .ev = plant->ev,
                                    .reason = plant->reason,
                                    .decision = plant->decision,
                                    .state = plant->state,
                                    .has_identity = true,
                                    .simulated = true,
                                    .factors = plant->factors,
                                    .epoch = plant->epoch,
                                    .seq = plant->seq,
                                    .t_ctrl_us = run->now.utc_us,
                                    .mono_ms = (uint64_t)plant->at_ms,
                                    .recv_us = run->now.utc_us,
                                    .mono_us = run->now.mono_us};
    event.has_identifier_hmac =
        plant->card_length > 0 && demo_card_hmac(plant->card, plant->card_length, &event.identifier_hmac);
    (void)sk_text_copy(event.credential, sizeof event.credential, plant->credential);
    (void)sk_text_copy(event.holder, sizeof event.holder, plant->holder);
    (void)sk_text_copy(event.topic, sizeof event.topic, sk_event_topic(plant->ev));
    return event;
}

static enum sk_err hand_events(struct run *run)
{
    struct sk_plant_event plant;
    enum sk_err err = SK_OK;
    while (err == SK_OK && sk_plant_next_event(run->plant, &plant)) {
        const struct sk_access_event event = event_of(run, &plant);
        bool duplicate = false;
        run->last = event;
        err = sk_engine_event(run->engine, &event, &run->now, run->effects, &duplicate);
        take_effects(run);
    }
    return err;
}

/* The newest event once more, as it was or with another content. */
static enum sk_err send_again(struct run *run, bool forged)
{
    struct sk_access_event event = run->last;
    bool duplicate = false;
    event.recv_us = run->now.utc_us;
    event.mono_us = run->now.mono_us;
    event.mono_ms += forged ? 1 : 0;
    const enum sk_err err = sk_engine_event(run->engine, &event, &run->now, run->effects, &duplicate);
    take_effects(run);
    return err;
}

static enum sk_err do_fault(struct run *run, const cJSON *body, struct sk_fault *fault)
{
    const char *id = sk_json_text(sk_json_get(body, "device")), *name = sk_json_text(sk_json_get(body, "fault"));
    const cJSON *amount = sk_json_get(body, "amount");
    const int32_t device = id != NULL ? sk_site_device(run->site, id) : -1;
    if (device < 0 || name == NULL) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no device '%s'", id != NULL ? id : "");
    }
    if (strcmp(name, "dead") == 0) {
        run->dead[device] = true;
        return SK_OK;
    }
    if (strcmp(name, "gap") == 0) {
        sk_plant_skip_seq(run->plant, (uint32_t)device);
        return SK_OK;
    }
    if (strcmp(name, "replay") == 0 || strcmp(name, "forge") == 0) {
        return send_again(run, strcmp(name, "forge") == 0);
    }
    if (strcmp(name, "none") == 0) {
        run->dead[device] = false;
    }
    return sk_plant_fail(run->plant, (uint32_t)device, name, cJSON_IsNumber(amount) ? amount->valuedouble : (double)NAN, fault);
}

static enum sk_err do_step(struct run *run, const struct sk_step *step, struct sk_fault *fault)
{
    if (step->kind == SK_STEP_SET) {
        return sk_order_set(run->plant, step->body, fault);
    }
    if (step->kind == SK_STEP_FAULT) {
        return do_fault(run, step->body, fault);
    }
    if (step->kind == SK_STEP_DESK) {
        const int64_t start_us = run->now.utc_us - (run->now.mono_us - MONO_START_US);
        const struct at_desk desk = {run->engine, run->site, run->zone, run->effects, start_us};
        const enum sk_err err = at_desk_do(&desk, step->body, &run->now, fault);
        take_effects(run);
        return err;
    }
    if (step->kind == SK_STEP_MUSTER) {
        const enum sk_err err = at_monitor_do(run->engine, run->site, step->body, &run->now, run->effects, fault);
        take_effects(run);
        return err;
    }
    const char *id = sk_json_text(sk_json_get(step->body, "door"));
    const int32_t door = id != NULL ? sk_site_door(run->site, id) : -1;
    return door >= 0 ? sk_order_pass(run->plant, (uint32_t)door, step->body, fault)
                     : sk_fault_set(fault, SK_ERR_NOT_FOUND, "no door '%s'", id != NULL ? id : "");
}

static enum sk_err turn(struct run *run, struct sk_fault *fault)
{
    enum sk_err err = SK_OK;
    run->now.mono_us += SK_PLANT_QUANTUM_MS * SK_US_PER_MS;
    run->now.utc_us += SK_PLANT_QUANTUM_MS * SK_US_PER_MS;
    while (err == SK_OK && run->next_step < run->scenario->step_count &&
           run->scenario->steps[run->next_step].at_s <= scenario_s(run)) {
        err = do_step(run, &run->scenario->steps[run->next_step++], fault);
    }
    sk_plant_step(run->plant, SK_PLANT_QUANTUM_MS);
    if (err == SK_OK) {
        err = hand_events(run);
    }
    for (uint32_t i = 0; i < run->site->device_count && err == SK_OK; i++) {
        const struct sk_device *device = &run->site->devices[i];
        if (device->profile != NULL && device->link >= 0 && run->now.mono_us >= run->due_us[i]) {
            run->due_us[i] = run->now.mono_us + (int64_t)device->period_ms * SK_US_PER_MS;
            err = read_device(run, i);
        }
    }
    if (err == SK_OK && sk_engine_deadline(run->engine) <= run->now.mono_us) {
        err = sk_engine_tick(run->engine, &run->now, run->effects);
        take_effects(run);
    }
    return err;
}

/* A door's week as the pending table keeps it: so many events in each hour of a span of each day. */
static bool learn(struct run *run, const cJSON *json)
{
    static const char *const KEYS[] = {"weeks", "from_hour", "to_hour", "per_hour"};
    const char *door = sk_json_text(sk_json_get(json, "door"));
    double figures[4];
    char key[SK_PENDING_KEY_MAX];
    uint8_t bytes[SK_PENDING_BYTES_MAX];
    struct sk_writer writer;
    for (size_t i = 0; i < 4; i++) {
        const cJSON *item = sk_json_get(json, KEYS[i]);
        if (door == NULL || !cJSON_IsNumber(item)) {
            return false;
        }
        figures[i] = item->valuedouble;
    }
    sk_writer_init(&writer, bytes, sizeof bytes);
    sk_write_u8(&writer, 1);
    for (int hour = 0; hour < 168; hour++) {
        sk_write_f64(&writer, hour % 24 >= figures[1] && hour % 24 < figures[2] ? figures[3] : 0);
        sk_write_u8(&writer, (uint8_t)figures[0]);
    }
    (void)sk_text_format(key, sizeof key, "busy/%s", door);
    return sk_engine_restore_pending(run->engine, key, bytes, writer.length, &run->now) == SK_OK;
}

static enum sk_err prepare(struct run *run, int argc, char **argv, struct sk_fault *fault)
{
    cJSON *json = NULL;
    enum sk_err err = sk_json_parse_file(argv[1], &SK_JSON_FILE, &json, fault);
    if (err == SK_OK && (err = sk_scenario_read(json, &run->scenario, fault)) != SK_OK) {
        cJSON_Delete(json);
    }
    if (err == SK_OK) {
        err = demo_site_load(argv[2], argc > 3 ? argv[3] : NULL, &run->site, fault);
    }
    if (err != SK_OK) {
        return err;
    }
    const struct sk_plant_config config = {.site = run->site, .seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1, .epoch = 7};
    run->now = (struct sk_now){.utc_us = run->scenario->start_us > 0 ? run->scenario->start_us : UTC_START_US,
                               .mono_us = MONO_START_US,
                               .clock_quality = SK_CLOCK_VIRTUAL};
    run->dead = sk_calloc(run->site->device_count + 1, sizeof *run->dead);
    run->due_us = sk_calloc(run->site->device_count + 1, sizeof *run->due_us);
    err = run->dead == NULL || run->due_us == NULL ? SK_ERR_NOMEM : sk_plant_create(&config, &run->plant);
    if (err == SK_OK) {
        err = sk_effects_create(&run->effects);
    }
    if (err == SK_OK) {
        err = sk_engine_create(run->site, "00000000-0000-0000-0000-000000000001", &run->engine);
    }
    if (err == SK_OK) {
        err = sk_zone_load(run->site->zone_name, &run->zone, fault);
    }
    if (err != SK_OK) {
        return err;
    }
    sk_engine_set_zone(run->engine, run->zone);
    const cJSON *learned = NULL;
    cJSON_ArrayForEach(learned, run->scenario->learned)
    {
        if (!learn(run, learned)) {
            return sk_fault_set(fault, SK_ERR_PARSE, "learned: expected door, weeks, from_hour, to_hour, per_hour");
        }
    }
    err = sk_engine_start(run->engine, &run->now, run->effects);
    return err == SK_OK ? demo_roster_load(argv[2], run->site, run->zone, run->engine, &run->now, run->effects, fault) : err;
}

static void finish(struct run *run)
{
    sk_engine_free(run->engine);
    sk_effects_free(run->effects);
    sk_zone_free(run->zone);
    sk_plant_free(run->plant);
    sk_scenario_free(run->scenario);
    sk_site_free(run->site);
    sk_free(run->dead);
    sk_free(run->due_us);
    observed_free(&run->seen);
}

int main(int argc, char **argv)
{
    struct run run = {0};
    struct sk_fault fault = {0};
    if (argc < 3) {
        (void)fprintf(stderr, "usage: direct_run SCENARIO.json SITE_TEMPLATE [PROFILES [SEED]]\n");
        return 2;
    }
    enum sk_err err = prepare(&run, argc, argv, &fault);
    take_effects(&run);
    while (err == SK_OK && scenario_s(&run) < run.scenario->duration_s) {
        err = turn(&run, &fault);
    }
    int failures = 1;
    if (err != SK_OK) {
        (void)printf("stopped: %s: %s\n", sk_err_text(err), fault.text);
    } else {
        failures = observed_check(&run.seen, run.scenario) + at_monitor_check(run.engine, run.site, run.scenario, &run.now);
    }
    finish(&run);
    return failures == 0 ? 0 : 1;
}
