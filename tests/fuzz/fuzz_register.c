/* SPDX-License-Identifier: Apache-2.0 */
/* Acts of registers out of bodies that anybody may have written: what is read, writes and reads again as the same; what the
 * fold took it answers for; its field list is shown as JSON, and a JSON document of that register is read without harm. Input:
 * a u16 event, then the body; as document: what follows the event, as text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "schemas/model/register.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

static void no_fault(void *context, const char *field, const char *expected, const char *found)
{
    (void)context;
    require(field != NULL && expected != NULL && found != NULL);
}

static void try_document(const struct sk_act_row *row, const struct sk_registers *registers, const uint8_t *text, size_t length)
{
    static struct sk_register_document document;
    static const struct sk_site site = {.id = "f"};
    struct sk_roster *roster = NULL;
    cJSON *json = NULL;
    require(sk_roster_create(&roster) == SK_OK);
    const struct sk_register_context context = {.site = &site, .roster = roster, .registers = registers, .now_us = 1};
    if (sk_json_parse((const char *)text, length, &SK_JSON_REQUEST, &json, NULL) == SK_OK &&
        sk_register_document_read(&context, row, NULL, json, no_fault, NULL, &document) == SK_OK) {
        require(sk_field_list_is_canonical(row->register_, false, document.fields, document.fields_length));
        require(sk_field_list_is_canonical(row->register_, true, document.personal, document.personal_length));
    }
    cJSON_Delete(json);
    sk_roster_free(roster);
}

static void try_fold(struct sk_registers *registers, struct sk_register_act *act)
{
    const struct sk_field_row *field;
    struct sk_field_value value;
    act->at_us = 7;
    if (sk_registers_apply(registers, act) != SK_OK)
        return;
    const struct sk_entry *entry = sk_registers_get(registers, act->entry);
    require(entry != NULL && entry->act_count == 1 && sk_entry_state_at(entry, 7) == act->state &&
            sk_entry_state_at(entry, 6) == 0);
    for (size_t i = 0; (field = sk_field_at(entry->register_, i)) != NULL; i++)
        if (sk_entry_field(entry, field->id, 7, &value))
            (void)sk_value_has(&value, "x");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sk_roster_act by = {"", "", "", "", 0};
    struct sk_register_act act, again;
    struct sk_registers *registers = NULL;
    struct sk_body body;
    if (size < 2)
        return 0;
    const uint16_t ev = (uint16_t)(data[0] << 8 | data[1]);
    const struct sk_act_row *row = sk_act_row(ev);
    if (row == NULL)
        return 0;
    require(sk_registers_create(&registers) == SK_OK);
    try_document(row, registers, data + 2, size - 2);
    if (sk_register_act_read(ev, data + 2, size - 2, &act) == SK_OK) {
        cJSON *json = cJSON_CreateObject();
        sk_body_init(&body);
        sk_register_act_write(&act, &by, &body);
        require(sk_body_done(&body) && sk_register_act_read(ev, body.bytes, body.writer.length, &again) == SK_OK);
        require(again.step == act.step && again.state == act.state && again.fields_length == act.fields_length &&
                memcmp(again.fields, act.fields, act.fields_length) == 0);
        require(sk_field_list_to_json(row->register_, act.fields, act.fields_length, json) == SK_OK);
        cJSON_Delete(json);
        try_fold(registers, &act);
    }
    sk_registers_free(registers);
    return 0;
}
