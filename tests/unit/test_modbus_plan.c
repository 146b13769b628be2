/* SPDX-License-Identifier: Apache-2.0 */
/* The planner: points of one device into requests. Expected plans are written as text: "F<function> from+count [points]". */
#include "drivers/modbus/plan.h"
#include "tests/unit/modbus_fixture.h"
#include "tests/unit/sk_test.h"

struct point_row {
    uint8_t function;
    uint16_t address, count;
    uint32_t period_ms;
    bool strided, helper;
    int scale_from; /* 0 none, else index + 1 */
};

struct plan_row {
    const char *name;
    struct point_row points[8];
    struct sk_register_range atomic, forbidden;
    uint16_t max_registers, max_bits, max_gap, unit_index;
    uint32_t stride;
    const char *expected; /* NULL: refused */
};

static const struct plan_row rows[] = {
    {.name = "neighbours",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 1, .count = 2}},
     .expected = "F3 0+3 2;"},
    {.name = "unsorted",
     .points = {{.function = 3, .address = 9, .count = 1}, {.function = 3, .address = 7, .count = 1}},
     .max_gap = 4,
     .expected = "F3 7+3 2;"},
    {.name = "gap as allowed",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 5, .count = 1}},
     .max_gap = 4,
     .expected = "F3 0+6 2;"},
    {.name = "gap too wide",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 6, .count = 1}},
     .max_gap = 4,
     .expected = "F3 0+1 1;F3 6+1 1;"},
    {.name = "no gap allowed",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 2, .count = 1}},
     .expected = "F3 0+1 1;F3 2+1 1;"},
    {.name = "longest request",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 9, .count = 1}},
     .max_gap = 20,
     .max_registers = 10,
     .expected = "F3 0+10 2;"},
    {.name = "one too long",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 10, .count = 1}},
     .max_gap = 20,
     .max_registers = 10,
     .expected = "F3 0+1 1;F3 10+1 1;"},
    {.name = "protocol's limit of registers",
     .points = {{.function = 3, .address = 0, .count = 100}, {.function = 3, .address = 100, .count = 26}},
     .expected = "F3 0+100 1;F3 100+26 1;"},
    {.name = "bits have their own limit",
     .points = {{.function = 1, .address = 0, .count = 1}, {.function = 1, .address = 1500, .count = 1}},
     .max_gap = 2000,
     .expected = "F1 0+1501 2;"},
    {.name = "bit limit of the profile",
     .points = {{.function = 2, .address = 0, .count = 1}, {.function = 2, .address = 16, .count = 1}},
     .max_gap = 99,
     .max_bits = 16,
     .expected = "F2 0+1 1;F2 16+1 1;"},
    {.name = "functions apart",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 4, .address = 1, .count = 1}},
     .expected = "F3 0+1 1;F4 1+1 1;"},
    {.name = "periods apart",
     .points = {{.function = 3, .address = 0, .count = 1, .period_ms = 500},
                {.function = 3, .address = 1, .count = 1, .period_ms = 1000}},
     .expected = "F3 0+1 1;F3 1+1 1;"},
    {.name = "two points of one word",
     .points = {{.function = 3, .address = 4, .count = 1}, {.function = 3, .address = 4, .count = 1}},
     .expected = "F3 4+1 2;"},
    {.name = "a word inside a wide one",
     .points = {{.function = 3, .address = 4, .count = 4},
                {.function = 3, .address = 5, .count = 1},
                {.function = 3, .address = 8, .count = 1}},
     .expected = "F3 4+5 3;"},
    {.name = "forbidden is not bridged",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 4, .count = 1}},
     .max_gap = 9,
     .forbidden = {3, 2, 1},
     .expected = "F3 0+1 1;F3 4+1 1;"},
    {.name = "forbidden of another function",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 4, .count = 1}},
     .max_gap = 9,
     .forbidden = {4, 2, 1},
     .expected = "F3 0+5 2;"},
    {.name = "point in forbidden", .points = {{.function = 3, .address = 1, .count = 2}}, .forbidden = {3, 2, 1}},
    {.name = "atomic is read whole",
     .points = {{.function = 3, .address = 12, .count = 1}},
     .atomic = {3, 10, 16},
     .expected = "F3 10+16 1a;"},
    {.name = "atomic stands alone",
     .points = {{.function = 3, .address = 9, .count = 1},
                {.function = 3, .address = 12, .count = 1},
                {.function = 3, .address = 14, .count = 1},
                {.function = 3, .address = 26, .count = 1}},
     .max_gap = 9,
     .atomic = {3, 10, 16},
     .expected = "F3 9+1 1;F3 26+1 1;F3 10+16 2a;"},
    {.name = "point over an atomic border", .points = {{.function = 3, .address = 9, .count = 2}}, .atomic = {3, 10, 16}},
    {.name = "atomic longer than allowed",
     .points = {{.function = 3, .address = 12, .count = 1}},
     .max_registers = 8,
     .atomic = {3, 10, 16}},
    {.name = "strided",
     .points = {{.function = 3, .address = 100, .count = 1, .strided = true}, {.function = 3, .address = 2101, .count = 1}},
     .stride = 1000,
     .unit_index = 2,
     .expected = "F3 2100+2 2;"},
    {.name = "stride moves atomic ranges",
     .points = {{.function = 3, .address = 12, .count = 1, .strided = true}},
     .atomic = {3, 10, 4},
     .stride = 100,
     .unit_index = 1,
     .expected = "F3 110+4 1a;"},
    {.name = "stride moves forbidden ranges",
     .points = {{.function = 3, .address = 0, .count = 1, .strided = true},
                {.function = 3, .address = 4, .count = 1, .strided = true}},
     .max_gap = 9,
     .forbidden = {3, 2, 1},
     .stride = 100,
     .unit_index = 1,
     .expected = "F3 100+1 1;F3 104+1 1;"},
    {.name = "last address", .points = {{.function = 3, .address = 65535, .count = 1}}, .expected = "F3 65535+1 1;"},
    {.name = "beyond the last address", .points = {{.function = 3, .address = 65535, .count = 2}}},
    {.name = "stride beyond the last address",
     .points = {{.function = 3, .address = 100, .count = 1, .strided = true}},
     .stride = 40000,
     .unit_index = 2},
    {.name = "function 5", .points = {{.function = 5, .address = 0, .count = 1}}},
    {.name = "function 0", .points = {{.function = 0, .address = 0, .count = 1}}},
    {.name = "helpers come first",
     .points = {{.function = 3, .address = 0, .count = 1, .scale_from = 2},
                {.function = 3, .address = 900, .count = 1, .helper = true}},
     .expected = "F3 900+1 1;F3 0+1 1;"},
    {.name = "unused helpers are not read",
     .points = {{.function = 3, .address = 0, .count = 1}, {.function = 3, .address = 900, .count = 1, .helper = true}},
     .expected = "F3 0+1 1;"},
    {.name = "helper at the pace of its fastest user",
     .points = {{.function = 3, .address = 0, .count = 1, .period_ms = 500, .scale_from = 3},
                {.function = 3, .address = 50, .count = 1, .period_ms = 2000, .scale_from = 3},
                {.function = 3, .address = 1, .count = 1, .helper = true}},
     .expected = "F3 0+2 2;F3 50+1 1;"},
    {.name = "nothing to read", .expected = ""},
};

static void build(struct modbus_fixture *f, const struct plan_row *row)
{
    fixture_init(f);
    for (size_t i = 0; i < SK_COUNT(row->points) && row->points[i].count != 0; i++) {
        const struct point_row *point = &row->points[i];
        struct sk_profile_point made = fixture_point("p", point->function, point->address, point->count);
        static const char *const names[] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
        made.name = names[i];
        made.strided = point->strided;
        made.hidden = point->helper;
        made.scale_from = point->scale_from - 1;
        fixture_add(f, made, point->period_ms);
    }
    struct sk_modbus_profile *modbus = &f->profile.modbus;
    *modbus = (struct sk_modbus_profile){
        .max_registers = row->max_registers, .max_bits = row->max_bits, .max_gap = row->max_gap, .unit_stride = row->stride};
    modbus->atomic = &row->atomic;
    modbus->atomic_count = row->atomic.count != 0;
    modbus->forbidden = &row->forbidden;
    modbus->forbidden_count = row->forbidden.count != 0;
    f->device.unit_index = row->unit_index;
}

static void describe(const struct sk_modbus_plan *plan, char *to, size_t capacity)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct sk_modbus_request *request = &plan->requests[i];
        used += (size_t)snprintf(to + used, capacity - used, "F%d %u+%u %u%s;", (int)request->function, request->address,
                                 request->count, request->item_count, request->atomic ? "a" : "");
    }
}

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct modbus_fixture f;
        struct sk_modbus_plan *plan = NULL;
        struct sk_fault fault = {.text = ""};
        char text[512];
        build(&f, &rows[i]);
        enum sk_err err = sk_modbus_plan_make(&f.site, 0, &plan, &fault);
        if (rows[i].expected == NULL) {
            sk_check(err == SK_ERR_RANGE && fault.text[0] != '\0' && plan == NULL, rows[i].name);
            continue;
        }
        sk_check(err == SK_OK, rows[i].name);
        describe(plan, text, sizeof(text));
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("row '%s': got '%s', expected '%s'", rows[i].name, text, rows[i].expected);
        sk_modbus_plan_free(plan);
    }
}

/* The invariants of plan.h over many plans made from a fixed seed. */
static void test_invariants(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (int round = 0; round < 500; round++) {
        struct modbus_fixture f;
        struct sk_modbus_plan *plan;
        const struct sk_register_range forbidden = {3, 60, 5};
        fixture_init(&f);
        f.profile.modbus.forbidden = &forbidden;
        f.profile.modbus.forbidden_count = 1;
        f.profile.modbus.max_registers = 20;
        size_t asked = 0;
        for (int i = 0; i < 30; i++) {
            seed = seed * 1664525u + 1013904223u;
            uint16_t address = (uint16_t)(seed >> 16 & 0x7F), count = (uint16_t)(1 + (seed >> 8 & 3));
            if (address < 65 && address + count > 60)
                continue;
            asked++;
            fixture_add(&f, fixture_point("p", 3, address, count), (seed & 1) != 0 ? 500 : 1000);
        }
        for (size_t i = 0; i < f.profile.point_count; i++) {
            static char names[FIX_MAX][24];
            snprintf(names[i], sizeof(names[i]), "p%zu", i);
            f.profile_points[i].name = names[i];
        }
        assert_int_equal(sk_modbus_plan_make(&f.site, 0, &plan, NULL), SK_OK);
        size_t items = 0;
        for (size_t i = 0; i < plan->request_count; i++) {
            const struct sk_modbus_request *request = &plan->requests[i];
            assert_true(request->count >= 1 && request->count <= 20 && request->used <= request->count);
            assert_false(request->address < 65 && request->address + request->count > 60);
            for (uint32_t k = 0; k < request->item_count; k++) {
                const struct sk_modbus_item *item = &plan->items[request->first_item + k];
                assert_true(item->address >= request->address);
                assert_true(item->address + item->count <= request->address + request->count);
                assert_int_equal(f.points[item->point].period_ms, request->period_ms);
            }
            items += request->item_count;
        }
        assert_int_equal(items, asked);
        sk_modbus_plan_free(plan);
    }
}

static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct sk_modbus_item items[6];
        size_t count, expected;
    } cuts[] = {
        {"one item", {{.address = 5, .count = 1}}, 1, 0},
        {"two items", {{.address = 5, .count = 1}, {.address = 6, .count = 1}}, 2, 1},
        {"bits of one word", {{.address = 5, .count = 1}, {.address = 5, .count = 1}, {.address = 5, .count = 1}}, 3, 0},
        {"not through a wide item", {{.address = 5, .count = 4}, {.address = 6, .count = 1}, {.address = 9, .count = 1}}, 3, 2},
        {"in the middle",
         {{.address = 1, .count = 1}, {.address = 2, .count = 1}, {.address = 3, .count = 1}, {.address = 4, .count = 1}},
         4,
         2},
    };
    for (size_t i = 0; i < SK_COUNT(cuts); i++)
        sk_check(sk_modbus_plan_cut(cuts[i].items, cuts[i].count) == cuts[i].expected, cuts[i].name);
}

static void test_figures(void **state)
{
    (void)state;
    const struct sk_modbus_request registers = {
        .function = SK_MODBUS_HOLDING, .address = 130, .count = 11, .period_ms = 1000, .item_count = 5, .used = 7};
    const struct sk_modbus_request bits = {.function = SK_MODBUS_COILS, .count = 17, .used = 9};
    uint32_t asked, used;
    char text[160];
    sk_modbus_request_bytes(&registers, &asked, &used);
    assert_true(asked == 22 && used == 14);
    sk_modbus_request_bytes(&bits, &asked, &used);
    assert_true(asked == 3 && used == 2);
    sk_modbus_request_text(&registers, 3, text, sizeof(text));
    assert_string_equal(text, "unit 3 FC3 130..140 (11 registers, 5 points) every 1000 ms, 22 bytes asked, 14 used");
    const struct sk_link tcp = {.protocol = SK_PROTO_MODBUS_TCP};
    const struct sk_link rtu = {.protocol = SK_PROTO_MODBUS_RTU, .baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1};
    assert_int_equal(sk_modbus_request_line_us(&registers, &tcp), 0);
    /* 8 + 5 + 22 bytes of 10 bits at 9600 baud are 36 458 us, two silences of 3.5 characters 7 291 us */
    assert_in_range(sk_modbus_request_line_us(&registers, &rtu), 43740, 43760);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans), cmocka_unit_test(test_invariants),
                                       cmocka_unit_test(test_cut), cmocka_unit_test(test_figures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
