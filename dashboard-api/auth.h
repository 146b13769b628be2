/* SPDX-License-Identifier: Apache-2.0 */
/* Who is this, and may this request do what it asks: bearer token or session cookie, asked from the collector.
 *
 * A positive answer is kept for at most 2 s, under a keyed hash of the secret; negative ones never. Checks of S16 to S18. */
#ifndef SK_DASHBOARD_AUTH_H
#define SK_DASHBOARD_AUTH_H

#include "dashboard-api/app.h"

enum { SK_AUTH_KEEP_MS = 2000, SK_CSRF_TEXT = 33 };

enum sk_err sk_auth_create(struct sk_control *control, struct sk_auth **ret_auth);
void sk_auth_free(struct sk_auth *auth);

/* The identity behind the request's Authorization or __Host-sid cookie. UNAUTHENTICATED: none, malformed or unknown. */
enum sk_err sk_auth_identify(struct sk_auth *auth, const struct sk_http_request *request, struct sk_identity *ret_who,
                             struct sk_fault *fault);
/* Asks the collector again about a stream's owner, without counting as his activity. */
enum sk_err sk_auth_recheck(struct sk_auth *auth, const struct sk_identity *who);
/* Forgets the kept answer for that secret. */
void sk_auth_forget(struct sk_auth *auth, const struct sk_hash *mark);
/* The CSRF token that belongs to a session; of no use without its cookie. */
void sk_auth_csrf(struct sk_auth *auth, const struct sk_identity *who, char to[SK_CSRF_TEXT]);
/* For unsafe methods: NULL when the request may go on, else what to answer 403 with. who NULL: nobody is signed in yet. */
const char *sk_auth_unsafe(struct sk_auth *auth, const struct sk_http_request *request, const struct sk_identity *who);

#endif
