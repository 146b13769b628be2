/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit and what hangs on it: numbers, checkpoints, the time when nothing can be written.
 *
 * Shape: one attempt = begin, all effects, own drafts, (sys.unrecorded), (checkpoint), commit. The sequence numbers of an
 * attempt are kept beside the drafts, and only a successful commit walks them again to publish. A failed attempt leaves
 * everything queued for the next. */
#include "collector/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/log.h"
#include "schemas/base/mem.h"
#include "schemas/store/checkpoint.h"

enum {
    QUEUED_EFFECTS_MAX = 5000, /* beyond it, while nothing can be written, records are given up and counted */
    OWN_DRAFTS_MAX = 1000,
    RESERVE_BYTES = 4 << 20,
    OPEN_ALARMS_MAX = 1 << 20
};
static const int64_t RETRY_US = SK_US_PER_S;

/* The record that raised an open alarm: the engine does not know numbers, the projection shows them. */
struct raise {
    uint64_t occurrence, seq;
};

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
    struct raise *raises;
    size_t raise_count, raise_capacity;
    uint64_t covered_size; /* by the newest checkpoint */
    int64_t covered_mono_us;
    bool checkpoint_made; /* in the attempt just committed */
    uint64_t checkpoint_seq;
    bool writable;
    int64_t unwritable_since_us, retry_at_us;
    uint64_t given_up;
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
static enum sk_err begin_log(struct sk_recorder *recorder, struct sk_site *site, struct sk_fault *fault)
{
    struct sk_now now = sk_clock_read();
    bool is_new = false;
    enum sk_err err = sk_store_begin(recorder->store);
    if (err == SK_OK)
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

static bool remember_raise(struct sk_recorder *recorder, uint64_t occurrence, uint64_t seq)
{
    struct raise *grown =
        sk_grow(recorder->raises, recorder->raise_count, &recorder->raise_capacity, sizeof *grown, OPEN_ALARMS_MAX);
    if (grown == NULL)
        return false;
    recorder->raises = grown;
    recorder->raises[recorder->raise_count++] = (struct raise){.occurrence = occurrence, .seq = seq};
    return true;
}

static bool load_raise(void *context, const struct sk_alarm *alarm)
{
    return remember_raise(context, alarm->occurrence, alarm->raise_seq);
}

static void load_coverage(struct sk_recorder *recorder)
{
    struct sk_checkpoint checkpoint;
    recorder->covered_mono_us = sk_clock_mono_us();
    if (sk_store_checkpoint_latest(recorder->store, &checkpoint) == SK_OK)
        recorder->covered_size = checkpoint.size;
}

enum sk_err sk_recorder_open(const char *directory, struct sk_site *site, const struct sk_recorder_sink *sink,
                             struct sk_recorder **ret_recorder, struct sk_fault *fault)
{
    char key_path[4096];
    struct sk_recorder *recorder = sk_calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "out of memory");
    recorder->sink = *sink;
    recorder->writable = true;
    recorder->cadence = (struct sk_cadence){.records = site->checkpoint_records, .seconds = site->checkpoint_s};
    enum sk_err err = sk_effects_create(&recorder->effects);
    if (!sk_text_format(key_path, sizeof key_path, "%s/log-signing.pem", directory) ||
        !sk_text_format(recorder->reserve_path, sizeof recorder->reserve_path, "%s/reserve", directory))
        err = sk_fault_set(fault, SK_ERR_TOO_LONG, "the state directory's name is too long");
    if (err == SK_OK)
        err = sk_store_open(directory, SK_STORE_WRITER, &recorder->store, fault);
    if (err == SK_OK)
        err = sk_signer_open(key_path, true, &recorder->signer, fault);
    if (err == SK_OK)
        err = begin_log(recorder, site, fault);
    if (err == SK_OK)
        err = sk_store_alarms(recorder->store, true, UINT64_MAX, OPEN_ALARMS_MAX, load_raise, recorder);
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
    sk_free(recorder->raises);
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

enum sk_err sk_recorder_add(struct sk_recorder *recorder, const struct sk_draft *draft)
{
    struct sk_draft *grown =
        sk_grow(recorder->own, recorder->own_count, &recorder->own_capacity, sizeof *grown, OWN_DRAFTS_MAX);
    if (grown == NULL)
        return recorder->own_count >= OWN_DRAFTS_MAX ? SK_ERR_FULL : SK_ERR_NOMEM;
    recorder->own = grown;
    struct sk_draft *copy = &recorder->own[recorder->own_count++];
    copy->header = draft->header;
    memcpy(&copy->body, &draft->body, sizeof draft->body);
    copy->body.writer.buffer = copy->body.bytes; /* the copy writes into itself */
    return SK_OK;
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

static struct raise *find_raise(struct sk_recorder *recorder, uint64_t occurrence)
{
    for (size_t i = recorder->raise_count; i > 0; i--)
        if (recorder->raises[i - 1].occurrence == occurrence)
            return &recorder->raises[i - 1];
    return NULL;
}

/* The projection row of an alarm: its raising record is remembered, its last one is the record just before. */
static enum sk_err put_alarm(struct sk_recorder *recorder, struct sk_alarm *alarm)
{
    uint64_t last = recorder->seq_count > 0 ? recorder->seqs[recorder->seq_count - 1] : 0;
    struct raise *raise = find_raise(recorder, alarm->occurrence);
    if (raise == NULL && !remember_raise(recorder, alarm->occurrence, last))
        return SK_ERR_NOMEM;
    alarm->raise_seq = raise != NULL ? raise->seq : last;
    alarm->last_seq = last;
    return sk_store_alarm_put(recorder->store, alarm);
}

static enum sk_err carry_out(struct sk_recorder *recorder, const struct sk_effect *effect)
{
    switch (effect->kind) {
    case SK_EFFECT_RECORD:
        return append(recorder, effect->record);
    case SK_EFFECT_ALARM:
        return put_alarm(recorder, effect->alarm);
    case SK_EFFECT_PENDING_PUT:
        return sk_store_pending_put(recorder->store, effect->pending.key, effect->pending.bytes, effect->pending.length);
    case SK_EFFECT_PENDING_DELETE:
        return sk_store_pending_delete(recorder->store, effect->pending.key);
    case SK_EFFECT_POINT:
        return SK_OK;
    }
    return SK_ERR_INVALID;
}

/* Names the interval in which records could not be written; becomes one of our own drafts, so it is published like them. */
static enum sk_err note_unrecorded(struct sk_recorder *recorder, const struct sk_now *now)
{
    struct sk_draft draft;
    sk_draft_init(&draft, SK_EV_SYS_UNRECORDED, now);
    sk_body_put_u64(&draft.body, SK_TAG_COUNT, recorder->given_up);
    sk_body_put_i64(&draft.body, SK_TAG_INTERVAL_FROM_US, recorder->unwritable_since_us);
    sk_body_put_i64(&draft.body, SK_TAG_INTERVAL_TO_US, now->utc_us);
    return sk_recorder_add(recorder, &draft);
}

static enum sk_err make_checkpoint(struct sk_recorder *recorder, const struct sk_now *now, bool *ret_made, uint64_t *ret_seq)
{
    if (!sk_checkpoint_due(&recorder->cadence, recorder->covered_size, recorder->covered_mono_us,
                           sk_store_size(recorder->store), now->mono_us))
        return SK_OK;
    enum sk_err err = sk_checkpoint_make(recorder->store, recorder->signer, &recorder->cadence, now, ret_seq);
    *ret_made = err == SK_OK;
    return err;
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

static enum sk_err attempt(struct sk_recorder *recorder, const struct sk_now *now)
{
    bool checkpoint_made = false;
    uint64_t checkpoint_seq = 0;
    recorder->seq_count = 0;
    enum sk_err err = sk_store_begin(recorder->store);
    for (size_t i = 0; err == SK_OK && i < sk_effects_count(recorder->effects); i++)
        err = carry_out(recorder, sk_effects_at(recorder->effects, i));
    for (size_t i = 0; err == SK_OK && i < recorder->own_count; i++)
        err = append(recorder, &recorder->own[i]);
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
    }
    return SK_OK;
}

/* --- after the attempt --- */

static void forget_closed(struct sk_recorder *recorder, const struct sk_alarm *alarm)
{
    struct raise *raise = sk_alarm_is_open(alarm->bits) ? NULL : find_raise(recorder, alarm->occurrence);
    if (raise != NULL)
        *raise = recorder->raises[--recorder->raise_count];
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
        if (effect->kind == SK_EFFECT_ALARM) {
            sink->alarm(sink->context, effect->alarm, true);
            forget_closed(recorder, effect->alarm);
        }
    }
    for (size_t i = 0; i < recorder->own_count; i++)
        publish_draft(recorder, recorder->seqs[record++], &recorder->own[i]);
    if (recorder->checkpoint_made)
        sk_store_record(recorder->store, recorder->checkpoint_seq, publish_stored, recorder);
    recorder->checkpoint_made = false;
}

/* What people must see although it cannot be recorded: alarms and points, marked. */
static void publish_unrecorded(struct sk_recorder *recorder)
{
    const struct sk_recorder_sink *sink = &recorder->sink;
    for (size_t i = 0; i < sk_effects_count(recorder->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(recorder->effects, i);
        if (effect->kind == SK_EFFECT_ALARM)
            sink->alarm(sink->context, effect->alarm, false);
        if (effect->kind == SK_EFFECT_POINT)
            sink->point(sink->context, effect->point);
    }
}

static void clear(struct sk_recorder *recorder)
{
    sk_effects_clear(recorder->effects);
    recorder->own_count = 0;
}

/* Too much is waiting: give the records up, counted; the alarms' last states come back with the engine's next transitions. */
static void give_up_beyond_bound(struct sk_recorder *recorder)
{
    if (sk_effects_count(recorder->effects) <= QUEUED_EFFECTS_MAX && recorder->own_count < OWN_DRAFTS_MAX)
        return;
    for (size_t i = 0; i < sk_effects_count(recorder->effects); i++)
        recorder->given_up += sk_effects_at(recorder->effects, i)->kind == SK_EFFECT_RECORD;
    recorder->given_up += recorder->own_count;
    clear(recorder);
}

static void became_unwritable(struct sk_recorder *recorder, enum sk_err err, const struct sk_now *now)
{
    if (recorder->writable) {
        sk_log(SK_LOG_ERROR, "cannot write the log: %s; alarms are shown as unrecorded, retry every second", sk_err_text(err));
        recorder->writable = false;
        recorder->unwritable_since_us = now->utc_us;
        recorder->given_up = 0;
    }
    if (err == SK_ERR_FULL && unlink(recorder->reserve_path) == 0)
        sk_log(SK_LOG_WARNING, "the disk is full: gave up the reserve of %d bytes", (int)RESERVE_BYTES);
    recorder->retry_at_us = now->mono_us + RETRY_US;
    publish_unrecorded(recorder);
    give_up_beyond_bound(recorder);
}

enum sk_err sk_recorder_commit(struct sk_recorder *recorder, const struct sk_now *now)
{
    if (!recorder->writable && now->mono_us < recorder->retry_at_us) {
        give_up_beyond_bound(recorder);
        return SK_ERR_AGAIN;
    }
    bool durable = has_durable_work(recorder);
    bool due = sk_checkpoint_due(&recorder->cadence, recorder->covered_size, recorder->covered_mono_us,
                                 sk_store_size(recorder->store), now->mono_us);
    bool back = !recorder->writable;
    enum sk_err err = SK_OK;
    if (back)
        err = note_unrecorded(recorder, now);
    if (err == SK_OK && (durable || due || back))
        err = attempt(recorder, now);
    if (err != SK_OK) {
        if (back && recorder->own_count > 0)
            recorder->own_count--; /* the note: made anew at the next try */
        became_unwritable(recorder, err, now);
        return err;
    }
    if (back) {
        sk_log(SK_LOG_NOTICE, "the log can be written again; %llu records were given up",
               (unsigned long long)recorder->given_up);
        recorder->writable = true;
        make_reserve(recorder);
    }
    publish(recorder);
    clear(recorder);
    return SK_OK;
}

int64_t sk_recorder_deadline(const struct sk_recorder *recorder)
{
    if (!recorder->writable)
        return recorder->retry_at_us;
    /* Asked of the rule itself: a log with nothing new never becomes due, and a deadline in the past would spin. */
    const int64_t due_us = recorder->covered_mono_us + (int64_t)recorder->cadence.seconds * SK_US_PER_S;
    const bool ever = sk_checkpoint_due(&recorder->cadence, recorder->covered_size, recorder->covered_mono_us,
                                        sk_store_size(recorder->store), due_us);
    return ever ? due_us : SK_NEVER;
}
