/* SPDX-License-Identifier: Apache-2.0 */
/* Notes: text and key ids against vectors, the signature, everything that must be refused, and when a checkpoint is due. */
#include "tests/unit/store_support.h"

static void vector(void **state)
{
    (void)state;
    cJSON *row = support_vectors("note.json");
    uint8_t public_key[SK_PUBLIC_KEY_SIZE], id[SK_KEY_ID_SIZE], expected[SK_KEY_ID_SIZE], back[SK_PUBLIC_KEY_SIZE];
    char origin[SK_ORIGIN_MAX], key[SK_NOTE_MAX], name[SK_ORIGIN_MAX];
    support_hex(row, "public_key", public_key, sizeof public_key);
    support_hex(row, "key_id", expected, sizeof expected);
    assert_int_equal(sk_origin_make("tokyo-1", public_key, origin), SK_OK);
    assert_string_equal(origin, sk_json_text(sk_json_get(row, "origin")));
    assert_int_equal(sk_key_id(origin, public_key, id), SK_OK);
    assert_memory_equal(id, expected, sizeof id);
    assert_int_equal(sk_verifier_key_write(origin, public_key, key), SK_OK);
    assert_string_equal(key, sk_json_text(sk_json_get(row, "verifier_key")));
    assert_int_equal(sk_public_key_parse(key, back, name), SK_OK);
    assert_memory_equal(back, public_key, sizeof back);
    assert_string_equal(name, origin);
    cJSON_Delete(row);
}

/* A note made from the vector's figures begins with the vector's text. */
static void text_is_exact(void **state)
{
    (void)state;
    cJSON *row = support_vectors("note.json");
    struct sk_signer *signer = support_signer();
    struct sk_note note = {.size = 3}, back;
    char text[SK_NOTE_MAX];
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    const char *expected = sk_json_text(sk_json_get(row, "text"));
    strcpy(note.origin, sk_json_text(sk_json_get(row, "origin")));
    support_hex(row, "root", note.root.bytes, SK_HASH_SIZE);
    assert_int_equal(sk_note_make(&note, signer, text), SK_OK);
    assert_memory_equal(text, expected, strlen(expected));
    assert_memory_equal(text + strlen(expected), "\n\xE2\x80\x94 sekisho/", 13);
    sk_signer_public_key(signer, public_key);
    assert_int_equal(sk_note_check(text, strlen(text), public_key, &back), SK_OK);
    assert_int_equal(back.size, 3);
    assert_string_equal(back.origin, note.origin);
    assert_memory_equal(back.root.bytes, note.root.bytes, SK_HASH_SIZE);
    public_key[0] ^= 1;
    assert_int_equal(sk_note_check(text, strlen(text), public_key, &back), SK_ERR_CRYPTO);
    sk_signer_free(signer);
    cJSON_Delete(row);
}

/* Any byte changed, any cut, anything added: refused. */
static void every_change_is_refused(void **state)
{
    (void)state;
    struct sk_signer *signer = support_signer();
    struct sk_note note = {.origin = "sekisho/x/00000000", .size = 1000}, back;
    char text[SK_NOTE_MAX], bad[SK_NOTE_MAX + 1];
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    assert_int_equal(sk_note_make(&note, signer, text), SK_OK);
    sk_signer_public_key(signer, public_key);
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(bad, text, length + 1);
            bad[i] = (char)(bad[i] ^ (1 << bit));
            if (sk_note_check(bad, length, public_key, &back) == SK_OK)
                fail_msg("byte %zu bit %u", i, bit);
        }
        if (sk_note_check(text, i, public_key, &back) == SK_OK)
            fail_msg("cut at %zu", i);
    }
    snprintf(bad, sizeof bad, "%s\n", text);
    assert_int_equal(sk_note_check(bad, length + 1, public_key, &back), SK_ERR_PARSE);
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    memcpy(bad, text, length + 1);
    bad[length - 3] = digits[(strchr(digits, bad[length - 3]) - digits) | 1]; /* bits of the base64 that belong to no byte */
    assert_string_not_equal(bad, text);
    assert_int_equal(sk_note_check(bad, length, public_key, &back), SK_ERR_PARSE);
    sk_signer_free(signer);
}

static void names_and_keys_refused(void **state)
{
    (void)state;
    static const char *const sites[] = {"", "a b", "a+b", "a/b", "関所", "a\n"};
    static const char *const keys[] = {"",
                                       "00",
                                       "+00000000+AQ==",
                                       "name+00000000",
                                       "name+zzzzzzzz+AAAA",
                                       "sekisho/tokyo-1/df720b4e+629b9362+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
                                       "sekisho/tokyo-1/df720b4e+629b9361+AgECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"};
    uint8_t public_key[SK_PUBLIC_KEY_SIZE] = {0};
    char origin[SK_ORIGIN_MAX];
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
        assert_int_equal(sk_origin_make(sites[i], public_key, origin), SK_ERR_INVALID);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (sk_public_key_parse(keys[i], public_key, NULL) == SK_OK)
            fail_msg("key '%s'", keys[i]);
}

static void due(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t covered, size;
        int64_t after_s;
        bool due;
    } rows[] = {
        {"empty log", 0, 0, 1000, false},
        {"first record, at once", 0, 1, 0, false},
        {"first record, in time", 0, 1, 60, true},
        {"only the checkpoint's own record", 100, 101, 1000, false},
        {"one more, too early", 100, 102, 59, false},
        {"one more, in time", 100, 102, 60, true},
        {"99 more", 100, 199, 0, false},
        {"100 more", 100, 200, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sk_checkpoint_due(&support_cadence, rows[i].covered, 7, rows[i].size, 7 + rows[i].after_s * SK_US_PER_S) !=
            rows[i].due)
            fail_msg("%s", rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector),
        cmocka_unit_test_setup_teardown(text_is_exact, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(every_change_is_refused, support_setup, support_teardown),
        cmocka_unit_test(names_and_keys_refused),
        cmocka_unit_test(due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
