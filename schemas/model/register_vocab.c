/* SPDX-License-Identifier: Apache-2.0 */
/* The registers' tables as C: rows of schemas/vocab/register*.def and how to find them. */
#include <stdlib.h>
#include <string.h>

#include "schemas/model/register.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The words that the lists use, without their prefixes. */
enum {
    REQUIRED = SK_FF_REQUIRED,
    ONE_OF = SK_FF_ONE_OF,
    PERSONAL = SK_FF_PERSONAL,
    LIST = SK_FF_LIST,
    LATER = SK_FF_LATER,
    NOW = SK_FF_NOW,
    AFTER = SK_FF_AFTER,
    SUBJECT = SK_FF_SUBJECT,
    SIGNED = SK_FF_SIGNED,
    PAST = SK_FF_PAST,
    WORDS = SK_FF_WORDS,
    OPENS = SK_AR_OPENS,
    NOT_OPENER = SK_AR_NOT_OPENER,
    NOT_SUBJECT = SK_AR_NOT_SUBJECT,
    REASON = SK_AR_REASON,
    AMENDS = SK_AR_AMENDS,
    SK_RS_KEEP = 0
};
#define IN(state) (UINT64_C(1) << SK_RS_##state)

#define R(symbol, number, name, path, prefix, ja, en) {number, name, path, prefix, ja, en},
static const struct sk_register_row registers[] = {
#include "schemas/vocab/registers.def"
};
#undef R

#define F(reg, symbol, number, name, type, flags, max, words, ja, en)                                                          \
    {SK_F_##reg##_##symbol, SK_FT_##type, flags, max, name, words, ja, en},
static const struct sk_field_row fields[] = {
/* ascending by id: sk_field_row() halves it */
#include "schemas/vocab/register_fields.def"
};
#undef F

#define A(symbol, code, name, reg, from, to, permission, rules, fields, ja, en)                                                \
    {symbol, SK_REGISTER_##reg, SK_RS_##to, rules, from, name, permission, fields},
static const struct sk_act_row acts[] = {
/* ascending by code */
#include "schemas/vocab/register_acts.def"
};
#undef A

#define D(reg, state, field, after_s, severity, name, when)                                                                    \
    {SK_REGISTER_##reg, SK_RS_##state, severity, SK_F_##reg##_##field, after_s, name, when},
#define SINCE(reg) enum { SK_F_##reg##_SINCE = 0 }
SINCE(EMERGENCY);
SINCE(VISIT);
SINCE(GOODS);
SINCE(ITEM);
SINCE(ERASURE);
SINCE(MEDIA);
SINCE(KEY);
SINCE(HANDOVER);
SINCE(MODE);
static const struct sk_due_row dues[] = {
#include "schemas/vocab/register_dues.def"
};
#undef D

#define S(symbol, number, name, final, ja, en) [number] = {name, ja, en, final},
static const struct {
    const char *name, *ja, *en;
    bool final;
} states[] = {
#include "schemas/vocab/register_states.def"
};
#undef S

/* --- registers --- */

const struct sk_register_row *sk_register_at(size_t index)
{
    return index < COUNT(registers) ? &registers[index] : NULL;
}

const struct sk_register_row *sk_register_row(uint8_t number)
{
    for (size_t i = 0; i < COUNT(registers); i++)
        if (registers[i].number == number)
            return &registers[i];
    return NULL;
}

const struct sk_register_row *sk_register_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT(registers); i++)
        if (strcmp(registers[i].name, name) == 0)
            return &registers[i];
    return NULL;
}

bool sk_entry_id_parse(const char *id, uint8_t *ret_register, uint32_t *ret_number)
{
    int64_t number;
    const char *dash = strchr(id, '-');
    if (dash == NULL || dash - id != 2 || dash[1] == '0' || !sk_int_read(dash + 1, 1, UINT32_MAX, &number))
        return false;
    for (size_t i = 0; i < COUNT(registers); i++)
        if (memcmp(registers[i].prefix, id, 2) == 0) {
            *ret_register = registers[i].number;
            *ret_number = (uint32_t)number;
            return true;
        }
    return false;
}

/* --- fields --- */

static int by_id(const void *key, const void *row)
{
    return (int)*(const uint16_t *)key - (int)((const struct sk_field_row *)row)->id;
}

const struct sk_field_row *sk_field_row(uint16_t id)
{
    return bsearch(&id, fields, COUNT(fields), sizeof fields[0], by_id);
}

const struct sk_field_row *sk_field_at(uint8_t register_, size_t index)
{
    const uint16_t first = (uint16_t)(register_ << 8 | 1);
    const struct sk_field_row *row = sk_field_row(first);
    if (row == NULL || index >= (size_t)(fields + COUNT(fields) - row) || row[index].id >> 8 != register_)
        return NULL;
    return &row[index];
}

uint16_t sk_field_named_by(uint16_t field)
{
    static const struct {
        uint16_t name, reference;
    } rows[] = {
#define N(reg, name, reference) {SK_F_##reg##_##name, SK_F_##reg##_##reference},
#include "schemas/vocab/register_names.def"
#undef N
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].name == field)
            return rows[i].reference;
    return 0;
}

const struct sk_field_row *sk_field_by_name(uint8_t register_, const char *name)
{
    const struct sk_field_row *row;
    for (size_t i = 0; (row = sk_field_at(register_, i)) != NULL; i++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

/* --- acts, dues, states --- */

const struct sk_act_row *sk_act_at(size_t index)
{
    return index < COUNT(acts) ? &acts[index] : NULL;
}

static int by_ev(const void *key, const void *row)
{
    return (int)*(const uint16_t *)key - (int)((const struct sk_act_row *)row)->ev;
}

const struct sk_act_row *sk_act_row(uint16_t ev)
{
    return bsearch(&ev, acts, COUNT(acts), sizeof acts[0], by_ev);
}

const char *sk_act_word(const struct sk_act_row *row)
{
    return strchr(row->name, '.') + 1;
}

const struct sk_act_row *sk_act_by_name(uint8_t register_, const char *name)
{
    for (size_t i = 0; i < COUNT(acts); i++)
        if (acts[i].register_ == register_ && strcmp(sk_act_word(&acts[i]), name) == 0)
            return &acts[i];
    return NULL;
}

const struct sk_due_row *sk_due_at(size_t index)
{
    return index < COUNT(dues) ? &dues[index] : NULL;
}

uint32_t sk_due_after_s(const struct sk_site *site, size_t index)
{
    return site->due_after_s != NULL ? site->due_after_s[index] : dues[index].after_s;
}

const char *sk_register_state_name(uint8_t state)
{
    return state < COUNT(states) ? states[state].name : NULL;
}

int sk_register_state_parse(const char *name)
{
    for (int i = 1; i < (int)COUNT(states); i++)
        if (states[i].name != NULL && strcmp(states[i].name, name) == 0)
            return i;
    return -1;
}

const char *sk_register_state_text(uint8_t state, enum sk_lang lang)
{
    if (state >= COUNT(states))
        return NULL;
    return lang == SK_LANG_JA ? states[state].ja : states[state].en;
}

bool sk_register_state_is_final(uint8_t state)
{
    return state < COUNT(states) && states[state].final;
}
