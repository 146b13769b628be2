/* SPDX-License-Identifier: Apache-2.0 */
/* The plant: a whole facility as plain physics. Pure: no clock, no I/O, no threads; the same site, seed and calls give the same
 * values for ever, because time moves only in steps of SK_PLANT_QUANTUM_MS however the caller slices it.
 *
 * It knows what to simulate from the loaded site: every device of a known kind gets its model (UPS with battery, generator,
 * air conditioner ...), every room named by a place gets air that warms, every door of a controller gets a leaf and a lock.
 * Values are asked for by the site's point index; a point that no model knows answers a quiet default (0, first state, no
 * flag). Overrides win over physics until released: they change what a device says, not what is so. Faults change what is so.
 * Events of doors queue up in order, numbered per controller, until taken. Lifetime: the site is borrowed. */
#ifndef SK_SIM_PLANT_H
#define SK_SIM_PLANT_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/err.h"
#include "schemas/model/sample.h"
#include "schemas/model/site.h"

enum { SK_PLANT_QUANTUM_MS = 100, SK_PLANT_CARD_MAX = 16, SK_PLANT_NAME_MAX = 32 };

struct sk_plant;

struct sk_plant_config {
    const struct sk_site *site;
    uint64_t seed;
    uint32_t epoch; /* of every door controller: another number for every start of the simulated panels */
};

/* NOMEM only. */
enum sk_err sk_plant_create(const struct sk_plant_config *config, struct sk_plant **ret_plant);
void sk_plant_free(struct sk_plant *plant);
void sk_plant_step(struct sk_plant *plant, uint32_t dt_ms);
int64_t sk_plant_time_ms(const struct sk_plant *plant); /* since creation, in whole quanta */

/* What a device would say now. */
struct sk_plant_value {
    bool missing; /* the device says "no value" (set by an override) */
    bool overridden;
    double number; /* NUMBER, STATE (index), FLAGS (mask) */
    char text[SK_TEXT_VALUE];
};
void sk_plant_value(const struct sk_plant *plant, uint32_t point, struct sk_plant_value *ret_value);
bool sk_plant_knows(const struct sk_plant *plant, uint32_t point); /* false: the quiet default */

/* What one sets a point or knob to. */
enum sk_plant_form { SK_PLANT_NUMBER, SK_PLANT_WORD, SK_PLANT_MISSING, SK_PLANT_RELEASE };
struct sk_plant_input {
    enum sk_plant_form form;
    double number;
    const char *word; /* state word, flag words separated by spaces, or text */
};
/* id is a point ("ups1/battery.charge") or a knob of the surroundings ("plant/utility", see sk_plant_knob).
 * NOT_FOUND, or INVALID when the value does not fit the kind; the fault says what would. */
enum sk_err sk_plant_set(struct sk_plant *plant, const char *id, const struct sk_plant_input *input, struct sk_fault *fault);
/* Knobs by number, for GET /state: NULL past the end. */
const char *sk_plant_knob(const struct sk_plant *plant, size_t index, double *ret_value);

/* Faults of the thing itself, by name: "stop" a CRAC, "leak" at a metre ... "none" repairs. The list is in faults.c.
 * amount: what the fault needs (metre, %/m, count); NaN takes the fault's own default. */
enum sk_err sk_plant_fail(struct sk_plant *plant, uint32_t device, const char *name, double amount, struct sk_fault *fault);
bool sk_plant_fault_is_known(enum sk_device_kind kind, const char *name);
const char *sk_plant_fault(const struct sk_plant *plant, uint32_t device); /* "none" when well */

/* A person at a door. */
struct sk_plant_passage {
    const char *person; /* of the plant's people (people.c), or NULL */
    const char *card;   /* hex, when no person; NULL with act forced, rex */
    const char *act;    /* NULL = "pass"; not_taken, held, forced, rex, duress */
    uint16_t factors;   /* mask of 1 << enum sk_factor; 0 = what the reader requires */
    bool exit;          /* against the door's direction */
    uint32_t followers; /* people who slip through behind: a counter sees them, the controller does not */
    uint32_t hold_ms;   /* how long the door stays open; 0 = 2 s (held: twice the allowed time) */
};
/* NOT_FOUND (person), INVALID (card, act), BUSY when eight people wait at that door. */
enum sk_err sk_plant_pass(struct sk_plant *plant, uint32_t door, const struct sk_plant_passage *passage,
                          struct sk_fault *fault);

/* What a controller reports, in the order it happened. */
struct sk_plant_event {
    uint32_t device, door;
    int32_t reader; /* index of the door's readers, -1 none */
    uint16_t ev, reason;
    uint8_t decision, state;
    uint16_t factors;
    uint32_t epoch;
    uint64_t seq;
    int64_t at_ms; /* plant time */
    uint8_t card[SK_PLANT_CARD_MAX];
    uint8_t card_length;
    char credential[SK_PLANT_NAME_MAX], holder[SK_PLANT_NAME_MAX];
};
bool sk_plant_next_event(struct sk_plant *plant, struct sk_plant_event *ret_event);
/* Burns a sequence number of a controller, so that the next event shows a gap. */
void sk_plant_skip_seq(struct sk_plant *plant, uint32_t device);

uint64_t sk_plant_next_seq(const struct sk_plant *plant, uint32_t device); /* the number a controller gives out next */

/* Doors and people, for GET /state. */
struct sk_plant_door_view {
    bool open, locked, forced, too_long;
    unsigned waiting;
};
void sk_plant_door(const struct sk_plant *plant, uint32_t door, struct sk_plant_door_view *ret_view);
int32_t sk_plant_occupancy(const struct sk_plant *plant, uint32_t zone);
/* The plant's people by number: id, card in hex, NULL past the end. */
const char *sk_plant_person(size_t index, const char **ret_card);

#endif
