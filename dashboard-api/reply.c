/* SPDX-License-Identifier: Apache-2.0 */
/* Titles of statuses, status of error codes: two tables. */
#include "dashboard-api/reply.h"

#include <string.h>
#include <zstd.h>

#include "dashboard-api/kept.h"
#include "dashboard-api/negotiate.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

void sk_reply(struct sk_call *call, const struct sk_http_answer *answer)
{
    atomic_fetch_add(&call->app->answers[answer->status / 100 % SK_APP_STATUSES], 1);
    sk_http_respond(call->http, answer);
}

void sk_reply_out(struct sk_call *call, struct sk_out *out)
{
    if (out->bad)
        sk_reply_problem(call, 503, "nomem", "out of memory");
    else
        sk_reply(call,
                 &(struct sk_http_answer){
                     .status = 200, .type = "application/json", .bytes = out->text, .length = out->length, .release = sk_free});
    if (!out->bad)
        *out = (struct sk_out){0}; /* given over */
    sk_out_release(out);
}

/* --- open answers: tagged and compressed --- */

enum { TAG_TEXT = 48, COMPRESSED_FROM = 2048, LEVEL = 3 };

static void make_tag(const struct sk_call *call, uint64_t generation, char to[TAG_TEXT])
{
    sk_text_format(to, TAG_TEXT, "\"%016llx-%llx\"", (unsigned long long)call->app->epoch, (unsigned long long)generation);
}

static bool may_pack(const struct sk_call *call)
{
    return sk_accepts_coding(sk_http_field(call->http, "Accept-Encoding"), "zstd");
}

/* what, and whether the client takes it packed. */
static bool make_key(const struct sk_call *call, const char *what, char to[SK_KEPT_KEY])
{
    return what && sk_text_format(to, SK_KEPT_KEY, "%c%s", may_pack(call) ? 'z' : '-', what);
}

static bool reply_unchanged(struct sk_call *call, uint64_t generation)
{
    const char *given = sk_http_field(call->http, "If-None-Match");
    char tag[TAG_TEXT], weak[TAG_TEXT + 2];
    if (!given)
        return false;
    make_tag(call, generation, tag);
    if (!sk_matches_tag(given, tag))
        return false;
    sk_text_format(weak, sizeof weak, "W/%s", tag);
    sk_reply(call, &(struct sk_http_answer){.status = 304,
                                            .type = "application/json",
                                            .bytes = "",
                                            .fixed = true,
                                            .fields = {{"ETag", weak}, {"Vary", "Accept-Encoding"}}});
    return true;
}

bool sk_reply_known(struct sk_call *call, const char *what, uint64_t generation)
{
    char key[SK_KEPT_KEY];
    if (generation == 0)
        return false;
    if (reply_unchanged(call, generation))
        return true;
    struct sk_http_ready *ready = make_key(call, what, key) ? sk_kept_find(call->app->kept, key, generation) : NULL;
    if (!ready)
        return false;
    atomic_fetch_add(&call->app->answers[2], 1); /* none but 200 is kept */
    sk_http_respond_ready(call->http, ready);
    sk_http_ready_drop(ready);
    return true;
}

/* NULL: not asked for, not worth it, or no memory: the plain text goes out. */
static void *compress(struct sk_call *call, const void *bytes, size_t length, size_t *ret_length)
{
    if (length < COMPRESSED_FROM || !may_pack(call))
        return NULL;
    const size_t bound = ZSTD_compressBound(length);
    void *packed = sk_calloc(bound, 1);
    const size_t packed_length = packed ? ZSTD_compress(packed, bound, bytes, length, LEVEL) : 0;
    if (packed && !ZSTD_isError(packed_length) && packed_length < length) {
        *ret_length = packed_length;
        return packed;
    }
    sk_free(packed);
    return NULL;
}

/* Sends the answer and keeps it for whoever asks the same next. */
static void reply_and_keep(struct sk_call *call, const struct sk_http_answer *answer, const char *key, uint64_t generation)
{
    struct sk_http_ready *ready = sk_http_ready_make(answer);
    if (!ready)
        return sk_reply_problem(call, 503, "nomem", "out of memory");
    sk_kept_put(call->app->kept, key, generation, ready);
    atomic_fetch_add(&call->app->answers[2], 1);
    sk_http_respond_ready(call->http, ready);
    sk_http_ready_drop(ready);
}

/* Sends answer's bytes, packed if that may be. */
static void reply_packed(struct sk_call *call, struct sk_http_answer *answer, const char *what, uint64_t generation)
{
    char tag[TAG_TEXT], weak[TAG_TEXT + 2], key[SK_KEPT_KEY];
    size_t count = 0;
    void *packed = compress(call, answer->bytes, answer->length, &answer->length);
    answer->fields[count++] = (struct sk_http_field){"Vary", "Accept-Encoding"};
    if (generation != 0) {
        make_tag(call, generation, tag);
        sk_text_format(weak, sizeof weak, "W/%s", tag);
        answer->fields[count++] = (struct sk_http_field){"ETag", weak};
    }
    if (packed) {
        answer->fields[count++] = (struct sk_http_field){"Content-Encoding", "zstd"};
        if (answer->release)
            answer->release((void *)(uintptr_t)answer->bytes);
        answer->bytes = packed;
        answer->fixed = false;
        answer->release = sk_free;
    }
    if (generation != 0 && answer->length <= SK_KEPT_BYTES && make_key(call, what, key))
        reply_and_keep(call, answer, key, generation);
    else
        sk_reply(call, answer);
}

void sk_reply_open(struct sk_call *call, struct sk_out *out, const char *what, uint64_t generation)
{
    if (out->bad) {
        sk_reply_out(call, out);
        return;
    }
    struct sk_http_answer answer = {
        .status = 200, .type = "application/json", .bytes = out->text, .length = out->length, .release = sk_free};
    *out = (struct sk_out){0};
    reply_packed(call, &answer, what, generation);
}

/* What is fixed changes with the program only, and a process has one epoch; its place names it. */
void sk_reply_open_fixed(struct sk_call *call, const char *type, const void *bytes, size_t length)
{
    struct sk_http_answer answer = {.status = 200, .type = type, .bytes = bytes, .length = length, .fixed = true};
    char what[32];
    sk_text_format(what, sizeof what, "fixed %p", bytes);
    if (!sk_reply_known(call, what, 1))
        reply_packed(call, &answer, what, 1);
}

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } rows[] = {{400, "Bad request"},       {401, "Not signed in"},          {403, "Forbidden"},
                {404, "Not found"},         {405, "Method not allowed"},     {409, "Conflict with present state"},
                {413, "Content too large"}, {415, "Unsupported media type"}, {429, "Too many requests"},
                {500, "Internal error"},    {503, "Service unavailable"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].title;
    return "Error";
}

static void problem_begin(struct sk_out *out, int status, const char *word, const char *detail)
{
    sk_out_format(out, "{\"type\":\"urn:sekisho:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":", word,
                  title_of(status), status);
    sk_out_json_text(out, detail);
}

static void problem_end(struct sk_call *call, struct sk_out *out, int status, const char *field, const char *value)
{
    sk_out_put(out, "}");
    struct sk_http_answer answer = {.status = status,
                                    .type = "application/problem+json",
                                    .bytes = out->bad ? "{}" : out->text,
                                    .length = out->bad ? 2 : out->length,
                                    .fields = {{field, value}}};
    sk_reply(call, &answer);
    sk_out_release(out);
}

void sk_reply_problem_with(struct sk_call *call, int status, const char *word, const char *detail, const char *field,
                           const char *value)
{
    struct sk_out out = {0};
    problem_begin(&out, status, word, detail);
    problem_end(call, &out, status, field, value);
}

void sk_reply_problem(struct sk_call *call, int status, const char *word, const char *detail)
{
    const char *field = status == 401 ? "WWW-Authenticate" : status == 503 || status == 429 ? "Retry-After" : NULL;
    sk_reply_problem_with(call, status, word, detail, field, status == 401 ? "Bearer" : "2");
}

void sk_reply_too_many(struct sk_call *call, const char *detail, uint32_t wait_s)
{
    char seconds[16];
    sk_text_format(seconds, sizeof seconds, "%u", (unsigned)wait_s);
    sk_reply_problem_with(call, 429, "too_many", detail, "Retry-After", seconds);
}

static int status_of(enum sk_err code)
{
    static const struct {
        enum sk_err code;
        int status;
    } rows[] = {{SK_ERR_PARSE, 400},           {SK_ERR_RANGE, 400},     {SK_ERR_TOO_LONG, 400},
                {SK_ERR_INVALID, 400},         {SK_ERR_NOT_FOUND, 404}, {SK_ERR_DENIED, 403},
                {SK_ERR_UNAUTHENTICATED, 401}, {SK_ERR_CONFLICT, 409},  {SK_ERR_EXISTS, 409},
                {SK_ERR_VERSION, 503},         {SK_ERR_FULL, 503}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].status;
    return 0;
}

void sk_reply_fault(struct sk_call *call, const struct sk_fault *fault)
{
    const int status = status_of(fault->code);
    if (status != 0)
        return sk_reply_problem(call, status, sk_err_word(fault->code),
                                fault->text[0] ? fault->text : sk_err_text(fault->code));
    sk_log(SK_LOG_WARNING, "answered 503: %s", fault->text[0] ? fault->text : sk_err_text(fault->code));
    sk_reply_problem(call, 503, sk_err_word(fault->code), sk_err_text(fault->code));
}

void sk_reply_faults(struct sk_call *call, const struct sk_fault *fault, const cJSON *faults)
{
    struct sk_out out = {0};
    const int status = status_of(fault->code);
    if (!faults || status == 0)
        return sk_reply_fault(call, fault);
    problem_begin(&out, status, sk_err_word(fault->code), fault->text);
    sk_out_put(&out, ",\"faults\":");
    sk_out_json(&out, faults);
    problem_end(call, &out, status, NULL, NULL);
}

bool sk_param_limit(struct sk_call *call, uint32_t *ret_limit)
{
    const char *text = sk_target_param(call->target, "limit");
    int64_t value = 100;
    if (text && !sk_int_read(text, 1, 1000, &value)) {
        sk_reply_problem(call, 400, "range", "limit: expected a number from 1 to 1000");
        return false;
    }
    *ret_limit = (uint32_t)value;
    return true;
}

bool sk_param_time(struct sk_call *call, const char *name, int64_t *ret_utc_us)
{
    const char *text = sk_target_param(call->target, name);
    *ret_utc_us = 0;
    if (!text || sk_time_parse(text, ret_utc_us))
        return true;
    char detail[96];
    sk_text_format(detail, sizeof detail, "%s: expected a time as 2026-11-20T12:31:00Z", name);
    sk_reply_problem(call, 400, "parse", detail);
    return false;
}

void sk_cursor_format(char to[24], char kind, uint64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    to[0] = kind;
    sk_hex_write(to + 1, bytes, sizeof bytes);
}

bool sk_param_cursor(struct sk_call *call, char kind, bool *ret_given, uint64_t *ret_number)
{
    const char *text = sk_target_param(call->target, "cursor");
    uint8_t bytes[8];
    *ret_given = text != NULL;
    if (!text)
        return true;
    if (text[0] != kind || !sk_hex_read(bytes, sizeof bytes, text + 1)) {
        sk_reply_problem(call, 400, "parse", "cursor: expected the text given as next");
        return false;
    }
    *ret_number = 0;
    for (int i = 0; i < 8; i++)
        *ret_number = *ret_number << 8 | bytes[i];
    return true;
}
