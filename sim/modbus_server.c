/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets and serial lines of the Modbus face: accept, collect bytes, answer now or later, misbehave on demand.
 *
 * A gateway answers one request after the other, so a delayed answer holds back those behind it on the same connection. */
#include "sim/modbus_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"
#include "sim/modbus_codec.h"
#include "sim/registers.h"

enum { CONNECTIONS_MAX = 256, PIECES_MAX = 320, RTU_SILENCE_US = 50000, GATEWAY_TARGET_SILENT = 11 };
enum endpoint_kind { ENDPOINT_LISTENER, ENDPOINT_TCP, ENDPOINT_RTU };

struct piece {
    int64_t due_us;
    uint16_t length;
    uint8_t bytes[SIM_FRAME_MAX];
};
struct endpoint {
    enum endpoint_kind kind;
    int fd;
    uint32_t link;
    bool doomed; /* close once nothing waits */
    int64_t last_us;
    size_t have;
    uint8_t in[2 * SIM_FRAME_MAX];
    struct piece *pieces; /* in order; PIECES_MAX */
    size_t piece_count;
    int64_t busy_until_us; /* of answers before this one */
};
struct sim_modbus {
    struct sim *sim;
    struct endpoint *endpoints[CONNECTIONS_MAX];
    uint16_t *ports; /* per link */
};

static void drop(struct sim_modbus *server, size_t index)
{
    struct endpoint *endpoint = server->endpoints[index];
    (void)close(endpoint->fd); /* leaves epoll by itself */
    sk_free(endpoint->pieces);
    sk_free(endpoint);
    server->endpoints[index] = NULL;
}

static struct endpoint *adopt(struct sim_modbus *server, enum endpoint_kind kind, int fd, uint32_t link)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->endpoints[i] != NULL) {
            continue;
        }
        struct endpoint *endpoint = sk_calloc(1, sizeof *endpoint);
        struct piece *pieces = kind == ENDPOINT_LISTENER ? NULL : sk_calloc(PIECES_MAX, sizeof *pieces);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = endpoint};
        if (endpoint == NULL || (kind != ENDPOINT_LISTENER && pieces == NULL) ||
            epoll_ctl(server->sim->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            sk_free(endpoint);
            sk_free(pieces);
            break;
        }
        *endpoint = (struct endpoint){.kind = kind, .fd = fd, .link = link, .pieces = pieces};
        server->endpoints[i] = endpoint;
        return endpoint;
    }
    (void)close(fd);
    return NULL;
}

static int bind_one(const struct addrinfo *address)
{
    const int one = 1;
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 64) == 0) {
        return fd;
    }
    (void)close(fd);
    return -1;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) != 0) {
        return 0;
    }
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static enum sk_err listen_on(struct sim_modbus *server, uint32_t index, struct sk_fault *fault)
{
    const struct sk_link *link = &server->sim->site->links[index];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    char port[8];
    (void)sk_text_format(port, sizeof port, "%u", (unsigned)link->port);
    if (getaddrinfo(link->host, port, &hints, &found) != 0) {
        return sk_fault_set(fault, SK_ERR_IO, "link %s: cannot resolve '%s'", link->id, link->host);
    }
    const int fd = bind_one(found);
    const int reason = errno;
    freeaddrinfo(found);
    if (fd < 0) {
        return sk_fault_set(fault, SK_ERR_IO, "link %s: cannot listen on %s port %s: %s; choose another port", link->id,
                            link->host, port, strerror(reason));
    }
    server->ports[index] = port_of(fd);
    return adopt(server, ENDPOINT_LISTENER, fd, index) != NULL ? SK_OK : SK_ERR_NOMEM;
}

static speed_t speed_of(uint32_t baud)
{
    static const struct {
        uint32_t baud;
        speed_t speed;
    } SPEEDS[] = {{1200, B1200},   {2400, B2400},   {4800, B4800},   {9600, B9600},
                  {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}};
    for (size_t i = 0; i < sizeof SPEEDS / sizeof SPEEDS[0]; i++) {
        if (SPEEDS[i].baud == baud) {
            return SPEEDS[i].speed;
        }
    }
    return B9600;
}

static enum sk_err open_serial(struct sim_modbus *server, uint32_t index, struct sk_fault *fault)
{
    const struct sk_link *link = &server->sim->site->links[index];
    const int fd = open(link->serial_device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios line;
    if (fd < 0 || tcgetattr(fd, &line) != 0) {
        const int reason = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return sk_fault_set(fault, SK_ERR_IO, "link %s: cannot open serial line '%s': %s", link->id, link->serial_device,
                            strerror(reason));
    }
    cfmakeraw(&line);
    (void)cfsetspeed(&line, speed_of(link->baud));
    (void)tcsetattr(fd, TCSANOW, &line);
    return adopt(server, ENDPOINT_RTU, fd, index) != NULL ? SK_OK : SK_ERR_NOMEM;
}

enum sk_err sim_modbus_create(struct sim *sim, struct sim_modbus **ret_server, struct sk_fault *fault)
{
    enum sk_err err = SK_OK;
    struct sim_modbus *server = sk_calloc(1, sizeof *server);
    uint16_t *ports = sk_calloc(sim->site->link_count + 1, sizeof *ports);
    if (server == NULL || ports == NULL) {
        sk_free(server);
        sk_free(ports);
        return sk_fault_set(fault, SK_ERR_NOMEM, "no memory for the Modbus server");
    }
    server->sim = sim;
    server->ports = ports;
    for (uint32_t i = 0; i < sim->site->link_count && err == SK_OK; i++) {
        if (sim->site->links[i].protocol == SK_PROTO_MODBUS_TCP) {
            err = listen_on(server, i, fault);
        } else if (sim->site->links[i].protocol == SK_PROTO_MODBUS_RTU) {
            err = open_serial(server, i, fault);
        }
    }
    if (err != SK_OK) {
        sim_modbus_free(server);
        return err;
    }
    *ret_server = server;
    return SK_OK;
}

void sim_modbus_free(struct sim_modbus *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->endpoints[i] != NULL) {
            drop(server, i);
        }
    }
    sk_free(server->ports);
    sk_free(server);
}

uint16_t sim_modbus_port(const struct sim_modbus *server, uint32_t link)
{
    return server->ports[link];
}

static void queue(struct endpoint *endpoint, int64_t due_us, const uint8_t *bytes, size_t length)
{
    if (endpoint->piece_count == PIECES_MAX) {
        endpoint->doomed = true; /* a client that asks without end and never waits */
        return;
    }
    struct piece *piece = &endpoint->pieces[endpoint->piece_count++];
    piece->due_us = due_us > endpoint->busy_until_us ? due_us : endpoint->busy_until_us;
    piece->length = (uint16_t)length;
    memcpy(piece->bytes, bytes, length);
    endpoint->busy_until_us = piece->due_us;
}

static size_t frame_of(const struct endpoint *endpoint, const struct sim_request *request, const uint8_t *pdu, size_t length,
                       uint8_t to[SIM_FRAME_MAX])
{
    return endpoint->kind == ENDPOINT_RTU ? sim_rtu_frame(request->unit, pdu, length, to)
                                          : sim_tcp_frame(request->transaction, request->unit, pdu, length, to);
}

static size_t make_pdu(const struct sim *sim, const struct endpoint *endpoint, const struct sim_request *request,
                       const struct sim_wire_fault *fault, uint8_t pdu[SIM_PDU_MAX])
{
    uint16_t values[SIM_READ_BITS_MAX];
    uint8_t exception = request->exception;
    if (fault->kind == SIM_WIRE_EXCEPTION) {
        exception = fault->code;
    }
    if (exception == 0) {
        exception =
            sim_registers_read(sim, endpoint->link, request->unit, request->function, request->address, request->count, values);
    }
    return exception != 0 ? sim_pdu_exception(request, exception, pdu) : sim_pdu_answer(request, values, pdu);
}

/* The first device at the unit speaks for it; a fault of the link comes first. */
static struct sim_wire_fault take_fault(struct sim *sim, uint32_t link, uint8_t unit)
{
    if (sim->link_faults[link].kind != SIM_WIRE_NONE) {
        return sim_wire_fault_take(&sim->link_faults[link]);
    }
    for (size_t i = 0; i < sim->site->device_count; i++) {
        const struct sk_device *device = &sim->site->devices[i];
        if (device->link == (int32_t)link && device->unit == unit && sim->device_faults[i].kind != SIM_WIRE_NONE) {
            return sim_wire_fault_take(&sim->device_faults[i]);
        }
    }
    return (struct sim_wire_fault){0};
}

static void send_pieces(struct endpoint *endpoint, const struct sim_wire_fault *fault, const uint8_t *frame, size_t length,
                        int64_t now_us)
{
    const int64_t step_us = (int64_t)fault->ms * 1000;
    if (fault->kind == SIM_WIRE_DELAY) {
        queue(endpoint, (now_us > endpoint->busy_until_us ? now_us : endpoint->busy_until_us) + step_us, frame, length);
    } else if (fault->kind == SIM_WIRE_TORN) {
        const size_t first = length / 2;
        queue(endpoint, now_us, frame, first);
        queue(endpoint, now_us + step_us, frame + first, length - first);
    } else if (fault->kind == SIM_WIRE_SLOW) {
        for (size_t i = 0; i < length; i++) {
            queue(endpoint, now_us + step_us * (int64_t)i, frame + i, 1);
        }
    } else {
        queue(endpoint, now_us, frame, length);
    }
}

static void spoil(const struct endpoint *endpoint, const struct sim_wire_fault *fault, uint8_t *frame, size_t length)
{
    if (fault->kind == SIM_WIRE_GARBAGE) {
        for (size_t i = 0; i < length; i++) {
            frame[i] = (uint8_t)(frame[i] * 7u + 0x5Bu + i);
        }
    } else if (fault->kind == SIM_WIRE_CRC && endpoint->kind == ENDPOINT_RTU) {
        frame[length - 1] ^= 0x55;
    } else if (fault->kind == SIM_WIRE_TID && endpoint->kind == ENDPOINT_TCP) {
        frame[1] ^= 0x3C;
    } else if (fault->kind == SIM_WIRE_UNIT) {
        frame[endpoint->kind == ENDPOINT_TCP ? 6 : 0] ^= 0x21;
        if (endpoint->kind == ENDPOINT_RTU) { /* a true frame of another unit, not a torn one */
            const uint16_t crc = sim_crc16(frame, length - 2);
            frame[length - 2] = (uint8_t)crc;
            frame[length - 1] = (uint8_t)(crc >> 8);
        }
    }
}

static void answer(struct sim_modbus *server, struct endpoint *endpoint, const struct sim_request *request, int64_t now_us)
{
    uint8_t pdu[SIM_PDU_MAX], frame[SIM_FRAME_MAX];
    const bool ours = sim_unit_exists(server->sim, endpoint->link, request->unit);
    if (!ours && endpoint->kind == ENDPOINT_RTU) {
        return; /* on a bus another one would answer */
    }
    const struct sim_wire_fault fault =
        ours ? take_fault(server->sim, endpoint->link, request->unit)
             : (struct sim_wire_fault){.kind = SIM_WIRE_EXCEPTION, .code = GATEWAY_TARGET_SILENT};
    if (fault.kind == SIM_WIRE_DEAD || fault.kind == SIM_WIRE_DROP) {
        return;
    }
    if (fault.kind == SIM_WIRE_CLOSE) {
        endpoint->doomed = true;
        return;
    }
    const size_t pdu_length = make_pdu(server->sim, endpoint, request, &fault, pdu);
    const size_t length = frame_of(endpoint, request, pdu, pdu_length, frame);
    spoil(endpoint, &fault, frame, length);
    send_pieces(endpoint, &fault, frame, length, now_us);
}

/* RTU resynchronises by silence; TCP cannot, so a stream that is no Modbus is closed. */
static void take_frames(struct sim_modbus *server, struct endpoint *endpoint, int64_t now_us)
{
    size_t used = 0;
    for (;;) {
        struct sim_request request;
        size_t length = 0;
        const uint8_t *at = endpoint->in + used;
        const enum sim_parse parsed = endpoint->kind == ENDPOINT_RTU
                                          ? sim_rtu_parse(at, endpoint->have - used, &request, &length)
                                          : sim_tcp_parse(at, endpoint->have - used, &request, &length);
        if (parsed == SIM_PARSE_BROKEN) {
            endpoint->doomed = endpoint->kind == ENDPOINT_TCP;
            used = endpoint->have;
            break;
        }
        if (parsed == SIM_PARSE_NEED_MORE) {
            break;
        }
        used += length;
        answer(server, endpoint, &request, now_us);
    }
    endpoint->have -= used;
    memmove(endpoint->in, endpoint->in + used, endpoint->have);
}

static bool fill(struct sim_modbus *server, struct endpoint *endpoint, int64_t now_us)
{
    if (endpoint->kind == ENDPOINT_RTU && now_us - endpoint->last_us > RTU_SILENCE_US) {
        endpoint->have = 0;
    }
    endpoint->last_us = now_us;
    const ssize_t got = read(endpoint->fd, endpoint->in + endpoint->have, sizeof endpoint->in - endpoint->have);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR || (errno == EIO && endpoint->kind == ENDPOINT_RTU);
    }
    if (got == 0) {
        return endpoint->kind == ENDPOINT_RTU;
    }
    endpoint->have += (size_t)got;
    take_frames(server, endpoint, now_us);
    return true;
}

static void accept_all(struct sim_modbus *server, const struct endpoint *listener)
{
    const int one = 1;
    for (;;) {
        const int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void)adopt(server, ENDPOINT_TCP, fd, listener->link);
    }
}

/* Sends the pieces that are due, all or nothing of each; a client that does not read loses the connection. */
static bool flush(struct endpoint *endpoint, int64_t now_us)
{
    size_t sent = 0;
    while (sent < endpoint->piece_count && endpoint->pieces[sent].due_us <= now_us) {
        const struct piece *piece = &endpoint->pieces[sent];
        if (write(endpoint->fd, piece->bytes, piece->length) != (ssize_t)piece->length) {
            return false;
        }
        sent++;
    }
    endpoint->piece_count -= sent;
    memmove(endpoint->pieces, endpoint->pieces + sent, endpoint->piece_count * sizeof *endpoint->pieces);
    return !endpoint->doomed || endpoint->piece_count > 0;
}

bool sim_modbus_ready(struct sim_modbus *server, void *tag, uint32_t events)
{
    (void)events;
    const int64_t now_us = sk_clock_mono_us();
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct endpoint *endpoint = server->endpoints[i];
        if (endpoint == NULL || endpoint != tag) {
            continue;
        }
        if (endpoint->kind == ENDPOINT_LISTENER) {
            accept_all(server, endpoint);
        } else if (!fill(server, endpoint, now_us) || !flush(endpoint, now_us)) {
            if (endpoint->kind == ENDPOINT_TCP) {
                drop(server, i);
            }
        }
        return true;
    }
    return false;
}

void sim_modbus_due(struct sim_modbus *server, int64_t now_us)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct endpoint *endpoint = server->endpoints[i];
        if (endpoint != NULL && endpoint->kind != ENDPOINT_LISTENER && !flush(endpoint, now_us) &&
            endpoint->kind == ENDPOINT_TCP) {
            drop(server, i);
        }
    }
}

int64_t sim_modbus_deadline(const struct sim_modbus *server)
{
    int64_t deadline = SK_NEVER;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct endpoint *endpoint = server->endpoints[i];
        if (endpoint != NULL && endpoint->piece_count > 0 && endpoint->pieces[0].due_us < deadline) {
            deadline = endpoint->pieces[0].due_us;
        }
    }
    return deadline;
}
