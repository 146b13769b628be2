/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate, key and the pinned TLS priority string. */
#ifndef SK_DASHBOARD_HTTP_TLS_H
#define SK_DASHBOARD_HTTP_TLS_H

#include "schemas/base/err.h"

/* TLS 1.2 and 1.3, ECDHE with AEAD only (CRYPTREC GL-3001 recommended type; checklist S38). */
extern const char *const SK_TLS_PRIORITY;

struct sk_tls {
    char *cert, *key; /* PEM texts, owned */
};

/* Refuses: a key that group or others can reach, a pair that does not match, a priority string GnuTLS does not take. */
enum sk_err sk_tls_load(const char *cert_path, const char *key_path, struct sk_tls *ret_tls, struct sk_fault *fault);
void sk_tls_release(struct sk_tls *tls); /* wipes the key */

#endif
