/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks: which pass the gate. Fields are written "Name: value" lines, exactly one space behind the colon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dashboard-api/gate.h"

#define HOST "Host: a\n"

static const struct {
    const char *name, *version, *fields;
    int status;
} rows[] = {
    {"plain", "HTTP/1.1", HOST, 0},
    {"with port", "HTTP/1.1", "Host: a:8443\n", 0},
    {"body", "HTTP/1.1", HOST "Content-Length: 65536\n", 0},
    {"leading zeroes", "HTTP/1.1", HOST "Content-Length: 0005\n", 0},
    {"chunked", "HTTP/1.1", HOST "Transfer-Encoding: CHUNKED\n", 0},
    {"other field twice", "HTTP/1.1", HOST "Accept: a\nAccept: b\n", 0},
    {"tab in value", "HTTP/1.1", HOST "Accept: a\tb\n", 0},
    {"HTTP/1.0", "HTTP/1.0", HOST, 400},
    {"HTTP/2", "HTTP/2.0", HOST, 400},
    {"no host", "HTTP/1.1", "Accept: a\n", 400},
    {"empty host", "HTTP/1.1", "Host: \n", 400},
    {"host with path", "HTTP/1.1", "Host: a/b\n", 400},
    {"two hosts", "HTTP/1.1", HOST "hOST: a\n", 400},
    {"two lengths, equal", "HTTP/1.1", HOST "Content-Length: 2\nContent-Length: 2\n", 400},
    {"length list", "HTTP/1.1", HOST "Content-Length: 2, 2\n", 400},
    {"plus", "HTTP/1.1", HOST "Content-Length: +2\n", 400},
    {"minus", "HTTP/1.1", HOST "Content-Length: -2\n", 400},
    {"hex", "HTTP/1.1", HOST "Content-Length: 0x2\n", 400},
    {"empty length", "HTTP/1.1", HOST "Content-Length: \n", 400},
    {"one too long", "HTTP/1.1", HOST "Content-Length: 65537\n", 413},
    {"beyond 64 bits", "HTTP/1.1", HOST "Content-Length: 18446744073709551621\n", 413},
    {"both", "HTTP/1.1", HOST "Content-Length: 2\nTransfer-Encoding: chunked\n", 400},
    {"gzip", "HTTP/1.1", HOST "Transfer-Encoding: gzip, chunked\n", 400},
    {"two encodings", "HTTP/1.1", HOST "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n", 400},
    {"two identities", "HTTP/1.1", HOST "Authorization: Bearer a\nAuthorization: Bearer b\n", 400},
    {"two cookies", "HTTP/1.1", HOST "Cookie: a=b\nCookie: c=d\n", 400},
    {"space in name", "HTTP/1.1", HOST "X A: b\n", 400},
    {"parenthesis in name", "HTTP/1.1", HOST "X(A: b\n", 400},
    {"control in value", "HTTP/1.1", HOST "X-A: \x01\n", 400},
    {"delete in value", "HTTP/1.1", HOST "X-A: \x7F\n", 400},
};

static void feed(struct sk_gate *gate, const char *fields)
{
    while (*fields) {
        const char *colon = strchr(fields, ':'), *end = strchr(fields, '\n');
        sk_gate_field(gate, fields, (size_t)(colon - fields), colon + 2, (size_t)(end - colon - 2));
        fields = end + 1;
    }
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sk_gate gate = {0};
        feed(&gate, rows[i].fields);
        int status = sk_gate_done(&gate, rows[i].version);
        if (status != rows[i].status)
            fail_msg("%s: got %d, expected %d", rows[i].name, status, rows[i].status);
        assert_true((status == 0) == (gate.why == NULL));
    }
}

static void test_nul(void **state)
{
    (void)state;
    struct sk_gate gate = {0};
    feed(&gate, HOST);
    sk_gate_field(&gate, "X", 1, "a\0b", 3);
    assert_int_equal(sk_gate_done(&gate, "HTTP/1.1"), 400);
    gate = (struct sk_gate){0};
    feed(&gate, HOST);
    sk_gate_field(&gate, "X\0Y", 3, "a", 1);
    assert_int_equal(sk_gate_done(&gate, "HTTP/1.1"), 400);
}

static void test_size(void **state)
{
    (void)state;
    struct sk_gate gate = {0};
    feed(&gate, HOST);
    for (int i = 1; i < SK_GATE_FIELDS_MAX; i++)
        feed(&gate, "A: b\n");
    assert_int_equal(sk_gate_done(&gate, "HTTP/1.1"), 0);
    feed(&gate, "A: b\n");
    assert_int_equal(sk_gate_done(&gate, "HTTP/1.1"), 431);
    static char long_value[SK_GATE_BYTES_MAX];
    memset(long_value, 'a', sizeof long_value);
    gate = (struct sk_gate){0};
    feed(&gate, HOST);
    sk_gate_field(&gate, "X", 1, long_value, sizeof long_value);
    assert_int_equal(sk_gate_done(&gate, "HTTP/1.1"), 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_nul), cmocka_unit_test(test_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
