/* SPDX-License-Identifier: Apache-2.0 */
/* Raw registers as the documents give them against values computed by hand: tests/vectors/profiles, one file per profile.
 * The shape of a file is in tests/vectors/profiles/README.md. The decoder is refereed here by numbers that it did not make. */
#include "tests/unit/vector_support.h"

#include <stdlib.h>

#include "drivers/modbus/decode.h"

enum { WORDS_MAX = 128 };

struct vector {
    const struct sk_profile *profile;
    const char *name;
    uint8_t function;
    uint32_t address, unit_index;
    uint16_t words[WORDS_MAX];
    uint32_t word_count;
};

static uint16_t word_of(const cJSON *item)
{
    const char *text = sk_json_text(item);
    int64_t number = 0;

    if (text)
        return (uint16_t)strtoul(text, NULL, 16);
    assert_true(sk_json_i64(item, &number));
    assert_in_range(number, 0, 65535);
    return (uint16_t)number;
}

static uint32_t number_of(const cJSON *json, const char *name)
{
    int64_t number = 0;

    if (sk_json_get(json, name))
        assert_true(sk_json_i64(sk_json_get(json, name), &number));
    return (uint32_t)number;
}

static void read_vector(const cJSON *json, const struct sk_profile *profile, struct vector *vector)
{
    const cJSON *word;

    *vector = (struct vector){.profile = profile,
                              .name = sk_json_text(sk_json_get(json, "name")),
                              .function = (uint8_t)number_of(json, "function"),
                              .address = number_of(json, "address"),
                              .unit_index = number_of(json, "unit_index")};
    assert_non_null(vector->name);
    cJSON_ArrayForEach(word, sk_json_get(json, "words"))
    {
        assert_true(vector->word_count < WORDS_MAX);
        vector->words[vector->word_count++] = word_of(word);
    }
}

/* The words of a point within the vector, or NULL when they are not all there. */
static const uint16_t *words_of(const struct vector *vector, const struct sk_profile_point *point)
{
    uint32_t address = point->address + (point->strided ? vector->profile->modbus.unit_stride * vector->unit_index : 0);

    if (point->function != vector->function || address < vector->address ||
        address + point->count > vector->address + vector->word_count)
        return NULL;
    return vector->words + (address - vector->address);
}

static const struct sk_profile_point *point_of(const struct sk_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->point_count; i++) {
        if (!strcmp(profile->points[i].name, name))
            return &profile->points[i];
    }
    return NULL;
}

static void decode(const struct vector *vector, const struct sk_profile_point *point, struct sk_modbus_value *value)
{
    const uint16_t *words = words_of(vector, point);
    const struct sk_map_entry *scale = NULL;

    if (!words)
        fail_msg("%s, %s: the vector does not hold the registers of %s", vector->profile->id, vector->name, point->name);
    if (point->scale_from >= 0) {
        const struct sk_profile_point *helper = &vector->profile->points[point->scale_from];
        const uint16_t *helper_words = words_of(vector, helper);
        assert_non_null(helper_words);
        scale = sk_modbus_scale_find(point, helper, sk_modbus_raw(helper, helper_words));
        assert_non_null(scale);
    }
    sk_modbus_decode(point, words, scale, value);
}

static void check_expectation(const struct vector *vector, const cJSON *expected)
{
    struct sk_modbus_value value;
    const struct sk_profile_point *point = point_of(vector->profile, expected->string);

    if (!point)
        fail_msg("%s, %s: the profile has no point %s", vector->profile->id, vector->name, expected->string);
    decode(vector, point, &value);
    struct decoded decoded = {value.has_value, value.quality, value.reason, value.number, value.text};
    bool wants_value = !cJSON_IsObject(expected) || sk_json_get(expected, "value") != NULL;
    if (!expectation_holds(point->kind, expected, &decoded) || value.has_value != wants_value)
        fail_msg("%s, %s: %s is %.12g '%s', quality %s, reason %s", vector->profile->id, vector->name, point->name,
                 value.number, value.text, sk_quality_name(value.quality), sk_quality_reason_name(value.reason));
}

static void check_profile(const struct sk_profile *profile, const cJSON *vectors)
{
    const cJSON *json, *expected;
    struct vector vector;

    cJSON_ArrayForEach(json, vectors)
    {
        read_vector(json, profile, &vector);
        if (cJSON_GetArraySize(sk_json_get(json, "expect")) == 0)
            fail_msg("%s, %s: nothing expected", profile->id, vector.name);
        cJSON_ArrayForEach(expected, sk_json_get(json, "expect")) check_expectation(&vector, expected);
    }
}

static void decoder_agrees_with_the_documents(void **state)
{
    (void)state;
    assert_true(with_vectors(false, check_profile) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decoder_agrees_with_the_documents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
