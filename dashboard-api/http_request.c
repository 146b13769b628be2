/* SPDX-License-Identifier: Apache-2.0 */
/* One request from its first line to its answer: raw target, gate, body, handler, security headers. */
#include <stdio.h>
#include <string.h>

#include "dashboard-api/gate.h"
#include "dashboard-api/http_private.h"
#include "schemas/base/mem.h"

enum { BODY_DRAINED_MAX = 1 << 20 }; /* of a chunked body that is too large, before the connection is simply closed */

/* Checklist S19-S21: on every answer. No CORS header and no server version, ever. */
static const struct sk_http_field security[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
     "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"},
    {"Strict-Transport-Security", "max-age=31536000"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
    {"Cache-Control", "no-store"},
};

static struct sk_http_connection *ours_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* The request line has come: the only moment at which the raw target can be seen. */
void *sk_http_on_target(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct sk_http *http = context;
    struct sk_http_connection *ours = ours_of(connection);
    struct sk_http_request *request = ours ? sk_calloc(1, sizeof *request) : NULL;
    if (!request)
        return NULL; /* no memory: the connection is closed */
    request->http = http;
    request->connection = connection;
    request->ours = ours;
    sk_http_request_free(ours->unfinished);
    ours->unfinished = request;
    request->watched = ours->watched;
    sk_watch_within(http->watch, request->watched, HEADERS_MS);
    request->target = sk_calloc(1, sizeof *request->target);
    enum sk_err err = request->target ? sk_target_parse(uri, strlen(uri), request->target, NULL) : SK_ERR_NOMEM;
    if (err == SK_ERR_NOMEM)
        request->refused = 503;
    else if (err != SK_OK)
        request->refused = err == SK_ERR_TOO_LONG ? 414 : 400;
    request->why = "the request target is malformed";
    return request;
}

static void free_target(struct sk_http_request *request)
{
    sk_free(request->target);
    request->target = NULL;
}

void sk_http_request_free(struct sk_http_request *request)
{
    if (!request)
        return;
    request->ours->unfinished = NULL;
    free_target(request);
    sk_free_secret(request->body, request->body_capacity);
    sk_free(request);
}

void sk_http_on_completed(void *context, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct sk_http *http = context;
    struct sk_http_request *request = *slot;
    if (!request)
        return;
    sk_watch_within(http->watch, request->watched, IDLE_MS);
    sk_http_request_free(request);
    *slot = NULL;
}

static enum MHD_Result check_field(void *context, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                   const char *value, size_t value_length)
{
    (void)kind;
    sk_gate_field(context, name, name_length, value ? value : "", value ? value_length : 0);
    return MHD_YES;
}

static void refuse(struct sk_http_request *request, int status, const char *why)
{
    char text[256];
    int length =
        snprintf(text, sizeof text, "{\"type\":\"urn:sekisho:problem:protocol\",\"title\":\"%s\",\"status\":%d}", why, status);
    sk_http_respond(request, &(struct sk_http_answer){.status = status,
                                                      .type = "application/problem+json",
                                                      .bytes = text,
                                                      .length = (size_t)length,
                                                      .fields = {{"Connection", "close"}}});
}

static enum MHD_Result begin_request(struct sk_http_request *request, const char *method, const char *version)
{
    request->gated = true;
    request->method = method;
    struct sk_gate gate = {0};
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, check_field, &gate);
    int status = sk_gate_done(&gate, version);
    if (status != 0 || request->refused != 0) {
        refuse(request, status ? status : request->refused, status ? gate.why : request->why);
        return request->queued;
    }
    sk_watch_within(request->http->watch, request->watched, BODY_MS);
    return MHD_YES;
}

static enum MHD_Result take_body(struct sk_http_request *request, const char *bytes, size_t *length)
{
    request->body_seen += *length;
    if (request->body_seen > BODY_DRAINED_MAX)
        return MHD_NO;
    if (request->body_seen <= SK_GATE_BODY_MAX) {
        if (!request->body) {
            request->body = sk_calloc(SK_GATE_BODY_MAX + 1, 1);
            request->body_capacity = SK_GATE_BODY_MAX + 1;
        }
        if (!request->body)
            return MHD_NO;
        memcpy(request->body + request->body_length, bytes, *length);
        request->body_length += *length;
    }
    *length = 0;
    return MHD_YES;
}

enum MHD_Result sk_http_on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                   const char *version, const char *upload, size_t *upload_size, void **slot)
{
    (void)connection;
    (void)url;
    struct sk_http *http = context;
    struct sk_http_request *request = *slot;
    if (!request)
        return MHD_NO;
    if (!request->gated)
        return begin_request(request, method, version);
    if (*upload_size > 0)
        return take_body(request, upload, upload_size);
    if (request->answered)
        return MHD_YES;
    sk_watch_within(http->watch, request->watched, ANSWER_MS);
    if (request->body_seen > SK_GATE_BODY_MAX)
        refuse(request, 413, "the body has more than 65536 bytes");
    else
        http->handle(http->context, request);
    if (!request->answered)
        refuse(request, 500, "no answer was made");
    free_target(request);
    return request->queued;
}

const char *sk_http_method(const struct sk_http_request *request)
{
    return request->method;
}

const struct sk_target *sk_http_target(const struct sk_http_request *request)
{
    return request->target;
}

const char *sk_http_field(const struct sk_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *sk_http_body(const struct sk_http_request *request, size_t *ret_length)
{
    *ret_length = request->body_length;
    return request->body;
}

const char *sk_http_peer(const struct sk_http_request *request)
{
    return request->ours->peer;
}

bool sk_http_dress(struct MHD_Response *response, const char *type, const struct sk_http_field *fields)
{
    bool good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES;
    for (size_t i = 0; i < sizeof security / sizeof security[0]; i++)
        good = good && MHD_add_response_header(response, security[i].name, security[i].value) == MHD_YES;
    for (; fields->name; fields++)
        good = good && MHD_add_response_header(response, fields->name, fields->value) == MHD_YES;
    return good;
}

void sk_http_queue(struct sk_http_request *request, unsigned status, struct MHD_Response *response, const char *type,
                   const struct sk_http_field *fields)
{
    const bool good = sk_http_dress(response, type, fields);
    request->answered = true;
    request->queued = good ? MHD_queue_response(request->connection, status, response) : MHD_NO;
    MHD_destroy_response(response);
}

struct MHD_Response *sk_http_response(const struct sk_http_answer *answer)
{
    enum MHD_ResponseMemoryMode mode = answer->fixed ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY;
    void *bytes = (void *)(uintptr_t)answer->bytes;
    struct MHD_Response *response =
        answer->release ? MHD_create_response_from_buffer_with_free_callback(answer->length, bytes, answer->release)
                        : MHD_create_response_from_buffer(answer->length, bytes, mode);
    if (!response && answer->release)
        answer->release(bytes);
    return response;
}

void sk_http_respond(struct sk_http_request *request, const struct sk_http_answer *answer)
{
    struct MHD_Response *response = sk_http_response(answer);
    request->answered = true;
    request->queued = MHD_NO;
    if (response)
        sk_http_queue(request, (unsigned)answer->status, response, answer->type, answer->fields);
}
