/* SPDX-License-Identifier: Apache-2.0 */
/* A block: points of one device that one question reads together, so that they share their times.
 *
 * The points of a block that say the same as before are told by one number: the block was read again. Who belongs to a block is
 * agreed by what was told: a sample of a block that joins (below) makes its point a member, every other sample of a point ends
 * its membership, and a read marked `anew` begins with no members. Sender and receiver follow the same rules, and each read
 * carries how many members it speaks of, so that they cannot drift apart unnoticed. A block is named by a point of it that
 * leads it: the same in every read, in no other block of the site. */
#ifndef SK_MODEL_BLOCK_H
#define SK_MODEL_BLOCK_H

#include "schemas/model/sample.h"
#include "schemas/model/site.h"
#include "schemas/model/vocab.h"

struct sk_block_read {
    uint32_t block;     /* index of the point that leads it */
    uint32_t told;      /* so many samples at the front of the batch belong to it */
    uint32_t unchanged; /* members that are not among them: they say the same as before */
    bool anew;
    int64_t source_us, recv_us, mono_us; /* of the unchanged ones */
    uint32_t uncertainty_us;
};

/* Does a sample that was read in a block make its point a member? It must be a value of the device's; a heartbeat that stands
 * still is not alive, however often it is read. */
static inline bool sk_block_joins(const struct sk_point *point, const struct sk_sample *sample)
{
    const bool heartbeat = point->profile != NULL && point->profile->heartbeat;
    return !heartbeat && sample->quality != SK_Q_LAST_USABLE && !sk_quality_is_bad(sample->quality);
}

#endif
