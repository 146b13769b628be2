/* SPDX-License-Identifier: Apache-2.0 */
/* Header and body bytes against vectors made by another program, and what is refused. */
#include "tests/unit/store_support.h"

#include <math.h>

static void header_is_the_vector(void **state)
{
    (void)state;
    cJSON *vector = support_vectors("example.json");
    uint8_t expected[SK_HEADER_SIZE], bytes[SK_HEADER_SIZE];
    struct sk_header header = {.version = 1,
                               .seq = 258,
                               .t_recv_us = UINT64_C(1763640000223456),
                               .zone = 2,
                               .door = 5,
                               .ev = 0x0101,
                               .class_ = 1,
                               .flags = 0x2D,
                               .ctrl = 1,
                               .ctrl_epoch = 0xCAFEBABE,
                               .ctrl_seq = (UINT64_C(1) << 40) + 9};
    for (uint8_t i = 0; i < SK_SUBJECT_SIZE; i++)
        header.subject[i] = i;
    assert_int_equal(support_hex(vector, "header", expected, sizeof expected), SK_HEADER_SIZE);
    sk_header_encode(&header, bytes);
    assert_memory_equal(bytes, expected, SK_HEADER_SIZE);
    struct sk_header back;
    memset(&back, 0, sizeof back);
    assert_int_equal(sk_header_decode(expected, &back), SK_OK);
    sk_header_encode(&back, bytes);
    assert_memory_equal(bytes, expected, SK_HEADER_SIZE);
    assert_int_equal(back.ctrl_epoch, 0xCAFEBABE);
    cJSON_Delete(vector);
}

static void body_is_the_vector(void **state)
{
    (void)state;
    static const uint16_t reasons[] = {SK_DENY_EXPIRED, SK_DENY_FACTOR_MISSING};
    cJSON *vector = support_vectors("example.json");
    uint8_t expected[SK_BODY_MAX];
    const size_t length = support_hex(vector, "body", expected, sizeof expected);
    struct sk_body body;
    sk_body_init(&body);
    sk_body_put_i64(&body, SK_TAG_T_CTRL, INT64_C(1763640000123456));
    sk_body_put_u8(&body, SK_TAG_OCCURRENCE_CLASS, SK_OCC_ONLINE);
    sk_body_put_text(&body, SK_TAG_ONVIF_TOPIC, "tns1:AccessControl/AccessGranted/Credential");
    sk_body_put_f64(&body, SK_TAG_CONFIDENCE, 0.75);
    sk_body_put_u16(&body, SK_TAG_FACTORS_CLAIMED, 3);
    sk_body_put_u16s(&body, SK_TAG_OUR_REASONS, reasons, 2);
    sk_body_put_text(&body, SK_TAG_READER, "読取機1");
    assert_true(sk_body_done(&body));
    assert_int_equal(body.writer.length, length);
    assert_memory_equal(body.bytes, expected, length);
    struct sk_body_item item;
    assert_true(sk_body_find(expected, length, SK_TAG_CONFIDENCE, &item));
    assert_true(sk_item_f64(&item) == 0.75);
    assert_true(sk_body_find(expected, length, SK_TAG_T_CTRL, &item));
    assert_true(sk_item_i64(&item) == INT64_C(1763640000123456));
    assert_false(sk_body_find(expected, length, SK_TAG_ACTOR, &item));
    cJSON_Delete(vector);
}

static void header_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t offset;
        uint8_t value;
        enum sk_err err;
    } rows[] = {
        {"version 0", 0, 0, SK_ERR_VERSION},       {"version 2", 0, 2, SK_ERR_VERSION},
        {"seq of 2^63", 1, 0x80, SK_ERR_PARSE},    {"time of 2^63", 9, 0x80, SK_ERR_PARSE},
        {"class 0", 23, 0, SK_ERR_PARSE},          {"class 16", 23, 16, SK_ERR_PARSE},
        {"flag bit 6", 24, 0x40, SK_ERR_PARSE},    {"flag bit 7", 24, 0x80, SK_ERR_PARSE},
        {"unknown kind is fine", 21, 0x7F, SK_OK}, {"any subject is fine", 54, 0xFF, SK_OK},
    };
    const struct sk_header header = {.version = 1, .class_ = 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[SK_HEADER_SIZE];
        struct sk_header back;
        sk_header_encode(&header, bytes);
        bytes[rows[i].offset] = rows[i].value;
        if (sk_header_decode(bytes, &back) != rows[i].err)
            fail_msg("%s", rows[i].name);
    }
}

/* Puts every item of a canonical body back through the writer. */
static void rewrite(const uint8_t *bytes, size_t length, struct sk_body *to)
{
    struct sk_reader reader;
    struct sk_body_item item;
    int last_tag = 0;
    bool bad;
    uint16_t list[SK_BODY_MAX / 2];
    sk_body_init(to);
    sk_reader_init(&reader, bytes, length);
    while (sk_body_next(&reader, &last_tag, &item, &bad)) {
        const enum sk_tag tag = (enum sk_tag)item.tag;
        char text[SK_BODY_MAX + 1];
        switch (item.type) {
        case SK_TAG_u8:
            sk_body_put_u8(to, tag, (uint8_t)sk_item_u64(&item));
            break;
        case SK_TAG_f64:
            sk_body_put_f64(to, tag, sk_item_f64(&item));
            break;
        case SK_TAG_bytes:
            sk_body_put_bytes(to, tag, item.bytes, item.length);
            break;
        case SK_TAG_text:
            memcpy(text, item.bytes, item.length);
            text[item.length] = '\0';
            sk_body_put_text(to, tag, text);
            break;
        case SK_TAG_u16s:
            for (size_t i = 0; i < item.length / 2; i++)
                list[i] = (uint16_t)(item.bytes[2 * i] << 8 | item.bytes[2 * i + 1]);
            sk_body_put_u16s(to, tag, list, item.length / 2);
            break;
        default:
            fail_msg("a type the rows do not have");
        }
    }
    assert_false(bad);
}

static void bodies(void **state)
{
    (void)state;
    cJSON *vectors = support_vectors("bodies.json");
    const cJSON *row;
    cJSON_ArrayForEach(row, vectors)
    {
        uint8_t *bytes = malloc(SK_BODY_MAX + 64);
        const size_t length = support_hex(row, "body", bytes, SK_BODY_MAX + 64);
        bytes = realloc(bytes, length > 0 ? length : 1); /* a read beyond the end is then seen */
        const bool canonical = sk_body_is_canonical(bytes, length);
        if (canonical != (bool)cJSON_IsTrue(sk_json_get(row, "canonical")))
            fail_msg("%s", sk_json_text(sk_json_get(row, "name")));
        if (canonical) {
            struct sk_body body;
            rewrite(bytes, length, &body);
            assert_true(sk_body_done(&body));
            assert_int_equal(body.writer.length, length);
            assert_memory_equal(body.bytes, bytes, length);
        }
        free(bytes);
    }
    cJSON_Delete(vectors);
}

static void put_order(struct sk_body *body)
{
    sk_body_put_text(body, SK_TAG_DETAIL, "x");
    sk_body_put_u8(body, SK_TAG_OCCURRENCE_CLASS, 1);
}
static void put_twice(struct sk_body *body)
{
    sk_body_put_u8(body, SK_TAG_OCCURRENCE_CLASS, 1);
    sk_body_put_u8(body, SK_TAG_OCCURRENCE_CLASS, 1);
}
static void put_type(struct sk_body *body)
{
    sk_body_put_u16(body, SK_TAG_OCCURRENCE_CLASS, 1);
}
static void put_unknown(struct sk_body *body)
{
    sk_body_put_u8(body, (enum sk_tag)0x7FF0, 1);
}
static void put_nan(struct sk_body *body)
{
    sk_body_put_f64(body, SK_TAG_VALUE, (double)NAN);
}
static void put_infinity(struct sk_body *body)
{
    sk_body_put_f64(body, SK_TAG_VALUE, (double)INFINITY);
}
static void put_null(struct sk_body *body)
{
    sk_body_put_text(body, SK_TAG_DETAIL, NULL);
}
static void put_much(struct sk_body *body)
{
    static const uint8_t bytes[SK_BODY_MAX];
    sk_body_put_bytes(body, SK_TAG_NATIVE, bytes, sizeof bytes);
}
static void put_list(struct sk_body *body)
{
    static const uint16_t list[SK_BODY_MAX / 2 + 1];
    sk_body_put_u16s(body, SK_TAG_OUR_REASONS, list, SK_BODY_MAX / 2 + 1);
}

static void bad_bodies_stay_bad(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*put)(struct sk_body *);
    } rows[] = {{"order", put_order},     {"twice", put_twice}, {"type", put_type},
                {"unknown", put_unknown}, {"nan", put_nan},     {"infinity", put_infinity},
                {"null", put_null},       {"much", put_much},   {"list", put_list}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sk_body body;
        sk_body_init(&body);
        rows[i].put(&body);
        sk_body_put_text(&body, SK_TAG_OLD_ORIGIN, "later");
        if (sk_body_done(&body))
            fail_msg("%s", rows[i].name);
    }
}

static void texts_are_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } rows[] = {
        {"clean", "扉 d1\n", "扉 d1\n"},
        {"escape", "a\x1b[2J", "a\xEF\xBF\xBD[2J"},
        {"half a character", "a\xE6\x89", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"latin-1", "caf\xE9", "caf\xEF\xBF\xBD"},
        {"negative zero's neighbour", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sk_body body;
        struct sk_body_item item;
        sk_body_init(&body);
        sk_body_put_text(&body, SK_TAG_DETAIL, rows[i].in);
        assert_true(sk_body_done(&body));
        assert_true(sk_body_find(body.bytes, body.writer.length, SK_TAG_DETAIL, &item));
        if (item.length != strlen(rows[i].out) || memcmp(item.bytes, rows[i].out, item.length) != 0)
            fail_msg("%s", rows[i].name);
    }
}

static void long_texts_are_cut_at_a_character(void **state)
{
    (void)state;
    char text[3 * 400 + 2] = "x";
    for (size_t i = 0; i < 400; i++)
        memcpy(text + 1 + 3 * i, "関", 4);
    struct sk_body body;
    struct sk_body_item item;
    sk_body_init(&body);
    sk_body_put_text(&body, SK_TAG_DETAIL, text);
    assert_true(sk_body_find(body.bytes, body.writer.length, SK_TAG_DETAIL, &item));
    assert_int_equal(item.length, 1 + 3 * 341); /* 1024 exactly: 1 + 341 * 3 */
    assert_true(sk_body_is_canonical(body.bytes, body.writer.length));
    text[0] = 'y';
    memmove(text + 2, text + 1, sizeof text - 3);
    text[1] = 'y';
    text[sizeof text - 1] = '\0';
    sk_body_init(&body);
    sk_body_put_text(&body, SK_TAG_DETAIL, text);
    assert_true(sk_body_find(body.bytes, body.writer.length, SK_TAG_DETAIL, &item));
    assert_int_equal(item.length, 2 + 3 * 340); /* the next character would end at 1025 */
}

static void zero_has_one_form(void **state)
{
    (void)state;
    struct sk_body body;
    sk_body_init(&body);
    sk_body_put_f64(&body, SK_TAG_VALUE, -0.0);
    assert_true(sk_body_done(&body) && sk_body_is_canonical(body.bytes, body.writer.length));
}

static void a_copied_draft_goes_on_in_its_own_bytes(void **state)
{
    (void)state;
    struct sk_body a, b;
    sk_body_init(&a);
    sk_body_put_u8(&a, SK_TAG_OCCURRENCE_CLASS, 1);
    b = a;
    sk_body_put_text(&b, SK_TAG_DETAIL, "b");
    sk_body_put_text(&a, SK_TAG_DETAIL, "a");
    assert_int_equal(b.bytes[b.writer.length - 1], 'b');
    assert_int_equal(a.bytes[a.writer.length - 1], 'a');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_the_vector),
        cmocka_unit_test(body_is_the_vector),
        cmocka_unit_test(header_refusals),
        cmocka_unit_test(bodies),
        cmocka_unit_test(bad_bodies_stay_bad),
        cmocka_unit_test(texts_are_cleaned),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(zero_has_one_form),
        cmocka_unit_test(a_copied_draft_goes_on_in_its_own_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
