/* SPDX-License-Identifier: Apache-2.0 */
/* Request frames of the simulator's Modbus server: any bytes; what is accepted lies within its bounds and can be answered. */
#include <stdlib.h>

#include "sim/modbus_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct sim_request *request)
{
    static const uint16_t values[2000];
    uint8_t pdu[SIM_PDU_MAX], frame[SIM_FRAME_MAX];
    const size_t length =
        request->exception != 0 ? sim_pdu_exception(request, request->exception, pdu) : sim_pdu_answer(request, values, pdu);
    if (length > SIM_PDU_MAX || sim_tcp_frame(request->transaction, request->unit, pdu, length, frame) == 0 ||
        sim_rtu_frame(request->unit, pdu, length, frame) == 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_request request;
    size_t used = 0;
    while (size > 0 && sim_tcp_parse(data, size, &request, &used) == SIM_PARSE_OK) {
        if (used == 0 || used > size) {
            abort();
        }
        answer(&request);
        data += used;
        size -= used;
    }
    if (sim_rtu_parse(data, size, &request, &used) == SIM_PARSE_OK) {
        answer(&request);
    }
    return 0;
}
