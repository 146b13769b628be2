/* SPDX-License-Identifier: Apache-2.0 */
/* The two kinds of record that the log writes about itself: its origin and its checkpoints. */
#include <string.h>

#include "schemas/store/checkpoint.h"

static void draft_begin(struct sk_draft *draft, enum sk_event event, const struct sk_now *now)
{
    memset(&draft->header, 0, sizeof draft->header);
    draft->header.version = SK_HEADER_VERSION;
    draft->header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft->header.ev = (uint16_t)event;
    draft->header.class_ = SK_CLASS_SYSTEM;
    sk_body_init(&draft->body);
    sk_body_put_u8(&draft->body, SK_TAG_CLOCK_QUALITY, now->clock_quality);
}

static void cadence_put(struct sk_body *body, const struct sk_cadence *cadence)
{
    sk_body_put_u32(body, SK_TAG_CADENCE_RECORDS, cadence->records);
    sk_body_put_u32(body, SK_TAG_CADENCE_S, cadence->seconds);
}

enum sk_err sk_log_origin_draft(const char *origin, const uint8_t public_key[SK_PUBLIC_KEY_SIZE],
                                const struct sk_cadence *cadence, const struct sk_now *now, struct sk_draft *ret_draft)
{
    draft_begin(ret_draft, SK_EV_LOG_ORIGIN, now);
    sk_body_put_text(&ret_draft->body, SK_TAG_ORIGIN, origin);
    sk_body_put_bytes(&ret_draft->body, SK_TAG_PUBLIC_KEY, public_key, SK_PUBLIC_KEY_SIZE);
    cadence_put(&ret_draft->body, cadence);
    return sk_body_done(&ret_draft->body) ? SK_OK : SK_ERR_INVALID;
}

enum sk_err sk_log_begin(struct sk_store *store, const char *site_id, struct sk_signer *signer,
                         const struct sk_cadence *cadence, const struct sk_now *now, bool *ret_new)
{
    char origin[SK_ORIGIN_MAX];
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    struct sk_draft draft;
    uint64_t seq;
    enum sk_err err = sk_store_origin(store, origin, sizeof origin);
    *ret_new = err == SK_ERR_NOT_FOUND;
    if (err != SK_ERR_NOT_FOUND)
        return err;
    if (sk_store_size(store) != 0) /* a log that has records but no name was not begun by us: never adopted silently */
        return SK_ERR_CONFLICT;
    sk_signer_public_key(signer, public_key);
    err = sk_origin_make(site_id, public_key, origin);
    if (err == SK_OK)
        err = sk_log_origin_draft(origin, public_key, cadence, now, &draft);
    if (err == SK_OK)
        err = sk_store_origin_set(store, origin);
    if (err == SK_OK)
        err = sk_store_append(store, &draft, &seq);
    return err;
}

bool sk_checkpoint_due(const struct sk_cadence *cadence, uint64_t covered_size, int64_t made_mono_us, uint64_t log_size,
                       int64_t mono_us)
{
    /* The record about the last checkpoint is not covered by it; alone it is nothing to sign for. */
    const uint64_t own = covered_size > 0 ? 1 : 0;
    if (log_size <= covered_size + own)
        return false;
    return log_size - covered_size >= cadence->records || mono_us - made_mono_us >= cadence->seconds * SK_US_PER_S;
}

static enum sk_err note_of_now(struct sk_store *store, struct sk_signer *signer, struct sk_note *note, char text[SK_NOTE_MAX])
{
    note->size = sk_store_size(store);
    enum sk_err err = sk_store_origin(store, note->origin, sizeof note->origin);
    if (err == SK_OK)
        err = sk_store_root(store, &note->root);
    return err == SK_OK ? sk_note_make(note, signer, text) : err;
}

enum sk_err sk_checkpoint_make(struct sk_store *store, struct sk_signer *signer, const struct sk_cadence *cadence,
                               const struct sk_now *now, uint64_t *ret_seq)
{
    struct sk_checkpoint latest = {.number = 0, .size = 0};
    struct sk_note note;
    struct sk_draft draft;
    char text[SK_NOTE_MAX];
    uint64_t seq = 0;
    enum sk_err err = sk_store_checkpoint_latest(store, &latest);
    if (err != SK_OK && err != SK_ERR_NOT_FOUND)
        return err;
    if (sk_store_size(store) <= latest.size)
        return SK_ERR_CONFLICT;
    err = note_of_now(store, signer, &note, text);
    if (err != SK_OK)
        return err;
    draft_begin(&draft, SK_EV_LOG_CHECKPOINT, now);
    sk_body_put_u64(&draft.body, SK_TAG_CHECKPOINT_NO, latest.number + 1);
    sk_body_put_u64(&draft.body, SK_TAG_TREE_SIZE, note.size);
    sk_body_put_hash(&draft.body, SK_TAG_TREE_ROOT, &note.root);
    cadence_put(&draft.body, cadence);
    err = sk_store_checkpoint_put(store, latest.number + 1, note.size, &note.root, text);
    if (err == SK_OK)
        err = sk_store_append(store, &draft, &seq);
    if (err == SK_OK && ret_seq != NULL)
        *ret_seq = seq;
    return err;
}
