/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner behind blank.h: strings, and how deep below a sensitive member it stands. It must be safe on any bytes, because
 * what is no JSON passes through it too. */
#include "drivers/mqtt/blank.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* ONVIF's names of what identifies a credential or a person, and the names that devices in the field use for the same. */
static const char *const SENSITIVE[] = {
    "Card",
    "CardNumber",
    "IdentifierValue",
    "Identifier",
    "Credential",
    "CredentialIdentifier",
    "UID",
    "PIN",
    "PinCode",
    "Code",
    "Password",
    "FacilityCode",
    "CardData",
    "RawData",
    "Name",
    "FirstName",
    "LastName",
    "CredentialHolderName",
    "LicensePlate",
    "LicensePlateNumber",
    "HolderName",
    "Person",
    "User",
    "UserName",
};

static bool name_is_sensitive(const char *name, size_t length)
{
    if (memchr(name, '\\', length) != NULL)
        return true;
    for (size_t i = 0; i < sizeof(SENSITIVE) / sizeof(SENSITIVE[0]); i++) {
        if (strlen(SENSITIVE[i]) == length && strncasecmp(SENSITIVE[i], name, length) == 0)
            return true;
    }
    return false;
}

/* Index of the closing quote of the string that opens at `at`, or length. */
static size_t string_end(const char *text, size_t length, size_t at)
{
    for (size_t i = at + 1; i < length; i++) {
        if (text[i] == '\\')
            i++;
        else if (text[i] == '"')
            return i;
    }
    return length;
}

static size_t skip_space(const char *text, size_t length, size_t at)
{
    while (at < length && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
        at++;
    return at;
}

/* Overwrites the value that begins at `at`; returns the index after it. Containers are blanked to their closing bracket. */
static size_t blank_value(char *text, size_t length, size_t at)
{
    size_t depth = 0;
    for (size_t i = at; i < length; i++) {
        char c = text[i];
        if (c == '"') {
            size_t end = string_end(text, length, i);
            memset(text + i + 1, '*', end - i - 1);
            i = end;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return i;
            depth--;
        } else if (c == ',' && depth == 0) {
            return i;
        } else if (isdigit((unsigned char)c)) {
            text[i] = '0';
        }
    }
    return length;
}

void sk_blank_members(char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        if (text[i] != '"') {
            i++;
            continue;
        }
        size_t end = string_end(text, length, i);
        size_t colon = skip_space(text, length, end + 1 < length ? end + 1 : length);
        bool is_name = colon < length && text[colon] == ':';
        if (is_name && name_is_sensitive(text + i + 1, end - i - 1))
            i = blank_value(text, length, colon + 1);
        else
            i = end + 1;
    }
}

void sk_blank_unknown(char *bytes, size_t length)
{
    sk_blank_members(bytes, length);
    for (size_t i = 0; i < length;) {
        size_t run = 0;
        while (i + run < length && isxdigit((unsigned char)bytes[i + run]))
            run++;
        if (run >= 6)
            memset(bytes + i, '*', run);
        i += run + 1;
    }
}
