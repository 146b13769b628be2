/* SPDX-License-Identifier: Apache-2.0 */
/* Rights beside the roster: the controllers' own lists, lost cards from loss to end, reviews of rights, biometric consents.
 *
 * All of it is a fold over facts (schemas/model/fact.h) and over the roster's changes: what the log says is what stands, and a
 * restart changes nothing. Decisions about it are made here; names never come here. Looking is borrowed until the next step. */
#ifndef SK_ENGINE_RIGHTS_H
#define SK_ENGINE_RIGHTS_H

#include "collector/engine/lists.h"

struct sk_engine;
struct sk_effects;

/* A lost card: from the loss to its end. */
struct sk_loss {
    char credential[SK_ENTITY_MAX];
    int64_t noticed_us, told_us; /* by the holder, to us; 0 not said */
    int64_t suspended_us;        /* from when our roster does not permit it */
    int64_t found_us, over_us;   /* found again; enabled or returned; 0 not yet */
    char replaced_by[SK_ENTITY_MAX];
    uint64_t used; /* after the loss, also when it was refused */
    int64_t used_first_us, used_last_us;
    bool superseded;  /* a later loss of the same card follows */
    int64_t *gone_us; /* by controller list: the first list drawn up after the loss without it; 0 not yet */
};

/* One row of a review: an authorisation as it stood when the review was opened. */
struct sk_review_row {
    char authorization[SK_ENTITY_MAX], person[SK_ENTITY_MAX];
    uint16_t zone;
    bool needs_second;               /* class 3 */
    char decision[SK_FACT_WORD_MAX]; /* keep, revoke, change; "" not yet */
    char reviewer[SK_WHO_MAX];
    int64_t decided_us;
    char verdict[SK_FACT_WORD_MAX]; /* of the second level: agree, disagree; "" not yet */
    char verifier[SK_WHO_MAX];
    int64_t verified_us;
};
struct sk_review {
    char id[SK_ENTITY_MAX], opener[SK_WHO_MAX];
    uint64_t version; /* of the roster */
    uint16_t zone;    /* 0 all */
    int64_t opened_us, due_us, closed_us;
    struct sk_hash digest; /* over its rows as they stood */
    uint64_t median_ms;
    struct sk_review_row *rows;
    size_t count;
};

/* A reference to what a reader keeps; never data. */
struct sk_biometric {
    char id[SK_ENTITY_MAX], person[SK_ENTITY_MAX], reference[SK_ENTITY_MAX];
    uint16_t factors;
    int64_t consent_us, ended_us;
};

struct sk_rights {
    struct sk_list *lists; /* one per door controller of the site, in the order of its devices */
    size_t list_count;
    struct sk_loss *losses;
    size_t loss_count, loss_capacity;
    uint32_t *loss_slots; /* by hash of the credential: 1 + its newest loss; 0 empty */
    size_t loss_slot_count;
    struct sk_review *reviews;
    size_t review_count, review_capacity;
    struct sk_biometric *biometrics;
    size_t biometric_count, biometric_capacity;
    bool dirty;        /* the roster changed since the lists were compared */
    int64_t due_mono;  /* when to look again; SK_NEVER: nothing to watch */
    int64_t looked_us; /* when the lists were last compared, recorded or not */
};
const struct sk_rights *sk_engine_rights(const struct sk_engine *engine);

/* Before the first step and after the roster: a stored fact. CORRUPT, PARSE: it does not follow from what came before. Facts
 * about a controller that has left the site are passed over. */
enum sk_err sk_engine_restore_fact(struct sk_engine *engine, int64_t t_us, uint16_t ev, const void *body, size_t length);
/* A fact that a person entered: in force and recorded. Errors as the folds give them; then nothing happened. */
enum sk_err sk_engine_fact(struct sk_engine *engine, struct sk_fact *fact, const struct sk_roster_act *act,
                           const struct sk_now *now, struct sk_effects *effects);
/* A controller's whole list, drawn up at taken_us; rows are sorted in place. Recorded, folded, compared. NOT_FOUND: no door
 * controller; CONFLICT: not newer than the one that stands; EXISTS: a card twice. */
enum sk_err sk_engine_list(struct sk_engine *engine, uint32_t device, struct sk_list_row *rows, size_t count, int64_t taken_us,
                           const struct sk_roster_act *act, const struct sk_now *now, struct sk_effects *effects);

/* --- losses.c --- */
const struct sk_loss *sk_loss_of(const struct sk_rights *rights, const char *credential); /* the newest; NULL never lost */
/* What of a loss is late at a moment: "" nothing, else "suspended" or "listed" (a controller still has it). */
const char *sk_loss_late(const struct sk_engine *engine, const struct sk_loss *loss, int64_t at_us);
enum sk_err sk_loss_take_change(struct sk_rights *rights, const struct sk_roster_change *change);
enum sk_err sk_loss_take(struct sk_rights *rights, const struct sk_fact *fact, size_t list); /* list: of card.gone */

/* --- reviews.c --- */
enum { SK_REVIEW_ROWS_CEILING = 100000 };
/* Rows of a review that would be opened: rights in force at the view, of one zone or all. The caller's (sk_free). */
enum sk_err sk_review_rows(const struct sk_roster_view *view, struct sk_sha256 *sha, uint16_t zone,
                           struct sk_review_row **ret_rows, size_t *ret_count, struct sk_hash *ret_digest);
enum sk_err sk_review_take(struct sk_rights *rights, const struct sk_roster *roster, struct sk_sha256 *sha,
                           const struct sk_fact *fact);
const struct sk_review *sk_review_find(const struct sk_rights *rights, const char *id);
struct sk_review_row *sk_review_row_find(const struct sk_review *review, const char *authorization);
/* Rows without decision; without second level where one is needed. */
size_t sk_review_open_rows(const struct sk_review *review);
/* Median of the times between one decision of a reviewer and his next, in ms; 0: fewer than two decisions. */
uint64_t sk_review_median_ms(const struct sk_review *review);

/* Limits of the site file, or their defaults when it has none. */
struct sk_roster_limits sk_rights_limits(const struct sk_site *site);

#endif
