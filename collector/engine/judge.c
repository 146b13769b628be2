/* SPDX-License-Identifier: Apache-2.0 */
/* What one value says to one limit: abnormal, normal, in the hysteresis band, or nothing at all. Pure.
 *
 * Borders are Redfish's: a reading is above an upper threshold when it is greater than Reading, and back when it is at or below
 * Reading - HysteresisReading; lower thresholds are the mirror. With hysteresis 0 the two are exact opposites.
 * Quality first: a value that is not to be believed says nothing, and a doubtful one may raise but not clear. */
#include <math.h>
#include <string.h>

#include "collector/engine/internal.h"

enum { RAISES = 1, CLEARS = 2 };

/* What each quality may do; bad ones do nothing and need no row. */
static const struct {
    uint8_t quality, may;
} quality_rows[] = {
    {SK_Q_GOOD, RAISES | CLEARS},       {SK_Q_GOOD_OVERRIDE, RAISES | CLEARS}, {SK_Q_UNCERTAIN, RAISES | CLEARS},
    {SK_Q_SUBSTITUTE, RAISES | CLEARS}, {SK_Q_NOT_ACCURATE, RAISES | CLEARS},  {SK_Q_SUB_NORMAL, RAISES | CLEARS},
    {SK_Q_EU_EXCEEDED, RAISES}, /* beyond what the sensor can measure is no proof of normal */
    {SK_Q_LAST_USABLE, RAISES}, /* of unknown age: retained, device busy */
};

/* Reasons that take from an uncertain value what its quality would allow. */
static uint8_t reason_limits(uint8_t reason)
{
    switch (reason) {
    case SK_WHY_ZERO_UNPROVED:
    case SK_WHY_ENUM:
    case SK_WHY_STALE:
    case SK_WHY_FROZEN:
        return 0;
    case SK_WHY_RETAINED:
        return RAISES;
    default:
        return RAISES | CLEARS;
    }
}

static uint8_t may(const struct sk_sample *sample)
{
    if (sample->quality == SK_Q_GOOD)
        return RAISES | CLEARS;
    for (size_t i = 0; i < sizeof quality_rows / sizeof *quality_rows; i++)
        if (quality_rows[i].quality == sample->quality)
            return quality_rows[i].may & reason_limits(sample->reason);
    return 0;
}

bool sk_sample_may_raise(const struct sk_sample *sample)
{
    return (may(sample) & RAISES) != 0;
}

bool sk_sample_may_clear(const struct sk_sample *sample)
{
    return (may(sample) & CLEARS) != 0;
}

uint64_t sk_limit_matched(const struct sk_limit *limit, const struct sk_sample *sample)
{
    if (!(sample->number >= 0) || sample->number > 9007199254740992.0)
        return 0;
    const uint64_t raw = (uint64_t)sample->number;
    if (sample->kind == SK_KIND_FLAGS)
        return raw & limit->states;
    return raw < 64 ? (UINT64_C(1) << raw) & limit->states : 0;
}

/* over: how far beyond the limit, positive on the abnormal side. */
static enum sk_verdict judge_distance(double over, double hysteresis)
{
    if (over > 0)
        return SK_V_ABNORMAL;
    return over <= -hysteresis ? SK_V_NORMAL : SK_V_BAND;
}

enum sk_verdict sk_limit_judge(const struct sk_limit *limit, const struct sk_sample *sample)
{
    enum sk_verdict verdict;
    const uint8_t allowed = may(sample);
    if (allowed == 0 || !isfinite(sample->number))
        return SK_V_UNKNOWN;
    switch (limit->condition) {
    case SK_COND_UPPER_CAUTION:
    case SK_COND_UPPER_CRITICAL:
    case SK_COND_UPPER_FATAL:
        verdict = judge_distance(sample->number - limit->reading, limit->hysteresis);
        break;
    case SK_COND_LOWER_CAUTION:
    case SK_COND_LOWER_CRITICAL:
    case SK_COND_LOWER_FATAL:
        verdict = judge_distance(limit->reading - sample->number, limit->hysteresis);
        break;
    case SK_COND_STATE:
        verdict = sk_limit_matched(limit, sample) != 0 ? SK_V_ABNORMAL : SK_V_NORMAL;
        break;
    case SK_COND_STALE:
        verdict = SK_V_NORMAL; /* it speaks */
        break;
    default:
        return SK_V_UNKNOWN;
    }
    if (verdict == SK_V_ABNORMAL)
        return (allowed & RAISES) != 0 ? verdict : SK_V_UNKNOWN;
    return (allowed & CLEARS) != 0 ? verdict : SK_V_UNKNOWN;
}

/* "OB,OVER": the words of the bits that alarm. */
static void words(const struct sk_point_kind *kind, uint64_t matched, char to[SK_ALARM_TEXT_MAX])
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < 64; i++) {
        if ((matched >> i & 1) == 0)
            continue;
        const bool named = kind != NULL && kind->states != NULL && i < kind->state_count;
        if (named)
            sk_text_format(to + used, SK_ALARM_TEXT_MAX - used, "%s%s", used > 0 ? "," : "", kind->states[i]);
        else
            sk_text_format(to + used, SK_ALARM_TEXT_MAX - used, "%s%zu", used > 0 ? "," : "", i);
        used = strlen(to);
    }
}

void sk_limit_detail(const struct sk_point *point, const struct sk_limit *limit, const struct sk_sample *sample,
                     uint64_t matched, char to[SK_ALARM_TEXT_MAX])
{
    to[0] = '\0';
    if (limit->condition == SK_COND_STATE)
        words(point->kind, matched, to);
    else if (limit->condition >= SK_COND_LOWER_FATAL && limit->condition <= SK_COND_LOWER_CAUTION)
        sk_text_format(to, SK_ALARM_TEXT_MAX, "%.6g < %.6g", sample->number, limit->reading);
    else if (limit->condition >= SK_COND_UPPER_CAUTION && limit->condition <= SK_COND_UPPER_FATAL)
        sk_text_format(to, SK_ALARM_TEXT_MAX, "%.6g > %.6g", sample->number, limit->reading);
    else if (limit->condition == SK_COND_STALE)
        sk_text_copy(to, SK_ALARM_TEXT_MAX, sample->reason == SK_WHY_FROZEN ? "frozen" : "stale");
}
