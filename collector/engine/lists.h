/* SPDX-License-Identifier: Apache-2.0 */
/* What a door controller itself permits, as it says: its own list, kept as spells (who stood on it, from which list until
 * which), and how it differs from the roster.
 *
 * A list arrives whole; what is recorded are the rows that came or went, then the digest of the whole. So the log alone gives
 * the list of any moment, and a fold that does not meet its digest is refused. Rows hold the HMAC of a card number, never the
 * number. The roster drives the controllers and not the reverse: nothing here changes it, and nothing is ever sent.
 *
 * Folding and comparing are pure; memory only in the functions that return sk_err (on NOMEM nothing has changed). */
#ifndef SK_ENGINE_LISTS_H
#define SK_ENGINE_LISTS_H

#include "schemas/model/fact.h"
#include "schemas/model/site.h"

enum { SK_LIST_DOORS_MAX = 16, SK_LIST_ROWS_CEILING = 100000 };

struct sk_list_row {
    struct sk_hash identifier;
    int64_t from_us, until_us; /* 0, SK_NEVER: the controller did not say */
    uint8_t door_count;        /* 0: did not say */
    uint16_t doors[SK_LIST_DOORS_MAX];
};
struct sk_spell {
    struct sk_list_row row;
    int64_t since_us; /* when the first list with it was drawn up */
    int64_t gone_us;  /* when the first one without it was; SK_NEVER: stands */
};

/* X(symbol, value, word, ja, en) */
#define SK_LIST_DIFFERENCES(X)                                                                                                 \
    X(SK_DIFF_UNKNOWN, 1, "unknown", "名簿にないカード", "on the controller, not on the roster")                               \
    X(SK_DIFF_PERMITTED, 2, "still_permitted", "失効後も許可", "on the controller, no longer permitted by the roster")         \
    X(SK_DIFF_MISSING, 3, "missing", "制御盤にない", "on the roster, not on the controller")                                   \
    X(SK_DIFF_DIFFERS, 4, "differs", "扉・期間が不一致", "doors or validity differ")
enum sk_list_difference {
#define X(symbol, value, word, ja, en) symbol = (value),
    SK_LIST_DIFFERENCES(X)
#undef X
};
const char *sk_list_difference_word(uint8_t kind); /* NULL for none */

struct sk_difference {
    struct sk_hash identifier;
    uint8_t kind;
    int64_t since_us; /* found by a comparison at that time */
};

struct sk_list {
    uint32_t device;
    struct sk_spell *spells; /* by identifier, then by since_us */
    size_t spell_count, spell_capacity, live;
    struct sk_difference *differences; /* by identifier */
    size_t difference_count, difference_capacity;
    uint64_t number; /* of lists received; 0: none yet */
    int64_t taken_us, received_us, compared_us;
    struct sk_hash digest;
    uint8_t *waiting; /* rows recorded whose list.received has not come yet */
    size_t waiting_length, waiting_capacity;
    int64_t waiting_us; /* of which list: rows of one that was never received are dropped */
};
void sk_list_release(struct sk_list *list);

/* Bytes that grow; for packing. */
struct sk_pack {
    uint8_t *bytes;
    size_t length, capacity;
    enum sk_err err;
};
/* What of a list must be recorded to turn the one that stands into these rows (sorted here): packed steps, never split inside
 * one. EXISTS: an identifier twice. */
enum sk_err sk_list_steps(const struct sk_list *list, struct sk_list_row *rows, size_t count, struct sk_pack *ret_steps);
/* How many of the bytes from `at` fit into one fact without splitting a step. */
size_t sk_pack_piece(const struct sk_pack *pack, size_t at);
enum sk_err sk_list_digest(struct sk_sha256 *sha, const struct sk_list_row *rows, size_t count, struct sk_hash *ret_digest);

/* The folds: list.rows, list.received, list.compared. PARSE: steps that do not fit what stands; CORRUPT: not the digest. */
enum sk_err sk_list_take_rows(struct sk_list *list, const struct sk_fact *fact);
enum sk_err sk_list_take_received(struct sk_list *list, struct sk_sha256 *sha, const struct sk_fact *fact);
enum sk_err sk_list_take_compared(struct sk_list *list, const struct sk_fact *fact);

/* The spell of a card that held at a moment; NULL: was not on the list then. */
const struct sk_spell *sk_list_at(const struct sk_list *list, const struct sk_hash *identifier, int64_t at_us);

/* --- compare.c --- */
/* What the roster wants of a controller for one card. */
struct sk_expected {
    struct sk_hash identifier;
    bool permitted;
    bool lost;        /* disabled as lost or stolen */
    int64_t ended_us; /* not permitted: since when */
    int64_t until_us; /* permitted: until when */
    uint8_t door_count;
    uint16_t doors[SK_LIST_DOORS_MAX];
};
/* credential: as it holds at the view. */
void sk_list_expect(const struct sk_roster_view *view, const struct sk_site *site, uint32_t device,
                    const struct sk_roster_change *credential, struct sk_expected *ret_expected);
/* 0: no difference. spell NULL: not on the list; expected NULL: not on the roster. */
uint8_t sk_list_judge(const struct sk_site *site, const struct sk_spell *spell, const struct sk_expected *expected);
/* Differences that began or ended, as packed steps for list.compared; counts by kind as they stand then. */
enum sk_err sk_list_compare(const struct sk_list *list, const struct sk_roster_view *view, const struct sk_site *site,
                            struct sk_pack *ret_steps, uint32_t ret_counts[5]);

#endif
