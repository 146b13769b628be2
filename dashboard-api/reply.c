/* SPDX-License-Identifier: Apache-2.0 */
/* Titles of statuses, status of error codes: two tables. */
#include "dashboard-api/reply.h"

#include <string.h>
#include <zstd.h>

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

bool sk_reply_unchanged(struct sk_call *call, uint64_t generation)
{
    char tag[TAG_TEXT], weak[TAG_TEXT + 2];
    make_tag(call, generation, tag);
    if (!sk_matches_tag(sk_http_field(call->http, "If-None-Match"), tag))
        return false;
    sk_text_format(weak, sizeof weak, "W/%s", tag);
    sk_reply(call, &(struct sk_http_answer){.status = 304,
                                            .type = "application/json",
                                            .bytes = "",
                                            .fixed = true,
                                            .fields = {{"ETag", weak}, {"Vary", "Accept-Encoding"}}});
    return true;
}

/* NULL: not asked for, not worth it, or no memory: the plain text goes out. */
static void *compress(struct sk_call *call, const void *bytes, size_t length, size_t *ret_length)
{
    if (length < COMPRESSED_FROM || !sk_accepts_coding(sk_http_field(call->http, "Accept-Encoding"), "zstd"))
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

/* Sends answer's bytes, packed if that may be. */
static void reply_packed(struct sk_call *call, struct sk_http_answer *answer, uint64_t generation)
{
    char tag[TAG_TEXT], weak[TAG_TEXT + 2];
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
    sk_reply(call, answer);
}

void sk_reply_open(struct sk_call *call, struct sk_out *out, uint64_t generation)
{
    if (out->bad) {
        sk_reply_out(call, out);
        return;
    }
    struct sk_http_answer answer = {
        .status = 200, .type = "application/json", .bytes = out->text, .length = out->length, .release = sk_free};
    *out = (struct sk_out){0};
    reply_packed(call, &answer, generation);
}

/* What is fixed changes with the program only, and a process has one epoch. */
void sk_reply_open_fixed(struct sk_call *call, const char *type, const void *bytes, size_t length)
{
    struct sk_http_answer answer = {.status = 200, .type = type, .bytes = bytes, .length = length, .fixed = true};
    if (!sk_reply_unchanged(call, 1))
        reply_packed(call, &answer, 1);
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
