/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the registers know of each other. Private to this folder. */
#ifndef SK_MODEL_REGISTER_INTERNAL_H
#define SK_MODEL_REGISTER_INTERNAL_H

#include "schemas/model/register.h"

/* register_fields.c: one value of a field list. */
bool sk_field_find(uint8_t register_, const uint8_t *bytes, size_t length, uint16_t field, struct sk_field_value *ret_value);
bool sk_field_word_is(const struct sk_field_row *row, const char *text, size_t length); /* one of its words */
size_t sk_field_text_max(const struct sk_field_row *row);                               /* bytes of one text */
bool sk_field_number_is(const struct sk_field_row *row, double number);                 /* within its bounds */
/* register_document.c: "c", "c=word" or "c>d" stands, by what the document says or the entry's acts said; a flag when it is
 * true. Either may be NULL. */
bool sk_field_stands(const struct sk_entry *entry, const struct sk_register_document *document, const char *condition,
                     size_t length);
/* register.c: the newest act that says the field, in public or in the vault, counted from 1; 0: none, or it was emptied. */
uint32_t sk_entry_last_act(const struct sk_entry *entry, const struct sk_field_row *field);

#endif
