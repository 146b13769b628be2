/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read pending rows share: when a row was written, in this boot's time, and the readers of one kind of row
 * each. Private to this folder. */
#ifndef SK_ENGINE_RESTORE_H
#define SK_ENGINE_RESTORE_H

#include "collector/engine/internal.h"

struct sk_moment {
    int64_t shift; /* add to a mono of the row to have it in this boot's mono */
    int64_t mono;  /* of writing, shifted */
    int64_t utc;
};
struct sk_moment sk_moment_read(struct sk_reader *reader, const struct sk_engine *engine, const struct sk_now *now);
int64_t sk_moment_mono(struct sk_reader *reader, const struct sk_moment *moment); /* a mono of the row, shifted */

/* restore_ctrl.c. rest: the key behind its prefix. NOT_FOUND: nothing of the site; PARSE: the row is none. */
enum sk_err sk_restore_cursor(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now);
enum sk_err sk_restore_page(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now);
enum sk_err sk_restore_skew(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now);
enum sk_err sk_restore_tally(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now);
enum sk_err sk_restore_ctrl(struct sk_engine *engine, const char *rest, struct sk_reader *reader, const struct sk_now *now);

#endif
