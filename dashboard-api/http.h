/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS, behind six functions: start, respond, stream, wake, port, stop. The only place that knows which library serves.
 *
 * Around the library stand four pieces that it lacks (access checklist, section 6), each with a test:
 *   1. a pinned TLS priority string; start refuses when GnuTLS does not take it (http_tls.c);
 *   2. the strict gate over every header block (gate.h) and the raw request target (target.h);
 *   3. a reaper with absolute deadlines: 10 s to the end of the headers, 30 s to the end of the body, 60 s to the end of an
 *      answer; streams have none (http_watch.h);
 *   4. limits: connections in all and per address, memory per connection, body, target.
 * What is refused there never reaches the handler.
 *
 * Threads: the handler and the pull functions run on worker threads (config.threads, 0: one per core), several at once.
 * A request is valid during its handler only. A stream's source lives until its gone() was called, exactly once. */
#ifndef SK_DASHBOARD_HTTP_H
#define SK_DASHBOARD_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dashboard-api/target.h"
#include "schemas/base/err.h"

struct sk_http;
struct sk_http_request;

struct sk_http_config {
    const char *listen;               /* "127.0.0.1:8443", "[::1]:8443"; port 0: a free one */
    const char *cert_path, *key_path; /* PEM; the key must not be readable by group or others */
    unsigned threads;
    unsigned connections, connections_per_address;
    void (*handle)(void *context, struct sk_http_request *request);
    void *context;
};

/* Reads and checks certificate, key and priority string without serving; also what `--check` runs. */
enum sk_err sk_http_check(const struct sk_http_config *config, struct sk_fault *fault);
/* config's texts are borrowed during the call only. */
enum sk_err sk_http_start(const struct sk_http_config *config, struct sk_http **ret_http, struct sk_fault *fault);
/* Reads certificate and key again: connections from now on get them, those that stand go on. On any error, which are those of
 * sk_http_check, the pair before stays. */
enum sk_err sk_http_reload(const struct sk_http_config *config, struct sk_fault *fault);
uint16_t sk_http_port(const struct sk_http *http);
/* Ends all streams and connections; every gone() has run when it returns. */
void sk_http_stop(struct sk_http *http);

/* The request. Texts are borrowed until the handler returns. */
const char *sk_http_method(const struct sk_http_request *request);
const struct sk_target *sk_http_target(const struct sk_http_request *request);
const char *sk_http_field(const struct sk_http_request *request, const char *name); /* NULL when absent */
const char *sk_http_body(const struct sk_http_request *request, size_t *ret_length);
const char *sk_http_peer(const struct sk_http_request *request); /* address of the client, as text */

struct sk_http_field {
    const char *name, *value; /* name NULL ends the list */
};
struct sk_http_answer {
    int status;
    const char *type;
    const void *bytes;
    size_t length;
    bool fixed;                   /* bytes live as long as the process: not copied */
    void (*release)(void *bytes); /* not NULL: bytes are given over, not copied */
    struct sk_http_field fields[4];
};
/* Once per request; security headers are added to everything. */
void sk_http_respond(struct sk_http_request *request, const struct sk_http_answer *answer);

/* An answer that is made once and given many times, by any thread: its fields stand, its bytes are not copied. Everybody who
 * keeps one has a hold of his own; the bytes go with the last hold, after the last connection that was sending them. */
struct sk_http_ready;
/* Bytes are taken over or copied as respond does it, also when this returns NULL: no memory. One hold is the caller's. */
struct sk_http_ready *sk_http_ready_make(const struct sk_http_answer *answer);
void sk_http_ready_hold(struct sk_http_ready *ready);
void sk_http_ready_drop(struct sk_http_ready *ready); /* NULL is fine */
/* Instead of respond. */
void sk_http_respond_ready(struct sk_http_request *request, const struct sk_http_ready *ready);

struct sk_http_source {
    /* Writes at most room bytes: how many, 0 when there is nothing now (the stream sleeps until a wake), -1 at the end. */
    ssize_t (*pull)(void *context, char *to, size_t room);
    void (*gone)(void *context);
    void *context;
};
/* Instead of respond: 200 text/event-stream, fed by source. When it returns false the answer could not be made: the source's
 * gone() was called. */
bool sk_http_stream(struct sk_http_request *request, const struct sk_http_source *source);
/* Instead of respond: 200 with what comes out of a descriptor (a pipe, non-blocking), at the pace of the client; it is closed
 * at the end, whatever the end is. The stream is text, and one zero byte behind it says that it is whole: without it the
 * connection ends without the last chunk, which clients report as an error. A client that takes nothing for half a minute is
 * cut. Takes fd in any case; false when the answer could not be made. */
bool sk_http_pipe(struct sk_http_request *request, int fd, const char *type, const struct sk_http_field *fields);
/* Something may have come for the streams: every sleeping one is asked again. */
void sk_http_wake(struct sk_http *http);

#endif
