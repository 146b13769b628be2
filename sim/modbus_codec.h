/* SPDX-License-Identifier: Apache-2.0 */
/* Modbus frames as bytes, for a server: requests in, answers out. Pure. Written from the Modbus Application Protocol V1.1b3 and
 * the Messaging Implementation Guide (MBAP header: transaction, protocol 0, length, unit); RTU checksum: CRC-16, 0xA001. */
#ifndef SK_SIM_MODBUS_CODEC_H
#define SK_SIM_MODBUS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_MBAP_SIZE = 7, SIM_PDU_MAX = 253, SIM_FRAME_MAX = SIM_MBAP_SIZE + SIM_PDU_MAX, SIM_RTU_REQUEST = 8 };

enum sim_parse { SIM_PARSE_NEED_MORE, SIM_PARSE_OK, SIM_PARSE_BROKEN };

struct sim_request {
    uint16_t transaction;
    uint8_t unit;
    uint8_t function;
    uint16_t address, count;
    uint8_t exception; /* what is wrong with it already: 1 unknown function, 3 count out of range; 0 nothing */
};

/* Takes one frame off the front of bytes. BROKEN: no Modbus TCP stream, close it. *ret_used: bytes of the frame. */
enum sim_parse sim_tcp_parse(const uint8_t *bytes, size_t length, struct sim_request *ret_request, size_t *ret_used);
/* RTU: reads are 8 bytes. BROKEN: checksum does not fit. */
enum sim_parse sim_rtu_parse(const uint8_t *bytes, size_t length, struct sim_request *ret_request, size_t *ret_used);

/* The answer's PDU. values: one word per register or bit. Returns its length. */
size_t sim_pdu_answer(const struct sim_request *request, const uint16_t *values, uint8_t to[SIM_PDU_MAX]);
size_t sim_pdu_exception(const struct sim_request *request, uint8_t code, uint8_t to[SIM_PDU_MAX]);
size_t sim_tcp_frame(uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t length, uint8_t to[SIM_FRAME_MAX]);
size_t sim_rtu_frame(uint8_t unit, const uint8_t *pdu, size_t length, uint8_t to[SIM_FRAME_MAX]);
uint16_t sim_crc16(const uint8_t *bytes, size_t length);

#endif
