/* SPDX-License-Identifier: Apache-2.0 */
/* The plant's state, private to sim/plant. One struct per kind of thing, all in SI-like units named in the fields.
 * power.c, climate.c, safety.c and doors.c each move their own part by one quantum; observe.c turns state into point values. */
#ifndef SK_SIM_PLANT_STATE_H
#define SK_SIM_PLANT_STATE_H

#include <math.h>

#include "sim/plant/plant.h"

#define QUANTUM_S (SK_PLANT_QUANTUM_MS / 1000.0)

enum { ROOM_MAX = 32, ROOM_NONE = -1, WAIT_MAX = 8 };

/* What can be wrong with a thing itself; names and kinds in faults.c. */
enum plant_fault {
    FAULT_NONE,
    FAULT_OFF,
    FAULT_BATTERY,
    FAULT_OVERLOAD,
    FAULT_NO_START,
    FAULT_FAIL_CRANK,
    FAULT_TRIP,
    FAULT_BREAKER,
    FAULT_STUCK,
    FAULT_STOP,
    FAULT_COOLING,
    FAULT_LEAK,
    FAULT_BREAK,
    FAULT_SMOKE,
    FAULT_AIRFLOW,
    FAULT_FIRE,
    FAULT_TROUBLE,
    FAULT_COUNTDOWN,
    FAULT_DISCHARGE,
    FAULT_TAMPER,
    FAULT_DEGRADED
};

enum gen_phase { GEN_STOPPED, GEN_CRANKING, GEN_RESTING, GEN_WARMING, GEN_RUNNING, GEN_COOLING, GEN_FAILED };

struct ups {
    double charge; /* 0..1 of capacity */
    double capacity_kwh;
    double load_kw;
    double temperature;
    bool input, output, on_battery, charging;
};
struct generator {
    enum gen_phase phase;
    double phase_s;       /* in this phase */
    unsigned attempts;    /* cranks of this start */
    unsigned fail_cranks; /* how many of the next cranks fail */
    double speed_rpm, coolant_c, fuel_l, fuel_capacity_l, hours, battery_v, load_kw;
    bool breaker_closed, called;
};
struct ats {
    int source; /* 1 utility, 2 generator, 0 between */
    double lost_s, good_s, moving_s;
    int target;
    bool output;
    uint32_t transfers;
};
struct hvac {
    double setpoint_c, duty, supply_c, fan; /* duty and fan 0..1 */
    bool running, powered;
    double hours;
};
struct leak {
    double metre; /* NaN: dry */
    bool broken;
};
struct smoke {
    double obscuration, target; /* %/m */
    bool airflow_fault;
};
struct fire {
    bool fire, trouble;
    double seen_s;
};
struct gas {
    bool released, trouble;
    double countdown_s; /* -1: none */
};
struct controller {
    uint64_t next_seq;
};
struct counter {
    uint32_t in, out;
};

struct plant_device {
    const struct sk_device *site;
    enum sk_device_kind kind;
    int room;
    double jitter; /* -1..1, fixed: two devices never read alike */
    enum plant_fault fault;
    double amount; /* what the fault needs, see faults.c */
    union {
        struct ups ups;
        struct generator generator;
        struct ats ats;
        struct hvac hvac;
        struct leak leak;
        struct smoke smoke;
        struct fire fire;
        struct gas gas;
        struct controller controller;
        struct counter counter;
    };
};

struct room {
    const char *name;
    double temperature_c, moisture_g_kg, it_kw;
    unsigned coolers;
};

enum door_phase { DOOR_IDLE, DOOR_GRANTED, DOOR_OPEN };
struct waiting {
    uint8_t act; /* enum in doors.c */
    int32_t reader;
    bool granted;
    uint16_t reason, factors;
    uint32_t hold_ms, followers;
    uint8_t card[SK_PLANT_CARD_MAX], card_length;
    char credential[SK_PLANT_NAME_MAX], holder[SK_PLANT_NAME_MAX];
};
struct door {
    enum door_phase phase;
    double phase_s;
    bool open, locked, forced, too_long, taken;
    struct waiting queue[WAIT_MAX]; /* [0] is at the door */
    unsigned waiting;
};

struct plant_point {
    const struct reader_row *row; /* NULL: quiet default */
    unsigned n;                   /* number in the name ("ambient.3.x"), 0 none */
    bool overridden, missing;
    double number;
    char text[SK_TEXT_VALUE];
};

struct sk_plant {
    const struct sk_site *site;
    uint64_t random;
    uint32_t epoch, left_ms;
    int64_t time_ms;
    /* surroundings: the knobs */
    double utility, utility_v, outside_c, outside_rh, it_kw, quake_gal, water_mm;
    double energy_kwh;
    struct plant_device *devices;
    struct plant_point *points;
    struct room rooms[ROOM_MAX];
    int room_count;
    struct door *doors;
    int32_t *occupancy; /* per zone */
    struct sk_plant_event *events;
    size_t event_first, event_count, event_capacity;
};

double sk_plant_noise(struct sk_plant *plant); /* -1..1, advances the generator */
/* A wobble that depends on time and place only: looking at a value must not change the trace. */
double sk_plant_wobble(const struct sk_plant *plant, const struct plant_device *device, unsigned salt);
size_t sk_plant_count(const struct sk_plant *plant, enum sk_device_kind kind);

void sk_plant_power_init(struct sk_plant *plant);
void sk_plant_power_step(struct sk_plant *plant);
bool sk_plant_generator_runs(const struct generator *generator); /* gives voltage */
bool sk_plant_essential(const struct sk_plant *plant);           /* the bus behind the transfer switches is live */
double sk_plant_it_kw(const struct sk_plant *plant);             /* load that is really running */
double sk_plant_total_kw(const struct sk_plant *plant);
double sk_plant_ups_runtime_s(const struct ups *ups);

void sk_plant_climate_init(struct sk_plant *plant);
void sk_plant_climate_step(struct sk_plant *plant);
double sk_plant_humidity(const struct room *room); /* % RH */
double sk_plant_dew_point(double temperature_c, double humidity);

void sk_plant_safety_init(struct sk_plant *plant);
void sk_plant_safety_step(struct sk_plant *plant);

void sk_plant_doors_init(struct sk_plant *plant);
void sk_plant_doors_step(struct sk_plant *plant);
int32_t sk_plant_nth_door(const struct sk_plant *plant, const struct plant_device *controller, unsigned n); /* 1.. ; -1 */

struct person {
    const char *id, *card, *credential, *holder; /* the last two are tokens, as controllers send them */
    uint16_t reason;                             /* SK_DENY_NONE: let in */
};
const struct person *sk_plant_person_find(const char *id);
const struct person *sk_plant_card_find(const char *card);

/* Finds the reader of each point; observe.c. */
void sk_plant_observe_init(struct sk_plant *plant);

#endif
