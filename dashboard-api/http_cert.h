/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate and key that handshakes are given, replaced while the server runs.
 *
 * A pair that is replaced stays for RETIRED_KEEP_S, since handshakes that began with it may still sign with it; a handshake has
 * 10 s (http_private.h). There is one shelf per process: the library hands its certificate callback no context.
 * Threads: set and clear from one; the callback from any. */
#ifndef SK_DASHBOARD_HTTP_CERT_H
#define SK_DASHBOARD_HTTP_CERT_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "dashboard-api/http_tls.h"

/* From now on handshakes get this pair. CRYPTO, NOMEM: the one before stays. tls is borrowed during the call only. */
enum sk_err sk_cert_set(const struct sk_tls *tls, struct sk_fault *fault);
/* Lets go of all; no handshake may run any more. */
void sk_cert_clear(void);
/* A gnutls_certificate_retrieve_function3. */
int sk_cert_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **ret_chain,
                     unsigned *ret_count, gnutls_ocsp_data_st **ret_ocsp, unsigned *ret_ocsp_count, gnutls_privkey_t *ret_key,
                     unsigned *ret_flags);

#endif
