/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's rooms know of each other: the one state, and what they ask of it. Conditions and alarms, controllers and
 * passages, doors have headers of their own (conditions.h, controllers.h, doors.h). Private to this folder.
 *
 * One engine = arrays sized from the site at creation: a view and a watch per point, a watch per device, a condition per limit,
 * per device, per door and per controller, a cursor set per controller, tallies, and one timer heap over all that can fall due.
 * A step is: reserve what the worst case can need (the only place that may fail), fire what is due, take the input. After the
 * reservation nothing fails, so a step happens whole or not at all. */
#ifndef SK_ENGINE_INTERNAL_H
#define SK_ENGINE_INTERNAL_H

#include "collector/engine/busy.h"
#include "collector/engine/cases.h"
#include "collector/engine/doors.h"
#include "collector/engine/engine.h"
#include "collector/engine/muster.h"
#include "collector/engine/occupancy.h"
#include "collector/engine/rights.h"
#include "collector/engine/tailgate.h"
#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum {
    SK_NO_COND = 0xFFFFFFFF,
    SK_SYSTEM_NAME_MAX = 64,
    SK_DUE_ROWS_MAX = 64,
    SK_OPENING_ALARMS = 4, /* openings.c */
    SK_PATROL_ALARMS = 2,  /* patrols.c */
    SK_PATROL_READS = 64,  /* reads of patrol readers kept until the next tick */
    SK_REGISTERS_TRANSITIONS = 2 * (SK_DUE_ROWS_MAX + SK_OPENING_ALARMS + SK_PATROL_ALARMS), /* all raised or returned */
    SK_PAPERS_NAMED = 32, /* acts of one turn told apart; with more all passages kept are decided again */
    SK_CTRL_CONDS = 7,
    SK_DOOR_CONDS = 10,
    SK_ZONE_CONDS = 4,
    SK_CTRL_TALLIES = 3
};

/* --- effects.c --- */
enum sk_err sk_effects_reserve(struct sk_effects *effects, size_t records, size_t alarms, size_t rows, size_t points);
struct sk_draft *sk_effects_record(struct sk_effects *effects); /* body initialised, header zero */
void sk_effects_alarm(struct sk_effects *effects, const struct sk_alarm *alarm);
void sk_effects_point(struct sk_effects *effects, uint32_t point);
struct sk_row { /* a pending row being written; what does not fit marks the writer bad and drops the row (own mistake) */
    struct sk_effect *effect;
    struct sk_writer writer;
};
void sk_effects_put(struct sk_effects *effects, const char *key, struct sk_row *ret_row);
void sk_row_end(struct sk_row *row);
void sk_effects_delete(struct sk_effects *effects, const char *key);

/* --- heap.c: timers by node number, earliest first, ties by node --- */
struct sk_heap {
    uint32_t *nodes;   /* heap order */
    uint32_t *place;   /* node -> index + 1; 0 not queued */
    int64_t *deadline; /* by node */
    size_t count, capacity;
};
enum sk_err sk_heap_init(struct sk_heap *heap, size_t nodes);
void sk_heap_release(struct sk_heap *heap);
void sk_heap_set(struct sk_heap *heap, uint32_t node, int64_t deadline);
void sk_heap_cancel(struct sk_heap *heap, uint32_t node);
/* Calls visit for every node due at `until`, in no order; for bounding work before doing it. */
void sk_heap_due(const struct sk_heap *heap, int64_t until, void (*visit)(void *context, uint32_t node), void *context);

/* Age of something that must speak: a point or a device. */
struct sk_watch {
    int64_t ok_mono;  /* last time it spoke usably */
    int64_t limit_us; /* 0: not watched */
    bool row;         /* its age is on disk: silent for more than half its limit */
    bool keep;        /* worth a row */
    bool expired;
};

/* How a point stands with its device's quality. */
enum sk_standing {
    SK_ST_NONE,  /* nothing came yet, or it is no matter of its device's */
    SK_ST_WELL,  /* has a value, or the device says that there is none */
    SK_ST_NEVER, /* bad, and never was anything else */
    SK_ST_LOST,  /* had a usable value and has none now */
    SK_ST_COUNT_
};
struct sk_device_state {
    uint32_t cond;   /* SK_NO_COND: none of its points is read */
    uint32_t points; /* that matter */
    uint32_t standing[SK_ST_COUNT_];
    bool inherits; /* something was wrong before the restart: what is bad without ever having been seen well counts too */
};

struct sk_point_state {
    uint32_t first_cond;
    uint16_t cond_count;
    uint16_t moving;                   /* conditions that count time: refreshes matter too */
    bool heartbeat, answers;           /* must move; counts as an answer of its device */
    bool seen;                         /* a usable sample came since the engine began */
    bool matters;                      /* to its device's quality */
    uint8_t standing;                  /* enum sk_standing */
    int64_t shown_mono;                /* last POINT effect */
    uint32_t head_of;                  /* 1 + controller whose newest number it says; 0 none */
    uint32_t counts;                   /* 2 * (1 + door) + way of the people it counts; 0 none */
    bool patrol_tag;                   /* a patrol reader's last tag */
    uint8_t lock_kind;                 /* latches.c; 0: its changes are no records */
    int32_t lock_state;                /* last word; -1 none */
    int64_t opened_us;                 /* UTC of the opening that stands, or of the last one */
    uint32_t block;                    /* number of the block it belongs to, from 1; 0 none */
    uint8_t told_quality, told_reason; /* of the sample that made it a member; staleness overwrites the view's */
    uint32_t leads;                    /* number of the block that has its name; 0 none */
    bool leads_cable;                  /* a position along a cable: taken before the states of its batch */
};

/* Points that are read together (blocks.c). */
struct sk_block {
    int64_t source_us, recv_us, mono_us; /* of its newest read */
    int64_t walked_us;                   /* mono: when each member was gone through */
    int64_t patience_us;                 /* while calm: so long after a read the first timer of a member is due */
    uint32_t uncertainty_us;
    uint32_t members, device;
    uint32_t host; /* while calm: the member whose timer stands for all */
    bool calm;
};
struct sk_block_step { /* what a read will cost, and which block it is of */
    uint32_t number;
    size_t transitions, points;
    bool walks;
};

struct sk_index_row { /* for restoring: hash of a name -> number */
    uint64_t hash;
    uint32_t number;
};

struct sk_blind {   /* a link that nobody watches */
    uint32_t count; /* how many say so */
    int64_t since_mono;
};

struct sk_patrol_read {
    uint32_t device;
    int64_t at_us;
    char tag[80];
};
struct sk_patrol_reads {
    struct sk_patrol_read at[SK_PATROL_READS];
    size_t count;
};

struct sk_engine {
    const struct sk_site *site;
    uint64_t boot; /* hash of the boot id */
    char boot_id[40];
    bool started;
    bool held; /* inputs that waited are being taken: nothing falls due meanwhile */
    /* points */
    struct sk_point_view *views;
    struct sk_point_state *points;
    struct sk_watch *watches; /* points, then devices */
    bool has_leaders;
    struct sk_block *blocks; /* in the order they were first read */
    size_t block_count, block_capacity;
    struct sk_blind *blinds; /* by link */
    /* conditions */
    struct sk_cond *conds;
    size_t cond_count;
    uint32_t system_cond;  /* first of the SYSTEM slots */
    struct sk_slot *slots; /* conditions by name, one pool after the other (system.c) */
    uint32_t slot_count;
    uint32_t *device_cond; /* CommLost of a device; SK_NO_COND */
    struct sk_device_state *devices;
    struct sk_limit *quality_limits; /* by device: its own time */
    uint32_t door_cond;              /* first of the doors': SK_DOOR_CONDS each */
    uint32_t zone_cond;              /* first of the zones': SK_ZONE_CONDS each */
    struct sk_limit *zone_limits;    /* by zone and kind: how long it may last follows from the zone's rule */
    struct sk_door_watch *door_watches;
    struct sk_tail *tails;         /* by door */
    struct sk_limit *count_limits; /* by door: its own resolve_time */
    struct sk_busy *busy;          /* by door */
    const struct sk_zone *zone;    /* borrowed; NULL: UTC */
    struct sk_rate *rates;
    size_t rate_count;
    struct sk_limit comm_limit;
    /* alarms: open ones, by occurrence upwards */
    struct sk_open_alarm **open;
    size_t open_count, open_capacity;
    struct sk_open_alarm **spare; /* objects not in use */
    size_t spare_count, spare_capacity;
    void **chunks;
    size_t chunk_count, chunk_capacity;
    uint64_t last_occurrence;
    /* controllers */
    struct sk_ctrl *ctrls;
    size_t ctrl_count;
    int32_t *ctrl_of_device;
    struct sk_sha256 *sha;
    struct sk_tally *tallies; /* dup and reorder per controller, then malformed per device and one more */
    size_t tally_count;
    /* the roster and where its people were last seen */
    struct sk_roster *roster;
    struct sk_trails trails;
    struct sk_occupancy occupancy;
    struct sk_muster muster;
    struct sk_rights rights;
    struct sk_cases cases; /* passages that may be decided again */
    bool papers_due;       /* papers changed since they were looked at: these entries, or more than can be named */
    bool papers_all;
    size_t papers_named;
    char papers_names[SK_PAPERS_NAMED][SK_ENTRY_ID_MAX];
    int64_t awaited_mono; /* when the first of what is awaited is over */
    /* the registers, and when what is overdue is looked at next */
    struct sk_registers *registers;
    int64_t registers_due_mono; /* SK_NEVER: nothing can fall due */
    bool registers_looked;
    uint64_t openings_told[SK_OPENING_ALARMS]; /* as below, of openings.c */
    uint64_t patrols_told[SK_PATROL_ALARMS];
    struct sk_patrol_reads patrol_reads;
    bool has_latches;                         /* some point has a lock_kind */
    uint64_t registers_told[SK_DUE_ROWS_MAX]; /* by row of the dues list: what its alarm says; 0: it is not on */
    /* time */
    struct sk_heap heap;
    uint32_t node_device, node_cond, node_tally, node_door, node_alive, node_case, node_count;
    int64_t alive_interval_us, shortest_stale_us;
    bool has_alive;
    int64_t alive_mono, alive_utc; /* restored: rebased to this boot */
    /* restoring */
    struct sk_index_row *cond_index, *point_index;
};

/* engine.c */
uint64_t sk_hash_text(const char *text); /* FNV-1a, 64 bit */
enum sk_err sk_engine_reserve(struct sk_engine *engine, struct sk_effects *effects, size_t transitions, size_t points);

/* Reserves for the caller and for what is due until then, then fires that. The caller's part cannot fail after it. */
enum sk_err sk_engine_advance(struct sk_engine *engine, int64_t until_mono, const struct sk_now *now, size_t transitions,
                              size_t points, struct sk_effects *effects);

/* find.c: names to numbers, while restoring */
enum sk_err sk_engine_index(struct sk_engine *engine);
void sk_engine_index_free(struct sk_engine *engine);
int64_t sk_find_point(const struct sk_engine *engine, const char *id);
int64_t sk_find_cond(struct sk_engine *engine, const char *source, int condition);
/* --- spots along a cable --- */
void sk_spots_find_leaders(struct sk_engine *engine);
/* Adds metre and spot to a place when the point's device has named spots and its position is known. */
void sk_spots_add(const struct sk_engine *engine, uint32_t point, char *place, size_t capacity);

/* system.c: conditions by name */
struct sk_slot {
    char name[SK_SYSTEM_NAME_MAX]; /* "" never given out */
    uint64_t hash;
};
bool sk_system_is_access(const char *name); /* a named condition about rights, not about the monitor */
uint32_t sk_system_slot_count(size_t ctrl_count);
enum sk_err sk_system_create(struct sk_engine *engine);              /* slot_count slots */
uint32_t sk_system_slot(struct sk_engine *engine, const char *name); /* found or taken; slot_count: its pool is full */
/* Rings that this name found no place: nobody must think that all is told. As many transitions as the name would have used. */
void sk_system_refuse(struct sk_engine *engine, const char *name, const struct sk_now *now, struct sk_effects *effects);

/* Feeds a condition of the monitor itself; the step has reserved two transitions for it. FULL: no slot left. newest not 0: its
 * detail is told whenever it changes, and takes the acknowledgement back when newest has grown. */
enum sk_err sk_system_feed(struct sk_engine *engine, const char *name, bool active, uint8_t severity, const char *detail,
                           uint64_t newest, const struct sk_now *now, struct sk_effects *effects);

/* registers.c: what is overdue, and when to look again; SK_REGISTERS_TRANSITIONS reserved */
void sk_registers_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);
bool sk_device_is_unwatched(const struct sk_engine *engine, uint32_t device); /* blind.c */

/* patrols.c. A tag was read: kept until sk_patrol_write() makes acts of it, at a step's outermost level. sk_patrols_look():
 * true: a plan is in force, so look again within a minute; SK_PATROL_ALARMS transitions reserved. */
bool sk_patrol_is_tag(const struct sk_point *point, const struct sk_device *device);
void sk_patrol_take(struct sk_engine *engine, uint32_t point, const struct sk_now *now);
void sk_patrol_write(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);
bool sk_patrols_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);

/* points.c */
void sk_points_take(struct sk_engine *engine, const struct sk_sample *sample, const char *text, size_t text_length,
                    const struct sk_now *now, struct sk_effects *effects);
void sk_point_fire(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects);
void sk_device_fire(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects);
void sk_device_heard(struct sk_engine *engine, uint32_t device, int64_t mono_us, bool simulated, const struct sk_now *now,
                     struct sk_effects *effects);
bool sk_device_is_simulated(const struct sk_engine *engine, uint32_t device); /* its link only plays */
void sk_watch_arm(struct sk_engine *engine, uint32_t node);
bool sk_watch_put_off(struct sk_engine *engine, uint32_t node); /* a queued timer is not due when it says; it says so now */
void sk_point_mark_stale(struct sk_engine *engine, uint32_t point);

/* blocks.c */
/* Gives a member its block's times. */
void sk_block_sync(const struct sk_engine *engine, uint32_t point);
/* Ends the calm of a point's block: each member has its own time and timer again. Before anything of the point's begins to
 * wait. */
void sk_block_stir(struct sk_engine *engine, uint32_t point);
void sk_blocks_stir_all(struct sk_engine *engine);
/* When the timer of a calm block is due, if this node carries it. */
bool sk_block_hosts(const struct sk_engine *engine, uint32_t node, int64_t *ret_deadline);
/* Timers of calm blocks that are due become those of their members. */
void sk_blocks_wake(struct sk_engine *engine, int64_t until_mono);
/* A sample of block `number` (0: of none): the point joins or leaves. */
void sk_block_take(struct sk_engine *engine, uint32_t number, const struct sk_sample *sample);
void sk_block_leave(struct sk_engine *engine, uint32_t point);
/* A read of a block: begin (INVALID: it does not speak of its members; nothing has changed), open, its samples, end. */
enum sk_err sk_block_begin(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_sample *samples,
                           size_t count, const struct sk_now *now, struct sk_block_step *ret_step);
void sk_block_open(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_block_step *step);
void sk_block_end(struct sk_engine *engine, const struct sk_block_read *read, const struct sk_block_step *step,
                  const struct sk_now *now, struct sk_effects *effects);

/* quality.c: points of a device that stay without a usable value */
bool sk_quality_matters(const struct sk_point *point);
void sk_quality_limit(const struct sk_site *site, uint32_t device, struct sk_limit *ret_limit);
void sk_quality_look(struct sk_engine *engine, uint32_t point, const struct sk_now *now, struct sk_effects *effects);
void sk_quality_tell(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects);
uint64_t sk_quality_detail(const struct sk_engine *engine, uint32_t device, char to[SK_ALARM_TEXT_MAX]); /* how many */
void sk_quality_start(struct sk_engine *engine, uint32_t device, const struct sk_now *now, struct sk_effects *effects);

void sk_reasons_text(const struct sk_second_decision *ours, char *to, size_t capacity); /* doors.c */

/* supplement.c */
struct sk_world sk_engine_world(const struct sk_engine *engine);
enum sk_err sk_case_restore(struct sk_engine *engine, const char *rest, struct sk_reader *reader);
void sk_cases_arm(struct sk_engine *engine, const struct sk_now *now);
void sk_passage_keep(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects);
size_t sk_cases_since(const struct sk_engine *engine, int64_t at_us);   /* how many what happened then may change */
int32_t sk_zone_index(const struct sk_engine *engine, uint16_t number); /* -1 none */
void sk_supplements_stir(struct sk_engine *engine, const struct sk_stir *stir, int64_t as_of_us, const struct sk_now *now,
                         struct sk_effects *effects);
/* entry NULL: any of them. */
void sk_papers_changed(struct sk_engine *engine, const char *entry, const struct sk_now *now);
size_t sk_cases_due(const struct sk_engine *engine);
void sk_cases_fire(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);

/* zones.c: alarms of zones by who is inside */
void sk_zone_look(struct sk_engine *engine, int32_t zone, const struct sk_now *now, struct sk_effects *effects);
void sk_zones_stir(struct sk_engine *engine, const struct sk_stir *stir, const struct sk_now *now,
                   struct sk_effects *effects); /* those somebody left or entered */
void sk_zones_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects); /* all */
size_t sk_zones_worst(const struct sk_engine *engine);                                              /* transitions of that */
void sk_zone_detail(const struct sk_engine *engine, const struct sk_cond *cond, const struct sk_now *now,
                    char to[SK_ALARM_TEXT_MAX]);
bool sk_zone_is_simulated(const struct sk_engine *engine, uint32_t zone);
/* openings.c: the request (entry of a register) that covers this rack or key at that moment; false: none */
bool sk_opening_request(const struct sk_engine *engine, uint32_t point, bool key, int64_t at_us, char to[SK_ENTRY_ID_MAX]);
/* True: something stands open, so look again within a minute. SK_OPENING_ALARMS transitions reserved. */
bool sk_openings_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);

/* roster.c */
void sk_passage_decide(const struct sk_engine *engine, struct sk_passage *passage);
uint16_t sk_zone_number(const struct sk_site *site, int32_t zone); /* 0 none */
bool sk_is_passage(uint16_t ev);

/* presence.c: who is inside, as steps */
enum sk_err sk_presence_reserve(struct sk_engine *engine, size_t people);
void sk_presence_release(struct sk_engine *engine);
/* False: nobody moved; else what that may change of earlier decisions, but for its own case. */
bool sk_presence_take(struct sk_engine *engine, const struct sk_passage *passage, struct sk_stir *ret_stir,
                      struct sk_effects *effects);
/* Shared with muster_acts.c: a record of an act begun, its members, its person, and what it stirs. */
const char *sk_presence_person_id(const struct sk_engine *engine, size_t person);
bool sk_presence_is_person(const struct sk_engine *engine, size_t person);
struct sk_draft *sk_presence_begin(struct sk_engine *engine, uint16_t ev, uint16_t zone, int64_t person,
                                   const struct sk_now *now, struct sk_effects *effects); /* person -1: nobody's */
void sk_presence_put_place(struct sk_body *body, uint16_t from, uint16_t to);
void sk_presence_put_act(struct sk_body *body, const struct sk_presence_act *act, const struct sk_now *now, const char *person);
void sk_presence_stirred(struct sk_engine *engine, size_t person, uint16_t from, const struct sk_now *now,
                         struct sk_effects *effects);
enum sk_err sk_presence_room(struct sk_engine *engine, size_t records, const struct sk_now *now, struct sk_effects *effects);
/* muster_acts.c: guests who are let in while a muster runs; marks and rows are reserved before, beside the step's own
 * transitions. */
enum sk_err sk_muster_guest_room(struct sk_engine *engine, const struct sk_now *now, size_t transitions,
                                 struct sk_effects *effects);
void sk_muster_guests_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);
/* presence_rows.c: its pending rows */
void sk_presence_put_trail(const struct sk_engine *engine, size_t person, struct sk_effects *effects);
void sk_presence_put_doorway(const struct sk_engine *engine, const struct sk_door_info *door, struct sk_effects *effects);
void sk_presence_put_strangers(const struct sk_engine *engine, int32_t zone, struct sk_effects *effects);
void sk_presence_put_muster(const struct sk_engine *engine, struct sk_effects *effects);
void sk_presence_put_listed(const struct sk_engine *engine, size_t page, struct sk_effects *effects);
void sk_presence_put_mark(const struct sk_engine *engine, size_t person, struct sk_effects *effects);
void sk_presence_put_guest(const struct sk_guest_mark *mark, struct sk_effects *effects);
enum { SK_LISTED_PER_PAGE = 8 * 1984 }; /* people of one row of the list */
enum sk_err sk_presence_read(struct sk_engine *engine, const char *kind, const char *rest, struct sk_reader *reader);
/* rights.c */
enum sk_err sk_rights_create(struct sk_engine *engine);
void sk_rights_release(struct sk_rights *rights);
void sk_rights_changed(struct sk_engine *engine, const struct sk_roster_change *change); /* after a change of the roster */
void sk_fact_record(const struct sk_engine *engine, const struct sk_fact *fact, const struct sk_roster_act *act,
                    struct sk_effects *effects); /* act NULL: nobody's; one record was reserved */
/* The card of a passage is one that was lost: a record, and an alarm. The step has reserved two transitions for it. */
void sk_rights_passage(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects);
/* Folds a comparison of the list with the roster and records it; `always`: also when nothing began or ended. */
enum sk_err sk_rights_compare(struct sk_engine *engine, struct sk_list *list, bool always, const struct sk_now *now,
                              struct sk_effects *effects);
/* Before the first step: an alarm about something that no longer stands (its fact was lost with a damaged log, its controller
 * left the site) returns by nobody's word, so whoever acknowledges it ends it. */
void sk_rights_start(struct sk_engine *engine);
enum sk_err sk_rights_tend(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);

/* pending.c: writing rows; restore.c reads them */
void sk_pending_cond(struct sk_engine *engine, uint32_t cond, const struct sk_now *now, struct sk_effects *effects);
void sk_pending_rate(struct sk_engine *engine, uint32_t cond, const struct sk_now *now, struct sk_effects *effects);
void sk_pending_watch(struct sk_engine *engine, uint32_t node, const struct sk_now *now, struct sk_effects *effects);
void sk_pending_cursor(struct sk_engine *engine, uint32_t ctrl, uint32_t slot, const struct sk_now *now,
                       struct sk_effects *effects);
void sk_pending_page(struct sk_engine *engine, uint32_t ctrl, uint32_t slot, uint32_t page, struct sk_effects *effects);
void sk_pending_tally(struct sk_engine *engine, uint32_t tally, const struct sk_now *now, struct sk_effects *effects);
void sk_pending_door(struct sk_engine *engine, uint32_t door, const struct sk_now *now, struct sk_effects *effects);
enum sk_err sk_door_read(struct sk_engine *engine, const char *door, struct sk_reader *reader, int64_t mono_shift_us);
void sk_pending_ctrl(struct sk_engine *engine, uint32_t ctrl, struct sk_effects *effects);
enum sk_err sk_ctrl_read(struct sk_ctrl *ctrl, struct sk_reader *reader);
int64_t sk_time_add(int64_t a, int64_t b); /* saturating: rows are not trusted to be small */
void sk_pending_skew(struct sk_engine *engine, uint32_t ctrl, struct sk_effects *effects);
void sk_pending_alive(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);
enum { SK_ROW_VERSION = 1 };

void sk_interruption_record(const struct sk_engine *engine, int64_t from_utc, const struct sk_now *now,
                            struct sk_effects *effects); /* restore.c */

static inline const char *sk_text_or(const char *text)
{
    return text == NULL ? "" : text;
}

#endif
