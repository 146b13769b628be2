/* SPDX-License-Identifier: Apache-2.0 */
/* May this log be extended? Judged read-only, before a writer touches the file: a damaged one must stay as it is found.
 *
 * Damage is what the rows say against each other (startup.c, the newest blocks of verify.c), against the signing key, and
 * against the checkpoint kept beside the database. A disk that gives errors, a missing permission or another version is no
 * damage: those are faults, and nothing is moved. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/store/aside.h"
#include "schemas/store/internal.h"

enum { NEWEST_BLOCKS = 64, NOTES_TRIED = 64 };

typedef unsigned long long ull;

static bool file_there(const char *directory, const char *name)
{
    char path[SK_PATH_MAX];
    struct stat status;
    return sk_text_format(path, sizeof path, "%s/%s", directory, name) && stat(path, &status) == 0 && status.st_size > 0;
}

enum sk_err sk_store_open_any(const char *directory, struct sk_store **ret_store, struct sk_fault *fault)
{
    enum sk_err err = sk_store_open(directory, SK_STORE_READER, ret_store, fault);
    if (err == SK_ERR_NOT_FOUND && file_there(directory, "log.db") && !file_there(directory, "log.db-wal"))
        err = sk_store_open(directory, SK_STORE_COPY, ret_store, fault);
    return err;
}

static bool key_take(void *context, const struct sk_record *record)
{
    struct sk_old_log *old = context;
    struct sk_body_item key, origin;
    if (record->header.ev != SK_EV_LOG_ORIGIN || !sk_body_find(record->body, record->body_length, SK_TAG_PUBLIC_KEY, &key) ||
        key.length != SK_PUBLIC_KEY_SIZE)
        return false;
    memcpy(old->public_key, key.bytes, SK_PUBLIC_KEY_SIZE);
    old->has_key = true;
    if (sk_body_find(record->body, record->body_length, SK_TAG_ORIGIN, &origin) && origin.length < sizeof old->origin) {
        memcpy(old->origin, origin.bytes, origin.length);
        old->origin[origin.length] = '\0';
    }
    return false;
}

/* The key file's public key, beside the log or set aside with it. */
static enum sk_err key_file_read(const char *directory, uint8_t to[SK_PUBLIC_KEY_SIZE], struct sk_fault *fault)
{
    char path[SK_PATH_MAX];
    struct sk_signer *signer = NULL;
    if (!sk_text_format(path, sizeof path, "%s/%s", directory, SK_SIGNING_KEY_FILE))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "path of directory '%.200s' is too long", directory);
    enum sk_err err = sk_signer_open(path, false, &signer, fault);
    if (err == SK_OK)
        sk_signer_public_key(signer, to);
    sk_signer_free(signer);
    return err;
}

/* The log's own key must be the one we would sign with: by its newest checkpoint, or before the first by its origin. */
static enum sk_err key_check(struct sk_store *store, const char *directory, const struct sk_old_log *log,
                             struct sk_fault *fault)
{
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    struct sk_checkpoint newest;
    struct sk_note note;
    enum sk_err err = key_file_read(directory, key, fault);
    if (err == SK_ERR_NOT_FOUND || err == SK_ERR_PARSE)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "the signing key of this log (%s) is %s", SK_SIGNING_KEY_FILE,
                            err == SK_ERR_PARSE ? "no key any more" : "gone");
    if (err != SK_OK)
        return err;
    err = sk_store_checkpoint_latest(store, &newest);
    if (err == SK_ERR_NOT_FOUND)
        return log->has_key && memcmp(key, log->public_key, sizeof key) == 0
                   ? SK_OK
                   : sk_fault_set(fault, SK_ERR_CORRUPT, "%s is not the key that record 0 names", SK_SIGNING_KEY_FILE);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "the newest checkpoint cannot be read");
    if (sk_note_check(newest.note, strlen(newest.note), key, &note) != SK_OK || note.size != newest.size ||
        memcmp(&note.root, &newest.root, sizeof note.root) != 0 || strcmp(note.origin, log->origin) != 0)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "checkpoint %llu is not what the key %s signed for this log",
                            (ull)newest.number, SK_SIGNING_KEY_FILE);
    return SK_OK;
}

/* The note beside: signed by this log's key it speaks about this log, and may not know more than the log does. */
static enum sk_err beside_check(struct sk_store *store, const char *directory, const struct sk_old_log *log,
                                struct sk_fault *fault)
{
    char text[SK_NOTE_MAX];
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    struct sk_note note;
    struct sk_tree tree;
    struct sk_span span;
    struct sk_hash root;
    const uint64_t size = sk_store_size(store);
    if (sk_note_file_read(directory, text) != SK_OK || key_file_read(directory, key, NULL) != SK_OK ||
        sk_note_check(text, strlen(text), key, &note) != SK_OK)
        return SK_OK; /* none, or torn by a power cut: it speaks about nothing, and the next one replaces it */
    if (strcmp(note.origin, log->origin) != 0)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "log.db is '%s', the checkpoint kept beside it belongs to '%s'", log->origin,
                            note.origin);
    if (note.size > size)
        return sk_fault_set(fault, SK_ERR_CORRUPT,
                            "log.db was rolled back: it holds %llu records, the checkpoint kept beside it covers %llu",
                            (ull)size, (ull)note.size);
    enum sk_err err = sk_store_tree_at(store, note.size, &tree, &span, fault);
    if (err == SK_OK && (err = sk_tree_root(&tree, store->sha, &root)) == SK_OK && memcmp(&root, &note.root, sizeof root) != 0)
        err = sk_fault_set(fault, SK_ERR_CORRUPT, "the tree of %llu records is not the one signed in the checkpoint beside it",
                           (ull)note.size);
    return err;
}

static enum sk_err newest_blocks_check(struct sk_store *store, const struct sk_old_log *log, struct sk_fault *fault)
{
    const uint64_t blocks = (sk_store_size(store) + SK_TREE_BLOCK - 1) / SK_TREE_BLOCK;
    enum sk_err err = SK_OK;
    for (uint64_t block = blocks > NEWEST_BLOCKS ? blocks - NEWEST_BLOCKS : 0; err == SK_OK && block < blocks; block++)
        err = sk_store_verify_block(store, log->has_key ? log->public_key : NULL, block, fault);
    return err;
}

/* SK_OK with *ret_empty: nothing was ever written into it. */
static enum sk_err judge(const char *directory, bool *ret_empty, struct sk_fault *fault)
{
    struct sk_store *store = NULL;
    struct sk_old_log log = {.any = false};
    enum sk_err err = sk_store_open_any(directory, &store, fault);
    *ret_empty = err == SK_ERR_NOT_FOUND;
    if (err == SK_ERR_NOT_FOUND || err == SK_ERR_VERSION) /* the writer migrates an older one, and refuses a newer one */
        return SK_OK;
    if (err != SK_OK)
        return err;
    err = sk_store_startup_check(store, fault);
    *ret_empty = err == SK_OK && sk_store_size(store) == 0;
    if (err == SK_OK && !*ret_empty) {
        sk_store_record(store, 0, key_take, &log);
        err = key_check(store, directory, &log, fault);
        if (err == SK_OK)
            err = beside_check(store, directory, &log, fault);
        if (err == SK_OK)
            err = newest_blocks_check(store, &log, fault);
    }
    sk_store_close(store);
    return err;
}

/* --- what is known of it --- */

/* The newest of its checkpoints whose signature fits: rows of a damaged log are believed no further than that. */
static void newest_signed(struct sk_store *store, struct sk_old_log *old)
{
    struct sk_checkpoint row;
    struct sk_note note;
    if (sk_store_checkpoint_latest(store, &row) != SK_OK)
        return;
    const uint64_t newest = row.number;
    for (uint64_t i = 0; i < NOTES_TRIED && i < newest; i++)
        if (sk_store_checkpoint_get(store, newest - i, &row) == SK_OK &&
            sk_note_check(row.note, strlen(row.note), old->public_key, &note) == SK_OK) {
            sk_text_copy(old->origin, sizeof old->origin, note.origin);
            old->size = note.size;
            old->root = note.root;
            return;
        }
}

static void beside_signed(const char *directory, struct sk_old_log *old)
{
    char text[SK_NOTE_MAX];
    struct sk_note note;
    if (sk_note_file_read(directory, text) != SK_OK || sk_note_check(text, strlen(text), old->public_key, &note) != SK_OK ||
        note.size < old->size)
        return;
    sk_text_copy(old->origin, sizeof old->origin, note.origin);
    old->size = note.size;
    old->root = note.root;
}

static void learn(const char *directory, struct sk_old_log *old)
{
    char aside[SK_PATH_MAX];
    struct sk_store *store = NULL;
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    if (!sk_text_format(aside, sizeof aside, "%s/%s", directory, old->name))
        return;
    if (sk_store_open_any(aside, &store, NULL) == SK_OK)
        sk_store_record(store, 0, key_take, old);
    if (key_file_read(aside, key, NULL) == SK_OK) { /* what we signed with is known better than what a damaged row says */
        memcpy(old->public_key, key, sizeof key);
        old->has_key = true;
    }
    if (store != NULL && old->has_key)
        newest_signed(store, old);
    if (old->has_key)
        beside_signed(aside, old);
    sk_store_close(store);
}

static enum sk_err examine(const char *directory, const char *damage, struct sk_old_log *old, struct sk_fault *fault)
{
    bool empty = false;
    char note[SK_NOTE_MAX];
    struct sk_fault found = {.text = ""};
    enum sk_err err = sk_aside_finish(directory, fault);
    if (err == SK_OK && damage == NULL && !file_there(directory, "log.db") && file_there(directory, "log.db-wal"))
        damage = "log.db is gone or empty, and its log.db-wal lies beside"; /* opening it would throw that away */
    if (err == SK_OK)
        err = damage != NULL ? sk_fault_set(&found, SK_ERR_CORRUPT, "%s", damage) : judge(directory, &empty, &found);
    if (err == SK_OK && empty && sk_note_file_read(directory, note) != SK_ERR_NOT_FOUND)
        err = sk_fault_set(&found, SK_ERR_CORRUPT, "log.db is gone or empty, and a checkpoint of it lies beside");
    if (err == SK_ERR_CORRUPT) {
        sk_text_copy(old->why, sizeof old->why, found.text);
        err = sk_aside_move(directory, old, fault);
        old->any = err == SK_OK;
    } else if (err != SK_OK) {
        return fault->text[0] != '\0' ? err : sk_fault_set(fault, err, "%s", found.text);
    } else if (empty) { /* an earlier start set it aside and did not come to begin the new one */
        old->any = sk_aside_newest(directory, old) == SK_OK;
    }
    if (old->any)
        learn(directory, old);
    return err;
}

enum sk_err sk_log_examine(const char *directory, const char *damage, struct sk_old_log *ret_old, struct sk_fault *fault)
{
    int lock = -1;
    memset(ret_old, 0, sizeof *ret_old);
    enum sk_err err = sk_directory_make(directory, fault);
    if (err == SK_OK)
        err = sk_lock_take(directory, "store.lock", &lock, fault);
    if (err == SK_OK)
        err = examine(directory, damage, ret_old, fault);
    if (lock >= 0)
        close(lock);
    return err;
}
