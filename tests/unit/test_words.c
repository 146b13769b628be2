/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that people typed: the commitment to the byte, and a body with its texts replaced, canonical wherever the tags stand.
 */
#include "tests/unit/store_support.h"

#include "schemas/model/words.h"

static struct sk_words words_of(uint16_t tag, const char *text)
{
    struct sk_words words = {.tag = tag};
    assert_true(sk_text_copy(words.text, sizeof words.text, text));
    return words;
}

static void the_commitment_is_the_vector(void **state)
{
    const cJSON *row;
    cJSON *rows = support_vectors("words.json");
    (void)state;
    cJSON_ArrayForEach(row, rows)
    {
        struct sk_hash commit, expected;
        struct sk_words words = words_of((uint16_t)sk_json_get(row, "tag")->valueint, sk_json_text(sk_json_get(row, "text")));
        assert_int_equal(support_hex(row, "salt", words.salt, sizeof words.salt), sizeof words.salt);
        assert_int_equal(support_hex(row, "commit", expected.bytes, SK_HASH_SIZE), SK_HASH_SIZE);
        assert_int_equal(sk_words_commit(&words, &commit), SK_OK);
        assert_memory_equal(commit.bytes, expected.bytes, SK_HASH_SIZE);
    }
    assert_int_equal(cJSON_GetArraySize(rows), 3);
    cJSON_Delete(rows);
}

static void every_seal_has_a_salt_of_its_own(void **state)
{
    struct sk_words one = words_of(SK_TAG_COMMENT, "same"), other = one;
    (void)state;
    assert_int_equal(sk_words_seal(&one), SK_OK);
    assert_int_equal(sk_words_seal(&other), SK_OK);
    assert_memory_not_equal(one.salt, other.salt, sizeof one.salt);
    assert_memory_not_equal(one.commit.bytes, other.commit.bytes, SK_HASH_SIZE);
}

static void tags_go_both_ways(void **state)
{
    (void)state;
    assert_int_equal(sk_words_commit_tag(SK_TAG_REASON_TEXT), SK_TAG_REASON_COMMIT);
    assert_int_equal(sk_words_text_tag(SK_TAG_COMMENT_COMMIT), SK_TAG_COMMENT);
    assert_int_equal(sk_words_commit_tag(SK_TAG_ACTOR), 0);
    assert_int_equal(sk_words_text_tag(SK_TAG_DIGEST), 0);
}

static void nothing_of_the_text_stays_in_the_body(void **state)
{
    struct sk_body body;
    struct sk_words words;
    struct sk_body_item item;
    struct sk_hash commits[2] = {{{1}}, {{2}}};
    int last = 0;
    (void)state;
    sk_body_init(&body);
    sk_body_put_text(&body, SK_TAG_ACTOR, "op");
    sk_body_put_text(&body, SK_TAG_REASON_TEXT, "Yamada asked");
    sk_body_put_text(&body, SK_TAG_COMMENT, "Yamada again");
    sk_body_put_text(&body, SK_TAG_COMMAND, "x");
    assert_true(sk_body_words_next(&body, &last, &words));
    assert_int_equal(words.tag, SK_TAG_REASON_TEXT);
    assert_string_equal(words.text, "Yamada asked");
    assert_true(sk_body_words_next(&body, &last, &words));
    assert_string_equal(words.text, "Yamada again");
    assert_false(sk_body_words_next(&body, &last, &words));

    sk_body_seal(&body, commits, 2);
    assert_true(sk_body_done(&body));
    assert_true(sk_body_is_canonical(body.bytes, body.writer.length));
    assert_null(memmem(body.bytes, body.writer.length, "Yamada", 6));
    assert_true(sk_body_find(body.bytes, body.writer.length, SK_TAG_REASON_COMMIT, &item) && item.bytes[0] == 1);
    assert_true(sk_body_find(body.bytes, body.writer.length, SK_TAG_COMMENT_COMMIT, &item) && item.bytes[0] == 2);
    assert_true(sk_body_find(body.bytes, body.writer.length, SK_TAG_COMMAND, &item) && item.bytes[0] == 'x');
    assert_false(sk_body_find(body.bytes, body.writer.length, SK_TAG_REASON_TEXT, &item));
    last = 0;
    assert_false(sk_body_words_next(&body, &last, &words)); /* sealing again finds nothing */
    sk_body_put_bytes(&body, SK_TAG_FIELDS, "", 0);
    assert_false(sk_body_done(&body)); /* below the commitments: the order is still watched over */
}

static void a_body_without_texts_stays_as_it_is(void **state)
{
    struct sk_body body, before;
    struct sk_words words;
    int last = 0;
    (void)state;
    sk_body_init(&body);
    sk_body_put_u64(&body, SK_TAG_COUNT, 7);
    sk_body_put_text(&body, SK_TAG_DETAIL, "by the monitor itself");
    before = body;
    assert_false(sk_body_words_next(&body, &last, &words));
    sk_body_seal(&body, NULL, 0);
    assert_int_equal(body.writer.length, before.writer.length);
    assert_memory_equal(body.bytes, before.bytes, body.writer.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_commitment_is_the_vector),
                                       cmocka_unit_test(every_seal_has_a_salt_of_its_own), cmocka_unit_test(tags_go_both_ways),
                                       cmocka_unit_test(nothing_of_the_text_stays_in_the_body),
                                       cmocka_unit_test(a_body_without_texts_stays_as_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
