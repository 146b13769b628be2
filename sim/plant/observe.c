/* SPDX-License-Identifier: Apache-2.0 */
/* From state to what a device says: every row of readings.def becomes a small function and a line of the table below.
 *
 * Phases are arithmetic, not rows: "L1-N" of a voltage is the line voltage over root three, "L1" of a current is a third of
 * the three-phase figure the row gives in total (current is the same in every conductor). */
#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "sim/plant/state.h"

static const double UPS_RATED_KW = 100.0, GEN_RATED_KW = 250.0, ROOT3 = 1.7320508075688772;

struct reading {
    double number;
    const char *words; /* NULL: number */
};
typedef struct reading (*reader_fn)(const struct sk_plant *p, const struct plant_device *d, unsigned n);
struct reader_row {
    int kind; /* 0 any */
    const char *name;
    reader_fn read;
};

static const char *truth(bool yes)
{
    return yes ? "true" : "false";
}
static const char *active(bool yes)
{
    return yes ? "active" : "normal";
}
static double amperes(double kilowatt)
{
    return kilowatt * 1000.0 / (200.0 * ROOT3 * 0.95);
}

static double utility_v(const struct sk_plant *p, const struct plant_device *d)
{
    return p->utility > 0.5 ? p->utility_v + 0.5 * sk_plant_wobble(p, d, 12) : 0.0;
}

static bool generator_closed(const struct sk_plant *p)
{
    for (size_t i = 0; i < p->site->device_count; i++) {
        if (p->devices[i].kind == SK_DEV_GENERATOR && p->devices[i].generator.breaker_closed) {
            return true;
        }
    }
    return false;
}

/* The transfer switch that a device speaks of: itself, or the site's first (a generator panel shows it too). */
static const struct plant_device *switch_of(const struct sk_plant *p, const struct plant_device *d)
{
    static const struct plant_device NONE = {.kind = SK_DEV_ATS, .ats = {.source = 1}};
    if (d->kind == SK_DEV_ATS) {
        return d;
    }
    for (size_t i = 0; i < p->site->device_count; i++) {
        if (p->devices[i].kind == SK_DEV_ATS) {
            return &p->devices[i];
        }
    }
    return &NONE;
}

static const char *ats_word(const struct sk_plant *p, const struct plant_device *d)
{
    const int source = switch_of(p, d)->ats.source;
    return source == 1 ? "normal" : source == 2 ? "emergency" : "moving";
}

static double bus_v(const struct sk_plant *p, const struct plant_device *d)
{
    return !sk_plant_essential(p) ? 0.0 : utility_v(p, d) > 170.0 ? utility_v(p, d) : 201.0;
}

static double bus_hz(const struct sk_plant *p, const struct plant_device *d)
{
    return sk_plant_essential(p) ? 50.0 + 0.02 * sk_plant_wobble(p, d, 13) : 0.0;
}

static double fuel(const struct sk_plant *p)
{
    for (size_t i = 0; i < p->site->device_count; i++) {
        if (p->devices[i].kind == SK_DEV_GENERATOR) {
            return p->devices[i].generator.fuel_l / p->devices[i].generator.fuel_capacity_l;
        }
    }
    return 0.9;
}

static double room_c(const struct sk_plant *p, const struct plant_device *d)
{
    return d->room == ROOM_NONE ? 24.0 : p->rooms[d->room].temperature_c;
}
static double room_rh(const struct sk_plant *p, const struct plant_device *d)
{
    return d->room == ROOM_NONE ? 45.0 : sk_plant_humidity(&p->rooms[d->room]);
}
static double probe_c(const struct sk_plant *p, const struct plant_device *d)
{
    return room_c(p, d) + 0.4 * d->jitter + 0.1 * sk_plant_wobble(p, d, 14);
}
static double probe_rh(const struct sk_plant *p, const struct plant_device *d)
{
    return fmin(100.0, room_rh(p, d) + 1.0 * d->jitter + 0.3 * sk_plant_wobble(p, d, 15));
}

static const char *ups_words(const struct plant_device *d)
{
    const struct ups *ups = &d->ups;
    if (!ups->output) {
        return "OFF";
    }
    if (ups->on_battery) {
        return ups->charge < 0.2 ? "OB DISCHRG LB" : "OB DISCHRG";
    }
    if (d->fault == FAULT_OVERLOAD) {
        return "OL OVER";
    }
    if (d->fault == FAULT_BATTERY) {
        return ups->charging ? "OL CHRG RB" : "OL RB";
    }
    return ups->charging ? "OL CHRG" : "OL";
}

static const char *gen_word(const struct plant_device *d)
{
    static const char *const WORDS[] = {"stopped", "cranking", "prestart", "warmup", "running", "cooldown", "fault"};
    return WORDS[d->generator.phase];
}

static const char *hvac_words(const struct sk_plant *p, const struct plant_device *d)
{
    const bool hot = room_c(p, d) > 30.0;
    return d->fault == FAULT_COOLING ? (hot ? "compressor high_temperature" : "compressor") : hot ? "high_temperature" : "";
}

static bool leaking(const struct plant_device *d)
{
    return !isnan(d->leak.metre);
}
static const char *leak_word(const struct plant_device *d)
{
    return leaking(d) ? "wet" : d->leak.broken ? "fault" : "dry";
}

/* Levels of an aspirating detector in %/m: alert, action, fire 1, fire 2. Ours, of the usual order. */
static int smoke_step(const struct plant_device *d)
{
    static const double LEVELS[] = {0.08, 0.14, 0.2, 2.0};
    int step = 0;
    while (step < 4 && d->smoke.obscuration >= LEVELS[step]) {
        step++;
    }
    return step;
}
static const char *smoke_word(const struct plant_device *d)
{
    static const char *const WORDS[] = {"normal", "alert", "action", "fire", "fire"};
    return WORDS[smoke_step(d)];
}
static const char *smoke_words(const struct plant_device *d)
{
    static const char *const WORDS[] = {"", "alert", "alert action1", "alert action1 fire1", "alert action1 fire1 fire2"};
    return WORDS[smoke_step(d)];
}
static const char *fire_word(const struct plant_device *d)
{
    return d->fire.fire ? "alarm" : d->fire.trouble ? "fault" : "normal";
}
static const char *gas_word(const struct plant_device *d)
{
    return d->gas.released || d->gas.countdown_s >= 0.0 ? "alarm" : d->gas.trouble ? "fault" : "normal";
}

static struct sk_plant_door_view door_of(const struct sk_plant *p, const struct plant_device *d, unsigned n)
{
    struct sk_plant_door_view view = {.locked = true};
    const int32_t door = sk_plant_nth_door(p, d, n == 0 ? 1 : n);
    if (door >= 0) {
        sk_plant_door(p, (uint32_t)door, &view);
    }
    return view;
}
static const char *open_word(const struct sk_plant *p, const struct plant_device *d, unsigned n)
{
    return door_of(p, d, n).open ? "open" : "closed";
}
static const char *lock_word(const struct sk_plant *p, const struct plant_device *d, unsigned n)
{
    return door_of(p, d, n).locked ? "locked" : "unlocked";
}

#define N(kind, label, name, expression)                                                                                       \
    static struct reading read_##label(const struct sk_plant *p, const struct plant_device *d, unsigned n)                     \
    {                                                                                                                          \
        (void)p, (void)d, (void)n;                                                                                             \
        return (struct reading){.number = (double)(expression)};                                                               \
    }
#define W(kind, label, name, expression)                                                                                       \
    static struct reading read_##label(const struct sk_plant *p, const struct plant_device *d, unsigned n)                     \
    {                                                                                                                          \
        (void)p, (void)d, (void)n;                                                                                             \
        return (struct reading){.words = (expression)};                                                                        \
    }
#include "sim/plant/readings.def"
#undef N
#undef W

static const struct reader_row ROWS[] = {
#define N(kind, label, name, expression) {kind, name, read_##label},
#define W(kind, label, name, expression) {kind, name, read_##label},
#include "sim/plant/readings.def"
#undef N
#undef W
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

static bool is_phase(const char *step, size_t length)
{
    return length >= 2 && step[0] == 'L' && step[1] >= '1' && step[1] <= '3';
}

/* "input.L1-N.voltage" -> "input.voltage", *ret_phase "L1-N"; names without a phase stay as they are. */
static void strip_phase(const char *name, char *to, size_t capacity, char ret_phase[8])
{
    size_t used = 0;
    ret_phase[0] = '\0';
    while (*name != '\0') {
        const size_t length = strcspn(name, ".");
        if (is_phase(name, length) && length < 8) {
            memcpy(ret_phase, name, length);
            ret_phase[length] = '\0';
        } else if (used + length + 2 < capacity) {
            if (used > 0) {
                to[used++] = '.';
            }
            memcpy(to + used, name, length);
            used += length;
        }
        name += length + (name[length] == '.' ? 1 : 0);
    }
    to[used] = '\0';
}

static const struct reader_row *find_row(int kind, const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((ROWS[i].kind == 0 || ROWS[i].kind == kind) && strcmp(ROWS[i].name, name) == 0) {
            return &ROWS[i];
        }
    }
    return NULL;
}

static unsigned number_in(const char *name)
{
    for (const char *at = name; at != NULL; at = strchr(at, '.')) {
        at += *at == '.' ? 1 : 0;
        if (*at >= '0' && *at <= '9') {
            return (unsigned)strtoul(at, NULL, 10);
        }
    }
    return 0;
}

void sk_plant_observe_init(struct sk_plant *plant)
{
    char name[128], phase[8];
    for (size_t i = 0; i < plant->site->point_count; i++) {
        const struct sk_point *point = &plant->site->points[i];
        if (point->profile == NULL || point->kind == NULL) {
            continue; /* the monitor's own: no device says it */
        }
        strip_phase(point->kind->name, name, sizeof name, phase);
        plant->points[i].row = find_row((int)plant->devices[point->device].kind, name);
        plant->points[i].n = number_in(point->name);
    }
}

bool sk_plant_knows(const struct sk_plant *plant, uint32_t point)
{
    return plant->points[point].row != NULL;
}

static double scale_to_phase(const struct sk_point *point, double number)
{
    char name[128], phase[8];
    strip_phase(point->kind->name, name, sizeof name, phase);
    if (phase[0] == '\0') {
        return number;
    }
    switch ((int)point->kind->unit) {
    case SK_UNIT_VOLT:
        return strcmp(phase + 2, "-N") == 0 ? number / ROOT3 : number;
    case SK_UNIT_WATT:
    case SK_UNIT_KILOWATT:
    case SK_UNIT_VA:
    case SK_UNIT_VAR:
        return number / 3.0;
    default:
        return number;
    }
}

static double flags_of(const struct sk_point_kind *kind, const char *words)
{
    uint64_t mask = 0;
    char word[48];
    while (*words != '\0') {
        const size_t length = strcspn(words, " ");
        const int bit = sk_text_format(word, sizeof word, "%.*s", (int)length, words) ? sk_point_state_parse(kind, word) : -1;
        mask |= bit >= 0 && bit < 64 ? UINT64_C(1) << bit : 0;
        words += length;
        words += strspn(words, " ");
    }
    return (double)mask;
}

static void say_words(const struct sk_point *point, const char *words, struct sk_plant_value *value)
{
    switch (point->kind->kind) {
    case SK_KIND_STATE: {
        const int state = sk_point_state_parse(point->kind, words);
        value->number = state >= 0 ? state : 0;
        break;
    }
    case SK_KIND_FLAGS:
        value->number = flags_of(point->kind, words);
        break;
    default:
        (void)sk_text_copy(value->text, sizeof value->text, words);
        break;
    }
}

static bool names_no_door(const struct sk_plant *plant, const struct plant_device *device, const char *name, unsigned n)
{
    return device->kind == SK_DEV_DOOR && strncmp(name, "door.n.", 7) == 0 && sk_plant_nth_door(plant, device, n) < 0;
}

void sk_plant_value(const struct sk_plant *plant, uint32_t index, struct sk_plant_value *ret_value)
{
    const struct sk_point *point = &plant->site->points[index];
    const struct plant_point *mine = &plant->points[index];
    *ret_value = (struct sk_plant_value){.missing = mine->overridden && mine->missing, .overridden = mine->overridden};
    if (mine->overridden) {
        ret_value->number = mine->number;
        memcpy(ret_value->text, mine->text, sizeof ret_value->text);
        return;
    }
    const struct plant_device *device = &plant->devices[point->device];
    if (mine->row == NULL || names_no_door(plant, device, point->kind->name, mine->n)) {
        /* a device that lacks a quantity says so where its profile knows how */
        ret_value->missing = point->profile != NULL && point->profile->sentinel_count > 0 &&
                             (mine->row != NULL || point->kind->kind == SK_KIND_NUMBER);
        return;
    }
    const struct reading reading = mine->row->read(plant, device, mine->n);
    if (reading.words != NULL) {
        say_words(point, reading.words, ret_value);
    } else {
        ret_value->number = scale_to_phase(point, reading.number);
    }
}
