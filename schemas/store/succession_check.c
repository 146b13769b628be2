/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of origins, read: what a successor says of the log before it, held against what is left of that log. */
#include <string.h>

#include "schemas/store/aside.h"
#include "schemas/store/internal.h"

static void text_take(const struct sk_record *record, enum sk_tag tag, char *to, size_t capacity)
{
    struct sk_body_item item;
    if (!sk_body_find(record->body, record->body_length, tag, &item) || item.length >= capacity)
        return;
    memcpy(to, item.bytes, item.length);
    to[item.length] = '\0';
}

static bool bytes_take(const struct sk_record *record, enum sk_tag tag, void *to, size_t length)
{
    struct sk_body_item item;
    const bool good = sk_body_find(record->body, record->body_length, tag, &item) && item.length == length;
    if (good)
        memcpy(to, item.bytes, length);
    return good;
}

static bool origin_take(void *context, const struct sk_record *record)
{
    struct sk_log_origin *origin = context;
    struct sk_body_item item;
    if (record->header.ev != SK_EV_LOG_ORIGIN)
        return false;
    text_take(record, SK_TAG_ORIGIN, origin->origin, sizeof origin->origin);
    origin->has_key = bytes_take(record, SK_TAG_PUBLIC_KEY, origin->public_key, sizeof origin->public_key);
    text_take(record, SK_TAG_SET_ASIDE, origin->old.name, sizeof origin->old.name);
    text_take(record, SK_TAG_OLD_ORIGIN, origin->old.origin, sizeof origin->old.origin);
    text_take(record, SK_TAG_DETAIL, origin->old.why, sizeof origin->old.why);
    bytes_take(record, SK_TAG_OLD_ROOT, origin->old.root.bytes, sizeof origin->old.root.bytes);
    if (sk_body_find(record->body, record->body_length, SK_TAG_OLD_SIZE, &item))
        origin->old.size = sk_item_u64(&item);
    origin->has_signature = bytes_take(record, SK_TAG_OLD_SIGNATURE, origin->signature, sizeof origin->signature);
    origin->old.any = origin->old.name[0] != '\0' || origin->old.origin[0] != '\0';
    return false;
}

enum sk_err sk_log_origin_read(struct sk_store *store, struct sk_log_origin *ret_origin)
{
    memset(ret_origin, 0, sizeof *ret_origin);
    const enum sk_err err = sk_store_record(store, 0, origin_take, ret_origin);
    return err == SK_OK && ret_origin->origin[0] == '\0' ? SK_ERR_NOT_FOUND : err;
}

/* The checkpoint that was quoted, as the old log or the note beside it has it. */
static bool checkpoint_known(const char *directory, struct sk_store *store, const struct sk_old_log *quoted,
                             const uint8_t key[SK_PUBLIC_KEY_SIZE], struct sk_note *ret_note)
{
    struct sk_checkpoint row;
    char text[SK_NOTE_MAX];
    if (store != NULL && sk_store_checkpoint_after(store, quoted->size - 1, &row) == SK_OK && row.size == quoted->size &&
        sk_note_check(row.note, strlen(row.note), key, ret_note) == SK_OK)
        return true;
    return sk_note_file_read(directory, text) == SK_OK && sk_note_check(text, strlen(text), key, ret_note) == SK_OK &&
           ret_note->size == quoted->size;
}

static enum sk_err check(const char *directory, struct sk_store *store, const struct sk_log_origin *successor,
                         const struct sk_log_origin *old, struct sk_fault *fault)
{
    char text[SK_SUCCESSION_TEXT];
    struct sk_note note;
    const struct sk_old_log *quoted = &successor->old;
    if (quoted->origin[0] == '\0' || !old->has_key)
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "too little is left of the log in '%s' to compare it", directory);
    if (old->origin[0] != '\0' && strcmp(old->origin, quoted->origin) != 0)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "'%s' follows '%s', but the log in '%s' is '%s'", successor->origin,
                            quoted->origin, directory, old->origin);
    if (successor->has_signature && (!sk_succession_text(quoted->origin, successor->origin, successor->public_key, text) ||
                                     sk_signature_check(old->public_key, text, strlen(text), successor->signature) != SK_OK))
        return sk_fault_set(fault, SK_ERR_CORRUPT, "'%s' is not what the key of '%s' signed as its successor",
                            successor->origin, quoted->origin);
    if (quoted->size == 0)
        return SK_OK;
    if (!checkpoint_known(directory, store, quoted, old->public_key, &note))
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "the checkpoint over %llu records is not in '%s' any more",
                            (unsigned long long)quoted->size, directory);
    if (memcmp(&note.root, &quoted->root, sizeof note.root) != 0)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "'%s' quotes another root over %llu records than the log in '%s' signed",
                            successor->origin, (unsigned long long)quoted->size, directory);
    return SK_OK;
}

enum sk_err sk_succession_check(const char *directory, const struct sk_log_origin *successor, struct sk_log_origin *ret_old,
                                struct sk_fault *fault)
{
    char path[SK_PATH_MAX];
    struct sk_store *store = NULL;
    struct sk_signer *signer = NULL;
    memset(ret_old, 0, sizeof *ret_old);
    if (sk_store_open_any(directory, &store, NULL) == SK_OK && sk_log_origin_read(store, ret_old) != SK_OK)
        memset(ret_old, 0, sizeof *ret_old);
    if (!ret_old->has_key && sk_text_format(path, sizeof path, "%s/%s", directory, SK_SIGNING_KEY_FILE) &&
        sk_signer_open(path, false, &signer, NULL) == SK_OK) {
        sk_signer_public_key(signer, ret_old->public_key);
        ret_old->has_key = true;
    }
    const enum sk_err err = check(directory, store, successor, ret_old, fault);
    sk_signer_free(signer);
    sk_store_close(store);
    return err;
}
