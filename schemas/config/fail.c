/* SPDX-License-Identifier: Apache-2.0 */
/* Saying what is wrong: "site.json: devices[3].limits.State: found 12; expected a list of words; ...".
 *
 * The path is walked from the chain on the stack, so that a good file never pays for it. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/config/keys.h"

enum { PATH_MAX_TEXT = 160, FOUND_MAX = 48, SENTENCE_MAX = 240 };

/* A member whose name holds a dot is written in brackets: points["battery.charge"]. */
static size_t path_put(char *to, size_t capacity, const struct cfg_at *at)
{
    size_t used = at->up != NULL ? path_put(to, capacity, at->up) : 0;
    int n;
    if (used >= capacity)
        return used;
    if (at->name == NULL)
        n = at->up != NULL ? snprintf(to + used, capacity - used, "[%zu]", at->index) : 0;
    else if (strpbrk(at->name, ".[]\" ") != NULL)
        n = snprintf(to + used, capacity - used, "[\"%.64s\"]", at->name);
    else
        n = snprintf(to + used, capacity - used, "%s%.64s", used > 0 ? "." : "", at->name);
    return used + (n > 0 ? (size_t)n : 0);
}

enum sk_err cfg_fail(struct cfg *c, const struct cfg_at *at, enum sk_err code, const char *format, ...)
{
    char path[PATH_MAX_TEXT] = "", sentence[SENTENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    (void)path_put(path, sizeof(path), at);
    return sk_fault_set(c->fault, code, "%s: %s%s%s", c->file, path, path[0] != '\0' ? ": " : "", sentence);
}

/* What stands there, short enough for a sentence. */
static void found_text(const cJSON *found, char to[FOUND_MAX])
{
    if (found == NULL || cJSON_IsNull(found))
        (void)sk_text_copy(to, FOUND_MAX, found == NULL ? "nothing" : "null");
    else if (cJSON_IsString(found))
        (void)snprintf(to, FOUND_MAX, "'%.40s'", found->valuestring);
    else if (cJSON_IsNumber(found))
        (void)snprintf(to, FOUND_MAX, "%.10g", found->valuedouble);
    else if (cJSON_IsBool(found))
        (void)sk_text_copy(to, FOUND_MAX, cJSON_IsTrue(found) ? "true" : "false");
    else
        (void)sk_text_copy(to, FOUND_MAX, cJSON_IsArray(found) ? "a list" : "an object");
}

enum sk_err cfg_wrong(struct cfg *c, const struct cfg_at *at, const cJSON *found, enum sk_err code, const char *format, ...)
{
    char expected[SENTENCE_MAX - FOUND_MAX - 24], what[FOUND_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(expected, sizeof(expected), format, arguments);
    va_end(arguments);
    found_text(found, what);
    return cfg_fail(c, at, code, "found %s; expected %s", what, expected);
}

enum sk_err cfg_nomem(struct cfg *c)
{
    return sk_fault_set(c->fault, SK_ERR_NOMEM, "%s: out of memory while reading it", c->file);
}
