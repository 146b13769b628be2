/* SPDX-License-Identifier: Apache-2.0 */
/* The limit beside our dashboard: libmicrohttpd with TLS and epoll, one thread, and the least that the same duty asks for.
 *
 * bare_mhd CERT KEY BODY CONNECTIONS: GET /body answers the bytes of the file BODY, as application/json; GET /stream is an
 * event stream: each line on stdin becomes one event ("data: LINE") in every open stream, each of which sleeps between events.
 * Prints
 * {"port":N} when it serves. */
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { FILE_MAX = 1 << 20, EVENTS_KEPT = 64, EVENT_MAX = 2048, STREAM_BLOCK = 4096, POOL = 12 << 10 };

struct stream {
    struct MHD_Connection *connection;
    uint64_t next; /* number of the event it has not sent yet */
    size_t at;     /* within that event */
    bool asleep;
    struct stream *after, **before;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stream *streams;
static char events[EVENTS_KEPT][EVENT_MAX];
static size_t event_length[EVENTS_KEPT];
static uint64_t event_count;
static struct MHD_Response *body;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bare_mhd: %s\n", what);
    exit(1);
}

static char *read_file(const char *path, size_t *ret_length)
{
    char *bytes = calloc(FILE_MAX, 1);
    FILE *file = fopen(path, "re");
    if (bytes == NULL || file == NULL)
        die(path);
    *ret_length = fread(bytes, 1, FILE_MAX - 1, file);
    fclose(file);
    return bytes;
}

static ssize_t pull(void *context, uint64_t position, char *to, size_t most)
{
    struct stream *stream = context;
    size_t length = 0;
    (void)position;
    pthread_mutex_lock(&lock);
    if (stream->next < event_count) {
        const size_t slot = stream->next % EVENTS_KEPT, left = event_length[slot] - stream->at;
        length = left < most ? left : most;
        memcpy(to, events[slot] + stream->at, length);
        stream->at += length;
        if (stream->at == event_length[slot]) {
            stream->next++;
            stream->at = 0;
        }
    } else {
        stream->asleep = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&lock);
    return (ssize_t)length;
}

static void gone(void *context)
{
    struct stream *stream = context;
    pthread_mutex_lock(&lock);
    *stream->before = stream->after;
    if (stream->after != NULL)
        stream->after->before = stream->before;
    pthread_mutex_unlock(&lock);
    free(stream);
}

static enum MHD_Result open_stream(struct MHD_Connection *connection)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return MHD_NO;
    pthread_mutex_lock(&lock);
    *stream = (struct stream){.connection = connection, .next = event_count, .after = streams, .before = &streams};
    if (streams != NULL)
        streams->before = &stream->after;
    streams = stream;
    pthread_mutex_unlock(&lock);
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, pull, stream, gone);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    const enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **state)
{
    static int seen;
    (void)context;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_size;
    if (*state == NULL) { /* the first call is for the headers alone */
        *state = &seen;
        return MHD_YES;
    }
    return strcmp(url, "/stream") == 0 ? open_stream(connection) : MHD_queue_response(connection, MHD_HTTP_OK, body);
}

static void publish(const char *line)
{
    pthread_mutex_lock(&lock);
    const size_t slot = event_count % EVENTS_KEPT;
    event_length[slot] = (size_t)snprintf(events[slot], EVENT_MAX, "data: %.*s\n\n", (int)strcspn(line, "\n"), line);
    event_count++;
    for (struct stream *stream = streams; stream != NULL; stream = stream->after)
        if (stream->asleep) {
            stream->asleep = false;
            MHD_resume_connection(stream->connection);
        }
    pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    size_t length;
    char line[EVENT_MAX - 16];
    if (argc != 5)
        die("usage: bare_mhd CERT KEY BODY CONNECTIONS");
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){20000, 20000});
    const char *cert = read_file(argv[1], &length), *key = read_file(argv[2], &length);
    char *bytes = read_file(argv[3], &length);
    body = MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(body, "Content-Type", "application/json");
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, NULL,
                         MHD_OPTION_HTTPS_MEM_CERT, cert, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)atoi(argv[4]), MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL, MHD_OPTION_END);
    if (daemon == NULL)
        die("cannot start");
    printf("{\"port\":%u}\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL)
        publish(line);
    return 0; /* the process ends; its connections with it */
}
