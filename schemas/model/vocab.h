/* SPDX-License-Identifier: Apache-2.0 */
/* Every vocabulary of the house as C: enums and their names, all from the lists in schemas/vocab.
 *
 * One family = one enum, one sk_FAMILY_name() (NULL outside the list), one sk_FAMILY_parse() (-1 when unknown), and, where
 * people read it, sk_FAMILY_text(value, lang). Nothing else in the house spells these words. Read-only tables: any thread. */
#ifndef SK_MODEL_VOCAB_H
#define SK_MODEL_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sk_lang { SK_LANG_JA, SK_LANG_EN };

#define X(symbol, byte, ua, name, ja, en) symbol = (byte),
enum sk_quality {
#include "schemas/vocab/quality.def"
};
#undef X
#define X(symbol, value, name, ja, en) symbol = (value),
enum sk_quality_reason {
#include "schemas/vocab/quality_reasons.def"
};
enum sk_role {
#include "schemas/vocab/roles.def"
};
enum sk_condition {
#include "schemas/vocab/conditions.def"
};
enum sk_record_class {
#include "schemas/vocab/record_classes.def"
};
enum sk_occurrence_class {
#include "schemas/vocab/occurrence.def"
};
enum sk_clock_quality {
#include "schemas/vocab/clock_quality.def"
};
enum sk_deny_reason {
#include "schemas/vocab/deny_reasons.def"
};
enum sk_factor {
#include "schemas/vocab/factors.def"
};
enum sk_device_kind {
#include "schemas/vocab/device_kinds.def"
};
enum sk_person_kind {
#include "schemas/vocab/person_kinds.def"
};
enum sk_disable_reason {
#include "schemas/vocab/disable_reasons.def"
};
enum sk_occupancy_doubt { /* bits */
#include "schemas/vocab/occupancy_doubts.def"
};
#undef X
#define X(symbol, value, name, syslog, ja, en) symbol = (value),
enum sk_severity {
#include "schemas/vocab/severity.def"
};
#undef X
#define X(symbol, value, name, short_name, ja, en) symbol = (value),
enum sk_alarm_state {
#include "schemas/vocab/alarm_states.def"
};
#undef X
#define X(symbol, code, name, class_, topic, ja, en) symbol = (code),
enum sk_event {
#include "schemas/vocab/events.def"
};
#undef X
#define X(symbol, number, type, name) symbol = (number),
enum sk_tag {
#include "schemas/vocab/tags.def"
};
#undef X
#define X(symbol, code, shown) symbol,
enum sk_unit {
#include "schemas/vocab/units.def"
    SK_UNIT_COUNT_
};
#undef X
#define D(family, symbol, value, word, ja) symbol = (value),
enum sk_door_state {
#include "schemas/vocab/door_states.def"
};
#undef D

/* FAMILY: quality quality_reason role condition record_class occurrence_class clock_quality deny_reason factor device_kind
 * severity alarm_state event person_kind disable_reason occupancy_doubt */
#define SK_VOCAB_FAMILIES(F)                                                                                                   \
    F(quality)                                                                                                                 \
    F(quality_reason)                                                                                                          \
    F(role)                                                                                                                    \
    F(condition)                                                                                                               \
    F(record_class)                                                                                                            \
    F(occurrence_class)                                                                                                        \
    F(clock_quality)                                                                                                           \
    F(deny_reason)                                                                                                             \
    F(factor) F(device_kind) F(severity) F(alarm_state) F(event) F(person_kind) F(disable_reason) F(occupancy_doubt)
#define F(family)                                                                                                              \
    const char *sk_##family##_name(int value);                                                                                 \
    int sk_##family##_parse(const char *name);                                                                                 \
    const char *sk_##family##_text(int value, enum sk_lang lang);
SK_VOCAB_FAMILIES(F)
#undef F

uint32_t sk_quality_ua_code(int quality); /* OPC UA status code */
/* Good, uncertain or bad: the two upper bits of the OPC byte. */
static inline bool sk_quality_is_good(uint8_t q)
{
    return (q & 0xC0u) == 0xC0u;
}
static inline bool sk_quality_is_bad(uint8_t q)
{
    return (q & 0xC0u) == 0u;
}

int sk_event_class(int event);              /* enum sk_record_class, or 0 outside the list */
const char *sk_event_topic(int event);      /* ONVIF topic, "" where there is none */
int sk_event_from_topic(const char *topic); /* longest listed topic that begins it (.../Credential, /Card, ...); -1 unknown */

const char *sk_door_word(const char *family, int value); /* "phys", 1 -> "Open"; NULL unknown */
int sk_door_parse(const char *family, const char *word); /* -1 unknown */
const char *sk_door_text(const char *family, int value, enum sk_lang lang);

const char *sk_unit_code(enum sk_unit unit);  /* UCUM */
const char *sk_unit_shown(enum sk_unit unit); /* for people */
int sk_unit_parse(const char *code);          /* -1 unknown */

enum sk_tag_type {
    SK_TAG_u8,
    SK_TAG_u16,
    SK_TAG_u32,
    SK_TAG_u64,
    SK_TAG_i64,
    SK_TAG_f64,
    SK_TAG_text,
    SK_TAG_bytes,
    SK_TAG_hash32,
    SK_TAG_u16s
};
int sk_tag_type(int tag); /* enum sk_tag_type; -1 unknown tag */
const char *sk_tag_name(int tag);

/* Permissions: may any of these roles (bit mask, 1 << enum sk_role) do this act? Unknown act: false. */
bool sk_permission(const char *act, uint16_t roles);
size_t sk_permission_count(void);
const char *sk_permission_act(size_t index, uint16_t *ret_roles); /* for tests and documentation */

/* Kinds of point: what a name means. From schemas/vocab/points.def (K(name, kind, unit, states, ja, en)). */
enum sk_value_kind {
    SK_KIND_NUMBER, /* double in the kind's unit */
    SK_KIND_STATE,  /* index into the kind's list of states */
    SK_KIND_FLAGS,  /* bit mask over the kind's list of words */
    SK_KIND_TEXT    /* UTF-8, at most SK_TEXT_VALUE - 1 bytes */
};
struct sk_point_kind {
    const char *name; /* "battery.charge"; a step "n" in the name ("ambient.n.humidity") stands for a number 1..999 */
    enum sk_value_kind kind;
    enum sk_unit unit;
    const char *const *states; /* NULL unless state or flags */
    size_t state_count;
    const char *ja;
    const char *en;
};
/* Finds a point name ("ambient.3.humidity" finds "ambient.n.humidity"); NULL when the vocabulary has no such name. */
const struct sk_point_kind *sk_point_kind_find(const char *name);
const struct sk_point_kind *sk_point_kind_at(size_t index); /* NULL past the end */
/* The words of states and flags as people read them; NULL past the end and for words that no point kind has. */
struct sk_state_word {
    const char *word, *ja, *en;
};
const struct sk_state_word *sk_state_word_at(size_t index);
const char *sk_state_word_text(const char *word, enum sk_lang lang);
int sk_point_state_parse(const struct sk_point_kind *kind, const char *word); /* -1 unknown */

#endif
