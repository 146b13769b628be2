/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 as "a.b.c.d:port", IPv6 as "[a::b]:port". */
#include "dashboard-api/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "schemas/base/bytes.h"

enum sk_err sk_address_parse(const char *text, struct sockaddr_storage *ret_address, struct sk_fault *fault)
{
    char host[INET6_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    int64_t port;
    bool six = text[0] == '[';
    size_t trim = six ? 1 : 0;
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (length <= 2 * trim || length - 2 * trim >= sizeof host || (six && colon[-1] != ']') ||
        !sk_int_read(colon + 1, 0, UINT16_MAX, &port))
        return sk_fault_set(fault, SK_ERR_PARSE, "'%s' is no address: expected 127.0.0.1:8443 or [::1]:8443", text);
    memcpy(host, text + trim, length - 2 * trim);
    host[length - 2 * trim] = '\0';
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    if (six) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
    } else {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
    }
    if (inet_pton(address.ss_family, host, six ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr) != 1)
        return sk_fault_set(fault, SK_ERR_PARSE, "'%s' is no numeric address", host);
    *ret_address = address;
    return SK_OK;
}

void sk_address_text(const struct sockaddr *address, char *to, size_t capacity)
{
    to[0] = '\0';
    const void *bytes = NULL;
    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes && !inet_ntop(address->sa_family, bytes, to, (socklen_t)capacity))
        to[0] = '\0';
}
