/* SPDX-License-Identifier: Apache-2.0 */
/* Value decoding by kind of point (a table of four readers), then what is true of every sample: range, age, times, room in the
 * batch. Reading never fails as a whole: a value that cannot be used is a bad sample with its reason. */
#include "drivers/mqtt/payload.h"

#include <math.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

/* What one value became before age and range are judged. */
struct value {
    double number;
    char text[SK_TEXT_VALUE];
    uint8_t quality, reason;
    bool refused;
    const char *expected;
};

static void refuse(struct value *value, uint8_t reason, const char *expected)
{
    value->quality = SK_Q_BAD;
    value->reason = reason;
    value->refused = true;
    value->expected = expected;
}

enum sk_err sk_payload_parse(const char *bytes, size_t length, cJSON **ret_root, struct sk_fault *fault)
{
    char word[SK_TEXT_VALUE];
    enum sk_err err = sk_json_parse(bytes, length, &SK_JSON_PAYLOAD, ret_root, fault);
    if (err == SK_OK || err == SK_ERR_NOMEM)
        return err;
    bool looks_like_json = length > 0 && strchr("{[\"", bytes[0]) != NULL;
    if (length == 0 || length >= sizeof(word) || looks_like_json || !sk_text_is_clean(bytes, length, false)) {
        sk_fault_prefix(fault, "expected JSON, or one word of at most %d bytes", SK_TEXT_VALUE - 1);
        return err;
    }
    memcpy(word, bytes, length);
    word[length] = '\0';
    *ret_root = cJSON_CreateString(word);
    return *ret_root == NULL ? sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for a payload") : SK_OK;
}

/* --- values by kind --- */

static bool raw_number(const cJSON *item, double *ret_number)
{
    if (cJSON_IsNumber(item))
        *ret_number = item->valuedouble;
    else if (cJSON_IsBool(item))
        *ret_number = cJSON_IsTrue(item) ? 1.0 : 0.0;
    else
        return false;
    return true;
}

/* Decimal text ("21.5"): many small devices quote their numbers. Strict: the JSON grammar of a number and nothing else. */
static bool quoted_number(const cJSON *item, double *ret_number)
{
    const char *text = sk_json_text(item);
    cJSON *inner = NULL;
    if (text == NULL || sk_json_parse(text, strlen(text), &SK_JSON_PAYLOAD, &inner, NULL) != SK_OK)
        return false;
    bool ok = cJSON_IsNumber(inner) != 0;
    if (ok)
        *ret_number = inner->valuedouble;
    cJSON_Delete(inner);
    return ok;
}

static bool is_sentinel(const struct sk_profile_point *profile, double raw, struct value *value)
{
    for (size_t i = 0; i < profile->sentinel_count; i++) {
        if (raw == (double)profile->sentinels[i].raw) {
            value->quality = profile->sentinels[i].quality;
            value->reason = profile->sentinels[i].reason;
            return true;
        }
    }
    return false;
}

static void read_number(const struct sk_profile_point *profile, const cJSON *item, struct value *value)
{
    double raw = 0;
    if ((cJSON_IsBool(item) && profile->kind->kind == SK_KIND_NUMBER) ||
        (!raw_number(item, &raw) && !quoted_number(item, &raw))) {
        refuse(value, SK_WHY_PAYLOAD, "a number");
        return;
    }
    value->number = raw * profile->scale + profile->offset;
    if (is_sentinel(profile, raw, value))
        return;
    if (!isfinite(value->number)) {
        value->number = 0;
        refuse(value, SK_WHY_PAYLOAD, "a number that stays finite after scaling");
    } else if (value->number < profile->range_low || value->number > profile->range_high) {
        value->quality = SK_Q_EU_EXCEEDED;
        value->reason = value->number < profile->range_low ? SK_WHY_UNDER_RANGE : SK_WHY_OVER_RANGE;
    }
}

/* The profile's own list decides; without one the words of the vocabulary are taken as they stand. */
static void read_state(const struct sk_profile_point *profile, const cJSON *item, struct value *value)
{
    const char *text = sk_json_text(item);
    double raw = 0;
    bool has_raw = raw_number(item, &raw);
    if (text == NULL && !has_raw) {
        refuse(value, SK_WHY_PAYLOAD, "a state as text, number, true or false");
        return;
    }
    if (has_raw && is_sentinel(profile, raw, value))
        return;
    for (size_t i = 0; i < profile->state_count; i++) {
        const struct sk_map_entry *entry = &profile->states[i];
        bool same = entry->text != NULL ? text != NULL && strcmp(entry->text, text) == 0 : has_raw && raw == (double)entry->raw;
        if (same) {
            value->number = entry->state;
            return;
        }
    }
    int state = profile->state_count == 0 && text != NULL ? sk_point_state_parse(profile->kind, text) : -1;
    if (state >= 0)
        value->number = state;
    else
        refuse(value, SK_WHY_ENUM, "a state that the profile lists");
}

static uint64_t flag_mask(const struct sk_profile_point *profile, uint64_t raw)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < profile->flag_count; i++) {
        const struct sk_flag_bit *bit = &profile->flags[i];
        bool set = bit->bit < 64 && ((raw >> bit->bit) & 1) != 0;
        if (set != bit->inverted)
            mask |= UINT64_C(1) << bit->flag;
    }
    return mask;
}

/* A list of words, or a number whose bits the profile names. */
static void read_flags(const struct sk_profile_point *profile, const cJSON *item, struct value *value)
{
    uint64_t raw = 0, mask = 0;
    if (cJSON_IsArray(item)) {
        for (const cJSON *word = item->child; word != NULL; word = word->next) {
            const char *text = sk_json_text(word);
            int flag = text == NULL ? -1 : sk_point_state_parse(profile->kind, text);
            if (flag < 0 || flag > 52) {
                refuse(value, SK_WHY_ENUM, "a list of flag words that the vocabulary has");
                return;
            }
            mask |= UINT64_C(1) << flag;
        }
        value->number = (double)mask;
    } else if (sk_json_u64(item, &raw)) {
        value->number = (double)flag_mask(profile, raw);
    } else {
        refuse(value, SK_WHY_PAYLOAD, "a list of flag words or a whole number");
    }
}

static void read_text(const struct sk_profile_point *profile, const cJSON *item, struct value *value)
{
    const char *text = sk_json_text(item);
    (void)profile;
    if (text == NULL || !sk_text_is_clean(text, strlen(text), false))
        refuse(value, SK_WHY_PAYLOAD, "a text without control characters");
    else if (!sk_text_copy(value->text, sizeof(value->text), text))
        value->reason = SK_WHY_NONE; /* cut at a character's border: a longer text is still the text */
}

static void (*const READERS[])(const struct sk_profile_point *, const cJSON *, struct value *) = {
    [SK_KIND_NUMBER] = read_number,
    [SK_KIND_STATE] = read_state,
    [SK_KIND_FLAGS] = read_flags,
    [SK_KIND_TEXT] = read_text,
};

static void read_value(const struct sk_profile_point *profile, const cJSON *item, struct value *value)
{
    *value = (struct value){.quality = SK_Q_GOOD, .reason = SK_WHY_NONE};
    if (cJSON_IsNull(item)) {
        value->quality = SK_Q_NOT_CONNECTED;
        value->reason = SK_WHY_SENTINEL;
        return;
    }
    READERS[profile->kind->kind](profile, item, value);
}

/* --- times --- */

bool sk_payload_time(const cJSON *item, int64_t *ret_utc_us)
{
    static const double YEAR_10000_US = 253402300800e6;
    const char *text = sk_json_text(item);
    if (text != NULL)
        return sk_time_parse(text, ret_utc_us);
    if (!cJSON_IsNumber(item) || item->valuedouble < 0)
        return false;
    double number = item->valuedouble;
    double us = number < 1e11 ? number * 1e6 : number < 1e14 ? number * 1e3 : number;
    if (!(us < YEAR_10000_US))
        return false;
    *ret_utc_us = (int64_t)us;
    return true;
}

/* --- samples --- */

/* Places text in the batch's area; false when it does not fit. */
static bool batch_text(struct sk_mqtt_batch *batch, const char *text, uint32_t *ret_offset)
{
    size_t size = strlen(text) + 1;
    if (batch->text_length + size > sizeof(batch->text))
        return false;
    memcpy(batch->text + batch->text_length, text, size);
    *ret_offset = (uint32_t)batch->text_length;
    batch->text_length += size;
    return true;
}

static bool batch_add(struct sk_mqtt_batch *batch, const struct sk_sample *sample, const char *text)
{
    if (batch->count >= SK_BATCH_MAX)
        return false;
    struct sk_sample *slot = &batch->samples[batch->count];
    *slot = *sample;
    if (sample->kind == SK_KIND_TEXT && !batch_text(batch, text, &slot->text))
        return false;
    batch->count++;
    return true;
}

static struct sk_sample sample_init(const struct sk_payload_context *context, uint32_t point)
{
    return (struct sk_sample){
        .point = point,
        .kind = (uint8_t)context->site->points[point].kind->kind,
        .quality = SK_Q_GOOD,
        .flags = context->simulated ? SK_SAMPLE_SIMULATED : 0,
        .source_us = context->now.utc_us,
        .recv_us = context->now.utc_us,
        .mono_us = context->now.mono_us,
    };
}

/* What the way of arrival does to a value that is good in itself. */
static void judge_age(const struct sk_payload_context *context, struct sk_sample *sample)
{
    bool has_source = (sample->flags & SK_SAMPLE_HAS_SOURCE) != 0;
    if (!context->retained && (!context->queued || has_source))
        return;
    sample->flags |= SK_SAMPLE_RETAINED;
    if (!has_source)
        sample->uncertainty_us = UINT32_MAX;
    if (sk_quality_is_good(sample->quality)) {
        sample->quality = SK_Q_LAST_USABLE;
        sample->reason = SK_WHY_RETAINED;
    }
}

static bool point_sample(const struct sk_payload_context *context, const cJSON *root, const cJSON *item, uint32_t point,
                         struct sk_mqtt_batch *batch, struct value *value, bool *ret_bad_time)
{
    const struct sk_profile_point *profile = context->site->points[point].profile;
    struct sk_mqtt_last *last = &context->last[point - context->first_point];
    struct sk_sample sample = sample_init(context, point);
    read_value(profile, item, value);
    if (profile->time_path != NULL && profile->time_path[0] != '\0') {
        const cJSON *time = sk_json_path(root, profile->time_path);
        if (sk_payload_time(time, &sample.source_us))
            sample.flags |= SK_SAMPLE_HAS_SOURCE;
        else
            *ret_bad_time = time != NULL;
    }
    bool keeps = !sk_quality_is_bad(value->quality);
    sample.quality = value->quality;
    sample.reason = value->reason;
    sample.number = keeps ? value->number : last->number;
    judge_age(context, &sample);
    if (!batch_add(batch, &sample, keeps ? value->text : last->text))
        return false;
    if (keeps) {
        last->known = true;
        last->number = value->number;
        memcpy(last->text, value->text, sizeof(last->text));
    }
    return true;
}

static void note_refused(const struct sk_payload_context *context, uint32_t point, const char *expected, const char *path,
                         size_t *refused, struct sk_fault *fault)
{
    if ((*refused)++ == 0)
        sk_fault_set(fault, SK_ERR_PARSE, "%s: expected %s at path '%s'", context->site->points[point].id, expected, path);
}

bool sk_payload_samples(const struct sk_payload_context *context, const cJSON *root, size_t *cursor,
                        struct sk_mqtt_batch *batch, size_t *refused, struct sk_fault *fault)
{
    for (; *cursor < context->point_count; (*cursor)++) {
        uint32_t point = context->points[*cursor];
        const struct sk_profile_point *profile = context->site->points[point].profile;
        const cJSON *item = profile->path[0] == '\0' ? root : sk_json_path(root, profile->path);
        struct value value = {0};
        bool bad_time = false;
        if (item == NULL)
            continue;
        if (!point_sample(context, root, item, point, batch, &value, &bad_time))
            return false;
        if (value.refused)
            note_refused(context, point, value.expected, profile->path, refused, fault);
        if (bad_time)
            note_refused(context, point, "a time (RFC 3339 text, or seconds or milliseconds since 1970)", profile->time_path,
                         refused, fault);
    }
    return true;
}

bool sk_payload_lost(const struct sk_payload_context *context, uint32_t point, uint8_t reason, struct sk_mqtt_batch *batch)
{
    const struct sk_mqtt_last *last = &context->last[point - context->first_point];
    struct sk_sample sample = sample_init(context, point);
    sample.quality = last->known ? SK_Q_COMM_LAST_VALUE : SK_Q_COMM_NO_VALUE;
    sample.reason = reason;
    sample.number = last->number;
    return batch_add(batch, &sample, last->text);
}

bool sk_payload_own(const struct sk_payload_context *context, int32_t point, double number, uint8_t quality, uint8_t reason,
                    struct sk_mqtt_batch *batch)
{
    if (point < 0)
        return true;
    struct sk_sample sample = sample_init(context, (uint32_t)point);
    sample.number = number;
    sample.quality = quality;
    sample.reason = reason;
    return batch_add(batch, &sample, "");
}

/* --- birth and last will --- */

static enum sk_birth birth_word(const struct sk_mqtt_profile *profile, const char *word)
{
    if (word == NULL)
        return SK_BIRTH_UNKNOWN;
    if (strcmp(word, profile->birth_online) == 0)
        return SK_BIRTH_ONLINE;
    return strcmp(word, profile->birth_offline) == 0 ? SK_BIRTH_OFFLINE : SK_BIRTH_UNKNOWN;
}

enum sk_birth sk_payload_birth(const struct sk_mqtt_profile *profile, const char *bytes, size_t length)
{
    static const char *const MEMBERS[] = {"state", "status"};
    cJSON *root = NULL;
    char word[SK_TEXT_VALUE];
    enum sk_birth birth = SK_BIRTH_UNKNOWN;
    if (length > 0 && length < sizeof(word) && memchr(bytes, '\0', length) == NULL) {
        memcpy(word, bytes, length);
        word[length] = '\0';
        birth = birth_word(profile, word);
    }
    if (birth != SK_BIRTH_UNKNOWN || sk_json_parse(bytes, length, &SK_JSON_PAYLOAD, &root, NULL) != SK_OK)
        return birth;
    birth = birth_word(profile, sk_json_text(root));
    for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]) && birth == SK_BIRTH_UNKNOWN; i++)
        birth = birth_word(profile, sk_json_text(sk_json_get(root, MEMBERS[i])));
    cJSON_Delete(root);
    return birth;
}
