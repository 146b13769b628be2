/* SPDX-License-Identifier: Apache-2.0 */
/* The planner: points become pieces (a span of addresses each), pieces are sorted, and one sweep merges neighbours.
 *
 * What may stand between two pieces of one request is decided in span_is_free() alone. */
#include "drivers/modbus/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum { NOT_ATOMIC = -1, ADDRESS_END = 65536 };

/* One point on its way into a request. [from, end) is what must be read: the point's own registers or its atomic range. */
struct piece {
    struct sk_modbus_item item;
    enum sk_modbus_function function;
    uint32_t period_ms;
    uint32_t from, end;
    int32_t atomic; /* index of the range, plus the number of ranges when it was shifted by the stride */
    bool helper;
};

struct planning {
    const struct sk_site *site;
    const struct sk_device *device;
    const struct sk_modbus_profile *modbus;
    uint32_t shift; /* of strided addresses */
    struct piece *pieces;
    size_t count;
    struct sk_fault *fault;
};

static bool overlap(uint32_t a, uint32_t a_end, uint32_t b, uint32_t b_end)
{
    return a < b_end && b < a_end;
}

/* Does [from, end) touch the range where it stands in the document, or where the stride moves it for this unit? */
static bool touches(const struct planning *p, const struct sk_register_range *range, enum sk_modbus_function function,
                    uint32_t from, uint32_t end)
{
    uint32_t start = range->from;
    uint32_t moved = start + p->shift;
    return range->function == function &&
           (overlap(from, end, start, start + range->count) || overlap(from, end, moved, moved + range->count));
}

static bool touches_any(const struct planning *p, const struct sk_register_range *ranges, size_t count,
                        enum sk_modbus_function function, uint32_t from, uint32_t end)
{
    for (size_t i = 0; i < count; i++)
        if (touches(p, &ranges[i], function, from, end))
            return true;
    return false;
}

static bool span_is_free(const struct planning *p, enum sk_modbus_function function, uint32_t from, uint32_t end)
{
    return from >= end || (!touches_any(p, p->modbus->forbidden, p->modbus->forbidden_count, function, from, end) &&
                           !touches_any(p, p->modbus->atomic, p->modbus->atomic_count, function, from, end));
}

static uint32_t longest(const struct planning *p, enum sk_modbus_function function)
{
    bool bits = sk_modbus_reads_bits(function);
    uint32_t ceiling = bits ? SK_MODBUS_MAX_BITS : SK_MODBUS_MAX_REGISTERS;
    uint32_t wanted = bits ? p->modbus->max_bits : p->modbus->max_registers;
    return wanted == 0 || wanted > ceiling ? ceiling : wanted;
}

static enum sk_err refuse(const struct planning *p, const struct piece *piece, const char *why)
{
    return sk_fault_set(p->fault, SK_ERR_RANGE, "device '%s', point '%s': FC%d address %" PRIu32 "..%" PRIu32 " %s",
                        p->device->id, p->device->profile->points[piece->item.profile_point].name, (int)piece->function,
                        piece->from, piece->end - 1, why);
}

/* Widens a piece to the atomic range it lies in. */
static enum sk_err widen(const struct planning *p, struct piece *piece, uint32_t shift)
{
    for (size_t i = 0; i < p->modbus->atomic_count; i++) {
        const struct sk_register_range *range = &p->modbus->atomic[i];
        uint32_t from = range->from + shift;
        uint32_t end = from + range->count;
        if (range->function != piece->function || !overlap(piece->from, piece->end, from, end))
            continue;
        if (piece->from < from || piece->end > end)
            return refuse(p, piece, "crosses the border of an atomic range; move it inside or outside");
        piece->from = from;
        piece->end = end;
        piece->atomic = (int32_t)(i + (shift != 0 ? p->modbus->atomic_count : 0));
        return SK_OK;
    }
    return SK_OK;
}

static enum sk_err check(const struct planning *p, const struct piece *piece)
{
    if (piece->end > ADDRESS_END)
        return refuse(p, piece, "leaves 0..65535; check address, address_base and unit_stride");
    if (touches_any(p, p->modbus->forbidden, p->modbus->forbidden_count, piece->function, piece->from, piece->end))
        return refuse(p, piece, "lies in a forbidden range");
    if (piece->end - piece->from > longest(p, piece->function))
        return refuse(p, piece, "does not fit one request; raise max_registers or max_bits");
    return SK_OK;
}

static enum sk_err add_piece(struct planning *p, uint32_t point, uint32_t profile_point, uint32_t period_ms)
{
    const struct sk_profile_point *source = &p->device->profile->points[profile_point];
    uint32_t shift = source->strided ? p->shift : 0;
    uint32_t count = source->count == 0 ? 1 : source->count;
    struct piece *piece = &p->pieces[p->count];
    *piece = (struct piece){
        .item = {.point = point, .profile_point = profile_point, .count = (uint16_t)count},
        .function = (enum sk_modbus_function)source->function,
        .period_ms = period_ms == 0 ? 1000 : period_ms,
        .from = source->address + shift,
        .end = source->address + shift + count,
        .atomic = NOT_ATOMIC,
        .helper = point == SK_MODBUS_HELPER,
    };
    if (source->function < SK_MODBUS_COILS || source->function > SK_MODBUS_INPUT_REGISTERS)
        return refuse(p, piece, "has a function other than 1 to 4");
    piece->item.address = (uint16_t)piece->from;
    piece->item.confirm_zero =
        touches_any(p, p->modbus->confirm_zero, p->modbus->confirm_zero_count, piece->function, piece->from, piece->end);
    enum sk_err err = check(p, piece);
    if (err == SK_OK)
        err = widen(p, piece, shift);
    if (err == SK_OK)
        err = check(p, piece);
    if (err == SK_OK)
        p->count++;
    return err;
}

/* Index in the profile of a site point's description; -1 when it has none (the monitor's own points). */
static int32_t profile_index(const struct sk_profile *profile, const struct sk_point *point)
{
    if (point->profile == NULL)
        return -1;
    for (size_t i = 0; i < profile->point_count; i++)
        if (&profile->points[i] == point->profile || strcmp(profile->points[i].name, point->profile->name) == 0)
            return (int32_t)i;
    return -1;
}

/* A helper is read as often as the fastest point that needs it. 0: nobody does. */
static uint32_t helper_period(const struct planning *p, uint32_t helper)
{
    uint32_t fastest = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct sk_profile_point *user = &p->device->profile->points[p->pieces[i].item.profile_point];
        if (user->scale_from == (int32_t)helper && (fastest == 0 || p->pieces[i].period_ms < fastest))
            fastest = p->pieces[i].period_ms;
    }
    return fastest;
}

static enum sk_err collect(struct planning *p)
{
    const struct sk_profile *profile = p->device->profile;
    enum sk_err err = SK_OK;
    for (uint32_t i = 0; i < p->device->point_count && err == SK_OK; i++) {
        uint32_t point = p->device->first_point + i;
        const struct sk_point *at = &p->site->points[point];
        int32_t index = profile_index(profile, at);
        if (index >= 0 && !profile->points[index].hidden)
            err = add_piece(p, point, (uint32_t)index, at->period_ms != 0 ? at->period_ms : p->device->period_ms);
    }
    for (uint32_t i = 0; i < profile->point_count && err == SK_OK; i++) {
        uint32_t period_ms = profile->points[i].hidden ? helper_period(p, i) : 0;
        if (period_ms != 0)
            err = add_piece(p, SK_MODBUS_HELPER, i, period_ms);
    }
    return err;
}

static int by_number(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    int order = by_number(a->function, b->function);
    if (order == 0)
        order = by_number(a->period_ms, b->period_ms);
    if (order == 0)
        order = by_number((uint32_t)(a->atomic + 1), (uint32_t)(b->atomic + 1));
    if (order == 0)
        order = by_number(a->item.address, b->item.address);
    if (order == 0)
        order = by_number(a->item.count, b->item.count);
    return order != 0 ? order : by_number(a->item.profile_point, b->item.profile_point);
}

static bool may_join(const struct planning *p, const struct piece *first, uint32_t from, uint32_t end, const struct piece *next)
{
    if (first->function != next->function || first->period_ms != next->period_ms || first->atomic != next->atomic)
        return false;
    if (next->atomic != NOT_ATOMIC)
        return true;
    return next->from <= end + p->modbus->max_gap && (next->end > end ? next->end : end) - from <= longest(p, next->function) &&
           span_is_free(p, next->function, end, next->from);
}

/* Merges pieces[first..] into one request; returns the first piece that is not in it. */
static size_t sweep(const struct planning *p, size_t first, struct sk_modbus_request *request, struct sk_modbus_item *items)
{
    const struct piece *head = &p->pieces[first];
    uint32_t from = head->from, end = head->end, used = 0, covered = 0;
    size_t i = first;
    for (; i < p->count && (i == first || may_join(p, head, from, end, &p->pieces[i])); i++) {
        const struct sk_modbus_item *item = &p->pieces[i].item;
        uint32_t item_end = (uint32_t)item->address + item->count;
        if (item_end > covered)
            used += item_end - (item->address > covered ? item->address : covered);
        covered = item_end > covered ? item_end : covered;
        end = p->pieces[i].end > end ? p->pieces[i].end : end;
        items[i] = *item;
    }
    *request = (struct sk_modbus_request){
        .function = head->function,
        .address = (uint16_t)from,
        .count = (uint16_t)(end - from),
        .period_ms = head->period_ms,
        .atomic = head->atomic != NOT_ATOMIC,
        .first_item = (uint32_t)first,
        .item_count = (uint32_t)(i - first),
        .used = (uint16_t)used,
    };
    return i;
}

static bool has_helper(const struct sk_modbus_plan *plan, const struct sk_modbus_request *request)
{
    for (uint32_t i = 0; i < request->item_count; i++)
        if (plan->items[request->first_item + i].point == SK_MODBUS_HELPER)
            return true;
    return false;
}

/* Requests that carry helpers to the front, the rest in the order of the sweep. */
static void helpers_first(struct sk_modbus_plan *plan)
{
    size_t front = 0;
    for (size_t i = 0; i < plan->request_count; i++) {
        if (!has_helper(plan, &plan->requests[i]))
            continue;
        struct sk_modbus_request moved = plan->requests[i];
        memmove(&plan->requests[front + 1], &plan->requests[front], (i - front) * sizeof(moved));
        plan->requests[front++] = moved;
    }
}

static enum sk_err build(const struct planning *p, struct sk_modbus_plan *plan)
{
    plan->items = sk_calloc(p->count, sizeof(*plan->items));
    plan->requests = sk_calloc(p->count, sizeof(*plan->requests));
    if (plan->items == NULL || plan->requests == NULL)
        return SK_ERR_NOMEM;
    for (size_t at = 0; at < p->count; plan->request_count++)
        at = sweep(p, at, &plan->requests[plan->request_count], plan->items);
    plan->item_count = p->count;
    helpers_first(plan);
    return SK_OK;
}

enum sk_err sk_modbus_plan_make(const struct sk_site *site, uint32_t device, struct sk_modbus_plan **ret_plan,
                                struct sk_fault *fault)
{
    if (device >= site->device_count || site->devices[device].profile == NULL)
        return sk_fault_set(fault, SK_ERR_INVALID, "no device %" PRIu32 " with a profile", device);
    struct planning p = {.site = site, .device = &site->devices[device], .fault = fault};
    p.modbus = &p.device->profile->modbus;
    p.shift = p.modbus->unit_stride * p.device->unit_index;
    enum sk_err err =
        p.shift >= ADDRESS_END
            ? sk_fault_set(fault, SK_ERR_RANGE, "device '%s': unit_stride x unit_index is beyond 65535", p.device->id)
            : SK_OK;
    struct sk_modbus_plan *plan = sk_calloc(1, sizeof(*plan));
    p.pieces = sk_calloc(p.device->point_count + p.device->profile->point_count + 1, sizeof(*p.pieces));
    if (err == SK_OK && (plan == NULL || p.pieces == NULL))
        err = SK_ERR_NOMEM;
    if (err == SK_OK)
        err = collect(&p);
    if (err == SK_OK && p.count > 0) {
        qsort(p.pieces, p.count, sizeof(*p.pieces), by_place);
        err = build(&p, plan);
    }
    sk_free(p.pieces);
    if (err != SK_OK) {
        sk_modbus_plan_free(plan);
        return err == SK_ERR_NOMEM ? sk_fault_set(fault, err, "device '%s': out of memory for its plan", p.device->id) : err;
    }
    *ret_plan = plan;
    return SK_OK;
}

void sk_modbus_plan_free(struct sk_modbus_plan *plan)
{
    if (plan == NULL)
        return;
    sk_free(plan->items);
    sk_free(plan->requests);
    sk_free(plan);
}

size_t sk_modbus_plan_cut(const struct sk_modbus_item *items, size_t count)
{
    size_t best = 0;
    uint32_t end = 0;
    for (size_t i = 0; i < count; i++) {
        size_t to_middle = i > count / 2 ? i - count / 2 : count / 2 - i;
        size_t best_to_middle = best > count / 2 ? best - count / 2 : count / 2 - best;
        if (i > 0 && items[i].address >= end && (best == 0 || to_middle < best_to_middle))
            best = i;
        uint32_t item_end = (uint32_t)items[i].address + items[i].count;
        end = item_end > end ? item_end : end;
    }
    return best;
}

static uint32_t data_bytes(enum sk_modbus_function function, uint32_t count)
{
    return sk_modbus_reads_bits(function) ? (count + 7) / 8 : count * 2;
}

void sk_modbus_request_bytes(const struct sk_modbus_request *request, uint32_t *ret_asked, uint32_t *ret_used)
{
    *ret_asked = data_bytes(request->function, request->count);
    *ret_used = data_bytes(request->function, request->used);
}

void sk_modbus_request_text(const struct sk_modbus_request *request, uint8_t unit, char *to, size_t capacity)
{
    uint32_t asked, used;
    sk_modbus_request_bytes(request, &asked, &used);
    sk_text_format(to, capacity,
                   "unit %u FC%d %u..%u (%u %s, %" PRIu32 " points%s) every %" PRIu32 " ms, %" PRIu32 " bytes asked, %" PRIu32
                   " used",
                   unit, (int)request->function, request->address, (unsigned)request->address + request->count - 1,
                   request->count, sk_modbus_reads_bits(request->function) ? "bits" : "registers", request->item_count,
                   request->atomic ? ", atomic" : "", request->period_ms, asked, used);
}

uint32_t sk_modbus_request_line_us(const struct sk_modbus_request *request, const struct sk_link *link)
{
    if (link->protocol != SK_PROTO_MODBUS_RTU || link->baud == 0)
        return 0;
    uint64_t bits = 1u + link->data_bits + (link->parity != 'N') + link->stop_bits;
    uint64_t frames = 8 + 5 + data_bytes(request->function, request->count);
    uint64_t silence_us = link->baud > 19200 ? 1750 : 3500000 * bits / link->baud;
    return (uint32_t)(frames * bits * 1000000 / link->baud + 2 * silence_us);
}
