/* SPDX-License-Identifier: Apache-2.0 */
/* What a poller keeps when its parent is too busy to take samples: the newest value of each point. What is overwritten, and
 * every text (its bytes live in the batch; it comes with the next read), is given up and counted. What stands in for something
 * given up is no mere refresh: it is told as new. The caller locks. */
#ifndef SK_COLLECTOR_HOLD_H
#define SK_COLLECTOR_HOLD_H

#include "drivers/driver.h"

struct sk_hold;

enum sk_err sk_hold_create(size_t points, struct sk_hold **ret_hold);
void sk_hold_free(struct sk_hold *hold);
void sk_hold_put(struct sk_hold *hold, const struct sk_batch *batch);
/* Takes the refresh mark off a sample whose point had a text given up. */
void sk_hold_settle(struct sk_hold *hold, struct sk_sample *sample);
size_t sk_hold_count(const struct sk_hold *hold);
/* At most `most` of them, in order of point; they stay held until sk_hold_drop() says that they were sent. */
size_t sk_hold_peek(const struct sk_hold *hold, struct sk_sample *to, size_t most);
void sk_hold_drop(struct sk_hold *hold, const struct sk_sample *sent, size_t count);
uint64_t sk_hold_given_up(const struct sk_hold *hold); /* samples, since the start */

#endif
