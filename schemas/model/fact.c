/* SPDX-License-Identifier: Apache-2.0 */
/* One table of members, in the order of their tags: writing and reading both walk it. */
#include "schemas/model/fact.h"

#include <stddef.h>
#include <string.h>

enum type { TEXT, U16, U64, I64, HASH, ROWS, ACT };

#define M(tag, type, member)                                                                                                   \
    {                                                                                                                          \
        tag, type, offsetof(struct sk_fact, member), sizeof(((struct sk_fact *)0)->member)                                     \
    }
static const struct member {
    enum sk_tag tag;
    enum type type;
    size_t offset, size;
} members[] = {
    M(SK_TAG_IDENTIFIER_HMAC, HASH, identifier),
    M(SK_TAG_ROSTER_VERSION, U64, version),
    M(SK_TAG_COUNT, U64, count),
    M(SK_TAG_DETAIL, TEXT, detail),
    M(SK_TAG_DEVICE, TEXT, device),
    M(SK_TAG_ACTOR, ACT, actor), /* and what else an act carries */
    M(SK_TAG_OBJECT, TEXT, object),
    M(SK_TAG_ENTITY_ID, TEXT, entity),
    M(SK_TAG_DIGEST, HASH, digest),
    M(SK_TAG_PERSON, TEXT, person),
    M(SK_TAG_ZONE_NO, U16, zone),
    M(SK_TAG_FACTORS, U16, factors),
    M(SK_TAG_LIST_ROWS, ROWS, rows),
    M(SK_TAG_TAKEN_US, I64, taken_us),
    M(SK_TAG_NOTICED_US, I64, noticed_us),
    M(SK_TAG_TOLD_US, I64, told_us),
    M(SK_TAG_FOUND_US, I64, found_us),
    M(SK_TAG_DUE_US, I64, due_us),
    M(SK_TAG_CONSENT_US, I64, consent_us),
    M(SK_TAG_DECISION, TEXT, decision),
    M(SK_TAG_MEDIAN_MS, U64, median_ms),
};
#undef M
enum { MEMBERS = sizeof members / sizeof *members };

bool sk_is_fact(uint16_t ev)
{
    return ev >= SK_EV_LIST_ROWS && ev <= SK_EV_PERSON_ERASED && sk_event_class(ev) == SK_CLASS_ROSTER;
}

static void put_text(struct sk_body *body, enum sk_tag tag, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sk_body_put_text(body, tag, text);
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void put_number(struct sk_body *body, const struct member *member, const uint8_t *at)
{
    uint16_t u16;
    uint64_t u64;
    int64_t i64;
    if (is_zero(at, member->size))
        return;
    switch (member->type) {
    case U16:
        memcpy(&u16, at, sizeof u16);
        sk_body_put_u16(body, member->tag, u16);
        return;
    case U64:
        memcpy(&u64, at, sizeof u64);
        sk_body_put_u64(body, member->tag, u64);
        return;
    default:
        memcpy(&i64, at, sizeof i64);
        sk_body_put_i64(body, member->tag, i64);
    }
}

void sk_fact_write(const struct sk_fact *fact, const struct sk_roster_act *act, struct sk_body *body)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        const struct member *member = &members[i];
        const uint8_t *at = (const uint8_t *)fact + member->offset;
        if (member->type == ACT)
            sk_roster_act_write(act, body);
        else if (member->type == TEXT)
            put_text(body, member->tag, (const char *)at);
        else if (member->type == HASH && !is_zero(at, SK_HASH_SIZE))
            sk_body_put_hash(body, member->tag, (const struct sk_hash *)(const void *)at);
        else if (member->type == ROWS && fact->rows_length > 0)
            sk_body_put_bytes(body, member->tag, fact->rows, fact->rows_length);
        else if (member->type != HASH && member->type != ROWS)
            put_number(body, member, at);
    }
}

static bool take(const struct member *member, const struct sk_body_item *item, struct sk_fact *fact)
{
    uint8_t *to = (uint8_t *)fact + member->offset;
    const uint16_t u16 = (uint16_t)sk_item_u64(item);
    const uint64_t u64 = sk_item_u64(item);
    const int64_t i64 = sk_item_i64(item);
    switch (member->type) {
    case U16:
        memcpy(to, &u16, sizeof u16);
        return true;
    case U64:
        memcpy(to, &u64, sizeof u64);
        return true;
    case I64:
        memcpy(to, &i64, sizeof i64);
        return true;
    case ROWS:
        fact->rows_length = (uint16_t)item->length;
        break;
    default:
        break;
    }
    const size_t room = member->type == TEXT || member->type == ACT ? member->size - 1 : member->size;
    if (item->length > room || (member->type == HASH && item->length != SK_HASH_SIZE))
        return false;
    memcpy(to, item->bytes, item->length);
    return true;
}

enum sk_err sk_fact_read(uint16_t ev, const uint8_t *body, size_t length, struct sk_fact *ret_fact)
{
    if (!sk_is_fact(ev) || !sk_body_is_canonical(body, length))
        return SK_ERR_PARSE;
    memset(ret_fact, 0, sizeof *ret_fact);
    ret_fact->ev = ev;
    for (size_t i = 0; i < MEMBERS; i++) {
        struct sk_body_item item;
        if (sk_body_find(body, length, members[i].tag, &item) && !take(&members[i], &item, ret_fact))
            return SK_ERR_PARSE;
    }
    return SK_OK;
}
