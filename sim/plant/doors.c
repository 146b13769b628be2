/* SPDX-License-Identifier: Apache-2.0 */
/* Doors: a leaf with a contact, a lock, a queue of people, and a controller that reports every step in ONVIF words.
 *
 * A passage: the card is judged at once (granted or denied), a granted person opens after OPEN_S, has passed TAKEN_S later and
 * lets go after hold_ms; who does not open within ReleaseTime is "not taken". Longer open than OpenTime is DoorOpenTooLong.
 * A forced door opens without any grant. A door whose owner has left the loop (unlocked by REX) alarms nothing. */
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"
#include "schemas/model/access_event.h"
#include "sim/plant/state.h"

static const double OPEN_S = 0.8, TAKEN_S = 0.7;
enum { HOLD_MS = 2000, EVENTS_MAX = 65536, RELEASE_MS = 5000, OPEN_MS = 30000 };
enum act { ACT_PASS, ACT_NOT_TAKEN, ACT_HELD, ACT_FORCED, ACT_REX, ACT_DURESS, ACT_RELEASED, ACT_SECURED };
static const char *const ACTS[] = {"pass", "not_taken", "held", "forced", "rex", "duress", "released", "secured"};

void sk_plant_doors_init(struct sk_plant *plant)
{
    for (size_t i = 0; i < plant->site->door_count; i++) {
        plant->doors[i].locked = true;
    }
    for (size_t i = 0; i < plant->site->device_count; i++) {
        if (plant->devices[i].kind == SK_DEV_DOOR) {
            plant->devices[i].controller.next_seq = 1;
        }
    }
}

int32_t sk_plant_nth_door(const struct sk_plant *plant, const struct plant_device *controller, unsigned n)
{
    unsigned seen = 0;
    for (size_t i = 0; i < plant->site->door_count; i++) {
        const int32_t owner = plant->site->doors[i].controller;
        if (owner >= 0 && &plant->devices[owner] == controller && ++seen == n) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* A full queue (nobody takes events) drops the oldest: its number is gone and shows as a gap, as with a real ring. */
static struct sk_plant_event *append(struct sk_plant *plant)
{
    if (plant->event_first > 0 && plant->event_first + plant->event_count == plant->event_capacity) {
        memmove(plant->events, plant->events + plant->event_first, plant->event_count * sizeof *plant->events);
        plant->event_first = 0;
    }
    const size_t used = plant->event_first + plant->event_count;
    struct sk_plant_event *grown = sk_grow(plant->events, used, &plant->event_capacity, sizeof *grown, EVENTS_MAX);
    if (grown == NULL) {
        if (plant->event_count == 0) {
            return NULL;
        }
        memmove(plant->events, plant->events + 1, (plant->event_count - 1) * sizeof *plant->events);
        plant->event_count--;
        plant->event_first = 0;
    } else {
        plant->events = grown;
    }
    return &plant->events[plant->event_first + plant->event_count++];
}

/* Reports about the person at the door (who) or about the door itself (NULL). */
static void report(struct sk_plant *plant, uint32_t door, const struct waiting *who, enum sk_event ev, int state)
{
    const int32_t owner = plant->site->doors[door].controller;
    if (owner < 0 || plant->devices[owner].kind != SK_DEV_DOOR) {
        return;
    }
    struct sk_plant_event *event = append(plant);
    if (event == NULL) {
        return;
    }
    *event = (struct sk_plant_event){.device = (uint32_t)owner,
                                     .door = door,
                                     .reader = who != NULL ? who->reader : -1,
                                     .ev = (uint16_t)ev,
                                     .state = (uint8_t)state,
                                     .epoch = plant->epoch,
                                     .seq = plant->devices[owner].controller.next_seq++,
                                     .at_ms = plant->time_ms};
    if (who == NULL) {
        return;
    }
    event->reason = who->reason;
    event->factors = who->factors;
    event->decision = ev == SK_EV_ACC_DENIED ? SK_DECISION_DENIED : SK_DECISION_GRANTED;
    event->card_length = who->card_length;
    memcpy(event->card, who->card, sizeof event->card);
    memcpy(event->credential, who->credential, sizeof event->credential);
    memcpy(event->holder, who->holder, sizeof event->holder);
}

static void leave(struct door *door)
{
    if (door->waiting > 0) {
        door->waiting--;
        memmove(door->queue, door->queue + 1, door->waiting * sizeof door->queue[0]);
    }
    door->phase = DOOR_IDLE;
    door->phase_s = 0.0;
    door->taken = false;
}

static void set_lock(struct sk_plant *plant, uint32_t index, bool locked)
{
    struct door *door = &plant->doors[index];
    if (door->locked != locked) {
        door->locked = locked;
        report(plant, index, NULL, SK_EV_DOOR_LOCK, locked ? SK_DOOR_LOCK_LOCKED : SK_DOOR_LOCK_UNLOCKED);
    }
}

/* By the fire panel or by hand: everybody may pass, and nobody is read. */
static void release(struct sk_plant *plant, uint32_t index, bool open_to_all)
{
    report(plant, index, NULL, SK_EV_DOOR_MODE, open_to_all ? SK_DOOR_MODE_LOCKED_OPEN : SK_DOOR_MODE_LOCKED);
    set_lock(plant, index, !open_to_all);
}

static void set_leaf(struct sk_plant *plant, uint32_t index, bool open)
{
    plant->doors[index].open = open;
    report(plant, index, NULL, SK_EV_DOOR_PHYS, open ? SK_DOOR_PHYS_OPEN : SK_DOOR_PHYS_CLOSED);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static void begin(struct sk_plant *plant, uint32_t index)
{
    struct door *door = &plant->doors[index];
    struct waiting *who = &door->queue[0];
    door->phase_s = 0.0;
    if (who->act == ACT_FORCED) {
        door->phase = DOOR_OPEN;
        door->forced = true;
        set_leaf(plant, index, true);
        report(plant, index, NULL, SK_EV_DOOR_ALARM, SK_DOOR_ALARM_FORCED);
        return;
    }
    if (who->act == ACT_DURESS) {
        report(plant, index, who, SK_EV_ACC_DURESS, 0);
    }
    if (!who->granted) {
        report(plant, index, who, SK_EV_ACC_DENIED, 0);
        leave(door);
        return;
    }
    report(plant, index, who, who->act == ACT_REX ? SK_EV_ACC_REX : SK_EV_ACC_GRANTED, 0);
    set_lock(plant, index, false);
    door->phase = DOOR_GRANTED;
}

static void wait_for_opening(struct sk_plant *plant, uint32_t index)
{
    struct door *door = &plant->doors[index];
    const double release_s = or_default(plant->site->doors[index].release_ms, RELEASE_MS) / 1000.0;
    if (door->queue[0].act != ACT_NOT_TAKEN && door->phase_s >= fmin(OPEN_S, release_s)) {
        door->phase = DOOR_OPEN;
        door->phase_s = 0.0;
        set_leaf(plant, index, true);
    } else if (door->phase_s >= release_s) {
        report(plant, index, &door->queue[0], SK_EV_ACC_NOT_TAKEN, 0);
        set_lock(plant, index, true);
        leave(door);
    }
}

/* A counter counts the door that names it; one that no door names counts all. */
static bool counts_here(const struct sk_site *site, uint32_t door, int32_t counter)
{
    bool named = false;
    for (size_t i = 0; i < site->door_count; i++) {
        named = named || site->doors[i].counter == counter + 1;
    }
    return !named || site->doors[door].counter == counter + 1;
}

static void move_person(struct sk_plant *plant, uint32_t index)
{
    const struct sk_door_info *info = &plant->site->doors[index];
    const struct waiting *who = &plant->doors[index].queue[0];
    const bool entry = who->reader >= 0 ? info->readers[who->reader].entry : false;
    const int32_t from = entry ? info->zone_from : info->zone_to;
    const int32_t to = entry ? info->zone_to : info->zone_from;
    const uint32_t people = 1 + who->followers;
    if (from >= 0) {
        plant->occupancy[from] -= plant->occupancy[from] > (int32_t)people ? (int32_t)people : plant->occupancy[from];
    }
    if (to >= 0) {
        plant->occupancy[to] += (int32_t)people;
    }
    for (size_t i = 0; i < plant->site->device_count; i++) {
        if (plant->devices[i].kind == SK_DEV_COUNTER && counts_here(plant->site, index, (int32_t)i)) {
            plant->devices[i].counter.in += entry ? people : 0;
            plant->devices[i].counter.out += entry ? 0 : people;
        }
    }
}

static void stand_open(struct sk_plant *plant, uint32_t index)
{
    struct door *door = &plant->doors[index];
    struct waiting *who = &door->queue[0];
    if (!door->taken && !door->forced && door->phase_s >= TAKEN_S) {
        door->taken = true;
        if (who->act != ACT_REX) {
            report(plant, index, who, SK_EV_ACC_TAKEN, 0);
        }
        move_person(plant, index);
    }
    const double allowed_s = or_default(plant->site->doors[index].open_ms, OPEN_MS) / 1000.0;
    if (!door->forced && !door->too_long && door->phase_s >= allowed_s) {
        door->too_long = true;
        report(plant, index, NULL, SK_EV_DOOR_ALARM, SK_DOOR_ALARM_TOO_LONG);
    }
    if (door->phase_s * 1000.0 < (double)who->hold_ms) {
        return;
    }
    set_leaf(plant, index, false);
    set_lock(plant, index, true);
    if (door->forced || door->too_long) {
        report(plant, index, NULL, SK_EV_DOOR_ALARM, SK_DOOR_ALARM_NORMAL);
    }
    door->forced = false;
    door->too_long = false;
    leave(door);
}

void sk_plant_doors_step(struct sk_plant *plant)
{
    for (uint32_t i = 0; i < plant->site->door_count; i++) {
        struct door *door = &plant->doors[i];
        door->phase_s += QUANTUM_S;
        if (door->phase == DOOR_IDLE && door->waiting > 0) {
            begin(plant, i);
        } else if (door->phase == DOOR_GRANTED) {
            wait_for_opening(plant, i);
        } else if (door->phase == DOOR_OPEN) {
            stand_open(plant, i);
        }
    }
}

static int act_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < sizeof ACTS / sizeof ACTS[0]; i++) {
        if (strcmp(ACTS[i], word) == 0) {
            return (int)i;
        }
    }
    return word == NULL ? ACT_PASS : -1;
}

static enum sk_err read_card(const struct sk_plant_passage *passage, struct waiting *who, struct sk_fault *fault)
{
    const struct person *person = NULL;
    const char *card = passage->card;
    if (passage->person != NULL) {
        person = sk_plant_person_find(passage->person);
        if (person == NULL) {
            return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no person '%s' in the plant; GET /state lists them", passage->person);
        }
        card = person->card;
    }
    const size_t digits = card != NULL ? strlen(card) : 0;
    if (digits == 0 || digits % 2 != 0 || digits > 2 * (size_t)SK_PLANT_CARD_MAX || !sk_hex_read(who->card, digits / 2, card)) {
        return sk_fault_set(fault, SK_ERR_INVALID, "card must be 1 to %d bytes in hex", SK_PLANT_CARD_MAX);
    }
    who->card_length = (uint8_t)(digits / 2);
    person = person != NULL ? person : sk_plant_card_find(card);
    who->reason = person != NULL ? person->reason : (uint16_t)SK_DENY_NOT_FOUND;
    if (person != NULL) {
        (void)sk_text_copy(who->credential, sizeof who->credential, person->credential);
        (void)sk_text_copy(who->holder, sizeof who->holder, person->holder);
    }
    return SK_OK;
}

static int32_t choose_reader(const struct sk_door_info *info, bool exits)
{
    for (size_t i = 0; i < info->reader_count; i++) {
        if (info->readers[i].entry != exits) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* A reader whose biometric part is degraded is content with the card. */
static uint16_t required_now(const struct sk_plant *plant, const struct sk_reader_info *reader)
{
    const bool degraded = reader->biometric > 0 && plant->devices[reader->biometric - 1].fault == FAULT_DEGRADED;
    return degraded ? reader->factors_required & (1u << SK_FACTOR_CARD) : reader->factors_required;
}

enum sk_err sk_plant_pass(struct sk_plant *plant, uint32_t index, const struct sk_plant_passage *passage,
                          struct sk_fault *fault)
{
    if (index >= plant->site->door_count) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no such door in the plant");
    }
    struct door *door = &plant->doors[index];
    const struct sk_door_info *info = &plant->site->doors[index];
    if (door->waiting == WAIT_MAX) {
        return sk_fault_set(fault, SK_ERR_BUSY, "%d people wait at door %s already", WAIT_MAX, info->id);
    }
    const int act = act_of(passage->act);
    if (act < 0) {
        return sk_fault_set(fault, SK_ERR_INVALID,
                            "act must be pass, not_taken, held, forced, rex, duress, released or secured");
    }
    if (act == ACT_RELEASED || act == ACT_SECURED) {
        release(plant, index, act == ACT_RELEASED);
        return SK_OK;
    }
    struct waiting who = {.act = (uint8_t)act, .reader = -1, .hold_ms = passage->hold_ms, .followers = passage->followers};
    if (act != ACT_FORCED && act != ACT_REX) {
        const enum sk_err err = read_card(passage, &who, fault);
        if (err != SK_OK) {
            return err;
        }
        who.reader = choose_reader(info, passage->exit);
        const uint16_t required = who.reader >= 0 ? required_now(plant, &info->readers[who.reader]) : 0;
        who.factors = passage->factors != 0 ? passage->factors : required != 0 ? required : 1u << SK_FACTOR_CARD;
        if (who.reason == SK_DENY_NONE && (who.factors & required) != required) {
            who.reason = SK_DENY_FACTOR_MISSING;
        }
    } else if (act == ACT_REX) {
        who.factors = 1u << SK_FACTOR_REX;
    }
    who.granted = who.reason == SK_DENY_NONE;
    if (who.hold_ms == 0) {
        who.hold_ms = act == ACT_HELD ? 2 * or_default(info->open_ms, OPEN_MS) : HOLD_MS;
    }
    door->queue[door->waiting++] = who;
    return SK_OK;
}

bool sk_plant_next_event(struct sk_plant *plant, struct sk_plant_event *ret_event)
{
    if (plant->event_count == 0) {
        plant->event_first = 0;
        return false;
    }
    *ret_event = plant->events[plant->event_first++];
    plant->event_count--;
    return true;
}

void sk_plant_skip_seq(struct sk_plant *plant, uint32_t device)
{
    if (device < plant->site->device_count && plant->devices[device].kind == SK_DEV_DOOR) {
        plant->devices[device].controller.next_seq++;
    }
}

uint64_t sk_plant_next_seq(const struct sk_plant *plant, uint32_t device)
{
    return plant->devices[device].kind == SK_DEV_DOOR ? plant->devices[device].controller.next_seq : 0;
}

void sk_plant_door(const struct sk_plant *plant, uint32_t index, struct sk_plant_door_view *ret_view)
{
    const struct door *door = &plant->doors[index];
    *ret_view = (struct sk_plant_door_view){.open = door->open,
                                            .locked = door->locked,
                                            .forced = door->forced,
                                            .too_long = door->too_long,
                                            .waiting = door->waiting};
}

int32_t sk_plant_occupancy(const struct sk_plant *plant, uint32_t zone)
{
    return plant->occupancy[zone];
}
