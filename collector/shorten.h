/* SPDX-License-Identifier: Apache-2.0 */
/* What a poller leaves out of a batch because its parent can tell it: the points of a block that say the same as before
 * (schemas/model/block.h). Remembers who belongs to which block, by the same rules as the engine. The caller locks. */
#ifndef SK_COLLECTOR_SHORTEN_H
#define SK_COLLECTOR_SHORTEN_H

#include "drivers/driver.h"

struct sk_shorten;

enum sk_err sk_shorten_create(const struct sk_site *site, struct sk_shorten **ret_shorten);
void sk_shorten_free(struct sk_shorten *shorten);
/* The batch as it is to be sent: its samples lie in `samples` (SK_BATCH_MAX), texts where they were. */
void sk_shorten_batch(struct sk_shorten *shorten, const struct sk_batch *batch, struct sk_sample *samples,
                      struct sk_batch *ret_batch);
/* The batch is not sent: the blocks of its points are told whole the next time. */
void sk_shorten_skipped(struct sk_shorten *shorten, const struct sk_batch *batch);

#endif
