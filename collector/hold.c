/* SPDX-License-Identifier: Apache-2.0 */
/* One place per point; walked only while the parent is busy. */
#include "collector/hold.h"

#include "schemas/base/mem.h"

struct sk_hold {
    size_t points, count;
    uint64_t given_up;
    bool *is_held;
    bool *owes; /* a text was given up, and nothing told since */
    struct sk_sample *samples;
};

enum sk_err sk_hold_create(size_t points, struct sk_hold **ret_hold)
{
    struct sk_hold *hold = sk_calloc(1, sizeof *hold);
    if (hold == NULL)
        return SK_ERR_NOMEM;
    hold->points = points;
    hold->is_held = sk_calloc(points + 1, sizeof *hold->is_held);
    hold->owes = sk_calloc(points + 1, sizeof *hold->owes);
    hold->samples = sk_calloc(points + 1, sizeof *hold->samples);
    if (hold->is_held == NULL || hold->owes == NULL || hold->samples == NULL) {
        sk_hold_free(hold);
        return SK_ERR_NOMEM;
    }
    *ret_hold = hold;
    return SK_OK;
}

void sk_hold_free(struct sk_hold *hold)
{
    if (hold == NULL)
        return;
    sk_free(hold->samples);
    sk_free(hold->owes);
    sk_free(hold->is_held);
    sk_free(hold);
}

void sk_hold_put(struct sk_hold *hold, const struct sk_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct sk_sample *sample = &batch->samples[i];
        if (sample->kind == SK_KIND_TEXT) {
            hold->given_up++;
            hold->owes[sample->point] = true;
            continue;
        }
        struct sk_sample *kept = &hold->samples[sample->point];
        const bool news = hold->is_held[sample->point] && (kept->flags & SK_SAMPLE_REFRESH) == 0;
        hold->given_up += hold->is_held[sample->point];
        hold->count += !hold->is_held[sample->point];
        hold->is_held[sample->point] = true;
        *kept = *sample;
        if (news)
            kept->flags &= (uint8_t)~SK_SAMPLE_REFRESH;
    }
}

void sk_hold_settle(struct sk_hold *hold, struct sk_sample *sample)
{
    if (!hold->owes[sample->point])
        return;
    hold->owes[sample->point] = false;
    sample->flags &= (uint8_t)~SK_SAMPLE_REFRESH;
}

size_t sk_hold_count(const struct sk_hold *hold)
{
    return hold->count;
}

size_t sk_hold_peek(const struct sk_hold *hold, struct sk_sample *to, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < hold->points && count < most && count < hold->count; i++)
        if (hold->is_held[i])
            to[count++] = hold->samples[i];
    return count;
}

void sk_hold_drop(struct sk_hold *hold, const struct sk_sample *sent, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hold->is_held[sent[i].point] = false;
    hold->count -= count;
}

uint64_t sk_hold_given_up(const struct sk_hold *hold)
{
    return hold->given_up;
}
