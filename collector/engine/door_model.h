/* SPDX-License-Identifier: Apache-2.0 */
/* Our own model of a door, beside what its controller says: from the contact, the grants, the exit button and the mode alone it
 * decides whether an opening was forced and whether the door stands open too long. A controller that is old, lies, or does not
 * send DoorAlarm is found out by it. Pure; rooms that act on it: door_watch.c.
 *
 * Promise: whatever is reordered, duplicated, delayed or lost, the model never says Closed or Normal where the controller's own
 * stream up to its newest number known here says otherwise; it says Unknown. So every word keeps the number it came with, and
 * is believed only while no number behind it is missing (sk_told_is_known). What was said once is never forgotten: filling the
 * hole brings it back, and an alarm is ended by a word, never by a gap.
 *
 * Forced: Closed -> Open without a grant, an exit button (where the door has one) or a masking mode (Accessed, Unlocked,
 * LockedOpen) within ReleaseTime before. Too long: open longer than OpenTime (ExtendedOpenTime when granted so), not in
 * Unlocked or LockedOpen. Time between two events is the controller's own while its clock is known to be within 2 s of ours,
 * else the time of receipt, and then the outcome is flagged so. Access.md's sources: ONVIF Door Control Service, DoorAlarm and
 * timings. */
#ifndef SK_ENGINE_DOOR_MODEL_H
#define SK_ENGINE_DOOR_MODEL_H

#include "schemas/model/access_event.h"
#include "schemas/model/site.h"

struct sk_ctrl;

enum sk_door_family { SK_DF_MODE, SK_DF_PHYS, SK_DF_LOCK, SK_DF_LOCK2, SK_DF_ALARM, SK_DF_TAMPER, SK_DF_FAULT, SK_DF_COUNT };
enum { SK_EXCUSES = 4 };

/* One word of the controller about one family of states. */
struct sk_told {
    uint64_t seq;
    int64_t at_us; /* utc */
    uint32_t epoch;
    uint8_t state;
    bool told, numbered;
};

/* When something happened: both clocks, and whether the controller's may be used. */
struct sk_door_time {
    int64_t ctrl_us, recv_us; /* utc; ctrl 0: not given */
    bool trusted;
};

enum sk_excuse_kind { SK_EX_GRANT, SK_EX_REX, SK_EX_MODE };
struct sk_excuse {
    struct sk_door_time time;
    uint64_t seq, from_seq; /* MODE: masked from from_seq until seq; others: both the same */
    uint32_t epoch;
    uint8_t kind;
    bool used, numbered, extended;
};

enum sk_open_verdict { SK_OPEN_EXCUSED, SK_OPEN_MISSING, SK_OPEN_UNSEEN, SK_OPEN_FORCED };
/* MISSING: numbers are missing just before it, judged again when they come. UNSEEN: how the door stood before is not known. */
struct sk_opening {
    struct sk_door_time time;
    int64_t mono_us; /* since when OpenTime runs */
    uint64_t seq, closed_seq;
    uint32_t epoch;
    uint8_t verdict, grants;
    bool present, numbered, after_closed, extended;
};

struct sk_door_model {
    struct sk_told told[SK_DF_COUNT];
    struct sk_excuse excuses[SK_EXCUSES];
    struct sk_opening opening;
    uint8_t alarm;          /* enum sk_door_state, family "model" */
    int64_t alarm_since_us; /* utc */
    uint32_t disabled;      /* readers (by index) whose access point is disabled */
};

/* One event of this door, judged new by the numbering. */
struct sk_door_input {
    uint16_t ev;
    uint8_t state;
    uint64_t seq;
    uint32_t epoch;
    bool numbered, extended;
    struct sk_door_time time;
    int64_t mono_us;      /* of the event, as near as is known */
    int64_t recv_mono_us; /* of its receipt */
};

/* What an event did, for whoever acts. */
struct sk_door_outcome {
    bool told_new;      /* a word that is newer than what was known */
    bool was_forced;    /* an older opening, over by now, that nothing excuses */
    bool late_too_long; /* closed now, and had been open too long without anyone having said so */
    bool closed;        /* an opening ended */
    struct sk_opening ended;
    int64_t open_us; /* of the ended opening */
    bool time_trusted;
};

void sk_door_model_init(struct sk_door_model *model);
/* ctrl: NULL when the door's controller is not numbered. */
void sk_door_model_take(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl,
                        const struct sk_door_input *input, struct sk_door_outcome *ret_outcome);
/* A hole of the controller was filled or its epoch changed: openings that could not be judged are judged again. */
void sk_door_model_again(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl);
/* When the model moves by time alone (pre-alarm, too long); SK_NEVER. */
int64_t sk_door_model_deadline(const struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl);
/* Moves it; at_us: utc of now. */
void sk_door_model_tick(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl,
                        int64_t mono_us, int64_t at_us);

/* Told, and nothing behind it is missing. */
bool sk_told_is_known(const struct sk_told *told, const struct sk_ctrl *ctrl);
/* What may be shown: 0 (Unknown in every family that has it) when it is not known. */
uint8_t sk_door_model_shows(const struct sk_door_model *model, enum sk_door_family family, const struct sk_ctrl *ctrl);
/* The model's alarm as it may be shown: an alarm stays, a Normal that is no longer proved becomes Unknown. */
uint8_t sk_door_model_alarm(const struct sk_door_model *model, const struct sk_ctrl *ctrl);
/* Of the time of an event: the controller's when its clock is good (see sk_ctrl.clock), else the receipt's. */
int64_t sk_door_time_of(const struct sk_door_time *time);
bool sk_door_family_of(uint16_t ev, enum sk_door_family *ret_family);
const char *sk_door_family_name(enum sk_door_family family); /* in door_states.def */

#endif
