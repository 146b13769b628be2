/* SPDX-License-Identifier: Apache-2.0 */
/* The door model: words with their numbers, openings judged by what stands before them. */
#include "collector/engine/internal.h"

static const int64_t default_release_us = 5 * SK_US_PER_S;
static const int64_t delivery_us = 5 * SK_US_PER_S; /* how much later than another an event may reach us: the reorder window */
static const int64_t tick_us = SK_US_PER_S / 2;     /* of a controller's own timing */

static const struct {
    uint16_t ev;
    const char *name;
} families[SK_DF_COUNT] = {
    [SK_DF_MODE] = {SK_EV_DOOR_MODE, "mode"},    [SK_DF_PHYS] = {SK_EV_DOOR_PHYS, "phys"},
    [SK_DF_LOCK] = {SK_EV_DOOR_LOCK, "lock"},    [SK_DF_LOCK2] = {SK_EV_DOOR_LOCK2, "lock"},
    [SK_DF_ALARM] = {SK_EV_DOOR_ALARM, "alarm"}, [SK_DF_TAMPER] = {SK_EV_DOOR_TAMPER, "tamper"},
    [SK_DF_FAULT] = {SK_EV_DOOR_FAULT, "fault"},
};

bool sk_door_family_of(uint16_t ev, enum sk_door_family *ret_family)
{
    for (int i = 0; i < SK_DF_COUNT; i++)
        if (families[i].ev == ev) {
            *ret_family = (enum sk_door_family)i;
            return true;
        }
    return false;
}

const char *sk_door_family_name(enum sk_door_family family)
{
    return families[family].name;
}

int64_t sk_door_time_of(const struct sk_door_time *time)
{
    return time->trusted ? time->ctrl_us : time->recv_us;
}

/* --- numbers --- */

static const struct sk_cursor *cursor_of(const struct sk_ctrl *ctrl, uint32_t epoch)
{
    for (int i = 0; ctrl != NULL && i < SK_EPOCHS; i++)
        if (ctrl->cursors[i].used && ctrl->cursors[i].epoch == epoch)
            return &ctrl->cursors[i];
    return NULL;
}

/* Numbers strictly between are missing, or nobody can say. */
static bool is_missing(const struct sk_ctrl *ctrl, uint32_t epoch, uint64_t after, uint64_t before)
{
    const struct sk_cursor *cursor = cursor_of(ctrl, epoch);
    if (cursor == NULL)
        return true;
    for (uint32_t i = 0; i < cursor->hole_count; i++)
        if (cursor->holes[i].to > after && cursor->holes[i].from < before)
            return true;
    return false;
}

bool sk_told_is_known(const struct sk_told *told, const struct sk_ctrl *ctrl)
{
    if (!told->told || (ctrl != NULL && ctrl->lost))
        return false;
    if (!told->numbered)
        return true;
    const struct sk_cursor *current = ctrl == NULL ? NULL : sk_ctrl_current(ctrl);
    return current != NULL && current->epoch == told->epoch && !is_missing(ctrl, told->epoch, told->seq, UINT64_MAX);
}

static bool is_newer(const struct sk_ctrl *ctrl, const struct sk_door_input *input, const struct sk_told *told)
{
    if (!told->told)
        return true;
    if (!input->numbered || !told->numbered)
        return sk_door_time_of(&input->time) >= told->at_us;
    if (input->epoch == told->epoch)
        return input->seq > told->seq;
    const struct sk_cursor *new = cursor_of(ctrl, input->epoch), *old = cursor_of(ctrl, told->epoch);
    return new != NULL && (old == NULL || new->order > old->order);
}

uint8_t sk_door_model_shows(const struct sk_door_model *model, enum sk_door_family family, const struct sk_ctrl *ctrl)
{
    return sk_told_is_known(&model->told[family], ctrl) ? model->told[family].state : 0;
}

uint8_t sk_door_model_alarm(const struct sk_door_model *model, const struct sk_ctrl *ctrl)
{
    if (model->alarm > SK_DOOR_MODEL_NORMAL)
        return model->alarm;
    return sk_told_is_known(&model->told[SK_DF_PHYS], ctrl) ? model->alarm : (uint8_t)SK_DOOR_MODEL_UNKNOWN;
}

/* --- judging an opening --- */

static int64_t release_us(const struct sk_door_info *door)
{
    return door->release_ms == 0 ? default_release_us : (int64_t)door->release_ms * SK_US_PER_MS;
}

enum fit { FITS_NOT, FITS_PERHAPS, FITS };

static bool within(int64_t before_us, int64_t slack_us, const struct sk_door_info *door)
{
    return before_us <= release_us(door) + slack_us && before_us >= -slack_us;
}

/* By the controller's clock while it may be trusted; else by ours with what delivery may add, and where the controller's own
 * figures then say another thing, nobody knows. */
static enum fit fit_in_time(const struct sk_door_time *excuse, const struct sk_door_time *opening,
                            const struct sk_door_info *door)
{
    const bool by_ctrl = within(opening->ctrl_us - excuse->ctrl_us, tick_us, door);
    const bool by_receipt = within(opening->recv_us - excuse->recv_us, delivery_us, door);
    if (excuse->trusted && opening->trusted)
        return by_ctrl ? FITS : FITS_NOT;
    if (excuse->ctrl_us <= 0 || opening->ctrl_us <= 0)
        return by_receipt ? FITS : FITS_NOT;
    return by_ctrl != by_receipt ? FITS_PERHAPS : by_receipt ? FITS : FITS_NOT;
}

static enum fit fits(const struct sk_excuse *excuse, const struct sk_opening *opening, const struct sk_door_info *door,
                     const struct sk_ctrl *ctrl)
{
    const bool numbered = excuse->numbered && opening->numbered;
    if (!excuse->used || (excuse->kind == SK_EX_REX && !door->rex))
        return FITS_NOT;
    if (numbered && (excuse->epoch != opening->epoch || excuse->from_seq > opening->seq))
        return FITS_NOT;
    if (excuse->kind == SK_EX_MODE && excuse->numbered && is_missing(ctrl, excuse->epoch, excuse->from_seq, excuse->seq))
        return FITS_NOT; /* when the mode let go is not known */
    if (numbered && excuse->kind == SK_EX_MODE && opening->seq < excuse->seq)
        return FITS;
    return fit_in_time(&excuse->time, &opening->time, door);
}

static bool mode_masks_forced(uint8_t mode)
{
    return mode == SK_DOOR_MODE_UNLOCKED || mode == SK_DOOR_MODE_ACCESSED || mode == SK_DOOR_MODE_LOCKED_OPEN;
}

static bool mode_masks_all(uint8_t mode)
{
    return mode == SK_DOOR_MODE_UNLOCKED || mode == SK_DOOR_MODE_LOCKED_OPEN;
}

/* A hole that was found out so shortly before the opening that a grant may lie in it. */
static bool lacks_near(const struct sk_opening *opening, const struct sk_ctrl *ctrl, const struct sk_door_info *door,
                       int64_t opened_mono)
{
    const struct sk_cursor *cursor = opening->numbered ? cursor_of(ctrl, opening->epoch) : NULL;
    for (uint32_t i = 0; cursor != NULL && i < cursor->hole_count; i++) {
        const struct sk_hole *hole = &cursor->holes[i];
        const bool near = hole->since_mono >= opened_mono - release_us(door) - delivery_us;
        if (hole->from < opening->seq && (hole->flags & SK_HOLE_SILENT) == 0 && (near || (hole->flags & SK_HOLE_MERGED) != 0))
            return true;
    }
    return false;
}

/* All that is remembered is younger than the opening: what excused it may have been forgotten. */
static bool is_forgotten(const struct sk_door_model *model, const struct sk_opening *opening)
{
    for (size_t i = 0; i < SK_EXCUSES; i++)
        if (!model->excuses[i].used || sk_door_time_of(&model->excuses[i].time) <= sk_door_time_of(&opening->time))
            return false;
    return true;
}

static uint8_t judge(const struct sk_door_model *model, struct sk_opening *opening, const struct sk_door_info *door,
                     const struct sk_ctrl *ctrl)
{
    const struct sk_told *mode = &model->told[SK_DF_MODE];
    bool excused = false, perhaps = false;
    opening->grants = 0;
    for (size_t i = 0; i < SK_EXCUSES; i++) {
        const enum fit fit = fits(&model->excuses[i], opening, door, ctrl);
        perhaps |= fit == FITS_PERHAPS;
        if (fit == FITS) {
            excused = true;
            opening->grants = (uint8_t)(opening->grants + (model->excuses[i].kind == SK_EX_GRANT));
            opening->extended |= model->excuses[i].extended;
        }
    }
    const bool mode_before =
        mode->told && (!mode->numbered || !opening->numbered || (mode->epoch == opening->epoch && mode->seq < opening->seq));
    const bool mode_lost = mode_before && mode->numbered && is_missing(ctrl, mode->epoch, mode->seq, opening->seq);
    if (excused || (mode_before && !mode_lost && mode_masks_forced(mode->state)))
        return SK_OPEN_EXCUSED;
    if (lacks_near(opening, ctrl, door, opening->mono_us))
        return SK_OPEN_MISSING;
    if (!opening->after_closed || perhaps || mode_lost || is_forgotten(model, opening) ||
        (opening->numbered && is_missing(ctrl, opening->epoch, opening->closed_seq, opening->seq)))
        return SK_OPEN_UNSEEN;
    return SK_OPEN_FORCED;
}

static void set_alarm(struct sk_door_model *model, uint8_t alarm, int64_t at_us)
{
    if (model->alarm == alarm)
        return;
    model->alarm = alarm;
    model->alarm_since_us = at_us;
}

static void judge_current(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl)
{
    static const uint8_t alarms[] = {[SK_OPEN_EXCUSED] = SK_DOOR_MODEL_NORMAL,
                                     [SK_OPEN_MISSING] = SK_DOOR_MODEL_UNKNOWN,
                                     [SK_OPEN_UNSEEN] = SK_DOOR_MODEL_UNKNOWN,
                                     [SK_OPEN_FORCED] = SK_DOOR_MODEL_FORCED};
    struct sk_opening *opening = &model->opening;
    opening->verdict = judge(model, opening, door, ctrl);
    if (model->alarm <= SK_DOOR_MODEL_NORMAL)
        set_alarm(model, alarms[opening->verdict], sk_door_time_of(&opening->time));
}

static void judge_again(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl)
{
    if (model->opening.present && model->opening.verdict == SK_OPEN_MISSING)
        judge_current(model, door, ctrl);
}

void sk_door_model_again(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl)
{
    judge_again(model, door, ctrl);
}

/* --- what comes in --- */

void sk_door_model_init(struct sk_door_model *model)
{
    *model = (struct sk_door_model){.alarm = SK_DOOR_MODEL_NORMAL};
}

static void add_excuse(struct sk_door_model *model, const struct sk_door_input *input, enum sk_excuse_kind kind,
                       uint64_t from_seq)
{
    size_t at = 0;
    for (size_t i = 0; i < SK_EXCUSES; i++) {
        if (!model->excuses[i].used) {
            at = i;
            break;
        }
        if (sk_door_time_of(&model->excuses[i].time) < sk_door_time_of(&model->excuses[at].time))
            at = i;
    }
    model->excuses[at] = (struct sk_excuse){.time = input->time,
                                            .seq = input->seq,
                                            .from_seq = from_seq,
                                            .epoch = input->epoch,
                                            .kind = (uint8_t)kind,
                                            .used = true,
                                            .numbered = input->numbered,
                                            .extended = input->extended};
}

static struct sk_opening opening_of(const struct sk_door_input *input, const struct sk_told *before)
{
    const bool same = before->told && (!before->numbered || !input->numbered || before->epoch == input->epoch);
    return (struct sk_opening){.time = input->time,
                               .mono_us = input->mono_us,
                               .seq = input->seq,
                               .closed_seq = before->seq,
                               .epoch = input->epoch,
                               .present = true,
                               .numbered = input->numbered,
                               .after_closed = same && before->state == SK_DOOR_PHYS_CLOSED};
}

static int64_t open_limit_us(const struct sk_door_model *model, const struct sk_door_info *door)
{
    const uint32_t ms =
        model->opening.extended && door->extended_open_ms > door->open_ms ? door->extended_open_ms : door->open_ms;
    return ms == 0 ? SK_NEVER : (int64_t)ms * SK_US_PER_MS;
}

static void take_closed(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_door_input *input,
                        struct sk_door_outcome *outcome)
{
    const struct sk_opening *opening = &model->opening;
    if (opening->present) {
        const bool by_ctrl = opening->time.trusted && input->time.trusted;
        outcome->closed = true;
        outcome->ended = *opening;
        outcome->time_trusted = by_ctrl;
        outcome->open_us = by_ctrl ? input->time.ctrl_us - opening->time.ctrl_us : input->time.recv_us - opening->time.recv_us;
        outcome->late_too_long = model->alarm < SK_DOOR_MODEL_TOO_LONG && by_ctrl &&
                                 input->mono_us - opening->mono_us > open_limit_us(model, door) &&
                                 !mode_masks_all(model->told[SK_DF_MODE].state);
    }
    model->opening = (struct sk_opening){0};
    set_alarm(model, SK_DOOR_MODEL_NORMAL, sk_door_time_of(&input->time));
}

static void take_phys(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl,
                      const struct sk_door_input *input, const struct sk_told *before, struct sk_door_outcome *outcome)
{
    if (input->state == SK_DOOR_PHYS_CLOSED) {
        take_closed(model, door, input, outcome);
    } else if (input->state == SK_DOOR_PHYS_OPEN) {
        const bool again =
            model->opening.present && before->told && before->state == SK_DOOR_PHYS_OPEN &&
            (!input->numbered || (before->epoch == input->epoch && !is_missing(ctrl, input->epoch, before->seq, input->seq)));
        if (again)
            return;
        model->opening = opening_of(input, before);
        if (model->alarm == SK_DOOR_MODEL_PREALARM)
            model->alarm = SK_DOOR_MODEL_NORMAL;
        judge_current(model, door, ctrl);
    } else if (model->alarm <= SK_DOOR_MODEL_PREALARM) {
        set_alarm(model, SK_DOOR_MODEL_UNKNOWN, sk_door_time_of(&input->time));
    }
}

/* The mode lets go of a door that stands open: its time begins now. It also excuses what opens just after. */
static void take_mode(struct sk_door_model *model, const struct sk_door_input *input, const struct sk_told *before)
{
    if (before->told && mode_masks_forced(before->state) && !mode_masks_forced(input->state))
        add_excuse(model, input, SK_EX_MODE, before->numbered && before->epoch == input->epoch ? before->seq : input->seq);
    if (before->told && mode_masks_all(before->state) && !mode_masks_all(input->state) && model->opening.present)
        model->opening.mono_us = input->mono_us;
}

/* An opening that is over already by what is known: it can only tell of an alarm that was. */
static bool was_forced(const struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl,
                       const struct sk_door_input *input)
{
    static const struct sk_told nothing;
    struct sk_opening opening = opening_of(input, &nothing);
    opening.after_closed = true;
    opening.closed_seq = input->seq - 1; /* a contact tells changes: the number before need not be its own */
    return input->numbered && input->time.trusted && judge(model, &opening, door, ctrl) == SK_OPEN_FORCED;
}

static void take_state(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl,
                       const struct sk_door_input *input, enum sk_door_family family, struct sk_door_outcome *outcome)
{
    struct sk_told *told = &model->told[family];
    const struct sk_told before = *told;
    if (!is_newer(ctrl, input, told)) {
        outcome->was_forced = family == SK_DF_PHYS && input->state == SK_DOOR_PHYS_OPEN && was_forced(model, door, ctrl, input);
        return;
    }
    *told = (struct sk_told){.seq = input->seq,
                             .at_us = sk_door_time_of(&input->time),
                             .epoch = input->epoch,
                             .state = input->state,
                             .told = true,
                             .numbered = input->numbered};
    outcome->told_new = true;
    if (family == SK_DF_PHYS)
        take_phys(model, door, ctrl, input, &before, outcome);
    else if (family == SK_DF_MODE)
        take_mode(model, input, &before);
}

void sk_door_model_take(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl,
                        const struct sk_door_input *input, struct sk_door_outcome *ret_outcome)
{
    enum sk_door_family family;
    *ret_outcome = (struct sk_door_outcome){0};
    if (input->ev == SK_EV_ACC_GRANTED && model->opening.present && model->opening.grants < UINT8_MAX &&
        sk_door_time_of(&input->time) >= sk_door_time_of(&model->opening.time))
        model->opening.grants++; /* one more came while it stood open */
    if (input->ev == SK_EV_ACC_GRANTED)
        add_excuse(model, input, SK_EX_GRANT, input->seq);
    else if (input->ev == SK_EV_ACC_REX)
        add_excuse(model, input, SK_EX_REX, input->seq);
    else if (sk_door_family_of(input->ev, &family))
        take_state(model, door, ctrl, input, family, ret_outcome);
    judge_again(model, door, ctrl);
}

/* --- time --- */

static bool stands_open(const struct sk_door_model *model, const struct sk_ctrl *ctrl)
{
    return model->opening.present && sk_door_model_shows(model, SK_DF_PHYS, ctrl) == SK_DOOR_PHYS_OPEN &&
           model->alarm < SK_DOOR_MODEL_TOO_LONG && !mode_masks_all(model->told[SK_DF_MODE].state);
}

int64_t sk_door_model_deadline(const struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl)
{
    const int64_t limit = open_limit_us(model, door);
    if (limit == SK_NEVER || !stands_open(model, ctrl))
        return SK_NEVER;
    const int64_t warn = (int64_t)door->prealarm_ms * SK_US_PER_MS;
    return model->opening.mono_us + (model->alarm == SK_DOOR_MODEL_PREALARM ? limit : limit - warn);
}

void sk_door_model_tick(struct sk_door_model *model, const struct sk_door_info *door, const struct sk_ctrl *ctrl,
                        int64_t mono_us, int64_t at_us)
{
    const int64_t limit = open_limit_us(model, door);
    const int64_t warn = (int64_t)door->prealarm_ms * SK_US_PER_MS;
    if (limit == SK_NEVER || !stands_open(model, ctrl))
        return;
    if (mono_us - model->opening.mono_us >= limit)
        set_alarm(model, SK_DOOR_MODEL_TOO_LONG, at_us);
    else if (warn > 0 && mono_us - model->opening.mono_us >= limit - warn)
        set_alarm(model, SK_DOOR_MODEL_PREALARM, at_us);
}
