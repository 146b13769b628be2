/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers/driver.h promises, held against the Modbus driver with a host of stubs and no device: opening does no I/O and
 * survives every failed allocation, a dead link becomes samples, samples pass the hand-over, a running session allocates
 * nothing, and it ends when told. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/handover.h"
#include "schemas/base/mem.h"
#include "tests/unit/modbus_fixture.h"
#include "tests/unit/sk_test.h"

struct host {
    struct modbus_fixture fixture;
    struct sk_device devices[2]; /* the device, and the link's own */
    int batches, stop_after;
    int calls, stop_after_calls; /* of stopping(); 0: by batches */
    int refused;                 /* samples that the hand-over did not take */
    int link_down, state_down;
    unsigned long allocations;
};

static struct sk_now now(void *context)
{
    (void)context;
    return sk_clock_read();
}

static bool stopping(void *context)
{
    struct host *host = context;
    host->calls++;
    return host->stop_after_calls > 0 ? host->calls >= host->stop_after_calls : host->batches >= host->stop_after;
}

static void samples(void *context, const struct sk_batch *batch)
{
    struct host *host = context;
    static uint8_t packet[SK_HANDOVER_MAX];
    static struct sk_sample back[SK_BATCH_MAX];
    static struct sk_handover message, decoded;
    size_t length = 0;
    unsigned long allocated = sk_mem_fail_at(0);
    host->allocations += host->batches > 0 ? allocated : 0; /* up to the first batch a session may still prepare */
    host->batches++;
    message = (struct sk_handover){.type = SK_UP_BATCH, .number = 1, .batch = *batch};
    if (sk_handover_encode(&message, packet, sizeof(packet), &length) != SK_OK ||
        sk_handover_decode(&host->fixture.site, packet, length, back, &decoded) != SK_OK)
        host->refused++;
    for (size_t i = 0; i < batch->count; i++) {
        const struct sk_point *point = &host->fixture.site.points[batch->samples[i].point];
        host->link_down += point->profile != NULL && batch->samples[i].reason == SK_WHY_LINK_DOWN;
        host->state_down += strcmp(point->name, "link.state") == 0 && batch->samples[i].number < 0.5;
    }
    sk_mem_fail_at(0);
}

static enum sk_err event(void *context, const struct sk_access_event *what)
{
    (void)context;
    (void)what;
    return SK_ERR_CLOSED;
}

static enum sk_err malformed(void *context, const struct sk_malformed *what)
{
    (void)context;
    (void)what;
    return SK_ERR_CLOSED;
}

/* A site with one device of three points (one text) on a link that nobody answers, and the link's own device. */
static void build(struct host *host, uint16_t port)
{
    memset(host, 0, sizeof(*host));
    struct modbus_fixture *f = &host->fixture;
    fixture_init(f);
    struct sk_profile_point text = fixture_point("test.text", 3, 10, 4);
    text.kind = &fixture_text;
    text.type = SK_REG_STRING;
    struct sk_profile_point number = fixture_point("test.number", 3, 0, 1);
    struct sk_profile_point state = fixture_point("test.state", 2, 0, 1);
    state.kind = &fixture_state;
    fixture_add(f, number, 20);
    fixture_add(f, text, 50);
    fixture_add(f, state, 20);
    f->link.port = port;
    f->device.period_ms = 20;
    host->devices[0] = f->device;
    host->devices[1] = (struct sk_device){.id = "link.l1", .link = -1, .first_point = 3, .point_count = 1};
    f->points[3] = (struct sk_point){.device = 1, .kind = &fixture_state, .name = "link.state", .id = "link.l1/link.state"};
    f->site.point_count = 4;
    f->site.devices = host->devices;
    f->site.device_count = 2;
    host->stop_after = 12;
}

/* A port that refuses: bound, never listened on. */
static int refusing_port(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void test_serves(void **state)
{
    (void)state;
    struct host host;
    build(&host, 1);
    const struct sk_site *site = &host.fixture.site;
    assert_int_equal(sk_driver_modbus.api_version, SK_DRIVER_API_VERSION);
    assert_true(sk_driver_modbus.serves(site, 0, false));
    assert_false(sk_driver_modbus.serves(site, 0, true)); /* no ring */
    assert_false(sk_driver_modbus.serves(site, 1, false));
    host.fixture.profile.ring.present = true;
    assert_true(sk_driver_modbus.serves(site, 0, true));
    host.fixture.link.protocol = SK_PROTO_MQTT;
    assert_false(sk_driver_modbus.serves(site, 0, false));
    assert_false(sk_driver_modbus.serves(site, 0, true));
}

static void test_refusals(void **state)
{
    (void)state;
    struct host host;
    struct sk_driver_host stubs = {&host, now, stopping, samples, event, malformed, NULL, NULL};
    struct sk_driver_session *session = NULL;
    struct sk_fault fault = {.text = ""};
    build(&host, 1);
    host.fixture.profile_points[0].address = 65535;
    host.fixture.profile_points[0].count = 2;
    assert_int_equal(sk_driver_modbus.open(&host.fixture.site, 0, false, &stubs, &session, &fault), SK_ERR_RANGE);
    assert_non_null(strstr(fault.text, "test.number"));
    build(&host, 1);
    host.fixture.profile.ring = (struct sk_ring_profile){.present = true, .function = 3, .entries = 8, .entry_words = 23};
    assert_int_equal(sk_driver_modbus.open(&host.fixture.site, 0, true, &stubs, &session, &fault), SK_ERR_RANGE);
    host.fixture.profile.ring.entry_words = 24;
    host.fixture.link.protocol = SK_PROTO_MODBUS_RTU; /* two processes on one serial line */
    assert_int_equal(sk_driver_modbus.open(&host.fixture.site, 0, true, &stubs, &session, &fault), SK_ERR_UNSUPPORTED);
    assert_null(session);
}

static void starve(bool events_only)
{
    struct host host;
    struct sk_driver_host stubs = {&host, now, stopping, samples, event, malformed, NULL, NULL};
    build(&host, 1);
    host.fixture.profile.ring =
        (struct sk_ring_profile){.present = true, .function = 3, .ring = 100, .entries = 8, .entry_words = 24};
    for (unsigned long n = 1; n < 100; n++) {
        struct sk_driver_session *session = NULL;
        struct sk_fault fault;
        sk_mem_fail_at(n);
        enum sk_err err = sk_driver_modbus.open(&host.fixture.site, 0, events_only, &stubs, &session, &fault);
        sk_mem_fail_at(0);
        if (err == SK_OK) {
            sk_driver_modbus.close(session);
            assert_true(n > 2); /* some allocation did fail on the way here */
            return;
        }
        assert_int_equal(err, SK_ERR_NOMEM);
        assert_null(session);
    }
    fail_msg("open never succeeded");
}

static void test_every_failed_allocation(void **state)
{
    (void)state;
    starve(false);
    starve(true);
}

static void test_dead_link_is_samples(void **state)
{
    (void)state;
    struct host host;
    struct sk_driver_host stubs = {&host, now, stopping, samples, event, malformed, NULL, NULL};
    struct sk_driver_session *session;
    struct sk_fault fault;
    uint16_t port;
    int ends[2], guard = refusing_port(&port);
    build(&host, port);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(sk_driver_modbus.open(&host.fixture.site, 0, false, &stubs, &session, &fault), SK_OK);
    assert_int_equal(host.batches, 0); /* opening says nothing */
    assert_int_equal(sk_driver_modbus.run(session, ends[0]), SK_OK);
    sk_driver_modbus.close(session);
    assert_int_equal(host.refused, 0);
    assert_true(host.link_down > 0 && host.state_down > 0);
    assert_int_equal(host.allocations, 0);
    close(ends[0]);
    close(ends[1]);
    close(guard);
}

/* A readable descriptor ends every wait. Were it not part of the waits, two thousand questions at a few per second would
 * outlast the test's time limit. */
static void test_stop_descriptor_wakes(void **state)
{
    (void)state;
    struct host host;
    struct sk_driver_host stubs = {&host, now, stopping, samples, event, malformed, NULL, NULL};
    struct sk_driver_session *session;
    struct sk_fault fault;
    uint16_t port;
    int ends[2], guard = refusing_port(&port);
    build(&host, port);
    for (size_t i = 0; i < 3; i++)
        host.fixture.points[i].period_ms = 3600000;
    host.stop_after_calls = 2000;
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    assert_int_equal(sk_driver_modbus.open(&host.fixture.site, 0, false, &stubs, &session, &fault), SK_OK);
    assert_int_equal(sk_driver_modbus.run(session, ends[0]), SK_OK);
    sk_driver_modbus.close(session);
    close(ends[0]);
    close(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves), cmocka_unit_test(test_refusals), cmocka_unit_test(test_every_failed_allocation),
        cmocka_unit_test(test_dead_link_is_samples), cmocka_unit_test(test_stop_descriptor_wakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
