/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of counted frames, a list of readers, one lock. A reader copies out of its frame without the lock. */
#include "dashboard-api/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"

/* Internal kind: records from..to passed by while the feed was gone; each reader fetches them from the store. */
enum { KIND_HOLE = SK_LIVE_RECORD + 1 };

struct frame {
    atomic_int holders;
    int kind;
    uint64_t from, to; /* records it stands for */
    size_t length;
    char text[];
};

struct reader {
    struct reader *previous, *next;
    struct sk_live *live;
    struct sk_identity who;
    unsigned kinds;       /* mask of 1 << kind */
    uint64_t position;    /* next frame of the ring */
    uint64_t quiet_until; /* below this position only records are shown: their states are older than the snapshot */
    uint64_t replay_next, replay_last;
    bool replaying;
    atomic_bool ended;
    int64_t checked_us;
    const char *at; /* what is being sent: inside own or inside current */
    size_t left;
    struct sk_out own;
    struct frame *current;
};

struct sk_live {
    struct sk_live_config config;
    pthread_mutex_t lock;
    struct frame *ring[SK_LIVE_FRAMES];
    uint64_t head, tail; /* positions: frames tail .. head-1 stand in the ring */
    size_t bytes;
    bool has_floor, has_last;
    uint64_t floor; /* every record from here on is in the ring */
    uint64_t last;  /* newest record published or known */
    struct reader *readers;
    size_t reader_count;
    atomic_bool held, unwoken;
};

enum sk_err sk_live_create(const struct sk_live_config *config, struct sk_live **ret_live)
{
    struct sk_live *live = sk_calloc(1, sizeof *live);
    if (!live)
        return SK_ERR_NOMEM;
    live->config = *config;
    pthread_mutex_init(&live->lock, NULL);
    *ret_live = live;
    return SK_OK;
}

static void drop_frame(struct frame *frame)
{
    if (frame && atomic_fetch_sub(&frame->holders, 1) == 1)
        sk_free(frame);
}

static bool carries_records(const struct frame *frame)
{
    return frame->kind >= SK_LIVE_ENTRY;
}

static void drop_oldest(struct sk_live *live)
{
    struct frame *frame = live->ring[live->tail++ % SK_LIVE_FRAMES];
    live->bytes -= frame->length;
    if (carries_records(frame))
        live->floor = frame->to + 1;
    drop_frame(frame);
}

void sk_live_free(struct sk_live *live)
{
    if (!live)
        return;
    while (live->tail < live->head)
        drop_oldest(live);
    pthread_mutex_destroy(&live->lock);
    sk_free(live);
}

void sk_live_frame(struct sk_out *out, const char *event, bool has_seq, uint64_t seq, const char *json)
{
    if (has_seq)
        sk_out_format(out, "id: %llu\n", (unsigned long long)seq);
    sk_out_format(out, "event: %s\ndata: ", event);
    sk_out_put(out, json);
    sk_out_put(out, "\n\n");
}

static void append(struct sk_live *live, struct frame *frame)
{
    while (live->head - live->tail == SK_LIVE_FRAMES ||
           (live->head > live->tail && live->bytes + frame->length > SK_LIVE_BYTES))
        drop_oldest(live);
    live->ring[live->head++ % SK_LIVE_FRAMES] = frame;
    live->bytes += frame->length;
    if (carries_records(frame)) {
        live->last = frame->to;
        live->has_last = true;
    }
}

static void end_all(struct sk_live *live)
{
    for (struct reader *at = live->readers; at; at = at->next)
        at->ended = true;
}

/* unwoken is set before held is asked: whoever ends the hold sees it, or we see that the hold has ended. */
static void wake_readers(struct sk_live *live)
{
    atomic_store(&live->unwoken, true);
    if (!atomic_load(&live->held) && atomic_exchange(&live->unwoken, false))
        live->config.wake(live->config.context);
}

/* text may be NULL: a hole. When memory is short the readers are ended: they begin anew rather than miss a frame. */
static void publish(struct sk_live *live, int kind, uint64_t from, uint64_t to, const struct sk_out *text)
{
    size_t length = text ? text->length : 0;
    struct frame *frame = text && text->bad ? NULL : sk_calloc(1, sizeof *frame + length);
    if (frame) {
        *frame = (struct frame){.kind = kind, .from = from, .to = to, .length = length};
        atomic_init(&frame->holders, 1);
        if (length > 0)
            memcpy(frame->text, text->text, length);
    }
    pthread_mutex_lock(&live->lock);
    if (frame) {
        append(live, frame);
    } else {
        end_all(live);
        if (kind >= SK_LIVE_ENTRY) {
            live->floor = to + 1;
            live->last = to;
        }
    }
    pthread_mutex_unlock(&live->lock);
    wake_readers(live);
}

void sk_live_hold(struct sk_live *live, bool on)
{
    atomic_store(&live->held, on);
    if (!on && atomic_exchange(&live->unwoken, false))
        live->config.wake(live->config.context);
}

void sk_live_publish(struct sk_live *live, enum sk_live_kind kind, const char *event, uint64_t seq, const char *json)
{
    struct sk_out text = {0};
    sk_live_frame(&text, event, kind >= SK_LIVE_ENTRY, seq, json);
    publish(live, (int)kind, seq, seq, &text);
    sk_out_release(&text);
}

void sk_live_sync(struct sk_live *live, bool has_record, uint64_t record)
{
    uint64_t next = has_record ? record + 1 : 0;
    pthread_mutex_lock(&live->lock);
    uint64_t expected = live->has_last ? live->last + 1 : 0;
    bool first = !live->has_floor, back = !first && next < expected, hole = !first && next > expected;
    if (first || back) {
        live->has_floor = true;
        live->floor = next;
        live->has_last = has_record;
        live->last = record;
        while (live->tail < live->head)
            drop_oldest(live);
        live->floor = next;
        end_all(live);
    }
    pthread_mutex_unlock(&live->lock);
    if (hole)
        publish(live, KIND_HOLE, expected, record, NULL);
    else
        live->config.wake(live->config.context);
}

/* --- one reader --- */

static unsigned kinds_for(uint16_t roles)
{
    static const struct {
        int kind;
        const char *act;
    } rows[] = {{SK_LIVE_POINT, "read.points"},
                {SK_LIVE_ALARM, "read.alarms"},
                {SK_LIVE_ENTRY, "read.entries"},
                {SK_LIVE_RECORD, "read.records"}};
    unsigned kinds = 1u << SK_LIVE_STATE | 1u << KIND_HOLE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (sk_permission(rows[i].act, roles))
            kinds |= 1u << rows[i].kind;
    return kinds;
}

static uint16_t replay_mask(unsigned kinds)
{
    if (kinds & (1u << SK_LIVE_RECORD))
        return UINT16_MAX;
    return kinds & (1u << SK_LIVE_ENTRY) ? (uint16_t)(1u << SK_CLASS_ACCESS) : 0;
}

static void start_replay(struct reader *reader, uint64_t from, uint64_t to)
{
    reader->replay_next = from;
    reader->replay_last = to;
    reader->replaying = from <= to && replay_mask(reader->kinds) != 0;
}

static void send_own(struct reader *reader)
{
    reader->at = reader->own.text;
    reader->left = reader->own.bad ? 0 : reader->own.length;
}

/* The next piece of the missed records; a gap is named, never passed over. */
static void replay_more(struct reader *reader)
{
    struct sk_live *live = reader->live;
    uint64_t from = reader->replay_next;
    reader->own.length = 0;
    enum sk_err err = live->config.replay(live->config.context, replay_mask(reader->kinds), &reader->replay_next,
                                          reader->replay_last, &reader->own);
    if (err != SK_OK || reader->replay_next <= from) {
        char json[96];
        sk_text_format(json, sizeof json, "{\"from\":\"%llu\",\"to\":\"%llu\"}", (unsigned long long)from,
                       (unsigned long long)reader->replay_last);
        reader->own.length = 0;
        sk_live_frame(&reader->own, "gap", false, 0, json);
        reader->replay_next = reader->replay_last + 1;
    }
    reader->replaying = reader->replay_next <= reader->replay_last;
    if (reader->own.bad)
        reader->ended = true;
    send_own(reader);
}

enum step { STEP_SEND, STEP_SLEEP, STEP_END };

/* Takes the next frame that this reader may see; under the lock. */
static enum step next_frame(struct reader *reader)
{
    struct sk_live *live = reader->live;
    if (reader->ended || reader->position < live->tail)
        return STEP_END;
    while (reader->position < live->head) {
        uint64_t position = reader->position++;
        struct frame *frame = live->ring[position % SK_LIVE_FRAMES];
        bool quiet = position < reader->quiet_until && !carries_records(frame);
        if (quiet || !(reader->kinds & (1u << frame->kind)))
            continue;
        if (frame->kind == KIND_HOLE) {
            start_replay(reader, frame->from > reader->replay_last ? frame->from : reader->replay_last, frame->to);
            return STEP_SEND;
        }
        atomic_fetch_add(&frame->holders, 1);
        reader->current = frame;
        reader->at = frame->text;
        reader->left = frame->length;
        return STEP_SEND;
    }
    return STEP_SLEEP;
}

/* As many frames as there is room for: each piece that leaves costs a chunk and a TLS record. */
static ssize_t pull(void *context, char *to, size_t room)
{
    struct reader *reader = context;
    size_t filled = 0;
    for (;;) {
        size_t length = reader->left < room - filled ? reader->left : room - filled;
        if (length > 0) {
            memcpy(to + filled, reader->at, length);
            reader->at += length;
            reader->left -= length;
            filled += length;
        }
        if (reader->left > 0 || filled == room)
            return (ssize_t)filled;
        drop_frame(reader->current);
        reader->current = NULL;
        if (reader->replaying) {
            replay_more(reader);
            continue;
        }
        sk_out_release(&reader->own); /* a stream sleeps for hours after its snapshot */
        pthread_mutex_lock(&reader->live->lock);
        enum step step = next_frame(reader);
        pthread_mutex_unlock(&reader->live->lock);
        if (step != STEP_SEND)
            return filled > 0 ? (ssize_t)filled : step == STEP_SLEEP ? 0 : -1;
    }
}

static void gone(void *context)
{
    struct reader *reader = context;
    struct sk_live *live = reader->live;
    pthread_mutex_lock(&live->lock);
    if (reader->previous)
        reader->previous->next = reader->next;
    else
        live->readers = reader->next;
    if (reader->next)
        reader->next->previous = reader->previous;
    live->reader_count--;
    pthread_mutex_unlock(&live->lock);
    drop_frame(reader->current);
    sk_out_release(&reader->own);
    sk_free_secret(reader, sizeof *reader);
}

static bool is_full(const struct sk_live *live, const char *account)
{
    size_t count = 0;
    for (const struct reader *at = live->readers; at; at = at->next)
        count += strcmp(at->who.account, account) == 0;
    return count >= SK_LIVE_PER_ACCOUNT;
}

/* Where a reader who has seen `after` goes on: in the ring when it reaches back so far, else through the store first. */
static void place(struct reader *reader, bool resume, uint64_t after)
{
    struct sk_live *live = reader->live;
    reader->position = reader->quiet_until = live->head;
    if (!resume || !live->has_last || after >= live->last)
        return;
    if (after + 1 < live->floor)
        start_replay(reader, after + 1, live->floor - 1);
    for (uint64_t at = live->tail; at < live->head; at++) {
        const struct frame *frame = live->ring[at % SK_LIVE_FRAMES];
        if (!carries_records(frame) || frame->to <= after)
            continue;
        reader->position = at;
        break;
    }
    if (!reader->replaying)
        reader->replay_last = after + 1; /* a hole that begins earlier is entered here */
}

enum sk_err sk_live_open(struct sk_live *live, const struct sk_identity *who, bool resume, uint64_t after,
                         struct sk_http_source *ret_source)
{
    struct reader *reader = sk_calloc(1, sizeof *reader);
    if (!reader)
        return SK_ERR_NOMEM;
    *reader = (struct reader){.live = live, .who = *who, .kinds = kinds_for(who->roles), .checked_us = sk_clock_mono_us()};
    sk_out_put(&reader->own, "retry: 2000\nevent: snapshot\ndata: ");
    live->config.describe(live->config.context, &reader->own);
    sk_out_put(&reader->own, "\n\n");
    send_own(reader);
    pthread_mutex_lock(&live->lock);
    bool full = is_full(live, who->account);
    if (!full) {
        place(reader, resume, after);
        reader->next = live->readers;
        if (live->readers)
            live->readers->previous = reader;
        live->readers = reader;
        live->reader_count++;
    }
    pthread_mutex_unlock(&live->lock);
    if (full || reader->own.bad) {
        enum sk_err err = full ? SK_ERR_FULL : SK_ERR_NOMEM;
        if (full) {
            sk_out_release(&reader->own);
            sk_free_secret(reader, sizeof *reader);
        } else {
            gone(reader);
        }
        return err;
    }
    *ret_source = (struct sk_http_source){.pull = pull, .gone = gone, .context = reader};
    return SK_OK;
}

size_t sk_live_count(struct sk_live *live)
{
    pthread_mutex_lock(&live->lock);
    size_t count = live->reader_count;
    pthread_mutex_unlock(&live->lock);
    return count;
}

void sk_live_end(struct sk_live *live, const struct sk_hash *mark)
{
    pthread_mutex_lock(&live->lock);
    for (struct reader *at = live->readers; at; at = at->next)
        if (memcmp(&at->who.mark, mark, sizeof *mark) == 0)
            at->ended = true;
    pthread_mutex_unlock(&live->lock);
    live->config.wake(live->config.context);
}

bool sk_live_due(struct sk_live *live, int64_t age_us, struct sk_identity *ret_who)
{
    int64_t now_us = sk_clock_mono_us();
    struct reader *due = NULL;
    pthread_mutex_lock(&live->lock);
    for (struct reader *at = live->readers; at && !due; at = at->next)
        if (!at->ended && now_us - at->checked_us >= age_us)
            due = at;
    if (due)
        *ret_who = due->who;
    for (struct reader *at = due ? live->readers : NULL; at; at = at->next)
        if (memcmp(&at->who.mark, &due->who.mark, sizeof due->who.mark) == 0)
            at->checked_us = now_us;
    pthread_mutex_unlock(&live->lock);
    return due != NULL;
}
