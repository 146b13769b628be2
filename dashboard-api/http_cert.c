/* SPDX-License-Identifier: Apache-2.0 */
/* A list of pairs, the newest first; only the newest is given out. */
#include "dashboard-api/http_cert.h"

#include <pthread.h>
#include <string.h>

#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

enum { CHAIN_MAX = 8, RETIRED_KEEP_S = 60 };

struct pair {
    struct pair *older;
    int64_t retired_us;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
};

static struct {
    pthread_mutex_t lock;
    struct pair *newest;
} shelf = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void free_pair(struct pair *pair)
{
    for (unsigned i = 0; i < pair->count; i++)
        gnutls_pcert_deinit(&pair->chain[i]);
    if (pair->key)
        gnutls_privkey_deinit(pair->key);
    sk_free(pair);
}

static void free_from(struct pair *pair)
{
    while (pair) {
        struct pair *older = pair->older;
        free_pair(pair);
        pair = older;
    }
}

static int read_pair(const struct sk_tls *tls, struct pair *pair)
{
    const gnutls_datum_t cert = {.data = (unsigned char *)tls->cert, .size = (unsigned)strlen(tls->cert)};
    const gnutls_datum_t key = {.data = (unsigned char *)tls->key, .size = (unsigned)strlen(tls->key)};
    unsigned count = CHAIN_MAX;
    int rc = gnutls_pcert_list_import_x509_raw(pair->chain, &count, &cert, GNUTLS_X509_FMT_PEM,
                                               GNUTLS_X509_CRT_LIST_SORT | GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (rc < 0)
        return rc;
    pair->count = count;
    rc = gnutls_privkey_init(&pair->key);
    return rc < 0 ? rc : gnutls_privkey_import_x509_raw(pair->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

/* Cuts off what no handshake can need any more. */
static struct pair *cut_retired(struct pair *newest, int64_t now_us)
{
    struct pair *before = newest;
    while (before->older &&
           (before->older->retired_us == 0 || now_us - before->older->retired_us < RETIRED_KEEP_S * SK_US_PER_S))
        before = before->older;
    struct pair *old = before->older;
    before->older = NULL;
    return old;
}

enum sk_err sk_cert_set(const struct sk_tls *tls, struct sk_fault *fault)
{
    struct pair *pair = sk_calloc(1, sizeof *pair);
    if (!pair)
        return sk_fault_set(fault, SK_ERR_NOMEM, "no memory for the certificate");
    const int rc = read_pair(tls, pair);
    if (rc < 0) {
        free_pair(pair);
        return sk_fault_set(fault, SK_ERR_CRYPTO, "GnuTLS does not take the certificate or its key: %s", gnutls_strerror(rc));
    }
    const int64_t now_us = sk_clock_mono_us();
    pthread_mutex_lock(&shelf.lock);
    if (shelf.newest)
        shelf.newest->retired_us = now_us;
    pair->older = shelf.newest;
    shelf.newest = pair;
    struct pair *old = cut_retired(pair, now_us);
    pthread_mutex_unlock(&shelf.lock);
    free_from(old);
    return SK_OK;
}

void sk_cert_clear(void)
{
    pthread_mutex_lock(&shelf.lock);
    struct pair *all = shelf.newest;
    shelf.newest = NULL;
    pthread_mutex_unlock(&shelf.lock);
    free_from(all);
}

int sk_cert_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **ret_chain,
                     unsigned *ret_count, gnutls_ocsp_data_st **ret_ocsp, unsigned *ret_ocsp_count, gnutls_privkey_t *ret_key,
                     unsigned *ret_flags)
{
    (void)session;
    (void)info;
    pthread_mutex_lock(&shelf.lock);
    struct pair *pair = shelf.newest;
    pthread_mutex_unlock(&shelf.lock);
    if (!pair)
        return -1;
    *ret_chain = pair->chain;
    *ret_count = pair->count;
    *ret_key = pair->key;
    *ret_ocsp = NULL;
    *ret_ocsp_count = 0;
    *ret_flags = 0; /* ours to free */
    return 0;
}
