/* SPDX-License-Identifier: Apache-2.0 */
/* "host:port" in numbers to a socket address and back; no name look-ups. */
#ifndef SK_DASHBOARD_HTTP_ADDRESS_H
#define SK_DASHBOARD_HTTP_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

#include "schemas/base/err.h"

enum sk_err sk_address_parse(const char *text, struct sockaddr_storage *ret_address, struct sk_fault *fault);
/* Without the port; "" for a family that is neither IPv4 nor IPv6. */
void sk_address_text(const struct sockaddr *address, char *to, size_t capacity);

#endif
