/* SPDX-License-Identifier: Apache-2.0 */
/* A permit list that a controller sends by itself: chunks are put together here, and the whole list counts as an imported one
 * does. Card numbers become their HMAC on the way in. What does not follow, or cannot be a list, is recorded as malformed; the
 * list that stood goes on standing. */
#include <string.h>
#include <unistd.h>

#include "collector/engine/rights.h"
#include "collector/internal.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

enum { ROWS_MAX = 50000 };
static const int64_t AHEAD_US = 10 * SK_US_PER_S; /* what clocks may differ */

struct sk_list_intake {
    uint64_t list;
    uint16_t next; /* 0: none is coming in */
    struct sk_list_row *rows;
    size_t count, capacity;
};

static void refuse(struct sk_collector *c, const struct sk_permit_chunk *chunk, const char *expected)
{
    char where[64];
    sk_text_format(where, sizeof where, "permit list %llu", (unsigned long long)chunk->list);
    if (sk_engine_malformed(c->engine, (int32_t)chunk->device, where, expected, "", 0, &c->now, sk_collector_effects(c)) !=
        SK_OK)
        sk_log(SK_LOG_ERROR, "a permit list of '%s' was refused, and that could not be recorded",
               c->site->devices[chunk->device].id);
}

static void begin(struct sk_list_intake *intake, const struct sk_permit_chunk *chunk)
{
    intake->count = 0;
    intake->list = chunk->list;
    intake->next = 1;
}

static enum sk_err take_row(struct sk_collector *c, const struct sk_permit_row *from, struct sk_list_row *row)
{
    memset(row, 0, sizeof *row);
    row->until_us = SK_NEVER;
    if (from->from[0] != '\0' && !sk_day_begin_us(c->zone, from->from, &row->from_us))
        return SK_ERR_RANGE;
    if (from->until[0] != '\0' && !sk_day_end_us(c->zone, from->until, &row->until_us))
        return SK_ERR_RANGE;
    for (size_t i = 0; i < from->door_count && i < SK_LIST_DOORS_MAX; i++)
        row->doors[row->door_count++] = c->site->doors[from->doors[i]].number;
    return sk_hmac_sha256(c->site_key, sizeof c->site_key, from->identifier, from->identifier_length, &row->identifier);
}

static enum sk_err take_rows(struct sk_collector *c, struct sk_list_intake *intake, const struct sk_permit_chunk *chunk)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; err == SK_OK && i < chunk->count; i++) {
        struct sk_list_row *grown = sk_grow(intake->rows, intake->count, &intake->capacity, sizeof *grown, ROWS_MAX);
        if (grown == NULL)
            return intake->count >= ROWS_MAX ? SK_ERR_TOO_LONG : SK_ERR_NOMEM;
        intake->rows = grown;
        err = take_row(c, &chunk->rows[i], &grown[intake->count]);
        intake->count += err == SK_OK;
    }
    return err;
}

static enum sk_err finish(struct sk_collector *c, struct sk_list_intake *intake, const struct sk_permit_chunk *chunk)
{
    char actor[SK_WHO_MAX];
    if (chunk->taken_us > c->now.utc_us + AHEAD_US)
        return SK_ERR_RANGE;
    sk_text_format(actor, sizeof actor, "device:%.40s", c->site->devices[chunk->device].id);
    const struct sk_roster_act act = {.actor = actor, .command = "list.received", .address = "", .reason = ""};
    enum sk_err err = sk_commands_sync_site(&c->floor, &c->now, true); /* doors lead into zones that the roster must know */
    if (err == SK_OK)
        err = sk_engine_list(c->engine, chunk->device, intake->rows, intake->count, chunk->taken_us, &act, &c->now,
                             sk_collector_effects(c));
    return err == SK_ERR_CONFLICT ? SK_OK : err; /* delivered again: a list of that moment or a later one stands */
}

static enum sk_err take(struct sk_collector *c, struct sk_list_intake *intake, const struct sk_permit_chunk *chunk)
{
    if (intake->next > 1 && intake->list == chunk->list && chunk->chunk + 1 == intake->next)
        return SK_OK; /* delivered again */
    if (chunk->chunk == 1)
        begin(intake, chunk);
    if (intake->list != chunk->list || intake->next != chunk->chunk)
        return SK_ERR_CONFLICT;
    const enum sk_err err = take_rows(c, intake, chunk);
    intake->next++;
    return err == SK_OK && chunk->chunk == chunk->chunks ? finish(c, intake, chunk) : err;
}

static const char *sentence_of(enum sk_err err)
{
    static const struct {
        enum sk_err err;
        const char *text;
    } texts[] = {{SK_ERR_CONFLICT, "expected the next chunk of the list; send it again from chunk 1"},
                 {SK_ERR_EXISTS, "expected each card once"},
                 {SK_ERR_TOO_LONG, "expected at most 50000 rows"},
                 {SK_ERR_RANGE, "expected a list that was not drawn up in the future"},
                 {SK_ERR_NOT_FOUND, "expected a list of a door controller"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].err == err)
            return texts[i].text;
    return sk_err_text(err);
}

bool sk_collector_list(void *context, const void *bytes, size_t length)
{
    struct sk_collector *c = context;
    struct sk_permit_chunk *chunk = sk_calloc(1, sizeof *chunk);
    if (c->lists == NULL)
        c->lists = sk_calloc(c->site->device_count, sizeof *c->lists);
    enum sk_err err = chunk == NULL || c->lists == NULL ? SK_ERR_NOMEM : sk_permit_chunk_decode(c->site, bytes, length, chunk);
    const bool good = err == SK_OK || err == SK_ERR_NOMEM;
    if (err == SK_OK) {
        struct sk_list_intake *intake = &c->lists[chunk->device];
        err = take(c, intake, chunk);
        if (err != SK_OK)
            refuse(c, chunk, sentence_of(err));
        if (err != SK_OK || chunk->chunk == chunk->chunks)
            intake->count = 0;
        if (err != SK_OK)
            intake->next = 0;
    }
    if (err == SK_ERR_NOMEM) { /* not taken, so it must not be acknowledged: ending makes the broker send it again */
        sk_log(SK_LOG_ERROR, "out of memory for a permit list; ending so that it is delivered again");
        _exit(1);
    }
    sk_free_secret(chunk, sizeof *chunk);
    return good;
}

void sk_collector_lists_free(struct sk_collector *c)
{
    for (size_t i = 0; c->lists != NULL && i < c->site->device_count; i++)
        sk_free(c->lists[i].rows);
    sk_free(c->lists);
    c->lists = NULL;
}
