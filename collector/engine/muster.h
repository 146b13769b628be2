/* SPDX-License-Identifier: Apache-2.0 */
/* The muster (避難・点呼): who must be accounted for, and who was seen. Pure: acts in, states out; used by the engine and by
 * the replay alike, so a list rebuilt from the log is the same list.
 *
 * On the list is everybody who is or may be inside when it starts, and everybody who turns out to be while it runs: nobody ever
 * leaves it. What a person's row says follows from his mark and his trail: seen at the muster point, left by a reader, or
 * missing. To be seen is also a place: the muster point lies outside, so his trail leads there, and who goes in again after
 * being seen is missing again.
 *
 * Guests (guests.h) are on the list by their visit: who is led in when it starts, and who is let in while it runs. Of a visit
 * with several guests some may be seen and others not. They are counted apart, in people.
 *
 * Acts are numbered; those above `recorded` are held in memory alone, because the log cannot be written. */
#ifndef SK_ENGINE_MUSTER_H
#define SK_ENGINE_MUSTER_H

#include "collector/engine/guests.h"

struct sk_muster_mark {
    uint64_t listed, seen; /* the muster that listed, that saw him; 0 none */
    int64_t seen_us;
    uint64_t act; /* his last one */
    char by[SK_WHO_MAX];
};
struct sk_muster {
    uint64_t id; /* 1, 2, 3 ...: the running one or the last; 0 there was none */
    bool running, drill;
    uint16_t point; /* zone of the muster point */
    int64_t started_us, ended_us;
    char by[SK_WHO_MAX];
    uint64_t acts, recorded, start_act;
    struct sk_muster_mark *marks; /* by person */
    size_t count;
    struct sk_guest_marks guests; /* of this muster; of those before, who was seen outside and not led in again */
};
enum sk_muster_state { SK_MUSTER_MISSING, SK_MUSTER_LEFT, SK_MUSTER_SEEN };

enum sk_err sk_muster_reserve(struct sk_muster *muster, size_t people); /* NOMEM: as it was */
void sk_muster_release(struct sk_muster *muster);

/* Acts; the caller has reserved marks for everybody. Each is one more of muster->acts. */
void sk_muster_start(struct sk_muster *muster, uint64_t id, uint16_t point, bool drill, const char *by, int64_t at_us);
void sk_muster_see(struct sk_muster *muster, struct sk_trail *trail, size_t person, const char *by, int64_t at_us);
/* False: he was not seen. Back to where he was before. */
bool sk_muster_unsee(struct sk_muster *muster, struct sk_trail *trail, size_t person, const char *by, int64_t at_us);
void sk_muster_end(struct sk_muster *muster, int64_t at_us);
/* Puts him on the list when he is or may be inside and a muster runs; true: he is new on it. */
bool sk_muster_look(struct sk_muster *muster, const struct sk_trail *trail, const struct sk_roster *roster, size_t person);

bool sk_muster_is_listed(const struct sk_muster *muster, size_t person);
bool sk_muster_is_seen(const struct sk_muster *muster, size_t person);
enum sk_muster_state sk_muster_state_of(const struct sk_muster *muster, const struct sk_trail *trail,
                                        const struct sk_roster *roster, size_t person);
bool sk_muster_is_recorded(const struct sk_muster *muster, size_t person);
const char *sk_muster_word(enum sk_muster_state state); /* "missing", "left", "seen" */

struct sk_muster_counts {
    uint32_t listed, seen, left, missing, unrecorded;
};
struct sk_muster_counts sk_muster_count(const struct sk_muster *muster, const struct sk_trails *trails,
                                        const struct sk_roster *roster);

/* --- guests (muster_guests.c) --- */
enum sk_err sk_muster_reserve_guests(struct sk_muster *muster, size_t more); /* NOMEM: as it was */
/* A new muster begins: of a mark that says nothing any more the visit is told and then forgotten (told NULL: only forgotten).
 */
void sk_muster_drop_guests(struct sk_muster *muster, const struct sk_guests *guests,
                           void (*told)(void *context, const char *visit), void *context);
/* Puts the next one on the list who is inside and not on it; the caller has reserved sk_guests_count(). *cursor begins at 0;
 * NULL: nobody is left, or no muster runs. */
const struct sk_guest_mark *sk_muster_next_guest(struct sk_muster *muster, const struct sk_guests *guests,
                                                 const struct sk_roster_view *view, const struct sk_trails *trails,
                                                 size_t *cursor);
struct sk_muster_guest {
    const struct sk_guest_mark *mark;
    struct sk_guest guest; /* as they are now */
    enum sk_muster_state state;
    uint32_t listed, seen, left, missing; /* people; listed is their sum */
};
/* The index-th mark; false: not on this muster's list. */
bool sk_muster_guest_at(const struct sk_muster *muster, const struct sk_guests *guests, const struct sk_roster_view *view,
                        const struct sk_trails *trails, size_t index, struct sk_muster_guest *ret_guest);
/* So many of a visit's guests (0: all) were seen. The caller has reserved one. False: that is known already. */
bool sk_muster_see_guest(struct sk_muster *muster, const struct sk_guests *guests, const struct sk_roster_view *view,
                         const struct sk_trails *trails, const char *visit, uint32_t people, const char *by, int64_t at_us);
/* False: they were not seen. They are where they were before. */
bool sk_muster_unsee_guest(struct sk_muster *muster, const char *visit, const char *by);
struct sk_muster_counts sk_muster_count_guests(const struct sk_muster *muster, const struct sk_guests *guests,
                                               const struct sk_roster_view *view, const struct sk_trails *trails);

#endif
