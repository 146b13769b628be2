/* SPDX-License-Identifier: Apache-2.0 */
/* Acts of registers made from JSON, for tests: on the site of the engine kit and the roster of the roster kit. */
#ifndef REGISTER_KIT_H
#define REGISTER_KIT_H

#include "schemas/base/json.h"
#include "schemas/model/register.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

struct rg_faults {
    char fields[512]; /* names, parted by blanks */
    char first[SK_FAULT_TEXT];
};

static inline void rg_fault(void *context, const char *field, const char *expected, const char *found)
{
    struct rg_faults *faults = context;
    const size_t length = strlen(faults->fields);
    sk_text_format(faults->fields + length, sizeof faults->fields - length, "%s%s", length > 0 ? " " : "", field);
    if (faults->first[0] == '\0')
        sk_text_format(faults->first, sizeof faults->first, "%s: expected %s, found %s", field, expected, found);
}

/* Reads `text` for the act; faults may be NULL when there must be none. */
static inline enum sk_err rg_read(const struct sk_register_context *context, uint16_t ev, const struct sk_entry *entry,
                                  const char *text, struct rg_faults *faults, struct sk_register_document *document)
{
    struct rg_faults own = {"", ""};
    struct sk_fault fault = {0};
    cJSON *json = NULL;
    if (sk_json_parse(text, strlen(text), &SK_JSON_REQUEST, &json, &fault) != SK_OK)
        fail_msg("%s: %s", text, fault.text);
    const enum sk_err err =
        sk_register_document_read(context, sk_act_row(ev), entry, json, rg_fault, faults ? faults : &own, document);
    cJSON_Delete(json);
    if (faults == NULL && err != SK_OK)
        fail_msg("%s: %s", text, own.first);
    return err;
}

/* The next act on `entry` ("" opens one) as the engine would make it. */
static inline struct sk_register_act rg_act(const struct sk_registers *registers, uint16_t ev, const char *entry,
                                            const char *actor, int64_t at_us, const struct sk_register_document *document)
{
    const struct sk_entry *now = sk_registers_get(registers, entry);
    struct sk_register_act act = {.row = sk_act_row(ev), .at_us = at_us, .step = now != NULL ? now->act_count + 1 : 1};
    assert_non_null(act.row);
    act.state = act.row->to != 0 ? act.row->to : now != NULL ? now->state : 0;
    sk_text_copy(act.entry, sizeof act.entry, entry);
    if (entry[0] == '\0')
        sk_registers_next_id(registers, act.row->register_, act.entry);
    sk_text_copy(act.actor, sizeof act.actor, actor);
    act.fields = document->fields;
    act.fields_length = document->fields_length;
    act.has_personal = document->personal_length > 0;
    act.vault_fields = sk_field_list_mask(act.row->register_, document->personal, document->personal_length);
    return act;
}

/* A permit that is in order; %s: its `until`. */
#define RG_PERMIT                                                                                                              \
    "{\"purpose\":\"work\",\"company\":\"c\",\"from\":\"2025-11-20T11:00:00Z\",\"until\":\"%s\",\"zones\":[\"server\"],"       \
    "\"worker_names\":[\"somebody\"],\"applicant\":\"ann\"}"

#endif
