/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit and what hangs on it: numbers, checkpoints, the time when nothing can be written.
 *
 * Shape: one attempt = begin, all effects, own drafts, (sys.unrecorded), (checkpoint), commit. The sequence numbers of an
 * attempt are kept beside the drafts, and only a successful commit walks them again to publish. When the machine fails (disk,
 * memory), everything stays queued for the next attempt; when the store refuses one thing itself, that thing alone is given up,
 * counted, and the attempt made anew: one bad record must not hold up all others. */
#include "collector/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/succession.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

enum {
    QUEUED_EFFECTS_MAX = 5000, /* beyond it, while nothing can be written, records are given up and counted */
    OWN_DRAFTS_MAX = 1000,
    REFUSED_PER_COMMIT = 16, /* more than that is no single bad record: wait and try again */
    RECORDS_PER_BLOCK = 256,
    RESERVE_BYTES = 4 << 20
};
static const int64_t RETRY_US = SK_US_PER_S;

struct sk_recorder {
    struct sk_store *store;
    struct sk_signer *signer;
    struct sk_effects *effects;
    struct sk_recorder_sink sink;
    struct sk_cadence cadence;
    struct sk_draft *own;
    size_t own_count, own_capacity;
    uint64_t *seqs; /* of the records of this attempt, in order */
    size_t seq_count, seq_capacity;
    size_t culprit; /* what an attempt failed at: index among effects, then own drafts; SIZE_MAX: at none of them */
    size_t shown;   /* effects shown as unrecorded already */
    size_t bound;   /* effects that may wait */
    struct sk_draft note;
    bool has_note;
    uint64_t covered_size; /* by the newest checkpoint */
    int64_t covered_mono_us;
    bool checkpoint_made; /* in the attempt just committed */
    uint64_t checkpoint_seq;
    bool writable;
    int64_t unwritable_since_us, retry_at_us;
    uint64_t given_up, given_up_ever; /* not yet named in a record; since the start */
    struct sk_fault damage;           /* code SK_ERR_CORRUPT: this log may not be extended any more */
    uint64_t next_block;              /* to be looked at again */
    bool signing;                     /* the last checkpoint that was due could be signed */
    int64_t sign_again_us;
    bool note_told;
    const char *forget;    /* key of a pending row that the next commit deletes */
    const char *directory; /* the caller's */
    char reserve_path[4096];
};

void sk_draft_init(struct sk_draft *draft, enum sk_event event, const struct sk_now *now)
{
    memset(&draft->header, 0, sizeof draft->header);
    draft->header.ev = (uint16_t)event;
    draft->header.class_ = (uint8_t)sk_event_class((int)event);
    draft->header.t_recv_us = (uint64_t)now->utc_us;
    sk_body_init(&draft->body);
}

/* --- opening --- */

static enum sk_err give_number(struct sk_recorder *recorder, const char *kind, const char *id, uint16_t *ret_number,
                               const struct sk_now *now)
{
    bool is_new = false;
    uint64_t seq = 0;
    enum sk_err err = sk_store_number(recorder->store, kind, id, ret_number, &is_new);
    if (err != SK_OK || !is_new)
        return err;
    struct sk_draft draft;
    sk_draft_init(&draft, SK_EV_SYS_NUMBER, now);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, kind);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, id);
    sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, *ret_number);
    return sk_store_append(recorder->store, &draft, &seq);
}

static enum sk_err give_numbers(struct sk_recorder *recorder, struct sk_site *site, const struct sk_now *now)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; err == SK_OK && i < site->zone_count; i++)
        err = give_number(recorder, "zone", site->zones[i].id, &site->zones[i].number, now);
    for (size_t i = 0; err == SK_OK && i < site->door_count; i++)
        err = give_number(recorder, "door", site->doors[i].id, &site->doors[i].number, now);
    for (size_t i = 0; err == SK_OK && i < site->device_count; i++)
        if (site->devices[i].profile != NULL && site->devices[i].profile->kind == SK_DEV_DOOR)
            err = give_number(recorder, "ctrl", site->devices[i].id, &site->devices[i].number, now);
    return err;
}

/* A new log begins with its origin, then the numbers; all or nothing. */
static enum sk_err begin_log(struct sk_recorder *recorder, const struct sk_old_log *old, struct sk_site *site,
                             struct sk_fault *fault)
{
    struct sk_now now = sk_clock_read();
    struct sk_carried carried;
    bool is_new = false;
    enum sk_err err = sk_store_begin(recorder->store);
    if (err == SK_OK && old->any)
        err = sk_log_succeed(recorder->store, recorder->directory, site->id, recorder->signer, &recorder->cadence, &now, old,
                             &carried);
    else if (err == SK_OK)
        err = sk_log_begin(recorder->store, site->id, recorder->signer, &recorder->cadence, &now, &is_new);
    if (err == SK_OK)
        err = give_numbers(recorder, site, &now);
    if (err == SK_OK)
        err = sk_store_commit(recorder->store);
    if (err == SK_OK)
        return SK_OK;
    sk_store_rollback(recorder->store);
    return sk_fault_set(fault, err, "cannot begin the log: %s", sk_err_text(err));
}

/* A file of a few MiB that can be given up when the disk is full, so that the last records still fit. */
static void make_reserve(struct sk_recorder *recorder)
{
    int fd = open(recorder->reserve_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
        unlink(recorder->reserve_path);
    close(fd);
}

static void load_coverage(struct sk_recorder *recorder)
{
    struct sk_checkpoint checkpoint;
    recorder->covered_mono_us = sk_clock_mono_us();
    if (sk_store_checkpoint_latest(recorder->store, &checkpoint) == SK_OK) {
        recorder->covered_size = checkpoint.size;
        sk_log_note_put(recorder->directory, checkpoint.note);
    }
}

enum sk_err sk_recorder_open(const char *directory, const char *damage, struct sk_site *site,
                             const struct sk_recorder_sink *sink, struct sk_recorder **ret_recorder, struct sk_fault *fault)
{
    struct sk_opened_log opened;
    struct sk_recorder *recorder = sk_calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "out of memory");
    recorder->sink = *sink;
    recorder->writable = recorder->signing = true;
    recorder->bound = QUEUED_EFFECTS_MAX;
    recorder->directory = directory;
    recorder->cadence = (struct sk_cadence){.records = site->checkpoint_records, .seconds = site->checkpoint_s};
    enum sk_err err = sk_effects_create(&recorder->effects);
    if (!sk_text_format(recorder->reserve_path, sizeof recorder->reserve_path, "%s/reserve", directory))
        err = sk_fault_set(fault, SK_ERR_TOO_LONG, "the state directory's name is too long");
    if (err == SK_OK) {
        err = sk_succession_open(directory, damage, &opened, fault);
        recorder->store = opened.store;
        recorder->signer = opened.signer;
    }
    if (err == SK_OK)
        err = begin_log(recorder, &opened.old, site, fault);
    if (err != SK_OK) {
        sk_recorder_close(recorder);
        return err;
    }
    load_coverage(recorder);
    make_reserve(recorder);
    *ret_recorder = recorder;
    return SK_OK;
}

void sk_recorder_close(struct sk_recorder *recorder)
{
    if (recorder == NULL)
        return;
    sk_store_close(recorder->store);
    sk_signer_free(recorder->signer);
    sk_effects_free(recorder->effects);
    sk_free(recorder->own);
    sk_free(recorder->seqs);
    sk_free(recorder);
}

struct sk_store *sk_recorder_store(struct sk_recorder *recorder)
{
    return recorder->store;
}
struct sk_effects *sk_recorder_effects(struct sk_recorder *recorder)
{
    return recorder->effects;
}
bool sk_recorder_writable(const struct sk_recorder *recorder)
{
    return recorder->writable;
}

void sk_recorder_forget(struct sk_recorder *recorder, const char *key)
{
    recorder->forget = key;
}

bool sk_recorder_signing(const struct sk_recorder *recorder)
{
    return recorder->signing;
}

const char *sk_recorder_damage(const struct sk_recorder *recorder)
{
    return recorder->damage.code == SK_ERR_CORRUPT ? recorder->damage.text : NULL;
}

void sk_recorder_look_again(struct sk_recorder *recorder)
{
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    struct sk_fault fault = {.text = ""};
    const uint64_t blocks = (sk_store_size(recorder->store) + RECORDS_PER_BLOCK - 1) / RECORDS_PER_BLOCK;
    if (!recorder->writable || blocks == 0)
        return;
    recorder->next_block %= blocks;
    sk_signer_public_key(recorder->signer, key);
    if (sk_store_verify_block(recorder->store, key, recorder->next_block++, &fault) == SK_ERR_CORRUPT)
        sk_fault_set(&recorder->damage, SK_ERR_CORRUPT, "log.db: %s", fault.text);
}

uint64_t sk_recorder_given_up(const struct sk_recorder *recorder)
{
    return recorder->given_up_ever;
}

static void count_given_up(struct sk_recorder *recorder, uint64_t records)
{
    recorder->given_up += records;
    recorder->given_up_ever += records;
}

enum sk_err sk_recorder_room(struct sk_recorder *recorder)
{
    if (recorder->own_count >= OWN_DRAFTS_MAX)
        return SK_ERR_FULL;
    struct sk_draft *grown =
        sk_grow(recorder->own, recorder->own_count, &recorder->own_capacity, sizeof *grown, OWN_DRAFTS_MAX);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    recorder->own = grown;
    return SK_OK;
}

static void copy_draft(struct sk_draft *to, const struct sk_draft *from)
{
    memmove(to, from, sizeof *to);
    to->body.writer.buffer = to->body.bytes; /* the copy writes into itself */
}

enum sk_err sk_recorder_add(struct sk_recorder *recorder, const struct sk_draft *draft)
{
    enum sk_err err = sk_recorder_room(recorder);
    if (err == SK_OK)
        copy_draft(&recorder->own[recorder->own_count++], draft);
    else
        count_given_up(recorder, 1);
    return err;
}

/* --- one attempt --- */

static enum sk_err append(struct sk_recorder *recorder, const struct sk_draft *draft)
{
    uint64_t *grown = sk_grow(recorder->seqs, recorder->seq_count, &recorder->seq_capacity, sizeof *grown, SIZE_MAX / 16);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    recorder->seqs = grown;
    return sk_store_append(recorder->store, draft, &recorder->seqs[recorder->seq_count++]);
}

/* The projection row of an alarm names two records: its raise and its last. What is not in this attempt is in the row. */
static enum sk_err put_alarm(struct sk_recorder *recorder, size_t index)
{
    const struct sk_effect *effect = sk_effects_at(recorder->effects, index);
    const struct sk_draft *record = effect->link_record ? sk_effects_at(recorder->effects, index - 1)->record : NULL;
    const bool raised = record != NULL && record->header.ev == SK_EV_ALARM_RAISED;
    const uint64_t last = record != NULL ? recorder->seqs[recorder->seq_count - 1] : 0;
    struct sk_alarm stored = {0};
    const enum sk_err err = sk_store_alarm_get(recorder->store, effect->alarm->occurrence, &stored);
    if (err != SK_OK && err != SK_ERR_NOT_FOUND)
        return err;
    effect->alarm->raise_seq = stored.raise_seq == 0 && raised ? last : stored.raise_seq;
    effect->alarm->last_seq = record != NULL ? last : stored.last_seq;
    return sk_store_alarm_put(recorder->store, effect->alarm);
}

static enum sk_err carry_out(struct sk_recorder *recorder, size_t index)
{
    const struct sk_effect *effect = sk_effects_at(recorder->effects, index);
    switch (effect->kind) {
    case SK_EFFECT_RECORD:
        return append(recorder, effect->record);
    case SK_EFFECT_ALARM:
        return put_alarm(recorder, index);
    case SK_EFFECT_PENDING_PUT:
        return sk_store_pending_put(recorder->store, effect->pending.key, effect->pending.bytes, effect->pending.length);
    case SK_EFFECT_PENDING_DELETE:
        return sk_store_pending_delete(recorder->store, effect->pending.key);
    case SK_EFFECT_POINT:
        return SK_OK;
    }
    return SK_ERR_INVALID;
}

/* Names the interval in which records could not be written, and how many there were. */
static void note_unrecorded(struct sk_recorder *recorder, const struct sk_now *now)
{
    sk_draft_init(&recorder->note, SK_EV_SYS_UNRECORDED, now);
    sk_body_put_u64(&recorder->note.body, SK_TAG_COUNT, recorder->given_up);
    sk_body_put_i64(&recorder->note.body, SK_TAG_INTERVAL_FROM_US,
                    recorder->writable ? now->utc_us : recorder->unwritable_since_us);
    sk_body_put_i64(&recorder->note.body, SK_TAG_INTERVAL_TO_US, now->utc_us);
}

static bool checkpoint_is_due(const struct sk_recorder *recorder, const struct sk_now *now)
{
    return (recorder->signing || now->mono_us >= recorder->sign_again_us) &&
           sk_checkpoint_due(&recorder->cadence, recorder->covered_size, recorder->covered_mono_us,
                             sk_store_size(recorder->store), now->mono_us);
}

/* A signature that cannot be made holds up no record: they are kept unanchored, it is tried again, and the caller rings. */
static enum sk_err make_checkpoint(struct sk_recorder *recorder, const struct sk_now *now, bool *ret_made, uint64_t *ret_seq)
{
    if (!checkpoint_is_due(recorder, now))
        return SK_OK;
    enum sk_err err = sk_checkpoint_make(recorder->store, recorder->signer, &recorder->cadence, now, ret_seq);
    *ret_made = recorder->signing = err == SK_OK;
    if (err != SK_ERR_CRYPTO)
        return err;
    recorder->sign_again_us = now->mono_us + RETRY_US;
    return SK_OK;
}

static bool has_durable_work(const struct sk_recorder *recorder)
{
    if (recorder->own_count > 0)
        return true;
    for (size_t i = 0; i < sk_effects_count(recorder->effects); i++)
        if (sk_effects_at(recorder->effects, i)->kind != SK_EFFECT_POINT)
            return true;
    return false;
}

/* Everything that waits, in order; on failure culprit says at which. */
static enum sk_err carry_out_all(struct sk_recorder *recorder, const struct sk_now *now)
{
    const size_t effects = sk_effects_count(recorder->effects);
    enum sk_err err = SK_OK;
    for (size_t i = 0; err == SK_OK && i < effects + recorder->own_count; i++) {
        err = i < effects ? carry_out(recorder, i) : append(recorder, &recorder->own[i - effects]);
        recorder->culprit = err == SK_OK ? SIZE_MAX : i;
    }
    if (err == SK_OK && recorder->forget != NULL)
        err = sk_store_pending_delete(recorder->store, recorder->forget);
    recorder->has_note = !recorder->writable || recorder->given_up > 0;
    if (err == SK_OK && recorder->has_note) {
        note_unrecorded(recorder, now);
        err = append(recorder, &recorder->note);
    }
    return err;
}

/* Beside the database: a log that is rolled back, swapped or deleted is told by it. It is no part of the log. */
static void keep_note(struct sk_recorder *recorder)
{
    struct sk_checkpoint newest;
    if (sk_store_checkpoint_latest(recorder->store, &newest) == SK_OK &&
        sk_log_note_put(recorder->directory, newest.note) != SK_OK && !recorder->note_told) {
        recorder->note_told = true;
        sk_log(SK_LOG_WARNING, "the newest checkpoint cannot be kept beside the log in '%s'", recorder->directory);
    }
}

static enum sk_err attempt(struct sk_recorder *recorder, const struct sk_now *now)
{
    bool checkpoint_made = false;
    uint64_t checkpoint_seq = 0;
    recorder->seq_count = 0;
    recorder->culprit = SIZE_MAX;
    enum sk_err err = sk_store_begin(recorder->store);
    if (err == SK_OK)
        err = carry_out_all(recorder, now);
    if (err == SK_OK)
        err = make_checkpoint(recorder, now, &checkpoint_made, &checkpoint_seq);
    uint64_t size = sk_store_size(recorder->store);
    if (err == SK_OK)
        err = sk_store_commit(recorder->store);
    if (err != SK_OK) {
        sk_store_rollback(recorder->store);
        return err;
    }
    recorder->checkpoint_made = checkpoint_made;
    if (checkpoint_made) {
        recorder->checkpoint_seq = checkpoint_seq;
        recorder->covered_size = size - 1; /* the checkpoint's own record lies above it */
        recorder->covered_mono_us = now->mono_us;
        keep_note(recorder);
    }
    return SK_OK;
}

/* --- after the attempt --- */

/* The store refused the thing itself: it will say so for ever. All else may pass: disk, memory, a lock. */
static bool is_refusal(enum sk_err err)
{
    return err == SK_ERR_INVALID || err == SK_ERR_PARSE || err == SK_ERR_RANGE || err == SK_ERR_TOO_LONG ||
           err == SK_ERR_EXISTS || err == SK_ERR_CONFLICT || err == SK_ERR_UNSUPPORTED;
}

static bool is_not_culprit(void *context, size_t index)
{
    return index != ((const struct sk_recorder *)context)->culprit;
}

static void give_up_culprit(struct sk_recorder *recorder, enum sk_err err)
{
    const size_t effects = sk_effects_count(recorder->effects);
    sk_log(SK_LOG_ERROR, "the log refuses one entry for good (%s); it is given up and counted", sk_err_text(err));
    count_given_up(recorder, 1);
    if (recorder->culprit < effects) {
        recorder->shown -= recorder->culprit < recorder->shown;
        sk_effects_filter(recorder->effects, is_not_culprit, recorder);
        return;
    }
    for (size_t i = recorder->culprit - effects; i + 1 < recorder->own_count; i++)
        copy_draft(&recorder->own[i], &recorder->own[i + 1]);
    recorder->own_count--;
}

static enum sk_err attempt_all(struct sk_recorder *recorder, const struct sk_now *now)
{
    enum sk_err err = attempt(recorder, now);
    for (int i = 0; i < REFUSED_PER_COMMIT && recorder->culprit != SIZE_MAX && is_refusal(err); i++) {
        give_up_culprit(recorder, err);
        err = attempt(recorder, now);
    }
    return err;
}

static void publish_draft(struct sk_recorder *recorder, uint64_t seq, const struct sk_draft *draft)
{
    struct sk_record record = {.header = draft->header, .body = draft->body.bytes, .body_length = draft->body.writer.length};
    record.header.seq = seq;
    record.header.version = SK_HEADER_VERSION;
    recorder->sink.record(recorder->sink.context, &record);
}

static bool publish_stored(void *context, const struct sk_record *record)
{
    struct sk_recorder *recorder = context;
    recorder->sink.record(recorder->sink.context, record);
    return false;
}

/* Walks the carried-out effects again, in order, and shows them. */
static void publish(struct sk_recorder *recorder)
{
    const struct sk_recorder_sink *sink = &recorder->sink;
    size_t record = 0;
    for (size_t i = 0; i < sk_effects_count(recorder->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(recorder->effects, i);
        if (effect->kind == SK_EFFECT_RECORD)
            publish_draft(recorder, recorder->seqs[record++], effect->record);
        if (effect->kind == SK_EFFECT_POINT)
            sink->point(sink->context, effect->point);
        if (effect->kind == SK_EFFECT_ALARM)
            sink->alarm(sink->context, effect->alarm, true);
    }
    for (size_t i = 0; i < recorder->own_count; i++)
        publish_draft(recorder, recorder->seqs[record++], &recorder->own[i]);
    if (recorder->has_note)
        publish_draft(recorder, recorder->seqs[record], &recorder->note);
    if (recorder->checkpoint_made)
        sk_store_record(recorder->store, recorder->checkpoint_seq, publish_stored, recorder);
    recorder->checkpoint_made = false;
}

static bool is_no_point(void *context, size_t index)
{
    return sk_effects_at(((const struct sk_recorder *)context)->effects, index)->kind != SK_EFFECT_POINT;
}

/* What people must see although it cannot be recorded: alarms, marked, and points; each once. Points are no part of the log, so
 * they do not wait with it. */
static void publish_unrecorded(struct sk_recorder *recorder)
{
    const struct sk_recorder_sink *sink = &recorder->sink;
    for (size_t i = recorder->shown; i < sk_effects_count(recorder->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(recorder->effects, i);
        if (effect->kind == SK_EFFECT_ALARM)
            sink->alarm(sink->context, effect->alarm, false);
        if (effect->kind == SK_EFFECT_POINT)
            sink->point(sink->context, effect->point);
    }
    if (recorder->shown < sk_effects_count(recorder->effects))
        sk_effects_filter(recorder->effects, is_no_point, recorder);
    recorder->shown = sk_effects_count(recorder->effects);
}

static void clear(struct sk_recorder *recorder)
{
    sk_effects_clear(recorder->effects);
    recorder->own_count = recorder->shown = recorder->given_up = 0;
    recorder->has_note = false;
    recorder->forget = NULL;
    recorder->bound = QUEUED_EFFECTS_MAX;
}

static bool same_row(const struct sk_effect *a, const struct sk_effect *b)
{
    const bool rows = a->kind != SK_EFFECT_ALARM && b->kind != SK_EFFECT_ALARM;
    return rows ? strcmp(a->pending.key, b->pending.key) == 0
                : a->kind == b->kind && a->alarm->occurrence == b->alarm->occurrence;
}

/* A roll is called during an outage too: who was seen at the muster point, and who said so, is never given up. */
static bool is_presence_act(uint16_t ev)
{
    return ev >= SK_EV_OCC_CORRECTED && ev <= SK_EV_MUSTER_ENDED;
}

/* What must come through an outage of any length: the newest state of each row, or a restart would fall back to older ones;
 * what a controller reported, because its broker is told "committed" afterwards; and acts on the roster and the registers, of
 * which somebody was told that they stand (no more of either come in while we cannot write, so they are few). */
static bool outlives_bound(void *context, size_t index)
{
    const struct sk_effects *effects = ((const struct sk_recorder *)context)->effects;
    const struct sk_effect *effect = sk_effects_at(effects, index);
    if (effect->kind == SK_EFFECT_RECORD)
        return effect->record->header.ctrl != 0 || effect->record->header.ev == SK_EV_CTRL_MALFORMED ||
               effect->record->header.class_ == SK_CLASS_ROSTER || is_presence_act(effect->record->header.ev);
    for (size_t i = index + 1; i < sk_effects_count(effects); i++) {
        const struct sk_effect *later = sk_effects_at(effects, i);
        if (later->kind != SK_EFFECT_RECORD && later->kind != SK_EFFECT_POINT && same_row(effect, later))
            return false;
    }
    return true;
}

/* Too much is waiting: the monitor's own records are given up, counted. What is left sets the next bound, so that a large site
 * does not sift again at every turn. */
static void give_up_beyond_bound(struct sk_recorder *recorder)
{
    size_t before = 0, after = 0;
    if (sk_effects_count(recorder->effects) <= recorder->bound)
        return;
    for (size_t i = 0; i < sk_effects_count(recorder->effects); i++)
        before += sk_effects_at(recorder->effects, i)->kind == SK_EFFECT_RECORD;
    sk_effects_filter(recorder->effects, outlives_bound, recorder);
    for (size_t i = 0; i < sk_effects_count(recorder->effects); i++)
        after += sk_effects_at(recorder->effects, i)->kind == SK_EFFECT_RECORD;
    count_given_up(recorder, before - after);
    recorder->shown = sk_effects_count(recorder->effects);
    if (recorder->bound < 2 * recorder->shown)
        recorder->bound = 2 * recorder->shown;
}

static void became_unwritable(struct sk_recorder *recorder, enum sk_err err, const struct sk_now *now)
{
    if (err == SK_ERR_CORRUPT && recorder->damage.code == SK_OK)
        sk_fault_set(&recorder->damage, err, "log.db: found damaged while it was written");
    if (recorder->writable) {
        sk_log(SK_LOG_ERROR, "cannot write the log: %s; alarms are shown as unrecorded, retry every second", sk_err_text(err));
        recorder->writable = false;
        recorder->unwritable_since_us = now->utc_us;
    }
    if (err == SK_ERR_FULL && unlink(recorder->reserve_path) == 0)
        sk_log(SK_LOG_WARNING, "the disk is full: gave up the reserve of %d bytes", (int)RESERVE_BYTES);
    recorder->retry_at_us = now->mono_us + RETRY_US;
}

static void became_writable(struct sk_recorder *recorder)
{
    sk_log(SK_LOG_NOTICE, "the log can be written again; %llu records were given up", (unsigned long long)recorder->given_up);
    recorder->writable = true;
    make_reserve(recorder);
}

enum sk_err sk_recorder_commit(struct sk_recorder *recorder, const struct sk_now *now)
{
    enum sk_err err = recorder->writable || now->mono_us >= recorder->retry_at_us ? SK_OK : SK_ERR_AGAIN;
    const bool needed =
        has_durable_work(recorder) || checkpoint_is_due(recorder, now) || !recorder->writable || recorder->given_up > 0;
    if (err == SK_OK && needed) {
        err = attempt_all(recorder, now);
        if (err != SK_OK)
            became_unwritable(recorder, err, now);
    }
    if (err != SK_OK) {
        publish_unrecorded(recorder);
        give_up_beyond_bound(recorder);
        return err;
    }
    if (!recorder->writable)
        became_writable(recorder);
    publish(recorder);
    clear(recorder);
    return SK_OK;
}

static bool is_no_roster_record(void *context, size_t index)
{
    const struct sk_effect *effect = sk_effects_at(((const struct sk_recorder *)context)->effects, index);
    return effect->kind != SK_EFFECT_RECORD || effect->record->header.class_ != SK_CLASS_ROSTER;
}

void sk_recorder_drop(struct sk_recorder *recorder)
{
    sk_effects_filter(recorder->effects, is_no_roster_record, recorder);
    recorder->shown = 0; /* all that was shown before was committed before */
}

enum sk_err sk_recorder_commit_whole(struct sk_recorder *recorder, const struct sk_now *now)
{
    const enum sk_err err = recorder->writable ? attempt(recorder, now) : SK_ERR_FULL;
    if (err == SK_OK) {
        publish(recorder);
        clear(recorder);
        return SK_OK;
    }
    sk_recorder_drop(recorder);
    if (!is_refusal(err) && recorder->writable)
        became_unwritable(recorder, err, now);
    return err;
}

int64_t sk_recorder_deadline(const struct sk_recorder *recorder)
{
    if (!recorder->writable)
        return recorder->retry_at_us;
    /* Asked of the rule itself: a log with nothing new never becomes due, and a deadline in the past would spin. */
    const int64_t due_us = recorder->covered_mono_us + (int64_t)recorder->cadence.seconds * SK_US_PER_S;
    const bool ever = sk_checkpoint_due(&recorder->cadence, recorder->covered_size, recorder->covered_mono_us,
                                        sk_store_size(recorder->store), due_us);
    return !ever ? SK_NEVER : recorder->signing || due_us > recorder->sign_again_us ? due_us : recorder->sign_again_us;
}
