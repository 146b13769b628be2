/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of tiers: samples into buckets, buckets into buckets. Pure.
 *
 * A value stands from its time until the next one of its point, at most hold_ms (the last one of a run: at most as long as the
 * one before it did), and counts wholly for the bucket it came in. mean is weighted by that; min, max, mean and last take
 * usable values (good and uncertain), coverage takes all. */
#ifndef SK_STORE_HISTORY_TIER_H
#define SK_STORE_HISTORY_TIER_H

#include "schemas/store/history_block.h"

/* How many buckets one segment of the tier spans. */
int64_t sk_tier_segment_ms(int tier);
int64_t sk_floor_div(int64_t a, int64_t b);
/* Samples (sorted) into the buckets (sorted) of a tier. */
enum sk_err sk_tier_add_values(int tier, const struct sk_value *values, size_t count, int64_t hold_ms, struct sk_buckets *to);
/* Merges `from` into `to`; where both have a bucket, `from` is the newer of two equal times. */
enum sk_err sk_tier_merge(struct sk_buckets *to, const struct sk_bucket *from, size_t count);

#endif
