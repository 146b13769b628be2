/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of "tag from until" rows from the collector, made ready for sk_store_search(). */
#include "dashboard-api/subjects.h"

#include <stdlib.h>
#include <string.h>

#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { WINDOWS_MAX = 200000, HEX = 2 * SK_SUBJECT_SIZE };

/* "tag from until" */
static bool read_row(const char *row, struct sk_subject_window *window)
{
    char hex[HEX + 1], *end;
    if (!row || strlen(row) < HEX + 4 || row[HEX] != ' ')
        return false;
    memcpy(hex, row, HEX);
    hex[HEX] = '\0';
    window->from_us = strtoll(row + HEX + 1, &end, 10);
    if (*end != ' ')
        return false;
    window->until_us = strtoll(end + 1, &end, 10);
    return *end == '\0' && sk_hex_read(window->tag, SK_SUBJECT_SIZE, hex);
}

static enum sk_err take_page(struct sk_subjects_asked *asked, const cJSON *items)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, items)
    {
        struct sk_subject_window *grown = sk_grow(asked->windows, asked->count, &asked->capacity, sizeof *grown, WINDOWS_MAX);
        if (!grown)
            return SK_ERR_NOMEM;
        asked->windows = grown;
        if (!read_row(sk_json_text(item), &asked->windows[asked->count++]))
            return SK_ERR_PROTOCOL;
    }
    return SK_OK;
}

/* One page; *args gets the next page's cursor, or loses it at the end. */
static enum sk_err ask_page(struct sk_call *call, cJSON *args, struct sk_subjects_asked *asked, bool *ret_more,
                            struct sk_fault *fault)
{
    cJSON *result = NULL;
    const struct sk_command command = {.name = "entries.subjects",
                                       .secret = call->who.secret,
                                       .address = sk_http_peer(call->http),
                                       .args = args,
                                       .repeatable = true};
    enum sk_err err = sk_control_call(call->app->control, &command, &result, fault);
    if (err != SK_OK)
        return err;
    err = take_page(asked, sk_json_get(result, "items"));
    const char *next = sk_json_text(sk_json_get(result, "next"));
    *ret_more = next != NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(args, "cursor");
    if (err == SK_OK && next && !cJSON_AddStringToObject(args, "cursor", next))
        err = SK_ERR_NOMEM;
    cJSON_Delete(result);
    return err == SK_OK ? err : sk_fault_set(fault, err, "the collector's answer cannot be used");
}

bool sk_subjects_ask(struct sk_call *call, struct sk_subjects_asked *ret_asked)
{
    const char *person = sk_target_param(call->target, "person"), *company = sk_target_param(call->target, "company");
    struct sk_fault fault = {0};
    bool more = true;
    *ret_asked = (struct sk_subjects_asked){.given = person || company};
    if (!ret_asked->given)
        return true;
    cJSON *args = cJSON_CreateObject();
    enum sk_err err = args && (!person || cJSON_AddStringToObject(args, "person", person)) &&
                              (!company || cJSON_AddStringToObject(args, "company", company))
                          ? SK_OK
                          : sk_fault_set(&fault, SK_ERR_NOMEM, "out of memory");
    while (err == SK_OK && more)
        err = ask_page(call, args, ret_asked, &more, &fault);
    cJSON_Delete(args);
    if (err != SK_OK)
        sk_reply_fault(call, &fault);
    else if (ret_asked->count > 0)
        qsort(ret_asked->windows, ret_asked->count, sizeof *ret_asked->windows, sk_subject_order);
    return err == SK_OK;
}

void sk_subjects_release(struct sk_subjects_asked *asked)
{
    sk_free(asked->windows);
    *asked = (struct sk_subjects_asked){0};
}
