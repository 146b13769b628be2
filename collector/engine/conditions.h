/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that can alarm is a condition: what kinds there are, what an input says to one, and the alarm it raises. Private
 * to this folder. A condition decides nothing about time by itself: it is fed, or fired when its time is over. */
#ifndef SK_ENGINE_CONDITIONS_H
#define SK_ENGINE_CONDITIONS_H

#include "collector/engine/engine.h"

enum { SK_RATE_BUCKETS = 24 };
#define SK_TELL_EVERY_US (5 * SK_US_PER_S) /* a figure in an open alarm is told anew no more often */

struct sk_engine;

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

#endif
