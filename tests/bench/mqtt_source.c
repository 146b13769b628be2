/* SPDX-License-Identifier: Apache-2.0 */
/* A publisher that costs little and knows exactly what it sent: MQTT 3.1.1 on one socket, written from the specification.
 *
 * mqtt_source PORT KIND QOS TOPICS RATE WINDOW, then on stdin lines "send COUNT": publishes COUNT messages at RATE a second (0:
 * as fast as the broker acknowledges), at most WINDOW of them unacknowledged at QoS 1, and answers {"sent":N,"seconds":S} when
 * the broker has acknowledged all. Message n of the process carries n, so that holes can be counted. KIND `event`: door
 * envelopes of bench/dc1 (TOPICS ignored); `sample`: {"t":...,"n":...} of 200 bytes to bench/<n mod TOPICS>/state. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 64, TEXT = 512, OUT = BURST * (TEXT + 64), IN = 65536, PAYLOAD = 200 };

static struct {
    int fd;
    bool events;
    unsigned qos, topics, window;
    double rate;
    uint64_t next, acknowledged; /* message numbers, from 1; acknowledged: how many PUBACKs came */
    uint8_t out[OUT];
} source;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "mqtt_source: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void dial(uint16_t port)
{
    static const uint8_t hello[] = {0x10, 23,  0,   4,   'M', 'Q', 'T', 'T', 4,   2,   0,   0,  0,
                                    11,   'm', 'q', 't', 't', '-', 's', 'o', 'u', 'r', 'c', 'e'};
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint8_t answer[4];
    const int on = 1;
    source.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(source.fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    setsockopt(source.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (write(source.fd, hello, sizeof hello) != sizeof hello || recv(source.fd, answer, 4, MSG_WAITALL) != 4 || answer[3] != 0)
        die("CONNECT was not accepted");
}

static int event_text(char *to, size_t size, uint64_t n)
{
    struct timespec now;
    struct tm utc;
    char stamp[80];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
             utc.tm_min, utc.tm_sec);
    return snprintf(to, size,
                    "{\"v\":1,\"epoch\":7,\"seq\":\"%llu\",\"t\":\"%s.%06ldZ\",\"mono\":%llu,"
                    "\"topic\":\"tns1:AccessControl/AccessGranted/Credential\","
                    "\"data\":{\"Door\":\"d1\",\"Reader\":\"r1\",\"Card\":\"04a1b2c3d4\",\"Factors\":[\"pt:Card\"]}}",
                    (unsigned long long)n, stamp, now.tv_nsec / 1000, (unsigned long long)n);
}

static int sample_text(char *to, size_t size, uint64_t n)
{
    int length = snprintf(to, size, "{\"t\":%.1f,\"n\":%llu,\"name\":\"temperature\",\"unit\":\"Cel\",\"pad\":\"",
                          20 + (double)(n / source.topics % 50) / 10, (unsigned long long)n);
    while (length < PAYLOAD - 2)
        to[length++] = 'x';
    to[length++] = '"';
    to[length++] = '}';
    return length;
}

/* One PUBLISH at `to`; returns its length. */
static size_t put_publish(uint8_t *to, uint64_t n)
{
    char topic[64], text[TEXT];
    const size_t name =
        (size_t)(source.events ? snprintf(topic, sizeof topic, "bench/dc1/ev")
                               : snprintf(topic, sizeof topic, "bench/%u/state", (unsigned)(n % source.topics)));
    const size_t body = (size_t)(source.events ? event_text(text, sizeof text, n) : sample_text(text, sizeof text, n));
    const size_t rest = 2 + name + (source.qos ? 2 : 0) + body;
    size_t at = 0;
    to[at++] = (uint8_t)(0x30 | source.qos << 1);
    to[at++] = (uint8_t)((rest & 127) | 128); /* always two bytes: 128 to 16383 */
    to[at++] = (uint8_t)(rest >> 7);
    to[at++] = (uint8_t)(name >> 8);
    to[at++] = (uint8_t)name;
    memcpy(to + at, topic, name);
    at += name;
    if (source.qos) {
        const unsigned id = (unsigned)(n % 65535) + 1;
        to[at++] = (uint8_t)(id >> 8);
        to[at++] = (uint8_t)id;
    }
    memcpy(to + at, text, body);
    return at + body;
}

static void send_all(const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t sent = send(source.fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            die("send");
        bytes += sent;
        length -= (size_t)sent;
    }
}

/* Takes PUBACKs (4 bytes each); waits up to timeout_ms for the first. */
static void take_acks(int timeout_ms)
{
    static uint8_t in[IN];
    static size_t held;
    struct pollfd wait = {.fd = source.fd, .events = POLLIN};
    if (poll(&wait, 1, timeout_ms) <= 0)
        return;
    const ssize_t got = read(source.fd, in + held, sizeof in - held);
    if (got <= 0)
        die("the broker hung up");
    held += (size_t)got;
    source.acknowledged += held / 4;
    memmove(in, in + held / 4 * 4, held % 4);
    held %= 4;
}

static void send_count(uint64_t count)
{
    const double begin = now_s();
    const uint64_t first = source.next, last = first + count;
    while (source.next < last) {
        uint64_t allowed = last - source.next;
        if (source.rate > 0) {
            const double due = (now_s() - begin) * source.rate;
            allowed = due > (double)(source.next - first) ? (uint64_t)(due - (double)(source.next - first)) : 0;
        }
        const uint64_t open = source.qos ? source.next - 1 - source.acknowledged : 0;
        if (allowed > source.window - open)
            allowed = source.window - open;
        if (allowed > last - source.next)
            allowed = last - source.next;
        size_t length = 0;
        for (unsigned i = 0; i < BURST && i < allowed; i++)
            length += put_publish(source.out + length, source.next++);
        send_all(source.out, length);
        if (source.qos || allowed == 0)
            take_acks(allowed == 0 ? 1 : 0);
    }
    while (source.qos && source.acknowledged < source.next - 1)
        take_acks(1000);
    printf("{\"sent\":%llu,\"seconds\":%.6f}\n", (unsigned long long)count, now_s() - begin);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[64];
    if (argc != 7)
        die("usage: mqtt_source PORT event|sample QOS TOPICS RATE WINDOW");
    source.events = strcmp(argv[2], "event") == 0;
    source.qos = (unsigned)atoi(argv[3]);
    source.topics = (unsigned)atoi(argv[4]);
    source.rate = atof(argv[5]);
    source.window = (unsigned)atoi(argv[6]);
    source.next = 1;
    if (source.topics == 0 || source.window == 0 || source.window > 60000)
        die("TOPICS from 1, WINDOW from 1 to 60000");
    dial((uint16_t)atoi(argv[1]));
    while (fgets(line, sizeof line, stdin) != NULL)
        if (strncmp(line, "send ", 5) == 0)
            send_count(strtoull(line + 5, NULL, 10));
    return 0;
}
