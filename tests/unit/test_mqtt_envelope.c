/* SPDX-License-Identifier: Apache-2.0 */
/* Door envelopes: every reason, every state word, every topic, and what happens to what cannot be read. */
#include "drivers/mqtt/blank.h"
#include "drivers/mqtt/envelope.h"
#include "schemas/base/bytes.h"
#include "tests/unit/mqtt_fixture.h"
#include "tests/unit/sk_test.h"

static struct mqtt_fixture fixture;

static enum sk_err decode(const char *json, struct sk_access_event *event, struct sk_fault *fault)
{
    fixture_init(&fixture);
    struct sk_envelope_context context = {
        .site = &fixture.site, .device = FIX_CONTROLLER, .now = {.utc_us = 5000, .mono_us = 600}};
    fault->text[0] = '\0';
    return sk_envelope_decode(&context, json, strlen(json), event, fault);
}

/* An envelope with the given topic and data. */
static void decode_data(const char *topic, const char *data, struct sk_access_event *event)
{
    char json[1024];
    struct sk_fault fault;
    assert_true(
        sk_text_format(json, sizeof(json), "{\"v\":1,\"epoch\":7,\"seq\":\"123\",\"topic\":\"%s\",\"data\":%s}", topic, data));
    if (decode(json, event, &fault) != SK_OK)
        fail_msg("%s: %s", json, fault.text);
}

static void test_whole(void **state)
{
    (void)state;
    struct sk_access_event e;
    struct sk_fault fault;
    static const uint8_t card[] = {0x04, 0xA2, 0xff};
    assert_int_equal(
        decode("{\"v\":1,\"epoch\":7,\"seq\":\"18446744073709551615\",\"t\":\"2026-11-20T12:31:00.000001Z\","
               "\"mono\":12345,\"topic\":\"tns1:AccessControl/AccessGranted/Credential\",\"data\":{\"Door\":\"T-1\","
               "\"Reader\":\"r2\",\"Card\":\"04A2ff\",\"CredentialToken\":\"c9\",\"CredentialHolder\":\"h9\","
               "\"Factors\":[\"pt:Card\",\"Vein\"],\"External\":true,\"ExemptedAccess\":false}}",
               &e, &fault),
        SK_OK);
    assert_true(e.has_identity);
    assert_int_equal(e.epoch, 7);
    assert_true(e.seq == UINT64_MAX);
    assert_int_equal(e.ev, SK_EV_ACC_GRANTED);
    assert_int_equal(e.decision, SK_DECISION_GRANTED);
    assert_int_equal(e.door, 0); /* the token goes before the id of another door */
    assert_int_equal(e.reader, 1);
    assert_int_equal(e.identifier_length, 3);
    assert_memory_equal(e.identifier, card, 3);
    assert_string_equal(e.credential, "c9");
    assert_string_equal(e.holder, "h9");
    assert_int_equal(e.factors, 1u << SK_FACTOR_CARD | 1u << SK_FACTOR_VEIN);
    assert_true(e.external);
    assert_false(e.exempted);
    assert_true(e.t_ctrl_us == INT64_C(1795177860000001));
    assert_int_equal(e.mono_ms, 12345);
    assert_int_equal(e.recv_us, 5000);
    assert_int_equal(e.mono_us, 600);
    assert_true(e.simulated);
    assert_int_equal(e.native_length, 0);
}

static void test_every_reason(void **state)
{
    (void)state;
    struct sk_access_event e;
    char data[128];
    int seen = 0;
    for (int reason = 1; reason < 256; reason++) {
        const char *word = sk_deny_reason_name(reason);
        if (word == NULL)
            continue;
        sk_text_format(data, sizeof(data), "{\"Door\":\"d1\",\"Reason\":\"%s\"}", word);
        decode_data("tns1:AccessControl/Denied/Credential", data, &e);
        assert_int_equal(e.ev, SK_EV_ACC_DENIED);
        assert_int_equal(e.decision, SK_DECISION_DENIED);
        assert_int_equal(e.reason, reason);
        assert_int_equal(e.native_length, 0);
        seen++;
    }
    assert_int_equal(seen, 29);
}

static void test_reason_edges(void **state)
{
    (void)state;
    static const struct {
        const char *name, *topic, *data;
        int reason;
        bool native;
    } rows[] = {
        {"unknown word", "tns1:AccessControl/Denied/Credential", "{\"Reason\":\"TooTall\"}", SK_DENY_OTHER, true},
        {"empty word", "tns1:AccessControl/Denied/Credential", "{\"Reason\":\"\"}", SK_DENY_OTHER, true},
        {"none given", "tns1:AccessControl/Denied/Anonymous", "{}", SK_DENY_OTHER, false},
        {"unknown card", "tns1:AccessControl/Denied/CredentialNotFound/Card", "{\"Card\":\"ab\"}", SK_DENY_NOT_FOUND, false},
        {"fault text is no denial", "tns1:Door/State/DoorFault", "{\"State\":\"FaultDetected\",\"Reason\":\"motor\"}",
         SK_DENY_NONE, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_access_event e;
        decode_data(rows[i].topic, rows[i].data, &e);
        if (e.reason != rows[i].reason || (e.native_length > 0) != rows[i].native)
            fail_msg("%s: reason %d native %d", rows[i].name, e.reason, e.native_length);
    }
}

static void test_every_door_word(void **state)
{
    (void)state;
    static const struct {
        const char *topic, *family;
        int ev, words;
    } rows[] = {
        {"tns1:Door/State/DoorMode", "mode", SK_EV_DOOR_MODE, 8},
        {"tns1:Door/State/DoorPhysicalState", "phys", SK_EV_DOOR_PHYS, 4},
        {"tns1:Door/State/LockPhysicalState", "lock", SK_EV_DOOR_LOCK, 4},
        {"tns1:Door/State/DoubleLockPhysicalState", "lock", SK_EV_DOOR_LOCK2, 4},
        {"tns1:Door/State/DoorAlarm", "alarm", SK_EV_DOOR_ALARM, 3},
        {"tns1:Door/State/DoorTamper", "tamper", SK_EV_DOOR_TAMPER, 3},
        {"tns1:Door/State/DoorFault", "fault", SK_EV_DOOR_FAULT, 3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_access_event e;
        char data[128];
        int seen = 0;
        for (int value = 0; sk_door_word(rows[i].family, value) != NULL; value++, seen++) {
            sk_text_format(data, sizeof(data), "{\"Door\":\"d1\",\"State\":\"%s\"}", sk_door_word(rows[i].family, value));
            decode_data(rows[i].topic, data, &e);
            assert_int_equal(e.ev, rows[i].ev);
            assert_int_equal(e.state, value);
            assert_int_equal(e.door, 0);
        }
        assert_int_equal(seen, rows[i].words);
        decode_data(rows[i].topic, "{\"Door\":\"d1\",\"State\":\"Ajar\"}", &e);
        assert_int_equal(e.ev, SK_EV_NATIVE);
        assert_true(e.has_identity);
        assert_true(e.native_length > 0);
        decode_data(rows[i].topic, "{\"Door\":\"d1\"}", &e); /* no state at all must not read as state 0 */
        assert_int_equal(e.ev, SK_EV_NATIVE);
    }
}

static void test_topics(void **state)
{
    (void)state;
    static const struct {
        const char *topic, *data;
        int ev, decision, value;
    } rows[] = {
        {"tns1:AccessControl/AccessGranted/Credential", "{}", SK_EV_ACC_GRANTED, SK_DECISION_GRANTED, 0},
        {"tns1:AccessControl/AccessGranted/Identifier", "{}", SK_EV_ACC_GRANTED, SK_DECISION_GRANTED, 0},
        {"tns1:AccessControl/AccessGranted/Anonymous", "{}", SK_EV_ACC_REX, SK_DECISION_GRANTED, 0},
        {"tns1:AccessControl/AccessTaken/Credential", "{}", SK_EV_ACC_TAKEN, SK_DECISION_GRANTED, 0},
        {"tns1:AccessControl/AccessTaken/Anonymous", "{}", SK_EV_ACC_TAKEN, SK_DECISION_GRANTED, 0},
        {"tns1:AccessControl/AccessNotTaken/Credential", "{}", SK_EV_ACC_NOT_TAKEN, SK_DECISION_GRANTED, 0},
        {"tns1:AccessControl/Denied/Identifier", "{}", SK_EV_ACC_DENIED, SK_DECISION_DENIED, 0},
        {"tns1:AccessControl/Duress", "{}", SK_EV_ACC_DURESS, SK_DECISION_NONE, 0},
        {"tns1:AccessControl/Request/Credential", "{}", SK_EV_ACC_REQUEST, SK_DECISION_NONE, 0},
        {"tns1:AccessControl/Request/Timeout", "{}", SK_EV_ACC_REQ_TIMEOUT, SK_DECISION_NONE, 0},
        {"tns1:AccessPoint/State/Enabled", "{\"State\":true}", SK_EV_AP_ENABLED, SK_DECISION_NONE, 1},
        {"tns1:AccessPoint/State/Enabled", "{\"Enabled\":\"false\"}", SK_EV_AP_ENABLED, SK_DECISION_NONE, 0},
        {"tns1:Credential/State/ApbViolation", "{\"ApbViolation\":1}", SK_EV_CRED_APB, SK_DECISION_NONE, 1},
        {"tns1:Schedule/State/Active", "{\"Active\":true}", SK_EV_SCHED_ACTIVE, SK_DECISION_NONE, 1},
        {"tns1:Schedule/State/Active", "{\"Active\":2}", SK_EV_NATIVE, SK_DECISION_NONE, 0},
        {"tns1:Configuration/Door/Changed", "{}", SK_EV_CFG_CHANGED, SK_DECISION_NONE, 0},
        {"vendor:Reader/Overheated", "{}", SK_EV_NATIVE, SK_DECISION_NONE, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_access_event e;
        decode_data(rows[i].topic, rows[i].data, &e);
        if (e.ev != rows[i].ev || e.decision != rows[i].decision || e.state != rows[i].value)
            fail_msg("%s %s: ev %04x decision %d state %d", rows[i].topic, rows[i].data, e.ev, e.decision, e.state);
    }
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *name, *data;
        int door, reader;
        bool native;
    } rows[] = {
        {"by token", "{\"Door\":\"d2tok\",\"Reader\":\"r1\"}", 1, 0, false},
        {"by id", "{\"Door\":\"d1\",\"Reader\":\"r1\"}", 0, 0, false},
        {"onvif names", "{\"DoorToken\":\"d1\",\"AccessPointToken\":\"r2\"}", 0, 1, false},
        {"unknown door", "{\"Door\":\"d9\"}", -1, -1, true},
        {"door of another controller", "{\"Door\":\"foreign\"}", -1, -1, true},
        {"unknown reader", "{\"Door\":\"d1\",\"Reader\":\"r9\"}", 0, -1, true},
        {"reader alone, one door has it", "{\"Reader\":\"r2\"}", 0, 1, false},
        {"reader alone, two doors have it", "{\"Reader\":\"r1\"}", -1, -1, true},
        {"nothing", "{}", -1, -1, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_access_event e;
        decode_data("tns1:AccessControl/AccessTaken/Credential", rows[i].data, &e);
        if (e.door != rows[i].door || e.reader != rows[i].reader || (e.native_length > 0) != rows[i].native)
            fail_msg("%s: door %d reader %d native %d", rows[i].name, e.door, e.reader, e.native_length);
    }
}

/* Members that cannot be read are left out; the event stays, with the payload beside it. */
static void test_members_left_out(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"Card\":\"xyz\"}",
        "{\"Card\":\"abc\"}",
        "{\"Card\":\"\"}",
        "{\"Card\":17}",
        "{\"Factors\":\"Card\"}",
        "{\"Factors\":[\"Smell\"]}",
        "{\"External\":\"perhaps\"}",
        "{\"Door\":5}",
        "{\"CredentialToken\":\"1234567890123456789012345678901234567890123456789012345678901234\"}",
        "{\"CredentialHolder\":\"a\\nb\"}",
        "[]",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_access_event e;
        decode_data("tns1:AccessControl/AccessGranted/Credential", rows[i], &e);
        if (e.ev != SK_EV_ACC_GRANTED || e.native_length == 0 || e.identifier_length != 0 || e.factors != 0 || e.external ||
            e.credential[0] != '\0' || e.holder[0] != '\0')
            fail_msg("%s", rows[i]);
    }
}

static void test_without_identity(void **state)
{
    (void)state;
    struct sk_access_event e;
    struct sk_fault fault;
    assert_int_equal(decode("{\"v\":1,\"topic\":\"tns1:AccessControl/Duress\"}", &e, &fault), SK_OK);
    assert_false(e.has_identity);
    assert_int_equal(e.ev, SK_EV_ACC_DURESS);
    assert_int_equal(decode("{\"v\":1,\"epoch\":\"4294967295\",\"seq\":0}", &e, &fault), SK_OK);
    assert_true(e.has_identity);
    assert_true(e.epoch == UINT32_MAX);
    assert_int_equal(e.ev, SK_EV_NATIVE); /* no topic */
    assert_true(e.native_length > 0);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *json;
        enum sk_err err;
        const char *expected; /* what the text must hold */
    } rows[] = {
        {"empty", "", SK_ERR_PARSE, "expected a JSON object"},
        {"not JSON", "hello", SK_ERR_PARSE, "expected a JSON object"},
        {"cut", "{\"v\":1,\"epoch\":7", SK_ERR_PARSE, "expected a JSON object"},
        {"trailing bytes", "{\"v\":1} x", SK_ERR_PARSE, "expected a JSON object"},
        {"twin keys", "{\"v\":1,\"v\":1}", SK_ERR_PARSE, "expected a JSON object"},
        {"array", "[1]", SK_ERR_PARSE, "\"topic\" and \"data\""},
        {"no version", "{\"epoch\":7,\"seq\":1}", SK_ERR_UNSUPPORTED, "expected \"v\": 1"},
        {"version 2", "{\"v\":2,\"epoch\":7,\"seq\":1}", SK_ERR_UNSUPPORTED, "expected \"v\": 1"},
        {"epoch negative", "{\"v\":1,\"epoch\":-1,\"seq\":1}", SK_ERR_RANGE, "expected \"epoch\" as a whole number"},
        {"epoch too big", "{\"v\":1,\"epoch\":4294967296,\"seq\":1}", SK_ERR_RANGE, "0 to 4294967295"},
        {"epoch alone", "{\"v\":1,\"epoch\":7}", SK_ERR_RANGE, "expected \"seq\""},
        {"seq alone", "{\"v\":1,\"seq\":7}", SK_ERR_RANGE, "expected \"epoch\""},
        {"seq fraction", "{\"v\":1,\"epoch\":7,\"seq\":1.5}", SK_ERR_RANGE, "expected \"seq\""},
        {"seq beyond 64 bit", "{\"v\":1,\"epoch\":7,\"seq\":\"18446744073709551616\"}", SK_ERR_RANGE, "18446744073709551615"},
        {"seq no digits", "{\"v\":1,\"epoch\":7,\"seq\":\"12a\"}", SK_ERR_RANGE, "expected \"seq\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sk_access_event e;
        struct sk_fault fault;
        enum sk_err err = decode(rows[i].json, &e, &fault);
        if (err != rows[i].err || strstr(fault.text, rows[i].expected) == NULL)
            fail_msg("%s: %d '%s'", rows[i].name, err, fault.text);
    }
}

static void test_blank(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *out;
        bool unknown;
    } rows[] = {
        {"card", "{\"Card\":\"04A2\",\"x\":\"04A2\"}", "{\"Card\":\"****\",\"x\":\"04A2\"}", false},
        {"number, spaces, case", "{\"card\" : 1234 ,\"x\":5}", "{\"card\" : 0000 ,\"x\":5}", false},
        {"nested below", "{\"Identifier\":{\"a\":[\"12\",{\"b\":7}]},\"x\":8}",
         "{\"Identifier\":{\"*\":[\"**\",{\"*\":0}]},\"x\":8}", false},
        {"inside data", "{\"data\":{\"IdentifierValue\":\"ab\",\"CredentialToken\":\"t\"}}",
         "{\"data\":{\"IdentifierValue\":\"**\",\"CredentialToken\":\"t\"}}", false},
        {"escaped name is not trusted", "{\"C\\u0061rd\":\"04\"}", "{\"C\\u0061rd\":\"**\"}", false},
        {"quote in value", "{\"Card\":\"a\\\"b\",\"x\":1}", "{\"Card\":\"****\",\"x\":1}", false},
        {"open string", "{\"Card\":\"1234", "{\"Card\":\"****", false},
        {"value that looks like a name", "{\"x\":\"Card\"}", "{\"x\":\"Card\"}", false},
        {"runs of digits", "card 04a2ff99 at 12:30", "card ******** at 12:30", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        assert_true(sk_text_copy(text, sizeof(text), rows[i].in));
        if (rows[i].unknown)
            sk_blank_unknown(text, strlen(text));
        else
            sk_blank_members(text, strlen(text));
        if (strcmp(text, rows[i].out) != 0)
            fail_msg("%s: %s", rows[i].name, text);
    }
}

static void test_native_is_blanked_and_cut(void **state)
{
    (void)state;
    struct sk_access_event e;
    char data[900];
    memset(data, 'z', sizeof(data));
    memcpy(data, "{\"Card\":\"0123456789\",\"pad\":\"", 28);
    memcpy(data + sizeof(data) - 3, "\"}", 3);
    decode_data("vendor:X", data, &e);
    assert_int_equal(e.native_length, SK_NATIVE_MAX);
    assert_null(memmem(e.native, e.native_length, "0123456789", 10));
    assert_non_null(memmem(e.native, e.native_length, "\"vendor:X\"", 10));
}

static void test_heartbeat_and_ack(void **state)
{
    (void)state;
    struct sk_envelope_heartbeat hb;
    struct sk_fault fault;
    char ack[SK_ENVELOPE_ACK_MAX];
    static const char good[] = "{\"epoch\":7,\"seq_head\":\"124\",\"t\":\"1970-01-01T00:00:01Z\"}";
    static const char *const bad[] = {"", "{}", "{\"epoch\":7}", "{\"epoch\":-7,\"seq_head\":1}",
                                      "{\"epoch\":7,\"seq_head\":1,\"t\":\"yesterday\"}"};
    assert_int_equal(sk_envelope_heartbeat_decode(good, sizeof(good) - 1, &hb, &fault), SK_OK);
    assert_int_equal(hb.epoch, 7);
    assert_int_equal(hb.seq_head, 124);
    assert_int_equal(hb.t_us, 1000000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_not_equal(sk_envelope_heartbeat_decode(bad[i], strlen(bad[i]), &hb, &fault), SK_OK);
        assert_non_null(strstr(fault.text, "expected"));
    }
    sk_envelope_ack_write(ack, UINT32_MAX, UINT64_MAX);
    assert_string_equal(ack, "{\"epoch\":4294967295,\"seq\":\"18446744073709551615\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_every_reason),
        cmocka_unit_test(test_reason_edges),
        cmocka_unit_test(test_every_door_word),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_members_left_out),
        cmocka_unit_test(test_without_identity),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_blank),
        cmocka_unit_test(test_native_is_blanked_and_cut),
        cmocka_unit_test(test_heartbeat_and_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
