/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at registers: pages, newest entries first, and one with its acts. What is shown is what is stored (the projection),
 * folded here again; free text comes from the vault, names too for roles that may read people. What was erased is said to be.
 */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { PAGE_MAX = 50, PAGE_BYTES = 40000 }; /* an answer stays below the line's 64 KiB */

enum sk_err sk_register_fold(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    struct sk_register_act act;
    const enum sk_err err = sk_register_act_read(ev, body, length, &act);
    act.at_us = at_us;
    return err == SK_OK ? sk_registers_apply(context, &act) : err;
}

/* --- one entry --- */

/* What an entry says, act by act: public values, free text joined from the vault, names for who may see them. */
struct telling {
    struct request *request;
    const struct sk_entry *entry;
    struct sk_register_personal *stored;
    cJSON *fields, *personal; /* personal NULL: not for this account */
    cJSON *erased;            /* by name: free text that was said and is gone */
    bool any_personal, any_erased;
    bool one_act; /* null says that the act emptied the field; in what stands in the end it is just not there */
};

static bool telling_begin(struct request *request, const struct sk_entry *entry, struct telling *telling)
{
    *telling = (struct telling){.request = request, .entry = entry};
    telling->stored = sk_calloc(1, sizeof *telling->stored);
    telling->fields = cJSON_CreateObject();
    telling->erased = cJSON_CreateObject();
    telling->personal = sk_permission("read.people", request->actor.roles) ? cJSON_CreateObject() : NULL;
    return telling->stored != NULL && telling->fields != NULL && telling->erased != NULL;
}

static void telling_end(struct telling *telling)
{
    sk_free_secret(telling->stored, telling->stored != NULL ? sizeof *telling->stored : 0);
    cJSON_Delete(telling->fields);
    cJSON_Delete(telling->personal);
    cJSON_Delete(telling->erased);
}

/* Each member of one act's values to where it belongs; null: emptied. Takes values. */
static void sort_values(struct telling *telling, cJSON *values)
{
    while (values->child != NULL) {
        cJSON *value = cJSON_DetachItemViaPointer(values, values->child);
        const struct sk_field_row *field = sk_field_by_name(telling->entry->register_, value->string);
        cJSON *to = field != NULL && (field->flags & SK_FF_PERSONAL) != 0 ? telling->personal : telling->fields;
        cJSON_DeleteItemFromObjectCaseSensitive(telling->erased, value->string);
        cJSON_DeleteItemFromObjectCaseSensitive(to, value->string);
        if (to == NULL || (cJSON_IsNull(value) && !telling->one_act))
            cJSON_Delete(value);
        else
            cJSON_AddItemToObject(to, value->string, value);
    }
    cJSON_Delete(values);
}

/* What was said and is not there any more: free text by name, names as a fact. */
static void tell_erased(struct telling *telling, uint64_t gone)
{
    const struct sk_field_row *field;
    for (size_t i = 0; (field = sk_field_at(telling->entry->register_, i)) != NULL; i++) {
        if ((gone >> (field->id & 63) & 1) == 0)
            continue;
        telling->any_erased = true;
        cJSON_DeleteItemFromObjectCaseSensitive(telling->fields, field->name);
        cJSON_DeleteItemFromObjectCaseSensitive(telling->personal, field->name);
        if ((field->flags & SK_FF_WORDS) != 0)
            cJSON_AddTrueToObject(telling->erased, field->name);
    }
}

static void tell_act(struct telling *telling, uint32_t index)
{
    const struct sk_entry_act *act = &telling->entry->acts[index];
    struct sk_register_personal *stored = telling->stored;
    cJSON *values = cJSON_CreateObject();
    uint64_t there = 0;
    sk_field_list_to_json(telling->entry->register_, act->fields, act->fields_length, values);
    if (act->has_personal) {
        telling->any_personal = true;
        if (sk_vault_register_get(telling->request->floor->vault, telling->entry->id, index + 1, stored) == SK_OK) {
            sk_field_list_to_json(telling->entry->register_, stored->fields, stored->length, values);
            there = sk_field_list_mask(telling->entry->register_, stored->fields, stored->length);
        } else {
            telling->any_erased = true;
        }
    }
    sort_values(telling, values);
    tell_erased(telling, act->vault_fields & ~there);
}

/* The names of what is gone, as a list; nothing when there is none. */
static void add_erased(const struct telling *telling, cJSON *item)
{
    if (telling->any_erased)
        cJSON_AddTrueToObject(item, "erased");
    if (telling->erased->child == NULL)
        return;
    cJSON *list = cJSON_AddArrayToObject(item, "erased_fields");
    for (const cJSON *name = telling->erased->child; name != NULL; name = name->next)
        cJSON_AddItemToArray(list, cJSON_CreateString(name->string));
}

static cJSON *show_act(struct request *request, const struct sk_entry *entry, uint32_t index)
{
    struct telling telling;
    const struct sk_entry_act *act = &entry->acts[index];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddNumberToObject(item, "step", index + 1);
    cJSON_AddStringToObject(item, "act", sk_act_word(act->row));
    sk_json_add_time(item, "at", act->at_us);
    cJSON_AddStringToObject(item, "actor", act->actor);
    cJSON_AddStringToObject(item, "state", sk_register_state_name(act->state));
    if (telling_begin(request, entry, &telling)) {
        telling.one_act = true;
        tell_act(&telling, index);
        cJSON_AddItemToObject(item, "fields", telling.fields);
        telling.fields = NULL;
    }
    telling_end(&telling);
    return item;
}

/* The newest acts that fit into an answer, in order, and how many older ones there are. */
static void add_acts(struct request *request, const struct sk_entry *entry, cJSON *item)
{
    enum { ACT_BYTES = 160, WORDS_BYTES = 2000 }; /* of an act without its fields, about; of what it may have in the vault */
    size_t bytes = 0;
    uint32_t first = entry->act_count;
    while (first > 0 && (bytes += ACT_BYTES + 2 * entry->acts[first - 1].fields_length +
                                  (entry->acts[first - 1].vault_fields != 0 ? WORDS_BYTES : 0)) < PAGE_BYTES)
        first--;
    cJSON *acts = cJSON_AddArrayToObject(item, "acts");
    for (uint32_t i = first; i < entry->act_count; i++)
        cJSON_AddItemToArray(acts, show_act(request, entry, i));
    if (first > 0)
        cJSON_AddNumberToObject(item, "acts_left_off", first);
}

/* When a visitor left is never blank: seen by somebody, or said by a named one not to have been seen, or still to come. */
static void add_exit(const struct sk_entry *entry, cJSON *item)
{
    const struct sk_entry_act *departed = sk_entry_act(entry, SK_EV_VISIT_DEPARTED, SK_NEVER);
    const struct sk_entry_act *closed = departed != NULL ? departed : sk_entry_act(entry, SK_EV_VISIT_NOT_OBSERVED, SK_NEVER);
    if (entry->register_ != SK_REGISTER_VISIT || closed == NULL)
        return;
    cJSON *exit = cJSON_AddObjectToObject(item, "exit");
    cJSON_AddBoolToObject(exit, "observed", departed != NULL);
    cJSON_AddStringToObject(exit, "by", closed->actor);
    sk_json_add_time(exit, "at", departed != NULL ? sk_entry_time(entry, SK_F_VISIT_OUT_AT, SK_NEVER) : closed->at_us);
}

static cJSON *show_entry(struct request *request, const struct sk_entry *entry, bool whole)
{
    struct telling telling;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", entry->id);
    cJSON_AddStringToObject(item, "register", sk_register_row(entry->register_)->name);
    cJSON_AddStringToObject(item, "state", sk_register_state_name(entry->state));
    cJSON_AddBoolToObject(item, "open", !sk_register_state_is_final(entry->state));
    sk_json_add_time(item, "opened", entry->acts[0].at_us);
    cJSON_AddStringToObject(item, "opened_by", entry->acts[0].actor);
    sk_json_add_time(item, "changed", entry->acts[entry->act_count - 1].at_us);
    if (telling_begin(request, entry, &telling)) {
        for (uint32_t i = 0; i < entry->act_count; i++)
            tell_act(&telling, i);
        cJSON_AddItemToObject(item, "fields", telling.fields);
        telling.fields = NULL;
        if (telling.personal != NULL && telling.any_personal) {
            cJSON_AddItemToObject(item, "personal", telling.personal);
            telling.personal = NULL;
        }
        add_erased(&telling, item);
    }
    telling_end(&telling);
    add_exit(entry, item);
    if (!whole)
        return item;
    add_acts(request, entry, item);
    sk_stocktake_add(sk_engine_registers(request->floor->engine), entry, item);
    return item;
}

/* The entry as stored; NULL: none (NOT_FOUND), or *ret_err. */
static cJSON *load_entry(struct request *request, uint8_t register_, uint32_t number, bool whole, enum sk_err *ret_err)
{
    cJSON *item = NULL;
    size_t cursor = 0;
    struct sk_registers *registers = NULL;
    *ret_err = sk_registers_create(&registers);
    if (*ret_err == SK_OK)
        *ret_err =
            sk_store_entry_acts(sk_recorder_store(request->floor->recorder), register_, number, sk_register_fold, registers);
    const struct sk_entry *entry = *ret_err == SK_OK ? sk_registers_next(registers, register_, &cursor) : NULL;
    if (entry != NULL)
        item = show_entry(request, entry, whole);
    else if (*ret_err == SK_OK)
        *ret_err = SK_ERR_NOT_FOUND;
    sk_registers_free(registers);
    return item;
}

enum sk_err sk_run_register_get(struct request *request)
{
    uint8_t register_;
    uint32_t number;
    enum sk_err err;
    const char *id = sk_request_text(request, "entry", true, SK_ENTRY_ID_MAX - 1);
    const char *path = id != NULL ? sk_request_text(request, "path", false, 40) : NULL;
    if (path == NULL)
        return request->answer->err;
    if (!sk_entry_id_parse(id, &register_, &number) || (path[0] != '\0' && strcmp(path, sk_register_row(register_)->path) != 0))
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "there is no such entry");
    request->answer->result = load_entry(request, register_, number, true, &err);
    return err == SK_OK ? err : sk_request_refuse(request, err, "there is no such entry");
}

/* --- lists --- */

/* Registers by name ('register') or by the word they share ('path'); 0: refused already. */
static uint64_t read_registers(struct request *request)
{
    uint64_t mask = 0;
    const struct sk_register_row *row;
    const char *name = sk_request_text(request, "register", false, 40);
    const char *path = name != NULL ? sk_request_text(request, "path", false, 40) : NULL;
    if (path == NULL)
        return 0;
    for (size_t i = 0; (row = sk_register_at(i)) != NULL; i++)
        if ((name[0] == '\0' || strcmp(row->name, name) == 0) && (path[0] == '\0' || strcmp(row->path, path) == 0))
            mask |= UINT64_C(1) << row->number;
    if (mask == 0)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "register: there is no such register here");
    return mask;
}

static bool read_filter(struct request *request, struct sk_register_filter *filter)
{
    int64_t limit = PAGE_MAX;
    const cJSON *cursor = sk_json_get(request->args, "cursor"), *most = sk_json_get(request->args, "limit");
    const char *state = sk_request_text(request, "state", false, 40);
    filter->below = UINT64_MAX;
    filter->registers = state != NULL ? read_registers(request) : 0;
    if (filter->registers == 0)
        return false;
    const int value = state[0] != '\0' ? sk_register_state_parse(state) : 0;
    if (value < 0 || (cursor != NULL && !sk_json_u64(cursor, &filter->below)) ||
        (most != NULL && (!sk_json_i64(most, &limit) || limit < 1))) {
        sk_request_refuse(request, SK_ERR_PARSE, "state is a word of register_states.def, cursor and limit are numbers");
        return false;
    }
    filter->state = (uint8_t)value;
    filter->open_only = cJSON_IsTrue(sk_json_get(request->args, "open"));
    filter->limit = (uint32_t)(limit > PAGE_MAX ? PAGE_MAX : limit);
    return true;
}

/* An entry whose stored acts do not follow from each other: that it is there must be seen. */
static cJSON *show_unreadable(uint8_t register_, uint32_t number)
{
    char id[SK_ENTRY_ID_MAX];
    const struct sk_register_row *row = sk_register_row(register_);
    cJSON *item = cJSON_CreateObject();
    sk_text_format(id, sizeof id, "%s-%u", row != NULL ? row->prefix : "??", number);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "register", row != NULL ? row->name : "");
    cJSON_AddTrueToObject(item, "unreadable");
    return item;
}

/* Bytes that an item takes as text. */
static size_t size_of(const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);
    const size_t length = text != NULL ? strlen(text) : 0;
    cJSON_free(text);
    return length;
}

enum sk_err sk_run_register_list(struct request *request)
{
    struct sk_register_filter filter = {0};
    struct sk_register_found found[PAGE_MAX];
    size_t count = 0, shown = 0;
    if (!read_filter(request, &filter))
        return request->answer->err;
    enum sk_err err = sk_store_register_entries(sk_recorder_store(request->floor->recorder), &filter, found, &count);
    cJSON *result = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(result, "items");
    for (size_t bytes = 0; err == SK_OK && shown < count && bytes < PAGE_BYTES; shown++) {
        cJSON *item = load_entry(request, found[shown].register_, found[shown].number, false, &err);
        if (item == NULL && err != SK_ERR_NOMEM && err != SK_ERR_IO) { /* one bad row hides no other */
            item = show_unreadable(found[shown].register_, found[shown].number);
            err = SK_OK;
        }
        bytes += size_of(item);
        cJSON_AddItemToArray(items, item);
    }
    if (shown > 0 && (shown < count || count == filter.limit))
        sk_json_add_u64(result, "next", found[shown - 1].seq);
    else
        cJSON_AddNullToObject(result, "next");
    request->answer->result = result;
    return err == SK_OK ? err : sk_request_refuse(request, err, "the register cannot be read");
}
