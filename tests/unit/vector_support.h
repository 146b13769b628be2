/* SPDX-License-Identifier: Apache-2.0 */
/* What the two referees of device profiles share: walking the shipped profiles and comparing a decoded value with an
 * expectation of tests/vectors/profiles. */
#ifndef SK_TEST_VECTOR_SUPPORT_H
#define SK_TEST_VECTOR_SUPPORT_H

#include "tests/unit/sk_test.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/config/config.h"

#define PROFILES "schemas/profiles"
#define VECTORS  "tests/vectors/profiles"

struct decoded {
    bool has_value;
    uint8_t quality, reason;
    double number;
    const char *text;
};

static inline bool flags_match(const struct sk_point_kind *kind, const cJSON *expected, double mask)
{
    uint64_t wanted = 0;
    const cJSON *word;

    cJSON_ArrayForEach(word, expected)
    {
        int flag = sk_point_state_parse(kind, sk_json_text(word));
        assert_true(flag >= 0);
        wanted |= UINT64_C(1) << flag;
    }
    return mask >= 0 && (uint64_t)mask == wanted;
}

static inline bool value_matches(const struct sk_point_kind *kind, const cJSON *expected, const struct decoded *value)
{
    if (!value->has_value)
        return false;
    switch (kind->kind) {
    case SK_KIND_NUMBER:
        return cJSON_IsNumber(expected) &&
               fabs(value->number - expected->valuedouble) <= 1e-9 * fmax(1.0, fabs(expected->valuedouble));
    case SK_KIND_STATE:
        return (int)value->number == sk_point_state_parse(kind, sk_json_text(expected)) && value->number >= 0;
    case SK_KIND_FLAGS:
        return cJSON_IsArray(expected) && flags_match(kind, expected, value->number);
    case SK_KIND_TEXT:
        return sk_json_text(expected) && !strcmp(value->text, sk_json_text(expected));
    }
    return false;
}

/* An object is a quality with its reason, and perhaps a value beside; everything else is a good value. */
static inline bool expectation_holds(const struct sk_point_kind *kind, const cJSON *expected, const struct decoded *value)
{
    if (!cJSON_IsObject(expected))
        return value->quality == SK_Q_GOOD && value_matches(kind, expected, value);
    const cJSON *number = sk_json_get(expected, "value");
    if (value->quality != sk_quality_parse(sk_json_text(sk_json_get(expected, "quality"))) ||
        value->reason != sk_quality_reason_parse(sk_json_text(sk_json_get(expected, "reason"))))
        return false;
    return !number || value_matches(kind, number, value);
}

/* Calls check(id, vectors) for every profile of that wire; each must have a file of vectors. Returns how many. */
static inline size_t with_vectors(bool mqtt, void (*check)(const struct sk_profile *profile, const cJSON *vectors))
{
    DIR *folder = opendir(PROFILES);
    size_t count = 0;

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[300];
        const struct sk_profile *profile = NULL;
        void *arena = NULL;
        cJSON *vectors = NULL;
        struct sk_fault fault = {SK_OK, ""};

        if (strlen(entry->d_name) <= 5 || strcmp(entry->d_name + strlen(entry->d_name) - 5, ".json") != 0)
            continue;
        assert_true(sk_text_format(path, sizeof(path), PROFILES "/%s", entry->d_name));
        if (sk_profile_load(path, &profile, &arena, &fault) != SK_OK)
            fail_msg("%s", fault.text);
        if ((profile->protocol == SK_PROTO_MQTT) == mqtt) {
            assert_true(sk_text_format(path, sizeof(path), VECTORS "/%s", entry->d_name));
            if (sk_json_parse_file(path, &SK_JSON_FILE, &vectors, &fault) != SK_OK)
                fail_msg("every profile has vectors: %s", fault.text);
            assert_true(cJSON_GetArraySize(vectors) > 0);
            check(profile, vectors);
            cJSON_Delete(vectors);
            count++;
        }
        sk_profile_arena_free(arena);
    }
    closedir(folder);
    return count;
}

#endif
