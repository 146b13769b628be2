/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: what a person may ask of the collector, one table row each. Pure of sockets: a parsed line goes in, an answer comes
 * out; what the command changed lies in the recorder and the engine, and the answer may be sent only after the commit.
 *
 * Who commands is found here: by the token's hash in the vault, or (console) by the peer's uid; the role check is the one table
 * schemas/vocab/permissions.def. Every refusal is a record (bounded: a flood of wrong tokens is counted, not written). */
#ifndef SK_COLLECTOR_COMMANDS_H
#define SK_COLLECTOR_COMMANDS_H

#include <cjson/cJSON.h>
#include <sys/types.h>

#include "collector/engine/engine.h"
#include "collector/exports.h"
#include "collector/recorder.h"
#include "schemas/store/vault.h"

/* A correction that waits for a second person (occupancy_commands.c). */
enum { SK_PROPOSALS = 16 };
struct sk_proposal {
    char actor[SK_ACTOR_MAX]; /* "" unused */
    size_t person;
    uint16_t zone; /* 0: to be forgiven */
    int64_t at_mono_us;
};

/* What commands work on; borrowed. */
struct sk_command_floor {
    const struct sk_site *site;
    struct sk_engine *engine;
    struct sk_recorder *recorder;
    struct sk_vault *vault;
    struct sk_exports *exports; /* NULL: no exports */
    const struct sk_zone *zone; /* of the site, for dates */
    const uint8_t *site_key;    /* 32 bytes: cards enter as HMAC only */
    bool site_synced;           /* zones and calendars of the site are in the roster */
    uid_t console_uid;          /* who may command without a token, beside root */
    int64_t denial_window_us;
    uint32_t denials_in_window, denials_unrecorded;
    struct sk_proposal proposals[SK_PROPOSALS];
};

/* One answer, to be finished after the commit. */
struct sk_answer {
    enum sk_err err;
    char detail[SK_FAULT_TEXT];
    cJSON *result;            /* owned; NULL: {} */
    cJSON *faults;            /* owned; of a refusal: what is wrong with each field */
    uint64_t alarm;           /* not 0: the result is this alarm's row as stored after the commit */
    char id[32];              /* the request's id, to be given back; "" none */
    bool durable;             /* wait for the commit */
    bool may_wait;            /* durable, but held in memory when the log cannot be written: the result says `recorded` */
    struct sk_export *export; /* not NULL: started by sk_answer_to_line() once its record is durable */
    int fd;                   /* -1: none; else travels with the answer, then is closed by who sent it */
};

/* Carries out one line. peer_uid: of the socket. The answer's result is the caller's. */
void sk_command_run(struct sk_command_floor *floor, const char *line, size_t length, uid_t peer_uid, const struct sk_now *now,
                    struct sk_answer *ret_answer);
/* The same with a descriptor that came with the line (-1: none), borrowed: what is longer than a line travels so. */
void sk_command_run_with(struct sk_command_floor *floor, const char *line, size_t length, uid_t peer_uid, int fd,
                         const struct sk_now *now, struct sk_answer *ret_answer);
/* What site file and product say of zones, calendars and the schedule "always", as roster changes where it is not there yet.
 * Once the roster has begun (or with force, to begin it); what cannot be written is told and tried at the next call. */
enum sk_err sk_commands_sync_site(struct sk_command_floor *floor, const struct sk_now *now, bool force);
/* committed may also say that the log refused a record of this turn for good: then no durable act may be answered as done. */
#define SK_ANSWERS_LOST SK_ERR_CORRUPT
/* answer.c: the answer as one line with its newline (no NUL); *ret_text is the caller's (cJSON_free). committed: what the
 * commit gave. */
enum sk_err sk_answer_to_line(struct sk_command_floor *floor, struct sk_answer *answer, enum sk_err committed, char **ret_text,
                              size_t *ret_length);

/* An answer that will not be sent: gives back what it holds. */
void sk_answer_release(struct sk_answer *answer);

#endif
