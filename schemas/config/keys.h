/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one object of a site file or profile by the rows of keys.def.
 *
 * cfg_read() fills a struct of raw.h: unknown keys, wrong types, values out of range and missing keys are errors that name
 * file, JSON path, what was found, what was expected and what to do. Texts are copied into the arena; objects and lists are
 * borrowed from the parsed JSON, which must live until the load is over. Errors: PARSE (shape), RANGE (bounds), NOT_FOUND
 * (references), EXISTS (twins), NOMEM. */
#ifndef SK_CONFIG_KEYS_H
#define SK_CONFIG_KEYS_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "schemas/base/err.h"
#include "schemas/config/arena.h"
#include "schemas/config/config.h"
#include "schemas/config/raw.h"

/* What all steps of one load share. */
struct cfg {
    struct cfg_arena *arena;      /* what the result keeps */
    struct cfg_arena *scratch;    /* what only the load needs */
    const char *file;             /* whose JSON is being read: begins every fault */
    struct sk_fault *fault;       /* the first thing wrong; may be NULL */
    struct sk_config_faults *all; /* all of them; NULL: nobody asked */
};

/* A place in the JSON: a chain on the stack, turned into text only when something is wrong. */
struct cfg_at {
    const struct cfg_at *up; /* NULL: the whole file */
    const char *name;        /* member; NULL: element */
    size_t index;
};
#define CFG_AT(parent, member)  (&(const struct cfg_at){.up = (parent), .name = (member)})
#define CFG_AT_INDEX(parent, i) (&(const struct cfg_at){.up = (parent), .index = (i)})

enum cfg_section {
#define S(name, ja, en) CFG_SECTION_##name,
#define W(list, words)
#define V(list, family)
#define K(section, field, key, type, arg, fallback, low, high, ja, en)
#include "schemas/config/keys.def"
#undef S
#undef K
};

enum cfg_words {
    CFG_WORDS_NONE,
#undef W
#undef V
#define S(name, ja, en)
#define W(list, words)  CFG_WORDS_##list,
#define V(list, family) CFG_WORDS_##list,
#define K(section, field, key, type, arg, fallback, low, high, ja, en)
#include "schemas/config/keys.def"
#undef S
#undef W
#undef V
#undef K
};

/* json NULL: an object that is not there; everything takes its default. `to` is the section's struct. */
enum sk_err cfg_read(struct cfg *c, const struct cfg_at *at, enum cfg_section section, const cJSON *json, void *to);
/* A list of texts of low..high bytes each, copied into the arena; json NULL: none. */
enum sk_err cfg_read_texts(struct cfg *c, const struct cfg_at *at, const cJSON *json, const char *const **ret_texts,
                           size_t *ret_count);
/* An integer of a LIST or MAP that has no row of its own: "12", "0x0C" or 12. */
enum sk_err cfg_read_code(struct cfg *c, const struct cfg_at *at, const char *text, int64_t low, int64_t high,
                          int64_t *ret_value);

/* Words: value or -1; value to word. */
int cfg_word_parse(enum cfg_words list, const char *word);

/* The error paths. cfg_fail: any sentence. cfg_wrong: "found X; expected <expected>". cfg_nomem: out of memory. */
enum sk_err cfg_fail(struct cfg *c, const struct cfg_at *at, enum sk_err code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
enum sk_err cfg_wrong(struct cfg *c, const struct cfg_at *at, const cJSON *found, enum sk_err code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Emptied: whatever stood in it is not the first thing wrong here. */
struct sk_fault *cfg_fresh(struct sk_fault *fault);
enum sk_err cfg_nomem(struct cfg *c);
/* A fault that stands in words already and names its file. */
enum sk_err cfg_pass(struct cfg *c, enum sk_err code, const char *text);
/* After a step: the first error stays, and whether to go on (not when memory is out). */
bool cfg_goes_on(enum sk_err *first, enum sk_err err);

/* "PT1H30M", "PT0.5S", "P1D" to milliseconds; false: not a duration of days, hours, minutes and seconds. */
bool cfg_duration_parse(const char *text, int64_t *ret_ms);

#endif
