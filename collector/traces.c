/* SPDX-License-Identifier: Apache-2.0 */
/* Names squeezed (no blanks, ASCII in lower case) and compared; the entries that refer to a person found through the log's
 * projection, everything else by walking the vault. */
#include "collector/traces.h"

#include <string.h>

#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { LETTERS_MIN = 2, TEXT_MOST = 4096, AT_ONCE = 32 };

/* --- names --- */

/* Bytes of a blank at text: ASCII, or the full-width one; 0: none. */
static size_t blank_at(const char *text, size_t left)
{
    if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
        return 1;
    return left >= 3 && memcmp(text, "\xE3\x80\x80", 3) == 0 ? 3 : 0;
}

static void squeeze(const char *text, size_t length, char *to, size_t capacity)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < capacity;) {
        const size_t blank = blank_at(text + i, length - i);
        if (blank == 0)
            to[used++] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        i += blank > 0 ? blank : 1;
    }
    to[used] = '\0';
}

static size_t letters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static void add_name(char (*names)[SK_TRACE_NAME_MAX], size_t *count, const char *text, size_t length)
{
    char name[SK_TRACE_NAME_MAX];
    squeeze(text, length, name, sizeof name);
    if (letters(name) < LETTERS_MIN || *count == SK_TRACE_NAMES)
        return;
    for (size_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    sk_text_copy(names[(*count)++], SK_TRACE_NAME_MAX, name);
}

/* The name whole, and each part of it between blanks: people are called by one. */
static void add_names(struct sk_traces *traces, const char *text)
{
    const size_t length = strlen(text);
    add_name(traces->wholes, &traces->whole_count, text, length);
    for (size_t from = 0, i = 0; i <= length; i++) {
        const size_t blank = i < length ? blank_at(text + i, length - i) : 1;
        if (blank == 0)
            continue;
        add_name(traces->parts, &traces->part_count, text + from, i - from);
        from = i + blank;
    }
}

static bool is_name(const struct sk_traces *traces, const char *text, size_t length)
{
    char squeezed[TEXT_MOST];
    squeeze(text, length, squeezed, sizeof squeezed);
    for (size_t i = 0; i < traces->whole_count; i++)
        if (strcmp(squeezed, traces->wholes[i]) == 0)
            return true;
    return false;
}

static bool has_name(const struct sk_traces *traces, const char *text, size_t length)
{
    char squeezed[TEXT_MOST];
    bool found = false;
    squeeze(text, length, squeezed, sizeof squeezed);
    for (size_t i = 0; !found && i < traces->whole_count; i++)
        found = strstr(squeezed, traces->wholes[i]) != NULL;
    for (size_t i = 0; !found && i < traces->part_count; i++)
        found = strstr(squeezed, traces->parts[i]) != NULL;
    return found;
}

static enum sk_err begin(struct request *request, const char *person, struct sk_traces *traces)
{
    memset(traces, 0, sizeof *traces);
    traces->request = request;
    traces->person = person;
    traces->entries = cJSON_CreateArray();
    traces->remains = cJSON_CreateArray();
    return traces->entries != NULL && traces->remains != NULL ? SK_OK : SK_ERR_NOMEM;
}

enum sk_err sk_traces_of_text(struct request *request, const char *text, struct sk_traces *ret_traces)
{
    const enum sk_err err = begin(request, "", ret_traces);
    add_name(ret_traces->wholes, &ret_traces->whole_count, text, strlen(text));
    return err;
}

enum sk_err sk_traces_of_person(struct request *request, const char *person, struct sk_traces *ret_traces)
{
    struct sk_person_label label;
    uint64_t version = INT64_MAX;
    enum sk_err err = begin(request, person, ret_traces);
    while (err == SK_OK && (err = sk_vault_person_get(request->floor->vault, person, version, &label)) == SK_OK) {
        add_names(ret_traces, label.name);
        add_names(ret_traces, label.furigana);
        if (label.version == 0)
            break;
        version = label.version - 1;
    }
    explicit_bzero(&label, sizeof label);
    return err == SK_ERR_NOT_FOUND ? SK_OK : err;
}

/* --- entries that refer to him --- */

/* A field refers to him when, at any time, some act said him in it. */
static bool refers(const struct sk_traces *traces, const struct sk_entry *entry, uint16_t field)
{
    struct sk_field_value value;
    struct sk_reader reader;
    const char *item;
    size_t length;
    for (uint32_t i = 0; i < entry->act_count; i++) {
        sk_reader_init(&reader, entry->acts[i].fields, entry->acts[i].fields_length);
        while (sk_field_next(&reader, entry->register_, &value)) {
            size_t cursor = 0;
            char name[SK_WHO_MAX];
            const bool who = value.row->type == SK_FT_PERSON || value.row->type == SK_FT_WHO;
            while (who && (field == 0 || value.row->id == field) && sk_value_item(&value, &cursor, &item, &length)) {
                if (length >= sizeof name)
                    continue;
                memcpy(name, item, length);
                name[length] = '\0';
                if (sk_request_same_person(traces->request, name, traces->person))
                    return true;
            }
        }
    }
    return false;
}

/* One value without his name; its length 0 when nothing is left. */
static void put_rest(const struct sk_traces *traces, const struct sk_field_value *value, bool his, struct sk_writer *to)
{
    const size_t begins = to->length;
    size_t cursor = 0, length;
    const char *item;
    const bool list = (value->row->flags & SK_FF_LIST) != 0;
    sk_write_u8(to, (uint8_t)value->row->id);
    sk_write_u16(to, 0);
    while (sk_value_item(value, &cursor, &item, &length)) {
        if ((value->row->flags & SK_FF_PERSONAL) != 0 && (his || is_name(traces, item, length)))
            continue;
        if (list)
            sk_write_u16(to, (uint16_t)length);
        sk_write_bytes(to, item, length);
    }
    const size_t rest = to->length - begins - 3;
    to->buffer[begins + 1] = (uint8_t)(rest >> 8);
    to->buffer[begins + 2] = (uint8_t)rest;
    if (rest == 0)
        to->length = begins;
}

static enum sk_err cut_step(struct sk_traces *traces, const struct sk_entry *entry, uint32_t step,
                            struct sk_register_personal *stored, bool *ret_cut)
{
    struct sk_register_personal *rest = sk_calloc(1, sizeof *rest);
    struct sk_reader reader;
    struct sk_writer writer;
    struct sk_field_value value;
    enum sk_err err = SK_OK;
    if (rest == NULL)
        return SK_ERR_NOMEM;
    sk_writer_init(&writer, rest->fields, sizeof rest->fields);
    sk_reader_init(&reader, stored->fields, stored->length);
    while (sk_field_next(&reader, entry->register_, &value)) {
        const uint16_t reference = sk_field_named_by(value.row->id);
        put_rest(traces, &value, reference != 0 && refers(traces, entry, reference), &writer);
    }
    rest->length = writer.length;
    if (!reader.bad && !writer.bad && rest->length < stored->length) {
        err = sk_vault_register_cut(traces->request->floor->vault, entry->id, step, rest);
        *ret_cut = true;
    }
    sk_free_secret(rest, sizeof *rest);
    return err;
}

static enum sk_err cut_entry(struct sk_traces *traces, const struct sk_entry *entry)
{
    struct sk_register_personal *stored = sk_calloc(1, sizeof *stored);
    enum sk_err err = stored != NULL ? SK_OK : SK_ERR_NOMEM;
    bool cut = false;
    if (!refers(traces, entry, 0)) {
        sk_free(stored);
        return err;
    }
    for (uint32_t step = 1; err == SK_OK && step <= entry->act_count; step++) {
        if (!entry->acts[step - 1].has_personal)
            continue;
        err = sk_vault_register_get(traces->request->floor->vault, entry->id, step, stored);
        if (err == SK_OK)
            err = cut_step(traces, entry, step, stored, &cut);
        err = err == SK_ERR_NOT_FOUND ? SK_OK : err; /* erased before */
    }
    if (cut)
        cJSON_AddItemToArray(traces->entries, cJSON_CreateString(entry->id));
    sk_free_secret(stored, stored != NULL ? sizeof *stored : 0);
    return err;
}

static enum sk_err look_at_entry(struct sk_traces *traces, const struct sk_entry_number *which)
{
    struct sk_registers *registers = NULL;
    size_t cursor = 0;
    enum sk_err err = sk_registers_create(&registers);
    if (err == SK_OK)
        err = sk_store_entry_acts(sk_recorder_store(traces->request->floor->recorder), which->register_, which->number,
                                  sk_register_fold, registers);
    const struct sk_entry *entry = err == SK_OK ? sk_registers_next(registers, which->register_, &cursor) : NULL;
    if (entry != NULL)
        err = cut_entry(traces, entry);
    sk_registers_free(registers);
    return err;
}

static enum sk_err look_at_holders(struct sk_traces *traces, const char *name)
{
    struct sk_entry_number found[AT_ONCE], after = {0, 0};
    size_t count = 0;
    enum sk_err err = SK_OK;
    do {
        err =
            sk_store_entries_holding(sk_recorder_store(traces->request->floor->recorder), name, &after, found, AT_ONCE, &count);
        for (size_t i = 0; err == SK_OK && i < count; i++)
            err = look_at_entry(traces, &found[i]);
        if (count > 0)
            after = found[count - 1];
    } while (err == SK_OK && count == AT_ONCE);
    return err;
}

/* By his id, by accounts tied to him, and by what the house calls him: an account of that name is his. */
static enum sk_err look_at_all_holders(struct sk_traces *traces)
{
    struct sk_vault *vault = traces->request->floor->vault;
    struct sk_person_label label;
    char account[SK_ACCOUNT_ID_MAX] = "";
    enum sk_err err = look_at_holders(traces, traces->person);
    while (err == SK_OK && sk_vault_account_of(vault, traces->person, account, account) == SK_OK)
        err = look_at_holders(traces, account);
    if (err == SK_OK && sk_vault_person_get(vault, traces->person, INT64_MAX, &label) == SK_OK && label.ref[0] != '\0')
        err = look_at_holders(traces, label.ref);
    explicit_bzero(&label, sizeof label);
    return err;
}

enum sk_err sk_traces_erase(struct sk_traces *traces)
{
    struct sk_vault *vault = traces->request->floor->vault;
    enum sk_err err = sk_vault_begin(vault);
    if (err != SK_OK)
        return err;
    err = look_at_all_holders(traces);
    const enum sk_err end = sk_vault_end(vault, err == SK_OK);
    return err == SK_OK ? end : err;
}

/* --- where it still stands --- */

static cJSON *remaining(struct sk_traces *traces)
{
    cJSON *place = NULL;
    if (++traces->remain_count <= SK_TRACES_SHOWN && (place = cJSON_CreateObject()) != NULL)
        cJSON_AddItemToArray(traces->remains, place);
    return place;
}

static bool value_has_name(const struct sk_traces *traces, const struct sk_field_value *value)
{
    size_t cursor = 0, length;
    const char *item;
    bool found = false;
    while (!found && sk_value_item(value, &cursor, &item, &length))
        found = has_name(traces, item, length);
    return found;
}

static void find_in_step(struct sk_traces *traces, const char *entry, uint32_t step, const struct sk_register_personal *stored)
{
    uint8_t register_;
    uint32_t number;
    struct sk_reader reader;
    struct sk_field_value value;
    if (!sk_entry_id_parse(entry, &register_, &number))
        return;
    sk_reader_init(&reader, stored->fields, stored->length);
    while (sk_field_next(&reader, register_, &value)) {
        if (!value_has_name(traces, &value))
            continue;
        cJSON *place = remaining(traces);
        cJSON_AddStringToObject(place, "entry", entry);
        cJSON_AddNumberToObject(place, "step", step);
        cJSON_AddStringToObject(place, "field", value.row->name);
    }
}

static enum sk_err find_in_registers(struct sk_traces *traces)
{
    char entry[SK_REGISTER_ENTRY_MAX] = "";
    uint32_t step = 0;
    struct sk_register_personal *stored = sk_calloc(1, sizeof *stored);
    enum sk_err err = stored != NULL ? SK_OK : SK_ERR_NOMEM;
    while (err == SK_OK && (err = sk_vault_register_next(traces->request->floor->vault, entry, &step, stored)) == SK_OK)
        find_in_step(traces, entry, step, stored);
    sk_free_secret(stored, stored != NULL ? sizeof *stored : 0);
    return err == SK_ERR_NOT_FOUND ? SK_OK : err;
}

static enum sk_err find_in_words(struct sk_traces *traces)
{
    struct sk_words words = {.tag = 0};
    char hex[2 * SK_HASH_SIZE + 1];
    int64_t told_us;
    enum sk_err err;
    while ((err = sk_vault_words_next(traces->request->floor->vault, &words.commit, &words, &told_us)) == SK_OK) {
        if (!has_name(traces, words.text, strlen(words.text)))
            continue;
        cJSON *place = remaining(traces);
        sk_hex_write(hex, words.commit.bytes, SK_HASH_SIZE);
        cJSON_AddStringToObject(place, "words", hex);
        cJSON_AddStringToObject(place, "kind", sk_tag_name(words.tag));
        sk_json_add_time(place, "told", told_us);
    }
    explicit_bzero(&words, sizeof words);
    return err == SK_ERR_NOT_FOUND ? SK_OK : err;
}

enum sk_err sk_traces_find(struct sk_traces *traces)
{
    const enum sk_err err = find_in_registers(traces);
    return err == SK_OK ? find_in_words(traces) : err;
}

void sk_traces_answer(struct sk_traces *traces, cJSON *result)
{
    if (result == NULL || !cJSON_AddItemToObject(result, "entries", traces->entries))
        cJSON_Delete(traces->entries);
    if (result == NULL || !cJSON_AddItemToObject(result, "remains", traces->remains))
        cJSON_Delete(traces->remains);
    if (result != NULL)
        cJSON_AddNumberToObject(result, "remain_count", (double)traces->remain_count);
    explicit_bzero(traces, sizeof *traces);
}
