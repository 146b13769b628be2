/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's one state, and what its five files ask of each other: collector.c turns the loop, opening.c opens and closes,
 * restore.c brings the engine back, intake.c takes what pollers hand over, self_watch.c speaks of the monitor itself. Nobody
 * else includes this. One thread; every function works on the moment of the turn, `now`. */
#ifndef SK_COLLECTOR_INTERNAL_H
#define SK_COLLECTOR_INTERNAL_H

#include "collector/archive.h"
#include "collector/control.h"
#include "collector/exports.h"
#include "collector/muster_file.h"
#include "collector/options.h"
#include "collector/pollers.h"
#include "collector/recorder.h"

enum { SK_SITE_KEY_SIZE = 32 };

/* The points of the device "monitor" (-1: the site has none), and when to look again. */
struct sk_own_points {
    int32_t synced, offset, queue, dropped;
    int64_t due_us;
    int64_t calendar_us; /* when to look for years without holidays */
};

/* What the alarms about the log last said. */
struct sk_told {
    bool unwritable; /* the alarm "log" is active */
    bool is_unsigned;
    uint64_t given_up;
};

/* What the restoring met that a person must know of. */
struct sk_found {
    uint32_t unfit_rows;
    char unfit_row[SK_PENDING_KEY_MAX]; /* the first of them */
    bool unfit_roster;
    char succession[SK_ALARM_TEXT_MAX]; /* this log follows a damaged one, and nobody was told yet */
    uint32_t unusable_facts;            /* stored ones that could not be folded */
};

struct sk_collector {
    const struct sk_options *options;
    struct sk_site *site;
    struct sk_loop *loop;
    struct sk_recorder *recorder;
    struct sk_archive *archive;
    struct sk_engine *engine;
    struct sk_vault *vault;
    struct sk_feed *feed;
    struct sk_control *control;
    struct sk_exports *exports;
    struct sk_pollers *pollers;
    struct sk_command_floor floor;
    struct sk_zone *zone;
    struct sk_muster_file muster_file;
    struct sk_source *signal_source;
    int signal_fd;
    bool stopping, child_ended;
    uint8_t site_key[SK_SITE_KEY_SIZE];
    bool new_site_key, new_vault; /* made at this start, because there was none */
    struct sk_now now;            /* of this turn's inputs */
    int64_t store_tend_us;
    int64_t due_us;    /* when the next turn should begin at the latest; 0: not known */
    unsigned catch_up; /* turns that may still only take what waited */
    size_t taken;      /* messages since the monitor's own points were last told */
    uint64_t dropped;  /* samples that pollers gave up since the start */
    struct sk_own_points own;
    struct sk_told told;
    struct sk_found found;
    struct sk_list_intake *lists; /* by device: permit lists that are coming in; NULL until the first */
};

/* Where this turn's effects are written until its commit. */
static inline struct sk_effects *sk_collector_effects(struct sk_collector *c)
{
    return sk_recorder_effects(c->recorder);
}

/* opening.c: after a failure too, close is what frees. */
enum sk_err sk_collector_open(struct sk_collector *c, const char *binary, struct sk_fault *fault);
void sk_collector_close(struct sk_collector *c);

/* restore.c: makes the engine as it was left and starts it. SK_ERR_*: it cannot start from what is stored (c->found says more).
 */
enum sk_err sk_collector_wake(struct sk_collector *c, struct sk_fault *fault);

/* intake.c: plans the poller processes; their links are unwatched until each beats. */
enum sk_err sk_collector_listen(struct sk_collector *c, const char *binary, struct sk_fault *fault);

/* list_intake.c: a chunk of a controller's permit list; the last one makes the list count. False: not such bytes. */
bool sk_collector_list(void *context, const void *bytes, size_t length);
void sk_collector_lists_free(struct sk_collector *c);

/* self_watch.c */
/* Raises or ends one of the monitor's own alarms, `system:<name>`. */
void sk_collector_raise(struct sk_collector *c, const char *name, bool active, enum sk_severity severity, const char *detail);
void sk_collector_find_own_points(struct sk_collector *c);
void sk_collector_tend_own_points(struct sk_collector *c);
void sk_collector_tend_calendar(struct sk_collector *c);
/* True when something was raised. */
bool sk_collector_tell_log_state(struct sk_collector *c);
void sk_collector_notice_clock_step(struct sk_collector *c, const struct sk_now *before);

#endif
