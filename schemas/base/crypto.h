/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and signatures, on OpenSSL's EVP: SHA-256, HMAC-SHA-256, Ed25519, random bytes. Nothing home-made in here.
 * Errors are SK_ERR_CRYPTO (the library refused) or SK_ERR_IO (key files). Contexts are not shared between threads. */
#ifndef SK_BASE_CRYPTO_H
#define SK_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

#define SK_HASH_SIZE       32
#define SK_SIGNATURE_SIZE  64
#define SK_PUBLIC_KEY_SIZE 32

struct sk_hash {
    uint8_t bytes[SK_HASH_SIZE];
};

/* A SHA-256 engine kept between calls (a fetched method and a context: 0.5 us a record instead of 0.6). */
struct sk_sha256;
enum sk_err sk_sha256_create(struct sk_sha256 **ret_engine);
void sk_sha256_free(struct sk_sha256 *engine);
struct sk_slice {
    const void *bytes;
    size_t length;
};
/* Hash of the slices one after the other. */
enum sk_err sk_sha256_run(struct sk_sha256 *engine, const struct sk_slice *slices, size_t count, struct sk_hash *ret_hash);

enum sk_err sk_hmac_sha256(const uint8_t *key, size_t key_length, const void *bytes, size_t length, struct sk_hash *ret_hash);
/* The same with one key kept between calls: 0.6 us instead of 2.3. */
struct sk_hmac;
enum sk_err sk_hmac_create(const uint8_t *key, size_t key_length, struct sk_hmac **ret_hmac);
void sk_hmac_free(struct sk_hmac *hmac);
enum sk_err sk_hmac_run(struct sk_hmac *hmac, const void *bytes, size_t length, struct sk_hash *ret_hash);
enum sk_err sk_random(void *to, size_t length);
bool sk_equal_secret(const void *a, const void *b, size_t length); /* constant time */
/* Standard base64 with padding; *ret_text has 4*ceil(n/3)+1 bytes, owned by the caller (sk_free). */
enum sk_err sk_base64_write(const uint8_t *bytes, size_t length, char **ret_text);

/* An Ed25519 key pair in a PEM file (PKCS#8), 0600, made on first use. A file that others can read is refused. */
struct sk_signer;
enum sk_err sk_signer_open(const char *path, bool create, struct sk_signer **ret_signer, struct sk_fault *fault);
void sk_signer_free(struct sk_signer *signer);
void sk_signer_public_key(const struct sk_signer *signer, uint8_t to[SK_PUBLIC_KEY_SIZE]);
enum sk_err sk_signer_sign(struct sk_signer *signer, const void *bytes, size_t length, uint8_t to[SK_SIGNATURE_SIZE]);
enum sk_err sk_signature_check(const uint8_t public_key[SK_PUBLIC_KEY_SIZE], const void *bytes, size_t length,
                               const uint8_t signature[SK_SIGNATURE_SIZE]); /* SK_ERR_CRYPTO when it does not verify */

/* A secret of `length` random bytes in a file (0600), made on first use; refused when others can read it. */
enum sk_err sk_secret_open(const char *path, bool create, uint8_t *to, size_t length, struct sk_fault *fault);

#endif
