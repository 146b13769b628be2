/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: a suspended connection per reader, resumed all together.
 *
 * Each resume makes the library walk all suspended connections of a worker once it runs, so a wake resumes everybody under one
 * hold of the lock. A stream leaves the list in its free callback under the same lock, hence a listed connection is alive. */
#include <string.h>

#include "dashboard-api/http_private.h"
#include "schemas/base/mem.h"

/* The library keeps a buffer of so many bytes for each answer, and never uses it: chunks are filled in the connection's own
 * pool. */
enum { BLOCK = 256 };

struct stream {
    struct stream *previous, *next; /* on http->sleeping while asleep */
    struct sk_http *http;
    struct MHD_Connection *connection;
    struct sk_http_source source;
    bool asleep;
};

static void unlink_stream(struct stream *stream)
{
    if (!stream->asleep)
        return;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        stream->http->sleeping = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    stream->previous = stream->next = NULL;
    stream->asleep = false;
}

/* False: something came since `seen`, or the server stops; pull again. */
static bool fall_asleep(struct stream *stream, uint64_t seen)
{
    struct sk_http *http = stream->http;
    pthread_mutex_lock(&http->lock);
    bool may = atomic_load(&http->wakes) == seen && !atomic_load(&http->stopping);
    if (may) {
        stream->next = http->sleeping;
        if (http->sleeping)
            http->sleeping->previous = stream;
        http->sleeping = stream;
        stream->asleep = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&http->lock);
    return may;
}

static ssize_t read_stream(void *context, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct stream *stream = context;
    for (;;) {
        if (atomic_load(&stream->http->stopping))
            return MHD_CONTENT_READER_END_OF_STREAM;
        uint64_t seen = atomic_load(&stream->http->wakes);
        ssize_t got = stream->source.pull(stream->source.context, to, room);
        if (got != 0)
            return got > 0 ? got : MHD_CONTENT_READER_END_OF_STREAM;
        if (fall_asleep(stream, seen))
            return 0;
    }
}

static void free_stream(void *context)
{
    struct stream *stream = context;
    pthread_mutex_lock(&stream->http->lock);
    unlink_stream(stream);
    pthread_mutex_unlock(&stream->http->lock);
    stream->source.gone(stream->source.context);
    sk_free(stream);
}

bool sk_http_stream(struct sk_http_request *request, const struct sk_http_source *source)
{
    struct stream *stream = sk_calloc(1, sizeof *stream);
    struct MHD_Response *response = NULL;
    if (stream) {
        *stream = (struct stream){.http = request->http, .connection = request->connection, .source = *source};
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, stream, free_stream);
    }
    if (!response) {
        sk_free(stream);
        source->gone(source->context);
        return false;
    }
    sk_watch_within(request->http->watch, request->watched, -1);
    static const struct sk_http_field fields[] = {{"X-Accel-Buffering", "no"}, {NULL, NULL}};
    sk_http_queue(request, MHD_HTTP_OK, response, "text/event-stream", fields);
    return true;
}

void sk_http_wake(struct sk_http *http)
{
    pthread_mutex_lock(&http->lock);
    atomic_fetch_add(&http->wakes, 1);
    while (http->sleeping) {
        struct stream *stream = http->sleeping;
        unlink_stream(stream);
        MHD_resume_connection(stream->connection);
    }
    pthread_mutex_unlock(&http->lock);
}
