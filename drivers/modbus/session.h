/* SPDX-License-Identifier: Apache-2.0 */
/* The samples session of one Modbus link: what its parts share. Private to drivers/modbus.
 *
 *   session.c  builds it and keeps the schedule      poll.c    one group: ask, split, decode, hand over
 *   report.c   health of link and devices as samples
 *
 * Everything is sized when the session is opened; a running session allocates nothing. One thread. Times are mono. */
#ifndef SK_MODBUS_SESSION_H
#define SK_MODBUS_SESSION_H

#include "drivers/driver.h"
#include "drivers/modbus/health.h"
#include "drivers/modbus/plan.h"
#include "drivers/modbus/refusal.h"
#include "drivers/modbus/talk.h"

enum sk_zero_proof { SK_ZERO_UNKNOWN, SK_ZERO_PROVED, SK_ZERO_UNDEFINED };

/* What is remembered of one item of a plan between two reads. */
struct sk_modbus_memory {
    double number;
    int64_t good_us;  /* mono of the last answer; 0 never */
    int64_t raw;      /* helpers: chooses the scale */
    int64_t proof_us; /* the proof holds until then */
    struct sk_refusal refusal;
    uint32_t words; /* offset of the last words in device.words */
    uint8_t quality, reason;
    uint8_t proof; /* enum sk_zero_proof */
    bool has_value;
    bool plain; /* the last words were decoded to this value: the same words say the same again */
};

/* One request as it is really sent: a request of the plan, or the part of it that splitting left. */
struct sk_modbus_job {
    struct sk_modbus_request span;
    bool refused; /* exception 2, and it is not cut further for the time being */
    int64_t recheck_us;
};

struct sk_modbus_group; /* below */

/* What was last said of a health point: the same again is only a refresh, and not said each time. */
struct sk_modbus_told {
    double number;
    int64_t at_us;   /* mono: when it was last something new; 0 never */
    int64_t said_us; /* mono: when anything was said of it */
    uint8_t quality;
};

struct sk_modbus_unit_device {
    uint32_t device;
    const struct sk_device *info;
    struct sk_modbus_plan *plan;
    struct sk_modbus_memory *memories; /* one per item of the plan */
    uint16_t *words;
    uint64_t timeouts, overruns;
    int64_t answer_us;                                                /* mono of the newest answer; 0 never */
    double period_ms;                                                 /* achieved, of its fastest group */
    int32_t comm_point, period_point, overruns_point, timeouts_point; /* -1: the site has none */
    struct sk_modbus_told comm_told, period_told, overruns_told, timeouts_told;
};

/* The requests of one device that share a period. */
struct sk_modbus_group {
    struct sk_modbus_unit_device *device;
    int64_t period_us, due_us;
    int64_t started_us; /* last time; 0 never */
    bool fastest;       /* of its device: gives device.period */
    bool merged;        /* jobs are those of the plan, nothing split */
    bool mend;          /* a refused part has answered: begin the next cycle with the plan's requests again */
    struct sk_modbus_job *jobs;
    size_t job_count, job_capacity;
};

enum sk_link_point {
    SK_LINK_STATE,
    SK_LINK_RTT,
    SK_LINK_TIMEOUTS,
    SK_LINK_CRC_ERRORS,
    SK_LINK_EXCEPTIONS,
    SK_LINK_RECONNECTS,
    SK_LINK_REQUESTS,
    SK_LINK_PERIOD,
    SK_LINK_POINT_COUNT
};

struct sk_modbus_session {
    const struct sk_site *site;
    uint32_t link;
    const struct sk_driver_host *host;
    struct sk_modbus_talk talk;
    struct sk_modbus_unit_device *devices;
    size_t device_count;
    struct sk_modbus_group *groups;
    size_t group_count;
    struct sk_health *health; /* by unit id, up to the highest: sub-devices of one unit live and die together */
    uint32_t losses_seen;
    size_t next_doubtful; /* group with which the doubtful ones begin, so that each gets its turn */
    double cycle_ms;
    int64_t report_us;
    bool link_was_up;
    int32_t link_points[SK_LINK_POINT_COUNT];
    struct sk_modbus_told link_told[SK_LINK_POINT_COUNT];
    struct sk_wire_reply reply;
    struct sk_sample *samples; /* room for one of each point, at most SK_BATCH_MAX */
    size_t sample_count, sample_capacity;
    struct sk_block_read block; /* told: how many of the samples, at the front, were read as a block; 0 none */
    char *text;                 /* room for one of each text, at most SK_BATCH_TEXT_MAX */
    size_t text_length, text_capacity;
    struct sk_now now; /* of the batch under construction */
    int64_t before_us, after_us;
};

/* poll.c */
/* Reads every job of the group; leaves early when the unit dies, the link goes or the session stops. */
void sk_modbus_group_poll(struct sk_modbus_session *session, struct sk_modbus_group *group);
/* One job only, to see whether the unit is back. */
void sk_modbus_group_probe(struct sk_modbus_session *session, struct sk_modbus_group *group);
/* Bad samples for all its points without asking anything. */
void sk_modbus_group_silent(struct sk_modbus_session *session, struct sk_modbus_group *group, uint8_t reason);
/* Forgets splits, refused registers and proofs of zero: what may have changed while nobody looked. */
void sk_modbus_group_reset(struct sk_modbus_group *group);

/* samples.c: what is known of each item of a span, as samples of the batch under construction. */
void sk_modbus_span_answered(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
                             const struct sk_modbus_request *span); /* session->reply.words */
void sk_modbus_span_refused(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
                            const struct sk_modbus_request *span, uint8_t exception);
void sk_modbus_span_silent(struct sk_modbus_session *session, struct sk_modbus_unit_device *device,
                           const struct sk_modbus_request *span, uint8_t reason);
/* Samples of one answer, all in this batch, are a block; the lowest of their points leads it. */
void sk_modbus_span_block(struct sk_modbus_session *session, const struct sk_modbus_unit_device *device,
                          const struct sk_modbus_request *span);
static inline const struct sk_profile_point *sk_modbus_profile_of(const struct sk_modbus_unit_device *device,
                                                                  const struct sk_modbus_item *item)
{
    return &device->info->profile->points[item->profile_point];
}

/* Samples gather until the session is about to wait (for an answer, for its next round): then they are handed over as one
 * batch. begin sets the times of those that follow. */
void sk_modbus_batch_begin(struct sk_modbus_session *session, int64_t before_us, int64_t after_us);
void sk_modbus_batch_add(struct sk_modbus_session *session, const struct sk_sample *sample, const char *text);
void sk_modbus_batch_flush(struct sk_modbus_session *session);

/* How often the session looks at its health. */
#define SK_MODBUS_REPORT_US INT64_C(1000000)

/* report.c */
/* May a health point that stays the same go unsaid in this report? Not when the next one would come after half of the time
 * (stale_ms; 0: it never is) is over after which it would count as stale. */
bool sk_modbus_may_stay_unsaid(int64_t now_us, int64_t said_us, uint32_t stale_ms);
void sk_modbus_report_init(struct sk_modbus_session *session);
void sk_modbus_report(struct sk_modbus_session *session); /* all health points, one batch */

/* session.c: the faces that driver.c joins */
enum sk_err sk_modbus_session_create(const struct sk_site *site, uint32_t link, const struct sk_driver_host *host,
                                     struct sk_modbus_session **ret_session, struct sk_fault *fault);
enum sk_err sk_modbus_session_run(struct sk_modbus_session *session, int stop_fd);
void sk_modbus_session_free(struct sk_modbus_session *session); /* NULL is fine */

#endif
