/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c, http_request.c and http_stream.c share; nobody else includes this. */
#ifndef SK_DASHBOARD_HTTP_PRIVATE_H
#define SK_DASHBOARD_HTTP_PRIVATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "dashboard-api/http.h"
#include "dashboard-api/http_watch.h"

/* Absolute deadlines (checklist S28) and what a connection may hold. */
enum {
    HEADERS_MS = 10000,
    BODY_MS = 30000,
    ANSWER_MS = 60000,
    STALL_MS = 30000,         /* an answer from a descriptor that the client does not take */
    SOURCE_MS = 600000,       /* a descriptor that gives nothing */
    IDLE_MS = 60000,          /* kept alive without a request */
    CONNECTION_MEMORY = 12288 /* pool per connection: the header block, then the answer's headers */
};

struct stream;
struct pipes; /* http_pipe.c */

struct sk_http {
    struct MHD_Daemon *daemon;
    struct sk_watch *watch;
    void (*handle)(void *context, struct sk_http_request *request);
    void *context;
    uint16_t port;
    /* Streams. wakes is read before a pull and compared under the lock before sleeping, so that no wake is lost between. */
    pthread_mutex_t lock;
    struct stream *sleeping;
    atomic_uint_fast64_t wakes;
    atomic_bool stopping;
    struct pipes *pipes;
};

/* One per connection, the library's socket context. unfinished: the request whose end we were not told of; the library forgets
 * to when it drops a request between its first line and its headers (a query of more fields than its pool holds). */
struct sk_http_connection {
    struct sk_watched *watched;
    struct sk_http_request *unfinished;
    char peer[48];
};

struct sk_http_request {
    struct MHD_Connection *connection;
    struct sk_http_connection *ours;
    struct sk_http *http;
    struct sk_watched *watched;
    struct sk_target *target; /* gone once answered: a stream's request lives long */
    const char *method;
    char *body;
    size_t body_length, body_capacity, body_seen;
    int refused; /* status found before the header block ended; 0 none */
    const char *why;
    bool gated, answered;
    enum MHD_Result queued;
};

/* Callbacks of the library; context is the struct sk_http. */
void *sk_http_on_target(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result sk_http_on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                   const char *version, const char *upload, size_t *upload_size, void **request);
void sk_http_on_completed(void *context, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode code);
/* Lets go of one whose end nobody tells. NULL is fine. */
void sk_http_request_free(struct sk_http_request *request);
/* One thread that wakes answers from a descriptor. stop: every sleeping one is resumed; free: after the library stopped. */
enum sk_err sk_pipes_create(struct pipes **ret_pipes);
void sk_pipes_stop(struct pipes *pipes);
void sk_pipes_free(struct pipes *pipes);
/* The response for an answer without its fields; bytes given over are released when there is none (NULL). */
struct MHD_Response *sk_http_response(const struct sk_http_answer *answer);
/* Adds type, security headers and the given fields. */
bool sk_http_dress(struct MHD_Response *response, const char *type, const struct sk_http_field *fields);
/* Dresses and queues the response, then lets go of it. */
void sk_http_queue(struct sk_http_request *request, unsigned status, struct MHD_Response *response, const char *type,
                   const struct sk_http_field *fields);

#endif
