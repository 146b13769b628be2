/* SPDX-License-Identifier: Apache-2.0 */
/* Modbus TCP on libmodbus 3.1.6, with what the library leaves open done here (DECISIONS.md, "late replies"):
 * our own transaction number in every request (modbus_send_raw_request always sends 0), and a reply is looked at in the socket
 * (MSG_PEEK) before it is taken, so that a torn or foreign one never leaves the stream between two frames.
 *
 * After a time-out or a foreign reply one more frame is waited for, at most one more time-out: with our transaction number it
 * is the late reply, thrown away, and the stream is in step again; anything else, and the connection is renewed. */
#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "drivers/modbus/mbap.h"
#include "drivers/modbus/wire.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

_Static_assert((int)SK_MBAP_FRAME_MAX <= MODBUS_TCP_MAX_ADU_LENGTH, "a frame we accept fits libmodbus's buffer");

enum { SOON_MS = 50 };

struct tcp {
    struct sk_wire base;
    const struct sk_link *link;
    modbus_t *context;
    uint16_t transaction;
};

static struct tcp *tcp_of(struct sk_wire *wire)
{
    return (struct tcp *)wire;
}

static void set_timeout(modbus_t *context, uint32_t timeout_ms)
{
    uint32_t ms = timeout_ms == 0 ? 1 : timeout_ms;
    modbus_set_response_timeout(context, ms / 1000, ms % 1000 * 1000);
    modbus_set_byte_timeout(context, 0, 0); /* the whole reply counts against the one time-out */
}

static void tcp_disconnect(struct sk_wire *wire)
{
    if (wire->connected)
        modbus_close(tcp_of(wire)->context);
    wire->connected = false;
}

/* libmodbus leaves the socket such that nothing waits in it. */
static void set_waiting(int fd)
{
    const struct timeval soon = {.tv_usec = (suseconds_t)SOON_MS * 1000};
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon) == 0)
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static enum sk_err tcp_connect(struct sk_wire *wire, uint32_t timeout_ms, struct sk_fault *fault)
{
    struct tcp *tcp = tcp_of(wire);
    tcp_disconnect(wire);
    if (!sk_wire_descriptor_left())
        return sk_fault_set(fault, SK_ERR_FULL, "link '%s': no descriptor below 1000 left in this poller", tcp->link->id);
    set_timeout(tcp->context, timeout_ms);
    if (modbus_connect(tcp->context) != 0)
        return sk_fault_set(fault, SK_ERR_IO, "link '%s': cannot connect to %s port %u: %s; retry with back-off", tcp->link->id,
                            tcp->link->host, tcp->link->port, modbus_strerror(errno));
    int on = 1;
    setsockopt(modbus_get_socket(tcp->context), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(modbus_get_socket(tcp->context), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    set_waiting(modbus_get_socket(tcp->context));
    wire->connected = true;
    return SK_OK;
}

/* Waits until anything lies in the socket, or the other side has closed. */
static enum sk_err await_any(struct tcp *tcp, int64_t deadline_us)
{
    const enum sk_err err = sk_wire_wait(modbus_get_socket(tcp->context), tcp->base.stop_fd, deadline_us);
    return err == SK_ERR_CLOSED ? SK_ERR_AGAIN : err;
}

/* Waits until `bytes` bytes lie in the socket. */
static enum sk_err await_all(struct tcp *tcp, size_t bytes, int64_t deadline_us)
{
    int fd = modbus_get_socket(tcp->context), low = (int)bytes, one = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)); /* poll() then waits for all of them */
    const enum sk_err err = await_any(tcp, deadline_us);
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one)); /* libmodbus selects for less than a frame */
    return err;
}

/* Copies what lies in the socket without taking it: how much; 0 when the other side has closed. */
static size_t look(struct tcp *tcp, uint8_t frame[SK_MBAP_FRAME_MAX])
{
    const ssize_t got = recv(modbus_get_socket(tcp->context), frame, SK_MBAP_FRAME_MAX, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 ? (size_t)got : 0;
}

/* The same, but waits for something to lie there, inside the socket: one system call for what nearly always comes soon. A stop
 * is noticed only afterwards, so it is no long wait. TIMEOUT: nothing yet. */
static enum sk_err look_soon(struct tcp *tcp, uint8_t frame[SK_MBAP_FRAME_MAX], size_t *ret_got, int64_t deadline_us)
{
    if (deadline_us - sk_clock_mono_us() < SOON_MS * SK_US_PER_MS)
        return SK_ERR_TIMEOUT;
    const ssize_t got = recv(modbus_get_socket(tcp->context), frame, SK_MBAP_FRAME_MAX, MSG_PEEK);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return SK_ERR_TIMEOUT;
    *ret_got = got > 0 ? (size_t)got : 0;
    return got > 0 ? SK_OK : SK_ERR_CLOSED;
}

/* The next whole frame, still in the socket: nearly always it is there at the first look. PROTOCOL: what lies there is no
 * frame. AGAIN: stop. CLOSED: less than a frame, and no more will come. */
static enum sk_err peek_frame(struct tcp *tcp, uint8_t frame[SK_MBAP_FRAME_MAX], size_t *ret_size, int64_t deadline_us)
{
    size_t got = 0, wanted = SK_MBAP_HEAD_SIZE;
    enum sk_err err = look_soon(tcp, frame, &got, deadline_us);
    if (err == SK_ERR_TIMEOUT && (err = await_any(tcp, deadline_us)) == SK_OK)
        got = look(tcp, frame);
    while (err == SK_OK) {
        if (got >= SK_MBAP_HEAD_SIZE) {
            wanted = *ret_size = sk_mbap_frame_size(frame);
            if (wanted == 0)
                return SK_ERR_PROTOCOL;
            if (got >= wanted)
                return SK_OK;
        }
        err = await_all(tcp, wanted, deadline_us);
        if (err == SK_OK && (got = look(tcp, frame)) < wanted)
            return SK_ERR_CLOSED; /* readable with less: the other side has closed */
    }
    return err;
}

static void discard(struct tcp *tcp, size_t size)
{
    uint8_t bytes[SK_MBAP_FRAME_MAX];
    if (recv(modbus_get_socket(tcp->context), bytes, size, MSG_DONTWAIT) != (ssize_t)size)
        tcp_disconnect(&tcp->base);
}

/* One more frame, for at most one more time-out. True: it was our late reply and the stream is in step. */
static bool drain(struct tcp *tcp, const struct sk_wire_request *request)
{
    uint8_t frame[SK_MBAP_FRAME_MAX];
    size_t size;
    int64_t deadline_us = sk_clock_mono_us() + request->timeout_ms * SK_US_PER_MS;
    if (peek_frame(tcp, frame, &size, deadline_us) != SK_OK)
        return false;
    discard(tcp, size);
    return tcp->base.connected && (uint16_t)(frame[0] << 8 | frame[1]) == tcp->transaction;
}

static bool send_request(struct tcp *tcp, const struct sk_mbap_request *asked)
{
    uint8_t bytes[SK_MBAP_REQUEST_SIZE];
    sk_mbap_encode(asked, bytes);
    return send(modbus_get_socket(tcp->context), bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(bytes);
}

/* Takes the frame that was seen to fit; libmodbus reads it, and must see the same one. */
static bool take(struct tcp *tcp, const struct sk_mbap_request *asked, size_t size, struct sk_wire_reply *reply)
{
    uint8_t frame[MODBUS_TCP_MAX_ADU_LENGTH];
    uint8_t exception = 0;
    if (modbus_receive_confirmation(tcp->context, frame) != (int)size)
        return false;
    enum sk_mbap_fit fit = sk_mbap_match(asked, frame, size, &exception);
    reply->exception = exception;
    reply->outcome = fit == SK_MBAP_EXCEPTION ? SK_WIRE_EXCEPTION : SK_WIRE_ANSWER;
    if (fit == SK_MBAP_ANSWER)
        sk_mbap_words(asked, frame, reply->words);
    return fit != SK_MBAP_FOREIGN;
}

static enum sk_wire_outcome receive(struct tcp *tcp, const struct sk_mbap_request *asked, int64_t deadline_us,
                                    struct sk_wire_reply *reply)
{
    uint8_t frame[SK_MBAP_FRAME_MAX], exception;
    size_t size;
    switch (peek_frame(tcp, frame, &size, deadline_us)) {
    case SK_OK:
        break;
    case SK_ERR_TIMEOUT:
        return SK_WIRE_TIMEOUT;
    case SK_ERR_AGAIN:
        return SK_WIRE_STOPPED;
    case SK_ERR_PROTOCOL: /* where the next frame begins nobody knows: nothing to drain */
        tcp_disconnect(&tcp->base);
        return SK_WIRE_FOREIGN;
    default:
        return SK_WIRE_CLOSED;
    }
    if (sk_mbap_match(asked, frame, size, &exception) == SK_MBAP_FOREIGN) {
        discard(tcp, size);
        return SK_WIRE_FOREIGN;
    }
    return take(tcp, asked, size, reply) ? reply->outcome : SK_WIRE_CLOSED;
}

static void tcp_ask(struct sk_wire *wire, const struct sk_wire_request *request, struct sk_wire_reply *reply)
{
    struct tcp *tcp = tcp_of(wire);
    struct sk_mbap_request asked = {.transaction = ++tcp->transaction,
                                    .unit = request->unit,
                                    .function = request->function,
                                    .address = request->address,
                                    .count = request->count};
    reply->late_reply = false;
    reply->before_us = sk_clock_mono_us();
    set_timeout(tcp->context, request->timeout_ms);
    reply->outcome = send_request(tcp, &asked)
                         ? receive(tcp, &asked, reply->before_us + request->timeout_ms * SK_US_PER_MS, reply)
                         : SK_WIRE_CLOSED;
    reply->after_us = sk_clock_mono_us();
    bool out_of_step = reply->outcome == SK_WIRE_TIMEOUT || (reply->outcome == SK_WIRE_FOREIGN && wire->connected);
    if (out_of_step)
        reply->late_reply = drain(tcp, request);
    if (reply->outcome == SK_WIRE_CLOSED || (out_of_step && !reply->late_reply))
        tcp_disconnect(wire);
}

static void tcp_free(struct sk_wire *wire)
{
    if (wire == NULL)
        return;
    tcp_disconnect(wire);
    modbus_free(tcp_of(wire)->context);
    sk_free(wire);
}

enum sk_err sk_wire_tcp_create(const struct sk_link *link, struct sk_wire **ret_wire, struct sk_fault *fault)
{
    static const struct sk_wire_kind kind = {tcp_connect, tcp_ask, tcp_disconnect, tcp_free};
    char service[8];
    sk_text_format(service, sizeof(service), "%u", (unsigned)link->port);
    struct tcp *tcp = sk_calloc(1, sizeof(*tcp));
    modbus_t *context = tcp == NULL ? NULL : modbus_new_tcp_pi(link->host, service);
    if (context == NULL) {
        sk_free(tcp);
        return sk_fault_set(fault, tcp == NULL ? SK_ERR_NOMEM : SK_ERR_INVALID, "link '%s': no Modbus TCP context for '%s'",
                            link->id, link->host);
    }
    tcp->base.kind = &kind;
    tcp->link = link;
    tcp->context = context;
    *ret_wire = &tcp->base;
    return SK_OK;
}
