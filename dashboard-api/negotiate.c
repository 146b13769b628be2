/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of items between commas, walked once. */
#include "dashboard-api/negotiate.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " \t");
}

/* ";q=0", ";q=0.0", ";q=0.000" */
static bool is_refused(const char *parameters, size_t length)
{
    const char *at = skip_spaces(parameters), *end = parameters + length;
    if (at >= end || *at != ';')
        return false;
    at = skip_spaces(at + 1);
    if (end - at < 3 || strncasecmp(at, "q=0", 3) != 0)
        return false;
    at += 3;
    at += at < end && *at == '.';
    while (at < end && *at == '0')
        at++;
    return skip_spaces(at) >= end;
}

bool sk_accepts_coding(const char *field, const char *coding)
{
    const size_t length = strlen(coding);
    for (const char *at = field; at != NULL;) {
        at = skip_spaces(at);
        const size_t item = strcspn(at, ","), name = strcspn(at, ",; \t");
        if (name == length && strncasecmp(at, coding, length) == 0)
            return !is_refused(at + name, item - name);
        at = at[item] == ',' ? at + item + 1 : NULL;
    }
    return false;
}

bool sk_matches_tag(const char *field, const char *tag)
{
    const size_t length = strlen(tag);
    for (const char *at = field; at != NULL;) {
        at = skip_spaces(at);
        if (*at == '*')
            return true;
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        if (strncmp(at, tag, length) == 0)
            return true;
        const char *open = *at == '"' ? strchr(at + 1, '"') : NULL;
        at = open != NULL ? strchr(open, ',') : NULL;
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}
