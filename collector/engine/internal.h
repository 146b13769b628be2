/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's rooms know of each other. Private to this folder.
 *
 * One engine = arrays sized from the site at creation: a view and a watch per point, a watch per device, a condition per limit,
 * per device, per door and per controller, a cursor set per controller, tallies, and one timer heap over all that can fall due.
 * A step is: reserve what the worst case can need (the only place that may fail), fire what is due, take the input. After the
 * reservation nothing fails, so a step happens whole or not at all. */
#ifndef SK_ENGINE_INTERNAL_H
#define SK_ENGINE_INTERNAL_H

#include "collector/engine/busy.h"
#include "collector/engine/cases.h"
#include "collector/engine/door_model.h"
#include "collector/engine/engine.h"
#include "collector/engine/muster.h"
#include "collector/engine/occupancy.h"
#include "collector/engine/rights.h"
#include "collector/engine/tailgate.h"
#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum {
    SK_NO_COND = 0xFFFFFFFF,
    SK_SYSTEM_SLOTS = 256,
    SK_SYSTEM_NAME_MAX = 64,
    SK_EPOCHS = 4, /* epochs of a controller that are still recognised */
    SK_HOLES = 64,
    SK_DIGEST_PAGES = 16, /* pages of 64: the last 1 024 events */
    SK_PAGE_EVENTS = 64,
    SK_RATE_BUCKETS = 24,
    SK_DUE_ROWS_MAX = 64,
    SK_OPENING_ALARMS = 4,                                                /* openings.c */
    SK_REGISTERS_TRANSITIONS = 2 * (SK_DUE_ROWS_MAX + SK_OPENING_ALARMS), /* every alarm of the dues list raised or returned */
    SK_PAPERS_NAMED = 32, /* acts of one turn told apart; with more all passages kept are decided again */
    SK_CTRL_CONDS = 7,
    SK_DOOR_CONDS = 10,
    SK_ZONE_CONDS = 4,
    SK_CTRL_TALLIES = 3
};
#define SK_BUSY_STOP_US  (60 * SK_US_PER_S) /* a longer stop of ours spoils the hour that a door is learned by */
#define SK_TELL_EVERY_US (5 * SK_US_PER_S)  /* a figure in an open alarm is told anew no more often */

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

/* --- conditions --- */
enum sk_cond_kind {
    SK_CK_LIMIT,   /* owner: point */
    SK_CK_COMM,    /* owner: device */
    SK_CK_QUALITY, /* owner: device */
    SK_CK_DOOR_ALARM,
    SK_CK_DOOR_TAMPER,
    SK_CK_DOOR_FAULT,
    SK_CK_DOOR_DURESS,
    SK_CK_DOOR_POLICY, /* granted, and our roster says no */
    SK_CK_DOOR_FACTOR, /* owner: door; two factors wanted, those used not known */
    SK_CK_DOOR_LOCK,   /* lock or contact at fault */
    SK_CK_DOOR_READER, /* an access point is disabled */
    SK_CK_DOOR_COUNT,  /* a counter surplus that nobody resolved in time */
    SK_CK_DOOR_BUSY,   /* no event at an hour at which the door is busy */
    SK_CK_DOOR_LAST_ = SK_CK_DOOR_BUSY,
    SK_CK_GAP,
    SK_CK_REPLAY,
    SK_CK_SKEW,
    SK_CK_UNKNOWN,
    SK_CK_MALFORMED,
    SK_CK_DURESS, /* owner: device */
    SK_CK_SILENT, /* numbers given out that never came */
    SK_CK_CTRL_LAST_ = SK_CK_SILENT,
    SK_CK_ZONE_SINGLE,
    SK_CK_ZONE_MAX,
    SK_CK_ZONE_MIN,
    SK_CK_ZONE_ASTRAY, /* owner: zone */
    SK_CK_SYSTEM,      /* owner: slot */
    SK_CK_COUNT_
};
enum sk_cond_state { SK_CS_IDLE, SK_CS_PENDING, SK_CS_ACTIVE, SK_CS_RETURNING };
enum sk_verdict { SK_V_ABNORMAL, SK_V_BAND, SK_V_NORMAL, SK_V_UNKNOWN };

struct sk_open_alarm {
    struct sk_alarm alarm;
    uint32_t cond; /* SK_NO_COND: what it watched has left the site */
};

struct sk_rate { /* change over a sliding window: buckets of first time, minimum, maximum */
    int64_t first_mono[SK_RATE_BUCKETS];
    double low[SK_RATE_BUCKETS], high[SK_RATE_BUCKETS];
    double last;        /* the value held until the next one */
    int64_t begun_mono; /* since when the window is filled without a gap */
    uint8_t count;
    bool holds; /* `last` is a value that is still held */
};

struct sk_cond {
    const struct sk_limit *limit;
    struct sk_open_alarm *alarm; /* while ACTIVE or RETURNING */
    int64_t since_mono;          /* of PENDING or RETURNING */
    int64_t since_utc;           /* when the abnormality began */
    uint64_t matched;            /* State: the states or flags that alarm now */
    uint32_t owner;
    uint32_t rate;     /* index into engine->rates; SK_NO_COND */
    uint64_t told;     /* QUALITY, GAP: how many people were told of */
    int64_t tell_mono; /* when the next will be told */
    uint8_t kind, state, severity;
    bool untold; /* something changed since */
};

/* What an input says to a condition. */
struct sk_decision_input {
    enum sk_verdict verdict;
    const struct sk_now *now;
    const struct sk_sample *sample; /* NULL: none decided */
    const char *detail;             /* "" none */
    uint8_t severity;
    bool simulated;
    bool has_value;
    double value, limit;
    uint64_t matched;
    int64_t mono_us, recv_us; /* when it was seen */
    bool due;                 /* a figure that waited to be told */
    uint8_t occurrence_class; /* 0: not an access event */
};

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

/* --- controllers --- */
enum { SK_HOLE_SILENT = 1, SK_HOLE_MERGED = 2 };
struct sk_hole {
    uint64_t from, to; /* inclusive */
    int64_t since_mono;
    uint8_t flags;
};
struct sk_cursor {
    bool used;
    uint32_t epoch;
    uint64_t last;
    uint64_t order; /* later epochs are higher */
    uint32_t hole_count;
    struct sk_hole holes[SK_HOLES]; /* ascending, disjoint */
};
struct sk_digest_page {
    bool used;
    uint32_t epoch;
    uint64_t number;                  /* seq / 64 */
    uint64_t digests[SK_PAGE_EVENTS]; /* 0: not received */
};
struct sk_ctrl {
    uint32_t device;
    uint32_t first_cond;
    struct sk_cursor cursors[SK_EPOCHS];
    struct sk_digest_page pages[SK_EPOCHS][SK_DIGEST_PAGES];
    bool skewed;                     /* a ctrl.skew record was made and no good time came since */
    uint8_t clock;                   /* enum sk_clock_word */
    bool lost;                       /* contact was lost, and no event proved since that none is missing */
    bool away;                       /* contact is lost now */
    int32_t head_point, epoch_point; /* what its heartbeat says; -1 none */
};
/* What the last event that came in time said of a controller's clock. */
enum sk_clock_word { SK_CLOCK_WORD_NONE, SK_CLOCK_WORD_GOOD, SK_CLOCK_WORD_BAD };
#define SK_CLOCK_SMALL_US (2 * SK_US_PER_S) /* a skew below it is small: access.md 2.6 warns above */

/* A door of ours: its model and what was said of it. */
struct sk_door_watch {
    struct sk_door_model model;
    int64_t settle_mono;    /* when model and controller are compared; SK_NEVER */
    int64_t busy_look_mono; /* when its silence is looked at next; SK_NEVER */
    uint8_t recorded;       /* the model's alarm that the log knows */
    bool differs;           /* a door.differs record stands */
};
enum sk_seq_verdict {
    SK_SEQ_FIRST,
    SK_SEQ_NEXT,
    SK_SEQ_GAP,
    SK_SEQ_FILL,
    SK_SEQ_DUPLICATE,
    SK_SEQ_CONFLICT,
    SK_SEQ_ROLLBACK,
    SK_SEQ_EPOCH
};
struct sk_judgement {
    enum sk_seq_verdict verdict;
    uint32_t slot;           /* cursor concerned (FIRST, EPOCH: the one to take) */
    uint32_t hole;           /* FILL */
    bool possible_duplicate; /* FILL of a merged hole */
};
/* cursor.c, pure */
struct sk_judgement sk_ctrl_judge(const struct sk_ctrl *ctrl, uint32_t epoch, uint64_t seq, uint64_t digest,
                                  bool duplicate_flag);
void sk_ctrl_apply(struct sk_ctrl *ctrl, const struct sk_judgement *judgement, uint32_t epoch, uint64_t seq, uint64_t digest,
                   int64_t mono_us);
/* The number that a counter of so many bits means: the one nearest to the newest of its epoch. */
uint64_t sk_ctrl_extend(const struct sk_ctrl *ctrl, uint32_t epoch, uint64_t seq, unsigned bits);
size_t sk_ctrl_holes(const struct sk_ctrl *ctrl, uint64_t *ret_missing, const struct sk_hole **ret_first); /* reported ones */
const struct sk_cursor *sk_ctrl_current(const struct sk_ctrl *ctrl); /* NULL: nothing heard yet */

/* Things counted rather than recorded one by one: at most one record a minute. */
enum sk_tally_kind { SK_TALLY_DUP, SK_TALLY_REORDER, SK_TALLY_LATE, SK_TALLY_MALFORMED };
struct sk_tally {
    uint64_t count;
    int64_t since_mono; /* window began; meaningful while open */
    uint32_t device;    /* index, or device_count for "unknown" */
    uint8_t kind;
    bool open;
};

struct sk_index_row { /* for restoring: hash of a name -> number */
    uint64_t hash;
    uint32_t number;
};

struct sk_blind {   /* a link that nobody watches */
    uint32_t count; /* how many say so */
    int64_t since_mono;
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
    char system_names[SK_SYSTEM_SLOTS][SK_SYSTEM_NAME_MAX];
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
    bool has_latches;                          /* some point has a lock_kind */
    uint64_t registers_told[SK_DUE_ROWS_MAX];  /* by row of the dues list: what its alarm says; 0: it is not on */
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

bool sk_system_is_access(const char *name);                          /* a named condition about rights, not about the monitor */
uint32_t sk_system_slot(struct sk_engine *engine, const char *name); /* system.c: found or taken; SK_SYSTEM_SLOTS: full */

/* Feeds a condition of the monitor itself; the step has reserved two transitions for it. FULL: no slot left. newest not 0: its
 * detail is told whenever it changes, and takes the acknowledgement back when newest has grown. */
enum sk_err sk_system_feed(struct sk_engine *engine, const char *name, bool active, uint8_t severity, const char *detail,
                           uint64_t newest, const struct sk_now *now, struct sk_effects *effects);

/* registers.c: what is overdue, and when to look again; SK_REGISTERS_TRANSITIONS reserved */
void sk_registers_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);
bool sk_device_is_unwatched(const struct sk_engine *engine, uint32_t device); /* blind.c */

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

/* judge.c: what a value says to a limit; pure */
enum sk_verdict sk_limit_judge(const struct sk_limit *limit, const struct sk_sample *sample);
uint64_t sk_limit_matched(const struct sk_limit *limit, const struct sk_sample *sample);
bool sk_sample_may_raise(const struct sk_sample *sample);
bool sk_sample_may_clear(const struct sk_sample *sample);
void sk_limit_detail(const struct sk_point *point, const struct sk_limit *limit, const struct sk_sample *sample,
                     uint64_t matched, char to[SK_ALARM_TEXT_MAX]);

/* rate.c; pure */
void sk_rate_clear(struct sk_rate *rate);
bool sk_rate_push(struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us, double value);
double sk_rate_range(struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us); /* what is too old goes */
bool sk_rate_is_full(const struct sk_rate *rate, const struct sk_limit *limit, int64_t mono_us);

/* conditions.c */
void sk_cond_feed(struct sk_engine *engine, uint32_t cond, const struct sk_decision_input *input, struct sk_effects *effects);
void sk_cond_fire(struct sk_engine *engine, uint32_t cond, const struct sk_now *now, struct sk_effects *effects);
void sk_conds_of_point(struct sk_engine *engine, uint32_t point, bool changed, const struct sk_now *now,
                       struct sk_effects *effects);
void sk_cond_arm(struct sk_engine *engine, uint32_t cond);
void sk_cond_source(const struct sk_engine *engine, const struct sk_cond *cond, char to[SK_ALARM_SOURCE_MAX]);
void sk_cond_moves(struct sk_engine *engine, struct sk_cond *cond, uint8_t state); /* sets state, keeps count of the moving */
/* A momentary event: raises now, returns by itself after a quarter of an hour without another. */
void sk_cond_pulse(struct sk_engine *engine, uint32_t cond, const struct sk_decision_input *input, struct sk_effects *effects);

const struct sk_limit *sk_kind_limit(uint8_t kind); /* for kinds without a configured limit */

/* alarms.c */
enum sk_err sk_alarms_reserve(struct sk_engine *engine, size_t count);
void sk_alarm_raise(struct sk_engine *engine, uint32_t cond, const struct sk_decision_input *input, struct sk_effects *effects);
void sk_alarm_return(struct sk_engine *engine, uint32_t cond, const struct sk_decision_input *input,
                     struct sk_effects *effects);
void sk_alarm_update(struct sk_engine *engine, uint32_t cond, const struct sk_decision_input *input,
                     struct sk_effects *effects);
void sk_alarm_set_stale(struct sk_engine *engine, uint32_t cond, bool stale, const struct sk_now *now,
                        struct sk_effects *effects);
void sk_alarm_tell_later(struct sk_engine *engine, uint32_t cond, const struct sk_now *now);
struct sk_open_alarm *sk_alarm_find(const struct sk_engine *engine, uint64_t occurrence);
struct sk_open_alarm *sk_alarm_adopt(struct sk_engine *engine, const struct sk_alarm *alarm); /* reserved before */

/* alarm_record.c */
struct sk_alarm_note { /* what a transition's record carries beside the alarm itself */
    uint16_t ev;
    const struct sk_now *now;
    const struct sk_decision_input *input; /* NULL: none */
    const struct sk_actor *actor;          /* NULL: nobody */
    const char *comment;
};
void sk_alarm_record(const struct sk_engine *engine, const struct sk_open_alarm *open, const struct sk_alarm_note *note,
                     struct sk_effects *effects);

/* access.c, controllers.c, doors.c, tally.c */
struct sk_passage { /* an access event made fit for records */
    const struct sk_access_event *event;
    const struct sk_now *now;
    const struct sk_door_info *door; /* NULL: none */
    const struct sk_reader_info *reader;
    uint16_t ev, reason;
    uint8_t occurrence_class;
    int64_t recv_us;
    int32_t from, to; /* zones; -1 */
    bool possible_duplicate;
    bool fills;    /* fills a hole: newer ones are known already */
    bool regained; /* the first event after contact was lost: nothing is missing but what the numbers say */
    bool replayed; /* its number is taken: the record is about the numbering, and its header carries no identity */
    const char *detail;
    uint16_t record_ev; /* what the record is called: ev, or ctrl.replay */
    uint8_t record_class;
    int64_t moment_us;    /* when it is judged */
    int64_t person_index; /* of the card; -1 not known */
    struct sk_case kept;  /* what it is decided on */
    struct sk_second_decision ours;
};
void sk_passage_init(const struct sk_engine *engine, const struct sk_access_event *event, const struct sk_now *now,
                     struct sk_passage *ret_passage);
void sk_passage_record(const struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects);
uint8_t sk_occurrence_class(int64_t t_ctrl_us, int64_t recv_us);
enum sk_err sk_event_digest(struct sk_engine *engine, const struct sk_access_event *event, uint64_t *ret_digest);
/* A record of class system about a device, its body empty; reserved before. */
struct sk_draft *sk_device_record(const struct sk_engine *engine, uint32_t device, uint16_t ev, const struct sk_now *now,
                                  struct sk_effects *effects);
/* What a passage says to a condition. */
struct sk_decision_input sk_passage_input(const struct sk_passage *passage, enum sk_verdict verdict, uint8_t severity,
                                          const char *detail);
bool sk_ctrl_take(struct sk_engine *engine, uint32_t ctrl, struct sk_passage *passage, uint64_t digest,
                  struct sk_effects *effects); /* false: in the log already */
uint64_t sk_gap_detail(const struct sk_engine *engine, const struct sk_cond *cond, char to[SK_ALARM_TEXT_MAX]); /* how many */
unsigned sk_ctrl_seq_bits(const struct sk_engine *engine, uint32_t device); /* 64, or how wide its counter is */
void sk_doors_take(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects);
/* True: the first for a while, the caller records it; else it was counted. */
bool sk_tally_begins(struct sk_engine *engine, uint32_t tally, const struct sk_now *now, struct sk_effects *effects);
void sk_tally_add(struct sk_engine *engine, uint32_t tally, const struct sk_now *now, struct sk_effects *effects);
void sk_tally_fire(struct sk_engine *engine, uint32_t tally, const struct sk_now *now, struct sk_effects *effects);
uint16_t sk_tally_event(uint8_t kind);
uint32_t sk_tally_of_device(const struct sk_engine *engine, int32_t device);

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

/* openings.c: the request (entry of a register) that covers this rack or key at that moment; false: none */
bool sk_opening_request(const struct sk_engine *engine, uint32_t point, bool key, int64_t at_us, char to[SK_ENTRY_ID_MAX]);
/* True: something stands open, so look again within a minute. SK_OPENING_ALARMS transitions reserved. */
bool sk_openings_look(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects);

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
/* presence_rows.c: its pending rows */
void sk_presence_put_trail(const struct sk_engine *engine, size_t person, struct sk_effects *effects);
void sk_presence_put_doorway(const struct sk_engine *engine, const struct sk_door_info *door, struct sk_effects *effects);
void sk_presence_put_strangers(const struct sk_engine *engine, int32_t zone, struct sk_effects *effects);
void sk_presence_put_muster(const struct sk_engine *engine, struct sk_effects *effects);
void sk_presence_put_listed(const struct sk_engine *engine, size_t page, struct sk_effects *effects);
void sk_presence_put_mark(const struct sk_engine *engine, size_t person, struct sk_effects *effects);
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
