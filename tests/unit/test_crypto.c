/* SPDX-License-Identifier: Apache-2.0 */
/* Published vectors for the hashes, a key file's whole life, and the refusal of files that others can read. */
#include "tests/unit/sk_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/crypto.h"
#include "schemas/base/mem.h"

static void sha256_of_abc(void **state) /* FIPS 180-4, appendix B.1 */
{
    (void)state;
    struct sk_sha256 *engine = NULL;
    struct sk_hash hash;
    char text[65];
    assert_int_equal(sk_sha256_create(&engine), SK_OK);
    for (int turn = 0; turn < 2; turn++) { /* the kept context starts afresh each time */
        const struct sk_slice slices[] = {{"a", 1}, {"bc", 2}};
        assert_int_equal(sk_sha256_run(engine, slices, 2, &hash), SK_OK);
        sk_hex_write(text, hash.bytes, sizeof hash.bytes);
        assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    sk_sha256_free(engine);
}

static void hmac_of_rfc4231(void **state) /* RFC 4231, test case 2 */
{
    (void)state;
    struct sk_hash hash;
    char text[65];
    assert_int_equal(sk_hmac_sha256((const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28, &hash), SK_OK);
    sk_hex_write(text, hash.bytes, sizeof hash.bytes);
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void a_kept_hmac_is_the_same(void **state)
{
    (void)state;
    struct sk_hmac *hmac = NULL;
    struct sk_hash kept, once;
    uint8_t key[100], bytes[300]; /* a key longer than a block is hashed first */
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    memcpy(key, bytes + 5, sizeof key);
    for (size_t length = 1; length <= sizeof key; length += 33) {
        assert_int_equal(sk_hmac_create(key, length, &hmac), SK_OK);
        for (size_t size = 0; size < sizeof bytes; size += 68) {
            assert_int_equal(sk_hmac_run(hmac, bytes, size, &kept), SK_OK);
            assert_int_equal(sk_hmac_sha256(key, length, bytes, size, &once), SK_OK);
            assert_memory_equal(kept.bytes, once.bytes, sizeof once.bytes);
        }
        sk_hmac_free(hmac);
    }
    sk_hmac_free(NULL);
}

static void base64_pads(void **state)
{
    (void)state;
    char *text = NULL;
    assert_int_equal(sk_base64_write((const uint8_t *)"fooba", 5, &text), SK_OK);
    assert_string_equal(text, "Zm9vYmE="); /* RFC 4648, section 10 */
    sk_free(text);
}

static void a_key_file_lives(void **state)
{
    (void)state;
    char directory[] = "/tmp/sk-crypto-XXXXXX", path[64];
    struct sk_signer *signer = NULL, *again = NULL;
    struct sk_fault fault;
    uint8_t public_key[SK_PUBLIC_KEY_SIZE], second[SK_PUBLIC_KEY_SIZE], signature[SK_SIGNATURE_SIZE];
    assert_non_null(mkdtemp(directory));
    sk_text_format(path, sizeof path, "%s/key.pem", directory);
    assert_int_equal(sk_signer_open(path, false, &signer, &fault), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_signer_open(path, true, &signer, &fault), SK_OK);
    assert_int_equal(sk_signer_open(path, false, &again, &fault), SK_OK);
    sk_signer_public_key(signer, public_key);
    sk_signer_public_key(again, second);
    assert_memory_equal(public_key, second, sizeof public_key);
    assert_int_equal(sk_signer_sign(signer, "hello", 5, signature), SK_OK);
    assert_int_equal(sk_signature_check(public_key, "hello", 5, signature), SK_OK);
    assert_int_equal(sk_signature_check(public_key, "hellp", 5, signature), SK_ERR_CRYPTO);
    signature[3] ^= 1;
    assert_int_equal(sk_signature_check(public_key, "hello", 5, signature), SK_ERR_CRYPTO);
    sk_signer_free(signer);
    sk_signer_free(again);
    chmod(path, 0640);
    assert_int_equal(sk_signer_open(path, true, &signer, &fault), SK_ERR_DENIED);
    unlink(path);
    rmdir(directory);
}

static void a_secret_file_lives(void **state)
{
    (void)state;
    char directory[] = "/tmp/sk-secret-XXXXXX", path[64];
    uint8_t first[32], second[32];
    struct sk_fault fault;
    assert_non_null(mkdtemp(directory));
    sk_text_format(path, sizeof path, "%s/site.key", directory);
    assert_int_equal(sk_secret_open(path, true, first, sizeof first, &fault), SK_OK);
    assert_int_equal(sk_secret_open(path, false, second, sizeof second, &fault), SK_OK);
    assert_memory_equal(first, second, sizeof first);
    assert_int_equal(sk_secret_open(path, false, second, 31, &fault), SK_ERR_PARSE);
    chmod(path, 0604);
    assert_int_equal(sk_secret_open(path, false, second, 32, &fault), SK_ERR_DENIED);
    unlink(path);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_abc), cmocka_unit_test(hmac_of_rfc4231),  cmocka_unit_test(a_kept_hmac_is_the_same),
        cmocka_unit_test(base64_pads),   cmocka_unit_test(a_key_file_lives), cmocka_unit_test(a_secret_file_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
