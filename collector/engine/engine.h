/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: (state, input, now) -> records, projections, pending rows, deadlines. Pure: no clock, no I/O, no threads.
 *
 * Rooms behind this door: points (points.c: quality, age, staleness), conditions (conditions.c: thresholds with DwellTime and
 * hysteresis, states, stale, comm-lost, rate of change), alarms (alarms.c: ISA-18.2), access (access.c: events into entry
 * records, controller honesty), commands (commands.c). Each gets the input and writes effects; nobody else writes them.
 *
 * Effects are the caller's to carry out, in order, in one transaction; only after its commit may anything of them be shown.
 * When the commit fails the effects stay in the caller's hands: the engine has already moved on and never repeats them.
 * Everything that must survive a restart leaves as pending rows or alarm rows and comes back through sk_engine_restore_*.
 * Time: mono for durations, utc for records. Deadlines: the caller ticks the engine no later than sk_engine_deadline().
 * Steady state allocates nothing: all arrays are sized at creation from the site. */
#ifndef SK_ENGINE_H
#define SK_ENGINE_H

#include "schemas/base/clock.h"
#include "schemas/base/err.h"
#include "schemas/model/access_event.h"
#include "schemas/model/alarm.h"
#include "schemas/model/block.h"
#include "schemas/model/record.h"
#include "schemas/model/register.h"
#include "schemas/model/roster.h"
#include "schemas/model/sample.h"
#include "schemas/model/site.h"

struct sk_engine;

/* What a point shows now: the last sample plus what the engine knows of it. */
struct sk_point_view {
    struct sk_sample sample;  /* quality already worsened when stale */
    char text[SK_TEXT_VALUE]; /* TEXT points */
    int64_t changed_utc_us;   /* when the value last changed; 0: there never was one */
    bool stale;
};

/* Who commands: resolved by the collector from a token, never taken from the caller's word. */
struct sk_actor {
    char id[SK_ACTOR_MAX];
    uint16_t roles;
    char address[64]; /* of the person's machine as the dashboard saw it; "" */
};

enum sk_effect_kind {
    SK_EFFECT_RECORD, /* append draft */
    SK_EFFECT_ALARM,  /* put alarm; link_record: last_seq is that of the record just before, and raise_seq too when that is
                         alarm.raised; otherwise the stored ones are kept */
    SK_EFFECT_PENDING_PUT,
    SK_EFFECT_PENDING_DELETE,
    SK_EFFECT_POINT /* a point changed: to the feed (not stored in the log) */
};
enum { SK_PENDING_KEY_MAX = 160, SK_PENDING_BYTES_MAX = 2048 };

struct sk_effect {
    enum sk_effect_kind kind;
    bool link_record; /* ALARM: the effect just before is its record */
    bool dropped;     /* sk_effects_filter()'s own */
    union {
        struct sk_draft *record; /* owned by the effects list */
        struct sk_alarm *alarm;
        struct {
            char *key; /* SK_PENDING_KEY_MAX */
            uint8_t *bytes;
            size_t length;
        } pending;
        uint32_t point;
    };
};

/* A growing list of effects, kept and cleared between steps so that nothing is allocated in steady state. */
struct sk_effects;
enum sk_err sk_effects_create(struct sk_effects **ret_effects);
void sk_effects_free(struct sk_effects *effects);
void sk_effects_clear(struct sk_effects *effects);
size_t sk_effects_count(const struct sk_effects *effects);
const struct sk_effect *sk_effects_at(const struct sk_effects *effects, size_t index);
/* Keeps what keep() says, in order; memory of the others is used again. An alarm whose record goes is no longer linked. keep()
 * may look at the list. */
void sk_effects_filter(struct sk_effects *effects, bool (*keep)(void *context, size_t index), void *context);

/* site is borrowed for the engine's life; zone, door and controller numbers must be set. boot_id: of this boot. */
enum sk_err sk_engine_create(const struct sk_site *site, const char *boot_id, struct sk_engine **ret_engine);
void sk_engine_free(struct sk_engine *engine);

/* Before the first step: give back what was stored. Unknown keys (a point that left the site) are answered NOT_FOUND and may be
 * deleted by the caller. Order does not matter. */
enum sk_err sk_engine_restore_pending(struct sk_engine *engine, const char *key, const void *bytes, size_t length,
                                      const struct sk_now *now);
enum sk_err sk_engine_restore_alarm(struct sk_engine *engine, const struct sk_alarm *alarm); /* open ones */
void sk_engine_restore_last_occurrence(struct sk_engine *engine, uint64_t last);
/* After the last restore: names an interruption longer than staleness limits (sys.interrupted), never clears anything. */
enum sk_err sk_engine_start(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);

/* Inputs. Each is one step. NOMEM leaves the engine as it was. */
enum sk_err sk_engine_samples(struct sk_engine *engine, const struct sk_sample *samples, size_t count, const char *text,
                              size_t text_length, const struct sk_now *now, struct sk_effects *effects);
/* The same for a batch whose first samples were read as a block (schemas/model/block.h): its unchanged members have the read's
 * times and cost nothing while nothing waits for them. INVALID: the read does not speak of the members that are known here. */
enum sk_err sk_engine_block(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_sample *samples,
                            size_t count, const char *text, size_t text_length, const struct sk_now *now,
                            struct sk_effects *effects);
/* Members of the block that this point leads, at most `most`. */
size_t sk_engine_block_members(const struct sk_engine *engine, uint32_t leader, uint32_t *to, size_t most);
/* *ret_duplicate: the event is in the log already; effects hold at most counters, and the wire may acknowledge it. */
enum sk_err sk_engine_event(struct sk_engine *engine, const struct sk_access_event *event, const struct sk_now *now,
                            struct sk_effects *effects, bool *ret_duplicate);
enum sk_err sk_engine_malformed(struct sk_engine *engine, int32_t device, const char *where, const char *expected,
                                const void *bytes, size_t length, const struct sk_now *now, struct sk_effects *effects);
/* Between hold and release inputs are taken and nothing falls due by the clock: for what had waited while the caller was
 * stopped. Each dwell is still judged by the samples' own times. Tick after the release. */
void sk_engine_hold(struct sk_engine *engine, bool held);
/* The caller did not run for so long until now, and perhaps its pollers did not either: nobody's silence counts for that time,
 * and the log names the interval (sys.interrupted). Before the inputs that waited. */
enum sk_err sk_engine_stalled(struct sk_engine *engine, int64_t stall_us, const struct sk_now *now, struct sk_effects *effects);
/* Nobody watches this link for now, because our own poller does not run: its devices' silence is not theirs (no CommLost, no
 * Stale), while their values grow old as ever. May be said more than once; each saying is taken back once. */
enum sk_err sk_engine_blind(struct sk_engine *engine, uint32_t link, bool is_blind, const struct sk_now *now,
                            struct sk_effects *effects);
enum sk_err sk_engine_tick(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);
int64_t sk_engine_deadline(struct sk_engine *engine); /* mono; SK_NEVER when nothing is pending */

/* Commands of people. Idempotent: acknowledging an acknowledged occurrence is SK_OK with no effects but
 * the comment, if there is one (alarm.comment). NOT_FOUND: no such open
 * occurrence. comment may be "". */
enum sk_err sk_engine_acknowledge(struct sk_engine *engine, uint64_t occurrence, const char *comment,
                                  const struct sk_actor *actor, const struct sk_now *now, struct sk_effects *effects);
enum sk_err sk_engine_comment(struct sk_engine *engine, uint64_t occurrence, const char *comment, const struct sk_actor *actor,
                              const struct sk_now *now, struct sk_effects *effects);
/* Conditions of the monitor itself (log not writable, poller gone, clock unsynchronised): raise or return by name. */
enum sk_err sk_engine_system(struct sk_engine *engine, const char *name, bool active, enum sk_severity severity,
                             const char *detail, const struct sk_now *now, struct sk_effects *effects);

/* --- the roster (roster.c; what it decides: decide.h) --- */
/* zone: the site's, borrowed for the engine's life; before the first step. */
void sk_engine_set_zone(struct sk_engine *engine, const struct sk_zone *zone);
/* Before the first step and before the pending rows: the stored changes in order of their versions. */
enum sk_err sk_engine_restore_roster(struct sk_engine *engine, uint16_t ev, const void *body, size_t length);
/* A change of the roster: numbered, recorded, in force. change->version is set here. Errors as sk_roster_apply(); then nothing
 * of it happened. */
enum sk_err sk_engine_roster_change(struct sk_engine *engine, struct sk_roster_change *change, const struct sk_roster_act *act,
                                    const struct sk_now *now, struct sk_effects *effects);
const struct sk_roster *sk_engine_roster(const struct sk_engine *engine);
/* Takes back all changes above this version, which were recorded nowhere (an import that failed). Their effects are the
 * caller's to drop. */
void sk_engine_roster_take_back(struct sk_engine *engine, uint64_t version, const struct sk_now *now);

/* --- who is inside (presence.c; what it means: occupancy.h, muster.h) --- */
struct sk_muster;
struct sk_trail;
struct sk_trails;
struct sk_strangers;
/* Where a person was last seen to go; false: never. */
bool sk_engine_where(const struct sk_engine *engine, size_t person_index, uint16_t *ret_zone, int64_t *ret_since_us);
/* No controller of a door of this zone (index) has events that are known to be missing, and each is heard. */
bool sk_engine_zone_complete(const struct sk_engine *engine, uint32_t zone);
/* Doubts (mask, SK_DOUBT_*) about a person who is or may be in this zone (index). */
uint16_t sk_engine_doubts(const struct sk_engine *engine, size_t person_index, uint32_t zone, int64_t now_us);
struct sk_trails sk_engine_trails(const struct sk_engine *engine);                   /* borrowed; include decide.h */
struct sk_guests sk_engine_guests(const struct sk_engine *engine, int64_t as_of_us); /* led in by joint entries; borrowed */
const struct sk_trail *sk_engine_trail(const struct sk_engine *engine, size_t person_index);          /* NULL: no such person */
const struct sk_strangers *sk_engine_strangers(const struct sk_engine *engine, uint16_t zone_number); /* NULL: none yet */
const struct sk_muster *sk_engine_muster(const struct sk_engine *engine);

/* Acts of people about presence: each is one record. They go on while the log cannot be written; what is not recorded yet is
 * known by sk_engine_committed(), which the caller says after every commit. */
struct sk_presence_act {
    const struct sk_actor *actor;
    const char *reason, *second; /* "" none; second: another account that agreed */
};
/* He is in this zone (number). INVALID: no such person or zone. */
enum sk_err sk_engine_place(struct sk_engine *engine, size_t person_index, uint16_t zone, const struct sk_presence_act *act,
                            const struct sk_now *now, struct sk_effects *effects);
/* His next passage is not judged by where he was. NOT_FOUND: he was never seen anywhere. */
enum sk_err sk_engine_forgive(struct sk_engine *engine, size_t person_index, const struct sk_presence_act *act,
                              const struct sk_now *now, struct sk_effects *effects);
/* A correction that waits for the second person: only its record. */
enum sk_err sk_engine_place_asked(struct sk_engine *engine, size_t person_index, uint16_t zone,
                                  const struct sk_presence_act *act, const struct sk_now *now, struct sk_effects *effects);
/* point: zone (number) of the muster point. CONFLICT: one runs already (start), none does (the others). */
enum sk_err sk_engine_muster_start(struct sk_engine *engine, uint16_t point, bool drill, const struct sk_presence_act *act,
                                   const struct sk_now *now, struct sk_effects *effects);
/* Seen, or that taken back. Again: SK_OK without effects. */
enum sk_err sk_engine_muster_seen(struct sk_engine *engine, size_t person_index, bool seen, const struct sk_presence_act *act,
                                  const struct sk_now *now, struct sk_effects *effects);
enum sk_err sk_engine_muster_end(struct sk_engine *engine, const struct sk_presence_act *act, const struct sk_now *now,
                                 struct sk_effects *effects);
void sk_engine_committed(struct sk_engine *engine);

/* --- the registers (registers.c) --- */
/* Before the first step: the stored acts of entries still needed (not final, or so for less than SK_REGISTERS_KEEP_DAYS), each
 * entry's in order; and the highest number ever given out of each register. */
enum sk_err sk_engine_restore_register(struct sk_engine *engine, uint16_t ev, int64_t at_us, const void *body, size_t length);
void sk_engine_restore_register_last(struct sk_engine *engine, uint8_t register_, uint32_t number);
/* An act: recorded and in force. The caller has set row, entry, step, actor, fields and commitment; at_us and state are set
 * here. Errors as sk_registers_check(), with its sentence in the fault; then nothing of it happened. */
enum sk_err sk_engine_register_act(struct sk_engine *engine, struct sk_register_act *act, const struct sk_roster_act *by,
                                   const struct sk_now *now, struct sk_effects *effects, struct sk_fault *fault);
/* Takes back the entries of a register above this number, as sk_engine_roster_take_back(). */
void sk_engine_registers_take_back(struct sk_engine *engine, uint8_t register_, uint32_t number, const struct sk_now *now);
const struct sk_registers *sk_engine_registers(const struct sk_engine *engine);
/* --- doors (door_model.h) --- */
enum sk_door_doubt { SK_DOUBT_NONE, SK_DOUBT_NEVER, SK_DOUBT_MISSING, SK_DOUBT_CONTACT }; /* why something is not known */
enum sk_door_source { SK_DOOR_FROM_NOWHERE, SK_DOOR_FROM_EVENTS, SK_DOOR_FROM_POLLING };
struct sk_door_state_view {
    uint8_t state; /* of its family in door_states.def; 0 when not known */
    uint8_t source;
    bool known;
    int64_t since_us; /* utc; 0 never */
};
enum { SK_DOOR_FAMILIES = 7 }; /* mode, phys, lock, lock2, alarm, tamper, fault: enum sk_door_family */
struct sk_door_view {
    struct sk_door_state_view states[SK_DOOR_FAMILIES]; /* the controller's words, as far as they are known */
    uint8_t model;                                      /* our own: family "model" */
    int64_t model_since_us;
    uint8_t doubt;                               /* of the contact */
    bool differs;                                /* controller and model differ about the alarm */
    uint32_t disabled_readers, degraded_readers; /* masks by index */
};
/* door: index. */
void sk_engine_door(const struct sk_engine *engine, uint32_t door, struct sk_door_view *ret_view);

/* People whom its counter saw and no passage explains; 0: none to resolve. */
uint32_t sk_engine_door_surplus(const struct sk_engine *engine, uint32_t door, int64_t *ret_since_us);
/* A person says what it was. NOT_FOUND: there is none to resolve. */
enum sk_err sk_engine_door_resolve(struct sk_engine *engine, uint32_t door, const char *cause, const char *reason,
                                   const struct sk_actor *actor, const struct sk_now *now, struct sk_effects *effects);

/* Looking: borrowed until the next step. */
const struct sk_point_view *sk_engine_point(const struct sk_engine *engine, uint32_t point);
size_t sk_engine_alarm_count(const struct sk_engine *engine); /* open ones */
const struct sk_alarm *sk_engine_alarm(const struct sk_engine *engine, size_t index);

#endif
