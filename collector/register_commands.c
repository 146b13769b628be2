/* SPDX-License-Identifier: Apache-2.0 */
/* Acts of the registers by command: one way for all of them. The row of the act says who may do it, what it takes and which
 * states it leaves; nothing here knows a register by name. Personal fields go into the vault first, under the step that the act
 * will be. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { FAULTS_MAX = 64 };

/* --- what a document may refer to --- */

static bool is_somebody(void *context, const char *id)
{
    return sk_roster_is_somebody(context, id);
}

static bool is_same_person(void *context, const char *one, const char *other)
{
    return sk_request_same_person(context, one, other);
}

static enum sk_err seen(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    (void)ev, (void)at_us, (void)body, (void)length;
    *(bool *)context = true;
    return SK_OK;
}

/* Entries that ended long ago are in the projection only. */
static bool entry_exists(void *context, const char *id)
{
    struct request *request = context;
    uint8_t register_;
    uint32_t number;
    bool found = false;
    return sk_entry_id_parse(id, &register_, &number) &&
           sk_store_entry_acts(sk_recorder_store(request->floor->recorder), register_, number, seen, &found) == SK_OK && found;
}

struct sk_register_context sk_register_context_of(struct request *request)
{
    const struct sk_command_floor *floor = request->floor;
    return (struct sk_register_context){.site = floor->site,
                                        .roster = sk_engine_roster(floor->engine),
                                        .registers = sk_engine_registers(floor->engine),
                                        .zone = floor->zone,
                                        .is_somebody = is_somebody,
                                        .entry_exists = entry_exists,
                                        .context = request,
                                        .now_us = request->now->utc_us,
                                        .actor = request->actor.id,
                                        .is_same = is_same_person};
}

/* --- faults --- */

/* All of them as a list, the first ones also as the sentence. */
static void add_fault(void *context, const char *field, const char *expected, const char *found)
{
    char text[SK_FAULT_TEXT];
    struct sk_answer *answer = ((struct request *)context)->answer;
    const size_t length = strlen(answer->detail);
    if (answer->faults == NULL)
        answer->faults = cJSON_CreateArray();
    sk_text_format(text, sizeof text, "%s%s: expected %s, found %s", length > 0 ? "; " : "", field, expected, found);
    if (length + strlen(text) < sizeof answer->detail)
        sk_text_copy(answer->detail + length, sizeof answer->detail - length, text);
    if (answer->faults == NULL || cJSON_GetArraySize(answer->faults) >= FAULTS_MAX)
        return;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "field", field);
    cJSON_AddStringToObject(item, "expected", expected);
    cJSON_AddStringToObject(item, "found", found);
    cJSON_AddItemToArray(answer->faults, item);
}

/* --- an act --- */

/* The personal values and their commitment, stored under the step to come. */
static enum sk_err store_personal(struct request *request, struct sk_register_act *act,
                                  const struct sk_register_document *document)
{
    struct sk_register_personal personal = {.length = document->personal_length};
    if (personal.length == 0)
        return SK_OK;
    memcpy(personal.fields, document->personal, personal.length);
    enum sk_err err = sk_random(personal.salt, sizeof personal.salt);
    if (err == SK_OK)
        err = sk_register_personal_commit(&personal, &act->personal);
    if (err == SK_OK)
        err = sk_vault_register_put(request->floor->vault, act->entry, act->step, &personal);
    explicit_bzero(&personal, sizeof personal);
    act->has_personal = err == SK_OK;
    act->vault_fields = sk_field_list_mask(document->register_, document->personal, document->personal_length);
    return err == SK_OK ? err : sk_request_refuse(request, err, "names could not be stored; nothing was done");
}

enum sk_err sk_register_do(struct request *request, const struct sk_act_row *row, const char *entry,
                           const struct sk_register_document *document)
{
    struct sk_fault fault = {0};
    struct sk_command_floor *floor = request->floor;
    const struct sk_entry *now = sk_registers_get(sk_engine_registers(floor->engine), entry);
    struct sk_register_act act = {.row = row,
                                  .step = now != NULL ? now->act_count + 1 : 1,
                                  .state = row->to != 0  ? row->to
                                           : now != NULL ? now->state
                                                         : 0,
                                  .fields = document->fields,
                                  .fields_length = document->fields_length};
    const struct sk_roster_act by = {.actor = request->actor.id,
                                     .address = request->actor.address,
                                     .reason = sk_request_reason(request),
                                     .command = request->command,
                                     .roles = request->actor.roles};
    sk_text_copy(act.entry, sizeof act.entry, entry);
    sk_text_copy(act.actor, sizeof act.actor, request->actor.id);
    enum sk_err err = sk_registers_check(sk_engine_registers(floor->engine), &act, &fault);
    if (err == SK_OK && store_personal(request, &act, document) != SK_OK)
        return request->answer->err;
    if (err == SK_OK)
        err = sk_engine_register_act(floor->engine, &act, &by, request->now, sk_recorder_effects(floor->recorder), &fault);
    if (err != SK_OK)
        return sk_request_refuse(request, err, fault.text[0] != '\0' ? fault.text : sk_err_text(err));
    request->answer->durable = true;
    return SK_OK;
}

static const struct sk_act_row *opening_of(uint8_t register_)
{
    const struct sk_act_row *row;
    for (size_t i = 0; (row = sk_act_at(i)) != NULL; i++)
        if (row->register_ == register_ && (row->rules & SK_AR_OPENS) != 0)
            return row;
    return NULL;
}

const struct sk_register_row *sk_register_named(const char *name, const char *path)
{
    const struct sk_register_row *row;
    for (size_t i = 0; (row = sk_register_at(i)) != NULL; i++)
        if ((name[0] != '\0' || path[0] != '\0') && (name[0] == '\0' || strcmp(row->name, name) == 0) &&
            (path[0] == '\0' || strcmp(row->path, path) == 0))
            return row;
    return NULL;
}

static const struct sk_act_row *no_act(struct request *request, const char *detail)
{
    sk_request_refuse(request, SK_ERR_NOT_FOUND, detail);
    return NULL;
}

/* An act that opens an entry of the register; its id is the next one. */
static const struct sk_act_row *read_opening(struct request *request, const struct sk_register_row *register_, const char *word,
                                             char entry[SK_ENTRY_ID_MAX])
{
    if (register_ == NULL)
        return no_act(request, "give 'entry' (an id like pm-12), or 'register' (its name) to open one");
    const struct sk_act_row *act = word[0] != '\0' ? sk_act_by_name(register_->number, word) : opening_of(register_->number);
    if (act == NULL || (act->rules & SK_AR_OPENS) == 0)
        return no_act(request, "act: no act that opens an entry of this register");
    sk_registers_next_id(sk_engine_registers(request->floor->engine), register_->number, entry);
    return act;
}

/* The act asked for: of an entry, or of a register (by name, or the first under a path) when it opens one. NULL: refused
 * already. */
static const struct sk_act_row *read_act(struct request *request, char entry[SK_ENTRY_ID_MAX])
{
    uint8_t register_;
    uint32_t number;
    const char *id = sk_request_text(request, "entry", false, SK_ENTRY_ID_MAX - 1);
    const char *name = id != NULL ? sk_request_text(request, "register", false, 40) : NULL;
    const char *path = name != NULL ? sk_request_text(request, "path", false, 40) : NULL;
    const char *word = path != NULL ? sk_request_text(request, "act", id[0] != '\0', 40) : NULL;
    if (word == NULL)
        return NULL;
    if (id[0] == '\0')
        return read_opening(request, sk_register_named(name, path), word, entry);
    if (!sk_entry_id_parse(id, &register_, &number) || (path[0] != '\0' && strcmp(path, sk_register_row(register_)->path) != 0))
        return no_act(request, "entry: there is no such entry");
    const struct sk_act_row *act = sk_act_by_name(register_, word);
    if (act == NULL || (act->rules & SK_AR_OPENS) != 0)
        return no_act(request, "act: no act on entries of this register");
    sk_text_copy(entry, SK_ENTRY_ID_MAX, id);
    return act;
}

/* Does the act leave the state in which the entry is? Said before anything else is asked of the document. */
static enum sk_err check_state(struct request *request, const struct sk_act_row *row, const struct sk_entry *entry)
{
    char detail[160];
    if (entry == NULL || (row->from >> entry->state & 1) != 0)
        return SK_OK;
    sk_text_format(detail, sizeof detail, "%s is %s: %s is not possible now", entry->id, sk_register_state_name(entry->state),
                   row->name);
    return sk_request_refuse(request, SK_ERR_CONFLICT, detail);
}

/* Role, state, reason, separation (same_person.c); what stands of the entry in *ret_entry. */
static enum sk_err may_act(struct request *request, const struct sk_act_row *row, const char *id,
                           const struct sk_entry **ret_entry)
{
    struct sk_fault fault = {0};
    const struct sk_entry *entry = sk_registers_get(sk_engine_registers(request->floor->engine), id);
    if (sk_request_deny(request, row->permission) != SK_OK)
        return SK_ERR_DENIED;
    if (!sk_recorder_writable(request->floor->recorder))
        return sk_request_refuse(request, SK_ERR_FULL, "the log cannot be written now, so no register can change");
    if ((row->rules & SK_AR_OPENS) == 0 && entry == NULL)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "entry: there is no such entry, or it has long ended");
    if (check_state(request, row, entry) != SK_OK)
        return SK_ERR_CONFLICT;
    if ((row->rules & SK_AR_REASON) != 0 && sk_request_reason(request)[0] == '\0')
        return sk_request_refuse(request, SK_ERR_PARSE, "reason: expected why, found nothing");
    *ret_entry = entry;
    const enum sk_err err = sk_register_act_allowed(row, entry, request->actor.id, is_same_person, request, &fault);
    return err == SK_OK ? err : sk_request_refuse(request, err, fault.text);
}

static enum sk_err read_and_do(struct request *request, const struct sk_act_row *row, const char *id,
                               const struct sk_entry *entry, struct sk_register_document *document)
{
    const struct sk_register_context context = sk_register_context_of(request);
    enum sk_err err =
        sk_register_document_read(&context, row, entry, sk_json_get(request->args, "fields"), add_fault, request, document);
    if (err == SK_OK)
        err = sk_register_judge(&context, row, entry, document, add_fault, request);
    if (err != SK_OK) {
        request->answer->err = err;
        return err;
    }
    err = sk_register_do(request, row, id, document);
    if (err != SK_OK)
        return err;
    entry = sk_registers_get(sk_engine_registers(request->floor->engine), id);
    request->answer->result = cJSON_CreateObject();
    cJSON_AddStringToObject(request->answer->result, "id", id);
    cJSON_AddStringToObject(request->answer->result, "state", entry != NULL ? sk_register_state_name(entry->state) : "");
    cJSON_AddNumberToObject(request->answer->result, "step", entry != NULL ? entry->act_count : 0);
    return SK_OK;
}

enum sk_err sk_run_register_act(struct request *request)
{
    char id[SK_ENTRY_ID_MAX];
    const struct sk_entry *entry = NULL;
    const struct sk_act_row *row = read_act(request, id);
    if (row == NULL || may_act(request, row, id, &entry) != SK_OK)
        return request->answer->err;
    struct sk_register_document *document = sk_calloc(1, sizeof *document);
    if (document == NULL)
        return sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
    const enum sk_err err = read_and_do(request, row, id, entry, document);
    sk_free_secret(document, sizeof *document);
    return err;
}

/* --- erasing the personal fields of an entry --- */

enum sk_err sk_run_register_erase(struct request *request)
{
    uint8_t register_;
    uint32_t number;
    const char *id = sk_request_text(request, "entry", true, SK_ENTRY_ID_MAX - 1);
    const char *path = id != NULL ? sk_request_text(request, "path", false, 40) : NULL;
    if (path == NULL)
        return request->answer->err;
    if (!sk_entry_id_parse(id, &register_, &number))
        return sk_request_refuse(request, SK_ERR_PARSE, "entry: expected an id like vs-12");
    if (path[0] != '\0' && strcmp(path, sk_register_row(register_)->path) != 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "there is no such entry");
    if (sk_request_reason(request)[0] == '\0')
        return sk_request_refuse(request, SK_ERR_PARSE, "reason: expected why, found nothing");
    const enum sk_err err = sk_vault_register_erase(request->floor->vault, id);
    if (err != SK_OK)
        return sk_request_refuse(request, err, "there is nothing personal of this entry");
    sk_request_record(request, SK_EV_OP_COMMAND, id);
    return SK_OK;
}
