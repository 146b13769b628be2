/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder: the one place where anything becomes durable. It carries out the engine's effects and the collector's own
 * records in one transaction (group commit), then tells what may be shown. Durable before visible: nothing is published but
 * from inside sk_recorder_commit(), after the store said yes.
 *
 * When the store cannot write: effects stay queued here and are tried every second; sk_recorder_writable() is false; alarms are
 * shown once each as unrecorded. Beyond a bound the monitor's own records are given up and counted; the newest state of alarms
 * and pending rows, and what controllers reported, are kept. Once it works again a sys.unrecorded record names interval and
 * count. When the store refuses one entry for good, that one is given up, counted and named likewise. The reserve
 * file is given up at the first "disk full". One thread. */
#ifndef SK_COLLECTOR_RECORDER_H
#define SK_COLLECTOR_RECORDER_H

#include <stdbool.h>

#include "collector/engine/engine.h"
#include "schemas/store/store.h"

struct sk_recorder;

/* What a commit makes visible, in order. */
struct sk_recorder_sink {
    void *context;
    void (*record)(void *context, const struct sk_record *record); /* borrowed */
    void (*alarm)(void *context, const struct sk_alarm *alarm, bool recorded);
    void (*point)(void *context, uint32_t point);
};

/* Opens store and signing key in the directory, gives zones, doors and controllers their numbers (filled into site), begins a
 * new log with its origin. A damaged log is set aside first, and the new one quotes it (succession.h); damage is what an
 * earlier run found while it ran (NULL: look). directory is borrowed for the recorder's life. */
enum sk_err sk_recorder_open(const char *directory, const char *damage, struct sk_site *site,
                             const struct sk_recorder_sink *sink, struct sk_recorder **ret_recorder, struct sk_fault *fault);
void sk_recorder_close(struct sk_recorder *recorder);
struct sk_store *sk_recorder_store(struct sk_recorder *recorder); /* for reading: restore, feed, status */

/* The list that engine steps write into; emptied by a successful commit. */
struct sk_effects *sk_recorder_effects(struct sk_recorder *recorder);
/* Room for one more own record: ask before an act whose record must not be missing. FULL or NOMEM: do not act. */
enum sk_err sk_recorder_room(struct sk_recorder *recorder);
/* A record of the collector's own (system, operator): copied, appended after the effects. NOMEM or FULL: not taken, counted as
 * given up. */
enum sk_err sk_recorder_add(struct sk_recorder *recorder, const struct sk_draft *draft);
/* Deletes a pending row in the next commit that succeeds; key is borrowed until then. One at a time. */
void sk_recorder_forget(struct sk_recorder *recorder, const char *key);
/* How many entries were given up since the start. */
uint64_t sk_recorder_given_up(const struct sk_recorder *recorder);

/* Carries everything out, publishes it, signs a checkpoint when one is due. SK_OK also when there was nothing to do. */
enum sk_err sk_recorder_commit(struct sk_recorder *recorder, const struct sk_now *now);
/* An act of many records, all or none: commit, make the act's effects, then this. On failure its records (all of class ROSTER
 * that wait) are gone and in no log; what else waits goes with the next commit, and nothing is published. */
enum sk_err sk_recorder_commit_whole(struct sk_recorder *recorder, const struct sk_now *now);
/* Such an act failed before that: its records go likewise. */
void sk_recorder_drop(struct sk_recorder *recorder);
bool sk_recorder_writable(const struct sk_recorder *recorder);
/* False: the checkpoint that is due cannot be signed. Records go on being kept, unanchored; it is tried again every second. */
bool sk_recorder_signing(const struct sk_recorder *recorder);
/* Reads one block of 256 records again, in turn, with all that vouches for them. For idle moments. */
void sk_recorder_look_again(struct sk_recorder *recorder);
/* What is wrong with the log under our hands, found by that or by a commit; NULL: nothing. It may not be extended any more:
 * end, and open again with this text. */
const char *sk_recorder_damage(const struct sk_recorder *recorder);
/* When the next checkpoint or retry is due (mono). */
int64_t sk_recorder_deadline(const struct sk_recorder *recorder);

/* A draft of the collector's own, begun: class and time set, body open. */
void sk_draft_init(struct sk_draft *draft, enum sk_event event, const struct sk_now *now);

#endif
