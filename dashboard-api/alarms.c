/* SPDX-License-Identifier: Apache-2.0 */
/* GET /alarms: open ones from the mirror, all from the store; POST …/acknowledge: a command to the collector. */
#include <string.h>

#include "dashboard-api/handlers.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/model/json.h"
#include "schemas/model/vocab.h"

enum { COMMENT_MAX = 1024, SHOWN_WAIT_MS = 1000 };

struct alarm_list {
    struct sk_out out;
    int severity; /* -1 any */
    uint32_t left;
    uint32_t seen; /* rows that the store showed in this piece */
    bool more;
    uint64_t last;
};

/* False: the list is full. */
static bool begin_item(struct alarm_list *list, uint64_t occurrence)
{
    if (list->left == 0) {
        list->more = true;
        return false;
    }
    list->left--;
    list->last = occurrence;
    sk_out_put(&list->out, list->out.length > 0 && list->out.text[list->out.length - 1] == '[' ? "" : ",");
    return true;
}

static bool add_open(void *context, const struct sk_mirror_alarm *alarm)
{
    struct alarm_list *list = context;
    if (list->severity >= 0 && alarm->severity != list->severity)
        return true;
    if (!begin_item(list, alarm->occurrence))
        return false;
    sk_out_put(&list->out, alarm->text);
    return !list->out.bad;
}

static bool add_stored(void *context, const struct sk_alarm *alarm)
{
    struct alarm_list *list = context;
    list->seen++;
    if (list->severity >= 0 && alarm->severity != list->severity) {
        list->last = alarm->occurrence;
        return true;
    }
    if (!begin_item(list, alarm->occurrence))
        return false;
    cJSON *item = NULL;
    if (sk_alarm_to_json(alarm, true, &item) != SK_OK)
        list->out.bad = true;
    sk_out_json(&list->out, item);
    cJSON_Delete(item);
    return !list->out.bad;
}

static bool read_severity(struct sk_call *call, int *ret_severity)
{
    const char *word = sk_target_param(call->target, "severity");
    *ret_severity = word ? sk_severity_parse(word) : -1;
    if (word && *ret_severity < 0)
        sk_reply_problem(call, 400, "parse", "severity: expected diagnostic, low, medium, high or critical");
    return !word || *ret_severity >= 0;
}

static bool read_state(struct sk_call *call, bool *ret_all)
{
    const char *word = sk_target_param(call->target, "state");
    *ret_all = word && strcmp(word, "all") == 0;
    if (!word || *ret_all || strcmp(word, "open") == 0)
        return true;
    sk_reply_problem(call, 400, "parse", "state: expected open or all");
    return false;
}

/* In pieces, since the store knows no severities. */
static enum sk_err walk_store(struct sk_call *call, uint64_t below, struct alarm_list *list, struct sk_fault *fault)
{
    enum { PIECE = 1000 };
    struct sk_store *store;
    enum sk_err err = sk_app_store(call->app, &store, fault);
    if (err != SK_OK)
        return err;
    list->last = below;
    do {
        list->seen = 0;
        err = sk_store_alarms(store, false, list->last, PIECE, add_stored, list);
    } while (err == SK_OK && !list->more && !list->out.bad && list->seen == PIECE);
    if (err != SK_OK)
        sk_app_store_drop(call->app);
    return err == SK_OK ? err : sk_fault_set(fault, err, "the store cannot be read");
}

void sk_handle_get_alarms(struct sk_call *call)
{
    struct alarm_list list = {0};
    struct sk_fault fault = {0};
    bool all, given;
    uint64_t below = UINT64_MAX;
    char what[96];
    if (!read_state(call, &all) || !read_severity(call, &list.severity) || !sk_param_limit(call, &list.left) ||
        !sk_param_cursor(call, 'a', &given, &below))
        return;
    /* what the store holds has no number of its changes: not tagged */
    const uint64_t generation = all ? 0 : sk_mirror_generation(call->app->mirror, SK_MIRROR_ALARMS);
    sk_text_format(what, sizeof what, "alarms %d %u %llu", list.severity, (unsigned)list.left, (unsigned long long)below);
    if (sk_reply_known(call, what, generation))
        return;
    sk_out_put(&list.out, "{\"items\":[");
    if (!all) {
        sk_mirror_alarms(call->app->mirror, below, add_open, &list);
    } else if (walk_store(call, below, &list, &fault) != SK_OK) {
        sk_out_release(&list.out);
        return sk_reply_fault(call, &fault);
    }
    char cursor[24];
    sk_cursor_format(cursor, 'a', list.last);
    sk_out_format(&list.out, list.more ? "],\"next\":\"%s\"}" : "],\"next\":null}", cursor);
    sk_reply_open(call, &list.out, what, generation);
}

struct one_alarm {
    uint64_t occurrence;
    struct sk_out out;
};

static bool put_if_equal(void *context, const struct sk_mirror_alarm *alarm)
{
    struct one_alarm *one = context;
    if (alarm->occurrence == one->occurrence)
        sk_out_put(&one->out, alarm->text);
    return false;
}

static bool read_occurrence(struct sk_call *call, uint64_t *ret_occurrence)
{
    int64_t value;
    bool good = sk_int_read(call->args[0], 1, INT64_MAX - 1, &value);
    if (good)
        *ret_occurrence = (uint64_t)value;
    else
        sk_reply_problem(call, 404, "not_found", "there is no such alarm");
    return good;
}

void sk_handle_get_alarm(struct sk_call *call)
{
    struct one_alarm one = {0};
    if (!read_occurrence(call, &one.occurrence))
        return;
    sk_mirror_alarms(call->app->mirror, one.occurrence + 1, put_if_equal, &one);
    if (one.out.length > 0 || one.out.bad)
        return sk_reply_out(call, &one.out);
    struct sk_store *store;
    struct sk_alarm alarm;
    struct sk_fault fault = {0};
    enum sk_err err = sk_app_store(call->app, &store, &fault);
    if (err == SK_OK && (err = sk_store_alarm_get(store, one.occurrence, &alarm)) != SK_OK)
        sk_fault_set(&fault, err, "there is no alarm %llu", (unsigned long long)one.occurrence);
    if (err != SK_OK)
        return sk_reply_fault(call, &fault);
    cJSON *item = NULL;
    if (sk_alarm_to_json(&alarm, true, &item) != SK_OK)
        one.out.bad = true;
    sk_out_json(&one.out, item);
    cJSON_Delete(item);
    sk_reply_out(call, &one.out);
}

/* {occurrence, comment}: both known, nothing else. False: answered. */
static bool read_acknowledge(struct sk_call *call, uint64_t id, const char **ret_comment)
{
    uint64_t occurrence;
    const cJSON *item;
    *ret_comment = "";
    cJSON_ArrayForEach(item, call->body)
    {
        if (strcmp(item->string, "occurrence") != 0 && strcmp(item->string, "comment") != 0) {
            sk_reply_problem(call, 400, "parse", "expected only occurrence and comment");
            return false;
        }
    }
    if (!sk_json_u64(sk_json_get(call->body, "occurrence"), &occurrence)) {
        sk_reply_problem(call, 400, "parse", "occurrence: expected the alarm's number as a decimal string");
        return false;
    }
    const cJSON *comment = sk_json_get(call->body, "comment");
    const char *text = sk_json_text(comment);
    if (comment && (!text || strlen(text) > COMMENT_MAX || !sk_text_is_clean(text, strlen(text), true))) {
        sk_reply_problem(call, 400, "parse", "comment: expected a text of at most 1024 bytes without control characters");
        return false;
    }
    if (text)
        *ret_comment = text;
    if (occurrence == id)
        return true;
    sk_reply_problem(call, 409, "conflict", "occurrence is not the alarm of this path");
    return false;
}

/* The collector knows open alarms only; whether it is closed or never was, the store knows. */
static void answer_refusal(struct sk_call *call, uint64_t occurrence, struct sk_fault *fault)
{
    struct sk_store *store;
    struct sk_alarm alarm;
    if (fault->code == SK_ERR_NOT_FOUND && sk_app_store(call->app, &store, NULL) == SK_OK &&
        sk_store_alarm_get(store, occurrence, &alarm) == SK_OK)
        sk_fault_set(fault, SK_ERR_CONFLICT, "alarm %llu is closed", (unsigned long long)occurrence);
    sk_reply_fault(call, fault);
}

static void answer_acknowledged(struct sk_call *call, cJSON *result)
{
    cJSON *alarm = cJSON_DetachItemFromObjectCaseSensitive(result, "alarm");
    uint64_t occurrence;
    if (alarm && sk_json_u64(sk_json_get(alarm, "occurrence"), &occurrence)) {
        if (!sk_json_get(alarm, "id"))
            sk_json_add_u64(alarm, "id", occurrence);
        sk_mirror_await_acknowledged(call->app->mirror, occurrence, SHOWN_WAIT_MS);
    }
    struct sk_out out = {0};
    sk_out_put(&out, "{\"alarm\":");
    sk_out_json(&out, alarm);
    sk_out_put(&out, "}");
    cJSON_Delete(alarm);
    sk_reply_out(call, &out);
}

void sk_handle_post_acknowledge(struct sk_call *call)
{
    uint64_t id;
    const char *comment;
    if (!read_occurrence(call, &id) || !read_acknowledge(call, id, &comment))
        return;
    cJSON *args = cJSON_CreateObject(), *result = NULL;
    struct sk_fault fault = {0};
    struct sk_command command = {.name = "alarm.acknowledge",
                                 .secret = call->who.secret,
                                 .address = sk_http_peer(call->http),
                                 .args = args,
                                 .repeatable = true};
    enum sk_err err = args && sk_json_add_u64(args, "occurrence", id) && cJSON_AddStringToObject(args, "comment", comment)
                          ? sk_control_call(call->app->control, &command, &result, &fault)
                          : sk_fault_set(&fault, SK_ERR_NOMEM, "out of memory");
    cJSON_Delete(args);
    if (err != SK_OK)
        return answer_refusal(call, id, &fault);
    answer_acknowledged(call, result);
    cJSON_Delete(result);
}
