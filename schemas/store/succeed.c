/* SPDX-License-Identifier: Apache-2.0 */
/* The first transaction of a log that follows a damaged one. */
#include "schemas/store/succeed.h"

#include <string.h>

#include "schemas/store/carry.h"
#include "schemas/store/internal.h"

bool sk_succession_text(const char *old_origin, const char *new_origin, const uint8_t new_key[SK_PUBLIC_KEY_SIZE],
                        char to[SK_SUCCESSION_TEXT])
{
    char hex[2 * SK_PUBLIC_KEY_SIZE + 1];
    sk_hex_write(hex, new_key, SK_PUBLIC_KEY_SIZE);
    return sk_text_format(to, SK_SUCCESSION_TEXT, "sekisho successor\n%s\n%s\n%s\n", old_origin, new_origin, hex);
}

/* The old key, while it can still be read, says that this is its successor. */
static bool old_key_sign(const char *directory, const struct sk_old_log *old, const char *origin, const uint8_t *new_key,
                         uint8_t to[SK_SIGNATURE_SIZE])
{
    char path[SK_PATH_MAX], text[SK_SUCCESSION_TEXT];
    struct sk_signer *signer = NULL;
    const bool good = old->origin[0] != '\0' && sk_succession_text(old->origin, origin, new_key, text) &&
                      sk_text_format(path, sizeof path, "%s/%s/%s", directory, old->name, SK_SIGNING_KEY_FILE) &&
                      sk_signer_open(path, false, &signer, NULL) == SK_OK &&
                      sk_signer_sign(signer, text, strlen(text), to) == SK_OK;
    sk_signer_free(signer);
    return good;
}

static enum sk_err origin_put(struct sk_store *store, const char *directory, const char *site_id, struct sk_signer *signer,
                              const struct sk_cadence *cadence, const struct sk_now *now, const struct sk_old_log *old)
{
    char origin[SK_ORIGIN_MAX];
    uint8_t public_key[SK_PUBLIC_KEY_SIZE], signature[SK_SIGNATURE_SIZE];
    struct sk_draft draft;
    uint64_t seq;
    sk_signer_public_key(signer, public_key);
    enum sk_err err = sk_origin_make(site_id, public_key, origin);
    if (err == SK_OK && strcmp(origin, old->origin) == 0)
        err = SK_ERR_CONFLICT; /* the key was not set aside: two logs of one name would be signed */
    if (err != SK_OK)
        return err;
    sk_body_init(&draft.body);
    memset(&draft.header, 0, sizeof draft.header);
    draft.header.t_recv_us = now->utc_us > 0 ? (uint64_t)now->utc_us : 0;
    draft.header.ev = SK_EV_LOG_ORIGIN;
    draft.header.class_ = SK_CLASS_SYSTEM;
    sk_body_put_text(&draft.body, SK_TAG_DETAIL, old->why);
    sk_body_put_u8(&draft.body, SK_TAG_CLOCK_QUALITY, now->clock_quality);
    sk_body_put_text(&draft.body, SK_TAG_ORIGIN, origin);
    sk_body_put_bytes(&draft.body, SK_TAG_PUBLIC_KEY, public_key, sizeof public_key);
    if (old->origin[0] != '\0')
        sk_body_put_text(&draft.body, SK_TAG_OLD_ORIGIN, old->origin);
    if (old->size > 0) {
        sk_body_put_hash(&draft.body, SK_TAG_OLD_ROOT, &old->root);
        sk_body_put_u64(&draft.body, SK_TAG_OLD_SIZE, old->size);
    }
    sk_body_put_u32(&draft.body, SK_TAG_CADENCE_RECORDS, cadence->records);
    sk_body_put_u32(&draft.body, SK_TAG_CADENCE_S, cadence->seconds);
    if (old_key_sign(directory, old, origin, public_key, signature))
        sk_body_put_bytes(&draft.body, SK_TAG_OLD_SIGNATURE, signature, sizeof signature);
    sk_body_put_text(&draft.body, SK_TAG_SET_ASIDE, old->name);
    err = sk_body_done(&draft.body) ? sk_store_origin_set(store, origin) : SK_ERR_INVALID;
    return err == SK_OK ? sk_store_append(store, &draft, &seq) : err;
}

/* What the alarm will say, kept with the transaction: a start that ends before it rang is followed by one that rings it. */
static enum sk_err alarm_keep(struct sk_store *store, const struct sk_old_log *old, const struct sk_carried *carried)
{
    char text[SK_ALARM_TEXT_MAX];
    if (carried->unreadable)
        sk_text_format(text, sizeof text, "%s; nothing of it can be read: %s", old->name, old->why);
    else
        sk_text_format(text, sizeof text,
                       "%s: %llu numbers, %llu roster changes, %llu facts about rights, %llu open alarms carried over, "
                       "%llu lost: %s",
                       old->name, (unsigned long long)carried->numbers, (unsigned long long)carried->roster,
                       (unsigned long long)carried->facts, (unsigned long long)carried->alarms,
                       (unsigned long long)carried->lost, old->why);
    return sk_store_pending_put(store, SK_SUCCESSION_KEY, text, strlen(text));
}

enum sk_err sk_log_succeed(struct sk_store *store, const char *directory, const char *site_id, struct sk_signer *signer,
                           const struct sk_cadence *cadence, const struct sk_now *now, const struct sk_old_log *old,
                           struct sk_carried *ret_carried)
{
    char path[SK_PATH_MAX];
    struct sk_store *from = NULL;
    memset(ret_carried, 0, sizeof *ret_carried);
    if (sk_store_size(store) != 0)
        return SK_ERR_CONFLICT;
    enum sk_err err = origin_put(store, directory, site_id, signer, cadence, now, old);
    if (err != SK_OK)
        return err;
    ret_carried->unreadable =
        !sk_text_format(path, sizeof path, "%s/%s", directory, old->name) || sk_store_open_any(path, &from, NULL) != SK_OK;
    if (!ret_carried->unreadable)
        err = sk_carry_over(store, from, old, now, ret_carried);
    sk_store_close(from);
    if (err == SK_OK)
        err = alarm_keep(store, old, ret_carried);
    return err == SK_OK ? sk_checkpoint_make(store, signer, cadence, now, NULL) : err;
}
