/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers say about their doors that a person must know: forced, held, tamper, fault, duress, and what nobody knows.
 *
 * The controller's word; our own is door_watch.c, and neither ends an alarm that the other says still stands. A word that is
 * older by its number than the newest of its family may tell of an alarm that was, and never decides what is. */
#include <string.h>

#include "collector/engine/internal.h"

struct row {
    uint16_t ev;
    uint8_t kind; /* enum sk_cond_kind */
    uint8_t state;
    uint8_t verdict;
    uint8_t severity;
};

static const struct row rows[] = {
    {SK_EV_DOOR_ALARM, SK_CK_DOOR_ALARM, SK_DOOR_ALARM_NORMAL, SK_V_NORMAL, SK_SEV_HIGH},
    {SK_EV_DOOR_ALARM, SK_CK_DOOR_ALARM, SK_DOOR_ALARM_FORCED, SK_V_ABNORMAL, SK_SEV_HIGH},
    {SK_EV_DOOR_ALARM, SK_CK_DOOR_ALARM, SK_DOOR_ALARM_TOO_LONG, SK_V_ABNORMAL, SK_SEV_MEDIUM},
    {SK_EV_DOOR_TAMPER, SK_CK_DOOR_TAMPER, SK_DOOR_TAMPER_UNKNOWN, SK_V_UNKNOWN, SK_SEV_HIGH},
    {SK_EV_DOOR_TAMPER, SK_CK_DOOR_TAMPER, SK_DOOR_TAMPER_NONE, SK_V_NORMAL, SK_SEV_HIGH},
    {SK_EV_DOOR_TAMPER, SK_CK_DOOR_TAMPER, SK_DOOR_TAMPER_DETECTED, SK_V_ABNORMAL, SK_SEV_HIGH},
    {SK_EV_DOOR_FAULT, SK_CK_DOOR_FAULT, SK_DOOR_FAULT_UNKNOWN, SK_V_UNKNOWN, SK_SEV_MEDIUM},
    {SK_EV_DOOR_FAULT, SK_CK_DOOR_FAULT, SK_DOOR_FAULT_NONE, SK_V_NORMAL, SK_SEV_MEDIUM},
    {SK_EV_DOOR_FAULT, SK_CK_DOOR_FAULT, SK_DOOR_FAULT_DETECTED, SK_V_ABNORMAL, SK_SEV_MEDIUM},
};

static const struct row *find_row(const struct sk_passage *passage)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].ev == passage->ev && rows[i].state == passage->event->state)
            return &rows[i];
    return NULL;
}

uint32_t sk_door_cond(const struct sk_engine *engine, uint32_t door, uint8_t kind)
{
    return (uint32_t)(engine->door_cond + door * SK_DOOR_CONDS + (uint32_t)(kind - SK_CK_DOOR_ALARM));
}

static uint32_t door_cond(const struct sk_engine *engine, const struct sk_passage *passage, uint8_t kind)
{
    return sk_door_cond(engine, (uint32_t)(passage->door - engine->site->doors), kind);
}

static uint32_t ctrl_cond(const struct sk_engine *engine, const struct sk_passage *passage, uint8_t kind)
{
    const int32_t ctrl = engine->ctrl_of_device[passage->event->device];
    return ctrl < 0 ? SK_NO_COND : engine->ctrls[ctrl].first_cond + (uint32_t)(kind - SK_CK_GAP);
}

static void take_state(struct sk_engine *engine, const struct sk_passage *passage, const struct row *row, bool older,
                       struct sk_effects *effects)
{
    static const char *const families[] = {"alarm", "tamper", "fault"};
    const uint32_t cond = door_cond(engine, passage, row->kind);
    const char *word = sk_text_or(sk_door_word(families[row->kind - SK_CK_DOOR_ALARM], row->state));
    struct sk_decision_input input = sk_passage_input(passage, (enum sk_verdict)row->verdict, row->severity, word);
    const bool held = row->kind == SK_CK_DOOR_ALARM && row->verdict == SK_V_NORMAL &&
                      sk_door_model_holds(engine, (uint32_t)(passage->door - engine->site->doors));
    if (held || (older && (row->verdict != SK_V_ABNORMAL || engine->conds[cond].state != SK_CS_IDLE)))
        return;
    sk_cond_feed(engine, cond, &input, effects);
    if (older) {
        input.verdict = SK_V_NORMAL;
        sk_cond_feed(engine, cond, &input, effects);
    }
}

static void pulse(struct sk_engine *engine, const struct sk_passage *passage, uint32_t cond, const char *detail,
                  struct sk_effects *effects)
{
    if (cond == SK_NO_COND)
        return;
    const struct sk_decision_input input = sk_passage_input(passage, SK_V_ABNORMAL, engine->conds[cond].severity, detail);
    sk_cond_pulse(engine, cond, &input, effects);
}

void sk_reasons_text(const struct sk_second_decision *ours, char *to, size_t capacity)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < ours->reason_count && used + 1 < capacity; i++) {
        sk_text_format(to + used, capacity - used, "%s%s", i > 0 ? "," : "", sk_text_or(sk_deny_reason_name(ours->reasons[i])));
        used = strlen(to);
    }
}

static bool lists(const struct sk_second_decision *ours, uint16_t reason)
{
    for (size_t i = 0; i < ours->reason_count; i++)
        if (ours->reasons[i] == reason)
            return true;
    return false;
}

/* A grant with fewer factors than a two-factor door wants, or with factors that nobody told. */
static void record_factors(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    const uint16_t required = passage->ours.factors_required, used = passage->event->factors;
    if (passage->door == NULL || passage->reader == NULL || passage->ev != SK_EV_ACC_GRANTED ||
        passage->event->decision != SK_DECISION_GRANTED || (required & (required - 1u)) == 0 || (used & required) == required)
        return;
    const struct sk_door_note note = {.ev = used == 0 ? SK_EV_FACTOR_UNKNOWN : SK_EV_FACTOR_SINGLE,
                                      .occurrence_class = passage->occurrence_class,
                                      .direction = passage->reader->entry ? "entry" : "exit",
                                      .subject = passage->ours.person != NULL ? passage->ours.person->person.tag : NULL,
                                      .detail = sk_reader_is_degraded(engine, passage->reader) ? "reader degraded" : NULL};
    sk_door_note_record(engine, (uint32_t)(passage->door - engine->site->doors), &note, passage->now, effects);
}

/* What our own roster says against a grant. The passage that follows its grant adds nothing; alone (the grant was lost) it
 * does.
 */
static void judge_passage(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    char detail[SK_ALARM_TEXT_MAX];
    if (passage->door == NULL || (passage->ev != SK_EV_ACC_GRANTED && passage->ev != SK_EV_ACC_TAKEN))
        return;
    const bool against = passage->ours.agreement == SK_DISAGREE_GRANTED;
    if (!against && (passage->event->decision != SK_DECISION_GRANTED || !lists(&passage->ours, SK_DENY_FACTOR_UNKNOWN)))
        return;
    const uint32_t cond = door_cond(engine, passage, against ? SK_CK_DOOR_POLICY : SK_CK_DOOR_FACTOR);
    if (passage->ev == SK_EV_ACC_TAKEN && engine->conds[cond].state != SK_CS_IDLE)
        return;
    sk_reasons_text(&passage->ours, detail, sizeof detail);
    pulse(engine, passage, cond, detail, effects);
}

static void feed_own(struct sk_engine *engine, const struct sk_passage *passage, uint8_t kind, enum sk_verdict verdict,
                     uint8_t severity, const char *detail, struct sk_effects *effects)
{
    const struct sk_decision_input input = sk_passage_input(passage, verdict, severity, detail);
    sk_cond_feed(engine, door_cond(engine, passage, kind), &input, effects);
}

/* A lock or a contact that its controller calls faulty tells nothing about the door any more. */
static void take_lock(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    static const struct {
        uint8_t family, fault;
        const char *detail;
    } parts[] = {{SK_DF_LOCK, SK_DOOR_LOCK_FAULT, "lock: Fault"},
                 {SK_DF_LOCK2, SK_DOOR_LOCK_FAULT, "double lock: Fault"},
                 {SK_DF_PHYS, SK_DOOR_PHYS_FAULT, "contact: Fault"}};
    const struct sk_door_model *model = &engine->door_watches[passage->door - engine->site->doors].model;
    enum sk_door_family family;
    if (!sk_door_family_of(passage->ev, &family) || (family != SK_DF_LOCK && family != SK_DF_LOCK2 && family != SK_DF_PHYS))
        return;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (model->told[parts[i].family].told && model->told[parts[i].family].state == parts[i].fault) {
            feed_own(engine, passage, SK_CK_DOOR_LOCK, SK_V_ABNORMAL, SK_SEV_MEDIUM, parts[i].detail, effects);
            return;
        }
    feed_own(engine, passage, SK_CK_DOOR_LOCK, passage->event->state == 0 ? SK_V_UNKNOWN : SK_V_NORMAL, SK_SEV_MEDIUM, "",
             effects);
}

/* A disabled access point of a door to a protected zone: nobody can be let in by rule there, or nobody is asked any more. */
static void take_reader(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    const struct sk_door_info *door = passage->door;
    struct sk_door_model *model = &engine->door_watches[door - engine->site->doors].model;
    const uint32_t bit = 1u << (passage->reader == NULL ? 31 : passage->event->reader);
    const int class_ = engine->site->zones[door->zone_to].class_;
    if (passage->ev != SK_EV_AP_ENABLED || passage->fills)
        return;
    model->disabled = passage->event->state == 0 ? model->disabled | bit : model->disabled & ~bit;
    char detail[SK_ALARM_TEXT_MAX] = "disabled:";
    for (size_t i = 0; i < door->reader_count; i++)
        if ((model->disabled >> i & 1u) != 0)
            sk_text_format(detail + strlen(detail), sizeof detail - strlen(detail), " %s", sk_text_or(door->readers[i].id));
    if (class_ > 0)
        feed_own(engine, passage, SK_CK_DOOR_READER, model->disabled != 0 ? SK_V_ABNORMAL : SK_V_NORMAL,
                 class_ == 3 ? SK_SEV_HIGH : SK_SEV_MEDIUM, detail, effects);
}

void sk_doors_take(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    const struct row *row = find_row(passage);
    struct sk_door_outcome outcome;
    const bool watched = sk_doors_watch(engine, passage, &outcome, effects);
    record_factors(engine, passage, effects);
    judge_passage(engine, passage, effects);
    if (passage->ev == SK_EV_ACC_DURESS) {
        const uint32_t cond =
            passage->door != NULL ? door_cond(engine, passage, SK_CK_DOOR_DURESS) : ctrl_cond(engine, passage, SK_CK_DURESS);
        pulse(engine, passage, cond, "duress", effects);
    } else if (passage->ev == SK_EV_NATIVE) {
        pulse(engine, passage, ctrl_cond(engine, passage, SK_CK_UNKNOWN), "native.unknown", effects);
    } else if (row != NULL && passage->door != NULL) {
        take_state(engine, passage, row, !outcome.told_new, effects);
    } else if (row != NULL && row->verdict == SK_V_ABNORMAL) {
        pulse(engine, passage, ctrl_cond(engine, passage, SK_CK_UNKNOWN), "alarm of a door that is not in the site", effects);
    }
    if (watched && outcome.told_new)
        take_lock(engine, passage, effects);
    if (watched)
        take_reader(engine, passage, effects);
    if (watched)
        sk_door_end(engine, passage, effects);
}
