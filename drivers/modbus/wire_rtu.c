/* SPDX-License-Identifier: Apache-2.0 */
/* Modbus RTU on libmodbus. RTU carries no transaction number: a late reply looks like the answer to the next request of the
 * same shape. So after a time-out nothing is sent for late_reply_ms, everything heard meanwhile is thrown away, and only then
 * the bus is used again. A device slower than time-out + late_reply_ms can still deceive; README.md says so. */
#include <errno.h>
#include <modbus/modbus.h>
#include <unistd.h>

#include "drivers/modbus/wire.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

enum { SILENT_MS = 20 }; /* after a damaged frame: its rest has passed when the line was silent for so long */

struct rtu {
    struct sk_wire base;
    const struct sk_link *link;
    modbus_t *context;
};

static struct rtu *rtu_of(struct sk_wire *wire)
{
    return (struct rtu *)wire;
}

static void rtu_disconnect(struct sk_wire *wire)
{
    if (wire->connected)
        modbus_close(rtu_of(wire)->context);
    wire->connected = false;
}

static enum sk_err rtu_connect(struct sk_wire *wire, uint32_t timeout_ms, struct sk_fault *fault)
{
    (void)timeout_ms;
    struct rtu *rtu = rtu_of(wire);
    rtu_disconnect(wire);
    if (!sk_wire_descriptor_left())
        return sk_fault_set(fault, SK_ERR_FULL, "link '%s': no descriptor below 1000 left in this poller", rtu->link->id);
    modbus_set_slave(rtu->context, 1);
    if (modbus_connect(rtu->context) != 0)
        return sk_fault_set(fault, SK_ERR_IO, "link '%s': cannot open '%s': %s; retry with back-off", rtu->link->id,
                            rtu->link->serial_device, modbus_strerror(errno));
    modbus_flush(rtu->context);
    wire->connected = true;
    return SK_OK;
}

/* Listens and throws away until deadline_us, or until the line was silent for silent_ms (0: the whole time). */
static void keep_quiet(struct rtu *rtu, uint32_t silent_ms, int64_t deadline_us, bool *ret_heard)
{
    int fd = modbus_get_socket(rtu->context);
    for (;;) {
        int64_t now_us = sk_clock_mono_us();
        int64_t until_us = silent_ms == 0 ? deadline_us : now_us + silent_ms * SK_US_PER_MS;
        uint8_t heard[256];
        if (now_us >= deadline_us ||
            sk_wire_wait(fd, rtu->base.stop_fd, until_us < deadline_us ? until_us : deadline_us) != SK_OK)
            break;
        if (read(fd, heard, sizeof(heard)) <= 0)
            break;
        *ret_heard = true;
    }
    modbus_flush(rtu->context);
}

static int read_bits(modbus_t *context, const struct sk_wire_request *request, uint16_t *words)
{
    uint8_t bits[SK_MODBUS_MAX_BITS];
    int got = request->function == SK_MODBUS_COILS ? modbus_read_bits(context, request->address, request->count, bits)
                                                   : modbus_read_input_bits(context, request->address, request->count, bits);
    for (int i = 0; i < got && i < request->count; i++)
        words[i] = bits[i] & 1;
    return got;
}

static int read_words(modbus_t *context, const struct sk_wire_request *request, uint16_t *words)
{
    if (sk_modbus_reads_bits(request->function))
        return read_bits(context, request, words);
    return request->function == SK_MODBUS_HOLDING
               ? modbus_read_registers(context, request->address, request->count, words)
               : modbus_read_input_registers(context, request->address, request->count, words);
}

static enum sk_wire_outcome outcome_of(int error, uint8_t *ret_exception)
{
    if (error > MODBUS_ENOBASE && error <= EMBXGTAR) {
        *ret_exception = (uint8_t)(error - MODBUS_ENOBASE);
        return SK_WIRE_EXCEPTION;
    }
    switch (error) {
    case ETIMEDOUT:
        return SK_WIRE_TIMEOUT;
    case EMBBADCRC:
        return SK_WIRE_CRC;
    case EMBBADDATA:
    case EMBBADEXC:
    case EMBUNKEXC:
    case EMBMDATA:
    case EMBBADSLAVE:
        return SK_WIRE_FOREIGN;
    default:
        return SK_WIRE_CLOSED;
    }
}

/* The time-out counts the device's thinking; what the frames need on the line comes on top. */
static void set_timeout(struct rtu *rtu, const struct sk_wire_request *request)
{
    struct sk_modbus_request span = {.function = request->function, .count = request->count};
    uint64_t us = (uint64_t)request->timeout_ms * 1000 + sk_modbus_request_line_us(&span, rtu->link);
    modbus_set_response_timeout(rtu->context, (uint32_t)(us / 1000000), (uint32_t)(us % 1000000));
    modbus_set_byte_timeout(rtu->context, 0, 0);
}

/* Brings the bus back in step after anything but a clean reply. */
static void recover(struct rtu *rtu, const struct sk_wire_request *request, struct sk_wire_reply *reply)
{
    int64_t quiet_until_us = reply->after_us + request->late_reply_ms * SK_US_PER_MS;
    int64_t damaged_until_us = reply->after_us + request->timeout_ms * SK_US_PER_MS;
    if (reply->outcome == SK_WIRE_TIMEOUT || reply->outcome == SK_WIRE_FOREIGN)
        keep_quiet(rtu, 0, quiet_until_us, &reply->late_reply);
    else if (reply->outcome == SK_WIRE_CRC)
        keep_quiet(rtu, SILENT_MS, damaged_until_us, &reply->late_reply);
    else if (reply->outcome == SK_WIRE_CLOSED)
        rtu_disconnect(&rtu->base);
}

static void rtu_ask(struct sk_wire *wire, const struct sk_wire_request *request, struct sk_wire_reply *reply)
{
    struct rtu *rtu = rtu_of(wire);
    reply->late_reply = false;
    reply->exception = 0;
    set_timeout(rtu, request);
    reply->before_us = sk_clock_mono_us();
    int got = modbus_set_slave(rtu->context, request->unit) == 0 ? read_words(rtu->context, request, reply->words) : -1;
    int error = errno;
    reply->after_us = sk_clock_mono_us();
    reply->outcome = got == request->count ? SK_WIRE_ANSWER : outcome_of(got < 0 ? error : EMBBADDATA, &reply->exception);
    recover(rtu, request, reply);
}

static void rtu_free(struct sk_wire *wire)
{
    if (wire == NULL)
        return;
    rtu_disconnect(wire);
    modbus_free(rtu_of(wire)->context);
    sk_free(wire);
}

enum sk_err sk_wire_rtu_create(const struct sk_link *link, struct sk_wire **ret_wire, struct sk_fault *fault)
{
    static const struct sk_wire_kind kind = {rtu_connect, rtu_ask, rtu_disconnect, rtu_free};
    struct rtu *rtu = sk_calloc(1, sizeof(*rtu));
    modbus_t *context =
        rtu == NULL ? NULL
                    : modbus_new_rtu(link->serial_device, (int)link->baud, link->parity, link->data_bits, link->stop_bits);
    if (context == NULL) {
        sk_free(rtu);
        return sk_fault_set(fault, rtu == NULL ? SK_ERR_NOMEM : SK_ERR_INVALID, "link '%s': no Modbus RTU context for '%s'",
                            link->id, link->serial_device);
    }
    rtu->base.kind = &kind;
    rtu->link = link;
    rtu->context = context;
    *ret_wire = &rtu->base;
    return SK_OK;
}
