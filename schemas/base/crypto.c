/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, HMAC, Ed25519 and key files over OpenSSL's EVP. Shape: one kept context per engine; key files opened with their mode
 * checked on the open descriptor, so that nothing can be swapped in between. */
#include "schemas/base/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/mem.h"

struct sk_sha256 {
    EVP_MD *method;
    EVP_MD_CTX *context;
};

enum sk_err sk_sha256_create(struct sk_sha256 **ret_engine)
{
    struct sk_sha256 *engine = sk_calloc(1, sizeof *engine);
    if (engine == NULL)
        return SK_ERR_NOMEM;
    engine->method = EVP_MD_fetch(NULL, "SHA256", NULL);
    engine->context = EVP_MD_CTX_new();
    if (engine->method == NULL || engine->context == NULL) {
        sk_sha256_free(engine);
        return SK_ERR_CRYPTO;
    }
    *ret_engine = engine;
    return SK_OK;
}

void sk_sha256_free(struct sk_sha256 *engine)
{
    if (engine == NULL)
        return;
    EVP_MD_CTX_free(engine->context);
    EVP_MD_free(engine->method);
    sk_free(engine);
}

enum sk_err sk_sha256_run(struct sk_sha256 *engine, const struct sk_slice *slices, size_t count, struct sk_hash *ret_hash)
{
    bool good = EVP_DigestInit_ex2(engine->context, engine->method, NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = EVP_DigestUpdate(engine->context, slices[i].bytes, slices[i].length) == 1;
    unsigned length = 0;
    struct sk_hash hash;
    good = good && EVP_DigestFinal_ex(engine->context, hash.bytes, &length) == 1 && length == SK_HASH_SIZE;
    if (!good)
        return SK_ERR_CRYPTO;
    *ret_hash = hash;
    return SK_OK;
}

enum sk_err sk_hmac_sha256(const uint8_t *key, size_t key_length, const void *bytes, size_t length, struct sk_hash *ret_hash)
{
    unsigned written = 0;
    struct sk_hash hash;
    if (key_length > INT32_MAX || HMAC(EVP_sha256(), key, (int)key_length, bytes, length, hash.bytes, &written) == NULL ||
        written != SK_HASH_SIZE)
        return SK_ERR_CRYPTO;
    *ret_hash = hash;
    return SK_OK;
}

struct sk_hmac {
    EVP_MAC *method;
    EVP_MAC_CTX *context;
};

enum sk_err sk_hmac_create(const uint8_t *key, size_t key_length, struct sk_hmac **ret_hmac)
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
    struct sk_hmac *hmac = sk_calloc(1, sizeof *hmac);
    if (hmac == NULL)
        return SK_ERR_NOMEM;
    hmac->method = EVP_MAC_fetch(NULL, "HMAC", NULL);
    hmac->context = hmac->method != NULL ? EVP_MAC_CTX_new(hmac->method) : NULL;
    if (hmac->context == NULL || EVP_MAC_init(hmac->context, key, key_length, parameters) != 1) {
        sk_hmac_free(hmac);
        return SK_ERR_CRYPTO;
    }
    *ret_hmac = hmac;
    return SK_OK;
}

void sk_hmac_free(struct sk_hmac *hmac)
{
    if (hmac == NULL)
        return;
    EVP_MAC_CTX_free(hmac->context);
    EVP_MAC_free(hmac->method);
    sk_free(hmac);
}

enum sk_err sk_hmac_run(struct sk_hmac *hmac, const void *bytes, size_t length, struct sk_hash *ret_hash)
{
    size_t written = 0;
    struct sk_hash hash;
    const bool good = EVP_MAC_init(hmac->context, NULL, 0, NULL) == 1 && EVP_MAC_update(hmac->context, bytes, length) == 1 &&
                      EVP_MAC_final(hmac->context, hash.bytes, &written, sizeof hash.bytes) == 1 && written == SK_HASH_SIZE;
    if (!good)
        return SK_ERR_CRYPTO;
    *ret_hash = hash;
    return SK_OK;
}

enum sk_err sk_random(void *to, size_t length)
{
    return length <= INT32_MAX && RAND_bytes(to, (int)length) == 1 ? SK_OK : SK_ERR_CRYPTO;
}

bool sk_equal_secret(const void *a, const void *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}

enum sk_err sk_base64_write(const uint8_t *bytes, size_t length, char **ret_text)
{
    if (length > INT32_MAX / 2)
        return SK_ERR_TOO_LONG;
    char *text = sk_calloc(4 * ((length + 2) / 3) + 1, 1);
    if (text == NULL)
        return SK_ERR_NOMEM;
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    *ret_text = text;
    return SK_OK;
}

/* Opens a secret file for reading; refuses one that anybody but its owner can read. */
static enum sk_err open_secret(const char *path, int *ret_fd, struct sk_fault *fault)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return sk_fault_set(fault, errno == ENOENT ? SK_ERR_NOT_FOUND : SK_ERR_IO, "cannot open '%s': %s", path,
                            strerror(errno));
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
        close(fd);
        return sk_fault_set(fault, SK_ERR_DENIED,
                            "refusing '%s': it must be a regular file that only its owner can read; chmod 600 it", path);
    }
    *ret_fd = fd;
    return SK_OK;
}

/* Makes a new file (0600) that did not exist and writes all bytes durably; on any failure the file is gone again. */
static enum sk_err create_secret(const char *path, const void *bytes, size_t length, struct sk_fault *fault)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return sk_fault_set(fault, SK_ERR_IO, "cannot create '%s': %s", path, strerror(errno));
    bool good = write(fd, bytes, length) == (ssize_t)length && fsync(fd) == 0;
    int problem = errno;
    close(fd);
    if (good)
        return SK_OK;
    unlink(path);
    return sk_fault_set(fault, SK_ERR_IO, "cannot write '%s': %s", path, strerror(problem));
}

struct sk_signer {
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
};

static enum sk_err generate_key_file(const char *path, struct sk_fault *fault)
{
    enum sk_err err = SK_ERR_CRYPTO;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (key != NULL && memory != NULL && PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1) {
        long length = BIO_get_mem_data(memory, &text);
        err = create_secret(path, text, (size_t)length, fault);
        OPENSSL_cleanse(text, (size_t)length);
    } else {
        sk_fault_set(fault, SK_ERR_CRYPTO, "cannot make an Ed25519 key for '%s'", path);
    }
    BIO_free(memory);
    EVP_PKEY_free(key);
    return err;
}

static enum sk_err load_key(const char *path, struct sk_signer *signer, struct sk_fault *fault)
{
    int fd = -1;
    enum sk_err err = open_secret(path, &fd, fault);
    if (err != SK_OK)
        return err;
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        close(fd);
        return sk_fault_set(fault, SK_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    }
    signer->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    size_t length = SK_PUBLIC_KEY_SIZE;
    if (signer->key == NULL || EVP_PKEY_get_id(signer->key) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(signer->key, signer->public_key, &length) != 1)
        return sk_fault_set(fault, SK_ERR_PARSE, "'%s' holds no Ed25519 private key in PEM", path);
    return SK_OK;
}

enum sk_err sk_signer_open(const char *path, bool create, struct sk_signer **ret_signer, struct sk_fault *fault)
{
    struct sk_signer *signer = sk_calloc(1, sizeof *signer);
    if (signer == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "out of memory opening '%s'", path);
    enum sk_err err = load_key(path, signer, fault);
    if (err == SK_ERR_NOT_FOUND && create) {
        err = generate_key_file(path, fault);
        if (err == SK_OK)
            err = load_key(path, signer, fault);
    }
    if (err == SK_OK && (signer->context = EVP_MD_CTX_new()) == NULL)
        err = sk_fault_set(fault, SK_ERR_NOMEM, "out of memory opening '%s'", path);
    if (err != SK_OK) {
        sk_signer_free(signer);
        return err;
    }
    *ret_signer = signer;
    return SK_OK;
}

void sk_signer_free(struct sk_signer *signer)
{
    if (signer == NULL)
        return;
    EVP_MD_CTX_free(signer->context);
    EVP_PKEY_free(signer->key);
    sk_free(signer);
}

void sk_signer_public_key(const struct sk_signer *signer, uint8_t to[SK_PUBLIC_KEY_SIZE])
{
    memcpy(to, signer->public_key, SK_PUBLIC_KEY_SIZE);
}

enum sk_err sk_signer_sign(struct sk_signer *signer, const void *bytes, size_t length, uint8_t to[SK_SIGNATURE_SIZE])
{
    size_t written = SK_SIGNATURE_SIZE;
    EVP_MD_CTX_reset(signer->context);
    bool good = EVP_DigestSignInit(signer->context, NULL, NULL, NULL, signer->key) == 1 &&
                EVP_DigestSign(signer->context, to, &written, bytes, length) == 1 && written == SK_SIGNATURE_SIZE;
    return good ? SK_OK : SK_ERR_CRYPTO;
}

enum sk_err sk_signature_check(const uint8_t public_key[SK_PUBLIC_KEY_SIZE], const void *bytes, size_t length,
                               const uint8_t signature[SK_SIGNATURE_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SK_PUBLIC_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, SK_SIGNATURE_SIZE, bytes, length) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good ? SK_OK : SK_ERR_CRYPTO;
}

enum sk_err sk_secret_open(const char *path, bool create, uint8_t *to, size_t length, struct sk_fault *fault)
{
    int fd = -1;
    uint8_t surplus;
    enum sk_err err = open_secret(path, &fd, fault);
    if (err == SK_ERR_NOT_FOUND && create) {
        err = sk_random(to, length);
        return err == SK_OK ? create_secret(path, to, length, fault)
                            : sk_fault_set(fault, err, "no random bytes for '%s'", path);
    }
    if (err != SK_OK)
        return err;
    bool exact = read(fd, to, length) == (ssize_t)length && read(fd, &surplus, 1) == 0;
    close(fd);
    return exact ? SK_OK : sk_fault_set(fault, SK_ERR_PARSE, "'%s' must hold exactly %zu bytes", path, length);
}
