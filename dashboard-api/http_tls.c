/* SPDX-License-Identifier: Apache-2.0 */
/* Everything about TLS that can be found wrong before the port is opened is found here. */
#include "dashboard-api/http_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/mem.h"

const char *const SK_TLS_PRIORITY =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-DHE-DSS:-CIPHER-ALL:+AES-256-GCM:"
    "+AES-128-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
    "+GROUP-SECP384R1:%SERVER_PRECEDENCE";

enum { PEM_MAX = 256 * 1024 };

static enum sk_err read_all(int fd, size_t size, char **ret_text)
{
    char *text = sk_calloc(size + 1, 1);
    if (!text)
        return SK_ERR_NOMEM;
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, text + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    if (done != size) {
        sk_free_secret(text, size + 1);
        return SK_ERR_IO;
    }
    *ret_text = text;
    return SK_OK;
}

static enum sk_err read_pem(const char *path, bool secret, char **ret_text, struct sk_fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sk_fault_set(fault, SK_ERR_IO, "cannot open '%s': %s", path, strerror(errno));
    struct stat facts;
    enum sk_err err = SK_OK;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size <= 0 || facts.st_size > PEM_MAX)
        err = sk_fault_set(fault, SK_ERR_IO, "'%s' is not a PEM file of at most 256 KiB", path);
    else if (secret && (facts.st_mode & 077) != 0)
        err = sk_fault_set(fault, SK_ERR_DENIED, "key '%s' can be reached by group or others (mode %04o); chmod 600 it", path,
                           (unsigned)(facts.st_mode & 07777));
    else if ((err = read_all(fd, (size_t)facts.st_size, ret_text)) != SK_OK)
        sk_fault_set(fault, err, "cannot read '%s'", path);
    close(fd);
    return err;
}

static enum sk_err check_priority(struct sk_fault *fault)
{
    gnutls_priority_t priority;
    const char *where = "";
    int rc = gnutls_priority_init(&priority, SK_TLS_PRIORITY, &where);
    if (rc != GNUTLS_E_SUCCESS)
        return sk_fault_set(fault, SK_ERR_CRYPTO, "GnuTLS does not take the TLS settings at '%.40s': %s", where,
                            gnutls_strerror(rc));
    gnutls_priority_deinit(priority);
    return SK_OK;
}

static enum sk_err check_pair(struct sk_tls *tls, const char *cert_path, struct sk_fault *fault)
{
    gnutls_certificate_credentials_t credentials;
    if (gnutls_certificate_allocate_credentials(&credentials) != GNUTLS_E_SUCCESS)
        return SK_ERR_NOMEM;
    gnutls_datum_t cert = {.data = (unsigned char *)tls->cert, .size = (unsigned)strlen(tls->cert)};
    gnutls_datum_t key = {.data = (unsigned char *)tls->key, .size = (unsigned)strlen(tls->key)};
    int rc = gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(credentials);
    if (rc < 0)
        return sk_fault_set(fault, SK_ERR_CRYPTO, "certificate '%s' and its key do not work: %s", cert_path,
                            gnutls_strerror(rc));
    return SK_OK;
}

enum sk_err sk_tls_load(const char *cert_path, const char *key_path, struct sk_tls *ret_tls, struct sk_fault *fault)
{
    struct sk_tls tls = {0};
    enum sk_err err = check_priority(fault);
    if (err == SK_OK)
        err = read_pem(cert_path, false, &tls.cert, fault);
    if (err == SK_OK)
        err = read_pem(key_path, true, &tls.key, fault);
    if (err == SK_OK)
        err = check_pair(&tls, cert_path, fault);
    if (err != SK_OK) {
        sk_tls_release(&tls);
        return err;
    }
    *ret_tls = tls;
    return SK_OK;
}

void sk_tls_release(struct sk_tls *tls)
{
    sk_free(tls->cert);
    if (tls->key)
        sk_free_secret(tls->key, strlen(tls->key));
    *tls = (struct sk_tls){0};
}
