/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: signed notes over the tree (C2SP tlog-checkpoint), and the two records that belong to them.
 *
 * Bytes and rules: schemas/log-format.md section 3. Who makes a log asks in this order, in one transaction:
 *   sk_store_begin; sk_log_begin (does nothing when the log has an origin already); sk_store_commit
 * and afterwards, after each append and on a timer:
 *   if (sk_checkpoint_due(...)) sk_checkpoint_make(...)   inside the open transaction. */
#ifndef SK_STORE_CHECKPOINT_H
#define SK_STORE_CHECKPOINT_H

#include "schemas/base/clock.h"
#include "schemas/store/store.h"

enum { SK_ORIGIN_MAX = 160, SK_NOTE_MAX = 1024, SK_KEY_ID_SIZE = 4, SK_CADENCE_RECORDS = 1000, SK_CADENCE_S = 60 };
/* Beyond the stated cadence so many records may lie between two checkpoints: transactions are not cut. */
enum { SK_CADENCE_SLACK = 65536 };

/* What a note says. */
struct sk_note {
    char origin[SK_ORIGIN_MAX];
    uint64_t size;
    struct sk_hash root;
};

struct sk_cadence {
    uint32_t records, seconds; /* both above 0; defaults SK_CADENCE_* */
};

enum sk_err sk_key_id(const char *name, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], uint8_t to[SK_KEY_ID_SIZE]);
/* "sekisho/<site id>/<8 hex>". INVALID when the id holds anything but letters, digits, '-', '_', '.' or is too long. */
enum sk_err sk_origin_make(const char *site_id, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], char to[SK_ORIGIN_MAX]);
enum sk_err sk_note_make(const struct sk_note *note, struct sk_signer *signer, char to[SK_NOTE_MAX]);
/* Strict: exactly the three lines, an empty one and one signature line whose name is the origin. PARSE, or CRYPTO when key id
 * or signature do not fit. */
enum sk_err sk_note_check(const char *text, size_t length, const uint8_t public_key[SK_PUBLIC_KEY_SIZE],
                          struct sk_note *ret_note);
/* A public key from text: 64 hex digits, or a verifier key "name+hash+base64" (name copied when ret_name is given, else ""). */
enum sk_err sk_public_key_parse(const char *text, uint8_t to[SK_PUBLIC_KEY_SIZE], char ret_name[SK_ORIGIN_MAX]);
/* "<name>+<8 hex>+<base64>", the form sk_public_key_parse() reads; what an auditor is given by another path. */
enum sk_err sk_verifier_key_write(const char *name, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], char to[SK_NOTE_MAX]);

/* The first record of a log. */
enum sk_err sk_log_origin_draft(const char *origin, const uint8_t public_key[SK_PUBLIC_KEY_SIZE],
                                const struct sk_cadence *cadence, const struct sk_now *now, struct sk_draft *ret_draft);
/* In an open transaction: an empty log gets its origin (meta and record 0). With an origin already: SK_OK, *ret_new false. */
enum sk_err sk_log_begin(struct sk_store *store, const char *site_id, struct sk_signer *signer,
                         const struct sk_cadence *cadence, const struct sk_now *now, bool *ret_new);
/* Since the newest checkpoint (size, and mono time it was made, which the caller keeps): is it time, is there anything to
 * cover? */
bool sk_checkpoint_due(const struct sk_cadence *cadence, uint64_t covered_size, int64_t made_mono_us, uint64_t log_size,
                       int64_t mono_us);
/* In an open transaction: signs the tree as it is now, puts the checkpoint and appends its record, whose seq is *ret_seq (may
 * be NULL). Sizes ascend: CONFLICT when nothing came since the newest checkpoint. */
enum sk_err sk_checkpoint_make(struct sk_store *store, struct sk_signer *signer, const struct sk_cadence *cadence,
                               const struct sk_now *now, uint64_t *ret_seq);

#endif
