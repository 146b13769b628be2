/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: as the collector answered for the secret that came with the request. */
#ifndef SK_DASHBOARD_IDENTITY_H
#define SK_DASHBOARD_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/base/crypto.h"

enum { SK_IDENTITY_ACCOUNT = 64, SK_IDENTITY_PERSON = 48, SK_IDENTITY_SECRET = 80 };

struct sk_identity {
    char account[SK_IDENTITY_ACCOUNT];
    char person[SK_IDENTITY_PERSON]; /* of the roster, whose account it is; "" nobody's in particular */
    uint16_t roles;                  /* 1 << enum sk_role */
    bool cookie;                     /* came as a session cookie: unsafe methods need the CSRF token */
    char secret[SK_IDENTITY_SECRET]; /* passed on with commands; wiped when the identity is let go */
    struct sk_hash mark;             /* keyed hash of the secret: names it where the secret must not stand */
};

#endif
