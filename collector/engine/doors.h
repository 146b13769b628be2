/* SPDX-License-Identifier: Apache-2.0 */
/* Doors, racks, keys and readers at work: our own model beside what the controller says, tailgating, silence. Private to this
 * folder.
 */
#ifndef SK_ENGINE_DOORS_H
#define SK_ENGINE_DOORS_H

#include "collector/engine/controllers.h"
#include "collector/engine/door_model.h"

#define SK_BUSY_STOP_US (60 * SK_US_PER_S) /* a longer stop of ours spoils the hour that a door is learned by */

/* A door of ours: its model and what was said of it. */
struct sk_door_watch {
    struct sk_door_model model;
    int64_t settle_mono;    /* when model and controller are compared; SK_NEVER */
    int64_t busy_look_mono; /* when its silence is looked at next; SK_NEVER */
    uint8_t recorded;       /* the model's alarm that the log knows */
    bool differs;           /* a door.differs record stands */
};

/* door_record.c */
struct sk_door_note { /* texts NULL or "", numbers 0: not given */
    uint16_t ev;
    uint8_t occurrence_class;
    const char *lifecycle, *derivation, *direction, *state, *model, *basis, *detail, *reason;
    const struct sk_actor *actor;
    const uint8_t *subject; /* SK_SUBJECT_SIZE */
    double confidence, expected;
    uint64_t count, counted, passed;
    uint16_t weeks;
    bool has_counts;
    int64_t since_us, open_us;
};
void sk_door_note_record(const struct sk_engine *engine, uint32_t door, const struct sk_door_note *note,
                         const struct sk_now *now, struct sk_effects *effects);
void sk_body_put_cameras(struct sk_body *body, const struct sk_door_info *door);

/* door_watch.c */
const struct sk_ctrl *sk_door_ctrl(const struct sk_engine *engine, uint32_t door); /* NULL: none that is numbered */
/* false: no door of this controller; told_new is then "fills no hole". */
bool sk_doors_watch(struct sk_engine *engine, const struct sk_passage *passage, struct sk_door_outcome *ret_outcome,
                    struct sk_effects *effects);
void sk_door_end(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects); /* timer and row */
bool sk_door_model_holds(const struct sk_engine *engine, uint32_t door);             /* the model says forced or too long */
size_t sk_doors_waiting(const struct sk_engine *engine, const struct sk_ctrl *ctrl); /* doors that _again may move */
void sk_doors_again(struct sk_engine *engine, const struct sk_ctrl *ctrl, const struct sk_passage *passage,
                    struct sk_effects *effects);
void sk_door_fire(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects);
void sk_door_arm(struct sk_engine *engine, uint32_t door);
uint32_t sk_door_cond(const struct sk_engine *engine, uint32_t door, uint8_t kind); /* doors.c */

/* tailgate.c */
void sk_tail_count(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects);
void sk_tail_passage(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects); /* before _move */
void sk_tail_closed(struct sk_engine *engine, const struct sk_passage *passage, const struct sk_door_outcome *outcome,
                    struct sk_effects *effects);
void sk_tail_look(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects);
int64_t sk_tail_deadline(const struct sk_engine *engine, uint32_t door);
void sk_tail_detail(const struct sk_engine *engine, uint32_t door, char detail[SK_ALARM_TEXT_MAX]);
void sk_pending_tail(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects);
enum sk_err sk_tail_read(struct sk_engine *engine, const char *door, struct sk_reader *reader, int64_t mono_shift_us);

/* latches.c */
uint8_t sk_latch_kind(const struct sk_engine *engine, uint32_t point);
void sk_latch_take(struct sk_engine *engine, uint32_t point, bool first_look, const struct sk_now *now,
                   struct sk_effects *effects);
size_t sk_latch_records(const struct sk_engine *engine, uint32_t point); /* at most, of one change */
enum sk_err sk_latch_read(struct sk_engine *engine, const char *point, struct sk_reader *reader);
bool sk_latch_is_key(const struct sk_engine *engine, uint32_t point);
bool sk_latch_stands_open(const struct sk_engine *engine, uint32_t point);
bool sk_reader_is_degraded(const struct sk_engine *engine, const struct sk_reader_info *reader);

/* silence.c */
void sk_ctrl_contact_lost(struct sk_engine *engine, uint32_t device, bool by_silence, const struct sk_now *now,
                          struct sk_effects *effects);
void sk_ctrl_contact_back(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects);
void sk_silence_head(struct sk_engine *engine, uint32_t ctrl, const struct sk_now *now, struct sk_effects *effects);
void sk_silence_caught_up(struct sk_engine *engine, uint32_t index, const struct sk_now *now, struct sk_effects *effects);
/* The minute of SK_CK_SILENT is over: its record, and what the alarm says. */
void sk_silence_due(struct sk_engine *engine, const struct sk_cond *cond, char detail[SK_ALARM_TEXT_MAX],
                    const struct sk_now *now, struct sk_effects *effects);
int64_t sk_silence_deadline(const struct sk_engine *engine, uint32_t door);
void sk_silence_event(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects);
void sk_silence_look(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects);
void sk_silence_start(struct sk_engine *engine, bool interrupted, const struct sk_now *now);
void sk_pending_busy(struct sk_engine *engine, uint32_t door, struct sk_effects *effects);
enum sk_err sk_busy_read(struct sk_engine *engine, const char *door, struct sk_reader *reader);

#endif
