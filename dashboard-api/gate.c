/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's rules, one function each; the first refusal stays. */
#include "dashboard-api/gate.h"

#include <string.h>
#include <strings.h>

#include "schemas/base/bytes.h"

/* Fields that may come once only. Host, Content-Length and Transfer-Encoding decide framing and routing; the others identity.
 */
enum { FIELD_HOST, FIELD_LENGTH, FIELD_ENCODING, FIELD_FIRST_OTHER };
static const char *const once[] = {
    "Host",   "Content-Length", "Transfer-Encoding", "Content-Type",   "Authorization",    "Cookie",
    "Origin", "X-CSRF-Token",   "Last-Event-ID",     "Sec-Fetch-Site", "Content-Encoding", "Expect"};

static void refuse(struct sk_gate *gate, int status, const char *why)
{
    if (gate->status == 0) {
        gate->status = status;
        gate->why = why;
    }
}

static bool is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return length > 0;
}

static bool has_control(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return true;
    }
    return false;
}

static void check_length(struct sk_gate *gate, const char *value, size_t length)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9')
            return refuse(gate, 400, "Content-Length is not a number");
        if (sum <= SK_GATE_BODY_MAX)
            sum = sum * 10 + (uint64_t)(value[i] - '0');
    }
    if (length == 0)
        return refuse(gate, 400, "Content-Length is empty");
    gate->body_length = sum;
    if (sum > SK_GATE_BODY_MAX)
        refuse(gate, 413, "the body has more than 65536 bytes");
}

static void check_once(struct sk_gate *gate, size_t field, const char *value, size_t length)
{
    if (gate->seen & (1u << field))
        refuse(gate, 400, "a header field that may come once came twice");
    gate->seen |= 1u << field;
    if (field == FIELD_HOST && (length == 0 || memchr(value, ' ', length) || memchr(value, '/', length)))
        refuse(gate, 400, "Host is malformed");
    if (field == FIELD_LENGTH)
        check_length(gate, value, length);
    if (field == FIELD_ENCODING && (length != 7 || strncasecmp(value, "chunked", 7) != 0))
        refuse(gate, 400, "Transfer-Encoding may only be chunked");
}

void sk_gate_field(struct sk_gate *gate, const char *name, size_t name_length, const char *value, size_t value_length)
{
    gate->fields++;
    gate->bytes += name_length + value_length + 4;
    if (gate->fields > SK_GATE_FIELDS_MAX || gate->bytes > SK_GATE_BYTES_MAX)
        return refuse(gate, 431, "the header block is too large");
    if (!is_token(name, name_length))
        return refuse(gate, 400, "a header field has a malformed name");
    if (has_control(value, value_length))
        return refuse(gate, 400, "a header field holds a control character");
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
        if (strlen(once[i]) == name_length && strncasecmp(once[i], name, name_length) == 0)
            check_once(gate, i, value, value_length);
}

int sk_gate_done(struct sk_gate *gate, const char *version)
{
    if (strcmp(version, "HTTP/1.1") != 0)
        refuse(gate, 400, "HTTP/1.1 is spoken here");
    if (!(gate->seen & (1u << FIELD_HOST)))
        refuse(gate, 400, "Host is missing");
    if ((gate->seen & (1u << FIELD_LENGTH)) && (gate->seen & (1u << FIELD_ENCODING)))
        refuse(gate, 400, "Content-Length and Transfer-Encoding together");
    return gate->status;
}
