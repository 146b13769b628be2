/* SPDX-License-Identifier: Apache-2.0 */
/* The command table and the one way through it: parse, find the row, find the person, check the role, run, answer. */
#include "collector/commands.h"

#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/base/log.h"

enum { DENIALS_PER_MINUTE = 60, COMMENT_MAX = SK_WORDS_MAX };
static const int64_t MINUTE_US = 60 * SK_US_PER_S;
static const int64_t SESSION_US = INT64_C(12) * 3600 * SK_US_PER_S;    /* DESIGN: 12 h absolute */
static const int64_t SESSION_IDLE_US = INT64_C(15) * 60 * SK_US_PER_S; /* access.md S15: 15 min idle */

enum sk_err sk_request_refuse(struct request *request, enum sk_err err, const char *detail)
{
    request->answer->err = err;
    sk_text_copy(request->answer->detail, sizeof request->answer->detail, detail);
    return err;
}

enum sk_err sk_request_answer_id(struct request *request, const char *name, const char *id)
{
    request->answer->result = cJSON_CreateObject();
    cJSON_AddStringToObject(request->answer->result, name, id);
    return SK_OK;
}

/* A text argument of at most `most` bytes; "" when it may be missing. NULL: refused already. */
const char *sk_request_text(struct request *request, const char *name, bool required, size_t most)
{
    const cJSON *item = sk_json_get(request->args, name);
    const char *text = item == NULL && !required ? "" : sk_json_text(item);
    if (text == NULL || (required && *text == '\0') || strlen(text) > most) {
        char detail[160];
        sk_text_format(detail, sizeof detail, "argument '%s': expected a text of %s%zu bytes, found %zu%s", name,
                       required ? "1 to " : "at most ", most, text != NULL ? strlen(text) : 0,
                       text != NULL || item == NULL ? "" : " (no text)");
        sk_request_refuse(request, SK_ERR_PARSE, detail);
        return NULL;
    }
    return text;
}

/* Why an act is done, as an argument or of the line: whole or not at all, because what was cut says something else. */
static bool words_are_good(struct request *request, const char *text)
{
    char detail[96];
    const size_t length = text != NULL ? strlen(text) : 0;
    if (length <= SK_WORDS_MAX && (text == NULL || sk_text_is_clean(text, length, true)))
        return true;
    if (length > SK_WORDS_MAX)
        sk_text_format(detail, sizeof detail, "reason: expected a text of at most %d bytes, found %zu", SK_WORDS_MAX, length);
    else
        sk_text_copy(detail, sizeof detail, "reason: expected a text without control characters");
    sk_request_refuse(request, SK_ERR_PARSE, detail);
    return false;
}

static bool occurrence_argument(struct request *request, uint64_t *ret_occurrence)
{
    if (sk_json_u64(sk_json_get(request->args, "occurrence"), ret_occurrence) && *ret_occurrence > 0)
        return true;
    sk_request_refuse(request, SK_ERR_PARSE, "argument 'occurrence': expected the alarm's number, as a decimal string");
    return false;
}

static cJSON *role_names(uint16_t roles)
{
    cJSON *list = cJSON_CreateArray();
    for (int role = 0; role < 16 && list != NULL; role++)
        if ((roles >> role & 1) != 0 && sk_role_name(role) != NULL)
            cJSON_AddItemToArray(list, cJSON_CreateString(sk_role_name(role)));
    return list;
}

/* Roles from an array of words; 0: refused already. */
static uint16_t roles_argument(struct request *request)
{
    uint16_t roles = 0;
    const cJSON *word, *list = sk_json_get(request->args, "roles");
    if (!cJSON_IsArray(list))
        list = NULL;
    cJSON_ArrayForEach(word, list)
    {
        int role = cJSON_IsString(word) ? sk_role_parse(word->valuestring) : -1;
        if (role < 0) {
            sk_request_refuse(request, SK_ERR_PARSE, "argument 'roles': unknown role; see schemas/vocab/roles.def");
            return 0;
        }
        roles = (uint16_t)(roles | 1u << role);
    }
    if (roles == 0)
        sk_request_refuse(request, SK_ERR_PARSE, "argument 'roles': expected a list with at least one role");
    return roles;
}

const char *sk_request_reason(const struct request *request)
{
    const char *why = sk_json_text(sk_json_get(request->args, "reason"));
    return why != NULL ? why : request->reason;
}

/* A record of the collector's own about what this person did. */
static void begin_record(struct request *request, enum sk_event event, struct sk_draft *draft)
{
    sk_draft_init(draft, event, request->now);
}

/* person: id on the roster of whom the object is; "" none. */
static void end_record(struct request *request, struct sk_draft *draft, const char *object, const char *person,
                       const char *result)
{
    sk_body_put_text(&draft->body, SK_TAG_ACTOR, request->actor.id);
    sk_body_put_u16(&draft->body, SK_TAG_ACTOR_ROLES, request->actor.roles);
    if (request->actor.address[0] != '\0')
        sk_body_put_text(&draft->body, SK_TAG_ACTOR_ADDRESS, request->actor.address);
    if (sk_request_reason(request)[0] != '\0')
        sk_body_put_text(&draft->body, SK_TAG_REASON_TEXT, sk_request_reason(request));
    sk_body_put_text(&draft->body, SK_TAG_COMMAND, request->command);
    sk_body_put_text(&draft->body, SK_TAG_RESULT, result);
    if (object[0] != '\0')
        sk_body_put_text(&draft->body, SK_TAG_OBJECT, object);
    if (person[0] != '\0')
        sk_body_put_text(&draft->body, SK_TAG_PERSON, person);
    if (!sk_body_done(&draft->body) || sk_recorder_add(request->floor->recorder, draft) != SK_OK)
        sk_log(SK_LOG_ERROR, "a record of command '%s' could not be queued", request->command);
}

void sk_request_record(struct request *request, enum sk_event event, const char *object)
{
    struct sk_draft draft;
    begin_record(request, event, &draft);
    end_record(request, &draft, object, "", "ok");
    request->answer->durable = true;
}

/* --- the commands --- */

static enum sk_err run_session_check(struct request *request)
{
    cJSON *result = cJSON_CreateObject(), *roles = role_names(request->actor.roles);
    if (result == NULL || roles == NULL || !cJSON_AddItemToObject(result, "roles", roles)) {
        cJSON_Delete(roles);
        cJSON_Delete(result);
        return sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
    }
    char person[SK_ACCOUNT_PERSON_MAX] = "";
    (void)sk_vault_account_person(request->floor->vault, request->actor.id, person); /* the console is no account */
    cJSON_AddStringToObject(result, "account", request->actor.id);
    cJSON_AddStringToObject(result, "person", person);
    cJSON_AddStringToObject(result, "kind", request->kind);
    request->answer->result = result;
    return SK_OK;
}

static enum sk_err run_session_open(struct request *request)
{
    char secret[SK_SECRET_TEXT];
    int64_t expires_us = request->now->utc_us + SESSION_US;
    if (request->token == NULL)
        return sk_request_refuse(request, SK_ERR_INVALID, "a session is opened with a token");
    enum sk_err err = sk_vault_secret_issue(request->floor->vault, request->actor.id, "session", request->now->utc_us,
                                            expires_us, SESSION_IDLE_US, secret);
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the session could not be opened");
    err = run_session_check(request);
    if (err != SK_OK)
        return err;
    cJSON_AddStringToObject(request->answer->result, "secret", secret);
    sk_json_add_time(request->answer->result, "expires", expires_us);
    sk_request_record(request, SK_EV_SESSION_OPENED, "");
    explicit_bzero(secret, sizeof secret);
    return SK_OK;
}

static enum sk_err run_session_close(struct request *request)
{
    enum sk_err err = request->token != NULL ? sk_vault_secret_revoke(request->floor->vault, request->token) : SK_ERR_INVALID;
    if (err != SK_OK || strcmp(request->kind, "session") != 0)
        return sk_request_refuse(request, err != SK_OK ? err : SK_ERR_INVALID, "only a session can be closed");
    sk_request_record(request, SK_EV_SESSION_CLOSED, "");
    return SK_OK;
}

static enum sk_err run_account_create(struct request *request)
{
    const char *id = sk_request_text(request, "account", true, SK_ACCOUNT_ID_MAX - 1);
    const char *person = id != NULL ? sk_request_text(request, "person", false, SK_ACCOUNT_PERSON_MAX - 1) : NULL;
    uint16_t roles = person != NULL ? roles_argument(request) : 0;
    if (roles == 0)
        return request->answer->err;
    if (person[0] != '\0' && sk_roster_person_index(sk_engine_roster(request->floor->engine), person) < 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "person: no such person on the roster");
    enum sk_err err = sk_vault_account_create(request->floor->vault, id, roles, person, request->now->utc_us);
    if (err != SK_OK)
        return sk_request_refuse(request, err,
                                 err == SK_ERR_EXISTS ? "an account of that name exists" : "the account could not be created");
    request->answer->result = cJSON_CreateObject();
    cJSON_AddStringToObject(request->answer->result, "account", id);
    cJSON_AddStringToObject(request->answer->result, "person", person);
    struct sk_draft draft;
    begin_record(request, SK_EV_ACCT_CREATED, &draft);
    end_record(request, &draft, id, person, "ok");
    request->answer->durable = true;
    return SK_OK;
}

static enum sk_err run_token_create(struct request *request)
{
    char secret[SK_SECRET_TEXT];
    const char *id = sk_request_text(request, "account", true, SK_ACCOUNT_ID_MAX - 1);
    if (id == NULL)
        return request->answer->err;
    enum sk_err err = sk_vault_secret_issue(request->floor->vault, id, "token", request->now->utc_us, 0, 0, secret);
    if (err != SK_OK)
        return sk_request_refuse(request, err, err == SK_ERR_NOT_FOUND ? "no such account" : "the token could not be issued");
    request->answer->result = cJSON_CreateObject();
    cJSON_AddStringToObject(request->answer->result, "token", secret);
    explicit_bzero(secret, sizeof secret);
    sk_request_record(request, SK_EV_TOKEN_CREATED, id);
    return SK_OK;
}

typedef enum sk_err on_alarm(struct sk_engine *engine, uint64_t occurrence, const char *comment, const struct sk_actor *actor,
                             const struct sk_now *now, struct sk_effects *effects);

static enum sk_err run_on_alarm(struct request *request, on_alarm *act, bool comment_required)
{
    uint64_t occurrence = 0;
    const char *comment =
        occurrence_argument(request, &occurrence) ? sk_request_text(request, "comment", comment_required, COMMENT_MAX) : NULL;
    if (comment == NULL)
        return request->answer->err;
    enum sk_err err = act(request->floor->engine, occurrence, comment, &request->actor, request->now,
                          sk_recorder_effects(request->floor->recorder));
    if (err != SK_OK) {
        char detail[96];
        sk_text_format(detail, sizeof detail, "no open alarm with occurrence %llu", (unsigned long long)occurrence);
        return sk_request_refuse(request, err, err == SK_ERR_NOT_FOUND ? detail : sk_err_text(err));
    }
    request->answer->alarm = occurrence;
    request->answer->durable = true;
    return SK_OK;
}

static enum sk_err run_acknowledge(struct request *request)
{
    return run_on_alarm(request, sk_engine_acknowledge, false);
}
static enum sk_err run_comment(struct request *request)
{
    return run_on_alarm(request, sk_engine_comment, true);
}

static enum sk_err run_status(struct request *request)
{
    cJSON *result = cJSON_CreateObject();
    if (result == NULL)
        return sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
    cJSON_AddStringToObject(result, "site", request->floor->site->id);
    sk_json_add_u64(result, "records", sk_store_size(sk_recorder_store(request->floor->recorder)));
    cJSON_AddBoolToObject(result, "writable", sk_recorder_writable(request->floor->recorder));
    cJSON_AddNumberToObject(result, "points", (double)request->floor->site->point_count);
    cJSON_AddNumberToObject(result, "open_alarms", (double)sk_engine_alarm_count(request->floor->engine));
    request->answer->result = result;
    return SK_OK;
}

static const struct {
    const char *command, *act; /* act: row of permissions.def */
    enum sk_err (*run)(struct request *request);
} commands[] = {{"session.check", "session.check", run_session_check},
                {"session.open", "session.open", run_session_open},
                {"session.close", "session.close", run_session_close},
                {"account.create", "account.create", run_account_create},
                {"token.create", "token.create", run_token_create},
                {"alarm.acknowledge", "alarm.acknowledge", run_acknowledge},
                {"alarm.comment", "alarm.comment", run_comment},
                {"status", "read.site", run_status},
                {"entries.export", "entries.export", sk_run_entries_export},
#define X(command, act, run) {command, act, sk_run_##run},
                SK_ROSTER_COMMANDS(X) SK_REGISTER_COMMANDS(X) SK_WORDS_COMMANDS(X)
#undef X
};

/* --- the way through the table --- */

/* Refusals are records, but a flood of them must not fill the log: beyond a bound per minute they are counted, and the count is
 * written with the first refusal of the next minute. */
static void record_denial(struct request *request, const char *why)
{
    struct sk_command_floor *floor = request->floor;
    if (request->now->mono_us - floor->denial_window_us > MINUTE_US) {
        floor->denial_window_us = request->now->mono_us;
        floor->denials_in_window = 0;
    }
    if (++floor->denials_in_window > DENIALS_PER_MINUTE) {
        floor->denials_unrecorded++;
        return;
    }
    struct sk_draft draft;
    begin_record(request, SK_EV_OP_DENIED, &draft);
    if (floor->denials_unrecorded > 0)
        sk_body_put_u64(&draft.body, SK_TAG_COUNT, floor->denials_unrecorded);
    floor->denials_unrecorded = 0;
    end_record(request, &draft, "", "", why);
}

/* A check that nobody's hand caused, as of a stream that stays open, must not keep an idle session alive. */
static bool renews_idle(const struct request *request)
{
    return strcmp(request->command, "session.check") != 0 || !cJSON_IsFalse(sk_json_get(request->args, "touch"));
}

static enum sk_err find_actor(struct request *request, uid_t peer_uid)
{
    struct sk_account account;
    if (request->token == NULL) {
        if (peer_uid != 0 && peer_uid != request->floor->console_uid)
            return SK_ERR_UNAUTHENTICATED;
        sk_text_format(request->actor.id, sizeof request->actor.id, "console:%u", (unsigned)peer_uid);
        request->actor.roles = 1u << SK_ROLE_ADMINISTRATOR;
        sk_text_copy(request->kind, sizeof request->kind, "console");
        return SK_OK;
    }
    enum sk_err err = sk_vault_secret_check(request->floor->vault, request->token, request->now->utc_us, renews_idle(request),
                                            &account, request->kind);
    if (err == SK_OK) {
        sk_text_copy(request->actor.id, sizeof request->actor.id, account.id);
        request->actor.roles = account.roles;
    }
    return err;
}

enum sk_err sk_request_deny(struct request *request, const char *act)
{
    if (sk_permission(act, request->actor.roles))
        return SK_OK;
    record_denial(request, "denied");
    return sk_request_refuse(request, SK_ERR_DENIED, "none of the account's roles may do this");
}

static void run_row(struct request *request, size_t row, uid_t peer_uid)
{
    enum sk_err err = find_actor(request, peer_uid);
    if (err != SK_OK) {
        sk_text_copy(request->actor.id, sizeof request->actor.id, "unknown");
        record_denial(request, "unauthenticated");
        sk_request_refuse(request, SK_ERR_UNAUTHENTICATED, "not signed in: the token is unknown, expired or disabled");
        return;
    }
    if (sk_request_deny(request, commands[row].act) != SK_OK || sk_arguments_check(request) != SK_OK)
        return;
    /* An act without its record must not be: room first. But a roll is called whatever waits: its records are the engine's, and
     * the recorder keeps those through an outage of any length. */
    err = strncmp(commands[row].act, "muster.", 7) == 0 ? SK_OK : sk_recorder_room(request->floor->recorder);
    if (err != SK_OK) {
        sk_request_refuse(request, err, "no room for the record of this act; the log cannot be written now");
        return;
    }
    request->answer->err = commands[row].run(request);
}

static void dispatch(struct request *request, const cJSON *json, uid_t peer_uid)
{
    const char *address = sk_json_text(sk_json_get(json, "address")), *reason = sk_json_text(sk_json_get(json, "reason"));
    request->args = sk_json_get(json, "args");
    request->token = sk_json_text(sk_json_get(json, "token"));
    request->command = sk_json_text(sk_json_get(json, "cmd"));
    request->reason = reason != NULL ? reason : "";
    if (address != NULL)
        sk_text_copy(request->actor.address, sizeof request->actor.address, address);
    for (size_t i = 0; request->command != NULL && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(request->command, commands[i].command) == 0) {
            if (words_are_good(request, reason) && words_are_good(request, sk_json_text(sk_json_get(request->args, "reason"))))
                run_row(request, i, peer_uid);
            return;
        }
    sk_request_refuse(request, SK_ERR_UNSUPPORTED, "unknown command; see collector/PROTOCOL.md");
}

/* The id is given back: an integer; anything else is not. */
static void keep_id(const cJSON *json, struct sk_answer *answer)
{
    const cJSON *id = sk_json_get(json, "id");
    int64_t number = 0;
    if (cJSON_IsNumber(id) && sk_json_i64(id, &number))
        sk_text_format(answer->id, sizeof answer->id, "%lld", (long long)number);
}

void sk_command_run(struct sk_command_floor *floor, const char *line, size_t length, uid_t peer_uid, const struct sk_now *now,
                    struct sk_answer *ret_answer)
{
    sk_command_run_with(floor, line, length, peer_uid, -1, now, ret_answer);
}

void sk_command_run_with(struct sk_command_floor *floor, const char *line, size_t length, uid_t peer_uid, int fd,
                         const struct sk_now *now, struct sk_answer *ret_answer)
{
    struct sk_fault fault = {0};
    cJSON *json = NULL;
    *ret_answer = (struct sk_answer){.err = SK_OK, .fd = -1};
    struct request request = {.floor = floor, .now = now, .answer = ret_answer, .command = "", .reason = "", .fd = fd};
    enum sk_err err = sk_json_parse(line, length, &SK_JSON_REQUEST, &json, &fault);
    if (err != SK_OK) {
        sk_request_refuse(&request, err, fault.text);
        return;
    }
    keep_id(json, ret_answer);
    dispatch(&request, json, peer_uid);
    cJSON_Delete(json);
}
