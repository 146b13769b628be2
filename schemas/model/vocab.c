/* SPDX-License-Identifier: Apache-2.0 */
/* The families that share one shape: value, name, Japanese and English text.
 *
 * One table per family, made from its list, and three functions per family over one search. The longest list has some sixty
 * rows, so the search walks; what needs speed (point kinds) has its own file. */
#include "schemas/model/vocab.h"

#include <string.h>

struct word {
    int value;
    const char *name, *ja, *en;
};

static const struct word *by_value(const struct word *words, size_t count, int value)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i].value == value)
            return &words[i];
    }
    return NULL;
}

static const struct word *by_name(const struct word *words, size_t count, const char *name)
{
    for (size_t i = 0; name && i < count; i++) {
        if (!strcmp(words[i].name, name))
            return &words[i];
    }
    return NULL;
}

/* clang-format off */
#define X(symbol, value, name, ja, en) {symbol, name, ja, en},
static const struct word quality_reason_words[] = {
#include "schemas/vocab/quality_reasons.def"
};
static const struct word role_words[] = {
#include "schemas/vocab/roles.def"
};
static const struct word condition_words[] = {
#include "schemas/vocab/conditions.def"
};
static const struct word record_class_words[] = {
#include "schemas/vocab/record_classes.def"
};
static const struct word occurrence_class_words[] = {
#include "schemas/vocab/occurrence.def"
};
static const struct word clock_quality_words[] = {
#include "schemas/vocab/clock_quality.def"
};
static const struct word deny_reason_words[] = {
#include "schemas/vocab/deny_reasons.def"
};
static const struct word factor_words[] = {
#include "schemas/vocab/factors.def"
};
static const struct word device_kind_words[] = {
#include "schemas/vocab/device_kinds.def"
};
static const struct word person_kind_words[] = {
#include "schemas/vocab/person_kinds.def"
};
static const struct word disable_reason_words[] = {
#include "schemas/vocab/disable_reasons.def"
};
static const struct word occupancy_doubt_words[] = {
#include "schemas/vocab/occupancy_doubts.def"
};
#undef X
#define X(symbol, byte, ua, name, ja, en) {symbol, name, ja, en},
static const struct word quality_words[] = {
#include "schemas/vocab/quality.def"
};
#undef X
#define X(symbol, value, name, syslog, ja, en) {symbol, name, ja, en},
static const struct word severity_words[] = {
#include "schemas/vocab/severity.def"
};
#undef X
#define X(symbol, value, name, short_name, ja, en) {symbol, name, ja, en},
static const struct word alarm_state_words[] = {
#include "schemas/vocab/alarm_states.def"
};
#undef X
#define X(symbol, code, name, class_, topic, ja, en) {symbol, name, ja, en},
static const struct word event_words[] = {
#include "schemas/vocab/events.def"
};
#undef X

#define COUNT(words) (sizeof(words) / sizeof((words)[0]))
#define F(family)                                                                                                              \
    const char *sk_##family##_name(int value)                                                                                  \
    {                                                                                                                          \
        const struct word *word = by_value(family##_words, COUNT(family##_words), value);                                      \
        return word ? word->name : NULL;                                                                                       \
    }                                                                                                                          \
    int sk_##family##_parse(const char *name)                                                                                  \
    {                                                                                                                          \
        const struct word *word = by_name(family##_words, COUNT(family##_words), name);                                        \
        return word ? word->value : -1;                                                                                        \
    }                                                                                                                          \
    const char *sk_##family##_text(int value, enum sk_lang lang)                                                               \
    {                                                                                                                          \
        const struct word *word = by_value(family##_words, COUNT(family##_words), value);                                      \
        if (!word)                                                                                                             \
            return NULL;                                                                                                       \
        return lang == SK_LANG_JA ? word->ja : word->en;                                                                       \
    }
SK_VOCAB_FAMILIES(F)
/* clang-format on */
