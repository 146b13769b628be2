/* SPDX-License-Identifier: Apache-2.0 */
/* An act of a register as the body of its record, and back. Tags ascend, as bodies demand. */
#include <string.h>

#include "schemas/model/register.h"

static void put_text(struct sk_body *body, enum sk_tag tag, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sk_body_put_text(body, tag, text);
}

static void put_numbers(struct sk_body *body, uint64_t mask)
{
    uint16_t numbers[64];
    size_t count = 0;
    for (uint16_t i = 0; i < 64; i++)
        if ((mask >> i & 1) != 0)
            numbers[count++] = i;
    sk_body_put_u16s(body, SK_TAG_VAULT_FIELDS, numbers, count);
}

void sk_register_act_write(const struct sk_register_act *act, const struct sk_roster_act *by, struct sk_body *body)
{
    put_text(body, SK_TAG_ACTOR, act->actor);
    if (by->roles != 0)
        sk_body_put_u16(body, SK_TAG_ACTOR_ROLES, by->roles);
    put_text(body, SK_TAG_ACTOR_ADDRESS, by->address);
    put_text(body, SK_TAG_REASON_TEXT, by->reason);
    put_text(body, SK_TAG_COMMAND, by->command);
    sk_body_put_text(body, SK_TAG_ENTITY_ID, act->entry);
    if (act->has_personal)
        sk_body_put_hash(body, SK_TAG_LABEL_COMMIT, &act->personal);
    sk_body_put_u32(body, SK_TAG_STEP, act->step);
    sk_body_put_text(body, SK_TAG_ENTRY_STATE, sk_register_state_name(act->state));
    sk_body_put_bytes(body, SK_TAG_FIELDS, act->fields, act->fields_length);
    sk_body_put_i64(body, SK_TAG_ACT_US, act->at_us);
    if (act->has_personal && act->vault_fields != 0)
        put_numbers(body, act->vault_fields);
}

static bool take_text(const uint8_t *body, size_t length, enum sk_tag tag, char *to, size_t capacity)
{
    struct sk_body_item item;
    if (!sk_body_find(body, length, tag, &item) || item.length >= capacity || memchr(item.bytes, '\0', item.length) != NULL)
        return false;
    memcpy(to, item.bytes, item.length);
    to[item.length] = '\0';
    return true;
}

/* The entry's id is one of the act's register, and the state is where the act leads. */
static bool fits(const struct sk_register_act *act, const char *state)
{
    uint8_t register_;
    uint32_t number;
    const int value = sk_register_state_parse(state);
    return sk_entry_id_parse(act->entry, &register_, &number) && register_ == act->row->register_ && act->step > 0 &&
           value > 0 && (act->row->to == 0 || act->row->to == value) &&
           ((act->row->rules & SK_AR_OPENS) != 0) == (act->step == 1);
}

/* Ascending numbers of fields of the vault; none in acts of before. */
static bool take_numbers(const uint8_t *body, size_t length, const struct sk_act_row *row, uint64_t *ret_mask)
{
    struct sk_body_item item;
    int last = 0;
    *ret_mask = 0;
    if (!sk_body_find(body, length, SK_TAG_VAULT_FIELDS, &item))
        return true;
    for (size_t i = 0; i + 1 < item.length; i += 2) {
        const int number = item.bytes[i] << 8 | item.bytes[i + 1];
        const struct sk_field_row *field = number < 64 ? sk_field_row((uint16_t)(row->register_ << 8 | number)) : NULL;
        if (number <= last || field == NULL || (field->flags & SK_FF_VAULT) == 0)
            return false;
        *ret_mask |= UINT64_C(1) << number;
        last = number;
    }
    return true;
}

enum sk_err sk_register_act_read(uint16_t ev, const uint8_t *body, size_t length, struct sk_register_act *ret_act)
{
    struct sk_body_item item;
    char state[32];
    struct sk_register_act act = {.row = sk_act_row(ev)};
    if (act.row == NULL || !sk_body_is_canonical(body, length) ||
        !take_text(body, length, SK_TAG_ACTOR, act.actor, sizeof act.actor) ||
        !take_text(body, length, SK_TAG_ENTITY_ID, act.entry, sizeof act.entry) ||
        !take_text(body, length, SK_TAG_ENTRY_STATE, state, sizeof state) || !sk_body_find(body, length, SK_TAG_STEP, &item))
        return SK_ERR_PARSE;
    act.step = (uint32_t)sk_item_u64(&item);
    if (!sk_body_find(body, length, SK_TAG_ACT_US, &item))
        return SK_ERR_PARSE;
    act.at_us = sk_item_i64(&item);
    if (!fits(&act, state) || !sk_body_find(body, length, SK_TAG_FIELDS, &item))
        return SK_ERR_PARSE;
    act.state = (uint8_t)sk_register_state_parse(state);
    act.fields = item.bytes;
    act.fields_length = item.length;
    act.has_personal = sk_body_find(body, length, SK_TAG_LABEL_COMMIT, &item);
    if (act.has_personal)
        memcpy(act.personal.bytes, item.bytes, SK_HASH_SIZE);
    if (act.fields_length > SK_FIELDS_BYTES_MAX || !take_numbers(body, length, act.row, &act.vault_fields) ||
        !sk_field_list_is_canonical(act.row->register_, false, act.fields, act.fields_length))
        return SK_ERR_PARSE;
    *ret_act = act;
    return SK_OK;
}
