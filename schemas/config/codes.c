/* SPDX-License-Identifier: Apache-2.0 */
/* What raw values mean: states, flags, sentinels, choices of scale. */
#include <stdlib.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

static const struct named_sentinel {
    const char *set;
    uint64_t raw;
    uint8_t quality, reason;
} NAMED[] = {
#define S(set, raw, quality, reason) {set, raw, quality, reason},
#include "schemas/config/sentinels.def"
#undef S
};

/* --- states --- */
/* The key is the JSON text of the payload's value: 1, true, "ok" in quotation marks, or simply ok. */
static enum sk_err payload_key(struct cfg *c, const struct cfg_at *at, const char *key, struct sk_map_entry *to)
{
    size_t length = strlen(key);
    const char *digits = key[0] == '-' ? key + 1 : key;
    to->raw = strcmp(key, "true") == 0;
    if (to->raw == 1 || strcmp(key, "false") == 0)
        return SK_OK;
    if (digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0')
        return cfg_read_code(c, at, key, -(INT64_C(1) << 53), INT64_C(1) << 53, &to->raw);
    if (key[0] != '"') {
        to->text = cfg_arena_text(c->arena, key);
        return to->text != NULL ? SK_OK : cfg_nomem(c);
    }
    cJSON *json = NULL;
    struct sk_fault inner;
    enum sk_err err = sk_json_parse(key, length, &SK_JSON_REQUEST, &json, &inner);
    if (err == SK_OK && sk_json_text(json) != NULL)
        to->text = cfg_arena_text(c->arena, sk_json_text(json));
    bool is_text = sk_json_text(json) != NULL;
    cJSON_Delete(json);
    if (err == SK_ERR_NOMEM || (is_text && to->text == NULL))
        return cfg_nomem(c);
    if (!is_text)
        return cfg_fail(c, at, SK_ERR_PARSE, "found a key that begins with a quotation mark; expected a JSON text; close it");
    return SK_OK;
}

static bool same_entry(const struct sk_map_entry *a, const struct sk_map_entry *b)
{
    if (a->text == NULL || b->text == NULL)
        return a->text == b->text && a->raw == b->raw;
    return strcmp(a->text, b->text) == 0;
}

/* A new entry must not mean the same raw value as an older one ("10" and "0x0A"). */
static enum sk_err entry_unique(struct cfg *c, const struct cfg_at *at, const struct sk_map_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (same_entry(&entries[i], &entries[count]))
            return cfg_fail(c, at, SK_ERR_EXISTS, "found the same raw value twice; expected it once; remove one");
    return SK_OK;
}

/* No map for a payload: its texts are the words themselves. */
static enum sk_err states_identity(struct cfg *c, struct sk_profile_point *point)
{
    struct sk_map_entry *entries = cfg_arena_take(c->arena, point->kind->state_count, sizeof(*entries));
    if (entries == NULL)
        return cfg_nomem(c);
    for (size_t i = 0; i < point->kind->state_count; i++) {
        entries[i].text = point->kind->states[i];
        entries[i].state = (uint32_t)i;
    }
    point->states = entries;
    point->state_count = point->kind->state_count;
    return SK_OK;
}

static enum sk_err state_read(struct cfg *c, const struct cfg_at *at, const cJSON *item, const struct cfg_raw_range *raw,
                              bool texts, const struct sk_point_kind *kind, struct sk_map_entry *to)
{
    const char *word = sk_json_text(item);
    int state = word != NULL ? sk_point_state_parse(kind, word) : -1;
    if (state < 0)
        return cfg_wrong(c, at, item, SK_ERR_PARSE, "a word of '%s' (schemas/vocab/points.def)", kind->name);
    to->state = (uint32_t)state;
    return texts ? payload_key(c, at, item->string, to) : cfg_read_code(c, at, item->string, raw->low, raw->high, &to->raw);
}

enum sk_err cfg_states_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                            bool texts, struct sk_profile_point *point)
{
    size_t count = 0;
    bool wanted = point->kind != NULL && point->kind->kind == SK_KIND_STATE;
    if (json == NULL && wanted && texts)
        return states_identity(c, point);
    if (json == NULL && !wanted)
        return SK_OK;
    if (!wanted)
        return cfg_fail(c, at, SK_ERR_PARSE, "'%s' is no state; expected no 'states' there; remove it", point->name);
    if (json == NULL || !cJSON_IsObject(json) || json->child == NULL)
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "an object from raw value to a word of '%s'; add it", point->kind->name);
    struct sk_map_entry *entries = cfg_arena_take(c->arena, (size_t)cJSON_GetArraySize(json), sizeof(*entries));
    if (entries == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json->child; item != NULL; item = item->next, count++) {
        const struct cfg_at *here = CFG_AT(at, item->string);
        enum sk_err err = state_read(c, here, item, raw, texts, point->kind, &entries[count]);
        if (err == SK_OK)
            err = entry_unique(c, here, entries, count);
        if (err != SK_OK)
            return err;
    }
    point->states = entries;
    point->state_count = count;
    return SK_OK;
}

/* --- flags --- */
enum sk_err cfg_flags_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                           struct sk_profile_point *point)
{
    size_t count = 0;
    bool wanted = point->kind != NULL && point->kind->kind == SK_KIND_FLAGS;
    if (json == NULL && !wanted)
        return SK_OK;
    if (!wanted)
        return cfg_fail(c, at, SK_ERR_PARSE, "'%s' is no set of flags; expected no 'flags' there; remove it", point->name);
    if (json == NULL || !cJSON_IsObject(json) || json->child == NULL)
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "an object from bit number to a word of '%s'; add it", point->kind->name);
    struct sk_flag_bit *bits = cfg_arena_take(c->arena, (size_t)cJSON_GetArraySize(json), sizeof(*bits));
    if (bits == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json->child; item != NULL; item = item->next, count++) {
        const struct cfg_at *here = CFG_AT(at, item->string);
        const char *word = sk_json_text(item);
        bool inverted = word != NULL && word[0] == '!';
        int flag = word != NULL ? sk_point_state_parse(point->kind, word + inverted) : -1;
        int64_t bit = 0;
        if (flag < 0 || flag > 52)
            return cfg_wrong(c, here, item, SK_ERR_PARSE, "a word of '%s' (schemas/vocab/points.def)", point->kind->name);
        enum sk_err err = cfg_read_code(c, here, item->string, 0, raw->bits - 1, &bit);
        if (err != SK_OK)
            return err;
        bits[count] = (struct sk_flag_bit){.bit = (uint8_t)bit, .flag = (uint8_t)flag, .inverted = inverted};
    }
    point->flags = bits;
    point->flag_count = count;
    return SK_OK;
}

/* --- sentinels --- */
static uint64_t width_mask(int bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static enum sk_err raw_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                            uint64_t *ret_raw)
{
    uint64_t mask = width_mask(raw->bits);
    const char *text = sk_json_text(json);
    int64_t value = 0;
    if (text != NULL && text[0] == '0' && text[1] == 'x') {
        size_t digits = strspn(text + 2, "0123456789ABCDEFabcdef");
        uint64_t bits = strtoull(text + 2, NULL, 16);
        if (digits == 0 || digits > 16 || text[2 + digits] != '\0' || (bits & ~mask) != 0)
            return cfg_wrong(c, at, json, SK_ERR_RANGE, "0x and hex digits that fit %d bits", raw->bits);
        *ret_raw = bits;
        return SK_OK;
    }
    if (!sk_json_i64(json, &value) || value < -(int64_t)(mask / 2) - 1 || (value > 0 && (uint64_t)value > mask))
        return cfg_wrong(c, at, json, SK_ERR_RANGE, "an integer, or \"0x\" and hex digits, that fits %d bits", raw->bits);
    *ret_raw = (uint64_t)value & mask;
    return SK_OK;
}

struct sentinels {
    struct sk_sentinel *items; /* NULL while counting */
    size_t count;
};

static void sentinel_add(struct sentinels *to, uint64_t raw, uint8_t quality, uint8_t reason)
{
    if (to->items != NULL)
        to->items[to->count] = (struct sk_sentinel){.raw = raw, .quality = quality, .reason = reason};
    to->count++;
}

static enum sk_err set_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                            struct sentinels *to)
{
    size_t before = to->count;
    for (size_t i = 0; i < sizeof(NAMED) / sizeof(NAMED[0]); i++) {
        if (strcmp(NAMED[i].set, json->valuestring) != 0)
            continue;
        if ((NAMED[i].raw & ~width_mask(raw->bits)) != 0)
            return cfg_wrong(c, at, json, SK_ERR_RANGE, "a set for %d bits", raw->bits);
        sentinel_add(to, NAMED[i].raw, NAMED[i].quality, NAMED[i].reason);
    }
    if (to->count == before)
        return cfg_wrong(c, at, json, SK_ERR_NOT_FOUND, "a set of schemas/config/sentinels.def, such as gencomm-u16");
    return SK_OK;
}

static enum sk_err element_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                                struct sentinels *to)
{
    struct cfg_sentinel one;
    uint64_t value = 0;
    if (cJSON_IsString(json))
        return set_read(c, at, json, raw, to);
    enum sk_err err = cfg_read(c, at, CFG_SECTION_sentinel, json, &one);
    if (err == SK_OK)
        err = raw_read(c, CFG_AT(at, "raw"), one.raw, raw, &value);
    if (err != SK_OK)
        return err;
    if (sk_quality_is_good((uint8_t)one.quality))
        return cfg_fail(c, CFG_AT(at, "quality"), SK_ERR_PARSE, "found a good quality; expected bad or uncertain; correct it");
    sentinel_add(to, value, (uint8_t)one.quality, (uint8_t)one.reason);
    return SK_OK;
}

static enum sk_err sentinels_walk(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                                  struct sentinels *to)
{
    size_t i = 0;
    if (cJSON_IsString(json))
        return set_read(c, at, json, raw, to);
    for (const cJSON *item = json->child; item != NULL; item = item->next, i++) {
        enum sk_err err = element_read(c, CFG_AT_INDEX(at, i), item, raw, to);
        if (err != SK_OK)
            return err;
    }
    return SK_OK;
}

enum sk_err cfg_sentinels_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                               struct sk_profile_point *point)
{
    struct sentinels found = {NULL, 0};
    if (json == NULL)
        return SK_OK;
    if (raw->bits == 0)
        return cfg_fail(c, at, SK_ERR_PARSE, "found sentinels on a text; expected none; remove them");
    if (!cJSON_IsString(json) && !cJSON_IsArray(json))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "the name of a set, or a list of {raw, quality, reason}");
    enum sk_err err = sentinels_walk(c, at, json, raw, &found); /* counts and checks; the second time it writes */
    if (err != SK_OK)
        return err;
    found.items = cfg_arena_take(c->arena, found.count, sizeof(*found.items));
    if (found.items == NULL)
        return cfg_nomem(c);
    found.count = 0;
    err = sentinels_walk(c, at, json, raw, &found);
    point->sentinels = found.items;
    point->sentinel_count = found.count;
    return err;
}

/* --- choices of scale --- */
enum sk_err cfg_scale_map_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                               struct sk_profile_point *point)
{
    size_t count = 0;
    if (json == NULL)
        return SK_OK;
    struct sk_map_entry *entries = cfg_arena_take(c->arena, (size_t)cJSON_GetArraySize(json), sizeof(*entries));
    if (entries == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json->child; item != NULL; item = item->next, count++) {
        const struct cfg_at *here = CFG_AT(at, item->string);
        struct cfg_map_entry one;
        enum sk_err err = cfg_read(c, here, CFG_SECTION_map_entry, item, &one);
        if (err == SK_OK)
            err = cfg_read_code(c, here, item->string, raw->low, raw->high, &entries[count].raw);
        if (err == SK_OK)
            err = entry_unique(c, here, entries, count);
        if (err != SK_OK)
            return err;
        entries[count].scale = one.scale;
        entries[count].offset = one.offset;
    }
    point->scale_map = entries;
    point->scale_map_count = count;
    return SK_OK;
}
