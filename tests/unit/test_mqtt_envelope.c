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
    assert_int_equal(seen, 36);
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
        "{\"CredentialHolder\":\"Taro Tanaka\"}",
        "{\"CredentialToken\":\"04a1b2c3d4\"}",
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

/* What stays of a payload: the allow list, row by row. */
static void test_blank(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } rows[] = {
        {"the envelope's own", "{\"v\":1,\"epoch\":7,\"seq\":\"123\",\"t\":\"2026-11-20T12:31:00Z\",\"mono\":12345678}",
         "{\"v\":1,\"epoch\":7,\"seq\":\"123\",\"t\":\"2026-11-20T12:31:00Z\",\"mono\":12345678}"},
        {"words and ids",
         "{\"data\":{\"Door\":\"T-1\",\"Reader\":\"r2\",\"Reason\":\"CredentialExpired\",\"State\":\"Open\",\"Factors\":[\"pt:"
         "Card\",\"Vein\"]}}",
         "{\"data\":{\"Door\":\"T-1\",\"Reader\":\"r2\",\"Reason\":\"CredentialExpired\",\"State\":\"Open\",\"Factors\":[\"pt:"
         "Card\",\"Vein\"]}}"},
        {"true, false, null, 0, 1", "{\"data\":{\"External\":true,\"Enabled\":false,\"Door\":null,\"State\":[0,1]}}",
         "{\"data\":{\"External\":true,\"Enabled\":false,\"Door\":null,\"State\":[0,1]}}"},
        {"texts", "{\"data\":{\"Card\":\"04A2\",\"Reader\":\"04a1b2c3d4\",\"Door\":\"\"}}",
         "{\"data\":{\"Card\":\"…4\",\"Reader\":\"…10\",\"Door\":\"…0\"}}"},
        {"numbers", "{\"data\":{\"Card\":3735928559,\"seq\":3735928559,\"State\":1.5}}",
         "{\"data\":{\"Card\":null,\"seq\":null,\"State\":null}}"},
        {"names", "{\"04a1b2c3d4\":1,\"data\":{\"Template\":\"AAECAwQ=\"}}", "{\"…10\":1,\"data\":{\"…8\":\"…8\"}}"},
        {"data is a text", "{\"data\":\"04a1b2c3d4\"}", "{\"data\":\"…10\"}"},
        {"epoch, seq, t that are none", "{\"epoch\":\"04a1b2c3d4\",\"seq\":\"04a1b2c3d4\",\"v\":9999,\"t\":\"04a1b2c3d4\"}",
         "{\"epoch\":\"…10\",\"seq\":\"…10\",\"v\":null,\"t\":\"…10\"}"},
        {"topic", "{\"topic\":\"tns1:Door/State/04a1b2c3d4\"}", "{\"topic\":\"tns1:Door/State/…10\"}"},
        {"a topic elsewhere", "{\"data\":{\"topic\":\"tns1:Door/State/DoorMode\"}}", "{\"data\":{\"topic\":\"…24\"}}"},
        {"name written with an escape", "{\"C\\u0061rd\":\"04\"}", "{\"Card\":\"…2\"}"},
        {"no JSON", "card 04a2ff99 at 12:30", "{\"length\":22}"},
        {"cut", "{\"v\":1,\"data\":{\"Card\":\"04a1b2", "{\"length\":29}"},
        {"nothing", "", "{\"length\":0}"},
    };
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[SK_NATIVE_MAX + 1];
        text[sk_blank_bytes(&fixture.site, rows[i].in, strlen(rows[i].in), text, SK_NATIVE_MAX)] = '\0';
        if (strcmp(text, rows[i].out) != 0)
            fail_msg("%s: %s", rows[i].name, text);
    }
}

static void test_blank_topic(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"tns1:AccessControl/Denied/Credential", "tns1:AccessControl/Denied/Credential"},
        {"tns1:AccessControl/Denied/CredentialNotFound/Card", "tns1:AccessControl/Denied/CredentialNotFound/Card"},
        {"tns1:AccessControl/Denied/CredentialNotFound/04a1b2c3d4", "tns1:AccessControl/Denied/CredentialNotFound/…10"},
        {"tns1:AccessControl/Denied/Credential/PIN/4711", "tns1:AccessControl/Denied/Credential/PIN/…4"},
        {"tns1:AccessControl/Denied/04a1b2c3d4", "tns1:AccessControl/Denied/…10"},
        {"tns1:Vendor/SelfTest", "tns1:…15"},
        {"tns1:Door/State/DoorMode04a1b2c3d4", "tns1:Door/State/…18"},
        {"vendor:Reader/Overheated", "…24"},
        {"04a1b2c3d4", "…10"},
        {"", ""},
        {"/", "…1"},
    };
    char topic[SK_TOPIC_MAX], huge[1000];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool whole = sk_blank_topic(rows[i].in, topic, sizeof(topic));
        if (strcmp(topic, rows[i].out) != 0 || whole != (strcmp(rows[i].in, rows[i].out) == 0))
            fail_msg("%s: %s", rows[i].in, topic);
    }
    memset(huge, 'x', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    memcpy(huge, "tns1:Door/State/DoorMode/", 25);
    assert_false(sk_blank_topic(huge, topic, sizeof(topic)));
    assert_string_equal(topic, "tns1:Door/State/DoorMode/…974");
}

static void test_opaque_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        bool kept;
    } rows[] = {
        {"c9", true},           {"p1", true},          {"h-0042", true},
        {"tok12345", true},     {"12345", true},       {"T_17.b", true},
        {"x:7", true},          {"", false},           {"Tanaka", false},
        {"Taro Tanaka", false}, {"t.suzuki", false},   {"k.ito", false},
        {"123456", false},      {"04a1b2c3d4", false}, {"04:A1:B2:C3:D4", false},
        {"c123456", false},     {"1234-5678", false},  {"田中1", false},
        {"a\nb1", false},       {"tanaka1", false},    {"x1x2x3x4x5x6x7x8x9x1x2x3x4x5x6x7x", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (sk_blank_is_opaque(rows[i].token) != rows[i].kept)
            fail_msg("'%s' must %s", rows[i].token, rows[i].kept ? "be kept" : "be dropped");
    }
}

static void test_native_is_blanked_and_cut(void **state)
{
    (void)state;
    struct sk_access_event e;
    char data[900] = "{\"Card\":\"0123456789\",\"State\":[0";
    size_t length = strlen(data);
    for (; length < sizeof(data) - 4; length += 2)
        memcpy(data + length, ",0", 2);
    memcpy(data + length, "]}", 3);
    decode_data("vendor:X", data, &e);
    assert_in_range(e.native_length, SK_NATIVE_MAX - 2, SK_NATIVE_MAX);
    assert_null(memmem(e.native, e.native_length, "0123456789", 10));
    assert_non_null(memmem(e.native, e.native_length, "\"topic\":\"…8\"", strlen("\"topic\":\"…8\"")));
    assert_string_equal(e.topic, "…8");
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
    struct sk_envelope_ack run = {.epoch = UINT32_MAX, .from = UINT64_MAX - 1, .seq = UINT64_MAX - 1};
    sk_envelope_ack_write(ack, &run);
    assert_string_equal(ack, "{\"epoch\":4294967295,\"seq\":\"18446744073709551614\"}");
    assert_false(sk_envelope_ack_extend(&run, 7, UINT64_MAX));
    assert_true(sk_envelope_ack_extend(&run, UINT32_MAX, UINT64_MAX));
    assert_false(sk_envelope_ack_extend(&run, UINT32_MAX, 0));
    sk_envelope_ack_write(ack, &run);
    assert_string_equal(ack, "{\"epoch\":4294967295,\"from\":\"18446744073709551614\",\"seq\":\"18446744073709551615\"}");
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
        cmocka_unit_test(test_blank_topic),
        cmocka_unit_test(test_opaque_tokens),
        cmocka_unit_test(test_native_is_blanked_and_cut),
        cmocka_unit_test(test_heartbeat_and_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
