/* SPDX-License-Identifier: Apache-2.0 */
/* Twelve bytes out, and every field of what comes back compared with them. */
#include "drivers/modbus/mbap.h"

#include "schemas/base/bytes.h"

enum { AT_UNIT = 6, AT_FUNCTION = 7, AT_BYTES = 8, AT_DATA = 9, EXCEPTION_FLAG = 0x80 };

void sk_mbap_encode(const struct sk_mbap_request *request, uint8_t to[SK_MBAP_REQUEST_SIZE])
{
    struct sk_writer writer;
    sk_writer_init(&writer, to, SK_MBAP_REQUEST_SIZE);
    sk_write_u16(&writer, request->transaction);
    sk_write_u16(&writer, 0); /* protocol: Modbus */
    sk_write_u16(&writer, SK_MBAP_REQUEST_SIZE - SK_MBAP_HEAD_SIZE);
    sk_write_u8(&writer, request->unit);
    sk_write_u8(&writer, (uint8_t)request->function);
    sk_write_u16(&writer, request->address);
    sk_write_u16(&writer, request->count);
}

static uint16_t u16_at(const uint8_t *bytes, size_t at)
{
    return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

size_t sk_mbap_frame_size(const uint8_t head[SK_MBAP_HEAD_SIZE])
{
    uint16_t protocol = u16_at(head, 2), length = u16_at(head, 4);
    if (protocol != 0 || length < SK_MBAP_LENGTH_MIN || length > SK_MBAP_LENGTH_MAX)
        return 0;
    return (size_t)SK_MBAP_HEAD_SIZE + length;
}

static size_t data_bytes(const struct sk_mbap_request *request)
{
    return sk_modbus_reads_bits(request->function) ? (request->count + 7u) / 8u : 2u * request->count;
}

enum sk_mbap_fit sk_mbap_match(const struct sk_mbap_request *request, const uint8_t *frame, size_t size, uint8_t *ret_exception)
{
    if (size < AT_DATA || sk_mbap_frame_size(frame) != size || u16_at(frame, 0) != request->transaction ||
        frame[AT_UNIT] != request->unit)
        return SK_MBAP_FOREIGN;
    if (frame[AT_FUNCTION] == ((uint8_t)request->function | EXCEPTION_FLAG) && size == AT_DATA) {
        *ret_exception = frame[AT_BYTES];
        return SK_MBAP_EXCEPTION;
    }
    bool fits = frame[AT_FUNCTION] == (uint8_t)request->function && frame[AT_BYTES] == data_bytes(request) &&
                size == AT_DATA + data_bytes(request);
    return fits ? SK_MBAP_ANSWER : SK_MBAP_FOREIGN;
}

void sk_mbap_words(const struct sk_mbap_request *request, const uint8_t *frame, uint16_t *words)
{
    const uint8_t *data = frame + AT_DATA;
    for (unsigned i = 0; i < request->count; i++) {
        unsigned bit = (unsigned)data[i / 8] >> (i % 8) & 1u;
        words[i] = sk_modbus_reads_bits(request->function) ? (uint16_t)bit : u16_at(data, 2 * (size_t)i);
    }
}
