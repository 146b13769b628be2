/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of controllers, read back: their numbering, the digests of their last events, skew, contact, what was being counted. */
#include <string.h>

#include "collector/engine/restore.h"

/* "device/number": the controller, and a number below limit; NULL when there is none such. */
static struct sk_ctrl *find_ctrl(struct sk_engine *engine, const char *rest, int64_t limit, int64_t *ret_number)
{
    char id[SK_PENDING_KEY_MAX];
    sk_text_copy(id, sizeof id, rest);
    char *slash = strrchr(id, '/');
    if (limit > 0 && (slash == NULL || !sk_int_read(slash + 1, 0, limit - 1, ret_number)))
        return NULL;
    if (limit > 0)
        *slash = '\0';
    const int32_t device = sk_site_device(engine->site, id);
    if (device < 0 || engine->ctrl_of_device[device] < 0)
        return NULL;
    return &engine->ctrls[engine->ctrl_of_device[device]];
}

/* Holes ascend, do not touch, and end below what is known. */
static bool holes_fit(const struct sk_cursor *cursor)
{
    for (uint32_t i = 0; i < cursor->hole_count; i++) {
        const struct sk_hole *hole = &cursor->holes[i];
        if (hole->from > hole->to || hole->to >= cursor->last || (i > 0 && hole->from <= hole[-1].to))
            return false;
    }
    return true;
}

enum sk_err sk_restore_cursor(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    int64_t slot;
    struct sk_cursor cursor = {.used = true};
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, SK_EPOCHS, &slot);
    if (ctrl == NULL)
        return SK_ERR_NOT_FOUND;
    const struct sk_moment moment = sk_moment_read(reader, engine, now);
    cursor.epoch = sk_read_u32(reader);
    cursor.last = sk_read_u64(reader);
    cursor.order = sk_read_u64(reader);
    cursor.hole_count = sk_read_u8(reader);
    if (cursor.hole_count > SK_HOLES || cursor.order == UINT64_MAX)
        return SK_ERR_PARSE;
    for (uint32_t i = 0; i < cursor.hole_count; i++) {
        cursor.holes[i].from = sk_read_u64(reader);
        cursor.holes[i].to = sk_read_u64(reader);
        cursor.holes[i].since_mono = sk_moment_mono(reader, &moment);
        cursor.holes[i].flags = sk_read_u8(reader);
    }
    if (!sk_reader_done(reader) || !holes_fit(&cursor))
        return SK_ERR_PARSE;
    ctrl->cursors[slot] = cursor;
    return SK_OK;
}

enum sk_err sk_restore_page(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    int64_t index;
    struct sk_digest_page page = {.used = true};
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, (int64_t)SK_EPOCHS * SK_DIGEST_PAGES, &index);
    (void)now;
    if (ctrl == NULL)
        return SK_ERR_NOT_FOUND;
    page.epoch = sk_read_u32(reader);
    page.number = sk_read_u64(reader);
    const uint64_t mask = sk_read_u64(reader);
    for (uint32_t i = 0; i < SK_PAGE_EVENTS; i++)
        if ((mask >> i & 1) != 0)
            page.digests[i] = sk_read_u64(reader);
    if (!sk_reader_done(reader) || page.number % SK_DIGEST_PAGES != (uint64_t)index % SK_DIGEST_PAGES)
        return SK_ERR_PARSE;
    ctrl->pages[index / SK_DIGEST_PAGES][index % SK_DIGEST_PAGES] = page;
    return SK_OK;
}

enum sk_err sk_restore_skew(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, 0, NULL);
    (void)now;
    if (ctrl == NULL)
        return SK_ERR_NOT_FOUND;
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    ctrl->skewed = true;
    return SK_OK;
}

static struct sk_tally *find_tally(struct sk_engine *engine, const char *rest)
{
    for (size_t i = 0; i < engine->tally_count; i++) {
        struct sk_tally *tally = &engine->tallies[i];
        const char *word = sk_text_or(sk_event_name(sk_tally_event(tally->kind)));
        const size_t length = strlen(word);
        const bool known = tally->device < engine->site->device_count;
        const char *id = known ? sk_text_or(engine->site->devices[tally->device].id) : "";
        if (strncmp(rest, word, length) == 0 && rest[length] == '/' && strcmp(rest + length + 1, id) == 0)
            return tally;
    }
    return NULL;
}

enum sk_err sk_restore_tally(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    struct sk_tally *tally = find_tally(engine, rest);
    if (tally == NULL)
        return SK_ERR_NOT_FOUND;
    const struct sk_moment moment = sk_moment_read(reader, engine, now);
    const int64_t since = sk_moment_mono(reader, &moment);
    const uint64_t count = sk_read_u64(reader);
    if (!sk_reader_done(reader))
        return SK_ERR_PARSE;
    tally->open = true;
    tally->since_mono = since;
    tally->count = count;
    return SK_OK;
}

enum sk_err sk_restore_ctrl(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now)
{
    struct sk_ctrl *ctrl = find_ctrl(engine, rest, 0, NULL);
    (void)now;
    return ctrl == NULL ? SK_ERR_NOT_FOUND : sk_ctrl_read(ctrl, reader);
}
