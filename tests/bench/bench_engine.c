/* SPDX-License-Identifier: Apache-2.0 */
/* How many samples a second one core takes through the conditions. Prints one JSON line.
 * 50 000 points in batches of 100 as a register block brings them, three limits each (two thresholds with hysteresis, one
 * stale), every second device with a rate-of-change limit on one point; `changed`: every sample has a new value; `refresh`:
 * none has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/engine/engine.h"
#include "schemas/base/mem.h"

enum { POINTS = 50000, BATCH = 100, DEVICES = POINTS / BATCH, ROUNDS = 40 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct sk_point points[POINTS];
static struct sk_device devices[DEVICES];
static char point_ids[POINTS][24], device_ids[DEVICES][16];

static void build(struct sk_site *site)
{
    static const struct sk_limit limits[] = {
        {.condition = SK_COND_UPPER_CAUTION, .reading = 900, .hysteresis = 10, .dwell_ms = 5000, .severity = SK_SEV_MEDIUM},
        {.condition = SK_COND_LOWER_CAUTION, .reading = -900, .hysteresis = 10, .severity = SK_SEV_MEDIUM},
        {.condition = SK_COND_STALE, .severity = SK_SEV_LOW},
        {.condition = SK_COND_RATE_OF_CHANGE, .reading = 1e6, .window_ms = 900000, .severity = SK_SEV_LOW}};
    static const struct sk_point_kind kind = {.name = "t", .kind = SK_KIND_NUMBER, .unit = SK_UNIT_CELSIUS};
    static const struct sk_profile_point profile_point;
    static const struct sk_profile profile = {.kind = SK_DEV_METER};
    for (uint32_t i = 0; i < DEVICES; i++) {
        snprintf(device_ids[i], sizeof device_ids[i], "dev%u", i);
        devices[i] = (struct sk_device){.id = device_ids[i], .profile = &profile, .link = -1, .comm_lost_ms = 3000};
    }
    for (uint32_t i = 0; i < POINTS; i++) {
        snprintf(point_ids[i], sizeof point_ids[i], "dev%u/p%u", i / BATCH, i % BATCH);
        const bool rate = i % (2 * BATCH) == 0;
        points[i] = (struct sk_point){.device = i / BATCH,
                                      .kind = &kind,
                                      .profile = &profile_point,
                                      .id = point_ids[i],
                                      .name = "p",
                                      .stale_ms = 5000,
                                      .limits = limits,
                                      .limit_count = rate ? 4 : 3};
    }
    *site =
        (struct sk_site){.id = "bench", .points = points, .point_count = POINTS, .devices = devices, .device_count = DEVICES};
}

/* One run of ROUNDS seconds of plant time; returns samples per CPU second. */
static double run(struct sk_engine *engine, struct sk_effects *effects, int64_t from_s, uint8_t flags)
{
    static struct sk_sample samples[BATCH];
    const double begin = seconds();
    for (int64_t round = from_s; round < from_s + ROUNDS; round++)
        for (uint32_t first = 0; first < POINTS; first += BATCH) {
            const int64_t at = round * SK_US_PER_S + (int64_t)first * 20;
            const struct sk_now now = {.utc_us = INT64_C(1700000000000000) + at, .mono_us = at};
            for (uint32_t i = 0; i < BATCH; i++)
                samples[i] = (struct sk_sample){.point = first + i,
                                                .kind = SK_KIND_NUMBER,
                                                .quality = SK_Q_GOOD,
                                                .flags = flags,
                                                .number = flags != 0 ? 1 : (double)((round * 7 + first + i) % 800),
                                                .source_us = now.utc_us,
                                                .recv_us = now.utc_us,
                                                .mono_us = now.mono_us};
            sk_effects_clear(effects);
            if (sk_engine_samples(engine, samples, BATCH, NULL, 0, &now, effects) != SK_OK ||
                (sk_engine_deadline(engine) <= now.mono_us && sk_engine_tick(engine, &now, effects) != SK_OK))
                abort();
        }
    return (double)POINTS * ROUNDS / (seconds() - begin);
}

static long resident_kib(void)
{
    long pages = 0, all;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return pages * 4;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double events_per_second(struct sk_engine *engine, struct sk_effects *effects)
{
    enum { EVENTS = 100000 };
    bool duplicate;
    const double begin = seconds();
    for (uint64_t i = 1; i <= EVENTS; i++) {
        const int64_t at = (int64_t)i;
        const struct sk_now now = {.utc_us = INT64_C(1700000000000000) + at, .mono_us = at};
        const struct sk_access_event event = {.device = 0,
                                              .door = 0,
                                              .reader = -1,
                                              .ev = SK_EV_ACC_GRANTED,
                                              .epoch = 1,
                                              .seq = i,
                                              .has_identity = true,
                                              .t_ctrl_us = now.utc_us,
                                              .native_length = 200};
        sk_effects_clear(effects);
        if (sk_engine_event(engine, &event, &now, effects, &duplicate) != SK_OK || duplicate)
            abort();
    }
    return EVENTS / (seconds() - begin);
}

int main(void)
{
    static const struct sk_door_info bench_door = {.id = "d", .controller = 0, .zone_from = 0, .zone_to = 1};
    static struct sk_zone_info zones[2] = {{.id = "outside"}, {.id = "room", .class_ = 2}};
    static const struct sk_profile controller = {.kind = SK_DEV_DOOR};
    static struct sk_door_info doors[1];
    struct sk_site site;
    struct sk_engine *engine = NULL;
    struct sk_effects *effects = NULL;
    const struct sk_now now = {.utc_us = INT64_C(1700000000000000), .mono_us = 1};
    double changed[5], refresh[5];
    build(&site);
    doors[0] = bench_door;
    site.doors = doors;
    site.door_count = 1;
    site.zones = zones;
    site.zone_count = 2;
    devices[0].profile = &controller; /* no door without its controller and zones: the site file refuses it too */
    if (sk_effects_create(&effects) != SK_OK || sk_engine_create(&site, "bench", &engine) != SK_OK ||
        sk_engine_start(engine, &now, effects) != SK_OK)
        return 1;
    const double events = events_per_second(engine, effects);
    for (int i = 0; i < 5; i++) {
        changed[i] = run(engine, effects, 1 + 2 * i * ROUNDS, 0);
        refresh[i] = run(engine, effects, 1 + (2 * i + 1) * ROUNDS, SK_SAMPLE_REFRESH);
    }
    qsort(changed, 5, sizeof *changed, compare);
    qsort(refresh, 5, sizeof *refresh, compare);
    sk_mem_fail_at(0);
    run(engine, effects, 1 + 10 * ROUNDS, 0);
    const unsigned long allocations = sk_mem_fail_at(0);
    printf("{\"bench\":\"engine\",\"points\":%d,\"changed_samples_per_s\":%.0f,\"refresh_samples_per_s\":%.0f,"
           "\"door_events_per_s\":%.0f,\"allocations_in_steady_state\":%lu,\"resident_kib\":%ld}\n",
           POINTS, changed[2], refresh[2], events, allocations, resident_kib());
    sk_engine_free(engine);
    sk_effects_free(effects);
    return 0;
}
