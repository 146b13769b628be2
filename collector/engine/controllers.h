/* SPDX-License-Identifier: Apache-2.0 */
/* A controller as we know it (its numbering, its clock, contact), and a passage: one of its events on the way to a record.
 * Private to this folder. */
#ifndef SK_ENGINE_CONTROLLERS_H
#define SK_ENGINE_CONTROLLERS_H

#include "collector/engine/cases.h"
#include "collector/engine/conditions.h"

enum {
    SK_EPOCHS = 4, /* epochs of a controller that are still recognised */
    SK_HOLES = 64,
    SK_DIGEST_PAGES = 16, /* pages of 64: the last 1 024 events */
    SK_PAGE_EVENTS = 64
};

struct sk_engine;

enum { SK_HOLE_SILENT = 1, SK_HOLE_MERGED = 2 };
struct sk_hole {
    uint64_t from, to; /* inclusive */
    int64_t since_mono;
    uint8_t flags;
};
struct sk_cursor {
    bool used;
    uint32_t epoch;
    uint64_t last;
    uint64_t order; /* later epochs are higher */
    uint32_t hole_count;
    struct sk_hole holes[SK_HOLES]; /* ascending, disjoint */
};
struct sk_digest_page {
    bool used;
    uint32_t epoch;
    uint64_t number;                  /* seq / 64 */
    uint64_t digests[SK_PAGE_EVENTS]; /* 0: not received */
};
struct sk_ctrl {
    uint32_t device;
    uint32_t first_cond;
    struct sk_cursor cursors[SK_EPOCHS];
    struct sk_digest_page pages[SK_EPOCHS][SK_DIGEST_PAGES];
    bool skewed;                     /* a ctrl.skew record was made and no good time came since */
    uint8_t clock;                   /* enum sk_clock_word */
    bool lost;                       /* contact was lost, and no event proved since that none is missing */
    bool away;                       /* contact is lost now */
    int32_t head_point, epoch_point; /* what its heartbeat says; -1 none */
};
/* What the last event that came in time said of a controller's clock. */
enum sk_clock_word { SK_CLOCK_WORD_NONE, SK_CLOCK_WORD_GOOD, SK_CLOCK_WORD_BAD };
#define SK_CLOCK_SMALL_US (2 * SK_US_PER_S) /* a skew below it is small: access.md 2.6 warns above */

enum sk_seq_verdict {
    SK_SEQ_FIRST,
    SK_SEQ_NEXT,
    SK_SEQ_GAP,
    SK_SEQ_FILL,
    SK_SEQ_DUPLICATE,
    SK_SEQ_CONFLICT,
    SK_SEQ_ROLLBACK,
    SK_SEQ_EPOCH
};
struct sk_judgement {
    enum sk_seq_verdict verdict;
    uint32_t slot;           /* cursor concerned (FIRST, EPOCH: the one to take) */
    uint32_t hole;           /* FILL */
    bool possible_duplicate; /* FILL of a merged hole */
};
/* cursor.c, pure */
struct sk_judgement sk_ctrl_judge(const struct sk_ctrl *ctrl, uint32_t epoch, uint64_t seq, uint64_t digest,
                                  bool duplicate_flag);
void sk_ctrl_apply(struct sk_ctrl *ctrl, const struct sk_judgement *judgement, uint32_t epoch, uint64_t seq, uint64_t digest,
                   int64_t mono_us);
/* The number that a counter of so many bits means: the one nearest to the newest of its epoch. */
uint64_t sk_ctrl_extend(const struct sk_ctrl *ctrl, uint32_t epoch, uint64_t seq, unsigned bits);
size_t sk_ctrl_holes(const struct sk_ctrl *ctrl, uint64_t *ret_missing, const struct sk_hole **ret_first); /* reported ones */
const struct sk_cursor *sk_ctrl_current(const struct sk_ctrl *ctrl); /* NULL: nothing heard yet */

/* Things counted rather than recorded one by one: at most one record a minute. */
enum sk_tally_kind { SK_TALLY_DUP, SK_TALLY_REORDER, SK_TALLY_LATE, SK_TALLY_MALFORMED };
struct sk_tally {
    uint64_t count;
    int64_t since_mono; /* window began; meaningful while open */
    uint32_t device;    /* index, or device_count for "unknown" */
    uint8_t kind;
    bool open;
};

/* access.c, controllers.c, doors.c, tally.c */
struct sk_passage { /* an access event made fit for records */
    const struct sk_access_event *event;
    const struct sk_now *now;
    const struct sk_door_info *door; /* NULL: none */
    const struct sk_reader_info *reader;
    uint16_t ev, reason;
    uint8_t occurrence_class;
    int64_t recv_us;
    int32_t from, to; /* zones; -1 */
    bool possible_duplicate;
    bool fills;    /* fills a hole: newer ones are known already */
    bool regained; /* the first event after contact was lost: nothing is missing but what the numbers say */
    bool replayed; /* its number is taken: the record is about the numbering, and its header carries no identity */
    const char *detail;
    uint16_t record_ev; /* what the record is called: ev, or ctrl.replay */
    uint8_t record_class;
    int64_t moment_us;    /* when it is judged */
    int64_t person_index; /* of the card; -1 not known */
    struct sk_case kept;  /* what it is decided on */
    struct sk_second_decision ours;
};
void sk_passage_init(const struct sk_engine *engine, const struct sk_access_event *event, const struct sk_now *now,
                     struct sk_passage *ret_passage);
void sk_passage_record(const struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects);
uint8_t sk_occurrence_class(int64_t t_ctrl_us, int64_t recv_us);
enum sk_err sk_event_digest(struct sk_engine *engine, const struct sk_access_event *event, uint64_t *ret_digest);
/* A record of class system about a device, its body empty; reserved before. */
struct sk_draft *sk_device_record(const struct sk_engine *engine, uint32_t device, uint16_t ev, const struct sk_now *now,
                                  struct sk_effects *effects);
/* What a passage says to a condition. */
struct sk_decision_input sk_passage_input(const struct sk_passage *passage, enum sk_verdict verdict, uint8_t severity,
                                          const char *detail);
bool sk_ctrl_take(struct sk_engine *engine, uint32_t ctrl, struct sk_passage *passage, uint64_t digest,
                  struct sk_effects *effects); /* false: in the log already */
uint64_t sk_gap_detail(const struct sk_engine *engine, const struct sk_cond *cond, char to[SK_ALARM_TEXT_MAX]); /* how many */
unsigned sk_ctrl_seq_bits(const struct sk_engine *engine, uint32_t device); /* 64, or how wide its counter is */
void sk_doors_take(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects);
/* True: the first for a while, the caller records it; else it was counted. */
bool sk_tally_begins(struct sk_engine *engine, uint32_t tally, const struct sk_now *now, struct sk_effects *effects);
void sk_tally_add(struct sk_engine *engine, uint32_t tally, const struct sk_now *now, struct sk_effects *effects);
void sk_tally_fire(struct sk_engine *engine, uint32_t tally, const struct sk_now *now, struct sk_effects *effects);
uint16_t sk_tally_event(uint8_t kind);
uint32_t sk_tally_of_device(const struct sk_engine *engine, int32_t device);

#endif
