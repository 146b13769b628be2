/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged log is never extended. It is set aside untouched, and a new one begins that quotes it and goes on with its work.
 *
 * Order of a writer's start, all under the store's lock until the new log is open:
 *   sk_log_examine    looks at the log read-only; a damaged one is moved, whole, to DIR/damaged-<time>/ (databases, key, note)
 *   sk_store_open     opens what is there now, or makes an empty log
 *   sk_log_succeed    in its first transaction: log.origin that quotes the old log, then numbers, roster, registers, rights,
 * alarms, pending rows Each step may be cut off by a crash: the next start finds the half-made set-aside or the empty log, and
 * goes on from there.
 *
 * DIR/log-checkpoint.note is the newest signed checkpoint, beside the database and not in it: what finds a log that was rolled
 * back, swapped or deleted. Nothing here protects against who holds the directory; a checkpoint kept elsewhere does.
 * Threads: one. Bytes and rules: schemas/log-format.md section 3. */
#ifndef SK_STORE_SUCCEED_H
#define SK_STORE_SUCCEED_H

#include "schemas/store/checkpoint.h"

enum { SK_ASIDE_NAME_MAX = 48, SK_ASIDE_WHY_MAX = 400, SK_SUCCESSION_TEXT = 512 };
#define SK_SIGNING_KEY_FILE "log-signing.pem"
#define SK_NOTE_FILE        "log-checkpoint.note"
/* Pending row of a log that had to begin anew and has not rung yet; its value is what the alarm says. */
#define SK_SUCCESSION_KEY "succession"

/* What is known of a log that was set aside. */
struct sk_old_log {
    bool any;
    char name[SK_ASIDE_NAME_MAX]; /* of its directory below the state directory */
    char why[SK_ASIDE_WHY_MAX];   /* one sentence */
    char origin[SK_ORIGIN_MAX];   /* "" unknown */
    struct sk_hash root;          /* of its newest checkpoint whose signature fits; size 0: there is none */
    uint64_t size;
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    bool has_key;
};

/* How much of it goes on in the new log. */
struct sk_carried {
    uint64_t numbers, roster, alarms, pending; /* roster: its changes and the registers' acts */
    uint64_t facts, uses;                      /* about rights; newest uses of a zone by a person */
    uint64_t lost;   /* rows that could not be read, or fit neither their record nor what came before */
    bool unreadable; /* the old file cannot be opened at all */
};

/* Looks at the log that a writer is about to extend. damage: what a running collector found (NULL: look for it). SK_OK with
 * *ret_old->any false: extend it (or begin the first). With any true: set aside, or was by an earlier start that ended early.
 * BUSY: another writer is at work; other errors: it could not be found out, nothing was moved. */
enum sk_err sk_log_examine(const char *directory, const char *damage, struct sk_old_log *ret_old, struct sk_fault *fault);

/* In an open transaction of an empty log: its origin, quoting `old`, and all that can be carried over, as records that name
 * where they come from. Fails only when the new log cannot be written; what cannot be read of the old one is counted. */
enum sk_err sk_log_succeed(struct sk_store *store, const char *directory, const char *site_id, struct sk_signer *signer,
                           const struct sk_cadence *cadence, const struct sk_now *now, const struct sk_old_log *old,
                           struct sk_carried *ret_carried);

/* The bytes that the old log's key signs for its successor; false: they do not fit. */
bool sk_succession_text(const char *old_origin, const char *new_origin, const uint8_t new_key[SK_PUBLIC_KEY_SIZE],
                        char to[SK_SUCCESSION_TEXT]);

/* What a log's first record says of it and of the one before. old.any: it follows another. */
struct sk_log_origin {
    char origin[SK_ORIGIN_MAX];
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    bool has_key, has_signature;
    struct sk_old_log old; /* has_key is false: the key stands in the old log */
    uint8_t signature[SK_SIGNATURE_SIZE];
};
/* NOT_FOUND: the first record cannot be read, or is no log.origin. */
enum sk_err sk_log_origin_read(struct sk_store *store, struct sk_log_origin *ret_origin);
/* Does the old log, in `directory`, fit what its successor quotes? CORRUPT with a sentence when not; NOT_FOUND when there is
 * too little of it left to tell. Fills what the old log's first record says. */
enum sk_err sk_succession_check(const char *directory, const struct sk_log_origin *successor, struct sk_log_origin *ret_old,
                                struct sk_fault *fault);

/* Keeps the newest checkpoint beside the database (atomically; not synced: an older note after a power cut harms nothing). */
enum sk_err sk_log_note_put(const char *directory, const char *note);

/* A directory at rest or live, for reading: beside its writer, or as a copy when there is no -wal beside it. */
enum sk_err sk_store_open_any(const char *directory, struct sk_store **ret_store, struct sk_fault *fault);

#endif
