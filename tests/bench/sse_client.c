/* SPDX-License-Identifier: Apache-2.0 */
/* Opens many TLS event streams and says when each got an event: sse_client PORT PATH COUNT, then COUNT lines on stdin, each the
 * value of an Authorization field (or empty). Prints {"open":N} when every stream has had its first bytes. Then each line on
 * stdin is a text to wait for: {"watching":true} at once, and {"got":N,"first_ms":..,"p50_ms":..,"p99_ms":..,"max_ms":..} when
 * all streams have had an event that holds it, or 10 s later. Times count from the moment on CLOCK_MONOTONIC (seconds) that
 * stands before the text: "SECONDS TEXT"; 0: from the first arrival. One thread and epoll; the certificate is not checked. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STREAMS_MAX = 8192, CHUNK = 16384, TAIL = 256, WAIT_S = 10, EVENTS = 256, LINE = 1024 };

struct stream {
    gnutls_session_t tls;
    int fd;
    double at; /* when the awaited text came; 0 not yet */
    char tail[TAIL + CHUNK + 1];
    size_t tail_length;
};

static struct stream *streams;
static int stream_count, epoll;
static gnutls_certificate_credentials_t credentials;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "sse_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void open_stream(struct stream *stream, uint16_t port, const char *path, const char *authorization)
{
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[LINE * 2];
    int err;
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(stream->fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    gnutls_init(&stream->tls, GNUTLS_CLIENT);
    gnutls_set_default_priority(stream->tls);
    gnutls_credentials_set(stream->tls, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(stream->tls, stream->fd);
    while ((err = gnutls_handshake(stream->tls)) < 0)
        if (gnutls_error_is_fatal(err))
            die(gnutls_strerror(err));
    const int length =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: text/event-stream\r\n%s%s%s\r\n",
                 path, port, authorization[0] ? "Authorization: " : "", authorization, authorization[0] ? "\r\n" : "");
    if (gnutls_record_send(stream->tls, request, (size_t)length) != length)
        die("request");
    fcntl(stream->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    epoll_ctl(epoll, EPOLL_CTL_ADD, stream->fd, &event);
}

/* Reads all there is; true when the text has now come for the first time (any bytes when text is NULL). */
static bool take(struct stream *stream, const char *text)
{
    bool found = false;
    for (;;) {
        const ssize_t got = gnutls_record_recv(stream->tls, stream->tail + stream->tail_length, CHUNK);
        if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
            break;
        if (got <= 0 && !gnutls_error_is_fatal((int)got) && got != 0)
            continue; /* a session ticket */
        if (got <= 0) {
            fprintf(stderr, "sse_client: a stream ended: %s\n", got == 0 ? "closed" : gnutls_strerror((int)got));
            exit(1);
        }
        stream->tail_length += (size_t)got;
        stream->tail[stream->tail_length] = '\0';
        if (stream->at == 0 && (text == NULL || strstr(stream->tail, text) != NULL)) {
            stream->at = now_s();
            found = true;
        }
        if (stream->tail_length > TAIL) {
            memmove(stream->tail, stream->tail + stream->tail_length - TAIL, TAIL);
            stream->tail_length = TAIL;
        }
    }
    return found;
}

static int await_all(const char *text, int timeout_s)
{
    struct epoll_event events[EVENTS];
    int got = 0;
    const double end = now_s() + timeout_s;
    while (got < stream_count && now_s() < end) {
        const int count = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < count; i++)
            got += events[i].data.ptr != NULL && take(events[i].data.ptr, text);
    }
    return got;
}

/* Between questions the streams must be read too: until a line comes. */
static bool read_until_line(char *line)
{
    struct epoll_event events[EVENTS], standard = {.events = EPOLLIN, .data.ptr = NULL};
    bool line_came = false;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &standard);
    while (!line_came) {
        const int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                line_came = true;
            else
                take(events[i].data.ptr, "\1");
        }
    }
    epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    return fgets(line, LINE, stdin) != NULL;
}

static int by_time(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(int got, double from)
{
    static double times[STREAMS_MAX];
    int count = 0;
    for (int i = 0; i < stream_count; i++)
        if (streams[i].at != 0)
            times[count++] = streams[i].at;
    qsort(times, (size_t)count, sizeof *times, by_time);
    const double zero = from > 0 ? from : count > 0 ? times[0] : 0;
    for (int i = 0; i < count; i++)
        times[i] = (times[i] - zero) * 1e3;
    if (count == 0)
        printf("{\"got\":0}\n");
    else
        printf("{\"got\":%d,\"first_ms\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", got, times[0],
               times[count / 2], times[count * 99 / 100], times[count - 1]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[LINE];
    if (argc != 4 || atoi(argv[3]) < 1 || atoi(argv[3]) > STREAMS_MAX)
        die("usage: sse_client PORT PATH COUNT");
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){20000, 20000});
    setvbuf(stdin, NULL, _IONBF, 0);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    gnutls_certificate_allocate_credentials(&credentials);
    const int wanted = atoi(argv[3]);
    streams = calloc((size_t)wanted, sizeof *streams);
    if (streams == NULL)
        die("memory");
    for (; stream_count < wanted && fgets(line, sizeof line, stdin) != NULL; stream_count++) {
        line[strcspn(line, "\n")] = '\0';
        open_stream(&streams[stream_count], (uint16_t)atoi(argv[1]), argv[2], line);
    }
    printf("{\"open\":%d}\n", await_all(NULL, WAIT_S));
    fflush(stdout);
    while (read_until_line(line)) {
        char *text = NULL;
        const double from = strtod(line, &text);
        text += strspn(text, " ");
        text[strcspn(text, "\n")] = '\0';
        for (int i = 0; i < stream_count; i++) {
            streams[i].at = 0;
            streams[i].tail_length = 0;
        }
        puts("{\"watching\":true}");
        fflush(stdout);
        report(await_all(text, WAIT_S), from);
    }
    return 0;
}
