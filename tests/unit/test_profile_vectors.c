/* SPDX-License-Identifier: Apache-2.0 */
/* Raw registers as the documents give them against values computed by hand: tests/vectors/profiles, one file per profile.
 * A shape of the file is in tests/vectors/profiles/README.md. The decoder is refereed here by numbers that it did not make. */
#include "tests/unit/sk_test.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus/decode.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/config/config.h"

#define PROFILES "schemas/profiles"
#define VECTORS  "tests/vectors/profiles"

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
    const cJSON *words = sk_json_get(json, "words"), *word;

    *vector = (struct vector){.profile = profile,
                              .name = sk_json_text(sk_json_get(json, "name")),
                              .function = (uint8_t)number_of(json, "function"),
                              .address = number_of(json, "address"),
                              .unit_index = number_of(json, "unit_index")};
    assert_non_null(vector->name);
    cJSON_ArrayForEach(word, words)
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

static bool flags_match(const struct sk_point_kind *kind, const cJSON *expected, double mask)
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

static bool value_matches(const struct sk_point_kind *kind, const cJSON *expected, const struct sk_modbus_value *value)
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
static bool expectation_holds(const struct sk_point_kind *kind, const cJSON *expected, const struct sk_modbus_value *value)
{
    if (!cJSON_IsObject(expected))
        return value->quality == SK_Q_GOOD && value_matches(kind, expected, value);
    const cJSON *number = sk_json_get(expected, "value");
    if (value->quality != sk_quality_parse(sk_json_text(sk_json_get(expected, "quality"))) ||
        value->reason != sk_quality_reason_parse(sk_json_text(sk_json_get(expected, "reason"))))
        return false;
    return number ? value_matches(kind, number, value) : !value->has_value;
}

static void check_vector(const cJSON *json, const struct sk_profile *profile)
{
    struct vector vector;
    const cJSON *expected;
    size_t count = 0;

    read_vector(json, profile, &vector);
    cJSON_ArrayForEach(expected, sk_json_get(json, "expect"))
    {
        struct sk_modbus_value value;
        const struct sk_profile_point *point = point_of(profile, expected->string);

        if (!point)
            fail_msg("%s, %s: the profile has no point %s", profile->id, vector.name, expected->string);
        decode(&vector, point, &value);
        if (!expectation_holds(point->kind, expected, &value))
            fail_msg("%s, %s: %s is %.12g '%s', quality %s, reason %s", profile->id, vector.name, point->name, value.number,
                     value.text, sk_quality_name(value.quality), sk_quality_reason_name(value.reason));
        count++;
    }
    if (count == 0)
        fail_msg("%s, %s: nothing expected", profile->id, vector.name);
}

static void check_profile(const char *id)
{
    char path[256];
    const struct sk_profile *profile = NULL;
    void *arena = NULL;
    cJSON *vectors = NULL;
    const cJSON *vector;
    struct sk_fault fault = {SK_OK, ""};

    assert_true(sk_text_format(path, sizeof(path), PROFILES "/%s.json", id));
    if (sk_profile_load(path, &profile, &arena, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    if (profile->protocol != SK_PROTO_MQTT) {
        assert_true(sk_text_format(path, sizeof(path), VECTORS "/%s.json", id));
        if (sk_json_parse_file(path, &SK_JSON_FILE, &vectors, &fault) != SK_OK)
            fail_msg("every Modbus profile has vectors: %s", fault.text);
        assert_true(cJSON_GetArraySize(vectors) > 0);
        cJSON_ArrayForEach(vector, vectors) check_vector(vector, profile);
        cJSON_Delete(vectors);
    }
    sk_profile_arena_free(arena);
}

static void decoder_agrees_with_the_documents(void **state)
{
    DIR *folder = opendir(PROFILES);
    size_t count = 0;

    (void)state;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char id[256];
        size_t length = strlen(entry->d_name);

        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        assert_true(sk_text_format(id, sizeof(id), "%.*s", (int)(length - 5), entry->d_name));
        check_profile(id);
        count++;
    }
    closedir(folder);
    assert_true(count > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decoder_agrees_with_the_documents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
