/* SPDX-License-Identifier: Apache-2.0 */
/* The request plan: which reads fetch the points of one device. Pure; the driver carries it out, `sekisho check` prints it.
 *
 * Invariants of a plan: every point of the device that its profile reads is in exactly one request; a request never touches a
 * forbidden range, is no longer than the profile allows, and bridges at most max_gap unused registers (or bits); an atomic
 * range is read whole, alone and never in part; requests of different periods are never merged; requests with helper registers
 * (scale_from) come first, so that a cycle knows the scale before it needs it. Items of a request are sorted by address.
 * A plan is read-only once made and borrows the site. Limits: Modbus Application Protocol V1.1b3, 6.1-6.4. */
#ifndef SK_MODBUS_PLAN_H
#define SK_MODBUS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"
#include "schemas/model/site.h"

/* All that ever leaves this driver: the four reading functions. Requests are encoded from this type and no other. */
enum sk_modbus_function { SK_MODBUS_COILS = 1, SK_MODBUS_INPUTS = 2, SK_MODBUS_HOLDING = 3, SK_MODBUS_INPUT_REGISTERS = 4 };
enum { SK_MODBUS_MAX_REGISTERS = 125, SK_MODBUS_MAX_BITS = 2000 };

#define SK_MODBUS_HELPER UINT32_MAX /* item.point of a hidden register: no point of the site */

struct sk_modbus_item {
    uint32_t point;         /* index into site->points, or SK_MODBUS_HELPER */
    uint32_t profile_point; /* index into the profile's points */
    uint16_t address;       /* on the wire, stride added */
    uint16_t count;         /* registers or bits */
    bool confirm_zero;      /* a zero found in a larger block proves nothing until a read of its own answers */
};

struct sk_modbus_request {
    enum sk_modbus_function function;
    uint16_t address, count; /* registers, or bits for the first two functions */
    uint32_t period_ms;
    bool atomic;         /* may not be cut */
    uint32_t first_item; /* run in plan->items */
    uint32_t item_count;
    uint16_t used; /* registers or bits that belong to an item */
};

struct sk_modbus_plan {
    struct sk_modbus_request *requests;
    size_t request_count;
    struct sk_modbus_item *items;
    size_t item_count;
};

static inline bool sk_modbus_reads_bits(enum sk_modbus_function function)
{
    return function <= SK_MODBUS_INPUTS;
}

/* Makes the plan of one device. A device without readable points has a plan without requests. RANGE with the point's name in
 * the fault when an address leaves 0..65535, lies in a forbidden range, crosses the border of an atomic one, or does not fit
 * one request. The caller frees the plan. */
enum sk_err sk_modbus_plan_make(const struct sk_site *site, uint32_t device, struct sk_modbus_plan **ret_plan,
                                struct sk_fault *fault);
void sk_modbus_plan_free(struct sk_modbus_plan *plan); /* NULL is fine */

/* Where to cut count items (sorted by address) in two so that no register is in both parts; 0 when they cannot be cut. */
size_t sk_modbus_plan_cut(const struct sk_modbus_item *items, size_t count);

/* Bytes of register data asked for and used; bits count as the bytes they fill. */
void sk_modbus_request_bytes(const struct sk_modbus_request *request, uint32_t *ret_asked, uint32_t *ret_used);
/* One line for people: "unit 3 FC3 130..140 (11 registers, 5 points) every 1000 ms, 22 bytes asked, 14 used". */
void sk_modbus_request_text(const struct sk_modbus_request *request, uint8_t unit, char *to, size_t capacity);
/* Time on a serial line for request, reply and the two silences of 3.5 characters (at least 1.75 ms above 19 200 baud,
 * Modbus over Serial Line V1.02, 2.5.1.1), without the device's own thinking time. 0 for links that are not serial. */
uint32_t sk_modbus_request_line_us(const struct sk_modbus_request *request, const struct sk_link *link);

#endif
