/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of Modbus frames; every read goes through the bounded reader. */
#include "sim/modbus_codec.h"

#include <string.h>

#include "schemas/base/bytes.h"

enum { BITS_MAX = 2000, REGISTERS_MAX = 125, MBAP_LENGTH_MAX = SIM_PDU_MAX + 1 };

static void judge(struct sim_request *request)
{
    if (request->function < 1 || request->function > 4) {
        request->exception = 1;
    } else if (request->count == 0 || request->count > (request->function <= 2 ? BITS_MAX : REGISTERS_MAX)) {
        request->exception = 3;
    } else if ((uint32_t)request->address + request->count > 0x10000u) {
        request->exception = 2;
    }
}

static void read_pdu(const uint8_t *pdu, size_t length, struct sim_request *request)
{
    struct sk_reader reader;
    sk_reader_init(&reader, pdu, length);
    request->function = sk_read_u8(&reader);
    if (request->function >= 1 && request->function <= 4) {
        request->address = sk_read_u16(&reader);
        request->count = sk_read_u16(&reader);
        request->exception = sk_reader_done(&reader) ? 0 : 3;
    }
    if (request->exception == 0) {
        judge(request);
    }
}

enum sim_parse sim_tcp_parse(const uint8_t *bytes, size_t length, struct sim_request *ret_request, size_t *ret_used)
{
    if (length < SIM_MBAP_SIZE) {
        return SIM_PARSE_NEED_MORE;
    }
    struct sk_reader reader;
    sk_reader_init(&reader, bytes, length);
    *ret_request = (struct sim_request){.transaction = sk_read_u16(&reader)};
    const uint16_t protocol = sk_read_u16(&reader);
    const uint16_t rest = sk_read_u16(&reader); /* unit and PDU */
    ret_request->unit = sk_read_u8(&reader);
    if (protocol != 0 || rest < 2 || rest > MBAP_LENGTH_MAX) {
        return SIM_PARSE_BROKEN;
    }
    const size_t whole = (size_t)SIM_MBAP_SIZE - 1 + rest;
    if (length < whole) {
        return SIM_PARSE_NEED_MORE;
    }
    read_pdu(bytes + SIM_MBAP_SIZE, rest - 1u, ret_request);
    *ret_used = whole;
    return SIM_PARSE_OK;
}

enum sim_parse sim_rtu_parse(const uint8_t *bytes, size_t length, struct sim_request *ret_request, size_t *ret_used)
{
    if (length < SIM_RTU_REQUEST) {
        return SIM_PARSE_NEED_MORE;
    }
    const uint16_t crc = (uint16_t)(bytes[6] | bytes[7] << 8);
    if (crc != sim_crc16(bytes, 6)) {
        return SIM_PARSE_BROKEN;
    }
    *ret_request = (struct sim_request){.unit = bytes[0]};
    read_pdu(bytes + 1, 5, ret_request);
    *ret_used = SIM_RTU_REQUEST;
    return SIM_PARSE_OK;
}

size_t sim_pdu_answer(const struct sim_request *request, const uint16_t *values, uint8_t to[SIM_PDU_MAX])
{
    const bool bits = request->function <= 2;
    const size_t data = bits ? (request->count + 7u) / 8 : 2u * request->count;
    memset(to, 0, SIM_PDU_MAX);
    to[0] = request->function;
    to[1] = (uint8_t)data;
    for (size_t i = 0; i < request->count; i++) {
        if (bits) {
            to[2 + i / 8] = (uint8_t)(to[2 + i / 8] | (values[i] != 0 ? 1u << (i % 8) : 0));
        } else {
            to[2 + 2 * i] = (uint8_t)(values[i] >> 8);
            to[3 + 2 * i] = (uint8_t)values[i];
        }
    }
    return 2 + data;
}

size_t sim_pdu_exception(const struct sim_request *request, uint8_t code, uint8_t to[SIM_PDU_MAX])
{
    to[0] = (uint8_t)(request->function | 0x80);
    to[1] = code;
    return 2;
}

size_t sim_tcp_frame(uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t length, uint8_t to[SIM_FRAME_MAX])
{
    struct sk_writer writer;
    sk_writer_init(&writer, to, SIM_FRAME_MAX);
    sk_write_u16(&writer, transaction);
    sk_write_u16(&writer, 0);
    sk_write_u16(&writer, (uint16_t)(length + 1));
    sk_write_u8(&writer, unit);
    sk_write_bytes(&writer, pdu, length);
    return writer.bad ? 0 : writer.length;
}

size_t sim_rtu_frame(uint8_t unit, const uint8_t *pdu, size_t length, uint8_t to[SIM_FRAME_MAX])
{
    if (length + 3 > SIM_FRAME_MAX) {
        return 0;
    }
    to[0] = unit;
    memcpy(to + 1, pdu, length);
    const uint16_t crc = sim_crc16(to, length + 1);
    to[length + 1] = (uint8_t)crc; /* low byte first */
    to[length + 2] = (uint8_t)(crc >> 8);
    return length + 3;
}

uint16_t sim_crc16(const uint8_t *bytes, size_t length)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
        }
    }
    return crc;
}
