/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong on a wire, for one device or a whole link: read from a request, asked for before every answer.
 * The list grew out of what testers ask peers for: late, lost, torn and foreign replies, exceptions, silence, garbage. */
#ifndef SK_SIM_WIRE_FAULT_H
#define SK_SIM_WIRE_FAULT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/err.h"

enum sim_wire {
    SIM_WIRE_NONE,
    SIM_WIRE_DEAD,      /* no answer; MQTT: nothing published, connection ended without a farewell */
    SIM_WIRE_DELAY,     /* answer after ms */
    SIM_WIRE_DROP,      /* as dead, meant for a counted few */
    SIM_WIRE_TID,       /* answer with another transaction number */
    SIM_WIRE_UNIT,      /* answer from another unit */
    SIM_WIRE_TORN,      /* answer in two pieces, ms between them */
    SIM_WIRE_CRC,       /* RTU: bad checksum */
    SIM_WIRE_EXCEPTION, /* answer with exception `code` */
    SIM_WIRE_CLOSE,     /* connection closed instead of an answer */
    SIM_WIRE_GARBAGE,   /* random-looking bytes instead of an answer */
    SIM_WIRE_SLOW,      /* one byte each ms */
    SIM_WIRE_MALFORMED, /* MQTT: payloads that are no JSON */
    SIM_WIRE_RETAINED,  /* MQTT: one retained state, then silence */
    SIM_WIRE_SILENCE,   /* MQTT: connected, but says nothing */
    SIM_WIRE_REPLAY,    /* door events: the last `count` are sent again, once */
    SIM_WIRE_FORGE,     /* door events: the last one is sent again with another card in it, once */
    SIM_WIRE_GAP        /* door events: a sequence number is left out, once */
};

struct sim_wire_fault {
    enum sim_wire kind;
    uint32_t ms;
    uint32_t count; /* answers it still holds for; 0: until cleared */
    uint8_t code;
};

/* A fault as asked for on the control interface or by a scenario. Texts are borrowed from the JSON. */
struct sim_fault_request {
    const char *name;
    double amount; /* NaN: not given */
    uint32_t ms, count;
    uint8_t code;
};

/* {"fault": "delay", "ms": 450, "count": 1}. PARSE with what was expected. */
enum sk_err sim_fault_read(const cJSON *json, struct sim_fault_request *ret_request, struct sk_fault *fault);
/* -1 when the name is none of the wire's. */
int sim_wire_parse(const char *name);
const char *sim_wire_name(enum sim_wire kind);
struct sim_wire_fault sim_wire_fault_make(enum sim_wire kind, const struct sim_fault_request *request);
/* What holds for the next answer; uses one of a counted fault up. */
struct sim_wire_fault sim_wire_fault_take(struct sim_wire_fault *fault);

#endif
