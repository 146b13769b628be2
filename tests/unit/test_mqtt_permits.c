/* SPDX-License-Identifier: Apache-2.0 */
/* Permit lists from a controller: what is read of a message, what is refused and how it is said, the order of chunks, and the
 * flat bytes that cross to the collector. */
#include "drivers/mqtt/permits.h"

#include "tests/unit/mqtt_fixture.h"
#include "tests/unit/sk_test.h"

#define TAKEN "\"taken\":\"2026-11-20T03:00:00Z\""
#define HEAD  "\"v\":1,\"list\":\"42\"," TAKEN ",\"chunk\":1,\"chunks\":1"
static struct mqtt_fixture fixture;
static struct sk_permit_chunk chunk, back;

static int setup(void **state)
{
    (void)state;
    fixture_init(&fixture);
    return 0;
}

static enum sk_err decode(const char *text, struct sk_fault *fault)
{
    *fault = (struct sk_fault){.text = ""};
    return sk_permits_decode(&fixture.site, FIX_CONTROLLER, text, strlen(text), &chunk, fault);
}

static void a_chunk_is_read(void **state)
{
    struct sk_fault fault;
    (void)state;
    assert_int_equal(decode("{" HEAD ",\"rows\":[{\"card\":\"04A1b2\",\"from\":\"2026-04-01\",\"until\":\"2027-03-31\","
                            "\"doors\":[\"d1\"]},{\"card\":\"ff\"}]}",
                            &fault),
                     SK_OK);
    assert_int_equal(chunk.device, FIX_CONTROLLER);
    assert_int_equal(chunk.list, 42);
    assert_int_equal(chunk.count, 2);
    assert_memory_equal(chunk.rows[0].identifier, "\x04\xa1\xb2", 3);
    assert_int_equal(chunk.rows[0].identifier_length, 3);
    assert_string_equal(chunk.rows[0].until, "2027-03-31");
    assert_int_equal(chunk.rows[0].door_count, 1);
    assert_string_equal(chunk.rows[1].from, "");
    assert_int_equal(decode("{" HEAD ",\"rows\":[],\"empty\":true}", &fault), SK_OK);
    assert_true(chunk.empty && chunk.count == 0);
}

static void what_cannot_be_a_list_is_refused(void **state)
{
    static const struct {
        const char *name, *text, *says;
    } rows[] = {
        {"no JSON", "rows", ""},
        {"no object", "[]", "\"v\": 1"},
        {"another version", "{\"v\":2}", "\"v\": 1"},
        {"no number", "{\"v\":1," TAKEN "}", "\"list\""},
        {"no time", "{\"v\":1,\"list\":\"1\",\"taken\":\"today\"}", "\"taken\""},
        {"chunk 0", "{\"v\":1,\"list\":\"1\"," TAKEN ",\"chunk\":0,\"chunks\":1}", "\"chunk\""},
        {"chunk beyond", "{\"v\":1,\"list\":\"1\"," TAKEN ",\"chunk\":2,\"chunks\":1}", "\"chunk\""},
        {"too many chunks", "{\"v\":1,\"list\":\"1\"," TAKEN ",\"chunk\":1,\"chunks\":501}", "500"},
        {"no rows", "{" HEAD "}", "\"rows\""},
        {"cut off, or empty", "{" HEAD ",\"rows\":[]}", "\"empty\": true"},
        {"a row that is none", "{" HEAD ",\"rows\":[{\"card\":\"04\"},7]}", "row 2"},
        {"no card", "{" HEAD ",\"rows\":[{}]}", "card"},
        {"half a byte", "{" HEAD ",\"rows\":[{\"card\":\"041\"}]}", "card"},
        {"a day that is none", "{" HEAD ",\"rows\":[{\"card\":\"04\",\"until\":\"2026-02-30\"}]}", "until"},
        {"a door of another controller", "{" HEAD ",\"rows\":[{\"card\":\"04\",\"doors\":[\"foreign\"]}]}", "doors"},
        {"doors that are no list", "{" HEAD ",\"rows\":[{\"card\":\"04\",\"doors\":\"d1\"}]}", "doors"},
    };
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_fault fault;
        const enum sk_err err = decode(rows[i].text, &fault);
        if (err == SK_OK || strstr(fault.text, rows[i].says) == NULL)
            fail_msg("row '%s': %d %s", rows[i].name, (int)err, fault.text);
        sk_check(strstr(fault.text, "041") == NULL, rows[i].name); /* never a card number */
    }
}

static void more_rows_than_a_chunk_holds(void **state)
{
    static char text[16384];
    struct sk_fault fault;
    (void)state;
    for (int count = SK_PERMIT_ROWS_MAX; count <= SK_PERMIT_ROWS_MAX + 1; count++) {
        size_t used = (size_t)snprintf(text, sizeof text, "{" HEAD ",\"rows\":[");
        for (int i = 0; i < count; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s{\"card\":\"%04x\"}", i > 0 ? "," : "", (unsigned)i);
        snprintf(text + used, sizeof text - used, "]}");
        assert_int_equal(decode(text, &fault) == SK_OK, count == SK_PERMIT_ROWS_MAX);
    }
}

/* "3.1/2": list 3, chunk 1 of 2; + taken, ! refused, * taken and the list is whole. */
static void chunks_in_order(void **state)
{
    static const struct {
        const char *name, *story;
    } rows[] = {
        {"one chunk", "1.1/1*"},
        {"three", "1.1/3+ 1.2/3+ 1.3/3*"},
        {"delivered twice", "1.1/2+ 1.1/2+ 1.2/2* 1.2/2*"},
        {"one is missing", "1.1/3+ 1.3/3! 1.2/3! 1.1/3+ 1.2/3+ 1.3/3*"},
        {"begins in the middle", "1.2/3!"},
        {"another list between", "1.1/2+ 2.1/1* 1.2/2!"},
        {"a newer list begins", "1.1/2+ 2.1/2+ 2.2/2*"},
        {"begun anew", "1.1/3+ 1.2/3+ 1.1/3+ 1.2/3+ 1.3/3*"},
    };
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_permits_order order = {0};
        unsigned list, number, of;
        char wanted;
        int used;
        for (const char *at = rows[i].story; sscanf(at, " %u.%u/%u%c%n", &list, &number, &of, &wanted, &used) == 4;
             at += used) {
            bool whole;
            const struct sk_permit_chunk piece = {.list = list, .chunk = (uint16_t)number, .chunks = (uint16_t)of};
            const bool taken = sk_permits_follow(&order, &piece, &whole);
            if (taken != (wanted != '!') || whole != (wanted == '*'))
                fail_msg("row '%s' at '%s'", rows[i].name, at);
        }
    }
}

static void bytes_cross_whole_or_not(void **state)
{
    static uint8_t bytes[SK_PERMIT_BYTES_MAX], cut[SK_PERMIT_BYTES_MAX];
    struct sk_fault fault;
    size_t length = 0;
    (void)state;
    assert_int_equal(decode("{" HEAD ",\"rows\":[{\"card\":\"04a1\",\"until\":\"2027-03-31\",\"doors\":[\"d1\"]}]}", &fault),
                     SK_OK);
    assert_int_equal(sk_permit_chunk_encode(&chunk, bytes, sizeof bytes, &length), SK_OK);
    assert_int_equal(sk_permit_chunk_decode(&fixture.site, bytes, length, &back), SK_OK);
    assert_memory_equal(&chunk, &back, sizeof chunk);
    for (size_t n = 0; n < length; n++) {
        memcpy(cut, bytes, n);
        sk_check(sk_permit_chunk_decode(&fixture.site, cut, n, &back) == SK_ERR_PROTOCOL, "cut short");
    }
    bytes[length] = 0;
    assert_int_equal(sk_permit_chunk_decode(&fixture.site, bytes, length + 1, &back), SK_ERR_PROTOCOL);
    assert_int_equal(sk_permit_chunk_encode(&chunk, bytes, 20, &length), SK_ERR_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_chunk_is_read, setup),
        cmocka_unit_test_setup(what_cannot_be_a_list_is_refused, setup),
        cmocka_unit_test_setup(more_rows_than_a_chunk_holds, setup),
        cmocka_unit_test_setup(chunks_in_order, setup),
        cmocka_unit_test_setup(bytes_cross_whole_or_not, setup),
    };
    return cmocka_run_group_tests_name("mqtt_permits", tests, NULL, NULL);
}
