/* SPDX-License-Identifier: Apache-2.0 */
/* What the lists say beyond name and text: OPC UA codes, event classes and ONVIF topics, units, tags, permissions. */
#include <string.h>

#include "schemas/model/vocab.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct quality_row {
    int byte;
    uint32_t ua;
};
#define X(symbol, byte, ua, name, ja, en) {symbol, ua},
static const struct quality_row QUALITIES[] = {
#include "schemas/vocab/quality.def"
};
#undef X

uint32_t sk_quality_ua_code(int quality)
{
    for (size_t i = 0; i < COUNT(QUALITIES); i++) {
        if (QUALITIES[i].byte == quality)
            return QUALITIES[i].ua;
    }
    return 0x80000000u; /* what nobody knows is Bad */
}

struct event_row {
    int code, class_;
    const char *topic;
};
#define X(symbol, code, name, class_, topic, ja, en) {symbol, class_, topic},
static const struct event_row EVENTS[] = {
#include "schemas/vocab/events.def"
};
#undef X

static const struct event_row *event_row(int event)
{
    for (size_t i = 0; i < COUNT(EVENTS); i++) {
        if (EVENTS[i].code == event)
            return &EVENTS[i];
    }
    return NULL;
}

int sk_event_class(int event)
{
    const struct event_row *row = event_row(event);
    return row ? row->class_ : 0;
}

const char *sk_event_topic(int event)
{
    const struct event_row *row = event_row(event);
    return row ? row->topic : "";
}

struct topic_row {
    const char *topic;
    int event;
};
#define A(topic, event) {topic, event},
static const struct topic_row FURTHER_TOPICS[] = {
#include "schemas/vocab/event_topics.def"
};
#undef A

/* How much of topic the listed one covers: all of it, or up to a slash. 0: it does not begin it. */
static size_t topic_match(const char *listed, const char *topic)
{
    size_t length = strlen(listed);

    if (length == 0 || strncmp(listed, topic, length) != 0)
        return 0;
    return topic[length] == '\0' || topic[length] == '/' ? length : 0;
}

int sk_event_from_topic(const char *topic)
{
    size_t best = 0;
    int event = -1;

    if (!topic)
        return -1;
    for (size_t i = 0; i < COUNT(EVENTS); i++) {
        size_t length = topic_match(EVENTS[i].topic, topic);
        if (length > best) {
            best = length;
            event = EVENTS[i].code;
        }
    }
    for (size_t i = 0; i < COUNT(FURTHER_TOPICS); i++) {
        size_t length = topic_match(FURTHER_TOPICS[i].topic, topic);
        if (length > best) {
            best = length;
            event = FURTHER_TOPICS[i].event;
        }
    }
    return event;
}

struct unit_row {
    const char *code, *shown;
};
#define X(symbol, code, shown) {code, shown},
static const struct unit_row UNITS[] = {
#include "schemas/vocab/units.def"
};
#undef X

const char *sk_unit_code(enum sk_unit unit)
{
    return (size_t)unit < COUNT(UNITS) ? UNITS[unit].code : NULL;
}

const char *sk_unit_shown(enum sk_unit unit)
{
    return (size_t)unit < COUNT(UNITS) ? UNITS[unit].shown : NULL;
}

int sk_unit_parse(const char *code)
{
    for (size_t i = 0; code && i < COUNT(UNITS); i++) {
        if (!strcmp(UNITS[i].code, code))
            return (int)i;
    }
    return -1;
}

struct tag_row {
    int number;
    enum sk_tag_type type;
    const char *name;
};
#define X(symbol, number, type, name) {symbol, SK_TAG_##type, name},
static const struct tag_row TAGS[] = {
#include "schemas/vocab/tags.def"
};
#undef X

static const struct tag_row *tag_row(int tag)
{
    for (size_t i = 0; i < COUNT(TAGS); i++) {
        if (TAGS[i].number == tag)
            return &TAGS[i];
    }
    return NULL;
}

int sk_tag_type(int tag)
{
    const struct tag_row *row = tag_row(tag);
    return row ? (int)row->type : -1;
}

const char *sk_tag_name(int tag)
{
    const struct tag_row *row = tag_row(tag);
    return row ? row->name : NULL;
}

struct permission_row {
    const char *act;
    uint16_t roles;
};
#define R(role)       (1u << SK_ROLE_##role)
#define P(act, roles) {act, (uint16_t)(roles)},
static const struct permission_row PERMISSIONS[] = {
#include "schemas/vocab/permissions.def"
};
#undef P

bool sk_permission(const char *act, uint16_t roles)
{
    for (size_t i = 0; act && i < COUNT(PERMISSIONS); i++) {
        if (!strcmp(PERMISSIONS[i].act, act))
            return (PERMISSIONS[i].roles & roles) != 0;
    }
    return false;
}

size_t sk_permission_count(void)
{
    return COUNT(PERMISSIONS);
}

const char *sk_permission_act(size_t index, uint16_t *ret_roles)
{
    if (index >= COUNT(PERMISSIONS))
        return NULL;
    if (ret_roles)
        *ret_roles = PERMISSIONS[index].roles;
    return PERMISSIONS[index].act;
}
