/* SPDX-License-Identifier: Apache-2.0 */
/* The index of the registers against a walk of them, on folds at random: opened, amended (other people named), ended,
 * forgotten. Lists must hold what the walk finds, each entry once, in order of numbers. */
#include <stdlib.h>
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/register.h"
#include "tests/unit/sk_test.h"

enum { NAMES = 12 };

static uint64_t seed;
static struct sk_registers *registers;

static uint32_t any(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

/* The indexed fields, each with the acts that may say it. */
static const struct {
    const char *name;
    uint16_t field, opens, amends, ends;
    bool list;
} rows[] = {
    {"permit workers", SK_F_PERMIT_WORKERS, SK_EV_PERMIT_REQUESTED, SK_EV_PERMIT_AMENDED, SK_EV_PERMIT_CANCELLED, true},
    {"emergency workers", SK_F_EMERGENCY_WORKERS, SK_EV_EMERGENCY_OPENED, 0, SK_EV_EMERGENCY_REFUSED, true},
    {"visit person", SK_F_VISIT_PERSON, SK_EV_VISIT_REQUESTED, SK_EV_VISIT_AMENDED, SK_EV_VISIT_CANCELLED, false},
    {"goods person", SK_F_GOODS_PERSON, SK_EV_GOODS_PERMIT, SK_EV_GOODS_AMENDED, SK_EV_GOODS_CANCELLED, false},
    {"attestation kind", SK_F_ATTESTATION_KIND, SK_EV_ATTESTATION_FILED, 0, SK_EV_ATTESTATION_WITHDRAWN, false},
};

static void name_of(char to[16], uint32_t number)
{
    sk_text_format(to, 16, "n-%u", number);
}

/* A field list with one field: names at random, the same one twice perhaps. */
static size_t say(size_t row, uint8_t *bytes, size_t capacity)
{
    struct sk_writer writer = {bytes, capacity, 0, false};
    uint8_t value[128];
    struct sk_writer items = {value, sizeof value, 0, false};
    const uint32_t count = rows[row].list ? any(4) : 1;
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        name_of(name, any(NAMES));
        if (rows[row].list)
            sk_write_u16(&items, (uint16_t)strlen(name));
        sk_write_bytes(&items, name, strlen(name));
    }
    sk_write_u8(&writer, (uint8_t)rows[row].field);
    sk_write_u16(&writer, (uint16_t)items.length);
    sk_write_bytes(&writer, value, items.length);
    return writer.length;
}

static void apply(size_t row, uint16_t ev, const struct sk_entry *entry, int64_t at_us)
{
    uint8_t fields[256];
    struct sk_register_act act = {.row = sk_act_row(ev), .at_us = at_us, .step = 1, .fields = fields};
    sk_check(act.row != NULL, rows[row].name);
    if (entry != NULL && (act.row->from >> entry->state & 1) == 0)
        return;
    act.fields_length = any(5) == 0 ? 0 : say(row, fields, sizeof fields);
    act.state = act.row->to != 0 ? act.row->to : entry->state;
    if (entry != NULL) {
        act.step = entry->act_count + 1;
        sk_text_copy(act.entry, sizeof act.entry, entry->id);
    } else {
        sk_registers_next_id(registers, act.row->register_, act.entry);
    }
    sk_check(sk_registers_apply(registers, &act) == SK_OK, rows[row].name);
}

static const struct sk_entry *any_entry(size_t row)
{
    const struct sk_entry *entry, *found = NULL;
    size_t cursor = 0;
    uint32_t count = 0;
    while ((entry = sk_registers_next(registers, (uint8_t)(rows[row].field >> 8), &cursor)) != NULL)
        if (any(++count) == 0)
            found = entry;
    return found;
}

static bool ever_said(const struct sk_entry *entry, uint16_t field, const char *name)
{
    struct sk_entry until = *entry;
    for (; until.act_count > 0; until.act_count--) /* what the newest act says hides what older ones said */
        if (sk_entry_has(&until, field, SK_NEVER, name))
            return true;
    return false;
}

static size_t compare(size_t row, const char *name)
{
    const struct sk_entry *entry;
    const struct sk_entries listed = sk_registers_with(registers, rows[row].field, name);
    size_t cursor = 0, count = 0;
    while ((entry = sk_registers_next(registers, (uint8_t)(rows[row].field >> 8), &cursor)) != NULL) {
        if (!ever_said(entry, rows[row].field, name))
            continue;
        sk_check(count < listed.count && listed.items[count] == entry, rows[row].name);
        count++;
    }
    sk_check(count == listed.count, rows[row].name);
    return count;
}

static size_t compare_all(void)
{
    size_t found = 0;
    for (size_t row = 0; row < SK_COUNT(rows); row++)
        for (uint32_t i = 0; i < NAMES; i++) {
            char name[16];
            name_of(name, i);
            found += compare(row, name);
        }
    return found;
}

static void test_indexed_equals_walked(void **state)
{
    const unsigned folds = getenv("SK_TEST_FULL") != NULL ? 400 : 40;
    (void)state;
    for (unsigned fold = 0; fold < folds; fold++) {
        size_t found = 0;
        seed = 20261120 + fold;
        assert_int_equal(sk_registers_create(&registers), SK_OK);
        for (int64_t at = 1; at <= 400; at++) {
            const size_t row = any(SK_COUNT(rows));
            const struct sk_entry *entry = any(3) == 0 ? NULL : any_entry(row);
            const uint16_t ev = entry == NULL                         ? rows[row].opens
                                : any(2) == 0 && rows[row].amends > 0 ? rows[row].amends
                                                                      : rows[row].ends;
            apply(row, ev, entry, at);
            if (any(40) == 0)
                sk_registers_forget(registers, at - (int64_t)any(100));
            if (at % 20 == 0)
                found += compare_all();
        }
        assert_true(found > 400);
        sk_registers_forget(registers, SK_NEVER);
        compare_all();
        sk_registers_free(registers);
    }
}

/* What is refused is not listed, and what no table lists is empty. */
static void test_refused(void **state)
{
    static const uint8_t fields[] = {SK_F_VISIT_PERSON & 0xFF, 0, 3, 'p', '-', '1'};
    struct sk_register_act act = {.row = sk_act_row(SK_EV_VISIT_REQUESTED),
                                  .entry = "vs-1",
                                  .step = 2,
                                  .state = SK_RS_REQUESTED,
                                  .fields = fields,
                                  .fields_length = sizeof fields};
    (void)state;
    assert_int_equal(sk_registers_create(&registers), SK_OK);
    assert_int_equal(sk_registers_apply(registers, &act), SK_ERR_INVALID);
    assert_int_equal(sk_registers_with(registers, SK_F_VISIT_PERSON, "p-1").count, 0);
    act.step = 1;
    assert_int_equal(sk_registers_apply(registers, &act), SK_OK);
    assert_int_equal(sk_registers_with(registers, SK_F_VISIT_PERSON, "p-1").count, 1);
    assert_int_equal(sk_registers_with(registers, SK_F_VISIT_PERSON, "p-").count, 0);
    assert_int_equal(sk_registers_with(registers, SK_F_GOODS_PERSON, "p-1").count, 0);
    sk_registers_free(registers);
}

/* Whatever allocation fails, the registers stand as before: nothing hangs in a list, and the act goes in when asked again. */
static void test_no_memory(void **state)
{
    static const uint8_t fields[] = {SK_F_PERMIT_WORKERS & 0xFF, 0, 10, 0, 3, 'p', '-', '1', 0, 3, 'p', '-', '2'};
    struct sk_register_act act = {.row = sk_act_row(SK_EV_PERMIT_REQUESTED),
                                  .entry = "pm-1",
                                  .step = 1,
                                  .state = SK_RS_REQUESTED,
                                  .fields = fields,
                                  .fields_length = sizeof fields};
    enum sk_err err = SK_ERR_NOMEM;
    unsigned long n = 0;
    (void)state;
    assert_int_equal(sk_registers_create(&registers), SK_OK);
    while (err != SK_OK && n < 100) {
        sk_mem_fail_at(++n);
        err = sk_registers_apply(registers, &act);
        sk_mem_fail_at(0);
        const size_t listed = err == SK_OK ? 1 : 0;
        assert_int_equal(sk_registers_with(registers, SK_F_PERMIT_WORKERS, "p-1").count, listed);
        assert_int_equal(sk_registers_with(registers, SK_F_PERMIT_WORKERS, "p-2").count, listed);
    }
    assert_true(err == SK_OK && n > 5); /* two lists with their entries, the box, its acts and fields */
    sk_registers_free(registers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_indexed_equals_walked), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
