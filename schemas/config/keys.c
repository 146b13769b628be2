/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of keys.def at work: one table, one reader per type, no ladder.
 *
 * Each row says where its value goes (offset in the section's struct); that the member has the row's C type is checked when
 * this file is compiled. */
#include "schemas/config/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/model/vocab.h"

enum type { TEXT, ID, NAME, INT, NUM, BOOL, WORD, MS, OBJ, LIST, MAP, ANY };

struct key {
    enum cfg_section section;
    enum type type;
    const char *name, *fallback;
    size_t offset;
    double low, high;
    enum cfg_words words;
};

#define C_TEXT const char *
#define C_ID   const char *
#define C_NAME const char *
#define C_INT  int64_t
#define C_NUM  double
#define C_BOOL bool
#define C_WORD int64_t
#define C_MS   int64_t
#define C_OBJ  const cJSON *
#define C_LIST const cJSON *
#define C_MAP  const cJSON *
#define C_ANY  const cJSON *

#define WORDS_TEXT(arg) CFG_WORDS_NONE
#define WORDS_ID(arg)   CFG_WORDS_NONE
#define WORDS_NAME(arg) CFG_WORDS_NONE
#define WORDS_INT(arg)  CFG_WORDS_NONE
#define WORDS_NUM(arg)  CFG_WORDS_NONE
#define WORDS_BOOL(arg) CFG_WORDS_NONE
#define WORDS_WORD(arg) CFG_WORDS_##arg
#define WORDS_MS(arg)   CFG_WORDS_NONE
#define WORDS_OBJ(arg)  CFG_WORDS_NONE
#define WORDS_LIST(arg) CFG_WORDS_NONE
#define WORDS_MAP(arg)  CFG_WORDS_NONE
#define WORDS_ANY(arg)  CFG_WORDS_NONE

#define S(name, ja, en)
#define W(list, words)
#define V(list, family)
#define K(s, field, key, type, arg, fallback, low, high, ja, en)                                                               \
    _Static_assert(_Generic(((struct cfg_##s *)0)->field, C_##type : 1, default : 0), #s "." #field " has another C type");
#include "schemas/config/keys.def"
#undef K

static const struct key KEYS[] = {
#define K(s, field, key, type, arg, fallback, low, high, ja, en)                                                               \
    {CFG_SECTION_##s, type, key, fallback, offsetof(struct cfg_##s, field), low, high, WORDS_##type(arg)},
#include "schemas/config/keys.def"
#undef K
#undef W
#undef V
};
enum { KEY_COUNT = sizeof(KEYS) / sizeof(KEYS[0]) };

/* --- words --- */
struct words {
    const char *own;                /* "a|b|c", or NULL: */
    const char *(*name)(int value); /* a family of the vocabulary */
    int (*parse)(const char *word);
};

static const struct words WORDS[] = {
    {"", NULL, NULL},
#define K(section, field, key, type, arg, fallback, low, high, ja, en)
#define W(list, text)   {text, NULL, NULL},
#define V(list, family) {NULL, sk_##family##_name, sk_##family##_parse},
#include "schemas/config/keys.def"
#undef K
#undef W
#undef V
#undef S
};

int cfg_word_parse(enum cfg_words list, const char *word)
{
    const struct words *words = &WORDS[list];
    if (words->own == NULL)
        return words->parse(word);
    size_t length = strlen(word);
    int value = 0;
    for (const char *at = words->own;; value++) {
        size_t n = strcspn(at, "|");
        if (n == length && memcmp(at, word, n) == 0)
            return value;
        if (at[n] == '\0')
            return -1;
        at += n + 1;
    }
}

static void words_list(enum cfg_words list, char *to, size_t capacity)
{
    const struct words *words = &WORDS[list];
    to[0] = '\0';
    if (words->own != NULL) {
        (void)sk_text_copy(to, capacity, words->own);
        return;
    }
    size_t used = 0;
    for (int value = 0; value < 256 && used < capacity; value++) {
        const char *name = words->name(value);
        if (name == NULL)
            continue;
        int n = snprintf(to + used, capacity - used, "%s%s", used > 0 ? "|" : "", name);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* --- one value --- */
static bool all_of(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static enum sk_err text_take(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json, void *to)
{
    const char *text = sk_json_text(json);
    size_t length = text != NULL ? strlen(text) : 0;
    if (text == NULL)
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "a text; put it in quotation marks");
    if (length < (size_t)key->low || length > (size_t)key->high)
        return cfg_fail(c, at, SK_ERR_RANGE, "found a text of %zu bytes; expected %.0f to %.0f bytes; %s it", length, key->low,
                        key->high, length < (size_t)key->low ? "fill" : "shorten");
    if (!sk_text_is_clean(text, length, false))
        return cfg_fail(c, at, SK_ERR_PARSE, "found control characters; expected plain text; remove them");
    if (key->type == ID && !all_of(text, LETTERS "-_"))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "an identifier of letters, digits, - and _; rename it");
    if (key->type == NAME && !all_of(text, LETTERS "-_."))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "a point name of letters, digits, dots, - and _; rename it");
    const char *copy = cfg_arena_text(c->arena, text);
    if (copy == NULL)
        return cfg_nomem(c);
    memcpy(to, &copy, sizeof(copy));
    return SK_OK;
}

static enum sk_err int_take(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json, void *to)
{
    int64_t value;
    if (!cJSON_IsNumber(json) || !sk_json_i64(json, &value))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "an integer from %.0f to %.0f; write it without quotation marks", key->low,
                         key->high);
    if ((double)value < key->low || (double)value > key->high)
        return cfg_wrong(c, at, json, SK_ERR_RANGE, "an integer from %.0f to %.0f; choose a value within", key->low, key->high);
    memcpy(to, &value, sizeof(value));
    return SK_OK;
}

static enum sk_err num_take(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json, void *to)
{
    if (!cJSON_IsNumber(json))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "a number; write it without quotation marks");
    double value = json->valuedouble;
    if (!(value >= key->low && value <= key->high))
        return cfg_wrong(c, at, json, SK_ERR_RANGE, "a number from %g to %g; choose a value within", key->low, key->high);
    memcpy(to, &value, sizeof(value));
    return SK_OK;
}

static enum sk_err bool_take(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json, void *to)
{
    (void)key;
    if (!cJSON_IsBool(json))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "true or false; write it without quotation marks");
    bool value = cJSON_IsTrue(json);
    memcpy(to, &value, sizeof(value));
    return SK_OK;
}

/* The word that was perhaps meant, out of the family's list "a|b|c"; NULL. Lives until the next call. */
static const char *nearest_word(enum cfg_words words, const char *word)
{
    static _Thread_local char nearest[40];
    char list[1024], *rest = list;
    int least = 3;
    words_list(words, list, sizeof(list));
    nearest[0] = '\0';
    for (char *one = strsep(&rest, "|"); one != NULL; one = strsep(&rest, "|")) {
        const int d = cfg_distance(word, one);
        if (d < least) {
            least = d;
            (void)sk_text_copy(nearest, sizeof(nearest), one);
        }
    }
    return nearest[0] != '\0' ? nearest : NULL;
}

static enum sk_err word_take(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json, void *to)
{
    const char *word = sk_json_text(json);
    int64_t value = word != NULL ? cfg_word_parse(key->words, word) : -1;
    if (value < 0) {
        char list[160];
        words_list(key->words, list, sizeof(list));
        const char *nearest = word != NULL ? nearest_word(key->words, word) : NULL;
        return nearest != NULL ? cfg_wrong(c, at, json, SK_ERR_PARSE, "one of %s; perhaps '%s' is meant", list, nearest)
                               : cfg_wrong(c, at, json, SK_ERR_PARSE, "one of %s; choose one", list);
    }
    memcpy(to, &value, sizeof(value));
    return SK_OK;
}

static enum sk_err ms_take(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json, void *to)
{
    int64_t value;
    const char *text = sk_json_text(json);
    if (text == NULL || !cfg_duration_parse(text, &value))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "an ISO 8601 duration such as \"PT5S\", \"PT0.5S\" or \"PT1H30M\"");
    if ((double)value < key->low || (double)value > key->high)
        return cfg_wrong(c, at, json, SK_ERR_RANGE, "a duration of %g to %g seconds; choose a value within", key->low / 1000,
                         key->high / 1000);
    memcpy(to, &value, sizeof(value));
    return SK_OK;
}

static enum sk_err json_take(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json, void *to)
{
    bool list = key->type == LIST, any = key->type == ANY;
    if (!any && !(list ? cJSON_IsArray(json) : cJSON_IsObject(json)))
        return list ? cfg_wrong(c, at, json, SK_ERR_PARSE, "a list in [ ]")
                    : cfg_wrong(c, at, json, SK_ERR_PARSE, "an object in { }");
    if (list && (double)cJSON_GetArraySize(json) > key->high)
        return cfg_fail(c, at, SK_ERR_RANGE, "found %d elements; expected at most %.0f; shorten the list",
                        cJSON_GetArraySize(json), key->high);
    memcpy(to, &json, sizeof(json));
    return SK_OK;
}

static enum sk_err (*const TAKE[])(struct cfg *c, const struct cfg_at *at, const struct key *key, const cJSON *json,
                                   void *to) = {
    [TEXT] = text_take, [ID] = text_take, [NAME] = text_take, [INT] = int_take,   [NUM] = num_take,  [BOOL] = bool_take,
    [WORD] = word_take, [MS] = ms_take,   [OBJ] = json_take,  [LIST] = json_take, [MAP] = json_take, [ANY] = json_take,
};

/* --- defaults --- */
static void fallback_set(const struct key *key, void *to)
{
    const char *text = strcmp(key->fallback, "!") == 0 ? "" : key->fallback;
    int64_t integer = CFG_UNSET;
    double number = NAN;
    bool flag = strcmp(text, "true") == 0;
    switch (key->type) {
    case TEXT:
    case ID:
    case NAME:
        memcpy(to, &text, sizeof(text));
        return;
    case NUM:
        if (text[0] != '\0')
            number = strtod(text, NULL);
        memcpy(to, &number, sizeof(number));
        return;
    case BOOL:
        memcpy(to, &flag, sizeof(flag));
        return;
    case INT:
        (void)sk_int_read(text, INT64_MIN, INT64_MAX, &integer);
        break;
    case WORD:
        if (text[0] != '\0')
            integer = cfg_word_parse(key->words, text);
        break;
    case MS:
        (void)cfg_duration_parse(text, &integer);
        break;
    case OBJ:
    case LIST:
    case MAP:
    case ANY:
        memset(to, 0, sizeof(const cJSON *));
        return;
    }
    memcpy(to, &integer, sizeof(integer));
}

/* --- one object --- */
static const char *nearest_key(enum cfg_section section, const char *name)
{
    const char *nearest = NULL;
    int least = 3;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const int d = KEYS[i].section == section ? cfg_distance(name, KEYS[i].name) : 99;
        if (d < least) {
            least = d;
            nearest = KEYS[i].name;
        }
    }
    return nearest;
}

static enum sk_err unknown_key(struct cfg *c, const struct cfg_at *at, enum cfg_section section, const char *name)
{
    const char *nearest = nearest_key(section, name);
    char list[120] = "";
    size_t used = 0;
    if (nearest != NULL)
        return cfg_fail(c, at, SK_ERR_PARSE, "found unknown key '%.40s'; expected '%s'; correct its spelling", name, nearest);
    for (size_t i = 0; i < KEY_COUNT && used < sizeof(list); i++) {
        if (KEYS[i].section != section)
            continue;
        int n = snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", KEYS[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
    return cfg_fail(c, at, SK_ERR_PARSE, "found unknown key '%.40s'; expected one of %s%s; remove it", name, list,
                    used >= sizeof(list) ? "..." : "");
}

static const struct key *key_find(enum cfg_section section, const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (KEYS[i].section == section && strcmp(KEYS[i].name, name) == 0)
            return &KEYS[i];
    return NULL;
}

/* Is there a key that was meant to be this one? It is told by its own fault. */
static bool is_misspelt(enum cfg_section section, const cJSON *json, const char *name)
{
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next) {
        const char *nearest = key_find(section, item->string) == NULL ? nearest_key(section, item->string) : NULL;
        if (nearest != NULL && strcmp(nearest, name) == 0)
            return true;
    }
    return false;
}

enum sk_err cfg_read(struct cfg *c, const struct cfg_at *at, enum cfg_section section, const cJSON *json, void *to)
{
    char *base = to;
    enum sk_err first = SK_OK;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (KEYS[i].section == section)
            fallback_set(&KEYS[i], base + KEYS[i].offset);
    if (json != NULL && !cJSON_IsObject(json))
        return cfg_wrong(c, at, json, SK_ERR_PARSE, "an object in { }");
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next) {
        const struct key *key = key_find(section, item->string);
        const enum sk_err err = key == NULL ? unknown_key(c, at, section, item->string)
                                            : TAKE[key->type](c, CFG_AT(at, key->name), key, item, base + key->offset);
        if (!cfg_goes_on(&first, err))
            return err;
    }
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (KEYS[i].section == section && KEYS[i].fallback[0] == '!' && sk_json_get(json, KEYS[i].name) == NULL &&
            !is_misspelt(section, json, KEYS[i].name) &&
            !cfg_goes_on(&first, cfg_fail(c, at, SK_ERR_PARSE, "found no key '%s'; expected one; add it", KEYS[i].name)))
            break;
    return first;
}

/* --- what has no row of its own --- */
enum sk_err cfg_read_texts(struct cfg *c, const struct cfg_at *at, const cJSON *json, const char *const **ret_texts,
                           size_t *ret_count)
{
    static const struct key TEXT_ELEMENT = {.type = TEXT, .low = 1, .high = 4000};
    size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, i = 0;
    const char **texts = cfg_arena_take(c->arena, count, sizeof(*texts));
    if (texts == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++) {
        enum sk_err err = text_take(c, CFG_AT_INDEX(at, i), &TEXT_ELEMENT, item, &texts[i]);
        if (err != SK_OK)
            return err;
    }
    *ret_texts = texts;
    *ret_count = count;
    return SK_OK;
}

enum sk_err cfg_read_code(struct cfg *c, const struct cfg_at *at, const char *text, int64_t low, int64_t high,
                          int64_t *ret_value)
{
    int64_t value = 0;
    bool ok;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        size_t digits = strspn(text + 2, "0123456789ABCDEFabcdef");
        ok = digits > 0 && digits < 16 && text[2 + digits] == '\0';
        value = ok ? (int64_t)strtoull(text + 2, NULL, 16) : 0;
        ok = ok && value >= low && value <= high;
    } else
        ok = sk_int_read(text, low, high, &value);
    if (!ok)
        return cfg_fail(c, at, SK_ERR_RANGE, "found '%.40s'; expected an integer from %lld to %lld, or 0x and hex digits", text,
                        (long long)low, (long long)high);
    *ret_value = value;
    return SK_OK;
}
